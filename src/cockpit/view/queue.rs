//! The queue: what waits, runs, ran and was decided.

use ratatui::layout::Rect;

use crate::cockpit::event::Painted;
use crate::cockpit::model::{Model, Pane, Row, Section};
use crate::cockpit::style::{Glyph, Ground, Styles, Tone};
use crate::domain::Outcome;
use crate::session::{Grant, Hold, Run, Session};

use super::layout::inset;
use super::paint::{Ink, Text};
use super::units::{left, minute};

/// A drawn line: which row it belongs to, its two ends.
struct Entry {
    row: Option<usize>,
    left: Text,
    right: Text,
}

/// Draws it; tells whether a countdown is on screen.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, area: Rect, painted: &mut Painted) {
    let entries = entries(model, ink.styles);
    let height = area.height as usize;
    let selected = model.selected_at();
    let of_selected = |entry: &Entry| entry.row.is_some() && entry.row == selected;
    let last = entries.iter().rposition(of_selected).unwrap_or(0);
    let first = entries.iter().position(of_selected).unwrap_or(0);
    let offset = (last + 1).saturating_sub(height).min(first);
    for (line, entry) in entries.iter().skip(offset).take(height).enumerate() {
        let row = Rect { y: area.y + line as u16, height: 1, ..area };
        if of_selected(entry) {
            ink.fill(row, Ground::Selected);
            let tone = if model.pane == Pane::Queue { Tone::Waiting } else { Tone::Faint };
            let edge = Text::new().glyph(ink.styles, Glyph::Edge, tone);
            ink.text(row, 0, &edge);
        }
        ink.ends(inset(row, 1, 0), 0, &entry.left, &entry.right);
        let waits =
            entry.row.and_then(|at| model.queue.get(at)).is_some_and(|row| row.section == Section::Waiting);
        painted.countdown |= waits;
    }
    if entries.len() > offset + height {
        let more = format!("{} more lines", entries.len() - offset - height);
        let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        ink.ends(inset(row, 1, 0), 0, &Text::new(), &Text::new().ours(more, Tone::Faint));
    }
}

/// The rows that it would take.
pub(super) fn rows(model: &Model, styles: &Styles) -> u16 {
    entries(model, styles).len().min(usize::from(u16::MAX)) as u16
}

/// The hold that waits longest, with its number.
pub(super) fn first_waiting(model: &Model) -> Option<(u32, &Hold)> {
    let row = model.queue.iter().find(|row| row.section == Section::Waiting)?;
    let hold = model.hold(&row.session, row.hold.as_ref()?)?;
    hold.is_open().then_some((hold.number, hold))
}

fn entries(model: &Model, styles: &Styles) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut section = None;
    let heading = |words: &'static str| Entry {
        row: None,
        left: Text::new().ours(words, Tone::Label),
        right: Text::new(),
    };
    if !model.queue.iter().any(|row| row.section == Section::Waiting) {
        entries.push(heading(Section::Waiting.title()));
        let words = Text::new().ours("  nothing", Tone::Faint);
        entries.push(Entry { row: None, left: words, right: Text::new() });
    }
    for (at, row) in model.queue.iter().enumerate() {
        if section != Some(row.section) {
            if !entries.is_empty() {
                entries.push(Entry { row: None, left: Text::new(), right: Text::new() });
            }
            entries.push(heading(row.section.title()));
            section = Some(row.section);
        }
        let Some(session) = model.session(&row.session) else { continue };
        let hold = row.hold.as_ref().and_then(|id| session.hold(id));
        entries.extend(lines(model, styles, session, hold, row).into_iter().map(|(left, right)| Entry {
            row: Some(at),
            left,
            right,
        }));
    }
    if model.counts.more > 0 {
        let words = format!("+ {} since this sheet opened", model.counts.more);
        let left = Text::new().ours(words, Tone::Waiting);
        entries.insert(1, Entry { row: None, left, right: Text::new() });
    }
    entries
}

fn lines(
    model: &Model,
    styles: &Styles,
    session: &Session,
    hold: Option<&Hold>,
    row: &Row,
) -> Vec<(Text, Text)> {
    let title = |glyph, tone| {
        let text = Text::new().glyph(styles, glyph, tone).gap(1);
        match hold {
            Some(hold) => {
                text.ours(format!("P{} ", hold.number), Tone::Dim).theirs(&session.title, Tone::Text)
            }
            None => text.theirs(&session.title, Tone::Text),
        }
    };
    let under = |text: Text| (Text::new().gap(2).and(text), Text::new());
    match hold {
        Some(hold) if hold.is_open() => waiting(model, session, hold),
        Some(hold) => {
            let (glyph, tone, words) = ended(hold, model.waits(&hold.id) == Some(false));
            vec![(title(glyph, tone), Text::new()), under(words)]
        }
        None if row.section == Section::Decided => {
            vec![(title(Glyph::Stopped, Tone::Dim), Text::new()), under(over(session))]
        }
        None => {
            let glyph = if session.citations.is_empty() { Glyph::NoEvidence } else { Glyph::Running };
            vec![(title(glyph, Tone::Dim), Text::new()), under(course(session))]
        }
    }
}

