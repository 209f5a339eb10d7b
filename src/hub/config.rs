//! What an operator, or a test, can set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::Untrusted;
use crate::wire::limits;

/// How a hub is started.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the hub calls itself in `hello`.
    pub name: Untrusted,
    /// The data directory: record, credentials, socket. Made when it is not there, for its owner only.
    pub data: PathBuf,
    /// Also listen here, over TCP without TLS; port 0 picks a free one.
    pub listen: Option<SocketAddr>,
    /// The waiting times.
    pub timing: Timing,
}

impl Config {
    /// The defaults, with this data directory.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { name: "holdpoint".into(), data: data.into(), listen: None, timing: Timing::default() }
    }
}

/// The hub's waiting times. Only tests have a reason to change them.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// A ping is sent after this much silence.
    pub ping_after: Duration,
    /// A connection is dropped after this much silence, and when it takes nothing for as long.
    pub stale_after: Duration,
    /// Handshake and hello must be done within this.
    pub hello_within: Duration,
    /// How long a run may go without word and without its gate before it counts as lost.
    pub run_lost_after: Duration,
    /// Pause between attempts to write the record after one failed.
    pub retry_after: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping_after: Duration::from_millis(limits::PING_AFTER_MS),
            stale_after: Duration::from_millis(limits::STALE_AFTER_MS),
            hello_within: Duration::from_millis(limits::HELLO_WITHIN_MS),
            run_lost_after: Duration::from_millis(limits::RUN_LOST_AFTER_MS),
            retry_after: Duration::from_secs(1),
        }
    }
}
