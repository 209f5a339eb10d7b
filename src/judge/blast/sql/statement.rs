//! One parsed statement: its kind, its tables, what its condition lets through.
// The parser's own types have hundreds of variants; what is not named here is judged as something else.
#![allow(clippy::wildcard_enum_match_arm)]

use std::ops::ControlFlow;

use sqlparser::ast::{
    AlterTableOperation, CopySource, CopyTarget, Delete, Expr, FromTable, Function, FunctionArguments,
    ObjectName, ObjectType, Query, SetExpr, Statement, TableFactor, TableObject, TableWithJoins, Update,
    Visit, Visitor,
};
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, Dialect, GenericDialect, MySqlDialect, PostgreSqlDialect,
    SQLiteDialect,
};
use sqlparser::parser::Parser;

use super::functions::{Sort, sort};
use super::{Client, condition, file, shell_text};
use crate::domain::Target;
use crate::judge::blast::file::Deed;
use crate::judge::blast::finding::target;
use crate::judge::blast::judge::Judge;

/// The dialects to try, the client's own first.
pub(super) fn dialects(client: Client) -> Vec<Box<dyn Dialect>> {
    let own: Box<dyn Dialect> = match client {
        Client::Postgres => Box::new(PostgreSqlDialect {}),
        Client::Mysql => Box::new(MySqlDialect {}),
        Client::Sqlite => Box::new(SQLiteDialect {}),
        Client::Clickhouse => Box::new(ClickHouseDialect {}),
        Client::Any | Client::Mongo => Box::new(BigQueryDialect {}),
    };
    vec![own, Box::new(GenericDialect {}), Box::new(PostgreSqlDialect {})]
}

/// Reads one statement.
pub(super) fn parse(dialect: &dyn Dialect, text: &str) -> Option<Vec<Statement>> {
    Parser::new(dialect).with_recursion_limit(40).try_with_sql(text).ok()?.parse_statements().ok()
}

/// What is in a statement, wherever it stands.
#[derive(Default)]
struct Seen {
    tables: Vec<String>,
    functions: Vec<Function>,
    ctes: Vec<String>,
    changes: Vec<Statement>,
    columns: Vec<String>,
}

