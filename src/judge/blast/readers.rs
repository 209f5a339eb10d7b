//! Code for what data cannot say about a program: which reader looks at which.

use super::call::{Call, Parts};
use super::judge::Judge;
use super::kube;
use super::rules::Program;
use crate::domain::Target;

mod fetch;
mod finder;
mod interpret;
mod redis;
mod sqlclient;
mod terraform;
mod various;

/// What a reader leaves to the rules.
pub(super) enum Read {
    /// The rules speak, about these targets beside those that they name.
    Rules(Vec<Target>),
    /// Everything is said.
    Done,
}

/// Lets the reader of a program look first.
pub(super) fn read(
    judge: &mut Judge<'_>,
    name: &str,
    program: &Program,
    parts: &mut Parts,
    call: &Call,
) -> Read {
    match program.reader.as_deref() {
        Some("kubectl") => kube::read(judge, parts, call),
        Some("find") => finder::find(judge, parts, call),
        Some("xargs") => finder::xargs(judge, parts, call),
        Some("parallel") => finder::parallel(judge, parts, call),
        Some("ssh") => various::ssh(judge, parts, call),
        Some("env") => various::env(judge, parts, call),
        Some("shell") => interpret::shell(judge, parts, call),
        Some("interpreter") => interpret::interpreter(judge, name, parts, call),
        Some("awk") => interpret::awk(judge, parts, call),
        Some("sed") => interpret::sed(judge, parts, call),
        Some("sql") => sqlclient::read(judge, name, parts, call),
        Some("redis") => redis::read(judge, parts, call),
        Some("curl") => fetch::curl(judge, parts, call),
        Some("wget") => fetch::wget(judge, parts),
        Some("httpie") => fetch::httpie(judge, parts),
        Some("netcat") => fetch::netcat(judge, parts, call),
        Some("terraform") => terraform::read(judge, parts),
        Some("silence") => super::silence::amtool(judge, parts),
        Some("git") => various::git(judge, parts),
        Some("aws") => various::aws(judge, parts),
        _ => Read::Rules(Vec::new()),
    }
}

/// Judges a request that something else than a program makes.
pub(super) fn request(judge: &mut Judge<'_>, method: &str, url: &str, body: &str) {
    let request = fetch::Request {
        method: method.into(),
        url: url.into(),
        body: body.into(),
        sure: true,
        ..fetch::Request::default()
    };
    fetch::request(judge, &request);
}

/// Judges a command of Redis that something else than its client sends.
pub(super) fn redis_command(judge: &mut Judge<'_>, words: &[super::call::Arg]) {
    redis::command(judge, words, "*");
}
