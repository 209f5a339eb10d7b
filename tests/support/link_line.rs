//! Cut lines, silence, garbage, refusals.

use futures_util::{SinkExt as _, StreamExt as _};
use holdpoint::domain::*;
use holdpoint::link::*;
use holdpoint::wire::*;
use tokio_tungstenite::tungstenite::Message;

use crate::hub::*;

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
