//! The incident of the pictures, as the scene's hub records it.

use holdpoint::domain::{
    Action, Actor, AgentCommand, Alert, CallId, Evidence, EvidenceId, HoldId, Hypothesis, HypothesisId,
    HypothesisStatus, Payload, Sample, SessionId, SourceKind, Stance, Timestamp, Verdict,
};
use holdpoint::session;
use holdpoint::wire::Presence;

use super::{Hub, NOON_MS, Scene, agent, delete_pods, person, proposal};

pub(crate) const LOG: &str = "\
03:06:29.118 INFO  request done  route=/checkout status=200 ms=88
03:06:31.402 WARN  slow acquire  pool=orders waited_ms=4120
03:06:33.871 ERROR pool timeout after 30s  pool=orders in_use=5 max=5 waiting=212
03:06:33.872 ERROR request failed  route=/checkout status=503 ms=30011
03:06:34.019 ERROR pool timeout after 30s  pool=orders in_use=5 max=5 waiting=219
03:06:34.440 INFO  retry  attempt=2 upstream=cart-redis err=\"i/o timeout\"
03:06:35.001 INFO  request done  route=/cart status=200 ms=12
";

/// The incident of the pictures: the agent blames a cache, the deploy did it.
pub(crate) fn incident(size: (u16, u16)) -> (Scene, SessionId, HoldId) {
    let mut scene = Scene::connected(size);
    let hub = &mut scene.hub;
    hub.people = vec![
        Presence { name: "maya".into(), session: None, hold: None },
        Presence { name: "li".into(), session: None, hold: None },
        Presence { name: "sam".into(), session: None, hold: None },
    ];
    hub.now_ms -= 349_000;
    let session = hub.open_session("inc-4231", "INC-4231 checkout-api 5xx ratio");
    alert(hub, &session);
    let holmes = agent("holmes");
    investigation(hub, &session, &holmes);
    let ttl_ms = NOON_MS + 271_000 - hub.now_ms;
    let hold = hub.open_hold(&session, "h-1", delete_pods(), ttl_ms);
    hub.now_ms = NOON_MS;
    others(hub);
    scene.tell();
    (scene, session, hold)
}

fn alert(hub: &mut Hub, session: &SessionId) {
    let alert = Alert {
        name: "CheckoutErrorRatioHigh".into(),
        severity: Some("SEV1".into()),
        service: Some("checkout-api".into()),
        starts_at: Some(Timestamp::from_millis(NOON_MS - 349_000)),
        threshold: Some(5.0),
        unit: Some("%".into()),
        ..Alert::default()
    };
    hub.record(session, &Actor::hub(), session::AlertObserved { alert });
    let values = [1.1, 1.2, 1.0, 1.3, 1.2, 2.0, 1.4, 1.4, 3.1, 5.2, 8.0, 9.1, 11.0, 12.1, 12.8, 12.4, 12.4];
    for (at, value) in values.into_iter().enumerate() {
        let at = Timestamp::from_millis(NOON_MS - 400_000 + at as i64 * 20_000);
        let sample = Some(Sample { at, value });
        hub.record(session, &Actor::hub(), session::AlertChanged { sample, state: None });
    }
}

fn joined(name: &str, parent: Option<&str>) -> session::AgentJoined {
    let unasked = parent.is_none().then(|| "read logs, metrics and traces of prod".into());
    session::AgentJoined { name: name.into(), parent: parent.map(Into::into), unasked, stoppable: true }
}

fn called(
    hub: &mut Hub,
    session: &SessionId,
    id: &str,
    by: &str,
    tool: &str,
    input: &str,
    output: Option<&str>,
) {
    let call = CallId::new(id).unwrap();
    let asked = session::ToolCalled {
        call: call.clone(),
        tool: tool.into(),
        input: input.into(),
        by: Some(by.into()),
    };
    hub.record(session, &agent("holmes"), asked);
    hub.now_ms += 1_200;
    if let Some(output) = output {
        let output = Payload::Text(output.into());
        hub.record(
            session,
            &agent("holmes"),
            session::ToolReturned { call, output, failed: false, truncated: false },
        );
    }
    hub.now_ms += 8_000;
}

