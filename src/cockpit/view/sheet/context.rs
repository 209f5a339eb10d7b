//! What stands beside the action: what is known about it, what is not computed, and the agent's words last.

use crate::cockpit::model::Model;
use crate::cockpit::model::fields::changes as changed;
use crate::cockpit::style::{Glyph, Tone};
use crate::cockpit::view::evidence::{Found, find};
use crate::cockpit::view::paint::Text;
use crate::cockpit::view::units::{age, count, second};
use crate::domain::{EvidenceId, Executor, Stance};
use crate::session::{Citation, Hold, Revision, Session};

use super::doc::Doc;

/// Adds it.
pub(super) fn rows(doc: &mut Doc<'_>, model: &Model, hold: &Hold, revision: &Revision) {
    let not_computed =
        |what: &'static str| Text::new().ours("not computed", Tone::Dim).ours(what, Tone::Faint);
    doc.blank();
    doc.fact("TOUCHES", &not_computed(": this version does not estimate what an action touches"));
    doc.blank();
    let proposal = &revision.proposal;
    doc.fact("AGENT SAID", &said(proposal.claim.as_ref(), "nothing about what it would touch", doc));
    doc.fact("UNDO", &said(proposal.undo.as_ref(), "not said how to undo it", doc));
    doc.blank();
    let sheet = model.sheet.as_ref();
    if let Some(session) = sheet.and_then(|sheet| model.session(&sheet.session)) {
        evidence(doc, model, session, &proposal.cites);
    }
    doc.fact("SUPPORT", &not_computed(""));
    doc.fact("POLICY", &not_computed(": one person decides"));
    doc.blank();
    doc.fact("ON EXPIRY", &expiry(hold));
    doc.fact("GATE", &gate(model, hold, doc));
    let mut proposer = Text::new().theirs(&hold.proposer.name, Tone::Agent);
    if let Some(at) = hold.opened_at {
        proposer = proposer.ours(format!(", asked {}", second(at)), Tone::Dim);
    }
    doc.fact("PROPOSED BY", &proposer);
    doc.blank();
    doc.heading("the agent's words");
    match &proposal.why {
        Some(why) => doc.prose(&quote(why, doc)),
        None => doc.prose(&Text::new().ours("none", Tone::Faint)),
    }
}

fn quote(words: &crate::domain::Untrusted, doc: &Doc<'_>) -> Text {
    Text::new().glyph(doc.styles, Glyph::QuoteOpen, Tone::Faint).theirs(words, Tone::Dim).glyph(
        doc.styles,
        Glyph::QuoteClose,
        Tone::Faint,
    )
}

fn said(words: Option<&crate::domain::Untrusted>, nothing: &'static str, doc: &Doc<'_>) -> Text {
    match words {
        Some(words) => quote(words, doc).ours("  unchecked", Tone::Faint),
        None => Text::new().ours(nothing, Tone::Waiting),
    }
}

/// Each citation with what a plain search for it came to.
fn evidence(doc: &mut Doc<'_>, model: &Model, session: &Session, cites: &[EvidenceId]) {
    if cites.is_empty() {
        return doc.fact("EVIDENCE", &Text::new().ours("none is cited", Tone::Waiting));
    }
    let cited = |id: &EvidenceId| session.citations.iter().find(|citation| citation.evidence.id == *id);
    let found: Vec<Option<Found>> =
        cites.iter().map(|id| cited(id).map(|c| find(model, session, c))).collect();
    let here = found.iter().filter(|f| matches!(f, Some(Found::Line(_)))).count();
    let newest = cites.iter().filter_map(cited).map(|citation| citation.at).max();
    let mut head = Text::new().ours(format!("{here} of {} word for word", cites.len()), Tone::Text);
    if let Some(at) = newest {
        head = head.ours(format!(", newest {} old", age(model.hub_time().since(at))), Tone::Dim);
    }
    doc.fact("EVIDENCE", &head.ours("  by plain search; grounding not computed", Tone::Faint));
    for (id, found) in cites.iter().zip(found) {
        let Some((citation, found)) = cited(id).zip(found) else {
            let text = Text::new()
                .glyph(doc.styles, Glyph::NotFound, Tone::Harm)
                .ours(format!(" {id} is cited, but is not in the record"), Tone::Harm);
            doc.fact("", &text);
            continue;
        };
        let (glyph, tone) = found.mark();
        let mut text = Text::new().glyph(doc.styles, glyph, tone).ours(format!(" {id} "), Tone::Dim);
        if citation.evidence.stance == Stance::Contradicts {
            text = text.ours("AGAINST ", Tone::Waiting);
        }
        let excerpt = if tone == Tone::Harm { Tone::Harm } else { Tone::Text };
        text = text.theirs(&citation.evidence.excerpt, excerpt).ours("  ", Tone::Text);
        doc.fact("", &text.ours(found.words(), tone));
    }
    for citation in uncited(session, cites) {
        let text = Text::new()
            .glyph(doc.styles, Glyph::Against, Tone::Waiting)
            .ours(format!(" {} AGAINST it, and not cited: ", citation.evidence.id), Tone::Waiting)
            .theirs(&citation.evidence.excerpt, Tone::Text);
        doc.fact("", &text);
    }
}

