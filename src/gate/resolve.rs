//! Which file a command's name means: the search that `execvp` makes, with the action's own `PATH`.

use std::path::{Path, PathBuf};

use crate::domain::{Error, Kind, Result};

/// What is searched where the action has no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The path that `execvp` would execute; a script sees it as its own name.
    pub(super) called: PathBuf,
    /// The same, absolute and with symbolic links resolved.
    pub(super) real: PathBuf,
}

/// Finds `name` as `execvp` does: a name with a slash is a path (from `cwd`), any other is looked up in `path`, where an
/// empty entry means `cwd`.
///
/// # Errors
/// `Kind::NotFound` when there is no such file, `Kind::Invalid` when there is one that cannot be executed.
pub(super) fn find(name: &str, path: Option<&str>, cwd: &Path) -> Result<Found> {
    if name.contains('/') {
        return executable(Path::new(name), cwd)?.ok_or_else(|| {
            Error::new(Kind::NotFound, format!("there is no program \"{}\"", name.escape_debug()))
                .hint("name an executable file, or a program in PATH")
        });
    }
    let mut not_allowed = None;
    for entry in path.unwrap_or(DEFAULT_PATH).split(':') {
        let folder = if entry.is_empty() { Path::new(".") } else { Path::new(entry) };
        match executable(&folder.join(name), cwd) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            // execvp goes on behind a file that it may not execute, and says so only when nothing else is found.
            Err(error) => not_allowed = Some(error),
        }
    }
    Err(not_allowed.unwrap_or_else(|| {
        Error::new(Kind::NotFound, format!("there is no program \"{}\" in PATH", name.escape_debug()))
            .hint("a shell's aliases and built-ins are not programs; name a file, or run sh -c '...'")
    }))
}

fn executable(called: &Path, cwd: &Path) -> Result<Option<Found>> {
    let Ok(real) = cwd.join(called).canonicalize() else { return Ok(None) };
    if !real.is_file() {
        let what = format!("{} is not a regular file", real.display().to_string().escape_debug());
        return if real.is_dir() { Ok(None) } else { Err(Error::invalid(what)) };
    }
    rustix::fs::access(&real, rustix::fs::Access::EXEC_OK).map_err(|e| {
        Error::invalid(format!("{} cannot be executed: {e}", real.display().to_string().escape_debug()))
            .hint("chmod +x it, or name its interpreter")
    })?;
    Ok(Some(Found { called: called.to_owned(), real }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn program(path: &Path, mode: u32) {
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn names_are_found_as_execvp_finds_them() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["a", "b", "c/tool"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        program(&root.join("a/tool"), 0o644);
        program(&root.join("b/real"), 0o755);
        symlink("real", root.join("b/tool")).unwrap();
        program(&root.join("here"), 0o755);
        let path = format!("{0}/c:{0}/a:{0}/b:", root.display());
        let find = |name: &str| find(name, Some(&path), &root);

        let tool = find("tool").unwrap();
        assert_eq!(tool.real, root.join("b/real"), "behind a folder and a file without permission");
        assert_eq!(tool.called, root.join("b/tool"), "the name that the program sees is the link's");
        assert_eq!(find("here").unwrap().real, root.join("here"), "an empty entry is the working directory");
        assert_eq!(find("./here").unwrap().called, Path::new("./here"));
        assert_eq!(find("nowhere").unwrap_err().kind(), Kind::NotFound);
        assert_eq!(find("a/tool").unwrap_err().kind(), Kind::Invalid);
        assert!(super::find("sh", None, &root).is_ok(), "without PATH the system's folders are searched");
    }
}
