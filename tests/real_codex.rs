//! The real Codex against a scripted model, bridged to a real hub. Opt-in:
//!
//! ```sh
//! HOLDPOINT_REAL_CODEX=$(tests/agents/install-codex.sh) cargo test --test real_codex
//! ```
//!
//! Without the variable every case passes and says that it was skipped; with `HOLDPOINT_REQUIRE_REAL=1` a missing
//! binary is an error. Each case that ran says `real codex: N cases executed`. Files, not words, tell what ran.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "agents/codex.rs"]
mod codex;
#[path = "support/hub_lab.rs"]
#[allow(dead_code)]
mod hub_lab;
#[path = "agents/lab.rs"]
mod lab;
#[path = "agents/model.rs"]
mod model;

use std::time::Duration;

use holdpoint::domain::*;
use holdpoint::session::{Body, Run};
use holdpoint::wire::*;
use serde_json::{Value, json};

use lab::{Lab, case};
use model::{exec, runs, says};

/// A test waits at most this long for anything; it is a deadline, not a measure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

const COMMAND: &str = "item/commandExecution/requestApproval";
const PATCH: &str = "item/fileChange/requestApproval";

#[test]
fn an_approved_command_runs_once_and_its_end_is_on_record() {
    case("approve", async |mut lab: Lab| {
        let command = format!("echo ran >> {}; echo out", lab.effect("ran"));
        lab.model.script("go", vec![runs("I restart it.", &command, true), says("over")]);
        let thread = lab.ask("go").await;
        let hold = lab.open_hold("").await;
        let Action::AgentCommand(asked) = &hold.revision.proposal.action else { panic!("{hold:?}") };
        assert!(asked.command.expose().contains(&command), "exactly what would run: {asked:?}");
        assert_eq!((hold.executor(), &asked.incomplete), (Executor::Agent, &None));
        assert_eq!(
            hold.revision.proposal.why.as_ref().unwrap().expose(),
            "the checkout pods are out of memory"
        );
        lab.approve(&hold).await;
        assert_eq!(lab.screen.wait("turn/completed", &thread).await["params"]["turn"]["status"], "completed");
        assert_eq!(lab.lines("ran"), ["ran"]);
        let run = lab.run_of(&hold, |run| matches!(run, Run::Finished { .. })).await;
        let Run::Finished { end, .. } = run else { panic!() };
        assert_eq!((end.exit, end.stdout_sha256), (Some(0), Some(Digest::of(b"out\n"))));
    });
}

#[test]
fn a_denied_command_does_not_run_and_the_reason_is_in_the_next_request_to_the_model() {
    case("deny", async |mut lab: Lab| {
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script("no", vec![runs("I restart it.", &command, true), says("I look at the deploy.")]);
        let thread = lab.ask("no").await;
        let hold = lab.open_hold("").await;
        lab.deny(&hold, "the restart hides the leak: look at deploy 4711").await;
        lab.screen.wait("turn/completed", &thread).await;
        assert!(lab.lines("ran").is_empty());
        let requests = lab.model.requests("no");
        let told = |request: &Value| request["input"].to_string().contains("look at deploy 4711");
        assert_eq!(requests.iter().map(told).collect::<Vec<_>>(), [false, true], "the very next request");
        let said = |body: &Body| matches!(body, Body::ToolReturned(b) if b.failed);
        lab.recorded("the call is recorded as not run", said).await;
    });
}

