//! A cockpit on a piece of glass, and a hub that keeps the house's own rules: for tests, benches and pictures.
//!
//! The cockpit is driven from outside only, through `update` and `draw`; time is what the scene says. The hub behind it
//! makes its events with `session::command`, so no test can invent a fact that the real one would not.
#![allow(dead_code)]

#[path = "incident.rs"]
mod incident;

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use holdpoint::cockpit::effect::Effect;
use holdpoint::cockpit::event::{Answer, Event, Moment, Painted, What};
use holdpoint::cockpit::input::{Keymap, Press};
use holdpoint::cockpit::model::{Model, Settings};
use holdpoint::cockpit::style::{Capable, Depth, Library, Styles};
use holdpoint::cockpit::{update, view};
use holdpoint::domain::{
    Action, Actor, Digest, EnvVar, Error, EvidenceId, Exec, GrantId, HoldId, Kind, Pin, Proposal, Role,
    SessionId, Timestamp, Verdict,
};
use holdpoint::link::Notice;
use holdpoint::session::{self, Body, Session, command};
use holdpoint::wire::{
    Cursor, EventsNote, HelloAnswer, HoldDecideAnswer, HoldDecideParams, Presence, PresenceNote, RpcError,
};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(crate) use incident::*;

/// 2026-11-20T03:12:20Z, when the first scene begins.
pub(crate) const NOON_MS: i64 = 1_795_144_340_000;

pub(crate) fn person(name: &str) -> Actor {
    Actor::new(Role::Person, name)
}

pub(crate) fn agent(name: &str) -> Actor {
    Actor::new(Role::Agent, name)
}

