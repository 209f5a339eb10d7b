//! The scripted approver of `--no-tui`: a person's connection that does what the script says, and nothing else.
//!
//! It decides as the cockpit does: on the digest that it computed from the action it was shown, and only while
//! whoever proposed it waits. A hold that the script does not mention ends the play: a demo must not guess.

use std::collections::BTreeSet;

use super::clock::Pace;
use super::script::{Answer, Decide, Script};
use super::seat::{Seat, Told};
use crate::domain::{ClientKey, Digest, Error, HoldId, Kind, Result, SessionId, Untrusted, Verdict};
use crate::session::{Run, Session};
use crate::wire::{HoldDecide, HoldDecideParams, SessionStop, SessionStopParams};

/// A hold as it is to be decided.
#[derive(Clone, Debug)]
struct Question {
    session: SessionId,
    hold: HoldId,
    number: u32,
    revision: u32,
    digest: Digest,
}

/// Decides for ever, or until the script has no answer.
///
/// # Errors
/// `Kind::Invalid` for a hold that the script does not mention; what the hub refused.
pub(super) async fn decide_all(seat: Seat, script: &Script, pace: Pace) -> Result<()> {
    let mut seen = BTreeSet::new();
    loop {
        let question = seat.until(|told| next_question(told, &seen)).await??;
        seen.insert(question.hold.clone());
        let decide = script.decision(&question.session, question.number).ok_or_else(|| {
            let Question { session, number, .. } = &question;
            Error::invalid(format!("the script has no [[decide]] for {session} P{number}"))
                .hint("add one, or one without `hold` for all that are not named")
        })?;
        pace.wait(decide.after_ms).await;
        answer(&seat, &question, decide, pace).await?;
    }
}

/// The first hold that waits for a person, and for which somebody waits.
fn next_question(told: &Told, seen: &BTreeSet<HoldId>) -> Option<Result<Question>> {
    let holds =
        told.sessions.values().flat_map(|session| session.open_holds().map(move |hold| (session, hold)));
    let mut new = holds.filter(|(_, hold)| told.waiting.contains(&hold.id) && !seen.contains(&hold.id));
    new.next().map(|(session, hold)| {
        let digest = hold.revision.proposal.action.digest()?;
        let (session, hold, number, revision) =
            (session.id.clone(), hold.id.clone(), hold.number, hold.revision.number);
        Ok(Question { session, hold, number, revision, digest })
    })
}

async fn answer(seat: &Seat, question: &Question, decide: &Decide, pace: Pace) -> Result<()> {
    let reason = decide.reason.as_deref().map(Untrusted::from);
    match decide.verdict {
        Answer::Approve => vote(seat, question, Verdict::Approve, reason).await,
        Answer::Deny => vote(seat, question, Verdict::Deny, reason).await,
        Answer::Stop => stop(seat, &question.session, 1, reason).await,
        Answer::ApproveThenStop => {
            vote(seat, question, Verdict::Approve, None).await?;
            stop_what_runs(seat, question, reason, decide.after_ms, pace).await
        }
        Answer::Ignore => Ok(()),
    }
}

async fn vote(seat: &Seat, question: &Question, verdict: Verdict, reason: Option<Untrusted>) -> Result<()> {
    let Question { session, hold, revision, digest, .. } = question.clone();
    let key = Some(ClientKey::new(format!("scripted-{hold}"))?);
    let params = HoldDecideParams { session, hold, revision, digest, verdict, reason, key };
    seat.link.call::<HoldDecide>(&params).await.map(drop)
}

async fn stop(seat: &Seat, session: &SessionId, level: u8, reason: Option<Untrusted>) -> Result<()> {
    let params = SessionStopParams { session: session.clone(), level, reason };
    match seat.link.call::<SessionStop>(&params).await {
        // A stop takes effect before it is on record. A busy disk is no failure: the record follows.
        Err(error) if error.kind() == Kind::Unavailable => {
            let recorded =
                |session: &Session| session.stop.as_ref().filter(|stop| stop.level >= level).map(drop);
            seat.session(session, recorded).await
        }
        stopped => stopped.map(drop),
    }
}

/// Stops while the command runs: first the agent, then the command, then by force.
async fn stop_what_runs(
    seat: &Seat,
    question: &Question,
    reason: Option<Untrusted>,
    pause_ms: u64,
    pace: Pace,
) -> Result<()> {
    let run = |session: &Session| session.hold(&question.hold).map(|hold| hold.run.clone());
    let begun = |session: &Session| run(session).filter(|run| *run != Run::NotStarted).map(drop);
    seat.session(&question.session, begun).await?;
    for level in 1..=3 {
        pace.wait(pause_ms).await;
        let told = seat.told.borrow().session(&question.session).and_then(run);
        if !matches!(told, Some(Run::Running { .. })) {
            return Ok(());
        }
        stop(seat, &question.session, level, reason.clone()).await?;
    }
    Ok(())
}
