//! The screens of which there are pictures: which moment of the recorded incident, which keys, which terminal.

use std::fs::File;
use std::io::BufReader;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use holdpoint::cockpit::event::{Event, Moment, Painted, What};
use holdpoint::cockpit::input::{Keymap, Press};
use holdpoint::cockpit::model::{Model, Settings};
use holdpoint::cockpit::picture::{self, Paper};
use holdpoint::cockpit::style::{Capable, Depth, Library, Styles};
use holdpoint::cockpit::{update, view};
use holdpoint::domain::{Actor, HoldId, Role, SessionId};
use holdpoint::ledger::recording::Reader;
use holdpoint::link::Notice;
use holdpoint::session::{Body, Event as Fact, Session};
use holdpoint::wire::{Cursor, EventsNote, HelloAnswer, Presence, PresenceNote};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Where the pictures are.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/screenshots");
/// The recorded incident.
pub(crate) const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/screenshots/incident.jsonl");

/// How far the incident has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// This many holds have been opened.
    Holds(usize),
    /// The record's end.
    End,
}

/// One picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    what: &'static str,
    size: (u16, u16),
    theme: &'static str,
    depth: Depth,
    ascii: bool,
    until: Until,
    keys: &'static [KeyCode],
}

const ENTER: KeyCode = KeyCode::Enter;

const fn scene(what: &'static str, size: (u16, u16), until: Until, keys: &'static [KeyCode]) -> Scene {
    Scene { what, size, theme: "dark", depth: Depth::Full, ascii: false, until, keys }
}

/// Every picture.
pub(crate) fn all() -> Vec<Scene> {
    const SMALL: (u16, u16) = (80, 24);
    const USUAL: (u16, u16) = (120, 36);
    const WIDE: (u16, u16) = (200, 60);
    const SHEET: &[KeyCode] = &[ENTER];
    const APPROVE: &[KeyCode] = &[ENTER, KeyCode::Char('A')];
    const READ_AND_APPROVE: &[KeyCode] = &[ENTER, KeyCode::PageDown, KeyCode::Char('A')];
    const DENY: &[KeyCode] = &[ENTER, KeyCode::Char('d')];
    let first = Until::Holds(1);
    let mut scenes = Vec::new();
    for size in [SMALL, USUAL, WIDE] {
        scenes.push(scene("main", size, first, &[]));
        scenes.push(scene("sheet", size, first, SHEET));
    }
    scenes.push(scene("approve", USUAL, Until::Holds(2), APPROVE));
    scenes.push(scene("approve", SMALL, Until::Holds(2), READ_AND_APPROVE));
    scenes.push(scene("deny", SMALL, first, DENY));
    scenes.push(scene("ran", USUAL, Until::End, &[]));
    scenes.push(scene("evidence", SMALL, first, &[KeyCode::Char('2')]));
    let usual = scene("sheet", USUAL, first, SHEET);
    scenes.push(Scene { what: "sheet-light", theme: "light", ..usual });
    scenes.push(Scene { what: "sheet-colour-blind", theme: "colour-blind", ..usual });
    scenes.push(Scene { what: "sheet-16-colours", theme: "ansi", depth: Depth::Sixteen, ..usual });
    scenes.push(Scene { what: "sheet-no-colour", depth: Depth::Mono, ..usual });
    scenes.push(Scene { what: "sheet-ascii", depth: Depth::Mono, ascii: true, ..usual });
    scenes
}

impl Scene {
    /// Its name.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}x{}", self.what, self.size.0, self.size.1)
    }

    /// Its file.
    pub(crate) fn file(&self, kind: &str) -> String {
        format!("{}.{kind}", self.name())
    }

    /// The picture.
    pub(crate) fn svg(&self) -> String {
        let paper: Paper = if self.theme == "light" { picture::LIGHT } else { picture::DARK };
        picture::svg(&self.buffer(), paper)
    }

    /// The cells.
    pub(crate) fn buffer(&self) -> Buffer {
        let capable = Capable { depth: self.depth, ascii: self.ascii };
        let styles = Styles::load(&Library::default(), self.theme, capable).unwrap();
        let mut play = Play::begin(self.size, styles);
        play.hear(self.until);
        play.draw();
        for key in self.keys {
            play.press(*key);
        }
        play.draw()
    }
}

/// A cockpit that is played by hand: its clock goes only when it is told.
struct Play {
    model: Model,
    styles: Styles,
    size: (u16, u16),
    now: Moment,
}

impl Play {
    fn begin(size: (u16, u16), styles: Styles) -> Self {
        let settings = Settings {
            keymap: Keymap::builtin().unwrap(),
            nonce: "picture".into(),
            size,
            target: "prod-hub".into(),
            replay: false,
        };
        Self { model: Model::new(settings), styles, size, now: Moment::default() }
    }

    fn take(&mut self, what: What) {
        drop(update(&mut self.model, Event { at: self.now, what }));
    }

    /// The record, as a hub would send it to somebody who comes now.
    fn hear(&mut self, until: Until) {
        let facts = recorded(until);
        let last = facts.last().expect("the recording holds events").at;
        self.now = Moment { mono_ms: 10_000, wall: last.plus_millis(29_000) };
        let cursor = Cursor { epoch: 1, pos: facts.len() as u64 };
        let hello = HelloAnswer {
            hub: "prod-hub".into(),
            head: cursor,
            fence: 1,
            you: Actor { name: "maya".into(), role: Role::Person },
            now: self.now.wall,
        };
        self.take(What::Notice(Notice::Up { hello, head: Some(cursor), history_lost: false }));
        let waiting = waiting(&facts);
        self.take(What::Notice(Notice::Events(EventsNote { events: facts, cursor })));
        let at = |name: &str| Presence { name: name.into(), session: None, hold: None };
        let people = vec![at("maya"), at("li"), at("sam")];
        self.take(What::Notice(Notice::Presence(PresenceNote { people, waiting })));
    }

    fn press(&mut self, code: KeyCode) {
        self.now.mono_ms += 2_000;
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        self.take(What::Key(Press { key, at_ms: self.now.mono_ms, together: false }));
        self.draw();
    }

    fn draw(&mut self) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        let painted: Painted = view::draw(&self.model, &self.styles, &mut buffer);
        self.take(What::Painted(painted));
        buffer
    }
}

fn recorded(until: Until) -> Vec<Fact> {
    let mut reader = Reader::new(BufReader::new(File::open(RECORDING).unwrap())).unwrap();
    let mut facts = Vec::new();
    let mut opened = 0;
    while let Some(event) = reader.next_event().unwrap() {
        opened += usize::from(matches!(event.body, Body::HoldOpened(_)));
        facts.push(event);
        if until == Until::Holds(opened) {
            break;
        }
    }
    facts
}

/// The holds that are open: in the picture, whoever asked still waits.
fn waiting(facts: &[Fact]) -> Vec<HoldId> {
    let mut sessions: Vec<SessionId> = facts.iter().map(|fact| fact.session.clone()).collect();
    sessions.sort();
    sessions.dedup();
    let folded = |id: SessionId| {
        let of = facts.iter().filter(|fact| fact.session == id).cloned().collect::<Vec<_>>();
        Session::of(id, &of)
    };
    let open = |session: Session| session.open_holds().map(|hold| hold.id.clone()).collect::<Vec<_>>();
    sessions.into_iter().map(folded).flat_map(open).collect()
}
