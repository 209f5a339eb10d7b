//! Any text is judged as sql: no panic, no unbounded time.
#![no_main]

use std::sync::LazyLock;

use holdpoint::domain::Timestamp;
use holdpoint::judge::blast::{Case, Rules, Subject, assess};
use holdpoint::judge::world::World;
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::builtin().unwrap_or_default());

fuzz_target!(|text: &str| {
    let world = World::default();
    let case = Case { rules: &RULES, world: &world, alert: None, claim: None, plan: None, now: Timestamp::from_millis(0) };
    assess(&Subject::Sql(text), &case);
});
