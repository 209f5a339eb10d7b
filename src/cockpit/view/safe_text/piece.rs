//! Which characters are drawn as they are, and what is drawn for the others.

use std::borrow::Cow;
use std::str::Chars;

use icu_properties::props::{
    BidiClass, BinaryProperty, DefaultIgnorableCodePoint, EastAsianWidth, EmojiModifier, EnumeratedProperty,
    GeneralCategory, GeneralCategoryGroup, GraphemeClusterBreak, RegionalIndicator,
};
use ratatui::buffer::CellWidth as _;

/// More marks on one letter than any language stacks are a picture, not a word.
const MARKS_MAX: usize = 3;

/// What is drawn for one character (with its marks): never empty, never without width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) drawn: Cow<'a, str>,
    pub(super) width: usize,
    pub(super) hidden: bool,
    pub(super) newline: bool,
}

/// The pieces of one grapheme cluster: itself where it can be drawn, else each of its characters by itself.
pub(super) enum Pieces<'a> {
    One(Option<Piece<'a>>),
    Each(Chars<'a>, bool),
}

impl<'a> Pieces<'a> {
    pub(super) fn of(cluster: &'a str, ascii: bool) -> Self {
        let width = if ascii { ascii_width(cluster) } else { cluster_width(cluster) };
        match width {
            Some(width) => Self::One(Some(Piece::shown(Cow::Borrowed(cluster), width))),
            None => Self::Each(cluster.chars(), ascii),
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        match self {
            Self::One(piece) => piece.take(),
            Self::Each(chars, ascii) => chars.next().map(|c| Piece::of(c, *ascii)),
        }
    }
}

impl Piece<'_> {
    fn shown(drawn: Cow<'_, str>, width: usize) -> Piece<'_> {
        Piece { drawn, width, hidden: false, newline: false }
    }

    /// One character by itself.
    fn of(c: char, ascii: bool) -> Self {
        let mut buffer = [0; 4];
        let text = c.encode_utf8(&mut buffer);
        let width = if ascii { ascii_width(text) } else { width(c) };
        width.map_or_else(|| Self::written_out(c, ascii), |width| Self::shown(Cow::Owned(c.into()), width))
    }

    /// `‹49 spaces›`.
    pub(super) fn spaces(count: usize, ascii: bool) -> Self {
        let (open, close) = if ascii { ('<', '>') } else { ('‹', '›') };
        let drawn = format!("{open}{count} spaces{close}");
        Self { width: drawn.chars().count(), drawn: Cow::Owned(drawn), hidden: true, newline: false }
    }

    /// `‹^[›`, `‹U+202E›`.
    pub(super) fn written_out(c: char, ascii: bool) -> Self {
        let (open, close) = if ascii { ('<', '>') } else { ('‹', '›') };
        let drawn = match c {
            '\0'..='\x1f' | '\x7f' => format!("{open}^{}{close}", char::from(c as u8 ^ 0x40)),
            _ => format!("{open}U+{:04X}{close}", u32::from(c)),
        };
        Self { width: drawn.chars().count(), drawn: Cow::Owned(drawn), hidden: true, newline: c == '\n' }
    }
}

fn ascii_width(cluster: &str) -> Option<usize> {
    matches!(cluster.as_bytes(), [b' '..=b'~']).then_some(1)
}

/// The cells of a letter with its marks, when it may be drawn.
fn cluster_width(cluster: &str) -> Option<usize> {
    let mut chars = cluster.chars();
    let base = chars.next()?;
    let width = width(base)?;
    let marks = chars.as_str();
    let drawable = marks.is_empty()
        || marks.chars().count() <= MARKS_MAX
            && marks.chars().all(|mark| drawable_mark(base, mark))
            && usize::from(cluster.cell_width()) == width;
    drawable.then_some(width)
}

/// The cells that a character takes when it may be drawn as it is.
fn width(c: char) -> Option<usize> {
    if matches!(c, ' '..='~') {
        return Some(1);
    }
    let category = GeneralCategory::for_char(c);
    let shown = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol)
        .contains(category);
    if !shown || ours(c) || blank(c) || entangled(c) || DefaultIgnorableCodePoint::for_char(c) {
        return None;
    }
    let wide = matches!(EastAsianWidth::for_char(c), EastAsianWidth::Wide | EastAsianWidth::Fullwidth);
    let expected = if wide { 2 } else { 1 };
    let mut buffer = [0; 4];
    (usize::from(c.encode_utf8(&mut buffer).cell_width()) == expected).then_some(expected)
}

/// What only we may draw: the guillemets around what is written out, the sign for what must not be there at all, and
/// upright or double lines that could pass for the decision sheet's border.
fn ours(c: char) -> bool {
    matches!(c, '‹' | '›' | '\u{fffd}' | '\u{2550}'..='\u{256c}' | '‖' | '∥' | 'ǁ')
}

/// A symbol that draws nothing. No property says so.
fn blank(c: char) -> bool {
    c == '\u{2800}'
}

/// Whether the character's neighbours decide where or how it is drawn, or it decides that of theirs.
fn entangled(c: char) -> bool {
    let alone = matches!(
        GraphemeClusterBreak::for_char(c),
        GraphemeClusterBreak::Other | GraphemeClusterBreak::LV | GraphemeClusterBreak::LVT
    );
    let reordered = matches!(
        BidiClass::for_char(c),
        BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber
    );
    !alone || reordered || RegionalIndicator::for_char(c) || EmojiModifier::for_char(c)
}

/// A mark that takes no cell of its own, on a letter.
fn drawable_mark(base: char, mark: char) -> bool {
    let mut buffer = [0; 4];
    GeneralCategoryGroup::Letter.contains(GeneralCategory::for_char(base))
        && GeneralCategory::for_char(mark) == GeneralCategory::NonspacingMark
        && !DefaultIgnorableCodePoint::for_char(mark)
        && mark.encode_utf8(&mut buffer).cell_width() == 0
}
