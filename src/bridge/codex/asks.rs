//! What Codex waits for, from its question to the end of what it was let do. Pure.
//!
//! A question is known by its turn, its item and its part, never by its number alone: Codex asks again under the same
//! number when somebody joins, and the question must find its hold again. One whose hold was withdrawn while Codex
//! still waits is asked anew, under the next attempt's key. Only a person's approval, of this action's digest, young
//! enough, makes an `accept`; everything else declines or leaves the question open.

use std::collections::HashMap;

use crate::domain::{
    Action, ClientKey, Digest, Error, FileChange, HoldId, Outcome, Result, Timestamp, Untrusted,
};
use crate::session::ExecutionFinished;
use crate::session::command::GRANT_TTL_MS;
use crate::wire::{HoldAnswer, Report, Withdrawal};

use super::approval::Ask;
use super::item::{Change, Command, Item, Numbered, Patch, Status, Tool};
use super::thread::{Closing, Effect, Effects, Thread};
use super::translate::{self, is_cut, key};

/// How much of a command is repeated to the agent, in characters.
const REPEATED_MAX_CHARS: usize = 300;
/// How much of an output stands in a report, in bytes.
const TAIL_MAX_BYTES: usize = 2048;

/// A question under way.
#[derive(Debug)]
struct Pending {
    ask: Ask,
    attempt: u32,
    key: ClientKey,
    digest: Digest,
    hold: Option<HoldId>,
    /// What it was answered, once it was: whether it may.
    answered: Option<bool>,
    /// When a person let it go.
    approved_at: Option<Timestamp>,
}

/// Everything that Codex waits for in a thread.
#[derive(Debug, Default)]
pub(super) struct Asks {
    pending: Vec<Pending>,
    /// The last attempt of each question that was asked anew, by its turn and its subject, as long as the turn goes on.
    attempts: HashMap<(String, ClientKey), u32>,
}

/// What is known of a run. The clerk, who knows the hold, makes a report of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Started { pid: Option<u32> },
    Finished(End),
    Refused(&'static str),
    Lost(String),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct End {
    pub(super) exit: Option<i32>,
    pub(super) sha256: Option<Digest>,
    pub(super) bytes: u64,
    pub(super) tail: Option<Untrusted>,
}

impl Word {
    /// The report about this hold.
    pub(super) fn about(self, hold: &HoldId) -> Report {
        match self {
            Self::Started { pid } => Report::Started { pid },
            Self::Refused(reason) => Report::Refused { reason: reason.into() },
            Self::Lost(reason) => Report::Lost { reason: reason.into() },
            Self::Finished(End { exit, sha256, bytes, tail }) => Report::Finished(ExecutionFinished {
                hold: hold.clone(),
                exit,
                signal: None,
                stdout_sha256: sha256,
                stderr_sha256: None,
                output_bytes: bytes,
                tail,
            }),
        }
    }
}

/// The run of something that was let go, by us or elsewhere.
#[derive(Debug)]
pub(super) struct Run {
    key: ClientKey,
    /// Whether a person let it go here; if not, it was answered elsewhere and may never run.
    approved: bool,
    started: bool,
}

impl Run {
    /// One that an earlier life of the bridge let go.
    pub(super) fn adopted(key: ClientKey) -> Self {
        Self { key, approved: true, started: false }
    }

    /// Nothing more will be heard of it.
    pub(super) fn lost(self, reason: &str) -> Option<Effect> {
        let known = self.approved || self.started;
        known.then(|| Effect::Report { key: self.key, word: Word::Lost(reason.to_owned()) })
    }
}

impl Asks {
    /// Whether a question about this item is under way.
    pub(super) fn is_about(&self, turn: &str, item: &str) -> bool {
        self.pending.iter().any(|p| p.ask.turn == turn && p.ask.item.as_deref() == Some(item))
    }

    /// Takes the place of those who wait again, after the hub or its connection was gone.
    pub(super) fn attach_again(&self, effects: &mut Effects) {
        for p in self.pending.iter().filter(|p| p.answered.is_none()) {
            effects.push(p.open());
        }
    }

    /// The turn is over, and with it every question of it. What was let go is resolved still.
    pub(super) fn end_of_turn(&mut self, turn: &str, how: &str, effects: &mut Effects) {
        let (ended, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|p| p.ask.turn == turn && p.answered != Some(true));
        self.pending = rest;
        self.attempts.retain(|(of, _), _| of != turn);
        effects.extend(ended.iter().filter_map(|p| p.give_up(how)));
    }

    /// Codex is gone, and with it every question.
    pub(super) fn gone(&mut self, reason: &str, effects: &mut Effects) {
        effects.extend(self.pending.drain(..).filter_map(|p| p.give_up(reason)));
    }

    /// How many questions and attempts are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> (usize, usize) {
        (self.pending.len(), self.attempts.len())
    }

    fn by_key(&mut self, key: &ClientKey) -> Option<&mut Pending> {
        self.pending.iter_mut().find(|p| p.key == *key && p.answered.is_none())
    }
}

