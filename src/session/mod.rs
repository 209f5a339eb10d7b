//! Floor 2: what happened, and what is therefore true.
//!
//! [`Event`] is everything that can happen, as data. [`Session`] is the fold of a session's events: pure, total and
//! the only place where facts change. [`Hold`] is the decision state machine inside it; [`command`] turns a wish
//! ("approve this") into the events that make it so, or into a [`Refusal`] that says why not.
//!
//! Deliberately absent: I/O, a clock, randomness (times and new identifiers are handed in), second opinions (they are
//! the judge's), and knowledge of who is connected.

mod body;
pub mod command;
mod event;
mod fold;
mod hold;
mod refusal;
mod state;

pub use body::{
    ActionProposed, ActionRevised, ActionWithdrawn, AgentJoined, AgentLeft, AlertChanged, AlertObserved,
    Body, EvidenceCited, ExecutionFinished, ExecutionLost, ExecutionRefused, ExecutionStarted, GrantIssued,
    GrantRedeemed, GrantRevoked, HoldClosed, HoldOpened, HypothesisRevised, HypothesisStated, MessageSaid,
    NoteAdded, QuestionAsked, RawBody, ReviewMade, SessionClosed, SessionOpened, StopConfirmed,
    StopRequested, ToolCalled, ToolReturned, VoteCast,
};
pub use event::{EVENT_VERSION, Event};
pub use fold::Session;
pub use hold::{Closing, Grant, Hold, Revision, Run, Vote};
pub use refusal::Refusal;
pub use state::{Agent, Anomaly, Call, Citation, Claimed, Gap, Returned, Stop};
