//! Points at which a test kills the process, to see what is left of it. Compiled to nothing without the feature
//! `failpoints`, which no release has.

/// Kills this process with SIGKILL when the environment asks for it here: `HOLDPOINT_FAILPOINT=name`, or `name:N` for
/// the Nth time that it comes by.
#[cfg(feature = "failpoints")]
pub fn hit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static SEEN: AtomicU64 = AtomicU64::new(0);

    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("HOLDPOINT_FAILPOINT").ok()?;
        match text.split_once(':') {
            Some((point, times)) => Some((point.to_owned(), times.parse().ok()?)),
            None => Some((text, 1)),
        }
    });
    if let Some((point, times)) = wanted
        && point == name
        && SEEN.fetch_add(1, Ordering::SeqCst) + 1 == *times
    {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // The signal is on its way; nothing behind this point may happen.
        loop {
            std::thread::park();
        }
    }
}

/// Nothing: this build has no such points.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn hit(_name: &str) {}

/// Whether a test wants this known defect (`HOLDPOINT_MUTANT=name`), to show that its suite would notice.
#[cfg(feature = "failpoints")]
pub fn mutant(name: &str) -> bool {
    std::env::var("HOLDPOINT_MUTANT").is_ok_and(|wanted| wanted == name)
}

/// No: this build has no such defects.
#[cfg(not(feature = "failpoints"))]
#[inline]
#[must_use]
pub fn mutant(_name: &str) -> bool {
    false
}
