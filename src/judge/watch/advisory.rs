//! Between the gates: a word of warning when for some while no standing hypothesis has accounted for the evidence.
//!
//! The score of the best standing hypothesis is smoothed (exponentially weighted moving average, Roberts 1959). It must
//! fall clearly below the threshold before it can warn again, and it never warns twice within ten minutes.

use crate::domain::Timestamp;

/// How much the newest score counts.
const ALPHA: f64 = 0.3;
/// Warn from here on. Fixed on the development runs, where it warns of no run that ends right.
pub const ADVISORY: f64 = 0.3;
/// What must be fallen below before it can warn again.
const CLEAR: f64 = 0.25;
/// Say nothing before so many answers.
const CALLS_MIN: u64 = 4;
/// One an agent in so long, in milliseconds.
const APART_MS: i64 = 10 * 60 * 1000;
/// Warnings that are kept.
pub(super) const KEPT: usize = 64;

/// A warning between the gates.
#[derive(Clone, Debug, PartialEq)]
pub struct Advisory {
    /// The event that brought it.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The smoothed score, 0 to 1.
    pub smoothed: f64,
}

/// The smoothed score and what was said of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    pub(super) smoothed: Option<f64>,
    warned: bool,
    pub(super) given: Vec<Advisory>,
    /// Warnings kept back because one was given shortly before, or because there was no room.
    pub(super) dropped: u64,
}

impl Course {
    pub(super) fn take(&mut self, seq: u64, at: Timestamp, score: f64, answered: u64) {
        let smoothed = self.smoothed.map_or(score, |before| ALPHA * score + (1.0 - ALPHA) * before);
        self.smoothed = Some(smoothed);
        if answered < CALLS_MIN {
            return;
        }
        if smoothed < CLEAR {
            self.warned = false;
        }
        if smoothed < ADVISORY || self.warned {
            return;
        }
        self.warned = true;
        let recent = self.given.last().is_some_and(|last| at.since(last.at) < APART_MS);
        if recent || self.given.len() >= KEPT {
            self.dropped += 1;
        } else {
            self.given.push(Advisory { seq, at, smoothed });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(scores: &[f64], minute: i64) -> Course {
        let mut course = Course::default();
        for (n, score) in scores.iter().enumerate() {
            course.take(n as u64, Timestamp::from_millis(n as i64 * minute * 60_000), *score, n as u64 + 1);
        }
        course
    }

    #[test]
    fn nothing_is_said_before_the_fourth_answer_and_then_once() {
        let given = run(&[0.9; 40], 1).given;
        assert_eq!(given.iter().map(|a| a.seq).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn it_warns_again_only_after_it_cleared_and_not_within_ten_minutes() {
        let wave = |minute| {
            let scores: Vec<f64> = (0..60).map(|n| if n / 15 % 2 == 0 { 0.9 } else { 0.1 }).collect();
            run(&scores, minute)
        };
        assert_eq!(wave(1).given.len(), 2, "the second wave begins half an hour later");
        assert_eq!(wave(0).given.len(), 1);
        assert_eq!(wave(0).dropped, 1, "and what was kept back is counted");
        let edge: Vec<f64> = (0..60).map(|n| if n % 2 == 0 { 0.36 } else { 0.26 }).collect();
        assert_eq!(run(&edge, 30).given.len(), 1, "at the edge it does not flutter");
    }
}
