//! Starts the approved process: exactly its arguments, directory, environment and standard input, in a session of its
//! own, so that it has no terminal. The last steps are taken in the new process (`launch`).

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal};
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use super::compose::Observed;
use super::launch::{self, Handed, Launched};
use crate::domain::{Stdin, Untrusted};

/// Why there is no command to watch.
#[derive(Debug)]
pub(super) enum NotStarted {
    /// Nothing ran; why, one sentence each.
    Nothing(Vec<Untrusted>),
    /// Something may have run for a moment, approved or not, and was killed.
    Other(Untrusted),
}

impl From<std::io::Error> for NotStarted {
    fn from(error: std::io::Error) -> Self {
        Self::Nothing(vec![format!("the system does not start it: {error}").into()])
    }
}

/// Starts it by way of `launcher`, this very program.
///
/// # Errors
/// When the system refuses, or something was changed since it was digested.
pub(super) async fn spawn(observed: &Observed, launcher: &Path) -> Result<Child, NotStarted> {
    let (order, handed) = (observed.order(), hand_over(observed)?);
    let (ours, theirs) = UnixStream::pair()?;
    // The command holds its end of the line as long as it lives; a temporary one does not outlive this statement.
    let mut child = Command::new(launcher)
        .arg(launch::SUBCOMMAND)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let given = tokio::task::spawn_blocking(move || launch::give(&ours, &order, &handed)).await;
    let why = match given.map_err(std::io::Error::other).flatten() {
        Ok(Launched::Yes) => {
            // The kernel lets nobody write to a program that runs, so this look is about all that can have run.
            if !observed.program_was_written() {
                return Ok(child);
            }
            return Err(killed(child, "the program was written to in the moment of its start").await);
        }
        Ok(Launched::Unclear(error)) => {
            return Err(killed(child, &format!("whether it was started was not told: {error}")).await);
        }
        Ok(Launched::No(why)) => NotStarted::Nothing(why),
        Err(error) => error.into(),
    };
    // It says why and ends; what it has not become by then it never will, because the line is closed.
    let _ = child.start_kill();
    let _ = child.wait().await;
    Err(why)
}

/// Kills what was started, or was about to be.
async fn killed(mut child: Child, why: &str) -> NotStarted {
    let group = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    // Whoever is gone already needs no killing.
    let _ = group.map(|group| rustix::process::kill_process_group(group, Signal::KILL));
    let _ = child.start_kill();
    let _ = child.wait().await;
    NotStarted::Other(format!("{why}; it was killed at once").into())
}

fn hand_over(observed: &Observed) -> std::io::Result<Handed> {
    let bytes = observed.exec.stdin.as_ref().map(Stdin::bytes).transpose();
    let stdin = match bytes.map_err(std::io::Error::other)? {
        Some(bytes) => feed(bytes)?,
        None => File::open("/dev/null")?.into(),
    };
    let (cwd, program) = (observed.cwd.try_clone()?.into(), observed.program.try_clone()?.into());
    Ok(Handed { cwd, program, stdin })
}

/// The end of a pipe from which these bytes can be read.
fn feed(bytes: Vec<u8>) -> std::io::Result<OwnedFd> {
    let (reader, writer) = std::io::pipe()?;
    let mut writer = pipe::Sender::from_owned_fd(writer.into())?;
    tokio::spawn(async move {
        // A command that does not read all of its input is within its rights.
        let _ = writer.write_all(&bytes).await;
    });
    Ok(reader.into())
}
