//! How a gate ended: the words, the exit status and the status file's JSON, all from one value.

use serde::Serialize;

use crate::domain::{Digest, Error, HoldId, Kind, SessionId, Untrusted};

/// Exit status: a person denied it.
const DENIED: u8 = 77;
/// Exit status: expired, withdrawn, voided, or something had changed; nothing ran.
const NOTHING_RAN: u8 = 75;
/// Exit status: it cannot be told whether it ran.
const UNKNOWN: u8 = 70;
/// Exit status: no hub.
const NO_HUB: u8 = 69;
/// Exit status: something that it names does not exist.
const NO_INPUT: u8 = 66;
/// Exit status: the action is not one that can be asked about.
const BAD_INPUT: u8 = 65;

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum End {
    /// It was approved and ran.
    Ran(Ran),
    /// A person denied it, or stopped the session while it waited.
    Denied {
        /// Who.
        by: Untrusted,
        /// Why, where they said so.
        reason: Option<Untrusted>,
    },
    /// Nobody answered in time.
    Expired,
    /// The gate took it back.
    Withdrawn {
        /// Why.
        reason: Untrusted,
        /// Whether the hub took that in.
        acknowledged: bool,
    },
    /// Another proposal took its place, or it was answered elsewhere.
    Superseded {
        /// In words.
        reason: Untrusted,
    },
    /// Approved, but the authority was void before it was used.
    Voided {
        /// Why.
        reason: Untrusted,
    },
    /// Approved, but something was not as it had been approved.
    Refused {
        /// What, one sentence each.
        changed: Vec<Untrusted>,
    },
    /// The authority was used, and it cannot be told whether the command ran. It is not run again.
    Unknown {
        /// Why.
        reason: Untrusted,
    },
    /// It was never asked: no hub, or an action that cannot be proposed.
    Failed {
        /// What happened.
        message: Untrusted,
        /// What to do next.
        hint: Option<Untrusted>,
        /// What sort.
        kind: Kind,
    },
}

/// How a command ended that ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ran {
    /// Its exit status; absent when a signal ended it.
    pub exit: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The process; absent when an earlier gate of the same key ran it.
    pub pid: Option<u32>,
    /// Of standard output; absent when not all of it was seen.
    pub stdout_sha256: Option<Digest>,
    /// Of standard error; absent when not all of it was seen.
    pub stderr_sha256: Option<Digest>,
    /// Bytes of both.
    pub output_bytes: u64,
    /// The last lines.
    pub tail: Option<Untrusted>,
    /// Processes of its family that still ran when it ended.
    pub left_running: u32,
    /// Whether an earlier gate of the same key ran it; this one did not.
    pub earlier: bool,
    /// Whether the hub has the report.
    pub reported: bool,
}

/// How it ended, and where that is on record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// The session, once known.
    pub session: Option<SessionId>,
    /// The hold, once opened.
    pub hold: Option<HoldId>,
    /// Of the action's bytes, once composed.
    pub digest: Option<Digest>,
    /// How.
    #[serde(flatten)]
    pub end: End,
}

