//! How long and how far an agent has gone since a person last looked. This is not drift, and is shown apart.
//!
//! Deliberately absent: tokens. No event tells them yet.

use crate::domain::Timestamp;

/// A checkpoint is due after so long, in milliseconds.
pub const CHECKPOINT_MS: i64 = 6 * 60 * 1000;
/// A checkpoint is due after so many calls.
pub const CHECKPOINT_CALLS: u64 = 40;

/// Since a person last looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// When that was; the beginning when nobody has.
    pub since: Timestamp,
    /// Whether anybody has looked at all.
    pub looked: bool,
    /// Calls asked since then.
    pub calls: u64,
}

impl Exposure {
    /// How long that is, in milliseconds.
    pub fn ms(&self, now: Timestamp) -> i64 {
        now.since(self.since).max(0)
    }

    /// Whether it is time that a person looks.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.calls > 0 && (self.ms(now) >= CHECKPOINT_MS || self.calls >= CHECKPOINT_CALLS)
    }

    pub(super) fn look(&mut self, at: Timestamp) {
        *self = Self { since: at, looked: true, calls: 0 };
    }
}
