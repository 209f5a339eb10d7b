//! Box drawing and block elements as rectangles inside a cell.

use super::{CELL_HEIGHT, CELL_WIDTH};

/// A rectangle in pixels, from the cell's top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

const MIDDLE_X: u32 = CELL_WIDTH / 2;
const MIDDLE_Y: u32 = CELL_HEIGHT / 2;
/// Half the distance between the lines of a double line.
const APART: u32 = 2;

const fn part(x: u32, y: u32, width: u32, height: u32) -> Part {
    Part { x, y, width, height }
}

/// The rectangles of a symbol, or `None` when it is ordinary text.
pub(super) fn of(symbol: &str) -> Option<Vec<Part>> {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return None };
    match c {
        '\u{2580}'..='\u{2595}' => block(c),
        '─' | '│' | '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => {
            Some(light(c))
        }
        '═' | '║' | '╔' | '╗' | '╚' | '╝' => Some(double(c)),
        '┄' | '┈' => Some((0..3).map(|i| part(i * 4 + 1, MIDDLE_Y, 2, 1)).collect()),
        '┆' | '┊' => Some((0..4).map(|i| part(MIDDLE_X, i * 6 + 2, 1, 3)).collect()),
        _ => None,
    }
}

/// Whether a run of this symbol is one longer symbol.
pub(super) fn spans(symbol: &str) -> bool {
    matches!(symbol, "─" | "═" | "█" | "▀" | "▄" | "▁" | "▂" | "▃" | "▅" | "▆" | "▇")
}

fn block(c: char) -> Option<Vec<Part>> {
    let code = u32::from(c);
    let up = |eighths: u32| (CELL_HEIGHT * eighths).div_ceil(8);
    let across = |eighths: u32| (CELL_WIDTH * eighths).div_ceil(8);
    let one = match c {
        '▀' => part(0, 0, CELL_WIDTH, up(4)),
        '▁'..='█' => {
            let height = up(code - 0x2580);
            part(0, CELL_HEIGHT - height, CELL_WIDTH, height)
        }
        '▉'..='▏' => part(0, 0, across(0x2590 - code), CELL_HEIGHT),
        '▐' => part(across(4), 0, CELL_WIDTH - across(4), CELL_HEIGHT),
        '▔' => part(0, 0, CELL_WIDTH, up(1)),
        '▕' => part(CELL_WIDTH - across(1), 0, across(1), CELL_HEIGHT),
        // Shades are text: a pattern of the font says more than a flat tone.
        _ => return None,
    };
    Some(vec![one])
}

fn light(c: char) -> Vec<Part> {
    let (left, right) = (!matches!(c, '│' | '┌' | '└' | '├'), !matches!(c, '│' | '┐' | '┘' | '┤'));
    let (up, down) = (!matches!(c, '─' | '┌' | '┐' | '┬'), !matches!(c, '─' | '└' | '┘' | '┴'));
    let mut parts = Vec::new();
    if left || right {
        let from = if left { 0 } else { MIDDLE_X };
        let to = if right { CELL_WIDTH } else { MIDDLE_X + 1 };
        parts.push(part(from, MIDDLE_Y, to - from, 1));
    }
    if up || down {
        let from = if up { 0 } else { MIDDLE_Y };
        let to = if down { CELL_HEIGHT } else { MIDDLE_Y + 1 };
        parts.push(part(MIDDLE_X, from, 1, to - from));
    }
    parts
}

/// Two lines; at a corner the outer one goes round the inner one.
fn double(c: char) -> Vec<Part> {
    let (x0, x1, y0, y1) = (MIDDLE_X - APART, MIDDLE_X + APART, MIDDLE_Y - APART, MIDDLE_Y + APART);
    let across = |from: u32, to: u32, y: u32| part(from, y, to - from, 1);
    let upright = |x: u32, from: u32, to: u32| part(x, from, 1, to - from);
    match c {
        '═' => vec![across(0, CELL_WIDTH, y0), across(0, CELL_WIDTH, y1)],
        '║' => vec![upright(x0, 0, CELL_HEIGHT), upright(x1, 0, CELL_HEIGHT)],
        '╔' => vec![
            across(x0, CELL_WIDTH, y0),
            across(x1, CELL_WIDTH, y1),
            upright(x0, y0, CELL_HEIGHT),
            upright(x1, y1, CELL_HEIGHT),
        ],
        '╗' => vec![
            across(0, x1 + 1, y0),
            across(0, x0 + 1, y1),
            upright(x1, y0, CELL_HEIGHT),
            upright(x0, y1, CELL_HEIGHT),
        ],
        '╚' => vec![
            across(x0, CELL_WIDTH, y1),
            across(x1, CELL_WIDTH, y0),
            upright(x0, 0, y1 + 1),
            upright(x1, 0, y0 + 1),
        ],
        _ => {
            vec![across(0, x1 + 1, y1), across(0, x0 + 1, y0), upright(x1, 0, y1 + 1), upright(x0, 0, y0 + 1)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cockpit::style::{Capable, Depth, Glyph, Library, Styles};

    #[test]
    fn every_shape_stays_in_its_cell() {
        for c in '\u{2500}'..='\u{259f}' {
            for part in of(&c.to_string()).into_iter().flatten() {
                assert!(part.width > 0 && part.height > 0, "{c}");
                assert!(part.x + part.width <= CELL_WIDTH && part.y + part.height <= CELL_HEIGHT, "{c}");
            }
        }
    }

    #[test]
    fn what_meets_on_the_screen_meets_in_the_picture() {
        let edge = |symbol: &str, at: fn(&Part) -> Option<u32>| {
            let mut edges: Vec<_> = of(symbol).unwrap().iter().filter_map(at).collect();
            edges.sort_unstable();
            edges
        };
        let right = |part: &Part| (part.x + part.width == CELL_WIDTH && part.height == 1).then_some(part.y);
        let left = |part: &Part| (part.x == 0 && part.height == 1).then_some(part.y);
        let bottom = |part: &Part| (part.y + part.height == CELL_HEIGHT && part.width == 1).then_some(part.x);
        let top = |part: &Part| (part.y == 0 && part.width == 1).then_some(part.x);
        for (a, b) in [("╔", "═"), ("═", "╗"), ("╚", "═"), ("═", "╝"), ("├", "─"), ("─", "┤"), ("─", "┬")]
        {
            assert_eq!(edge(a, right), edge(b, left), "{a}{b}");
        }
        for (a, b) in [("╔", "║"), ("║", "╚"), ("╗", "║"), ("║", "╝"), ("┬", "│"), ("│", "┴"), ("├", "└")]
        {
            assert_eq!(edge(a, bottom), edge(b, top), "{a} over {b}");
        }
    }

    #[test]
    fn every_frame_and_bar_that_the_cockpit_draws_is_a_shape() {
        let capable = Capable { depth: Depth::Full, ascii: false };
        let styles = Styles::load(&Library::default(), "dark", capable).unwrap();
        let frames =
            [Glyph::Rule, Glyph::RuleSide, Glyph::RuleCross, Glyph::Sheet, Glyph::SheetTopLeft, Glyph::Bar];
        for glyph in frames.into_iter().chain([Glyph::Hop, Glyph::HopLast, Glyph::Edge, Glyph::Threshold]) {
            assert!(of(styles.glyph(glyph)).is_some(), "{glyph:?}");
        }
        for level in 1..=8 {
            let height: u32 = of(styles.spark(level)).unwrap().iter().map(|part| part.height).sum();
            assert_eq!(height, (CELL_HEIGHT * level as u32).div_ceil(8));
        }
    }
}
