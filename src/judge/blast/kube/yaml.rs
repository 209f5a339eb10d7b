//! YAML and JSON to a value, bounded: aliases are not followed, so nothing can grow.
// The parser's own types have hundreds of variants; what is not named here is judged as something else.
#![allow(clippy::wildcard_enum_match_arm)]

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// How many values are read of one text.
const VALUES_MAX: usize = 20_000;
/// How deep they may nest.
const DEPTH_MAX: usize = 64;

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Every document of a text; `None` where it is not YAML, or too much of it.
pub(in crate::judge::blast) fn documents(text: &str) -> Option<Vec<Value>> {
    if too_deep(text) {
        return None;
    }
    let mut done = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for (count, next) in Parser::new_from_str(text).enumerate() {
        let (event, _) = next.ok()?;
        if count > VALUES_MAX || open.len() > DEPTH_MAX {
            return None;
        }
        let value = match event {
            Event::Scalar(text, style, _, _) => Some(scalar(&text, style)),
            Event::Alias(_) => Some(Value::String("*".into())),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|open| match open {
                Open::List(list) => Value::Array(list),
                Open::Map(map, _) => Value::Object(map),
            }),
            _ => None,
        };
        if let Some(value) = value {
            put(&mut open, &mut done, value);
        }
    }
    Some(done)
}

/// Flow brackets nest by recursion in the scanner's caller; what no manifest needs is refused before.
fn too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest > DEPTH_MAX
}

fn put(open: &mut [Open], done: &mut Vec<Value>, value: Value) {
    match open.last_mut() {
        None => done.push(value),
        Some(Open::List(list)) => list.push(value),
        Some(Open::Map(map, key)) => match key.take() {
            Some(key) => {
                map.insert(key, value);
            }
            None => *key = Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        },
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "true" | "True" | "TRUE" | "yes" | "on" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "off" => Value::Bool(false),
        "null" | "~" | "" => Value::Null,
        _ => text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from),
    }
}
