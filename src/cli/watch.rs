//! `holdpoint watch`, and plain `holdpoint`: the cockpit.

use super::Done;
use super::args::Watch;
use super::home::Home;

/// Shows the cockpit until the person leaves.
#[cfg(feature = "cockpit")]
pub(super) async fn run(home: Home, wanted: Watch) -> Done {
    use std::io::IsTerminal as _;

    let home = home.with_hub(wanted.url);
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        let hint = "`holdpoint holds` lists what waits, `holdpoint decide` answers; both are for scripts";
        return Err(super::Fault::usage("the cockpit needs a terminal", hint));
    }
    crate::cockpit::run::run(home.target()?, home.person()?, options(wanted.theme)).await?;
    Ok(std::process::ExitCode::SUCCESS)
}

/// How the cockpit looks, from the user's configuration.
#[cfg(feature = "cockpit")]
pub(super) fn options(theme: Option<String>) -> crate::cockpit::run::Options {
    crate::cockpit::run::Options { config: Home::config(), theme, ..Default::default() }
}

/// This build has no cockpit.
#[cfg(not(feature = "cockpit"))]
pub(super) fn run(home: Home, wanted: Watch) -> std::future::Ready<Done> {
    let _ = (home, wanted);
    std::future::ready(Err(super::Fault::missing(
        "show the cockpit",
        "cockpit",
        "`holdpoint holds` and `holdpoint decide` are in every build",
    )))
}
