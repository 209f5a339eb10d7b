//! The script: what a story consists of, as data.
//!
//! The types are the format; [`parse`] refuses an unknown field and says in which line. What the types cannot say
//! (a scene that does not exist, a citation of nothing) is in `check`.

use serde::Deserialize;
use toml::Spanned;

use super::check;
use crate::domain::{
    AlertState, CallId, Error, HypothesisStatus, Outcome, Result, SessionId, SourceKind, Stance,
};

/// The story that the demo plays when it is not given another.
pub const STORY: &str = include_str!("story.toml");

/// A whole story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// One line.
    pub title: String,
    /// The incidents, in the order in which they are set up.
    #[serde(rename = "incident")]
    pub incidents: Vec<Incident>,
    /// What the agents do.
    #[serde(rename = "scene")]
    pub scenes: Vec<Scene>,
    /// The programs behind the proposals.
    #[serde(rename = "stand_in", default)]
    pub stand_ins: Vec<StandIn>,
    /// What the scripted approver does.
    #[serde(rename = "decide", default)]
    pub decisions: Vec<Decide>,
    /// What the record must say afterwards.
    #[serde(rename = "expect", default)]
    pub expectations: Vec<Expect>,
}

/// An alert, its readings, and the agent that works on it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// The session's identifier.
    pub session: Spanned<SessionId>,
    /// One line.
    pub title: String,
    /// The name under which the agent signs in.
    pub agent: String,
    /// The scene that it begins with.
    pub first: Spanned<String>,
    /// When it begins; absent means at once.
    #[serde(default)]
    pub start: Option<Start>,
    /// What the agent says when a person stops it.
    #[serde(default)]
    pub on_stop: Option<String>,
    /// What paged somebody.
    pub alert: AlertSpec,
    /// Its live readings.
    #[serde(default)]
    pub signal: Option<Signal>,
}

/// Begins when the record says so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// In which session.
    pub after: Spanned<SessionId>,
    /// As soon as so many of its holds are closed, or it is over.
    pub decided: usize,
}

/// What paged somebody.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertSpec {
    /// The rule's name.
    pub name: String,
    /// One line for a person.
    #[serde(default)]
    pub summary: Option<String>,
    /// In the source's own words.
    #[serde(default)]
    pub severity: Option<String>,
    /// The alerting service.
    #[serde(default)]
    pub service: Option<String>,
    /// As the source gave them.
    #[serde(default)]
    pub labels: std::collections::BTreeMap<String, String>,
    /// Above which value it fires.
    pub threshold: f64,
    /// The value's unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// How long ago it began to fire, in seconds.
    pub fired_s_ago: u32,
}

/// How the alert's value moves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// The name under which the monitor signs in.
    pub from: String,
    /// Between two readings, in milliseconds.
    pub every_ms: u64,
    /// Readings from before the story.
    #[serde(default)]
    pub past_readings: u32,
    /// Between two of those, in seconds.
    #[serde(default)]
    pub past_every_s: u32,
    /// The first value.
    pub start: f64,
    /// Where it heads.
    pub toward: f64,
    /// Which part of the way each reading makes, 0 to 1.
    pub pull: f64,
    /// How far a reading may stray.
    #[serde(default)]
    pub wobble: f64,
    /// Where it heads once a stand-in has run; the last that applies counts.
    #[serde(default)]
    pub after: Vec<After>,
}

/// What a stand-in's run does to the value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// The effect that the stand-in leaves.
    pub effect: Spanned<String>,
    /// Where the value heads then.
    pub toward: f64,
    /// Which part of the way each reading makes.
    pub pull: f64,
}

/// A stretch of what an agent does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Of which incident.
    pub incident: Spanned<SessionId>,
    /// Its name, unique within the incident.
    pub name: Spanned<String>,
    /// In order. After the last the agent is done, unless that leads to another scene.
    pub steps: Vec<Spanned<Step>>,
}

