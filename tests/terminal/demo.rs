//! The demo under its cockpit, played by somebody who knows the keys: a denial with a reason, an approval, the alert that
//! clears, and a stop.

use std::thread::sleep;
use std::time::Duration;

use super::hands::{approve_until, reading};
use super::hub_lab;
use super::place::{Place, REST, Size, Start};

/// Opens the sheet of the hold that waits; it has to be about this command.
fn open(place: &Place, command: &str) {
    place.wait_for(&format!("the proposal to {command}"), |text| text.contains("1 waiting"));
    // Whatever was looked at before: the queue, and what waits at its top.
    place.keys(&["esc", "0", "g", "enter"]);
    place.wait_for(command, |text| reading(text) && text.contains(command));
}

/// Selects a session in the queue, whichever has come to its top meanwhile; its signal then stands in the first rows.
fn look_at(place: &Place, session: &str) {
    place.keys(&["esc", "0", "g"]);
    let selected = |place: &Place| place.rows()[..4].iter().any(|row| row.contains(session));
    for _ in 0..8 {
        sleep(REST);
        if selected(place) {
            return;
        }
        place.key("down");
    }
    panic!("{session} cannot be selected\n{}", place.text());
}

/// Denies what is on the sheet, with these words.
fn deny(place: &Place, reason: &str) {
    for _ in 0..5 {
        sleep(REST);
        place.key("d");
        if place.wait_within(Duration::from_secs(5), &|text: &str| text.contains("eason")).is_some() {
            break;
        }
    }
    place.type_text(reason);
    place.wait_for("the reason in its line", |text| text.contains(reason));
    sleep(REST);
    place.key("enter");
    place.wait_for("the denial on record", |text| text.contains("denied"));
    sleep(REST);
    place.key("esc");
}

fn play(size: Size) {
    let home = hub_lab::data();
    let folder = home.path().display().to_string();
    let start = Start::holdpoint(&["demo", "--speed", "20"]).with("HOME", &folder).with("TMPDIR", &folder);
    let place = Place::pty(size, &start);

    open(&place, "delete pod -l app=cart-redis");
    deny(&place, "six pods, not one");
    open(&place, "rollout undo deployment/checkout-api");
    approve_until(&place, || place.text().contains("approved"));
    place.key("esc");
    look_at(&place, "INC-4231");
    place.wait_for("the alert clears", |text| text.contains("resolved"));

    open(&place, "/var/lib/postgresql/archive -name");
    deny(&place, "recovery needs these");
    open(&place, "-rf /var/lib/postgresql/archive");
    sleep(REST);
    place.key("S");
    place.wait_for("the stop on record", |text| text.contains("stopped") || text.contains("STOP"));
    place.key("esc");
    place.wait_for("nothing waits", |text| !text.contains("1 waiting"));
    place.wait_for("the farewell", |text| text.contains("INC-4232"));
    place.key("q");
    let Place::Pty(pty) = &place else { unreachable!() };
    assert_eq!(pty.wait(), 0);
    let told = place.wait_for("what became of it", |text| text.contains("INC-4232     stopped by"));
    for fact in [
        "denied by maya (six pods, not one); nothing ran",
        "approved by maya; it ran: exit status 0",
        "denied by maya (recovery needs these); nothing ran",
        "denied by maya (session stopped); nothing ran",
    ] {
        assert_eq!(told.matches(fact).count(), 1, "{fact}\n{told}");
    }
    let left: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "the demo removes what it wrote: {left:?}");
}

#[test]
fn the_story_is_played_by_keys_in_a_small_terminal() {
    play((80, 24));
}

#[test]
fn the_story_is_played_by_keys_in_a_usual_terminal() {
    play((120, 36));
}
