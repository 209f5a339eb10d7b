//! Who is there while things are killed: an approver with a coin, a publisher that never stops, and a reader for
//! afterwards. Each keeps what it was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdpoint::domain::*;
use holdpoint::link::{Credential, Link, Notice, Target};
use holdpoint::session::{Body, Event, Hold, Session};
use holdpoint::wire::*;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::check::{Promise, run_of};
use crate::lab::{Dice, Lab, patience};

/// Of a hundred, how many the coin approves.
const APPROVES_PCT: u64 = 65;
/// Pause between two messages of the publisher, so that it is not all there is.
const SAYS_EVERY: Duration = Duration::from_millis(15);

/// What the coin says about a run.
pub(crate) fn verdict(seed: u64, run: &str) -> Verdict {
    if Dice::of(seed, run) < APPROVES_PCT { Verdict::Approve } else { Verdict::Deny }
}

/// Promises, from many sides.
pub(crate) type Promises = Arc<Mutex<Vec<Promise>>>;

/// What an approver knows just now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct News {
    /// The hub's lives that it has met.
    pub(crate) ups: u32,
    pub(crate) events: usize,
    pub(crate) open: usize,
    pub(crate) unredeemed: usize,
    /// Runs of which the record does not say the end.
    pub(crate) running: usize,
    /// Open holds that this approver leaves to somebody else, with what that should say.
    pub(crate) delegated: Vec<(HoldId, Digest, Verdict)>,
    /// Who cast a vote.
    pub(crate) voters: BTreeSet<String>,
}

/// What the test says to an approver.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// The hub was started again: dial now, instead of when the link's patience says.
    Reconnect,
    /// Deny whatever is open, whether anybody waits or not, and leave nothing to others.
    Clear,
}

/// Decides every hold that somebody waits for.
pub(crate) struct Approver {
    orders: mpsc::Sender<Order>,
    pub(crate) news: watch::Receiver<News>,
    task: JoinHandle<Vec<Event>>,
}

impl Approver {
    /// Leaves `delegates_pct` of a hundred holds to others.
    pub(crate) fn start(lab: &Lab, seed: u64, delegates_pct: u64, promises: Promises) -> Self {
        let (orders, inbox) = mpsc::channel(8);
        let (sender, news) = watch::channel(News::default());
        let credential = lab.credential(Role::Person, "maya");
        let desk = Desk {
            target: lab.target(),
            credential,
            seed,
            delegates_pct,
            promises,
            cursor: None,
            sessions: BTreeMap::new(),
            waiting: BTreeSet::new(),
            voters: BTreeSet::new(),
            asked: BTreeSet::new(),
            seen: Vec::new(),
            clears: false,
            ups: 0,
        };
        Self { orders, news, task: tokio::spawn(desk.work(inbox, sender)) }
    }

    pub(crate) async fn reconnect(&self) {
        self.orders.send(Order::Reconnect).await.unwrap();
    }

    pub(crate) async fn clear(&self) {
        self.orders.send(Order::Clear).await.unwrap();
    }

    /// Waits until its news fit.
    pub(crate) async fn until(&mut self, what: &str, fits: impl FnMut(&News) -> bool) {
        let waited =
            tokio::time::timeout(patience(), self.news.wait_for(fits)).await.map(|news| news.is_ok());
        assert!(waited == Ok(true), "waited in vain until {what}; {:?}", self.news.borrow());
    }

    /// Goes home; answers with everything that it was sent.
    pub(crate) async fn leave(self) -> Vec<Event> {
        drop(self.orders);
        self.task.await.unwrap()
    }
}

struct Desk {
    target: Target,
    credential: Credential,
    seed: u64,
    delegates_pct: u64,
    promises: Promises,
    cursor: Option<Cursor>,
    sessions: BTreeMap<SessionId, Session>,
    waiting: BTreeSet<HoldId>,
    voters: BTreeSet<String>,
    /// Holds with a decision under way.
    asked: BTreeSet<HoldId>,
    seen: Vec<Event>,
    clears: bool,
    ups: u32,
}

