//! What the agent cites, and the cited output with the excerpt's line marked where a plain search finds it.
//!
//! A plain search is all that is done here: it says "word for word" or "not word for word", and nothing about whether
//! the excerpt means what the agent says it means.

use ratatui::layout::Rect;

use crate::cockpit::model::{Blob, Model, Pane, cited_call};
use crate::cockpit::style::{Glyph, Ground, Styles, Tone};
use crate::domain::{Payload, SourceKind, Stance, Untrusted};
use crate::session::{Call, Citation, Session};

use super::hypotheses::heading;
use super::layout::inset;
use super::paint::{Ink, Text};
use super::units::{age, bytes, count, second, thousands};

/// What a plain search for a citation's excerpt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In this line, counted from 0.
    Line(usize),
    /// Not word for word in the cited output.
    Nowhere,
    /// No call is cited.
    NoCall,
    /// The cited call is not in the record.
    UnknownCall,
    /// The call has not answered yet.
    NoAnswer,
    /// The output is not here yet, or not to be had.
    NotHere(String),
}

impl Found {
    /// In words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Line(line) => format!("word for word in line {}", thousands(line + 1)),
            Self::Nowhere => "NOT word for word in the cited output".into(),
            Self::NoCall => "cites no call".into(),
            Self::UnknownCall => "cites a call that is not in the record".into(),
            Self::NoAnswer => "the cited call has not answered".into(),
            Self::NotHere(why) => why.clone(),
        }
    }

    /// Its mark and meaning.
    pub(super) fn mark(&self) -> (Glyph, Tone) {
        match self {
            Self::Line(_) => (Glyph::Quoted, Tone::Cited),
            Self::Nowhere | Self::NoCall | Self::UnknownCall => (Glyph::NotFound, Tone::Harm),
            Self::NoAnswer | Self::NotHere(_) => (Glyph::Unknown, Tone::Dim),
        }
    }
}

/// Searches for a citation's excerpt in the output that it cites.
pub(super) fn find(model: &Model, session: &Session, citation: &Citation) -> Found {
    if citation.evidence.call.is_none() {
        return Found::NoCall;
    }
    let Some(call) = cited_call(session, citation) else { return Found::UnknownCall };
    match output(model, call) {
        Err(found) => found,
        Ok(text) => {
            let (text, excerpt) = (text.expose(), citation.evidence.excerpt.expose());
            match text.find(excerpt).filter(|_| !excerpt.is_empty()) {
                Some(at) => Found::Line(text[..at].matches('\n').count()),
                None => Found::Nowhere,
            }
        }
    }
}

/// A call's output, where it is here.
fn output<'a>(model: &'a Model, call: &'a Call) -> Result<&'a Untrusted, Found> {
    match call.returned.as_ref().map(|returned| &returned.output) {
        None => Err(Found::NoAnswer),
        Some(Payload::Text(text)) => Ok(text),
        Some(Payload::Blob { sha256, bytes: size }) => match model.blobs.get(sha256) {
            Some(Blob::Here(text)) => Ok(text),
            Some(Blob::Missing(why)) => Err(Found::NotHere(format!("output not to be had: {why}"))),
            Some(Blob::Fetching) => Err(Found::NotHere(format!("fetching {}", bytes(*size)))),
            None => Err(Found::NotHere(format!("output of {} not fetched yet", bytes(*size)))),
        },
    }
}

