//! The client's connection against hubs that behave as no good hub would.
//! (What it does with a real hub is in `tests/hub.rs`.)
// The handshake's callback has a large error type which is not ours to choose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, clippy::result_large_err)]
// The names of a whole room are meant; a test's own names cannot collide with them unseen.
#![allow(clippy::wildcard_imports)]

#[path = "support/link_abuse.rs"]
mod abuse;
#[path = "support/link_hub.rs"]
mod hub;
#[path = "support/link_line.rs"]
mod line;
