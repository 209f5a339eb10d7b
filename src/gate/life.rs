//! The life of one action, in its one order: compose, ask, redeem, look again, spawn, report.

use super::ask::{Asked, names};
use super::compose::{Observed, observe};
use super::ending::{End, Ending};
use super::family::Family;
use super::pin::Quit;
use super::recheck;
use super::report::Reporter;
use super::request::{Io, Progress, Request};
use super::running::Running;
use super::seat::Seat;
use super::spawn::{NotStarted, spawn};
use crate::domain::{Action, ClientKey, Error, Kind, Result, SessionId, Untrusted, failpoint};
use crate::link::{Credential, Target};
use crate::session::Run;
use crate::wire::Report;

/// Proposes the request's command, waits for the decision, and runs exactly what was approved.
///
/// Returns when it is over, one way or another, and always with an [`Ending`]. Without a hub it returns at once; once
/// the proposal is before a person it waits until the hold closes, whatever becomes of the hub meanwhile.
pub async fn run(target: Target, credential: Credential, request: Request, mut io: Io) -> Ending {
    let mut ending = Ending { session: None, hold: None, digest: None, end: End::Expired };
    ending.end = match live(target, credential, request, &mut io, &mut ending).await {
        Ok(end) | Err(Stopped::End(end)) => end,
        Err(Stopped::Error(error)) => End::from(&error),
    };
    ending
}

