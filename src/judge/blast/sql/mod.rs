//! SQL as a client would run it: every statement is judged, and what its functions and conditions do.
//!
//! Parsed by `sqlparser` in the client's dialect. What it cannot read is classed by its leading words, and as the worst
//! that they can mean.

mod condition;
mod functions;
mod meta;
mod split;
mod statement;

use super::call::{Arg, Input};
use super::finding::target;
use super::judge::Judge;
use super::shell;
use crate::domain::Target;

/// Most operators in one statement: longer chains nest deeper than is safe to walk.
const OPERATORS_MAX: usize = 300;
/// Most statements in one text.
const STATEMENTS_MAX: usize = 500;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// `psql` and what speaks like it.
    Postgres,
    Mysql,
    Sqlite,
    Clickhouse,
    /// Not SQL at all.
    Mongo,
    /// Not said.
    Any,
}

impl Client {
    /// The client called so.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "psql" | "pgcli" | "cockroach" | "ysqlsh" | "postgres" | "postgresql" | "redshift-psql" => {
                Self::Postgres
            }
            "mysql" | "mariadb" | "mycli" => Self::Mysql,
            "sqlite3" | "sqlite" | "litecli" | "duckdb" => Self::Sqlite,
            "clickhouse-client" | "clickhouse" | "clickhouse-local" => Self::Clickhouse,
            "mongosh" | "mongo" => Self::Mongo,
            _ => Self::Any,
        }
    }
}

/// Judges a text of SQL.
pub(super) fn judge(judge: &mut Judge<'_>, text: &str, client: Client) {
    judge.deeper(|judge| {
        if client == Client::Mongo {
            return meta::mongo(judge, text);
        }
        let text = meta::take(judge, text, client);
        let statements = split::statements(&text, client);
        if statements.len() > STATEMENTS_MAX {
            judge.opaque(
                "sql.many",
                format!("more than {STATEMENTS_MAX} statements are more than can be read"),
            );
        }
        for each in statements.iter().take(STATEMENTS_MAX) {
            if !judge.spend() {
                return;
            }
            one(judge, each, client);
        }
    });
}

fn one(judge: &mut Judge<'_>, text: &str, client: Client) {
    let operators = split::operators(text);
    if operators <= OPERATORS_MAX {
        for dialect in statement::dialects(client) {
            if let Some(parsed) = statement::parse(&*dialect, text) {
                for each in &parsed {
                    statement::judge(judge, each, client);
                }
                return;
            }
        }
    }
    leading(judge, text, client);
}

