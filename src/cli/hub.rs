//! `holdpoint hub`: the server, in the foreground.

use super::args::Hub as Wanted;
use super::home::Home;
use super::{Done, Fault};

/// Serves until a signal comes.
#[cfg(feature = "hub")]
pub(super) async fn run(home: Home, wanted: Wanted) -> Done {
    use std::process::ExitCode;

    use crate::hub::{Config, Hub};

    let mut config = Config::new(&home.data);
    config.listen = wanted.listen;
    if let Some(name) = &wanted.name {
        config.name = name.as_str().into();
    }
    if let Some(address) = wanted.listen
        && !address.ip().is_loopback()
        && !wanted.plaintext_on_network
    {
        let message = format!("{address} can be reached from the network, and a hub speaks without TLS");
        let hint = "listen on 127.0.0.1 and forward it through SSH; or accept it with --plaintext-on-network";
        return Err(Fault::usage(&message, hint));
    }
    log();
    let mut signals = super::gate::Signals::listen()?;
    let hub = Hub::start(config).await?;
    announce(&home, &hub, &wanted)?;
    tokio::select! {
        _ = signals.next() => {}
        () = hub.ended() => {
            let error = crate::domain::Error::new(crate::domain::Kind::Internal, "the hub ended by itself");
            return Err(error.hint("its last lines above say why; nothing that was acknowledged is lost").into());
        }
    }
    hub.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Where it listens, and where the credentials are. Their texts are not printed.
#[cfg(feature = "hub")]
fn announce(home: &Home, hub: &crate::hub::Hub, wanted: &Wanted) -> Result<(), Fault> {
    use crate::link::files::{AGENT_TOKEN, APPROVER_TOKEN};

    let targets = std::iter::once(hub.socket()).chain(hub.tcp());
    let mut lines: Vec<String> = targets.map(|target| format!("listening on {target}")).collect();
    lines.push(format!("agents sign in with     {}", home.data.join(AGENT_TOKEN).display()));
    lines.push(format!("approvers sign in with  {}", home.data.join(APPROVER_TOKEN).display()));
    if wanted.plaintext_on_network {
        super::print::note("WARNING: credentials and decisions cross the network unencrypted");
    }
    super::print::out(&(lines.join("\n") + "\n")).map(drop)
}

/// What the hub notes goes to standard error; `HOLDPOINT_LOG` chooses, for example `debug`.
#[cfg(feature = "hub")]
fn log() {
    use tracing_subscriber::EnvFilter;

    let filter = EnvFilter::try_from_env("HOLDPOINT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails only when one is there already, and then that one is as good.
    let _ = subscriber.with_ansi(false).with_target(false).try_init();
}

/// This build has no hub.
#[cfg(not(feature = "hub"))]
pub(super) fn run(home: Home, wanted: Wanted) -> std::future::Ready<Done> {
    let _ = (home, wanted);
    std::future::ready(Err(Fault::missing("serve", "hub", "clients reach a hub elsewhere with --hub URL")))
}
