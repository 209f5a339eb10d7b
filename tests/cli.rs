//! The command line as a program sees it: output for people and for programs, errors that say what to do, and exit
//! statuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

#[path = "support/rig.rs"]
mod rig;

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};

use rig::{Rig, text, wait_for};
use rustix::process::Signal;
use serde_json::Value;

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit status")
}

/// One line that a terminal can show: nothing that moves its cursor, and no wider than 80 columns.
fn assert_readable(shown: &str) {
    for line in shown.lines() {
        assert!(line.chars().all(|c| matches!(c, ' '..='~')), "{line:?}");
    }
}

#[test]
fn holds_are_listed_for_people_and_programs() {
    let rig = Rig::start();
    assert_eq!(rig.ok(&["holds"]), "nothing waits for a person\n");
    assert_eq!(rig.json(&["holds", "--json"]), serde_json::json!([]));
    let options =
        ["--service", "checkout", "--env", "prod", "--why", "w\u{1b}[2J", "--undo", "u", "--claim", "c"];
    let gate = rig.gate(&options, &["echo", "a b", "\u{202e}hidden", &"long ".repeat(60)]);
    let (hold, session) = gate.wait_asked();

    let table = rig.ok(&["holds"]);
    assert_readable(&table);
    assert!(table.lines().all(|line| line.len() <= 80), "{table}");
    assert!(table.contains(&hold) && table.contains("echo 'a b'"), "{table}");

    let list = rig.json(&["holds", "--json"]);
    let one = &list[0];
    for (field, value) in
        [("id", hold.as_str()), ("session", &session), ("state", "open"), ("service", "checkout")]
    {
        assert_eq!(one[field], value, "{one}");
    }
    assert_eq!((&one["revision"], &one["number"], &one["waiting"]), (&1.into(), &1.into(), &true.into()));
    assert_eq!(
        (&one["action"]["kind"], &one["action"]["argv"][2]),
        (&"exec".into(), &"\u{202e}hidden".into())
    );
    assert_eq!((&one["proposer"]["role"], &one["why"]), (&"agent".into(), &"w\u{1b}[2J".into()));
    assert_eq!(one["digest"].as_str().unwrap().len(), 64);
    assert!(one["openedAt"].is_string() && one["expiresAt"].is_string());

    let sheet = rig.ok(&["show", &hold]);
    assert_readable(&sheet);
    for words in
        ["[1] a b", "\\u{202e}hidden", "sha256", "w\\u{1b}[2J", "PATH=/usr/bin:/bin", "/dev/null", "decide"]
    {
        assert!(sheet.contains(words), "{words}: {sheet}");
    }
    assert_eq!(rig.hold(&hold[..5])["id"], hold.as_str(), "the beginning of an id is enough");

    gate.send(Signal::INT);
    gate.wait();
    assert_eq!(rig.json(&["holds", "--json"]), serde_json::json!([]));
    assert_eq!(rig.json(&["holds", "--all", "--json"])[0]["state"], "withdrawn");
}

#[test]
fn sessions_are_listed_and_shown_with_what_a_stop_achieved() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["true"]);
    let (_, session) = gate.wait_asked();
    assert!(rig.ok(&["sessions"]).contains(&session));
    assert_eq!(rig.json(&["sessions", "--json"])[0]["openHolds"], 1);
    let stopped = rig.json(&["stop", &session, "--reason", "enough", "--json"]);
    assert_eq!((&stopped["session"], &stopped["level"]), (&session.as_str().into(), &1.into()));
    assert_eq!(gate.wait().code, Some(77));
    assert_eq!(rig.json(&["sessions", "--json"]), serde_json::json!([]), "it is over");
    let shown = rig.json(&["show", &session, "--json"]);
    assert_eq!((&shown["state"], &shown["stop"]["reason"]), (&"stopped".into(), &"enough".into()));
    assert_eq!(shown["agents"][0]["name"], "gate");
    let sheet = rig.ok(&["show", &session]);
    assert_readable(&sheet);
    assert!(sheet.contains("stop        level 1 by tess"), "{sheet}");
}

