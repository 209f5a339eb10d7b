//! The record cannot be written: everything is refused, a stop is not.

use std::sync::Arc;

use holdpoint::domain::*;
use holdpoint::hub::Hub;
use holdpoint::ledger::{Entry, Ledger, Page, Pending, Piece, Scope, Sqlite};
use holdpoint::session::{Grant, Hold};
use holdpoint::wire::*;
use tokio::sync::watch;

use super::lab::*;
use super::raw::Raw;

#[tokio::test(flavor = "multi_thread")]
async fn invariant_03_a_full_disk_refuses_everything_but_a_stop_and_the_hub_recovers() {
    let data = data();
    let path = data.path().join("record.db");
    let ledger = Arc::new(Sqlite::open(&path).unwrap());
    let hub = Hub::start_on(quick(data.path()), Arc::<Sqlite>::clone(&ledger)).await.unwrap();
    let mut gate = Client::all(&hub, data.path(), Role::Agent, "gate");
    let mut maya = Client::all(&hub, data.path(), Role::Person, "maya");
    let session = gate.ok::<SessionOpen>(opening("s-1")).await.session;
    let other = gate.ok::<SessionOpen>(opening("s-2")).await.session;
    let granted = gate.ok::<HoldOpen>(asking(&session, "granted", exec(&["true"]))).await;
    let open = gate.ok::<HoldOpen>(asking(&session, "open", exec(&["true"]))).await;
    maya.until("both holds wait", |heard| heard.presence.waiting.len() == 2).await;
    maya.ok::<HoldDecide>(deciding(&session, &granted, Verdict::Approve)).await;
    let heard = gate
        .until("the grant", |heard| heard.hold(&granted.hold).is_some_and(Hold::has_unredeemed_grant))
        .await;
    let Some(Grant::Issued { id, .. }) = heard.hold(&granted.hold).unwrap().grant.clone() else { panic!() };
    let redeeming = GrantRedeemParams {
        session: session.clone(),
        hold: granted.hold.clone(),
        grant: id,
        digest: granted.digest,
        nonce: key("n"),
    };
    let granted = |heard: &Heard| heard.hold(&granted.hold).is_some_and(Hold::has_unredeemed_grant);
    let before = maya.until("the grant", granted).await.events.len();

    // No page may be added: SQLite answers "database or disk is full", as on a real one.
    fill(&ledger, &gate, &other).await;
    let unavailable = |error: &RpcError| {
        let data = error.data.as_ref().unwrap();
        assert_eq!(data.kind, Kind::Unavailable, "{error:?}");
        assert!(data.hint.is_some(), "{error:?}");
    };
    unavailable(&maya.refused::<HoldDecide>(deciding(&session, &open, Verdict::Approve)).await);
    unavailable(&gate.refused::<GrantRedeem>(redeeming.clone()).await);
    unavailable(&gate.refused::<SessionOpen>(opening("s-3")).await);

    let stop = SessionStopParams { session: session.clone(), level: 1, reason: Some("enough".into()) };
    let told = maya.refused::<SessionStop>(stop.clone()).await;
    unavailable(&told);
    assert!(told.message.contains("is stopped"), "{}", told.message);
    // In force: the agent knows, and what was granted cannot be redeemed.
    let heard = gate.until("the stop", |heard| heard.sessions[&session].stop.is_some()).await;
    assert_eq!(heard.hold(&open.hold).unwrap().outcome(), Some(Outcome::Denied));
    let refused = gate.refused::<GrantRedeem>(redeeming.clone()).await;
    assert_ne!(refused.data.as_ref().unwrap().kind, Kind::Forbidden, "{refused:?}");
    // And not on record: nobody who reads the record was told of it.
    let people = maya.heard.borrow().clone();
    let of_session: Vec<_> =
        people.events.iter().skip(before).filter(|event| event.session == session).collect();
    assert!(of_session.is_empty(), "{of_session:?}");

    ledger.limit_pages(0).await.unwrap();
    let heard = maya.until("the stop, recorded", |heard| heard.sessions[&session].stop.is_some()).await;
    assert_eq!(heard.sessions[&session].stop.as_ref().unwrap().by.name.expose(), "maya");
    assert!(heard.sessions[&session].gaps.is_empty() && heard.sessions[&session].anomalies.is_empty());
    let conflict = gate.refused::<GrantRedeem>(redeeming).await;
    assert_eq!(conflict.data.unwrap().kind, Kind::Conflict, "void for good");
    maya.ok::<SessionStop>(stop).await;
    assert!(!gate.ok::<SessionOpen>(opening("s-3")).await.resumed, "everything goes on");
    let heard = gate.until("the new session", |heard| heard.sessions.len() == 3).await;
    let folded = maya.until("the same", |other| other.sessions.len() == 3).await;
    assert_eq!(
        heard.sessions[&session], folded.sessions[&session],
        "the agent saw nothing else than the record"
    );
    assert!(heard.sessions[&session].anomalies.is_empty());
    hub.stop().await;
    let hub = Hub::start_on(quick(data.path()), Arc::new(Sqlite::open(&path).unwrap())).await.unwrap();
    let mut late = Client::all(&hub, data.path(), Role::Person, "late");
    late.until("the stop, after a restart", |heard| {
        heard.sessions.get(&session).is_some_and(|session| session.stop.is_some())
    })
    .await;
    hub.stop().await;
}

