//! Whether the evidence that an investigation gathered speaks for what it says.
//!
//! [`Watch`] takes in the same events as the session's fold, beside it, and answers at any time: is the leading
//! hypothesis *supported*, is it *contested* by what the agent's own queries brought to light about somebody else, or is
//! there *not enough evidence*? It answers by itself at every gate (a proposal, a commitment to a hypothesis) and warns
//! between gates. All of it is counting: [`support`](GATE) has the formula, docs/judgement.md the measurements.
//!
//! It does not check a mechanism: blaming the right service for the wrong reason looks like being right
//! ([`MECHANISM`] stands beside every quiet answer). It does not read what an agent says about itself: confidence enters
//! no score. It keeps a bounded amount whatever comes, and counts what found no room ([`Dropped`]).
//!
//! Deliberately absent: I/O, a clock, models, fetching of outputs that the hub keeps as blobs (hand them to
//! [`Watch::supply`]), and any word for "no drift".

mod advisory;
mod alert;
mod assess;
mod calls;
mod exposure;
mod hypotheses;
mod ledger;
mod lines;
mod names;
mod pane;
mod reasons;
mod scope;
mod support;
#[cfg(test)]
mod tests;
mod words;
mod world;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::domain::{
    Action, CallId, HoldId, Hypothesis, Payload, Proposal, Role, SessionId, Timestamp, Untrusted,
};
use crate::judge::world::Topology;
use crate::session::{Body, Event, ToolCalled, ToolReturned};

pub use advisory::{ADVISORY, Advisory};
pub use assess::{About, Assessment, Gate, MECHANISM, Rival, Word};
pub use calls::COLUMNS_MAX;
pub use exposure::{CHECKPOINT_CALLS, CHECKPOINT_MS, Exposure};
pub use names::Pattern;
pub use pane::{Column, Mark, Point, Row};
pub use reasons::{Reason, ReasonKind};
pub use scope::Scope;
pub use support::GATE;

use advisory::Course;
use alert::AlertSide;
use calls::Calls;
use hypotheses::Hypotheses;
use ledger::Ledger;
use names::{Entity, Names};
use pane::Support;
use world::Upstream;

/// Gates that are kept; the oldest goes first.
const GATES_MAX: usize = 256;
/// Outputs that wait for their text.
const PENDING_MAX: usize = 1024;
/// How much of a call's input is read, in bytes.
const INPUT_MAX_BYTES: usize = 64 * 1024;

/// What found no room, or could not be read. Never silently: whoever shows a judgement shows these when they are not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Names.
    pub entities: u64,
    /// Distinct error statements.
    pub statements: u64,
    /// Hypotheses.
    pub hypotheses: u64,
    /// Calls and queries.
    pub calls: u64,
    /// Gates.
    pub gates: u64,
    /// Warnings kept back.
    pub advisories: u64,
    /// Bytes of outputs that were too long to be read whole.
    pub unread_bytes: u64,
    /// Outputs whose text is not at hand.
    pub unread_outputs: u64,
    /// Events that never arrived.
    pub gaps: u64,
}

/// The judgement of one session, as far as it has come.
#[derive(Clone, Debug)]
pub struct Watch {
    session: Option<SessionId>,
    seq: u64,
    now: Timestamp,
    names: Names,
    upstream: Upstream,
    ledger: Ledger,
    calls: Calls,
    hypotheses: Hypotheses,
    alert: AlertSide,
    exposure: Exposure,
    advisory: Course,
    support: Support,
    gates: VecDeque<Gate>,
    pending: HashMap<CallId, (Vec<Entity>, bool)>,
    lost: Dropped,
}

impl Watch {
    /// A watch that has seen nothing yet. Without a topology it works with less: what one service's errors explain of
    /// another's is not known then, and names are learnt from the forms in which tools give them.
    pub fn new(topology: &Arc<Topology>, patterns: &[Pattern]) -> Self {
        let mut names = Names::new(patterns, topology.is_empty());
        names.give(topology.names());
        Self {
            session: None,
            seq: 0,
            now: Timestamp::default(),
            names,
            upstream: Upstream::new(Arc::clone(topology)),
            ledger: Ledger::default(),
            calls: Calls::default(),
            hypotheses: Hypotheses::default(),
            alert: AlertSide::default(),
            exposure: Exposure::default(),
            advisory: Course::default(),
            support: Support::default(),
            gates: VecDeque::new(),
            pending: HashMap::new(),
            lost: Dropped::default(),
        }
    }

