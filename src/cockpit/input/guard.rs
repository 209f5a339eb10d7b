//! Stray keys never decide.
//!
//! A pure machine: it is told of every key, every paste and every change of the sheet, with the time of each, and says
//! whether a key that would decide counts. What it cannot do is know what a key is for (the keymap's) or what changed
//! (the model's). It does not rely on key releases, which tmux does not pass on.

use crokey::crossterm::event::{KeyEvent, KeyEventKind};

use super::{Chord, Weight};

/// Nothing decides for this long after the sheet changed (milliseconds).
pub const SETTLE_MS: u64 = 400;
/// Keys closer together than this were not typed by a person (milliseconds).
pub const TYPED_MS: u64 = 30;
/// The same key again within this time is the same press, still held (milliseconds): longer than the delay before a
/// keyboard's first repeat.
pub const HELD_MS: u64 = 700;

/// Why a key did not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// The sheet changed just before.
    Unsettled,
    /// It came with others, faster than anyone types.
    Burst,
    /// It repeats a key that is still held.
    Held,
}

impl Stray {
    /// What to tell the person.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Unsettled => "that key came too soon after a change: read, wait a moment, press again",
            Self::Burst => "those keys came faster than anyone types, as from a paste: press again",
            Self::Held => "that key is still held: release it, wait a moment, press again",
        }
    }
}

/// A key with how it came.
#[derive(Clone, Copy, Debug)]
pub struct Press {
    /// The key.
    pub key: KeyEvent,
    /// When it was read: milliseconds of a clock that never goes back.
    pub at_ms: u64,
    /// Whether it was read together with other keys, as one piece: a paste, or keys typed ahead.
    pub together: bool,
}

/// What it remembers of the keys so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    changed_ms: Option<u64>,
    input_ms: Option<u64>,
    last: Option<Last>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Last {
    chord: Chord,
    at_ms: u64,
    /// Whether this press, held since, had its effect.
    counted: bool,
}

impl Guard {
    /// The sheet was opened, revised, resized, or any of its lines but the countdown changed.
    pub fn changed(&mut self, now_ms: u64) {
        self.changed_ms = Some(now_ms);
    }

    /// Text was pasted. It decides nothing by itself, and a key right behind it came with it.
    pub fn pasted(&mut self, now_ms: u64) {
        self.input_ms = Some(now_ms);
        self.last = None;
    }

    /// Takes note of a key and says whether it counts. To be asked about *every* key that arrives, whatever it means
    /// and whichever view has it: a key held across views stays held.
    pub fn judge(&mut self, press: Press, weight: Weight) -> Result<(), Stray> {
        if press.key.kind == KeyEventKind::Release {
            return Ok(());
        }
        let now = press.at_ms;
        let chord = Chord::of(&press.key);
        let within = |then: Option<u64>, span: u64| then.is_some_and(|then| now.saturating_sub(then) < span);

        let before =
            self.last.as_ref().filter(|last| last.chord == chord && within(Some(last.at_ms), HELD_MS));
        let held = press.key.kind == KeyEventKind::Repeat || before.is_some();
        let counted_before = before.is_some_and(|last| last.counted);
        let burst = press.together || within(self.input_ms, TYPED_MS);

        let verdict = match weight {
            // A stop that was not counted yet is never taken for a repeat of itself.
            Weight::Stop if held && (counted_before || press.key.kind == KeyEventKind::Repeat) => {
                Err(Stray::Held)
            }
            Weight::Deciding if held => Err(Stray::Held),
            Weight::Stop | Weight::Deciding if burst => Err(Stray::Burst),
            Weight::Deciding if within(self.changed_ms, SETTLE_MS) => Err(Stray::Unsettled),
            Weight::Light | Weight::Stop | Weight::Deciding => Ok(()),
        };
        self.input_ms = Some(now);
        self.last = Some(Last { chord, at_ms: now, counted: counted_before || verdict.is_ok() });
        verdict
    }
}

#[cfg(test)]
mod tests;
