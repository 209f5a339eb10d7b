//! The connection's task and the handle to it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::dial::{Socket, dial};
use super::{Credential, Target};
use crate::domain::{Error, Kind, Result};
use crate::wire::{
    Call, Cursor, EventsNote, Filter, Frame, Hello, HelloAnswer, HelloParams, LaggedNote, Note,
    PROTOCOL_VERSION, PresenceNote, RpcError, SessionSubscribe, SessionSubscribeAnswer,
    SessionSubscribeParams, frame, limits,
};

/// Calls that may wait for the link's task.
const CALLS_WAITING_MAX: usize = 256;
/// Notices that may wait for the link's user; behind them the link stops reading and the hub sees a slow reader.
const NOTICES_WAITING_MAX: usize = 1024;
/// First and longest pause before dialling again.
const PAUSE_MS: (u64, u64) = (100, 5_000);
/// A line that lasted this long was a good one: the next is dialled at once.
const STEADY_AFTER: Duration = Duration::from_secs(1);
/// As [`limits::STALE_AFTER_MS`].
const STALE_AFTER: Duration = Duration::from_millis(limits::STALE_AFTER_MS);
/// How many calls signing in makes: hello and the subscription.
const SIGN_IN_CALLS: u64 = 2;

/// What a link tells without being asked.
#[derive(Debug)]
pub enum Notice {
    /// Signed in; the subscription, if there is one, begins or goes on.
    Up {
        /// Who the hub is.
        hello: HelloAnswer,
        /// Where the record ended when the subscription began; whoever read up to it has caught up.
        head: Option<Cursor>,
        /// The record is another one than before: forget what was received, everything follows anew.
        history_lost: bool,
    },
    /// Not connected; it goes on trying.
    Down {
        /// Why.
        error: Error,
    },
    /// The hub refused to sign us in; it will not be tried again.
    Refused {
        /// Why.
        error: Error,
    },
    /// What happened.
    Events(EventsNote),
    /// Who is here.
    Presence(PresenceNote),
    /// We were too slow; what was missed follows.
    Lagged(LaggedNote),
}

type Answer = std::result::Result<Box<RawValue>, RpcError>;

/// A call on its way.
struct Wish {
    method: &'static str,
    params: Box<RawValue>,
    /// Whether it may be sent again after the line was cut.
    again: bool,
    reply: oneshot::Sender<std::result::Result<Answer, Error>>,
}

/// A handle to a connection. Cheap to clone; the connection ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Link {
    wishes: mpsc::Sender<Wish>,
}

impl Link {
    /// Starts to connect, and to stay connected. With a filter it also subscribes, from `from` or the beginning.
    ///
    /// Whoever makes calls must also take the notices (or drop their receiver): answers come on the same line behind
    /// them. What is sent goes out in any case.
    #[must_use]
    pub fn connect(
        target: Target,
        credential: Credential,
        filter: Option<Filter>,
        from: Option<Cursor>,
    ) -> (Self, mpsc::Receiver<Notice>) {
        let (wishes, inbox) = mpsc::channel(CALLS_WAITING_MAX);
        let (notices, outbox) = mpsc::channel(NOTICES_WAITING_MAX);
        let task = Task {
            entrance: Entrance { target, credential, filter },
            ear: Ear { cursor: from, notices },
            inbox,
            pending: BTreeMap::new(),
            last_id: 0,
            was_up: false,
        };
        tokio::spawn(task.run());
        (Self { wishes }, outbox)
    }

    /// Makes a call that may safely arrive twice; it is sent again after a cut until it is answered.
    ///
    /// # Errors
    /// What the hub said, or `Kind::Unavailable` when the link has ended.
    pub async fn call<C: Call>(&self, params: &C::Params) -> Result<C::Answer> {
        self.try_call::<C>(params, true).await?.map_err(Error::from)
    }

    /// Makes a call once. When the line is cut before the answer, the outcome is unknown and the error says so.
    ///
    /// # Errors
    /// The outer one when there is no answer (`Kind::Unavailable`: unknown), the inner one when the hub refused.
    pub async fn call_once<C: Call>(
        &self,
        params: &C::Params,
    ) -> Result<std::result::Result<C::Answer, RpcError>> {
        self.try_call::<C>(params, false).await
    }

