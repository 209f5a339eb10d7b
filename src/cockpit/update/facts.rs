//! What the link tells: facts, presence, and the state of the line itself.

use std::sync::Arc;

use crate::cockpit::effect::Effect;
use crate::cockpit::model::{Line, Model, Tracked, Words};
use crate::cockpit::style::Tone;
use crate::domain::{Error, HoldId, SessionId};
use crate::link::Notice;
use crate::session::{Body, Event as Fact, HoldClosed};
use crate::wire::{Cursor, HelloAnswer};

use super::{by, decide, tell};

/// Takes in what the link tells.
pub(super) fn notice(model: &mut Model, notice: Notice, effects: &mut Vec<Effect>) {
    match notice {
        Notice::Up { hello, head, history_lost } => up(model, hello, head, history_lost, effects),
        Notice::Down { error } => down(model, error),
        Notice::Refused { error } => {
            model.line = Line::Refused(error);
            model.presence = None;
            model.touch();
        }
        Notice::Events(note) => {
            model.cursor = Some(note.cursor);
            for event in note.events {
                fact(model, &Arc::new(event), effects);
            }
            caught_up(model, effects);
            model.touch();
        }
        Notice::Presence(note) => {
            if model.presence.as_ref() != Some(&note) {
                model.presence = Some(note);
                model.touch();
            }
        }
        Notice::Lagged(note) => {
            model.lagged += note.missed;
            model.touch();
        }
    }
    decide::keep_up(model);
}

/// Takes in facts of a recording.
pub(super) fn replayed(model: &mut Model, events: Vec<Arc<Fact>>) {
    for event in events {
        fact(model, &event, &mut Vec::new());
    }
    decide::keep_up(model);
    model.touch();
}

fn up(
    model: &mut Model,
    hello: HelloAnswer,
    head: Option<Cursor>,
    history_lost: bool,
    effects: &mut Vec<Effect>,
) {
    if history_lost {
        forget(model);
        tell(
            model,
            Tone::Harm,
            Words::of(
                "the hub has another history than before: what was on screen is gone, all of it is read anew",
            ),
        );
    }
    // What was said about the line before is over.
    model.news.dismiss();
    model.skew_ms = hello.now.since(model.now.wall);
    model.me = Some(hello.you);
    model.hub = Some(hello.hub);
    model.presence = None;
    model.presence_told = None;
    model.line = Line::CatchingUp { until: head.unwrap_or(hello.head).pos };
    caught_up(model, effects);
    model.touch();
}

/// Forgets every fact, because it belongs to a history that is no more. What the person was typing stays.
fn forget(model: &mut Model) {
    model.history_lost = Some(model.hub_time());
    model.cursor = None;
    model.sessions.clear();
    model.queue.clear();
    model.blobs.clear();
    model.stops.clear();
    model.stop_changed_ms.clear();
}

fn caught_up(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Line::CatchingUp { until } = model.line
        && model.cursor.map_or(0, |cursor| cursor.pos) >= until
    {
        model.line = Line::Live;
        // What opened while nobody could be told is told now, once.
        let away = model.opened_away.replace(0).unwrap_or_default();
        if away > 0 {
            effects.push(Effect::Bell);
            let words = if away == 1 { "a hold opened".into() } else { format!("{away} holds opened") };
            tell(model, Tone::Waiting, Words::of(format!("{words} while the line was down")));
        }
    }
}

fn down(model: &mut Model, error: Error) {
    model.line = match &model.line {
        Line::Connecting(_) => Line::Connecting(Some(error)),
        Line::Stale { since, .. } => Line::Stale { since: *since, why: error },
        Line::CatchingUp { .. } | Line::Live => Line::Stale { since: model.hub_time(), why: error },
        Line::Refused(error) => Line::Refused(error.clone()),
        Line::Replay => Line::Replay,
    };
    model.presence = None;
    model.touch();
}

