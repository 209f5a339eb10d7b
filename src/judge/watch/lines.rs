//! Which lines of an output state an error, and what is left of them when everything that varies is taken out.
//!
//! By words, not by a model: the vocabulary below is that of Kubernetes' events and states, of RPC libraries and of
//! common loggers. A line that says its own level is believed; a setting, a path, a count of zero or a comment is no
//! error. The templates follow the idea of Drain (He et al., ICWS 2017), with its masking only: digits, hexadecimal
//! numbers, identifiers, pods and durations are one and the same.
//!
//! Known to be missed: errors told in another language, and those told only by a number.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::words::{Word, plain, words, workload};

/// Longest line that is one statement, in bytes; a longer one is a document on one line and is cut at its commas.
const STATEMENT_MAX_BYTES: usize = 1024;
/// How much of a template tells it from others, in bytes.
const TEMPLATE_MAX_BYTES: usize = 160;

/// Words that state an error.
const ERROR: &[&str] = &[
    "error",
    "errors",
    "failed",
    "fails",
    "failure",
    "failures",
    "failing",
    "fatal",
    "panic",
    "panicked",
    "exception",
    "refused",
    "timeout",
    "timeouts",
    "time-out",
    "unavailable",
    "unreachable",
    "denied",
    "unauthorized",
    "unauthorised",
    "crashed",
    "crashing",
    "crashloopbackoff",
    "backoff",
    "back-off",
    "oomkilled",
    "killed",
    "evicted",
    "unable",
    "cannot",
    "unhealthy",
    "exceeded",
    "rejected",
    "pending",
    "imagepullbackoff",
    "errimagepull",
    "unschedulable",
    "failedscheduling",
    "createcontainerconfigerror",
    "mismatch",
];
/// Pairs of words that state one.
const ERROR_PAIRS: &[(&str, &str)] = &[
    ("timed", "out"),
    ("no", "reachable"),
    ("could", "not"),
    ("oom", "killed"),
    ("reset", "by"),
    ("broken", "pipe"),
];
/// Words by which a line speaks of somebody whom it could not reach, rather than of itself.
const OUTWARD: &[&str] = &[
    "refused",
    "timed",
    "timeout",
    "timeouts",
    "time-out",
    "unavailable",
    "unreachable",
    "reachable",
    "reset",
    "deadline",
    "connection",
    "connections",
    "connect",
    "network",
    "pipe",
];
/// Levels at which nothing is wrong, as loggers write them by themselves.
const QUIET_LEVELS: &[&str] = &["INFO", "INF", "DEBUG", "DBG", "TRACE", "NOTICE"];

/// A line that states an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorLine {
    /// The line, without colours, cut to what one statement may have.
    pub(super) text: String,
    /// What tells it from others: equal for lines that differ in numbers only.
    pub(super) template: u64,
    /// Whether it speaks of somebody whom it could not reach.
    pub(super) outward: bool,
}

/// The error lines of an output.
pub(super) fn errors(output: &str) -> impl Iterator<Item = ErrorLine> + '_ {
    output.split('\n').flat_map(statements).filter_map(|line| {
        let line = plain(line);
        states_error(&line).then(|| ErrorLine {
            template: template(&line),
            outward: words(&line).any(|word| is_in(OUTWARD, word.text)),
            text: line.trim().to_owned(),
        })
    })
}

/// A line as it is, or, where it is a whole document, its parts.
pub(super) fn statements(line: &str) -> impl Iterator<Item = &str> {
    let long = line.len() > STATEMENT_MAX_BYTES;
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        if !long {
            rest = None;
            return Some(text);
        }
        let end = text.find([',', '\\']).map_or(text.len(), |at| at + 1);
        let end = text.floor_char_boundary(end.min(STATEMENT_MAX_BYTES));
        rest = Some(&text[end..]).filter(|rest| !rest.is_empty());
        Some(&text[..end])
    })
}

