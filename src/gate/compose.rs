//! From a request to the exact action: what this machine makes of the command at this moment.
//!
//! The same look is taken twice, before proposing and again after the grant was used up (see `recheck`).

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use super::account::Account;
use super::launch::{self, Order};
use super::pin::{self, Pinned};
use super::programs;
use super::request::Request;
use super::resolve::{self, Found};
use super::witness::{Place, Witness};
use crate::domain::{Action, Digest, Error, Exec, Pin, Result, Stdin, Untrusted};

/// Longest first line of a script that is read to name its interpreter, in bytes.
const SHEBANG_MAX_BYTES: usize = 256;

/// What was found, with the program held open.
pub(super) struct Observed {
    /// The action, without what only this process knows (see [`Observed::action`]).
    pub(super) exec: Exec,
    /// The very file that was digested.
    pub(super) program: File,
    /// The path that `execvp` would execute.
    pub(super) called: PathBuf,
    /// Whether this machine's kernel runs the program itself, from an open descriptor. A script is not such a
    /// program: its interpreter opens it again, by name.
    pub(super) native: bool,
    /// The working directory, held.
    pub(super) cwd: File,
    /// Which one that is.
    pub(super) place: Place,
    /// What the program was before it was digested.
    seen: Witness,
    /// The same of every other file that was digested, and these files.
    pinned: Pinned,
}

impl Observed {
    /// The action that is proposed. Descriptors that the command would inherit are named once, here: they belong to
    /// this process, not to the command.
    pub(super) fn action(&self) -> Action {
        let mut exec = self.exec.clone();
        exec.unpinned.extend(inherited_descriptors());
        Action::Exec(exec)
    }

    /// Closes the files that arguments name: a person may take hours, and they are looked at again.
    pub(super) fn let_go(mut self) -> Self {
        self.pinned.open.clear();
        self
    }

    /// What the process that becomes the command is told.
    pub(super) fn order(&self) -> Order {
        let files = self.pinned.witnesses.iter();
        Order {
            version: env!("CARGO_PKG_VERSION").into(),
            argv: self.exec.argv.clone(),
            env: self.exec.env.clone(),
            called: self.called.clone(),
            native: self.native,
            cwd: self.place.clone(),
            witnesses: files.chain([&self.seen]).cloned().collect(),
        }
    }

    /// Whether a native program's file was written to since it was digested.
    pub(super) fn program_was_written(&self) -> bool {
        self.native && self.seen.written(&self.program)
    }
}

/// Looks at the machine, at the program last.
///
/// # Errors
/// `Kind::NotFound` or `Kind::Invalid` when the command cannot be run or shown exactly, `Kind::TooLarge` above the
/// limit; any of them when it was broken off.
pub(super) fn observe(request: &Request, quit: &pin::Quit) -> Result<Observed> {
    let gone = |e: std::io::Error| {
        Error::invalid(format!("the working directory {} cannot be used: {e}", pin::shown(&request.cwd)))
            .hint("start the gate in a directory that exists")
    };
    let path = request.cwd.canonicalize().map_err(gone)?;
    let cwd = launch::directory(&path).map_err(gone)?;
    let place = Place::new(pin::text(&path)?, &cwd.metadata().map_err(gone)?);
    let name = request.argv.first().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        Error::invalid("there is no command").hint("holdpoint gate [OPTION]... -- CMD ARG...")
    })?;
    let folders = request.env.iter().find(|var| var.name.expose() == "PATH").map(|var| var.value.expose());
    let found = resolve::find(name, folders, &path)?;
    let mut pinned = pin::look(&request.argv, &request.env, &path, quit)?;
    let Program { file, seen, sha256, native, unknown } = program(&found, request, quit)?;
    let exec = Exec {
        argv: request.argv.iter().map(|arg| arg.as_str().into()).collect(),
        cwd: pin::text(&path)?,
        env: request.env.clone(),
        stdin: request.stdin.clone().map(Stdin::from_bytes),
        host: host(),
        user: user(),
        executable: Pin { path: pin::text(&found.real)?, sha256 },
        files: std::mem::take(&mut pinned.files),
        unpinned: pinned.behind(unknown),
    };
    Ok(Observed { exec, program: file, called: found.called, native, cwd, place, seen, pinned })
}

