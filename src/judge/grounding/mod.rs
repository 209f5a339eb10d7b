//! Whether a citation stands in the output it names.
//!
//! A citation is an excerpt which an agent says stands in a tool's output. [`Grounder::check`] says whether it does,
//! where, or where else; how old that is; and whether the same query has answered otherwise since. A copy of a line may
//! differ from the line in white space, colours and composed characters, and in nothing else.
//!
//! Where an output is not to be had, was cut, or holds redactions, the answer to "it is not there" is *cannot tell*.
//!
//! Deliberately absent: whether an excerpt means what the agent says it means; asking a source again; fetching blobs
//! (whoever has the texts hands in a lookup).

mod fold;
mod gap;
mod search;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{CallId, EvidenceId, Payload};
use crate::session::{Call, Citation, Returned, Session};

use search::Excerpt;
pub use search::Lines;

/// An excerpt with fewer characters that are not blank could stand anywhere.
pub const SOLID_MIN: usize = 12;
/// Answers kept of "does this excerpt stand in that output". Beyond it nothing is wrong, only slower.
const KEPT: usize = 1 << 16;

/// Whether an excerpt stands where the agent says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the cited output.
    Verbatim(Lines),
    /// Not there, but in the output of another call.
    Elsewhere(CallId, Lines),
    /// In no output that was published; `unread` other outputs could not be looked at.
    NotFound {
        /// How many.
        unread: u32,
    },
    /// Fewer than [`SOLID_MIN`] characters that are not blank.
    TooShort,
    /// It may stand there.
    CannotTell(Unseen),
}

/// Why it cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// The citation names no call, and some outputs could not be looked at.
    NoCall,
    /// The call that it names is not in the record.
    UnknownCall,
    /// That call has not answered.
    NoAnswer,
    /// Its output is not at hand.
    NotHere,
    /// Its output was cut before it was published.
    Cut,
    /// Its output, or the excerpt, holds redactions.
    Redacted,
}

impl Unseen {
    /// One clause for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoCall => "it names no call, and not every output could be looked at",
            Self::UnknownCall => "the call that it names is not in the record",
            Self::NoAnswer => "the call that it names has not answered",
            Self::NotHere => "the output of that call is not at hand",
            Self::Cut => "the output was cut before it was published",
            Self::Redacted => "something in it is redacted",
        }
    }
}

/// What is known about a citation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grounding {
    /// Whether it stands there.
    pub standing: Standing,
    /// How old the output is that it stands in, or that it names, in milliseconds before the session's last event.
    pub age_ms: Option<i64>,
    /// The last answer to the very same query, where that came later and the excerpt is gone from it.
    pub contradicted_by: Option<CallId>,
}

/// Checks one session's citations, and remembers what it has looked at: an output never changes once it was published.
#[derive(Clone, Debug, Default)]
pub struct Grounder {
    excerpts: HashMap<EvidenceId, Arc<Excerpt>>,
    looked: HashMap<(EvidenceId, usize), Look>,
}

/// What looking at one output came to.
#[derive(Clone, Copy, Debug)]
enum Look {
    Found(Lines),
    Absent,
    Unseen(Unseen),
}

