//! Every call and notification, with its parameters and its answer.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::{
    Actor, Alert, ClientKey, Digest, GrantId, HoldId, Outcome, Proposal, Role, SessionId, Timestamp,
    Untrusted, Verdict,
};
use crate::session::{Event, ExecutionFinished};

/// A call: its name on the wire, what it takes and what it answers.
pub trait Call {
    /// The JSON-RPC method.
    const METHOD: &'static str;
    /// What it takes.
    type Params: Serialize + DeserializeOwned + Send;
    /// What it answers.
    type Answer: Serialize + DeserializeOwned + Send;
}

/// A notification from the hub.
pub trait Note: Serialize + DeserializeOwned {
    /// The JSON-RPC method.
    const METHOD: &'static str;
}

/// One row of the protocol reference.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Who sends it: `both`, `agent`, `person` or `hub`.
    pub from: &'static str,
    /// Its name on the wire.
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
    /// The type of its parameters.
    pub params: &'static str,
    /// The type of its answer; empty for a notification.
    pub answer: &'static str,
}

macro_rules! calls {
    (calls { $($call:ident($params:ident) -> $answer:ident, $from:literal, $method:literal: $does:literal;)* }
     notes { $($note:ident, $note_method:literal: $note_does:literal;)* }) => {
        $(
            #[doc = $does]
            #[derive(Clone, Copy, Debug)]
            pub struct $call;
            impl Call for $call {
                const METHOD: &'static str = $method;
                type Params = $params;
                type Answer = $answer;
            }
        )*
        $(impl Note for $note { const METHOD: &'static str = $note_method; })*

        /// Every method, for the reference and for the hub's table.
        pub const METHODS: &[Method] = &[
            $(Method { from: $from, name: $method, does: $does, params: stringify!($params), answer: stringify!($answer) },)*
            $(Method { from: "hub", name: $note_method, does: $note_does, params: stringify!($note), answer: "" },)*
        ];

        pub(super) fn register(generator: &mut schemars::SchemaGenerator) {
            $(generator.subschema_for::<$params>(); generator.subschema_for::<$answer>();)*
            $(generator.subschema_for::<$note>();)*
        }
    };
}

calls! {
    calls {
    Hello(HelloParams) -> HelloAnswer, "both", "hello": "Signs in; must be the first call.";
    BlobPut(BlobPutParams) -> BlobPutAnswer, "both", "blob/put": "Stores a payload above 64 KiB, piece by piece; the last piece must complete the digest.";
    BlobGet(BlobGetParams) -> BlobGetAnswer, "both", "blob/get": "Reads a piece of a stored payload.";
    SessionOpen(SessionOpenParams) -> SessionOpenAnswer, "agent", "session/open": "Opens a session, or resumes the one of the same key.";
    SessionPublish(SessionPublishParams) -> PublishAnswer, "agent", "session/publish": "Appends events; an event id that was taken in before is not taken in again.";
    HoldOpen(HoldOpenParams) -> HoldAnswer, "agent", "hold/open": "Asks a person. The answer arrives as an event, however long it takes. Repeating it with the same key attaches again.";
    HoldRevise(HoldReviseParams) -> HoldAnswer, "agent", "hold/revise": "Asks about something else under the same hold; earlier votes are void.";
    HoldWithdraw(HoldWithdrawParams) -> Done, "agent", "hold/withdraw": "Takes it back, or says that it was answered in the agent's own interface.";
    GrantRedeem(GrantRedeemParams) -> GrantRedeemAnswer, "agent", "grant/redeem": "Uses up the authority to run, durably, before the run.";
    ExecutionReport(ExecutionReportParams) -> Done, "agent", "execution/report": "Says what became of the run.";
    SessionSubscribe(SessionSubscribeParams) -> SessionSubscribeAnswer, "both", "session/subscribe": "History from a position, then what happens, without a gap. Replaces an earlier subscription of the connection.";
    HoldDecide(HoldDecideParams) -> HoldDecideAnswer, "person", "hold/decide": "Approves or denies one revision of one hold. A repetition gets the same answer; a loser is told winner, verdict and time.";
    SessionReview(SessionReviewParams) -> Done, "person", "session/review": "I have looked.";
    SessionAsk(SessionAskParams) -> Done, "person", "session/ask": "Asks the agent for more evidence.";
    SessionNote(SessionNoteParams) -> Done, "person", "session/note": "Adds a note to the record.";
    SessionStop(SessionStopParams) -> Done, "person", "session/stop": "Stops: 1 revokes and interrupts the agent, 2 also interrupts what runs, 3 kills it. Never queued behind anything.";
    PresenceSet(PresenceSetParams) -> Done, "person", "presence/set": "What I look at. Never recorded.";
    }
    notes {
    EventsNote, "events": "What happened, in order.";
    PresenceNote, "presence": "Who looks at what, and which holds still have somebody waiting. Whole, after every change.";
    LaggedNote, "lagged": "This connection was too slow; what it missed follows from the record.";
    }
}

/// An answer that says only: done, durably.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Done {}

/// A place in the record: which history, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cursor {
    /// Names the history; another epoch means that the history is another one.
    pub epoch: u64,
    /// The record's position: each event of any session has one, rising. 0 is the beginning.
    pub pos: u64,
}

/// Signs in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelloParams {
    /// `PROTOCOL_VERSION`.
    pub version: u16,
    /// `agent` or `person`.
    pub role: Role,
    /// The credential's text.
    pub token: String,
    /// Who this is; on record as the actor of everything that this connection does.
    pub name: Untrusted,
    /// Program and version, for people.
    pub client: Untrusted,
}