    /// As [`Link::call`], with the hub's refusal kept apart from a failure to reach it.
    ///
    /// # Errors
    /// As [`Link::call_once`].
    pub async fn try_call<C: Call>(
        &self,
        params: &C::Params,
        again: bool,
    ) -> Result<std::result::Result<C::Answer, RpcError>> {
        let params = serde_json::value::to_raw_value(params)?;
        let (reply, answer) = oneshot::channel();
        let gone = || Error::new(Kind::Unavailable, "the connection to the hub has ended");
        self.wishes.send(Wish { method: C::METHOD, params, again, reply }).await.map_err(|_| gone())?;
        match answer.await.map_err(|_| gone())?? {
            Ok(result) => frame::read(C::METHOD, &result).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }
}

struct Task {
    entrance: Entrance,
    ear: Ear,
    inbox: mpsc::Receiver<Wish>,
    pending: BTreeMap<u64, Wish>,
    last_id: u64,
    /// Whether there was a line before; from then on nothing that is sent once waits for the next.
    was_up: bool,
}

/// Where to sign in, as whom, and what for.
struct Entrance {
    target: Target,
    credential: Credential,
    filter: Option<Filter>,
}

/// What was heard so far, and who is told.
struct Ear {
    cursor: Option<Cursor>,
    notices: mpsc::Sender<Notice>,
}

/// Why a connected stretch ended.
enum End {
    /// Dial again.
    Cut(Error),
    /// The hub does not want us.
    Refused(Error),
    /// Nobody uses the link any more.
    Unused,
}

impl Task {
    async fn run(mut self) {
        let mut pause_ms = PAUSE_MS.0;
        loop {
            let began = Instant::now();
            let end = match self.enter().await {
                Ok(socket) => self.connected(socket).await,
                Err(end) => end,
            };
            // A hub that cuts every line at once is dialled less and less often.
            if self.was_up && began.elapsed() >= STEADY_AFTER {
                pause_ms = PAUSE_MS.0;
            }
            let error = match end {
                End::Unused => return,
                End::Refused(error) => {
                    self.fail_all(&error);
                    let _ = self.ear.notices.send(Notice::Refused { error }).await;
                    return;
                }
                End::Cut(error) => error,
            };
            self.forget_unrepeatable(&error);
            if !self.tell_down(error).await || !self.pause(Duration::from_millis(jittered(pause_ms))).await {
                return;
            }
            pause_ms = (pause_ms * 2).min(PAUSE_MS.1);
        }
    }

    /// Dials and signs in, taking in (or refusing) calls meanwhile.
    async fn enter(&mut self) -> std::result::Result<Socket, End> {
        let first_id = self.last_id + 1;
        self.last_id += SIGN_IN_CALLS;
        let entering = enter(&self.entrance, &mut self.ear, first_id);
        tokio::pin!(entering);
        loop {
            tokio::select! {
                entered = &mut entering => {
                    self.was_up |= entered.is_ok();
                    return entered;
                }
                wish = self.inbox.recv(), if self.was_up => match wish {
                    Some(wish) => take_offline(wish, &mut self.pending, &mut self.last_id),
                    None => return Err(End::Unused),
                },
            }
        }
    }

    /// Says that the line is cut, as soon as there is room; `false` when nobody uses the link.
    async fn tell_down(&mut self, error: Error) -> bool {
        loop {
            tokio::select! {
                room = self.ear.notices.reserve() => {
                    let told = room.map(|room| room.send(Notice::Down { error }));
                    return told.is_ok() || !self.inbox.is_closed();
                }
                wish = self.inbox.recv() => match wish {
                    Some(wish) => take_offline(wish, &mut self.pending, &mut self.last_id),
                    None => return false,
                },
            }
        }
    }

