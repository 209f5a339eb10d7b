//! `holdpoint replay FILE`: a recording, on screen or as lines. Nothing can be decided in it.

use std::io::{BufRead, BufReader, IsTerminal as _};
use std::path::Path;

use super::Done;
use super::args::Replay;
use super::print;
use crate::domain::{Error, Kind, Result, Untrusted};
use crate::ledger::recording::Reader;
use crate::session::Event;

/// Replays it: in the cockpit on a terminal, as lines anywhere else.
pub(super) async fn run(wanted: Replay, json: bool) -> Done {
    let shown = Untrusted::from(&*wanted.file.to_string_lossy()).escaped();
    let (events, cut_off) = read(&wanted.file).map_err(|error| error.within(&shown))?;
    if let Some(line) = cut_off {
        print::note(&format!("holdpoint: {shown} ends in the middle of line {line}, which is left out"));
    }
    if json {
        return print::json(&events);
    }
    if wanted.no_tui || !std::io::stdout().is_terminal() {
        let head = format!("REPLAY of {} events from {shown}; nothing can be decided here\n", events.len());
        return print::out(&(head + &events.iter().map(line).collect::<String>()));
    }
    on_screen(events, wanted).await
}

#[cfg(feature = "cockpit")]
async fn on_screen(events: Vec<Event>, wanted: Replay) -> Done {
    let options = super::watch::options(wanted.theme);
    crate::cockpit::run::replay(events, wanted.speed, options).await?;
    Ok(std::process::ExitCode::SUCCESS)
}

#[cfg(not(feature = "cockpit"))]
fn on_screen(_events: Vec<Event>, _wanted: Replay) -> std::future::Ready<Done> {
    std::future::ready(Err(super::Fault::missing(
        "replay on a screen",
        "cockpit",
        "--no-tui prints the events",
    )))
}

/// The events of a recording, and the line that was cut off.
pub(super) fn read(file: &Path) -> Result<(Vec<Event>, Option<u64>)> {
    if file == Path::new("-") {
        return collect(std::io::stdin().lock());
    }
    let hint = "`holdpoint record export SESSION FILE` writes a recording";
    let unreadable = |e| Error::new(Kind::NotFound, format!("it cannot be read: {e}")).hint(hint);
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    if opened.metadata().map_err(unreadable)?.is_dir() {
        return Err(Error::invalid("it is a directory, not a recording").hint(hint));
    }
    collect(BufReader::new(opened))
}

fn collect(input: impl BufRead) -> Result<(Vec<Event>, Option<u64>)> {
    let mut reader = Reader::new(input)?;
    let events = reader.by_ref().collect::<Result<Vec<Event>>>()?;
    Ok((events, reader.cut_off()))
}

/// One event on one line.
fn line(event: &Event) -> String {
    let body = event.body.to_raw().map(|raw| Untrusted::from(raw.get()).escaped()).unwrap_or_default();
    let (at, name) = (event.at.clock(), event.actor.name.escaped());
    let what = Untrusted::from(event.body.type_name()).escaped();
    format!("{at}  #{:<4} {name:<12} {what:<20} {body}\n", event.seq)
}
