//! Moving about: queue, panes, search, following a colleague; and what is sent without a sheet: stop, note, question.

use crate::cockpit::effect::Effect;
use crate::cockpit::input::{Action, SETTLE_MS};
use crate::cockpit::model::{Field, Line, Model, Overlay, Pane, Picked, Purpose, Row, StopWish, Words};
use crate::cockpit::style::Tone;
use crate::domain::{SessionId, Untrusted};
use crate::wire::{SessionReviewParams, SessionStopParams};

use super::{decide, tell};

/// What the question begins with, to be changed or sent as it is.
const QUESTION: &str = "Which evidence supports this, and which speaks against it? Quote the lines.";

/// A step of the cursor.
#[derive(Clone, Copy)]
enum Move {
    By(isize),
    First,
    Last,
}

/// Does what a key means in the main view; some of it from the sheet or an overlay too.
pub(super) fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Up => go(model, Move::By(-1)),
        Action::Down => go(model, Move::By(1)),
        Action::PageUp => go(model, Move::By(-10)),
        Action::PageDown => go(model, Move::By(10)),
        Action::Top => go(model, Move::First),
        Action::Bottom => go(model, Move::Last),
        Action::Open => open(model),
        Action::Back => back(model),
        Action::Deny => deny(model),
        Action::AskEvidence => ask(model),
        Action::Note => note(model),
        Action::NextPane => model.pane = next(model.pane, 1),
        Action::PrevPane => model.pane = next(model.pane, PANES.len() - 1),
        Action::Pane(number) => model.pane = PANES.get(number as usize).copied().unwrap_or(model.pane),
        Action::Search => search(model),
        Action::Follow => follow_next(model),
        Action::Review => review(model, effects),
        Action::Copy => copy(model, effects),
        Action::Source => source(model),
        Action::NextCitation => cite(model, 1),
        Action::PrevCitation => cite(model, -1),
        Action::Approve
        | Action::Confirm
        | Action::Stop
        | Action::Submit
        | Action::Help
        | Action::Redraw
        | Action::Suspend
        | Action::Quit => {}
    }
    model.touch();
}

const PANES: [Pane; 5] = [Pane::Queue, Pane::Hypotheses, Pane::Evidence, Pane::Timeline, Pane::Drift];

fn next(pane: Pane, by: usize) -> Pane {
    let at = PANES.iter().position(|known| *known == pane).unwrap_or(0);
    PANES[(at + by) % PANES.len()]
}

fn go(model: &mut Model, step: Move) {
    match model.pane {
        Pane::Queue => {
            let at = model.selected_at();
            let row = moved(at, model.queue.len(), step).and_then(|at| model.queue.get(at)).cloned();
            model.follow = None;
            select(model, row);
        }
        Pane::Hypotheses => {
            let Some(tracked) = model.shown() else { return };
            let claims = &tracked.session.hypotheses;
            let now = model.hypothesis(&tracked.session).map(|claimed| &claimed.hypothesis.id);
            let at = claims.iter().position(|claimed| Some(&claimed.hypothesis.id) == now);
            let id = moved(at, claims.len(), step).map(|at| claims[at].hypothesis.id.clone());
            model.picked.hypothesis = id;
            model.picked.evidence = None;
        }
        Pane::Evidence => pick_citation(model, step),
        Pane::Timeline => {
            let Some(tracked) = model.shown() else { return };
            let listed = model.listed(tracked);
            let at = match model.picked.event {
                Some(seq) => listed.place(seq),
                None => listed.len().checked_sub(1),
            };
            let to = moved(at, listed.len(), step);
            // On the newest line the cursor stays with the newest.
            let seq =
                to.filter(|to| to + 1 < listed.len()).and_then(|to| listed.get(to)).map(|event| event.seq);
            model.picked.event = seq;
        }
        Pane::Drift => {}
    }
}

fn moved(at: Option<usize>, len: usize, step: Move) -> Option<usize> {
    let last = len.checked_sub(1)?;
    Some(match (step, at) {
        (Move::First, _) | (Move::By(_), None) => 0,
        (Move::Last, _) => last,
        (Move::By(rows), Some(at)) => at.saturating_add_signed(rows).min(last),
    })
}

fn pick_citation(model: &mut Model, step: Move) {
    let Some(tracked) = model.shown() else { return };
    let listed = model.citations(&tracked.session);
    let now = model.citation(&tracked.session).map(|citation| &citation.evidence.id);
    let at = listed.iter().position(|citation| Some(&citation.evidence.id) == now);
    model.picked.evidence = moved(at, listed.len(), step).map(|at| listed[at].evidence.id.clone());
}

