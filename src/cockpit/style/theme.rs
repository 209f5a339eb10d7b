//! A theme file: palette, tones, grounds, and what stands in for them where there is no colour.
//!
//! ```toml
//! inherits = "dark"                # optional: start from another theme
//! [palette]
//! amber = "#f4b04d yellow"         # 24-bit, then its twin among the sixteen
//! [tones]
//! waiting = "amber bold"           # a palette name (or a colour), then attributes
//! [grounds]
//! raised = "night"
//! [mono]                           # without colour: attributes only
//! waiting = "bold"
//! ```
//!
//! Unknown tables, tones, grounds, colours and attributes are refused with their line. A theme that inherits itself is
//! refused with the way round. Reading files is [`Library`]'s; this module does no other I/O.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ratatui::style::Modifier;
use serde::Deserialize;
use toml::Spanned;

use crate::domain::{Error, Kind, Result};

use super::colour::Colour;
use super::{Ground, Tone};

/// The themes that are compiled in.
const BUILT_IN: [(&str, &str); 4] = [
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("ansi", include_str!("../../../themes/ansi.toml")),
    ("colour-blind", include_str!("../../../themes/colour-blind.toml")),
];

/// How a tone looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// The colour of the text.
    pub(super) colour: Colour,
    /// Attributes beside the colour.
    pub(super) with: Modifier,
    /// Attributes where there is no colour.
    pub(super) mono: Modifier,
}

/// How a ground looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Floor {
    /// Behind the text.
    pub(super) colour: Colour,
    /// Attributes where there is no colour.
    pub(super) mono: Modifier,
}

/// A whole theme: every tone and every ground has its look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    pub(super) tones: BTreeMap<Tone, Look>,
    pub(super) grounds: BTreeMap<Ground, Floor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    inherits: Option<Spanned<String>>,
    #[serde(default)]
    palette: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    tones: BTreeMap<Tone, Spanned<String>>,
    #[serde(default)]
    grounds: BTreeMap<Ground, Spanned<String>>,
    #[serde(default)]
    mono: Mono,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mono {
    #[serde(default)]
    tones: BTreeMap<Tone, Spanned<String>>,
    #[serde(default)]
    grounds: BTreeMap<Ground, Spanned<String>>,
}

/// Where themes come from: the user's directory first, then what is compiled in.
#[derive(Clone, Debug, Default)]
pub struct Library {
    directory: Option<PathBuf>,
}

/// One entry with where it was written, kept until the palette is whole.
#[derive(Clone)]
struct Written {
    text: String,
    place: String,
}

#[derive(Default)]
struct Gathered {
    palette: BTreeMap<String, Written>,
    tones: BTreeMap<Tone, Written>,
    grounds: BTreeMap<Ground, Written>,
    mono_tones: BTreeMap<Tone, Written>,
    mono_grounds: BTreeMap<Ground, Written>,
}

impl Library {
    /// Looks for `<directory>/<name>.toml` before what is compiled in.
    #[must_use]
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// The names of the themes that are compiled in.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The theme of this name, whole.
    pub fn theme(&self, name: &str) -> Result<Theme> {
        let mut chain = Vec::new();
        let mut files = Vec::new();
        let mut next = Some((name.to_owned(), String::new()));
        while let Some((name, asked_at)) = next {
            // A user's "dark" may inherit the built-in "dark": only the same file twice is a cycle.
            let (place, text) = self.source(&name, &chain).map_err(|e| within(&asked_at, e))?;
            if chain.contains(&place) {
                chain.push(place);
                return Err(Error::invalid(format!("themes inherit in a circle: {}", chain.join(" → "))));
            }
            let file: File = toml::from_str(&text).map_err(|e| refused(&place, &text, &e))?;
            next = file.inherits.as_ref().map(|name| {
                (name.as_ref().clone(), format!("{place}, line {}", line(&text, name.span().start)))
            });
            chain.push(place.clone());
            files.push((place, text, file));
        }
        let mut gathered = Gathered::default();
        for (place, text, file) in files.into_iter().rev() {
            gathered.add(&place, &text, file);
        }
        gathered.theme(name)
    }

    fn source(&self, name: &str, seen: &[String]) -> Result<(String, String)> {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !plain {
            return Err(Error::invalid(format!("\"{}\" is not a theme's name", name.escape_default()))
                .hint("letters, digits, - and _"));
        }
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        if let Some(directory) = &self.directory {
            let path = directory.join(format!("{name}.toml"));
            let place = path.display().to_string();
            let overridden_once = built_in.is_some() && seen.contains(&place);
            if !overridden_once {
                match std::fs::read_to_string(&path) {
                    Ok(text) => return Ok((place, text)),
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                    Err(e) => return Err(Error::from(e).within(&place)),
                }
            }
        }
        built_in.map(|(name, text)| (format!("built-in {name}"), (*text).to_owned())).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("there is no theme \"{name}\"")).hint(format!(
                "built in are {}; your own go to themes/{name}.toml in the configuration directory",
                BUILT_IN.map(|(name, _)| name).join(", ")
            ))
        })
    }
}

