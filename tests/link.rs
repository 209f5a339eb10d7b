//! The client's connection against hubs that behave as no good hub would: cut lines, silence, garbage, refusals.
//! (What it does with a real hub is in `tests/hub.rs`.)
// The handshake's callback has a large error type which is not ours to choose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, clippy::result_large_err)]

use futures_util::{SinkExt as _, StreamExt as _};
use holdpoint::domain::{Actor, Digest, HoldId, Kind, Role, SessionId, Timestamp, Verdict};
use holdpoint::link::{Credential, Link, Notice, Target};
use holdpoint::wire::{
    Cursor, Filter, Frame, HelloAnswer, HoldDecide, HoldDecideParams, RpcError, SUBPROTOCOL, SessionReview,
    SessionReviewParams, SessionSubscribeAnswer, SessionSubscribeParams,
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

#[tokio::test]
async fn a_decision_is_never_sent_twice_and_a_cut_makes_its_outcome_unknown() {
    let hub = Hub::new().await;
    let (link, mut notices) = hub.link(None);
    let mut socket = hub.welcome().await;
    let deciding = tokio::spawn({
        let link = link.clone();
        async move { link.call_once::<HoldDecide>(&decision()).await }
    });
    request(&mut socket, "hold/decide").await;
    drop(socket);
    let error = deciding.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.message().contains("unknown"), "{error}");
    down(&mut notices).await;

    let mut again = hub.welcome().await;
    let review = SessionReviewParams { session: SessionId::new("s-1").unwrap() };
    let looking = tokio::spawn({
        let link = link.clone();
        async move { link.call::<SessionReview>(&review).await }
    });
    let (id, _) = request(&mut again, "session/review").await;
    answer(&mut again, id, &serde_json::json!({})).await;
    looking.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_repeatable_call_is_sent_again_after_a_cut_until_it_is_answered() {
    let hub = Hub::new().await;
    let (link, _notices) = hub.link(None);
    let review = SessionReviewParams { session: SessionId::new("s-1").unwrap() };
    let looking = tokio::spawn(async move { link.call::<SessionReview>(&review).await });
    for _ in 0..2 {
        let mut socket = hub.welcome().await;
        request(&mut socket, "session/review").await;
    }
    let mut socket = hub.welcome().await;
    let (id, params) = request(&mut socket, "session/review").await;
    assert_eq!(params, r#"{"session":"s-1"}"#);
    answer(&mut socket, id, &serde_json::json!({})).await;
    looking.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_decision_made_without_a_line_is_refused_at_once_and_not_kept_for_later() {
    let hub = Hub::new().await;
    let (link, mut notices) = hub.link(None);
    drop(hub.welcome().await);
    down(&mut notices).await;
    let error = link.call_once::<HoldDecide>(&decision()).await.unwrap_err();
    assert!(error.message().contains("nothing was sent") || error.message().contains("unknown"), "{error}");
}

#[tokio::test]
async fn a_wrong_credential_is_not_tried_again() {
    let hub = Hub::new().await;
    let (link, mut notices) = hub.link(None);
    let mut socket = hub.accept().await;
    let (id, _) = request(&mut socket, "hello").await;
    let forbidden = holdpoint::domain::Error::new(Kind::Forbidden, "no such credential");
    let text = Frame::response(id, Err(&RpcError::from(&forbidden))).unwrap();
    socket.send(Message::text(text)).await.unwrap();
    let Some(Notice::Refused { error }) = notices.recv().await else { panic!("not refused") };
    assert_eq!(error.kind(), Kind::Forbidden);
    assert!(notices.recv().await.is_none(), "the link has ended");
    assert!(link.call_once::<HoldDecide>(&decision()).await.is_err());
}

#[tokio::test]
async fn a_subscription_goes_on_where_it_stood_and_another_history_begins_anew() {
    let hub = Hub::new().await;
    let (_link, mut notices) = hub.link(Some(Filter::default()));
    let wanted = async |socket: &mut Socket, answered: &SessionSubscribeAnswer| {
        let (id, params) = request(socket, "session/subscribe").await;
        answer(socket, id, answered).await;
        serde_json::from_str::<SessionSubscribeParams>(&params).unwrap().from
    };
    let mut answered = SessionSubscribeAnswer { head: Cursor { epoch: 1, pos: 9 }, history_lost: false };
    let mut socket = hub.welcome().await;
    assert_eq!(wanted(&mut socket, &answered).await, None);
    let note = serde_json::json!({ "cursor": { "epoch": 1, "pos": 9 }, "events": [] });
    socket.send(Message::text(Frame::notification("events", &note).unwrap())).await.unwrap();
    while !matches!(notices.recv().await.unwrap(), Notice::Events(_)) {}
    drop(socket);

    let mut socket = hub.welcome().await;
    answered.history_lost = true;
    assert_eq!(wanted(&mut socket, &answered).await, Some(Cursor { epoch: 1, pos: 9 }));
    loop {
        if let Notice::Up { history_lost, .. } = notices.recv().await.unwrap() {
            assert!(history_lost);
            break;
        }
    }
    drop(socket);
    let mut socket = hub.welcome().await;
    assert_eq!(wanted(&mut socket, &answered).await, None, "what was lost is not asked for again");
}

#[tokio::test]
async fn garbage_cuts_the_line_with_words() {
    let hub = Hub::new().await;
    let (_link, mut notices) = hub.link(None);
    let mut socket = hub.welcome().await;
    socket.send(Message::text("\x1b]0;owned\x07{")).await.unwrap();
    let said = down(&mut notices).await;
    assert!(said.contains("JSON") && !said.contains('\x1b'), "{said:?}");
}

/// A half-open line: the other side is there and says nothing, not even a pong. Time is the test's own.
#[tokio::test(start_paused = true)]
async fn a_silent_hub_is_noticed() {
    let hub = Hub::new().await;
    let (_link, mut notices) = hub.link(None);
    let socket = hub.welcome().await;
    assert!(matches!(notices.recv().await, Some(Notice::Up { .. })));
    let said = down(&mut notices).await;
    assert!(said.contains("silent"), "{said}");
    drop(socket);
}

#[tokio::test]
async fn nobody_uses_it_any_more_so_it_hangs_up() {
    let hub = Hub::new().await;
    let (link, notices) = hub.link(None);
    let mut socket = hub.welcome().await;
    drop((link, notices));
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            Some(Ok(_)) => {}
        }
    }
}
