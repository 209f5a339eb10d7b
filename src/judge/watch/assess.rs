//! The word, the figure and the sentence at one moment.

use crate::domain::{HoldId, HypothesisId, Timestamp, Untrusted};

use super::Watch;
use super::names::Entity;
use super::reasons::{Reason, Seen, reasons};
use super::scope::Scope;
use super::support::{GATE, Weight, weigh};

/// What stands beside every quiet answer.
pub const MECHANISM: &str = "Evidence favours the named service. This does not check the mechanism.";

/// What the evidence makes of a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It speaks for what is named, as far as that goes.
    Supported,
    /// It speaks for somebody else as well, or instead.
    Contested,
    /// There is too little of it.
    NotEnough,
    /// The hypothesis names nothing that could be looked up.
    CannotTell,
}

impl Word {
    /// The word shown for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Contested => "contested",
            Self::NotEnough => "not enough evidence",
            Self::CannotTell => "cannot tell",
        }
    }

    /// Whether it passes the gate.
    pub fn passes(self) -> bool {
        self == Self::Supported
    }
}

/// What a gate was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A commitment to a hypothesis.
    Hypothesis(HypothesisId),
    /// A revision of a hold.
    Hold(HoldId, u32),
}

/// The strongest rival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Its name.
    pub name: Untrusted,
    /// Distinct error templates that speak of it.
    pub templates: usize,
    /// Calls about it.
    pub examined: u32,
    /// A line that speaks of it.
    pub example: Option<Untrusted>,
}

/// What is said at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Of which hypothesis; absent where none stands, and the proposal's target is weighed.
    pub hypothesis: Option<HypothesisId>,
    /// The word.
    pub word: Word,
    /// The figure, 0 to 1: above [`GATE`](super::GATE) it does not pass.
    pub rival: f64,
    /// What the hypothesis names.
    pub named: Vec<Untrusted>,
    /// Distinct error templates a name.
    pub support: f64,
    /// The strongest rival.
    pub strongest: Option<Rival>,
    /// How the target relates to the alert.
    pub scope: Scope,
    /// Why, strongest first; sentences with counts.
    pub reasons: Vec<Reason>,
    /// What to look at next.
    pub next: Option<Untrusted>,
}

impl Assessment {
    /// The answer in one sentence. Names in it are outside text.
    pub fn sentence(&self) -> Untrusted {
        let named = join(&self.named);
        let count = |n: f64| {
            if (n - 1.0).abs() < 1e-9 { "1 distinct error".into() } else { format!("{n:.0} distinct errors") }
        };
        let text = match (self.word, &self.strongest) {
            (Word::CannotTell, _) => {
                "It names no service, store or node, so no evidence can be weighed for it.".into()
            }
            (Word::Supported, _) => MECHANISM.into(),
            (Word::Contested, Some(rival)) => format!(
                "{} speak of {}, {} of {named}.",
                count(rival.templates as f64),
                rival.name.expose(),
                count(self.support)
            ),
            (Word::Contested | Word::NotEnough, _) => {
                format!("Only {} found so far for {named}.", count(self.support))
            }
        };
        text.into()
    }
}

/// One gate and what was said there.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// The event.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What it was about.
    pub about: About,
    /// What was said.
    pub assessment: Assessment,
}

pub(super) fn join(names: &[Untrusted]) -> String {
    names.iter().map(Untrusted::expose).collect::<Vec<_>>().join(", ")
}

fn word(named: &[Entity], weight: &Weight) -> Word {
    if named.is_empty() {
        Word::CannotTell
    } else if weight.score < GATE {
        Word::Supported
    } else if weight.rival.is_some() {
        Word::Contested
    } else {
        Word::NotEnough
    }
}

impl Watch {
    /// Weighs the leading hypothesis; where none stands, what a proposal is aimed at.
    pub(super) fn judge(&self, targets: &[Entity], scope: Scope) -> Assessment {
        let leading = self.hypotheses.leading();
        let (named, upstream) = match leading {
            Some(held) => (held.named.clone(), held.upstream.clone()),
            None => (targets.to_vec(), self.upstream.walked(targets, &self.names)),
        };
        let weight = weigh(&self.ledger, &named, &upstream);
        let word = word(&named, &weight);
        let strongest = weight.rival.map(|(entity, templates)| Rival {
            name: self.names.name(entity),
            templates,
            examined: self.ledger.examined(entity),
            example: self.example(entity),
        });
        let seen = Seen { watch: self, leading, named: &named, weight, word, scope };
        let (reasons, next) = reasons(&seen);
        Assessment {
            hypothesis: leading.map(|held| held.id.clone()),
            word,
            rival: weight.score,
            named: named.iter().map(|entity| self.names.name(*entity)).collect(),
            support: weight.support,
            strongest,
            scope,
            reasons,
            next,
        }
    }

    /// The first line that spoke of an entity.
    pub(super) fn example(&self, entity: Entity) -> Option<Untrusted> {
        let (_, tally) = self.ledger.tallies().find(|(of, _)| *of == entity)?;
        self.ledger.line(tally.example?).map(Untrusted::from)
    }
}
