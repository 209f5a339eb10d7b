//! `holdpoint show ID`: everything known about one hold, or about one session.

use std::fmt::Write as _;

use super::Done;
use super::home::Home;
use super::json::{HoldSheet, SessionSheet, session_word};
use super::print::{self, span};
use super::reading::Reading;
use crate::domain::{Action, Exec, Executor, Kind, Proposal, Stdin, Untrusted};
use crate::session::{Grant, Hold, Run, Session};

/// Shows it.
pub(super) async fn run(home: Home, id: &str, json: bool) -> Done {
    let reading = Reading::of(&home, home.reader()?).await?;
    match (reading.hold(id), reading.session(id)) {
        (Ok((session, hold)), _) if json => print::json(&HoldSheet::new(&reading, session, hold)),
        (Ok((session, hold)), _) => print::out(&hold_sheet(&reading, session, hold)),
        (Err(_), Ok(session)) if json => print::json(&SessionSheet::new(&reading, session)),
        (Err(_), Ok(session)) => print::out(&session_sheet(&reading, session)),
        (Err(hold), Err(session)) if hold.kind() == Kind::NotFound && session.kind() != Kind::NotFound => {
            Err(session.into())
        }
        (Err(hold), Err(_)) if hold.kind() != Kind::NotFound => Err(hold.into()),
        (Err(_), Err(_)) => {
            let shown = Untrusted::from(id).escaped();
            let none = crate::domain::Error::new(
                Kind::NotFound,
                format!("there is neither a hold nor a session \"{shown}\""),
            );
            Err(none.hint("`holdpoint holds --all` and `holdpoint sessions --all` list them").into())
        }
    }
}

/// Lines with a label in front.
#[derive(Default)]
struct Sheet(String);

impl Sheet {
    fn line(&mut self, label: &str, text: &str) {
        let _ = writeln!(self.0, "{label:<12}{text}");
    }

    fn words(&mut self, label: &str, text: Option<&Untrusted>) {
        if let Some(text) = text {
            self.line(label, &text.escaped());
        }
    }

    /// A list: its label stands on the first line only.
    fn list(&mut self, label: &str, lines: impl IntoIterator<Item = String>) {
        for (index, text) in lines.into_iter().enumerate() {
            self.line(if index == 0 { label } else { "" }, &text);
        }
    }

    /// Text of several lines, each escaped by itself.
    fn text(&mut self, label: &str, text: &Untrusted) {
        self.list(label, text.expose().split('\n').map(|line| Untrusted::from(line).escaped()));
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }
}

fn hold_sheet(reading: &Reading, session: &Session, hold: &Hold) -> String {
    let mut sheet = Sheet::default();
    let proposal = &hold.revision.proposal;
    sheet.line("hold", &format!("P{} {}, revision {}", hold.number, hold.id, hold.revision.number));
    sheet.line("session", &format!("{}  {}", session.id, session.title.escaped()));
    sheet.line("state", &state(reading, hold));
    sheet.gap();
    action(&mut sheet, &proposal.action);
    sheet.line("digest", &hold.revision.digest.to_string());
    sheet.gap();
    words(&mut sheet, proposal, &hold.proposer.name);
    outcome(&mut sheet, hold);
    if hold.is_open() {
        sheet.gap();
        sheet.line("decide", &format!("holdpoint decide {} deny --reason TEXT", hold.id));
        sheet.line("", &format!("holdpoint decide {} approve --digest \\", hold.id));
        sheet.line("", &format!("  {}", hold.revision.digest));
    }
    sheet.0
}

fn state(reading: &Reading, hold: &Hold) -> String {
    match (hold.outcome(), reading.waits(&hold.id)) {
        (Some(outcome), _) => outcome.word().to_owned(),
        (None, waits) => {
            let left = span(hold.expires_at.since(reading.now()));
            let waits = match waits {
                Some(true) => "the proposer waits",
                Some(false) => "the proposer no longer waits: it cannot be approved",
                None => "whether the proposer waits is not known",
            };
            format!("open, {left} left (then nothing runs); {waits}")
        }
    }
}