/// Takes in one fact, and what follows from it for the person.
fn fact(model: &mut Model, event: &Arc<Fact>, effects: &mut Vec<Effect>) {
    let order = model.sessions.len();
    let id = event.session.clone();
    let tracked = model.sessions.entry(id.clone()).or_insert_with(|| Tracked::new(id, order));
    if !tracked.take(Arc::clone(event)) {
        return;
    }
    if let Some(sheet) = &mut model.sheet {
        decide::take_vote(sheet, event);
    }
    if model.line.is_live() || model.line == Line::Replay {
        news(model, event, effects);
    } else if let (Body::HoldOpened(_), Some(away)) = (&event.body, &mut model.opened_away) {
        *away += 1;
    }
}

/// Tells about what happened elsewhere than where the person looks, and rings for a new hold.
fn news(model: &mut Model, event: &Fact, effects: &mut Vec<Effect>) {
    let on_sheet = |hold: &HoldId| model.sheet.as_ref().is_some_and(|sheet| sheet.hold == *hold);
    let mine = model.me.as_ref() == Some(&event.actor);
    match &event.body {
        Body::HoldOpened(opened) => {
            effects.push(Effect::Bell);
            let words = opened_words(model, event, &opened.hold);
            tell(model, Tone::Waiting, words);
        }
        Body::HoldClosed(closed) if !mine && !on_sheet(&closed.hold) => {
            let words = closed_words(model, event, closed);
            tell(model, Tone::Dim, words);
        }
        Body::StopRequested(_) => {
            model.stop_changed_ms.insert(event.session.clone(), model.now.mono_ms);
            if !mine {
                let words = Words::of("stop asked for ").theirs(&title(model, &event.session));
                tell(model, Tone::Waiting, by(words, event));
            }
        }
        Body::StopConfirmed(confirmed) => {
            let tone = if confirmed.dead == Some(false) { Tone::Harm } else { Tone::Good };
            tell(model, tone, Words::of("stop: ").theirs(&confirmed.what));
        }
        Body::ExecutionLost(lost) => {
            let words = Words::of("nobody can tell whether it ran: ").theirs(&lost.reason);
            tell(model, Tone::Harm, words);
        }
        Body::ExecutionRefused(refused) => {
            let words = Words::of("approved, but not started: ").theirs(&refused.reason);
            tell(model, Tone::Harm, words);
        }
        Body::HoldClosed(_)
        | Body::SessionOpened(_)
        | Body::AlertObserved(_)
        | Body::AlertChanged(_)
        | Body::AgentJoined(_)
        | Body::AgentLeft(_)
        | Body::MessageSaid(_)
        | Body::ToolCalled(_)
        | Body::ToolReturned(_)
        | Body::HypothesisStated(_)
        | Body::HypothesisRevised(_)
        | Body::EvidenceCited(_)
        | Body::ActionProposed(_)
        | Body::ActionRevised(_)
        | Body::ActionWithdrawn(_)
        | Body::ReviewMade(_)
        | Body::QuestionAsked(_)
        | Body::VoteCast(_)
        | Body::GrantIssued(_)
        | Body::GrantRedeemed(_)
        | Body::GrantRevoked(_)
        | Body::ExecutionStarted(_)
        | Body::ExecutionFinished(_)
        | Body::NoteAdded(_)
        | Body::SessionClosed(_)
        | Body::Unknown(_) => {}
    }
}

fn closed_words(model: &Model, event: &Fact, closed: &HoldClosed) -> Words {
    let number = model.hold(&event.session, &closed.hold).map_or(0, |hold| hold.number);
    let words = by(Words::of(closed.outcome.word()), event).ours(format!(": P{number} of "));
    words.theirs(&title(model, &event.session)).because(closed.reason.as_ref())
}

fn opened_words(model: &Model, event: &Fact, hold: &HoldId) -> Words {
    let Some(hold) = model.hold(&event.session, hold) else { return Words::of("a new hold waits") };
    let words = Words::of(format!("a new hold waits: P{} of ", hold.number));
    words.theirs(&title(model, &event.session))
}

fn title(model: &Model, session: &SessionId) -> crate::domain::Untrusted {
    model.session(session).map(|session| session.title.clone()).unwrap_or_default()
}
