//! Every value of an action with its name: what the sheet has to show, and what a revision is compared by.

use crate::domain::{Action, EnvVar, Proposal, Stdin, Untrusted};
use crate::session::Revision;

/// A value and what it is called on screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: String,
    /// Its exact text.
    pub(crate) value: Untrusted,
    /// Whether it is shown line by line, so that a newline in it is nothing unusual.
    pub(crate) many_lines: bool,
}

fn field(name: &str, value: &Untrusted) -> Field {
    Field { name: name.into(), value: value.clone(), many_lines: false }
}

fn lines(name: &str, value: &Untrusted) -> Field {
    Field { many_lines: true, ..field(name, value) }
}

/// Every value of an action, in the order in which it is digested.
pub(crate) fn of_action(action: &Action) -> Vec<Field> {
    let mut fields = of_kind(action);
    fields.extend(action.incomplete().map(|why| field("not all is known", why)));
    fields
}

fn of_kind(action: &Action) -> Vec<Field> {
    match action {
        Action::Exec(exec) => {
            let mut fields: Vec<Field> = Vec::new();
            fields.extend(exec.argv.iter().enumerate().map(|(at, arg)| lines(&argument(at), arg)));
            fields.push(field("directory", &exec.cwd));
            let set = |var: &EnvVar| format!("{}={}", var.name.expose(), var.value.expose()).into();
            fields.extend(exec.env.iter().map(|var| field("environment", &set(var))));
            if let Some(stdin) = &exec.stdin {
                let (name, text) = match stdin {
                    Stdin::Text(text) => ("standard input", text.clone()),
                    Stdin::Base64(code) => ("standard input, base64", code.as_str().into()),
                };
                fields.push(lines(name, &text));
            }
            fields.push(field("host", &exec.host));
            fields.push(field("user", &exec.user));
            fields.push(field("program", &exec.executable.path));
            fields.push(field("program's sha256", &exec.executable.sha256.to_string().into()));
            for file in &exec.files {
                fields.push(field(&format!("file of {}", argument(file.arg as usize)), &file.path));
                fields.push(field("its sha256", &file.sha256.to_string().into()));
            }
            fields.extend(exec.unpinned.iter().map(|what| field("not pinned", what)));
            fields
        }
        Action::AgentCommand(command) => vec![
            field("agent", &command.agent),
            lines("command", &command.command),
            field("directory", &command.cwd),
        ],
        Action::AgentPatch(patch) => {
            let mut fields = vec![field("agent", &patch.agent)];
            for change in &patch.changes {
                fields.push(field("file", &change.path));
                fields.push(field("change", &change.change));
                fields.push(lines("diff", &change.diff));
            }
            fields
        }
        Action::AgentTool(tool) => vec![
            field("agent", &tool.agent),
            field("server", &tool.server),
            field("tool", &tool.tool),
            lines("arguments", &tool.arguments),
        ],
    }
}

/// The name of an argument by its position.
pub(crate) fn argument(at: usize) -> String {
    if at == 0 { "program as typed".into() } else { format!("argument {at}") }
}

/// What the proposer says about an action.
fn of_words(proposal: &Proposal) -> Vec<Field> {
    let said = [
        ("service", &proposal.service),
        ("environment it is meant for", &proposal.environment),
        ("agent said", &proposal.claim),
        ("undo", &proposal.undo),
        ("why", &proposal.why),
    ];
    let mut fields: Vec<Field> =
        said.iter().filter_map(|(name, value)| value.as_ref().map(|value| field(name, value))).collect();
    fields.extend(proposal.cites.iter().map(|id| field("evidence", &id.as_str().into())));
    fields
}

/// A line that a revision took away or put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whether it is there now; otherwise it was before.
    pub(crate) added: bool,
    /// Of which value.
    pub(crate) name: String,
    /// The line.
    pub(crate) text: Untrusted,
}

