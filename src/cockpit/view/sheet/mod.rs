//! The decision sheet: the only thing on screen with a double border. It answers what exactly would run, where, as
//! whom, and what is not known; and it tells which of its rows were really drawn.

mod action;
mod band;
mod context;
mod doc;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use ratatui::layout::Rect;

use crate::cockpit::event::PaintedSheet;
use crate::cockpit::input::{Action, Context};
use crate::cockpit::model::{Model, Sheet, Step, blocker};
use crate::cockpit::style::{Glyph, Ground, Tone};
use crate::cockpit::update::context as context_of;
use crate::domain::{Outcome, Verdict};
use crate::session::Hold;

use super::layout::{Areas, inset};
use super::paint::{Ink, Text};
use super::units::left;
use band::Band;
use doc::{Row, WIDE, Whole};

/// Columns beyond which the sheet does not grow: lines must stay readable.
const COLUMNS_MAX: u16 = 128;

/// Draws it; answers what of it a person can see now.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, areas: &Areas) -> Option<PaintedSheet> {
    let sheet = model.sheet.as_ref()?;
    let Some(hold) = model.hold(&sheet.session, &sheet.hold) else {
        forgotten(ink, areas);
        return None;
    };
    let widest = place(ink, areas);
    let columns = inset(widest, 2, 1).width as usize;
    let whole = doc::of(model, hold, ink.styles, columns);
    let band = band::of(model, ink.styles, sheet, hold, columns);
    let outer = fitted(widest, areas, whole.rows.len() + band.lines.len());
    ink.fill(outer, Ground::Raised);
    let tone = border_tone(sheet, hold);
    border(ink, outer, tone);
    top(model, ink, outer, sheet, hold, tone);
    let inner = inset(outer, 2, 1);
    let band_rows = (band.lines.len() as u16).min(inner.height.saturating_sub(2));
    let body = Rect { height: inner.height - band_rows, ..inner };
    let painted = body_rows(ink, body, sheet, &whole, &band);
    for (row, line) in band.lines.iter().take(band_rows as usize).enumerate() {
        let at = Rect { y: body.bottom(), height: band_rows, ..inner };
        ink.line(at, row as u16, line);
    }
    bottom(model, ink, outer, sheet, &painted);
    Some(painted)
}

/// The whole width on a small screen; on a large one a column in the middle, with the rest stepping back.
fn place(ink: &mut Ink<'_>, areas: &Areas) -> Rect {
    if !areas.is_wide() {
        let top = areas.signal.bottom();
        return Rect { y: top, height: areas.hints.y.saturating_sub(top), ..areas.screen };
    }
    step_back(ink, areas.body);
    let columns = areas.body.width.saturating_sub(8).min(COLUMNS_MAX);
    // Where there is room the queue stays in sight.
    let x = (areas.body.width - columns) / 2;
    let x = x.max(areas.queue_columns().min(areas.body.width - columns));
    Rect { x: areas.body.x + x, width: columns, ..areas.body }
}

/// On a large screen the sheet is as high as what is in it, so that the decision stands under what it is about.
fn fitted(widest: Rect, areas: &Areas, rows: usize) -> Rect {
    if !areas.is_wide() {
        return widest;
    }
    Rect { height: (rows as u16).saturating_add(2).min(widest.height), ..widest }
}

/// What is beside the sheet is out of reach now, and looks like it.
fn step_back(ink: &mut Ink<'_>, area: Rect) {
    let style = ink.styles.on(Tone::Faint, Ground::Base);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = ink.cells.cell_mut((x, y)) {
                cell.modifier = ratatui::style::Modifier::empty();
                cell.set_style(style);
            }
        }
    }
}

fn border_tone(sheet: &Sheet, hold: &Hold) -> Tone {
    match (sheet.lock.is_some(), hold.outcome()) {
        (_, Some(Outcome::Approved)) => Tone::Good,
        (_, Some(_)) => Tone::Dim,
        (true, None) => Tone::Harm,
        (false, None) => Tone::Waiting,
    }
}

