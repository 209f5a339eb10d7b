//! What a script must keep to beyond its types: names that exist, placeholders that mean something.
//!
//! Each fault knows where it stands, so that the error names a line. Deliberately absent: any judgement of the story.

use std::collections::BTreeSet;

use toml::Spanned;

use super::clock;
use super::script::{Expect, Incident, Propose, Scene, Script, Step};
use crate::domain::SessionId;
use crate::wire::limits;

/// What is wrong, and where: a byte of the text.
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) what: String,
}

type Checked = Result<(), Fault>;

/// The line, from 1, of a byte of a text.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn fault<T>(here: &Spanned<T>, what: impl Into<String>) -> Checked {
    Err(Fault { at: here.span().start, what: what.into() })
}

/// Checks a whole script.
pub(super) fn check(script: &Script) -> Checked {
    if script.incidents.is_empty() {
        return Err(Fault { at: 0, what: "a story needs at least one [[incident]]".into() });
    }
    distinct(script.incidents.iter().map(|i| &i.session), "incident")?;
    distinct(script.stand_ins.iter().map(|s| &s.name), "stand_in")?;
    script.incidents.iter().enumerate().try_for_each(|(at, _)| incident(script, at))?;
    script.scenes.iter().try_for_each(|scene| self::scene(script, scene))?;
    stand_ins(script)?;
    script.decisions.iter().try_for_each(|decide| known_incident(script, &decide.session))?;
    script.expectations.iter().try_for_each(|expect| match expect {
        Expect::Hold(hold) => known_incident(script, &hold.session),
        Expect::Alert(alert) => known_incident(script, &alert.session),
        Expect::Stop(stop) => known_incident(script, &stop.session),
        Expect::Effect(effect) => known_effect(script, &effect.name),
    })
}

fn distinct<'a, T: Ord + std::fmt::Display + 'a>(
    names: impl Iterator<Item = &'a Spanned<T>>,
    what: &str,
) -> Checked {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.get_ref()) {
            return fault(name, format!("there are two of this {what}: {}", name.get_ref()));
        }
    }
    Ok(())
}

fn incident(script: &Script, at: usize) -> Checked {
    let incident: &Incident = &script.incidents[at];
    known_scene(script, incident.session.get_ref(), &incident.first)?;
    let scenes = || script.scenes.iter().filter(|s| s.incident.get_ref() == incident.session.get_ref());
    distinct(scenes().map(|scene| &scene.name), "scene")?;
    if let Some(start) = &incident.start {
        let earlier = script.incidents[..at].iter().any(|i| i.session.get_ref() == start.after.get_ref());
        if !earlier {
            return fault(&start.after, "an incident can only begin after one that stands above it");
        }
    }
    match &incident.signal {
        Some(signal) if signal.every_ms == 0 => fault(&incident.session, "every_ms must be above 0"),
        Some(signal) => signal.after.iter().try_for_each(|after| known_effect(script, &after.effect)),
        None => Ok(()),
    }
}

fn scene(script: &Script, scene: &Scene) -> Checked {
    known_incident(script, &scene.incident)?;
    let session = scene.incident.get_ref();
    scene.steps.iter().try_for_each(|spanned| match spanned.get_ref() {
        Step::WaitMs(_) | Step::Join(_) | Step::Guide(_) | Step::Leave(_) | Step::Hypothesis(_) => Ok(()),
        Step::Say(say) => {
            let rest = say.text.replace("{{reason}}", "");
            texts(spanned, [rest.as_str()])
        }
        Step::Call(call) => texts(spanned, [call.input.as_str()]),
        Step::Return(answer) => {
            texts(spanned, [answer.output.get_ref().as_str()])?;
            if answer.output.get_ref().len() > limits::INLINE_MAX_BYTES {
                let most = limits::INLINE_MAX_BYTES / 1024;
                return fault(&answer.output, format!("an output in a script has at most {most} KiB"));
            }
            answer.call.as_ref().map_or(Ok(()), |call| known_call(script, session, call))
        }
        Step::Cite(cite) => {
            texts(spanned, [cite.excerpt.as_str()])?;
            cite.call.as_ref().map_or(Ok(()), |call| known_call(script, session, call))
        }
        Step::Propose(propose) => self::propose(script, session, propose),
        Step::Check(check) => {
            known_scene(script, session, &check.cleared)?;
            known_scene(script, session, &check.firing)
        }
        Step::Go(name) => known_scene(script, session, name),
    })
}

