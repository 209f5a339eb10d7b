//! Code of other languages, given on the command line: not parsed, but its words are looked at.
//!
//! Commands that it starts with a literal text are judged as what they are. Code that uses nothing but what is known
//! to compute, print and read is a read. Everything else is uninspectable, or as bad as the worst word in it.

use super::call::{Arg, Call, Input};
use super::file::{self, Deed};
use super::judge::Judge;
use super::shell;

/// The language of an interpreter.
pub(super) fn language(name: &str) -> &'static str {
    let table: &[(&str, &str)] = &[
        ("python", "python"),
        ("pypy", "python"),
        ("ipython", "python"),
        ("node", "node"),
        ("deno", "node"),
        ("bun", "node"),
        ("ruby", "ruby"),
        ("irb", "ruby"),
        ("perl", "perl"),
        ("php", "php"),
        ("lua", "lua"),
        ("pwsh", "powershell"),
        ("powershell", "powershell"),
    ];
    table.iter().find(|(start, _)| name.starts_with(start)).map_or("other", |(_, language)| language)
}

/// Ways to start a command, behind which its text or words stand.
const STARTS: &[&str] = &[
    "os.system(",
    "os.popen(",
    "subprocess.run(",
    "subprocess.call(",
    "subprocess.check_call(",
    "subprocess.check_output(",
    "subprocess.Popen(",
    "subprocess.getoutput(",
    "execSync(",
    "exec(",
    "spawn(",
    "spawnSync(",
    "execFile(",
    "execFileSync(",
    "system(",
    "popen(",
    "os.execute(",
    "io.popen(",
    "passthru(",
    "shell_exec(",
    "proc_open(",
    "Open3.capture2(",
    "Open3.capture3(",
    "system \"",
    "system '",
    "exec \"",
    "exec '",
    "qx{",
    "qx(",
    "!",
];
/// Words that remove, write, talk or hide: the rule's verb and the word.
const WORDS: &[(&str, &str)] = &[
    ("removes-tree", "rmtree"),
    ("removes-tree", "rm_rf"),
    ("removes-tree", "rm_r"),
    ("removes-tree", "rimraf"),
    ("removes-tree", "rmSync"),
    ("removes-pattern", "glob('"),
    ("removes-pattern", "unlink glob"),
    ("removes-pattern", "unlink <"),
    ("removes", "unlink"),
    ("removes", "os.remove"),
    ("removes", "File.delete"),
    ("removes", "rmdir"),
    ("removes", "removedirs"),
    ("removes", "Remove-Item"),
    ("writes", "writeFile"),
    ("writes", "file_put_contents"),
    ("writes", "File.write"),
    ("writes", ".write("),
    ("writes", "write_text"),
    ("writes", "os.rename"),
    ("writes", "shutil.move"),
    ("writes", "shutil.copy"),
    ("writes", "chmod"),
    ("writes", "truncate"),
    ("writes", "Set-Content"),
    ("network", "socket"),
    ("network", "requests."),
    ("network", "urllib"),
    ("network", "http."),
    ("network", "fetch("),
    ("network", "Net::HTTP"),
    ("network", "LWP"),
    ("network", "Invoke-WebRequest"),
    ("kills", "os.kill"),
    ("kills", "process.kill"),
    ("kills", "Process.kill"),
    ("kills", "kill("),
    ("unknown", "b64decode"),
    ("unknown", "base64"),
    ("unknown", "__import__"),
    ("unknown", "eval("),
    ("unknown", "exec(_"),
    ("unknown", "getattr("),
    ("unknown", "compile("),
    ("unknown", "ctypes"),
    ("unknown", "pickle"),
    ("unknown", "marshal"),
    ("unknown", "importlib"),
    ("unknown", "globals("),
    ("unknown", "codecs"),
    ("unknown", "atob("),
    ("unknown", "Function("),
    ("unknown", "unpack"),
    ("unknown", "loadstring"),
    ("unknown", "dofile"),
    ("unknown", "instance_eval"),
    ("unknown", "IEX"),
    ("unknown", "Invoke-Expression"),
    ("unknown", "FromBase64"),
];
/// Words with which nothing but computing, printing and reading is done, over the languages.
const PLAIN: &[&str] = &[
    "print",
    "import",
    "from",
    "json",
    "sys",
    "re",
    "math",
    "time",
    "datetime",
    "os",
    "path",
    "len",
    "sum",
    "min",
    "max",
    "range",
    "for",
    "in",
    "if",
    "else",
    "elif",
    "not",
    "and",
    "or",
    "is",
    "None",
    "True",
    "False",
    "lambda",
    "sorted",
    "list",
    "dict",
    "set",
    "str",
    "int",
    "float",
    "load",
    "loads",
    "dumps",
    "open",
    "read",
    "readlines",
    "split",
    "join",
    "strip",
    "stdin",
    "argv",
    "items",
    "keys",
    "values",
    "get",
    "map",
    "filter",
    "format",
    "round",
    "as",
    "def",
    "return",
    "while",
    "try",
    "except",
    "with",
    "csv",
    "reader",
    "collections",
    "Counter",
    "statistics",
    "mean",
    "median",
    "console",
    "log",
    "JSON",
    "parse",
    "stringify",
    "require",
    "const",
    "let",
    "var",
    "function",
    "fs",
    "readFileSync",
    "process",
    "version",
    "puts",
    "p",
    "say",
    "my",
    "while",
    "foreach",
    "printf",
    "BEGIN",
    "END",
    "NR",
    "NF",
    "FS",
    "OFS",
    "RS",
    "ORS",
    "FNR",
    "substr",
    "length",
    "index",
    "match",
    "gsub",
    "sub",
    "tolower",
    "toupper",
    "next",
    "exit",
    "getline-x",
    "echo",
    "platform",
    "socket.gethostname",
    "environ-x",
    "sprintf",
    "strftime",
    "systime",
    "int",
    "abs",
    "any",
    "all",
    "zip",
    "enumerate",
    "reversed",
    "ord",
    "chr",
    "hex",
    "bin",
    "uuid",
    "random",
    "hashlib",
    "sha256",
    "md5",
    "hexdigest",
    "encode",
    "decode",
    "ipaddress",
    "urllib-x",
    "do",
    "end",
    "each",
    "delete-x",
    "b",
    "x",
    "n",
    "i",
    "s",
    "d",
    "l",
    "f",
    "line",
    "row",
    "key",
    "value",
    "e",
    "k",
    "v",
    "a",
    "c",
    "t",
    "w",
    "r",
    "rb",
    "utf",
    "exists",
    "isfile",
    "getsize",
    "basename",
    "dirname",
    "append",
    "now",
    "utcnow",
    "fromtimestamp",
    "timedelta",
    "total_seconds",
    "sleep",
    "exit",
    "file",
    "STDIN",
    "chomp",
    "keys",
    "values",
    "push",
    "sort",
    "uniq",
    "lc",
    "uc",
    "defined",
    "undef",
];