#[test]
fn a_decision_names_what_it_is_about_and_a_late_one_learns_who_was_first() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["true"]);
    let (hold, _) = gate.wait_asked();
    let without = rig.run(&["decide", &hold, "approve"]);
    assert_eq!(code(&without), 64, "{}", text(&without.stderr));
    let wrong = rig.run(&["decide", &hold, "approve", "--digest", &"0".repeat(64)]);
    assert_eq!(code(&wrong), 76);
    assert!(text(&wrong.stderr).contains("digest") && text(&wrong.stderr).contains("hint: "), "{wrong:?}");
    let short = rig.run(&["decide", &hold, "approve", "--digest", "abc"]);
    assert_eq!(code(&short), 64, "a shortened digest is none");
    assert_eq!(rig.hold(&hold)["state"], "open", "none of these decided anything");

    let digest = rig.hold(&hold)["digest"].as_str().unwrap().to_owned();
    let approve = ["--as", "ann", "decide", &hold, "approve", "--digest", &digest, "--json"];
    let first = rig.json(&approve);
    assert_eq!((&first["outcome"], &first["by"]["name"]), (&"approved".into(), &"ann".into()));
    assert_eq!(rig.json(&approve)["seq"], first["seq"], "a repetition gets the same answer");
    let late = rig.run(&["--as", "bob", "decide", &hold, "deny", "--json"]);
    assert_eq!(code(&late), 76);
    let error: Value = serde_json::from_slice(&late.stderr).unwrap();
    assert_eq!(error["error"]["kind"], "conflict");
    assert!(
        error["error"]["message"].as_str().unwrap().starts_with("already approved by ann at "),
        "{error}"
    );
    assert_eq!(gate.wait().code, Some(0));
}

#[test]
fn errors_say_what_to_do_and_end_with_the_documented_status() {
    let rig = Rig::start();
    let cases: [(&[&str], i32); 12] = [
        (&["no-such-subcommand"], 64),
        (&["decide"], 64),
        (&["gate"], 64),
        (&["gate", "--expires", "soon", "--", "true"], 64),
        (&["stop", "s", "--level", "4"], 64),
        (&["hub", "--listen", "0.0.0.0:0"], 64),
        (&["watch"], 64),
        (&["--hub", "gopher://x", "holds"], 65),
        (&["show", "h-nothing"], 66),
        (&["stop", "s-nothing"], 66),
        (&["replay", "no-such-file"], 66),
        (&["--hub", "/nowhere/hub.sock", "holds"], 69),
    ];
    for (args, expected) in cases {
        let output = rig.run(args);
        let said = text(&output.stderr);
        assert_eq!(code(&output), expected, "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(said.starts_with("error: ") && said.lines().count() > 1, "{args:?} says what to do: {said}");
        let with_json: Vec<&str> = std::iter::once(&"--json").chain(args).copied().collect();
        let output = rig.run(&with_json);
        let error: Value = serde_json::from_slice(&output.stderr).expect("one JSON object on standard error");
        assert!(error["error"]["message"].is_string() && error["error"]["hint"].is_string(), "{error}");
        assert_eq!(code(&output), expected);
    }
    assert_eq!(code(&rig.run(&["help"])), 0);
    assert!(rig.ok(&["help", "gate"]).contains("77  a person denied it"));
    assert_eq!(code(&rig.run(&["record", "export", "x", "/tmp/x"])), 66);
}

#[test]
fn invariant_05_an_agents_credential_reads_but_never_decides() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["touch", "effect"]);
    let (hold, session) = gate.wait_asked();
    let digest = rig.hold(&hold)["digest"].as_str().unwrap().to_owned();
    let socket = rig.data().join("hub.sock");
    let token = |name: &str| std::fs::read(rig.data().join(name)).unwrap();

    let only_agents = rig.dir.path().join("agents");
    std::fs::create_dir(&only_agents).unwrap();
    std::fs::write(only_agents.join("agent.token"), token("agent.token")).unwrap();
    let run = |data: &std::path::Path, args: &[&str]| {
        rig.command(args).env("HOLDPOINT_DATA", data).env("HOLDPOINT_HUB", &socket).output().unwrap()
    };
    assert!(run(&only_agents, &["holds", "--json"]).status.success(), "it may look");
    assert_eq!(code(&run(&only_agents, &["decide", &hold, "approve", "--digest", &digest])), 69);

    // The agents' credential under the approvers' name.
    let approver = only_agents.join("approver.token");
    std::fs::copy(rig.data().join("agent.token"), &approver).unwrap();
    for args in [vec!["decide", &hold, "approve", "--digest", &digest], vec!["stop", &session]] {
        let refused = run(&only_agents, &args);
        assert_eq!(code(&refused), 77, "{}", text(&refused.stderr));
    }
    assert_eq!(rig.hold(&hold)["state"], "open");
    std::fs::copy(rig.data().join("approver.token"), &approver).unwrap();
    std::fs::set_permissions(&approver, std::fs::Permissions::from_mode(0o640)).unwrap();
    let shared = run(&only_agents, &["decide", &hold, "deny"]);
    assert_eq!(code(&shared), 77, "a credential that others can read: {}", text(&shared.stderr));
    std::fs::set_permissions(&approver, std::fs::Permissions::from_mode(0o600)).unwrap();
    let deny = run(&only_agents, &["decide", &hold, "deny"]);
    assert!(deny.status.success(), "the control: {}", text(&deny.stderr));
    assert_eq!(gate.wait().code, Some(77));
}

