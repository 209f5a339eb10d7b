//! The action: what would run, exactly, and the bytes that a decision is about.
//!
//! The digest of a decision covers [`Action::bytes`]: JSON with the fields in the order of these types, without
//! white space, floats or maps. Every field of an action is on the sheet, so whoever parses an action, shows it and
//! digests what it parsed has digested what it showed. Parsing is strict: an unknown or repeated field is an error,
//! because it would be in the bytes of one reader and not on the screen of another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Digest, Error, Executor, Kind, Result, Untrusted};

/// Largest action, in bytes of its JSON, standard input included.
pub const ACTION_MAX_BYTES: usize = 64 * 1024;

/// What would run. The `kind` tells who runs it and what the rest means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Action {
    /// A process that Holdpoint's gate starts itself.
    Exec(Exec),
    /// A command that the agent runs itself once it is let go.
    AgentCommand(AgentCommand),
    /// File changes that the agent makes itself.
    AgentPatch(AgentPatch),
    /// A tool call that the agent makes itself.
    AgentTool(AgentTool),
}

/// A process: everything that decides what it does, as far as it can be known before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Exec {
    /// The exact argument vector; the first is the name as it was typed.
    pub argv: Vec<Untrusted>,
    /// Working directory, absolute.
    pub cwd: Untrusted,
    /// The whole environment of the process, sorted by name; nothing else is passed.
    pub env: Vec<EnvVar>,
    /// Standard input; absent means `/dev/null`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Stdin>,
    /// The machine it runs on.
    pub host: Untrusted,
    /// The account it runs as.
    pub user: Untrusted,
    /// The program that the first argument resolved to.
    pub executable: Pin,
    /// Arguments that name regular files, pinned by content.
    pub files: Vec<FilePin>,
    /// What could not be pinned, one sentence each.
    pub unpinned: Vec<Untrusted>,
}

/// One environment variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvVar {
    /// Its name.
    pub name: Untrusted,
    /// Its exact value.
    pub value: Untrusted,
}

/// Standard input that was read before proposing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum Stdin {
    /// It is UTF-8.
    Text(Untrusted),
    /// It is not; standard base64 with padding.
    Base64(String),
}

/// A file by path and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Absolute path, symbolic links resolved.
    pub path: Untrusted,
    /// Of its content when it was proposed.
    pub sha256: Digest,
}

/// An argument that names a regular file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilePin {
    /// Which argument, counted from 0 (the program's name).
    pub arg: u32,
    /// Absolute path, symbolic links resolved.
    pub path: Untrusted,
    /// Of its content when it was proposed.
    pub sha256: Digest,
}

/// A command line that an agent's own runtime would execute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentCommand {
    /// Which agent, for example `codex`.
    pub agent: Untrusted,
    /// The command exactly as the agent asked about it.
    pub command: Untrusted,
    /// Where it would run.
    pub cwd: Untrusted,
    /// Why this is not all that would happen, where the agent did not say it all; it can then only be denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Untrusted>,
}

/// A set of file changes that an agent would make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentPatch {
    /// Which agent.
    pub agent: Untrusted,
    /// Each file, in the agent's order.
    pub changes: Vec<FileChange>,
    /// Why this is not all that would happen, where the agent did not say it all; it can then only be denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Untrusted>,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// Which file.
    pub path: Untrusted,
    /// `add`, `update`, `delete` or `move to PATH`, in the agent's words.
    pub change: Untrusted,
    /// The exact diff, or the content of a new file.
    pub diff: Untrusted,
}

/// A tool call that an agent would make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentTool {
    /// Which agent.
    pub agent: Untrusted,
    /// The tool's server.
    pub server: Untrusted,
    /// The tool.
    pub tool: Untrusted,
    /// The exact JSON text of its arguments; never parsed again between digest and run.
    pub arguments: Untrusted,
    /// Why this is not all that would happen, where the agent did not say it all; it can then only be denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Untrusted>,
}

