//! A gate's place at the hub: one link, one session, folded from its events.
//!
//! Whatever the gate wants to know (is it decided, is the grant still good, was a stop asked for) it reads off the
//! fold, never off a single message: the answer is the same after a cut line, a restarted hub, or a slow start.

use tokio::sync::mpsc;

use crate::domain::{Error, Kind, Result, SessionId};
use crate::link::{Credential, Link, Notice, Target};
use crate::session::Session;
use crate::wire::{Call, Filter};

/// What changed at the seat.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// The session may know more.
    Folded,
    /// Connected again after a cut: the hub has to be told that we still wait.
    Back,
    /// The line is cut; the link goes on trying.
    Cut(Error),
    /// It is over: the hub refuses us, or its record is another one now.
    Over(Error),
}

/// The seat.
pub(super) struct Seat {
    link: Link,
    notices: mpsc::Receiver<Notice>,
    /// The session as far as it is known here.
    pub(super) session: Session,
    was_connected: bool,
    /// Changes that came while a call was under way.
    kept: std::collections::VecDeque<Change>,
}

impl Seat {
    /// Connects, and waits until the hub let us in or could not be reached.
    ///
    /// # Errors
    /// `Kind::Unavailable` without a hub, `Kind::Forbidden` when it refuses the credential.
    pub(super) async fn take(target: Target, credential: Credential, session: SessionId) -> Result<Self> {
        let filter = Filter { sessions: Some(vec![session.clone()]) };
        let (link, notices) = Link::connect(target, credential, Some(filter), None);
        let kept = std::collections::VecDeque::new();
        let mut seat = Self { link, notices, session: Session::new(session), was_connected: false, kept };
        while !seat.was_connected {
            match seat.change().await {
                Change::Cut(error) | Change::Over(error) => return Err(error),
                Change::Folded | Change::Back => {}
            }
        }
        Ok(seat)
    }

    /// A handle for calls that are made beside this one.
    pub(super) fn link(&self) -> Link {
        self.link.clone()
    }

    /// The next change. Cancel-safe.
    pub(super) async fn change(&mut self) -> Change {
        if let Some(change) = self.kept.pop_front() {
            return change;
        }
        match self.notices.recv().await {
            Some(notice) => self.fold(notice),
            None => Change::Over(Error::new(Kind::Unavailable, "the connection to the hub has ended")),
        }
    }

    /// Makes a repeatable call, folding what arrives meanwhile.
    ///
    /// # Errors
    /// What the hub said, or `Kind::Unavailable` when the link has ended.
    pub(super) async fn call<C: Call>(&mut self, params: &C::Params) -> Result<C::Answer> {
        let link = self.link.clone();
        let call = link.call::<C>(params);
        tokio::pin!(call);
        loop {
            tokio::select! {
                answer = &mut call => return answer,
                Some(notice) = self.notices.recv() => self.keep(notice),
            }
        }
    }

    /// Whether the hub is lost for good.
    pub(super) fn is_over(&self) -> bool {
        self.notices.is_closed() || self.kept.iter().any(|change| matches!(change, Change::Over(_)))
    }

    /// Folds the next notice; what else it says is kept for [`Seat::change`]. Cancel-safe. Without a link nothing
    /// ever comes.
    pub(super) async fn listen(&mut self) {
        match self.notices.recv().await {
            Some(notice) => self.keep(notice),
            None => std::future::pending().await,
        }
    }

    /// Folds everything that is here already.
    pub(super) fn catch_up(&mut self) {
        while let Ok(notice) = self.notices.try_recv() {
            self.keep(notice);
        }
    }

    fn keep(&mut self, notice: Notice) {
        let change = self.fold(notice);
        if change != Change::Folded {
            self.kept.push_back(change);
        }
    }

    fn fold(&mut self, notice: Notice) -> Change {
        match notice {
            Notice::Up { history_lost: true, .. } if self.session.last_seq > 0 => {
                let lost = Error::new(Kind::Unavailable, "the hub's record is another one than before");
                Change::Over(lost.hint("nothing was run; propose it again"))
            }
            Notice::Up { .. } if std::mem::replace(&mut self.was_connected, true) => Change::Back,
            Notice::Down { error } => Change::Cut(error),
            Notice::Refused { error } => Change::Over(error),
            Notice::Events(note) => {
                note.events.iter().for_each(|event| self.session.apply(event));
                Change::Folded
            }
            Notice::Up { .. } | Notice::Presence(_) | Notice::Lagged(_) => Change::Folded,
        }
    }
}
