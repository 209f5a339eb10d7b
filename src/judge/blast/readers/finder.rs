//! `find`, `xargs`, `parallel`: programs that are run on what they find.

use super::Read;
use crate::domain::{DataEffect, Parsed, Tier};
use crate::judge::blast::call::{Arg, Call, Input, Parts};
use crate::judge::blast::file::{self, Deed};
use crate::judge::blast::finding::{Finding, Undo, cut, target};
use crate::judge::blast::judge::Judge;

/// How many arguments from known input are filled in.
const FILLED_MAX: usize = 16;

/// `find` and `fd`.
pub(super) fn find(judge: &mut Judge<'_>, parts: &mut Parts, _call: &Call) -> Read {
    let words = &parts.operands;
    let begins = |arg: &&Arg| !arg.text.starts_with('-') && !matches!(arg.text.as_str(), "(" | "!" | "\\(");
    let mut places: Vec<&Arg> = words
        .iter()
        .skip_while(|arg| matches!(arg.text.as_str(), "-L" | "-H" | "-P" | "-O3"))
        .take_while(begins)
        .collect();
    let here = Arg::sure(".");
    if places.is_empty() {
        places.push(&here);
    }
    let mut look = Finding::new(Tier::Ro, "find.lists", "it lists files");
    look.targets.extend(places.iter().map(|place| target("directory", None, &place.text)));
    judge.say(look);
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1);
        match word.text.as_str() {
            "-delete" => {
                let whole = places.iter().any(|place| {
                    matches!(
                        file::normal(&place.text).as_str(),
                        "/" | "/etc" | "/usr" | "/var" | "/home" | "/root"
                    )
                });
                let tier = if whole || !narrowed(words) { Tier::HPlus } else { Tier::H };
                let mut finding =
                    Finding::new(tier, "find.delete", "it deletes what it finds, which is not in the action");
                (finding.data, finding.undo, finding.parsed) =
                    (DataEffect::Delete, Undo::Restore, Parsed::Partial);
                finding.targets.extend(places.iter().map(|place| target("directory", None, &place.text)));
                judge.say(finding);
            }
            "-fprint" | "-fprintf" | "-fls" | "-fprint0" => {
                if let Some(next) = next {
                    file::judge(judge, Deed::Write, next);
                }
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch" => {
                let whole = places.iter().any(|place| file::normal(&place.text) == "/");
                run(judge, &words[at + 1..], places.first().map(|place| place.text.as_str()), whole);
            }
            _ => {}
        }
    }
    Read::Done
}

fn narrowed(words: &[Arg]) -> bool {
    words.iter().any(|arg| {
        matches!(
            arg.text.as_str(),
            "-name"
                | "-iname"
                | "-mtime"
                | "-mmin"
                | "-atime"
                | "-ctime"
                | "-size"
                | "-newer"
                | "-path"
                | "-regex"
                | "-empty"
                | "-user"
        )
    })
}

fn run(judge: &mut Judge<'_>, rest: &[Arg], place: Option<&str>, whole: bool) {
    let over = |arg: &&Arg| arg.text != ";" && arg.text != "+" && arg.text != "\\;";
    let argv = rest.iter().take_while(over).map(|arg| {
        if arg.text.contains("{}") {
            Arg::unsure(arg.text.replace("{}", &format!("{}/*", place.unwrap_or("."))))
        } else {
            arg.clone()
        }
    });
    let argv: Vec<Arg> = argv.collect();
    let inner = judge.apart(|judge| judge.deeper(|judge| judge.call(&Call::new(argv, Input::None))));
    let removes = inner.iter().any(|finding| finding.data == DataEffect::Delete);
    if removes && whole {
        judge.say(Finding::new(
            Tier::HPlus,
            "find.delete-everywhere",
            "it deletes what it finds anywhere on the machine",
        ));
    }
    inner.into_iter().for_each(|finding| judge.say(finding));
}

/// `xargs`.
pub(super) fn xargs(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    let template: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    let template = if template.is_empty() { vec![Arg::sure("echo")] } else { template };
    let mark = parts.value("-I,--replace").map(|arg| arg.text.clone());
    let from_file = parts.has("-a,--arg-file");
    let lines: Vec<Vec<Arg>> = match &call.stdin {
        Input::Known(text) if !from_file => match mark {
            Some(_) => text.lines().take(FILLED_MAX).map(|line| vec![Arg::sure(line.trim())]).collect(),
            None => vec![text.split_whitespace().take(64).map(Arg::sure).collect()],
        },
        Input::Known(_) | Input::None | Input::Unknown => vec![vec![Arg::unsure("*")]],
    };
    for line in lines {
        filled(judge, &template, mark.as_deref(), &line);
    }
    Read::Done
}

fn filled(judge: &mut Judge<'_>, template: &[Arg], mark: Option<&str>, words: &[Arg]) {
    let argv: Vec<Arg> = match mark.filter(|mark| !mark.is_empty()) {
        None => template.iter().chain(words).cloned().collect(),
        Some(mark) => {
            let word = words.first().cloned().unwrap_or_default();
            let put = |arg: &Arg| {
                if arg.text.contains(mark) {
                    Arg {
                        text: cut(&arg.text.replace(mark, &word.text)).to_owned(),
                        sure: arg.sure && word.sure,
                    }
                } else {
                    arg.clone()
                }
            };
            template.iter().map(put).collect()
        }
    };
    let known = words.iter().all(|word| word.sure);
    let inner = judge.apart(|judge| judge.deeper(|judge| judge.call(&Call::new(argv, Input::None))));
    for mut finding in inner {
        if !known {
            finding.parsed = finding.parsed.max(Parsed::Partial);
            all_of_them(&mut finding);
        }
        judge.say(finding);
    }
}

/// What is done to whatever comes in may be done to everything.
fn all_of_them(finding: &mut Finding) {
    let everything =
        finding.tier == Tier::H && matches!(finding.rule.as_str(), "systemctl.restart" | "systemctl.stop");
    if everything && finding.targets.iter().any(|target| target.name.expose() == "*") {
        finding.tier = Tier::HPlus;
    }
}

/// GNU `parallel`.
pub(super) fn parallel(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    let all: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    let marks = |arg: &Arg| arg.text.starts_with(":::");
    let at = all.iter().position(marks).unwrap_or(all.len());
    let template = &all[..at];
    if template.is_empty() {
        match &call.stdin {
            Input::Known(text) => {
                let text = text.clone();
                judge.deeper(|judge| crate::judge::blast::shell::judge(judge, &text, &Input::None, &[]));
            }
            Input::None | Input::Unknown => {
                judge.opaque("parallel.jobs", "the commands come from something that is not in the action");
            }
        }
        return Read::Done;
    }
    let line = template.len() == 1 && template[0].text.contains(' ');
    let values: Vec<Arg> = all.iter().skip(at).filter(|arg| !marks(arg)).take(FILLED_MAX).cloned().collect();
    let values = if values.is_empty() || all.get(at).is_some_and(|arg| arg.text == "::::") {
        vec![Arg::unsure("*")]
    } else {
        values
    };
    for value in values {
        let has_mark = template.iter().any(|arg| arg.text.contains("{}"));
        if line {
            let text = template[0].text.replace("{}", &value.text);
            let text =
                if has_mark { text } else { format!("{text} '{}'", value.text.replace('\'', "'\\''")) };
            judge.deeper(|judge| crate::judge::blast::shell::judge(judge, &text, &Input::None, &[]));
        } else {
            filled(judge, template, has_mark.then_some("{}"), &[value]);
        }
    }
    Read::Done
}