/// Draws the citations and, where there is room, the source of the selected one.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let framed = area;
    let area = inset(area, 1, 0);
    let Some(tracked) = model.shown() else { return };
    let session = &tracked.session;
    let listed = model.citations(session);
    let of = model.hypothesis(session).map(|claimed| claimed.hypothesis.id.to_string()).unwrap_or_default();
    let left = heading(model, ink.styles, Pane::Evidence, "EVIDENCE").gap(2).ours(of, Tone::Dim);
    ink.ends(area, 0, &left, &tally(model, session, &listed));
    if listed.is_empty() {
        let words = "nothing cited: what the agent says rests on its word";
        return ink.text(area, 1, &Text::new().gap(2).ours(words, Tone::Faint));
    }
    let room = area.height.saturating_sub(1) as usize;
    let rows = listed.len().min(room.saturating_sub(if room > 6 { 4 } else { 0 }).max(1));
    let selected = model.citation(session).map(|citation| &citation.evidence.id);
    let at = listed.iter().position(|citation| Some(&citation.evidence.id) == selected).unwrap_or(0);
    let offset = (at + 1).saturating_sub(rows);
    for (row, citation) in listed.iter().skip(offset).take(rows).enumerate() {
        let y = row as u16 + 1;
        if Some(&citation.evidence.id) == selected {
            ink.fill(Rect { y: area.y + y, height: 1, ..area }, Ground::Selected);
        }
        let chosen = Some(&citation.evidence.id) == selected;
        let mark = if chosen {
            Text::new().glyph(ink.styles, Glyph::Pointer, Tone::Text)
        } else {
            Text::new().gap(1)
        };
        ink.text(area, y, &mark.gap(1).and(line(model, session, citation, ink.styles, area.width)));
    }
    let used = rows as u16 + 1;
    if let Some(citation) = model.citation(session).filter(|_| area.height > used + 2) {
        let below = Rect { y: framed.y + used, height: framed.height - used, ..framed };
        source(model, ink, below, session, citation);
    }
}

fn tally(model: &Model, session: &Session, listed: &[&Citation]) -> Text {
    if listed.is_empty() {
        return Text::new();
    }
    let found: Vec<Found> = listed.iter().map(|citation| find(model, session, citation)).collect();
    let here = found.iter().filter(|found| matches!(found, Found::Line(_))).count();
    let missing = found.iter().filter(|found| found.mark().0 == Glyph::NotFound).count();
    let mut text = Text::new().ours(format!("{here} word for word"), Tone::Cited);
    if missing > 0 {
        text = text.ours(format!(", {missing} not"), Tone::Harm);
    }
    text.ours("  plain search", Tone::Faint)
}

fn line(model: &Model, session: &Session, citation: &Citation, styles: &Styles, width: u16) -> Text {
    let (glyph, tone) = find(model, session, citation).mark();
    let against = citation.evidence.stance == Stance::Contradicts;
    let mut text = Text::new()
        .glyph(styles, glyph, tone)
        .ours(format!(" {:<4}", citation.evidence.id.as_str()), Tone::Dim)
        .ours(format!("{:<7}", kind(citation.evidence.source)), Tone::Cited);
    if width >= 64 {
        let tool = cited_call(session, citation).map_or_else(Untrusted::default, |call| call.tool.clone());
        let cell = Text::new().theirs(&tool, Tone::Dim);
        let pad = 14usize.saturating_sub(cell.width(styles).min(14));
        text = text
            .theirs(&short(&tool, 14), Tone::Dim)
            .gap(pad + 1)
            .ours(second(citation.at), Tone::Faint)
            .gap(2);
    }
    if against {
        text = text.glyph(styles, Glyph::Against, Tone::Waiting).ours(" against ", Tone::Waiting);
    }
    text.theirs(&citation.evidence.excerpt, if glyph == Glyph::NotFound { Tone::Harm } else { Tone::Text })
}

/// The first characters of a name that stands in a column.
fn short(text: &Untrusted, chars: usize) -> Untrusted {
    if text.expose().chars().count() <= chars {
        return text.clone();
    }
    text.expose().chars().take(chars).collect::<String>().into()
}

fn kind(source: SourceKind) -> &'static str {
    match source {
        SourceKind::Log => "log",
        SourceKind::Metric => "metric",
        SourceKind::Trace => "trace",
        SourceKind::Change => "change",
        SourceKind::Other => "other",
    }
}

