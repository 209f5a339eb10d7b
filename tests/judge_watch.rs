//! Incidents, judged as they go: what is said at each gate, why, and what must never be said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // a test may fail

#[path = "judge_watch/evaluate.rs"]
mod evaluate;
#[path = "judge_watch/story.rs"]
mod story;

use std::sync::Arc;

use holdpoint::domain::HypothesisStatus;
use holdpoint::judge::watch::{About, MECHANISM, ReasonKind, Scope, Watch, Word};
use holdpoint::ledger::recording::Reader;
use story::{Story, market};

/// Three errors of its own, and who calls it complains.
const TILL_DOWN: &str = "\
10:00:01 ERROR cannot open the drawer\n\
10:00:02 ERROR receipt rejected\n\
10:00:03 FATAL panic while counting\n";
const COMPLAINTS: &str = "10:00:03 ERROR dial till:80: connection refused\n";

fn word(story: &Story) -> Word {
    story.watch.assess().word
}

#[test]
fn the_demos_first_incident_is_contested_until_the_deploy_is_blamed() {
    let file = std::fs::File::open("screenshots/incident.jsonl").unwrap();
    let reader = Reader::new(std::io::BufReader::new(file)).unwrap();
    let mut watch = Watch::new(&Arc::default(), &[]);
    reader.map(Result::unwrap).for_each(|event| watch.apply(&event));
    let said: Vec<_> = watch
        .gates()
        .filter(|gate| matches!(gate.about, About::Hold(..)))
        .map(|gate| (gate.assessment.word, gate.assessment.named[0].expose()))
        .collect();
    assert_eq!(said, [(Word::Contested, "cart-redis"), (Word::Supported, "checkout-api")]);
    let first = &watch.gates().next().unwrap().assessment;
    assert_eq!(first.strongest.as_ref().unwrap().name.expose(), "checkout-api");
    assert!(first.next.as_ref().unwrap().expose().contains("checkout-api"));
}

#[test]
fn a_hypothesis_is_supported_by_errors_of_what_it_names_and_never_without_the_sentence_on_mechanisms() {
    let mut story = Story::new(&market());
    story.alert("shop", None).call("logs deploy/till", TILL_DOWN).call("logs deploy/shop", COMPLAINTS);
    story.commits("till cannot count");
    let said = story.watch.assess();
    assert_eq!(said.word, Word::Supported, "{said:?}");
    assert_eq!(said.sentence().expose(), MECHANISM);
}

#[test]
fn a_rival_that_the_agents_own_queries_brought_up_contests() {
    let mut story = Story::new(&market());
    story
        .alert("shop", None)
        .call("logs deploy/till", TILL_DOWN)
        .call("describe svc/search", "Endpoints: 10.0.0.7");
    story.commits("search answers slowly");
    let said = story.watch.assess();
    assert_eq!(said.word, Word::Contested);
    let rival = said.strongest.as_ref().unwrap();
    assert_eq!((rival.name.expose(), rival.templates, rival.examined), ("till", 3, 1));
    assert!(rival.example.as_ref().unwrap().expose().contains("cannot open the drawer"));
    assert_eq!(
        story.reason(ReasonKind::Rival).unwrap(),
        "3 distinct errors speak of till, looked at in 1 call."
    );
    assert!(said.next.unwrap().expose().contains("till"));
}

#[test]
fn errors_of_callers_are_explained_by_whom_they_call_only_when_there_is_evidence_against_it() {
    let shop = "ERROR page failed\nERROR basket rejected\nFATAL panic in the aisle\nERROR shelf denied\n";
    let mut story = Story::new(&market());
    story.call("logs shop", shop).commits("till-store lost a disk");
    assert_eq!(word(&story), Word::Contested, "nothing speaks of till-store");
    story.call("logs till-store", "ERROR disk failed\nERROR write rejected\nFATAL panic on page\n");
    assert_eq!(word(&story), Word::Supported, "the shop is upstream of it");
    let mut alone = Story::new(&Arc::default());
    alone
        .call("logs app=shop", shop)
        .call("logs app=till-store", "ERROR disk failed\nERROR write rejected\n");
    alone.commits("till-store lost a disk");
    assert_eq!(word(&alone), Word::Contested, "without a topology nothing explains the shop's errors");
}

