//! What has to be true before a key approves. Each guard has its twin: the same keys, intended, approve.

use crossterm::event::{KeyCode, KeyEventKind};
use holdpoint::cockpit::event::What;
use holdpoint::domain::*;

use super::scene::*;

const WIDE: (u16, u16) = (120, 40);
const SMALL: (u16, u16) = (80, 24);

/// An action with this many lines of input.
fn long_sheet_of(lines: usize, size: (u16, u16)) -> (Scene, SessionId, HoldId) {
    let input: String = (1..=lines).map(|n| format!("line {n} of the script\n")).collect();
    let exec = Exec { stdin: Some(Stdin::Text(input.as_str().into())), ..exec(&["sh", "-s"]) };
    let mut scene = Scene::connected(size);
    let session = scene.hub.open_session("inc-1", "INC-1 long");
    let hold = scene.hub.open_hold(&session, "h-long", proposal(Action::Exec(exec)), 600_000);
    scene.tell();
    scene.enter();
    (scene, session, hold)
}

/// An action that does not fit on a small screen.
fn long_sheet(size: (u16, u16)) -> (Scene, SessionId, HoldId) {
    long_sheet_of(60, size)
}

/// `A`, then Enter, a second apart: what a person does who means it.
fn approve(scene: &mut Scene) -> usize {
    scene.char('A');
    decisions(&scene.enter()).len()
}

#[test]
fn a_then_enter_approves_exactly_what_is_shown() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    assert!(decisions(&scene.char('A')).is_empty(), "A alone sends nothing");
    scene.must_show("APPROVE");
    let effects = scene.enter();
    let sent = decisions(&effects);
    assert_eq!(sent.len(), 1);
    let fact = scene.hub.sessions[&session].hold(&hold).unwrap();
    assert_eq!((&sent[0].session, &sent[0].hold, sent[0].revision), (&session, &hold, 1));
    assert_eq!(sent[0].digest, fact.revision.proposal.action.digest().unwrap());
    assert_eq!((sent[0].verdict, &sent[0].reason), (Verdict::Approve, &None));
    assert!(sent[0].key.is_some(), "the record can be searched for it");
}

#[test]
fn a_screen_too_small_for_the_sheet_decides_nothing() {
    let (mut scene, ..) = open_sheet(WIDE);
    scene.char('A');
    scene.resize((34, 12));
    scene.wait(1_000);
    scene.must_show("too small");
    assert!(decisions(&scene.enter()).is_empty(), "approved what is not on screen");
    scene.char('d');
    assert!(decisions(&scene.enter()).is_empty(), "denied what is not on screen");
    // The twin: the same keys where the sheet is on screen.
    scene.resize(WIDE);
    scene.wait(1_000);
    scene.must_show("not on screen");
    scene.esc();
    assert_eq!(approve(&mut scene), 1);
}

/// Types as people do: a key every 120 ms.
fn type_in(scene: &mut Scene, text: &str) {
    for c in text.chars() {
        assert!(decisions(&scene.press_after(120, KeyCode::Char(c))).is_empty(), "{c} of {text}");
    }
}

#[test]
fn a_reason_typed_at_once_is_a_reason_whatever_its_letters_mean_elsewhere() {
    for reason in ["All of it", "Six pods, not one", "these WALs are needed", "rrr A"] {
        let (mut scene, ..) = one_hold(WIDE);
        scene.enter();
        // Long before the sheet has settled, and the Enter right behind the last letter.
        scene.press_after(100, KeyCode::Char('d'));
        type_in(&mut scene, reason);
        scene.must_show(&format!("deny because: {reason}"));
        scene.wait(450);
        let effects = scene.press_after(80, KeyCode::Enter);
        let sent = decisions(&effects);
        assert_eq!(sent.len(), 1, "{reason}");
        assert_eq!(
            (sent[0].verdict, sent[0].reason.as_ref().unwrap().expose()),
            (Verdict::Deny, reason),
            "typed, and Enter soon behind it"
        );
    }
}

