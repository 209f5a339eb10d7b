//! How much of a text was on screen: a set of ranges that only grows.

use std::ops::Range;

/// Which units of a text were shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Disjoint, rising, not touching.
    ranges: Vec<Range<u32>>,
    /// The text's length; absent until a frame has told it.
    units: Option<u32>,
}

impl Seen {
    /// Takes in what a frame showed.
    pub(crate) fn add(&mut self, units: u32, shown: &[Range<u32>]) {
        if self.units.is_some_and(|before| before != units) {
            self.ranges.clear();
        }
        self.units = Some(units);
        self.ranges.extend(shown.iter().filter(|range| range.start < range.end).cloned());
        self.ranges.sort_by_key(|range| range.start);
        let mut merged: Vec<Range<u32>> = Vec::with_capacity(self.ranges.len());
        for range in self.ranges.drain(..) {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                Some(_) | None => merged.push(range),
            }
        }
        self.ranges = merged;
    }

    /// Whether all of it was shown. Nothing is whole before a frame told its length.
    pub(crate) fn is_whole(&self) -> bool {
        self.units.is_some_and(|units| self.ranges.first() == Some(&(0..units)))
    }

    /// Percent of it that was shown.
    pub(crate) fn percent(&self) -> u32 {
        let Some(units) = self.units.filter(|units| *units > 0) else { return 0 };
        let shown: u32 = self.ranges.iter().map(|range| range.end - range.start).sum();
        (u64::from(shown) * 100 / u64::from(units)).min(100) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_whole_when_its_pieces_meet_and_not_before() {
        let mut seen = Seen::default();
        assert!(!seen.is_whole());
        seen.add(10, &[0..4, 7..10]);
        assert!(!seen.is_whole(), "the middle was never shown");
        assert_eq!(seen.percent(), 70);
        seen.add(10, std::slice::from_ref(&(4..7)));
        assert!(seen.is_whole());
        seen.add(12, &[]);
        assert!(!seen.is_whole(), "another length is another text");
    }
}
