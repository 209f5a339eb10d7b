//! The tree of a shell script, reduced to what matters for what it would touch: conditions do not, since every part
//! counts, taken or not.

/// One command, or several.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Words, assignments before them, redirects.
    Simple(Simple),
    /// Each reads what the one before writes.
    Pipe(Vec<Node>),
    /// One after the other: lists, groups, subshells, conditions with all their branches.
    Group {
        body: Vec<Node>,
        redirects: Vec<Redirect>,
        /// Variables and the directory do not outlive it.
        subshell: bool,
    },
    /// Once for each word; without words for each argument.
    For { name: String, words: Option<Vec<Word>>, body: Vec<Node>, redirects: Vec<Redirect> },
    /// Again and again, without a condition that ends it.
    Endless(Vec<Node>),
    /// A function is defined.
    Function { name: String, body: Box<Node> },
    /// Words that are only expanded: tests, arithmetic, what a `case` looks at.
    Words(Vec<Word>),
}

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Simple {
    pub(super) assignments: Vec<Assignment>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

/// `NAME=value`, `NAME+=value`, `NAME=(a b)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) append: bool,
    pub(super) value: Vec<Word>,
    pub(super) list: bool,
}

/// Where input comes from or output goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Redirect {
    pub(super) how: How,
    pub(super) word: Word,
    /// Which descriptor, where it is said.
    pub(super) fd: Option<String>,
}

/// The direction of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Read,
    Write,
    Append,
    ReadWrite,
    /// To another descriptor, or closed.
    Duplicate,
    /// A document or string that stands in the script.
    Text,
}

/// What a word is made of.
pub(super) type Word = Vec<Piece>;

/// One piece of a word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// Text; patterns, braces and the tilde work only where it is not quoted.
    Text { text: String, quoted: bool },
    /// A parameter.
    Param(Param),
    /// The output of commands.
    Output { body: Vec<Node>, quoted: bool },
    /// Arithmetic; only what is expanded in it matters.
    Arithmetic(Word),
    /// `<(…)` and `>(…)`.
    Process { body: Vec<Node>, writes: bool },
}

/// `$name`, `${name…}`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Param {
    pub(super) name: String,
    /// `[@]`, `[0]` and the like, without brackets.
    pub(super) index: Option<String>,
    /// What stands behind the name in braces, for example `:-`, `##`, `/`; empty for nothing.
    pub(super) op: String,
    /// The word behind that.
    pub(super) word: Word,
    pub(super) quoted: bool,
    /// `${!name}`, `${#name}`.
    pub(super) odd: bool,
}
