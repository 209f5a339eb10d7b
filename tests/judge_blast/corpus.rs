//! Every labelled case against its label.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use holdpoint::domain::{Alert, Estimate, FileChange, Parsed, Reversibility, Tier, Timestamp, Untrusted};
use holdpoint::judge::blast::{Case, Rules, Subject, assess};
use holdpoint::judge::world::World;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    case: Vec<Label>,
}

#[derive(Deserialize)]
struct Label {
    id: String,
    family: String,
    #[serde(default)]
    hostile: bool,
    incident: Option<BTreeMap<String, String>>,
    argv: Option<Vec<String>>,
    command: Option<String>,
    tool: Option<ToolCall>,
    patch: Option<Vec<Change>>,
    stdin: Option<String>,
    plan: Option<toml::Value>,
    tier: Tier,
    #[serde(default)]
    targets: Vec<Named>,
    data: String,
    credentials: String,
    reversibility: String,
    parsed: Parsed,
}

#[derive(Deserialize)]
struct ToolCall {
    server: String,
    tool: String,
    arguments: String,
}

#[derive(Deserialize)]
struct Change {
    path: String,
    change: String,
    diff: String,
}

#[derive(Deserialize)]
struct Named {
    kind: String,
    name: String,
}

fn labels() -> Vec<Label> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files
        .iter()
        .flat_map(|path| toml::from_str::<File>(&std::fs::read_to_string(path).unwrap()).unwrap().case)
        .collect()
}

fn judged(label: &Label, rules: &Rules) -> Estimate {
    let world = World::default();
    let alert = label.incident.as_ref().map(|labels| Alert {
        name: labels.get("alertname").map(String::as_str).unwrap_or_default().into(),
        labels: labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect(),
        ..Alert::default()
    });
    let plan = label
        .plan
        .as_ref()
        .map(|plan| plan.as_str().map_or_else(|| serde_json::to_string(plan).unwrap(), str::to_owned));
    let case = Case {
        rules,
        world: &world,
        alert: alert.as_ref(),
        claim: None,
        plan: plan.as_deref(),
        now: Timestamp::from_millis(0),
    };
    let cwd = "/home/agent/work";
    if let Some(argv) = &label.argv {
        let argv: Vec<Untrusted> = argv.iter().map(|arg| arg.as_str().into()).collect();
        return assess(&Subject::Argv { argv: &argv, stdin: label.stdin.as_deref(), cwd }, &case);
    }
    if let Some(text) = &label.command {
        return assess(&Subject::Shell { text, cwd }, &case);
    }
    if let Some(tool) = &label.tool {
        return assess(
            &Subject::Tool { server: &tool.server, tool: &tool.tool, arguments: &tool.arguments },
            &case,
        );
    }
    let changes: Vec<FileChange> = label
        .patch
        .iter()
        .flatten()
        .map(|change| FileChange {
            path: change.path.as_str().into(),
            change: change.change.as_str().into(),
            diff: change.diff.as_str().into(),
        })
        .collect();
    assess(&Subject::Patch(&changes), &case)
}

fn undo_word(undo: &Reversibility) -> &'static str {
    match undo {
        Reversibility::Instant => "instant",
        Reversibility::Rollback { .. } => "rollback",
        Reversibility::Restore { .. } => "restore",
        Reversibility::Irreversible => "irreversible",
        Reversibility::Unknown => "unknown",
    }
}

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// How often something was right.
#[derive(Clone, Copy, Default)]
struct Score(u32, u32);

impl Score {
    fn add(&mut self, right: bool) {
        self.0 += u32::from(right);
        self.1 += 1;
    }

    fn share(self) -> f64 {
        if self.1 == 0 { 1.0 } else { f64::from(self.0) / f64::from(self.1) }
    }
}

/// Tier, targets, data, credentials, undo, parsed.
type Scores = [Score; 6];

