//! Floor 6: the executor. It proposes an exact action, waits for a person, and runs exactly the approved one, once.
//!
//! [`run`] is the whole life of one action: compose it (`compose`, `env`, `resolve`, `pin`), ask (`ask`), use up the
//! grant, look again at everything that was pinned (`recheck`), spawn (`spawn`), pass the output through (`output`),
//! carry out a stop (`running`, `stop`, `family`), report (`report`), and say how it ended ([`Ending`]).
//!
//! The order is the point: the hub records that the grant is used *before* the process exists. Whoever dies between
//! the two leaves a run of which nobody can tell; it is never started again.
//!
//! Deliberately absent: any judgement of the action, any retry of a run, a shell (an argument vector is not a command
//! line), and a terminal for the command (its standard input is `/dev/null` or part of the action).

mod account;
mod ask;
mod compose;
mod ending;
mod env;
mod family;
mod life;
mod output;
#[cfg(test)]
mod part;
mod pin;
mod recheck;
mod report;
mod request;
mod resolve;
mod running;
mod seat;
mod spawn;
mod stop;

pub use account::Account;
pub use ending::{End, Ending, Ran};
pub use env::{INHERITED, chosen};
pub use life::run;
pub use request::{Io, Progress, Request, Words};
