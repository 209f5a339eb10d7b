//! The bridge's side of the hub: one link, what its record says about holds and sessions, and who wants to hear.
//!
//! The record is read from its beginning, because an answer may have been given while no bridge was there. Only
//! endings and stops are kept of it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::domain::{Actor, Digest, Error, Executor, HoldId, Outcome, Result, SessionId, Timestamp};
use crate::link::{Credential, Link, Notice, Target};
use crate::session::{Body, Event};
use crate::wire::{Call, EventsNote, Filter, limits};

use super::thread::{Closing, Input};

/// How long an ending is kept, in milliseconds of the hub's clock. A hold whose ending is older has expired by then,
/// however long it was open, and that can be told without its ending.
const CLOSING_KEPT_MS: i64 = limits::HOLD_TTL_MAX_MS as i64;
/// How long a hold may have been expired, in milliseconds, before its ending is not awaited any more.
const ENDING_WITHIN_MS: i64 = 60_000;

/// The way to a thread. Stops have their own: nothing that a thread takes its time over holds one up.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) stops: mpsc::Sender<u8>,
}

impl Route {
    /// Hands it over, when there is room.
    async fn send(&self, news: News) {
        // A thread that is gone needs no news.
        match news {
            News::Input(input) => drop(self.inbox.send(input).await),
            News::Stop(level) => drop(self.stops.send(level).await),
        }
    }
}

/// What a thread has to hear.
enum News {
    Input(Input),
    Stop(u8),
}

/// How the line to the hub stands.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// Not yet there, or not yet up to date.
    Coming,
    /// The record was read to where it ended when we came.
    Ready,
    /// Away; it is tried again.
    Away(Error),
    /// The hub does not want us.
    Refused(Error),
}

/// The desk. One for all threads.
pub(super) struct Desk {
    link: Link,
    state: Mutex<State>,
    line: watch::Sender<Line>,
}

#[derive(Default)]
struct State {
    /// Endings of what agents would run themselves, as long as somebody may ask about them.
    closings: HashMap<HoldId, Closing>,
    /// The same, oldest first.
    aging: VecDeque<(Timestamp, HoldId)>,
    /// What agents would run themselves, until it is known what became of it.
    proposed: HashMap<HoldId, Proposed>,
    /// Sessions that were stopped or closed, and whether nothing of them runs any more.
    over: HashMap<SessionId, bool>,
    routes: HashMap<SessionId, Route>,
    /// The hub's clock, and when it stood so by both of ours.
    clock: Option<(Timestamp, Instant, SystemTime)>,
    /// Where the record ended when we first came.
    head: Option<u64>,
}

/// A proposal of something that an agent would run itself.
struct Proposed {
    session: SessionId,
    digest: Digest,
    approved: bool,
}

impl Desk {
    /// Connects, and goes on trying to.
    pub(super) fn open(target: Target, credential: Credential) -> Arc<Self> {
        let (link, notices) = Link::connect(target, credential, Some(Filter::default()), None);
        let desk = Arc::new(Self { link, state: Mutex::default(), line: watch::Sender::new(Line::Coming) });
        tokio::spawn(listen(Arc::downgrade(&desk), notices));
        desk
    }

    /// How the line stands, and every change of it.
    pub(super) fn line(&self) -> watch::Receiver<Line> {
        self.line.subscribe()
    }

    /// Makes a call.
    ///
    /// # Errors
    /// What the hub said.
    pub(super) async fn call<C: Call>(&self, params: &C::Params) -> Result<C::Answer> {
        self.link.call::<C>(params).await
    }

    /// From now on what happens in the session goes there. Answers whether the session is over already, and if so
    /// whether that was carried out.
    pub(super) fn follow(&self, session: &SessionId, to: Route) -> Option<bool> {
        let mut state = self.lock();
        state.routes.insert(session.clone(), to);
        state.over.get(session).copied()
    }

    /// How a hold ended that expires at this time, as far as that is known. Of an ending that was too long ago to be
    /// kept only that is said: it is no answer to anything any more.
    pub(super) fn closing(&self, hold: &HoldId, expires_at: Timestamp) -> Option<Closing> {
        let now = self.now();
        self.lock().closings.get(hold).cloned().or_else(|| forgotten(hold, expires_at, now))
    }

