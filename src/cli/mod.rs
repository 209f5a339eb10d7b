//! Floor 8: the command line, one file a subcommand.
//!
//! Every subcommand is a scriptable twin of what the cockpit shows: it reads the same record with the same fold, and
//! asks the same calls of the hub. Output for people is escaped and fits 80 columns; `--json` is exact.
//!
//! Exit statuses: 0 done · 64 usage · 65 input that cannot be used · 66 something that does not exist · 69 no hub ·
//! 70 a defect, or an outcome that is not known · 73 cannot write · 75 nothing ran · 76 too late, or something changed ·
//! 77 denied, or not allowed. `holdpoint gate` ends with the command's own status once it ran.
//!
//! Deliberately absent: facts of its own, and any repetition of a decision whose outcome is unknown.

mod args;
mod assess;
mod bridge;
mod decide;
mod demo;
mod export;
mod fault;
mod gate;
mod holds;
mod home;
mod hub;
mod json;
mod print;
mod reading;
mod replay;
mod sessions;
mod show;
mod stop;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command, Record};
use fault::Fault;
use home::Home;

/// What a subcommand ends with: the exit status of a command that it ran, or nothing to say.
type Done = std::result::Result<ExitCode, Fault>;

/// Runs the program; the first argument is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    // Before the command line is understood, an error is told in the form that it seems to ask for.
    let wants_json = args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let parsed = match Args::try_parse_from(args) {
        Ok(parsed) => parsed,
        Err(error) => return fault::usage(&error, wants_json),
    };
    // Becomes another program: without threads, and without looking at anything of this account's.
    if let Some(Command::Launch) = parsed.command {
        return crate::gate::launch();
    }
    let json = parsed.json;
    start(parsed).unwrap_or_else(|fault| fault.report(json))
}

fn start(args: Args) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(crate::domain::Error::from)?;
    let done = runtime.block_on(dispatch(args));
    // A blocked write to a terminal or a pipe must not keep a finished program.
    runtime.shutdown_background();
    done
}

async fn dispatch(args: Args) -> Done {
    let home = Home::new(&args)?;
    let json = args.json;
    match args.command.unwrap_or_default() {
        Command::Watch(wanted) => watch::run(home, wanted).await,
        Command::Hub(wanted) => hub::run(home, wanted).await,
        Command::Gate(wanted) => gate::run(home, wanted, json).await,
        // Done already: it needs no runtime.
        Command::Launch => Ok(ExitCode::FAILURE),
        Command::Bridge { agent } => bridge::run(home, agent).await,
        Command::Demo(wanted) => demo::run(home, wanted).await,
        Command::Sessions(wanted) => sessions::run(home, wanted, json).await,
        Command::Holds(wanted) => holds::run(home, wanted, json).await,
        Command::Show { id } => show::run(home, &id, json).await,
        Command::Decide(wanted) => decide::run(home, wanted, json).await,
        Command::Stop(wanted) => stop::run(home, wanted, json).await,
        Command::Record { record: Record::Export { session, file, force } } => {
            export::run(home, &session, &file, force, json).await
        }
        Command::Replay(wanted) => replay::run(wanted, json).await,
        Command::Assess(wanted) => assess::run(&wanted, json),
    }
}
