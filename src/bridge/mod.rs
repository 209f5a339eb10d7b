//! Floor 7: real agents, one folder each.
//!
//! A bridge attaches to an agent that somebody else runs, turns what it does into a session and what it asks into
//! holds, and carries the answers back in the agent's own words. It never answers by itself in the agent's favour:
//! what it does not understand, or cannot carry, stays unanswered or is declined.

pub mod codex;
