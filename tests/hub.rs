//! The hub over real sockets, with the client that everything else uses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// The names of a whole room are meant; a test's own names cannot collide with them unseen.
#![allow(clippy::wildcard_imports)]

#[path = "support/hub_lab.rs"]
mod lab;
#[path = "support/hub_race.rs"]
mod race;
#[path = "support/hub_raw.rs"]
mod raw;
#[path = "support/hub_resume.rs"]
mod resume;
#[path = "support/hub_rules.rs"]
mod rules;
#[path = "support/hub_transport.rs"]
mod transport;
#[path = "support/hub_trouble.rs"]
mod trouble;
