//! `assess --evaluate` and `assess --recording`: from runs of our own, that no label reaches a score, and what is said.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

fn assess(args: &[&str]) -> Value {
    let out = Command::new(env!("CARGO_BIN_EXE_holdpoint"))
        .arg("assess")
        .args(args)
        .arg("--json")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// An agent reads two logs and blames one service; the till's drawer is what broke.
fn run(n: usize, blames: &str, class: &str) -> Value {
    let call = |i: u32, service: &str| json!({ "kind": "tool_call", "tool": "logs", "args": { "service": service }, "worker": 0, "i": i });
    let result = |i: u32, text: &str| json!({ "kind": "tool_result", "text": text, "worker": 0, "i": i });
    let mut events = vec![
        json!({ "kind": "task", "text": "look", "target": "search", "priority": 1, "worker": 0, "i": 0 }),
        json!({ "kind": "thought", "text": "hm", "worker": 0, "i": 1 }),
    ];
    let broken = "ERROR cannot open the drawer\nERROR receipt rejected\nFATAL panic while counting\n";
    for (step, (service, text)) in
        [("till", broken), ("search", "fine"), ("shop", "fine"), ("search", "fine")].into_iter().enumerate()
    {
        let i = step as u32 * 2 + 2;
        events.extend([call(i, service), result(i + 1, text)]);
    }
    events.extend([
        json!({ "kind": "diagnosis", "tool": "hand_in", "args": {}, "worker": 0, "i": 10 }),
        result(11, "handed in"),
        json!({ "kind": "hypothesis", "text": format!("{blames} broke"), "worker": 0, "i": 12 }),
        json!({ "kind": "report", "text": "done", "affected": [], "localization": [blames], "evidence": "", "i": 13 }),
    ]);
    json!({
        "session_id": format!("run-{n}"), "app": "market", "fault": format!("drawer {}", n % 2),
        "truth": { "services": ["till"] },
        "alert": { "symptoms": [{ "potential_symptom": "slow", "affected_resource": "shop" }] },
        "events": events, "label": { "class": class },
    })
}

fn write(dir: &Path, classes: [&str; 2], packed: bool) -> [String; 2] {
    let runs: String = (0..8)
        .map(|n| {
            let wrong = n < 4;
            let (blames, class) = if wrong { ("search", classes[0]) } else { ("till", classes[1]) };
            run(n, blames, class).to_string() + "\n"
        })
        .collect();
    let file = dir.join(if packed { "runs.jsonl.gz" } else { "runs.jsonl" });
    if packed {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, runs.as_bytes()).unwrap();
        std::fs::write(&file, gz.finish().unwrap()).unwrap();
    } else {
        std::fs::write(&file, runs).unwrap();
    }
    let graph = dir.join("topology.json");
    let edges = json!({ "market-eu": { "nodes": [], "edges": [["shop", "till"], ["shop", "search"]] } });
    std::fs::write(&graph, edges.to_string()).unwrap();
    [file, graph].map(|path| path.to_str().unwrap().to_owned())
}

fn evaluate(files: &[String; 2], more: &[&str]) -> Value {
    assess(&[&["--evaluate", &files[0], "--topology", &files[1]], more].concat())
}

#[test]
fn wrong_runs_are_told_from_right_ones_packed_or_not() {
    let dir = tempfile::tempdir().unwrap();
    for packed in [false, true] {
        let said = evaluate(&write(dir.path(), ["wrong_service", "right"], packed), &[]);
        assert_eq!((said["pooledAuc"].as_f64(), said["withinFaultAuc"].as_f64()), (Some(1.0), Some(1.0)));
        let gate = &said["gate"];
        assert_eq!((gate["recall"].as_f64(), gate["precision"].as_f64()), (Some(1.0), Some(1.0)));
        assert_eq!((gate["falseAlarmRate"].as_f64(), gate["threshold"].as_f64()), (Some(0.0), Some(0.25)));
        assert_eq!(said["rows"].as_array().unwrap().len(), 8);
        assert_eq!(said["rows"][0]["word"], "contested");
        assert_eq!(said["rows"][0]["strongestRival"], "till");
        assert_eq!(said["rows"][7]["word"], "supported");
        assert_eq!(
            said["advisory"]["recall"].as_f64(),
            Some(1.0),
            "nobody suspected the till before the end"
        );
        assert!(said["advisory"]["medianLeadEvents"].as_f64().unwrap() >= 1.0);
    }
}

#[test]
fn labels_change_no_score() {
    let dir = tempfile::tempdir().unwrap();
    let scores = |said: &Value| {
        let rows = said["rows"].as_array().unwrap().clone();
        rows.into_iter()
            .map(|row| (row["rival"].clone(), row["word"].clone(), row["leadEvents"].clone()))
            .collect::<Vec<_>>()
    };
    let told = evaluate(&write(dir.path(), ["wrong_service", "right"], false), &[]);
    let swapped = evaluate(&write(dir.path(), ["right", "wrong_service"], false), &[]);
    assert_eq!(scores(&told), scores(&swapped));
    assert_eq!(swapped["pooledAuc"].as_f64(), Some(0.0), "only the comparison turns round");
    let shuffled =
        evaluate(&write(dir.path(), ["wrong_service", "right"], false), &["--shuffle-labels", "3"]);
    assert_eq!(scores(&told), scores(&shuffled));
    assert_ne!(told["rows"], shuffled["rows"]);
}

#[test]
fn labels_dealt_at_random_find_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let files = write(dir.path(), ["wrong_service", "right"], false);
    let aucs: Vec<f64> = (0..24)
        .map(|seed| evaluate(&files, &["--shuffle-labels", &seed.to_string()])["pooledAuc"].as_f64().unwrap())
        .collect();
    let mean = aucs.iter().sum::<f64>() / aucs.len() as f64;
    assert!((mean - 0.5).abs() < 0.15, "{aucs:?}");
}

#[test]
fn a_file_that_is_not_one_is_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let files = write(dir.path(), ["wrong_service", "right"], false);
    std::fs::write(&files[0], "{\"session_id\":\"a\",\"events\":[]}\nnot json\n").unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_holdpoint"))
        .args(["assess", "--evaluate", &files[0]])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&out.stderr).contains("line 2"), "{out:?}");
}

#[test]
fn a_recording_is_judged_with_its_course_and_its_citations() {
    let said = assess(&["--recording", "screenshots/incident.jsonl"]);
    let first = &said[0];
    assert_eq!(first["now"]["word"], "supported");
    assert_eq!(first["gates"][0]["assessment"]["word"], "contested");
    assert!(!first["course"].as_array().unwrap().is_empty());
    let standing: Vec<&str> =
        first["citations"].as_array().unwrap().iter().map(|c| c["standing"].as_str().unwrap()).collect();
    assert_eq!(standing.iter().filter(|s| **s == "notFound").count(), 1, "{standing:?}");
    assert_eq!(first["citations"][3]["id"], "E4");
}
