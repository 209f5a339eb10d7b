//! The data directory: for its owner only, used by one hub at a time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tokio::net::UnixListener;

use crate::domain::{Error, Kind, Result};
use crate::link::files;

/// The database.
const RECORD: &str = "record.db";
/// Held as long as a hub uses the directory.
const LOCK: &str = "hub.lock";
/// A credential that is being written.
const DRAFT: &str = "token.draft";
/// Random bytes in a credential.
const TOKEN_BYTES: usize = 32;
/// The shortest credential that is accepted, in characters.
const TOKEN_MIN_CHARS: usize = 32;
/// What a socket's path may have, in bytes: `sun_path` of Linux without its closing NUL.
const SOCKET_PATH_MAX_BYTES: usize = 107;

/// A data directory that is ours and that no other hub uses.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    /// Locked until it is dropped.
    _lock: File,
}

impl Home {
    /// Makes or checks the directory, and takes it.
    pub(super) fn take(path: &Path) -> Result<Self> {
        if path.exists() && !path.is_dir() {
            return Err(Error::invalid(format!("{} is not a directory", path.display()))
                .hint("the hub keeps its data in a directory; name one with --data DIR"));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| at(path, e.into()))?;
        check_private(path, "chmod 700")?;
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|e| at(&lock_path, e.into()))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            Error::new(Kind::Unavailable, format!("another hub uses {}", path.display()))
                .hint("use that one, stop it first, or give this one another directory with --data")
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where the record is.
    pub(super) fn record(&self) -> PathBuf {
        self.path.join(RECORD)
    }

    /// Where the socket is.
    pub(super) fn socket(&self) -> PathBuf {
        self.path.join(files::SOCKET)
    }

    /// Listens on the socket. What a dead hub left there is replaced: the lock says that it is dead.
    pub(super) fn listen(&self) -> Result<UnixListener> {
        let path = self.socket();
        let length = path.as_os_str().as_bytes().len();
        if length > SOCKET_PATH_MAX_BYTES {
            return Err(Error::invalid(format!(
                "the socket's path has {length} bytes, the system allows {SOCKET_PATH_MAX_BYTES}: {}",
                path.display()
            ))
            .hint("give the hub a data directory with a shorter path: --data DIR or HOLDPOINT_DATA"));
        }
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(at(&path, e.into())),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path).map_err(|e| at(&path, e.into()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Both credentials, `(agent, approver)`; made when they are not there yet.
    pub(super) fn tokens(&self) -> Result<(String, String)> {
        let agent = self.token(files::AGENT_TOKEN)?;
        let approver = self.token(files::APPROVER_TOKEN)?;
        if agent == approver {
            return Err(Error::invalid(format!(
                "{} and {} hold the same credential, so that every agent could decide",
                files::AGENT_TOKEN,
                files::APPROVER_TOKEN
            ))
            .hint("remove both files from the data directory; the hub makes new ones"));
        }
        Ok((agent, approver))
    }

    fn token(&self, name: &str) -> Result<String> {
        let path = self.path.join(name);
        if !path.try_exists().map_err(|e| at(&path, e.into()))? {
            self.write_token(&path).map_err(|e| at(&path, e))?;
        }
        check_private(&path, "chmod 600")?;
        let text = fs::read_to_string(&path).map_err(|e| at(&path, e.into()))?;
        let token = text.trim().to_owned();
        if token.len() < TOKEN_MIN_CHARS {
            return Err(Error::invalid(format!("the credential {} is too short", path.display()))
                .hint("remove the file; the hub makes a new one"));
        }
        Ok(token)
    }

    /// Writes a new credential; it is there whole or not at all.
    fn write_token(&self, path: &Path) -> Result<()> {
        let draft = self.path.join(DRAFT);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(format!("{}\n", new_token()?).as_bytes())?;
        file.sync_all()?;
        Ok(fs::rename(&draft, path)?)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A socket that nobody listens on would only delay the next client's error.
        let _ = fs::remove_file(self.socket());
    }
}

/// Whether nobody but our own account can reach it.
fn check_private(path: &Path, remedy: &str) -> Result<()> {
    let found = fs::metadata(path).map_err(|e| at(path, e.into()))?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::new(Kind::Forbidden, format!("{} belongs to another account", path.display()))
            .hint("start the hub as that account, or give it a data directory of its own with --data"));
    }
    if found.mode() & 0o077 != 0 {
        let mode = found.mode() & 0o777;
        return Err(Error::new(
            Kind::Forbidden,
            format!(
                "{} is open to other accounts (mode {mode:o}); whoever reads the credentials can decide",
                path.display()
            ),
        )
        .hint(format!("{remedy} {}", path.display())));
    }
    Ok(())
}

fn new_token() -> Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|e| Error::new(Kind::Internal, format!("no randomness: {e}")))?;
    Ok(bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")))
}

fn at(path: &Path, error: Error) -> Error {
    error.within(&path.display().to_string())
}
