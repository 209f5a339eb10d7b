//! How long the judgement of one command takes, over the labelled corpus.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holdpoint::domain::Timestamp;
use holdpoint::judge::blast::{Case, Rules, Subject, assess};
use holdpoint::judge::world::World;

fn lines() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            let file: toml::Value = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let cases = file["case"].as_array().unwrap();
            lines.extend(cases.iter().filter_map(|case| case.get("command")?.as_str().map(str::to_owned)));
        }
    }
    lines
}

fn judge(c: &mut Criterion) {
    let rules = Rules::builtin().unwrap();
    let world = World::default();
    let case = Case {
        rules: &rules,
        world: &world,
        alert: None,
        claim: None,
        plan: None,
        now: Timestamp::from_millis(0),
    };
    let lines = lines();
    let mut group = c.benchmark_group("judge");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("estimate of a shell line", |b| {
        b.iter(|| {
            for text in &lines {
                black_box(assess(&Subject::Shell { text, cwd: "/home/agent/work" }, &case));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, judge);
criterion_main!(benches);
