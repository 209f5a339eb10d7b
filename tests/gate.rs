//! The gate as a process: what runs is what was approved, once; and whatever happens meanwhile, it ends as documented.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/rig.rs"]
mod rig;

use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use rig::{Rig, feed, lines, lives, sha256, text, wait_for};
use rustix::process::Signal;

#[test]
fn invariant_01_what_runs_is_what_was_approved_to_the_byte_and_once() {
    let rig = Rig::start();
    rig.program(
        "probe",
        "for a in \"$0\" \"$@\"; do printf '[%s]' \"$a\"; done; printf '|%s|' \"$PWD\"; cat",
    );
    let args = ["./probe", "a b", "", "*", "$HOME", "ä"];
    let mut gate = rig.gate_with(&["--stdin", "--why", "to see"], &args, |command| {
        command.stdin(Stdio::piped());
    });
    feed(&mut gate.child, b"fed\n");
    let (hold, session) = gate.wait_asked();
    let shown = rig.hold(&hold)["action"].clone();
    assert_eq!(shown["argv"], serde_json::json!(args));
    assert_eq!(shown["stdin"]["text"], "fed\n");
    rig.approve(&hold);
    let ended = gate.wait();
    let expected = format!("[./probe][a b][][*][$HOME][ä]|{}|fed\n", shown["cwd"].as_str().unwrap());
    assert_eq!((ended.code, text(&ended.stdout)), (Some(0), expected));
    assert_eq!(rig.events(&session, "grant.redeemed").len(), 1);
    assert_eq!(rig.events(&session, "execution.finished").len(), 1);
    let names: Vec<String> =
        rig.record(&session).iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    let at = |name: &str| names.iter().position(|other| other == name).unwrap();
    assert!(at("grant.redeemed") < at("execution.started"), "used up before the run: {names:?}");
}

#[test]
fn the_command_gets_exactly_the_environment_that_was_shown() {
    let rig = Rig::start();
    let options = ["--with-env", "PASSED", "--with-env", "SET=x y"];
    let gate = rig.gate_with(&options, &["/usr/bin/env"], |command| {
        command.env("PASSED", "on").env("API_TOKEN", "s3cret").env("LC_ALL", "C").env("AWS_PROFILE", "prod");
    });
    let (hold, _) = gate.wait_asked();
    let shown = rig.hold(&hold)["action"]["env"].clone();
    rig.approve(&hold);
    let ended = gate.wait();
    let mut got: Vec<String> = text(&ended.stdout).lines().map(str::to_owned).collect();
    got.sort();
    let pair = |var: &serde_json::Value| {
        format!("{}={}", var["name"].as_str().unwrap(), var["value"].as_str().unwrap())
    };
    assert_eq!(got, shown.as_array().unwrap().iter().map(pair).collect::<Vec<_>>());
    assert!(got.contains(&"PASSED=on".into()) && got.contains(&"SET=x y".into()), "{got:?}");
    assert!(!text(&ended.stdout).contains("s3cret"));
}

#[test]
fn a_denied_command_does_not_run_and_its_reason_arrives_escaped() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["touch", "effect"]);
    let (hold, session) = gate.wait_asked();
    assert!(rig.decide(&hold, "deny", "not \u{1b}[2J now").status.success());
    let ended = gate.wait();
    assert_eq!(ended.code, Some(77));
    assert!(ended.stderr.contains("denied by tess: not \\u{1b}[2J now"), "{}", ended.stderr);
    assert_eq!(
        (&ended.status["outcome"], &ended.status["reason"]),
        (&"denied".into(), &"not \u{1b}[2J now".into())
    );
    assert!(!rig.work().join("effect").exists());
    assert!(rig.events(&session, "grant.issued").is_empty());
}

#[test]
fn an_expired_one_does_not_run_and_is_not_called_denied() {
    let rig = Rig::start();
    let gate = rig.gate(&["--expires", "1s"], &["touch", "effect"]);
    let (hold, _) = gate.wait_asked();
    let ended = gate.wait();
    assert_eq!((ended.code, &ended.status["outcome"]), (Some(75), &"expired".into()));
    assert_eq!(rig.hold(&hold)["state"], "expired");
    assert!(!rig.work().join("effect").exists());
}

