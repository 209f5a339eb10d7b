//! `kubectl`: which objects are named, and what manifests, patches and raw paths say.

mod kinds;
mod manifest;
pub(super) mod yaml;

use super::call::{Arg, Call, Input, Parts};
use super::finding::target;
use super::judge::Judge;
use super::readers::Read;
use crate::domain::Target;

pub(super) use kinds::kind_of;
pub(super) use manifest::{Object, objects};

/// Verbs whose second word belongs to them.
const TWO_WORDS: &[&str] =
    &["rollout", "set", "create", "auth", "config", "certificate", "apply", "plugin", "cluster-info", "argo"];
/// Verbs that are about pods where no kind is named.
const PODS: &[&str] = &["logs", "log", "exec", "attach", "port-forward", "debug"];
/// Verbs that are about nodes.
const NODES: &[&str] = &["cordon", "uncordon", "drain"];

/// Reads a call of `kubectl`.
pub(super) fn read(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    let verb = parts.operands.first().map(|arg| arg.text.clone()).unwrap_or_default();
    let namespace = parts.value("-n,--namespace").map(|arg| arg.text.clone());
    let mut targets = Vec::new();
    if let Some(raw) = parts.value("--raw").cloned() {
        if let Some((kind, namespace, name)) = raw_path(&raw.text) {
            parts.say("kind", kind);
            targets.push(target(kind, namespace.as_deref(), &name));
        }
    } else {
        targets = named(parts, &verb, namespace.as_deref());
    }
    manifests(judge, parts, call, &mut targets);
    let text: Vec<String> = ["-p,--patch", "--overrides"]
        .iter()
        .flat_map(|key| parts.values(key))
        .map(|arg| arg.text.clone())
        .collect();
    for text in text {
        if manifest::owns_machine(&text) {
            parts.say("privileged", "true");
        }
        parts.say("patch", text.split_whitespace().collect::<String>());
    }
    selectors(parts, &verb);
    if verb == "cp" {
        copies(judge, parts);
    }
    if verb == "run" || verb == "debug" {
        let image = parts.after.is_empty();
        parts.say("command", if image { "none" } else { "some" });
    }
    Read::Rules(targets)
}

/// The objects that the operands name.
fn named(parts: &mut Parts, verb: &str, namespace: Option<&str>) -> Vec<Target> {
    let skip = 1 + usize::from(TWO_WORDS.contains(&verb) && verb != "argo");
    let mut operands: Vec<Arg> = parts.operands.get(skip..).unwrap_or_default().to_vec();
    operands.retain(|arg| verb == "cp" || !(arg.text.contains('=') || arg.text.ends_with('-')));
    let mut found = Vec::new();
    let mut kinds: Vec<&'static str> = Vec::new();
    let unsure = operands.iter().any(|arg| !arg.sure);
    if PODS.contains(&verb) {
        operands.truncate(1);
        kinds.push("pod");
    } else if NODES.contains(&verb) {
        kinds.push("node");
    } else if verb == "create" {
        kinds.extend(parts.operands.get(1).and_then(|arg| kind_of(&arg.text)));
        operands.truncate(1);
    } else if matches!(
        verb,
        "certificate" | "run" | "config" | "cp" | "argo" | "plugin" | "auth" | "proxy" | "explain"
    ) {
        operands.clear();
    }
    let by_word = kinds.is_empty();
    let mut names = Vec::new();
    for arg in &operands {
        if let Some((kind, name)) = arg.text.split_once('/') {
            let kind = kind_of(kind).unwrap_or("resource");
            parts.say("kind", kind);
            found.push(target(kind, namespace, name));
        } else if by_word && kinds.is_empty() {
            kinds.extend(
                arg.text
                    .split(',')
                    .filter(|kind| !kind.is_empty())
                    .map(|kind| kind_of(kind).unwrap_or("resource")),
            );
            if arg.text == "all" {
                kinds = vec!["deployment", "service", "pod", "statefulset"];
                parts.say("kind", "all");
            }
        } else {
            names.push(arg.text.clone());
        }
    }
    let selected =
        parts.value("-l,--selector").or_else(|| parts.value("--field-selector")).map(|arg| arg.text.clone());
    let everything = found.is_empty() && names.is_empty();
    if everything {
        names.push(selected.unwrap_or_else(|| "*".into()));
    }
    for kind in kinds {
        parts.say("kind", kind);
        let space = if matches!(
            kind,
            "node" | "namespace" | "pv" | "crd" | "clusterrole" | "clusterrolebinding" | "webhook"
        ) {
            None
        } else {
            namespace
        };
        found.extend(names.iter().take(32).map(|name| target(kind, space, name)));
    }
    if unsure {
        parts.say("unsure", "true");
    }
    found
}

