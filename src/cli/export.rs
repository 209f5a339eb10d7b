//! `holdpoint record export SESSION FILE`: a session's events as a recording.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::json;

use super::home::Home;
use super::print;
use super::reading::Reading;
use super::{Done, Fault};
use crate::domain::{Error, Kind, Untrusted};
use crate::ledger::recording::{Header, Writer};
use crate::session::Event;

/// Writes it; a file appears whole or not at all.
pub(super) async fn run(home: Home, session: &str, file: &Path, force: bool, json: bool) -> Done {
    let id = {
        let reading = Reading::of(&home, home.reader()?).await?;
        reading.session(session)?.id.clone()
    };
    let mut events = Vec::new();
    let reading = Reading::events(&home, &id, |event| events.push(event)).await?;
    let header =
        Header { hub: reading.hello.hub.clone(), epoch: reading.hello.head.epoch, exported_at: print::now() };
    if !force && file.exists() && file != Path::new("-") {
        let shown = Untrusted::from(&*file.to_string_lossy()).escaped();
        let there = Error::new(Kind::Conflict, format!("{shown} is there already"));
        return Err(Fault::cannot_write(there.hint("name another file, or replace it with --force")));
    }
    if file == Path::new("-") {
        let mut text = Vec::new();
        write(&mut text, &header, &events)?;
        return print::out(&String::from_utf8_lossy(&text));
    }
    to_file(file, &header, &events).map_err(|error| {
        let error =
            error.within(&format!("cannot write {}", Untrusted::from(&*file.to_string_lossy()).escaped()));
        Fault::cannot_write(error)
    })?;
    if json {
        return print::json(
            &json!({ "session": id, "file": file.to_string_lossy(), "events": events.len() }),
        );
    }
    let shown = Untrusted::from(&*file.to_string_lossy()).escaped();
    print::out(&format!("{} events of {id} written to {shown}; `holdpoint replay {shown}`\n", events.len()))
}

fn to_file(file: &Path, header: &Header, events: &[Event]) -> Result<(), Error> {
    let beside = super::gate::beside(file);
    let written = (|| {
        let out = std::fs::File::create_new(&beside)?;
        write(BufWriter::new(&out), header, events)?;
        out.sync_all()?;
        Ok(std::fs::rename(&beside, file)?)
    })();
    if written.is_err() {
        // What was half written is of no use to anybody.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write(out: impl Write, header: &Header, events: &[Event]) -> Result<(), Error> {
    let mut writer = Writer::new(out, header)?;
    events.iter().try_for_each(|event| writer.event(event))?;
    writer.finish().map(drop)
}
