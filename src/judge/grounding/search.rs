//! An excerpt in a text, both folded: linear time, memory of the excerpt only.
//!
//! The search is Knuth, Morris and Pratt's (SIAM J. Comput. 6(2), 1977): it never looks back in the text, so that the
//! text need not be held folded. Where the excerpt stands in the text byte for byte, the standard library finds it first.

use std::collections::VecDeque;

use super::fold;

/// Where an excerpt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// The line it begins in, counted from 1.
    pub first: u32,
    /// The line it ends in.
    pub last: u32,
}

/// An excerpt, folded and ready to be searched for.
#[derive(Clone, Debug)]
pub(super) struct Excerpt {
    raw: Box<str>,
    chars: Vec<char>,
    /// For each length matched, how much of it is still matched when the next character differs.
    back: Vec<usize>,
}

impl Excerpt {
    pub(super) fn new(text: &str) -> Self {
        let chars = fold::whole(text);
        let mut back = vec![0; chars.len()];
        let mut matched = 0;
        for at in 1..chars.len() {
            while matched > 0 && chars[at] != chars[matched] {
                matched = back[matched - 1];
            }
            matched += usize::from(chars[at] == chars[matched]);
            back[at] = matched;
        }
        Self { raw: text.trim().into(), chars, back }
    }

    /// How many characters there are that are not blank.
    pub(super) fn solid(&self) -> usize {
        self.chars.iter().filter(|c| **c != ' ').count()
    }

    /// The first place where it stands.
    pub(super) fn find(&self, text: &str) -> Option<Lines> {
        if self.chars.is_empty() {
            return None;
        }
        if let Some(at) = text.find(&*self.raw) {
            let first = 1 + breaks(&text[..at]);
            return Some(Lines { first, last: first + breaks(&self.raw) });
        }
        self.folded(text)
    }

    fn folded(&self, text: &str) -> Option<Lines> {
        let mut matched = 0;
        let mut found = None;
        // The lines of the last characters, as many as the excerpt has: where a match ends, the oldest is its first.
        let mut lines = VecDeque::with_capacity(self.chars.len() + 1);
        fold::each(text, |(c, line)| {
            if lines.len() == self.chars.len() {
                lines.pop_front();
            }
            lines.push_back(line);
            while matched > 0 && self.chars[matched] != c {
                matched = self.back[matched - 1];
            }
            matched += usize::from(self.chars[matched] == c);
            if matched == self.chars.len() {
                found = lines.front().map(|first| Lines { first: *first, last: line });
            }
            found.is_none()
        });
        found
    }
}

fn breaks(text: &str) -> u32 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(excerpt: &str, text: &str) -> Option<(u32, u32)> {
        Excerpt::new(excerpt).find(text).map(|lines| (lines.first, lines.last))
    }

    #[test]
    fn an_excerpt_is_found_with_its_lines() {
        assert_eq!(lines("pool timeout", "a\nERROR pool timeout\n"), Some((2, 2)));
        assert_eq!(lines("pool   timeout\t5", "a\nb pool\n timeout 5 c"), Some((2, 3)));
        assert_eq!(lines("b c", "a\nb\n\n\nc"), Some((2, 5)));
        assert_eq!(lines("aab", "aaab"), Some((1, 1)), "after a false start");
        assert_eq!(lines("ошибка пула", "INFO\nошибка  пула"), Some((2, 2)));
        assert_eq!(lines("", "abc"), None);
        assert_eq!(lines("abd", "ab c d"), None, "blanks are folded, not dropped");
    }

    proptest! {
        /// A piece of a text is found in it however its blanks are spread, and by the definition of a substring.
        #[test]
        fn folding_and_searching_agree_with_searching_what_is_folded(
            text in "[ab \n\té\u{301}]{0,60}", excerpt in "[ab \né\u{301}]{1,8}"
        ) {
            let folded = |text: &str| fold::whole(text).into_iter().collect::<String>();
            let wanted = folded(&excerpt);
            let expected = !wanted.is_empty() && (folded(&text).contains(&wanted) || text.contains(excerpt.trim()));
            prop_assert_eq!(Excerpt::new(&excerpt).find(&text).is_some(), expected);
        }

        #[test]
        fn the_lines_named_hold_the_excerpt(text in "[abc \n]{0,60}", excerpt in "[abc \n]{1,8}") {
            if let Some((first, last)) = lines(&excerpt, &text) {
                let all: Vec<&str> = text.split('\n').collect();
                let named = all[first as usize - 1..last as usize].join("\n");
                prop_assert!(lines(&excerpt, &named).is_some());
            }
        }
    }
}
