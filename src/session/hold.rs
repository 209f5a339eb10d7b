//! The hold: one question to a person, from proposal to the last thing known about its run.
//!
//! ```text
//! proposed ─► open ─┬─► approved ─► grant issued ─┬─► redeemed ─┬─► running ─► finished
//!               ▲   ├─► denied                    └─► revoked   ├─► refused (something had changed)
//!      revised ─┘   └─► expired · superseded ·                  └─► lost ─► any of these, should word still come
//!                       withdrawn · answered elsewhere
//! ```
//!
//! A closing is final and there is one; a grant is used or void, never both; a run is entered once. Each method here
//! answers whether the fact could be taken in, so that the fold stays total and says what made no sense.

use crate::domain::{
    Actor, ClientKey, Digest, Executor, GrantId, HoldId, Outcome, Proposal, Role, Timestamp, Untrusted,
    Verdict,
};

use super::body::{
    ActionRevised, ExecutionFinished, GrantIssued, GrantRedeemed, GrantRevoked, HoldClosed, HoldOpened,
    VoteCast,
};

/// One version of what is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// 1, 2, 3 …
    pub number: u32,
    /// The action and the words about it.
    pub proposal: Proposal,
    /// Of the action's bytes.
    pub digest: Digest,
    /// When it was proposed.
    pub at: Timestamp,
}

/// A person's verdict on the current revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Vote {
    /// Who.
    pub by: Actor,
    /// What they said.
    pub verdict: Verdict,
    /// Why, where they said so.
    pub reason: Option<Untrusted>,
    /// When.
    pub at: Timestamp,
}

/// How a hold ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Closing {
    /// The one outcome.
    pub outcome: Outcome,
    /// Who brought it about.
    pub by: Actor,
    /// When the hub put it in order.
    pub at: Timestamp,
    /// The event's position in the session.
    pub seq: u64,
    /// Why, where somebody said so.
    pub reason: Option<Untrusted>,
}

/// What became of the single-use authority.
#[derive(Clone, Debug, PartialEq)]
pub enum Grant {
    /// Waiting to be redeemed.
    Issued {
        /// Its name.
        id: GrantId,
        /// Until when it can be redeemed.
        expires_at: Timestamp,
    },
    /// Used up.
    Redeemed {
        /// Its name.
        id: GrantId,
        /// The gate's number for the redemption.
        nonce: ClientKey,
        /// When.
        at: Timestamp,
    },
    /// Void; it was never used.
    Revoked {
        /// Its name.
        id: GrantId,
        /// Why.
        reason: Untrusted,
        /// When.
        at: Timestamp,
    },
}

/// What is known about the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Run {
    /// Nothing was started, as far as anybody said.
    NotStarted,
    /// It runs.
    Running {
        /// Since when.
        at: Timestamp,
        /// The process, where the executor told.
        pid: Option<u32>,
    },
    /// It ended.
    Finished {
        /// When.
        at: Timestamp,
        /// How.
        end: Box<ExecutionFinished>,
    },
    /// The gate did not start it.
    Refused {
        /// When.
        at: Timestamp,
        /// What had changed.
        reason: Untrusted,
    },
    /// Nobody can tell.
    Lost {
        /// When that was established.
        at: Timestamp,
        /// Why nobody can tell.
        reason: Untrusted,
    },
}

/// One question to a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Its identifier.
    pub id: HoldId,
    /// Its number within the session: the `1` of `P1`.
    pub number: u32,
    /// Who proposed.
    pub proposer: Actor,
    /// When a person was first asked; absent while the proposal is not before anybody.
    pub opened_at: Option<Timestamp>,
    /// When it closes by itself; then nothing runs.
    pub expires_at: Timestamp,
    /// What is asked now.
    pub revision: Revision,
    /// What was asked before, oldest first.
    pub earlier: Vec<Revision>,
    /// Verdicts on the current revision.
    pub votes: Vec<Vote>,
    /// How it ended.
    pub closing: Option<Closing>,
    /// The authority that an approval made.
    pub grant: Option<Grant>,
    /// What is known about the run.
    pub run: Run,
}

