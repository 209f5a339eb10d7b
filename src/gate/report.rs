//! Tells the hub what becomes of a run, in order, without holding the run up.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::request::{Io, Progress};
use super::seat::{Change, Seat};
use crate::domain::{HoldId, Kind, SessionId};
use crate::link::Link;
use crate::wire::{ExecutionReport, ExecutionReportParams, Report};

/// Reports that may wait for the hub.
const WAITING_MAX: usize = 64;
/// How long a gate whose command has ended waits for the hub to take that in.
pub(super) const LAST_WORD_WITHIN: Duration = Duration::from_mins(1);

/// Before a hub that cannot record is told again.
const PAUSE: Duration = Duration::from_millis(500);

/// After this much of that time a person is told what is waited for.
const TELL_AFTER: Duration = Duration::from_secs(2);

/// A queue of reports and the task that delivers them. Each is sent again after a cut until the hub has it.
pub(super) struct Reporter {
    hold: HoldId,
    queue: mpsc::Sender<Report>,
    task: JoinHandle<bool>,
}

impl Reporter {
    /// Starts the task.
    pub(super) fn new(seat: &Seat, hold: HoldId) -> Self {
        let (queue, inbox) = mpsc::channel(WAITING_MAX);
        let task = tokio::spawn(deliver(seat.link(), seat.session.id.clone(), hold.clone(), inbox));
        Self { hold, queue, task }
    }

    /// The hold that is reported on.
    pub(super) fn hold(&self) -> HoldId {
        self.hold.clone()
    }

    /// Hands a report over. When the hub is out of reach for long and the queue is full, what is only repeated (that
    /// it still runs, what a stop does) is dropped; the last word waits for its place.
    pub(super) fn say(&self, report: Report) {
        let _ = self.queue.try_send(report);
    }

    /// Hands over the last reports and waits until the hub has them; answers whether it has the end. A signal ends
    /// the waiting: the command is over, and whoever waits for this gate wants to go on.
    pub(super) async fn finish(self, seat: &mut Seat, io: &mut Io, last: Vec<Report>) -> bool {
        let Self { queue, task, .. } = self;
        // Whatever ends the waiting ends the task too.
        let _task = AbortOnDrop(task.abort_handle());
        let delivered = async move {
            for report in last {
                // Fails only when the task has ended, and then its answer says so.
                let _ = queue.send(report).await;
            }
            drop(queue);
            task.await.unwrap_or(false)
        };
        tokio::pin!(delivered);
        let (tell, deadline) = (sleep(TELL_AFTER), sleep(LAST_WORD_WITHIN));
        tokio::pin!(tell, deadline);
        let mut told = false;
        loop {
            tokio::select! {
                done = &mut delivered => return done,
                () = &mut deadline => return false,
                Some(_) = io.signals.recv() => return false,
                () = &mut tell, if !told => {
                    told = true;
                    (io.tell)(Progress::ReportPending);
                }
                change = seat.change() => if let Change::Over(_) = change { return false },
            }
        }
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Delivers in order, each until the hub has it; answers whether it took in how it ended.
async fn deliver(link: Link, session: SessionId, hold: HoldId, mut inbox: mpsc::Receiver<Report>) -> bool {
    let mut told = false;
    while let Some(report) = inbox.recv().await {
        let is_end = matches!(report, Report::Finished(_) | Report::Refused { .. } | Report::Lost { .. });
        let params = ExecutionReportParams { session: session.clone(), hold: hold.clone(), report };
        let mut answer = link.call::<ExecutionReport>(&params).await;
        // A hub whose disk is full says so; what became of a run must not be lost by that.
        while answer.as_ref().is_err_and(|error| error.kind() == Kind::Unavailable) {
            sleep(PAUSE).await;
            answer = link.call::<ExecutionReport>(&params).await;
        }
        told |= is_end && answer.is_ok();
    }
    told
}
