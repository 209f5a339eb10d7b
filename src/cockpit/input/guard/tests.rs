//! Every stray way for a key to arrive, each beside its twin in which the intended key counts.

use crokey::crossterm::event::{KeyCode, KeyModifiers};
use proptest::prelude::*;

use super::*;

const ENTER: KeyCode = KeyCode::Enter;

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn press(guard: &mut Guard, code: KeyCode, at_ms: u64, weight: Weight) -> Result<(), Stray> {
    guard.judge(Press { key: key(code), at_ms, together: false }, weight)
}

fn decide(guard: &mut Guard, c: char, at_ms: u64) -> Result<(), Stray> {
    press(guard, KeyCode::Char(c), at_ms, Weight::Deciding)
}

/// A guard of a sheet that was opened at 1,000 ms by Enter.
fn opened() -> Guard {
    let mut guard = Guard::default();
    assert_eq!(press(&mut guard, ENTER, 1_000, Weight::Light), Ok(()));
    guard.changed(1_000);
    guard
}

#[test]
fn typed_ahead_does_not_count_and_the_same_key_after_a_look_does() {
    assert_eq!(decide(&mut opened(), 'A', 1_000 + SETTLE_MS - 1), Err(Stray::Unsettled));
    assert_eq!(decide(&mut opened(), 'A', 1_000 + SETTLE_MS), Ok(()));
}

#[test]
fn a_revision_under_the_finger_starts_the_wait_anew() {
    let mut guard = opened();
    guard.changed(5_000);
    assert_eq!(decide(&mut guard, 'A', 5_100), Err(Stray::Unsettled));
    let mut twin = opened();
    twin.changed(5_000);
    assert_eq!(decide(&mut twin, 'A', 5_600), Ok(()));
}

#[test]
fn keys_that_came_as_one_piece_do_not_count() {
    let mut guard = opened();
    let together = |code, at_ms| Press { key: key(code), at_ms, together: true };
    assert_eq!(guard.judge(together(KeyCode::Char('A'), 9_000), Weight::Deciding), Err(Stray::Burst));
    assert_eq!(guard.judge(together(ENTER, 9_000), Weight::Deciding), Err(Stray::Burst));
    let mut twin = opened();
    assert_eq!(decide(&mut twin, 'A', 9_000), Ok(()));
    assert_eq!(press(&mut twin, ENTER, 9_500, Weight::Deciding), Ok(()));
}

#[test]
fn a_paste_that_dribbles_in_key_by_key_does_not_count() {
    let mut guard = opened();
    // The first key of a dribble cannot be told from a typed one; it only begins. The one that decides comes behind.
    assert_eq!(decide(&mut guard, 'A', 9_000), Ok(()));
    assert_eq!(press(&mut guard, ENTER, 9_000 + TYPED_MS - 1, Weight::Deciding), Err(Stray::Burst));
    let mut twin = opened();
    assert_eq!(decide(&mut twin, 'A', 9_000), Ok(()));
    assert_eq!(press(&mut twin, ENTER, 9_000 + TYPED_MS, Weight::Deciding), Ok(()));
}

#[test]
fn a_key_right_behind_a_bracketed_paste_came_with_it() {
    let mut guard = opened();
    guard.pasted(9_000);
    assert_eq!(decide(&mut guard, 'A', 9_010), Err(Stray::Burst));
    let mut twin = opened();
    twin.pasted(9_000);
    assert_eq!(decide(&mut twin, 'A', 9_200), Ok(()));
}

/// Enter opens the sheet and stays down: its repeats never confirm, however long it is held.
#[test]
fn a_held_key_never_counts_across_views_until_it_rests() {
    let mut guard = opened();
    let mut at = 1_000 + 660;
    while at < 20_000 {
        assert_eq!(press(&mut guard, ENTER, at, Weight::Deciding), Err(Stray::Held), "at {at}");
        at += 33;
    }
    let last = at - 33;
    assert_eq!(press(&mut guard.clone(), ENTER, last + HELD_MS - 1, Weight::Deciding), Err(Stray::Held));
    assert_eq!(press(&mut guard, ENTER, last + HELD_MS, Weight::Deciding), Ok(()));
}

#[test]
fn another_key_in_between_ends_a_hold() {
    let mut guard = opened();
    assert_eq!(decide(&mut guard, 'A', 2_000), Ok(()));
    assert_eq!(press(&mut guard, KeyCode::Esc, 2_200, Weight::Light), Ok(()));
    assert_eq!(decide(&mut guard, 'A', 2_400), Ok(()), "pressed, left, pressed again");
}