    /// Takes in one event. The first says of which session; events of others and events seen before are ignored.
    pub fn apply(&mut self, event: &Event) {
        let ours = self.session.get_or_insert_with(|| event.session.clone()) == &event.session;
        if !ours || event.seq <= self.seq {
            return;
        }
        self.lost.gaps += event.seq - self.seq - 1;
        self.seq = event.seq;
        self.now = event.at;
        if event.actor.role == Role::Person {
            self.person(&event.body);
        }
        self.take(&event.body);
    }

    fn take(&mut self, body: &Body) {
        match body {
            Body::SessionOpened(_) => self.exposure.since = self.now,
            Body::AlertObserved(b) => {
                let before = self.names.len();
                self.alert.observe(&b.alert, &mut self.names);
                self.learnt(before);
            }
            Body::ToolCalled(b) => self.called(b),
            Body::ToolReturned(b) => self.returned(b),
            Body::HypothesisStated(b) => self.claimed(&b.hypothesis),
            Body::HypothesisRevised(b) => self.claimed(&b.hypothesis),
            Body::ActionProposed(b) => self.proposed(&b.hold, 1, &b.proposal),
            Body::ActionRevised(b) => self.proposed(&b.hold, b.revision, &b.proposal),
            Body::ExecutionStarted(_) | Body::ExecutionFinished(_) => self.calls.world_changed(),
            Body::AlertChanged(b) => {
                if b.state.is_some() {
                    self.calls.world_changed();
                }
            }
            Body::AgentJoined(_)
            | Body::AgentLeft(_)
            | Body::MessageSaid(_)
            | Body::EvidenceCited(_)
            | Body::ActionWithdrawn(_)
            | Body::ReviewMade(_)
            | Body::QuestionAsked(_)
            | Body::HoldOpened(_)
            | Body::VoteCast(_)
            | Body::HoldClosed(_)
            | Body::GrantIssued(_)
            | Body::GrantRedeemed(_)
            | Body::GrantRevoked(_)
            | Body::ExecutionRefused(_)
            | Body::ExecutionLost(_)
            | Body::StopRequested(_)
            | Body::StopConfirmed(_)
            | Body::NoteAdded(_)
            | Body::SessionClosed(_)
            | Body::Unknown(_) => {}
        }
    }

    /// A person's word shows that a person looked.
    fn person(&mut self, body: &Body) {
        let looked = matches!(
            body,
            Body::ReviewMade(_)
                | Body::VoteCast(_)
                | Body::NoteAdded(_)
                | Body::QuestionAsked(_)
                | Body::StopRequested(_)
        );
        if looked {
            self.exposure.look(self.now);
        }
    }

    fn called(&mut self, called: &ToolCalled) {
        let input = called.input.expose();
        let input = &input[..input.floor_char_boundary(INPUT_MAX_BYTES.min(input.len()))];
        let before = self.names.len();
        self.names.learn(input);
        self.learnt(before);
        let targets = self.names.find(input);
        self.ledger.examine(&targets);
        self.alert.ask(input);
        self.exposure.calls += 1;
        self.calls.ask(&called.call, &called.tool, input, targets);
    }

    fn returned(&mut self, returned: &ToolReturned) {
        let targets = self.calls.targets(&returned.call);
        match &returned.output {
            Payload::Text(text) => self.read(&returned.call, &targets, text.expose(), returned.failed),
            Payload::Blob { .. } if self.pending.len() < PENDING_MAX => {
                self.pending.insert(returned.call.clone(), (targets, returned.failed));
            }
            Payload::Blob { .. } => self.lost.unread_outputs += 1,
        }
    }

    /// Hands in the text of an output that an event named by digest only. Counted from then on.
    pub fn supply(&mut self, call: &CallId, text: &str) {
        if let Some((targets, failed)) = self.pending.remove(call) {
            self.read(call, &targets, text, failed);
        }
    }

    fn read(&mut self, call: &CallId, targets: &[Entity], text: &str, failed: bool) {
        let before = self.names.len();
        let brought = self.ledger.read(&mut self.names, targets, text);
        let new = brought.new;
        self.calls.answer(call, self.now, text, failed, brought);
        if self.names.len() > before {
            self.hypotheses.again(&self.names, &mut self.upstream);
        }
        self.weigh_all(new || self.names.len() > before);
    }

