//! What one rule says about one part of an action, and the limits on how much may be said.

use crate::domain::{
    CredentialEffect, DataEffect, Num, NumSource, Parsed, Reversibility, Target, Tier, Untrusted,
};

/// How a part can be undone, ordered from the least to the most that is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Undo {
    /// Nothing to undo.
    #[default]
    Instant,
    /// A known command restores the state before.
    Rollback,
    /// The text does not tell.
    Unknown,
    /// From a backup, a manifest, another copy.
    Restore,
    /// Not even so.
    Irreversible,
}

impl Undo {
    /// The form for people and programs.
    pub(super) fn shown(self) -> Reversibility {
        match self {
            Self::Instant => Reversibility::Instant,
            Self::Rollback => Reversibility::Rollback { command: None, needs: None },
            Self::Unknown => Reversibility::Unknown,
            Self::Restore => Reversibility::Restore { from: None },
            Self::Irreversible => Reversibility::Irreversible,
        }
    }
}

/// What one rule says about one part.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) tier: Tier,
    pub(super) rule: String,
    pub(super) reason: String,
    pub(super) targets: Vec<Target>,
    pub(super) data: DataEffect,
    pub(super) credentials: CredentialEffect,
    pub(super) undo: Undo,
    pub(super) parsed: Parsed,
    /// What is needed and not known because of this part.
    pub(super) unknown: Option<String>,
}

impl Finding {
    /// A part of this tier that touches nothing else.
    pub(super) fn new(tier: Tier, rule: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            tier,
            rule: rule.into(),
            reason: reason.into(),
            targets: Vec::new(),
            data: DataEffect::None,
            credentials: CredentialEffect::None,
            undo: Undo::Instant,
            parsed: Parsed::Full,
            unknown: None,
        }
    }

    /// What would run is not in the text.
    pub(super) fn opaque(rule: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { parsed: Parsed::Uninspectable, undo: Undo::Unknown, ..Self::new(Tier::HPlus, rule, reason) }
    }

    /// The same with a target.
    pub(super) fn on(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }
}

/// Longest name of a target that is kept, in bytes.
const NAME_MAX_BYTES: usize = 1024;

/// Cuts text where it is longer than anybody would read.
pub(super) fn cut(text: &str) -> &str {
    let mut end = text.len().min(NAME_MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A target as the text names it; what stands for several has an unknown count.
pub(super) fn target(kind: &str, namespace: Option<&str>, name: &str) -> Target {
    let many = name.contains(['*', '=', '?', '[']) || name.is_empty();
    let count = if many { Num::unknown(kind) } else { Num::exactly(1.0, kind, NumSource::Parsed) };
    Target {
        kind: kind.into(),
        namespace: namespace.filter(|space| !space.is_empty()).map(|space| Untrusted::from(cut(space))),
        name: cut(if name.is_empty() { "*" } else { name }).into(),
        count,
    }
}