impl Action {
    /// The bytes that a decision is about.
    ///
    /// # Errors
    /// `Kind::TooLarge` above [`ACTION_MAX_BYTES`]; `Kind::Invalid` when it cannot mean one definite thing.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        self.check()?;
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > ACTION_MAX_BYTES {
            return Err(Error::new(
                Kind::TooLarge,
                format!("the action has {} bytes; at most {ACTION_MAX_BYTES} can be reviewed", bytes.len()),
            )
            .hint("put the bulk into a file and name the file: its content is pinned by digest"));
        }
        Ok(bytes)
    }

    /// SHA-256 of [`Action::bytes`].
    ///
    /// # Errors
    /// As [`Action::bytes`].
    pub fn digest(&self) -> Result<Digest> {
        Ok(Digest::of(&self.bytes()?))
    }

    /// Who would run it.
    #[must_use]
    pub fn executor(&self) -> Executor {
        match self {
            Self::Exec(_) => Executor::Holdpoint,
            Self::AgentCommand(_) | Self::AgentPatch(_) | Self::AgentTool(_) => Executor::Agent,
        }
    }

    /// Why an agent's action is not all that would happen; such an action can be denied, never approved.
    #[must_use]
    pub fn incomplete(&self) -> Option<&Untrusted> {
        match self {
            Self::Exec(_) => None,
            Self::AgentCommand(command) => command.incomplete.as_ref(),
            Self::AgentPatch(patch) => patch.incomplete.as_ref(),
            Self::AgentTool(tool) => tool.incomplete.as_ref(),
        }
    }

    fn check(&self) -> Result<()> {
        let missing = |what: &str| Err(Error::invalid(format!("the action has no {what}")));
        if self.incomplete().is_some() {
            return Ok(());
        }
        match self {
            Self::Exec(exec) if exec.argv.first().is_none_or(Untrusted::is_empty) => missing("command"),
            Self::Exec(exec) => exec.check(),
            Self::AgentCommand(command) if command.command.is_empty() => missing("command"),
            Self::AgentPatch(patch) if patch.changes.is_empty() => missing("file change"),
            Self::AgentTool(tool) if tool.tool.is_empty() => missing("tool"),
            Self::AgentCommand(_) | Self::AgentPatch(_) | Self::AgentTool(_) => Ok(()),
        }
    }
}

impl Exec {
    fn check(&self) -> Result<()> {
        let nul = |text: &Untrusted| text.expose().contains('\0');
        let relative = |path: &Untrusted| nul(path) || !path.expose().starts_with('/');
        if self.argv.iter().any(nul) {
            return Err(Error::invalid("an argument holds a NUL character, which no process can be given"));
        }
        if relative(&self.cwd) || relative(&self.executable.path) {
            return Err(Error::invalid("the working directory and the program must be absolute paths"));
        }
        // `A=2` as a name would set `A` a second time.
        if self
            .env
            .iter()
            .any(|var| var.name.is_empty() || var.name.expose().contains(['=', '\0']) || nul(&var.value))
        {
            return Err(Error::invalid("a variable of the environment cannot be set as it is written"));
        }
        if !self.env.windows(2).all(|pair| pair[0].name < pair[1].name) {
            return Err(Error::invalid("the environment is not sorted by name, or names a variable twice"));
        }
        if self.files.iter().any(|file| file.arg as usize >= self.argv.len()) {
            return Err(Error::invalid("a file is pinned for an argument that is not there"));
        }
        self.stdin.as_ref().map_or(Ok(()), Stdin::check)
    }
}

