//! Between the last look and the kernel's: whoever puts other bytes there runs nothing. And what the command does not
//! get: a terminal. And what is not lost: its end.
//!
//! The gate is held still (SIGSTOP) while it digests a large program for the second time, so nothing here is a race: what
//! a test then changes, it changes behind the gate's back and before the start.
#![cfg(target_os = "linux")] // it is watched through /proc
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

#[path = "support/rig.rs"]
mod rig;

use std::fs;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rig::{Ended, Gate, Rig, lines, text, wait_for};
use rustix::process::Signal;

/// Long enough to be caught in the middle, whichever way the gate was built.
const PROGRAM_BYTES: u64 = if cfg!(debug_assertions) { 16 } else { 512 } * 1024 * 1024;

/// A native program with a long, empty tail, which the kernel does not look at.
fn native(path: &Path, like: &str) {
    fs::copy(like, path).unwrap();
    grow(path);
}

/// A script with the same.
fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\nexit\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    grow(path);
}

fn grow(path: &Path) {
    fs::File::options().write(true).open(path).unwrap().set_len(PROGRAM_BYTES).unwrap();
}

/// Whether the gate is in the middle of digesting its program.
fn digests(gate: &Gate) -> bool {
    let process = format!("/proc/{}", gate.child.id());
    let open = fs::read_dir(format!("{process}/fd")).unwrap().flatten();
    let position = |number: &str| {
        let info = fs::read_to_string(format!("{process}/fdinfo/{number}")).unwrap_or_default();
        let pos = info.lines().find_map(|line| line.strip_prefix("pos:")?.trim().parse::<u64>().ok());
        pos.unwrap_or(0)
    };
    open.filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.ends_with("tool")))
        .any(|fd| (1..PROGRAM_BYTES).contains(&position(&fd.file_name().to_string_lossy())))
}

/// Approves, holds the gate still in the middle of its second look, lets `swap` happen, and lets the gate go on.
fn approved_and_then(rig: &Rig, command: &[&str], swap: impl FnOnce(&Rig)) -> (Ended, String) {
    let gate = rig.gate(&[], command);
    let (hold, session) = gate.wait_asked();
    rig.approve(&hold);
    // Nothing sleeps here: the look lasts some tenths of a second where programs are fast.
    while !digests(&gate) {
        assert!(fs::exists(format!("/proc/{}", gate.child.id())).unwrap());
    }
    gate.send(Signal::STOP);
    assert!(digests(&gate), "it was held still too late: {}", gate.said());
    swap(rig);
    gate.send(Signal::CONT);
    (gate.wait(), session)
}

fn nothing_ran(name: &str, rig: &Rig, (ended, session): &(Ended, String), words: &str) {
    assert_eq!((ended.code, &ended.status["outcome"]), (Some(75), &"refused".into()), "{name}: {ended:?}");
    assert!(ended.stderr.contains(words), "{name}: {}", ended.stderr);
    assert!(ended.stdout.is_empty(), "{name}: {}", text(&ended.stdout));
    assert_eq!(rig.events(session, "execution.refused").len(), 1, "{name}");
    assert!(rig.events(session, "execution.started").is_empty(), "{name}");
}

#[test]
fn another_script_in_the_place_of_the_approved_one_is_not_run() {
    for (name, swapped) in [("control", false), ("swapped", true)] {
        let rig = Rig::start();
        script(&rig.work().join("tool"), "echo good");
        script(&rig.work().join("evil"), "echo evil");
        let ended = approved_and_then(&rig, &["./tool"], |rig| {
            if swapped {
                fs::rename(rig.work().join("evil"), rig.work().join("tool")).unwrap();
            }
        });
        if swapped {
            nothing_ran(name, &rig, &ended, "tool was changed or replaced");
        } else {
            assert_eq!((ended.0.code, text(&ended.0.stdout).as_str()), (Some(0), "good\n"));
        }
    }
}

#[test]
fn a_native_program_that_is_written_into_is_not_run() {
    for (name, swapped) in [("control", false), ("swapped", true)] {
        let rig = Rig::start();
        native(&rig.work().join("tool"), "/bin/cat");
        rig.file("data", "good");
        let ended = approved_and_then(&rig, &["./tool", "data"], |rig| {
            if swapped {
                // What was digested already gets other bytes; the file stays the same one, and as long.
                let mut place = fs::File::options().write(true).open(rig.work().join("tool")).unwrap();
                place.rewind().unwrap();
                place.write_all(&fs::read("/bin/sha256sum").unwrap()).unwrap();
            }
        });
        if swapped {
            nothing_ran(name, &rig, &ended, "tool was changed or replaced");
        } else {
            assert_eq!((ended.0.code, text(&ended.0.stdout).as_str()), (Some(0), "good"));
        }
    }
}

