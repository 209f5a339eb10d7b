//! Asks a person and waits, however long it takes.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::Fuse;
use tokio::time::sleep;

use super::ending::{End, Ran};
use super::request::{Io, Progress, Request};
use super::seat::{Change, Seat};
use crate::domain::{
    Action, ClientKey, Digest, Error, GrantId, HoldId, Kind, Outcome, Result, SessionId, Untrusted,
};
use crate::link::Link;
use crate::session::{AgentJoined, AgentLeft, Body, Grant, Hold, Run, SessionClosed};
use crate::wire::{
    ClientEvent, ExecutionReport, ExecutionReportParams, GrantRedeem, GrantRedeemAnswer, GrantRedeemParams,
    HoldAnswer, HoldOpen, HoldOpenParams, HoldWithdraw, HoldWithdrawParams, Report, SessionOpen,
    SessionOpenParams, SessionPublish, SessionPublishParams, Withdrawal,
};

/// How long a withdrawal may take before the gate leaves anyway.
const WITHDRAW_WITHIN: Duration = Duration::from_secs(3);

/// First and longest pause before a hub that cannot record, or has too much to do, is asked again.
const PAUSE_MS: (u64, u64) = (100, 5_000);

/// How long closing a session may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// The gate's name among a session's agents.
const GATE: &str = "gate";

/// A hold that is before a person.
pub(super) struct Asked {
    /// Names this gate's redemption; its repetition gets the same answer.
    nonce: ClientKey,
    params: HoldOpenParams,
    /// The hold.
    pub(super) hold: HoldId,
    /// Of the action's bytes, computed here.
    pub(super) digest: Digest,
}

/// The names under which a gate asks: the session's (its own, or the one it belongs to), and the idempotency key.
pub(super) fn names(request: &Request) -> Result<(SessionId, ClientKey)> {
    let key = match &request.key {
        Some(key) => key.clone(),
        None => random("gate")?,
    };
    let session = match &request.session {
        Some(session) => session.clone(),
        None => SessionId::new(format!("g-{}", &Digest::of(key.as_str().as_bytes()).to_string()[..10]))?,
    };
    Ok((session, key))
}

/// A fresh key.
fn random(what: &str) -> Result<ClientKey> {
    let internal = |e| Error::new(Kind::Internal, format!("the system gives no random numbers: {e}"));
    let (high, low) = (getrandom::u64().map_err(internal)?, getrandom::u64().map_err(internal)?);
    ClientKey::new(format!("{what}-{high:016x}{low:016x}"))
}

impl Asked {
    /// Opens the hold, and a session of its own for it where none was named. A session that was named has to be there:
    /// the hub opens no hold in one that it does not know.
    ///
    /// # Errors
    /// What the hub said: `Kind::NotFound` when there is no session of that name, `Kind::Conflict` when the key names a
    /// hold about another action.
    pub(super) async fn open(
        seat: &mut Seat,
        request: &Request,
        key: ClientKey,
        action: Action,
    ) -> Result<(Self, Progress)> {
        let digest = action.digest()?;
        let session = seat.session.id.clone();
        if request.session.is_none() {
            let open = SessionOpenParams {
                key: ClientKey::new(format!("session:{session}"))?,
                session: Some(session.clone()),
                title: title(&request.argv),
                source: "gate".into(),
                alert: None,
            };
            seat.call::<SessionOpen>(&open).await?;
            publish(seat, "joined", vec![joined()]).await?;
        }
        let expires_in_ms = request.expires_in.map(|time| time.as_millis() as u64);
        let params = HoldOpenParams {
            session: session.clone(),
            key,
            proposal: request.words.about(action),
            expires_in_ms,
        };
        let answer: HoldAnswer = seat.call::<HoldOpen>(&params).await?;
        if answer.digest != digest {
            return Err(Error::new(
                Kind::Conflict,
                format!("hold {} of this key is about another action", answer.hold),
            )
            .hint("nothing ran; a key names one action, so take another key for another one"));
        }
        let (hold, number, expires_at) = (answer.hold.clone(), answer.number, answer.expires_at);
        let waiting = Progress::Waiting { session, hold, number, digest, expires_at };
        Ok((Self { nonce: random("run")?, params, hold: answer.hold, digest }, waiting))
    }

