//! The first row, and on narrow screens the row of panes: where we are connected, what waits, who is here, what time.

use crate::cockpit::event::Painted;
use crate::cockpit::model::{Line, Model, Pane};
use crate::cockpit::style::{Glyph, Ground, Styles, Tone};
use crate::domain::Untrusted;

use super::layout::{Areas, inset};
use super::paint::{Ink, Text};
use super::queue;
use super::units::{count, left, minute, second};

/// Draws it.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, areas: &Areas, painted: &mut Painted) {
    ink.fill(areas.header, Ground::Bar);
    let left = state(model, ink.styles, areas.is_wide());
    let right = people(model, areas.is_wide());
    ink.ends(inset(areas.header, 1, 0), 0, &left, &right);
    if areas.banner.height > 0 && !model.sessions.is_empty() {
        banner(model, ink, areas, painted);
    }
}

fn state(model: &Model, styles: &Styles, wide: bool) -> Text {
    let mut text = Text::new().ours("holdpoint", Tone::Strong).gap(1 + usize::from(wide));
    if let Some(hub) = &model.hub {
        text = text.theirs(hub, Tone::Dim).gap(1);
    }
    text = text.and(line(model, styles)).gap(if wide { 5 } else { 2 });
    let waiting = if model.counts.waiting > 0 { Tone::Waiting } else { Tone::Dim };
    text = text.ours(format!("{} waiting", model.counts.waiting), waiting).dot(styles);
    text = text.ours(format!("{} running", model.counts.running), Tone::Dim);
    troubles(model).into_iter().fold(text, |text, trouble| text.dot(styles).ours(trouble, Tone::Harm))
}

/// The line to the hub: mark and word.
fn line(model: &Model, styles: &Styles) -> Text {
    let (glyph, tone) = match &model.line {
        Line::Live => (Glyph::Live, Tone::Good),
        Line::Connecting(_) | Line::CatchingUp { .. } => (Glyph::Stale, Tone::Waiting),
        Line::Stale { .. } | Line::Refused(_) => (Glyph::Stale, Tone::Harm),
        Line::Replay => return Text::new().badge(" REPLAY ", Tone::Contested),
    };
    let word = match &model.line {
        Line::Stale { since, .. } => format!(" stale since {}", second(*since)),
        Line::Connecting(_) | Line::CatchingUp { .. } | Line::Live | Line::Refused(_) | Line::Replay => {
            format!(" {}", model.line.word())
        }
    };
    Text::new().glyph(styles, glyph, tone).ours(word, tone)
}

/// What is missing or could not be taken in, in all sessions.
fn troubles(model: &Model) -> Vec<String> {
    let sessions = || model.sessions.values().map(|tracked| &tracked.session);
    let gaps: usize = sessions().map(|session| session.gaps.len()).sum();
    let odd: u64 = sessions().map(|session| session.anomaly_count).sum();
    let unreadable: u64 = sessions().map(|session| session.unreadable_count).sum();
    let unknown: u64 = sessions().map(|session| session.unknown_count).sum();
    let mut troubles = Vec::new();
    for (n, one, many) in [
        (gaps, "gap", "gaps"),
        (odd as usize, "misplaced", "misplaced"),
        (unreadable as usize, "unreadable", "unreadable"),
        (unknown as usize, "unknown", "unknown"),
        (model.lagged as usize, "late", "late"),
    ] {
        if n > 0 {
            troubles.push(count(n, one, many));
        }
    }
    if let Some(at) = model.history_lost {
        troubles.push(format!("history replaced {}", minute(at)));
    }
    troubles
}

fn people(model: &Model, wide: bool) -> Text {
    let mut text = Text::new();
    if let Some(me) = model.me.as_ref().filter(|_| wide) {
        text = text.ours("@", Tone::Text).theirs(&me.name, Tone::Text).gap(2);
    }
    let mut others: Vec<&Untrusted> = model.others().map(|person| &person.name).collect();
    others.dedup();
    if !others.is_empty() && wide {
        for (at, name) in others.iter().take(3).enumerate() {
            text = text.ours(if at > 0 { ", " } else { "" }, Tone::Dim).theirs(name, Tone::Dim);
        }
        if others.len() > 3 {
            text = text.ours(format!(" and {} more", others.len() - 3), Tone::Dim);
        }
        text = text.ours(" here", Tone::Dim).gap(2);
    }
    let clock = minute(model.hub_time());
    text.ours(if wide { "as of " } else { "at " }, Tone::Faint).ours(clock, Tone::Text)
}

/// The panes by number, and what waits longest: where the queue is not on screen.
fn banner(model: &Model, ink: &mut Ink<'_>, areas: &Areas, painted: &mut Painted) {
    let names = [
        (Pane::Queue, "0 queue"),
        (Pane::Hypotheses, "1 hypotheses"),
        (Pane::Evidence, "2 evidence"),
        (Pane::Timeline, "3 timeline"),
        (Pane::Drift, "4 drift"),
    ];
    let narrow = areas.screen.width < 72;
    let tabs = names.iter().fold(Text::new(), |text, (pane, name)| {
        let chosen = *pane == model.pane;
        let name = if narrow && !chosen { &name[..1] } else { name };
        text.ours(name, if chosen { Tone::Strong } else { Tone::Faint }).gap(2)
    });
    let waits = match queue::first_waiting(model) {
        Some((number, hold)) => {
            painted.countdown = true;
            let time = left(hold.expires_at.since(model.hub_time()));
            let words = match model.counts.waiting {
                0 | 1 => format!(" P{number} waits {time}"),
                many => format!(" {many} wait {time}"),
            };
            Text::new().glyph(ink.styles, Glyph::Waiting, Tone::Waiting).ours(words, Tone::Waiting)
        }
        None => Text::new(),
    };
    ink.ends(inset(areas.banner, 1, 0), 0, &tabs, &waits);
}
