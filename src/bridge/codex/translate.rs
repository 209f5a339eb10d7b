//! From Codex' items to the session's events. Pure: the same item always gives the same events under the same keys,
//! so that a history read twice is recorded once.

use std::fmt::Write as _;

use crate::domain::{CallId, ClientKey, Digest, Payload, Result, Untrusted};
use crate::session::{Body, MessageSaid, ToolCalled, ToolReturned};
use crate::wire::limits;

use super::item::{Change, Command, Item, Numbered, Patch, Speaker, Status, Tool};

/// Codex keeps this much of a command's output, in bytes: half from its beginning, half from its end.
const CODEX_KEEPS_BYTES: usize = 1024 * 1024;
/// Longest words or input in an event, in bytes of their JSON.
const WORDS_MAX_BYTES: usize = 48 * 1024;

/// An event to publish, and the payload that has to be stored before.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Saying {
    pub(super) id: ClientKey,
    pub(super) body: Body,
    pub(super) blob: Option<String>,
}

impl Saying {
    pub(super) fn new(id: ClientKey, body: impl Into<Body>) -> Self {
        Self { id, body: body.into(), blob: None }
    }
}

/// A key made of parts that others chose: same parts, same key; no two lists of parts share one.
pub(super) fn key(what: &str, parts: &[&str]) -> Result<ClientKey> {
    let mut text = String::new();
    for part in parts {
        let _ = write!(text, "{}:{part}", part.len());
    }
    let digest = Digest::of(text.as_bytes()).to_string();
    ClientKey::new(format!("{what}:{}", &digest[..40]))
}

/// The call's identifier: Codex' own where that is harmless, else a digest of it.
pub(super) fn call_id(item: &str) -> Result<CallId> {
    CallId::new(item)
        .or_else(|_| CallId::new(format!("item:{}", &Digest::of(item.as_bytes()).to_string()[..40])))
}

/// What is known when an item begins.
pub(super) fn started(turn: &str, numbered: &Numbered) -> Result<Vec<Saying>> {
    match &numbered.item {
        Item::Words { .. } => Ok(Vec::new()),
        Item::Command(_) | Item::Patch(_) | Item::Tool(_) | Item::Other { .. } => {
            Ok(vec![called(turn, numbered)?])
        }
    }
}

/// What is known when an item is over, its beginning included: whoever joins late has not heard of that.
pub(super) fn completed(turn: &str, numbered: &Numbered) -> Result<Vec<Saying>> {
    let Numbered { id, item } = numbered;
    let (output, failed, truncated) = match item {
        Item::Words { from, text } => return said(turn, id, *from, text),
        Item::Command(command) => command_end(command),
        Item::Patch(patch) => (patch_end(patch), patch.status != Status::Completed, false),
        Item::Tool(tool) => tool_end(tool),
        Item::Other { .. } => return Ok(vec![called(turn, numbered)?]),
    };
    Ok(vec![called(turn, numbered)?, returned(turn, id, &output, failed, truncated)?])
}

/// What an item of a history tells, whatever its stage.
pub(super) fn remembered(turn: &str, numbered: &Numbered) -> Result<Vec<Saying>> {
    let over = match &numbered.item {
        Item::Words { .. } | Item::Other { .. } => true,
        Item::Command(command) => command.status != Status::InProgress,
        Item::Patch(patch) => patch.status != Status::InProgress,
        Item::Tool(tool) => tool.status != Status::InProgress,
    };
    if over { completed(turn, numbered) } else { started(turn, numbered) }
}

/// The end of a call that never came to run.
pub(super) fn not_run(turn: &str, item: &str, why: &str) -> Result<Saying> {
    returned(turn, item, &format!("not run: {why}"), true, false)
}

/// Words of the bridge itself.
pub(super) fn note(id: ClientKey, text: &str) -> Saying {
    Saying::new(id, MessageSaid { text: text.into(), from: Some("holdpoint bridge".into()) })
}

fn said(turn: &str, item: &str, from: Speaker, text: &str) -> Result<Vec<Saying>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let from = match from {
        Speaker::User => Some("user".into()),
        Speaker::Agent => None,
        Speaker::Plan => Some("plan".into()),
        Speaker::Reasoning => Some("reasoning".into()),
    };
    // The text is part of the key: some models give all their messages the same identifier.
    let id = key("said", &[turn, item, text])?;
    Ok(vec![Saying::new(id, MessageSaid { text: bounded(text), from })])
}

