//! What a recorded investigation supports, how that came about, and whether its citations stand where they say.

mod json;
mod text;

use std::path::Path;
use std::sync::Arc;

use super::topology::Topologies;
use crate::cli::args::Assess;
use crate::cli::{Done, print, replay};
use crate::domain::{Payload, SessionId, Untrusted};
use crate::judge::grounding::{Grounder, Grounding};
use crate::judge::watch::Watch;
use crate::judge::world::Topology;
use crate::session::{Citation, Event, Session};

/// A session, judged.
struct Judged {
    session: Session,
    watch: Watch,
    grounded: Vec<(Citation, Grounding)>,
}

/// Judges every session of a recording.
pub(super) fn run(wanted: &Assess, file: &Path, as_json: bool) -> Done {
    let shown = Untrusted::from(&*file.to_string_lossy()).escaped();
    let (events, cut_off) = replay::read(file).map_err(|error| error.within(&shown))?;
    if let Some(line) = cut_off {
        print::note(&format!("holdpoint: {shown} ends in the middle of line {line}, which is left out"));
    }
    let topology = Arc::new(Topologies::read(&wanted.topology)?.whole());
    let mut sessions: Vec<&SessionId> = Vec::new();
    for event in &events {
        if !sessions.contains(&&event.session) {
            sessions.push(&event.session);
        }
    }
    let judged: Vec<Judged> = sessions.into_iter().map(|id| judge(id, &events, &topology)).collect();
    if as_json {
        return print::json(&judged.iter().map(json::session).collect::<Vec<_>>());
    }
    print::out(&judged.iter().map(text::session).collect::<Vec<_>>().join("\n"))
}

fn judge(id: &SessionId, events: &[Event], topology: &Arc<Topology>) -> Judged {
    let mut session = Session::new(id.clone());
    let mut watch = Watch::new(topology, &[]);
    for event in events.iter().filter(|event| event.session == *id) {
        session.apply(event);
        watch.apply(event);
    }
    let mut grounder = Grounder::default();
    let ground = |citation: &Citation| (citation.clone(), grounder.check(&session, citation, at_hand));
    let grounded = session.citations.iter().map(ground).collect();
    Judged { session, watch, grounded }
}

/// A recording holds no blobs: what is only named by its digest cannot be looked at.
fn at_hand(payload: &Payload) -> Option<&str> {
    match payload {
        Payload::Text(text) => Some(text.expose()),
        Payload::Blob { .. } => None,
    }
}