/// Judges code that an option or standard input gives.
pub(super) fn run(judge: &mut Judge<'_>, language: &str, arg: &Arg) {
    if arg.sure {
        let text = arg.text.clone();
        judge.deeper(|judge| self::judge(judge, language, &text));
    } else {
        judge.opaque("code.text", "the code is put together only when it runs");
    }
}

/// Judges code.
pub(super) fn judge(judge: &mut Judge<'_>, language: &str, text: &str) {
    match language {
        "make" => return make(judge, text),
        "vim" => return vim(judge, text),
        "expect" => return expect(judge, text),
        _ => {}
    }
    let mut spoken = false;
    let found = judge.apart(|judge| spoken = starts(judge, text));
    for finding in found {
        judge.say(finding);
    }
    for (what, word) in WORDS {
        if text.contains(word) && !(spoken && *what == "unknown" && matches!(*word, "exec(_" | "eval(")) {
            spoken = true;
            let literal = literals(text).into_iter().find(|text| text.starts_with('/'));
            let kind = if *what == "removes-tree" { "directory" } else { "file" };
            let targets: Vec<_> =
                literal.iter().map(|path| super::finding::target(kind, None, path)).collect();
            judge.told("code", what, &[], &targets);
            break;
        }
    }
    opened(judge, language, text);
    let backquoted = text.split('`').nth(1).filter(|_| matches!(language, "ruby" | "perl" | "php"));
    if let Some(command) = backquoted {
        spoken = true;
        judge.deeper(|judge| shell::judge(judge, command, &Input::None, &[]));
    }
    if !spoken {
        let bare = if language == "awk" { without_patterns(text) } else { text.to_owned() };
        judge.told("code", if plain(&bare) { "pure" } else { "unknown" }, &[], &[]);
    }
}

/// Commands that the code starts. Whether there was one.
fn starts(judge: &mut Judge<'_>, text: &str) -> bool {
    let mut spoken = false;
    let mut seen_at = Vec::new();
    for start in STARTS {
        for (at, _) in text.match_indices(start).take(8) {
            let end = at + start.len();
            let inside_word = start.starts_with(|c: char| c.is_alphabetic())
                && text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if *start == "!" || inside_word || seen_at.contains(&end) {
                continue;
            }
            seen_at.push(end);
            spoken = true;
            let from = if start.ends_with(['"', '\'']) { end - 1 } else { end };
            command(judge, &text[from..]);
        }
    }
    spoken
}

/// A command that stands in code: a literal, or a list of literals.
fn command(judge: &mut Judge<'_>, rest: &str) {
    let rest = rest.trim_start();
    let list = rest.starts_with('[') || rest.starts_with('(');
    let until = if list { rest.find([']', ')']).unwrap_or(rest.len()) } else { rest.len() };
    let words = literals(&rest[..until]);
    let literal = rest.starts_with(['"', '\'']) || list || rest.starts_with("r'") || rest.starts_with("r\"");
    let joined = !list
        && rest.len() > 2
        && words.first().is_some_and(|word| {
            rest[word.len().min(rest.len() - 1)..].chars().take(6).collect::<String>().contains(['+', '%'])
        });
    if !literal || words.is_empty() || joined {
        judge.opaque("code.command", "the code starts a command that is put together only when it runs");
    } else if list || (words.len() > 1 && !words[0].contains(' ')) {
        let argv = words.into_iter().map(Arg::sure).collect();
        judge.deeper(|judge| judge.call(&Call::new(argv, Input::None)));
    } else {
        let text = words[0].clone();
        judge.deeper(|judge| shell::judge(judge, &text, &Input::None, &[]));
    }
}

