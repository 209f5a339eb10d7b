//! A batch: what several wishes ask to append, made durable together or not at all.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::presence::ConnId;
use super::super::request::{Outcome, Reply};
use super::Core;
use crate::domain::{Actor, ClientKey, Error, HoldId, Kind, Result, SessionId, Timestamp, failpoint};
use crate::ledger::Entry;
use crate::session::{Body, EVENT_VERSION, Event};
use crate::wire::{RpcError, SessionStopParams, limits};

/// Text that a batch takes in before it is committed.
const BATCH_MAX_BYTES: usize = 2 * 1024 * 1024;
/// How long a stop waits for the batch before it to become durable.
const STOP_WAITS_MAX: Duration = Duration::from_millis(250);
/// Largest event, as it stands in the record: it must fit a frame of its own.
const EVENT_MAX_BYTES: usize = limits::MESSAGE_MAX_BYTES - 4096;
/// How long a hub with the defect that a test asks for leaves between answer and record; no other hub knows it.
const MUTANT_WINDOW: Duration = Duration::from_millis(100);

/// What is decided but not durable yet.
pub(super) struct Batch {
    /// When it was begun: the time of everything in it.
    pub(super) now: Timestamp,
    entries: Vec<Entry>,
    bytes: usize,
    pub(super) replies: Vec<(Reply, Outcome)>,
    pub(super) stops: Vec<Stopping>,
    /// Sessions whose fold runs ahead of the record.
    pub(super) touched: BTreeSet<SessionId>,
    /// Who waits for what, once it is durable.
    pub(super) attach: Vec<(ConnId, HoldId)>,
    grants: bool,
    redeems: bool,
}

/// A stop in a batch: it takes effect whether the batch becomes durable or not.
pub(super) struct Stopping {
    pub(super) actor: Arc<Actor>,
    pub(super) params: SessionStopParams,
    /// `None` when it was answered already.
    pub(super) reply: Option<Reply>,
    pub(super) outcome: Outcome,
    /// Which of the batch's entries it asked for.
    pub(super) entries: Range<usize>,
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= BATCH_MAX_BYTES
    }

    /// Entries of this batch.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn has_unanswered_stop(&self) -> bool {
        self.stops.iter().any(|stop| stop.reply.is_some())
    }

    pub(super) fn wishes(&self) -> usize {
        self.replies.len() + self.stops.len()
    }
}

impl Core {
    /// An empty batch, except for what still has to be recorded.
    pub(super) fn begin(&mut self) -> Batch {
        let mut batch = Batch {
            now: (self.clock)(),
            entries: Vec::new(),
            bytes: 0,
            replies: Vec::new(),
            stops: Vec::new(),
            touched: BTreeSet::new(),
            attach: Vec::new(),
            grants: false,
            redeems: false,
        };
        for entry in &self.unrecorded {
            let pos = self.sessions.head() + batch.entries.len() as u64 + 1;
            batch.touched.insert(entry.session.clone());
            batch.entries.push(Entry { pos, ..entry.clone() });
        }
        for (actor, params) in std::mem::take(&mut self.forced) {
            if self.sessions.is_unread(&params.session) {
                self.forced.push((actor, params));
                continue;
            }
            self.take_stop(&mut batch, actor, params, None);
        }
        batch
    }

    /// Puts events in order, all or none, and folds them.
    pub(super) fn append(
        &mut self,
        batch: &mut Batch,
        session: &SessionId,
        actor: &Actor,
        bodies: impl IntoIterator<Item = (Option<ClientKey>, Body)>,
    ) -> Result<()> {
        let fold = self.sessions.fold(session);
        let (seq, at) = fold.map_or((0, batch.now), |fold| (fold.last_seq, batch.now.max(fold.last_at)));
        let mut prepared = Vec::new();
        for (index, (key, body)) in bodies.into_iter().enumerate() {
            let seq = seq + index as u64 + 1;
            let event =
                Event { v: EVENT_VERSION, session: session.clone(), seq, at, actor: actor.clone(), body };
            let json = serde_json::to_string(&event)?;
            if json.len() > EVENT_MAX_BYTES {
                return Err(Error::new(
                    Kind::TooLarge,
                    format!(
                        "{} would have {} bytes; at most {EVENT_MAX_BYTES}",
                        event.body.type_name(),
                        json.len()
                    ),
                )
                .hint("shorten its words; outputs go as blobs"));
            }
            prepared.push((event, key, json));
        }
        for (event, key, json) in prepared {
            self.sessions.take(&event, key.as_ref());
            batch.grants |= matches!(event.body, Body::GrantIssued(_));
            batch.redeems |= matches!(event.body, Body::GrantRedeemed(_));
            batch.bytes += json.len();
            batch.touched.insert(session.clone());
            let pos = self.sessions.head() + batch.entries.len() as u64 + 1;
            batch.entries.push(Entry { pos, session: session.clone(), key, json: json.into() });
        }
        Ok(())
    }

