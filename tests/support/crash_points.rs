//! Death at the named points: between append and answer, grant, redemption and spawn, spawn and report.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;

use holdpoint::domain::{Outcome, Verdict};
use holdpoint::session::{Body, Event};

use crate::check;
use crate::cockpit::Cockpit;
use crate::lab::{Dice, Wanted, seed, soak, until};
use crate::people::verdict;
use crate::stage::{self, Stage};

/// Kills at each point.
fn kills_each() -> usize {
    if soak() { 20 } else { 2 }
}

/// The hub's points, each with how often it is passed at most before it kills.
const HUB: [(&str, u64); 4] =
    [("hub.append.before", 12), ("hub.append.after", 12), ("hub.grant", 2), ("hub.redeem.after", 2)];

/// The gate's points, each with how often the command ran when a gate died there.
const GATE: [(&str, usize); 4] =
    [("gate.granted", 0), ("gate.redeemed", 0), ("gate.spawned", 1), ("gate.report", 1)];

/// The cockpit's points, each with whether the verdict that was sent there counts; `None` where it may have arrived.
const COCKPIT: [(&str, Option<bool>); 3] =
    [("cockpit.decide", Some(false)), ("hold/decide", None), ("cockpit.answered", Some(true))];

/// Gates at once.
const AT_ONCE: usize = 4;

