//! The link under people who do not listen, hubs that do not read, and moments that are just too late.

// The handshake's callback has a large error type which is not ours to choose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, clippy::result_large_err)]

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use holdpoint::domain::{Actor, Digest, HoldId, Kind, Role, SessionId, Timestamp, Verdict};
use holdpoint::link::{Credential, Link, Notice, Target};
use holdpoint::wire::{
    Cursor, Filter, Frame, HelloAnswer, HoldDecide, HoldDecideParams, RpcError, SUBPROTOCOL, SessionNote,
    SessionNoteParams, SessionReview, SessionReviewParams, SessionStop, SessionStopParams,
};
use serde_json::value::to_raw_value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;

type Socket = WebSocketStream<TcpStream>;

/// A hub of which the test writes every word.
struct Hub(TcpListener);

impl Hub {
    async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn link(&self, filter: Option<Filter>) -> (Link, Receiver<Notice>) {
        let target = Target::Tcp(self.0.local_addr().unwrap().to_string());
        let credential = Credential { role: Role::Person, token: "secret".into(), name: "maya".into() };
        Link::connect(target, credential, filter, None)
    }

    async fn accept(&self) -> Socket {
        let stream = self.0.accept().await.unwrap().0;
        let choose = |_: &Request, mut response: Response| {
            response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
            Ok(response)
        };
        tokio_tungstenite::accept_hdr_async(stream, choose).await.unwrap()
    }

    /// Accepts a connection and answers its hello.
    async fn welcome(&self) -> Socket {
        let mut socket = self.accept().await;
        let (id, _) = request(&mut socket, "hello").await;
        answer(&mut socket, id, &hello()).await;
        socket
    }
}

fn hello() -> HelloAnswer {
    HelloAnswer {
        hub: "test".into(),
        head: Cursor { epoch: 1, pos: 0 },
        fence: 1,
        you: Actor::new(Role::Person, "maya"),
        now: Timestamp::from_millis(0),
    }
}

/// The next request, which must be this one; its id and parameters.
async fn request(socket: &mut Socket, wanted: &str) -> (u64, String) {
    loop {
        let message = socket.next().await.expect("the client is there").unwrap();
        let Message::Text(text) = message else { continue };
        let Frame::Request { id, method, params } = Frame::parse(&text).unwrap() else { panic!("{text}") };
        assert_eq!(method, wanted);
        return (id, params.get().to_owned());
    }
}

async fn answer(socket: &mut Socket, id: u64, result: &impl serde::Serialize) {
    let text = Frame::response(id, Ok(&to_raw_value(result).unwrap())).unwrap();
    socket.send(Message::text(text)).await.unwrap();
}

fn decision() -> HoldDecideParams {
    HoldDecideParams {
        session: SessionId::new("s-1").unwrap(),
        hold: HoldId::new("h-1").unwrap(),
        revision: 1,
        digest: Digest::of(b"x"),
        verdict: Verdict::Approve,
        reason: None,
        key: None,
    }
}

async fn down(notices: &mut Receiver<Notice>) -> String {
    loop {
        if let Notice::Down { error } = notices.recv().await.expect("the link lives") {
            return error.to_string();
        }
    }
}

fn review() -> SessionReviewParams {
    SessionReviewParams { session: SessionId::new("s-1").unwrap() }
}

const BRIEF: Duration = Duration::from_secs(3);

/// The next request, whatever it is; `None` when none comes for a while.
async fn any_request(socket: &mut Socket, within: Duration) -> Option<String> {
    let next = async {
        loop {
            let Message::Text(text) = socket.next().await?.ok()? else { continue };
            let Frame::Request { method, .. } = Frame::parse(&text).unwrap() else { panic!("{text}") };
            return Some(method);
        }
    };
    tokio::time::timeout(within, next).await.ok().flatten()
}

