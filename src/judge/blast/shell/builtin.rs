//! What the shell does itself: directories, variables, text that becomes commands, and what `echo` prints.

use super::scope::Scope;
use super::{expand, walk};
use crate::judge::blast::call::{Arg, Input};
use crate::judge::blast::file;
use crate::judge::blast::finding::{Finding, target};
use crate::judge::blast::judge::Judge;

/// Judges a builtin; `false` where it is none that needs the script's scope.
pub(super) fn run(judge: &mut Judge<'_>, name: &str, argv: &[Arg], stdin: &Input, scope: &mut Scope) -> bool {
    let args = &argv[1..];
    match name {
        "cd" | "pushd" => change_directory(judge, args),
        "eval" => evaluate(judge, args, stdin, scope),
        "exec" => replace(judge, args, stdin, scope),
        "source" | "." => source(judge, args),
        "trap" => {
            if let Some(first) =
                args.first().filter(|first| first.text != "-" && first.text != "-l" && first.text != "-p")
            {
                text(judge, first, stdin, scope);
            }
        }
        "alias" => {
            for arg in args {
                if let Some((name, text)) = arg.text.split_once('=') {
                    scope.alias(name, text);
                }
            }
        }
        "set" => set(args, argv, scope),
        "shift" => {
            if scope.args.len() > 1 {
                scope.args.remove(1);
            }
        }
        "read" | "mapfile" | "readarray" | "getopts" => {
            for arg in args.iter().filter(|arg| !arg.text.starts_with('-')) {
                scope.blur(&arg.text);
            }
        }
        "printf" if args.first().is_some_and(|arg| arg.text == "-v") => {
            let Some(name) = args.get(1) else { return true };
            let value = match formatted(args.get(2..).unwrap_or_default()) {
                Some(text) => Arg::sure(text),
                None => Arg::unsure(format!("${}", name.text)),
            };
            scope.set(&name.text, vec![value]);
        }
        "export" | "declare" | "local" | "typeset" | "readonly" => declare(judge, name, args, scope),
        "unset" => args.iter().for_each(|arg| scope.blur(&arg.text)),
        "test" | "[" => args.iter().for_each(|arg| expand::subscripts(judge, &arg.text)),
        "enable" => {
            if let Some(at) = args.iter().position(|arg| arg.text == "-f") {
                let file = args.get(at + 1).map_or("", |arg| &arg.text);
                judge.say(
                    Finding::opaque("shell.enable", "a builtin is loaded from a file")
                        .on(target("file", None, file)),
                );
            }
        }
        "command" | "builtin" if args.first().is_some_and(|arg| !arg.text.starts_with('-')) => {
            return inner_builtin(judge, args, stdin, scope);
        }
        _ => return false,
    }
    true
}

/// `command eval …` is eval; `command kubectl …` is a program, not a function of that name.
fn inner_builtin(judge: &mut Judge<'_>, args: &[Arg], stdin: &Input, scope: &mut Scope) -> bool {
    match args.first().filter(|arg| arg.sure && !matches!(arg.text.as_str(), "command" | "builtin")) {
        Some(first) => run(judge, &first.text.clone(), args, stdin, scope),
        None => false,
    }
}

fn change_directory(judge: &mut Judge<'_>, args: &[Arg]) {
    let Some(to) = args.iter().find(|arg| !arg.text.starts_with('-')) else {
        judge.cwd = Some("~".into());
        return;
    };
    judge.cwd = to
        .sure
        .then(|| file::whole(judge, &to.text))
        .filter(|path| path.starts_with('/') || path.starts_with('~'));
}

fn text(judge: &mut Judge<'_>, arg: &Arg, stdin: &Input, scope: &mut Scope) {
    if arg.sure {
        judge.deeper(|judge| super::script(judge, &arg.text, stdin, scope));
    } else {
        judge.opaque("shell.eval", "text becomes commands that is put together only when it runs");
    }
}

fn evaluate(judge: &mut Judge<'_>, args: &[Arg], stdin: &Input, scope: &mut Scope) {
    let all: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
    let joined = Arg { text: all.join(" "), sure: args.iter().all(|arg| arg.sure) };
    text(judge, &joined, stdin, scope);
}

fn replace(judge: &mut Judge<'_>, args: &[Arg], stdin: &Input, scope: &mut Scope) {
    let mut rest = args;
    while let Some(first) = rest.first().filter(|first| first.text.starts_with('-')) {
        let takes = first.text == "-a";
        rest = rest.get(1 + usize::from(takes)..).unwrap_or_default();
    }
    if !rest.is_empty() {
        walk::run(judge, rest.to_vec(), stdin, scope);
    }
}