/// One thing that an agent does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Waits, in milliseconds.
    WaitMs(u64),
    /// A (sub-)agent takes part.
    Join(Join),
    /// The agent, or a sub-agent, says something.
    Say(Say),
    /// The demo itself says something to the person, a message each.
    Guide(Vec<String>),
    /// A tool is asked.
    Call(CallStep),
    /// It answers.
    Return(ReturnStep),
    /// An explanation is stated, or seen differently.
    Hypothesis(HypothesisStep),
    /// A citation.
    Cite(CiteStep),
    /// A person is asked.
    Propose(Box<Propose>),
    /// Waits for the alert to clear.
    Check(Check),
    /// On to another scene.
    Go(Spanned<String>),
    /// The agent leaves, and says why.
    Leave(String),
}

/// See [`Step::Join`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// Its name.
    pub name: String,
    /// Who started it.
    #[serde(default)]
    pub parent: Option<String>,
    /// What it can do without asking.
    #[serde(default)]
    pub unasked: Option<String>,
}

/// See [`Step::Say`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// The words; `{{reason}}` stands for what the person wrote last.
    pub text: String,
    /// Which sub-agent; absent means the agent.
    #[serde(default)]
    pub from: Option<String>,
}

/// See [`Step::Call`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallStep {
    /// Its identifier; absent for a call that may come again, which gets a fresh one each time.
    #[serde(default)]
    pub id: Option<CallId>,
    /// Which sub-agent asks.
    #[serde(default)]
    pub by: Option<String>,
    /// The tool.
    pub tool: String,
    /// What is asked.
    pub input: String,
}

/// See [`Step::Return`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnStep {
    /// Which call; absent means the last one without an identifier.
    #[serde(default)]
    pub call: Option<Spanned<CallId>>,
    /// The whole output.
    pub output: Spanned<String>,
    /// Whether the tool failed.
    #[serde(default)]
    pub failed: bool,
}

/// See [`Step::Hypothesis`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HypothesisStep {
    /// Its identifier.
    pub id: crate::domain::HypothesisId,
    /// One line.
    pub title: String,
    /// Where the agent says it stands.
    #[serde(default)]
    pub status: HypothesisStatus,
    /// The agent's own confidence, in percent.
    #[serde(default)]
    pub confidence_pct: Option<u8>,
}

/// See [`Step::Cite`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CiteStep {
    /// Its identifier.
    pub id: crate::domain::EvidenceId,
    /// What for.
    #[serde(default)]
    pub hypothesis: Option<crate::domain::HypothesisId>,
    /// For or against.
    #[serde(default)]
    pub stance: Stance,
    /// What sort of source.
    #[serde(default)]
    pub source: SourceKind,
    /// Whose output is said to hold it.
    #[serde(default)]
    pub call: Option<Spanned<CallId>>,
    /// The words cited.
    pub excerpt: String,
}

/// See [`Step::Propose`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Propose {
    /// The program, and what it does in the demo.
    pub stand_in: Spanned<String>,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// What it is meant for, as the agent says.
    #[serde(default)]
    pub service: Option<String>,
    /// Where, as the agent says.
    #[serde(default)]
    pub environment: Option<String>,
    /// Why, as the agent says.
    #[serde(default)]
    pub why: Option<String>,
    /// What it would touch, as the agent says.
    #[serde(default)]
    pub claim: Option<String>,
    /// What undoes it, as the agent says.
    #[serde(default)]
    pub undo: Option<String>,
    /// What it rests on.
    #[serde(default)]
    pub cites: Vec<Spanned<crate::domain::EvidenceId>>,
    /// How long a person has, in seconds; the hub has a default.
    #[serde(default)]
    pub expires_s: Option<u64>,
    /// What the demo tells the person while it waits, a message each.
    #[serde(default)]
    pub guide: Vec<String>,
    /// The scene after it was approved and ran.
    pub approved: Spanned<String>,
    /// The scene after a denial.
    pub denied: Spanned<String>,
    /// The scene when nobody answered.
    pub expired: Spanned<String>,
}

/// See [`Step::Check`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// How long to watch, in milliseconds.
    pub within_ms: u64,
    /// The scene when it cleared.
    pub cleared: Spanned<String>,
    /// The scene when it still fires.
    pub firing: Spanned<String>,
}

