//! Codex: attaches to a running `codex app-server --listen ws://…` as one more of its clients.
//!
//! ```text
//! Codex ──rpc──► attach ──► thread (pure) ──► actor ──► clerk ──► desk ──► hub
//!                  ▲                                                │
//!                  └────────── answers, steering, stops ◄───────────┘
//! ```
//!
//! Every thread becomes a session, every approval that Codex waits for a hold, and the answers go back in Codex' own
//! words. What is approved is *released to the agent*: Codex runs it itself, and neither exactness nor once is
//! enforced. `docs/bridges.md` tells what each message becomes and what was measured.
//!
//! Deliberately absent: starting Codex, changing its settings, and any answer in its favour that no person gave.

mod actor;
mod adopt;
mod approval;
mod asks;
mod attach;
mod clerk;
mod desk;
mod item;
mod process;
mod rpc;
mod stop;
mod thread;
mod translate;
mod unasked;
mod wire;

pub use attach::{Bridge, run};
pub use rpc::Server;
