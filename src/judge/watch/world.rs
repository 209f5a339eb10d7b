//! The topology in terms of entities: who depends, directly or not, on those that a hypothesis names.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::domain::Untrusted;
use crate::judge::world::Topology;

use super::names::{Entity, Names};

/// Answers that are kept.
const KEPT: usize = 256;

/// Who is upstream of whom.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    topology: Arc<Topology>,
    known: HashMap<Vec<Entity>, BTreeSet<Entity>>,
}

impl Upstream {
    pub(super) fn new(topology: Arc<Topology>) -> Self {
        Self { topology, known: HashMap::new() }
    }

    pub(super) fn is_known(&self) -> bool {
        !self.topology.is_empty()
    }

    /// Everybody who depends on one of `named`.
    pub(super) fn of(&mut self, named: &[Entity], names: &Names) -> BTreeSet<Entity> {
        if let Some(known) = self.known.get(named) {
            return known.clone();
        }
        let found = self.walked(named, names);
        if self.known.len() < KEPT {
            self.known.insert(named.to_vec(), found.clone());
        }
        found
    }

    /// The same, not remembered.
    pub(super) fn walked(&self, named: &[Entity], names: &Names) -> BTreeSet<Entity> {
        let start = named.iter().map(|entity| names.name(*entity));
        let found =
            walk(start, |at| self.topology.dependents(at).iter().map(|edge| edge.from.clone()).collect());
        found.iter().filter_map(|name| names.word(name.expose())).collect()
    }

    /// Whether `target` is one of `alerting`, or they are on one path of calls.
    pub(super) fn related(&self, target: &Untrusted, alerting: &[Untrusted]) -> bool {
        let up = |at: &Untrusted| self.topology.dependents(at).iter().map(|edge| edge.from.clone()).collect();
        let down =
            |at: &Untrusted| self.topology.dependencies(at).iter().map(|edge| edge.to.clone()).collect();
        let from = || std::iter::once(target.clone());
        alerting.contains(target)
            || walk(from(), up).iter().chain(&walk(from(), down)).any(|name| alerting.contains(name))
    }
}

/// Everything that can be reached, without where it began.
fn walk(
    start: impl Iterator<Item = Untrusted>,
    next: impl Fn(&Untrusted) -> Vec<Untrusted>,
) -> BTreeSet<Untrusted> {
    let mut open: VecDeque<Untrusted> = start.collect();
    let mut found = BTreeSet::new();
    while let Some(at) = open.pop_front() {
        for name in next(&at) {
            if found.insert(name.clone()) {
                open.push_back(name);
            }
        }
    }
    found
}
