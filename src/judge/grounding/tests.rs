//! Citations against sessions: every standing, and that what was learnt later changes the answer.

use super::*;
use crate::domain::{Actor, Digest, Evidence, Role, SessionId, SourceKind, Stance, Timestamp};
use crate::session::{Body, Event, EvidenceCited, ToolCalled, ToolReturned};

struct Story {
    session: Session,
    seq: u64,
}

impl Story {
    fn new() -> Self {
        Self { session: Session::new(SessionId::new("s").unwrap()), seq: 0 }
    }

    fn add(&mut self, body: impl Into<Body>) -> &mut Self {
        self.seq += 1;
        let at = Timestamp::from_millis(self.seq as i64 * 1000);
        let actor = Actor::new(Role::Agent, "scout");
        let session = self.session.id.clone();
        self.session.apply(&Event { v: 1, session, seq: self.seq, at, actor, body: body.into() });
        self
    }

    fn call(&mut self, id: &str, input: &str, output: &str) -> &mut Self {
        self.returned(id, input, Payload::Text(output.into()), false)
    }

    fn returned(&mut self, id: &str, input: &str, output: Payload, truncated: bool) -> &mut Self {
        let call = CallId::new(id).unwrap();
        self.add(ToolCalled { call: call.clone(), tool: "loki".into(), input: input.into(), by: None });
        self.add(ToolReturned { call, output, failed: false, truncated })
    }

    fn cite(&mut self, call: Option<&str>, excerpt: &str) -> Grounding {
        let evidence = Evidence {
            id: EvidenceId::new(format!("E{}", self.seq)).unwrap(),
            hypothesis: None,
            stance: Stance::Supports,
            source: SourceKind::Log,
            call: call.map(|call| CallId::new(call).unwrap()),
            excerpt: excerpt.into(),
        };
        self.add(EvidenceCited { evidence });
        let citation = self.session.citations.last().unwrap().clone();
        Grounder::default().check(&self.session, &citation, text)
    }
}

fn text(payload: &Payload) -> Option<&str> {
    match payload {
        Payload::Text(text) => Some(text.expose()),
        Payload::Blob { .. } => None,
    }
}

fn id(call: &str) -> CallId {
    CallId::new(call).unwrap()
}

fn blob() -> Payload {
    Payload::Blob { sha256: Digest::of(b"x"), bytes: 1 }
}

const LINE: &str = "ERROR basket store refused the write, shard 4";

#[test]
fn an_excerpt_in_the_cited_output_is_verbatim_with_its_line_and_age() {
    let found =
        Story::new().call("c1", "q", &format!("fine\n  {LINE}\n")).call("c2", "r", "").cite(Some("c1"), LINE);
    assert_eq!(found.standing, Standing::Verbatim(Lines { first: 2, last: 2 }));
    assert_eq!(found.age_ms, Some(3000), "it came with the second of five events");
    assert_eq!(found.contradicted_by, None);
}

#[test]
fn an_excerpt_in_another_output_is_found_there_newest_first() {
    let mut story = Story::new();
    story.call("c1", "q", LINE).call("c2", "r", LINE).call("c3", "s", "nothing of it in here");
    let elsewhere = Standing::Elsewhere(id("c2"), Lines { first: 1, last: 1 });
    assert_eq!(story.cite(Some("c3"), LINE).standing, elsewhere);
    assert_eq!(story.cite(None, LINE).standing, elsewhere, "also where no call is named");
}

#[test]
fn not_found_is_said_only_of_an_output_that_was_published_whole() {
    let absent = |output: Payload, truncated| {
        Story::new().returned("c1", "q", output, truncated).cite(Some("c1"), LINE).standing
    };
    let whole = |text: &str| Payload::Text(text.into());
    assert_eq!(absent(whole("something else"), false), Standing::NotFound { unread: 0 });
    assert_eq!(absent(whole("something else"), true), Standing::CannotTell(Unseen::Cut));
    assert_eq!(absent(whole("a\n[... 90 lines omitted ...]\nb"), false), Standing::CannotTell(Unseen::Cut));
    assert_eq!(absent(whole("user=[REDACTED] failed"), false), Standing::CannotTell(Unseen::Redacted));
    assert_eq!(absent(blob(), false), Standing::CannotTell(Unseen::NotHere));
}