/// Kinds by the leading words of what could not be parsed.
const LEADING: &[(&str, &str)] = &[
    ("select", "unread"),
    ("with", "unread"),
    ("table ", "select"),
    ("values", "values"),
    ("show", "show"),
    ("desc", "show"),
    ("explain", "unread"),
    ("help", "show"),
    ("handler", "select"),
    ("begin", "session"),
    ("start transaction", "session"),
    ("start replica", "replica"),
    ("start slave", "replica"),
    ("start group_replication", "replica"),
    ("stop replica", "replica"),
    ("stop slave", "replica"),
    ("stop group_replication", "replica-reset"),
    ("reset replica", "replica-reset"),
    ("reset slave", "replica-reset"),
    ("reset master", "replica-reset"),
    ("reset binary", "replica-reset"),
    ("change master", "replica-reset"),
    ("change replication", "replica-reset"),
    ("purge", "truncate"),
    ("set global", "system"),
    ("set persist", "system"),
    ("set @@global", "system"),
    ("set role", "session"),
    ("set session auth", "role"),
    ("set password", "role"),
    ("set", "session"),
    ("reset", "session"),
    ("alter system", "system"),
    ("alter role", "role"),
    ("alter user", "role"),
    ("alter group", "role"),
    ("alter default", "grant"),
    ("alter database", "system"),
    ("create role", "role"),
    ("create user", "role"),
    ("drop role", "role"),
    ("drop user", "role"),
    ("rename user", "role"),
    ("grant", "grant"),
    ("revoke", "grant"),
    ("reassign owned", "owned"),
    ("drop owned", "owned"),
    ("create or replace table", "create-or-replace"),
    ("create or replace function", "create-code"),
    ("create or replace procedure", "create-code"),
    ("create function", "create-code"),
    ("create procedure", "create-code"),
    ("create trigger", "create-code"),
    ("create or replace trigger", "create-code"),
    ("create rule", "create-code"),
    ("create or replace rule", "create-code"),
    ("create event", "create-code"),
    ("create extension", "create-code"),
    ("create or replace view", "create-code"),
    ("create publication", "create"),
    ("create subscription", "copy-out"),
    ("drop publication", "drop-code"),
    ("drop subscription", "drop-code"),
    ("drop extension", "drop-code"),
    ("create temp", "temporary"),
    ("create temporary", "temporary"),
    ("create", "create"),
    ("drop index", "drop-index"),
    ("drop view", "drop-code"),
    ("drop function", "drop-code"),
    ("drop procedure", "drop-code"),
    ("drop trigger", "drop-code"),
    ("drop", "drop"),
    ("truncate", "truncate"),
    ("detach partition", "alter-drops"),
    ("insert", "insert"),
    ("replace", "replace"),
    ("merge", "merge"),
    ("load data", "copy-in"),
    ("import", "copy-in"),
    ("copy", "copy-out"),
    ("unload", "copy-out"),
    ("export", "copy-out"),
    ("backup", "copy-out"),
    ("restore", "drop"),
    ("reindex", "reindex"),
    ("cluster", "rebuild"),
    ("vacuum full", "rebuild"),
    ("vacuum (full", "rebuild"),
    ("vacuum", "vacuum"),
    ("analyze", "analyze"),
    ("analyse", "analyze"),
    ("optimize", "rebuild"),
    ("repair", "rebuild"),
    ("check table", "show"),
    ("checksum", "show"),
    ("checkpoint", "analyze"),
    ("refresh", "refresh"),
    ("lock instance", "lock-all"),
    ("flush tables", "lock-all"),
    ("flush privileges", "analyze"),
    ("flush", "analyze"),
    ("lock", "lock"),
    ("unlock", "session"),
    ("commit", "session"),
    ("end", "session"),
    ("rollback", "session"),
    ("savepoint", "session"),
    ("release", "session"),
    ("abort", "session"),
    ("declare", "session"),
    ("fetch", "show"),
    ("close", "session"),
    ("use", "session"),
    ("discard", "session"),
    ("listen", "session"),
    ("unlisten", "session"),
    ("notify", "setting"),
    ("deallocate", "session"),
    ("pragma", "setting"),
    ("kill", "kill"),
    ("shutdown", "system"),
    ("restart", "system"),
    ("install plugin", "create-code"),
    ("uninstall", "drop-code"),
    ("call", "call"),
    ("exec", "call"),
    ("execute", "dynamic"),
    ("system ", "system"),
    ("attach", "session"),
    ("detach", "drop-code"),
    ("exchange", "alter-drops"),
    ("rename", "alter"),
    ("comment", "alter"),
    ("security label", "grant"),
];

fn leading(judge: &mut Judge<'_>, text: &str, client: Client) {
    let lower = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let named = |at: usize| {
        words
            .get(at)
            .map_or("*", |word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '.'))
    };
    if lower.starts_with("do ") {
        return meta::block(judge, text, client);
    }
    if lower.starts_with("delete") || lower.starts_with("update") || lower.starts_with("alter table") {
        let at = words
            .iter()
            .position(|word| matches!(word.to_lowercase().as_str(), "from" | "table" | "update"))
            .map_or(1, |at| at + 1);
        let what = [target("table", None, named(at))];
        let deletes = lower.starts_with("delete");
        return if lower.starts_with("alter") {
            let kind = if lower.contains(" delete ") || lower.contains(" drop ") || lower.contains("truncate")
            {
                "alter-drops"
            } else if lower.contains("trigger") || lower.contains("row level") {
                "alter-trigger"
            } else {
                "alter"
            };
            judge.told("sql", kind, &[], &what);
        } else {
            let facts = [(
                "where",
                if deletes
                    && lower.contains(" join ")
                    && lower.contains(" where ")
                    && !lower.contains("1=1")
                    && !lower.contains("where 1")
                {
                    "some"
                } else {
                    "always"
                }
                .to_owned(),
            )];
            judge.told("sql", if deletes { "delete" } else { "update" }, &facts, &what);
        };
    }
    match LEADING.iter().find(|(start, _)| lower.starts_with(start)) {
        Some((_, kind)) => {
            let last = named(words.len().saturating_sub(1));
            let what: Vec<Target> = if matches!(*kind, "session" | "show") {
                Vec::new()
            } else {
                vec![target("table", None, last)]
            };
            judge.told("sql", kind, &[], &what);
        }
        None => judge.told("sql", "unread", &[], &[]),
    }
}

/// A command that the database or its client hands to a shell.
fn shell_text(judge: &mut Judge<'_>, text: &str) {
    let text = text.to_owned();
    judge.deeper(|judge| shell::judge(judge, &text, &Input::Unknown, &[]));
}

fn file(judge: &mut Judge<'_>, deed: super::file::Deed, path: &str) {
    super::file::judge(judge, deed, &Arg::sure(path.trim_matches(['\'', '"'])));
}
