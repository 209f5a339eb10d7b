//! Room for connections: no crowd of agents, and no crowd of strangers, keeps a person out.
//!
//! Each listener has places of its own, as many as the process may have descriptors for. Whoever has not said hello
//! yet shares a small part of them, agents at most three quarters: the rest is for people.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::{Error, Kind, Result, Role};

/// Connections of one listener at the same time, where there are descriptors for so many.
const CONNECTIONS_MAX: usize = 2048;
/// Descriptors that everything else takes: the record and its readers, the runtime, files being sent.
const ELSEWHERE: usize = 96;
/// Listeners that share the descriptors.
const LISTENERS: usize = 2;
/// What is asked for where the account may have it.
const WANTED: u64 = (CONNECTIONS_MAX * LISTENERS + ELSEWHERE) as u64;

/// A listener's places.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    agents: Arc<Semaphore>,
}

impl Places {
    /// As many as this process may have, after asking for more descriptors where it has few.
    pub(super) fn new() -> Self {
        Self::of(descriptors())
    }

    fn of(descriptors: usize) -> Self {
        let all = (descriptors.saturating_sub(ELSEWHERE) / LISTENERS).clamp(8, CONNECTIONS_MAX);
        let room = |places: usize| Arc::new(Semaphore::new(places));
        Self { all: room(all), strangers: room(all / 8), agents: room(all * 3 / 4) }
    }

    /// A place for whoever comes next; waits until there is one.
    pub(super) async fn next(&self) -> Option<Place> {
        let stranger = Arc::clone(&self.strangers).acquire_owned().await.ok()?;
        let any = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Place { _any: any, stranger: Some(stranger), agent: None, agents: Arc::clone(&self.agents) })
    }
}

/// One connection's place.
#[derive(Debug)]
pub(super) struct Place {
    _any: OwnedSemaphorePermit,
    stranger: Option<OwnedSemaphorePermit>,
    agent: Option<OwnedSemaphorePermit>,
    agents: Arc<Semaphore>,
}

impl Place {
    /// It said who it is, and is a stranger no more.
    ///
    /// # Errors
    /// `Kind::Unavailable` when as many agents are here as there is room for.
    pub(super) fn settle(&mut self, role: Role) -> Result<()> {
        if role == Role::Agent {
            let full = |_| {
                Error::new(Kind::Unavailable, "as many agents are connected as this hub has room for")
                    .hint("end some of them; the places that are left are for people")
            };
            self.agent = Some(Arc::clone(&self.agents).try_acquire_owned().map_err(full)?);
        }
        self.stranger = None;
        Ok(())
    }
}

/// How many descriptors this process may have; raises its own limit as far as it is allowed to.
fn descriptors() -> usize {
    let now = getrlimit(Resource::Nofile);
    let allowed = now.maximum.unwrap_or(u64::MAX);
    let wanted = WANTED.min(allowed).max(now.current.unwrap_or(u64::MAX));
    let raised = Rlimit { current: Some(wanted), maximum: now.maximum };
    let have = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            now.current.unwrap_or(wanted)
        }
    };
    usize::try_from(have).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn neither_strangers_nor_agents_take_every_place() {
        let places = Places::of(ELSEWHERE + 2 * 64);
        let mut agents = Vec::new();
        let refused = loop {
            let mut place = places.next().await.unwrap();
            if let Err(error) = place.settle(Role::Agent) {
                break error;
            }
            agents.push(place);
        };
        assert_eq!((agents.len(), refused.kind()), (48, Kind::Unavailable));
        let mut people = Vec::new();
        for _ in 0..8 {
            let mut place = places.next().await.unwrap();
            place.settle(Role::Person).unwrap();
            people.push(place);
        }
        let mut strangers = Vec::new();
        for _ in 0..8 {
            strangers.push(places.next().await.unwrap());
        }
        let waits = tokio::time::timeout(std::time::Duration::from_millis(20), places.next()).await;
        assert!(waits.is_err(), "64 places are taken, and one that left makes room:");
        drop(strangers.pop());
        assert!(places.next().await.is_some());
    }

    #[test]
    fn few_descriptors_are_few_places_and_never_none() {
        assert_eq!(Places::of(1_024).all.available_permits(), 464);
        assert_eq!(Places::of(usize::MAX).all.available_permits(), CONNECTIONS_MAX);
        assert_eq!(Places::of(10).all.available_permits(), 8);
    }
}
