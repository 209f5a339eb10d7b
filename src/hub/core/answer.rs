//! Each wish: what it asks to append, and what it is answered.

use std::collections::HashSet;

use super::super::presence::ConnId;
use super::super::publish::Published;
use super::super::request::{Answer, Outcome, Wish};
use super::Core;
use super::batch::Batch;
use super::report;
use crate::domain::{
    Actor, ClientKey, Error, GrantId, HoldId, Kind, Outcome as HoldOutcome, Result, SessionId, Timestamp,
};
use crate::session::{
    AlertObserved, Body, Grant, Hold, NoteAdded, Refusal, ReviewMade, SessionOpened, command,
};
use crate::wire::{
    Done, GrantRedeemAnswer, GrantRedeemParams, HoldAnswer, HoldDecideAnswer, HoldDecideParams,
    HoldOpenParams, HoldReviseParams, HoldWithdrawParams, PublishAnswer, RpcError, SessionOpenAnswer,
    SessionOpenParams, Withdrawal, limits,
};

/// Longest note or question, in bytes.
const WORDS_MAX_BYTES: usize = 16 * 1024;

/// Why a wish fails: the session's rules, or anything else.
enum Failure {
    Refusal(Refusal),
    Error(Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

type Decided = std::result::Result<Answer, Failure>;

impl Core {
    /// Decides everything but a stop.
    pub(super) fn decide(&mut self, batch: &mut Batch, from: ConnId, by: &Actor, wish: Wish) -> Outcome {
        let decided = match wish {
            Wish::OpenSession(params) => self.open_session(batch, by, params),
            Wish::Publish(published) => self.publish(batch, by, published),
            Wish::OpenHold(params) => self.open_hold(batch, from, by, *params),
            Wish::ReviseHold(params) => self.revise_hold(batch, from, by, *params),
            Wish::Withdraw(params) => self.withdraw(batch, by, params),
            Wish::Redeem(params) => self.redeem(batch, from, by, &params),
            Wish::Report(params) => {
                let (session, hold) = (params.session, params.hold);
                self.report(batch, from, by, &session, &hold, params.report)
            }
            Wish::Decide(params) => self.vote(batch, by, params),
            Wish::Review(params) => self.say(batch, by, &params.session, ReviewMade {}.into()),
            Wish::Ask(params) => self.ask(batch, by, &params.session, params.hold, params.text),
            Wish::Note(params) => check_words(&params.text)
                .and_then(|()| self.say(batch, by, &params.session, NoteAdded { text: params.text }.into())),
            Wish::Stop(params) => return self.stop(batch, by, &params),
        };
        decided.map_err(|failure| match failure {
            Failure::Refusal(refusal) => RpcError::from(&refusal),
            Failure::Error(error) => RpcError::from(&error),
        })
    }

    fn add(&mut self, batch: &mut Batch, session: &SessionId, by: &Actor, bodies: Vec<Body>) -> Result<()> {
        self.append(batch, session, by, bodies.into_iter().map(|body| (None, body)))
    }

    fn say(&mut self, batch: &mut Batch, by: &Actor, session: &SessionId, body: Body) -> Decided {
        self.sessions.find(session)?;
        self.add(batch, session, by, vec![body])?;
        Ok(Answer::Done(Done {}))
    }

    fn ask(
        &mut self,
        batch: &mut Batch,
        by: &Actor,
        session: &SessionId,
        hold: Option<HoldId>,
        text: crate::domain::Untrusted,
    ) -> Decided {
        check_words(&text)?;
        let bodies = command::ask(self.sessions.find(session)?, hold, text)?;
        self.add(batch, session, by, bodies)?;
        Ok(Answer::Done(Done {}))
    }

    fn hold(&self, session: &SessionId, hold: &HoldId) -> std::result::Result<&Hold, Failure> {
        let fold = self.sessions.find(session)?;
        fold.hold(hold).ok_or_else(|| Refusal::NoSuchHold(hold.clone()).into())
    }

    fn open_session(&mut self, batch: &mut Batch, by: &Actor, params: SessionOpenParams) -> Decided {
        let SessionOpenParams { key, session: wanted, title, source, alert } = params;
        let known = self.sessions.opened(&by.name, &key).cloned();
        if let (Some(known), Some(wanted)) = (&known, &wanted)
            && known != wanted
        {
            let text = format!("this key opened the session {known}, not {wanted}");
            return Err(Error::new(Kind::Conflict, text).hint("use another key for another session").into());
        }
        let there = known.or_else(|| wanted.clone().filter(|id| self.sessions.is_taken(id)));
        if let Some(id) = there {
            let seq = self.sessions.find(&id)?.last_seq;
            return Ok(Answer::Session(SessionOpenAnswer { session: id, seq, resumed: true }));
        }
        let id = match wanted {
            Some(id) => id,
            None => SessionId::new(random_id("s")?)?,
        };
        let mut bodies = vec![(Some(key), SessionOpened { title, source }.into())];
        bodies.extend(alert.map(|alert| (None, AlertObserved { alert }.into())));
        let seq = bodies.len() as u64;
        self.append(batch, &id, by, bodies)?;
        Ok(Answer::Session(SessionOpenAnswer { session: id, seq, resumed: false }))
    }

    fn publish(&mut self, batch: &mut Batch, by: &Actor, published: Published) -> Decided {
        let Published { session, events } = published;
        let fold = self.sessions.find(&session)?;
        let closes = events.iter().any(|(_, body)| matches!(body, Body::SessionClosed(_)));
        let concludes = closes || events.iter().any(|(_, body)| matches!(body, Body::StopConfirmed(_)));
        if concludes {
            command::conclude(fold, by)?;
        }
        if closes && self.sessions.live(&session).next().is_some() {
            let error = Error::new(Kind::Conflict, "the session still has a hold or a run that is not over");
            return Err(error
                .hint("withdraw the hold, or wait for the run, before closing the session")
                .into());
        }
        let mut seen = HashSet::new();
        let fresh: Vec<(Option<ClientKey>, Body)> = events
            .into_iter()
            .filter(|(key, _)| !self.sessions.has_key(&session, key) && seen.insert(key.clone()))
            .map(|(key, body)| (Some(key), body))
            .collect();
        let appended = fresh.len() as u32;
        self.append(batch, &session, by, fresh)?;
        let seq = self.sessions.find(&session)?.last_seq;
        Ok(Answer::Published(PublishAnswer { seq, appended }))
    }

    fn open_hold(&mut self, batch: &mut Batch, from: ConnId, by: &Actor, params: HoldOpenParams) -> Decided {
        let HoldOpenParams { session, key, proposal, expires_in_ms } = params;
        let fold = self.sessions.find(&session)?;
        if let Some(id) = self.sessions.hold_of(&session, &key).cloned() {
            let hold = self.hold(&session, &id)?;
            if hold.proposer != *by {
                return Err(Refusal::NotTheProposer.into());
            }
            let digest = proposal.action.digest()?;
            let asked = std::iter::once(&hold.revision).chain(&hold.earlier);
            if !asked.into_iter().any(|revision| revision.digest == digest) {
                let error =
                    Error::new(Kind::Conflict, format!("this key asked about another action, as {id}"));
                return Err(error.hint("use hold/revise to change it, or another key to ask anew").into());
            }
            let answer = hold_answer(hold);
            batch.attach.push((from, id));
            return Ok(answer);
        }
        if self.sessions.open() >= limits::OPEN_HOLDS_MAX {
            return Err(Refusal::TooManyOpen { most: limits::OPEN_HOLDS_MAX, place: "of this hub" }.into());
        }
        let id = HoldId::new(random_id("h")?)?;
        let bodies = command::open_hold(fold, id.clone(), proposal, expiry(batch.now, expires_in_ms))?;
        let keys = std::iter::once(Some(key)).chain(std::iter::repeat(None));
        self.append(batch, &session, by, keys.zip(bodies))?;
        batch.attach.push((from, id.clone()));
        Ok(hold_answer(self.hold(&session, &id)?))
    }

    fn revise_hold(
        &mut self,
        batch: &mut Batch,
        from: ConnId,
        by: &Actor,
        params: HoldReviseParams,
    ) -> Decided {
        let HoldReviseParams { session, hold, proposal, expires_in_ms } = params;
        let fold = self.sessions.find(&session)?;
        let bodies = command::revise_hold(fold, by, &hold, proposal, expiry(batch.now, expires_in_ms))?;
        self.add(batch, &session, by, bodies)?;
        batch.attach.push((from, hold.clone()));
        Ok(hold_answer(self.hold(&session, &hold)?))
    }

    fn withdraw(&mut self, batch: &mut Batch, by: &Actor, params: HoldWithdrawParams) -> Decided {
        let HoldWithdrawParams { session, hold, outcome, reason } = params;
        let outcome = match outcome {
            Withdrawal::Withdrawn => HoldOutcome::Withdrawn,
            Withdrawal::AnsweredElsewhere => HoldOutcome::AnsweredElsewhere,
        };
        let bodies = command::withdraw(self.sessions.find(&session)?, by, &hold, outcome, reason)?;
        self.add(batch, &session, by, bodies)?;
        Ok(Answer::Done(Done {}))
    }

    fn vote(&mut self, batch: &mut Batch, by: &Actor, params: HoldDecideParams) -> Decided {
        let HoldDecideParams { session, hold, revision, digest, verdict, reason, key } = params;
        let waits = self.attendance.waits(&hold) || batch.attach.iter().any(|(_, waited)| *waited == hold);
        let grant = GrantId::new(random_id("g")?)?;
        let decision = command::Decision { hold, revision, digest, verdict, reason, key };
        let fold = self.sessions.find(&session)?;
        let bodies = command::decide(fold, by, &decision, waits, batch.now, grant)?;
        self.add(batch, &session, by, bodies)?;
        let closing = self.hold(&session, &decision.hold)?.closing.as_ref();
        let closing = closing.ok_or_else(|| Error::new(Kind::Internal, "the hold is still open"))?;
        let (outcome, by, at, seq) = (closing.outcome, closing.by.clone(), closing.at, closing.seq);
        Ok(Answer::Decided(HoldDecideAnswer { outcome, by, at, seq }))
    }

    fn redeem(&mut self, batch: &mut Batch, from: ConnId, by: &Actor, params: &GrantRedeemParams) -> Decided {
        let GrantRedeemParams { session, hold, grant, digest, nonce } = params;
        let fold = self.sessions.find(session)?;
        let bodies = command::redeem(fold, by, hold, grant, *digest, nonce, batch.now)?;
        self.add(batch, session, by, bodies)?;
        batch.attach.push((from, hold.clone()));
        match &self.hold(session, hold)?.grant {
            Some(Grant::Redeemed { at, .. }) => Ok(Answer::Redeemed(GrantRedeemAnswer { at: *at })),
            Some(Grant::Issued { .. } | Grant::Revoked { .. }) | None => {
                Err(Error::new(Kind::Internal, "the grant was not used up").into())
            }
        }
    }

    fn report(
        &mut self,
        batch: &mut Batch,
        from: ConnId,
        by: &Actor,
        session: &SessionId,
        hold: &HoldId,
        report: crate::wire::Report,
    ) -> Decided {
        let mut bodies = report::events(self.sessions.find(session)?, by, hold, report)?;
        bodies.retain(|(key, _)| key.as_ref().is_none_or(|key| !self.sessions.has_key(session, key)));
        self.append(batch, session, by, bodies)?;
        batch.attach.push((from, hold.clone()));
        Ok(Answer::Done(Done {}))
    }
}

fn hold_answer(hold: &Hold) -> Answer {
    Answer::Hold(HoldAnswer {
        hold: hold.id.clone(),
        number: hold.number,
        revision: hold.revision.number,
        digest: hold.revision.digest,
        expires_at: hold.expires_at,
    })
}

fn expiry(now: Timestamp, wanted_ms: Option<u64>) -> Timestamp {
    let ms = wanted_ms.unwrap_or(limits::HOLD_TTL_MS).clamp(1, limits::HOLD_TTL_MAX_MS);
    now.plus_millis(ms as i64)
}

fn check_words(text: &crate::domain::Untrusted) -> std::result::Result<(), Failure> {
    if text.is_empty() {
        return Err(Error::invalid("there are no words").into());
    }
    if text.len() > WORDS_MAX_BYTES {
        let error =
            Error::new(Kind::TooLarge, format!("{} bytes of words; at most {WORDS_MAX_BYTES}", text.len()));
        return Err(error.into());
    }
    Ok(())
}

/// A new identifier: the prefix and 60 random bits, in letters and digits that are hard to confuse.
fn random_id(prefix: &str) -> Result<String> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let random = getrandom::u64().map_err(|e| Error::new(Kind::Internal, format!("no randomness: {e}")))?;
    let letter = |index: u32| char::from(LETTERS[(random >> (index * 5)) as usize % 32]);
    Ok(format!("{prefix}-{}", (0..12).map(letter).collect::<String>()))
}
