//! The database's tables, and how a connection to it is set up.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::failed;
use crate::domain::{Error, Kind, Result};

/// Written into the database; a higher one was made by a newer version.
const VERSION: u32 = 1;
/// Marks the file as ours: "hold" in ASCII.
const APPLICATION_ID: u32 = 0x686f_6c64;

const TABLES: &str = "
    CREATE TABLE meta (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE event (
        pos INTEGER PRIMARY KEY,
        session TEXT NOT NULL,
        key TEXT,
        json TEXT NOT NULL
    ) STRICT;
    CREATE INDEX event_by_session ON event (session, pos);
    CREATE TABLE blob (
        sha256 TEXT PRIMARY KEY,
        bytes INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE blob_row (
        sha256 TEXT NOT NULL,
        row INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (sha256, row)
    ) STRICT;
";

/// Opens the database for writing; a new file is readable by its owner only.
pub(super) fn open(path: &Path) -> Result<Connection> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let connection = Connection::open(path).map_err(failed)?;
    prepare(&connection).map_err(failed)?;
    Ok(connection)
}

/// Opens the database for reading.
pub(super) fn open_to_read(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The checkpointer does it, off the path of a commit.
    connection.pragma_update(None, "wal_autocheckpoint", 0)
}

/// Makes the tables where there are none, and counts this opening: `(epoch, fence)`.
pub(super) fn begin(connection: &mut Connection) -> Result<(u64, u64)> {
    let change = connection.transaction().map_err(failed)?;
    let version: u32 = change.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    if version > VERSION {
        return Err(Error::new(
            Kind::Unavailable,
            format!("it has format {version}, this program knows up to {VERSION}"),
        )
        .hint("start the newer version of holdpoint that wrote it"));
    }
    if version == 0 {
        change.execute_batch(TABLES).map_err(failed)?;
        change.pragma_update(None, "user_version", VERSION).map_err(failed)?;
        change.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    }
    let stored = |name: &str| -> Result<Option<u64>> {
        let query = "SELECT value FROM meta WHERE name = ?1";
        change.query_row(query, [name], |row| row.get(0)).optional().map_err(failed)
    };
    let epoch = match stored("epoch")? {
        Some(epoch) => epoch,
        None => new_epoch()?,
    };
    let fence = stored("fence")?.unwrap_or(0) + 1;
    let keep = "INSERT INTO meta (name, value) VALUES ('epoch', ?1), ('fence', ?2)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    change.execute(keep, [epoch, fence]).map_err(failed)?;
    change.commit().map_err(failed)?;
    Ok((epoch, fence))
}

/// A random name for a new history; 53 bits, so that every JSON reader keeps it exactly.
fn new_epoch() -> Result<u64> {
    let random = getrandom::u64().map_err(|e| Error::new(Kind::Internal, format!("no randomness: {e}")))?;
    Ok((random >> 11).max(1))
}
