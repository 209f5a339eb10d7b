//! The names under which a hub leaves what its clients need, in its data directory.

/// The Unix socket.
pub const SOCKET: &str = "hub.sock";
/// The credential of agents and gates.
pub const AGENT_TOKEN: &str = "agent.token";
/// The credential of people.
pub const APPROVER_TOKEN: &str = "approver.token";
