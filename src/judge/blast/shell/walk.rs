//! The walk over a script's tree: each command is judged, with what reaches it through pipes.

use super::scope::Scope;
use super::syntax::{Assignment, How, Node, Redirect, Simple, Word};
use super::{builtin, expand};
use crate::domain::Tier;
use crate::judge::blast::call::{Arg, Call, Input};
use crate::judge::blast::file::{self, Deed};
use crate::judge::blast::finding::{Finding, target};
use crate::judge::blast::judge::Judge;

/// How often a loop over known words is walked.
const ROUNDS_MAX: usize = 12;

/// Judges commands one after the other; gives what they print, where all of it is known.
pub(super) fn nodes(judge: &mut Judge<'_>, nodes: &[Node], stdin: &Input, scope: &mut Scope) -> Input {
    let mut printed = Some(String::new());
    let mut some = false;
    for each in nodes {
        match node(judge, each, stdin, scope) {
            Input::Known(text) => {
                some = true;
                printed = printed.map(|all| all + &text);
            }
            Input::Unknown => printed = None,
            Input::None => {}
        }
    }
    match printed {
        Some(text) if some => Input::Known(text),
        Some(_) => Input::None,
        None => Input::Unknown,
    }
}

fn node(judge: &mut Judge<'_>, node: &Node, stdin: &Input, scope: &mut Scope) -> Input {
    match node {
        Node::Simple(simple) => command(judge, simple, stdin, scope),
        Node::Pipe(parts) => {
            let mut flow = stdin.clone();
            for (index, part) in parts.iter().enumerate() {
                let printed = nodes(judge, std::slice::from_ref(part), &flow, scope);
                flow =
                    if printed == Input::None && index + 1 < parts.len() { Input::Unknown } else { printed };
            }
            flow
        }
        Node::Group { body, redirects: list, subshell } => {
            let stdin = redirects(judge, list, scope, Prints::Anything).unwrap_or_else(|| stdin.clone());
            if !subshell {
                return nodes(judge, body, &stdin, scope);
            }
            let cwd = judge.cwd.clone();
            let mut inner = scope.clone();
            let printed = nodes(judge, body, &stdin, &mut inner);
            judge.cwd = cwd;
            printed
        }
        Node::For { name, words, body, redirects: list } => {
            let stdin = redirects(judge, list, scope, Prints::Anything).unwrap_or_else(|| stdin.clone());
            each(judge, name, words.as_deref(), body, &stdin, scope);
            Input::Unknown
        }
        Node::Endless(body) => {
            let waits = |node: &Node| matches!(node, Node::Simple(simple) if simple.words.first().and_then(super::word::plain).is_some_and(|name| matches!(name.as_str(), "sleep" | "read" | "wait" | "inotifywait" | "break" | "usleep")));
            if !body.iter().any(waits) {
                judge.say(Finding::new(
                    Tier::H,
                    "shell.endless",
                    "it does this without end and without a pause",
                ));
            }
            nodes(judge, body, stdin, scope)
        }
        Node::Function { name, body } => {
            scope.define(name, (**body).clone());
            Input::None
        }
        Node::Words(words) => {
            for word in words {
                let arg = expand::whole(judge, word, scope);
                expand::subscripts(judge, &arg.text);
            }
            Input::None
        }
    }
}

fn each(
    judge: &mut Judge<'_>,
    name: &str,
    words: Option<&[Word]>,
    body: &[Node],
    stdin: &Input,
    scope: &mut Scope,
) {
    let values = match words {
        Some(words) => expand::words(judge, words, scope),
        None => scope.args.get(1..).unwrap_or_default().to_vec(),
    };
    if values.is_empty() || values.len() > ROUNDS_MAX {
        scope.blur(name);
        nodes(judge, body, stdin, scope);
        return;
    }
    for value in values {
        scope.set(name, vec![value]);
        nodes(judge, body, stdin, scope);
        if !judge.spend() {
            return;
        }
    }
}

/// Sets variables; those that change what later commands are, are judged.
pub(super) fn assign(judge: &mut Judge<'_>, assignment: &Assignment, scope: &mut Scope) -> (String, Arg) {
    let mut value: Vec<Arg> = if assignment.list {
        expand::words(judge, &assignment.value, scope)
    } else {
        assignment.value.iter().map(|word| expand::whole(judge, word, scope)).collect()
    };
    if assignment.append {
        let mut before = scope.var(&assignment.name).cloned().unwrap_or_else(|| vec![Arg::unsure("")]);
        if assignment.list {
            before.extend(value);
        } else if let (Some(last), Some(new)) = (before.first_mut(), value.first()) {
            last.text.push_str(&new.text);
            last.sure &= new.sure;
        }
        value = before;
    }
    let first = value.first().cloned().unwrap_or_default();
    scope.set(&assignment.name, value);
    variable(judge, &assignment.name, &first);
    (assignment.name.clone(), first)
}

/// A variable is set that what runs later may obey.
pub(in crate::judge::blast) fn variable(judge: &mut Judge<'_>, name: &str, value: &Arg) {
    let facts = [("value", value.text.clone()), ("sure", value.sure.to_string())];
    let Some(rule) = judge.rule_for("variable", name, &facts) else { return };
    let what = target("file", None, &value.text);
    if rule.effects.runs.iter().any(|run| run == "shell:targets") {
        let text = value.text.clone();
        judge.deeper(|judge| super::judge(judge, &text, &Input::Unknown, &[]));
        return;
    }
    judge.told("variable", name, &facts, &[what]);
}