    /// Waits before dialling again, taking in (or refusing) calls meanwhile; `false` when nobody uses the link.
    async fn pause(&mut self, length: Duration) -> bool {
        let over = sleep(length);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return true,
                wish = self.inbox.recv() => match wish {
                    Some(wish) => take_offline(wish, &mut self.pending, &mut self.last_id),
                    None => return false,
                },
            }
        }
    }

    fn forget_unrepeatable(&mut self, error: &Error) {
        let unknown = Error::new(
            Kind::Unavailable,
            format!("no answer came, so the outcome is unknown: {}", error.message()),
        )
        .hint("look at what the record says once the hub is back");
        let (again, lost): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.pending).into_iter().partition(|(_, wish)| wish.again);
        self.pending = again;
        for wish in lost.into_values() {
            refuse(wish, &unknown);
        }
    }

    fn fail_all(&mut self, error: &Error) {
        for wish in std::mem::take(&mut self.pending).into_values() {
            refuse(wish, error);
        }
        self.inbox.close();
        while let Ok(wish) = self.inbox.try_recv() {
            refuse(wish, error);
        }
    }

    async fn connected(&mut self, mut socket: Socket) -> End {
        // What nobody waits for any more is not sent again.
        self.pending.retain(|_, wish| !wish.reply.is_closed());
        for (id, wish) in &self.pending {
            if let Err(end) = send(&mut socket, *id, wish.method, &wish.params).await {
                return end;
            }
        }
        self.serve(&mut socket).await
    }

    async fn serve(&mut self, socket: &mut Socket) -> End {
        let mut heard = Instant::now();
        let mut pinged = false;
        loop {
            let patience_ms = if pinged { limits::STALE_AFTER_MS } else { limits::PING_AFTER_MS };
            tokio::select! {
                wish = self.inbox.recv() => {
                    let Some(wish) = wish else {
                        let _ = socket.close(None).await;
                        return End::Unused;
                    };
                    let (method, params) = (wish.method, wish.params.clone());
                    let id = enlist(wish, &mut self.pending, &mut self.last_id);
                    if let Err(end) = send(socket, id, method, &params).await {
                        return end;
                    }
                }
                received = next(&self.ear.notices, socket) => {
                    (heard, pinged) = (Instant::now(), false);
                    match received {
                        Ok(Some(text)) => if let Err(error) = self.take(&text).await {
                            return End::Cut(error);
                        },
                        Ok(None) => {}
                        Err(end) => return end,
                    }
                }
                () = sleep_until(heard + Duration::from_millis(patience_ms)) => {
                    if self.ear.is_full() {
                        // It is our own user who is silent: the hub was not listened to.
                        (heard, pinged) = (Instant::now(), false);
                        continue;
                    }
                    if pinged {
                        return End::Cut(Error::new(Kind::Unavailable, "the hub has been silent for too long"));
                    }
                    pinged = true;
                    if let Err(end) = put(socket, Message::Ping(Bytes::new())).await {
                        return end;
                    }
                }
            }
        }
    }

    async fn take(&mut self, text: &str) -> Result<()> {
        match Frame::parse(text)? {
            Frame::Response { id, outcome } => {
                if let Some(wish) = self.pending.remove(&id) {
                    let _ = wish.reply.send(Ok(outcome));
                }
                Ok(())
            }
            Frame::Notification { method, params } => self.ear.notify(&method, &params).await,
            Frame::Request { .. } => Ok(()),
        }
    }
}

impl Ear {
    /// Whether there is somebody to tell and no room to do it.
    fn is_full(&self) -> bool {
        self.notices.capacity() == 0 && !self.notices.is_closed()
    }

    async fn notify(&mut self, method: &str, params: &RawValue) -> Result<()> {
        let notice = match method {
            EventsNote::METHOD => {
                let note: EventsNote = frame::read(method, params)?;
                self.cursor = Some(note.cursor);
                Notice::Events(note)
            }
            PresenceNote::METHOD => Notice::Presence(frame::read(method, params)?),
            LaggedNote::METHOD => Notice::Lagged(frame::read(method, params)?),
            _ => return Ok(()),
        };
        let _ = self.notices.send(notice).await;
        Ok(())
    }
}

/// Dials, says hello and renews the subscription, before anything else is sent.
async fn enter(entrance: &Entrance, ear: &mut Ear, first_id: u64) -> std::result::Result<Socket, End> {
    let mut socket = dial(&entrance.target).await.map_err(End::Cut)?;
    let hello = HelloParams {
        version: PROTOCOL_VERSION,
        role: entrance.credential.role,
        token: entrance.credential.token.clone(),
        name: entrance.credential.name.clone(),
        client: concat!("holdpoint/", env!("CARGO_PKG_VERSION")).into(),
    };
    let hello: HelloAnswer = ask::<Hello>(&mut socket, ear, first_id, &hello).await?;
    let mut answer: Option<SessionSubscribeAnswer> = None;
    if let Some(filter) = &entrance.filter {
        let wanted = SessionSubscribeParams { filter: filter.clone(), from: ear.cursor };
        let got = ask::<SessionSubscribe>(&mut socket, ear, first_id + 1, &wanted).await?;
        if got.history_lost {
            ear.cursor = None;
        }
        answer = Some(got);
    }
    let history_lost = answer.as_ref().is_some_and(|answer| answer.history_lost);
    let notice = Notice::Up { hello, head: answer.map(|answer| answer.head), history_lost };
    let _ = ear.notices.send(notice).await;
    Ok(socket)
}

