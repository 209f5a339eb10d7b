//! The demo, played by the real binary; and its agents, played against a hub that is not the demo's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // a test may fail

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use holdpoint::demo::script::{STORY, parse};
use holdpoint::demo::{Cast, Company, Pace, Stage};
use holdpoint::domain::{Outcome, Role, SessionId, Verdict};
use holdpoint::hub::{Config, Hub};
use holdpoint::link::{Credential, Link, Notice, files};
use holdpoint::session::{Body, Run, Session};
use holdpoint::wire::{Filter, HoldDecide, HoldDecideParams};

/// A generous deadline for what should take seconds.
const DEADLINE: Duration = Duration::from_mins(2);

fn demo(tmp: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
    command.arg("demo").args(args).env("TMPDIR", tmp).stdin(Stdio::null());
    command
}

fn play(tmp: &Path, args: &[&str]) -> Output {
    demo(tmp, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What the demo left in its temporary directory.
fn left(tmp: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(tmp).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("holdpoint-demo-")).collect()
}

/// The built-in story with other decisions and expectations.
fn story_with(rest: &str) -> String {
    let cut = STORY.find("[[decide]]").unwrap();
    format!("{}{rest}", &STORY[..cut])
}

/// Plays the built-in story with other decisions and expectations.
fn play_with(rest: &str, speed: &str) -> Output {
    let tmp = tempfile::tempdir().unwrap();
    let script = tmp.path().join("my.toml");
    std::fs::write(&script, story_with(rest)).unwrap();
    let out = play(tmp.path(), &["--no-tui", "--speed", speed, "--script", script.to_str().unwrap()]);
    assert_eq!(left(tmp.path()), Vec::<String>::new(), "the demo removes what it wrote");
    out
}

/// Plays the story with other decisions, which meets its expectations and says these things.
fn goes_as_expected(rest: &str, speed: &str, says: &[&str]) {
    let out = play_with(rest, speed);
    let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
    assert_eq!(out.status.code(), Some(0), "{stdout}{stderr}");
    for words in says {
        assert!(stdout.contains(words), "no line says \"{words}\":\n{stdout}");
    }
}

#[test]
fn the_story_goes_as_written_and_the_record_says_so() {
    let tmp = tempfile::tempdir().unwrap();
    let out = play(tmp.path(), &["--no-tui", "--speed", "40"]);
    let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
    assert_eq!(out.status.code(), Some(0), "{stdout}{stderr}");
    for fact in [
        "proposes P1: kubectl --context prod-eu1 -n prod delete pod -l app=cart-redis",
        "P1 is denied: six pods",
        "I leave the cache alone",
        "P2 ended: exit status 0",
        "the alert is resolved",
        "STOP (level 1): it does not take no for an answer",
        "nothing that it started runs any more",
        "1 commands were approved and ran; the stand-ins left 1 lines",
    ] {
        assert!(stdout.contains(fact), "no line says \"{fact}\":\n{stdout}");
    }
    assert!(!stdout.contains("WRONG"), "{stdout}");
    assert_eq!(left(tmp.path()), Vec::<String>::new());
}

#[test]
fn a_copied_script_plays_and_wrong_expectations_are_not_met() {
    let tmp = tempfile::tempdir().unwrap();
    let printed = play(tmp.path(), &["--print-script"]);
    assert_eq!(text(&printed.stdout), STORY);
    let script = tmp.path().join("my.toml");
    let wrong = STORY.replacen("outcome = \"denied\", ran = false", "outcome = \"approved\", ran = true", 1);
    assert_ne!(wrong, STORY);
    std::fs::write(&script, wrong).unwrap();
    let out = play(tmp.path(), &["--no-tui", "--speed", "60", "--script", script.to_str().unwrap()]);
    let stdout = text(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{stdout}");
    assert!(stdout.contains("WRONG INC-4231 P1 was approved and ran"), "{stdout}");
    assert_eq!(stdout.matches("WRONG").count(), 1, "{stdout}");
}

#[test]
fn whoever_denies_everything_sees_nothing_run() {
    goes_as_expected(
        r#"
[[decide]]
session = "INC-4231"
verdict = "deny"
[[decide]]
session = "INC-4232"
hold = 4
verdict = "stop"
[[decide]]
session = "INC-4232"
verdict = "deny"
[[expect]]
hold = { session = "INC-4231", number = 2, outcome = "denied", ran = false }
[[expect]]
hold = { session = "INC-4232", number = 3, outcome = "denied", ran = false }
[[expect]]
alert = { session = "INC-4231", state = "firing" }
"#,
        "60",
        &[
            "0 commands were approved and ran; the stand-ins left 0 lines",
            "handed over: the rollback was denied",
        ],
    );
}

#[test]
fn approving_the_wrong_action_runs_it_and_the_agent_finds_out() {
    goes_as_expected(
        r#"
[[decide]]
session = "INC-4231"
verdict = "approve"
[[decide]]
session = "INC-4232"
verdict = "stop"
[[expect]]
effect = { name = "cart-redis-deleted", lines = 1 }
[[expect]]
effect = { name = "checkout-rolled-back", lines = 1 }
[[expect]]
alert = { session = "INC-4231", state = "resolved" }
"#,
        "30",
        &["H1 was wrong", "2 commands were approved and ran; the stand-ins left 2 lines"],
    );
}

#[test]
fn a_stop_while_a_command_runs_goes_on_until_it_is_dead() {
    goes_as_expected(
        r#"
[[decide]]
session = "INC-4231"
verdict = "deny"
[[decide]]
session = "INC-4232"
verdict = "approve_then_stop"
reason = "it deletes what recovery needs"
after_ms = 2000
[[expect]]
hold = { session = "INC-4232", number = 1, outcome = "approved", ran = true }
[[expect]]
stop = { session = "INC-4232", dead = true }
"#,
        "10",
        &[
            // A first stop ends the agent, a second one the command.
            "the command that was approved still runs",
            "STOP (level 2)",
            "P1 ended: signal",
        ],
    );
}

#[test]
fn a_hold_that_the_script_does_not_mention_is_not_guessed() {
    let out = play_with("[[decide]]\nsession = \"INC-4231\"\nhold = 1\nverdict = \"deny\"\n", "60");
    assert_ne!(out.status.code(), Some(0));
    assert!(text(&out.stderr).contains("no [[decide]] for INC-4231 P2"), "{}", text(&out.stderr));
}

#[test]
fn a_broken_script_says_in_which_line() {
    let line_of = |text: &str, needle: &str| text[..text.find(needle).unwrap()].matches('\n').count() + 1;
    for (right, wrong) in [
        ("threshold = 5.0", "treshold = 5.0"),
        ("denied = \"told-no\"", "denied = \"told-off\""),
        ("{{t-31.204}}", "{{t31.204}}"),
        ("stand_in = \"undo-rollout\"", "stand_in = \"undo\""),
        ("program = \"find\"", "program = \"../find\""),
        ("{ go = \"the-deploy\" }", "{ goto = \"the-deploy\" }"),
        ("verdict = \"stop\"", "verdict = \"perhaps\""),
        ("cites = [\"E6\", \"E7\", \"E8\"]", "cites = [\"E6\", \"E7\", \"E88\"]"),
        ("effect = { name = \"archive-removed\"", "effect = { name = \"nothing\""),
        ("first = \"sweep\"", "first = sweep"),
    ] {
        let broken = STORY.replacen(right, wrong, 1);
        assert_ne!(broken, STORY, "{right} is not in the story");
        let error = parse("my.toml", &broken).unwrap_err();
        let found: usize =
            error.message().split(['e', ':']).find_map(|part| part.trim().parse().ok()).unwrap();
        let wanted = line_of(&broken, wrong);
        let steps = wanted.abs_diff(found);
        // A text's placeholder is found with its step, which begins at most a few lines above.
        assert!(steps <= 2, "{wrong}: line {wanted} is broken, but: {error}");
        assert!(error.next().is_some());
    }
    assert!(parse("my.toml", STORY).is_ok(), "the control");
}

#[test]
fn an_interrupted_demo_cleans_up() {
    let tmp = tempfile::tempdir().unwrap();
    let script = tmp.path().join("my.toml");
    let waits = "[[decide]]\nsession = \"INC-4231\"\nverdict = \"ignore\"\n";
    std::fs::write(&script, story_with(waits)).unwrap();
    let mut child = demo(tmp.path(), &["--no-tui", "--speed", "60", "--script", script.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("P1 waits for a person")));
    assert_eq!(left(tmp.path()).len(), 1, "the control: there is something to remove");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_ne!(child.wait().unwrap().code(), Some(0));
    assert_eq!(left(tmp.path()), Vec::<String>::new());
}

/// A person's connection to a hub, and the session as it is told there.
struct Watcher {
    link: Link,
    notices: tokio::sync::mpsc::Receiver<Notice>,
    session: Session,
    said: Vec<String>,
}

impl Watcher {
    fn sit(hub: &Hub, data: &Path, id: &str) -> Self {
        let credential =
            Credential::from_file(&data.join(files::APPROVER_TOKEN), Role::Person, "maya").unwrap();
        let (link, notices) = Link::connect(hub.tcp().unwrap(), credential, Some(Filter::default()), None);
        Self { link, notices, session: Session::new(SessionId::new(id).unwrap()), said: Vec::new() }
    }

    async fn until(&mut self, what: &str, seen: impl Fn(&Session, &[String]) -> bool) {
        let wait = async {
            while !seen(&self.session, &self.said) {
                let Notice::Events(note) = self.notices.recv().await.expect("the link goes on") else {
                    continue;
                };
                for event in note.events {
                    self.session.apply(&event);
                    if let Body::MessageSaid(said) = &event.body {
                        self.said.push(said.text.expose().to_owned());
                    }
                }
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
    }

    async fn decide(&self, verdict: Verdict, reason: &str) {
        let hold = self.session.open_holds().next().unwrap();
        let params = HoldDecideParams {
            session: self.session.id.clone(),
            hold: hold.id.clone(),
            revision: hold.revision.number,
            digest: hold.revision.proposal.action.digest().unwrap(),
            verdict,
            reason: Some(reason.into()),
            key: None,
        };
        self.link.call::<HoldDecide>(&params).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_know_only_the_wire_and_really_wait() {
    let tmp = tempfile::tempdir().unwrap();
    let data = tmp.path().join("elsewhere");
    let config = Config { listen: Some("127.0.0.1:0".parse().unwrap()), ..Config::new(&data) };
    let hub = Hub::start(config).await.unwrap();
    let script = Arc::new(parse("story", STORY).unwrap());
    let pace = Pace::new(40.0);
    let stage = Stage::build(&script, pace).unwrap();
    let token = std::fs::read_to_string(data.join(files::AGENT_TOKEN)).unwrap().trim().to_owned();
    let target = hub.tcp().unwrap();
    let launcher = env!("CARGO_BIN_EXE_holdpoint").into();
    let cast = Cast { script, target, token, root: stage.root().to_path_buf(), pace, launcher };
    let company = Company::enter(&cast);
    let mut maya = Watcher::sit(&hub, &data, "INC-4231");

    maya.until("a hold", |session, _| session.open_holds().count() == 1).await;
    // Thirty readings of the alert are more than a minute of the story.
    let read = maya.session.samples.len();
    maya.until("thirty readings", |session, _| session.samples.len() >= read + 30).await;
    assert_eq!(maya.session.holds.len(), 1, "nobody asks for anything else meanwhile");
    assert_eq!(maya.session.holds[0].run, Run::NotStarted);

    maya.decide(Verdict::Deny, "because \u{201c}six\u{201d} is not one").await;
    maya.until("another hold", |session, _| session.open_holds().any(|hold| hold.number == 2)).await;
    let quoted =
        |said: &[String]| said.iter().any(|text| text.contains("because \u{201c}six\u{201d} is not one"));
    assert!(quoted(&maya.said), "the agent read the reason: {:?}", maya.said);

    maya.decide(Verdict::Approve, "").await;
    maya.until("the run's end", |session, _| matches!(session.holds[1].run, Run::Finished { .. })).await;
    assert_eq!(maya.session.holds[0].outcome(), Some(Outcome::Denied));
    let effect = |name: &str| std::fs::read_to_string(stage.effects().join(name)).unwrap_or_default();
    assert_eq!(effect("checkout-rolled-back").lines().count(), 1);
    assert_eq!(effect("cart-redis-deleted"), "", "what was denied never ran");
    maya.until("the agent's farewell", |_, said| said.iter().any(|text| text.contains("The alert cleared")))
        .await;
    drop(company);
    hub.stop().await;
}
