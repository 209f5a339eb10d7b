//! A hub in a directory of its own, and clients that keep the fold of everything they hear.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holdpoint::domain::*;
use holdpoint::hub::{Config, Hub, Timing};
use holdpoint::link::{Credential, Link, Notice, Target, files};
use holdpoint::session::{Event, Session};
use holdpoint::wire::*;
use tokio::sync::{mpsc, watch};

/// A test waits at most this long for anything; it is a deadline, not a measure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A data directory, private as the hub wants it.
pub(crate) fn data() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("hp").tempdir().unwrap()
}

pub(crate) fn config(data: &Path) -> Config {
    Config::new(data.join("d"))
}

pub(crate) fn quick(data: &Path) -> Config {
    let mut config = config(data);
    config.timing = Timing {
        run_lost_after: Duration::from_millis(300),
        retry_after: Duration::from_millis(50),
        ..Timing::default()
    };
    config
}

pub(crate) fn credential(data: &Path, role: Role, name: &str) -> Credential {
    let file = match role {
        Role::Agent => files::AGENT_TOKEN,
        Role::Person | Role::Hub => files::APPROVER_TOKEN,
    };
    Credential::from_file(&data.join("d").join(file), role, name).unwrap()
}

/// What a client has heard so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) events: Vec<Event>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) presence: PresenceNote,
    pub(crate) lagged: Vec<u64>,
    pub(crate) ups: u32,
    pub(crate) downs: u32,
    pub(crate) histories_lost: u32,
    pub(crate) head: Option<Cursor>,
    pub(crate) fence: u64,
    pub(crate) refused: Option<Error>,
}

impl Heard {
    fn take(&mut self, notice: Notice) {
        match notice {
            Notice::Up { hello, head, history_lost } => {
                self.ups += 1;
                self.fence = hello.fence;
                self.head = head;
                if history_lost {
                    self.histories_lost += 1;
                    self.sessions.clear();
                    self.events.clear();
                }
            }
            Notice::Down { .. } => self.downs += 1,
            Notice::Refused { error } => self.refused = Some(error),
            Notice::Events(note) => {
                for event in note.events {
                    let id = event.session.clone();
                    self.sessions.entry(id.clone()).or_insert_with(|| Session::new(id)).apply(&event);
                    self.events.push(event);
                }
                self.cursor = Some(note.cursor);
            }
            Notice::Presence(note) => self.presence = note,
            Notice::Lagged(note) => self.lagged.push(note.missed),
        }
    }

    pub(crate) fn hold(&self, id: &HoldId) -> Option<&holdpoint::session::Hold> {
        self.sessions.values().find_map(|session| session.hold(id))
    }

    pub(crate) fn types(&self) -> Vec<String> {
        self.events.iter().map(|event| event.body.type_name().to_owned()).collect()
    }
}

/// A client with a subscription, drained by a task of its own.
pub(crate) struct Client {
    pub(crate) link: Link,
    pub(crate) heard: watch::Receiver<Arc<Heard>>,
}

impl Client {
    pub(crate) fn new(
        target: Target,
        credential: Credential,
        filter: Option<Filter>,
        from: Option<Cursor>,
    ) -> Self {
        let (link, notices) = Link::connect(target, credential, filter, from);
        let (sender, heard) = watch::channel(Arc::new(Heard::default()));
        tokio::spawn(drain(notices, sender));
        Self { link, heard }
    }

    /// Subscribed to everything.
    pub(crate) fn all(hub: &Hub, data: &Path, role: Role, name: &str) -> Self {
        Self::new(hub.socket(), credential(data, role, name), Some(Filter::default()), None)
    }

    /// Waits until what was heard fits; panics with `what` when it never does.
    pub(crate) async fn until(&mut self, what: &str, fits: impl Fn(&Heard) -> bool) -> Arc<Heard> {
        let heard = tokio::time::timeout(PATIENCE, async {
            self.heard.wait_for(|heard| fits(heard)).await.map(|heard| Arc::clone(&heard))
        })
        .await;
        let heard =
            heard.unwrap_or_else(|_| panic!("waited in vain for: {what}; heard {:?}", self.heard.borrow()));
        heard.unwrap_or_else(|_| panic!("the client ended while waiting for: {what}"))
    }

    pub(crate) async fn ok<C: Call>(&self, params: C::Params) -> C::Answer {
        let answer = tokio::time::timeout(PATIENCE, self.link.call::<C>(&params)).await.expect("no answer");
        answer.unwrap_or_else(|error| panic!("{}: {error}", C::METHOD))
    }

    pub(crate) async fn refused<C: Call>(&self, params: C::Params) -> RpcError {
        let answer =
            tokio::time::timeout(PATIENCE, self.link.try_call::<C>(&params, true)).await.expect("no answer");
        match answer.expect("cut") {
            Ok(_) => panic!("{} was granted", C::METHOD),
            Err(refusal) => refusal,
        }
    }
}

async fn drain(mut notices: mpsc::Receiver<Notice>, heard: watch::Sender<Arc<Heard>>) {
    while let Some(notice) = notices.recv().await {
        heard.send_modify(|heard| Arc::make_mut(heard).take(notice));
    }
}

pub(crate) fn key(text: &str) -> ClientKey {
    ClientKey::new(text).unwrap()
}

pub(crate) fn exec(argv: &[&str]) -> Proposal {
    let action = Action::Exec(Exec {
        argv: argv.iter().map(|arg| Untrusted::from(*arg)).collect(),
        cwd: "/".into(),
        env: vec![],
        stdin: None,
        host: "bastion".into(),
        user: "maya".into(),
        executable: Pin { path: "/bin/true".into(), sha256: Digest::of(b"true") },
        files: vec![],
        unpinned: vec![],
    });
    Proposal { action, service: None, environment: None, why: None, claim: None, undo: None, cites: vec![] }
}

pub(crate) fn opening(session: &str) -> SessionOpenParams {
    SessionOpenParams {
        key: key(session),
        session: Some(SessionId::new(session).unwrap()),
        title: "INC-1 checkout".into(),
        source: "test".into(),
        alert: None,
    }
}

pub(crate) fn asking(session: &SessionId, name: &str, proposal: Proposal) -> HoldOpenParams {
    HoldOpenParams { session: session.clone(), key: key(name), proposal, expires_in_ms: None }
}

pub(crate) fn deciding(session: &SessionId, hold: &HoldAnswer, verdict: Verdict) -> HoldDecideParams {
    HoldDecideParams {
        session: session.clone(),
        hold: hold.hold.clone(),
        revision: hold.revision,
        digest: hold.digest,
        verdict,
        reason: None,
        key: None,
    }
}

pub(crate) fn said(id: &str, text: &str) -> ClientEvent {
    let body = serde_json::value::to_raw_value(&serde_json::json!({ "text": text })).unwrap();
    ClientEvent { id: key(id), r#type: "message.said".into(), body }
}