    /// Makes a batch durable, then answers and sends on; or refuses everybody in it.
    pub(super) async fn commit(&mut self, mut batch: Batch) -> Result<()> {
        if batch.entries.is_empty() {
            self.settle(&batch);
            batch.answer();
            return Ok(());
        }
        let entries: Arc<[Entry]> = batch.entries.as_slice().into();
        if failpoint::mutant("answer-before-append") {
            for (reply, outcome) in std::mem::take(&mut batch.replies) {
                reply.send(outcome);
            }
            tokio::time::sleep(MUTANT_WINDOW).await;
        }
        failpoint::hit("hub.append.before");
        if let Err(error) = self.durable(Arc::clone(&entries), &mut batch).await {
            self.put_back(batch, &error).await;
            return Err(error);
        }
        failpoint::hit("hub.append.after");
        if batch.grants {
            failpoint::hit("hub.grant");
        }
        if batch.redeems {
            failpoint::hit("hub.redeem.after");
        }
        if self.retry_at.take().is_some() {
            tracing::info!("the record can be written again");
        }
        self.unrecorded.clear();
        self.sessions.grow(self.sessions.head() + entries.len() as u64);
        self.settle(&batch);
        self.fan.out(&entries);
        batch.answer();
        Ok(())
    }

    /// Writes, and keeps an ear open for stops meanwhile: a disk that hangs must not hold one up.
    async fn durable(&mut self, entries: Arc<[Entry]>, batch: &mut Batch) -> Result<()> {
        let ledger = Arc::clone(&self.ledger);
        let mut writing = ledger.append(entries);
        let mut hangs_at = Instant::now() + STOP_WAITS_MAX;
        loop {
            tokio::select! {
                done = &mut writing => return done,
                Some(stop) = self.inbox.stops.recv() => {
                    self.held.push(stop);
                    hangs_at = hangs_at.max(Instant::now());
                }
                () = sleep_until(hangs_at), if !self.held.is_empty() || batch.has_unanswered_stop() => {
                    self.force(batch);
                }
            }
        }
    }

    /// What has to be known outside the folds: who waits for which hold, and when the next one ends by itself.
    fn settle(&mut self, batch: &Batch) {
        for id in &batch.touched {
            self.note(id);
        }
        for (connection, hold) in &batch.attach {
            self.attendance.attach(*connection, hold);
        }
    }

    /// A session has changed, or is not there any more.
    pub(super) fn note(&mut self, id: &SessionId) {
        if self.sessions.fold(id).is_some() {
            self.deadlines.note(id, self.sessions.live(id), &self.attendance);
        } else {
            self.deadlines.drop(id, &self.attendance);
        }
    }

    /// The record could not be written: as if nothing of the batch had been asked, except for its stops.
    async fn put_back(&mut self, batch: Batch, error: &Error) {
        if self.retry_at.is_none() {
            tracing::error!(error = %error, "the record cannot be written; everything but a stop is refused");
        }
        self.retry_at = Some(Instant::now() + self.timing.retry_after);
        let Batch { now, entries, replies, stops, touched, .. } = batch;
        self.sessions.forget(touched.iter().cloned());
        self.reload().await;
        let refusal = Error::new(Kind::Unavailable, format!("nothing was done: {}", error.message()));
        let refusal = match error.next() {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        };
        for (reply, _) in replies {
            reply.send(Err(RpcError::from(&refusal)));
        }
        self.stop_unrecorded(now, stops, &entries, error);
    }

    /// Reads again what had to be forgotten; stops that are not on record yet stay in force.
    pub(super) async fn reload(&mut self) {
        match self.sessions.reload(&*self.ledger).await {
            Ok(back) => {
                for entry in self.unrecorded.iter().filter(|entry| back.contains(&entry.session)) {
                    if let Ok(event) = serde_json::from_str::<Event>(&entry.json) {
                        self.sessions.take(&event, None);
                    }
                }
                back.iter().for_each(|id| self.note(id));
            }
            Err(error) => {
                tracing::error!(error = %error, "the record cannot be read");
                self.retry_at = Some(Instant::now() + self.timing.retry_after);
            }
        }
    }
}

impl Batch {
    fn answer(self) {
        let stops = self.stops.into_iter().filter_map(|stop| Some((stop.reply?, stop.outcome)));
        self.replies.into_iter().chain(stops).for_each(|(reply, outcome)| reply.send(outcome));
    }
}