    /// Waits for the decision; answers with the grant to use, or with the end.
    pub(super) async fn wait(&self, seat: &mut Seat, io: &mut Io) -> std::result::Result<GrantId, End> {
        let mut silent = false;
        let mut attaching = std::pin::pin!(Fuse::terminated());
        loop {
            if let Some(answer) = self.answer(seat) {
                return answer;
            }
            tokio::select! {
                change = seat.change() => match change {
                    Change::Folded => {}
                    Change::Back => attaching.set(attach(seat.link(), self.params.clone()).fuse()),
                    Change::Cut(error) => {
                        if !std::mem::replace(&mut silent, true) {
                            (io.tell)(Progress::Unreachable { why: error.message().into() });
                        }
                    }
                    Change::Over(error) => return Err(End::Undecided { reason: error.message().into() }),
                },
                attached = &mut attaching => match attached {
                    Ok(()) => {
                        silent = false;
                        (io.tell)(Progress::Back);
                    }
                    // The hub knows this hold no more, or not as ours: nobody can approve it.
                    Err(error) => return Err(End::Undecided { reason: error.message().into() }),
                },
                Some(signal) = io.signals.recv() => {
                    return Err(self.withdraw(seat, io, &format!("the gate received signal {signal}")).await);
                }
            }
        }
    }

    /// What the fold says: nothing yet, a grant to use, or the end.
    fn answer(&self, seat: &Seat) -> Option<std::result::Result<GrantId, End>> {
        let hold = seat.session.hold(&self.hold)?;
        if hold.revision.digest != self.digest {
            return Some(Err(End::Superseded { reason: "the hold was revised to another action".into() }));
        }
        let closing = hold.closing.as_ref()?;
        let reason = || closing.reason.clone().unwrap_or_else(|| closing.outcome.word().into());
        let end = match closing.outcome {
            Outcome::Approved => return self.granted(hold),
            Outcome::Denied => End::Denied { by: closing.by.name.clone(), reason: closing.reason.clone() },
            Outcome::Expired => End::Expired,
            Outcome::Withdrawn => End::Withdrawn { reason: reason(), acknowledged: true },
            Outcome::Superseded | Outcome::AnsweredElsewhere => End::Superseded { reason: reason() },
        };
        Some(Err(end))
    }

    fn granted(&self, hold: &Hold) -> Option<std::result::Result<GrantId, End>> {
        Some(match hold.grant.as_ref()? {
            Grant::Issued { id, .. } => Ok(id.clone()),
            Grant::Redeemed { id, nonce, .. } if *nonce == self.nonce => Ok(id.clone()),
            Grant::Redeemed { .. } => Err(earlier(hold)),
            Grant::Revoked { reason, .. } => Err(End::Voided { reason: reason.clone() }),
        })
    }

    /// Uses up the grant, with the digest of what is about to run. A signal in this moment means that nothing runs.
    pub(super) async fn redeem(
        &self,
        seat: &mut Seat,
        io: &mut Io,
        grant: GrantId,
        digest: Digest,
    ) -> std::result::Result<(), End> {
        let (session, hold, nonce) = (self.params.session.clone(), self.hold.clone(), self.nonce.clone());
        let params = GrantRedeemParams { session, hold, grant, digest, nonce };
        let answer = tokio::select! {
            answer = patiently(seat, &params) => answer,
            Some(signal) = io.signals.recv() => return Err(self.renounce(seat, io, signal).await),
        };
        // Another gate's redemption or a revocation may be known as an event already; the hub's sentence says it too.
        answer.map(drop).map_err(|error| match self.answer(seat) {
            Some(Err(end)) => end,
            // Recorded, and refused when it was asked again after a cut: the session was stopped, or it took too long.
            Some(Ok(_)) if self.is_redeemed(seat) => End::Refused { changed: vec![error.message().into()] },
            Some(Ok(_)) | None => End::Voided { reason: error.message().into() },
        })
    }

    fn is_redeemed(&self, seat: &Seat) -> bool {
        let grant = seat.session.hold(&self.hold).and_then(|hold| hold.grant.as_ref());
        matches!(grant, Some(Grant::Redeemed { .. }))
    }

    /// Ends a session that was opened for this one action.
    pub(super) async fn close(&self, seat: &mut Seat) {
        let events: Vec<Body> = vec![
            AgentLeft { name: GATE.into(), reason: None }.into(),
            SessionClosed { reason: Some("the gate is done".into()) }.into(),
        ];
        // Nothing depends on it: a session that stays open only stays in the list.
        let _ = tokio::time::timeout(CLOSE_WITHIN, publish(seat, "closed", events)).await;
    }

    /// A signal came while the grant was being used up: nothing runs, and the hub, which may have recorded the use,
    /// is told so. It takes calls in order, so the report is behind the redemption.
    async fn renounce(&self, seat: &mut Seat, io: &mut Io, signal: i32) -> End {
        let reason: Untrusted = format!("the gate received signal {signal} before it was started").into();
        let (session, hold) = (self.params.session.clone(), self.hold.clone());
        let report = Report::Refused { reason: reason.clone() };
        let params = ExecutionReportParams { session, hold, report };
        let answer = tokio::select! {
            answer = tokio::time::timeout(WITHDRAW_WITHIN, seat.call::<ExecutionReport>(&params)) => answer.ok(),
            Some(_) = io.signals.recv() => None,
        };
        End::Withdrawn { reason, acknowledged: matches!(answer, Some(Ok(_))) }
    }

