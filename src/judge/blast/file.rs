//! What happens to files: which place a path is, and what reading, writing or removing it means there.
//!
//! The places and their tiers are data (`rules/files.toml`). Links are not followed: nothing here looks at a disk.

use super::call::Arg;
use super::finding::{Finding, target};
use super::judge::Judge;
use crate::domain::{DataEffect, Parsed};

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Read,
    Write,
    Append,
    Empty,
    Remove,
    RemoveTree,
}

impl Deed {
    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Append => "append",
            Self::Empty => "empty",
            Self::Remove => "remove",
            Self::RemoveTree => "remove-tree",
        }
    }

    fn effect(self) -> DataEffect {
        match self {
            Self::Read => DataEffect::Read,
            Self::Write | Self::Append => DataEffect::Write,
            Self::Empty | Self::Remove | Self::RemoveTree => DataEffect::Delete,
        }
    }
}

/// Directories whose programs are the installed ones.
const INSTALLED: &[&str] = &[
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/snap/bin",
    "/opt/homebrew/bin",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/libexec",
];

/// The name of an installed program, from the first argument.
pub(super) fn program_name(first: &str) -> Result<&str, &'static str> {
    if first.is_empty() {
        return Err("a command without a name");
    }
    let Some((directory, name)) = first.rsplit_once('/') else { return Ok(first) };
    let directory = normal(directory);
    let opt = directory.starts_with("/opt/") && directory.ends_with("/bin");
    if !name.is_empty() && (INSTALLED.contains(&directory.as_str()) || opt) {
        return Ok(name);
    }
    Err("a program at this path is not an installed one, and what it does is not in the action")
}

/// A path without `.`, `..` and doubled slashes. One that climbs above its beginning keeps the `..`.
pub(super) fn normal(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

/// The whole path from the working directory; `~` stays.
pub(super) fn whole(judge: &Judge<'_>, path: &str) -> String {
    // `host:/path` is that path on another machine; what it means there is the same.
    let remote = path
        .split_once(':')
        .filter(|(host, path)| !host.contains('/') && (path.starts_with('/') || path.starts_with('~')));
    let path = remote.map_or(path, |(_, path)| path);
    if path.starts_with('/') {
        return normal(path);
    }
    if path.starts_with('~') {
        return path.to_owned();
    }
    let path = path.strip_prefix("$HOME").or_else(|| path.strip_prefix("${HOME}")).map_or_else(
        || judge.cwd.as_ref().map_or_else(|| path.to_owned(), |cwd| format!("{cwd}/{path}")),
        |rest| format!("~{rest}"),
    );
    if path.starts_with('~') { path } else { normal(&path) }
}

/// A glob that names all that is in a directory names the directory.
fn without_star(path: &str) -> &str {
    path.strip_suffix("/*").or_else(|| path.strip_suffix("/.*")).unwrap_or(path)
}

/// Words for where a path lies, for the rules.
fn place(judge: &Judge<'_>, path: &str) -> &'static str {
    let below =
        |top: &str| path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if ["/tmp", "/var/tmp", "/dev/shm"].iter().any(|top| below(top)) {
        "scratch"
    } else if judge.home != "/" && below(&judge.home) {
        "copy"
    } else if !path.starts_with('/') && !path.starts_with('~') && !path.starts_with("..") {
        "unknown"
    } else {
        "elsewhere"
    }
}

/// Judges one deed on one file.
pub(super) fn judge(judge: &mut Judge<'_>, deed: Deed, arg: &Arg) {
    if arg.text.is_empty() || arg.text == "-" {
        return;
    }
    let mut path = whole(judge, &arg.text);
    if deed == Deed::RemoveTree {
        path = without_star(&path).to_owned();
        if path.is_empty() {
            path.push('/');
        }
    }
    let place = place(judge, &path);
    let facts = [
        ("path", path.clone()),
        ("place", place.to_owned()),
        ("sure", arg.sure.to_string()),
        ("top", (path.matches('/').count() <= 1 && path.starts_with('/')).to_string()),
    ];
    let Some(rule) = judge.rule_for("file", deed.word(), &facts) else { return };
    let effects = &rule.effects;
    let mut finding =
        Finding::new(effects.tier.unwrap_or(crate::domain::Tier::H), rule.id.clone(), effects.reason.clone());
    finding.data = if effects.kind.as_deref() == Some("nothing") {
        DataEffect::None
    } else {
        deed.effect().max(effects.data)
    };
    finding.credentials = effects.credentials;
    finding.undo = effects.undo;
    if !arg.sure {
        finding.parsed = Parsed::Partial;
        finding.unknown =
            Some(format!("which file exactly: {}", super::finding::cut(&arg.text).escape_debug()));
    }
    let shown = if arg.text.starts_with('~') || place == "copy" { arg.text.as_str() } else { path.as_str() };
    match effects.kind.as_deref() {
        Some("nothing") => {}
        Some(kind) => finding.targets.push(target(kind, None, shown)),
        None if deed == Deed::RemoveTree => finding.targets.push(target("directory", None, shown)),
        None => finding.targets.push(target("file", None, shown)),
    }
    judge.say(finding);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_programs_have_a_name() {
        assert_eq!(program_name("/usr/bin/../bin/systemctl"), Ok("systemctl"));
        assert_eq!(program_name("kubectl"), Ok("kubectl"));
        assert_eq!(program_name("/opt/kafka/bin/kafka-topics.sh"), Ok("kafka-topics.sh"));
        for bad in ["./kubectl", "/tmp/x", "bin/kubectl", "/usr/bin/../../tmp/kubectl", ""] {
            assert!(program_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_is_where_it_ends_up() {
        assert_eq!(normal("/srv/geo/cache/../../ledger"), "/srv/ledger");
        assert_eq!(normal("/../etc//passwd/."), "/etc/passwd");
        assert_eq!(normal("../../etc"), "../../etc");
    }
}
