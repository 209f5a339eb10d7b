//! The moments between redemption and start, held still: a real hub, a real seat, and work that ends when a test says.

use std::time::Duration;

use super::super::compose::observe;
use super::*;
use crate::domain::{Role, Verdict};
use crate::hub::{Config, Hub};
use crate::link::{Link, Notice, files};
use crate::session::Hold;
use crate::wire::{HoldDecide, HoldDecideParams, SessionStop, SessionStopParams};

const PATIENCE: Duration = Duration::from_mins(1);

/// A gate whose action was approved, and the person who did that.
struct Bench {
    _folder: tempfile::TempDir,
    _hub: Hub,
    maya: Link,
    _notices: tokio::sync::mpsc::Receiver<Notice>,
    seat: Seat,
    asked: Asked,
    io: Io,
}

impl Bench {
    async fn redeemed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::start(Config::new(folder.path().join("d"))).await.unwrap();
        let credential = |file: &str, role, name: &str| {
            Credential::from_file(&folder.path().join("d").join(file), role, name).unwrap()
        };
        let agent = credential(files::AGENT_TOKEN, Role::Agent, "gate");
        let request = Request { argv: vec!["true".into()], cwd: "/".into(), ..Request::default() };
        let action = observe(&request, &Quit::default()).unwrap().action();
        let digest = action.digest().unwrap();
        let (session, key) = names(&request).unwrap();
        let (mut seat, asked, _) =
            prepare(hub.socket(), agent, session.clone(), &request, key, action).await.unwrap();
        let person = credential(files::APPROVER_TOKEN, Role::Person, "maya");
        let (maya, notices) = Link::connect(hub.socket(), person, None, None);
        let (hold, verdict) = (asked.hold.clone(), Verdict::Approve);
        let params =
            HoldDecideParams { session, hold, revision: 1, digest, verdict, reason: None, key: None };
        maya.call::<HoldDecide>(&params).await.unwrap();
        let mut io = Io::quiet();
        let grant = asked.wait(&mut seat, &mut io).await.unwrap();
        asked.redeem(&mut seat, &mut io, grant, digest).await.unwrap();
        Self { _folder: folder, _hub: hub, maya, _notices: notices, seat, asked, io }
    }

    async fn stop(&self, level: u8) {
        let params = SessionStopParams { session: self.seat.session.id.clone(), level, reason: None };
        self.maya.call::<SessionStop>(&params).await.unwrap();
    }
}

fn refused(not_run: &NotRun) -> &str {
    let Some(Report::Refused { reason }) = &not_run.report else { panic!("{not_run:?}") };
    assert!(matches!(not_run.end, End::Refused { .. }), "{not_run:?}");
    reason.expose()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_the_second_look_ends_it_and_nothing_is_started() {
    let mut bench = Bench::redeemed().await;
    bench.stop(1).await;
    let looking = std::future::pending::<()>();
    let ended = undisturbed(looking, &mut bench.seat, &bench.asked, &mut bench.io);
    let ended = tokio::time::timeout(PATIENCE, ended).await.expect("the stop is not heard");
    assert_eq!(refused(&ended.unwrap_err()), "maya stopped the session before it was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_arrived_with_the_end_of_the_look_is_not_overlooked() {
    let mut bench = Bench::redeemed().await;
    let maya = bench.maya.clone();
    let params = SessionStopParams { session: bench.seat.session.id.clone(), level: 1, reason: None };
    let (stopped, told) = std::sync::mpsc::channel();
    tokio::spawn(async move { stopped.send(maya.call::<SessionStop>(&params).await.is_ok()) });
    // Keeps its thread for itself, so that nobody listens until it is over.
    let look = async {
        assert!(told.recv_timeout(PATIENCE).unwrap());
        std::thread::sleep(Duration::from_millis(500));
    };
    let ended = undisturbed(look, &mut bench.seat, &bench.asked, &mut bench.io).await;
    assert_eq!(refused(&ended.unwrap_err()), "maya stopped the session before it was started");
    let hold = bench.seat.session.hold(&bench.asked.hold);
    assert!(hold.is_some_and(Hold::may_run), "the authority was used");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stop_the_look_goes_on_to_its_end() {
    let mut bench = Bench::redeemed().await;
    let look = async { 7 };
    assert_eq!(undisturbed(look, &mut bench.seat, &bench.asked, &mut bench.io).await, Ok(7));
}

#[test]
fn what_was_started_and_lost_sight_of_is_unknown_and_never_called_refused() {
    let unknown = NotRun::unknown("its process was gone");
    assert!(
        matches!(unknown.end, End::Unknown { .. }) && matches!(unknown.report, Some(Report::Lost { .. }))
    );
    let denied = NotRun::from(End::Denied { by: "maya".into(), reason: None });
    assert_eq!(denied.report, None, "what never was allowed to run has nothing to report");
}
