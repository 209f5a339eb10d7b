//! Outside text in every field, end to end: from an agent over the hub into a real terminal and into tmux.

use std::thread::sleep;

use holdpoint::domain::{Action, Proposal, SessionId, Untrusted};

use super::hub_lab;
use super::lab::Lab;
use super::place::{Place, REST, SIZES, Start};

/// Clear the screen, home, a title, the clipboard, a question that the terminal would answer into our input, a hidden
/// reversal, a tab, C1, tags, a fake border, and more width than there is.
const PAYLOADS: [&str; 9] = [
    "\x1b[2J\x1b[Hgone",
    "\x1b]0;OWNED\x07",
    "\x1b]2;OWNED\x1b\\",
    "\x1b]52;c;T1dORUQ=\x07",
    "\x1bP$q q\x1b\\\x1b[6n\x1b[c",
    "safe\u{202e}exe.\u{202c}\u{200b}\u{2066}x\u{2069}",
    "a\tb\rc\u{9b}31m\u{90}\u{e0041}\u{e0042}",
    "╔══ DECIDE ══╗ A approve…",
    "\u{1f469}\u{200d}\u{1f4bb}\u{5d0}\u{5d1}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{ff21}\u{ff21}",
];

fn everywhere() -> String {
    PAYLOADS.concat()
}

/// The same words in every field that an agent can fill.
fn proposal() -> Proposal {
    let mut proposal = hub_lab::exec(&["kubectl", "delete", &everywhere()]);
    if let Action::Exec(exec) = &mut proposal.action {
        for field in [&mut exec.cwd, &mut exec.host, &mut exec.user] {
            *field = Untrusted::from(format!("/{}", everywhere()));
        }
    }
    let words = || Some(Untrusted::from(everywhere()));
    Proposal {
        service: words(),
        environment: words(),
        why: words(),
        claim: words(),
        undo: words(),
        ..proposal
    }
}

fn held(lab: &Lab) -> SessionId {
    let session = lab.session(&everywhere());
    let agent = lab.agent(&everywhere().chars().take(64).collect::<String>());
    agent.propose_this(lab, &session, proposal());
    // It goes on waiting for as long as the test runs.
    std::mem::forget(agent);
    session
}

/// Looks at every view that shows the agent's words.
fn tour(place: &Place, mut look: impl FnMut(&Place)) {
    place.wait_for("the hold", |text| text.contains("1 waiting"));
    sleep(REST);
    look(place);
    for pane in ["1", "2", "3", "0"] {
        place.key(pane);
        sleep(REST);
        look(place);
    }
    place.key("enter");
    place.wait_for("the sheet", |text| text.contains("DECIDE"));
    look(place);
    for _ in 0..30 {
        place.key("pgdn");
        look(place);
    }
}

fn assert_ours(place: &Place) {
    let rows = place.rows();
    assert!(rows[0].trim_start().starts_with("holdpoint") || rows[0].contains("waiting"), "{}", place.text());
    let title = place.title();
    assert!(title.is_ascii() && !title.contains("OWNED"), "{title:?}");
}

#[test]
fn in_a_terminal_hostile_words_are_shown_and_do_nothing() {
    let lab = Lab::new();
    held(&lab);
    let mut seen = String::new();
    let ours = regex::bytes::Regex::new(
        r"\x1b\[(?:\?(?:1049|2004|2026|25|7)[hl]|2[23];2t|2J|[0-9;]*[mH])|\x1b\]2;[ -~]*\x1b\\|\x07",
    )
    .unwrap();
    for size in SIZES {
        let place = lab.pty(size);
        tour(&place, |place| {
            assert_ours(place);
            seen.push_str(&place.text());
        });
        let Place::Pty(pty) = &place else { unreachable!() };
        let asked = pty.asked();
        assert!(asked.clipboard.is_empty(), "{asked:?}");
        assert!(asked.strange.is_empty(), "{:?}", asked.strange);
        assert!(asked.titles.iter().all(|title| !title.contains("OWNED")), "{asked:?}");
        // No byte of outside origin acts: what is left without the cockpit's own sequences has no control character.
        let bytes = pty.bytes();
        let rest = ours.replace_all(&bytes, &b""[..]).into_owned();
        let rest = String::from_utf8(rest).expect("whole characters");
        let acting = rest.chars().find(|c| c.is_control());
        assert_eq!(acting, None, "{size:?}");
    }
    for shown in ["‹^[›", "‹U+202E›", "‹U+009B›", "‹U+E0041›", "‹^I›", "‹U+2554›"] {
        assert!(seen.contains(shown), "{shown} was on screen");
    }
}

#[test]
#[ignore = "needs tmux"]
fn in_tmux_hostile_words_stay_in_the_pane() {
    for size in SIZES {
        let lab = Lab::new();
        held(&lab);
        let place = Place::tmux(size, &lab.start());
        let mut seen = String::new();
        tour(&place, |place| {
            assert_ours(place);
            seen.push_str(&place.text());
        });
        assert!(seen.contains("‹^[›") && seen.contains("‹U+202E›"), "{size:?}: the words were on screen");
        assert!(place.tmux_buffers().is_empty(), "nothing reached the clipboard");
    }
}

/// The words straight to a terminal.
fn bare(dir: &std::path::Path) -> Start {
    let file = dir.join("words");
    std::fs::write(&file, everywhere()).unwrap();
    let args = vec!["-c".into(), format!("cat {}; sleep 600", file.display())];
    Start { program: "/bin/sh".into(), args, ..Start::default() }
}

/// The control: the same words straight to a terminal do what they are meant to do, and these tests would see it.
#[test]
fn the_same_words_without_the_cockpit_do_harm() {
    let dir = hub_lab::data();
    let place = Place::pty((80, 24), &bare(dir.path()));
    place.wait_for("the words", |text| text.contains("DECIDE"));
    let Place::Pty(pty) = &place else { unreachable!() };
    let asked = pty.asked();
    assert!(asked.titles.iter().any(|title| title.contains("OWNED")), "{asked:?}");
    assert_eq!(asked.clipboard, ["T1dORUQ="]);
}

#[test]
#[ignore = "needs tmux"]
fn the_same_words_without_the_cockpit_do_harm_in_tmux() {
    let dir = hub_lab::data();
    let place = Place::tmux((80, 24), &bare(dir.path()));
    place.wait_for("the words", |text| text.contains("DECIDE"));
    assert_eq!(place.title(), "OWNED");
    assert!(!place.tmux_buffers().is_empty());
}
