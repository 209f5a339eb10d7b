//! The bridge's loop: be there for as long as Codex is, and come back when it does.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::domain::{Error, Kind, Result};
use crate::link::{Credential, Target};

use super::actor::{self, INBOX_MAX, Shared};
use super::desk::{Desk, Line};
use super::rpc::{Incoming, Rpc, Server};
use super::thread::Input;

/// How long the hub may take to be there at the start.
const HUB_WITHIN: Duration = Duration::from_secs(15);
/// How often Codex is asked for threads that it did not announce.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// First and longest pause before dialling Codex again.
const PAUSE_MS: (u64, u64) = (250, 5_000);
/// How long all threads together may take to say their last words.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// What nobody needs token by token: the whole comes with the item's end.
const NOT_WANTED: &[&str] = &[
    "account/rateLimits/updated",
    "command/exec/outputDelta",
    "item/agentMessage/delta",
    "item/commandExecution/outputDelta",
    "item/fileChange/outputDelta",
    "item/plan/delta",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
    "process/outputDelta",
    "thread/tokenUsage/updated",
    "turn/diff/updated",
];

/// What a bridge needs to know.
#[derive(Debug)]
pub struct Bridge {
    /// Where Codex listens.
    pub server: Server,
    /// Where the hub is.
    pub hub: Target,
    /// The agents' credential.
    pub credential: Credential,
    /// How long a hold stays open, in milliseconds; the hub has a default.
    pub expires_in_ms: Option<u64>,
}

/// Bridges until `shutdown` resolves. Codex and the hub must be there at the start; later both may go and come.
/// `say` gets one line for people at every change.
///
/// # Errors
/// `Kind::Unavailable` when Codex or the hub is not there at the start; what the hub said when it refuses us.
pub async fn run(bridge: Bridge, shutdown: impl Future<Output = ()>, say: impl Fn(&str)) -> Result<()> {
    let desk = Desk::open(bridge.hub.clone(), bridge.credential);
    let mut line = desk.line();
    ready(&mut line, &bridge.hub).await?;
    let mut shutdown = pin!(shutdown);
    let mut codex = Some(connect(&bridge.server).await?);
    let mut pause_ms = PAUSE_MS.0;
    loop {
        if let Some((rpc, incoming)) = codex.take() {
            pause_ms = PAUSE_MS.0;
            say(&format!("attached to Codex at {}", bridge.server));
            let shared = Shared {
                desk: desk.clone(),
                rpc,
                server: bridge.server.clone(),
                life: life(),
                expires_in_ms: bridge.expires_in_ms,
            };
            let mut threads =
                Threads { shared, inboxes: HashMap::new(), tasks: JoinSet::new(), looks: JoinSet::new() };
            let end = threads.serve(incoming, shutdown.as_mut(), &mut line, &say).await;
            let reason = match &end {
                End::Codex => "the connection to Codex' app-server ended",
                End::Shutdown => "the bridge was stopped",
                End::Hub(_) => "the hub refused the bridge",
            };
            threads.leave(reason).await;
            match end {
                End::Codex => say(&format!("Codex at {} is gone; waiting for it", bridge.server)),
                End::Shutdown => return Ok(()),
                End::Hub(error) => return Err(error),
            }
        }
        tokio::select! {
            () = shutdown.as_mut() => return Ok(()),
            () = sleep(Duration::from_millis(pause_ms)) => {}
        }
        pause_ms = (pause_ms * 2).min(PAUSE_MS.1);
        codex = connect(&bridge.server).await.ok();
    }
}

/// Waits until the hub's record is read.
async fn ready(line: &mut tokio::sync::watch::Receiver<Line>, hub: &Target) -> Result<()> {
    let there = line.wait_for(|line| matches!(line, Line::Ready | Line::Refused(_)));
    match timeout(HUB_WITHIN, there).await.map(|line| line.map(|line| line.clone())) {
        Ok(Ok(Line::Refused(error))) => Err(error),
        Ok(Ok(Line::Ready | Line::Coming | Line::Away(_))) => Ok(()),
        Ok(Err(_)) => Err(Error::new(Kind::Internal, "the link to the hub ended")),
        Err(_) => Err(match &*line.borrow() {
            Line::Away(error) => error.clone(),
            Line::Coming | Line::Ready | Line::Refused(_) => {
                Error::new(Kind::Unavailable, format!("the hub at {hub} did not give its record in time"))
            }
        }),
    }
}