#[test]
fn an_approval_that_was_asked_for_does_not_survive_another_key_or_leaving_the_screen() {
    let away: [fn(&mut Scene); 4] = [
        |scene| drop(scene.char('l')),
        |scene| {
            scene.char('?');
            scene.esc();
        },
        |scene| scene.feed(What::Resumed),
        |scene| scene.resize((118, 40)),
    ];
    for leave in away {
        let (mut scene, ..) = open_sheet(WIDE);
        scene.char('A');
        scene.must_show("Approve: run exactly this");
        leave(&mut scene);
        scene.wait(1_000);
        assert!(decisions(&scene.enter()).is_empty());
        scene.wait(1_000);
        assert_eq!(approve(&mut scene), 1, "the twin");
    }
}

#[test]
fn a_key_among_others_that_mean_nothing_is_typing_and_does_not_ask_to_approve() {
    let (mut scene, ..) = open_sheet(WIDE);
    scene.press_after(1_000, KeyCode::Char('x'));
    scene.press_after(120, KeyCode::Char('A'));
    scene.must_not_show("Approve: run exactly this");
    scene.must_show("as in a text");
    assert_eq!(approve(&mut scene), 1, "the twin: A by itself");
}

#[test]
fn nothing_is_preselected_enter_in_an_open_sheet_does_nothing() {
    let (mut scene, ..) = open_sheet(WIDE);
    for _ in 0..3 {
        assert!(decisions(&scene.enter()).is_empty());
    }
    scene.must_show("DECIDE");
    assert_eq!(approve(&mut scene), 1, "the twin");
}

#[test]
fn approve_is_off_until_every_line_of_the_action_was_painted() {
    let (mut scene, ..) = long_sheet(SMALL);
    scene.must_show("approve is off");
    assert_eq!(approve(&mut scene), 0);
    scene.read_on();
    scene.must_show("every line of the action was on screen");
    assert_eq!(approve(&mut scene), 1, "the twin");
}

#[test]
fn lines_shown_only_by_a_jump_to_the_end_do_not_count() {
    let mut met = 0;
    for lines in 1..40 {
        // Two pages hold all of the action: what is missing after the first is on the last.
        let (mut stepped, ..) = long_sheet_of(lines, (80, 36));
        let off = stepped.shows("approve is off");
        let rows =
            |scene: &Scene| scene.painted.sheet.as_ref().map(|sheet| (sheet.rows, sheet.height)).unwrap();
        let two_pages = rows(&stepped).0 < rows(&stepped).1 * 2;
        if !off || !two_pages {
            continue;
        }
        met += 1;
        let (mut jumped, ..) = long_sheet_of(lines, (80, 36));
        jumped.press(KeyCode::End);
        jumped.must_show("what a jump to the end shows does not count");
        assert_eq!(approve(&mut jumped), 0, "{lines} lines");
        stepped.read_on();
        assert_eq!(approve(&mut stepped), 1, "the twin, {lines} lines");
    }
    assert!(met > 0, "the case was met");
}

#[test]
fn a_frame_that_was_never_painted_shows_nothing() {
    let (mut scene, ..) = one_hold(WIDE);
    scene.wait(1_000);
    let key = |code| holdpoint::cockpit::input::Press {
        key: crossterm::event::KeyEvent::new(code, crossterm::event::KeyModifiers::NONE),
        at_ms: 0,
        together: false,
    };
    for code in [KeyCode::Enter, KeyCode::Char('A'), KeyCode::Enter] {
        scene.wait(1_000);
        let press = holdpoint::cockpit::input::Press { at_ms: scene.mono_ms, ..key(code) };
        scene.feed(What::Key(press));
    }
    assert!(decisions(&scene.effects).is_empty(), "no frame was drawn between the keys");
}

#[test]
fn what_was_read_at_one_size_stays_read_at_another() {
    let (mut scene, ..) = long_sheet(SMALL);
    scene.read_on();
    scene.resize((132, 43));
    assert_eq!(approve(&mut scene), 1);
    let (mut scene, ..) = long_sheet(SMALL);
    scene.resize((132, 43));
    assert_eq!(approve(&mut scene), 0, "a larger screen that still does not show all is no reading");
}

#[test]
fn a_screen_that_is_too_small_to_show_the_sheet_shows_nothing() {
    let (mut scene, ..) = open_sheet((38, 9));
    scene.must_show("too small");
    assert_eq!(approve(&mut scene), 0);
    scene.resize(WIDE);
    assert_eq!(approve(&mut scene), 1, "the twin");
}

