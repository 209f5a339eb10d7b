//! Shells, languages, `awk` and `sed`: which text they run.

use super::Read;
use crate::judge::blast::call::{Arg, Call, Input, Parts};
use crate::judge::blast::finding::{Finding, target};
use crate::judge::blast::judge::Judge;
use crate::judge::blast::{code, shell as shells};

/// `bash`, `sh` and their relatives.
pub(super) fn shell(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    if parts.has("--version,--help") {
        judge.say(Finding::new(crate::domain::Tier::Ro, "shell.version", "it only says its version"));
        return Read::Done;
    }
    if let Some(file) = parts.value("--rcfile,--init-file") {
        let what = target("file", None, &file.text);
        judge.say(
            Finding::opaque("shell.start-file", "what the start file would do is not in the action").on(what),
        );
    }
    if parts.has("-n") && !parts.has("-c") {
        judge.say(Finding::new(crate::domain::Tier::Ro, "shell.checks", "it only checks the syntax"));
        return Read::Done;
    }
    let text = parts.value("-c").cloned();
    let operands: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    match (text, operands.first(), &call.stdin) {
        (Some(text), _, stdin) => {
            if text.sure {
                let args = if operands.is_empty() { vec![Arg::sure("sh")] } else { operands };
                judge.deeper(|judge| shells::judge(judge, &text.text, stdin, &args));
            } else {
                judge.opaque(
                    "shell.text",
                    "the text that the shell would run is put together only when it runs",
                );
            }
        }
        (None, Some(file), stdin) if !parts.has("-s") => match stdin {
            Input::Known(text) if file.text == "-" || file.text == "/dev/stdin" => {
                let text = text.clone();
                judge.deeper(|judge| shells::judge(judge, &text, &Input::None, &[]));
            }
            Input::Known(_) | Input::None | Input::Unknown => {
                let what = target("file", None, &file.text);
                judge.say(
                    Finding::opaque("shell.script", "what the script would do is not in the action").on(what),
                );
            }
        },
        (None, _, Input::Known(text)) => {
            let text = text.clone();
            let mut args = vec![Arg::sure("sh")];
            args.extend(operands);
            judge.deeper(|judge| shells::judge(judge, &text, &Input::None, &args));
        }
        (None, _, Input::Unknown) => {
            judge.opaque("shell.piped", "a shell runs what comes out of something else");
        }
        (None, _, Input::None) => judge.opaque("shell.typed", "what will be typed is not in the action"),
    }
    Read::Done
}

/// Python, Perl and other languages.
pub(super) fn interpreter(judge: &mut Judge<'_>, name: &str, parts: &mut Parts, call: &Call) -> Read {
    let language = code::language(name);
    let only_version = parts.operands.is_empty()
        && parts.options.iter().all(|given| {
            matches!(given.name.as_str(), "--version" | "-V" | "-v" | "--help" | "-h" | "-version")
        });
    if only_version && !parts.options.is_empty() {
        judge.say(Finding::new(crate::domain::Tier::Ro, "code.version", "it only says its version"));
        return Read::Done;
    }
    let in_place =
        parts.options.iter().any(|given| given.name == "-i") && matches!(language, "perl" | "ruby");
    let keys = if language == "php" {
        "-r"
    } else if language == "powershell" {
        "-c,-Command,-command"
    } else {
        "-c,-e,-E,--eval,--print,-p"
    };
    let texts: Vec<Arg> = parts.values(keys).filter(|arg| arg.text != "true").cloned().collect();
    if let Some(module) = parts.value("-m").cloned().filter(|_| language == "python") {
        judge.told("code", "module", &[("module", module.text.clone())], &[]);
        return python_module(judge, &module.text, parts);
    }
    if !texts.is_empty() {
        texts.iter().for_each(|text| code::run(judge, language, text));
        if in_place {
            for arg in parts.operands.clone() {
                crate::judge::blast::file::judge(judge, crate::judge::blast::file::Deed::Write, &arg);
            }
        } else if matches!(language, "perl" | "ruby") {
            for arg in parts.operands.clone() {
                crate::judge::blast::file::judge(judge, crate::judge::blast::file::Deed::Read, &arg);
            }
        }
        return Read::Done;
    }
    match (parts.operands.first(), &call.stdin) {
        (None, Input::Known(text)) => code::run(judge, language, &Arg::sure(text.clone())),
        (Some(first), Input::Known(text)) if first.text == "-" => {
            code::run(judge, language, &Arg::sure(text.clone()));
        }
        (Some(first), _) => {
            let what = target("file", None, &first.text);
            judge.say(
                Finding::opaque("code.script", "what the script would do is not in the action").on(what),
            );
        }
        (None, _) => judge.opaque("code.typed", "the program that it would run is not in the action"),
    }
    Read::Done
}

