//! `holdpoint assess`: the judgement of the cockpit, in the shell and without a hub.

mod command;
mod evaluate;
mod recording;
mod shown;
mod topology;

use super::Done;
use super::args::Assess;

/// Judges what was asked for.
pub(super) fn run(wanted: &Assess, json: bool) -> Done {
    if let Some(file) = &wanted.evaluate {
        return evaluate::run(wanted, file, json);
    }
    match &wanted.recording {
        Some(file) => recording::run(wanted, file, json),
        None => command::run(wanted, json),
    }
}
