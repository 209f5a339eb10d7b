use crokey::crossterm::event::{KeyCode, KeyModifiers};

use super::*;

fn load(text: &str) -> Result<Keymap> {
    Keymap::load("keymap.toml", text)
}

fn refused_with(text: &str) -> String {
    load(text).expect_err(text).to_string()
}

fn key(c: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)
}

#[test]
fn the_built_in_keymap_is_whole_and_has_the_keys_of_the_design() {
    let keys = Keymap::builtin().unwrap();
    for context in Context::ALL {
        for (action, _) in context.actions() {
            assert!(!keys.keys_of(context, *action).is_empty(), "{action:?} in {context:?}");
        }
    }
    let of = |action| keys.keys_of(Context::Sheet, action);
    assert_eq!([of(Action::Approve), of(Action::Deny), of(Action::Stop)], ["A", "d", "S"]);
    assert_eq!(keys.resolve(Context::Main, &key('3')), Some(Action::Pane(3)));
    assert_eq!(keys.resolve(Context::Sheet, &key('A')), Some(Action::Approve));
    assert_eq!(keys.resolve(Context::Sheet, &key('a')), None);
    assert_eq!(keys.resolve(Context::Main, &key('A')), None, "nothing is approved that is not open");
}

#[test]
fn stop_is_one_key_from_everywhere_but_a_text_field() {
    let keys = Keymap::builtin().unwrap();
    for context in Context::ALL {
        let expected = (context != Context::Field).then_some(Action::Stop);
        assert_eq!(keys.resolve(context, &key('S')), expected, "{context:?}");
    }
}

#[test]
fn in_a_text_field_every_printable_key_is_text() {
    let keys = Keymap::builtin().unwrap();
    for c in ' '..='~' {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let event = KeyEvent::new(KeyCode::Char(c), modifiers);
            assert_eq!(keys.resolve(Context::Field, &event), None, "{c:?}");
        }
    }
    let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(keys.resolve(Context::Field, &enter), Some(Action::Submit));
    assert!(refused_with("[field]\nsubmit = [\"x\"]").contains("text field"));
}

#[test]
fn nothing_decides_in_the_sheet_by_a_key_that_opens_or_moves() {
    let keys = Keymap::builtin().unwrap();
    let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(keys.resolve(Context::Sheet, &enter), None);
    assert_eq!(keys.resolve(Context::Sheet, &key(' ')), Some(Action::PageDown));
}

#[test]
fn a_user_file_overrides_action_by_action() {
    let keys = load("[sheet]\napprove = [\"Y\"]\n[main]\ndown = []\n").unwrap();
    assert_eq!(keys.resolve(Context::Sheet, &key('Y')), Some(Action::Approve));
    assert_eq!(keys.resolve(Context::Sheet, &key('A')), None, "the built-in key is free");
    assert_eq!(keys.resolve(Context::Main, &key('j')), None);
    assert_eq!(
        keys.resolve(Context::Sheet, &key('j')),
        Some(Action::Down),
        "other contexts are as they were"
    );
}

#[test]
fn mistakes_are_refused_with_their_place() {
    for (text, expected) in [
        ("[shet]\n", "line 1"),
        ("[sheet]\n\napprov = [\"A\"]\n", "line 3"),
        ("[main]\nup = [\"k\", \"hyper-k\"]\n", "line 2, [main] up: \"hyper-k\" is not a key"),
        ("[main]\nup = [\"x\"]\ndown = [\"x\"]\n", "x is bound to"),
        ("[main]\napprove = [\"x\"]\n", "approve has no meaning in [main]"),
        ("[main]\nup = [\"ctrl-b\"]\n", "tmux takes it"),
        ("[main]\nup = [\"ctrl-s\"]\n", "flow control takes it"),
        ("[main]\nup = \"k\"\n", "line 2"),
        ("up = [", "line 1"),
    ] {
        let error = refused_with(text);
        assert!(error.contains("keymap.toml") && error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn any_doubt_about_a_deciding_key_is_fatal() {
    for (text, expected) in [
        ("[sheet]\napprove = [\"ctrl-y\"]\n", "readline"),
        ("[sheet]\napprove = [\"ctrl-t\"]\n", "no Ctrl or Alt"),
        ("[sheet]\ndeny = [\"alt-d\"]\n", "no Ctrl or Alt"),
        ("[sheet]\napprove = [\"d\"]\n", "d would be approve and deny"),
        ("[sheet]\ndown = [\"d\"]\n", "d would be down and deny"),
        ("[main]\nsearch = [\"S\"]\n", "S would be search and stop"),
        ("[global]\nstop = []\n", "no key is left for stop"),
        ("[sheet]\ndeny = []\n", "no key is left for deny"),
        ("[sheet]\napprove = [\"Y\"]\n[approving]\nconfirm = [\"Y\"]\n", "begin an approval and confirm it"),
        ("[approving]\nback = []\n", "no key is left for back"),
    ] {
        let error = refused_with(text);
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn hints_say_the_keys_that_work() {
    let keys = load("[sheet]\napprove = [\"Y\", \"shift-f2\"]\n").unwrap();
    for context in Context::ALL {
        for hint in keys.hints(context) {
            for label in hint.keys.split(' ') {
                let back =
                    Chord::parse(&label.to_lowercase().replace("pgdn", "pagedown").replace("pgup", "pageup"));
                assert!(back.is_ok(), "{label}");
            }
        }
    }
    let approve = keys.hints(Context::Sheet).into_iter().find(|h| h.action == Action::Approve).unwrap();
    assert_eq!((approve.key.as_str(), approve.keys.as_str()), ("Y", "Y Shift-F2"));
    assert_eq!(keys.hints(Context::Sheet)[0].words, "deny");
    assert!(keys.hints(Context::Sheet).iter().any(|h| h.action == Action::Stop && h.key == "S"));
}

/// docs/keys.md is made from the live keymap: `HOLDPOINT_WRITE=1 cargo test` writes it, otherwise a stale one fails.
#[test]
fn the_page_of_keys_is_not_stale() {
    use std::fmt::Write as _;
    let keys = Keymap::builtin().unwrap();
    let mut page = String::from(
        "# Keys\n\nMade from `keymaps/default.toml`; write it anew with `HOLDPOINT_WRITE=1 cargo test keys`. Your own \
         file overrides the\nbuilt-in one action by action; the names in the last column are what it speaks of.\n",
    );
    let about = |context| match context {
        Context::Main => "The queue and a session's panes",
        Context::Sheet => "The decision sheet",
        Context::Approving => "The decision sheet, after the first key of an approval",
        Context::Field => "A line that takes text (every printable key is text)",
        Context::Source => "A source, whole",
        Context::Help => "The help sheet",
    };
    for context in Context::ALL {
        let name = context.name();
        write!(page, "\n## {} `[{name}]`\n\n| key | does | name |\n|---|---|---|\n", about(context)).unwrap();
        for hint in keys.hints(context) {
            let keys: Vec<_> = hint.keys.split(' ').map(|key| format!("`{key}`")).collect();
            writeln!(page, "| {} | {} | `{}` |", keys.join(" "), hint.words, hint.action.name()).unwrap();
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
    if std::env::var_os("HOLDPOINT_WRITE").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, &page).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == page, "docs/keys.md is stale: HOLDPOINT_WRITE=1 cargo test keys");
}
