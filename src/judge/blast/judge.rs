//! The walk over one action: collects findings, and stops where there is more than anybody could review.

use super::call::{Arg, Call, Input, Parts};
use super::file::{self, Deed};
use super::finding::{Finding, target};
use super::rules::{Effects, Program, Rule, Rules, Unsure, args};
use super::{Case, code, readers, shell, sql};
use crate::domain::{Parsed, Target, Tier};

/// How many parts of an action are looked at.
const PARTS_MAX: u32 = 3_000;
/// How deep one thing may run another.
const DEPTH_MAX: u32 = 24;
/// How many findings are kept.
const FINDINGS_MAX: usize = 512;

/// The walk over one action.
pub(super) struct Judge<'c> {
    pub(super) case: &'c Case<'c>,
    pub(super) rules: &'c Rules,
    /// Where relative paths begin, as far as it is known.
    pub(super) cwd: Option<String>,
    /// Where the action began; what is below is a working copy.
    pub(super) home: String,
    /// Variables that are set for what runs, name and value where it is known.
    pub(super) env: Vec<(String, Arg)>,
    pub(super) found: Vec<Finding>,
    parts_left: u32,
    depth: u32,
}

impl<'c> Judge<'c> {
    pub(super) fn new(case: &'c Case<'c>, cwd: &str) -> Self {
        Self {
            case,
            rules: case.rules,
            cwd: Some(cwd.to_owned()),
            home: cwd.to_owned(),
            env: Vec::new(),
            found: Vec::new(),
            parts_left: PARTS_MAX,
            depth: 0,
        }
    }

    /// Adds a finding; beyond the limit only one that raises the tier.
    pub(super) fn say(&mut self, finding: Finding) {
        let highest = self.found.iter().map(|found| found.tier).max();
        if self.found.len() < FINDINGS_MAX || highest < Some(finding.tier) {
            self.found.push(finding);
        }
    }

    /// Says that what would run is not in the text.
    pub(super) fn opaque(&mut self, rule: &str, reason: impl Into<String>) {
        self.say(Finding::opaque(rule, reason));
    }

    /// Uses up one part; `false`, and said, where there were too many.
    pub(super) fn spend(&mut self) -> bool {
        if self.parts_left == 0 {
            return false;
        }
        self.parts_left -= 1;
        if self.parts_left == 0 {
            self.opaque("limit.parts", format!("more than {PARTS_MAX} parts are more than can be read"));
        }
        self.parts_left > 0
    }

    /// Looks at something that is run by something else.
    pub(super) fn deeper(&mut self, look: impl FnOnce(&mut Self)) {
        if self.depth >= DEPTH_MAX {
            self.opaque("limit.depth", format!("more than {DEPTH_MAX} layers of commands in commands"));
            return;
        }
        self.depth += 1;
        look(self);
        self.depth -= 1;
    }

    /// What a look finds, apart from what was found so far.
    pub(super) fn apart(&mut self, look: impl FnOnce(&mut Self)) -> Vec<Finding> {
        let before = std::mem::take(&mut self.found);
        look(self);
        std::mem::replace(&mut self.found, before)
    }

    /// Judges a program with its arguments.
    pub(super) fn call(&mut self, call: &Call) {
        if !self.spend() {
            return;
        }
        let Some(first) = call.argv.first() else { return };
        if !first.sure {
            self.opaque("shell.command-name", "which program runs is decided only when it runs");
            return;
        }
        let name = match file::program_name(&first.text) {
            Ok(name) => name.to_owned(),
            Err(why) => {
                let what = target("file", None, &first.text);
                self.say(Finding::opaque("program.path", why).on(what));
                return;
            }
        };
        let Some(program) = self.rules.program(&name) else {
            let shown: String = name.chars().take(60).flat_map(char::escape_default).collect();
            self.opaque(
                "program.unknown",
                format!("the program {shown} is not known, so neither is what it does"),
            );
            return;
        };
        let parts = Parts::of(program, &call.argv[1..]);
        self.deeper(|judge| judge.known(&name, program, parts, call));
    }

    fn known(&mut self, name: &str, program: &'c Program, mut parts: Parts, call: &Call) {
        let help = |given: &super::call::Given| {
            matches!(given.name.as_str(), "--help" | "--version") && given.value.text == "true"
        };
        if !program.no_help && parts.options.iter().any(help) {
            self.say(Finding::new(Tier::Ro, "program.help", format!("{name} only says how it is used")));
            return;
        }
        let targets = match readers::read(self, name, program, &mut parts, call) {
            readers::Read::Rules(targets) => targets,
            readers::Read::Done => return,
        };
        self.speak(name, Some(program), &parts, &targets, &call.stdin);
    }

    /// Lets the rules about a name speak. `false` where none had anything to say.
    pub(super) fn speak(
        &mut self,
        name: &str,
        program: Option<&'c Program>,
        parts: &Parts,
        targets: &[Target],
        stdin: &Input,
    ) {
        let none = Program::default();
        let grammar = program.unwrap_or(&none);
        let rules: &'c Rules = self.rules;
        let (mut spoken, mut unsure) = (false, false);
        for rule in rules.about(name, program) {
            if spoken && !rule.also {
                continue;
            }
            match rule.fits(grammar, parts) {
                Ok(Some(verb)) => {
                    spoken |= !rule.also;
                    self.apply(&rule.id, &rule.effects, parts, verb, targets, stdin);
                }
                Ok(None) => {}
                Err(Unsure) => unsure |= !rule.also,
            }
            if unsure && !spoken {
                self.opaque("call.verb", format!("what {name} is told to do is decided only when it runs"));
                return;
            }
        }
        if spoken {
            return;
        }
        if let Some(base) = program.and_then(|program| program.base.as_ref()) {
            let id = if base.id.is_empty() { format!("{name}.plain") } else { base.id.clone() };
            self.apply(&id, base, parts, 0, targets, stdin);
        } else {
            let verb: String = parts.operands.first().map_or("", |arg| &arg.text).chars().take(40).collect();
            let verb: String = verb.chars().flat_map(char::escape_default).collect();
            self.opaque("program.use", format!("this use of {name} is not known: {verb}"));
        }
    }

