//! The figures: how well the score tells a wrong service from the right one.
//!
//! AUC is the probability that a wrong run scores higher than a right one, ties counting half (Hanley and `McNeil`,
//! Radiology 143, 1982). *Within faults* only runs of one fault are compared, and faults count by their pairs: the
//! outcome follows the fault so strongly that the pooled figure flatters.

use std::collections::BTreeMap;

use serde::Serialize;

use super::labels::Label;
use super::score::Scored;
use crate::domain::Untrusted;
use crate::judge::watch::{ADVISORY, GATE};

/// The classes that are told apart.
const WRONG: &str = "wrong_service";
const RIGHT: &str = "right";
/// Right service, wrong mechanism: invisible to this judgement, and told apart from neither.
const MECHANISM: &str = "right_service_wrong_mechanism";

/// Everything measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Measured {
    pub(super) runs: usize,
    pub(super) wrong_service: usize,
    pub(super) right: usize,
    /// Absent where there is nothing to compare.
    pub(super) pooled_auc: Option<f64>,
    pub(super) within_fault_auc: Option<f64>,
    pub(super) gate: Gate,
    pub(super) advisory: Advisory,
    /// Wrong service against right service whatever the mechanism.
    pub(super) any_mechanism: AnyMechanism,
    pub(super) faults: Vec<Fault>,
    pub(super) rows: Vec<Row>,
}

/// The gate at the last commitment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gate {
    pub(super) threshold: f64,
    pub(super) precision: Option<f64>,
    pub(super) recall: Option<f64>,
    pub(super) false_alarm_rate: Option<f64>,
    pub(super) found: usize,
    pub(super) false_alarms: usize,
}

/// Warnings before the last commitment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Advisory {
    pub(super) threshold: f64,
    pub(super) recall: Option<f64>,
    pub(super) false_alarm_rate: Option<f64>,
    pub(super) median_lead_events: Option<f64>,
}

/// Wrong service against right service, where a wrong mechanism counts as right too.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnyMechanism {
    pub(super) pooled_auc: Option<f64>,
    pub(super) within_fault_auc: Option<f64>,
    /// Wrong mechanism against right: near 0.5 would be invisible.
    pub(super) mechanism_auc: Option<f64>,
}

/// One fault with both classes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fault {
    pub(super) fault: Untrusted,
    pub(super) wrong_service: usize,
    pub(super) right: usize,
    pub(super) auc: f64,
}

/// One run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) session_id: Untrusted,
    pub(super) fault: Untrusted,
    pub(super) class: Untrusted,
    pub(super) rival: f64,
    pub(super) word: &'static str,
    pub(super) held: bool,
    pub(super) lead_events: Option<u64>,
    pub(super) named: Vec<Untrusted>,
    pub(super) strongest_rival: Option<Untrusted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_scored: Option<String>,
}

/// Compares scores with labels, run by run in the order of the file; a file that changed in between has no rows.
pub(super) fn measure(scored: &[Scored], labels: &[Label]) -> Measured {
    let same = |(scored, label): &(&Scored, &Label)| scored.session_id == label.session_id;
    let rows: Vec<Row> =
        scored.iter().zip(labels).filter(same).map(|(scored, label)| row(scored, label)).collect();
    let of = |class: &str| rows.iter().filter(|row| row.class.expose() == class).collect::<Vec<_>>();
    let (wrong, right, mechanism) = (of(WRONG), of(RIGHT), of(MECHANISM));
    let either: Vec<&Row> = right.iter().chain(&mechanism).copied().collect();
    let faults = by_fault(&wrong, &right);
    Measured {
        runs: rows.len(),
        wrong_service: wrong.len(),
        right: right.len(),
        pooled_auc: auc(&wrong, &right),
        within_fault_auc: within(&faults),
        gate: gate(&wrong, &right),
        advisory: advisory(&wrong, &right),
        any_mechanism: AnyMechanism {
            pooled_auc: auc(&wrong, &either),
            within_fault_auc: within(&by_fault(&wrong, &either)),
            mechanism_auc: auc(&mechanism, &right),
        },
        faults,
        rows,
    }
}

fn row(scored: &Scored, label: &Label) -> Row {
    Row {
        session_id: scored.session_id.as_str().into(),
        fault: label.fault.as_str().into(),
        class: label.class().into(),
        rival: scored.rival,
        word: scored.word,
        held: scored.held,
        lead_events: scored.lead_events,
        named: scored.named.clone(),
        strongest_rival: scored.strongest.clone(),
        not_scored: scored.fault.clone(),
    }
}

fn auc(wrong: &[&Row], right: &[&Row]) -> Option<f64> {
    let won = |wrong: &&Row| -> f64 {
        let beats = |right: &&Row| match wrong.rival.total_cmp(&right.rival) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        right.iter().map(beats).sum()
    };
    let pairs = wrong.len() * right.len();
    (pairs > 0).then(|| wrong.iter().map(won).sum::<f64>() / pairs as f64)
}

fn by_fault(wrong: &[&Row], right: &[&Row]) -> Vec<Fault> {
    let mut faults: BTreeMap<&Untrusted, (Vec<&Row>, Vec<&Row>)> = BTreeMap::new();
    wrong.iter().for_each(|row| faults.entry(&row.fault).or_default().0.push(row));
    right.iter().for_each(|row| faults.entry(&row.fault).or_default().1.push(row));
    let fault = |(fault, (wrong, right)): (&Untrusted, (Vec<&Row>, Vec<&Row>))| {
        let auc = auc(&wrong, &right)?;
        Some(Fault { fault: fault.clone(), wrong_service: wrong.len(), right: right.len(), auc })
    };
    faults.into_iter().filter_map(fault).collect()
}

fn within(faults: &[Fault]) -> Option<f64> {
    let pairs = |fault: &Fault| (fault.wrong_service * fault.right) as f64;
    let total: f64 = faults.iter().map(pairs).sum();
    (total > 0.0).then(|| faults.iter().map(|fault| fault.auc * pairs(fault)).sum::<f64>() / total)
}

fn share(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

fn gate(wrong: &[&Row], right: &[&Row]) -> Gate {
    let held = |rows: &[&Row]| rows.iter().filter(|row| row.held).count();
    let (found, false_alarms) = (held(wrong), held(right));
    Gate {
        threshold: GATE,
        precision: share(found, found + false_alarms),
        recall: share(found, wrong.len()),
        false_alarm_rate: share(false_alarms, right.len()),
        found,
        false_alarms,
    }
}

fn advisory(wrong: &[&Row], right: &[&Row]) -> Advisory {
    let leads = |rows: &[&Row]| rows.iter().filter_map(|row| row.lead_events).collect::<Vec<u64>>();
    let mut found = leads(wrong);
    found.sort_unstable();
    let middle = found.len() / 2;
    let median = match found.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(found[middle] as f64),
        _ => Some((found[middle - 1] + found[middle]) as f64 / 2.0),
    };
    Advisory {
        threshold: ADVISORY,
        recall: share(found.len(), wrong.len()),
        false_alarm_rate: share(leads(right).len(), right.len()),
        median_lead_events: median,
    }
}
