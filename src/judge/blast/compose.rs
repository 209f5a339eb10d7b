//! The findings of all parts put together: the worst of each, the rule that decided first.

use super::finding::{Finding, Undo};
use super::{Case, claim, reach};
use crate::domain::{
    ClaimVerdict, CredentialEffect, Credentials, Data, DataEffect, Estimate, Guard, Num, Parsed,
    Reversibility, Target, Tier, Untrusted,
};

/// How many targets, rules and reasons an estimate names.
const NAMED_MAX: usize = 64;

/// Puts findings together.
pub(super) fn estimate(mut found: Vec<Finding>, case: &Case<'_>) -> Estimate {
    if found.is_empty() {
        found.push(Finding::new(Tier::Ro, "nothing", "nothing would run"));
    }
    // What decides stands first; among equals what cannot be read, then the order of the action.
    found.sort_by_key(|finding| (std::cmp::Reverse(finding.tier), std::cmp::Reverse(finding.parsed)));
    let parsed = found.iter().map(|finding| finding.parsed).max().unwrap_or(Parsed::Full);
    let tier = found.iter().map(|finding| finding.tier).max().unwrap_or(Tier::HPlus);
    let why = found.iter().find(|finding| finding.parsed == parsed && parsed != Parsed::Full);
    let direct = targets(&found);
    let mut unknowns: Vec<Untrusted> =
        found.iter().filter_map(|finding| finding.unknown.as_deref().map(Untrusted::from)).collect();
    unknowns.dedup();
    let credentials = credentials(&found);
    let mut estimate = Estimate {
        action_sha256: None,
        parsed,
        parsed_reason: why.map(|finding| finding.unknown.as_ref().unwrap_or(&finding.reason).as_str().into()),
        tier,
        rule_ids: unique(found.iter().map(|finding| finding.rule.as_str())),
        reasons: unique(
            found.iter().filter(|finding| !finding.reason.is_empty()).map(|finding| finding.reason.as_str()),
        ),
        data: data(&found, &direct),
        direct,
        dependents: Vec::new(),
        pods: Num::unknown("pods"),
        nodes: Num::unknown("nodes"),
        traffic_share: Num::unknown("share"),
        users: Num::unknown("users"),
        credentials,
        reversibility: reversibility(&found, parsed),
        duration: Num::unknown("s"),
        guards: guards(&found),
        agent_claim: None,
        verdict: ClaimVerdict::Unclaimed,
        diffs: Vec::new(),
        unknowns,
    };
    if tier > Tier::Ro {
        reach::fill(&mut estimate, case);
    }
    claim::compare(&mut estimate, case.claim);
    estimate
}

/// Marks an estimate of an action that was not told whole.
pub(super) fn incomplete(estimate: &mut Estimate, why: &Untrusted) {
    estimate.tier = Tier::HPlus;
    estimate.parsed = Parsed::Uninspectable;
    estimate.parsed_reason = Some(why.clone());
    estimate.rule_ids.insert(0, "action.incomplete".into());
    estimate.reasons.insert(0, "the agent did not say all that would happen".into());
    estimate.reversibility = Reversibility::Unknown;
}

fn unique<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Untrusted> {
    let mut seen = std::collections::BTreeSet::new();
    texts.filter(|text| seen.insert(*text)).take(NAMED_MAX).map(Untrusted::from).collect()
}

/// What is named, by the most serious first, each thing once. Reads are left out where something is changed.
fn targets(found: &[Finding]) -> Vec<Target> {
    let changes = found.iter().any(|finding| finding.tier > Tier::Ro);
    let mut all: Vec<Target> = Vec::new();
    for target in found
        .iter()
        .filter(|finding| !changes || finding.tier > Tier::Ro)
        .flat_map(|finding| &finding.targets)
    {
        let same = |other: &&Target| {
            other.kind == target.kind && other.name == target.name && other.namespace == target.namespace
        };
        if all.len() < NAMED_MAX && !all.iter().any(|other| same(&other)) {
            all.push(target.clone());
        }
    }
    all
}

fn data(found: &[Finding], direct: &[Target]) -> Data {
    let effect = found.iter().map(|finding| finding.data).max().unwrap_or_default();
    let with_data = found.iter().filter(|finding| finding.data == effect && effect != DataEffect::None);
    let mut objects: Vec<Untrusted> = Vec::new();
    for target in with_data.flat_map(|finding| &finding.targets) {
        let known = direct.iter().any(|named| named.name == target.name) || effect == DataEffect::Read;
        if known && !objects.contains(&target.name) && objects.len() < NAMED_MAX {
            objects.push(target.name.clone());
        }
    }
    Data { effect, objects, rows: Num::unknown("rows") }
}

fn credentials(found: &[Finding]) -> Credentials {
    let effect = found.iter().map(|finding| finding.credentials).max().unwrap_or_default();
    let with =
        found.iter().filter(|finding| effect != CredentialEffect::None && finding.credentials == effect);
    let mut which: Vec<Untrusted> =
        with.flat_map(|finding| finding.targets.iter().map(|target| target.name.clone())).collect();
    which.dedup();
    which.truncate(NAMED_MAX);
    Credentials { effect, which }
}

fn reversibility(found: &[Finding], parsed: Parsed) -> Reversibility {
    if parsed == Parsed::Uninspectable {
        return Reversibility::Unknown;
    }
    // Losing a scratch file does not make a reversible restart irreversible: what is less than the tier is left out.
    let tier = found.iter().map(|finding| finding.tier).max().unwrap_or(Tier::Ro);
    let counts = |finding: &&Finding| finding.tier == tier || finding.tier >= Tier::H;
    found.iter().filter(counts).map(|finding| finding.undo).max().unwrap_or(Undo::Unknown).shown()
}

fn guards(found: &[Finding]) -> Vec<Guard> {
    let dry = found.iter().any(|finding| finding.rule.ends_with("dry-run"));
    dry.then(|| Guard { guard: "dryRun".into(), state: "it only says what it would do".into() })
        .into_iter()
        .collect()
}
