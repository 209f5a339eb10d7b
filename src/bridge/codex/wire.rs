//! The frames of Codex' app-server: JSON-RPC without the `jsonrpc` field.
//!
//! Text in, text out. What the messages mean is the business of the other files here.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::{Error, Result, Untrusted};

/// The number (or name) of a request of Codex'. The first is 0; it means nothing outside its connection's server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum RequestId {
    Number(i64),
    Name(String),
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(&Untrusted::from(name.as_str()).escaped()),
        }
    }
}

/// What a frame is.
#[derive(Debug)]
pub(super) enum Frame {
    /// Codex asks, and waits.
    Request { id: RequestId, method: String, params: Box<RawValue> },
    /// Codex tells.
    Notification { method: String, params: Box<RawValue> },
    /// Codex answers one of our calls.
    Response { id: RequestId, outcome: std::result::Result<Box<RawValue>, Failure> },
}

/// Why Codex did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Failure {
    pub(super) code: i64,
    pub(super) message: Untrusted,
}

#[derive(Deserialize)]
struct Loose {
    id: Option<RequestId>,
    method: Option<String>,
    params: Option<Box<RawValue>>,
    result: Option<Box<RawValue>>,
    error: Option<Failure>,
}

impl Frame {
    /// Reads a frame.
    ///
    /// # Errors
    /// `Kind::Invalid` when the text is none of the three forms.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let loose: Loose = serde_json::from_str(text).map_err(|e| Error::from(e).within("Codex"))?;
        let params = |params: Option<Box<RawValue>>| params.unwrap_or_else(|| RawValue::NULL.to_owned());
        match (loose.id, loose.method, loose.result, loose.error) {
            (Some(id), Some(method), ..) => Ok(Self::Request { id, method, params: params(loose.params) }),
            (None, Some(method), ..) => Ok(Self::Notification { method, params: params(loose.params) }),
            (Some(id), None, _, Some(error)) => Ok(Self::Response { id, outcome: Err(error) }),
            (Some(id), None, Some(result), None) => Ok(Self::Response { id, outcome: Ok(result) }),
            // A result of `null` is read as none at all.
            (Some(id), None, None, None) => Ok(Self::Response { id, outcome: Ok(RawValue::NULL.to_owned()) }),
            (None, None, ..) => Err(Error::invalid("Codex sent a frame that is no message of JSON-RPC")),
        }
    }
}

/// One of our calls as text.
pub(super) fn call(id: i64, method: &str, params: &Value) -> String {
    serde_json::json!({ "id": id, "method": method, "params": params }).to_string()
}

/// One of our notifications as text.
pub(super) fn notification(method: &str) -> String {
    serde_json::json!({ "method": method }).to_string()
}

/// Our answer to a request as text.
pub(super) fn answer(id: &RequestId, result: &Value) -> String {
    serde_json::json!({ "id": id, "result": result }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_zero_is_a_request_and_not_an_answer() {
        let text = r#"{"method":"item/fileChange/requestApproval","id":0,"params":{"itemId":"c1"}}"#;
        let Frame::Request { id, method, params } = Frame::parse(text).unwrap() else { panic!("{text}") };
        assert_eq!((id, method.as_str()), (RequestId::Number(0), "item/fileChange/requestApproval"));
        assert_eq!(params.get(), r#"{"itemId":"c1"}"#, "the exact text is kept");
    }

    #[test]
    fn the_three_forms_are_told_apart_without_the_version_field() {
        assert!(matches!(
            Frame::parse(r#"{"method":"turn/started","params":{},"emittedAtMs":1}"#).unwrap(),
            Frame::Notification { .. }
        ));
        assert!(matches!(
            Frame::parse(r#"{"id":4,"result":{}}"#).unwrap(),
            Frame::Response { id: RequestId::Number(4), outcome: Ok(_) }
        ));
        let Frame::Response { outcome: Err(failure), .. } =
            Frame::parse(r#"{"error":{"code":-32600,"message":"no active turn"},"id":"x"}"#).unwrap()
        else {
            panic!("an error is an answer")
        };
        assert_eq!(failure.message.expose(), "no active turn");
        for bad in ["", "[]", "{}", r#"{"params":{}}"#, "{\"id\":1.5}"] {
            assert!(Frame::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_sent_has_no_version_field_and_keeps_the_number_it_answers() {
        let text = answer(&RequestId::Number(0), &serde_json::json!({ "decision": "decline" }));
        assert_eq!(text, r#"{"id":0,"result":{"decision":"decline"}}"#);
        assert!(!call(1, "thread/loaded/list", &serde_json::json!({})).contains("jsonrpc"));
    }
}
