//! The figures for people.

use std::fmt::Write as _;

use super::measure::Measured;
use crate::cli::print;

/// The figures, and the runs that went wrong on either side.
pub(super) fn text(measured: &Measured) -> String {
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let mut out = String::new();
    let (gate, advisory, any) = (&measured.gate, &measured.advisory, &measured.any_mechanism);
    let _ = writeln!(
        out,
        "{} runs: {} name a wrong service, {} are right",
        measured.runs, measured.wrong_service, measured.right
    );
    let _ = writeln!(
        out,
        "AUC       {} pooled, {} within faults",
        figure(measured.pooled_auc),
        figure(measured.within_fault_auc)
    );
    let _ = writeln!(
        out,
        "  any mechanism: {} pooled, {} within faults; wrong mechanism against right {}",
        figure(any.pooled_auc),
        figure(any.within_fault_auc),
        figure(any.mechanism_auc)
    );
    let _ = writeln!(
        out,
        "gate      at {:.2}: {} of {} found, {} false alarms of {}; precision {}",
        gate.threshold,
        gate.found,
        measured.wrong_service,
        gate.false_alarms,
        measured.right,
        figure(gate.precision)
    );
    let _ = writeln!(
        out,
        "advisory  at {:.2}: recall {}, false alarms {}, median lead {} events\n",
        advisory.threshold,
        figure(advisory.recall),
        figure(advisory.false_alarm_rate),
        advisory.median_lead_events.map_or_else(|| "-".into(), |lead| format!("{lead:.1}"))
    );
    let faults: Vec<[String; 4]> = measured
        .faults
        .iter()
        .map(|fault| {
            let (wrong, right) = (fault.wrong_service.to_string(), fault.right.to_string());
            [wrong, right, format!("{:.3}", fault.auc), fault.fault.escaped()]
        })
        .collect();
    out.push_str(&print::table(["WRONG", "RIGHT", "AUC", "FAULT"], &faults));
    let unscored = measured.rows.iter().filter(|row| row.not_scored.is_some()).count();
    if unscored > 0 {
        let _ = writeln!(out, "\n{unscored} runs could not be read to the end");
    }
    out
}
