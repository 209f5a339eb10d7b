//! A screen as a picture: the cells of a buffer as SVG.
//!
//! Frames and bars are drawn as rectangles that meet exactly, not as characters of a font, so lines join and bars have
//! the heights that they claim. Everything else is text, placed cell by cell.
//!
//! Deliberately absent: pixels (the picture maker in `examples/screenshots.rs` turns SVG into PNG), a terminal's quirks,
//! and blinking.

mod shape;

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::style::{Color, Modifier};

use super::style::{Rgb, shown};

/// Width of a cell in pixels.
pub const CELL_WIDTH: u32 = 12;
/// Height of a cell in pixels.
pub const CELL_HEIGHT: u32 = 25;
/// The size at which a character of `DejaVu Sans Mono` is exactly [`CELL_WIDTH`] wide.
const FONT_SIZE: &str = "19.932";
/// From the top of a cell to the line that letters stand on.
const BASELINE: u32 = 18;

/// What the terminal in the picture shows where a program names no colour.
#[derive(Clone, Copy, Debug)]
pub struct Paper {
    /// Text.
    pub text: Rgb,
    /// Behind it.
    pub ground: Rgb,
}

/// The paper of a dark terminal.
pub const DARK: Paper = Paper { text: [0xc8, 0xd1, 0xda], ground: [0x0d, 0x11, 0x17] };
/// The paper of a light terminal.
pub const LIGHT: Paper = Paper { text: [0x24, 0x29, 0x2f], ground: [0xfb, 0xfc, 0xfd] };

/// How one cell is painted, everything resolved.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    text: Rgb,
    ground: Rgb,
    bold: bool,
    italic: bool,
    underlined: bool,
}

/// The buffer as an SVG document. The same buffer always gives the same bytes.
#[must_use]
pub fn svg(buffer: &Buffer, paper: Paper) -> String {
    let (width, height) =
        (u32::from(buffer.area.width) * CELL_WIDTH, u32::from(buffer.area.height) * CELL_HEIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"'DejaVu Sans Mono', monospace\" font-size=\"{FONT_SIZE}\" \
         xml:space=\"preserve\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
        hex(paper.ground)
    );
    for y in 0..buffer.area.height {
        Row::of(buffer, y, paper).draw(&mut out, paper);
    }
    out.push_str("</svg>\n");
    out
}

/// One row of cells on its way to a picture: column, width in cells, look, symbol.
struct Row<'a> {
    top: u32,
    cells: Vec<(u32, u32, Look, &'a str)>,
}

impl<'a> Row<'a> {
    fn of(buffer: &'a Buffer, y: u16, paper: Paper) -> Self {
        let mut cells = Vec::new();
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(buffer.area.x + x, buffer.area.y + y)];
            let width = cell.cell_width().max(1);
            cells.push((u32::from(x), u32::from(width), look(cell, paper), cell.symbol()));
            x += width;
        }
        Self { top: u32::from(y) * CELL_HEIGHT, cells }
    }

    fn draw(&self, out: &mut String, paper: Paper) {
        self.grounds(out, paper);
        self.shapes(out);
        self.texts(out);
        self.underlines(out);
    }

    /// Neighbours of one colour become one rectangle.
    fn grounds(&self, out: &mut String, paper: Paper) {
        for run in self.cells.chunk_by(|a, b| a.2.ground == b.2.ground) {
            let ground = run[0].2.ground;
            if ground != paper.ground {
                rect(out, run[0].0 * CELL_WIDTH, self.top, cells(run) * CELL_WIDTH, CELL_HEIGHT, ground);
            }
        }
    }

    fn shapes(&self, out: &mut String) {
        // A line of the same shape across many cells is one rectangle where the shape allows it.
        for run in self.cells.chunk_by(|a, b| a.3 == b.3 && a.2.text == b.2.text && shape::spans(a.3)) {
            let Some(boxes) = shape::of(run[0].3) else { continue };
            let left = run[0].0 * CELL_WIDTH;
            let stretch = (cells(run) - 1) * CELL_WIDTH;
            for part in boxes {
                let (x, y) = (left + part.x, self.top + part.y);
                rect(out, x, y, part.width + stretch, part.height, run[0].2.text);
            }
        }
    }

    /// Runs of ASCII in one look are one piece of text; any other character is placed by itself, so that a font that
    /// lacks it cannot shift its neighbours.
    fn texts(&self, out: &mut String) {
        let drawn = |cell: &&(u32, u32, Look, &str)| cell.3.is_ascii();
        for run in self.cells.chunk_by(|a, b| a.2 == b.2 && drawn(&a) && drawn(&b)) {
            let text: String = run.iter().map(|cell| cell.3).collect();
            if text.trim_matches(' ').is_empty() || shape::of(&text).is_some() {
                continue;
            }
            let leading = text.len() - text.trim_start_matches(' ').len();
            let (x, y) = ((run[0].0 + leading as u32) * CELL_WIDTH, self.top + BASELINE);
            let look = run[0].2;
            let weight = if look.bold { " font-weight=\"bold\"" } else { "" };
            let style = if look.italic { " font-style=\"italic\"" } else { "" };
            let fill = hex(look.text);
            let text = escaped(text.trim_matches(' '));
            let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" fill=\"{fill}\"{weight}{style}>{text}</text>");
        }
    }

    fn underlines(&self, out: &mut String) {
        for run in self.cells.chunk_by(|a, b| a.2 == b.2) {
            if run[0].2.underlined {
                let y = self.top + BASELINE + 3;
                rect(out, run[0].0 * CELL_WIDTH, y, cells(run) * CELL_WIDTH, 1, run[0].2.text);
            }
        }
    }
}

