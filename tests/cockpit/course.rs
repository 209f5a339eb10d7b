//! The line to the hub, what is told meanwhile, and how little happens while nothing does.

use crossterm::event::KeyCode;
use holdpoint::cockpit::effect::Effect;
use holdpoint::cockpit::event::{Answer, What};
use holdpoint::domain::*;
use holdpoint::link::Notice;
use holdpoint::session::{self, Body, RawBody};
use holdpoint::wire::{LaggedNote, Presence};

use super::scene::*;

const WIDE: (u16, u16) = (120, 36);

#[test]
fn while_nothing_changes_nothing_is_drawn_and_nothing_wakes() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    scene.hub.record(&session, &agent("holmes"), session::NoteAdded { text: "quiet".into() });
    scene.tell();
    let wakes =
        |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::ScheduleWake(Some(_))));
    assert!(!wakes(&scene.effects), "no countdown is on screen");
    let frames = scene.frames;
    scene.notice(Notice::Presence(scene.hub.presence()));
    assert_eq!(scene.frames, frames, "the same presence is no change");
    // The control: a hold has a countdown, and that wakes.
    scene.hub.open_hold(&session, "h-1", delete_pods(), 60_000);
    scene.tell();
    assert!(wakes(&scene.effects));
    assert!(scene.frames > frames);
}

#[test]
fn a_countdown_wakes_once_a_second_and_only_while_it_is_on_screen() {
    let (mut scene, ..) = one_hold((80, 24));
    let next = |scene: &Scene| {
        scene.effects.iter().rev().find_map(|effect| match effect {
            Effect::ScheduleWake(at) => Some(*at),
            _ => None,
        })
    };
    let at = next(&scene).flatten().unwrap();
    assert!(at > scene.mono_ms && at <= scene.mono_ms + 1_000);
    scene.must_show("04:31");
    scene.wait(at - scene.mono_ms);
    scene.effects.clear();
    scene.feed(What::Wake);
    scene.frame();
    scene.must_show("04:30");
    let again = next(&scene).flatten().unwrap();
    assert_eq!(again, scene.mono_ms + 1_000);
    // The help covers the queue, the banner's countdown stays; without waiting holds there is none.
    let hold = HoldId::new("h-1").unwrap();
    let session = SessionId::new("inc-4231").unwrap();
    scene.hub.other_decides("li", &session, &hold, Verdict::Deny, "");
    scene.effects.clear();
    scene.tell();
    assert_eq!(next(&scene), Some(None), "the wake-up is taken back");
}

#[test]
fn a_bell_and_a_title_when_a_hold_opens_but_not_for_history() {
    let mut scene = Scene::unconnected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    scene.hub.open_hold(&session, "h-1", delete_pods(), 600_000);
    scene.up();
    let bells = |scene: &Scene| scene.effects.iter().filter(|effect| matches!(effect, Effect::Bell)).count();
    assert_eq!(bells(&scene), 0, "it opened before we came");
    assert!(
        scene.effects.iter().any(|e| matches!(e, Effect::Title(title) if title == "1 waiting - holdpoint"))
    );
    scene.hub.open_hold(&session, "h-2", delete_pods(), 600_000);
    scene.tell();
    assert_eq!(bells(&scene), 1);
    scene.must_show("a new hold waits: P2 of INC-1");
}

#[test]
fn the_line_is_described_in_words_at_every_stage() {
    let mut scene = Scene::unconnected(WIDE);
    scene.must_show("connecting");
    scene.must_show("unix:/run/holdpoint/hub.sock");
    let error = Error::new(Kind::Unavailable, "cannot reach the hub").hint("start one with `holdpoint hub`");
    scene.notice(Notice::Down { error: error.clone() });
    scene.must_show("There is no connection to the hub.");
    scene.must_show("start one with `holdpoint hub`");
    scene.up();
    scene.must_show("● live");
    scene.must_show("No session yet");
    scene.must_show("holdpoint gate -- CMD");
    scene.hub.open_session("inc-1", "INC-1");
    scene.tell();
    scene.notice(Notice::Down { error });
    scene.must_show("stale since 03:12:20Z");
    scene.must_show("cannot reach the hub");
    let refused = Error::new(Kind::Forbidden, "the credential is not known here");
    scene.notice(Notice::Refused { error: refused });
    scene.must_show("refused");
    scene.must_show("the credential is not known here");
}

#[test]
fn gaps_strange_events_and_what_came_late_are_counted_on_screen() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    scene.tell();
    scene.hub.record(&session, &agent("holmes"), session::NoteAdded { text: "lost".into() });
    scene.lose();
    let raw = RawBody { type_name: "moon.landed".into(), json: serde_json::value::to_raw_value(&1).unwrap() };
    scene.hub.record(&session, &agent("holmes"), Body::Unknown(raw));
    scene.tell();
    scene.notice(Notice::Lagged(LaggedNote { missed: 12 }));
    for words in ["1 gap", "1 unknown", "12 late", "1 event never arrived", "moon.landed"] {
        scene.must_show(words);
    }
}

