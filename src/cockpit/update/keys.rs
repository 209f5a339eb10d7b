//! From a key to what it means here. The guard is asked about every key, whatever it means.

use crossterm::event::KeyEventKind;

use crate::cockpit::effect::Effect;
use crate::cockpit::input::{Action, Context, Press, Weight};
use crate::cockpit::model::{Model, Overlay, Purpose, Step, Typed, Words};
use crate::cockpit::style::Tone;
use crate::domain::Untrusted;
use crate::wire::{SessionAskParams, SessionNoteParams};

use super::{browse, decide, tell};

/// Where a key would be pressed now.
pub(crate) fn context(model: &Model) -> Context {
    if model.field.is_some() {
        return Context::Field;
    }
    match (&model.overlay, &model.sheet) {
        (Some(Overlay::Help), _) => Context::Help,
        (Some(Overlay::Event(..) | Overlay::Citation(..) | Overlay::Session(_)), _) => Context::Source,
        (None, Some(sheet)) if sheet.step == Step::Approving => Context::Approving,
        (None, Some(_)) => Context::Sheet,
        (None, None) => Context::Main,
    }
}

/// Takes a key.
pub(super) fn key(model: &mut Model, press: Press, effects: &mut Vec<Effect>) {
    let context = context(model);
    let action = model.keymap.resolve(context, &press.key);
    let verdict = model.guard.judge(press, weight(model, action));
    if press.key.kind == KeyEventKind::Release {
        return;
    }
    model.touch();
    match (action, verdict) {
        (Some(_), Err(stray)) => tell(model, Tone::Waiting, Words::of(stray.words())),
        (Some(action), Ok(())) => {
            model.news.dismiss();
            act(model, context, action, effects);
        }
        (None, _) if context == Context::Field => typed(model, press),
        (None, _) => {}
    }
    if context == Context::Approving && !action.is_some_and(keeps_asking) {
        decide::disarm(model);
    }
}

/// Whether an approval that was asked about is still meant behind this key. Any other takes it back.
fn keeps_asking(action: Action) -> bool {
    matches!(
        action,
        Action::Confirm | Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::Redraw
    )
}

/// How much care a key asks for where it is pressed.
fn weight(model: &Model, action: Option<Action>) -> Weight {
    let reason = model.field.as_ref().is_some_and(|field| field.purpose == Purpose::Reason);
    let locked = model.sheet.as_ref().is_some_and(|sheet| sheet.lock.is_some());
    match action {
        // Only the line for a reason sends a verdict; what is typed into the others decides nothing.
        Some(Action::Submit) if !reason => Weight::Light,
        // It says that a person has seen a change.
        Some(Action::Review) if locked => Weight::Deciding,
        Some(action) => action.weight(),
        None if model.field.is_some() => Weight::Light,
        None => Weight::Nothing,
    }
}

/// Pasted text goes into a field, and nowhere else.
pub(super) fn paste(model: &mut Model, text: &Untrusted) {
    model.guard.pasted(model.now.mono_ms);
    match &mut model.field {
        Some(field) => {
            field.paste(text.expose());
            searched(model);
        }
        None => tell(model, Tone::Dim, Words::of("pasted text is never taken for keys; nothing was done")),
    }
    model.touch();
}

fn typed(model: &mut Model, press: Press) {
    let Some(field) = &mut model.field else { return };
    match field.key(press.key) {
        Typed::Text => searched(model),
        // Enter and Esc are the keymap's; where it does not bind them they do nothing.
        Typed::Enter | Typed::Leave => {}
    }
}

/// The timeline narrows while the search is typed.
fn searched(model: &mut Model) {
    if let Some(field) = model.field.as_ref().filter(|field| field.purpose == Purpose::Search) {
        field.text().clone_into(&mut model.search);
        model.picked.event = None;
    }
}

