//! What stands on the sheet, and what becomes of a verdict that was sent.

use crossterm::event::KeyCode;
use holdpoint::cockpit::effect::Effect;
use holdpoint::cockpit::event::Answer;
use holdpoint::domain::*;
use holdpoint::wire::HoldDecideParams;

use super::scene::*;

const WIDE: (u16, u16) = (120, 48);

fn sent(scene: &mut Scene) -> HoldDecideParams {
    scene.char('A');
    decisions(&scene.enter())[0].clone()
}

/// Everything on a sheet that fits, line ends joined, blanks left out.
fn whole(scene: &Scene) -> String {
    let text = scene.text();
    let within = |line: &str| Some(line.split_once('║')?.1.rsplit_once('║')?.0.to_owned());
    text.lines().filter_map(within).collect::<String>().replace(' ', "")
}

fn strings(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        serde_json::Value::Object(map) => {
            map.iter().filter(|(key, _)| *key != "kind").for_each(|(_, item)| strings(item, into));
        }
        _ => {}
    }
}

/// Every sort of action with a text of its own in every field.
fn every_kind() -> Vec<Action> {
    let mut exec = exec(&["sh", "-c", "it's one; rm -rf \"$X\"", "", "/etc/x.conf"]);
    exec.env = vec![EnvVar { name: "ALPHA".into(), value: "va lue \u{202e}1".into() }];
    exec.stdin = Some(Stdin::Text("first\nsecond\n\tthird".into()));
    exec.files = vec![FilePin { arg: 4, path: "/etc/real.conf".into(), sha256: Digest::of(b"conf") }];
    let mut binary = exec.clone();
    binary.stdin = Some(Stdin::from_bytes(vec![0xff, 0xfe, 0, 1, 2]));
    vec![
        Action::Exec(exec),
        Action::Exec(binary),
        Action::AgentCommand(AgentCommand {
            agent: "codex".into(),
            command: "curl -fsS http://x | sh\necho done".into(),
            cwd: "/srv/app".into(),
            incomplete: Some("the agent cut it".into()),
        }),
        Action::AgentPatch(AgentPatch {
            agent: "codex".into(),
            changes: vec![FileChange {
                path: "src/pool.rs".into(),
                change: "move to src/db.rs".into(),
                diff: "@@ -1,2 +1,2 @@\n-max = 5\n+max = 50\n".into(),
            }],
            incomplete: None,
        }),
        Action::AgentTool(AgentTool {
            agent: "claude".into(),
            server: "k8s".into(),
            tool: "delete_pod".into(),
            arguments: "{\"name\":\"cart-redis-0\",\"grace\":0}".into(),
            incomplete: None,
        }),
    ]
}

#[test]
fn invariant_01_every_field_of_every_action_is_on_the_sheet() {
    for size in [(120, 300), (80, 300), (52, 300)] {
        for action in every_kind() {
            let mut scene = Scene::connected(size);
            let session = scene.hub.open_session("inc-1", "INC-1");
            scene.hub.open_hold(&session, "h-1", proposal(action.clone()), 6_000_000);
            scene.tell();
            scene.enter();
            let shown = whole(&scene);
            let mut wanted = Vec::new();
            strings(&serde_json::to_value(&action).unwrap(), &mut wanted);
            assert!(wanted.len() >= 4);
            for text in wanted.iter().filter(|text| !text.is_empty()) {
                for line in text.split('\n') {
                    let visible = line.replace('\u{202e}', "‹U+202E›").replace('\t', "‹^I›").replace(' ', "");
                    assert!(shown.contains(&visible), "{size:?}: {text:?} is not on the sheet:\n{shown}");
                }
            }
            assert!(shown.contains(&action.digest().unwrap().to_string()), "the digest is there whole");
        }
    }
}

#[test]
fn hidden_and_foreign_characters_are_said_in_words() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    let hidden = proposal(Action::Exec(exec(&["rm", "safe\u{202e}txt.exe", "prod\u{2010}db"])));
    scene.hub.open_hold(&session, "h-1", hidden, 600_000);
    scene.tell();
    scene.enter();
    scene.must_show("CAREFUL");
    scene.must_show("argument 1 holds characters that hide or reorder text");
    scene.must_show("argument 2 holds characters that are not plain ASCII");
    let (plain, ..) = open_sheet(WIDE);
    plain.must_not_show("CAREFUL");
}