fn command(judge: &mut Judge<'_>, simple: &Simple, stdin: &Input, scope: &mut Scope) -> Input {
    if !judge.spend() {
        return Input::Unknown;
    }
    let mut set = Vec::new();
    for assignment in &simple.assignments {
        set.push(assign(judge, assignment, scope));
    }
    let mut argv = expand::words(judge, &simple.words, scope);
    if let (Some(first), Some(word)) = (argv.first_mut(), simple.words.first())
        && expand::has_pattern(word)
        && first.text != "["
    {
        first.sure = false;
    }
    let quiet = matches!(argv.first().map(|arg| arg.text.as_str()), None | Some(":" | "true"))
        || (argv.len() == 1 && argv[0].text == "echo");
    let known_output = builtin::output(&argv, stdin);
    let prints = match &known_output {
        _ if quiet => Prints::Nothing,
        Input::Known(_) => Prints::Known,
        Input::None | Input::Unknown => Prints::Anything,
    };
    let input = redirects(judge, &simple.redirects, scope, prints);
    let stdin = input.unwrap_or_else(|| stdin.clone());
    if argv.is_empty() {
        return Input::None;
    }
    let before = judge.env.len();
    judge.env.extend(set);
    run(judge, argv, &stdin, scope);
    judge.env.truncate(before);
    match known_output {
        // `cat <<E` prints its document.
        Input::Unknown | Input::None => builtin::output(&expand_again(simple), &stdin),
        known @ Input::Known(_) => known,
    }
}

/// The plain words of a command, for what it prints.
fn expand_again(simple: &Simple) -> Vec<Arg> {
    simple
        .words
        .iter()
        .map(|word| super::word::plain(word).map_or_else(|| Arg::unsure(""), Arg::sure))
        .collect()
}

/// What a command writes where its output is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prints {
    Nothing,
    Known,
    Anything,
}

/// Judges the files of redirects; gives what standard input becomes, where they say.
fn redirects(judge: &mut Judge<'_>, list: &[Redirect], scope: &mut Scope, prints: Prints) -> Option<Input> {
    let mut input = None;
    for redirect in list {
        let arg = expand::whole(judge, &redirect.word, scope);
        let first = redirect.fd.as_deref().is_none_or(|fd| fd == "0");
        // Opening a connection and sending words that stand in the text is a look; anything else leaves the machine.
        let network = arg.text.starts_with("/dev/tcp/") || arg.text.starts_with("/dev/udp/");
        let harmless = network && (prints != Prints::Anything || redirect.how == How::ReadWrite);
        match redirect.how {
            How::Text if first => {
                input = Some(if arg.sure { Input::Known(arg.text.clone()) } else { Input::Unknown });
            }
            How::Text => {}
            How::Read => {
                file::judge(judge, Deed::Read, &arg);
                if first {
                    input = Some(if arg.text == "/dev/null" { Input::None } else { Input::Unknown });
                }
            }
            How::Write | How::ReadWrite | How::Append if harmless => {}
            How::Write if prints == Prints::Nothing => file::judge(judge, Deed::Empty, &arg),
            How::Write | How::ReadWrite => file::judge(judge, Deed::Write, &arg),
            How::Append => file::judge(judge, Deed::Append, &arg),
            How::Duplicate => {
                let number = arg.text.trim_end_matches('-');
                if !number.chars().all(|c| c.is_ascii_digit()) {
                    file::judge(judge, Deed::Write, &arg);
                } else if redirect.fd.is_none() && !matches!(number, "" | "0" | "1" | "2") {
                    input = Some(Input::Unknown);
                }
            }
        }
    }
    input
}

/// Judges a command with its arguments: a function, an alias, a builtin, a program.
pub(super) fn run(judge: &mut Judge<'_>, argv: Vec<Arg>, stdin: &Input, scope: &mut Scope) {
    let Some(first) = argv.first().filter(|first| first.sure) else {
        judge.call(&Call::new(argv, stdin.clone()));
        return;
    };
    let name = first.text.clone();
    if let Some(text) = scope.aliased(&name) {
        scope.active.push(name.clone());
        let rest: Vec<String> =
            argv[1..].iter().map(|arg| format!(" '{}'", arg.text.replace('\'', "'\\''"))).collect();
        judge.deeper(|judge| super::script(judge, &(text + &rest.concat()), stdin, scope));
        scope.active.pop();
        return;
    }
    if let Some(body) = scope.function(&name) {
        if scope.active.contains(&name) {
            let what = target("host", None, "localhost");
            let mut finding = Finding::new(
                Tier::HPlus,
                "shell.recursion",
                "a function that calls itself may never end and fill the machine",
            )
            .on(what);
            finding.undo = crate::judge::blast::finding::Undo::Irreversible;
            judge.say(finding);
            return;
        }
        scope.active.push(name);
        let args = std::mem::replace(&mut scope.args, argv);
        judge.deeper(|judge| {
            nodes(judge, std::slice::from_ref(&*body), stdin, scope);
        });
        scope.args = args;
        scope.active.pop();
        return;
    }
    if !builtin::run(judge, &name, &argv, stdin, scope) {
        judge.call(&Call::new(argv, stdin.clone()));
    }
}

/// Functions that are defined and never called count too.
pub(super) fn unused_functions(judge: &mut Judge<'_>, scope: &mut Scope) {
    while let Some((_, body)) = scope.uncalled() {
        let mut inner = scope.clone();
        inner.args = Vec::new();
        judge.deeper(|judge| {
            nodes(judge, std::slice::from_ref(&*body), &Input::Unknown, &mut inner);
        });
    }
}
