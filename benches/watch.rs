//! What judging costs: an event of a session, and a megabyte of output to ground a citation in.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holdpoint::domain::{
    Actor, CallId, Evidence, EvidenceId, Hypothesis, HypothesisId, HypothesisStatus, Payload, Role,
    SessionId, SourceKind, Stance, Timestamp,
};
use holdpoint::judge::grounding::Grounder;
use holdpoint::judge::watch::Watch;
use holdpoint::judge::world::{Edge, EdgeKind, Topology};
use holdpoint::session::{
    Body, Event, EvidenceCited, HypothesisStated, MessageSaid, Session, ToolCalled, ToolReturned,
};

/// Events in one measured session.
const EVENTS: u64 = 100_000;
/// Services in its topology.
const SERVICES: u64 = 200;

fn event(seq: u64, body: Body) -> Event {
    let at = Timestamp::from_millis(1_795_192_249_000 + seq as i64);
    let (session, actor) = (SessionId::new("s-bench").unwrap(), Actor::new(Role::Agent, "scout"));
    Event { v: 1, session, seq, at, actor, body }
}

fn body(n: u64) -> Body {
    let call = || CallId::new(format!("c{}", n / 4)).unwrap();
    match n % 4 {
        0 => {
            let input = format!("logs deployment/svc-x{}x --tail 50", n / 4 % SERVICES);
            ToolCalled { call: call(), tool: "kubectl".into(), input: input.into(), by: None }.into()
        }
        1 => {
            let fine = "10:00:01.250 INFO request done route=/pay status=200 ms=71\n".repeat(18);
            let bad = format!("10:00:02.100 ERROR svc-x{}x: write failed after {n} ms\n", n % SERVICES);
            let output = Payload::Text((fine + &bad).into());
            ToolReturned { call: call(), output, failed: false, truncated: false }.into()
        }
        2 if n % 40 == 2 => {
            let id = HypothesisId::new(format!("H{}", n / 40 % 6)).unwrap();
            let title = format!("svc-x{}x loses writes", n % SERVICES).into();
            let hypothesis =
                Hypothesis { id, title, status: HypothesisStatus::Open, confidence_pct: Some(50) };
            HypothesisStated { hypothesis }.into()
        }
        _ => MessageSaid { text: "the next thing to look at".into(), from: None }.into(),
    }
}

fn topology() -> Arc<Topology> {
    let mut topology = Topology::default();
    for n in 1..SERVICES {
        let (from, to) = (format!("svc-x{}x", n / 3).into(), format!("svc-x{n}x").into());
        topology.connect(Edge { from, to, kind: EdgeKind::Calls, source: "bench".into() });
    }
    Arc::new(topology)
}

fn judging(c: &mut Criterion) {
    let events: Vec<Event> = (1..=EVENTS).map(|seq| event(seq, body(seq - 1))).collect();
    let mut group = c.benchmark_group("watch");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS));
    for (name, topology) in [("apply, 200 services", topology()), ("apply, no topology", Arc::default())] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut watch = Watch::new(&topology, &[]);
                events.iter().for_each(|event| watch.apply(event));
                black_box(watch)
            });
        });
    }
    group.finish();
    let mut watch = Watch::new(&topology(), &[]);
    events.iter().for_each(|event| watch.apply(event));
    c.bench_function("watch/assess", |b| b.iter(|| black_box(watch.assess())));
    c.bench_function("watch/rows of the pane", |b| b.iter(|| black_box(watch.rows(40))));
}

fn at_hand(payload: &Payload) -> Option<&str> {
    match payload {
        Payload::Text(text) => Some(text.expose()),
        Payload::Blob { .. } => None,
    }
}

fn grounding(c: &mut Criterion) {
    const MEGABYTE: usize = 1 << 20;
    let mut group = c.benchmark_group("ground a megabyte");
    group.throughput(Throughput::Bytes(MEGABYTE as u64));
    for (name, line) in [
        ("ascii", "2026-01-01T00:00:00Z INFO request done route=/pay status=200 ms=71\n"),
        ("cyrillic", "2026-01-01T00:00:00Z INFO запрос выполнен маршрут=/оплата мс=71\n"),
    ] {
        let output = line.repeat(MEGABYTE / line.len());
        let call = CallId::new("c1").unwrap();
        let evidence = Evidence {
            id: EvidenceId::new("E1").unwrap(),
            hypothesis: None,
            stance: Stance::Supports,
            source: SourceKind::Log,
            call: Some(call.clone()),
            excerpt: "ERROR nothing like this stands there".into(),
        };
        let returned =
            ToolReturned { call, output: Payload::Text(output.into()), failed: false, truncated: false };
        let events = [event(1, returned.into()), event(2, EvidenceCited { evidence }.into())];
        let session = Session::of(SessionId::new("s-bench").unwrap(), &events);
        group.bench_function(name, |b| {
            b.iter(|| black_box(Grounder::default().check(&session, &session.citations[0], at_hand)));
        });
    }
    group.finish();
}

criterion_group!(benches, judging, grounding);
criterion_main!(benches);