/// The hub's side of a scene.
pub(crate) struct Hub {
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) waiting: Vec<HoldId>,
    pub(crate) people: Vec<Presence>,
    pub(crate) pos: u64,
    pub(crate) epoch: u64,
    pub(crate) now_ms: i64,
    fresh: Vec<session::Event>,
    grants: u32,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            sessions: BTreeMap::new(),
            waiting: Vec::new(),
            people: Vec::new(),
            pos: 0,
            epoch: 7,
            now_ms: NOON_MS,
            fresh: Vec::new(),
            grants: 0,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms)
    }

    /// Puts something on record.
    pub(crate) fn record(&mut self, session: &SessionId, by: &Actor, body: impl Into<Body>) {
        let at = self.now();
        let fold = self.sessions.entry(session.clone()).or_insert_with(|| Session::new(session.clone()));
        let (seq, body) = (fold.last_seq + 1, body.into());
        let event = session::Event {
            v: session::EVENT_VERSION,
            session: session.clone(),
            seq,
            at,
            actor: by.clone(),
            body,
        };
        fold.apply(&event);
        self.pos += 1;
        self.fresh.push(event);
    }

    fn record_all(&mut self, session: &SessionId, by: &Actor, bodies: Vec<Body>) {
        bodies.into_iter().for_each(|body| self.record(session, by, body));
    }

    pub(crate) fn open_session(&mut self, id: &str, title: &str) -> SessionId {
        let session = SessionId::new(id).unwrap();
        let opened = session::SessionOpened { title: title.into(), source: "demo".into() };
        self.record(&session, &agent("holmes"), opened);
        session
    }

    /// Asks a person; the proposer waits.
    pub(crate) fn open_hold(
        &mut self,
        session: &SessionId,
        id: &str,
        proposal: Proposal,
        ttl_ms: i64,
    ) -> HoldId {
        let hold = HoldId::new(id).unwrap();
        let expires_at = self.now().plus_millis(ttl_ms);
        let events = command::open_hold(&self.sessions[session], hold.clone(), proposal, expires_at).unwrap();
        self.record_all(session, &agent("holmes"), events);
        self.waiting.push(hold.clone());
        hold
    }

    pub(crate) fn revise(&mut self, session: &SessionId, hold: &HoldId, proposal: Proposal) {
        let by = agent("holmes");
        let expires_at = self.now().plus_millis(600_000);
        let events = command::revise_hold(&self.sessions[session], &by, hold, proposal, expires_at).unwrap();
        self.record_all(session, &by, events);
    }

    /// Decides as the real hub does.
    pub(crate) fn decide(
        &mut self,
        by: &Actor,
        params: &HoldDecideParams,
    ) -> std::result::Result<HoldDecideAnswer, RpcError> {
        let decision = command::Decision {
            hold: params.hold.clone(),
            revision: params.revision,
            digest: params.digest,
            verdict: params.verdict,
            reason: params.reason.clone(),
            key: params.key.clone(),
        };
        self.grants += 1;
        let grant = GrantId::new(format!("g-{}", self.grants)).unwrap();
        let waits = self.waiting.contains(&params.hold);
        let fold = &self.sessions[&params.session];
        match command::decide(fold, by, &decision, waits, self.now(), grant) {
            Err(refusal) => Err((&refusal).into()),
            Ok(events) => {
                self.record_all(&params.session, by, events);
                self.waiting.retain(|hold| *hold != params.hold);
                let closing =
                    self.sessions[&params.session].hold(&params.hold).unwrap().closing.clone().unwrap();
                Ok(HoldDecideAnswer {
                    outcome: closing.outcome,
                    by: closing.by,
                    at: closing.at,
                    seq: closing.seq,
                })
            }
        }
    }

    /// Somebody else says this about a hold, as it stands.
    pub(crate) fn other_decides(
        &mut self,
        who: &str,
        session: &SessionId,
        hold: &HoldId,
        verdict: Verdict,
        reason: &str,
    ) {
        let revision = &self.sessions[session].hold(hold).unwrap().revision;
        let params = HoldDecideParams {
            session: session.clone(),
            hold: hold.clone(),
            revision: revision.number,
            digest: revision.digest,
            verdict,
            reason: (!reason.is_empty()).then(|| reason.into()),
            key: None,
        };
        self.decide(&person(who), &params).unwrap();
    }

    pub(crate) fn stop(&mut self, by: &Actor, session: &SessionId, level: u8) {
        let events = command::stop(&self.sessions[session], level, None);
        self.record_all(session, by, events);
    }

    pub(crate) fn expire(&mut self, session: &SessionId) {
        let events = command::expire(&self.sessions[session], self.now());
        self.record_all(session, &Actor::hub(), events);
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, pos: self.pos }
    }

    pub(crate) fn presence(&self) -> PresenceNote {
        PresenceNote { people: self.people.clone(), waiting: self.waiting.clone() }
    }
}

/// A cockpit, its glass, and its hub.
pub(crate) struct Scene {
    pub(crate) hub: Hub,
    pub(crate) model: Model,
    pub(crate) styles: Styles,
    pub(crate) mono_ms: u64,
    pub(crate) size: (u16, u16),
    pub(crate) glass: Buffer,
    pub(crate) painted: Painted,
    pub(crate) frames: u32,
    /// Every effect that is not yet asked about.
    pub(crate) effects: Vec<Effect>,
}

pub(crate) fn styles(depth: Depth, ascii: bool) -> Styles {
    Styles::load(&Library::default(), "dark", Capable { depth, ascii }).unwrap()
}

impl Scene {
    /// A cockpit that has not heard of a hub yet.
    pub(crate) fn unconnected(size: (u16, u16)) -> Self {
        Self::build(size, false)
    }

    /// A cockpit that shows a recording.
    pub(crate) fn replay(size: (u16, u16)) -> Self {
        Self::build(size, true)
    }

    fn build(size: (u16, u16), replay: bool) -> Self {
        let settings = Settings {
            keymap: Keymap::builtin().unwrap(),
            nonce: "test".into(),
            size,
            target: "unix:/run/holdpoint/hub.sock".into(),
            replay,
        };
        let mut scene = Self {
            hub: Hub::new(),
            model: Model::new(settings),
            styles: styles(Depth::Full, false),
            mono_ms: 0,
            size,
            glass: Buffer::empty(Rect::new(0, 0, size.0, size.1)),
            painted: Painted::default(),
            frames: 0,
            effects: Vec::new(),
        };
        scene.frame();
        scene
    }

