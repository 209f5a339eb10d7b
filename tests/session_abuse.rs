//! What an approver could be misled by, or what could run although nobody allowed it: histories that go wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use holdpoint::domain::{
    Action, Actor, AlertState, ClientKey, Digest, Evidence, EvidenceId, Exec, GrantId, HoldId, Outcome, Pin,
    Proposal, Role, Sample, SessionId, SourceKind, Stance, Timestamp, Verdict,
};
use holdpoint::session::command::{self, Decision};
use holdpoint::session::{
    AlertChanged, Body, Event, EvidenceCited, ExecutionLost, ExecutionStarted, HoldClosed, NoteAdded,
    Refusal, Run, Session,
};
use serde_json::value::to_raw_value;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn maya() -> Actor {
    Actor::new(Role::Person, "maya")
}

fn gate() -> Actor {
    Actor::new(Role::Agent, "gate")
}

fn hold() -> HoldId {
    HoldId::new("h-1").unwrap()
}

fn grant() -> GrantId {
    GrantId::new("g-1").unwrap()
}

fn proposal() -> Proposal {
    let action = Action::Exec(Exec {
        argv: vec!["true".into()],
        cwd: "/".into(),
        env: vec![],
        stdin: None,
        host: "bastion".into(),
        user: "sre".into(),
        executable: Pin { path: "/bin/true".into(), sha256: Digest::of(b"true") },
        files: vec![],
        unpinned: vec![],
    });
    Proposal { action, service: None, environment: None, why: None, claim: None, undo: None, cites: vec![] }
}

fn add(session: &mut Session, by: &Actor, ms: i64, bodies: impl IntoIterator<Item = Body>) {
    for body in bodies {
        let seq = session.last_seq + 1;
        let event = Event { v: 1, session: session.id.clone(), seq, at: at(ms), actor: by.clone(), body };
        session.apply(&event);
    }
}

fn opened() -> Session {
    let mut session = Session::new(SessionId::new("s-1").unwrap());
    let bodies = command::open_hold(&session, hold(), proposal(), at(60_000)).unwrap();
    add(&mut session, &gate(), 1_000, bodies);
    session
}

fn decide(session: &Session, verdict: Verdict) -> Result<Vec<Body>, Refusal> {
    let digest = proposal().action.digest().unwrap();
    let decision = Decision { hold: hold(), revision: 1, digest, verdict, reason: None, key: None };
    command::decide(session, &maya(), &decision, true, at(2_000), grant())
}

fn redeem(session: &Session) -> Result<Vec<Body>, Refusal> {
    let digest = proposal().action.digest().unwrap();
    command::redeem(session, &gate(), &hold(), &grant(), digest, &ClientKey::new("n").unwrap(), at(3_000))
}

fn redeemed() -> Session {
    let mut session = opened();
    let bodies = decide(&session, Verdict::Approve).unwrap();
    add(&mut session, &maya(), 2_000, bodies);
    let bodies = redeem(&session).unwrap();
    add(&mut session, &gate(), 3_000, bodies);
    assert_eq!(redeem(&session), Ok(vec![]), "the answer was lost on the way: it is given again");
    session
}

#[test]
fn a_repeated_redeem_does_not_start_what_the_record_calls_lost() {
    let mut session = redeemed();
    add(
        &mut session,
        &Actor::hub(),
        33_000,
        [ExecutionLost { hold: hold(), reason: "silent".into() }.into()],
    );
    assert!(matches!(redeem(&session), Err(Refusal::NoGrant(_))), "a person was told that it will not start");
}

#[test]
fn a_repeated_redeem_does_not_start_what_runs_already() {
    let mut session = redeemed();
    add(&mut session, &gate(), 4_000, [ExecutionStarted { hold: hold(), pid: Some(7) }.into()]);
    assert!(matches!(redeem(&session), Err(Refusal::NoGrant(_))));
}

#[test]
fn a_repeated_redeem_does_not_start_anything_after_a_stop() {
    let mut session = redeemed();
    let stop = command::stop(&session, 1, None);
    add(&mut session, &maya(), 4_000, stop);
    assert!(matches!(redeem(&session), Err(Refusal::SessionOver { .. })), "whoever asks has not started it");
}

#[test]
fn nothing_is_approved_or_redeemed_on_a_history_with_a_hole() {
    let approved = {
        let mut session = opened();
        let bodies = decide(&session, Verdict::Approve).unwrap();
        add(&mut session, &maya(), 2_000, bodies);
        session
    };
    // What a newer hub wrote and this one cannot read may be the outcome or the redemption itself.
    let unread = |session: &Session| {
        let mut session = session.clone();
        let newer = to_raw_value(&serde_json::json!({ "hold": "h-1", "outcome": "vetoed" })).unwrap();
        add(&mut session, &maya(), 2_500, [Body::read("hold.closed", newer)]);
        session
    };
    for damaged in [hole_in(&opened()), unread(&opened())] {
        assert!(decide(&damaged, Verdict::Approve).is_err());
        assert!(decide(&damaged, Verdict::Deny).is_ok(), "refusing stays possible");
    }
    for damaged in [hole_in(&approved), unread(&approved)] {
        assert!(redeem(&damaged).is_err());
    }
}

