//! What a story came to, read back from the record: for the summary, and for `--no-tui`'s exit status.
//!
//! Two things are always asked, whatever the script expects: that the record has no gap and nothing that made no
//! sense, and that exactly the commands ran which the record says were approved and ran.

use std::path::Path;

use super::lines::{command, end};
use super::script::{Expect, Script};
use super::seat::Told;
use super::stage::runs;
use crate::domain::{Outcome, SessionId};
use crate::session::{Hold, Run, Session};

/// Something that had to be so, and whether it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) holds: bool,
    pub(super) what: String,
}

/// Everything that has to be so.
pub(super) fn facts(script: &Script, told: &Told, effects: &Path) -> Vec<Fact> {
    let mut facts: Vec<Fact> =
        script.expectations.iter().map(|expect| expected(expect, told, effects)).collect();
    for (id, session) in &told.sessions {
        let sound = session.gaps.is_empty() && session.anomaly_count == 0 && session.unknown_count == 0;
        facts.push(Fact { holds: sound, what: format!("{id}: every event is there and makes sense") });
    }
    let ran = told.sessions.values().flat_map(|session| &session.holds).filter(|hold| has_run(hold)).count();
    let lines = lines(script, effects);
    let what = format!("{ran} commands were approved and ran; the stand-ins left {lines} lines");
    facts.push(Fact { holds: ran == lines, what });
    facts
}

fn expected(expect: &Expect, told: &Told, effects: &Path) -> Fact {
    match expect {
        Expect::Hold(wanted) => {
            let hold = session(told, wanted.session.get_ref())
                .and_then(|session| session.holds.iter().find(|hold| hold.number == wanted.number));
            let ran = if wanted.ran { "ran" } else { "did not run" };
            let what = format!(
                "{} P{} was {} and {ran}",
                wanted.session.get_ref(),
                wanted.number,
                wanted.outcome.word()
            );
            let holds = hold
                .is_some_and(|hold| hold.outcome() == Some(wanted.outcome) && has_run(hold) == wanted.ran);
            Fact { holds, what }
        }
        Expect::Alert(wanted) => {
            let alert = session(told, wanted.session.get_ref()).and_then(|session| session.alert.as_ref());
            let what = format!("{}'s alert is {:?}", wanted.session.get_ref(), wanted.state).to_lowercase();
            Fact { holds: alert.is_some_and(|alert| alert.state == wanted.state), what }
        }
        Expect::Effect(wanted) => {
            let lines = runs(effects, wanted.name.get_ref());
            let what =
                format!("the effect {} has {} lines (it has {lines})", wanted.name.get_ref(), wanted.lines);
            Fact { holds: lines == wanted.lines, what }
        }
        Expect::Stop(wanted) => {
            let stop = session(told, wanted.session.get_ref()).and_then(|session| session.stop.as_ref());
            let dead = stop.and_then(|stop| stop.confirmed.last()).and_then(|(_, _, dead)| *dead);
            let as_wanted = if wanted.dead { ", and nothing of it runs any more" } else { "" };
            let what = format!("{} was stopped{as_wanted}", wanted.session.get_ref());
            Fact { holds: stop.is_some() && (!wanted.dead || dead == Some(true)), what }
        }
    }
}

/// What became of each hold, one line each.
pub(super) fn recap(told: &Told) -> Vec<String> {
    let mut lines = Vec::new();
    for session in told.sessions.values() {
        for hold in &session.holds {
            lines.push(format!(
                "{} P{}  {}",
                session.id,
                hold.number,
                command(&hold.revision.proposal.action)
            ));
            lines.push(format!("          {}; {}", closing(hold), run(hold)));
        }
        if let Some(stop) = &session.stop {
            lines.push(format!("{}     stopped by {}", session.id, stop.by.name.escaped()));
        }
    }
    lines
}

fn closing(hold: &Hold) -> String {
    let Some(closing) = &hold.closing else { return "nobody has answered".into() };
    let why = closing.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", reason.escaped()));
    match closing.outcome {
        Outcome::Expired => "expired".into(),
        Outcome::Approved
        | Outcome::Denied
        | Outcome::Superseded
        | Outcome::Withdrawn
        | Outcome::AnsweredElsewhere => {
            format!("{} by {}{why}", closing.outcome.word(), closing.by.name.escaped())
        }
    }
}

fn run(hold: &Hold) -> String {
    match &hold.run {
        Run::NotStarted => "nothing ran".into(),
        Run::Running { .. } => "it runs".into(),
        Run::Finished { end: ended, .. } => format!("it ran: {}", end(ended)),
        Run::Refused { reason, .. } => format!("not started: {}", reason.escaped()),
        Run::Lost { reason, .. } => format!("nobody can tell whether it ran: {}", reason.escaped()),
    }
}

fn has_run(hold: &Hold) -> bool {
    matches!(hold.run, Run::Running { .. } | Run::Finished { .. })
}

fn session<'a>(told: &'a Told, id: &SessionId) -> Option<&'a Session> {
    told.session(id)
}

fn lines(script: &Script, effects: &Path) -> usize {
    let mut names: Vec<&str> = script.stand_ins.iter().map(super::script::StandIn::effect).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| runs(effects, name)).sum()
}
