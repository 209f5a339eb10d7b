//! Redirects of the shell: which way, and the word behind.

use super::parse::{NotShell, Parser};
use super::syntax::{How, Piece, Redirect};

impl Parser {
    pub(super) fn redirects(&mut self) -> Result<Vec<Redirect>, NotShell> {
        let mut found = Vec::new();
        loop {
            self.blanks();
            match self.redirect()? {
                Some(redirect) => found.push(redirect),
                None => return Ok(found),
            }
        }
    }

    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>, NotShell> {
        let start = self.at;
        let mut fd: String =
            self.chars[self.at..].iter().take_while(|c| c.is_ascii_digit()).take(9).collect();
        self.at += fd.len();
        if fd.is_empty() && self.starts("{") {
            let name: String =
                self.chars[self.at + 1..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
            let close = self.at + 1 + name.chars().count();
            let directed = matches!(self.chars.get(close + 1), Some('<' | '>'));
            if !name.is_empty() && self.chars.get(close) == Some(&'}') && directed {
                self.at = close + 1;
                fd = name;
            }
        }
        let process = self.starts("<(") || self.starts(">(");
        let how = if process { None } else { self.direction() };
        let Some((how, text)) = how else {
            self.at = start;
            return Ok(None);
        };
        self.blanks();
        let fd = Some(fd).filter(|fd| !fd.is_empty());
        let word = match text {
            "<<" | "<<-" => {
                let (end, quoted) = self.document_end()?;
                self.pending.push((end, text == "<<-", quoted));
                self.begun += 1;
                vec![Piece::Text { text: format!("\0{}", self.begun - 1), quoted: true }]
            }
            _ => self.some_word()?,
        };
        Ok(Some(Redirect { how, word, fd }))
    }

    fn direction(&mut self) -> Option<(How, &'static str)> {
        let table: &[(&'static str, How)] = &[
            ("<<<", How::Text),
            ("<<-", How::Text),
            ("<<", How::Text),
            ("<>", How::ReadWrite),
            ("<&", How::Duplicate),
            ("<", How::Read),
            ("&>>", How::Append),
            ("&>", How::Write),
            (">>", How::Append),
            (">|", How::Write),
            (">&", How::Duplicate),
            (">", How::Write),
        ];
        let (text, how) = table.iter().find(|(text, _)| self.starts(text))?;
        self.at += text.len();
        Some((*how, text))
    }

    fn document_end(&mut self) -> Result<(String, bool), NotShell> {
        let start = self.at;
        let word = self.some_word()?;
        let raw: String = self.chars[start..self.at].iter().collect();
        let text = word.iter().map(|piece| match piece {
            Piece::Text { text, .. } => text.as_str(),
            Piece::Param(_) | Piece::Output { .. } | Piece::Arithmetic(_) | Piece::Process { .. } => "",
        });
        Ok((text.collect(), raw.contains(['\'', '"', '\\'])))
    }
}
