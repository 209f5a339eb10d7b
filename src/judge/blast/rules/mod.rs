//! Rules as data: which programs there are, how their options are written, and what each use of them means.
//!
//! A file holds `[[program]]` tables (a grammar and what holds when no rule speaks) and `[[rule]]` tables. For one call
//! the first rule that fits speaks; rules marked `also` speak beside it. User files come first, so they can override
//! what is built in. `docs/judgement.md` has the format.

mod fit;
mod text;

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::finding::Undo;
use super::glob;
use crate::domain::{CredentialEffect, DataEffect, Parsed, Result, Tier};

pub(super) use fit::{Unsure, args};

/// The rule files that are compiled in.
const BUILTIN: &[(&str, &str)] = &[
    ("files.toml", include_str!("files.toml")),
    ("reads.toml", include_str!("reads.toml")),
    ("host.toml", include_str!("host.toml")),
    ("wrappers.toml", include_str!("wrappers.toml")),
    ("code.toml", include_str!("code.toml")),
    ("kubectl.toml", include_str!("kubectl.toml")),
    ("helm.toml", include_str!("helm.toml")),
    ("terraform.toml", include_str!("terraform.toml")),
    ("systemd.toml", include_str!("systemd.toml")),
    ("containers.toml", include_str!("containers.toml")),
    ("git.toml", include_str!("git.toml")),
    ("http.toml", include_str!("http.toml")),
    ("sql.toml", include_str!("sql.toml")),
    ("redis.toml", include_str!("redis.toml")),
    ("alerts.toml", include_str!("alerts.toml")),
    ("cloud.toml", include_str!("cloud.toml")),
    ("platform.toml", include_str!("platform.toml")),
    ("packages.toml", include_str!("packages.toml")),
    ("tools.toml", include_str!("tools.toml")),
];

/// How a program's options are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Style {
    /// `-ab`, `--long=x`, `--long x`; long ones can be abbreviated.
    #[default]
    Gnu,
    /// The same, but nothing is abbreviated.
    Exact,
    /// `-long=x`, `-long x`.
    Single,
    /// There are none.
    None,
}

/// A program: its names, how its options are written, what it does when no rule speaks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Program {
    /// What it is called; patterns are allowed.
    pub(super) names: Vec<String>,
    /// Options that take a value.
    pub(super) valued: Vec<String>,
    /// Further ones behind a certain verb.
    pub(super) valued_for: BTreeMap<String, Vec<String>>,
    /// Those that take none behind a certain verb.
    pub(super) flags_for: BTreeMap<String, Vec<String>>,
    /// After how many operands (behind the verb named, `*` for none) everything is an operand.
    pub(super) stop: BTreeMap<String, usize>,
    pub(super) style: Style,
    /// Other words for a verb.
    pub(super) aliases: BTreeMap<String, String>,
    /// Whether its verbs are read without regard to case.
    pub(super) any_case: bool,
    /// Whether `--help` is for something else that it starts.
    pub(super) no_help: bool,
    /// Which code reads what data cannot say.
    pub(super) reader: Option<String>,
    /// What holds when no rule speaks; without it the use is unknown.
    pub(super) base: Option<Effects>,
}

/// What one use of a program means.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Effects {
    pub(super) id: String,
    pub(super) tier: Option<Tier>,
    pub(super) reason: String,
    /// The kind of what is named.
    pub(super) kind: Option<String>,
    /// Where the names stand; all operands if not said.
    pub(super) of: Option<String>,
    /// Where the namespace stands.
    pub(super) space: Option<String>,
    pub(super) data: DataEffect,
    pub(super) credentials: CredentialEffect,
    pub(super) undo: Undo,
    pub(super) parsed: Option<Parsed>,
    /// Where files that are read, written, emptied and written, removed, removed with all below stand.
    pub(super) reads: Vec<String>,
    pub(super) writes: Vec<String>,
    pub(super) empties: Vec<String>,
    pub(super) removes: Vec<String>,
    pub(super) trees: Vec<String>,
    /// What is run: `argv:FROM`, `shell:FROM`, `script:FROM`, `sql:FROM`, `code:LANGUAGE:FROM`.
    pub(super) runs: Vec<String>,
    /// At least this where what is run is more than a read.
    pub(super) floor: Option<Tier>,
}

/// When a use of a program is meant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Rule {
    pub(super) id: String,
    /// Names of programs, exact.
    pub(super) program: Vec<String>,
    /// The first operands, for example `rollout restart`; patterns are allowed. Empty: any.
    pub(super) verb: Vec<String>,
    /// Options and facts of which some value must fit.
    #[serde(rename = "if")]
    pub(super) when: BTreeMap<String, Vec<String>>,
    /// Options and facts of which no value may fit.
    pub(super) unless: BTreeMap<String, Vec<String>>,
    /// Options of which the last value must fit.
    pub(super) last: BTreeMap<String, Vec<String>>,
    /// Speaks beside the others.
    pub(super) also: bool,
    #[serde(rename = "then")]
    pub(super) effects: Effects,
}

