//! Where a hub is, and as whom to sign in.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::domain::{Error, Kind, Result, Role, Untrusted};

/// Where a hub listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A Unix socket.
    Unix(PathBuf),
    /// `HOST:PORT` over TCP, without TLS.
    Tcp(String),
}

impl std::str::FromStr for Target {
    type Err = Error;

    /// Reads `ws://HOST:PORT[/…]`, `unix:PATH`, an absolute path, or `HOST:PORT`.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::invalid(format!("this is not the address of a hub: \"{}\"", text.escape_debug()))
                .hint("ws://HOST:PORT, unix:PATH or an absolute path")
        };
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(bad()) } else { Ok(Self::Unix(path.into())) };
        }
        if text.starts_with('/') {
            return Ok(Self::Unix(text.into()));
        }
        if text.starts_with("wss://") {
            return Err(Error::invalid("this version cannot speak TLS to a hub").hint(
                "reach it through an SSH forward: ssh -L 4680:127.0.0.1:4680 HOST, then ws://127.0.0.1:4680",
            ));
        }
        let rest = text.strip_prefix("ws://").unwrap_or(text);
        let address = rest.split('/').next().unwrap_or_default();
        match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self::Tcp(address.into()))
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "ws://{address}"),
        }
    }
}

/// As whom to sign in.
#[derive(Clone)]
pub struct Credential {
    /// Agent or person.
    pub role: Role,
    /// The credential file's text.
    pub token: String,
    /// The name to be known by.
    pub name: Untrusted,
}

impl Credential {
    /// Reads the credential of this role from its file.
    ///
    /// # Errors
    /// `Kind::Unavailable` when it cannot be read, with what to do.
    pub fn from_file(path: &Path, role: Role, name: impl Into<Untrusted>) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::new(Kind::Unavailable, format!("cannot read the credential {}: {e}", path.display()))
                .hint("the hub writes it when it first starts: run `holdpoint hub`, or set HOLDPOINT_DATA to its folder")
        })?;
        if role == Role::Person {
            alone(path)?;
        }
        let token = text.trim().to_owned();
        if token.is_empty() {
            return Err(Error::invalid(format!("the credential {} is empty", path.display())));
        }
        Ok(Self { role, token, name: name.into() })
    }
}

/// A person's credential that others can read is nobody's any more.
fn alone(path: &Path) -> Result<()> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Error::new(
        Kind::Forbidden,
        format!("others than you can use the credential {path} (mode {:o})", mode & 0o777),
    )
    .hint(format!(
        "chmod 600 {path}; if somebody may have read it, delete it and restart the hub for a new one"
    )))
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({:?}, {:?}, token hidden)", self.role, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_people_write_them_and_errors_say_what_is_wanted() {
        let parse = |text: &str| text.parse::<Target>();
        assert_eq!(parse("ws://127.0.0.1:4680/ws").unwrap(), Target::Tcp("127.0.0.1:4680".into()));
        assert_eq!(parse("hub.internal:4680").unwrap(), Target::Tcp("hub.internal:4680".into()));
        assert_eq!(parse("unix:/run/h/hub.sock").unwrap(), Target::Unix("/run/h/hub.sock".into()));
        assert_eq!(parse("/run/h/hub.sock").unwrap(), Target::Unix("/run/h/hub.sock".into()));
        for bad in ["", "hub", "ws://", "ws://hub", "unix:", "wss://hub:1"] {
            assert!(parse(bad).is_err_and(|e| e.next().is_some()), "{bad}");
        }
    }
}
