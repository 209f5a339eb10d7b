//! What must be true afterwards, whatever was killed: the record, the effects in the world, and what was promised to
//! whom, held against each other. Pure; its own tests doctor each of the three and expect to be told.

use std::collections::{BTreeMap, BTreeSet};

use holdpoint::domain::*;
use holdpoint::session::{Body, Event, Grant, Hold, Run, Session};

/// Something that somebody was told is durable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Promise {
    /// A publisher was answered: this message is on record.
    Said { text: String },
    /// A person was answered: this verdict closed the hold, at this position.
    Decided { hold: HoldId, seq: u64, outcome: Outcome },
    /// A gate was answered: the hold is open.
    Opened { hold: HoldId },
    /// A gate was answered: the grant is used up.
    Redeemed { hold: HoldId },
    /// A gate said that its command ran and the hub knows how it ended.
    Reported { hold: HoldId },
    /// A gate said that its command ran; the hub need not know yet.
    Ran { run: String },
    /// A gate said that nothing ran, and that this is final.
    DidNotRun { run: String, why: String },
}

/// Everything there is to judge.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// The record, read from its beginning after all is over.
    pub(crate) record: Vec<Event>,
    /// What an approver was sent while things were killed.
    pub(crate) seen: Vec<Event>,
    /// Lines that each run left behind in the world.
    pub(crate) effects: BTreeMap<String, usize>,
    pub(crate) promises: Vec<Promise>,
}

/// What it came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) approved: usize,
    pub(crate) denied: usize,
    pub(crate) otherwise: usize,
    pub(crate) ran: usize,
    pub(crate) finished: usize,
    pub(crate) lost: usize,
    pub(crate) void: usize,
    pub(crate) refused: usize,
}

/// The run that a hold is about: the fifth word of `sh -c SCRIPT sh RUN …`.
pub(crate) fn run_of(hold: &Hold) -> Option<&str> {
    match &hold.revision.proposal.action {
        Action::Exec(exec) => exec.argv.get(4).map(Untrusted::expose),
        Action::AgentCommand(_) | Action::AgentPatch(_) | Action::AgentTool(_) => None,
    }
}

pub(crate) fn folds(record: &[Event]) -> BTreeMap<SessionId, Session> {
    let mut sessions = BTreeMap::new();
    for event in record {
        let id = &event.session;
        sessions.entry(id.clone()).or_insert_with(|| Session::new(id.clone())).apply(event);
    }
    sessions
}

impl Evidence {
    /// Every broken promise, one sentence each; none is the only good answer.
    pub(crate) fn violations(&self) -> Vec<String> {
        let sessions = folds(&self.record);
        let mut bad = Vec::new();
        for session in sessions.values() {
            order(session, &mut bad);
        }
        let holds: Vec<&Hold> = sessions.values().flat_map(|session| &session.holds).collect();
        once(&self.record, &mut bad);
        let mut runs = BTreeSet::new();
        for hold in &holds {
            let Some(run) = run_of(hold) else {
                bad.push(format!("{} is about nothing that was asked", hold.id));
                continue;
            };
            if !runs.insert(run) {
                bad.push(format!("{run} has a second hold, {}", hold.id));
            }
            judge(hold, run, self.effects.get(run).copied().unwrap_or(0), &mut bad);
        }
        for run in self.effects.keys().filter(|run| !runs.contains(run.as_str())) {
            bad.push(format!("{run} ran without a hold"));
        }
        self.missing(&mut bad);
        self.broken(&holds, &mut bad);
        bad
    }

    /// What was sent to somebody and is not on record as it was sent.
    fn missing(&self, bad: &mut Vec<String>) {
        let record: BTreeMap<(&SessionId, u64), &Event> =
            self.record.iter().map(|event| ((&event.session, event.seq), event)).collect();
        for event in &self.seen {
            let at = (&event.session, event.seq);
            if record.get(&at) != Some(&event) {
                let what = event.body.type_name();
                bad.push(format!("{what}, #{} of {}, was sent out and is not on record", at.1, at.0));
            }
        }
    }

