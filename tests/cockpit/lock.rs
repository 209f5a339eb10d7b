//! What changes under the finger: revisions, closings, other holds.

use crossterm::event::KeyCode;
use holdpoint::cockpit::effect::Effect;
use holdpoint::domain::*;

use super::scene::*;

const WIDE: (u16, u16) = (120, 48);

fn all_pods() -> Proposal {
    proposal(Action::Exec(exec(&[
        "kubectl",
        "--context",
        "prod-eu1",
        "-n",
        "prod",
        "delete",
        "pod",
        "--all",
    ])))
}

#[test]
fn a_revision_locks_the_sheet_and_shows_what_changed() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    scene.char('A');
    scene.hub.revise(&session, &hold, all_pods());
    scene.tell();
    scene.must_show("CHANGED");
    scene.must_show("no key decides");
    scene.must_show("- argument 7: -l");
    scene.must_show("- argument 8: app=cart-redis");
    scene.must_show("+ argument 7: --all");
    for code in [KeyCode::Enter, KeyCode::Char('A'), KeyCode::Enter, KeyCode::Char('d'), KeyCode::Enter] {
        assert!(decisions(&scene.press(code)).is_empty(), "a locked sheet decides nothing");
    }
}

#[test]
fn after_the_change_was_acknowledged_the_new_revision_can_be_approved() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    scene.hub.revise(&session, &hold, all_pods());
    scene.tell();
    scene.char('r');
    scene.must_not_show("CHANGED");
    scene.char('A');
    let effects = scene.enter();
    let sent = decisions(&effects);
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].revision, sent[0].digest), (2, all_pods().action.digest().unwrap()));
}

#[test]
fn a_key_on_its_way_when_the_revision_arrives_does_not_even_acknowledge_it_as_an_approval() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    scene.char('A');
    scene.wait(500);
    scene.hub.revise(&session, &hold, all_pods());
    scene.tell();
    assert!(decisions(&scene.press_after(50, KeyCode::Enter)).is_empty());
    assert!(decisions(&scene.press_after(2_000, KeyCode::Enter)).is_empty());
    scene.must_show("CHANGED");
}

#[test]
fn a_revision_of_the_words_alone_locks_too() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    let kinder = Proposal { claim: Some("no impact at all".into()), ..delete_pods() };
    scene.hub.revise(&session, &hold, kinder);
    scene.tell();
    scene.must_show("- agent said: restarts one cache pod, no user impact");
    scene.must_show("+ agent said: no impact at all");
    scene.char('A');
    assert!(decisions(&scene.enter()).is_empty());
}

#[test]
fn two_revisions_show_the_change_since_what_was_read() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    scene.hub.revise(&session, &hold, proposal(Action::Exec(exec(&["kubectl", "get", "pods"]))));
    scene.tell();
    scene.hub.revise(&session, &hold, all_pods());
    scene.tell();
    scene.must_show("r1 became r3");
    scene.must_show("- argument 7: -l");
}

#[test]
fn what_is_being_typed_stays_text_when_a_revision_arrives() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    scene.char('d');
    scene.char('n');
    scene.hub.revise(&session, &hold, all_pods());
    scene.tell();
    for c in "o ASrq".chars() {
        let effects = scene.char(c);
        assert!(
            effects
                .iter()
                .all(|effect| !matches!(effect, Effect::Stop(_) | Effect::Quit | Effect::Decide(_)))
        );
    }
    scene.must_show("no ASrq");
    assert!(decisions(&scene.enter()).is_empty(), "the denial was of another proposal");
    scene.must_show("cannot deny: the proposal changed");
    scene.esc();
    scene.char('r');
    scene.char('d');
    scene.must_show("no ASrq");
    let effects = scene.enter();
    assert_eq!(decisions(&effects)[0].reason.as_ref().unwrap().expose(), "no ASrq", "the text was not lost");
    assert_eq!(decisions(&effects)[0].revision, 2);
}