fn propose(script: &Script, session: &SessionId, propose: &Propose) -> Checked {
    if script.stand_in(propose.stand_in.get_ref()).is_none() {
        return fault(&propose.stand_in, format!("there is no stand_in \"{}\"", propose.stand_in.get_ref()));
    }
    for next in [&propose.approved, &propose.denied, &propose.expired] {
        known_scene(script, session, next)?;
    }
    let cited = |id: &Spanned<crate::domain::EvidenceId>| {
        steps(script, session).any(|step| matches!(step, Step::Cite(cite) if cite.id == *id.get_ref()))
    };
    match propose.cites.iter().find(|id| !cited(id)) {
        Some(id) => fault(id, format!("no step of {session} cites {}", id.get_ref())),
        None => Ok(()),
    }
}

fn stand_ins(script: &Script) -> Checked {
    script.stand_ins.iter().try_for_each(|stand_in| {
        file_name(&stand_in.name)?;
        file_name(&stand_in.program)?;
        stand_in.effect.as_ref().map_or(Ok(()), file_name)
    })
}

/// These become names of files that the demo writes: nothing that could lead elsewhere.
fn file_name(name: &Spanned<String>) -> Checked {
    let text = name.get_ref();
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !text.is_empty() && text.len() <= 64 && plain {
        return Ok(());
    }
    fault(name, format!("\"{}\" becomes a file's name: letters, digits, - and _ only", text.escape_debug()))
}

fn texts<'a, T>(here: &Spanned<T>, texts: impl IntoIterator<Item = &'a str>) -> Checked {
    texts.into_iter().try_for_each(|text| match clock::unknown_placeholder(text) {
        Some(unknown) => fault(
            here,
            format!(
                "this placeholder means nothing: {{{{{}}}}}; {{{{t-24.5}}}} and {{{{T-24.5}}}} do",
                unknown.escape_debug()
            ),
        ),
        None => Ok(()),
    })
}

fn steps<'a>(script: &'a Script, session: &'a SessionId) -> impl Iterator<Item = &'a Step> {
    let scenes = script.scenes.iter().filter(move |scene| scene.incident.get_ref() == session);
    scenes.flat_map(|scene| scene.steps.iter().map(Spanned::get_ref))
}

fn known_incident(script: &Script, id: &Spanned<SessionId>) -> Checked {
    if script.incidents.iter().any(|incident| incident.session.get_ref() == id.get_ref()) {
        return Ok(());
    }
    fault(id, format!("there is no incident {}", id.get_ref()))
}

fn known_scene(script: &Script, session: &SessionId, name: &Spanned<String>) -> Checked {
    if script.scene(session, name.get_ref()).is_some() {
        return Ok(());
    }
    fault(name, format!("{session} has no scene \"{}\"", name.get_ref().escape_debug()))
}

fn known_call(script: &Script, session: &SessionId, id: &Spanned<crate::domain::CallId>) -> Checked {
    let called = |step: &Step| matches!(step, Step::Call(call) if call.id.as_ref() == Some(id.get_ref()));
    if steps(script, session).any(called) {
        return Ok(());
    }
    fault(id, format!("no step of {session} calls {}", id.get_ref()))
}

fn known_effect(script: &Script, name: &Spanned<String>) -> Checked {
    if script.stand_ins.iter().any(|stand_in| stand_in.effect() == name.get_ref()) {
        return Ok(());
    }
    fault(name, format!("no stand_in leaves the effect \"{}\"", name.get_ref().escape_debug()))
}