    /// Answers that the record does not bear out.
    fn broken(&self, holds: &[&Hold], bad: &mut Vec<String>) {
        let mut said: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &self.record {
            if let Body::MessageSaid(words) = &event.body {
                *said.entry(words.text.expose()).or_default() += 1;
            }
        }
        let find = |id: &HoldId| holds.iter().find(|hold| hold.id == *id);
        for promise in &self.promises {
            let kept = match promise {
                Promise::Said { text } => said.get(text.as_str()) == Some(&1),
                Promise::Decided { hold, seq, outcome } => find(hold)
                    .and_then(|hold| hold.closing.as_ref())
                    .is_some_and(|closing| closing.seq == *seq && closing.outcome == *outcome),
                Promise::Opened { hold } => find(hold).is_some_and(|hold| hold.opened_at.is_some()),
                Promise::Redeemed { hold } => {
                    find(hold).is_some_and(|hold| matches!(hold.grant, Some(Grant::Redeemed { .. })))
                }
                Promise::Reported { hold } => {
                    find(hold).is_some_and(|hold| matches!(hold.run, Run::Finished { .. }))
                }
                Promise::Ran { run } => self.effects.get(run) == Some(&1),
                Promise::DidNotRun { run, .. } => !self.effects.contains_key(run),
            };
            if !kept {
                bad.push(format!("not kept: {promise:?}"));
            }
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally { ran: self.effects.values().sum(), ..Tally::default() };
        for hold in folds(&self.record).values().flat_map(|session| &session.holds) {
            match hold.outcome() {
                Some(Outcome::Approved) => tally.approved += 1,
                Some(Outcome::Denied) => tally.denied += 1,
                Some(
                    Outcome::Expired | Outcome::Superseded | Outcome::Withdrawn | Outcome::AnsweredElsewhere,
                )
                | None => tally.otherwise += 1,
            }
            tally.void += usize::from(matches!(hold.grant, Some(Grant::Revoked { .. })));
            match hold.run {
                Run::Finished { .. } => tally.finished += 1,
                Run::Lost { .. } => tally.lost += 1,
                Run::Refused { .. } => tally.refused += 1,
                Run::NotStarted | Run::Running { .. } => {}
            }
        }
        tally
    }
}

/// A session's events follow each other and each makes sense where it stands.
fn order(session: &Session, bad: &mut Vec<String>) {
    let id = &session.id;
    if !session.gaps.is_empty() {
        bad.push(format!("{id} has gaps: {:?}", session.gaps));
    }
    if session.anomaly_count > 0 || session.unknown_count > 0 || session.unreadable_count > 0 {
        bad.push(format!("{id} holds events that make no sense there: {:?}", session.anomalies));
    }
}

/// Counts events, not folds: the fold would ignore a second one.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "seven types of the vocabulary matter, and no other ever will"
)]
fn once(record: &[Event], bad: &mut Vec<String>) {
    let mut seen: BTreeMap<(&HoldId, &str), usize> = BTreeMap::new();
    for event in record {
        let hold = match &event.body {
            Body::HoldOpened(body) => &body.hold,
            Body::HoldClosed(body) => &body.hold,
            Body::VoteCast(body) => &body.hold,
            Body::GrantIssued(body) => &body.hold,
            Body::GrantRedeemed(body) => &body.hold,
            Body::GrantRevoked(body) => &body.hold,
            Body::ExecutionFinished(body) => &body.hold,
            _ => continue,
        };
        *seen.entry((hold, event.body.type_name())).or_default() += 1;
    }
    for ((hold, what), times) in seen.iter().filter(|(_, times)| **times > 1) {
        bad.push(format!("{hold} has {times} times {what}"));
    }
    let used = |hold: &HoldId, what| seen.contains_key(&(hold, what));
    for (hold, _) in seen.keys().filter(|(_, what)| *what == "grant.revoked") {
        if used(hold, "grant.redeemed") {
            bad.push(format!("the grant of {hold} is both used and void"));
        }
    }
}

/// One hold against what happened in the world.
fn judge(hold: &Hold, run: &str, ran: usize, bad: &mut Vec<String>) {
    let name = format!("{run} ({})", hold.id);
    let redeemed = matches!(hold.grant, Some(Grant::Redeemed { .. }));
    if ran > 1 {
        bad.push(format!("{name} ran {ran} times"));
    }
    match hold.outcome() {
        None => bad.push(format!("{name} never ended")),
        Some(Outcome::Approved) => {
            if hold.has_unredeemed_grant() {
                bad.push(format!("{name} is over, and its grant is still good"));
            }
            if ran > 0 && !redeemed {
                bad.push(format!("{name} ran without a redeemed grant: {:?}", hold.grant));
            }
        }
        Some(outcome) if ran > 0 => bad.push(format!("{name} is {} and ran", outcome.word())),
        Some(_) => {}
    }
    match &hold.run {
        Run::Finished { .. } if ran != 1 => bad.push(format!("{name} is finished and ran {ran} times")),
        Run::Refused { reason, .. } if ran > 0 => {
            bad.push(format!("{name} was refused ({}) and ran", reason.escaped()));
        }
        Run::Running { .. } => bad.push(format!("{name} runs for ever")),
        Run::NotStarted if redeemed => {
            bad.push(format!("{name} was let run, and the record says nothing more"));
        }
        Run::NotStarted | Run::Finished { .. } | Run::Refused { .. } | Run::Lost { .. } => {}
    }
}
