//! Subscriptions: history then live without a gap, across cuts, restarts, other histories and slow readers.

use std::sync::Arc;

use holdpoint::domain::*;
use holdpoint::hub::Hub;
use holdpoint::ledger::Sqlite;
use holdpoint::wire::*;
use serde_json::json;

use super::lab::*;
use super::raw::Raw;

async fn publish(client: &Client, session: &SessionId, from: u64, to: u64, text: &str) {
    for first in (from..to).step_by(64) {
        let events = (first..to.min(first + 64)).map(|n| said(&format!("e-{n}"), text)).collect();
        client.ok::<SessionPublish>(SessionPublishParams { session: session.clone(), events }).await;
    }
}

fn seqs(events: &[holdpoint::session::Event], session: &SessionId) -> Vec<u64> {
    events.iter().filter(|event| event.session == *session).map(|event| event.seq).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_goes_on_without_a_gap_across_restarts() {
    let data = data();
    let mut hub = Hub::start(config(data.path())).await.unwrap();
    let agent = Client::new(hub.socket(), credential(data.path(), Role::Agent, "a"), None, None);
    let mut maya = Client::all(&hub, data.path(), Role::Person, "maya");
    let session = agent.ok::<SessionOpen>(opening("s-1")).await.session;
    let mut sent = 0;
    for life in 1..=3u64 {
        publish(&agent, &session, sent, sent + 100, "words").await;
        sent += 100;
        if life == 2 {
            maya.until("what came before", |heard| seqs(&heard.events, &session).len() as u64 == sent + 1)
                .await;
        }
        hub.stop().await;
        hub = Hub::start(config(data.path())).await.unwrap();
    }
    publish(&agent, &session, sent, sent + 10, "words").await;
    let heard =
        maya.until("everything", |heard| seqs(&heard.events, &session).len() as u64 >= sent + 11).await;
    assert_eq!(seqs(&heard.events, &session), (1..=sent + 11).collect::<Vec<_>>());
    assert_eq!((heard.histories_lost, heard.fence), (0, 4));
    assert_eq!(heard.cursor.unwrap().pos, sent + 11);
    // Whoever comes late reads the same.
    let mut late = Client::all(&hub, data.path(), Role::Person, "late");
    let found = late.until("the history", |heard| heard.cursor == maya.heard.borrow().cursor).await;
    assert_eq!(found.events, heard.events);
    assert_eq!(found.sessions, heard.sessions, "and folds to the same");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_history_is_told_and_begins_anew() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let mut maya = Client::all(&hub, data.path(), Role::Person, "maya");
    let agent = Client::new(hub.socket(), credential(data.path(), Role::Agent, "a"), None, None);
    agent.ok::<SessionOpen>(opening("s-old")).await;
    maya.until("the session", |heard| heard.sessions.len() == 1).await;
    hub.stop().await;
    // The other history is longer: only its name tells that it is another one.
    let other: Arc<Sqlite> = Arc::new(Sqlite::open(&data.path().join("other.db")).unwrap());
    let hub =
        Hub::start_on(config(&data.path().join("elsewhere")), Arc::<Sqlite>::clone(&other)).await.unwrap();
    let elsewhere = Client::all(&hub, &data.path().join("elsewhere"), Role::Agent, "a");
    for name in ["s-1", "s-2", "s-3"] {
        elsewhere.ok::<SessionOpen>(opening(name)).await;
    }
    hub.stop().await;
    let hub = Hub::start_on(config(data.path()), other).await.unwrap();
    agent.ok::<SessionOpen>(opening("s-new")).await;
    let new = SessionId::new("s-new").unwrap();
    let heard = maya.until("the other history", |heard| heard.sessions.contains_key(&new)).await;
    assert_eq!((heard.histories_lost, heard.sessions.len()), (1, 4), "{:?}", heard.sessions.keys());
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_gives_its_sessions_only_and_still_tells_when_history_ends() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let agent = Client::new(hub.socket(), credential(data.path(), Role::Agent, "a"), None, None);
    let mut ids = Vec::new();
    for name in ["s-1", "s-2", "s-3"] {
        ids.push(agent.ok::<SessionOpen>(opening(name)).await.session);
    }
    for id in &ids {
        publish(&agent, id, 0, 70, "words").await;
    }
    let wanted = vec![ids[0].clone(), ids[2].clone()];
    let filter = Filter { sessions: Some(wanted.clone()) };
    let who = credential(data.path(), Role::Person, "maya");
    let mut maya = Client::new(hub.socket(), who.clone(), Some(filter), None);
    let caught_up =
        |heard: &Heard| heard.head.is_some_and(|head| heard.cursor.is_some_and(|at| at.pos >= head.pos));
    maya.until("the end of the history", caught_up).await;
    publish(&agent, &ids[1], 70, 80, "not for maya").await;
    publish(&agent, &ids[2], 70, 80, "for maya").await;
    let heard = maya.until("the live events", |heard| seqs(&heard.events, &wanted[1]).len() == 81).await;
    assert_eq!(seqs(&heard.events, &wanted[0]), (1..=71).collect::<Vec<_>>());
    assert_eq!(seqs(&heard.events, &wanted[1]), (1..=81).collect::<Vec<_>>());
    assert_eq!(heard.sessions.len(), 2);

    let nothing = Filter { sessions: Some(vec![SessionId::new("s-none").unwrap()]) };
    let mut nobody = Client::new(hub.socket(), who, Some(nothing), None);
    let heard = nobody.until("the end of an empty history", caught_up).await;
    assert!(heard.events.is_empty());
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_told_recovers_whole_and_slows_nobody() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let agent = Client::new(hub.socket(), credential(data.path(), Role::Agent, "a"), None, None);
    let session = agent.ok::<SessionOpen>(opening("s-1")).await.session;
    let mut slow = Raw::sign_in(&hub.socket(), &credential(data.path(), Role::Person, "slow")).await;
    slow.call("session/subscribe", json!({})).await;
    let mut brisk = Client::all(&hub, data.path(), Role::Person, "brisk");
    // Far more than its socket and the live path hold, while it does not read at all.
    let (many, text) = (500u64, "x".repeat(4_000));
    for n in 0..many {
        let events = vec![said(&format!("e-{n}"), &text)];
        agent.ok::<SessionPublish>(SessionPublishParams { session: session.clone(), events }).await;
    }
    let heard = brisk
        .until("everything, at the pace of a brisk reader", |heard| {
            seqs(&heard.events, &session).len() as u64 == many + 1
        })
        .await;
    assert!(heard.lagged.is_empty(), "the control: who reads is not behind");

    let (mut found, mut lagged) = (Vec::new(), 0);
    while (found.len() as u64) < many + 1 {
        let (before, note) = slow.events().await;
        for other in before.iter().filter(|other| other["method"] == "lagged") {
            lagged += other["params"]["missed"].as_u64().unwrap();
        }
        found.extend(note.events.iter().map(|event| event.seq));
    }
    assert_eq!(found, (1..=many + 1).collect::<Vec<_>>(), "nothing is missing and nothing came twice");
    assert!(lagged > 0 && lagged <= many, "it was told: {lagged}");
    let note = SessionNoteParams { session, text: "live again".into() };
    brisk.ok::<SessionNote>(note).await;
    let (_, live) = slow.events().await;
    assert_eq!(live.events.last().unwrap().body.type_name(), "note.added");
    println!("a slow reader missed {lagged} of {many} events on the live path and read them from the ledger");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_frame_is_larger_than_the_limit_however_much_happens_at_once() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let agent = Client::new(hub.socket(), credential(data.path(), Role::Agent, "a"), None, None);
    let session = agent.ok::<SessionOpen>(opening("s-1")).await.session;
    let who = credential(data.path(), Role::Person, "maya");
    let mut live = Raw::sign_in(&hub.socket(), &who).await;
    live.call("session/subscribe", json!({})).await;
    let text = "x".repeat(60_000);
    let calls = (0..20).map(|n| {
        let events = (0..3).map(|m| said(&format!("e-{n}-{m}"), &text)).collect();
        agent.ok::<SessionPublish>(SessionPublishParams { session: session.clone(), events })
    });
    futures_util::future::join_all(calls).await;
    let mut late = Raw::sign_in(&hub.socket(), &who).await;
    late.call("session/subscribe", json!({})).await;
    for reader in [&mut live, &mut late] {
        let mut found = Vec::new();
        while found.len() < 61 {
            let text = reader.text().await.unwrap();
            assert!(text.len() <= limits::MESSAGE_MAX_BYTES, "a frame of {} bytes", text.len());
            if let Ok(Frame::Notification { method, params }) = Frame::parse(&text)
                && method == EventsNote::METHOD
            {
                let note: EventsNote = serde_json::from_str(params.get()).unwrap();
                found.extend(note.events.iter().map(|event| event.seq));
            }
        }
        assert_eq!(found, (1..=61).collect::<Vec<_>>());
    }
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_has_a_limit() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let mut raw = Raw::sign_in(&hub.socket(), &credential(data.path(), Role::Person, "maya")).await;
    let filter = |count: usize| {
        let sessions: Vec<String> = (0..count).map(|n| format!("s-{n}")).collect();
        json!({ "filter": { "sessions": sessions } })
    };
    let refused = raw.call("session/subscribe", filter(257)).await;
    assert_eq!(refused["error"]["data"]["kind"], "tooLarge", "{refused}");
    let taken = raw.call("session/subscribe", filter(256)).await;
    assert_eq!(taken["result"]["historyLost"], false, "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_ran_out_while_the_hub_was_down_is_expired_by_the_next_one() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let agent = Client::new(hub.socket(), credential(data.path(), Role::Agent, "a"), None, None);
    let session = agent.ok::<SessionOpen>(opening("s-1")).await.session;
    let soon = HoldOpenParams { expires_in_ms: Some(200), ..asking(&session, "k", exec(&["true"])) };
    let hold = agent.ok::<HoldOpen>(soon).await;
    hub.stop().await;
    let hub = Hub::start(config(data.path())).await.unwrap();
    let mut maya = Client::all(&hub, data.path(), Role::Person, "maya");
    let heard = maya
        .until("the end of the hold", |heard| {
            heard.hold(&hold.hold).is_some_and(|hold| hold.outcome().is_some())
        })
        .await;
    assert_eq!(heard.hold(&hold.hold).unwrap().outcome(), Some(Outcome::Expired));
    hub.stop().await;
}
