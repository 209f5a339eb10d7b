//! Carries one thread's events and holds to the hub, in order, however long the hub is away.
//!
//! The thread never waits for it. What it tells may be dropped when the hub is away for long (the number is said, and
//! Codex has it still); what it asks, withdraws and reports is not.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::domain::{ClientKey, Digest, Error, HoldId, Kind, Proposal, Result, SessionId, Untrusted};
use crate::wire::{
    BlobPut, BlobPutParams, ClientEvent, ExecutionReport, ExecutionReportParams, HoldOpen, HoldOpenParams,
    HoldWithdraw, HoldWithdrawParams, SessionOpen, SessionOpenParams, SessionPublish, SessionPublishParams,
    Withdrawal, limits,
};

use super::approval::AGENT;
use super::asks::Word;
use super::desk::Desk;
use super::thread::Input;
use super::translate::{self, Saying, key};

/// Jobs that may wait; the last of the places are for those that may not be dropped.
const JOBS_MAX: usize = 4096;
const KEPT_FOR_HOLDS: usize = 512;
/// Bytes of events in one call.
const BATCH_MAX_BYTES: usize = 96 * 1024;
/// First and longest pause before asking a hub again that cannot record.
const PAUSE_MS: (u64, u64) = (250, 5_000);

/// Something to carry.
#[derive(Debug)]
pub(super) enum Job {
    Session { key: ClientKey, title: Untrusted },
    Say(Saying),
    Recall(Saying),
    Open { key: ClientKey, proposal: Proposal },
    Withdraw { key: ClientKey, outcome: Withdrawal, reason: Untrusted },
    Report { key: ClientKey, word: Word },
}

