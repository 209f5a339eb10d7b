//! JSON-RPC 2.0 frames.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::{Actor, Error, Kind, Outcome, Result, Timestamp, Untrusted};
use crate::session::Refusal;

/// What a text frame is.
#[derive(Debug)]
pub enum Frame {
    /// A call that wants an answer.
    Request {
        /// The caller's number for it.
        id: u64,
        /// Which call.
        method: String,
        /// Its parameters, not yet read.
        params: Box<RawValue>,
    },
    /// The answer to a call.
    Response {
        /// The caller's number.
        id: u64,
        /// What came of it.
        outcome: std::result::Result<Box<RawValue>, RpcError>,
    },
    /// Something that wants no answer.
    Notification {
        /// Which.
        method: String,
        /// Its parameters, not yet read.
        params: Box<RawValue>,
    },
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RpcError {
    /// JSON-RPC's number.
    pub code: i32,
    /// What happened, in one clause.
    pub message: String,
    /// The same for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<ErrorData>,
}

/// The machine-readable part of an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorData {
    /// What sort.
    pub kind: Kind,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where a hold was already closed: how, by whom, when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
}

/// How a hold ended, told to whoever came too late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Closed {
    /// Its one outcome.
    pub outcome: Outcome,
    /// Who brought it about.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

#[derive(Deserialize)]
struct Loose {
    id: Option<u64>,
    method: Option<String>,
    params: Option<Box<RawValue>>,
    result: Option<Box<RawValue>>,
    error: Option<RpcError>,
}

impl Frame {
    /// Reads a frame.
    ///
    /// # Errors
    /// `Kind::Invalid` when the text is not one of JSON-RPC's three forms.
    pub fn parse(text: &str) -> Result<Self> {
        let loose: Loose = serde_json::from_str(text)?;
        let params = |params: Option<Box<RawValue>>| params.unwrap_or_else(empty_object);
        match (loose.id, loose.method, loose.result, loose.error) {
            (Some(id), Some(method), None, None) => {
                Ok(Self::Request { id, method, params: params(loose.params) })
            }
            (None, Some(method), None, None) => {
                Ok(Self::Notification { method, params: params(loose.params) })
            }
            (Some(id), None, Some(result), None) => Ok(Self::Response { id, outcome: Ok(result) }),
            (Some(id), None, None, Some(error)) => Ok(Self::Response { id, outcome: Err(error) }),
            _ => Err(Error::invalid("a frame must be a JSON-RPC request, response or notification")),
        }
    }

    /// A request as text.
    pub fn request(id: u64, method: &str, params: &impl Serialize) -> Result<String> {
        #[derive(Serialize)]
        struct Written<'a, P> {
            jsonrpc: &'a str,
            id: u64,
            method: &'a str,
            params: &'a P,
        }
        Ok(serde_json::to_string(&Written { jsonrpc: "2.0", id, method, params })?)
    }

    /// An answer as text.
    pub fn response(id: u64, outcome: std::result::Result<&RawValue, &RpcError>) -> Result<String> {
        #[derive(Serialize)]
        struct Written<'a> {
            jsonrpc: &'a str,
            id: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            result: Option<&'a RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'a RpcError>,
        }
        let (result, error) = (outcome.ok(), outcome.err());
        Ok(serde_json::to_string(&Written { jsonrpc: "2.0", id, result, error })?)
    }

    /// A notification as text.
    pub fn notification(method: &str, params: &impl Serialize) -> Result<String> {
        #[derive(Serialize)]
        struct Written<'a, P> {
            jsonrpc: &'a str,
            method: &'a str,
            params: &'a P,
        }
        Ok(serde_json::to_string(&Written { jsonrpc: "2.0", method, params })?)
    }
}

fn empty_object() -> Box<RawValue> {
    RawValue::from_string("{}".into()).unwrap_or_default()
}

/// Reads parameters or a result.
///
/// # Errors
/// `Kind::Invalid`, naming the call.
pub(crate) fn read<T: DeserializeOwned>(what: &str, json: &RawValue) -> Result<T> {
    serde_json::from_str(json.get()).map_err(|e| Error::from(e).within(what))
}

