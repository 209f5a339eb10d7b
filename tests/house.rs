//! The house rules, held by reading the source: floors, sizes, one copy of what must be one, reasons for exceptions.
//!
//! What the compiler and clippy hold already (no `unsafe`, no `unwrap` outside tests, docs on public items) is not
//! repeated here. Each reader below has a twin that shows it a planted fault.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // a test may fail

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Room and floor, as in `src/lib.rs`.
const FLOORS: &[(&str, u32)] = &[
    ("domain", 1),
    ("session", 2),
    ("judge", 3),
    ("wire", 4),
    ("ledger", 5),
    ("link", 5),
    ("hub", 6),
    ("gate", 6),
    ("bridge", 7),
    ("cockpit", 7),
    ("demo", 7),
    ("cli", 8),
];
/// The one import on one floor: the demo shows the cockpit.
const SAME_FLOOR: &[(&str, &str)] = &[("demo", "cockpit")];
const FILE_MAX_LINES: usize = 600;
const FILE_MEDIAN_MAX_LINES: usize = 150;
const FUNCTION_MAX_LINES: usize = 70;
/// Crates of which the lock holds one copy.
const SINGLE: &[&str] =
    &["ratatui", "ratatui-core", "crossterm", "tokio", "tokio-tungstenite", "tungstenite"];
/// Top-level entries whose text is ours.
const OURS: &[&str] = &[
    "src",
    "tests",
    "benches",
    "docs",
    ".ci",
    "themes",
    "keymaps",
    "README.md",
    "Cargo.toml",
    "clippy.toml",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(under: &str, endings: &[&str]) -> Vec<PathBuf> {
    fn walk(path: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().is_none_or(|name| name != "node_modules" && name != "target") {
                    walk(&path, endings, found);
                }
            }
        } else if path.is_file() && endings.iter().any(|end| path.to_string_lossy().ends_with(end)) {
            found.push(path.to_path_buf());
        }
    }
    let mut found = Vec::new();
    walk(&root().join(under), endings, &mut found);
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The same text with comments, strings and characters blanked; lines stay where they are.
fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let len = skipped(&chars[at..]);
        if len == 0 {
            out.push(chars[at]);
            at += 1;
        } else {
            let blank = |c: &char| if *c == '\n' { '\n' } else { ' ' };
            out.extend(chars[at..at + len].iter().map(blank));
            at += len;
        }
        // A name that ends in r or b is not the beginning of a raw string.
        while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') && ends_in_name(&out) {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

fn ends_in_name(out: &str) -> bool {
    out.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// How many characters from here are a comment, a string or a character literal; 0 for code.
fn skipped(rest: &[char]) -> usize {
    let starts = |with: &str| rest.iter().copied().take(with.len()).eq(with.chars());
    let until = |end: &str, from: usize| {
        let end: Vec<char> = end.chars().collect();
        let found = (from..rest.len()).find(|at| rest[*at..].starts_with(&end));
        found.map_or(rest.len(), |at| at + end.len())
    };
    if starts("//") {
        return until("\n", 2) - 1;
    }
    if starts("/*") {
        return until("*/", 2);
    }
    let prefix = rest.iter().take(2).take_while(|c| matches!(c, 'b' | 'r' | 'c')).count();
    let raw = rest[..prefix].contains(&'r');
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    let quote = rest.get(prefix + hashes) == Some(&'"');
    if raw && quote {
        return until(&format!("\"{}", "#".repeat(hashes)), prefix + hashes + 1);
    }
    if hashes == 0 && quote {
        return closed(rest, prefix + 1, '"');
    }
    let character = rest.first() == Some(&'\'')
        && (rest.get(1) == Some(&'\\') || (rest.get(2) == Some(&'\'') && rest.get(1) != Some(&'\'')));
    if character { closed(rest, 1, '\'') } else { 0 }
}

fn closed(rest: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The rooms that a file's code names by `crate::room` or `crate::{room, …}`, with the line.
fn rooms_named(text: &str) -> Vec<(String, usize)> {
    let code = code_only(text);
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        let name = |part: &str| {
            let end = |c: char| !c.is_alphanumeric() && c != '_';
            part.trim_start().split(end).next().unwrap_or_default().to_owned()
        };
        match rest.strip_prefix('{') {
            Some(group) => named.extend(group_heads(group).iter().map(|part| (name(part), line))),
            None => named.push((name(rest), line)),
        }
    }
    named
}

/// `a::{b, c}, d}` → `a::{b, c}`, `d`.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 1;
    let mut heads = vec![String::new()];
    for c in group.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            break;
        }
        if c == ',' && depth == 1 {
            heads.push(String::new());
        } else if let Some(head) = heads.last_mut() {
            head.push(c);
        }
    }
    heads.retain(|head| !head.trim().is_empty());
    heads
}

