//! The whole bridge between a real hub and an app-server that only plays its part: a WebSocket that answers what the
//! bridge asks and says what a test wants. `tests/real_codex.rs` does the same with the real one.
// What tests share, outside a module that the lint knows as one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::domain::{Outcome, Role, SessionId, Verdict};
use crate::hub::{Config, Hub};
use crate::link::{Link, Notice, files};
use crate::session::{Hold, Session};
use crate::wire::{
    Filter, HoldDecide, HoldDecideParams, SessionAsk, SessionAskParams, SessionStop, SessionStopParams,
};

const PATIENCE: Duration = Duration::from_mins(1);
const THREAD: &str = "01a1fbb9-1d7b-7352-a9f3-67e876e0ac40";

/// The part of an app-server: one thread in the middle of turn `t1`.
struct Fake {
    port: u16,
    /// What every connected client is told; text, so that it can be anything.
    say: broadcast::Sender<String>,
    /// What clients said, apart from the calls that are answered by themselves.
    heard: mpsc::UnboundedReceiver<Value>,
    task: JoinHandle<()>,
    /// Whether it leaves `turn/steer` without an answer.
    deaf: Arc<AtomicBool>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (say, _) = broadcast::channel(64);
        let (hears, heard) = mpsc::unbounded_channel();
        let spoken = say.clone();
        let deaf = Arc::new(AtomicBool::new(false));
        let ears = Arc::clone(&deaf);
        let task = tokio::spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                clients.spawn(serve(stream, spoken.subscribe(), hears.clone(), Arc::clone(&ears)));
            }
        });
        Self { port, say, heard, task, deaf }
    }

    fn say(&self, message: &Value) {
        self.say.send(message.to_string()).unwrap();
    }

    /// Asks for approval of a command.
    fn ask(&self, id: i64, item: &str) {
        let params = json!({ "threadId": THREAD, "turnId": "t1", "itemId": item, "command": format!("run {item}"), "cwd": "/" });
        self.say(&json!({ "id": id, "method": "item/commandExecution/requestApproval", "params": params }));
    }

    /// The next thing that is not merely a question for the thread's state.
    async fn hears(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.heard.recv()).await.expect("the bridge is silent").unwrap()
    }
}

async fn serve(
    stream: tokio::net::TcpStream,
    mut spoken: broadcast::Receiver<String>,
    hears: mpsc::UnboundedSender<Value>,
    deaf: Arc<AtomicBool>,
) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    loop {
        let text = tokio::select! {
            text = spoken.recv() => text.unwrap(),
            received = socket.next() => {
                let text = match received {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    _ => return,
                };
                let call: Value = serde_json::from_str(&text).unwrap();
                let Some(result) = result_of(call["method"].as_str()) else {
                    let _ = hears.send(call);
                    continue;
                };
                if matches!(call["method"].as_str(), Some("turn/steer" | "turn/start" | "turn/interrupt")) {
                    let _ = hears.send(call.clone());
                }
                if call["method"] == "turn/steer" && deaf.load(Ordering::Relaxed) {
                    continue;
                }
                json!({ "id": call["id"], "result": result }).to_string()
            }
        };
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}

fn result_of(method: Option<&str>) -> Option<Value> {
    let thread = json!({ "id": THREAD, "preview": "Why does checkout fail?", "cwd": "/srv", "turns": [] });
    let turns = json!({ "data": [{ "id": "t1", "status": "inProgress", "items": [] }], "nextCursor": null });
    Some(match method? {
        "thread/loaded/list" => json!({ "data": [THREAD] }),
        "thread/resume" => json!({
            "thread": thread, "cwd": "/srv", "approvalPolicy": "on-request", "sandbox": { "type": "readOnly" },
            "initialTurnsPage": turns }),
        "thread/backgroundTerminals/list" => json!({ "data": [] }),
        "initialized" => return None,
        _ => json!({}),
    })
}

