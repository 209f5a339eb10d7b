//! Rows that lose nothing.

use std::borrow::Cow;

use super::piece::Piece;

/// Breaks pieces into rows of a width: behind a space where there is one, inside a word where there is none.
pub(super) struct Fold<'a> {
    width: usize,
    ascii: bool,
    row: Vec<Piece<'a>>,
    used: usize,
    /// Where the row may be broken: the number of pieces up to and with its last space.
    after_space: Option<usize>,
    rows: Vec<Vec<Piece<'a>>>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(width: usize, ascii: bool) -> Self {
        Self { width: width.max(1), ascii, row: Vec::new(), used: 0, after_space: None, rows: Vec::new() }
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
            for c in piece.drawn.chars() {
                self.place(Piece { drawn: Cow::Owned(c.into()), width: 1, hidden: true, newline: false });
            }
        }
    }

    fn place(&mut self, piece: Piece<'a>) {
        if self.used + piece.width > self.width {
            // With nothing behind the last space this is empty, and the new row begins with the piece itself.
            let rest = self.after_space.map_or_else(Vec::new, |at| self.row.split_off(at));
            self.end_row();
            self.used = rest.iter().map(|p| p.width).sum();
            self.row = rest;
            if self.used + piece.width > self.width {
                self.end_row();
            }
        }
        self.used += piece.width;
        let space = piece.drawn == " ";
        self.row.push(piece);
        if space {
            self.after_space = Some(self.row.len());
        }
    }

    pub(super) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
        self.used = 0;
        self.after_space = None;
    }

    /// All rows. Behind a last newline there is none, unless `exact` asks for it.
    pub(super) fn rows(mut self, exact: bool) -> Vec<Vec<Piece<'a>>> {
        if exact || !self.row.is_empty() || self.rows.is_empty() {
            self.end_row();
        }
        self.rows
    }
}
