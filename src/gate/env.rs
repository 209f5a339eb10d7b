//! Which variables of the environment an action gets.
//!
//! A command gets exactly what stands on the sheet. By default that is a short list of variables that decide where a
//! command acts and how it prints, and none that usually carries a secret: no tokens, no keys, no proxies (their
//! addresses hold passwords), no agent sockets. Everything else has to be named.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::domain::{EnvVar, Error, Result};

/// The variables that an action gets without being asked, where they are set. A trailing `*` stands for any ending.
pub const INHERITED: &[&str] = &[
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_REGION",
    "AZURE_CONFIG_DIR",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_CORE_PROJECT",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "HELM_NAMESPACE",
    "HOME",
    "KUBECONFIG",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LOGNAME",
    "NO_COLOR",
    "PATH",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// The environment of an action: the inherited variables of `all`, then `with` (`NAME=VALUE`, or `NAME` to pass that
/// variable of `all` on), sorted by name.
///
/// # Errors
/// `Kind::Invalid` for a variable that is not UTF-8, is not set, or has no name.
pub fn chosen(all: impl IntoIterator<Item = (OsString, OsString)>, with: &[String]) -> Result<Vec<EnvVar>> {
    let all: BTreeMap<OsString, OsString> = all.into_iter().collect();
    let mut env = BTreeMap::new();
    for (name, value) in &all {
        if name.to_str().is_some_and(inherited) {
            env.insert(text("a variable's name", name)?, text("a variable's value", value)?);
        }
    }
    for wanted in with {
        let (name, value) = match wanted.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => (wanted.as_str(), passed_on(&all, wanted)?),
        };
        if name.is_empty() || wanted.contains('\0') {
            return Err(Error::invalid(format!("--with-env cannot set \"{}\"", wanted.escape_debug()))
                .hint("--with-env NAME to pass a variable on, or --with-env NAME=VALUE to set it"));
        }
        env.insert(name.to_owned(), value);
    }
    Ok(env.into_iter().map(|(name, value)| EnvVar { name: name.into(), value: value.into() }).collect())
}

fn passed_on(all: &BTreeMap<OsString, OsString>, name: &str) -> Result<String> {
    let value = all.get(OsStr::new(name)).ok_or_else(|| {
        Error::invalid(format!("the variable {} is not set, so it cannot be passed on", name.escape_debug()))
            .hint("set it, or give it a value: --with-env NAME=VALUE")
    })?;
    text(name, value)
}

fn inherited(name: &str) -> bool {
    INHERITED.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}

fn text(what: &str, value: &OsStr) -> Result<String> {
    value.to_str().map(str::to_owned).ok_or_else(|| {
        Error::invalid(format!(
            "{what} in the environment is not UTF-8: {}",
            value.to_string_lossy().escape_debug()
        ))
        .hint("what is approved must be shown exactly; unset it or give it a UTF-8 value")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn names(env: &[EnvVar]) -> Vec<&str> {
        env.iter().map(|var| var.name.expose()).collect()
    }

    #[test]
    fn secrets_stay_behind_unless_somebody_names_them() {
        let shell = all(&[
            ("PATH", "/bin"),
            ("LC_TIME", "C"),
            ("AWS_PROFILE", "prod"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret"),
            ("GITHUB_TOKEN", "s3cret"),
            ("HTTPS_PROXY", "http://user:s3cret@proxy"),
            ("SSH_AUTH_SOCK", "/tmp/agent"),
            ("LD_PRELOAD", "/tmp/evil.so"),
        ]);
        let env = chosen(shell.clone(), &[]).unwrap();
        assert_eq!(names(&env), ["AWS_PROFILE", "LC_TIME", "PATH"]);
        let env = chosen(shell, &["GITHUB_TOKEN".into(), "PATH=/opt/bin".into(), "A=b=c".into()]).unwrap();
        assert_eq!(names(&env), ["A", "AWS_PROFILE", "GITHUB_TOKEN", "LC_TIME", "PATH"]);
        assert_eq!((env[0].value.expose(), env[4].value.expose()), ("b=c", "/opt/bin"));
    }

    #[test]
    fn a_variable_that_cannot_be_shown_exactly_is_refused_with_what_to_do() {
        use std::os::unix::ffi::OsStringExt as _;
        let bad = vec![("PATH".into(), OsString::from_vec(vec![b'/', 0xff]))];
        assert!(chosen(bad, &[]).unwrap_err().next().is_some());
        for wrong in ["UNSET", "=x", ""] {
            assert!(chosen(all(&[]), &[wrong.into()]).unwrap_err().next().is_some(), "{wrong}");
        }
    }
}
