//! What follows from every event: the queue, the guard, what others are told, and when to wake.

use crate::cockpit::effect::Effect;
use crate::cockpit::event::Painted;
use crate::cockpit::model::{Blob, Line, Model, Row, Section, Step, blocker, cited_call, rows};
use crate::domain::{HoldId, Payload, SessionId, Verdict};
use crate::wire::PresenceSetParams;

use super::browse;

/// What a key of decision depends on; when it changes, the guard starts anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Face {
    session: SessionId,
    hold: HoldId,
    revision: u32,
    step: Step,
    locked: bool,
    approvable: bool,
    deniable: bool,
    scroll: usize,
    size: (u16, u16),
}

/// The sheet as a key of decision meets it.
pub(super) fn face(model: &Model) -> Option<Face> {
    model.sheet.as_ref().map(|sheet| Face {
        session: sheet.session.clone(),
        hold: sheet.hold.clone(),
        revision: sheet.revision.number,
        step: sheet.step.clone(),
        locked: sheet.lock.is_some(),
        approvable: blocker(model, sheet, Verdict::Approve).is_none(),
        deniable: blocker(model, sheet, Verdict::Deny).is_none(),
        scroll: sheet.scroll,
        size: model.size,
    })
}

/// Takes in what a frame really showed.
pub(super) fn painted(model: &mut Model, painted: &Painted) {
    model.counting = painted.countdown;
    model.overlay_extent = (painted.overlay_rows, painted.overlay_height);
    let shown = painted.sheet.as_ref().map(|sheet| (sheet.hold.clone(), sheet.revision, sheet.face));
    if model.sheet_shown != shown {
        // What is on the glass changed only now, whenever its cause was.
        model.sheet_shown = shown;
        model.guard.changed(model.now.mono_ms);
    }
    let last = painted.overlay_rows.saturating_sub(painted.overlay_height);
    if model.overlay_scroll > last {
        model.overlay_scroll = last;
    }
    let (Some(sheet), Some(shown)) = (&mut model.sheet, &painted.sheet) else { return };
    // A frame of another revision tells nothing about this one.
    if shown.hold != sheet.hold || shown.revision != sheet.revision.number {
        return;
    }
    sheet.extent = (shown.rows, shown.height);
    if sheet.scroll > sheet.last_scroll() || sheet.at_end && sheet.scroll < sheet.last_scroll() {
        sheet.scroll = sheet.last_scroll();
        model.touch();
        return;
    }
    if sheet.lock.is_none() && !sheet.jumped {
        let before = sheet.seen.clone();
        sheet.seen.add(shown.units, &shown.shown);
        if before != sheet.seen {
            model.touch();
        }
    }
}

/// Brings everything derived up to date.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    queue(model);
    browse::follow(model);
    model.search_on();
    fetch(model, effects);
    title(model, effects);
    presence(model, effects);
    wake(model, effects);
}

/// The queue is pinned while a sheet is open: nothing moves, new holds are only counted.
fn queue(model: &mut Model) {
    let fresh = rows(model.sessions.values());
    let waiting = fresh.iter().filter(|row| row.section == Section::Waiting);
    model.counts.waiting = waiting.clone().count();
    model.counts.running = fresh.iter().filter(|row| row.section == Section::Running).count();
    if model.sheet.is_some() {
        let known = |row: &&Row| model.queue.iter().any(|pinned| pinned.is_same(row));
        model.counts.more = model.counts.waiting - waiting.filter(known).count();
        return;
    }
    model.counts.more = 0;
    model.queue = fresh;
    if model.next_waiting
        && let Some(next) = model.queue.first().filter(|row| row.section == Section::Waiting)
    {
        model.selected = Some(next.clone());
        model.next_waiting = false;
    }
    let gone = model.selected.as_ref().is_none_or(|selected| !model.sessions.contains_key(&selected.session));
    if gone {
        model.selected = model.queue.first().cloned();
    } else if model.selected_at().is_none()
        && let Some(selected) = &model.selected
    {
        // The row is listed no more (its session waits again, or the list is long): its session stays on screen.
        let session = selected.session.clone();
        let of_session = model.queue.iter().find(|row| row.session == session).cloned();
        model.selected = of_session.or_else(|| model.selected.clone());
    } else if let Some(at) = model.selected_at() {
        model.selected = model.queue.get(at).cloned();
    }
}

/// Asks for the payload that the selected citation points into.
fn fetch(model: &mut Model, effects: &mut Vec<Effect>) {
    if !model.line.is_live() {
        return;
    }
    let wanted = model.shown().and_then(|tracked| {
        let citation = model.citation(&tracked.session)?;
        let returned = cited_call(&tracked.session, citation)?.returned.as_ref()?;
        match returned.output {
            Payload::Blob { sha256, .. } if !model.blobs.contains_key(&sha256) => Some(sha256),
            Payload::Blob { .. } | Payload::Text(_) => None,
        }
    });
    if let Some(sha256) = wanted {
        model.blobs.insert(sha256, Blob::Fetching);
        effects.push(Effect::FetchBlob(sha256));
    }
}

fn title(model: &mut Model, effects: &mut Vec<Effect>) {
    let state = match &model.line {
        Line::Live => String::new(),
        Line::Connecting(_)
        | Line::CatchingUp { .. }
        | Line::Stale { .. }
        | Line::Refused(_)
        | Line::Replay => format!(" ({})", model.line.word()),
    };
    let title = match model.counts.waiting {
        0 => format!("holdpoint{state}"),
        waiting => format!("{waiting} waiting - holdpoint{state}"),
    };
    if title != model.title_told {
        effects.push(Effect::Title(title.clone()));
        model.title_told = title;
    }
}

/// Tells the others what is on this screen, when it changes and only while somebody can hear it.
fn presence(model: &mut Model, effects: &mut Vec<Effect>) {
    if !model.line.is_live() {
        return;
    }
    let hold = model.sheet.as_ref().map(|sheet| sheet.hold.clone());
    let now = PresenceSetParams { session: model.subject().cloned(), hold };
    let same =
        model.presence_told.as_ref().is_some_and(|told| told.session == now.session && told.hold == now.hold);
    if !same {
        model.presence_told = Some(now.clone());
        effects.push(Effect::SetPresence(now));
    }
}

/// A countdown on screen needs a frame when its second changes. Nothing else here needs the time.
fn wake(model: &mut Model, effects: &mut Vec<Effect>) {
    let wanted = model.counting.then(|| {
        let into_second = model.hub_time().millis().rem_euclid(1000) as u64;
        model.now.mono_ms + (1000 - into_second)
    });
    let wanted = match (model.wake_at, wanted) {
        (Some(set), Some(_)) if set > model.now.mono_ms => Some(set),
        (_, wanted) => wanted,
    };
    if wanted != model.wake_at {
        model.wake_at = wanted;
        effects.push(Effect::ScheduleWake(wanted));
    }
}
