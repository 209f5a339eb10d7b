//! Sequences beside the cells: title, bell, clipboard, notification. Bytes only; nothing is written here.

use base64::Engine as _;

use crate::domain::Untrusted;

/// Longest title or notification, in characters.
const WORDS_MAX: usize = 120;

/// What a copy put on the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The exact text.
    Exact,
    /// The text with everything but printable ASCII escaped: pasting the exact one could do harm.
    Escaped,
}

/// Sets the window's title. `words` are ours; whatever else got into them becomes a question mark.
pub(super) fn title(words: &str) -> Vec<u8> {
    format!("\x1b]2;{}\x1b\\", plain(words)).into_bytes()
}

/// A desktop notification (OSC 9). The fixed start keeps it from reading as one of the commands that some terminals
/// put under the same number.
pub(super) fn notification(words: &str) -> Vec<u8> {
    format!("\x1b]9;holdpoint: {}\x1b\\", plain(words)).into_bytes()
}

/// Puts text on the clipboard of the person's own machine (OSC 52).
pub(super) fn copy(text: &Untrusted) -> (Vec<u8>, Copied) {
    let harmless = text.expose().bytes().all(|b| matches!(b, b' '..=b'~'));
    let (text, copied) =
        if harmless { (text.expose().to_owned(), Copied::Exact) } else { (text.escaped(), Copied::Escaped) };
    let coded = base64::engine::general_purpose::STANDARD.encode(text);
    (format!("\x1b]52;c;{coded}\x1b\\").into_bytes(), copied)
}

fn plain(words: &str) -> String {
    words.chars().take(WORDS_MAX).map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "x\x1b\\\x07\u{9c}\x1b]52;c;ZXZpbA==\x07\u{202e}é\n";

    /// The payload between the introducer and the terminator, which must be the only control characters.
    fn payload(bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let inner = text.strip_prefix("\x1b]").unwrap().strip_suffix("\x1b\\").unwrap().to_owned();
        assert!(inner.chars().all(|c| matches!(c, ' '..='~')), "{inner:?}");
        inner
    }

    #[test]
    fn nothing_that_ends_or_starts_a_sequence_gets_into_one() {
        assert_eq!(payload(&title(HOSTILE)), "2;x?\\???]52;c;ZXZpbA==????");
        assert_eq!(payload(&notification("4;1;50")), "9;holdpoint: 4;1;50");
        assert!(payload(&title(&"a".repeat(1000))).len() < 200);
    }

    #[test]
    fn a_copy_is_exact_when_harmless_and_says_when_it_is_not() {
        let decode = |bytes: &[u8]| {
            let coded = payload(bytes).strip_prefix("52;c;").unwrap().to_owned();
            String::from_utf8(base64::engine::general_purpose::STANDARD.decode(coded).unwrap()).unwrap()
        };
        let (bytes, copied) = copy(&Untrusted::from("kubectl get pods -l 'a=b'"));
        assert_eq!((decode(&bytes).as_str(), copied), ("kubectl get pods -l 'a=b'", Copied::Exact));
        let (bytes, copied) = copy(&Untrusted::from("ls\nrm -rf /\u{200b}"));
        assert_eq!((decode(&bytes).as_str(), copied), ("ls\\u{a}rm -rf /\\u{200b}", Copied::Escaped));
    }
}