/// The same session with one event missing before the last.
fn hole_in(session: &Session) -> Session {
    let mut session = session.clone();
    let body = NoteAdded { text: "behind the hole".into() }.into();
    let seq = session.last_seq + 2;
    session.apply(&Event { v: 1, session: session.id.clone(), seq, at: at(2_500), actor: maya(), body });
    assert_eq!(session.gaps.len(), 1);
    session
}

fn cited(id: &str, excerpt: &str) -> Body {
    let evidence = Evidence {
        id: EvidenceId::new(id).unwrap(),
        hypothesis: None,
        stance: Stance::Supports,
        source: SourceKind::Log,
        call: None,
        excerpt: excerpt.into(),
    };
    EvidenceCited { evidence }.into()
}

#[test]
fn invariant_07_evidence_behind_an_open_hold_cannot_be_exchanged() {
    let mut session = opened();
    add(&mut session, &gate(), 1_500, [cited("E1", "5 of 5 connections in use"), cited("E2", "b")]);
    add(&mut session, &gate(), 1_600, [cited("E1", "5 of 5 connections in use")]);
    assert_eq!(session.anomaly_count, 0, "saying it again is harmless");
    add(&mut session, &gate(), 1_700, [cited("E1", "everything is fine")]);
    let words: Vec<&str> = session.citations.iter().map(|cited| cited.evidence.excerpt.expose()).collect();
    assert_eq!(words, ["5 of 5 connections in use", "b"], "what an approver read stays what it was");
    assert_eq!(session.anomaly_count, 1);
}

#[test]
fn word_of_a_run_that_was_given_up_is_taken_in() {
    let mut session = redeemed();
    add(
        &mut session,
        &Actor::hub(),
        33_000,
        [ExecutionLost { hold: hold(), reason: "silent".into() }.into()],
    );
    add(&mut session, &gate(), 34_000, [ExecutionStarted { hold: hold(), pid: Some(7) }.into()]);
    let run = &session.hold(&hold()).unwrap().run;
    assert!(matches!(run, Run::Running { .. }), "it runs, and a stop has to reach it: {run:?}");
}

#[test]
fn only_a_person_can_have_approved_or_denied() {
    let digest = proposal().action.digest().unwrap();
    for by in [gate(), Actor::hub()] {
        let mut session = opened();
        let outcome = Outcome::Denied;
        let closed = HoldClosed { hold: hold(), revision: 1, digest, outcome, reason: None };
        add(&mut session, &by, 2_000, [closed.into()]);
        assert!(session.hold(&hold()).unwrap().is_open(), "{by:?}");
    }
}

#[test]
fn a_proposer_cannot_write_a_persons_verdict() {
    for outcome in [Outcome::Approved, Outcome::Denied, Outcome::Expired, Outcome::Superseded] {
        assert!(command::withdraw(&opened(), &gate(), &hold(), outcome, None).is_err(), "{outcome:?}");
    }
}

#[test]
fn commands_ask_nothing_of_a_hold_that_was_never_opened() {
    let mut session = Session::new(SessionId::new("s-1").unwrap());
    let bodies = command::open_hold(&session, hold(), proposal(), at(60_000)).unwrap();
    add(&mut session, &gate(), 1_000, bodies.into_iter().take(1));
    assert!(command::withdraw(&session, &gate(), &hold(), Outcome::Withdrawn, None).is_err());
    assert!(command::revise_hold(&session, &gate(), &hold(), proposal(), at(70_000)).is_err());
}

#[test]
fn a_stop_shows_who_raised_it_last() {
    let mut session = opened();
    let first = command::stop(&session, 1, Some("wait".into()));
    add(&mut session, &maya(), 2_000, first);
    let second = command::stop(&session, 3, Some("kill it".into()));
    let li = Actor::new(Role::Person, "li");
    add(&mut session, &li, 3_000, second);
    let stop = session.stop.unwrap();
    assert_eq!((stop.by, stop.at, stop.level), (li, at(2_000), 3));
    assert_eq!(stop.reason, Some("kill it".into()));
}

#[test]
fn an_anomaly_changes_nothing() {
    let mut session = opened();
    let sample = Some(Sample { at: at(1), value: 1.0 });
    add(&mut session, &gate(), 2_000, [AlertChanged { sample, state: Some(AlertState::Resolved) }.into()]);
    assert_eq!((session.anomaly_count, session.samples.len()), (1, 0));
}

