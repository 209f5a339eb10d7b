//! The stop ladder of a running command: what to do when, without doing it.
//!
//! Level 1 leaves the command alone and says so. Level 2 interrupts it and, after ten seconds, asks it to terminate.
//! Level 3 kills it, and what it forks meanwhile, for as long as anything is left. From level 2 on the run is over only
//! when nothing of the command lives any more.

use std::time::Duration;

use tokio::time::Instant;

/// From interrupt to terminate.
pub(super) const TERM_AFTER: Duration = Duration::from_secs(10);
/// From terminate to saying that it did not help; it goes on until a third stop kills.
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_secs(20);

/// From the first kill to saying that it did not help; the killing goes on.
pub(super) const KILL_HELPS_WITHIN: Duration = Duration::from_secs(5);

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Say that it goes on.
    Leave,
    /// `SIGINT`.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
    /// `SIGKILL`.
    Kill,
    /// `SIGKILL` again, to what was forked meanwhile.
    KillAgain,
    /// Say that it still lives.
    Survives,
    /// Say that it still lives, although it is being killed.
    Undying,
}

/// How far the stop is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ladder {
    level: u8,
    interrupted_at: Option<Instant>,
    killed_at: Option<Instant>,
    terminated: bool,
    told_survival: bool,
}

impl Ladder {
    /// Takes in the level that was asked for; answers with what that calls for, once a level.
    pub(super) fn ask(&mut self, level: u8, now: Instant) -> Option<Step> {
        if level <= self.level {
            return None;
        }
        self.level = level;
        match level {
            1 => Some(Step::Leave),
            2 => {
                self.interrupted_at = Some(now);
                Some(Step::Interrupt)
            }
            _ => {
                (self.killed_at, self.told_survival) = (Some(now), false);
                Some(Step::Kill)
            }
        }
    }

    /// What the time calls for, as long as something lives.
    pub(super) fn tick(&mut self, now: Instant) -> Option<Step> {
        if let Some(killed_at) = self.killed_at {
            let late = now.saturating_duration_since(killed_at) >= KILL_HELPS_WITHIN;
            let news = late && !self.told_survival;
            self.told_survival |= late;
            return Some(if news { Step::Undying } else { Step::KillAgain });
        }
        let since = now.saturating_duration_since(self.interrupted_at.filter(|_| self.level == 2)?);
        if since >= TERM_AFTER && !std::mem::replace(&mut self.terminated, since >= TERM_AFTER) {
            return Some(Step::Terminate);
        }
        let late = since >= GIVE_UP_AFTER;
        (late && !std::mem::replace(&mut self.told_survival, late)).then_some(Step::Survives)
    }

    /// Whether the whole family has to be gone before the run is over.
    pub(super) fn wants_all_dead(&self) -> bool {
        self.level >= 2
    }

    /// The level that was asked for; 0 without a stop.
    pub(super) fn level(&self) -> u8 {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rung_is_taken_once_and_in_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut ladder = Ladder::default();
        assert_eq!(ladder.tick(at(0)), None);
        assert_eq!((ladder.ask(1, at(0)), ladder.ask(1, at(1))), (Some(Step::Leave), None));
        assert!(!ladder.wants_all_dead());
        assert_eq!((ladder.tick(at(100)), ladder.ask(2, at(100))), (None, Some(Step::Interrupt)));
        assert!(ladder.wants_all_dead());
        assert_eq!(
            (ladder.tick(at(109)), ladder.tick(at(110)), ladder.tick(at(111))),
            (None, Some(Step::Terminate), None)
        );
        assert_eq!((ladder.tick(at(120)), ladder.tick(at(121))), (Some(Step::Survives), None));
        assert_eq!(
            (ladder.ask(3, at(130)), ladder.ask(3, at(131)), ladder.ask(1, at(132))),
            (Some(Step::Kill), None, None)
        );
        // A single kill misses what is forked while it is carried out.
        assert_eq!(
            (ladder.tick(at(131)), ladder.tick(at(134))),
            (Some(Step::KillAgain), Some(Step::KillAgain))
        );
        assert_eq!(
            (ladder.tick(at(135)), ladder.tick(at(136))),
            (Some(Step::Undying), Some(Step::KillAgain))
        );
    }
}