impl Visitor for Seen {
    type Break = ();
    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let name = name.to_string();
        if self.tables.len() < 64 && !self.tables.contains(&name) {
            self.tables.push(name);
        }
        ControlFlow::Continue(())
    }
    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.ctes.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.clone()));
        }
        match query.body.as_ref() {
            SetExpr::Insert(change)
            | SetExpr::Update(change)
            | SetExpr::Delete(change)
            | SetExpr::Merge(change) => self.changes.push(change.clone()),
            _ => {}
        }
        ControlFlow::Continue(())
    }
    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Function { name, .. } = factor {
            self.tables.push(format!("{name}()"));
        }
        ControlFlow::Continue(())
    }
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) if self.functions.len() < 64 => self.functions.push(function.clone()),
            Expr::Identifier(name) => self.columns.push(name.value.to_lowercase()),
            Expr::CompoundIdentifier(parts) => {
                self.columns.extend(parts.last().map(|part| part.value.to_lowercase()));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn look(statement: &impl Visit) -> Seen {
    let mut seen = Seen::default();
    let _ = statement.visit(&mut seen);
    let ctes = std::mem::take(&mut seen.ctes);
    seen.tables.retain(|table| !ctes.contains(table));
    seen
}

fn tables(names: &[String]) -> Vec<Target> {
    names.iter().filter(|name| !name.ends_with("()")).map(|name| target("table", None, name)).collect()
}

/// Judges one statement.
pub(super) fn judge(judge: &mut Judge<'_>, statement: &Statement, client: Client) {
    let seen = look(statement);
    match statement {
        Statement::Query(query) => self::query(judge, query, &seen),
        Statement::Explain { statement, analyze, options, .. } => {
            let option = |option: &sqlparser::ast::UtilityOption| {
                let off = option.arg.as_ref().is_some_and(|arg| {
                    matches!(arg.to_string().to_lowercase().as_str(), "false" | "off" | "0")
                });
                option.name.value.eq_ignore_ascii_case("analyze") && !off
            };
            if *analyze || options.iter().flatten().any(option) {
                self::judge(judge, statement, client);
            } else {
                judge.told("sql", "explain", &[], &tables(&seen.tables));
            }
            return;
        }
        Statement::Prepare { statement, .. } => return self::judge(judge, statement, client),
        Statement::Delete(delete) => deletes(judge, delete),
        Statement::Update(update) => updates(judge, update),
        Statement::Copy { source, to, target, .. } => copies(judge, source, *to, target),
        Statement::AlterTable(alter) => {
            let name = alter.name.to_string();
            let kind = alter
                .operations
                .iter()
                .map(alters)
                .max_by_key(|kind| matches!(*kind, "alter-drops" | "alter-trigger"))
                .unwrap_or("alter");
            judge.told("sql", kind, &[], &[target("table", None, &name)]);
        }
        Statement::Drop { object_type, names, .. } => drops(judge, *object_type, names),
        Statement::Vacuum(vacuum) => {
            judge.told("sql", if vacuum.full { "rebuild" } else { "vacuum" }, &[], &tables(&seen.tables));
        }
        other => plain(judge, other, &seen),
    }
    changes(judge, &seen);
    functions(judge, &seen, statement, client);
}

/// Changes inside of a query: `WITH x AS (DELETE …)`.
fn changes(judge: &mut Judge<'_>, seen: &Seen) {
    for change in &seen.changes {
        match change {
            Statement::Delete(delete) => deletes(judge, delete),
            Statement::Update(update) => updates(judge, update),
            other => plain(judge, other, &look(other)),
        }
    }
}

fn query(judge: &mut Judge<'_>, query: &Query, seen: &Seen) {
    let what = tables(&seen.tables);
    let secret = |word: &String| {
        word.contains("password")
            || word.contains("passwd")
            || word.contains("secret")
            || word == "rolpassword"
            || word.contains("api_key")
            || word.contains("private_key")
            || word.ends_with("_token")
            || word == "authentication_string"
    };
    let kind = match query.body.as_ref() {
        SetExpr::Select(select) if select.into.is_some() => "select-into",
        SetExpr::Values(_) => "values",
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => return,
        _ if !query.locks.is_empty() => "select-for-update",
        _ if seen.columns.iter().any(secret)
            || seen.tables.iter().any(|table| {
                table.contains("pg_shadow") || table.contains("pg_authid") || table == "mysql.user"
            }) =>
        {
            "select-secret"
        }
        _ if seen.tables.is_empty()
            && seen
                .functions
                .iter()
                .all(|function| !function.name.to_string().to_lowercase().starts_with("pg_")) =>
        {
            "values"
        }
        _ => "select",
    };
    judge.told("sql", kind, &[], &what);
}

/// The table that is changed.
fn changed(from: &TableWithJoins) -> String {
    match &from.relation {
        TableFactor::Table { name, .. } => name.to_string(),
        other => other.to_string(),
    }
}

fn condition_word(selection: Option<&Expr>, table: &str) -> String {
    match selection {
        None => "none",
        Some(expr) if condition::always(expr, table) => "always",
        Some(_) => "some",
    }
    .to_owned()
}

fn deletes(judge: &mut Judge<'_>, delete: &Delete) {
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let mut names: Vec<String> = delete.tables.iter().map(ToString::to_string).collect();
    if names.is_empty() {
        names = from.iter().map(changed).collect();
    }
    let table = names.first().cloned().unwrap_or_default();
    let mut word = condition_word(delete.selection.as_ref(), &table);
    // A join with another table narrows even where the condition is about the join only; with itself it does not.
    let other = delete.using.iter().flatten().any(|using| changed(using) != table);
    if other && word == "always" {
        "some".clone_into(&mut word);
    }
    if delete.limit.is_some() && word == "none" {
        "some".clone_into(&mut word);
    }
    judge.told("sql", "delete", &[("where", word)], &tables(&names));
}

fn updates(judge: &mut Judge<'_>, update: &Update) {
    let table = changed(&update.table);
    let mut word = condition_word(update.selection.as_ref(), &table);
    if (update.limit.is_some() || update.from.is_some()) && word == "none" {
        "some".clone_into(&mut word);
    }
    let rights = update.assignments.iter().any(|assignment| {
        let name = assignment.target.to_string().to_lowercase();
        ["mfa", "password", "role", "admin", "permission", "is_super", "scope"]
            .iter()
            .any(|word| name.contains(word))
    });
    judge.told(
        "sql",
        "update",
        &[("where", word), ("rights", rights.to_string())],
        &[target("table", None, &table)],
    );
}

fn copies(judge: &mut Judge<'_>, source: &CopySource, to: bool, place: &CopyTarget) {
    let names = match source {
        CopySource::Table { table_name, .. } => vec![table_name.to_string()],
        CopySource::Query(query) => look(&**query).tables,
    };
    judge.told("sql", if to { "copy-out" } else { "copy-in" }, &[], &tables(&names));
    match place {
        CopyTarget::Program { command } => {
            judge.told("sql", "copy-program", &[], &[target("host", None, "*")]);
            shell_text(judge, command);
        }
        CopyTarget::File { filename } => file(judge, if to { Deed::Write } else { Deed::Read }, filename),
        CopyTarget::Stdin | CopyTarget::Stdout => {}
    }
}

fn alters(operation: &AlterTableOperation) -> &'static str {
    let text = operation.to_string().to_lowercase();
    if text.starts_with("drop") && !text.starts_with("drop default") && !text.starts_with("drop not null")
        || text.contains("drop partition")
        || text.starts_with("delete")
        || text.starts_with("truncate")
        || text.starts_with("detach")
    {
        if text.starts_with("drop constraint")
            || text.starts_with("drop index")
            || text.starts_with("drop foreign")
        {
            "alter"
        } else {
            "alter-drops"
        }
    } else if text.contains("trigger")
        || text.contains("row level security")
        || text.starts_with("owner")
        || text.contains(" rule ")
    {
        "alter-trigger"
    } else {
        "alter"
    }
}

