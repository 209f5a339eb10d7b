//! Worlds from text: the documented file, dumps of `kubectl get -o json`, service-graph metrics of Prometheus.
//!
//! Which of them a text is, is seen from its content. `docs/judgement.md` has the format.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::inventory::{Inventory, Pod, Selecting};
use super::{Edge, EdgeKind, Service, Traffic, World};
use crate::domain::{Error, Result, Timestamp, Untrusted};

/// The metric of the service graph.
const METRIC: &str = "traces_service_graph_request_total";

/// The documented file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    services: Vec<Entry>,
    #[serde(default)]
    edges: Vec<Link>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Entry {
    name: Untrusted,
    #[serde(default)]
    namespace: Option<Untrusted>,
    #[serde(default)]
    workloads: Vec<Untrusted>,
    #[serde(default)]
    replicas: Option<u64>,
    #[serde(default)]
    tier: Option<Untrusted>,
    #[serde(default)]
    owner: Option<Untrusted>,
    #[serde(default)]
    store: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Link {
    from: Untrusted,
    to: Untrusted,
    #[serde(default)]
    kind: Option<String>,
}

impl World {
    /// Adds what a text says; `source` is what people call it, `at` when it was true unless it says so itself.
    ///
    /// # Errors
    /// `Kind::Invalid` where it is none of the formats, with the line where that helps.
    pub fn add(&mut self, text: &str, source: &str, at: Timestamp) -> Result<()> {
        let trimmed = text.trim_start();
        if trimmed.starts_with('{') {
            let value: Value =
                serde_json::from_str(text).map_err(|error| Error::from(error).within(source))?;
            if value["data"]["result"].is_array() {
                return self.add_query(&value, source, at);
            }
            if value["kind"].is_string() {
                self.add_dump(&value, source, at);
                return Ok(());
            }
            let file: File =
                serde_json::from_value(value).map_err(|error| Error::from(error).within(source))?;
            return self.add_file(file, source, at);
        }
        if text.contains(METRIC) {
            return self.add_exposition(text, source, at);
        }
        let file: File = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
            Error::invalid(format!("{source}: line {line}: {}", error.message().escape_debug()))
        })?;
        self.add_file(file, source, at)
    }

    fn add_file(&mut self, file: File, source: &str, at: Timestamp) -> Result<()> {
        self.at = file.at.unwrap_or(at);
        for entry in file.services {
            self.topology.add(entry.name.clone());
            let Entry { name, namespace, workloads, replicas, tier, owner, store } = entry;
            self.services.insert(
                name,
                Service { namespace, workloads, replicas, tier, owner, store, source: source.into() },
            );
        }
        for link in file.edges {
            let kind = match link.kind.as_deref() {
                None | Some("calls") => EdgeKind::Calls,
                Some("stores") => EdgeKind::Stores,
                Some("consumes") => EdgeKind::Consumes,
                Some(other) => {
                    return Err(Error::invalid(format!(
                        "{source}: no kind of edge: {}",
                        other.escape_debug()
                    ))
                    .hint("calls, stores or consumes"));
                }
            };
            self.topology.connect(Edge { from: link.from, to: link.to, kind, source: source.into() });
        }
        Ok(())
    }

    fn add_query(&mut self, value: &Value, source: &str, at: Timestamp) -> Result<()> {
        let mut edges = Vec::new();
        for row in value["data"]["result"].as_array().into_iter().flatten() {
            let label = |name: &str| row["metric"][name].as_str().map(Untrusted::from);
            let count = row["value"][1].as_str().and_then(|text| text.parse::<f64>().ok());
            if let (Some(client), Some(server), Some(count)) = (label("client"), label("server"), count) {
                edges.push((client, server, count));
            }
        }
        self.add_traffic(edges, source, at)
    }

    fn add_exposition(&mut self, text: &str, source: &str, at: Timestamp) -> Result<()> {
        let mut edges = Vec::new();
        for line in text.lines().filter(|line| line.starts_with(METRIC)) {
            let label = |name: &str| {
                line.split_once(&format!("{name}=\""))
                    .and_then(|(_, rest)| rest.split('"').next())
                    .map(Untrusted::from)
            };
            let count = line
                .rsplit_once('}')
                .and_then(|(_, rest)| rest.split_whitespace().next())
                .and_then(|text| text.parse::<f64>().ok());
            if let (Some(client), Some(server), Some(count)) = (label("client"), label("server"), count) {
                edges.push((client, server, count));
            }
        }
        self.add_traffic(edges, source, at)
    }

    fn add_traffic(
        &mut self,
        edges: Vec<(Untrusted, Untrusted, f64)>,
        source: &str,
        at: Timestamp,
    ) -> Result<()> {
        if edges.is_empty() {
            return Err(Error::invalid(format!("{source}: no edge of the service graph"))
                .hint(format!("expected {METRIC} with the labels client and server")));
        }
        for (client, server, _) in &edges {
            let edge = Edge {
                from: client.clone(),
                to: server.clone(),
                kind: EdgeKind::Calls,
                source: source.into(),
            };
            if !self.topology.dependents(server).iter().any(|known| known.from == *client) {
                self.topology.connect(edge);
            }
        }
        self.traffic = Some(Traffic { edges, window_s: 0, source: source.into(), at });
        Ok(())
    }

    fn add_dump(&mut self, value: &Value, source: &str, at: Timestamp) {
        let mut inventory = self.inventory.take().unwrap_or_default();
        inventory.source = source.into();
        inventory.at = at;
        match value["items"].as_array() {
            Some(items) => items.iter().for_each(|item| object(&mut inventory, item)),
            None => object(&mut inventory, value),
        }
        self.inventory = Some(inventory);
    }
}