fn hypothesis(id: &str, title: &str, status: HypothesisStatus, confidence_pct: Option<u8>) -> Hypothesis {
    Hypothesis { id: HypothesisId::new(id).unwrap(), title: title.into(), status, confidence_pct }
}

fn cite(
    id: &str,
    source: SourceKind,
    call: Option<&str>,
    excerpt: &str,
    stance: Stance,
) -> session::EvidenceCited {
    let evidence = Evidence {
        id: EvidenceId::new(id).unwrap(),
        hypothesis: Some(HypothesisId::new("H1").unwrap()),
        stance,
        source,
        call: call.map(|id| CallId::new(id).unwrap()),
        excerpt: excerpt.into(),
    };
    session::EvidenceCited { evidence }
}

fn investigation(hub: &mut Hub, session: &SessionId, holmes: &Actor) {
    hub.record(session, holmes, joined("holmes", None));
    for child in ["logs-agent", "metrics-agent", "change-agent"] {
        hub.record(session, holmes, joined(child, Some("holmes")));
    }
    called(hub, session, "c1", "logs-agent", "loki", "{app=\"checkout-api\"} |= \"timeout\"", Some(LOG));
    called(
        hub,
        session,
        "c2",
        "metrics-agent",
        "promql",
        "db_pool_in_use{pool=\"orders\"}",
        Some("no series"),
    );
    called(
        hub,
        session,
        "c3",
        "change-agent",
        "argo",
        "history checkout-api",
        Some("2.14.0 deployed 03:05:41Z\n2.13.9"),
    );
    let state = |hypothesis| session::HypothesisStated { hypothesis };
    let open = HypothesisStatus::Open;
    hub.record(session, holmes, state(hypothesis("H1", "cart-redis latency spike", open, Some(52))));
    hub.record(
        session,
        holmes,
        state(hypothesis("H2", "checkout-api v2.14.0 exhausts the DB pool", open, Some(22))),
    );
    let refuted = hypothesis("H3", "payment-gw TLS expiry", HypothesisStatus::Refuted, None);
    hub.record(session, holmes, state(refuted));
    let supports = Stance::Supports;
    hub.record(
        session,
        holmes,
        cite("E1", SourceKind::Log, Some("c1"), "upstream=cart-redis err=\"i/o timeout\"", supports),
    );
    hub.record(
        session,
        holmes,
        cite("E7", SourceKind::Metric, Some("c2"), "redis_evicted_keys 4.1k/s", supports),
    );
    hub.record(
        session,
        holmes,
        cite("E5", SourceKind::Change, Some("c3"), "2.14.0 deployed 03:05:41Z", Stance::Contradicts),
    );
    hub.now_ms += 30_000;
    let revised = hypothesis("H1", "cart-redis latency spike", HypothesisStatus::Leading, Some(71));
    hub.record(session, holmes, session::HypothesisRevised { hypothesis: revised });
}

/// Sessions beside it: another one that waits, some that run, one that ran, one denied, one stopped.
fn others(hub: &mut Hub) {
    let mute = hub.open_session("inc-4228", "INC-4228 cart latency");
    let command = AgentCommand {
        agent: "codex".into(),
        command: "amtool silence add alertname=CartLatency -d 30m".into(),
        cwd: "/srv".into(),
        ..AgentCommand::default()
    };
    hub.open_hold(&mute, "h-2", proposal(Action::AgentCommand(command)), 662_000);
    for (id, title) in [
        ("inc-4230", "INC-4230 search p99"),
        ("inc-4229", "INC-4229 disk node-7"),
        ("inc-4224", "INC-4224 cert expiry"),
    ] {
        hub.open_session(id, title);
    }
    let denied = hub.open_session("inc-4226", "INC-4226 queue depth");
    let hold = hub.open_hold(&denied, "h-3", delete_pods(), 600_000);
    hub.other_decides("li", &denied, &hold, Verdict::Deny, "not before the deploy is understood");
    let stopped = hub.open_session("inc-4220", "INC-4220 node drain");
    hub.stop(&person("li"), &stopped, 1);
}