    /// Takes the proposal back, and waits briefly until the hub has that.
    async fn withdraw(&self, seat: &mut Seat, io: &mut Io, reason: &str) -> End {
        let params = HoldWithdrawParams {
            session: self.params.session.clone(),
            hold: self.hold.clone(),
            outcome: Withdrawal::Withdrawn,
            reason: Some(reason.into()),
        };
        let answer = tokio::select! {
            answer = tokio::time::timeout(WITHDRAW_WITHIN, seat.call::<HoldWithdraw>(&params)) => answer.ok(),
            Some(_) = io.signals.recv() => None,
        };
        // An approval that was faster leaves a grant that nobody will use; nothing runs either way.
        End::Withdrawn { reason: reason.into(), acknowledged: matches!(answer, Some(Ok(_))) }
    }
}

/// Tells the hub again that somebody waits, after a cut, until it has taken that in. A hold that was closed meanwhile is
/// no error: the hub answers as it did the first time, and the fold says how the hold ended.
async fn attach(link: Link, params: HoldOpenParams) -> Result<()> {
    let mut pause_ms = PAUSE_MS.0;
    loop {
        match link.call::<HoldOpen>(&params).await {
            Err(error) if error.kind() == Kind::Unavailable => {}
            other => return other.map(drop),
        }
        sleep(Duration::from_millis(pause_ms)).await;
        pause_ms = (pause_ms * 2).min(PAUSE_MS.1);
    }
}

/// Redeems, and asks again where the hub could not record it. While the hub cannot, the grant may run out; then it says
/// that.
async fn patiently(seat: &mut Seat, params: &GrantRedeemParams) -> Result<GrantRedeemAnswer> {
    let mut pause_ms = PAUSE_MS.0;
    loop {
        match seat.call::<GrantRedeem>(params).await {
            Err(error) if error.kind() == Kind::Unavailable && !seat.is_over() => {}
            other => return other,
        }
        sleep(Duration::from_millis(pause_ms)).await;
        pause_ms = (pause_ms * 2).min(PAUSE_MS.1);
    }
}

fn joined() -> Body {
    let unasked = Some("nothing: it runs what was approved, exactly and once".into());
    AgentJoined { name: GATE.into(), parent: None, unasked, stoppable: true }.into()
}

/// Publishes events under keys that make a repetition harmless.
async fn publish(seat: &mut Seat, key: &str, events: Vec<Body>) -> Result<()> {
    let event = |(index, body): (usize, Body)| -> Result<ClientEvent> {
        let id = ClientKey::new(format!("gate:{key}:{index}"))?;
        Ok(ClientEvent { id, r#type: body.type_name().into(), body: body.to_raw()? })
    };
    let events = events.into_iter().enumerate().map(event).collect::<Result<_>>()?;
    let params = SessionPublishParams { session: seat.session.id.clone(), events };
    seat.call::<SessionPublish>(&params).await.map(drop)
}

/// The hold's key was used before, and its grant too: by an earlier gate, which may have run it.
fn earlier(hold: &Hold) -> End {
    match &hold.run {
        Run::Finished { end, .. } => End::Ran(Ran {
            exit: end.exit,
            signal: end.signal,
            stdout_sha256: end.stdout_sha256,
            stderr_sha256: end.stderr_sha256,
            output_bytes: end.output_bytes,
            tail: end.tail.clone(),
            earlier: true,
            reported: true,
            ..Ran::default()
        }),
        Run::Refused { reason, .. } => End::Refused { changed: vec![reason.clone()] },
        Run::NotStarted | Run::Running { .. } | Run::Lost { .. } => {
            End::Unknown { reason: "another gate used the approval, and its end is not on record".into() }
        }
    }
}

/// One line for the queue: the command as it was typed, quoted where that is needed to tell arguments apart.
fn title(argv: &[String]) -> Untrusted {
    const TITLE_MAX_CHARS: usize = 120;
    let plain = |arg: &String| {
        !arg.is_empty() && arg.chars().all(|c| c.is_alphanumeric() || "-_./:=@,+%".contains(c))
    };
    let words = argv
        .iter()
        .map(|arg| if plain(arg) { arg.clone() } else { format!("'{}'", arg.replace('\'', "'\\''")) });
    let line = words.collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(TITLE_MAX_CHARS).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short.into()
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
