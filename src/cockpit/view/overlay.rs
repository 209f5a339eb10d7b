//! Things shown whole over the rest: the keys, an event, a source, a session; and what an empty screen says.

use ratatui::layout::Rect;
use ratatui::text::Line as Drawn;

use crate::cockpit::event::Painted;
use crate::cockpit::input::Context;
use crate::cockpit::model::{Line, Model, Overlay, Tracked};
use crate::cockpit::style::{Ground, Tone};
use crate::domain::{Payload, Untrusted};
use crate::session::{Body, Event, Session};

use super::evidence;
use super::layout::inset;
use super::paint::{Ink, Text};
use super::timeline::told;
use super::units::{count, second};

/// Draws the overlay, scrolled.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect, painted: &mut Painted) {
    let Some(overlay) = &model.overlay else { return };
    ink.fill(area, Ground::Raised);
    let inner = inset(area, 2, 0);
    let (title, texts) = match overlay {
        Overlay::Help => ("KEYS", help(model)),
        Overlay::Event(session, seq) => {
            ("EVENT", model.sessions.get(session).map_or_else(Vec::new, |t| event(t, *seq)))
        }
        Overlay::Citation(session, id) => {
            let rows = model.session(session).and_then(|session| {
                let citation = session.citations.iter().find(|citation| citation.evidence.id == *id)?;
                Some(evidence::whole(model, ink.styles, session, citation).0)
            });
            ("SOURCE", rows.unwrap_or_default())
        }
        Overlay::Session(id) => ("SESSION", model.session(id).map_or_else(Vec::new, session)),
    };
    let width = inner.width as usize;
    let rows: Vec<Drawn<'static>> = texts.iter().flat_map(|text| text.fold(width, ink.styles)).collect();
    let height = inner.height.saturating_sub(2) as usize;
    (painted.overlay_rows, painted.overlay_height) = (rows.len(), height);
    let last = rows.len().saturating_sub(height);
    let first = model.overlay_scroll.min(last);
    let place = if last == 0 {
        String::new()
    } else {
        format!("{}-{} of {}", first + 1, (first + height).min(rows.len()), rows.len())
    };
    ink.ends(inner, 0, &Text::new().ours(title, Tone::Strong), &Text::new().ours(place, Tone::Faint));
    for (row, line) in rows.iter().skip(first).take(height).enumerate() {
        ink.line(inner, row as u16 + 2, line);
    }
}

/// What a newcomer, or somebody whose hub is away, needs to know.
pub(super) fn welcome(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let area = inset(area, 2, 1);
    let mut texts = Vec::new();
    match (&model.line, model.line.error()) {
        (_, Some(error)) => {
            texts.push(Text::new().ours("There is no connection to the hub.", Tone::Harm));
            texts.push(Text::new().theirs(&error.message().into(), Tone::Text));
            if let Some(next) = error.next() {
                texts.push(Text::new().ours("Next: ", Tone::Label).theirs(&next.into(), Tone::Text));
            }
            let again = match model.line {
                Line::Refused(_) => "It will not be tried again: leave with q, and start anew.",
                Line::Connecting(_)
                | Line::CatchingUp { .. }
                | Line::Live
                | Line::Stale { .. }
                | Line::Replay => "It is tried again by itself.",
            };
            texts.push(Text::new().ours(again, Tone::Dim));
        }
        (Line::Connecting(_), None) => {
            texts.push(
                Text::new()
                    .ours("Connecting to ", Tone::Text)
                    .theirs(&model.target.as_str().into(), Tone::Text),
            );
        }
        (Line::CatchingUp { .. }, None) => texts.push(Text::new().ours("Reading the record.", Tone::Text)),
        (Line::Replay, None) => texts.push(Text::new().ours("The recording begins.", Tone::Text)),
        (Line::Live | Line::Stale { .. } | Line::Refused(_), None) => texts.extend(first_steps()),
    }
    let lines = texts.iter().flat_map(|text| text.fold(area.width as usize, ink.styles));
    for (row, line) in lines.enumerate() {
        ink.line(area, row as u16, &line);
    }
}

fn first_steps() -> Vec<Text> {
    let step = |words: &'static str, command: &'static str| {
        Text::new().ours(format!("{words:<34}"), Tone::Dim).ours(command, Tone::Strong)
    };
    vec![
        Text::new().ours("No session yet: nothing waits for you.", Tone::Text),
        Text::new(),
        step("hold a command for a person:", "holdpoint gate -- CMD ARG…"),
        step("attach a running Codex:", "holdpoint bridge codex ws://…"),
        step("see it all played:", "holdpoint demo"),
        Text::new(),
        Text::new().ours("What waits appears here by itself, with a bell.", Tone::Dim),
    ]
}

