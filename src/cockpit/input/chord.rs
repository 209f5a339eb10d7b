//! One key with its modifiers: read from a keymap file, taken from the terminal, written for a person.

use crokey::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use crokey::{KeyCombination, OneToThree};

use crate::domain::{Error, Result};

/// A key as the keymap knows it: upper case stands for Shift, and a symbol never carries Shift, because terminals
/// disagree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord(KeyCombination);

/// Control keys that somebody else takes, or that are another key to a terminal.
const TAKEN: [(char, &str); 17] = [
    ('a', "screen takes it"),
    ('b', "tmux takes it"),
    ('s', "flow control takes it"),
    ('q', "flow control takes it"),
    ('i', "a terminal sends Tab"),
    ('m', "a terminal sends Enter"),
    ('j', "a terminal sends Enter"),
    ('h', "a terminal sends Backspace"),
    ('d', "readline takes it"),
    ('e', "readline takes it"),
    ('k', "readline takes it"),
    ('u', "readline takes it"),
    ('w', "readline takes it"),
    ('y', "readline takes it"),
    ('r', "readline takes it"),
    ('v', "readline takes it"),
    ('o', "readline takes it"),
];

impl Chord {
    /// Reads `"A"`, `"esc"`, `"ctrl-l"`, `"shift-tab"`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut letters = text.chars();
        let named = match (letters.next(), letters.next()) {
            (Some(upper), None) if upper.is_ascii_uppercase() => format!("shift-{upper}"),
            (Some('-'), None) => "minus".to_owned(),
            _ if text.eq_ignore_ascii_case("shift-tab") => "backtab".to_owned(),
            _ => text.to_owned(),
        };
        let parsed = named.is_ascii().then(|| crokey::parse(&named).ok()).flatten();
        let one = parsed.filter(|keys| keys.is_ansi_compatible()).ok_or_else(|| {
            Error::invalid(format!("\"{}\" is not a key", text.escape_default())).hint(
                "a character, or esc, enter, tab, space, up, pageup, home, f1 … with ctrl-, alt- or shift-",
            )
        })?;
        Ok(Self::plain(one))
    }

    /// The key of a terminal's event.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Self {
        Self::plain(KeyCombination::from(*event))
    }

    fn plain(keys: KeyCombination) -> Self {
        let mut keys = keys.normalized();
        let symbol = matches!(keys.codes, OneToThree::One(KeyCode::Char(c)) if !c.is_alphabetic());
        if symbol || keys.codes == OneToThree::One(KeyCode::BackTab) {
            keys.modifiers.remove(KeyModifiers::SHIFT);
        }
        Self(keys)
    }

    fn code(self) -> Option<KeyCode> {
        match self.0.codes {
            OneToThree::One(code) => Some(code),
            OneToThree::Two(..) | OneToThree::Three(..) => None,
        }
    }

    /// Whether a text field would take it as text.
    #[must_use]
    pub fn printable(self) -> bool {
        matches!(self.code(), Some(KeyCode::Char(_))) && !self.chorded()
    }

    /// Whether it is pressed together with Ctrl, Alt or the like.
    #[must_use]
    pub fn chorded(self) -> bool {
        !(self.0.modifiers - KeyModifiers::SHIFT).is_empty()
    }

    /// Why it cannot be bound to anything, where it cannot.
    #[must_use]
    pub fn taken(self) -> Option<&'static str> {
        let Some(KeyCode::Char(c)) = self.code() else { return None };
        let control = self.0.modifiers.contains(KeyModifiers::CONTROL);
        let taken = |(key, _): &&(char, &str)| control && c.eq_ignore_ascii_case(key);
        TAKEN.iter().find(taken).map(|(_, why)| *why)
    }

    /// Its name for a person: `A`, `Esc`, `PgDn`, `Ctrl-l`.
    #[must_use]
    pub fn label(self) -> String {
        let mut label = String::new();
        for (held, name) in
            [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SUPER, "Super-")]
        {
            if self.0.modifiers.contains(held) {
                label.push_str(name);
            }
        }
        let shift = self.0.modifiers.contains(KeyModifiers::SHIFT);
        match self.code() {
            Some(KeyCode::Char(' ')) => label.push_str("Space"),
            Some(KeyCode::Char(c)) => label.push(c),
            Some(KeyCode::PageUp) => label.push_str("PgUp"),
            Some(KeyCode::PageDown) => label.push_str("PgDn"),
            Some(KeyCode::BackTab) => label.push_str("Shift-Tab"),
            Some(other) => {
                label.push_str(if shift { "Shift-" } else { "" });
                label.push_str(&other.to_string());
            }
            None => label.push_str(&self.0.to_string()),
        }
        label
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Chord {
        Chord::of(&KeyEvent::new(code, modifiers))
    }

    #[test]
    fn a_key_is_the_same_however_the_terminal_reports_shift() {
        let upper = Chord::parse("A").unwrap();
        assert_eq!(upper, pressed(KeyCode::Char('A'), KeyModifiers::NONE));
        assert_eq!(upper, pressed(KeyCode::Char('A'), KeyModifiers::SHIFT));
        assert_eq!(upper, Chord::parse("shift-a").unwrap());
        assert_ne!(upper, Chord::parse("a").unwrap());
        let help = Chord::parse("?").unwrap();
        assert_eq!(help, pressed(KeyCode::Char('?'), KeyModifiers::SHIFT));
        assert_eq!(help, pressed(KeyCode::Char('?'), KeyModifiers::NONE));
        assert_eq!(Chord::parse("shift-tab").unwrap(), pressed(KeyCode::BackTab, KeyModifiers::SHIFT));
        assert_eq!(Chord::parse("enter").unwrap(), pressed(KeyCode::Enter, KeyModifiers::NONE));
    }

    #[test]
    fn labels_are_what_is_printed_on_the_key() {
        for (text, label) in [
            ("A", "A"),
            ("d", "d"),
            ("esc", "Esc"),
            ("enter", "Enter"),
            ("pagedown", "PgDn"),
            ("shift-tab", "Shift-Tab"),
            ("ctrl-l", "Ctrl-l"),
            ("space", "Space"),
            ("-", "-"),
            ("[", "["),
            ("up", "Up"),
        ] {
            assert_eq!(Chord::parse(text).unwrap().label(), label);
        }
    }

    #[test]
    fn what_is_no_single_key_is_refused() {
        for bad in ["", "a-b", "ctrl-", "hyper-x", "ä", "escape!"] {
            assert!(Chord::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Chord::parse("ctrl-b").unwrap().taken().is_some());
        assert!(Chord::parse("ctrl-l").unwrap().taken().is_none());
        assert!(Chord::parse("b").unwrap().taken().is_none());
    }
}
