//! Who may do what, and what a decision is about.

use holdpoint::domain::*;
use holdpoint::hub::Hub;
use holdpoint::session::{Body, Grant, Hold, Run};
use holdpoint::wire::*;
use serde_json::json;

use super::lab::*;
use super::raw::Raw;

/// A hub with a session, an agent and a person.
pub(crate) struct Scene {
    pub(crate) data: tempfile::TempDir,
    pub(crate) hub: Hub,
    pub(crate) gate: Client,
    pub(crate) maya: Client,
    pub(crate) session: SessionId,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let data = data();
        let hub = Hub::start(quick(data.path())).await.unwrap();
        let gate = Client::all(&hub, data.path(), Role::Agent, "gate");
        let maya = Client::all(&hub, data.path(), Role::Person, "maya");
        let session = gate.ok::<SessionOpen>(opening("s-1")).await.session;
        Self { data, hub, gate, maya, session }
    }

    pub(crate) async fn hold(&mut self, name: &str) -> HoldAnswer {
        let hold = self.gate.ok::<HoldOpen>(asking(&self.session, name, exec(&["true", name]))).await;
        self.waiting(&hold).await;
        hold
    }

    pub(crate) async fn waiting(&mut self, hold: &HoldAnswer) {
        self.maya
            .until("the hold, and somebody waiting for it", |heard| {
                heard.hold(&hold.hold).is_some_and(Hold::is_open)
                    && heard.presence.waiting.contains(&hold.hold)
            })
            .await;
    }

    pub(crate) async fn approved(&mut self, name: &str) -> (HoldAnswer, GrantRedeemParams) {
        let hold = self.hold(name).await;
        self.maya.ok::<HoldDecide>(deciding(&self.session, &hold, Verdict::Approve)).await;
        let heard = self
            .gate
            .until("the grant", |heard| heard.hold(&hold.hold).is_some_and(Hold::has_unredeemed_grant))
            .await;
        let Some(Grant::Issued { id, .. }) = heard.hold(&hold.hold).unwrap().grant.clone() else { panic!() };
        let redeeming = GrantRedeemParams {
            session: self.session.clone(),
            hold: hold.hold.clone(),
            grant: id,
            digest: hold.digest,
            nonce: key("nonce"),
        };
        (hold, redeeming)
    }

    pub(crate) fn report(&self, hold: &HoldAnswer, report: Report) -> ExecutionReportParams {
        ExecutionReportParams { session: self.session.clone(), hold: hold.hold.clone(), report }
    }
}

