//! Death at random: hub, gates, cockpits and deciders are killed while many gates run.

use std::collections::BTreeMap;

use holdpoint::domain::{Digest, HoldId, Outcome, Verdict};
use holdpoint::session::{Body, Event};
use tokio::process::Child;

use crate::check::Promise;
use crate::cockpit::Cockpit;
use crate::lab::{Dice, Lab, Wanted, seed, soak, until};
use crate::stage::Stage;

/// How long the play goes on.
#[derive(Clone, Copy)]
struct Size {
    at_once: usize,
    gates: usize,
    /// At least so many of each kind are killed.
    kills: usize,
    cockpits: usize,
}

const SMOKE: Size = Size { at_once: 12, gates: 36, kills: 2, cockpits: 1 };
const SOAK: Size = Size { at_once: 100, gates: 400, kills: 20, cockpits: 2 };

/// Of a hundred holds, how many are decided by `holdpoint decide` or in a cockpit instead of by the approver.
const DELEGATES_PCT: u64 = 30;
/// Of a hundred of those, how many the deciders leave to the cockpits while these are there.
const COCKPITS_PCT: u64 = 40;
/// Of a hundred killed gates, how many are started again.
const AGAIN_PCT: u64 = 60;
const DECIDERS_AT_ONCE: usize = 3;
/// The longest stretch between two kills, in events on record.
const CALM_EVENTS: u64 = 24;

/// The people at the cockpits: eve-1, eve-2, …
const EVE: &str = "eve-";

/// Who is killed, and how many of a hundred are of that kind.
const VICTIMS: [(&str, u64); 4] = [("hub", 15), ("gate", 45), ("decider", 25), ("cockpit", 15)];

/// `holdpoint decide`, once.
struct Decider {
    hold: HoldId,
    child: Child,
}

impl Decider {
    fn start(lab: &Lab, hold: HoldId, digest: Digest, verdict: Verdict) -> Self {
        let word = if verdict == Verdict::Approve { "approve" } else { "deny" };
        let mut command = lab.program();
        command
            .args(["--as", "omar", "--json", "decide", hold.as_str(), word, "--digest", &digest.to_string()])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null());
        Self { hold, child: command.spawn().unwrap() }
    }

    /// What it was told, once it has ended; a refusal and a cut line promise nothing.
    async fn promise(self) -> Option<Promise> {
        let output = self.child.wait_with_output().await.unwrap();
        let told: serde_json::Value = if output.status.success() {
            serde_json::from_slice(&output.stdout).unwrap()
        } else {
            return None;
        };
        let outcome: Outcome = serde_json::from_value(told["outcome"].clone()).unwrap();
        let seq = told["seq"].as_u64().unwrap();
        Some(Promise::Decided { hold: self.hold, seq, outcome })
    }
}

/// Everybody of whom some may die.
struct Company {
    stage: Stage,
    size: Size,
    seed: u64,
    dice: Dice,
    /// Gates that were started again after their predecessor was killed.
    again: usize,
    asked: usize,
    cockpits: Vec<Cockpit>,
    cockpits_started: usize,
    deciders: Vec<Decider>,
    next_kill_at: usize,
}

impl Company {
    async fn open(seed: u64, size: Size) -> Self {
        let stage = Stage::open(seed, DELEGATES_PCT).await;
        let (dice, cockpits, deciders) = (Dice::new(seed), Vec::new(), Vec::new());
        Self {
            stage,
            size,
            seed,
            dice,
            again: 0,
            asked: 0,
            cockpits,
            cockpits_started: 0,
            deciders,
            next_kill_at: 0,
        }
    }

    fn enough(&self) -> bool {
        let killed = VICTIMS.iter().all(|(kind, _)| self.stage.kills(kind) >= self.size.kills);
        let voters = &self.stage.approver.news.borrow().voters;
        killed && self.asked >= self.size.gates && voters.iter().any(|name| name.starts_with(EVE))
    }

    /// Takes leave of who has ended, and lets new ones in.
    async fn refill(&mut self) {
        self.stage.ended();
        for at in (0..self.deciders.len()).rev() {
            if self.deciders[at].child.try_wait().unwrap().is_some() {
                let promise = self.deciders.swap_remove(at).promise().await;
                self.stage.promises.lock().unwrap().extend(promise);
            }
        }
        while !self.enough() && self.stage.gates.len() < self.size.at_once {
            let run = self.stage.fresh();
            self.ask(&run, 0);
            self.asked += 1;
        }
        while !self.enough() && self.cockpits.len() < self.size.cockpits {
            self.cockpits_started += 1;
            let name = format!("{EVE}{}", self.cockpits_started);
            self.cockpits.push(Cockpit::start(&self.stage.lab, &name, None));
        }
        let delegated = self.stage.approver.news.borrow().delegated.clone();
        for (hold, digest, verdict) in delegated {
            let taken = self.deciders.iter().any(|decider| decider.hold == hold);
            let left = !self.enough() && Dice::of(self.seed, hold.as_str()) < COCKPITS_PCT;
            if !taken && !left && self.deciders.len() < DECIDERS_AT_ONCE {
                self.deciders.push(Decider::start(&self.stage.lab, hold, digest, verdict));
            }
        }
    }

