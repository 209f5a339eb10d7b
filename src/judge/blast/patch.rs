//! File changes: where each file is, and what the changed lines say.

use super::call::Arg;
use super::file::{self, Deed};
use super::finding::{Finding, Undo, target};
use super::judge::Judge;
use super::sql;
use crate::domain::{DataEffect, FileChange, Parsed, Tier};

/// Judges file changes.
pub(super) fn judge(judge: &mut Judge<'_>, changes: &[FileChange]) {
    for change in changes.iter().take(500) {
        if !judge.spend() {
            return;
        }
        one(judge, change);
    }
}

fn one(judge: &mut Judge<'_>, change: &FileChange) {
    let path = change.path.expose();
    let words = change.change.expose();
    let added: Vec<&str> = lines(change, '+');
    let removed: Vec<&str> = lines(change, '-');
    let found = judge.apart(|judge| {
        if let Some(to) = words.strip_prefix("move to ") {
            file::judge(judge, Deed::Write, &Arg::sure(path));
            file::judge(judge, Deed::Write, &Arg::sure(to));
        } else if words == "delete" {
            let copy = judge.apart(|judge| file::judge(judge, Deed::Write, &Arg::sure(path)));
            if copy.iter().all(|finding| finding.tier <= Tier::M) {
                let mut finding =
                    Finding::new(Tier::M, "patch.deletes", "it deletes a file of the working copy")
                        .on(target("file", None, path));
                (finding.data, finding.undo) = (DataEffect::Delete, Undo::Rollback);
                judge.say(finding);
            } else {
                file::judge(judge, Deed::Remove, &Arg::sure(path));
            }
        } else {
            file::judge(judge, Deed::Write, &Arg::sure(path));
        }
    });
    let comments = |line: &&str| {
        ["//", "#", "--", "/*", "*", ";"].iter().any(|mark| line.trim_start().starts_with(mark))
            || line.trim().is_empty()
    };
    let only_comments = !added.is_empty()
        && added.iter().all(comments)
        && removed.iter().all(comments)
        && !path.starts_with('/');
    let code =
        ["rs", "go", "py", "ts", "js", "java", "rb", "c", "cc", "cpp", "h", "kt", "scala", "cs", "php"]
            .iter()
            .any(|end| path.ends_with(&format!(".{end}")));
    for mut finding in found {
        if finding.undo == Undo::Restore && words != "delete" {
            finding.undo = Undo::Rollback;
        }
        if only_comments && code && finding.tier == Tier::M {
            finding = Finding {
                tier: Tier::L,
                rule: "patch.comments".into(),
                reason: "only comments change".into(),
                undo: Undo::Instant,
                ..finding
            };
        }
        judge.say(finding);
    }
    content(judge, path, change.diff.expose(), &added, &removed);
}

fn lines(change: &FileChange, mark: char) -> Vec<&str> {
    let diff = change.diff.expose();
    if change.change.expose() == "add" && !diff.starts_with("@@") {
        return if mark == '+' { diff.lines().collect() } else { Vec::new() };
    }
    diff.lines()
        .filter(|line| !line.starts_with("+++") && !line.starts_with("---"))
        .filter_map(|line| line.strip_prefix(mark))
        .collect()
}

/// What the changed lines say, whatever the file is.
fn content(judge: &mut Judge<'_>, path: &str, diff: &str, added: &[&str], removed: &[&str]) {
    let text = added.join("\n");
    let lower = text.to_lowercase();
    let mut say = |tier: Tier, rule: &str, reason: &str, partial: bool| {
        let mut finding = Finding::new(tier, rule, reason).on(target("file", None, path));
        (finding.data, finding.undo) = (DataEffect::Write, Undo::Rollback);
        if partial {
            finding.parsed = Parsed::Partial;
        }
        judge.say(finding);
    };
    let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{00ad}');
    if text.contains(hidden) {
        say(Tier::H, "patch.hidden", "the change holds characters that cannot be seen", false);
    }
    let fetches = (lower.contains("curl ") || lower.contains("wget "))
        && ["| sh", "|sh", "| bash", "|bash", "$(curl", "$(wget"].iter().any(|pipe| lower.contains(pipe));
    if fetches {
        say(Tier::HPlus, "patch.fetches-and-runs", "the change fetches code and runs it", true);
    }
    if lower.contains("privileged: true")
        || lower.contains("hostpid: true")
        || lower.contains("hostnetwork: true")
        || lower.contains("\"privileged\": true")
    {
        say(Tier::H, "patch.privileged", "a container gets the rights of the machine", false);
    }
    if lower.contains("prevent_destroy = false")
        || removed.iter().any(|line| {
            line.contains("prevent_destroy = true") || line.contains("deletion_protection = true")
        })
    {
        say(Tier::H, "patch.protection", "what kept data from being destroyed goes", false);
    }
    let dependency = path.ends_with("requirements.txt")
        && added.iter().any(|line| {
            let name = line.split(['=', '<', '>', '[', '~']).next().unwrap_or_default();
            !removed.iter().any(|old| old.split(['=', '<', '>', '[', '~']).next() == Some(name))
        });
    if dependency || path.ends_with("conftest.py") {
        say(Tier::H, "patch.dependency", "other code runs from now on", false);
    }
    if path.ends_with("package.json")
        && ["preinstall", "postinstall", "prepare"].iter().any(|hook| lower.contains(hook))
    {
        say(Tier::HPlus, "patch.install-hook", "it runs whenever the package is installed", true);
    }
    if path.ends_with(".gitattributes") {
        say(Tier::H, "patch.filter", "git runs a filter on files", true);
    }
    if (path.contains("flag") || path.contains("feature")) && path.contains("prod") {
        say(Tier::H, "patch.flag", "it switches a flag that users meet", false);
    }
    own_alert(judge, path, diff);
    if path.to_lowercase().ends_with("sql") && (path.contains("migration") || path.starts_with("db/")) {
        let found = judge.apart(|judge| sql::judge(judge, &text, sql::Client::Any));
        for mut finding in found {
            // It runs only when the migration does.
            finding.tier = finding.tier.min(Tier::H);
            finding.data = DataEffect::Write;
            finding.undo = Undo::Rollback;
            judge.say(finding);
        }
    }
}

/// Rules and routes of alerts: whether a changed rule is the incident's own.
fn own_alert(judge: &mut Judge<'_>, path: &str, diff: &str) {
    let Some(alert) = judge.case.alert.filter(|_| path.contains("rule") || path.contains("alert")) else {
        return;
    };
    let name = alert.name.expose();
    let labelled = alert
        .labels
        .iter()
        .find(|(key, _)| key.expose() == "alertname")
        .map_or(name, |(_, value)| value.expose());
    if !labelled.is_empty() && diff.contains(labelled) {
        let mut finding =
            Finding::new(Tier::H, "patch.own-alert", "it changes when this incident's own alert fires")
                .on(target("alert_rule", None, labelled));
        (finding.data, finding.undo) = (DataEffect::Write, Undo::Rollback);
        judge.say(finding);
    }
}
