//! Which parts of an argument may name a file.
//!
//! Programs take files in many forms: `--values=prod.yaml`, `-d@body.json`, `-fplay.sh`, `file://body.json`,
//! `src.sh:/dst`, `a.yaml,b.yaml`. Each part that could be one is tried; what is no file costs a look and nothing else.
//! Words inside a text (`sh -c "cat x"`) are not tried: whether they are files is for whoever reads the text to say.
//! Those and whatever else only looks like a path are found by [`resembling`], for a sentence.

/// Parts of one argument that are tried.
const CANDIDATES_MAX: usize = 4096;
/// Longest path that a system takes, in bytes.
const PATH_MAX_BYTES: usize = 4096;
/// Behind these a name may begin.
const BEFORE: &[char] = &['=', '@', ',', ':', ';', '+', '%', '^'];
/// In front of these a name may end.
const BEHIND: &[char] = &[',', ':', ';', '='];
/// Short options that may stand together before a value: `-xzfarchive`.
const CLUSTER_MAX: usize = 4;
/// Endings that are hardly ever those of anything but a file.
const ENDINGS: &[&str] = &[
    "bash", "cfg", "conf", "crt", "csv", "env", "hcl", "ini", "jar", "js", "json", "lua", "pem", "php", "pl",
    "ps1", "py", "rb", "sh", "sql", "tar", "tf", "tfvars", "tgz", "toml", "tpl", "ts", "txt", "xml", "yaml",
    "yml", "zip",
];

/// The parts of an argument that may name a file, the whole first; and whether there were more than are tried.
pub(super) fn candidates(arg: &str) -> (Vec<&str>, bool) {
    let mut found: Vec<&str> = Vec::new();
    for start in starts(arg) {
        let rest = &arg[start..];
        let ends = BEHIND.iter().filter_map(|end| rest.find(*end));
        for end in std::iter::once(rest.len()).chain(ends) {
            let part = &rest[..end];
            if part.is_empty() || part.len() > PATH_MAX_BYTES || found.contains(&part) {
                continue;
            }
            if found.len() == CANDIDATES_MAX {
                return (found, true);
            }
            found.push(part);
        }
    }
    (found, false)
}

/// Where in an argument a name may begin.
fn starts(arg: &str) -> impl Iterator<Item = usize> {
    let behind = arg.match_indices(BEFORE).map(|(at, mark)| at + mark.len());
    let behind_scheme = arg.match_indices("://").map(|(at, scheme)| at + scheme.len());
    let letters = arg
        .strip_prefix('-')
        .map_or(0, |rest| rest.chars().take(CLUSTER_MAX).take_while(char::is_ascii_alphanumeric).count());
    std::iter::once(0).chain(behind).chain(behind_scheme).chain((1..=letters).map(|letters| 1 + letters))
}

/// Parts of an argument that look like paths, whatever stands around them. What a URL names elsewhere is none.
pub(super) fn resembling(arg: &str) -> impl Iterator<Item = &str> {
    let of_path = |c: char| c.is_alphanumeric() || "._/~-+".contains(c);
    arg.split(move |c| !of_path(c)).filter(move |part| {
        let at = part.as_ptr().addr() - arg.as_ptr().addr();
        let (before, path) = (&arg[..at], part.strip_prefix("//"));
        let remote = before.ends_with(':') && path.is_some() && !is_file_scheme(before);
        !remote && looks_like_a_path(part)
    })
}

fn is_file_scheme(before: &str) -> bool {
    ["file:", "fileb:"].iter().any(|scheme| before.ends_with(scheme))
}

fn looks_like_a_path(part: &str) -> bool {
    let rooted =
        ["/", "./", "../", "~/"].iter().any(|root| part.len() > root.len() && part.starts_with(root));
    let ending = part.rsplit_once('.').filter(|(stem, _)| !stem.is_empty() && !stem.starts_with('.'));
    rooted || ending.is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_form_of_naming_a_file_is_among_the_candidates() {
        for (arg, file) in [
            ("p.sh", "p.sh"),
            ("--values=p.yaml", "p.yaml"),
            ("--from-file=key=p.yaml", "p.yaml"),
            ("-d@p.json", "p.json"),
            ("@p.json", "p.json"),
            ("@@p.json", "p.json"),
            ("+p.sh", "p.sh"),
            ("-fp.sh", "p.sh"),
            ("-xzfp.tgz", "p.tgz"),
            ("-f/etc/p", "/etc/p"),
            ("file://p.sh", "p.sh"),
            ("file:///etc/p", "/etc/p"),
            ("fileb://p.bin", "p.bin"),
            ("--body=file://p.json", "p.json"),
            ("p.sh:/dst:ro", "p.sh"),
            ("--mount=type=bind,src=/etc/p,dst=/x", "/etc/p"),
            ("a.yaml,p.yaml", "p.yaml"),
            ("p.yaml,b.yaml", "p.yaml"),
            ("-Fup=@p.txt;type=text/plain", "p.txt"),
            ("p:with,odd=name", "p:with,odd=name"),
        ] {
            let (found, more) = candidates(arg);
            assert!(found.contains(&file) && !more, "{arg}: {found:?}");
            assert_eq!(found[0], arg);
        }
    }

    #[test]
    fn a_long_list_is_looked_at_up_to_a_bound_and_that_is_said() {
        let list = (0..CANDIDATES_MAX).map(|n| format!("{n},")).collect::<String>();
        let (found, more) = candidates(&list);
        assert!(more && found.len() == CANDIDATES_MAX);
        assert!(candidates("ä=ö,ü:-ß").0.contains(&"ü"), "cut between characters");
    }

    #[test]
    fn what_looks_like_a_path_is_told_from_what_does_not() {
        let found = |arg| resembling(arg).collect::<Vec<_>>();
        assert_eq!(found("cat p.sh && (. ~/x) >'/tmp/a b'"), ["p.sh", "~/x", "/tmp/a"]);
        assert_eq!(found("%%../up|file:///etc/x"), ["../up", "///etc/x"]);
        for none in [
            "deployment/checkout",
            "--replicas=3",
            "registry.example.com/app:v1.2.3",
            "https://example.com/a/b.json",
            "{.items[*].data}",
            "/",
            "ws://127.0.0.1:80",
        ] {
            assert_eq!(found(none), Vec::<&str>::new(), "{none}");
        }
    }
}