/// A hub, a bridge and a person; the app-server is the test's.
struct Bench {
    fake: Fake,
    person: Link,
    sessions: watch::Receiver<Vec<Session>>,
    bridge: JoinHandle<Result<()>>,
    hub: Option<Hub>,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::start(Config::new(folder.path().join("d"))).await.unwrap();
        let mut fake = Fake::start().await;
        let credential = |file: &str, role, name: &str| {
            Credential::from_file(&folder.path().join("d").join(file), role, name).unwrap()
        };
        let bridge = Bridge {
            server: Server::new(&format!("ws://127.0.0.1:{}", fake.port), None).unwrap(),
            hub: hub.socket(),
            credential: credential(files::AGENT_TOKEN, Role::Agent, "codex"),
            expires_in_ms: None,
        };
        let bridge = tokio::spawn(run(bridge, std::future::pending(), |_| {}));
        let maya = credential(files::APPROVER_TOKEN, Role::Person, "maya");
        let (person, notices) = Link::connect(hub.socket(), maya, Some(Filter::default()), None);
        let (sender, sessions) = watch::channel(Vec::new());
        tokio::spawn(fold(notices, sender));
        assert_eq!(fake.hears().await["method"], "initialized");
        Self { fake, person, sessions, bridge, hub: Some(hub), folder }
    }

    async fn until<T>(&mut self, what: &str, find: impl Fn(&Session) -> Option<T>) -> (SessionId, T) {
        let find = |sessions: &Vec<Session>| {
            sessions.iter().find_map(|session| Some((session.id.clone(), find(session)?)))
        };
        let there = self.sessions.wait_for(|sessions| find(sessions).is_some());
        let sessions = tokio::time::timeout(PATIENCE, there)
            .await
            .unwrap_or_else(|_| panic!("in vain: {what}"))
            .unwrap();
        find(&sessions).unwrap()
    }

    async fn open_hold(&mut self, words: &str) -> (SessionId, Hold) {
        let about =
            |hold: &&Hold| hold.is_open() && format!("{:?}", hold.revision.proposal.action).contains(words);
        self.until(words, |session| session.holds.iter().find(about).cloned()).await
    }

    async fn decide(&self, (session, hold): &(SessionId, Hold), verdict: Verdict, reason: Option<&str>) {
        let params = HoldDecideParams {
            session: session.clone(),
            hold: hold.id.clone(),
            revision: 1,
            digest: hold.revision.digest,
            verdict,
            reason: reason.map(Into::into),
            key: None,
        };
        // The hub may not have heard from the bridge yet, after it came back.
        let decided = async {
            while let Err(error) = self.person.call::<HoldDecide>(&params).await {
                assert_eq!(error.kind(), Kind::Unavailable, "{error}");
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, decided).await.expect("nobody waits for the hold");
    }
}

