//! The protocol reference, made from the types.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{METHODS, PROTOCOL_VERSION, SUBPROTOCOL, call, limits};
use crate::session::Body;

/// The JSON Schema of every parameter, answer, notification and event body.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    call::register(&mut generator);
    let events: serde_json::Map<String, Value> = Body::schemas(&mut generator)
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema.into()))
        .collect();
    let methods: serde_json::Map<String, Value> = METHODS
        .iter()
        .map(|method| {
            let reference = |ty: &str| json!({ "$ref": format!("#/$defs/{ty}") });
            let mut row = json!({ "from": method.from, "description": method.does, "params": reference(method.params) });
            if !method.answer.is_empty() {
                row["answer"] = reference(method.answer);
            }
            (method.name.to_owned(), row)
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SUBPROTOCOL,
        "version": PROTOCOL_VERSION,
        "methods": methods,
        "events": events,
        "$defs": generator.take_definitions(true),
    })
}

/// The reference for people, as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    out.push_str("\n## Calls and notifications\n\n| from | method | does |\n|---|---|---|\n");
    for method in METHODS {
        let _ = writeln!(out, "| {} | `{}` | {} |", method.from, method.name, method.does);
    }
    out.push_str("\n## Events\n\n| type | what happened |\n|---|---|\n");
    for (name, doc) in Body::TYPES {
        let _ = writeln!(out, "| `{name}` | {doc} |");
    }
    let _ = writeln!(out, "\n## Limits\n\n| limit | value |\n|---|---|");
    for (name, value) in [
        ("message and frame", format!("{} KiB", limits::MESSAGE_MAX_BYTES / 1024)),
        (
            "payload inside an event; larger ones are blobs",
            format!("{} KiB", limits::INLINE_MAX_BYTES / 1024),
        ),
        ("blob", format!("{} MiB", limits::BLOB_MAX_BYTES / 1024 / 1024)),
        ("piece of a blob", format!("{} KiB", limits::BLOB_PIECE_MAX_BYTES / 1024)),
        ("events in one publish", limits::PUBLISH_MAX_EVENTS.to_string()),
        ("action", format!("{} KiB", crate::domain::ACTION_MAX_BYTES / 1024)),
        ("ping after", format!("{} s", limits::PING_AFTER_MS / 1000)),
        ("stale after", format!("{} s", limits::STALE_AFTER_MS / 1000)),
        ("hold stays open, default / longest", {
            format!("{} min / {} h", limits::HOLD_TTL_MS / 60_000, limits::HOLD_TTL_MAX_MS / 3_600_000)
        }),
        ("approval can be redeemed", format!("{} s", crate::session::command::GRANT_TTL_MS / 1000)),
    ] {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    out
}

const INTRODUCTION: &str = "\
<!-- Made from the types in src/wire and src/session by `HOLDPOINT_WRITE=1 cargo test --test protocol`. -->
# Protocol `holdpoint.v1`

One WebSocket, JSON-RPC 2.0 in text frames, camelCase. The first call is `hello`; its answer says where the record ends
and who the hub takes you for. `docs/protocol.schema.json` holds every type.

- **Order.** Each session numbers its events 1, 2, 3 …; a jump is a gap and shown as one. Beside it every event has a
  position in the whole record, so that one cursor `{epoch, pos}` resumes a subscription to many sessions.
- **Durable first.** Nothing is answered or sent on before it is on disk. A call may be repeated: keys, event ids,
  nonces and the decision itself make the repetition harmless. Notes and questions are the exception: sent twice, they
  stand there twice.
- **One outcome.** `hold.closed` comes once per hold. A decision names revision and digest; what is refused says why in
  `error.data` (`kind`, `hint`, and for a hold that was closed already `closed: {outcome, by, at}`).
- **The answer to `session/subscribe`** comes before the events that it brings.
- **Unknown event types** are kept, shown as such, and never fatal.
";
