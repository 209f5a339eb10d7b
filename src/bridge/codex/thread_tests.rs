//! A thread fed with messages of our own writing, in the shapes of 0.169.

use serde_json::json;

use super::*;
use crate::bridge::codex::approval::Style;
use crate::bridge::codex::asks::End;
use crate::domain::{Action, AgentCommand, Digest, Role};
use crate::session::command;

const COMMAND: &str = "item/commandExecution/requestApproval";

fn raw(json: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(json).unwrap()
}

struct Bench {
    thread: Thread,
    /// What the hub's clock says.
    now: Timestamp,
}

impl Bench {
    /// A thread that was joined in the middle of turn `t1`.
    fn new() -> Self {
        let mut bench = Self { thread: Thread::new("th".into(), "life".into()), now: Timestamp::default() };
        bench.join(&json!([{"id": "t1", "status": "inProgress", "items": []}]));
        bench
    }

    fn join(&mut self, turns: &Value) -> Effects {
        let resumed = json!({
            "thread": {"id": "th", "preview": "Why does checkout fail?", "cwd": "/srv", "turns": []},
            "cwd": "/srv", "approvalPolicy": "on-request", "approvalsReviewer": "user",
            "sandbox": {"type": "readOnly"}, "initialTurnsPage": {"data": turns, "nextCursor": null}});
        self.take(Input::Joined(Box::new(serde_json::from_str(&resumed.to_string()).unwrap())))
    }

    fn take(&mut self, input: Input) -> Effects {
        self.thread.take(input, self.now).unwrap()
    }

    fn tell(&mut self, method: &str, params: &Value) -> Effects {
        self.take(Input::Told { method: method.into(), params: raw(params) })
    }

    fn ask(&mut self, id: i64, item: &str) -> Effects {
        let params = json!({"turnId": "t1", "itemId": item, "command": format!("run {item}"), "cwd": "/srv"});
        self.take(Input::Asked { id: RequestId::Number(id), method: COMMAND.into(), params: raw(&params) })
    }

    /// Asks and has a hold opened; answers with the key.
    fn held(&mut self, id: i64, item: &str, hold: &str) -> ClientKey {
        let (key, proposal) = opened(&self.ask(id, item));
        let effects = self.opened(&key, hold, proposal.action.digest().unwrap(), None);
        assert_eq!(effects, []);
        key
    }

    fn opened(&mut self, key: &ClientKey, hold: &str, digest: Digest, closing: Option<Closing>) -> Effects {
        let answer = HoldAnswer {
            hold: HoldId::new(hold).unwrap(),
            number: 1,
            revision: 1,
            digest,
            expires_at: Timestamp::default(),
        };
        self.take(Input::Opened { key: key.clone(), answer, closing })
    }

    fn resolve(&mut self, id: i64) -> Effects {
        self.tell("serverRequest/resolved", &json!({"threadId": "th", "requestId": id}))
    }

    fn complete(&mut self, item: &str, status: &str, exit: i64) -> Effects {
        let item = json!({"type": "commandExecution", "id": item, "command": format!("run {item}"), "status": status,
                          "aggregatedOutput": "done\n", "exitCode": exit});
        self.tell("item/completed", &json!({"threadId": "th", "turnId": "t1", "item": item}))
    }
}

fn closing(hold: &str, outcome: Outcome, reason: Option<&str>) -> Closing {
    Closing {
        hold: HoldId::new(hold).unwrap(),
        outcome,
        by: Actor::new(Role::Person, "maya"),
        at: Timestamp::default(),
        reason: reason.map(Untrusted::from),
    }
}

fn opened(effects: &Effects) -> (ClientKey, Proposal) {
    let open = effects.iter().find_map(|effect| match effect {
        Effect::Open { key, proposal } => Some((key.clone(), proposal.clone())),
        _ => None,
    });
    open.unwrap_or_else(|| panic!("nobody is asked: {effects:?}"))
}

fn answers(effects: &Effects) -> Vec<(RequestId, Value)> {
    let answer = |effect: &Effect| match effect {
        Effect::Answer { request, result } | Effect::Tell { then: Some((request, result)), .. } => {
            Some((request.clone(), result.clone()))
        }
        _ => None,
    };
    effects.iter().filter_map(answer).collect()
}