fn drops(judge: &mut Judge<'_>, sort: ObjectType, names: &[ObjectName]) {
    let (kind, what) = match sort {
        ObjectType::Index => ("drop-index", "index"),
        ObjectType::Role | ObjectType::User => ("role", "role"),
        ObjectType::View
        | ObjectType::MaterializedView
        | ObjectType::Type
        | ObjectType::Sequence
        | ObjectType::Collation => ("drop-code", "table"),
        ObjectType::Database => ("drop", "database"),
        ObjectType::Schema => ("drop", "schema"),
        _ => ("drop", "table"),
    };
    let what: Vec<Target> = names.iter().map(|name| target(what, None, &name.to_string())).collect();
    judge.told("sql", kind, &[], &what);
}

/// Statements whose kind is their name.
fn plain(judge: &mut Judge<'_>, statement: &Statement, seen: &Seen) {
    let what = tables(&seen.tables);
    let text = statement.to_string();
    let kind = match statement {
        Statement::Insert(insert) => {
            let name = match &insert.table {
                TableObject::TableName(name) => name.to_string(),
                other => other.to_string(),
            };
            let mut all = vec![target("table", None, &name)];
            all.extend(what.into_iter().filter(|other| other.name.expose() != name));
            let replaces = insert.replace_into || insert.overwrite || insert.on.is_some();
            return judge.told("sql", if replaces { "replace" } else { "insert" }, &[], &all);
        }
        Statement::Merge(_) => "merge",
        Statement::Truncate(_) => "truncate",
        Statement::CreateTable(create) if create.temporary => "temporary",
        Statement::CreateTable(create) if create.or_replace => "create-or-replace",
        Statement::CreateFunction(_)
        | Statement::CreateProcedure { .. }
        | Statement::CreateTrigger(_)
        | Statement::CreateExtension(_) => "create-code",
        Statement::CreateView(view) if view.or_replace => "create-code",
        Statement::CreateRole(_)
        | Statement::CreateUser(_)
        | Statement::AlterRole { .. }
        | Statement::AlterUser(_) => "role",
        Statement::Grant(_) | Statement::Revoke(_) | Statement::Deny(_) => "grant",
        Statement::Call(function) => {
            let name = function.name.to_string();
            return judge.told("sql", "call", &[], &[target("procedure", None, &name)]);
        }
        Statement::DropFunction(_)
        | Statement::DropProcedure { .. }
        | Statement::DropTrigger(_)
        | Statement::DropExtension(_) => "drop-code",
        // A prepared statement was judged where it was prepared.
        Statement::Execute { immediate, .. } => {
            if *immediate {
                "dynamic"
            } else {
                "session"
            }
        }
        Statement::Kill { .. } => "kill",
        _ => return super::leading(judge, &text, Client::Any),
    };
    judge.told("sql", kind, &[], &what);
}

