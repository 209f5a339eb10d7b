//! A client that keeps no rule by itself: it reads only when told, and sends what it is given.

use futures_util::{SinkExt as _, StreamExt as _};
use holdpoint::link::{Credential, Target};
use holdpoint::wire::{EventsNote, Frame, HelloParams, Note, PROTOCOL_VERSION, SUBPROTOCOL};
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{self, Message};

use super::lab::PATIENCE;

/// A WebSocket to a hub.
pub(crate) struct Raw {
    pub(crate) socket: WebSocketStream<UnixStream>,
    last_id: u64,
}

/// Shakes hands with these headers beside the usual ones.
pub(crate) async fn shake(
    target: &Target,
    path: &str,
    headers: &[(&'static str, &'static str)],
) -> Result<Raw, tungstenite::Error> {
    let Target::Unix(socket) = target else { panic!("the raw client speaks to a Unix socket") };
    let stream = UnixStream::connect(socket).await.unwrap();
    let mut request = format!("ws://localhost{path}").into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    Ok(Raw { socket, last_id: 0 })
}

impl Raw {
    /// A connection that has not said hello.
    pub(crate) async fn dial(target: &Target) -> Self {
        shake(target, "/ws", &[("sec-websocket-protocol", SUBPROTOCOL)]).await.unwrap()
    }

    /// A connection that is signed in.
    pub(crate) async fn sign_in(target: &Target, who: &Credential) -> Self {
        let mut raw = Self::dial(target).await;
        let hello = HelloParams {
            version: PROTOCOL_VERSION,
            role: who.role,
            token: who.token.clone(),
            name: who.name.clone(),
            client: "raw".into(),
        };
        let answer = raw.call("hello", json!(hello)).await;
        assert!(answer.get("result").is_some(), "{answer}");
        raw
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// Sends a call and does not wait for its answer.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string())
            .await;
        id
    }

    /// Makes a call and answers with its whole response; notes that come before it are passed over.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        self.answer(id).await
    }

    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        loop {
            let value = self.read().await.expect("the connection ended before the answer");
            if value["id"] == id {
                return value;
            }
        }
    }

    /// The next text frame; `None` when the connection has ended.
    pub(crate) async fn read(&mut self) -> Option<Value> {
        let text = self.text().await?;
        Some(serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn text(&mut self) -> Option<String> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("nothing came, not even an end");
            match next {
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next `events` note, or the notes of another sort that came before it.
    pub(crate) async fn events(&mut self) -> (Vec<Value>, EventsNote) {
        let mut before = Vec::new();
        loop {
            let text = self.text().await.expect("the connection ended");
            match Frame::parse(&text).unwrap() {
                Frame::Notification { method, params } if method == EventsNote::METHOD => {
                    return (before, serde_json::from_str(params.get()).unwrap());
                }
                Frame::Request { .. } | Frame::Response { .. } | Frame::Notification { .. } => {
                    before.push(serde_json::from_str(&text).unwrap());
                }
            }
        }
    }

    /// Whether the other side ends it.
    pub(crate) async fn is_ended(&mut self) -> bool {
        tokio::time::timeout(PATIENCE, async { while self.text().await.is_some() {} }).await.is_ok()
    }
}