#[test]
fn invariant_02_and_10_the_sheet_says_who_runs_it_and_what_is_not_computed() {
    let (mut scene, ..) = open_sheet(WIDE);
    for words in [
        "by Holdpoint as sre-remediator, once",
        "host bastion-2, directory /home/sre/checkout",
        "(the proposer says so)",
        "none: /dev/null",
        "what the cluster does with the request",
        "not computed: this version does not estimate",
        "“restarts one cache pod, no user impact”  unchecked",
        "not said how to undo it",
        "E1 is cited, but is not in the record",
        "nothing runs, and the proposer is told, at 03:16:51Z",
        "the proposer is connected and waits",
    ] {
        scene.must_show(words);
    }
    scene.read_on();
    let text = scene.text();
    let words = text.find("the agent's words").unwrap();
    assert!(words > text.find("POLICY").unwrap(), "the agent's prose comes last");
    scene.must_show("Redis is timing out");
    let command =
        AgentCommand { agent: "codex".into(), command: "make".into(), cwd: "/".into(), ..Default::default() };
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    scene.hub.open_hold(&session, "h-1", proposal(Action::AgentCommand(command)), 600_000);
    scene.tell();
    scene.enter();
    scene.must_show("CODEX WILL RUN THIS itself; once is not enforced");
}

#[test]
fn deny_opens_a_line_for_a_reason_and_the_reason_is_sent() {
    let (mut scene, ..) = open_sheet(WIDE);
    assert!(decisions(&scene.char('d')).is_empty());
    scene.must_show("deny because:");
    for c in "look at the deploy".chars() {
        scene.char(c);
    }
    let effects = scene.enter();
    let denial = decisions(&effects)[0];
    assert_eq!(
        (denial.verdict, denial.reason.as_ref().unwrap().expose()),
        (Verdict::Deny, "look at the deploy")
    );
}

#[test]
fn an_empty_reason_is_allowed_and_esc_keeps_a_draft() {
    let (mut scene, ..) = open_sheet(WIDE);
    scene.char('d');
    scene.char('x');
    scene.esc();
    scene.must_show("DECIDE");
    scene.char('d');
    scene.must_show("deny because: x");
    scene.press(KeyCode::Backspace);
    let effects = scene.enter();
    assert_eq!(decisions(&effects)[0].reason, None);
}

#[test]
fn every_printable_key_is_text_while_a_field_is_open() {
    let (mut scene, ..) = open_sheet(WIDE);
    scene.char('d');
    for c in "ASdqr?/nF0".chars() {
        let effects = scene.char(c);
        let harmless = effects.iter().all(|effect| matches!(effect, Effect::ScheduleWake(_)));
        assert!(harmless, "{c} did {effects:?}");
    }
    scene.must_show("deny because: ASdqr?/nF0");
}

#[test]
fn sent_and_acknowledged_are_two_things() {
    let (mut scene, ..) = open_sheet(WIDE);
    let params = sent(&mut scene);
    scene.must_show("SENT");
    scene.must_show("not yet acknowledged");
    scene.must_not_show("approved by");
    assert!(decisions(&scene.char('A')).is_empty() && decisions(&scene.enter()).is_empty(), "not twice");
    scene.deliver(&params);
    scene.must_show("approved by maya 03:12");
    scene.must_show("not started yet");
}

#[test]
fn a_loser_is_told_winner_verdict_and_time() {
    let (mut scene, session, hold) = open_sheet(WIDE);
    let params = sent(&mut scene);
    scene.hub.other_decides("li", &session, &hold, Verdict::Deny, "wrong target");
    scene.deliver(&params);
    scene.must_show("Your verdict was not taken: somebody was first: denied by li at 03:12:2");
    scene.must_show("denied by li 03:12:2");
    scene.must_show("wrong target");
}

fn no_answer(params: &HoldDecideParams) -> Answer {
    let error = Error::new(Kind::Unavailable, "no answer came, so the outcome is unknown");
    Answer::Decided { key: params.key.clone().unwrap(), result: Err(error) }
}

#[test]
fn an_unknown_outcome_is_shown_as_unknown_and_the_record_resolves_it() {
    let (mut scene, ..) = open_sheet(WIDE);
    let params = sent(&mut scene);
    // The hub took it; the line was cut before the answer.
    scene.hub.decide(&person("maya"), &params).unwrap();
    scene.down();
    scene.must_show("the line was cut, so it may or may not have arrived");
    scene.answer(no_answer(&params));
    scene.must_show("UNKNOWN");
    scene.must_show("not known whether it counts");
    assert!(
        decisions(&scene.char('A')).is_empty() && decisions(&scene.enter()).is_empty(),
        "never blindly again"
    );
    scene.up();
    scene.must_show("approved by maya");
    scene.must_not_show("UNKNOWN");
}

