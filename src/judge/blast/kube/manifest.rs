//! Manifests: which objects they hold, and whether one of them would own its machine.

use serde_json::Value;

use super::yaml;

/// One object of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::judge::blast) struct Object {
    pub(in crate::judge::blast) kind: String,
    pub(in crate::judge::blast) namespace: Option<String>,
    pub(in crate::judge::blast) name: String,
    /// It has the machine's root, its processes or its container socket.
    pub(in crate::judge::blast) owns_machine: bool,
    /// What its containers run.
    pub(in crate::judge::blast) commands: Vec<Vec<String>>,
}

/// The objects of a manifest, lists unfolded; `None` where it holds something else.
pub(in crate::judge::blast) fn objects(text: &str) -> Option<Vec<Object>> {
    let mut found = Vec::new();
    for document in yaml::documents(text)? {
        match (&document["kind"], &document["items"]) {
            (Value::String(kind), Value::Array(items)) if kind.ends_with("List") => {
                for item in items {
                    found.push(object(item)?);
                }
            }
            (Value::String(_), _) => found.push(object(&document)?),
            _ if document.is_null() => {}
            _ => return None,
        }
    }
    (!found.is_empty()).then_some(found)
}

fn object(value: &Value) -> Option<Object> {
    let meta = &value["metadata"];
    let name = meta["name"].as_str().or_else(|| meta["generateName"].as_str()).unwrap_or("*");
    let mut object = Object {
        kind: value["kind"].as_str()?.to_owned(),
        namespace: meta["namespace"].as_str().map(str::to_owned),
        name: name.to_owned(),
        ..Object::default()
    };
    walk(value, "", &mut object, 0);
    Some(object)
}

fn walk(value: &Value, key: &str, object: &mut Object, depth: usize) {
    if depth > 70 {
        return;
    }
    object.owns_machine |=
        matches!((key, value), ("privileged" | "hostPID" | "hostIPC" | "hostNetwork", Value::Bool(true)))
            || (key == "hostPath" && value.is_object());
    match value {
        Value::Object(map) => {
            if key == "containers" || map.contains_key("image") {
                let words = |key: &str| {
                    map.get(key)
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                };
                let command: Vec<String> = words("command").chain(words("args")).collect();
                if map.get("command").is_some() && object.commands.len() < 8 {
                    object.commands.push(command);
                }
            }
            map.iter().for_each(|(key, value)| walk(value, key, object, depth + 1));
        }
        Value::Array(list) => list.iter().for_each(|value| walk(value, key, object, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether JSON or YAML asks for the machine itself.
pub(super) fn owns_machine(text: &str) -> bool {
    let mut object = Object::default();
    for document in yaml::documents(text).into_iter().flatten() {
        walk(&document, "", &mut object, 0);
    }
    object.owns_machine
}
