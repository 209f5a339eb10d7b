//! The service graph.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Untrusted;

/// What an edge means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// Requests.
    #[default]
    Calls,
    /// Reads or writes what is stored there.
    Stores,
    /// Takes messages from there.
    Consumes,
}

/// `from` depends on `to`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The caller.
    pub from: Untrusted,
    /// The callee.
    pub to: Untrusted,
    /// What sort.
    pub kind: EdgeKind,
    /// Which source said so.
    pub source: Untrusted,
}

/// Services and stores, and who depends on whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    nodes: BTreeSet<Untrusted>,
    out: BTreeMap<Untrusted, Vec<Edge>>,
    into: BTreeMap<Untrusted, Vec<Edge>>,
}

impl Topology {
    /// Adds a service or store.
    pub fn add(&mut self, name: Untrusted) {
        self.nodes.insert(name);
    }

    /// Adds an edge, and its ends where they are new.
    pub fn connect(&mut self, edge: Edge) {
        self.add(edge.from.clone());
        self.add(edge.to.clone());
        self.into.entry(edge.to.clone()).or_default().push(edge.clone());
        self.out.entry(edge.from.clone()).or_default().push(edge);
    }

    /// Every service and store, sorted.
    pub fn names(&self) -> impl Iterator<Item = &Untrusted> {
        self.nodes.iter()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What a service depends on.
    pub fn dependencies(&self, name: &Untrusted) -> &[Edge] {
        self.out.get(name).map_or(&[], Vec::as_slice)
    }

    /// What depends on a service.
    pub fn dependents(&self, name: &Untrusted) -> &[Edge] {
        self.into.get(name).map_or(&[], Vec::as_slice)
    }
}
