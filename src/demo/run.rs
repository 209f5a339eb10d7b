//! A whole demo: the stage, the hub, the agents, and a person or a script in front.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::clock::Pace;
use super::facts::{Fact, facts, recap};
use super::play::GUIDE;
use super::script::{STORY, Script, parse};
use super::seat::{Seat, Voice};
use super::stage::Stage;
use super::{Cast, Company, approver, lines};
use crate::cockpit;
use crate::domain::{Error, Kind, Result, Role, Untrusted};
use crate::hub::{Config, Hub};
use crate::link::{Credential, Target, files};
use crate::session::{Event, MessageSaid, Session};

/// The name of the scripted approver.
const SCRIPTED: &str = "scripted-approver";

/// What to play, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Another story than the built-in one.
    pub script: Option<PathBuf>,
    /// How many times as fast as written.
    pub speed: f64,
    /// Without a terminal: a scripted approver decides, and a line is printed for each event.
    pub no_tui: bool,
    /// The person's name.
    pub name: Untrusted,
    /// How the cockpit looks.
    pub cockpit: cockpit::run::Options,
}

/// Plays the demo. Answers whether the story went as its script says; with a person in front, any course is right.
/// Everything that it wrote is gone when this returns.
///
/// # Errors
/// `Kind::Invalid` for a script that cannot be played, with the line; `Kind::Unavailable` without a place to write, or
/// when a signal ended it.
pub async fn run(options: Options) -> Result<bool> {
    let script = load(&options)?;
    let pace = Pace::new(options.speed);
    let stage = Stage::build(&script, pace)?;
    let show = Show { script: Arc::new(script), stage, pace };
    tokio::select! {
        played = show.play(options) => played,
        signal = ending_signal() => Err(signal),
    }
}

fn load(options: &Options) -> Result<Script> {
    let Some(path) = &options.script else { return parse("the built-in story", STORY) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::new(Kind::NotFound, format!("cannot read {name}: {e}"))
            .hint("`holdpoint demo --print-script` prints one to begin with")
    })?;
    parse(&name, &text)
}

/// Waits for a signal that asks to end. The cockpit reads Ctrl-C as a key, so that there only the others come here.
async fn ending_signal() -> Error {
    let listen = |kind| signal(kind);
    let (Ok(mut int), Ok(mut term), Ok(mut hup)) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()))
    else {
        return Error::new(Kind::Internal, "signals cannot be listened for");
    };
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
    Error::new(Kind::Unavailable, "the demo was ended by a signal; what it wrote is removed")
}

/// What is played, where.
struct Show {
    script: Arc<Script>,
    stage: Stage,
    pace: Pace,
}

impl Show {
    async fn play(&self, options: Options) -> Result<bool> {
        let hub = Hub::start(self.config()).await?;
        let cast = Cast {
            script: Arc::clone(&self.script),
            target: hub.socket(),
            token: self.token(files::AGENT_TOKEN)?,
            root: self.stage.root().to_path_buf(),
            pace: self.pace,
            launcher: crate::gate::this_program()?,
        };
        if options.no_tui {
            self.scripted(&cast).await?;
            // The summary comes from the disk, not from what this process remembers.
            hub.stop().await;
            let hub = Hub::start(self.config()).await?;
            let right = self.judged(&hub.socket()).await?;
            hub.stop().await;
            return Ok(right);
        }
        let played = self.before_a_person(&cast, options).await;
        let told = self.reader(&cast.target).await?;
        print_all(&recap(&told.told.borrow()));
        hub.stop().await;
        played.map(|()| true)
    }

    fn config(&self) -> Config {
        Config { name: "demo".into(), ..Config::new(self.stage.hub()) }
    }

    fn token(&self, file: &str) -> Result<String> {
        Ok(std::fs::read_to_string(self.stage.hub().join(file))?.trim().to_owned())
    }

    fn person(&self, name: &Untrusted) -> Result<Credential> {
        Ok(Credential { role: Role::Person, token: self.token(files::APPROVER_TOKEN)?, name: name.clone() })
    }

    /// Plays with the scripted approver, and prints a line for each event.
    async fn scripted(&self, cast: &Cast) -> Result<()> {
        let printed = |session: &Session, event: &Event| print_all(lines::line(session, event).as_slice());
        let seat = Seat::take(&cast.target, self.person(&SCRIPTED.into())?, printed).await?;
        let mut company = Company::enter(cast);
        tokio::select! {
            played = company.finished() => played?,
            decided = approver::decide_all(seat.clone(), &self.script, self.pace) => decided?,
        }
        let reader = self.reader(&cast.target).await?;
        seat.until(|told| told.has_read(&reader.told.borrow()).then_some(())).await
    }

    /// Plays under the cockpit, until the person leaves it.
    async fn before_a_person(&self, cast: &Cast, options: Options) -> Result<()> {
        let credential = self.person(&options.name)?;
        let mut company = Company::enter(cast);
        let screen = cockpit::run::run(cast.target.clone(), credential, options.cockpit);
        let story = async {
            company.finished().await?;
            farewell(cast).await
        };
        tokio::pin!(screen, story);
        let told = tokio::select! {
            left = &mut screen => return left,
            told = &mut story => told,
        };
        screen.await.and(told)
    }

    /// A connection that has read the whole record.
    async fn reader(&self, target: &Target) -> Result<Seat> {
        let seat = Seat::take(target, self.person(&SCRIPTED.into())?, |_, _| ()).await?;
        seat.until(|told| told.caught_up().then_some(())).await?;
        Ok(seat)
    }

    /// Reads the record and compares; prints both.
    async fn judged(&self, target: &Target) -> Result<bool> {
        let seat = self.reader(target).await?;
        let told = seat.told.borrow();
        let facts = facts(&self.script, &told, &self.stage.effects());
        let wrong = facts.iter().filter(|fact| !fact.holds).count();
        print_all(&[String::new(), "From the record:".into()]);
        print_all(&recap(&told));
        let line = |fact: &Fact| format!("{} {}", if fact.holds { "ok   " } else { "WRONG" }, fact.what);
        print_all(&facts.iter().map(line).collect::<Vec<_>>());
        print_all(&[format!("{} of {} facts are as the script says", facts.len() - wrong, facts.len())]);
        Ok(wrong == 0)
    }
}

/// Tells the person that nothing more will come.
async fn farewell(cast: &Cast) -> Result<()> {
    let Some(last) = cast.script.incidents.last() else { return Ok(()) };
    let seat = cast.seat(GUIDE).await?;
    let mut voice = Voice::new(seat.link.clone(), last.session.get_ref().clone(), "farewell");
    let text = "That was the demo. q leaves and removes everything.";
    voice.say(MessageSaid { text: text.into(), from: None }).await
}

/// A reader that goes away does not end the play.
fn print_all(lines: &[String]) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}