#[test]
fn lines_that_are_no_errors_and_words_of_the_agent_support_nothing() {
    let mut story = Story::new(&market());
    story.call(
        "logs till",
        "INFO till retried after error\nlevel=info msg=\"till failed over\"\ntill errors: 0\n",
    );
    story.says("H1", "till is broken", HypothesisStatus::Leading, Some(99));
    let said = story.watch.assess();
    assert_eq!((said.word, said.rival), (Word::NotEnough, 0.5));
    let same = "10:00:01 ERROR till failed id=7\n10:00:09 ERROR till failed id=8\n".repeat(50);
    story.call("logs till --tail 100", &same);
    assert_eq!(word(&story), Word::NotEnough, "the same line a hundred times is one error");
    assert!(story.reason(ReasonKind::OneLine).unwrap().contains("one line"));
}

#[test]
fn a_hypothesis_that_names_nothing_cannot_be_told_and_is_never_supported() {
    let mut story = Story::new(&market());
    story.call("logs till", TILL_DOWN).commits("a configuration mistake somewhere");
    let said = story.watch.assess();
    assert_eq!(said.word, Word::CannotTell);
    assert!(said.next.is_some() && !said.word.passes());
}

#[test]
fn an_agent_that_states_nothing_is_judged_by_what_its_proposal_targets() {
    let mut story = Story::new(&market());
    story.call("logs till", TILL_DOWN).proposes(None, "kubectl rollout restart deployment/search");
    let gate = story.watch.gates().next_back().unwrap();
    assert_eq!(gate.assessment.word, Word::Contested);
    assert_eq!(gate.assessment.named[0].expose(), "search");
    story.proposes(Some("till"), "kubectl rollout restart deployment/till");
    assert_eq!(story.watch.gates().next_back().unwrap().assessment.word, Word::Supported);
}

#[test]
fn every_proposal_and_every_commitment_is_a_gate_and_nothing_else() {
    let mut story = Story::new(&market());
    story.suspects("till").call("logs till", "").commits("till").commits("till").proposes(Some("till"), "x");
    assert_eq!(story.watch.gates().count(), 2, "saying it again is no new commitment");
    story.suspects("till").commits("search").commits("till");
    assert_eq!(story.watch.gates().count(), 4, "to name another one is");
}

#[test]
fn a_target_off_the_alerts_paths_is_out_of_scope() {
    let scope = |topology, target: &str| {
        let mut story = Story::new(&topology);
        story.alert("till", None).proposes(Some(target), "restart");
        story.watch.gates().next_back().unwrap().assessment.scope
    };
    assert_eq!(scope(market(), "till"), Scope::Inside);
    assert_eq!(scope(market(), "till-store"), Scope::Inside, "what it depends on");
    assert_eq!(scope(market(), "shop"), Scope::Inside, "what depends on it");
    assert_eq!(scope(market(), "printer"), Scope::Outside);
    assert_eq!(scope(market(), "search"), Scope::Outside, "a sibling is on another path");
    assert_eq!(scope(market(), "somebody-else"), Scope::NoTarget);
    assert_eq!(scope(Arc::default(), "printer"), Scope::CannotTell);
    assert_eq!(scope(Arc::default(), "till"), Scope::Inside);
}

#[test]
fn the_alerts_side_is_held_against_what_was_looked_at() {
    let mut story = Story::new(&market());
    story.alert("shop", Some("2026-02-03T04:00:00Z")).suspects("till");
    assert_eq!(
        story.reason(ReasonKind::AlertUnexamined).unwrap(),
        "1 of 1 alerting entities never looked at: shop."
    );
    assert!(story.reason(ReasonKind::Unexamined).unwrap().contains("till"));
    story.call("logs deploy/shop --since-time=2026-02-03T05:00:00Z", "fine");
    assert_eq!(story.reason(ReasonKind::AlertUnexamined), None);
    assert!(story.reason(ReasonKind::Window).unwrap().contains("the alert began at 04:00:00"));
    story.call("logs deploy/shop --since-time=2026-02-03T03:50:00Z", "fine");
    assert_eq!(story.reason(ReasonKind::Window), None);
}

#[test]
fn confidence_that_rises_while_support_is_flat_is_told() {
    let mut story = Story::new(&market());
    let mut sure = |pct| {
        story.says("H1", "till", HypothesisStatus::Leading, Some(pct));
        story.reason(ReasonKind::Confidence)
    };
    assert_eq!((sure(40), sure(50)), (None, None));
    assert!(sure(60).unwrap().contains("from 40 to 60 % while support stayed at 0 distinct errors"));
    story.call("logs till", TILL_DOWN);
    assert_eq!(story.reason(ReasonKind::Confidence), None, "now there is a reason for it");
}