#[test]
fn a_hold_that_closes_on_screen_leaves_a_tombstone_and_nothing_advances() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    let other = scene.hub.open_session("inc-2", "INC-2 another");
    scene.hub.open_hold(&other, "h-2", all_pods(), 600_000);
    scene.hub.other_decides("li", &session, &hold, Verdict::Deny, "the deploy did it");
    scene.tell();
    scene.must_show("denied by li 03:12");
    scene.must_show("the deploy did it");
    scene.must_show("delete pod -l app=cart-redis");
    scene.must_not_show("--all");
    for code in [KeyCode::Char('A'), KeyCode::Enter, KeyCode::Char('d'), KeyCode::Enter] {
        assert!(decisions(&scene.press(code)).is_empty());
    }
    scene.must_show("denied by li 03:12");
}

#[test]
fn two_holds_are_never_mixed_up() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    let first = scene.hub.open_hold(&session, "h-1", delete_pods(), 600_000);
    scene.wait(10);
    let second = scene.hub.open_hold(&session, "h-2", all_pods(), 600_000);
    scene.tell();
    scene.press(KeyCode::Down);
    scene.enter();
    scene.must_show("delete pod --all");
    // The first closes and a third opens while the second is on the sheet.
    scene.hub.other_decides("li", &session, &first, Verdict::Deny, "");
    scene.hub.open_hold(&session, "h-3", delete_pods(), 600_000);
    scene.tell();
    scene.must_show("delete pod --all");
    scene.char('A');
    let effects = scene.enter();
    let sent = decisions(&effects);
    assert_eq!((&sent[0].hold, sent[0].digest), (&second, all_pods().action.digest().unwrap()));
}

#[test]
fn after_a_decided_sheet_the_oldest_that_waits_is_next() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    let first = scene.hub.open_hold(&session, "h-1", delete_pods(), 600_000);
    scene.wait(10);
    scene.hub.open_hold(&session, "h-2", all_pods(), 600_000);
    scene.tell();
    // Left undecided, the same one is opened again.
    scene.enter();
    scene.press(KeyCode::Esc);
    scene.enter();
    scene.must_show("delete pod -l app=cart-redis");
    // Decided, it is put down.
    scene.hub.other_decides("li", &session, &first, Verdict::Deny, "");
    scene.tell();
    scene.press(KeyCode::Esc);
    scene.enter();
    scene.must_show("DECIDE");
    scene.must_show("delete pod --all");
}

#[test]
fn the_queue_is_first_come_first_served_and_pinned_under_a_sheet() {
    let mut scene = Scene::connected((200, 60));
    let session = scene.hub.open_session("inc-1", "INC-1 first");
    scene.hub.open_hold(&session, "h-1", delete_pods(), 600_000);
    scene.wait(10);
    let other = scene.hub.open_session("inc-2", "INC-2 second");
    // It expires sooner and still stands second.
    scene.hub.open_hold(&other, "h-2", all_pods(), 60_000);
    scene.tell();
    let text = scene.text();
    assert!(text.find("INC-1 first").unwrap() < text.find("INC-2 second").unwrap(), "{text}");
    scene.enter();
    let third = scene.hub.open_session("inc-3", "INC-3 third");
    scene.hub.open_hold(&third, "h-3", all_pods(), 600_000);
    scene.tell();
    scene.must_show("3 waiting");
    scene.must_show("+ 1 since this sheet opened");
    let left = |scene: &Scene| {
        scene.text().lines().any(|line| line.chars().take(31).collect::<String>().contains("INC-3"))
    };
    assert!(!left(&scene), "{}", scene.text());
    scene.esc();
    assert!(left(&scene), "{}", scene.text());
}

#[test]
fn the_selection_stays_with_its_row_whatever_comes_before_it() {
    let mut scene = Scene::connected(WIDE);
    let one = scene.hub.open_session("inc-1", "INC-1 first");
    let first = scene.hub.open_hold(&one, "h-1", delete_pods(), 600_000);
    scene.wait(10);
    let two = scene.hub.open_session("inc-2", "INC-2 second");
    scene.hub.open_hold(&two, "h-2", all_pods(), 600_000);
    scene.tell();
    scene.press(KeyCode::Down);
    scene.hub.other_decides("li", &one, &first, Verdict::Deny, "");
    scene.tell();
    scene.enter();
    scene.must_show("delete pod --all");
}