fn called(turn: &str, numbered: &Numbered) -> Result<Saying> {
    let (tool, input, by): (Untrusted, String, Option<Untrusted>) = match &numbered.item {
        Item::Words { text, .. } => ("words".into(), text.clone(), None),
        Item::Command(command) => {
            let by = (command.source.as_deref() == Some("userShell")).then(|| "user".into());
            ("command".into(), command.command.clone(), by)
        }
        Item::Patch(patch) => ("file changes".into(), patch_words(&patch.changes), None),
        Item::Tool(tool) => (format!("{}.{}", tool.server, tool.tool).into(), tool.arguments.clone(), None),
        Item::Other { kind, json } => (kind.as_str().into(), json.clone(), None),
    };
    let body = ToolCalled { call: call_id(&numbered.id)?, tool, input: bounded(&input), by };
    Ok(Saying::new(key("called", &[turn, &numbered.id])?, body))
}

fn returned(turn: &str, item: &str, output: &str, failed: bool, truncated: bool) -> Result<Saying> {
    let (output, cut) = within(output, limits::BLOB_MAX_BYTES);
    let inline = output.len() <= limits::INLINE_MAX_BYTES && encoded(output) <= limits::INLINE_MAX_BYTES * 2;
    let (payload, blob) = if inline {
        (Payload::Text(output.into()), None)
    } else {
        let (sha256, bytes) = (Digest::of(output.as_bytes()), output.len() as u64);
        (Payload::Blob { sha256, bytes }, Some(output.to_owned()))
    };
    let body = ToolReturned { call: call_id(item)?, output: payload, failed, truncated: truncated || cut };
    Ok(Saying { id: key("returned", &[turn, item])?, body: body.into(), blob })
}

fn command_end(command: &Command) -> (String, bool, bool) {
    let output = command.aggregated_output.clone().unwrap_or_default();
    let failed = command.status != Status::Completed || command.exit_code.is_some_and(|exit| exit != 0);
    let truncated = is_cut(&output);
    match command.status {
        Status::Declined => ("not run: declined".into(), true, false),
        Status::InProgress | Status::Completed | Status::Failed | Status::Unknown => {
            (output, failed, truncated)
        }
    }
}

fn patch_end(patch: &Patch) -> String {
    let word = match patch.status {
        Status::Completed => "made",
        Status::Declined => "not made: declined",
        Status::Failed => "failed",
        Status::InProgress | Status::Unknown => "in an unknown state",
    };
    format!("{} file changes {word}", patch.changes.len())
}

fn tool_end(tool: &Tool) -> (String, bool, bool) {
    let (words, refused) = tool.answer.clone().unwrap_or_default();
    (words, refused || tool.status != Status::Completed, false)
}

fn patch_words(changes: &[Change]) -> String {
    let word = |change: &Change| format!("{} {}\n{}", change.kind.words(), change.path, change.diff);
    changes.iter().map(word).collect::<Vec<_>>().join("\n")
}

/// Whether Codex dropped the middle of an output: it then stands at its limit and says how many bytes are missing.
pub(super) fn is_cut(output: &str) -> bool {
    let marked = |line: &str| {
        line.strip_prefix("... ")
            .and_then(|rest| rest.strip_suffix(" bytes omitted ..."))
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    output.len() >= CODEX_KEEPS_BYTES && output.lines().any(marked)
}

/// Bytes of the JSON of a text.
fn encoded(text: &str) -> usize {
    text.chars().map(encoded_char).sum::<usize>() + 2
}

fn encoded_char(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if (c as u32) < 0x20 => 6,
        c => c.len_utf8(),
    }
}

/// The beginning of a text that has at most `max` bytes, and whether something was left off.
fn within(text: &str, max: usize) -> (&str, bool) {
    let end = text.floor_char_boundary(max);
    (&text[..end], end < text.len())
}