fn upward(room: &str, text: &str) -> Vec<String> {
    let floors: BTreeMap<_, _> = FLOORS.iter().copied().collect();
    let own = floors.get(room).unwrap_or_else(|| panic!("{room} is not in the table of floors"));
    let wrong = |(name, line): (String, usize)| {
        let floor = floors.get(name.as_str())?;
        let allowed = name == room || floor < own || SAME_FLOOR.contains(&(room, name.as_str()));
        (!allowed).then(|| format!("line {line}: {room} (floor {own}) imports {name} (floor {floor})"))
    };
    rooms_named(text).into_iter().filter_map(wrong).collect()
}

#[test]
fn imports_go_only_down_the_floors() {
    let mut wrong = Vec::new();
    let mut rooms = BTreeSet::new();
    for path in files("src", &[".rs"]) {
        let inside = path.strip_prefix(root().join("src")).unwrap().to_path_buf();
        let room = inside.iter().next().unwrap().to_string_lossy().into_owned();
        if matches!(room.as_str(), "lib.rs" | "main.rs") {
            continue;
        }
        let found = upward(&room, &read(&path));
        wrong.extend(found.into_iter().map(|what| format!("{} {what}", shown(&path))));
        rooms.insert(room);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rooms.len() >= FLOORS.len(), "the reader found only {rooms:?}");
}

#[test]
fn an_upward_import_is_seen_wherever_it_stands() {
    for planted in [
        "use crate::hub::Hub;",
        "use crate::{domain::{Error, Kind}, hub};",
        "fn f() { let x = crate::hub::start(); }",
        "let r = \"//\"; use crate::hub::Hub;",
        "fn f<'a>(x: &'a str) -> crate::hub::Hub {}",
        "let c = '\"'; use crate::hub::Hub;",
        "let s = r#\"\"\"#; use crate::hub::Hub;",
    ] {
        assert_eq!(upward("link", planted).len(), 1, "{planted}");
    }
    for harmless in [
        "// use crate::hub::Hub;",
        "/// [`crate::hub::Hub`]\nuse crate::domain::Error;",
        "let s = \"use crate::hub::Hub;\";",
        "let s = r#\"\" crate::hub \"#;",
        "/* crate::hub */ use crate::link::Link;",
        "use crate::{domain::{Error, hub}, wire};",
    ] {
        assert_eq!(upward("link", harmless), Vec::<String>::new(), "{harmless}");
    }
    assert_eq!(upward("bridge", "use crate::cockpit::run;").len(), 1, "not sideways either");
    assert!(upward("demo", "use crate::cockpit::run;").is_empty());
}

/// Functions longer than the limit: name and lines.
fn long_functions(text: &str) -> Vec<(String, usize)> {
    let code = code_only(text);
    let lines: Vec<&str> = code.lines().collect();
    let mut long = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.split_whitespace().take_while(|word| !word.contains('=')).collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        let ends = |line: &&str| {
            let body = line.trim_start();
            line.len() - body.len() == indent && (body.starts_with('}') || body.ends_with(';'))
        };
        let one_line = line.trim_end().ends_with(['}', ';']);
        let Some(len) = lines[start..].iter().position(ends).filter(|_| !one_line) else { continue };
        if len + 1 > FUNCTION_MAX_LINES {
            let name = words.get(at + 1).map_or("", |name| name.split('(').next().unwrap_or_default());
            long.push((name.to_owned(), len + 1));
        }
    }
    long
}

