//! The live path: what was recorded, encoded once, for everybody at once.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::ledger::{Entry, Scope};
use crate::wire::{Cursor, EventsNote, Note as _, limits};

/// Live frames that a connection may be behind before it has to read the ledger.
const FRAMES_KEPT: usize = 128;
/// Bytes of events in one frame; leaves room for the frame around them.
pub(super) const FRAME_EVENTS_MAX_BYTES: usize = limits::MESSAGE_MAX_BYTES - 1024;

/// Something that goes to every subscriber.
#[derive(Clone, Debug)]
pub(super) enum Live {
    /// Recorded events.
    Recorded(Arc<Stretch>),
    /// A stop that takes effect although it could not be recorded yet: for agents only.
    Unrecorded(Arc<[Entry]>),
}

/// Recorded events that fit one frame.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) entries: Vec<Entry>,
    /// Their frame for whoever wants all of them.
    pub(super) frame: Utf8Bytes,
}

impl Stretch {
    pub(super) fn first(&self) -> u64 {
        self.entries.first().map_or(0, |entry| entry.pos)
    }

    pub(super) fn last(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.pos)
    }
}

/// Where the core sends what is on record.
#[derive(Clone, Debug)]
pub(super) struct Fan {
    epoch: u64,
    head: watch::Sender<u64>,
    live: broadcast::Sender<Live>,
}

impl Fan {
    pub(super) fn new(epoch: u64, head: u64) -> Self {
        Self { epoch, head: watch::Sender::new(head), live: broadcast::Sender::new(FRAMES_KEPT) }
    }

    /// Where the record ends.
    pub(super) fn head(&self) -> Cursor {
        Cursor { epoch: self.epoch, pos: *self.head.borrow() }
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<Live> {
        self.live.subscribe()
    }

    /// Sends on what has become durable.
    pub(super) fn out(&self, entries: &[Entry]) {
        let Some(last) = entries.last() else { return };
        self.head.send_replace(last.pos);
        if self.live.receiver_count() == 0 {
            return;
        }
        for part in stretches(entries) {
            let frame = frame(Cursor { epoch: self.epoch, pos: part.last().map_or(0, |e| e.pos) }, part);
            let stretch = Stretch { entries: part.to_vec(), frame };
            // Nobody listening is no failure: whoever comes reads the ledger.
            let _ = self.live.send(Live::Recorded(Arc::new(stretch)));
        }
    }

    /// Tells agents of a stop that is not on record yet.
    pub(super) fn urgent(&self, entries: &[Entry]) {
        let _ = self.live.send(Live::Unrecorded(entries.into()));
    }
}

/// Cuts entries into parts that fit a frame each.
pub(super) fn stretches(mut entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    std::iter::from_fn(move || {
        let mut size = 0;
        let fits = |entry: &&Entry| {
            size += entry.json.len() + 1;
            size <= FRAME_EVENTS_MAX_BYTES
        };
        // One that is too large alone cannot be recorded; were it there, it would go out alone.
        let count = entries.iter().take_while(fits).count().max(1);
        let (part, rest) = entries.split_at_checked(count)?;
        entries = rest;
        Some(part)
    })
}

/// An `events` note around texts that are JSON already.
pub(super) fn frame<'a>(cursor: Cursor, entries: impl IntoIterator<Item = &'a Entry>) -> Utf8Bytes {
    let Cursor { epoch, pos } = cursor;
    let method = EventsNote::METHOD;
    let mut text = format!(
        r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"cursor":{{"epoch":{epoch},"pos":{pos}}},"events":["#
    );
    for (index, entry) in entries.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&entry.json);
    }
    text.push_str("]}}");
    text.into()
}

/// What one connection subscribed to, and how far it is.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) scope: Scope,
    /// The last position that was dealt with.
    pub(super) cursor: u64,
    /// Up to where the ledger has to be read before the live path goes on.
    pub(super) goal: u64,
    /// Whether to say that `goal` is reached even when nothing of it was for this subscriber.
    pub(super) say_when_there: bool,
    pub(super) live: broadcast::Receiver<Live>,
}

impl Subscription {
    /// Whether the ledger has to be read first.
    pub(super) fn is_behind(&self) -> bool {
        self.cursor < self.goal || self.say_when_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SessionId;
    use crate::wire::Frame;

    fn entry(pos: u64, bytes: usize) -> Entry {
        let body = serde_json::json!({ "text": "x".repeat(bytes) });
        let json = serde_json::json!({
            "v": 1, "session": "s-1", "seq": pos, "at": "2026-11-20T16:30:49.382Z",
            "actor": {"role": "hub", "name": "h"}, "type": "message.said", "body": body,
        });
        Entry { pos, session: SessionId::new("s-1").unwrap(), key: None, json: json.to_string().into() }
    }

    #[test]
    fn stretches_hold_every_entry_once_and_fit_a_frame() {
        let sizes = [10, 200_000, 100_000, 5, 5, 250_000, 1, 130_000, 130_000];
        let entries: Vec<Entry> =
            sizes.iter().enumerate().map(|(n, size)| entry(n as u64 + 1, *size)).collect();
        let parts: Vec<&[Entry]> = stretches(&entries).collect();
        assert_eq!(parts.concat(), entries);
        assert!(parts.len() > 1, "the control: they do not all fit one frame");
        for part in parts {
            let cursor = Cursor { epoch: u64::MAX, pos: u64::MAX };
            let text = frame(cursor, part);
            assert!(text.len() <= limits::MESSAGE_MAX_BYTES, "{}", text.len());
            let Frame::Notification { method, params } = Frame::parse(&text).unwrap() else { panic!() };
            let note: EventsNote = serde_json::from_str(params.get()).unwrap();
            assert_eq!((method.as_str(), note.cursor), (EventsNote::METHOD, cursor));
            let numbers: Vec<u64> = note.events.iter().map(|event| event.seq).collect();
            assert_eq!(numbers, part.iter().map(|entry| entry.pos).collect::<Vec<_>>());
        }
        assert_eq!(stretches(&[]).count(), 0);
    }
}