#[tokio::test]
async fn a_stop_goes_out_while_nobody_takes_the_notices() {
    let hub = Hub::new().await;
    let (link, _notices) = hub.link(None);
    let mut socket = hub.welcome().await;
    let note = Frame::notification("lagged", &serde_json::json!({ "missed": 1 })).unwrap();
    for _ in 0..3_000 {
        socket.send(Message::text(note.as_str())).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let stop = SessionStopParams { session: SessionId::new("s-1").unwrap(), level: 3, reason: None };
    let stopping = tokio::spawn(async move { link.call::<SessionStop>(&stop).await });
    assert_eq!(any_request(&mut socket, BRIEF).await.as_deref(), Some("session/stop"));
    stopping.abort();
}

#[tokio::test]
async fn a_decision_made_while_the_line_is_being_dialled_again_is_not_applied_later() {
    let hub = Hub::new().await;
    let (link, mut notices) = hub.link(None);
    drop(hub.welcome().await);
    down(&mut notices).await;
    // The pause is over; the hub's socket takes the connection, and nobody answers the handshake yet.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let deciding = tokio::spawn({
        let link = link.clone();
        async move { link.call_once::<HoldDecide>(&decision()).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut socket = hub.welcome().await;
    assert_eq!(any_request(&mut socket, Duration::from_secs(1)).await, None, "it was made without a line");
    assert!(deciding.await.unwrap().unwrap_err().message().contains("nothing was sent"));
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_is_not_sent_again() {
    let hub = Hub::new().await;
    let (link, _notices) = hub.link(None);
    let mut socket = hub.welcome().await;
    let looking = tokio::spawn({
        let link = link.clone();
        async move { link.call::<SessionReview>(&review()).await }
    });
    request(&mut socket, "session/review").await;
    looking.abort();
    assert!(looking.await.unwrap_err().is_cancelled());
    drop(socket);
    let mut socket = hub.welcome().await;
    assert_eq!(any_request(&mut socket, Duration::from_secs(1)).await, None);
}

/// The other side is there and reads nothing: its buffers fill, and the line has to count as dead all the same.
#[tokio::test(start_paused = true)]
async fn a_hub_that_does_not_read_is_noticed() {
    let hub = Hub::new().await;
    let (link, mut notices) = hub.link(None);
    let socket = hub.welcome().await;
    let note =
        SessionNoteParams { session: SessionId::new("s-1").unwrap(), text: "x".repeat(200_000).into() };
    let talking: Vec<_> = (0..100)
        .map(|_| {
            let (link, note) = (link.clone(), note.clone());
            tokio::spawn(async move { link.call::<SessionNote>(&note).await })
        })
        .collect();
    let told = tokio::time::timeout(Duration::from_mins(1), down(&mut notices)).await;
    assert!(told.is_ok(), "the screen would show a live line for ever");
    talking.iter().for_each(tokio::task::JoinHandle::abort);
    drop(socket);
}

#[tokio::test]
async fn a_hub_that_cuts_every_line_at_once_is_dialled_less_and_less_often() {
    let hub = Hub::new().await;
    let (_link, mut notices) = hub.link(None);
    let hears = tokio::spawn(async move { while notices.recv().await.is_some() {} });
    let mut lines = 0;
    let _ = tokio::time::timeout(Duration::from_secs(3), async {
        loop {
            let mut socket = hub.welcome().await;
            lines += 1;
            let _ = socket.send(Message::text("{")).await;
        }
    })
    .await;
    hears.abort();
    assert!(lines <= 10, "{lines} lines in three seconds");
}

#[tokio::test]
async fn a_hub_that_has_trouble_signing_us_in_is_asked_again() {
    let hub = Hub::new().await;
    let (_link, mut notices) = hub.link(None);
    let mut socket = hub.accept().await;
    let (id, _) = request(&mut socket, "hello").await;
    let trouble = holdpoint::domain::Error::new(Kind::Internal, "a defect");
    let text = Frame::response(id, Err(&RpcError::from(&trouble))).unwrap();
    socket.send(Message::text(text)).await.unwrap();
    assert!(matches!(notices.recv().await, Some(Notice::Down { .. })), "a gate waits however long it takes");
}

#[tokio::test]
async fn what_a_hub_says_in_an_error_reaches_no_terminal_raw() {
    let hub = Hub::new().await;
    let (link, _notices) = hub.link(None);
    let mut socket = hub.welcome().await;
    let looking = tokio::spawn(async move { link.call::<SessionReview>(&review()).await });
    let (id, _) = request(&mut socket, "session/review").await;
    let hostile = holdpoint::domain::Error::invalid("\u{1b}]0;owned\u{7}").hint("\u{202e}");
    let text = Frame::response(id, Err(&RpcError::from(&hostile))).unwrap();
    socket.send(Message::text(text)).await.unwrap();
    let shown = looking.await.unwrap().unwrap_err().to_string();
    assert!(shown.chars().all(|c| matches!(c, ' '..='~')), "{shown:?}");
}
