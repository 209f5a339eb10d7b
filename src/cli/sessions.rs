//! `holdpoint sessions`: every investigation on record.

use super::Done;
use super::args::Sessions;
use super::home::Home;
use super::json::{SessionLine, session_word};
use super::print;
use super::reading::Reading;
use crate::session::Session;

/// Lists sessions, the latest first.
pub(super) async fn run(home: Home, wanted: Sessions, json: bool) -> Done {
    let reading = Reading::of(&home, home.reader()?).await?;
    let mut sessions: Vec<&Session> =
        reading.sessions.values().filter(|session| wanted.all || !session.is_over()).collect();
    sessions.sort_by_key(|session| (std::cmp::Reverse(session.last_at), session.id.clone()));
    if json {
        let lines: Vec<SessionLine<'_>> = sessions.into_iter().map(SessionLine::new).collect();
        return print::json(&lines);
    }
    if sessions.is_empty() {
        return print::out("no session is open; --all lists those that are over\n");
    }
    let rows: Vec<[String; 5]> = sessions.into_iter().map(|session| row(&reading, session)).collect();
    print::out(&print::table(["SESSION", "STATE", "OPEN HOLDS", "LAST", "TITLE"], &rows))
}

fn row(reading: &Reading, session: &Session) -> [String; 5] {
    let open = session.open_holds().count();
    [
        session.id.to_string(),
        session_word(session).to_owned(),
        if open == 0 { "-".into() } else { open.to_string() },
        print::span(reading.now().since(session.last_at)),
        session.title.escaped(),
    ]
}
