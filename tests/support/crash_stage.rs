//! One play: a lab with its people, gates that come and go, a count of the killed, and the judgement at the end.

use std::collections::BTreeMap;

use holdpoint::domain::HoldId;

use crate::check::{Evidence, Promise, Tally};
use crate::lab::{Gate, Lab, Wanted};
use crate::people::{Approver, Promises, Publisher, read_all};

pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) approver: Approver,
    pub(crate) promises: Promises,
    pub(crate) kills: BTreeMap<String, usize>,
    /// Gates that have not ended.
    pub(crate) gates: Vec<Gate>,
    publisher: Publisher,
    started: usize,
}

/// What it came to.
pub(crate) struct Verdict {
    pub(crate) evidence: Evidence,
    pub(crate) violations: Vec<String>,
    pub(crate) tally: Tally,
    pub(crate) kills: BTreeMap<String, usize>,
    pub(crate) rounds: usize,
}

impl Stage {
    /// A hub that nothing has happened to yet, and who is always there.
    pub(crate) async fn open(seed: u64, delegates_pct: u64) -> Self {
        let mut lab = Lab::new();
        assert!(lab.start_hub(None, None).await, "the hub does not start");
        let promises = Promises::default();
        let approver = Approver::start(&lab, seed, delegates_pct, promises.clone());
        let publisher = Publisher::start(&lab, promises.clone());
        Self { lab, approver, promises, kills: BTreeMap::new(), gates: vec![], publisher, started: 0 }
    }

    pub(crate) fn killed(&mut self, what: &str) {
        *self.kills.entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn kills(&self, what: &str) -> usize {
        self.kills.get(what).copied().unwrap_or(0)
    }

    /// Starts the hub that was killed, and tells those who would wait before they dial again.
    pub(crate) async fn hub_again(&mut self, failpoint: Option<&str>, mutant: Option<&str>) -> bool {
        let serves = self.lab.start_hub(failpoint, mutant).await;
        if serves {
            self.approver.reconnect().await;
            self.publisher.reconnect();
        }
        serves
    }

    /// The name of a run that nobody asked about yet.
    pub(crate) fn fresh(&mut self) -> String {
        self.started += 1;
        format!("run-{}", self.started)
    }

    pub(crate) fn ask(&mut self, wanted: &Wanted) {
        let gate = self.lab.gate(wanted);
        self.gates.push(gate);
    }

    /// Gates that have ended since the last time, each heard.
    pub(crate) fn ended(&mut self) -> Vec<(Gate, std::process::ExitStatus)> {
        let mut over = Vec::new();
        let mut at = 0;
        while let Some(gate) = self.gates.get_mut(at) {
            if let Some(status) = gate.ended() {
                let gate = self.gates.swap_remove(at);
                self.hear(&gate);
                over.push((gate, status));
            } else {
                at += 1;
            }
        }
        over
    }

    /// Notes what a gate was told and says, from its words and its status file.
    pub(crate) fn hear(&self, gate: &Gate) {
        let mut promises = self.promises.lock().unwrap();
        let words = gate.words();
        let opened =
            words.lines().find_map(|line| line.split_once(", hold ")?.1.split_once(',')?.0.parse().ok());
        let Some(hold): Option<HoldId> = opened else { return };
        promises.push(Promise::Opened { hold: hold.clone() });
        if words.contains(": approved by ") {
            promises.push(Promise::Redeemed { hold: hold.clone() });
        }
        let Some(status) = gate.status() else { return };
        let outcome = status["outcome"].as_str().expect("an outcome");
        let run = gate.run.clone();
        match outcome {
            "ran" => {
                promises.push(Promise::Ran { run });
                if status["reported"] == true {
                    promises.push(Promise::Reported { hold });
                }
            }
            "denied" | "expired" | "withdrawn" | "superseded" | "voided" | "refused" => {
                promises.push(Promise::DidNotRun { run, why: outcome.to_owned() });
            }
            // It cannot tell, or it was never asked: it promises nothing.
            "unknown" | "failed" => {}
            other => panic!("a gate ended as {other}"),
        }
    }

    /// Kills every gate that is left.
    #[cfg(feature = "failpoints")]
    pub(crate) async fn kill_gates(&mut self) {
        for mut gate in std::mem::take(&mut self.gates) {
            gate.kill().await;
            self.hear(&gate);
        }
    }

    /// Waits until every gate has ended by itself.
    pub(crate) async fn all_gates_end(&mut self) {
        crate::lab::until("every gate has ended", async || {
            self.ended();
            self.gates.is_empty().then_some(())
        })
        .await;
    }

    /// Ends everything, waits until nothing is open any more, and judges.
    pub(crate) async fn close(mut self) -> Verdict {
        self.all_gates_end().await;
        // A new life of the hub voids what was approved and whose gate is gone.
        self.lab.kill_hub().await;
        assert!(self.hub_again(None, None).await, "the hub does not come back");
        self.approver.clear().await;
        let settled = "nothing is open, good or running any more";
        let lives = self.approver.news.borrow().ups;
        self.approver
            .until(settled, |news| {
                news.ups > lives && (news.open, news.unredeemed, news.running) == (0, 0, 0)
            })
            .await;
        self.publisher.leave().await;
        let effects = self.lab.effects().await;
        // Read last: a message of the publisher may have been under way still, and whoever saw it saw it before.
        let seen = self.approver.leave().await;
        let record = read_all(&self.lab).await;
        self.lab.kill_hub().await;
        let promises = std::mem::take(&mut *self.promises.lock().unwrap());
        let evidence = Evidence { record, seen, effects, promises };
        let (violations, tally) = (evidence.violations(), evidence.tally());
        Verdict { evidence, violations, tally, kills: self.kills, rounds: self.started }
    }
}

impl Verdict {
    /// Prints the count, in words for people and one line for a program.
    pub(crate) fn print(&self, what: &str) {
        let Self { evidence, tally, kills, rounds, .. } = self;
        let sum: usize = kills.values().sum();
        println!("{what}: killed {kills:?}");
        println!("{what}: {tally:?}");
        println!("{what}: {} events on record, {} promises", evidence.record.len(), evidence.promises.len());
        let fewest = kills.values().min().copied().unwrap_or(0);
        println!("crash: {what}: {fewest} kills of each kind, {sum} in all, {rounds} rounds");
    }

    /// Nothing was broken, and something happened.
    pub(crate) fn must_be_clean(&self) {
        assert!(self.violations.is_empty(), "{:#?}", self.violations);
        let Tally { approved, denied, ran, finished, .. } = self.tally;
        assert!(
            approved > 0 && denied > 0 && ran > 0 && finished > 0,
            "too little happened: {:?}",
            self.tally
        );
    }
}