/// Selects a row; another session begins with nothing picked in its panes.
fn select(model: &mut Model, row: Option<Row>) {
    let Some(row) = row else { return };
    if model.selected.as_ref().is_none_or(|before| before.session != row.session) {
        model.picked = Picked::default();
    }
    model.selected = Some(row);
    model.next_waiting = false;
    model.touch();
}

fn open(model: &mut Model) {
    match model.pane {
        Pane::Queue => match model.selected.clone() {
            Some(row) if row.hold.is_some() => decide::open(model, &row),
            Some(row) => overlay(model, Overlay::Session(row.session)),
            None => {}
        },
        Pane::Hypotheses => model.pane = Pane::Evidence,
        Pane::Evidence => source(model),
        Pane::Timeline => {
            let opened = model.shown().and_then(|tracked| {
                let newest = || model.listed(tracked).newest().map(|event| event.seq);
                Some(Overlay::Event(tracked.session.id.clone(), model.picked.event.or_else(newest)?))
            });
            if let Some(opened) = opened {
                overlay(model, opened);
            }
        }
        Pane::Drift => tell(model, Tone::Dim, Words::of("drift is not computed yet")),
    }
}

/// Shows something whole over the rest.
pub(super) fn overlay(model: &mut Model, shown: Overlay) {
    model.overlay = Some(shown);
    (model.overlay_scroll, model.overlay_extent) = (0, (0, 0));
    model.touch();
}

fn back(model: &mut Model) {
    if !model.search.is_empty() {
        model.search.clear();
    } else if model.pane != Pane::Queue {
        model.pane = Pane::Queue;
    }
}

fn source(model: &mut Model) {
    let opened = model.shown().and_then(|tracked| {
        let citation = model.citation(&tracked.session)?;
        Some(Overlay::Citation(tracked.session.id.clone(), citation.evidence.id.clone()))
    });
    match opened {
        Some(opened) => overlay(model, opened),
        None => tell(model, Tone::Dim, Words::of("nothing is cited here")),
    }
}

fn cite(model: &mut Model, by: isize) {
    pick_citation(model, Move::By(by));
    if matches!(model.overlay, Some(Overlay::Citation(..))) {
        source(model);
    }
}

/// `d` beside a waiting hold: its sheet, with the line for a reason open.
fn deny(model: &mut Model) {
    let waits = |row: &Row| {
        let hold = row.hold.as_ref()?;
        model.hold(&row.session, hold).filter(|hold| hold.is_open()).map(|_| row.clone())
    };
    match model.selected.as_ref().and_then(waits) {
        Some(row) => {
            decide::open(model, &row);
            decide::ask_to_deny(model);
        }
        None => tell(model, Tone::Dim, Words::of("nothing is selected that waits for a person")),
    }
}

fn ask(model: &mut Model) {
    if model.line == Line::Replay && !can_send(model, "ask") {
        return;
    }
    let hold = match (&model.sheet, &model.selected) {
        (Some(sheet), _) => Some(sheet.hold.clone()),
        (None, Some(row)) => row.hold.clone(),
        (None, None) => None,
    };
    match model.subject().cloned() {
        Some(session) => model.field = Some(Field::new(Purpose::Question(session, hold), QUESTION)),
        None => tell(model, Tone::Dim, Words::of("there is no session to ask about")),
    }
}

fn note(model: &mut Model) {
    if model.line == Line::Replay && !can_send(model, "note") {
        return;
    }
    match model.subject().cloned() {
        Some(session) => model.field = Some(Field::new(Purpose::Note(session), "")),
        None => tell(model, Tone::Dim, Words::of("there is no session to note about")),
    }
}

fn search(model: &mut Model) {
    model.pane = Pane::Timeline;
    model.overlay = None;
    model.field = Some(Field::new(Purpose::Search, &model.search));
}

fn review(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.subject().cloned() {
        Some(session) if can_send(model, "review") => {
            effects.push(Effect::Review(SessionReviewParams { session }));
        }
        Some(_) => {}
        None => tell(model, Tone::Dim, Words::of("there is no session to review")),
    }
}

