//! The real binary under test: a hub in a directory of its own, gates, and the other subcommands, as processes.
#![allow(dead_code)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub const BINARY: &str = env!("CARGO_BIN_EXE_holdpoint");
/// Generous: the machine may be busy. Nothing is asserted about how long anything took.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until `look` finds something; fails by name.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(25));
    }
}

/// A hub's directory, a working directory, and the hub's process.
pub struct Rig {
    pub dir: tempfile::TempDir,
    hub: Mutex<Option<Child>>,
    /// Further arguments and variables of the hub.
    pub hub_args: Vec<String>,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.kill_hub();
    }
}

impl Rig {
    /// Directories without a hub.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("hp").tempdir().unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        Self { dir, hub: Mutex::new(None), hub_args: Vec::new() }
    }

    /// With a hub.
    pub fn start() -> Self {
        let rig = Self::new();
        rig.start_hub(&[]);
        rig
    }

    /// With a hub that also listens on TCP; the port.
    pub fn start_tcp() -> (Self, u16) {
        let mut rig = Self::new();
        rig.hub_args = vec!["--listen".into(), "127.0.0.1:0".into()];
        let said = rig.start_hub(&[]);
        let line = said.iter().find(|line| line.contains("ws://")).expect("a TCP address").clone();
        (rig, line.rsplit(':').next().unwrap().parse().unwrap())
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// A file in the working directory.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A program in the working directory.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.file(name, format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The binary with this rig's surroundings and nothing of the machine's but the system's programs.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).env_clear().current_dir(self.work());
        command.env("PATH", "/usr/bin:/bin").env("HOME", self.dir.path()).env("USER", "tess");
        command.env("HOLDPOINT_DATA", self.data());
        command
    }

    /// Starts the hub and waits until it says where it is; what it said.
    pub fn start_hub(&self, env: &[(&str, &str)]) -> Vec<String> {
        let mut command = self.command(&["hub"]);
        command.args(&self.hub_args).envs(env.iter().copied()).env("HOLDPOINT_LOG", "warn");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        *self.hub.lock().unwrap() = Some(child);
        let mut said = Vec::new();
        for line in stdout.lines() {
            said.push(line.unwrap());
            if said.last().unwrap().contains("approver.token") {
                break;
            }
        }
        said
    }

    /// Ends the hub as `kill -9` does.
    pub fn kill_hub(&self) {
        if let Some(mut child) = self.hub.lock().unwrap().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the hub to end; its exit status.
    pub fn stop_hub(&self) -> ExitStatus {
        let mut child = self.hub.lock().unwrap().take().unwrap();
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        child.wait().unwrap()
    }

    /// Whether the hub died by itself (a failpoint, or a kill), once.
    pub fn hub_died(&self) -> bool {
        let mut hub = self.hub.lock().unwrap();
        let died = hub.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some());
        if died {
            *hub = None;
        }
        died
    }

    pub fn hub_pid(&self) -> Option<Pid> {
        self.hub.lock().unwrap().as_ref().map(Pid::from_child)
    }

    /// Runs a subcommand to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a subcommand that has to succeed; its standard output.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// The same, as JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    /// A hold with everything about it.
    pub fn hold(&self, id: &str) -> Value {
        self.json(&["show", id, "--json"])
    }

    /// Decides on what the hold is about now.
    pub fn decide(&self, hold: &str, verdict: &str, reason: &str) -> Output {
        let digest = self.hold(hold)["digest"].as_str().unwrap().to_owned();
        self.run(&["decide", hold, verdict, "--digest", &digest, "--reason", reason])
    }

    /// Approves, which has to succeed.
    pub fn approve(&self, hold: &str) {
        let output = self.decide(hold, "approve", "looked at it");
        assert!(output.status.success(), "{}", text(&output.stderr));
    }

    /// A session's events, from the record.
    pub fn record(&self, session: &str) -> Vec<Value> {
        let text = self.ok(&["record", "export", session, "-"]);
        text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The bodies of a session's events of this type.
    pub fn events(&self, session: &str, name: &str) -> Vec<Value> {
        let of_type = |event: &Value| event["type"] == name;
        self.record(session).into_iter().filter(of_type).map(|event| event["body"].clone()).collect()
    }

    /// Starts a gate with a status file.
    pub fn gate(&self, options: &[&str], command: &[&str]) -> Gate {
        self.gate_with(options, command, |_| {})
    }

    /// The same, with a say in how the process is started.
    pub fn gate_with(&self, options: &[&str], command: &[&str], with: impl FnOnce(&mut Command)) -> Gate {
        let status = tempfile::Builder::new().prefix("status").tempfile_in(self.dir.path()).unwrap();
        let status = status.into_temp_path().to_path_buf();
        let mut process = self.command(&["gate", "--status-file"]);
        process.arg(&status).args(options).arg("--").args(command);
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        with(&mut process);
        Gate::new(process.spawn().unwrap(), status)
    }
}

