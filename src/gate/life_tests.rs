//! The moments between redemption and start, held still: a real seat, and work that ends when a test says.

use std::time::Duration;

use super::super::part::Part;
use super::*;
use crate::session::StopRequested;

const PATIENCE: Duration = Duration::from_mins(1);

fn refused(not_run: NotRun) -> String {
    let Some(Report::Refused { reason }) = not_run.report() else { panic!("{not_run:?}") };
    assert!(matches!(not_run.end(), End::Refused { .. }));
    reason.expose().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_the_second_look_ends_it_and_nothing_is_started() {
    let hub = Part::start();
    let (mut seat, asked) = hub.asked().await;
    hub.person_did(&seat, StopRequested { level: 1, reason: None });
    let mut io = Io::quiet();
    let ended = undisturbed(std::future::pending::<()>(), &mut seat, &asked, &mut io);
    let ended = tokio::time::timeout(PATIENCE, ended).await.expect("the stop is not heard");
    assert_eq!(refused(ended.unwrap_err()), "maya stopped the session before it was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_arrived_with_the_end_of_the_look_is_not_overlooked() {
    let hub = Part::start();
    let (mut seat, asked) = hub.asked().await;
    // Keeps its thread for itself, so that nobody listens until it is over.
    let stop = StopRequested { level: 1, reason: None };
    let (session, mut io) =
        (Seat::take(hub.target(), Part::credential(), seat.session.id.clone()).await, Io::quiet());
    let teller = session.unwrap();
    let look = async {
        hub.person_did(&teller, stop);
        std::thread::sleep(Duration::from_millis(500));
    };
    let ended = undisturbed(look, &mut seat, &asked, &mut io).await;
    assert_eq!(refused(ended.unwrap_err()), "maya stopped the session before it was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stop_the_look_goes_on_to_its_end() {
    let hub = Part::start();
    let (mut seat, asked) = hub.asked().await;
    assert_eq!(undisturbed(async { 7 }, &mut seat, &asked, &mut Io::quiet()).await, Ok(7));
}

#[test]
fn what_was_started_and_lost_sight_of_is_unknown_and_never_called_refused() {
    let lost = NotRun::Lost("its process was gone".into());
    assert!(matches!(lost.report(), Some(Report::Lost { .. })) && matches!(lost.end(), End::Unknown { .. }));
    let denied = NotRun::from(End::Denied { by: "maya".into(), reason: None });
    assert_eq!(denied.report(), None, "what never was allowed to run has nothing to report");
}
