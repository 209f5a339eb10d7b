//! What the terminal can show, from the environment. The environment is handed in, so that this stays pure.

use super::Depth;

/// What was decided about colours and characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capable {
    /// How many colours.
    pub depth: Depth,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
}

/// Reads `NO_COLOR`, `FORCE_COLOR`, `COLORTERM`, `TERM` and the locale from `var`; it is taken for granted that the
/// output is a terminal (the cockpit refuses to start otherwise).
///
/// `NO_COLOR` set to anything but the empty string wins over everything (<https://no-color.org>); a dumb terminal has
/// no colour; `FORCE_COLOR` is 0, 1, 2 or 3, as everywhere.
pub fn capable(var: impl Fn(&str) -> Option<String>) -> Capable {
    Capable { depth: depth(&var), ascii: ascii(&var) }
}

/// The same from the process's own environment.
#[must_use]
pub fn capable_here() -> Capable {
    let var = |name: &str| std::env::var(name).ok();
    let mut capable = capable(var);
    // The terminals that `supports-color` knows by other names than `TERM` and `COLORTERM`.
    if capable.depth == Depth::Sixteen
        && let Some(level) = supports_color::on(supports_color::Stream::Stdout)
    {
        capable.depth = if level.has_16m {
            Depth::Full
        } else if level.has_256 {
            Depth::Indexed
        } else {
            Depth::Sixteen
        };
    }
    capable
}

fn depth(var: &impl Fn(&str) -> Option<String>) -> Depth {
    let term = var("TERM").unwrap_or_default();
    if var("NO_COLOR").is_some_and(|v| !v.is_empty()) || term == "dumb" || term.is_empty() {
        return Depth::Mono;
    }
    match var("FORCE_COLOR").as_deref() {
        Some("0" | "false") => return Depth::Mono,
        Some("1" | "true") => return Depth::Sixteen,
        Some("2") => return Depth::Indexed,
        Some("3") => return Depth::Full,
        Some(_) | None => {}
    }
    let colorterm = var("COLORTERM").unwrap_or_default();
    if matches!(colorterm.as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
        Depth::Full
    } else if term.contains("256") {
        Depth::Indexed
    } else if term.starts_with("vt1") || term.starts_with("vt2") || term.ends_with("-mono") {
        Depth::Mono
    } else {
        Depth::Sixteen
    }
}

/// Whether the locale is not a UTF-8 one. The first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set decides; with none
/// set the C locale rules, but a terminal that says `C.UTF-8` or nothing at all in a container still shows UTF-8, so
/// only a locale that names another encoding, or a bare `C` or `POSIX`, asks for ASCII.
fn ascii(var: &impl Fn(&str) -> Option<String>) -> bool {
    if var("HOLDPOINT_ASCII").is_some_and(|v| !v.is_empty() && v != "0") {
        return true;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| var(name).filter(|v| !v.is_empty()));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !(locale.contains("utf-8") || locale.contains("utf8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(vars: &[(&str, &str)]) -> Capable {
        capable(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn no_color_wins_and_depth_follows_the_terminal() {
        let depth = |vars| with(vars).depth;
        assert_eq!(
            depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("COLORTERM", "truecolor")]),
            Depth::Mono
        );
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::Full);
        assert_eq!(depth(&[("TERM", "tmux-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "xterm-direct")]), Depth::Full);
        assert_eq!(depth(&[("TERM", "screen")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "dumb"), ("COLORTERM", "truecolor")]), Depth::Mono);
        assert_eq!(depth(&[("TERM", "vt100")]), Depth::Mono);
        assert_eq!(depth(&[]), Depth::Mono);
        assert_eq!(depth(&[("TERM", "xterm"), ("FORCE_COLOR", "3")]), Depth::Full);
    }

    #[test]
    fn a_locale_without_utf_8_gets_ascii() {
        assert!(!with(&[("LANG", "en_US.UTF-8")]).ascii);
        assert!(!with(&[("LANG", "C"), ("LC_ALL", "C.utf8")]).ascii);
        assert!(with(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).ascii);
        assert!(with(&[("LANG", "de_DE.ISO-8859-1")]).ascii);
        assert!(!with(&[]).ascii);
        assert!(with(&[("LANG", "C.UTF-8"), ("HOLDPOINT_ASCII", "1")]).ascii);
    }
}
