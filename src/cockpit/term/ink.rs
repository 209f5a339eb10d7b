//! Cells to bytes: a ratatui backend that collects a frame and writes it at once.
//!
//! A frame is bracketed as a synchronized update (mode 2026) without asking for support: who does not know it ignores
//! it. A frame that changes nothing writes nothing. After every character whose width terminals might disagree on the
//! cursor is placed anew, so a disagreement stays in its own cell instead of shifting the row.
//!
//! Deliberately absent: questions to the terminal (the cursor's position is the one that we set), scrolling, and trust
//! in the cells: a control character in one is replaced, wherever it came from.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Cell, CellWidth as _};
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Writes frames to `W`.
pub struct Ink<W: Write> {
    out: W,
    size: Box<dyn Fn() -> Size + Send>,
    frame: Vec<u8>,
    /// Where the terminal's cursor is, when that is certain.
    at: Option<Position>,
    /// The style that the terminal is in, when that is certain.
    look: Option<Look>,
    caret: Caret,
    caret_shown: Caret,
}

type Look = (Color, Color, Color, Modifier);

/// The text cursor: hidden, or shown somewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Caret {
    visible: bool,
    at: Position,
}

impl<W: Write> Ink<W> {
    /// Writes to `out`; `size` is asked once a frame.
    pub fn new(out: W, size: impl Fn() -> Size + Send + 'static) -> Self {
        Self {
            out,
            size: Box::new(size),
            frame: Vec::new(),
            at: None,
            look: None,
            caret: Caret::default(),
            caret_shown: Caret::default(),
        }
    }

    /// Writes bytes of our own making past the frame, at once.
    pub(super) fn beside(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// The terminal may have been changed by others: nothing is certain any more.
    pub(super) fn forget(&mut self) {
        self.caret_shown = Caret::default();
        self.at = None;
        self.look = None;
    }

    /// What was written so far.
    #[cfg(test)]
    pub(super) fn out(&self) -> &W {
        &self.out
    }

    fn go(&mut self, to: Position) {
        if self.at != Some(to) {
            self.frame.extend(format!("\x1b[{};{}H", to.y + 1, to.x + 1).bytes());
            self.at = Some(to);
        }
    }

    fn dress(&mut self, cell: &Cell) {
        let look = (cell.fg, cell.bg, cell.underline_color, cell.modifier);
        if self.look == Some(look) {
            return;
        }
        self.frame.extend(b"\x1b[0");
        for (bit, code) in ATTRIBUTES {
            if cell.modifier.contains(bit) {
                self.frame.push(b';');
                self.frame.extend(code.bytes());
            }
        }
        colour(&mut self.frame, cell.fg, 30);
        colour(&mut self.frame, cell.bg, 40);
        colour(&mut self.frame, cell.underline_color, 50);
        self.frame.push(b'm');
        self.look = Some(look);
    }

    fn put(&mut self, cell: &Cell, at: Position, columns: u16) {
        let symbol = cell.symbol();
        if symbol.chars().any(char::is_control) {
            self.frame.extend("\u{fffd}".bytes());
            self.at = None;
            return;
        }
        self.frame.extend(symbol.bytes());
        let next = at.x + cell.cell_width();
        // In the last column terminals differ on where the cursor is.
        self.at = (steady(symbol) && next < columns).then_some(Position { x: next, y: at.y });
    }
}

const ATTRIBUTES: [(Modifier, &str); 8] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::SLOW_BLINK, "5"),
    (Modifier::RAPID_BLINK, "6"),
    (Modifier::REVERSED, "7"),
    (Modifier::CROSSED_OUT, "9"),
];

/// Whether every terminal takes this for exactly as many cells as we do.
fn steady(symbol: &str) -> bool {
    symbol.chars().all(|c| matches!(c, ' '..='~' | '\u{2500}'..='\u{259f}'))
}

/// Adds a colour; `base` is 30 for text, 40 for the ground, 50 for the underline.
fn colour(frame: &mut Vec<u8>, colour: Color, base: u8) {
    let simple = |index: u8| match (base, index) {
        (50, _) => format!(";58;5;{index}"),
        (_, 0..=7) => format!(";{}", base + index),
        (_, _) => format!(";{}", base + 60 + index - 8),
    };
    let text = match colour {
        Color::Reset => return,
        Color::Black => simple(0),
        Color::Red => simple(1),
        Color::Green => simple(2),
        Color::Yellow => simple(3),
        Color::Blue => simple(4),
        Color::Magenta => simple(5),
        Color::Cyan => simple(6),
        Color::Gray => simple(7),
        Color::DarkGray => simple(8),
        Color::LightRed => simple(9),
        Color::LightGreen => simple(10),
        Color::LightYellow => simple(11),
        Color::LightBlue => simple(12),
        Color::LightMagenta => simple(13),
        Color::LightCyan => simple(14),
        Color::White => simple(15),
        Color::Indexed(index) => format!(";{};5;{index}", base + 8),
        Color::Rgb(r, g, b) => format!(";{};2;{r};{g};{b}", base + 8),
    };
    frame.extend(text.bytes());
}

impl<W: Write> Backend for Ink<W> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let columns = self.size()?.width;
        for (x, y, cell) in content {
            let at = Position { x, y };
            self.go(at);
            self.dress(cell);
            self.put(cell, at, columns);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.caret.visible = false;
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.caret.visible = true;
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.caret.at)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.caret.at = position.into();
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.frame.extend(b"\x1b[0m\x1b[2J");
        self.look = None;
        Ok(())
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        match clear_type {
            ClearType::All => self.clear(),
            ClearType::AfterCursor
            | ClearType::BeforeCursor
            | ClearType::CurrentLine
            | ClearType::UntilNewLine => Err(io::Error::other("the cockpit clears whole screens only")),
        }
    }

    fn size(&self) -> io::Result<Size> {
        Ok((self.size)())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: (self.size)(), pixels: Size::default() })
    }

    /// The end of a frame: one write, or none when nothing changed.
    fn flush(&mut self) -> io::Result<()> {
        let caret_changed = self.caret.visible != self.caret_shown.visible
            || self.caret.visible && self.caret != self.caret_shown;
        if self.frame.is_empty() && !caret_changed {
            return Ok(());
        }
        let drawn = std::mem::take(&mut self.frame);
        self.frame.extend(BEGIN);
        if self.caret_shown.visible {
            self.frame.extend(b"\x1b[?25l");
        }
        self.frame.extend(drawn);
        self.frame.extend(b"\x1b[0m");
        if self.caret.visible {
            self.at = None;
            self.go(self.caret.at);
            self.frame.extend(b"\x1b[?25h");
        }
        self.frame.extend(END);
        self.caret_shown = self.caret;
        // The next frame starts from nothing: others may write to the terminal too.
        self.at = None;
        self.look = None;
        let frame = std::mem::take(&mut self.frame);
        self.beside(&frame)
    }
}

#[cfg(test)]
mod tests;