/// Files that the code opens: `open('x')` reads, with a mode or `>` it writes.
fn opened(judge: &mut Judge<'_>, language: &str, text: &str) {
    if language == "awk" {
        for (at, _) in text.match_indices('>') {
            let rest = text[at + 1..].trim_start().trim_start_matches('>').trim_start();
            if rest.starts_with('"')
                && let Some(path) = literals(rest).first()
            {
                file::judge(judge, Deed::Write, &Arg::sure(path.clone()));
            }
        }
        for (at, _) in text.match_indices('|') {
            let rest = text[at + 1..].trim_start().trim_start_matches('&').trim_start();
            if rest.starts_with('"')
                && let Some(command) = literals(rest).first()
            {
                let command = command.clone();
                judge.deeper(|judge| shell::judge(judge, &command, &Input::Unknown, &[]));
            }
        }
        return;
    }
    for start in ["open(", "readFileSync(", "File.read(", "file_get_contents("] {
        for (at, _) in text.match_indices(start).take(8) {
            let rest = &text[at + start.len()..];
            let words = literals(rest.split(')').next().unwrap_or_default());
            let Some(path) = words.first() else { continue };
            let writes = words.get(1).is_some_and(|mode| mode.contains(['w', 'a', '+', '>']));
            file::judge(judge, if writes { Deed::Write } else { Deed::Read }, &Arg::sure(path.clone()));
        }
    }
}

/// String literals in order.
pub(super) fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = text.chars();
    while let Some(open) = chars.next() {
        if open != '"' && open != '\'' {
            continue;
        }
        let mut literal = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' => literal.extend(chars.next()),
                c if c == open => break,
                c => literal.push(c),
            }
        }
        found.push(literal);
        if found.len() >= 64 {
            break;
        }
    }
    found
}

/// `awk` without what stands between slashes.
fn without_patterns(text: &str) -> String {
    text.split('/').step_by(2).collect::<Vec<_>>().join(" ")
}

fn plain(text: &str) -> bool {
    let mut bare = String::new();
    let mut quote = None;
    for c in text.chars() {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            None => bare.push(c),
            Some(open) if c == open => quote = None,
            Some(_) => {}
        }
    }
    let words = bare.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.into_iter().all(|word| {
        word.starts_with(|c: char| c.is_ascii_digit())
            || word.len() <= 2
            || PLAIN.contains(&word)
            || assigned(&bare, word)
    })
}

/// A name that the code itself makes.
fn assigned(code: &str, word: &str) -> bool {
    [
        format!("{word}="),
        format!("{word} ="),
        format!("for {word} in"),
        format!("lambda {word}"),
        format!("as {word}"),
    ]
    .iter()
    .any(|made| code.contains(made.as_str()))
}

fn make(judge: &mut Judge<'_>, text: &str) {
    for line in text.lines().filter(|line| line.starts_with('\t')) {
        let line = line.trim().trim_start_matches(['@', '-', '+']).to_owned();
        judge.deeper(|judge| shell::judge(judge, &line, &Input::None, &[]));
    }
}

fn vim(judge: &mut Judge<'_>, text: &str) {
    let command = text.trim_start_matches(':').trim();
    match command.strip_prefix('!') {
        Some(command) => {
            let command = command.to_owned();
            judge.deeper(|judge| shell::judge(judge, &command, &Input::None, &[]));
        }
        None if command.contains("system(")
            || command.starts_with("py")
            || command.starts_with("lua")
            || command.starts_with("source")
            || command.starts_with("so ") =>
        {
            judge.opaque("code.vim", "the editor runs code that is not read here");
        }
        None => {}
    }
}

/// `send "…"` types into what was spawned.
fn expect(judge: &mut Judge<'_>, text: &str) {
    for part in text.split(['\n', ';']) {
        let part = part.trim();
        if let Some(spawned) = part.strip_prefix("spawn ") {
            let host = spawned.split_whitespace().last().unwrap_or_default();
            judge.say(
                super::finding::Finding::new(
                    crate::domain::Tier::Ro,
                    "expect.spawn",
                    "it types into a program",
                )
                .on(super::finding::target("host", None, host)),
            );
        } else if part.starts_with("send") {
            for typed in literals(part) {
                let typed = typed.trim_end_matches(['r', 'n', '\r', '\n', '\\']).to_owned()
                    + if typed.ends_with("er") { "r" } else { "" };
                judge.deeper(|judge| shell::judge(judge, &typed, &Input::None, &[]));
            }
        } else if !part.is_empty()
            && !part.starts_with("interact")
            && !part.starts_with("expect")
            && !part.starts_with("set ")
        {
            judge.opaque("code.expect", "the script does more than is read here");
        }
    }
}