#[test]
fn ctrl_c_withdraws_and_the_hub_knows_it() {
    let rig = Rig::start();
    for signal in [Signal::INT, Signal::TERM] {
        let gate = rig.gate(&[], &["touch", "effect"]);
        let (hold, _) = gate.wait_asked();
        gate.send(signal);
        let ended = gate.wait();
        assert_eq!((ended.code, &ended.status["outcome"]), (Some(75), &"withdrawn".into()));
        assert_eq!(ended.status["acknowledged"], true);
        assert_eq!(rig.hold(&hold)["state"], "withdrawn");
    }
    assert!(!rig.work().join("effect").exists());
}

#[test]
fn without_a_hub_it_says_so_at_once_and_what_to_do() {
    let rig = Rig::start();
    rig.kill_hub();
    let ended = rig.gate(&[], &["touch", "effect"]).wait();
    assert_eq!((ended.code, &ended.status["outcome"]), (Some(69), &"failed".into()));
    assert!(ended.stderr.contains("hint: ") && ended.stderr.contains("holdpoint hub"), "{}", ended.stderr);
    let ended = Rig::new().gate(&[], &["true"]).wait();
    assert_eq!(ended.code, Some(69), "no credential either: {}", ended.stderr);
}

#[test]
fn a_decision_arrives_although_the_hub_was_killed_while_it_was_pending() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["sh", "-c", "echo x >> effect"]);
    let (hold, _) = gate.wait_asked();
    rig.kill_hub();
    gate.wait_said("still waiting");
    rig.start_hub(&[]);
    gate.wait_said("connected again");
    wait_for("the hub counts the gate as waiting again", || {
        (rig.hold(&hold)["waiting"] == true).then_some(())
    });
    rig.approve(&hold);
    let ended = gate.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(lines(&rig.work().join("effect")), ["x"]);
}

#[test]
fn a_decision_arrives_although_the_line_was_cut_while_it_was_pending() {
    let (rig, port) = Rig::start_tcp();
    let proxy = proxy::Proxy::to(port);
    let hub = format!("ws://127.0.0.1:{}", proxy.port());
    let gate = rig.gate(&["--hub", &hub], &["sh", "-c", "echo x >> effect"]);
    let (hold, _) = gate.wait_asked();
    proxy.cut();
    gate.wait_said("connected again");
    wait_for("the hub counts the gate as waiting again", || {
        (rig.hold(&hold)["waiting"] == true).then_some(())
    });
    rig.approve(&hold);
    assert_eq!(gate.wait().code, Some(0));
    assert_eq!(lines(&rig.work().join("effect")), ["x"]);
}

/// What somebody does between the proposal and the approval, and what the gate says about it.
#[test]
fn what_changed_since_it_was_proposed_runs_nothing() {
    type Change = (&'static str, fn(&Rig), &'static str);
    let changes: [Change; 6] = [
        ("nothing", |_| {}, ""),
        ("the file that an argument names", |rig| drop(rig.file("data", "other")), "argument 1"),
        ("the program itself", |rig| drop(rig.program("bin/tool", "echo evil >> effect")), "another content"),
        (
            "another program earlier in PATH",
            |rig| drop(rig.program("early/tool", "echo evil >> effect")),
            "means",
        ),
        (
            "no program any more",
            |rig| std::fs::remove_file(rig.work().join("bin/tool")).unwrap(),
            "no program",
        ),
        ("no directory any more", |rig| std::fs::remove_dir_all(rig.work()).unwrap(), "directory"),
    ];
    for (name, change, words) in changes {
        let rig = Rig::start();
        let effect = rig.dir.path().join("effect");
        for folder in ["bin", "early"] {
            std::fs::create_dir(rig.work().join(folder)).unwrap();
        }
        rig.file("data", "data");
        rig.program("bin/tool", &format!("echo ran >> {}", effect.display()));
        let path = format!("PATH={0}/early:{0}/bin:/usr/bin:/bin", rig.work().display());
        let gate = rig.gate(&["--with-env", &path], &["tool", "data"]);
        let (hold, session) = gate.wait_asked();
        change(&rig);
        // The directory of the commands below may be gone; they do not need it.
        std::fs::create_dir_all(rig.dir.path().join("elsewhere")).unwrap();
        let approved = approve_from(&rig, &hold);
        assert!(approved, "{name}");
        let ended = gate.wait();
        if words.is_empty() {
            assert_eq!((ended.code, lines(&effect)), (Some(0), vec!["ran".to_owned()]), "the control");
            continue;
        }
        assert_eq!((ended.code, &ended.status["outcome"]), (Some(75), &"refused".into()), "{name}");
        assert!(ended.stderr.contains(words), "{name}: {}", ended.stderr);
        assert!(!effect.exists() && !rig.work().join("effect").exists(), "{name} ran");
        let events = export_from(&rig, &session);
        assert!(events.contains("execution.refused"), "{name}: {events}");
        assert!(!events.contains("execution.started"), "{name}: {events}");
    }
}

