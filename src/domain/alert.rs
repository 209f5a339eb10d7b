//! The original alert, which everything on screen is held against.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Timestamp, Untrusted};

/// Whether the alert still fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AlertState {
    /// It fires.
    #[default]
    Firing,
    /// It cleared.
    Resolved,
    /// It fires, and somebody muted it.
    Silenced,
}

/// What paged somebody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The rule's name, for example `CheckoutErrorRatioHigh`.
    pub name: Untrusted,
    /// One line for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Untrusted>,
    /// For example `SEV1` or `critical`, in the source's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Untrusted>,
    /// The alerting service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Untrusted>,
    /// Labels as the source gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<Untrusted, Untrusted>,
    /// When it began to fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// Above (or below) which value it fires, in `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The value's unit as shown behind it, for example `%` or `ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Untrusted>,
    /// Whether it still fires.
    #[serde(default)]
    pub state: AlertState,
}

/// One reading of the alert's value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// When it was true.
    pub at: Timestamp,
    /// The value, in the alert's unit.
    pub value: f64,
}
