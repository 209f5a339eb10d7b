//! A recorded run of an agent, as events. What the run's author knows of its truth is not among the fields read here.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{
    Actor, Alert, CallId, Error, Hypothesis, HypothesisId, HypothesisStatus, Payload, Result, Role,
    SessionId, Timestamp, Untrusted,
};
use crate::session::{
    AlertObserved, Body, EVENT_VERSION, Event, HypothesisStated, MessageSaid, SessionOpened, ToolCalled,
    ToolReturned,
};

/// A run, without its label, its truth and its outcome.
#[derive(Deserialize)]
pub(super) struct Run {
    pub(super) session_id: String,
    #[serde(default)]
    pub(super) app: String,
    #[serde(default)]
    alert: Symptoms,
    events: Vec<Step>,
}

#[derive(Default, Deserialize)]
struct Symptoms {
    #[serde(default)]
    symptoms: Vec<Symptom>,
}

#[derive(Deserialize)]
struct Symptom {
    #[serde(default)]
    potential_symptom: Untrusted,
    #[serde(default)]
    affected_resource: Untrusted,
}

#[derive(Deserialize)]
struct Step {
    kind: String,
    #[serde(default)]
    i: i64,
    #[serde(default)]
    worker: u32,
    #[serde(default)]
    text: Untrusted,
    #[serde(default)]
    target: Untrusted,
    #[serde(default)]
    tool: Untrusted,
    #[serde(default)]
    args: Value,
    #[serde(default)]
    localization: Vec<Untrusted>,
}

/// Reads a run.
pub(super) fn read(line: &str) -> Result<Run> {
    Ok(serde_json::from_str(line)?)
}

impl Run {
    /// The same as events of a session. There are no times in a run; a step is a second.
    pub(super) fn events(&self) -> Result<Vec<Event>> {
        let session = SessionId::new("evaluated")?;
        let mut told = Telling { bodies: Vec::new(), open: None, calls: 0 };
        told.add(0, SessionOpened { title: "a run".into(), source: "evaluation".into() });
        told.add(0, AlertObserved { alert: self.alert() });
        for step in &self.events {
            told.step(step)?;
        }
        let event = |(n, (i, body)): (usize, (i64, Body))| Event {
            v: EVENT_VERSION,
            session: session.clone(),
            seq: n as u64 + 1,
            at: Timestamp::from_millis(i.saturating_mul(1000)),
            actor: Actor::new(Role::Agent, "agent"),
            body,
        };
        Ok(told.bodies.into_iter().enumerate().map(event).collect())
    }

    fn alert(&self) -> Alert {
        let symptoms = &self.alert.symptoms;
        let label = |(n, symptom): (usize, &Symptom)| {
            (Untrusted::from(format!("resource.{n}")), symptom.affected_resource.clone())
        };
        Alert {
            name: "symptoms".into(),
            summary: symptoms.first().map(|symptom| symptom.potential_symptom.clone()),
            service: symptoms.first().map(|symptom| symptom.affected_resource.clone()),
            labels: symptoms.iter().enumerate().map(label).collect(),
            ..Alert::default()
        }
    }
}

struct Telling {
    bodies: Vec<(i64, Body)>,
    open: Option<CallId>,
    calls: u64,
}

impl Telling {
    fn add(&mut self, i: i64, body: impl Into<Body>) {
        self.bodies.push((i, body.into()));
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        match step.kind.as_str() {
            "tool_call" => {
                self.calls += 1;
                let call = CallId::new(format!("c{}", self.calls))?;
                self.open = Some(call.clone());
                let input = step.args.to_string().into();
                self.add(step.i, ToolCalled { call, tool: step.tool.clone(), input, by: None });
            }
            "tool_result" => {
                // An answer to a diagnosis that was handed in is no evidence.
                if let Some(call) = self.open.take() {
                    let output = Payload::Text(step.text.clone());
                    self.add(step.i, ToolReturned { call, output, failed: false, truncated: false });
                }
            }
            "task" => {
                self.hypothesis(step, &format!("T{}", step.worker), &step.target, HypothesisStatus::Open)?;
            }
            "hypothesis" => {
                self.hypothesis(step, &format!("H{}", step.worker), &step.text, HypothesisStatus::Open)?;
            }
            "report" => {
                let named = step.localization.iter().map(Untrusted::expose).collect::<Vec<_>>().join("; ");
                let title = if named.is_empty() { step.text.clone() } else { named.into() };
                self.hypothesis(step, "report", &title, HypothesisStatus::Leading)?;
            }
            "thought" | "diagnosis" => {
                self.add(step.i, MessageSaid { text: step.text.clone(), from: None });
            }
            other => {
                let other = Untrusted::from(other).escaped();
                return Err(Error::invalid(format!("a step of unknown kind: {other}")));
            }
        }
        Ok(())
    }

    fn hypothesis(
        &mut self,
        step: &Step,
        id: &str,
        title: &Untrusted,
        status: HypothesisStatus,
    ) -> Result<()> {
        let id = HypothesisId::new(id)?;
        let hypothesis = Hypothesis { id, title: title.clone(), status, confidence_pct: None };
        self.add(step.i, HypothesisStated { hypothesis });
        Ok(())
    }
}
