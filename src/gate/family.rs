//! The processes that a command consists of: its process group, and whatever descends from it.
//!
//! A stop is confirmed by looking at them, not by having sent a signal. On Linux they are read from `/proc`, without
//! those that are dead already and only wait to be collected. Elsewhere only the group can be asked for.

use std::collections::HashMap;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions};

/// How often one kill looks again for what was forked while it went through the processes.
const SWEEPS_MAX: usize = 16;

/// A command's processes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// The first process, which leads the group.
    leader: Pid,
    /// Whether every child of this program belongs to it, see `Request::alone`.
    alone: bool,
}

/// One process, as `/proc/PID/stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    state: u8,
    parent: i32,
    group: i32,
}

impl Family {
    /// The family of this leader.
    pub(super) fn new(leader: u32, alone: bool) -> Option<Self> {
        Some(Self { leader: Pid::from_raw(leader.cast_signed())?, alone })
    }

    /// Lets orphans of the family come to this program instead of to the system's first process, where nobody could
    /// tell any more whose they were.
    pub(super) fn adopt_orphans() {
        // Where the system has no such thing, the group is all that is known.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }

    /// Sends a signal to the group.
    pub(super) fn pass_on(self, signal: i32) {
        if let Some(signal) = Signal::from_named_raw(signal) {
            // Fails only when nobody is left, and then that is what the next look finds.
            let _ = rustix::process::kill_process_group(self.leader, signal);
        }
    }

    /// Sends a signal to the group and to every descendant outside it.
    pub(super) fn signal_all(self, signal: Signal) {
        let _ = rustix::process::kill_process_group(self.leader, signal);
        let strays = self.alive().into_iter().filter(|process| process.group != self.leader.as_raw_pid());
        for pid in strays.filter_map(|stray| Pid::from_raw(stray.pid)) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Kills them all, and what they forked meanwhile. What is forked behind the last look is found by the next call;
    /// whoever wants them dead calls this until [`Family::is_gone`].
    pub(super) fn kill(self) {
        for _ in 0..SWEEPS_MAX {
            self.signal_all(Signal::KILL);
            self.collect_orphans();
            if self.count() == 0 {
                return;
            }
        }
    }

    /// Whether nothing of them lives any more, once the leader's end was taken in.
    ///
    /// A walk through `/proc` cannot tell: who forks and ends during it is seen neither as parent nor as child. The
    /// kernel can: orphans come to this program, so without a child of any sort there is no descendant either.
    pub(super) fn is_gone(self) -> bool {
        self.collect_orphans();
        if cfg!(target_os = "linux") && self.alone {
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            return matches!(rustix::process::waitid(WaitId::All, look), Err(Errno::CHILD));
        }
        self.count() == 0
    }

    /// How many of them live, as far as one look can tell.
    pub(super) fn count(self) -> u32 {
        if cfg!(target_os = "linux") {
            return self.alive().len() as u32;
        }
        u32::from(rustix::process::test_kill_process_group(self.leader).is_ok())
    }

    /// Collects orphans that ended; the leader is not touched, its end is awaited elsewhere.
    pub(super) fn collect_orphans(self) {
        let own = rustix::process::getpid().as_raw_pid();
        let dead = processes().into_iter().filter(|process| process.state == b'Z' && process.parent == own);
        let orphans = dead.filter_map(|process| Pid::from_raw(process.pid)).filter(|pid| *pid != self.leader);
        for orphan in orphans.filter(|_| self.alone) {
            let _ = rustix::process::waitpid(Some(orphan), WaitOptions::NOHANG);
        }
    }

    fn alive(self) -> Vec<Process> {
        let own = self.alone.then(|| rustix::process::getpid().as_raw_pid());
        members(&processes(), self.leader.as_raw_pid(), own)
    }
}

/// Those of `all` that live and are in the leader's group or descend from it (or from `own`, where that is given).
fn members(all: &[Process], leader: i32, own: Option<i32>) -> Vec<Process> {
    let parents: HashMap<i32, i32> = all.iter().map(|process| (process.pid, process.parent)).collect();
    let descends = |process: &Process| {
        let mut ancestor = Some(process.parent);
        // A chain cannot be longer than there are processes; a list read while it changes could hold a circle.
        for _ in 0..all.len() {
            match ancestor {
                Some(pid) if pid == leader || Some(pid) == own => return true,
                Some(pid) => ancestor = parents.get(&pid).copied(),
                None => return false,
            }
        }
        false
    };
    let lives = |process: &Process| !matches!(process.state, b'Z' | b'X');
    let belongs = |process: &Process| process.pid == leader || process.group == leader || descends(process);
    all.iter().filter(|process| lives(process) && belongs(process)).copied().collect()
}

fn processes() -> Vec<Process> {
    let Ok(folder) = std::fs::read_dir("/proc") else { return Vec::new() };
    let stats = folder.flatten().filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    stats.filter_map(|stat| parse(&stat)).collect()
}

/// `PID (NAME) STATE PARENT GROUP …`; the name may hold anything, so the last parenthesis counts.
fn parse(stat: &str) -> Option<Process> {
    let (head, rest) = stat.rsplit_once(')')?;
    let pid = head.split_once(' ')?.0.parse().ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    Some(Process { pid, state, parent: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_its_group_and_all_that_descends_from_it_and_lives() {
        let process = |pid, parent, group, state| Process { pid, state, parent, group };
        let all = [
            process(1, 0, 1, b'S'),
            process(10, 1, 10, b'S'),  // the gate
            process(20, 10, 20, b'Z'), // the leader, dead
            process(21, 1, 20, b'S'),  // of its group, an orphan
            process(22, 21, 22, b'S'), // left the group, its parent did not
            process(30, 10, 30, b'S'), // left the group, and came to the gate as an orphan
            process(31, 30, 30, b'Z'),
            process(40, 1, 40, b'S'), // a stranger
        ];
        let pids = |own| members(&all, 20, own).iter().map(|process| process.pid).collect::<Vec<_>>();
        assert_eq!(pids(None), [21]);
        assert_eq!(
            pids(Some(10)),
            [30].iter().fold(vec![21], |mut all, pid| {
                all.push(*pid);
                all
            })
        );
    }

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let line = "42 (a) b (c) S 7 40 40 0 -1 4194304";
        assert_eq!(parse(line), Some(Process { pid: 42, state: b'S', parent: 7, group: 40 }));
        assert_eq!(parse("garbage"), None);
    }
}