/// The cited output around the excerpt.
fn source(model: &Model, ink: &mut Ink<'_>, area: Rect, session: &Session, citation: &Citation) {
    ink.rule(area, 0);
    let found = find(model, session, citation);
    let inner = inset(area, 1, 0);
    let call = cited_call(session, citation);
    let text = call.and_then(|call| output(model, call).ok());
    let lines: Vec<&str> = text.map(|text| text.expose().lines().collect()).unwrap_or_default();
    ink.text(inner, 1, &source_heading(model, ink.styles, citation, call, lines.len(), &found));
    let height = area.height.saturating_sub(2) as usize;
    let hit = match found {
        Found::Line(line) => Some(line),
        Found::Nowhere | Found::NoCall | Found::UnknownCall | Found::NoAnswer | Found::NotHere(_) => None,
    };
    let marked = citation.evidence.excerpt.expose().lines().count().max(1);
    // The excerpt stands in the lower half, so that what led to it can be read.
    let first =
        hit.map_or(0, |hit| (hit + marked.min(height)).saturating_sub(height.saturating_sub(height / 3)));
    let first = first.min(lines.len().saturating_sub(height));
    for (row, line) in lines.iter().skip(first).take(height).enumerate() {
        let y = row as u16 + 2;
        let is_hit = hit.is_some_and(|hit| (hit..hit + marked).contains(&(first + row)));
        let whole = Rect { y: area.y + y, height: 1, ..area };
        if is_hit {
            ink.fill(whole, Ground::CitedLine);
            ink.text(whole, 0, &Text::new().glyph(ink.styles, Glyph::Edge, Tone::Cited));
        }
        let tone = if is_hit { Tone::Strong } else { Tone::Dim };
        ink.text(inner, y, &Text::new().theirs(&(*line).into(), tone));
    }
}

/// What the source is, how old, and what the plain search says.
pub(super) fn source_heading(
    model: &Model,
    styles: &Styles,
    citation: &Citation,
    call: Option<&Call>,
    lines: usize,
    found: &Found,
) -> Text {
    let mut text = Text::new().ours(citation.evidence.id.to_string(), Tone::Strong).gap(2);
    if let Some(call) = call {
        text = text.theirs(&call.tool, Tone::Dim).dot(styles).ours(count(lines, "line", "lines"), Tone::Dim);
        if let Some(returned) = &call.returned {
            let old = age(model.hub_time().since(returned.at));
            text = text.dot(styles).ours(format!("{old} old"), Tone::Dim);
            if returned.truncated {
                text = text.dot(styles).ours("cut before it was published", Tone::Harm);
            }
            if returned.failed {
                text = text.dot(styles).ours("the tool failed", Tone::Harm);
            }
        }
        text = text.dot(styles);
    }
    text.ours(found.words(), found.mark().1)
}

/// The whole source of a citation, for reading: what was asked, then every line; with the marked line's row.
pub(super) fn whole(
    model: &Model,
    styles: &Styles,
    session: &Session,
    citation: &Citation,
) -> (Vec<Text>, Option<usize>) {
    let found = find(model, session, citation);
    let call = cited_call(session, citation);
    let text = call.and_then(|call| output(model, call).ok());
    let lines: Vec<&str> = text.map(|text| text.expose().lines().collect()).unwrap_or_default();
    let mut rows = vec![source_heading(model, styles, citation, call, lines.len(), &found)];
    rows.push(Text::new().ours("cited  ", Tone::Label).theirs(&citation.evidence.excerpt, Tone::Text));
    if let Some(call) = call {
        rows.push(Text::new().ours("asked  ", Tone::Label).theirs(&call.input, Tone::Text));
    }
    rows.push(Text::new());
    let head = rows.len();
    let hit = match found {
        Found::Line(line) => Some(line),
        Found::Nowhere | Found::NoCall | Found::UnknownCall | Found::NoAnswer | Found::NotHere(_) => None,
    };
    rows.extend(lines.iter().enumerate().map(|(at, line)| {
        let tone = if Some(at) == hit { Tone::Cited } else { Tone::Dim };
        let mark = if Some(at) == hit { styles.glyph(Glyph::Edge) } else { " " };
        Text::new().ours(mark, Tone::Cited).gap(1).theirs(&(*line).into(), tone)
    }));
    (rows, hit.map(|hit| hit + head))
}
