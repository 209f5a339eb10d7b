//! `Session <- Event`: the only place where facts change.
//!
//! Pure and total: any event in any order is taken in without failing. What makes no sense (a grant for a hold that
//! nobody approved, a second outcome) changes nothing and is kept as an [`Anomaly`]; a jump in `seq` is kept as a
//! [`Gap`]; what was seen before is ignored. Hub, cockpit, replay and tests build the same session from the same
//! events.

use std::collections::HashMap;

use crate::domain::{
    Actor, Alert, CallId, Evidence, EvidenceId, GrantId, HoldId, Hypothesis, HypothesisId, HypothesisStatus,
    Sample, SessionId, Timestamp, Untrusted,
};

use super::body::{
    ActionProposed, AgentJoined, AgentLeft, AlertChanged, Body, SessionOpened, StopConfirmed, StopRequested,
    ToolCalled, ToolReturned,
};
use super::event::Event;
use super::hold::{Grant, Hold, Revision, Run};
use super::state::{Agent, Anomaly, Call, Citation, Claimed, Gap, Returned, Stop};

/// Readings of the alert that are kept for drawing.
const SAMPLES_KEPT: usize = 512;
/// Anomalies that are kept whole; further ones are only counted.
const ANOMALIES_KEPT: usize = 64;

/// Everything known about one investigation.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// One line.
    pub title: Untrusted,
    /// Where it came from.
    pub source: Untrusted,
    /// When it began.
    pub opened_at: Timestamp,
    /// The last event taken in.
    pub last_seq: u64,
    /// When that happened.
    pub last_at: Timestamp,
    /// The original alert.
    pub alert: Option<Alert>,
    /// Who last said something about it: a source of alerts, or the very agent that investigates it.
    pub alert_told_by: Option<Actor>,
    /// Its readings, oldest first.
    pub samples: Vec<Sample>,
    /// Everybody who investigates.
    pub agents: Vec<Agent>,
    /// What they believe.
    pub hypotheses: Vec<Claimed>,
    /// What they cite.
    pub citations: Vec<Citation>,
    /// What they asked of tools.
    pub calls: Vec<Call>,
    /// Every hold, in the order of proposal.
    pub holds: Vec<Hold>,
    /// The stop, once a person asked for one.
    pub stop: Option<Stop>,
    /// When and by whom it was closed.
    pub closed: Option<(Timestamp, Actor)>,
    /// When and by whom it was last reviewed.
    pub reviewed: Option<(Timestamp, Actor)>,
    /// Stretches that never arrived.
    pub gaps: Vec<Gap>,
    /// Events that made no sense.
    pub anomalies: Vec<Anomaly>,
    /// How many there were in all.
    pub anomaly_count: u64,
    /// Events of unknown type.
    pub unknown_count: u64,
    /// Events of a known type whose body could not be read: any of them may have been an outcome or a redemption.
    pub unreadable_count: u64,
    call_index: HashMap<CallId, usize>,
    citation_index: HashMap<EvidenceId, usize>,
    hypothesis_index: HashMap<HypothesisId, usize>,
    hold_index: HashMap<HoldId, usize>,
}

impl Session {
    /// A session of which nothing is known yet.
    #[must_use]
    pub fn new(id: SessionId) -> Self {
        Self {
            id,
            title: Untrusted::default(),
            source: Untrusted::default(),
            opened_at: Timestamp::default(),
            last_seq: 0,
            last_at: Timestamp::default(),
            alert: None,
            alert_told_by: None,
            samples: Vec::new(),
            agents: Vec::new(),
            hypotheses: Vec::new(),
            citations: Vec::new(),
            calls: Vec::new(),
            holds: Vec::new(),
            stop: None,
            closed: None,
            reviewed: None,
            gaps: Vec::new(),
            anomalies: Vec::new(),
            anomaly_count: 0,
            unknown_count: 0,
            unreadable_count: 0,
            call_index: HashMap::new(),
            citation_index: HashMap::new(),
            hypothesis_index: HashMap::new(),
            hold_index: HashMap::new(),
        }
    }

