//! The agent's claim beside the computation: counts, "no impact" and "reads only" are compared; nothing enters it.

use super::glob;
use crate::domain::{ClaimDiff, ClaimVerdict, Estimate, Num, NumSource, Tier, Untrusted};

/// Longest claim that is read, in bytes.
const CLAIM_MAX_BYTES: usize = 4096;
const NUMBERS: &[(&str, f64)] = &[
    ("a", 1.0),
    ("an", 1.0),
    ("one", 1.0),
    ("single", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("ten", 10.0),
    ("no", 0.0),
    ("zero", 0.0),
];

/// Compares the claim with the estimate; what is understated raises the tier by one.
pub(super) fn compare(estimate: &mut Estimate, claim: Option<&Untrusted>) {
    let Some(claim) = claim.filter(|claim| !claim.expose().trim().is_empty()) else { return };
    estimate.agent_claim = Some(claim.clone());
    let text =
        super::finding::cut(&claim.expose()[..claim.len().min(boundary(claim.expose()))]).to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty()).collect();
    let mut marks = Vec::new();
    for (unit, num) in [("pod", &estimate.pods), ("node", &estimate.nodes)] {
        if let Some(claimed) = counted(&words, unit) {
            marks.extend(
                number(unit, claimed, num).map(|mark| (mark, unit, format!("{claimed}"), shown(num))),
            );
        }
    }
    reads_only(&text, estimate, &mut marks);
    impact(&text, estimate, &mut marks);
    undo(&text, estimate, &mut marks);
    let understated = marks.iter().any(|(mark, ..)| *mark == Mark::Under);
    estimate.verdict = if understated {
        ClaimVerdict::Understated
    } else if marks.iter().any(|(mark, ..)| *mark == Mark::Over) {
        ClaimVerdict::Overstated
    } else if marks.iter().any(|(mark, ..)| *mark == Mark::Same) {
        ClaimVerdict::Agree
    } else {
        ClaimVerdict::Unverifiable
    };
    let differs = marks.into_iter().filter(|(mark, ..)| *mark != Mark::Same);
    estimate.diffs = differs
        .map(|(_, about, claimed, computed)| ClaimDiff {
            about: about.into(),
            claimed: claimed.into(),
            computed: computed.into(),
        })
        .collect();
    if understated {
        estimate.tier = estimate.tier.raised();
        estimate.rule_ids.insert(0, "claim.understated".into());
        estimate.reasons.insert(0, "it reaches further than its proposer says".into());
    }
}

fn boundary(text: &str) -> usize {
    let mut end = text.len().min(CLAIM_MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Same,
    Under,
    Over,
}

type Marked = (Mark, &'static str, String, String);

/// The number before a unit, with at most two words between: `one more pod`, `3 pods`.
fn counted(words: &[&str], unit: &str) -> Option<f64> {
    let at = words.iter().position(|word| *word == unit || word.strip_suffix('s') == Some(unit))?;
    words[at.saturating_sub(3)..at].iter().rev().find_map(|word| {
        let digits = word.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        digits.or_else(|| NUMBERS.iter().find(|(name, _)| name == word).map(|(_, number)| *number))
    })
}

fn number(_unit: &str, claimed: f64, num: &Num) -> Option<Mark> {
    let (lo, hi) = (num.lo.or(num.hi)?, num.hi.or(num.lo)?);
    Some(if claimed < lo {
        Mark::Under
    } else if claimed > hi {
        Mark::Over
    } else {
        Mark::Same
    })
}

fn shown(num: &Num) -> String {
    match (num.lo, num.hi) {
        (Some(lo), Some(hi)) if (lo - hi).abs() < f64::EPSILON => format!("{lo}"),
        (Some(lo), Some(hi)) => format!("{lo} to {hi}"),
        (Some(lo), None) => format!("at least {lo}"),
        (None, Some(hi)) => format!("at most {hi}"),
        (None, None) => "unknown".into(),
    }
}

fn says(text: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| glob::fits(&format!("*{pattern}*"), text))
}

fn reads_only(text: &str, estimate: &Estimate, marks: &mut Vec<Marked>) {
    if says(
        text,
        &[
            "read-only",
            "read only",
            "only reads",
            "just reads",
            "only look",
            "harmless",
            "no change",
            "changes nothing",
            "no side effect",
            "dry run",
            "safe to run",
        ],
    ) {
        let computed = format!("tier {}", estimate.tier.word());
        let mark = if estimate.tier > Tier::L { Mark::Under } else { Mark::Same };
        marks.push((mark, "kind", "changes nothing".into(), computed));
    }
}

fn impact(text: &str, estimate: &Estimate, marks: &mut Vec<Marked>) {
    if !says(
        text,
        &[
            "no user impact",
            "no impact",
            "no customer impact",
            "without impact",
            "no downtime",
            "zero downtime",
            "nobody notices",
            "no traffic",
            "no effect on users",
            "users are not affected",
            "not affect users",
            "no one is affected",
        ],
    ) {
        return;
    }
    let share = estimate.traffic_share.lo.unwrap_or(0.0);
    if share > 0.0 && estimate.traffic_share.source != NumSource::Unknown {
        marks.push((
            Mark::Under,
            "traffic",
            "no impact".into(),
            format!("{:.1} % of requests pass through it", share * 100.0),
        ));
    } else if !estimate.dependents.is_empty() {
        marks.push((
            Mark::Under,
            "dependents",
            "no impact".into(),
            format!("{} services depend on it", estimate.dependents.len()),
        ));
    } else if estimate.tier == Tier::Ro {
        marks.push((Mark::Same, "traffic", "no impact".into(), "it only reads".into()));
    }
}

fn undo(text: &str, estimate: &Estimate, marks: &mut Vec<Marked>) {
    use crate::domain::Reversibility;
    if !says(
        text,
        &[
            "reversible",
            "easy to undo",
            "can be undone",
            "easily reverted",
            "can be rolled back",
            "easy to revert",
            "undo at any time",
        ],
    ) || says(text, &["irreversible", "not reversible"])
    {
        return;
    }
    match estimate.reversibility {
        Reversibility::Irreversible => {
            marks.push((Mark::Under, "undo", "reversible".into(), "irreversible".into()));
        }
        Reversibility::Restore { .. } => {
            marks.push((Mark::Under, "undo", "reversible".into(), "only from a backup or a manifest".into()));
        }
        Reversibility::Instant | Reversibility::Rollback { .. } => {
            marks.push((Mark::Same, "undo", "reversible".into(), "reversible".into()));
        }
        Reversibility::Unknown => {}
    }
}
