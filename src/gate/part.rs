//! The part of a hub, for tests: a socket that signs everybody in, opens what it is asked to open, and says what a test
//! wants. `tests/gate.rs` has the real one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;

use super::ask::{Asked, names};
use super::compose::observe;
use super::pin::Quit;
use super::request::Request;
use super::seat::Seat;
use crate::domain::{Actor, Error, Kind, Role, Timestamp};
use crate::link::{Credential, Target};
use crate::session::{Body, Event};
use crate::wire::{Frame, HoldOpenParams, RpcError};

/// The hub's part.
pub(super) struct Part {
    folder: tempfile::TempDir,
    say: broadcast::Sender<String>,
    /// How many more times `hold/open` is answered with "not just now".
    pub(super) busy: Arc<AtomicU32>,
}

impl Part {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let (say, _) = broadcast::channel(64);
        let busy = Arc::new(AtomicU32::new(0));
        let (spoken, refusals) = (say.clone(), Arc::clone(&busy));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, spoken.subscribe(), Arc::clone(&refusals)));
            }
        });
        Self { folder, say, busy }
    }

    pub(super) fn target(&self) -> Target {
        Target::Unix(self.folder.path().join("s"))
    }

    pub(super) fn credential() -> Credential {
        Credential { role: Role::Agent, token: "t".into(), name: "gate".into() }
    }

    /// A gate whose action is before a person.
    pub(super) async fn asked(&self) -> (Seat, Asked) {
        let request = Request { argv: vec!["true".into()], cwd: "/".into(), ..Request::default() };
        let action = observe(&request, &Quit::default()).unwrap().action();
        let (session, key) = names(&request).unwrap();
        let mut seat = Seat::take(self.target(), Self::credential(), session).await.unwrap();
        let (asked, _) = Asked::open(&mut seat, &request, key, action).await.unwrap();
        (seat, asked)
    }

    /// Says that a person did this, as the session's next event.
    pub(super) fn person_did(&self, seat: &Seat, body: impl Into<Body>) {
        let (session, seq) = (seat.session.id.clone(), seat.session.last_seq + 1);
        let (at, actor) = (Timestamp::from_millis(1), Actor::new(Role::Person, "maya"));
        let event = Event { v: 1, session, seq, at, actor, body: body.into() };
        let note = json!({ "cursor": { "epoch": 1, "pos": seq }, "events": [event] });
        self.say.send(Frame::notification("events", &note).unwrap()).unwrap();
    }
}

async fn serve(stream: UnixStream, mut spoken: broadcast::Receiver<String>, busy: Arc<AtomicU32>) {
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, speaks_our_protocol).await.unwrap();
    loop {
        let text = tokio::select! {
            text = spoken.recv() => text.unwrap(),
            received = socket.next() => match received {
                Some(Ok(Message::Text(text))) => answer(&text, &busy),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                _ => return,
            },
        };
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}

type Shake = tokio_tungstenite::tungstenite::handshake::server::Response;
type Refused = tokio_tungstenite::tungstenite::handshake::server::ErrorResponse;

#[allow(clippy::unnecessary_wraps, clippy::result_large_err, reason = "the handshake's own signature")]
fn speaks_our_protocol(
    _: &tokio_tungstenite::tungstenite::handshake::server::Request,
    mut response: Shake,
) -> Result<Shake, Refused> {
    response.headers_mut().insert("sec-websocket-protocol", crate::wire::SUBPROTOCOL.parse().unwrap());
    Ok(response)
}

fn answer(text: &str, busy: &AtomicU32) -> String {
    let Ok(Frame::Request { id, method, params }) = Frame::parse(text) else { panic!("no call: {text}") };
    let refuses = |n: u32| n.checked_sub(1);
    if method == "hold/open" && busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuses).is_ok() {
        let error = Error::new(Kind::Unavailable, "not just now");
        return Frame::response(id, Err(&RpcError::from(&error))).unwrap();
    }
    let result = serde_json::value::to_raw_value(&result_of(&method, &params)).unwrap();
    Frame::response(id, Ok(&*result)).unwrap()
}

fn result_of(method: &str, params: &RawValue) -> Value {
    let head = json!({ "epoch": 1, "pos": 0 });
    match method {
        "hello" => json!({ "hub": "part", "head": head, "fence": 1, "now": Timestamp::default(),
                           "you": Actor::new(Role::Agent, "gate") }),
        "session/subscribe" => json!({ "head": head, "historyLost": false }),
        "session/open" => json!({ "session": "s-1", "seq": 1, "resumed": false }),
        "session/publish" => json!({ "seq": 1, "appended": 1 }),
        "hold/open" => {
            let params: HoldOpenParams = serde_json::from_str(params.get()).unwrap();
            json!({ "hold": "h-1", "number": 1, "revision": 1, "expiresAt": Timestamp::default(),
                    "digest": params.proposal.action.digest().unwrap() })
        }
        other => panic!("nobody plays {other}"),
    }
}
