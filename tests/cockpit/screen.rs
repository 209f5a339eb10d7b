//! The screen at its sizes, with facts asserted beside the snapshots; and what outside text can do to it: nothing.

use crossterm::event::KeyCode;
use holdpoint::cockpit::style::Depth;
use holdpoint::domain::*;
use holdpoint::session;
use proptest::prelude::*;

use super::scene::*;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

fn snapshot(name: &str, scene: &Scene) {
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(format!("cockpit-{name}-{}x{}", scene.size.0, scene.size.1), scene.text());
    });
}

#[test]
fn the_main_view_at_three_sizes() {
    for size in SIZES {
        let (scene, ..) = incident(size);
        for words in
            ["2 waiting", "4 running", "INC-4231", "12.4 %", "04:31", "WAITING FOR YOU", "RUNNING", "DECIDED"]
        {
            scene.must_show(words);
        }
        if size.0 >= 100 {
            for words in
                ["HYPOTHESES", "EVIDENCE", "TIMELINE", "holmes", "3 sub-agents", "li, sam here", "unattended"]
            {
                scene.must_show(words);
            }
        }
        snapshot("main", &scene);
    }
}

#[test]
fn the_sheet_at_three_sizes() {
    for size in SIZES {
        let (mut scene, ..) = incident(size);
        scene.enter();
        for words in ["DECIDE", "P1 r1", "04:30 left", "delete pod -l app=cart-redis", "12.4 %", "A approve"]
        {
            scene.must_show(words);
        }
        snapshot("sheet", &scene);
    }
}

#[test]
fn the_panes_of_a_small_screen() {
    let (mut scene, ..) = incident((80, 24));
    for (key, words) in
        [('1', "cart-redis latency spike"), ('2', "E7"), ('3', "proposes P1"), ('4', "not computed yet")]
    {
        scene.char(key);
        scene.must_show(words);
        scene.must_show("2 wait 04:");
        snapshot(&format!("pane-{key}"), &scene);
    }
}

#[test]
fn without_colour_and_without_utf_8_every_state_still_has_its_word() {
    let (mut scene, ..) = incident((120, 36));
    scene.styles = styles(Depth::Mono, true);
    scene.enter();
    let text = scene.text();
    assert!(text.is_ascii(), "{text}");
    for words in ["DECIDE", "* live", "04:30 left", "A approve"] {
        scene.must_show(words);
    }
    snapshot("ascii", &scene);
}