#[test]
fn another_directory_in_the_place_of_the_approved_one_is_not_worked_in() {
    for (name, swapped) in [("control", false), ("swapped", true)] {
        let rig = Rig::start();
        let folder = |name: &str| rig.dir.path().join(name);
        native(&folder("tool"), "/bin/sh");
        fs::create_dir(folder("evil")).unwrap();
        rig.file("conf", "echo good");
        fs::write(folder("evil/conf"), "echo evil").unwrap();
        let ended = approved_and_then(&rig, &["../tool", "-c", ". ./conf"], |_| {
            if swapped {
                fs::rename(folder("work"), folder("good")).unwrap();
                fs::rename(folder("evil"), folder("work")).unwrap();
            }
        });
        if swapped {
            nothing_ran(name, &rig, &ended, "is another one");
        } else {
            assert_eq!((ended.0.code, text(&ended.0.stdout).as_str()), (Some(0), "good\n"));
        }
    }
}

#[test]
fn a_file_that_an_argument_names_is_asked_for_once_more_by_every_name_it_has_there() {
    type Swap = (&'static str, fn(&Path));
    let swaps: [Swap; 4] = [
        ("nothing", |_| ()),
        ("written", |work| fs::write(work.join("data"), "evil").unwrap()),
        ("replaced", |work| fs::rename(work.join("evil"), work.join("data")).unwrap()),
        ("behind a link", |work| {
            fs::remove_file(work.join("link")).unwrap();
            std::os::unix::fs::symlink("evil", work.join("link")).unwrap();
        }),
    ];
    for (name, swap) in swaps {
        let rig = Rig::start();
        native(&rig.work().join("tool"), "/bin/cat");
        rig.file("data", "good");
        rig.file("evil", "evil");
        std::os::unix::fs::symlink("data", rig.work().join("link")).unwrap();
        let ended = approved_and_then(&rig, &["./tool", "link"], |rig| swap(&rig.work()));
        if name == "nothing" {
            assert_eq!((ended.0.code, text(&ended.0.stdout).as_str()), (Some(0), "good"));
        } else {
            nothing_ran(name, &rig, &ended, "data (argument 1) was changed or replaced");
        }
    }
}

#[test]
fn what_the_system_does_not_start_is_told_as_that_and_never_as_started() {
    let rig = Rig::start();
    let tool = rig.file("tool", "#!/no/such/interpreter\n");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let gate = rig.gate(&[], &["./tool"]);
    let (hold, session) = gate.wait_asked();
    rig.approve(&hold);
    nothing_ran(
        "no interpreter",
        &rig,
        &(gate.wait(), session),
        "the system does not start it: No such file",
    );
}

#[test]
fn a_launcher_without_an_order_becomes_nothing() {
    let rig = Rig::new();
    let output = rig.run(&["launch"]);
    assert_eq!((output.status.code(), output.stdout.len(), output.stderr.len()), (Some(70), 0, 0));
}

#[test]
fn with_json_all_of_its_own_words_are_json_and_the_last_is_the_status_files() {
    let rig = Rig::start();
    let read = |ended: &Ended| {
        let values = ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap());
        values.collect::<Vec<serde_json::Value>>()
    };
    let ended = rig.gate(&["--json"], &["no-such-program"]).wait();
    let said = read(&ended);
    assert_eq!((ended.code, said.len(), said.last().unwrap()), (Some(66), 1, &ended.status));
    let hint = said[0]["hint"].as_str().unwrap();
    assert!(hint.is_ascii() && hint.contains("sh -c '...'"), "{hint}");

    let gate = rig.gate(&["--json"], &["sh", "-c", "exit 4"]);
    let waiting = gate.wait_said("\"event\":\"waiting\"");
    let waiting: serde_json::Value = serde_json::from_str(waiting.lines().next().unwrap()).unwrap();
    let hold = waiting["hold"].as_str().unwrap();
    assert_eq!(waiting["digest"], rig.hold(hold)["digest"]);
    rig.approve(hold);
    let ended = gate.wait();
    let said = read(&ended);
    let events: Vec<_> = said.iter().filter_map(|value| value["event"].as_str()).collect();
    assert_eq!((ended.code, events), (Some(4), vec!["waiting", "started"]));
    assert_eq!(said.last().unwrap(), &ended.status);
    assert_eq!(ended.status["outcome"], "ran");
}