#[test]
fn files_and_functions_are_short() {
    let mut wrong = Vec::new();
    let mut sizes = Vec::new();
    for path in ["src", "tests", "benches"].iter().flat_map(|under| files(under, &[".rs"])) {
        let text = read(&path);
        let lines = text.lines().count();
        if lines > FILE_MAX_LINES {
            wrong.push(format!("{}: {lines} lines", shown(&path)));
        }
        if path.starts_with(root().join("src")) {
            sizes.push(lines);
            let long = long_functions(&text).into_iter();
            wrong.extend(long.map(|(name, len)| format!("{}: fn {name} has {len} lines", shown(&path))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(median <= FILE_MEDIAN_MAX_LINES, "the median file has {median} lines");
}

#[test]
fn a_long_function_is_seen() {
    let body = "        x();\n".repeat(FUNCTION_MAX_LINES - 2);
    let fits = format!("impl X {{\n    pub(super) async fn short() {{\n{body}    }}\n}}\n");
    assert_eq!(long_functions(&fits), []);
    let long = format!("impl X {{\n    pub(super) async fn long() {{\n        y();\n{body}    }}\n}}\n");
    assert_eq!(long_functions(&long), [("long".to_owned(), FUNCTION_MAX_LINES + 1)]);
}

fn copies(lock: &str, name: &str) -> usize {
    lock.lines().filter(|line| *line == format!("name = \"{name}\"")).count()
}

#[test]
fn the_lock_holds_one_copy_of_what_must_be_one() {
    let lock = read(&root().join("Cargo.lock"));
    for name in SINGLE {
        assert_eq!(copies(&lock, name), 1, "{name}");
    }
    assert_eq!(
        copies("name = \"tokio\"\nname = \"tokio-util\"\nname = \"tokio\"", "tokio"),
        2,
        "the control"
    );
}

/// Lines of exceptions from a lint without a word why.
fn unexplained(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let is_allow = |line: &str| {
        let line = line.trim_start();
        ["allow(", "expect("]
            .iter()
            .any(|lint| line.starts_with(&format!("#[{lint}")) || line.starts_with(&format!("#![{lint}")))
    };
    let explained = |at: usize| {
        let above = at.checked_sub(1).map_or("", |above| lines[above].trim_start());
        let after = lines[at..].iter().take(4).take_while(|line| !line.contains(")]"));
        let attribute: Vec<&str> =
            after.chain(lines[at..].iter().find(|line| line.contains(")]"))).copied().collect();
        let own = attribute.join(" ");
        own.contains("reason =") || own.contains("//") || above.starts_with("//")
    };
    (0..lines.len()).filter(|at| is_allow(lines[*at]) && !explained(*at)).map(|at| at + 1).collect()
}

#[test]
fn every_exception_from_a_lint_says_why() {
    let mut wrong = Vec::new();
    for path in files("src", &[".rs"]) {
        wrong.extend(unexplained(&read(&path)).into_iter().map(|line| format!("{}:{line}", shown(&path))));
    }
    assert!(wrong.is_empty(), "no reason beside or above:\n{}", wrong.join("\n"));
    assert_eq!(unexplained("fn a() {}\n#[allow(dead_code)]\nfn b() {}"), [2], "the control");
    assert_eq!(unexplained("// why\n#[allow(dead_code)]\n#[allow(dead_code)] // why"), Vec::<usize>::new());
}

/// `holdpoint WORD` in code spans and blocks of a text.
fn subcommands_named(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            continue;
        }
        let spans: Vec<&str> =
            if in_block { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
        for span in spans {
            let span = span.split(" #").next().unwrap_or_default().replace("--release -- ", "holdpoint ");
            for (at, name) in span.match_indices("holdpoint ") {
                let begins = span[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '-');
                let word = span[at + name.len()..].split_whitespace().next().unwrap_or_default();
                if begins && !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()) {
                    named.insert(word.to_owned());
                }
            }
        }
    }
    named
}

#[test]
fn the_documents_name_only_commands_that_exist() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_holdpoint")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let exists = |name: &str| help.lines().any(|line| line.split_whitespace().next() == Some(name));
    let mut all = BTreeSet::new();
    for path in [files("README.md", &[".md"]), files("docs", &[".md"])].concat() {
        let named = subcommands_named(&read(&path));
        for name in &named {
            assert!(exists(name), "{} names `holdpoint {name}`; there is no such command", shown(&path));
        }
        all.extend(named);
    }
    for needed in ["demo", "hub", "gate", "watch", "bridge", "decide", "stop"] {
        assert!(all.contains(needed), "no document names `holdpoint {needed}`");
    }
    assert!(!exists("no-such-command"), "the control");
    assert_eq!(
        subcommands_named("a `x holdpoint foo --y`, holdpoint bar"),
        BTreeSet::from(["foo".to_owned()])
    );
}

#[test]
fn the_gates_page_lists_the_variables_that_a_command_gets() {
    let page = read(&root().join("docs/gate.md"));
    let listed = |page: &str| {
        let missing = |name: &&&str| !page.contains(&format!("`{name}`"));
        holdpoint::gate::INHERITED.iter().find(missing).copied()
    };
    assert_eq!(listed(&page), None);
    assert_eq!(listed(&page.replace("`KUBECONFIG`", "")), Some("KUBECONFIG"), "the control");
}

#[test]
fn what_the_documents_link_to_exists() {
    let mut links = 0;
    for path in [files("README.md", &[".md"]), files("docs", &[".md"])].concat() {
        for (at, _) in read(&path).match_indices("](") {
            let text = read(&path);
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && file.contains('.') {
                links += 1;
                let found = path.parent().unwrap().join(file);
                assert!(found.exists(), "{} links to {file}", shown(&path));
            }
        }
    }
    assert!(links >= 10, "only {links} links were found");
}

#[test]
fn nothing_names_the_workplace() {
    let words = [
        concat!("/wo", "rk/sh"),
        concat!("/wo", "rk/wt"),
        concat!("hel", "per"),
        concat!("sand", "box VM"),
        concat!("iss", "ues show"),
    ];
    let found = |text: &str| {
        let text = text.to_lowercase();
        words.iter().find(|word| text.contains(&word.to_lowercase())).copied()
    };
    let endings = [".rs", ".md", ".toml", ".sh", ".json", ".snap", ".py", ".mjs", "run"];
    let mut read_in = 0;
    for path in OURS.iter().flat_map(|under| files(under, &endings)) {
        read_in += 1;
        let text = read(&path);
        assert_eq!(found(&text), None, "{}", shown(&path));
    }
    assert!(read_in > 100, "only {read_in} files were read");
    assert!(found(concat!("a Hel", "per of")).is_some(), "the control");
}
