//! What an action would touch, computed from the action itself: tier, targets, data, credentials, how it is undone.
//!
//! The way of an action: a shell line is parsed (`shell`), an argument vector is not; each program with its arguments
//! is taken apart by the grammar of its options (`call`), where data cannot say it by code (`readers`, `sql`,
//! `code`); then rules, which are data, say what it means ([`Rules`]). What the parts say is put together by taking
//! the worst (`compose`); what depends on the targets comes from the world (`reach`); the agent's claim is compared
//! with the result and never enters it (`claim`).
//!
//! Total and bounded: at most 3,000 parts, 24 layers, 512 findings; what exceeds a limit is uninspectable, and says so.
//!
//! Deliberately absent: I/O, clocks, following links on a disk, running anything to find out, and a guess: what is not
//! known is said and is never zero.

mod call;
mod case;
mod claim;
mod code;
mod compose;
mod file;
mod finding;
mod glob;
mod judge;
mod kube;
mod patch;
mod reach;
mod readers;
mod rules;
mod shell;
mod silence;
mod sql;
mod tool;

pub use case::Case;
pub use rules::Rules;

use crate::domain::{Action, Estimate, Exec, FileChange, Stdin, Untrusted};
use call::{Arg, Call, Input};
use judge::Judge;

/// Something to be judged that need not be a proposed action.
#[derive(Clone, Debug)]
pub enum Subject<'a> {
    /// A program that is started without a shell.
    Argv {
        /// The exact argument vector.
        argv: &'a [Untrusted],
        /// What it reads on standard input, where that is text.
        stdin: Option<&'a str>,
        /// Its working directory.
        cwd: &'a str,
    },
    /// A command line that a shell would read.
    Shell {
        /// The line or lines.
        text: &'a str,
        /// The working directory.
        cwd: &'a str,
    },
    /// SQL as a client would send it.
    Sql(&'a str),
    /// A tool call.
    Tool {
        /// The tool's server.
        server: &'a str,
        /// The tool.
        tool: &'a str,
        /// The exact JSON text of its arguments.
        arguments: &'a str,
    },
    /// File changes.
    Patch(&'a [FileChange]),
}

/// Where an action is taken to begin when nothing says it.
const SOMEWHERE: &str = "/home/agent/work";

/// What an action would touch. Total: whatever cannot be read is said to be so.
pub fn estimate(action: &Action, case: &Case<'_>) -> Estimate {
    let mut estimate = match action {
        Action::Exec(exec) => exec_estimate(exec, case),
        Action::AgentCommand(command) => {
            let cwd = directory(&command.cwd);
            assess(&Subject::Shell { text: command.command.expose(), cwd }, case)
        }
        Action::AgentPatch(patch) => assess(&Subject::Patch(&patch.changes), case),
        Action::AgentTool(tool) => {
            let (server, name) = (tool.server.expose(), tool.tool.expose());
            assess(&Subject::Tool { server, tool: name, arguments: tool.arguments.expose() }, case)
        }
    };
    if let Some(why) = action.incomplete() {
        compose::incomplete(&mut estimate, why);
    }
    estimate.action_sha256 = action.digest().ok();
    estimate
}

fn directory(cwd: &Untrusted) -> &str {
    if cwd.expose().starts_with('/') { cwd.expose() } else { SOMEWHERE }
}

fn exec_estimate(exec: &Exec, case: &Case<'_>) -> Estimate {
    let mut judge = Judge::new(case, directory(&exec.cwd));
    for var in &exec.env {
        // Where the gate was told the usual search path, the program that it resolved is pinned anyway.
        if var.name.expose() != "PATH" {
            shell::variable(&mut judge, var.name.expose(), &Arg::sure(var.value.expose()));
        }
    }
    let stdin = match &exec.stdin {
        None => Input::None,
        Some(Stdin::Text(text)) => Input::Known(text.expose().to_owned()),
        Some(Stdin::Base64(_)) => Input::Unknown,
    };
    let argv = exec.argv.iter().map(|arg| Arg::sure(arg.expose())).collect();
    judge.call(&Call::new(argv, stdin));
    compose::estimate(judge.found, case)
}

/// What something would touch that nobody proposed.
pub fn assess(subject: &Subject<'_>, case: &Case<'_>) -> Estimate {
    let cwd = match subject {
        Subject::Argv { cwd, .. } | Subject::Shell { cwd, .. } => cwd,
        Subject::Sql(_) | Subject::Tool { .. } | Subject::Patch(_) => SOMEWHERE,
    };
    let mut judge = Judge::new(case, cwd);
    match subject {
        Subject::Argv { argv, stdin, .. } => {
            let argv = argv.iter().map(|arg| Arg::sure(arg.expose())).collect();
            let stdin = stdin.map_or(Input::None, |text| Input::Known(text.to_owned()));
            judge.call(&Call::new(argv, stdin));
        }
        Subject::Shell { text, .. } => shell::judge(&mut judge, text, &Input::None, &[]),
        Subject::Sql(text) => sql::judge(&mut judge, text, sql::Client::Any),
        Subject::Tool { server, tool, arguments } => tool::judge(&mut judge, server, tool, arguments),
        Subject::Patch(changes) => patch::judge(&mut judge, changes),
    }
    compose::estimate(judge.found, case)
}
