//! The event vocabulary: what can happen, one type a thing, named as on the wire.
//!
//! A type that this program does not know, or whose body it cannot read, is kept as it came ([`Body::Unknown`]) and
//! shown as such: an older cockpit must not go blind because a newer hub speaks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::{
    Alert, AlertState, CallId, ClientKey, Digest, Error, Evidence, GrantId, HoldId, Hypothesis, Outcome,
    Payload, Proposal, Result, Sample, Timestamp, Untrusted, Verdict,
};

/// A body of unknown meaning, kept byte for byte.
#[derive(Clone, Debug)]
pub struct RawBody {
    /// The type as it came.
    pub type_name: Untrusted,
    /// The JSON as it came.
    pub json: Box<RawValue>,
}

impl PartialEq for RawBody {
    fn eq(&self, other: &Self) -> bool {
        self.type_name == other.type_name && self.json.get() == other.json.get()
    }
}

/// Declares the vocabulary once: the enum, its names, its reader and its schema.
macro_rules! vocabulary {
    ($($name:literal => $variant:ident: $doc:literal { $($(#[$meta:meta])* $field:ident: $ty:ty),* $(,)? })*) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase")]
            pub struct $variant { $($(#[$meta])* pub $field: $ty),* }

            impl From<$variant> for Body {
                fn from(body: $variant) -> Self {
                    Self::$variant(body)
                }
            }
        )*

        /// What happened.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Body {
            $(#[doc = $doc] $variant($variant),)*
            /// Something that this version does not know: kept, shown, never fatal.
            Unknown(RawBody),
        }

        impl Body {
            /// Every type this version knows, with what it means.
            pub const TYPES: &'static [(&'static str, &'static str)] = &[$(($name, $doc)),*];

            /// The dotted, past-tense name. Outside text when the type is unknown.
            pub fn type_name(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)*
                    Self::Unknown(raw) => raw.type_name.expose(),
                }
            }

            /// Reads a body strictly.
            ///
            /// # Errors
            /// `Kind::Invalid` when the type is known and the body is not what it asks for.
            pub fn parse(type_name: &str, json: Box<RawValue>) -> Result<Self> {
                match type_name {
                    $($name => serde_json::from_str(json.get())
                        .map(Self::$variant)
                        .map_err(|e| Error::from(e).within($name)),)*
                    other => Ok(Self::Unknown(RawBody { type_name: other.into(), json })),
                }
            }

            /// The body as JSON text.
            ///
            /// # Errors
            /// None in practice: every type is plain data.
            pub fn to_raw(&self) -> serde_json::Result<Box<RawValue>> {
                match self {
                    $(Self::$variant(body) => serde_json::value::to_raw_value(body),)*
                    Self::Unknown(raw) => Ok(raw.json.clone()),
                }
            }

            /// The JSON Schema of every type, by name.
            pub fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
                vec![$(($name, generator.subschema_for::<$variant>())),*]
            }
        }
    };
}

impl Body {
    /// Reads a body; what cannot be read is kept as unknown.
    #[must_use]
    pub fn read(type_name: &str, json: Box<RawValue>) -> Self {
        let kept = RawBody { type_name: type_name.into(), json: json.clone() };
        Self::parse(type_name, json).unwrap_or(Self::Unknown(kept))
    }
}

vocabulary! {
    "session.opened" => SessionOpened: "An investigation began." {
        /// One line, for example `INC-4231 checkout-api 5xx ratio`.
        title: Untrusted,
        /// Where it came from: `gate`, `codex`, `demo` …
        source: Untrusted,
    }
    "alert.observed" => AlertObserved: "What paged somebody, as first seen." {
        /// As the source gave it.
        alert: Alert,
    }
    "alert.changed" => AlertChanged: "A new reading of the alert's value, or a new state." {
        /// The reading.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sample: Option<Sample>,
        /// The state.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<AlertState>,
    }
    "agent.joined" => AgentJoined: "An agent or sub-agent takes part." {
        /// Its name.
        name: Untrusted,
        /// Who started it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<Untrusted>,
        /// What it can do without asking, in one sentence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unasked: Option<Untrusted>,
        /// Whether a stop can reach it.
        #[serde(default)]
        stoppable: bool,
    }
    "agent.left" => AgentLeft: "It no longer takes part." {
        /// Its name.
        name: Untrusted,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Untrusted>,
    }
    "message.said" => MessageSaid: "Words: an agent's, or those given to it." {
        /// The words.
        text: Untrusted,
        /// Who said it, where that is not the connection itself, for example a sub-agent or `user`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Untrusted>,
    }
    "tool.called" => ToolCalled: "The agent asked a tool." {
        /// Which call.
        call: CallId,
        /// Which tool.
        tool: Untrusted,
        /// The query, command line or arguments as one text.
        input: Untrusted,
        /// Which sub-agent asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Untrusted>,
    }
    "tool.returned" => ToolReturned: "The tool answered; the output is whole, because citations are checked against it." {
        /// Which call.
        call: CallId,
        /// The whole output.
        output: Payload,
        /// Whether the tool failed.
        #[serde(default)]
        failed: bool,
        /// Whether the source itself had cut it before publishing.
        #[serde(default)]
        truncated: bool,
    }
    "hypothesis.stated" => HypothesisStated: "A new explanation." {
        /// The explanation.
        hypothesis: Hypothesis,
    }
    "hypothesis.revised" => HypothesisRevised: "The same explanation, seen differently." {
        /// The explanation.
        hypothesis: Hypothesis,
    }
    "evidence.cited" => EvidenceCited: "A citation for or against a hypothesis." {
        /// The citation.
        evidence: Evidence,
    }
    "action.proposed" => ActionProposed: "An action that waits for a person." {
        /// Which hold.
        hold: HoldId,
        /// Of the action's bytes.
        digest: Digest,
        /// The action and the words about it.
        proposal: Proposal,
    }
    "action.revised" => ActionRevised: "The same hold asks about something else now; earlier votes are void." {
        /// Which hold.
        hold: HoldId,
        /// Which revision.
        revision: u32,
        /// Of the action's bytes.
        digest: Digest,
        /// The action and the words about it.
        proposal: Proposal,
        /// When it ends by itself.
        expires_at: Timestamp,
    }
    "action.withdrawn" => ActionWithdrawn: "The proposer took it back." {
        /// Which hold.
        hold: HoldId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Untrusted>,
    }
    "review.made" => ReviewMade: "A person says: I have looked." {}
    "question.asked" => QuestionAsked: "A person asks the agent for more." {
        /// About which hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<HoldId>,
        /// The words.
        text: Untrusted,
    }
    "hold.opened" => HoldOpened: "A hold point is reached: nothing happens until a person answers." {
        /// Which hold.
        hold: HoldId,
        /// Which revision.
        revision: u32,
        /// Of the action's bytes.
        digest: Digest,
        /// When it ends by itself.
        expires_at: Timestamp,
    }
    "vote.cast" => VoteCast: "A person's verdict on one revision." {
        /// Which hold.
        hold: HoldId,
        /// Which revision.
        revision: u32,
        /// Of the action's bytes.
        digest: Digest,
        /// What they said.
        verdict: Verdict,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Untrusted>,
        /// The client's key for the decision.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<ClientKey>,
    }
    "hold.closed" => HoldClosed: "The one outcome of a hold; the event's actor is who brought it about." {
        /// Which hold.
        hold: HoldId,
        /// Which revision.
        revision: u32,
        /// Of the action's bytes.
        digest: Digest,
        /// The outcome.
        outcome: Outcome,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Untrusted>,
    }
    "grant.issued" => GrantIssued: "The single-use authority to run exactly the approved bytes." {
        /// Which grant.
        grant: GrantId,
        /// Which hold.
        hold: HoldId,
        /// Of the action's bytes.
        digest: Digest,
        /// When it ends by itself.
        expires_at: Timestamp,
    }
    "grant.redeemed" => GrantRedeemed: "Used up, durably, before the run." {
        /// Which grant.
        grant: GrantId,
        /// Which hold.
        hold: HoldId,
        /// The gate's own number for this redemption: its repetition gets the same answer, another's is refused.
        nonce: ClientKey,
    }
    "grant.revoked" => GrantRevoked: "Void before it was used." {
        /// Which grant.
        grant: GrantId,
        /// Which hold.
        hold: HoldId,
        /// Why.
        reason: Untrusted,
    }
    "execution.started" => ExecutionStarted: "The process exists." {
        /// Which hold.
        hold: HoldId,
        /// The process id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
    }
    "execution.finished" => ExecutionFinished: "It ended." {
        /// Which hold.
        hold: HoldId,
        /// Exit status; absent when a signal ended it or the agent did not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// Of standard output, whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stdout_sha256: Option<Digest>,
        /// Of standard error, whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stderr_sha256: Option<Digest>,
        /// Bytes of both.
        #[serde(default)]
        output_bytes: u64,
        /// The last lines of the output, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tail: Option<Untrusted>,
    }
    "execution.refused" => ExecutionRefused: "The gate did not start it, although it was approved: something had changed." {
        /// Which hold.
        hold: HoldId,
        /// Why.
        reason: Untrusted,
    }
    "execution.lost" => ExecutionLost: "Nobody can tell whether it ran. It will not be started again." {
        /// Which hold.
        hold: HoldId,
        /// Why.
        reason: Untrusted,
    }
    "stop.requested" => StopRequested: "A person wants the investigation to end." {
        /// 1 revokes and interrupts the agent, 2 also interrupts what runs, 3 kills it.
        level: u8,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Untrusted>,
    }
    "stop.confirmed" => StopConfirmed: "What a stop achieved, said by whoever carried it out." {
        /// One sentence.
        what: Untrusted,
        /// Whether nothing of it runs any more; absent when that cannot be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dead: Option<bool>,
    }
    "note.added" => NoteAdded: "A person's note." {
        /// The words.
        text: Untrusted,
    }
    "session.closed" => SessionClosed: "The investigation is over." {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Untrusted>,
    }
}
