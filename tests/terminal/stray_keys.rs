//! Stray keys never decide: each way for a key to arrive unmeant, and behind it the twin in which the intended keys
//! approve. Both on one hold: had the stray one decided, there would be nothing left to approve.

use std::thread::sleep;
use std::time::Duration;

use super::lab::{Lab, Waiting};
use super::place::{Place, REST};

/// Where each case is played.
#[derive(Clone, Copy, Debug)]
enum Where {
    /// Everything fits on the screen.
    Wide,
    /// The sheet has to be read page by page.
    Small,
    Tmux,
}

impl Where {
    /// The cockpit; `None` without tmux.
    fn start(self, lab: &Lab) -> Option<Place> {
        match self {
            Self::Wide => Some(lab.pty((200, 60))),
            Self::Small => Some(lab.pty((80, 24))),
            Self::Tmux => Place::tmux((120, 36), &lab.start()),
        }
    }
}

fn reading(text: &str) -> bool {
    text.contains("DECIDE") && text.contains("approve…")
}

/// Opens the sheet of the only hold.
fn open_sheet(place: &Place) {
    place.wait_for("the hold in the queue", |text| text.contains("1 waiting"));
    place.key("enter");
    place.wait_for("the decision sheet", reading);
}

/// Opens it and reads its action to the end: from here on nothing but the guard stands against a stray key.
fn read_sheet(place: &Place) {
    open_sheet(place);
    read_on(place);
}

/// Everything that was sent before has been taken: a harmless key behind it has had its effect.
fn settled(place: &Place) {
    sleep(REST);
    place.wait_for("the sheet, after stray keys", |text| text.contains("DECIDE") || text.contains("APPROVE"));
    for _ in 0..3 {
        if reading(&place.text()) {
            break;
        }
        place.key("esc");
        sleep(REST);
    }
    place.key("?");
    place.wait_for("the help, behind the stray keys", |text| text.contains("KEYS"));
    place.key("esc");
    place.wait_for("the sheet again", reading);
}

/// Reads the whole action: approve is off, and says so, until every line of it was on screen.
fn read_on(place: &Place) {
    for _ in 0..20 {
        let text = place.wait_for("the sheet", reading);
        if !text.contains("approve is off") {
            return;
        }
        place.key("pgdn");
        place.wait_for("the next page", |now| now != text);
    }
    panic!("the action has no end:\n{}", place.text());
}

/// What a person does: read, `A`, look, Enter. A key that the guard refuses is pressed again, as the screen says.
fn approve_until(place: &Place, decided: impl Fn() -> bool) {
    read_on(place);
    for _ in 0..5 {
        sleep(REST);
        place.key("A");
        if place.wait_within(Duration::from_secs(5), &|text: &str| text.contains("APPROVE")).is_none() {
            continue;
        }
        sleep(REST);
        place.key("enter");
        if place.wait_within(Duration::from_secs(5), &|_: &str| decided()).is_some() {
            return;
        }
    }
    panic!("the intended keys do not approve:\n{}", place.text());
}

/// Plays a stray input, sees that nothing was decided, then approves as intended and sees that it ran once.
fn stray(place: Where, input: impl Fn(&mut Lab, &Place, &Waiting)) {
    let mut lab = Lab::new();
    let waiting = lab.gate("one");
    let Some(place) = place.start(&lab) else { return };
    input(&mut lab, &place, &waiting);
    settled(&place);
    lab.mark(&waiting.session, "behind the stray keys");
    assert!(lab.is_open(&waiting), "it was decided\n{}", place.text());
    assert_eq!(waiting.effects(), 0);
    approve_until(&place, || !lab.is_open(&waiting));
    let session = waiting.session.clone();
    assert_eq!(waiting.ending(), (Some(0), 1), "it ran exactly once");
    let names = lab.names(&session);
    let at = |wanted: &str| names.iter().position(|name| name == wanted).unwrap();
    assert_eq!(names.iter().filter(|name| *name == "vote.cast").count(), 1, "{names:?}");
    assert!(at("note.added") < at("vote.cast"), "{names:?}");
}

/// Each case in a terminal of its own and in a pane of tmux.
macro_rules! stray {
    ($($(#[$doc:meta])* $name:ident: $input:expr;)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(clippy::wildcard_imports)]
            use super::*;
            #[test]
            fn in_a_wide_terminal() {
                stray(Where::Wide, $input);
            }
            #[test]
            fn in_a_small_terminal() {
                stray(Where::Small, $input);
            }
            #[test]
            fn in_tmux() {
                stray(Where::Tmux, $input);
            }
        }
    )*};
}

