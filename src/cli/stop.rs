//! `holdpoint stop SESSION`: the stop ladder from a script.

use serde_json::json;

use super::Done;
use super::args::Stop;
use super::home::Home;
use super::print;
use super::reading::Reading;
use crate::domain::{Kind, SessionId};
use crate::link::Link;
use crate::session::Session;
use crate::wire::{SessionStop, SessionStopParams};

/// Asks for a stop. What it achieved is told later, by whoever carries it out: `holdpoint show SESSION`.
pub(super) async fn run(home: Home, wanted: Stop, json: bool) -> Done {
    let (level, reason) = (wanted.level, wanted.reason.map(Into::into));
    let ask = |session: SessionId| SessionStopParams { session, level, reason: reason.clone() };
    let (link, _) = Link::connect(home.target()?, home.person()?, None, None);
    // A whole identifier is stopped before anything is read: the record may be long. A stop may safely arrive twice.
    let at_once = match SessionId::new(&wanted.session) {
        Ok(session) => link.call::<SessionStop>(&ask(session.clone())).await.map(|_| session),
        Err(error) => Err(error),
    };
    let session = match at_once {
        Ok(session) => session,
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Invalid) => {
            let reading = Reading::of(&home, home.person()?).await?;
            let session = reading.session(&wanted.session)?.id.clone();
            reading.into_link().call::<SessionStop>(&ask(session.clone())).await?;
            session
        }
        Err(error) => return Err(error.into()),
    };
    let mut fold = Session::new(session.clone());
    Reading::events(&home, &session, |event| fold.apply(&event)).await?;
    let running = fold.holds.iter().filter(|hold| hold.awaits_word_of_its_run()).count();
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