/// Whether a line states an error.
fn states_error(line: &str) -> bool {
    let trimmed = line.trim_start();
    if trimmed.starts_with('#') || trimmed.starts_with("Normal ") {
        return false;
    }
    let mut before: [Option<Word<'_>>; 2] = [None, None];
    let mut found = false;
    for (at, word) in words(line).enumerate() {
        if at < 12 && is_quiet_level(before[1], word) {
            return false;
        }
        found |= before[1].is_some_and(|pair| is_error_pair(pair, word) || is_bad_number(before, word));
        found |= is_error_word(before[1], word);
        before = [before[1], Some(word)];
    }
    found
}

fn is_quiet_level(before: Option<Word<'_>>, word: Word<'_>) -> bool {
    let named = before.is_some_and(|name| {
        let text = word.text;
        (is_in(&["level", "lvl", "severity"], name.text)
            && is_in(&["info", "debug", "trace", "notice", "informational"], text))
            || (name.text == "s" && name.before == '"' && matches!(text, "I" | "D1" | "D2"))
    });
    let marked = matches!(word.before, '<' | '[') && is_in(&["info", "debug", "trace", "notice"], word.text);
    named || marked || QUIET_LEVELS.contains(&word.text)
}

fn is_error_word(before: Option<Word<'_>>, word: Word<'_>) -> bool {
    // Part of a path, or of an option: `/var/log/error`, `--timeout`.
    let is_name = word.before == '/' || (word.before == '-' && word.after().starts_with('='));
    !is_name && is_in(ERROR, word.text) && !is_denied(before) && !is_zero_or_setting(word)
}

/// `0 failed`, `no errors`, `max unavailable`.
fn is_denied(before: Option<Word<'_>>) -> bool {
    let close = before.filter(|before| before.after().trim().is_empty());
    close.is_some_and(|before| is_in(&["0", "no", "without", "max"], before.text))
}

/// `errors: 0`, `"error": null`, `timeout = 30s`: what follows says that there is none, or that it is a setting.
fn is_zero_or_setting(word: Word<'_>) -> bool {
    let rest = word.rest.trim_start_matches(['"', '\'']).trim_start();
    let Some(value) = rest.strip_prefix([':', '=']) else { return false };
    let value = value.trim_start();
    let empty = ["\"\"", "''", "[]", "{}"].iter().any(|none| value.starts_with(none));
    let word_of = value.split(|c: char| !c.is_alphanumeric() && c != '.').next().unwrap_or_default();
    let setting = is_in(&["timeout", "timeouts", "time-out"], word.text)
        && word_of.starts_with(|c: char| c.is_ascii_digit());
    empty || setting || is_in(&["0", "null", "false", "none", "0.0"], word_of)
}

fn is_error_pair(first: Word<'_>, second: Word<'_>) -> bool {
    ERROR_PAIRS.iter().any(|(a, b)| first.text.eq_ignore_ascii_case(a) && second.text.eq_ignore_ascii_case(b))
        && first.after().trim().is_empty()
}

/// `status=503`, `Exit Code: 137`.
fn is_bad_number(before: [Option<Word<'_>>; 2], word: Word<'_>) -> bool {
    let [earlier, Some(name)] = before else { return false };
    let server_error =
        word.text.len() == 3 && word.text.starts_with('5') && word.text.bytes().all(|b| b.is_ascii_digit());
    let is_status = is_in(&["status", "http_status", "status_code", "http.status_code"], name.text);
    let exit = is_in(&["exitcode", "exit_code"], name.text)
        || (is_in(&["code"], name.text) && earlier.is_some_and(|word| is_in(&["exit"], word.text)));
    let nonzero = word.text.bytes().all(|b| b.is_ascii_digit()) && word.text.bytes().any(|b| b != b'0');
    (is_status && server_error) || (exit && nonzero)
}

fn is_in(list: &[&str], text: &str) -> bool {
    list.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// A line without everything that varies, as a number.
fn template(line: &str) -> u64 {
    let mut masked = String::with_capacity(TEMPLATE_MAX_BYTES + 16);
    for word in words(line) {
        if masked.len() >= TEMPLATE_MAX_BYTES {
            break;
        }
        // `(x12 over 3m)` counts how often; it is no other statement.
        if word.text == "over" && masked.trim_end().ends_with('#') {
            continue;
        }
        for piece in word.text.split('_') {
            mask(piece, &mut masked);
        }
        if !masked.ends_with(' ') {
            masked.push(' ');
        }
    }
    let mut hasher = DefaultHasher::new();
    masked.hash(&mut hasher);
    hasher.finish()
}

/// One word with every run of letters and digits that holds a digit masked; neighbouring masks are one.
fn mask(word: &str, masked: &mut String) {
    let (base, is_pod) = workload(word).map_or((word, false), |base| (base, true));
    for run in base.split(['.', '-']) {
        if run.bytes().any(|b| b.is_ascii_digit()) {
            if !masked.trim_end().ends_with('#') {
                masked.push_str("# ");
            }
        } else {
            masked.extend(run.chars().map(|c| c.to_ascii_lowercase()));
            masked.push('-');
        }
    }
    if is_pod {
        masked.push_str("# ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(text: &str) -> Vec<u64> {
        errors(text).map(|line| line.template).collect()
    }

    #[test]
    fn lines_that_state_an_error_are_told_from_those_that_mention_one() {
        for stated in [
            "2026-03-01 ERROR basket write failed",
            "dial tcp 10.1.2.3:9000: connect: connection refused",
            "Warning  BackOff  2m (x5 over 3m)  kubelet  Back-off restarting failed container",
            "      Reason:       CrashLoopBackOff",
            "route=/pay status=503 ms=30011",
            "    Exit Code:    137",
            "\"exitCode\": 2,",
            "i/o timeout",
            "level=warn msg=\"queue exceeded\"",
            "no reachable brokers",
        ] {
            assert_eq!(errors(stated).count(), 1, "{stated}");
        }
        for mentioned in [
            "INFO  retry  attempt=2 upstream=basket-store err=\"i/o timeout\"",
            "{\"level\":\"info\",\"msg\":\"error handler installed\"}",
            "ts=1 level=debug msg=\"no error\"",
            "[info] killed the old worker",
            "Normal  Killing  2m  kubelet  Stopping container",
            "errors: 0, failed=0",
            "\"error\": null",
            "node.kubernetes.io/unreachable:NoExecute op=Exists for 300s",
            "access_log /var/log/error",
            "timeout: 30s",
            "# error_log logs/error.log;",
            "0 failed, no errors",
            "Exit Code: 0",
            "status=200 ms=500",
            "basket-failure-script",
        ] {
            assert_eq!(errors(mentioned).count(), 0, "{mentioned}");
        }
    }

    #[test]
    fn what_varies_is_taken_out_of_a_template() {
        let same = templates(
            "09:00:01.5 ERROR pod basket-6b4b89b5f5-zl7gp failed after 30s id=550e8400-e29b-41d4-a716-446655440000\n\
             10:12:44.9 ERROR pod basket-7c9d5b6f44-8xkqz failed after 1m2s id=6fa459ea-ee8a-3ca4-894e-db77e160355e",
        );
        assert_eq!(same.len(), 2);
        assert_eq!(same[0], same[1]);
        let counted = templates("Warning BackOff 2m (x5 over 3m) kubelet\nWarning BackOff 45s kubelet");
        assert_eq!(counted[0], counted[1], "how often it happened is no other statement");
        let other = templates("ERROR basket write failed\nERROR basket read failed");
        assert_ne!(other[0], other[1]);
    }

    #[test]
    fn a_line_speaks_outward_when_it_could_not_reach_somebody() {
        let outward = |text: &str| errors(text).next().map(|line| line.outward);
        assert_eq!(outward("connect(): connection refused"), Some(true));
        assert_eq!(outward("ERROR request failed"), Some(false));
    }

    #[test]
    fn a_document_on_one_line_is_read_in_parts() {
        let filler = "\"key\": \"value\",".repeat(200);
        let long = format!("{{{filler}\"message\": \"write failed\",{filler}}}");
        let found: Vec<_> = errors(&long).collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].text.len() < 40, "{:?}", found[0]);
        assert_eq!(statements(&long).collect::<String>(), long, "nothing is lost");
        let wide = "é".repeat(STATEMENT_MAX_BYTES);
        assert_eq!(statements(&wide).collect::<String>(), wide);
    }
}
