//! What the outputs say against whom: the distinct error templates of every entity, and how often each was looked at.
//!
//! A line speaks of the entities that it names. A line that names none, in the output of a call about one entity,
//! speaks of that entity, unless it says that somebody else could not be reached.

use std::collections::{BTreeMap, HashSet};

use super::lines::{ErrorLine, errors};
use super::names::{Entity, Names};

/// Statements that are kept; further ones are only counted.
pub(super) const STATEMENTS_MAX: usize = 2048;
/// How much of one output is read, in bytes; the rest is counted.
pub(super) const READ_MAX_BYTES: usize = 4 * 1024 * 1024;

/// One distinct error statement.
#[derive(Clone, Debug)]
struct Statement {
    line: ErrorLine,
    /// The line's text in lower case.
    lower: Box<str>,
    source: Option<Entity>,
}

/// What is known about one entity.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Distinct templates of error lines that speak of it: the literature's `T[e]`.
    pub(super) templates: HashSet<u64>,
    /// Calls about it.
    pub(super) examined: u32,
    /// The first line that spoke of it.
    pub(super) example: Option<usize>,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    statements: Vec<Statement>,
    seen: HashSet<(u64, Option<Entity>)>,
    tallies: BTreeMap<Entity, Tally>,
    /// Statements that found no room.
    pub(super) dropped: u64,
    /// Bytes of outputs that were not read.
    pub(super) unread_bytes: u64,
}

/// What one output brought.
#[derive(Clone, Debug, Default)]
pub(super) struct Brought {
    /// The entities that its error lines speak of.
    pub(super) named: Vec<Entity>,
    /// Whether any of it was new.
    pub(super) new: bool,
}

impl Ledger {
    pub(super) fn examine(&mut self, targets: &[Entity]) {
        for target in targets {
            self.tallies.entry(*target).or_default().examined += 1;
        }
    }

    /// Takes in an output of a call about `targets`.
    pub(super) fn read(&mut self, names: &mut Names, targets: &[Entity], output: &str) -> Brought {
        let end = output.floor_char_boundary(READ_MAX_BYTES.min(output.len()));
        self.unread_bytes += (output.len() - end) as u64;
        let source = if let [one] = targets { Some(*one) } else { None };
        let mut brought = Brought::default();
        for line in errors(&output[..end]) {
            let before = names.len();
            names.learn(&line.text);
            self.again(names, before);
            let speaks = speaks_of(names, &line, source);
            brought
                .named
                .extend(speaks.iter().filter(|entity| !brought.named.contains(entity)).collect::<Vec<_>>());
            brought.new |= self.keep(line, source, &speaks);
        }
        brought
    }

    fn keep(&mut self, line: ErrorLine, source: Option<Entity>, speaks: &[Entity]) -> bool {
        if self.seen.contains(&(line.template, source)) {
            // The same words about another entity: the template masks pods, and the names within are part of it.
            return false;
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.dropped += 1;
            return false;
        }
        self.seen.insert((line.template, source));
        let at = self.statements.len();
        self.count(line.template, at, speaks);
        let lower = line.text.to_ascii_lowercase().into();
        self.statements.push(Statement { line, lower, source });
        true
    }

    fn count(&mut self, template: u64, at: usize, speaks: &[Entity]) {
        for entity in speaks {
            let tally = self.tallies.entry(*entity).or_default();
            tally.templates.insert(template);
            tally.example.get_or_insert(at);
        }
    }

    /// Counts everything again when a name that has come since there were `before` stands in what was read.
    pub(super) fn again(&mut self, names: &Names, before: usize) {
        let new = names.since(before);
        let named = |statement: &Statement| new.iter().any(|name| statement.lower.contains(name.as_str()));
        if !new.is_empty() && self.statements.iter().any(named) {
            self.recount(names);
        }
    }

    /// The same, in any case.
    pub(super) fn recount(&mut self, names: &Names) {
        for tally in self.tallies.values_mut() {
            tally.templates.clear();
            tally.example = None;
        }
        let statements = std::mem::take(&mut self.statements);
        for (at, statement) in statements.iter().enumerate() {
            let speaks = speaks_of(names, &statement.line, statement.source);
            self.count(statement.line.template, at, &speaks);
        }
        self.statements = statements;
    }

    /// Distinct templates that speak of an entity.
    pub(super) fn templates(&self, entity: Entity) -> usize {
        self.tallies.get(&entity).map_or(0, |tally| tally.templates.len())
    }

    /// Distinct templates that speak of any of them.
    pub(super) fn union(&self, entities: &[Entity]) -> usize {
        let all =
            entities.iter().filter_map(|entity| self.tallies.get(entity)).flat_map(|tally| &tally.templates);
        all.collect::<HashSet<_>>().len()
    }

    pub(super) fn examined(&self, entity: Entity) -> u32 {
        self.tallies.get(&entity).map_or(0, |tally| tally.examined)
    }

    pub(super) fn tallies(&self) -> impl Iterator<Item = (Entity, &Tally)> {
        self.tallies.iter().map(|(entity, tally)| (*entity, tally))
    }

    /// The line of a tally's example.
    pub(super) fn line(&self, at: usize) -> Option<&str> {
        self.statements.get(at).map(|statement| statement.line.text.as_str())
    }
}

fn speaks_of(names: &Names, line: &ErrorLine, source: Option<Entity>) -> Vec<Entity> {
    let named = names.find(&line.text);
    if named.is_empty() && !line.outward { source.into_iter().collect() } else { named }
}
