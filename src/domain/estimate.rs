//! What an action would touch, as computed from the action itself: a second opinion beside the agent's claim.
//!
//! Every figure says where it comes from. Unknown is a source of its own and never zero.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Digest, Untrusted};

/// How much stands between an action and its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Tier {
    /// Reads.
    #[serde(rename = "RO")]
    Ro,
    /// Changes nothing that anybody depends on.
    L,
    /// One approval.
    M,
    /// A full review, with a typed confirmation.
    H,
    /// As H, with two people and a question about an assumption.
    #[serde(rename = "H+")]
    HPlus,
}

impl Tier {
    /// The word shown for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ro => "RO",
            Self::L => "L",
            Self::M => "M",
            Self::H => "H",
            Self::HPlus => "H+",
        }
    }

    /// One step more careful; H+ stays.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Ro => Self::L,
            Self::L => Self::M,
            Self::M => Self::H,
            Self::H | Self::HPlus => Self::HPlus,
        }
    }
}

/// How much of the action could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Parsed {
    /// Everything that matters is in the action.
    Full,
    /// What kind of action it is is certain; on what, or with what content, is not.
    Partial,
    /// What would run is not in the action. Always H+.
    Uninspectable,
}

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "from")]
pub enum NumSource {
    /// The action's own text.
    Parsed,
    /// A snapshot of the inventory.
    Snapshot {
        /// Its age, seconds.
        age_s: u64,
    },
    /// A dry run.
    DryRun,
    /// Measured traffic.
    Telemetry {
        /// Over how long, seconds.
        window_s: u64,
        /// Its age, seconds.
        age_s: u64,
    },
    /// A rule file.
    Catalog,
    /// Nothing that we have says it.
    Unknown,
}

/// A figure with its range and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Num {
    /// At least this; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lo: Option<f64>,
    /// At most this; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hi: Option<f64>,
    /// In what, for example `pods`, `rows`, `share`, `s`.
    pub unit: Untrusted,
    /// Where it comes from.
    pub source: NumSource,
}

impl Num {
    /// Nothing that we have says it.
    #[must_use]
    pub fn unknown(unit: &str) -> Self {
        Self { lo: None, hi: None, unit: unit.into(), source: NumSource::Unknown }
    }

    /// One definite value.
    #[must_use]
    pub fn exactly(value: f64, unit: &str, source: NumSource) -> Self {
        Self { lo: Some(value), hi: Some(value), unit: unit.into(), source }
    }

    /// Whether anything is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.lo.is_some() || self.hi.is_some()
    }
}

/// One thing that the action itself names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// For example `deployment`, `pod`, `unit`, `table`, `file`.
    pub kind: Untrusted,
    /// Namespace, environment, project, database or cluster, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Untrusted>,
    /// As written: a name, a path, a selector (`app=cart`), a pattern; `*` for all of the kind.
    pub name: Untrusted,
    /// For how many it stands.
    pub count: Num,
}

/// Something that depends on a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dependent {
    /// Which service or store.
    pub entity: Untrusted,
    /// How many edges away: 1 to 3.
    pub hops: u8,
    /// From the target to it, both included.
    pub path: Vec<Untrusted>,
    /// Which source said that the last edge exists.
    pub edge_source: Untrusted,
}

/// What happens to stored data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DataEffect {
    /// Nothing.
    #[default]
    None,
    /// It is read.
    Read,
    /// It is written.
    Write,
    /// Its shape is changed.
    Schema,
    /// It is deleted.
    Delete,
}

/// What happens to stored data, on what, and how much of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Data {
    /// What.
    pub effect: DataEffect,
    /// Tables, keys, buckets, volumes, paths.
    pub objects: Vec<Untrusted>,
    /// How many rows, keys or objects.
    pub rows: Num,
}

/// What happens to secrets and rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CredentialEffect {
    /// Nothing.
    #[default]
    None,
    /// Another identity than the usual one is used.
    Used,
    /// A secret becomes visible or leaves the place that guards it.
    Printed,
    /// A secret, an account or somebody's rights are made, altered or removed.
    Changed,
}

/// What happens to secrets and rights, and which.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Credentials {
    /// What.
    pub effect: CredentialEffect,
    /// Which.
    pub which: Vec<Untrusted>,
}

/// How it can be undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "how")]
pub enum Reversibility {
    /// Nothing to undo, or undone at once without a trace.
    Instant,
    /// A known command restores the state before.
    Rollback {
        /// The command, where it can be written down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<Untrusted>,
        /// What that needs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needs: Option<Untrusted>,
    },
    /// Only from a backup, a manifest, another copy.
    Restore {
        /// From what.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Untrusted>,
    },
    /// Not even so.
    Irreversible,
    /// The action does not tell.
    Unknown,
}

/// Something that stands in the way of the worst.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Guard {
    /// `pdb`, `quota`, `dryRun` or `backup`.
    pub guard: Untrusted,
    /// What is known of it, in one clause.
    pub state: Untrusted,
}

/// The agent's claim beside what was computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClaimVerdict {
    /// They do not differ.
    Agree,
    /// The action reaches further than claimed. Raises the tier by one.
    Understated,
    /// It does not reach as far as claimed.
    Overstated,
    /// The agent claimed nothing.
    #[default]
    Unclaimed,
    /// The claim says nothing that could be compared.
    Unverifiable,
}

/// One difference between claim and computation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimDiff {
    /// About what, for example `pods`.
    pub about: Untrusted,
    /// As claimed.
    pub claimed: Untrusted,
    /// As computed.
    pub computed: Untrusted,
}

/// The second opinion about one action. The agent's claim is compared with it and never enters it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Of the action's bytes; absent for a command that nobody proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_sha256: Option<Digest>,
    /// How much could be read.
    pub parsed: Parsed,
    /// Why not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parsed_reason: Option<Untrusted>,
    /// How much stands between it and its run.
    pub tier: Tier,
    /// The rules that spoke, the one that set the tier first.
    pub rule_ids: Vec<Untrusted>,
    /// Why this tier, one sentence each, the deciding one first.
    pub reasons: Vec<Untrusted>,
    /// What it names.
    pub direct: Vec<Target>,
    /// What depends on that, nearest first.
    pub dependents: Vec<Dependent>,
    /// Pods.
    pub pods: Num,
    /// Nodes.
    pub nodes: Num,
    /// Share of all requests, 0 to 1, that pass through what it touches.
    pub traffic_share: Num,
    /// Users.
    pub users: Num,
    /// Stored data.
    pub data: Data,
    /// Secrets and rights.
    pub credentials: Credentials,
    /// How to undo it.
    pub reversibility: Reversibility,
    /// How long it takes.
    pub duration: Num,
    /// What stands in the way of the worst.
    pub guards: Vec<Guard>,
    /// The agent's claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_claim: Option<Untrusted>,
    /// The claim beside the computation.
    pub verdict: ClaimVerdict,
    /// Where they differ.
    pub diffs: Vec<ClaimDiff>,
    /// What was needed and is not known, one sentence each.
    pub unknowns: Vec<Untrusted>,
}