/// Lets gates come and go until the hub dies at its failpoint, `kills` times at each of these points.
async fn kill_hubs(
    seed: u64,
    points: &[(&'static str, u64)],
    kills: usize,
    mutant: Option<&str>,
) -> stage::Verdict {
    let mut dice = Dice::new(seed);
    let mut stage = Stage::open(seed, 0).await;
    for &(point, passes) in points {
        for _ in 0..kills {
            stage.lab.kill_hub().await;
            let wanted = format!("{point}:{}", 1 + dice.below(passes));
            // With a grant to void it may die before it serves.
            stage.hub_again(Some(&wanted), mutant).await;
            let mut asked: Vec<String> = Vec::new();
            until(&format!("the hub dies at {wanted}"), async || {
                stage.ended();
                if stage.lab.hub_is_dead() {
                    return Some(());
                }
                let alive = stage.gates.iter().filter(|gate| asked.contains(&gate.run)).count();
                for _ in alive..AT_ONCE {
                    let run = stage.fresh();
                    let lives_ms = dice.below(100);
                    stage.ask(&Wanted { run: &run, lives_ms, ..Wanted::default() });
                    asked.push(run);
                }
                None
            })
            .await;
            stage.killed(point);
        }
        assert!(stage.hub_again(None, None).await, "the hub does not come back");
        if mutant.is_some() {
            // A gate whose hold was forgotten would wait for ever.
            stage.kill_gates().await;
        }
        stage.all_gates_end().await;
    }
    stage.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_dies_at_any_point_forgets_nothing_and_lets_nothing_run_twice() {
    let verdict = kill_hubs(seed("hub points"), &HUB, kills_each(), None).await;
    verdict.print("hub points");
    verdict.must_be_clean();
    assert!(HUB.iter().all(|(point, _)| verdict.kills[*point] == kills_each()), "{:?}", verdict.kills);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_is_red_when_the_hub_answers_before_it_records() {
    let points = [("hub.append.before", 8)];
    let verdict = kill_hubs(seed("early answer"), &points, 6, Some("answer-before-append")).await;
    let missing: Vec<_> = verdict.violations.iter().filter(|found| found.starts_with("not kept")).collect();
    println!("early answer: found {missing:#?}");
    assert!(!missing.is_empty(), "{:?}", verdict.violations);
    println!("crash: the early answer was found {} times", missing.len());
}

/// What became of a run whose gate was killed at a point.
struct Killed {
    point: &'static str,
    expected: usize,
    /// Whether a gate was started again with the same key.
    again: bool,
    /// How that one ended.
    exit: Option<i32>,
}

/// Kills gates at these points, `kills` at each; every other one is started again with the same key, as a supervisor
/// or a script would.
async fn kill_gates(
    seed: u64,
    points: &[(&'static str, usize)],
    kills: usize,
    mutant: Option<&str>,
) -> (stage::Verdict, BTreeMap<String, Killed>) {
    let mut stage = Stage::open(seed, 0).await;
    let mut killed: BTreeMap<String, Killed> = BTreeMap::new();
    for &(point, expected) in points {
        until(&format!("{kills} gates died at {point}"), async || {
            for (gate, status) in stage.ended() {
                let words = gate.words();
                let run = gate.run;
                if let Some(before) = killed.get_mut(&run) {
                    before.exit = status.code();
                } else if status.signal() == Some(9) {
                    stage.killed(point);
                    let again = stage.kills(point) % 2 == 1;
                    killed.insert(run.clone(), Killed { point, expected, again, exit: None });
                    if again {
                        stage.ask(&Wanted { run: &run, attempt: 1, ..Wanted::default() });
                    }
                } else {
                    // The hub lives: who is not denied must come by the point.
                    assert_eq!(verdict(seed, &run), Verdict::Deny, "{run} was not killed: {status}");
                    assert_eq!(status.code(), Some(77), "{run}: {words}");
                }
            }
            if stage.kills(point) >= kills {
                return stage.gates.is_empty().then_some(());
            }
            while stage.gates.len() < AT_ONCE {
                let run = stage.fresh();
                stage.ask(&Wanted { run: &run, failpoint: Some(point), mutant, ..Wanted::default() });
            }
            None
        })
        .await;
    }
    (stage.close().await, killed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_dies_at_any_point_runs_once_or_not_at_all_and_the_record_says_which_cannot_be_told() {
    let seed = seed("gate points");
    let (verdict, killed) = kill_gates(seed, &GATE, kills_each(), None).await;
    verdict.print("gate points");
    verdict.must_be_clean();
    for (point, _) in GATE {
        assert!(verdict.kills[point] >= kills_each(), "{:?}", verdict.kills);
    }
    for (run, Killed { point, expected, again, exit }) in &killed {
        let ran = verdict.evidence.effects.get(run).copied().unwrap_or(0);
        let wanted = match (again, *point) {
            (false, _) => (*expected, None),
            // The authority was not used up when the first died: the second uses it, and runs.
            (true, "gate.granted") => (1, Some(0)),
            // It was: the second says that it cannot tell, and leaves it at that.
            (true, _) => (*expected, Some(70)),
        };
        assert_eq!((ran, *exit), wanted, "{run}, killed at {point}, started again: {again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_is_red_when_the_grant_is_used_up_behind_the_spawn() {
    let seed = seed("mutant");
    let (verdict, killed) = kill_gates(seed, &[("gate.spawned", 1)], 4, Some("consume-after-spawn")).await;
    println!("mutant: found {:#?}", verdict.violations);
    let found = |what: &str| verdict.violations.iter().filter(|found| found.contains(what)).count();
    assert!(killed.len() >= 4);
    assert!(
        found(" ran 2 times") >= 2,
        "a gate that is started again runs it again: {:?}",
        verdict.violations
    );
    assert!(found(" ran without a redeemed grant") >= 2, "{:?}", verdict.violations);
    println!("crash: the mutant was found {} times", verdict.violations.len());
}

/// Kills cockpits at this point, each after somebody typed `A` and Enter in it. Whoever sits beside decides what is still
/// open then. Answers who approved each run, the killed one or the survivor.
async fn kill_cockpits(seed: u64, point: &'static str, kills: usize) -> (stage::Verdict, Vec<bool>) {
    let mut stage = Stage::open(seed, 100).await;
    let mut killed: Vec<(String, String)> = Vec::new();
    for _ in 0..kills {
        let run = stage.fresh();
        stage.ask(&Wanted { run: &run, ..Wanted::default() });
        stage.approver.until("the gate waits", |news| news.delegated.len() == 1).await;
        let name = format!("eve-{run}");
        let eve = Cockpit::start(&stage.lab, &name, Some(point));
        let signal = until(&format!("{name} dies at {point}"), async || eve.killed()).await;
        assert_eq!(signal, "Killed", "{name}");
        stage.killed(point);
        killed.push((run, name));
        let _survivor = Cockpit::start(&stage.lab, "omar", None);
        stage.all_gates_end().await;
    }
    let verdict = stage.close().await;
    let mut approved_by_killed = Vec::new();
    for (run, name) in killed {
        let mut votes = Vec::new();
        for session in check::folds(&verdict.evidence.record).values() {
            let asked = session.holds.iter().filter(|hold| check::run_of(hold) == Some(run.as_str()));
            for hold in asked {
                let of_hold =
                    |event: &&Event| matches!(&event.body, Body::VoteCast(vote) if vote.hold == hold.id);
                votes.extend(
                    verdict.evidence.record.iter().filter(of_hold).map(|event| event.actor.name.clone()),
                );
                assert_eq!(hold.outcome(), Some(Outcome::Approved), "{run}");
            }
        }
        assert_eq!(votes.len(), 1, "{run} was approved exactly once: {votes:?}");
        assert_eq!(verdict.evidence.effects.get(&run), Some(&1), "{run} ran exactly once");
        approved_by_killed.push(votes[0].expose() == name);
    }
    (verdict, approved_by_killed)
}

async fn cockpits_die_at(which: usize) {
    let (point, counts) = COCKPIT[which];
    let (verdict, by_killed) = kill_cockpits(seed(point), point, kills_each()).await;
    verdict.print(&format!("cockpit at {point}"));
    let arrived = by_killed.iter().filter(|arrived| **arrived).count();
    println!("cockpit at {point}: {arrived} of {} verdicts had arrived", by_killed.len());
    assert!(verdict.violations.is_empty(), "{:#?}", verdict.violations);
    assert_eq!(verdict.kills[point], kills_each());
    if let Some(counts) = counts {
        assert!(by_killed.iter().all(|arrived| *arrived == counts), "{by_killed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cockpit_that_dies_before_it_sends_has_decided_nothing() {
    cockpits_die_at(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cockpit_that_dies_between_sending_and_the_answer_has_decided_once_or_not_at_all() {
    cockpits_die_at(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cockpit_that_dies_with_the_answer_unread_has_decided_once() {
    cockpits_die_at(2).await;
}
