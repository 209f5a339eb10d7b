//! `curl`, `wget`, `HTTPie`, `nc`: which requests they make, and which files they write or send.

use super::Read;
use crate::domain::Tier;
use crate::judge::blast::call::{Arg, Call, Input, Parts};
use crate::judge::blast::file::{self, Deed};
use crate::judge::blast::finding::{Finding, Undo, target};
use crate::judge::blast::judge::Judge;
use crate::judge::blast::{kube, rules, silence};

/// One request.
#[derive(Clone, Debug, Default)]
pub(in crate::judge::blast) struct Request {
    pub(in crate::judge::blast) method: String,
    pub(in crate::judge::blast) url: String,
    pub(in crate::judge::blast) body: String,
    /// `file`, `secret`, `pipe`.
    pub(in crate::judge::blast) sends: Vec<&'static str>,
    pub(in crate::judge::blast) socket: Option<String>,
    pub(in crate::judge::blast) proxy: Option<String>,
    pub(in crate::judge::blast) sure: bool,
}

/// Host and path of an address; an address without a scheme is HTTP's.
fn split(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest =
        rest.rsplit_once('@').filter(|(before, _)| !before.contains('/')).map_or(rest, |(_, rest)| rest);
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let host = authority
        .rsplit_once(':')
        .filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit()))
        .map_or(authority, |(host, _)| host);
    (numeric(host), path.split(['?', '#']).next().unwrap_or_default().to_owned())
}

/// A host written as one number is an address of four.
fn numeric(host: &str) -> String {
    let number = host
        .strip_prefix("0x")
        .or_else(|| host.strip_prefix("0X"))
        .map_or_else(|| host.parse::<u32>().ok(), |hex| u32::from_str_radix(hex, 16).ok());
    number.map_or_else(|| host.to_lowercase(), |number| std::net::Ipv4Addr::from(number).to_string())
}

/// Judges one request.
pub(in crate::judge::blast) fn request(judge: &mut Judge<'_>, request: &Request) {
    let (host, path) = split(&request.url);
    let query = request.url.split_once('?').map_or("", |(_, query)| query).to_lowercase();
    let mut method = request.method.to_lowercase();
    if let Some(asked) = query.split('&').find_map(|pair| pair.strip_prefix("_method=")) {
        asked.clone_into(&mut method);
    }
    if method == "post" && path.ends_with("/silences") {
        silence::posted(judge, &request.body);
        return;
    }
    let mut facts = vec![
        ("host", host),
        ("path", path.clone()),
        ("method", method.to_uppercase()),
        ("body", request.body.clone()),
    ];
    facts.extend(request.sends.iter().map(|what| ("sends", (*what).to_owned())));
    facts.extend(request.socket.iter().map(|socket| ("socket", socket.clone())));
    facts.extend(request.proxy.iter().map(|proxy| ("proxy", proxy.clone())));
    let mut targets =
        vec![target("endpoint", None, request.url.split(['?', '#']).next().unwrap_or_default())];
    if let Some((kind, namespace, name)) = kube::raw_path(&path) {
        targets = vec![target(kind, namespace.as_deref(), &name)];
    } else if let Some(flag) = flag_of(&path) {
        targets = vec![flag];
    }
    if !request.sure {
        judge.opaque("http.unknown", "where the request goes is decided only when it runs");
        return;
    }
    judge.told("http", &method, &facts, &targets);
}

fn flag_of(path: &str) -> Option<crate::domain::Target> {
    let parts: Vec<&str> = path.split('/').collect();
    let at = parts.iter().position(|part| matches!(*part, "features" | "flags"))?;
    let environment =
        parts.iter().position(|part| *part == "environments").and_then(|at| parts.get(at + 1)).copied();
    let name = parts
        .get(at + 2)
        .filter(|_| parts.contains(&"flags") && parts.contains(&"v2"))
        .or_else(|| parts.get(at + 1))?;
    Some(target("flag", environment, name))
}

