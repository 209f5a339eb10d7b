//! Passes a command's output through, byte for byte, and digests it on the way.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

use crate::domain::{Digest, Hasher, Untrusted};

/// How much of the end of the output is kept for people, in bytes.
const TAIL_MAX_BYTES: usize = 4096;
/// How long the end of a stream may take after the command itself ended; later only processes that it left behind
/// can hold the stream open.
const SILENCE: Duration = Duration::from_millis(500);

/// One stream, passed through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Passed {
    /// Of all its bytes; absent when not all were seen: the reader of ours went away, or a process that was left
    /// behind still held it open.
    pub(super) sha256: Option<Digest>,
    /// How many passed.
    pub(super) bytes: u64,
}

/// The last bytes of both streams, in the order of their arrival.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    fn take(&self, piece: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = &piece[piece.len().saturating_sub(TAIL_MAX_BYTES)..];
        let over = (kept.len() + piece.len()).saturating_sub(TAIL_MAX_BYTES);
        kept.drain(..over);
        kept.extend(piece);
    }

    /// The tail as text; bytes that are not UTF-8 become U+FFFD. `None` when there was no output.
    pub(super) fn text(&self) -> Option<Untrusted> {
        let kept: Vec<u8> = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        // The first bytes may be the rest of a character whose beginning was cut off.
        let rest_of_character = kept.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
        let cut = if kept.len() == TAIL_MAX_BYTES { rest_of_character } else { 0 };
        let text = String::from_utf8_lossy(&kept[cut..]);
        let mut start = text.len().saturating_sub(TAIL_MAX_BYTES);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        (!text.is_empty()).then(|| text[start..].into())
    }
}

/// Copies until the end of the stream, until nobody reads ours any more, or until the command has ended and what it
/// had written by then is through.
pub(super) async fn pass<R: AsyncRead + AsFd + Unpin>(
    mut from: R,
    mut to: Box<dyn AsyncWrite + Send + Unpin>,
    tail: Tail,
    mut ended: watch::Receiver<bool>,
) -> Passed {
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 64 * 1024];
    let mut whole = false;
    // Once the command has ended: how many of its bytes still stand in the pipe.
    let mut left: Option<u64> = None;
    loop {
        let read = tokio::select! {
            biased;
            read = from.read(&mut piece) => read,
            () = over(&mut ended), if left.is_none() => {
                left = Some(rustix::io::ioctl_fionread(&from).unwrap_or(0));
                continue;
            }
            () = tokio::time::sleep(SILENCE), if left.is_some() => break,
        };
        let Ok(length @ 1..) = read else {
            whole = read.is_ok();
            break;
        };
        hasher.update(&piece[..length]);
        tail.take(&piece[..length]);
        if to.write_all(&piece[..length]).await.is_err() || to.flush().await.is_err() {
            // Nobody reads ours. Dropping `from` lets the command notice, as if it wrote there itself.
            break;
        }
        left = match left {
            // Everything that the command wrote is through; this is from a process that it left behind.
            Some(0) => break,
            Some(n) => Some(n.saturating_sub(length as u64)),
            None => None,
        };
    }
    let bytes = hasher.bytes();
    Passed { sha256: whole.then(|| hasher.finish()), bytes }
}

/// Waits until the command has ended.
async fn over(ended: &mut watch::Receiver<bool>) {
    // Its sender lives as long as the run; without one there is nothing to wait for.
    let _ = ended.wait_for(|ended| *ended).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end_cut_between_characters_and_bounded_after_replacement() {
        let tail = Tail::default();
        assert_eq!(tail.text(), None);
        tail.take("ä".repeat(3000).as_bytes());
        let text = tail.text().unwrap();
        assert!(text.len() <= TAIL_MAX_BYTES && text.expose().chars().all(|c| c == 'ä'));
        tail.take(b"x");
        assert!(tail.text().unwrap().expose().chars().all(|c| c == 'ä' || c == 'x'), "no half a character");
        tail.take(&[0xff; 5000]);
        assert!(tail.text().unwrap().len() <= TAIL_MAX_BYTES);
    }
}
