//! Shell text to a tree: bash's grammar, by recursive descent with a limit on depth.
//!
//! Own code, because no library that could be found both reads bash and is total: `brush-parser` 0.4 panics on a long
//! number before `>`, takes exponential time on `((((`, and refuses nested `<(…)`; `yash-syntax` is POSIX only, and GPL.
//! What cannot be read here is an error, never a guess.

use super::syntax::{Assignment, Node, Simple, Word};

/// How deep constructs may nest.
const DEPTH_MAX: usize = 40;

/// Why a text is not a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotShell(pub(super) &'static str);

/// Reads a script.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, NotShell> {
    let mut parser = Parser::new(text.chars().collect(), 0);
    let nodes = parser.list(&[])?;
    if parser.at < parser.chars.len() {
        return Err(NotShell("something stands where a command should begin"));
    }
    parser.finish(nodes)
}

pub(super) struct Parser {
    pub(super) chars: Vec<char>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// Here-documents whose text has not come yet: the word that ends it, tabs stripped, quoted.
    pub(super) pending: Vec<(String, bool, bool)>,
    /// Here-documents in order.
    documents: Vec<Word>,
    pub(super) begun: usize,
}

/// Words that begin or end a construct where a command could stand.
const RESERVED: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}", "in"];

impl Parser {
    pub(super) fn new(chars: Vec<char>, depth: usize) -> Self {
        Self { chars, at: 0, depth, pending: Vec::new(), documents: Vec::new(), begun: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.starts(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    pub(super) fn down<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, NotShell>,
    ) -> Result<T, NotShell> {
        if self.depth >= DEPTH_MAX {
            return Err(NotShell("it is nested too deep"));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    /// Puts the here-documents into the redirects that wait for them.
    fn finish(&mut self, mut nodes: Vec<Node>) -> Result<Vec<Node>, NotShell> {
        if !self.pending.is_empty() {
            self.read_documents()?;
        }
        let mut documents = std::mem::take(&mut self.documents);
        super::documents::fill(&mut nodes, &mut documents);
        Ok(nodes)
    }

    /// Blanks, continued lines, comments.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.chars.get(self.at + 1) == Some(&'\n') => self.at += 2,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn newlines(&mut self) -> Result<(), NotShell> {
        loop {
            self.blanks();
            if self.peek() != Some('\n') {
                return Ok(());
            }
            self.at += 1;
            if !self.pending.is_empty() {
                self.read_documents()?;
            }
        }
    }

    fn read_documents(&mut self) -> Result<(), NotShell> {
        for (end, strip, quoted) in std::mem::take(&mut self.pending) {
            let mut body = String::new();
            while self.at < self.chars.len() {
                let stop = self.chars[self.at..]
                    .iter()
                    .position(|c| *c == '\n')
                    .map_or(self.chars.len(), |n| self.at + n);
                let line: String = self.chars[self.at..stop].iter().collect();
                self.at = (stop + 1).min(self.chars.len());
                let line = if strip { line.trim_start_matches('\t') } else { &line };
                if line == end {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let word = if quoted {
                vec![super::syntax::Piece::Text { text: body, quoted: true }]
            } else {
                let mut inner = Parser::new(body.chars().collect(), self.depth);
                self.down(|_| inner.document())?
            };
            self.documents.push(word);
        }
        Ok(())
    }

    /// The next word as it stands, where it is a plain name.
    fn name_ahead(&self) -> String {
        let stop = |c: &char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '<' | '>');
        if let Some(c) = self.peek().filter(|c| matches!(c, '{' | '}')) {
            let next = self.chars.get(self.at + 1);
            return if next.is_none_or(&stop) { c.to_string() } else { String::new() };
        }
        self.chars[self.at..].iter().take(12).take_while(|c| !stop(c)).collect()
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = self.name_ahead() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), NotShell> {
        self.newlines()?;
        if self.keyword(word) { Ok(()) } else { Err(NotShell("a construct is not closed")) }
    }

    /// Commands up to one of these words, `)`, or the end.
    pub(super) fn list(&mut self, ends: &[&str]) -> Result<Vec<Node>, NotShell> {
        let mut nodes = Vec::new();
        loop {
            self.newlines()?;
            while self.starts(";") && !self.starts(";;") {
                self.at += 1;
                self.newlines()?;
            }
            let name = self.name_ahead();
            let over = self.peek().is_none_or(|c| c == ')') || self.starts(";;") || self.starts(";&");
            if over || ends.contains(&name.as_str()) {
                return Ok(nodes);
            }
            if RESERVED.contains(&name.as_str()) && name != "in" {
                return Err(NotShell("a word stands where only its construct could have it"));
            }
            self.and_or(&mut nodes)?;
            self.blanks();
            if self.starts("&") && !self.starts("&&") {
                self.at += 1;
            }
        }
    }

    fn and_or(&mut self, nodes: &mut Vec<Node>) -> Result<(), NotShell> {
        loop {
            nodes.push(self.pipeline()?);
            self.blanks();
            if !(self.eat("&&") || self.eat("||")) {
                return Ok(());
            }
            self.newlines()?;
        }
    }

    fn pipeline(&mut self) -> Result<Node, NotShell> {
        let mut nodes = Vec::new();
        loop {
            self.blanks();
            while self.keyword("!") || self.keyword("time") {
                self.blanks();
                while self.keyword("-p") {
                    self.blanks();
                }
            }
            nodes.push(self.down(Self::command)?);
            self.blanks();
            let piped = !self.starts("||") && (self.eat("|&") || self.eat("|"));
            if !piped {
                break;
            }
            self.newlines()?;
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Pipe(nodes) })
    }

    fn command(&mut self) -> Result<Node, NotShell> {
        self.blanks();
        if self.starts("((") && self.closes_double() {
            return self.arithmetic_command();
        }
        if self.eat("(") {
            let body = self.list(&[])?;
            if !self.eat(")") {
                return Err(NotShell("a bracket is not closed"));
            }
            let redirects = self.redirects()?;
            return Ok(Node::Group { body, redirects, subshell: true });
        }
        match self.name_ahead().as_str() {
            "{" => self.braces(),
            "if" => self.conditional(),
            "while" | "until" => self.repeat(),
            "for" | "select" => self.each(),
            "case" => self.case(),
            "[[" => self.test(),
            "function" => self.function(),
            "coproc" => {
                self.at += 6;
                self.down(Self::command)
            }
            _ => self.simple(),
        }
    }

    fn group(&mut self, body: Vec<Node>) -> Result<Node, NotShell> {
        Ok(Node::Group { body, redirects: self.redirects()?, subshell: false })
    }

    fn braces(&mut self) -> Result<Node, NotShell> {
        self.at += 1;
        let body = self.list(&["}"])?;
        self.expect("}")?;
        self.group(body)
    }

    fn conditional(&mut self) -> Result<Node, NotShell> {
        self.at += 2;
        let mut body = self.list(&["then"])?;
        self.expect("then")?;
        loop {
            body.extend(self.list(&["elif", "else", "fi"])?);
            if self.keyword("elif") {
                body.extend(self.list(&["then"])?);
                self.expect("then")?;
            } else if !self.keyword("else") {
                break;
            }
        }
        self.expect("fi")?;
        self.group(body)
    }

    fn repeat(&mut self) -> Result<Node, NotShell> {
        self.at += 5;
        let mut body = self.list(&["do"])?;
        let endless = matches!(body.as_slice(), [Node::Simple(only)] if only.words.first().and_then(super::word::plain).is_some_and(|name| name == ":" || name == "true"));
        self.expect("do")?;
        let inner = self.list(&["done"])?;
        body.push(if endless {
            Node::Endless(inner)
        } else {
            Node::Group { body: inner, redirects: Vec::new(), subshell: false }
        });
        self.expect("done")?;
        self.group(body)
    }

    fn each(&mut self) -> Result<Node, NotShell> {
        self.at += self.name_ahead().len();
        self.blanks();
        if self.starts("((") {
            let head = self.arithmetic_command()?;
            self.newlines()?;
            self.eat(";");
            let mut body = vec![head];
            body.extend(self.do_body()?);
            return self.group(body);
        }
        let name = self.identifier();
        self.newlines()?;
        let mut words = None;
        if self.keyword("in") {
            words = Some(self.words()?);
        }
        self.newlines()?;
        self.eat(";");
        let body = self.do_body()?;
        Ok(Node::For { name, words, body, redirects: self.redirects()? })
    }

    fn do_body(&mut self) -> Result<Vec<Node>, NotShell> {
        self.newlines()?;
        let end = if self.keyword("{") { "}" } else { "done" };
        if end == "done" {
            self.expect("do")?;
        }
        let body = self.list(&[end])?;
        self.expect(end)?;
        Ok(body)
    }

    fn words(&mut self) -> Result<Vec<Word>, NotShell> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            if self.peek().is_none_or(|c| matches!(c, '\n' | ';' | ')' | '&' | '|')) {
                return Ok(words);
            }
            words.push(self.some_word()?);
        }
    }

    fn case(&mut self) -> Result<Node, NotShell> {
        self.at += 4;
        self.blanks();
        let subject = self.some_word()?;
        self.expect("in")?;
        let mut body = vec![Node::Words(vec![subject])];
        loop {
            self.newlines()?;
            if self.keyword("esac") {
                return self.group(body);
            }
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.blanks();
                patterns.push(self.some_word()?);
                self.blanks();
                if !self.eat("|") {
                    break;
                }
            }
            if !self.eat(")") {
                return Err(NotShell("a case without a bracket"));
            }
            body.push(Node::Words(patterns));
            body.extend(self.list(&["esac"])?);
            if !(self.eat(";;&") || self.eat(";;") || self.eat(";&")) {
                self.newlines()?;
            }
        }
    }

