//! The end of what a thread runs, and the truth about it.
//!
//! `turn/interrupt` ends the model's turn and leaves its commands running; `thread/backgroundTerminals/clean` kills
//! those in their process groups; what left its group survives both. So the processes are counted themselves, where
//! they can be seen, and the sentence says what is known and what is not.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::domain::Result;

use super::process;
use super::rpc::{Rpc, Server};
use super::thread::Halt;

/// How long what runs may take to die.
const DIES_WITHIN: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// From this level on what survives Codex' own means is killed.
const LEVEL_KILL: u8 = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminal {
    item_id: String,
}

#[derive(Deserialize)]
struct Terminals {
    data: Vec<Terminal>,
}

async fn terminals(rpc: &Rpc, thread: &str) -> Result<Vec<Terminal>> {
    let params = json!({ "threadId": thread });
    rpc.call::<Terminals>("thread/backgroundTerminals/list", params).await.map(|terminals| terminals.data)
}

async fn processes(thread: &str, item: Option<&str>) -> Vec<u32> {
    let (thread, item) = (thread.to_owned(), item.map(str::to_owned));
    spawn_blocking(move || process::of_thread(&thread, item.as_deref())).await.unwrap_or_default()
}

/// Whether the command of this item runs: `Some` with its process, where that is on this machine.
pub(super) async fn seen_running(rpc: &Rpc, thread: &str, item: &str) -> Option<Option<u32>> {
    let listed =
        terminals(rpc, thread).await.is_ok_and(|all| all.iter().any(|terminal| terminal.item_id == item));
    if !listed {
        return None;
    }
    Some(processes(thread, Some(item)).await.first().copied())
}

/// Ends the turn, if one is under way.
pub(super) async fn interrupt(rpc: &Rpc, thread: &str, turn: Option<&str>) -> Result<bool> {
    let Some(turn) = turn else { return Ok(false) };
    let params = json!({ "threadId": thread, "turnId": turn });
    rpc.call::<Value>("turn/interrupt", params).await.map(|_| true)
}

/// What was seen before and after.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// Whether the turn was interrupted; an error in words where it was not.
    interrupted: Option<std::result::Result<(), String>>,
    /// Why Codex did not end its commands, where it did not.
    clean_failed: Option<String>,
    /// Commands that Codex had running before.
    commands_before: usize,
    /// Commands that Codex has running now; `None` when it does not say.
    commands_now: Option<usize>,
    /// Whether the processes could be looked at.
    local: bool,
    processes_before: usize,
    survivors: Vec<u32>,
    /// How many had to be killed one by one.
    killed: usize,
}

/// Ends what runs, waits for its death, and says what is known of it.
pub(super) async fn halt(
    rpc: &Rpc,
    server: &Server,
    thread: &str,
    level: u8,
    interrupted: Result<bool>,
) -> Halt {
    let port = server.port();
    let here = move || port.is_some_and(process::serves);
    let before = processes(thread, None).await;
    let commands_before = terminals(rpc, thread).await.map_or(0, |all| all.len());
    // A command that runs without a process that we see means that we do not see them.
    let local = !before.is_empty() || commands_before == 0 && spawn_blocking(here).await.unwrap_or(false);
    let params = json!({ "threadId": thread });
    let cleaned = rpc.call::<Value>("thread/backgroundTerminals/clean", params).await;
    let mut seen = Seen {
        interrupted: match interrupted {
            Ok(true) => Some(Ok(())),
            Ok(false) => None,
            Err(error) => Some(Err(error.to_string())),
        },
        clean_failed: cleaned.err().map(|error| error.to_string()),
        commands_before,
        local,
        processes_before: before.len(),
        ..Seen::default()
    };
    settle(rpc, thread, &mut seen).await;
    if level >= LEVEL_KILL && !seen.survivors.is_empty() {
        let (doomed, of) = (seen.survivors.clone(), thread.to_owned());
        seen.killed = doomed.len();
        let _ = spawn_blocking(move || doomed.iter().for_each(|pid| process::kill(*pid, &of))).await;
        settle(rpc, thread, &mut seen).await;
    }
    judge(&seen)
}

