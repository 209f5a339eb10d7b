//! A recording on a real screen: marked as one, and no key decides anything in it.

use std::thread::sleep;

use super::hub_lab;
use super::matrix::RECORDING;
use super::place::{Place, REST, Size, Start};

fn replay(home: &std::path::Path) -> Start {
    let home = home.display().to_string();
    Start::holdpoint(&["replay", RECORDING, "--speed", "60"])
        .with("HOME", &home)
        .with("XDG_CONFIG_HOME", &home)
}

fn play(size: Size, start: fn(Size, &Start) -> Place) {
    let home = hub_lab::data();
    let place = start(size, &replay(home.path()));
    place.wait_for("the last hold of the recording", |text| {
        text.contains("INC-4232") && text.contains("1 waiting") && text.contains("REPLAY")
    });
    sleep(REST);
    place.keys(&["g", "enter"]);
    let sheet = place.wait_for("the sheet of the replayed hold", |text| text.contains("DECIDE"));
    assert!(sheet.contains("REPLAY"), "{sheet}");
    // Read it all: what is left then is that it is a replay.
    for _ in 0..12 {
        place.key("pgdn");
    }
    place.wait_for("why approve is off", |text| text.contains("approve is off: this is a replay"));
    for (key, why) in [
        ("A", "cannot approve: this is a replay"),
        ("d", "cannot deny: this is a replay"),
        ("S", "cannot stop: this is a replay"),
    ] {
        sleep(REST);
        place.key(key);
        let text = place.wait_for(why, |text| text.contains(why));
        assert!(text.contains("DECIDE") && !text.contains("APPROVE P") && !text.contains("eason:"), "{text}");
        // A second step of a verdict that was never begun.
        place.key("enter");
    }
    sleep(REST);
    let text = place.text();
    assert!(text.contains("REPLAY") && !text.contains("sent") && !text.contains("acknowledged"), "{text}");
    place.key("esc");
    place.wait_for("it still waits", |text| text.contains("1 waiting"));
    place.key("q");
    if let Place::Pty(pty) = &place {
        assert_eq!(pty.wait(), 0);
    }
}

#[test]
fn a_replay_decides_nothing_in_a_small_terminal() {
    play((80, 24), Place::pty);
}

#[test]
fn a_replay_decides_nothing_in_a_usual_terminal() {
    play((120, 36), Place::pty);
}

#[test]
#[ignore = "needs tmux"]
fn a_replay_decides_nothing_in_tmux() {
    play((200, 60), Place::tmux);
}
