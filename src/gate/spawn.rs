//! Starts the approved process: exactly its arguments, directory, environment and standard input, in a process group
//! of its own.

use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::compose::Observed;
use crate::domain::Untrusted;

/// Starts it.
///
/// # Errors
/// When the system refuses; then nothing ran.
pub(super) fn spawn(observed: &Observed) -> std::io::Result<Child> {
    let exec = &observed.exec;
    let stdin = exec.stdin.as_ref().map(crate::domain::Stdin::bytes).transpose();
    let stdin = stdin.map_err(std::io::Error::other)?;
    let mut command = Command::new(program(observed));
    command
        .arg0(exec.argv.first().map_or("", Untrusted::expose))
        .args(exec.argv.iter().skip(1).map(Untrusted::expose))
        .env_clear()
        .envs(exec.env.iter().map(|var| (var.name.expose(), var.value.expose())))
        .current_dir(exec.cwd.expose())
        .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = command.spawn()?;
    if let (Some(bytes), Some(mut pipe)) = (stdin, child.stdin.take()) {
        tokio::spawn(async move {
            // A command that does not read all of its input is within its rights.
            let _ = pipe.write_all(&bytes).await;
        });
    }
    Ok(child)
}

/// What is handed to `exec`: for a native program the descriptor through which it was digested, so that what runs is
/// what was looked at, whatever the name means by then (`sudo` does the same for commands with a digest). A script
/// goes by its name, because its interpreter opens it again and it may ask for its own name.
fn program(observed: &Observed) -> PathBuf {
    let descriptor = PathBuf::from(format!("/proc/self/fd/{}", observed.program.as_raw_fd()));
    if observed.native && descriptor.exists() { descriptor } else { observed.called.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::compose::observe;
    use super::super::pin::Quit;
    use super::super::request::Request;
    use super::*;

    /// Puts another program in a program's place, as `mv` does.
    fn replace(place: &std::path::Path, with: &str) {
        let other = place.with_extension("other");
        std::fs::copy(with, &other).unwrap();
        std::fs::rename(other, place).unwrap();
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_native_program_put_in_its_place_after_the_look_is_not_run() {
        let dir = tempfile::tempdir().unwrap();
        let tool = dir.path().join("tool");
        let argv = vec!["./tool".to_owned()];
        let request = Request { argv, cwd: dir.path().to_owned(), ..Request::default() };
        replace(&tool, "/bin/true");
        let looked_at = observe(&request, &Quit::default()).unwrap();
        replace(&tool, "/bin/false");
        assert!(spawn(&looked_at).unwrap().wait().await.unwrap().success(), "what was digested runs");
        let anew = observe(&request, &Quit::default()).unwrap();
        assert!(!spawn(&anew).unwrap().wait().await.unwrap().success(), "the control: the other one fails");
    }
}
