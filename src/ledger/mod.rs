//! Floor 5: the durable, append-only record.
//!
//! [`Ledger`] is everything that the hub asks of storage; [`Sqlite`] is the one that is built in (feature `hub`).
//! [`recording`] is the record as a file of lines: for export, replay and tests.
//!
//! Deliberately absent: what an event means. Entries go in and come out as the text that crosses the wire, so that
//! reading history never parses it.

pub mod recording;
#[cfg(feature = "hub")]
mod sqlite;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

#[cfg(feature = "hub")]
pub use sqlite::Sqlite;

use crate::domain::{ClientKey, Digest, Result, SessionId};

/// A page ends behind this many entries …
pub const PAGE_MAX_ENTRIES: usize = 1024;
/// … or with the entry that reaches this many bytes of text.
pub const PAGE_MAX_BYTES: usize = 192 * 1024;

/// One event as it stands in the record. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Position in the whole record: 1, 2, 3 …
    pub pos: u64,
    /// Which session.
    pub session: SessionId,
    /// The client's idempotency key, where the event came with one.
    pub key: Option<ClientKey>,
    /// The event, as JSON on one line.
    pub json: Arc<str>,
}

/// A stretch of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Entries in the record's order.
    pub entries: Vec<Entry>,
    /// The position up to which the page is complete: there is no further entry of its scope up to there.
    pub end: u64,
}

/// Which entries to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every session.
    All,
    /// Only these.
    Sessions(Arc<[SessionId]>),
}

impl Scope {
    /// Whether an entry of this session belongs to it.
    #[must_use]
    pub fn covers(&self, session: &SessionId) -> bool {
        match self {
            Self::All => true,
            Self::Sessions(sessions) => sessions.contains(session),
        }
    }
}

/// A piece of a stored payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the whole payload.
    pub total: u64,
    /// The piece; empty at the end.
    pub bytes: Vec<u8>,
}

/// An answer of the ledger that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Durable storage of one record.
///
/// Every failure is `Kind::Unavailable` and means that nothing of the call was stored.
pub trait Ledger: Send + Sync + 'static {
    /// Names the history; made at random with it.
    fn epoch(&self) -> u64;

    /// Names this opening of the record: one more than the last time.
    fn fence(&self) -> u64;

    /// Appends all of these or none; when it answers `Ok`, they survive a power cut.
    fn append(&self, entries: Arc<[Entry]>) -> Pending<'_, ()>;

    /// Reads on behind a position.
    fn page(&self, scope: Scope, after: u64) -> Pending<'_, Page>;

    /// Stores a payload; its digest was checked by the caller.
    fn put_blob(&self, sha256: Digest, bytes: Vec<u8>) -> Pending<'_, ()>;

    /// Reads a piece of a payload of at most `max` bytes; `None` when it is not stored.
    fn blob(&self, sha256: Digest, offset: u64, max: usize) -> Pending<'_, Option<Piece>>;
}