fn approve_from(rig: &Rig, hold: &str) -> bool {
    let elsewhere = rig.dir.path().join("elsewhere");
    let shown = rig.command(&["show", hold, "--json"]).current_dir(&elsewhere).output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let digest = shown["digest"].as_str().unwrap();
    let decided = rig.command(&["decide", hold, "approve", "--digest", digest]);
    { decided }.current_dir(&elsewhere).output().unwrap().status.success()
}

fn export_from(rig: &Rig, session: &str) -> String {
    let mut export = rig.command(&["record", "export", session, "-"]);
    text(&export.current_dir(rig.dir.path()).output().unwrap().stdout)
}

#[test]
fn binary_input_and_a_megabyte_of_binary_output_pass_byte_for_byte() {
    let rig = Rig::start();
    let input: Vec<u8> = (0..=255).collect();
    let mut gate = rig.gate_with(&["--stdin"], &["cat"], |command| {
        command.stdin(Stdio::piped());
    });
    feed(&mut gate.child, &input);
    let (hold, _) = gate.wait_asked();
    rig.approve(&hold);
    assert_eq!(gate.wait().stdout, input);

    let bytes: Vec<u8> =
        (0..1_048_576u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).step_by(4).collect();
    let blob = rig.file("blob", &bytes);
    let gate = rig.gate(&[], &["sh", "-c", "cat blob; cat blob >&2 2>/dev/null; printf end"]);
    let (hold, _) = gate.wait_asked();
    rig.approve(&hold);
    let ended = gate.wait();
    assert_eq!(ended.stdout.len(), bytes.len() + 3);
    assert!(ended.stdout.starts_with(&bytes) && ended.stdout.ends_with(b"end"), "the bytes differ");
    let whole = rig.file("whole", &ended.stdout);
    let finished = rig.hold(&hold)["execution"]["end"].clone();
    assert_eq!(finished["stdoutSha256"], sha256(&whole));
    assert_eq!(finished["stderrSha256"], sha256(&blob));
    assert_eq!(finished["outputBytes"], 2 * bytes.len() + 3);
    assert!(finished["tail"].as_str().unwrap().len() <= 4096);
}

#[test]
fn what_cannot_be_reviewed_is_refused_with_advice_before_anybody_is_asked() {
    let rig = Rig::start();
    let mut gate = rig.gate_with(&["--stdin"], &["cat"], |command| {
        command.stdin(Stdio::piped());
    });
    feed(&mut gate.child, &vec![b'x'; 70 * 1024]);
    let ended = gate.wait();
    assert_eq!(ended.code, Some(65));
    assert!(ended.stderr.contains("file") && ended.stderr.contains("pinned by digest"), "{}", ended.stderr);
    let ended = rig.gate(&[], &["echo", &"x".repeat(70 * 1024)]).wait();
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    let ended = rig
        .gate_with(&[], &["echo"], |command| {
            command.arg(std::ffi::OsStr::from_bytes(b"\xff"));
        })
        .wait();
    assert_eq!(ended.code, Some(65));
    assert!(ended.stderr.contains("UTF-8"), "{}", ended.stderr);
    assert_eq!(rig.gate(&[], &["no-such-program"]).wait().code, Some(66));
    assert_eq!(rig.json(&["holds", "--all", "--json"]), serde_json::json!([]));
    let gate = rig.gate(&[], &["echo", &"x".repeat(50 * 1024)]);
    gate.wait_asked();
    gate.send(Signal::INT);
    assert_eq!(gate.wait().code, Some(75), "the control: 50 KiB are asked about");
}

#[test]
fn nobody_approves_what_nobody_would_run() {
    let rig = Rig::start();
    let mut gate = rig.gate(&[], &["touch", "effect"]);
    let (hold, _) = gate.wait_asked();
    assert_eq!(rig.hold(&hold)["waiting"], true, "the control");
    gate.child.kill().unwrap();
    gate.child.wait().unwrap();
    wait_for("the hub notices", || (rig.hold(&hold)["waiting"] == false).then_some(()));
    let refused = rig.decide(&hold, "approve", "");
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("no longer waits"), "{}", text(&refused.stderr));
    assert!(rig.decide(&hold, "deny", "gone").status.success(), "a denial is always possible");
}

