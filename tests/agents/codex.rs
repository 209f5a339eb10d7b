//! The real Codex with a home of its own, and a client that plays its own screen.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::PATIENCE;

/// A running app-server; killed when this is dropped.
pub(crate) struct Codex {
    binary: PathBuf,
    home: PathBuf,
    pub(crate) port: u16,
    child: Child,
}

impl Codex {
    /// Starts one in `home`, with the model on this port.
    pub(crate) async fn start(binary: &Path, home: &Path, effects: &Path, model_port: u16) -> Self {
        std::fs::create_dir_all(home).unwrap();
        let ops = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/ops.py");
        let config = format!(
            r#"model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false
web_search = "disabled"
[analytics]
enabled = false
[feedback]
enabled = false
[otel]
exporter = "none"
[mcp_servers.ops]
command = "python3"
args = ["{}"]
env = {{ EFFECTS = "{}" }}
[model_providers.scripted]
name = "scripted"
base_url = "http://127.0.0.1:{model_port}/v1"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = false
request_max_retries = 0
stream_max_retries = 0
"#,
            ops.display(),
            effects.display(),
        );
        std::fs::write(home.join("config.toml"), config).unwrap();
        let port = free_port();
        let child = spawn(binary, home, port, &[]);
        let codex = Self { binary: binary.into(), home: home.into(), port, child };
        codex.listens().await;
        codex
    }

    /// Starts it anew with a token that every client needs.
    pub(crate) async fn restart_with_token(&mut self, token: &str) {
        let file = self.home.join("ws.token");
        std::fs::write(&file, token).unwrap();
        self.kill();
        let auth =
            ["--ws-auth".into(), "capability-token".into(), "--ws-token-file".into(), file.into_os_string()];
        self.child = spawn(&self.binary, &self.home, self.port, &auth);
        self.listens().await;
    }

    /// Kills it and starts it anew at the same place.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.binary, &self.home, self.port, &[]);
        self.listens().await;
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    async fn listens(&self) {
        let there = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, there).await.expect("codex does not listen");
    }
}

impl Drop for Codex {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(binary: &Path, home: &Path, port: u16, more: &[OsString]) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(home.join("server.log")).unwrap();
    let mut command = Command::new(binary);
    command.args(["app-server", "--listen", &format!("ws://127.0.0.1:{port}")]).args(more);
    command
        .env("HOME", home)
        .env("CODEX_HOME", home)
        .env_remove("OPENAI_API_KEY")
        .env_remove("OPENAI_BASE_URL");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A client of the app-server, as Codex' own screen is one.
pub(crate) struct Screen {
    socket: WebSocketStream<TcpStream>,
    last_id: i64,
    kept: VecDeque<Value>,
}

impl Screen {
    pub(crate) async fn open(codex: &Codex) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", codex.port)).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(codex.url(), stream).await.unwrap();
        let mut screen = Self { socket, last_id: 0, kept: VecDeque::new() };
        let info = json!({ "clientInfo": { "name": "screen", "version": "1" }, "capabilities": { "experimentalApi": true } });
        screen.call("initialize", info).await;
        screen.send(json!({ "method": "initialized" })).await;
        screen
    }

    /// A new thread in this folder; answers with its identifier.
    pub(crate) async fn thread(&mut self, cwd: &Path, policy: &str, sandbox: &str) -> String {
        let params = json!({ "cwd": cwd, "approvalPolicy": policy, "sandbox": sandbox });
        let started = self.call("thread/start", params).await;
        started["thread"]["id"].as_str().unwrap().to_owned()
    }

    /// Says something to the agent; answers with the turn.
    pub(crate) async fn turn(&mut self, thread: &str, text: &str) -> String {
        let params = json!({ "threadId": thread, "input": [{ "type": "text", "text": text }] });
        self.call("turn/start", params).await["turn"]["id"].as_str().unwrap().to_owned()
    }

    /// The next message of this method about this thread.
    pub(crate) async fn wait(&mut self, method: &str, thread: &str) -> Value {
        let fits = |message: &Value| message["method"] == method && message["params"]["threadId"] == thread;
        if let Some(at) = self.kept.iter().position(&fits) {
            return self.kept.remove(at).unwrap();
        }
        loop {
            let message = self.receive().await;
            if fits(&message) {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    pub(crate) async fn answer(&mut self, request: &Value, result: Value) {
        self.send(json!({ "id": request["id"], "result": result })).await;
    }

    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(json!({ "id": id, "method": method, "params": params })).await;
        loop {
            let message = self.receive().await;
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.kept.push_back(message);
        }
    }

    async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("codex is silent");
            if let Message::Text(text) = message.expect("codex closed the connection").unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}
