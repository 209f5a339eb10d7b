//! What happened, a line each: when, who, what.

use ratatui::layout::Rect;

use crate::cockpit::model::{Model, Pane, Tracked};
use crate::cockpit::style::{Ground, Tone};
use crate::domain::{Role, Untrusted, Verdict};
use crate::session::{Body, Event, ExecutionFinished};

use super::hypotheses::heading;
use super::layout::inset;
use super::paint::{Ink, Text};
use super::units::{bytes, count, second, took};

/// Columns of the name.
const NAME: usize = 14;

/// Draws it.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let area = inset(area, 1, 0);
    let Some(tracked) = model.shown() else { return };
    let listed = model.listed(tracked);
    let mut head = heading(model, ink.styles, Pane::Timeline, "TIMELINE");
    if !model.search.is_empty() {
        head = head
            .gap(2)
            .ours(format!("{} of {} hold ", listed.len(), tracked.timeline.len()), Tone::Waiting)
            .theirs(&model.search.as_str().into(), Tone::Text);
    }
    let height = area.height.saturating_sub(1) as usize;
    let at = match model.picked.event {
        Some(seq) => listed.place(seq),
        None => listed.len().checked_sub(1),
    };
    let Some(at) = at.or_else(|| listed.len().checked_sub(1)) else {
        ink.ends(area, 0, &head, &gaps(tracked));
        let words = if model.search.is_empty() { "nothing happened yet" } else { "no line holds that" };
        return ink.text(area, 1, &Text::new().gap(2).ours(words, Tone::Faint));
    };
    // The selected line in the middle, the end at the bottom.
    let first = (at + height / 2 + 1).min(listed.len()).saturating_sub(height);
    let mut right = gaps(tracked);
    let below = listed.len().saturating_sub(first + height);
    if below > 0 {
        right = right.gap(2).ours(format!("{} below", count(below, "line", "lines")), Tone::Faint);
    }
    ink.ends(area, 0, &head, &right);
    for row in 0..height {
        let Some(event) = listed.get(first + row) else { break };
        let y = row as u16 + 1;
        if first + row == at && model.pane == Pane::Timeline {
            ink.fill(Rect { y: area.y + y, height: 1, ..area }, Ground::Selected);
        }
        let right = if area.width >= 60 { answer(tracked, event) } else { Text::new() };
        ink.ends(area, y, &line(tracked, event, ink), &right);
    }
}

fn gaps(tracked: &Tracked) -> Text {
    let session = &tracked.session;
    let lost: u64 = session.gaps.iter().map(|gap| gap.before - gap.after - 1).sum();
    if lost == 0 {
        Text::new()
    } else {
        Text::new().ours(format!("{} never arrived", count(lost as usize, "event", "events")), Tone::Harm)
    }
}

fn line(tracked: &Tracked, event: &Event, ink: &Ink<'_>) -> Text {
    let (name, tone) = who(event);
    let cell = Text::new().theirs(&name, tone);
    let pad = NAME.saturating_sub(cell.width(ink.styles)).max(1);
    let cut: Untrusted = if cell.width(ink.styles) > NAME {
        name.expose().chars().take(NAME - 1).collect::<String>().into()
    } else {
        name
    };
    let cell = Text::new().ours(second(event.at), Tone::Faint).gap(1).theirs(&cut, tone).gap(pad);
    cell.and(told(tracked, event))
}

/// Who did it, and how their name is drawn.
fn who(event: &Event) -> (Untrusted, Tone) {
    let by = if let Body::ToolCalled(called) = &event.body {
        called.by.clone()
    } else if let Body::MessageSaid(said) = &event.body {
        said.from.clone()
    } else {
        None
    };
    let tone = match event.actor.role {
        Role::Agent => Tone::Agent,
        Role::Person => Tone::Strong,
        Role::Hub => Tone::Dim,
    };
    (by.unwrap_or_else(|| event.actor.name.clone()), tone)
}

/// How long a call took and what it brought, where it answered.
fn answer(tracked: &Tracked, event: &Event) -> Text {
    let Body::ToolCalled(called) = &event.body else { return Text::new() };
    let returned = tracked.session.call(&called.call).and_then(|call| call.returned.as_ref());
    match returned {
        None => Text::new().ours("no answer yet", Tone::Faint),
        Some(returned) => {
            let size = match &returned.output {
                crate::domain::Payload::Text(text) => text.len() as u64,
                crate::domain::Payload::Blob { bytes, .. } => *bytes,
            };
            let words = format!("{}  {:>6}", took(returned.at.since(event.at)), bytes(size));
            if returned.failed {
                Text::new().ours(format!("failed  {words}"), Tone::Harm)
            } else {
                Text::new().ours(words, Tone::Faint)
            }
        }
    }
}

