//! Marks in a text which say that something of it is missing.
//!
//! Whoever cuts or redacts a text usually says so in it, in words of their own. A mark that is no mark costs little: the
//! answer is *cannot tell* instead of *not found*. A mark that is missed would call an honest citation invented.

/// Words beside which a bracket or an ellipsis marks a cut.
const CUT: &[&str] = &["truncated", "omitted", "elided", "more lines", "more bytes", "output cut", "snipped"];
/// What stands in the place of a secret.
const REDACTED: &[&str] =
    &["[redacted", "<redacted", "«redacted", "{redacted", "(redacted", "****", "█", "[masked", "[filtered"];
/// How far from the word its bracket or ellipsis may stand, in bytes.
const NEAR: usize = 48;

/// Whether a text says that it was cut.
pub(super) fn cut(text: &str) -> bool {
    CUT.iter().any(|word| {
        places(text, word).any(|at| {
            let from = text.floor_char_boundary(at.saturating_sub(NEAR));
            let to = text.floor_char_boundary((at + word.len() + NEAR).min(text.len()));
            let around = &text[from..to];
            ["...", "…", "[", "<", "(", "--"].iter().any(|mark| around.contains(mark))
        })
    })
}

/// Whether a text holds redactions.
pub(super) fn redacted(text: &str) -> bool {
    REDACTED.iter().any(|mark| places(text, mark).next().is_some())
}

/// Where an ASCII-caseless word stands.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let first = word.as_bytes().first().copied().unwrap_or_default();
    let bytes = text.as_bytes();
    (0..bytes.len()).filter(move |at| {
        bytes[*at].eq_ignore_ascii_case(&first)
            && bytes.get(*at..at + word.len()).is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_a_cut_are_seen_and_a_bare_word_is_not_one() {
        for cut_text in
            ["a\n[... 12 lines omitted ...]\nb", "x… +20 more lines", "…output TRUNCATED", "é (Truncated)"]
        {
            assert!(cut(cut_text), "{cut_text}");
        }
        for whole in ["TRUNCATE TABLE orders", "the file was truncated by logrotate", ""] {
            assert!(!cut(whole), "{whole}");
        }
    }

    #[test]
    fn marks_of_a_redaction_are_seen() {
        assert!(redacted("password=[REDACTED]") && redacted("token ********") && redacted("key █████"));
        assert!(!redacted("2 ** 3, ***bold***") && !redacted("redacted"));
    }
}
