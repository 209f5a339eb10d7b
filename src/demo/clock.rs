//! Story time: what the texts of a script mean by a moment, and how long a pause is.
//!
//! The hub's clock is asked once, when the agent signs in; from there a monotonic clock goes on. So a story's log
//! lines stand at the times that its alert says.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Timestamp;

/// How fast a story is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    speed: f64,
}

impl Pace {
    /// `speed` times as fast as written; below 0.1 counts as 0.1, above 1000 as 1000.
    #[must_use]
    pub fn new(speed: f64) -> Self {
        Self { speed: if speed.is_finite() { speed.clamp(0.1, 1000.0) } else { 1.0 } }
    }

    /// A written pause, in milliseconds, as it is waited.
    #[must_use]
    pub fn scaled(self, ms: u64) -> Duration {
        Duration::from_secs_f64(ms as f64 / 1000.0 / self.speed)
    }

    /// Waits a written pause.
    pub async fn wait(self, ms: u64) {
        tokio::time::sleep(self.scaled(ms)).await;
    }
}

/// The hub's clock, read once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    hub: Timestamp,
    read: Instant,
}

impl Clock {
    pub(super) fn read_from(hub: Timestamp) -> Self {
        Self { hub, read: Instant::now() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.hub.plus_millis(i64::try_from(self.read.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// The text with `{{t-24.5}}` as `03:06:06.914` and `{{T-24.5}}` as `2026-11-21T03:06:06.914Z`, both counted in
/// seconds from `zero`.
pub(super) fn filled(text: &str, zero: Timestamp) -> String {
    let mut out = String::with_capacity(text.len());
    for part in Parts(text) {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Place(inner) => match moment(inner, zero) {
                Some(moment) => out.push_str(&moment),
                None => out.extend(["{{", inner, "}}"]),
            },
        }
    }
    out
}

/// The first placeholder of a text that means nothing.
pub(super) fn unknown_placeholder(text: &str) -> Option<&str> {
    Parts(text).find_map(|part| match part {
        Part::Place(inner) if moment(inner, Timestamp::default()).is_none() => Some(inner),
        Part::Place(_) | Part::Text(_) => None,
    })
}

fn moment(inner: &str, zero: Timestamp) -> Option<String> {
    let (form, offset) = inner.split_at_checked(1)?;
    let signed = offset.starts_with(['+', '-']);
    let seconds: f64 = offset.parse().ok().filter(|s: &f64| signed && s.is_finite())?;
    let full = zero.plus_millis((seconds * 1000.0).round() as i64).to_string();
    match form {
        "T" => Some(full),
        "t" => full.get(11..23).map(str::to_owned),
        _ => None,
    }
}

enum Part<'a> {
    Text(&'a str),
    Place(&'a str),
}

/// A text, cut at its placeholders.
struct Parts<'a>(&'a str);

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let place = self.0.find("{{").and_then(|at| self.0[at..].find("}}").map(|len| (at, at + len)));
        let (part, rest) = match place {
            Some((0, end)) => (Part::Place(&self.0[2..end]), &self.0[end + 2..]),
            Some((start, _)) => (Part::Text(&self.0[..start]), &self.0[start..]),
            None => (Part::Text(self.0), ""),
        };
        self.0 = rest;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_text_are_moments_around_the_alert() {
        let zero = Timestamp::from_millis(1_795_192_249_382);
        assert_eq!(filled("a {{t-24.5}} b {{T+1}}", zero), "a 16:30:24.882 b 2026-11-20T16:30:50.382Z");
        assert_eq!(filled("{app=\"x\"} {{ {", zero), "{app=\"x\"} {{ {", "other braces are left alone");
        assert_eq!(unknown_placeholder("{{t-1}} {{T+0}}"), None);
        for bad in ["x{{t}}", "{{24}}", "{{reason}}", "{{t24}}", "{{}}", "{{t-inf}}"] {
            assert!(unknown_placeholder(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_pause_is_divided_by_the_speed_and_never_endless() {
        assert_eq!(Pace::new(4.0).scaled(1000), Duration::from_millis(250));
        assert_eq!(Pace::new(0.0).scaled(100), Duration::from_secs(1));
        assert_eq!(Pace::new(f64::NAN).scaled(1000), Duration::from_secs(1));
    }
}