fn border(ink: &mut Ink<'_>, area: Rect, tone: Tone) {
    let (right, bottom) = (area.right().saturating_sub(1), area.bottom().saturating_sub(1));
    let style = ink.styles.of(tone);
    let mut put = |x: u16, y: u16, glyph: Glyph| {
        let symbol = ink.styles.glyph(glyph);
        if let Some(cell) = ink.cells.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    };
    for x in area.left()..area.right() {
        put(x, area.top(), Glyph::Sheet);
        put(x, bottom, Glyph::Sheet);
    }
    for y in area.top()..area.bottom() {
        put(area.left(), y, Glyph::SheetSide);
        put(right, y, Glyph::SheetSide);
    }
    put(area.left(), area.top(), Glyph::SheetTopLeft);
    put(right, area.top(), Glyph::SheetTopRight);
    put(area.left(), bottom, Glyph::SheetBottomLeft);
    put(right, bottom, Glyph::SheetBottomRight);
}

/// What the sheet is for now, of what, and how long there is.
fn top(model: &Model, ink: &mut Ink<'_>, area: Rect, sheet: &Sheet, hold: &Hold, tone: Tone) {
    let name = match (&sheet.step, hold.outcome()) {
        (_, Some(outcome)) => format!(" {} ", outcome.word().to_uppercase()),
        (_, None) if sheet.lock.is_some() => " CHANGED ".into(),
        (Step::Approving, None) => " APPROVE ".into(),
        (Step::Denying, None) => " DENY ".into(),
        (Step::Sending(_), None) => " SENT ".into(),
        (Step::Unknown(_) | Step::Missing(_), None) => " UNKNOWN ".into(),
        (Step::Reading | Step::Acknowledged { .. } | Step::Refused(_), None) => " DECIDE ".into(),
    };
    let head = Text::new()
        .badge(name, tone)
        .ours(format!(" P{} r{}", hold.number, sheet.revision.number), Tone::Strong)
        .ours(" ", Tone::Text);
    let head = if area.width >= 72 { head.ours("one person decides ", Tone::Dim) } else { head };
    let digest = sheet.digest.as_ref().ok().filter(|_| area.width >= 100);
    let head = match digest {
        Some(digest) => head.ours(format!(" sha256 {} ", digest.short()), Tone::Faint),
        None => head,
    };
    let row = inset(Rect { height: 1, ..area }, 2, 0);
    ink.text(row, 0, &head);
    if hold.is_open() {
        let time = left(hold.expires_at.since(model.hub_time()));
        let rest = if area.width >= 72 { " left, then nothing runs " } else { " left " };
        right_text(ink, row, &Text::new().ours(format!(" {time}{rest}"), Tone::Waiting));
    }
}

/// Text at the right end of a border, over it.
fn right_text(ink: &mut Ink<'_>, row: Rect, text: &Text) {
    let wide = text.width(ink.styles).min(row.width as usize) as u16;
    ink.text(Rect { x: row.right().saturating_sub(wide), width: wide, ..row }, 0, text);
}

/// The rows that fit, from where the person has scrolled to.
fn body_rows(ink: &mut Ink<'_>, area: Rect, sheet: &Sheet, whole: &Whole, band: &Band) -> PaintedSheet {
    let height = area.height as usize;
    let first = sheet.scroll.min(whole.rows.len().saturating_sub(height));
    let mut shown = Vec::new();
    for (at, row) in whole.rows.iter().skip(first).take(height).enumerate() {
        draw_row(ink, area, at as u16, row, whole.label_columns as u16);
        shown.push(row.units.clone());
    }
    PaintedSheet {
        hold: sheet.hold.clone(),
        revision: sheet.revision.number,
        units: whole.units,
        shown,
        face: face(whole, band, area),
        rows: whole.rows.len(),
        height,
    }
}

