//! The invariant under random hands and a random world: no approval leaves the cockpit unless everything that has to
//! be true is true, judged from outside.

use crossterm::event::{KeyCode, KeyEventKind};
use holdpoint::cockpit::event::Answer;
use holdpoint::domain::*;
use proptest::prelude::*;

use super::scene::*;

#[derive(Clone, Debug)]
enum Step {
    Key(KeyCode),
    Stray(KeyCode),
    Wait(u64),
    Paste,
    Open(u8),
    Revise(u8),
    OtherDecides(u8),
    GateLeaves(u8),
    GateReturns(u8),
    Down,
    Up,
    Deliver,
    Lose,
    Resize(u16, u16),
    Stop,
}

fn step() -> impl Strategy<Value = Step> {
    let codes = [
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Char('A'),
        KeyCode::Char('A'),
        KeyCode::Char('d'),
        KeyCode::Char('r'),
        KeyCode::Esc,
        KeyCode::PageDown,
        KeyCode::End,
        KeyCode::Down,
        KeyCode::Up,
        KeyCode::Char('3'),
        KeyCode::Char('0'),
        KeyCode::Char('?'),
        KeyCode::Char('x'),
    ];
    let key = (0..codes.len()).prop_map(move |at| codes[at]);
    prop_oneof![
        12 => key.clone().prop_map(Step::Key),
        3 => key.prop_map(Step::Stray),
        2 => (0u64..900).prop_map(Step::Wait),
        1 => Just(Step::Paste),
        2 => (0u8..3).prop_map(Step::Open),
        1 => (0u8..3).prop_map(Step::Revise),
        1 => (0u8..3).prop_map(Step::OtherDecides),
        1 => (0u8..3).prop_map(Step::GateLeaves),
        1 => (0u8..3).prop_map(Step::GateReturns),
        1 => Just(Step::Down),
        2 => Just(Step::Up),
        2 => Just(Step::Deliver),
        1 => Just(Step::Lose),
        1 => (30u16..140, 8u16..50).prop_map(|(x, y)| Step::Resize(x, y)),
        1 => Just(Step::Stop),
    ]
}

/// What is known from outside about the world that the cockpit was told of.
struct World {
    scene: Scene,
    session: SessionId,
    up: bool,
    /// When the last thing happened that a person could not have seen coming.
    changed_ms: u64,
    last_key_ms: Option<u64>,
    sent: Vec<holdpoint::wire::HoldDecideParams>,
    approvals: u32,
}

impl World {
    fn new() -> Self {
        let mut scene = Scene::connected((100, 30));
        let session = scene.hub.open_session("inc-1", "INC-1");
        scene.tell();
        Self { scene, session, up: true, changed_ms: 0, last_key_ms: None, sent: Vec::new(), approvals: 0 }
    }

    fn hold(n: u8) -> HoldId {
        HoldId::new(format!("h-{n}")).unwrap()
    }

    fn is_open(&self, id: &HoldId) -> bool {
        self.scene.hub.sessions[&self.session].hold(id).is_some_and(session_hold_is_open)
    }

    fn tell(&mut self) {
        if self.up {
            self.scene.tell();
            self.changed_ms = self.scene.mono_ms;
        }
    }

    fn key(&mut self, code: KeyCode, together: bool) {
        let before = self.scene.text();
        let effects = self.scene.stroke(code, together, KeyEventKind::Press);
        for params in decisions(&effects).into_iter().filter(|params| params.verdict == Verdict::Approve) {
            self.approvals += 1;
            self.check(params, &before, code, together);
        }
        self.sent.extend(decisions(&effects).into_iter().cloned());
        self.last_key_ms = Some(self.scene.mono_ms);
    }

