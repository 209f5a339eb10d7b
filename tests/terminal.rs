//! The real binary in a real terminal, with a real hub and real gates behind it.
//!
//! What needs tmux is ignored here and run by `.ci/run` (`cargo test --test terminal -- --include-ignored`). A build with
//! failpoints (`--features failpoints`) shows what the cases of stray keys prove: without the guard they decide.
#![cfg(all(feature = "cockpit", feature = "hub"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "terminal/demo.rs"]
mod demo;
#[path = "terminal/hands.rs"]
mod hands;
#[path = "terminal/hostile.rs"]
mod hostile;
#[path = "support/hub_lab.rs"]
#[allow(dead_code)]
mod hub_lab;
#[path = "support/lab.rs"]
mod lab;
#[path = "terminal/lifecycle.rs"]
mod lifecycle;
#[path = "terminal/matrix.rs"]
mod matrix;
#[path = "support/place.rs"]
#[allow(dead_code)]
mod place;
#[path = "terminal/replay.rs"]
mod replay;
#[path = "terminal/stray_keys.rs"]
mod stray_keys;
