//! Properties of the fold and of the decision state machine, over any events in any order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use holdpoint::domain::{
    Action, Actor, AgentCommand, ClientKey, Digest, Exec, Executor, GrantId, HoldId, Outcome, Pin, Proposal,
    Role, SessionId, Timestamp, Verdict,
};
use holdpoint::session::command::{self, Decision};
use holdpoint::session::{
    ActionProposed, ActionRevised, Body, Event, ExecutionFinished, ExecutionLost, ExecutionRefused,
    ExecutionStarted, Grant, GrantIssued, GrantRedeemed, GrantRevoked, Hold, HoldClosed, HoldOpened,
    MessageSaid, Refusal, Run, Session, SessionClosed, SessionOpened, StopRequested, VoteCast,
};
use proptest::prelude::*;
use proptest::sample::select;

fn id() -> SessionId {
    SessionId::new("s-1").unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn proposal(word: &str, executor: Executor) -> Proposal {
    let action = match executor {
        Executor::Holdpoint => Action::Exec(Exec {
            argv: vec!["echo".into(), word.into()],
            cwd: "/".into(),
            env: vec![],
            stdin: None,
            host: "bastion".into(),
            user: "sre".into(),
            executable: Pin { path: "/bin/echo".into(), sha256: Digest::of(b"echo") },
            files: vec![],
            unpinned: vec![],
        }),
        Executor::Agent => Action::AgentCommand(AgentCommand {
            agent: "codex".into(),
            command: word.into(),
            cwd: "/".into(),
            incomplete: None,
        }),
    };
    Proposal { action, service: None, environment: None, why: None, claim: None, undo: None, cites: vec![] }
}

fn actors() -> impl Strategy<Value = Actor> {
    select(vec![
        Actor::new(Role::Agent, "holmes"),
        Actor::new(Role::Agent, "other"),
        Actor::new(Role::Person, "maya"),
        Actor::new(Role::Person, "li"),
        Actor::hub(),
    ])
}

fn holds() -> impl Strategy<Value = HoldId> {
    select(vec!["h-1", "h-2"]).prop_map(|text| HoldId::new(text).unwrap())
}

fn proposals() -> impl Strategy<Value = Proposal> {
    (select(vec!["a", "b"]), select(vec![Executor::Holdpoint, Executor::Agent]))
        .prop_map(|(w, e)| proposal(w, e))
}

/// Mostly true digests, so that the interesting transitions are reached; sometimes a lie.
fn digests() -> impl Strategy<Value = Digest> {
    prop_oneof![
        4 => proposals().prop_map(|p| p.action.digest().unwrap()),
        1 => Just(Digest::of(b"something else")),
    ]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    select(vec![
        Outcome::Approved,
        Outcome::Approved,
        Outcome::Denied,
        Outcome::Expired,
        Outcome::Superseded,
        Outcome::Withdrawn,
        Outcome::AnsweredElsewhere,
    ])
}

fn bodies() -> impl Strategy<Value = Body> {
    let grant = || select(vec!["g-1", "g-2"]).prop_map(|text| GrantId::new(text).unwrap());
    let verdict = select(vec![Verdict::Approve, Verdict::Deny]);
    let later = at(9_000_000);
    prop_oneof![
        (holds(), proposals(), digests(), any::<bool>()).prop_map(|(hold, proposal, lie, honest)| {
            let digest = if honest { proposal.action.digest().unwrap() } else { lie };
            ActionProposed { hold, digest, proposal }.into()
        }),
        (holds(), 1..4_u32, digests()).prop_map(move |(hold, revision, digest)| HoldOpened {
            hold,
            revision,
            digest,
            expires_at: later
        }
        .into()),
        (holds(), 1..4_u32, proposals()).prop_map(move |(hold, revision, proposal)| {
            let digest = proposal.action.digest().unwrap();
            ActionRevised { hold, revision, digest, proposal, expires_at: later }.into()
        }),
        (holds(), 1..3_u32, digests(), verdict).prop_map(|(hold, revision, digest, verdict)| {
            VoteCast { hold, revision, digest, verdict, reason: None, key: None }.into()
        }),
        (holds(), 1..3_u32, digests(), outcomes()).prop_map(|(hold, revision, digest, outcome)| {
            HoldClosed { hold, revision, digest, outcome, reason: None }.into()
        }),
        (holds(), grant(), digests()).prop_map(move |(hold, grant, digest)| GrantIssued {
            grant,
            hold,
            digest,
            expires_at: later
        }
        .into()),
        (holds(), grant()).prop_map(|(hold, grant)| {
            GrantRedeemed { grant, hold, nonce: ClientKey::new("n").unwrap() }.into()
        }),
        (holds(), grant())
            .prop_map(|(hold, grant)| GrantRevoked { grant, hold, reason: "why".into() }.into()),
        holds().prop_map(|hold| ExecutionStarted { hold, pid: Some(7) }.into()),
        holds().prop_map(|hold| finished(hold).into()),
        holds().prop_map(|hold| ExecutionRefused { hold, reason: "pin".into() }.into()),
        holds().prop_map(|hold| ExecutionLost { hold, reason: "gone".into() }.into()),
        Just(SessionOpened { title: "t".into(), source: "test".into() }.into()),
        Just(SessionClosed { reason: None }.into()),
        (0..9_u8).prop_map(|level| StopRequested { level, reason: None }.into()),
        ".*".prop_map(|text: String| MessageSaid { text: text.into(), from: None }.into()),
        ".*".prop_map(|ty: String| {
            Body::read(&format!("new.{ty}"), serde_json::value::to_raw_value(&["kept", ty.as_str()]).unwrap())
        }),
    ]
}

fn finished(hold: HoldId) -> ExecutionFinished {
    ExecutionFinished {
        hold,
        exit: Some(0),
        signal: None,
        stdout_sha256: None,
        stderr_sha256: None,
        output_bytes: 0,
        tail: None,
    }
}

/// One step of a history: what somebody wished, made into events by the commands, or any event at all.
#[derive(Clone, Debug)]
enum Step {
    Wish(Wish),
    Noise(Body, Actor, u64),
}

#[derive(Clone, Debug)]
struct Wish {
    what: u8,
    by: Actor,
    hold: HoldId,
    proposal: Proposal,
    flag: bool,
}

fn wishes() -> impl Strategy<Value = Wish> {
    (0..12_u8, actors(), holds(), proposals(), any::<bool>())
        .prop_map(|(what, by, hold, proposal, flag)| Wish { what, by, hold, proposal, flag })
}

/// Histories that reach the ends of the state machine, with senseless events and jumps between.
fn histories() -> impl Strategy<Value = Vec<Event>> {
    let jump = prop_oneof![20 => Just(1_u64), 1 => 0..4_u64];
    let noise = (bodies(), actors(), jump).prop_map(|(body, by, jump)| Step::Noise(body, by, jump));
    let step = prop_oneof![3 => wishes().prop_map(Step::Wish), 1 => noise];
    prop::collection::vec(step, 0..80).prop_map(play)
}

fn play(steps: Vec<Step>) -> Vec<Event> {
    let mut session = Session::new(id());
    let (mut history, mut seq) = (Vec::new(), 0);
    for (n, step) in steps.into_iter().enumerate() {
        let now = at(1_000 + n as i64 * 1_000);
        let (bodies, actor, jump) = match step {
            Step::Wish(wish) => {
                let bodies = wish_for(&session, &wish, now).unwrap_or_default();
                // Only people stop.
                (bodies, if wish.what == 8 { Actor::new(Role::Person, "maya") } else { wish.by }, 1)
            }
            Step::Noise(body, actor, jump) => (vec![body], actor, jump),
        };
        for body in bodies {
            seq += jump;
            let event = Event { v: 1, session: id(), seq, at: now, actor: actor.clone(), body };
            session.apply(&event);
            history.push(event);
        }
    }
    history
}

/// A generator that never reaches the interesting states would make every property here true of nothing.
#[test]
fn the_histories_reach_the_ends_of_the_state_machine() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = std::collections::BTreeMap::<&str, u32>::new();
    for _ in 0..2_000 {
        let session = Session::of(id(), &histories().new_tree(&mut runner).unwrap().current());
        for hold in &session.holds {
            let run = match hold.run {
                Run::NotStarted => "not started",
                Run::Running { .. } => "running",
                Run::Finished { .. } => "finished",
                Run::Refused { .. } => "refused",
                Run::Lost { .. } => "lost",
            };
            let grant = match hold.grant {
                None => "no grant",
                Some(Grant::Issued { .. }) => "issued",
                Some(Grant::Redeemed { .. }) => "redeemed",
                Some(Grant::Revoked { .. }) => "revoked",
            };
            let outcome = hold.outcome().map_or("open", Outcome::word);
            for word in [run, grant, outcome] {
                *reached.entry(word).or_default() += 1;
            }
            *reached.entry("revised").or_default() += u32::from(!hold.earlier.is_empty());
        }
        *reached.entry("anomalies").or_default() += u32::from(session.anomaly_count > 0);
    }
    println!("{reached:?}");
    for word in [
        "finished",
        "refused",
        "lost",
        "running",
        "redeemed",
        "revoked",
        "denied",
        "expired",
        "withdrawn",
        "answered elsewhere",
        "revised",
        "anomalies",
    ] {
        assert!(
            reached.get(word).is_some_and(|count| *count >= 10),
            "{word} is hardly ever reached: {reached:?}"
        );
    }
}