    /// What the hub's clock says now; the end of time where that is not known. The faster of our own clocks counts: one
    /// of them stands still while a machine sleeps, and what is old must not look young.
    pub(super) fn now(&self) -> Timestamp {
        self.lock().clock.map_or(Timestamp::from_millis(i64::MAX), |(then, since, day)| {
            let passed = since.elapsed().max(day.elapsed().unwrap_or_default());
            then.plus_millis(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// What was approved in the session and is not known to be over.
    pub(super) fn unfinished(&self, session: &SessionId) -> Vec<(HoldId, Digest)> {
        let state = self.lock();
        let approved =
            state.proposed.iter().filter(|(_, proposed)| proposed.approved && proposed.session == *session);
        approved.map(|(hold, proposed)| (hold.clone(), proposed.digest)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the record says; answers who has to hear of it.
    fn record(&self, note: EventsNote) -> Vec<(Route, News)> {
        let mut state = self.lock();
        let mut news = Vec::new();
        for event in note.events {
            let session = event.session.clone();
            if let Some(heard) = state.take(event)
                && let Some(route) = state.routes.get(&session)
            {
                news.push((route.clone(), heard));
            }
        }
        if state.head.is_some_and(|head| note.cursor.pos >= head) {
            self.ready();
        }
        news
    }

    fn ready(&self) {
        self.line.send_if_modified(|line| {
            let waited = !matches!(line, Line::Ready);
            *line = Line::Ready;
            waited
        });
    }

    fn up(&self, now: Timestamp, head: Option<u64>, history_lost: bool) -> Vec<Route> {
        let mut state = self.lock();
        if history_lost {
            state.closings.clear();
            state.aging.clear();
            state.proposed.clear();
            state.over.clear();
        }
        state.clock = Some((now, Instant::now(), SystemTime::now()));
        let first = state.head.is_none();
        let head = head.unwrap_or_default();
        if first || history_lost {
            state.head = Some(head);
        }
        if !first || head == 0 {
            self.ready();
        }
        state.routes.retain(|_, route| !route.inbox.is_closed());
        state.routes.values().cloned().collect()
    }
}

/// The ending of a hold that expired so long ago that its own ending is not kept any more.
fn forgotten(hold: &HoldId, expires_at: Timestamp, now: Timestamp) -> Option<Closing> {
    let (hold, outcome, by) = (hold.clone(), Outcome::Superseded, Actor::hub());
    let long_ago = now.since(expires_at) > ENDING_WITHIN_MS;
    long_ago.then_some(Closing { hold, outcome, by, at: expires_at, reason: None })
}

impl State {
    fn settled(&mut self, hold: &HoldId) -> Option<News> {
        self.proposed.remove(hold);
        None
    }

    /// Keeps an ending for as long as it may be asked for.
    fn keep(&mut self, closing: Closing) {
        let aged = |(at, _): &(Timestamp, HoldId)| closing.at.since(*at) > CLOSING_KEPT_MS;
        while self.aging.front().is_some_and(aged) {
            if let Some((_, old)) = self.aging.pop_front() {
                self.closings.remove(&old);
            }
        }
        self.aging.push_back((closing.at, closing.hold.clone()));
        self.closings.insert(closing.hold.clone(), closing);
    }

    /// Keeps what has to be known later; answers what a thread has to hear at once.
    fn take(&mut self, event: Event) -> Option<News> {
        match event.body {
            Body::HoldClosed(closed) => {
                let (hold, outcome, reason) = (closed.hold, closed.outcome, closed.reason);
                let closing = Closing { hold: hold.clone(), outcome, by: event.actor, at: event.at, reason };
                // What a gate runs is not ours, and there may be any amount of it.
                let proposed = self.proposed.get_mut(&hold)?;
                if outcome == Outcome::Approved {
                    proposed.approved = true;
                } else {
                    self.proposed.remove(&hold);
                }
                self.keep(closing.clone());
                Some(News::Input(Input::Closed(closing)))
            }
            Body::ActionProposed(proposed) => {
                if proposed.proposal.action.executor() == Executor::Agent {
                    let (session, digest) = (event.session, proposed.digest);
                    self.proposed.insert(proposed.hold, Proposed { session, digest, approved: false });
                }
                None
            }
            Body::ExecutionFinished(end) => self.settled(&end.hold),
            Body::ExecutionRefused(refused) => self.settled(&refused.hold),
            Body::StopRequested(wish) => {
                self.over.insert(event.session, false);
                Some(News::Stop(wish.level))
            }
            // Only death ends a stop: what still runs, or may, is stopped again by the next bridge.
            Body::StopConfirmed(confirmed) => {
                if let (Some(over), Some(dead)) = (self.over.get_mut(&event.session), confirmed.dead) {
                    *over = dead;
                }
                None
            }
            Body::SessionClosed(_) => {
                self.over.insert(event.session, true);
                None
            }
            Body::QuestionAsked(question) => {
                Some(News::Input(Input::Question { by: event.actor, text: question.text }))
            }
            Body::SessionOpened(_)
            | Body::AlertObserved(_)
            | Body::AlertChanged(_)
            | Body::AgentJoined(_)
            | Body::AgentLeft(_)
            | Body::MessageSaid(_)
            | Body::ToolCalled(_)
            | Body::ToolReturned(_)
            | Body::HypothesisStated(_)
            | Body::HypothesisRevised(_)
            | Body::EvidenceCited(_)
            | Body::ActionRevised(_)
            | Body::ActionWithdrawn(_)
            | Body::ReviewMade(_)
            | Body::HoldOpened(_)
            | Body::VoteCast(_)
            | Body::GrantIssued(_)
            | Body::GrantRedeemed(_)
            | Body::GrantRevoked(_)
            | Body::ExecutionStarted(_)
            | Body::ExecutionLost(_)
            | Body::NoteAdded(_)
            | Body::Unknown(_) => None,
        }
    }
}

/// Drains the link, for as long as somebody uses the desk. Whoever is slow to take a decision makes the link wait,
/// never lose one.
async fn listen(desk: Weak<Desk>, mut notices: mpsc::Receiver<Notice>) {
    while let Some(notice) = notices.recv().await {
        let Some(desk) = desk.upgrade() else { return };
        match notice {
            Notice::Up { hello, head, history_lost } => {
                for route in desk.up(hello.now, head.map(|head| head.pos), history_lost) {
                    route.send(News::Input(Input::HubUp)).await;
                }
            }
            Notice::Events(note) => {
                for (route, news) in desk.record(note) {
                    route.send(news).await;
                }
            }
            Notice::Down { error } => {
                // Each attempt fails anew; only the first is news.
                desk.line.send_if_modified(|line| {
                    let news = !matches!(line, Line::Away(_));
                    *line = Line::Away(error);
                    news
                });
            }
            Notice::Refused { error } => {
                desk.line.send_replace(Line::Refused(error));
            }
            Notice::Presence(_) | Notice::Lagged(_) => {}
        }
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
