//! One thread of Codex' as a state machine: what came in, and what has to be done about it. Pure.
//!
//! Everything is keyed within the thread: request numbers mean nothing outside an app-server's life, item
//! identifiers nothing outside their thread. The asks are in `asks.rs`; whoever carries the effects out is `actor.rs`.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::{
    Actor, ClientKey, Digest, Error, HoldId, Outcome, Proposal, Result, Timestamp, Untrusted,
};
use crate::session::{AgentJoined, AgentLeft, SessionClosed, StopConfirmed};
use crate::wire::{HoldAnswer, Withdrawal};

use super::adopt::Adoptions;
use super::approval::{AGENT, UnderWay, Wish, read as read_request};
use super::asks::{Asks, Run, Word};
use super::item::{About, Change, Item, Numbered, Resumed, Settings, TurnStatus, TurnsPage};
use super::translate::{self, Saying, key};
use super::unasked;
use super::wire::RequestId;

/// How a hold ended, as the hub's record has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Closing {
    pub(super) hold: HoldId,
    pub(super) outcome: Outcome,
    pub(super) by: Actor,
    pub(super) at: Timestamp,
    pub(super) reason: Option<Untrusted>,
}

/// What a stop achieved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Halt {
    pub(super) what: String,
    pub(super) dead: Option<bool>,
}

/// What can happen to a thread.
#[derive(Debug)]
pub(super) enum Input {
    /// Codex asks.
    Asked { id: RequestId, method: String, params: Box<RawValue> },
    /// Codex tells.
    Told { method: String, params: Box<RawValue> },
    /// We listen to the thread now, and this is what happened before.
    Joined(Box<Resumed>),
    /// The hub is there, or there again.
    HubUp,
    /// The session belongs to an investigation that is over; `confirmed` when nothing of it is known to run any more.
    Over { confirmed: bool },
    /// Runs that the record has as let go and not over, from before this life of the bridge.
    Unfinished(Vec<(ClientKey, Digest)>),
    /// A person is asked. `closing` when the record already knows the end.
    Opened { key: ClientKey, answer: HoldAnswer, closing: Option<Closing> },
    /// No person can be asked.
    Refused { key: ClientKey, error: Error },
    /// A hold of the session ended.
    Closed(Closing),
    /// A person asks the agent.
    Question { by: Actor, text: Untrusted },
    /// These words did not reach the turn that they were for; nobody waits for an answer to them.
    Unheard { text: String, error: Error },
    /// The agent could not be told something.
    Untold(Error),
    /// A person stops the investigation.
    Stop { level: u8 },
    /// What the stop achieved.
    Halted(Halt),
    /// The process of an approved command was seen.
    Running { item: String, pid: Option<u32> },
    /// Nothing more will be heard of the thread.
    Gone(String),
}

/// What has to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Effect {
    /// From now on events and holds belong to the session of this key.
    Session { key: ClientKey, title: Untrusted },
    /// Publish.
    Say(Saying),
    /// Publish as a memory: not into a session that is over already.
    Recall(Saying),
    /// Ask a person; the same key again attaches again.
    Open { key: ClientKey, proposal: Proposal },
    /// End our own hold.
    Withdraw { key: ClientKey, outcome: Withdrawal, reason: Untrusted },
    /// Say what became of the run of a hold.
    Report { key: ClientKey, word: Word },
    /// Answer Codex.
    Answer { request: RequestId, result: Value },
    /// Give the turn words, then answer: its next request to its model holds them.
    Tell { turn: String, text: String, then: Option<(RequestId, Value)> },
    /// Begin a turn with these words.
    Begin { text: String },
    /// Look for the process of a command that was let go.
    Watch { item: String },
    /// Interrupt the turn, end what runs, and find out whether it is dead.
    Halt { turn: Option<String>, level: u8 },
    /// Nothing will follow.
    End,
}

/// A thread.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) id: String,
    /// Tells the events of this life of the bridge from those of others, where a repetition is meant.
    life: String,
    /// Counts such events.
    count: u64,
    about: About,
    settings: Settings,
    /// 1 for the thread's first session; a turn begun after a stop belongs to another.
    generation: u32,
    /// A person stopped the session.
    pub(super) over: bool,
    joined: bool,
    /// The turn under way.
    pub(super) turn: Option<String>,
    /// Whether the next turn to begin is one that we asked for.
    beginning: bool,
    /// Items that began and are not over, in order of beginning within a turn.
    items: BTreeMap<(String, u64), Numbered>,
    begun: u64,
    pub(super) asks: Asks,
    /// Approved (or elsewhere answered) items whose end is awaited, by turn and item.
    pub(super) runs: HashMap<(String, String), Run>,
    /// Runs from before this life of the bridge.
    pub(super) adoptions: Adoptions,
    /// What the history told of the turn under way, until it is known which session that belongs to.
    recalled: Vec<Saying>,
}

