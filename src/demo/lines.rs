//! One readable line for an event, for a pipe. Outside text is escaped; the cockpit has its own, richer view.

use crate::domain::{Action, AlertState, HoldId, Hypothesis, HypothesisStatus, Payload, Untrusted};
use crate::session::{Body, Event, ExecutionFinished, MessageSaid, Session, ToolCalled};

/// Longest text in a line, in characters; the record has the whole.
const TEXT_MAX: usize = 240;

/// `02:41:07 INC-4231 scout proposed P1: kubectl …`; nothing for an event that a reader would not miss.
pub(super) fn line(session: &Session, event: &Event) -> Option<String> {
    let what = what(session, &event.body)?;
    let (at, who) = (event.at.clock(), who(event).escaped());
    Some(format!("{at} {:<9} {who:<14} {what}", event.session))
}

/// The connection, or the sub-agent that it says it speaks for.
fn who(event: &Event) -> &Untrusted {
    if let Body::ToolCalled(ToolCalled { by: Some(name), .. })
    | Body::MessageSaid(MessageSaid { from: Some(name), .. }) = &event.body
    {
        return name;
    }
    &event.actor.name
}

fn what(session: &Session, body: &Body) -> Option<String> {
    let p = |id: &HoldId| session.hold(id).map_or_else(|| id.to_string(), |hold| format!("P{}", hold.number));
    Some(match body {
        Body::SessionOpened(b) => format!("opened: {}", text(&b.title)),
        Body::AlertObserved(b) => format!("alert {}", text(&b.alert.name)),
        Body::AlertChanged(b) => match b.state? {
            AlertState::Firing => "the alert fires".into(),
            AlertState::Resolved => "the alert is resolved".into(),
            AlertState::Silenced => "the alert is silenced".into(),
        },
        Body::AgentJoined(b) => format!("{} joins", text(&b.name)),
        Body::AgentLeft(b) => format!("{} leaves{}", text(&b.name), because(b.reason.as_ref())),
        Body::MessageSaid(b) => format!("says: {}", text(&b.text)),
        Body::ToolCalled(b) => format!("{} asks {}: {}", b.call, text(&b.tool), text(&b.input)),
        Body::ToolReturned(b) => format!("{} returns {} bytes", b.call, size(&b.output)),
        Body::HypothesisStated(b) => hypothesis(&b.hypothesis),
        Body::HypothesisRevised(b) => hypothesis(&b.hypothesis),
        Body::EvidenceCited(b) => format!("cites {}: {}", b.evidence.id, text(&b.evidence.excerpt)),
        Body::ActionProposed(b) => format!("proposes {}: {}", p(&b.hold), command(&b.proposal.action)),
        Body::ActionRevised(b) => format!("revises {}: {}", p(&b.hold), command(&b.proposal.action)),
        Body::ActionWithdrawn(b) => format!("withdraws {}{}", p(&b.hold), because(b.reason.as_ref())),
        Body::HoldOpened(b) => format!("{} waits for a person until {}", p(&b.hold), b.expires_at.clock()),
        Body::HoldClosed(b) => {
            format!("{} is {}{}", p(&b.hold), b.outcome.word(), because(b.reason.as_ref()))
        }
        Body::GrantRevoked(b) => format!("the approval of {} is void: {}", p(&b.hold), text(&b.reason)),
        Body::ExecutionStarted(b) => format!("{} runs", p(&b.hold)),
        Body::ExecutionFinished(b) => format!("{} ended: {}", p(&b.hold), end(b)),
        Body::ExecutionRefused(b) => format!("{} was not started: {}", p(&b.hold), text(&b.reason)),
        Body::ExecutionLost(b) => format!("nobody can tell whether {} ran: {}", p(&b.hold), text(&b.reason)),
        Body::StopRequested(b) => format!("STOP (level {}){}", b.level, because(b.reason.as_ref())),
        Body::StopConfirmed(b) => format!("confirms: {}", text(&b.what)),
        Body::QuestionAsked(b) => format!("asks: {}", text(&b.text)),
        Body::NoteAdded(b) => format!("notes: {}", text(&b.text)),
        Body::ReviewMade(_) => "has looked".into(),
        Body::SessionClosed(b) => format!("closes the session{}", because(b.reason.as_ref())),
        // Said by the lines before and behind them.
        Body::VoteCast(_) | Body::GrantIssued(_) | Body::GrantRedeemed(_) => return None,
        Body::Unknown(b) => format!("{} (unknown to this version)", text(&b.type_name)),
    })
}

/// How a command ended, in words.
pub(super) fn end(end: &ExecutionFinished) -> String {
    match (end.exit, end.signal) {
        (Some(exit), _) => format!("exit status {exit}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "exit status not told".into(),
    }
}

/// What would run, in one line.
pub(super) fn command(action: &Action) -> String {
    let words = match action {
        Action::Exec(exec) => exec.argv.iter().map(Untrusted::escaped).collect::<Vec<_>>().join(" "),
        Action::AgentCommand(command) => command.command.escaped(),
        Action::AgentPatch(patch) => format!("changes of {} files", patch.changes.len()),
        Action::AgentTool(tool) => tool.tool.escaped(),
    };
    cut(words)
}

fn hypothesis(claim: &Hypothesis) -> String {
    let sure = claim.confidence_pct.map_or_else(String::new, |pct| format!(" ({pct} %)"));
    let status = match claim.status {
        HypothesisStatus::Open => "",
        HypothesisStatus::Leading => ", leading",
        HypothesisStatus::Refuted => ", refuted",
    };
    format!("{} {}{sure}{status}", claim.id, text(&claim.title))
}

fn size(output: &Payload) -> u64 {
    match output {
        Payload::Text(text) => text.len() as u64,
        Payload::Blob { bytes, .. } => *bytes,
    }
}

fn because(reason: Option<&Untrusted>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {}", text(reason)))
}

fn text(text: &Untrusted) -> String {
    cut(text.escaped())
}

/// Escaped text is ASCII, so that bytes are characters.
fn cut(mut text: String) -> String {
    if text.len() > TEXT_MAX {
        text.truncate(TEXT_MAX);
        text.push_str(" [...]");
    }
    text
}