/// Makes one call while nothing else is under way.
async fn ask<C: Call>(
    socket: &mut Socket,
    ear: &mut Ear,
    wanted: u64,
    params: &C::Params,
) -> std::result::Result<C::Answer, End> {
    let params = serde_json::value::to_raw_value(params).map_err(|e| End::Cut(e.into()))?;
    send(socket, wanted, C::METHOD, &params).await?;
    let deadline = Instant::now() + STALE_AFTER;
    loop {
        let text = tokio::time::timeout_at(deadline, receive(socket))
            .await
            .unwrap_or_else(|_| Err(End::Cut(Error::new(Kind::Unavailable, "the hub did not answer"))))?;
        match text.as_deref().map(Frame::parse).transpose().map_err(End::Cut)? {
            Some(Frame::Response { id, outcome }) if id == wanted => {
                let result = outcome.map_err(|refusal| refused(refusal.into()))?;
                return frame::read(C::METHOD, &result).map_err(End::Cut);
            }
            Some(Frame::Notification { method, params }) => {
                ear.notify(&method, &params).await.map_err(End::Cut)?;
            }
            Some(Frame::Response { .. } | Frame::Request { .. }) | None => {}
        }
    }
}

fn enlist(wish: Wish, pending: &mut BTreeMap<u64, Wish>, last_id: &mut u64) -> u64 {
    *last_id += 1;
    pending.insert(*last_id, wish);
    *last_id
}

/// A call without a line: it waits for the next one, or is refused at once.
fn take_offline(wish: Wish, pending: &mut BTreeMap<u64, Wish>, last_id: &mut u64) {
    if wish.again {
        enlist(wish, pending, last_id);
    } else {
        refuse(wish, &Error::new(Kind::Unavailable, "there is no connection to the hub; nothing was sent"));
    }
}

fn refuse(wish: Wish, error: &Error) {
    let _ = wish.reply.send(Err(error.clone()));
}

/// Whether an error of signing in is for good (a wrong credential) or for now (the record cannot be written).
fn refused(error: Error) -> End {
    match error.kind() {
        Kind::Unavailable | Kind::Internal => End::Cut(error),
        Kind::Invalid | Kind::NotFound | Kind::Conflict | Kind::Forbidden | Kind::TooLarge => {
            End::Refused(error)
        }
    }
}

fn cut(error: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unavailable, format!("the line to the hub was cut: {error}"))
}

async fn send(socket: &mut Socket, id: u64, method: &str, params: &RawValue) -> std::result::Result<(), End> {
    let text = Frame::request(id, method, &params).map_err(End::Cut)?;
    put(socket, Message::text(text)).await
}

/// Sends a message; a hub that does not take it in time is as good as gone.
async fn put(socket: &mut Socket, message: Message) -> std::result::Result<(), End> {
    match tokio::time::timeout(STALE_AFTER, socket.send(message)).await {
        Ok(sent) => sent.map_err(|e| End::Cut(cut(&e))),
        Err(_) => Err(End::Cut(Error::new(Kind::Unavailable, "the hub has not read for too long"))),
    }
}

/// The next text frame, once there is room for what it may tell.
async fn next(
    notices: &mpsc::Sender<Notice>,
    socket: &mut Socket,
) -> std::result::Result<Option<String>, End> {
    // Only this task sends, so the room stays. Without anybody to tell there is always room.
    let _ = notices.reserve().await;
    receive(socket).await
}

/// The next text frame; `None` for a frame of another sort.
async fn receive(socket: &mut Socket) -> std::result::Result<Option<String>, End> {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Ok(Some(text.as_str().to_owned())),
        Some(Ok(Message::Close(_))) | None => {
            Err(End::Cut(Error::new(Kind::Unavailable, "the hub closed the connection")))
        }
        Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Err(error)) => Err(End::Cut(cut(&error))),
    }
}

/// Between half and the whole of a pause, so that many clients do not come back at once.
fn jittered(pause_ms: u64) -> u64 {
    let random = getrandom::u32().unwrap_or(0);
    pause_ms / 2 + u64::from(random) % (pause_ms / 2 + 1)
}
