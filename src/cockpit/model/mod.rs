//! Everything the cockpit knows, as data: facts from the hub, what the person selected, what is being decided.
//!
//! Nothing here is drawn or sent; `update` changes it and `view` reads it.

mod approval;
mod field;
pub(crate) mod fields;
mod line;
mod news;
mod pick;
mod queue;
mod seen;
mod sheet;
mod tracked;
mod words;

use std::collections::HashMap;

use crate::domain::{Actor, Digest, EvidenceId, HoldId, HypothesisId, SessionId, Timestamp, Untrusted};
use crate::session::{Hold, Session};
use crate::wire::{Cursor, Presence, PresenceNote, PresenceSetParams};

use super::event::Moment;
use super::input::{Guard, Keymap};

pub(crate) use approval::{Blocker, blocker, obstacle};
pub(crate) use field::{Field, Purpose, Typed};
pub(crate) use line::Line;
pub(crate) use news::NewsLog;
pub(crate) use pick::{Hits, cited_call};
pub(crate) use queue::{Row, Section, rows};
pub(crate) use sheet::{Sent, Sheet, Step};
pub(crate) use tracked::Tracked;
pub(crate) use words::{News, Part, Words};

/// What the cockpit is started with.
#[derive(Debug)]
pub struct Settings {
    /// Which key does what.
    pub keymap: Keymap,
    /// A random word; the keys of this cockpit's decisions begin with it.
    pub nonce: String,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Where the hub is looked for, in words for people.
    pub target: String,
    /// Whether a recording is shown instead of a hub.
    pub replay: bool,
}

/// A part of the session's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    /// What waits, runs, ran.
    Queue,
    /// What the agent believes.
    Hypotheses,
    /// What it cites.
    Evidence,
    /// What happened.
    Timeline,
    /// Its course against the alert.
    Drift,
}

/// Something shown whole, over the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// Every key.
    Help,
    /// An event of a session, by position.
    Event(SessionId, u64),
    /// A citation and what it cites.
    Citation(SessionId, EvidenceId),
    /// The session, its agents and its alert.
    Session(SessionId),
}

/// A stop that was asked for here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StopWish {
    /// Sent, not yet on record.
    Sending,
    /// On record.
    Recorded,
    /// Not on record, as far as we know: why.
    Failed(String),
}

/// A stored payload, as far as it is here.
#[derive(Clone, Debug)]
pub(crate) enum Blob {
    /// On its way.
    Fetching,
    /// Here.
    Here(Untrusted),
    /// Not to be had: why.
    Missing(String),
}

/// What is selected in the session's panes, by identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picked {
    /// The hypothesis; absent: the first listed.
    pub(crate) hypothesis: Option<HypothesisId>,
    /// The citation; absent: the first listed.
    pub(crate) evidence: Option<EvidenceId>,
    /// The timeline's event by position in the session; absent: the newest, and it stays with the newest.
    pub(crate) event: Option<u64>,
}

/// How many of each there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Holds that wait for a person.
    pub(crate) waiting: usize,
    /// Sessions that are not over.
    pub(crate) running: usize,
    /// Waiting holds that opened since the queue was pinned.
    pub(crate) more: usize,
}

/// Everything the cockpit knows.
#[derive(Debug)]
pub struct Model {
    pub(crate) now: Moment,
    pub(crate) size: (u16, u16),
    pub(crate) keymap: Keymap,
    pub(crate) guard: Guard,
    pub(crate) target: String,
    pub(crate) line: Line,
    pub(crate) me: Option<Actor>,
    pub(crate) hub: Option<Untrusted>,
    /// The hub's clock less this machine's, in milliseconds.
    pub(crate) skew_ms: i64,
    /// Where we stand in the hub's record.
    pub(crate) cursor: Option<Cursor>,
    pub(crate) presence: Option<PresenceNote>,
    /// Events that we were too slow for; they followed from the record.
    pub(crate) lagged: u64,
    /// When the hub's history turned out to be another one.
    pub(crate) history_lost: Option<Timestamp>,
    pub(crate) sessions: HashMap<SessionId, Tracked>,
    pub(crate) queue: Vec<Row>,
    pub(crate) counts: Counts,
    pub(crate) selected: Option<Row>,
    pub(crate) pane: Pane,
    pub(crate) picked: Picked,
    /// The person whose view is followed.
    pub(crate) follow: Option<Untrusted>,
    pub(crate) search: String,
    pub(crate) hits: Hits,
    pub(crate) sheet: Option<Sheet>,
    pub(crate) field: Option<Field>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) overlay_scroll: usize,
    pub(crate) overlay_extent: (usize, usize),
    pub(crate) news: NewsLog,
    pub(crate) stops: HashMap<SessionId, (u8, StopWish)>,
    /// When the state of a session's stop last changed, on the monotonic clock.
    pub(crate) stop_changed_ms: HashMap<SessionId, u64>,
    pub(crate) blobs: HashMap<Digest, Blob>,
    /// What the others were last told that we look at.
    pub(crate) presence_told: Option<PresenceSetParams>,
    pub(crate) title_told: String,
    pub(crate) wake_at: Option<u64>,
    /// Which hold's sheet the last frame showed, of which revision, and how it looked, the countdown apart.
    pub(crate) sheet_shown: Option<(HoldId, u32, u64)>,
    /// Whether the last frame showed a countdown.
    pub(crate) counting: bool,
    nonce: String,
    keys_made: u64,
    dirty: bool,
}

