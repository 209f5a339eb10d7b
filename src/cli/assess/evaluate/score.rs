//! One run through the product's own watch. Nothing here can see a label.

use std::sync::Arc;

use super::runs::Run;
use crate::cli::assess::topology::Topologies;
use crate::domain::Untrusted;
use crate::judge::watch::Watch;

/// What the judgement makes of a run.
#[derive(Clone, Debug)]
pub(super) struct Scored {
    /// Which run.
    pub(super) session_id: String,
    /// The rival score at the last commitment: 0 to 1.
    pub(super) rival: f64,
    /// The word there.
    pub(super) word: &'static str,
    /// Whether it is held at the gate.
    pub(super) held: bool,
    /// What the hypothesis names.
    pub(super) named: Vec<Untrusted>,
    /// The strongest rival.
    pub(super) strongest: Option<Untrusted>,
    /// How many events before the last commitment it was first warned.
    pub(super) lead_events: Option<u64>,
    /// Whether it could not be scored, and why.
    pub(super) fault: Option<String>,
}

/// Scores a run.
pub(super) fn score(run: &Run, topologies: &Topologies) -> Scored {
    let topology = Arc::new(topologies.of(&run.app).cloned().unwrap_or_default());
    let mut watch = Watch::new(&topology, &[]);
    let fault = run.events().map(|events| events.iter().for_each(|event| watch.apply(event))).err();
    let last = watch.gates().next_back();
    let assessment = last.map_or_else(|| watch.assess(), |gate| gate.assessment.clone());
    let end = last.map_or(u64::MAX, |gate| gate.seq);
    let warned = watch.advisories().iter().map(|advisory| advisory.seq).find(|seq| *seq < end);
    Scored {
        session_id: run.session_id.clone(),
        rival: assessment.rival,
        word: assessment.word.word(),
        held: !assessment.word.passes(),
        strongest: assessment.strongest.map(|rival| rival.name),
        named: assessment.named,
        lead_events: warned.filter(|_| last.is_some()).map(|seq| end - seq),
        fault: fault.map(|error| error.message().to_owned()),
    }
}
