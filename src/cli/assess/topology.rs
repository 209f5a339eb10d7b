//! Who depends on whom, from a file: one graph, or one a name.
//!
//! `{"nodes": [NAME], "edges": [[CALLER, CALLEE]]}`, or an object of such graphs by the name of an application.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Error, Result, Untrusted};
use crate::judge::world::{Edge, EdgeKind, Topology};

#[derive(Deserialize)]
struct Graph {
    #[serde(default)]
    nodes: Vec<Untrusted>,
    edges: Vec<(Untrusted, Untrusted)>,
}

/// Graphs by the name of their application; a graph of its own has the empty name.
#[derive(Debug, Default)]
pub(super) struct Topologies(BTreeMap<String, Topology>);

impl Topologies {
    /// Reads files, the later ones adding to the earlier.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self> {
        let mut all = Self::default();
        for file in files {
            all.add(file).map_err(|error| error.within(&shown(file)))?;
        }
        Ok(all)
    }

    fn add(&mut self, file: &Path) -> Result<()> {
        let text = std::fs::read(file)?;
        let value: Value = serde_json::from_slice(&text)?;
        let Value::Object(fields) = &value else { return Err(none()) };
        let source = Untrusted::from(shown(file));
        if fields.contains_key("edges") {
            return self.graph("", value, &source);
        }
        let graphs = fields.iter().filter(|(_, graph)| graph.get("edges").is_some());
        let graphs: Vec<(String, Value)> =
            graphs.map(|(name, graph)| (name.clone(), graph.clone())).collect();
        if graphs.is_empty() {
            return Err(none());
        }
        graphs.into_iter().try_for_each(|(name, graph)| self.graph(&name, graph, &source))
    }

    fn graph(&mut self, name: &str, graph: Value, source: &Untrusted) -> Result<()> {
        let graph: Graph = serde_json::from_value(graph)?;
        let topology = self.0.entry(name.to_owned()).or_default();
        graph.nodes.into_iter().for_each(|node| topology.add(node));
        for (from, to) in graph.edges {
            topology.connect(Edge { from, to, kind: EdgeKind::Calls, source: source.clone() });
        }
        Ok(())
    }

    /// The graph of an application: the one whose name it is, or begins with it; else the only one.
    pub(super) fn of(&self, application: &str) -> Option<&Topology> {
        let named =
            || self.0.iter().find(|(name, _)| !application.is_empty() && name.starts_with(application));
        let only = || self.0.first_key_value().filter(|_| self.0.len() == 1);
        let exact = self.0.get_key_value(application);
        exact.or_else(named).or_else(only).map(|(_, topology)| topology)
    }

    /// Everything in one.
    pub(super) fn whole(&self) -> Topology {
        let mut whole = Topology::default();
        for topology in self.0.values() {
            for name in topology.names() {
                whole.add(name.clone());
                topology.dependencies(name).iter().for_each(|edge| whole.connect(edge.clone()));
            }
        }
        whole
    }
}

fn none() -> Error {
    Error::invalid("no service graph in it").hint("docs/judgement.md has the format")
}

fn shown(file: &Path) -> String {
    Untrusted::from(&*file.to_string_lossy()).escaped()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Topologies> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Topologies::read(&[file.path().to_path_buf()])
    }

    #[test]
    fn one_graph_and_several_by_name_are_read() {
        let one = read(r#"{"nodes":["till"],"edges":[["shop","till"]]}"#).unwrap();
        assert_eq!(one.of("anything").map(|t| t.names().count()), Some(2));
        let two =
            read(r#"{"shop-eu":{"edges":[["a","b"]]},"bank":{"edges":[["c","d"]]},"note":"x"}"#).unwrap();
        assert!(two.of("shop").is_some_and(|t| t.names().any(|name| name.expose() == "a")));
        assert!(two.of("zoo").is_none() && two.of("").is_none(), "which of them is not guessed at");
        assert_eq!(two.whole().names().count(), 4);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "[]", "{}", r#"{"edges":[["a"]]}"#, r#"{"note":"x"}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
