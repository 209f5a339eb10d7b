//! `holdpoint holds`: what waits for a person.

use super::Done;
use super::args::Holds;
use super::home::Home;
use super::json::HoldLine;
use super::print::{self, span};
use super::reading::Reading;
use crate::session::{Hold, Session};

/// Lists holds, the one that ends soonest first.
pub(super) async fn run(home: Home, wanted: Holds, json: bool) -> Done {
    let reading = Reading::of(&home, home.reader()?).await?;
    let mut holds: Vec<(&Session, &Hold)> =
        reading.holds().filter(|(_, hold)| wanted.all || hold.is_open()).collect();
    holds.sort_by_key(|(_, hold)| (!hold.is_open(), hold.expires_at, hold.id.clone()));
    if json {
        let lines: Vec<HoldLine<'_>> =
            holds.iter().map(|(session, hold)| HoldLine::new(&reading, session, hold)).collect();
        return print::json(&lines);
    }
    if holds.is_empty() {
        return print::out("nothing waits for a person\n");
    }
    let rows: Vec<[String; 4]> = holds.iter().map(|(_, hold)| row(&reading, hold)).collect();
    let hint = "\n`holdpoint show HOLD` shows all of one; `holdpoint decide` answers it\n";
    print::out(&(print::table(["HOLD", "STATE", "LEFT", "ACTION"], &rows) + hint))
}

fn row(reading: &Reading, hold: &Hold) -> [String; 4] {
    let state = match (hold.outcome(), reading.waits(&hold.id)) {
        (Some(outcome), _) => outcome.word().to_owned(),
        (None, Some(false)) => "open, nobody waits".to_owned(),
        (None, Some(true) | None) => "open".to_owned(),
    };
    let left = if hold.is_open() { span(hold.expires_at.since(reading.now())) } else { "-".into() };
    [hold.id.to_string(), state, left, hold.revision.proposal.action.summary().escaped()]
}
