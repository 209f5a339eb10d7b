//! Measured traffic between services.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Timestamp, Untrusted};

/// Requests between services in one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Client, server, requests.
    pub edges: Vec<(Untrusted, Untrusted, f64)>,
    /// Over how long, seconds; 0 for counters since the start.
    pub window_s: u64,
    /// Which source said so.
    pub source: Untrusted,
    /// When that was true.
    pub at: Timestamp,
}

impl Traffic {
    /// Its age, seconds.
    pub fn age_s(&self, now: Timestamp) -> u64 {
        u64::try_from(now.since(self.at) / 1000).unwrap_or(0)
    }

    /// Share of all measured requests, 0 to 1, that go to one of `services`; `None` where none of them was measured.
    pub fn share(&self, services: &[Untrusted]) -> Option<f64> {
        let wanted: BTreeSet<&Untrusted> = services.iter().collect();
        let mut by_server: BTreeMap<&Untrusted, f64> = BTreeMap::new();
        for (client, server, count) in &self.edges {
            by_server.entry(client).or_default();
            *by_server.entry(server).or_default() += count.max(0.0);
        }
        let total: f64 = by_server.values().sum();
        let known = by_server.keys().any(|name| wanted.contains(*name));
        let through: f64 =
            by_server.iter().filter(|(name, _)| wanted.contains(**name)).map(|(_, count)| count).sum();
        (known && total > 0.0).then(|| through / total)
    }
}