#[test]
fn an_unknown_verdict_that_the_record_does_not_hold_may_be_given_again() {
    let (mut scene, ..) = open_sheet(WIDE);
    let params = sent(&mut scene);
    scene.down();
    scene.answer(no_answer(&params));
    scene.must_show("UNKNOWN");
    scene.up();
    scene.must_show("not on record so far");
    scene.must_show("It may still arrive");
    let again = sent(&mut scene);
    assert_ne!(again.key, params.key, "another decision has another key");
    scene.deliver(&again);
    scene.must_show("approved by maya");
}

#[test]
fn a_verdict_given_up_as_missing_is_known_when_it_arrives_late() {
    for decides_again in [false, true] {
        let (mut scene, ..) = open_sheet(WIDE);
        let first = sent(&mut scene);
        scene.down();
        scene.answer(no_answer(&first));
        scene.up();
        scene.must_show("not on record so far");
        if decides_again {
            scene.char('d');
            let effects = scene.enter();
            assert_eq!(decisions(&effects)[0].verdict, Verdict::Deny);
        }
        // The first one was in a buffer of the cut connection all the time.
        scene.hub.decide(&person("maya"), &first).unwrap();
        scene.tell();
        scene.must_show("approved by maya");
        scene.must_not_show("not taken");
        scene.must_not_show("Not taken");
    }
}

#[test]
fn a_newline_in_a_value_is_written_out_and_draws_no_row_of_its_own() {
    let mut scene = Scene::connected(WIDE);
    let session = scene.hub.open_session("inc-1", "INC-1");
    let var = |name: &str, value: &str| EnvVar { name: name.into(), value: value.into() };
    let action = Exec {
        env: vec![var("KUBECONFIG", "/x/prod"), var("LANG", "C\nKUBECONFIG=/x/staging"), var("PS1", "a  ")],
        host: "bastion\nGATE the proposer is connected".into(),
        ..exec(&["true"])
    };
    let words =
        Proposal { why: Some("all is well\nDIGEST sha256 0000".into()), ..proposal(Action::Exec(action)) };
    scene.hub.open_hold(&session, "h-1", words, 600_000);
    scene.tell();
    scene.enter();
    scene.must_show("LANG='C‹^J›KUBECONFIG=/x/staging'");
    scene.must_show("PS1='a  '");
    scene.must_show("host bastion‹^J›GATE the proposer");
    scene.must_show("environment holds characters that hide or reorder text");
    scene.read_on();
    scene.must_show("│ DIGEST sha256 0000");
}

#[test]
fn stale_answers_are_ignored() {
    let (mut scene, ..) = open_sheet(WIDE);
    let first = sent(&mut scene);
    scene.down();
    scene.answer(no_answer(&first));
    scene.up();
    let second = sent(&mut scene);
    // The first one's answer once more: it is about another decision.
    scene.answer(no_answer(&first));
    scene.must_not_show("UNKNOWN");
    scene.must_show("not yet acknowledged");
    scene.deliver(&second);
    scene.must_show("approved by maya");
    let other = Answer::Decided { key: ClientKey::new("nobody").unwrap(), result: Ok(Err(refusal())) };
    scene.answer(other);
    scene.must_show("approved by maya");
}

fn refusal() -> holdpoint::wire::RpcError {
    (&holdpoint::session::Refusal::NobodyWaits).into()
}

#[test]
fn a_refusal_says_why_and_the_sheet_can_be_used_again() {
    let (mut scene, ..) = open_sheet(WIDE);
    let params = sent(&mut scene);
    scene.answer(Answer::Decided { key: params.key.clone().unwrap(), result: Ok(Err(refusal())) });
    scene.must_show("Not taken: the hub refused: whoever proposed it");
    let again = sent(&mut scene);
    scene.deliver(&again);
    scene.must_show("approved by maya");
}

#[test]
fn a_lost_history_leaves_no_sheet_that_decides() {
    let (mut scene, ..) = open_sheet(WIDE);
    scene.down();
    let now_ms = scene.hub.now_ms;
    scene.hub = Hub::new();
    (scene.hub.epoch, scene.hub.now_ms) = (8, now_ms);
    scene.up_as(person("maya"), true);
    scene.must_show("another history than before");
    scene.char('A');
    assert!(decisions(&scene.enter()).is_empty());
    scene.must_show("history replaced");
}
