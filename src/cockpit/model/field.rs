//! A line of text being typed. While there is one, every printable key is text and nothing else.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use crate::domain::{HoldId, SessionId};

/// Longest text that is taken, in characters.
const TEXT_MAX_CHARS: usize = 2_000;

/// What the text is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Why a hold is denied. Belongs to the sheet on screen.
    Reason,
    /// A question to the agent of this session, about this hold.
    Question(SessionId, Option<HoldId>),
    /// A note for the record of this session.
    Note(SessionId),
    /// Narrows the timeline.
    Search,
}

impl Purpose {
    /// What stands before the text.
    pub(crate) fn prompt(&self) -> &'static str {
        match self {
            Self::Reason => "deny because",
            Self::Question(..) => "ask the agent",
            Self::Note(_) => "note",
            Self::Search => "find in timeline",
        }
    }

    /// What Enter does.
    pub(crate) fn enter(&self) -> &'static str {
        match self {
            Self::Reason => "send the denial",
            Self::Question(..) => "ask",
            Self::Note(_) => "put on record",
            Self::Search => "keep",
        }
    }
}

/// A text field.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// What the text is for.
    pub(crate) purpose: Purpose,
    /// The text and the cursor.
    pub(crate) input: Input,
}

/// What a key did to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// The text or the cursor changed, or nothing did.
    Text,
    /// Enter.
    Enter,
    /// Esc.
    Leave,
}

impl Field {
    /// An open field that begins with this text.
    pub(crate) fn new(purpose: Purpose, text: &str) -> Self {
        Self { purpose, input: Input::new(text.to_owned()) }
    }

    /// The text as typed.
    pub(crate) fn text(&self) -> &str {
        self.input.value()
    }

    /// Takes a key.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the terminal's keys are not ours to list")]
    pub(crate) fn key(&mut self, key: KeyEvent) -> Typed {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let request = match key.code {
            KeyCode::Enter => return Typed::Enter,
            KeyCode::Esc => return Typed::Leave,
            KeyCode::Char('a') if ctrl => InputRequest::GoToStart,
            KeyCode::Char('e') if ctrl => InputRequest::GoToEnd,
            KeyCode::Char('u') if ctrl => InputRequest::DeleteFromStart,
            KeyCode::Char('k') if ctrl => InputRequest::DeleteTillEnd,
            KeyCode::Char('w') if ctrl => InputRequest::DeletePrevWord,
            KeyCode::Char(c) if !ctrl && !alt && self.has_room(1) => InputRequest::InsertChar(c),
            other => match moving(other) {
                Some(request) => request,
                None => return Typed::Text,
            },
        };
        let _ = self.input.handle(request);
        Typed::Text
    }

    /// Takes pasted text; a line break becomes a space, because the field is one line.
    pub(crate) fn paste(&mut self, text: &str) {
        for c in text.trim_end_matches(['\r', '\n']).chars() {
            if !self.has_room(1) {
                break;
            }
            let c = if c.is_control() { ' ' } else { c };
            let _ = self.input.handle(InputRequest::InsertChar(c));
        }
    }

    fn has_room(&self, chars: usize) -> bool {
        self.input.value().chars().count() + chars <= TEXT_MAX_CHARS
    }
}

/// What a key that is not text does to one.
fn moving(key: KeyCode) -> Option<InputRequest> {
    let keys = [
        (KeyCode::Backspace, InputRequest::DeletePrevChar),
        (KeyCode::Delete, InputRequest::DeleteNextChar),
        (KeyCode::Left, InputRequest::GoToPrevChar),
        (KeyCode::Right, InputRequest::GoToNextChar),
        (KeyCode::Home, InputRequest::GoToStart),
        (KeyCode::End, InputRequest::GoToEnd),
    ];
    keys.into_iter().find(|(known, _)| *known == key).map(|(_, request)| request)
}
