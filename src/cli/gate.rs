//! `holdpoint gate … -- CMD ARG…`: the executor at the command line.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::args::Gate;
use super::home::Home;
use super::print::note;
use super::{Done, Fault};
use crate::domain::{ACTION_MAX_BYTES, Error, Kind, Result, Untrusted};
use crate::gate::{self, Ending, Io, Progress, Request, Words};

/// Runs the gate. Its own words go to standard error, so that standard output is the command's alone; with `--json` each
/// is a JSON value on a line of its own, the last one that of the status file.
pub(super) async fn run(home: Home, wanted: Gate, json: bool) -> Done {
    let status_file = wanted.status_file.clone();
    if let Some(file) = &status_file {
        prepare(file).map_err(|error| cannot_write(file, error))?;
    }
    let ending = match begin(&home, wanted, json).await {
        Ok(ending) => ending,
        Err(error) => Ending::failed(&error),
    };
    if let Some(file) = &status_file {
        // The status is the command's all the same: it ran, or did not, whatever the disk says.
        if let Err(error) = record(file, &ending) {
            let words = format!("the status file could not be written: {}", error.message());
            say(json, "statusFileNotWritten", &words, json!({ "message": error.message() }));
        }
    }
    if json {
        note(&ending.to_json_line().map_err(Error::from)?);
    } else if let Some(line) = ending.line() {
        note(&format!("holdpoint: {}", line.replace("\nhint: ", "\nholdpoint: hint: ")));
    }
    Ok(ExitCode::from(ending.exit_code()))
}

/// Says something on the way: in words, or as JSON under the name of what happened.
fn say(json: bool, event: &str, words: &str, mut facts: serde_json::Value) {
    if json {
        facts["event"] = event.into();
        note(&facts.to_string());
    } else {
        note(&format!("holdpoint: {words}"));
    }
}

async fn begin(home: &Home, wanted: Gate, json: bool) -> Result<Ending> {
    let argv = wanted.command.iter().map(utf8).collect::<Result<Vec<String>>>()?;
    let stdin = if wanted.stdin {
        Some(tokio::task::spawn_blocking(read_stdin).await.map_err(std::io::Error::from)??)
    } else {
        None
    };
    let words = |text: Option<String>| text.map(Untrusted::from);
    let request = Request {
        argv,
        cwd: std::env::current_dir().map_err(|e| {
            Error::invalid(format!("the working directory is not there any more: {e}"))
                .hint("cd to another one")
        })?,
        env: gate::chosen(std::env::vars_os(), &wanted.with_env)?,
        stdin,
        words: Words {
            service: words(wanted.service),
            environment: words(wanted.environment),
            why: words(wanted.why),
            claim: words(wanted.claim),
            undo: words(wanted.undo),
            cites: wanted.cites,
        },
        session: wanted.session,
        key: wanted.key,
        expires_in: wanted.expires,
        alone: true,
        launcher: gate::this_program()?,
    };
    let (caught, signals) = mpsc::channel(16);
    let mut listening = Signals::listen()?;
    tokio::spawn(async move {
        while let Some(number) = listening.next().await {
            // A gate that does not read them any more has ended.
            let _ = caught.try_send(number);
        }
    });
    let io = Io {
        stdout: Box::new(tokio::io::stdout()),
        stderr: Box::new(tokio::io::stderr()),
        signals,
        tell: Box::new(move |progress| tell(&progress, json)),
    };
    Ok(gate::run(home.target()?, home.agent()?, request, io).await)
}

fn tell(progress: &Progress, json: bool) {
    let say = |event, words: &str, facts| say(json, event, words, facts);
    match progress {
        Progress::Waiting { session, hold, number, digest, expires_at } => {
            let words = format!(
                "waiting for a person: P{number}, hold {hold}, session {session}, until {expires_at}"
            );
            let facts = json!({ "session": session, "hold": hold, "number": number, "digest": digest,
                "expiresAt": expires_at });
            say("waiting", &words, facts);
        }
        Progress::Unreachable { why } => {
            let words = format!("{}; still waiting", Untrusted::from(why.as_str()).escaped());
            say("unreachable", &words, json!({ "why": why }));
        }
        Progress::Back => say("back", "connected again", json!({})),
        Progress::Started { by, pid } => {
            let words = format!("approved by {}; running", by.escaped());
            say("started", &words, json!({ "by": by, "pid": pid }));
        }
        Progress::Stopping { by, level, what } => {
            let words = format!("{} asked for a stop, level {level}: {what}", by.escaped());
            say("stopping", &words, json!({ "by": by, "level": level, "what": what }));
        }
        Progress::ReportPending => {
            let words = "the command has ended; waiting for the hub to take that in (Ctrl-C leaves)";
            say("reportPending", words, json!({}));
        }
    }
}

fn utf8(arg: &OsString) -> Result<String> {
    arg.to_str().map(str::to_owned).ok_or_else(|| {
        Error::invalid(format!("an argument is not UTF-8: {}", arg.to_string_lossy().escape_debug()))
            .hint("what is approved must be shown exactly; put the bytes into a file and name the file")
    })
}

/// All of standard input, up to what an action can hold.
fn read_stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(ACTION_MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() <= ACTION_MAX_BYTES {
        return Ok(bytes);
    }
    Err(Error::new(Kind::TooLarge, format!("standard input has more than {ACTION_MAX_BYTES} bytes"))
        .hint("put it into a file and name the file: its content is pinned by digest"))
}

/// A name for what is written beside a file before it takes its place.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    file.with_file_name(name)
}

/// Makes sure, before anybody is asked, that the status file can be written, and that an old one cannot be taken for
/// this run's.
fn prepare(file: &Path) -> std::io::Result<()> {
    let part = beside(file);
    std::fs::File::create_new(&part)?;
    std::fs::remove_file(part)?;
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn record(file: &Path, ending: &Ending) -> Result<()> {
    let part = beside(file);
    let mut out = std::fs::File::create(&part)?;
    out.write_all(ending.to_json()?.as_bytes())?;
    out.sync_all()?;
    Ok(std::fs::rename(part, file)?)
}

fn cannot_write(file: &Path, error: std::io::Error) -> Fault {
    let shown = Untrusted::from(&*file.to_string_lossy()).escaped();
    let error = Error::from(error).within(&format!("the status file {shown} cannot be written"));
    Fault::cannot_write(error.hint("nothing was proposed; name a file in a directory that you can write to"))
}

/// The signals that a person or a supervisor sends to a program.
pub(super) struct Signals {
    streams: Vec<(i32, Signal)>,
}

impl Signals {
    /// From now on these signals do not end the program.
    pub(super) fn listen() -> Result<Self> {
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::quit(),
            SignalKind::user_defined1(),
            SignalKind::user_defined2(),
        ];
        let open = |kind: SignalKind| Ok((kind.as_raw_value(), signal(kind)?));
        let hangup = |kind: &SignalKind| *kind == SignalKind::hangup();
        let wanted = kinds.into_iter().filter(|kind| !(hangup(kind) && is_ignored(kind.as_raw_value())));
        Ok(Self { streams: wanted.map(open).collect::<std::io::Result<_>>()? })
    }

    /// The next one's number.
    pub(super) async fn next(&mut self) -> Option<i32> {
        std::future::poll_fn(|context| {
            for (number, stream) in &mut self.streams {
                if stream.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(Some(*number));
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// Whether whoever started this program wants a signal ignored, as `nohup` does with SIGHUP.
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    mask >> (number - 1) & 1 == 1
}
