//! From a wish to the events that make it so.
//!
//! Each function looks at a session as it is and answers with what has to be appended, or with a [`Refusal`]. Nothing
//! is changed here; whoever appends the events and folds them has changed it. The hub calls these one at a time, so
//! that the order of its calls decides every race.

use crate::domain::{
    Actor, ClientKey, Digest, Executor, GrantId, HoldId, Outcome, Proposal, Role, Timestamp, Untrusted,
    Verdict,
};

use super::body::{
    ActionProposed, ActionRevised, ActionWithdrawn, Body, GrantIssued, GrantRedeemed, GrantRevoked,
    HoldClosed, HoldOpened, StopRequested, VoteCast,
};
use super::fold::Session;
use super::hold::{Grant, Hold, Run};
use super::refusal::Refusal;

/// How long an approval can be redeemed, in milliseconds.
pub const GRANT_TTL_MS: i64 = 120_000;

/// What a person decided, on exactly what.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Which hold.
    pub hold: HoldId,
    /// The revision that was on screen.
    pub revision: u32,
    /// The digest that the decider computed from what was on screen.
    pub digest: Digest,
    /// What they said.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Untrusted>,
    /// The client's key for this decision.
    pub key: Option<ClientKey>,
}

/// Proposes an action and asks a person about it.
pub fn open_hold(
    session: &Session,
    id: HoldId,
    proposal: Proposal,
    expires_at: Timestamp,
) -> Result<Vec<Body>, Refusal> {
    running(session)?;
    let digest = proposal.action.digest().map_err(Refusal::BadAction)?;
    Ok(vec![
        ActionProposed { hold: id.clone(), digest, proposal }.into(),
        HoldOpened { hold: id, revision: 1, digest, expires_at }.into(),
    ])
}

/// Asks about something else under the same hold; earlier votes are void.
pub fn revise_hold(
    session: &Session,
    by: &Actor,
    id: &HoldId,
    proposal: Proposal,
    expires_at: Timestamp,
) -> Result<Vec<Body>, Refusal> {
    running(session)?;
    let hold = open(find(session, id)?)?;
    proposer(hold, by)?;
    let digest = proposal.action.digest().map_err(Refusal::BadAction)?;
    if proposal == hold.revision.proposal {
        return Ok(Vec::new());
    }
    let revision = hold.revision.number + 1;
    Ok(vec![ActionRevised { hold: id.clone(), revision, digest, proposal, expires_at }.into()])
}

/// Takes a proposal back: `Withdrawn`, or `AnsweredElsewhere` where the agent's own interface was used.
pub fn withdraw(
    session: &Session,
    by: &Actor,
    id: &HoldId,
    outcome: Outcome,
    reason: Option<Untrusted>,
) -> Result<Vec<Body>, Refusal> {
    let hold = find(session, id)?;
    proposer(hold, by)?;
    if !matches!(outcome, Outcome::Withdrawn | Outcome::AnsweredElsewhere) {
        return Err(Refusal::NotAPerson);
    }
    if hold.outcome() == Some(outcome) {
        return Ok(Vec::new());
    }
    let hold = open(hold)?;
    let withdrawn = ActionWithdrawn { hold: id.clone(), reason: reason.clone() }.into();
    let closed = closing(hold, outcome, reason);
    Ok(if outcome == Outcome::Withdrawn { vec![withdrawn, closed] } else { vec![closed] })
}

