//! What Codex can do in a thread without asking anybody, in one sentence.

use serde_json::Value;

use super::item::Settings;

/// The sentence that stands on the session's line.
pub(super) fn sentence(settings: &Settings) -> String {
    let reviewer = match settings.approvals_reviewer.as_deref() {
        None | Some("user") => "",
        Some(_) => "; a model of Codex' answers some approvals in people's place",
    };
    format!("{}; {}{reviewer}", sandbox(&settings.sandbox, &settings.cwd), policy(&settings.approval_policy))
}

fn sandbox(sandbox: &Value, cwd: &str) -> String {
    let open = sandbox["networkAccess"] == true || sandbox["networkAccess"] == "enabled";
    let network = if open { "uses the network" } else { "no network" };
    match sandbox["type"].as_str() {
        Some("dangerFullAccess") => "no sandbox: reads, writes and runs anything, uses the network".into(),
        Some("readOnly") => format!("sandbox: runs commands that read anything and write nothing, {network}"),
        Some("workspaceWrite") => {
            let roots = sandbox["writableRoots"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut places: Vec<&str> =
                std::iter::once(cwd).chain(roots).filter(|place| !place.is_empty()).collect();
            places.dedup();
            let temporary =
                if sandbox["excludeSlashTmp"] == Value::Bool(true) { "" } else { " and temporary files" };
            format!("sandbox: runs commands that write in {}{temporary}, {network}", places.join(", "))
        }
        Some("externalSandbox") => format!("somebody else's sandbox: Codex itself limits nothing, {network}"),
        Some(_) | None => "an unknown sandbox".into(),
    }
}

fn policy(policy: &Value) -> String {
    match policy.as_str() {
        Some("untrusted") => "asks before all but harmless commands".into(),
        Some("on-request") => "asks when its model wants more than the sandbox allows".into(),
        Some("on-failure") => "asks when the sandbox stopped a command".into(),
        Some("never") => "never asks".into(),
        Some(_) | None if policy.get("granular").is_some() => {
            let off = policy["granular"].as_object().into_iter().flatten();
            let off: Vec<&str> =
                off.filter(|(_, asks)| **asks == Value::Bool(false)).map(|(what, _)| what.as_str()).collect();
            if off.is_empty() {
                "asks for every sort of approval".into()
            } else {
                format!("never asks for {}", off.join(", "))
            }
        }
        Some(_) | None => "asks by a policy that Holdpoint does not know".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(sandbox: Value, approval_policy: Value, reviewer: &str) -> String {
        let approvals_reviewer = Some(reviewer.to_owned());
        sentence(&Settings { cwd: "/srv/app".into(), approval_policy, approvals_reviewer, sandbox })
    }

    #[test]
    fn each_setting_is_said_in_words_and_an_unknown_one_is_said_to_be_unknown() {
        assert_eq!(
            said(
                json!({"type": "workspaceWrite", "writableRoots": ["/data"], "networkAccess": false}),
                json!("on-request"),
                "user"
            ),
            "sandbox: runs commands that write in /srv/app, /data and temporary files, no network; \
             asks when its model wants more than the sandbox allows"
        );
        assert_eq!(
            said(json!({"type": "dangerFullAccess"}), json!("never"), "auto_review"),
            "no sandbox: reads, writes and runs anything, uses the network; never asks; \
             a model of Codex' answers some approvals in people's place"
        );
        assert!(said(json!({"type": "readOnly"}), json!("untrusted"), "user").contains("write nothing"));
        assert!(
            said(json!({"type": "readOnly", "networkAccess": true}), json!(null), "user")
                .contains("uses the network")
        );
        let granular =
            json!({"granular": {"rules": true, "sandbox_approval": false, "mcp_elicitations": false}});
        assert!(
            said(json!({}), granular, "user").contains("never asks for mcp_elicitations, sandbox_approval")
        );
        let unknown = said(json!({"type": "moonBase"}), json!("sometimes"), "user");
        assert!(unknown.contains("an unknown sandbox") && unknown.contains("does not know"), "{unknown}");
    }
}