#[test]
fn a_stop_ends_what_ignores_signals_and_all_that_it_started() {
    let rig = Rig::start();
    let script = "trap '' INT TERM; sleep 1000 & echo $! >> pids; setsid sleep 1000 & echo $! >> pids; \
                  (setsid sh -c 'echo $$ >> pids; sleep 1000; true' &) ; echo $$ >> pids; touch ready; while :; do wait; sleep 1; done";
    let gate = rig.gate(&[], &["sh", "-c", script]);
    let (hold, session) = gate.wait_asked();
    rig.approve(&hold);
    let pids =
        wait_for("four processes", || Some(lines(&rig.work().join("pids"))).filter(|pids| pids.len() == 4));
    rig.ok(&["stop", &session, "--level", "1"]);
    gate.wait_said("level 1");
    rig.ok(&["stop", &session, "--level", "2"]);
    gate.wait_said("SIGINT was sent");
    assert!(pids.iter().all(|pid| lives(pid)), "the control: an interrupt does not end these");
    rig.ok(&["stop", &session, "--level", "3", "--reason", "enough"]);
    let ended = gate.wait();
    assert_eq!(ended.code, Some(137), "{}", ended.stderr);
    assert!(!pids.iter().any(|pid| lives(pid)), "something lives on");
    let confirmed = rig.events(&session, "stop.confirmed");
    assert_eq!(confirmed.last().unwrap()["dead"], true, "{confirmed:?}");
    assert_eq!(confirmed.first().unwrap()["dead"], false, "level 1 left it alone and said so");
}

/// Stops; a disk that takes its time makes the hub say so, and then it is asked again.
fn stop(rig: &Rig, session: &str, level: &str) {
    let stopped = || rig.run(&["stop", session, "--level", level]).status.success().then_some(());
    wait_for("the stop is on record", stopped);
}

#[test]
fn the_third_stop_ends_what_forks_faster_than_anybody_looks() {
    let rig = Rig::start();
    // Each generation leaves its session and its process group, starts the next and is gone.
    rig.program("walker", "[ -e end ] && exit; setsid ./walker & exit");
    let script = "trap '' INT TERM; for i in 1 2 3 4; do ./walker & done; \
                  touch ready; while :; do sleep 1; done";
    let gate = rig.gate(&[], &["sh", "-c", script]);
    let (hold, session) = gate.wait_asked();
    rig.approve(&hold);
    wait_for("they walk", || rig.work().join("ready").exists().then_some(()));
    stop(&rig, &session, "3");
    let ended = gate.wait();
    rig.file("end", "");
    assert_eq!(ended.code, Some(137), "{}", ended.stderr);
    assert_eq!(ended.status["leftRunning"], 0);
    assert_eq!(rig.events(&session, "stop.confirmed").last().unwrap()["dead"], true);
}

#[test]
fn a_stop_between_the_redemption_and_the_start_prevents_the_start() {
    let rig = Rig::start();
    let sparse = |bytes: u64| {
        for name in ["a", "b", "c", "d"] {
            let file = std::fs::File::options().create(true).append(true).open(rig.work().join(name));
            file.unwrap().set_len(bytes).unwrap();
        }
    };
    sparse(1);
    let gate = rig.gate(&[], &["sh", "-c", "echo ran >> effect", "sh", "a", "b", "c", "d"]);
    let (hold, session) = gate.wait_asked();
    // The second look at these takes much longer than a stop.
    sparse(4 * 1024 * 1024 * 1024);
    rig.approve(&hold);
    wait_for("it is redeemed", || (!rig.events(&session, "grant.redeemed").is_empty()).then_some(()));
    stop(&rig, &session, "1");
    let ended = gate.wait();
    assert_eq!((ended.code, &ended.status["outcome"]), (Some(75), &"refused".into()), "{}", ended.stderr);
    assert!(ended.stderr.contains("tess stopped the session before it was started"), "{}", ended.stderr);
    assert!(!rig.work().join("effect").exists());
    assert_eq!(rig.events(&session, "execution.refused").len(), 1);
    assert!(rig.events(&session, "execution.started").is_empty());
}

