//! The recording file: the record, or a part of it, as lines of JSON.
//!
//! The first line is a [`Header`], each further line one event as it stands on the wire. A line is whole or it does not
//! count: a file whose last line was cut off, by a full disk or a crash, reads up to there and says so.
//!
//! Deliberately absent: opening files, folding, and any check of what the events say: a gap in a recording is shown by
//! the fold, as every gap.

use std::io::{BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};

use crate::domain::{Error, Kind, Result, Timestamp, Untrusted};
use crate::session::Event;

/// What the first line calls itself.
const FORMAT: &str = "holdpoint.recording";
/// The version that this program writes, and the highest that it reads.
const VERSION: u16 = 1;
/// Longest line, in bytes; an event on the wire has at most a quarter of it.
const LINE_MAX_BYTES: u64 = 1024 * 1024;

/// Where a recording comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The hub's name.
    pub hub: Untrusted,
    /// The history that it is a part of.
    pub epoch: u64,
    /// When it was written.
    pub exported_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirstLine {
    format: String,
    version: u16,
    hub: Untrusted,
    epoch: u64,
    exported_at: Timestamp,
}

/// Writes a recording.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Begins a recording with its header. Hand in a buffered writer.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(mut out: W, header: &Header) -> Result<Self> {
        let Header { hub, epoch, exported_at } = header.clone();
        line(&mut out, &FirstLine { format: FORMAT.into(), version: VERSION, hub, epoch, exported_at })?;
        Ok(Self { out })
    }

    /// Adds an event.
    ///
    /// # Errors
    /// What the writer says.
    pub fn event(&mut self, event: &Event) -> Result<()> {
        line(&mut self.out, event)
    }

    /// Pushes out what is buffered and gives the writer back.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(mut self) -> Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// One value as one line. An unknown body is kept as it came, so it may hold line breaks; they can only stand between
/// JSON's tokens, where a space means the same.
fn line(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    let mut json = serde_json::to_vec(value)?;
    json.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    json.push(b'\n');
    Ok(out.write_all(&json)?)
}