/// Whether what is selected is all there is.
fn selectors(parts: &mut Parts, verb: &str) {
    let selectors: Vec<String> = parts
        .values("-l,--selector")
        .chain(parts.values("--field-selector"))
        .map(|arg| arg.text.clone())
        .collect();
    let narrows = |selector: &String| {
        selector.split(',').any(|term| {
            !term.contains("!=")
                && !term.starts_with('!')
                && !term.contains(" notin ")
                && !term.trim().is_empty()
        })
    };
    let named = parts.operands.iter().skip(1).any(|arg| arg.text.contains('/'))
        || parts.operands.len() > 2 + usize::from(TWO_WORDS.contains(&verb));
    let all = parts.has("--all")
        || (selectors.is_empty() && !named && !NODES.contains(&verb))
        || (!selectors.is_empty() && !selectors.iter().any(narrows));
    parts.say("reach", if all { "all" } else { "some" });
}

/// What `-f` and `-k` say.
fn manifests(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call, targets: &mut Vec<Target>) {
    let verb = parts.operands.first().map(|arg| arg.text.clone()).unwrap_or_default();
    if matches!(verb.as_str(), "logs" | "log" | "exec" | "cp") {
        return;
    }
    let mut files: Vec<Arg> = parts.values("-f,--filename,-k,--kustomize").cloned().collect();
    for file in files.drain(..) {
        let from = match &call.stdin {
            _ if file.text.contains("://") || file.text.starts_with("github.com/") => "address",
            Input::Known(text) if file.text == "-" => {
                let space = parts.value("-n,--namespace").map(|arg| arg.text.clone());
                match objects(text) {
                    Some(found) => {
                        found
                            .into_iter()
                            .take(32)
                            .for_each(|object| seen(judge, parts, targets, &object, space.as_deref()));
                        "text"
                    }
                    None => "unseen",
                }
            }
            Input::None | Input::Known(_) | Input::Unknown => "unseen",
        };
        parts.say("manifest", from);
    }
}

fn seen(
    judge: &mut Judge<'_>,
    parts: &mut Parts,
    targets: &mut Vec<Target>,
    object: &Object,
    namespace: Option<&str>,
) {
    let kind = kind_of(&object.kind.to_lowercase()).unwrap_or("resource");
    parts.say("kind", kind);
    parts.say("object", kind);
    if object.owns_machine {
        parts.say("privileged", "true");
    }
    let what = target(kind, object.namespace.as_deref().or(namespace), &object.name);
    if !targets.contains(&what) {
        targets.push(what);
    }
    // What a new object would run on its own is a part of the action.
    for argv in object.commands.iter().filter(|_| object.owns_machine) {
        let argv = argv.iter().map(|word| Arg::sure(word.clone())).collect();
        judge.deeper(|judge| judge.call(&Call::new(argv, Input::None)));
    }
}

/// Of an API path: kind, namespace, name.
pub(super) fn raw_path(path: &str) -> Option<(&'static str, Option<String>, String)> {
    let path = path.split('?').next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match parts.next()? {
        "api" => parts.next()?,
        "apis" => parts.nth(1)?,
        _ => return None,
    };
    let rest: Vec<&str> = parts.collect();
    let named = |name: Option<&&str>| name.map_or("*", |name| *name).to_owned();
    match rest.as_slice() {
        ["namespaces", space, kind, tail @ ..] if *kind != "finalize" && *kind != "status" => {
            Some((kind_of(kind)?, Some((*space).to_owned()), named(tail.first())))
        }
        [kind, tail @ ..] => Some((kind_of(kind)?, None, named(tail.first()))),
        [] => None,
    }
}

/// `cp`: which side is a pod's, and which file is read or written.
fn copies(judge: &mut Judge<'_>, parts: &mut Parts) {
    let sides: Vec<Arg> = parts.operands.iter().skip(1).cloned().collect();
    for (index, side) in sides.iter().enumerate() {
        let last = index + 1 == sides.len();
        if let Some((pod, path)) = side.text.split_once(':') {
            let (space, pod) = pod.split_once('/').map_or((None, pod), |(space, pod)| (Some(space), pod));
            let deed = if last { super::file::Deed::Write } else { super::file::Deed::Read };
            parts.say("way", if last { "into" } else { "out" });
            super::file::judge(judge, deed, &Arg { text: path.into(), sure: side.sure });
            let finding = super::finding::Finding::new(crate::domain::Tier::Ro, "kubectl.cp-side", "")
                .on(target("pod", space, pod));
            judge.say(finding);
        } else {
            let deed = if last { super::file::Deed::Write } else { super::file::Deed::Read };
            super::file::judge(judge, deed, side);
        }
    }
}
