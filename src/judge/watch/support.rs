//! Support of a hypothesis against its strongest rival: the main score.
//!
//! `T[e]` is the number of distinct error templates that speak of entity *e*. With `H` the entities that a hypothesis
//! names, `s` is the mean of `T` over `H` (blame spread over many names needs evidence for each), `r` the largest `T`
//! outside `H`, and the score is **rival = (r + 1) / (r + s + 2)**: the rule of succession (Laplace, 1814) for "the next
//! distinct error speaks of the rival". It is 0.5 when both are 0, and thin support stays near it.
//!
//! Errors of those who depend on an entity of `H`, directly or not, are explained by it and are no rivals, as long as
//! there is evidence against `H` itself.

use std::collections::BTreeSet;

use super::ledger::Ledger;
use super::names::Entity;

/// From here on a hypothesis does not pass the gate. With no rival it takes three distinct error templates a name to
/// pass; a rival with one template takes six.
pub const GATE: f64 = 0.25;

/// How a hypothesis stands against what was gathered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weight {
    /// `s`, in distinct templates.
    pub(super) support: f64,
    /// The strongest rival and its distinct templates.
    pub(super) rival: Option<(Entity, usize)>,
    /// 0 to 1; higher is worse for the hypothesis.
    pub(super) score: f64,
}

/// Weighs a hypothesis that names `named`, upstream of which are `upstream`.
pub(super) fn weigh(ledger: &Ledger, named: &[Entity], upstream: &BTreeSet<Entity>) -> Weight {
    let total: usize = named.iter().map(|entity| ledger.templates(*entity)).sum();
    let support = if named.is_empty() { 0.0 } else { total as f64 / named.len() as f64 };
    let explained = |entity: &Entity| total > 0 && upstream.contains(entity);
    let rival = ledger
        .tallies()
        .filter(|(entity, tally)| {
            !tally.templates.is_empty() && !named.contains(entity) && !explained(entity)
        })
        // Among equals the one that is known longest, so that the answer does not flicker.
        .max_by_key(|(entity, tally)| (tally.templates.len(), std::cmp::Reverse(*entity)))
        .map(|(entity, tally)| (entity, tally.templates.len()));
    let r = rival.map_or(0.0, |(_, templates)| templates as f64);
    Weight { support, rival, score: (r + 1.0) / (r + support + 2.0) }
}