#[test]
fn others_are_told_what_i_look_at_and_can_be_followed() {
    let (mut scene, session, hold) = one_hold(WIDE);
    let told = |effects: &[Effect]| {
        effects.iter().rev().find_map(|effect| match effect {
            Effect::SetPresence(params) => Some((params.session.clone(), params.hold.clone())),
            _ => None,
        })
    };
    assert_eq!(told(&scene.effects), Some((Some(session.clone()), None)));
    assert_eq!(told(&scene.enter()), Some((Some(session.clone()), Some(hold))));
    scene.esc();
    let other = scene.hub.open_session("inc-2", "INC-2 elsewhere");
    let li = |session: &SessionId| Presence { name: "li".into(), session: Some(session.clone()), hold: None };
    scene.hub.people = vec![li(&session)];
    scene.tell();
    scene.must_show("li here");
    scene.char('F');
    scene.must_show("following li");
    scene.hub.people = vec![li(&other)];
    scene.tell();
    let signal = scene.text().lines().nth(2).unwrap().to_owned();
    assert!(signal.contains("INC-2 elsewhere"), "{signal}");
    scene.press(KeyCode::Up);
    scene.hub.people = vec![li(&other)];
    scene.tell();
    let signal = scene.text().lines().nth(2).unwrap().to_owned();
    assert!(signal.contains("INC-4231"), "moving by hand ends the following: {signal}");
}

#[test]
fn questions_notes_and_reviews_are_sent_for_the_session_on_screen() {
    let (mut scene, session, hold) = one_hold(WIDE);
    scene.char('e');
    scene.must_show("ask the agent:");
    let effects = scene.enter();
    assert!(matches!(&effects[0], Effect::Ask(p) if p.session == session && p.hold == Some(hold.clone())));
    scene.char('n');
    scene.enter();
    scene.must_show("there is nothing to send yet");
    scene.char('x');
    let effects = scene.enter();
    assert!(matches!(&effects[0], Effect::Note(p) if p.session == session && p.text.expose() == "x"));
    let effects = scene.char('r');
    assert!(matches!(&effects[0], Effect::Review(p) if p.session == session));
    scene.answer(Answer::Recorded { what: "review", result: Ok(()) });
    scene.must_show("review: on record");
    scene.down();
    let effects = scene.char('r');
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Review(_))));
    scene.must_show("cannot review: the line to the hub is not live");
}

#[test]
fn a_search_narrows_the_timeline_and_esc_widens_it_again() {
    let (mut scene, ..) = incident(WIDE);
    scene.char('/');
    for c in "pool timeout".chars() {
        scene.char(c);
    }
    scene.must_show("hold pool timeout");
    scene.must_show("loki {app=");
    scene.must_not_show("proposes P1");
    scene.enter();
    scene.must_show("hold pool timeout");
    scene.esc();
    scene.must_not_show("hold pool timeout");
}

#[test]
fn the_cited_output_is_shown_with_the_excerpts_line_and_missing_ones_are_said() {
    let (scene, ..) = incident(WIDE);
    scene.must_show("word for word in line 6");
    scene.must_show("2 word for word, 1 not");
    let text = scene.text();
    let marked = text.lines().find(|line| line.contains("▌03:06:34.440")).is_some();
    assert!(marked, "{text}");
}

#[test]
fn a_stored_output_is_fetched_once_and_then_searched() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    let call = CallId::new("c1").unwrap();
    let sha256 = Digest::of(LOG.as_bytes());
    let asked = session::ToolCalled { call: call.clone(), tool: "loki".into(), input: "q".into(), by: None };
    scene.hub.record(&session, &agent("holmes"), asked);
    let output = Payload::Blob { sha256, bytes: LOG.len() as u64 };
    let returned = session::ToolReturned { call: call.clone(), output, failed: false, truncated: false };
    scene.hub.record(&session, &agent("holmes"), returned);
    let evidence = Evidence {
        id: EvidenceId::new("E1").unwrap(),
        hypothesis: None,
        stance: Stance::Supports,
        source: SourceKind::Log,
        call: Some(call),
        excerpt: "slow acquire".into(),
    };
    scene.hub.record(&session, &agent("holmes"), session::EvidenceCited { evidence });
    scene.tell();
    let fetches = |scene: &Scene| scene.effects.iter().filter(|e| matches!(e, Effect::FetchBlob(_))).count();
    assert_eq!(fetches(&scene), 1);
    scene.must_show("fetching");
    scene.answer(Answer::Blob { sha256, result: Ok(LOG.into()) });
    scene.must_show("word for word in line 2");
    assert_eq!(fetches(&scene), 1);
}

#[test]
fn a_replay_shows_its_badge_and_the_recordings_facts() {
    let mut scene = Scene::connected(WIDE);
    scene.hub.open_session("inc-1", "INC-1 as it was");
    let events = scene.lose();
    let mut replay = Scene::replay(WIDE);
    replay.must_show("The recording begins.");
    replay.feed(What::Replayed(events.into_iter().map(std::sync::Arc::new).collect()));
    replay.frame();
    replay.must_show(" REPLAY ");
    replay.must_show("INC-1 as it was");
}

#[test]
fn the_help_comes_from_the_live_keymap() {
    let (mut scene, ..) = one_hold((120, 60));
    scene.char('?');
    scene.must_show("KEYS");
    scene.must_show("stop investigation");
    scene.must_show("I have looked");
    scene.char('?');
    scene.must_not_show("KEYS");
}
