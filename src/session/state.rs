//! The parts of a session that are not holds: agents, claims, calls, the stop, and what could not be taken in.

use crate::domain::{Actor, CallId, Evidence, Hypothesis, Payload, Timestamp, Untrusted};

/// A stretch of events that never arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last event before it.
    pub after: u64,
    /// The first event behind it.
    pub before: u64,
}

/// An event that made no sense where it stood; it changed nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Anomaly {
    /// Its position.
    pub seq: u64,
    /// Its type.
    pub type_name: Untrusted,
}

/// An agent or sub-agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// Its name.
    pub name: Untrusted,
    /// Who started it.
    pub parent: Option<Untrusted>,
    /// What it can do without asking.
    pub unasked: Option<Untrusted>,
    /// Whether a stop can reach it.
    pub stoppable: bool,
    /// Whether it still takes part.
    pub here: bool,
}

/// A hypothesis and how the agent's own confidence moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// As last stated.
    pub hypothesis: Hypothesis,
    /// When it was last stated.
    pub at: Timestamp,
    /// The confidences stated last, oldest first, in percent.
    pub confidence_pct: Vec<u8>,
}

/// A citation and when it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Citation {
    /// What was cited.
    pub evidence: Evidence,
    /// When.
    pub at: Timestamp,
}

/// A tool call and, once it came, its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its identifier.
    pub id: CallId,
    /// The tool; empty where only the answer was published.
    pub tool: Untrusted,
    /// What was asked.
    pub input: Untrusted,
    /// Which sub-agent asked.
    pub by: Option<Untrusted>,
    /// When it was asked.
    pub at: Timestamp,
    /// The answer.
    pub returned: Option<Returned>,
}

/// A tool's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Returned {
    /// When.
    pub at: Timestamp,
    /// The whole output.
    pub output: Payload,
    /// Whether the tool failed.
    pub failed: bool,
    /// Whether it was cut before it was published.
    pub truncated: bool,
}

/// A stop and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// Who asked for it, at this level last.
    pub by: Actor,
    /// When it was first asked for.
    pub at: Timestamp,
    /// How far: 1 to 3.
    pub level: u8,
    /// When it was asked for at this level last.
    pub raised_at: Timestamp,
    /// Why.
    pub reason: Option<Untrusted>,
    /// What was confirmed last, oldest first: when, the sentence, and whether nothing of it runs any more.
    pub confirmed: Vec<(Timestamp, Untrusted, Option<bool>)>,
}
