//! What clients do themselves: `psql`'s backslash commands, `MySQL`'s, SQLite's dot commands; `MongoDB`'s shell.

use super::{Client, file, shell_text};
use crate::domain::DataEffect;
use crate::judge::blast::file::Deed;
use crate::judge::blast::finding::{Finding, Undo, target};
use crate::judge::blast::judge::Judge;

/// Judges the client's own commands; gives the SQL that is left.
pub(super) fn take(judge: &mut Judge<'_>, text: &str, client: Client) -> String {
    let mut rest = String::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        let own = match client {
            Client::Sqlite => trimmed.starts_with('.'),
            Client::Postgres | Client::Mysql | Client::Any => trimmed.starts_with('\\'),
            Client::Clickhouse | Client::Mongo => false,
        };
        if own {
            command(judge, trimmed);
        } else if let Some((sql, tail)) = line.split_once("\\g").filter(|_| client == Client::Postgres) {
            if tail.trim_start().starts_with("exec") {
                generated(judge, sql);
            } else if let Some(command) = tail.trim_start().strip_prefix('|') {
                piped(judge, command);
            } else if !tail.trim().is_empty() {
                file(judge, Deed::Write, tail.trim());
            }
            rest.push_str(sql);
            rest.push_str(";\n");
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    rest
}

fn command(judge: &mut Judge<'_>, line: &str) {
    let line = line.trim_end();
    let (word, tail) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let tail = tail.trim();
    if let Some(command) = line
        .strip_prefix("\\!")
        .or_else(|| line.strip_prefix(".shell"))
        .or_else(|| line.strip_prefix(".system"))
    {
        return shell_text(judge, command.trim());
    }
    if let Some(command) = tail.split('`').nth(1) {
        let mut finding = Finding::new(
            crate::domain::Tier::HPlus,
            "sql.client-command",
            "the client runs a command, and its answer becomes SQL",
        );
        finding.undo = Undo::Unknown;
        judge.say(finding);
        return shell_text(judge, command);
    }
    match word {
        "\\i" | "\\ir" | "\\include" | ".read" | "\\." | "source" => {
            let what = [target("file", None, tail)];
            judge.told("sql", "script", &[], &what);
        }
        "\\o" | "\\out" | ".output" | ".once" | ".log" | ".excel" | "\\T" | "\\w" | "\\s" | ".dump-x"
        | ".backup" | ".save" => match tail.strip_prefix('|') {
            Some(command) => shell_text(judge, command),
            None if tail.is_empty() => {}
            None => file(judge, Deed::Write, tail.split_whitespace().last().unwrap_or_default()),
        },
        "\\copy" => copy(judge, tail),
        ".load" | ".restore" | ".import" | ".open" | "\\password" | "\\lo_import" | "\\lo_export"
        | "\\lo_unlink" => judge.told("sql", "other", &[], &[]),
        "\\gexec" => judge.told("sql", "generated", &[], &[]),
        "\\e" | "\\ef" | "\\ev" | "\\edit" => {
            judge.opaque("sql.edited", "what will be typed is not in the action");
        }
        _ => {
            let about = tail.split_whitespace().next();
            let what: Vec<_> = about.map(|name| target("table", None, name)).into_iter().collect();
            judge.told("sql", "show", &[], &what);
        }
    }
}

fn copy(judge: &mut Judge<'_>, tail: &str) {
    let lower = tail.to_lowercase();
    let table = tail.split([' ', '(']).find(|word| !word.is_empty()).unwrap_or("*");
    let out = lower.contains(" to ");
    judge.told("sql", if out { "copy-out" } else { "copy-in" }, &[], &[target("table", None, table)]);
    if let Some(at) = lower.find(" program ") {
        let literal = tail[at..].split('\'').nth(1).unwrap_or_default();
        shell_text(judge, literal);
    }
}

fn generated(judge: &mut Judge<'_>, _sql: &str) {
    judge.told("sql", "generated", &[], &[target("table", Some("public"), "*")]);
}

fn piped(judge: &mut Judge<'_>, command: &str) {
    shell_text(judge, command.trim());
}

/// A `DO` block: its statements, where they stand in it as such.
pub(super) fn block(judge: &mut Judge<'_>, text: &str, client: Client) {
    let body = text.split("$$").nth(1).or_else(|| text.split('\'').nth(1)).unwrap_or_default();
    let lower = body.to_lowercase();
    if lower.contains("execute") || lower.contains("perform") || lower.contains("loop") || body.is_empty() {
        judge.told("sql", "dynamic", &[], &[]);
        return;
    }
    let from = lower.find("begin").map_or(0, |at| at + 5);
    let until = lower.rfind("end").filter(|at| *at > from).unwrap_or(body.len());
    let inner = body.get(from..until).unwrap_or_default().to_owned();
    super::judge(judge, &inner, client);
}

/// Methods of the database's shell, by what they do.
const ADMIN: &[&str] = &[
    "dropDatabase",
    ".drop(",
    "dropIndex",
    "dropUser",
    "dropRole",
    "shutdownServer",
    "fsyncLock",
    "createUser",
    "grantRoles",
    "updateUser",
    "rs.reconfig",
    "rs.stepDown",
    "rs.remove",
    "sh.",
    "adminCommand",
    "runCommand",
    "eval(",
];
const WRITES: &[&str] = &[
    "insert",
    "update",
    "replace",
    "save(",
    "findAndModify",
    "findOneAnd",
    "bulkWrite",
    "createIndex",
    "createCollection",
    "renameCollection",
    "$out",
    "$merge",
    "killOp",
];
const READS: &[&str] = &[
    "find",
    "count",
    "aggregate",
    "distinct",
    "stats",
    "status",
    "getIndexes",
    "explain",
    "serverStatus",
    "currentOp",
    "show ",
    "getCollectionNames",
    "hello",
    "version",
    "isMaster",
    "printReplicationInfo",
    "printSecondaryReplicationInfo",
    "getReplicationInfo",
    "listDatabases",
];

/// `MongoDB`'s shell, by the names of its methods.
pub(super) fn mongo(judge: &mut Judge<'_>, text: &str) {
    let collection = text.split("db.").nth(1).and_then(|rest| rest.split(['.', '(']).next()).unwrap_or("*");
    let what = target("table", None, collection);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let empty = text.contains("({})") || text.contains("({},") || text.contains("({ }");
    let (tier, rule, reason, data, undo) = if has(ADMIN) {
        (
            crate::domain::Tier::HPlus,
            "mongo.admin",
            "it drops stored data or administers the server",
            DataEffect::Delete,
            Undo::Restore,
        )
    } else if has(&["deleteMany", "remove("]) && empty {
        (
            crate::domain::Tier::HPlus,
            "mongo.delete-all",
            "it deletes every document",
            DataEffect::Delete,
            Undo::Restore,
        )
    } else if has(&["updateMany", "update("]) && empty {
        (
            crate::domain::Tier::HPlus,
            "mongo.update-all",
            "it changes every document",
            DataEffect::Write,
            Undo::Restore,
        )
    } else if has(&["deleteOne", "deleteMany", "remove(", "findOneAndDelete"]) {
        (crate::domain::Tier::H, "mongo.delete", "it deletes documents", DataEffect::Delete, Undo::Restore)
    } else if has(WRITES) {
        (crate::domain::Tier::H, "mongo.write", "it changes documents", DataEffect::Write, Undo::Restore)
    } else if has(READS) {
        (crate::domain::Tier::Ro, "mongo.read", "it reads documents", DataEffect::Read, Undo::Instant)
    } else {
        return judge.opaque("mongo.unread", "this is not read here");
    };
    let mut finding = Finding::new(tier, rule, reason).on(what);
    (finding.data, finding.undo) = (data, undo);
    judge.say(finding);
}
