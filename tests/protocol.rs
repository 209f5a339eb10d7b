//! The protocol's reference is made from the types. `HOLDPOINT_WRITE=1 cargo test --test protocol` writes it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

use holdpoint::wire;

/// Compares a generated file with what stands in the repository, or writes it when asked.
fn hold_against(path: &str, generated: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("HOLDPOINT_WRITE").is_some() {
        std::fs::write(&file, generated).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == generated,
        "{path} is stale: run HOLDPOINT_WRITE=1 cargo test --test protocol, read the difference, commit it"
    );
}

#[test]
fn the_reference_is_current() {
    hold_against("docs/protocol.md", &wire::markdown());
}

#[test]
fn the_schema_is_current_and_every_reference_in_it_resolves() {
    let schema = wire::schema();
    let mut text = serde_json::to_string_pretty(&schema).unwrap();
    text.push('\n');
    hold_against("docs/protocol.schema.json", &text);
    let mut checked = 0;
    for pointer in text.split("\"#/$defs/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(schema["$defs"].get(pointer).is_some(), "nothing defines {pointer}");
        checked += 1;
    }
    assert!(checked > 40, "the schema holds only {checked} references");
}
