//! What is drawn: pure functions from the model to cells.
//!
//! [`draw`] answers with what it really showed: only that counts as seen by a person. Nothing here changes the model,
//! reads a clock or knows a colour; text from outside goes through [`safe_text`].

mod evidence;
mod footer;
mod header;
mod hypotheses;
mod layout;
mod overlay;
mod paint;
mod queue;
pub mod safe_text;
mod sheet;
mod signal;
mod timeline;
mod units;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::event::Painted;
use super::model::{Model, Pane};
use super::style::{Glyph, Ground, Styles, Tone};
use layout::{Areas, MIN_COLUMNS, MIN_ROWS};
use paint::{Ink, Text};

/// Draws the whole screen into `cells`; answers with what a person can see now.
pub fn draw(model: &Model, styles: &Styles, cells: &mut Buffer) -> Painted {
    let area = cells.area;
    let mut ink = Ink { cells, styles };
    let mut painted = Painted::default();
    ink.fill(area, Ground::Base);
    if area.width < MIN_COLUMNS || area.height < MIN_ROWS {
        too_small(&mut ink, area);
        return painted;
    }
    let areas = Areas::of(area);
    header::draw(model, &mut ink, &areas, &mut painted);
    signal::draw(model, &mut ink, &areas);
    panes(model, &mut ink, &areas, &mut painted);
    if model.overlay.is_some() {
        overlay::draw(model, &mut ink, areas.body, &mut painted);
    } else if model.sheet.is_some() {
        painted.sheet = sheet::draw(model, &mut ink, &areas);
        painted.countdown |= painted.sheet.is_some();
    }
    footer::draw(model, &mut ink, &areas);
    painted
}

/// Says what is needed instead of drawing half of it.
fn too_small(ink: &mut Ink<'_>, area: Rect) {
    let words = format!("{}x{} is too small: {MIN_COLUMNS}x{MIN_ROWS} needed", area.width, area.height);
    let lines = Text::new().ours(words, Tone::Waiting).fold(area.width as usize, ink.styles);
    for (row, line) in lines.iter().enumerate().take(area.height as usize) {
        ink.line(area, row as u16, line);
    }
}

/// Every pane that fits, or the one that is chosen.
fn panes(model: &Model, ink: &mut Ink<'_>, areas: &Areas, painted: &mut Painted) {
    if model.sessions.is_empty() {
        return overlay::welcome(model, ink, areas.body);
    }
    for (area, pane) in areas.panes(model, queue::rows(model, ink.styles)) {
        let area = framed(ink, areas, area);
        match pane {
            Pane::Queue => queue::draw(model, ink, area, painted),
            Pane::Hypotheses => hypotheses::draw(model, ink, area),
            Pane::Evidence => evidence::draw(model, ink, area),
            Pane::Timeline => timeline::draw(model, ink, area),
            Pane::Drift => hypotheses::drift(ink, area),
        }
    }
}

/// Draws the thin lines between a pane and the ones to its left and above it; answers with what is left for it.
fn framed(ink: &mut Ink<'_>, areas: &Areas, area: Rect) -> Rect {
    let mut inner = area;
    let beside = area.x > areas.body.x;
    if beside {
        ink.side(area);
        inner = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    }
    if area.y > areas.body.y {
        ink.rule(inner, 0);
        inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
        if beside {
            ink.mark(area.x, area.y, Glyph::RuleRight);
        }
    } else if beside && areas.has_rule() {
        ink.mark(area.x, area.y - 1, Glyph::RuleDown);
    }
    inner
}
