//! Stray keys never decide: each way for a key to arrive unmeant, and behind it the twin in which the intended keys
//! approve. Both on one hold: had the stray one decided, there would be nothing left to approve.
//!
//! What only the guard stops is played once more by a build with failpoints whose guard lets everything pass: there
//! each of these cases decides.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::hands::{approve_until, open_sheet, read_sheet, reading, settled};
use super::lab::Lab;
use super::place::{Place, REST, Start};

/// Everything fits on the screen.
fn wide(start: &Start) -> Place {
    Place::pty((200, 60), start)
}

/// The sheet has to be read page by page.
fn small(start: &Start) -> Place {
    Place::pty((80, 24), start)
}

fn tmux(start: &Start) -> Place {
    Place::tmux((120, 36), start)
}

type Where = fn(&Start) -> Place;

/// One way for keys to arrive unmeant.
struct Stray {
    /// Sends them; `false` when this machine was too slow for what is meant, which is another case then.
    input: fn(&Place) -> bool,
    /// What the screen says about them: any of these; nothing where the guard is not asked.
    says: &'static [&'static str],
}

const TOO_FAST: &str = "those keys came faster";
/// A cockpit that was not woken meanwhile reads quick keys as one piece.
const TOO_SOON: &[&str] = &["that key came too soon", TOO_FAST];
const HELD: &str = "that key is still held";

/// How often a case is tried that needs a pace.
const TRIES: usize = 8;

/// Keys one after the other, at this pace; whether no gap was longer than `longest`.
fn at_pace(place: &Place, keys: &[&[u8]], pace: Duration, longest: Duration) -> bool {
    let mut last = Instant::now();
    let mut kept = true;
    for (n, key) in keys.iter().enumerate() {
        place.send(key);
        kept &= n == 0 || last.elapsed() < longest;
        last = Instant::now();
        sleep(pace);
    }
    kept
}

/// Somebody quick: all of these before anybody could have read anything.
fn quickly(place: &Place, keys: &[&[u8]]) -> bool {
    at_pace(place, keys, Duration::from_millis(60), Duration::from_millis(170))
}

/// All of it before the sheet can be on screen: Enter opens, the rest was meant for what was there.
const TYPED_AHEAD: Stray = Stray {
    input: |place| {
        place.wait_for("the hold in the queue", |text| text.contains("1 waiting"));
        sleep(REST);
        place.send(b"\rA\r");
        true
    },
    says: &[TOO_FAST],
};

/// Typed one by one by somebody who has not seen the sheet yet.
const BEHIND_THE_OPENING: Stray = Stray {
    input: |place| {
        place.wait_for("the hold in the queue", |text| text.contains("1 waiting"));
        sleep(REST);
        quickly(place, &[b"\r", b"A", b"\r"])
    },
    says: TOO_SOON,
};

/// The last page of the action was on screen for a moment.
const BEHIND_THE_LAST_PAGE: Stray = Stray {
    input: |place| {
        read_sheet(place);
        // Up and down again, because which page is the last one is known only behind it.
        place.key("pgup");
        sleep(REST);
        quickly(place, &[b"\x1b[6~", b"A", b"\r"])
    },
    says: TOO_SOON,
};

/// The sheet was covered, and is on screen anew.
const BEHIND_THE_HELP: Stray = Stray {
    input: |place| {
        read_sheet(place);
        place.key("?");
        place.wait_for("the help", |text| text.contains("KEYS"));
        sleep(REST);
        quickly(place, &[b"?", b"A", b"\r"])
    },
    says: TOO_SOON,
};

/// First into the sheet, then into its second step.
const PASTE: Stray = Stray {
    input: |place| {
        read_sheet(place);
        sleep(REST);
        place.paste("A\r");
        sleep(REST);
        place.key("A");
        place.wait_for("the second step", |text| text.contains("APPROVE"));
        sleep(REST);
        place.paste("\r");
        true
    },
    says: &["pasted text is never taken for keys"],
};

/// From a terminal that marks no paste.
const PASTE_WITHOUT_BRACKETS: Stray = Stray {
    input: |place| {
        read_sheet(place);
        sleep(REST);
        place.send(b"A\r");
        true
    },
    says: &[TOO_FAST],
};

/// `A` is meant; the finger then stays on Enter, as a keyboard repeats it, far beyond the time for which a change of the
/// sheet forbids everything.
const HELD_ENTER: Stray = Stray {
    input: |place| {
        read_sheet(place);
        sleep(REST);
        place.send(b"A");
        place.wait_for("the second step", |text| text.contains("APPROVE"));
        let held = [&b"\r"[..]; 40];
        at_pace(place, &held, Duration::from_millis(33), Duration::from_millis(600))
    },
    says: &[HELD],
};

/// Every letter that means something outside of a field.
const LETTERS: &str = "S A d e q ? A";

const TEXT_IN_A_FIELD: Stray = Stray {
    input: |place| {
        read_sheet(place);
        sleep(REST);
        place.key("d");
        place.wait_for("the line for a reason", |text| text.contains("eason"));
        place.type_text(LETTERS);
        place.wait_for("the letters in the line", |text| text.contains(LETTERS));
        place.key("esc");
        true
    },
    says: &[],
};