/// A gate's process and what it says.
pub struct Gate {
    pub child: Child,
    status: PathBuf,
    stderr: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<Vec<u8>>>,
}

/// How a gate ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub status: Value,
}

impl Gate {
    fn new(mut child: Child, status: PathBuf) -> Self {
        let stderr = Arc::new(Mutex::new(String::new()));
        let (mut out, err, shared) =
            (child.stdout.take().unwrap(), child.stderr.take().unwrap(), stderr.clone());
        let readers = vec![
            thread::spawn(move || {
                let mut all = Vec::new();
                out.read_to_end(&mut all).unwrap();
                all
            }),
            thread::spawn(move || {
                let (mut err, mut line) = (BufReader::new(err), Vec::new());
                while err.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                    shared.lock().unwrap().push_str(&text(&line));
                    line.clear();
                }
                Vec::new()
            }),
        ];
        Self { child, status, stderr, readers }
    }

    pub fn said(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until it says this.
    pub fn wait_said(&self, words: &str) -> String {
        wait_for(&format!("the gate says {words:?}"), || {
            let said = self.said();
            said.contains(words).then_some(said)
        })
    }

    /// Waits until a person is asked; the hold and the session.
    pub fn wait_asked(&self) -> (String, String) {
        let said = self.wait_said(", until ");
        let line = said.lines().find(|line| line.contains("waiting for a person")).unwrap();
        let after = |label: &str| line.split(label).nth(1).unwrap().split(',').next().unwrap().to_owned();
        (after("hold "), after("session "))
    }

    pub fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end. The status file agrees with the exit status, always.
    pub fn wait(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        let exit = loop {
            if let Some(exit) = self.child.try_wait().unwrap() {
                break exit;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("the gate does not end: {}", self.said());
            }
            thread::sleep(Duration::from_millis(10));
        };
        let mut readers = std::mem::take(&mut self.readers).into_iter();
        let mut output = || readers.next().unwrap().join().unwrap();
        let (stdout, _) = (output(), output());
        let status = std::fs::read_to_string(&self.status).ok();
        let status: Value = status.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        if let Some(code) = exit.code().filter(|code| ![64, 73].contains(code)) {
            assert_eq!(status["exitStatus"], code, "{status} {}", self.said());
        }
        Ended { code: exit.code(), signal: exit.signal(), stdout, stderr: self.said(), status }
    }
}

/// Writes all of it to a child's standard input and closes that.
pub fn feed(child: &mut Child, bytes: &[u8]) {
    child.stdin.take().unwrap().write_all(bytes).unwrap();
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Lines of a file; none when it is not there.
pub fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// The system's own SHA-256 of a file.
pub fn sha256(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    text(&output.stdout).split(' ').next().unwrap().to_owned()
}

/// Whether a process lives (one that only waits to be collected does not).
pub fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !matches!(rest.trim_start().as_bytes().first(), Some(b'Z' | b'X')))
}
