//! `holdpoint decide HOLD approve|deny`: one verdict on exactly one action.

use std::process::ExitCode;

use serde::Serialize;

use super::args::{Decide, Verdict as Word};
use super::home::Home;
use super::print;
use super::reading::Reading;
use super::{Done, Fault};
use crate::domain::{Actor, ClientKey, Error, HoldId, Kind, Outcome, SessionId, Timestamp, Verdict};
use crate::wire::{HoldDecide, HoldDecideAnswer, HoldDecideParams};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decided<'a> {
    hold: &'a HoldId,
    session: &'a SessionId,
    outcome: Outcome,
    by: &'a Actor,
    at: Timestamp,
    seq: u64,
}

/// Decides. The answer is printed when it is durable; without an answer the outcome is unknown, and that is said.
pub(super) async fn run(home: Home, wanted: Decide, json: bool) -> Done {
    let reading = Reading::of(&home, home.person()?).await?;
    let (session, hold) = reading.hold(&wanted.hold)?;
    let (session, hold, revision) = (session.id.clone(), hold.id.clone(), hold.revision.clone());
    let verdict = match wanted.verdict {
        Word::Approve => Verdict::Approve,
        Word::Deny => Verdict::Deny,
    };
    let digest = match (wanted.digest, verdict) {
        (Some(digest), _) => digest,
        (None, Verdict::Deny) => revision.digest,
        (None, Verdict::Approve) => {
            let hint = "`holdpoint show HOLD` shows the action and its digest";
            return Err(Fault::usage("an approval names the digest of what it approves", hint));
        }
    };
    let random = getrandom::u64().map_err(|e| Error::new(Kind::Internal, e.to_string()))?;
    let params = HoldDecideParams {
        session: session.clone(),
        hold: hold.clone(),
        revision: revision.number,
        digest,
        verdict,
        reason: wanted.reason.map(Into::into),
        key: Some(ClientKey::new(format!("decide-{random:016x}"))?),
    };
    let link = reading.into_link();
    let answer: HoldDecideAnswer = link.call_once::<HoldDecide>(&params).await?.map_err(Error::from)?;
    let HoldDecideAnswer { outcome, by, at, seq } = answer;
    if json {
        let decided = Decided { hold: &hold, session: &session, outcome, by: &by, at, seq };
        return print::json(&decided);
    }
    print::out(&format!(
        "{} by {} at {at} (hold {hold}, #{seq} of {session})\n",
        outcome.word(),
        by.name.escaped()
    ))
    .map(|_| ExitCode::SUCCESS)
}
