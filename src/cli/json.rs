//! Holds and sessions as JSON for programs: exact text, camelCase, the same names as on the wire.

use serde::Serialize;

use super::reading::Reading;
use crate::domain::{
    Action, Actor, Alert, Digest, Evidence, EvidenceId, HoldId, Hypothesis, Outcome, Proposal, SessionId,
    Timestamp, Untrusted, Verdict,
};
use crate::session::{Closing, Grant, Hold, Revision, Run, Session};

/// A hold in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HoldLine<'a> {
    id: &'a HoldId,
    session: &'a SessionId,
    number: u32,
    revision: u32,
    digest: Digest,
    /// `open`, or how it ended.
    state: State,
    /// Whether whoever proposed it is still there; absent when the hub did not tell.
    waiting: Option<bool>,
    proposer: &'a Actor,
    opened_at: Option<Timestamp>,
    expires_at: Timestamp,
    action: &'a Action,
    service: &'a Option<Untrusted>,
    environment: &'a Option<Untrusted>,
    why: &'a Option<Untrusted>,
    claim: &'a Option<Untrusted>,
    undo: &'a Option<Untrusted>,
    cites: &'a [EvidenceId],
    /// What became of it: `notStarted`, `running`, `finished`, `refused` or `lost`.
    run: &'static str,
}

/// Where a hold stands.
#[derive(Serialize)]
#[serde(untagged)]
enum State {
    Open(&'static str),
    Closed(Outcome),
}

/// Everything about a hold.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HoldSheet<'a> {
    #[serde(flatten)]
    line: HoldLine<'a>,
    earlier: Vec<Earlier<'a>>,
    votes: Vec<Vote<'a>>,
    closing: Option<Closed<'a>>,
    grant: Option<Granted<'a>>,
    execution: Option<Execution<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Earlier<'a> {
    revision: u32,
    digest: Digest,
    at: Timestamp,
    proposal: &'a Proposal,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Vote<'a> {
    by: &'a Actor,
    verdict: Verdict,
    reason: &'a Option<Untrusted>,
    at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Closed<'a> {
    outcome: Outcome,
    by: &'a Actor,
    at: Timestamp,
    seq: u64,
    reason: &'a Option<Untrusted>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "state")]
enum Granted<'a> {
    Issued { expires_at: Timestamp },
    Redeemed { at: Timestamp },
    Revoked { at: Timestamp, reason: &'a Untrusted },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "state")]
enum Execution<'a> {
    Running { at: Timestamp, pid: Option<u32> },
    Finished { at: Timestamp, end: &'a crate::session::ExecutionFinished },
    Refused { at: Timestamp, reason: &'a Untrusted },
    Lost { at: Timestamp, reason: &'a Untrusted },
}

/// A session in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionLine<'a> {
    id: &'a SessionId,
    title: &'a Untrusted,
    source: &'a Untrusted,
    /// `open`, `stopped` or `closed`.
    state: &'static str,
    opened_at: Timestamp,
    last_at: Timestamp,
    last_seq: u64,
    open_holds: usize,
    holds: usize,
    alert: &'a Option<Alert>,
}

/// Everything about a session but its tools' output, which `record export` has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionSheet<'a> {
    #[serde(flatten)]
    line: SessionLine<'a>,
    agents: Vec<Agent<'a>>,
    hypotheses: Vec<&'a Hypothesis>,
    citations: Vec<&'a Evidence>,
    calls: usize,
    hold_list: Vec<HoldLine<'a>>,
    stop: Option<Stopped<'a>>,
    gaps: usize,
    anomalies: u64,
    unknown_events: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Agent<'a> {
    name: &'a Untrusted,
    parent: &'a Option<Untrusted>,
    unasked: &'a Option<Untrusted>,
    stoppable: bool,
    here: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stopped<'a> {
    by: &'a Actor,
    at: Timestamp,
    level: u8,
    reason: &'a Option<Untrusted>,
    confirmed: Vec<Confirmed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Confirmed<'a> {
    at: Timestamp,
    what: &'a Untrusted,
    dead: Option<bool>,
}

impl<'a> HoldLine<'a> {
    /// A hold of this session.
    pub(super) fn new(reading: &Reading, session: &'a Session, hold: &'a Hold) -> Self {
        let Proposal { action, service, environment, why, claim, undo, cites } = &hold.revision.proposal;
        Self {
            id: &hold.id,
            session: &session.id,
            number: hold.number,
            revision: hold.revision.number,
            digest: hold.revision.digest,
            state: hold.outcome().map_or(State::Open("open"), State::Closed),
            waiting: hold.is_open().then(|| reading.waits(&hold.id)).flatten(),
            proposer: &hold.proposer,
            opened_at: hold.opened_at,
            expires_at: hold.expires_at,
            action,
            service,
            environment,
            why,
            claim,
            undo,
            cites,
            run: run_word(&hold.run),
        }
    }
}

/// One word for what became of a run, as on the wire.
fn run_word(run: &Run) -> &'static str {
    match run {
        Run::NotStarted => "notStarted",
        Run::Running { .. } => "running",
        Run::Finished { .. } => "finished",
        Run::Refused { .. } => "refused",
        Run::Lost { .. } => "lost",
    }
}

impl<'a> HoldSheet<'a> {
    /// A hold of this session.
    pub(super) fn new(reading: &Reading, session: &'a Session, hold: &'a Hold) -> Self {
        let earlier = |revision: &'a Revision| Earlier {
            revision: revision.number,
            digest: revision.digest,
            at: revision.at,
            proposal: &revision.proposal,
        };
        let closed = |closing: &'a Closing| Closed {
            outcome: closing.outcome,
            by: &closing.by,
            at: closing.at,
            seq: closing.seq,
            reason: &closing.reason,
        };
        let votes = hold.votes.iter();
        let votes = votes.map(|v| Vote { by: &v.by, verdict: v.verdict, reason: &v.reason, at: v.at });
        Self {
            line: HoldLine::new(reading, session, hold),
            earlier: hold.earlier.iter().map(earlier).collect(),
            votes: votes.collect(),
            closing: hold.closing.as_ref().map(closed),
            grant: hold.grant.as_ref().map(|grant| match grant {
                Grant::Issued { expires_at, .. } => Granted::Issued { expires_at: *expires_at },
                Grant::Redeemed { at, .. } => Granted::Redeemed { at: *at },
                Grant::Revoked { at, reason, .. } => Granted::Revoked { at: *at, reason },
            }),
            execution: match &hold.run {
                Run::NotStarted => None,
                Run::Running { at, pid } => Some(Execution::Running { at: *at, pid: *pid }),
                Run::Finished { at, end } => Some(Execution::Finished { at: *at, end }),
                Run::Refused { at, reason } => Some(Execution::Refused { at: *at, reason }),
                Run::Lost { at, reason, .. } => Some(Execution::Lost { at: *at, reason }),
            },
        }
    }
}

