//! The judgement would notice: an honest history is clean, and each doctored one is not.

use std::collections::BTreeMap;

use holdpoint::domain::*;
use holdpoint::session::*;

use crate::check::{Evidence, Promise};

/// A hold about `run`, decided, and what became of it: events of one session in the record's order.
fn history(run: &str, verdict: Verdict, end: Option<Body>) -> Vec<Event> {
    let (bot, maya) = (Actor::new(Role::Agent, "bot"), Actor::new(Role::Person, "maya"));
    let (hold, grant) = (HoldId::new(run).unwrap(), GrantId::new("g-1").unwrap());
    let mut events = Vec::new();
    let mut fold = Session::new(SessionId::new(format!("s-{run}")).unwrap());
    let mut add = |fold: &mut Session, actor: &Actor, bodies: Vec<Body>| {
        for body in bodies {
            let (session, seq, actor) = (fold.id.clone(), fold.last_seq + 1, actor.clone());
            let at = Timestamp::from_millis(1000);
            let event = Event { v: EVENT_VERSION, session, seq, at, actor, body };
            fold.apply(&event);
            events.push(event);
        }
    };
    add(&mut fold, &bot, vec![SessionOpened { title: "x".into(), source: "test".into() }.into()]);
    let (later, now) = (Timestamp::from_millis(90_000), Timestamp::from_millis(1000));
    let opened = command::open_hold(&fold, hold.clone(), proposal(run), later).unwrap();
    add(&mut fold, &bot, opened);
    let digest = fold.hold(&hold).unwrap().revision.digest;
    let decision =
        command::Decision { hold: hold.clone(), revision: 1, digest, verdict, reason: None, key: None };
    let decided = command::decide(&fold, &maya, &decision, true, now, grant.clone()).unwrap();
    add(&mut fold, &maya, decided);
    if let Some(end) = end {
        let nonce = ClientKey::new("n").unwrap();
        let used = command::redeem(&fold, &bot, &hold, &grant, digest, &nonce, now).unwrap();
        add(&mut fold, &bot, used);
        add(&mut fold, &bot, vec![end]);
    }
    events
}

fn proposal(run: &str) -> Proposal {
    let argv = ["sh", "-c", "…", "sh", run].map(Untrusted::from).to_vec();
    let executable = Pin { path: "/bin/sh".into(), sha256: Digest::of(b"sh") };
    let (host, user) = ("h".into(), "u".into());
    let (env, files, unpinned) = (vec![], vec![], vec![]);
    let exec = Exec { argv, cwd: "/".into(), env, stdin: None, host, user, executable, files, unpinned };
    let (service, environment, why, claim, undo, cites) = (None, None, None, None, None, vec![]);
    Proposal { action: Action::Exec(exec), service, environment, why, claim, undo, cites }
}

fn finished(run: &str) -> Body {
    let (hold, none) = (HoldId::new(run).unwrap(), None);
    let (stdout_sha256, stderr_sha256) = (none, none);
    let (exit, signal, output_bytes, tail) = (Some(0), None, 0, None);
    let end = ExecutionFinished { hold, exit, signal, stdout_sha256, stderr_sha256, output_bytes, tail };
    end.into()
}

fn lost(run: &str) -> Body {
    ExecutionLost { hold: HoldId::new(run).unwrap(), reason: "gone".into() }.into()
}

/// One run that finished, one that was denied, one that was lost.
fn honest() -> Evidence {
    let mut record = history("run-1", Verdict::Approve, Some(finished("run-1")));
    record.extend(history("run-2", Verdict::Deny, None));
    record.extend(history("run-3", Verdict::Approve, Some(lost("run-3"))));
    let id = |run| HoldId::new(run).unwrap();
    let promises = vec![
        Promise::Opened { hold: id("run-1") },
        Promise::Redeemed { hold: id("run-1") },
        Promise::Ran { run: "run-1".into() },
        Promise::Reported { hold: id("run-1") },
        Promise::DidNotRun { run: "run-2".into(), why: "denied".into() },
        Promise::Decided { hold: id("run-2"), seq: 5, outcome: Outcome::Denied },
    ];
    let effects = BTreeMap::from([("run-1".to_owned(), 1)]);
    Evidence { seen: record.clone(), record, effects, promises }
}

