//! Floor 6: the executor. It proposes an exact action, waits for a person, and runs exactly the approved one, once.
//!
//! [`run`] is the whole life of one action: compose it (`compose`, `env`, `resolve`, `pin` with `named` and `programs`), ask
//! (`ask`), use up the grant, look again at everything that was pinned (`recheck`, `witness`), spawn (`spawn`, and
//! `launch` in the new process), pass the output through (`output`), carry out a stop (`running`, `stop`, `family`), report (`report`), and say how it ended ([`Ending`]).
//!
//! The order is the point: the hub records that the grant is used *before* the process exists. Whoever dies between
//! the two leaves a run of which nobody can tell; it is never started again.
//!
//! Deliberately absent: any judgement of the action, any retry of a run, a shell (an argument vector is not a command
//! line), and a terminal for the command (it has a session of its own, and its standard input is `/dev/null` or part of
//! the action).

mod account;
mod ask;
mod compose;
mod ending;
mod env;
mod family;
mod launch;
mod life;
mod named;
mod output;
#[cfg(test)]
mod part;
mod pin;
mod programs;
mod recheck;
mod report;
mod request;
mod resolve;
mod running;
mod seat;
mod spawn;
mod stop;
mod witness;

pub use account::Account;
pub use ending::{End, Ending, Ran};
pub use env::{INHERITED, chosen};
pub use launch::launch;
pub use life::run;
pub use request::{Io, Progress, Request, Words, this_program};