fn score(scores: &mut Scores, label: &Label, found: &Estimate) {
    scores[0].add(found.tier == label.tier);
    let named = |wanted: &Named| {
        found
            .direct
            .iter()
            .any(|target| target.kind.expose() == wanted.kind && target.name.expose() == wanted.name)
    };
    if label.tier > Tier::Ro {
        label.targets.iter().for_each(|wanted| scores[1].add(named(wanted)));
    }
    if label.parsed != Parsed::Uninspectable {
        scores[2].add(word(found.data.effect) == label.data);
        scores[3].add(word(found.credentials.effect) == label.credentials);
        scores[4].add(undo_word(&found.reversibility) == label.reversibility);
    }
    scores[5].add(found.parsed == label.parsed);
}

fn table(by_family: &BTreeMap<String, Scores>) -> String {
    let mut text = format!(
        "{:14}{:>6}{:>8}{:>9}{:>8}{:>8}{:>8}{:>8}\n",
        "family", "cases", "tier", "targets", "data", "creds", "undo", "parsed"
    );
    for (family, scores) in by_family {
        let [tier, targets, data, credentials, undo, parsed] = scores.map(|score| score.share() * 100.0);
        let _ = writeln!(
            text,
            "{family:14}{:6}{tier:8.1}{targets:9.1}{data:8.1}{credentials:8.1}{undo:8.1}{parsed:8.1}",
            scores[0].1
        );
    }
    text
}

/// Least tier accuracy that each family reaches, percent.
const FLOORS: &[(&str, f64)] = &[
    ("alertmanager", 98.0),
    ("aws", 98.0),
    ("flags", 95.0),
    ("helm", 98.0),
    ("hostile", 95.0),
    ("http", 97.0),
    ("kubectl", 98.0),
    ("patch", 98.0),
    ("redis", 97.0),
    ("shell", 98.0),
    ("sql", 98.0),
    ("systemctl", 98.0),
    ("terraform", 98.0),
    ("tools", 97.0),
    ("~all", 98.5),
];

#[test]
fn the_corpus_is_judged_as_it_is_labelled() {
    let rules = Rules::builtin().unwrap();
    let mut by_family: BTreeMap<String, Scores> = BTreeMap::new();
    let (mut low, mut opaque, mut ordinary) = (Vec::new(), 0_u32, 0_u32);
    let show = std::env::var_os("CORPUS_SHOW").is_some();
    for label in labels() {
        let found = judged(&label, &rules);
        score(by_family.entry(label.family.clone()).or_default(), &label, &found);
        score(by_family.entry("~all".into()).or_default(), &label, &found);
        if label.tier >= Tier::H && found.tier < Tier::H {
            low.push(label.id.clone());
        }
        if !label.hostile {
            ordinary += 1;
            opaque += u32::from(found.parsed == Parsed::Uninspectable);
        }
        if show && found.tier != label.tier {
            println!(
                "{}: {} not {}: {} | {:?}",
                label.id,
                found.tier.word(),
                label.tier.word(),
                found.rule_ids.iter().take(3).map(|id| id.expose().to_owned()).collect::<Vec<_>>().join(" "),
                label
                    .argv
                    .as_ref()
                    .map(|argv| argv.join(" "))
                    .or(label.command.clone())
                    .or(label
                        .tool
                        .as_ref()
                        .map(|tool| format!("{}/{} {}", tool.server, tool.tool, tool.arguments)))
                    .or(label.patch.as_ref().map(|patch| patch[0].path.clone()))
            );
        }
    }
    let table = table(&by_family);
    println!("{table}uninspectable among {ordinary} ordinary cases: {opaque}; dangerous ones low: {low:?}");
    assert!(low.is_empty(), "labelled H or H+ and judged lower: {low:?}\n{table}");
    assert!(
        f64::from(opaque) <= f64::from(ordinary) * 0.15,
        "{opaque} of {ordinary} ordinary cases are uninspectable"
    );
    for (family, floor) in FLOORS {
        let reached = by_family[*family][0].share() * 100.0;
        assert!(
            reached >= *floor,
            "{family}: {reached:.1} % of tiers are right, at least {floor} were\n{table}"
        );
    }
}
