//! What a frame and an event cost the cockpit, at three sizes and with a long session behind the screen.
// The scenes of the tests look for one effect among many.
#![allow(clippy::wildcard_enum_match_arm)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/support/scene.rs"]
mod scene;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use holdpoint::cockpit::event::What;
use holdpoint::link::Notice;
use holdpoint::session::MessageSaid;
use holdpoint::wire::EventsNote;
use scene::{Scene, agent, incident};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

/// Events of a long session.
const LONG: usize = 50_000;

fn long(size: (u16, u16)) -> Scene {
    let (mut scene, session, _) = incident(size);
    for n in 0..LONG {
        let text = format!("line {n}: looking at pool=orders in_use=5 max=5 waiting=212").into();
        scene.hub.record(&session, &agent("holmes"), MessageSaid { text, from: None });
    }
    scene.tell();
    scene
}

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("draw");
    for size in SIZES {
        let name = format!("{}x{}", size.0, size.1);
        let (mut main, ..) = incident(size);
        group.bench_function(BenchmarkId::new("main", &name), |b| b.iter(|| main.draw()));
        let (mut sheet, ..) = incident(size);
        sheet.enter();
        group.bench_function(BenchmarkId::new("sheet", &name), |b| b.iter(|| sheet.draw()));
        let mut behind = long(size);
        group.bench_function(BenchmarkId::new("long session", &name), |b| b.iter(|| behind.draw()));
    }
    group.finish();
}

/// One event taken in, without a frame: what a flood costs.
fn events(c: &mut Criterion) {
    let (mut scene, session, _) = incident((120, 36));
    c.bench_function("update with one event", |b| {
        b.iter(|| {
            let said = MessageSaid { text: "the same words again".into(), from: None };
            scene.hub.record(&session, &agent("holmes"), said);
            let events = scene.lose();
            let cursor = scene.hub.cursor();
            scene.feed(What::Notice(Notice::Events(EventsNote { cursor, events })));
            let _: () = scene.effects.clear();
            black_box(());
        });
    });
}

criterion_group!(benches, frames, events);
criterion_main!(benches);