    /// A cockpit signed in as `maya` to an empty hub.
    pub(crate) fn connected(size: (u16, u16)) -> Self {
        let mut scene = Self::unconnected(size);
        scene.up();
        scene
    }

    pub(crate) fn feed(&mut self, what: What) {
        let at =
            Moment { mono_ms: self.mono_ms, wall: Timestamp::from_millis(NOON_MS + self.mono_ms as i64) };
        self.effects.extend(update(&mut self.model, Event { at, what }));
    }

    /// Draws as the loop does: when something changed, and again while that changed something.
    pub(crate) fn frame(&mut self) {
        for _ in 0..8 {
            if !self.model.take_dirty() {
                return;
            }
            self.draw();
            self.feed(What::Painted(self.painted.clone()));
        }
        panic!("the screen never comes to rest");
    }

    /// Draws without telling the cockpit.
    pub(crate) fn draw(&mut self) {
        self.glass = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        self.painted = view::draw(&self.model, &self.styles, &mut self.glass);
        self.frames += 1;
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        self.mono_ms += ms;
        self.hub.now_ms += ms as i64;
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.feed(What::Notice(notice));
        self.frame();
    }

    pub(crate) fn up(&mut self) {
        self.up_as(person("maya"), false);
    }

    pub(crate) fn up_as(&mut self, you: Actor, history_lost: bool) {
        let (head, now) = (self.hub.cursor(), self.hub.now());
        let hello = HelloAnswer { hub: "prod-hub".into(), head, fence: 1, you, now };
        self.notice(Notice::Up { hello, head: Some(head), history_lost });
        self.tell();
    }

    pub(crate) fn down(&mut self) {
        let error = Error::new(Kind::Unavailable, "the line to the hub was cut");
        self.notice(Notice::Down { error });
    }

    /// What is new at the hub reaches the cockpit.
    pub(crate) fn tell(&mut self) {
        let events = std::mem::take(&mut self.hub.fresh);
        if !events.is_empty() {
            self.notice(Notice::Events(EventsNote { cursor: self.hub.cursor(), events }));
        }
        self.notice(Notice::Presence(self.hub.presence()));
    }

    /// Forgets what is new: the cockpit never hears of it.
    pub(crate) fn lose(&mut self) -> Vec<session::Event> {
        std::mem::take(&mut self.hub.fresh)
    }

    /// A key, a second after whatever was before, seen on the glass afterwards.
    pub(crate) fn press(&mut self, code: KeyCode) -> Vec<Effect> {
        self.press_after(1_000, code)
    }

    pub(crate) fn press_after(&mut self, ms: u64, code: KeyCode) -> Vec<Effect> {
        self.wait(ms);
        self.stroke(code, false, KeyEventKind::Press)
    }

    /// A key as it arrives: together with others or not, pressed or repeated.
    pub(crate) fn stroke(&mut self, code: KeyCode, together: bool, kind: KeyEventKind) -> Vec<Effect> {
        self.effects.clear();
        let key = KeyEvent::new_with_kind(code, KeyModifiers::NONE, kind);
        self.feed(What::Key(Press { key, at_ms: self.mono_ms, together }));
        self.frame();
        std::mem::take(&mut self.effects)
    }

    pub(crate) fn char(&mut self, c: char) -> Vec<Effect> {
        self.press(KeyCode::Char(c))
    }

    pub(crate) fn enter(&mut self) -> Vec<Effect> {
        self.press(KeyCode::Enter)
    }

    pub(crate) fn esc(&mut self) -> Vec<Effect> {
        self.press(KeyCode::Esc)
    }

