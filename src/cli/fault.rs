//! How an error leaves the program: one place that prints it and knows its exit status.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::json;

use crate::domain::{Error, Kind, Untrusted};

/// Exit status: the command line is not one.
const USAGE: u8 = 64;
/// Exit status: an output file cannot be written.
const CANNOT_WRITE: u8 = 73;

/// An error with the exit status that it ends with.
#[derive(Debug)]
pub(super) struct Fault {
    error: Error,
    code: u8,
}

impl Fault {
    /// An output file that cannot be written.
    pub(super) fn cannot_write(error: Error) -> Self {
        Self { error, code: CANNOT_WRITE }
    }

    /// A command line that is not one, seen after it was parsed.
    pub(super) fn usage(message: &str, hint: &str) -> Self {
        Self { error: Error::invalid(message).hint(hint), code: USAGE }
    }

    /// Something that this build does not have.
    #[cfg(not(all(feature = "cockpit", feature = "hub")))]
    pub(super) fn missing(what: &str, feature: &str, hint: &str) -> Self {
        Self::usage(&format!("this build cannot {what}: it was made without the feature {feature}"), hint)
    }

    /// Prints it and gives the exit status.
    pub(super) fn report(&self, as_json: bool) -> ExitCode {
        let (kind, message, hint) = (self.error.kind(), self.error.message(), self.error.next());
        let text = if as_json {
            json!({ "error": { "kind": kind, "message": message, "hint": hint } }).to_string() + "\n"
        } else {
            let plain = |text: &str| Untrusted::from(text).escaped();
            let hint = hint.map_or_else(String::new, |hint| format!("hint: {}\n", plain(hint)));
            format!("error: {}\n{hint}", plain(message))
        };
        // Where standard error is closed, the exit status is all that can be said.
        let _ = std::io::stderr().write_all(text.as_bytes());
        ExitCode::from(self.code)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            Kind::Invalid | Kind::TooLarge => 65,
            Kind::NotFound => 66,
            Kind::Unavailable => 69,
            Kind::Internal => 70,
            Kind::Conflict => 76,
            Kind::Forbidden => 77,
        };
        Self { error, code }
    }
}

/// Prints what clap has to say: help and version as asked for, anything else as an error.
pub(super) fn usage(error: &clap::Error, as_json: bool) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if as_json {
        let text = error.render().to_string();
        // Everything up to the usage: where clap lists what is missing, that stands below its first line.
        let told = text.lines().take_while(|line| !line.starts_with("Usage:")).map(str::trim);
        let message = told.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        return Fault::usage(message.trim_start_matches("error: "), "`holdpoint help` lists what there is")
            .report(true);
    }
    let _ = error.print();
    ExitCode::from(USAGE)
}
