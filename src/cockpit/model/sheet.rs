//! The decision sheet: pinned to one hold and one revision, and what a person has done with it so far.
//!
//! It never moves on by itself: a revision locks it, a closing leaves a tombstone, and only a person leaves it.

use crate::domain::{Actor, ClientKey, Digest, HoldId, Outcome, Result, SessionId, Timestamp, Verdict};
use crate::session::Revision;

use super::seen::Seen;
use super::words::Words;

/// A verdict that was handed to the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// What was said.
    pub(crate) verdict: Verdict,
    /// The decision's key: what the record will name.
    pub(crate) key: ClientKey,
    /// When it was handed over.
    pub(crate) at: Timestamp,
}

/// Where the person stands with the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Reading; nothing is chosen.
    Reading,
    /// Asked to approve; Enter confirms, Esc leaves.
    Approving,
    /// Typing a reason; Enter sends the denial, Esc leaves.
    Denying,
    /// Sent, not yet acknowledged.
    Sending(Sent),
    /// The hub has it on record.
    Acknowledged {
        /// How the hold ended.
        outcome: Outcome,
        /// By whom.
        by: Actor,
        /// When.
        at: Timestamp,
    },
    /// The hub did not take it: why.
    Refused(Words),
    /// No answer came; whether it counts is not known until the record is read again.
    Unknown(Sent),
    /// No answer came, and the record does not hold it so far. It may still be under way; deciding again is possible.
    Missing(Sent),
}

/// What a revision replaced. While it stands, no key decides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lock {
    /// What was on screen before.
    pub(crate) before: Revision,
}

/// One hold before one person.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sheet {
    /// In which session.
    pub(crate) session: SessionId,
    /// Which hold.
    pub(crate) hold: HoldId,
    /// What is shown, and nothing else is decided on.
    pub(crate) revision: Revision,
    /// Computed here, from what is shown.
    pub(crate) digest: Result<Digest>,
    /// Where the person stands.
    pub(crate) step: Step,
    /// Set by a revision until the person acknowledges it.
    pub(crate) lock: Option<Lock>,
    /// Which part of the action was on screen.
    pub(crate) seen: Seen,
    /// First row shown.
    pub(crate) scroll: usize,
    /// Whether it was reached by a jump; what a jump shows does not count as read.
    pub(crate) jumped: bool,
    /// Whether it stays at the end, however the rows that fit change.
    pub(crate) at_end: bool,
    /// Rows of the sheet and rows that fit, as last painted.
    pub(crate) extent: (usize, usize),
    /// A reason that was being typed when the field was left.
    pub(crate) draft: String,
    /// Keys of verdicts that were given up as missing and may still arrive.
    pub(crate) stray: Vec<ClientKey>,
}

impl Sheet {
    /// A sheet in reading mode.
    pub(crate) fn open(session: SessionId, hold: HoldId, revision: Revision) -> Self {
        let digest = revision.proposal.action.digest();
        Self {
            session,
            hold,
            revision,
            digest,
            step: Step::Reading,
            lock: None,
            seen: Seen::default(),
            scroll: 0,
            jumped: false,
            at_end: false,
            extent: (0, 0),
            draft: String::new(),
            stray: Vec::new(),
        }
    }

    /// Takes the next step. A verdict that is left behind as missing may still arrive, and stays known by its key.
    pub(crate) fn go(&mut self, next: Step) {
        if let Step::Missing(sent) = std::mem::replace(&mut self.step, next) {
            self.stray.push(sent.key);
        }
    }

    /// Shows another revision and locks.
    pub(crate) fn revise(&mut self, revision: Revision) {
        let before = std::mem::replace(&mut self.revision, revision);
        self.digest = self.revision.proposal.action.digest();
        let before = self.lock.take().map_or(before, |lock| lock.before);
        self.lock = Some(Lock { before });
        self.seen = Seen::default();
        (self.scroll, self.jumped, self.at_end) = (0, false, false);
        if self.step == Step::Approving {
            self.step = Step::Reading;
        }
    }

    /// Moves by rows; what is shown then counts as read.
    pub(crate) fn scroll_by(&mut self, rows: isize) {
        self.scroll = self.scroll.saturating_add_signed(rows).min(self.last_scroll());
        (self.jumped, self.at_end) = (false, false);
    }

    /// Jumps to the end; what is shown then does not count as read.
    pub(crate) fn jump_to_end(&mut self) {
        self.jumped = self.scroll + 1 < self.last_scroll();
        self.scroll = self.last_scroll();
        self.at_end = true;
    }

    /// The furthest scroll position.
    pub(crate) fn last_scroll(&self) -> usize {
        self.extent.0.saturating_sub(self.extent.1)
    }

    /// Rows that one page key moves: a page less one, so that no line is passed unseen.
    pub(crate) fn page(&self) -> isize {
        self.extent.1.saturating_sub(1).max(1) as isize
    }

    /// The verdict that is on its way, or of which nothing is known.
    pub(crate) fn sent(&self) -> Option<&Sent> {
        match &self.step {
            Step::Sending(sent) | Step::Unknown(sent) | Step::Missing(sent) => Some(sent),
            Step::Reading
            | Step::Approving
            | Step::Denying
            | Step::Acknowledged { .. }
            | Step::Refused(_) => None,
        }
    }
}