#[test]
fn a_denial_behind_ones_own_stop_is_not_taken_for_a_repetition() {
    let mut session = opened();
    let stop = command::stop(&session, 1, None);
    add(&mut session, &maya(), 1_500, stop);
    let refused = decide(&session, Verdict::Deny);
    assert!(matches!(refused, Err(Refusal::AlreadyClosed { .. })), "its reason would be lost: {refused:?}");
}

#[test]
fn the_same_verdict_with_another_reason_is_another_decision() {
    let mut session = opened();
    let digest = proposal().action.digest().unwrap();
    let decision = |reason: Option<&str>, key: Option<&str>| Decision {
        hold: hold(),
        revision: 1,
        digest,
        verdict: Verdict::Deny,
        reason: reason.map(Into::into),
        key: key.map(|key| ClientKey::new(key).unwrap()),
    };
    let decide = |session: &Session, decision: &Decision| {
        command::decide(session, &maya(), decision, true, at(2_000), grant())
    };
    let first = decision(Some("six pods"), Some("k-1"));
    let bodies = decide(&session, &first).unwrap();
    add(&mut session, &maya(), 2_000, bodies);
    for repeated in
        [&first, &decision(Some("six pods"), None), &decision(Some("in other words"), Some("k-1"))]
    {
        assert_eq!(decide(&session, repeated), Ok(vec![]), "{repeated:?}");
    }
    for other in [decision(Some("it is the deploy"), None), decision(None, None), decision(None, Some("k-2"))]
    {
        let refused = decide(&session, &other);
        assert!(
            matches!(refused, Err(Refusal::AlreadyClosed { .. })),
            "its reason would be lost: {refused:?}"
        );
    }
}

#[test]
fn a_proposer_ends_its_hold_only_in_the_two_ways_that_are_its_own() {
    let session = opened();
    for outcome in [Outcome::Approved, Outcome::Denied, Outcome::Expired, Outcome::Superseded] {
        let refused = command::withdraw(&session, &gate(), &hold(), outcome, None).unwrap_err();
        assert_eq!(refused, Refusal::NoWithdrawal(outcome));
        assert!(!refused.to_string().contains("person"), "{refused}");
    }
    assert!(command::withdraw(&session, &gate(), &hold(), Outcome::AnsweredElsewhere, None).is_ok());
}

#[test]
fn a_session_has_so_many_open_holds_and_a_hold_so_many_revisions() {
    let mut session = opened();
    let id = |n: usize| HoldId::new(format!("h-{n}")).unwrap();
    for n in 2..=command::OPEN_HOLDS_MAX {
        let bodies = command::open_hold(&session, id(n), proposal(), at(60_000)).unwrap();
        add(&mut session, &gate(), 1_500, bodies);
    }
    let one_more = |session: &Session| command::open_hold(session, id(999), proposal(), at(60_000));
    assert!(matches!(one_more(&session), Err(Refusal::TooManyOpen { most: 256, .. })));
    let bodies = command::withdraw(&session, &gate(), &id(7), Outcome::Withdrawn, None).unwrap();
    add(&mut session, &gate(), 1_600, bodies);
    assert!(one_more(&session).is_ok(), "only open ones count");

    let words = |n: u32| Proposal { why: Some(format!("for the {n}th time").as_str().into()), ..proposal() };
    let revise = |session: &Session, n| command::revise_hold(session, &gate(), &hold(), words(n), at(60_000));
    for n in 2..=command::REVISIONS_MAX {
        let bodies = revise(&session, n).unwrap();
        add(&mut session, &gate(), 1_700, bodies);
    }
    assert_eq!(session.hold(&hold()).unwrap().revision.number, command::REVISIONS_MAX);
    assert_eq!(revise(&session, 65), Err(Refusal::TooManyRevisions(64)));
    assert_eq!(session.anomaly_count, 0);
}

#[test]
fn whoever_was_stopped_is_asked_nothing_more() {
    let mut session = opened();
    assert_eq!(command::ask(&session, Some(hold()), "why?".into()).unwrap().len(), 1, "the control");
    let stop = command::stop(&session, 1, None);
    add(&mut session, &maya(), 1_500, stop);
    let refused = command::ask(&session, None, "why?".into());
    assert!(matches!(refused, Err(Refusal::SessionOver { what: "stopped", .. })), "{refused:?}");
}

#[test]
fn an_envelope_of_a_newer_version_is_kept_and_not_guessed_at() {
    let digest = proposal().action.digest().unwrap();
    let closed = HoldClosed { hold: hold(), revision: 1, digest, outcome: Outcome::Expired, reason: None };
    let mut session = opened();
    let seq = session.last_seq + 1;
    let event =
        Event { v: 2, session: session.id.clone(), seq, at: at(2_000), actor: maya(), body: closed.into() };
    let text = serde_json::to_string(&event).unwrap();
    let read: Event = serde_json::from_str(&text).unwrap();
    session.apply(&read);
    assert!(session.hold(&hold()).unwrap().is_open() && !session.is_whole());
    assert_eq!(serde_json::to_string(&read).unwrap(), text, "byte for byte");
}
