//! Reads the record: subscribes with its history and folds until it has caught up. Every list and every sheet of the
//! command line comes from here, so it shows what the cockpit shows.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::home::Home;
use crate::domain::{Error, HoldId, Kind, Result, SessionId, Timestamp, Untrusted};
use crate::link::{Credential, Link, Notice};
use crate::session::{Event, Hold, Session};
use crate::wire::{Filter, HelloAnswer};

/// How long the list of who waits may take behind the events.
const PRESENCE_WITHIN: Duration = Duration::from_secs(2);

/// The record as it stood when it was read.
pub(super) struct Reading {
    /// Who the hub is.
    pub(super) hello: HelloAnswer,
    /// Every session, by identifier.
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// Open holds whose proposer is connected; `None` when the hub did not tell.
    pub(super) waiting: Option<Vec<HoldId>>,
    link: Link,
    notices: mpsc::Receiver<Notice>,
}

impl Reading {
    /// Reads everything.
    pub(super) async fn of(home: &Home, credential: Credential) -> Result<Self> {
        let mut sessions = BTreeMap::new();
        let mut reading = read(home, credential, Filter::default(), |event: Event| {
            let session: &mut Session =
                sessions.entry(event.session.clone()).or_insert_with(|| Session::new(event.session.clone()));
            session.apply(&event);
        })
        .await?;
        reading.sessions = sessions;
        Ok(reading)
    }

    /// Reads one session's events, each handed over in order.
    pub(super) async fn events(home: &Home, session: &SessionId, each: impl FnMut(Event)) -> Result<Self> {
        let filter = Filter { sessions: Some(vec![session.clone()]) };
        read(home, home.reader()?, filter, each).await
    }

    /// The hub's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.hello.now
    }

    /// The link, for a call; whoever makes one goes on draining the notices.
    pub(super) fn into_link(self) -> Link {
        let mut notices = self.notices;
        tokio::spawn(async move { while notices.recv().await.is_some() {} });
        self.link
    }

    /// Whether somebody waits for a hold.
    pub(super) fn waits(&self, hold: &HoldId) -> Option<bool> {
        self.waiting.as_ref().map(|waiting| waiting.contains(hold))
    }

    /// Every hold with its session.
    pub(super) fn holds(&self) -> impl Iterator<Item = (&Session, &Hold)> {
        self.sessions.values().flat_map(|session| session.holds.iter().map(move |hold| (session, hold)))
    }

    /// The one hold whose identifier begins so.
    pub(super) fn hold(&self, start: &str) -> Result<(&Session, &Hold)> {
        let all = self.holds().map(|(session, hold)| (hold.id.as_str(), (session, hold)));
        one("hold", start, "`holdpoint holds --all` lists them", all)
    }

    /// The one session whose identifier begins so.
    pub(super) fn session(&self, start: &str) -> Result<&Session> {
        let all = self.sessions.values().map(|session| (session.id.as_str(), session));
        one("session", start, "`holdpoint sessions --all` lists them", all)
    }
}

/// The one thing whose identifier begins so, or is so.
pub(super) fn one<'a, T>(
    what: &str,
    start: &str,
    hint: &str,
    all: impl Iterator<Item = (&'a str, T)>,
) -> Result<T> {
    let shown = Untrusted::from(start).escaped();
    let mut found: Vec<(&str, T)> =
        all.filter(|(id, _)| !start.is_empty() && id.starts_with(start)).collect();
    if let Some(exact) = found.iter().position(|(id, _)| *id == start) {
        return Ok(found.swap_remove(exact).1);
    }
    if found.len() > 1 {
        let ids: Vec<&str> = found.iter().take(4).map(|(id, _)| *id).collect();
        return Err(Error::invalid(format!("\"{shown}\" begins more than one {what}: {}", ids.join(", ")))
            .hint("give more of it"));
    }
    let none = || Error::new(Kind::NotFound, format!("there is no {what} \"{shown}\"")).hint(hint);
    found.pop().map(|(_, thing)| thing).ok_or_else(none)
}

async fn read(
    home: &Home,
    credential: Credential,
    filter: Filter,
    mut each: impl FnMut(Event),
) -> Result<Reading> {
    let (link, mut notices) = Link::connect(home.target()?, credential, Some(filter), None);
    let ended = || Error::new(Kind::Unavailable, "the connection to the hub has ended");
    let (mut up, mut pos, mut waiting) = (None, 0, None);
    loop {
        if let Some((_, head)) = &up
            && pos >= *head
        {
            break;
        }
        match notices.recv().await.ok_or_else(ended)? {
            Notice::Up { hello, head, .. } => up = Some((hello, head.map_or(0, |head| head.pos))),
            Notice::Down { error } | Notice::Refused { error } => return Err(error),
            Notice::Events(note) => {
                pos = note.cursor.pos;
                note.events.into_iter().for_each(&mut each);
            }
            Notice::Presence(note) => waiting = Some(note.waiting),
            Notice::Lagged(_) => {}
        }
    }
    let (hello, _) = up.ok_or_else(ended)?;
    if waiting.is_none() {
        waiting = tokio::time::timeout(PRESENCE_WITHIN, presence(&mut notices)).await.ok().flatten();
    }
    Ok(Reading { hello, sessions: BTreeMap::new(), waiting, link, notices })
}

async fn presence(notices: &mut mpsc::Receiver<Notice>) -> Option<Vec<HoldId>> {
    loop {
        if let Notice::Presence(note) = notices.recv().await? {
            return Some(note.waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_names_one_thing_or_says_why_not() {
        let all = ["h-ab", "h-abc", "h-x"];
        let find = |start: &str| one("hold", start, "look", all.into_iter().map(|id| (id, id)));
        assert_eq!(find("h-x"), Ok("h-x"));
        assert_eq!(find("h-ab"), Ok("h-ab"), "a whole identifier is not ambiguous");
        assert_eq!(find("h-").unwrap_err().kind(), Kind::Invalid);
        assert_eq!(find("z").unwrap_err().kind(), Kind::NotFound);
        assert_eq!(find("").unwrap_err().kind(), Kind::NotFound, "nothing names nothing");
    }
}