impl Ending {
    /// The exit status: the command's own when it ran (128 + n for a signal); 77 denied; 75 expired, withdrawn, voided
    /// or changed; 70 when it cannot be told whether it ran; 69 without a hub; 66 and 65 for an action that cannot be
    /// proposed.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.end {
            End::Ran(ran) => match (ran.exit, ran.signal) {
                (Some(exit), _) => exit as u8,
                (None, Some(signal)) => 128u8.saturating_add(signal as u8),
                (None, None) => UNKNOWN,
            },
            End::Denied { .. } => DENIED,
            End::Expired
            | End::Withdrawn { .. }
            | End::Superseded { .. }
            | End::Voided { .. }
            | End::Refused { .. } => NOTHING_RAN,
            End::Unknown { .. } => UNKNOWN,
            End::Failed { kind, .. } => match kind {
                Kind::Invalid | Kind::TooLarge => BAD_INPUT,
                Kind::NotFound => NO_INPUT,
                // 77 means that a person said no; a hub that does not let the gate in is a hub out of reach.
                Kind::Unavailable | Kind::Forbidden => NO_HUB,
                Kind::Conflict => NOTHING_RAN,
                Kind::Internal => UNKNOWN,
            },
        }
    }

    /// What a person reads on standard error: nothing for a command that ran, else one line of printable ASCII.
    pub fn line(&self) -> Option<String> {
        let or_none = |reason: &Option<Untrusted>| reason.as_ref().map_or("no reason given".into(), escaped);
        Some(match &self.end {
            End::Ran(ran) if ran.earlier => {
                "an earlier gate of this key ran it; it is not run again, and this is its exit status".into()
            }
            End::Ran(ran) if ran.left_running > 0 => {
                format!("it ended, and {} of the processes it started still run", ran.left_running)
            }
            End::Ran(_) => return None,
            End::Denied { by, reason } => format!("denied by {}: {}", by.escaped(), or_none(reason)),
            End::Expired => "expired: nobody answered in time; nothing ran".into(),
            End::Withdrawn { reason, acknowledged: true } => {
                format!("withdrawn: {}; nothing ran", reason.escaped())
            }
            End::Withdrawn { reason, acknowledged: false } => {
                format!("withdrawn: {}; nothing ran, but the hub has not confirmed it", reason.escaped())
            }
            End::Superseded { reason } => format!("no longer asked: {}; nothing ran", reason.escaped()),
            End::Voided { reason } => {
                format!("approved, then void before it was used: {}; nothing ran", reason.escaped())
            }
            End::Refused { changed } => {
                let changed: Vec<String> = changed.iter().map(escaped).collect();
                format!("approved, but not run, because something had changed: {}", changed.join("; "))
            }
            End::Unknown { reason } => {
                format!(
                    "cannot tell whether it ran: {}; it is not run again, see the record",
                    reason.escaped()
                )
            }
            End::Failed { message, hint, .. } => match hint {
                Some(hint) => format!("{}\nhint: {}", message.escaped(), hint.escaped()),
                None => message.escaped(),
            },
        })
    }

    /// An ending of an action that was never asked about.
    #[must_use]
    pub fn failed(error: &Error) -> Self {
        Self { session: None, hold: None, digest: None, end: error.into() }
    }

    /// The status file: this value with the exit status.
    ///
    /// # Errors
    /// None in practice: it is plain data.
    pub fn to_json(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Written<'a> {
            exit_status: u8,
            #[serde(flatten)]
            ending: &'a Ending,
        }
        let written = Written { exit_status: self.exit_code(), ending: self };
        serde_json::to_string_pretty(&written).map(|text| text + "\n")
    }
}

impl From<&Error> for End {
    fn from(error: &Error) -> Self {
        let (message, hint) = (error.message().into(), error.next().map(Untrusted::from));
        Self::Failed { message, hint, kind: error.kind() }
    }
}

fn escaped(text: &Untrusted) -> String {
    text.escaped()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(end: End) -> Ending {
        Ending { session: None, hold: None, digest: None, end }
    }

    #[test]
    fn the_exit_status_is_the_commands_own_only_when_it_ran() {
        let ran = |exit, signal| ending(End::Ran(Ran { exit, signal, ..Ran::default() })).exit_code();
        assert_eq!((ran(Some(0), None), ran(Some(77), None), ran(None, Some(9))), (0, 77, 137));
        assert_eq!(ending(End::Denied { by: "maya".into(), reason: None }).exit_code(), 77);
        assert_eq!(ending(End::Expired).exit_code(), 75);
        assert_eq!(ending(End::Refused { changed: vec![] }).exit_code(), 75);
        assert_eq!(ending(End::Unknown { reason: "x".into() }).exit_code(), 70);
        let refused = Error::new(Kind::Forbidden, "wrong credential");
        assert_eq!(Ending::failed(&refused).exit_code(), 69, "77 is a person's denial and nothing else");
    }

    #[test]
    fn what_reaches_the_terminal_is_escaped_and_what_reaches_the_file_is_exact() {
        let end = ending(End::Denied { by: "m\x1b[2J".into(), reason: Some("no\u{202e}\n".into()) });
        let line = end.line().unwrap();
        assert!(line.chars().all(|c| matches!(c, ' '..='~')), "{line}");
        let json: serde_json::Value = serde_json::from_str(&end.to_json().unwrap()).unwrap();
        assert_eq!(json["outcome"], "denied");
        assert_eq!(json["exitStatus"], 77);
        assert_eq!(json["reason"], "no\u{202e}\n");
    }
}
