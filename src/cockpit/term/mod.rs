//! The terminal itself: entering and leaving it whatever happens, one write a frame, and what is written beside cells.
//!
//! [`Screen`] owns the terminal while the cockpit runs and gives it back on every way out: return, error, panic,
//! signal, suspension. [`Keyboard`] reads it, [`Signals`] says what the system wants. [`Ink`] turns cells into bytes.
//!
//! What may reach the terminal: cells (whose outside text went through `view::safe_text`), and sequences made here.
//! Text for titles and notifications is reduced to printable ASCII; a copy travels as base64.
//!
//! Deliberately absent: asking the terminal anything (tmux answers for itself), the mouse (selecting text stays the
//! terminal's), key release events (tmux does not pass them on), and any decision about what is drawn.

mod ink;
mod keyboard;
mod osc;
mod screen;
mod signals;

pub use ink::Ink;
pub use keyboard::{Incoming, Keyboard};
pub use osc::Copied;
pub use screen::{Screen, guard_panics};
pub use signals::{Signal, Signals, ask_to_suspend};
