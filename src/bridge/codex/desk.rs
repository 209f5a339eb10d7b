//! The bridge's side of the hub: one link, what its record says about holds and sessions, and who wants to hear.
//!
//! The record is read from its beginning, because an answer may have been given while no bridge was there. Only
//! endings and stops are kept of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::domain::{Digest, Error, Executor, HoldId, Outcome, Result, SessionId, Timestamp};
use crate::link::{Credential, Link, Notice, Target};
use crate::session::{Body, Event};
use crate::wire::{Call, EventsNote, Filter};

use super::thread::{Closing, Input};

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
    closings: HashMap<HoldId, Closing>,
    /// What agents would run themselves, by the digest of the action, until it is known what became of it.
    proposed: HashMap<HoldId, (SessionId, Digest)>,
    /// Sessions that were stopped or closed, and whether that was carried out.
    over: HashMap<SessionId, bool>,
    routes: HashMap<SessionId, mpsc::Sender<Input>>,
    /// The hub's clock, and when it stood so.
    clock: Option<(Timestamp, Instant)>,
    /// Where the record ended when we first came.
    head: Option<u64>,
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
    pub(super) fn follow(&self, session: &SessionId, to: mpsc::Sender<Input>) -> Option<bool> {
        let mut state = self.lock();
        state.routes.insert(session.clone(), to);
        state.over.get(session).copied()
    }

    /// How a hold ended, and how many milliseconds ago by the hub's clock.
    pub(super) fn closing(&self, hold: &HoldId) -> Option<(Closing, i64)> {
        let state = self.lock();
        let closing = state.closings.get(hold)?.clone();
        let age = state.clock.map_or(i64::MAX, |(then, since)| {
            then.plus_millis(i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)).since(closing.at)
        });
        Some((closing, age))
    }

    /// What was approved in the session and is not known to be over.
    pub(super) fn unfinished(&self, session: &SessionId) -> Vec<(HoldId, Digest)> {
        let state = self.lock();
        let approved = state
            .proposed
            .iter()
            .filter(|(hold, (of, _))| of == session && state.closings.contains_key(*hold));
        approved.map(|(hold, (_, digest))| (hold.clone(), *digest)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the record says; answers who has to hear of it.
    fn record(&self, note: EventsNote) -> Vec<(mpsc::Sender<Input>, Input)> {
        let mut state = self.lock();
        let mut news = Vec::new();
        for event in note.events {
            let session = event.session.clone();
            if let Some(input) = state.take(event)
                && let Some(route) = state.routes.get(&session)
            {
                news.push((route.clone(), input));
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

    fn up(&self, now: Timestamp, head: Option<u64>, history_lost: bool) -> Vec<mpsc::Sender<Input>> {
        let mut state = self.lock();
        if history_lost {
            state.closings.clear();
            state.proposed.clear();
            state.over.clear();
        }
        state.clock = Some((now, Instant::now()));
        let first = state.head.is_none();
        let head = head.unwrap_or_default();
        if first || history_lost {
            state.head = Some(head);
        }
        if !first || head == 0 {
            self.ready();
        }
        state.routes.retain(|_, route| !route.is_closed());
        state.routes.values().cloned().collect()
    }
}

impl State {
    fn settled(&mut self, hold: &HoldId) -> Option<Input> {
        self.proposed.remove(hold);
        None
    }

    /// Keeps what has to be known later; answers what a thread has to hear at once.
    fn take(&mut self, event: Event) -> Option<Input> {
        match event.body {
            Body::HoldClosed(closed) => {
                let (hold, outcome, reason) = (closed.hold, closed.outcome, closed.reason);
                let closing = Closing { hold: hold.clone(), outcome, by: event.actor, at: event.at, reason };
                if outcome != Outcome::Approved {
                    self.proposed.remove(&hold);
                }
                self.closings.insert(hold, closing.clone());
                Some(Input::Closed(closing))
            }
            Body::ActionProposed(proposed) => {
                if proposed.proposal.action.executor() == Executor::Agent {
                    self.proposed.insert(proposed.hold, (event.session, proposed.digest));
                }
                None
            }
            Body::ExecutionFinished(end) => self.settled(&end.hold),
            Body::ExecutionRefused(refused) => self.settled(&refused.hold),
            Body::StopRequested(wish) => {
                self.over.insert(event.session, false);
                Some(Input::Stop { level: wish.level })
            }
            Body::StopConfirmed(_) | Body::SessionClosed(_) => {
                self.over.insert(event.session, true);
                None
            }
            Body::QuestionAsked(question) => Some(Input::Question { by: event.actor, text: question.text }),
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
                    let _ = route.send(Input::HubUp).await;
                }
            }
            Notice::Events(note) => {
                for (route, input) in desk.record(note) {
                    let _ = route.send(input).await;
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
