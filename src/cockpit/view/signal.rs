//! The original alert, pinned: its value beside its threshold, how long it has fired, who works on it, and the stop.

use crate::cockpit::model::{Model, StopWish};
use crate::cockpit::style::{Glyph, Styles, Tone};
use crate::domain::{Alert, AlertState, Role};
use crate::session::{Session, Stop};

use super::layout::{Areas, inset};
use super::paint::{Ink, Text};
use super::units::{age, count, minute, second, value};

/// Draws it, of the sheet's session or else of the one on screen.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, areas: &Areas) {
    let area = inset(areas.signal, 1, 0);
    let Some(session) = model.subject().and_then(|id| model.session(id)) else { return };
    let stop = stop(model, session, ink.styles);
    if area.height < 2 {
        let left = Text::new().theirs(&session.title, Tone::Strong).gap(1);
        let right = match session.stop.as_ref().filter(|_| !stop.is_empty()) {
            Some(stop) => briefly(stop, ink.styles),
            None if stop.is_empty() => reading(model, session, ink.styles, 8),
            None => stop,
        };
        return ink.ends(area, 0, &left, &right);
    }
    let mut title = Text::new().theirs(&session.title, Tone::Strong);
    if let Some(severity) = session.alert.as_ref().and_then(|alert| alert.severity.as_ref()) {
        title = title.gap(2).theirs(severity, Tone::Harm);
    }
    if told_by_the_investigator(session) {
        title = title.gap(2).ours("agent's word", Tone::Waiting);
    }
    ink.ends(area, 0, &title, &agents(model, session, ink.styles));
    let reading = reading(model, session, ink.styles, 24);
    if stop.is_empty() {
        ink.lead(area, 1, &reading, &unasked(session));
    } else {
        ink.ends(area, 1, &reading, &stop);
    }
    if areas.has_rule() {
        ink.rule(areas.screen, areas.signal.bottom());
    }
}

/// Whether what is known of the alert comes from somebody who investigates it: no independent witness.
fn told_by_the_investigator(session: &Session) -> bool {
    let by = session.alert_told_by.as_ref();
    by.is_some_and(|by| by.role == Role::Agent && session.agents.iter().any(|agent| agent.name == by.name))
}

/// `12.4 % ▁▃▆█ above 5 %, firing 6 min since 03:06Z`.
fn reading(model: &Model, session: &Session, styles: &Styles, columns: usize) -> Text {
    let Some(alert) = &session.alert else {
        return Text::new().ours("no alert known: nothing to hold this against", Tone::Dim);
    };
    let mut text = Text::new();
    let tone = match alert.state {
        AlertState::Firing => Tone::Harm,
        AlertState::Resolved => Tone::Good,
        AlertState::Silenced => Tone::Dim,
    };
    match session.samples.last() {
        Some(sample) => {
            text = text.ours(value(sample.value), tone);
            text = unit(text, alert, tone).gap(1).ours(spark(session, styles, columns), tone);
        }
        None => text = text.ours("value not known", Tone::Dim),
    }
    if let Some(threshold) = alert.threshold {
        text = text.gap(1).glyph(styles, Glyph::Threshold, Tone::Faint).gap(1);
        text = unit(text.ours(value(threshold), Tone::Dim), alert, Tone::Dim);
    }
    text.gap(1).and(state(model, alert, columns > 8))
}

fn unit(text: Text, alert: &Alert, tone: Tone) -> Text {
    match &alert.unit {
        Some(unit) => text.ours(" ", tone).theirs(unit, tone),
        None => text,
    }
}

fn state(model: &Model, alert: &Alert, long: bool) -> Text {
    match (alert.state, alert.starts_at) {
        (AlertState::Resolved, _) => Text::new().ours("resolved", Tone::Good),
        (AlertState::Silenced, _) => Text::new().ours("silenced, still firing", Tone::Waiting),
        (AlertState::Firing, None) => Text::new().ours("firing", Tone::Text),
        (AlertState::Firing, Some(at)) => {
            let text = Text::new().ours(format!("firing {}", age(model.hub_time().since(at))), Tone::Text);
            if long { text.ours(format!(" since {}", second(at)), Tone::Dim) } else { text }
        }
    }
}

/// All known readings as a curve from zero to the highest of them and the threshold; where they are more than the
/// columns, each column shows the highest of its share.
fn spark(session: &Session, styles: &Styles, columns: usize) -> String {
    let values: Vec<f64> =
        session.samples.iter().map(|sample| sample.value).filter(|v| v.is_finite()).collect();
    let threshold = session.alert.as_ref().and_then(|alert| alert.threshold).unwrap_or(0.0);
    let top = values.iter().copied().fold(threshold, f64::max);
    let shown = columns.min(values.len());
    let highest = |column: usize| {
        // The newest reading is never hidden behind an older, higher one.
        if column + 1 == shown {
            return values.last().copied().unwrap_or_default();
        }
        let share = column * values.len() / shown..(column + 1) * values.len() / shown;
        values[share].iter().copied().fold(0.0, f64::max)
    };
    let level =
        |v: f64| if top > 0.0 && v > 0.0 { ((v / top) * 8.0).ceil().clamp(1.0, 8.0) as usize } else { 0 };
    (0..shown).map(|column| styles.spark(level(highest(column)))).collect()
}

