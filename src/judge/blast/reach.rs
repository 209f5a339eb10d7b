//! What the world says about the targets: pods, nodes, who depends on them, how much traffic passes, what guards them.

use std::collections::{BTreeMap, VecDeque};

use super::Case;
use crate::domain::{Dependent, Estimate, Guard, Num, NumSource, Target, Untrusted};
use crate::judge::world::World;

/// How far dependents are followed.
const HOPS_MAX: u8 = 3;
/// How many dependents are named.
const DEPENDENTS_MAX: usize = 200;

/// Kinds that a deployment or its pods are known by.
const WORKLOADS: &[&str] = &[
    "deployment",
    "statefulset",
    "daemonset",
    "replicaset",
    "service",
    "rollout",
    "application",
    "release",
    "ecs_service",
    "unit",
    "hpa",
    "flag",
    "container",
    "pod",
    "redis",
    "database",
    "queue",
    "bucket",
    "db_instance",
];

/// Fills in what the world knows; what it does not know is said.
pub(super) fn fill(estimate: &mut Estimate, case: &Case<'_>) {
    let world = case.world;
    let targets = estimate.direct.clone();
    let touches: Vec<&Target> =
        targets.iter().filter(|target| WORKLOADS.contains(&target.kind.expose())).collect();
    if touches.is_empty()
        && !targets.iter().any(|target| matches!(target.kind.expose(), "node" | "namespace"))
    {
        return;
    }
    let services: Vec<Untrusted> =
        dedup(touches.iter().filter_map(|target| world.service_of(target)).collect());
    dependents(estimate, world, &services);
    pods(estimate, case, &targets);
    traffic(estimate, case, &services);
    say_unknown(estimate, world, &touches, &services);
}

fn dedup(mut names: Vec<Untrusted>) -> Vec<Untrusted> {
    names.sort();
    names.dedup();
    names
}

/// Reverse breadth-first search from every target at once.
fn dependents(estimate: &mut Estimate, world: &World, services: &[Untrusted]) {
    let mut paths: BTreeMap<Untrusted, Vec<Untrusted>> =
        services.iter().map(|name| (name.clone(), vec![name.clone()])).collect();
    let mut waiting: VecDeque<Untrusted> = services.iter().cloned().collect();
    while let Some(name) = waiting.pop_front() {
        let Some(path) = paths.get(&name).cloned() else { continue };
        let hops = u8::try_from(path.len()).unwrap_or(u8::MAX);
        if hops > HOPS_MAX || estimate.dependents.len() >= DEPENDENTS_MAX {
            continue;
        }
        for edge in world.topology.dependents(&name) {
            if paths.contains_key(&edge.from) {
                continue;
            }
            let mut further = path.clone();
            further.push(edge.from.clone());
            estimate.dependents.push(Dependent {
                entity: edge.from.clone(),
                hops,
                path: further.clone(),
                edge_source: edge.source.clone(),
            });
            paths.insert(edge.from.clone(), further);
            waiting.push_back(edge.from.clone());
        }
    }
}

fn pods(estimate: &mut Estimate, case: &Case<'_>, targets: &[Target]) {
    let Some(inventory) = &case.world.inventory else { return };
    let source = NumSource::Snapshot { age_s: inventory.age_s(case.now) };
    let (mut pods, mut known) = (0_usize, false);
    let mut nodes = std::collections::BTreeSet::new();
    for (index, target) in targets.iter().enumerate() {
        let Some(found) = inventory.pods_of(target) else { continue };
        known = true;
        pods += found.len();
        nodes.extend(found.iter().filter_map(|pod| pod.node.clone()));
        if let Some(direct) = estimate.direct.get_mut(index).filter(|direct| !direct.count.is_known()) {
            direct.count = Num::exactly(found.len() as f64, "pods", source);
        }
        for guard in inventory.budgets_of(target) {
            estimate.guards.push(Guard { guard: "pdb".into(), state: guard });
        }
    }
    if known {
        estimate.pods = Num::exactly(pods as f64, "pods", source);
        estimate.nodes = Num::exactly(nodes.len() as f64, "nodes", source);
    }
}

fn traffic(estimate: &mut Estimate, case: &Case<'_>, services: &[Untrusted]) {
    let Some(measured) = &case.world.traffic else { return };
    if let Some(share) = measured.share(services) {
        let source = NumSource::Telemetry { window_s: measured.window_s, age_s: measured.age_s(case.now) };
        estimate.traffic_share = Num::exactly(share, "share", source);
    }
}

fn say_unknown(estimate: &mut Estimate, world: &World, touches: &[&Target], services: &[Untrusted]) {
    let mut say = |text: String| estimate.unknowns.push(text.into());
    if world.topology.is_empty() {
        say("who depends on it: no topology was given".into());
    } else if services.is_empty() && !touches.is_empty() {
        say("who depends on it: the topology does not name it".into());
    }
    if world.inventory.is_none() {
        say("how many pods and nodes: no inventory was given".into());
    }
    if world.traffic.is_none() {
        say("how much traffic passes: no telemetry was given".into());
    }
}
