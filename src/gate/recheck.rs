//! Looks again, after the grant was used up and right before the spawn: a difference runs nothing.
//!
//! Digesting takes as long as the files are large, so this look is not the last: each file that it digested is held
//! open, and the process that becomes the command asks once more, just before it does, whether every name still means
//! that very file and nobody wrote to it (`launch`, `witness`). `docs/gate.md` says what remains.

use super::compose::{Observed, observe};
use super::pin::Quit;
use super::request::Request;
use crate::domain::{Exec, FilePin, Untrusted};

/// The program to run, or one sentence for each difference.
pub(super) fn again(request: &Request, approved: &Observed, quit: &Quit) -> Result<Observed, Vec<Untrusted>> {
    let now = observe(request, quit).map_err(|error| vec![error.message().into()])?;
    let mut changed = differences(&approved.exec, &now.exec);
    if now.place != approved.place {
        changed.push(format!("the directory {} is another one", now.exec.cwd.expose()).into());
    }
    if changed.is_empty() { Ok(now) } else { Err(changed) }
}

fn differences(then: &Exec, now: &Exec) -> Vec<Untrusted> {
    let mut changed: Vec<Untrusted> = Vec::new();
    let mut say = |words: String| changed.push(words.into());
    if then.executable.path != now.executable.path {
        let name = then.argv.first().map_or("", Untrusted::expose);
        let (before, after) = (then.executable.path.expose(), now.executable.path.expose());
        say(format!("{name} means {after} now, not {before}"));
    } else if then.executable.sha256 != now.executable.sha256 {
        say(format!("the program {} has another content", then.executable.path.expose()));
    }
    let same = |pin: &&FilePin, other: &FilePin| pin.arg == other.arg && pin.path == other.path;
    for pin in &then.files {
        match now.files.iter().find(|other| same(&pin, other)) {
            Some(other) if other.sha256 == pin.sha256 => {}
            Some(_) => say(format!("{} (argument {}) has another content", pin.path.expose(), pin.arg)),
            None => say(format!("{} (argument {}) is gone or cannot be read", pin.path.expose(), pin.arg)),
        }
    }
    for pin in now.files.iter().filter(|pin| !then.files.iter().any(|other| same(pin, other))) {
        say(format!("argument {} names the file {} now", pin.arg, pin.path.expose()));
    }
    let rest = |exec: &Exec| (exec.cwd.clone(), exec.host.clone(), exec.user.clone(), exec.unpinned.clone());
    if rest(then) != rest(now) {
        say("the directory, the host, the account or what cannot be pinned is not the same".into());
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn program(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A folder with two places for programs, a tool in the second, and a data file.
    fn scene() -> (tempfile::TempDir, Request) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["first", "second", "work"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        program(&root.join("second/tool"), "#!/bin/sh\n");
        fs::write(root.join("work/data"), "data").unwrap();
        let path = format!("{0}/first:{0}/second", root.display());
        let request = Request {
            argv: ["tool", "data", "later"].map(str::to_owned).to_vec(),
            cwd: root.join("work"),
            env: vec![crate::domain::EnvVar { name: "PATH".into(), value: path.into() }],
            ..Request::default()
        };
        (dir, request)
    }

    #[test]
    fn each_change_since_the_proposal_is_named_and_no_change_is_none() {
        type Change = (&'static str, fn(&Path), &'static str);
        let changes: [Change; 8] = [
            ("nothing", |_| {}, ""),
            ("shadowed", |root| program(&root.join("first/tool"), "#!/bin/sh\n"), "means"),
            ("rewritten", |root| program(&root.join("second/tool"), "#!/bin/sh\nrm\n"), "another content"),
            ("removed", |root| fs::remove_file(root.join("second/tool")).unwrap(), "there is no program"),
            ("data changed", |root| fs::write(root.join("work/data"), "other").unwrap(), "argument 1"),
            ("data gone", |root| fs::remove_file(root.join("work/data")).unwrap(), "is gone"),
            ("named now", |root| fs::write(root.join("work/later"), "x").unwrap(), "argument 2 names"),
            ("cwd gone", |root| fs::remove_dir_all(root.join("work")).unwrap(), "working directory"),
        ];
        for (name, change, wanted) in changes {
            let (dir, request) = scene();
            let approved = observe(&request, &Quit::default()).unwrap();
            change(&dir.path().canonicalize().unwrap());
            match again(&request, &approved, &Quit::default()) {
                Ok(now) => {
                    assert!(wanted.is_empty(), "{name} went unnoticed");
                    assert_eq!(now.exec, approved.exec);
                }
                Err(changed) => assert!(
                    !wanted.is_empty() && changed.iter().any(|words| words.expose().contains(wanted)),
                    "{name}: {changed:?}"
                ),
            }
        }
    }
}