fn agents(model: &Model, session: &Session, styles: &Styles) -> Text {
    let here: Vec<_> = session.agents.iter().filter(|agent| agent.here).collect();
    let leads: Vec<_> = here.iter().filter(|agent| agent.parent.is_none()).collect();
    let mut text = Text::new();
    for (at, agent) in leads.iter().take(2).enumerate() {
        text = text.ours(if at > 0 { ", " } else { "" }, Tone::Dim).theirs(&agent.name, Tone::Agent);
    }
    if leads.is_empty() {
        text = match session.agents.iter().rfind(|agent| agent.parent.is_none()) {
            Some(gone) => text.theirs(&gone.name, Tone::Agent).ours(" has left", Tone::Dim),
            None => text.ours("no agent has named itself", Tone::Dim),
        };
    }
    let children = here.len() - leads.len();
    if children > 0 {
        text = text.dot(styles).ours(count(children, "sub-agent", "sub-agents"), Tone::Dim);
    }
    text = text.dot(styles).ours(count(session.calls.len(), "call", "calls"), Tone::Dim);
    if session.is_over() {
        return text;
    }
    let (since, words) = match &session.attended {
        Some((at, _)) => (*at, format!("looked at {}", minute(*at))),
        None => (session.opened_at, "nobody has looked".into()),
    };
    let alone = model.hub_time().since(since);
    let tone = if alone >= 5 * 60_000 { Tone::Waiting } else { Tone::Dim };
    text.dot(styles).ours(format!("{words}, unattended {}", age(alone)), tone)
}

/// What its agents can do without asking: a person has to know it before they trust a quiet screen.
fn unasked(session: &Session) -> Text {
    let said = session.agents.iter().filter(|agent| agent.here).find_map(|agent| agent.unasked.as_ref());
    match said {
        Some(said) => Text::new().ours("unasked it can: ", Tone::Faint).theirs(said, Tone::Dim),
        None if !session.agents.iter().any(|agent| agent.here) => Text::new(),
        None => Text::new().ours("what it can do unasked is not known", Tone::Faint),
    }
}

/// The stop, from the key to what it achieved.
fn stop(model: &Model, session: &Session, styles: &Styles) -> Text {
    let wish = model.stops.get(&session.id);
    match (&session.stop, wish) {
        (None, None) => Text::new(),
        (recorded, Some((level, StopWish::Sending)))
            if recorded.as_ref().is_none_or(|s| s.level < *level) =>
        {
            mark(styles).ours(format!("STOP {level} sent, not yet on record"), Tone::Waiting)
        }
        (recorded, Some((level, StopWish::Failed(why))))
            if recorded.as_ref().is_none_or(|s| s.level < *level) =>
        {
            mark(styles)
                .ours(format!("STOP {level} not confirmed: "), Tone::Harm)
                .theirs(&why.as_str().into(), Tone::Harm)
        }
        (Some(stop), _) => on_record(stop, styles),
        (None, Some(_)) => mark(styles).ours("STOP on record", Tone::Waiting),
    }
}

fn mark(styles: &Styles) -> Text {
    Text::new().glyph(styles, Glyph::Stopped, Tone::Harm).gap(1)
}

/// The stop where there is one row: the incident's name beside it matters more than who and when.
fn briefly(stop: &Stop, styles: &Styles) -> Text {
    let (words, tone) = match stop.confirmed.last().map(|(_, _, dead)| *dead) {
        None => ("not yet confirmed", Tone::Waiting),
        Some(Some(true)) => ("nothing runs any more", Tone::Good),
        Some(Some(false)) => ("something STILL RUNS", Tone::Harm),
        Some(None) => ("not known whether it still runs", Tone::Waiting),
    };
    mark(styles).ours(format!("STOP {}: ", stop.level), Tone::Harm).ours(words, tone)
}

fn on_record(stop: &Stop, styles: &Styles) -> Text {
    let head = mark(styles)
        .ours(format!("STOP {} by ", stop.level), Tone::Harm)
        .theirs(&stop.by.name, Tone::Harm)
        .ours(format!(" {}", second(stop.raised_at)), Tone::Dim);
    match stop.confirmed.last() {
        None => head.ours(", not yet confirmed", Tone::Waiting),
        Some((_, what, dead)) => {
            let (words, tone) = match dead {
                Some(true) => (": nothing of it runs any more: ", Tone::Good),
                Some(false) => (": something still runs: ", Tone::Harm),
                None => (": not known whether it still runs: ", Tone::Waiting),
            };
            head.ours(words, tone).theirs(what, Tone::Dim)
        }
    }
}
