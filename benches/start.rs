//! How long it takes from the start of `holdpoint watch` until its screen tells something, in a real terminal.
//!
//! `cargo bench --bench start` prints a table, and one line of JSON a figure with `-- --json`; `-- --quick` starts it a
//! few times only. Without `--bench` (under `cargo test`) everything happens once, with a small record. The hub is in
//! this process, the cockpit in one of its own, built as the bench is. What counts as told is named with each figure.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use holdpoint::domain::{Action, ClientKey, Digest, Exec, Pin, Proposal, Role, SessionId, Untrusted};
use holdpoint::hub::{Config, Hub};
use holdpoint::link::{Credential, Link, files};
use holdpoint::wire::{
    ClientEvent, HoldOpen, HoldOpenParams, SessionOpen, SessionOpenParams, SessionPublish,
    SessionPublishParams,
};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::json;

/// Columns and rows.
const SIZE: (u16, u16) = (120, 36);
/// Nothing takes so long; a start that does is an error.
const PATIENCE: Duration = Duration::from_mins(1);
/// Events that go into one call.
const PIECE: u64 = 250;

/// How much is measured.
struct Scale {
    starts: usize,
    sessions: u64,
    events: u64,
}

const FULL: Scale = Scale { starts: 60, sessions: 50, events: 10_000 };
const QUICK: Scale = Scale { starts: 10, ..FULL };
const SMOKE: Scale = Scale { starts: 1, sessions: 2, events: 20 };

/// One figure: which record is behind the hub, and when the screen tells enough of it.
struct Case {
    name: String,
    /// What the predicate is, in words.
    told: &'static str,
    tells: fn(&str) -> bool,
}