/// Whether it is said on record, in these words.
fn says(effects: &Effects, words: &str) -> bool {
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Say(said) if format!("{:?}", said.body).contains(words)))
}

fn accepts(effects: &Effects) -> bool {
    let yes = [Style::Decision.accept(), Style::Elicitation.accept()];
    answers(effects).iter().any(|(_, result)| yes.contains(result))
}

#[test]
fn an_approval_of_this_hold_and_no_other_answers_this_request() {
    let mut bench = Bench::new();
    bench.held(0, "c1", "h-1");
    bench.held(1, "c2", "h-2");
    let effects = bench.take(Input::Closed(closing("h-2", Outcome::Approved, None)));
    assert_eq!(answers(&effects), [(RequestId::Number(1), json!({"decision": "accept"}))]);
    assert_eq!(bench.take(Input::Closed(closing("h-9", Outcome::Approved, None))), [], "a stranger's hold");
    assert_eq!(bench.take(Input::Closed(closing("h-2", Outcome::Approved, None))), [], "once");
    let effects = bench.take(Input::Closed(closing("h-1", Outcome::Denied, Some("it is the deploy"))));
    assert_eq!(answers(&effects), [(RequestId::Number(0), json!({"decision": "decline"}))]);
    let Some(Effect::Tell { turn, text, .. }) = effects.first() else { panic!("{effects:?}") };
    assert!(
        turn == "t1" && text.contains("it is the deploy") && text.contains("maya") && text.contains("run c1"),
        "{text}"
    );
}

#[test]
fn nothing_but_an_approval_is_ever_answered_with_accept() {
    for outcome in [
        Outcome::Denied,
        Outcome::Expired,
        Outcome::Superseded,
        Outcome::Withdrawn,
        Outcome::AnsweredElsewhere,
    ] {
        let mut bench = Bench::new();
        bench.held(0, "c1", "h-1");
        let effects = bench.take(Input::Closed(closing("h-1", outcome, None)));
        assert!(!effects.is_empty() && !accepts(&effects), "{outcome:?}: {effects:?}");
    }
    let mut control = Bench::new();
    control.held(0, "c1", "h-1");
    assert!(accepts(&control.take(Input::Closed(closing("h-1", Outcome::Approved, None)))));
}

#[test]
fn an_answer_to_something_else_under_the_same_key_is_no_answer() {
    let mut bench = Bench::new();
    let (key, _) = opened(&bench.ask(0, "c1"));
    let approved = Some(closing("h-1", Outcome::Approved, None));
    let effects = bench.opened(&key, "h-1", Digest::of(b"something else"), approved);
    assert!(!accepts(&effects));
    assert_ne!(opened(&effects).0, key, "it is asked anew");
}

#[test]
fn an_approval_found_later_counts_while_it_is_young() {
    for (age_ms, counts) in [(1_000, true), (3_600_000, false)] {
        let mut bench = Bench::new();
        let (key, proposal) = opened(&bench.ask(0, "c1"));
        let approved = Some(closing("h-1", Outcome::Approved, None));
        bench.now = Timestamp::from_millis(age_ms);
        let effects = bench.opened(&key, "h-1", proposal.action.digest().unwrap(), approved);
        assert_eq!(accepts(&effects), counts, "{age_ms}");
        assert_eq!(effects.iter().any(|e| matches!(e, Effect::Open { .. })), !counts);
        assert_eq!(says(&effects, "was not passed on"), !counts, "{effects:?}");
    }
}

#[test]
fn an_approval_that_arrives_late_over_a_line_that_was_cut_runs_nothing_and_is_asked_anew() {
    for (age_ms, counts) in [(command::GRANT_TTL_MS, true), (command::GRANT_TTL_MS + 1, false)] {
        let mut bench = Bench::new();
        let key = bench.held(0, "c1", "h-1");
        bench.now = Timestamp::from_millis(age_ms);
        let effects = bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)));
        assert_eq!(accepts(&effects), counts, "{age_ms}");
        assert_eq!(says(&effects, "was not passed on"), !counts, "{effects:?}");
        if !counts {
            assert_ne!(opened(&effects).0, key);
        }
    }
}

