//! What Codex says about threads, turns and their items, as far as the bridge uses it.
//!
//! Reading is tolerant: a field that is missing or new never makes a message unreadable, and an item of a kind that
//! this version does not know is kept as [`Item::Other`]. Nothing here decides anything.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::Untrusted;

/// One thing in a turn.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// Somebody's words: the user's, the agent's, its plan, its reasoning.
    Words { from: Speaker, text: String },
    /// A command, asked for or run.
    Command(Command),
    /// File changes, asked for or made.
    Patch(Patch),
    /// A call of an MCP tool.
    Tool(Tool),
    /// Anything else, in its own words.
    Other { kind: String, json: String },
}

/// Who said the words of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Agent,
    Plan,
    Reasoning,
}

/// How far an item has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    #[default]
    InProgress,
    Completed,
    Failed,
    Declined,
    #[serde(other)]
    Unknown,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "Codex' own names")]
pub(super) struct Command {
    pub(super) command: String,
    #[serde(default)]
    pub(super) cwd: String,
    #[serde(default)]
    pub(super) source: Option<String>,
    #[serde(default)]
    pub(super) status: Status,
    #[serde(default)]
    pub(super) aggregated_output: Option<String>,
    #[serde(default)]
    pub(super) exit_code: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Patch {
    #[serde(default)]
    pub(super) changes: Vec<Change>,
    #[serde(default)]
    pub(super) status: Status,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) kind: ChangeKind,
    pub(super) diff: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct ChangeKind {
    r#type: String,
    #[serde(default)]
    move_path: Option<String>,
}

impl ChangeKind {
    /// `add`, `update`, `delete` or `move to PATH`.
    pub(super) fn words(&self) -> String {
        self.move_path.as_ref().map_or_else(|| self.r#type.clone(), |path| format!("move to {path}"))
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::struct_field_names, reason = "Codex' own names")]
pub(super) struct Tool {
    pub(super) server: String,
    pub(super) tool: String,
    /// The JSON text of its arguments, as Codex wrote it.
    pub(super) arguments: String,
    pub(super) status: Status,
    /// What it answered, once it did: the text, and whether it is a failure.
    pub(super) answer: Option<(String, bool)>,
}

#[derive(Deserialize)]
struct Head {
    r#type: String,
    id: String,
}

#[derive(Deserialize)]
struct RawTool {
    server: String,
    tool: String,
    arguments: Box<RawValue>,
    #[serde(default)]
    status: Status,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
}

/// An item with its identifier, which is unique only within its thread.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbered {
    pub(super) id: String,
    pub(super) item: Item,
}

impl Numbered {
    /// Reads an item; `None` when it has neither kind nor identifier.
    pub(super) fn read(json: &RawValue) -> Option<Self> {
        let head: Head = serde_json::from_str(json.get()).ok()?;
        Some(Self { item: Item::read(&head.r#type, json), id: head.id })
    }
}

impl Item {
    fn read(kind: &str, json: &RawValue) -> Self {
        let other = || Self::Other { kind: kind.to_owned(), json: json.get().to_owned() };
        let value = || serde_json::from_str::<Value>(json.get()).unwrap_or_default();
        let words = |from, text: Option<String>| text.map_or_else(other, |text| Self::Words { from, text });
        match kind {
            "userMessage" => words(Speaker::User, Some(user_words(&value()["content"]))),
            "agentMessage" => words(Speaker::Agent, text_of(&value()["text"])),
            "plan" => words(Speaker::Plan, text_of(&value()["text"])),
            "reasoning" => words(Speaker::Reasoning, Some(lines_of(&value()["summary"]))),
            "commandExecution" => serde_json::from_str(json.get()).map_or_else(|_| other(), Self::Command),
            "fileChange" => serde_json::from_str(json.get()).map_or_else(|_| other(), Self::Patch),
            "mcpToolCall" => serde_json::from_str::<RawTool>(json.get())
                .map_or_else(|_| other(), |raw| Self::Tool(raw.into())),
            _ => other(),
        }
    }
}

impl From<RawTool> for Tool {
    fn from(raw: RawTool) -> Self {
        let failed = |error: Value| (text_of(&error["message"]).unwrap_or_else(|| error.to_string()), true);
        let answer = match (raw.error.filter(|e| !e.is_null()), raw.result.filter(|r| !r.is_null())) {
            (Some(error), _) => Some(failed(error)),
            (None, Some(result)) => Some((tool_words(&result), false)),
            (None, None) => None,
        };
        let arguments = raw.arguments.get().to_owned();
        Self { server: raw.server, tool: raw.tool, arguments, status: raw.status, answer }
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn lines_of(value: &Value) -> String {
    let lines: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    lines.join("\n")
}

/// What a user typed; what is no text is named, not shown.
fn user_words(content: &Value) -> String {
    let part = |part: &Value| match (part["type"].as_str(), part["text"].as_str()) {
        (_, Some(text)) => text.to_owned(),
        (Some(kind), None) => format!("[{kind}]"),
        (None, None) => String::new(),
    };
    content.as_array().into_iter().flatten().map(part).collect::<Vec<_>>().join("\n")
}

/// A tool's answer: its texts, or the whole as JSON where it is anything but text.
fn tool_words(result: &Value) -> String {
    let parts = result["content"].as_array();
    let texts: Option<Vec<&str>> =
        parts.and_then(|parts| parts.iter().map(|part| part["text"].as_str()).collect());
    texts.map_or_else(|| result.to_string(), |texts| texts.join("\n"))
}

/// A turn of a thread's history.
#[derive(Debug, Deserialize)]
pub(super) struct Turn {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: TurnStatus,
    #[serde(default)]
    items: Vec<Box<RawValue>>,
}

impl Turn {
    pub(super) fn items(&self) -> impl Iterator<Item = Numbered> {
        self.items.iter().filter_map(|json| Numbered::read(json))
    }
}

/// How a turn stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum TurnStatus {
    InProgress,
    Completed,
    Interrupted,
    Failed,
    #[default]
    #[serde(other)]
    Unknown,
}

/// A thread as Codex describes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) preview: String,
    #[serde(default)]
    pub(super) cwd: String,
    #[serde(default)]
    pub(super) parent_thread_id: Option<String>,
}

/// Longest title of a session, in characters.
const TITLE_MAX_CHARS: usize = 120;

impl About {
    /// One line for people: the thread's name, else what it was asked first, else where it works.
    pub(super) fn title(&self) -> Untrusted {
        let words = self.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&self.preview);
        let line = words.lines().map(str::trim).find(|line| !line.is_empty());
        match line {
            Some(line) => line.chars().take(TITLE_MAX_CHARS).collect::<String>().into(),
            None => format!("Codex in {}", self.cwd).into(),
        }
    }
}

/// The answer to `thread/resume`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resumed {
    pub(super) thread: About,
    #[serde(default)]
    pub(super) initial_turns_page: Option<TurnsPage>,
    #[serde(flatten)]
    pub(super) settings: Settings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnsPage {
    /// Newest first, as it was asked for.
    #[serde(default)]
    pub(super) data: Vec<Turn>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

/// What decides what Codex may do without asking.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    #[serde(default)]
    pub(super) cwd: String,
    #[serde(default)]
    pub(super) approval_policy: Value,
    #[serde(default)]
    pub(super) approvals_reviewer: Option<String>,
    #[serde(default, alias = "sandboxPolicy")]
    pub(super) sandbox: Value,
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm)] // what a test does not expect fails it
mod tests {
    use super::*;

