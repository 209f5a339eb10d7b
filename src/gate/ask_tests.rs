//! Titles and keys; and a hub that cannot be told, for a while, that somebody waits.

use std::sync::atomic::Ordering;

use super::super::part::Part;
use super::*;

#[test]
fn a_title_tells_arguments_apart_and_stays_short() {
    let argv = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(title(&argv(&["kubectl", "-n", "a b", "it's"])).expose(), "kubectl -n 'a b' 'it'\\''s'");
    assert!(title(&argv(&[&"x".repeat(500)])).expose().chars().count() <= 121);
}

#[test]
fn the_same_key_names_the_same_session_and_no_key_a_fresh_one() {
    let named = |key: Option<&str>| {
        let key = key.map(|key| ClientKey::new(key).unwrap());
        names(&Request { key, ..Request::default() }).unwrap()
    };
    assert_eq!(named(Some("deploy-42")), named(Some("deploy-42")));
    assert_ne!(named(Some("deploy-42")).0, named(Some("deploy-43")).0);
    assert_ne!(named(None), named(None));
}

#[tokio::test]
async fn a_hub_that_cannot_take_it_in_is_told_again_until_it_has() {
    let hub = Part::start();
    let (seat, asked) = hub.asked().await;
    hub.busy.store(2, Ordering::SeqCst);
    let refused = seat.link().call::<HoldOpen>(&asked.params).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unavailable, "the control");
    attach(seat.link(), asked.params.clone()).await.unwrap();
    assert_eq!(hub.busy.load(Ordering::SeqCst), 0, "refused once, then taken in");
}
