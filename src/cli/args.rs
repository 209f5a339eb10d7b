//! The command line as data: one definition for the parser and for every help text.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};

use crate::domain::{ClientKey, Digest, EvidenceId, SessionId};

/// Exit statuses, below every help text.
const EXIT: &str = "\
Exit status:
  0   done                             69  no hub
  64  usage                            70  a defect, or an unknown outcome
  65  input that cannot be used        73  cannot write
  66  no such thing                    76  too late, or something changed
                                       77  not allowed
`holdpoint help gate` lists those of a gated command.";

/// Exit statuses of a gate.
const GATE_EXIT: &str = "\
Exit status: the command's own once it ran (128+N for signal N); before that
  64  usage                            70  cannot tell whether it ran; it is
  65  cannot be asked about: too large,    not run again
      not UTF-8, not executable        75  nothing ran: expired, withdrawn, void,
  66  no such program                      or something had changed
  69  no hub, or it refuses us         77  a person denied it
The status file says which of them it was, also when the command's own status
is one of these.

The command gets exactly what the approver sees: these arguments, this
directory, /dev/null (or --stdin), and of the environment only HOME,
KUBECONFIG, LANG, LC_*, LOGNAME, PATH, SHELL, TERM, TMPDIR, TZ, USER, NO_COLOR,
XDG_*_HOME and the variables that choose a cloud profile, region or project
(docs/gate.md lists them), plus --with-env.";

/// The terminal where a person signs before an AI agent changes production.
#[derive(Debug, Parser)]
#[command(name = "holdpoint", version, after_help = EXIT, max_term_width = 100)]
pub(super) struct Args {
    /// Where the hub is: ws://HOST:PORT, unix:PATH or an absolute path
    #[arg(long, global = true, env = "HOLDPOINT_HUB", value_name = "URL")]
    pub(super) hub: Option<String>,
    /// Where the hub keeps its data and its credentials
    #[arg(long, global = true, env = "HOLDPOINT_DATA", value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// The name to be known by; the account's by default
    #[arg(long = "as", global = true, env = "HOLDPOINT_NAME", value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Exact output for programs; errors too
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Watch, and decide on what waits (also plain `holdpoint`)
    Watch(Watch),
    /// Serve agents and approvers; keep the record
    Hub(Hub),
    /// Run a command once a person has approved exactly that
    #[command(after_help = GATE_EXIT)]
    Gate(Gate),
    /// Become an approved command; a gate starts this, nobody else has a use for it
    #[command(hide = true)]
    Launch,
    /// Attach to an agent that somebody else runs
    Bridge {
        #[command(subcommand)]
        agent: Bridge,
    },
    /// Play two incidents, with everything in it but an agent
    Demo(Demo),
    /// List the sessions
    Sessions(Sessions),
    /// List what waits for a person
    Holds(Holds),
    /// Show everything known about a hold or a session
    Show {
        /// A hold or a session; the beginning of its id is enough
        id: String,
    },
    /// Approve or deny a hold
    Decide(Decide),
    /// Stop a session: 1 revokes and interrupts the agent, 2 also interrupts what runs, 3 kills it
    Stop(Stop),
    /// The record
    Record {
        #[command(subcommand)]
        record: Record,
    },
    /// Watch a recording; nothing can be decided in it
    Replay(Replay),
    /// A second opinion, without a hub: what a command would touch, or what a recording's evidence supports
    Assess(Assess),
}

impl Default for Command {
    fn default() -> Self {
        Self::Watch(Watch::default())
    }
}

#[derive(Debug, Default, Group)]
pub(super) struct Watch {
    /// Where the hub is; same as --hub
    #[arg(value_name = "URL")]
    pub(super) url: Option<String>,
    /// A theme: dark, light, ansi, colour-blind, or one of your own
    #[arg(long, value_name = "NAME")]
    pub(super) theme: Option<String>,
}

#[derive(Debug, Group)]
pub(super) struct Hub {
    /// Also listen on TCP, for example 127.0.0.1:4680
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,
    /// Accept that credentials and decisions cross the network unencrypted
    #[arg(long)]
    pub(super) plaintext_on_network: bool,
    /// What the hub calls itself
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
}

