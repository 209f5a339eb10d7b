//! Tool calls by name and arguments: what an argument says (a command, SQL, a path, an address, a manifest) counts, and
//! what the words of the tool's name say.

use serde_json::Value;

use super::call::{Arg, Call, Input};
use super::file::{self, Deed};
use super::finding::{Finding, Undo, target};
use super::judge::Judge;
use super::readers::request;
use super::{code, kube, shell, silence, sql};
use crate::domain::{Parsed, Target, Tier};

/// Servers whose tools are programs with a safer name.
const SQL_KEYS: &[&str] = &["sql", "setup", "statement", "ddl"];
const SHELL_KEYS: &[&str] =
    &["command", "cmd", "cli_command", "shell", "bash", "commandline", "command_line", "script", "args"];

/// Judges a tool call.
pub(super) fn judge(judge: &mut Judge<'_>, server: &str, tool: &str, arguments: &str) {
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return judge.opaque("tool.arguments", "the arguments are no JSON that can be read");
    };
    let (server_lower, name) = (server.to_lowercase(), tool.to_lowercase());
    if repeated(text) {
        let mut finding = Finding::new(
            Tier::HPlus,
            "tool.repeated",
            "an argument is given twice, and readers may take either",
        );
        finding.parsed = Parsed::Partial;
        finding.undo = Undo::Restore;
        judge.say(finding);
    }
    let inner = judge.apart(|judge| judge.deeper(|judge| contents(judge, &server_lower, &name, &value)));
    let spoke = inner.iter().any(|finding| finding.rule != "file.read");
    let speaks_for_itself = matches!(
        name.as_str(),
        "exec"
            | "run_command"
            | "run_bash_command"
            | "bash"
            | "shell"
            | "execute_command"
            | "call_aws"
            | "execute_sql"
            | "query"
            | "run_code"
            | "execute_code"
            | "python"
            | "run_query"
            | "sql"
            | "explain_query"
            | "kubectl"
            | "pods_exec"
            | "terminal"
            | "run_shell_command"
            | "run_terminal_cmd"
            | "execute_query"
            | "fetch"
            | "navigate"
            | "browser_navigate"
            | "read_text_file"
            | "read_file"
            | "write_file"
            | "edit_file"
            | "move_file"
            | "create_silence"
    );
    if !(speaks_for_itself && spoke) {
        by_name(judge, &server_lower, &name, &value);
    }
    let opaque_only =
        !judge.found.is_empty() && judge.found.iter().all(|finding| finding.rule == "tool.unknown") && spoke;
    if opaque_only {
        judge.found.clear();
    }
    inner.into_iter().for_each(|finding| judge.say(finding));
}

/// Whether an object names a member twice.
fn repeated(text: &str) -> bool {
    struct Once(bool);
    impl<'de> serde::de::Visitor<'de> for Once {
        type Value = bool;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
            let mut seen = std::collections::BTreeSet::new();
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                self.0 |= !seen.insert(key);
            }
            Ok(self.0)
        }
    }
    use serde::de::Deserializer as _;
    serde_json::Deserializer::from_str(text).deserialize_map(Once(false)).unwrap_or(false)
}