impl Pending {
    fn open(&self) -> Effect {
        Effect::Open { key: self.key.clone(), proposal: self.ask.proposal.clone() }
    }

    fn withdraw(&self, outcome: Withdrawal, reason: &str) -> Effect {
        Effect::Withdraw { key: self.key.clone(), outcome, reason: reason.into() }
    }

    /// Nothing more will be heard about it.
    fn give_up(&self, reason: &str) -> Option<Effect> {
        match self.answered {
            None => Some(self.withdraw(Withdrawal::Withdrawn, reason)),
            Some(true) => Some(Effect::Report { key: self.key.clone(), word: Word::Lost(reason.to_owned()) }),
            Some(false) => None,
        }
    }

    fn answer(&mut self, accept: bool) -> Effect {
        self.answered = Some(accept);
        let result = if accept { self.ask.style.accept() } else { self.ask.style.decline() };
        Effect::Answer { request: self.ask.request.clone(), result }
    }

    /// Tells the agent why before it is told that.
    fn decline_because(&mut self, text: String) -> Effect {
        self.answered = Some(false);
        let then = Some((self.ask.request.clone(), self.ask.style.decline()));
        Effect::Tell { turn: self.ask.turn.clone(), text, then }
    }

    /// What it is about, short, for the agent itself.
    fn subject(&self) -> String {
        let text = match &self.ask.proposal.action {
            Action::AgentCommand(command) => command.command.expose().to_owned(),
            Action::AgentPatch(patch) => {
                let paths: Vec<&str> = patch.changes.iter().map(|change| change.path.expose()).collect();
                format!("file changes in {}", paths.join(", "))
            }
            Action::AgentTool(tool) => {
                format!("{}.{} {}", tool.server.expose(), tool.tool.expose(), tool.arguments.expose())
            }
            Action::Exec(exec) => exec.argv.iter().map(Untrusted::expose).collect::<Vec<_>>().join(" "),
        };
        let mut short: String = text.chars().take(REPEATED_MAX_CHARS).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        short
    }
}

/// Whether an approval of that time may not be carried over any more.
fn is_stale(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) > GRANT_TTL_MS
}

fn too_late(at: Timestamp) -> String {
    let seconds = GRANT_TTL_MS / 1000;
    format!(
        "The approval of {at} did not reach the agent within {seconds} s. It was not passed on; a person is asked anew."
    )
}

/// The key of one attempt at a question. The action is part of it: another action is another question.
fn ask_key(subject: &ClientKey, generation: u32, attempt: u32, digest: Digest) -> Result<ClientKey> {
    ClientKey::new(format!("{subject}:{generation}:{attempt}:{}", &digest.to_string()[..16]))
}

impl Thread {
    fn subject_of(&self, ask: &Ask) -> Result<ClientKey> {
        let item = ask.item.as_deref().unwrap_or_default();
        key("ask", &[&self.id, &ask.turn, item, &ask.part])
    }

