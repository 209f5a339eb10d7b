//! Requests of our own writing, in the shapes of 0.169.

use super::*;
use crate::bridge::codex::item::{Command, Numbered};

/// Items that began, in order.
struct Known(Vec<(&'static str, Numbered)>);

impl UnderWay for Known {
    fn item(&self, turn: &str, item: &str) -> Option<&Item> {
        self.0
            .iter()
            .find(|(t, numbered)| *t == turn && numbered.id == item)
            .map(|(_, numbered)| &numbered.item)
    }
    fn free_tool_calls(&self, turn: &str) -> Vec<(&str, &Item)> {
        let of_turn = self.0.iter().filter(|(t, _)| *t == turn);
        of_turn.map(|(_, numbered)| (numbered.id.as_str(), &numbered.item)).collect()
    }
}

fn raw(json: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(json).unwrap()
}

fn known(items: &[Value]) -> Known {
    Known(items.iter().map(|item| ("t1", Numbered::read(&raw(item)).unwrap())).collect())
}

fn ask(method: &str, params: &Value, known: &Known) -> Ask {
    match read(&RequestId::Number(0), method, &raw(params), known) {
        Wish::Approval(ask) => *ask,
        other => panic!("{other:?}"),
    }
}

const COMMAND: &str = "item/commandExecution/requestApproval";
const PATCH: &str = "item/fileChange/requestApproval";
const TOOL: &str = "mcpServer/elicitation/request";

fn command_params() -> Value {
    json!({"kind": "command", "threadId": "th", "turnId": "t1", "itemId": "c1", "reason": "out of memory",
           "command": "/bin/bash -lc 'rm x'", "cwd": "/srv", "additionalPermissions": null,
           "availableDecisions": ["accept", {"acceptWithExecpolicyAmendment": {}}, "cancel"]})
}

#[test]
fn a_command_is_asked_about_exactly_as_codex_wrote_it() {
    let ask = ask(COMMAND, &command_params(), &known(&[]));
    let Action::AgentCommand(command) = &ask.proposal.action else { panic!("{ask:?}") };
    assert_eq!(command.command.expose(), "/bin/bash -lc 'rm x'");
    assert_eq!((command.cwd.expose(), &command.incomplete), ("/srv", &None));
    assert_eq!((ask.turn.as_str(), ask.item.as_deref()), ("t1", Some("c1")));
    assert_eq!(ask.proposal.why.unwrap().expose(), "out of memory");
    assert_eq!(ask.style.accept(), json!({"decision": "accept"}));
    assert_eq!(ask.style.decline(), json!({"decision": "decline"}));
}

#[test]
fn a_command_that_is_not_all_told_can_only_be_denied() {
    let incomplete = |change: &dyn Fn(&mut Value), known: &Known| {
        let mut params = command_params();
        change(&mut params);
        ask(COMMAND, &params, known).proposal.action.incomplete().map(|why| why.expose().to_owned())
    };
    let nothing = known(&[]);
    assert_eq!(incomplete(&|_| (), &nothing), None, "the control");
    assert!(incomplete(&|p| p["command"] = Value::Null, &nothing).unwrap().contains("which command"));
    assert!(
        incomplete(&|p| p["availableDecisions"] = json!(["cancel"]), &nothing).unwrap().contains("offer")
    );
    let begun = |command: &str| {
        let item = Item::Command(Command { command: command.into(), ..Command::default() });
        Known(vec![("t1", Numbered { id: "c1".into(), item })])
    };
    assert!(incomplete(&|_| (), &begun("ls")).unwrap().contains("another command"));
    assert_eq!(incomplete(&|_| (), &begun("/bin/bash -lc 'rm x'")), None);
}

#[test]
fn more_than_a_command_is_shown_whole() {
    for change in [
        json!({"additionalPermissions": {"network": {"enabled": true}}}),
        json!({"networkApprovalContext": {"host": "example.org"}, "command": null}),
        json!({"kind": "writeStdin", "approvalId": "a-7"}),
    ] {
        let mut params = command_params();
        for (name, value) in change.as_object().unwrap() {
            params[name] = value.clone();
        }
        let ask = ask(COMMAND, &params, &known(&[]));
        let Action::AgentTool(tool) = &ask.proposal.action else { panic!("{ask:?}") };
        assert_eq!(
            serde_json::from_str::<Value>(tool.arguments.expose()).unwrap(),
            params,
            "nothing is hidden"
        );
        assert_eq!(tool.incomplete, None);
    }
}

#[test]
fn file_changes_are_joined_from_the_item_and_without_it_nobody_can_approve() {
    let params = json!({"threadId": "th", "turnId": "t1", "itemId": "c1", "reason": null, "grantRoot": null});
    let began = json!({"type": "fileChange", "id": "c1", "status": "inProgress", "changes": [
        {"path": "/srv/a", "kind": {"type": "add"}, "diff": "x\n"},
        {"path": "/srv/b", "kind": {"type": "update", "move_path": "/srv/c"}, "diff": "-1\n+2\n"}]});
    let joined = ask(PATCH, &params, &known(std::slice::from_ref(&began)));
    let Action::AgentPatch(patch) = &joined.proposal.action else { panic!("{joined:?}") };
    let shown: Vec<_> =
        patch.changes.iter().map(|c| (c.path.expose(), c.change.expose(), c.diff.expose())).collect();
    assert_eq!(shown, [("/srv/a", "add", "x\n"), ("/srv/b", "move to /srv/c", "-1\n+2\n")]);
    assert_eq!(patch.incomplete, None);

    let mut elsewhere = began.clone();
    elsewhere["id"] = json!("c2");
    for alone in [known(&[]), known(&[elsewhere]), known(&[json!({"type": "fileChange", "id": "c1"})])] {
        let action = ask(PATCH, &params, &alone).proposal.action;
        assert!(
            action.incomplete().is_some_and(|why| why.expose().contains("without ever showing")),
            "{action:?}"
        );
        assert!(action.digest().is_ok(), "it can be denied");
    }
    let mut wide = params.clone();
    wide["grantRoot"] = json!("/srv");
    assert!(ask(PATCH, &wide, &known(&[began])).proposal.action.incomplete().is_some());
}

fn tool_params(arguments: &Value) -> Value {
    json!({"threadId": "th", "turnId": "t1", "serverName": "ops", "mode": "form", "message": "Allow it?",
           "_meta": {"codex_approval_kind": "mcp_tool_call", "tool_name": "restart", "tool_description": "Restarts",
                     "tool_params": arguments, "persist": ["session"]},
           "requestedSchema": {"type": "object", "properties": {}}})
}

fn tool_began(id: &str, arguments: &Value) -> Value {
    json!({"type": "mcpToolCall", "id": id, "server": "ops", "tool": "restart", "status": "inProgress", "arguments": arguments})
}

#[test]
fn a_tool_call_is_joined_to_the_item_with_the_same_arguments() {
    let (checkout, cart) = (json!({"service": "checkout"}), json!({"service": "cart"}));
    let known = known(&[tool_began("m1", &cart), tool_began("m2", &checkout)]);
    let ask = ask(TOOL, &tool_params(&checkout), &known);
    assert_eq!((ask.item.as_deref(), ask.part.as_str()), (Some("m2"), ""));
    let Action::AgentTool(tool) = &ask.proposal.action else { panic!("{ask:?}") };
    assert_eq!((tool.server.expose(), tool.tool.expose()), ("ops", "restart"));
    assert_eq!((tool.arguments.expose(), &tool.incomplete), (r#"{"service":"checkout"}"#, &None));
    assert_eq!(ask.style.accept(), json!({"action": "accept", "content": {}}));
    assert_eq!(ask.style.decline(), json!({"action": "decline", "content": null}));
}

#[test]
fn elicitations_that_are_no_approvals_are_left_alone() {
    for meta in [json!(null), json!({"persist": []})] {
        let mut params = tool_params(&json!({}));
        params["_meta"] = meta;
        let wish = read(&RequestId::Number(3), TOOL, &raw(&params), &known(&[]));
        assert!(matches!(wish, Wish::Elsewhere(_)), "{wish:?}");
    }
    let mut unknown = tool_params(&json!({}));
    unknown["_meta"]["codex_approval_kind"] = json!("moon_landing");
    assert!(ask(TOOL, &unknown, &known(&[])).proposal.action.incomplete().is_some());
    let mut form = tool_params(&json!({}));
    form["requestedSchema"]["properties"] = json!({"pin": {"type": "string"}});
    assert!(ask(TOOL, &form, &known(&[])).proposal.action.incomplete().is_some());
}

#[test]
fn what_cannot_be_read_is_never_an_approval() {
    for method in [COMMAND, PATCH, TOOL, "item/permissions/requestApproval", "execCommandApproval"] {
        let wish = read(&RequestId::Number(0), method, &raw(&json!({"itemId": 7})), &known(&[]));
        assert!(matches!(wish, Wish::Elsewhere(_)), "{method}: {wish:?}");
    }
    assert_eq!(read(&RequestId::Number(0), "currentTime/read", &raw(&json!({})), &known(&[])), Wish::Nothing);
}
