//! People who do not listen, hubs that do not read, and moments that are just too late.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use holdpoint::domain::*;
use holdpoint::link::*;
use holdpoint::wire::*;
use tokio_tungstenite::tungstenite::Message;

use crate::hub::*;

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
