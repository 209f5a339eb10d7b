//! What comes from the terminal: keys, pastes, sizes.
//!
//! Whatever can be read at once is read at once, because keys that arrive as one piece were not typed one by one: the
//! [`crate::cockpit::input::Guard`] wants to know.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::Stream;

use crate::cockpit::input::Press;
use crate::domain::{Error, Kind, Result, Untrusted};

/// More than this is not taken at once (events), so that a stuck key or a huge paste cannot starve the rest.
const BATCH_MAX: usize = 256;

/// Something from the terminal.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// A key.
    Key(Press),
    /// Text pasted in one piece.
    Paste(Untrusted),
    /// The terminal has another size now: columns, rows.
    Resize(u16, u16),
}

/// Reads the process's own terminal.
pub struct Keyboard {
    events: EventStream,
    since: Instant,
}

impl Keyboard {
    /// Starts to read. `since` is the zero of [`Press::at_ms`].
    #[must_use]
    pub fn new(since: Instant) -> Self {
        Self { events: EventStream::new(), since }
    }

    /// Waits for input and takes all of it that is there. Safe to drop and call again: nothing is lost.
    pub async fn next(&mut self) -> Result<Vec<Incoming>> {
        let events = std::future::poll_fn(|cx| self.poll(cx)).await?;
        let at_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(gathered(events, at_ms))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<Event>>> {
        let mut events = Vec::new();
        while events.len() < BATCH_MAX {
            match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => events.push(event),
                Poll::Ready(Some(Err(e))) => return Poll::Ready(Err(Error::from(e))),
                Poll::Ready(None) => {
                    return Poll::Ready(Err(Error::new(Kind::Unavailable, "the terminal is closed")));
                }
                Poll::Pending if events.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(events))
    }
}

/// One reading: every key in it knows whether it came alone.
fn gathered(events: Vec<Event>, at_ms: u64) -> Vec<Incoming> {
    let pressed = |event: &&Event| matches!(event, Event::Key(key) if key.kind != KeyEventKind::Release);
    let pasted = events.iter().any(|event| matches!(event, Event::Paste(_)));
    let together = pasted || events.iter().filter(pressed).count() > 1;
    let incoming = |event| match event {
        Event::Key(key) => Some(Incoming::Key(Press { key, at_ms, together })),
        Event::Paste(text) => Some(Incoming::Paste(Untrusted::from(text))),
        Event::Resize(columns, rows) => Some(Incoming::Resize(columns, rows)),
        Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    };
    events.into_iter().filter_map(incoming).collect()
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    fn key(c: char) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
    }

    fn alone(events: Vec<Event>) -> Vec<bool> {
        let came = |incoming: &Incoming| match incoming {
            Incoming::Key(press) => Some(!press.together),
            Incoming::Paste(_) | Incoming::Resize(..) => None,
        };
        gathered(events, 7).iter().filter_map(came).collect()
    }

    #[test]
    fn a_key_that_comes_with_others_knows_it() {
        assert_eq!(alone(vec![key('A')]), [true]);
        assert_eq!(alone(vec![Event::Resize(80, 24), key('A')]), [true]);
        assert_eq!(alone(vec![key('A'), key('\r')]), [false, false]);
        assert_eq!(alone(vec![Event::Paste("x".into()), key('A')]), [false]);
    }
}