/// What must never be seen, whatever happened.
fn check(before: &Hold, after: &Hold) -> Result<(), TestCaseError> {
    if before.closing.is_some() {
        prop_assert_eq!(&after.closing, &before.closing, "an outcome is final");
        prop_assert_eq!(&after.revision, &before.revision, "what was decided stays what it was");
    }
    if let Some(Grant::Redeemed { .. } | Grant::Revoked { .. }) = before.grant {
        prop_assert_eq!(&after.grant, &before.grant, "a used or void grant stays so");
    }
    if let Run::Finished { .. } | Run::Refused { .. } = before.run {
        prop_assert_eq!(&after.run, &before.run, "an end is an end");
    }
    if !matches!(before.run, Run::NotStarted) {
        prop_assert!(!matches!(after.run, Run::NotStarted), "knowledge of a run does not vanish");
    }
    Ok(())
}

fn check_one(hold: &Hold) -> Result<(), TestCaseError> {
    prop_assert_eq!(hold.revision.proposal.action.digest().unwrap(), hold.revision.digest);
    prop_assert!(hold.votes.iter().all(|vote| vote.by.role == Role::Person), "only people vote");
    if hold.outcome() == Some(Outcome::Approved) {
        prop_assert!(
            hold.votes.iter().any(|vote| vote.verdict == Verdict::Approve),
            "approved means somebody approved"
        );
    }
    if hold.grant.is_some() {
        prop_assert_eq!(hold.outcome(), Some(Outcome::Approved));
        prop_assert_eq!(hold.executor(), Executor::Holdpoint);
    }
    let ran = !matches!(hold.run, Run::NotStarted);
    if ran && hold.executor() == Executor::Holdpoint {
        prop_assert!(matches!(hold.grant, Some(Grant::Redeemed { .. })), "nothing runs on unused authority");
    }
    if ran {
        prop_assert!(matches!(hold.outcome(), Some(Outcome::Approved | Outcome::AnsweredElsewhere)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn invariant_04_one_outcome_per_hold_in_any_order_of_events(history in histories()) {
        let mut session = Session::new(id());
        for event in &history {
            let before = session.clone();
            session.apply(event);
            for hold in &session.holds {
                check_one(hold)?;
                if let Some(earlier) = before.hold(&hold.id) {
                    check(earlier, hold)?;
                }
            }
            prop_assert!(session.last_seq >= before.last_seq);
            prop_assert!(session.holds.len() >= before.holds.len());
        }
    }

    #[test]
    fn folding_is_deterministic_and_survives_the_wire(history in histories()) {
        let direct = Session::of(id(), &history);
        let written: Vec<String> = history.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        let read: Vec<Event> = written.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert_eq!(&read, &history);
        prop_assert_eq!(Session::of(id(), &read), direct);
        let again: Vec<String> = read.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        prop_assert_eq!(again, written, "what is written stays byte for byte, unknown types included");
    }

    #[test]
    fn who_only_decides_knows_the_same_of_holds_stops_and_ends(history in histories()) {
        let whole = Session::of(id(), &history);
        let mut deciding = Session::deciding(id());
        history.iter().for_each(|event| deciding.apply(event));
        prop_assert_eq!(&deciding.holds, &whole.holds);
        prop_assert_eq!(&deciding.stop, &whole.stop);
        prop_assert_eq!(&deciding.closed, &whole.closed);
        prop_assert_eq!(&deciding.gaps, &whole.gaps);
        prop_assert_eq!(deciding.unreadable_count, whole.unreadable_count);
        prop_assert_eq!((deciding.last_seq, deciding.is_over()), (whole.last_seq, whole.is_over()));
    }

    #[test]
    fn invariant_11_every_jump_is_a_gap_and_every_repetition_is_ignored(history in histories()) {
        let once = Session::of(id(), &history);
        let twice = Session::of(id(), history.iter().flat_map(|event| [event, event]));
        prop_assert_eq!(&twice, &once);
        let mut last = 0;
        let mut gaps = 0;
        for event in &history {
            if event.seq > last {
                gaps += usize::from(event.seq != last + 1);
                last = event.seq;
            }
        }
        prop_assert_eq!(once.gaps.len(), gaps);
    }

    /// The commands and the fold agree: what a command asks for is never refused by the fold.
    #[test]
    fn commands_only_ask_for_what_the_fold_takes_in(wishes in prop::collection::vec(wishes(), 0..60)) {
        let wishes: Vec<Wish> = wishes.into_iter().filter(|wish| wish.what < REPORTS).collect();
        let mut session = Session::new(id());
        for event in play(wishes.into_iter().map(Step::Wish).collect()) {
            session.apply(&event);
            prop_assert_eq!(session.anomaly_count, 0, "{:?} was refused by the fold", event);
        }
    }
}

/// Wishes from this number on are reports of a run, which no command checks.
const REPORTS: u8 = 10;

fn wish_for(session: &Session, wish: &Wish, now: Timestamp) -> Result<Vec<Body>, Refusal> {
    let (by, hold, flag) = (&wish.by, &wish.hold, wish.flag);
    let known = session.hold(hold);
    let proposer = known.map_or(by, |hold| &hold.proposer);
    let grant = GrantId::new(format!("g-{}", hold.as_str())).unwrap();
    let (revision, digest) =
        known.map_or((1, Digest::of(b"")), |hold| (hold.revision.number, hold.revision.digest));
    let expires = now.plus_millis(20_000);
    let proposal = || wish.proposal.clone();
    match wish.what {
        0 if known.is_none() => command::open_hold(session, hold.clone(), proposal(), expires),
        1 => command::revise_hold(session, proposer, hold, proposal(), expires),
        2 if flag => command::withdraw(session, proposer, hold, Outcome::Withdrawn, None),
        2 => command::withdraw(session, by, hold, Outcome::AnsweredElsewhere, None),
        3..=5 => {
            let verdict = if flag { Verdict::Approve } else { Verdict::Deny };
            let decision =
                Decision { hold: hold.clone(), revision, digest, verdict, reason: None, key: None };
            command::decide(session, by, &decision, true, now, grant)
        }
        6 | 7 => command::redeem(session, proposer, hold, &grant, digest, &ClientKey::new("n").unwrap(), now),
        8 if flag && now > at(40_000) => Ok(command::stop(session, 1, None)),
        8 | 9 => Ok(command::expire(session, now)),
        10 => Ok(vec![ExecutionStarted { hold: hold.clone(), pid: None }.into()]),
        11 if flag => Ok(vec![finished(hold.clone()).into()]),
        _ => Ok(vec![]),
    }
}

/// A session with one open hold, and what a person needs to decide it.
fn one_open_hold() -> (Session, Decision) {
    let hold = HoldId::new("h-1").unwrap();
    let mut session = Session::new(id());
    let opened =
        command::open_hold(&session, hold.clone(), proposal("a", Executor::Holdpoint), at(60_000)).unwrap();
    append(&mut session, &Actor::new(Role::Agent, "gate"), at(1_000), opened);
    let digest = session.hold(&hold).unwrap().revision.digest;
    (session, Decision { hold, revision: 1, digest, verdict: Verdict::Approve, reason: None, key: None })
}

fn append(session: &mut Session, actor: &Actor, now: Timestamp, bodies: Vec<Body>) {
    for body in bodies {
        let seq = session.last_seq + 1;
        session.apply(&Event { v: 1, session: id(), seq, at: now, actor: actor.clone(), body });
    }
    assert_eq!(session.anomaly_count, 0);
}

fn decide(session: &mut Session, by: &Actor, decision: &Decision, now: Timestamp) -> Result<usize, Refusal> {
    let bodies = command::decide(session, by, decision, true, now, GrantId::new("g-1").unwrap())?;
    let appended = bodies.len();
    append(session, by, now, bodies);
    Ok(appended)
}

#[test]
fn a_loser_is_told_winner_verdict_and_time_and_a_repetition_gets_the_same_answer() {
    let (mut session, yes) = one_open_hold();
    let (maya, li) = (Actor::new(Role::Person, "maya"), Actor::new(Role::Person, "li"));
    assert_eq!(decide(&mut session, &maya, &yes, at(2_000)), Ok(3), "vote, closing and grant");
    let no = Decision { verdict: Verdict::Deny, ..yes.clone() };
    let lost = Refusal::AlreadyClosed { outcome: Outcome::Approved, by: maya.clone(), at: at(2_000) };
    assert_eq!(decide(&mut session, &li, &no, at(3_000)), Err(lost.clone()));
    assert_eq!(
        decide(&mut session, &li, &yes, at(3_000)),
        Err(lost),
        "agreeing with the winner is not winning"
    );
    assert_eq!(decide(&mut session, &maya, &yes, at(3_000)), Ok(0), "the same decision again");
}

#[test]
fn an_agent_never_decides_and_nobody_decides_on_something_else() {
    let (mut session, yes) = one_open_hold();
    let maya = Actor::new(Role::Person, "maya");
    let agent = Actor::new(Role::Agent, "gate");
    assert_eq!(decide(&mut session, &agent, &yes, at(2_000)), Err(Refusal::NotAPerson));
    let other = Decision { digest: Digest::of(b"other"), ..yes.clone() };
    assert!(matches!(decide(&mut session, &maya, &other, at(2_000)), Err(Refusal::OtherDigest { .. })));
    let next = proposal("b", Executor::Holdpoint);
    let revised = command::revise_hold(&session, &agent, &yes.hold, next, at(60_000)).unwrap();
    append(&mut session, &agent, at(2_500), revised);
    let Err(Refusal::OtherRevision { named: 1, current: 2, changed }) =
        decide(&mut session, &maya, &yes, at(3_000))
    else {
        panic!("a decision on revision 1 must not count for revision 2")
    };
    assert!(changed.contains(&yes.digest.to_string()), "{changed}");
    assert_eq!(
        decide(&mut session, &maya, &yes, at(70_000)).unwrap_err().kind(),
        holdpoint::domain::Kind::Conflict
    );
}

#[test]
fn approving_for_somebody_who_is_gone_is_refused_and_denying_is_not() {
    let (session, yes) = one_open_hold();
    let maya = Actor::new(Role::Person, "maya");
    let try_it = |verdict| {
        let decision = Decision { verdict, ..yes.clone() };
        command::decide(&session, &maya, &decision, false, at(2_000), GrantId::new("g-1").unwrap())
    };
    assert_eq!(try_it(Verdict::Approve), Err(Refusal::NobodyWaits));
    assert!(try_it(Verdict::Deny).is_ok());
}

#[test]
fn what_the_agent_did_not_say_whole_can_be_denied_and_never_approved() {
    let maya = Actor::new(Role::Person, "maya");
    for (incomplete, approvable) in [(None, true), (Some("the agent did not show the diff".into()), false)] {
        let action =
            Action::AgentCommand(AgentCommand { command: "x".into(), incomplete, ..Default::default() });
        let proposal = Proposal { action, ..proposal("x", Executor::Agent) };
        let digest = proposal.action.digest().unwrap();
        let (mut session, decision) = one_open_hold();
        let hold = HoldId::new("h-2").unwrap();
        let bodies = command::open_hold(&session, hold.clone(), proposal, at(60_000)).unwrap();
        append(&mut session, &Actor::new(Role::Agent, "codex"), at(2), bodies);
        let approve = Decision { hold, digest, ..decision };
        match decide(&mut session, &maya, &approve, at(3)) {
            Ok(_) => assert!(approvable),
            Err(refusal) => {
                assert!(!approvable && matches!(refusal, Refusal::Incomplete(_)), "{refusal}");
                let deny = Decision { verdict: Verdict::Deny, ..approve };
                assert!(decide(&mut session, &maya, &deny, at(4)).is_ok());
            }
        }
    }
}

#[test]
fn a_grant_is_redeemed_once_by_its_gate_in_time_and_not_after_a_stop() {
    let (mut session, yes) = one_open_hold();
    decide(&mut session, &Actor::new(Role::Person, "maya"), &yes, at(2_000)).unwrap();
    let gate = Actor::new(Role::Agent, "gate");
    let grant = GrantId::new("g-1").unwrap();
    let redeem = |session: &Session, by: &Actor, nonce: &str, now| {
        command::redeem(session, by, &yes.hold, &grant, yes.digest, &ClientKey::new(nonce).unwrap(), now)
    };
    let other = Actor::new(Role::Agent, "another gate");
    assert_eq!(redeem(&session, &other, "n1", at(3_000)), Err(Refusal::NotTheProposer));
    let late = at(2_000 + command::GRANT_TTL_MS);
    assert!(matches!(redeem(&session, &gate, "n1", late), Err(Refusal::NoGrant(_))));

    let mut stopped = session.clone();
    let stop = command::stop(&stopped, 1, None);
    append(&mut stopped, &Actor::new(Role::Person, "maya"), at(2_500), stop);
    assert!(matches!(redeem(&stopped, &gate, "n1", at(3_000)), Err(Refusal::NoGrant(_))), "a stop voids it");

    let once = redeem(&session, &gate, "n1", at(3_000)).unwrap();
    append(&mut session, &gate, at(3_000), once);
    assert_eq!(redeem(&session, &gate, "n1", at(4_000)), Ok(vec![]), "the same gate's repetition");
    assert!(matches!(redeem(&session, &gate, "n2", at(4_000)), Err(Refusal::NoGrant(_))), "a second use");
}

#[test]
fn a_stop_denies_what_is_open_and_nothing_can_be_proposed_behind_it() {
    let (mut session, yes) = one_open_hold();
    let stop = command::stop(&session, 1, Some("it loops".into()));
    append(&mut session, &Actor::new(Role::Person, "maya"), at(2_000), stop);
    let closing = session.hold(&yes.hold).unwrap().closing.clone().unwrap();
    assert_eq!(closing.outcome, Outcome::Denied);
    assert_eq!(closing.reason.unwrap().expose(), "session stopped: it loops");
    let again = HoldId::new("h-2").unwrap();
    let refused = command::open_hold(&session, again, proposal("b", Executor::Agent), at(60_000));
    assert!(matches!(refused, Err(Refusal::SessionOver { what: "stopped", .. })));
}

#[test]
fn a_time_out_is_never_a_denial() {
    let (mut session, yes) = one_open_hold();
    assert_eq!(command::expire(&session, at(59_999)), vec![]);
    let expired = command::expire(&session, at(60_000));
    append(&mut session, &Actor::hub(), at(60_000), expired);
    assert_eq!(session.hold(&yes.hold).unwrap().outcome(), Some(Outcome::Expired));
    assert!(session.hold(&yes.hold).unwrap().votes.is_empty());
}
