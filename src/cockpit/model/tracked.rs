//! One session as the cockpit keeps it: the fold, and the events that make its timeline.

use std::sync::Arc;

use crate::domain::SessionId;
use crate::session::{Body, Event, Session};

/// A session and its events.
#[derive(Clone, Debug)]
pub(crate) struct Tracked {
    /// What is true.
    pub(crate) session: Session,
    /// What happened, in order.
    pub(crate) events: Vec<Arc<Event>>,
    /// Which of them stand in the timeline, as positions in `events`.
    pub(crate) timeline: Vec<u32>,
    /// The order in which the cockpit first heard of it.
    pub(crate) order: usize,
}

impl Tracked {
    /// A session of which nothing is known yet.
    pub(crate) fn new(id: SessionId, order: usize) -> Self {
        Self { session: Session::new(id), events: Vec::new(), timeline: Vec::new(), order }
    }

    /// Takes in one event; answers whether it was new.
    pub(crate) fn take(&mut self, event: Arc<Event>) -> bool {
        if event.seq <= self.session.last_seq {
            return false;
        }
        self.session.apply(&event);
        if self.is_told(&event.body) {
            self.timeline.push(self.events.len() as u32);
        }
        self.events.push(event);
        true
    }

    /// The event of this position in the session.
    pub(crate) fn event(&self, seq: u64) -> Option<&Arc<Event>> {
        self.events.binary_search_by_key(&seq, |event| event.seq).ok().map(|at| &self.events[at])
    }

    /// A reading of the alert is in its curve, an answer on its question's line: neither has a line of its own.
    fn is_told(&self, body: &Body) -> bool {
        match body {
            Body::AlertChanged(changed) => changed.state.is_some(),
            Body::ToolReturned(returned) => {
                self.session.call(&returned.call).is_none_or(|call| call.tool.is_empty())
            }
            Body::SessionOpened(_)
            | Body::AlertObserved(_)
            | Body::AgentJoined(_)
            | Body::AgentLeft(_)
            | Body::MessageSaid(_)
            | Body::ToolCalled(_)
            | Body::HypothesisStated(_)
            | Body::HypothesisRevised(_)
            | Body::EvidenceCited(_)
            | Body::ActionProposed(_)
            | Body::ActionRevised(_)
            | Body::ActionWithdrawn(_)
            | Body::ReviewMade(_)
            | Body::QuestionAsked(_)
            | Body::HoldOpened(_)
            | Body::VoteCast(_)
            | Body::HoldClosed(_)
            | Body::GrantIssued(_)
            | Body::GrantRedeemed(_)
            | Body::GrantRevoked(_)
            | Body::ExecutionStarted(_)
            | Body::ExecutionFinished(_)
            | Body::ExecutionRefused(_)
            | Body::ExecutionLost(_)
            | Body::StopRequested(_)
            | Body::StopConfirmed(_)
            | Body::NoteAdded(_)
            | Body::SessionClosed(_)
            | Body::Unknown(_) => true,
        }
    }
}
