//! An agent at its hold: it asks through the gate, waits, and goes on by the answer; or is stopped.

use std::future::pending;
use std::path::Path;
use std::time::Duration;

use tokio::sync::oneshot;

use super::agent::{Agent, Turn, said, to};
use super::script::{Propose, StandIn};
use super::stage;
use crate::domain::{EnvVar, Error, Kind, Outcome, Result, Role, Untrusted};
use crate::gate::{self, End, Ending, Io, Progress, Request, Words};
use crate::link::Credential;
use crate::session::{Hold, Run, Session, StopConfirmed};

/// How long news of a stop may take behind news of what it did.
const STOP_NEWS: Duration = Duration::from_secs(2);

impl Agent {
    /// Asks a person, waits as long as it takes, and turns to the scene that the answer names.
    pub(super) async fn propose(&mut self, propose: &Propose) -> Result<Turn> {
        let request = self.request(propose)?;
        let (token, name) = (self.cast.token.clone(), self.incident.agent.as_str().into());
        let credential = Credential { role: Role::Agent, token, name };
        let (tell, asked) = oneshot::channel();
        let mut tell = Some(tell);
        let tell = move |progress: Progress| {
            if let (Progress::Waiting { .. }, Some(tell)) = (progress, tell.take()) {
                let _ = tell.send(());
            }
        };
        let io = Io { tell: Box::new(tell), ..Io::quiet() };
        self.gate = Some(tokio::spawn(gate::run(self.cast.target.clone(), credential, request, io)));
        // A gate that could not ask says so by its ending.
        if asked.await.is_ok() {
            self.tell(&propose.guide).await?;
        }
        let ending = self.ending().await?;
        self.turn(propose, ending).await
    }

    fn request(&self, propose: &Propose) -> Result<Request> {
        let name = propose.stand_in.get_ref();
        let missing = || Error::invalid(format!("there is no stand_in \"{}\"", name.escape_debug()));
        let (number, stand_in) = self.cast.script.stand_in(name).ok_or_else(missing)?;
        let text = |text: &Option<String>| text.as_deref().map(Untrusted::from);
        Ok(Request {
            argv: std::iter::once(stand_in.program.get_ref()).chain(&propose.args).cloned().collect(),
            cwd: self.cast.root.clone(),
            env: environment(&self.cast.root, number, stand_in),
            words: Words {
                service: text(&propose.service),
                environment: text(&propose.environment),
                why: text(&propose.why),
                claim: text(&propose.claim),
                undo: text(&propose.undo),
                cites: propose.cites.iter().map(|id| id.get_ref().clone()).collect(),
            },
            session: Some(self.id.clone()),
            expires_in: propose.expires_s.map(Duration::from_secs),
            launcher: self.cast.launcher.clone(),
            ..Request::default()
        })
    }

    /// Waits for the gate. The task stays with the agent, so that a stop finds it.
    async fn ending(&mut self) -> Result<Ending> {
        let broken = || Error::new(Kind::Internal, "the gate of the demo broke off");
        let ending = self.gate.as_mut().ok_or_else(broken)?.await.map_err(|_| broken());
        self.gate = None;
        ending
    }

    async fn turn(&mut self, propose: &Propose, ending: Ending) -> Result<Turn> {
        if !matches!(ending.end, End::Ran(_)) {
            self.heed_a_stop(&ending).await;
        }
        let next = match &ending.end {
            End::Ran(_) => &propose.approved,
            End::Denied { reason, .. } => {
                self.reason = reason.clone().unwrap_or_else(|| "no reason given".into());
                &propose.denied
            }
            End::Expired => &propose.expired,
            End::Withdrawn { .. }
            | End::Superseded { .. }
            | End::Undecided { .. }
            | End::Voided { .. }
            | End::Refused { .. }
            | End::Unknown { .. }
            | End::Failed { .. } => {
                let why = ending.line().unwrap_or_else(|| "it did not run".into());
                self.voice.say(said(&format!("I end here: {why}"), None)).await?;
                return Ok(Turn::End);
            }
        };
        Ok(to(next))
    }

    /// A stop closes holds too. The gate may hear of the closing before this agent hears of the stop; then the stop
    /// counts, and nothing more happens here: the stop has its own way out.
    async fn heed_a_stop(&self, ending: &Ending) {
        let ended_without_a_run = |session: &Session| {
            let hold = ending.hold.as_ref().and_then(|hold| session.hold(hold));
            hold.and_then(Hold::outcome).is_some_and(|outcome| outcome != Outcome::Approved)
        };
        let known =
            |session: &Session| (session.stop.is_some() || ended_without_a_run(session)).then_some(());
        let _ = tokio::time::timeout(STOP_NEWS, self.seat.session(&self.id, known)).await;
        if self.seat.told.borrow().session(&self.id).is_some_and(|session| session.stop.is_some()) {
            pending::<()>().await;
        }
    }

    /// What a stop makes of this agent: nothing more is proposed, and what still runs is said until nothing does.
    pub(super) async fn stopped(&mut self) -> Result<()> {
        if let Some(words) = self.incident.on_stop.clone() {
            self.voice.say(said(&words, None)).await?;
        }
        if let Some(mut gate) = self.gate.take() {
            let runs = |session: &Session| {
                session.holds.iter().any(|hold| matches!(hold.run, Run::Running { .. })).then_some(())
            };
            let running = self.seat.session(&self.id, runs);
            let still = tokio::select! {
                biased;
                _ = &mut gate => false,
                running = running => running.is_ok(),
            };
            if still {
                let what = "the agent has stopped; the command that was approved still runs".into();
                self.voice.say(StopConfirmed { what, dead: Some(false) }).await?;
                let _ = gate.await;
            }
        }
        let what = "the agent has stopped, and nothing that it started runs any more".into();
        self.voice.say(StopConfirmed { what, dead: Some(true) }).await?;
        self.leave("stopped by a person").await
    }
}

fn environment(root: &Path, number: usize, stand_in: &StandIn) -> Vec<EnvVar> {
    let note = format!("{} is a stand-in: it adds a line to a file", stand_in.program.get_ref());
    // Sorted by name, as an action's environment must be.
    vec![
        EnvVar { name: "HOLDPOINT_DEMO".into(), value: note.into() },
        EnvVar { name: "PATH".into(), value: stage::path_for(root, number).into() },
    ]
}