fn contents(judge: &mut Judge<'_>, server: &str, name: &str, value: &Value) {
    let Some(map) = value.as_object() else { return };
    let reads = name.starts_with("search") || name.starts_with("list") || server == "docs";
    for (key, value) in map {
        let lower = key.to_lowercase();
        match value {
            Value::Array(list) if SHELL_KEYS.contains(&lower.as_str()) => {
                let argv: Vec<Arg> = list.iter().filter_map(Value::as_str).map(Arg::sure).collect();
                let inner = judge.apart(|judge| judge.call(&Call::new(argv, Input::None)));
                inside(judge, name, inner, value);
            }
            Value::String(text)
                if SQL_KEYS.contains(&lower.as_str()) || (lower == "query" && is_database(server, name)) =>
            {
                let text = if name.contains("explain") {
                    let analyze = map.get("analyze").and_then(Value::as_bool).unwrap_or(false);
                    format!("explain {} {text}", if analyze { "analyze" } else { "" })
                } else {
                    text.clone()
                };
                sql::judge(judge, &text, sql::Client::of(server));
                if lower == "setup" {
                    partly(judge);
                }
            }
            Value::String(text)
                if lower == "code" || lower == "function" || lower == "expression" && server == "python" =>
            {
                let language =
                    if server.contains("python") || name.contains("python") { "python" } else { "node" };
                code::judge(judge, language, text);
            }
            Value::String(text) if SHELL_KEYS.contains(&lower.as_str()) && !reads => line(judge, name, text),
            Value::String(text) if lower == "resource" || lower == "manifest" || lower == "yaml" => {
                manifest(judge, text);
            }
            Value::String(text) if text.contains("; ") && looks_like_command(text) => {
                line(judge, name, text);
                partly(judge);
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {}
        }
    }
    paths(judge, server, name, value);
    if let Some(url) = value["url"].as_str() {
        address(judge, value, url);
    }
    if name.contains("silence") && value["matchers"].is_array() {
        silence::from_json(judge, value);
    }
    if server.contains("redis") && !name.contains("command") {
        redis(judge, name, value);
    }
    container(judge, value);
}

fn is_database(server: &str, name: &str) -> bool {
    [
        "postgres",
        "mysql",
        "maria",
        "sqlite",
        "bigquery",
        "snowflake",
        "clickhouse",
        "redshift",
        "duckdb",
        "mssql",
        "sqlserver",
        "oracle",
        "database",
        "db",
        "supabase",
        "neon",
        "athena",
        "trino",
        "cockroach",
    ]
    .iter()
    .any(|known| server.contains(known))
        || name.contains("sql")
}

fn looks_like_command(text: &str) -> bool {
    text.split(';').skip(1).any(|part| {
        let first = part.split_whitespace().next().unwrap_or_default();
        matches!(
            first,
            "kubectl"
                | "rm"
                | "curl"
                | "wget"
                | "sh"
                | "bash"
                | "sudo"
                | "systemctl"
                | "helm"
                | "reboot"
                | "cat"
                | "dd"
                | "aws"
                | "docker"
        )
    })
}

fn partly(judge: &mut Judge<'_>) {
    for finding in &mut judge.found {
        finding.parsed = finding.parsed.max(Parsed::Partial);
    }
}

fn line(judge: &mut Judge<'_>, name: &str, text: &str) {
    // `kubectl_get` with `args` begins where the tool's name ends.
    let text = match name.strip_prefix("kubectl_") {
        Some(verb) if !text.trim_start().starts_with("kubectl") => format!("kubectl {verb} {text}"),
        _ if name == "kubectl" && !text.trim_start().starts_with("kubectl") => format!("kubectl {text}"),
        _ => text.to_owned(),
    };
    let inner = judge.apart(|judge| shell::judge(judge, &text, &Input::None, &[]));
    inside(judge, name, inner, &Value::Null);
}

/// What runs inside a pod or a container is at least H where it is more than a look.
fn inside(judge: &mut Judge<'_>, name: &str, inner: Vec<Finding>, _value: &Value) {
    let more = inner.iter().any(|finding| finding.tier > Tier::Ro);
    if more && name.contains("exec") && name != "exec" {
        judge.say(Finding::new(Tier::H, "tool.exec", "something other than a look runs inside a container"));
    }
    let asked_nothing = !matches!(name, "exec" | "bash" | "shell" | "terminal")
        && !["run", "exec", "command", "call", "kubectl", "container"].iter().any(|word| name.contains(word));
    for mut finding in inner {
        if asked_nothing {
            finding.parsed = finding.parsed.max(Parsed::Partial);
        }
        judge.say(finding);
    }
}

fn manifest(judge: &mut Judge<'_>, text: &str) {
    let argv = ["kubectl", "apply", "-f", "-"].map(Arg::sure).to_vec();
    judge.call(&Call::new(argv, Input::Known(text.to_owned())));
}

fn paths(judge: &mut Judge<'_>, server: &str, name: &str, value: &Value) {
    let writes =
        ["write", "edit", "create", "append", "save", "update"].iter().any(|word| name.contains(word));
    let local = server.contains("file") || name.contains("file") && !server.contains("git");
    let text = |key: &str| value[key].as_str();
    if name.contains("move") || name.contains("rename") || name.contains("copy") {
        for key in ["source", "destination"] {
            if let Some(path) =
                text(key).filter(|_| local && (key == "destination" || !name.contains("copy")))
            {
                let scratch = key == "source" && path.starts_with("/tmp/");
                if !scratch {
                    file::judge(judge, Deed::Write, &Arg::sure(path));
                }
                partly(judge);
            }
        }
    }
    for key in ["path", "file_path", "file", "filename"] {
        let Some(path) = text(key).filter(|_| local) else { continue };
        let deed = if name.contains("delete") || name.contains("remove") {
            Deed::Remove
        } else if writes {
            Deed::Write
        } else {
            Deed::Read
        };
        if name.contains("list") || name.contains("search") || name.contains("tree") || name.contains("info")
        {
            judge.say(Finding::new(Tier::Ro, "tool.lists", "it lists files").on(target(
                "directory",
                None,
                path,
            )));
        } else {
            file::judge(judge, deed, &Arg::sure(path));
        }
    }
    for attached in value["attachments"].as_array().into_iter().flatten() {
        let Some(path) = attached["file"].as_str().or_else(|| attached["path"].as_str()) else { continue };
        let found = judge.apart(|judge| file::judge(judge, Deed::Read, &Arg::sure(path)));
        for mut finding in found {
            finding.tier = if finding.tier > Tier::Ro { Tier::HPlus } else { Tier::H };
            finding.rule = "tool.file-sent".into();
            finding.reason = "a file of this machine leaves it".into();
            judge.say(finding);
        }
    }
}

fn address(judge: &mut Judge<'_>, value: &Value, url: &str) {
    let method = value["method"].as_str().unwrap_or("get").to_owned();
    if url.contains("${") || url.contains("$(") {
        let mut finding = Finding::new(Tier::HPlus, "tool.leak", "a secret leaves in the address");
        finding.credentials = crate::domain::CredentialEffect::Printed;
        finding.undo = Undo::Irreversible;
        finding.parsed = Parsed::Partial;
        judge.say(finding.on(target("endpoint", None, url.split('?').next().unwrap_or_default())));
    }
    let body = value["body"].as_str().unwrap_or_default().to_owned();
    request(judge, &method, url, &body);
}

fn redis(judge: &mut Judge<'_>, name: &str, value: &Value) {
    let mut words = vec![Arg::sure(name.trim_start_matches("redis_"))];
    words.extend(["key", "field", "value"].iter().filter_map(|key| value[*key].as_str()).map(Arg::sure));
    super::readers::redis_command(judge, &words);
}

fn container(judge: &mut Judge<'_>, value: &Value) {
    let Some(binds) = value["binds"].as_array().or_else(|| value["volumes"].as_array()) else { return };
    let owns = binds.iter().filter_map(Value::as_str).any(|bind| {
        bind.starts_with("/:")
            || bind.contains("docker.sock")
            || bind.starts_with("/etc")
            || bind.starts_with("/root")
    });
    if owns || value["privileged"] == Value::Bool(true) {
        let mut finding = Finding::new(
            Tier::HPlus,
            "tool.container",
            "a container with the machine's files or its container socket owns the machine",
        );
        finding.credentials = crate::domain::CredentialEffect::Used;
        finding.undo = Undo::Rollback;
        finding.parsed = Parsed::Partial;
        judge.say(finding.on(target("container", None, value["image"].as_str().unwrap_or("*"))));
    }
}

/// `browser_click` and `pods_delete`: the first word may be the thing, so the first that is a verb leads.
const THINGS: &[&str] = &[
    "pods",
    "pod",
    "resources",
    "resource",
    "nodes",
    "node",
    "browser",
    "helm",
    "kubectl",
    "namespaces",
    "events",
    "conversations",
    "app",
    "projects",
    "configuration",
];

fn by_name(judge: &mut Judge<'_>, server: &str, name: &str, value: &Value) {
    let words: Vec<&str> = name.split(['_', '-', '.', '/']).filter(|word| !word.is_empty()).collect();
    let mut facts: Vec<(&str, String)> = vec![("server", server.to_owned())];
    facts.extend(words.iter().map(|word| ("word", (*word).to_owned())));
    let lead = words.iter().find(|word| !THINGS.contains(word)).or(words.first());
    facts.extend(lead.map(|word| ("lead", (*word).to_owned())));
    let kind = value["kind"].as_str().and_then(|kind| kube::kind_of(&kind.to_lowercase()));
    let by_word = words.iter().find_map(|word| kube::kind_of(word));
    facts.extend(kind.or(by_word).map(|kind| ("kind", kind.to_owned())));
    for (key, value) in value.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if matches!(key.as_str(), "dryRun" | "dry_run" | "dryrun") && value == &Value::Bool(true) {
            facts.push(("dry", "true".into()));
        }
        if matches!(key.as_str(), "action" | "operation" | "method" | "verb")
            && !words.contains(&text.as_str())
        {
            facts.push(("word", text.to_lowercase()));
            facts.push(("asked", text.to_lowercase()));
        }
        match key.as_str() {
            "prune" => facts.push(("arg.prune", text)),
            "path" => facts.push(("arg.path", text)),
            "element" | "label" => facts.push(("text", text)),
            "featureFlagKey" | "gate" | "feature" | "flag" | "flagKey" => facts.push(("name", text)),
            _ => {}
        }
    }
    facts.extend(words.iter().map(|word| ("about", (*word).to_owned())));
    let targets = named(kind.or(by_word), value);
    judge.told("tool", "", &facts, &targets);
}

