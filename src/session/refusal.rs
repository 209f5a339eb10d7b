//! Why a wish was not granted, in words that tell what to do.

use thiserror::Error;

use crate::domain::{Actor, Digest, Error as DomainError, HoldId, Kind, Outcome, Timestamp, Untrusted};

/// Why a command was refused. Nothing was recorded.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Refusal {
    /// There is no such hold in this session.
    #[error("there is no hold {0}")]
    NoSuchHold(HoldId),
    /// Somebody was first.
    #[error("already {} by {} at {}", outcome.word(), by.name.escaped(), at)]
    AlreadyClosed {
        /// How it ended.
        outcome: Outcome,
        /// Who ended it.
        by: Actor,
        /// When.
        at: Timestamp,
    },
    /// The proposal was revised meanwhile.
    #[error("this is revision {current} now, not {named}: {changed}")]
    OtherRevision {
        /// What the decision named.
        named: u32,
        /// What is true.
        current: u32,
        /// What changed, in words.
        changed: String,
    },
    /// The decision is about other bytes.
    #[error("the action's digest is {current}, not {named}")]
    OtherDigest {
        /// What the decision named.
        named: Digest,
        /// What is true.
        current: Digest,
    },
    /// Only people decide.
    #[error("only a person decides; this connection is signed in as an agent")]
    NotAPerson,
    /// Nobody is there to run it.
    #[error("whoever proposed it no longer waits; approving would allow something that nobody runs")]
    NobodyWaits,
    /// Something may have happened that this program does not know.
    #[error("the session's history has {gaps} gaps and {unreadable} events that this version cannot read")]
    HistoryIncomplete {
        /// Stretches that are missing.
        gaps: usize,
        /// Events of a known type that could not be read.
        unreadable: u64,
    },
    /// The agent did not say all that would happen.
    #[error("what would happen is not all known: {}", .0.escaped())]
    Incomplete(Untrusted),
    /// Its time is over.
    #[error("it expired at {0}")]
    Expired(Timestamp),
    /// The session was stopped or closed.
    #[error("the session was {what} by {} at {at}", by.name.escaped())]
    SessionOver {
        /// `stopped` or `closed`.
        what: &'static str,
        /// Who ended it.
        by: Actor,
        /// When.
        at: Timestamp,
    },
    /// The grant is not one that can be redeemed.
    #[error("the grant cannot be redeemed: {0}")]
    NoGrant(String),
    /// Somebody else's proposal.
    #[error("only whoever proposed it may do that")]
    NotTheProposer,
    /// The action itself is not acceptable.
    #[error("{0}")]
    BadAction(DomainError),
}

impl Refusal {
    /// The kind of error that this is to a caller.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoSuchHold(_) => Kind::NotFound,
            Self::NotAPerson | Self::NotTheProposer | Self::Incomplete(_) => Kind::Forbidden,
            Self::NobodyWaits | Self::HistoryIncomplete { .. } => Kind::Unavailable,
            Self::BadAction(error) => error.kind(),
            Self::AlreadyClosed { .. }
            | Self::OtherRevision { .. }
            | Self::OtherDigest { .. }
            | Self::Expired(_)
            | Self::SessionOver { .. }
            | Self::NoGrant(_) => Kind::Conflict,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchHold(_) => "`holdpoint holds` lists what waits",
            Self::AlreadyClosed { .. } => {
                "a hold has one outcome; to change course, propose anew or stop the session"
            }
            Self::OtherRevision { .. } | Self::OtherDigest { .. } => {
                "look at it again, then decide on what it is now"
            }
            Self::NotAPerson => "sign in with the approver's credential",
            Self::NobodyWaits => "deny it, or wait until the gate is back",
            Self::HistoryIncomplete { .. } => "deny it, or use the version that wrote the record",
            Self::Incomplete(_) => "deny it, or answer it in the agent's own interface",
            Self::Expired(_) => "nothing ran; the proposer may ask again",
            Self::SessionOver { .. } => "open another session",
            Self::NoGrant(_) => "nothing was run; propose again",
            Self::NotTheProposer => "deny it or stop the session instead",
            Self::BadAction(_) => "correct the action and propose it again",
        }
    }
}

impl From<Refusal> for DomainError {
    fn from(refusal: Refusal) -> Self {
        if let Refusal::BadAction(error) = refusal {
            return error;
        }
        Self::new(refusal.kind(), refusal.to_string()).hint(refusal.hint())
    }
}
