//! One colour in every depth that a terminal may have.
//!
//! A colour is written `"#f4b04d yellow"`: 24-bit, then its twin among the sixteen names; either may stand alone.
//! What is missing is found: 24-bit becomes the nearest of the 240 fixed colours or of the sixteen. The sixteen are
//! the user's own palette, so nothing here pretends to know what they look like: they are only the last resort of a
//! theme that names no twin.

use ratatui::style::Color;

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: attributes only (bold, dim, underline, reverse).
    Mono,
    /// The sixteen of the user's palette.
    Sixteen,
    /// The 240 fixed ones above the sixteen.
    Indexed,
    /// 24-bit.
    Full,
}

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// A colour of a theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    rgb: Option<Rgb>,
    name: Option<Color>,
}

/// The sixteen names, in the terminal's order.
const NAMES: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// What xterm shows for the sixteen unless told otherwise.
pub(super) const XTERM: [Rgb; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

impl Colour {
    /// Reads `"#rrggbb"`, a name, or both; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut colour = Self { rgb: None, name: None };
        for word in text.split_ascii_whitespace() {
            if let Some(hex) = word.strip_prefix('#') {
                if colour.rgb.replace(rgb(hex)?).is_some() {
                    return None;
                }
            } else if colour.name.replace(named(word)?).is_some() {
                return None;
            }
        }
        (colour.rgb.is_some() || colour.name.is_some()).then_some(colour)
    }

    /// The colour as this depth can show it; `None` where nothing should be set.
    pub(super) fn at(self, depth: Depth) -> Option<Color> {
        let name = || self.name.or_else(|| self.rgb.map(nearest_name));
        match depth {
            Depth::Mono => None,
            Depth::Sixteen => name(),
            Depth::Indexed => self.rgb.map(|c| Color::Indexed(nearest_index(c))).or(self.name),
            Depth::Full => self.rgb.map(|[r, g, b]| Color::Rgb(r, g, b)).or(self.name),
        }
    }
}

fn rgb(hex: &str) -> Option<Rgb> {
    if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let part = |i: usize| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

fn named(word: &str) -> Option<Color> {
    if word == "default" {
        return Some(Color::Reset);
    }
    NAMES.iter().find(|(name, _)| *name == word).map(|(_, colour)| *colour)
}

/// What an indexed colour from 16 to 255 looks like; these are fixed by convention.
#[must_use]
pub fn indexed(index: u8) -> Rgb {
    match index {
        0..=15 => XTERM[index as usize],
        16..=231 => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = index - 16;
            [step(n / 36), step(n / 6 % 6), step(n % 6)]
        }
        232..=255 => [8 + 10 * (index - 232); 3],
    }
}

/// What a drawn colour looks like; `None` for the terminal's own default. The sixteen as xterm has them.
#[must_use]
pub fn shown(colour: Color) -> Option<Rgb> {
    match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(i) => Some(indexed(i)),
        Color::Black
        | Color::Red
        | Color::Green
        | Color::Yellow
        | Color::Blue
        | Color::Magenta
        | Color::Cyan
        | Color::Gray
        | Color::DarkGray
        | Color::LightRed
        | Color::LightGreen
        | Color::LightYellow
        | Color::LightBlue
        | Color::LightMagenta
        | Color::LightCyan
        | Color::White => NAMES.iter().position(|(_, c)| *c == colour).map(|i| XTERM[i]),
    }
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    // The "redmean" weighting: cheap, and closer to the eye than plain RGB.
    let mean = i32::midpoint(i32::from(a[0]), i32::from(b[0]));
    let d = |i: usize| i32::from(a[i]) - i32::from(b[i]);
    let sum = (((512 + mean) * d(0) * d(0)) >> 8) + 4 * d(1) * d(1) + (((767 - mean) * d(2) * d(2)) >> 8);
    sum.unsigned_abs()
}

fn nearest_index(colour: Rgb) -> u8 {
    (16..=255).min_by_key(|i| distance(colour, indexed(*i))).unwrap_or(16)
}

fn nearest_name(colour: Rgb) -> Color {
    let nearest = (0..16).min_by_key(|i| distance(colour, XTERM[*i])).unwrap_or(7);
    NAMES[nearest].1
}

/// The contrast of two colours by WCAG 2: from 1 (none) to 21.
#[must_use]
pub fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: Rgb) -> f64 {
    let linear = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_whole_or_not_at_all() {
        let amber = Colour::parse("#f4b04d yellow").unwrap();
        assert_eq!(amber.at(Depth::Full), Some(Color::Rgb(0xf4, 0xb0, 0x4d)));
        assert_eq!(amber.at(Depth::Sixteen), Some(Color::Yellow));
        assert_eq!(amber.at(Depth::Mono), None);
        assert_eq!(Colour::parse("cyan").unwrap().at(Depth::Full), Some(Color::Cyan));
        for bad in ["", "#f4b04", "#f4b04dd", "#ggffff", "amber", "red blue", "#000000 #ffffff", "#+1+1+1"] {
            assert_eq!(Colour::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn fixed_colours_map_to_themselves() {
        for index in 16..=255 {
            assert_eq!(indexed(nearest_index(indexed(index))), indexed(index), "{index}");
        }
        assert_eq!(nearest_name([250, 10, 10]), Color::LightRed);
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        assert!((contrast([119; 3], [255; 3]) - 4.478).abs() < 0.001, "the well-known #777 on white");
    }
}
