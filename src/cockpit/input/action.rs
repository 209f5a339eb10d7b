//! What a person can want, and where.

use serde::Deserialize;
use serde::de::Error as _;

/// An intent. Whether it is possible right now is the model's to say; a disabled one tells its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The row above.
    Up,
    /// The row below.
    Down,
    /// A screen back.
    PageUp,
    /// A screen on.
    PageDown,
    /// The first row.
    Top,
    /// The last row.
    Bottom,
    /// Open what is under the cursor.
    Open,
    /// Leave this view; decides nothing.
    Back,
    /// Begin to approve. Nothing is approved by this key alone.
    Approve,
    /// Approve, after [`Action::Approve`].
    Confirm,
    /// Begin to deny: opens the reason line.
    Deny,
    /// Stop the investigation and what it runs.
    Stop,
    /// Ask the agent for evidence.
    AskEvidence,
    /// Write a note to the record.
    Note,
    /// Send what was typed.
    Submit,
    /// The next pane.
    NextPane,
    /// The pane before.
    PrevPane,
    /// The pane of this number: 0 queue, 1 hypotheses, 2 evidence, 3 timeline, 4 drift.
    Pane(u8),
    /// Search in the pane.
    Search,
    /// Look where a colleague looks.
    Follow,
    /// "I have looked": ends being unattended.
    Review,
    /// Copy what is under the cursor.
    Copy,
    /// The whole source of a citation.
    Source,
    /// The next citation.
    NextCitation,
    /// The citation before.
    PrevCitation,
    /// The keys of this view.
    Help,
    /// Draw everything anew.
    Redraw,
    /// Back to the shell, to come back with `fg`.
    Suspend,
    /// Leave the cockpit. Holds go on waiting.
    Quit,
}

/// How much care a key's effect asks of the [`super::Guard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Moves or shows something.
    Light,
    /// Stops something: at once, but once.
    Stop,
    /// Decides, or begins to.
    Deciding,
}

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// The queue and a session's panes.
    Main,
    /// The decision sheet, read.
    Sheet,
    /// The decision sheet, after the first key of an approval.
    Approving,
    /// A line that takes text: every printable key is text.
    Field,
    /// A source, whole.
    Source,
    /// The help sheet.
    Help,
}

/// Every action with its name in a keymap file.
const NAMES: [(Action, &str); 33] = [
    (Action::Up, "up"),
    (Action::Down, "down"),
    (Action::PageUp, "page-up"),
    (Action::PageDown, "page-down"),
    (Action::Top, "top"),
    (Action::Bottom, "bottom"),
    (Action::Open, "open"),
    (Action::Back, "back"),
    (Action::Approve, "approve"),
    (Action::Confirm, "confirm"),
    (Action::Deny, "deny"),
    (Action::Stop, "stop"),
    (Action::AskEvidence, "ask-evidence"),
    (Action::Note, "note"),
    (Action::Submit, "submit"),
    (Action::NextPane, "next-pane"),
    (Action::PrevPane, "previous-pane"),
    (Action::Pane(0), "pane-0"),
    (Action::Pane(1), "pane-1"),
    (Action::Pane(2), "pane-2"),
    (Action::Pane(3), "pane-3"),
    (Action::Pane(4), "pane-4"),
    (Action::Search, "search"),
    (Action::Follow, "follow"),
    (Action::Review, "review"),
    (Action::Copy, "copy"),
    (Action::Source, "source"),
    (Action::NextCitation, "next-citation"),
    (Action::PrevCitation, "previous-citation"),
    (Action::Help, "help"),
    (Action::Redraw, "redraw"),
    (Action::Suspend, "suspend"),
    (Action::Quit, "quit"),
];

impl Action {
    /// Its name in a keymap file.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(action, _)| *action == self).map_or("", |(_, name)| name)
    }

    /// How much care its key asks for.
    #[must_use]
    pub fn weight(self) -> Weight {
        match self {
            Self::Stop => Weight::Stop,
            Self::Approve | Self::Confirm | Self::Deny | Self::Submit => Weight::Deciding,
            Self::Up
            | Self::Down
            | Self::PageUp
            | Self::PageDown
            | Self::Top
            | Self::Bottom
            | Self::Open
            | Self::Back
            | Self::AskEvidence
            | Self::Note
            | Self::NextPane
            | Self::PrevPane
            | Self::Pane(_)
            | Self::Search
            | Self::Follow
            | Self::Review
            | Self::Copy
            | Self::Source
            | Self::NextCitation
            | Self::PrevCitation
            | Self::Help
            | Self::Redraw
            | Self::Suspend
            | Self::Quit => Weight::Light,
        }
    }

    /// Whether a key for it must be one plain key: those that decide, and the one that stops.
    pub(super) fn grave(self) -> bool {
        matches!(self, Self::Approve | Self::Confirm | Self::Deny | Self::Stop)
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        NAMES.iter().find(|(_, name)| *name == text).map(|(action, _)| *action).ok_or_else(|| {
            let known: Vec<_> = NAMES.iter().map(|(_, name)| *name).collect();
            D::Error::custom(format!("there is no action \"{text}\"; there are {}", known.join(", ")))
        })
    }
}

