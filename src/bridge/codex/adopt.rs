//! Commands that an earlier life of the bridge let go: their ends are reported still. Pure.
//!
//! The record knows which holds were let go and not over, by the digest of their action; Codex knows its items. The
//! command and its folder bring the two together again.

use crate::domain::{Action, AgentCommand, ClientKey, Digest};

use super::approval::AGENT;
use super::asks::{End, Run, Word, end_of};
use super::item::{Command, Item, Numbered, Status};
use super::thread::{Effect, Effects, Thread};

/// A command of the history that was read when the thread was joined.
#[derive(Debug)]
struct Remembered {
    digest: Digest,
    turn: String,
    item: String,
    /// How it ended, where it did.
    end: Option<End>,
}

/// What is known of commands from before.
#[derive(Debug, Default)]
pub(super) struct Adoptions {
    history: Vec<Remembered>,
    /// Runs whose item was not found yet: a command outlives its turn, and the history of that does not show it.
    waiting: Vec<(Digest, ClientKey)>,
}

impl Adoptions {
    /// Keeps a command of the history.
    pub(super) fn remember(&mut self, turn: &str, numbered: &Numbered) {
        if let Item::Command(command) = &numbered.item
            && command.status != Status::Declined
            && let Some(digest) = digest_of(command)
        {
            let end = (command.status != Status::InProgress).then(|| end_of(&numbered.item)).flatten();
            self.history.push(Remembered { digest, turn: turn.to_owned(), item: numbered.id.clone(), end });
        }
    }

    /// The run that this command, which just ended, belongs to.
    pub(super) fn take(&mut self, item: &Item) -> Option<ClientKey> {
        let Item::Command(command) = item else { return None };
        let digest = digest_of(command)?;
        let at = self.waiting.iter().position(|(waiting, _)| *waiting == digest)?;
        Some(self.waiting.swap_remove(at).1)
    }
}

impl Thread {
    /// Takes over runs that the record has as let go and not over.
    pub(super) fn adopt(&mut self, runs: Vec<(ClientKey, Digest)>, effects: &mut Effects) {
        for (key, digest) in runs {
            let found = self.adoptions.history.iter().rposition(|remembered| remembered.digest == digest);
            match found.map(|at| self.adoptions.history.swap_remove(at)) {
                Some(Remembered { end: Some(end), .. }) => {
                    effects.push(Effect::Report { key, word: Word::Finished(end) });
                }
                Some(Remembered { turn, item, end: None, .. }) => {
                    effects.push(Effect::Watch { item: item.clone() });
                    self.runs.insert((turn, item), Run::adopted(key));
                }
                None => self.adoptions.waiting.push((digest, key)),
            }
        }
        self.adoptions.history.clear();
    }
}

/// The digest under which a command was asked about.
fn digest_of(command: &Command) -> Option<Digest> {
    let action = AgentCommand {
        agent: AGENT.into(),
        command: command.command.as_str().into(),
        cwd: command.cwd.as_str().into(),
        incomplete: None,
    };
    Action::AgentCommand(action).digest().ok()
}