impl Hold {
    /// Whether a person can still answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.opened_at.is_some() && self.closing.is_none()
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.closing.as_ref().map(|closing| closing.outcome)
    }

    /// Who would run it.
    #[must_use]
    pub fn executor(&self) -> Executor {
        self.revision.proposal.action.executor()
    }

    /// Whether authority exists that nobody has used yet.
    #[must_use]
    pub fn has_unredeemed_grant(&self) -> bool {
        matches!(self.grant, Some(Grant::Issued { .. }))
    }

    /// Whether the authority was used and the end is not known.
    #[must_use]
    pub fn awaits_word_of_its_run(&self) -> bool {
        match self.run {
            Run::NotStarted => matches!(self.grant, Some(Grant::Redeemed { .. })),
            Run::Running { .. } => true,
            Run::Finished { .. } | Run::Refused { .. } | Run::Lost { .. } => false,
        }
    }

    pub(super) fn proposed(id: HoldId, number: u32, proposer: Actor, revision: Revision) -> Self {
        Self {
            id,
            number,
            proposer,
            opened_at: None,
            expires_at: revision.at,
            revision,
            earlier: Vec::new(),
            votes: Vec::new(),
            closing: None,
            grant: None,
            run: Run::NotStarted,
        }
    }

    pub(super) fn open(&mut self, opened: &HoldOpened, at: Timestamp) -> bool {
        let fits = self.opened_at.is_none() && self.is_about(opened.revision, opened.digest);
        if fits {
            self.opened_at = Some(at);
            self.expires_at = opened.expires_at;
        }
        fits
    }

    pub(super) fn revise(&mut self, revised: &ActionRevised, at: Timestamp) -> bool {
        let fits = self.closing.is_none()
            && revised.revision == self.revision.number + 1
            && revised.proposal.action.digest().is_ok_and(|digest| digest == revised.digest);
        if fits {
            let (number, digest) = (revised.revision, revised.digest);
            let next = Revision { number, proposal: revised.proposal.clone(), digest, at };
            self.earlier.push(std::mem::replace(&mut self.revision, next));
            self.votes.clear();
            self.expires_at = revised.expires_at;
        }
        fits
    }

    pub(super) fn vote(&mut self, cast: &VoteCast, by: &Actor, at: Timestamp) -> bool {
        let fits = by.role == Role::Person && self.is_open() && self.is_about(cast.revision, cast.digest);
        if fits {
            self.votes.push(Vote { by: by.clone(), verdict: cast.verdict, reason: cast.reason.clone(), at });
        }
        fits
    }

    pub(super) fn close(&mut self, closed: &HoldClosed, by: &Actor, at: Timestamp, seq: u64) -> bool {
        let approved = closed.outcome == Outcome::Approved;
        let voted = self.votes.iter().any(|vote| vote.verdict == Verdict::Approve);
        let known = self.revision.proposal.action.incomplete().is_none();
        let theirs =
            by.role == Role::Person || !matches!(closed.outcome, Outcome::Approved | Outcome::Denied);
        let fits = self.is_open()
            && self.is_about(closed.revision, closed.digest)
            && theirs
            && (voted && known || !approved);
        if fits {
            let (outcome, reason) = (closed.outcome, closed.reason.clone());
            self.closing = Some(Closing { outcome, by: by.clone(), at, seq, reason });
        }
        fits
    }

    pub(super) fn issue(&mut self, issued: &GrantIssued) -> bool {
        let fits = self.outcome() == Some(Outcome::Approved)
            && self.executor() == Executor::Holdpoint
            && self.grant.is_none()
            && issued.digest == self.revision.digest;
        if fits {
            self.grant = Some(Grant::Issued { id: issued.grant.clone(), expires_at: issued.expires_at });
        }
        fits
    }

    pub(super) fn redeem(&mut self, redeemed: &GrantRedeemed, at: Timestamp) -> bool {
        let fits = self.has_issued(&redeemed.grant);
        if fits {
            let (id, nonce) = (redeemed.grant.clone(), redeemed.nonce.clone());
            self.grant = Some(Grant::Redeemed { id, nonce, at });
        }
        fits
    }

    pub(super) fn revoke(&mut self, revoked: &GrantRevoked, at: Timestamp) -> bool {
        let fits = self.has_issued(&revoked.grant);
        if fits {
            self.grant =
                Some(Grant::Revoked { id: revoked.grant.clone(), reason: revoked.reason.clone(), at });
        }
        fits
    }

    pub(super) fn run(&mut self, next: Run) -> bool {
        let fits = self.may_run() && can_follow(&self.run, &next);
        if fits {
            self.run = next;
        }
        fits
    }

    /// Whether authority to run was used (or, where the agent runs it itself, given).
    #[must_use]
    pub fn may_run(&self) -> bool {
        match self.executor() {
            Executor::Holdpoint => matches!(self.grant, Some(Grant::Redeemed { .. })),
            Executor::Agent => {
                matches!(self.outcome(), Some(Outcome::Approved | Outcome::AnsweredElsewhere))
            }
        }
    }

    fn has_issued(&self, grant: &GrantId) -> bool {
        matches!(&self.grant, Some(Grant::Issued { id, .. }) if id == grant)
    }

    fn is_about(&self, revision: u32, digest: Digest) -> bool {
        revision == self.revision.number && digest == self.revision.digest
    }
}

/// Knowledge of a run grows and never shrinks.
fn can_follow(now: &Run, next: &Run) -> bool {
    match (now, next) {
        (
            Run::NotStarted,
            Run::Running { .. } | Run::Finished { .. } | Run::Refused { .. } | Run::Lost { .. },
        )
        | (Run::Running { .. }, Run::Finished { .. } | Run::Lost { .. })
        | (Run::Lost { .. }, Run::Running { .. } | Run::Finished { .. } | Run::Refused { .. }) => true,
        (_, Run::NotStarted)
        | (Run::Running { .. }, Run::Running { .. } | Run::Refused { .. })
        | (Run::Lost { .. }, Run::Lost { .. })
        | (Run::Finished { .. } | Run::Refused { .. }, _) => false,
    }
}
