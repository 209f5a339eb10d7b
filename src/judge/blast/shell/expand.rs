//! Words to arguments: what the shell would put in their place, as far as the text says.

use super::scope::Scope;
use super::syntax::{Param, Piece, Word};
use super::walk;
use crate::judge::blast::call::{Arg, Input};
use crate::judge::blast::judge::Judge;

/// How many arguments one word may become.
const FIELDS_MAX: usize = 64;
/// Longest argument that is built, in bytes.
const FIELD_MAX_BYTES: usize = 64 * 1024;

/// One or more arguments of each word.
pub(super) fn words(judge: &mut Judge<'_>, words: &[Word], scope: &mut Scope) -> Vec<Arg> {
    let mut all = Vec::new();
    for word in words {
        for word in braces(word) {
            all.extend(fields(judge, &word, scope));
        }
    }
    all
}

/// The whole word as one argument, not split.
pub(super) fn whole(judge: &mut Judge<'_>, word: &Word, scope: &mut Scope) -> Arg {
    let mut out = Arg::sure("");
    for piece in word {
        for (index, arg) in piece_of(judge, piece, scope).into_iter().enumerate() {
            if index > 0 {
                out.text.push(' ');
            }
            join(&mut out, &arg);
        }
    }
    out
}

fn join(out: &mut Arg, next: &Arg) {
    out.sure &= next.sure;
    if out.text.len() + next.text.len() <= FIELD_MAX_BYTES {
        out.text.push_str(&next.text);
    } else {
        out.sure = false;
    }
}

/// Whether a pattern would be matched against files.
pub(super) fn has_pattern(word: &Word) -> bool {
    word.iter()
        .any(|piece| matches!(piece, Piece::Text { text, quoted: false } if text.contains(['*', '?', '['])))
}

fn is_quoted(piece: &Piece) -> bool {
    match piece {
        Piece::Text { .. } | Piece::Process { .. } | Piece::Arithmetic(_) => true,
        Piece::Param(param) => param.quoted,
        Piece::Output { quoted, .. } => *quoted,
    }
}

fn fields(judge: &mut Judge<'_>, word: &Word, scope: &mut Scope) -> Vec<Arg> {
    let mut done: Vec<Arg> = Vec::new();
    let mut current: Option<Arg> = None;
    let separators = scope.var("IFS").and_then(|value| value.first()).map(|arg| arg.text.clone());
    for piece in word {
        let values = piece_of(judge, piece, scope);
        let list = matches!(piece, Piece::Param(param) if is_list(param) && param.quoted);
        if is_quoted(piece) && !list {
            let out = current.get_or_insert_with(|| Arg::sure(""));
            values.iter().for_each(|value| join(out, value));
            continue;
        }
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                done.extend(current.take());
            }
            if list || !value.sure {
                join(current.get_or_insert_with(|| Arg::sure("")), value);
            } else {
                split(&value.text, separators.as_deref(), &mut current, &mut done);
            }
        }
    }
    done.extend(current);
    if done.len() > FIELDS_MAX {
        done.truncate(FIELDS_MAX);
        done.push(Arg::unsure("..."));
    }
    done
}

fn split(text: &str, separators: Option<&str>, current: &mut Option<Arg>, done: &mut Vec<Arg>) {
    let separators = separators.unwrap_or(" \t\n");
    for c in text.chars() {
        if separators.contains(c) {
            done.extend(current.take());
        } else {
            current.get_or_insert_with(|| Arg::sure("")).text.push(c);
        }
    }
}

fn is_list(param: &Param) -> bool {
    param.name == "@" || param.index.as_deref() == Some("@")
}

fn piece_of(judge: &mut Judge<'_>, piece: &Piece, scope: &mut Scope) -> Vec<Arg> {
    match piece {
        Piece::Text { text, .. } => vec![Arg::sure(text.clone())],
        Piece::Param(param) => parameter(judge, param, scope),
        Piece::Output { body, .. } => {
            let mut inner = scope.clone();
            match walk::nodes(judge, body, &Input::None, &mut inner) {
                Input::Known(text) => vec![Arg::sure(text.trim_end_matches('\n'))],
                Input::None | Input::Unknown => vec![Arg::unsure("$(...)")],
            }
        }
        Piece::Arithmetic(word) => {
            let inner = whole(judge, word, scope);
            subscripts(judge, &inner.text);
            vec![Arg::unsure("$((...))")]
        }
        Piece::Process { body, writes } => {
            let mut inner = scope.clone();
            let stdin = if *writes { Input::Unknown } else { Input::None };
            walk::nodes(judge, body, &stdin, &mut inner);
            vec![Arg::sure("/dev/fd/63")]
        }
    }
}

/// Arithmetic and `test -v` expand what stands in the brackets of an array, even where it came as text.
pub(super) fn subscripts(judge: &mut Judge<'_>, text: &str) {
    let Some(from) = text.find("[$(").or_else(|| text.find("[`")) else { return };
    let inner = &text[from + 1..];
    if inner.starts_with("$(...)") {
        return;
    }
    let end = inner.rfind(']').unwrap_or(inner.len());
    let inner = inner[..end].to_owned();
    judge.deeper(|judge| super::judge(judge, &format!("echo {inner}"), &Input::None, &[]));
}