#[test]
fn a_repeat_that_the_terminal_names_never_counts() {
    for weight in [Weight::Deciding, Weight::Stop] {
        let mut guard = opened();
        let repeat = KeyEvent { kind: KeyEventKind::Repeat, ..key(KeyCode::Char('S')) };
        let press = Press { key: repeat, at_ms: 60_000, together: false };
        assert_eq!(guard.judge(press, weight), Err(Stray::Held));
    }
}

#[test]
fn a_stop_is_not_slowed_and_a_held_stop_stops_once() {
    let stop = |guard: &mut Guard, at_ms| press(guard, KeyCode::Char('S'), at_ms, Weight::Stop);
    let mut guard = opened();
    assert_eq!(stop(&mut guard, 1_050), Ok(()), "right after a change");
    for at in (1_550..4_000).step_by(33) {
        assert_eq!(stop(&mut guard, at), Err(Stray::Held), "held at {at}");
    }
    assert_eq!(stop(&mut guard, 4_000 + HELD_MS), Ok(()), "pressed again: the next step");
}

#[test]
fn a_stop_that_did_not_count_can_be_pressed_again_at_once() {
    let stop = |guard: &mut Guard, at_ms| press(guard, KeyCode::Char('S'), at_ms, Weight::Stop);
    let mut guard = opened();
    guard.pasted(2_000);
    assert_eq!(stop(&mut guard, 2_010), Err(Stray::Burst));
    assert_eq!(stop(&mut guard, 2_100), Ok(()));
    assert_eq!(stop(&mut guard, 2_200), Err(Stray::Held), "that one counted");
}

#[test]
fn moving_about_is_never_slowed() {
    let mut guard = opened();
    for at in (1_000..3_000).step_by(5) {
        let press = Press { key: key(KeyCode::Down), at_ms: at, together: true };
        assert_eq!(guard.judge(press, Weight::Light), Ok(()));
    }
}

#[test]
fn releases_are_nothing() {
    let mut guard = opened();
    let before = guard.clone();
    let release = KeyEvent { kind: KeyEventKind::Release, ..key(KeyCode::Char('A')) };
    assert_eq!(guard.judge(Press { key: release, at_ms: 1_500, together: false }, Weight::Light), Ok(()));
    assert_eq!(guard, before);
}

#[test]
fn every_refusal_says_what_to_do() {
    for stray in [Stray::Unsettled, Stray::Burst, Stray::Held, Stray::Typing] {
        assert!(stray.words().contains("press again"), "{stray:?}");
    }
}

/// One thing that happens, and how long after the last.
#[derive(Clone, Debug)]
enum Step {
    Press(char, bool),
    /// A key without a meaning.
    Nothing(char),
    Change,
    Paste,
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let gap = prop_oneof![0_u64..40, 200_u64..900, 2_000_u64..3_000];
    let step = prop_oneof![
        6 => (prop::sample::select(vec!['A', 'd', 'j', '\r']), any::<bool>()).prop_map(|(c, t)| Step::Press(c, t)),
        1 => prop::sample::select(vec!['x', 'A']).prop_map(Step::Nothing),
        2 => Just(Step::Change),
        1 => Just(Step::Paste),
    ];
    prop::collection::vec((gap, step), 1..60)
}

proptest! {
    /// The rules, said again in another way: over the whole history instead of step by step.
    #[test]
    fn a_key_decides_exactly_when_the_history_allows_it(steps in steps()) {
        let mut guard = Guard::default();
        let (mut now, mut changed, mut inputs) = (10_000, None, Vec::<(u64, Option<char>)>::new());
        // Keys that did nothing; only the last of them is looked at.
        let mut idle = None;
        for (gap, step) in steps {
            now += gap;
            match step {
                Step::Change => { guard.changed(now); changed = Some(now); }
                Step::Paste => { guard.pasted(now); inputs.push((now, None)); }
                Step::Press(c, together) => {
                    let press = Press { key: key(KeyCode::Char(c)), at_ms: now, together };
                    let counted = guard.judge(press, Weight::Deciding).is_ok();
                    let settled = changed.is_none_or(|at| now - at >= 400);
                    let typed = !together && inputs.last().is_none_or(|(at, _)| now - at >= 30);
                    let fresh = inputs.last().is_none_or(|(at, last)| *last != Some(c) || now - at >= 700);
                    let alone = idle.is_none_or(|(at, other)| other == c || now - at >= 400);
                    prop_assert_eq!(counted, settled && typed && fresh && alone);
                    if !counted {
                        idle = Some((now, c));
                    }
                    inputs.push((now, Some(c)));
                }
                Step::Nothing(c) => {
                    let press = Press { key: key(KeyCode::Char(c)), at_ms: now, together: false };
                    prop_assert_eq!(guard.judge(press, Weight::Nothing), Ok(()));
                    idle = Some((now, c));
                    inputs.push((now, Some(c)));
                }
            }
        }
    }
}