#[test]
fn results_that_bring_nothing_are_told() {
    let mut story = Story::new(&market());
    (0..7).for_each(|n| {
        story.call(&format!("get pod/x{n}x"), "Error from server (NotFound): pods not found");
    });
    assert!(story.reason(ReasonKind::Blind).unwrap().starts_with("7 of 7 calls"));
    assert!(story.reason(ReasonKind::Stall).unwrap().contains("answers brought no new error"));
    story.call("logs till", TILL_DOWN);
    assert_eq!(story.reason(ReasonKind::Stall), None);
}

#[test]
fn a_loop_is_told_and_polling_after_a_change_is_not() {
    let mut story = Story::new(&market());
    (0..3).for_each(|_| {
        story.call("get pods", "till 0/1");
    });
    assert!(story.reason(ReasonKind::Loop).unwrap().contains("the same 3 times"));
    story.proposes(Some("till"), "restart").runs();
    (0..2).for_each(|_| {
        story.call("get pods", "till 0/1");
    });
    assert_eq!(story.reason(ReasonKind::Loop), None);
}

#[test]
fn a_warning_comes_when_no_standing_hypothesis_accounts_for_the_evidence() {
    let quiet = |standing: &[&str]| {
        let mut story = Story::new(&market());
        for (n, title) in standing.iter().enumerate() {
            story.says(&format!("H{n}"), title, HypothesisStatus::Open, None);
        }
        story.call("logs till", TILL_DOWN).call("get svc search", "fine").call("get svc index", "fine");
        story.call("describe svc/search", "Endpoints: 10.0.0.7");
        story.watch.advisories().is_empty()
    };
    assert!(!quiet(&["search is slow", "index is stale"]), "three errors speak of till, and nobody names it");
    assert!(quiet(&["search is slow", "till cannot count"]), "somebody does");
    assert!(quiet(&[]), "nothing is claimed yet");
}

#[test]
fn exposure_is_counted_apart_and_ends_when_a_person_looks() {
    let mut story = Story::new(&market());
    story.call("get pods", "fine").wait(400);
    story.call("get pods", "fine");
    let now = story.watch.now();
    assert_eq!(story.watch.exposure().calls, 2);
    assert!(story.watch.exposure().is_due(now) && !story.watch.exposure().looked);
    story.review();
    let now = story.watch.now();
    assert!(story.watch.exposure().looked && !story.watch.exposure().is_due(now));
    (0..40).for_each(|n| {
        story.call(&format!("get pod/x{n}x"), "fine");
    });
    assert!(story.watch.exposure().is_due(story.watch.now()));
}

#[test]
fn the_pane_shows_who_was_examined_by_which_call_and_whose_errors_it_named() {
    let mut story = Story::new(&market());
    story.alert("shop", None).call("logs till", COMPLAINTS).call("logs shop", COMPLAINTS).commits("till");
    let rows = story.watch.rows(8);
    let marks = |name: &str| {
        let row = rows.iter().find(|row| row.name.expose() == name).unwrap();
        row.marks.iter().map(|mark| (mark.examined, mark.errors)).collect::<Vec<_>>()
    };
    assert_eq!(marks("till"), [(true, true), (false, true)]);
    assert_eq!(marks("shop"), [(false, false), (true, false)]);
    assert!(rows[0].named && rows[0].name.expose() == "till");
    assert!(rows.iter().any(|row| row.alerting && row.name.expose() == "shop"));
    assert_eq!(story.watch.columns().len(), 2);
    assert!(story.watch.course().last().unwrap().leading.is_some());
    assert_eq!(story.watch.rows(1).len(), 1);
}

#[test]
fn names_that_become_known_late_are_found_in_what_was_read_before() {
    let mut story = Story::new(&Arc::default());
    let errors = "ERROR ledger-7f: write failed\nERROR ledger: row denied\nERROR ledger: page rejected\n";
    story.call("logs all", errors).commits("ledger is full");
    assert_eq!(word(&story), Word::CannotTell, "nobody has told that this is a name");
    story.call("logs -l app=ledger", "fine");
    assert_eq!(
        word(&story),
        Word::NotEnough,
        "two of the three lines name it, and it is known to the hypothesis"
    );
    assert!((story.watch.assess().support - 2.0).abs() < f64::EPSILON);
}
