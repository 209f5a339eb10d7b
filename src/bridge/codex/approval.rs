//! Codex' ways to ask, turned into proposals, and the answers in its own words. Pure.
//!
//! Three shapes are approvals: a command, a set of file changes (which comes without them: they are joined from the
//! item that began before), and an MCP tool's call (which comes as an elicitation). Anything else that Codex asks is
//! left alone: its own screen has to answer it. What is not all told becomes a proposal that can only be denied.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::domain::{Action, AgentCommand, AgentPatch, AgentTool, FileChange, Proposal, Untrusted};

use super::item::{Change, Item};
use super::wire::RequestId;

/// The agent's name in every action.
pub(super) const AGENT: &str = "codex";

/// How Codex wants to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `{"decision": …}`.
    Decision,
    /// `{"action": …}`.
    Elicitation,
}

impl Style {
    /// Lets it do this once.
    pub(super) fn accept(self) -> Value {
        match self {
            Self::Decision => json!({ "decision": "accept" }),
            Self::Elicitation => json!({ "action": "accept", "content": {} }),
        }
    }

    /// Does not let it; the turn goes on.
    pub(super) fn decline(self) -> Value {
        match self {
            Self::Decision => json!({ "decision": "decline" }),
            Self::Elicitation => json!({ "action": "decline", "content": null }),
        }
    }
}

/// One approval that Codex waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    pub(super) request: RequestId,
    pub(super) turn: String,
    /// The item that it is about; absent where Codex named none and none was found.
    pub(super) item: Option<String>,
    /// Tells several approvals of one item apart.
    pub(super) part: String,
    pub(super) style: Style,
    pub(super) proposal: Proposal,
}

/// What a request of Codex' is.
#[derive(Debug, PartialEq)]
pub(super) enum Wish {
    /// An approval.
    Approval(Box<Ask>),
    /// A question that only Codex' own screen can answer; in words.
    Elsewhere(String),
    /// Nothing that concerns people.
    Nothing,
}

/// What is known of the items of a thread that are under way.
pub(super) trait UnderWay {
    /// The item of this turn.
    fn item(&self, turn: &str, item: &str) -> Option<&Item>;
    /// The tool calls of this turn that nobody was asked about yet, oldest first.
    fn free_tool_calls(&self, turn: &str) -> Vec<(&str, &Item)>;
}

/// Reads a request.
pub(super) fn read(id: &RequestId, method: &str, params: &RawValue, known: &impl UnderWay) -> Wish {
    let read = match method {
        "item/commandExecution/requestApproval" => command(id, params, known),
        "item/fileChange/requestApproval" => patch(id, params, known),
        "mcpServer/elicitation/request" => tool(id, params, known),
        "item/permissions/requestApproval" => {
            return Wish::Elsewhere("Codex asks for further permissions for the rest of its turn".into());
        }
        "item/tool/requestUserInput" => return Wish::Elsewhere("Codex asks its user a question".into()),
        "applyPatchApproval" | "execCommandApproval" => {
            return Wish::Elsewhere("Codex asks for an approval in the words of an old version".into());
        }
        _ => return Wish::Nothing,
    };
    read.unwrap_or_else(|error| {
        Wish::Elsewhere(format!("Codex asks in a way that Holdpoint cannot read ({method}: {error})"))
    })
}