/// Words that fit into an event; what is left off is said.
fn bounded(text: &str) -> Untrusted {
    let mut room = WORDS_MAX_BYTES;
    for (at, c) in text.char_indices() {
        let Some(left) = room.checked_sub(encoded_char(c)) else {
            let missing = text.len() - at;
            return format!("{}\n[{missing} bytes more are in Codex, not here]", &text[..at]).into();
        };
        room = left;
    }
    text.into()
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm)] // what a test does not expect fails it
mod tests {
    use super::*;

    fn command(status: Status, output: &str, exit_code: Option<i32>) -> Numbered {
        let aggregated_output = Some(output.to_owned());
        let command =
            Command { command: "make".into(), status, aggregated_output, exit_code, ..Command::default() };
        Numbered { id: "call_1".into(), item: Item::Command(command) }
    }

    fn end(numbered: &Numbered) -> (ToolReturned, Option<String>) {
        match completed("t1", numbered).unwrap().pop() {
            Some(Saying { body: Body::ToolReturned(body), blob, .. }) => (body, blob),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_output_is_whole_and_large_ones_go_beside_the_event() {
        let (small, none) = end(&command(Status::Completed, "ok\n", Some(0)));
        assert_eq!((small.output, small.failed, none), (Payload::Text("ok\n".into()), false, None));
        for large in ["x".repeat(limits::INLINE_MAX_BYTES + 1), "\u{1b}".repeat(limits::INLINE_MAX_BYTES)] {
            let (body, blob) = end(&command(Status::Completed, &large, Some(0)));
            let bytes = large.len() as u64;
            assert_eq!(body.output, Payload::Blob { sha256: Digest::of(large.as_bytes()), bytes });
            assert_eq!((blob.as_deref(), body.truncated), (Some(large.as_str()), false));
        }
    }

    #[test]
    fn an_output_that_codex_cut_says_so_and_one_that_only_looks_so_does_not() {
        let cut = format!("{}\n... 1640319 bytes omitted ...\n{}", "a".repeat(524_288), "b".repeat(524_288));
        assert!(end(&command(Status::Completed, &cut, Some(0))).0.truncated);
        assert!(!end(&command(Status::Completed, "... 12 bytes omitted ...", Some(0))).0.truncated);
        assert!(!end(&command(Status::Completed, &"c".repeat(1_100_000), Some(0))).0.truncated);
    }

    #[test]
    fn failures_and_declined_commands_are_told_apart_from_success() {
        assert!(end(&command(Status::Completed, "", Some(1))).0.failed);
        assert!(end(&command(Status::Failed, "", None)).0.failed);
        let (declined, _) = end(&command(Status::Declined, "", None));
        assert_eq!((declined.output, declined.failed), (Payload::Text("not run: declined".into()), true));
    }

    #[test]
    fn the_same_item_has_the_same_keys_and_no_other_has_them() {
        let ids = |turn: &str, id: &str| {
            let numbered = Numbered { id: id.into(), ..command(Status::Completed, "", Some(0)) };
            completed(turn, &numbered).unwrap().into_iter().map(|s| s.id).collect::<Vec<_>>()
        };
        assert_eq!(ids("t1", "a"), ids("t1", "a"));
        assert_ne!(ids("t1", "a"), ids("t2", "a"));
        assert_ne!(key("k", &["ab", "c"]).unwrap(), key("k", &["a", "bc"]).unwrap());
        let words = |text: &str| Numbered {
            id: "msg".into(),
            item: Item::Words { from: Speaker::Agent, text: text.into() },
        };
        let said = |text: &str| completed("t1", &words(text)).unwrap().remove(0).id;
        assert_ne!(said("one"), said("two"), "models repeat the identifier of a message");
        assert_eq!(call_id("call_1").unwrap().as_str(), "call_1");
        assert!(call_id("call \u{202e}1").unwrap().as_str().starts_with("item:"));
    }

    #[test]
    fn words_too_long_for_an_event_say_what_is_missing() {
        let numbered = Numbered {
            id: "m".into(),
            item: Item::Words { from: Speaker::User, text: "\u{1}".repeat(20_000) },
        };
        let Body::MessageSaid(body) = completed("t", &numbered).unwrap().remove(0).body else { panic!() };
        assert!(encoded(body.text.expose()) < WORDS_MAX_BYTES + 100);
        assert!(
            body.text.expose().ends_with("[11808 bytes more are in Codex, not here]"),
            "{:?}",
            body.text.len()
        );
    }
}
