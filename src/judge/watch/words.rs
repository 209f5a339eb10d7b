//! A line cut into words, and the shape of a word that is a name in a cluster.
//!
//! A word is a run of letters, digits, `.`, `_` and `-`. What separates words is kept, because it tells a path
//! (`/var/log/error`) from a statement, and a setting (`timeout: 30`) from an event.

/// One word of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Its text, without dots and hyphens at its ends.
    pub(super) text: &'a str,
    /// The character before it; a blank at the beginning.
    pub(super) before: char,
    /// The line behind it.
    pub(super) rest: &'a str,
}

impl<'a> Word<'a> {
    /// What stands between it and the next word.
    pub(super) fn after(self) -> &'a str {
        &self.rest[..self.rest.find(inside).unwrap_or(self.rest.len())]
    }
}

fn inside(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// The words of a line.
pub(super) fn words(line: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = line;
    let mut before = ' ';
    std::iter::from_fn(move || {
        let at = rest.find(inside)?;
        before = rest[..at].chars().next_back().unwrap_or(before);
        rest = &rest[at..];
        let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let whole = &rest[..end];
        let text = whole.trim_matches(['.', '-']);
        let word =
            Word { text, before: if whole.starts_with('-') { '-' } else { before }, rest: &rest[end..] };
        rest = &rest[end..];
        before = ' ';
        Some(word)
    })
    .filter(|word| !word.text.is_empty())
}

/// A pod's name without what its controller added: `geo-6b4b89b5f5-zl7gp` is of `geo`, `db-0` of `db`. `None` where
/// nothing was added.
pub(super) fn workload(name: &str) -> Option<&str> {
    let (head, tail) = name.rsplit_once('-')?;
    let is_pod = tail.len() == 5 && tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let set = head.rsplit_once('-').filter(|(_, hash)| is_hash(hash));
    match set {
        Some((base, _)) if is_pod && !base.is_empty() => Some(base),
        _ if is_hash(tail) && tail.bytes().any(|b| b.is_ascii_digit()) && !head.is_empty() => Some(head),
        _ if !tail.is_empty() && tail.len() <= 3 && tail.bytes().all(|b| b.is_ascii_digit()) => {
            Some(head).filter(|head| !head.is_empty())
        }
        _ => None,
    }
}

/// A replica set's hash.
fn is_hash(text: &str) -> bool {
    (6..=10).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z'))
        && text.bytes().any(|b| b.is_ascii_digit())
}

/// A line without the escape sequences that colour it.
pub(super) fn plain(line: &str) -> std::borrow::Cow<'_, str> {
    if !line.contains('\x1b') {
        return line.into();
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let length = behind
            .strip_prefix('[')
            .and_then(|parameters| parameters.find(|c: char| c.is_ascii_alphabetic()))
            .filter(|end| *end < 32);
        rest = length.map_or(behind, |end| &behind[end + 2..]);
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_what_stands_around_them() {
        let found: Vec<_> =
            words("err: \"no-go.\" /var/x=1 --y").map(|w| (w.text, w.before, w.after())).collect();
        assert_eq!(
            found,
            [
                ("err", ' ', ": \""),
                ("no-go", '"', "\" /"),
                ("var", '/', "/"),
                ("x", '/', "="),
                ("1", '=', " "),
                ("y", '-', "")
            ]
        );
        assert_eq!(words(" ... -- ").count(), 0);
    }

    #[test]
    fn what_a_controller_added_to_a_name_is_taken_off() {
        for (name, of) in [
            ("basket-6b4b89b5f5-zl7gp", Some("basket")),
            ("basket-store-7c9d5b6f44-8xkqz", Some("basket-store")),
            ("basket-7c9d5b6f44", Some("basket")),
            ("basket-db-0", Some("basket-db")),
            ("basket-store", None),
            ("basket", None),
            ("a-b-c", None),
            ("-0", None),
            ("order-service", None),
        ] {
            assert_eq!(workload(name), of, "{name}");
        }
    }

    #[test]
    fn colours_are_taken_off_and_nothing_else() {
        assert_eq!(plain("\x1b[1;31mERR\x1b[0m x"), "ERR x");
        assert_eq!(plain("a\x1b"), "a");
        assert_eq!(plain("é\x1b[é"), "é[é");
    }
}
