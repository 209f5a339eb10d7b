//! The envelope of everything that can happen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Body, RawBody};
use crate::domain::{Actor, SessionId, Timestamp};

/// The version of the envelope that this program writes.
pub const EVENT_VERSION: u16 = 1;

/// One thing that happened in a session. `seq`, `at` and `actor` are the hub's.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Version of the envelope.
    pub v: u16,
    /// Which session.
    pub session: SessionId,
    /// Position within the session: 1, 2, 3 … without a gap.
    pub seq: u64,
    /// When the hub put it in order.
    pub at: Timestamp,
    /// Who did it, from the authenticated connection.
    pub actor: Actor,
    /// What happened.
    pub body: Body,
}

/// The envelope as it stands on the wire and in the ledger.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event")]
struct Written<'a> {
    v: u16,
    session: &'a SessionId,
    seq: u64,
    at: Timestamp,
    actor: &'a Actor,
    /// Dotted, past tense.
    r#type: &'a str,
    /// As the type says.
    #[schemars(with = "serde_json::Value")]
    body: Box<RawValue>,
}

/// The same, read. Owned, because a frame's text does not outlive its parsing.
#[derive(Deserialize)]
struct Read {
    v: u16,
    session: SessionId,
    seq: u64,
    at: Timestamp,
    actor: Actor,
    r#type: String,
    body: Box<RawValue>,
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let body = self.body.to_raw().map_err(serde::ser::Error::custom)?;
        let (session, actor, ty) = (&self.session, &self.actor, self.body.type_name());
        Written { v: self.v, session, seq: self.seq, at: self.at, actor, r#type: ty, body }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::deserialize(deserializer)?;
        // What a newer envelope means is not guessed at.
        let body = if read.v > EVENT_VERSION {
            Body::Unknown(RawBody { type_name: read.r#type.into(), json: read.body })
        } else {
            Body::read(&read.r#type, read.body)
        };
        Ok(Self { v: read.v, session: read.session, seq: read.seq, at: read.at, actor: read.actor, body })
    }
}

impl JsonSchema for Event {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Written::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}
