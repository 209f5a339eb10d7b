//! The terminal as a resource: taken once, given back on every way out.

use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::layout::Size;
use ratatui::{Frame, Terminal};

use crate::domain::{Error, Result, Untrusted};

use super::{Copied, Ink, osc, signals};

/// Alternate screen, the title saved, bracketed paste, no wrapping at the right edge, no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[22;2t\x1b[?2004h\x1b[?7l\x1b[?25l";
/// The reverse, from whatever state: a frame may have been cut off in its middle.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?2004l\x1b[?25h\x1b[23;2t\x1b[?1049l";

/// Whether the process's own terminal is in our hands. Read by the panic hook, which has nothing else to go by.
static HELD: AtomicBool = AtomicBool::new(false);

/// A terminal that is ours until this is dropped.
pub struct Screen<W: Write> {
    terminal: Terminal<Ink<W>>,
    title: Option<String>,
    /// Whether this is the process's own terminal, with modes to set beside the bytes to write.
    own: bool,
    away: bool,
}

impl Screen<io::Stdout> {
    /// Takes the process's own terminal.
    pub fn own() -> Result<Self> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Err(Error::invalid("the cockpit needs a terminal for its input and output")
                .hint("scripts use `holdpoint holds --json` and `holdpoint decide`"));
        }
        Self::enter(io::stdout(), own_size, true)
    }
}

impl<W: Write> Screen<W> {
    /// Takes whatever is behind `out`; `size` is asked once a frame.
    pub fn over(out: W, size: impl Fn() -> Size + Send + 'static) -> Result<Self> {
        Self::enter(out, size, false)
    }

    fn enter(out: W, size: impl Fn() -> Size + Send + 'static, own: bool) -> Result<Self> {
        let terminal = Terminal::new(Ink::new(out, size))?;
        // From here on dropping it leaves again, so a failure half-way is cleaned up too.
        let mut screen = Self { terminal, title: None, own, away: true };
        screen.resume()?;
        Ok(screen)
    }

    /// Draws one frame: one write, or none when nothing changed. Does nothing while the terminal is given away.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        if !self.away {
            self.terminal.draw(view)?;
        }
        Ok(())
    }

    /// The next frame draws every cell.
    pub fn redraw(&mut self) -> Result<()> {
        self.terminal.backend_mut().forget();
        Ok(self.terminal.clear()?)
    }

    /// The window's title: our own words. Written only when it changes.
    pub fn title(&mut self, words: &str) -> Result<()> {
        if self.title.as_deref() == Some(words) {
            return Ok(());
        }
        self.title = Some(words.to_owned());
        self.beside(&osc::title(words))
    }

    /// Rings the bell.
    pub fn bell(&mut self) -> Result<()> {
        self.beside(b"\x07")
    }

    /// Asks the terminal for a desktop notification: our own words. Terminals that do not know it ignore it.
    pub fn notify(&mut self, words: &str) -> Result<()> {
        self.beside(&osc::notification(words))
    }

    /// Puts text on the clipboard. Whether the terminal took it is not known to anybody.
    pub fn copy(&mut self, text: &Untrusted) -> Result<Copied> {
        let (bytes, copied) = osc::copy(text);
        self.beside(&bytes)?;
        Ok(copied)
    }

    /// Gives the terminal back and stops the process until the shell continues it; then call [`Screen::resume`].
    pub fn suspend(&mut self) -> Result<()> {
        signals::can_be_continued()?;
        self.leave()?;
        signals::stop_here()
    }

    /// Takes the terminal again, or for the first time. The next frame draws every cell.
    pub fn resume(&mut self) -> Result<()> {
        if self.own {
            crossterm::terminal::enable_raw_mode()?;
            HELD.store(true, Ordering::SeqCst);
        }
        if self.away {
            self.away = false;
            self.terminal.backend_mut().beside(ENTER)?;
        }
        if let Some(words) = self.title.take() {
            self.title(&words)?;
        }
        self.redraw()
    }

    /// Gives the terminal back. Done once, whoever asks first.
    pub fn leave(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.away, true) || self.own && !HELD.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let written = self.terminal.backend_mut().beside(LEAVE);
        if self.own {
            crossterm::terminal::disable_raw_mode()?;
        }
        Ok(written?)
    }

    /// Writes past the frame, unless the terminal is given away.
    fn beside(&mut self, bytes: &[u8]) -> Result<()> {
        if self.away {
            return Ok(());
        }
        Ok(self.terminal.backend_mut().beside(bytes)?)
    }

    /// What was written so far.
    #[cfg(test)]
    pub(super) fn out(&self) -> &W {
        self.terminal.backend().out()
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        // Nobody is left to tell: the terminal may be gone already.
        let _ = self.leave();
    }
}

