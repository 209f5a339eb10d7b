//! The action on the sheet: every field of it, exact, with what hides in it said in words.

use crate::cockpit::model::fields::{argument, of_action};
use crate::cockpit::style::{Glyph, Ground, Tone};
use crate::cockpit::view::paint::Text;
use crate::cockpit::view::safe_text::safe_in;
use crate::cockpit::view::units::{bytes, count};
use crate::domain::{Action, AgentCommand, AgentPatch, AgentTool, Exec, Stdin, Untrusted};
use crate::session::Revision;

use super::doc::Doc;

/// Adds everything that the digest covers, and the digest.
pub(super) fn rows(doc: &mut Doc<'_>, revision: &Revision) {
    let action = &revision.proposal.action;
    match action {
        Action::Exec(exec) => self::exec(doc, exec, revision),
        Action::AgentCommand(command) => agent_command(doc, command, revision),
        Action::AgentPatch(patch) => agent_patch(doc, patch, revision),
        Action::AgentTool(tool) => agent_tool(doc, tool, revision),
    }
    if let Some(why) = action.incomplete() {
        let text =
            Text::new().ours("not all that would happen is known: ", Tone::Harm).theirs(why, Tone::Text);
        doc.fact("CAREFUL", &text);
    }
    let digest = action.digest().map_or_else(|error| error.message().to_owned(), |digest| digest.to_string());
    doc.fact("DIGEST", &Text::new().ours("sha256 ", Tone::Dim).ours(digest, Tone::Text));
}

fn exec(doc: &mut Doc<'_>, exec: &Exec, revision: &Revision) {
    let text = Text::new()
        .ours("by Holdpoint as ", Tone::Dim)
        .theirs(&exec.user, Tone::Agent)
        .ours(", once", Tone::Dim);
    doc.fact("WILL RUN", &text);
    let line = quoted(&exec.argv);
    doc.exact("", &line, Tone::Strong, Ground::Well);
    hidden(doc, revision);
    arguments(doc, exec, &line);
    doc.blank();
    place(doc, &exec.cwd, Some(&exec.host), revision);
    environment(doc, exec);
    stdin(doc, exec);
    doc.blank();
    pins(doc, exec);
}

/// A quoted argument does not read as it is; it is shown once more, as it is.
fn arguments(doc: &mut Doc<'_>, exec: &Exec, line: &Untrusted) {
    let mut label = "ARGUMENTS";
    for (at, arg) in exec.argv.iter().enumerate() {
        if !line.expose().contains(arg.expose()) {
            doc.fact(label, &Text::new().ours(format!("{}, unquoted:", argument(at)), Tone::Dim));
            doc.exact("", arg, Tone::Text, Ground::Raised);
            label = "";
        }
    }
}

/// What is not plain ASCII can look like something else, or like nothing.
fn hidden(doc: &mut Doc<'_>, revision: &Revision) {
    for field in of_action(&revision.proposal.action) {
        let safe = safe_in(&field.value, false);
        if !safe.odd() || field.many_lines && is_text_with_lines(&field.value) {
            continue;
        }
        let what = if safe.hides() {
            "holds characters that hide or reorder text; they are written out between ‹ ›"
        } else {
            "holds characters that are not plain ASCII and may look like others"
        };
        let text = Text::new()
            .glyph(doc.styles, Glyph::Warning, Tone::Harm)
            .ours(format!(" {} {what}", field.name), Tone::Harm);
        doc.fact("CAREFUL", &text);
    }
}

/// Whether line breaks are all that is not printable ASCII in it.
fn is_text_with_lines(text: &Untrusted) -> bool {
    text.expose().bytes().all(|b| matches!(b, b'\n' | b' '..=b'~'))
}

fn place(doc: &mut Doc<'_>, cwd: &Untrusted, host: Option<&Untrusted>, revision: &Revision) {
    let mut text = Text::new();
    if let Some(host) = host {
        text = text.ours("host ", Tone::Dim).theirs(host, Tone::Strong).ours(", ", Tone::Dim);
    }
    doc.fact("WHERE", &text.ours("directory ", Tone::Dim).theirs(cwd, Tone::Text));
    meant_for(doc, "", revision);
}

/// The service and the environment are claims: nothing here checks them.
fn meant_for(doc: &mut Doc<'_>, label: &'static str, revision: &Revision) {
    let proposal = &revision.proposal;
    let said = proposal.service.is_some() || proposal.environment.is_some();
    let part = |name: &'static str, value: Option<&Untrusted>| match value {
        Some(value) => Text::new().ours(format!("{name} "), Tone::Dim).theirs(value, Tone::Text),
        None => Text::new().ours(format!("{name} not said"), Tone::Faint),
    };
    let text = part("service", proposal.service.as_ref())
        .ours(", ", Tone::Dim)
        .and(part("environment", proposal.environment.as_ref()))
        .ours(if said { "  (the proposer says so)" } else { "" }, Tone::Faint);
    doc.fact(label, &text);
}

