//! The hypotheses as the judgement sees them: which entities each names, and whether it still stands.

use std::collections::BTreeSet;

use crate::domain::{Hypothesis, HypothesisId, HypothesisStatus, Untrusted};

use super::names::{Entity, Names};
use super::world::Upstream;

/// Hypotheses that are kept; the oldest that was given up goes first, then the oldest.
pub(super) const HYPOTHESES_MAX: usize = 64;
/// By how much confidence must have risen while support was flat to be worth a word, in percent.
const RISE_PCT: u8 = 15;

/// One hypothesis.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) id: HypothesisId,
    pub(super) title: Untrusted,
    pub(super) status: HypothesisStatus,
    pub(super) confidence_pct: Option<u8>,
    /// Entities that its title names.
    pub(super) named: Vec<Entity>,
    /// Those that depend on them.
    pub(super) upstream: BTreeSet<Entity>,
    /// Confidence and support when support last changed.
    flat_since: Option<(u8, usize)>,
}

impl Held {
    /// From which confidence to which it rose while `support` stayed what it was.
    pub(super) fn rose(&self, support: usize) -> Option<(u8, u8)> {
        let (from, then) = self.flat_since?;
        let now = self.confidence_pct?;
        (then == support && now >= from.saturating_add(RISE_PCT)).then_some((from, now))
    }

    /// Support has been counted again.
    pub(super) fn note(&mut self, support: usize) {
        let changed = self.flat_since.is_none_or(|(_, then)| then != support);
        if let Some(confidence) = self.confidence_pct.filter(|_| changed) {
            self.flat_since = Some((confidence, support));
        }
    }
}

/// All of them, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Hypotheses {
    held: Vec<Held>,
    /// Hypotheses that found no room.
    pub(super) dropped: u64,
}

impl Hypotheses {
    /// Takes in what was stated; answers whether it is a commitment that was not made before.
    pub(super) fn state(&mut self, stated: &Hypothesis, names: &Names, upstream: &mut Upstream) -> bool {
        let named = names.find(stated.title.expose());
        let leading = stated.status == HypothesisStatus::Leading;
        let confidence_pct = stated.confidence_pct.map(|pct| pct.min(100));
        if let Some(held) = self.held.iter_mut().find(|held| held.id == stated.id) {
            let commits = leading && (held.status != HypothesisStatus::Leading || held.named != named);
            held.title = stated.title.clone();
            held.status = stated.status;
            held.confidence_pct = confidence_pct.or(held.confidence_pct);
            held.upstream = upstream.of(&named, names);
            held.named = named;
            return commits;
        }
        if self.held.len() >= HYPOTHESES_MAX {
            let refuted = self.held.iter().position(|held| held.status == HypothesisStatus::Refuted);
            self.held.remove(refuted.unwrap_or(0));
            self.dropped += 1;
        }
        self.held.push(Held {
            id: stated.id.clone(),
            title: stated.title.clone(),
            status: stated.status,
            confidence_pct,
            upstream: upstream.of(&named, names),
            named,
            flat_since: None,
        });
        leading
    }

    /// Reads the titles again, because there are names now which there were not.
    pub(super) fn again(&mut self, names: &Names, upstream: &mut Upstream) {
        for held in &mut self.held {
            held.named = names.find(held.title.expose());
            held.upstream = upstream.of(&held.named, names);
        }
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        self.held.iter_mut()
    }

    /// Those that were not given up.
    pub(super) fn standing(&self) -> impl DoubleEndedIterator<Item = &Held> {
        self.held.iter().filter(|held| held.status != HypothesisStatus::Refuted)
    }

    /// What the agent commits to, by the rule of `Session::leading`.
    pub(super) fn leading(&self) -> Option<&Held> {
        self.standing()
            .rfind(|held| held.status == HypothesisStatus::Leading)
            .or_else(|| self.standing().max_by_key(|held| held.confidence_pct))
    }
}