/// The way to a clerk.
pub(super) struct Clerk {
    jobs: mpsc::Sender<Job>,
    dropped: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Clerk {
    /// Starts one. It tells the thread what came of its questions.
    pub(super) fn start(desk: Arc<Desk>, thread: mpsc::Sender<Input>, expires_in_ms: Option<u64>) -> Self {
        let (jobs, inbox) = mpsc::channel(JOBS_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let work = Work {
            desk,
            thread,
            expires_in_ms,
            dropped: Arc::clone(&dropped),
            gaps: 0,
            inbox,
            next: None,
            session: None,
            wanted: None,
            holds: HashMap::new(),
            over: false,
            introduced: false,
        };
        Self { jobs, dropped, task: tokio::spawn(work.run()) }
    }

    /// Hands a job over without waiting.
    pub(super) fn carry(&self, job: Job) {
        let telemetry = matches!(job, Job::Say(_) | Job::Recall(_));
        if telemetry && self.jobs.capacity() <= KEPT_FOR_HOLDS {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else if let Err(mpsc::error::TrySendError::Full(job)) = self.jobs.try_send(job) {
            tracing::error!("the hub is away and too much waits for it; this was not carried: {job:?}");
        }
    }

    /// Lets it finish what it has, for a while.
    pub(super) async fn finish(self, within: Duration) {
        drop(self.jobs);
        let mut task = self.task;
        if tokio::time::timeout(within, &mut task).await.is_err() {
            task.abort();
        }
    }
}

struct Work {
    desk: Arc<Desk>,
    thread: mpsc::Sender<Input>,
    expires_in_ms: Option<u64>,
    dropped: Arc<AtomicU64>,
    gaps: u64,
    inbox: mpsc::Receiver<Job>,
    /// A job that was taken out while events were collected.
    next: Option<Job>,
    session: Option<SessionId>,
    wanted: Option<SessionOpenParams>,
    holds: HashMap<ClientKey, HoldId>,
    /// Whether the session was over when it was opened.
    over: bool,
    /// Whether the thread was told what ran before it came.
    introduced: bool,
}

impl Work {
    async fn run(mut self) {
        loop {
            let job = match self.next.take() {
                Some(job) => Some(job),
                None => self.inbox.recv().await,
            };
            let Some(job) = job else { return };
            if let Err(error) = self.carry(job).await {
                tracing::warn!("not recorded by the hub: {error}");
            }
        }
    }

    async fn carry(&mut self, job: Job) -> Result<()> {
        match job {
            Job::Session { key, title } => {
                self.wanted =
                    Some(SessionOpenParams { key, session: None, title, source: AGENT.into(), alert: None });
                self.session = None;
                self.session().await.map(drop)
            }
            Job::Say(saying) => self.say(saying).await,
            Job::Recall(saying) => {
                self.session().await?;
                if self.over { Ok(()) } else { self.say(saying).await }
            }
            Job::Open { key, proposal } => self.open(key, proposal).await,
            Job::Withdraw { key, outcome, reason } => self.withdraw(&key, outcome, reason).await,
            Job::Report { key, word } => self.report(&key, word).await,
        }
    }

    /// The session, opened where it is not yet.
    async fn session(&mut self) -> Result<SessionId> {
        if let Some(session) = &self.session {
            return Ok(session.clone());
        }
        let Some(wanted) = self.wanted.clone() else {
            return Err(Error::new(Kind::Internal, "an event before its session"));
        };
        let opened = self.patiently::<SessionOpen>(&wanted).await?;
        self.session = Some(opened.session.clone());
        let over = self.desk.follow(&opened.session, self.thread.clone());
        self.over = over.is_some();
        if let Some(confirmed) = over {
            let _ = self.thread.send(Input::Over { confirmed }).await;
        }
        if !std::mem::replace(&mut self.introduced, true) {
            self.introduce(&opened.session).await?;
        }
        Ok(opened.session)
    }

    /// Tells the thread what was let go before it came. Such a hold's key is only ours.
    async fn introduce(&mut self, session: &SessionId) -> Result<()> {
        let mut runs = Vec::new();
        for (hold, digest) in self.desk.unfinished(session) {
            let key = ClientKey::new(format!("hold:{hold}"))?;
            self.holds.insert(key.clone(), hold);
            runs.push((key, digest));
        }
        let _ = self.thread.send(Input::Unfinished(runs)).await;
        Ok(())
    }

    /// Makes a call until the hub can record it.
    async fn patiently<C: crate::wire::Call>(&self, params: &C::Params) -> Result<C::Answer> {
        let mut pause_ms = PAUSE_MS.0;
        loop {
            match self.desk.call::<C>(params).await {
                Err(error) if error.kind() == Kind::Unavailable => {
                    sleep(Duration::from_millis(pause_ms)).await;
                    pause_ms = (pause_ms * 2).min(PAUSE_MS.1);
                }
                other => return other,
            }
        }
    }

    async fn say(&mut self, first: Saying) -> Result<()> {
        let mut batch = Vec::new();
        let missed = self.dropped.swap(0, Ordering::Relaxed);
        if missed > 0 {
            self.gaps += 1;
            let words = format!(
                "{missed} events of this thread are not here: the hub was away for too long. Codex has them."
            );
            let id = key("missed", &[&first.id.to_string(), &self.gaps.to_string()])?;
            batch.push(event(&translate::note(id, &words))?);
        }
        let mut bytes = 0;
        let mut saying = Some(first);
        while let Some(one) = saying.take() {
            if let Some(blob) = &one.blob {
                self.put(blob).await?;
            }
            let event = event(&one)?;
            bytes += event.body.get().len();
            batch.push(event);
            if bytes > BATCH_MAX_BYTES || batch.len() >= limits::PUBLISH_MAX_EVENTS {
                break;
            }
            match self.inbox.try_recv() {
                Ok(Job::Say(next)) => saying = Some(next),
                Ok(Job::Recall(next)) if !self.over => saying = Some(next),
                Ok(other) => self.next = Some(other),
                Err(_) => {}
            }
        }
        self.publish(batch).await
    }

    async fn publish(&mut self, events: Vec<ClientEvent>) -> Result<()> {
        let session = self.session().await?;
        let params = SessionPublishParams { session, events };
        match self.patiently::<SessionPublish>(&params).await {
            Ok(_) => Ok(()),
            Err(error) if params.events.len() == 1 => Err(error),
            // One that cannot be taken in must not keep the others out.
            Err(_) => {
                let mut last = Ok(());
                for event in params.events {
                    let one = SessionPublishParams { session: params.session.clone(), events: vec![event] };
                    if let Err(error) = self.patiently::<SessionPublish>(&one).await {
                        last = Err(error);
                    }
                }
                last
            }
        }
    }

    async fn put(&self, blob: &str) -> Result<()> {
        let (bytes, sha256) = (blob.as_bytes(), Digest::of(blob.as_bytes()));
        for (piece, index) in bytes.chunks(limits::BLOB_PIECE_MAX_BYTES).zip(0u64..) {
            let params = BlobPutParams {
                sha256,
                bytes: bytes.len() as u64,
                offset: index * limits::BLOB_PIECE_MAX_BYTES as u64,
                piece: STANDARD.encode(piece),
            };
            if self.patiently::<BlobPut>(&params).await?.complete {
                break;
            }
        }
        Ok(())
    }

    async fn open(&mut self, key: ClientKey, proposal: Proposal) -> Result<()> {
        let opened = match self.session().await {
            Ok(session) => {
                let expires_in_ms = self.expires_in_ms;
                let params = HoldOpenParams { session, key: key.clone(), proposal, expires_in_ms };
                self.patiently::<HoldOpen>(&params).await
            }
            Err(error) => Err(error),
        };
        let input = match opened {
            Ok(answer) => {
                self.holds.insert(key.clone(), answer.hold.clone());
                let (closing, age_ms) = self.desk.closing(&answer.hold).unzip();
                Input::Opened { key, answer, closing, age_ms: age_ms.unwrap_or_default() }
            }
            Err(error) => Input::Refused { key, error },
        };
        let _ = self.thread.send(input).await;
        Ok(())
    }

    async fn withdraw(&mut self, key: &ClientKey, outcome: Withdrawal, reason: Untrusted) -> Result<()> {
        let Some(hold) = self.holds.get(key).cloned() else { return Ok(()) };
        let session = self.session().await?;
        let params = HoldWithdrawParams { session, hold, outcome, reason: Some(reason) };
        match self.patiently::<HoldWithdraw>(&params).await {
            // A person was first; the agent's own screen, or its end, made that moot.
            Err(error) if error.kind() == Kind::Conflict => Ok(()),
            other => other.map(drop),
        }
    }

    async fn report(&mut self, key: &ClientKey, word: Word) -> Result<()> {
        let Some(hold) = self.holds.get(key).cloned() else { return Ok(()) };
        let session = self.session().await?;
        let report = word.about(&hold);
        self.patiently::<ExecutionReport>(&ExecutionReportParams { session, hold, report }).await.map(drop)
    }
}

fn event(saying: &Saying) -> Result<ClientEvent> {
    let (r#type, body) = (saying.body.type_name().to_owned(), saying.body.to_raw()?);
    Ok(ClientEvent { id: saying.id.clone(), r#type, body })
}
