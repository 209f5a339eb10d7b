//! What a command, a line, SQL or a proposed action would touch.

use std::io::Read as _;
use std::path::Path;

use super::shown;
use crate::cli::args::Assess;
use crate::cli::{Done, Fault, print};
use crate::domain::{Action, Error, Estimate, Timestamp, Untrusted};
use crate::judge::blast::{Case, Rules, Subject, assess, estimate};
use crate::judge::world::World;

/// Judges it.
pub(super) fn run(wanted: &Assess, json: bool) -> Done {
    let mut rules = Rules::builtin()?;
    for file in &wanted.rules {
        rules = rules.with(&read(file)?).map_err(|error| error.within(&file.display().to_string()))?;
    }
    let mut world = World::default();
    for file in &wanted.topology {
        world.add(&read(file)?, &Untrusted::from(file.display().to_string()).escaped(), changed_at(file))?;
    }
    let claim = wanted.claim.as_deref().map(Untrusted::from);
    let case = Case {
        rules: &rules,
        world: &world,
        alert: None,
        claim: claim.as_ref(),
        plan: None,
        now: print::now(),
    };
    if let Some(file) = &wanted.lines {
        return lines(file, &case, json);
    }
    let found = one(wanted, &case)?;
    if json { print::json(&found) } else { print::out(&shown::block(&found)) }
}

fn one(wanted: &Assess, case: &Case<'_>) -> Result<Estimate, Fault> {
    let cwd = std::env::current_dir().unwrap_or_default();
    let cwd = cwd.to_string_lossy();
    if let Some(text) = &wanted.sql {
        return Ok(assess(&Subject::Sql(text), case));
    }
    if let Some(file) = &wanted.action {
        let action: Action = serde_json::from_str(&read(file)?).map_err(Error::from)?;
        return Ok(estimate(&action, case));
    }
    let argv: Vec<Untrusted> =
        wanted.command.iter().map(|arg| arg.to_string_lossy().into_owned().into()).collect();
    match argv.as_slice() {
        [] => Err(Fault::usage(
            "nothing to judge",
            "give a command behind --, or --sql, --lines, --action, --recording, --evaluate",
        )),
        [line] if line.expose().contains(char::is_whitespace) => {
            Ok(assess(&Subject::Shell { text: line.expose(), cwd: &cwd }, case))
        }
        argv => Ok(assess(&Subject::Argv { argv, stdin: None, cwd: &cwd }, case)),
    }
}

/// One line, one estimate.
fn lines(file: &Path, case: &Case<'_>, json: bool) -> Done {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        input: &'a str,
        estimate: Estimate,
    }
    let cwd = std::env::current_dir().unwrap_or_default();
    let cwd = cwd.to_string_lossy();
    let mut text = String::new();
    for input in read(file)?.lines().filter(|line| !line.trim().is_empty()) {
        let estimate = assess(&Subject::Shell { text: input, cwd: &cwd }, case);
        if json {
            text.push_str(&serde_json::to_string(&Line { input, estimate }).map_err(Error::from)?);
        } else {
            text.push_str(&shown::line(input, &estimate));
        }
        text.push('\n');
    }
    print::out(&text)
}

fn read(file: &Path) -> Result<String, Error> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|error| Error::from(error).within(&file.display().to_string()))
}

/// When a file was last written; it says how old what it holds is.
fn changed_at(file: &Path) -> Timestamp {
    let modified = std::fs::metadata(file).and_then(|meta| meta.modified()).ok();
    let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or_else(print::now, |since| {
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    })
}