/// Whether something can be put on record now; if not, says why.
pub(super) fn can_send(model: &mut Model, what: &'static str) -> bool {
    if model.line.is_live() {
        return true;
    }
    let why = match &model.line {
        Line::Replay => "this is a replay".to_owned(),
        Line::Connecting(_)
        | Line::CatchingUp { .. }
        | Line::Live
        | Line::Stale { .. }
        | Line::Refused(_) => {
            format!("the line to the hub is not live ({})", model.line.word())
        }
    };
    tell(model, Tone::Waiting, Words::of(format!("cannot {what}: {why}")));
    false
}

/// The exact command (or the excerpt) for somebody's clipboard.
fn copy(model: &mut Model, effects: &mut Vec<Effect>) {
    let text = match (&model.sheet, model.shown()) {
        (Some(sheet), _) => sheet.digest.as_ref().ok().map(|digest| digest.to_string().into()),
        (None, Some(tracked)) if model.pane == Pane::Evidence => {
            model.citation(&tracked.session).map(|citation| citation.evidence.excerpt.clone())
        }
        (None, _) => model.selected.as_ref().map(|row| match &row.hold {
            Some(hold) => Untrusted::from(hold.as_str()),
            None => row.session.as_str().into(),
        }),
    };
    if let Some(text) = text {
        let plain = text.expose().bytes().all(|b| matches!(b, b' '..=b'~'));
        let how = if plain { "copied: " } else { "copied, with what is not plain ASCII escaped: " };
        tell(model, Tone::Dim, Words::of(how).theirs(&text));
        effects.push(Effect::Copy(text));
    }
}

/// Follows the next colleague's view, or nobody's after the last.
fn follow_next(model: &mut Model) {
    let names: Vec<_> =
        model.others().filter(|person| person.session.is_some()).map(|person| person.name.clone()).collect();
    let at = model.follow.as_ref().and_then(|name| names.iter().position(|known| known == name));
    let next = at.map_or(0, |at| at + 1);
    model.follow = names.get(next).cloned();
    let words = match &model.follow {
        Some(name) => Words::of("following ").theirs(name),
        None if names.is_empty() => Words::of("nobody else looks at a session now"),
        None => Words::of("following nobody"),
    };
    tell(model, Tone::Dim, words);
}

/// Keeps the selection where the followed colleague looks; a sheet is never left for it.
pub(super) fn follow(model: &mut Model) {
    if model.sheet.is_some() {
        return;
    }
    let followed = model.follow.clone();
    let person = followed.and_then(|name| model.others().find(|person| person.name == name).cloned());
    let Some((session, hold)) = person.and_then(|person| Some((person.session?, person.hold))) else {
        return;
    };
    if model
        .selected
        .as_ref()
        .is_some_and(|row| row.session == session && (hold.is_none() || row.hold == hold))
    {
        return;
    }
    let of_session = |row: &&Row| row.session == session;
    let row = model.queue.iter().find(|row| of_session(row) && hold.is_some() && row.hold == hold);
    let row = row.or_else(|| model.queue.iter().find(of_session)).cloned();
    select(model, row);
}

/// `S`: stops the session on screen, at once; each further press goes one level further.
pub(super) fn stop(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(session) = model.subject().cloned() else {
        return tell(model, Tone::Dim, Words::of("there is no session to stop"));
    };
    if model.line == Line::Replay {
        return tell(model, Tone::Waiting, Words::of("cannot stop: this is a replay"));
    }
    let recorded = model.session(&session).and_then(|s| s.stop.as_ref()).map_or(0, |stop| stop.level);
    let asked = match model.stops.get(&session) {
        Some((level, StopWish::Sending | StopWish::Recorded)) => *level,
        Some((_, StopWish::Failed(_))) | None => 0,
    };
    let level = recorded.max(asked) + 1;
    if level > 3 {
        return tell(model, Tone::Waiting, Words::of("stop is at its last level already"));
    }
    if level > 1 && surprised(model, &session) {
        return tell(
            model,
            Tone::Waiting,
            Words::of("the stop changed just now: look, then press again to go further"),
        );
    }
    model.stops.insert(session.clone(), (level, StopWish::Sending));
    model.stop_changed_ms.insert(session.clone(), model.now.mono_ms);
    effects.push(Effect::Stop(SessionStopParams { session, level, reason: None }));
    model.touch();
}

/// Whether the session's stop went further so shortly ago that the key cannot have been meant for what it would do now.
fn surprised(model: &Model, session: &SessionId) -> bool {
    let changed = model.stop_changed_ms.get(session);
    changed.is_some_and(|at| model.now.mono_ms.saturating_sub(*at) < SETTLE_MS)
}