    /// Builds a session from its events.
    pub fn of<'a>(id: SessionId, events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut session = Self::new(id);
        events.into_iter().for_each(|event| session.apply(event));
        session
    }

    /// Takes in one event. Events of other sessions and events seen before are ignored.
    pub fn apply(&mut self, event: &Event) {
        if event.session != self.id || event.seq <= self.last_seq {
            return;
        }
        if event.seq != self.last_seq + 1 {
            self.gaps.push(Gap { after: self.last_seq, before: event.seq });
        }
        self.last_seq = event.seq;
        self.last_at = event.at;
        if !self.take(event) {
            self.anomaly_count += 1;
            if self.anomalies.len() < ANOMALIES_KEPT {
                self.anomalies.push(Anomaly { seq: event.seq, type_name: event.body.type_name().into() });
            }
        }
    }

    /// The hold of this identifier.
    #[must_use]
    pub fn hold(&self, id: &HoldId) -> Option<&Hold> {
        self.hold_index.get(id).and_then(|at| self.holds.get(*at))
    }

    /// Holds that a person can answer.
    pub fn open_holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|hold| hold.is_open())
    }

    /// The call of this identifier.
    #[must_use]
    pub fn call(&self, id: &CallId) -> Option<&Call> {
        self.call_index.get(id).and_then(|at| self.calls.get(*at))
    }

    /// Whether nothing may be proposed any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stop.is_some() || self.closed.is_some()
    }

    /// What the agent commits to: the hypothesis it calls leading, else the open one of which it is surest.
    #[must_use]
    pub fn leading(&self) -> Option<&Claimed> {
        let is = |claimed: &&Claimed, status| claimed.hypothesis.status == status;
        let standing = || self.hypotheses.iter().filter(|claimed| !is(claimed, HypothesisStatus::Refuted));
        standing()
            .rfind(|claimed| is(claimed, HypothesisStatus::Leading))
            .or_else(|| standing().max_by_key(|claimed| claimed.hypothesis.confidence_pct))
    }

    /// Takes in what happened; answers whether it made sense.
    fn take(&mut self, event: &Event) -> bool {
        let at = event.at;
        match &event.body {
            Body::SessionOpened(b) => self.session_opened(b, at),
            Body::AlertObserved(b) => self.alert_observed(&b.alert, &event.actor),
            Body::AlertChanged(b) => self.alert_changed(b, &event.actor),
            Body::AgentJoined(b) => self.agent_joined(b),
            Body::AgentLeft(b) => self.agent_left(b),
            Body::ToolCalled(b) => self.tool_called(b, at),
            Body::ToolReturned(b) => self.tool_returned(b, at),
            Body::HypothesisStated(b) => self.claim(&b.hypothesis, at),
            Body::HypothesisRevised(b) => self.claim(&b.hypothesis, at),
            Body::EvidenceCited(b) => self.cite(&b.evidence, at),
            Body::MessageSaid(_) | Body::NoteAdded(_) | Body::QuestionAsked(_) | Body::ActionWithdrawn(_) => {
                true
            }
            Body::ReviewMade(_) => {
                self.reviewed = Some((at, event.actor.clone()));
                true
            }
            Body::StopRequested(b) => self.stop_requested(b, &event.actor, at),
            Body::StopConfirmed(b) => self.stop_confirmed(b, at),
            Body::SessionClosed(_) => first(&mut self.closed, || (at, event.actor.clone())),
            Body::ActionProposed(b) => self.proposed(b, &event.actor, at),
            Body::ActionRevised(b) => self.on(&b.hold, |hold| hold.revise(b, at)),
            Body::HoldOpened(b) => self.on(&b.hold, |hold| hold.open(b, at)),
            Body::VoteCast(b) => self.on(&b.hold, |hold| hold.vote(b, &event.actor, at)),
            Body::HoldClosed(b) => self.on(&b.hold, |hold| hold.close(b, &event.actor, at, event.seq)),
            Body::GrantIssued(b) => self.on(&b.hold, |hold| hold.issue(b)),
            Body::GrantRedeemed(b) => self.on(&b.hold, |hold| hold.redeem(b, at)),
            Body::GrantRevoked(b) => self.on(&b.hold, |hold| hold.revoke(b, at)),
            Body::ExecutionStarted(b) => self.on(&b.hold, |hold| hold.run(Run::Running { at, pid: b.pid })),
            Body::ExecutionFinished(b) => {
                self.on(&b.hold, |hold| hold.run(Run::Finished { at, end: Box::new(b.clone()) }))
            }
            Body::ExecutionRefused(b) => {
                self.on(&b.hold, |hold| hold.run(Run::Refused { at, reason: b.reason.clone() }))
            }
            Body::ExecutionLost(b) => {
                self.on(&b.hold, |hold| hold.run(Run::Lost { at, reason: b.reason.clone() }))
            }
            Body::Unknown(raw) => self.unknown(raw.type_name.expose()),
        }
    }

    fn unknown(&mut self, type_name: &str) -> bool {
        let known = Body::TYPES.iter().any(|(name, _)| *name == type_name);
        *(if known { &mut self.unreadable_count } else { &mut self.unknown_count }) += 1;
        !known
    }

    /// Whether every event so far was seen and read, as far as this program knows their types.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.gaps.is_empty() && self.unreadable_count == 0
    }

    fn on(&mut self, id: &HoldId, change: impl FnOnce(&mut Hold) -> bool) -> bool {
        self.hold_index.get(id).and_then(|at| self.holds.get_mut(*at)).is_some_and(change)
    }

    fn session_opened(&mut self, opened: &SessionOpened, at: Timestamp) -> bool {
        let fresh = self.opened_at == Timestamp::default();
        if fresh {
            self.title = opened.title.clone();
            self.source = opened.source.clone();
            self.opened_at = at;
        }
        fresh
    }

    fn alert_observed(&mut self, alert: &Alert, by: &Actor) -> bool {
        let fresh = first(&mut self.alert, || alert.clone());
        if fresh {
            self.alert_told_by = Some(by.clone());
        }
        fresh
    }

    fn alert_changed(&mut self, changed: &AlertChanged, by: &Actor) -> bool {
        match (&mut self.alert, changed.state) {
            (Some(alert), Some(state)) => alert.state = state,
            (None, Some(_)) => return false,
            (_, None) => {}
        }
        self.alert_told_by = Some(by.clone());
        if let Some(sample) = changed.sample {
            if self.samples.len() == SAMPLES_KEPT {
                self.samples.remove(0);
            }
            self.samples.push(sample);
        }
        true
    }

    fn agent_joined(&mut self, joined: &AgentJoined) -> bool {
        self.agents.retain(|agent| agent.name != joined.name);
        self.agents.push(Agent {
            name: joined.name.clone(),
            parent: joined.parent.clone(),
            unasked: joined.unasked.clone(),
            stoppable: joined.stoppable,
            here: true,
        });
        true
    }

    fn agent_left(&mut self, left: &AgentLeft) -> bool {
        let agent = self.agents.iter_mut().find(|agent| agent.name == left.name);
        agent.is_some_and(|agent| std::mem::replace(&mut agent.here, false))
    }

    fn tool_called(&mut self, called: &ToolCalled, at: Timestamp) -> bool {
        if self.call_index.contains_key(&called.call) {
            return false;
        }
        let (id, by) = (called.call.clone(), called.by.clone());
        self.add_call(Call {
            id,
            tool: called.tool.clone(),
            input: called.input.clone(),
            by,
            at,
            returned: None,
        });
        true
    }

    /// An answer whose question was never published still counts: it is evidence.
    fn tool_returned(&mut self, returned: &ToolReturned, at: Timestamp) -> bool {
        if !self.call_index.contains_key(&returned.call) {
            let (id, nothing) = (returned.call.clone(), Untrusted::default());
            self.add_call(Call { id, tool: nothing.clone(), input: nothing, by: None, at, returned: None });
        }
        let call = self.call_index.get(&returned.call).and_then(|index| self.calls.get_mut(*index));
        call.is_some_and(|call| {
            first(&mut call.returned, || Returned {
                at,
                output: returned.output.clone(),
                failed: returned.failed,
                truncated: returned.truncated,
            })
        })
    }

    fn add_call(&mut self, call: Call) {
        self.call_index.insert(call.id.clone(), self.calls.len());
        self.calls.push(call);
    }

    fn claim(&mut self, hypothesis: &Hypothesis, at: Timestamp) -> bool {
        let confidence = hypothesis.confidence_pct.map(|pct| pct.min(100));
        let known = self.hypothesis_index.get(&hypothesis.id).and_then(|at| self.hypotheses.get_mut(*at));
        let hypothesis = Hypothesis { confidence_pct: confidence, ..hypothesis.clone() };
        if let Some(claimed) = known {
            claimed.hypothesis = hypothesis;
            claimed.at = at;
            claimed.confidence_pct.extend(confidence);
        } else {
            self.hypothesis_index.insert(hypothesis.id.clone(), self.hypotheses.len());
            let confidence_pct = confidence.into_iter().collect();
            self.hypotheses.push(Claimed { hypothesis, at, confidence_pct });
        }
        true
    }

    /// What was cited stays what it was, because an open hold may rest on it and an approver may have read it.
    fn cite(&mut self, evidence: &Evidence, at: Timestamp) -> bool {
        if let Some(index) = self.citation_index.get(&evidence.id) {
            return self.citations.get(*index).is_some_and(|first| first.evidence == *evidence);
        }
        self.citation_index.insert(evidence.id.clone(), self.citations.len());
        self.citations.push(Citation { evidence: evidence.clone(), at });
        true
    }

    fn stop_requested(&mut self, wish: &StopRequested, by: &Actor, at: Timestamp) -> bool {
        let level = wish.level.clamp(1, 3);
        let stop = self.stop.get_or_insert_with(|| Stop {
            by: by.clone(),
            at,
            level,
            reason: wish.reason.clone(),
            confirmed: Vec::new(),
        });
        if level >= stop.level {
            (stop.by, stop.level) = (by.clone(), level);
            stop.reason = wish.reason.clone().or(stop.reason.take());
        }
        true
    }

    fn stop_confirmed(&mut self, confirmed: &StopConfirmed, at: Timestamp) -> bool {
        let Some(stop) = &mut self.stop else { return false };
        stop.confirmed.push((at, confirmed.what.clone(), confirmed.dead));
        true
    }

    /// A proposal whose digest is not that of its action is never taken in: nobody could decide on it.
    fn proposed(&mut self, p: &ActionProposed, by: &Actor, at: Timestamp) -> bool {
        let fits =
            self.hold(&p.hold).is_none() && p.proposal.action.digest().is_ok_and(|digest| digest == p.digest);
        if fits {
            let revision = Revision { number: 1, proposal: p.proposal.clone(), digest: p.digest, at };
            let number = self.holds.len() as u32 + 1;
            self.hold_index.insert(p.hold.clone(), self.holds.len());
            self.holds.push(Hold::proposed(p.hold.clone(), number, by.clone(), revision));
        }
        fits
    }

    /// Grants that nobody used yet.
    pub fn unredeemed(&self) -> impl Iterator<Item = (&Hold, &GrantId)> {
        self.holds.iter().filter_map(|hold| match &hold.grant {
            Some(Grant::Issued { id, .. }) => Some((hold, id)),
            Some(Grant::Redeemed { .. } | Grant::Revoked { .. }) | None => None,
        })
    }
}

/// Fills an empty place; a second filling makes no sense and changes nothing.
fn first<T>(place: &mut Option<T>, value: impl FnOnce() -> T) -> bool {
    let empty = place.is_none();
    if empty {
        *place = Some(value());
    }
    empty
}
