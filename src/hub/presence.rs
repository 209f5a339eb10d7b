//! Who is connected: people and what they look at, and who waits for which hold. Never recorded.
//!
//! Connections enter and leave through a guard, so that none can be forgotten here. Every change gives a new whole
//! picture; whoever is slow to read one gets only the last.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::domain::{Actor, HoldId, Role};
use crate::wire::{Presence, PresenceNote, PresenceSetParams};

/// A connection's number, unique in the hub's life.
pub(super) type ConnId = u64;

/// Everybody who is connected.
#[derive(Debug)]
pub(super) struct Attendance {
    state: Mutex<State>,
    picture: watch::Sender<Arc<PresenceNote>>,
    left: Notify,
}

#[derive(Debug, Default)]
struct State {
    last_id: ConnId,
    people: BTreeMap<ConnId, Presence>,
    here: BTreeSet<ConnId>,
    holds: HashMap<HoldId, Waiting>,
}

/// A hold whose proposer matters still.
#[derive(Debug)]
struct Waiting {
    by: BTreeSet<ConnId>,
    /// Since when nobody is there.
    absent_since: Option<Instant>,
}

/// A connection's place among those present; it leaves when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: ConnId,
    attendance: Arc<Attendance>,
}

impl Attendance {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            picture: watch::Sender::new(Arc::default()),
            left: Notify::new(),
        })
    }

    /// Lets a signed-in connection in.
    pub(super) fn enter(self: &Arc<Self>, actor: &Actor) -> Seat {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.here.insert(id);
        if actor.role == Role::Person {
            state.people.insert(id, Presence { name: actor.name.clone(), session: None, hold: None });
            self.publish(&state);
        }
        drop(state);
        Seat { id, attendance: Arc::clone(self) }
    }

    /// The pictures, from the present one on.
    pub(super) fn pictures(&self) -> watch::Receiver<Arc<PresenceNote>> {
        let mut pictures = self.picture.subscribe();
        pictures.mark_changed();
        pictures
    }

    /// From now on it matters who is there for this hold: a person can still answer it, or its run is not over.
    pub(super) fn follow(&self, hold: &HoldId) {
        let mut state = self.lock();
        if !state.holds.contains_key(hold) {
            let waiting = Waiting { by: BTreeSet::new(), absent_since: Some(Instant::now()) };
            state.holds.insert(hold.clone(), waiting);
            self.publish(&state);
        }
    }

    /// It matters no longer.
    pub(super) fn forget(&self, hold: &HoldId) {
        let mut state = self.lock();
        if state.holds.remove(hold).is_some() {
            self.publish(&state);
        }
    }

    /// This connection waits for a followed hold. One that is gone already does not.
    pub(super) fn attach(&self, id: ConnId, hold: &HoldId) {
        let mut state = self.lock();
        if !state.here.contains(&id) {
            return;
        }
        if let Some(waiting) = state.holds.get_mut(hold)
            && waiting.by.insert(id)
        {
            waiting.absent_since = None;
            self.publish(&state);
        }
    }

    /// Whether somebody waits for this hold.
    pub(super) fn waits(&self, hold: &HoldId) -> bool {
        self.lock().holds.get(hold).is_some_and(|waiting| !waiting.by.is_empty())
    }

    /// Since when nobody has waited for this followed hold; `None` while somebody does.
    pub(super) fn absent_since(&self, hold: &HoldId) -> Option<Instant> {
        self.lock().holds.get(hold).and_then(|waiting| waiting.absent_since)
    }

    /// Resolves when somebody for whom a hold waited has left.
    pub(super) async fn departure(&self) {
        self.left.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, state: &State) {
        let waits = |(hold, waiting): (&HoldId, &Waiting)| (!waiting.by.is_empty()).then(|| hold.clone());
        let mut waiting: Vec<HoldId> = state.holds.iter().filter_map(waits).collect();
        waiting.sort_unstable();
        let now = PresenceNote { people: state.people.values().cloned().collect(), waiting };
        self.picture.send_if_modified(|last| {
            let changed = **last != now;
            if changed {
                *last = Arc::new(now);
            }
            changed
        });
    }
}

impl Seat {
    /// What this person looks at.
    pub(super) fn look(&self, at: PresenceSetParams) {
        let mut state = self.attendance.lock();
        if let Some(person) = state.people.get_mut(&self.id) {
            (person.session, person.hold) = (at.session, at.hold);
            self.attendance.publish(&state);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.attendance.lock();
        state.here.remove(&self.id);
        state.people.remove(&self.id);
        let mut waited = false;
        for waiting in state.holds.values_mut() {
            if waiting.by.remove(&self.id) && waiting.by.is_empty() {
                waiting.absent_since = Some(Instant::now());
                waited = true;
            }
        }
        self.attendance.publish(&state);
        drop(state);
        if waited {
            self.attendance.left.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold() -> HoldId {
        HoldId::new("h-1").unwrap()
    }

    #[test]
    fn a_hold_waits_as_long_as_one_of_those_who_asked_is_there() {
        let attendance = Attendance::new();
        let agent = Actor::new(Role::Agent, "gate");
        let (first, second) = (attendance.enter(&agent), attendance.enter(&agent));
        attendance.attach(first.id, &hold());
        assert!(!attendance.waits(&hold()), "nobody waits for what is not followed");
        attendance.follow(&hold());
        assert!(attendance.absent_since(&hold()).is_some());
        attendance.attach(first.id, &hold());
        attendance.attach(second.id, &hold());
        assert!(attendance.absent_since(&hold()).is_none());
        drop(first);
        assert!(attendance.waits(&hold()));
        let gone = second.id;
        drop(second);
        assert!(!attendance.waits(&hold()) && attendance.absent_since(&hold()).is_some());
        attendance.attach(gone, &hold());
        assert!(!attendance.waits(&hold()), "who has left does not come back by a late answer");
    }

    #[test]
    fn a_picture_is_whole_and_given_only_when_something_changed() {
        let attendance = Attendance::new();
        let mut pictures = attendance.pictures();
        pictures.mark_unchanged();
        let maya = attendance.enter(&Actor::new(Role::Person, "maya"));
        let gate = attendance.enter(&Actor::new(Role::Agent, "gate"));
        attendance.follow(&hold());
        attendance.attach(gate.id, &hold());
        assert!(pictures.has_changed().unwrap());
        let picture = Arc::clone(&pictures.borrow_and_update());
        assert_eq!((picture.people.len(), picture.waiting.as_slice()), (1, &[hold()][..]));
        maya.look(PresenceSetParams::default());
        attendance.follow(&hold());
        assert!(!pictures.has_changed().unwrap(), "nothing is new");
        attendance.forget(&hold());
        assert!(pictures.borrow_and_update().waiting.is_empty(), "what is over is not waited for");
        drop(maya);
        assert!(pictures.borrow_and_update().people.is_empty());
    }
}
