//! Titles and keys; and a hub that cannot be told, for a while, that somebody waits.
// What tests share, outside a module that the lint knows as one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use tokio::sync::watch;

use super::*;
use crate::domain::{Pin, Proposal, Role};
use crate::hub::{Config, Hub};
use crate::ledger::{Entry, Ledger, Page, Pending, Piece, Scope, Sqlite};
use crate::link::{Credential, files};
use crate::wire::{SessionNote, SessionNoteParams};

#[test]
fn a_title_tells_arguments_apart_and_stays_short() {
    let argv = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(title(&argv(&["kubectl", "-n", "a b", "it's"])).expose(), "kubectl -n 'a b' 'it'\\''s'");
    assert!(title(&argv(&[&"x".repeat(500)])).expose().chars().count() <= 121);
}

#[test]
fn the_same_key_names_the_same_session_and_no_key_a_fresh_one() {
    let named = |key: Option<&str>| {
        let key = key.map(|key| ClientKey::new(key).unwrap());
        names(&Request { key, ..Request::default() }).unwrap()
    };
    assert_eq!(named(Some("deploy-42")), named(Some("deploy-42")));
    assert_ne!(named(Some("deploy-42")).0, named(Some("deploy-43")).0);
    assert_ne!(named(None), named(None));
}

/// A record on a disk that can go away.
struct Disk {
    inner: Sqlite,
    there: watch::Sender<bool>,
}

impl Disk {
    fn answers(&self) -> Result<()> {
        let gone = || Error::new(Kind::Unavailable, "the disk is gone");
        if *self.there.borrow() { Ok(()) } else { Err(gone()) }
    }
}

impl Ledger for Disk {
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    fn fence(&self) -> u64 {
        self.inner.fence()
    }

    fn append(&self, entries: Arc<[Entry]>) -> Pending<'_, ()> {
        Box::pin(async move {
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

fn proposal() -> Proposal {
    let action = Action::Exec(crate::domain::Exec {
        argv: vec!["true".into()],
        cwd: "/".into(),
        env: vec![],
        stdin: None,
        host: "bastion".into(),
        user: "sre".into(),
        executable: Pin { path: "/bin/true".into(), sha256: Digest::of(b"true") },
        files: vec![],
        unpinned: vec![],
    });
    Proposal { action, service: None, environment: None, why: None, claim: None, undo: None, cites: vec![] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_cannot_take_it_in_is_told_again_until_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let inner = Sqlite::open(&folder.path().join("r.db")).unwrap();
    let disk = Arc::new(Disk { inner, there: watch::Sender::new(true) });
    let hub = Hub::start_on(Config::new(folder.path().join("d")), Arc::<Disk>::clone(&disk)).await.unwrap();
    let connect = |file: &str, role, name: &str| {
        let credential = Credential::from_file(&folder.path().join("d").join(file), role, name).unwrap();
        Link::connect(hub.socket(), credential, None, None)
    };
    let ((gate, _notices), (maya, _others)) = (
        connect(files::AGENT_TOKEN, Role::Agent, "gate"),
        connect(files::APPROVER_TOKEN, Role::Person, "maya"),
    );
    let session = SessionId::new("s-1").unwrap();
    let key = |text: &str| ClientKey::new(text).unwrap();
    let (title, source) = (Untrusted::from("t"), Untrusted::from("gate"));
    let open =
        SessionOpenParams { key: key("s"), session: Some(session.clone()), title, source, alert: None };
    gate.call::<SessionOpen>(&open).await.unwrap();
    let params =
        HoldOpenParams { session: session.clone(), key: key("k"), proposal: proposal(), expires_in_ms: None };
    gate.call::<HoldOpen>(&params).await.unwrap();
    // A note that cannot be written makes the hub forget what it knows of the session, until it can read it again.
    disk.there.send_replace(false);
    let note = SessionNoteParams { session, text: "x".into() };
    assert!(maya.call::<SessionNote>(&note).await.is_err());
    assert_eq!(gate.call::<HoldOpen>(&params).await.unwrap_err().kind(), Kind::Unavailable, "the control");
    let attached = tokio::spawn(attach(gate, params));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!attached.is_finished(), "it goes on telling");
    disk.there.send_replace(true);
    attached.await.unwrap().unwrap();
}
