//! The line to the hub, as a person has to know it.

use crate::domain::{Error, Timestamp};

/// How the cockpit stands with the hub.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// Not yet connected; what went wrong so far, if anything did.
    Connecting(Option<Error>),
    /// Connected; the history up to this position is still on its way.
    CatchingUp {
        /// The record's position at which it is whole.
        until: u64,
    },
    /// What is on screen is what the hub knows.
    Live,
    /// Cut; what is on screen was true then.
    Stale {
        /// Since when.
        since: Timestamp,
        /// Why.
        why: Error,
    },
    /// The hub does not let us in; it will not be tried again.
    Refused(Error),
    /// There is no hub: a recording is being shown.
    Replay,
}

impl Line {
    /// Whether what is on screen is what the hub knows.
    pub(crate) fn is_live(&self) -> bool {
        match self {
            Self::Live => true,
            Self::Connecting(_)
            | Self::CatchingUp { .. }
            | Self::Stale { .. }
            | Self::Refused(_)
            | Self::Replay => false,
        }
    }

    /// The word for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Connecting(_) => "connecting",
            Self::CatchingUp { .. } => "reading history",
            Self::Live => "live",
            Self::Stale { .. } => "stale",
            Self::Refused(_) => "refused",
            Self::Replay => "REPLAY",
        }
    }

    /// What went wrong, if anything did.
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Connecting(error) => error.as_ref(),
            Self::Stale { why, .. } => Some(why),
            Self::Refused(error) => Some(error),
            Self::CatchingUp { .. } | Self::Live | Self::Replay => None,
        }
    }
}