/// Why it went no further.
enum Stopped {
    /// Before anybody was asked.
    Error(Error),
    /// It came to its end.
    End(End),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<End> for Stopped {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

async fn live(
    target: Target,
    credential: Credential,
    request: Request,
    io: &mut Io,
    known: &mut Ending,
) -> std::result::Result<End, Stopped> {
    let unasked = |signal: i32| {
        let reason = format!("the gate received signal {signal} before it had asked").into();
        End::Withdrawn { reason, acknowledged: false }
    };
    let (request, observed) = tokio::select! {
        looked = look(request) => looked?,
        Some(signal) = io.signals.recv() => return Ok(unasked(signal)),
    };
    let action = observed.action();
    known.digest = Some(action.digest()?);
    let (session, key) = names(&request)?;
    known.session = Some(session.clone());
    let prepared = prepare(target, credential, session, &request, key, action);
    let (mut seat, asked, waiting) = tokio::select! {
        prepared = prepared => prepared?,
        Some(signal) = io.signals.recv() => return Ok(unasked(signal)),
    };
    known.hold = Some(asked.hold.clone());
    (io.tell)(waiting);
    let own = request.session.is_none();
    let end = decided(&mut seat, &asked, request, observed, io).await;
    if own && !matches!(end, End::Unknown { .. }) {
        asked.close(&mut seat).await;
    }
    Ok(end)
}

/// From the proposal to the end.
async fn decided(seat: &mut Seat, asked: &Asked, request: Request, observed: Observed, io: &mut Io) -> End {
    match permitted(seat, asked, request, observed, io).await {
        Ok(running) => {
            failpoint::hit("gate.spawned");
            running.until_it_ends(seat, io).await
        }
        Err(not_run) => {
            if let Some(report) = not_run.report() {
                Reporter::new(seat, asked.hold.clone()).finish(seat, io, vec![report]).await;
            }
            not_run.end()
        }
    }
}

/// Why there is nothing to wait for.
#[derive(Debug, PartialEq)]
enum NotRun {
    /// It came to its end without a run.
    End(End),
    /// The authority is used up, and something was started of which nothing more is known.
    Lost(Untrusted),
}

impl NotRun {
    fn refused(changed: Vec<Untrusted>) -> Self {
        Self::End(End::Refused { changed })
    }

    /// What the hub has to be told: it knows that the authority is used up, and not what became of it.
    fn report(&self) -> Option<Report> {
        match self {
            Self::End(End::Refused { changed }) => {
                let reason = changed.iter().map(Untrusted::expose).collect::<Vec<_>>().join("; ").into();
                Some(Report::Refused { reason })
            }
            Self::End(_) => None,
            Self::Lost(reason) => Some(Report::Lost { reason: reason.clone() }),
        }
    }

    fn end(self) -> End {
        match self {
            Self::End(end) => end,
            Self::Lost(reason) => End::Unknown { reason },
        }
    }
}

impl From<End> for NotRun {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

/// Waits for the decision, uses up the grant, and starts what was approved if it is still the same.
async fn permitted(
    seat: &mut Seat,
    asked: &Asked,
    request: Request,
    observed: Observed,
    io: &mut Io,
) -> std::result::Result<Running, NotRun> {
    let grant = asked.wait(seat, io).await?;
    failpoint::hit("gate.granted");
    let refused = |error: Error| NotRun::refused(vec![error.message().into()]);
    let digest = observed.action().digest().map_err(refused)?;
    if failpoint::mutant("consume-after-spawn") {
        let running = start(&observed, &request, seat, asked, io).await?;
        failpoint::hit("gate.spawned");
        asked.redeem(seat, io, grant, digest).await?;
        return Ok(running);
    }
    asked.redeem(seat, io, grant, digest).await?;
    failpoint::hit("gate.redeemed");
    // From here on the authority is used up: whatever goes wrong, the hub is told that nothing ran.
    let again = undisturbed(look_again(request, observed), seat, asked, io).await?.map_err(refused)?;
    let (request, now) = again.map_err(NotRun::refused)?;
    start(&now, &request, seat, asked, io).await
}

/// Does something that takes its time between redemption and start, and listens meanwhile: whatever speaks against
/// starting ends it at once, and nothing that the hub has said by then is overlooked.
async fn undisturbed<T>(
    work: impl Future<Output = T>,
    seat: &mut Seat,
    asked: &Asked,
    io: &mut Io,
) -> std::result::Result<T, NotRun> {
    let mut work = std::pin::pin!(work);
    let mut done = None;
    loop {
        seat.catch_up();
        let against = objections(seat, asked, io);
        if !against.is_empty() {
            return Err(NotRun::refused(against));
        }
        if let Some(done) = done {
            return Ok(done);
        }
        tokio::select! {
            result = &mut work => done = Some(result),
            () = seat.listen() => {}
            Some(signal) = io.signals.recv() => return Err(NotRun::refused(vec![signalled(signal)])),
        }
    }
}

fn signalled(signal: i32) -> Untrusted {
    format!("the gate received signal {signal} before it was started").into()
}

/// Composes the action. Digesting files takes its time, so it is done beside the runtime, and broken off when nobody
/// waits for it any more.
async fn look(request: Request) -> Result<(Request, Observed)> {
    let quit = Quit::default();
    let _guard = quit.on_drop();
    blocking(move || observe(&request, &quit).map(|observed| (request, observed.let_go()))).await?
}

type Again = std::result::Result<(Request, Observed), Vec<Untrusted>>;

/// Looks at everything once more.
async fn look_again(request: Request, approved: Observed) -> Result<Again> {
    let quit = Quit::default();
    let _guard = quit.on_drop();
    blocking(move || recheck::again(&request, &approved, &quit).map(|now| (request, now))).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let broken = |e| Error::new(Kind::Internal, format!("a task of the gate broke down: {e}"));
    tokio::task::spawn_blocking(work).await.map_err(broken)
}

/// Connects and asks.
async fn prepare(
    target: Target,
    credential: Credential,
    session: SessionId,
    request: &Request,
    key: ClientKey,
    action: Action,
) -> Result<(Seat, Asked, Progress)> {
    let mut seat = Seat::take(target, credential, session).await?;
    let (asked, waiting) = Asked::open(&mut seat, request, key, action).await?;
    Ok((seat, asked, waiting))
}

/// What speaks against starting, although the approval was used: a stop or a signal that came in between, or a hub
/// that gave this run up for lost.
fn objections(seat: &Seat, asked: &Asked, io: &mut Io) -> Vec<Untrusted> {
    let mut some = Vec::new();
    if let Some(stop) = &seat.session.stop {
        some.push(format!("{} stopped the session before it was started", stop.by.name.expose()).into());
    }
    if let Ok(signal) = io.signals.try_recv() {
        some.push(signalled(signal));
    }
    let run = seat.session.hold(&asked.hold).map(|hold| &hold.run);
    if let Some(Run::Lost { .. }) = run {
        some.push("the hub has given this run up for lost".into());
    }
    some
}

/// Starts it, or says why not.
async fn start(
    observed: &Observed,
    request: &Request,
    seat: &Seat,
    asked: &Asked,
    io: &mut Io,
) -> std::result::Result<Running, NotRun> {
    if request.alone {
        Family::adopt_orphans();
    }
    let child = spawn(observed, &request.launcher).await.map_err(|why| match why {
        NotStarted::Nothing(why) => NotRun::refused(why),
        NotStarted::Other(why) => NotRun::Lost(why),
    })?;
    let by = seat.session.hold(&asked.hold).and_then(|hold| hold.closing.as_ref());
    let by = by.map(|closing| closing.by.name.clone()).unwrap_or_default();
    let reporter = Reporter::new(seat, asked.hold.clone());
    let running = Running::new(child, request.alone, io, reporter)
        .ok_or_else(|| NotRun::Lost("its process was gone before it could be named".into()))?;
    (io.tell)(Progress::Started { by, pid: running.pid() });
    Ok(running)
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