impl Stdin {
    /// Wraps what was read: as text where it is UTF-8, as base64 where not.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(other) => Self::Base64(STANDARD.encode(other.as_bytes())),
        }
    }

    /// One input has one form: what can be read is not hidden from whoever decides.
    fn check(&self) -> Result<()> {
        let hidden = matches!(self, Self::Base64(_)) && std::str::from_utf8(&self.bytes()?).is_ok();
        if hidden {
            return Err(Error::invalid("the action's standard input is text and must be given as text"));
        }
        Ok(())
    }

    /// The exact bytes.
    ///
    /// # Errors
    /// `Kind::Invalid` when the base64 is broken.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        match self {
            Self::Text(text) => Ok(text.expose().as_bytes().to_vec()),
            Self::Base64(code) => STANDARD
                .decode(code)
                .map_err(|_| Error::invalid("the action's standard input is not valid base64")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec() -> Exec {
        Exec {
            argv: vec!["true".into()],
            cwd: "/".into(),
            env: vec![],
            stdin: None,
            host: "bastion".into(),
            user: "maya".into(),
            executable: Pin { path: "/bin/true".into(), sha256: Digest::of(b"") },
            files: vec![],
            unpinned: vec![],
        }
    }

    #[test]
    fn whoever_parses_an_action_digests_the_same_bytes() {
        let action = Action::Exec(Exec { stdin: Some(Stdin::from_bytes(vec![0xff, 0])), ..exec() });
        let bytes = action.bytes().unwrap();
        let again: Action = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(again.bytes().unwrap(), bytes);
        assert_eq!(again.digest().unwrap(), Digest::of(&bytes));
    }

    #[test]
    fn invariant_01_a_field_that_no_sheet_shows_cannot_be_in_an_action() {
        let text = String::from_utf8(Action::Exec(exec()).bytes().unwrap()).unwrap();
        let with_unknown = text.replacen("\"cwd\"", "\"shell\":\"x\",\"cwd\"", 1);
        let with_twice = text.replacen("\"cwd\"", "\"cwd\":\"/safe\",\"cwd\"", 1);
        assert!(serde_json::from_str::<Action>(&text).is_ok());
        assert!(serde_json::from_str::<Action>(&with_unknown).is_err(), "{with_unknown}");
        assert!(serde_json::from_str::<Action>(&with_twice).is_err(), "{with_twice}");
    }

    #[test]
    fn an_action_that_cannot_be_reviewed_is_refused() {
        let huge = Exec { argv: vec!["echo".into(), "x".repeat(ACTION_MAX_BYTES).into()], ..exec() };
        assert_eq!(Action::Exec(huge).bytes().unwrap_err().kind(), Kind::TooLarge);
        for bad in [
            Exec { argv: vec![], ..exec() },
            Exec { argv: vec!["a".into(), "b\0c".into()], ..exec() },
            Exec { stdin: Some(Stdin::Base64("%".into())), ..exec() },
            Exec { env: vec![EnvVar { name: "A".into(), value: "1".into() }; 2], ..exec() },
        ] {
            assert_eq!(Action::Exec(bad).bytes().unwrap_err().kind(), Kind::Invalid);
        }
    }

    #[test]
    fn readable_standard_input_cannot_be_hidden_in_base64() {
        let hidden = Stdin::Base64(STANDARD.encode("rm -rf /srv\n"));
        let action = Action::Exec(Exec { stdin: Some(hidden), ..exec() });
        assert_eq!(
            action.bytes().unwrap_err().kind(),
            Kind::Invalid,
            "one input has one form, the readable one"
        );
    }

    #[test]
    fn what_no_process_can_be_given_or_what_says_one_thing_and_does_another_is_refused() {
        let env = |name: &str, value: &str| vec![EnvVar { name: name.into(), value: value.into() }];
        let twice = [env("A", "1"), env("A=2", "")].concat();
        let pin = |arg| vec![FilePin { arg, path: "/safe.sh".into(), sha256: Digest::of(b"") }];
        for (bad, why) in [
            (Exec { env: twice, ..exec() }, "sets A twice"),
            (Exec { env: env("", "1"), ..exec() }, "a variable without a name"),
            (Exec { env: env("A", "1\0"), ..exec() }, "NUL in a value"),
            (Exec { cwd: "srv".into(), ..exec() }, "a directory that depends on where the gate stands"),
            (Exec { cwd: "/srv\0".into(), ..exec() }, "NUL in the directory"),
            (
                Exec { executable: Pin { path: "true".into(), sha256: Digest::of(b"") }, ..exec() },
                "relative program",
            ),
            (Exec { files: pin(1), ..exec() }, "a pin of an argument that is not there"),
        ] {
            assert_eq!(Action::Exec(bad).bytes().map_err(|e| e.kind()), Err(Kind::Invalid), "{why}");
        }
    }
}