/// What happened, in words.
pub(super) fn told(tracked: &Tracked, event: &Event) -> Text {
    let say = |words: &'static str, tone| Text::new().ours(words, tone);
    let number = |hold: &crate::domain::HoldId| {
        tracked.session.hold(hold).map_or_else(|| "a hold".to_owned(), |hold| format!("P{}", hold.number))
    };
    match &event.body {
        Body::SessionOpened(b) => say("opened: ", Tone::Dim).theirs(&b.title, Tone::Text),
        Body::AlertObserved(b) => say("alert ", Tone::Harm).theirs(&b.alert.name, Tone::Harm),
        Body::AlertChanged(b) => match b.state {
            Some(crate::domain::AlertState::Resolved) => say("the alert resolved", Tone::Good),
            Some(crate::domain::AlertState::Silenced) => say("the alert was silenced", Tone::Waiting),
            Some(crate::domain::AlertState::Firing) => say("the alert fires", Tone::Harm),
            None => say("the alert's value changed", Tone::Dim),
        },
        Body::AgentJoined(b) => say("joined: ", Tone::Dim).theirs(&b.name, Tone::Agent),
        Body::AgentLeft(b) => {
            because(say("left: ", Tone::Dim).theirs(&b.name, Tone::Agent), b.reason.as_ref())
        }
        Body::MessageSaid(b) => Text::new().theirs(&b.text, Tone::Text),
        Body::ToolCalled(b) => Text::new().theirs(&b.tool, Tone::Cited).gap(1).theirs(&b.input, Tone::Text),
        Body::ToolReturned(b) => say("an answer to ", Tone::Dim).ours(b.call.to_string(), Tone::Dim),
        Body::HypothesisStated(b) => claim("states ", &b.hypothesis),
        Body::HypothesisRevised(b) => claim("revises ", &b.hypothesis),
        Body::EvidenceCited(b) => Text::new()
            .ours(format!("cites {}: ", b.evidence.id), Tone::Cited)
            .theirs(&b.evidence.excerpt, Tone::Text),
        Body::ActionProposed(b) => proposed("proposes", &number(&b.hold), &b.proposal),
        Body::ActionRevised(b) => {
            proposed("revises", &format!("{} r{}", number(&b.hold), b.revision), &b.proposal)
        }
        Body::ActionWithdrawn(b) => {
            because(say("takes it back: ", Tone::Dim).ours(number(&b.hold), Tone::Dim), b.reason.as_ref())
        }
        Body::ReviewMade(_) => say("has looked", Tone::Text),
        Body::QuestionAsked(b) => say("asks: ", Tone::Waiting).theirs(&b.text, Tone::Text),
        Body::HoldOpened(b) => Text::new().ours(
            format!("{} waits for a person, until {}", number(&b.hold), second(b.expires_at)),
            Tone::Waiting,
        ),
        Body::NoteAdded(b) => say("notes: ", Tone::Dim).theirs(&b.text, Tone::Text),
        Body::SessionClosed(b) => because(say("closed", Tone::Dim), b.reason.as_ref()),
        Body::Unknown(raw) => say("unknown event ", Tone::Harm).theirs(&raw.type_name, Tone::Harm),
        Body::VoteCast(_)
        | Body::HoldClosed(_)
        | Body::GrantIssued(_)
        | Body::GrantRedeemed(_)
        | Body::GrantRevoked(_)
        | Body::ExecutionStarted(_)
        | Body::ExecutionFinished(_)
        | Body::ExecutionRefused(_)
        | Body::ExecutionLost(_)
        | Body::StopRequested(_)
        | Body::StopConfirmed(_) => decided(&event.body, &number),
    }
}