fn kind(error: &RpcError) -> Kind {
    error.data.as_ref().unwrap().kind
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_05_an_agent_never_decides_and_a_person_never_proposes() {
    let mut scene = Scene::new().await;
    let hold = scene.hold("a").await;
    let (session, id, digest) = (scene.session.clone(), hold.hold.clone(), hold.digest);
    let calls = [
        (
            "person",
            "hold/decide",
            json!({"session": session, "hold": id, "revision": 1, "digest": digest, "verdict": "approve"}),
        ),
        ("person", "session/review", json!({"session": session})),
        ("person", "session/ask", json!({"session": session, "text": "why"})),
        ("person", "session/note", json!({"session": session, "text": "n"})),
        ("person", "presence/set", json!({"session": session})),
        ("agent", "session/open", json!({"key": "k", "title": "t", "source": "s"})),
        ("agent", "session/publish", json!({"session": session, "events": []})),
        ("agent", "hold/open", json!(asking(&session, "b", exec(&["true"])))),
        ("agent", "hold/withdraw", json!({"session": session, "hold": id, "outcome": "withdrawn"})),
        ("person", "session/stop", json!({"session": session, "level": 1})),
    ];
    let agent = credential(scene.data.path(), Role::Agent, "gate");
    let person = credential(scene.data.path(), Role::Person, "maya");
    let mut agent = Raw::sign_in(&scene.hub.socket(), &agent).await;
    let mut person = Raw::sign_in(&scene.hub.socket(), &person).await;
    for (who, method, params) in calls {
        let (allowed, other) =
            if who == "agent" { (&mut agent, &mut person) } else { (&mut person, &mut agent) };
        let refused = other.call(method, params.clone()).await;
        assert_eq!(refused["error"]["data"]["kind"], "forbidden", "{method}: {refused}");
        // The control: the same call by the other role is not a question of roles.
        let taken = allowed.call(method, params).await;
        assert_ne!(taken["error"]["data"]["kind"], "forbidden", "{method}: {taken}");
    }
    let heard = scene.maya.until("the stop", |heard| heard.types().contains(&"stop.requested".into())).await;
    let of_people = ["vote.cast", "stop.requested", "note.added", "question.asked", "review.made"];
    for event in heard.events.iter().filter(|event| of_people.contains(&event.body.type_name())) {
        assert_eq!(event.actor.role, Role::Person, "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_about_something_else_is_refused_with_what_changed() {
    let mut scene = Scene::new().await;
    let first = scene.hold("a").await;
    let revising = HoldReviseParams {
        session: scene.session.clone(),
        hold: first.hold.clone(),
        proposal: exec(&["true", "other"]),
        expires_in_ms: None,
    };
    let second = scene.gate.ok::<HoldRevise>(revising.clone()).await;
    assert_eq!((second.revision, second.hold.clone()), (2, first.hold.clone()));
    assert_eq!(scene.gate.ok::<HoldRevise>(revising).await, second, "a repeated revision changes nothing");

    let old = deciding(&scene.session, &first, Verdict::Approve);
    let refusal = scene.maya.refused::<HoldDecide>(old).await;
    assert_eq!(kind(&refusal), Kind::Conflict);
    let named = [first.digest.to_string(), second.digest.to_string()];
    assert!(named.iter().all(|digest| refusal.message.contains(digest)), "{}", refusal.message);
    let wrong =
        HoldDecideParams { digest: first.digest, ..deciding(&scene.session, &second, Verdict::Approve) };
    assert_eq!(kind(&scene.maya.refused::<HoldDecide>(wrong).await), Kind::Conflict);
    // The control: what it is now can be decided.
    let done = scene.maya.ok::<HoldDecide>(deciding(&scene.session, &second, Verdict::Deny)).await;
    assert_eq!(done.outcome, Outcome::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loser_is_told_winner_verdict_and_time_and_the_winner_may_repeat() {
    let mut scene = Scene::new().await;
    let hold = scene.hold("a").await;
    let noor = Client::all(&scene.hub, scene.data.path(), Role::Person, "noor");
    let won = scene.maya.ok::<HoldDecide>(deciding(&scene.session, &hold, Verdict::Deny)).await;
    assert_eq!(scene.maya.ok::<HoldDecide>(deciding(&scene.session, &hold, Verdict::Deny)).await, won);
    for verdict in [Verdict::Approve, Verdict::Deny] {
        let lost = noor.refused::<HoldDecide>(deciding(&scene.session, &hold, verdict)).await;
        let closed = lost.data.as_ref().unwrap().closed.as_ref().unwrap();
        assert_eq!((closed.outcome, closed.at), (Outcome::Denied, won.at));
        assert_eq!(closed.by, Actor::new(Role::Person, "maya"));
    }
    let changed = scene.maya.refused::<HoldDecide>(deciding(&scene.session, &hold, Verdict::Approve)).await;
    assert_eq!(kind(&changed), Kind::Conflict, "nobody decides twice, not even the winner");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_for_an_absent_gate_until_it_is_back() {
    let mut scene = Scene::new().await;
    let gate = credential(scene.data.path(), Role::Agent, "gate-2");
    let mut raw = Raw::sign_in(&scene.hub.socket(), &gate).await;
    let asking = asking(&scene.session, "k", exec(&["true"]));
    let answer = raw.call("hold/open", json!(asking)).await;
    let hold: HoldAnswer = serde_json::from_value(answer["result"].clone()).unwrap();
    scene.waiting(&hold).await;
    drop(raw);
    scene.maya.until("nobody waits", |heard| heard.presence.waiting.is_empty()).await;
    let refusal = scene.maya.refused::<HoldDecide>(deciding(&scene.session, &hold, Verdict::Approve)).await;
    assert_eq!(kind(&refusal), Kind::Unavailable);

    let mut raw = Raw::sign_in(&scene.hub.socket(), &gate).await;
    let again = raw.call("hold/open", json!(asking)).await;
    assert_eq!(serde_json::from_value::<HoldAnswer>(again["result"].clone()).unwrap(), hold);
    scene.waiting(&hold).await;
    let done = scene.maya.ok::<HoldDecide>(deciding(&scene.session, &hold, Verdict::Approve)).await;
    assert_eq!(done.outcome, Outcome::Approved);
    drop(raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_needs_nobody_waiting() {
    let scene = Scene::new().await;
    let gate = credential(scene.data.path(), Role::Agent, "gate-2");
    let mut raw = Raw::sign_in(&scene.hub.socket(), &gate).await;
    let answer = raw.call("hold/open", json!(asking(&scene.session, "k", exec(&["true"])))).await;
    let hold: HoldAnswer = serde_json::from_value(answer["result"].clone()).unwrap();
    drop(raw);
    let done = scene.maya.ok::<HoldDecide>(deciding(&scene.session, &hold, Verdict::Deny)).await;
    assert_eq!(done.outcome, Outcome::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_nobody_answers_expires_and_that_is_no_denial() {
    let mut scene = Scene::new().await;
    let short =
        HoldOpenParams { expires_in_ms: Some(50), ..asking(&scene.session, "short", exec(&["true"])) };
    let short = scene.gate.ok::<HoldOpen>(short).await;
    let long = scene.hold("long").await;
    let heard = scene
        .maya
        .until("the end of the hold", |heard| heard.hold(&short.hold).is_some_and(|hold| !hold.is_open()))
        .await;
    let closing = heard.hold(&short.hold).unwrap().closing.clone().unwrap();
    assert_eq!((closing.outcome, closing.by), (Outcome::Expired, Actor::hub()));
    assert!(closing.at >= short.expires_at, "not before its time");
    assert!(heard.hold(&long.hold).unwrap().is_open(), "the control: another hold stays open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_voids_grants_denies_holds_and_is_told_to_the_agent() {
    let mut scene = Scene::new().await;
    let (granted, redeeming) = scene.approved("granted").await;
    let open = scene.hold("open").await;
    let stop =
        |level| SessionStopParams { session: scene.session.clone(), level, reason: Some("enough".into()) };
    scene.maya.ok::<SessionStop>(stop(1)).await;
    let heard = scene.gate.until("the stop", |heard| heard.sessions[&scene.session].stop.is_some()).await;
    assert_eq!(heard.hold(&open.hold).unwrap().outcome(), Some(Outcome::Denied));
    assert!(matches!(heard.hold(&granted.hold).unwrap().grant, Some(Grant::Revoked { .. })));
    assert_eq!(kind(&scene.gate.refused::<GrantRedeem>(redeeming).await), Kind::Conflict);
    let anew = asking(&scene.session, "anew", exec(&["true"]));
    assert_eq!(kind(&scene.gate.refused::<HoldOpen>(anew).await), Kind::Conflict);

    let before = heard.events.len();
    scene.maya.ok::<SessionStop>(stop(1)).await;
    scene.maya.ok::<SessionStop>(stop(3)).await;
    let heard = scene
        .maya
        .until("the higher level", |heard| {
            heard.sessions[&scene.session].stop.as_ref().is_some_and(|stop| stop.level == 3)
        })
        .await;
    assert_eq!(heard.events.len(), before + 1, "the repetition changed nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_proposer_redeems_and_reports_and_only_what_can_follow() {
    let mut scene = Scene::new().await;
    let (hold, redeeming) = scene.approved("a").await;
    let early = scene.report(&hold, Report::Started { pid: None });
    assert_eq!(kind(&scene.gate.refused::<ExecutionReport>(early).await), Kind::Conflict);
    let other = Client::all(&scene.hub, scene.data.path(), Role::Agent, "somebody");
    assert_eq!(kind(&other.refused::<GrantRedeem>(redeeming.clone()).await), Kind::Forbidden);
    let altered = GrantRedeemParams { digest: Digest::of(b"other bytes"), ..redeeming.clone() };
    assert_eq!(kind(&scene.gate.refused::<GrantRedeem>(altered).await), Kind::Conflict);
    scene.gate.ok::<GrantRedeem>(redeeming).await;
    let started = scene.report(&hold, Report::Started { pid: Some(1) });
    assert_eq!(kind(&other.refused::<ExecutionReport>(started.clone()).await), Kind::Forbidden);
    scene.gate.ok::<ExecutionReport>(started).await;
    let refused = scene.report(&hold, Report::Refused { reason: "changed".into() });
    assert_eq!(kind(&scene.gate.refused::<ExecutionReport>(refused).await), Kind::Conflict);
    let unasked = scene.report(&hold, Report::Stopped { what: "killed".into(), dead: Some(true) });
    assert_eq!(kind(&scene.gate.refused::<ExecutionReport>(unasked.clone()).await), Kind::Conflict);
    let stop = SessionStopParams { session: scene.session.clone(), level: 2, reason: None };
    scene.maya.ok::<SessionStop>(stop).await;
    scene.gate.ok::<ExecutionReport>(unasked.clone()).await;
    scene.gate.ok::<ExecutionReport>(unasked).await;
    let heard = scene
        .maya
        .until("the confirmation", |heard| {
            heard.sessions[&scene.session].stop.as_ref().is_some_and(|stop| !stop.confirmed.is_empty())
        })
        .await;
    assert_eq!(heard.sessions[&scene.session].stop.as_ref().unwrap().confirmed.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_gate_is_gone_is_lost_and_one_whose_gate_stays_is_not() {
    let mut scene = Scene::new().await;
    let (stays, redeeming) = scene.approved("stays").await;
    scene.gate.ok::<GrantRedeem>(redeeming).await;
    let leaver = Client::all(&scene.hub, scene.data.path(), Role::Agent, "leaver");
    let goes = leaver.ok::<HoldOpen>(asking(&scene.session, "goes", exec(&["true"]))).await;
    scene.waiting(&goes).await;
    scene.maya.ok::<HoldDecide>(deciding(&scene.session, &goes, Verdict::Approve)).await;
    let heard = scene
        .maya
        .until("the grant", |heard| heard.hold(&goes.hold).is_some_and(Hold::has_unredeemed_grant))
        .await;
    let Some(Grant::Issued { id, .. }) = heard.hold(&goes.hold).unwrap().grant.clone() else { panic!() };
    let redeeming = GrantRedeemParams {
        session: scene.session.clone(),
        hold: goes.hold.clone(),
        grant: id,
        digest: goes.digest,
        nonce: key("n"),
    };
    leaver.ok::<GrantRedeem>(redeeming).await;
    drop(leaver);
    let heard = scene
        .maya
        .until("the loss", |heard| matches!(heard.hold(&goes.hold).unwrap().run, Run::Lost { .. }))
        .await;
    assert_eq!(heard.hold(&stays.hold).unwrap().run, Run::NotStarted, "its gate is there");
    assert_eq!(heard.events.last().unwrap().actor, Actor::hub());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_repetition_is_harmless_also_within_one_batch_and_after_a_restart() {
    let mut scene = Scene::new().await;
    let session = scene.session.clone();
    let publishing = SessionPublishParams {
        session: session.clone(),
        events: vec![said("e-1", "a"), said("e-2", "b"), said("e-1", "a")],
    };
    let asking = asking(&session, "k", exec(&["true"]));
    // All at once, so that they share batches: each sees what those before it did.
    let (opened, published, holds) = tokio::join!(
        many(8, || scene.gate.ok::<SessionOpen>(opening("s-1"))),
        many(8, || scene.gate.ok::<SessionPublish>(publishing.clone())),
        many(8, || scene.gate.ok::<HoldOpen>(asking.clone())),
    );
    assert!(opened.iter().all(|answer| answer.resumed && answer.session == session));
    assert_eq!(published.iter().map(|answer| answer.appended).sum::<u32>(), 2);
    assert!(holds.iter().all(|hold| *hold == holds[0]), "{holds:?}");
    let other = HoldOpenParams { proposal: exec(&["false"]), ..asking.clone() };
    assert_eq!(kind(&scene.gate.refused::<HoldOpen>(other).await), Kind::Conflict, "one key, one action");
    scene.waiting(&holds[0]).await;
    let deny = deciding(&session, &holds[0], Verdict::Deny);
    let denied = scene.maya.ok::<HoldDecide>(deny.clone()).await;

    let Scene { data, hub, mut gate, maya, .. } = scene;
    let before = gate.until("the end", |heard| heard.types().contains(&"hold.closed".into())).await;
    hub.stop().await;
    let hub = Hub::start(quick(data.path())).await.unwrap();
    assert!(gate.ok::<SessionOpen>(opening("s-1")).await.resumed);
    assert_eq!(gate.ok::<SessionPublish>(publishing).await.appended, 0);
    assert_eq!(gate.ok::<HoldOpen>(asking).await, holds[0]);
    assert_eq!(maya.ok::<HoldDecide>(deny).await, denied);
    let note = SessionNoteParams { session, text: "the last word".into() };
    maya.ok::<SessionNote>(note).await;
    let after = gate.until("the note", |heard| heard.types().contains(&"note.added".into())).await;
    assert_eq!(
        after.events.len(),
        before.events.len() + 1,
        "nothing was recorded twice: {:?}",
        after.types()
    );
    hub.stop().await;
}

async fn many<T, F: Future<Output = T>>(times: usize, call: impl Fn() -> F) -> Vec<T> {
    futures_util::future::join_all((0..times).map(|_| call())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_04_a_restart_voids_what_was_granted_and_not_used() {
    let mut scene = Scene::new().await;
    let (unused, redeeming) = scene.approved("unused").await;
    let (used, used_redeeming) = scene.approved("used").await;
    scene.gate.ok::<GrantRedeem>(used_redeeming.clone()).await;
    let Scene { data, hub, mut gate, mut maya, .. } = scene;
    let fence = maya.heard.borrow().fence;
    hub.stop().await;
    let hub = Hub::start(quick(data.path())).await.unwrap();
    let heard = maya
        .until("the void grant", |heard| {
            heard.fence > fence
                && matches!(heard.hold(&unused.hold).unwrap().grant, Some(Grant::Revoked { .. }))
        })
        .await;
    let Some(Grant::Revoked { reason, .. }) = &heard.hold(&unused.hold).unwrap().grant else { panic!() };
    assert_eq!(reason.expose(), "the hub was restarted");
    assert_eq!(kind(&gate.refused::<GrantRedeem>(redeeming).await), Kind::Conflict);
    // The control: what was used before stays used, and its repetition gets the same answer.
    gate.ok::<GrantRedeem>(used_redeeming).await;
    let heard = gate.until("a settled record", |heard| heard.fence > fence).await;
    assert!(matches!(heard.hold(&used.hold).unwrap().grant, Some(Grant::Redeemed { .. })));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_publishes_its_own_words_and_nobody_elses() {
    let mut scene = Scene::new().await;
    let event = |ty: &str, body: serde_json::Value| SessionPublishParams {
        session: scene.session.clone(),
        events: vec![ClientEvent {
            id: key(&format!("e-{ty}").replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
            r#type: ty.into(),
            body: serde_json::value::to_raw_value(&body).unwrap(),
        }],
    };
    for (name, _) in Body::TYPES {
        let of_agents = ["alert.", "agent.", "message.", "tool.", "hypothesis.", "evidence."];
        let allowed = of_agents.iter().any(|prefix| name.starts_with(prefix))
            || ["stop.confirmed", "session.closed"].contains(name);
        // An empty body is wrong for most types; the question is only whether the type itself is refused.
        let refused =
            scene.gate.link.call::<SessionPublish>(&event(name, json!({}))).await.err().map(|e| e.kind());
        assert_eq!(refused == Some(Kind::Forbidden), !allowed, "{name}: {refused:?}");
    }
    for bad in ["", "Message.Said", "a b", "x\u{1b}[2J", &"x".repeat(65)] {
        assert_eq!(kind(&scene.gate.refused::<SessionPublish>(event(bad, json!({}))).await), Kind::Invalid);
    }
    for reserved in ["hold.superseded", "assessment.made", "grant.doubled"] {
        assert_eq!(
            kind(&scene.gate.refused::<SessionPublish>(event(reserved, json!({}))).await),
            Kind::Forbidden
        );
    }
    let wrong = scene.gate.refused::<SessionPublish>(event("tool.called", json!({"call": "c-1"}))).await;
    assert!(wrong.message.contains("tool.called") && wrong.message.contains("tool"), "{}", wrong.message);
    scene.gate.ok::<SessionPublish>(event("plan.made", json!({"steps": [1, 2.50]}))).await;
    let heard =
        scene.maya.until("the unknown type", |heard| heard.types().contains(&"plan.made".into())).await;
    assert_eq!(heard.sessions[&scene.session].unknown_count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_with_an_open_hold_is_not_closed_by_its_agent() {
    let mut scene = Scene::new().await;
    let hold = scene.hold("a").await;
    let closing = |id: &str| SessionPublishParams {
        session: scene.session.clone(),
        events: vec![ClientEvent {
            id: key(id),
            r#type: "session.closed".into(),
            body: serde_json::value::to_raw_value(&json!({})).unwrap(),
        }],
    };
    assert_eq!(kind(&scene.gate.refused::<SessionPublish>(closing("c-1")).await), Kind::Conflict);
    let withdrawing = HoldWithdrawParams {
        session: scene.session.clone(),
        hold: hold.hold,
        outcome: Withdrawal::Withdrawn,
        reason: None,
    };
    scene.gate.ok::<HoldWithdraw>(withdrawing.clone()).await;
    scene.gate.ok::<HoldWithdraw>(withdrawing).await;
    scene.gate.ok::<SessionPublish>(closing("c-1")).await;
    scene.maya.until("the close", |heard| heard.sessions[&scene.session].closed.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_began_a_session_or_proposed_in_it_says_that_it_is_over_or_dead() {
    let mut scene = Scene::new().await;
    let stranger = Client::all(&scene.hub, scene.data.path(), Role::Agent, "stranger");
    let session = scene.session.clone();
    let says = |id: &str, ty: &str, body: serde_json::Value| SessionPublishParams {
        session: session.clone(),
        events: vec![ClientEvent {
            id: key(id),
            r#type: ty.into(),
            body: serde_json::value::to_raw_value(&body).unwrap(),
        }],
    };
    let dead = |id: &str| says(id, "stop.confirmed", json!({"what": "all dead", "dead": true}));
    let joined = says("j-1", "agent.joined", json!({"name": "stranger", "stoppable": true}));
    stranger.ok::<SessionPublish>(joined).await;
    let stop = SessionStopParams { session: scene.session.clone(), level: 1, reason: None };
    for forged in [dead("f-1"), says("f-2", "session.closed", json!({}))] {
        let refusal = stranger.refused::<SessionPublish>(forged).await;
        assert_eq!(kind(&refusal), Kind::Forbidden, "to have joined is only a claim");
        assert!(refusal.data.unwrap().hint.is_some());
    }
    // Whoever proposed something may say what became of that.
    let hold = stranger.ok::<HoldOpen>(asking(&scene.session, "a", exec(&["true"]))).await;
    scene.waiting(&hold).await;
    scene.maya.ok::<SessionStop>(stop).await;
    stranger.ok::<SessionPublish>(dead("d-1")).await;
    scene.gate.ok::<SessionPublish>(dead("d-2")).await;
    let heard = scene
        .maya
        .until("both words", |heard| {
            heard.sessions[&scene.session].stop.as_ref().is_some_and(|stop| stop.confirmed.len() == 2)
        })
        .await;
    assert!(heard.sessions[&scene.session].closed.is_none());
    let question = SessionAskParams { session: scene.session.clone(), hold: None, text: "why?".into() };
    assert_eq!(kind(&scene.maya.refused::<SessionAsk>(question).await), Kind::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_holds_are_limited_in_each_session_and_in_the_hub() {
    let scene = Scene::new().await;
    let per_session = holdpoint::session::command::OPEN_HOLDS_MAX;
    let sessions = limits::OPEN_HOLDS_MAX / per_session;
    let mut last = None;
    for n in 0..sessions {
        let session = scene.gate.ok::<SessionOpen>(opening(&format!("many-{n}"))).await.session;
        let open = |at: usize| asking(&session, &format!("k-{at}"), exec(&["true"]));
        let opened =
            futures_util::future::join_all((0..per_session).map(|at| scene.gate.ok::<HoldOpen>(open(at))));
        let opened = opened.await;
        let refusal = scene.gate.refused::<HoldOpen>(open(per_session)).await;
        assert_eq!(kind(&refusal), Kind::Conflict);
        let hub_is_full = n + 1 == sessions;
        assert_eq!(refusal.message.contains("4096 holds of this hub"), hub_is_full, "{}", refusal.message);
        assert!(refusal.data.unwrap().hint.unwrap().contains("withdraw"));
        last = Some((session, opened[0].hold.clone()));
    }
    let anew = asking(&scene.session, "anew", exec(&["true"]));
    assert_eq!(kind(&scene.gate.refused::<HoldOpen>(anew.clone()).await), Kind::Conflict);
    let (session, hold) = last.unwrap();
    let outcome = Withdrawal::Withdrawn;
    scene.gate.ok::<HoldWithdraw>(HoldWithdrawParams { session, hold, outcome, reason: None }).await;
    scene.gate.ok::<HoldOpen>(anew).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_names_people_and_what_they_look_at_until_they_leave() {
    let mut scene = Scene::new().await;
    let noor = Client::all(&scene.hub, scene.data.path(), Role::Person, "noor");
    noor.ok::<PresenceSet>(PresenceSetParams { session: Some(scene.session.clone()), hold: None }).await;
    let noor_looks = |heard: &Heard| {
        heard.presence.people.iter().any(|person| person.name.expose() == "noor" && person.session.is_some())
    };
    scene.maya.until("noor looks at the session", noor_looks).await;
    drop(noor);
    let heard = scene.maya.until("noor left", |heard| heard.presence.people.len() == 1).await;
    assert_eq!(heard.presence.people[0].name.expose(), "maya");
    assert!(!heard.types().iter().any(|ty| ty.starts_with("presence")), "never recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_output_goes_as_a_payload_and_comes_back_whole() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let scene = Scene::new().await;
    let payload: Vec<u8> = (0..300_000u32).map(|index| (index % 249) as u8).collect();
    let (sha256, total) = (Digest::of(&payload), payload.len() as u64);
    let returned = |id: &str| SessionPublishParams {
        session: scene.session.clone(),
        events: vec![ClientEvent {
            id: key(id),
            r#type: "tool.returned".into(),
            body: serde_json::value::to_raw_value(
                &json!({"call": "c-1", "output": {"blob": {"sha256": sha256, "bytes": total}}}),
            )
            .unwrap(),
        }],
    };
    assert_eq!(kind(&scene.gate.refused::<SessionPublish>(returned("e-1")).await), Kind::NotFound);
    let piece = |offset: usize, bytes: &[u8], sha256| BlobPutParams {
        sha256,
        bytes: total,
        offset: offset as u64,
        piece: STANDARD.encode(bytes),
    };
    let wrong = Digest::of(b"something else");
    for (sha256, right) in [(wrong, false), (sha256, true)] {
        for (index, part) in payload.chunks(limits::BLOB_PIECE_MAX_BYTES).enumerate() {
            let offset = index * limits::BLOB_PIECE_MAX_BYTES;
            let put = scene.gate.link.call::<BlobPut>(&piece(offset, part, sha256)).await;
            let last = offset + part.len() == payload.len();
            assert_eq!(put.is_ok(), right || !last, "{put:?}");
        }
    }
    let skipped = piece(7, b"x", Digest::of(b"x"));
    assert_eq!(kind(&scene.gate.refused::<BlobPut>(skipped).await), Kind::Conflict);
    scene.gate.ok::<SessionPublish>(returned("e-1")).await;
    let mut found = Vec::new();
    while (found.len() as u64) < total {
        let got = scene.maya.ok::<BlobGet>(BlobGetParams { sha256, offset: found.len() as u64 }).await;
        assert_eq!(got.bytes, total);
        found.extend(STANDARD.decode(got.piece).unwrap());
    }
    assert!(found == payload);
}