    /// Codex asks, or asks again.
    pub(super) fn ask(&mut self, ask: Ask, now: Timestamp, effects: &mut Effects) -> Result<()> {
        let same =
            |p: &&mut Pending| p.ask.turn == ask.turn && p.ask.item == ask.item && p.ask.part == ask.part;
        if let Some(p) = self.asks.pending.iter_mut().find(same) {
            p.ask.request = ask.request;
            // It asks again although it was answered: the answer did not arrive.
            let stale = p.approved_at.filter(|at| is_stale(*at, now));
            match (p.answered, stale) {
                (Some(true), Some(at)) => {
                    (p.answered, p.approved_at) = (None, None);
                    let key = p.key.clone();
                    return self.ask_anew_because(&key, &too_late(at), effects);
                }
                (Some(accept), _) => effects.push(p.answer(accept)),
                (None, _) => {}
            }
            return Ok(());
        }
        let subject = self.subject_of(&ask)?;
        let attempt = self.asks.attempts.get(&(ask.turn.clone(), subject.clone())).copied().unwrap_or(1);
        Self::announce(&ask, effects)?;
        let action = ask.proposal.action.digest();
        let digest = action.as_ref().copied().unwrap_or(Digest::of(b""));
        let key = ask_key(&subject, self.generation(), attempt, digest)?;
        let mut pending =
            Pending { ask, attempt, key, digest, hold: None, answered: None, approved_at: None };
        match action {
            Ok(_) => effects.push(pending.open()),
            Err(error) => effects.extend(self.cannot_ask(&mut pending, &error)?),
        }
        self.asks.pending.push(pending);
        Ok(())
    }

    /// Says what is asked about, where its beginning was not heard of.
    fn announce(ask: &Ask, effects: &mut Effects) -> Result<()> {
        if let (Some(id), Action::AgentCommand(command)) = (&ask.item, &ask.proposal.action) {
            let command = Command { command: command.command.expose().to_owned(), ..Command::default() };
            let numbered = Numbered { id: id.clone(), item: Item::Command(command) };
            effects.extend(translate::started(&ask.turn, &numbered)?.into_iter().map(Effect::Say));
        }
        Ok(())
    }

    /// No person can be asked: the agent is told so, and nothing runs.
    fn cannot_ask(&mut self, pending: &mut Pending, error: &Error) -> Result<Vec<Effect>> {
        let why = format!("Holdpoint could not ask a person: {error}");
        let words = format!("{why}. It was declined; nothing ran: {}", pending.subject());
        let note = Effect::Say(translate::note(self.once("unasked")?, &words));
        let answer = if self.over {
            pending.answer(false)
        } else {
            pending.decline_because(format!("{why}. Nothing was run."))
        };
        Ok(vec![note, answer])
    }