fn main() {
    let given = |wanted: &str| std::env::args().any(|arg| arg == wanted);
    let scale = match (given("--bench"), given("--quick")) {
        (true, false) => FULL,
        (true, true) => QUICK,
        (false, _) => SMOKE,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (sessions, events) in [(1, 10), (scale.sessions, scale.events)] {
        let folder = folder();
        let hub = runtime.block_on(hub(folder.path(), sessions, events));
        let case = Case {
            name: format!("{sessions} sessions, {events} events"),
            told: "live, and the hold that waits with its command",
            tells: |screen| {
                ["● live", "1 waiting", "WAITING FOR YOU", "kubectl rollout"]
                    .iter()
                    .all(|w| screen.contains(w))
            },
        };
        measure(&case, folder.path(), scale.starts);
        runtime.block_on(hub.stop());
        let case = Case {
            name: "hub unreachable".into(),
            told: "that it is not there, and that it is tried again",
            tells: |screen| screen.contains("cannot reach the hub") && screen.contains("tried again"),
        };
        if sessions == 1 {
            measure(&case, folder.path(), scale.starts);
        }
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("hp").tempdir().unwrap()
}

/// A hub with so many sessions of so many events together, and one hold that waits in the last.
async fn hub(folder: &Path, sessions: u64, events: u64) -> Hub {
    let data = folder.join("d");
    let hub = Hub::start(Config::new(&data)).await.unwrap();
    let credential = Credential::from_file(&data.join(files::AGENT_TOKEN), Role::Agent, "bench").unwrap();
    let (link, mut notices) = Link::connect(hub.socket(), credential, None, None);
    // The proposer goes on waiting for as long as the runtime lives.
    tokio::spawn(async move { while notices.recv().await.is_some() {} });
    for number in 0..sessions {
        let opening = SessionOpenParams {
            key: ClientKey::new(format!("s-{number}")).unwrap(),
            session: None,
            title: format!("INC-{number} checkout").as_str().into(),
            source: "bench".into(),
            alert: None,
        };
        let session = link.call::<SessionOpen>(&opening).await.unwrap().session;
        let mine = events / sessions;
        for from in (0..mine).step_by(PIECE as usize) {
            link.call::<SessionPublish>(&said(&session, from, (from + PIECE).min(mine))).await.unwrap();
        }
        if number + 1 == sessions {
            let key = ClientKey::new("ask").unwrap();
            let asking = HoldOpenParams { session, key, proposal: proposal(), expires_in_ms: None };
            link.call::<HoldOpen>(&asking).await.unwrap();
        }
    }
    // Its waiting ends with its link.
    tokio::spawn(async move {
        std::future::pending::<()>().await;
        drop(link);
    });
    hub
}

fn said(session: &SessionId, from: u64, to: u64) -> SessionPublishParams {
    let event = |n| ClientEvent {
        id: ClientKey::new(format!("e-{n}")).unwrap(),
        r#type: "message.said".into(),
        body: serde_json::value::to_raw_value(&json!({ "text": format!("{n}: {}", "x".repeat(200)) }))
            .unwrap(),
    };
    SessionPublishParams { session: session.clone(), events: (from..to).map(event).collect() }
}

fn proposal() -> Proposal {
    let argv = ["kubectl", "rollout", "undo", "deployment/checkout-api"].map(Untrusted::from).to_vec();
    let executable = Pin { path: "/usr/bin/kubectl".into(), sha256: Digest::of(b"kubectl") };
    let (host, user) = ("bastion".into(), "maya".into());
    let (env, files, unpinned) = (vec![], vec![], vec![]);
    let exec = Exec { argv, cwd: "/".into(), env, stdin: None, host, user, executable, files, unpinned };
    let (service, environment, why, claim, undo) = (None, None, None, None, None);
    Proposal { action: Action::Exec(exec), service, environment, why, claim, undo, cites: vec![] }
}

fn measure(case: &Case, home: &Path, starts: usize) {
    let mut first = Vec::new();
    let mut told = Vec::new();
    for _ in 0..starts {
        let (byte, fact) = start(case, home);
        first.push(byte);
        told.push(fact);
    }
    tell_times(&format!("start → first byte on screen ({})", case.name), first);
    tell_times(&format!("start → first paint that tells ({}; {})", case.name, case.told), told);
}

/// One start: until the first byte, and until the screen tells what the case wants.
fn start(case: &Case, home: &Path) -> (Duration, Duration) {
    let (columns, rows) = SIZE;
    let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_holdpoint"));
    command.arg("watch");
    command.env_clear();
    for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("USER", "maya")] {
        command.env(name, value);
    }
    command.env("HOME", home);
    command.env("HOLDPOINT_DATA", home.join("d"));
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (sender, pieces) = mpsc::channel();
    std::thread::spawn(move || {
        let mut piece = vec![0; 65_536];
        while let Ok(n @ 1..) = reader.read(&mut piece) {
            if sender.send((Instant::now(), piece[..n].to_vec())).is_err() {
                return;
            }
        }
    });
    let begun = Instant::now();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (byte, fact) = until_told(case, &pieces, begun);
    let mut writer = pair.master.take_writer().unwrap();
    writer.write_all(b"q").unwrap();
    drop(writer);
    child.wait().unwrap();
    (byte, fact)
}

/// What came is timed where it was read, so that making sense of it costs nothing.
fn until_told(case: &Case, pieces: &Receiver<(Instant, Vec<u8>)>, begun: Instant) -> (Duration, Duration) {
    let cells = |n| NonZero::new(n).unwrap();
    let mut glass = vt100::Parser::new(cells(SIZE.1), cells(SIZE.0), 0);
    let mut first = None;
    loop {
        let (at, piece) = match pieces.recv_timeout(PATIENCE) {
            Ok(came) => came,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                panic!("{} never told {}:\n{}", case.name, case.told, glass.screen().contents())
            }
        };
        let first = *first.get_or_insert(at - begun);
        glass.process(&piece);
        if (case.tells)(&glass.screen().contents()) {
            return (first, at - begun);
        }
    }
}

fn tell_times(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    for percent in [50, 99] {
        let at = (times.len() * percent / 100).min(times.len() - 1);
        let value = times[at].as_secs_f64() * 1000.0;
        if std::env::args().any(|arg| arg == "--json") {
            println!("{}", json!({ "name": format!("{name}, p{percent}"), "value": value, "unit": "ms" }));
        } else {
            println!("{:<110} {value:>9.2} ms", format!("{name}, p{percent}"));
        }
    }
}