    /// `[[ … ]]`: the words that are not operators.
    fn test(&mut self) -> Result<Node, NotShell> {
        self.at += 2;
        let mut words = Vec::new();
        loop {
            self.newlines()?;
            if self.keyword("]]") {
                let redirects = self.redirects()?;
                return Ok(Node::Group { body: vec![Node::Words(words)], redirects, subshell: false });
            }
            match self.peek() {
                None => return Err(NotShell("a test is not closed")),
                Some('(' | ')' | '<' | '>' | '&' | '|' | ';') => self.at += 1,
                Some(_) => words.push(self.some_word()?),
            }
        }
    }

    fn function(&mut self) -> Result<Node, NotShell> {
        self.at += 8;
        self.blanks();
        let name: String = self.name_ahead_long();
        self.at += name.chars().count();
        self.blanks();
        if self.eat("(") {
            self.blanks();
            self.eat(")");
        }
        self.function_body(name)
    }

    fn function_body(&mut self, name: String) -> Result<Node, NotShell> {
        self.newlines()?;
        let body = Box::new(self.down(Self::command)?);
        Ok(Node::Function { name, body })
    }

    fn name_ahead_long(&self) -> String {
        let stop = |c: &&char| !c.is_whitespace() && !matches!(c, ';' | '&' | '|' | '(' | ')' | '<' | '>');
        self.chars[self.at..].iter().take_while(stop).collect()
    }

