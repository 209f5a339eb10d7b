//! The demo's own ground: a temporary directory, and in it the hub's data and the stand-ins.
//!
//! A stand-in is a real program that the gate really runs: a shell script under the name of the program that it stands
//! for. It adds one line to a file, prints what the script says, and changes nothing else. Its text comes from here;
//! a script of the demo gives only words, never code.
//!
//! The directory goes when the [`Stage`] does, also after an error or a panic.

use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::clock::Pace;
use super::script::{Script, StandIn};
use crate::domain::{Error, Kind, Result};

/// Where the stand-ins find `sleep`.
const SYSTEM_PATH: &str = "/usr/bin:/bin";

/// A directory that is removed with everything in it.
#[derive(Debug)]
pub struct Stage {
    root: PathBuf,
}

impl Stage {
    /// Makes the directory, for this account only, and the stand-ins of `script` in it.
    ///
    /// # Errors
    /// `Kind::Unavailable` when it cannot be written.
    pub fn build(script: &Script, pace: Pace) -> Result<Self> {
        let stage = Self { root: fresh_directory(&std::env::temp_dir())? };
        private_directory(&stage.effects())?;
        private_directory(&stage.root.join("bin"))?;
        let mut numbered = script.stand_ins.iter().enumerate();
        numbered.try_for_each(|(number, stand_in)| stage.write(number, stand_in, pace))?;
        Ok(stage)
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the hub keeps its data.
    #[must_use]
    pub fn hub(&self) -> PathBuf {
        self.root.join("hub")
    }

    /// What the stand-ins did: a file for each effect, a line for each run.
    #[must_use]
    pub fn effects(&self) -> PathBuf {
        self.root.join("effects")
    }

    fn write(&self, number: usize, stand_in: &StandIn, pace: Pace) -> Result<()> {
        let directory = folder(&self.root, number);
        private_directory(&directory)?;
        let path = directory.join(stand_in.program.get_ref());
        let text = shell(stand_in, &self.effects().join(stand_in.effect()), pace);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o700).open(path)?;
        Ok(file.write_all(text.as_bytes())?)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// The `PATH` with which this stand-in is found under its program's name. Short: it is on the sheet.
pub(super) fn path_for(root: &Path, number: usize) -> String {
    format!("{}:{SYSTEM_PATH}", folder(root, number).display())
}

/// Each stand-in has a folder of its own: two may have the same program's name.
fn folder(root: &Path, number: usize) -> PathBuf {
    root.join("bin").join((number + 1).to_string())
}

/// How often the stand-ins of this effect ran.
pub(super) fn runs(effects: &Path, effect: &str) -> usize {
    std::fs::read_to_string(effects.join(effect)).map_or(0, |text| text.lines().count())
}

fn shell(stand_in: &StandIn, effect: &Path, pace: Pace) -> String {
    let mut text = format!(
        "#!/bin/sh\n# A stand-in for {}, written by `holdpoint demo`: it adds one line to a file and prints.\n\
         printf 'ran %s\\n' \"$*\" >> {}\n",
        stand_in.program.get_ref(),
        quoted(&effect.display().to_string()),
    );
    for line in &stand_in.prints {
        let pause = pace.scaled(stand_in.every_ms).as_secs_f64();
        let _ = writeln!(text, "sleep {pause:.3}\n[ -e \"$0\" ] || exit 1\nprintf '%s\\n' {}", quoted(line));
    }
    let _ =
        writeln!(text, "printf '%s\\n' '(demo stand-in: nothing else was changed)'\nexit {}", stand_in.exit);
    text
}

/// One word for a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn private_directory(path: &Path) -> Result<()> {
    Ok(DirBuilder::new().mode(0o700).create(path)?)
}

/// A new directory under `parent`; never one that was there.
fn fresh_directory(parent: &Path) -> Result<PathBuf> {
    let mut refused = None;
    for _ in 0..16 {
        let random =
            getrandom::u32().map_err(|e| Error::new(Kind::Internal, format!("no randomness: {e}")))?;
        let path = parent.join(format!("holdpoint-demo-{random:08x}"));
        match private_directory(&path) {
            Ok(()) => return Ok(path.canonicalize().unwrap_or(path)),
            Err(error) => refused = Some(error),
        }
    }
    let error = refused.map_or_else(String::new, |error| error.to_string());
    Err(Error::new(Kind::Unavailable, format!("cannot make a directory in {}: {error}", parent.display()))
        .hint("set TMPDIR to a directory that you may write"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = r#"
title = "x"
[[incident]]
session = "I"
title = "x"
agent = "a"
first = "s"
alert = { name = "A", threshold = 1.0, fired_s_ago = 1 }
[[scene]]
incident = "I"
name = "s"
steps = []
[[stand_in]]
name = "x"
program = "kubectl"
prints = ["it's $(touch /tmp/never) `id`", "two"]
exit = 3
"#;

    #[test]
    fn a_stand_in_prints_words_as_words_and_leaves_one_line_a_run() {
        let script = super::super::script::parse("test", WORDS).unwrap();
        let stage = Stage::build(&script, Pace::new(1000.0)).unwrap();
        let root = stage.root().to_path_buf();
        let program = root.join("bin/1/kubectl");
        for run in 1..=2 {
            let out = std::process::Command::new(&program).args(["delete", "a b"]).output().unwrap();
            let text = String::from_utf8(out.stdout).unwrap();
            assert!(text.starts_with("it's $(touch /tmp/never) `id`\ntwo\n"), "{text}");
            assert_eq!((out.status.code(), runs(&stage.effects(), "x")), (Some(3), run));
        }
        drop(stage);
        assert!(!root.exists(), "the directory goes with the stage");
    }
}