/// The effects of one input, in order.
pub(super) type Effects = Vec<Effect>;

impl Thread {
    pub(super) fn new(id: String, life: String) -> Self {
        Self {
            id,
            life,
            count: 0,
            about: About::default(),
            settings: Settings::default(),
            generation: 1,
            over: false,
            joined: false,
            turn: None,
            beginning: false,
            items: BTreeMap::new(),
            begun: 0,
            asks: Asks::default(),
            runs: HashMap::new(),
            adoptions: Adoptions::default(),
            recalled: Vec::new(),
        }
    }

    /// Takes in what happened, when the hub's clock says `now`.
    ///
    /// # Errors
    /// When an identifier could not be made; nothing was approved then.
    pub(super) fn take(&mut self, input: Input, now: Timestamp) -> Result<Effects> {
        let mut effects = Effects::new();
        match input {
            Input::Asked { id, method, params } => self.asked(&id, &method, &params, now, &mut effects)?,
            Input::Told { method, params } => self.told(&method, &params, &mut effects)?,
            Input::Joined(resumed) => self.join(*resumed, &mut effects)?,
            Input::HubUp => self.reattach(&mut effects)?,
            Input::Over { confirmed } => self.found_over(confirmed, &mut effects)?,
            Input::Unfinished(runs) => {
                self.recalled.clear();
                self.adopt(runs, &mut effects);
            }
            Input::Opened { key, answer, closing } => {
                self.opened(&key, &answer, closing, now, &mut effects)?;
            }
            Input::Refused { key, error } => self.refused(&key, &error, &mut effects)?,
            Input::Closed(closing) => self.closed(&closing, now, &mut effects)?,
            Input::Question { by, text } => {
                let text = format!("{} asks, through Holdpoint: {}", by.name.expose(), text.expose());
                match &self.turn {
                    Some(turn) if !self.over => {
                        effects.push(Effect::Tell { turn: turn.clone(), text, then: None });
                    }
                    Some(_) | None => self.begin_turn(text, &mut effects)?,
                }
            }
            Input::Unheard { text, error } => {
                if self.turn.is_some() && !self.over {
                    self.untold(&error, &mut effects)?;
                } else {
                    self.begin_turn(text, &mut effects)?;
                }
            }
            Input::Untold(error) => {
                self.beginning = false;
                self.untold(&error, &mut effects)?;
            }
            Input::Stop { level } => {
                self.over = true;
                effects.push(Effect::Halt { turn: self.turn.clone(), level });
            }
            Input::Halted(halt) => {
                let body = StopConfirmed { what: halt.what.into(), dead: halt.dead };
                effects.push(Effect::Say(Saying::new(self.once("halted")?, body)));
            }
            Input::Running { item, pid } => self.running(&item, pid, &mut effects),
            Input::Gone(reason) => self.gone(&reason, &mut effects)?,
        }
        Ok(effects)
    }

    /// Nobody else waits for an answer: a new turn is the only way to be heard. Not for who was stopped, because it would
    /// start the agent again.
    fn begin_turn(&mut self, text: String, effects: &mut Effects) -> Result<()> {
        if self.over {
            let words = "Not delivered to the agent: the session is stopped.";
            effects.push(Effect::Say(translate::note(self.once("undelivered")?, words)));
        } else {
            self.beginning = true;
            effects.push(Effect::Begin { text });
        }
        Ok(())
    }

    fn untold(&mut self, error: &Error, effects: &mut Effects) -> Result<()> {
        let words = format!("The agent could not be told: {error}");
        effects.push(Effect::Say(translate::note(self.once("untold")?, &words)));
        Ok(())
    }

