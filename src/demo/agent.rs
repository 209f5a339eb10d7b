//! One agent of the demo: plays its scenes, waits at its holds, goes on by what the wire tells it.
//!
//! It acts like any agent behind a gate: it proposes through the gate and learns of the answer from there. A stop
//! ends it wherever it is; it says what still runs and confirms when nothing does.
//!
//! Deliberately absent: any knowledge of the hub beyond its own connection, and any way to decide.

use tokio::task::JoinHandle;

use super::clock::filled;
use super::play::Cast;
use super::script::{CallStep, Check, CiteStep, HypothesisStep, Incident, Join, ReturnStep, Step};
use super::seat::{Seat, Voice};
use crate::domain::{
    AlertState, CallId, Error, Evidence, Hypothesis, HypothesisId, Payload, Result, SessionId, Timestamp,
    Untrusted,
};
use crate::gate::Ending;
use crate::session::{
    AgentJoined, AgentLeft, Body, EvidenceCited, HypothesisRevised, HypothesisStated, MessageSaid, Session,
    ToolCalled, ToolReturned,
};

/// What comes after a step.
pub(super) enum Turn {
    /// The next step.
    On,
    /// Another scene.
    To(String),
    /// Nothing; the agent is done.
    End,
}

/// The agent.
pub(super) struct Agent {
    pub(super) cast: Cast,
    pub(super) incident: Incident,
    pub(super) id: SessionId,
    pub(super) seat: Seat,
    pub(super) voice: Voice,
    /// Speaks to the person, as the demo.
    pub(super) guide: Voice,
    /// When the alert fired: moment zero of the story's texts.
    zero: Timestamp,
    /// What a person wrote last.
    pub(super) reason: Untrusted,
    /// Its gate while it waits or runs.
    pub(super) gate: Option<JoinHandle<Ending>>,
    last_call: Option<CallId>,
    calls: u32,
    joined: Vec<Untrusted>,
    stated: Vec<HypothesisId>,
}

impl Agent {
    pub(super) fn new(cast: Cast, incident: Incident, seat: Seat, guide: Voice, zero: Timestamp) -> Self {
        let id = incident.session.get_ref().clone();
        let voice = Voice::new(seat.link.clone(), id.clone(), &incident.agent);
        Self {
            cast,
            incident,
            id,
            seat,
            voice,
            guide,
            zero,
            reason: "no reason given".into(),
            gate: None,
            last_call: None,
            calls: 0,
            joined: Vec::new(),
            stated: Vec::new(),
        }
    }

    /// Plays to the end, or to a stop.
    pub(super) async fn play(mut self) -> Result<()> {
        let (seat, id) = (self.seat.clone(), self.id.clone());
        let stopped = seat.session(&id, |session| session.stop.as_ref().map(drop));
        tokio::select! {
            biased;
            stop = stopped => {
                stop?;
                self.stopped().await
            }
            played = self.scenes() => played,
        }
    }

    async fn scenes(&mut self) -> Result<()> {
        let mut name = self.incident.first.get_ref().clone();
        while let Turn::To(next) = self.scene(&name).await? {
            name = next;
        }
        self.leave("done").await
    }

    /// Plays one scene; answers which is next.
    async fn scene(&mut self, name: &str) -> Result<Turn> {
        let script = self.cast.script.clone();
        let missing = || Error::invalid(format!("there is no scene \"{}\"", name.escape_debug()));
        let scene = script.scene(&self.id, name).ok_or_else(missing)?;
        for step in &scene.steps {
            match self.step(step.get_ref()).await? {
                Turn::On => {}
                Turn::To(next) => return Ok(Turn::To(next)),
                Turn::End => return Ok(Turn::End),
            }
        }
        Ok(Turn::End)
    }