/// What the arguments name.
fn named(kind: Option<&'static str>, value: &Value) -> Vec<Target> {
    let text = |key: &str| value[key].as_str();
    let space = text("namespace");
    let environment = value
        .to_string()
        .split("/environments/")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .map(str::to_owned);
    let environment = environment.or_else(|| text("environment").or_else(|| text("env")).map(str::to_owned));
    let repository = text("repo").map(|repo| target("repository", text("owner"), repo));
    if let Some(repository) = repository {
        return vec![repository];
    }
    let table: &[(&str, &str)] = &[
        ("featureFlagKey", "flag"),
        ("flagKey", "flag"),
        ("feature", "flag"),
        ("gate", "flag"),
        ("applicationName", "application"),
        ("incident_id", "incident"),
        ("channel_id", "channel"),
        ("monitor_id", "monitor"),
        ("group", "queue"),
        ("dashboardUid", "dashboard"),
        ("index", "index"),
        ("key", "key"),
    ];
    for (key, kind) in table {
        let found = &value[*key];
        let shown =
            found.as_str().map(str::to_owned).or_else(|| found.as_i64().map(|number| number.to_string()));
        if let Some(shown) = shown {
            let space = if *kind == "flag" { environment.as_deref() } else { None };
            return vec![target(kind, space, &shown)];
        }
    }
    match (kind, text("name")) {
        (Some(kind), name) => {
            vec![target(kind, space, name.or_else(|| text("labelSelector")).unwrap_or("*"))]
        }
        (None, Some(name)) => vec![target("resource", space, name)],
        (None, None) => Vec::new(),
    }
}
