//! Why, in sentences with counts, and what to look at next. None of these enters the score.

use crate::domain::Untrusted;

use super::Watch;
use super::assess::{Word, join};
use super::hypotheses::Held;
use super::names::Entity;
use super::scope::Scope;
use super::support::Weight;

/// Answers in a row without a new error statement that are worth a word.
const STALL: u64 = 6;
/// Blind answers that are worth a word, and their least share of all answers.
const BLIND: (u64, f64) = (3, 0.3);

/// What sort of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonKind {
    /// Errors speak of somebody else.
    Rival,
    /// Few distinct errors speak of what is named.
    ThinSupport,
    /// Exactly one line does.
    OneLine,
    /// What is named was never looked at.
    Unexamined,
    /// What alerts was never looked at.
    AlertUnexamined,
    /// The times looked at leave the alert's beginning out.
    Window,
    /// The target has nothing to do with the alert.
    OutOfScope,
    /// Confidence rises and support does not.
    Confidence,
    /// Results bring nothing new.
    Stall,
    /// Calls fail or come back empty.
    Blind,
    /// The same query, the same answer.
    Loop,
    /// Outputs that could not be read.
    Unread,
}

impl ReasonKind {
    /// The word for it in exact output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rival => "rival",
            Self::ThinSupport => "thinSupport",
            Self::OneLine => "oneLine",
            Self::Unexamined => "unexamined",
            Self::AlertUnexamined => "alertUnexamined",
            Self::Window => "window",
            Self::OutOfScope => "outOfScope",
            Self::Confidence => "confidence",
            Self::Stall => "stall",
            Self::Blind => "blind",
            Self::Loop => "loop",
            Self::Unread => "unread",
        }
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What sort.
    pub kind: ReasonKind,
    /// One sentence; names in it are outside text.
    pub text: Untrusted,
}

/// What a moment looks like.
pub(super) struct Seen<'a> {
    pub(super) watch: &'a Watch,
    pub(super) leading: Option<&'a Held>,
    pub(super) named: &'a [Entity],
    pub(super) weight: Weight,
    pub(super) word: Word,
    pub(super) scope: Scope,
}

/// Every reason that applies, strongest first, and the next check to make.
pub(super) fn reasons(seen: &Seen<'_>) -> (Vec<Reason>, Option<Untrusted>) {
    let mut all = Vec::new();
    let mut add =
        |kind, text: Option<String>| all.extend(text.map(|text| Reason { kind, text: text.into() }));
    add(ReasonKind::Rival, seen.rival());
    add(ReasonKind::OneLine, seen.one_line());
    add(ReasonKind::ThinSupport, seen.thin());
    add(ReasonKind::Unexamined, seen.unexamined());
    add(ReasonKind::AlertUnexamined, seen.alert_unexamined());
    add(ReasonKind::Window, seen.window());
    add(ReasonKind::OutOfScope, seen.out_of_scope());
    add(ReasonKind::Confidence, seen.confidence());
    add(ReasonKind::Stall, seen.stall());
    add(ReasonKind::Blind, seen.blind());
    add(ReasonKind::Loop, seen.circling());
    add(ReasonKind::Unread, seen.unread());
    (all, seen.next().map(Untrusted::from))
}

fn errors(n: usize) -> String {
    if n == 1 { "1 distinct error".into() } else { format!("{n} distinct errors") }
}

fn calls(n: u64) -> String {
    if n == 1 { "1 call".into() } else { format!("{n} calls") }
}