#[test]
fn an_answer_that_codex_asks_for_again_much_later_is_not_given_again() {
    for (age_ms, counts) in [(1_000, true), (3_600_000, false)] {
        let mut bench = Bench::new();
        let key = bench.held(0, "c1", "h-1");
        assert!(accepts(&bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)))));
        bench.now = Timestamp::from_millis(age_ms);
        let effects = bench.ask(7, "c1");
        assert_eq!(accepts(&effects), counts, "{age_ms}");
        if !counts {
            assert_ne!(opened(&effects).0, key);
            assert!(says(&effects, "was not passed on"), "{effects:?}");
            assert!(!accepts(&bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)))));
        }
    }
}

#[test]
fn a_question_never_starts_what_was_stopped() {
    let ask = || Input::Question { by: Actor::new(Role::Person, "maya"), text: "which deploy?".into() };
    let begins = |effects: &Effects| {
        effects.iter().any(|effect| matches!(effect, Effect::Begin { .. } | Effect::Tell { .. }))
    };
    let done = json!({"threadId": "th", "turn": {"id": "t1", "status": "interrupted"}});
    let mut bench = Bench::new();
    assert!(matches!(bench.take(ask())[..], [Effect::Tell { .. }]), "into the turn under way");
    bench.tell("turn/completed", &done);
    assert!(matches!(bench.take(ask())[..], [Effect::Begin { .. }]), "the control: nobody was stopped");

    let mut bench = Bench::new();
    bench.take(Input::Stop { level: 1 });
    let effects = bench.take(ask());
    assert!(!begins(&effects) && says(&effects, "Not delivered"), "its turn may end any moment: {effects:?}");
    bench.tell("turn/completed", &done);
    let effects = bench.take(ask());
    assert!(!begins(&effects) && says(&effects, "the session is stopped"), "{effects:?}");
    // Nor do words that were on their way when the stop came.
    let error = Error::new(crate::domain::Kind::Conflict, "no such turn");
    let effects = bench.take(Input::Unheard { text: "which deploy?".into(), error });
    assert!(!begins(&effects) && says(&effects, "Not delivered"), "{effects:?}");
}

#[test]
fn a_turn_that_was_asked_for_before_a_stop_is_stopped_with_the_rest() {
    let mut bench = Bench::new();
    let turn = |id: &str, status: &str| json!({"threadId": "th", "turn": {"id": id, "status": status}});
    bench.tell("turn/completed", &turn("t1", "completed"));
    bench.take(Input::Question { by: Actor::new(Role::Person, "maya"), text: "which deploy?".into() });
    assert_eq!(bench.take(Input::Stop { level: 2 }), [Effect::Halt { turn: None, level: 2 }]);
    let effects = bench.tell("turn/started", &turn("t2", "inProgress"));
    assert_eq!(effects, [Effect::Halt { turn: Some("t2".into()), level: 1 }]);
    // The control: a turn that somebody begins in Codex is another session.
    let effects = bench.tell("turn/started", &turn("t3", "inProgress"));
    assert!(effects.iter().any(|e| matches!(e, Effect::Session { .. })));
    let Some(Effect::Say(said)) = effects.first() else { panic!("{effects:?}") };
    assert_eq!(said.body.type_name(), "session.closed", "so that a later bridge can tell them apart");
}

#[test]
fn a_bridge_that_comes_to_a_stop_that_killed_nothing_stops_again() {
    let mut bench = Bench::new();
    let effects = bench.take(Input::Over { confirmed: false });
    assert_eq!(effects, [Effect::Halt { turn: Some("t1".into()), level: 1 }]);
    let mut bench = Bench::new();
    let effects = bench.take(Input::Over { confirmed: true });
    assert!(effects.iter().any(|e| matches!(e, Effect::Session { .. })), "{effects:?}");
}

#[test]
fn a_question_that_was_put_and_cannot_be_put_again_takes_its_hold_back() {
    let mut bench = Bench::new();
    let key = bench.held(0, "c1", "h-1");
    let error = Error::new(crate::domain::Kind::Unavailable, "too much waits");
    let effects = bench.take(Input::Refused { key: key.clone(), error });
    assert!(effects.iter().any(|e| matches!(e, Effect::Withdraw { key: k, .. } if *k == key)), "{effects:?}");
    assert_eq!(answers(&effects), [(RequestId::Number(0), json!({"decision": "decline"}))]);
}

