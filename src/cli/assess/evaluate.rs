//! How good the judgement is, on labelled runs.
//!
//! The very [`Watch`](crate::judge::watch::Watch) of the product scores every run first, from what [`runs`] lets it see,
//! which holds no label. Only when all scores are written are the labels read, from the file again, and compared.

mod labels;
mod measure;
mod report;
mod runs;
mod score;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::topology::Topologies;
use crate::cli::Done;
use crate::cli::args::Assess;
use crate::cli::print;
use crate::domain::{Error, Kind, Result, Untrusted};

/// Longest line, in bytes: a run with its outputs.
const LINE_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Judges the judgement.
pub(super) fn run(wanted: &Assess, file: &Path, json: bool) -> Done {
    let shown = Untrusted::from(&*file.to_string_lossy()).escaped();
    let topologies = Topologies::read(&wanted.topology)?;
    let mut scored = Vec::new();
    each_line(file, |line| {
        scored.push(score::score(&runs::read(line)?, &topologies));
        Ok(())
    })
    .map_err(|error| error.within(&shown))?;
    // From here on nothing is scored any more.
    let mut labels = Vec::new();
    each_line(file, |line| {
        labels.push(labels::read(line)?);
        Ok(())
    })
    .map_err(|error| error.within(&shown))?;
    if let Some(seed) = wanted.shuffle_labels {
        labels::shuffle(&mut labels, seed);
    }
    let measured = measure::measure(&scored, &labels);
    if json { print::json(&measured) } else { print::out(&report::text(&measured)) }
}

/// Every line of a file of JSON lines, unpacked where it is gzipped.
fn each_line(file: &Path, mut take: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let opened = std::fs::File::open(file)
        .map_err(|error| Error::new(Kind::NotFound, format!("it cannot be read: {error}")))?;
    let mut input = BufReader::new(opened);
    let packed = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let unpacked: Box<dyn Read> =
        if packed { Box::new(flate2::bufread::MultiGzDecoder::new(input)) } else { Box::new(input) };
    let mut input = BufReader::new(unpacked);
    for number in 1_u64.. {
        let mut line = String::new();
        let read = input.by_ref().take(LINE_MAX_BYTES).read_line(&mut line)?;
        if read == 0 {
            break;
        }
        if !line.trim().is_empty() {
            take(&line).map_err(|error| error.within(&format!("line {number}")))?;
        }
    }
    Ok(())
}
