//! Makes the pictures of `screenshots/`: `cargo run --example screenshots --features pictures`.
//!
//! The screens are drawn by the cockpit itself from `screenshots/incident.jsonl`, the record of a real run of the demo
//! on a real hub; `-- --record` plays the demo anew and replaces it (a minute). SVG comes from the cells, PNG from the
//! SVG; `SHA256SUMS` binds them together, so that a test without a renderer sees a stale one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/support/scenes.rs"]
mod scenes;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use holdpoint::demo::{Cast, Company, Pace, Stage, script};
use holdpoint::domain::{Digest, Role, Untrusted, Verdict};
use holdpoint::hub::{Config, Hub};
use holdpoint::ledger::recording::{Header, Writer};
use holdpoint::link::{Credential, Link, Notice, files};
use holdpoint::session::{Body, Event, HoldOpened};
use holdpoint::wire::{Filter, HoldDecide, HoldDecideParams};
use resvg::{tiny_skia, usvg};

fn main() {
    if std::env::args().any(|arg| arg == "--record") {
        tokio::runtime::Runtime::new().unwrap().block_on(record());
    }
    draw();
}

fn draw() {
    let mut options = usvg::Options::default();
    options.fontdb_mut().load_system_fonts();
    options.font_family = "DejaVu Sans Mono".into();
    let mut sums = String::new();
    for scene in scenes::all() {
        let svg = scene.svg();
        let png = png(&svg, &options);
        for (name, bytes) in [(scene.file("svg"), svg.as_bytes()), (scene.file("png"), &png)] {
            fs::write(Path::new(scenes::FOLDER).join(&name), bytes).unwrap();
            writeln!(sums, "{}  {name}", Digest::of(bytes)).unwrap();
        }
        println!("{}", scene.name());
    }
    fs::write(Path::new(scenes::FOLDER).join("SHA256SUMS"), sums).unwrap();
}

fn png(svg: &str, options: &usvg::Options) -> Vec<u8> {
    let tree = usvg::Tree::from_str(svg, options).unwrap();
    let size = tree.size().to_int_size();
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height()).unwrap();
    resvg::render(&tree, tiny_skia::Transform::identity(), &mut pixels.as_mut());
    pixels.encode_png().unwrap()
}

/// The program itself, which the gate starts commands with: built beside this one.
fn program() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let program = here.parent().and_then(Path::parent).unwrap().join("holdpoint");
    assert!(program.exists(), "{} is not there: run `cargo build` first", program.display());
    program
}

/// Plays the demo's first incident, denied and then approved, until the second one asks; keeps the record.
async fn record() {
    let script = Arc::new(script::parse("story", include_str!("../src/demo/story.toml")).unwrap());
    let pace = Pace::new(1.5);
    let stage = Stage::build(&script, pace).unwrap();
    let hub = Hub::start(Config::new(stage.hub())).await.unwrap();
    let token = fs::read_to_string(stage.hub().join(files::AGENT_TOKEN)).unwrap().trim().to_owned();
    let person =
        Credential::from_file(&stage.hub().join(files::APPROVER_TOKEN), Role::Person, "maya").unwrap();
    let (link, mut notices) = Link::connect(hub.socket(), person, Some(Filter::default()), None);
    let cast = Cast {
        script,
        target: hub.socket(),
        token,
        root: stage.root().to_owned(),
        pace,
        launcher: program(),
    };
    let company = Company::enter(&cast);
    let mut events: Vec<Event> = Vec::new();
    let mut asked = 0;
    let mut end = None;
    loop {
        let patience = end.map_or(Duration::from_mins(5), |end: tokio::time::Instant| {
            end.saturating_duration_since(tokio::time::Instant::now())
        });
        let Ok(notice) = tokio::time::timeout(patience, notices.recv()).await else { break };
        let Some(Notice::Events(note)) = notice else { continue };
        for event in note.events {
            if let Body::HoldOpened(opened) = &event.body {
                asked += 1;
                match asked {
                    1 => decide_later(&link, &event, opened, Verdict::Deny, 9),
                    2 => decide_later(&link, &event, opened, Verdict::Approve, 6),
                    _ => end = Some(tokio::time::Instant::now() + Duration::from_secs(12)),
                }
            }
            events.push(event);
        }
    }
    drop(company);
    hub.stop().await;
    let header = Header { hub: "prod-hub".into(), epoch: 1, exported_at: events.last().unwrap().at };
    let mut out = Writer::new(Vec::new(), &header).unwrap();
    events.iter().for_each(|event| out.event(event).unwrap());
    fs::write(scenes::RECORDING, out.finish().unwrap()).unwrap();
    println!("recorded {} events", events.len());
}

/// Decides as a person would, some seconds after the hold opened.
fn decide_later(link: &Link, event: &Event, opened: &HoldOpened, verdict: Verdict, seconds: u64) {
    let reason = match verdict {
        Verdict::Deny => "six pods, not one, and the deploy came 24 s before the alert: look at v2.14.0",
        Verdict::Approve => "the deploy is the cause",
    };
    let params = HoldDecideParams {
        session: event.session.clone(),
        hold: opened.hold.clone(),
        revision: opened.revision,
        digest: opened.digest,
        verdict,
        reason: Some(Untrusted::from(reason)),
        key: None,
    };
    let link = link.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        link.call::<HoldDecide>(&params).await.unwrap();
    });
}