    pub(crate) fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.wait(1_000);
        self.effects.clear();
        self.feed(What::Paste(text.into()));
        self.frame();
        std::mem::take(&mut self.effects)
    }

    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.feed(What::Resize(size.0, size.1));
        self.frame();
    }

    pub(crate) fn answer(&mut self, answer: Answer) {
        self.feed(What::Answer(answer));
        self.frame();
    }

    /// Carries a decision to the hub and its answer back.
    pub(crate) fn deliver(&mut self, params: &HoldDecideParams) {
        let result = self.hub.decide(&person("maya"), params);
        self.answer(Answer::Decided { key: params.key.clone().unwrap(), result: Ok(result) });
        self.tell();
    }

    /// Reads to the end of the sheet by pages.
    pub(crate) fn read_on(&mut self) {
        loop {
            let before = self.painted.sheet.as_ref().map(|sheet| sheet.shown.clone());
            self.press(KeyCode::PageDown);
            if self.painted.sheet.as_ref().map(|sheet| sheet.shown.clone()) == before {
                return;
            }
        }
    }

    /// What stands on the glass, a line a row.
    pub(crate) fn text(&self) -> String {
        let area = self.glass.area;
        let mut text = String::new();
        for y in area.top()..area.bottom() {
            let mut line = String::new();
            let mut skip = 0;
            for x in area.left()..area.right() {
                let symbol = self.glass.cell((x, y)).unwrap().symbol();
                if skip == 0 {
                    line.push_str(symbol);
                    skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
                } else {
                    skip -= 1;
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    pub(crate) fn shows(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    #[track_caller]
    pub(crate) fn must_show(&self, words: &str) {
        assert!(self.shows(words), "\"{words}\" is not on screen:\n{}", self.text());
    }

    #[track_caller]
    pub(crate) fn must_not_show(&self, words: &str) {
        assert!(!self.shows(words), "\"{words}\" is on screen:\n{}", self.text());
    }
}

/// The decisions among effects.
pub(crate) fn decisions(effects: &[Effect]) -> Vec<&HoldDecideParams> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Decide(params) => Some(params.as_ref()),
            _ => None,
        })
        .collect()
}

/// The levels of the stops among effects.
pub(crate) fn stops(effects: &[Effect]) -> Vec<u8> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Stop(params) => Some(params.level),
            _ => None,
        })
        .collect()
}

pub(crate) fn exec(argv: &[&str]) -> Exec {
    Exec {
        argv: argv.iter().map(|arg| (*arg).into()).collect(),
        cwd: "/home/sre/checkout".into(),
        env: vec![EnvVar { name: "KUBECONFIG".into(), value: "/home/sre/.kube/prod".into() }],
        stdin: None,
        host: "bastion-2".into(),
        user: "sre-remediator".into(),
        executable: Pin { path: "/usr/local/bin/kubectl".into(), sha256: Digest::of(b"kubectl") },
        files: vec![],
        unpinned: vec!["what the cluster does with the request".into()],
    }
}

pub(crate) fn proposal(action: Action) -> Proposal {
    Proposal {
        action,
        service: Some("cart-redis".into()),
        environment: Some("prod".into()),
        why: Some("Redis is timing out; deleting the pods clears the stuck connections.".into()),
        claim: Some("restarts one cache pod, no user impact".into()),
        undo: None,
        cites: ["E1", "E7", "E5"].map(|id| EvidenceId::new(id).unwrap()).to_vec(),
    }
}

pub(crate) fn delete_pods() -> Proposal {
    let argv = ["kubectl", "--context", "prod-eu1", "-n", "prod", "delete", "pod", "-l", "app=cart-redis"];
    proposal(Action::Exec(exec(&argv)))
}

/// A session with one waiting hold, told to the cockpit; the queue has it selected.
pub(crate) fn one_hold(size: (u16, u16)) -> (Scene, SessionId, HoldId) {
    let mut scene = Scene::connected(size);
    let session = scene.hub.open_session("inc-4231", "INC-4231 checkout-api 5xx ratio");
    let hold = scene.hub.open_hold(&session, "h-1", delete_pods(), 271_000);
    scene.tell();
    (scene, session, hold)
}

/// The same with its sheet open.
pub(crate) fn open_sheet(size: (u16, u16)) -> (Scene, SessionId, HoldId) {
    let (mut scene, session, hold) = one_hold(size);
    scene.enter();
    (scene, session, hold)
}
