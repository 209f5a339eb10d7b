//! Floor 7: the terminal.
//!
//! The pure core is `event` → `update` → `effect` over one `model`; `view` draws the model; `run` is the only place
//! that waits, reads the terminal and the link, and carries effects out.
//!
//! Deliberately absent: facts of its own (they are the session's fold), second opinions (the judge's), and any default
//! choice.

pub mod effect;
pub mod event;
pub mod input;
pub mod model;
pub mod picture;
pub mod run;
pub mod style;
pub mod term;
pub mod update;
pub mod view;

pub use update::update;