fn action(sheet: &mut Sheet, action: &Action) {
    match action.executor() {
        Executor::Holdpoint => sheet.line("runs", "Holdpoint's gate: exactly this, once"),
        Executor::Agent => sheet.line("runs", "THE AGENT ITSELF; exactness and once are not enforced"),
    }
    match action {
        Action::Exec(exec) => process(sheet, exec),
        Action::AgentCommand(asked) => {
            sheet.text("command", &asked.command);
            sheet.line("in", &asked.cwd.escaped());
            sheet.line("agent", &asked.agent.escaped());
        }
        Action::AgentPatch(patch) => {
            sheet.line("agent", &patch.agent.escaped());
            for change in &patch.changes {
                sheet.line("file", &format!("{} ({})", change.path.escaped(), change.change.escaped()));
                sheet.text("", &change.diff);
            }
        }
        Action::AgentTool(tool) => {
            sheet.line("agent", &tool.agent.escaped());
            sheet.line("tool", &format!("{} of {}", tool.tool.escaped(), tool.server.escaped()));
            sheet.text("arguments", &tool.arguments);
        }
    }
}

fn process(sheet: &mut Sheet, exec: &Exec) {
    sheet.list("argv", exec.argv.iter().enumerate().map(|(n, arg)| format!("[{n}] {}", arg.escaped())));
    sheet.line("in", &exec.cwd.escaped());
    sheet.line("as", &format!("{} on {}", exec.user.escaped(), exec.host.escaped()));
    sheet.line("program", &exec.executable.path.escaped());
    sheet.line("", &format!("sha256 {}", exec.executable.sha256));
    for file in &exec.files {
        sheet.line("file", &format!("[{}] {}", file.arg, file.path.escaped()));
        sheet.line("", &format!("sha256 {}", file.sha256));
    }
    sheet.list("env", exec.env.iter().map(|var| format!("{}={}", var.name.escaped(), var.value.escaped())));
    match &exec.stdin {
        None => sheet.line("stdin", "/dev/null"),
        Some(Stdin::Text(text)) => sheet.text("stdin", text),
        Some(Stdin::Base64(code)) => sheet.line("stdin", &format!("not text; base64: {code}")),
    }
    sheet.list("not pinned", exec.unpinned.iter().map(Untrusted::escaped));
}

fn words(sheet: &mut Sheet, proposal: &Proposal, proposer: &Untrusted) {
    sheet.line("proposed by", &format!("{}, who says:", proposer.escaped()));
    sheet.words("service", proposal.service.as_ref());
    sheet.words("environment", proposal.environment.as_ref());
    sheet.words("why", proposal.why.as_ref());
    sheet.words("touches", proposal.claim.as_ref());
    sheet.words("undo", proposal.undo.as_ref());
    if !proposal.cites.is_empty() {
        let cites: Vec<&str> = proposal.cites.iter().map(crate::domain::EvidenceId::as_str).collect();
        sheet.line("cites", &cites.join(" "));
    }
}