    /// Kills somebody when enough has happened since the last time.
    async fn strike(&mut self) {
        let events = self.stage.approver.news.borrow().events;
        if events < self.next_kill_at || self.enough() {
            return;
        }
        self.next_kill_at = events + 1 + self.dice.below(CALM_EVENTS) as usize;
        // Not always at the moment in which something was recorded.
        tokio::time::sleep(std::time::Duration::from_micros(self.dice.below(20_000))).await;
        let mut throw = self.dice.below(100);
        let kind = VICTIMS.iter().find_map(|(kind, share)| {
            let hit = throw < *share;
            throw = throw.saturating_sub(*share);
            hit.then_some(*kind)
        });
        let Some(kind) = kind else { return };
        if self.kill(kind).await {
            self.stage.killed(kind);
        }
    }

    /// Starts a gate. What it asks for follows from the run alone: the same key is about the same action.
    fn ask(&mut self, run: &str, attempt: u32) {
        let lives_ms = Dice::of(self.seed, run) * 4;
        self.stage.ask(&Wanted { run, attempt, lives_ms, ..Wanted::default() });
    }

    async fn kill(&mut self, kind: &str) -> bool {
        match kind {
            "hub" => {
                assert!(!self.stage.lab.hub_is_dead(), "somebody else killed the hub");
                self.stage.lab.kill_hub().await;
                assert!(self.stage.hub_again(None, None).await, "the hub does not come back");
                true
            }
            "gate" if !self.stage.gates.is_empty() => {
                let at = self.dice.below(self.stage.gates.len() as u64) as usize;
                let mut gate = self.stage.gates.swap_remove(at);
                let lived = gate.kill().await;
                self.stage.hear(&gate);
                // As a script would that tries again: under the same key.
                if Dice::of(self.seed ^ u64::from(gate.attempt), &gate.run) < AGAIN_PCT {
                    self.ask(&gate.run, gate.attempt + 1);
                    self.again += 1;
                }
                lived
            }
            "decider" if !self.deciders.is_empty() => {
                let at = self.dice.below(self.deciders.len() as u64) as usize;
                let mut decider = self.deciders.swap_remove(at);
                let lived = decider.child.try_wait().unwrap().is_none();
                let _ = decider.child.start_kill();
                let promise = decider.promise().await;
                self.stage.promises.lock().unwrap().extend(promise);
                lived
            }
            "cockpit" => {
                // One from which something was sent; the others are only programs that start.
                let Some(at) = self.cockpits.iter().position(Cockpit::has_sent) else { return false };
                self.cockpits.swap_remove(at).kill();
                true
            }
            _ => false,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_at_random_no_approved_command_runs_twice_and_no_denied_one_at_all() {
    let seed = seed("random");
    let mut company = Company::open(seed, if soak() { SOAK } else { SMOKE }).await;
    let mut most = 0;
    until("enough were killed and every gate has ended", async || {
        company.refill().await;
        most = most.max(company.stage.gates.len());
        company.strike().await;
        (company.enough() && company.stage.gates.is_empty() && company.deciders.is_empty()).then_some(())
    })
    .await;
    let Company { stage, size, again, cockpits, .. } = company;
    drop(cockpits);
    let verdict = stage.close().await;
    verdict.print("random");
    let by_eve = |event: &&Event| event.actor.name.expose().starts_with(EVE);
    let votes = verdict.evidence.record.iter().filter(|event| matches!(event.body, Body::VoteCast(_)));
    let typed = votes.filter(by_eve).count();
    println!(
        "random: {most} gates at once, {again} started again under their key, {typed} decided in cockpits"
    );
    verdict.must_be_clean();
    assert!(typed > 0, "nobody decided anything in a cockpit");
    assert!(again > 0, "no gate was started again");
    assert!(most >= size.at_once, "only {most} gates at once");
    let fewest: BTreeMap<_, _> = VICTIMS.iter().map(|(kind, _)| (*kind, verdict.kills[*kind])).collect();
    assert!(fewest.values().all(|kills| *kills >= size.kills), "{fewest:?}");
}