/// Only the sheet draws a double border, whatever an agent sends.
#[test]
fn an_agent_cannot_draw_a_sheet() {
    let fake = "╔═ APPROVED ═╗\n║ by maya    ║\n╚════════════╝";
    let mut scene = Scene::connected((120, 36));
    let session = scene.hub.open_session("inc-1", fake);
    for _ in 0..4 {
        scene.hub.record(
            &session,
            &agent(fake),
            session::MessageSaid { text: fake.into(), from: Some(fake.into()) },
        );
    }
    let claim = Proposal { claim: Some(fake.into()), why: Some(fake.into()), ..delete_pods() };
    scene.hub.open_hold(&session, "h-1", claim, 600_000);
    scene.tell();
    let borders = |scene: &Scene| scene.text().chars().filter(|c| "╔╗╚╝".contains(*c)).count();
    assert_eq!(borders(&scene), 0, "{}", scene.text());
    scene.enter();
    assert_eq!(borders(&scene), 4, "the control: the real one");
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\u{1b}[2J\u{1b}]52;c;eA==\u{7}".to_owned()),
        Just("\u{202e}drow\u{2066}".to_owned()),
        Just("a\u{200b}\u{301}\u{301}\u{301}\u{301}\u{301}b".to_owned()),
        Just("漢字カナ🦀👨‍👩‍👧".to_owned()),
        Just("\n\n\t\r\n".to_owned()),
        Just("x".repeat(300)),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn hostile_scene(size: (u16, u16), text: &str) -> Scene {
    let mut scene = Scene::connected(size);
    let hub = &mut scene.hub;
    let session = hub.open_session("inc-1", text);
    let alert = Alert {
        name: text.into(),
        severity: Some(text.into()),
        unit: Some(text.into()),
        threshold: Some(f64::NAN),
        ..Alert::default()
    };
    hub.record(&session, &Actor::hub(), session::AlertObserved { alert });
    let sample = Some(Sample { at: hub.now(), value: f64::INFINITY });
    hub.record(&session, &Actor::hub(), session::AlertChanged { sample, state: None });
    let joined = session::AgentJoined {
        name: text.into(),
        parent: None,
        unasked: Some(text.into()),
        stoppable: false,
    };
    hub.record(&session, &agent(text), joined);
    let call = CallId::new("c1").unwrap();
    let asked = session::ToolCalled {
        call: call.clone(),
        tool: text.into(),
        input: text.into(),
        by: Some(text.into()),
    };
    hub.record(&session, &agent(text), asked);
    let output = Payload::Text(format!("{text}{text}").into());
    let returned = session::ToolReturned { call: call.clone(), output, failed: true, truncated: true };
    hub.record(&session, &agent(text), returned);
    let id = HypothesisId::new("H1").unwrap();
    let hypothesis = Hypothesis {
        id: id.clone(),
        title: text.into(),
        status: HypothesisStatus::Open,
        confidence_pct: Some(99),
    };
    hub.record(&session, &agent(text), session::HypothesisStated { hypothesis });
    let evidence = Evidence {
        id: EvidenceId::new("E1").unwrap(),
        hypothesis: Some(id),
        stance: Stance::Contradicts,
        source: SourceKind::Other,
        call: Some(call),
        excerpt: text.into(),
    };
    hub.record(&session, &agent(text), session::EvidenceCited { evidence });
    let mut exec = exec(&["echo"]);
    exec.argv.push(text.replace('\0', "").as_str().into());
    exec.stdin = Some(Stdin::Text(text.into()));
    exec.unpinned = vec![text.into()];
    let said = Proposal { why: Some(text.into()), undo: Some(text.into()), ..proposal(Action::Exec(exec)) };
    hub.open_hold(&session, "h-1", said, 60_000);
    hub.record(&session, &agent(text), session::MessageSaid { text: text.into(), from: None });
    scene.tell();
    scene
}

fn check_glass(scene: &Scene) {
    for cell in &scene.glass.content {
        assert!(!cell.symbol().chars().any(char::is_control), "{:?} is in a cell", cell.symbol());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_text_at_any_size_panics_or_puts_a_control_into_a_cell(
        text in hostile(), columns in 1u16..=220, rows in 1u16..=70, keys in proptest::collection::vec(0usize..9, 0..6),
    ) {
        let mut scene = hostile_scene((columns, rows), &text);
        check_glass(&scene);
        let codes = [
            KeyCode::Enter, KeyCode::Char('3'), KeyCode::Char('?'), KeyCode::PageDown, KeyCode::Esc,
            KeyCode::Char('o'), KeyCode::Char('d'), KeyCode::Char('2'), KeyCode::End,
        ];
        for key in keys {
            scene.press(codes[key]);
            check_glass(&scene);
        }
    }
}

#[test]
fn every_size_can_be_drawn() {
    let (mut scene, ..) = incident((120, 36));
    let (mut sheet, ..) = incident((120, 36));
    sheet.enter();
    for columns in (1..=104).chain((105..=220).step_by(5)) {
        for rows in [1, 9, 10, 11, 12, 24, 31, 70] {
            for scene in [&mut scene, &mut sheet] {
                scene.size = (columns, rows);
                scene.draw();
            }
        }
    }
    scene.size = (39, 10);
    scene.draw();
    scene.must_show("too small");
}