/// `curl`.
pub(super) fn curl(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    if parts.has("-V,--version,-h,--help") && parts.operands.is_empty() {
        judge.say(Finding::new(Tier::Ro, "http.version", "it only says its version"));
        return Read::Done;
    }
    if let Some(config) = parts.value("-K,--config").cloned() {
        match &call.stdin {
            Input::Known(text) if config.text == "-" => configured(judge, text),
            Input::None | Input::Known(_) | Input::Unknown => {
                let what = target("file", None, &config.text);
                judge.say(
                    Finding::opaque("http.configuration", "what it would request is not in the action")
                        .on(what),
                );
            }
        }
    }
    let program = judge.rules.program("curl");
    // `--next` begins another request with options of its own.
    for args in call.argv[1..].split(|arg| arg.text == "--next" || arg.text == "-:") {
        if let Some(program) = program {
            curl_once(judge, program, args, call);
        }
    }
    Read::Done
}

/// The files that `curl` writes.
fn curl_files(judge: &mut Judge<'_>, parts: &Parts) {
    for key in [
        "-o,--output",
        "-D,--dump-header",
        "-c,--cookie-jar",
        "--trace,--trace-ascii",
        "--libcurl",
        "--stderr",
    ] {
        let files: Vec<Arg> = parts.values(key).cloned().collect();
        files.iter().for_each(|arg| file::judge(judge, Deed::Write, arg));
    }
    if parts.has("-O,--remote-name,-J,--remote-name-all") {
        let into = parts.value("--output-dir").cloned().unwrap_or_else(|| Arg::sure("./downloaded.out"));
        file::judge(judge, Deed::Write, &into);
    }
}

/// The method of a request; `None`, and said, where it is not known.
fn curl_method(
    judge: &mut Judge<'_>,
    parts: &Parts,
    asked: Option<String>,
    has_data: bool,
) -> Option<String> {
    let get = parts.has("-G,--get");
    Some(match (asked, parts.value("-X,--request")) {
        (Some(asked), _) => asked,
        (None, Some(given)) if given.sure => given.text.clone(),
        (None, Some(_)) => {
            judge.opaque("http.method", "the method is decided only when it runs");
            return None;
        }
        (None, None) if parts.has("-T,--upload-file") => "put".into(),
        (None, None) if parts.has("-I,--head") => "head".into(),
        (None, None) if has_data && !get => "post".into(),
        (None, None) => "get".into(),
    })
}

fn curl_once(judge: &mut Judge<'_>, program: &rules::Program, args: &[Arg], call: &Call) {
    let mut parts = Parts::of(program, args);
    curl_files(judge, &parts);
    let mut used = parts.has("-u,--user,--cert,-E,--key,--oauth2-bearer,--aws-sigv4,-n,--netrc");
    let mut asked = None;
    for header in parts.values("-H,--header") {
        used |= header.text.starts_with('@') || header.text.to_lowercase().starts_with("authorization");
        let lower = header.text.to_lowercase();
        if let Some(method) =
            lower.strip_prefix("x-http-method-override:").or_else(|| lower.strip_prefix("x-http-method:"))
        {
            asked = Some(method.trim().to_owned());
        }
    }
    if used {
        let mut finding = Finding::new(Tier::Ro, "http.identity", "");
        finding.credentials = crate::domain::CredentialEffect::Used;
        judge.say(finding);
    }
    let mut sends = Vec::new();
    let data_keys = "-d,--data,--data-raw,--data-binary,--data-ascii,--data-urlencode,--json,-F,--form";
    let data: Vec<Arg> = parts.values(data_keys).cloned().collect();
    for value in data.iter().chain(&parts.values("-T,--upload-file").cloned().collect::<Vec<_>>()) {
        let uploads = parts.values("-T,--upload-file").any(|arg| arg == value);
        let named = if uploads {
            Some(value.text.as_str())
        } else {
            value.text.strip_prefix('@').or_else(|| value.text.split_once("=@").map(|(_, path)| path))
        };
        let Some(path) = named else { continue };
        sends.push(sent(judge, path, call));
        sends.retain(|what| !what.is_empty());
    }
    let Some(method) = curl_method(judge, &parts, asked, !data.is_empty()) else { return };
    let mut urls: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    urls.extend(parts.values("--url").cloned());
    let body = data.iter().map(|arg| arg.text.as_str()).collect::<Vec<_>>().join("&");
    parts.say("done", "");
    for url in urls.iter().take(32) {
        let mut address = url.text.clone();
        if let Some(path) = parts.value("--request-target") {
            let (host, _) = split(&address);
            address = format!("{}://{host}{}", address.split("://").next().unwrap_or("http"), path.text);
        }
        if !url.sure {
            leaks(judge, &address);
        }
        // A host that is known is enough to know where it goes; what is appended is not.
        let known = url.sure || address.contains("://");
        let one = Request {
            method: method.clone(),
            url: address,
            body: body.clone(),
            sends: sends.clone(),
            socket: parts.value("--unix-socket").map(|arg| arg.text.clone()),
            proxy: parts
                .value("-x,--proxy,--preproxy,--socks5,--socks5-hostname")
                .map(|arg| arg.text.clone()),
            sure: known,
        };
        request(judge, &one);
    }
}

