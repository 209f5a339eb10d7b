//! What stands between a person and a verdict, each with the words that are shown for it.

use crate::domain::{Outcome, Role, Verdict};
use crate::session::Hold;

use super::sheet::{Sheet, Step};
use super::{Line, Model};

/// Why a verdict is not possible now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blocker {
    /// A recording is shown.
    Replay,
    /// The line to the hub is not live: its word.
    NotLive(&'static str),
    /// The credential is not a person's.
    NotAPerson,
    /// The hold is not in the record that we have.
    NoSuchHold,
    /// It ended.
    Closed(Outcome),
    /// Its time is over, although the hub has not said so yet.
    TimeOver,
    /// A verdict of ours is on its way or unknown.
    OnItsWay,
    /// A revision has not been acknowledged.
    Locked,
    /// The action cannot be digested: why.
    NoDigest(String),
    /// The agent did not say all that would happen.
    Incomplete,
    /// The digest of what is shown is not the hub's.
    OtherDigest,
    /// Something may have happened that this program does not know.
    HistoryIncomplete,
    /// Not known whether whoever proposed it still waits.
    WaitingUnknown,
    /// Whoever proposed it is gone.
    NobodyWaits,
    /// Not every line of the action was on screen; percent that was.
    Unread(u32),
    /// The last frame did not show this sheet: the terminal is too small for it.
    NotOnScreen,
}

impl Blocker {
    /// One clause.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Replay => "this is a replay: nothing can be decided".into(),
            Self::NotLive(word) => format!("the line to the hub is not live ({word})"),
            Self::NotAPerson => "this credential is an agent's; only a person decides".into(),
            Self::NoSuchHold => "the record does not hold it any more".into(),
            Self::Closed(outcome) => format!("it is {} already", outcome.word()),
            Self::TimeOver => "its time is over; nothing runs".into(),
            Self::OnItsWay => "a verdict was sent and is not yet acknowledged".into(),
            Self::Locked => "the proposal changed: acknowledge the change first".into(),
            Self::NoDigest(why) => format!("the action has no digest: {why}"),
            Self::Incomplete => "the agent did not say all that would happen; it can only be denied".into(),
            Self::OtherDigest => "what is shown does not have the digest that the hub names".into(),
            Self::HistoryIncomplete => {
                "the session's history has gaps or events that cannot be read; something may have happened"
                    .into()
            }
            Self::WaitingUnknown => "not known yet whether the proposer still waits".into(),
            Self::NobodyWaits => "the proposer is gone: nobody would run it".into(),
            Self::NotOnScreen => "it is not on screen; a larger terminal shows it".into(),
            Self::Unread(percent) => format!("{percent} % of the action was on screen; read on"),
        }
    }
}

/// The first thing that stands between the person and this verdict on the sheet; `None` when nothing does.
pub(crate) fn blocker(model: &Model, sheet: &Sheet, verdict: Verdict) -> Option<Blocker> {
    if model.line == Line::Replay {
        return Some(Blocker::Replay);
    }
    if !model.line.is_live() {
        return Some(Blocker::NotLive(model.line.word()));
    }
    if model.me.as_ref().is_none_or(|me| me.role != Role::Person) {
        return Some(Blocker::NotAPerson);
    }
    let Some(hold) = model.hold(&sheet.session, &sheet.hold) else { return Some(Blocker::NoSuchHold) };
    of_hold(model, sheet, hold).or_else(|| match verdict {
        Verdict::Deny => None,
        Verdict::Approve => of_approval(model, sheet, hold),
    })
}

/// What stands between the person and the key that was just pressed: the same, and the glass itself. A verdict is about
/// what the last frame showed.
pub(crate) fn obstacle(model: &Model, sheet: &Sheet, verdict: Verdict) -> Option<Blocker> {
    blocker(model, sheet, verdict).or_else(|| {
        let on_screen = model
            .sheet_shown
            .as_ref()
            .is_some_and(|(hold, revision, _)| (hold, *revision) == (&sheet.hold, sheet.revision.number));
        (!on_screen).then_some(Blocker::NotOnScreen)
    })
}

/// What forbids any verdict.
fn of_hold(model: &Model, sheet: &Sheet, hold: &Hold) -> Option<Blocker> {
    if let Some(outcome) = hold.outcome() {
        return Some(Blocker::Closed(outcome));
    }
    if !hold.is_open() {
        return Some(Blocker::NoSuchHold);
    }
    match &sheet.step {
        Step::Sending(_) | Step::Unknown(_) => return Some(Blocker::OnItsWay),
        Step::Acknowledged { outcome, .. } => return Some(Blocker::Closed(*outcome)),
        Step::Reading | Step::Approving | Step::Denying | Step::Refused(_) | Step::Missing(_) => {}
    }
    if sheet.lock.is_some() || sheet.revision.number != hold.revision.number {
        return Some(Blocker::Locked);
    }
    match &sheet.digest {
        Err(error) => Some(Blocker::NoDigest(error.message().to_owned())),
        Ok(_) if model.hub_time() >= hold.expires_at => Some(Blocker::TimeOver),
        Ok(_) => None,
    }
}

/// What forbids an approval on top of that.
fn of_approval(model: &Model, sheet: &Sheet, hold: &Hold) -> Option<Blocker> {
    if sheet.digest.as_ref().ok() != Some(&hold.revision.digest) {
        return Some(Blocker::OtherDigest);
    }
    if sheet.revision.proposal.action.incomplete().is_some() {
        return Some(Blocker::Incomplete);
    }
    if !model.session(&sheet.session).is_some_and(crate::session::Session::is_whole) {
        return Some(Blocker::HistoryIncomplete);
    }
    match model.waits(&sheet.hold) {
        None => return Some(Blocker::WaitingUnknown),
        Some(false) => return Some(Blocker::NobodyWaits),
        Some(true) => {}
    }
    (!sheet.seen.is_whole()).then(|| Blocker::Unread(sheet.seen.percent()))
}
