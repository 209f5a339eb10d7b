//! Whether what a proposal is aimed at has to do with the alert.

use crate::domain::Untrusted;

use super::world::Upstream;

/// How a proposal's target relates to the alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// No target is known.
    NoTarget,
    /// It alerts, or is on one path of calls with what does.
    Inside,
    /// It is not: an override needs a reason.
    Outside,
    /// No topology, or no known entity in the alert.
    CannotTell,
}

pub(super) fn of(upstream: &Upstream, alerting: &[Untrusted], targets: &[Untrusted]) -> Scope {
    if targets.is_empty() {
        return Scope::NoTarget;
    }
    if !alerting.is_empty() && targets.iter().all(|target| alerting.contains(target)) {
        return Scope::Inside;
    }
    if alerting.is_empty() || !upstream.is_known() {
        return Scope::CannotTell;
    }
    let inside = targets.iter().all(|target| upstream.related(target, alerting));
    if inside { Scope::Inside } else { Scope::Outside }
}
