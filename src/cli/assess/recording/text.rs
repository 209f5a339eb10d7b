//! The judgement for people.

use std::fmt::Write as _;

use super::Judged;
use crate::cli::print;
use crate::domain::Untrusted;
use crate::judge::grounding::{Grounding, Lines, Standing};
use crate::judge::watch::{About, Assessment, Dropped, Gate};

/// A session: what is said now, what was said at the gates, and what its citations are worth.
pub(super) fn session(judged: &Judged) -> String {
    let (session, watch) = (&judged.session, &judged.watch);
    let mut out = format!("{}  {}\n\nNOW\n", session.id, session.title.escaped());
    out.push_str(&assessment(&watch.assess()));
    let gates: Vec<[String; 4]> = watch.gates().map(gate).collect();
    if !gates.is_empty() {
        let _ = write!(out, "\nGATES\n{}", print::table(["AT", "WORD", "RIVAL", "WHAT"], &gates));
    }
    for given in watch.advisories() {
        let _ = writeln!(
            out,
            "\n{}  ADVISORY: for some while no standing hypothesis has accounted for the evidence ({:.2})",
            given.at.clock(),
            given.smoothed
        );
    }
    if !judged.grounded.is_empty() {
        let rows: Vec<[String; 2]> = judged
            .grounded
            .iter()
            .map(|(citation, grounding)| [citation.evidence.id.to_string(), grounded(grounding)])
            .collect();
        let _ = write!(out, "\nCITATIONS\n{}", print::table(["ID", "STANDING"], &rows));
    }
    let exposure = watch.exposure();
    let since = if exposure.looked { "a person last looked" } else { "the beginning; nobody has looked" };
    let _ = writeln!(
        out,
        "\nEXPOSURE  {} calls in {} since {since}",
        exposure.calls,
        print::span(exposure.ms(watch.now()))
    );
    let dropped = watch.dropped();
    if dropped != Dropped::default() {
        let _ = writeln!(out, "NOT WEIGHED  {}", left_out(dropped));
    }
    out
}

fn left_out(dropped: Dropped) -> String {
    let counts = [
        (dropped.entities, "names"),
        (dropped.statements, "error statements"),
        (dropped.hypotheses, "hypotheses"),
        (dropped.calls, "calls"),
        (dropped.gates, "gates"),
        (dropped.advisories, "warnings"),
        (dropped.unread_bytes, "bytes of long outputs"),
        (dropped.unread_outputs, "outputs not at hand"),
        (dropped.gaps, "missing events"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    told.collect::<Vec<_>>().join(", ")
}

fn assessment(of: &Assessment) -> String {
    let mut out = format!("  {}  (rival {:.2})\n  {}\n", of.word.word(), of.rival, of.sentence().escaped());
    for reason in &of.reasons {
        let _ = writeln!(out, "  - {}", reason.text.escaped());
    }
    if let Some(next) = &of.next {
        let _ = writeln!(out, "  next: {}", next.escaped());
    }
    out
}

fn gate(gate: &Gate) -> [String; 4] {
    let what = match &gate.about {
        About::Hypothesis(id) => format!("commits to {id}"),
        About::Hold(id, revision) => format!("proposes {id} (revision {revision})"),
    };
    let named: Vec<String> = gate.assessment.named.iter().map(Untrusted::escaped).collect();
    let of = if named.is_empty() { String::new() } else { format!(", {}", named.join(", ")) };
    let rival = format!("{:.2}", gate.assessment.rival);
    [gate.at.clock(), gate.assessment.word.word().into(), rival, what + &of]
}

fn grounded(grounding: &Grounding) -> String {
    let lines = |lines: &Lines| match (lines.first, lines.last) {
        (first, last) if first == last => format!("line {first}"),
        (first, last) => format!("lines {first} to {last}"),
    };
    let standing = match &grounding.standing {
        Standing::Verbatim(at) => format!("verbatim, {}", lines(at)),
        Standing::Elsewhere(call, at) => format!("NOT in the cited output; in that of {call}, {}", lines(at)),
        Standing::NotFound { unread: 0 } => "NOT FOUND in any output".into(),
        Standing::NotFound { unread } => format!("NOT FOUND; {unread} outputs could not be looked at"),
        Standing::TooShort => "too short to check".into(),
        Standing::CannotTell(why) => format!("cannot tell: {}", why.words()),
    };
    let age = grounding.age_ms.map(|ms| format!(", {} old", print::span(ms))).unwrap_or_default();
    let gone = grounding.contradicted_by.as_ref();
    let gone = gone.map(|call| format!("; gone from {call}, the same query asked later")).unwrap_or_default();
    standing + &age + &gone
}