fn found(what: &str, doctor: impl FnOnce(&mut Evidence)) {
    let mut evidence = honest();
    doctor(&mut evidence);
    let found = evidence.violations();
    assert!(found.iter().any(|found| found.contains(what)), "wanted \"{what}\", found {found:?}");
}

#[test]
fn an_honest_history_is_clean_and_whatever_is_wrong_in_the_world_is_found() {
    assert_eq!(honest().violations(), Vec::<String>::new());
    let line = |run: &str, times| {
        let run = run.to_owned();
        move |evidence: &mut Evidence| {
            evidence.effects.insert(run, times);
        }
    };
    found("run-1 (run-1) ran 2 times", line("run-1", 2));
    found("run-3 (run-3) ran 2 times", line("run-3", 2));
    found("is finished and ran 0 times", |evidence| evidence.effects.clear());
    found("is denied and ran", line("run-2", 1));
    found("run-9 ran without a hold", line("run-9", 1));
    found("ran without a redeemed grant", |evidence| {
        evidence.record.extend(history("run-4", Verdict::Approve, None));
        evidence.effects.insert("run-4".into(), 1);
    });
    // Nobody can tell whether a lost one ran; both are true to the record.
    let mut evidence = honest();
    line("run-3", 1)(&mut evidence);
    assert_eq!(evidence.violations(), Vec::<String>::new());
}

#[test]
fn what_is_missing_or_twice_on_record_is_found() {
    let cut = |evidence: &mut Evidence, type_name: &str, run: &str| {
        let id = format!("s-{run}");
        let at = evidence
            .record
            .iter()
            .position(|event| event.body.type_name() == type_name && event.session.as_str() == id);
        evidence.record.remove(at.unwrap())
    };
    found("was sent out and is not on record", |evidence| drop(evidence.record.pop()));
    found("let run, and the record says nothing more", |evidence| {
        cut(evidence, "execution.lost", "run-3");
    });
    found("never ended", |evidence| {
        cut(evidence, "hold.closed", "run-2");
    });
    found("has gaps", |evidence| {
        cut(evidence, "vote.cast", "run-2");
    });
    found("not kept: Reported", |evidence| {
        cut(evidence, "execution.finished", "run-1");
    });
    found("not kept: Redeemed", |evidence| {
        cut(evidence, "grant.redeemed", "run-1");
    });
    found("grant is still good", |evidence| {
        evidence.record.extend(history("run-4", Verdict::Approve, None));
    });
    found("has 2 times hold.closed", |evidence| {
        let closed = evidence.record.iter().position(|e| e.body.type_name() == "hold.closed").unwrap();
        let mut again = evidence.record[closed].clone();
        again.seq = 99;
        evidence.record.push(again);
    });
    found("has 2 times vote.cast", |evidence| {
        let cast = evidence.record.iter().position(|e| e.body.type_name() == "vote.cast").unwrap();
        let mut again = evidence.record[cast].clone();
        again.seq = 99;
        evidence.record.push(again);
    });
    found("not kept: Said", |evidence| evidence.promises.push(Promise::Said { text: "hello".into() }));
    found("not kept: Decided", |evidence| {
        let (hold, outcome) = (HoldId::new("run-2").unwrap(), Outcome::Approved);
        evidence.promises.push(Promise::Decided { hold, seq: 5, outcome });
    });
    found("not kept: Opened", |evidence| {
        evidence.promises.push(Promise::Opened { hold: HoldId::new("h-9").unwrap() });
    });
    found("not kept: Ran", |evidence| evidence.effects.clear());
    found("not kept: DidNotRun", |evidence| {
        evidence.effects.insert("run-2".into(), 1);
    });
}
