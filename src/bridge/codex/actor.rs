//! Carries out what one thread wants: one task, one inbox, everything in order, and stops before everything.
//!
//! What Codex takes its time to answer is awaited beside the inbox; only the interrupt of a stop holds it up.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::domain::{ClientKey, Error, Kind, Proposal, Result};

use super::clerk::{Clerk, Job};
use super::desk::{Desk, Route};
use super::item::Resumed;
use super::rpc::{Rpc, Server};
use super::stop;
use super::thread::{Effect, Input, Thread};
use super::wire::RequestId;

/// Inputs that may wait for a thread; behind them its senders wait.
pub(super) const INBOX_MAX: usize = 1024;
/// Stops that may wait for a thread: a session has at most one of each level.
const STOPS_MAX: usize = 8;
/// Turns of a thread's history that are read when it is joined.
const TURNS_READ: u32 = 20;
/// First and longest pause before joining is tried again, while Codex has not yet stored the thread.
const JOIN_PAUSE_MS: (u64, u64) = (250, 5_000);
/// How long the hub may take to hear the last words of a thread.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// When to look for the process of a command that was let go.
const LOOK_AFTER_MS: [u64; 6] = [50, 100, 200, 400, 800, 1600];

/// What every thread shares.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) desk: Arc<Desk>,
    pub(super) rpc: Rpc,
    pub(super) server: Server,
    pub(super) life: String,
    pub(super) expires_in_ms: Option<u64>,
}

/// Joins a thread and stays with it until it is gone. `me` is the way into `inbox`.
pub(super) async fn run(
    shared: Shared,
    id: String,
    me: mpsc::Sender<Input>,
    mut inbox: mpsc::Receiver<Input>,
) {
    let Some(resumed) = join(&shared, &id, &mut inbox).await else { return };
    let (stops, mut stopped) = mpsc::channel(STOPS_MAX);
    let route = Route { inbox: me.clone(), stops };
    let clerk = Clerk::start(Arc::clone(&shared.desk), route, shared.expires_in_ms);
    let thread = Thread::new(id.clone(), shared.life.clone());
    let mut actor = Actor { shared, id, me, clerk, thread };
    let mut input = Some(Input::Joined(Box::new(resumed)));
    while let Some(next) = input {
        if !actor.take(next).await {
            break;
        }
        input = tokio::select! {
            biased;
            Some(level) = stopped.recv() => Some(Input::Stop { level }),
            next = inbox.recv() => next,
        };
    }
    // From now on nobody listens: the clerk must not wait to be heard.
    drop(inbox);
    actor.clerk.finish(LAST_WORDS).await;
}

/// Listens to the thread from now on. A thread without a turn cannot be joined: Codex has not stored it yet.
async fn join(shared: &Shared, id: &str, inbox: &mut mpsc::Receiver<Input>) -> Option<Resumed> {
    let page = json!({ "limit": TURNS_READ, "itemsView": "full", "sortDirection": "desc" });
    let params = json!({ "threadId": id, "excludeTurns": true, "initialTurnsPage": page });
    let mut pause_ms = JOIN_PAUSE_MS.0;
    loop {
        match shared.rpc.call::<Resumed>("thread/resume", params.clone()).await {
            Ok(resumed) => return Some(resumed),
            Err(error) if error.kind() == Kind::Unavailable => return None,
            Err(error) => tracing::debug!("thread {id} cannot be joined yet: {error}"),
        }
        match timeout(Duration::from_millis(pause_ms), inbox.recv()).await {
            Ok(Some(Input::Gone(_)) | None) => return None,
            Ok(Some(Input::Told { method, .. })) if method == "thread/closed" => return None,
            // Something happens in the thread: it can be joined now, or very soon.
            Ok(Some(_)) => pause_ms = JOIN_PAUSE_MS.0,
            Err(_) => pause_ms = (pause_ms * 2).min(JOIN_PAUSE_MS.1),
        }
    }
}

struct Actor {
    shared: Shared,
    id: String,
    me: mpsc::Sender<Input>,
    clerk: Clerk,
    thread: Thread,
}