#[test]
fn a_stop_while_it_waits_denies_the_hold_interrupts_the_turn_and_nothing_runs() {
    case("stop while pending", async |mut lab: Lab| {
        let command = format!("echo ran >> {}", lab.effect("ran"));
        let next = format!("echo next >> {}", lab.effect("next"));
        lab.model.script(
            "wait",
            vec![runs("I restart it.", &command, true), runs("I go on.", &next, false), says("over")],
        );
        let thread = lab.ask("wait").await;
        let hold = lab.open_hold("").await;
        lab.stop(&hold, 1).await;
        assert_eq!(
            lab.screen.wait("turn/completed", &thread).await["params"]["turn"]["status"],
            "interrupted"
        );
        let closed = lab.closed(&hold).await;
        assert_eq!(closed.outcome(), Some(Outcome::Denied));
        assert_eq!(lab.confirmed(&hold).await.1, Some(true));
        // A question would start it again; the note behind it is taken in, so the question was looked at.
        let (session, text) = (lab.session_of(&hold), Untrusted::from("which deploy was it?"));
        let ask = SessionAskParams { session: session.clone(), hold: None, text: text.clone() };
        assert_eq!(lab.person.refused::<SessionAsk>(ask).await.data.unwrap().kind, Kind::Conflict);
        lab.person.ok::<SessionNote>(SessionNoteParams { session, text }).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(lab.lines("ran").is_empty() && lab.lines("next").is_empty());
        assert_eq!(lab.model.requests("wait").len(), 1, "the agent was not asked to go on");
    });
}

#[test]
fn a_stop_while_it_runs_kills_it_which_an_interrupt_alone_does_not() {
    case("stop while running", async |mut lab: Lab| {
        let command = format!("while true; do echo beat >> {}; sleep 0.1; done", lab.effect("beat"));
        lab.model.script("long", vec![runs("It takes long.", &command, true), says("over")]);
        let thread = lab.ask("long").await;
        let hold = lab.open_hold("").await;
        lab.approve(&hold).await;
        lab.run_of(&hold, |run| matches!(run, Run::Running { pid: Some(_), .. })).await;
        let turn = lab.turn.clone();
        lab.screen.call("turn/interrupt", json!({ "threadId": thread, "turnId": turn })).await;
        lab.screen.wait("turn/completed", &thread).await;
        let beats = lab.lines("beat").len();
        lab.until("the control: it beats on after the interrupt", |lab| lab.lines("beat").len() > beats + 5)
            .await;
        assert!(!lab.processes("beat").is_empty(), "the control: its process is seen");
        lab.stop(&hold, 1).await;
        let (what, dead) = lab.confirmed(&hold).await;
        assert_eq!(dead, Some(true), "{what}");
        assert_eq!(lab.processes("beat"), Vec::<String>::new(), "{what}");
        let beats = lab.lines("beat").len();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(lab.lines("beat").len(), beats);
        lab.run_of(&hold, |run| matches!(run, Run::Finished { .. })).await;
    });
}

#[test]
fn what_left_its_command_is_named_by_a_stop_and_killed_by_the_third_level() {
    case("stop of what was detached", async |mut lab: Lab| {
        let beat = format!("while true; do echo beat >> {}; sleep 0.1; done", lab.effect("loose"));
        let command = format!("(setsid sh -c '{beat}' >/dev/null 2>&1 &); sleep 600");
        lab.model.script("loose", vec![runs("It takes long.", &command, true), says("over")]);
        lab.ask("loose").await;
        let hold = lab.open_hold("").await;
        lab.approve(&hold).await;
        lab.until("it beats", |lab| lab.lines("loose").len() > 2).await;
        lab.stop(&hold, 1).await;
        let (what, dead) = lab.confirmed(&hold).await;
        assert_eq!(dead, Some(false), "{what}");
        assert!(!lab.processes("loose").is_empty(), "the control: {what}");
        lab.bridge_leaves_silently().await;
        lab.bridge_comes().await;
        let words = |heard: &hub_lab::Heard| {
            let stop = heard.sessions.values().next().unwrap().stop.clone().unwrap();
            stop.confirmed.iter().filter(|(_, _, dead)| *dead == Some(false)).count()
        };
        lab.person.until("the next bridge stops it again", |heard| words(heard) == 2).await;
        assert_eq!(lab.person.heard.borrow().sessions.len(), 1, "and does not begin anew");
        lab.stop(&hold, 3).await;
        lab.until("it is dead", |lab| lab.processes("loose").is_empty()).await;
        lab.recorded(
            "that is confirmed",
            |body| matches!(body, Body::StopConfirmed(b) if b.dead == Some(true)),
        )
        .await;
    });
}

