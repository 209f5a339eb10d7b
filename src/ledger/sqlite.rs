//! The record in one SQLite database.
//!
//! Write-ahead log with `synchronous=FULL`: a commit is on disk when it returns. One thread writes and commits what
//! has gathered as one group; a second one moves the log into the database, so that no commit waits for that; a small
//! pool reads pages beside them.
//!
//! Deliberately absent: any reading of an entry's JSON.

mod pool;
mod schema;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::{mpsc, oneshot};

use self::pool::Pool;
use self::writer::Job;
use super::{Entry, Ledger, PAGE_MAX_BYTES, PAGE_MAX_ENTRIES, Page, Pending, Piece, Scope};
use crate::domain::{ClientKey, Digest, Error, Kind, Result, SessionId};

/// Jobs that may wait for the writer.
const JOBS_WAITING_MAX: usize = 256;
/// Stored payloads are cut into rows of this many bytes.
const BLOB_ROW_BYTES: usize = 128 * 1024;

/// The record in a SQLite database.
#[derive(Debug)]
pub struct Sqlite {
    epoch: u64,
    fence: u64,
    jobs: mpsc::Sender<Job>,
    pool: Arc<Pool>,
}

impl Sqlite {
    /// Opens the database at `path`, makes it where there is none, and counts the opening.
    ///
    /// # Errors
    /// `Kind::Unavailable` when it cannot be opened, written, or belongs to a newer version.
    pub fn open(path: &Path) -> Result<Self> {
        let at = |e: Error| e.within(&format!("the record {}", path.display()));
        let mut connection = schema::open(path).map_err(at)?;
        let (epoch, fence) = schema::begin(&mut connection).map_err(at)?;
        let pool = Arc::new(Pool::new(path.to_owned()));
        let (jobs, inbox) = mpsc::channel(JOBS_WAITING_MAX);
        writer::spawn(connection, path, inbox).map_err(at)?;
        Ok(Self { epoch, fence, jobs, pool })
    }

    /// Allows the database at most this many pages of 4 KiB, as a full disk would. For tests and for hosts with a
    /// quota; 0 lifts the limit.
    ///
    /// # Errors
    /// `Kind::Unavailable` when the writer is gone.
    pub async fn limit_pages(&self, pages: u32) -> Result<()> {
        self.ask(|done| Job::Limit { pages, done }).await
    }

    async fn ask(&self, job: impl FnOnce(oneshot::Sender<Result<()>>) -> Job) -> Result<()> {
        let gone = || Error::new(Kind::Unavailable, "the record's writer has ended");
        let (done, answer) = oneshot::channel();
        self.jobs.send(job(done)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Ledger for Sqlite {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn fence(&self) -> u64 {
        self.fence
    }

    fn append(&self, entries: Arc<[Entry]>) -> Pending<'_, ()> {
        Box::pin(self.ask(|done| Job::Append { entries, done }))
    }

    fn page(&self, scope: Scope, after: u64) -> Pending<'_, Page> {
        Box::pin(self.pool.read(move |connection| page(connection, &scope, after)))
    }

    fn put_blob(&self, sha256: Digest, bytes: Vec<u8>) -> Pending<'_, ()> {
        Box::pin(self.ask(move |done| Job::Blob { sha256, bytes, done }))
    }

    fn blob(&self, sha256: Digest, offset: u64, max: usize) -> Pending<'_, Option<Piece>> {
        Box::pin(self.pool.read(move |connection| blob(connection, sha256, offset, max)))
    }
}

/// One page, read as of one moment.
fn page(connection: &mut Connection, scope: &Scope, after: u64) -> Result<Page> {
    let snapshot = connection.transaction().map_err(failed)?;
    let head: u64 = snapshot
        .query_row("SELECT coalesce(max(pos), 0) FROM event", [], |row| row.get(0))
        .map_err(failed)?;
    let mut entries = match scope {
        Scope::All => read(&snapshot, None, after)?,
        Scope::Sessions(sessions) => {
            let mut all = Vec::new();
            for session in sessions.iter() {
                all.append(&mut read(&snapshot, Some(session), after)?);
            }
            all.sort_unstable_by_key(|entry| entry.pos);
            all.dedup_by_key(|entry| entry.pos);
            all
        }
    };
    let whole = entries.len();
    entries.truncate(fitting(&entries));
    // Each session's stretch was cut at the same measures as the page, so whatever is within the page is complete.
    let cut = entries.len() < whole || whole >= PAGE_MAX_ENTRIES || bytes(&entries) >= PAGE_MAX_BYTES;
    let end = match entries.last() {
        Some(last) if cut => last.pos,
        Some(_) | None => head.max(after),
    };
    Ok(Page { entries, end })
}