#[test]
fn ctrl_c_is_heard_while_large_files_are_digested() {
    let rig = Rig::start();
    std::fs::File::create(rig.work().join("a")).unwrap().set_len(4 * 1024 * 1024 * 1024).unwrap();
    let gate = rig.gate(&[], &["true", "a", "./a", "././a"]);
    let pid = gate.child.id();
    wait_for("it digests", || {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        let named =
            |fd: std::fs::DirEntry| std::fs::read_link(fd.path()).is_ok_and(|path| path.ends_with("work/a"));
        open.into_iter().any(named).then_some(())
    });
    gate.send(Signal::INT);
    let ended = gate.wait();
    assert_eq!((ended.code, &ended.status["outcome"]), (Some(75), &"withdrawn".into()), "{}", ended.stderr);
    assert_eq!(rig.json(&["holds", "--all", "--json"]), serde_json::json!([]));
}

#[test]
fn ctrl_c_is_heard_while_the_hub_is_away() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["touch", "effect"]);
    gate.wait_asked();
    rig.kill_hub();
    gate.wait_said("still waiting");
    gate.send(Signal::INT);
    let ended = gate.wait();
    assert_eq!((ended.code, &ended.status["outcome"]), (Some(75), &"withdrawn".into()));
    assert_eq!(ended.status["acknowledged"], false);
}

#[test]
fn a_session_that_is_not_there_is_not_opened_by_naming_it() {
    let rig = Rig::start();
    let ended = rig.gate(&["--session", "INC-1"], &["touch", "effect"]).wait();
    assert_eq!(ended.code, Some(66), "{}", ended.stderr);
    assert!(ended.stderr.contains("no session INC-1"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("hint: ") && ended.stderr.contains("holdpoint sessions"),
        "{}",
        ended.stderr
    );
    assert_eq!(rig.json(&["sessions", "--all", "--json"]), serde_json::json!([]));
    // The control: one that is there is joined, and stays open behind the gate.
    let first = rig.gate(&[], &["true"]);
    let (_, there) = first.wait_asked();
    let second = rig.gate(&["--session", &there], &["touch", "effect"]);
    let (hold, session) = second.wait_asked();
    assert_eq!(session, there);
    rig.approve(&hold);
    assert_eq!(second.wait().code, Some(0));
    assert!(rig.events(&session, "session.closed").is_empty());
    first.send(Signal::INT);
    assert_eq!(first.wait().code, Some(75));
}

#[test]
fn a_hub_that_is_another_one_now_is_no_approval() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["touch", "effect"]);
    gate.wait_asked();
    rig.kill_hub();
    for file in ["record.db", "record.db-wal", "record.db-shm"] {
        let _ = std::fs::remove_file(rig.data().join(file));
    }
    rig.start_hub(&[]);
    let ended = gate.wait();
    assert_eq!((ended.code, &ended.status["outcome"]), (Some(75), &"undecided".into()), "{}", ended.stderr);
    assert!(!ended.stderr.contains("approved"), "{}", ended.stderr);
}

#[test]
fn a_stop_while_it_waits_denies_it_and_nothing_runs() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["touch", "effect"]);
    let (_, session) = gate.wait_asked();
    rig.ok(&["stop", &session, "--reason", "wrong track"]);
    let ended = gate.wait();
    assert_eq!(ended.code, Some(77));
    assert!(ended.stderr.contains("wrong track"), "{}", ended.stderr);
    assert!(!rig.work().join("effect").exists());
}

#[test]
fn signals_are_passed_on_while_it_runs_and_its_own_death_is_told() {
    let rig = Rig::start();
    let gate = rig
        .gate(&[], &["sh", "-c", "trap 'echo got; exit 9' USR1; touch ready; while :; do sleep 0.05; done"]);
    let (hold, _) = gate.wait_asked();
    rig.approve(&hold);
    wait_for("the command is ready", || rig.work().join("ready").exists().then_some(()));
    gate.send(Signal::USR1);
    let ended = gate.wait();
    assert_eq!((ended.code, text(&ended.stdout).as_str()), (Some(9), "got\n"));

    let gate = rig.gate(&[], &["sh", "-c", "kill -9 $$"]);
    let (hold, _) = gate.wait_asked();
    rig.approve(&hold);
    let ended = gate.wait();
    assert_eq!((ended.code, &ended.status["signal"]), (Some(137), &9.into()));
}

