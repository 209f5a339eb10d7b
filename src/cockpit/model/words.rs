//! Sentences that mix our words with those of others, kept apart until they are drawn.

use std::borrow::Cow;

use crate::cockpit::style::Tone;
use crate::domain::{Timestamp, Untrusted};

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Written here: it may be drawn as it is.
    Ours(Cow<'static, str>),
    /// From outside: only `safe_text` may draw it.
    Theirs(Untrusted),
}

/// A sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Vec<Part>);

impl Words {
    /// Begins with words of ours.
    pub(crate) fn of(text: impl Into<Cow<'static, str>>) -> Self {
        Self(vec![Part::Ours(text.into())])
    }

    /// Goes on with words of ours.
    pub(crate) fn ours(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Part::Ours(text.into()));
        self
    }

    /// Goes on with words from outside.
    pub(crate) fn theirs(mut self, text: &Untrusted) -> Self {
        self.0.push(Part::Theirs(text.clone()));
        self
    }

    /// Goes on with `: words`, where there are any.
    pub(crate) fn because(self, text: Option<&Untrusted>) -> Self {
        match text {
            Some(text) if !text.is_empty() => self.ours(": ").theirs(text),
            Some(_) | None => self,
        }
    }
}

/// A line about what happened meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// When.
    pub(crate) at: Timestamp,
    /// How it is meant.
    pub(crate) tone: Tone,
    /// The sentence.
    pub(crate) words: Words,
}