    /// Names came that were not known: everything that was read is read again with them.
    fn learnt(&mut self, before: usize) {
        if self.names.len() > before {
            self.ledger.again(&self.names, before);
            self.hypotheses.again(&self.names, &mut self.upstream);
        }
    }

    fn claimed(&mut self, hypothesis: &Hypothesis) {
        let commits = self.hypotheses.state(hypothesis, &self.names, &mut self.upstream);
        self.weigh_all(true);
        if commits {
            self.gate(About::Hypothesis(hypothesis.id.clone()), &[], Scope::NoTarget);
        }
    }

    fn proposed(&mut self, hold: &HoldId, revision: u32, proposal: &Proposal) {
        let before = self.names.len();
        if let Some(service) = proposal.service.as_ref().filter(|_| self.names.open) {
            self.names.add(service.expose());
        }
        self.learnt(before);
        let targets = self.targets(proposal);
        let scope = self.scope(&targets);
        self.gate(About::Hold(hold.clone(), revision), &targets, scope);
    }

    /// What a proposal is aimed at: the service it names; failing that, whatever its action names.
    fn targets(&self, proposal: &Proposal) -> Vec<Entity> {
        let said = proposal.service.as_ref().and_then(|service| self.names.word(service.expose()));
        if let Some(said) = said {
            return vec![said];
        }
        let text = match &proposal.action {
            Action::Exec(exec) => exec.argv.iter().map(Untrusted::expose).collect::<Vec<_>>().join(" "),
            Action::AgentCommand(command) => command.command.expose().to_owned(),
            Action::AgentTool(tool) => tool.arguments.expose().to_owned(),
            Action::AgentPatch(_) => String::new(),
        };
        self.names.find(&text)
    }

    fn scope(&self, targets: &[Entity]) -> Scope {
        let name = |entity: &Entity| self.names.name(*entity);
        let alerting: Vec<_> = self.alert.entities.iter().map(name).collect();
        let targets: Vec<_> = targets.iter().map(name).collect();
        scope::of(&self.upstream, &alerting, &targets)
    }

    fn gate(&mut self, about: About, targets: &[Entity], scope: Scope) {
        let assessment = self.judge(targets, scope);
        if self.gates.len() == GATES_MAX {
            self.gates.pop_front();
            self.lost.gates += 1;
        }
        self.gates.push_back(Gate { seq: self.seq, at: self.now, about, assessment });
    }

    /// Weighs what stands, for the course and the warnings; `changed` when any score can have changed.
    fn weigh_all(&mut self, changed: bool) {
        if changed {
            for held in self.hypotheses.all_mut() {
                held.note(self.ledger.union(&held.named));
            }
            let weigh =
                |held: &hypotheses::Held| support::weigh(&self.ledger, &held.named, &held.upstream).score;
            let named = self.hypotheses.standing().filter(|held| !held.named.is_empty());
            self.support.best = named.map(weigh).min_by(f64::total_cmp);
            let leading = self.hypotheses.leading().filter(|held| !held.named.is_empty());
            self.support.leading = leading.map(weigh);
        }
        if let Some(best) = self.support.best {
            self.advisory.take(self.seq, self.now, best, self.calls.answered);
        }
        self.support.add(self.seq, self.now, self.advisory.smoothed);
    }

    /// What is to be said now about the leading hypothesis.
    pub fn assess(&self) -> Assessment {
        self.judge(&[], Scope::NoTarget)
    }

    /// Every gate so far, oldest first.
    pub fn gates(&self) -> impl DoubleEndedIterator<Item = &Gate> {
        self.gates.iter()
    }

    /// What was said of a hold, about its newest revision.
    pub fn gate_of(&self, hold: &HoldId) -> Option<&Gate> {
        self.gates().rfind(|gate| matches!(&gate.about, About::Hold(of, _) if of == hold))
    }

    /// Every warning between gates, oldest first.
    pub fn advisories(&self) -> &[Advisory] {
        &self.advisory.given
    }

    /// How long and how far since a person last looked.
    pub fn exposure(&self) -> Exposure {
        self.exposure
    }

    /// When the last event happened.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What found no room.
    pub fn dropped(&self) -> Dropped {
        Dropped {
            entities: self.names.dropped,
            statements: self.ledger.dropped,
            hypotheses: self.hypotheses.dropped,
            calls: self.calls.dropped,
            advisories: self.advisory.dropped,
            unread_bytes: self.ledger.unread_bytes,
            unread_outputs: self.lost.unread_outputs + self.pending.len() as u64,
            ..self.lost
        }
    }
}
