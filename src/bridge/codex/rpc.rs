//! The connection to an app-server: one WebSocket, calls with answers, and what comes unasked, in order.
//!
//! It lives as long as the socket does. Dialling again is its user's decision, because everything that Codex had
//! pending has to be looked at again then.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::wire::{self, Failure, Frame, RequestId};
use crate::domain::{Error, Kind, Result};
use crate::wire::{frame, limits};

/// How long dialling and the handshake may take.
const DIAL_WITHIN: Duration = Duration::from_secs(10);
/// How long an answer of Codex' may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Largest message from Codex, in bytes: a page of a thread's history holds outputs of 1 MiB each.
const MESSAGE_MAX_BYTES: usize = 128 * 1024 * 1024;
/// What may wait on either side of the socket's task.
const WAITING_MAX: usize = 1024;

/// Where an app-server listens, and with what token.
#[derive(Clone)]
pub struct Server {
    /// `HOST:PORT`.
    address: String,
    /// Codex' own capability or bearer token (`--ws-auth`).
    token: Option<String>,
}

impl Server {
    /// Reads `ws://HOST:PORT`.
    ///
    /// # Errors
    /// `Kind::Invalid` when it is not such an address.
    pub fn new(url: &str, token: Option<String>) -> Result<Self> {
        let bad = || {
            Error::invalid(format!("this is not the address of an app-server: \"{}\"", url.escape_debug()))
                .hint("start Codex with `codex app-server --listen ws://127.0.0.1:4690` and name the same ws://HOST:PORT")
        };
        let address = url.strip_prefix("ws://").ok_or_else(bad)?.trim_end_matches('/');
        match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self { address: address.to_owned(), token })
            }
            _ => Err(bad()),
        }
    }

    /// The port it listens on.
    pub(super) fn port(&self) -> Option<u16> {
        self.address.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ws://{}", self.address)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self}, token hidden)")
    }
}

/// What Codex says without being asked.
#[derive(Debug)]
pub(super) enum Incoming {
    Request { id: RequestId, method: String, params: Box<RawValue> },
    Notification { method: String, params: Box<RawValue> },
}

type Answer = std::result::Result<Box<RawValue>, Failure>;

enum Outgoing {
    Call { method: &'static str, params: Value, reply: oneshot::Sender<Answer> },
    Text(String),
}

/// A handle to the connection. Cheap to clone; the connection ends with the last one.
#[derive(Clone, Debug)]
pub(super) struct Rpc {
    outgoing: mpsc::Sender<Outgoing>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { method, .. } => write!(f, "Call({method})"),
            Self::Text(_) => f.write_str("Text"),
        }
    }
}

impl Rpc {
    /// Dials. What comes unasked follows in the receiver, which closes with the connection.
    pub(super) async fn dial(server: &Server) -> Result<(Self, mpsc::Receiver<Incoming>)> {
        let unreachable = |why: String| {
            Error::new(Kind::Unavailable, format!("cannot reach Codex at {server}: {why}"))
                .hint("start it with `codex app-server --listen ws://HOST:PORT`")
        };
        let socket = timeout(DIAL_WITHIN, shake_hands(server))
            .await
            .unwrap_or_else(|_| Err("it does not answer".into()))
            .map_err(unreachable)?;
        let (outgoing, inbox) = mpsc::channel(WAITING_MAX);
        let (incoming, outbox) = mpsc::channel(WAITING_MAX);
        tokio::spawn(Task { socket, inbox, incoming, pending: HashMap::new(), last_id: 0 }.run());
        Ok((Self { outgoing }, outbox))
    }

