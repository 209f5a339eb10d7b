//! A hub of which the test writes every word, and what it says most often.

use futures_util::{SinkExt as _, StreamExt as _};
use holdpoint::domain::{Actor, Digest, HoldId, Role, SessionId, Timestamp, Verdict};
use holdpoint::link::{Credential, Link, Notice, Target};
use holdpoint::wire::{
    Cursor, Filter, Frame, HelloAnswer, HoldDecideParams, SUBPROTOCOL, SessionReviewParams,
};
use serde_json::value::to_raw_value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A hub of which the test writes every word.
pub(crate) struct Hub(pub(crate) TcpListener);

impl Hub {
    pub(crate) async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn link(&self, filter: Option<Filter>) -> (Link, Receiver<Notice>) {
        let target = Target::Tcp(self.0.local_addr().unwrap().to_string());
        let credential = Credential { role: Role::Person, token: "secret".into(), name: "maya".into() };
        Link::connect(target, credential, filter, None)
    }

    pub(crate) async fn accept(&self) -> Socket {
        let stream = self.0.accept().await.unwrap().0;
        let choose = |_: &Request, mut response: Response| {
            response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
            Ok(response)
        };
        tokio_tungstenite::accept_hdr_async(stream, choose).await.unwrap()
    }

    /// Accepts a connection and answers its hello.
    pub(crate) async fn welcome(&self) -> Socket {
        let mut socket = self.accept().await;
        let (id, _) = request(&mut socket, "hello").await;
        answer(&mut socket, id, &hello()).await;
        socket
    }
}

pub(crate) fn hello() -> HelloAnswer {
    HelloAnswer {
        hub: "test".into(),
        head: Cursor { epoch: 1, pos: 0 },
        fence: 1,
        you: Actor::new(Role::Person, "maya"),
        now: Timestamp::from_millis(0),
    }
}

/// The next request, which must be this one; its id and parameters.
pub(crate) async fn request(socket: &mut Socket, wanted: &str) -> (u64, String) {
    loop {
        let message = socket.next().await.expect("the client is there").unwrap();
        let Message::Text(text) = message else { continue };
        let Frame::Request { id, method, params } = Frame::parse(&text).unwrap() else { panic!("{text}") };
        assert_eq!(method, wanted);
        return (id, params.get().to_owned());
    }
}

pub(crate) async fn answer(socket: &mut Socket, id: u64, result: &impl serde::Serialize) {
    let text = Frame::response(id, Ok(&to_raw_value(result).unwrap())).unwrap();
    socket.send(Message::text(text)).await.unwrap();
}

pub(crate) fn decision() -> HoldDecideParams {
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

pub(crate) async fn down(notices: &mut Receiver<Notice>) -> String {
    loop {
        if let Notice::Down { error } = notices.recv().await.expect("the link lives") {
            return error.to_string();
        }
    }
}

pub(crate) fn review() -> SessionReviewParams {
    SessionReviewParams { session: SessionId::new("s-1").unwrap() }
}
