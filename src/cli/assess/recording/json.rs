//! The judgement for programs: exact text, camelCase.

use serde_json::{Value, json};

use super::Judged;
use crate::domain::Untrusted;
use crate::judge::grounding::{Grounding, Standing};
use crate::judge::watch::{About, Assessment, GATE, Gate, Point, Scope};
use crate::session::Citation;

/// Rows of the drift pane that are given.
const ROWS: usize = 40;

/// Everything about a session.
pub(super) fn session(judged: &Judged) -> Value {
    let (session, watch) = (&judged.session, &judged.watch);
    let exposure = watch.exposure();
    let dropped = watch.dropped();
    let advisory = |given: &crate::judge::watch::Advisory| json!({ "seq": given.seq, "at": given.at, "smoothed": given.smoothed });
    let row = |row: crate::judge::watch::Row| {
        json!({ "name": row.name, "templates": row.templates, "examined": row.examined, "named": row.named,
            "alerting": row.alerting })
    };
    json!({
        "session": session.id,
        "title": session.title,
        "threshold": GATE,
        "now": assessment(&watch.assess()),
        "gates": watch.gates().map(gate).collect::<Vec<_>>(),
        "advisories": watch.advisories().iter().map(advisory).collect::<Vec<_>>(),
        "course": watch.course().iter().map(point).collect::<Vec<_>>(),
        "entities": watch.rows(ROWS).into_iter().map(row).collect::<Vec<_>>(),
        "citations": judged.grounded.iter().map(citation).collect::<Vec<_>>(),
        "exposure": { "since": exposure.since, "looked": exposure.looked, "ms": exposure.ms(watch.now()),
            "calls": exposure.calls, "due": exposure.is_due(watch.now()) },
        "dropped": { "entities": dropped.entities, "statements": dropped.statements,
            "hypotheses": dropped.hypotheses, "calls": dropped.calls, "gates": dropped.gates,
            "advisories": dropped.advisories, "unreadBytes": dropped.unread_bytes,
            "unreadOutputs": dropped.unread_outputs, "gaps": dropped.gaps },
    })
}

fn assessment(of: &Assessment) -> Value {
    let rival = of.strongest.as_ref().map(|rival| {
        json!({ "name": rival.name, "templates": rival.templates, "examined": rival.examined,
            "example": rival.example })
    });
    let reason =
        |reason: &crate::judge::watch::Reason| json!({ "kind": reason.kind.word(), "text": reason.text });
    let reasons: Vec<Value> = of.reasons.iter().map(reason).collect();
    json!({
        "hypothesis": of.hypothesis,
        "word": of.word.word(),
        "passes": of.word.passes(),
        "rival": of.rival,
        "named": of.named,
        "support": of.support,
        "strongestRival": rival,
        "scope": scope(of.scope),
        "sentence": of.sentence(),
        "reasons": reasons,
        "next": of.next,
    })
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::NoTarget => "noTarget",
        Scope::Inside => "inside",
        Scope::Outside => "outside",
        Scope::CannotTell => "cannotTell",
    }
}

fn gate(gate: &Gate) -> Value {
    let (what, id, revision) = match &gate.about {
        About::Hypothesis(id) => ("hypothesis", id.as_str(), None),
        About::Hold(id, revision) => ("hold", id.as_str(), Some(revision)),
    };
    json!({ "seq": gate.seq, "at": gate.at, "about": what, "id": id, "revision": revision,
        "assessment": assessment(&gate.assessment) })
}

fn point(point: &Point) -> Value {
    json!({ "seq": point.seq, "at": point.at, "leading": point.leading, "best": point.best,
        "smoothed": point.smoothed })
}

fn citation((citation, grounding): &(Citation, Grounding)) -> Value {
    let (standing, call, lines, why) = match &grounding.standing {
        Standing::Verbatim(lines) => ("verbatim", citation.evidence.call.as_ref(), Some(lines), None),
        Standing::Elsewhere(call, lines) => ("elsewhere", Some(call), Some(lines), None),
        Standing::NotFound { .. } => ("notFound", None, None, None),
        Standing::TooShort => ("tooShort", None, None, None),
        Standing::CannotTell(why) => ("cannotTell", None, None, Some(Untrusted::from(why.words()))),
    };
    json!({
        "id": citation.evidence.id,
        "standing": standing,
        "call": call,
        "lines": lines.map(|lines| [lines.first, lines.last]),
        "why": why,
        "ageMs": grounding.age_ms,
        "contradictedBy": grounding.contradicted_by,
    })
}