fn labels(value: &Value) -> BTreeMap<Untrusted, Untrusted> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| value.as_str().map(|value| (key.as_str().into(), value.into()))).collect()
}

fn object(inventory: &mut Inventory, value: &Value) {
    let kind = value["kind"].as_str().unwrap_or_default().to_lowercase();
    let meta = &value["metadata"];
    let text = |value: &Value| value.as_str().map(Untrusted::from);
    let Some(name) = text(&meta["name"]) else { return };
    let namespace = text(&meta["namespace"]).unwrap_or_else(|| "default".into());
    let spec = &value["spec"];
    let selecting = |selector: &Value, budget| Selecting {
        kind: kind.as_str().into(),
        namespace: namespace.clone(),
        name: name.clone(),
        selector: labels(selector),
        replicas: spec["replicas"].as_u64(),
        budget,
    };
    match kind.as_str() {
        "pod" => {
            let owner = &meta["ownerReferences"][0];
            let owner = text(&owner["kind"])
                .zip(text(&owner["name"]))
                .map(|(kind, name)| (kind.expose().to_lowercase().into(), name));
            inventory.pods.push(Pod {
                namespace,
                name,
                labels: labels(&meta["labels"]),
                node: text(&spec["nodeName"]),
                owner,
            });
        }
        "node" => inventory.nodes.push(name),
        "service" => inventory.selecting.push(selecting(&spec["selector"], None)),
        "poddisruptionbudget" => {
            let allowed = value["status"]["disruptionsAllowed"].as_u64();
            let clause = allowed.map_or_else(
                || "how many disruptions are allowed is not known".to_owned(),
                |count| format!("{count} disruptions allowed"),
            );
            let clause = format!("{}: {clause}", name.escaped());
            inventory.selecting.push(selecting(&spec["selector"]["matchLabels"], Some(clause.into())));
        }
        "deployment" | "statefulset" | "daemonset" | "replicaset" | "job" | "rollout" => {
            inventory.selecting.push(selecting(&spec["selector"]["matchLabels"], None));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_told_by_its_content() {
        let mut world = World::default();
        let at = Timestamp::from_millis(1_000_000);
        world.add("[[services]]\nname = \"cart\"\nworkloads = [\"cart-api\"]\nreplicas = 6\n[[edges]]\nfrom = \"checkout\"\nto = \"cart\"\n", "map.toml", at).unwrap();
        world.add("traces_service_graph_request_total{client=\"checkout\",server=\"cart\"} 30\ntraces_service_graph_request_total{client=\"web\",server=\"checkout\"} 70\n", "graph", at).unwrap();
        let pods = r#"{"kind":"List","items":[{"kind":"Deployment","metadata":{"name":"cart","namespace":"shop"},"spec":{"selector":{"matchLabels":{"app":"cart"}}}},{"kind":"Pod","metadata":{"name":"cart-1","namespace":"shop","labels":{"app":"cart"}},"spec":{"nodeName":"n1"}}]}"#;
        world.add(pods, "pods.json", at).unwrap();
        assert_eq!(world.topology.dependents(&"cart".into()).len(), 1, "the same edge is not added twice");
        assert_eq!(world.traffic.as_ref().and_then(|traffic| traffic.share(&["cart".into()])), Some(0.3));
        assert_eq!(world.inventory.as_ref().map(|inventory| inventory.pods.len()), Some(1));
        assert!(
            world
                .add("[[services]]\nnam = \"x\"\n", "bad.toml", at)
                .unwrap_err()
                .message()
                .contains("line 2")
        );
        assert!(
            world
                .add("{\"edges\":[{\"from\":\"a\",\"to\":\"b\",\"kind\":\"loves\"}]}", "bad.json", at)
                .is_err()
        );
    }
}