fn proposal(action: Action, why: Option<String>, claim: Option<String>) -> Proposal {
    let words = |text: Option<String>| text.filter(|text| !text.trim().is_empty()).map(Untrusted::from);
    Proposal {
        action,
        service: None,
        environment: None,
        why: words(why),
        claim: words(claim),
        undo: None,
        cites: Vec::new(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommandParams {
    turn_id: String,
    item_id: String,
    kind: Option<String>,
    approval_id: Option<String>,
    command: Option<String>,
    cwd: Option<String>,
    reason: Option<String>,
    additional_permissions: Option<Box<RawValue>>,
    network_approval_context: Option<Box<RawValue>>,
    available_decisions: Option<Vec<Value>>,
}

fn command(id: &RequestId, params: &RawValue, known: &impl UnderWay) -> serde_json::Result<Wish> {
    let p: CommandParams = serde_json::from_str(params.get())?;
    let kind = p.kind.as_deref().unwrap_or("command");
    let refused = p.available_decisions.as_ref().is_some_and(|all| !all.contains(&json!("accept")));
    let begun = match known.item(&p.turn_id, &p.item_id) {
        Some(Item::Command(begun)) => Some(&begun.command),
        Some(Item::Words { .. } | Item::Patch(_) | Item::Tool(_) | Item::Other { .. }) | None => None,
    };
    let asked = p.command.clone().unwrap_or_default();
    let incomplete = if refused {
        Some("Codex does not offer to run it once".to_owned())
    } else if kind == "command" && asked.is_empty() && p.network_approval_context.is_none() {
        Some("Codex does not say which command it would run".to_owned())
    } else if kind == "command" && !asked.is_empty() && begun.is_some_and(|begun| *begun != asked) {
        Some("Codex asks about another command than the one it began".to_owned())
    } else {
        None
    };
    let wider = p.additional_permissions.is_some() || p.network_approval_context.is_some();
    let incomplete = incomplete.map(Untrusted::from);
    let action = if kind == "command" && !wider {
        let cwd = p.cwd.unwrap_or_default().into();
        Action::AgentCommand(AgentCommand { agent: AGENT.into(), command: asked.into(), cwd, incomplete })
    } else {
        // More than a command is let go here; the whole request is the only text that shows all of it.
        let what = if kind == "command" { "command with wider permissions" } else { kind };
        let arguments = params.get().into();
        let (server, tool) = (AGENT.into(), what.into());
        Action::AgentTool(AgentTool { agent: AGENT.into(), server, tool, arguments, incomplete })
    };
    Ok(Wish::Approval(Box::new(Ask {
        request: id.clone(),
        turn: p.turn_id,
        item: Some(p.item_id),
        part: p.approval_id.unwrap_or_default(),
        style: Style::Decision,
        proposal: proposal(action, p.reason, None),
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatchParams {
    turn_id: String,
    item_id: String,
    reason: Option<String>,
    grant_root: Option<String>,
}

fn patch(id: &RequestId, params: &RawValue, known: &impl UnderWay) -> serde_json::Result<Wish> {
    let p: PatchParams = serde_json::from_str(params.get())?;
    let begun: &[Change] = match known.item(&p.turn_id, &p.item_id) {
        Some(Item::Patch(begun)) => &begun.changes,
        Some(Item::Words { .. } | Item::Command(_) | Item::Tool(_) | Item::Other { .. }) | None => &[],
    };
    let incomplete = match &p.grant_root {
        Some(root) => {
            Some(format!("Codex also asks to write anything under {root} for the rest of its session"))
        }
        None if begun.is_empty() => {
            Some("Codex asked about file changes without ever showing them here".to_owned())
        }
        None => None,
    };
    let changes = begun.iter().map(FileChange::from).collect();
    let incomplete = incomplete.map(Untrusted::from);
    let action = Action::AgentPatch(AgentPatch { agent: AGENT.into(), changes, incomplete });
    Ok(Wish::Approval(Box::new(Ask {
        request: id.clone(),
        turn: p.turn_id,
        item: Some(p.item_id),
        part: String::new(),
        style: Style::Decision,
        proposal: proposal(action, p.reason, None),
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ElicitationParams {
    turn_id: Option<String>,
    server_name: String,
    message: Option<String>,
    requested_schema: Option<Value>,
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    codex_approval_kind: Option<String>,
    tool_name: Option<String>,
    tool_description: Option<String>,
    tool_params: Option<Box<RawValue>>,
}

fn tool(id: &RequestId, params: &RawValue, known: &impl UnderWay) -> serde_json::Result<Wish> {
    let p: ElicitationParams = serde_json::from_str(params.get())?;
    let elsewhere =
        || Ok(Wish::Elsewhere(format!("the MCP server {} asks Codex' user something", p.server_name)));
    let Some(meta) = &p.meta else { return elsewhere() };
    let Some(kind) = &meta.codex_approval_kind else { return elsewhere() };
    let turn = p.turn_id.clone().unwrap_or_default();
    let name = meta.tool_name.clone().unwrap_or_default();
    let arguments = meta.tool_params.as_ref().map(|raw| raw.get().to_owned());
    let found = known.free_tool_calls(&turn).into_iter().find_map(|(item, call)| match call {
        Item::Tool(call) if call.server == p.server_name && call.tool == name => {
            let same = arguments.as_ref().is_none_or(|arguments| same_json(arguments, &call.arguments));
            same.then(|| (item.to_owned(), call.arguments.clone()))
        }
        Item::Tool(_) | Item::Words { .. } | Item::Command(_) | Item::Patch(_) | Item::Other { .. } => None,
    });
    let wants_more = p.requested_schema.as_ref().and_then(|schema| schema["properties"].as_object());
    let incomplete = if kind != "mcp_tool_call" || name.is_empty() {
        Some(format!("Codex asks for a kind of approval that Holdpoint does not know: {kind}"))
    } else if arguments.is_none() && found.is_none() {
        Some("Codex does not say with which arguments it would call the tool".to_owned())
    } else if wants_more.is_some_and(|fields| !fields.is_empty()) {
        Some("Codex wants a form filled in with the approval".to_owned())
    } else {
        None
    };
    let (item, begun) = found.unzip();
    let action = Action::AgentTool(AgentTool {
        agent: AGENT.into(),
        server: p.server_name.into(),
        tool: if name.is_empty() { kind.as_str().into() } else { name.into() },
        arguments: arguments.or(begun).unwrap_or_else(|| params.get().to_owned()).into(),
        incomplete: incomplete.map(Untrusted::from),
    });
    Ok(Wish::Approval(Box::new(Ask {
        request: id.clone(),
        turn,
        // An elicitation names no item; where none was found its own number tells it from the others of its turn.
        part: if item.is_some() { String::new() } else { format!("elicitation {id}") },
        item,
        style: Style::Elicitation,
        proposal: proposal(action, p.message, meta.tool_description.clone()),
    })))
}

/// Whether two texts are the same JSON.
fn same_json(one: &str, other: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || parse(one).is_some_and(|one| parse(other) == Some(one))
}

#[cfg(test)]
#[path = "approval_tests.rs"]
#[allow(clippy::wildcard_enum_match_arm)] // what a test does not expect fails it
mod tests;
