//! Holdpoint: an agent's action waits at a hold point until a named person signs; then exactly those bytes run, once.
//!
//! The map of the house, lowest floor first. A room imports only from rooms below it (`tests/house.rs` holds this).
//!
//! | room | floor | what |
//! |---|---|---|
//! | [`domain`] | 1 | the nouns: alert, hypothesis, evidence, action, verdict, outcome, digest, outside text |
//! | [`session`] | 2 | events, the one fold, the hold's state machine, commands |
//! | [`judge`] | 3 | second opinions: what an action touches, what the evidence supports |
//! | [`wire`] | 4 | calls, frames, limits; the protocol reference is made from them |
//! | [`ledger`] | 5 | the durable record and the recording file |
//! | [`link`] | 5 | the client's connection |
//! | [`hub`] | 6 | authenticate, sequence, record, fan out |
//! | [`gate`] | 6 | proposes an exact action, runs exactly the approved one, reports |
//! | [`bridge`] | 7 | real agents |
//! | [`cockpit`] | 7 | the terminal |
//! | [`demo`] | 7 | two incidents, played by agents that know only the wire |
//! | [`cli`] | 8 | one file a subcommand |
//!
//! What holds everywhere: nothing is acknowledged before it is durable; a hold has one outcome; a grant is used once;
//! the actor comes from the connection; outside text ([`domain::Untrusted`]) reaches a terminal only through the
//! cockpit's `safe_text`.
//!
//! Hub and cockpit do not use the second opinions of floor 3 yet (`holdpoint assess` does); policy and signatures are not
//! built. Until then the sheet says "not computed".

pub mod bridge;
pub mod cli;
#[cfg(feature = "cockpit")]
pub mod cockpit;
#[cfg(all(feature = "cockpit", feature = "hub"))]
pub mod demo;
pub mod domain;
pub mod gate;
#[cfg(feature = "hub")]
pub mod hub;
pub mod judge;
pub mod ledger;
pub mod link;
pub mod session;
pub mod wire;