/// Forbids the database to grow, and uses up the room that its last pages have.
async fn fill(ledger: &Sqlite, agent: &Client, session: &SessionId) {
    ledger.limit_pages(1).await.unwrap();
    for n in 0..1000 {
        let events = vec![said(&format!("fill-{n}"), &"x".repeat(400))];
        let params = SessionPublishParams { session: session.clone(), events };
        if agent.link.try_call::<SessionPublish>(&params, true).await.unwrap().is_err() {
            return;
        }
    }
    panic!("the disk never became full");
}

/// How a disk is doing.
#[derive(Clone, Copy, PartialEq)]
enum Disk {
    Fine,
    /// Writes wait.
    Hangs,
    /// Nothing can be written or read.
    Gone,
}

/// A record on a disk that does as it is told.
struct Troubled {
    inner: Sqlite,
    disk: watch::Sender<Disk>,
}

impl Troubled {
    fn new(folder: &std::path::Path) -> Arc<Self> {
        let inner = Sqlite::open(&folder.join("r.db")).unwrap();
        Arc::new(Self { inner, disk: watch::Sender::new(Disk::Fine) })
    }

    fn answers(&self) -> Result<()> {
        if *self.disk.borrow() == Disk::Gone {
            return Err(Error::new(Kind::Unavailable, "the disk is gone").hint("bring it back"));
        }
        Ok(())
    }
}

impl Ledger for Troubled {
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    fn fence(&self) -> u64 {
        self.inner.fence()
    }

    fn append(&self, entries: Arc<[Entry]>) -> Pending<'_, ()> {
        Box::pin(async move {
            let _ = self.disk.subscribe().wait_for(|disk| *disk != Disk::Hangs).await;
            self.answers()?;
            self.inner.append(entries).await
        })
    }

    fn page(&self, scope: Scope, after: u64) -> Pending<'_, Page> {
        Box::pin(async move {
            self.answers()?;
            self.inner.page(scope, after).await
        })
    }

    fn put_blob(&self, sha256: Digest, bytes: Vec<u8>) -> Pending<'_, ()> {
        self.inner.put_blob(sha256, bytes)
    }

    fn blob(&self, sha256: Digest, offset: u64, max: usize) -> Pending<'_, Option<Piece>> {
        self.inner.blob(sha256, offset, max)
    }
}

/// A hub on such a disk, and a hold in it that waits.
struct Trouble {
    _data: tempfile::TempDir,
    ledger: Arc<Troubled>,
    hub: Hub,
    gate: Client,
    maya: Client,
    session: SessionId,
    hold: HoldAnswer,
}

impl Trouble {
    async fn ahead() -> Self {
        let data = data();
        let ledger = Troubled::new(data.path());
        let hub = Hub::start_on(quick(data.path()), Arc::<Troubled>::clone(&ledger)).await.unwrap();
        let gate = Client::all(&hub, data.path(), Role::Agent, "gate");
        let mut maya = Client::all(&hub, data.path(), Role::Person, "maya");
        let session = gate.ok::<SessionOpen>(opening("s-1")).await.session;
        let hold = gate.ok::<HoldOpen>(asking(&session, "k", exec(&["true"]))).await;
        maya.until("the hold", |heard| heard.presence.waiting.len() == 1).await;
        Self { _data: data, ledger, hub, gate, maya, session, hold }
    }

    /// The agent is told of the stop at once, and the people are not: it is not on record.
    async fn the_stop_is_in_force_and_not_on_record(&mut self) {
        let session = &self.session;
        let heard = self.gate.until("the stop", |heard| heard.sessions[session].stop.is_some()).await;
        assert_eq!(heard.hold(&self.hold.hold).unwrap().outcome(), Some(Outcome::Denied));
        assert!(self.maya.heard.borrow().sessions[session].stop.is_none(), "it is not on record");
    }

