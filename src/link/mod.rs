//! Floor 5: the client's connection to a hub.
//!
//! [`Link::connect`] starts a task that dials, signs in, keeps the line alive, dials again with growing pauses and
//! resumes the subscription where it stood. Calls go through [`Link`]; what comes unasked arrives as [`Notice`]s.
//!
//! Deliberately absent: what the events mean (that is the session's fold) and any decision to repeat something that
//! a person did: [`Link::call_once`] reports an unknown outcome, it never sends twice.

mod client;
mod dial;
pub mod files;
mod target;

pub use client::{Link, Notice};
pub use target::{Credential, Target};
