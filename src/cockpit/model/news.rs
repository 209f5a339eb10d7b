//! The last things that happened meanwhile, a line each.

use std::collections::VecDeque;

use super::words::News;

/// Lines that are kept.
const NEWS_KEPT: usize = 32;

/// News, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewsLog {
    lines: VecDeque<News>,
    dismissed: bool,
}

impl NewsLog {
    /// Adds a line.
    pub(crate) fn tell(&mut self, news: News) {
        if self.lines.len() == NEWS_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(news);
        self.dismissed = false;
    }

    /// The line to show now, until it is dismissed.
    pub(crate) fn latest(&self) -> Option<&News> {
        self.lines.back().filter(|_| !self.dismissed)
    }

    /// Takes the line off the screen; answers whether there was one.
    pub(crate) fn dismiss(&mut self) -> bool {
        let shown = self.latest().is_some();
        self.dismissed = true;
        shown
    }
}
