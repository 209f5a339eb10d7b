//! `holdpoint stop SESSION`: the stop ladder from a script.

use serde_json::json;

use super::Done;
use super::args::Stop;
use super::home::Home;
use super::print;
use super::reading::Reading;
use crate::wire::{SessionStop, SessionStopParams};

/// Asks for a stop. What it achieved is told later, by whoever carries it out: `holdpoint show SESSION`.
pub(super) async fn run(home: Home, wanted: Stop, json: bool) -> Done {
    let reading = Reading::of(&home, home.person()?).await?;
    let session = reading.session(&wanted.session)?;
    let running = session.holds.iter().filter(|hold| hold.awaits_word_of_its_run()).count();
    let session = session.id.clone();
    let level = wanted.level;
    let params = SessionStopParams { session: session.clone(), level, reason: wanted.reason.map(Into::into) };
    // A stop may safely arrive twice, and it should arrive.
    reading.into_link().call::<SessionStop>(&params).await?;
    if json {
        return print::json(&json!({ "session": session, "level": level, "running": running }));
    }
    let effect = match (running, level) {
        (0, _) => "nothing of it was running under a gate; what waited is denied".to_owned(),
        (n, 1) => format!("{n} running: left alone at level 1; --level 2 interrupts, --level 3 kills"),
        (n, 2) => format!("{n} running: interrupted, and asked to terminate after 10 s; --level 3 kills"),
        (n, _) => format!("{n} running: killed"),
    };
    print::out(&format!(
        "stop of level {level} recorded for {session}; {effect}\n`holdpoint show {session}` tells what is confirmed\n"
    ))
}
