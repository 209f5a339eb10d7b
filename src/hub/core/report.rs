//! What became of a run, as its proposer says.
//!
//! Knowledge of a run grows and never shrinks; saying the same again changes nothing.

use crate::domain::{Actor, ClientKey, Digest, Error, HoldId, Kind, Result, Untrusted};
use crate::session::{
    Body, ExecutionLost, ExecutionRefused, ExecutionStarted, Hold, Refusal, Run, Session, StopConfirmed,
};
use crate::wire::Report;

/// The events that a report asks for; none when it says nothing new.
pub(super) fn events(
    session: &Session,
    by: &Actor,
    id: &HoldId,
    report: Report,
) -> Result<Vec<(Option<ClientKey>, Body)>> {
    let hold = session.hold(id).ok_or_else(|| Error::from(Refusal::NoSuchHold(id.clone())))?;
    if hold.proposer != *by {
        return Err(Refusal::NotTheProposer.into());
    }
    let word = match report {
        Report::Stopped { what, dead } => return confirm(session, id, what, dead),
        Report::Finished(end) if end.hold != *id => {
            return Err(Error::invalid(format!("the report is about {id}, its content about {}", end.hold)));
        }
        word @ (Report::Started { .. }
        | Report::Finished(_)
        | Report::Refused { .. }
        | Report::Lost { .. }) => word,
    };
    if !hold.may_run() {
        return Err(Error::new(
            Kind::Conflict,
            format!("{id} was not allowed to run, so nothing can be reported of it"),
        )
        .hint("redeem the grant before the run"));
    }
    let body = match next(hold, &word)? {
        Some(()) => body(id, word),
        None => return Ok(Vec::new()),
    };
    Ok(body.map(|body| (None, body)).into_iter().collect())
}

/// Whether a report says something new; an error when it contradicts what is known.
fn next(hold: &Hold, word: &Report) -> Result<Option<()>> {
    let (said, new) = match word {
        Report::Started { .. } => ("started", matches!(hold.run, Run::NotStarted | Run::Lost { .. })),
        Report::Finished(_) => {
            ("finished", matches!(hold.run, Run::NotStarted | Run::Running { .. } | Run::Lost { .. }))
        }
        Report::Refused { .. } => ("refused", matches!(hold.run, Run::NotStarted | Run::Lost { .. })),
        Report::Lost { .. } => ("lost", matches!(hold.run, Run::NotStarted | Run::Running { .. })),
        Report::Stopped { .. } => return Ok(None),
    };
    if new {
        return Ok(Some(()));
    }
    let known = match &hold.run {
        Run::NotStarted => "not started",
        Run::Running { .. } => "started",
        Run::Finished { .. } => "finished",
        Run::Refused { .. } => "refused",
        Run::Lost { .. } => "lost",
    };
    // A late "started" behind the end is a repetition too: the end implies it.
    let repeats = said == known || said == "started" && matches!(hold.run, Run::Finished { .. });
    if repeats {
        return Ok(None);
    }
    Err(Error::new(Kind::Conflict, format!("the run is on record as {known}; it cannot be {said} now")))
}

fn body(hold: &HoldId, word: Report) -> Option<Body> {
    let hold = hold.clone();
    Some(match word {
        Report::Started { pid } => ExecutionStarted { hold, pid }.into(),
        Report::Finished(end) => end.into(),
        Report::Refused { reason } => ExecutionRefused { hold, reason }.into(),
        Report::Lost { reason } => ExecutionLost { hold, reason }.into(),
        Report::Stopped { .. } => return None,
    })
}

/// What a stop achieved. The key tells a repetition from another hold's same words.
fn confirm(
    session: &Session,
    hold: &HoldId,
    what: Untrusted,
    dead: Option<bool>,
) -> Result<Vec<(Option<ClientKey>, Body)>> {
    if session.stop.is_none() {
        return Err(Error::new(Kind::Conflict, "nobody asked for a stop of this session"));
    }
    let words = Digest::of(format!("{hold} {dead:?} {}", what.expose()).as_bytes()).to_string();
    let key = ClientKey::new(format!("stopped:{words}"))?;
    Ok(vec![(Some(key), StopConfirmed { what, dead }.into())])
}
