//! Pins files by content, and says in words what cannot be pinned.
//!
//! Every part of an argument that may name a file is tried (`named`). What it does not cover (files named inside files
//! or texts, a program's own configuration) is not claimed to be pinned. Every file that was digested stays open, with a
//! [`Witness`] of what it was, until the look is dropped.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::named::{candidates, resembling};
use super::witness::Witness;
use crate::domain::{Digest, EnvVar, Error, FilePin, Hasher, Result, Untrusted};

/// Files above this are listed as not pinned, in bytes: a look at one takes some ten seconds, and there are two of them.
/// The program itself has no such limit.
pub(super) const FILE_MAX_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Sentences about what is not pinned; further ones are counted.
const SENTENCES_MAX: usize = 48;
/// Parts of one argument that a sentence names.
const RESEMBLING_MAX: usize = 4;
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
#[derive(Debug, Default)]
pub(super) struct Pinned {
    /// Regular files by content.
    pub(super) files: Vec<FilePin>,
    /// One for each of these.
    pub(super) witnesses: Vec<Witness>,
    /// What was digested.
    pub(super) open: Vec<File>,
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

/// Digests an open file, with a witness of what it was before; `name` is how the command will find it.
pub(super) fn digested(
    file: File,
    called: String,
    name: &str,
    most: u64,
    quit: &Quit,
) -> std::io::Result<(File, Witness, Digest)> {
    let witness = Witness::of(&file, called, name.to_owned())?;
    let sha256 = digest(&file, most, quit)?;
    Ok((file, witness, sha256))
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
pub(super) fn look(argv: &[String], env: &[EnvVar], cwd: &Path, quit: &Quit) -> Result<Pinned> {
    let mut pinned = Pinned::default();
    for (index, arg) in argv.iter().enumerate().skip(1) {
        pinned.argument(index, arg, cwd, quit)?;
    }
    env.iter().filter(|var| !NOT_INPUT.contains(&var.name.expose())).for_each(|var| pinned.variable(var));
    Ok(pinned)
}

impl Pinned {
    /// Pins what an argument names, and says what it seems to name.
    fn argument(&mut self, index: usize, arg: &str, cwd: &Path, quit: &Quit) -> Result<()> {
        let (parts, more) = candidates(arg);
        // What is there, and where its witness stands, if it has one.
        let mut there: Vec<(PathBuf, &str, Option<usize>)> = Vec::new();
        for part in parts {
            let Ok(real) = cwd.join(part).canonicalize() else { continue };
            let known = there.iter().find(|(path, ..)| *path == real).map(|(.., witness)| *witness);
            let witness = match known {
                Some(witness) => {
                    witness.and_then(|at| self.witnesses.get_mut(at)).into_iter().for_each(|w| w.also(part));
                    witness
                }
                None => self.named(index, part, &real, quit)?,
            };
            there.push((real, part, witness));
        }
        let unseen = resembling(arg).filter(|part| !there.iter().any(|(_, name, _)| name.contains(part)));
        let mut unseen: Vec<&str> = unseen.collect();
        unseen.dedup();
        if !unseen.is_empty() {
            let others = unseen.len().saturating_sub(RESEMBLING_MAX);
            unseen.truncate(RESEMBLING_MAX);
            let others = if others > 0 { format!(" and {others} more") } else { String::new() };
            let names = unseen.join(", ");
            self.say(format!("what {names}{others} means (argument {index}): it looks like a path, and no file is pinned for it"));
        }
        if more {
            self.say(format!("which files argument {index} names: it has too many parts to try each"));
        }
        Ok(())
    }

    /// Pins a file that is there, or says why not; where its witness stands.
    fn named(&mut self, index: usize, name: &str, real: &Path, quit: &Quit) -> Result<Option<usize>> {
        let Ok(meta) = real.metadata() else { return Ok(None) };
        let (kind, path) = (meta.file_type(), text(real)?);
        let shown = path.expose();
        if kind.is_dir() {
            self.say(format!("what is in the directory {shown} (argument {index})"));
        } else if kind.is_fifo() || kind.is_socket() {
            self.say(format!("what comes through the pipe or socket {shown} (argument {index})"));
        } else if !kind.is_file() {
            self.say(format!("the device {shown} (argument {index})"));
        } else if meta.len() > FILE_MAX_BYTES {
            let gib = FILE_MAX_BYTES / 1024 / 1024 / 1024;
            self.say(format!("the content of {shown} (argument {index}): it is larger than {gib} GiB"));
        } else {
            let called = format!("{shown} (argument {index})");
            match open(real).and_then(|file| digested(file, called, name, FILE_MAX_BYTES, quit)) {
                Ok((file, witness, sha256)) => {
                    self.files.push(FilePin { arg: index as u32, path, sha256 });
                    self.open.push(file);
                    self.witnesses.push(witness);
                    return Ok(Some(self.witnesses.len() - 1));
                }
                Err(error) => {
                    self.say(format!(
                        "the content of {shown} (argument {index}): it cannot be read: {error}"
                    ));
                }
            }
        }
        Ok(None)
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

    /// What could not be pinned, behind what is said of the program itself; bounded.
    pub(super) fn behind(&mut self, program: Vec<String>) -> Vec<Untrusted> {
        let mut all: Vec<Untrusted> = program.into_iter().map(Untrusted::from).collect();
        all.append(&mut self.unpinned);
        if all.len() > SENTENCES_MAX {
            let more = all.len() - SENTENCES_MAX;
            all.truncate(SENTENCES_MAX);
            all.push(format!("{more} more arguments or variables that name what cannot be pinned").into());
        }
        all
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
        let pinned = look(&argv, &env, &root, &Quit::default()).unwrap();
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
        let pinned = look(&argv, &[], &root, &Quit::default()).unwrap();
        assert_eq!(pinned.files.iter().map(|pin| pin.arg).collect::<Vec<_>>(), [1]);
        assert!(pinned.unpinned[0].expose().contains("huge (argument 2): it is larger than 4 GiB"));
        let quit = Quit::default();
        drop(quit.on_drop());
        let broken_off = look(&argv, &[], &root, &quit).unwrap();
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
}