type Answered = (HoldId, Option<HoldDecideAnswer>);

impl Desk {
    async fn work(mut self, mut orders: mpsc::Receiver<Order>, news: watch::Sender<News>) -> Vec<Event> {
        loop {
            let filter = Some(Filter::default());
            let (link, mut notices) =
                Link::connect(self.target.clone(), self.credential.clone(), filter, self.cursor);
            self.asked.clear();
            // Decisions under way end with this: nobody knows what became of them, and they are asked again.
            let mut answers: JoinSet<Answered> = JoinSet::new();
            loop {
                tokio::select! {
                    order = orders.recv() => match order {
                        Some(Order::Reconnect) => break,
                        Some(Order::Clear) => self.clears = true,
                        None => return self.seen,
                    },
                    Some(notice) = notices.recv() => self.take(notice),
                    Some(answered) = answers.join_next() => self.answered(answered.unwrap()),
                }
                for (hold, params) in self.decisions() {
                    let link = link.clone();
                    answers.spawn(async move {
                        let answer = link.try_call::<HoldDecide>(&params, true).await;
                        (hold, answer.ok().and_then(std::result::Result::ok))
                    });
                }
                news.send_replace(self.news());
            }
        }
    }

    fn take(&mut self, notice: Notice) {
        match notice {
            Notice::Up { history_lost, .. } => {
                assert!(!history_lost, "the hub took its own record for another one");
                self.ups += 1;
            }
            Notice::Refused { error } => panic!("the hub refused the approver: {error}"),
            Notice::Events(note) => {
                self.cursor = Some(note.cursor);
                for event in note.events {
                    let id = &event.session;
                    self.sessions.entry(id.clone()).or_insert_with(|| Session::new(id.clone())).apply(&event);
                    if let Body::VoteCast(_) = &event.body {
                        self.voters.insert(event.actor.name.expose().to_owned());
                    }
                    self.seen.push(event);
                }
            }
            Notice::Presence(note) => {
                // What was refused because nobody waited may be asked again.
                self.waiting = note.waiting.into_iter().collect();
            }
            Notice::Down { .. } => self.waiting.clear(),
            Notice::Lagged(_) => {}
        }
    }

    fn answered(&mut self, (hold, answer): Answered) {
        self.asked.remove(&hold);
        if let Some(HoldDecideAnswer { outcome, seq, .. }) = answer {
            self.promises.lock().unwrap().push(Promise::Decided { hold, seq, outcome });
        } else {
            // Until the presence changes, a refusal would only be repeated.
            self.waiting.remove(&hold);
        }
    }

    fn holds(&self) -> impl Iterator<Item = (&SessionId, &Hold)> {
        self.sessions.values().flat_map(|session| session.holds.iter().map(move |hold| (&session.id, hold)))
    }

    fn is_delegated(&self, run: &str) -> bool {
        !self.clears && Dice::of(!self.seed, run) < self.delegates_pct
    }

    /// What to decide now; each is under way from here on.
    fn decisions(&mut self) -> Vec<(HoldId, HoldDecideParams)> {
        let wanted = |(session, hold): (&SessionId, &Hold)| {
            let run = run_of(hold)?;
            let here = self.waiting.contains(&hold.id);
            let mine = !self.is_delegated(run) && !self.asked.contains(&hold.id);
            if !hold.is_open() || !mine || !here && !self.clears {
                return None;
            }
            let params = HoldDecideParams {
                session: session.clone(),
                hold: hold.id.clone(),
                revision: hold.revision.number,
                digest: hold.revision.digest,
                verdict: if here { verdict(self.seed, run) } else { Verdict::Deny },
                reason: None,
                key: Some(ClientKey::new(format!("maya-{}", hold.id)).unwrap()),
            };
            Some((hold.id.clone(), params))
        };
        let wanted: Vec<_> = self.holds().filter_map(wanted).collect();
        self.asked.extend(wanted.iter().map(|(hold, _)| hold.clone()));
        wanted
    }