/// Every key of the view under the help.
fn help(model: &Model) -> Vec<Text> {
    let mut rows = Vec::new();
    let of = if model.sheet.is_some() {
        [
            ("the decision sheet", Context::Sheet),
            ("after A", Context::Approving),
            ("a text field", Context::Field),
        ]
    } else {
        [("queue and panes", Context::Main), ("a source", Context::Source), ("a text field", Context::Field)]
    };
    for (title, context) in of {
        rows.push(Text::new().ours(title, Tone::Label));
        for hint in model.keymap.hints(context) {
            rows.push(
                Text::new().ours(format!("  {:<14}", hint.keys), Tone::Strong).ours(hint.words, Tone::Text),
            );
        }
        rows.push(Text::new());
    }
    rows.push(Text::new().ours(
        "A verdict counts only when its key is typed by itself, 400 ms after the sheet last changed.",
        Tone::Dim,
    ));
    rows
}

/// An event, whole.
fn event(tracked: &Tracked, seq: u64) -> Vec<Text> {
    let Some(event) = tracked.event(seq) else { return Vec::new() };
    let event: &Event = event;
    let mut rows = vec![
        Text::new()
            .ours(format!("{} ", second(event.at)), Tone::Dim)
            .theirs(&event.actor.name, Tone::Agent)
            .ours(format!("  event {seq}  "), Tone::Faint)
            .theirs(&event.body.type_name().into(), Tone::Faint),
        Text::new(),
        told(tracked, event),
    ];
    if let Body::ToolCalled(called) = &event.body
        && let Some(returned) = tracked.session.call(&called.call).and_then(|call| call.returned.as_ref())
    {
        rows.push(Text::new());
        rows.push(Text::new().ours(format!("answered {}", second(returned.at)), Tone::Label));
        match &returned.output {
            Payload::Text(text) => {
                rows.extend(text.expose().lines().map(|line| Text::new().theirs(&line.into(), Tone::Dim)));
            }
            Payload::Blob { bytes, sha256 } => {
                rows.push(Text::new().ours(format!("{bytes} bytes, stored as {sha256}"), Tone::Dim));
            }
        }
    }
    if let Body::Unknown(raw) = &event.body {
        rows.push(Text::new().theirs(&raw.json.get().into(), Tone::Dim));
    }
    if let Body::ExecutionFinished(finished) = &event.body
        && let Some(tail) = &finished.tail
    {
        rows.push(Text::new().ours("the end of its output", Tone::Label));
        rows.extend(tail.expose().lines().map(|line| Text::new().theirs(&line.into(), Tone::Dim)));
    }
    rows
}

/// A session: where it came from, its alert, its agents, its stop, and what could not be taken in.
fn session(session: &Session) -> Vec<Text> {
    let mut rows = vec![
        Text::new().theirs(&session.title, Tone::Strong),
        Text::new().ours(format!("{}  from ", session.id), Tone::Dim).theirs(&session.source, Tone::Dim),
        Text::new(),
    ];
    if let Some(alert) = &session.alert {
        rows.push(Text::new().ours("alert   ", Tone::Label).theirs(&alert.name, Tone::Harm));
        rows.extend(alert.summary.iter().map(|summary| Text::new().gap(8).theirs(summary, Tone::Text)));
        let label = |(name, value): (&Untrusted, &Untrusted)| {
            Text::new().gap(8).theirs(name, Tone::Dim).ours("=", Tone::Dim).theirs(value, Tone::Dim)
        };
        rows.extend(alert.labels.iter().map(label));
    }
    for agent in &session.agents {
        let mut row = Text::new().ours("agent   ", Tone::Label).theirs(&agent.name, Tone::Agent);
        if let Some(parent) = &agent.parent {
            row = row.ours(" under ", Tone::Dim).theirs(parent, Tone::Agent);
        }
        row = row.ours(if agent.here { "" } else { ", left" }, Tone::Dim);
        rows.push(row.ours(if agent.stoppable { "" } else { ", a stop cannot reach it" }, Tone::Harm));
        let can = agent.unasked.as_ref();
        rows.extend(
            can.map(|can| Text::new().ours("        unasked it can: ", Tone::Faint).theirs(can, Tone::Text)),
        );
    }
    if let Some(stop) = &session.stop {
        let row =
            Text::new().ours(format!("stop {}  ", stop.level), Tone::Harm).theirs(&stop.by.name, Tone::Text);
        rows.push(row.ours(format!(" {}", second(stop.at)), Tone::Dim));
        rows.extend(stop.confirmed.iter().map(|(at, what, _)| {
            Text::new().ours(format!("        {} ", second(*at)), Tone::Dim).theirs(what, Tone::Text)
        }));
    }
    for gap in &session.gaps {
        rows.push(Text::new().ours(
            format!("gap     events {} to {} never arrived", gap.after + 1, gap.before - 1),
            Tone::Harm,
        ));
    }
    for odd in &session.anomalies {
        rows.push(
            Text::new()
                .ours(format!("event {} made no sense where it stood: ", odd.seq), Tone::Harm)
                .theirs(&odd.type_name, Tone::Harm),
        );
    }
    if session.unknown_count > 0 {
        rows.push(Text::new().ours(
            count(
                session.unknown_count as usize,
                "event of a type that this version does not know",
                "events of types that this version does not know",
            ),
            Tone::Harm,
        ));
    }
    rows
}