    /// A person is asked now, or was before.
    pub(super) fn opened(
        &mut self,
        key: &ClientKey,
        answer: &HoldAnswer,
        closing: Option<Closing>,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<()> {
        let Some(p) = self.asks.by_key(key) else { return Ok(()) };
        if answer.digest != p.digest {
            // The key has a hold about something else: a decision on that is none on this.
            return self.ask_anew(key, effects);
        }
        p.hold = Some(answer.hold.clone());
        closing.map_or(Ok(()), |closing| self.closed(&closing, now, effects))
    }

    /// No hold could be opened.
    pub(super) fn refused(&mut self, key: &ClientKey, error: &Error, effects: &mut Effects) -> Result<()> {
        let Some(at) = self.asks.pending.iter().position(|p| p.key == *key && p.answered.is_none()) else {
            return Ok(());
        };
        let mut pending = self.asks.pending.swap_remove(at);
        if pending.hold.is_some() {
            effects.push(
                pending.withdraw(Withdrawal::Withdrawn, "it was declined: the hub was away for too long"),
            );
        }
        effects.extend(self.cannot_ask(&mut pending, error)?);
        self.asks.pending.push(pending);
        Ok(())
    }

    /// A hold ended. An approval counts for as long as a gate could use one; later the world is another one than the
    /// person looked at, and the agent would run it without anybody expecting that.
    pub(super) fn closed(&mut self, closing: &Closing, now: Timestamp, effects: &mut Effects) -> Result<()> {
        let over = self.over;
        let of_hold = |p: &&mut Pending| p.hold.as_ref() == Some(&closing.hold) && p.answered.is_none();
        let Some(p) = self.asks.pending.iter_mut().find(of_hold) else { return Ok(()) };
        let not_run = match closing.outcome {
            Outcome::Approved if is_stale(closing.at, now) => {
                let key = p.key.clone();
                return self.ask_anew_because(&key, &too_late(closing.at), effects);
            }
            Outcome::Approved => {
                p.approved_at = Some(closing.at);
                effects.push(p.answer(true));
                return Ok(());
            }
            // An end that is no answer to Codex.
            Outcome::Withdrawn | Outcome::Superseded | Outcome::AnsweredElsewhere => {
                let key = p.key.clone();
                return self.ask_anew(&key, effects);
            }
            Outcome::Denied => format!("denied by {}", closing.by.name.expose()),
            Outcome::Expired => "nobody answered in time".to_owned(),
        };
        if over {
            effects.push(p.answer(false));
        } else {
            let text = refusal_words(closing, &not_run, &p.subject());
            effects.push(p.decline_because(text));
        }
        if let Some(item) = &p.ask.item {
            effects.push(Effect::Say(translate::not_run(&p.ask.turn, item, &not_run)?));
        }
        Ok(())
    }

    /// The same, and says on record why.
    fn ask_anew_because(&mut self, key: &ClientKey, why: &str, effects: &mut Effects) -> Result<()> {
        effects.push(Effect::Say(translate::note(self.once("anew")?, why)));
        self.ask_anew(key, effects)
    }

    /// Asks once more under a new key, because the old one's hold cannot be answered any more.
    fn ask_anew(&mut self, key: &ClientKey, effects: &mut Effects) -> Result<()> {
        let generation = self.generation();
        let Some(at) = self.asks.pending.iter().position(|p| p.key == *key) else { return Ok(()) };
        let subject = self.subject_of(&self.asks.pending[at].ask)?;
        let p = &mut self.asks.pending[at];
        p.attempt += 1;
        p.key = ask_key(&subject, generation, p.attempt, p.digest)?;
        p.hold = None;
        self.asks.attempts.insert((p.ask.turn.clone(), subject), p.attempt);
        effects.push(p.open());
        Ok(())
    }

    /// The session changed: what is asked is asked there.
    pub(super) fn ask_in_next_session(&mut self, effects: &mut Effects) -> Result<()> {
        let open: Vec<ClientKey> =
            self.asks.pending.iter().filter(|p| p.answered.is_none()).map(|p| p.key.clone()).collect();
        open.iter().try_for_each(|key| self.ask_anew(key, effects))
    }

    /// The file changes that a person looks at are not the ones that would be made any more.
    pub(super) fn changed(
        &mut self,
        turn: &str,
        item: &str,
        changes: &[Change],
        effects: &mut Effects,
    ) -> Result<()> {
        let about = |p: &&mut Pending| {
            p.ask.turn == turn && p.ask.item.as_deref() == Some(item) && p.answered.is_none()
        };
        let Some(p) = self.asks.pending.iter_mut().find(about) else { return Ok(()) };
        let Action::AgentPatch(patch) = &mut p.ask.proposal.action else { return Ok(()) };
        let new: Vec<FileChange> = changes.iter().map(FileChange::from).collect();
        if patch.changes == new {
            return Ok(());
        }
        patch.changes = new;
        p.digest = p.ask.proposal.action.digest()?;
        let key = p.key.clone();
        effects.push(p.withdraw(Withdrawal::Withdrawn, "Codex changed the file changes it asks about"));
        self.ask_anew(&key, effects)
    }

    /// Codex has its answer: ours, or somebody else's.
    pub(super) fn resolved(&mut self, request: &super::wire::RequestId, effects: &mut Effects) {
        let Some(at) = self.asks.pending.iter().position(|p| p.ask.request == *request) else { return };
        let p = self.asks.pending.swap_remove(at);
        if p.answered.is_none() {
            effects.push(p.withdraw(Withdrawal::AnsweredElsewhere, "it was answered in Codex' own screen"));
        }
        let Some(item) = p.ask.item.clone().filter(|_| p.answered != Some(false)) else { return };
        let approved = p.answered == Some(true);
        let mut run = Run { key: p.key.clone(), approved, started: false };
        match &p.ask.proposal.action {
            Action::AgentCommand(_) => effects.push(Effect::Watch { item: item.clone() }),
            Action::AgentTool(_) if approved => {
                run.started = true;
                effects.push(Effect::Report { key: run.key.clone(), word: Word::Started { pid: None } });
            }
            Action::AgentTool(_) | Action::AgentPatch(_) | Action::Exec(_) => {}
        }
        self.runs.insert((p.ask.turn, item), run);
    }

    /// The process of a command that was let go exists.
    pub(super) fn running(&mut self, item: &str, pid: Option<u32>, effects: &mut Effects) {
        let run = self.runs.iter_mut().find(|((_, of), _)| of == item).map(|(_, run)| run);
        if let Some(run) = run.filter(|run| !run.started) {
            run.started = true;
            effects.push(Effect::Report { key: run.key.clone(), word: Word::Started { pid } });
        }
    }

    /// An item is over; if it was let go, this is what became of it.
    pub(super) fn finished(&mut self, turn: &str, numbered: &Numbered, effects: &mut Effects) {
        let known = self.runs.remove(&(turn.to_owned(), numbered.id.clone()));
        let adopted = self.adoptions.take(&numbered.item).map(Run::adopted);
        let Some(run) = known.or(adopted) else { return };
        let word = match end_of(&numbered.item) {
            Some(end) => Word::Finished(end),
            None if run.approved => {
                Word::Refused("Codex says that it was declined: somebody answered it there first")
            }
            None => return,
        };
        effects.push(Effect::Report { key: run.key, word });
    }
}

impl From<&Change> for FileChange {
    fn from(change: &Change) -> Self {
        Self {
            path: change.path.as_str().into(),
            change: change.kind.words().into(),
            diff: change.diff.as_str().into(),
        }
    }
}

/// What the agent is told when a hold ended without an approval.
fn refusal_words(closing: &Closing, not_run: &str, subject: &str) -> String {
    let mut text = format!("Not run: {not_run} (Holdpoint).\nIt was: {subject}\n");
    if let Some(reason) = &closing.reason {
        text.push_str("The reason: ");
        text.push_str(reason.expose());
        text.push('\n');
    }
    text.push_str("Do not try to reach the same effect another way. Take the reason into account, or ask.");
    text
}

/// How a run ended; `None` when it never began.
pub(super) fn end_of(item: &Item) -> Option<End> {
    match item {
        Item::Command(Command { status: Status::Declined, .. })
        | Item::Patch(Patch { status: Status::Declined, .. }) => None,
        Item::Command(command) => {
            let output = command.aggregated_output.as_deref().unwrap_or_default();
            // Codex says -1 where a signal ended it.
            Some(ended(command.exit_code.filter(|exit| *exit >= 0), output, !is_cut(output)))
        }
        Item::Patch(patch) => {
            let word = if patch.status == Status::Completed { "made" } else { "not made: it failed" };
            Some(ended(None, &format!("{} file changes {word}", patch.changes.len()), false))
        }
        Item::Tool(Tool { answer, .. }) => {
            let (words, _) = answer.clone().unwrap_or_default();
            Some(ended(None, &words, true))
        }
        Item::Words { .. } | Item::Other { .. } => Some(ended(None, "", false)),
    }
}

/// `whole` tells whether the output is all there was, so that its digest means something.
fn ended(exit: Option<i32>, output: &str, whole: bool) -> End {
    let from = output.ceil_char_boundary(output.len().saturating_sub(TAIL_MAX_BYTES));
    let tail = Some(&output[from..]).filter(|tail| !tail.is_empty()).map(Untrusted::from);
    End { exit, sha256: whole.then(|| Digest::of(output.as_bytes())), bytes: output.len() as u64, tail }
}