#[test]
fn a_cut_or_redacted_output_can_still_hold_the_excerpt() {
    let output = Payload::Text(format!("{LINE}\nuser=[REDACTED] [truncated]").into());
    let found = Story::new().returned("c1", "q", output, true).cite(Some("c1"), LINE).standing;
    assert_eq!(found, Standing::Verbatim(Lines { first: 1, last: 1 }));
}

#[test]
fn what_is_not_in_the_record_cannot_be_told() {
    let mut story = Story::new();
    story.call("c1", "q", "something else");
    assert_eq!(story.cite(Some("c9"), LINE).standing, Standing::CannotTell(Unseen::UnknownCall));
    story.add(ToolCalled { call: id("c2"), tool: "loki".into(), input: "q2".into(), by: None });
    assert_eq!(story.cite(Some("c2"), LINE).standing, Standing::CannotTell(Unseen::NoAnswer));
    assert_eq!(story.cite(None, LINE).standing, Standing::CannotTell(Unseen::NoCall));
    assert_eq!(story.cite(Some("c1"), LINE).standing, Standing::NotFound { unread: 1 });
}

#[test]
fn a_short_excerpt_is_not_checked() {
    let short = |excerpt: &str| Story::new().call("c1", "q", excerpt).cite(Some("c1"), excerpt).standing;
    assert_eq!(short("timeout 5 s"), Standing::TooShort);
    assert_eq!(short("t i m e o u t  5  s e"), Standing::TooShort, "blanks do not count");
    assert_eq!(short("таймаут пула"), Standing::TooShort, "characters count, not bytes");
    assert!(matches!(short("таймаут пулов"), Standing::Verbatim(_)));
}

#[test]
fn a_later_answer_to_the_same_query_contradicts_and_a_still_later_one_takes_that_back() {
    let mut story = Story::new();
    story.call("c1", "q", LINE).call("c2", "q", "all shards accept writes");
    assert_eq!(story.cite(Some("c1"), LINE).contradicted_by, Some(id("c2")));
    story.call("c3", "other", "all shards accept writes").call("c4", "q", LINE);
    assert_eq!(story.cite(Some("c1"), LINE).contradicted_by, None);
    story.returned("c5", "q", Payload::Text("a".into()), true);
    assert_eq!(story.cite(Some("c1"), LINE).contradicted_by, None, "a cut answer contradicts nothing");
}

#[test]
fn what_comes_later_changes_the_answer_of_the_same_grounder() {
    let mut story = Story::new();
    story.returned("c1", "q", blob(), false).call("c2", "r", "something else");
    story.cite(Some("c1"), LINE);
    let citation = story.session.citations[0].clone();
    let mut grounder = Grounder::default();
    let unseen = grounder.check(&story.session, &citation, text).standing;
    assert_eq!(unseen, Standing::CannotTell(Unseen::NotHere));
    let fetched = |payload: &Payload| matches!(payload, Payload::Blob { .. }).then_some(LINE);
    let found = Standing::Verbatim(Lines { first: 1, last: 1 });
    assert_eq!(grounder.check(&story.session, &citation, fetched).standing, found);
    assert_eq!(grounder.check(&story.session, &citation, text).standing, found, "what was seen stays seen");
    story.call("c3", "q", "nothing any more");
    let again = grounder.check(&story.session, &citation, text);
    assert_eq!(again.contradicted_by, Some(id("c3")));
}

#[test]
fn ten_megabytes_are_searched_to_the_end() {
    let filler = "2026-01-01T00:00:00Z INFO basket written, shard 1, 12 ms\n";
    let mut output = filler.repeat(10 * 1024 * 1024 / filler.len());
    let lines = output.lines().count() as u32;
    output.push_str("ERROR  basket store\n refused the write, shard 4");
    let found = Story::new().call("c1", "q", &output).cite(Some("c1"), LINE).standing;
    assert_eq!(found, Standing::Verbatim(Lines { first: lines + 1, last: lines + 2 }));
}
