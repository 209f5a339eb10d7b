//! The cockpit from outside: keys and facts in, effects and glass out.
// A test looks for one effect among many; a new one is none of its business.
#![allow(clippy::wildcard_enum_match_arm)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/scene.rs"]
mod scene;

#[path = "cockpit/approve.rs"]
mod approve;
#[path = "cockpit/course.rs"]
mod course;
#[path = "cockpit/lock.rs"]
mod lock;
#[path = "cockpit/random.rs"]
mod random;
#[path = "cockpit/screen.rs"]
mod screen;
#[path = "cockpit/sheet.rs"]
mod sheet;
#[path = "cockpit/stop.rs"]
mod stop;
