//! The decision sheet's life: opened, read, decided or left; locked by a revision; left as a tombstone by a closing.
//!
//! Only [`confirm`] makes an approval, and it asks every condition again at the moment of the key.

use crate::cockpit::effect::Effect;
use crate::cockpit::model::{
    Blocker, Field, Model, Purpose, Row, Sent, Sheet, Step, Words, blocker, obstacle,
};
use crate::cockpit::style::Tone;
use crate::domain::{ClientKey, Untrusted, Verdict};
use crate::session::{Body, Event as Fact, Hold};
use crate::wire::HoldDecideParams;

use super::tell;

/// Opens the sheet of a row's hold.
pub(super) fn open(model: &mut Model, row: &Row) {
    let Some(id) = &row.hold else { return };
    let Some(hold) = model.hold(&row.session, id) else { return };
    let sheet = Sheet::open(row.session.clone(), id.clone(), hold.revision.clone());
    model.sheet = Some(sheet);
    model.overlay = None;
    model.guard.changed(model.now.mono_ms);
    model.touch();
}

/// "Not now": leaves the step that the person is in, or the sheet. The hold stays as it is.
pub(super) fn leave(model: &mut Model) {
    let Some(sheet) = &model.sheet else { return };
    match sheet.step {
        Step::Approving => return step(model, Step::Reading),
        Step::Reading
        | Step::Denying
        | Step::Sending(_)
        | Step::Acknowledged { .. }
        | Step::Refused(_)
        | Step::Unknown(_)
        | Step::Missing(_) => {
            let decided = model.hold(&sheet.session, &sheet.hold).is_none_or(|hold| !hold.is_open());
            model.sheet = None;
            if decided && model.sessions.values().any(|tracked| tracked.session.open_holds().next().is_some())
            {
                // What is done is put down: the oldest that waits is next, and Enter opens it.
                model.selected = None;
            }
        }
    }
    model.touch();
}

/// `A`: asks to approve. Nothing is sent by it.
pub(super) fn ask_to_approve(model: &mut Model) {
    let Some(sheet) = &model.sheet else { return };
    if let Some(blocker) = obstacle(model, sheet, Verdict::Approve) {
        return cannot(model, "approve", &blocker);
    }
    // What is asked about is on screen while it is asked.
    if let Some(sheet) = &mut model.sheet {
        (sheet.scroll, sheet.jumped) = (0, false);
    }
    step(model, Step::Approving);
}

/// Enter behind `A`: approves exactly what is shown.
pub(super) fn confirm(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(sheet) = model.sheet.as_ref().filter(|sheet| sheet.step == Step::Approving) else { return };
    if let Some(blocker) = obstacle(model, sheet, Verdict::Approve) {
        cannot(model, "approve", &blocker);
        return step(model, Step::Reading);
    }
    send(model, Verdict::Approve, None, effects);
}

/// `d`: opens the line for a reason.
pub(super) fn ask_to_deny(model: &mut Model) {
    let Some(sheet) = &model.sheet else { return };
    if let Some(blocker) = blocker(model, sheet, Verdict::Deny) {
        return cannot(model, "deny", &blocker);
    }
    model.field = Some(Field::new(Purpose::Reason, &sheet.draft));
    step(model, Step::Denying);
}

/// Enter in the line for a reason: denies what is shown. Where that is not possible the text stays.
pub(super) fn send_denial(model: &mut Model, effects: &mut Vec<Effect>) {
    let (Some(sheet), Some(field)) = (&model.sheet, &model.field) else { return };
    if let Some(blocker) = obstacle(model, sheet, Verdict::Deny) {
        return cannot(model, "deny", &blocker);
    }
    let reason = field.text().trim();
    let reason = (!reason.is_empty()).then(|| Untrusted::from(reason));
    model.field = None;
    send(model, Verdict::Deny, reason, effects);
}

/// Leaves the line for a reason; what was typed is there again when it is opened again.
pub(super) fn leave_reason(model: &mut Model) {
    let draft = model.field.take().map(|field| field.text().to_owned());
    if let Some(sheet) = &mut model.sheet {
        sheet.draft = draft.unwrap_or_default();
        if sheet.step == Step::Denying {
            sheet.step = Step::Reading;
        }
    }
    model.touch();
}

