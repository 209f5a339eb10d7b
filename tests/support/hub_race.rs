//! Fifty people decide the same hold at once, and whatever they decide, somebody tries to run it.
//!
//! In every round the proposer tries to redeem, twice at once and under two nonces, also where it was denied. A line is
//! written for each redemption that the hub lets through, so the lines count what a hub would have let run. In some
//! rounds the proposer is a real `holdpoint gate` instead, whose command writes the line.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdpoint::domain::*;
use holdpoint::hub::Hub;
use holdpoint::session::{Body, ExecutionFinished, Grant};
use holdpoint::wire::*;
use tokio::sync::Barrier;

use super::lab::*;

const PEOPLE: usize = 50;
/// The denial of the command line.
const DENIED: i32 = 77;

/// How long the race is; the whole of it is asked for with `HOLDPOINT_SOAK=1`.
struct Size {
    /// Each is one hold.
    rounds: usize,
    /// Every so many rounds a real gate asks.
    gate_every: usize,
}

fn size() -> Size {
    if std::env::var_os("HOLDPOINT_SOAK").is_some() {
        Size { rounds: 1000, gate_every: 50 }
    } else {
        Size { rounds: 60, gate_every: 20 }
    }
}

fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        order.swap(at, getrandom::u32().unwrap() as usize % (at + 1));
    }
    order
}

/// Everybody of whom the race consists.
struct Race {
    data: tempfile::TempDir,
    agent: Client,
    auditor: Client,
    people: Vec<Arc<Client>>,
    /// A grant of an earlier round, for who has none of this one.
    old_grant: GrantId,
    refused: usize,
}

/// What a round came to.
struct Round {
    outcome: Outcome,
    winner: String,
}

impl Race {
    fn new(hub: &Hub, data: tempfile::TempDir) -> Self {
        let agent = Client::all(hub, data.path(), Role::Agent, "agent");
        let auditor = Client::all(hub, data.path(), Role::Person, "auditor");
        let person = |n| {
            let who = credential(data.path(), Role::Person, &format!("person-{n}"));
            Arc::new(Client::new(hub.socket(), who, None, None))
        };
        let people = (0..PEOPLE).map(person).collect();
        let old_grant = GrantId::new("g-0").unwrap();
        Self { data, agent, auditor, people, old_grant, refused: 0 }
    }

    fn effects(&self) -> PathBuf {
        self.data.path().join("effects")
    }

    /// An agent asks, all decide, the agent tries to run it whatever they decided.
    async fn round(&mut self, session: &SessionId, number: usize) -> Round {
        let asked = asking(session, &format!("k-{number}"), exec(&["true"]));
        let hold = self.agent.ok::<HoldOpen>(asked).await;
        let round = decide(&self.people, session, &hold).await;
        let heard = self
            .agent
            .until("how it ended", |heard| heard.hold(&hold.hold).is_some_and(|hold| !hold.is_open()))
            .await;
        let own = match &heard.hold(&hold.hold).unwrap().grant {
            Some(Grant::Issued { id, .. }) => Some(id.clone()),
            Some(Grant::Redeemed { .. } | Grant::Revoked { .. }) | None => None,
        };
        let grant = own.unwrap_or_else(|| self.old_grant.clone());
        let redeemed = self.redeem_twice(session, &hold, &grant).await;
        let mut file = OpenOptions::new().create(true).append(true).open(self.effects()).unwrap();
        for _ in 0..redeemed {
            writeln!(file, "{}", hold.hold).unwrap();
        }
        self.refused += 2 - redeemed;
        if redeemed > 0 {
            self.report(session, &hold).await;
            self.old_grant = grant;
        }
        round
    }

    /// Both at once, under two nonces; how many were let through.
    async fn redeem_twice(&self, session: &SessionId, hold: &HoldAnswer, grant: &GrantId) -> usize {
        let redeem = async |nonce: &str| {
            let redeeming = GrantRedeemParams {
                session: session.clone(),
                hold: hold.hold.clone(),
                grant: grant.clone(),
                digest: hold.digest,
                nonce: key(nonce),
            };
            self.agent.link.try_call::<GrantRedeem>(&redeeming, true).await.expect("an answer").is_ok()
        };
        let (first, second) = tokio::join!(redeem("n-1"), redeem("n-2"));
        usize::from(first) + usize::from(second)
    }

    async fn report(&self, session: &SessionId, hold: &HoldAnswer) {
        let end = ExecutionFinished {
            hold: hold.hold.clone(),
            exit: Some(0),
            signal: None,
            stdout_sha256: None,
            stderr_sha256: None,
            output_bytes: 0,
            tail: None,
        };
        let (session, hold) = (session.clone(), hold.hold.clone());
        let report = ExecutionReportParams { session, hold, report: Report::Finished(end) };
        self.agent.ok::<ExecutionReport>(report).await;
    }