fn parameter(judge: &mut Judge<'_>, param: &Param, scope: &mut Scope) -> Vec<Arg> {
    let word = whole(judge, &param.word, scope);
    let unknown = || vec![Arg::unsure(format!("${}", param.name))];
    if param.odd {
        return unknown();
    }
    let value = current(param, scope);
    match (param.op.as_str(), value) {
        ("", Some(value)) => value,
        (":-" | "-" | ":=" | "=" | ":?" | "?", Some(value))
            if value.iter().any(|arg| !arg.text.is_empty()) =>
        {
            value
        }
        (":", Some(value)) if is_list(param) => {
            let skip = word.text.trim().parse::<usize>().unwrap_or(0);
            // `$0` is in the list from which `${@:1}` counts.
            if param.name == "@" {
                scope.args.iter().skip(skip.max(1)).cloned().collect()
            } else {
                value.into_iter().skip(skip).collect()
            }
        }
        _ => unknown(),
    }
}

fn current(param: &Param, scope: &Scope) -> Option<Vec<Arg>> {
    let name = param.name.as_str();
    let behind = || scope.args.get(1..).unwrap_or_default().to_vec();
    match name {
        "HOME" => Some(vec![Arg::sure("~")]),
        "@" if !scope.args.is_empty() => Some(behind()),
        "*" if !scope.args.is_empty() => {
            let text: Vec<&str> = scope.args.iter().skip(1).map(|arg| arg.text.as_str()).collect();
            let joined = Arg { text: text.join(" "), sure: scope.args.iter().skip(1).all(|arg| arg.sure) };
            Some(vec![joined])
        }
        _ if name.chars().all(|c| c.is_ascii_digit()) => {
            let number: usize = name.parse().ok()?;
            scope.args.get(number).map(|arg| vec![arg.clone()])
        }
        _ => {
            let value = scope.var(name)?;
            match param.index.as_deref() {
                None => Some(value.first().cloned().into_iter().collect()),
                Some("@" | "*") => Some(value.clone()),
                Some(index) => {
                    index.parse::<usize>().ok().and_then(|at| value.get(at)).map(|arg| vec![arg.clone()])
                }
            }
        }
    }
}

/// `a{b,c}d`, `{1..3}`: the words it stands for, before anything else is expanded.
fn braces(word: &Word) -> Vec<Word> {
    let mut ready: Vec<Word> = Vec::new();
    let mut waiting = vec![word.clone()];
    while let Some(word) = waiting.pop() {
        if ready.len() + waiting.len() >= FIELDS_MAX {
            ready.push(word);
            continue;
        }
        match first_brace(&word) {
            Some(options) => waiting.extend(options.into_iter().rev()),
            None => ready.push(word),
        }
    }
    ready
}

/// The alternatives of the first brace that has some, each with what stands around it.
fn first_brace(word: &Word) -> Option<Vec<Word>> {
    for (at, piece) in word.iter().enumerate() {
        let Piece::Text { text, quoted: false } = piece else { continue };
        for (open, _) in text.match_indices('{') {
            let Some((options, close)) = alternatives(&text[open..]) else { continue };
            let build = |option: String| {
                let mut built: Word = word[..at].to_vec();
                let middle = format!("{}{}", &text[..open], option);
                built.push(Piece::Text { text: middle, quoted: false });
                built.push(Piece::Text { text: text[open + close..].to_owned(), quoted: false });
                built.extend_from_slice(&word[at + 1..]);
                built
            };
            return Some(options.into_iter().map(build).collect());
        }
    }
    None
}

/// Of text that begins with `{`: the alternatives, and where the brace ends.
fn alternatives(text: &str) -> Option<(Vec<String>, usize)> {
    let mut depth = 0_u32;
    let (mut parts, mut from) = (Vec::new(), 1);
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => {
                parts.push(text[from..i].to_owned());
                if parts.len() == 1 {
                    parts = range(&parts[0])?;
                }
                return Some((parts, i + 1));
            }
            '}' => depth -= 1,
            ',' if depth == 1 => {
                parts.push(text[from..i].to_owned());
                from = i + 1;
            }
            _ => {}
        }
        if parts.len() > FIELDS_MAX {
            return None;
        }
    }
    None
}

fn range(text: &str) -> Option<Vec<String>> {
    let (low, high) = text.split_once("..")?;
    if let (Ok(low), Ok(high)) = (low.parse::<i32>(), high.parse::<i32>()) {
        let (from, to) = (low.min(high), low.max(high));
        let short = i64::from(to) - i64::from(from) < FIELDS_MAX as i64;
        return short.then(|| (from..=to).map(|n| n.to_string()).collect());
    }
    let (low, high) = (single(low)?, single(high)?);
    (low <= high && low.is_ascii() && high.is_ascii()).then(|| (low..=high).map(String::from).collect())
}

fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}
