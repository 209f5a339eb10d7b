//! Text as it reads: what a copy changes without changing a word is folded away, nothing else.
//!
//! Folded are runs of white space (to one blank), escape sequences that only colour, marks without width that carry no
//! meaning (byte order mark, zero width space, word joiner), and the two spellings of one character that Unicode holds
//! to be the same (normalisation form C, UAX #15). Kept are case, compatibility forms (`10²` is not `102`), joiners
//! (they change words in Persian and Hindi) and direction marks.
//!
//! Everything streams: the memory is that of one line's decomposed characters, whatever the length of the text.

use unicode_normalization::UnicodeNormalization as _;

/// One folded character, and the line of the text that it stands in, counted from 1.
pub(super) type Folded = (char, u32);

/// Hands every folded character of `text` to `take`, until it answers that it has enough.
pub(super) fn each(text: &str, mut take: impl FnMut(Folded) -> bool) {
    let mut space = Pending::Beginning;
    for (number, line) in text.split('\n').enumerate() {
        let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
        let mut put = |c: char| space.put(c, number, &mut take);
        // A line break is never part of a composition, so that each line can be composed by itself.
        let go_on = if line.is_ascii() {
            Plain::new(line.chars()).all(&mut put)
        } else {
            Plain::new(line.chars()).nfc().all(&mut put)
        };
        if !go_on || !put('\n') {
            return;
        }
    }
}

/// The folded text, whole: for excerpts, which are short.
pub(super) fn whole(text: &str) -> Vec<char> {
    let mut folded = Vec::with_capacity(text.len());
    each(text, |(c, _)| {
        folded.push(c);
        true
    });
    folded
}

/// White space that has been read but not passed on: none before the first word, none behind the last.
enum Pending {
    Beginning,
    Word,
    Space(u32),
}

impl Pending {
    fn put(&mut self, c: char, line: u32, take: &mut impl FnMut(Folded) -> bool) -> bool {
        if c.is_whitespace() {
            if let Self::Word = self {
                *self = Self::Space(line);
            }
            return true;
        }
        let before = std::mem::replace(self, Self::Word);
        let blank = match before {
            Self::Space(of) => take((' ', of)),
            Self::Beginning | Self::Word => true,
        };
        blank && take((c, line))
    }
}

/// Characters without colours and without marks that mean nothing.
struct Plain<I: Iterator<Item = char>> {
    chars: std::iter::Peekable<I>,
}

impl<I: Iterator<Item = char> + Clone> Plain<I> {
    fn new(chars: I) -> Self {
        Self { chars: chars.peekable() }
    }

    /// Steps over `[…m` behind an escape; anything else behind it stays.
    fn colour(&mut self) -> bool {
        let mut ahead = self.chars.clone();
        if ahead.next() != Some('[') {
            return false;
        }
        // No colour needs more: a longer run of parameters is not one.
        for c in ahead.by_ref().take(32) {
            match c {
                '0'..='9' | ';' | ':' => {}
                'm' => {
                    self.chars = ahead;
                    return true;
                }
                _ => return false,
            }
        }
        false
    }
}

impl<I: Iterator<Item = char> + Clone> Iterator for Plain<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            match self.chars.next()? {
                '\u{feff}' | '\u{200b}' | '\u{2060}' => {}
                '\x1b' if self.colour() => {}
                c => return Some(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        whole(text).into_iter().collect()
    }

    #[test]
    fn what_a_copy_changes_is_folded_away() {
        assert_eq!(folded("  a\t\tb \r\n\n c\u{a0}d  "), "a b c d");
        assert_eq!(folded("\u{feff}a\u{200b}b\u{2060}c"), "abc");
        assert_eq!(folded("\x1b[1;31mERROR\x1b[0m pool"), "ERROR pool");
        assert_eq!(folded("cafe\u{301}"), "caf\u{e9}", "one character, spelt in two ways");
        assert_eq!(folded("\u{1112}\u{1161}\u{11ab}"), "\u{d55c}", "Hangul too");
    }

    #[test]
    fn what_changes_a_word_is_kept() {
        for kept in ["10²", "ﬁle", "IO io", "می\u{200c}خواهم", "a\u{202e}b", "\x1b]0;x\x07", "\x1b[2J", "ſ"]
        {
            assert_eq!(folded(kept), kept, "{kept:?}");
        }
    }

    #[test]
    fn each_character_knows_its_line() {
        let mut seen = Vec::new();
        each("a\nb\n\n c", |at| {
            seen.push(at);
            true
        });
        assert_eq!(seen, [('a', 1), (' ', 1), ('b', 2), (' ', 2), ('c', 4)]);
    }
}
