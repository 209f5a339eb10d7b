//! Calls and answers: what each is about, which came back with nothing, which go round in circles.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hasher as _};

use crate::domain::{CallId, Timestamp, Untrusted};

use super::ledger::Brought;
use super::names::Entity;

/// Calls without an answer that are kept; the oldest goes first.
pub(super) const OPEN_MAX: usize = 1024;
/// Queries whose last answer is remembered.
pub(super) const QUERIES_MAX: usize = 4096;
/// Answered calls that are kept for drawing.
pub const COLUMNS_MAX: usize = 240;
/// How often the same query must have the same answer to be a loop.
const LOOP: u32 = 3;
/// An answer that says only that there is nothing is no longer, in bytes.
const NOTHING_MAX_BYTES: usize = 600;

/// An answered call, as the drift pane draws it: one column.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) call: CallId,
    pub(super) at: Timestamp,
    pub(super) targets: Vec<Entity>,
    pub(super) named: Vec<Entity>,
    pub(super) blind: bool,
}

/// A call that waits for its answer.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) targets: Vec<Entity>,
    query: u64,
}

#[derive(Clone, Copy, Debug)]
struct Query {
    answer: u64,
    same: u32,
    /// What the world was when it was last asked.
    epoch: u32,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    open: HashMap<CallId, Asked>,
    order: VecDeque<CallId>,
    queries: HashMap<u64, Query>,
    pub(super) columns: VecDeque<Answered>,
    /// Calls asked.
    pub(super) asked: u64,
    /// Calls answered.
    pub(super) answered: u64,
    /// Answers that failed or said that there is nothing.
    pub(super) blind: u64,
    /// Answers in a row that brought no new error template.
    pub(super) stale: u64,
    /// The longest loop that goes on: how often, and its tool.
    pub(super) circling: Option<(u32, Untrusted)>,
    epoch: u32,
    tools: HashMap<u64, Untrusted>,
    /// Open calls and queries that found no room.
    pub(super) dropped: u64,
}

impl Calls {
    pub(super) fn ask(&mut self, call: &CallId, tool: &Untrusted, input: &str, targets: Vec<Entity>) {
        self.asked += 1;
        let query = digest(&(tool.expose(), input));
        if self.open.insert(call.clone(), Asked { targets, query }).is_none() {
            self.order.push_back(call.clone());
        }
        if self.tools.len() < QUERIES_MAX {
            self.tools.entry(query).or_insert_with(|| tool.clone());
        }
        while self.order.len() > OPEN_MAX {
            if self.order.pop_front().and_then(|oldest| self.open.remove(&oldest)).is_some() {
                self.dropped += 1;
            }
        }
    }

    /// What a call was about; nothing when its question was never published.
    pub(super) fn targets(&self, call: &CallId) -> Vec<Entity> {
        self.open.get(call).map(|asked| asked.targets.clone()).unwrap_or_default()
    }

    /// Something outside changed: to ask again is polling now, no loop.
    pub(super) fn world_changed(&mut self) {
        self.epoch += 1;
        self.circling = None;
    }

    pub(super) fn answer(
        &mut self,
        call: &CallId,
        at: Timestamp,
        output: &str,
        failed: bool,
        brought: Brought,
    ) {
        self.answered += 1;
        let asked = self.open.remove(call);
        if self.open.is_empty() {
            self.order.clear();
        }
        let blind = failed || says_nothing(output);
        self.blind += u64::from(blind);
        self.stale = if brought.new { 0 } else { self.stale + 1 };
        if let Some(asked) = &asked {
            self.compare(asked.query, digest(&output));
        }
        if self.columns.len() == COLUMNS_MAX {
            self.columns.pop_front();
        }
        let targets = asked.map(|asked| asked.targets).unwrap_or_default();
        self.columns.push_back(Answered { call: call.clone(), at, targets, named: brought.named, blind });
    }

    fn compare(&mut self, query: u64, answer: u64) {
        let room = self.queries.len() < QUERIES_MAX;
        let epoch = self.epoch;
        let Some(known) = self.queries.get_mut(&query) else {
            if room {
                self.queries.insert(query, Query { answer, same: 1, epoch });
            } else {
                self.dropped += 1;
            }
            return;
        };
        let again = known.answer == answer && known.epoch == epoch;
        *known = Query { answer, same: if again { known.same + 1 } else { 1 }, epoch };
        let same = known.same;
        if same >= LOOP && self.circling.as_ref().is_none_or(|(longest, _)| same >= *longest) {
            self.circling = Some((same, self.tools.get(&query).cloned().unwrap_or_default()));
        }
    }
}

/// Whether an answer is empty, or says that there is nothing of that name.
fn says_nothing(output: &str) -> bool {
    let text = output.trim();
    if text.len() > NOTHING_MAX_BYTES {
        return false;
    }
    let lower = text.to_lowercase();
    let said = ["not found", "does not exist", "no resources", "no such", "notfound", "not_found", "no data"];
    text.is_empty() || matches!(text, "[]" | "{}" | "null") || said.iter().any(|said| lower.contains(said))
}

fn digest(of: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(calls: &mut Calls, n: u32, answer: &str) {
        let id = CallId::new(format!("c{n}")).unwrap();
        calls.ask(&id, &"loki".into(), "q", Vec::new());
        calls.answer(&id, Timestamp::default(), answer, false, Brought::default());
    }

    #[test]
    fn the_same_answer_again_and_again_is_a_loop_and_polling_is_not() {
        let mut calls = Calls::default();
        (0..2).for_each(|n| asked(&mut calls, n, "same"));
        assert!(calls.circling.is_none());
        asked(&mut calls, 2, "same");
        assert_eq!(calls.circling, Some((3, "loki".into())));
        calls.world_changed();
        assert!(calls.circling.is_none(), "something ran: to look again is what one should do");
        asked(&mut calls, 3, "same");
        assert!(calls.circling.is_none());
        (4..12).for_each(|n| asked(&mut calls, n, &n.to_string()));
        assert!(calls.circling.is_none(), "a value that moves is watched");
    }

    #[test]
    fn an_answer_without_anything_is_blind() {
        for blind in ["", " \n", "[]", "Error from server (NotFound): pods \"basket\" not found"] {
            assert!(says_nothing(blind), "{blind}");
        }
        assert!(!says_nothing("basket 1/1 Running"));
    }
}
