//! Words of the shell: quoting, parameters, substitutions.

use super::parse::{NotShell, Parser};
use super::syntax::{Param, Piece, Word};

/// The text of a word that is nothing but text.
pub(super) fn plain(word: &Word) -> Option<String> {
    let mut all = String::new();
    for piece in word {
        match piece {
            Piece::Text { text, .. } => all.push_str(text),
            Piece::Param(_) | Piece::Output { .. } | Piece::Arithmetic(_) | Piece::Process { .. } => {
                return None;
            }
        }
    }
    Some(all)
}

fn text(text: impl Into<String>, quoted: bool) -> Piece {
    Piece::Text { text: text.into(), quoted }
}

/// Adds text, to the last piece where that is of the same sort.
fn push(word: &mut Word, c: char, quoted: bool) {
    match word.last_mut() {
        Some(Piece::Text { text, quoted: same }) if *same == quoted => text.push(c),
        _ => word.push(text(c, quoted)),
    }
}

impl Parser {
    /// One word; empty where none begins here.
    pub(super) fn word(&mut self) -> Result<Word, NotShell> {
        let mut word = Word::new();
        while let Some(c) = self.peek() {
            match c {
                '<' | '>' if self.starts("<(") || self.starts(">(") => {
                    let writes = c == '>';
                    self.at += 2;
                    let body = self.inner(")")?;
                    word.push(Piece::Process { body, writes });
                }
                '(' if extended(&word) => self.extended_pattern(&mut word)?,
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | ')' | '<' | '>' | '(' => break,
                '\'' => {
                    self.at += 1;
                    let inner = self.until('\'')?;
                    word.push(text(inner, true));
                }
                '"' => {
                    self.at += 1;
                    self.down(|parser| parser.double(&mut word))?;
                }
                '\\' => self.escape(&mut word),
                '$' => self.dollar(&mut word, false)?,
                '`' => self.backquote(&mut word, false)?,
                c => {
                    push(&mut word, c, false);
                    self.at += 1;
                }
            }
        }
        Ok(word)
    }

    fn escape(&mut self, word: &mut Word) {
        match self.chars.get(self.at + 1) {
            Some('\n') => self.at += 2,
            Some(c) => {
                push(word, *c, true);
                self.at += 2;
            }
            None => self.at += 1,
        }
    }

    /// `@(…)` and the like: a pattern, kept as text.
    fn extended_pattern(&mut self, word: &mut Word) -> Result<(), NotShell> {
        let mut open = 0_u32;
        while let Some(c) = self.peek() {
            self.at += 1;
            push(word, c, false);
            match c {
                '(' => open += 1,
                ')' if open == 1 => return Ok(()),
                ')' => open -= 1,
                _ => {}
            }
        }
        Err(NotShell("a pattern is not closed"))
    }

    fn until(&mut self, end: char) -> Result<String, NotShell> {
        let start = self.at;
        while self.peek().is_some_and(|c| c != end) {
            self.at += 1;
        }
        let inner = self.chars[start..self.at].iter().collect();
        if self.peek().is_none() {
            return Err(NotShell("a quote is not closed"));
        }
        self.at += 1;
        Ok(inner)
    }

    /// Behind an opening `"`, to the closing one.
    fn double(&mut self, word: &mut Word) -> Result<(), NotShell> {
        word.push(text("", true));
        loop {
            match self.peek() {
                None => return Err(NotShell("a quote is not closed")),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(c) => self.quoted(word, c, &['$', '`', '"', '\\', '\n'])?,
            }
        }
    }

    /// One character, escape or expansion inside quotes.
    fn quoted(&mut self, word: &mut Word, c: char, escapes: &[char]) -> Result<(), NotShell> {
        match (c, self.chars.get(self.at + 1).copied()) {
            ('\\', Some('\n')) => self.at += 2,
            ('\\', Some(next)) if escapes.contains(&next) => {
                push(word, next, true);
                self.at += 2;
            }
            ('$', _) => self.dollar(word, true)?,
            ('`', _) => self.backquote(word, true)?,
            _ => {
                push(word, c, true);
                self.at += 1;
            }
        }
        Ok(())
    }

