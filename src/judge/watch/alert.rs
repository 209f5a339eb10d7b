//! The alert's side: who alerts, whether they were looked at, at which time, and whether a target has to do with it.

use std::collections::BTreeSet;

use crate::domain::{Alert, Timestamp};

use super::names::{Entity, Names};
use super::words::words;

/// Labels whose value names who alerts, also when it is no known name.
const NAMING: &[&str] =
    &["service", "app", "job", "deployment", "pod", "instance", "container", "statefulset", "node"];

/// What the alert says about where and when.
#[derive(Clone, Debug, Default)]
pub(super) struct AlertSide {
    pub(super) entities: BTreeSet<Entity>,
    pub(super) starts_at: Option<Timestamp>,
    /// The times that calls asked about: from the earliest to the latest named.
    pub(super) looked: Option<(Timestamp, Timestamp)>,
}

impl AlertSide {
    /// Takes in an alert; its names become known.
    pub(super) fn observe(&mut self, alert: &Alert, names: &mut Names) {
        self.starts_at = alert.starts_at;
        let naming = alert.labels.iter().filter(|(label, _)| NAMING.contains(&label.expose()));
        for name in alert.service.iter().chain(naming.map(|(_, value)| value)) {
            let host = name.expose().split(':').next().unwrap_or_default();
            let known = names.word(host).or_else(|| names.add(super::words::workload(host).unwrap_or(host)));
            self.entities.extend(known);
        }
        for value in alert.labels.values() {
            self.entities.extend(names.find(value.expose()));
        }
    }

    /// Notes the times that a call's input names.
    pub(super) fn ask(&mut self, input: &str) {
        // A time in RFC 3339 is cut at its colons as words are; its parts are put together again.
        for at in times(input) {
            let (from, to) = self.looked.unwrap_or((at, at));
            self.looked = Some((from.min(at), to.max(at)));
        }
    }

    /// Whether every time that was asked about lies on one side of the alert's beginning.
    pub(super) fn misses_beginning(&self) -> Option<(Timestamp, Timestamp, Timestamp)> {
        let (starts, (from, to)) = (self.starts_at?, self.looked?);
        (to < starts || from > starts).then_some((from, to, starts))
    }
}

/// The times in RFC 3339 that a text names.
fn times(text: &str) -> impl Iterator<Item = Timestamp> + '_ {
    words(text).filter_map(|word| {
        let text = word.text.as_bytes();
        let is_date = text.len() >= 13 && text[4] == b'-' && text[7] == b'-' && text[10] == b'T';
        if !is_date {
            return None;
        }
        let rest = word.rest.strip_prefix(':')?;
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !":.+-".contains(c)).unwrap_or(rest.len());
        format!("{}:{}", word.text, &rest[..end]).parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_an_input_are_read() {
        let input = "--since-time=2026-02-03T04:05:06Z end=\"2026-02-03T05:00:00.5+01:00\" 2026-02-03";
        let found: Vec<String> = times(input).map(|at| at.to_string()).collect();
        assert_eq!(found, ["2026-02-03T04:05:06.000Z", "2026-02-03T04:00:00.500Z"]);
    }

    #[test]
    fn a_window_that_leaves_the_beginning_out_is_told() {
        let start: Timestamp = "2026-02-03T04:00:00Z".parse().unwrap();
        let mut side = AlertSide { starts_at: Some(start), ..AlertSide::default() };
        assert!(side.misses_beginning().is_none(), "nobody asked about a time");
        side.ask("2026-02-03T01:00:00Z");
        assert!(side.misses_beginning().is_some());
        side.ask("2026-02-03T05:00:00Z");
        assert!(side.misses_beginning().is_none());
    }
}
