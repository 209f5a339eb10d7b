//! What reaches standard output: whole lines, escaped for people, quiet when nobody reads any more.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use super::{Done, Fault};
use crate::domain::{Error, Timestamp};

/// Columns that a table keeps to where the output is no wider terminal.
const COLUMNS: usize = 80;

/// Writes text to standard output. A reader that went away is no error.
pub(super) fn out(text: &str) -> Done {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let error = Error::from(error).within("cannot write to standard output");
            Err(Fault::cannot_write(error))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// One line to standard error. Where that is closed, work goes on without it.
pub(super) fn note(line: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Writes a value as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Done {
    let text = serde_json::to_string_pretty(value).map_err(Error::from)?;
    out(&(text + "\n"))
}

/// Rows under headings, aligned; the last column takes what is left of the line and is cut with `...` behind it.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = heads.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let before: usize = widths.iter().take(N - 1).map(|width| width + 2).sum();
    let last = columns().saturating_sub(before).max(20);
    let heads = heads.map(str::to_owned);
    let mut text = String::new();
    for row in std::iter::once(&heads).chain(rows) {
        for (cell, width) in row.iter().zip(widths).take(N - 1) {
            let _ = write!(text, "{cell:width$}  ");
        }
        text.push_str(row.last().map(|cell| cut(cell, last)).unwrap_or_default().trim_end());
        text.push('\n');
    }
    text
}

/// Printable ASCII, at most this many columns.
fn cut(text: &str, columns: usize) -> String {
    if text.len() <= columns { text.to_owned() } else { format!("{}...", &text[..columns.saturating_sub(3)]) }
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns >= COLUMNS).unwrap_or(COLUMNS)
}

/// How long, in the largest unit that fits: `27m`.
pub(super) fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The wall clock of this machine.
pub(super) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_one_unit() {
        assert_eq!([span(59_000), span(1_800_000), span(-5)], ["59s", "30m", "0s"]);
    }

    #[test]
    fn a_table_is_aligned_and_its_lines_fit() {
        let long = "x".repeat(300);
        let text = table(["A", "B"], &[["one".into(), "two".into()], ["longer".into(), long]]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["A       B", "one     two"]);
        assert!(lines[2].len() <= columns() && lines[2].ends_with("..."), "{text}");
    }
}
