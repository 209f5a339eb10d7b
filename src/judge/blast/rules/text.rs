//! A rule file, from text: TOML whose every key is known, with the line of whatever is wrong.

use serde::Deserialize;

use super::{Effects, Program, Rule, Rules, fit};
use crate::domain::{Error, Result};

/// Largest file, in bytes.
const FILE_MAX_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    program: Vec<toml::Spanned<Program>>,
    #[serde(default)]
    rule: Vec<toml::Spanned<Rule>>,
}

/// The programs and rules of a file.
pub(super) fn parse(text: &str) -> Result<(Vec<Program>, Vec<Rule>)> {
    if text.len() > FILE_MAX_BYTES {
        return Err(Error::invalid("a rule file has at most 1 MiB"));
    }
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        wrong(text, at, error.message())
    })?;
    for program in &file.program {
        let inner = program.get_ref();
        let fault = if inner.names.is_empty() {
            Some("a program without names".to_owned())
        } else {
            inner.base.as_ref().and_then(fault)
        };
        if let Some(fault) = fault {
            return Err(wrong(text, program.span().start, &fault));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for rule in &file.rule {
        let inner = rule.get_ref();
        let fault = if inner.id.is_empty() {
            Some("a rule without an id".to_owned())
        } else if inner.program.is_empty() {
            Some(format!("the rule {} names no program", inner.id))
        } else if !seen.insert(inner.id.clone()) {
            Some(format!("the id {} is used twice", inner.id))
        } else {
            fault(&inner.effects)
        };
        if let Some(fault) = fault {
            return Err(wrong(text, rule.span().start, &fault));
        }
    }
    let programs = file.program.into_iter().map(toml::Spanned::into_inner).collect();
    Ok((programs, file.rule.into_iter().map(toml::Spanned::into_inner).collect()))
}

fn fault(effects: &Effects) -> Option<String> {
    let Effects { reads, writes, empties, removes, trees, runs, .. } = effects;
    let files = [reads, writes, empties, removes, trees];
    if effects.tier.is_none() && runs.is_empty() && files.iter().all(|froms| froms.is_empty()) {
        return Some("what it means is not said: a tier, files or something that is run".to_owned());
    }
    if effects.tier > Some(crate::domain::Tier::Ro) && effects.reason.is_empty() {
        return Some("a tier without a reason".to_owned());
    }
    let froms = files.into_iter().flatten().map(String::as_str);
    let froms = froms.chain(effects.of.as_deref()).chain(effects.space.as_deref());
    let bad = froms.chain(runs.iter().filter_map(|run| fit::run_from(run))).find(|from| !fit::is_from(from));
    let bad_run = runs.iter().find(|run| fit::run_from(run).is_none());
    bad.map(str::to_owned).or(bad_run.cloned()).map(|word| format!("\"{word}\" is no place in a command"))
}

/// No id of `mine` is in use.
pub(super) fn check_new(mine: &(Vec<Program>, Vec<Rule>), rules: &Rules) -> Result<()> {
    match mine.1.iter().find(|rule| rules.has_id(&rule.id)) {
        Some(rule) => Err(Error::invalid(format!("the id {} is that of a rule which is built in", rule.id))
            .hint("choose another; a rule of one's own comes first anyway")),
        None => Ok(()),
    }
}

fn wrong(text: &str, at: usize, what: &str) -> Error {
    let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    Error::invalid(format!("line {line}: {}", what.escape_debug()))
}
