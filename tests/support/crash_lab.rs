//! Real processes of the real program in a directory of their own: a hub, gates, deciders. Nothing outlives the lab.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use holdpoint::domain::Role;
use holdpoint::link::{Credential, Target, files};
use tokio::process::{Child, Command};

/// A test waits at most this long for anything; it is a deadline, not a measure.
pub(crate) fn patience() -> Duration {
    Duration::from_mins(if soak() { 30 } else { 5 })
}

/// How often a predicate is looked at that nobody announces.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Leaves one line in the world, says so, and lives on for as long as its last argument says. It names a directory
/// and no file: a file's content would be part of what is approved, and every run changes it.
const EFFECT: &str = r#"echo "$1" >> "$2/effects"; echo done; sleep "$3""#;

/// Numbers that look random and follow from the seed (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of `0..below`.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    /// What this seed says about a name, in percent; the same however often and whenever it is asked.
    pub(crate) fn of(seed: u64, name: &str) -> u64 {
        let sum = name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
        Self::new(sum).below(100)
    }
}

/// Whether the long form of this suite is wanted.
pub(crate) fn soak() -> bool {
    std::env::var_os("HOLDPOINT_SOAK").is_some_and(|wanted| wanted == "1")
}

/// The seed of this run: as named, or fresh for a soak, or always the same.
pub(crate) fn seed(what: &str) -> u64 {
    let named = std::env::var("HOLDPOINT_SEED").ok().and_then(|text| text.parse().ok());
    let fresh = || if soak() { getrandom::u64().unwrap() } else { 4231 };
    let seed = named.unwrap_or_else(fresh);
    println!("{what}: HOLDPOINT_SEED={seed}");
    seed
}

/// The program that is tried: the one that was built with this test, or the one at `HOLDPOINT_BIN`.
pub(crate) fn binary() -> std::ffi::OsString {
    std::env::var_os("HOLDPOINT_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_holdpoint").into())
}

/// A directory, a hub in it, and what others left there.
pub(crate) struct Lab {
    dir: tempfile::TempDir,
    hub: Option<Child>,
}

/// A gate that was started.
pub(crate) struct Gate {
    pub(crate) run: String,
    pub(crate) attempt: u32,
    pub(crate) child: Child,
    status: PathBuf,
    words: PathBuf,
}