    /// The text of a here-document that is expanded.
    pub(super) fn document(&mut self) -> Result<Word, NotShell> {
        let mut word = Word::new();
        while let Some(c) = self.peek() {
            self.quoted(&mut word, c, &['$', '`', '\\', '\n'])?;
        }
        Ok(word)
    }

    /// Behind `((`, to the closing `))`.
    pub(super) fn arithmetic(&mut self) -> Result<Word, NotShell> {
        let mut word = Word::new();
        let mut open = 0_u32;
        while let Some(c) = self.peek() {
            match c {
                ')' if open == 0 && self.starts("))") => {
                    self.at += 2;
                    return Ok(word);
                }
                ')' => {
                    open = open.saturating_sub(1);
                    push(&mut word, c, true);
                    self.at += 1;
                }
                '(' => {
                    open += 1;
                    push(&mut word, c, true);
                    self.at += 1;
                }
                c => self.quoted(&mut word, c, &['$', '`', '\\', '\n'])?,
            }
        }
        Err(NotShell("arithmetic is not closed"))
    }

    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), NotShell> {
        self.at += 1;
        if self.starts("((") && self.arithmetic_closes() {
            self.at += 2;
            let inner = self.down(Self::arithmetic)?;
            word.push(Piece::Arithmetic(inner));
        } else if self.starts("(") {
            self.at += 1;
            let body = self.inner(")")?;
            word.push(Piece::Output { body, quoted });
        } else if self.starts("{") {
            self.at += 1;
            let param = self.down(|parser| parser.parameter(quoted))?;
            word.push(Piece::Param(param));
        } else if self.starts("'") && !quoted {
            self.at += 1;
            self.ansi(word)?;
        } else if self.starts("\"") && !quoted {
            self.at += 1;
            self.down(|parser| parser.double(word))?;
        } else {
            let name = self.short_name();
            if name.is_empty() {
                push(word, '$', true);
            } else {
                word.push(Piece::Param(Param {
                    name,
                    index: None,
                    op: String::new(),
                    word: Word::new(),
                    quoted,
                    odd: false,
                }));
            }
        }
        Ok(())
    }

    fn arithmetic_closes(&self) -> bool {
        let mut open = 0_i32;
        for (i, c) in self.chars[self.at..].iter().enumerate() {
            open += i32::from(*c == '(') - i32::from(*c == ')');
            if open == 0 {
                return i > 0 && self.chars.get(self.at + i - 1) == Some(&')');
            }
        }
        false
    }

    fn short_name(&mut self) -> String {
        let Some(c) = self.peek() else { return String::new() };
        if matches!(c, '@' | '*' | '#' | '?' | '-' | '$' | '!') || c.is_ascii_digit() {
            self.at += 1;
            return c.to_string();
        }
        let part = |c: &&char| c.is_ascii_alphanumeric() || **c == '_';
        let name: String = self.chars[self.at..].iter().take_while(part).collect();
        self.at += name.len();
        name
    }

    /// Behind `${`, to the closing `}`.
    fn parameter(&mut self, quoted: bool) -> Result<Param, NotShell> {
        let mut odd = false;
        while matches!(self.peek(), Some('!' | '#')) && self.chars.get(self.at + 1).is_some_and(|c| *c != '}')
        {
            odd = true;
            self.at += 1;
        }
        let name = self.short_name();
        let mut index = None;
        if self.peek() == Some('[') {
            self.at += 1;
            index = Some(self.until(']')?);
        }
        let mut op = String::new();
        while let Some(c) = self
            .peek()
            .filter(|c| matches!(c, ':' | '-' | '=' | '?' | '+' | '#' | '%' | '/' | '^' | ',' | '@'))
        {
            op.push(c);
            self.at += 1;
            if op.len() == 2 {
                break;
            }
        }
        let mut word = Word::new();
        loop {
            match self.peek() {
                None => return Err(NotShell("a parameter is not closed")),
                Some('}') => {
                    self.at += 1;
                    return Ok(Param { name, index, op, word, quoted, odd });
                }
                Some('\'') if !quoted => {
                    self.at += 1;
                    let inner = self.until('\'')?;
                    word.push(text(inner, true));
                }
                Some('"') => {
                    self.at += 1;
                    self.down(|parser| parser.double(&mut word))?;
                }
                Some(c) => self.quoted(&mut word, c, &['$', '`', '"', '\\', '\n', '}'])?,
            }
        }
    }

    fn backquote(&mut self, word: &mut Word, quoted: bool) -> Result<(), NotShell> {
        self.at += 1;
        let mut inner = Vec::new();
        loop {
            match (self.peek(), self.chars.get(self.at + 1).copied()) {
                (None, _) => return Err(NotShell("a quote is not closed")),
                (Some('`'), _) => break,
                (Some('\\'), Some(c @ ('`' | '\\' | '$'))) => {
                    inner.push(c);
                    self.at += 2;
                }
                (Some(c), _) => {
                    inner.push(c);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        inner.push(')');
        let mut parser = Parser::new(inner, self.depth);
        let body = self.down(|_| parser.inner(")"))?;
        word.push(Piece::Output { body, quoted });
        Ok(())
    }

    /// Behind `$'`, to the closing quote.
    fn ansi(&mut self, word: &mut Word) -> Result<(), NotShell> {
        let mut bytes = Vec::new();
        loop {
            let Some(c) = self.peek() else { return Err(NotShell("a quote is not closed")) };
            self.at += 1;
            match c {
                '\'' => break,
                '\\' => {
                    let rest: String = self.chars[self.at..].iter().take(10).collect();
                    let (used, value) = unescape(&rest);
                    self.at += used;
                    bytes.extend(value);
                }
                c => bytes.extend(c.to_string().into_bytes()),
            }
        }
        word.push(text(String::from_utf8_lossy(&bytes).into_owned(), true));
        Ok(())
    }
}

/// Whether a bracket after this begins an extended pattern.
fn extended(word: &Word) -> bool {
    matches!(word.last(), Some(Piece::Text { text, quoted: false }) if text.ends_with(['@', '?', '*', '+', '!']))
}

/// What stands for one character behind a backslash, as in `$'…'` and `printf`: characters used, bytes meant.
pub(super) fn unescape(rest: &str) -> (usize, Vec<u8>) {
    let digits = |radix: u32, skip: usize, most: usize| {
        let digits: String = rest.chars().skip(skip).take(most).take_while(|c| c.is_digit(radix)).collect();
        (skip + digits.len(), u32::from_str_radix(&digits, radix).ok())
    };
    let byte =
        |found: (usize, Option<u32>)| (found.0, found.1.map_or(Vec::new(), |n| vec![(n & 0xff) as u8]));
    let wide = |found: (usize, Option<u32>)| {
        (found.0, found.1.and_then(char::from_u32).map_or(Vec::new(), |c| c.to_string().into_bytes()))
    };
    let one = |c: u8| (1, vec![c]);
    match rest.chars().next() {
        Some('n') => one(b'\n'),
        Some('t') => one(b'\t'),
        Some('r') => one(b'\r'),
        Some('a') => one(7),
        Some('b') => one(8),
        Some('e' | 'E') => one(27),
        Some('f') => one(12),
        Some('v') => one(11),
        Some('x') => byte(digits(16, 1, 2)),
        Some('u') => wide(digits(16, 1, 4)),
        Some('U') => wide(digits(16, 1, 8)),
        Some('0'..='7') => byte(digits(8, 0, if rest.starts_with('0') { 4 } else { 3 })),
        Some(c @ ('\\' | '\'' | '"' | '?')) => (1, c.to_string().into_bytes()),
        Some(c) => (1, format!("\\{c}").into_bytes()),
        None => (0, vec![b'\\']),
    }
}