fn act(model: &mut Model, context: Context, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Stop => browse::stop(model, effects),
        Action::Quit => effects.push(Effect::Quit),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Redraw => effects.push(Effect::Redraw),
        Action::Help if context == Context::Help => close_overlay(model),
        Action::Help => browse::overlay(model, Overlay::Help),
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::Top
        | Action::Bottom
        | Action::Open
        | Action::Back
        | Action::Approve
        | Action::Confirm
        | Action::Deny
        | Action::AskEvidence
        | Action::Note
        | Action::Submit
        | Action::NextPane
        | Action::PrevPane
        | Action::Pane(_)
        | Action::Search
        | Action::Follow
        | Action::Review
        | Action::Copy
        | Action::Source
        | Action::NextCitation
        | Action::PrevCitation => match context {
            Context::Field => in_field(model, action, effects),
            Context::Help | Context::Source => in_overlay(model, action, effects),
            Context::Sheet | Context::Approving => in_sheet(model, action, effects),
            Context::Main => browse::act(model, action, effects),
        },
    }
}

fn in_field(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(field) = &model.field else { return };
    let submit = action == Action::Submit;
    let text = Untrusted::from(field.text().trim());
    match (field.purpose.clone(), submit) {
        (Purpose::Reason, true) => decide::send_denial(model, effects),
        (Purpose::Reason, false) => decide::leave_reason(model),
        (Purpose::Search, false) => {
            model.field = None;
            model.search.clear();
        }
        (Purpose::Question(..) | Purpose::Note(_), true) if text.is_empty() => {
            tell(model, Tone::Waiting, Words::of("there is nothing to send yet"));
        }
        (Purpose::Question(session, hold), true) => {
            if browse::can_send(model, "ask") {
                effects.push(Effect::Ask(SessionAskParams { session, hold, text }));
                model.field = None;
            }
        }
        (Purpose::Note(session), true) => {
            if browse::can_send(model, "note") {
                effects.push(Effect::Note(SessionNoteParams { session, text }));
                model.field = None;
            }
        }
        (Purpose::Search, true) | (Purpose::Question(..) | Purpose::Note(_), false) => model.field = None,
    }
    model.touch();
}

fn in_overlay(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let (rows, height) = model.overlay_extent;
    let last = rows.saturating_sub(height);
    let page = height.saturating_sub(1).max(1);
    let scroll = &mut model.overlay_scroll;
    match action {
        Action::Up => *scroll = scroll.saturating_sub(1),
        Action::Down => *scroll = (*scroll + 1).min(last),
        Action::PageUp => *scroll = scroll.saturating_sub(page),
        Action::PageDown => *scroll = (*scroll + page).min(last),
        Action::Top => *scroll = 0,
        Action::Bottom => *scroll = last,
        Action::Back => close_overlay(model),
        Action::Copy | Action::NextCitation | Action::PrevCitation => {
            browse::act(model, action, effects);
        }
        Action::Open
        | Action::Approve
        | Action::Confirm
        | Action::Deny
        | Action::Stop
        | Action::AskEvidence
        | Action::Note
        | Action::Submit
        | Action::NextPane
        | Action::PrevPane
        | Action::Pane(_)
        | Action::Search
        | Action::Follow
        | Action::Review
        | Action::Source
        | Action::Help
        | Action::Redraw
        | Action::Suspend
        | Action::Quit => {}
    }
}

fn close_overlay(model: &mut Model) {
    model.overlay = None;
    // What was under it is on screen anew: a key of decision has to wait for it.
    model.guard.changed(model.now.mono_ms);
}

fn in_sheet(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(sheet) = &mut model.sheet else { return };
    let page = sheet.page();
    match action {
        Action::Up => sheet.scroll_by(-1),
        Action::Down => sheet.scroll_by(1),
        Action::PageUp => sheet.scroll_by(-page),
        Action::PageDown => sheet.scroll_by(page),
        Action::Top => sheet.scroll_by(isize::MIN),
        Action::Bottom => sheet.jump_to_end(),
        Action::Back => decide::leave(model),
        Action::Approve => decide::ask_to_approve(model),
        Action::Confirm => decide::confirm(model, effects),
        Action::Deny => decide::ask_to_deny(model),
        Action::Review if sheet.lock.is_some() => decide::acknowledge_revision(model),
        Action::Review | Action::AskEvidence | Action::Note | Action::Copy => {
            browse::act(model, action, effects);
        }
        Action::Open
        | Action::Stop
        | Action::Submit
        | Action::NextPane
        | Action::PrevPane
        | Action::Pane(_)
        | Action::Search
        | Action::Follow
        | Action::Source
        | Action::NextCitation
        | Action::PrevCitation
        | Action::Help
        | Action::Redraw
        | Action::Suspend
        | Action::Quit => {}
    }
}
