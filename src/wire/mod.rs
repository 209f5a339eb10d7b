//! Floor 4: what crosses the wire.
//!
//! JSON-RPC 2.0 text frames over one WebSocket, subprotocol [`SUBPROTOCOL`], camelCase. The types here are the truth;
//! `docs/protocol.md` and its JSON Schema are generated from them.
//!
//! Deliberately absent: sockets, authentication and any decision about what a call does.

mod call;
pub(crate) mod frame;
pub mod limits;
mod reference;

pub use call::{
    BlobGet, BlobGetAnswer, BlobGetParams, BlobPut, BlobPutAnswer, BlobPutParams, Call, ClientEvent, Cursor,
    Done, EventsNote, ExecutionReport, ExecutionReportParams, Filter, GrantRedeem, GrantRedeemAnswer,
    GrantRedeemParams, Hello, HelloAnswer, HelloParams, HoldAnswer, HoldDecide, HoldDecideAnswer,
    HoldDecideParams, HoldOpen, HoldOpenParams, HoldRevise, HoldReviseParams, HoldWithdraw,
    HoldWithdrawParams, LaggedNote, METHODS, Note, Presence, PresenceNote, PresenceSet, PresenceSetParams,
    PublishAnswer, Report, SessionAsk, SessionAskParams, SessionNote, SessionNoteParams, SessionOpen,
    SessionOpenAnswer, SessionOpenParams, SessionPublish, SessionPublishParams, SessionReview,
    SessionReviewParams, SessionStop, SessionStopParams, SessionSubscribe, SessionSubscribeAnswer,
    SessionSubscribeParams, Withdrawal,
};
pub use frame::{Closed, ErrorData, Frame, RpcError};
pub use reference::{markdown, schema};

/// The WebSocket subprotocol that both sides name.
pub const SUBPROTOCOL: &str = "holdpoint.v1";
/// The version in `hello`.
pub const PROTOCOL_VERSION: u16 = 1;