/// An address into which something was put that is known to be a secret.
fn leaks(judge: &mut Judge<'_>, address: &str) {
    let printed =
        judge.found.iter().any(|finding| finding.credentials == crate::domain::CredentialEffect::Printed);
    if printed && address.contains("$(") {
        let mut finding =
            Finding::new(Tier::HPlus, "http.leak", "a secret leaves this machine in the address");
        finding.credentials = crate::domain::CredentialEffect::Printed;
        finding.undo = Undo::Irreversible;
        judge.say(finding);
    }
}

/// What is sent: a file, a secret, or what another command prints.
fn sent(judge: &mut Judge<'_>, path: &str, call: &Call) -> &'static str {
    let path = path.split(';').next().unwrap_or_default();
    if path == "-" {
        let secret =
            judge.found.iter().any(|finding| finding.credentials == crate::domain::CredentialEffect::Printed);
        return match &call.stdin {
            Input::Known(_) => "",
            Input::None | Input::Unknown if secret => "secret",
            Input::None | Input::Unknown => "pipe",
        };
    }
    let found = judge.apart(|judge| file::judge(judge, Deed::Read, &Arg::sure(path)));
    let secret = found.iter().any(|finding| finding.credentials == crate::domain::CredentialEffect::Printed);
    if secret { "secret" } else { "file" }
}

fn configured(judge: &mut Judge<'_>, text: &str) {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().trim_start_matches('-').strip_prefix(name))?;
        Some(line.trim().trim_start_matches(['=', ':']).trim().trim_matches('"').to_owned())
    };
    let method = value("request")
        .unwrap_or_else(|| if value("data").is_some() { "post".into() } else { "get".into() });
    match value("url") {
        Some(url) => request(
            judge,
            &Request {
                method,
                url,
                body: value("data").unwrap_or_default(),
                sure: true,
                ..Request::default()
            },
        ),
        None => judge.opaque("http.configuration", "what it would request is not in the action"),
    }
}

