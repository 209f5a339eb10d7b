//! The queue: what waits for a person, what runs, what ran, what was decided.
//!
//! Rows are named by identifiers, never by position, and what waits stands in the order in which it was opened.

use crate::domain::{HoldId, Outcome, SessionId, Timestamp};
use crate::session::Hold;

use super::tracked::Tracked;

/// Decided and finished rows that are listed; older ones are in the record.
const PAST_LISTED_MAX: usize = 50;

/// Under which heading a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// A person is asked.
    Waiting,
    /// An investigation that nobody is asked about now.
    Running,
    /// Approved: what became of it.
    Ran,
    /// Ended in another way.
    Decided,
}

impl Section {
    /// The heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING FOR YOU",
            Self::Running => "RUNNING",
            Self::Ran => "RAN",
            Self::Decided => "DECIDED",
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Under which heading.
    pub(crate) section: Section,
    /// Which session.
    pub(crate) session: SessionId,
    /// Which hold, where it is about one.
    pub(crate) hold: Option<HoldId>,
}

impl Row {
    /// Whether both are about the same thing, wherever they stand.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.session == other.session && self.hold == other.hold
    }
}

/// The rows as they ought to stand now.
pub(crate) fn rows<'a>(sessions: impl Iterator<Item = &'a Tracked>) -> Vec<Row> {
    let mut waiting: Vec<((Timestamp, usize, u32), Row)> = Vec::new();
    let mut running: Vec<((Timestamp, usize), Row)> = Vec::new();
    let mut past: Vec<((Timestamp, usize, u32), Row)> = Vec::new();
    for tracked in sessions {
        let session = &tracked.session;
        let row = |section, hold: Option<&Hold>| Row {
            section,
            session: session.id.clone(),
            hold: hold.map(|h| h.id.clone()),
        };
        for hold in &session.holds {
            if hold.is_open() {
                let key = (hold.opened_at.unwrap_or_default(), tracked.order, hold.number);
                waiting.push((key, row(Section::Waiting, Some(hold))));
            } else if let Some(closing) = &hold.closing {
                let key = (closing.at, tracked.order, hold.number);
                past.push((key, row(section_of(closing.outcome), Some(hold))));
            }
        }
        let runs = session.holds.iter().any(|hold| matches!(hold.run, crate::session::Run::Running { .. }));
        match over_at(tracked).filter(|_| !runs) {
            // What was decided in a session that simply ended is listed by itself.
            Some(_) if session.stop.is_none() && !session.holds.is_empty() => {}
            Some(at) => past.push(((at, tracked.order, 0), row(Section::Decided, None))),
            None if session.open_holds().next().is_none() => {
                running.push(((session.opened_at, tracked.order), row(Section::Running, None)));
            }
            None => {}
        }
    }
    waiting.sort_by_key(|(key, _)| *key);
    running.sort_by_key(|(key, _)| *key);
    past.sort_by(|a, b| a.1.section.cmp(&b.1.section).then(b.0.cmp(&a.0)));
    let mut rows: Vec<Row> = waiting.into_iter().map(|(_, row)| row).collect();
    rows.extend(running.into_iter().map(|(_, row)| row));
    for section in [Section::Ran, Section::Decided] {
        let listed = past.iter().filter(|(_, row)| row.section == section).take(PAST_LISTED_MAX);
        rows.extend(listed.map(|(_, row)| row.clone()));
    }
    rows
}

fn section_of(outcome: Outcome) -> Section {
    match outcome {
        Outcome::Approved => Section::Ran,
        Outcome::Denied
        | Outcome::Expired
        | Outcome::Superseded
        | Outcome::Withdrawn
        | Outcome::AnsweredElsewhere => Section::Decided,
    }
}

/// When a session was stopped or closed.
fn over_at(tracked: &Tracked) -> Option<Timestamp> {
    let session = &tracked.session;
    let stopped = session.stop.as_ref().map(|stop| stop.at);
    stopped.or_else(|| session.closed.as_ref().map(|(at, _)| *at))
}
