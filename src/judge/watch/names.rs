//! The entities of an investigation: which words name a service, a store, a pod's workload or a node.
//!
//! They come from the topology, the alert's labels, the patterns that a user gave and, where no topology is known, from
//! the forms in which tools name things (`deployment/NAME`, `app="NAME"`, a pod's name). A pod is its workload. With a
//! topology nothing is learnt from outputs: a container's or a port's name beside a service's would rival it.

use std::collections::HashMap;

use crate::domain::Untrusted;

use super::words::{Word, words, workload};

/// Entities that are kept beyond those of the topology; further ones are only counted.
pub(super) const LEARNT_MAX: usize = 512;
/// Longest name, in bytes.
const NAME_MAX_BYTES: usize = 120;
/// Kinds of objects before a slash.
const KINDS: &[&str] = &[
    "deployment",
    "deploy",
    "deployment.apps",
    "pod",
    "pods",
    "po",
    "service",
    "svc",
    "services",
    "statefulset",
    "statefulset.apps",
    "sts",
    "daemonset",
    "daemonset.apps",
    "ds",
    "job",
    "cronjob",
    "node",
    "nodes",
];
/// Labels, and fields of arguments, whose value names an entity.
const LABELS: &[&str] = &[
    "app",
    "service",
    "svc",
    "pod",
    "deployment",
    "statefulset",
    "upstream",
    "instance",
    "service_name",
    "service.name",
    "resource.service.name",
    "pod_name",
    "resource_name",
    "app.kubernetes.io/name",
    "host",
    "node",
];
/// Ends of file names: `basket.go` names no service.
const FILES: &[&str] = &[
    "go", "py", "java", "js", "ts", "rs", "rb", "c", "cc", "cpp", "h", "lua", "php", "cs", "kt", "json",
    "yml", "yaml", "toml", "xml", "conf", "cfg", "sh", "log", "txt", "sql", "proto", "md",
];

/// An entity, by number: an index for as long as the watch lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entity(pub(super) u32);

/// What a user calls an entity beyond what can be known: `*` stands for any characters within a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// A pattern; case does not count.
    pub fn new(text: &str) -> Self {
        Self(text.to_ascii_lowercase().into())
    }

    fn fits(&self, word: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = word.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }
}

/// Every entity that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    names: Vec<Untrusted>,
    index: HashMap<Box<str>, Entity>,
    patterns: Vec<Pattern>,
    given: usize,
    /// Whether outputs may teach new ones.
    pub(super) open: bool,
    /// Entities that found no room.
    pub(super) dropped: u64,
}

impl Names {
    pub(super) fn new(patterns: &[Pattern], open: bool) -> Self {
        Self { patterns: patterns.to_vec(), open, ..Self::default() }
    }

    /// Names that are given from outside, and that always find room.
    pub(super) fn give<'a>(&mut self, names: impl Iterator<Item = &'a Untrusted>) {
        for name in names {
            self.given = self.names.len() + 1;
            self.add(name.expose());
        }
        self.given = self.names.len();
    }

    /// The names that have come since there were `before`, in lower case.
    pub(super) fn since(&self, before: usize) -> Vec<String> {
        self.names.iter().skip(before).map(|name| name.expose().to_ascii_lowercase()).collect()
    }

    pub(super) fn name(&self, entity: Entity) -> Untrusted {
        self.names.get(entity.0 as usize).cloned().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The entity of this exact name, which is new when it must be; `None` when there is no room for it.
    pub(super) fn add(&mut self, name: &str) -> Option<Entity> {
        let key = name.trim().to_ascii_lowercase();
        if key.is_empty() || key.len() > NAME_MAX_BYTES {
            return None;
        }
        if let Some(known) = self.index.get(key.as_str()) {
            return Some(*known);
        }
        if self.names.len() >= self.given + LEARNT_MAX {
            self.dropped += 1;
            return None;
        }
        let entity = Entity(self.names.len() as u32);
        self.names.push(name.trim().into());
        self.index.insert(key.into(), entity);
        Some(entity)
    }

    /// The entities that a text names, each once, in the order of their first mention.
    pub(super) fn find(&self, text: &str) -> Vec<Entity> {
        let mut found = Vec::new();
        for word in words(text) {
            if let Some(entity) = self.word(word.text).filter(|entity| !found.contains(entity)) {
                found.push(entity);
            }
        }
        found
    }

    /// The entity that a word names.
    pub(super) fn word(&self, word: &str) -> Option<Entity> {
        if word.len() > NAME_MAX_BYTES {
            return None;
        }
        let lower;
        let word = if word.bytes().any(|b| b.is_ascii_uppercase()) {
            lower = word.to_ascii_lowercase();
            lower.as_str()
        } else {
            word
        };
        let known = |name: &str| self.index.get(name).copied();
        let within = |name: &str| {
            let host =
                name.split_once('.').filter(|(_, rest)| !FILES.contains(rest)).map_or(name, |(host, _)| host);
            known(name).or_else(|| known(host)).or_else(|| known(workload(host)?))
        };
        within(word).or_else(|| word.contains('_').then(|| word.split('_').find_map(within)).flatten())
    }

    /// Takes in the names that a text gives in a form of its own.
    pub(super) fn learn(&mut self, text: &str) {
        if !self.open && self.patterns.is_empty() {
            return;
        }
        let mut last: Option<Word<'_>> = None;
        for word in words(text) {
            let told = last.is_some_and(tells_name);
            let fits = |pattern: &Pattern| pattern.fits(&word.text.to_ascii_lowercase());
            let pod = workload(word.text).filter(|base| is_name(base) && word.text.len() > base.len() + 9);
            if let Some(base) = pod.filter(|_| self.open) {
                self.add(base);
            } else if (self.open && told && is_name(word.text)) || self.patterns.iter().any(fits) {
                let host = word.text.split('.').next().unwrap_or_default();
                self.add(workload(host).unwrap_or(host));
            }
            last = Some(word);
        }
    }
}