fn waiting(model: &Model, session: &Session, hold: &Hold) -> Vec<(Text, Text)> {
    let left_ms = hold.expires_at.since(model.hub_time());
    let head = Text::new()
        .badge(format!(" P{} ", hold.number), Tone::Waiting)
        .ours(format!(" {} ", left(left_ms)), Tone::Waiting)
        .theirs(&session.title, Tone::Strong);
    let looks = model.others().find(|person| person.hold.as_ref() == Some(&hold.id));
    let right = looks.map_or_else(Text::new, |person| {
        Text::new().theirs(&person.name, Tone::Dim).ours(" looks", Tone::Faint)
    });
    let mut lines = vec![
        (head, Text::new()),
        (Text::new().gap(5).theirs(&hold.revision.proposal.action.summary(), Tone::Text), right),
    ];
    if model.waits(&hold.id) == Some(false) {
        lines.push((Text::new().gap(5).ours("the proposer is gone", Tone::Harm), Text::new()));
    }
    lines
}

/// The mark, its meaning and the words for how a hold ended.
fn ended(hold: &Hold, gone: bool) -> (Glyph, Tone, Text) {
    let Some(closing) = &hold.closing else { return (Glyph::Unknown, Tone::Dim, Text::new()) };
    let by = Text::new()
        .ours(format!("{} by ", closing.outcome.word()), Tone::Dim)
        .theirs(&closing.by.name, Tone::Dim)
        .ours(format!(" {}", minute(closing.at)), Tone::Faint);
    match closing.outcome {
        Outcome::Approved => ran(hold, gone),
        Outcome::Denied => (Glyph::Denied, Tone::Harm, by),
        Outcome::Expired => {
            let words = Text::new().ours(format!("expired {}, nothing ran", minute(closing.at)), Tone::Dim);
            (Glyph::Expired, Tone::Waiting, words)
        }
        Outcome::Superseded => (Glyph::Superseded, Tone::Dim, by),
        Outcome::Withdrawn => (Glyph::Withdrawn, Tone::Dim, by),
        Outcome::AnsweredElsewhere => (Glyph::Elsewhere, Tone::Dim, by),
    }
}

/// Words for a run; `gone` when whoever runs it is not connected any more.
fn ran(hold: &Hold, gone: bool) -> (Glyph, Tone, Text) {
    let say = |words: String, tone| Text::new().ours(words, tone);
    match &hold.run {
        Run::NotStarted => match &hold.grant {
            Some(Grant::Revoked { .. }) => {
                (Glyph::Stopped, Tone::Dim, say("approved, then void: never ran".into(), Tone::Dim))
            }
            Some(Grant::Redeemed { .. }) => (Glyph::Verify, Tone::Cited, say("starting".into(), Tone::Cited)),
            Some(Grant::Issued { .. }) => {
                (Glyph::Approved, Tone::Good, say("approved, not started yet".into(), Tone::Dim))
            }
            None => (Glyph::Approved, Tone::Good, say("approved, let go to the agent".into(), Tone::Dim)),
        },
        Run::Running { at, .. } if gone => {
            let words = format!("started {}; its gate is gone", minute(*at));
            (Glyph::Unknown, Tone::Harm, say(words, Tone::Harm))
        }
        Run::Running { at, .. } => {
            (Glyph::Verify, Tone::Cited, say(format!("runs since {}", minute(*at)), Tone::Cited))
        }
        Run::Finished { at, end } => match (end.exit, end.signal) {
            (Some(0), _) => {
                (Glyph::Approved, Tone::Good, say(format!("ran, exit 0, {}", minute(*at)), Tone::Good))
            }
            (Some(exit), _) => {
                (Glyph::Warning, Tone::Harm, say(format!("ran, exit {exit}, {}", minute(*at)), Tone::Harm))
            }
            (None, Some(signal)) => {
                (Glyph::Warning, Tone::Harm, say(format!("ended by signal {signal}"), Tone::Harm))
            }
            (None, None) => {
                (Glyph::Approved, Tone::Dim, say("ran; how it ended was not told".into(), Tone::Dim))
            }
        },
        Run::Refused { .. } => {
            (Glyph::Warning, Tone::Harm, say("approved, but not started".into(), Tone::Harm))
        }
        Run::Lost { started: None, .. } => {
            (Glyph::Unknown, Tone::Harm, say("not known whether it ran".into(), Tone::Harm))
        }
        Run::Lost { started: Some(_), .. } => {
            (Glyph::Unknown, Tone::Harm, say("started; may still run".into(), Tone::Harm))
        }
    }
}

fn over(session: &Session) -> Text {
    match (&session.stop, &session.closed) {
        (Some(stop), _) => Text::new()
            .ours("stopped by ", Tone::Dim)
            .theirs(&stop.by.name, Tone::Dim)
            .ours(format!(" {}", minute(stop.raised_at)), Tone::Faint),
        (None, Some((at, _))) => Text::new().ours(format!("closed {}", minute(*at)), Tone::Dim),
        (None, None) => Text::new(),
    }
}

/// What an investigation is at, in a few words.
fn course(session: &Session) -> Text {
    if session.holds.iter().any(|hold| matches!(hold.run, Run::Running { .. })) {
        return Text::new().ours("an approved action runs", Tone::Cited);
    }
    match session.leading() {
        Some(claimed) => Text::new()
            .ours(format!("{} ", claimed.hypothesis.id), Tone::Faint)
            .theirs(&claimed.hypothesis.title, Tone::Dim),
        None if session.calls.is_empty() => Text::new().ours("no call yet", Tone::Faint),
        None => Text::new().ours("no hypothesis yet", Tone::Faint),
    }
}
