//! Everything that the cockpit wants done, as data. `run` carries it out; answers come back as events.

use crate::domain::{Digest, Untrusted};
use crate::wire::{
    HoldDecideParams, PresenceSetParams, SessionAskParams, SessionNoteParams, SessionReviewParams,
    SessionStopParams,
};

/// Something to be done outside.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Sends a verdict. Never sent twice: without an answer the outcome is unknown.
    Decide(Box<HoldDecideParams>),
    /// Stops a session.
    Stop(SessionStopParams),
    /// Asks the agent for more.
    Ask(SessionAskParams),
    /// Adds a note to the record.
    Note(SessionNoteParams),
    /// Says: I have looked.
    Review(SessionReviewParams),
    /// Tells the others what I look at.
    SetPresence(PresenceSetParams),
    /// Fetches a stored payload.
    FetchBlob(Digest),
    /// Puts text into the clipboard of whoever sits at the terminal.
    Copy(Untrusted),
    /// Sets the terminal's title.
    Title(String),
    /// Rings the terminal's bell.
    Bell,
    /// Draws every cell anew.
    Redraw,
    /// Wakes the cockpit at this point of the monotonic clock, in milliseconds; replaces an earlier wish.
    ScheduleWake(Option<u64>),
    /// Gives the terminal back to the shell until the program is continued.
    Suspend,
    /// Ends the cockpit.
    Quit,
}
