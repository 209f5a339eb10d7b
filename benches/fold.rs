//! How many events a second become a session: folding alone, and read from text first.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holdpoint::domain::{
    Actor, CallId, Evidence, EvidenceId, Hypothesis, HypothesisId, HypothesisStatus, Payload, Role, Sample,
    SessionId, SourceKind, Stance, Timestamp,
};
use holdpoint::session::{
    AlertChanged, Body, Event, EvidenceCited, HypothesisRevised, MessageSaid, Session, ToolCalled,
    ToolReturned,
};

/// Events in one measured session.
const EVENTS: u64 = 20_000;

fn cited(id: String, call: String) -> Body {
    let evidence = Evidence {
        id: EvidenceId::new(id).unwrap(),
        hypothesis: None,
        stance: Stance::Supports,
        source: SourceKind::Log,
        call: Some(CallId::new(call).unwrap()),
        excerpt: "pool timeout after 30s".into(),
    };
    EvidenceCited { evidence }.into()
}

fn body(n: u64) -> Body {
    let call = || CallId::new(format!("c{}", n / 8)).unwrap();
    match n % 8 {
        0 => ToolCalled {
            call: call(),
            tool: "loki".into(),
            input: "{app=\"checkout\"} |= \"timeout\"".into(),
            by: None,
        }
        .into(),
        1 => {
            let output = Payload::Text(
                "03:06:33.871 ERROR pool timeout after 30s pool=orders in_use=5\n".repeat(6).into(),
            );
            ToolReturned {
                call: CallId::new(format!("c{}", n / 8)).unwrap(),
                output,
                failed: false,
                truncated: false,
            }
            .into()
        }
        2 => cited(format!("E{}", n % 64), format!("c{}", n / 8)),
        3 => HypothesisRevised {
            hypothesis: Hypothesis {
                id: HypothesisId::new(format!("H{}", n % 5)).unwrap(),
                title: "the deploy exhausts the pool".into(),
                status: HypothesisStatus::Open,
                confidence_pct: Some((n % 100) as u8),
            },
        }
        .into(),
        4 => AlertChanged {
            sample: Some(Sample { at: Timestamp::from_millis(n as i64), value: 12.4 }),
            state: None,
        }
        .into(),
        _ => {
            MessageSaid { text: "the next thing to look at is the connection pool".into(), from: None }.into()
        }
    }
}

fn events_of(many: u64, body: impl Fn(u64) -> Body) -> Vec<Event> {
    let session = SessionId::new("s-bench").unwrap();
    let actor = Actor::new(Role::Agent, "holmes");
    let event = |seq| Event {
        v: 1,
        session: session.clone(),
        seq,
        at: Timestamp::from_millis(1_795_192_249_000 + seq as i64),
        actor: actor.clone(),
        body: body(seq),
    };
    (1..=many).map(event).collect()
}

fn fold(c: &mut Criterion) {
    let events = events_of(EVENTS, body);
    let lines: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    let id = SessionId::new("s-bench").unwrap();
    let mut group = c.benchmark_group("fold");
    group.throughput(Throughput::Elements(EVENTS));
    group.sample_size(20);
    group.bench_function("events", |b| b.iter(|| Session::of(id.clone(), black_box(&events))));
    group.bench_function("parse and fold", |b| {
        b.iter(|| {
            let mut session = Session::new(id.clone());
            for line in black_box(&lines) {
                session.apply(&serde_json::from_str(line).unwrap());
            }
            session
        });
    });
    group.finish();
}

/// Citations of which each is another one: the time for one must not grow with how many there are.
fn flood(c: &mut Criterion) {
    let mut group = c.benchmark_group("fold a flood of distinct citations");
    group.sample_size(10);
    for many in [4_000, 32_000] {
        let flood: Vec<Event> = events_of(many, |seq| cited(format!("E{seq}"), "c1".into()));
        group.throughput(Throughput::Elements(many));
        group.bench_function(BenchmarkId::from_parameter(many), |b| {
            b.iter(|| Session::of(SessionId::new("s-bench").unwrap(), black_box(&flood)));
        });
    }
    group.finish();
}

criterion_group!(benches, fold, flood);
criterion_main!(benches);
