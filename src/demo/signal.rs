//! The monitor: publishes an alert's value, as a monitoring system would.
//!
//! Its world is the stand-ins' files: when the rollback really ran, the value really falls. It decides by the value
//! alone whether the alert fires, and knows nothing of holds and people.

use std::path::PathBuf;

use super::clock::Pace;
use super::script::Signal;
use super::seat::{Seat, Voice};
use super::stage::runs;
use crate::domain::{AlertState, Result, Sample, Timestamp};
use crate::session::AlertChanged;

/// Readings below the threshold, one after another, until the alert counts as resolved.
const QUIET_READINGS: u32 = 2;

/// An alert's value and how it moves.
#[derive(Clone, Debug)]
struct Course {
    signal: Signal,
    threshold: f64,
    value: f64,
    readings: u32,
    quiet: u32,
    state: AlertState,
}

impl Course {
    fn new(signal: Signal, threshold: f64) -> Self {
        let value = signal.start;
        Self { signal, threshold, value, readings: 0, quiet: 0, state: AlertState::Firing }
    }

    /// The next reading. `ran` tells whether a stand-in left this effect.
    fn reading(&mut self, ran: impl Fn(&str) -> bool) -> f64 {
        let after = self.signal.after.iter().rfind(|after| ran(after.effect.get_ref()));
        let (toward, pull) =
            after.map_or((self.signal.toward, self.signal.pull), |after| (after.toward, after.pull));
        self.value += (toward - self.value) * pull;
        self.readings += 1;
        // Not random: the same story has the same readings.
        let stray = (f64::from(self.readings) * 2.399).sin() * self.signal.wobble;
        ((self.value + stray).max(0.0) * 100.0).round() / 100.0
    }

    /// The alert's state after this reading, where that is news.
    fn judged(&mut self, reading: f64) -> Option<AlertState> {
        self.quiet = if reading < self.threshold { self.quiet + 1 } else { 0 };
        let state = match self.state {
            AlertState::Firing if self.quiet >= QUIET_READINGS => AlertState::Resolved,
            AlertState::Resolved if self.quiet == 0 => AlertState::Firing,
            AlertState::Firing | AlertState::Resolved | AlertState::Silenced => self.state,
        };
        let news = state != self.state;
        self.state = state;
        news.then_some(state)
    }
}

/// Publishes readings for ever: those from before the story at once, then one after another.
pub(super) async fn watch(
    seat: Seat,
    mut voice: Voice,
    signal: Signal,
    threshold: f64,
    effects: PathBuf,
    pace: Pace,
) -> Result<()> {
    let (past, step_ms) = (signal.past_readings, i64::from(signal.past_every_s) * 1000);
    let every_ms = signal.every_ms;
    let mut course = Course::new(signal, threshold);
    let now = seat.clock.now();
    // The alert has fired already: that it was once below its threshold is not news.
    let earlier = (0..past).map(|nth| {
        let at = now.plus_millis(-step_ms * i64::from(past - nth));
        changed(at, course.reading(|_| false), None).into()
    });
    voice.publish(earlier.collect()).await?;
    loop {
        pace.wait(every_ms).await;
        let value = course.reading(|effect| runs(&effects, effect) > 0);
        let state = course.judged(value);
        voice.say(changed(seat.clock.now(), value, state)).await?;
    }
}

fn changed(at: Timestamp, value: f64, state: Option<AlertState>) -> AlertChanged {
    AlertChanged { sample: Some(Sample { at, value }), state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::script::{STORY, parse};

    #[test]
    fn the_alert_clears_once_the_rollback_ran_and_not_before() {
        let script = parse("story", STORY).unwrap();
        let incident = &script.incidents[0];
        let mut course = Course::new(incident.signal.clone().unwrap(), incident.alert.threshold);
        let mut play = |times: u32, effect: &str| {
            let states = (0..times).filter_map(|_| {
                let reading = course.reading(|ran| ran == effect);
                course.judged(reading)
            });
            (states.collect::<Vec<_>>(), course.value.round())
        };
        play(40, "");
        assert_eq!(play(60, ""), (vec![], 13.0), "it goes on firing");
        assert_eq!(play(60, "cart-redis-deleted"), (vec![], 15.0), "a cold cache makes it worse");
        assert_eq!(play(60, "checkout-rolled-back"), (vec![AlertState::Resolved], 0.0));
        assert_eq!(play(60, ""), (vec![AlertState::Firing], 12.0), "and fires again when it comes back");
    }
}
