//! Rows that lose nothing.

use std::borrow::Cow;

use super::piece::Piece;

/// A row of pieces.
pub(super) struct Row<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    /// Whether it was broken here only because it was full.
    pub(super) goes_on: bool,
}

/// Breaks pieces into rows of a width: behind a space where there is one, inside a word where there is none.
pub(super) struct Fold<'a> {
    width: usize,
    ascii: bool,
    /// Whether an empty row behind a last newline counts, and spaces at a break are written out.
    exact: bool,
    row: Vec<Piece<'a>>,
    used: usize,
    /// Where the row may be broken: the number of pieces up to and with its last space.
    after_space: Option<usize>,
    rows: Vec<Row<'a>>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(width: usize, ascii: bool, exact: bool) -> Self {
        Self {
            width: width.max(1),
            ascii,
            exact,
            row: Vec::new(),
            used: 0,
            after_space: None,
            rows: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, piece: Piece<'a>) {
        if piece.width <= self.width {
            return self.place(piece);
        }
        // Wider than a whole row. What is written out may be split anywhere; a wide character is written out for it.
        let written: Vec<Piece<'a>> = if piece.hidden {
            vec![piece]
        } else {
            piece.drawn.chars().map(|c| Piece::written_out(c, self.ascii)).collect()
        };
        for piece in written {
            self.split(&piece);
        }
    }

    /// Places what is written out, a character at a time.
    fn split(&mut self, written: &Piece<'a>) {
        for c in written.drawn.chars() {
            self.place(Piece { drawn: Cow::Owned(c.into()), width: 1, hidden: true, newline: false });
        }
    }

    fn place(&mut self, piece: Piece<'a>) {
        if self.used + piece.width > self.width {
            self.wrap();
            if self.used + piece.width > self.width {
                self.end_row(true);
            }
        }
        self.used += piece.width;
        let space = piece.drawn == " ";
        self.row.push(piece);
        if space {
            self.after_space = Some(self.row.len());
        }
    }

    /// Ends a full row behind its last space; the rest begins the next one.
    fn wrap(&mut self) {
        // With nothing behind the last space this is empty, and the new row begins with the piece itself.
        let rest = self.after_space.map_or_else(Vec::new, |at| self.row.split_off(at));
        let blanks = self.row.iter().rev().take_while(|piece| piece.drawn == " ").count();
        let all_blank = blanks == self.row.len();
        if self.exact && blanks > 1 {
            self.row.truncate(self.row.len() - blanks);
            if !all_blank {
                self.end_row(true);
            }
            (self.used, self.after_space) = (0, None);
            let written = Piece::spaces(blanks, self.ascii);
            if written.width <= self.width {
                self.used = written.width;
                self.row.push(written);
            } else {
                self.split(&written);
            }
            let wide: usize = rest.iter().map(|piece| piece.width).sum();
            if self.used + wide > self.width {
                self.end_row(true);
            }
        } else {
            self.end_row(true);
        }
        self.used += rest.iter().map(|piece| piece.width).sum::<usize>();
        self.row.extend(rest);
    }

    pub(super) fn end_row(&mut self, goes_on: bool) {
        self.rows.push(Row { pieces: std::mem::take(&mut self.row), goes_on });
        self.used = 0;
        self.after_space = None;
    }

    /// All rows. Behind a last newline there is none, unless they are exact.
    pub(super) fn rows(mut self) -> Vec<Row<'a>> {
        if self.exact || !self.row.is_empty() || self.rows.is_empty() {
            self.end_row(false);
        }
        self.rows
    }
}