fn cells(run: &[(u32, u32, Look, &str)]) -> u32 {
    run.iter().map(|cell| cell.1).sum()
}

fn look(cell: &Cell, paper: Paper) -> Look {
    let resolve = |colour: Color, paper: Rgb| shown(colour).unwrap_or(paper);
    let (mut text, mut ground) = (resolve(cell.fg, paper.text), resolve(cell.bg, paper.ground));
    let has = |modifier| cell.modifier.contains(modifier);
    if has(Modifier::REVERSED) {
        std::mem::swap(&mut text, &mut ground);
    }
    if has(Modifier::DIM) {
        text = blend(text, ground);
    }
    Look {
        text,
        ground,
        bold: has(Modifier::BOLD),
        italic: has(Modifier::ITALIC),
        underlined: has(Modifier::UNDERLINED),
    }
}

/// Dim text, as most terminals show it: two thirds of the way from the ground.
fn blend(text: Rgb, ground: Rgb) -> Rgb {
    let mix = |i: usize| ((2 * u16::from(text[i]) + u16::from(ground[i])) / 3) as u8;
    [mix(0), mix(1), mix(2)]
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn rect(out: &mut String, x: u32, y: u32, width: u32, height: u32, fill: Rgb) {
    let fill = hex(fill);
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\" shape-rendering=\"crispEdges\"/>"
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn drawn(lines: &[(&str, Style)]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, lines.len() as u16));
        for (y, (text, style)) in (0..).zip(lines) {
            buffer.set_string(0, y, text, *style);
        }
        svg(&buffer, DARK)
    }

    #[test]
    fn text_is_placed_by_cell_and_escaped() {
        let picture =
            drawn(&[("a<b  & c", Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD))]);
        let text = "<text x=\"0\" y=\"18\" fill=\"#010203\" font-weight=\"bold\">a&lt;b  &amp; c</text>";
        assert!(picture.contains(text), "{picture}");
        let picture = drawn(&[("ab…cd", Style::new())]);
        for (x, part) in [(0, "ab"), (24, "…"), (36, "cd")] {
            assert!(
                picture.contains(&format!("<text x=\"{x}\" y=\"18\" fill=\"#c8d1da\">{part}</text>")),
                "{picture}"
            );
        }
    }

    #[test]
    fn lines_and_bars_are_rectangles_that_meet() {
        let picture = drawn(&[("───", Style::new()), ("█▄▌", Style::new())]);
        assert!(!picture.contains("<text"), "{picture}");
        assert!(picture.contains("<rect x=\"0\" y=\"12\" width=\"36\" height=\"1\""), "one line: {picture}");
        assert!(
            picture.contains("<rect x=\"0\" y=\"25\" width=\"12\" height=\"25\""),
            "a full cell: {picture}"
        );
    }

    #[test]
    fn reverse_and_dim_are_resolved() {
        let picture = drawn(&[("x", Style::new().add_modifier(Modifier::REVERSED))]);
        assert!(picture.contains("width=\"12\" height=\"25\" fill=\"#c8d1da\""), "{picture}");
        assert!(picture.contains("fill=\"#0d1117\">x<"), "{picture}");
        let picture = drawn(&[("x", Style::new().add_modifier(Modifier::DIM))]);
        assert!(picture.contains("fill=\"#899199\">x<"), "{picture}");
    }
}