impl Model {
    /// A cockpit that knows nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            now: Moment::default(),
            size: settings.size,
            keymap: settings.keymap,
            guard: Guard::default(),
            target: settings.target,
            line: if settings.replay { Line::Replay } else { Line::Connecting(None) },
            me: None,
            hub: None,
            skew_ms: 0,
            cursor: None,
            presence: None,
            lagged: 0,
            history_lost: None,
            sessions: HashMap::new(),
            queue: Vec::new(),
            counts: Counts::default(),
            selected: None,
            pane: Pane::Queue,
            picked: Picked::default(),
            follow: None,
            search: String::new(),
            hits: Hits::default(),
            sheet: None,
            field: None,
            overlay: None,
            overlay_scroll: 0,
            overlay_extent: (0, 0),
            news: NewsLog::default(),
            stops: HashMap::new(),
            stop_changed_ms: HashMap::new(),
            blobs: HashMap::new(),
            presence_told: None,
            title_told: String::new(),
            wake_at: None,
            sheet_shown: None,
            counting: false,
            nonce: settings.nonce,
            keys_made: 0,
            dirty: true,
        }
    }

    /// Whether the screen is out of date; asking makes it count as drawn.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Whether the screen is out of date.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Asks for a frame.
    pub(crate) fn touch(&mut self) {
        self.dirty = true;
    }

    /// The hub's time, as far as we know it.
    pub(crate) fn hub_time(&self) -> Timestamp {
        self.now.wall.plus_millis(self.skew_ms)
    }

    /// The session on screen.
    pub(crate) fn shown(&self) -> Option<&Tracked> {
        self.selected.as_ref().and_then(|row| self.sessions.get(&row.session))
    }

    /// The session that a stop, a note or a question would be about: the sheet's, else the one on screen.
    pub(crate) fn subject(&self) -> Option<&SessionId> {
        let of_sheet = self.sheet.as_ref().map(|sheet| &sheet.session);
        of_sheet.or_else(|| self.selected.as_ref().map(|row| &row.session))
    }

    /// A session's facts.
    pub(crate) fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.get(id).map(|tracked| &tracked.session)
    }

    /// A hold's facts.
    pub(crate) fn hold(&self, session: &SessionId, hold: &HoldId) -> Option<&Hold> {
        self.session(session).and_then(|session| session.hold(hold))
    }

    /// Whether whoever proposed this hold is connected and waits; `None` while the hub has not said.
    pub(crate) fn waits(&self, hold: &HoldId) -> Option<bool> {
        self.presence.as_ref().map(|presence| presence.waiting.contains(hold))
    }

    /// Everybody signed in but me.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Presence> {
        let me = self.me.as_ref().map(|me| me.name.clone());
        let people = self.presence.iter().flat_map(|presence| &presence.people);
        people.filter(move |person| Some(&person.name) != me.as_ref())
    }

    /// Where the row that is selected stands in the queue.
    pub(crate) fn selected_at(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.queue.iter().position(|row| row.is_same(selected))
    }

    /// A key for a decision that no other cockpit makes.
    pub(crate) fn next_key(&mut self) -> crate::domain::Result<crate::domain::ClientKey> {
        self.keys_made += 1;
        crate::domain::ClientKey::new(format!("cockpit-{}-{}", self.nonce, self.keys_made))
    }
}