/// Who the hub is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelloAnswer {
    /// The hub's name.
    pub hub: Untrusted,
    /// Where the record ends now.
    pub head: Cursor,
    /// Names this life of the hub; it never goes back.
    pub fence: u64,
    /// Who the hub takes this connection for.
    pub you: Actor,
    /// The hub's clock.
    pub now: Timestamp,
}

/// A piece of a blob, to be stored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BlobPutParams {
    /// Of the whole payload.
    pub sha256: Digest,
    /// Bytes of the whole payload.
    pub bytes: u64,
    /// Where this piece begins; pieces come in order.
    pub offset: u64,
    /// Standard base64.
    pub piece: String,
}

/// How far a blob is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlobPutAnswer {
    /// Bytes stored so far.
    pub stored: u64,
    /// Whether it is whole and its digest is right.
    pub complete: bool,
}

/// Which piece of a blob.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BlobGetParams {
    /// Of the whole payload.
    pub sha256: Digest,
    /// Where to begin.
    pub offset: u64,
}

/// A piece of a blob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlobGetAnswer {
    /// Bytes of the whole payload.
    pub bytes: u64,
    /// Standard base64; empty at the end.
    pub piece: String,
}

/// Opens or resumes a session.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionOpenParams {
    /// Names the investigation for its agent; the same key gives the same session.
    pub key: ClientKey,
    /// The wanted identifier; the hub picks one where it is absent. An existing session is joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// One line.
    pub title: Untrusted,
    /// Where it comes from: `gate`, `codex` …
    pub source: Untrusted,
    /// What paged somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alert>,
}

/// The session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionOpenAnswer {
    /// Its identifier.
    pub session: SessionId,
    /// Its last event.
    pub seq: u64,
    /// Whether it was there before.
    pub resumed: bool,
}

/// An event as an agent sends it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClientEvent {
    /// The agent's key for it, unique within the session.
    pub id: ClientKey,
    /// See the vocabulary; types that only the hub makes are refused.
    pub r#type: String,
    /// As the type says.
    #[schemars(with = "serde_json::Value")]
    pub body: Box<RawValue>,
}

/// Events to append.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionPublishParams {
    /// Where to.
    pub session: SessionId,
    /// In order; all or none are taken in.
    pub events: Vec<ClientEvent>,
}

/// Where the events ended up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PublishAnswer {
    /// The session's last event now.
    pub seq: u64,
    /// How many were new.
    pub appended: u32,
}

/// Asks a person.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldOpenParams {
    /// Where.
    pub session: SessionId,
    /// The same key gives the same hold.
    pub key: ClientKey,
    /// What is proposed.
    pub proposal: Proposal,
    /// How long it stays open, in milliseconds; the hub has a default and a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
}

/// The hold as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldAnswer {
    /// Its identifier.
    pub hold: HoldId,
    /// Its number within the session.
    pub number: u32,
    /// The current revision.
    pub revision: u32,
    /// As the hub computed it; the proposer compares.
    pub digest: Digest,
    /// When it closes by itself.
    pub expires_at: Timestamp,
}

/// Asks about something else.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldReviseParams {
    /// Where.
    pub session: SessionId,
    /// Which hold.
    pub hold: HoldId,
    /// What is proposed now.
    pub proposal: Proposal,
    /// As in `hold/open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
}

/// How a proposer ends its own hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Withdrawal {
    /// It takes it back.
    Withdrawn,
    /// Somebody answered in the agent's own interface.
    AnsweredElsewhere,
}

/// Ends one's own hold.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HoldWithdrawParams {
    /// Where.
    pub session: SessionId,
    /// Which hold.
    pub hold: HoldId,
    /// How.
    pub outcome: Withdrawal,
    /// Why, or how it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Untrusted>,
}

