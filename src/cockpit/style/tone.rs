//! What a colour means. Views name a meaning; the theme decides how it looks.

use serde::Deserialize;

/// The meaning of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// What is read first and most.
    Text,
    /// The few words that a glance must catch.
    Strong,
    /// Context beside the text.
    Dim,
    /// Times, units, panes out of focus: still readable, never needed for a decision.
    Faint,
    /// The names of panes and rows.
    Label,
    /// Amber: waits, or is yours to act on.
    Waiting,
    /// Red: harm or falsehood.
    Harm,
    /// Green: checked.
    Good,
    /// Violet: contested.
    Contested,
    /// Teal: cited.
    Cited,
    /// Blue: an agent.
    Agent,
    /// Thin lines between panes.
    Rule,
    /// Characters that text tried to hide, made visible.
    Hidden,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Self; 13] = [
        Self::Text,
        Self::Strong,
        Self::Dim,
        Self::Faint,
        Self::Label,
        Self::Waiting,
        Self::Harm,
        Self::Good,
        Self::Contested,
        Self::Cited,
        Self::Agent,
        Self::Rule,
        Self::Hidden,
    ];
}

/// What text stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The screen.
    Base,
    /// The header.
    Bar,
    /// The decision sheet.
    Raised,
    /// The row under the cursor.
    Selected,
    /// The box that holds what will run.
    Well,
    /// The line that a claim cites.
    CitedLine,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Self; 6] =
        [Self::Base, Self::Bar, Self::Raised, Self::Selected, Self::Well, Self::CitedLine];
}
