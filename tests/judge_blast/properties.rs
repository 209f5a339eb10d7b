//! What holds for any text: it ends, it does not panic, and more is never less.

use holdpoint::domain::{Estimate, Tier, Timestamp, Untrusted};
use holdpoint::judge::blast::{Case, Rules, Subject, assess};
use holdpoint::judge::world::World;
use proptest::prelude::*;

fn shell(text: &str) -> Estimate {
    judged(&Subject::Shell { text, cwd: "/home/agent/work" })
}

fn judged(subject: &Subject<'_>) -> Estimate {
    thread_local!(static RULES: Rules = Rules::builtin().unwrap());
    RULES.with(|rules| {
        let world = World::default();
        let case = Case {
            rules,
            world: &world,
            alert: None,
            claim: None,
            plan: None,
            now: Timestamp::from_millis(0),
        };
        assess(subject, &case)
    })
}

const COMMANDS: &[&str] = &[
    "uptime",
    "kubectl get pods -n geo",
    "rm -rf /srv/geo",
    "systemctl restart nginx",
    "cat /etc/shadow",
    "ls /tmp",
    "kubectl delete ns geo",
    "no-such-program x",
    "touch /tmp/x",
    "kubectl cordon node-1",
];

fn command() -> impl Strategy<Value = &'static str> {
    prop::sample::select(COMMANDS)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_judged(text in ".{0,200}") {
        shell(&text);
        judged(&Subject::Sql(&text));
        judged(&Subject::Tool { server: "x", tool: &text, arguments: &text });
        let argv = [Untrusted::from(text.as_str())];
        judged(&Subject::Argv { argv: &argv, stdin: Some(&text), cwd: "/" });
    }

    #[test]
    fn shell_like_text_is_judged(text in "[a-z$(){}`'\"<>|&; \\\\\n#*?=0-9-]{0,120}") {
        shell(&text);
    }

    #[test]
    fn adding_a_part_never_lowers_the_tier(a in command(), b in command(), join in prop::sample::select(vec!["; ", " && ", " || ", "\n", " & "])) {
        let both = shell(&format!("{a}{join}{b}")).tier;
        prop_assert!(both >= shell(a).tier && both >= shell(b).tier);
    }

    #[test]
    fn wrapping_never_lowers_the_tier(a in command(), wrap in prop::sample::select(vec!["sudo {}", "env A=1 {}", "timeout 5 {}", "nice -n 5 {}", "nohup {}", "bash -c '{}'", "time {}", "( {} )", "{ {}; }", "if true; then {}; fi", "ssh web-1 {}", "eval '{}'", "kubectl exec pod-1 -- {}"])) {
        let wrapped = wrap.replacen("{}", a, 1);
        let wrapped = if wrap.starts_with("{ ") { format!("{{ {a}; }}") } else { wrapped };
        prop_assert!(shell(&wrapped).tier >= shell(a).tier, "{}", wrapped);
    }
}

#[test]
fn what_is_nested_or_long_beyond_reading_is_uninspectable_and_ends() {
    for (open, close) in [
        ("$(", ")"),
        ("(", ")"),
        ("{ ", ";}"),
        ("((", "))"),
        ("${a:-", "}"),
        ("`", "`"),
        ("\"$(", ")\""),
        ("if x; then ", "; fi"),
        ("bash -c \"", "\""),
        ("<(", ")"),
    ] {
        let text = format!("echo {}x{}", open.repeat(5_000), close.repeat(5_000));
        assert!(shell(&text).tier >= Tier::Ro, "it ends");
    }
    let long = "uptime; ".repeat(8_000);
    assert_eq!(shell(&long).tier, Tier::HPlus, "more parts than can be read");
    let sql = format!("select {}1", "1+".repeat(20_000));
    assert!(judged(&Subject::Sql(&sql)).tier >= Tier::Ro, "it ends");
    let nested = format!("select {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    assert!(judged(&Subject::Sql(&nested)).tier >= Tier::H, "what cannot be parsed is not a read");
}