fn functions(judge: &mut Judge<'_>, seen: &Seen, statement: &Statement, client: Client) {
    let from_tables = seen.tables.iter().filter_map(|table| table.strip_suffix("()"));
    for name in from_tables {
        if sort(name) == Sort::Own {
            judge.told("sql", "call", &[], &[target("procedure", None, name)]);
        }
    }
    for function in &seen.functions {
        let name = function.name.to_string();
        match sort(&name) {
            Sort::Harmless => {}
            Sort::Own if matches!(statement, Statement::Call(_)) => {}
            Sort::Own => judge.told("sql", "call", &[], &[target("procedure", None, &name)]),
            Sort::Effect(kind) => effect(judge, kind, function, seen, client),
        }
    }
}

fn effect(judge: &mut Judge<'_>, kind: &str, function: &Function, seen: &Seen, client: Client) {
    let args: Vec<String> = match &function.args {
        FunctionArguments::List(list) => {
            list.args.iter().map(|arg| arg.to_string().trim_matches('\'').to_owned()).collect()
        }
        FunctionArguments::None | FunctionArguments::Subquery(_) => Vec::new(),
    };
    let first = args.first().map_or("*", String::as_str);
    if let Some(at) = kind.strip_prefix("text:") {
        let at = at.parse::<usize>().unwrap_or(0);
        let text = args.get(at).or_else(|| args.last()).cloned().unwrap_or_default();
        return super::judge(judge, &text, client);
    }
    match kind {
        "kill" if first.parse::<u64>().is_err() => {
            // From a query: nearly all sessions, unless it asks for a user, a database or an application.
            let narrowed = seen.columns.iter().any(|column| {
                matches!(
                    column.as_str(),
                    "usename"
                        | "datname"
                        | "application_name"
                        | "client_addr"
                        | "query_start"
                        | "state"
                        | "query"
                        | "xact_start"
                )
            });
            judge.told(
                "sql",
                if narrowed { "kill" } else { "kill-all" },
                &[],
                &[target("session", None, "*")],
            );
        }
        "kill" => judge.told("sql", "kill", &[], &[target("session", None, first)]),
        "file-in" => {
            judge.told("sql", "file-in", &[], &[target("file", None, first)]);
            file(judge, Deed::Read, first);
        }
        "file-secret" => {
            judge.told("sql", "file-out", &[], &[target("file", None, first)]);
            file(judge, Deed::Read, first);
        }
        "file-out" => {
            let path = args.last().map_or("*", String::as_str);
            judge.told("sql", "file-out", &[], &[target("file", None, path)]);
            file(judge, Deed::Write, path);
        }
        "network" => judge.told("sql", "other", &[], &[target("endpoint", None, first)]),
        kind => {
            let what = match kind {
                "sequence" | "sequence-next" => "sequence",
                "slot" => "slot",
                _ => "database",
            };
            let named: Vec<Target> =
                if matches!(what, "database") { Vec::new() } else { vec![target(what, None, first)] };
            judge.told("sql", kind, &[], &named);
        }
    }
}
