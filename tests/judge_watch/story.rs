//! A story of an investigation, told in a few words a step and judged as it goes.

use std::sync::Arc;

use holdpoint::domain::{
    Action, Actor, AgentCommand, Alert, CallId, HoldId, Hypothesis, HypothesisId, HypothesisStatus, Payload,
    Proposal, Role, SessionId, Timestamp,
};
use holdpoint::judge::watch::{Reason, ReasonKind, Watch};
use holdpoint::judge::world::{Edge, EdgeKind, Topology};
use holdpoint::session::{
    ActionProposed, AlertObserved, Body, Event, ExecutionFinished, HypothesisStated, ReviewMade,
    SessionOpened, ToolCalled, ToolReturned,
};

pub(crate) struct Story {
    pub(crate) watch: Watch,
    seq: u64,
    second: i64,
    calls: u32,
    holds: u32,
}

/// A market: the shop calls till and search, the till its store.
pub(crate) fn market() -> Arc<Topology> {
    let mut topology = Topology::default();
    for (from, to) in [("shop", "till"), ("shop", "search"), ("till", "till-store"), ("search", "index")] {
        let (from, to) = (from.into(), to.into());
        topology.connect(Edge { from, to, kind: EdgeKind::Calls, source: "drawn".into() });
    }
    topology.add("printer".into());
    Arc::new(topology)
}

impl Story {
    pub(crate) fn new(topology: &Arc<Topology>) -> Self {
        let mut story = Self { watch: Watch::new(topology, &[]), seq: 0, second: 0, calls: 0, holds: 0 };
        story.add(Role::Hub, SessionOpened { title: "INC-1".into(), source: "test".into() });
        story
    }

    fn add(&mut self, role: Role, body: impl Into<Body>) -> &mut Self {
        self.seq += 1;
        self.second += 1;
        self.watch.apply(&Event {
            v: 1,
            session: SessionId::new("INC-1").unwrap(),
            seq: self.seq,
            at: Timestamp::from_millis(self.second * 1000),
            actor: Actor::new(role, "somebody"),
            body: body.into(),
        });
        self
    }

    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.second += seconds;
        self
    }

    pub(crate) fn alert(&mut self, service: &str, starts_at: Option<&str>) -> &mut Self {
        let starts_at = starts_at.map(|at| at.parse().unwrap());
        let alert =
            Alert { name: "High".into(), service: Some(service.into()), starts_at, ..Alert::default() };
        self.add(Role::Hub, AlertObserved { alert })
    }

    pub(crate) fn call(&mut self, input: &str, output: &str) -> &mut Self {
        self.calls += 1;
        let call = CallId::new(format!("c{}", self.calls)).unwrap();
        let asked = ToolCalled { call: call.clone(), tool: "kubectl".into(), input: input.into(), by: None };
        self.add(Role::Agent, asked);
        let output = Payload::Text(output.into());
        self.add(Role::Agent, ToolReturned { call, output, failed: false, truncated: false })
    }

    pub(crate) fn says(
        &mut self,
        id: &str,
        title: &str,
        status: HypothesisStatus,
        pct: Option<u8>,
    ) -> &mut Self {
        let id = HypothesisId::new(id).unwrap();
        let hypothesis = Hypothesis { id, title: title.into(), status, confidence_pct: pct };
        self.add(Role::Agent, HypothesisStated { hypothesis })
    }

    pub(crate) fn suspects(&mut self, title: &str) -> &mut Self {
        self.says("H1", title, HypothesisStatus::Open, None)
    }

    pub(crate) fn commits(&mut self, title: &str) -> &mut Self {
        self.says("H1", title, HypothesisStatus::Leading, None)
    }

    pub(crate) fn proposes(&mut self, service: Option<&str>, command: &str) -> &mut Self {
        self.holds += 1;
        let action = Action::AgentCommand(AgentCommand {
            agent: "scout".into(),
            command: command.into(),
            cwd: "/".into(),
            incomplete: None,
        });
        let digest = action.digest().unwrap();
        let proposal = Proposal {
            action,
            service: service.map(Into::into),
            environment: None,
            why: None,
            claim: None,
            undo: None,
            cites: Vec::new(),
        };
        let hold = HoldId::new(format!("p{}", self.holds)).unwrap();
        self.add(Role::Agent, ActionProposed { hold, digest, proposal })
    }

    pub(crate) fn runs(&mut self) -> &mut Self {
        let hold = HoldId::new(format!("p{}", self.holds)).unwrap();
        let end = ExecutionFinished {
            hold,
            exit: Some(0),
            signal: None,
            stdout_sha256: None,
            stderr_sha256: None,
            output_bytes: 0,
            tail: None,
        };
        self.add(Role::Agent, end)
    }

    pub(crate) fn review(&mut self) -> &mut Self {
        self.add(Role::Person, ReviewMade {})
    }

    pub(crate) fn reason(&self, kind: ReasonKind) -> Option<String> {
        let reasons: Vec<Reason> = self.watch.assess().reasons;
        reasons.into_iter().find(|reason| reason.kind == kind).map(|reason| reason.text.expose().to_owned())
    }
}