/// Waits until nothing runs, or for as long as that may take.
async fn settle(rpc: &Rpc, thread: &str, seen: &mut Seen) {
    let end = Instant::now() + DIES_WITHIN;
    loop {
        seen.commands_now = terminals(rpc, thread).await.ok().map(|all| all.len());
        seen.survivors = processes(thread, None).await;
        let over = seen.commands_now.is_none_or(|now| now == 0) && seen.survivors.is_empty();
        if over || Instant::now() >= end {
            return;
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The sentence, and whether nothing runs any more.
fn judge(seen: &Seen) -> Halt {
    let turn = match &seen.interrupted {
        None => "no turn was under way".to_owned(),
        Some(Ok(())) => "the turn was interrupted".to_owned(),
        Some(Err(error)) => format!("the turn could not be interrupted ({error})"),
    };
    let commands = match (&seen.clean_failed, seen.commands_before, seen.commands_now) {
        (Some(error), ..) => format!("Codex did not end its commands ({error})"),
        (None, _, None) => "Codex does not say what it runs".to_owned(),
        (None, 0, Some(0)) => "Codex ran no command".to_owned(),
        (None, before, Some(0)) => format!("Codex ended {before} of {before} commands"),
        (None, before, Some(now)) => format!("Codex still lists {now} of {before} commands"),
    };
    let list = |pids: &[u32]| pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let processes = match (seen.local, seen.survivors.as_slice()) {
        (false, _) => "its processes are on another machine or hidden: nobody looked".to_owned(),
        (true, []) if seen.killed > 0 => {
            format!("{} processes that had left its commands were killed; none is left", seen.killed)
        }
        (true, []) if seen.processes_before > 0 => {
            format!("all {} processes seen are dead", seen.processes_before)
        }
        (true, []) => "no process of it was found".to_owned(),
        (true, left) => format!(
            "processes {} left its commands and still run; a stop of level {LEVEL_KILL} kills them",
            list(left)
        ),
    };
    let ended = seen.clean_failed.is_none() && seen.commands_now == Some(0);
    let turn_over = !matches!(seen.interrupted, Some(Err(_)));
    let dead = match (seen.local, seen.survivors.is_empty(), ended) {
        (true, false, _) => Some(false),
        (true, true, true) => turn_over.then_some(true),
        (_, _, false) if seen.commands_now.is_some_and(|now| now > 0) => Some(false),
        (_, _, _) => None,
    };
    Halt { what: format!("{turn}; {commands}; {processes}"), dead }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Seen {
        Seen {
            interrupted: Some(Ok(())),
            clean_failed: None,
            commands_before: 1,
            commands_now: Some(0),
            local: true,
            processes_before: 2,
            survivors: vec![],
            killed: 0,
        }
    }

    #[test]
    fn dead_is_said_only_when_it_was_seen() {
        let dead = judge(&seen());
        assert_eq!(dead.dead, Some(true));
        assert_eq!(
            dead.what,
            "the turn was interrupted; Codex ended 1 of 1 commands; all 2 processes seen are dead"
        );
        let unseen = [
            Seen { local: false, processes_before: 0, ..seen() },
            Seen { clean_failed: Some("no".into()), ..seen() },
            Seen { commands_now: None, ..seen() },
            Seen { interrupted: Some(Err("no".into())), ..seen() },
        ];
        for seen in unseen {
            assert_eq!(judge(&seen).dead, None, "{seen:?}");
        }
    }

    #[test]
    fn what_still_runs_is_never_said_to_be_dead() {
        for seen in [
            Seen { survivors: vec![7, 9], ..seen() },
            Seen { commands_now: Some(1), ..seen() },
            Seen { local: false, commands_now: Some(1), ..seen() },
        ] {
            assert_eq!(judge(&seen).dead, Some(false), "{seen:?}");
        }
        let left = judge(&Seen { survivors: vec![7, 9], ..seen() });
        assert!(left.what.contains("processes 7, 9") && left.what.contains("level 3"), "{}", left.what);
        let killed = judge(&Seen { killed: 2, ..seen() });
        assert!(killed.dead == Some(true) && killed.what.contains("2 processes"), "{}", killed.what);
    }

    #[test]
    fn nothing_under_way_is_dead_too() {
        let idle = Seen { interrupted: None, commands_before: 0, processes_before: 0, ..seen() };
        assert_eq!(
            judge(&idle).what,
            "no turn was under way; Codex ran no command; no process of it was found"
        );
        assert_eq!(judge(&idle).dead, Some(true));
    }
}