impl Gathered {
    fn add(&mut self, place: &str, text: &str, file: File) {
        let written = |entry: Spanned<String>| Written {
            place: format!("{place}, line {}", line(text, entry.span().start)),
            text: entry.into_inner(),
        };
        self.palette.extend(file.palette.into_iter().map(|(k, v)| (k, written(v))));
        self.tones.extend(file.tones.into_iter().map(|(k, v)| (k, written(v))));
        self.grounds.extend(file.grounds.into_iter().map(|(k, v)| (k, written(v))));
        self.mono_tones.extend(file.mono.tones.into_iter().map(|(k, v)| (k, written(v))));
        self.mono_grounds.extend(file.mono.grounds.into_iter().map(|(k, v)| (k, written(v))));
    }

    fn theme(&self, name: &str) -> Result<Theme> {
        let mut theme = Theme { tones: BTreeMap::new(), grounds: BTreeMap::new() };
        for tone in Tone::ALL {
            let written = self.tones.get(&tone).ok_or_else(|| missing(name, &format!("tone {tone:?}")))?;
            let (colour, with) = self.look(written)?;
            let mono = self.mono_tones.get(&tone).map_or(Ok(Modifier::empty()), attributes)?;
            theme.tones.insert(tone, Look { colour, with, mono });
        }
        for ground in Ground::ALL {
            let written =
                self.grounds.get(&ground).ok_or_else(|| missing(name, &format!("ground {ground:?}")))?;
            let (colour, with) = self.look(written)?;
            if !with.is_empty() {
                return Err(within(&written.place, Error::invalid("a ground has a colour only")));
            }
            let mono = self.mono_grounds.get(&ground).map_or(Ok(Modifier::empty()), attributes)?;
            theme.grounds.insert(ground, Floor { colour, mono });
        }
        self.palette.values().try_for_each(|written| colour(written).map(drop))?;
        Ok(theme)
    }

    /// `"amber bold"`, `"#f4b04d yellow bold"`: a palette name or a colour, then attributes.
    fn look(&self, written: &Written) -> Result<(Colour, Modifier)> {
        let (first, rest) = written.text.split_once(' ').unwrap_or((&written.text, ""));
        if let Some(entry) = self.palette.get(first) {
            return Ok((colour(entry)?, attributes(&Written { text: rest.into(), ..written.clone() })?));
        }
        let (colours, others): (Vec<_>, Vec<_>) =
            written.text.split_ascii_whitespace().partition(|word| attribute(word).is_none());
        let at = |text: Vec<&str>| Written { text: text.join(" "), place: written.place.clone() };
        Ok((colour(&at(colours))?, attributes(&at(others))?))
    }
}

fn colour(written: &Written) -> Result<Colour> {
    Colour::parse(&written.text).ok_or_else(|| {
        let what = format!("\"{}\" is not a colour", written.text.escape_default());
        let hint = "\"#rrggbb\", one of the sixteen names (\"bright-red\"), both, or a name of [palette]";
        within(&written.place, Error::invalid(what).hint(hint))
    })
}

fn attributes(written: &Written) -> Result<Modifier> {
    written.text.split_ascii_whitespace().try_fold(Modifier::empty(), |all, word| {
        attribute(word).map(|one| all | one).ok_or_else(|| {
            let what = format!("\"{}\" is not an attribute", word.escape_default());
            within(&written.place, Error::invalid(what).hint("bold, dim, italic, underline, reverse"))
        })
    })
}

fn attribute(word: &str) -> Option<Modifier> {
    match word {
        "bold" => Some(Modifier::BOLD),
        "dim" => Some(Modifier::DIM),
        "italic" => Some(Modifier::ITALIC),
        "underline" => Some(Modifier::UNDERLINED),
        "reverse" => Some(Modifier::REVERSED),
        _ => None,
    }
}

fn missing(name: &str, what: &str) -> Error {
    Error::invalid(format!("theme \"{name}\" has no {what}")).hint("or let it inherit = \"dark\"")
}

fn within(place: &str, error: Error) -> Error {
    if place.is_empty() { error } else { error.within(place) }
}

/// A syntax or type error of a TOML file, with its line.
pub(in crate::cockpit) fn refused(place: &str, text: &str, error: &toml::de::Error) -> Error {
    let at = error.span().map_or(1, |span| line(text, span.start));
    let what = error.message().trim().replace('\n', "; ");
    Error::invalid(format!("{place}, line {at}: {}", what.escape_debug()))
}

/// The line of a byte offset, from 1.
pub(in crate::cockpit) fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}