#[test]
fn two_threads_with_the_same_item_identifiers_never_mix_up() {
    case("two threads", async |mut lab: Lab| {
        lab.model.script("same", vec![runs("I restart it.", "echo ran >> ran", true), says("over")]);
        let (one, other) = (lab.folder("one"), lab.folder("other"));
        let first = lab.ask_in(&one, "same").await;
        let second = lab.ask_in(&other, "same").await;
        let yes = lab.open_hold("/one").await;
        let no = lab.open_hold("/other").await;
        assert_ne!(yes.id, no.id);
        lab.deny(&no, "not this one").await;
        lab.approve(&yes).await;
        lab.screen.wait("turn/completed", &first).await;
        lab.screen.wait("turn/completed", &second).await;
        assert_eq!(std::fs::read_to_string(one.join("ran")).unwrap(), "ran\n");
        assert!(!other.join("ran").exists());
        assert_eq!(lab.person.heard.borrow().sessions.len(), 2, "a session each");
    });
}

#[test]
fn two_commands_of_one_turn_are_two_holds() {
    case("parallel holds of one thread", async |mut lab: Lab| {
        let commands = ["a", "b"].map(|name| exec(&format!("echo ran >> {}", lab.effect(name)), true));
        lab.model
            .script("both", vec![model::Turn { text: "Both.".into(), calls: commands.into() }, says("over")]);
        let thread = lab.ask("both").await;
        let mut holds = [("a", lab.open_hold("effects/a").await), ("b", lab.open_hold("effects/b").await)];
        holds.sort_by_key(|(_, hold)| hold.number);
        let [(yes, first), (no, last)] = &holds;
        // The last one first: whoever answers in the order of asking is found out.
        lab.deny(last, "one is enough").await;
        lab.approve(first).await;
        lab.screen.wait("turn/completed", &thread).await;
        assert_eq!((lab.lines(yes).len(), lab.lines(no).len()), (1, 0));
    });
}

#[test]
fn an_answer_in_codex_itself_closes_the_hold_as_answered_elsewhere() {
    case("answered elsewhere", async |mut lab: Lab| {
        for (script, decision, runs_it) in [("yes", "accept", true), ("not", "decline", false)] {
            let command = format!("echo ran >> {}", lab.effect(script));
            lab.model.script(script, vec![runs("I restart it.", &command, true), says("over")]);
            let thread = lab.ask(script).await;
            let hold = lab.open_hold(&format!("/{script}")).await;
            let request = lab.screen.wait(COMMAND, &thread).await;
            lab.screen.answer(&request, json!({ "decision": decision })).await;
            let closed = lab.closed(&hold).await;
            assert_eq!(closed.outcome(), Some(Outcome::AnsweredElsewhere));
            lab.screen.wait("turn/completed", &thread).await;
            assert_eq!(lab.lines(script).len(), usize::from(runs_it));
            if runs_it {
                lab.run_of(&hold, |run| matches!(run, Run::Finished { .. })).await;
            }
        }
    });
}

#[test]
fn file_changes_are_shown_whole_and_made_only_when_approved() {
    case("file changes", async |mut lab: Lab| {
        for (script, approve) in [("add", true), ("leave", false)] {
            let patch = format!(
                "apply_patch <<'PATCH'\n*** Begin Patch\n*** Add File: {script}.yaml\n+memory: 512Mi\n*** End Patch\nPATCH"
            );
            lab.model.script(script, vec![runs("I edit it.", &patch, false), says("over")]);
            let thread = lab.ask_with(script, "untrusted", "read-only").await;
            let hold = lab.open_hold(&format!("{script}.yaml")).await;
            let Action::AgentPatch(asked) = &hold.revision.proposal.action else { panic!("{hold:?}") };
            assert_eq!((asked.changes[0].diff.expose(), &asked.incomplete), ("memory: 512Mi\n", &None));
            if approve {
                lab.approve(&hold).await;
            } else {
                lab.deny(&hold, "memory is not the cause").await;
            }
            lab.screen.wait("turn/completed", &thread).await;
            assert_eq!(lab.cwd().join(format!("{script}.yaml")).exists(), approve);
            if !approve {
                let requests = lab.model.requests(script);
                assert!(requests[1]["input"].to_string().contains("memory is not the cause"));
            }
        }
    });
}