#[test]
fn what_is_kept_of_a_turn_goes_with_it() {
    let mut bench = Bench::new();
    for n in 0..3 {
        bench.held(n, &format!("c{n}"), &format!("h-{n}"));
        bench.take(Input::Closed(closing(&format!("h-{n}"), Outcome::Withdrawn, None)));
    }
    assert_eq!(bench.thread.asks.kept(), (3, 3));
    bench.tell("turn/completed", &json!({"threadId": "th", "turn": {"id": "t1", "status": "completed"}}));
    assert_eq!(bench.thread.asks.kept(), (0, 0));
}

#[test]
fn the_same_question_finds_its_hold_again_whoever_asks_and_a_withdrawn_one_is_asked_anew() {
    let key = opened(&Bench::new().ask(0, "c1")).0;
    assert_eq!(opened(&Bench::new().ask(7, "c1")).0, key, "numbers do not matter");
    assert_ne!(opened(&Bench::new().ask(0, "c2")).0, key);

    let mut bench = Bench::new();
    bench.held(0, "c1", "h-1");
    assert_eq!(bench.ask(0, "c1"), [], "asked again after somebody joined");
    let effects = bench.take(Input::HubUp);
    assert_eq!(opened(&effects).0, key, "the place of who waits is taken again");

    let mut late = Bench::new();
    let (key, proposal) = opened(&late.ask(0, "c1"));
    let gone = Some(closing("h-1", Outcome::Withdrawn, None));
    let effects = late.opened(&key, "h-1", proposal.action.digest().unwrap(), gone);
    assert_ne!(opened(&effects).0, key);
}

#[test]
fn an_answer_in_codex_itself_closes_the_hold_and_ours_does_not() {
    let mut bench = Bench::new();
    let key = bench.held(0, "c1", "h-1");
    let effects = bench.resolve(0);
    assert!(
        matches!(&effects[0], Effect::Withdraw { key: k, outcome: Withdrawal::AnsweredElsewhere, .. } if *k == key)
    );
    assert_eq!(answers(&bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)))), [], "too late");

    let mut ours = Bench::new();
    ours.held(0, "c1", "h-1");
    ours.take(Input::Closed(closing("h-1", Outcome::Approved, None)));
    assert_eq!(ours.resolve(0), [Effect::Watch { item: "c1".into() }]);
    assert_eq!(ours.resolve(5), [], "somebody else's request");
}

#[test]
fn a_run_is_reported_from_its_process_to_its_end() {
    let mut bench = Bench::new();
    let key = bench.held(0, "c1", "h-1");
    bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)));
    bench.resolve(0);
    let started = bench.take(Input::Running { item: "c1".into(), pid: Some(7) });
    assert_eq!(started, [Effect::Report { key: key.clone(), word: Word::Started { pid: Some(7) } }]);
    assert_eq!(bench.take(Input::Running { item: "c1".into(), pid: Some(7) }), [], "once");
    let ended = bench.complete("c1", "completed", 3);
    let Some(Effect::Report { word: Word::Finished(end), .. }) = ended.last() else { panic!("{ended:?}") };
    assert_eq!((end.exit, end.sha256, end.bytes), (Some(3), Some(Digest::of(b"done\n")), 5));
    assert!(!bench.complete("c1", "completed", 3).iter().any(|e| matches!(e, Effect::Report { .. })));
}

#[test]
fn a_command_declined_in_codex_after_our_approval_is_reported_as_not_run() {
    let mut bench = Bench::new();
    bench.held(0, "c1", "h-1");
    bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)));
    bench.resolve(0);
    let effects = bench.complete("c1", "declined", 0);
    assert!(matches!(effects.last(), Some(Effect::Report { word: Word::Refused(_), .. })), "{effects:?}");
}

#[test]
fn a_killed_command_has_no_exit_status() {
    let mut bench = Bench::new();
    bench.held(0, "c1", "h-1");
    bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)));
    bench.resolve(0);
    let effects = bench.complete("c1", "failed", -1);
    assert!(matches!(
        effects.last(),
        Some(Effect::Report { word: Word::Finished(End { exit: None, .. }), .. })
    ));
}

