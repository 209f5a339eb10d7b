//! Where the real binary runs: a terminal of its own, or a pane of tmux.
//!
//! A test waits for a named predicate on the screen; when it never holds, the screen is printed. Keys are sent with a
//! person's gaps, unless a test means to send them otherwise.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// A test waits at most this long for anything; it is a deadline, not a measure.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// Between two keys of a person who knows what they want.
pub(crate) const GAP: Duration = Duration::from_millis(150);
/// Longer than the guard takes any key for a held one, and any change for a fresh one.
pub(crate) const REST: Duration = Duration::from_millis(900);
/// Between two looks at a tmux pane.
const LOOK: Duration = Duration::from_millis(40);

/// Columns and rows.
pub(crate) type Size = (u16, u16);
/// The sizes that all of it has to work at.
pub(crate) const SIZES: [Size; 3] = [(80, 24), (120, 36), (200, 60)];

/// What is started: arguments and environment of the real binary, or of a shell around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
}

impl Start {
    pub(crate) fn holdpoint(args: &[&str]) -> Self {
        Self {
            program: env!("CARGO_BIN_EXE_holdpoint").into(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: vec![("LANG".into(), "C.UTF-8".into()), ("USER".into(), "maya".into())],
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }
}

/// What a terminal is asked for beside cells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) titles: Vec<String>,
    pub(crate) clipboard: Vec<String>,
    pub(crate) bells: usize,
    pub(crate) strange: Vec<String>,
}

impl vt100::Callbacks for Asked {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles.push(String::from_utf8_lossy(title).into_owned());
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.strange.push(format!("icon name {}", name.escape_ascii()));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.clipboard.push(String::from_utf8_lossy(data).into_owned());
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.strange.push("asks for the clipboard".into());
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.strange.push(format!("control {byte:#04x}"));
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        let words: Vec<_> = params.iter().map(|p| p.escape_ascii().to_string()).collect();
        self.strange.push(format!("OSC {}", words.join(";")));
    }
}

struct Glass {
    parser: vt100::Parser<Asked>,
    bytes: Vec<u8>,
}

/// A place in which the binary runs.
pub(crate) enum Place {
    Pty(Pty),
    Tmux(Tmux),
}

pub(crate) struct Pty {
    master: Box<dyn MasterPty + Send>,
    writer: Mutex<Box<dyn std::io::Write + Send>>,
    child: Mutex<Box<dyn Child + Send + Sync>>,
    glass: Arc<Mutex<Glass>>,
}

pub(crate) struct Tmux {
    socket: String,
}

