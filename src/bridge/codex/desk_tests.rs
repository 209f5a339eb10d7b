//! What the desk keeps of a record, and for how long.

use super::*;
use crate::domain::{Action, AgentCommand, Proposal, Role};
use crate::session::{ActionProposed, HoldClosed, SessionClosed, StopConfirmed, StopRequested};

fn event(session: &str, at: i64, body: impl Into<Body>) -> Event {
    let session = SessionId::new(session).unwrap();
    let (actor, at) = (Actor::new(Role::Agent, "codex"), Timestamp::from_millis(at));
    Event { v: 1, session, seq: 1, at, actor, body: body.into() }
}

fn hold(n: i64) -> HoldId {
    HoldId::new(format!("h-{n}")).unwrap()
}

fn proposed(n: i64) -> ActionProposed {
    let (agent, command, cwd) = ("codex".into(), "run".into(), "/".into());
    let action = Action::AgentCommand(AgentCommand { agent, command, cwd, incomplete: None });
    let digest = action.digest().unwrap();
    let proposal = Proposal {
        action,
        service: None,
        environment: None,
        why: None,
        claim: None,
        undo: None,
        cites: vec![],
    };
    ActionProposed { hold: hold(n), digest, proposal }
}

fn closed(n: i64, outcome: Outcome) -> HoldClosed {
    HoldClosed { hold: hold(n), revision: 1, digest: Digest::of(b"x"), outcome, reason: None }
}

/// What a bridge that comes now would be told of the session.
fn over(bodies: impl IntoIterator<Item = Body>) -> Option<bool> {
    let mut state = State::default();
    for body in bodies {
        state.take(event("s-1", 1, body));
    }
    state.over.get(&SessionId::new("s-1").unwrap()).copied()
}

#[test]
fn a_stop_is_carried_out_when_nothing_lives_and_not_when_somebody_only_spoke_of_it() {
    let stop = || Body::from(StopRequested { level: 1, reason: None });
    let says = |dead| Body::from(StopConfirmed { what: "x".into(), dead });
    assert_eq!(over([stop()]), Some(false));
    assert_eq!(over([stop(), says(Some(false))]), Some(false), "what was left running is not stopped");
    assert_eq!(over([stop(), says(None)]), Some(false), "nor what nobody could look at");
    assert_eq!(over([stop(), says(Some(true))]), Some(true));
    assert_eq!(
        over([stop(), says(None), SessionClosed { reason: None }.into()]),
        Some(true),
        "a new turn was begun"
    );
    assert_eq!(over([stop(), says(Some(true)), stop()]), Some(false), "another stop is another wish");
    assert_eq!(over([says(Some(true))]), None, "nobody asked for a stop");
}

#[test]
fn endings_are_kept_of_what_agents_run_and_for_as_long_as_a_hold_can_be_open() {
    let mut state = State::default();
    state.take(event("g-1", 0, closed(99, Outcome::Approved)));
    assert!(state.closings.is_empty(), "a gate's hold is none of ours");
    for n in 0..50 {
        let at = n * CLOSING_KEPT_MS / 10;
        state.take(event("s-1", at, proposed(n)));
        assert!(state.take(event("s-1", at, closed(n, Outcome::Denied))).is_some(), "it is told at once");
    }
    let kept: Vec<bool> = (0..50).map(|n| state.closings.contains_key(&hold(n))).collect();
    assert_eq!((kept.iter().filter(|kept| **kept).count(), state.aging.len()), (11, 11));
    assert!(kept[49] && kept[39] && !kept[38]);
    assert!(state.proposed.is_empty());
}

#[test]
fn an_ending_that_is_not_kept_any_more_is_told_by_the_holds_own_time() {
    let at = Timestamp::from_millis;
    assert_eq!(forgotten(&hold(1), at(1_000), at(2_000)), None, "its end may be on its way");
    let ending = forgotten(&hold(1), at(1_000), at(10_000_000)).unwrap();
    assert_eq!(ending.outcome, Outcome::Superseded, "no answer to anything");
}