/// What a revision changed, in the order of the values. Empty when nothing that is shown differs.
pub(crate) fn changes(before: &Revision, after: &Revision) -> Vec<Change> {
    let all = |proposal: &Proposal| {
        let mut fields = of_action(&proposal.action);
        fields.extend(of_words(proposal));
        fields
    };
    let lines = |fields: Vec<Field>| -> Vec<(String, Untrusted)> {
        let split = |field: Field| -> Vec<(String, Untrusted)> {
            field.value.expose().split('\n').map(|line| (field.name.clone(), line.into())).collect()
        };
        fields.into_iter().flat_map(split).collect()
    };
    let (old, new) = (lines(all(&before.proposal)), lines(all(&after.proposal)));
    let same = |(a, b): &(&(String, Untrusted), &(String, Untrusted))| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(same).count();
    let change = |added: bool| {
        move |(name, text): &(String, Untrusted)| Change { added, name: name.clone(), text: text.clone() }
    };
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    if old.len() == new.len() {
        let differ = old.iter().zip(new).filter(|(before, after)| before != after);
        return differ.flat_map(|(before, after)| [change(false)(before), change(true)(after)]).collect();
    }
    let kept = common(old, new);
    let gone = (0..old.len()).filter(|at| !kept.iter().any(|(before, _)| before == at));
    let come = (0..new.len()).filter(|at| !kept.iter().any(|(_, after)| after == at));
    gone.map(|at| change(false)(&old[at])).chain(come.map(|at| change(true)(&new[at]))).collect()
}

/// Where comparing line by line would take too long, all of the stretch counts as changed.
const COMPARED_MAX: usize = 1_000_000;

/// The places of a longest common subsequence: the same lines in the same order. A line that is there twice counts
/// twice, so nothing hides behind its double.
fn common<T: PartialEq>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    if old.len().saturating_mul(new.len()) > COMPARED_MAX {
        return Vec::new();
    }
    let columns = new.len() + 1;
    let mut longest = vec![0u32; (old.len() + 1) * columns];
    for (at, before) in old.iter().enumerate().rev() {
        for (to, after) in new.iter().enumerate().rev() {
            let (down, right) = (longest[(at + 1) * columns + to], longest[at * columns + to + 1]);
            let both = longest[(at + 1) * columns + to + 1] + 1;
            longest[at * columns + to] = if before == after { both } else { down.max(right) };
        }
    }
    let (mut at, mut to, mut kept) = (0, 0, Vec::new());
    while at < old.len() && to < new.len() {
        if old[at] == new[to] {
            kept.push((at, to));
            (at, to) = (at + 1, to + 1);
        } else if longest[(at + 1) * columns + to] >= longest[at * columns + to + 1] {
            at += 1;
        } else {
            to += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AgentCommand, Digest, Timestamp};

    fn revision(number: u32, command: &str) -> Revision {
        let command = AgentCommand { agent: "a".into(), command: command.into(), ..AgentCommand::default() };
        let proposal = Proposal {
            action: Action::AgentCommand(command),
            service: None,
            environment: None,
            why: None,
            claim: None,
            undo: None,
            cites: vec![],
        };
        Revision { number, proposal, digest: Digest::of(b""), at: Timestamp::default() }
    }

    fn told(before: &str, after: &str) -> Vec<String> {
        let changes = changes(&revision(1, before), &revision(2, after));
        changes.iter().map(|c| format!("{}{}", if c.added { '+' } else { '-' }, c.text.expose())).collect()
    }

    #[test]
    fn only_what_changed_is_told_and_no_line_hides_behind_its_double() {
        assert_eq!(told("a\nb\nc", "a\nB\nc"), ["-b", "+B"]);
        assert_eq!(told("a\nb\nc\nd", "x\na\nc\nd\ny"), ["-b", "+x", "+y"]);
        assert_eq!(told("rm x\nls", "rm x\nrm x\nls"), ["+rm x"], "a line added once more is a change");
        assert!(told("a\nb", "a\nb").is_empty());
    }
}
