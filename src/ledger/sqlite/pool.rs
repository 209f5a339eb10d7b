//! Connections that read, a few at a time, on the runtime's blocking threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::schema;
use crate::domain::{Error, Kind, Result};

/// Readers at the same time.
const READERS: usize = 4;

/// Idle reading connections, and how many may be out.
#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Pool {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, turns: Arc::new(Semaphore::new(READERS)), idle: Arc::default() }
    }

    /// Runs one reading. A connection whose reading failed is closed, not used again.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let gone = |_| Error::new(Kind::Unavailable, "the record is closed");
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(gone)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match kept {
                Some(connection) => connection,
                None => schema::open_to_read(&path)?,
            };
            let found = reading(&mut connection)?;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(found)
        });
        work.await.map_err(|e| Error::new(Kind::Internal, format!("reading the record broke off: {e}")))?
    }
}
