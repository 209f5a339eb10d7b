//! Every session's fold, with the keys that make repetitions harmless. Built from the record alone.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::{ClientKey, Digest, Error, HoldId, Kind, Result, SessionId, Untrusted};
use crate::ledger::{Entry, Ledger, Scope};
use crate::session::{Body, Event, Hold, Session};

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    kept: HashMap<SessionId, Kept>,
    /// Which session an agent opened with which key.
    opened: HashMap<(Untrusted, ClientKey), SessionId>,
    /// Sessions whose fold is not known, because the record could not be read when it had to be.
    unread: BTreeSet<SessionId>,
    head: u64,
    /// Open holds of all of them.
    open: usize,
}

/// One session.
#[derive(Debug)]
struct Kept {
    fold: Session,
    /// Digests of the keys of events that were taken in; 32 bytes each however long the keys are.
    keys: HashSet<Digest>,
    holds: HashMap<ClientKey, HoldId>,
    /// Holds that may still change: open, granted, or with a run that is not over.
    live: BTreeSet<HoldId>,
}

impl Kept {
    fn new(id: SessionId) -> Self {
        Self {
            fold: Session::deciding(id),
            keys: HashSet::new(),
            holds: HashMap::new(),
            live: BTreeSet::new(),
        }
    }

    /// Folds an event; answers how many holds are open more, or fewer, than before.
    fn apply(&mut self, event: &Event) -> isize {
        let about = event.body.hold();
        let open = |fold: &Session| about.and_then(|id| fold.hold(id)).is_some_and(Hold::is_open);
        let before = open(&self.fold);
        self.fold.apply(event);
        if let Some(hold) = about.and_then(|id| self.fold.hold(id)) {
            if hold.is_open() || hold.has_unredeemed_grant() || hold.awaits_word_of_its_run() {
                self.live.insert(hold.id.clone());
            } else {
                self.live.remove(&hold.id);
            }
        }
        isize::from(open(&self.fold)) - isize::from(before)
    }

    fn open(&self) -> usize {
        self.live.iter().filter(|id| self.fold.hold(id).is_some_and(Hold::is_open)).count()
    }
}

impl Sessions {
    /// Reads the whole record, page by page.
    pub(super) async fn load(ledger: &dyn Ledger) -> Result<Self> {
        let mut sessions = Self::default();
        loop {
            let page = ledger.page(Scope::All, sessions.head).await?;
            sessions.take_page(&page.entries)?;
            if page.end <= sessions.head && page.entries.is_empty() {
                return Ok(sessions);
            }
            sessions.head = page.end;
        }
    }

    fn take_page(&mut self, entries: &[Entry]) -> Result<()> {
        for entry in entries {
            let event: Event = serde_json::from_str(&entry.json).map_err(|e| {
                Error::new(Kind::Unavailable, format!("the record is damaged at position {}: {e}", entry.pos))
                    .hint("keep the file for inspection, and start with a backup or another data directory")
            })?;
            self.take(&event, entry.key.as_ref());
        }
        Ok(())
    }

    /// Takes in one event of the record, or one that is about to be in it.
    pub(super) fn take(&mut self, event: &Event, key: Option<&ClientKey>) {
        let id = &event.session;
        let kept = self.kept.entry(id.clone()).or_insert_with(|| Kept::new(id.clone()));
        self.open = self.open.saturating_add_signed(kept.apply(event));
        let Some(key) = key else { return };
        if let Body::SessionOpened(_) = &event.body {
            self.opened.insert((event.actor.name.clone(), key.clone()), id.clone());
        } else if let Body::ActionProposed(proposed) = &event.body {
            kept.holds.insert(key.clone(), proposed.hold.clone());
        } else {
            kept.keys.insert(Digest::of(key.as_str().as_bytes()));
        }
    }

    /// Where the record ends.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// The record has grown.
    pub(super) fn grow(&mut self, head: u64) {
        self.head = head;
    }

    pub(super) fn ids(&self) -> Vec<SessionId> {
        self.kept.keys().cloned().collect()
    }

    /// The fold of a session that is there and known.
    pub(super) fn fold(&self, id: &SessionId) -> Option<&Session> {
        self.kept.get(id).map(|kept| &kept.fold)
    }

    /// The holds of a session that may still change.
    pub(super) fn live(&self, id: &SessionId) -> impl Iterator<Item = &Hold> {
        let kept = self.kept.get(id);
        kept.into_iter().flat_map(|kept| kept.live.iter().filter_map(|hold| kept.fold.hold(hold)))
    }

    /// How many holds are open, in all sessions together.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// As [`Sessions::fold`], or why not.
    pub(super) fn find(&self, id: &SessionId) -> Result<&Session> {
        if self.is_unread(id) {
            return Err(Error::new(Kind::Unavailable, "the record of this session cannot be read just now")
                .hint("try again when the hub's disk is back"));
        }
        self.fold(id).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("there is no session {id}"))
                .hint("`holdpoint sessions` lists them")
        })
    }

    /// Whether an identifier is taken, as far as that can be told.
    pub(super) fn is_taken(&self, id: &SessionId) -> bool {
        self.kept.contains_key(id) || self.unread.contains(id)
    }

    /// Whether its fold is not known just now.
    pub(super) fn is_unread(&self, id: &SessionId) -> bool {
        self.unread.contains(id)
    }

    /// The session that this agent opened with this key.
    pub(super) fn opened(&self, by: &Untrusted, key: &ClientKey) -> Option<&SessionId> {
        self.opened.get(&(by.clone(), key.clone()))
    }

    /// The hold that was opened with this key.
    pub(super) fn hold_of(&self, id: &SessionId, key: &ClientKey) -> Option<&HoldId> {
        self.kept.get(id)?.holds.get(key)
    }

    /// Whether an event of this key was taken in.
    pub(super) fn has_key(&self, id: &SessionId, key: &ClientKey) -> bool {
        let digest = Digest::of(key.as_str().as_bytes());
        self.kept.get(id).is_some_and(|kept| kept.keys.contains(&digest))
    }

    /// Forgets these folds; they are read again before they are used.
    pub(super) fn forget(&mut self, ids: impl IntoIterator<Item = SessionId>) {
        for id in ids {
            if let Some(kept) = self.kept.remove(&id) {
                self.open = self.open.saturating_sub(kept.open());
            }
            self.opened.retain(|_, opened| *opened != id);
            self.unread.insert(id);
        }
    }

    /// Reads again what was forgotten; answers which sessions came back.
    pub(super) async fn reload(&mut self, ledger: &dyn Ledger) -> Result<Vec<SessionId>> {
        let mut back = Vec::new();
        for id in std::mem::take(&mut self.unread) {
            let scope = Scope::Sessions(Arc::new([id.clone()]));
            let entries = match read_all(ledger, scope, self.head).await {
                Ok(entries) => entries,
                Err(error) => {
                    self.unread.insert(id);
                    return Err(error);
                }
            };
            self.take_page(&entries)?;
            back.push(id);
        }
        Ok(back)
    }
}

async fn read_all(ledger: &dyn Ledger, scope: Scope, head: u64) -> Result<Vec<Entry>> {
    let (mut all, mut after) = (Vec::new(), 0);
    while after < head {
        let page = ledger.page(scope.clone(), after).await?;
        after = page.end;
        all.extend(page.entries);
    }
    Ok(all)
}
