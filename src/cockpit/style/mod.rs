//! How meanings look: a theme file gives semantic colours, this room turns them into concrete styles for 24-bit, 256
//! and 16 colours and for none.
//!
//! Views name a [`Tone`] on a [`Ground`] and a [`Glyph`]; nothing else in the cockpit names a colour. Colour is never
//! the only carrier: each state has a glyph with an ASCII twin, and a word.
//!
//! Deliberately absent: what is shown where (the views'), and asking the terminal anything (the environment decides).

mod colour;
mod depth;
mod glyph;
mod theme;
mod tone;

use ratatui::style::{Color, Modifier, Style};

pub use colour::{Depth, Rgb, contrast, indexed, shown};
pub use depth::{Capable, capable, capable_here};
pub use glyph::Glyph;
pub use theme::{Library, Theme};
pub(in crate::cockpit) use theme::{line, refused};
pub use tone::{Ground, Tone};

use crate::domain::Result;

/// Concrete styles and glyphs for one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Styles {
    tones: [Style; Tone::ALL.len()],
    grounds: [Style; Ground::ALL.len()],
    badges: [Style; Tone::ALL.len()],
    capable: Capable,
}

impl Styles {
    /// The styles of a theme as a terminal can show them.
    #[must_use]
    pub fn new(theme: &Theme, capable: Capable) -> Self {
        Self {
            tones: Tone::ALL.map(|tone| tone_style(theme, tone, capable.depth)),
            grounds: Ground::ALL.map(|ground| ground_style(theme, ground, capable.depth)),
            badges: Tone::ALL.map(|tone| badge_style(theme, tone, capable.depth)),
            capable,
        }
    }

    /// The theme of this name from the library, as this terminal can show it.
    pub fn load(library: &Library, name: &str, capable: Capable) -> Result<Self> {
        Ok(Self::new(&library.theme(name)?, capable))
    }

    /// Takes another theme over; a broken one is refused and these styles stay as they are.
    pub fn reload(&mut self, library: &Library, name: &str) -> Result<()> {
        *self = Self::load(library, name, self.capable)?;
        Ok(())
    }

    /// Text of this meaning on whatever ground it is drawn.
    #[must_use]
    pub fn of(&self, tone: Tone) -> Style {
        self.tones[tone as usize]
    }

    /// Text of this meaning on this ground.
    #[must_use]
    pub fn on(&self, tone: Tone, ground: Ground) -> Style {
        self.ground(ground).patch(self.of(tone))
    }

    /// A ground with ordinary text on it: fill an area with this before drawing into it.
    #[must_use]
    pub fn ground(&self, ground: Ground) -> Style {
        self.grounds[ground as usize]
    }

    /// Text on a filled patch of this meaning: tiers, the name of a sheet.
    #[must_use]
    pub fn badge(&self, tone: Tone) -> Style {
        self.badges[tone as usize]
    }

    /// A mark in the terminal's alphabet.
    #[must_use]
    pub fn glyph(&self, glyph: Glyph) -> &'static str {
        self.pick(glyph.pair())
    }

    /// One column of a sparkline, from 0 (empty) to 8 (full).
    #[must_use]
    pub fn spark(&self, level: usize) -> &'static str {
        self.pick(glyph::SPARK[level.min(8)])
    }

    /// A horizontal bar of this many eighths of a cell.
    #[must_use]
    pub fn bar(&self, eighths: usize) -> String {
        let mut bar = self.glyph(Glyph::Bar).repeat(eighths / 8);
        bar.push_str(match eighths % 8 {
            0 => "",
            rest => self.pick(glyph::BAR[rest]),
        });
        bar
    }

    /// Whether only ASCII may be drawn.
    #[must_use]
    pub fn ascii(&self) -> bool {
        self.capable.ascii
    }

    /// How many colours are used.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.capable.depth
    }

    fn pick(&self, pair: (&'static str, &'static str)) -> &'static str {
        if self.capable.ascii { pair.1 } else { pair.0 }
    }
}

fn tone_style(theme: &Theme, tone: Tone, depth: Depth) -> Style {
    let Some(look) = theme.tones.get(&tone) else { return Style::new() };
    match look.colour.at(depth) {
        Some(colour) => Style::new().fg(colour).add_modifier(look.with),
        None => Style::new().add_modifier(look.mono),
    }
}

fn ground_style(theme: &Theme, ground: Ground, depth: Depth) -> Style {
    let Some(floor) = theme.grounds.get(&ground) else { return Style::new() };
    match floor.colour.at(depth) {
        Some(colour) => tone_style(theme, Tone::Text, depth).bg(colour),
        None => Style::new().fg(Color::Reset).bg(Color::Reset).add_modifier(floor.mono),
    }
}

/// The tone as a patch with the base ground's colour as text. Where the ground is the terminal's own default its
/// colour is not known: then the patch is reversed, which the terminal gets right by itself.
fn badge_style(theme: &Theme, tone: Tone, depth: Depth) -> Style {
    let patch = tone_style(theme, tone, depth).fg;
    let text = ground_style(theme, Ground::Base, depth).bg;
    match (patch, text) {
        (Some(patch), Some(text)) if text != Color::Reset => {
            Style::new().fg(text).bg(patch).add_modifier(Modifier::BOLD)
        }
        (Some(patch), _) => {
            Style::new().fg(patch).bg(Color::Reset).add_modifier(Modifier::BOLD | Modifier::REVERSED)
        }
        (None, _) => Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
    }
}

#[cfg(test)]
mod tests;
