//! What holds of a watch whatever comes.

use proptest::prelude::*;

use super::ledger::STATEMENTS_MAX;
use super::names::LEARNT_MAX;
use super::*;
use crate::domain::{Actor, Alert, HypothesisId, HypothesisStatus, SessionId};
use crate::judge::world::{Edge, EdgeKind};
use crate::session::{AlertObserved, HypothesisStated, ReviewMade};

fn event(seq: u64, role: Role, body: Body) -> Event {
    let session = SessionId::new("s").unwrap();
    Event {
        v: 1,
        session,
        seq,
        at: Timestamp::from_millis(seq as i64 * 1000),
        actor: Actor::new(role, "a"),
        body,
    }
}

fn topology() -> Arc<Topology> {
    let mut topology = Topology::default();
    for (from, to) in [("shop", "basket"), ("basket", "basket-db"), ("basket-db", "shop")] {
        topology.connect(Edge {
            from: from.into(),
            to: to.into(),
            kind: EdgeKind::Calls,
            source: "t".into(),
        });
    }
    Arc::new(topology)
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("ERROR".to_owned()),
        Just("failed".to_owned()),
        Just("shop".to_owned()),
        Just("basket-db-0".to_owned()),
        Just("app=\"till\"".to_owned()),
        Just("pod/stock-6b4b89b5f5-zl7gp".to_owned()),
        Just("\n".to_owned()),
        Just("\u{1b}[31m".to_owned()),
        "[a-z]{1,6}",
        "\\PC{0,4}",
    ];
    prop::collection::vec(word, 0..24).prop_map(|words| words.join(" "))
}

fn body() -> impl Strategy<Value = Body> {
    let call = || (0_u8..12).prop_map(|n| CallId::new(format!("c{n}")).unwrap());
    let status = prop_oneof![
        Just(HypothesisStatus::Open),
        Just(HypothesisStatus::Leading),
        Just(HypothesisStatus::Refuted)
    ];
    prop_oneof![
        (call(), text()).prop_map(|(call, input)| {
            ToolCalled { call, tool: "t".into(), input: input.into(), by: None }.into()
        }),
        (call(), text(), any::<bool>()).prop_map(|(call, output, failed)| {
            ToolReturned { call, output: Payload::Text(output.into()), failed, truncated: false }.into()
        }),
        (0_u8..5, text(), status, prop::option::of(any::<u8>())).prop_map(
            |(n, title, status, confidence_pct)| {
                let id = HypothesisId::new(format!("H{n}")).unwrap();
                HypothesisStated {
                    hypothesis: Hypothesis { id, title: title.into(), status, confidence_pct },
                }
                .into()
            }
        ),
        text().prop_map(|service| {
            AlertObserved { alert: Alert { service: Some(service.into()), ..Alert::default() } }.into()
        }),
        Just(ReviewMade {}.into()),
    ]
}

fn run(watch: &mut Watch, bodies: &[Body]) {
    for (n, body) in bodies.iter().enumerate() {
        watch.apply(&event(n as u64 + 1, Role::Agent, body.clone()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever comes, in whatever order: there is an answer, and its figure is one.
    #[test]
    fn every_story_has_an_answer(bodies in prop::collection::vec(body(), 0..40), known in any::<bool>()) {
        let topology = if known { topology() } else { Arc::default() };
        let mut watch = Watch::new(&topology, &[Pattern::new("p*")]);
        run(&mut watch, &bodies);
        let said = watch.assess();
        prop_assert!(said.rival > 0.0 && said.rival < 1.0, "{said:?}");
        prop_assert_eq!(said.word == Word::CannotTell, said.named.is_empty());
        prop_assert!(!said.sentence().is_empty());
        prop_assert!(watch.rows(usize::MAX).iter().all(|row| row.marks.len() == watch.columns().len()));
    }

    /// What was counted as it came is what one gets by counting everything that was kept, with every name known.
    #[test]
    fn counting_as_it_comes_is_counting_from_scratch(bodies in prop::collection::vec(body(), 0..40)) {
        let mut watch = Watch::new(&Arc::default(), &[]);
        run(&mut watch, &bodies);
        let before: Vec<_> = watch.rows(usize::MAX).iter().map(|row| (row.name.clone(), row.templates)).collect();
        watch.ledger.recount(&watch.names);
        let after: Vec<_> = watch.rows(usize::MAX).iter().map(|row| (row.name.clone(), row.templates)).collect();
        prop_assert_eq!(before, after);
    }

    /// Looking does not change what is seen, and what was seen before changes nothing.
    #[test]
    fn repeated_events_and_questions_change_nothing(bodies in prop::collection::vec(body(), 1..30)) {
        let (mut once, mut twice) = (Watch::new(&topology(), &[]), Watch::new(&topology(), &[]));
        run(&mut once, &bodies);
        for (n, body) in bodies.iter().enumerate() {
            let event = event(n as u64 + 1, Role::Agent, body.clone());
            twice.apply(&event);
            twice.assess();
            twice.apply(&event);
        }
        prop_assert_eq!(once.assess(), twice.assess());
        prop_assert_eq!(once.rows(99), twice.rows(99));
        prop_assert_eq!(once.course(), twice.course());
    }
}

/// Enough to fill every room.
const EVENTS: u64 = 10_000;

/// A session that never says the same thing twice: new names, new errors, new hypotheses, calls without an answer.
#[test]
fn a_long_session_keeps_a_bounded_amount_and_counts_the_rest() {
    let mut watch = Watch::new(&Arc::default(), &[]);
    let letters = |n: u64| n.to_string().bytes().map(|b| char::from(b'a' + b - b'0')).collect::<String>();
    for n in 1..=EVENTS {
        let call = CallId::new(format!("c{n}")).unwrap();
        let body: Body = match n % 4 {
            0 => {
                ToolCalled { call, tool: "t".into(), input: format!("app=x{}y", letters(n)).into(), by: None }
                    .into()
            }
            1 => {
                let output = Payload::Text(format!("ERROR {} failed", letters(n)).into());
                ToolReturned { call, output, failed: false, truncated: false }.into()
            }
            2 => {
                let output = Payload::Blob { sha256: crate::domain::Digest::of(b""), bytes: 1 };
                ToolReturned { call, output, failed: false, truncated: false }.into()
            }
            _ => {
                let id = HypothesisId::new(format!("H{n}")).unwrap();
                let status = HypothesisStatus::Leading;
                HypothesisStated {
                    hypothesis: Hypothesis { id, title: "x".into(), status, confidence_pct: None },
                }
                .into()
            }
        };
        watch.apply(&event(n, Role::Agent, body));
    }
    let dropped = watch.dropped();
    assert_eq!(watch.rows(usize::MAX).len(), LEARNT_MAX);
    assert_eq!(dropped.entities, EVENTS / 4 - LEARNT_MAX as u64);
    assert_eq!(dropped.statements, EVENTS / 4 - STATEMENTS_MAX as u64);
    assert_eq!(dropped.hypotheses, EVENTS / 4 - hypotheses::HYPOTHESES_MAX as u64);
    assert_eq!(dropped.unread_outputs, EVENTS / 4);
    assert!(dropped.calls > 0 && dropped.gates == EVENTS / 4 - GATES_MAX as u64, "{dropped:?}");
    assert!(watch.columns().len() <= COLUMNS_MAX && watch.course().len() < 600);
    assert_eq!(watch.gates().count(), GATES_MAX);
}