impl From<&Error> for RpcError {
    fn from(error: &Error) -> Self {
        let code = match error.kind() {
            Kind::Invalid | Kind::TooLarge => -32602,
            Kind::NotFound => -32001,
            Kind::Conflict => -32002,
            Kind::Forbidden => -32003,
            Kind::Unavailable => -32004,
            Kind::Internal => -32603,
        };
        let data = ErrorData { kind: error.kind(), hint: error.next().map(str::to_owned), closed: None };
        Self { code, message: error.message().to_owned(), data: Some(data) }
    }
}

impl From<&Refusal> for RpcError {
    fn from(refusal: &Refusal) -> Self {
        let mut rpc = Self::from(&Error::from(refusal.clone()));
        if let (Refusal::AlreadyClosed { outcome, by, at }, Some(data)) = (refusal, &mut rpc.data) {
            data.closed = Some(Closed { outcome: *outcome, by: by.clone(), at: *at });
        }
        rpc
    }
}

impl From<RpcError> for Error {
    fn from(rpc: RpcError) -> Self {
        let (kind, hint) = rpc.data.map_or((Kind::Internal, None), |data| (data.kind, data.hint));
        // Words from the other side: errors reach terminals that no cockpit guards.
        let plain = |text: String| Untrusted::from(text).escaped();
        let error = Self::new(kind, plain(rpc.message));
        match hint {
            Some(hint) => error.hint(plain(hint)),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    #[test]
    fn the_three_forms_are_told_apart_and_anything_else_is_refused() {
        let form = |text: &str| match Frame::parse(text) {
            Ok(Frame::Request { id, .. }) => format!("request {id}"),
            Ok(Frame::Response { id, outcome }) => format!("response {id} {}", outcome.is_ok()),
            Ok(Frame::Notification { method, .. }) => format!("notification {method}"),
            Err(error) => format!("{:?}", error.kind()),
        };
        assert_eq!(form(r#"{"jsonrpc":"2.0","id":0,"method":"hello","params":{}}"#), "request 0");
        assert_eq!(form(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#), "response 7 true");
        assert_eq!(
            form(r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}}"#),
            "response 7 false"
        );
        assert_eq!(form(r#"{"jsonrpc":"2.0","method":"events"}"#), "notification events");
        for bad in [
            "",
            "[]",
            "{}",
            "null",
            r#"{"id":1}"#,
            r#"{"id":-1,"method":"x"}"#,
            r#"{"id":1,"method":"x","result":1}"#,
            r#"{"id":1,"result":1,"error":{"code":1,"message":""}}"#,
            r#"{"id":1,"id":2,"method":"x"}"#,
        ] {
            assert_eq!(form(bad), "Invalid", "{bad}");
        }
    }

    #[test]
    fn frames_read_back_as_they_were_written() {
        let text = Frame::request(3, "hello", &serde_json::json!({"a": "\u{1b}"})).unwrap();
        let Frame::Request { id: 3, method, params } = Frame::parse(&text).unwrap() else { panic!("{text}") };
        assert_eq!((method.as_str(), params.get()), ("hello", r#"{"a":"\u001b"}"#));
        let text = Frame::notification("lagged", &serde_json::json!({"missed": 4})).unwrap();
        assert!(matches!(Frame::parse(&text).unwrap(), Frame::Notification { .. }));
    }

    #[test]
    fn a_request_carries_its_parameters_byte_for_byte_and_no_text_in_them_can_break_it() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        for json in [r#"{"b":1.0,"a":18446744073709551617,"a":2}"#, r#"{"n":1e999}"#, deep.as_str()] {
            let params = RawValue::from_string(json.to_owned()).unwrap();
            let text = Frame::request(1, "session/publish", &params).unwrap();
            assert!(text.contains(json), "{text}");
        }
    }

    #[test]
    fn a_loser_reads_winner_verdict_and_time_from_the_error() {
        let by = Actor::new(Role::Person, "li");
        let at = Timestamp::from_millis(1_795_192_249_382);
        let refusal = Refusal::AlreadyClosed { outcome: Outcome::Denied, by: by.clone(), at };
        let text = Frame::response(1, Err(&RpcError::from(&refusal))).unwrap();
        let Frame::Response { outcome: Err(error), .. } = Frame::parse(&text).unwrap() else {
            panic!("{text}")
        };
        assert_eq!(error.data.as_ref().unwrap().closed, Some(Closed { outcome: Outcome::Denied, by, at }));
        let shown = Error::from(error);
        assert_eq!(shown.kind(), Kind::Conflict);
        assert!(shown.message().contains("already denied by li at 2026-11-20T16:30:49.382Z"), "{shown}");
    }
}