    fn asked(
        &mut self,
        id: &RequestId,
        method: &str,
        params: &RawValue,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<()> {
        match read_request(id, method, params, &*self) {
            Wish::Approval(ask) => self.ask(*ask, now, effects),
            Wish::Elsewhere(words) => {
                let words = format!("{words}. Holdpoint cannot answer this: answer it in Codex' own screen.");
                let id = key("elsewhere", &[&self.id, &id.to_string(), params.get()])?;
                effects.push(Effect::Say(translate::note(id, &words)));
                Ok(())
            }
            Wish::Nothing => Ok(()),
        }
    }

    fn told(&mut self, method: &str, params: &RawValue, effects: &mut Effects) -> Result<()> {
        let Ok(told) = serde_json::from_str::<Told>(params.get()) else { return Ok(()) };
        let turn = told.turn_id.clone().or_else(|| told.turn.as_ref().map(|turn| turn.id.clone()));
        match (method, turn) {
            ("item/started", Some(turn)) => self.item_started(&turn, told.item.as_deref(), effects),
            ("item/completed", Some(turn)) => self.item_completed(&turn, told.item.as_deref(), effects),
            ("item/fileChange/patchUpdated", Some(turn)) => self.patch_updated(&turn, told, effects),
            ("turn/started", Some(turn)) => self.turn_started(turn, effects),
            ("turn/completed", Some(turn)) => {
                let status = told.turn.map_or(TurnStatus::Unknown, |turn| turn.status);
                self.turn_completed(&turn, status, effects);
                Ok(())
            }
            ("serverRequest/resolved", _) => {
                if let Some(request) = told.request_id {
                    self.resolved(&request, effects);
                }
                Ok(())
            }
            ("thread/settings/updated", _) => {
                if let Some(settings) = told.thread_settings {
                    self.settings = settings;
                    self.introduce(effects)?;
                }
                Ok(())
            }
            ("error", _) => {
                let words = format!(
                    "Codex: {}",
                    told.error.unwrap_or_default()["message"].as_str().unwrap_or("an error")
                );
                effects.push(Effect::Say(translate::note(self.once("error")?, &words)));
                Ok(())
            }
            ("thread/closed", _) => self.gone("Codex closed the thread", effects),
            ("thread/archived" | "thread/deleted", _) => {
                self.gone("the thread was put away in Codex", effects)
            }
            _ => Ok(()),
        }
    }

    fn join(&mut self, resumed: Resumed, effects: &mut Effects) -> Result<()> {
        (self.about, self.settings, self.joined) = (resumed.thread, resumed.settings, true);
        effects.push(self.session()?);
        self.introduce(effects)?;
        let TurnsPage { data, next_cursor } = resumed.initial_turns_page.unwrap_or_default();
        if next_cursor.is_some() {
            let id = key("older", &[&self.id])?;
            effects
                .push(Effect::Say(translate::note(id, "Older turns of this thread are in Codex, not here.")));
        }
        for turn in data.iter().rev() {
            for numbered in turn.items() {
                let sayings = translate::remembered(&turn.id, &numbered)?;
                if turn.status == TurnStatus::InProgress {
                    self.recalled.extend(sayings.iter().cloned());
                }
                effects.extend(sayings.into_iter().map(Effect::Recall));
                self.adoptions.remember(&turn.id, &numbered);
                if turn.status == TurnStatus::InProgress {
                    self.begin(&turn.id, numbered);
                }
            }
            if turn.status == TurnStatus::InProgress {
                self.turn = Some(turn.id.clone());
            }
        }
        Ok(())
    }

    /// The session that events belong to now.
    fn session(&self) -> Result<Effect> {
        let key = match self.generation {
            1 => format!("codex:{}", self.id),
            n => format!("codex:{}:{n}", self.id),
        };
        Ok(Effect::Session { key: ClientKey::new(key)?, title: self.about.title() })
    }

    fn introduce(&mut self, effects: &mut Effects) -> Result<()> {
        let parent = self.about.parent_thread_id.as_ref().map(|id| format!("codex:{id}").into());
        let unasked = Some(unasked::sentence(&self.settings).into());
        let body = AgentJoined { name: AGENT.into(), parent, unasked, stoppable: true };
        effects.push(Effect::Say(Saying::new(self.once("joined")?, body)));
        Ok(())
    }

    fn reattach(&mut self, effects: &mut Effects) -> Result<()> {
        if self.joined {
            effects.push(self.session()?);
            self.asks.attach_again(effects);
        }
        Ok(())
    }

    /// The session was stopped before we came. What runs now either has to be stopped still, or was begun since.
    fn found_over(&mut self, confirmed: bool, effects: &mut Effects) -> Result<()> {
        if !confirmed {
            self.over = true;
            effects.push(Effect::Halt { turn: self.turn.clone(), level: 1 });
        } else if self.turn.is_some() {
            self.next_session(effects)?;
        } else {
            self.over = true;
        }
        Ok(())
    }

    fn next_session(&mut self, effects: &mut Effects) -> Result<()> {
        // On record, so that a bridge that comes later does not take the new turn for what was stopped.
        let id = key("closed", &[&self.id, &self.generation.to_string()])?;
        let reason = "a new turn was begun in Codex; it has a session of its own";
        effects.push(Effect::Say(Saying::new(id, SessionClosed { reason: Some(reason.into()) })));
        self.generation += 1;
        self.over = false;
        effects.push(self.session()?);
        self.introduce(effects)?;
        effects.extend(self.recalled.iter().cloned().map(Effect::Recall));
        self.ask_in_next_session(effects)
    }

    fn turn_started(&mut self, turn: String, effects: &mut Effects) -> Result<()> {
        let ours = std::mem::take(&mut self.beginning);
        self.turn = Some(turn);
        if self.over && ours {
            // We asked for it before the stop came: it is stopped with the rest.
            effects.push(Effect::Halt { turn: self.turn.clone(), level: 1 });
            return Ok(());
        }
        if self.over { self.next_session(effects) } else { Ok(()) }
    }

    fn turn_completed(&mut self, turn: &str, status: TurnStatus, effects: &mut Effects) {
        if self.turn.as_deref() == Some(turn) {
            self.turn = None;
        }
        let how = match status {
            TurnStatus::Interrupted => "the turn was interrupted in Codex",
            TurnStatus::Failed => "the turn failed in Codex",
            TurnStatus::Completed | TurnStatus::InProgress | TurnStatus::Unknown => "the turn ended in Codex",
        };
        self.asks.end_of_turn(turn, how, effects);
        self.items.retain(|(of, _), numbered| of != turn || matches!(numbered.item, Item::Command(_)));
    }

    fn item_started(&mut self, turn: &str, json: Option<&RawValue>, effects: &mut Effects) -> Result<()> {
        if let Some(numbered) = json.and_then(Numbered::read) {
            let sayings = translate::started(turn, &numbered)?;
            effects.extend(sayings.into_iter().map(Effect::Say));
            self.begin(turn, numbered);
        }
        Ok(())
    }

    fn begin(&mut self, turn: &str, numbered: Numbered) {
        self.items.retain(|(of, _), other| of != turn || other.id != numbered.id);
        if !matches!(numbered.item, Item::Words { .. }) {
            self.begun += 1;
            self.items.insert((turn.to_owned(), self.begun), numbered);
        }
    }

    fn item_completed(&mut self, turn: &str, json: Option<&RawValue>, effects: &mut Effects) -> Result<()> {
        if let Some(numbered) = json.and_then(Numbered::read) {
            self.items.retain(|(of, _), other| of != turn || other.id != numbered.id);
            let sayings = translate::completed(turn, &numbered)?;
            effects.extend(sayings.into_iter().map(Effect::Say));
            self.finished(turn, &numbered, effects);
        }
        Ok(())
    }

    fn patch_updated(&mut self, turn: &str, told: Told, effects: &mut Effects) -> Result<()> {
        let (Some(id), Some(changes)) = (told.item_id, told.changes) else { return Ok(()) };
        let begun = self.items.iter_mut().find(|((of, _), numbered)| of == turn && numbered.id == id);
        if let Some((_, Numbered { item: Item::Patch(patch), .. })) = begun {
            patch.changes.clone_from(&changes);
        }
        self.changed(turn, &id, &changes, effects)
    }

    fn gone(&mut self, reason: &str, effects: &mut Effects) -> Result<()> {
        if self.joined {
            self.asks.gone(reason, effects);
            for (_, run) in self.runs.drain() {
                effects.extend(run.lost(reason));
            }
            let body = AgentLeft { name: AGENT.into(), reason: Some(reason.into()) };
            effects.push(Effect::Say(Saying::new(self.once("left")?, body)));
        }
        effects.push(Effect::End);
        Ok(())
    }

    /// A key for an event that is no repetition of another.
    pub(super) fn once(&mut self, what: &str) -> Result<ClientKey> {
        self.count += 1;
        key(what, &[&self.id, &self.life, &self.count.to_string()])
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }
}

impl UnderWay for Thread {
    fn item(&self, turn: &str, item: &str) -> Option<&Item> {
        let found = self.items.iter().find(|((of, _), numbered)| of == turn && numbered.id == item);
        found.map(|(_, numbered)| &numbered.item)
    }

    fn free_tool_calls(&self, turn: &str) -> Vec<(&str, &Item)> {
        let of_turn = self.items.iter().filter(|((of, _), numbered)| {
            of == turn && matches!(numbered.item, Item::Tool(_)) && !self.asks.is_about(turn, &numbered.id)
        });
        of_turn.map(|(_, numbered)| (numbered.id.as_str(), &numbered.item)).collect()
    }
}

/// The fields of notifications that are used, from all of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(default)]
    turn_id: Option<String>,
    #[serde(default)]
    item_id: Option<String>,
    #[serde(default)]
    item: Option<Box<RawValue>>,
    #[serde(default)]
    turn: Option<ToldTurn>,
    #[serde(default)]
    changes: Option<Vec<Change>>,
    #[serde(default)]
    request_id: Option<RequestId>,
    #[serde(default)]
    thread_settings: Option<Settings>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct ToldTurn {
    id: String,
    #[serde(default)]
    status: TurnStatus,
}

#[cfg(test)]
#[path = "thread_tests.rs"]
#[allow(clippy::wildcard_enum_match_arm)] // what a test does not expect fails it
mod tests;
