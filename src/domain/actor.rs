//! Who did something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Untrusted;

/// Which side of the hold somebody stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Investigates and proposes; never decides.
    Agent,
    /// Decides; the only role that does.
    Person,
    /// The hub itself: expiry, revocation, loss.
    Hub,
}

/// Who did something: set by the hub from the authenticated connection, never taken from a message's body.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// Which side.
    pub role: Role,
    /// The name given at sign-in; until people sign with keys, it is what they say it is.
    pub name: Untrusted,
}

impl Actor {
    /// An actor of this role and name.
    pub fn new(role: Role, name: impl Into<Untrusted>) -> Self {
        Self { role, name: name.into() }
    }

    /// The hub itself.
    #[must_use]
    pub fn hub() -> Self {
        Self::new(Role::Hub, "holdpoint")
    }
}