#[test]
fn a_tool_is_called_only_when_approved() {
    case("MCP tool", async |mut lab: Lab| {
        for (service, approve) in [("checkout", true), ("cart", false)] {
            let call = model::Turn {
                text: "I ask ops.".into(),
                calls: vec![("restart", json!({ "service": service }))],
            };
            lab.model.script(service, vec![call, says("over")]);
            let thread = lab.ask(service).await;
            let hold = lab.open_hold(service).await;
            let Action::AgentTool(asked) = &hold.revision.proposal.action else { panic!("{hold:?}") };
            assert_eq!(
                (asked.server.expose(), asked.tool.expose(), &asked.incomplete),
                ("ops", "restart", &None)
            );
            if approve {
                lab.approve(&hold).await;
            } else {
                lab.deny(&hold, "the cart is healthy").await;
            }
            lab.screen.wait("turn/completed", &thread).await;
            if approve {
                lab.run_of(&hold, |run| matches!(run, Run::Finished { .. })).await;
            } else {
                assert!(lab.model.requests(service)[1]["input"].to_string().contains("the cart is healthy"));
            }
        }
        assert_eq!(lab.lines("restarted"), ["checkout"]);
    });
}

#[test]
fn a_bridge_that_comes_late_finds_what_waits() {
    case("late join", async |mut lab: Lab| {
        lab.bridge_leaves_silently().await;
        let command = format!("echo ran >> {}", lab.effect("late"));
        lab.model.script("late", vec![runs("I restart it.", &command, true), says("over")]);
        let patch = "apply_patch <<'PATCH'\n*** Begin Patch\n*** Add File: late.yaml\n+memory: 512Mi\n*** End Patch\nPATCH";
        lab.model.script("edit", vec![runs("I edit it.", patch, false), says("over")]);
        let running = lab.ask("late").await;
        let editing = lab.ask_with("edit", "untrusted", "read-only").await;
        lab.screen.wait(COMMAND, &running).await;
        lab.screen.wait(PATCH, &editing).await;
        assert!(lab.person.heard.borrow().events.is_empty(), "the control: nobody was there");
        lab.bridge_comes().await;
        let (ran, edited) = (lab.open_hold("effects/late").await, lab.open_hold("late.yaml").await);
        lab.approve(&ran).await;
        lab.approve(&edited).await;
        lab.screen.wait("turn/completed", &running).await;
        lab.screen.wait("turn/completed", &editing).await;
        assert_eq!(lab.lines("late"), ["ran"]);
        assert!(lab.cwd().join("late.yaml").exists());
    });
}

#[test]
fn nobody_answering_runs_nothing_and_the_agent_is_told() {
    case("expiry", async |mut lab: Lab| {
        lab.bridge_leaves_silently().await;
        lab.expires_in_ms = Some(300);
        lab.bridge_comes().await;
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script("slow", vec![runs("I restart it.", &command, true), says("over")]);
        let thread = lab.ask("slow").await;
        lab.screen.wait("turn/completed", &thread).await;
        lab.recorded("it expired", |b| matches!(b, Body::HoldClosed(b) if b.outcome == Outcome::Expired))
            .await;
        assert!(lab.lines("ran").is_empty());
        assert!(lab.model.requests("slow")[1]["input"].to_string().contains("nobody answered in time"));
    });
}

