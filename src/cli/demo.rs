//! `holdpoint demo`: the product's story in two minutes.

use super::Done;
use super::args::Demo;
use super::home::Home;

/// Plays; the exit status is 1 when a story without a terminal did not go as its script says.
#[cfg(all(feature = "cockpit", feature = "hub"))]
pub(super) async fn run(home: Home, wanted: Demo) -> Done {
    use std::io::IsTerminal as _;
    use std::process::ExitCode;

    use crate::demo::{self, Options, script};

    if wanted.print_script {
        return super::print::out(script::STORY);
    }
    let Demo { no_tui, speed, script, theme, .. } = wanted;
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if !no_tui && !terminal {
        let hint = "`holdpoint demo --no-tui` plays it for scripts";
        return Err(super::Fault::usage("the demo needs a terminal", hint));
    }
    let cockpit = super::watch::options(theme);
    let right = demo::run(Options { script, speed, no_tui, name: home.name, cockpit }).await?;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// This build has no demo.
#[cfg(not(all(feature = "cockpit", feature = "hub")))]
pub(super) fn run(home: Home, wanted: Demo) -> std::future::Ready<Done> {
    let _ = (home, wanted);
    let hint = "install holdpoint with its default features";
    std::future::ready(Err(super::Fault::missing("play the demo", "cockpit or hub", hint)))
}
