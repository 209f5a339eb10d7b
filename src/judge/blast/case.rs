//! What an action is judged against.

use super::Rules;
use crate::domain::{Alert, Timestamp, Untrusted};
use crate::judge::world::World;

/// What an action is judged against. Everything in it was loaded by somebody else; nothing here reads or asks.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The rules.
    pub rules: &'a Rules,
    /// Services and inventory, each with its source and age.
    pub world: &'a World,
    /// The incident's alert, where there is one.
    pub alert: Option<&'a Alert>,
    /// What the agent says that the action touches; compared, never used.
    pub claim: Option<&'a Untrusted>,
    /// What `terraform show -json` prints of the plan that is applied, where somebody gave it.
    pub plan: Option<&'a str>,
    /// The time by which ages are counted.
    pub now: Timestamp,
}
