//! What an agent claims, and what it cites for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallId, Digest, EvidenceId, HypothesisId, Untrusted};

/// Where the agent itself says that a hypothesis stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HypothesisStatus {
    /// Being looked into.
    #[default]
    Open,
    /// The agent commits to it.
    Leading,
    /// The agent gave it up.
    Refuted,
}

/// One explanation of the alert, in the agent's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hypothesis {
    /// Unique within the session; shown as it is, for example `H1`.
    pub id: HypothesisId,
    /// One line.
    pub title: Untrusted,
    /// Where the agent says it stands.
    #[serde(default)]
    pub status: HypothesisStatus,
    /// The agent's own confidence, in percent; never part of a computed figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence_pct: Option<u8>,
}

/// Whether a citation speaks for or against its hypothesis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Stance {
    /// For it.
    #[default]
    Supports,
    /// Against it.
    Contradicts,
}

/// What sort of source a citation comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SourceKind {
    /// A log line.
    Log,
    /// A metric's value.
    Metric,
    /// A trace or span.
    Trace,
    /// A deploy, flag or configuration change.
    Change,
    /// Anything else.
    #[default]
    Other,
}

/// A citation: an excerpt which the agent says stands in a tool's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Unique within the session, for example `E1`.
    pub id: EvidenceId,
    /// What it is cited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypothesis: Option<HypothesisId>,
    /// For or against.
    #[serde(default)]
    pub stance: Stance,
    /// What sort of source.
    #[serde(default)]
    pub source: SourceKind,
    /// The call whose output is said to hold the excerpt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// The words cited.
    pub excerpt: Untrusted,
}

/// A tool's output: in the event when small, by digest when large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Payload {
    /// The whole output.
    Text(Untrusted),
    /// The output is a blob of the hub; get it with `blob/get`.
    Blob {
        /// Of the exact bytes.
        sha256: Digest,
        /// How many there are.
        bytes: u64,
    },
}
