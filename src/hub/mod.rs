//! Floor 6: the server between agents and approvers: authenticate, put in order, record, fan out.
//!
//! ```text
//! sockets ─accept─► connection ─┬─ requests ─► core ─► ledger (durable) ─► fan ─► outbox ─► sockets
//!                               └─ stops ────►  ↑ one task decides           (live, or pages of the ledger)
//! ```
//!
//! Everything that anybody does passes the core, one wish at a time; nothing is answered or sent on before it is
//! durable; whoever reads slowly reads from the ledger and delays nobody.
//!
//! Deliberately absent: judgement of actions, policy, and running anything.

mod accept;
mod auth;
mod blobs;
mod config;
mod connection;
mod core;
mod home;
mod live;
mod outbox;
mod presence;
mod publish;
mod request;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use config::{Config, Timing};

use self::accept::Listener;
use self::auth::Auth;
use self::blobs::Staging;
use self::connection::Context;
use self::core::{Core, Inbox};
use self::home::Home;
use self::presence::Attendance;
use crate::domain::Result;
use crate::ledger::{Ledger, Sqlite};
use crate::link::Target;

/// Wishes that may wait for the core.
const REQUESTS_WAITING_MAX: usize = 1024;
/// Stops that may wait for the core, beside all others.
const STOPS_WAITING_MAX: usize = 64;

/// A running hub. It stops when this is dropped; [`Hub::stop`] also waits until it has.
#[derive(Debug)]
pub struct Hub {
    unix: Target,
    tcp: Option<Target>,
    over: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Hub {
    /// Opens the data directory's record and begins to serve.
    ///
    /// # Errors
    /// When the directory is open to others or used by another hub, the record cannot be read or written, or an
    /// address cannot be listened on; each says what to do.
    pub async fn start(config: Config) -> Result<Self> {
        let home = Home::take(&config.data)?;
        let path = home.record();
        let ledger = tokio::task::spawn_blocking(move || Sqlite::open(&path))
            .await
            .map_err(std::io::Error::from)??;
        Self::begin(config, home, Arc::new(ledger)).await
    }

    /// As [`Hub::start`], with the record kept elsewhere than in the data directory.
    ///
    /// # Errors
    /// As [`Hub::start`].
    pub async fn start_on(config: Config, ledger: Arc<dyn Ledger>) -> Result<Self> {
        let home = Home::take(&config.data)?;
        Self::begin(config, home, ledger).await
    }

    async fn begin(config: Config, home: Home, ledger: Arc<dyn Ledger>) -> Result<Self> {
        let (agent, approver) = home.tokens()?;
        let attendance = Attendance::new();
        let (requests, wishes) = mpsc::channel(REQUESTS_WAITING_MAX);
        let (stops, urgent) = mpsc::channel(STOPS_WAITING_MAX);
        let inbox = Inbox { requests: wishes, stops: urgent };
        let (core, fan) =
            Core::start(Arc::clone(&ledger), Arc::clone(&attendance), now, config.timing, inbox).await?;
        let mut listeners = vec![Listener::Unix(home.listen()?)];
        let mut tcp = None;
        if let Some(address) = config.listen {
            let (listener, real) = Listener::tcp(address).await?;
            if !real.ip().is_loopback() {
                tracing::warn!(%real, "credentials and actions cross the network unencrypted; an SSH forward would hide them");
            }
            listeners.push(listener);
            tcp = Some(Target::Tcp(real.to_string()));
        }
        let (fence, epoch) = (ledger.fence(), ledger.epoch());
        let context = Arc::new(Context {
            name: config.name,
            auth: Auth::new(&agent, &approver),
            ledger,
            fan,
            attendance,
            staging: Staging::new(),
            requests,
            stops,
            clock: now,
            timing: config.timing,
        });
        let (over, ends) = watch::channel(false);
        let unix = Target::Unix(home.socket());
        let deciding = Deciding { over: over.clone(), _home: home };
        let mut tasks = vec![tokio::spawn(async move {
            core.run().await;
            drop(deciding);
        })];
        for listener in listeners {
            tasks.push(tokio::spawn(listener.serve(Arc::clone(&context), ends.clone())));
        }
        tracing::info!(%unix, tcp = tcp.as_ref().map(tracing::field::display), fence, epoch, "the hub serves");
        Ok(Self { unix, tcp, over, tasks })
    }

    /// The Unix socket.
    #[must_use]
    pub fn socket(&self) -> Target {
        self.unix.clone()
    }

    /// The TCP address, with the real port, where one was asked for.
    #[must_use]
    pub fn tcp(&self) -> Option<Target> {
        self.tcp.clone()
    }

    /// Resolves when the hub serves no more, for whatever reason.
    pub async fn ended(&self) {
        connection::ended(&mut self.over.subscribe()).await;
    }

    /// Closes every connection, lets the core finish what it began, and gives the directory back.
    pub async fn stop(mut self) {
        self.over.send_replace(true);
        for task in std::mem::take(&mut self.tasks) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the hub ended badly");
            }
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.over.send_replace(true);
    }
}

/// Kept by the deciding task: the directory is ours as long as something may still be written, and nothing is served
/// once nothing is decided any more, not even after a defect.
struct Deciding {
    over: watch::Sender<bool>,
    _home: Home,
}

impl Drop for Deciding {
    fn drop(&mut self) {
        self.over.send_replace(true);
    }
}

/// The wall clock.
fn now() -> crate::domain::Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    crate::domain::Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
