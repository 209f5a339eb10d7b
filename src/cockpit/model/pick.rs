//! What the panes of a session show and which of it is selected. By identifier, so that nothing moves under a finger.

use std::sync::Arc;

use crate::domain::{CallId, Payload, SessionId, Untrusted};
use crate::session::{Body, Call, Citation, Claimed, Event, Session};

use super::{Model, Tracked};

impl Model {
    /// The selected hypothesis: the picked one, else what the agent commits to.
    pub(crate) fn hypothesis<'a>(&self, session: &'a Session) -> Option<&'a Claimed> {
        let picked = self.picked.hypothesis.as_ref();
        let picked =
            picked.and_then(|id| session.hypotheses.iter().find(|claimed| claimed.hypothesis.id == *id));
        picked.or_else(|| session.leading()).or_else(|| session.hypotheses.first())
    }

    /// The citations of the selected hypothesis, and those of none.
    pub(crate) fn citations<'a>(&self, session: &'a Session) -> Vec<&'a Citation> {
        let about = self.hypothesis(session).map(|claimed| claimed.hypothesis.id.clone());
        let fits = |citation: &&Citation| {
            let of = &citation.evidence.hypothesis;
            of.is_none() || *of == about
        };
        session.citations.iter().filter(fits).collect()
    }

    /// The selected citation.
    pub(crate) fn citation<'a>(&self, session: &'a Session) -> Option<&'a Citation> {
        let listed = self.citations(session);
        let picked = self.picked.evidence.as_ref();
        let picked =
            picked.and_then(|id| listed.iter().find(|citation| citation.evidence.id == *id).copied());
        picked.or_else(|| listed.first().copied())
    }

    /// The timeline's lines that the search lets through.
    pub(crate) fn listed<'a>(&'a self, tracked: &'a Tracked) -> Listed<'a> {
        let hits = (!self.search.is_empty()).then_some(self.hits.lines.as_slice());
        Listed { tracked, hits }
    }

    /// Brings the search up to date with what has happened since it last looked.
    pub(crate) fn search_on(&mut self) {
        let Some(id) = self.selected.as_ref().map(|row| &row.session).filter(|_| !self.search.is_empty())
        else {
            return;
        };
        let Some(tracked) = self.sessions.get(id) else { return };
        if self.hits.session.as_ref() != Some(id) || self.hits.wanted != self.search {
            self.hits = Hits { session: Some(id.clone()), wanted: self.search.clone(), ..Hits::default() };
        }
        self.hits.look_on(tracked);
    }
}

/// Lines of a timeline, oldest first; made without walking through it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    tracked: &'a Tracked,
    hits: Option<&'a [u32]>,
}

impl<'a> Listed<'a> {
    fn lines(&self) -> &'a [u32] {
        self.hits.unwrap_or(&self.tracked.timeline)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lines().len()
    }

    /// The line at this place.
    pub(crate) fn get(&self, at: usize) -> Option<&'a Arc<Event>> {
        self.lines().get(at).and_then(|event| self.tracked.events.get(*event as usize))
    }

    /// The last line.
    pub(crate) fn newest(&self) -> Option<&'a Arc<Event>> {
        self.len().checked_sub(1).and_then(|last| self.get(last))
    }

    /// Where the event of this position in the session stands.
    pub(crate) fn place(&self, seq: u64) -> Option<usize> {
        let seq_at = |event: &u32| self.tracked.events.get(*event as usize).map_or(0, |event| event.seq);
        self.lines().binary_search_by_key(&seq, seq_at).ok()
    }
}

/// What a search has found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hits {
    session: Option<SessionId>,
    wanted: String,
    /// How many of the session's events were looked at.
    looked: usize,
    /// Positions among the session's events, rising.
    lines: Vec<u32>,
}

impl Hits {
    /// Looks at what is new. An answer counts for the line of its question.
    fn look_on(&mut self, tracked: &Tracked) {
        let wanted = self.wanted.to_lowercase();
        for at in self.looked..tracked.events.len() {
            let event = &tracked.events[at];
            if !holds(event, &wanted) {
                continue;
            }
            let line = if let Body::ToolReturned(returned) = &event.body {
                question(tracked, at, &returned.call)
            } else {
                at as u32
            };
            let told = tracked.timeline.binary_search(&line).is_ok();
            if let Some(place) = self.lines.binary_search(&line).err().filter(|_| told) {
                self.lines.insert(place, line);
            }
        }
        self.looked = tracked.events.len();
    }
}

/// The line of the call that this answer belongs to; its own where the call was never told.
fn question(tracked: &Tracked, answer: usize, call: &CallId) -> u32 {
    let asks = |event: &Arc<Event>| matches!(&event.body, Body::ToolCalled(called) if called.call == *call);
    tracked.events[..answer].iter().rposition(asks).unwrap_or(answer) as u32
}

/// The call that a citation names, where there is one.
pub(crate) fn cited_call<'a>(session: &'a Session, citation: &Citation) -> Option<&'a Call> {
    citation.evidence.call.as_ref().and_then(|id| session.call(id))
}

/// Whether an event mentions a text, given in lower case.
fn holds(event: &Event, wanted: &str) -> bool {
    let has = |text: &Untrusted| text.expose().to_lowercase().contains(wanted);
    if event.body.type_name().contains(wanted) || has(&event.actor.name) {
        return true;
    }
    // As written, not as quoted in JSON: a search for a quotation mark finds it.
    if let Body::ToolCalled(called) = &event.body {
        return has(&called.tool) || has(&called.input);
    }
    if let Body::ToolReturned(returned) = &event.body {
        return matches!(&returned.output, Payload::Text(text) if has(text));
    }
    event.body.to_raw().is_ok_and(|json| json.get().to_lowercase().contains(wanted))
}
