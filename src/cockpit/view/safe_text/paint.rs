//! Pieces to spans.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;

use super::piece::Piece;

/// Collects pieces into spans in such a way that ratatui measures each piece by itself.
pub(super) struct Painter {
    spans: Vec<Span<'static>>,
    text: String,
    last: String,
    last_hidden: bool,
    style: Style,
    hidden: Style,
}

impl Painter {
    pub(super) fn new(style: Style, hidden: Style) -> Self {
        Self {
            spans: Vec::new(),
            text: String::new(),
            last: String::new(),
            last_hidden: false,
            style,
            hidden,
        }
    }

    fn push(&mut self, piece: &Piece<'_>) {
        if piece.hidden != self.last_hidden || joins(&self.last, &piece.drawn) {
            self.flush();
        }
        self.text.push_str(&piece.drawn);
        self.last.replace_range(.., &piece.drawn);
        self.last_hidden = piece.hidden;
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let style = if self.last_hidden { self.hidden } else { self.style };
            self.spans.push(Span::styled(std::mem::take(&mut self.text), style));
        }
        self.last.clear();
    }

    /// As many pieces as leave room for the sign of a cut.
    pub(super) fn cut(self, mut fitting: Vec<Piece<'_>>, width: usize, ascii: bool) -> Line<'static> {
        let mut used: usize = fitting.iter().map(|piece| piece.width).sum();
        while used + 1 > width {
            let Some(piece) = fitting.pop() else { return Line::default() };
            used -= piece.width;
        }
        let style = self.style;
        let mut line = self.all(&fitting);
        line.push_span(Span::styled(if ascii { "~" } else { "…" }, style));
        line
    }

    pub(super) fn all(mut self, pieces: &[Piece<'_>]) -> Line<'static> {
        for piece in pieces {
            self.push(piece);
        }
        self.flush();
        Line::from(self.spans)
    }
}

/// Whether two pieces would become one grapheme cluster when written next to each other.
fn joins(before: &str, after: &str) -> bool {
    let plain = |text: &str| text.is_ascii();
    if before.is_empty() || plain(before) && plain(after) {
        return false;
    }
    let both = format!("{before}{after}");
    both.grapheme_indices(true).all(|(at, _)| at != before.len())
}