    async fn step(&mut self, step: &Step) -> Result<Turn> {
        match step {
            Step::WaitMs(ms) => self.cast.pace.wait(*ms).await,
            Step::Guide(lines) => self.tell(lines).await?,
            Step::Join(join) => self.join(join).await?,
            Step::Say(say) => {
                let text = say.text.replace("{{reason}}", self.reason.expose());
                self.voice.say(said(&filled(&text, self.zero), say.from.as_deref())).await?;
            }
            Step::Call(call) => self.call(call).await?,
            Step::Return(answer) => self.answer(answer).await?,
            Step::Hypothesis(hypothesis) => self.state(hypothesis).await?,
            Step::Cite(cite) => self.voice.say(EvidenceCited { evidence: self.evidence(cite) }).await?,
            Step::Propose(propose) => return self.propose(propose).await,
            Step::Check(check) => return self.check(check).await,
            Step::Go(next) => return Ok(to(next)),
            Step::Leave(why) => {
                self.leave(why).await?;
                return Ok(Turn::End);
            }
        }
        Ok(Turn::On)
    }

    /// The demo speaks to the person.
    pub(super) async fn tell(&mut self, lines: &[String]) -> Result<()> {
        self.guide.publish(lines.iter().map(|line| said(line, None).into()).collect()).await
    }

    async fn join(&mut self, join: &Join) -> Result<()> {
        let name = Untrusted::from(join.name.as_str());
        let text = |text: &Option<String>| text.as_deref().map(Untrusted::from);
        let (parent, unasked) = (text(&join.parent), text(&join.unasked));
        self.joined.push(name.clone());
        self.voice.say(AgentJoined { name, parent, unasked, stoppable: true }).await
    }

    async fn call(&mut self, call: &CallStep) -> Result<()> {
        let id = if let Some(id) = call.id.clone() {
            id
        } else {
            self.calls += 1;
            let id = CallId::new(format!("again-{}", self.calls))?;
            self.last_call = Some(id.clone());
            id
        };
        let (tool, by) = (call.tool.as_str().into(), call.by.as_deref().map(Untrusted::from));
        let input = filled(&call.input, self.zero).into();
        self.voice.say(ToolCalled { call: id, tool, input, by }).await
    }

    async fn answer(&mut self, answer: &ReturnStep) -> Result<()> {
        let named = answer.call.as_ref().map(|call| call.get_ref().clone());
        let none = || Error::invalid("a tool returns that was not called");
        let call = named.or_else(|| self.last_call.clone()).ok_or_else(none)?;
        let output = Payload::Text(filled(answer.output.get_ref(), self.zero).into());
        self.voice.say(ToolReturned { call, output, failed: answer.failed, truncated: false }).await
    }

    async fn state(&mut self, said: &HypothesisStep) -> Result<()> {
        let (id, title) = (said.id.clone(), said.title.as_str().into());
        let first = !self.stated.contains(&id);
        let hypothesis =
            Hypothesis { id: id.clone(), title, status: said.status, confidence_pct: said.confidence_pct };
        let body: Body = if first {
            self.stated.push(id);
            HypothesisStated { hypothesis }.into()
        } else {
            HypothesisRevised { hypothesis }.into()
        };
        self.voice.say(body).await
    }

    fn evidence(&self, cite: &CiteStep) -> Evidence {
        Evidence {
            id: cite.id.clone(),
            hypothesis: cite.hypothesis.clone(),
            stance: cite.stance,
            source: cite.source,
            call: cite.call.as_ref().map(|call| call.get_ref().clone()),
            excerpt: filled(&cite.excerpt, self.zero).into(),
        }
    }

    /// Watches the alert for as long as the script says.
    async fn check(&mut self, check: &Check) -> Result<Turn> {
        let resolved = |session: &Session| {
            session.alert.as_ref().is_some_and(|alert| alert.state == AlertState::Resolved)
        };
        let cleared = self.seat.session(&self.id, |s| resolved(s).then_some(()));
        match tokio::time::timeout(self.cast.pace.scaled(check.within_ms), cleared).await {
            Ok(cleared) => cleared.map(|()| to(&check.cleared)),
            Err(_) => Ok(to(&check.firing)),
        }
    }

    pub(super) async fn leave(&mut self, why: &str) -> Result<()> {
        let left = |name: Untrusted| AgentLeft { name, reason: Some(why.into()) }.into();
        let left = self.joined.drain(..).rev().map(left).collect();
        self.voice.publish(left).await
    }
}

pub(super) fn to(next: &toml::Spanned<String>) -> Turn {
    Turn::To(next.get_ref().clone())
}

pub(super) fn said(text: &str, from: Option<&str>) -> MessageSaid {
    MessageSaid { text: text.into(), from: from.map(Untrusted::from) }
}
