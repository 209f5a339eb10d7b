//! Payloads that are too large for an event: put together piece by piece, stored whole.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::publish::Published;
use super::request::Answer;
use crate::domain::{Digest, Error, Hasher, Kind, Result};
use crate::ledger::Ledger;
use crate::wire::{BlobGetAnswer, BlobGetParams, BlobPutAnswer, BlobPutParams, limits};

/// What all unfinished payloads together may have, in KiB.
const STAGING_MAX_KIB: usize = 256 * 1024;

/// Memory for payloads that are not whole yet, for all connections together.
pub(super) struct Staging {
    kib: Arc<Semaphore>,
}

impl Staging {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { kib: Arc::new(Semaphore::new(STAGING_MAX_KIB)) })
    }
}

/// A payload that is not whole yet; a connection has at most one.
pub(super) struct Upload {
    sha256: Digest,
    total: u64,
    bytes: Vec<u8>,
    hasher: Hasher,
    _room: OwnedSemaphorePermit,
}

/// Takes a piece. The last one makes the payload durable before it is answered.
pub(super) async fn put(
    staging: &Staging,
    ledger: &dyn Ledger,
    upload: &mut Option<Upload>,
    params: BlobPutParams,
) -> Result<Answer> {
    let BlobPutParams { sha256, bytes: total, offset, piece } = params;
    let stored = |stored, complete| Ok(Answer::BlobPut(BlobPutAnswer { stored, complete }));
    if let Some(there) = ledger.blob(sha256, 0, 0).await? {
        return stored(there.total, true);
    }
    if total > limits::BLOB_MAX_BYTES as u64 {
        return Err(Error::new(
            Kind::TooLarge,
            format!("a payload of {total} bytes; at most {} are kept", limits::BLOB_MAX_BYTES),
        )
        .hint("publish its most telling part, marked as truncated"));
    }
    let piece = STANDARD.decode(piece).map_err(|_| Error::invalid("the piece is not valid base64"))?;
    if piece.len() > limits::BLOB_PIECE_MAX_BYTES {
        return Err(Error::new(
            Kind::TooLarge,
            format!("a piece of {} bytes; at most {}", piece.len(), limits::BLOB_PIECE_MAX_BYTES),
        ));
    }
    if offset == 0 {
        *upload = Some(begin(staging, sha256, total)?);
    }
    let Some(current) = upload.as_mut().filter(|u| u.sha256 == sha256 && u.total == total) else {
        return Err(Error::new(Kind::Conflict, "this connection has no such payload under way")
            .hint("begin again at offset 0"));
    };
    let have = current.bytes.len() as u64;
    if offset != have || have + piece.len() as u64 > total {
        return Err(Error::new(
            Kind::Conflict,
            format!("the next piece begins at {have} of {total}, not at {offset}"),
        ));
    }
    current.hasher.update(&piece);
    current.bytes.extend_from_slice(&piece);
    let have = have + piece.len() as u64;
    if have < total {
        return stored(have, false);
    }
    let Some(whole) = upload.take() else { return stored(have, false) };
    if whole.hasher.finish() != sha256 {
        return Err(Error::invalid(
            "the payload is whole, but its digest is another one; nothing was stored",
        )
        .hint("digest exactly the bytes that are sent, then begin again at offset 0"));
    }
    ledger.put_blob(sha256, whole.bytes).await?;
    stored(total, true)
}

fn begin(staging: &Staging, sha256: Digest, total: u64) -> Result<Upload> {
    let kib = (total / 1024 + 1) as u32;
    let room = Arc::clone(&staging.kib).try_acquire_many_owned(kib).map_err(|_| {
        Error::new(Kind::Unavailable, "too many payloads are under way at once").hint("try again in a moment")
    })?;
    Ok(Upload { sha256, total, bytes: Vec::new(), hasher: Hasher::default(), _room: room })
}

/// Reads a piece.
pub(super) async fn get(ledger: &dyn Ledger, params: BlobGetParams) -> Result<Answer> {
    let BlobGetParams { sha256, offset } = params;
    let piece = ledger.blob(sha256, offset, limits::BLOB_PIECE_MAX_BYTES).await?;
    let piece = piece.ok_or_else(|| missing(sha256))?;
    Ok(Answer::BlobGet(BlobGetAnswer { bytes: piece.total, piece: STANDARD.encode(piece.bytes) }))
}

/// Whether everything that events refer to is stored.
pub(super) async fn check(ledger: &dyn Ledger, published: &Published) -> Result<()> {
    for (sha256, bytes) in published.blobs() {
        let piece = ledger.blob(sha256, 0, 0).await?.ok_or_else(|| missing(sha256))?;
        if piece.total != bytes {
            return Err(Error::invalid(format!(
                "the payload {sha256} has {} bytes, not {bytes}",
                piece.total
            )));
        }
    }
    Ok(())
}

fn missing(sha256: Digest) -> Error {
    Error::new(Kind::NotFound, format!("no payload {sha256} is stored")).hint("store it with blob/put first")
}