    fn apply(
        &mut self,
        id: &str,
        effects: &'c Effects,
        parts: &Parts,
        verb: usize,
        targets: &[Target],
        stdin: &Input,
    ) {
        if let Some(tier) = effects.tier {
            let mut finding = Finding::new(tier, id, effects.reason.clone());
            finding.data = effects.data;
            finding.credentials = effects.credentials;
            finding.undo = effects.undo;
            finding.parsed = effects.parsed.unwrap_or(Parsed::Full);
            finding.targets = targets.to_vec();
            name_targets(&mut finding, effects, parts, verb);
            self.say(finding);
        }
        let deeds = [
            (Deed::Read, &effects.reads),
            (Deed::Write, &effects.writes),
            (Deed::Empty, &effects.empties),
            (Deed::Remove, &effects.removes),
            (Deed::RemoveTree, &effects.trees),
        ];
        for (deed, froms) in deeds {
            for arg in froms.iter().flat_map(|from| args(parts, verb, from)) {
                file::judge(self, deed, &arg);
            }
        }
        if !effects.runs.is_empty() {
            self.run_all(id, effects, parts, verb, stdin);
        }
    }

    fn run_all(&mut self, id: &str, effects: &'c Effects, parts: &Parts, verb: usize, stdin: &Input) {
        let inner = self.apart(|judge| {
            for run in &effects.runs {
                judge.deeper(|judge| judge.run(run, parts, verb, stdin));
            }
        });
        let more = inner.iter().any(|found| {
            found.tier > Tier::Ro || found.credentials == crate::domain::CredentialEffect::Printed
        });
        if let Some(floor) = effects.floor.filter(|_| more || inner.is_empty()) {
            let mut finding = Finding::new(floor, id, effects.reason.clone());
            name_targets(&mut finding, effects, parts, verb);
            self.say(finding);
        }
        for finding in inner {
            self.say(finding);
        }
    }

    fn run(&mut self, run: &str, parts: &Parts, verb: usize, stdin: &Input) {
        let (how, from) = run.split_once(':').unwrap_or((run, "rest"));
        let (language, from) = from.split_once(':').filter(|_| how == "code").unwrap_or(("", from));
        let found = if from == "stdin" { Vec::new() } else { args(parts, verb, from) };
        match (how, stdin) {
            ("argv", _) if !found.is_empty() => self.call(&Call::new(found, stdin.clone())),
            ("shell" | "sql" | "code", Input::Known(text)) if from == "stdin" => {
                self.text(how, language, &Arg::sure(text.clone()));
            }
            ("shell" | "sql" | "code", Input::Unknown) if from == "stdin" => {
                self.opaque("stdin.unknown", "what it is told on standard input is not in the action");
            }
            ("shell" | "sql" | "code", _) => found.iter().for_each(|arg| self.text(how, language, arg)),
            ("script", _) => {
                for arg in &found {
                    let what = target("file", None, &arg.text);
                    self.say(
                        Finding::opaque("script.content", "what the file would do is not in the action")
                            .on(what),
                    );
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, how: &str, language: &str, arg: &Arg) {
        if !arg.sure {
            self.opaque("text.unknown", "what would run is put together only when it runs");
            return;
        }
        match how {
            "sql" => sql::judge(self, &arg.text, sql::Client::of(language)),
            "code" => code::judge(self, language, &arg.text),
            _ => shell::judge(self, &arg.text, &Input::None, &[]),
        }
    }
}

fn name_targets(finding: &mut Finding, effects: &Effects, parts: &Parts, verb: usize) {
    let Some(kind) = &effects.kind else { return };
    let space = effects.space.as_deref().and_then(|from| args(parts, verb, from).pop());
    let named = args(parts, verb, effects.of.as_deref().unwrap_or("rest"));
    if named.iter().any(|arg| !arg.sure) {
        finding.parsed = finding.parsed.max(Parsed::Partial);
    }
    let space = space.as_ref().map(|arg| arg.text.as_str());
    finding.targets.extend(named.iter().take(64).map(|arg| target(kind, space, &arg.text)));
    if named.is_empty() && effects.of.as_deref() != Some("none") {
        finding.targets.push(target(kind, space, "*"));
    }
}

/// A rule speaks where code has read something: the operands are the verb's words, the rest are facts.
impl<'c> Judge<'c> {
    pub(super) fn told(&mut self, name: &str, verb: &str, facts: &[(&str, String)], targets: &[Target]) {
        let parts = Parts {
            operands: verb.split(' ').filter(|word| !word.is_empty()).map(Arg::sure).collect(),
            facts: facts.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            ..Parts::default()
        };
        self.speak(name, self.rules.program(name), &parts, targets, &Input::None);
    }

    /// The rule that would speak, without its speaking.
    pub(super) fn rule_for(&self, name: &str, verb: &str, facts: &[(&str, String)]) -> Option<&'c Rule> {
        let parts = Parts {
            operands: verb.split(' ').filter(|word| !word.is_empty()).map(Arg::sure).collect(),
            facts: facts.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            ..Parts::default()
        };
        let none = Program::default();
        let rules: &'c Rules = self.rules;
        rules.about(name, None).find(|rule| !rule.also && matches!(rule.fits(&none, &parts), Ok(Some(_))))
    }
}
