//! Fifty people decide the same hold at once.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;

use holdpoint::domain::*;
use holdpoint::hub::Hub;
use holdpoint::session::{Body, Grant, Hold};
use holdpoint::wire::*;
use tokio::sync::Barrier;

use super::lab::*;

const PEOPLE: usize = 50;
/// Each round is one hold; the whole race is asked for with `HOLDPOINT_SOAK=1`.
fn rounds() -> usize {
    if std::env::var_os("HOLDPOINT_SOAK").is_some() { 1000 } else { 60 }
}

fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        order.swap(at, getrandom::u32().unwrap() as usize % (at + 1));
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_04_a_hold_has_one_outcome_however_many_decide_at_once() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let mut gate = Client::all(&hub, data.path(), Role::Agent, "gate");
    let mut auditor = Client::all(&hub, data.path(), Role::Person, "auditor");
    let people: Vec<Arc<Client>> = (0..PEOPLE)
        .map(|n| {
            let who = credential(data.path(), Role::Person, &format!("person-{n}"));
            Arc::new(Client::new(hub.socket(), who, None, None))
        })
        .collect();
    let effects = data.path().join("effects");
    let mut wins: BTreeMap<&str, usize> = BTreeMap::new();
    let mut winners: BTreeMap<String, usize> = BTreeMap::new();
    let mut session = gate.ok::<SessionOpen>(opening("s-0")).await.session;
    for round in 0..rounds() {
        if round % 50 == 49 {
            session = gate.ok::<SessionOpen>(opening(&format!("s-{round}"))).await.session;
        }
        let hold = gate.ok::<HoldOpen>(asking(&session, &format!("k-{round}"), exec(&["true"]))).await;
        let (outcome, winner) = decide(&people, &session, &hold).await;
        *wins.entry(outcome.word()).or_default() += 1;
        *winners.entry(winner).or_default() += 1;
        if outcome == Outcome::Approved {
            redeem_and_run(&mut gate, &session, &hold, &effects).await;
        }
    }
    let (approved, denied) = (wins[Outcome::Approved.word()], wins[Outcome::Denied.word()]);
    let lines = std::fs::read_to_string(&effects).unwrap().lines().count();
    println!(
        "{} rounds, {PEOPLE} people each: approved {approved}, denied {denied}, effects {lines}, {} people won at least once",
        rounds(),
        winners.len()
    );
    assert_eq!(lines, approved, "every approved action ran once, no other ran");
    assert_eq!(approved + denied, rounds());
    assert!(approved * 10 >= rounds() && denied * 10 >= rounds(), "the race is one: {wins:?}");
    let closings = |heard: &Heard| {
        let mut closings: BTreeMap<HoldId, usize> = BTreeMap::new();
        for event in &heard.events {
            if let Body::HoldClosed(closed) = &event.body {
                *closings.entry(closed.hold.clone()).or_default() += 1;
            }
        }
        closings
    };
    let heard = auditor.until("the record of all rounds", |heard| closings(heard).len() == rounds()).await;
    assert!(closings(&heard).values().all(|times| *times == 1), "one outcome each");
    assert!(heard.sessions.values().all(|session| session.anomalies.is_empty() && session.gaps.is_empty()));
    hub.stop().await;
}

/// One round: everybody decides at once. Exactly one wins, and all others are told who, how and when.
async fn decide(people: &[Arc<Client>], session: &SessionId, hold: &HoldAnswer) -> (Outcome, String) {
    let start = Arc::new(Barrier::new(people.len()));
    let mut calls = tokio::task::JoinSet::new();
    for n in shuffled(people.len()) {
        let (client, start) = (Arc::clone(&people[n]), Arc::clone(&start));
        let verdict =
            if getrandom::u32().unwrap().is_multiple_of(2) { Verdict::Approve } else { Verdict::Deny };
        let params = deciding(session, hold, verdict);
        calls.spawn(async move {
            start.wait().await;
            (verdict, client.link.try_call::<HoldDecide>(&params, true).await.unwrap())
        });
    }
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    while let Some(done) = calls.join_next().await {
        match done.unwrap() {
            (verdict, Ok(answer)) => won.push((verdict, answer)),
            (_, Err(refusal)) => lost.push(refusal.data.unwrap().closed.expect("told how it ended")),
        }
    }
    assert_eq!((won.len(), lost.len()), (1, people.len() - 1), "{won:?}");
    let (verdict, answer) = won.remove(0);
    let wanted = if verdict == Verdict::Approve { Outcome::Approved } else { Outcome::Denied };
    assert_eq!(answer.outcome, wanted);
    let told = Closed { outcome: answer.outcome, by: answer.by.clone(), at: answer.at };
    assert!(lost.iter().all(|closed| *closed == told), "{lost:?}");
    (answer.outcome, answer.by.name.expose().to_owned())
}

/// What a gate does: use up the grant, then act.
async fn redeem_and_run(
    gate: &mut Client,
    session: &SessionId,
    hold: &HoldAnswer,
    effects: &std::path::Path,
) {
    let heard = gate
        .until("the grant", |heard| {
            heard.sessions[session].hold(&hold.hold).is_some_and(Hold::has_unredeemed_grant)
        })
        .await;
    let Some(Grant::Issued { id, .. }) = heard.sessions[session].hold(&hold.hold).unwrap().grant.clone()
    else {
        panic!()
    };
    let redeeming = GrantRedeemParams {
        session: session.clone(),
        hold: hold.hold.clone(),
        grant: id,
        digest: hold.digest,
        nonce: key("n"),
    };
    gate.ok::<GrantRedeem>(redeeming).await;
    let mut file = OpenOptions::new().create(true).append(true).open(effects).unwrap();
    writeln!(file, "{}", hold.hold).unwrap();
    let end = holdpoint::session::ExecutionFinished {
        hold: hold.hold.clone(),
        exit: Some(0),
        signal: None,
        stdout_sha256: None,
        stderr_sha256: None,
        output_bytes: 0,
        tail: None,
    };
    let report = ExecutionReportParams {
        session: session.clone(),
        hold: hold.hold.clone(),
        report: Report::Finished(end),
    };
    gate.ok::<ExecutionReport>(report).await;
}
