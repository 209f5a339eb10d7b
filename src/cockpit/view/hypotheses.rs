//! What the agent believes: its own words and its own confidence, labelled as its own.

use ratatui::layout::Rect;

use crate::cockpit::model::{Model, Pane};
use crate::cockpit::style::{Glyph, Ground, Styles, Tone};
use crate::domain::{HypothesisStatus, Stance};
use crate::session::{Claimed, Session};

use super::layout::{WIDE_COLUMNS, inset};
use super::paint::{Ink, Text};

/// Columns of the figures at the right.
const FIGURES: usize = 27;

/// Draws it.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let area = inset(area, 1, 0);
    let Some(tracked) = model.shown() else { return };
    let session = &tracked.session;
    let figures = area.width as usize >= FIGURES + 24;
    let right = if figures { "for  against  agent says  " } else { "agent says" };
    let heading = heading(model, ink.styles, Pane::Hypotheses, "HYPOTHESES");
    ink.ends(area, 0, &heading, &Text::new().ours(right, Tone::Faint));
    if session.hypotheses.is_empty() {
        let words = "none stated yet: the agent has not said what it believes";
        return ink.text(area, 1, &Text::new().gap(2).ours(words, Tone::Faint));
    }
    let selected = model.hypothesis(session).map(|claimed| &claimed.hypothesis.id);
    let height = area.height.saturating_sub(1) as usize;
    let at =
        session.hypotheses.iter().position(|claimed| Some(&claimed.hypothesis.id) == selected).unwrap_or(0);
    let offset = (at + 1).saturating_sub(height);
    for (row, claimed) in session.hypotheses.iter().skip(offset).take(height).enumerate() {
        let y = row as u16 + 1;
        let chosen = Some(&claimed.hypothesis.id) == selected;
        if chosen {
            ink.fill(Rect { y: area.y + y, height: 1, ..area }, Ground::Selected);
        }
        let right = if figures { figures_of(session, claimed, ink.styles) } else { says(claimed) };
        ink.ends(area, y, &title(claimed, chosen, model.pane == Pane::Hypotheses, ink.styles), &right);
    }
}

/// The name of a pane; brighter where the keys go.
pub(super) fn heading(model: &Model, styles: &Styles, pane: Pane, name: &'static str) -> Text {
    let chosen = model.pane == pane;
    let text = Text::new().ours(name, if chosen { Tone::Strong } else { Tone::Label });
    // Where several panes are on screen the one that has the keys is marked without colour too.
    if chosen && model.size.0 >= WIDE_COLUMNS {
        text.gap(1).glyph(styles, Glyph::Focus, Tone::Waiting)
    } else {
        text
    }
}

/// The drift pane, which nothing computes yet.
pub(super) fn drift(ink: &mut Ink<'_>, area: Rect) {
    let area = inset(area, 1, 0);
    ink.text(area, 0, &Text::new().ours("DRIFT", Tone::Strong).gap(2).ours("not computed yet", Tone::Dim));
    let words = "The course of the investigation against its alert will be drawn here: what was examined, what errors \
                 named, where the agent committed. Until then nothing is claimed about it.";
    let lines = Text::new().ours(words, Tone::Faint).fold(area.width.min(72) as usize, ink.styles);
    for (row, line) in lines.iter().enumerate() {
        ink.line(area, row as u16 + 2, line);
    }
}

fn title(claimed: &Claimed, chosen: bool, focused: bool, styles: &Styles) -> Text {
    let tone = match (claimed.hypothesis.status, chosen) {
        (HypothesisStatus::Refuted, _) => Tone::Faint,
        (HypothesisStatus::Open | HypothesisStatus::Leading, true) => Tone::Strong,
        (HypothesisStatus::Open | HypothesisStatus::Leading, false) => Tone::Text,
    };
    let pointer = if chosen { styles.glyph(Glyph::Pointer) } else { " " };
    let mark = if focused { Tone::Waiting } else { Tone::Faint };
    Text::new()
        .ours(pointer, mark)
        .ours(format!(" {:<4}", claimed.hypothesis.id.as_str()), Tone::Dim)
        .theirs(&claimed.hypothesis.title, tone)
}

/// Citations for and against, as the agent filed them, and what it says of itself.
fn figures_of(session: &Session, claimed: &Claimed, styles: &Styles) -> Text {
    let id = Some(&claimed.hypothesis.id);
    let of = |stance| {
        let about = |c: &&crate::session::Citation| {
            c.evidence.hypothesis.as_ref() == id && c.evidence.stance == stance
        };
        session.citations.iter().filter(about).count()
    };
    let (for_it, against) = (of(Stance::Supports), of(Stance::Contradicts));
    let tone = |n: usize, some| if n > 0 { some } else { Tone::Faint };
    let last = claimed.confidence_pct.len().saturating_sub(5);
    let course: String = claimed.confidence_pct[last..]
        .iter()
        .map(|pct| styles.spark(usize::from(*pct).div_ceil(13)))
        .collect();
    Text::new()
        .ours(format!("{for_it:>3}"), tone(for_it, Tone::Text))
        .ours(format!("{against:>9}"), tone(against, Tone::Waiting))
        .gap(2)
        .and(says(claimed))
        .ours(format!(" {course:>5}"), Tone::Faint)
}

fn says(claimed: &Claimed) -> Text {
    let words = match (claimed.hypothesis.status, claimed.hypothesis.confidence_pct) {
        (HypothesisStatus::Refuted, _) => "given up".to_owned(),
        (HypothesisStatus::Open | HypothesisStatus::Leading, Some(pct)) => format!("{pct} %"),
        (HypothesisStatus::Open | HypothesisStatus::Leading, None) => "unsaid".to_owned(),
    };
    Text::new().ours(format!("{words:>8}"), Tone::Faint)
}
