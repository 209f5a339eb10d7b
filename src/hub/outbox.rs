//! The writing half of a connection: answers, events, presence, pings.
//!
//! A connection writes at its reader's pace. History and what it missed while it was slow come from the same place:
//! whenever the next live stretch does not follow its cursor, it reads pages of the ledger until it does.

use std::sync::Arc;

use futures_util::{Sink, SinkExt as _};
use serde::Serialize;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Bytes, Message, Utf8Bytes};

use super::config::Timing;
use super::live::{self, Fan, Live, Stretch, Subscription};
use super::request::{Answer, Outcome};
use crate::domain::{Error, Kind, Role};
use crate::ledger::{Entry, Ledger, Scope};
use crate::wire::{
    Cursor, Frame, LaggedNote, Note, PresenceNote, RpcError, SessionSubscribeAnswer, SessionSubscribeParams,
};

/// Frames that are put together before they are pushed out.
const FRAMES_AT_ONCE: usize = 32;

/// Sessions that a filter may name.
const FILTER_MAX: usize = 256;

/// Something to write.
#[derive(Debug)]
pub(super) enum Out {
    /// The answer to a call.
    Answer { id: u64, outcome: Outcome },
    /// The answer to something that was not even a call.
    Malformed(RpcError),
    /// Subscribe, answer, and go on from there.
    Subscribe { id: u64, params: SessionSubscribeParams },
}

/// The writing half.
pub(super) struct Writer<S> {
    pub(super) sink: S,
    pub(super) role: Role,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) fan: Fan,
    pub(super) outbox: mpsc::Receiver<Out>,
    pub(super) pictures: watch::Receiver<Arc<PresenceNote>>,
    /// When the peer was last heard.
    pub(super) heard: watch::Receiver<Instant>,
    /// When it was last pinged.
    pub(super) pinged: Instant,
    pub(super) timing: Timing,
    pub(super) subscription: Option<Subscription>,
}

/// Why writing ended.
#[derive(Debug)]
pub(super) enum End {
    /// There is nobody any more, or nothing to read from.
    Gone(String),
    /// Nothing was heard for too long.
    Silent,
    /// It took nothing for too long.
    Slow,
}

/// What there is to do next.
enum Turn {
    Out(Out),
    Page,
    Live(Result<Live, broadcast::error::RecvError>),
    Picture,
    Beat,
    Over,
}

impl<S: Sink<Message, Error = tungstenite::Error> + Unpin> Writer<S> {
    /// Writes until the peer is gone, silent or too slow; answers why.
    pub(super) async fn run(&mut self) -> End {
        loop {
            let done = match self.turn().await {
                Turn::Out(out) => self.answer(out).await,
                Turn::Page => self.page().await,
                Turn::Live(received) => self.live(received).await,
                Turn::Picture => self.picture().await,
                Turn::Beat => self.beat().await,
                Turn::Over => return End::Gone("it was closed".into()),
            };
            let flushed = match done {
                Ok(()) => self.more().await,
                Err(error) => Err(error),
            };
            if let Err(end) = flushed {
                return end;
            }
        }
    }

    async fn turn(&mut self) -> Turn {
        let heard = *self.heard.borrow();
        let ping = heard.max(self.pinged) + self.timing.ping_after;
        let beat = ping.min(heard + self.timing.stale_after);
        let (behind, live) = match &mut self.subscription {
            Some(subscription) => (subscription.is_behind(), Some(&mut subscription.live)),
            None => (false, None),
        };
        let next = async {
            match live {
                Some(live) if !behind => live.recv().await,
                Some(_) | None => std::future::pending().await,
            }
        };
        let sees_people = self.role == Role::Person;
        tokio::select! {
            out = self.outbox.recv() => out.map_or(Turn::Over, Turn::Out),
            () = std::future::ready(()), if behind => Turn::Page,
            received = next => Turn::Live(received),
            Ok(()) = self.pictures.changed(), if sees_people => Turn::Picture,
            () = sleep_until(beat) => Turn::Beat,
        }
    }

    /// Takes what else is ready, so that one push carries many frames; then pushes.
    async fn more(&mut self) -> Result<(), End> {
        for _ in 0..FRAMES_AT_ONCE {
            if let Ok(out) = self.outbox.try_recv() {
                self.answer(out).await?;
                continue;
            }
            let Some(subscription) = &mut self.subscription else { break };
            if subscription.is_behind() {
                break;
            }
            match subscription.live.try_recv() {
                Ok(live) => self.live(Ok(live)).await?,
                Err(broadcast::error::TryRecvError::Lagged(missed)) => {
                    self.live(Err(broadcast::error::RecvError::Lagged(missed))).await?;
                }
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => break,
            }
        }
        let pushed = timeout(self.timing.stale_after, self.sink.flush()).await;
        within(pushed)
    }

    async fn put(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), End> {
        let message = Message::Text(text.into());
        let put = timeout(self.timing.stale_after, self.sink.feed(message)).await;
        within(put)
    }

    async fn note<N: Note + Serialize>(&mut self, note: &N) -> Result<(), End> {
        self.put(Frame::notification(N::METHOD, note)?).await
    }

