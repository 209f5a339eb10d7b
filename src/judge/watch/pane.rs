//! What the drift pane draws: a row an entity, a column a call, and the course of support over time. All bounded.

use crate::domain::{CallId, Timestamp, Untrusted};

use super::Watch;
use super::names::Entity;

/// Points that are kept of the course; when they are full, every second one goes.
const POINTS_MAX: usize = 512;

/// One answered call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Which.
    pub call: CallId,
    /// When it was answered.
    pub at: Timestamp,
    /// Whether it failed or came back with nothing.
    pub blind: bool,
}

/// What one call says about one entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The call was about it.
    pub examined: bool,
    /// An error line of the answer speaks of it.
    pub errors: bool,
}

/// One entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: Untrusted,
    /// Distinct error templates that speak of it.
    pub templates: usize,
    /// Calls about it.
    pub examined: u32,
    /// Whether the leading hypothesis names it.
    pub named: bool,
    /// Whether it alerts.
    pub alerting: bool,
    /// One a column, in the order of [`Watch::columns`].
    pub marks: Vec<Mark>,
}

/// Support at one moment; all figures are rival scores, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The event.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Of the leading hypothesis.
    pub leading: Option<f64>,
    /// Of the best hypothesis that stands.
    pub best: Option<f64>,
    /// The latter, smoothed.
    pub smoothed: Option<f64>,
}

/// The scores now, and their course.
#[derive(Clone, Debug, Default)]
pub(super) struct Support {
    pub(super) leading: Option<f64>,
    pub(super) best: Option<f64>,
    points: Vec<Point>,
    every: u64,
    skipped: u64,
}

impl Support {
    pub(super) fn add(&mut self, seq: u64, at: Timestamp, smoothed: Option<f64>) {
        self.every = self.every.max(1);
        self.skipped += 1;
        if self.skipped < self.every {
            return;
        }
        self.skipped = 0;
        self.points.push(Point { seq, at, leading: self.leading, best: self.best, smoothed });
        if self.points.len() >= POINTS_MAX {
            let mut odd = false;
            self.points.retain(|_| {
                odd = !odd;
                odd
            });
            self.every *= 2;
        }
    }
}

impl Watch {
    /// The last answered calls, oldest first; at most [`COLUMNS_MAX`](super::COLUMNS_MAX).
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Column> + '_ {
        let column = |answered: &super::calls::Answered| Column {
            call: answered.call.clone(),
            at: answered.at,
            blind: answered.blind,
        };
        self.calls.columns.iter().map(column)
    }

    /// The entities that matter, at most `limit`: what is named, what alerts, then by errors and by calls.
    pub fn rows(&self, limit: usize) -> Vec<Row> {
        let leading = self.hypotheses.leading().map(|held| held.named.as_slice()).unwrap_or_default();
        let mut entities: Vec<Entity> = self.ledger.tallies().map(|(entity, _)| entity).collect();
        entities.extend(leading);
        entities.extend(&self.alert.entities);
        entities.sort_unstable();
        entities.dedup();
        entities.sort_by_key(|entity| {
            let (templates, examined) = (self.ledger.templates(*entity), self.ledger.examined(*entity));
            let (named, alerts) = (leading.contains(entity), self.alert.entities.contains(entity));
            std::cmp::Reverse((named, alerts, templates, examined))
        });
        let row = |entity: Entity| Row {
            name: self.names.name(entity),
            templates: self.ledger.templates(entity),
            examined: self.ledger.examined(entity),
            named: leading.contains(&entity),
            alerting: self.alert.entities.contains(&entity),
            marks: self
                .calls
                .columns
                .iter()
                .map(|call| Mark {
                    examined: call.targets.contains(&entity),
                    errors: call.named.contains(&entity),
                })
                .collect(),
        };
        entities.into_iter().take(limit).map(row).collect()
    }

    /// The course of support, oldest first; thinned out evenly when it grows long.
    pub fn course(&self) -> &[Point] {
        &self.support.points
    }
}