fn outcome(sheet: &mut Sheet, hold: &Hold) {
    if let Some(closing) = &hold.closing {
        let (word, by, at) = (closing.outcome.word(), closing.by.name.escaped(), closing.at);
        sheet.gap();
        sheet.line("outcome", &format!("{word} by {by} at {at}"));
        sheet.words("reason", closing.reason.as_ref());
    }
    match &hold.grant {
        Some(Grant::Issued { expires_at, .. }) => {
            sheet.line("authority", &format!("unused, void at {expires_at}"));
        }
        Some(Grant::Redeemed { at, .. }) => sheet.line("authority", &format!("used at {at}")),
        Some(Grant::Revoked { at, reason, .. }) => {
            sheet.line("authority", &format!("void since {at}: {}", reason.escaped()));
        }
        None => {}
    }
    match &hold.run {
        Run::NotStarted => {}
        Run::Running { at, .. } => sheet.line("run", &format!("since {at}")),
        Run::Refused { at, reason } => {
            sheet.line("run", &format!("not started at {at}: {}", reason.escaped()));
        }
        Run::Lost { at, reason, started: None } => {
            sheet.line("run", &format!("NOBODY CAN TELL whether it ran, since {at}: {}", reason.escaped()));
        }
        Run::Lost { at, reason, started: Some((since, pid)) } => {
            let process = pid.map_or_else(String::new, |pid| format!(" as process {pid}"));
            let what = format!("started {since}{process}, MAY STILL RUN; no word since {at}");
            sheet.line("run", &format!("{what}: {}", reason.escaped()));
        }
        Run::Finished { at, end } => {
            let how = match (end.exit, end.signal) {
                (Some(exit), _) => format!("exit status {exit}"),
                (None, Some(signal)) => format!("ended by signal {signal}"),
                (None, None) => "its exit status is not known".into(),
            };
            sheet.line("run", &format!("{how} at {at}; {} bytes of output", end.output_bytes));
            if let Some(tail) = &end.tail {
                sheet.text("tail", tail);
            }
        }
    }
}

fn session_sheet(reading: &Reading, session: &Session) -> String {
    let mut sheet = Sheet::default();
    sheet.line("session", session.id.as_str());
    sheet.line("title", &session.title.escaped());
    sheet.line("source", &session.source.escaped());
    sheet.line("state", session_word(session));
    sheet.line("opened", &session.opened_at.to_string());
    sheet.line("last", &format!("#{} at {}", session.last_seq, session.last_at));
    if let Some(alert) = &session.alert {
        sheet.line("alert", &alert.name.escaped());
        sheet.words("", alert.summary.as_ref());
    }
    for agent in &session.agents {
        let unasked = agent.unasked.as_ref().map_or("what it can do unasked is not known".into(), |words| {
            format!("unasked: {}", words.escaped())
        });
        sheet.line("agent", &format!("{}; {unasked}", agent.name.escaped()));
    }
    for claimed in &session.hypotheses {
        let (id, title) = (&claimed.hypothesis.id, claimed.hypothesis.title.escaped());
        let sure = claimed.confidence_pct.last().map_or(String::new(), |pct| format!(" ({pct} %)"));
        sheet.line("hypothesis", &format!("{id} {title}{sure}"));
    }
    for citation in &session.citations {
        let (id, excerpt) = (&citation.evidence.id, citation.evidence.excerpt.escaped());
        sheet.line("evidence", &format!("{id} {excerpt}"));
    }
    for hold in &session.holds {
        let (state, what) = (state(reading, hold), hold.revision.proposal.action.summary().escaped());
        sheet.line("hold", &format!("P{} {} {state}", hold.number, hold.id));
        sheet.line("", &what);
    }
    if let Some(stop) = &session.stop {
        sheet.line("stop", &format!("level {} by {} at {}", stop.level, stop.by.name.escaped(), stop.at));
        sheet.words("", stop.reason.as_ref());
        sheet.list(
            "",
            stop.confirmed.iter().map(|(at, what, dead)| {
                let dead = match dead {
                    Some(true) => "dead",
                    Some(false) => "not dead",
                    None => "not known",
                };
                format!("{at} {dead}: {}", what.escaped())
            }),
        );
    }
    if !session.gaps.is_empty() || session.anomaly_count > 0 || session.unknown_count > 0 {
        let (gaps, odd, unknown) = (session.gaps.len(), session.anomaly_count, session.unknown_count);
        sheet.line(
            "INCOMPLETE",
            &format!("{gaps} gaps, {odd} events out of place, {unknown} of unknown type"),
        );
    }
    sheet.0
}
