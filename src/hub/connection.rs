//! One connection: hello, then calls in and answers and events out, until either side ends it.
//!
//! Reading and writing do not wait for each other: calls are handed on while answers are still on their way, up to a
//! limit, and a stop takes a channel of its own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::SplitStream;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::accept::Socket;
use super::auth::Auth;
use super::blobs::{Staging, Upload};
use super::config::Timing;
use super::live::Fan;
use super::outbox::{Out, Writer};
use super::places::Place;
use super::presence::{Attendance, Seat};
use super::request::{Answer, Outcome, Reply, Request, Wish};
use crate::domain::{Actor, Error, Kind, Result, Role, Timestamp, Untrusted};
use crate::ledger::Ledger;
use crate::wire::{
    BlobGet, BlobPut, Call, Done, Frame, Hello, HelloAnswer, HelloParams, METHODS, PresenceSet, RpcError,
    SessionSubscribe, frame,
};

/// Calls of one connection that may be without an answer; behind them it is not read.
const CALLS_UNDER_WAY_MAX: usize = 128;

/// How long saying good-bye may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// What every connection needs.
pub(super) struct Context {
    pub(super) name: Untrusted,
    pub(super) auth: Auth,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) fan: Fan,
    pub(super) attendance: Arc<Attendance>,
    pub(super) staging: Arc<Staging>,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) stops: mpsc::Sender<Request>,
    pub(super) clock: fn() -> Timestamp,
    pub(super) timing: Timing,
}

/// Serves one connection to its end.
pub(super) async fn serve(
    mut socket: Socket,
    mut place: Place,
    context: Arc<Context>,
    mut over: watch::Receiver<bool>,
) {
    let admitted = tokio::select! {
        admitted = timeout(context.timing.hello_within, hello(&mut socket, &mut place, &context)) => admitted,
        () = ended(&mut over) => return turn_away(socket).await,
    };
    let actor = match admitted {
        Ok(Ok(actor)) => actor,
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "a connection was not let in");
            return turn_away(socket).await;
        }
        Err(_) => {
            tracing::info!("a connection did not say hello in time");
            return turn_away(socket).await;
        }
    };
    let seat = context.attendance.enter(&actor);
    let (sink, stream) = socket.split();
    let (outbox, out) = mpsc::channel(CALLS_UNDER_WAY_MAX);
    let (heard, last_heard) = watch::channel(Instant::now());
    let mut writer = Writer {
        sink,
        role: actor.role,
        ledger: Arc::clone(&context.ledger),
        fan: context.fan.clone(),
        outbox: out,
        pictures: context.attendance.pictures(),
        heard: last_heard,
        pinged: Instant::now(),
        timing: context.timing,
        subscription: None,
    };
    let name = actor.name.escaped();
    let reader = Reader { actor: Arc::new(actor), seat, context, outbox, upload: None };
    tokio::select! {
        end = writer.run() => end.log(&name),
        () = reader.run(stream, heard) => {}
        () = ended(&mut over) => {}
    }
    let _ = timeout(CLOSE_WITHIN, writer.sink.close()).await;
}

/// Resolves when the hub stops.
pub(super) async fn ended(over: &mut watch::Receiver<bool>) {
    // A sender that is gone says the same.
    let _ = over.wait_for(|over| *over).await;
}

/// Ends a connection that was not let in.
async fn turn_away(mut socket: Socket) {
    let frame = CloseFrame { code: CloseCode::Policy, reason: Utf8Bytes::default() };
    // Whether it still listens is its own affair.
    let _ = timeout(CLOSE_WITHIN, socket.close(Some(frame))).await;
}

/// The first call, which must be `hello`.
async fn hello(socket: &mut Socket, place: &mut Place, context: &Context) -> Result<Actor> {
    let (id, read) = loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => match Frame::parse(&text)? {
                Frame::Request { id, method, params } if method == Hello::METHOD => {
                    break (id, frame::read::<HelloParams>(Hello::METHOD, &params));
                }
                Frame::Request { id, .. } => {
                    break (id, Err(Error::new(Kind::Forbidden, "the first call must be hello")));
                }
                Frame::Response { .. } | Frame::Notification { .. } => {
                    return Err(Error::invalid("it began with something that is not a call"));
                }
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_) | Message::Close(_) | Message::Frame(_))) | None => {
                return Err(Error::invalid("it ended before hello"));
            }
            Some(Err(error)) => {
                return Err(Error::invalid(format!("no hello: {}", error.to_string().escape_debug())));
            }
        }
    };
    let admitted = read.and_then(|hello| context.auth.admit(&hello));
    let admitted = admitted.and_then(|actor| place.settle(actor.role).map(|()| actor));
    let text = match &admitted {
        Ok(actor) => {
            let answer = HelloAnswer {
                hub: context.name.clone(),
                head: context.fan.head(),
                fence: context.ledger.fence(),
                you: actor.clone(),
                now: (context.clock)(),
            };
            Frame::response(id, Ok(&*serde_json::value::to_raw_value(&answer)?))?
        }
        Err(error) => Frame::response(id, Err(&RpcError::from(error)))?,
    };
    socket.send(Message::text(text)).await.map_err(|e| Error::new(Kind::Unavailable, e.to_string()))?;
    admitted
}

/// The reading half.
struct Reader {
    actor: Arc<Actor>,
    seat: Seat,
    context: Arc<Context>,
    outbox: mpsc::Sender<Out>,
    upload: Option<Upload>,
}

