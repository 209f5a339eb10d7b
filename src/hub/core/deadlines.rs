//! What ends by itself: holds and grants at a time of day, runs without word some time after their gate went.
//!
//! Nothing ticks: the core sleeps until the earliest of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use super::super::presence::Attendance;
use super::Core;
use super::batch::Batch;
use crate::domain::{Actor, HoldId, SessionId, Timestamp};
use crate::session::{ExecutionLost, Grant, Hold, command};

/// The longest sleep: a suspended machine's clock goes on while its timers do not.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Which sessions have to be looked at when, and which holds matter still.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    due: BTreeSet<(Timestamp, SessionId)>,
    due_of: HashMap<SessionId, Timestamp>,
    /// Holds that somebody should wait for or speak of.
    followed: HashMap<SessionId, BTreeSet<HoldId>>,
    /// Runs of which word is wanted.
    running: BTreeMap<HoldId, SessionId>,
}

impl Deadlines {
    /// A session has changed; `live` are those of its holds that may still change. A session may have any number of
    /// others, and they are not looked at.
    pub(super) fn note<'a>(
        &mut self,
        id: &SessionId,
        live: impl Iterator<Item = &'a Hold>,
        attendance: &Attendance,
    ) {
        let (mut follow, mut due) = (BTreeSet::new(), None);
        for hold in live {
            attendance.follow(&hold.id, hold.is_open());
            follow.insert(hold.id.clone());
            if hold.awaits_word_of_its_run() {
                self.running.insert(hold.id.clone(), id.clone());
            } else {
                self.running.remove(&hold.id);
            }
            due = due.into_iter().chain(ends_at(hold)).min();
        }
        self.set_followed(id, follow, attendance);
        self.set_due(id, due);
    }

    /// A session is not there (any more).
    pub(super) fn drop(&mut self, id: &SessionId, attendance: &Attendance) {
        self.set_followed(id, BTreeSet::new(), attendance);
        self.set_due(id, None);
    }

    fn set_followed(&mut self, id: &SessionId, now: BTreeSet<HoldId>, attendance: &Attendance) {
        let before = self.followed.remove(id).unwrap_or_default();
        for hold in before.difference(&now) {
            attendance.forget(hold);
            self.running.remove(hold);
        }
        if !now.is_empty() {
            self.followed.insert(id.clone(), now);
        }
    }

    fn set_due(&mut self, id: &SessionId, due: Option<Timestamp>) {
        let before = match due {
            Some(at) => self.due_of.insert(id.clone(), at),
            None => self.due_of.remove(id),
        };
        if let Some(before) = before {
            self.due.remove(&(before, id.clone()));
        }
        if let Some(at) = due {
            self.due.insert((at, id.clone()));
        }
    }
}

/// When a hold, or the grant that it led to, ends by itself.
fn ends_at(hold: &Hold) -> Option<Timestamp> {
    match &hold.grant {
        Some(Grant::Issued { expires_at, .. }) => Some(*expires_at),
        Some(Grant::Redeemed { .. } | Grant::Revoked { .. }) | None => {
            hold.is_open().then_some(hold.expires_at)
        }
    }
}

impl Core {
    /// When to look again without being asked.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let now = Instant::now();
        let clock = (self.clock)();
        let by_clock = self.deadlines.due.first().map(|(at, _)| {
            let wait = Duration::from_millis(at.since(clock).max(0).unsigned_abs());
            now + wait.min(SLEEP_MAX)
        });
        let lost = self.deadlines.running.keys().filter_map(|hold| self.lost_at(hold)).min();
        let retry = self.retry_at.filter(|_| !self.unrecorded.is_empty() || !self.forced.is_empty());
        let next = [by_clock, lost, retry].into_iter().flatten().min()?;
        Some(self.retry_at.map_or(next, |retry| next.max(retry)))
    }

    /// Ends what has run out of time.
    pub(super) fn due(&mut self, batch: &mut Batch) {
        let now = Instant::now();
        if self.retry_at.is_some_and(|retry| now < retry) {
            return;
        }
        let late: Vec<SessionId> = self
            .deadlines
            .due
            .iter()
            .take_while(|(at, _)| *at <= batch.now)
            .map(|(_, id)| id.clone())
            .collect();
        for id in late {
            let ended =
                self.sessions.fold(&id).map(|fold| command::expire(fold, batch.now)).unwrap_or_default();
            self.append_own(batch, &id, ended);
        }
        let lost: Vec<(HoldId, SessionId)> = self
            .deadlines
            .running
            .iter()
            .filter(|(hold, _)| self.lost_at(hold).is_some_and(|at| at <= now))
            .map(|(hold, session)| (hold.clone(), session.clone()))
            .collect();
        for (hold, session) in lost {
            let seconds = self.timing.run_lost_after.as_secs();
            let reason = format!("whoever ran it has been gone for {seconds} s and said nothing more");
            let lost = ExecutionLost { hold, reason: reason.into() };
            self.append_own(batch, &session, vec![lost.into()]);
        }
    }

    fn lost_at(&self, hold: &HoldId) -> Option<Instant> {
        self.attendance.absent_since(hold).map(|since| since + self.timing.run_lost_after)
    }

    fn append_own(&mut self, batch: &mut Batch, id: &SessionId, bodies: Vec<crate::session::Body>) {
        let bodies = bodies.into_iter().map(|body| (None, body));
        if let Err(error) = self.append(batch, id, &Actor::hub(), bodies) {
            tracing::error!(session = %id, error = %error, "the hub's own events could not be put in order");
        }
    }
}
