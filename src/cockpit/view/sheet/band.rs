//! The sheet's last rows: where the person stands, and what a key would do or why it does nothing.

use ratatui::text::Line;

use crate::cockpit::input::{Action, Context};
use crate::cockpit::model::{Blocker, Model, Purpose, Sheet, Step, blocker};
use crate::cockpit::style::{Glyph, Styles, Tone};
use crate::cockpit::view::footer::typed;
use crate::cockpit::view::paint::Text;
use crate::cockpit::view::units::second;
use crate::domain::{Executor, Outcome, Verdict};
use crate::session::{Grant, Hold, Run};

use super::context;

/// The band's rows.
pub(super) struct Band {
    /// Them, a rule first.
    pub(super) lines: Vec<Line<'static>>,
    /// Which of them the person types into.
    pub(super) typed: Option<usize>,
}

/// Makes them.
pub(super) fn of(model: &Model, styles: &Styles, sheet: &Sheet, hold: &Hold, columns: usize) -> Band {
    let rule = Text::new().ours(styles.glyph(Glyph::Rule).repeat(columns), Tone::Rule);
    let mut lines = vec![rule.line(columns, styles)];
    let mut typed_at = None;
    if let Some(field) = model.field.as_ref().filter(|field| field.purpose == Purpose::Reason) {
        let prompt = Text::new().ours("deny because: ", Tone::Waiting);
        let room = columns.saturating_sub(prompt.width(styles) + 1).max(8);
        typed_at = Some(lines.len());
        lines.push(prompt.and(typed(styles, field, room)).line(columns, styles));
    }
    let warned = hold.is_open().then(|| warning(model, styles, sheet)).flatten();
    for text in warned.into_iter().chain(status(model, styles, sheet, hold)) {
        lines.extend(text.fold_inline(columns, styles));
    }
    Band { lines, typed: typed_at }
}

/// Where the record speaks against the proposal: it must not be below the fold when a key decides.
fn warning(model: &Model, styles: &Styles, sheet: &Sheet) -> Option<Text> {
    let session = model.session(&sheet.session)?;
    let clauses = context::disagreements(model, session, &sheet.revision);
    let text = || Text::new().glyph(styles, Glyph::Warning, Tone::Harm).gap(1);
    (!clauses.is_empty()).then(|| text().ours(clauses.join("; "), Tone::Harm))
}

fn status(model: &Model, styles: &Styles, sheet: &Sheet, hold: &Hold) -> Vec<Text> {
    if let Some(tombstone) = tombstone(model, styles, sheet, hold) {
        return tombstone;
    }
    if sheet.lock.is_some() {
        let key = model.keymap.keys_of(Context::Sheet, Action::Review);
        return vec![
            Text::new()
                .glyph(styles, Glyph::Warning, Tone::Harm)
                .ours(" The proposal changed under you: no key decides. ", Tone::Harm)
                .ours(key, Tone::Strong)
                .ours(" I have looked at what changed", Tone::Dim),
        ];
    }
    match &sheet.step {
        Step::Reading => reading(model, sheet),
        Step::Approving => approving(model, styles, hold),
        Step::Denying => vec![Text::new().ours("Enter sends the denial, also without a reason; Esc leaves", Tone::Dim)],
        Step::Sending(sent) => {
            let words = format!("{} sent {}, not yet acknowledged", verdict_word(sent.verdict), second(sent.at));
            let mut text = Text::new().glyph(styles, Glyph::Waiting, Tone::Waiting).gap(1).ours(words, Tone::Waiting);
            if !model.line.is_live() {
                text = text.ours("; the line was cut, so it may or may not have arrived", Tone::Harm);
            }
            vec![text]
        }
        Step::Acknowledged { outcome, by, at } => {
            let words = format!(" on record: {} by ", outcome.word());
            let text = Text::new().glyph(styles, Glyph::Approved, Tone::Good).ours(words, Tone::Good);
            vec![text.theirs(&by.name, Tone::Good).ours(format!(" at {}", second(*at)), Tone::Good)]
        }
        Step::Refused(words) => {
            let head = Text::new().glyph(styles, Glyph::Warning, Tone::Harm).ours(" Not taken: ", Tone::Harm);
            let mut texts = vec![head.words(words, Tone::Text)];
            texts.extend(reading(model, sheet));
            texts
        }
        Step::Missing(sent) => {
            let head = format!(" {} sent {}: no answer came, and it is not on record so far. ", verdict_word(sent.verdict), second(sent.at));
            let text = Text::new().glyph(styles, Glyph::Unknown, Tone::Harm).ours(head, Tone::Harm);
            let text = text.ours("It may still arrive; the first verdict on record counts. You may decide again", Tone::Text);
            std::iter::once(text).chain(reading(model, sheet)).collect()
        }
        Step::Unknown(sent) => vec![
            Text::new()
                .glyph(styles, Glyph::Unknown, Tone::Harm)
                .ours(format!(" {} sent {}, and no answer came: ", verdict_word(sent.verdict), second(sent.at)), Tone::Harm)
                .ours("it is not known whether it counts. The record will tell when the hub is back; nothing is sent again", Tone::Text),
        ],
    }
}