impl Context {
    /// Every context.
    pub const ALL: [Self; 6] =
        [Self::Main, Self::Sheet, Self::Approving, Self::Field, Self::Source, Self::Help];

    /// Its name in a keymap file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sheet => "sheet",
            Self::Approving => "approving",
            Self::Field => "field",
            Self::Source => "source",
            Self::Help => "help",
        }
    }

    /// What can be wanted here, the most useful first, in words for a footer.
    pub(super) fn actions(self) -> &'static [(Action, &'static str)] {
        match self {
            Self::Main => &MAIN,
            Self::Sheet => &SHEET,
            Self::Approving => &APPROVING,
            Self::Field => &FIELD,
            Self::Source => &SOURCE,
            Self::Help => &HELP,
        }
    }
}

const MAIN: [(Action, &str); 29] = [
    (Action::Open, "open"),
    (Action::Deny, "deny"),
    (Action::Stop, "stop investigation"),
    (Action::Note, "note"),
    (Action::NextPane, "pane"),
    (Action::Search, "search"),
    (Action::Review, "I have looked"),
    (Action::Follow, "follow"),
    (Action::Help, "keys"),
    (Action::AskEvidence, "ask for evidence"),
    (Action::Source, "source"),
    (Action::Copy, "copy"),
    (Action::NextCitation, "next citation"),
    (Action::PrevCitation, "previous citation"),
    (Action::Down, "down"),
    (Action::Up, "up"),
    (Action::PageDown, "page down"),
    (Action::PageUp, "page up"),
    (Action::Top, "first"),
    (Action::Bottom, "last"),
    (Action::PrevPane, "previous pane"),
    (Action::Pane(0), "queue"),
    (Action::Pane(1), "hypotheses"),
    (Action::Pane(2), "evidence"),
    (Action::Pane(3), "timeline"),
    (Action::Pane(4), "drift"),
    (Action::Back, "back"),
    (Action::Redraw, "redraw"),
    (Action::Quit, "quit"),
];

const SHEET: [(Action, &str); 15] = [
    (Action::Deny, "deny"),
    (Action::Stop, "stop investigation"),
    (Action::AskEvidence, "ask for evidence"),
    (Action::Approve, "approve…"),
    (Action::Back, "not now"),
    (Action::Review, "I have looked"),
    (Action::Note, "note"),
    (Action::Down, "down"),
    (Action::Up, "up"),
    (Action::PageDown, "page down"),
    (Action::PageUp, "page up"),
    (Action::Top, "top"),
    (Action::Bottom, "bottom"),
    (Action::Copy, "copy"),
    (Action::Help, "keys"),
];

const APPROVING: [(Action, &str); 8] = [
    (Action::Confirm, "approve"),
    (Action::Back, "leave"),
    (Action::Stop, "stop investigation"),
    (Action::Down, "down"),
    (Action::Up, "up"),
    (Action::PageDown, "page down"),
    (Action::PageUp, "page up"),
    (Action::Help, "keys"),
];

const FIELD: [(Action, &str); 2] = [(Action::Submit, "send"), (Action::Back, "leave")];

const SOURCE: [(Action, &str); 12] = [
    (Action::Back, "back"),
    (Action::NextCitation, "next citation"),
    (Action::PrevCitation, "previous citation"),
    (Action::Search, "search"),
    (Action::Copy, "copy"),
    (Action::Stop, "stop investigation"),
    (Action::Down, "down"),
    (Action::Up, "up"),
    (Action::PageDown, "page down"),
    (Action::PageUp, "page up"),
    (Action::Top, "top"),
    (Action::Bottom, "bottom"),
];

const HELP: [(Action, &str); 8] = [
    (Action::Back, "back"),
    (Action::Stop, "stop investigation"),
    (Action::Down, "down"),
    (Action::Up, "up"),
    (Action::PageDown, "page down"),
    (Action::PageUp, "page up"),
    (Action::Top, "top"),
    (Action::Bottom, "bottom"),
];
