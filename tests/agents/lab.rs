//! A real Codex, a scripted model, a hub, a bridge and a person, in a folder of their own.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use holdpoint::bridge::codex::{Bridge, Server, run};
use holdpoint::domain::*;
use holdpoint::hub::Hub;
use holdpoint::link::{Target, files};
use holdpoint::session::{Body, Hold, Run};
use holdpoint::wire::*;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::PATIENCE;
use super::codex::{Codex, Screen};
use super::hub_lab::{self, Client};
use super::model::Model;

/// Cases that ran, and how many may run at once on a small machine.
static EXECUTED: AtomicUsize = AtomicUsize::new(0);
static AT_ONCE: OnceLock<Arc<Semaphore>> = OnceLock::new();

/// Past the test harness' capture: these lines are for whoever counts.
fn announce(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs a case, or says that it was skipped.
pub(crate) fn case<F: Future<Output = ()>>(name: &str, body: impl FnOnce(Lab) -> F) {
    let Some(binary) = std::env::var_os("HOLDPOINT_REAL_CODEX").map(PathBuf::from) else {
        assert!(
            std::env::var_os("HOLDPOINT_REQUIRE_REAL").is_none(),
            "HOLDPOINT_REAL_CODEX does not name a codex"
        );
        announce(&format!("real codex: skipped ({name}): HOLDPOINT_REAL_CODEX is not set"));
        return;
    };
    assert!(binary.is_file(), "HOLDPOINT_REAL_CODEX names no file: {}", binary.display());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let room = Arc::clone(AT_ONCE.get_or_init(|| Arc::new(Semaphore::new(3))));
        let _place = room.acquire_owned().await.unwrap();
        body(Lab::new(&binary).await).await;
    });
    let count = EXECUTED.fetch_add(1, Ordering::SeqCst) + 1;
    announce(&format!("real codex: {count} cases executed ({name})"));
}

