//! Where facts come from: a hub's link, or a recording that is played.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::cockpit::event::What;
use crate::domain::Timestamp;
use crate::link::Notice;
use crate::session::Event as Fact;

/// Events of a recording that are taken as one piece when they are due together.
const PIECE_MAX: usize = 512;
/// A silence in a recording is not longer than this on screen, in milliseconds of the recording.
const SILENCE_MAX_MS: i64 = 10 * 60 * 1000;

/// Where facts come from.
pub(super) enum Source {
    /// A hub.
    Hub(mpsc::Receiver<Notice>),
    /// A recording.
    Recording(Tape),
}

/// A recording being played.
pub(super) struct Tape {
    events: VecDeque<Arc<Fact>>,
    speed: f64,
    /// The recording's time at `shown_at`.
    at: Timestamp,
    shown_at: Instant,
}

impl Source {
    /// Plays these events from their first; `speed` times as fast as they happened.
    pub(super) fn recording(events: Vec<Fact>, speed: f64) -> Self {
        let at = events.first().map(|event| event.at).unwrap_or_default();
        let events = events.into_iter().map(Arc::new).collect();
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self::Recording(Tape { events, speed, at, shown_at: Instant::now() })
    }

    /// Waits for the next facts. Safe to drop and call again.
    pub(super) async fn next(&mut self) -> What {
        match self {
            Self::Hub(notices) => match notices.recv().await {
                Some(notice) => What::Notice(notice),
                // The link's task ends only after it said why.
                None => std::future::pending().await,
            },
            Self::Recording(tape) => tape.next().await,
        }
    }

    /// What is there without waiting.
    pub(super) fn ready(&mut self) -> Option<What> {
        match self {
            Self::Hub(notices) => notices.try_recv().ok().map(What::Notice),
            Self::Recording(_) => None,
        }
    }

    /// The recording's clock; absent where the machine's counts.
    pub(super) fn wall(&self) -> Option<Timestamp> {
        match self {
            Self::Hub(_) => None,
            Self::Recording(tape) => Some(tape.now()),
        }
    }
}

impl Tape {
    fn now(&self) -> Timestamp {
        if self.events.is_empty() {
            return self.at;
        }
        let passed = self.shown_at.elapsed().as_millis() as f64 * self.speed;
        self.at.plus_millis(passed as i64)
    }

    async fn next(&mut self) -> What {
        let Some(first) = self.events.front() else { return std::future::pending().await };
        let gap = first.at.since(self.at).clamp(0, SILENCE_MAX_MS) as f64 / self.speed;
        sleep_until(self.shown_at + Duration::from_millis(gap as u64)).await;
        self.at = first.at;
        self.shown_at = Instant::now();
        let mut piece = Vec::new();
        while piece.len() < PIECE_MAX
            && let Some(event) = self.events.front().filter(|event| event.at <= self.at)
        {
            piece.push(Arc::clone(event));
            self.events.pop_front();
        }
        What::Replayed(piece)
    }
}