/// Decides a hold. `waits` tells whether whoever proposed it is still there; `grant` names the authority that an
/// approval would create. A repetition of the decision that closed the hold asks for nothing to be appended.
pub fn decide(
    session: &Session,
    by: &Actor,
    decision: &Decision,
    waits: bool,
    now: Timestamp,
    grant: GrantId,
) -> Result<Vec<Body>, Refusal> {
    if by.role != Role::Person {
        return Err(Refusal::NotAPerson);
    }
    let hold = find(session, &decision.hold)?;
    if is_repetition(hold, by, decision) {
        return Ok(Vec::new());
    }
    let hold = open(hold)?;
    about(hold, decision)?;
    if now >= hold.expires_at {
        return Err(Refusal::Expired(hold.expires_at));
    }
    let approves = decision.verdict == Verdict::Approve;
    if approves {
        whole(session)?;
    }
    if approves && !waits {
        return Err(Refusal::NobodyWaits);
    }
    if let (true, Some(why)) = (approves, hold.revision.proposal.action.incomplete()) {
        return Err(Refusal::Incomplete(why.clone()));
    }
    let (revision, digest, reason) = (decision.revision, decision.digest, decision.reason.clone());
    let cast = VoteCast {
        hold: hold.id.clone(),
        revision,
        digest,
        verdict: decision.verdict,
        reason: reason.clone(),
        key: decision.key.clone(),
    };
    let outcome = if approves { Outcome::Approved } else { Outcome::Denied };
    let mut events = vec![cast.into(), closing(hold, outcome, reason)];
    if approves && hold.executor() == Executor::Holdpoint {
        let expires_at = now.plus_millis(GRANT_TTL_MS);
        events.push(GrantIssued { grant, hold: hold.id.clone(), digest, expires_at }.into());
    }
    Ok(events)
}

/// Uses up a grant before the run. The same gate's repetition (same nonce) asks for nothing to be appended: its answer
/// was lost on the way. Whoever repeats it has not started anything yet, so it is refused once the session is over or
/// the record says what became of the run (a lost one above all: a person may have acted on that).
pub fn redeem(
    session: &Session,
    by: &Actor,
    id: &HoldId,
    grant: &GrantId,
    digest: Digest,
    nonce: &ClientKey,
    now: Timestamp,
) -> Result<Vec<Body>, Refusal> {
    let hold = find(session, id)?;
    proposer(hold, by)?;
    if digest != hold.revision.digest {
        return Err(Refusal::OtherDigest { named: digest, current: hold.revision.digest });
    }
    let no = |why: String| Err(Refusal::NoGrant(why));
    match &hold.grant {
        Some(Grant::Issued { id, .. } | Grant::Redeemed { id, .. } | Grant::Revoked { id, .. })
            if id != grant =>
        {
            no("it is not this hold's".into())
        }
        Some(Grant::Redeemed { nonce: first, .. }) if first == nonce => {
            running(session)?;
            match hold.run {
                Run::NotStarted => Ok(Vec::new()),
                Run::Running { .. } | Run::Finished { .. } | Run::Refused { .. } | Run::Lost { .. } => {
                    no("what became of it is on record already; it is not started again".into())
                }
            }
        }
        Some(Grant::Redeemed { at, .. }) => no(format!("it was used at {at}")),
        Some(Grant::Revoked { reason, .. }) => no(reason.escaped()),
        Some(Grant::Issued { expires_at, .. }) if now >= *expires_at => {
            no(format!("it expired at {expires_at}"))
        }
        Some(Grant::Issued { .. }) => {
            running(session)?;
            whole(session)?;
            let (grant, hold, nonce) = (grant.clone(), id.clone(), nonce.clone());
            Ok(vec![GrantRedeemed { grant, hold, nonce }.into()])
        }
        None => no("the hold is not approved".into()),
    }
}

/// Stops a session: unused authority is void, open holds are denied, and the agents are told.
#[must_use]
pub fn stop(session: &Session, level: u8, reason: Option<Untrusted>) -> Vec<Body> {
    let mut events = vec![StopRequested { level: level.clamp(1, 3), reason: reason.clone() }.into()];
    let words =
        reason.map_or_else(|| "session stopped".into(), |why| format!("session stopped: {}", why.expose()));
    events.extend(void_grants(session, "the session was stopped"));
    events
        .extend(session.open_holds().map(|hold| closing(hold, Outcome::Denied, Some(words.as_str().into()))));
    events
}

/// Voids every unused grant.
#[must_use]
pub fn void_grants(session: &Session, reason: &str) -> Vec<Body> {
    let void = |(hold, grant): (&Hold, &GrantId)| {
        GrantRevoked { grant: grant.clone(), hold: hold.id.clone(), reason: reason.into() }.into()
    };
    session.unredeemed().map(void).collect()
}