    /// The disk is well again: the stop is recorded, once and in order.
    async fn recorded(&mut self, stop: SessionStopParams) -> Arc<Heard> {
        self.ledger.disk.send_replace(Disk::Fine);
        let session = &self.session;
        let recorded =
            self.maya.until("the stop, on record", |heard| heard.sessions[session].stop.is_some()).await;
        self.maya.ok::<SessionStop>(stop).await;
        assert!(
            recorded.sessions[session].gaps.is_empty() && recorded.sessions[session].anomalies.is_empty()
        );
        recorded
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_reaches_the_agent_while_the_disk_hangs_over_somebody_elses_wish() {
    let mut trouble = Trouble::ahead().await;
    trouble.ledger.disk.send_replace(Disk::Hangs);
    // Behind this one the record waits; the note's answer comes when the disk does.
    let note = SessionNoteParams { session: trouble.session.clone(), text: "before the stop".into() };
    let link = trouble.maya.link.clone();
    let noting = tokio::spawn(async move { link.call::<SessionNote>(&note).await });
    let stop = SessionStopParams { session: trouble.session.clone(), level: 2, reason: None };
    let told = trouble.maya.refused::<SessionStop>(stop.clone()).await;
    assert!(told.message.contains("is stopped"), "{}", told.message);
    trouble.the_stop_is_in_force_and_not_on_record().await;
    assert!(!noting.is_finished(), "the control: what is not durable is not acknowledged");

    let recorded = trouble.recorded(stop).await;
    noting.await.unwrap().unwrap();
    let of_stop = recorded.types().iter().filter(|ty| *ty == "stop.requested").count();
    assert_eq!(of_stop, 1);
    let numbers: Vec<u64> = recorded.events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    trouble.hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_reaches_the_agent_when_the_disk_is_gone_and_is_recorded_when_it_is_back() {
    let mut trouble = Trouble::ahead().await;
    trouble.ledger.disk.send_replace(Disk::Gone);
    let stop = SessionStopParams { session: trouble.session.clone(), level: 1, reason: None };
    trouble.maya.refused::<SessionStop>(stop.clone()).await;
    trouble.the_stop_is_in_force_and_not_on_record().await;
    let approving = deciding(&trouble.session, &trouble.hold, Verdict::Approve);
    let approve = trouble.maya.refused::<HoldDecide>(approving.clone()).await;
    assert_eq!(approve.data.unwrap().kind, Kind::Unavailable);

    let recorded = trouble.recorded(stop).await;
    let approve = trouble.maya.refused::<HoldDecide>(approving).await;
    assert_eq!(approve.data.unwrap().kind, Kind::Conflict, "decided by the stop, for good");
    assert_eq!(recorded.hold(&trouble.hold.hold).unwrap().outcome(), Some(Outcome::Denied));
    trouble.hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_heard_behind_a_call_for_which_the_hub_has_no_room() {
    let data = data();
    let ledger = Troubled::new(data.path());
    let hub = Hub::start_on(quick(data.path()), Arc::<Troubled>::clone(&ledger)).await.unwrap();
    let mut gate = Client::all(&hub, data.path(), Role::Agent, "gate");
    let session = gate.ok::<SessionOpen>(opening("s-1")).await.session;
    gate.until("the session", |heard| heard.sessions.contains_key(&session)).await;
    ledger.disk.send_replace(Disk::Hangs);
    let note = serde_json::json!({ "session": session, "text": "x" });
    let person = |name: &str| credential(data.path(), Role::Person, name);
    let mut crowd = Vec::new();
    for n in 0..20 {
        let mut raw = Raw::sign_in(&hub.socket(), &person(&format!("p-{n}"))).await;
        let mut last = 0;
        for _ in 0..110 {
            last = raw.ask("session/note", note.clone()).await;
        }
        crowd.push((raw, last));
    }
    // The core is busy with the disk and the queue before it is full: the next one is refused, not kept waiting.
    let (raw, last) = crowd.last_mut().unwrap();
    let refused = raw.answer(*last).await;
    assert_eq!(refused["error"]["data"]["kind"], "unavailable", "{refused}");
    let mut maya = Raw::sign_in(&hub.socket(), &person("maya")).await;
    let stop = serde_json::json!({ "session": session, "level": 1 });
    maya.ask("session/note", note).await;
    maya.ask("session/stop", stop).await;
    gate.until("the stop", |heard| heard.sessions[&session].stop.is_some()).await;
    ledger.disk.send_replace(Disk::Fine);
    hub.stop().await;
}
