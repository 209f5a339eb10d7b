//! What the hub and its record do, in figures: appends, publish → subscriber, fan-out, recovery after a kill.
//!
//! `cargo bench --bench hub` prints a table, and one line of JSON a figure with `-- --json`. Without `--bench` (under
//! `cargo test`) everything runs once with small numbers, to see that it still works. Clients and hub share one
//! process and its processors, so the figures are what all of them together do.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use holdpoint::domain::{ClientKey, Role, SessionId};
use holdpoint::hub::{Config, Hub};
use holdpoint::ledger::{Entry, Ledger as _, Scope, Sqlite};
use holdpoint::link::{Credential, Link, Target, files};
use holdpoint::wire::{
    Call, ClientEvent, Hello, HelloParams, PROTOCOL_VERSION, SUBPROTOCOL, SessionOpen, SessionOpenParams,
    SessionPublish, SessionPublishParams, SessionSubscribe,
};
use serde_json::json;
use tokio::net::UnixStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Names the database that the victim writes to until it is killed.
const VICTIM: &str = "HOLDPOINT_BENCH_VICTIM";
/// An event's words: about what an agent says in a line or two.
const WORDS: usize = 400;

/// How much is measured.
struct Scale {
    singles: u64,
    groups: u64,
    published: u64,
    subscribers: usize,
    fanned: u64,
    history: u64,
    kills: usize,
}

const FULL: Scale = Scale {
    singles: 5_000,
    groups: 500,
    published: 2_000,
    subscribers: 100,
    fanned: 51_200,
    history: 100_000,
    kills: 10,
};
const SMOKE: Scale =
    Scale { singles: 20, groups: 2, published: 20, subscribers: 5, fanned: 512, history: 200, kills: 1 };

fn main() {
    if let Some(path) = std::env::var_os(VICTIM) {
        return victim(Path::new(&path));
    }
    let scale = if std::env::args().any(|arg| arg == "--bench") { FULL } else { SMOKE };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        appends(&scale).await;
        latency(&scale).await;
        fan_out(&scale).await;
        recovery(&scale).await;
    });
}

fn tell(name: &str, value: f64, unit: &str) {
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", json!({ "name": name, "value": value, "unit": unit }));
    } else {
        println!("{name:<52} {value:>14.2} {unit}");
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len() - 1);
    sorted[at].as_secs_f64() * 1000.0
}

fn tell_times(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    tell(&format!("{name}, p50"), percentile(&times, 50), "ms");
    tell(&format!("{name}, p99"), percentile(&times, 99), "ms");
}

fn entry(pos: u64) -> Entry {
    let event = json!({
        "v": 1, "session": "s-1", "seq": pos, "at": "2026-11-20T16:30:49.382Z",
        "actor": {"role": "agent", "name": "bench"}, "type": "message.said", "body": {"text": "x".repeat(WORDS)},
    });
    Entry { pos, session: SessionId::new("s-1").unwrap(), key: None, json: event.to_string().into() }
}

async fn appends(scale: &Scale) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Sqlite::open(&folder.path().join("r.db")).unwrap();
    let (mut pos, mut times) = (0, Vec::new());
    let begun = Instant::now();
    for _ in 0..scale.singles {
        pos += 1;
        let entries: Arc<[Entry]> = Arc::new([entry(pos)]);
        let one = Instant::now();
        ledger.append(entries).await.unwrap();
        times.push(one.elapsed());
    }
    tell("append, one a commit", scale.singles as f64 / begun.elapsed().as_secs_f64(), "events/s");
    tell_times("append, one a commit", times);
    let groups: Vec<Arc<[Entry]>> =
        (0..scale.groups).map(|group| (1..=100).map(|n| entry(pos + group * 100 + n)).collect()).collect();
    let (mut times, begun) = (Vec::new(), Instant::now());
    for group in groups {
        let one = Instant::now();
        ledger.append(group).await.unwrap();
        times.push(one.elapsed());
    }
    tell("append, 100 a commit", (scale.groups * 100) as f64 / begun.elapsed().as_secs_f64(), "events/s");
    tell_times("append, 100 a commit", times);
}

