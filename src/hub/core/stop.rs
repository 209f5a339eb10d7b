//! Stopping a session, also when the record cannot be written or hangs.
//!
//! A stop that is not on record is in force all the same: in the fold, so that nothing is granted or redeemed any more,
//! and at the agents, which are told at once. Its events keep their numbers and are the next thing recorded. Whoever
//! asked for it is told that it is not on record yet. Should the hub die before it is, then every grant is void as
//! after any restart, and the record knows nothing of the stop: that is why the answer is an error, not `done`.

use std::sync::Arc;

use super::super::request::{Answer, Outcome, Reply, Request, Wish};
use super::Core;
use super::batch::{Batch, Stopping};
use crate::domain::{Actor, Error, Kind, Result, Timestamp};
use crate::ledger::Entry;
use crate::session::{EVENT_VERSION, Event, Session, command};
use crate::wire::{Done, RpcError, SessionStopParams};

/// Why a stop is not on record yet.
const SILENT_DISK: &str = "the disk has not answered yet";

impl Core {
    /// Takes a stop into a batch; without a reply when it was answered already.
    pub(super) fn take_stop(
        &mut self,
        batch: &mut Batch,
        actor: Arc<Actor>,
        params: SessionStopParams,
        reply: Option<Reply>,
    ) {
        let first = batch.entries().len();
        let outcome = self.stop(batch, &actor, &params);
        let entries = first..batch.entries().len();
        batch.stops.push(Stopping { actor, params, reply, outcome, entries });
    }

    /// Stops a session as part of a batch.
    pub(super) fn stop(&mut self, batch: &mut Batch, actor: &Actor, params: &SessionStopParams) -> Outcome {
        let rpc = |error: Error| RpcError::from(&error);
        let fold = self.stoppable(params).map_err(rpc)?;
        if !is_stopped(fold, params.level) {
            let bodies = command::stop(fold, params.level, params.reason.clone());
            let bodies = bodies.into_iter().map(|body| (None, body));
            self.append(batch, &params.session, actor, bodies).map_err(rpc)?;
        }
        Ok(Answer::Done(Done {}))
    }

    fn stoppable(&self, params: &SessionStopParams) -> Result<&Session> {
        if !(1..=3).contains(&params.level) {
            return Err(Error::invalid(format!("a stop has level 1, 2 or 3, not {}", params.level)));
        }
        self.sessions.find(&params.session)
    }

    /// Puts stops in force whose batch, of these entries, could not be recorded.
    pub(super) fn stop_unrecorded(
        &mut self,
        now: Timestamp,
        stops: Vec<Stopping>,
        entries: &[Entry],
        why: &Error,
    ) {
        let mut fresh = Vec::new();
        for Stopping { actor, params, reply, outcome, entries: own } in stops {
            let told = if let Err(refused) = outcome {
                refused
            } else {
                tracing::warn!(session = %params.session, "a stop is in force but not on record yet");
                if self.sessions.is_unread(&params.session) {
                    // Everything else about this session is refused until it can be read again.
                    self.fan.urgent(&entries[own]);
                    self.forced.push((actor, params));
                } else {
                    fresh.extend(self.fold_stop(&actor, &params, now));
                }
                not_on_record(why.message())
            };
            if let Some(reply) = reply {
                reply.send(Err(told));
            }
        }
        self.fan.urgent(&fresh);
        self.unrecorded.append(&mut fresh);
    }

    /// Folds a stop and answers with its events, numbered, as they will be recorded.
    fn fold_stop(&mut self, actor: &Actor, params: &SessionStopParams, now: Timestamp) -> Vec<Entry> {
        let mut entries = Vec::new();
        for event in self.would_be(actor, params, now) {
            entries.extend(unplaced(&event));
            self.sessions.take(&event, None);
        }
        self.note(&params.session);
        entries
    }

    /// The disk takes its time over a batch, with stops in it or behind it. Nothing can be granted or redeemed until
    /// it is done, so only the agents have to be told. Stops behind it are the first thing in the next batch, with the
    /// numbers that they are told with.
    pub(super) fn force(&mut self, batch: &mut Batch) {
        for at in 0..batch.stops.len() {
            let stop = &mut batch.stops[at];
            let Some(reply) = stop.reply.take() else { continue };
            let told = stop.outcome.as_ref().err().cloned().unwrap_or_else(|| not_on_record(SILENT_DISK));
            reply.send(Err(told));
            let entries = stop.entries.clone();
            self.fan.urgent(&batch.entries()[entries]);
        }
        let now = (self.clock)();
        for Request { actor, wish, reply, .. } in std::mem::take(&mut self.held) {
            let Wish::Stop(params) = wish else { continue };
            if let Err(error) = self.stoppable(&params) {
                reply.send(Err(RpcError::from(&error)));
                continue;
            }
            let entries: Vec<Entry> =
                self.would_be(&actor, &params, now).iter().filter_map(unplaced).collect();
            self.fan.urgent(&entries);
            reply.send(Err(not_on_record(SILENT_DISK)));
            self.forced.push((actor, params));
        }
        tracing::warn!("the disk hangs: a stop is in force but not on record yet");
    }

    /// The events of a stop, numbered behind all that is decided so far; none when it is stopped already.
    fn would_be(&self, actor: &Actor, params: &SessionStopParams, now: Timestamp) -> Vec<Event> {
        let fold = self.sessions.fold(&params.session);
        let Some(fold) = fold.filter(|fold| !is_stopped(fold, params.level)) else { return Vec::new() };
        let at = now.max(fold.last_at);
        let event = |(seq, body)| {
            let (session, actor) = (params.session.clone(), actor.clone());
            Event { v: EVENT_VERSION, session, seq, at, actor, body }
        };
        (fold.last_seq + 1..)
            .zip(command::stop(fold, params.level, params.reason.clone()))
            .map(event)
            .collect()
    }
}

/// An event as an entry whose position is not given yet. Plain data, as every event: it is never left out.
fn unplaced(event: &Event) -> Option<Entry> {
    let json = serde_json::to_string(event).ok()?;
    Some(Entry { pos: 0, session: event.session.clone(), key: None, json: json.into() })
}

fn not_on_record(why: &str) -> RpcError {
    let told = format!("the session is stopped, but that is not on record yet: {why}");
    let error = Error::new(Kind::Unavailable, told).hint("it will be recorded as soon as the disk allows");
    RpcError::from(&error)
}

/// Whether it was stopped at this level or above.
fn is_stopped(fold: &Session, level: u8) -> bool {
    fold.stop.as_ref().is_some_and(|stop| stop.level >= level)
}
