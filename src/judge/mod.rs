//! Floor 3: second opinions. Pure, local, explainable: each answer is a word, a figure and a sentence.
//!
//! [`blast`] says what an action would touch, [`grounding`] whether a citation stands in the output it names, [`watch`]
//! whether the evidence that an investigation has gathered speaks for what it says. All are rebuilt alike in hub,
//! cockpit, replay and tests, from the same events.
//!
//! Deliberately absent: I/O, a clock, models, and any use of what an agent claims about itself in a computed figure.

pub mod blast;
pub mod grounding;
pub mod watch;
pub mod world;
