//! `ssh`, `env`, `git`, `aws`, `install`: small things that data cannot say.

use super::Read;
use crate::judge::blast::call::{Arg, Call, Input, Parts};
use crate::judge::blast::file;
use crate::judge::blast::finding::target;
use crate::judge::blast::judge::Judge;
use crate::judge::blast::shell as shells;

/// `ssh`: what runs there is read by a shell there; options can run commands here.
pub(super) fn ssh(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    let settings: Vec<String> = parts.values("-o").map(|arg| arg.text.clone()).collect();
    for setting in settings {
        let Some((name, value)) = setting.split_once(['=', ' ']) else { continue };
        let runs = ["proxycommand", "localcommand", "knownhostscommand", "match", "remotecommand"];
        if runs.contains(&name.to_lowercase().as_str()) && value != "none" {
            let value = value.to_owned();
            judge.deeper(|judge| shells::judge(judge, &value, &Input::Unknown, &[]));
        }
    }
    if parts.has("-F") {
        judge.opaque("ssh.configuration", "another configuration can run anything");
    }
    if parts.operands.is_empty() && !parts.after.is_empty() {
        parts.operands = std::mem::take(&mut parts.after);
    }
    if let Some(first) = parts.operands.first_mut()
        && let Some((_, host)) = first.text.split_once('@')
    {
        first.text = host.to_owned();
    }
    let words: Vec<Arg> = parts.operands.iter().skip(1).chain(&parts.after).cloned().collect();
    parts.say("stdin", if call.stdin == Input::None { "none" } else { "some" });
    if !words.is_empty() {
        let text: Vec<&str> = words.iter().map(|arg| arg.text.as_str()).collect();
        let text = text.join(" ");
        if words.iter().all(|arg| arg.sure) {
            let cwd = judge.cwd.replace("~".into());
            judge.deeper(|judge| shells::judge(judge, &text, &call.stdin, &[]));
            judge.cwd = cwd;
        } else {
            judge.opaque("ssh.text", "what runs on the other machine is put together only when it runs");
        }
    }
    Read::Rules(Vec::new())
}

/// `env`: variables, then a command.
pub(super) fn env(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    let mut words: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    if let Some(line) = parts.value("-S,--split-string") {
        let mut split: Vec<Arg> =
            line.text.split_whitespace().map(|word| Arg { text: word.into(), sure: line.sure }).collect();
        split.append(&mut words);
        words = split;
    }
    let assigned = words.iter().take_while(|arg| is_assignment(&arg.text)).count();
    for word in &words[..assigned] {
        if let Some((name, value)) = word.text.split_once('=') {
            shells::variable(judge, name, &Arg { text: value.into(), sure: word.sure });
        }
    }
    let rest = words.split_off(assigned);
    if rest.is_empty() {
        judge.told("printenv", "", &[], &[]);
    } else {
        judge.deeper(|judge| judge.call(&Call::new(rest, call.stdin.clone())));
    }
    Read::Done
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// `git`: aliases and pagers given as options; what is pushed where.
pub(super) fn git(judge: &mut Judge<'_>, parts: &mut Parts) -> Read {
    let settings: Vec<Arg> = parts.values("-c").cloned().collect();
    let verb = parts.operands.first().map(|arg| arg.text.clone()).unwrap_or_default();
    let mut targets = Vec::new();
    for setting in settings {
        let Some((name, value)) = setting.text.split_once('=') else { continue };
        let name = name.to_lowercase();
        if name == "core.pager" || name.starts_with("pager.") {
            let value = value.to_owned();
            parts.say("pager", "set");
            judge.deeper(|judge| shells::judge(judge, &value, &Input::Unknown, &[]));
        } else if name == format!("alias.{}", verb.to_lowercase()) {
            let text = value.strip_prefix('!').map_or_else(|| format!("git {value}"), str::to_owned);
            judge.deeper(|judge| shells::judge(judge, &text, &Input::None, &[]));
            return Read::Done;
        }
    }
    for address in parts
        .operands
        .iter()
        .filter_map(|arg| arg.text.strip_prefix("ext::"))
        .map(str::to_owned)
        .collect::<Vec<_>>()
    {
        // `% ` stands for a blank inside an argument.
        let text = address.replace("% ", " ");
        let text = text.strip_prefix("sh -c ").unwrap_or(&text).to_owned();
        judge.deeper(|judge| shells::judge(judge, &text, &Input::None, &[]));
    }
    if verb == "push" {
        let remote = parts.operands.get(1).map_or("origin", |arg| &arg.text);
        let branch = parts.operands.get(2).map_or("", |arg| &arg.text);
        let branch = branch.rsplit(':').next().unwrap_or_default().trim_start_matches('+');
        targets.push(target("repository", Some(remote), if branch.is_empty() { "." } else { branch }));
    }
    if let Some(directory) = parts.value("-C") {
        targets.push(target("repository", None, &directory.text));
    }
    Read::Rules(targets)
}

/// `aws`: whether it only tries, which way a copy goes, and what a remote command runs.
pub(super) fn aws(judge: &mut Judge<'_>, parts: &mut Parts) -> Read {
    let dry = parts
        .options
        .iter()
        .rev()
        .find(|given| matches!(given.name.as_str(), "--dry-run" | "--dryrun" | "--no-dry-run"));
    if dry.is_some_and(|given| given.name != "--no-dry-run" && given.value.text == "true") {
        parts.say("dry", "true");
    }
    let words: Vec<String> = parts.operands.iter().map(|arg| arg.text.clone()).collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|text| text == word);
    if is(0, "s3")
        && (is(1, "cp") || is(1, "sync"))
        && words.get(2).is_some_and(|from| from.starts_with("s3://"))
        && let Some(to) = words.get(3).filter(|to| !to.starts_with("s3://"))
    {
        parts.say("down", "true");
        if !parts.fact("dry").any(|dry| dry == "true") {
            file::judge(judge, file::Deed::Write, &Arg::sure(to.clone()));
        }
        parts.operands.truncate(3);
    }
    let mut targets = Vec::new();
    for word in &words {
        if let Some(path) = word.strip_prefix("s3://") {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            let object = target("object", Some(bucket), key);
            targets.push(if key.is_empty() || key.ends_with('/') {
                target("bucket", None, bucket)
            } else {
                object
            });
        }
    }
    if is(1, "send-command") {
        remote_commands(judge, parts);
    }
    Read::Rules(targets)
}

fn remote_commands(judge: &mut Judge<'_>, parts: &Parts) {
    let Some(given) = parts.value("--parameters") else { return };
    let text = given.text.trim();
    let list = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => value["commands"]
            .as_array()
            .map(|list| list.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()),
        Err(_) => text
            .strip_prefix("commands=")
            .map(|rest| vec![rest.trim_matches(['[', ']', '"', '\'']).to_owned()]),
    };
    match list {
        Some(commands) => {
            let commands: Vec<String> = commands;
            for command in commands {
                judge.deeper(|judge| shells::judge(judge, &command, &Input::None, &[]));
            }
        }
        None => judge.opaque("aws.remote", "what runs on the machines is not in the action"),
    }
}
