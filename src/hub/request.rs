//! What is asked of the core, and how the answer gets back.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc::OwnedPermit;

use super::presence::ConnId;
use super::publish::{self, Published};
use crate::domain::Actor;
use crate::wire::{
    BlobGetAnswer, BlobPutAnswer, Call, Done, ExecutionReport, ExecutionReportParams, GrantRedeem,
    GrantRedeemAnswer, GrantRedeemParams, HoldAnswer, HoldDecide, HoldDecideAnswer, HoldDecideParams,
    HoldOpen, HoldOpenParams, HoldRevise, HoldReviseParams, HoldWithdraw, HoldWithdrawParams, PublishAnswer,
    RpcError, SessionAsk, SessionAskParams, SessionNote, SessionNoteParams, SessionOpen, SessionOpenAnswer,
    SessionOpenParams, SessionPublish, SessionPublishParams, SessionReview, SessionReviewParams, SessionStop,
    SessionStopParams, SessionSubscribeAnswer, frame,
};

/// A call for the core, read and checked as far as that needs no session.
#[derive(Debug)]
pub(super) enum Wish {
    OpenSession(SessionOpenParams),
    Publish(Published),
    OpenHold(Box<HoldOpenParams>),
    ReviseHold(Box<HoldReviseParams>),
    Withdraw(HoldWithdrawParams),
    Redeem(GrantRedeemParams),
    Report(Box<ExecutionReportParams>),
    Decide(HoldDecideParams),
    Review(SessionReviewParams),
    Ask(SessionAskParams),
    Note(SessionNoteParams),
    Stop(SessionStopParams),
}

impl Wish {
    /// Reads a call; `None` when it is none of the core's.
    pub(super) fn read(method: &str, params: &RawValue) -> Option<crate::domain::Result<Self>> {
        Some(match method {
            SessionOpen::METHOD => frame::read(method, params).map(Self::OpenSession),
            SessionPublish::METHOD => frame::read::<SessionPublishParams>(method, params)
                .and_then(publish::check)
                .map(Self::Publish),
            HoldOpen::METHOD => frame::read(method, params).map(Self::OpenHold),
            HoldRevise::METHOD => frame::read(method, params).map(Self::ReviseHold),
            HoldWithdraw::METHOD => frame::read(method, params).map(Self::Withdraw),
            GrantRedeem::METHOD => frame::read(method, params).map(Self::Redeem),
            ExecutionReport::METHOD => frame::read(method, params).map(Self::Report),
            HoldDecide::METHOD => frame::read(method, params).map(Self::Decide),
            SessionReview::METHOD => frame::read(method, params).map(Self::Review),
            SessionAsk::METHOD => frame::read(method, params).map(Self::Ask),
            SessionNote::METHOD => frame::read(method, params).map(Self::Note),
            SessionStop::METHOD => frame::read(method, params).map(Self::Stop),
            _ => return None,
        })
    }
}

/// A wish with its sender.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) from: ConnId,
    pub(super) actor: Arc<Actor>,
    pub(super) wish: Wish,
    pub(super) reply: Reply,
}

/// Every answer that a call can get.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Answer {
    BlobPut(BlobPutAnswer),
    BlobGet(BlobGetAnswer),
    Session(SessionOpenAnswer),
    Published(PublishAnswer),
    Hold(HoldAnswer),
    Redeemed(GrantRedeemAnswer),
    Decided(HoldDecideAnswer),
    Subscribed(SessionSubscribeAnswer),
    Done(Done),
}

/// What came of a call.
pub(super) type Outcome = Result<Answer, RpcError>;

/// The way back to a connection: a place in its outbox, taken before the call went in, so that answering never waits.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: u64,
    pub(super) place: OwnedPermit<super::outbox::Out>,
}

impl Reply {
    /// Answers. That the connection is gone changes nothing.
    pub(super) fn send(self, outcome: Outcome) {
        self.place.send(super::outbox::Out::Answer { id: self.id, outcome });
    }
}