/// Where the hub runs.
enum Keeper {
    Nobody,
    Here(#[allow(dead_code, reason = "it ends with its owner")] Hub),
    Process(Process),
}

/// A `holdpoint` of its own; killed when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        command.args(arguments).env("HOLDPOINT_DATA", data).env_remove("HOLDPOINT_HUB");
        let log = data.with_file_name("programs.log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) struct Lab {
    pub(crate) model: Model,
    pub(crate) codex: Codex,
    pub(crate) screen: Screen,
    pub(crate) person: Client,
    pub(crate) expires_in_ms: Option<u64>,
    /// The turn that was asked for last.
    pub(crate) turn: String,
    /// Codex' own token, where its server wants one.
    pub(crate) token: Option<String>,
    hub: Keeper,
    bridge: Option<JoinHandle<Result<()>>>,
    folder: tempfile::TempDir,
}

fn hub_of(folder: &Path) -> Target {
    Target::Unix(folder.join("d").join(files::SOCKET))
}

fn person(folder: &Path) -> Client {
    let credential = hub_lab::credential(folder, Role::Person, "maya");
    Client::new(hub_of(folder), credential, Some(Filter::default()), None)
}

impl Lab {
    async fn new(binary: &Path) -> Self {
        let folder = hub_lab::data();
        for name in ["effects", "cwd"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let model = Model::start().await;
        let codex =
            Codex::start(binary, &folder.path().join("home"), &folder.path().join("effects"), model.port)
                .await;
        let screen = Screen::open(&codex).await;
        let hub = Keeper::Here(Hub::start(hub_lab::config(folder.path())).await.unwrap());
        let person = person(folder.path());
        let (expires_in_ms, turn, bridge, token) = (None, String::new(), None, None);
        let mut lab = Self { model, codex, screen, person, expires_in_ms, turn, token, hub, bridge, folder };
        lab.bridge_comes().await;
        lab
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("d")
    }

    /// From now on hub and bridge are programs of their own, as a user runs them.
    pub(crate) async fn with_programs(&mut self) -> Process {
        self.bridge_leaves_silently().await;
        // The directory is free again once the old hub is gone.
        if let Keeper::Here(hub) = std::mem::replace(&mut self.hub, Keeper::Nobody) {
            hub.stop().await;
        }
        self.hub = Keeper::Process(self.start_hub());
        self.until_hub_answers().await;
        self.start_bridge()
    }

    fn start_hub(&self) -> Process {
        Process::start(&self.data(), &["hub"])
    }

    pub(crate) fn start_bridge(&self) -> Process {
        Process::start(&self.data(), &["bridge", "codex", &self.codex.url()])
    }

    /// Kills the hub with SIGKILL and starts another on the same directory.
    pub(crate) async fn kill_hub(&mut self) {
        if let Keeper::Process(hub) = &mut self.hub {
            hub.kill();
        }
        self.hub = Keeper::Process(self.start_hub());
        self.until_hub_answers().await;
    }

    /// A person who signs in anew, so that nothing is remembered from before.
    async fn until_hub_answers(&mut self) {
        self.person = person(self.folder.path());
        self.person.until("the hub answers", |heard| heard.ups > 0).await;
    }

    /// Runs `holdpoint` with these arguments as a person would.
    pub(crate) fn cli(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        command.args(arguments).env("HOLDPOINT_DATA", self.data()).env_remove("HOLDPOINT_HUB");
        command.stdin(Stdio::null()).output().unwrap()
    }

    pub(crate) async fn bridge_comes(&mut self) {
        self.bridge = Some(self.bridge(std::future::pending()).await);
    }

    /// One more bridge, which goes when it is told to.
    pub(crate) async fn bridge(
        &self,
        go: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<Result<()>> {
        let bridge = Bridge {
            server: Server::new(&self.codex.url(), self.token.clone()).unwrap(),
            hub: hub_of(self.folder.path()),
            credential: hub_lab::credential(self.folder.path(), Role::Agent, "codex"),
            expires_in_ms: self.expires_in_ms,
        };
        let (attached, there) = tokio::sync::oneshot::channel();
        let attached = std::sync::Mutex::new(Some(attached));
        let say = move |line: &str| {
            if line.starts_with("attached") {
                attached.lock().unwrap().take().map(|attached| attached.send(()));
            }
        };
        let task = tokio::spawn(run(bridge, go, say));
        tokio::time::timeout(PATIENCE, there)
            .await
            .expect("the bridge does not attach")
            .expect("the bridge ended");
        task
    }

    /// Tries to attach a bridge to this server.
    pub(crate) async fn attach_to(&self, server: Server) -> Result<()> {
        let hub = hub_of(self.folder.path());
        let credential = hub_lab::credential(self.folder.path(), Role::Agent, "codex");
        run(Bridge { server, hub, credential, expires_in_ms: None }, std::future::pending(), |_| {}).await
    }

    /// As if it had been killed: nobody hears a last word of it.
    pub(crate) async fn bridge_leaves_silently(&mut self) {
        if let Some(bridge) = self.bridge.take() {
            bridge.abort();
            let _ = bridge.await;
        }
    }

    pub(crate) async fn codex_comes_back(&mut self) {
        self.codex.restart().await;
        self.screen = Screen::open(&self.codex).await;
    }

    pub(crate) fn effect(&self, name: &str) -> String {
        self.folder.path().join("effects").join(name).display().to_string()
    }

    pub(crate) fn lines(&self, effect: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.effect(effect)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn cwd(&self) -> PathBuf {
        self.folder.path().join("cwd")
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    }

    /// Command lines of living processes that name the effect.
    pub(crate) fn processes(&self, effect: &str) -> Vec<String> {
        let wanted = self.effect(effect);
        let pids = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let line = |pid: u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).replace('\0', " ")
        };
        pids.filter(|pid| *pid != std::process::id())
            .map(line)
            .filter(|line| line.contains(&wanted))
            .collect()
    }

    /// A new thread whose agent follows the script.
    pub(crate) async fn ask(&mut self, script: &str) -> String {
        self.ask_with(script, "on-request", "workspace-write").await
    }

    pub(crate) async fn ask_with(&mut self, script: &str, policy: &str, sandbox: &str) -> String {
        let cwd = self.cwd();
        self.ask_at(&cwd, script, policy, sandbox).await
    }

    pub(crate) async fn ask_in(&mut self, cwd: &Path, script: &str) -> String {
        self.ask_at(cwd, script, "on-request", "workspace-write").await
    }

    async fn ask_at(&mut self, cwd: &Path, script: &str, policy: &str, sandbox: &str) -> String {
        let thread = self.screen.thread(cwd, policy, sandbox).await;
        self.turn = self.screen.turn(&thread, &format!("Why does checkout fail? [[script:{script}]]")).await;
        thread
    }

    /// An open hold whose action holds these words, with somebody who waits for it.
    pub(crate) async fn open_hold(&mut self, words: &str) -> Hold {
        let fits =
            |hold: &Hold| hold.is_open() && format!("{:?}", hold.revision.proposal.action).contains(words);
        let heard = self
            .person
            .until(&format!("a hold about {words:?}"), |heard| {
                let mut open =
                    heard.sessions.values().flat_map(|session| &session.holds).filter(|hold| fits(hold));
                open.any(|hold| heard.presence.waiting.contains(&hold.id))
            })
            .await;
        heard.sessions.values().flat_map(|session| &session.holds).find(|hold| fits(hold)).unwrap().clone()
    }

    pub(crate) fn session_of(&self, hold: &Hold) -> SessionId {
        let heard = self.person.heard.borrow();
        heard.sessions.values().find(|session| session.hold(&hold.id).is_some()).unwrap().id.clone()
    }

    pub(crate) async fn approve(&self, hold: &Hold) {
        self.decide(hold, Verdict::Approve, None).await;
    }

    pub(crate) async fn deny(&self, hold: &Hold, reason: &str) {
        self.decide(hold, Verdict::Deny, Some(reason.into())).await;
    }

    async fn decide(&self, hold: &Hold, verdict: Verdict, reason: Option<Untrusted>) {
        let (revision, digest) = (hold.revision.number, hold.revision.digest);
        let (session, hold) = (self.session_of(hold), hold.id.clone());
        let params = HoldDecideParams { session, hold, revision, digest, verdict, reason, key: None };
        self.person.ok::<HoldDecide>(params).await;
    }

    pub(crate) async fn stop(&self, hold: &Hold, level: u8) {
        let params =
            SessionStopParams { session: self.session_of(hold), level, reason: Some("enough".into()) };
        self.person.ok::<SessionStop>(params).await;
    }

    pub(crate) async fn closed(&mut self, hold: &Hold) -> Hold {
        let ended = |hold: Option<&Hold>| hold.is_some_and(|hold| hold.closing.is_some());
        let heard = self.person.until("the hold is closed", |heard| ended(heard.hold(&hold.id))).await;
        heard.hold(&hold.id).unwrap().clone()
    }

    pub(crate) async fn run_of(&mut self, hold: &Hold, fits: impl Fn(&Run) -> bool) -> Run {
        let there = |hold: Option<&Hold>| hold.is_some_and(|hold| fits(&hold.run));
        let heard = self.person.until("word of the run", |heard| there(heard.hold(&hold.id))).await;
        heard.hold(&hold.id).unwrap().run.clone()
    }

    /// What the first stop of the hold's session achieved.
    pub(crate) async fn confirmed(&mut self, hold: &Hold) -> (String, Option<bool>) {
        let session = self.session_of(hold);
        let confirmed = |heard: &hub_lab::Heard| {
            let stop = heard.sessions.get(&session)?.stop.clone()?;
            stop.confirmed.first().map(|(_, what, dead)| (what.expose().to_owned(), *dead))
        };
        let heard = self.person.until("the stop is confirmed", |heard| confirmed(heard).is_some()).await;
        confirmed(&heard).unwrap()
    }

    pub(crate) async fn recorded(&mut self, what: &str, fits: impl Fn(&Body) -> bool) {
        self.person.until(what, |heard| heard.events.iter().any(|event| fits(&event.body))).await;
    }

    /// Waits for something that only files and processes tell.
    pub(crate) async fn until(&self, what: &str, fits: impl Fn(&Self) -> bool) {
        let there = async {
            while !fits(self) {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, there).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
    }
}
