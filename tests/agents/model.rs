//! A model without a mind: it speaks the streaming Responses API on loopback and follows a script.
//!
//! The last `[[script:NAME]]` in a request chooses the script; how much the model has said since chooses the turn. So a resumed conversation goes on where it was, and several threads never disturb each other.
//! Every request is kept, for tests that ask what the agent's model was told.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the model says in one turn: words, then calls of tools.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    pub(crate) text: String,
    pub(crate) calls: Vec<(&'static str, Value)>,
}

pub(crate) fn says(text: &str) -> Turn {
    Turn { text: text.into(), calls: vec![] }
}

/// A turn with one command; `ask` makes Codex ask before it runs it outside the sandbox.
pub(crate) fn runs(text: &str, command: &str, ask: bool) -> Turn {
    Turn { text: text.into(), calls: vec![exec(command, ask)] }
}

pub(crate) fn exec(command: &str, ask: bool) -> (&'static str, Value) {
    let mut arguments = json!({ "cmd": command, "yield_time_ms": 1000 });
    if ask {
        arguments["sandbox_permissions"] = json!("require_escalated");
        arguments["justification"] = json!("the checkout pods are out of memory");
    }
    ("exec_command", arguments)
}

type Scripts = HashMap<String, Vec<Turn>>;

/// The running model.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) port: u16,
    scripts: Arc<Mutex<Scripts>>,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Model {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let model = Self { port, scripts: Arc::default(), requests: Arc::default() };
        let serving = model.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let model = serving.clone();
                tokio::spawn(async move { model.serve(stream).await });
            }
        });
        model
    }

    pub(crate) fn script(&self, name: &str, turns: Vec<Turn>) {
        self.scripts.lock().unwrap().insert(name.into(), turns);
    }

    /// The requests of a script so far, oldest first.
    pub(crate) fn requests(&self, script: &str) -> Vec<Value> {
        let all = self.requests.lock().unwrap();
        all.iter().filter(|body| script_of(body) == script).cloned().collect()
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let answer = if head.starts_with("POST") && head.contains("/responses ") {
            self.respond(&serde_json::from_slice(&body).unwrap_or_default())
        } else {
            let models = json!({ "object": "list", "data": [] }).to_string();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{models}",
                models.len()
            )
        };
        let _ = stream.get_mut().write_all(answer.as_bytes()).await;
        let _ = stream.get_mut().shutdown().await;
    }

    fn respond(&self, body: &Value) -> String {
        let script = script_of(body);
        let step = step_of(body);
        self.requests.lock().unwrap().push(body.clone());
        let turn = self.scripts.lock().unwrap().get(&script).and_then(|turns| turns.get(step).cloned());
        stream_of(&script, step, &turn.unwrap_or_else(|| says("The script is over.")), body)
    }
}

fn script_of(body: &Value) -> String {
    let text = body["input"].to_string();
    let name = text.rsplit_once("[[script:").and_then(|(_, rest)| rest.split("]]").next());
    name.unwrap_or_default().to_owned()
}

/// How many turns of the script the history holds: every turn has one message, and the last mark begins the script.
fn step_of(body: &Value) -> usize {
    let items = body["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    let marked =
        items.iter().rposition(|item| item["role"] == "user" && item.to_string().contains("[[script:"));
    let since = &items[marked.map_or(0, |at| at + 1)..];
    since.iter().filter(|item| item["role"] == "assistant").count()
}

fn stream_of(script: &str, step: usize, turn: &Turn, body: &Value) -> String {
    let mut items = vec![json!({
        "type": "message", "id": format!("msg_{script}_{step}"), "role": "assistant", "status": "completed",
        "content": [{ "type": "output_text", "text": turn.text, "annotations": [] }],
    })];
    for (index, (tool, arguments)) in turn.calls.iter().enumerate() {
        let id = format!("call_{script}_{step}_{index}");
        let mut call = json!({
            "type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": tool, "status": "completed",
            "arguments": arguments.to_string(),
        });
        if let Some(namespace) = namespace_of(tool, body) {
            call["namespace"] = json!(namespace);
        }
        items.push(call);
    }
    let response = json!({
        "id": format!("resp_{script}_{step}"), "object": "response", "model": body["model"], "status": "completed",
        "output": items, "usage": { "input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
            "input_tokens_details": { "cached_tokens": 0 }, "output_tokens_details": { "reasoning_tokens": 0 } },
    });
    let mut events =
        vec![("response.created", json!({ "response": { "id": response["id"], "status": "in_progress" } }))];
    for (index, item) in items.iter().enumerate() {
        events.push(("response.output_item.added", json!({ "output_index": index, "item": item })));
        if item["type"] == "message" {
            for piece in turn.text.split_inclusive(' ') {
                let delta = json!({ "output_index": index, "content_index": 0, "item_id": item["id"], "delta": piece });
                events.push(("response.output_text.delta", delta));
            }
        }
        events.push(("response.output_item.done", json!({ "output_index": index, "item": item })));
    }
    events.push(("response.completed", json!({ "response": response })));
    let mut out =
        String::from("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
    for (name, mut data) in events {
        data["type"] = json!(name);
        let _ = write!(out, "event: {name}\ndata: {data}\n\n");
    }
    out
}

/// Codex offers the tools of an MCP server as a group; a call of one names the group.
fn namespace_of(tool: &str, body: &Value) -> Option<String> {
    let groups = body["tools"].as_array()?.iter().filter(|tool| tool["type"] == "namespace");
    let mut holding = groups.filter(|group| {
        group["tools"].as_array().into_iter().flatten().any(|offered| offered["name"] == tool)
    });
    holding.next().and_then(|group| group["name"].as_str().map(str::to_owned))
}