/// How a gate is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) run: &'a str,
    /// How often this run was tried before.
    pub(crate) attempt: u32,
    pub(crate) failpoint: Option<&'a str>,
    pub(crate) mutant: Option<&'a str>,
    /// How long the command lives behind its effect, in milliseconds.
    pub(crate) lives_ms: u64,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("hpc").tempdir().unwrap();
        std::fs::create_dir(dir.path().join("world")).unwrap();
        Self { dir, hub: None }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("d")
    }

    pub(crate) fn target(&self) -> Target {
        Target::Unix(self.data().join(files::SOCKET))
    }

    pub(crate) fn credential(&self, role: Role, name: &str) -> Credential {
        let file = if role == Role::Agent { files::AGENT_TOKEN } else { files::APPROVER_TOKEN };
        Credential::from_file(&self.data().join(file), role, name).unwrap()
    }

    /// The program, with nothing of our environment.
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(binary());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()))
            .env("HOME", self.dir.path())
            .env("HOLDPOINT_DATA", self.data())
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    fn file(&self, name: &str) -> (PathBuf, Stdio) {
        let path = self.dir.path().join(name);
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
        (path, file.into())
    }

    /// Starts a hub; answers whether it came to serve (it may be wanted to die before that).
    pub(crate) async fn start_hub(&mut self, failpoint: Option<&str>, mutant: Option<&str>) -> bool {
        assert!(self.hub.is_none(), "two hubs");
        let mut command = self.program();
        command.arg("hub").stdout(Stdio::null()).stderr(self.file("hub.log").1);
        wish(&mut command, failpoint, mutant);
        let mut hub = command.spawn().unwrap();
        let socket = self.data().join(files::SOCKET);
        let serves = until("the hub serves, or ended", async || {
            if hub.try_wait().unwrap().is_some() {
                return Some(false);
            }
            std::os::unix::net::UnixStream::connect(&socket).is_ok().then_some(true)
        })
        .await;
        self.hub = Some(hub);
        serves
    }

    /// Whether the hub was killed, by us or by its failpoint.
    pub(crate) fn hub_is_dead(&mut self) -> bool {
        let Some(hub) = &mut self.hub else { return true };
        let Some(status) = hub.try_wait().unwrap() else { return false };
        assert_eq!(status.signal(), Some(9), "the hub ended by itself: {status}\n{}", self.log());
        self.hub = None;
        true
    }

    /// `kill -9`.
    pub(crate) async fn kill_hub(&mut self) {
        if let Some(mut hub) = self.hub.take() {
            hub.kill().await.unwrap();
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("hub.log")).unwrap_or_default()
    }

    /// Starts a gate; the same run asks under the same key, however often it is tried.
    pub(crate) fn gate(&self, wanted: &Wanted) -> Gate {
        let Wanted { run, attempt, failpoint, mutant, lives_ms } = *wanted;
        let status = self.dir.path().join(format!("{run}.{attempt}.status"));
        let (words, stderr) = self.file(&format!("{run}.{attempt}.words"));
        let lives = format!("{}.{:03}", lives_ms / 1000, lives_ms % 1000);
        let mut command = self.program();
        command
            .args(["--as", "bot", "gate", "--key", run, "--status-file"])
            .arg(&status)
            .args(["--", "sh", "-c", EFFECT, "sh", run])
            .arg(self.world())
            .arg(lives)
            .stdout(Stdio::null())
            .stderr(stderr);
        wish(&mut command, failpoint, mutant);
        Gate { run: run.to_owned(), attempt, child: command.spawn().unwrap(), status, words }
    }

    fn world(&self) -> PathBuf {
        self.dir.path().join("world")
    }

    /// What happened in the world, once no process lives that could still add to it.
    pub(crate) async fn effects(&self) -> BTreeMap<String, usize> {
        let world = self.world();
        until("no gate and no command is left", async || (!is_named_by_a_process(&world)).then_some(()))
            .await;
        let mut effects = BTreeMap::new();
        for line in std::fs::read_to_string(world.join("effects")).unwrap_or_default().lines() {
            *effects.entry(line.to_owned()).or_default() += 1;
        }
        effects
    }
}

impl Gate {
    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// `kill -9`; answers whether it had not ended by itself already.
    pub(crate) async fn kill(&mut self) -> bool {
        let lived = self.ended().is_none();
        let _ = self.child.kill().await;
        lived
    }

    /// What it wrote about its end; nothing when it was killed before.
    pub(crate) fn status(&self) -> Option<serde_json::Value> {
        let text = std::fs::read_to_string(&self.status).ok()?;
        Some(serde_json::from_str(&text).expect("a status file is whole or absent"))
    }

    /// What it said on the way.
    pub(crate) fn words(&self) -> String {
        std::fs::read_to_string(&self.words).unwrap_or_default()
    }
}

/// Where a process shall die, and which known defect it shall have.
fn wish(command: &mut Command, failpoint: Option<&str>, mutant: Option<&str>) {
    let failpoint = failpoint.map(|point| ("HOLDPOINT_FAILPOINT", point));
    command.envs(failpoint.into_iter().chain(mutant.map(|mutant| ("HOLDPOINT_MUTANT", mutant))));
}

/// Whether any living process has this path among its arguments.
fn is_named_by_a_process(path: &Path) -> bool {
    let wanted = path.as_os_str().as_encoded_bytes();
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .any(|line| line.split(|byte| *byte == 0).any(|arg| arg == wanted))
}

/// Waits until there is an answer; panics with `what` when there never is one.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(answer) = look().await {
                return answer;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(patience(), waiting).await.unwrap_or_else(|_| panic!("waited in vain until {what}"))
}
