//! `holdpoint bridge codex ws://…`: attaches to an agent that somebody else runs.

use std::path::Path;
use std::process::ExitCode;

use super::Done;
use super::args::Bridge as Agent;
use super::gate::Signals;
use super::home::Home;
use crate::bridge::codex::{self, Bridge, Server};
use crate::domain::{Error, Kind, Result, Untrusted};

/// Bridges until a signal comes.
pub(super) async fn run(home: Home, agent: Agent) -> Done {
    let Agent::Codex { url, token_file, expires } = agent;
    let token = token_file.as_deref().map(token).transpose()?;
    let bridge = Bridge {
        server: Server::new(&url, token)?,
        hub: home.target()?,
        credential: home.bridge("codex")?,
        expires_in_ms: expires.map(|time| time.as_millis() as u64),
    };
    let mut signals = Signals::listen()?;
    let shutdown = async move {
        signals.next().await;
    };
    codex::run(bridge, shutdown, |words| {
        super::print::note(&format!("holdpoint: {}", Untrusted::from(words).escaped()));
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

fn token(file: &Path) -> Result<String> {
    let shown = Untrusted::from(&*file.to_string_lossy()).escaped();
    let text = std::fs::read_to_string(file)
        .map_err(|e| Error::new(Kind::NotFound, format!("cannot read the token file {shown}: {e}")))?;
    Ok(text.trim().to_owned())
}