/// Plays a stray input, sees that nothing was decided, then approves as intended and sees that it ran once.
fn stray(start: Where, case: &Stray) {
    assert!((0..TRIES).any(|_| played(start, case)), "this machine keeps no pace");
}

/// `false` when the keys were not at the pace that is meant.
fn played(start: Where, case: &Stray) -> bool {
    let mut lab = Lab::new();
    let waiting = lab.gate("one");
    let place = start(&lab.start());
    if !(case.input)(&place) {
        return false;
    }
    let said = |text: &str| case.says.is_empty() || case.says.iter().any(|words| text.contains(words));
    place.wait_for(&format!("one of {:?}", case.says), said);
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
    true
}

/// Each case in the places in which it can be played.
macro_rules! stray {
    ($($name:ident: $case:ident in $($place:ident),+ $(and $tmux:ident)?;)*) => {$(
        mod $name {
            $(#[test]
            fn $place() {
                super::stray(super::$place, &super::$case);
            })+
            $(#[test]
            #[ignore = "needs tmux"]
            fn $tmux() {
                super::stray(super::$tmux, &super::$case);
            })?
        }
    )*};
}

stray! {
    keys_typed_ahead_do_not_decide: TYPED_AHEAD in wide, small and tmux;
    keys_right_behind_the_opening_do_not_decide: BEHIND_THE_OPENING in wide;
    keys_right_behind_the_last_page_do_not_decide: BEHIND_THE_LAST_PAGE in small;
    keys_right_behind_what_covered_the_sheet_do_not_decide: BEHIND_THE_HELP in wide, small and tmux;
    a_bracketed_paste_does_not_decide: PASTE in wide, small and tmux;
    a_paste_without_brackets_does_not_decide: PASTE_WITHOUT_BRACKETS in wide, small and tmux;
    a_held_key_does_not_decide: HELD_ENTER in wide, small and tmux;
    text_in_a_field_does_not_decide: TEXT_IN_A_FIELD in wide, small and tmux;
}

/// The control of the last one: beside a field the same letters do what they say; the first of them is the stop.
#[test]
fn the_letters_of_a_reason_beside_its_line_are_keys() {
    let mut lab = Lab::new();
    let waiting = lab.gate("one");
    let place = lab.pty((200, 60));
    read_sheet(&place);
    sleep(REST);
    place.type_text(LETTERS);
    place.wait_for("the stop's effect", |_| !lab.is_open(&waiting));
    assert!(lab.names(&waiting.session).contains(&"stop.requested".to_owned()));
    assert_eq!(waiting.ending().1, 0);
}

/// The controls of the others: without the guard each of these approves, so nothing else stands in its way.
#[cfg(feature = "failpoints")]
mod without_the_guard {
    use super::*;

    /// Whether the hold is decided by the stray keys alone, at least once in so many tries: a cockpit that was not
    /// woken in time reads them as one piece, before anything of the sheet was on screen.
    fn decides(tries: usize, start: Where, case: &Stray) -> bool {
        (0..tries).any(|_| {
            let mut lab = Lab::new();
            let waiting = lab.gate("one");
            let unguarded = lab.start().with("HOLDPOINT_MUTANT", "no-guard");
            let place = start(&unguarded);
            (case.input)(&place);
            place.wait_within(Duration::from_secs(5), &|_: &str| !lab.is_open(&waiting)).is_some()
        })
    }

    #[test]
    fn each_case_decides() {
        let cases: [(&str, Where, &Stray); 5] = [
            ("behind the opening", wide, &BEHIND_THE_OPENING),
            ("behind the last page", small, &BEHIND_THE_LAST_PAGE),
            ("behind the help", wide, &BEHIND_THE_HELP),
            ("a paste without brackets", small, &PASTE_WITHOUT_BRACKETS),
            ("a held key", wide, &HELD_ENTER),
        ];
        for (name, start, case) in cases {
            assert!(
                decides(TRIES, start, case),
                "{name} does not decide without the guard either: what does it prove?"
            );
            println!("stray keys: {name} decides without the guard");
        }
    }

    /// What the sheet itself stops too: nothing of it was on screen, and what a terminal marks as pasted is no key.
    #[test]
    fn what_is_stopped_twice_does_not_decide_even_so() {
        assert!(!decides(1, wide, &TYPED_AHEAD));
        assert!(!decides(1, wide, &PASTE));
    }
}

/// The key meant for one revision meets the next. The twin: after a look at what changed, the new one is approved.
fn revised(start: Where) {
    let mut lab = Lab::new();
    let agent = lab.agent("holmes");
    let session = lab.session("INC-1 checkout");
    let hold =
        agent.propose(&lab, &session, &["kubectl", "-n", "prod", "scale", "deploy/web", "--replicas=3"]);
    let place = start(&lab.start());
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
    revised(wide);
}

#[test]
fn a_revision_under_the_finger_is_not_approved_in_a_small_terminal() {
    revised(small);
}

#[test]
#[ignore = "needs tmux"]
fn a_revision_under_the_finger_is_not_approved_in_tmux() {
    revised(tmux);
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