#[derive(Debug, Group)]
pub(super) struct Gate {
    /// The session that this belongs to; one of its own by default
    #[arg(long, value_name = "SESSION")]
    pub(super) session: Option<SessionId>,
    /// A name for this very run: a gate started again with it attaches again and never runs twice
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<ClientKey>,
    /// The service that it is meant for
    #[arg(long, value_name = "SERVICE")]
    pub(super) service: Option<String>,
    /// The environment that it is meant for
    #[arg(long = "env", value_name = "ENV")]
    pub(super) environment: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(super) why: Option<String>,
    /// What it touches, in your words
    #[arg(long, value_name = "TEXT")]
    pub(super) claim: Option<String>,
    /// How to undo it
    #[arg(long, value_name = "TEXT")]
    pub(super) undo: Option<String>,
    /// Evidence that it rests on, for example E1 (repeatable)
    #[arg(long = "cite", value_name = "REF")]
    pub(super) cites: Vec<EvidenceId>,
    /// Pass a variable on, or set it; its value is shown and recorded (repeatable)
    #[arg(long = "with-env", value_name = "NAME[=VALUE]")]
    pub(super) with_env: Vec<String>,
    /// Read standard input first, and make it part of the action
    #[arg(long)]
    pub(super) stdin: bool,
    /// How long a person may take, for example 90s, 30m, 4h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) expires: Option<Duration>,
    /// Write how it ended there, as JSON, in one piece
    #[arg(long, value_name = "FILE")]
    pub(super) status_file: Option<PathBuf>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(super) command: Vec<std::ffi::OsString>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Bridge {
    /// A running `codex app-server --listen ws://HOST:PORT`
    Codex {
        /// Where it listens
        #[arg(value_name = "ws://HOST:PORT")]
        url: String,
        /// The file with the app-server's token, where it wants one
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
        /// How long a person may take, for example 90s, 30m, 4h
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Option<Duration>,
    },
}

#[derive(Debug, Group)]
pub(super) struct Demo {
    /// Play without a terminal: a scripted approver decides, and the summary is checked
    #[arg(long)]
    pub(super) no_tui: bool,
    /// How many times as fast
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub(super) speed: f64,
    /// Play this story instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(super) script: Option<PathBuf>,
    /// Print the built-in story, to make one's own from
    #[arg(long, conflicts_with_all = ["no_tui", "script"])]
    pub(super) print_script: bool,
    /// A theme: dark, light, ansi, colour-blind, or one of your own
    #[arg(long, value_name = "NAME")]
    pub(super) theme: Option<String>,
}

#[derive(Debug, Group)]
pub(super) struct Sessions {
    /// Also those that are over
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Group)]
pub(super) struct Holds {
    /// Also those that are closed
    #[arg(long)]
    pub(super) all: bool,
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Verdict {
    /// Run exactly this, once
    Approve,
    /// Do not
    Deny,
}

#[derive(Debug, Group)]
pub(super) struct Decide {
    /// The hold; the beginning of its id is enough
    pub(super) hold: String,
    /// What you decide
    pub(super) verdict: Verdict,
    /// The action that you looked at, whole; needed to approve
    #[arg(long, required_if_eq("verdict", "approve"))]
    pub(super) digest: Option<Digest>,
    /// Why; the proposer reads it
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Group)]
pub(super) struct Stop {
    /// The session; the beginning of its id is enough
    pub(super) session: String,
    /// How far
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub(super) level: u8,
    /// Why; the agent reads it
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Record {
    /// Write a session's events to a file that `holdpoint replay` reads
    Export {
        /// The session; the beginning of its id is enough
        session: String,
        /// Where to; - for standard output
        file: PathBuf,
        /// Replace the file where there is one
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Group)]
pub(super) struct Replay {
    /// A recording; - for standard input
    pub(super) file: PathBuf,
    /// How many times as fast
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub(super) speed: f64,
    /// Print the events instead
    #[arg(long)]
    pub(super) no_tui: bool,
    /// A theme: dark, light, ansi, colour-blind, or one of your own
    #[arg(long, value_name = "NAME")]
    pub(super) theme: Option<String>,
}

#[derive(Debug, Default, Group)]
pub(super) struct Assess {
    /// Judge a recorded session instead of a command
    #[arg(long, value_name = "FILE", conflicts_with_all = ["command", "lines", "sql", "evaluate"])]
    pub(super) recording: Option<PathBuf>,
    /// Score labelled runs (JSON lines, also gzipped) and print how good the judgement is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["command", "lines", "sql"])]
    pub(super) evaluate: Option<PathBuf>,
    /// With --evaluate: deal the labels out at random, by this seed; nothing may be found then
    #[arg(long, value_name = "SEED", requires = "evaluate")]
    pub(super) shuffle_labels: Option<u64>,
    /// Who depends on whom (docs/judgement.md has the format; repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) topology: Vec<PathBuf>,
    /// Further rules, TOML (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) rules: Vec<PathBuf>,
    /// What the proposer says that it touches
    #[arg(long, value_name = "TEXT")]
    pub(super) claim: Option<String>,
    /// Judge each line of a file as a shell command line; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["command", "sql"])]
    pub(super) lines: Option<PathBuf>,
    /// Judge SQL as a client would run it
    #[arg(long, value_name = "TEXT", conflicts_with = "command")]
    pub(super) sql: Option<String>,
    /// Judge a proposed action, as JSON; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["command", "sql", "lines"])]
    pub(super) action: Option<PathBuf>,
    /// The command and its arguments; a single argument with blanks is a shell command line
    #[arg(last = true, value_name = "CMD")]
    pub(super) command: Vec<std::ffi::OsString>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || "a number with s, m, h or d behind it, for example 30m".to_owned();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wanted)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wanted()),
    };
    let number: u64 = number.parse().map_err(|_| wanted())?;
    let total = number.checked_mul(seconds).filter(|total| *total > 0).ok_or_else(wanted)?;
    Ok(Duration::from_secs(total))
}

fn speed(text: &str) -> Result<f64, String> {
    let wanted = || "a number from 0.01 to 1000".to_owned();
    text.parse().ok().filter(|speed| (0.01..=1000.0).contains(speed)).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound_and_an_approval_needs_a_digest() {
        Args::command().debug_assert();
        let parse = |words: &str| Args::try_parse_from(words.split(' '));
        assert!(parse("holdpoint decide h-1 approve").is_err());
        assert!(parse("holdpoint decide h-1 deny").is_ok());
        assert!(parse("holdpoint gate --").is_err(), "a gate without a command");
        assert!(parse("holdpoint").is_ok_and(|args| args.command.is_none()));
    }

    #[test]
    fn durations_have_a_unit_and_are_not_nothing() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("4h"), Ok(Duration::from_hours(4)));
        for bad in ["", "30", "m", "0s", "1w", "-1s", "1.5h", "99999999999999999999d", "9999999999999999999d"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