#[test]
fn approve_is_off_while_the_link_is_stale() {
    let (mut scene, ..) = open_sheet(WIDE);
    scene.down();
    scene.must_show("not live (stale)");
    assert_eq!(approve(&mut scene), 0);
    scene.up();
    assert_eq!(approve(&mut scene), 1, "the twin");
}

#[test]
fn approve_is_off_while_history_is_still_coming() {
    let (mut scene, session, _) = open_sheet(WIDE);
    scene.down();
    scene.hub.record(&session, &agent("holmes"), holdpoint::session::NoteAdded { text: "late".into() });
    let missed = scene.lose();
    scene.up();
    scene.must_show("reading history");
    assert_eq!(approve(&mut scene), 0);
    let cursor = scene.hub.cursor();
    scene.notice(holdpoint::link::Notice::Events(holdpoint::wire::EventsNote { cursor, events: missed }));
    assert_eq!(approve(&mut scene), 1, "the twin");
}

#[test]
fn approve_is_off_when_nobody_waits_and_deny_is_not() {
    let (mut scene, ..) = open_sheet(WIDE);
    let waiting = std::mem::take(&mut scene.hub.waiting);
    scene.tell();
    scene.must_show("the proposer is gone");
    assert_eq!(approve(&mut scene), 0);
    scene.char('d');
    assert_eq!(decisions(&scene.enter()).len(), 1, "a denial needs nobody who waits");
    let (mut scene, ..) = open_sheet(WIDE);
    scene.hub.waiting.clear();
    scene.tell();
    scene.hub.waiting = waiting;
    scene.tell();
    assert_eq!(approve(&mut scene), 1, "the twin: the gate is back");
}

#[test]
fn a_proposal_whose_digest_is_not_that_of_its_action_never_reaches_a_sheet() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    let hold = HoldId::new("h-1").unwrap();
    let digest = Digest::of(b"something else");
    let lie = holdpoint::session::ActionProposed { hold: hold.clone(), digest, proposal: delete_pods() };
    scene.hub.record(&session, &agent("holmes"), lie);
    let expires_at = scene.hub.now().plus_millis(60_000);
    let opened = holdpoint::session::HoldOpened { hold, revision: 1, digest, expires_at };
    scene.hub.record(&session, &agent("holmes"), opened);
    scene.tell();
    scene.must_show("2 misplaced");
    scene.must_show("0 waiting");
    scene.enter();
    assert_eq!(approve(&mut scene), 0);
}

#[test]
fn what_an_agent_did_not_say_whole_can_only_be_denied() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    let cut = AgentCommand {
        agent: "codex".into(),
        command: "rm -rf /srv/cache/tmp …".into(),
        cwd: "/srv".into(),
        incomplete: Some("the agent cut the command at 20 characters".into()),
    };
    scene.hub.open_hold(&session, "h-1", proposal(Action::AgentCommand(cut)), 60_000);
    scene.tell();
    scene.enter();
    scene.must_show("the agent cut the command at 20 characters");
    scene.must_show("it can only be denied");
    assert_eq!(approve(&mut scene), 0);
    scene.char('d');
    assert_eq!(decisions(&scene.enter()).len(), 1);
}

#[test]
fn approve_is_off_while_the_history_has_a_gap_and_deny_is_not() {
    let (mut scene, session, _) = open_sheet(WIDE);
    let note = || holdpoint::session::NoteAdded { text: "on the way".into() };
    scene.hub.record(&session, &agent("holmes"), note());
    scene.lose();
    scene.hub.record(&session, &agent("holmes"), note());
    scene.tell();
    scene.must_show("the session's history has gaps");
    assert_eq!(approve(&mut scene), 0);
    scene.char('d');
    assert_eq!(decisions(&scene.enter()).len(), 1);
    let (mut scene, session, _) = open_sheet(WIDE);
    scene.hub.record(&session, &agent("holmes"), note());
    scene.tell();
    assert_eq!(approve(&mut scene), 1, "the twin: nothing is missing");
}

#[test]
fn an_agents_credential_never_decides() {
    let (mut scene, ..) = open_sheet(WIDE);
    scene.down();
    scene.up_as(agent("maya"), false);
    scene.must_show("only a person decides");
    assert_eq!(approve(&mut scene), 0);
    scene.char('d');
    assert!(decisions(&scene.enter()).is_empty());
}