/// A hub with an agent's link and an open session.
struct Scene {
    _data: tempfile::TempDir,
    hub: Hub,
    agent: Link,
    person: Credential,
    session: SessionId,
}

async fn scene() -> Scene {
    let data = tempfile::Builder::new().prefix("hp").tempdir().unwrap();
    let folder = data.path().join("d");
    let hub = Hub::start(Config::new(&folder)).await.unwrap();
    let of = |file: &str, role| Credential::from_file(&folder.join(file), role, "bench").unwrap();
    let (agent, mut notices) = Link::connect(hub.socket(), of(files::AGENT_TOKEN, Role::Agent), None, None);
    tokio::spawn(async move { while notices.recv().await.is_some() {} });
    let opening = SessionOpenParams {
        key: ClientKey::new("k").unwrap(),
        session: None,
        title: "bench".into(),
        source: "bench".into(),
        alert: None,
    };
    let session = agent.call::<SessionOpen>(&opening).await.unwrap().session;
    let person = of(files::APPROVER_TOKEN, Role::Person);
    Scene { _data: data, hub, agent, person, session }
}

fn publishing(session: &SessionId, from: u64, to: u64) -> SessionPublishParams {
    let body = serde_json::value::to_raw_value(&json!({ "text": "x".repeat(WORDS) })).unwrap();
    let event = |n| ClientEvent {
        id: ClientKey::new(format!("e-{n}")).unwrap(),
        r#type: "message.said".into(),
        body: body.clone(),
    };
    SessionPublishParams { session: session.clone(), events: (from..to).map(event).collect() }
}

/// A subscriber that reads frames and looks at nothing but how far they go.
struct Subscriber {
    socket: WebSocketStream<UnixStream>,
}

impl Subscriber {
    async fn new(target: &Target, who: &Credential) -> Self {
        let Target::Unix(path) = target else { unreachable!() };
        let stream = UnixStream::connect(path).await.unwrap();
        let mut request = "ws://localhost/ws".into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let hello = HelloParams {
            version: PROTOCOL_VERSION,
            role: who.role,
            token: who.token.clone(),
            name: who.name.clone(),
            client: "bench".into(),
        };
        for (id, method, params) in
            [(1, Hello::METHOD, json!(hello)), (2, SessionSubscribe::METHOD, json!({}))]
        {
            let call = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
            socket.send(Message::text(call.to_string())).await.unwrap();
        }
        Self { socket }
    }

    /// Reads until the record's position `goal` has come.
    async fn until(&mut self, goal: u64) {
        loop {
            let Some(Ok(Message::Text(text))) = self.socket.next().await else { continue };
            let Some(pos) = text.split_once("\"pos\":").map(|(_, rest)| rest) else { continue };
            let digits: String = pos.chars().take_while(char::is_ascii_digit).collect();
            if text.contains("\"events\"") && digits.parse::<u64>().unwrap() >= goal {
                return;
            }
        }
    }
}

async fn latency(scale: &Scale) {
    let scene = scene().await;
    let mut subscriber = Subscriber::new(&scene.hub.socket(), &scene.person).await;
    subscriber.until(1).await;
    let mut times = Vec::new();
    for n in 0..scale.published {
        let params = publishing(&scene.session, n, n + 1);
        let (link, begun) = (scene.agent.clone(), Instant::now());
        let answered = tokio::spawn(async move { link.call::<SessionPublish>(&params).await });
        subscriber.until(n + 2).await;
        times.push(begun.elapsed());
        answered.await.unwrap().unwrap();
    }
    tell_times("publish → subscriber, durable between", times);
    scene.hub.stop().await;
}