/// The compiled rules.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    programs: Vec<Program>,
    rules: Vec<Rule>,
    exact: HashMap<String, usize>,
    patterns: Vec<(String, usize)>,
    by_program: HashMap<String, Vec<usize>>,
}

impl Rules {
    /// The rules that are compiled in.
    ///
    /// # Errors
    /// `Kind::Invalid` where a file that was compiled in is not a rule file, which a test rules out.
    pub fn builtin() -> Result<Self> {
        let mut rules = Self::default();
        for (name, text) in BUILTIN {
            rules.take(text::parse(text).map_err(|error| error.within(name))?);
        }
        Ok(rules)
    }

    /// These rules with those of a user's file before them.
    ///
    /// # Errors
    /// `Kind::Invalid`, with the line, where the text is not a rule file or repeats an id.
    pub fn with(&self, text: &str) -> Result<Self> {
        let mine = text::parse(text)?;
        text::check_new(&mine, self)?;
        let mut rules = Self::default();
        rules.take(mine);
        rules.take((self.programs.clone(), self.rules.clone()));
        Ok(rules)
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn take(&mut self, (programs, rules): (Vec<Program>, Vec<Rule>)) {
        for program in programs {
            let at = self.programs.len();
            for name in &program.names {
                if name.contains(['*', '?', '[']) {
                    self.patterns.push((name.clone(), at));
                } else {
                    self.exact.entry(name.clone()).or_insert(at);
                }
            }
            self.programs.push(program);
        }
        for rule in rules {
            let at = self.rules.len();
            for name in &rule.program {
                self.by_program.entry(name.clone()).or_default().push(at);
            }
            self.rules.push(rule);
        }
    }

    /// The program called so.
    pub(super) fn program(&self, name: &str) -> Option<&Program> {
        let by_pattern =
            || self.patterns.iter().find(|(pattern, _)| glob::fits(pattern, name)).map(|(_, at)| at);
        self.exact.get(name).or_else(by_pattern).and_then(|at| self.programs.get(*at))
    }

    /// The rules about a program, by its own name or by the first of its names.
    pub(super) fn about<'a>(
        &'a self,
        name: &str,
        program: Option<&'a Program>,
    ) -> impl Iterator<Item = &'a Rule> {
        let first = program.and_then(|program| program.names.first()).filter(|first| *first != name);
        let own = self.by_program.get(name).into_iter().flatten();
        let mut at: Vec<usize> = own
            .chain(first.and_then(|first| self.by_program.get(first)).into_iter().flatten())
            .copied()
            .collect();
        at.sort_unstable();
        at.dedup();
        at.into_iter().filter_map(|at| self.rules.get(at))
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_in_is_sound() {
        let rules = Rules::builtin().unwrap();
        assert!(rules.len() > 300, "{}", rules.len());
        for rule in &rules.rules {
            assert!(
                rule.program.iter().all(|name| rules.exact.contains_key(name) || fit::is_virtual(name)),
                "{}: a rule about nothing",
                rule.id
            );
        }
    }

    #[test]
    fn a_users_rule_comes_first_and_a_wrong_one_names_its_line() {
        let rules = Rules::builtin().unwrap();
        let mine =
            "[[rule]]\nid = \"mine.ls\"\nprogram = [\"ls\"]\nthen = { tier = \"H\", reason = \"x\" }\n";
        let both = rules.with(mine).unwrap();
        assert_eq!(both.about("ls", both.program("ls")).next().map(|rule| rule.id.as_str()), Some("mine.ls"));
        for (wrong, word) in [
            ("[[rule]]\nid = \"a\"\nprogramm = [\"ls\"]\n", "line 3"),
            ("\n[[rule]]\nid = \"a\"\nprogram = [\"ls\"]\nthen = { tier = \"X\" }\n", "line 5"),
            ("[[rule]]\nprogram = [\"ls\"]\nthen = { tier = \"H\", reason = \"x\" }\n", "line 1"),
            ("\n\n[[rule]]\nid = \"a\"\nprogram = [\"ls\"]\nthen = { reads = [\"sideways\"] }\n", "line 3"),
            (
                "[[rule]]\nid = \"kubectl.drain\"\nprogram = [\"kubectl\"]\nthen = { tier = \"H\", reason = \"x\" }\n",
                "kubectl.drain",
            ),
        ] {
            let error = rules.with(wrong).unwrap_err();
            assert!(error.message().contains(word), "{wrong}: {error}");
        }
    }
}