    /// The same with a real gate, whose command writes the line itself.
    async fn round_of_a_gate(&mut self) -> Round {
        let before = self.auditor.heard.borrow().events.len();
        let script = format!("echo gate >> {}", self.effects().display());
        let mut gate = tokio::process::Command::new(env!("CARGO_BIN_EXE_holdpoint"))
            .args(["gate", "--", "sh", "-c", &script])
            .env("HOLDPOINT_DATA", self.data.path().join("d"))
            .env_remove("HOLDPOINT_HUB")
            .current_dir(self.data.path().join("d"))
            .stdin(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let opened = |heard: &Heard| {
            let opened =
                heard.events[before..].iter().find(|event| event.body.type_name() == "hold.opened")?;
            let hold = heard.sessions[&opened.session].open_holds().next()?;
            let (revision, digest) = (hold.revision.number, hold.revision.digest);
            let (id, number, expires_at) = (hold.id.clone(), hold.number, hold.expires_at);
            let answer = HoldAnswer { hold: id, number, revision, digest, expires_at };
            heard.presence.waiting.contains(&hold.id).then(|| (opened.session.clone(), answer))
        };
        let heard = self.auditor.until("the gate waits", |heard| opened(heard).is_some()).await;
        let (session, hold) = opened(&heard).unwrap();
        let round = decide(&self.people, &session, &hold).await;
        let ended = tokio::time::timeout(PATIENCE, gate.wait()).await.expect("the gate ends").unwrap();
        let wanted = if round.outcome == Outcome::Approved { 0 } else { DENIED };
        assert_eq!(ended.code(), Some(wanted), "{}", round.outcome.word());
        round
    }
}

/// How often each hold was closed.
fn closings(heard: &Heard) -> BTreeMap<HoldId, usize> {
    let mut closings: BTreeMap<HoldId, usize> = BTreeMap::new();
    for event in &heard.events {
        if let Body::HoldClosed(closed) = &event.body {
            *closings.entry(closed.hold.clone()).or_default() += 1;
        }
    }
    closings
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_04_a_hold_has_one_outcome_however_many_decide_at_once() {
    let Size { rounds, gate_every } = size();
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let mut race = Race::new(&hub, data);
    let mut wins: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut winners, mut gates) = (BTreeMap::<String, usize>::new(), 0);
    let mut session = race.agent.ok::<SessionOpen>(opening("s-0")).await.session;
    for number in 0..rounds {
        if number % 50 == 49 {
            session = race.agent.ok::<SessionOpen>(opening(&format!("s-{number}"))).await.session;
        }
        let Round { outcome, winner } = if number % gate_every == 0 {
            gates += 1;
            race.round_of_a_gate().await
        } else {
            race.round(&session, number).await
        };
        *wins.entry(outcome.word()).or_default() += 1;
        *winners.entry(winner).or_default() += 1;
    }
    let (approved, denied) = (wins[Outcome::Approved.word()], wins[Outcome::Denied.word()]);
    let lines = lines(&race.effects());
    let effects: usize = lines.values().sum();
    println!(
        "{rounds} rounds, {PEOPLE} people each, {gates} with a real gate: approved {approved}, denied {denied}, effects \
         {effects}, {} redemptions refused, {} people won at least once",
        race.refused,
        winners.len()
    );
    println!("race: {rounds} rounds");
    assert_eq!(effects, approved, "what was approved ran once, and nothing else ran");
    let twice: Vec<_> = lines.iter().filter(|(name, times)| *name != "gate" && **times > 1).collect();
    assert!(twice.is_empty(), "ran twice: {twice:?}");
    assert_eq!(approved + denied, rounds);
    assert!(approved * 10 >= rounds && denied * 10 >= rounds, "the race is one: {wins:?}");
    assert!(winners.len() * 2 >= PEOPLE.min(rounds), "few ever win: {winners:?}");
    let heard = race.auditor.until("the record of all rounds", |heard| closings(heard).len() == rounds).await;
    assert!(closings(&heard).values().all(|times| *times == 1), "one outcome each");
    assert!(heard.sessions.values().all(|session| session.anomalies.is_empty() && session.gaps.is_empty()));
    hub.stop().await;
}

/// Who wrote how many lines.
fn lines(effects: &Path) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    for line in std::fs::read_to_string(effects).unwrap().lines() {
        *lines.entry(line.to_owned()).or_default() += 1;
    }
    lines
}

/// One round: everybody decides at once. Exactly one wins, and all others are told who, how and when.
async fn decide(people: &[Arc<Client>], session: &SessionId, hold: &HoldAnswer) -> Round {
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
    Round { outcome: answer.outcome, winner: answer.by.name.expose().to_owned() }
}

/// The control: the same race with a hub for which a used grant is still good is red, and for that reason.
#[cfg(feature = "failpoints")]
#[test]
fn the_race_is_red_when_a_grant_is_good_twice() {
    let race = "race::invariant_04_a_hold_has_one_outcome_however_many_decide_at_once";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([race, "--exact", "--nocapture"])
        .env("HOLDPOINT_MUTANT", "redeem-again")
        .env_remove("HOLDPOINT_SOAK")
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("what was approved ran once, and nothing else ran"), "{said}");
}
