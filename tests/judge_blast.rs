//! The labelled commands of `tests/corpus`, judged: accuracy by family, and no dangerous one low.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // a test may fail

#[path = "judge_blast/corpus.rs"]
mod corpus;
#[path = "judge_blast/properties.rs"]
mod properties;