    fn check(&self, params: &holdpoint::wire::HoldDecideParams, glass: &str, code: KeyCode, together: bool) {
        assert!(self.up, "approved over a stale line");
        assert!(code == KeyCode::Enter && !together, "approved by a stray key");
        assert!(self.scene.hub.waiting.contains(&params.hold), "approved for nobody");
        let hold = self.scene.hub.sessions[&self.session].hold(&params.hold).unwrap();
        assert!(session_hold_is_open(hold), "approved what is closed");
        assert_eq!((params.revision, params.digest), (hold.revision.number, hold.revision.digest));
        assert!(self.scene.hub.now() < hold.expires_at, "approved what is over");
        let now = self.scene.mono_ms;
        assert!(now - self.changed_ms >= 400, "approved {} ms after a change", now - self.changed_ms);
        assert!(self.last_key_ms.is_none_or(|key| now - key >= 400), "approved right behind another key");
        assert!(glass.contains("APPROVE") && glass.contains("Approve: run exactly this, once?"), "{glass}");
        assert!(glass.contains(&format!("P{} r{}", hold.number, hold.revision.number)), "{glass}");
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Key(code) => {
                self.scene.wait(750);
                self.key(*code, false);
            }
            Step::Stray(code) => {
                self.scene.wait(3);
                self.key(*code, true);
            }
            Step::Wait(ms) => self.scene.wait(*ms),
            Step::Paste => drop(self.scene.paste("A\r\rA\r")),
            Step::Open(n) => {
                let known = self.scene.hub.sessions[&self.session].hold(&Self::hold(*n)).is_some();
                if !known && !self.scene.hub.sessions[&self.session].is_over() {
                    self.scene.hub.open_hold(
                        &self.session.clone(),
                        Self::hold(*n).as_str(),
                        delete_pods(),
                        60_000,
                    );
                    self.tell();
                }
            }
            Step::Revise(n) if self.is_open(&Self::hold(*n)) => {
                let again = format!("app=cart-{}", self.scene.mono_ms);
                let action = Action::Exec(exec(&["kubectl", "delete", "pod", "-l", &again]));
                self.scene.hub.revise(&self.session.clone(), &Self::hold(*n), proposal(action));
                self.tell();
            }
            Step::OtherDecides(n) if self.is_open(&Self::hold(*n)) => {
                let (session, hold) = (self.session.clone(), Self::hold(*n));
                self.scene.hub.other_decides("li", &session, &hold, Verdict::Deny, "no");
                self.tell();
            }
            Step::GateLeaves(n) => {
                self.scene.hub.waiting.retain(|hold| *hold != Self::hold(*n));
                self.tell();
            }
            Step::GateReturns(n) if self.is_open(&Self::hold(*n)) => {
                self.scene.hub.waiting.push(Self::hold(*n));
                self.tell();
            }
            Step::Down => {
                self.scene.down();
                self.up = false;
                self.changed_ms = self.scene.mono_ms;
            }
            Step::Up if !self.up => {
                self.up = true;
                self.scene.up();
                self.changed_ms = self.scene.mono_ms;
            }
            Step::Deliver => {
                for params in std::mem::take(&mut self.sent) {
                    self.scene.deliver(&params);
                    self.changed_ms = self.scene.mono_ms;
                }
            }
            Step::Lose => {
                for params in std::mem::take(&mut self.sent) {
                    let error = Error::new(Kind::Unavailable, "no answer came");
                    self.scene.answer(Answer::Decided { key: params.key.unwrap(), result: Err(error) });
                }
            }
            Step::Resize(columns, rows) => {
                self.scene.resize((*columns, *rows));
                self.changed_ms = self.scene.mono_ms;
            }
            Step::Stop => {
                if !self.scene.hub.sessions[&self.session].is_over() && self.scene.mono_ms.is_multiple_of(5) {
                    self.scene.hub.stop(&person("li"), &self.session.clone(), 1);
                    self.tell();
                }
            }
            Step::Revise(_) | Step::OtherDecides(_) | Step::GateReturns(_) | Step::Up => {}
        }
    }
}

fn session_hold_is_open(hold: &holdpoint::session::Hold) -> bool {
    hold.is_open()
}

/// Delivering goes over a live line only; an answer while it is down is a lost one.
fn sane(world: &World, step: &Step) -> bool {
    world.up || !matches!(step, Step::Deliver)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn invariant_09_no_approval_without_every_condition(steps in proptest::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in &steps {
            if sane(&world, step) {
                world.take(step);
            }
        }
    }
}

/// The control: the same machinery does see approvals, so the property above is not about nothing.
#[test]
fn the_random_world_can_approve() {
    let mut world = World::new();
    let path = [
        Step::Open(0),
        Step::Key(KeyCode::Enter),
        Step::Key(KeyCode::PageDown),
        Step::Key(KeyCode::PageDown),
        Step::Key(KeyCode::Char('A')),
        Step::Key(KeyCode::Enter),
        Step::Deliver,
    ];
    path.iter().for_each(|step| world.take(step));
    assert_eq!(world.approvals, 1);
}