/// Uses up a grant.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GrantRedeemParams {
    /// Where.
    pub session: SessionId,
    /// Which hold.
    pub hold: HoldId,
    /// Which grant.
    pub grant: GrantId,
    /// Of what the gate is about to run, computed by the gate.
    pub digest: Digest,
    /// The gate's number for this redemption: its repetition gets the same answer.
    pub nonce: ClientKey,
}

/// The authority is used up; the gate may run, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GrantRedeemAnswer {
    /// When the hub recorded it.
    pub at: Timestamp,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum Report {
    /// The process exists.
    Started {
        /// Its process id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
    },
    /// It ended.
    Finished(ExecutionFinished),
    /// It was not started, because something had changed.
    Refused {
        /// What.
        reason: Untrusted,
    },
    /// Nobody can tell whether it ran.
    Lost {
        /// Why.
        reason: Untrusted,
    },
    /// What a stop achieved.
    Stopped {
        /// One sentence.
        what: Untrusted,
        /// Whether nothing of it runs any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dead: Option<bool>,
    },
}

/// Says what became of a run. Repeating it changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExecutionReportParams {
    /// Where.
    pub session: SessionId,
    /// Which hold.
    pub hold: HoldId,
    /// What.
    pub report: Report,
}

/// Which sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// Only these; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<SessionId>>,
}

/// Asks for events.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SessionSubscribeParams {
    /// Which.
    #[serde(default)]
    pub filter: Filter,
    /// From behind this position; absent means from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Cursor>,
}

/// From where the events will come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionSubscribeAnswer {
    /// Where the record ended when the subscription began: whoever has read up to it has caught up.
    pub head: Cursor,
    /// The wanted position belongs to another history: forget what you have, everything follows from the beginning.
    pub history_lost: bool,
}

/// A person's verdict.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HoldDecideParams {
    /// Where.
    pub session: SessionId,
    /// Which hold.
    pub hold: HoldId,
    /// The revision that was shown.
    pub revision: u32,
    /// As the decider's own program computed it from what it showed.
    pub digest: Digest,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Untrusted>,
    /// The client's key for this decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ClientKey>,
}

/// How the hold ended, durably.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldDecideAnswer {
    /// Its one outcome.
    pub outcome: Outcome,
    /// Who brought it about.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// The event's position in the session.
    pub seq: u64,
}

/// Which session was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionReviewParams {
    /// Which.
    pub session: SessionId,
}

/// A question to the agent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionAskParams {
    /// Where.
    pub session: SessionId,
    /// About which hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
    /// The question.
    pub text: Untrusted,
}

/// A note for the record.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionNoteParams {
    /// Where.
    pub session: SessionId,
    /// The note.
    pub text: Untrusted,
}

/// Stops a session.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionStopParams {
    /// Which.
    pub session: SessionId,
    /// 1 to 3; see the call.
    pub level: u8,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Untrusted>,
}

/// What I look at.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PresenceSetParams {
    /// The session on screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The sheet on screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
}

/// Events, in the record's order.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventsNote {
    /// Where the record stands behind the last of them.
    pub cursor: Cursor,
    /// The events. One whose envelope cannot be read is left out: the jump in its session's numbers shows it.
    #[serde(deserialize_with = "readable")]
    pub events: Vec<Event>,
}

/// Reads what can be read, so that one event of a newer hub does not cost the whole line.
fn readable<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Event>, D::Error> {
    let raw = Vec::<Box<RawValue>>::deserialize(deserializer)?;
    Ok(raw.iter().filter_map(|event| serde_json::from_str(event.get()).ok()).collect())
}

/// A person who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// Who.
    pub name: Untrusted,
    /// The session on their screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The sheet on their screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
}

/// Who is here now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceNote {
    /// Every signed-in person.
    pub people: Vec<Presence>,
    /// Holds whose proposer is connected: those that are open, and those whose run is not over.
    pub waiting: Vec<HoldId>,
}

/// What a slow connection missed on the live path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LaggedNote {
    /// How many events; they follow from the record.
    pub missed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_that_cannot_be_read_leaves_a_gap_and_does_not_cost_the_line() {
        let event = |seq: u64, role: &str| {
            format!(
                r#"{{"v":1,"session":"s","seq":{seq},"at":"2026-11-20T03:12:20.000Z","actor":{{"role":"{role}","name":"x"}},"type":"review.made","body":{{}}}}"#
            )
        };
        let (one, two, three) = (event(1, "person"), event(2, "auditor"), event(3, "person"));
        let text = format!(r#"{{"cursor":{{"epoch":1,"pos":3}},"events":[{one},{two},{three}]}}"#);
        let note: EventsNote = serde_json::from_str(&text).unwrap();
        assert_eq!(note.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 3]);
        let session = crate::session::Session::of(SessionId::new("s").unwrap(), &note.events);
        assert!(!session.is_whole(), "nothing is approved on what could not be read");
    }
}