async fn fan_out(scale: &Scale) {
    let scene = scene().await;
    let mut ready = Vec::new();
    for _ in 0..scale.subscribers {
        let mut subscriber = Subscriber::new(&scene.hub.socket(), &scene.person).await;
        subscriber.until(1).await;
        ready.push(subscriber);
    }
    let goal = scale.fanned + 1;
    let begun = Instant::now();
    let readers: Vec<_> = ready
        .into_iter()
        .map(|mut subscriber| tokio::spawn(async move { subscriber.until(goal).await }))
        .collect();
    // A few calls at once, as several agents would have.
    let calls = (0..scale.fanned).step_by(256).map(|n| {
        let (link, params) =
            (scene.agent.clone(), publishing(&scene.session, n, (n + 256).min(scale.fanned)));
        async move { link.call::<SessionPublish>(&params).await.unwrap() }
    });
    futures_util::stream::iter(calls).buffer_unordered(4).for_each(|_| async {}).await;
    tell("published", scale.fanned as f64 / begun.elapsed().as_secs_f64(), "events/s");
    for reader in readers {
        reader.await.unwrap();
    }
    let deliveries = scale.fanned as f64 * scale.subscribers as f64;
    let name = format!("fan-out to {} subscribers", scale.subscribers);
    tell(&name, deliveries / begun.elapsed().as_secs_f64(), "deliveries/s");
    scene.hub.stop().await;
}

/// Where the record ends, found by reading it.
async fn head(ledger: &Sqlite) -> u64 {
    let mut after = 0;
    loop {
        let page = ledger.page(Scope::All, after).await.unwrap();
        if page.entries.is_empty() {
            return after;
        }
        after = page.end;
    }
}

/// Appends without end and says what is durable; its killer reads along.
fn victim(path: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let ledger = Sqlite::open(path).unwrap();
        let mut after = head(&ledger).await;
        let mut out = std::io::stdout();
        loop {
            let entries: Arc<[Entry]> = (after + 1..=after + 10).map(entry).collect();
            ledger.append(entries).await.unwrap();
            after += 10;
            writeln!(out, "{after}").unwrap();
        }
    });
}

async fn recovery(scale: &Scale) {
    let data = tempfile::Builder::new().prefix("hp").tempdir().unwrap();
    let folder = data.path().join("d");
    Hub::start(Config::new(&folder)).await.unwrap().stop().await;
    let path = folder.join("record.db");
    let ledger = Sqlite::open(&path).unwrap();
    let all: Vec<Entry> = (1..=scale.history).map(entry).collect();
    for part in all.chunks(1000) {
        ledger.append(part.into()).await.unwrap();
    }
    drop(ledger);
    let (mut opened, mut started, mut lost) = (Vec::new(), Vec::new(), 0);
    for _ in 0..scale.kills {
        let acknowledged = kill_one(&path);
        let begun = Instant::now();
        let ledger = Sqlite::open(&path).unwrap();
        let page = ledger.page(Scope::All, acknowledged - 1).await.unwrap();
        opened.push(begun.elapsed());
        lost += u64::from(page.entries.first().is_none_or(|first| first.pos != acknowledged));
        drop(ledger);
        let begun = Instant::now();
        let hub = Hub::start(Config::new(&folder)).await.unwrap();
        started.push(begun.elapsed());
        hub.stop().await;
    }
    tell_times("kill -9 → the record is open and read", opened);
    tell_times(&format!("start of a hub with {} events", scale.history), started);
    tell("acknowledged and lost", lost as f64, "events");
}

/// Lets a process write for a moment, kills it, and answers what it had acknowledged.
fn kill_one(path: &Path) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(VICTIM, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    for line in said.by_ref().take(100) {
        acknowledged = line.unwrap().parse().unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // A line is written whole or not at all: it is far smaller than a pipe's atomic write.
    acknowledged.max(said.map_while(Result::ok).filter_map(|line| line.parse().ok()).max().unwrap_or(0))
}
