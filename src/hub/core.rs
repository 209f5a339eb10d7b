//! The one task that decides. It owns the fold of every session and handles wishes one at a time, so that the order
//! in which it takes them decides every race.
//!
//! It takes what has gathered, decides each wish on the folds as the earlier ones of the same batch left them, and
//! commits what they ask for in one go. Only then is anything answered or sent on. When the commit fails, everybody
//! is refused and the folds are put back as the record has them; a stop is kept in force (see `stop.rs`).
//!
//! Deliberately absent: sockets, and the rules of deciding, which are the session's.

mod answer;
mod batch;
mod deadlines;
mod report;
mod sessions;
mod stop;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use self::batch::Batch;
use self::deadlines::Deadlines;
use self::sessions::Sessions;
use super::config::Timing;
use super::live::Fan;
use super::presence::Attendance;
use super::request::{Request, Wish};
use crate::domain::{Actor, Result, Timestamp};
use crate::ledger::{Entry, Ledger};
use crate::session::command;
use crate::wire::SessionStopParams;

/// Wishes in one batch.
const WISHES_MAX: usize = 1024;

/// What is asked of the core.
pub(super) struct Inbox {
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) stops: mpsc::Receiver<Request>,
}

/// The deciding task.
pub(super) struct Core {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) attendance: Arc<Attendance>,
    pub(super) clock: fn() -> Timestamp,
    pub(super) timing: Timing,
    fan: Fan,
    sessions: Sessions,
    deadlines: Deadlines,
    /// Entries of stops that are in force but could not be recorded yet; their positions are given when they are.
    unrecorded: Vec<Entry>,
    /// Wishes, and the stops that never wait behind them.
    inbox: Inbox,
    /// Stops that came while a batch was being made durable: first in the next one.
    held: Vec<Request>,
    /// Stops that are in force and answered, but not in a batch: the disk took too long, or cannot even be read.
    forced: Vec<(Arc<Actor>, SessionStopParams)>,
    /// Set while the record could not be written: not before then is it tried again without being asked.
    retry_at: Option<Instant>,
}

impl Core {
    /// Reads the record, and voids what a hub before us had granted and nobody used.
    pub(super) async fn start(
        ledger: Arc<dyn Ledger>,
        attendance: Arc<Attendance>,
        clock: fn() -> Timestamp,
        timing: Timing,
        inbox: Inbox,
    ) -> Result<(Self, Fan)> {
        let sessions = Sessions::load(&*ledger).await?;
        let fan = Fan::new(ledger.epoch(), sessions.head());
        let mut core = Self {
            ledger,
            attendance,
            clock,
            timing,
            fan: fan.clone(),
            sessions,
            deadlines: Deadlines::default(),
            unrecorded: Vec::new(),
            inbox,
            held: Vec::new(),
            forced: Vec::new(),
            retry_at: None,
        };
        let mut batch = core.begin();
        for id in core.sessions.ids() {
            let void =
                core.sessions.fold(&id).map(|fold| command::void_grants(fold, "the hub was restarted"));
            core.append(
                &mut batch,
                &id,
                &Actor::hub(),
                void.unwrap_or_default().into_iter().map(|body| (None, body)),
            )?;
            batch.touched.insert(id);
        }
        // What ran out of time meanwhile is ended as soon as the core runs: the deadlines are known from here on.
        core.commit(batch).await?;
        Ok((core, fan))
    }

    /// Decides until nobody can ask any more.
    pub(super) async fn run(mut self) {
        while let Some(first) = self.next().await {
            self.reload().await;
            let mut batch = self.begin();
            for stop in std::mem::take(&mut self.held) {
                self.handle(&mut batch, stop);
            }
            self.due(&mut batch);
            let mut next = first;
            while let Some(request) = next {
                self.handle(&mut batch, request);
                next = if batch.is_full() || batch.wishes() >= WISHES_MAX {
                    None
                } else {
                    self.inbox.stops.try_recv().or_else(|_| self.inbox.requests.try_recv()).ok()
                };
            }
            // What it says was told to everybody concerned.
            let _ = self.commit(batch).await;
        }
        tracing::debug!("the hub decides no more");
    }

    /// Waits until there is something to do: a wish, or (`Some(None)`) the time has come for something. `None` when
    /// nobody can ask any more.
    async fn next(&mut self) -> Option<Option<Request>> {
        if !self.held.is_empty() || !self.forced.is_empty() && self.retry_at.is_none() {
            return Some(None);
        }
        let wake = self.next_wake();
        let asleep = async {
            match wake {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(stop) = self.inbox.stops.recv() => Some(Some(stop)),
            request = self.inbox.requests.recv() => request.map(Some),
            () = self.attendance.departure() => Some(None),
            () = asleep => Some(None),
        }
    }

    fn handle(&mut self, batch: &mut Batch, request: Request) {
        let Request { from, actor, wish, reply } = request;
        if let Wish::Stop(params) = wish {
            return self.take_stop(batch, actor, params, Some(reply));
        }
        let outcome = self.decide(batch, from, &actor, wish);
        batch.replies.push((reply, outcome));
    }
}