impl Grounder {
    /// Checks one citation against a session. `lookup` gives an output's text where it is at hand.
    ///
    /// Linear in the outputs that were not looked at before for this citation; no text is copied.
    pub fn check<'a>(
        &mut self,
        session: &'a Session,
        citation: &Citation,
        lookup: impl Fn(&'a Payload) -> Option<&'a str>,
    ) -> Grounding {
        let id = &citation.evidence.id;
        let fresh = || Arc::new(Excerpt::new(citation.evidence.excerpt.expose()));
        let excerpt = Arc::clone(self.excerpts.entry(id.clone()).or_insert_with(fresh));
        let cited = citation.evidence.call.as_ref().and_then(|call| position(session, call));
        let redacted = gap::redacted(citation.evidence.excerpt.expose());
        let mut look = |at: usize| self.look(session, at, id, &excerpt, &lookup);
        let standing = if excerpt.solid() < SOLID_MIN {
            Standing::TooShort
        } else {
            match cited.map(&mut look) {
                Some(Look::Found(lines)) => Standing::Verbatim(lines),
                here => elsewhere(session, citation, cited, here, redacted, &mut look),
            }
        };
        let held = match &standing {
            Standing::Elsewhere(call, _) => position(session, call),
            Standing::Verbatim(_)
            | Standing::NotFound { .. }
            | Standing::TooShort
            | Standing::CannotTell(_) => cited,
        };
        let found = matches!(standing, Standing::Verbatim(_) | Standing::Elsewhere(..));
        let returned = |at: usize| session.calls.get(at).and_then(|call| call.returned.as_ref());
        Grounding {
            standing,
            age_ms: held.and_then(returned).map(|returned| session.last_at.since(returned.at)),
            contradicted_by: held.filter(|_| found).and_then(|at| contradicted(session, at, &mut look)),
        }
    }

    fn look<'a>(
        &mut self,
        session: &'a Session,
        at: usize,
        id: &EvidenceId,
        excerpt: &Excerpt,
        lookup: &impl Fn(&'a Payload) -> Option<&'a str>,
    ) -> Look {
        let Some(returned) = session.calls.get(at).and_then(|call| call.returned.as_ref()) else {
            return Look::Unseen(Unseen::NoAnswer);
        };
        let key = (id.clone(), at);
        if let Some(known) = self.looked.get(&key) {
            return *known;
        }
        let Some(text) = lookup(&returned.output) else { return Look::Unseen(Unseen::NotHere) };
        let found = excerpt.find(text).map_or_else(|| absent(returned, text), Look::Found);
        if self.looked.len() < KEPT {
            self.looked.insert(key, found);
        }
        found
    }
}

/// Not in what was published: is it therefore not there?
fn absent(returned: &Returned, text: &str) -> Look {
    if returned.truncated || gap::cut(text) {
        Look::Unseen(Unseen::Cut)
    } else if gap::redacted(text) {
        Look::Unseen(Unseen::Redacted)
    } else {
        Look::Absent
    }
}

/// Not in the cited output: in which other one, newest first, or why that cannot be said.
fn elsewhere(
    session: &Session,
    citation: &Citation,
    cited: Option<usize>,
    here: Option<Look>,
    redacted: bool,
    look: &mut impl FnMut(usize) -> Look,
) -> Standing {
    let mut unread = 0;
    for (at, call) in session.calls.iter().enumerate().rev().filter(|(at, _)| Some(*at) != cited) {
        match look(at) {
            Look::Found(lines) => return Standing::Elsewhere(call.id.clone(), lines),
            Look::Absent => {}
            Look::Unseen(_) => unread += 1,
        }
    }
    match here {
        Some(Look::Unseen(why)) => Standing::CannotTell(why),
        _ if redacted => Standing::CannotTell(Unseen::Redacted),
        None if citation.evidence.call.is_some() => Standing::CannotTell(Unseen::UnknownCall),
        None if unread > 0 => Standing::CannotTell(Unseen::NoCall),
        None | Some(Look::Absent | Look::Found(_)) => Standing::NotFound { unread },
    }
}

/// The last answer to the same query, when the excerpt is surely gone from it.
fn contradicted(session: &Session, held: usize, look: &mut impl FnMut(usize) -> Look) -> Option<CallId> {
    let first = session.calls.get(held)?;
    let same = |call: &Call| call.tool == first.tool && call.input == first.input && !call.tool.is_empty();
    let answered = |call: &Call| call.returned.as_ref().is_some_and(|returned| !returned.failed);
    let mut later = session.calls.iter().enumerate().skip(held + 1);
    let (at, last) = later.rfind(|(_, call)| same(call) && answered(call))?;
    matches!(look(at), Look::Absent).then(|| last.id.clone())
}

/// Where a call stands in the session: most citations are about recent calls.
fn position(session: &Session, id: &CallId) -> Option<usize> {
    session.call(id)?;
    session.calls.iter().rposition(|call| call.id == *id)
}
