//! Who a connection is: from its credential and the name it gave, once, at hello.

use sha2::{Digest as _, Sha256};

use crate::domain::{Actor, Error, Kind, Result, Role};
use crate::wire::{HelloParams, PROTOCOL_VERSION};

/// Longest name, in characters.
const NAME_MAX_CHARS: usize = 64;

/// The two credentials, digested.
#[derive(Clone)]
pub(super) struct Auth {
    agent: [u8; 32],
    approver: [u8; 32],
}

impl Auth {
    pub(super) fn new(agent: &str, approver: &str) -> Self {
        Self { agent: digest(agent), approver: digest(approver) }
    }

    /// Checks a hello and answers who it is.
    pub(super) fn admit(&self, hello: &HelloParams) -> Result<Actor> {
        if hello.version != PROTOCOL_VERSION {
            let theirs = hello.version;
            return Err(Error::invalid(format!("this hub speaks version {PROTOCOL_VERSION}, not {theirs}"))
                .hint("use the same version of holdpoint on both sides"));
        }
        let length = hello.name.expose().chars().count();
        if length == 0 || length > NAME_MAX_CHARS {
            return Err(Error::invalid(format!(
                "a name has 1 to {NAME_MAX_CHARS} characters, this one {length}"
            )));
        }
        let wanted = match hello.role {
            Role::Agent => &self.agent,
            Role::Person => &self.approver,
            Role::Hub => return Err(Error::new(Kind::Forbidden, "nobody signs in as the hub")),
        };
        if !same(wanted, &digest(&hello.token)) {
            return Err(Error::new(Kind::Forbidden, "this is not the credential of that role")
                .hint(
                    "agents sign in with agent.token, people with approver.token, of this very hub's data directory",
                ));
        }
        Ok(Actor::new(hello.role, hello.name.clone()))
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Compares in a time that does not depend on where they differ. Digests are compared, so that even a compiler that
/// undid this would tell nothing about the credential.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let difference = a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y));
    std::hint::black_box(difference) == 0
}
