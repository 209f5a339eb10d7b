//! Pins files by content, and says in words what cannot be pinned.
//!
//! An argument names a file when it is a path to one, or when a part of it behind a `=` or an `@` is
//! (`--values=prod.yaml`, `-d@body.json`, `if=disk.img`). That covers how programs usually take files; what it does not
//! cover (files named inside files, lists with commas, a program's own configuration) is not claimed to be pinned.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::{Digest, EnvVar, Error, FilePin, Hasher, Result, Untrusted};

/// Files above this are listed as not pinned, in bytes: a look at one takes some ten seconds, and there are two of them.
/// The program itself has no such limit.
pub(super) const FILE_MAX_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Sentences about what is not pinned; further ones are counted.
const SENTENCES_MAX: usize = 48;
/// Programs that run what their arguments name, by the start of their name.
const INTERPRETERS: &[&str] = &[
    "bash", "bun", "dash", "deno", "java", "ksh", "lua", "node", "perl", "php", "python", "Rscript", "ruby",
    "sh", "zsh",
];
/// Variables that name files without making them part of what the command does.
const NOT_INPUT: &[&str] = &["PATH", "SHELL", "HOME", "TMPDIR"];

/// Tells a look that nobody waits for its answer any more: digesting a large file takes its time.
#[derive(Clone, Debug, Default)]
pub(super) struct Quit(Arc<AtomicBool>);

/// Ends the look when it is dropped.
pub(super) struct QuitOnDrop(Quit);

impl Quit {
    pub(super) fn on_drop(&self) -> QuitOnDrop {
        QuitOnDrop(self.clone())
    }
}

impl Drop for QuitOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// What the arguments and the environment name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pinned {
    /// Regular files by content.
    pub(super) files: Vec<FilePin>,
    /// What could not be pinned.
    pub(super) unpinned: Vec<Untrusted>,
}

/// Opens a regular file for reading; a pipe that took its place does not block.
pub(super) fn open(path: &Path) -> std::io::Result<File> {
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(nonblock).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(std::io::Error::other("it is not a regular file"))
}

/// SHA-256 of an open file of at most so many bytes, from its beginning.
pub(super) fn digest(mut file: &File, most: u64, quit: &Quit) -> std::io::Result<Digest> {
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 256 * 1024];
    while !quit.0.load(Ordering::Relaxed) {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(&piece[..n]),
        }
        if hasher.bytes() > most {
            return Err(std::io::Error::other(format!("it has grown to more than {most} bytes")));
        }
    }
    Err(std::io::Error::other("the look at it was broken off"))
}

/// A path for an error message.
pub(super) fn shown(path: &Path) -> String {
    Untrusted::from(path.to_string_lossy().as_ref()).escaped()
}

/// A path as text.
///
/// # Errors
/// `Kind::Invalid` when it is not UTF-8: it could not be shown exactly.
pub(super) fn text(path: &Path) -> Result<Untrusted> {
    path.to_str().map(Untrusted::from).ok_or_else(|| {
        Error::invalid(format!("the path {} is not UTF-8", shown(path)))
            .hint("what is approved must be shown exactly; rename it")
    })
}

/// Looks at every argument and every variable.
///
/// # Errors
/// `Kind::Invalid` for a file whose path is not UTF-8.
pub(super) fn look(
    argv: &[String],
    env: &[EnvVar],
    cwd: &Path,
    script: Option<&str>,
    quit: &Quit,
) -> Result<Pinned> {
    let mut pinned = Pinned::default();
    if let Some(interpreter) = script {
        pinned.say(format!("it is a script: its interpreter ({interpreter}) and what it sources or imports"));
    }
    for (index, arg) in argv.iter().enumerate().skip(1) {
        let mut seen: Vec<PathBuf> = Vec::new();
        for candidate in candidates(arg) {
            let Ok(real) = cwd.join(candidate).canonicalize() else { continue };
            if !seen.contains(&real) {
                pinned.argument(index, &real, quit)?;
                seen.push(real);
            }
        }
    }
    let program = argv.first().map_or("", |name| name.rsplit('/').next().unwrap_or(name));
    if script.is_none() && INTERPRETERS.iter().any(|name| is_version_of(program, name)) {
        pinned.say(format!("what {program} imports, sources or loads"));
    }
    env.iter().filter(|var| !NOT_INPUT.contains(&var.name.expose())).for_each(|var| pinned.variable(var));
    pinned.bound();
    Ok(pinned)
}

/// `python3.12` is a version of `python`; `shred` is not one of `sh`.
fn is_version_of(program: &str, name: &str) -> bool {
    let rest = program.strip_prefix(name);
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-'))
}

/// The parts of an argument that may name a file: itself, and what stands behind each `=`, without a leading `@`.
fn candidates(arg: &str) -> impl Iterator<Item = &str> {
    let behind_equals = arg.match_indices('=').map(|(at, _)| &arg[at + 1..]);
    let attached = arg.starts_with('-').then(|| arg.find('@')).flatten().map(|at| &arg[at + 1..]);
    std::iter::once(arg)
        .chain(behind_equals)
        .map(|part| part.strip_prefix('@').unwrap_or(part))
        .chain(attached)
        .filter(|part| !part.is_empty())
}

