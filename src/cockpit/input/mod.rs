//! Keys to intents: [`Chord`] (one key), [`Keymap`] (which key means what, where), [`Action`] (what a person wants) and
//! [`Guard`] (stray keys never decide).
//!
//! Deliberately absent: reading the terminal, a clock, and what an action does.

mod action;
mod chord;
mod guard;
mod keymap;

pub use action::{Action, Context, Weight};
pub use chord::Chord;
pub use guard::{Guard, HELD_MS, Press, SETTLE_MS, Stray, TYPED_MS};
pub use keymap::{Hint, Keymap};