/// The program, digested, and what is not known of it.
struct Program {
    file: File,
    seen: Witness,
    sha256: Digest,
    native: bool,
    unknown: Vec<String>,
}

fn program(found: &Found, request: &Request, quit: &pin::Quit) -> Result<Program> {
    let unreadable = |e: std::io::Error| {
        Error::invalid(format!("{} cannot be read, so it cannot be pinned: {e}", pin::shown(&found.real)))
            .hint("what is approved is pinned by content; make the program readable for this account")
    };
    let (real, called) = (pin::text(&found.real)?, pin::text(&found.called)?);
    let file = pin::open(&found.real).map_err(unreadable)?;
    let what = format!("the program {}", real.expose());
    let (file, seen, sha256) =
        pin::digested(file, what, called.expose(), u64::MAX, quit).map_err(unreadable)?;
    let interpreter = interpreter(&file).map_err(unreadable)?;
    let native = is_native(&file);
    let typed = request.argv.first().map_or("", String::as_str);
    let args = request.argv.get(1..).unwrap_or_default();
    let mut unknown = programs::unknown_of(typed, real.expose(), args, interpreter.is_some());
    if let Some(interpreter) = interpreter {
        unknown.insert(
            0,
            format!("it is a script: its interpreter ({interpreter}) and what it sources or imports"),
        );
    } else if !native && cfg!(target_os = "linux") {
        unknown.insert(0, "what runs it: it is no native program, and names no interpreter".into());
    }
    Ok(Program { file, seen, sha256, native, unknown })
}

/// What a script's first line names, escaped; `None` for anything that is not a script.
fn interpreter(program: &File) -> std::io::Result<Option<String>> {
    let mut start = [0; SHEBANG_MAX_BYTES];
    let length = program.read_at(&mut start, 0)?;
    let Some(rest) = start[..length].strip_prefix(b"#!") else { return Ok(None) };
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(Some(Untrusted::from(String::from_utf8_lossy(line).trim().to_owned()).escaped()))
}

/// Whether a file is of the same executable format, class and machine as this very program.
fn is_native(program: &File) -> bool {
    /// Of an ELF header: magic, class and byte order; then, behind the type, the machine.
    const MARKS: [std::ops::Range<usize>; 2] = [0..6, 18..20];
    let header = |file: &File| {
        let mut header = [0; 20];
        file.read_exact_at(&mut header, 0).ok().map(|()| header)
    };
    let ours = File::open("/proc/self/exe").ok().and_then(|own| header(&own));
    ours.zip(header(program)).is_some_and(|(a, b)| {
        a.starts_with(b"\x7fELF") && MARKS.into_iter().all(|mark| a[mark.clone()] == b[mark])
    })
}

fn host() -> Untrusted {
    rustix::system::uname().nodename().to_string_lossy().into_owned().into()
}

/// The account by its number, with its name where the system has one.
fn user() -> Untrusted {
    let Account { uid, name } = Account::current();
    name.map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})")).into()
}

/// Open descriptors above standard error that a child would get, one sentence each. Rust opens its own so that no
/// child gets them; these come from whoever started this program, and nothing here may close them safely.
fn inherited_descriptors() -> Vec<Untrusted> {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let mut numbers: Vec<u32> =
        open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    let inherited = numbers.into_iter().filter(|number| *number > 2 && stays_open(*number));
    inherited
        .map(|number| {
            let what = std::fs::read_link(format!("/proc/self/fd/{number}")).unwrap_or_default();
            format!("what comes through the open descriptor {number}, {}", what.display()).into()
        })
        .collect()
}

/// Whether a descriptor survives `exec`.
fn stays_open(number: u32) -> bool {
    let cloexec = u64::from(rustix::fs::OFlags::CLOEXEC.bits());
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    flags
        .and_then(|octal| u64::from_str_radix(octal.trim(), 8).ok())
        .is_some_and(|flags| flags & cloexec == 0)
}
