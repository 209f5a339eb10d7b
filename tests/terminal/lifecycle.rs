//! The terminal is given back on every way out, and the cockpit survives what terminals do.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::lab::Lab;
use super::place::{Place, Pty, REST, Start};

fn pty(place: &Place) -> &Pty {
    let Place::Pty(pty) = place else { panic!("a terminal of its own") };
    pty
}

fn signal(place: &Place, signal: Signal) {
    kill_process(Pid::from_raw(place.pid()).unwrap(), signal).unwrap();
}

/// Nothing of ours is left: alternate screen, bracketed paste, hidden cursor, raw mode.
fn assert_restored(place: &Place) {
    let pty = pty(place);
    let restored = |_: &str| pty.modes() == (false, false, false) && pty.cooked();
    place.wait_for("a terminal as it was before", restored);
    let bytes = String::from_utf8_lossy(&pty.bytes()).into_owned();
    assert_eq!(
        bytes.matches("\x1b[22;2t").count(),
        bytes.matches("\x1b[23;2t").count(),
        "the title is given back"
    );
    assert_eq!(bytes.matches("\x1b[?1049h").count(), bytes.matches("\x1b[?1049l").count());
}

fn running(lab: &Lab) -> Place {
    let place = lab.pty((80, 24));
    place.wait_for("the cockpit", |text| text.contains("live"));
    let pty = pty(&place);
    assert_eq!(pty.modes(), (true, true, true), "the control: while it runs the terminal is ours");
    assert!(!pty.cooked());
    place
}

#[test]
fn the_terminal_is_given_back_after_quit() {
    let lab = Lab::new();
    let place = running(&lab);
    place.key("q");
    assert_eq!(pty(&place).wait(), 0);
    assert_restored(&place);
}

#[test]
fn the_terminal_is_given_back_after_a_signal() {
    let lab = Lab::new();
    for kind in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let place = running(&lab);
        signal(&place, kind);
        pty(&place).wait();
        assert_restored(&place);
    }
}

#[test]
fn the_terminal_is_given_back_when_the_hub_is_gone_and_the_person_leaves() {
    let lab = Lab::new();
    let place = running(&lab);
    lab.runtime.block_on(lab.hub.stop());
    place.wait_for("the link is down", |text| !text.contains("● live"));
    place.key("q");
    assert_eq!(pty(&place).wait(), 0);
    assert_restored(&place);
}

#[test]
fn without_a_terminal_it_says_so_and_touches_nothing() {
    let lab = Lab::new();
    let start = lab.start();
    let output = std::process::Command::new(&start.program)
        .args(&start.args)
        .envs(start.env.clone())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs a terminal"));
    assert!(output.stdout.is_empty(), "{}", output.stdout.escape_ascii());
}

/// Under a shell: Ctrl-Z gives the terminal back, `fg` takes it again and draws everything.
#[test]
fn it_is_suspended_and_continued_as_any_program() {
    let lab = Lab::new();
    let ours = lab.start();
    let mut shell = Start {
        program: "bash".into(),
        args: ["--norc", "--noediting", "-i"].map(str::to_owned).to_vec(),
        env: ours.env.clone(),
    };
    shell = shell.with("PS1", "shell> ").with("HISTFILE", "/dev/null");
    let place = Place::pty((80, 24), &shell);
    place.wait_for("the shell", |text| text.contains("shell>"));
    place.send(format!("{} {}\r", ours.program, ours.args.join(" ")).as_bytes());
    for round in 0..3 {
        place.wait_for("the cockpit", |text| text.contains("live") && !text.contains("shell>"));
        place.key("ctrl-z");
        place.wait_for("the shell again", |text| text.contains("Stopped"));
        let pty = pty(&place);
        assert_eq!(pty.modes(), (false, false, false), "round {round}");
        place.send(b"fg\r");
    }
    place.wait_for("the cockpit", |text| text.contains("live") && !text.contains("shell>"));
    place.key("q");
    place.wait_for("the shell at last", |text| text.trim_end().ends_with("shell>"));
    assert_restored(&place);
}

/// Sizes follow each other faster than frames; what is shown at the end fits the last one and says the same.
fn storm(start: impl FnOnce(&Start) -> Place) {
    let mut lab = Lab::new();
    let waiting = lab.gate("one");
    let place = start(&lab.start());
    place.wait_for("the hold", |text| text.contains("1 waiting"));
    for round in 0..40_u16 {
        place.resize((40 + round * 37 % 160, 5 + round * 13 % 55));
        sleep(Duration::from_millis(u64::from(round % 4) * 7));
    }
    for size in [(80, 24), (200, 60), (120, 36)] {
        place.resize(size);
        place.wait_for("the whole screen", |text| {
            let rows: Vec<_> = text.lines().collect();
            rows.first().is_some_and(|row| row.contains("1 waiting"))
                && rows.len() == usize::from(size.1)
                && rows.last().is_some_and(|row| row.contains("keys") || row.contains("open"))
        });
    }
    assert!(lab.is_open(&waiting));
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_screen() {
    storm(|start| Place::pty((80, 24), start));
}

#[test]
#[ignore = "needs tmux"]
fn a_storm_of_sizes_in_tmux_ends_in_a_whole_screen() {
    storm(|start| Place::tmux((80, 24), start));
}

/// While nothing changes nothing is written and nothing wakes, apart from the link's keep-alive.
#[test]
fn while_nothing_changes_nothing_is_written_and_nothing_wakes() {
    let lab = Lab::new();
    lab.session("INC-1 checkout");
    let place = lab.pty((120, 36));
    place.wait_for("the session", |text| text.contains("INC-1"));
    sleep(REST);
    // Second by second, because the link's keep-alive (every ten) falls into some. The header's clock shows minutes: a
    // measurement that a minute's end falls into is made again.
    let (bytes, wakes) = loop {
        let (minute_before, bytes_before) = (minute(), pty(&place).bytes().len());
        let wakes: Vec<u64> = (0..12).map(|_| woken_in(&place, Duration::from_secs(1))).collect();
        if minute() == minute_before {
            break (pty(&place).bytes().len() - bytes_before, wakes);
        }
    };
    println!("idle: {bytes} bytes in 12 s; wake-ups second by second: {wakes:?}");
    assert_eq!(bytes, 0);
    let still = wakes.iter().filter(|wakes| **wakes == 0).count();
    assert!(still >= 8, "a clock that ticks would leave no second still: {wakes:?}");
    // The control: the same measure sees a key.
    let before = (pty(&place).bytes().len(), switches(place.pid()));
    place.key("?");
    place.wait_for("the help", |text| text.contains("KEYS"));
    assert!(pty(&place).bytes().len() > before.0 && switches(place.pid()) > before.1);
}

fn woken_in(place: &Place, window: Duration) -> u64 {
    let before = switches(place.pid());
    sleep(window);
    switches(place.pid()) - before
}

fn minute() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 60
}

/// How often any of a process's threads went to sleep by itself, and so has woken.
fn switches(pid: i32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of = |task: std::fs::DirEntry| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    tasks.filter_map(Result::ok).map(of).sum()
}
