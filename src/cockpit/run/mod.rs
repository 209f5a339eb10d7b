//! The loop: waits for keys, the link, answers and timers; draws when something changed; carries effects out.
//!
//! The network is never awaited here: calls run in tasks of their own and come back as events. Many events make one
//! frame; a key makes one at once. While nothing changes nothing is drawn and nothing wakes: there is no tick.

mod carry;
mod source;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant as Tick, sleep_until};

use crate::domain::{Error, Result, Timestamp};
use crate::link::{Credential, Link, Target};
use crate::session::Event as Fact;
use crate::wire::Filter;

use super::effect::Effect;
use super::event::{Event, Moment, Painted, What};
use super::input::Keymap;
use super::model::{Model, Settings};
use super::style::{Library, Styles, capable_here};
use super::term::{Incoming, Keyboard, Screen, Signal, Signals, ask_to_suspend, guard_panics};
use super::{update, view};
use carry::Carrier;
use source::Source;

/// Under a flood of events, frames are at least this far apart (milliseconds). A key does not wait for it.
const FRAME_APART_MS: u64 = 16;

/// How the cockpit looks and listens; the same for a hub and for a recording.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The user's configuration directory: `keymap.toml` and `themes/` in it.
    pub config: Option<PathBuf>,
    /// The theme's name; `dark` when absent.
    pub theme: Option<String>,
    /// Which sessions; all when absent.
    pub filter: Filter,
}

/// Shows a hub's sessions until the person leaves.
///
/// # Errors
/// When there is no terminal, or the keymap or the theme cannot be used. A hub that cannot be reached is no error: the
/// cockpit says so and goes on trying.
pub async fn run(target: Target, credential: Credential, options: Options) -> Result<()> {
    let (words, filter) = (target.to_string(), options.filter.clone());
    let stage = Stage::set(&options, words, false)?;
    let (link, notices) = Link::connect(target, credential, Some(filter), None);
    stage.play(Source::Hub(notices), Carrier::over(link)).await
}

/// Shows a recording, `speed` times as fast as it happened; nothing can be decided in it.
///
/// # Errors
/// When there is no terminal, or the keymap or the theme cannot be used.
pub async fn replay(events: Vec<Fact>, speed: f64, options: Options) -> Result<()> {
    let stage = Stage::set(&options, "a recording".into(), true)?;
    stage.play(Source::recording(events, speed), Carrier::nowhere()).await
}

/// Everything the loop owns.
struct Stage<W: Write> {
    screen: Screen<W>,
    styles: Styles,
    model: Model,
    /// The zero of the monotonic clock.
    since: Instant,
    wake_at: Option<Tick>,
    last_frame: Option<Tick>,
    /// A key was taken: the next frame does not wait.
    urgent: bool,
    quit: bool,
}

impl Stage<std::io::Stdout> {
    fn set(options: &Options, target: String, replay: bool) -> Result<Self> {
        let keymap = keymap(options)?;
        let library = Library::new(options.config.as_ref().map(|config| config.join("themes")));
        let styles = Styles::load(&library, options.theme.as_deref().unwrap_or("dark"), capable_here())?;
        guard_panics();
        let screen = Screen::own()?;
        let size = crossterm::terminal::size().unwrap_or((80, 24));
        let nonce = format!("{:08x}", getrandom::u32().map_err(|e| Error::invalid(e.to_string()))?);
        let model = Model::new(Settings { keymap, nonce, size, target, replay });
        Ok(Self {
            screen,
            styles,
            model,
            since: Instant::now(),
            wake_at: None,
            last_frame: None,
            urgent: true,
            quit: false,
        })
    }
}