impl Seen<'_> {
    fn name(&self, entity: Entity) -> Untrusted {
        self.watch.names.name(entity)
    }

    fn names(&self) -> String {
        join(&self.named.iter().map(|entity| self.name(*entity)).collect::<Vec<_>>())
    }

    fn union(&self) -> usize {
        self.watch.ledger.union(self.named)
    }

    fn rival(&self) -> Option<String> {
        let (entity, templates) = self.weight.rival?;
        let examined = u64::from(self.watch.ledger.examined(entity));
        let verb = if templates == 1 { "speaks" } else { "speak" };
        Some(format!(
            "{} {verb} of {}, looked at in {}.",
            errors(templates),
            self.name(entity).expose(),
            calls(examined)
        ))
    }

    fn one_line(&self) -> Option<String> {
        (self.union() == 1).then(|| format!("What there is against {} is one line.", self.names()))
    }

    /// `1 / (1 + |∪T[H]| / 3)`: a half at three distinct errors.
    fn thin(&self) -> Option<String> {
        let union = self.union();
        let thin = 1.0 / (1.0 + union as f64 / 3.0);
        (!self.named.is_empty() && union != 1 && thin > 0.5).then(|| {
            format!(
                "Support is thin: {} for {} in {} answers.",
                errors(union),
                self.names(),
                self.watch.calls.answered
            )
        })
    }

    fn unexamined(&self) -> Option<String> {
        let missing: Vec<Untrusted> = self
            .named
            .iter()
            .filter(|entity| self.watch.ledger.examined(**entity) == 0)
            .map(|entity| self.name(*entity))
            .collect();
        (!missing.is_empty()).then(|| format!("No call was about {}.", join(&missing)))
    }

    fn alert_unexamined(&self) -> Option<String> {
        let alerting = &self.watch.alert.entities;
        let missing: Vec<Untrusted> = alerting
            .iter()
            .filter(|entity| self.watch.ledger.examined(**entity) == 0)
            .map(|entity| self.name(*entity))
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "{} of {} alerting entities never looked at: {}.",
                missing.len(),
                alerting.len(),
                join(&missing)
            )
        })
    }

    fn window(&self) -> Option<String> {
        let (from, to, starts) = self.watch.alert.misses_beginning()?;
        let (from, to, starts) = (from.clock(), to.clock(), starts.clock());
        Some(format!("Times asked about run from {from} to {to}; the alert began at {starts}."))
    }

    fn out_of_scope(&self) -> Option<String> {
        let outside = self.scope == Scope::Outside;
        outside
            .then(|| "The target is on no path of calls with what alerts: an override needs a reason.".into())
    }

    fn confidence(&self) -> Option<String> {
        let (from, to) = self.leading?.rose(self.union())?;
        let union = self.union();
        Some(format!(
            "The agent's confidence rose from {from} to {to} % while support stayed at {}.",
            errors(union)
        ))
    }

    fn stall(&self) -> Option<String> {
        let stale = self.watch.calls.stale;
        (stale >= STALL).then(|| format!("The last {stale} answers brought no new error."))
    }

    fn blind(&self) -> Option<String> {
        let (blind, answered) = (self.watch.calls.blind, self.watch.calls.answered);
        let many = blind >= BLIND.0 && blind as f64 >= BLIND.1 * answered as f64;
        many.then(|| format!("{blind} of {} failed or came back with nothing.", calls(answered)))
    }

    fn circling(&self) -> Option<String> {
        let (times, tool) = self.watch.calls.circling.as_ref()?;
        Some(format!("{} was asked the same {times} times and answered the same.", tool.expose()))
    }

    fn unread(&self) -> Option<String> {
        let outputs = self.watch.dropped().unread_outputs;
        (outputs > 0).then(|| {
            let verb = if outputs == 1 { "output was" } else { "outputs were" };
            format!("{outputs} {verb} not at hand and not weighed.")
        })
    }

    /// One check that would tell most, by what is missing.
    fn next(&self) -> Option<String> {
        let rival = self.weight.rival.map(|(entity, _)| entity);
        let unexamined = self.named.iter().find(|entity| self.watch.ledger.examined(**entity) == 0);
        let alerting =
            self.watch.alert.entities.iter().find(|entity| self.watch.ledger.examined(**entity) == 0);
        match self.word {
            Word::CannotTell => Some("Ask the agent which service, store or node it means.".into()),
            Word::Contested => {
                let rival = self.name(rival?);
                let rival = rival.expose();
                Some(format!("Look at {rival}: can its errors be a consequence of {}?", self.names()))
            }
            Word::NotEnough => {
                let what = unexamined.or(self.named.first()).map(|entity| self.name(*entity))?;
                Some(format!("Ask for logs and events of {} around the alert's beginning.", what.expose()))
            }
            Word::Supported => {
                let what = self.name(*alerting?);
                Some(format!("Look at {}, which alerts.", what.expose()))
            }
        }
    }
}
