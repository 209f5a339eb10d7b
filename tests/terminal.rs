//! The real binary in a real terminal, with a real hub and real gates behind it.
#![cfg(all(feature = "cockpit", feature = "hub"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "terminal/hostile.rs"]
mod hostile;
#[path = "support/hub_lab.rs"]
#[allow(dead_code)]
mod hub_lab;
#[path = "support/lab.rs"]
mod lab;
#[path = "terminal/lifecycle.rs"]
mod lifecycle;
#[path = "support/place.rs"]
mod place;
#[path = "terminal/stray_keys.rs"]
mod stray_keys;
