//! Floor 1: the nouns of a held action.
//!
//! What an approver talks about: an [`Alert`], a [`Hypothesis`] with its [`Evidence`], a [`Proposal`] of an
//! [`Action`], the [`Verdict`] of a person and the [`Outcome`] of a hold. Plain data with its own rules (limits,
//! digests, identifiers).
//!
//! Deliberately absent: I/O, async, a clock, randomness, and any way to print outside text (see [`Untrusted`]).

mod action;
mod actor;
mod alert;
mod claim;
mod digest;
mod error;
mod estimate;
pub mod failpoint;
mod ids;
mod proposal;
mod time;
mod untrusted;

pub use action::{
    ACTION_MAX_BYTES, Action, AgentCommand, AgentPatch, AgentTool, EnvVar, Exec, FileChange, FilePin, Pin,
    Stdin, quoted,
};
pub use actor::{Actor, Role};
pub use alert::{Alert, AlertState, Sample};
pub use claim::{Evidence, Hypothesis, HypothesisStatus, Payload, SourceKind, Stance};
pub use digest::{Digest, Hasher};
pub use error::{Error, Kind, Result};
pub use estimate::{
    ClaimDiff, ClaimVerdict, CredentialEffect, Credentials, Data, DataEffect, Dependent, Estimate, Guard,
    Num, NumSource, Parsed, Reversibility, Target, Tier,
};
pub use ids::{CallId, ClientKey, EvidenceId, GrantId, HoldId, HypothesisId, SessionId};
pub use proposal::{Executor, Outcome, Proposal, Verdict};
pub use time::Timestamp;
pub use untrusted::Untrusted;
