//! Everything that can reach the cockpit, as data. Time comes with it; nothing below reads a clock.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::{ClientKey, Digest, HoldId, Result, SessionId, Timestamp, Untrusted};
use crate::link::Notice;
use crate::session::Event as Fact;
use crate::wire::{HoldDecideAnswer, RpcError};

use super::input::Press;

/// A point in time, twice: the monotonic clock for guards and waits, the wall clock for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds on a clock that never goes back; its zero is the program's start.
    pub mono_ms: u64,
    /// The wall clock of this machine (in a replay: of the recording).
    pub wall: Timestamp,
}

/// Something happened, at a time.
#[derive(Debug)]
pub struct Event {
    /// When it reached the cockpit.
    pub at: Moment,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug)]
pub enum What {
    /// A key, and how it came.
    Key(Press),
    /// Text that the terminal says was pasted.
    Paste(Untrusted),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// The link has something to tell.
    Notice(Notice),
    /// Facts of a recording that is being replayed.
    Replayed(Vec<Arc<Fact>>),
    /// An effect has been carried out, or could not be.
    Answer(Answer),
    /// The wake-up that was asked for.
    Wake,
    /// A frame is on the terminal; this is what it really showed.
    Painted(Painted),
    /// The program was stopped and is in the foreground again; its screen was drawn anew.
    Resumed,
}

/// What came of an effect.
#[derive(Debug)]
pub enum Answer {
    /// Of a decision. The outer error means that no answer came: the outcome is not known.
    Decided {
        /// The decision's key.
        key: ClientKey,
        /// What the hub said.
        result: Result<std::result::Result<HoldDecideAnswer, RpcError>>,
    },
    /// Of a stop.
    Stopped {
        /// Which session.
        session: SessionId,
        /// How far it was to go.
        level: u8,
        /// Recorded, refused, or not known.
        result: Result<()>,
    },
    /// Of something that goes on record: a question, a note, a review.
    Recorded {
        /// What it was, for the line that tells about it.
        what: &'static str,
        /// Whether it is on record.
        result: Result<()>,
    },
    /// A stored payload.
    Blob {
        /// Which.
        sha256: Digest,
        /// Its text, or why it could not be had.
        result: Result<Untrusted>,
    },
}

/// What a frame really showed. Only this counts as seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Painted {
    /// The decision sheet, where it was on screen.
    pub sheet: Option<PaintedSheet>,
    /// Whether a countdown was on screen, which then has to go on.
    pub countdown: bool,
    /// Rows of the longest scrollable text beside the sheet, for the limits of its scrolling.
    pub overlay_rows: usize,
    /// Rows of it that fit.
    pub overlay_height: usize,
}

/// What a frame showed of a decision sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaintedSheet {
    /// Of which hold.
    pub hold: HoldId,
    /// Of which revision.
    pub revision: u32,
    /// Length of the action's part, in units that do not depend on the screen's width.
    pub units: u32,
    /// The units of the action's part that were on screen.
    pub shown: Vec<Range<u32>>,
    /// Changes when anything that was drawn of it changes, the countdown apart.
    pub face: u64,
    /// Rows of the whole sheet at this width.
    pub rows: usize,
    /// Rows of it that fit on the screen.
    pub height: usize,
}
