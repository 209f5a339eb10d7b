//! A real hub, real gates with an effect file, and the real binary in front of them.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use holdpoint::domain::{HoldId, Outcome, Proposal, Role, SessionId, Untrusted};
use holdpoint::hub::Hub;
use holdpoint::link::{Credential, files};
use holdpoint::session::{Event, Hold};
use holdpoint::wire::{
    HoldOpen, HoldRevise, HoldReviseParams, SessionNote, SessionNoteParams, SessionOpen, SessionOpenParams,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::hub_lab::{self, Client};
use super::place::{Place, Size, Start};

/// A hub in this process, on a runtime of its own so that tests can block.
pub(crate) struct Lab {
    pub(crate) runtime: Runtime,
    pub(crate) hub: Hub,
    pub(crate) dir: TempDir,
    /// Hears everything; is nobody's gate and no cockpit.
    pub(crate) ear: Client,
}

/// A gate that waits.
pub(crate) struct Waiting {
    child: Child,
    pub(crate) session: SessionId,
    pub(crate) hold: HoldId,
    effect: PathBuf,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let dir = hub_lab::data();
        let (hub, ear) = runtime.block_on(async {
            let hub = Hub::start(hub_lab::config(dir.path())).await.unwrap();
            let ear = Client::all(&hub, dir.path(), Role::Person, "ear");
            (hub, ear)
        });
        Self { runtime, hub, dir, ear }
    }

    /// The real binary, told where the hub is.
    pub(crate) fn start(&self) -> Start {
        let data = self.dir.path().join("d").display().to_string();
        let config = self.dir.path().join("config").display().to_string();
        Start::holdpoint(&["watch"])
            .with("HOLDPOINT_DATA", data)
            .with("XDG_CONFIG_HOME", config)
            .with("HOME", self.dir.path().display().to_string())
    }

    pub(crate) fn pty(&self, size: Size) -> Place {
        Place::pty(size, &self.start())
    }

    pub(crate) fn credential(&self, role: Role, name: &str) -> Credential {
        let file = if role == Role::Agent { files::AGENT_TOKEN } else { files::APPROVER_TOKEN };
        Credential::from_file(&self.dir.path().join("d").join(file), role, name).unwrap()
    }

    /// A session by this name, opened by its agent.
    pub(crate) fn session(&self, title: &str) -> SessionId {
        let credential = self.credential(Role::Agent, "holmes");
        let params = SessionOpenParams {
            key: hub_lab::key(&format!("open-{}", title.len())),
            session: None,
            title: Untrusted::from(title),
            source: "test".into(),
            alert: None,
        };
        self.runtime.block_on(async {
            let agent = Client::new(self.hub.socket(), credential, None, None);
            agent.ok::<SessionOpen>(params).await.session
        })
    }

    /// A real gate, in a process of its own, that asks to append one line to a file of its own; returns when the hold is
    /// open.
    pub(crate) fn gate(&mut self, name: &str) -> Waiting {
        let effect = self.dir.path().join(format!("effect-{name}"));
        let script = format!("echo ran >> {}", effect.display());
        let before = self.ear.heard.borrow().events.len();
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_holdpoint"))
            .args(["gate", "--why", "the test wants it", "--", "/bin/sh", "-c", &script])
            .env("HOLDPOINT_DATA", self.dir.path().join("d"))
            .env_remove("HOLDPOINT_HUB")
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let opened = |event: &Event| event.body.type_name() == "hold.opened";
        let heard = self
            .runtime
            .block_on(self.ear.until("the hold is open", |heard| heard.events[before..].iter().any(opened)));
        let session = heard.events[before..].iter().find(|event| opened(event)).unwrap().session.clone();
        let hold = heard.sessions[&session].open_holds().last().unwrap().id.clone();
        Waiting { child, session, hold, effect }
    }

    /// Puts a mark on record: what the hub had heard before is before it.
    pub(crate) fn mark(&mut self, session: &SessionId, text: &str) {
        let credential = self.credential(Role::Person, "marker");
        let params = SessionNoteParams { session: session.clone(), text: Untrusted::from(text) };
        self.runtime.block_on(async {
            let marker = Client::new(self.hub.socket(), credential, None, None);
            marker.ok::<SessionNote>(params).await;
        });
    }

    /// The names of the events of a session, in the hub's order.
    pub(crate) fn names(&self, session: &SessionId) -> Vec<String> {
        let heard = self.ear.heard.borrow();
        let of_session = heard.events.iter().filter(|event| event.session == *session);
        of_session.map(|event| event.body.type_name().to_owned()).collect()
    }

    pub(crate) fn is_open(&self, waiting: &Waiting) -> bool {
        self.hold_is_open(&waiting.hold)
    }

    pub(crate) fn hold_is_open(&self, hold: &HoldId) -> bool {
        self.ear.heard.borrow().hold(hold).is_some_and(Hold::is_open)
    }

    /// The revision that was approved, once one was.
    pub(crate) fn approved_revision(&self, hold: &HoldId) -> Option<u32> {
        let heard = self.ear.heard.borrow();
        let hold = heard.hold(hold)?;
        (hold.outcome() == Some(Outcome::Approved)).then_some(hold.revision.number)
    }

    /// An agent that proposes by itself and goes on waiting.
    pub(crate) fn agent(&self, name: &str) -> Agent {
        let credential = self.credential(Role::Agent, name);
        let _inside = self.runtime.enter();
        Agent(Client::new(self.hub.socket(), credential, None, None))
    }
}

impl Waiting {
    /// Waits for the gate's end; its exit status, and how often its command ran.
    pub(crate) fn ending(mut self) -> (Option<i32>, usize) {
        let until = Instant::now() + hub_lab::PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), lines(&self.effect));
            }
            assert!(Instant::now() < until, "the gate does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How often the gate's command ran so far.
    pub(crate) fn effects(&self) -> usize {
        lines(&self.effect)
    }
}

/// An agent that speaks the wire.
pub(crate) struct Agent(Client);

impl Agent {
    pub(crate) fn propose(&self, lab: &Lab, session: &SessionId, argv: &[&str]) -> HoldId {
        self.propose_this(lab, session, hub_lab::exec(argv))
    }

    pub(crate) fn propose_this(&self, lab: &Lab, session: &SessionId, proposal: Proposal) -> HoldId {
        let asking = hub_lab::asking(session, "ask", proposal);
        lab.runtime.block_on(self.0.ok::<HoldOpen>(asking)).hold
    }

    pub(crate) fn revise(&self, lab: &Lab, session: &SessionId, hold: &HoldId, argv: &[&str]) {
        let (session, hold) = (session.clone(), hold.clone());
        let params = HoldReviseParams { session, hold, proposal: hub_lab::exec(argv), expires_in_ms: None };
        lab.runtime.block_on(self.0.ok::<HoldRevise>(params));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(path: &std::path::Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}