/// One word for where a session stands.
pub(super) fn session_word(session: &Session) -> &'static str {
    match (&session.stop, &session.closed) {
        (Some(_), _) => "stopped",
        (None, Some(_)) => "closed",
        (None, None) => "open",
    }
}

impl<'a> SessionLine<'a> {
    /// A session.
    pub(super) fn new(session: &'a Session) -> Self {
        Self {
            id: &session.id,
            title: &session.title,
            source: &session.source,
            state: session_word(session),
            opened_at: session.opened_at,
            last_at: session.last_at,
            last_seq: session.last_seq,
            open_holds: session.open_holds().count(),
            holds: session.holds.len(),
            alert: &session.alert,
        }
    }
}

impl<'a> SessionSheet<'a> {
    /// A session.
    pub(super) fn new(reading: &Reading, session: &'a Session) -> Self {
        let agent = |agent: &'a crate::session::Agent| Agent {
            name: &agent.name,
            parent: &agent.parent,
            unasked: &agent.unasked,
            stoppable: agent.stoppable,
            here: agent.here,
        };
        let confirmed = |(at, what, dead): &'a (Timestamp, Untrusted, Option<bool>)| Confirmed {
            at: *at,
            what,
            dead: *dead,
        };
        let stopped = |stop: &'a crate::session::Stop| Stopped {
            by: &stop.by,
            at: stop.at,
            level: stop.level,
            reason: &stop.reason,
            confirmed: stop.confirmed.iter().map(confirmed).collect(),
        };
        Self {
            line: SessionLine::new(session),
            agents: session.agents.iter().map(agent).collect(),
            hypotheses: session.hypotheses.iter().map(|claimed| &claimed.hypothesis).collect(),
            citations: session.citations.iter().map(|citation| &citation.evidence).collect(),
            calls: session.calls.len(),
            hold_list: session.holds.iter().map(|hold| HoldLine::new(reading, session, hold)).collect(),
            stop: session.stop.as_ref().map(stopped),
            gaps: session.gaps.len(),
            anomalies: session.anomaly_count,
            unknown_events: session.unknown_count,
        }
    }
}
