//! Text from outside: exact bytes, and no way to print them by accident.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Text that somebody else wrote: an agent, a tool, an alert, a command line, another person's name.
///
/// It keeps the exact characters, escapes and bidirectional overrides included, because digests, grounding and the
/// record need them. It has no `Display`: a terminal gets it only through the cockpit's `safe_text`, which shows what
/// is hidden; a pipe gets it as JSON. `Debug` escapes. Cloning is cheap (shared storage).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Untrusted(#[schemars(with = "String")] Arc<str>);

impl Untrusted {
    /// Wraps text as it came.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The exact text. Whoever calls this must not send it to a terminal.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same text on one line with every character that is not printable ASCII escaped: for error messages and
    /// logs, which may reach a terminal that no cockpit guards.
    #[must_use]
    pub fn escaped(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            if matches!(c, ' '..='~') { out.push(c) } else { out.extend(c.escape_unicode()) }
        }
        out
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escaped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_no_byte_that_a_terminal_would_act_on() {
        let hostile = Untrusted::from("a\x1b]52;c;x\x07\u{202e}b\r\n");
        let shown = format!("{hostile:?}");
        assert!(shown.chars().all(|c| matches!(c, ' '..='~')), "{shown}");
        assert_eq!(hostile.expose(), "a\x1b]52;c;x\x07\u{202e}b\r\n", "the exact text is kept");
    }
}
