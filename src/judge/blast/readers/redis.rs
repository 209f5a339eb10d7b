//! `redis-cli`: where its command stands; scripts are looked into for the commands that they call.

use super::Read;
use crate::domain::Tier;
use crate::judge::blast::call::{Arg, Call, Input, Parts};
use crate::judge::blast::code;
use crate::judge::blast::finding::{Finding, target};
use crate::judge::blast::judge::Judge;

/// Reads a call of `redis-cli`.
pub(super) fn read(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    let host = parts.value("-h,-u").map_or("localhost", |arg| &arg.text).to_owned();
    if parts.has("-a,--pass,--user") {
        let mut finding = Finding::new(Tier::Ro, "redis.identity", "");
        finding.credentials = crate::domain::CredentialEffect::Used;
        judge.say(finding);
    }
    if let Some(script) = parts.value("--eval") {
        let what = target("file", None, &script.text);
        judge.say(Finding::opaque("redis.script", "what the script does is not in the action").on(what));
        return Read::Done;
    }
    let looks = "--bigkeys,--memkeys,--hotkeys,--latency,--latency-history,--latency-dist,--stat,--scan,--intrinsic-latency,--version,--help";
    if parts.has(looks) && parts.operands.is_empty() {
        let mut finding = Finding::new(Tier::Ro, "redis.looks", "it samples the server");
        if parts.has("--bigkeys,--memkeys,--hotkeys,--scan") {
            finding.data = crate::domain::DataEffect::Read;
        }
        judge.say(finding.on(target("redis", None, &host)));
        return Read::Done;
    }
    if parts.has("--rdb,--functions-rdb,--replica") {
        judge.say(
            Finding::new(Tier::H, "redis.copy", "the whole store leaves the server")
                .on(target("redis", None, &host)),
        );
        return Read::Done;
    }
    let words: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    if parts.has("--cluster") {
        judge.say(
            Finding::new(Tier::HPlus, "redis.cluster-tool", "it changes the cluster")
                .on(target("redis", None, &host)),
        );
    } else if words.is_empty() {
        match &call.stdin {
            Input::Known(text) => {
                for line in text.lines().take(200) {
                    let words: Vec<Arg> = line.split_whitespace().map(Arg::sure).collect();
                    command(judge, &words, &host);
                }
            }
            Input::Unknown => {
                judge.opaque("redis.piped", "the commands come from something that is not in the action");
            }
            Input::None => judge.opaque("redis.typed", "what will be typed is not in the action"),
        }
    } else {
        command(judge, &words, &host);
    }
    Read::Done
}

/// Judges one command of Redis.
pub(in crate::judge::blast) fn command(judge: &mut Judge<'_>, words: &[Arg], host: &str) {
    let Some(first) = words.first() else { return };
    let verb = first.text.to_lowercase();
    if matches!(verb.as_str(), "eval" | "eval_ro") {
        return script(judge, words, verb == "eval_ro", host);
    }
    let mut operands = words.to_vec();
    if matches!(verb.as_str(), "del" | "unlink") && words.iter().skip(1).any(|arg| !arg.sure) {
        operands[0] = Arg::sure(verb);
    }
    let server = [target("redis", None, host)];
    let about_keys = words.len() > 1
        && !matches!(
            first.text.to_lowercase().as_str(),
            "info"
                | "config"
                | "client"
                | "slowlog"
                | "latency"
                | "cluster"
                | "debug"
                | "acl"
                | "script"
                | "memory"
                | "flushdb"
                | "flushall"
        );
    let parts = Parts { operands, ..Parts::default() };
    let program = judge.rules.program("redis");
    judge.speak("redis", program, &parts, if about_keys { &[] } else { &server }, &Input::None);
}

fn script(judge: &mut Judge<'_>, words: &[Arg], read_only: bool, host: &str) {
    let Some(text) = words.get(1).filter(|arg| arg.sure) else {
        judge.opaque("redis.script", "what the script does is put together only when it runs");
        return;
    };
    let keys: Vec<Arg> = words.iter().skip(3).cloned().collect();
    let mut calls = 0;
    for part in text.text.split("call(").skip(1) {
        calls += 1;
        let literal = part.trim_start().starts_with(['"', '\'']);
        if let Some(name) =
            code::literals(part.split([',', ')']).next().unwrap_or_default()).first().filter(|_| literal)
        {
            let mut words = vec![Arg::sure(name.clone())];
            words.extend(keys.iter().take(1).cloned());
            command(judge, &words, host);
        } else {
            let mut finding = Finding::new(
                Tier::HPlus,
                "redis.script-hides",
                "the script puts together the name of the command that it calls",
            );
            finding.data = crate::domain::DataEffect::Delete;
            finding.undo = crate::judge::blast::finding::Undo::Irreversible;
            judge.say(finding.on(target("redis", None, host)));
        }
    }
    if calls == 0 || read_only {
        judge.say(Finding::new(Tier::Ro, "redis.script-reads", "the script calls nothing that writes"));
    }
}