fn python_module(judge: &mut Judge<'_>, module: &str, parts: &Parts) -> Read {
    judge.found.pop();
    match module {
        "json.tool" | "timeit" | "calendar" | "platform" | "site" | "sysconfig" | "this" | "tabnanny"
        | "py_compile" | "ast" | "dis" | "base64" | "uuid" => {
            judge.say(Finding::new(
                crate::domain::Tier::Ro,
                "code.module-reads",
                "the module reads or computes",
            ));
        }
        "http.server" | "SimpleHTTPServer" => {
            let mut finding = Finding::new(
                crate::domain::Tier::H,
                "code.module-serves",
                "whoever reaches this machine can read the files",
            );
            let directory = parts.value("-d,--directory").map_or(".", |arg| &arg.text);
            finding.data = crate::domain::DataEffect::Read;
            finding.undo = crate::judge::blast::finding::Undo::Irreversible;
            judge.say(finding.on(target("directory", None, directory)));
        }
        "pip" => {
            let argv = std::iter::once(Arg::sure("pip"))
                .chain(parts.operands.iter().cloned())
                .chain(parts.after.iter().cloned())
                .collect();
            judge.deeper(|judge| judge.call(&Call::new(argv, Input::None)));
        }
        _ => judge.opaque("code.module", "what the module would do is not in the action"),
    }
    Read::Done
}

/// `awk`.
pub(super) fn awk(judge: &mut Judge<'_>, parts: &mut Parts, _call: &Call) -> Read {
    if let Some(file) = parts.value("-f,--file,-i,-l") {
        let what = target("file", None, &file.text);
        judge.say(Finding::opaque("code.script", "what the script would do is not in the action").on(what));
        return Read::Done;
    }
    let mut operands = parts.operands.iter().chain(&parts.after).cloned();
    let program = parts.value("-e,--source").cloned().or_else(|| operands.next());
    let files: Vec<Arg> = operands.collect();
    if let Some(program) = program {
        code::run(judge, "awk", &program);
    }
    for file in files.iter().filter(|arg| !arg.text.contains('=')) {
        crate::judge::blast::file::judge(judge, crate::judge::blast::file::Deed::Read, file);
    }
    Read::Done
}

/// `sed`: its `w` and `e` commands, and `-i`.
pub(super) fn sed(judge: &mut Judge<'_>, parts: &mut Parts, _call: &Call) -> Read {
    use crate::judge::blast::file::{self, Deed};
    if let Some(file) = parts.value("-f,--file") {
        let what = target("file", None, &file.text);
        judge.say(Finding::opaque("code.script", "what the script would do is not in the action").on(what));
        return Read::Done;
    }
    let given: Vec<Arg> = parts.values("-e,--expression").cloned().collect();
    let mut operands: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    let scripts = if given.is_empty() && !operands.is_empty() { vec![operands.remove(0)] } else { given };
    for script in &scripts {
        for line in script.text.split(['\n', ';']) {
            sed_command(judge, line.trim());
        }
    }
    let in_place = parts.options.iter().any(|given| given.name == "-i" || given.name == "--in-place");
    let deed = if in_place { Deed::Write } else { Deed::Read };
    if in_place {
        judge.say(Finding::new(crate::domain::Tier::Ro, "sed.in-place", "it changes files in place"));
        let mut back = Finding::new(crate::domain::Tier::Ro, "sed.in-place", "");
        back.undo = crate::judge::blast::finding::Undo::Rollback;
        judge.say(back);
    } else {
        judge.say(Finding::new(
            crate::domain::Tier::Ro,
            "sed.prints",
            "it only changes what goes through it",
        ));
    }
    operands.iter().for_each(|arg| file::judge(judge, deed, arg));
    Read::Done
}

fn sed_command(judge: &mut Judge<'_>, line: &str) {
    use crate::judge::blast::file::{self, Deed};
    let body = line.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | '$' | ' ' | '!'));
    if let Some(path) = body.strip_prefix("w ") {
        file::judge(judge, Deed::Write, &Arg { text: path.trim().into(), sure: true });
    } else if let Some(text) = body.strip_prefix("e ") {
        let text = text.to_owned();
        judge.deeper(|judge| shells::judge(judge, &text, &Input::None, &[]));
    }
    let Some(rest) =
        body.strip_prefix('s').filter(|rest| rest.chars().next().is_some_and(|c| !c.is_alphanumeric()))
    else {
        return;
    };
    let Some(mark) = rest.chars().next() else { return };
    let parts: Vec<&str> = rest[mark.len_utf8()..].split(mark).collect();
    let [.., replacement, flags] = parts.as_slice() else { return };
    if let Some((_, path)) = flags.split_once("w ") {
        file::judge(judge, Deed::Write, &Arg::sure(path.trim()));
    }
    if flags.contains('e') {
        let text = replacement.replace('&', "\"$UNKNOWN\"");
        let mut inner =
            judge.apart(|judge| judge.deeper(|judge| shells::judge(judge, &text, &Input::None, &[])));
        inner
            .iter_mut()
            .for_each(|finding| finding.parsed = finding.parsed.max(crate::domain::Parsed::Partial));
        inner.into_iter().for_each(|finding| judge.say(finding));
    }
}