impl Actor {
    /// Takes in what happened and does what it asks for; `false` when nothing will follow.
    async fn take(&mut self, input: Input) -> bool {
        let effects = match self.thread.take(input, self.shared.desk.now()) {
            Ok(effects) => effects,
            Err(error) => {
                tracing::error!("thread {}: {error}", self.id);
                return true;
            }
        };
        for effect in effects {
            match effect {
                Effect::Session { key, title } => self.carry(Job::Session { key, title }),
                Effect::Say(saying) => self.carry(Job::Say(saying)),
                Effect::Recall(saying) => self.carry(Job::Recall(saying)),
                Effect::Open { key, proposal } => self.open(key, proposal),
                Effect::Withdraw { key, outcome, reason } => {
                    self.carry(Job::Withdraw { key, outcome, reason });
                }
                Effect::Report { key, word } => self.carry(Job::Report { key, word }),
                Effect::Answer { request, result } => self.answer(&request, &result).await,
                Effect::Tell { turn, text, then } => self.tell(turn, text, then),
                Effect::Begin { text } => self.begin(text),
                Effect::Watch { item } => self.watch(item),
                Effect::Halt { turn, level } => self.halt(turn, level).await,
                Effect::End => return false,
            }
        }
        true
    }

    /// An answer that cannot be sent is sent when Codex asks again.
    async fn answer(&self, request: &RequestId, result: &Value) {
        if let Err(error) = self.shared.rpc.answer(request, result).await {
            tracing::warn!("thread {}: {error}", self.id);
        }
    }

    /// Whatever of this is not carried is counted, and the number is said.
    fn carry(&self, job: Job) {
        let _ = self.clerk.carry(job);
    }

    /// Asks a person, or says at once that nobody can be asked, because too much waits for the hub already.
    fn open(&self, key: ClientKey, proposal: Proposal) {
        if self.clerk.carry(Job::Open { key: key.clone(), proposal }) {
            return;
        }
        let error = Error::new(Kind::Unavailable, "the hub is away, and too much waits for it");
        self.hear(Input::Refused { key, error });
    }

    /// Puts something into our own inbox, behind what is there.
    fn hear(&self, input: Input) {
        let me = self.me.clone();
        tokio::spawn(async move { me.send(input).await });
    }

    /// Words before the answer: what is steered into a turn stands in its next request to the model, and that
    /// request is made as soon as Codex has the answer.
    fn tell(&self, turn: String, text: String, then: Option<(RequestId, Value)>) {
        let (rpc, id, me) = (self.shared.rpc.clone(), self.id.clone(), self.me.clone());
        tokio::spawn(async move {
            let params = json!({ "threadId": id, "expectedTurnId": turn, "input": words(&text) });
            let steered = rpc.call::<Value>("turn/steer", params).await;
            let answers = then.is_some();
            if let Some((request, result)) = then
                && let Err(error) = rpc.answer(&request, &result).await
            {
                tracing::warn!("thread {id}: {error}");
            }
            let _ = match steered {
                Ok(_) => Ok(()),
                Err(error) if answers => me.send(Input::Untold(error)).await,
                Err(error) => me.send(Input::Unheard { text, error }).await,
            };
        });
    }

    fn begin(&self, text: String) {
        let (rpc, id, me) = (self.shared.rpc.clone(), self.id.clone(), self.me.clone());
        tokio::spawn(async move {
            let params = json!({ "threadId": id, "input": words(&text) });
            if let Err(error) = rpc.call::<Value>("turn/start", params).await {
                let _ = me.send(Input::Untold(error)).await;
            }
        });
    }

    /// Looks for the process of a command that was let go; most are over before anybody can look.
    fn watch(&self, item: String) {
        let (shared, id, me) = (self.shared.clone(), self.id.clone(), self.me.clone());
        tokio::spawn(async move {
            for pause in LOOK_AFTER_MS {
                sleep(Duration::from_millis(pause)).await;
                if me.is_closed() {
                    return;
                }
                if let Some(pid) = stop::seen_running(&shared.rpc, &id, &item).await {
                    let _ = me.send(Input::Running { item, pid }).await;
                    return;
                }
            }
        });
    }

    /// The turn is interrupted before anything else is looked at, so that a declined question cannot lead to the
    /// next one; the rest takes its time beside the thread.
    async fn halt(&mut self, turn: Option<String>, level: u8) {
        let interrupted = stop::interrupt(&self.shared.rpc, &self.id, turn.as_deref()).await;
        let (shared, id, me) = (self.shared.clone(), self.id.clone(), self.me.clone());
        tokio::spawn(async move {
            let halt = stop::halt(&shared.rpc, &shared.server, &id, level, interrupted).await;
            let _ = me.send(Input::Halted(halt)).await;
        });
    }
}

fn words(text: &str) -> Value {
    json!([{ "type": "text", "text": text }])
}

/// Threads that Codex has in memory.
pub(super) async fn loaded(rpc: &Rpc) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Loaded {
        data: Vec<String>,
    }
    rpc.call::<Loaded>("thread/loaded/list", json!({})).await.map(|loaded| loaded.data)
}