fn keymap(options: &Options) -> Result<Keymap> {
    let Some(path) = options.config.as_ref().map(|config| config.join("keymap.toml")) else {
        return Keymap::builtin();
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Keymap::load(&path.display().to_string(), &text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Keymap::builtin(),
        Err(e) => Err(Error::from(e).within(&path.display().to_string())),
    }
}

impl<W: Write> Stage<W> {
    async fn play(mut self, mut source: Source, mut carrier: Carrier) -> Result<()> {
        let mut keyboard = Keyboard::new(self.since);
        let mut signals = Signals::new()?;
        while !self.quit {
            self.draw_if_due(&source, &mut carrier)?;
            let frame_due = self.frame_due();
            tokio::select! {
                biased;
                incoming = keyboard.next() => self.typed(incoming?, &source, &mut carrier)?,
                signal = signals.next() => self.signal(signal, &source, &mut carrier)?,
                () = until(frame_due), if frame_due.is_some() => {}
                what = carrier.answer() => self.take(what, &source, &mut carrier)?,
                what = source.next() => self.flood(what, &mut source, &mut carrier)?,
                () = until(self.wake_at), if self.wake_at.is_some() => {
                    self.wake_at = None;
                    self.take(What::Wake, &source, &mut carrier)?;
                }
            }
        }
        self.screen.leave()
    }

    fn typed(&mut self, incoming: Vec<Incoming>, source: &Source, carrier: &mut Carrier) -> Result<()> {
        for one in incoming {
            self.urgent = true;
            let what = match one {
                Incoming::Key(press) => What::Key(press),
                Incoming::Paste(text) => What::Paste(text),
                Incoming::Resize(columns, rows) => What::Resize(columns, rows),
            };
            self.take(what, source, carrier)?;
        }
        Ok(())
    }

    /// Takes what is there, but not so much that a key would wait for it.
    fn flood(&mut self, first: What, source: &mut Source, carrier: &mut Carrier) -> Result<()> {
        let until = Instant::now() + Duration::from_millis(FRAME_APART_MS / 2);
        let mut next = Some(first);
        while let Some(what) = next {
            self.take(what, source, carrier)?;
            next = if Instant::now() < until { source.ready() } else { None };
        }
        Ok(())
    }

    fn signal(&mut self, signal: Signal, source: &Source, carrier: &mut Carrier) -> Result<()> {
        match signal {
            Signal::End | Signal::Gone => self.quit = true,
            Signal::Suspend => self.screen.suspend()?,
            Signal::Continue => {
                self.screen.resume()?;
                self.urgent = true;
                self.take(What::Resumed, source, carrier)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, what: What, source: &Source, carrier: &mut Carrier) -> Result<()> {
        let at = self.now(source);
        let effects = update(&mut self.model, Event { at, what });
        effects.into_iter().try_for_each(|effect| self.carry_out(effect, carrier))
    }

    fn carry_out(&mut self, effect: Effect, carrier: &mut Carrier) -> Result<()> {
        match effect {
            Effect::Quit => self.quit = true,
            Effect::Bell => self.screen.bell()?,
            Effect::Title(title) => self.screen.title(&title)?,
            Effect::Copy(text) => drop(self.screen.copy(&text)?),
            Effect::Redraw => self.screen.redraw()?,
            Effect::ScheduleWake(at) => {
                let tick = |ms| Tick::from_std(self.since + Duration::from_millis(ms));
                self.wake_at = at.map(tick);
            }
            // Where there is no shell to go back to, the key does nothing.
            Effect::Suspend => drop(ask_to_suspend()),
            Effect::Decide(_)
            | Effect::Stop(_)
            | Effect::Ask(_)
            | Effect::Note(_)
            | Effect::Review(_)
            | Effect::SetPresence(_)
            | Effect::FetchBlob(_) => carrier.carry(effect),
        }
        Ok(())
    }

    /// When the next frame is allowed; `None` while nothing has to be drawn.
    fn frame_due(&self) -> Option<Tick> {
        let last = self.last_frame?;
        self.model.is_dirty().then(|| last + Duration::from_millis(FRAME_APART_MS))
    }

    fn draw_if_due(&mut self, source: &Source, carrier: &mut Carrier) -> Result<()> {
        let due = self.urgent || self.frame_due().is_none_or(|due| Tick::now() >= due);
        if !due || !self.model.take_dirty() {
            return Ok(());
        }
        let mut painted = Painted::default();
        let (model, styles) = (&self.model, &self.styles);
        self.screen.draw(|frame| painted = view::draw(model, styles, frame.buffer_mut()))?;
        self.last_frame = Some(Tick::now());
        self.urgent = false;
        self.take(What::Painted(painted), source, carrier)
    }

    fn now(&self, source: &Source) -> Moment {
        let mono_ms = self.since.elapsed().as_millis() as u64;
        Moment { mono_ms, wall: source.wall().unwrap_or_else(wall) }
    }
}

async fn until(at: Option<Tick>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The wall clock of this machine.
fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