    fn read(json: &str) -> Numbered {
        Numbered::read(&RawValue::from_string(json.into()).unwrap()).unwrap()
    }

    #[test]
    fn an_unknown_or_broken_item_is_kept_in_its_own_words() {
        for json in [r#"{"type":"holodeck","id":"h1","x":1}"#, r#"{"type":"commandExecution","id":"h1"}"#] {
            let Numbered { id, item: Item::Other { json: kept, .. } } = read(json) else { panic!("{json}") };
            assert_eq!((id.as_str(), kept.as_str()), ("h1", json));
        }
        assert!(Numbered::read(&RawValue::from_string("{}".into()).unwrap()).is_none());
    }

    #[test]
    fn words_of_users_tools_and_errors_are_found() {
        let user = read(
            r#"{"type":"userMessage","id":"u","content":[{"type":"text","text":"why?"},{"type":"image","url":"x"}]}"#,
        );
        assert_eq!(user.item, Item::Words { from: Speaker::User, text: "why?\n[image]".into() });
        let answer = |json: &str| match read(json).item {
            Item::Tool(tool) => tool.answer,
            other => panic!("{other:?}"),
        };
        let call =
            r#"{"type":"mcpToolCall","id":"m","server":"ops","tool":"restart","arguments":{"b":1, "a":2},"#;
        assert_eq!(
            answer(&format!(
                r#"{call}"result":{{"content":[{{"type":"text","text":"done"}}]}},"error":null}}"#
            )),
            Some(("done".into(), false))
        );
        assert_eq!(
            answer(&format!(r#"{call}"result":null,"error":{{"message":"user rejected"}}}}"#)),
            Some(("user rejected".into(), true))
        );
        let Item::Tool(tool) = read(&format!("{call}\"status\":\"inProgress\"}}")).item else { panic!() };
        assert_eq!(
            (tool.arguments.as_str(), tool.answer),
            (r#"{"b":1, "a":2}"#, None),
            "the text, not a reordering"
        );
    }

    #[test]
    fn a_thread_is_named_by_its_name_its_first_words_or_its_place() {
        let about = |name: Option<&str>, preview: &str| About {
            name: name.map(str::to_owned),
            preview: preview.into(),
            cwd: "/srv".into(),
            parent_thread_id: None,
        };
        assert_eq!(about(Some("INC-7"), "why?").title().expose(), "INC-7");
        assert_eq!(about(Some(" "), "\n why?\nmore").title().expose(), "why?");
        assert_eq!(about(None, "").title().expose(), "Codex in /srv");
        assert_eq!(about(None, &"ü".repeat(500)).title().expose().chars().count(), TITLE_MAX_CHARS);
    }
}