/// Where the record speaks against what is proposed, in one clause each. It stands where the keys are.
pub(super) fn disagreements(model: &Model, session: &Session, revision: &Revision) -> Vec<String> {
    let cites = &revision.proposal.cites;
    let cited = |id: &EvidenceId| session.citations.iter().find(|citation| citation.evidence.id == *id);
    let amiss =
        |id: &&EvidenceId| cited(id).is_none_or(|c| find(model, session, c).mark().0 == Glyph::NotFound);
    let missing: Vec<&str> = cites.iter().filter(amiss).map(EvidenceId::as_str).collect();
    let against: Vec<&str> = uncited(session, cites).map(|citation| citation.evidence.id.as_str()).collect();
    let mut clauses = Vec::new();
    if !missing.is_empty() {
        clauses.push(format!("{} not word for word in what is cited", missing.join(", ")));
    }
    if !against.is_empty() {
        clauses.push(format!("{} against it, and not cited", against.join(", ")));
    }
    clauses
}

/// What speaks against a hypothesis that the proposal's evidence is for, and is not among that evidence.
fn uncited<'a>(session: &'a Session, cites: &'a [EvidenceId]) -> impl Iterator<Item = &'a Citation> {
    let about = |citation: &&Citation| cites.contains(&citation.evidence.id);
    let believed: Vec<_> =
        session.citations.iter().filter(about).filter_map(|c| c.evidence.hypothesis.clone()).collect();
    session.citations.iter().filter(move |citation| {
        let evidence = &citation.evidence;
        evidence.stance == Stance::Contradicts
            && !cites.contains(&evidence.id)
            && evidence.hypothesis.as_ref().is_some_and(|id| believed.contains(id))
    })
}

fn expiry(hold: &Hold) -> Text {
    let who = match hold.executor() {
        Executor::Holdpoint => "nothing runs, and the proposer is told",
        Executor::Agent => "nothing is let go, and the agent is told",
    };
    Text::new().ours(who, Tone::Text).ours(format!(", at {}", second(hold.expires_at)), Tone::Dim)
}

fn gate(model: &Model, hold: &Hold, doc: &Doc<'_>) -> Text {
    match model.waits(&hold.id) {
        _ if !hold.is_open() => Text::new().ours("the hold is closed", Tone::Dim),
        None => Text::new().ours("not known whether the proposer still waits", Tone::Waiting),
        Some(true) => Text::new()
            .glyph(doc.styles, Glyph::Live, Tone::Good)
            .ours(" the proposer is connected and waits", Tone::Text),
        Some(false) => Text::new()
            .glyph(doc.styles, Glyph::Stale, Tone::Harm)
            .ours(" the proposer is gone: nobody would run it", Tone::Harm),
    }
}

/// What a revision changed: the old lines and the new ones.
pub(super) fn changes(doc: &mut Doc<'_>, before: &Revision, after: &Revision) {
    let changes = changed(before, after);
    let head = Text::new()
        .glyph(doc.styles, Glyph::Superseded, Tone::Harm)
        .ours(format!(" r{} became r{}: ", before.number, after.number), Tone::Harm)
        .ours(count(changes.len(), "changed line", "changed lines"), Tone::Harm)
        .ours(", then the whole proposal anew", Tone::Dim);
    doc.fact("CHANGED", &head);
    if changes.is_empty() {
        doc.fact("", &Text::new().ours("nothing that is shown differs", Tone::Dim));
    }
    for change in changes {
        let (mark, tone) = if change.added { ("+ ", Tone::Good) } else { ("- ", Tone::Harm) };
        let text = Text::new().ours(mark, tone).ours(format!("{}: ", change.name), Tone::Dim);
        doc.fact("", &text.theirs(&change.text, tone));
    }
    doc.blank();
}