#[test]
fn what_a_command_leaves_behind_is_counted_and_does_not_hold_the_gate() {
    let rig = Rig::start();
    let gate = rig.gate(&[], &["sh", "-c", "sleep 1000 & echo $! > pid; echo done"]);
    let (hold, _) = gate.wait_asked();
    rig.approve(&hold);
    let ended = gate.wait();
    let pid = lines(&rig.work().join("pid")).remove(0);
    assert_eq!((ended.code, text(&ended.stdout).as_str()), (Some(0), "done\n"));
    assert_eq!(ended.status["leftRunning"], 1, "{}", ended.status);
    assert!(
        lives(&pid) && ended.status["stdoutSha256"].is_null(),
        "not all of its output can have been seen"
    );
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
}

#[test]
fn the_same_key_attaches_again_and_never_runs_twice() {
    let rig = Rig::start();
    let command = ["sh", "-c", "echo x >> effect; exit 4"];
    let mut first = rig.gate(&["--key", "deploy-42"], &command);
    let (hold, _) = first.wait_asked();
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let second = rig.gate(&["--key", "deploy-42"], &command);
    assert_eq!(second.wait_asked().0, hold, "the same hold");
    wait_for("somebody waits again", || (rig.hold(&hold)["waiting"] == true).then_some(()));
    rig.approve(&hold);
    assert_eq!(second.wait().code, Some(4));
    let third = rig.gate(&["--key", "deploy-42"], &command).wait();
    assert_eq!((third.code, &third.status["earlier"]), (Some(4), &true.into()), "{}", third.stderr);
    assert_eq!(lines(&rig.work().join("effect")), ["x"]);
    let other = rig.gate(&["--key", "deploy-42"], &["touch", "other"]).wait();
    assert_eq!(other.code, Some(75), "another action under the same key: {}", other.stderr);
    assert!(!rig.work().join("other").exists());
}

#[test]
fn a_gate_that_died_while_its_command_ran_leaves_an_unknown_and_no_second_run() {
    let rig = Rig::start();
    let command = ["sh", "-c", "echo x >> effect; while [ -e hang ]; do sleep 0.05; done"];
    rig.file("hang", "");
    let mut first = rig.gate(&["--key", "k"], &command);
    let (hold, _) = first.wait_asked();
    rig.approve(&hold);
    wait_for("it runs", || (!lines(&rig.work().join("effect")).is_empty()).then_some(()));
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let second = rig.gate(&["--key", "k"], &command).wait();
    std::fs::remove_file(rig.work().join("hang")).unwrap();
    assert_eq!((second.code, &second.status["outcome"]), (Some(70), &"unknown".into()), "{}", second.stderr);
    assert_eq!(lines(&rig.work().join("effect")), ["x"]);
}

#[test]
fn a_status_file_that_cannot_be_written_stops_it_before_anybody_is_asked() {
    let rig = Rig::start();
    let output = rig.run(&["gate", "--status-file", "/nowhere/status", "--", "touch", "effect"]);
    assert_eq!(output.status.code(), Some(73), "{}", text(&output.stderr));
    assert_eq!(rig.json(&["holds", "--all", "--json"]), serde_json::json!([]));
    let old = rig.file("status", "{\"outcome\":\"ran\"}");
    let mut gate = rig.gate_with(&[], &["true"], |_| {});
    gate.wait_asked();
    gate.child.kill().unwrap();
    gate.child.wait().unwrap();
    assert!(old.exists(), "another gate's file is left alone");
}

#[test]
fn nohup_is_respected_and_a_closed_standard_error_changes_nothing() {
    let rig = Rig::start();
    let script = format!(
        "trap '' HUP; exec {} gate --status-file {}/status -- sh -c 'echo x >> effect; exit 3' 2>&-",
        rig::BINARY,
        rig.work().display()
    );
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(&script).env_clear().current_dir(rig.work());
    shell.env("PATH", "/usr/bin:/bin").env("HOME", rig.dir.path()).env("HOLDPOINT_DATA", rig.data());
    let mut gate = shell.stdin(Stdio::null()).spawn().unwrap();
    let hold =
        wait_for("the hold is open", || rig.json(&["holds", "--json"])[0]["id"].as_str().map(str::to_owned));
    rustix::process::kill_process(rustix::process::Pid::from_child(&gate), Signal::HUP).unwrap();
    rig.approve(&hold);
    assert_eq!(gate.wait().unwrap().code(), Some(3));
    assert_eq!(lines(&rig.work().join("effect")), ["x"]);
    let status = std::fs::read_to_string(rig.work().join("status")).unwrap();
    assert!(status.contains("\"outcome\": \"ran\""), "{status}");
}