#[test]
fn a_record_is_exported_whole_and_replayed_as_lines() {
    let rig = Rig::start();
    let gate = rig.gate(&["--why", "w\u{1b}[2J"], &["echo", "hello"]);
    let (hold, session) = gate.wait_asked();
    rig.approve(&hold);
    assert_eq!(gate.wait().code, Some(0));
    let file = rig.work().join("x.jsonl");
    let told = rig.json(&["record", "export", &session, file.to_str().unwrap(), "--json"]);
    let events = rig.record(&session);
    assert_eq!(told["events"], events.len());
    let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>());

    let replay = rig.ok(&["replay", "x.jsonl"]);
    assert!(replay.starts_with("REPLAY of "), "{replay}");
    assert_readable(&replay);
    for name in ["hold.opened", "vote.cast", "grant.redeemed", "execution.finished"] {
        assert!(replay.contains(name), "{name}: {replay}");
    }
    assert_eq!(rig.json(&["replay", "x.jsonl", "--json"]), Value::Array(events));
    assert_eq!(code(&rig.run(&["replay", "/dev/null"])), 65);
    let again = rig.run(&["record", "export", &session, file.to_str().unwrap()]);
    assert_eq!(code(&again), 73, "a file that is there is not replaced");
    assert!(text(&again.stderr).contains("--force"));
    rig.ok(&["record", "export", &session, file.to_str().unwrap(), "--force"]);
    let folder = rig.run(&["replay", "/tmp"]);
    assert_eq!(code(&folder), 65, "{}", text(&folder.stderr));
    let nowhere = rig.run(&["record", "export", &session, "/nowhere/x"]);
    assert_eq!(code(&nowhere), 73, "{}", text(&nowhere.stderr));
}

#[test]
fn secrets_are_printed_by_nothing() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["true"]);
    let (hold, session) = gate.wait_asked();
    let tokens: Vec<String> = ["agent.token", "approver.token"]
        .iter()
        .map(|name| std::fs::read_to_string(rig.data().join(name)).unwrap().trim().to_owned())
        .collect();
    assert!(tokens.iter().all(|token| token.len() >= 16));
    let mut printed = gate.said();
    for args in [
        vec!["holds"],
        vec!["holds", "--json"],
        vec!["sessions", "--json"],
        vec!["show", &hold, "--json"],
        vec!["show", &session],
        vec!["record", "export", &session, "-"],
        vec!["--hub", "/nowhere", "holds"],
        vec!["hub"],
    ] {
        let output = rig.run(&args);
        printed += &(text(&output.stdout) + &text(&output.stderr));
    }
    assert!(printed.contains(&hold), "the control: something was printed");
    assert!(tokens.iter().all(|token| !printed.contains(token)), "a credential was printed");
    gate.send(Signal::INT);
    gate.wait();
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_hub_ends_when_asked() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["true"]);
    gate.wait_asked();
    let mut list = rig.command(&["holds", "--json"]);
    let mut list = list.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(list.stdout.take());
    let output = list.wait_with_output().unwrap();
    assert_eq!((code(&output), text(&output.stderr).as_str()), (0, ""));
    assert_eq!(rig.stop_hub().code(), Some(0));
    gate.wait_said("still waiting");
    gate.send(Signal::INT);
    let ended = gate.wait();
    assert_eq!((ended.code, &ended.status["acknowledged"]), (Some(75), &false.into()));
    rig.start_hub(&[]);
    wait_for("the record is still there", || {
        (rig.json(&["holds", "--all", "--json"]).as_array().unwrap().len() == 1).then_some(())
    });
}

#[test]
fn everybody_else_is_kept_out_of_what_a_hub_leaves_behind() {
    use std::os::unix::fs::PermissionsExt as _;
    let rig = Rig::start();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&rig.data()), 0o700);
    for name in ["agent.token", "approver.token"] {
        assert_eq!(mode(&rig.data().join(name)), 0o600, "{name}");
    }
}