/// The same for what happens from a verdict on.
fn decided(body: &Body, number: &impl Fn(&crate::domain::HoldId) -> String) -> Text {
    let say = |words: String, tone| Text::new().ours(words, tone);
    match body {
        Body::VoteCast(b) => {
            let (word, tone) = match b.verdict {
                Verdict::Approve => ("approves", Tone::Good),
                Verdict::Deny => ("denies", Tone::Harm),
            };
            because(say(format!("{word} {} r{}", number(&b.hold), b.revision), tone), b.reason.as_ref())
        }
        Body::HoldClosed(b) => because(
            say(format!("{} is {}", number(&b.hold), b.outcome.word()), Tone::Text),
            b.reason.as_ref(),
        ),
        Body::GrantIssued(b) => {
            say(format!("{} may run once, until {}", number(&b.hold), second(b.expires_at)), Tone::Dim)
        }
        Body::GrantRedeemed(b) => {
            say(format!("{}: the authority to run is used up", number(&b.hold)), Tone::Dim)
        }
        Body::GrantRevoked(b) => because(
            say(format!("{}: the authority to run is void", number(&b.hold)), Tone::Waiting),
            Some(&b.reason),
        ),
        Body::ExecutionStarted(b) => {
            let process = b.pid.map_or_else(String::new, |pid| format!(", process {pid}"));
            say(format!("{} runs{process}", number(&b.hold)), Tone::Cited)
        }
        Body::ExecutionFinished(b) => ended(b, &number(&b.hold)),
        Body::ExecutionRefused(b) => {
            because(say(format!("{} was not started", number(&b.hold)), Tone::Harm), Some(&b.reason))
        }
        Body::ExecutionLost(b) => {
            let words = format!("{}: nobody can tell whether it ran", number(&b.hold));
            because(say(words, Tone::Harm), Some(&b.reason))
        }
        Body::StopRequested(b) => because(say(format!("STOP {}", b.level), Tone::Harm), b.reason.as_ref()),
        Body::StopConfirmed(b) => {
            let (words, tone) = match b.dead {
                Some(true) => ("stopped, nothing runs: ", Tone::Good),
                Some(false) => ("stop: something still runs: ", Tone::Harm),
                None => ("stop: not known whether it runs: ", Tone::Waiting),
            };
            say(words.to_owned(), tone).theirs(&b.what, Tone::Text)
        }
        Body::SessionOpened(_)
        | Body::AlertObserved(_)
        | Body::AlertChanged(_)
        | Body::AgentJoined(_)
        | Body::AgentLeft(_)
        | Body::MessageSaid(_)
        | Body::ToolCalled(_)
        | Body::ToolReturned(_)
        | Body::HypothesisStated(_)
        | Body::HypothesisRevised(_)
        | Body::EvidenceCited(_)
        | Body::ActionProposed(_)
        | Body::ActionRevised(_)
        | Body::ActionWithdrawn(_)
        | Body::ReviewMade(_)
        | Body::QuestionAsked(_)
        | Body::HoldOpened(_)
        | Body::NoteAdded(_)
        | Body::SessionClosed(_)
        | Body::Unknown(_) => Text::new(),
    }
}

/// How a run ended.
fn ended(finished: &ExecutionFinished, number: &str) -> Text {
    let (end, tone) = match (finished.exit, finished.signal) {
        (Some(0), _) => ("exit 0".to_owned(), Tone::Good),
        (Some(exit), _) => (format!("exit {exit}"), Tone::Harm),
        (None, Some(signal)) => (format!("signal {signal}"), Tone::Harm),
        (None, None) => ("how was not told".to_owned(), Tone::Dim),
    };
    Text::new().ours(format!("{number} ended: {end}, {} of output", bytes(finished.output_bytes)), tone)
}

fn claim(verb: &'static str, hypothesis: &crate::domain::Hypothesis) -> Text {
    let sure = hypothesis.confidence_pct.map_or_else(String::new, |pct| format!(" {pct} %"));
    Text::new()
        .ours(format!("{verb}{}{sure}: ", hypothesis.id), Tone::Dim)
        .theirs(&hypothesis.title, Tone::Text)
}

fn proposed(verb: &str, number: &str, proposal: &crate::domain::Proposal) -> Text {
    let cites = match proposal.cites.len() {
        0 => String::new(),
        n => format!(" ({})", count(n, "citation", "citations")),
    };
    Text::new()
        .ours(format!("{verb} {number}{cites}  "), Tone::Waiting)
        .theirs(&proposal.action.summary(), Tone::Waiting)
}

fn because(text: Text, reason: Option<&Untrusted>) -> Text {
    match reason {
        Some(reason) if !reason.is_empty() => text.ours(": ", Tone::Dim).theirs(reason, Tone::Text),
        Some(_) | None => text,
    }
}