/// Closes what ran out of time: holds as expired, grants as void.
#[must_use]
pub fn expire(session: &Session, now: Timestamp) -> Vec<Body> {
    let late = session.open_holds().filter(|hold| now >= hold.expires_at);
    let mut events: Vec<Body> = late.map(|hold| closing(hold, Outcome::Expired, None)).collect();
    for (hold, id) in session.unredeemed() {
        if matches!(&hold.grant, Some(Grant::Issued { expires_at, .. }) if now >= *expires_at) {
            let reason = "nobody redeemed it in time".into();
            events.push(GrantRevoked { grant: id.clone(), hold: hold.id.clone(), reason }.into());
        }
    }
    events
}

fn closing(hold: &Hold, outcome: Outcome, reason: Option<Untrusted>) -> Body {
    let (revision, digest) = (hold.revision.number, hold.revision.digest);
    HoldClosed { hold: hold.id.clone(), revision, digest, outcome, reason }.into()
}

fn running(session: &Session) -> Result<(), Refusal> {
    let over = |what, by: &Actor, at| Err(Refusal::SessionOver { what, by: by.clone(), at });
    match (&session.stop, &session.closed) {
        (Some(stop), _) => over("stopped", &stop.by, stop.at),
        (None, Some((at, by))) => over("closed", by, *at),
        (None, None) => Ok(()),
    }
}

/// What is missing may have been an outcome or a redemption; nothing is allowed on top of it.
fn whole(session: &Session) -> Result<(), Refusal> {
    let missing =
        Refusal::HistoryIncomplete { gaps: session.gaps.len(), unreadable: session.unreadable_count };
    if session.is_whole() { Ok(()) } else { Err(missing) }
}

fn find<'a>(session: &'a Session, id: &HoldId) -> Result<&'a Hold, Refusal> {
    session.hold(id).ok_or_else(|| Refusal::NoSuchHold(id.clone()))
}

fn open(hold: &Hold) -> Result<&Hold, Refusal> {
    match &hold.closing {
        Some(closing) => {
            let (outcome, by, at) = (closing.outcome, closing.by.clone(), closing.at);
            Err(Refusal::AlreadyClosed { outcome, by, at })
        }
        None if hold.is_open() => Ok(hold),
        None => Err(Refusal::NoSuchHold(hold.id.clone())),
    }
}

fn proposer(hold: &Hold, by: &Actor) -> Result<(), Refusal> {
    if hold.proposer == *by { Ok(()) } else { Err(Refusal::NotTheProposer) }
}

/// Whether the decision names what is asked now; if not, what changed.
fn about(hold: &Hold, decision: &Decision) -> Result<(), Refusal> {
    let (named, current) = (decision.revision, hold.revision.number);
    if named != current {
        let before = hold.earlier.iter().find(|revision| revision.number == named);
        let changed = match before {
            Some(before) if before.digest == hold.revision.digest => {
                "the action is the same, the words differ".into()
            }
            Some(before) => format!("the action changed from {} to {}", before.digest, hold.revision.digest),
            None => "there never was such a revision".into(),
        };
        return Err(Refusal::OtherRevision { named, current, changed });
    }
    if decision.digest != hold.revision.digest {
        return Err(Refusal::OtherDigest { named: decision.digest, current: hold.revision.digest });
    }
    Ok(())
}

fn is_repetition(hold: &Hold, by: &Actor, decision: &Decision) -> bool {
    let same_end = match (&hold.closing, decision.verdict) {
        (Some(closing), Verdict::Approve) => closing.outcome == Outcome::Approved && closing.by == *by,
        (Some(closing), Verdict::Deny) => closing.outcome == Outcome::Denied && closing.by == *by,
        (None, _) => false,
    };
    // A stop's closing is its person's too, and yet no verdict on this hold: its reason would be lost.
    let voted = hold.votes.iter().any(|vote| vote.by == *by && vote.verdict == decision.verdict);
    same_end && voted && decision.revision == hold.revision.number && decision.digest == hold.revision.digest
}
