//! A text of SQL to its statements: quotes, dollar quotes and comments are respected.

use super::Client;

/// The statements of a text, without comments.
pub(super) fn statements(text: &str, client: Client) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut done = Vec::new();
    let mut current = String::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        match c {
            '\'' | '"' | '`' => at = quoted(&chars, at, c, &mut current, client),
            '$' => at = dollar(&chars, at, &mut current),
            '-' if next == Some('-') => at = line_end(&chars, at),
            '#' if client == Client::Mysql => at = line_end(&chars, at),
            '/' if next == Some('*') => at = comment(&chars, at, &mut current, client),
            ';' => {
                done.push(std::mem::take(&mut current));
                at += 1;
            }
            c => {
                current.push(c);
                at += 1;
            }
        }
    }
    done.push(current);
    done.retain(|text| !text.trim().is_empty());
    done
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n)
}

fn quoted(chars: &[char], at: usize, quote: char, current: &mut String, client: Client) -> usize {
    current.push(quote);
    let mut at = at + 1;
    while at < chars.len() {
        let c = chars[at];
        current.push(c);
        at += 1;
        if c == '\\' && client == Client::Mysql && at < chars.len() {
            current.push(chars[at]);
            at += 1;
        } else if c == quote {
            break;
        }
    }
    at
}

/// `$tag$ … $tag$`.
fn dollar(chars: &[char], at: usize, current: &mut String) -> usize {
    let part = |c: &&char| c.is_alphanumeric() || **c == '_';
    let tag: String = chars[at + 1..].iter().take_while(part).take(64).collect();
    let width = tag.chars().count();
    if chars.get(at + 1 + width) != Some(&'$') {
        current.push('$');
        return at + 1;
    }
    let mark: Vec<char> = std::iter::once('$').chain(tag.chars()).chain(std::iter::once('$')).collect();
    let mut end = at + mark.len();
    while end < chars.len() && !chars[end..].starts_with(&mark) {
        end += 1;
    }
    let end = (end + mark.len()).min(chars.len());
    current.extend(&chars[at..end]);
    end
}

/// A comment goes; what `MySQL` runs in `/*! … */` stays.
fn comment(chars: &[char], at: usize, current: &mut String, client: Client) -> usize {
    let nests = client != Client::Mysql && client != Client::Sqlite;
    let runs = client != Client::Postgres && chars.get(at + 2) == Some(&'!');
    if runs {
        let from = at + 3;
        let digits = chars[from..].iter().take_while(|c| c.is_ascii_digit()).count();
        let end = (from..chars.len()).find(|i| chars[*i..].starts_with(&['*', '/'])).unwrap_or(chars.len());
        current.push(' ');
        current.extend(&chars[(from + digits).min(end)..end]);
        current.push(' ');
        return (end + 2).min(chars.len());
    }
    let mut depth = 1;
    let mut at = at + 2;
    while at < chars.len() && depth > 0 {
        if nests && chars[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if chars[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    current.push(' ');
    at
}

/// How many operators a statement has, counted from above.
pub(super) fn operators(text: &str) -> usize {
    let marks = text
        .chars()
        .filter(|c| {
            matches!(
                c,
                '+' | '-' | '*' | '/' | '|' | '=' | '<' | '>' | '%' | '^' | '&' | '~' | '!' | '[' | ':' | '.'
            )
        })
        .count();
    let lower = text.to_lowercase();
    let words = [
        " and ",
        " or ",
        "union",
        "intersect",
        "except",
        " not ",
        " is ",
        "join",
        "collate",
        "case",
        "xor",
        " in ",
        "between",
        "like",
    ];
    marks + words.iter().map(|word| lower.matches(word).count()).sum::<usize>()
}