stray! {
    keys_typed_ahead_do_not_decide: |_, place, _| {
        place.wait_for("the hold in the queue", |text| text.contains("1 waiting"));
        sleep(REST);
        // All of it before the sheet can be on screen: Enter opens, the rest was meant for what was there.
        place.send(b"\rA\r");
    };
    keys_right_behind_the_opening_do_not_decide: |_, place, _| {
        place.wait_for("the hold in the queue", |text| text.contains("1 waiting"));
        sleep(REST);
        // Typed one by one by somebody quick, who has not seen the sheet yet.
        for key in [b"\r", b"A", b"\r"] {
            place.send(key);
            sleep(Duration::from_millis(60));
        }
    };
    a_bracketed_paste_does_not_decide: |_, place, _| {
        read_sheet(place);
        sleep(REST);
        place.paste("A\r");
        sleep(REST);
        place.paste("A");
        place.key("enter");
    };
    a_paste_without_brackets_does_not_decide: |_, place, _| {
        read_sheet(place);
        sleep(REST);
        place.send(b"A\r");
        sleep(REST);
        place.send(b"A\rA\rA\rdreason\r");
    };
    a_held_key_does_not_decide: |_, place, _| {
        place.wait_for("the hold in the queue", |text| text.contains("1 waiting"));
        sleep(REST);
        // Enter opens the sheet and stays down; then `A` begins and stays down: as a keyboard repeats them.
        for key in [b"\r", b"A"] {
            for _ in 0..25 {
                place.send(key);
                sleep(Duration::from_millis(33));
            }
        }
    };
    text_in_a_field_does_not_decide: |_, place, _| {
        read_sheet(place);
        sleep(REST);
        place.key("d");
        place.wait_for("the line for a reason", |text| text.contains("eason"));
        // Every letter that means something outside of a field.
        place.type_text("A d S e q ? A");
        place.key("esc");
    };
}

/// The key meant for one revision meets the next. The twin: after a look at what changed, the new one is approved.
fn revised(place: Where) {
    let mut lab = Lab::new();
    let agent = lab.agent("holmes");
    let session = lab.session("INC-1 checkout");
    let hold =
        agent.propose(&lab, &session, &["kubectl", "-n", "prod", "scale", "deploy/web", "--replicas=3"]);
    let Some(place) = place.start(&lab) else { return };
    read_sheet(&place);
    sleep(REST);
    place.key("A");
    place.wait_for("the second step", |text| text.contains("APPROVE"));
    sleep(REST);
    agent.revise(&lab, &session, &hold, &["kubectl", "-n", "prod", "scale", "deploy/web", "--replicas=0"]);
    place.send(b"\r");
    place.wait_for("the new action", |text| text.contains("--replicas=0"));
    sleep(REST);
    place.keys(&["A", "enter"]);
    sleep(REST);
    lab.mark(&session, "behind the stray keys");
    assert!(lab.hold_is_open(&hold), "{}", place.text());
    assert!(!lab.names(&session).contains(&"vote.cast".to_owned()), "{}", place.text());
    // The screen says what changed and waits for a look at it.
    place.wait_for("what changed", |text| text.contains("r2") && text.contains("--replicas=3"));
    place.key("r");
    place.wait_for("the sheet of the new revision", reading);
    approve_until(&place, || !lab.hold_is_open(&hold));
    let revision = lab.approved_revision(&hold);
    assert_eq!(revision, Some(2));
}

#[test]
fn a_revision_under_the_finger_is_not_approved_in_a_wide_terminal() {
    revised(Where::Wide);
}

#[test]
fn a_revision_under_the_finger_is_not_approved_in_a_small_terminal() {
    revised(Where::Small);
}

#[test]
fn a_revision_under_the_finger_is_not_approved_in_tmux() {
    revised(Where::Tmux);
}

/// On a small screen the action has more lines than fit: `A` does nothing until all of them were shown, and jumping to
/// the end does not show them.
#[test]
fn what_was_not_on_screen_is_not_approved() {
    let mut lab = Lab::new();
    let waiting = lab.gate("one");
    let place = lab.pty((80, 24));
    open_sheet(&place);
    place.wait_for("why not yet", |text| text.contains("approve is off"));
    sleep(REST);
    place.key("A");
    sleep(REST);
    place.key("enter");
    place.key("G");
    place.wait_for("the end of the sheet", |text| text.contains("approve is off"));
    sleep(REST);
    place.key("A");
    sleep(REST);
    place.key("enter");
    sleep(REST);
    place.key("g");
    lab.mark(&waiting.session, "behind the keys");
    assert!(lab.is_open(&waiting), "{}", place.text());
    approve_until(&place, || !lab.is_open(&waiting));
    assert_eq!(waiting.ending(), (Some(0), 1));
}
