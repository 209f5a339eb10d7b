//! Stop is one key from everywhere but a text field, and what became of it is on screen.

use crossterm::event::{KeyCode, KeyEventKind};
use holdpoint::cockpit::event::Answer;
use holdpoint::domain::*;
use holdpoint::session::StopConfirmed;

use super::scene::*;

const WIDE: (u16, u16) = (120, 40);

#[test]
fn stop_is_one_key_from_everywhere() {
    let places: [(&str, &[KeyCode]); 7] = [
        ("the queue", &[]),
        ("a pane", &[KeyCode::Char('3')]),
        ("the sheet", &[KeyCode::Enter]),
        ("an approval", &[KeyCode::Enter, KeyCode::Char('A')]),
        ("a sent approval", &[KeyCode::Enter, KeyCode::Char('A'), KeyCode::Enter]),
        ("the help", &[KeyCode::Char('?')]),
        ("an event", &[KeyCode::Char('3'), KeyCode::Enter]),
    ];
    for (place, keys) in places {
        let (mut scene, session, _) = one_hold(WIDE);
        keys.iter().for_each(|key| drop(scene.press(*key)));
        // At once: no quiet period stands before the first stop.
        let effects = scene.press_after(50, KeyCode::Char('S'));
        assert_eq!(stops(&effects), [1], "from {place}");
        scene.hub.stop(&person("maya"), &session, 1);
        scene.tell();
        scene.must_show("STOP 1 by maya");
    }
}

#[test]
fn stop_works_on_a_locked_sheet() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    scene.hub.revise(&session, &hold, proposal(Action::Exec(exec(&["kubectl", "get", "pods"]))));
    scene.tell();
    assert_eq!(stops(&scene.press_after(50, KeyCode::Char('S'))), [1]);
}

#[test]
fn in_a_text_field_the_key_is_text() {
    for opener in ['d', 'n', 'e', '/'] {
        let (mut scene, ..) = one_hold(WIDE);
        scene.char(opener);
        assert!(stops(&scene.char('S')).is_empty(), "{opener}");
        scene.esc();
        assert_eq!(stops(&scene.char('S')), [1], "{opener}: the twin");
    }
}

#[test]
fn a_second_and_a_third_press_go_further_and_a_held_key_does_not() {
    let (mut scene, session, _) = one_hold(WIDE);
    assert_eq!(stops(&scene.char('S')), [1]);
    for _ in 0..30 {
        scene.wait(33);
        assert!(
            stops(&scene.stroke(KeyCode::Char('S'), false, KeyEventKind::Press)).is_empty(),
            "still held"
        );
    }
    scene.wait(1_000);
    assert!(stops(&scene.stroke(KeyCode::Char('S'), false, KeyEventKind::Repeat)).is_empty(), "a repeat");
    assert_eq!(stops(&scene.char('S')), [2]);
    scene.hub.stop(&person("maya"), &session, 2);
    scene.tell();
    assert_eq!(stops(&scene.char('S')), [3]);
    assert!(stops(&scene.char('S')).is_empty(), "there is no fourth");
    scene.must_show("last level");
}

#[test]
fn a_colleagues_stop_does_not_turn_mine_into_the_next_level() {
    let (mut scene, session, _) = one_hold(WIDE);
    scene.wait(2_000);
    scene.hub.stop(&person("li"), &session, 1);
    scene.tell();
    assert!(stops(&scene.press_after(100, KeyCode::Char('S'))).is_empty());
    scene.must_show("the stop changed just now");
    assert_eq!(stops(&scene.char('S')), [2], "meant: it says level 1 on screen");
}

#[test]
fn requested_recorded_and_confirmed_are_three_things() {
    let (mut scene, session, _) = one_hold(WIDE);
    scene.char('S');
    scene.must_show("STOP 1 sent, not yet on record");
    scene.hub.stop(&person("maya"), &session, 1);
    scene.answer(Answer::Stopped { session: session.clone(), level: 1, result: Ok(()) });
    scene.tell();
    scene.must_show("not yet confirmed");
    let confirmed = StopConfirmed { what: "the process group got SIGINT".into(), dead: None };
    scene.hub.record(&session, &agent("holmes"), confirmed);
    scene.tell();
    scene.must_show("not known whether it still runs");
    let dead = StopConfirmed { what: "process 4711 is gone".into(), dead: Some(true) };
    scene.hub.record(&session, &agent("holmes"), dead);
    scene.tell();
    scene.must_show("nothing of it runs any more: process 4711 is gone");
}

#[test]
fn a_stop_that_failed_says_so_and_may_be_asked_again_at_the_same_level() {
    let (mut scene, session, _) = one_hold(WIDE);
    scene.char('S');
    let error = Error::new(Kind::Unavailable, "the record cannot be written");
    scene.answer(Answer::Stopped { session, level: 1, result: Err(error) });
    scene.must_show("STOP 1 not confirmed: the record cannot be written");
    assert_eq!(stops(&scene.char('S')), [1]);
}

#[test]
fn the_stop_is_of_the_sheets_session_whatever_is_followed() {
    let (mut scene, session, _) = open_sheet(WIDE);
    scene.hub.open_session("inc-2", "INC-2");
    scene.tell();
    let effects = scene.char('S');
    assert!(
        matches!(&effects[0], holdpoint::cockpit::effect::Effect::Stop(params) if params.session == session)
    );
}