/// The person has seen what a revision changed; the new one is read from its beginning.
pub(super) fn acknowledge_revision(model: &mut Model) {
    if let Some(sheet) = &mut model.sheet {
        sheet.lock = None;
        (sheet.scroll, sheet.jumped) = (0, false);
        model.touch();
    }
}

/// Says that a verdict is not possible, and why.
pub(super) fn cannot(model: &mut Model, what: &'static str, blocker: &Blocker) {
    tell(model, Tone::Waiting, Words::of(format!("cannot {what}: {}", blocker.words())));
}

/// Keeps the sheet true to the facts: a revision locks it, a closing settles what is under way.
pub(super) fn keep_up(model: &mut Model) {
    let Some(mut sheet) = model.sheet.take() else { return };
    let live = model.line.is_live();
    match model.hold(&sheet.session, &sheet.hold) {
        // History was lost: the record decides what becomes of the sheet once it is read again.
        None => {}
        Some(hold) => follow(&mut sheet, hold, live),
    }
    model.sheet = Some(sheet);
}

fn follow(sheet: &mut Sheet, hold: &Hold, live: bool) {
    if hold.revision.number != sheet.revision.number {
        sheet.revise(hold.revision.clone());
    }
    let Some(closing) = &hold.closing else {
        if let (Step::Unknown(sent), true) = (&sheet.step, live) {
            sheet.step = Step::Missing(sent.clone());
        }
        return;
    };
    match &sheet.step {
        Step::Approving => sheet.step = Step::Reading,
        // Our own vote makes it `Acknowledged` first (`take_vote`); so it was somebody else.
        Step::Sending(_) | Step::Unknown(_) | Step::Missing(_) => {
            let words = Words::of(format!("somebody was first: {} by ", closing.outcome.word()));
            let words = words.theirs(&closing.by.name).ours(format!(" at {}Z", closing.at.clock()));
            sheet.step = Step::Refused(words);
        }
        Step::Reading | Step::Denying | Step::Acknowledged { .. } | Step::Refused(_) => {}
    }
}

/// Finds a verdict that was sent from here in the record, by its key; one that was given up as missing too.
pub(super) fn take_vote(sheet: &mut Sheet, event: &Fact) {
    let Body::VoteCast(cast) = &event.body else { return };
    let ours =
        |key: &ClientKey| sheet.sent().is_some_and(|sent| sent.key == *key) || sheet.stray.contains(key);
    if !cast.key.as_ref().is_some_and(ours) {
        return;
    }
    let outcome = match cast.verdict {
        Verdict::Approve => crate::domain::Outcome::Approved,
        Verdict::Deny => crate::domain::Outcome::Denied,
    };
    sheet.step = Step::Acknowledged { outcome, by: event.actor.clone(), at: event.at };
}

fn send(model: &mut Model, verdict: Verdict, reason: Option<Untrusted>, effects: &mut Vec<Effect>) {
    let key = match model.next_key() {
        Ok(key) => key,
        Err(error) => return tell(model, Tone::Harm, Words::of(error.message().to_owned())),
    };
    let at = model.hub_time();
    let Some(sheet) = &mut model.sheet else { return };
    // Computed anew from what is on screen; nothing that the hub said goes into it.
    match sheet.revision.proposal.action.digest() {
        Ok(digest) => {
            effects.push(Effect::Decide(Box::new(HoldDecideParams {
                session: sheet.session.clone(),
                hold: sheet.hold.clone(),
                revision: sheet.revision.number,
                digest,
                verdict,
                reason,
                key: Some(key.clone()),
            })));
            sheet.draft.clear();
            sheet.go(Step::Sending(Sent { verdict, key, at }));
            model.touch();
        }
        Err(error) => tell(model, Tone::Harm, Words::of(error.message().to_owned())),
    }
}

fn step(model: &mut Model, step: Step) {
    if let Some(sheet) = &mut model.sheet {
        sheet.go(step);
        model.touch();
    }
}