#[test]
fn nothing_is_decided_in_a_replay() {
    let (scene, ..) = one_hold(WIDE);
    let events: Vec<_> = {
        let mut hub = Hub::new();
        let session = hub.open_session("inc-1", "INC-1");
        hub.open_hold(&session, "h-1", delete_pods(), 600_000);
        let mut other = Scene::connected(WIDE);
        other.hub = hub;
        other.lose()
    };
    drop(scene);
    let mut replay = Scene::replay(WIDE);
    replay.feed(What::Replayed(events.into_iter().map(std::sync::Arc::new).collect()));
    replay.frame();
    replay.must_show("REPLAY");
    replay.enter();
    replay.must_show("this is a replay: nothing can be decided");
    assert_eq!(approve(&mut replay), 0);
    replay.char('d');
    assert!(decisions(&replay.enter()).is_empty());
    assert!(stops(&replay.char('S')).is_empty());
}

#[test]
fn time_over_is_no_approval() {
    let (mut scene, session, _) = open_sheet(WIDE);
    scene.wait(270_500);
    scene.char('j');
    scene.must_show("its time is over; nothing runs");
    assert_eq!(approve(&mut scene), 0);
    scene.hub.expire(&session);
    scene.tell();
    scene.must_show("expired by");
    scene.must_show("nothing of it runs");
}

#[test]
fn keys_typed_ahead_do_not_approve() {
    let (mut scene, ..) = one_hold(WIDE);
    scene.wait(1_000);
    // Enter, A, Enter in one piece, as from a buffer that filled while the screen was busy.
    let mut sent = 0;
    for code in [KeyCode::Enter, KeyCode::Char('A'), KeyCode::Enter] {
        sent += decisions(&scene.stroke(code, true, KeyEventKind::Press)).len();
    }
    assert_eq!(sent, 0);
    assert_eq!(approve(&mut scene), 1, "the twin");
}

#[test]
fn keys_within_400_ms_of_a_change_do_not_approve() {
    let (mut scene, ..) = one_hold(WIDE);
    scene.enter();
    scene.press_after(399, KeyCode::Char('A'));
    scene.must_show("too soon after a change");
    scene.must_not_show("APPROVE");
    scene.press_after(1_000, KeyCode::Char('A'));
    scene.must_show("APPROVE");
    // Asking is a change too: the question has to be read.
    assert!(decisions(&scene.press_after(399, KeyCode::Enter)).is_empty());
    assert_eq!(decisions(&scene.press_after(1_000, KeyCode::Enter)).len(), 1, "the twin");
}

#[test]
fn a_pasted_approval_does_nothing() {
    let (mut scene, ..) = open_sheet(WIDE);
    assert!(decisions(&scene.paste("A\r")).is_empty());
    scene.must_show("pasted text is never taken for keys");
    assert!(decisions(&scene.press_after(5, KeyCode::Enter)).is_empty());
    assert_eq!(approve(&mut scene), 1, "the twin");
}

#[test]
fn a_held_enter_does_not_approve() {
    let (mut scene, ..) = open_sheet(WIDE);
    scene.char('A');
    // Enter is held since before the question: the terminal repeats it.
    for _ in 0..30 {
        scene.wait(33);
        assert!(decisions(&scene.stroke(KeyCode::Enter, false, KeyEventKind::Press)).is_empty());
    }
    assert_eq!(decisions(&scene.enter()).len(), 1, "the twin: released and pressed again");
}

#[test]
fn what_is_asked_about_is_on_screen_while_it_is_asked() {
    let (mut scene, ..) = long_sheet(SMALL);
    scene.read_on();
    scene.must_not_show("sh -s");
    scene.char('A');
    scene.must_show("sh -s");
}

#[test]
fn esc_leaves_the_question_and_then_the_sheet_and_the_hold_stays_open() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    scene.char('A');
    scene.esc();
    scene.must_show("DECIDE");
    scene.esc();
    scene.must_not_show("DECIDE");
    scene.must_show("1 waiting");
    assert!(scene.hub.sessions[&session].hold(&hold).unwrap().is_open());
}
