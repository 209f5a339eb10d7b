//! What is not known of a program because of what it is: one that runs or reads what stands elsewhere.
//!
//! Judged by the name that was typed and by the name of the file behind it, so that a link called `kubectl` to a
//! Python is a Python. The lists are of what is common in operations; a program that is not in them and behaves like
//! these is not told apart.

/// Programs that run what their arguments name, by the start of their name.
const INTERPRETERS: &[&str] = &[
    "awk",
    "bash",
    "bun",
    "dash",
    "deno",
    "expect",
    "fish",
    "gawk",
    "java",
    "ksh",
    "lua",
    "mawk",
    "mysql",
    "nodejs",
    "node",
    "osascript",
    "perl",
    "php",
    "psql",
    "pwsh",
    "python",
    "Rscript",
    "redis-cli",
    "ruby",
    "sed",
    "sh",
    "sqlite",
    "tclsh",
    "zsh",
];
/// Programs that start others.
const STARTERS: &[&str] = &[
    "busybox",
    "chroot",
    "chrt",
    "doas",
    "entr",
    "env",
    "find",
    "flock",
    "ionice",
    "nice",
    "nohup",
    "nsenter",
    "parallel",
    "runuser",
    "script",
    "setpriv",
    "setsid",
    "stdbuf",
    "strace",
    "su",
    "sudo",
    "systemd-run",
    "taskset",
    "time",
    "timeout",
    "toybox",
    "unshare",
    "watch",
    "xargs",
];
/// Programs that do what files say which no argument needs to name.
const DIRECTED: &[&str] = &[
    "ansible-playbook",
    "bazel",
    "cargo",
    "docker-compose",
    "git",
    "gmake",
    "gradle",
    "helmfile",
    "just",
    "kustomize",
    "make",
    "mvn",
    "ninja",
    "npm",
    "npx",
    "pnpm",
    "pulumi",
    "rake",
    "skaffold",
    "task",
    "terraform",
    "terragrunt",
    "tofu",
    "uv",
    "yarn",
];

/// Sentences about the program that was typed as `typed` and is the file `real`.
pub(super) fn unknown_of(typed: &str, real: &str, args: &[String], is_script: bool) -> Vec<String> {
    let typed = last(typed);
    let mut names = vec![typed];
    names.extend((last(real) != typed).then_some(last(real)));
    let mut said = Vec::new();
    for name in &names {
        if is_one_of(name, STARTERS) {
            said.push(format!("which program {name} starts, and what that reads"));
            let inner = args.iter().map(|arg| last(arg)).filter(|arg| !names.contains(arg));
            inner.for_each(|inner| said.extend(reads(inner)));
        } else if !is_script {
            said.extend(reads(name));
        } else {
            said.extend(directed(name));
        }
    }
    said.sort();
    said.dedup();
    said
}

fn reads(program: &str) -> Option<String> {
    let imports = || format!("what {program} imports, sources or loads");
    directed(program).or_else(|| is_one_of(program, INTERPRETERS).then(imports))
}

fn directed(program: &str) -> Option<String> {
    is_one_of(program, DIRECTED)
        .then(|| format!("what {program} reads from its directory and its configuration"))
}

fn is_one_of(program: &str, names: &[&str]) -> bool {
    names.iter().any(|name| is_version_of(program, name))
}

/// `python3.12` is a version of `python`; `shred` is not one of `sh`.
fn is_version_of(program: &str, name: &str) -> bool {
    let rest = program.strip_prefix(name);
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-'))
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str, real: &str) -> String {
        let mut words = line.split(' ').map(str::to_owned);
        let typed = words.next().unwrap();
        unknown_of(&typed, real, &words.collect::<Vec<_>>(), false).join("; ")
    }

    #[test]
    fn interpreters_are_known_by_name_and_version() {
        for (program, name, is) in [
            ("python3.12", "python", true),
            ("sh", "sh", true),
            ("shred", "sh", false),
            ("node-20", "node", true),
        ] {
            assert_eq!(is_version_of(program, name), is, "{program}");
        }
    }

    #[test]
    fn a_link_does_not_hide_an_interpreter_and_a_starter_not_what_it_starts() {
        assert_eq!(
            said("kubectl get pods", "/usr/bin/python3.12"),
            "what python3.12 imports, sources or loads"
        );
        assert_eq!(said("kubectl get pods", "/usr/bin/kubectl"), "");
        let inner = said("timeout 5 /bin/bash p.sh", "/usr/bin/timeout");
        assert_eq!(
            inner,
            "what bash imports, sources or loads; which program timeout starts, and what that reads"
        );
        for starter in ["env", "sudo", "nice", "xargs", "busybox"] {
            let line = format!("{starter} python3 x.py");
            assert!(said(&line, starter).contains("python3 imports"), "{starter}");
        }
        assert!(said("sudo make deploy", "/usr/bin/sudo").contains("what make reads from its directory"));
        assert!(said("awk -f p.awk", "/usr/bin/mawk").contains("what mawk imports"));
        assert!(said("terraform apply", "/opt/terraform").contains("from its directory"));
        assert_eq!(said("touch sudo", "/bin/touch"), "", "the control: a file called so");
    }
}