impl Reader {
    /// Reads until the peer closes or breaks the rules of the transport.
    async fn run(mut self, mut stream: SplitStream<Socket>, heard: watch::Sender<Instant>) {
        while let Some(message) = stream.next().await {
            heard.send_replace(Instant::now());
            let taken = match message {
                Ok(Message::Text(text)) => self.take(&text).await,
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Some(()),
                Ok(Message::Binary(_)) => {
                    tracing::info!(name = self.actor.name.escaped(), "a binary frame ended a connection");
                    None
                }
                Ok(Message::Close(_)) => None,
                Err(error) => {
                    let (name, error) = (self.actor.name.escaped(), error.to_string());
                    tracing::debug!(name, error = %error.escape_debug(), "a connection broke off");
                    None
                }
            };
            if taken.is_none() {
                return;
            }
        }
    }

    /// Takes one text frame; `None` when the connection is over.
    async fn take(&mut self, text: &str) -> Option<()> {
        let place = self.outbox.clone().reserve_owned().await.ok()?;
        match Frame::parse(text) {
            Ok(Frame::Request { id, method, params }) => {
                self.call(&method, &params, Reply { id, place }).await;
            }
            // We ask nothing and take no notes from clients.
            Ok(Frame::Response { .. } | Frame::Notification { .. }) => {}
            Err(error) => {
                let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
                let code = if is_json { -32600 } else { -32700 };
                place.send(Out::Malformed(RpcError { code, ..RpcError::from(&error) }));
            }
        }
        Some(())
    }

    async fn call(&mut self, method: &str, params: &RawValue, reply: Reply) {
        if let Err(error) = self.may(method) {
            return reply.send(Err(error));
        }
        let local = match method {
            SessionSubscribe::METHOD => match frame::read(method, params) {
                Ok(params) => {
                    reply.place.send(Out::Subscribe { id: reply.id, params });
                    return;
                }
                Err(error) => Err(error),
            },
            PresenceSet::METHOD => frame::read(method, params).map(|at| {
                self.seat.look(at);
                Answer::Done(Done {})
            }),
            BlobPut::METHOD => self.put_blob(params).await,
            BlobGet::METHOD => match frame::read(method, params) {
                // Beside the line: a disk that takes its time must not keep the next call waiting.
                Ok(params) => {
                    let context = Arc::clone(&self.context);
                    tokio::spawn(async move {
                        let got = super::blobs::get(&*context.ledger, params).await;
                        reply.send(got.map_err(|error| RpcError::from(&error)));
                    });
                    return;
                }
                Err(error) => Err(error),
            },
            _ => match Wish::read(method, params) {
                Some(Ok(wish)) => return self.hand_on(wish, reply).await,
                Some(Err(error)) => Err(error),
                None => Err(Error::invalid("hello was said already")),
            },
        };
        reply.send(local.map_err(|error| RpcError::from(&error)));
    }

    async fn put_blob(&mut self, params: &RawValue) -> Result<Answer> {
        let params = frame::read(BlobPut::METHOD, params)?;
        super::blobs::put(&self.context.staging, &*self.context.ledger, &mut self.upload, params).await
    }

    /// Whether there is such a call, and this role may make it.
    fn may(&self, method: &str) -> std::result::Result<(), RpcError> {
        let Some(known) = METHODS.iter().find(|known| known.name == method && !known.answer.is_empty())
        else {
            let shown: String = method.chars().take(40).collect();
            let error = Error::invalid(format!("there is no call \"{}\"", shown.escape_default()))
                .hint("docs/protocol.md lists them");
            return Err(RpcError { code: -32601, ..RpcError::from(&error) });
        };
        let (allowed, who) = match known.from {
            "agent" => (self.actor.role == Role::Agent, "agents"),
            "person" => (self.actor.role == Role::Person, "people"),
            _ => (true, ""),
        };
        if allowed {
            return Ok(());
        }
        let error = Error::new(
            Kind::Forbidden,
            format!("{method} is for {who}; this connection is signed in otherwise"),
        )
        .hint("sign in with the other credential");
        Err(RpcError::from(&error))
    }

    /// Hands a wish to the core. Nothing waits for room here, because a stop may be the next thing on the line; a stop
    /// itself does.
    async fn hand_on(&self, wish: Wish, reply: Reply) {
        if let Wish::Publish(published) = &wish
            && let Err(error) = super::blobs::check(&*self.context.ledger, published).await
        {
            return reply.send(Err(RpcError::from(&error)));
        }
        let stops = matches!(wish, Wish::Stop(_));
        let request = Request { from: self.seat.id, actor: Arc::clone(&self.actor), wish, reply };
        let stopping = || Error::new(Kind::Unavailable, "the hub is stopping");
        let refused = if stops {
            self.context.stops.send(request).await.err().map(|refused| (refused.0, stopping()))
        } else {
            match self.context.requests.try_send(request) {
                Ok(()) => None,
                Err(TrySendError::Closed(request)) => Some((request, stopping())),
                Err(TrySendError::Full(request)) => {
                    let busy = Error::new(Kind::Unavailable, "the hub has too much to do; nothing was done");
                    Some((request, busy.hint("try again in a moment")))
                }
            }
        };
        if let Some((request, error)) = refused {
            let outcome: Outcome = Err(RpcError::from(&error));
            request.reply.send(outcome);
        }
    }
}
