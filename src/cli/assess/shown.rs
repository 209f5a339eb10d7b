//! An estimate for people: a compact block with a tree of dependents; escaped, unknown said as unknown.

use std::fmt::Write as _;

use crate::domain::{ClaimVerdict, Estimate, Num, NumSource, Parsed, Reversibility, Untrusted};

/// How many names stand in one row.
const NAMES_MAX: usize = 8;

/// The whole estimate.
pub(super) fn block(found: &Estimate) -> String {
    let mut text = String::new();
    let why = found.reasons.first().map_or_else(String::new, Untrusted::escaped);
    let rule = found.rule_ids.first().map_or_else(String::new, Untrusted::escaped);
    let _ = writeln!(text, "{:<3} {why}  [{rule}]", found.tier.word());
    for (reason, rule) in found.reasons.iter().zip(&found.rule_ids).skip(1).take(NAMES_MAX) {
        let _ = writeln!(text, "    {}  [{}]", reason.escaped(), rule.escaped());
    }
    if found.parsed != Parsed::Full {
        let word = if found.parsed == Parsed::Partial { "in part" } else { "not readable" };
        let _ = writeln!(
            text,
            "read          {word}: {}",
            found.parsed_reason.as_ref().map_or_else(String::new, Untrusted::escaped)
        );
    }
    for target in found.direct.iter().take(NAMES_MAX) {
        let space =
            target.namespace.as_ref().map_or_else(String::new, |space| format!("{}/", space.escaped()));
        let count = if target.count.is_known() { String::new() } else { "  how many: unknown".into() };
        let _ =
            writeln!(text, "touches       {} {space}{}{count}", target.kind.escaped(), target.name.escaped());
    }
    tree(&mut text, found);
    row(&mut text, "pods", &found.pods);
    row(&mut text, "nodes", &found.nodes);
    row(&mut text, "traffic", &found.traffic_share);
    let _ = writeln!(text, "data          {}", word(found.data.effect));
    let _ = writeln!(text, "credentials   {}", word(found.credentials.effect));
    let _ = writeln!(text, "undo          {}", undo(&found.reversibility));
    for guard in &found.guards {
        let _ = writeln!(text, "guard         {}: {}", guard.guard.escaped(), guard.state.escaped());
    }
    if found.verdict != ClaimVerdict::Unclaimed {
        let _ = writeln!(text, "claim         {}", word(found.verdict));
        for diff in &found.diffs {
            let _ = writeln!(
                text,
                "              {}: claimed {}, computed {}",
                diff.about.escaped(),
                diff.claimed.escaped(),
                diff.computed.escaped()
            );
        }
    }
    for unknown in &found.unknowns {
        let _ = writeln!(text, "not known     {}", unknown.escaped());
    }
    text
}

/// One line for a list.
pub(super) fn line(input: &str, found: &Estimate) -> String {
    let rule = found.rule_ids.first().map_or_else(String::new, Untrusted::escaped);
    format!("{:<3} {rule:<28} {}", found.tier.word(), Untrusted::from(input).escaped())
}

fn tree(text: &mut String, found: &Estimate) {
    for dependent in &found.dependents {
        let indent = "  ".repeat(usize::from(dependent.hops));
        let _ = writeln!(
            text,
            "{indent}<- {}  ({})",
            dependent.entity.escaped(),
            dependent.edge_source.escaped()
        );
    }
}

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn row(text: &mut String, name: &str, num: &Num) {
    let from = match num.source {
        NumSource::Parsed => "from the action".to_owned(),
        NumSource::Snapshot { age_s } => format!("snapshot, {age_s} s old"),
        NumSource::DryRun => "dry run".to_owned(),
        NumSource::Telemetry { age_s, .. } => format!("telemetry, {age_s} s old"),
        NumSource::Catalog => "rule file".to_owned(),
        NumSource::Unknown => String::new(),
    };
    let shown = match (num.lo, num.hi) {
        (Some(lo), Some(hi)) if (hi - lo).abs() < f64::EPSILON => format!("{lo} ({from})"),
        (Some(lo), Some(hi)) => format!("{lo} to {hi} ({from})"),
        (Some(lo), None) => format!("at least {lo} ({from})"),
        (None, Some(hi)) => format!("at most {hi} ({from})"),
        (None, None) => "unknown".to_owned(),
    };
    let _ = writeln!(text, "{name:<14}{shown}");
}

fn undo(how: &Reversibility) -> &'static str {
    match how {
        Reversibility::Instant => "nothing to undo",
        Reversibility::Rollback { .. } => "a known command restores the state before",
        Reversibility::Restore { .. } => "only from a backup, a manifest or another copy",
        Reversibility::Irreversible => "cannot be undone",
        Reversibility::Unknown => "unknown",
    }
}