/// What a key of decision would be pressed on: every row (those off screen too), the band, and the room for them. What
/// the person types is not a change under their finger.
fn face(whole: &Whole, band: &Band, area: Rect) -> u64 {
    let mut hasher = DefaultHasher::new();
    (area.width, area.height).hash(&mut hasher);
    let said = band.lines.iter().enumerate().filter(|(at, _)| band.typed != Some(*at)).map(|(_, line)| line);
    let lines = whole.rows.iter().map(|row| &row.line).chain(said);
    for span in lines.flat_map(|line| &line.spans) {
        span.content.hash(&mut hasher);
    }
    hasher.finish()
}

fn draw_row(ink: &mut Ink<'_>, area: Rect, at: u16, row: &Row, label_columns: u16) {
    if row.ground == Ground::Well {
        ink.fill(Rect { y: area.y + at, height: 1, ..area }, Ground::Well);
    }
    if row.label == WIDE {
        return ink.line(area, at, &row.line);
    }
    let text = Rect { x: area.x + label_columns, width: area.width.saturating_sub(label_columns), ..area };
    if !row.label.is_empty() {
        ink.text(area, at, &Text::new().ours(row.label, Tone::Label));
    }
    ink.line(text, at, &row.line);
}

/// The keys that lead on, from the live keymap; what is off is faint, its reason stands in the band above.
fn bottom(model: &Model, ink: &mut Ink<'_>, area: Rect, sheet: &Sheet, painted: &PaintedSheet) {
    let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..inset(area, 2, 0) };
    let last = painted.rows.saturating_sub(painted.height);
    let place = match last {
        0 => Text::new(),
        last => {
            let first = sheet.scroll.min(last);
            let words = format!(" rows {}-{} of {} ", first + 1, first + painted.height, painted.rows);
            Text::new().ours(words, Tone::Dim)
        }
    };
    let room = (row.width as usize).saturating_sub(place.width(ink.styles) + 1);
    let context = if model.field.is_some() { Context::Field } else { context_of(model) };
    let mut text = Text::new();
    let over = model.line == crate::cockpit::model::Line::Replay || !hold_is_open(model, sheet);
    for hint in model.keymap.hints(context) {
        if over && asks_of_the_hub(hint.action) {
            continue;
        }
        let off = is_off(model, sheet, hint.action);
        let (key, words) = if off { (Tone::Faint, Tone::Faint) } else { (Tone::Strong, Tone::Dim) };
        let next = Text::new()
            .ours(format!(" {}", hint.key), key)
            .ours(format!(" {} ", short(hint.action, hint.words)), words);
        if text.width(ink.styles) + next.width(ink.styles) > room {
            break;
        }
        text = text.and(next);
    }
    ink.text(row, 0, &text);
    right_text(ink, row, &place);
}

fn hold_is_open(model: &Model, sheet: &Sheet) -> bool {
    model.hold(&sheet.session, &sheet.hold).is_some_and(Hold::is_open)
}

/// What has no meaning any more once the hold has ended.
fn asks_of_the_hub(action: Action) -> bool {
    matches!(action, Action::Approve | Action::Deny | Action::AskEvidence)
}

/// A hint's words where every cell counts.
fn short(action: Action, words: &'static str) -> &'static str {
    if action == Action::Stop {
        return "stop";
    }
    if action == Action::AskEvidence { "ask" } else { words }
}

fn is_off(model: &Model, sheet: &Sheet, action: Action) -> bool {
    let off = |verdict| blocker(model, sheet, verdict).is_some();
    matches!(action, Action::Approve | Action::Confirm) && off(Verdict::Approve)
        || action == Action::Deny && off(Verdict::Deny)
}

/// The hub's history is another one; what the sheet was about is not in it.
fn forgotten(ink: &mut Ink<'_>, areas: &Areas) {
    let outer = place(ink, areas);
    ink.fill(outer, Ground::Raised);
    border(ink, outer, Tone::Dim);
    let words =
        "The hub has another history than before, and this hold is not in it. Nothing was decided here.";
    let inner = inset(outer, 2, 1);
    for (row, line) in
        Text::new().ours(words, Tone::Waiting).fold(inner.width as usize, ink.styles).iter().enumerate()
    {
        ink.line(inner, row as u16, line);
    }
}
