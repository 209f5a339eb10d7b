//! The last steps before the command, taken by the process that becomes it: a session without a terminal, the directory
//! and the standard input that it is handed, one more look, and `exec`.
//!
//! The gate starts its own program again for this (`holdpoint launch`, see [`launch`]). What cannot be done safely
//! between `fork` and `exec` is ordinary code here, and the look is as close to the kernel's as a program's can be.
//! Nothing is decided here and nobody is asked: the authority was used up before this process existed, and an order
//! that is not complete, because the gate died over it, starts nothing.

use std::convert::Infallible;
use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

use super::witness::{Place, Witness};
use crate::domain::{EnvVar, Untrusted};

/// The subcommand.
pub(super) const SUBCOMMAND: &str = "launch";
/// Said before the last look: from here on, an end without a further word means that the command took over.
const READY: u8 = b'.';
/// Exit status of a launcher that did not become a command.
const NOT_LAUNCHED: u8 = 70;

/// What to become. The descriptors come beside it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// The version of the program that gave it: after an upgrade during a long wait it may be another one.
    pub(super) version: String,
    /// All arguments, the name first.
    pub(super) argv: Vec<Untrusted>,
    /// The whole environment.
    pub(super) env: Vec<EnvVar>,
    /// The program by name, for what is not executed through its descriptor.
    pub(super) called: PathBuf,
    /// Whether it is executed through its descriptor.
    pub(super) native: bool,
    /// The working directory.
    pub(super) cwd: Place,
    /// What is looked at once more, the program last.
    pub(super) witnesses: Vec<Witness>,
}

/// The descriptors that go with an order.
pub(super) struct Handed {
    /// The working directory.
    pub(super) cwd: OwnedFd,
    /// The program, as it was digested.
    pub(super) program: OwnedFd,
    /// The command's standard input.
    pub(super) stdin: OwnedFd,
}

/// What became of an order.
#[derive(Debug)]
pub(super) enum Launched {
    /// The process is the command now.
    Yes,
    /// Nothing ran; why, one sentence each.
    No(Vec<Untrusted>),
    /// It had all of its order, and what it answered cannot be understood.
    Unclear(std::io::Error),
}

/// Gives an order to a fresh launcher and waits until it has become the command, or said why not.
///
/// # Errors
/// When it cannot be handed over; then nothing ran.
pub(super) fn give(mut line: &UnixStream, order: &Order, handed: &Handed) -> std::io::Result<Launched> {
    let descriptors = [handed.cwd.as_fd(), handed.program.as_fd(), handed.stdin.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !beside.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(std::io::Error::other("the descriptors do not fit"));
    }
    let order = serde_json::to_vec(order)?;
    let sent = sendmsg(line, &[IoSlice::new(&order)], &mut beside, SendFlags::empty())?;
    line.write_all(&order[sent..])?;
    line.shutdown(Shutdown::Write)?;
    Ok(outcome(line).unwrap_or_else(Launched::Unclear))
}

fn outcome(mut line: &UnixStream) -> std::io::Result<Launched> {
    let mut answer = Vec::new();
    line.read_to_end(&mut answer)?;
    Ok(match answer.split_first() {
        Some((&READY, [])) => Launched::Yes,
        Some((&READY, why)) => Launched::No(serde_json::from_slice(why)?),
        Some(_) => Launched::No(serde_json::from_slice(&answer)?),
        None => Launched::No(vec!["the process that was to become it ended before it did".into()]),
    })
}

/// Becomes what the order at standard input says, or says there why not. Returns only in the second case.
pub fn launch() -> ExitCode {
    // Standard input becomes the command's; the line stays open beside it until the command takes over.
    let Ok(line) = fcntl_dupfd_cloexec(std::io::stdin(), 3).map(UnixStream::from) else {
        return ExitCode::from(NOT_LAUNCHED);
    };
    let Err(why) = become_it(&line);
    // Where nobody listens there is nobody to be told; the exit status says it too.
    let _ = serde_json::to_vec(&why).map(|why| (&line).write_all(&why));
    ExitCode::from(NOT_LAUNCHED)
}

fn become_it(mut line: &UnixStream) -> Result<Infallible, Vec<Untrusted>> {
    let (order, handed) =
        receive(line).map_err(|e| vec![format!("this is started by `holdpoint gate` only: {e}").into()])?;
    let refuses = |e: &dyn std::fmt::Display| vec![format!("the system does not start it: {e}").into()];
    let mut command = Command::new(program(&order, &handed));
    command
        .arg0(order.argv.first().map_or("", Untrusted::expose))
        .args(order.argv.iter().skip(1).map(Untrusted::expose))
        .env_clear()
        .envs(order.env.iter().map(|var| (var.name.expose(), var.value.expose())));
    rustix::process::setsid().map_err(|e| refuses(&e))?;
    rustix::process::fchdir(&handed.cwd).map_err(|e| refuses(&e))?;
    rustix::stdio::dup2_stdin(&handed.stdin).map_err(|e| refuses(&e))?;
    line.write_all(&[READY]).map_err(|e| refuses(&e))?;
    let changed: Vec<Untrusted> =
        order.cwd.changed().into_iter().chain(order.witnesses.iter().filter_map(Witness::changed)).collect();
    if !changed.is_empty() {
        return Err(changed);
    }
    Err(refuses(&command.exec()))
}

/// What is handed to `exec`: for a native program the descriptor through which it was digested, so that what runs is
/// what was looked at, whatever the name means by then (`sudo` does the same for commands with a digest). A script
/// goes by its name, because its interpreter opens it again and it may ask for its own name.
fn program(order: &Order, handed: &Handed) -> PathBuf {
    let descriptor = PathBuf::from(format!("/proc/self/fd/{}", handed.program.as_raw_fd()));
    if order.native && descriptor.exists() { descriptor } else { order.called.clone() }
}

fn receive(mut line: &UnixStream) -> std::io::Result<(Order, Handed)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let mut order = vec![0; 64 * 1024];
    let length = recvmsg(line, &mut [IoSliceMut::new(&mut order)], &mut beside, RecvFlags::empty())?.bytes;
    order.truncate(length);
    let mut descriptors = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    // There is one thread here, so nothing can be started in between.
    descriptors.iter().try_for_each(|descriptor| fcntl_setfd(descriptor, FdFlags::CLOEXEC))?;
    let [cwd, program, stdin] =
        descriptors.try_into().map_err(|_| std::io::Error::other("a descriptor is missing"))?;
    line.read_to_end(&mut order)?;
    let order: Order = serde_json::from_slice(&order)?;
    if order.version != env!("CARGO_PKG_VERSION") {
        return Err(std::io::Error::other("the program was upgraded while the gate waited"));
    }
    Ok((order, Handed { cwd, program, stdin }))
}

/// Opens a directory to go there later, wherever it is by then.
pub(super) fn directory(path: &Path) -> std::io::Result<File> {
    use rustix::fs::OFlags;
    // Not for reading: whoever may enter a directory may not always list it.
    #[cfg(target_os = "linux")]
    let how = OFlags::PATH;
    #[cfg(not(target_os = "linux"))]
    let how = OFlags::RDONLY;
    let flags = how | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, rustix::fs::Mode::empty())?.into())
}
