//! The last two rows: what happened meanwhile, and what can be done now; or the text being typed.

use ratatui::layout::Rect;

use crate::cockpit::input::Action;
use crate::cockpit::model::{Field, Model, Purpose};
use crate::cockpit::style::{Glyph, Ground, Styles, Tone};
use crate::cockpit::update::context;
use crate::domain::Untrusted;

use super::layout::{Areas, inset};
use super::paint::{Ink, Text};
use super::units::second;

/// Draws both.
pub(super) fn draw(model: &Model, ink: &mut Ink<'_>, areas: &Areas) {
    ink.fill(areas.hints, Ground::Base);
    // The sheet has its own hints, on its border.
    let sheet = model.sheet.is_some() && model.overlay.is_none();
    if !sheet || areas.is_wide() {
        news(model, ink, areas.news);
    }
    match &model.field {
        Some(field) if field.purpose != Purpose::Reason => field_line(ink, areas.hints, field),
        Some(_) | None if sheet && areas.is_wide() => {}
        Some(_) | None if sheet => news(model, ink, areas.hints),
        Some(_) | None => hints(model, ink, areas.hints),
    }
}

/// News stand in the rule, so that nothing moves when there are some.
fn news(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    ink.fill(area, Ground::Base);
    let error = model.line.error().filter(|_| !model.sessions.is_empty());
    let text = match (model.news.latest(), error) {
        (Some(news), _) => {
            Text::new().ours(format!("{} ", second(news.at)), Tone::Faint).words(&news.words, news.tone)
        }
        (None, Some(error)) => {
            let text = Text::new().theirs(&error.message().into(), Tone::Harm);
            match error.next() {
                Some(next) => text.ours("; ", Tone::Dim).theirs(&next.into(), Tone::Dim),
                None => text,
            }
        }
        (None, None) => return ink.rule(area, 0),
    };
    ink.text(inset(area, 1, 0), 0, &text);
}

/// As many hints as fit, the most useful first; the way to all of them stands last.
fn hints(model: &Model, ink: &mut Ink<'_>, area: Rect) {
    let context = context(model);
    let hints = model.keymap.hints(context);
    let width = area.width.saturating_sub(2) as usize;
    let all =
        Text::new().ours(model.keymap.keys_of(context, Action::Help), Tone::Strong).ours(" keys", Tone::Dim);
    let reserved = all.width(ink.styles) + 3;
    let mut text = Text::new();
    for hint in hints.iter().filter(|hint| hint.action != Action::Help) {
        let next = Text::new()
            .ours(hint.key.clone(), Tone::Strong)
            .ours(format!(" {}", hint.words), Tone::Dim)
            .gap(3);
        if text.width(ink.styles) + next.width(ink.styles) + reserved > width {
            break;
        }
        text = text.and(next);
    }
    let all = if model.keymap.keys_of(context, Action::Help).is_empty() { Text::new() } else { all };
    ink.text(inset(area, 1, 0), 0, &text.and(all));
}

/// `note: text▏   Enter put on record   Esc leave`.
pub(super) fn field_line(ink: &mut Ink<'_>, area: Rect, field: &Field) {
    let inner = inset(area, 1, 0);
    let prompt = Text::new().ours(format!("{}: ", field.purpose.prompt()), Tone::Waiting);
    let keys = Text::new()
        .ours("  Enter", Tone::Strong)
        .ours(format!(" {}  ", field.purpose.enter()), Tone::Dim)
        .ours("Esc", Tone::Strong)
        .ours(" leave", Tone::Dim);
    let used = prompt.width(ink.styles);
    let room = (inner.width as usize).saturating_sub(used + keys.width(ink.styles) + 3).max(8);
    let text = prompt.and(typed(ink.styles, field, room));
    if inner.width < 60 {
        ink.text(inner, 0, &text);
    } else {
        ink.ends(inner, 0, &text, &keys);
    }
}

/// The stretch of the text around the cursor that fits, with the caret in it.
pub(super) fn typed(styles: &Styles, field: &Field, room: usize) -> Text {
    let (before, after) = {
        let chars: Vec<char> = field.text().chars().collect();
        let at = field.input.cursor().min(chars.len());
        (chars[..at].to_vec(), chars[at..].to_vec())
    };
    // What hides takes more cells than characters, so the tail before the cursor is found by measuring.
    let mut start = before.len().saturating_sub(room);
    let tail = |start: usize| Untrusted::from(before[start..].iter().collect::<String>());
    while start < before.len() && Text::new().theirs(&tail(start), Tone::Text).width(styles) > room {
        start += 1;
    }
    Text::new()
        .theirs(&tail(start), Tone::Text)
        .glyph(styles, Glyph::Caret, Tone::Waiting)
        .theirs(&after.into_iter().take(room).collect::<String>().into(), Tone::Text)
}
