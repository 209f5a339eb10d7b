//! The sheet's text: rows made from a hold, at a width. Everything that an action holds is in it, whole.
//!
//! The rows of the action come first and are counted in units that do not depend on the width (cells that are not
//! blank), so that what was read at one size stays read at another.

use std::ops::Range;

use ratatui::text::{Line, Span};

use crate::cockpit::model::Model;
use crate::cockpit::style::{Glyph, Ground, Styles, Tone};
use crate::cockpit::view::paint::Text;
use crate::cockpit::view::safe_text::safe_in;
use crate::domain::Untrusted;
use crate::session::Hold;

use super::{action, context};

/// From this width on the labels have a column of their own.
const LABELS_BESIDE: usize = 56;
/// Columns of the labels.
const LABEL: usize = 13;

/// Columns before outside text that takes the whole width, and before facts where the labels have no column.
const GUTTER: usize = 2;

/// One row of the sheet.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What stands before it, in its own column.
    pub(super) label: &'static str,
    /// The text.
    pub(super) line: Line<'static>,
    /// What it stands on.
    pub(super) ground: Ground,
    /// Its units of the action's part; empty for rows that are not the action's.
    pub(super) units: Range<u32>,
}

/// The sheet's rows under construction.
pub(super) struct Doc<'a> {
    /// How meanings look.
    pub(super) styles: &'a Styles,
    rows: Vec<Row>,
    columns: usize,
    label_columns: usize,
    units: u32,
    counting: bool,
}

/// The rows, and how many units of the action they hold.
pub(super) struct Whole {
    /// Every row.
    pub(super) rows: Vec<Row>,
    /// Units of the action's part.
    pub(super) units: u32,
    /// Columns of the labels.
    pub(super) label_columns: usize,
}

/// Everything that is known about a hold, in the order in which it is to be read.
pub(super) fn of(model: &Model, hold: &Hold, styles: &Styles, columns: usize) -> Whole {
    let sheet = model.sheet.as_ref();
    let revision = sheet.map_or(&hold.revision, |sheet| &sheet.revision);
    let mut doc = Doc::new(styles, columns);
    if let Some(lock) = sheet.and_then(|sheet| sheet.lock.as_ref()) {
        context::changes(&mut doc, &lock.before, revision);
    }
    doc.counting = true;
    action::rows(&mut doc, revision);
    doc.counting = false;
    context::rows(&mut doc, model, hold, revision);
    Whole { rows: doc.rows, units: doc.units, label_columns: doc.label_columns }
}

impl<'a> Doc<'a> {
    fn new(styles: &'a Styles, columns: usize) -> Self {
        let label_columns = if columns >= LABELS_BESIDE { LABEL } else { 0 };
        Self { styles, rows: Vec::new(), columns, label_columns, units: 0, counting: false }
    }

    /// A row without text.
    pub(super) fn blank(&mut self) {
        if self.rows.last().is_some_and(|row| !row.line.spans.is_empty()) {
            self.push("", Line::default(), Ground::Raised);
        }
    }

    /// A fact, folded. A value in it stays one value: its newlines are written out.
    pub(super) fn fact(&mut self, label: &'static str, text: &Text) {
        let lines = text.fold_inline(self.room(), self.styles);
        self.lines(label, lines, Ground::Raised);
    }

    /// Text from outside whose exact characters matter: folded, nothing left out, line breaks written out.
    pub(super) fn exact(&mut self, label: &'static str, text: &Untrusted, tone: Tone, ground: Ground) {
        // What runs has the whole width: the fewer folds, the easier it is to read.
        let well = ground == Ground::Well;
        let room = if well { self.columns.saturating_sub(GUTTER + 1).max(1) } else { self.room() };
        let (style, hidden) = (self.styles.of(tone), self.styles.of(Tone::Hidden));
        let mut lines = safe_in(text, self.styles.ascii()).fold_exact(room, style, hidden);
        // Behind a last line break there is nothing: no row.
        if lines.len() > 1 && lines.last().is_some_and(|(line, _)| line.width() == 0) {
            lines.pop();
        }
        if !well {
            return self.lines(label, lines.into_iter().map(|(line, _)| line).collect(), ground);
        }
        let mut follows = false;
        for (line, goes_on) in lines {
            self.guttered(line, ground, if follows { Glyph::Continued } else { Glyph::RuleSide });
            follows = goes_on;
        }
    }

    /// A row of outside text across the whole sheet: a mark of ours runs down before it, so that none of it stands
    /// where a label would.
    fn guttered(&mut self, mut line: Line<'static>, ground: Ground, mark: Glyph) {
        let rule = Span::styled(self.styles.glyph(mark), self.styles.of(Tone::Rule));
        line.spans.splice(0..0, [rule, Span::raw(" ")]);
        self.push(WIDE, line, ground);
    }

    /// A heading across the sheet.
    pub(super) fn heading(&mut self, words: &'static str) {
        let rule = self.styles.glyph(Glyph::Rule);
        let rest = self.columns.saturating_sub(words.len() + 4);
        let text = Text::new()
            .ours(rule.repeat(2), Tone::Rule)
            .ours(format!(" {words} "), Tone::Label)
            .ours(rule.repeat(rest), Tone::Rule);
        let line = text.line(self.columns, self.styles);
        self.rows.push(Row { label: WIDE, line, ground: Ground::Raised, units: 0..0 });
    }

    /// Prose across the whole sheet, label column included.
    pub(super) fn prose(&mut self, text: &Text) {
        for line in text.fold(self.columns.saturating_sub(GUTTER).max(1), self.styles) {
            self.guttered(line, Ground::Raised, Glyph::RuleSide);
        }
    }

    fn room(&self) -> usize {
        self.columns.saturating_sub(self.label_columns.max(GUTTER)).max(1)
    }

    fn lines(&mut self, label: &'static str, lines: Vec<Line<'static>>, ground: Ground) {
        if self.label_columns == 0 && !label.is_empty() {
            let name = Text::new().ours(label, Tone::Label).line(self.columns, self.styles);
            self.rows.push(Row {
                label: "",
                line: name,
                ground: Ground::Raised,
                units: self.units..self.units,
            });
        }
        for (at, mut line) in lines.into_iter().enumerate() {
            let label = if at == 0 && self.label_columns > 0 { label } else { "" };
            if self.label_columns == 0 {
                line.spans.insert(0, Span::raw(" ".repeat(GUTTER)));
            }
            self.push(label, line, ground);
        }
    }

    fn push(&mut self, label: &'static str, line: Line<'static>, ground: Ground) {
        let before = self.units;
        if self.counting {
            self.units += line.spans.iter().map(|span| inked(&span.content)).sum::<u32>();
        }
        self.rows.push(Row { label, line, ground, units: before..self.units });
    }
}

/// The label of a row that takes the labels' column too.
pub(super) const WIDE: &str = "\u{0}";

/// Characters that leave ink; folding adds and takes away blanks only.
fn inked(text: &str) -> u32 {
    text.chars().filter(|c| *c != ' ').count() as u32
}
