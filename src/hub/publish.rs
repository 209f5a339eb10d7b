//! What an agent may say: checks of published events that need no session.

use serde_json::value::RawValue;

use crate::domain::{ClientKey, Digest, Error, Kind, Payload, Result, SessionId};
use crate::session::Body;
use crate::wire::{ClientEvent, SessionPublishParams, limits};

/// Longest name of an event type.
const TYPE_MAX_BYTES: usize = 64;
/// Types that the hub or people make; nobody else may make one, nor a new one beside them.
const RESERVED: &[&str] = &[
    "action.",
    "assessment.",
    "execution.",
    "grant.",
    "hold.",
    "hub.",
    "note.",
    "policy.",
    "question.",
    "review.",
    "verification.",
    "vote.",
];
/// Further single types of the hub and of people.
const RESERVED_TYPES: &[&str] = &["session.opened", "stop.requested"];

/// Events that were read and may be appended.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) session: SessionId,
    pub(super) events: Vec<(ClientKey, Body)>,
}

impl Published {
    /// Payloads that the events refer to.
    pub(super) fn blobs(&self) -> impl Iterator<Item = (Digest, u64)> {
        self.events.iter().filter_map(|(_, body)| match output(body) {
            Some(Payload::Blob { sha256, bytes }) => Some((*sha256, *bytes)),
            Some(Payload::Text(_)) | None => None,
        })
    }
}

/// Reads published events; the first that cannot be taken in refuses them all.
pub(super) fn check(params: SessionPublishParams) -> Result<Published> {
    if params.events.len() > limits::PUBLISH_MAX_EVENTS {
        let many = params.events.len();
        return Err(Error::new(
            Kind::TooLarge,
            format!("{many} events in one call; at most {}", limits::PUBLISH_MAX_EVENTS),
        )
        .hint("publish them in several calls"));
    }
    let read = |(index, event): (usize, ClientEvent)| {
        let ClientEvent { id, r#type, body } = event;
        match read(&r#type, body) {
            Ok(body) => Ok((id, body)),
            Err(error) => Err(error.within(&format!("event {index} ({id})"))),
        }
    };
    let events = params.events.into_iter().enumerate().map(read).collect::<Result<_>>()?;
    Ok(Published { session: params.session, events })
}

fn read(type_name: &str, json: Box<RawValue>) -> Result<Body> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if type_name.is_empty() || type_name.len() > TYPE_MAX_BYTES || !type_name.bytes().all(plain) {
        return Err(Error::invalid(format!(
            "this is not the name of an event type: \"{}\"",
            type_name.chars().take(40).collect::<String>().escape_default()
        ))
        .hint(format!("1 to {TYPE_MAX_BYTES} of a-z, 0-9 and ._-")));
    }
    if RESERVED.iter().any(|prefix| type_name.starts_with(prefix)) || RESERVED_TYPES.contains(&type_name) {
        return Err(Error::new(Kind::Forbidden, format!("an agent cannot publish {type_name}"))
            .hint("holds, decisions and runs have calls of their own; the rest is for people and the hub"));
    }
    let body = Body::parse(type_name, one_line(json)?)?;
    if let Some(Payload::Text(text)) = output(&body)
        && text.len() > limits::INLINE_MAX_BYTES
    {
        return Err(Error::new(
            Kind::TooLarge,
            format!(
                "an output of {} bytes does not go into an event; at most {}",
                text.len(),
                limits::INLINE_MAX_BYTES
            ),
        )
        .hint("store it with blob/put and publish its digest"));
    }
    Ok(body)
}

fn output(body: &Body) -> Option<&Payload> {
    if let Body::ToolReturned(returned) = body { Some(&returned.output) } else { None }
}

/// The same JSON without line breaks, which can only stand between its tokens: a recording has one event a line.
fn one_line(json: Box<RawValue>) -> Result<Box<RawValue>> {
    if json.get().bytes().any(|b| matches!(b, b'\n' | b'\r')) {
        return Ok(RawValue::from_string(json.get().replace(['\n', '\r'], " "))?);
    }
    Ok(json)
}
