//! What runs where, from a dump of the cluster: workloads, pods, budgets, nodes.

use std::collections::BTreeMap;

use crate::domain::{Target, Timestamp, Untrusted};

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: Untrusted,
    /// Its name.
    pub name: Untrusted,
    /// Its labels.
    pub labels: BTreeMap<Untrusted, Untrusted>,
    /// The node that it runs on.
    pub node: Option<Untrusted>,
    /// What owns it, kind in lower case and name.
    pub owner: Option<(Untrusted, Untrusted)>,
}

/// A workload, a service or a budget: something that selects pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selecting {
    /// Its kind in lower case.
    pub kind: Untrusted,
    /// Its namespace.
    pub namespace: Untrusted,
    /// Its name.
    pub name: Untrusted,
    /// The labels that a pod must have; nothing is selected by none.
    pub selector: BTreeMap<Untrusted, Untrusted>,
    /// How many pods it wants.
    pub replicas: Option<u64>,
    /// What a budget allows, in one clause.
    pub budget: Option<Untrusted>,
}

/// What runs where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// Pods.
    pub pods: Vec<Pod>,
    /// Workloads, services, budgets.
    pub selecting: Vec<Selecting>,
    /// Nodes.
    pub nodes: Vec<Untrusted>,
    /// Which source said so.
    pub source: Untrusted,
    /// When that was true.
    pub at: Timestamp,
}

impl Selecting {
    /// Whether it selects a pod.
    pub fn selects(&self, pod: &Pod) -> bool {
        self.namespace == pod.namespace
            && !self.selector.is_empty()
            && self.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    }
}

impl Inventory {
    /// Its age, seconds.
    pub fn age_s(&self, now: Timestamp) -> u64 {
        u64::try_from(now.since(self.at) / 1000).unwrap_or(0)
    }

    /// The pods that a target stands for; `None` where the inventory cannot tell.
    pub fn pods_of(&self, target: &Target) -> Option<Vec<&Pod>> {
        let name = target.name.expose();
        let here = |pod: &&Pod| target.namespace.as_ref().is_none_or(|space| *space == pod.namespace);
        let all = || self.pods.iter().filter(here);
        match target.kind.expose() {
            "pod" if name == "*" => Some(all().collect()),
            "pod" if name.contains('=') => Some(all().filter(|pod| labelled(pod, name)).collect()),
            "pod" => Some(all().filter(|pod| pod.name.expose() == name).collect()),
            "node" => Some(
                self.pods
                    .iter()
                    .filter(|pod| name == "*" || pod.node.as_ref().is_some_and(|node| node.expose() == name))
                    .collect(),
            ),
            "namespace" => Some(self.pods.iter().filter(|pod| pod.namespace.expose() == name).collect()),
            kind @ ("deployment" | "statefulset" | "daemonset" | "replicaset" | "service" | "job"
            | "rollout") => {
                let found = self.selecting.iter().filter(|each| {
                    each.kind.expose() == kind
                        && (name == "*" || each.name.expose() == name)
                        && target.namespace.as_ref().is_none_or(|space| *space == each.namespace)
                });
                let found: Vec<&Selecting> = found.collect();
                (!found.is_empty())
                    .then(|| all().filter(|pod| found.iter().any(|each| each.selects(pod))).collect())
            }
            _ => None,
        }
    }

    /// What the budgets over a target's pods allow.
    pub fn budgets_of(&self, target: &Target) -> Vec<Untrusted> {
        let pods = self.pods_of(target).unwrap_or_default();
        let over = |each: &&Selecting| each.budget.is_some() && pods.iter().any(|pod| each.selects(pod));
        self.selecting.iter().filter(over).filter_map(|each| each.budget.clone()).collect()
    }
}

/// Whether a pod fits a selector of equalities, joined by commas. Any other operator fits all, so that nothing is missed.
fn labelled(pod: &Pod, selector: &str) -> bool {
    selector.split(',').all(|term| match term.split_once('=') {
        Some((key, value)) if !key.ends_with('!') && !key.contains([' ', '(']) => {
            let value = value.trim_start_matches('=');
            pod.labels.iter().any(|(k, v)| k.expose() == key && v.expose() == value)
        }
        _ => true,
    })
}