fn source(judge: &mut Judge<'_>, args: &[Arg]) {
    let file = args.first().map_or("", |arg| &arg.text);
    if file != "/dev/null" {
        let what = target("file", None, file);
        judge.say(Finding::opaque("shell.source", "what the file would do is not in the action").on(what));
    }
}

fn set(args: &[Arg], argv: &[Arg], scope: &mut Scope) {
    let plain = args.first().is_some_and(|arg| !arg.text.starts_with(['-', '+']));
    let from = args.iter().position(|arg| arg.text == "--").map(|at| at + 1).or(plain.then_some(0));
    if let Some(from) = from {
        let mut list = vec![argv[0].clone()];
        list.extend_from_slice(args.get(from..).unwrap_or_default());
        scope.args = list;
    }
}

/// The assignments themselves were read by the parser; what is left are names, and references to names.
fn declare(judge: &mut Judge<'_>, name: &str, args: &[Arg], scope: &mut Scope) {
    let reference =
        name != "export" && args.iter().any(|arg| arg.text.starts_with('-') && arg.text.contains('n'));
    if reference {
        judge.opaque(
            "shell.reference",
            "a variable stands for another one, so what is set is decided only when it runs",
        );
    }
    for arg in args {
        if let Some((name, value)) = arg.text.split_once('=') {
            let value = Arg { text: value.into(), sure: arg.sure };
            walk::variable(judge, name, &value);
            scope.set(name, vec![value]);
        }
    }
}

/// What a command prints, where the text says it all.
pub(super) fn output(argv: &[Arg], stdin: &Input) -> Input {
    let Some(first) = argv.first().filter(|_| argv.iter().all(|arg| arg.sure)) else { return Input::Unknown };
    let args = &argv[1..];
    match first.text.as_str() {
        "echo" => echo(args).map_or(Input::Unknown, Input::Known),
        "printf" if args.first().is_some_and(|arg| arg.text != "-v") => {
            formatted(args).map_or(Input::Unknown, Input::Known)
        }
        "cat" | "tee" if args.iter().all(|arg| arg.text == "-" || first.text == "tee") => stdin.clone(),
        ":" | "true" | "false" | "cd" | "set" | "export" | "unset" | "shopt" | "sleep" | "wait" => {
            Input::None
        }
        _ => Input::Unknown,
    }
}

fn echo(args: &[Arg]) -> Option<String> {
    let is_flag = |arg: &&Arg| {
        arg.text.len() > 1 && arg.text.starts_with('-') && arg.text[1..].chars().all(|c| "neE".contains(c))
    };
    let flags: String = args.iter().take_while(is_flag).map(|arg| arg.text.as_str()).collect();
    let rest: Vec<&str> = args.iter().skip_while(is_flag).map(|arg| arg.text.as_str()).collect();
    let mut text = rest.join(" ");
    // What files a pattern stands for is not in the text; a `*` in a sentence does no harm.
    if flags.contains('e') {
        text = unescaped(&text)?;
    }
    if !flags.contains('n') {
        text.push('\n');
    }
    Some(text)
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\\' {
            let (used, value) = super::word::unescape(rest);
            bytes.extend(value);
            rest = rest.get(used..)?;
        } else {
            bytes.extend(c.to_string().into_bytes());
        }
    }
    String::from_utf8(bytes).ok()
}

/// `printf` with `%s`, `%d` and escapes; anything else is not followed.
fn formatted(args: &[Arg]) -> Option<String> {
    let args = if args.first().is_some_and(|arg| arg.text == "--") { &args[1..] } else { args };
    let (format, values) = args.split_first()?;
    if args.iter().any(|arg| !arg.sure) {
        return None;
    }
    let format = unescaped(&format.text)?;
    let mut values = values.iter();
    let mut out = String::new();
    loop {
        let left = values.len();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            match (c, if c == '%' { chars.next() } else { None }) {
                ('%', Some('s' | 'd')) => out.push_str(values.next().map_or("", |arg| &arg.text)),
                ('%', Some('b')) => out.push_str(&unescaped(values.next().map_or("", |arg| &arg.text))?),
                ('%', Some('%')) => out.push('%'),
                ('%', _) => return None,
                (c, _) => out.push(c),
            }
        }
        if values.len() == 0 || values.len() == left || out.len() > 64 * 1024 {
            return Some(out);
        }
    }
}