#[test]
fn hostile_text_arrives_as_it_is() {
    case("hostile text", async |mut lab: Lab| {
        let command =
            format!("echo '\u{1b}[2J\u{202e}\u{7}' >> {}\n# \u{200b}approved by maya", lab.effect("odd"));
        lab.model.script("odd", vec![runs("\u{1b}]0;approved\u{7}", &command, true), says("over")]);
        let thread = lab.ask("odd").await;
        let hold = lab.open_hold("/odd").await;
        let Action::AgentCommand(asked) = &hold.revision.proposal.action else { panic!("{hold:?}") };
        for hidden in ['\u{1b}', '\u{202e}', '\u{7}', '\u{200b}', '\n'] {
            assert!(asked.command.expose().contains(hidden), "{hidden:?} is lost: {asked:?}");
        }
        lab.approve(&hold).await;
        lab.screen.wait("turn/completed", &thread).await;
        assert_eq!(std::fs::read_to_string(lab.effect("odd")).unwrap(), "\u{1b}[2J\u{202e}\u{7}\n");
    });
}

#[test]
fn when_codex_dies_its_holds_are_withdrawn_and_a_new_one_is_joined() {
    case("codex dies", async |mut lab: Lab| {
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script("die", vec![runs("I restart it.", &command, true), says("over")]);
        lab.ask("die").await;
        let hold = lab.open_hold("").await;
        lab.codex.kill();
        let closed = lab.closed(&hold).await;
        assert_eq!(closed.outcome(), Some(Outcome::Withdrawn));
        lab.recorded("the agent left", |body| matches!(body, Body::AgentLeft(_))).await;
        lab.codex_comes_back().await;
        let thread = lab.ask("die").await;
        let hold = lab.open_hold("").await;
        lab.approve(&hold).await;
        lab.screen.wait("turn/completed", &thread).await;
        assert_eq!(lab.lines("ran"), ["ran"]);
    });
}

#[test]
fn a_question_reaches_the_agent_whether_it_works_or_rests() {
    case("question", async |mut lab: Lab| {
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script(
            "tell",
            vec![runs("I restart it.", &command, true), says("over"), says("Because of the leak.")],
        );
        let thread = lab.ask("tell").await;
        let hold = lab.open_hold("").await;
        let session = lab.session_of(&hold);
        let ask = |text: &str| SessionAskParams { session: session.clone(), hold: None, text: text.into() };
        lab.person.ok::<SessionAsk>(ask("which deploy was it?")).await;
        lab.deny(&hold, "no").await;
        lab.screen.wait("turn/completed", &thread).await;
        assert!(lab.model.requests("tell")[1]["input"].to_string().contains("which deploy was it?"));
        lab.person.ok::<SessionAsk>(ask("why the restart?")).await;
        lab.screen.wait("turn/completed", &thread).await;
        assert!(lab.model.requests("tell")[2]["input"].to_string().contains("why the restart?"));
        lab.recorded(
            "its answer",
            |b| matches!(b, Body::MessageSaid(b) if b.text.expose() == "Because of the leak."),
        )
        .await;
    });
}

#[test]
fn an_output_is_recorded_whole_or_said_to_be_cut() {
    case("outputs", async |mut lab: Lab| {
        lab.model.script(
            "big",
            vec![runs("Much.", "seq 1 30000", false), runs("Too much.", "seq 1 400000", false), says("over")],
        );
        let thread = lab.ask("big").await;
        lab.screen.wait("turn/completed", &thread).await;
        let whole: String = (1..=30_000).map(|n: u32| n.to_string() + "\n").collect();
        let expected = Payload::Blob { sha256: Digest::of(whole.as_bytes()), bytes: whole.len() as u64 };
        lab.recorded(
            "the whole output",
            |b| matches!(b, Body::ToolReturned(b) if b.output == expected && !b.truncated),
        )
        .await;
        lab.recorded("the cut one", |b| matches!(b, Body::ToolReturned(b) if b.truncated)).await;
    });
}

