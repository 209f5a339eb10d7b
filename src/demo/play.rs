//! The agents' side of a story: everybody who investigates, each with a connection of their own.
//!
//! A [`Cast`] has a hub's address, the agents' credential and the stage, and nothing else: it does
//! not know whether the hub is in this process, and it cannot decide anything.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::agent::Agent;
use super::clock::Pace;
use super::script::{Incident, Script, Start};
use super::seat::{Seat, Voice};
use super::signal;
use crate::domain::{Alert, AlertState, ClientKey, Error, Kind, Result, Role, Timestamp, Untrusted};
use crate::link::{Credential, Target};
use crate::session::Session;
use crate::wire::{SessionOpen, SessionOpenParams};

/// The name under which the demo itself speaks to the person.
pub(super) const GUIDE: &str = "demo-guide";

/// What a cast of agents needs.
#[derive(Clone, Debug)]
pub struct Cast {
    /// What they play.
    pub script: Arc<Script>,
    /// Where the hub is.
    pub target: Target,
    /// The agents' credential, as its file holds it.
    pub token: String,
    /// The stage's directory, with the stand-ins in it.
    pub root: PathBuf,
    /// How fast.
    pub pace: Pace,
}

impl Cast {
    /// Signs in as an agent of this name.
    pub(super) async fn seat(&self, name: &str) -> Result<Seat> {
        let credential = Credential { role: Role::Agent, token: self.token.clone(), name: name.into() };
        Seat::take(&self.target, credential, |_, _| ()).await
    }
}

/// Everybody on stage. Dropping it ends them all.
#[derive(Debug)]
pub struct Company {
    tasks: JoinSet<()>,
    ended: mpsc::Receiver<Result<()>>,
}

impl Company {
    /// Sends everybody on stage. The agents wait for people as long as it takes.
    #[must_use]
    pub fn enter(cast: &Cast) -> Self {
        let incidents = &cast.script.incidents;
        let (tell, ended) = mpsc::channel(incidents.len().max(1));
        let mut tasks = JoinSet::new();
        for incident in incidents {
            tasks.spawn(investigate(cast.clone(), incident.clone(), tell.clone()));
        }
        Self { tasks, ended }
    }

    /// Waits until every agent came to its end. The alerts' readings go on: somebody may still look.
    ///
    /// # Errors
    /// The first that an agent could not go on after: a hub that is gone, a session that is refused.
    pub async fn finished(&mut self) -> Result<()> {
        for _ in 0..self.tasks.len() {
            let broken = || Error::new(Kind::Internal, "an agent of the demo broke off");
            self.ended.recv().await.ok_or_else(broken)??;
        }
        Ok(())
    }
}

/// One incident: its agent to the end, and its readings for as long as this runs.
async fn investigate(cast: Cast, incident: Incident, tell: mpsc::Sender<Result<()>>) {
    let name = incident.session.get_ref().to_string();
    let within = |error: Error| error.within(&name);
    let (agent, readings) = match enter(cast, incident).await {
        Ok(entered) => entered,
        Err(error) => {
            let _ = tell.send(Err(within(error))).await;
            return;
        }
    };
    tokio::pin!(readings);
    let played = tokio::select! {
        played = agent.play() => played,
        Err(error) = &mut readings => Err(error),
    };
    let _ = tell.send(played.map_err(within)).await;
    // The hub may be gone by now, and then there is nothing to read.
    let _ = readings.await;
}

/// Opens the session and signs everybody in.
async fn enter(cast: Cast, incident: Incident) -> Result<(Agent, impl Future<Output = Result<()>>)> {
    let seat = cast.seat(&incident.agent).await?;
    if let Some(start) = &incident.start {
        begun(&seat, start).await?;
    }
    let id = incident.session.get_ref().clone();
    let zero = seat.clock.now().plus_millis(-1000 * i64::from(incident.alert.fired_s_ago));
    let opening = opening(&incident, zero)?;
    seat.link.call::<SessionOpen>(&opening).await?;
    let guide = Voice::new(cast.seat(GUIDE).await?.link, id.clone(), GUIDE);
    let monitor = match &incident.signal {
        Some(signal) => Some((signal.clone(), cast.seat(&signal.from).await?)),
        None => None,
    };
    let (threshold, effects, pace) = (incident.alert.threshold, cast.root.join("effects"), cast.pace);
    let readings = async move {
        let Some((signal, seat)) = monitor else { return std::future::pending().await };
        seat.link.call::<SessionOpen>(&opening).await?;
        let voice = Voice::new(seat.link.clone(), id, &signal.from);
        signal::watch(seat, voice, signal, threshold, effects, pace).await
    };
    Ok((Agent::new(cast, incident, seat, guide, zero), readings))
}

/// Waits until the record says that it is time to begin.
async fn begun(seat: &Seat, start: &Start) -> Result<()> {
    let begun = |session: &Session| {
        let decided = session.holds.iter().filter(|hold| hold.closing.is_some()).count();
        let left = session.agents.first().is_some_and(|agent| !agent.here);
        (decided >= start.decided || left || session.is_over()).then_some(())
    };
    seat.session(start.after.get_ref(), begun).await
}

fn opening(incident: &Incident, zero: Timestamp) -> Result<SessionOpenParams> {
    let id = incident.session.get_ref();
    let spec = &incident.alert;
    let text = |text: &Option<String>| text.as_deref().map(Untrusted::from);
    let label = |(name, value): (&String, &String)| (name.as_str().into(), value.as_str().into());
    let alert = Alert {
        name: spec.name.as_str().into(),
        summary: text(&spec.summary),
        severity: text(&spec.severity),
        service: text(&spec.service),
        labels: spec.labels.iter().map(label).collect(),
        starts_at: Some(zero),
        threshold: Some(spec.threshold),
        unit: text(&spec.unit),
        state: AlertState::Firing,
    };
    Ok(SessionOpenParams {
        key: ClientKey::new(format!("demo-{id}"))?,
        session: Some(id.clone()),
        title: incident.title.as_str().into(),
        source: "demo".into(),
        alert: Some(alert),
    })
}
