//! Sockets that misbehave, and the data directory.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use futures_util::SinkExt as _;
use holdpoint::domain::*;
use holdpoint::hub::{Hub, Timing};
use holdpoint::link::{Target, files};
use holdpoint::wire::*;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame as RawFrame, FrameHeader};
use tokio_tungstenite::tungstenite::{self, Message};

use super::lab::*;
use super::raw::{Raw, shake};

fn status(shaken: std::result::Result<Raw, tungstenite::Error>) -> u16 {
    match shaken {
        Ok(_) => 101,
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_and_those_who_speak_something_else_are_refused_in_the_handshake() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let ours = ("sec-websocket-protocol", SUBPROTOCOL);
    let target = hub.socket();
    assert_eq!(status(shake(&target, "/ws", &[ours]).await), 101, "the control");
    let many = ("sec-websocket-protocol", "chat, holdpoint.v1");
    assert_eq!(status(shake(&target, "/ws", &[many]).await), 101);
    for origin in ["http://localhost", "null", ""] {
        assert_eq!(status(shake(&target, "/ws", &[ours, ("origin", origin)]).await), 403, "{origin:?}");
    }
    assert_eq!(status(shake(&target, "/ws", &[("sec-websocket-protocol", "holdpoint.v2")]).await), 400);
    assert_eq!(status(shake(&target, "/", &[ours]).await), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_before_a_good_hello() {
    let data = data();
    let mut config = config(data.path());
    config.timing.hello_within = Duration::from_millis(300);
    let hub = Hub::start(config).await.unwrap();
    let person = credential(data.path(), Role::Person, "maya");
    let hello = |role: &str, token: &str, name: &str, version: u16| json!({"version": version, "role": role, "token": token, "name": name, "client": "raw"});
    let agents = credential(data.path(), Role::Agent, "a").token;
    let refused = [
        ("hello", hello("person", "wrong", "maya", 1), "forbidden"),
        ("hello", hello("person", &agents, "maya", 1), "forbidden"),
        ("hello", hello("agent", &person.token, "maya", 1), "forbidden"),
        ("hello", hello("hub", &person.token, "maya", 1), "forbidden"),
        ("hello", hello("person", &person.token, "", 1), "invalid"),
        ("hello", hello("person", &person.token, &"x".repeat(65), 1), "invalid"),
        ("hello", hello("person", &person.token, "maya", 2), "invalid"),
        ("session/subscribe", json!({}), "forbidden"),
    ];
    for (method, params, kind) in refused {
        let mut raw = Raw::dial(&hub.socket()).await;
        let answer = raw.call(method, params).await;
        assert_eq!(answer["error"]["data"]["kind"], kind, "{answer}");
        assert!(raw.is_ended().await, "the connection is over");
    }
    let mut silent = Raw::dial(&hub.socket()).await;
    assert!(silent.is_ended().await, "who says nothing is not waited for");
    drop(Raw::sign_in(&hub.socket(), &person).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_call_gets_an_error_and_the_connection_stays() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let mut raw = Raw::sign_in(&hub.socket(), &credential(data.path(), Role::Agent, "gate")).await;
    for (bad, code) in [("{", -32700), ("[]", -32600), ("{\"jsonrpc\":\"2.0\"}", -32600), ("\u{1b}", -32700)]
    {
        raw.send(bad).await;
        let answer = raw.read().await.unwrap();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!(null), &json!(code)),
            "{bad}: {answer}"
        );
    }
    let unknown = raw.call("hold/\u{1b}grab", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32601);
    assert!(!unknown["error"]["message"].as_str().unwrap().contains('\u{1b}'));
    let wrong = raw.call("session/open", json!({"key": "k", "title": 7, "source": "s"})).await;
    assert_eq!(wrong["error"]["code"], -32602);
    assert!(wrong["error"]["message"].as_str().unwrap().starts_with("session/open: "), "{wrong}");
    let again = raw.call("hello", json!({})).await;
    assert_eq!(again["error"]["data"]["kind"], "invalid");
    raw.send(r#"{"jsonrpc":"2.0","method":"session/stop","params":{}}"#).await;
    let fine = raw.call("session/open", json!({"key": "k", "title": "t", "source": "s"})).await;
    assert_eq!(fine["result"]["resumed"], false, "the connection is as good as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_too_large_and_bytes_that_are_none_end_only_their_own_connection() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let who = credential(data.path(), Role::Agent, "gate");
    let mut witness = Raw::sign_in(&hub.socket(), &who).await;

    let filler = "x".repeat(limits::MESSAGE_MAX_BYTES - 200);
    let call = |text: &str| {
        json!({"jsonrpc": "2.0", "id": 9, "method": "session/open", "params": {"key": "k", "title": text, "source": "s"}}).to_string()
    };
    let mut raw = Raw::sign_in(&hub.socket(), &who).await;
    raw.send(call(&filler)).await;
    let answer = raw.answer(9).await;
    assert_eq!(answer["error"]["data"]["kind"], "tooLarge", "a frame within the limit is answered: {answer}");
    let too_large = raw.socket.send(Message::text(call(&"x".repeat(limits::MESSAGE_MAX_BYTES)))).await;
    assert!(too_large.is_err() || raw.is_ended().await);

    let mut raw = Raw::sign_in(&hub.socket(), &who).await;
    let _ = raw.socket.send(Message::binary(vec![1, 2, 3])).await;
    assert!(raw.is_ended().await);

    let mut raw = Raw::sign_in(&hub.socket(), &who).await;
    let header =
        FrameHeader { opcode: OpCode::Data(Data::Text), mask: Some([1; 4]), ..FrameHeader::default() };
    let _ = raw.socket.send(Message::Frame(RawFrame::from_payload(header, vec![0xff, 0xfe].into()))).await;
    assert!(raw.is_ended().await, "a text frame that is not UTF-8");

    let mut raw = Raw::sign_in(&hub.socket(), &who).await;
    raw.socket.get_mut().write_all(&[0xff; 4096]).await.unwrap();
    assert!(raw.is_ended().await, "bytes that are no frames");

    let Target::Unix(path) = hub.socket() else { panic!() };
    let mut stream = tokio::net::UnixStream::connect(path).await.unwrap();
    stream.write_all(&[0x16, 0x03, 0x01, 0x00, 0xff, 0x00, b'\r', b'\n', b'\r', b'\n']).await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is not left open");

    let fine = witness.call("session/open", json!({"key": "k", "title": "t", "source": "s"})).await;
    assert_eq!(fine["result"]["resumed"], false, "nothing was opened meanwhile, and others go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_link_is_noticed_and_a_quiet_one_is_kept() {
    let data = data();
    let mut config = config(data.path());
    config.timing = Timing {
        ping_after: Duration::from_millis(100),
        stale_after: Duration::from_millis(400),
        ..Timing::default()
    };
    let hub = Hub::start(config).await.unwrap();
    // The control: quiet, but its pongs come by themselves as long as it reads.
    let mut quiet = Client::all(&hub, data.path(), Role::Person, "quiet");
    // Neither reads nor answers, and its socket stays open: as behind a cable that was pulled.
    let frozen = Raw::sign_in(&hub.socket(), &credential(data.path(), Role::Person, "frozen")).await;
    let named =
        |heard: &Heard, name: &str| heard.presence.people.iter().any(|person| person.name.expose() == name);
    quiet.until("the frozen one is there", |heard| named(heard, "frozen")).await;
    let heard = quiet.until("the frozen one is gone", |heard| !named(heard, "frozen")).await;
    assert!(named(&heard, "quiet"));
    assert_eq!(heard.downs, 0, "the quiet one was never cut");
    drop(frozen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_has_one_hub_and_a_dead_ones_socket_is_replaced() {
    let data = data();
    let hub = Hub::start(config(data.path())).await.unwrap();
    let second = Hub::start(config(data.path())).await.unwrap_err();
    assert!(second.message().starts_with("another hub uses") && second.next().is_some(), "{second}");
    let client = Client::all(&hub, data.path(), Role::Agent, "gate");
    client.ok::<SessionOpen>(opening("s-1")).await;
    hub.stop().await;
    let Target::Unix(path) = Target::Unix(data.path().join("d").join(files::SOCKET)) else { panic!() };
    assert!(!path.exists(), "a hub that stops takes its socket with it");
    // What a killed hub leaves behind: a socket that nobody listens on.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let hub = Hub::start(config(data.path())).await.unwrap();
    assert!(client.ok::<SessionOpen>(opening("s-1")).await.resumed);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_or_credential_that_others_can_reach_is_refused_with_the_remedy() {
    let data = data();
    let folder = data.path().join("d");
    Hub::start(config(data.path())).await.unwrap().stop().await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in [files::AGENT_TOKEN, files::APPROVER_TOKEN, "record.db"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for (path, wide, narrow) in [
        (folder.clone(), 0o750, 0o700),
        (folder.clone(), 0o701, 0o700),
        (folder.join(files::APPROVER_TOKEN), 0o640, 0o600),
    ] {
        open(&path, wide);
        let refused = Hub::start(config(data.path())).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Forbidden);
        assert!(refused.next().is_some_and(|hint| hint.starts_with("chmod ")), "{refused}");
        open(&path, narrow);
    }
    let agent = std::fs::read(folder.join(files::AGENT_TOKEN)).unwrap();
    let approver = std::fs::read(folder.join(files::APPROVER_TOKEN)).unwrap();
    assert_ne!(agent, approver);
    std::fs::write(folder.join(files::APPROVER_TOKEN), &agent).unwrap();
    assert!(Hub::start(config(data.path())).await.is_err(), "agents could decide");
    std::fs::write(folder.join(files::APPROVER_TOKEN), &approver).unwrap();
    Hub::start(config(data.path())).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_path_that_is_too_long_names_the_limit() {
    let data = data();
    let mut config = config(data.path());
    config.data = data.path().join("x".repeat(120));
    let refused = Hub::start(config).await.unwrap_err();
    assert!(refused.message().contains("107") && refused.next().is_some(), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tcp_is_served_where_it_is_asked_for() {
    let data = data();
    let mut config = config(data.path());
    config.listen = Some("127.0.0.1:0".parse().unwrap());
    let hub = Hub::start(config).await.unwrap();
    let tcp = hub.tcp().unwrap();
    let client = Client::new(tcp, credential(data.path(), Role::Agent, "gate"), None, None);
    assert!(!client.ok::<SessionOpen>(opening("s-1")).await.resumed);
    hub.stop().await;
}
