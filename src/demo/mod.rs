//! Floor 7: the demo. Two incidents of our own writing, played by agents that know only the wire.
//!
//! [`run`] sets the stage (a temporary directory, a hub of its own in it, harmless stand-ins for the programs), sends
//! the agents on it, and puts a person before it: the cockpit, or with `no_tui` a scripted approver. What happens is
//! in a [`script`], which is data; the answers are not: the agents really wait, the gate really runs what was
//! approved, and the summary is read back from the record.
//!
//! Deliberately absent: any short cut into the hub. [`Company`] plays against whatever hub its [`Cast`] names.

mod agent;
mod approver;
mod check;
mod clock;
mod facts;
mod hold;
mod lines;
mod play;
mod run;
pub mod script;
mod seat;
mod signal;
mod stage;

pub use clock::Pace;
pub use play::{Cast, Company};
pub use run::{Options, run};
pub use stage::Stage;
