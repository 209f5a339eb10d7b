//! What is asked of a person, and how it can end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, EvidenceId, Untrusted};

/// An action together with what its proposer says about it. Only the action is digested; the words are claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// What would run.
    pub action: Action,
    /// The service it is meant for, as said by the proposer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Untrusted>,
    /// The environment it is meant for, as said by the proposer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Untrusted>,
    /// Why, in the proposer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Untrusted>,
    /// What it would touch, in the proposer's words. Never part of a computed figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Untrusted>,
    /// How to undo it, in the proposer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Untrusted>,
    /// The evidence that it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cites: Vec<EvidenceId>,
}

/// Who makes an approved action happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Executor {
    /// Holdpoint's gate: exactly the approved bytes, once.
    Holdpoint,
    /// The agent itself, once it is let go: neither exactness nor once is enforced.
    Agent,
}

/// What a person says to a hold. There is no third answer: "not now" leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Run exactly this, once.
    Approve,
    /// Do not.
    Deny,
}

/// How a hold ended. Exactly one per hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// A person allowed it.
    Approved,
    /// A person refused it, by name or by stopping the session.
    Denied,
    /// Nobody answered in time. Not a denial.
    Expired,
    /// Another proposal took its place.
    Superseded,
    /// Whoever proposed it took it back.
    Withdrawn,
    /// It was answered in the agent's own interface.
    AnsweredElsewhere,
}

impl Outcome {
    /// The word shown for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
            Self::AnsweredElsewhere => "answered elsewhere",
        }
    }
}