impl Place {
    /// A terminal of its own, as xterm with 256 colours.
    pub(crate) fn pty((columns, rows): Size, start: &Start) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(&start.program);
        command.args(&start.args);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        for (name, value) in &start.env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let cells = |n| NonZero::new(n).unwrap();
        let parser = vt100::Parser::new_with_callbacks(cells(rows), cells(columns), 0, Asked::default());
        let glass = Arc::new(Mutex::new(Glass { parser, bytes: Vec::new() }));
        let (shared, mut reader) = (Arc::clone(&glass), pair.master.try_clone_reader().unwrap());
        std::thread::spawn(move || {
            let mut piece = vec![0; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut piece) {
                let mut glass = shared.lock().unwrap();
                glass.parser.process(&piece[..n]);
                glass.bytes.extend(&piece[..n]);
            }
        });
        let writer = Mutex::new(pair.master.take_writer().unwrap());
        Self::Pty(Pty { master: pair.master, writer, child: Mutex::new(child), glass })
    }

    /// A pane of a tmux of its own. Who calls this is marked as ignored, so that a plain `cargo test` needs no tmux.
    pub(crate) fn tmux((columns, rows): Size, start: &Start) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let tmux = Tmux { socket: format!("holdpoint-test-{}-{count}", std::process::id()) };
        let (x, y) = (columns.to_string(), rows.to_string());
        let mut args: Vec<String> =
            ["-f", "/dev/null", "new-session", "-d", "-x", &x, "-y", &y].map(str::to_owned).to_vec();
        for (name, value) in &start.env {
            args.extend(["-e".into(), format!("{name}={value}")]);
        }
        args.extend(["--".into(), start.program.clone()]);
        args.extend(start.args.clone());
        args.extend([";", "set", "-g", "status", "off"].map(str::to_owned));
        args.extend([";", "set", "-g", "remain-on-exit", "on"].map(str::to_owned));
        args.extend([";", "set", "-g", "set-titles", "on"].map(str::to_owned));
        args.extend([";", "set", "-g", "set-clipboard", "on"].map(str::to_owned));
        tmux.run(&args);
        Self::Tmux(tmux)
    }

    /// The rows of the screen, without the spaces at their ends.
    pub(crate) fn rows(&self) -> Vec<String> {
        match self {
            Self::Pty(pty) => {
                let glass = pty.glass();
                let (_, columns) = glass.parser.screen().size();
                glass.parser.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect()
            }
            Self::Tmux(tmux) => {
                let shown = tmux.run(&["capture-pane", "-p"].map(str::to_owned));
                let text = String::from_utf8(shown.stdout).unwrap();
                text.lines().map(|row| row.trim_end().to_owned()).collect()
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        self.rows().join("\n")
    }

    /// Waits until the screen fits, and gives it back.
    pub(crate) fn wait_for(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        self.wait_within(PATIENCE, &fits)
            .unwrap_or_else(|| panic!("waited in vain for: {what}\n--- the screen:\n{}\n---", self.text()))
    }

    /// The same for a whole frame: what is looked at may be half painted, so it has to look alike twice.
    pub(crate) fn wait_for_whole(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let before = std::cell::RefCell::new(String::new());
        self.wait_for(what, |text| fits(text) && before.replace(text.to_owned()) == text)
    }

    /// The same with a patience of one's own; `None` when it does not come.
    pub(crate) fn wait_within(&self, patience: Duration, fits: &impl Fn(&str) -> bool) -> Option<String> {
        let until = Instant::now() + patience;
        loop {
            let text = self.text();
            if fits(&text) {
                return Some(text);
            }
            if Instant::now() > until {
                return None;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Sends bytes in one piece, at once.
    pub(crate) fn send(&self, bytes: &[u8]) {
        match self {
            Self::Pty(pty) => {
                let mut writer = pty.writer.lock().unwrap();
                writer.write_all(bytes).unwrap();
                writer.flush().unwrap();
            }
            Self::Tmux(tmux) => {
                let mut args: Vec<String> = ["send-keys", "-H"].map(str::to_owned).to_vec();
                args.extend(bytes.iter().map(|b| format!("{b:02x}")));
                tmux.run(&args);
            }
        }
    }

    /// One key, after a person's gap.
    pub(crate) fn key(&self, name: &str) {
        std::thread::sleep(GAP);
        self.send(encoded(name).as_bytes());
    }

    /// Keys, one by one.
    pub(crate) fn keys(&self, names: &[&str]) {
        for name in names {
            self.key(name);
        }
    }

    /// Text, typed letter by letter.
    pub(crate) fn type_text(&self, text: &str) {
        for c in text.chars() {
            std::thread::sleep(Duration::from_millis(45));
            self.send(c.to_string().as_bytes());
        }
    }

    /// A bracketed paste, as the terminal makes it when the program has asked for that.
    pub(crate) fn paste(&self, text: &str) {
        match self {
            Self::Pty(pty) => {
                assert!(
                    pty.glass().parser.screen().bracketed_paste(),
                    "the program asked for bracketed paste"
                );
                self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
            }
            Self::Tmux(tmux) => {
                tmux.run(&["set-buffer", "--", text].map(str::to_owned));
                tmux.run(&["paste-buffer", "-p"].map(str::to_owned));
            }
        }
    }

    pub(crate) fn resize(&self, (columns, rows): Size) {
        match self {
            Self::Pty(pty) => {
                let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
                let cells = |n| NonZero::new(n).unwrap();
                pty.glass().parser.set_size(cells(rows), cells(columns));
                pty.master.resize(size).unwrap();
            }
            Self::Tmux(tmux) => {
                let (x, y) = (columns.to_string(), rows.to_string());
                tmux.run(&["resize-window", "-x", &x, "-y", &y].map(str::to_owned));
            }
        }
    }

    /// The process in the place.
    pub(crate) fn pid(&self) -> i32 {
        match self {
            Self::Pty(pty) => i32::try_from(pty.child.lock().unwrap().process_id().unwrap()).unwrap(),
            Self::Tmux(tmux) => tmux.ask("#{pane_pid}").parse().unwrap(),
        }
    }

    /// How the process ended; `None` while it lives. Only of a terminal of its own.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        let Self::Pty(pty) = self else { return None };
        pty.child.lock().unwrap().try_wait().unwrap()
    }

    /// `kill -9`, and its end.
    pub(crate) fn kill(&self) {
        if self.ended().is_none() {
            let pid = rustix::process::Pid::from_raw(self.pid()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        if let Self::Pty(pty) = self {
            pty.wait();
        }
    }

    /// As [`Place::send`], to somebody who may be dead already.
    pub(crate) fn try_send(&self, bytes: &[u8]) {
        if let Self::Pty(pty) = self {
            let mut writer = pty.writer.lock().unwrap();
            let _ = writer.write_all(bytes).and_then(|()| writer.flush());
        }
    }

    /// What the program asked its terminal for beside cells (in tmux: of the pane).
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Pty(pty) => pty.glass().parser.callbacks().titles.last().cloned().unwrap_or_default(),
            Self::Tmux(tmux) => tmux.ask("#{pane_title}"),
        }
    }

    /// What tmux has on its own clipboard.
    pub(crate) fn tmux_buffers(&self) -> String {
        match self {
            Self::Pty(_) => String::new(),
            Self::Tmux(tmux) => String::from_utf8(tmux.run(&["list-buffers".to_owned()]).stdout).unwrap(),
        }
    }
}

impl Pty {
    fn glass(&self) -> MutexGuard<'_, Glass> {
        self.glass.lock().unwrap()
    }

    pub(crate) fn asked(&self) -> Asked {
        self.glass().parser.callbacks().clone()
    }

    /// Everything that was written to the terminal so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.glass().bytes.clone()
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.lock().unwrap().try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "the process does not end");
            std::thread::sleep(LOOK);
        }
    }

    /// The modes that a program may leave behind: alternate screen, bracketed paste, hidden cursor.
    pub(crate) fn modes(&self) -> (bool, bool, bool) {
        let glass = self.glass();
        let screen = glass.parser.screen();
        (screen.alternate_screen(), screen.bracketed_paste(), screen.hide_cursor())
    }

    /// Whether the terminal is in its ordinary mode: echo, whole lines, signals.
    pub(crate) fn cooked(&self) -> bool {
        use rustix::termios::LocalModes;
        let flags = self.master.get_termios().expect("a terminal has modes").local_flags.bits();
        let wanted = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        LocalModes::from_bits_retain(flags).contains(wanted)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.lock().unwrap().kill();
    }
}

impl Tmux {
    fn run(&self, args: &[String]) -> Output {
        let output = Command::new("tmux")
            .args(["-L", &self.socket])
            .args(args)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .output()
            .expect("tmux is installed");
        assert!(output.status.success(), "tmux {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn ask(&self, format: &str) -> String {
        let output = self.run(&["display-message", "-p", format].map(str::to_owned));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

/// What a terminal sends for a key.
fn encoded(name: &str) -> String {
    match name {
        "enter" => "\r".into(),
        "esc" => "\x1b".into(),
        "tab" => "\t".into(),
        "up" => "\x1b[A".into(),
        "down" => "\x1b[B".into(),
        "pgup" => "\x1b[5~".into(),
        "pgdn" => "\x1b[6~".into(),
        "ctrl-z" => "\x1a".into(),
        "ctrl-c" => "\x03".into(),
        other => other.into(),
    }
}
