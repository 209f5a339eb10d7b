//! The processes of a thread, where Codex runs on this machine.
//!
//! Codex gives every command the thread's identifier in its environment, and children inherit it: so even what left
//! its session can be found. A process that emptied its environment, or belongs to another account, cannot; on other
//! systems than Linux none can. Nothing here is killed by a bare number: a process is held by its file descriptor
//! first, looked at again, and killed through that.

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::fd::OwnedFd;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// The processes of this thread; with `item`, only those of this tool call.
    pub(in super::super) fn of_thread(thread: &str, item: Option<&str>) -> Vec<u32> {
        let marks: Vec<String> = std::iter::once(format!("CODEX_THREAD_ID={thread}"))
            .chain(item.map(|item| format!("CODEX_TOOL_CALL_ID={item}")))
            .collect();
        let mut found: Vec<u32> = all().filter(|pid| has_marks(*pid, &marks) && is_alive(*pid)).collect();
        found.sort_unstable();
        found
    }

    /// Whether an app-server of this machine listens on the port.
    pub(in super::super) fn serves(port: u16) -> bool {
        let sockets: Vec<String> =
            ["/proc/net/tcp", "/proc/net/tcp6"].iter().flat_map(|table| listening(table, port)).collect();
        let owns = |pid: u32| {
            let links = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            links
                .filter_map(|entry| fs::read_link(entry.path()).ok())
                .any(|link| sockets.iter().any(|socket| link.as_os_str() == OsStr::new(socket)))
        };
        !sockets.is_empty() && all().any(|pid| is_app_server(pid) && owns(pid))
    }

    /// Kills a process that still belongs to the thread.
    pub(in super::super) fn kill(pid: u32, thread: &str) {
        if let Some(held) = hold(pid)
            && has_marks(pid, &[format!("CODEX_THREAD_ID={thread}")])
        {
            let _ = pidfd_send_signal(held, Signal::KILL);
        }
    }

    fn hold(pid: u32) -> Option<OwnedFd> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        pidfd_open(pid, PidfdFlags::empty()).ok()
    }

    fn all() -> impl Iterator<Item = u32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
    }

    fn has_marks(pid: u32, marks: &[String]) -> bool {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        marks.iter().all(|mark| environment.split(|b| *b == 0).any(|variable| variable == mark.as_bytes()))
    }

    /// A process that ended and waits for its parent runs nothing any more.
    fn is_alive(pid: u32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
    }

    fn is_app_server(pid: u32) -> bool {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|b| *b == 0).any(|argument| argument == b"app-server")
    }

    fn listening(table: &str, port: u16) -> Vec<String> {
        const LISTEN: &str = "0A";
        let text = fs::read_to_string(table).unwrap_or_default();
        let wanted = format!(":{port:04X}");
        let inode = |line: &str| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let fits = columns.get(1).is_some_and(|local| local.ends_with(&wanted))
                && columns.get(3) == Some(&LISTEN);
            fits.then(|| columns.get(9).map(|inode| format!("socket:[{inode}]"))).flatten()
        };
        text.lines().filter_map(inode).collect()
    }

    #[cfg(test)]
    mod tests {
        use std::process::{Child, Command, Stdio};

        use super::*;

        fn sleeper(thread: &str) -> Child {
            let mut command = Command::new("sleep");
            command.arg("60").env("CODEX_THREAD_ID", thread).env("CODEX_TOOL_CALL_ID", "call_1");
            command.stdin(Stdio::null()).spawn().unwrap()
        }

        #[test]
        fn a_process_is_found_by_its_thread_and_killed_only_as_such() {
            let thread = format!("th-{}", std::process::id());
            let (mut mine, mut other) = (sleeper(&thread), sleeper(&format!("{thread}-other")));
            // The environment is only there once the child has become the program.
            let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while of_thread(&thread, None) != [mine.id()] && std::time::Instant::now() < end {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            assert_eq!(of_thread(&thread, Some("call_1")), [mine.id()]);
            assert!(of_thread(&thread, Some("call_2")).is_empty());
            kill(other.id(), &thread);
            assert!(other.try_wait().unwrap().is_none(), "it is not of this thread");
            kill(mine.id(), &thread);
            assert!(!mine.wait().unwrap().success());
            assert!(of_thread(&thread, None).is_empty());
            other.kill().unwrap();
            other.wait().unwrap();
        }

        #[test]
        fn a_port_that_somebody_else_serves_is_not_codex() {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            assert_eq!(listening("/proc/net/tcp", port).len(), 1);
            assert!(!serves(port));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    pub(in super::super) fn of_thread(_: &str, _: Option<&str>) -> Vec<u32> {
        Vec::new()
    }
    pub(in super::super) fn serves(_: u16) -> bool {
        false
    }
    pub(in super::super) fn kill(_: u32, _: &str) {}
}

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{kill, of_thread, serves};
#[cfg(target_os = "linux")]
pub(super) use linux::{kill, of_thread, serves};
