//! `terraform apply`: what a plan that was given would do, resource by resource.

use serde_json::Value;

use super::Read;
use crate::judge::blast::call::Parts;
use crate::judge::blast::finding::target;
use crate::judge::blast::judge::Judge;

/// Types of resources that hold stored data.
const DATA: &[&str] = &[
    "db_",
    "rds",
    "_bucket",
    "volume",
    "dynamodb",
    "efs",
    "redshift",
    "database",
    "sql",
    "disk",
    "snapshot",
    "elasticache",
    "opensearch",
    "elasticsearch",
    "bigtable",
    "bigquery",
    "kinesis",
    "queue",
    "sqs",
    "log_group",
    "persistent",
    "storage_account",
    "cosmosdb",
    "docdb",
    "neptune",
    "memorystore",
    "spanner",
];
/// Types that decide who may do what.
const RIGHTS: &[&str] = &[
    "iam_",
    "role_assignment",
    "security_group",
    "kms_",
    "policy_attachment",
    "secret",
    "rolebinding",
    "role_binding",
    "firewall",
    "user",
    "access_key",
    "service_account",
];

/// Reads a call of terraform and its relatives.
pub(super) fn read(judge: &mut Judge<'_>, parts: &mut Parts) -> Read {
    let applies = parts.operands.first().is_some_and(|arg| arg.text == "apply");
    let given = judge.case.plan.filter(|_| applies && parts.operands.len() > 1);
    if let Some(plan) = given {
        match serde_json::from_str::<Value>(plan) {
            Ok(plan) => {
                parts.say("plan", "given");
                planned(judge, &plan);
            }
            Err(_) => parts.say("plan", "unreadable"),
        }
    }
    if judge
        .env
        .iter()
        .any(|(name, value)| name.starts_with("TF_CLI_ARGS") && value.text.contains("-destroy"))
    {
        parts.say("destroys", "true");
    }
    Read::Rules(Vec::new())
}

fn planned(judge: &mut Judge<'_>, plan: &Value) {
    for change in plan["resource_changes"].as_array().into_iter().flatten().take(256) {
        let actions: Vec<&str> =
            change["change"]["actions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let kind = change["type"].as_str().unwrap_or_default();
        let address = change["address"].as_str().unwrap_or("?");
        let holds = |words: &[&str]| words.iter().any(|word| kind.contains(word));
        let runs = change["provisioners"].is_array()
            || matches!(kind, "null_resource" | "terraform_data" | "external" | "local_file");
        let deletes = actions.contains(&"delete");
        let what = match (deletes, actions.contains(&"create"), actions.contains(&"update")) {
            (true, _, _) if kind.contains("kms_key") => "key",
            (true, true, _) if holds(DATA) => "replace-data",
            (true, false, _) if holds(DATA) => "delete-data",
            (true, true, _) if runs => "runs",
            (true, true, _) => "replace",
            (true, false, _) => "delete",
            (false, true, _) | (false, false, true) if holds(RIGHTS) => "rights",
            (false, true, _) | (false, false, true) if runs => "runs",
            (false, true, _) => "create",
            (false, false, true) => "update",
            (false, false, false) if actions.contains(&"forget") => "forget",
            (false, false, false) => continue,
        };
        judge.told("plan", what, &[("type", kind.to_owned())], &[target("resource", None, address)]);
    }
}