#[test]
fn the_command_has_no_terminal_although_the_gate_has_one() {
    const ASK: &str = "if (: < /dev/tty) 2>/dev/null; then echo terminal; else echo none; fi";
    let rig = Rig::start();
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut shell = CommandBuilder::new("/bin/sh");
    let line = format!("{ASK} > control; {} gate -- sh -c '{ASK}' > out 2> err", rig::BINARY);
    shell.args(["-c", &line]);
    shell.env_clear();
    shell.env("PATH", "/usr/bin:/bin");
    shell.env("HOME", rig.dir.path());
    shell.env("HOLDPOINT_DATA", rig.data());
    shell.cwd(rig.work());
    let mut child = pair.slave.spawn_command(shell).unwrap();
    drop(pair.slave);
    let hold =
        wait_for("the hold is open", || rig.json(&["holds", "--json"])[0]["id"].as_str().map(str::to_owned));
    rig.approve(&hold);
    assert!(child.wait().unwrap().success(), "{:?}", lines(&rig.work().join("err")));
    assert_eq!(lines(&rig.work().join("control")), ["terminal"], "the control: a shell in the gate's place");
    assert_eq!(lines(&rig.work().join("out")), ["none"]);
}

/// The wrapper of `docs/operations.md`, with this rig's places for the ones that it names.
fn held(rig: &Rig) -> std::path::PathBuf {
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let from = docs.find("#!/bin/sh\n# held").unwrap();
    let text = &docs[from..from + docs[from..].find("```").unwrap()];
    let data = rig.data();
    let places = [
        ("/usr/local/bin/holdpoint", Path::new(rig::BINARY)),
        ("/run/holdpoint/hub.sock", &data.join("hub.sock")),
        ("/etc/holdpoint/gate", &data),
    ];
    let text = places.iter().fold(text.to_owned(), |text, (place, ours)| {
        assert!(text.contains(place), "{place}");
        text.replace(place, ours.to_str().unwrap())
    });
    let path = rig.file("held", text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn the_documented_wrapper_lets_nobody_choose_the_hub_and_asks_the_one_that_it_names() {
    let rig = Rig::start();
    let held = held(&rig);
    let run = |args: &[&str]| {
        let mut command = Command::new(&held);
        command.args(args).env_clear().current_dir(rig.work()).stdin(std::process::Stdio::null());
        command.env("PATH", "/usr/bin:/bin").env("HOLDPOINT_HUB", "unix:/nowhere");
        command.env("HOLDPOINT_DATA", "/nowhere");
        command
    };
    for refused in [
        &["--hub=unix:/tmp/x", "--", "true"][..],
        &["--hub", "unix:/tmp/x", "--", "true"],
        &["--data=/tmp/x", "--", "true"],
        &["--why=x", "--data", "/tmp/x", "--", "true"],
        &["--with-env=LD_PRELOAD=/tmp/x", "--", "true"],
        &["--status-file=/tmp/x", "--", "true"],
        &["--as=maya", "--", "true"],
        &["true"],
        &["--why=x"],
        &[],
        &["--"],
    ] {
        let output = run(refused).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{refused:?}: {}", text(&output.stderr));
    }
    assert_eq!(rig.json(&["holds", "--all", "--json"]), serde_json::json!([]), "nobody was asked");
    let mut gate = run(&["--why=to see", "--", "sh", "-c", "exit 6", "--hub"]).spawn().unwrap();
    let hold =
        wait_for("the hold is open", || rig.json(&["holds", "--json"])[0]["id"].as_str().map(str::to_owned));
    assert_eq!(rig.hold(&hold)["action"]["argv"], serde_json::json!(["sh", "-c", "exit 6", "--hub"]));
    rig.approve(&hold);
    assert_eq!(gate.wait().unwrap().code(), Some(6));
}

/// A file system of its own, which can be full.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    /// Leaves no room; what takes it.
    fn fill(&self) -> std::path::PathBuf {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        while file.write_all(&[1]).is_ok() {}
        path
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // Lazily: a hub that a failed test left behind may still use it.
        let _ = Command::new("umount").arg("-l").arg(self.0).output();
    }
}

#[test]
fn the_end_of_a_run_is_not_lost_because_the_disk_was_full_for_a_while() {
    let rig = Rig::new();
    let data = rig.data();
    let Some(disk) = Disk::mount(&data) else {
        println!("skipped: a file system cannot be mounted here (it takes root)");
        return;
    };
    rig.start_hub(&[]);
    let gate = rig.gate(&[], &["sh", "-c", "while [ ! -e go ]; do sleep 0.05; done; exit 3"]);
    let (hold, session) = gate.wait_asked();
    rig.approve(&hold);
    wait_for("it runs", || (!rig.events(&session, "execution.started").is_empty()).then_some(()));
    let filler = disk.fill();
    rig.file("go", "");
    gate.wait_said("waiting for the hub to take that in");
    assert!(rig.events(&session, "execution.finished").is_empty(), "the control: the disk is full");
    fs::remove_file(filler).unwrap();
    let ended = gate.wait();
    assert_eq!((ended.code, &ended.status["reported"]), (Some(3), &true.into()), "{}", ended.stderr);
    assert_eq!(rig.events(&session, "execution.finished")[0]["exit"], 3);
    rig.kill_hub();
}