/// `wget`.
pub(super) fn wget(judge: &mut Judge<'_>, parts: &mut Parts) -> Read {
    if parts.has("-i,--input-file,--config,-e,--execute,--use-askpass") {
        let given: Vec<Arg> =
            parts.values("-i,--input-file,--config,-e,--execute,--use-askpass").cloned().collect();
        let what = target("file", None, &given[0].text);
        judge.say(
            Finding::opaque("http.configuration", "what it would request, or run, is not in the action")
                .on(what),
        );
        return Read::Done;
    }
    let mut sends = Vec::new();
    for arg in parts.values("--post-file,--body-file").cloned().collect::<Vec<_>>() {
        sends.push(sent(judge, &arg.text, &Call::default()));
    }
    let posts = parts.has("--post-data,--post-file");
    let method =
        parts.value("--method").map_or(if posts { "post" } else { "get" }, |arg| &arg.text).to_owned();
    let out = parts.value("-O,--output-document").cloned();
    let quiet = parts.has("--spider");
    let saves = match &out {
        Some(out) if out.text == "-" => None,
        Some(out) => Some(out.clone()),
        None if quiet => None,
        None => Some(
            parts.value("-P,--directory-prefix").cloned().unwrap_or_else(|| Arg::sure("./downloaded.out")),
        ),
    };
    if let Some(out) = saves.filter(|_| !parts.operands.is_empty()) {
        file::judge(judge, Deed::Write, &out);
    }
    for url in parts.operands.clone() {
        let body = parts.value("--post-data,--body-data").map(|arg| arg.text.clone()).unwrap_or_default();
        request(
            judge,
            &Request {
                method: method.clone(),
                url: url.text.clone(),
                body,
                sends: sends.clone(),
                sure: url.sure,
                ..Request::default()
            },
        );
    }
    if parts.operands.is_empty() {
        judge.say(Finding::new(Tier::Ro, "http.version", "it requests nothing"));
    }
    Read::Done
}

/// `HTTPie` and xh: method, address, then items.
pub(super) fn httpie(judge: &mut Judge<'_>, parts: &mut Parts) -> Read {
    let mut words: Vec<Arg> = parts.operands.iter().chain(&parts.after).cloned().collect();
    let is_method = words
        .first()
        .is_some_and(|arg| !arg.text.is_empty() && arg.text.chars().all(|c| c.is_ascii_uppercase()));
    let method = is_method.then(|| words.remove(0).text);
    if words.is_empty() {
        judge.say(Finding::new(Tier::Ro, "http.version", "it requests nothing"));
        return Read::Done;
    }
    let url = words.remove(0);
    let has_body = words.iter().any(|arg| {
        !arg.text.contains("==") && !arg.text.contains(':') && arg.text.contains('=')
            || arg.text.contains(":=")
    });
    if let Some(out) = parts.value("-o,--output") {
        file::judge(judge, Deed::Write, &out.clone());
    }
    let sends = words
        .iter()
        .filter_map(|arg| arg.text.split_once('@').filter(|(name, _)| !name.contains('=')))
        .map(|(_, path)| path.to_owned())
        .collect::<Vec<_>>();
    let sends = sends.iter().map(|path| sent(judge, path, &Call::default())).collect();
    let method = method.unwrap_or_else(|| if has_body { "post".into() } else { "get".into() });
    let body = words.iter().map(|arg| arg.text.as_str()).collect::<Vec<_>>().join("&");
    request(
        judge,
        &Request { method, url: url.text.clone(), body, sends, sure: url.sure, ..Request::default() },
    );
    Read::Done
}

/// `nc`, `socat`: what goes over the connection, where it stands in the text.
pub(super) fn netcat(judge: &mut Judge<'_>, parts: &mut Parts, call: &Call) -> Read {
    let said = match &call.stdin {
        Input::None => "nothing",
        Input::Unknown => "something",
        Input::Known(text) => {
            let mut words = text.split_whitespace();
            match (words.next(), words.next()) {
                (
                    Some(method @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS")),
                    Some(path),
                ) => {
                    let host: Vec<&str> = parts.operands.iter().map(|arg| arg.text.as_str()).collect();
                    let url = format!("{}{path}", host.join(":"));
                    request(judge, &Request { method: method.into(), url, sure: true, ..Request::default() });
                    "http"
                }
                (
                    Some(
                        "show" | "help" | "stats" | "info" | "ruok" | "mntr" | "stat" | "srvr" | "INFO"
                        | "PING" | "version" | "status",
                    ),
                    _,
                ) => "show",
                _ => "text",
            }
        }
    };
    parts.say("said", said);
    Read::Rules(Vec::new())
}