/// Keeps the fold of everything.
async fn fold(mut notices: mpsc::Receiver<Notice>, sender: watch::Sender<Vec<Session>>) {
    while let Some(notice) = notices.recv().await {
        if let Notice::Events(note) = notice {
            sender.send_modify(|sessions| {
                for event in note.events {
                    if !sessions.iter().any(|session| session.id == event.session) {
                        sessions.push(Session::new(event.session.clone()));
                    }
                    sessions.iter_mut().for_each(|session| session.apply(&event));
                }
            });
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_go_back_in_codex_own_words_and_a_reason_goes_before() {
    let mut bench = Bench::new().await;
    bench.fake.ask(0, "c1");
    bench.fake.ask(1, "c2");
    let (yes, no) = (bench.open_hold("run c2").await, bench.open_hold("run c1").await);
    bench.decide(&yes, Verdict::Approve, None).await;
    assert_eq!(bench.fake.hears().await, json!({ "id": 1, "result": { "decision": "accept" } }));
    bench.decide(&no, Verdict::Deny, Some("it is the deploy")).await;
    let steer = bench.fake.hears().await;
    assert_eq!(steer["method"], "turn/steer");
    assert_eq!(
        (&steer["params"]["threadId"], &steer["params"]["expectedTurnId"]),
        (&json!(THREAD), &json!("t1"))
    );
    assert!(steer["params"]["input"][0]["text"].as_str().unwrap().contains("it is the deploy"));
    assert_eq!(bench.fake.hears().await, json!({ "id": 0, "result": { "decision": "decline" } }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_understood_is_never_answered() {
    let mut bench = Bench::new().await;
    let garbage = ["{", "[]", "null", r#"{"id":7}"#, r#"{"method":5,"id":7}"#];
    for text in garbage {
        bench.fake.say.send(text.to_owned()).unwrap();
    }
    let requests = [
        "item/permissions/requestApproval",
        "item/tool/requestUserInput",
        "moon/land",
        "execCommandApproval",
    ];
    for (id, method) in requests.iter().enumerate() {
        bench.fake.say(&json!({ "id": id, "method": method, "params": { "threadId": THREAD } }));
    }
    let form = json!({ "threadId": THREAD, "turnId": "t1", "serverName": "ops", "message": "Your name?", "_meta": null });
    bench.fake.say(&json!({ "id": 8, "method": "mcpServer/elicitation/request", "params": form }));
    // The control: the connection lives, and the next answer is the first one.
    bench.fake.ask(9, "c9");
    let hold = bench.open_hold("run c9").await;
    bench.decide(&hold, Verdict::Approve, None).await;
    assert_eq!(bench.fake.hears().await, json!({ "id": 9, "result": { "decision": "accept" } }));
    assert_eq!(bench.sessions.borrow()[0].holds.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_was_away_still_delivers_the_decision() {
    let mut bench = Bench::new().await;
    bench.fake.ask(0, "c1");
    let hold = bench.open_hold("run c1").await;
    bench.hub.take().unwrap().stop().await;
    bench.fake.ask(1, "c2");
    bench.hub = Some(Hub::start(Config::new(bench.folder.path().join("d"))).await.unwrap());
    bench.decide(&hold, Verdict::Approve, None).await;
    assert_eq!(bench.fake.hears().await, json!({ "id": 0, "result": { "decision": "accept" } }));
    let asked_meanwhile = bench.open_hold("run c2").await;
    bench.decide(&asked_meanwhile, Verdict::Approve, None).await;
    assert_eq!(bench.fake.hears().await, json!({ "id": 1, "result": { "decision": "accept" } }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_codex_that_is_cut_withdraws_what_waits() {
    let mut bench = Bench::new().await;
    bench.fake.ask(0, "c1");
    let (session, hold) = bench.open_hold("run c1").await;
    bench.fake.task.abort();
    let ended = |session: &Session| session.hold(&hold.id).and_then(Hold::outcome);
    assert_eq!(bench.until("the end of the hold", ended).await, (session, Outcome::Withdrawn));
    assert!(!bench.bridge.is_finished(), "it waits for Codex to come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_steered_into_the_turn_under_way() {
    let mut bench = Bench::new().await;
    bench.fake.ask(0, "c1");
    let (session, _) = bench.open_hold("run c1").await;
    let text = "which deploy?".into();
    bench.person.call::<SessionAsk>(&SessionAskParams { session, hold: None, text }).await.unwrap();
    let steer = bench.fake.hears().await;
    assert_eq!(steer["method"], "turn/steer");
    assert!(steer["params"]["input"][0]["text"].as_str().unwrap().contains("maya asks"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_words_that_codex_does_not_answer_and_nothing_is_begun_behind_it() {
    let mut bench = Bench::new().await;
    bench.fake.ask(0, "c1");
    let (session, _) = bench.open_hold("run c1").await;
    bench.fake.deaf.store(true, Ordering::Relaxed);
    let ask = SessionAskParams { session: session.clone(), hold: None, text: "which deploy?".into() };
    bench.person.call::<SessionAsk>(&ask).await.unwrap();
    assert_eq!(bench.fake.hears().await["method"], "turn/steer");
    let stop = SessionStopParams { session, level: 1, reason: None };
    bench.person.call::<SessionStop>(&stop).await.unwrap();
    assert_eq!(bench.fake.hears().await["method"], "turn/interrupt", "before anybody gave the words up");
    assert_eq!(bench.fake.hears().await, json!({ "id": 0, "result": { "decision": "decline" } }));
    let refused = bench.person.call::<SessionAsk>(&ask).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Conflict, "whoever was stopped is asked nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(Config::new(folder.path().join("d"))).await.unwrap();
    let file = folder.path().join("d").join(files::AGENT_TOKEN);
    let credential = Credential::from_file(&file, Role::Agent, "codex").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let server = Server::new(&format!("ws://127.0.0.1:{port}"), None).unwrap();
    let bridge = Bridge { server, hub: hub.socket(), credential: credential.clone(), expires_in_ms: None };
    let error = run(bridge, std::future::pending(), |_| {}).await.unwrap_err();
    assert_eq!((error.kind(), error.next().is_some()), (Kind::Unavailable, true));
    let fake = Fake::start().await;
    let wrong = Credential { token: "wrong".into(), ..credential };
    let server = Server::new(&format!("ws://127.0.0.1:{}", fake.port), None).unwrap();
    let bridge = Bridge { server, hub: hub.socket(), credential: wrong, expires_in_ms: None };
    let error = run(bridge, std::future::pending(), |_| {}).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Forbidden);
}
