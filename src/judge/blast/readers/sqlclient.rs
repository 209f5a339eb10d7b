//! Database clients: where their SQL stands.

use super::Read;
use crate::judge::blast::call::{Arg, Call, Input, Parts};
use crate::judge::blast::file::{self, Deed};
use crate::judge::blast::finding::target;
use crate::judge::blast::judge::Judge;
use crate::judge::blast::sql::{self, Client};

/// Reads a call of a database client.
pub(super) fn read(judge: &mut Judge<'_>, name: &str, parts: &mut Parts, call: &Call) -> Read {
    let client = Client::of(name);
    let mut texts: Vec<Arg> = Vec::new();
    let keys = match client {
        Client::Postgres => "-c,--command",
        Client::Mysql => "-e,--execute,--init-command",
        Client::Mongo => "--eval",
        Client::Sqlite => "-cmd,-c",
        Client::Clickhouse | Client::Any => "-q,--query,-e,--execute,-Q,--eval,-c",
    };
    texts.extend(parts.values(keys).cloned());
    let mut operands: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    if client == Client::Sqlite && operands.len() > 1 {
        texts.extend(operands.split_off(1));
    }
    let mut from_stdin = texts.is_empty();
    let file_keys = if client == Client::Mysql { "--source-x" } else { "-f,--file,-i,--queries-file,-init" };
    let files: Vec<Arg> = parts.values(file_keys).filter(|arg| arg.text != "true").cloned().collect();
    for given in &files {
        if given.text == "-" || given.text == "/dev/stdin" {
            from_stdin = true;
        } else {
            let what = [target("file", None, &given.text)];
            judge.told("sql", "script", &[], &what);
            from_stdin = false;
        }
    }
    if client == Client::Mongo && operands.iter().any(|arg| arg.text.rsplit('.').next() == Some("js")) {
        judge.told("sql", "script", &[], &[]);
        from_stdin = false;
    }
    if let Some(out) =
        parts.value("-o,--output").filter(|arg| client == Client::Postgres && arg.text != "true")
    {
        file::judge(judge, Deed::Write, &out.clone());
    }
    for text in texts {
        text_of(judge, client, &text);
    }
    let lists = parts.has("-l,--list,-V,--version,--help,-version");
    if from_stdin && !lists {
        match &call.stdin {
            Input::Known(text) => sql::judge(judge, text, client),
            Input::Unknown => judge.told("sql", "dynamic", &[], &[]),
            Input::None => judge.opaque("sql.typed", "what will be typed is not in the action"),
        }
    } else if lists {
        judge.told("sql", "show", &[], &[]);
    }
    Read::Done
}

fn text_of(judge: &mut Judge<'_>, client: Client, text: &Arg) {
    if text.sure {
        sql::judge(judge, &text.text, client);
    } else {
        judge.told("sql", "dynamic", &[], &[]);
    }
}
