//! The thread that writes, and the one that tidies behind it.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc as blocking;
use std::thread;

use rusqlite::{Connection, Transaction, params};
use tokio::sync::{mpsc, oneshot};

use super::{BLOB_ROW_BYTES, failed, schema};
use crate::domain::{Digest, Result};
use crate::ledger::Entry;

/// Jobs that one commit may carry.
const GROUP_MAX: usize = 128;
/// The log is moved into the database whenever about this much was written.
const CHECKPOINT_EVERY_BYTES: usize = 4 * 1024 * 1024;
/// SQLite's own limit of pages, which is what "no limit" means.
const PAGES_UNLIMITED: u32 = 4_294_967_294;

/// What is asked of the writer.
pub(super) enum Job {
    /// Append all or none.
    Append { entries: Arc<[Entry]>, done: oneshot::Sender<Result<()>> },
    /// Store a payload.
    Blob { sha256: Digest, bytes: Vec<u8>, done: oneshot::Sender<Result<()>> },
    /// Let the database have at most so many pages; 0 for no limit.
    Limit { pages: u32, done: oneshot::Sender<Result<()>> },
}

/// Starts both threads; they end when the last sender of jobs is gone.
pub(super) fn spawn(connection: Connection, path: &Path, inbox: mpsc::Receiver<Job>) -> Result<()> {
    let tidying = schema::open(path)?;
    let (wake, asleep) = blocking::sync_channel::<()>(1);
    thread::Builder::new().name("ledger-checkpoint".into()).spawn(move || {
        while asleep.recv().is_ok() {
            if let Err(error) = tidying.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
                tracing::warn!(%error, "the record's log could not be moved into the database; it will be tried again");
            }
        }
    })?;
    thread::Builder::new().name("ledger-write".into()).spawn(move || write(connection, inbox, &wake))?;
    Ok(())
}

fn write(mut connection: Connection, mut inbox: mpsc::Receiver<Job>, wake: &blocking::SyncSender<()>) {
    let mut written = 0;
    while let Some(first) = inbox.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(next) = inbox.try_recv()
        {
            group.push(next);
        }
        written += group.iter().map(Job::bytes).sum::<usize>();
        commit(&mut connection, group);
        // A full channel means that the tidier is about to look anyway.
        if written >= CHECKPOINT_EVERY_BYTES && wake.try_send(()).is_ok() {
            written = 0;
        }
    }
}

/// Commits a group as one; where that fails, each job on its own, so that none suffers for another.
fn commit(connection: &mut Connection, group: Vec<Job>) {
    match together(connection, &group) {
        Err(_) if group.len() > 1 => {
            for job in group {
                let outcome = together(connection, std::slice::from_ref(&job));
                job.answer(outcome);
            }
        }
        outcome => group.into_iter().for_each(|job| job.answer(outcome.clone())),
    }
}

fn together(connection: &mut Connection, jobs: &[Job]) -> Result<()> {
    for job in jobs {
        if let Job::Limit { pages, .. } = job {
            let pages = if *pages == 0 { PAGES_UNLIMITED } else { *pages };
            connection.pragma_update(None, "max_page_count", pages).map_err(failed)?;
        }
    }
    let change = connection.transaction().map_err(failed)?;
    for job in jobs {
        match job {
            Job::Append { entries, .. } => append(&change, entries)?,
            Job::Blob { sha256, bytes, .. } => store(&change, *sha256, bytes)?,
            Job::Limit { .. } => {}
        }
    }
    change.commit().map_err(failed)
}

fn append(change: &Transaction<'_>, entries: &[Entry]) -> Result<()> {
    let mut insert = change
        .prepare_cached("INSERT INTO event (pos, session, key, json) VALUES (?1, ?2, ?3, ?4)")
        .map_err(failed)?;
    for Entry { pos, session, key, json } in entries {
        let key = key.as_ref().map(crate::domain::ClientKey::as_str);
        insert.execute(params![pos, session.as_str(), key, &**json]).map_err(failed)?;
    }
    Ok(())
}

fn store(change: &Transaction<'_>, sha256: Digest, bytes: &[u8]) -> Result<()> {
    let name = sha256.to_string();
    let new = change
        .execute("INSERT OR IGNORE INTO blob (sha256, bytes) VALUES (?1, ?2)", params![name, bytes.len()])
        .map_err(failed)?;
    if new == 0 {
        return Ok(());
    }
    let mut insert = change
        .prepare_cached("INSERT INTO blob_row (sha256, row, data) VALUES (?1, ?2, ?3)")
        .map_err(failed)?;
    for (row, data) in bytes.chunks(BLOB_ROW_BYTES).enumerate() {
        insert.execute(params![name, row, data]).map_err(failed)?;
    }
    Ok(())
}

impl Job {
    fn bytes(&self) -> usize {
        match self {
            Self::Append { entries, .. } => entries.iter().map(|entry| entry.json.len()).sum(),
            Self::Blob { bytes, .. } => bytes.len(),
            Self::Limit { .. } => 0,
        }
    }

    /// Tells whoever asked; that they no longer listen changes nothing.
    fn answer(self, outcome: Result<()>) {
        let (Self::Append { done, .. } | Self::Blob { done, .. } | Self::Limit { done, .. }) = self;
        let _ = done.send(outcome);
    }
}