#[test]
fn when_the_turn_or_codex_ends_the_questions_end_and_runs_are_lost_not_invented() {
    let mut bench = Bench::new();
    let key = bench.held(0, "c1", "h-1");
    let effects = bench
        .tell("turn/completed", &json!({"threadId": "th", "turn": {"id": "t1", "status": "interrupted"}}));
    assert!(
        matches!(&effects[0], Effect::Withdraw { key: k, outcome: Withdrawal::Withdrawn, .. } if *k == key)
    );
    assert_eq!(bench.resolve(0), [], "its resolution says nothing new");

    let mut bench = Bench::new();
    let answered = bench.held(0, "c1", "h-1");
    bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)));
    let effects = bench.take(Input::Gone("the app-server ended".into()));
    let lost = |e: &Effect| matches!(e, Effect::Report { key, word: Word::Lost(_) } if *key == answered);
    assert!(effects.iter().any(lost), "whether the answer arrived is not known: {effects:?}");

    let mut bench = Bench::new();
    let waiting = bench.held(0, "c1", "h-1");
    let running = bench.held(1, "c2", "h-2");
    bench.take(Input::Closed(closing("h-2", Outcome::Approved, None)));
    bench.resolve(1);
    let effects = bench.take(Input::Gone("the app-server ended".into()));
    assert!(effects.iter().any(|e| matches!(e, Effect::Withdraw { key, .. } if *key == waiting)));
    assert!(
        effects.iter().any(|e| matches!(e, Effect::Report { key, word: Word::Lost(_) } if *key == running))
    );
    assert!(effects.iter().any(|e| matches!(e, Effect::Say(s) if s.body.type_name() == "agent.left")));
    assert_eq!(effects.last(), Some(&Effect::End));
}

#[test]
fn a_stop_interrupts_the_turn_and_declines_without_words_and_the_next_turn_is_another_session() {
    let mut bench = Bench::new();
    let key = bench.held(0, "c1", "h-1");
    let effects = bench.take(Input::Stop { level: 1 });
    assert_eq!(effects, [Effect::Halt { turn: Some("t1".into()), level: 1 }]);
    let effects = bench.take(Input::Closed(closing("h-1", Outcome::Denied, Some("session stopped"))));
    assert_eq!(answers(&effects), [(RequestId::Number(0), json!({"decision": "decline"}))]);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Tell { .. })), "words would wake the agent up");
    let session = |effects: &Effects| effects.iter().any(|e| matches!(e, Effect::Session { .. }));
    assert!(!session(&bench.ask(1, "c2")), "the same turn stays in the stopped session");
    let effects =
        bench.tell("turn/started", &json!({"threadId": "th", "turn": {"id": "t2", "status": "inProgress"}}));
    assert!(session(&effects));
    let again = raw(&json!({"turnId": "t2", "itemId": "c1", "command": "run c1", "cwd": "/srv"}));
    let effects =
        bench.take(Input::Asked { id: RequestId::Number(2), method: COMMAND.into(), params: again });
    assert_ne!(opened(&effects).0, key);
}

#[test]
fn a_question_that_cannot_be_put_to_a_person_is_declined() {
    let mut bench = Bench::new();
    let (key, _) = opened(&bench.ask(0, "c1"));
    let effects = bench.take(Input::Refused { key, error: Error::invalid("no room") });
    assert_eq!(answers(&effects), [(RequestId::Number(0), json!({"decision": "decline"}))]);
    let huge = json!({"turnId": "t1", "itemId": "c9", "command": "x".repeat(70_000), "cwd": "/"});
    let effects =
        bench.take(Input::Asked { id: RequestId::Number(4), method: COMMAND.into(), params: raw(&huge) });
    assert_eq!(answers(&effects), [(RequestId::Number(4), json!({"decision": "decline"}))]);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Open { .. })));
}