fn environment(doc: &mut Doc<'_>, exec: &Exec) {
    if exec.env.is_empty() {
        return doc.fact("ENVIRONMENT", &Text::new().ours("empty: no variable is passed", Tone::Dim));
    }
    let n = count(exec.env.len(), "variable, and no other:", "variables, and no others:");
    doc.fact("ENVIRONMENT", &Text::new().ours(n, Tone::Dim));
    for var in &exec.env {
        // Quoted as in a shell where it is not a plain word: a value's own blanks and its end are seen.
        let value = quoted(std::slice::from_ref(&var.value));
        doc.fact(
            "",
            &Text::new().theirs(&var.name, Tone::Text).ours("=", Tone::Faint).theirs(&value, Tone::Dim),
        );
    }
}

fn stdin(doc: &mut Doc<'_>, exec: &Exec) {
    match &exec.stdin {
        None => doc.fact("INPUT", &Text::new().ours("none: /dev/null", Tone::Dim)),
        Some(Stdin::Text(text)) => {
            let lines = text.expose().lines().count();
            let size = format!("{}, {}, whole:", bytes(text.len() as u64), count(lines, "line", "lines"));
            doc.fact("INPUT", &Text::new().ours(size, Tone::Dim));
            doc.exact("", text, Tone::Text, Ground::Well);
        }
        Some(Stdin::Base64(code)) => {
            let words = "not text; its bytes in base64, whole:";
            doc.fact("INPUT", &Text::new().ours(words, Tone::Waiting));
            doc.exact("", &code.as_str().into(), Tone::Text, Ground::Well);
        }
    }
}

fn pins(doc: &mut Doc<'_>, exec: &Exec) {
    doc.fact("PINNED", &Text::new().ours("program ", Tone::Dim).theirs(&exec.executable.path, Tone::Text));
    doc.fact("", &Text::new().ours(format!("sha256 {}", exec.executable.sha256), Tone::Faint));
    for file in &exec.files {
        let name = format!("{} ", argument(file.arg as usize));
        doc.fact("", &Text::new().ours(name, Tone::Dim).theirs(&file.path, Tone::Text));
        doc.fact("", &Text::new().ours(format!("sha256 {}", file.sha256), Tone::Faint));
    }
    let mut label = "NOT KNOWN";
    for what in &exec.unpinned {
        doc.fact(label, &Text::new().theirs(what, Tone::Waiting));
        label = "";
    }
}

/// Who runs what is let go, and what that means.
fn released(doc: &mut Doc<'_>, agent: &Untrusted, what: &'static str) {
    let name: Untrusted = agent.expose().to_uppercase().into();
    let text = Text::new()
        .theirs(&name, Tone::Agent)
        .ours(format!(" WILL {what} THIS itself; once is not enforced"), Tone::Waiting);
    doc.fact("LETS GO", &text);
}

/// The agent's name as it stands in the action.
fn named(doc: &mut Doc<'_>, agent: &Untrusted) {
    doc.fact("AGENT", &Text::new().theirs(agent, Tone::Agent));
}

fn agent_command(doc: &mut Doc<'_>, command: &AgentCommand, revision: &Revision) {
    released(doc, &command.agent, "RUN");
    doc.exact("", &command.command, Tone::Strong, Ground::Well);
    hidden(doc, revision);
    doc.blank();
    named(doc, &command.agent);
    place(doc, &command.cwd, None, revision);
}

fn agent_patch(doc: &mut Doc<'_>, patch: &AgentPatch, revision: &Revision) {
    released(doc, &patch.agent, "WRITE");
    hidden(doc, revision);
    for change in &patch.changes {
        doc.fact(
            "FILE",
            &Text::new().theirs(&change.change, Tone::Waiting).gap(1).theirs(&change.path, Tone::Strong),
        );
        doc.exact("", &change.diff, Tone::Text, Ground::Well);
    }
    doc.blank();
    named(doc, &patch.agent);
    meant_for(doc, "WHERE", revision);
}

fn agent_tool(doc: &mut Doc<'_>, tool: &AgentTool, revision: &Revision) {
    released(doc, &tool.agent, "CALL");
    let name = Text::new()
        .theirs(&tool.server, Tone::Text)
        .ours(" / ", Tone::Faint)
        .theirs(&tool.tool, Tone::Strong);
    doc.fact("TOOL", &name);
    doc.exact("", &tool.arguments, Tone::Strong, Ground::Well);
    hidden(doc, revision);
    doc.blank();
    named(doc, &tool.agent);
    meant_for(doc, "WHERE", revision);
}

/// The arguments as a shell would have to be given them, so that where one ends and the next begins can be seen.
pub(super) fn quoted(argv: &[Untrusted]) -> Untrusted {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let quote = |arg: &Untrusted| {
        let text = arg.expose();
        if !text.is_empty() && text.chars().all(plain) {
            text.to_owned()
        } else {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_shows_where_an_argument_ends() {
        let argv: Vec<Untrusted> = ["sh", "-c", "rm -rf \"$X\"; it's", "", "a=b"].map(Into::into).to_vec();
        assert_eq!(quoted(&argv).expose(), r#"sh -c 'rm -rf "$X"; it'\''s' '' a=b"#);
    }
}
