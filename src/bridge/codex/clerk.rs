//! Carries one thread's events and holds to the hub, in order, however long the hub is away.
//!
//! The thread never waits for it. What it tells may be dropped when the hub is away for long (the number is said, and
//! Codex has it still). What it asks is refused then, and the thread hears of that. What it withdraws and reports is about
//! what was asked, so there is only so much of it, and none of it is dropped.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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
use super::desk::{Desk, Route};
use super::thread::Input;
use super::translate::{self, Saying, key};

/// Jobs that may wait; the last of the places are for questions.
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
    jobs: mpsc::UnboundedSender<Job>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Clerk {
    /// Starts one. It tells the thread what came of its questions.
    pub(super) fn start(desk: Arc<Desk>, thread: Route, expires_in_ms: Option<u64>) -> Self {
        // Bounded by `carry`, which knows what may be refused.
        let (jobs, inbox) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let dropped = Arc::new(AtomicU64::new(0));
        let work = Work {
            desk,
            thread,
            expires_in_ms,
            waiting: Arc::clone(&waiting),
            dropped: Arc::clone(&dropped),
            gaps: 0,
            refusals: 0,
            inbox,
            next: None,
            session: None,
            wanted: None,
            holds: HashMap::new(),
            over: false,
            introduced: false,
        };
        Self { jobs, waiting, dropped, task: tokio::spawn(work.run()) }
    }

    /// Hands a job over without waiting; answers whether it is carried.
    pub(super) fn carry(&self, job: Job) -> bool {
        let (most, telemetry) = match job {
            Job::Say(_) | Job::Recall(_) => (JOBS_MAX - KEPT_FOR_HOLDS, true),
            Job::Open { .. } => (JOBS_MAX, false),
            // As many as there are sessions and questions.
            Job::Session { .. } | Job::Withdraw { .. } | Job::Report { .. } => (usize::MAX, false),
        };
        if self.waiting.load(Ordering::Relaxed) >= most {
            self.dropped.fetch_add(u64::from(telemetry), Ordering::Relaxed);
            return false;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.jobs.send(job).is_ok()
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
    thread: Route,
    expires_in_ms: Option<u64>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    gaps: u64,
    /// Counts what the hub refused.
    refusals: u64,
    inbox: mpsc::UnboundedReceiver<Job>,
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
                None => self.recv().await,
            };
            let Some(job) = job else { return };
            let about = match &job {
                Job::Withdraw { .. } => Some("that a hold was withdrawn"),
                Job::Report { .. } => Some("what became of a run"),
                // Told as missing, put to the thread, or tried again with the next job.
                Job::Session { .. } | Job::Say(_) | Job::Recall(_) | Job::Open { .. } => None,
            };
            if let Err(error) = self.carry(job).await {
                tracing::warn!("not recorded by the hub: {error}");
                if let Some(about) = about {
                    self.admit(about, &error).await;
                }
            }
        }
    }

    async fn recv(&mut self) -> Option<Job> {
        let job = self.inbox.recv().await;
        self.waiting.fetch_sub(usize::from(job.is_some()), Ordering::Relaxed);
        job
    }

    fn try_recv(&mut self) -> Option<Job> {
        let job = self.inbox.try_recv().ok();
        self.waiting.fetch_sub(usize::from(job.is_some()), Ordering::Relaxed);
        job
    }

    /// Says on record that the hub did not take something in: people would wait for it.
    async fn admit(&mut self, about: &str, error: &Error) {
        self.refusals += 1;
        let words = format!("The hub did not take in {about}: {error}");
        let id = key("refused", &[&words, &self.refusals.to_string()]);
        let said = match id {
            Ok(id) => self.say(translate::note(id, &words)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = said {
            tracing::error!("{words}; and it could not be said: {error}");
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
            let _ = self.thread.inbox.send(Input::Over { confirmed }).await;
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
        let _ = self.thread.inbox.send(Input::Unfinished(runs)).await;
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
                "{missed} events of this thread are not here: the hub was away for too long, or refused them. Codex has them."
            );
            let id = key("missed", &[&first.id.to_string(), &self.gaps.to_string()])?;
            batch.push(event(&translate::note(id, &words))?);
        }
        let mut bytes = 0;
        let mut saying = Some(first);
        while let Some(one) = saying.take() {
            match self.ready(&one).await {
                Ok(event) => {
                    bytes += event.body.get().len();
                    batch.push(event);
                }
                Err(error) => {
                    self.dropped.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!("{} cannot be told: {error}", one.id);
                }
            }
            if bytes > BATCH_MAX_BYTES || batch.len() >= limits::PUBLISH_MAX_EVENTS {
                break;
            }
            match self.try_recv() {
                Some(Job::Say(next)) => saying = Some(next),
                Some(Job::Recall(next)) if !self.over => saying = Some(next),
                other => self.next = other,
            }
        }
        self.publish(batch).await
    }

    async fn publish(&mut self, events: Vec<ClientEvent>) -> Result<()> {
        let session = self.session().await?;
        let params = SessionPublishParams { session, events };
        match self.patiently::<SessionPublish>(&params).await {
            Ok(_) => Ok(()),
            Err(error) if params.events.len() == 1 => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                Err(error)
            }
            // One that cannot be taken in must not keep the others out.
            Err(_) => {
                let mut last = Ok(());
                for event in params.events {
                    let one = SessionPublishParams { session: params.session.clone(), events: vec![event] };
                    if let Err(error) = self.patiently::<SessionPublish>(&one).await {
                        self.dropped.fetch_add(1, Ordering::Relaxed);
                        last = Err(error);
                    }
                }
                last
            }
        }
    }

    /// The event, with its payload stored.
    async fn ready(&self, saying: &Saying) -> Result<ClientEvent> {
        if let Some(blob) = &saying.blob {
            self.put(blob).await?;
        }
        event(saying)
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
                let closing = self.desk.closing(&answer.hold, answer.expires_at);
                Input::Opened { key, answer, closing }
            }
            Err(error) => Input::Refused { key, error },
        };
        let _ = self.thread.inbox.send(input).await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, AgentCommand, Role};
    use crate::link::{Credential, Target};

    fn key(n: usize) -> ClientKey {
        ClientKey::new(format!("k-{n}")).unwrap()
    }

    fn proposal() -> Proposal {
        let (agent, command, cwd) = ("codex".into(), "run".into(), "/".into());
        let action = Action::AgentCommand(AgentCommand { agent, command, cwd, incomplete: None });
        Proposal {
            action,
            service: None,
            environment: None,
            why: None,
            claim: None,
            undo: None,
            cites: vec![],
        }
    }

    #[tokio::test]
    async fn while_the_hub_is_away_words_are_dropped_questions_refused_and_nothing_else_is_lost() {
        let nowhere = tempfile::tempdir().unwrap();
        let credential = Credential { role: Role::Agent, token: "t".into(), name: "codex".into() };
        let desk = Desk::open(Target::Unix(nowhere.path().join("no.sock")), credential);
        let (inbox, _heard) = mpsc::channel(8);
        let (stops, _stopped) = mpsc::channel(8);
        let clerk = Clerk::start(desk, Route { inbox, stops }, None);
        assert!(clerk.carry(Job::Session { key: key(0), title: "t".into() }));
        let most = 2 * JOBS_MAX;
        let said = (0..most).filter(|n| clerk.carry(Job::Say(translate::note(key(*n), "words")))).count();
        assert!(said > 0 && said < JOBS_MAX, "{said}");
        assert_eq!(clerk.dropped.load(Ordering::Relaxed), (most - said) as u64, "each is counted");
        let asked =
            (0..most).filter(|n| clerk.carry(Job::Open { key: key(*n), proposal: proposal() })).count();
        assert!(
            (1..JOBS_MAX).contains(&asked),
            "questions have places of their own, and not for ever: {asked}"
        );
        let reason = || Untrusted::from("over");
        for n in 0..most {
            let word = Word::Lost("gone".into());
            assert!(clerk.carry(Job::Report { key: key(n), word }), "what became of a run is never dropped");
            let outcome = Withdrawal::Withdrawn;
            assert!(clerk.carry(Job::Withdraw { key: key(n), outcome, reason: reason() }));
        }
    }
}
