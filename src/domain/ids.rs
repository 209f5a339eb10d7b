//! Identifiers. They are confined to harmless ASCII when they are made, so that they may be shown as they are.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Error, Result};

/// Longest identifier, in bytes.
const ID_MAX_BYTES: usize = 160;

fn check(what: &str, text: &str) -> Result<()> {
    let fits = !text.is_empty() && text.len() <= ID_MAX_BYTES;
    // Neither an option of a command line nor a path's own name for "up" may pass for an identifier.
    let begins = !text.starts_with(['-', '.', '/']);
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/@#+=".contains(&b));
    if fits && begins && plain {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "this is not a {what}: \"{}\"",
        text.chars().take(40).collect::<String>().escape_default()
    ))
    .hint(format!("1 to {ID_MAX_BYTES} ASCII letters, digits or -_.:/@#+=, not beginning with -, . or /")))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps an identifier.
            ///
            /// # Errors
            /// `Kind::Invalid` when it is empty, too long, or holds a character outside the allowed ASCII set.
            pub fn new(text: impl AsRef<str>) -> Result<Self> {
                check($what, text.as_ref())?;
                Ok(Self(text.as_ref().into()))
            }

            /// The identifier's characters.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(/** One incident being investigated: the unit of history, order and subscription. */ SessionId, "session id");
id!(/** One question to a person; lives through the revisions of what is proposed. */ HoldId, "hold id");
id!(/** The single-use authority that an approval creates. */ GrantId, "grant id");
id!(/** A hypothesis, unique within its session. */ HypothesisId, "hypothesis id");
id!(/** A citation, unique within its session. */ EvidenceId, "evidence id");
id!(/** A tool call, unique within its session. */ CallId, "call id");
id!(/** A key which the client chooses so that a repeated call takes effect once. */ ClientKey, "idempotency key");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_cannot_carry_escapes_spaces_or_look_alikes() {
        for bad in
            ["", "-rf", "..", "../x", "/etc", "a b", "a\x1b[2J", "prod\u{2010}db", "a\n", &"x".repeat(161)]
        {
            assert!(SessionId::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(HoldId::new("h-7k3mq9xa").unwrap().as_str(), "h-7k3mq9xa");
        assert!(serde_json::from_str::<HoldId>("\"a b\"").is_err(), "parsing checks too");
    }
}
