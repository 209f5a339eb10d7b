//! Where everything goes, by the size of the terminal. Wide screens gain panes; they do not stretch lines.

use ratatui::layout::Rect;

use crate::cockpit::model::{Model, Pane};

/// Below this nothing useful can be shown.
pub(super) const MIN_COLUMNS: u16 = 40;
/// Below this nothing useful can be shown.
pub(super) const MIN_ROWS: u16 = 10;

/// From here on several panes stand side by side.
pub(super) const WIDE_COLUMNS: u16 = 100;
/// From here on the source and the timeline have a column of their own.
const ULTRAWIDE_COLUMNS: u16 = 170;
/// From here on the signal has its block of two lines.
const TALL_ROWS: u16 = 30;

/// Rows below which a timeline under the queue would show nothing.
const BELOW_QUEUE_ROWS: u16 = 6;

/// The screen's parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Areas {
    /// The whole screen.
    pub(super) screen: Rect,
    /// The first row.
    pub(super) header: Rect,
    /// The pinned signal: one row or two.
    pub(super) signal: Rect,
    /// The banner of what waits, where the queue is not on screen; else without rows.
    pub(super) banner: Rect,
    /// Everything between.
    pub(super) body: Rect,
    /// The line of news, which is also the rule above the hints.
    pub(super) news: Rect,
    /// The hints, or a text field.
    pub(super) hints: Rect,
}

impl Areas {
    /// The parts of a screen of this size.
    pub(super) fn of(screen: Rect) -> Self {
        let row = |y: u16, height: u16| Rect { y: screen.y + y, height, ..screen };
        let roomy = screen.width >= WIDE_COLUMNS && screen.height >= TALL_ROWS;
        let (signal, banner, top) = if roomy {
            (row(2, 2), row(4, 0), 5)
        } else if screen.width >= WIDE_COLUMNS {
            (row(1, 2), row(3, 0), 4)
        } else {
            (row(1, 1), row(2, 1), 3)
        };
        Self {
            screen,
            header: row(0, 1),
            signal,
            banner,
            body: row(top, screen.height.saturating_sub(top + 2)),
            news: row(screen.height - 2, 1),
            hints: row(screen.height - 1, 1),
        }
    }

    /// Whether the panes stand side by side.
    pub(super) fn is_wide(&self) -> bool {
        self.screen.width >= WIDE_COLUMNS
    }

    /// Columns of the queue beside other panes: titles need more than identifiers, panes more than titles.
    pub(super) fn queue_columns(&self) -> u16 {
        match self.screen.width {
            0..120 => 30,
            120..ULTRAWIDE_COLUMNS => 36,
            _ => 44,
        }
    }

    /// Whether a thin line stands right above the body.
    pub(super) fn has_rule(&self) -> bool {
        self.signal.height == 2 && self.body.y > self.signal.bottom()
    }

    /// Each pane that is on screen with its place; `queue_rows` is what the queue needs.
    pub(super) fn panes(&self, model: &Model, queue_rows: u16) -> Vec<(Rect, Pane)> {
        if !self.is_wide() {
            // What happens stands below a short queue: a small screen is not for leaving empty.
            if model.pane == Pane::Queue && self.body.height >= queue_rows + BELOW_QUEUE_ROWS {
                let (queue, timeline) = cut_at(self.body, queue_rows + 1);
                return vec![(queue, Pane::Queue), (timeline, Pane::Timeline)];
            }
            return vec![(self.body, model.pane)];
        }
        let (queue, rest) = split_at(self.body, self.queue_columns());
        let mut places = vec![(queue, Pane::Queue)];
        if self.screen.width >= ULTRAWIDE_COLUMNS {
            let (middle, right) = split_at(rest, (rest.width / 2).min(84));
            let claims = claims_rows(model, middle.height);
            let (hypotheses, evidence) = cut_at(middle, claims);
            places.push((hypotheses, Pane::Hypotheses));
            places.push((evidence, Pane::Evidence));
            places.push((right, if model.pane == Pane::Drift { Pane::Drift } else { Pane::Timeline }));
            return places;
        }
        if model.pane == Pane::Drift {
            places.push((rest, Pane::Drift));
            return places;
        }
        let (hypotheses, below) = cut_at(rest, claims_rows(model, rest.height));
        let (evidence, timeline) = cut_at(below, evidence_rows(model, below.height));
        places.push((hypotheses, Pane::Hypotheses));
        places.push((evidence, Pane::Evidence));
        places.push((timeline, Pane::Timeline));
        places
    }
}

/// Rows that the hypotheses take: their heading, each of them, and air; never more than a third.
fn claims_rows(model: &Model, height: u16) -> u16 {
    let claims = model.shown().map_or(0, |tracked| tracked.session.hypotheses.len());
    (claims.clamp(1, 64) as u16 + 1).min((height / 3).max(3))
}

/// Rows that citations and their source take: by what there is, never more than two thirds.
fn evidence_rows(model: &Model, height: u16) -> u16 {
    let cited = model.shown().map_or(0, |tracked| model.citations(&tracked.session).len());
    let source = if cited == 0 { 0 } else { 8 };
    (cited.clamp(1, 64) as u16 + 2 + source).min((height * 2 / 3).max(3))
}

/// The first `columns` of an area, and the rest behind a dividing line.
fn split_at(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect { width: columns, ..area };
    (left, Rect { x: area.x + columns, width: area.width - columns, ..area })
}

/// The first `rows` of an area, and the rest.
fn cut_at(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let top = Rect { height: rows, ..area };
    (top, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// An area without its border of blanks.
pub(super) fn inset(area: Rect, x: u16, y: u16) -> Rect {
    Rect {
        x: area.x.saturating_add(x),
        y: area.y.saturating_add(y),
        width: area.width.saturating_sub(x * 2),
        height: area.height.saturating_sub(y * 2),
    }
}