/// Dials Codex and introduces us.
async fn connect(server: &Server) -> Result<(Rpc, mpsc::Receiver<Incoming>)> {
    let (rpc, incoming) = Rpc::dial(server).await?;
    let params = json!({
        "clientInfo": { "name": "holdpoint", "title": "Holdpoint bridge", "version": env!("CARGO_PKG_VERSION") },
        "capabilities": { "experimentalApi": true, "optOutNotificationMethods": NOT_WANTED },
    });
    rpc.call::<Value>("initialize", params).await?;
    rpc.notify("initialized").await?;
    Ok((rpc, incoming))
}

/// A word that no other life of a bridge has.
fn life() -> String {
    format!("{:016x}", getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id())))
}

/// Why a stretch with Codex ended.
enum End {
    Codex,
    Shutdown,
    Hub(Error),
}

struct Threads {
    shared: Shared,
    inboxes: HashMap<String, mpsc::Sender<Input>>,
    tasks: JoinSet<()>,
    looks: JoinSet<Vec<String>>,
}

impl Threads {
    async fn serve(
        &mut self,
        mut incoming: mpsc::Receiver<Incoming>,
        mut shutdown: std::pin::Pin<&mut impl Future<Output = ()>>,
        line: &mut tokio::sync::watch::Receiver<Line>,
        say: &impl Fn(&str),
    ) -> End {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.as_mut() => return End::Shutdown,
                message = incoming.recv() => match message {
                    Some(message) => self.route(message).await,
                    None => return End::Codex,
                },
                changed = line.changed() => {
                    let now = line.borrow_and_update().clone();
                    match now {
                        Line::Refused(error) => return End::Hub(error),
                        Line::Away(error) => say(&format!("the hub is away: {error}")),
                        Line::Ready => say("the hub is there"),
                        Line::Coming => {}
                    }
                    if changed.is_err() {
                        return End::Hub(Error::new(Kind::Internal, "the link to the hub ended"));
                    }
                }
                _ = look.tick() => self.look(),
                Some(Ok(found)) = self.looks.join_next() => found.into_iter().for_each(|id| self.join(id)),
                Some(_) = self.tasks.join_next() => self.inboxes.retain(|_, inbox| !inbox.is_closed()),
            }
        }
    }

    /// Asks, beside everything else, which threads Codex has: those from before we came, and any it did not announce.
    fn look(&mut self) {
        let rpc = self.shared.rpc.clone();
        self.looks.spawn(async move { actor::loaded(&rpc).await.unwrap_or_default() });
    }

    /// Hands a message to its thread, and joins threads that are new.
    async fn route(&mut self, message: Incoming) {
        let (method, params) = match &message {
            Incoming::Request { method, params, .. } | Incoming::Notification { method, params } => {
                (method, params)
            }
        };
        let Some(id) = thread_of(params) else { return };
        if !matches!(method.as_str(), "thread/closed" | "thread/archived" | "thread/deleted") {
            self.join(id.clone());
        }
        let Some(inbox) = self.inboxes.get(&id) else { return };
        let input = match message {
            Incoming::Request { id, method, params } => Input::Asked { id, method, params },
            Incoming::Notification { method, params } => Input::Told { method, params },
        };
        let _ = inbox.send(input).await;
    }

    fn join(&mut self, id: String) {
        if self.inboxes.get(&id).is_some_and(|inbox| !inbox.is_closed()) {
            return;
        }
        let (inbox, outbox) = mpsc::channel(INBOX_MAX);
        self.inboxes.insert(id.clone(), inbox.clone());
        self.tasks.spawn(actor::run(self.shared.clone(), id, inbox, outbox));
    }

    async fn leave(mut self, reason: &str) {
        for (_, inbox) in self.inboxes.drain() {
            let _ = timeout(Duration::from_secs(1), inbox.send(Input::Gone(reason.to_owned()))).await;
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(LAST_WORDS, all).await;
        self.tasks.abort_all();
    }
}

/// The thread that a message is about.
fn thread_of(params: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct About {
        thread_id: Option<String>,
        thread: Option<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let about: About = serde_json::from_str(params.get()).ok()?;
    about.thread_id.or(about.thread.map(|thread| thread.id))
}

#[cfg(all(test, feature = "hub"))]
#[path = "attach_tests.rs"]
mod tests;
