//! Every mark that the cockpit draws, each with an ASCII twin of the same width.
//!
//! One mark, one meaning; a mark never stands without its word.

/// A mark, or a piece of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Glyph {
    /// The link to the hub is up.
    Live,
    /// The link is silent or cut; what is shown may be old.
    Stale,
    /// A hold waits for a person.
    Waiting,
    /// The leading hypothesis is contested.
    Contested,
    /// A citation found in the tool's output.
    Quoted,
    /// A citation found nowhere.
    NotFound,
    /// Evidence against the hypothesis.
    Against,
    /// Approved.
    Approved,
    /// Denied.
    Denied,
    /// Stopped by a person.
    Stopped,
    /// Expired: nobody decided in time.
    Expired,
    /// Withdrawn by who proposed it.
    Withdrawn,
    /// Replaced by a newer revision.
    Superseded,
    /// Answered on another screen.
    Elsewhere,
    /// It cannot be said what happened.
    Unknown,
    /// An agent at work.
    Running,
    /// A session without any evidence yet.
    NoEvidence,
    /// The original signal is being watched after an action.
    Verify,
    /// The row under the cursor.
    Pointer,
    /// The side of a row that waits or is cited.
    Edge,
    /// A branch of a tree.
    Hop,
    /// The last branch of a tree.
    HopLast,
    /// Something is worse than it was said to be.
    Warning,
    /// A cut.
    Ellipsis,
    /// Between two facts on a line.
    Dot,
    /// From one value to another.
    Arrow,
    /// Nothing there.
    Dash,
    /// About.
    Approx,
    /// Opens a quotation of an agent.
    QuoteOpen,
    /// Closes it.
    QuoteClose,
    /// The threshold in a sparkline.
    Threshold,
    /// A moment in a chart.
    Moment,
    /// A full bar cell.
    Bar,
    /// Where typed text goes.
    Caret,
    /// Thin horizontal line.
    Rule,
    /// Thin vertical line.
    RuleSide,
    /// The pane that has the keys.
    Focus,
    /// A line that was only folded goes on here.
    Continued,
    /// Thin line, from which one goes down.
    RuleDown,
    /// Thin line, from which one goes up.
    RuleUp,
    /// Thin upright line, from which one goes right.
    RuleRight,
    /// Thin upright line, from which one goes left.
    RuleLeft,
    /// Thin crossing.
    RuleCross,
    /// The decision sheet's horizontal border.
    Sheet,
    /// The decision sheet's vertical border.
    SheetSide,
    /// Top left corner of the decision sheet.
    SheetTopLeft,
    /// Top right corner of the decision sheet.
    SheetTopRight,
    /// Bottom left corner of the decision sheet.
    SheetBottomLeft,
    /// Bottom right corner of the decision sheet.
    SheetBottomRight,
}

impl Glyph {
    /// The mark and its ASCII twin.
    pub(super) const fn pair(self) -> (&'static str, &'static str) {
        match self {
            Self::Live => ("●", "*"),
            Self::Stale => ("○", "o"),
            Self::Waiting => ("◷", "w"),
            Self::Contested => ("◆", "#"),
            Self::Quoted | Self::QuoteOpen => ("“", "\""),
            Self::QuoteClose => ("”", "\""),
            Self::NotFound => ("?", "?"),
            Self::Against => ("↯", "/"),
            Self::Approved => ("✔", "+"),
            Self::Denied => ("✗", "x"),
            Self::Stopped => ("■", "="),
            Self::Expired => ("∅", "0"),
            Self::Withdrawn => ("↩", "<"),
            Self::Superseded => ("»", "&"),
            Self::Elsewhere => ("↗", "^"),
            Self::Unknown => ("◇", "u"),
            Self::Running => ("·", "."),
            Self::NoEvidence => ("◌", ","),
            Self::Verify => ("↻", "@"),
            Self::Pointer => ("▸", ">"),
            Self::Edge => ("▌", "|"),
            Self::Hop => ("├", "|"),
            Self::HopLast => ("└", "`"),
            Self::Warning => ("▲", "!"),
            Self::Ellipsis => ("…", "~"),
            Self::Dot => ("·", "-"),
            Self::Arrow => ("→", ">"),
            Self::Dash => ("—", "-"),
            Self::Approx => ("≈", "~"),
            Self::Threshold => ("┈", "."),
            Self::Moment => ("┊", ":"),
            Self::Bar => ("█", "#"),
            Self::Caret => ("▏", "_"),
            Self::Rule => ("─", "-"),
            Self::RuleSide => ("│", "|"),
            Self::Focus => ("◂", "<"),
            Self::Continued => ("↳", "+"),
            Self::RuleDown => ("┬", "+"),
            Self::RuleUp => ("┴", "+"),
            Self::RuleRight => ("├", "+"),
            Self::RuleLeft => ("┤", "+"),
            Self::RuleCross => ("┼", "+"),
            Self::Sheet => ("═", "="),
            Self::SheetSide => ("║", "H"),
            Self::SheetTopLeft => ("╔", "#"),
            Self::SheetTopRight => ("╗", "#"),
            Self::SheetBottomLeft => ("╚", "#"),
            Self::SheetBottomRight => ("╝", "#"),
        }
    }

    /// The marks that stand for a state: no two of them look alike, in either alphabet.
    pub const STATES: [Self; 21] = [
        Self::Live,
        Self::Stale,
        Self::Waiting,
        Self::Contested,
        Self::Quoted,
        Self::NotFound,
        Self::Against,
        Self::Approved,
        Self::Denied,
        Self::Stopped,
        Self::Expired,
        Self::Withdrawn,
        Self::Superseded,
        Self::Elsewhere,
        Self::Unknown,
        Self::Running,
        Self::NoEvidence,
        Self::Verify,
        Self::Pointer,
        Self::Edge,
        Self::Warning,
    ];
}

/// A column of a sparkline: 0 is empty, 8 is full.
pub(super) const SPARK: [(&str, &str); 9] = [
    (" ", " "),
    ("▁", "_"),
    ("▂", "."),
    ("▃", "-"),
    ("▄", "="),
    ("▅", "+"),
    ("▆", "*"),
    ("▇", "%"),
    ("█", "#"),
];

/// A bar cell filled from the left: 0 is empty, 8 is full.
pub(super) const BAR: [(&str, &str); 9] = [
    (" ", " "),
    ("▏", " "),
    ("▎", " "),
    ("▍", " "),
    ("▌", "#"),
    ("▋", "#"),
    ("▊", "#"),
    ("▉", "#"),
    ("█", "#"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ratatui::buffer::CellWidth as _;

    use super::*;

    #[test]
    fn every_mark_is_one_cell_and_every_twin_is_ascii() {
        let pairs = Glyph::STATES.map(Glyph::pair);
        for (mark, twin) in pairs.iter().chain(&SPARK).chain(&BAR) {
            assert_eq!((mark.cell_width(), twin.cell_width()), (1, 1), "{mark} {twin}");
            assert!(twin.is_ascii(), "{mark}");
        }
    }

    #[test]
    fn no_two_states_look_alike_in_either_alphabet() {
        let marks: BTreeSet<_> = Glyph::STATES.iter().map(|g| g.pair().0).collect();
        let twins: BTreeSet<_> = Glyph::STATES.iter().map(|g| g.pair().1).collect();
        assert_eq!((marks.len(), twins.len()), (Glyph::STATES.len(), Glyph::STATES.len()));
    }
}
