//! What a gate is asked to do, and what it needs from whoever starts it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::sync::mpsc;

use crate::domain::{
    Action, ClientKey, Digest, EnvVar, EvidenceId, HoldId, Proposal, SessionId, Timestamp, Untrusted,
};

/// A command that wants to run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The exact argument vector; the first is looked up in the action's `PATH`, as `execvp` would.
    pub argv: Vec<String>,
    /// The working directory, absolute.
    pub cwd: PathBuf,
    /// The whole environment; see [`chosen`](super::chosen).
    pub env: Vec<EnvVar>,
    /// Standard input; absent means `/dev/null`.
    pub stdin: Option<Vec<u8>>,
    /// What the proposer says about it.
    pub words: Words,
    /// The session that it belongs to; absent means one of its own.
    pub session: Option<SessionId>,
    /// The same key asks about the same hold, so that a repeated gate attaches instead of asking (and running)
    /// twice; absent means a fresh one.
    pub key: Option<ClientKey>,
    /// How long a person may take; absent means the hub's default.
    pub expires_in: Option<Duration>,
    /// Whether every child of this process is the command's, so that descendants which left its process group can be
    /// told and stopped too. True for `holdpoint gate`, false inside a larger program.
    pub alone: bool,
    /// The program `holdpoint` itself: started again, it becomes the command (see [`launch`](super::launch)).
    pub launcher: PathBuf,
}

/// This very program, as a [`Request::launcher`]: on Linux the file that runs, even when another one has taken its
/// place since.
///
/// # Errors
/// When the system does not say which program this is.
pub fn this_program() -> std::io::Result<PathBuf> {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() { Ok(own) } else { std::env::current_exe() }
}

/// A proposer's words. They are claims; no figure is computed from them.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// The service it is meant for.
    pub service: Option<Untrusted>,
    /// The environment it is meant for.
    pub environment: Option<Untrusted>,
    /// Why.
    pub why: Option<Untrusted>,
    /// What it would touch.
    pub claim: Option<Untrusted>,
    /// How to undo it.
    pub undo: Option<Untrusted>,
    /// The evidence that it rests on.
    pub cites: Vec<EvidenceId>,
}

impl Words {
    pub(super) fn about(&self, action: Action) -> Proposal {
        let Self { service, environment, why, claim, undo, cites } = self.clone();
        Proposal { action, service, environment, why, claim, undo, cites }
    }
}

/// What connects a gate to its surroundings.
pub struct Io {
    /// Takes the command's standard output, byte for byte.
    pub stdout: Box<dyn AsyncWrite + Send + Unpin>,
    /// Takes the command's standard error, byte for byte.
    pub stderr: Box<dyn AsyncWrite + Send + Unpin>,
    /// Signal numbers that this process received: before the decision any of them withdraws, during the run they are
    /// passed on. A closed channel means that none will come.
    pub signals: mpsc::Receiver<i32>,
    /// Told what happens meanwhile.
    pub tell: Box<dyn FnMut(Progress) + Send>,
}

impl Io {
    /// Output to nowhere (its digests and its tail are still in the [`Ending`](super::Ending)), no signals, nobody told.
    pub fn quiet() -> Self {
        let (_, signals) = mpsc::channel(1);
        Self {
            stdout: Box::new(tokio::io::sink()),
            stderr: Box::new(tokio::io::sink()),
            signals,
            tell: Box::new(drop),
        }
    }
}

/// What happens between the proposal and the end.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// A person is asked.
    Waiting {
        /// Where.
        session: SessionId,
        /// Which hold.
        hold: HoldId,
        /// Its number within the session.
        number: u32,
        /// Of the action's bytes.
        digest: Digest,
        /// When it closes by itself.
        expires_at: Timestamp,
    },
    /// The hub is out of reach; the gate goes on waiting.
    Unreachable {
        /// Why.
        why: String,
    },
    /// The hub is back, and knows again that this gate waits.
    Back,
    /// Approved, used up, checked and started.
    Started {
        /// Who approved.
        by: Untrusted,
        /// The process.
        pid: u32,
    },
    /// Somebody asked for a stop while the command runs.
    Stopping {
        /// Who.
        by: Untrusted,
        /// How far: 1 to 3.
        level: u8,
        /// What the gate does about it.
        what: String,
    },
    /// The command ended, and the hub has not taken in the report yet.
    ReportPending,
}
