//! What the system asks of the cockpit.
//!
//! Suspending: Ctrl-Z arrives as a key (the terminal is raw) and is turned into the same SIGTSTP that `kill -TSTP`
//! sends, for the whole process group as the terminal would; the signal then gives the terminal back and stops us.

use rustix::process::{self, Signal as Sys};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::domain::{Error, Kind, Result};

/// A wish of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End: SIGTERM, SIGINT, SIGQUIT.
    End,
    /// The terminal is gone: SIGHUP.
    Gone,
    /// Stop until continued: SIGTSTP.
    Suspend,
    /// Continued: SIGCONT. The terminal may have been used by others.
    Continue,
}

/// The signals, from the moment when this is made.
pub struct Signals {
    terminate: Stream,
    interrupt: Stream,
    quit: Stream,
    hang_up: Stream,
    stop: Stream,
    carry_on: Stream,
}

impl Signals {
    /// Starts to listen. Needs a tokio runtime.
    pub fn new() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hang_up: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(Sys::TSTP.as_raw()))?,
            carry_on: signal(SignalKind::from_raw(Sys::CONT.as_raw()))?,
        })
    }

    /// Waits for the next one. Safe to drop and call again.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Signal::End,
            _ = self.interrupt.recv() => Signal::End,
            _ = self.quit.recv() => Signal::End,
            _ = self.hang_up.recv() => Signal::Gone,
            _ = self.stop.recv() => Signal::Suspend,
            _ = self.carry_on.recv() => Signal::Continue,
        }
    }
}

/// What Ctrl-Z does outside raw mode: SIGTSTP to the process group. It comes back as [`Signal::Suspend`].
pub fn ask_to_suspend() -> Result<()> {
    can_be_continued()?;
    process::kill_current_process_group(Sys::TSTP).map_err(|e| Error::from(std::io::Error::from(e)))
}

/// A session's first process has no shell above it that could continue it.
pub(super) fn can_be_continued() -> Result<()> {
    let alone = process::getsid(None).is_ok_and(|session| session == process::getpid());
    if alone {
        return Err(Error::new(Kind::Unavailable, "there is no shell to go back to"));
    }
    Ok(())
}

pub(super) fn stop_here() -> Result<()> {
    process::kill_process(process::getpid(), Sys::STOP).map_err(|e| Error::from(std::io::Error::from(e)))
}