/// Entries behind `after`, of one session or all, up to the measures of a page.
fn read(connection: &Connection, session: Option<&SessionId>, after: u64) -> Result<Vec<Entry>> {
    let mut statement = connection
        .prepare_cached(match session {
            None => "SELECT pos, session, key, json FROM event WHERE pos > ?1 ORDER BY pos",
            Some(_) => {
                "SELECT pos, session, key, json FROM event WHERE session = ?2 AND pos > ?1 ORDER BY pos"
            }
        })
        .map_err(failed)?;
    let mut rows = match session {
        None => statement.query([after]),
        Some(session) => statement.query(params![after, session.as_str()]),
    }
    .map_err(failed)?;
    let (mut entries, mut size) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(failed)? {
        let entry = entry(row)?;
        size += entry.json.len();
        entries.push(entry);
        if entries.len() >= PAGE_MAX_ENTRIES || size >= PAGE_MAX_BYTES {
            break;
        }
    }
    Ok(entries)
}

fn entry(row: &rusqlite::Row<'_>) -> Result<Entry> {
    let text = |index| row.get_ref(index).and_then(|value| Ok(value.as_str()?)).map_err(failed);
    let key = row.get::<_, Option<String>>(2).map_err(failed)?;
    Ok(Entry {
        pos: row.get(0).map_err(failed)?,
        session: SessionId::new(text(1)?)?,
        key: key.map(ClientKey::new).transpose()?,
        json: text(3)?.into(),
    })
}

/// How many entries from the first make a page.
fn fitting(entries: &[Entry]) -> usize {
    let mut size = 0;
    for (index, entry) in entries.iter().enumerate() {
        size += entry.json.len();
        if size >= PAGE_MAX_BYTES || index + 1 == PAGE_MAX_ENTRIES {
            return index + 1;
        }
    }
    entries.len()
}

fn bytes(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.json.len()).sum()
}

fn blob(connection: &mut Connection, sha256: Digest, offset: u64, max: usize) -> Result<Option<Piece>> {
    let name = sha256.to_string();
    let snapshot = connection.transaction().map_err(failed)?;
    let total: Option<u64> = snapshot
        .query_row("SELECT bytes FROM blob WHERE sha256 = ?1", [&name], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    let Some(total) = total else { return Ok(None) };
    let mut bytes = Vec::new();
    while bytes.len() < max && offset + (bytes.len() as u64) < total {
        let at = offset + bytes.len() as u64;
        let (row, skip) = (at / BLOB_ROW_BYTES as u64, (at % BLOB_ROW_BYTES as u64) as usize);
        let piece: Vec<u8> = snapshot
            .query_row("SELECT data FROM blob_row WHERE sha256 = ?1 AND row = ?2", params![name, row], |r| {
                r.get(0)
            })
            .map_err(failed)?;
        let rest = piece.get(skip..).unwrap_or_default();
        if rest.is_empty() {
            return Err(Error::new(Kind::Unavailable, "a stored payload is shorter than it should be"));
        }
        bytes.extend_from_slice(&rest[..rest.len().min(max - bytes.len())]);
    }
    Ok(Some(Piece { total, bytes }))
}

/// What SQLite said, as an error of ours.
#[allow(clippy::needless_pass_by_value)] // handed to `map_err`, which gives it by value
fn failed(error: rusqlite::Error) -> Error {
    let hint = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => "free some space; the hub goes on by itself as soon as it can",
        Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => {
            "make the data directory writable for the hub's account"
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            "keep the file for inspection, and start with another data directory or a backup"
        }
        Some(_) | None => "look at the disk that holds the data directory",
    };
    Error::new(Kind::Unavailable, format!("the record cannot be read or written: {error}")).hint(hint)
}

#[cfg(test)]
mod tests;
