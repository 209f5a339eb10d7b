//! Somebody at a real cockpit in a terminal of its own, who reads what is on screen and presses the key that it asks for:
//! approves what can be approved, and denies what nobody waits for any more.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::lab::Lab;
use crate::place::{Place, Start};

/// Between two keys: longer than the guard takes a repeated key for a held one.
const PACE: Duration = Duration::from_millis(800);
/// Between keys that decide nothing; an Esc has to come alone.
const BETWEEN: Duration = Duration::from_millis(80);

/// The cockpit and whoever sits before it.
pub(crate) struct Cockpit {
    place: Arc<Mutex<Place>>,
    rests: Arc<AtomicBool>,
    /// Verdicts that were confirmed with Enter, wherever they are now.
    sent: Arc<AtomicUsize>,
    typist: Option<std::thread::JoinHandle<()>>,
}

impl Cockpit {
    /// Somebody of this name sits down and begins.
    pub(crate) fn start(lab: &Lab, name: &str, failpoint: Option<&str>) -> Self {
        let data = lab.data().display().to_string();
        let mut start = Start::holdpoint(&["--as", name, "watch"])
            .with("HOME", &data)
            .with("XDG_CONFIG_HOME", &data)
            .with("HOLDPOINT_DATA", &data);
        start.program = crate::lab::binary().into_string().unwrap();
        if let Some(point) = failpoint {
            start = start.with("HOLDPOINT_FAILPOINT", point);
        }
        let place = Arc::new(Mutex::new(Place::pty((200, 60), &start)));
        let rests = Arc::new(AtomicBool::new(false));
        let sent = Arc::new(AtomicUsize::new(0));
        let (glass, over, count) = (Arc::clone(&place), Arc::clone(&rests), Arc::clone(&sent));
        let typist = std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                {
                    let place = glass.lock().unwrap();
                    if place.ended().is_some() {
                        return;
                    }
                    let keys = next_keys(&place.text());
                    if keys == CONFIRM {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    for key in keys {
                        place.try_send(key);
                        std::thread::sleep(BETWEEN);
                    }
                }
                std::thread::sleep(PACE);
            }
        });
        Self { place, rests, sent, typist: Some(typist) }
    }

    /// Whether a verdict was sent from here, or is just being sent.
    pub(crate) fn has_sent(&self) -> bool {
        self.sent.load(Ordering::SeqCst) > 0
    }

    /// The signal that ended it; `None` while it lives.
    #[cfg(feature = "failpoints")]
    pub(crate) fn killed(&self) -> Option<String> {
        self.place.lock().unwrap().ended().map(|status| status.signal().unwrap_or_default().to_owned())
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.place.lock().unwrap().kill();
        self.leave();
    }

    fn leave(&mut self) {
        self.rests.store(true, Ordering::SeqCst);
        if let Some(typist) = self.typist.take() {
            typist.join().unwrap();
        }
    }
}

impl Drop for Cockpit {
    fn drop(&mut self) {
        self.leave();
    }
}

const CONFIRM: &[&[u8]] = &[b"\r"];

/// What the screen asks for.
fn next_keys(screen: &str) -> &'static [&'static [u8]] {
    let shows = |words: &str| screen.contains(words);
    if shows(" APPROVE ") || shows("deny because:") {
        CONFIRM
    } else if shows("begins to approve") {
        &[b"A"]
    } else if shows("nobody would run it") && !shows("deny is off") {
        &[b"d"]
    } else if shows("of the action was on screen") {
        &[b"\x1b[6~"]
    } else if shows("not yet acknowledged") || shows("not known yet whether") {
        &[]
    } else if shows(" DECIDE ") {
        &[b"\x1b"]
    } else if shows(" waiting") && !shows(" 0 waiting") {
        // Whatever was looked at before: the top of the queue, which has waited longest.
        &[b"\x1b", b"g", b"\r"]
    } else {
        &[]
    }
}