#[test]
fn changed_file_changes_are_asked_about_anew() {
    let mut bench = Bench::new();
    let changes = |diff: &str| json!([{"path": "/srv/a", "kind": {"type": "add"}, "diff": diff}]);
    let item = json!({"type": "fileChange", "id": "p1", "status": "inProgress", "changes": changes("one\n")});
    bench.tell("item/started", &json!({"turnId": "t1", "item": item}));
    let params = raw(&json!({"turnId": "t1", "itemId": "p1", "reason": null, "grantRoot": null}));
    let asked =
        Input::Asked { id: RequestId::Number(0), method: "item/fileChange/requestApproval".into(), params };
    let (key, first) = opened(&bench.take(asked));
    assert_eq!(first.action.incomplete(), None);
    bench.opened(&key, "h-1", first.action.digest().unwrap(), None);
    let update = |diff: &str| json!({"turnId": "t1", "itemId": "p1", "changes": changes(diff)});
    assert_eq!(
        bench.tell("item/fileChange/patchUpdated", &update("one\n")),
        [],
        "the control: nothing changed"
    );
    let effects = bench.tell("item/fileChange/patchUpdated", &update("two\n"));
    assert!(matches!(&effects[0], Effect::Withdraw { key: k, .. } if *k == key));
    let (anew, second) = opened(&effects);
    assert!(anew != key && second.action.digest().unwrap() != first.action.digest().unwrap());
    assert!(
        !accepts(&bench.take(Input::Closed(closing("h-1", Outcome::Approved, None)))),
        "the old approval is void"
    );
}

#[test]
fn runs_from_before_are_found_again_by_what_they_run() {
    let command = |item: &str, status: &str| {
        json!({"type": "commandExecution", "id": item, "command": format!("run {item}"), "cwd": "/srv",
               "status": status, "aggregatedOutput": "", "exitCode": 0})
    };
    let digest = |item: &str| {
        let action = AgentCommand {
            agent: AGENT.into(),
            command: format!("run {item}").into(),
            cwd: "/srv".into(),
            incomplete: None,
        };
        Action::AgentCommand(action).digest().unwrap()
    };
    let key = |text: &str| ClientKey::new(text).unwrap();
    let mut bench = Bench { thread: Thread::new("th".into(), "life".into()), now: Timestamp::default() };
    let items = [command("ended", "completed"), command("runs", "inProgress"), command("other", "completed")];
    bench.join(&json!([{"id": "t1", "status": "inProgress", "items": items}]));
    let runs = ["ended", "runs", "background"].map(|item| (key(item), digest(item)));
    let effects = bench.take(Input::Unfinished(runs.into()));
    assert!(
        matches!(&effects[0], Effect::Report { key: k, word: Word::Finished(_) } if *k == key("ended")),
        "{effects:?}"
    );
    assert_eq!(effects[1..], [Effect::Watch { item: "runs".into() }]);
    let mut end = |item: &str| {
        let params = json!({"threadId": "th", "turnId": "t1", "item": command(item, "completed")});
        let effects = bench.tell("item/completed", &params);
        effects.into_iter().find_map(|e| if let Effect::Report { key, .. } = e { Some(key) } else { None })
    };
    assert_eq!(end("runs"), Some(key("runs")));
    assert_eq!(end("background"), Some(key("background")), "its turn was over before anybody looked");
    assert_eq!(end("background"), None, "once");
    assert_eq!(end("other"), None);
}

#[test]
fn a_history_is_told_once_and_in_order_and_what_is_under_way_is_known() {
    let mut bench = Bench { thread: Thread::new("th".into(), "life".into()), now: Timestamp::default() };
    let message = |text: &str| json!({"type": "agentMessage", "id": "m", "text": text});
    let patch = json!({"type": "fileChange", "id": "p1", "status": "inProgress",
                       "changes": [{"path": "/a", "kind": {"type": "add"}, "diff": "x"}]});
    let turns = json!([{"id": "t2", "status": "inProgress", "items": [message("second"), patch]},
                       {"id": "t1", "status": "completed", "items": [message("first")]}]);
    let ids = |effects: &Effects| {
        let said = |e: &Effect| match e {
            Effect::Recall(s) => Some((s.id.clone(), s.body.type_name().to_owned())),
            _ => None,
        };
        effects.iter().filter_map(said).collect::<Vec<_>>()
    };
    let first = ids(&bench.join(&turns));
    let types: Vec<&str> = first.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(types, ["message.said", "message.said", "tool.called"]);
    assert_eq!(ids(&bench.join(&turns)), first, "the same keys again");
    let params = raw(&json!({"turnId": "t2", "itemId": "p1", "reason": null, "grantRoot": null}));
    let asked =
        Input::Asked { id: RequestId::Number(0), method: "item/fileChange/requestApproval".into(), params };
    assert_eq!(opened(&bench.take(asked)).1.action.incomplete(), None, "the history has the file changes");
}
