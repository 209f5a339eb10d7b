//! What `kill -9` leaves behind: of the hub, the gate, the decider and the cockpit, at named points (feature
//! `failpoints`) and at random.
//!
//! Real processes are killed; afterwards the record, the effects in the world and what everybody was told are held
//! against each other (`crash_check`). `HOLDPOINT_SOAK=1` is the long form, `HOLDPOINT_SEED` repeats a run's choices
//! (not its timing), `HOLDPOINT_BIN` tries another build of the program. Each play prints
//! `crash: NAME: N kills of each kind, …`.
#![cfg(all(target_os = "linux", feature = "cockpit", feature = "hub"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// The names of a whole room are meant; a test's own names cannot collide with them unseen.
#![allow(clippy::wildcard_imports)]

#[path = "support/crash_check.rs"]
mod check;
#[path = "support/crash_cockpit.rs"]
mod cockpit;
#[path = "support/crash_controls.rs"]
mod controls;
#[path = "support/crash_lab.rs"]
mod lab;
#[path = "support/crash_people.rs"]
mod people;
#[path = "support/place.rs"]
#[allow(dead_code)]
mod place;
#[cfg(feature = "failpoints")]
#[path = "support/crash_points.rs"]
mod points;
#[path = "support/crash_random.rs"]
mod random;
#[path = "support/crash_stage.rs"]
mod stage;
