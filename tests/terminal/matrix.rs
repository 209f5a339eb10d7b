//! The real binary in a terminal and in tmux at three sizes, before the recorded incident told anew by agents over the
//! wire: facts read from the grid, the decision on record, and the grids themselves beside.
//!
//! A terminal and tmux have to show the same, so both are held against the same snapshot.

use holdpoint::domain::{ClientKey, Outcome, Proposal, Role, SessionId, Timestamp};
use holdpoint::ledger::recording::Reader;
use holdpoint::session::{Body, Event};
use holdpoint::wire::{
    ClientEvent, HoldOpen, SessionOpen, SessionOpenParams, SessionPublish, SessionPublishParams,
};
use regex::{Captures, Regex};

use super::hands::{approve_until, read_on, reading};
use super::hub_lab::{self, Client};
use super::lab::Lab;
use super::place::{Place, Size};

pub(super) const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/screenshots/incident.jsonl");

/// The incident up to its first hold, as if it happened just now.
struct Told {
    lab: Lab,
    /// They go on waiting.
    _agents: Vec<Client>,
    proposal: Proposal,
}

fn recorded() -> Vec<Event> {
    let file = std::io::BufReader::new(std::fs::File::open(RECORDING).unwrap());
    Reader::new(file).unwrap().map(Result::unwrap).collect()
}

/// The body, with every time in it later by so many milliseconds.
fn later(body: &Body, by_ms: i64) -> Box<serde_json::value::RawValue> {
    let time = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").unwrap();
    let raw = body.to_raw().unwrap();
    let shifted = |found: &Captures| {
        let at: Timestamp = serde_json::from_value(found[0].into()).unwrap();
        serde_json::to_value(at.plus_millis(by_ms)).unwrap().as_str().unwrap().to_owned()
    };
    serde_json::value::RawValue::from_string(time.replace_all(raw.get(), shifted).into_owned()).unwrap()
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis() as i64)
}

fn tell() -> Told {
    let lab = Lab::new();
    let events = recorded();
    let asked = events.iter().position(|event| event.body.type_name() == "action.proposed").unwrap();
    let by_ms = now().since(events[asked].at);
    let Body::ActionProposed(proposed) = &events[asked].body else { unreachable!() };
    let (proposal, session) = (proposed.proposal.clone(), events[asked].session.clone());
    let runtime = &lab.runtime;
    let sit = |name: &str| {
        let _inside = runtime.enter();
        Client::new(lab.hub.socket(), lab.credential(Role::Agent, name), None, None)
    };
    let mut names: Vec<String> = Vec::new();
    let mut agents: Vec<Client> = Vec::new();
    for (n, event) in events[..asked].iter().enumerate() {
        let name = event.actor.name.expose().to_owned();
        let at = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            agents.push(sit(&name));
            names.push(name);
            names.len() - 1
        });
        runtime.block_on(say(&agents[at], &session, n, event, by_ms));
    }
    let at = names.iter().position(|name| *name == events[asked].actor.name.expose()).unwrap();
    let asking = hub_lab::asking(&session, "ask", proposal.clone());
    runtime.block_on(agents[at].ok::<HoldOpen>(asking));
    Told { lab, _agents: agents, proposal }
}

async fn say(agent: &Client, session: &SessionId, number: usize, event: &Event, by_ms: i64) {
    if let Body::SessionOpened(opened) = &event.body {
        let (session, title, source) = (Some(session.clone()), opened.title.clone(), opened.source.clone());
        let key = ClientKey::new("open").unwrap();
        agent.ok::<SessionOpen>(SessionOpenParams { key, session, title, source, alert: None }).await;
        return;
    }
    let event = ClientEvent {
        id: ClientKey::new(format!("e-{number}")).unwrap(),
        r#type: event.body.type_name().into(),
        body: later(&event.body, by_ms),
    };
    agent.ok::<SessionPublish>(SessionPublishParams { session: session.clone(), events: vec![event] }).await;
}