    /// Makes a call and reads its answer.
    ///
    /// # Errors
    /// `Kind::Unavailable` when the connection is gone or Codex does not answer, `Kind::Conflict` when it refuses.
    pub(super) async fn call<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let gone = || Error::new(Kind::Unavailable, "the connection to Codex has ended");
        self.outgoing.send(Outgoing::Call { method, params, reply }).await.map_err(|_| gone())?;
        match timeout(ANSWER_WITHIN, answer).await {
            Ok(Ok(Ok(result))) => frame::read(method, &result),
            Ok(Ok(Err(failure))) => Err(Error::new(
                Kind::Conflict,
                format!("Codex refused {method}: {}", failure.message.escaped()),
            )),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(Error::new(Kind::Unavailable, format!("Codex did not answer {method}"))),
        }
    }

    /// Says something that wants no answer.
    pub(super) async fn notify(&self, method: &str) -> Result<()> {
        self.text(wire::notification(method)).await
    }

    /// Answers a request. Codex ignores the answer to a request that is resolved already.
    pub(super) async fn answer(&self, id: &RequestId, result: &Value) -> Result<()> {
        self.text(wire::answer(id, result)).await
    }

    async fn text(&self, text: String) -> Result<()> {
        let gone = |_| Error::new(Kind::Unavailable, "the connection to Codex has ended");
        self.outgoing.send(Outgoing::Text(text)).await.map_err(gone)
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn shake_hands(server: &Server) -> std::result::Result<Socket, String> {
    let stream = TcpStream::connect(&server.address).await.map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let mut request = server.to_string().into_client_request().map_err(|e| e.to_string())?;
    if let Some(token) = &server.token {
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| "the token holds characters that no header may hold".to_owned())?;
        request.headers_mut().insert("authorization", bearer);
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX_BYTES))
        .max_frame_size(Some(MESSAGE_MAX_BYTES));
    let shaken = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
    shaken.map(|(socket, _)| socket).map_err(|e| e.to_string())
}

struct Task {
    socket: Socket,
    inbox: mpsc::Receiver<Outgoing>,
    incoming: mpsc::Sender<Incoming>,
    pending: HashMap<i64, oneshot::Sender<Answer>>,
    last_id: i64,
}

impl Task {
    /// Ends when the socket does, when it was silent for too long, or when nobody uses it any more.
    async fn run(mut self) {
        let mut heard = Instant::now();
        let mut beat = interval(Duration::from_millis(limits::PING_AFTER_MS));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                wish = self.inbox.recv() => {
                    let Some(wish) = wish else { break };
                    if !self.send(wish).await { break }
                }
                received = self.socket.next() => {
                    heard = Instant::now();
                    if !self.take(received).await { break }
                }
                _ = beat.tick() => {
                    let silent = heard.elapsed() >= Duration::from_millis(limits::STALE_AFTER_MS);
                    if silent || self.socket.send(Message::Ping(Bytes::new())).await.is_err() { break }
                }
            }
        }
        let _ = timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }

    async fn send(&mut self, wish: Outgoing) -> bool {
        let text = match wish {
            Outgoing::Text(text) => text,
            Outgoing::Call { method, params, reply } => {
                self.last_id += 1;
                self.pending.retain(|_, reply| !reply.is_closed());
                self.pending.insert(self.last_id, reply);
                wire::call(self.last_id, method, &params)
            }
        };
        self.socket.send(Message::text(text)).await.is_ok()
    }

    /// Takes in what was received; `false` ends the connection.
    async fn take(
        &mut self,
        received: Option<std::result::Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> bool {
        let text = match received {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return false,
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                return true;
            }
        };
        let incoming = match Frame::parse(&text) {
            Ok(Frame::Request { id, method, params }) => Incoming::Request { id, method, params },
            Ok(Frame::Notification { method, params }) => Incoming::Notification { method, params },
            Ok(Frame::Response { id: RequestId::Number(id), outcome }) => {
                if let Some(reply) = self.pending.remove(&id) {
                    let _ = reply.send(outcome);
                }
                return true;
            }
            Ok(Frame::Response { id: RequestId::Name(_), .. }) => return true,
            Err(error) => {
                tracing::warn!("{error}");
                return true;
            }
        };
        self.incoming.send(incoming).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_tokens_never_leak_into_each_other() {
        let server = Server::new("ws://127.0.0.1:4690/", Some("s3cret".into())).unwrap();
        assert_eq!((server.to_string().as_str(), server.port()), ("ws://127.0.0.1:4690", Some(4690)));
        assert!(!format!("{server:?}").contains("s3cret"));
        for bad in ["", "127.0.0.1:1", "wss://x:1", "ws://x", "ws://:1", "ws://x:99999"] {
            assert!(Server::new(bad, None).is_err_and(|e| e.next().is_some()), "{bad}");
        }
    }
}