/// A harmless program under a real one's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandIn {
    /// By what a proposal names it.
    pub name: Spanned<String>,
    /// The program that it stands for: its file name, and so the first word of the command.
    pub program: Spanned<String>,
    /// The file to which each run adds one line; absent means the stand-in's name.
    #[serde(default)]
    pub effect: Option<Spanned<String>>,
    /// The lines that it prints.
    #[serde(default)]
    pub prints: Vec<String>,
    /// Between two lines, in milliseconds.
    #[serde(default)]
    pub every_ms: u64,
    /// Its exit status.
    #[serde(default)]
    pub exit: u8,
}

/// One act of the scripted approver.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// Where.
    pub session: Spanned<SessionId>,
    /// The hold's number within the session; absent means every hold that no other entry names.
    #[serde(default)]
    pub hold: Option<u32>,
    /// What to do.
    pub verdict: Answer,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// How long to look first, in milliseconds.
    #[serde(default)]
    pub after_ms: u64,
}

/// What the scripted approver does about a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Lets it run.
    Approve,
    /// Does not.
    Deny,
    /// Stops the session while it waits.
    Stop,
    /// Approves, and stops the session while the command runs: once, and again until it is dead.
    ApproveThenStop,
    /// Lets the time pass.
    Ignore,
}

/// Something that the record, or the stand-ins' files, must show.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expect {
    /// How a hold ended.
    Hold(ExpectHold),
    /// Where an alert stands.
    Alert(ExpectAlert),
    /// How often a stand-in ran.
    Effect(ExpectEffect),
    /// That a session was stopped.
    Stop(ExpectStop),
}

/// See [`Expect::Hold`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectHold {
    /// Where.
    pub session: Spanned<SessionId>,
    /// Its number.
    pub number: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether its command ran to its end.
    pub ran: bool,
}

/// See [`Expect::Alert`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectAlert {
    /// Where.
    pub session: Spanned<SessionId>,
    /// What it must be.
    pub state: AlertState,
}

/// See [`Expect::Effect`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectEffect {
    /// Which.
    pub name: Spanned<String>,
    /// How many lines its file has.
    pub lines: usize,
}

/// See [`Expect::Stop`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectStop {
    /// Where.
    pub session: Spanned<SessionId>,
    /// Whether somebody must have confirmed that nothing runs any more.
    pub dead: bool,
}

impl Script {
    /// The scene of this incident and name.
    #[must_use]
    pub fn scene(&self, incident: &SessionId, name: &str) -> Option<&Scene> {
        self.scenes.iter().find(|s| s.incident.get_ref() == incident && s.name.get_ref() == name)
    }

    /// The stand-in of this name, and which it is.
    #[must_use]
    pub fn stand_in(&self, name: &str) -> Option<(usize, &StandIn)> {
        self.stand_ins.iter().enumerate().find(|(_, s)| s.name.get_ref() == name)
    }

    /// What the scripted approver does about this hold.
    #[must_use]
    pub fn decision(&self, session: &SessionId, hold: u32) -> Option<&Decide> {
        let of = |d: &&Decide| d.session.get_ref() == session;
        let exact = self.decisions.iter().filter(of).find(|d| d.hold == Some(hold));
        exact.or_else(|| self.decisions.iter().filter(of).find(|d| d.hold.is_none()))
    }
}

impl StandIn {
    /// The file to which each run adds one line.
    #[must_use]
    pub fn effect(&self) -> &str {
        self.effect.as_ref().unwrap_or(&self.name).get_ref()
    }
}

/// Reads a script. `name` is what to call it in an error.
///
/// # Errors
/// `Kind::Invalid`, with the line, when the text is not TOML, not a script, or not a story that can be played.
pub fn parse(name: &str, text: &str) -> Result<Script> {
    let script: Script = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| check::line_of(text, span.start));
        Error::invalid(format!("{name}, line {line}: {}", one_line(error.message())))
            .hint("`holdpoint demo --print-script` prints a script that is right")
    })?;
    check::check(&script).map_err(|fault| {
        Error::invalid(format!("{name}, line {}: {}", check::line_of(text, fault.at), fault.what))
            .hint("`holdpoint demo --print-script` prints a script that is right")
    })?;
    Ok(script)
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join(" ").escape_debug().to_string()
}