/// From now on a panic in any thread gives the terminal back before it is reported, and ends the process: a cockpit
/// that has lost one of its parts must not go on looking alive.
pub fn guard_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let held = HELD.swap(false, Ordering::SeqCst);
        if held {
            let mut out = io::stdout();
            let _ = out.write_all(LEAVE).and_then(|()| out.flush());
            let _ = crossterm::terminal::disable_raw_mode();
        }
        report(panic);
        if held {
            std::process::exit(101);
        }
    }));
}

fn own_size() -> Size {
    let known = rustix::termios::tcgetwinsize(io::stdout()).ok();
    let known = known.filter(|size| size.ws_col > 0 && size.ws_row > 0);
    known.map_or(Size::new(80, 24), |size| Size::new(size.ws_col, size.ws_row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(screen: &Screen<Vec<u8>>) -> String {
        String::from_utf8(screen.out().clone()).unwrap()
    }

    fn over() -> Screen<Vec<u8>> {
        Screen::over(Vec::new(), || Size::new(20, 3)).unwrap()
    }

    #[test]
    fn the_terminal_is_taken_and_given_back_once() {
        let mut screen = over();
        assert!(screen.out().starts_with(ENTER));
        screen.draw(|frame| frame.render_widget("hold", frame.area())).unwrap();
        screen.leave().unwrap();
        let left = screen.out().len();
        assert!(screen.out().ends_with(LEAVE));
        screen.leave().unwrap();
        screen.draw(|frame| frame.render_widget("other", frame.area())).unwrap();
        screen.bell().unwrap();
        assert_eq!(screen.out().len(), left, "nothing is written to a terminal that is not ours");
    }

    #[test]
    fn everything_that_was_switched_is_switched_back() {
        for mode in ["1049", "2004", "7", "25"] {
            let (on, off) = (format!("\x1b[?{mode}h"), format!("\x1b[?{mode}l"));
            let (enter, leave) = (String::from_utf8_lossy(ENTER), String::from_utf8_lossy(LEAVE));
            assert_ne!(enter.contains(&on), enter.contains(&off), "mode {mode} is set on the way in");
            assert_eq!(
                (enter.contains(&on), enter.contains(&off)),
                (leave.contains(&off), leave.contains(&on))
            );
        }
    }

    #[test]
    fn after_a_pause_every_cell_is_drawn_again_and_the_title_is_back() {
        let mut screen = over();
        let draw = |screen: &mut Screen<Vec<u8>>| {
            screen.draw(|frame| frame.render_widget("a hold waits", frame.area())).unwrap();
        };
        screen.title("1 waiting - holdpoint").unwrap();
        draw(&mut screen);
        let before = text(&screen).len();
        draw(&mut screen);
        assert_eq!(text(&screen).len(), before);
        screen.leave().unwrap();
        let away = text(&screen).len();
        screen.resume().unwrap();
        draw(&mut screen);
        let again = text(&screen)[away..].to_owned();
        for part in [std::str::from_utf8(ENTER).unwrap(), "]2;1 waiting - holdpoint", "\x1b[2J", "waits"] {
            assert!(again.contains(part), "{part:?} in {again:?}");
        }
    }

    #[test]
    fn a_title_is_written_when_it_changes() {
        let mut screen = over();
        for words in ["one", "one", "two"] {
            screen.title(words).unwrap();
        }
        assert_eq!(text(&screen).matches("\x1b]2;").count(), 2);
    }
}
