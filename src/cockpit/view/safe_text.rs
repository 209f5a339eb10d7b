//! The only door from outside text to cells of the screen.
//!
//! What is drawn as it is: printable ASCII, and letters, digits, punctuation and symbols whose width every terminal
//! agrees on, with at most three non-spacing marks above or below. Everything else is written out between
//! guillemets: `‹^[›` for an escape, `‹U+202E›` for a right-to-left override. The guillemets themselves are written
//! out too, so whatever stands between them is ours, even without colour, and the original can be read back.
//!
//! Judged by Unicode property, never by a list: controls, format and default-ignorable characters, separators other
//! than the space, private use, unassigned, marks without a letter or too many of them, and what makes neighbouring
//! cells depend on each other (right-to-left letters, which some terminals reorder with everything beside them;
//! conjoining jamo, prepended signs, regional indicators, emoji modifiers). So is what could draw the decision sheet's
//! border.
//!
//! Deliberately absent: any way to get the text back out, interpretation of escape sequences, and cleverness about
//! what a hidden character might have been for.

mod fold;
mod paint;
mod piece;

use ratatui::style::Style;
use ratatui::text::Line;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::Untrusted;

use self::fold::Fold;
use self::paint::Painter;
use self::piece::{Piece, Pieces};

/// Outside text on its way to the screen. Cheap to make; work is done for the lines that are drawn.
#[derive(Clone, Debug)]
pub struct Safe {
    text: Untrusted,
    ascii: bool,
}

/// Outside text for a terminal that shows UTF-8.
#[must_use]
pub fn safe(text: &Untrusted) -> Safe {
    safe_in(text, false)
}

/// Outside text for a terminal that may show ASCII only; pass `styles.ascii()`. There `<U+2026>` stands for what is
/// not ASCII, and only the style tells it from the same characters in the text.
#[must_use]
pub fn safe_in(text: &Untrusted, ascii: bool) -> Safe {
    Safe { text: text.clone(), ascii }
}

impl Safe {
    /// One line of at most `width` cells; what does not fit is cut, and the cut shows `…`. A newline is written out.
    #[must_use]
    pub fn line(&self, width: usize, style: Style, hidden: Style) -> Line<'static> {
        let line = Painter::new(style, hidden);
        let mut fitting = Vec::new();
        let mut used = 0;
        for piece in self.pieces() {
            if used + piece.width > width {
                return line.cut(fitting, width, self.ascii);
            }
            used += piece.width;
            fitting.push(piece);
        }
        line.all(&fitting)
    }

    /// Lines of at most `width` cells that hold every character: broken at spaces where there are some, inside a word
    /// where there are none. A newline starts a line; it is the only character that is not drawn.
    #[must_use]
    pub fn fold(&self, width: usize, style: Style, hidden: Style) -> Vec<Line<'static>> {
        self.folded(width, style, hidden, false)
    }

    /// Like [`Safe::fold`], and each newline is written out at the end of its line: for text whose exact bytes run.
    #[must_use]
    pub fn fold_exact(&self, width: usize, style: Style, hidden: Style) -> Vec<Line<'static>> {
        self.folded(width, style, hidden, true)
    }

    /// The cells that the whole text takes on one line.
    #[must_use]
    pub fn width(&self) -> usize {
        self.pieces().map(|piece| piece.width).sum()
    }

    /// Whether the text holds anything but printable ASCII: hidden, control or foreign characters.
    #[must_use]
    pub fn odd(&self) -> bool {
        !self.text.expose().bytes().all(|b| matches!(b, b' '..=b'~'))
    }

    /// Whether any character had to be written out.
    #[must_use]
    pub fn hides(&self) -> bool {
        self.pieces().any(|piece| piece.hidden)
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let ascii = self.ascii;
        self.text.expose().graphemes(true).flat_map(move |cluster| Pieces::of(cluster, ascii))
    }

    fn folded(&self, width: usize, style: Style, hidden: Style, exact: bool) -> Vec<Line<'static>> {
        let mut fold = Fold::new(width, self.ascii);
        for piece in self.pieces() {
            let ends = piece.newline;
            if exact || !ends {
                fold.push(piece);
            }
            if ends {
                fold.end_row();
            }
        }
        fold.rows(exact).iter().map(|row| Painter::new(style, hidden).all(row)).collect()
    }
}

#[cfg(test)]
mod tests;