/// Approve is off with its reason, or it leads on.
fn reading(model: &Model, sheet: &Sheet) -> Vec<Text> {
    let key = model.keymap.keys_of(Context::Sheet, Action::Approve);
    match blocker(model, sheet, Verdict::Approve) {
        None => {
            let text = Text::new()
                .ours(key, Tone::Strong)
                .ours(" begins to approve; every line of the action was on screen", Tone::Dim);
            vec![text]
        }
        Some(blocker) => {
            let mut text = Text::new()
                .ours(key, Tone::Faint)
                .ours(" approve is off: ", Tone::Waiting)
                .ours(blocker.words(), Tone::Waiting);
            if let Blocker::Unread(_) = blocker {
                let more = model.keymap.keys_of(Context::Sheet, Action::PageDown);
                text = text.ours(" with ", Tone::Waiting).ours(more, Tone::Strong);
                if sheet.jumped {
                    text = text.ours("; what a jump to the end shows does not count", Tone::Waiting);
                }
            }
            let deny = blocker_of_deny(model, sheet);
            let deny = deny.map(|why| Text::new().ours(format!("deny is off: {why}"), Tone::Waiting));
            std::iter::once(text).chain(deny).collect()
        }
    }
}

/// Why a denial is not possible, where that is another reason than the approval's.
fn blocker_of_deny(model: &Model, sheet: &Sheet) -> Option<String> {
    let deny = blocker(model, sheet, Verdict::Deny)?;
    (Some(&deny) != blocker(model, sheet, Verdict::Approve).as_ref()).then(|| deny.words())
}

fn approving(model: &Model, styles: &Styles, hold: &Hold) -> Vec<Text> {
    let what = match hold.executor() {
        Executor::Holdpoint => "run exactly this, once",
        Executor::Agent => "let the agent do this; once is not enforced",
    };
    let confirm = model.keymap.keys_of(Context::Approving, Action::Confirm);
    let back = model.keymap.keys_of(Context::Approving, Action::Back);
    vec![
        Text::new()
            .glyph(styles, Glyph::Pointer, Tone::Waiting)
            .ours(format!(" Approve: {what}?  "), Tone::Waiting)
            .ours(confirm, Tone::Strong)
            .ours(" approves   ", Tone::Dim)
            .ours(back, Tone::Strong)
            .ours(" leaves", Tone::Dim),
    ]
}

/// How the hold ended. It stays until a person leaves it.
fn tombstone(model: &Model, styles: &Styles, sheet: &Sheet, hold: &Hold) -> Option<Vec<Text>> {
    let closing = hold.closing.as_ref()?;
    let (glyph, tone) = match closing.outcome {
        Outcome::Approved => (Glyph::Approved, Tone::Good),
        Outcome::Denied => (Glyph::Denied, Tone::Harm),
        Outcome::Expired => (Glyph::Expired, Tone::Waiting),
        Outcome::Superseded => (Glyph::Superseded, Tone::Dim),
        Outcome::Withdrawn => (Glyph::Withdrawn, Tone::Dim),
        Outcome::AnsweredElsewhere => (Glyph::Elsewhere, Tone::Dim),
    };
    let mut text = Text::new()
        .glyph(styles, glyph, tone)
        .ours(format!(" {} by ", closing.outcome.word()), tone)
        .theirs(&closing.by.name, tone)
        .ours(format!(" {}", second(closing.at)), tone);
    if let Some(reason) = closing.reason.as_ref().filter(|reason| !reason.is_empty()) {
        text = text.ours(": ", tone).theirs(reason, Tone::Text);
    }
    let mut texts = Vec::new();
    if let Step::Refused(words) = &sheet.step {
        let head = Text::new()
            .glyph(styles, Glyph::Warning, Tone::Harm)
            .ours(" Your verdict was not taken: ", Tone::Harm);
        texts.push(head.words(words, Tone::Text));
    }
    texts.push(text);
    let (words, tone) = aftermath(hold, model.waits(&hold.id) == Some(false));
    texts.push(Text::new().ours(words, tone));
    Some(texts)
}

/// What is known about the run; `gone` when whoever runs it is not connected any more.
fn aftermath(hold: &Hold, gone: bool) -> (String, Tone) {
    if hold.outcome() != Some(Outcome::Approved) {
        return ("nothing of it runs".into(), Tone::Dim);
    }
    let words = match &hold.run {
        Run::NotStarted => match (&hold.grant, hold.executor()) {
            (_, Executor::Agent) => "let go to the agent; what it does is not enforced".into(),
            (Some(Grant::Revoked { .. }), _) => "the authority to run is void: it never ran".into(),
            (Some(Grant::Redeemed { .. }), _) => "the gate is starting it".into(),
            (Some(Grant::Issued { .. }) | None, _) => "not started yet".into(),
        },
        Run::Running { at, .. } if gone => {
            let words = format!("started {}; its gate is gone, so its end may never be told", second(*at));
            return (words, Tone::Harm);
        }
        Run::Running { at, .. } => format!("runs since {}", second(*at)),
        Run::Finished { at, end } => match (end.exit, end.signal) {
            (Some(exit), _) => format!("ended {}: exit {exit}", second(*at)),
            (None, Some(signal)) => format!("ended {}: signal {signal}", second(*at)),
            (None, None) => format!("ended {}; how was not told", second(*at)),
        },
        Run::Refused { .. } => "the gate did not start it: something had changed".into(),
        Run::Lost { started: None, .. } => {
            return ("nobody can tell whether it ran; it is not started again".into(), Tone::Harm);
        }
        Run::Lost { started: Some((at, pid)), .. } => {
            let process = pid.map_or_else(String::new, |pid| format!(" as process {pid}"));
            let place = "on the gate's host; it is not started again";
            return (format!("started {}{process}, and may still run {place}", second(*at)), Tone::Harm);
        }
    };
    (words, Tone::Dim)
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approval",
        Verdict::Deny => "denial",
    }
}
