//! From the spawned process to its end: passes output and signals, carries out a stop, keeps the hub informed.

use std::time::Duration;

use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::ending::{End, Ran};
use super::family::Family;
use super::output::{Passed, Tail, pass};
use super::report::Reporter;
use super::request::{Io, Progress};
use super::seat::{Change, Seat};
use super::stop::{Ladder, Step};
use crate::domain::{Untrusted, failpoint};
use crate::session::ExecutionFinished;
use crate::wire::Report;

/// How often a stop looks whether anything still lives. Without a stop nothing ticks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A process that runs.
pub(super) struct Running {
    child: Child,
    pid: u32,
    family: Family,
    ladder: Ladder,
    reporter: Reporter,
    ended: watch::Sender<bool>,
    tail: Tail,
    stdout: Option<JoinHandle<Passed>>,
    stderr: Option<JoinHandle<Passed>>,
    /// What stops achieved, to be reported behind the end.
    stopped_by: Option<Untrusted>,
}

impl Running {
    /// Takes a fresh child in, and tells the hub.
    pub(super) fn new(mut child: Child, alone: bool, io: &mut Io, reporter: Reporter) -> Option<Self> {
        let pid = child.id()?;
        let family = Family::new(pid, alone)?;
        let (ended, watcher) = watch::channel(false);
        let tail = Tail::default();
        let sink = || Box::new(tokio::io::sink());
        let stdout = child.stdout.take().map(|from| {
            let to = std::mem::replace(&mut io.stdout, sink());
            tokio::spawn(pass(from, to, tail.clone(), watcher.clone()))
        });
        let stderr = child.stderr.take().map(|from| {
            let to = std::mem::replace(&mut io.stderr, sink());
            tokio::spawn(pass(from, to, tail.clone(), watcher))
        });
        reporter.say(Report::Started { pid: Some(pid) });
        let (ladder, stopped_by) = (Ladder::default(), None);
        Some(Self { child, pid, family, ladder, reporter, ended, tail, stdout, stderr, stopped_by })
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Stays until the run is over, then reports.
    pub(super) async fn until_it_ends(mut self, seat: &mut Seat, io: &mut Io) -> End {
        let status = self.watch(seat, io).await;
        self.ended.send_replace(true);
        let (stdout, stderr) = (joined(self.stdout.take()).await, joined(self.stderr.take()).await);
        let left_running = if self.family.is_gone() { 0 } else { self.family.count().max(1) };
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                let reason: Untrusted = format!("the system does not tell how it ended: {error}").into();
                self.reporter.finish(seat, io, vec![Report::Lost { reason: reason.clone() }]).await;
                return End::Unknown { reason };
            }
        };
        let finished = ExecutionFinished {
            hold: self.reporter.hold(),
            exit: status.code(),
            signal: status.signal(),
            stdout_sha256: stdout.sha256,
            stderr_sha256: stderr.sha256,
            output_bytes: stdout.bytes + stderr.bytes,
            tail: self.tail.text(),
        };
        let mut last = vec![Report::Finished(finished.clone())];
        last.extend(self.stop_report(left_running));
        failpoint::hit("gate.report");
        let reported = self.reporter.finish(seat, io, last).await;
        End::Ran(Ran {
            exit: finished.exit,
            signal: finished.signal,
            pid: Some(self.pid),
            stdout_sha256: finished.stdout_sha256,
            stderr_sha256: finished.stderr_sha256,
            output_bytes: finished.output_bytes,
            tail: finished.tail,
            left_running,
            earlier: false,
            reported,
        })
    }

    /// Waits for the command's end; with a stop of level 2 or 3 also until nothing of it lives.
    async fn watch(&mut self, seat: &mut Seat, io: &mut Io) -> std::io::Result<ExitStatus> {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut children = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child())?;
        let mut status = None;
        let mut connected = true;
        self.obey(seat, io);
        loop {
            tokio::select! {
                ended = self.child.wait(), if status.is_none() => status = Some(ended?),
                change = seat.change(), if connected => match change {
                    Change::Folded => self.obey(seat, io),
                    Change::Back => {
                        self.reporter.say(Report::Started { pid: Some(self.pid) });
                        (io.tell)(Progress::Back);
                    }
                    Change::Cut(error) => (io.tell)(Progress::Unreachable { why: error.message().into() }),
                    // The command goes on: it was approved, and its end can still be told to whoever waits here.
                    Change::Over(_) => connected = false,
                },
                Some(signal) = io.signals.recv() => self.family.pass_on(signal),
                _ = children.recv() => self.family.collect_orphans(),
                _ = look.tick(), if self.ladder.wants_all_dead() => {
                    if (status.is_none() || !self.family.is_gone())
                        && let Some(step) = self.ladder.tick(Instant::now())
                    {
                        self.take(step, io);
                    }
                }
            }
            if let Some(status) = status
                && (!self.ladder.wants_all_dead() || self.family.is_gone())
            {
                return Ok(status);
            }
        }
    }

    /// Looks whether somebody asked for a stop, and how far.
    fn obey(&mut self, seat: &Seat, io: &mut Io) {
        let Some(stop) = &seat.session.stop else { return };
        if let Some(step) = self.ladder.ask(stop.level, Instant::now()) {
            self.stopped_by = Some(stop.by.name.clone());
            self.take(step, io);
        }
    }

    fn take(&mut self, step: Step, io: &mut Io) {
        let what = match step {
            Step::Leave => "level 1: the command goes on; a second stop interrupts it",
            Step::Interrupt => "SIGINT was sent to its process group; SIGTERM follows in 10 s",
            Step::Terminate => "SIGTERM was sent, because it did not end within 10 s of SIGINT",
            Step::Kill => "SIGKILL was sent to all of its processes",
            Step::Survives => "it goes on in spite of SIGINT and SIGTERM; a third stop kills it",
            Step::KillAgain => return self.family.kill(),
            Step::Undying => {
                "some of it lives on in spite of SIGKILL, or forks faster than it is killed; that goes on"
            }
        };
        match step {
            Step::Interrupt => self.family.signal_all(Signal::INT),
            Step::Terminate => self.family.signal_all(Signal::TERM),
            Step::Kill | Step::KillAgain | Step::Undying => self.family.kill(),
            Step::Leave | Step::Survives => {}
        }
        if matches!(step, Step::Leave | Step::Survives | Step::Undying) {
            self.reporter.say(Report::Stopped { what: what.into(), dead: Some(false) });
        }
        let (by, level) = (self.stopped_by.clone().unwrap_or_default(), self.ladder.level());
        (io.tell)(Progress::Stopping { by, level, what: what.into() });
    }

    /// What a stop achieved, once the run is over.
    fn stop_report(&self, left_running: u32) -> Option<Report> {
        let what = match (self.ladder.level(), left_running) {
            (0, _) => return None,
            (1, 0) => "the command ended by itself; none of its processes is left".into(),
            (_, 0) => "the command and all processes that it started are gone".into(),
            (_, n) => format!("the command ended; {n} of the processes it started still run"),
        };
        Some(Report::Stopped { what: what.into(), dead: Some(left_running == 0) })
    }
}

/// What a stream came to; a task that broke down has seen nothing whole.
async fn joined(task: Option<JoinHandle<Passed>>) -> Passed {
    let nothing = Passed { sha256: None, bytes: 0 };
    match task {
        Some(task) => task.await.unwrap_or(nothing),
        None => nothing,
    }
}
