//! Whether a rule fits a call, and which of its arguments a rule means.

use std::collections::BTreeMap;

use super::{Program, Rule};
use crate::judge::blast::call::{Arg, Parts};
use crate::judge::blast::glob;

/// The first word that decides which rule fits is not known.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::judge::blast) struct Unsure;

#[cfg(test)]
/// Names that no program has; code speaks under them.
const VIRTUAL: &[&str] =
    &["file", "sql", "http", "silence", "variable", "patch", "tool", "manifest", "code", "shell", "plan"];

/// Whether code speaks under this name.
#[cfg(test)]
pub(super) fn is_virtual(name: &str) -> bool {
    VIRTUAL.contains(&name)
}

/// Whether a text says where arguments stand.
pub(super) fn is_from(from: &str) -> bool {
    matches!(
        from,
        "all" | "first" | "last" | "init" | "rest" | "after" | "argv" | "stdin" | "none" | "targets"
    ) || from.starts_with('-')
        || from.starts_with('=')
        || from.starts_with("key:")
        || from.parse::<usize>().is_ok()
}

/// Where what is run stands, of `shell:FROM` and the like.
pub(super) fn run_from(run: &str) -> Option<&str> {
    let (how, from) = run.split_once(':')?;
    match how {
        "argv" | "shell" | "script" | "sql" => Some(from),
        "code" => from.split_once(':').map(|(_, from)| from),
        _ => None,
    }
}

impl Rule {
    /// Whether it fits; how many operands its verb has.
    pub(in crate::judge::blast) fn fits(
        &self,
        program: &Program,
        parts: &Parts,
    ) -> Result<Option<usize>, Unsure> {
        let Some(verb) = self.verb(program, parts)? else { return Ok(None) };
        let holds = |conditions: &BTreeMap<String, Vec<String>>| {
            conditions.iter().all(|(key, patterns)| some(parts, verb, key, patterns))
        };
        let none = self.unless.iter().all(|(key, patterns)| !some(parts, verb, key, patterns));
        let last = self.last.iter().all(|(key, patterns)| {
            parts.value(key).is_some_and(|value| value.sure && glob::any(patterns, &value.text))
        });
        Ok((holds(&self.when) && none && last).then_some(verb))
    }

    fn verb(&self, program: &Program, parts: &Parts) -> Result<Option<usize>, Unsure> {
        if self.verb.is_empty() {
            return Ok(Some(0));
        }
        let mut unsure = false;
        for verb in &self.verb {
            let words = verb.split(' ');
            let mut count = 0;
            let mut fits = true;
            for word in words {
                match parts.operands.get(count) {
                    Some(operand) if operand.sure => fits &= named(program, count, word, &operand.text),
                    Some(_) => {
                        unsure |= fits && word != "*";
                        fits &= word == "*";
                    }
                    None => fits = false,
                }
                count += 1;
            }
            if fits {
                return Ok(Some(count));
            }
        }
        if unsure { Err(Unsure) } else { Ok(None) }
    }
}

fn named(program: &Program, at: usize, word: &str, operand: &str) -> bool {
    let lower;
    let operand = if program.any_case {
        lower = operand.to_lowercase();
        lower.as_str()
    } else {
        operand
    };
    let meant = if at == 0 { program.aliases.get(operand).map_or(operand, String::as_str) } else { operand };
    glob::fits(word, meant)
}

/// Whether some value of an option or a fact fits. An option's value that is not known fits everything; what makes a
/// use harmless is asked with `last`, which nothing unknown fits.
fn some(parts: &Parts, verb: usize, key: &str, patterns: &[String]) -> bool {
    if key.starts_with('-') {
        return parts.values(key).any(|value| !value.sure || glob::any(patterns, &value.text));
    }
    match key {
        "operand" => parts.operands.iter().skip(verb).any(|arg| glob::any(patterns, &arg.text)),
        "operands" => {
            let count = parts.operands.len().saturating_sub(verb);
            glob::any(patterns, &count.to_string())
        }
        "after" => glob::any(patterns, &parts.after.len().to_string()),
        "first" => parts.operands.get(verb).is_some_and(|arg| glob::any(patterns, &arg.text)),
        "any" => {
            let all = parts
                .operands
                .iter()
                .chain(&parts.after)
                .chain(parts.options.iter().map(|given| &given.value));
            all.into_iter().any(|arg| glob::any(patterns, &arg.text))
        }
        _ => parts.fact(key).any(|value| glob::any(patterns, value)),
    }
}

/// The arguments that a rule means, by its words for a place.
pub(in crate::judge::blast) fn args(parts: &Parts, verb: usize, from: &str) -> Vec<Arg> {
    let rest = parts.operands.get(verb..).unwrap_or_default();
    let all = || rest.iter().chain(&parts.after).cloned().collect::<Vec<_>>();
    if let Some(text) = from.strip_prefix('=') {
        return vec![Arg::sure(text)];
    }
    if let Some(key) = from.strip_prefix("key:") {
        let prefix = format!("{key}=");
        let strip =
            |arg: &Arg| arg.text.strip_prefix(&prefix).map(|text| Arg { text: text.into(), sure: arg.sure });
        return rest.iter().filter_map(strip).collect();
    }
    if from.starts_with('-') {
        return parts.values(from).cloned().collect();
    }
    let mut all = all();
    match from {
        "all" => all,
        "after" => parts.after.clone(),
        // What a wrapper runs: behind `--`, or behind its own operands.
        "argv" if parts.dashes => parts.after.clone(),
        "rest" | "argv" => rest.to_vec(),
        "first" => all.into_iter().take(1).collect(),
        "last" => all.pop().into_iter().collect(),
        "init" => {
            all.pop();
            all
        }
        _ => match from.parse::<usize>() {
            Ok(at) => all.into_iter().skip(at).collect(),
            Err(_) => Vec::new(),
        },
    }
}
