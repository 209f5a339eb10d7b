//! What is known about the systems that actions touch: services, who calls whom, what runs where.
//!
//! Deliberately absent: files and clocks. Whoever loads a world says from what and how old it is.

mod topology;

pub use topology::{Edge, EdgeKind, Topology};

/// Everything known at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// Who depends on whom.
    pub topology: Topology,
}
