//! What is known about the systems that actions touch: services, who calls whom, what runs where.
//!
//! Deliberately absent: files and clocks. Whoever loads a world says from what and how old it is.

mod inventory;
mod load;
mod topology;
mod traffic;

use std::collections::BTreeMap;

pub use inventory::{Inventory, Pod, Selecting};
pub use topology::{Edge, EdgeKind, Topology};
pub use traffic::Traffic;

use crate::domain::{Target, Timestamp, Untrusted};

/// A service or store, as the documented file describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Where its workloads run.
    pub namespace: Option<Untrusted>,
    /// Deployments, units and the like that it consists of.
    pub workloads: Vec<Untrusted>,
    /// How many pods or processes it has.
    pub replicas: Option<u64>,
    /// How much depends on it, in its owner's words.
    pub tier: Option<Untrusted>,
    /// Whom to ask.
    pub owner: Option<Untrusted>,
    /// Whether it stores data.
    pub store: bool,
    /// Which source said so.
    pub source: Untrusted,
}

/// Everything known at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// Who depends on whom.
    pub topology: Topology,
    /// What is known of each service.
    pub services: BTreeMap<Untrusted, Service>,
    /// What runs where, where a dump was loaded.
    pub inventory: Option<Inventory>,
    /// Measured traffic, where some was loaded.
    pub traffic: Option<Traffic>,
    /// When the documented file was true.
    pub at: Timestamp,
}

impl World {
    /// The service that a target belongs to: by name, by workload, by the workload that a pod's name begins with.
    pub fn service_of(&self, target: &Target) -> Option<Untrusted> {
        let name = target.name.expose();
        let name = name.strip_suffix(".service").unwrap_or(name);
        let selected = name
            .split(',')
            .find_map(|term| term.split_once('='))
            .map(|(_, value)| value.trim_start_matches('='));
        let wanted = selected.unwrap_or(name);
        if let Some(known) = self.topology.names().find(|known| known.expose() == wanted) {
            return Some(known.clone());
        }
        let has = |service: &Service, name: &str| {
            service.workloads.iter().any(|workload| workload.expose() == name)
        };
        if let Some((service, _)) = self.services.iter().find(|(_, service)| has(service, wanted)) {
            return Some(service.clone());
        }
        if target.kind.expose() != "pod" {
            return None;
        }
        let begins = |known: &str| wanted.strip_prefix(known).is_some_and(|rest| rest.starts_with('-'));
        let by_workload = self
            .services
            .iter()
            .filter(|(_, service)| service.workloads.iter().any(|workload| begins(workload.expose())));
        let by_name = self.topology.names().filter(|known| begins(known.expose()));
        by_workload.map(|(name, _)| name).chain(by_name).max_by_key(|name| name.len()).cloned()
    }
}