#[test]
fn two_bridges_share_a_hold_and_its_command_runs_once() {
    case("two bridges", async |mut lab: Lab| {
        let other = lab.bridge(std::future::pending()).await;
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script("twice", vec![runs("I restart it.", &command, true), says("over")]);
        let thread = lab.ask("twice").await;
        let hold = lab.open_hold("").await;
        lab.approve(&hold).await;
        lab.screen.wait("turn/completed", &thread).await;
        lab.run_of(&hold, |run| matches!(run, Run::Finished { .. })).await;
        assert_eq!(lab.lines("ran"), ["ran"]);
        let opened = |lab: &Lab| {
            let heard = lab.person.heard.borrow();
            heard.events.iter().filter(|event| matches!(event.body, Body::HoldOpened(_))).count()
        };
        assert_eq!(opened(&lab), 1);
        other.abort();
    });
}

#[test]
fn a_bridge_that_was_killed_finds_its_holds_and_runs_again() {
    case("bridge gone and back", async |mut lab: Lab| {
        let (wait, long) = (
            format!("echo ran >> {}", lab.effect("ran")),
            format!("touch {}; sleep 3; echo end", lab.effect("long")),
        );
        lab.model.script("wait", vec![runs("I restart it.", &wait, true), says("over")]);
        lab.model.script("long", vec![runs("It takes long.", &long, true), says("over")]);
        let waiting = lab.ask("wait").await;
        let running = lab.ask("long").await;
        let (hold, run) = (lab.open_hold("effects/ran").await, lab.open_hold("effects/long").await);
        lab.approve(&run).await;
        lab.until("it runs", |lab| std::path::Path::new(&lab.effect("long")).exists()).await;
        lab.bridge_leaves_silently().await;
        lab.person.until("nobody waits", |heard| !heard.presence.waiting.contains(&hold.id)).await;
        lab.bridge_comes().await;
        let again = lab.open_hold("effects/ran").await;
        assert_eq!(again.id, hold.id, "the same hold");
        lab.approve(&again).await;
        lab.screen.wait("turn/completed", &waiting).await;
        lab.screen.wait("turn/completed", &running).await;
        assert_eq!(lab.lines("ran"), ["ran"]);
        let ended = lab.run_of(&run, |run| matches!(run, Run::Finished { .. })).await;
        let Run::Finished { end, .. } = ended else { panic!() };
        assert_eq!((end.exit, end.stdout_sha256), (Some(0), Some(Digest::of(b"end\n"))));
    });
}

#[test]
fn a_bridge_that_is_told_to_go_withdraws_what_it_cannot_answer_any_more() {
    case("bridge told to go", async |mut lab: Lab| {
        lab.bridge_leaves_silently().await;
        let (go, told) = tokio::sync::oneshot::channel::<()>();
        let bridge = lab.bridge(async { drop(told.await) }).await;
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script("go", vec![runs("I restart it.", &command, true), says("over")]);
        let thread = lab.ask("go").await;
        let hold = lab.open_hold("").await;
        go.send(()).unwrap();
        bridge.await.unwrap().unwrap();
        assert_eq!(lab.closed(&hold).await.outcome(), Some(Outcome::Withdrawn));
        lab.bridge_comes().await;
        let anew = lab.open_hold("").await;
        assert_ne!(anew.id, hold.id, "it is asked anew");
        lab.deny(&anew, "no").await;
        lab.screen.wait("turn/completed", &thread).await;
        assert!(lab.lines("ran").is_empty());
    });
}

