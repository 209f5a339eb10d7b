//! `update(&mut Model, Event) -> Vec<Effect>`: the only way in which the cockpit changes.
//!
//! Pure: no clock, no I/O, no randomness. A stale arrival (an answer to something that is no longer asked) is ignored.

mod answers;
mod browse;
mod decide;
mod facts;
mod keys;
mod settle;

use crate::session::Event as Fact;

pub(crate) use keys::context;

use super::effect::Effect;
use super::event::{Event, What};
use super::model::{Model, News, Words};
use super::style::Tone;

/// Takes in one event; answers with what has to be done outside.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    model.now = event.at;
    let before = settle::face(model);
    match event.what {
        What::Key(key) => keys::key(model, key, &mut effects),
        What::Paste(text) => keys::paste(model, &text),
        What::Resize(columns, rows) => {
            model.size = (columns, rows);
            decide::disarm(model);
            model.touch();
        }
        What::Notice(notice) => facts::notice(model, notice, &mut effects),
        What::Replayed(events) => facts::replayed(model, events),
        What::Answer(answer) => answers::answer(model, answer),
        What::Wake => {
            model.wake_at = None;
            model.touch();
        }
        What::Painted(painted) => settle::painted(model, &painted),
        What::Resumed => {
            decide::disarm(model);
            model.touch();
        }
    }
    settle::settle(model, &mut effects);
    if settle::face(model) != before {
        model.guard.changed(model.now.mono_ms);
    }
    effects
}

/// Adds a line about what happened.
fn tell(model: &mut Model, tone: Tone, words: Words) {
    let at = model.hub_time();
    model.news.tell(News { at, tone, words });
    model.touch();
}

/// A name as a part of a sentence: ours for the hub, theirs for everybody else.
fn by(words: Words, fact: &Fact) -> Words {
    words.ours(" by ").theirs(&fact.actor.name)
}
