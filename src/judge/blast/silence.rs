//! Silences: whether one mutes the incident's own alert.
//!
//! Alertmanager's matchers: `=`, `!=`, `=~`, `!~`; an expression fits the whole value; a label that is absent is empty.

use regex::Regex;
use serde_json::Value;

use super::call::{Arg, Parts};
use super::finding::target;
use super::judge::Judge;
use super::readers::Read;

/// One matcher.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    name: String,
    value: String,
    regex: bool,
    equal: bool,
    sure: bool,
}

/// An expression that fits whole values, as Alertmanager reads it; `None` where it is none.
pub(super) fn whole(pattern: &str) -> Option<Regex> {
    regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 18).build().ok()
}

impl Matcher {
    fn of(arg: &Arg) -> Option<Self> {
        let table = [("!=", false, false), ("=~", true, true), ("!~", true, false), ("=", false, true)];
        let at = arg.text.find(['=', '!'])?;
        let (op, regex, equal) = table.into_iter().find(|(op, _, _)| arg.text[at..].starts_with(op))?;
        let value = arg.text[at + op.len()..].trim_matches('"').to_owned();
        Some(Self { name: arg.text[..at].trim().to_owned(), value, regex, equal, sure: arg.sure })
    }

    fn fits(&self, value: &str) -> Option<bool> {
        let same = if self.regex { whole(&self.value)?.is_match(value) } else { self.value == value };
        Some(same == self.equal)
    }

    fn shown(&self) -> String {
        let op = match (self.equal, self.regex) {
            (true, false) => "=",
            (false, false) => "!=",
            (true, true) => "=~",
            (false, true) => "!~",
        };
        format!("{}{op}{}", self.name, self.value)
    }

    /// Whether it lets nearly every alert through.
    fn wide(&self) -> bool {
        !self.equal || self.regex && matches!(self.value.as_str(), ".*" | ".+" | "" | "^.*$" | "^.+$")
    }
}

/// `amtool`.
pub(super) fn amtool(judge: &mut Judge<'_>, parts: &mut Parts) -> Read {
    let words: Vec<&str> = parts.operands.iter().map(|arg| arg.text.as_str()).collect();
    if words.first() != Some(&"silence") {
        return Read::Rules(Vec::new());
    }
    parts.facts.push(("verb".into(), words.get(1).copied().unwrap_or("query").to_owned()));
    if parts.operands.get(1).is_some_and(|arg| arg.text == "add") {
        let matchers = parts.operands.iter().skip(2).map(|arg| {
            Matcher::of(arg)
                .or_else(|| Matcher::of(&Arg { text: format!("alertname={}", arg.text), sure: arg.sure }))
        });
        judge_all(judge, &matchers.flatten().collect::<Vec<_>>());
        return Read::Done;
    }
    if words.get(1) == Some(&"query") {
        judge.told("amtool", "silence query", &[], &[]);
        return Read::Done;
    }
    Read::Rules(Vec::new())
}

/// A silence as JSON, as the interface and tools take it.
pub(super) fn posted(judge: &mut Judge<'_>, body: &str) {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    from_json(judge, &value);
}

/// The matchers of a value that has some.
pub(super) fn from_json(judge: &mut Judge<'_>, value: &Value) {
    let matchers = value["matchers"].as_array().into_iter().flatten().filter_map(|matcher| {
        if let Some(text) = matcher.as_str() {
            return Matcher::of(&Arg::sure(text));
        }
        Some(Matcher {
            name: matcher["name"].as_str()?.to_owned(),
            value: matcher["value"].as_str()?.to_owned(),
            regex: matcher["isRegex"].as_bool().unwrap_or(false),
            equal: matcher["isEqual"].as_bool().unwrap_or(true),
            sure: true,
        })
    });
    judge_all(judge, &matchers.collect::<Vec<_>>());
}

fn judge_all(judge: &mut Judge<'_>, matchers: &[Matcher]) {
    let label = |name: &str| -> Option<String> {
        let alert = judge.case.alert?;
        let given = alert
            .labels
            .iter()
            .find(|(key, _)| key.expose() == name)
            .map(|(_, value)| value.expose().to_owned());
        let from_alert = || match name {
            "alertname" => Some(alert.name.expose().to_owned()),
            "service" => alert.service.as_ref().map(|service| service.expose().to_owned()),
            "severity" => alert.severity.as_ref().map(|severity| severity.expose().to_owned()),
            _ => None,
        };
        Some(given.or_else(from_alert).unwrap_or_default())
    };
    let answers: Vec<Option<bool>> = matchers
        .iter()
        .map(|matcher| {
            if !matcher.sure {
                return None;
            }
            label(&matcher.name).and_then(|value| matcher.fits(&value))
        })
        .collect();
    let everything = matchers.iter().all(Matcher::wide);
    let own = if matchers.is_empty() || (everything && judge.case.alert.is_none()) {
        "all"
    } else if judge.case.alert.is_none() {
        "unknown"
    } else if answers.contains(&Some(false)) {
        "no"
    } else if answers.contains(&None) {
        "unsure"
    } else {
        "yes"
    };
    let name = matchers.iter().map(Matcher::shown).collect::<Vec<_>>().join(",");
    let mut what = target("silence", None, &name);
    what.count = crate::domain::Num::unknown("alerts");
    judge.told("silence", "add", &[("own", own.to_owned())], &[what]);
}