    async fn answer(&mut self, out: Out) -> Result<(), End> {
        let (id, outcome) = match out {
            Out::Answer { id, outcome } => (id, outcome),
            Out::Subscribe { id, params } => (id, self.subscribe(params)),
            Out::Malformed(error) => {
                let error = serde_json::to_string(&error).map_err(Error::from)?;
                return self.put(format!(r#"{{"jsonrpc":"2.0","id":null,"error":{error}}}"#)).await;
            }
        };
        let text = match outcome {
            Ok(answer) => {
                Frame::response(id, Ok(&*serde_json::value::to_raw_value(&answer).map_err(Error::from)?))
            }
            Err(error) => Frame::response(id, Err(&error)),
        };
        self.put(text?).await
    }

    fn subscribe(&mut self, params: SessionSubscribeParams) -> Outcome {
        let scope = match params.filter.sessions {
            None => Scope::All,
            Some(sessions) if sessions.len() > FILTER_MAX => {
                let many = format!("{} sessions in a filter; at most {FILTER_MAX}", sessions.len());
                let error = Error::new(Kind::TooLarge, many).hint("subscribe to all sessions instead");
                return Err(RpcError::from(&error));
            }
            Some(sessions) => Scope::Sessions(sessions.into()),
        };
        // Listening begins before the head is read, so that nothing falls between.
        let live = self.fan.listen();
        let head = self.fan.head();
        let (cursor, history_lost) = match params.from {
            Some(Cursor { epoch, pos }) if epoch == head.epoch && pos <= head.pos => (pos, false),
            Some(_) => (0, true),
            None => (0, false),
        };
        self.subscription = Some(Subscription { scope, cursor, goal: head.pos, say_when_there: true, live });
        Ok(Answer::Subscribed(SessionSubscribeAnswer { head, history_lost }))
    }

    /// Reads on in the ledger.
    async fn page(&mut self) -> Result<(), End> {
        let Some(subscription) = &mut self.subscription else { return Ok(()) };
        let (scope, epoch) = (subscription.scope.clone(), self.ledger.epoch());
        let page = self.ledger.page(scope, subscription.cursor).await?;
        // Only what is known to be sent on is told: the core decides when the record has grown.
        let end = page.end.min(self.fan.head().pos).max(subscription.cursor);
        subscription.cursor = end;
        let there = subscription.cursor >= subscription.goal;
        let speaks = there && std::mem::take(&mut subscription.say_when_there);
        let mut told = 0;
        let known = page.entries.partition_point(|entry| entry.pos <= end);
        for part in live::stretches(&page.entries[..known]) {
            told = part.last().map_or(0, |entry| entry.pos);
            self.put(live::frame(Cursor { epoch, pos: told }, part)).await?;
        }
        if speaks && (told < end || end == 0) {
            self.put(live::frame(Cursor { epoch, pos: end }, [])).await?;
        }
        Ok(())
    }

    async fn live(&mut self, received: Result<Live, broadcast::error::RecvError>) -> Result<(), End> {
        let Some(subscription) = &mut self.subscription else { return Ok(()) };
        match received {
            Ok(Live::Recorded(stretch)) => self.recorded(&stretch).await,
            Ok(Live::Unrecorded(entries)) => {
                if self.role != Role::Agent {
                    return Ok(());
                }
                let mine = entries.iter().filter(|entry| subscription.scope.covers(&entry.session));
                let mine: Vec<Entry> = mine.cloned().collect();
                // The cursor stays where it is: these come again once they are on record.
                let cursor = Cursor { epoch: self.ledger.epoch(), pos: subscription.cursor };
                for part in live::stretches(&mine) {
                    self.put(live::frame(cursor, part)).await?;
                }
                Ok(())
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {
                subscription.goal = self.fan.head().pos;
                let missed = subscription.goal.saturating_sub(subscription.cursor);
                tracing::info!(missed, "a slow reader reads on from the ledger");
                self.note(&LaggedNote { missed }).await
            }
            Err(broadcast::error::RecvError::Closed) => Err(End::Gone("the hub is stopping".into())),
        }
    }

    async fn recorded(&mut self, stretch: &Stretch) -> Result<(), End> {
        let Some(subscription) = &mut self.subscription else { return Ok(()) };
        let (first, last) = (stretch.first(), stretch.last());
        if last <= subscription.cursor {
            return Ok(());
        }
        if first != subscription.cursor + 1 {
            subscription.goal = last;
            return Ok(());
        }
        subscription.cursor = last;
        match &subscription.scope {
            Scope::All => self.put(stretch.frame.clone()).await,
            scope @ Scope::Sessions(_) => {
                let mine: Vec<_> =
                    stretch.entries.iter().filter(|entry| scope.covers(&entry.session)).collect();
                if mine.is_empty() {
                    return Ok(());
                }
                let cursor = Cursor { epoch: self.ledger.epoch(), pos: last };
                self.put(live::frame(cursor, mine)).await
            }
        }
    }

    async fn picture(&mut self) -> Result<(), End> {
        let picture = Arc::clone(&self.pictures.borrow_and_update());
        self.note(&*picture).await
    }

    async fn beat(&mut self) -> Result<(), End> {
        let silent = self.heard.borrow().elapsed();
        if silent >= self.timing.stale_after {
            return Err(End::Silent);
        }
        if silent < self.timing.ping_after {
            return Ok(());
        }
        self.pinged = Instant::now();
        let put = timeout(self.timing.stale_after, self.sink.feed(Message::Ping(Bytes::default()))).await;
        within(put)
    }
}

fn within(done: Result<Result<(), tungstenite::Error>, tokio::time::error::Elapsed>) -> Result<(), End> {
    match done {
        Ok(written) => written.map_err(|error| End::Gone(format!("it cannot be written to: {error}"))),
        Err(_) => Err(End::Slow),
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Gone(error.message().to_owned())
    }
}

impl End {
    /// Tells the operator.
    pub(super) fn log(&self, name: &str) {
        match self {
            Self::Gone(why) => tracing::info!(name, why = %why.escape_debug(), "a connection ended"),
            Self::Silent => tracing::warn!(name, "a connection was dropped: it has been silent for too long"),
            Self::Slow => {
                tracing::warn!(name, "a connection was dropped: it took nothing, with its buffer full");
            }
        }
    }
}
