//! Text on its way to cells: ours as it is, that of others only through `safe_text`.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::cockpit::model::{Part, Words};
use crate::cockpit::style::{Glyph, Ground, Styles, Tone};
use crate::domain::Untrusted;

use super::safe_text::safe_in;

/// A piece of a line.
#[derive(Clone, Debug)]
enum Bit {
    Ours(Cow<'static, str>),
    Theirs(Untrusted),
}

/// A line under construction: pieces with their meanings.
#[derive(Clone, Debug, Default)]
pub(super) struct Text(Vec<(Bit, Look)>);

/// How a piece looks.
#[derive(Clone, Copy, Debug)]
enum Look {
    Tone(Tone),
    Badge(Tone),
}

impl Text {
    /// An empty line.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds words of ours. What is not ASCII in them has a twin for terminals that show only that.
    pub(super) fn ours(mut self, text: impl Into<Cow<'static, str>>, tone: Tone) -> Self {
        self.0.push((Bit::Ours(text.into()), Look::Tone(tone)));
        self
    }

    /// Adds words from outside.
    pub(super) fn theirs(mut self, text: &Untrusted, tone: Tone) -> Self {
        self.0.push((Bit::Theirs(text.clone()), Look::Tone(tone)));
        self
    }

    /// Adds a filled patch with words of ours.
    pub(super) fn badge(mut self, text: impl Into<Cow<'static, str>>, tone: Tone) -> Self {
        self.0.push((Bit::Ours(text.into()), Look::Badge(tone)));
        self
    }

    /// Adds a mark.
    pub(super) fn glyph(self, styles: &Styles, glyph: Glyph, tone: Tone) -> Self {
        self.ours(styles.glyph(glyph), tone)
    }

    /// Adds a sentence in this tone.
    pub(super) fn words(self, words: &Words, tone: Tone) -> Self {
        words.0.iter().fold(self, |text, part| match part {
            Part::Ours(ours) => text.ours(ours.clone(), tone),
            Part::Theirs(theirs) => text.theirs(theirs, tone),
        })
    }

    /// Adds spaces.
    pub(super) fn gap(self, cells: usize) -> Self {
        self.ours(" ".repeat(cells), Tone::Text)
    }

    /// Adds ` · ` in the terminal's alphabet.
    pub(super) fn dot(self, styles: &Styles) -> Self {
        self.ours(format!(" {} ", styles.glyph(Glyph::Dot)), Tone::Faint)
    }

    /// Adds another line's pieces.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cells that it takes in one line.
    pub(super) fn width(&self, styles: &Styles) -> usize {
        let width = |bit: &Bit| match bit {
            Bit::Ours(text) => Span::raw(spelled(text, styles).as_ref()).width(),
            Bit::Theirs(text) => safe_in(text, styles.ascii()).width(),
        };
        self.0.iter().map(|(bit, _)| width(bit)).sum()
    }

    /// One line of at most `width` cells; a cut shows `…`.
    pub(super) fn line(&self, width: usize, styles: &Styles) -> Line<'static> {
        let mut left = width;
        let mut line = Line::default();
        for (bit, look) in &self.0 {
            if left == 0 {
                break;
            }
            let style = look.style(styles);
            let spans = match bit {
                Bit::Ours(text) => cut(&spelled(text, styles), left, style, styles),
                Bit::Theirs(text) => {
                    safe_in(text, styles.ascii()).line(left, style, styles.of(Tone::Hidden)).spans
                }
            };
            for span in spans {
                left = left.saturating_sub(span.width());
                line.push_span(span);
            }
        }
        line
    }

    /// As many lines of at most `width` cells as it needs. Pieces follow each other; only what would not fit into the
    /// rest of a line begins a new one, and a newline in words from outside.
    pub(super) fn fold(&self, width: usize, styles: &Styles) -> Vec<Line<'static>> {
        self.folded(width, styles, false)
    }

    /// The same, and a newline in words from outside is written out and begins no line: one value stays one value.
    pub(super) fn fold_inline(&self, width: usize, styles: &Styles) -> Vec<Line<'static>> {
        self.folded(width, styles, true)
    }

    fn folded(&self, width: usize, styles: &Styles, inline: bool) -> Vec<Line<'static>> {
        let mut lines = vec![Line::default()];
        let mut used = 0;
        for (bit, look) in &self.0 {
            let (text, ours) = match bit {
                Bit::Ours(text) => (Untrusted::from(spelled(text, styles).as_ref()), true),
                Bit::Theirs(text) => (text.clone(), false),
            };
            let style = look.style(styles);
            // Our own glyphs are known to be drawable; only text from outside is escaped.
            let folded = if ours {
                fold_ours(text.expose(), used, width, style)
            } else {
                fold_theirs(&text, used, width, style, styles, inline)
            };
            for (at, line) in folded.into_iter().enumerate() {
                if at > 0 {
                    lines.push(Line::default());
                    used = 0;
                }
                used += line.width();
                if let Some(last) = lines.last_mut() {
                    last.spans.extend(line.spans);
                }
            }
        }
        lines
    }
}

impl Look {
    fn style(self, styles: &Styles) -> Style {
        match self {
            Self::Tone(tone) => styles.of(tone),
            Self::Badge(tone) => styles.badge(tone),
        }
    }
}