/// The grid without what differs from run to run: clocks read 00:00:00, spans their number and unit, and a row that held
/// one its widths.
fn normalised(text: &str) -> String {
    // A sheet may cover the second half of the time that is left.
    let clock = Regex::new(r"\d\d:\d\d(:\d\d)?(\.\d+)?|  \d\d║").unwrap();
    let span = Regex::new(r"\b(under )?\d+(\.\d+)? (ms|s|min|h)\b").unwrap();
    let gap = Regex::new(r"[ ═─]{2,}").unwrap();
    let zeros = |found: &Captures| found[0].replace(|c: char| c.is_ascii_digit(), "0");
    let row = |row: &str| {
        let row = clock.replace_all(row, zeros).into_owned();
        if !span.is_match(&row) {
            return row;
        }
        gap.replace_all(&span.replace_all(&row, "#"), "  ").into_owned()
    };
    text.lines().map(|line| row(line) + "\n").collect()
}

fn snapshot(name: &str, size: Size, text: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(format!("terminal-{name}-{}x{}", size.0, size.1), normalised(text));
    });
}

fn must_show(text: &str, facts: &[&str]) {
    for fact in facts {
        assert!(text.contains(fact), "not on screen: {fact}\n{text}");
    }
}

fn play(size: Size, start: impl FnOnce(&Told) -> Place) {
    let told = tell();
    let place = start(&told);
    let main = place.wait_for_whole("the hold, from a live hub", |text| {
        text.contains("1 waiting") && text.contains("● live") && text.contains("INC-4231")
    });
    assert_eq!(place.rows().len(), usize::from(size.1));
    must_show(&main, &["holdpoint", "WAITING FOR YOU", "P1", "kubectl --context", "firing", "5 %"]);
    if size.0 >= 120 {
        must_show(&main, &["HYPOTHESES", "EVIDENCE", "TIMELINE", "cart-redis", "logs-agent"]);
    }
    snapshot("main", size, &main);

    place.key("enter");
    // The first frame of a sheet is not yet known to have been on screen.
    let sheet = place.wait_for_whole("the sheet, and how much of it is read", |text| {
        reading(text) && !text.contains("approve is off: 0 %")
    });
    let command = "kubectl --context prod-eu1 -n prod delete pod -l app=cart-redis";
    must_show(&sheet, &["DECIDE", "P1 r1", "WILL RUN", command, "WHERE", "PINNED"]);
    snapshot("sheet", size, &sheet);
    let pages = read_on(&place);
    let digest = told.proposal.action.digest().unwrap().to_string();
    must_show(&pages, &[&digest[..48]]);

    let decided =
        || told.lab.ear.heard.borrow().sessions.values().all(|session| session.open_holds().count() == 0);
    approve_until(&place, decided);
    let heard = told.lab.ear.heard.borrow().clone();
    let hold = heard.sessions.values().flat_map(|session| &session.holds).next().unwrap();
    let closing = hold.closing.as_ref().unwrap();
    assert_eq!((closing.outcome, closing.by.name.expose()), (Outcome::Approved, "maya"));
    place.wait_for("the acknowledgement", |text| text.contains("approved") && !reading(text));
}

macro_rules! matrix {
    ($($name:ident: $size:expr;)*) => {$(
        mod $name {
            #[test]
            fn in_a_terminal() {
                super::play($size, |told| told.lab.pty($size));
            }
            #[test]
            #[ignore = "needs tmux"]
            fn in_tmux() {
                super::play($size, |told| super::Place::tmux($size, &told.lab.start()));
            }
        }
    )*};
}

matrix! {
    the_incident_at_80x24_is_shown_and_decided: (80, 24);
    the_incident_at_120x36_is_shown_and_decided: (120, 36);
    the_incident_at_200x60_is_shown_and_decided: (200, 60);
}

/// The control of the snapshots: what is normalised away is nothing but clocks and spans.
#[test]
fn only_clocks_and_spans_are_normalised() {
    assert_eq!(normalised("at 03:12Z  P1 04:31 left"), "at 00:00Z  P1 00:00 left\n");
    assert_eq!(normalised("firing 5 min   since"), "firing #  since\n");
    let kept = "P1 r1 kubectl 12.4 %  sha256 7a7f09de08e3   2 word for word";
    assert_eq!(normalised(kept), format!("{kept}\n"));
}