    fn news(&self) -> News {
        let mut news =
            News { ups: self.ups, events: self.seen.len(), voters: self.voters.clone(), ..News::default() };
        for (_, hold) in self.holds() {
            news.open += usize::from(hold.is_open());
            news.unredeemed += usize::from(hold.has_unredeemed_grant());
            news.running += usize::from(hold.awaits_word_of_its_run());
            if let Some(run) = run_of(hold)
                && hold.is_open()
                && self.waiting.contains(&hold.id)
                && self.is_delegated(run)
            {
                news.delegated.push((hold.id.clone(), hold.revision.digest, verdict(self.seed, run)));
            }
        }
        news
    }
}

/// Says numbered things into a session of its own, one after the other, and notes each that was acknowledged.
pub(crate) struct Publisher {
    lives: watch::Sender<u32>,
    task: JoinHandle<()>,
}

impl Publisher {
    pub(crate) fn start(lab: &Lab, promises: Promises) -> Self {
        let (lives, mut life) = watch::channel(0);
        let (target, credential) = (lab.target(), lab.credential(Role::Agent, "scribe"));
        let task = tokio::spawn(async move {
            let (mut number, mut over) = (0, false);
            while !over {
                life.mark_unchanged();
                let (link, notices) = Link::connect(target.clone(), credential.clone(), None, None);
                drop(notices);
                tokio::select! {
                    () = say(&link, &mut number, &promises) => {}
                    changed = life.changed() => over = changed.is_err(),
                }
            }
        });
        Self { lives, task }
    }

    /// The hub was started again.
    pub(crate) fn reconnect(&self) {
        self.lives.send_modify(|life| *life += 1);
    }

    pub(crate) async fn leave(self) {
        drop(self.lives);
        self.task.await.unwrap();
    }
}

/// Goes on until it is dropped or the link has ended. What was not acknowledged is said again under the same key.
async fn say(link: &Link, number: &mut u32, promises: &Promises) {
    let session = SessionId::new("journal").unwrap();
    let open = SessionOpenParams {
        key: ClientKey::new("journal").unwrap(),
        session: Some(session.clone()),
        title: "journal".into(),
        source: "test".into(),
        alert: None,
    };
    if link.call::<SessionOpen>(&open).await.is_err() {
        return;
    }
    loop {
        let text = format!("message {number}");
        let event = ClientEvent {
            id: ClientKey::new(format!("m{number}")).unwrap(),
            r#type: "message.said".into(),
            body: serde_json::value::to_raw_value(&serde_json::json!({ "text": text })).unwrap(),
        };
        let params = SessionPublishParams { session: session.clone(), events: vec![event] };
        match link.call::<SessionPublish>(&params).await {
            Ok(_) => promises.lock().unwrap().push(Promise::Said { text }),
            Err(error) if error.kind() == Kind::Unavailable => return,
            Err(error) => panic!("the publisher was refused: {error}"),
        }
        *number += 1;
        tokio::time::sleep(SAYS_EVERY).await;
    }
}

/// The whole record, as somebody reads it who was not there.
pub(crate) async fn read_all(lab: &Lab) -> Vec<Event> {
    let credential = lab.credential(Role::Person, "auditor");
    let (_link, mut notices) = Link::connect(lab.target(), credential, Some(Filter::default()), None);
    let reading = async {
        let (mut record, mut end) = (Vec::new(), None);
        loop {
            match notices.recv().await.expect("the link ended") {
                Notice::Up { head, .. } => end = head,
                Notice::Events(note) => {
                    record.extend(note.events);
                    if end.is_some_and(|end| note.cursor.pos >= end.pos) {
                        return record;
                    }
                }
                Notice::Down { error } | Notice::Refused { error } => {
                    panic!("the reader was cut off: {error}")
                }
                Notice::Presence(_) | Notice::Lagged(_) => {}
            }
        }
    };
    tokio::time::timeout(patience(), reading).await.expect("the record cannot be read to its end")
}