#[test]
fn a_turn_begun_after_a_stop_is_another_session() {
    case("after a stop", async |mut lab: Lab| {
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script("go", vec![runs("I restart it.", &command, true), says("over")]);
        let thread = lab.ask("go").await;
        let hold = lab.open_hold("").await;
        let first = lab.session_of(&hold);
        lab.stop(&hold, 1).await;
        lab.screen.wait("turn/completed", &thread).await;
        lab.confirmed(&hold).await;
        let told = |lab: &Lab| {
            let heard = lab.person.heard.borrow();
            let words = |body: &Body| matches!(body, Body::MessageSaid(_) | Body::ToolCalled(_));
            heard.events.iter().filter(|event| event.session == first && words(&event.body)).count()
        };
        for restart in [false, true] {
            lab.screen.turn(&thread, "Go on. [[script:go]]").await;
            let hold = lab.open_hold("").await;
            assert_ne!(lab.session_of(&hold), first);
            if restart {
                lab.bridge_leaves_silently().await;
                lab.person.until("nobody waits", |heard| heard.presence.waiting.is_empty()).await;
                let before = told(&lab);
                lab.bridge_comes().await;
                assert_eq!(lab.open_hold("").await.id, hold.id);
                assert_eq!(told(&lab), before, "nothing of the new turn is told in the stopped session");
            }
            lab.deny(&hold, "no").await;
            lab.screen.wait("turn/completed", &thread).await;
        }
        assert!(lab.lines("ran").is_empty());
    });
}

#[test]
fn a_server_that_wants_a_token_gets_it() {
    case("token", async |mut lab: Lab| {
        lab.bridge_leaves_silently().await;
        lab.codex.restart_with_token("open sesame").await;
        let server = holdpoint::bridge::codex::Server::new(&lab.codex.url(), None).unwrap();
        assert!(lab.attach_to(server).await.is_err(), "the control: without it nobody gets in");
        lab.token = Some("open sesame".into());
        lab.bridge_comes().await;
    });
}

#[test]
fn a_killed_hub_that_comes_back_still_delivers_the_decision() {
    case("hub killed", async |mut lab: Lab| {
        let _bridge = lab.with_programs().await;
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script("go", vec![runs("I restart it.", &command, true), says("over")]);
        let thread = lab.ask("go").await;
        let hold = lab.open_hold("").await;
        lab.kill_hub().await;
        let again = lab.open_hold("").await;
        assert_eq!(again.id, hold.id);
        let (id, digest) = (hold.id.to_string(), hold.revision.digest.to_string());
        let refused = lab.cli(&["decide", &id, "approve", "--digest", &Digest::of(b"other").to_string()]);
        assert!(!refused.status.success(), "the control: {refused:?}");
        let decided = lab.cli(&["decide", &id, "approve", "--digest", &digest]);
        assert!(decided.status.success(), "{decided:?}");
        lab.screen.wait("turn/completed", &thread).await;
        assert_eq!(lab.lines("ran"), ["ran"]);
    });
}

#[test]
fn a_killed_bridge_that_comes_back_still_delivers_the_decision() {
    case("bridge killed", async |mut lab: Lab| {
        let mut bridge = lab.with_programs().await;
        let command = format!("echo ran >> {}", lab.effect("ran"));
        lab.model.script("go", vec![runs("I restart it.", &command, true), says("over")]);
        let thread = lab.ask("go").await;
        let hold = lab.open_hold("").await;
        bridge.kill();
        lab.person.until("nobody waits", |heard| !heard.presence.waiting.contains(&hold.id)).await;
        let digest = hold.revision.digest.to_string();
        let refused = lab.cli(&["decide", hold.id.as_str(), "approve", "--digest", &digest]);
        assert!(!refused.status.success(), "nobody waits: {refused:?}");
        let denied =
            lab.cli(&["decide", hold.id.as_str(), "deny", "--reason", "not while the bridge is away"]);
        assert!(denied.status.success(), "{denied:?}");
        let _again = lab.start_bridge();
        lab.screen.wait("turn/completed", &thread).await;
        assert!(lab.lines("ran").is_empty());
        assert!(lab.model.requests("go")[1]["input"].to_string().contains("not while the bridge is away"));
    });
}
