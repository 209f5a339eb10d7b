//! Limits that both sides keep. Each is generous for honest use and small enough that nobody else suffers.

/// Largest WebSocket message and frame, in bytes.
pub const MESSAGE_MAX_BYTES: usize = 256 * 1024;
/// What may wait to be written to one connection, in bytes, before it is dropped as too slow.
pub const WRITE_BUFFER_MAX_BYTES: usize = 1024 * 1024;
/// Read buffer of one connection, in bytes.
pub const READ_BUFFER_BYTES: usize = 8 * 1024;
/// Payloads above this go as blobs, in bytes.
pub const INLINE_MAX_BYTES: usize = 64 * 1024;
/// Largest blob, in bytes.
pub const BLOB_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Largest piece of a blob in one call, in bytes before base64.
pub const BLOB_PIECE_MAX_BYTES: usize = 128 * 1024;
/// Events in one `session/publish`.
pub const PUBLISH_MAX_EVENTS: usize = 256;
/// A ping is sent after this much silence, in milliseconds.
pub const PING_AFTER_MS: u64 = 10_000;
/// A link is stale after this much silence, in milliseconds.
pub const STALE_AFTER_MS: u64 = 25_000;
/// A client must say hello within this time, in milliseconds.
pub const HELLO_WITHIN_MS: u64 = 10_000;
/// How long a hold stays open when the proposer does not say, in milliseconds.
pub const HOLD_TTL_MS: u64 = 30 * 60 * 1000;
/// The longest that a hold may stay open, in milliseconds.
pub const HOLD_TTL_MAX_MS: u64 = 24 * 60 * 60 * 1000;
/// Open holds of all sessions together; a session has a limit of its own.
pub const OPEN_HOLDS_MAX: usize = 4096;
/// How long a gate that redeemed may be silent before its run counts as lost, in milliseconds.
pub const RUN_LOST_AFTER_MS: u64 = 30_000;