/// Our own words in the terminal's alphabet.
fn spelled<'a>(text: &'a str, styles: &Styles) -> Cow<'a, str> {
    if !styles.ascii() || text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let spell = |c: char| match c {
        '…' => '~',
        '‹' => '<',
        '›' => '>',
        c if c.is_ascii() => c,
        _ => '?',
    };
    Cow::Owned(text.chars().map(spell).collect())
}

/// Folds words of ours at spaces; the first line has `used` cells less.
fn fold_ours(text: &str, used: usize, width: usize, style: Style) -> Vec<Line<'static>> {
    let mut lines = vec![String::new()];
    let mut room = width.saturating_sub(used);
    for word in text.split_inclusive(' ') {
        let wide = Span::raw(word.trim_end()).width();
        let fits = wide <= room;
        if !fits && (room < width || lines.len() > 1) && wide <= width {
            lines.push(String::new());
            room = width;
        }
        for c in word.chars() {
            let wide = Span::raw(c.to_string()).width();
            if wide > room {
                if c == ' ' {
                    continue;
                }
                lines.push(String::new());
                room = width;
            }
            room = room.saturating_sub(wide);
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    lines.into_iter().map(|line| Line::from(Span::styled(line, style))).collect()
}

/// Folds words from outside; the first line has `used` cells less.
fn fold_theirs(
    text: &Untrusted,
    used: usize,
    width: usize,
    style: Style,
    styles: &Styles,
    inline: bool,
) -> Vec<Line<'static>> {
    let hidden = styles.of(Tone::Hidden);
    // Blanks stand for what is on the first line already, and are taken away again.
    let used = used.min(width);
    let indented = Untrusted::from(format!("{}{}", " ".repeat(used), text.expose()));
    let safe = safe_in(&indented, styles.ascii());
    let mut lines =
        if inline { safe.fold_inline(width, style, hidden) } else { safe.fold(width, style, hidden) };
    if let Some(first) = lines.first_mut().and_then(|line| line.spans.first_mut()) {
        first.content = first.content.get(used..).unwrap_or_default().to_owned().into();
    }
    lines
}

/// Words of ours in at most `width` cells.
fn cut(text: &str, width: usize, style: Style, styles: &Styles) -> Vec<Span<'static>> {
    let whole = Span::styled(text.to_owned(), style);
    if whole.width() <= width {
        return vec![whole];
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = Span::raw(c.to_string()).width();
        if used + wide > width.saturating_sub(1) {
            break;
        }
        used += wide;
        kept.push(c);
    }
    kept.push_str(styles.glyph(Glyph::Ellipsis));
    vec![Span::styled(kept, style)]
}

/// A buffer with the styles to draw in it.
pub(super) struct Ink<'a> {
    /// The cells.
    pub(super) cells: &'a mut Buffer,
    /// How meanings look.
    pub(super) styles: &'a Styles,
}

impl Ink<'_> {
    /// Fills an area with a ground.
    pub(super) fn fill(&mut self, area: Rect, ground: Ground) {
        let area = area.intersection(self.cells.area);
        let style = self.styles.ground(ground);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.cells.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }

    /// Puts a finished line at the beginning of a row of `area`.
    pub(super) fn line(&mut self, area: Rect, row: u16, line: &Line<'_>) {
        let clipped = area.intersection(self.cells.area);
        let y = area.y.saturating_add(row);
        if row < area.height && y < clipped.bottom() && !clipped.is_empty() {
            self.cells.set_line(clipped.x, y, line, clipped.width);
        }
    }

    /// Puts text at the beginning of a row of `area`.
    pub(super) fn text(&mut self, area: Rect, row: u16, text: &Text) {
        let line = text.line(area.width as usize, self.styles);
        self.line(area, row, &line);
    }

    /// Puts text at both ends of a row; the right one is drawn whole if it can be, the left one gets what is left.
    pub(super) fn ends(&mut self, area: Rect, row: u16, left: &Text, right: &Text) {
        let wide = right.width(self.styles).min(area.width as usize) as u16;
        let rest = area.width.saturating_sub(wide + u16::from(wide > 0) * 2);
        self.text(Rect { width: rest, ..area }, row, left);
        self.text(Rect { x: area.x + area.width - wide, width: wide, ..area }, row, right);
    }

    /// The same where the left text matters more: the right one gets what is left of the row.
    pub(super) fn lead(&mut self, area: Rect, row: u16, left: &Text, right: &Text) {
        let wide = left.width(self.styles).min(area.width as usize) as u16;
        let rest = right.width(self.styles).min(area.width.saturating_sub(wide + 2) as usize) as u16;
        self.text(area, row, left);
        self.text(Rect { x: area.x + area.width - rest, width: rest, ..area }, row, right);
    }

    /// A thin line across a row of `area`.
    pub(super) fn rule(&mut self, area: Rect, row: u16) {
        let rule = self.styles.glyph(Glyph::Rule).repeat(area.width as usize);
        self.text(area, row, &Text::new().ours(rule, Tone::Rule));
    }

    /// A piece of a thin line, over what is there.
    pub(super) fn mark(&mut self, x: u16, y: u16, glyph: Glyph) {
        let (symbol, style) = (self.styles.glyph(glyph), self.styles.of(Tone::Rule));
        if let Some(cell) = self.cells.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    }

    /// A thin line down the first column of `area`.
    pub(super) fn side(&mut self, area: Rect) {
        for row in 0..area.height {
            let text = Text::new().glyph(self.styles, Glyph::RuleSide, Tone::Rule);
            self.text(Rect { width: 1, ..area }, row, &text);
        }
    }
}
