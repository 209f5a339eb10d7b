//! What a file was when it was digested, and whether it still is that.
//!
//! A digest takes as long as the file is large; this is what is left to be asked in the instant before the start: does
//! the name still mean that inode, and has nobody written to it. The inode is held open meanwhile, so that its number
//! cannot become another file's. A change that leaves all of this as it was (through a mapping that was dirty before,
//! or by who may set the clock) is not seen; `docs/gate.md` says so.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::domain::Untrusted;

/// Kernels before 6.13 stamp changes with the time of their last tick, up to 10 ms ago: of two changes within one tick
/// the second leaves no trace. A file is digested only when its last change is longer ago than this.
const TICK: Duration = Duration::from_millis(20);

/// A file's content by what the file system says of it: the same as long as nobody writes to it or replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    dev: u64,
    ino: u64,
    size: u64,
    /// Seconds and nanoseconds of the last write.
    modified: (i64, i64),
    /// Seconds and nanoseconds of the last change of content, owner, mode or links; nobody can set it.
    changed: (i64, i64),
}

impl From<&Metadata> for Identity {
    fn from(meta: &Metadata) -> Self {
        Self {
            dev: meta.dev(),
            ino: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// A directory: its entries may change, so only which one it is counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    path: Untrusted,
    dev: u64,
    ino: u64,
}

impl Place {
    /// The directory that is called `path` on the sheet.
    pub(super) fn new(path: Untrusted, meta: &Metadata) -> Self {
        Self { path, dev: meta.dev(), ino: meta.ino() }
    }

    /// One sentence when its path means another directory now.
    pub(super) fn changed(&self) -> Option<Untrusted> {
        let now = Path::new(self.path.expose()).metadata().ok();
        let same = now.is_some_and(|now| (now.dev(), now.ino()) == (self.dev, self.ino));
        (!same).then(|| format!("the directory {} is another one", self.path.expose()).into())
    }
}

/// A file that was digested, and the names by which the command will find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Witness {
    /// How a sentence calls it.
    called: String,
    /// Absolute, or from the working directory.
    names: Vec<String>,
    identity: Identity,
}

impl Witness {
    /// Of an open file, before it is digested. May wait some milliseconds, see [`TICK`].
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn of(file: &File, called: String, name: String) -> std::io::Result<Self> {
        let mut meta = file.metadata()?;
        if let Some(wait) = unsettled(&meta, SystemTime::now()) {
            std::thread::sleep(wait);
            meta = file.metadata()?;
        }
        Ok(Self { called, names: vec![name], identity: Identity::from(&meta) })
    }

    /// Adds another name of the same file.
    pub(super) fn also(&mut self, name: &str) {
        self.names.push(name.to_owned());
    }

    /// One sentence when one of its names means something else now, or its content was written to.
    pub(super) fn changed(&self) -> Option<Untrusted> {
        let now = |name: &String| Path::new(name).metadata().ok().map(|meta| Identity::from(&meta));
        let same = self.names.iter().all(|name| now(name) == Some(self.identity));
        (!same).then(|| format!("{} was changed or replaced while it was looked at", self.called).into())
    }

    /// Whether the file behind this descriptor was written to.
    pub(super) fn written(&self, file: &File) -> bool {
        file.metadata().ok().is_none_or(|meta| Identity::from(&meta) != self.identity)
    }
}

/// How long until a further change would leave a trace.
fn unsettled(meta: &Metadata, now: SystemTime) -> Option<Duration> {
    let changed = Duration::new(meta.ctime().try_into().ok()?, meta.ctime_nsec().try_into().ok()?);
    // A change in the future is by a clock that was set back; waiting for it would be waiting for ever.
    let age = now.duration_since(SystemTime::UNIX_EPOCH + changed).ok()?;
    TICK.checked_sub(age).filter(|rest| !rest.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::{Seek as _, Write as _};

    #[test]
    fn each_way_to_other_bytes_is_seen_and_reading_is_not_one() {
        type Change = (&'static str, fn(&Path), bool);
        let changes: [Change; 6] = [
            ("read", |file| drop(fs::read(file).unwrap()), false),
            ("replaced", |file| fs::rename(file.with_extension("other"), file).unwrap(), true),
            ("removed", |file| fs::remove_file(file).unwrap(), true),
            ("shortened", |file| File::options().write(true).open(file).unwrap().set_len(1).unwrap(), true),
            ("same length", |file| fs::write(file, "evil").unwrap(), true),
            (
                "same length, time set back",
                |file| {
                    let then = file.metadata().unwrap().modified().unwrap();
                    let mut open = File::options().write(true).open(file).unwrap();
                    open.rewind().unwrap();
                    open.write_all(b"evil").unwrap();
                    open.set_modified(then).unwrap();
                },
                true,
            ),
        ];
        for (name, change, seen) in changes {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("file");
            fs::write(&file, "good").unwrap();
            fs::write(file.with_extension("other"), "evil").unwrap();
            let open = File::open(&file).unwrap();
            let path = file.to_str().unwrap();
            let witness = Witness::of(&open, "it".into(), path.into()).unwrap();
            assert_eq!(witness.changed(), None);
            change(&file);
            assert_eq!(witness.changed().is_some(), seen, "{name}");
        }
    }

    #[test]
    fn a_file_that_was_changed_just_now_is_left_to_settle_and_an_old_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let meta = File::create(dir.path().join("file")).unwrap().metadata().unwrap();
        let changed = SystemTime::UNIX_EPOCH + Duration::new(meta.ctime() as u64, meta.ctime_nsec() as u32);
        let millis = Duration::from_millis;
        assert_eq!(unsettled(&meta, changed + millis(5)), Some(millis(15)));
        assert_eq!(unsettled(&meta, changed + millis(20)), None);
        assert_eq!(unsettled(&meta, changed - millis(5)), None, "the clock was set back");
    }

    #[test]
    fn a_directory_is_the_same_whatever_is_put_into_it_and_another_under_its_name_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (work, other) = (dir.path().join("work"), dir.path().join("other"));
        fs::create_dir(&work).unwrap();
        let place = Place::new(work.to_str().unwrap().into(), &work.metadata().unwrap());
        fs::write(work.join("new"), "").unwrap();
        assert_eq!(place.changed(), None);
        fs::rename(&work, &other).unwrap();
        assert!(place.changed().is_some(), "gone");
        fs::create_dir(&work).unwrap();
        assert!(place.changed().is_some(), "another one");
    }
}
