//! What came of effects. An answer to something that is no longer asked changes nothing.

use crate::cockpit::event::Answer;
use crate::cockpit::model::{Blob, Model, Sheet, Step, StopWish, Words};
use crate::cockpit::style::Tone;
use crate::domain::{ClientKey, Result, Untrusted};
use crate::wire::{HoldDecideAnswer, RpcError};

use super::{decide, tell};

/// Payloads that are kept; the oldest go first.
const BLOBS_KEPT: usize = 8;

pub(super) fn answer(model: &mut Model, answer: Answer) {
    match answer {
        Answer::Decided { key, result } => {
            decided(model, &key, result);
            decide::keep_up(model);
        }
        Answer::Stopped { session, level, result } => {
            let Some((asked, wish)) = model.stops.get_mut(&session) else { return };
            if *asked != level {
                return;
            }
            *wish = match &result {
                Ok(()) => StopWish::Recorded,
                Err(error) => StopWish::Failed(error.to_string()),
            };
            model.stop_changed_ms.insert(session, model.now.mono_ms);
            if let Err(error) = result {
                tell(model, Tone::Harm, Words::of(format!("stop not confirmed: {error}")));
            }
            model.touch();
        }
        Answer::Recorded { what, result } => match result {
            Ok(()) => tell(model, Tone::Good, Words::of(format!("{what}: on record"))),
            Err(error) => tell(model, Tone::Harm, Words::of(format!("{what}: not on record: {error}"))),
        },
        Answer::Blob { sha256, result } => {
            if model.blobs.len() >= BLOBS_KEPT {
                model.blobs.retain(|digest, blob| *digest == sha256 || matches!(blob, Blob::Fetching));
            }
            let blob = match result {
                Ok(text) => Blob::Here(text),
                Err(error) => Blob::Missing(error.to_string()),
            };
            model.blobs.insert(sha256, blob);
            model.touch();
        }
    }
}

fn decided(
    model: &mut Model,
    key: &ClientKey,
    result: Result<std::result::Result<HoldDecideAnswer, RpcError>>,
) {
    let Some(sheet) = model.sheet.as_mut().filter(|sheet| sheet.sent().is_some_and(|sent| sent.key == *key))
    else {
        return late(model, result);
    };
    let Some(sent) = sheet.sent().cloned() else { return };
    sheet.step = match result {
        Ok(Ok(answer)) => Step::Acknowledged { outcome: answer.outcome, by: answer.by, at: answer.at },
        Ok(Err(refusal)) => Step::Refused(refused(&refusal)),
        Err(_) => Step::Unknown(sent),
    };
    model.touch();
}

/// The sheet was left, or its outcome was found in the record: only what nobody can see there is told.
fn late(model: &mut Model, result: Result<std::result::Result<HoldDecideAnswer, RpcError>>) {
    match result {
        Ok(Ok(answer)) => {
            if model.sheet.is_none() {
                let words = Words::of(format!("your verdict is on record: {}", answer.outcome.word()));
                tell(model, Tone::Good, words);
            }
        }
        Ok(Err(refusal)) => {
            if !model.sheet.as_ref().is_some_and(is_settled) {
                let Words(parts) = refused(&refusal);
                let mut words = Words::of("your verdict was not taken: ");
                words.0.extend(parts);
                tell(model, Tone::Harm, words);
            }
        }
        Err(error) => {
            let words = Words::of(format!("not known whether your verdict arrived: {}", error.message()));
            tell(model, Tone::Harm, words);
        }
    }
}

fn is_settled(sheet: &Sheet) -> bool {
    matches!(sheet.step, Step::Acknowledged { .. } | Step::Refused(_))
}

/// The hub's refusal; where somebody was first: winner, verdict and time.
fn refused(refusal: &RpcError) -> Words {
    let data = refusal.data.as_ref();
    if let Some(closed) = data.and_then(|data| data.closed.as_ref()) {
        return Words::of(format!("somebody was first: {} by ", closed.outcome.word()))
            .theirs(&closed.by.name)
            .ours(format!(" at {}Z", closed.at.clock()));
    }
    // The hub's words may quote outside text, so they count as such.
    let words = Words::of("the hub refused: ").theirs(&Untrusted::from(refusal.message.as_str()));
    match data.and_then(|data| data.hint.as_deref()) {
        Some(hint) => words.ours(" (").theirs(&Untrusted::from(hint)).ours(")"),
        None => words,
    }
}
