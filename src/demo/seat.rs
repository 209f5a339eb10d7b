//! A place at the wire: one connection, and what it has been told, folded.
//!
//! Everybody in the demo sits on one: agents, monitors, the guide, the scripted approver, the check at the end. A seat
//! knows a hub's address and one credential; whatever it knows about the story came through that connection.

use std::collections::BTreeMap;

use tokio::sync::watch;

use super::clock::Clock;
use crate::domain::{ClientKey, Error, HoldId, Kind, Result, SessionId};
use crate::link::{Credential, Link, Notice, Target};
use crate::session::{Body, Event, Session};
use crate::wire::{ClientEvent, Cursor, Filter, SessionPublish, SessionPublishParams, limits};

/// What a connection was told so far.
#[derive(Default)]
pub(super) struct Told {
    /// Every session that it heard of.
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// Open holds whose proposer waits.
    pub(super) waiting: Vec<HoldId>,
    /// The hub's clock; absent until the first sign-in.
    clock: Option<Clock>,
    head: Option<Cursor>,
    read: Option<Cursor>,
    /// Why there is nothing more to come.
    over: Option<Error>,
}

impl Told {
    /// The session of this identifier, once something was heard of it.
    pub(super) fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.get(id)
    }

    /// Whether everything that was on record at sign-in has been read.
    pub(super) fn caught_up(&self) -> bool {
        match (self.head, self.read) {
            (Some(head), Some(read)) => read.pos >= head.pos,
            (Some(head), None) => head.pos == 0,
            (None, _) => false,
        }
    }

    /// Whether everything that `other` was told is known here too.
    pub(super) fn has_read(&self, other: &Self) -> bool {
        other
            .sessions
            .values()
            .all(|session| self.session(&session.id).is_some_and(|known| known.last_seq >= session.last_seq))
    }

    fn take(&mut self, notice: Notice, seen: &mut impl FnMut(&Session, &Event)) {
        match notice {
            Notice::Up { hello, head, history_lost } => {
                self.clock = Some(Clock::read_from(hello.now));
                self.head = head;
                if history_lost {
                    self.sessions.clear();
                    self.read = None;
                }
            }
            Notice::Down { .. } | Notice::Lagged(_) => {}
            Notice::Refused { error } => self.over = Some(error),
            Notice::Presence(note) => self.waiting = note.waiting,
            Notice::Events(note) => {
                for event in &note.events {
                    let new = || Session::new(event.session.clone());
                    let session = self.sessions.entry(event.session.clone()).or_insert_with(new);
                    let before = session.last_seq;
                    session.apply(event);
                    if session.last_seq > before {
                        seen(session, event);
                    }
                }
                self.read = Some(note.cursor);
            }
        }
    }
}

/// A connection and what it was told.
#[derive(Clone)]
pub(super) struct Seat {
    pub(super) link: Link,
    pub(super) told: watch::Receiver<Told>,
    pub(super) clock: Clock,
}

impl Seat {
    /// Signs in and listens to everything. `seen` gets each event once, in order, with the session that it made.
    pub(super) async fn take(
        target: &Target,
        credential: Credential,
        mut seen: impl FnMut(&Session, &Event) + Send + 'static,
    ) -> Result<Self> {
        let (link, mut notices) = Link::connect(target.clone(), credential, Some(Filter::default()), None);
        let (teller, mut told) = watch::channel(Told::default());
        tokio::spawn(async move {
            while let Some(notice) = notices.recv().await {
                teller.send_modify(|told| told.take(notice, &mut seen));
            }
        });
        let signed_in = |told: &Told| told.clock.is_some() || told.over.is_some();
        let clock = {
            let told = told.wait_for(signed_in).await.map_err(|_| gone())?;
            match (&told.over, told.clock) {
                (Some(error), _) => return Err(error.clone()),
                (None, Some(clock)) => clock,
                (None, None) => return Err(gone()),
            }
        };
        Ok(Self { link, told, clock })
    }

    /// Waits until what was told answers a question.
    pub(super) async fn until<T>(&self, mut answer: impl FnMut(&Told) -> Option<T>) -> Result<T> {
        let mut told = self.told.clone();
        let mut found = None;
        let look = |told: &Told| {
            found = answer(told);
            found.is_some() || told.over.is_some()
        };
        let over = told.wait_for(look).await.map_err(|_| gone())?.over.clone();
        found.ok_or_else(|| over.unwrap_or_else(gone))
    }

    /// Waits until a session answers a question.
    pub(super) async fn session<T>(
        &self,
        id: &SessionId,
        mut answer: impl FnMut(&Session) -> Option<T>,
    ) -> Result<T> {
        self.until(|told| told.session(id).and_then(&mut answer)).await
    }
}

/// Publishes to one session; numbers what it publishes.
#[derive(Clone)]
pub(super) struct Voice {
    link: Link,
    session: SessionId,
    prefix: String,
    said: u32,
}

impl Voice {
    /// `prefix` keeps the numbers of several voices in one session apart.
    pub(super) fn new(link: Link, session: SessionId, prefix: &str) -> Self {
        Self { link, session, prefix: prefix.into(), said: 0 }
    }

    /// Appends events; returns once they are durable.
    pub(super) async fn publish(&mut self, bodies: Vec<Body>) -> Result<()> {
        for piece in bodies.chunks(limits::PUBLISH_MAX_EVENTS) {
            let events = piece.iter().map(|body| self.event(body)).collect::<Result<Vec<_>>>()?;
            let params = SessionPublishParams { session: self.session.clone(), events };
            self.link.call::<SessionPublish>(&params).await?;
        }
        Ok(())
    }

    /// Appends one event.
    pub(super) async fn say(&mut self, body: impl Into<Body>) -> Result<()> {
        self.publish(vec![body.into()]).await
    }

    fn event(&mut self, body: &Body) -> Result<ClientEvent> {
        self.said += 1;
        let id = ClientKey::new(format!("{}-{}", self.prefix, self.said))?;
        Ok(ClientEvent { id, r#type: body.type_name().into(), body: body.to_raw()? })
    }
}

fn gone() -> Error {
    Error::new(Kind::Unavailable, "the connection to the hub has ended")
}