/// Reads a recording, event by event.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    header: Header,
    line: u64,
    cut_off: Option<u64>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// `Kind::Invalid` when this is no recording, or one of a newer version.
    pub fn new(mut input: R) -> Result<Self> {
        let no_recording = |why: String| {
            Error::invalid(format!("line 1: this is no recording: {why}"))
                .hint("`holdpoint record export SESSION FILE` writes one")
        };
        let Some((first, _)) = next_line(&mut input, 1)? else {
            return Err(no_recording("the file is empty".into()));
        };
        let first: FirstLine = serde_json::from_slice(&first)
            .map_err(|e| no_recording(e.to_string().escape_debug().to_string()))?;
        if first.format != FORMAT {
            return Err(no_recording(format!("its format is \"{}\"", first.format.escape_debug())));
        }
        if first.version > VERSION {
            let version = first.version;
            return Err(Error::invalid(format!(
                "line 1: a recording of version {version}; this program reads up to {VERSION}"
            ))
            .hint("read it with the newer version of holdpoint that wrote it"));
        }
        let FirstLine { hub, epoch, exported_at, .. } = first;
        Ok(Self { input, header: Header { hub, epoch, exported_at }, line: 1, cut_off: None })
    }

    /// Where it comes from.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The number of the last line, when it was cut off and therefore left out. Known once everything was read.
    pub fn cut_off(&self) -> Option<u64> {
        self.cut_off
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    /// `Kind::Invalid` with the line's number when it is not an event; `Kind::Unavailable` when reading fails.
    pub fn next_event(&mut self) -> Result<Option<Event>> {
        loop {
            self.line += 1;
            let Some((text, whole)) = next_line(&mut self.input, self.line)? else { return Ok(None) };
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return match serde_json::from_slice(&text) {
                Ok(event) => Ok(Some(event)),
                Err(_) if !whole => {
                    self.cut_off = Some(self.line);
                    Ok(None)
                }
                Err(error) => {
                    let what = error.to_string().escape_debug().to_string();
                    Err(Error::invalid(format!("line {}: not an event: {what}", self.line))
                        .hint("export the session again, or remove that line and see the gap it leaves"))
                }
            };
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event().transpose()
    }
}

/// The next line, and whether it is whole; `None` at the end.
fn next_line(input: &mut impl BufRead, number: u64) -> Result<Option<(Vec<u8>, bool)>> {
    let mut text = Vec::new();
    let read = input.by_ref().take(LINE_MAX_BYTES).read_until(b'\n', &mut text)?;
    let whole = text.last() == Some(&b'\n');
    if read as u64 == LINE_MAX_BYTES && !whole {
        return Err(Error::new(Kind::TooLarge, format!("line {number}: longer than {LINE_MAX_BYTES} bytes"))
            .hint("no event is that long; this is not a recording"));
    }
    Ok((read > 0).then_some((text, whole)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, SessionId};
    use crate::session::{Body, EVENT_VERSION, MessageSaid};
    use serde_json::value::RawValue;

    fn header() -> Header {
        Header { hub: "h\x1b".into(), epoch: 7, exported_at: Timestamp::from_millis(1_795_192_249_382) }
    }

    fn event(seq: u64, body: Body) -> Event {
        let session = SessionId::new("s-1").unwrap();
        Event { v: EVENT_VERSION, session, seq, at: Timestamp::from_millis(5), actor: Actor::hub(), body }
    }

    fn events() -> Vec<Event> {
        let odd = RawValue::from_string("{\"a\":\n 1.50}".into()).unwrap();
        vec![
            event(1, MessageSaid { text: "line\nbreak \u{202e}".into(), from: None }.into()),
            event(2, Body::read("future.thing", odd)),
            event(4, MessageSaid { text: "behind a gap".into(), from: None }.into()),
        ]
    }

    fn written() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), &header()).unwrap();
        for event in &events() {
            writer.event(event).unwrap();
        }
        writer.finish().unwrap()
    }

    fn lines(file: &[u8]) -> usize {
        String::from_utf8_lossy(file).matches('\n').count()
    }

    #[test]
    fn what_is_written_reads_back_one_event_a_line() {
        let file = written();
        assert_eq!(lines(&file), 1 + events().len());
        let mut reader = Reader::new(&file[..]).unwrap();
        assert_eq!(*reader.header(), header());
        let read: Vec<Event> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!((read[0].clone(), read[2].clone()), (events()[0].clone(), events()[2].clone()));
        let Body::Unknown(raw) = &read[1].body else { panic!("{:?}", read[1]) };
        assert_eq!(raw.json.get(), "{\"a\":  1.50}", "kept, but for the line break");
        assert_eq!(reader.cut_off(), None);
    }

    #[test]
    fn a_recording_cut_off_anywhere_reads_up_to_there_and_says_so() {
        let file = written();
        let first = file.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in first..file.len() {
            let mut reader = Reader::new(&file[..end]).unwrap();
            let read: Vec<Event> = reader.by_ref().map(Result::unwrap).collect();
            let at_border = file[end - 1] == b'\n';
            // A last line that lacks nothing but its line break is whole.
            let all_there = file[end] == b'\n';
            assert_eq!(read.len(), lines(&file[first..end]) + usize::from(all_there), "cut at {end}");
            assert_eq!(reader.cut_off().is_some(), !at_border && !all_there, "cut at {end}");
        }
    }

    #[test]
    fn a_broken_line_in_the_middle_is_named_and_not_skipped() {
        let text = String::from_utf8(written()).unwrap();
        let broken = text.replacen("\"seq\":2", "\"seq\":\"two\x1b\"", 1);
        let mut reader = Reader::new(broken.as_bytes()).unwrap();
        assert!(reader.next_event().unwrap().is_some());
        let error = reader.next_event().unwrap_err();
        assert!(error.message().starts_with("line 3: ") && error.next().is_some(), "{error}");
        assert!(!error.message().contains('\x1b'), "errors reach terminals");
    }

    #[test]
    fn other_files_are_refused_by_their_first_line() {
        let long = vec![b'x'; 2 * LINE_MAX_BYTES as usize];
        let newer = String::from_utf8(written()).unwrap().replacen("\"version\":1", "\"version\":2", 1);
        for other in [&b""[..], b"{}\n", b"PK\x03\x04", &long, newer.as_bytes()] {
            let error = Reader::new(other).unwrap_err();
            assert!(error.message().starts_with("line 1: ") && error.next().is_some(), "{error}");
        }
    }
}
