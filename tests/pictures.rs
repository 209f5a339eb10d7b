//! The pictures in `screenshots/` show what the program draws today.
#![cfg(all(feature = "cockpit", feature = "hub"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/scenes.rs"]
mod scenes;

use std::collections::BTreeMap;
use std::path::Path;

use holdpoint::domain::Digest;

const HOW: &str =
    "make them anew with `cargo run --example screenshots --features pictures`, and look at them";

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(scenes::FOLDER).join(name)).unwrap_or_default()
}

#[test]
fn no_picture_is_stale() {
    let stale: Vec<_> = scenes::all()
        .iter()
        .filter(|scene| file(&scene.file("svg")) != scene.svg().as_bytes())
        .map(scenes::Scene::name)
        .collect();
    assert!(stale.is_empty(), "stale: {stale:?}; {HOW}");
}

/// A PNG is the one that was made from this SVG, and there is no other file.
#[test]
fn every_png_belongs_to_its_svg() {
    let sums = String::from_utf8(file("SHA256SUMS")).unwrap();
    let sums: BTreeMap<_, _> =
        sums.lines().filter_map(|line| line.split_once("  ")).map(|(a, b)| (b, a)).collect();
    let expected: Vec<_> = scenes::all().iter().flat_map(|s| [s.file("png"), s.file("svg")]).collect();
    for name in &expected {
        let sum = Digest::of(&file(name)).to_string();
        assert_eq!(sums.get(name.as_str()), Some(&sum.as_str()), "{name}; {HOW}");
    }
    for entry in std::fs::read_dir(scenes::FOLDER).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let kept = ["SHA256SUMS", "incident.jsonl"].contains(&name.as_str());
        assert!(kept || expected.contains(&name), "{name} is no picture of ours");
    }
}

/// The control: a picture changes when the screen does.
#[test]
fn a_changed_cell_changes_the_picture() {
    let scene = scenes::all()[0];
    let mut buffer = scene.buffer();
    let before = holdpoint::cockpit::picture::svg(&buffer, holdpoint::cockpit::picture::DARK);
    assert_eq!(before, scene.svg());
    buffer[(1, 0)].set_symbol("H");
    assert_ne!(before, holdpoint::cockpit::picture::svg(&buffer, holdpoint::cockpit::picture::DARK));
}