/// `deployment/NAME`, `app="NAME"`, `"service": "NAME"`.
fn tells_name(before: Word<'_>) -> bool {
    let is_in = |list: &[&str]| list.iter().any(|word| word.eq_ignore_ascii_case(before.text));
    let gap = before.after();
    let assigned = gap.trim_matches(['"', '\'', ' ', '\\', '~', '`']);
    (gap == "/" && is_in(KINDS)) || (matches!(assigned, "=" | ":" | "==") && is_in(LABELS))
}

/// Whether a word can be an object's name: letters with digits and hyphens, as DNS has them (RFC 1123).
fn is_name(word: &str) -> bool {
    let host = word.split('.').next().unwrap_or_default();
    host.len() >= 2
        && host.starts_with(|c: char| c.is_ascii_alphabetic())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !["true", "false", "null", "none", "localhost", "all"]
            .contains(&host.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &Names, text: &str) -> Vec<String> {
        names.find(text).into_iter().map(|e| names.name(e).expose().to_owned()).collect()
    }

    #[test]
    fn a_known_name_is_found_in_every_form_that_tools_give_it() {
        let mut names = Names::new(&[], false);
        names.add("basket");
        names.add("basket-db");
        for text in [
            "pod basket-6b4b89b5f5-zl7gp_prod(1234) died",
            "dial basket.prod.svc.cluster.local:80",
            "Basket!",
            "srv/basket/x",
            "basket-7c9d5b6f44",
        ] {
            assert_eq!(found(&names, text), ["basket"], "{text}");
        }
        assert_eq!(found(&names, "basket-db-0 and basket"), ["basket-db", "basket"]);
        for text in ["baskets", "my-basket", "basket-canary", "basket.go:12", "a-basket-db-x"] {
            assert!(found(&names, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn names_are_learnt_from_their_forms_and_not_from_any_word() {
        let mut names = Names::new(&[], true);
        names.learn(
            "kubectl get deployment/basket -l app=till,env=prod {service=\"pay-gw\"} upstream=ledger:80",
        );
        names.learn("stock-6b4b89b5f5-zl7gp 0/1 Error; client-side 1.2.3 a-b-c");
        let all: Vec<String> = names.names.iter().map(|name| name.expose().to_owned()).collect();
        assert_eq!(all, ["basket", "till", "pay-gw", "ledger", "stock"]);
        let mut closed = Names::new(&[Pattern::new("acme-*")], false);
        closed.learn("deployment/basket acme-till");
        assert_eq!(closed.len(), 1, "with a topology only the user's own patterns teach");
    }

    #[test]
    fn a_pattern_fits_whole_words() {
        let fits = |pattern: &str, word: &str| Pattern::new(pattern).fits(word);
        assert!(
            fits("acme-*", "acme-till")
                && fits("*-db", "till-db")
                && fits("a*c*e", "abcde")
                && fits("x", "x")
        );
        assert!(!fits("acme-*", "acme") && !fits("x", "xy") && !fits("ab*ba", "aba"));
    }

    #[test]
    fn there_is_room_for_so_many_and_the_rest_is_counted() {
        let mut names = Names::new(&[], true);
        for n in 0..LEARNT_MAX + 5 {
            names.learn(&format!("pod/pod-x{n}x"));
        }
        assert_eq!((names.len(), names.dropped), (LEARNT_MAX, 5));
    }
}
