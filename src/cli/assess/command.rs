//! What a command would touch.

use crate::cli::Done;
use crate::cli::args::Assess;
use crate::domain::{Error, Kind};

/// Judges it.
pub(super) fn run(_wanted: &Assess, _json: bool) -> Done {
    Err(Error::new(Kind::Unavailable, "not built yet").into())
}