impl Pinned {
    fn argument(&mut self, index: usize, real: &Path, quit: &Quit) -> Result<()> {
        let Ok(meta) = real.metadata() else { return Ok(()) };
        let (kind, path) = (meta.file_type(), text(real)?);
        let name = path.expose();
        if kind.is_dir() {
            self.say(format!("what is in the directory {name} (argument {index})"));
        } else if kind.is_fifo() || kind.is_socket() {
            self.say(format!("what comes through the pipe or socket {name} (argument {index})"));
        } else if !kind.is_file() {
            self.say(format!("the device {name} (argument {index})"));
        } else if meta.len() > FILE_MAX_BYTES {
            let gib = FILE_MAX_BYTES / 1024 / 1024 / 1024;
            self.say(format!("the content of {name} (argument {index}): it is larger than {gib} GiB"));
        } else {
            match open(real).and_then(|file| digest(&file, FILE_MAX_BYTES, quit)) {
                Ok(sha256) => self.files.push(FilePin { arg: index as u32, path, sha256 }),
                Err(error) => {
                    self.say(format!("the content of {name} (argument {index}): it cannot be read: {error}"));
                }
            }
        }
        Ok(())
    }

    fn variable(&mut self, var: &EnvVar) {
        for part in var.value.expose().split(':').filter(|part| part.starts_with('/')) {
            if Path::new(part).is_file() {
                self.say(format!("the content of {part}, which {} names", var.name.expose()));
            }
        }
    }

    fn say(&mut self, what: String) {
        self.unpinned.push(what.into());
    }

    fn bound(&mut self) {
        if self.unpinned.len() > SENTENCES_MAX {
            let more = self.unpinned.len() - SENTENCES_MAX;
            self.unpinned.truncate(SENTENCES_MAX);
            self.say(format!("{more} more arguments or variables that name what cannot be pinned"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_however_an_argument_names_them_and_the_rest_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for (name, content) in [("a.yaml", "a"), ("b", "b"), ("c.json", "c"), ("kube", "k")] {
            std::fs::write(root.join(name), content).unwrap();
        }
        let argv = ["tool", "a.yaml", "--from-file=key=b", "-d@c.json", "@c.json", ".", "/dev/null", "none"];
        let argv: Vec<String> = argv.map(str::to_owned).to_vec();
        let env =
            vec![EnvVar { name: "KUBECONFIG".into(), value: root.join("kube").to_str().unwrap().into() }];
        let pinned = look(&argv, &env, &root, None, &Quit::default()).unwrap();
        let files: Vec<(u32, &str)> =
            pinned.files.iter().map(|pin| (pin.arg, pin.path.expose().rsplit('/').next().unwrap())).collect();
        assert_eq!(files, [(1, "a.yaml"), (2, "b"), (3, "c.json"), (4, "c.json")]);
        assert_eq!(pinned.files[0].sha256, Digest::of(b"a"));
        let said: Vec<&str> = pinned.unpinned.iter().map(Untrusted::expose).collect();
        assert!(said[0].contains("directory") && said[0].contains("argument 5"), "{said:?}");
        assert!(said[1].contains("device /dev/null"), "{said:?}");
        assert!(said[2].contains("KUBECONFIG"), "{said:?}");
        assert_eq!(said.len(), 3, "{said:?}");
    }

    #[test]
    fn a_large_file_is_pinned_and_only_a_huge_one_is_said_not_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for (name, bytes) in [("large", 65 * 1024 * 1024), ("huge", FILE_MAX_BYTES + 1)] {
            File::create(root.join(name)).unwrap().set_len(bytes).unwrap();
        }
        let argv = ["tool", "large", "huge"].map(str::to_owned);
        let pinned = look(&argv, &[], &root, None, &Quit::default()).unwrap();
        assert_eq!(pinned.files.iter().map(|pin| pin.arg).collect::<Vec<_>>(), [1]);
        assert!(pinned.unpinned[0].expose().contains("huge (argument 2): it is larger than 4 GiB"));
        let quit = Quit::default();
        drop(quit.on_drop());
        let broken_off = look(&argv, &[], &root, None, &quit).unwrap();
        assert!(broken_off.files.is_empty(), "nobody waits for the answer");
    }

    #[test]
    fn a_file_that_grows_while_it_is_digested_does_not_take_for_ever() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(600_000).unwrap();
        assert!(digest(&file, 600_000, &Quit::default()).is_ok());
        std::io::Seek::rewind(&mut &file).unwrap();
        assert!(digest(&file, 500_000, &Quit::default()).is_err());
    }

    #[test]
    fn interpreters_are_known_by_name_and_version() {
        for (program, name, is) in [
            ("python3.12", "python", true),
            ("sh", "sh", true),
            ("shred", "sh", false),
            ("node-20", "node", true),
        ] {
            assert_eq!(is_version_of(program, name), is, "{program}");
        }
    }
}