    fn identifier(&mut self) -> String {
        let part = |c: &&char| c.is_alphanumeric() || **c == '_';
        let name: String = self.chars[self.at..].iter().take_while(part).collect();
        self.at += name.chars().count();
        name
    }

    /// Whether `((` here ends with `))`.
    fn closes_double(&self) -> bool {
        let mut open = 0_i32;
        for (i, c) in self.chars[self.at..].iter().enumerate() {
            open += i32::from(*c == '(') - i32::from(*c == ')');
            if open == 0 {
                return self.chars.get(self.at + i - 1) == Some(&')');
            }
        }
        false
    }

    fn arithmetic_command(&mut self) -> Result<Node, NotShell> {
        self.at += 2;
        let word = self.down(Self::arithmetic)?;
        let redirects = self.redirects()?;
        Ok(Node::Group { body: vec![Node::Words(vec![word])], redirects, subshell: false })
    }

    pub(super) fn some_word(&mut self) -> Result<Word, NotShell> {
        let word = self.word()?;
        if word.is_empty() { Err(NotShell("a word is missing")) } else { Ok(word) }
    }

    fn simple(&mut self) -> Result<Node, NotShell> {
        let mut simple = Simple::default();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            let over = |c: char| matches!(c, '\n' | ';' | '&' | '|' | ')');
            if self.peek().is_none_or(over) {
                break;
            }
            if self.peek() == Some('(') {
                let name = match simple.words.as_slice() {
                    [only] => super::word::plain(only),
                    _ => None,
                };
                self.at += 1;
                self.blanks();
                return match name.filter(|_| self.eat(")")) {
                    Some(name) => self.function_body(name),
                    None => Err(NotShell("a bracket stands where none can")),
                };
            }
            let declares = simple.words.first().and_then(super::word::plain).is_some_and(|name| {
                matches!(name.as_str(), "export" | "declare" | "local" | "typeset" | "readonly")
            });
            match self.assignment(simple.words.is_empty() || declares)? {
                Some(assignment) => simple.assignments.push(assignment),
                None => simple.words.push(self.some_word()?),
            }
        }
        if simple == Simple::default() {
            return Err(NotShell("a command is missing"));
        }
        Ok(Node::Simple(simple))
    }

    fn assignment(&mut self, allowed: bool) -> Result<Option<Assignment>, NotShell> {
        let start = self.at;
        let first = self.peek().is_some_and(|c| c.is_alphabetic() || c == '_');
        if !allowed || !first {
            return Ok(None);
        }
        let name = self.identifier();
        if self.peek() == Some('[') {
            while self.peek().is_some_and(|c| c != ']' && c != '\n') {
                self.at += 1;
            }
            self.at += 1;
        }
        let append = self.eat("+=");
        if !append && !self.eat("=") {
            self.at = start;
            return Ok(None);
        }
        if !self.eat("(") {
            let value = vec![self.word()?];
            return Ok(Some(Assignment { name, append, value, list: false }));
        }
        let mut value = Vec::new();
        loop {
            self.newlines()?;
            match self.peek() {
                Some(')') => break,
                None | Some(';' | '&' | '|' | '<' | '>' | '(') => {
                    return Err(NotShell("a list is not closed"));
                }
                Some(_) => value.push(self.down(Self::some_word)?),
            }
        }
        self.at += 1;
        Ok(Some(Assignment { name, append, value, list: true }))
    }

    /// Takes over the here-documents of a script inside this one.
    pub(super) fn inner(&mut self, end: &str) -> Result<Vec<Node>, NotShell> {
        let outer_pending = std::mem::take(&mut self.pending);
        let outer_documents = std::mem::take(&mut self.documents);
        let outer_begun = std::mem::replace(&mut self.begun, 0);
        let nodes = self.down(|parser| parser.list(&[]));
        let closed = self.eat(end);
        let nodes = nodes.and_then(|nodes| self.finish(nodes));
        self.pending = outer_pending;
        self.documents = outer_documents;
        self.begun = outer_begun;
        if closed { nodes } else { Err(nodes.err().unwrap_or(NotShell("a bracket is not closed"))) }
    }
}
