//! Patterns with `*`, `?` and `[…]`, as rules use them. Linear in pattern times text; no recursion.

/// Whether all of `text` fits `pattern`.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?', '[']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match step(&pattern[p..], text[t]) {
            Step::Star => {
                star = Some((p + 1, t));
                p += 1;
            }
            Step::Takes(width) => {
                p += width;
                t += 1;
            }
            Step::Fails => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                p = after;
                t = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

enum Step {
    Star,
    Takes(usize),
    Fails,
}

fn step(pattern: &[char], c: char) -> Step {
    match pattern.first() {
        None => Step::Fails,
        Some('*') => Step::Star,
        Some('?') => Step::Takes(1),
        Some('[') => match pattern.iter().position(|c| *c == ']') {
            Some(end) if end > 1 => {
                let set = &pattern[1..end];
                let inside =
                    set.contains(&c) || set.windows(3).any(|w| w[1] == '-' && (w[0]..=w[2]).contains(&c));
                if inside { Step::Takes(end + 1) } else { Step::Fails }
            }
            _ => literal('[', c),
        },
        Some(wanted) => literal(*wanted, c),
    }
}

fn literal(wanted: char, c: char) -> Step {
    if wanted == c { Step::Takes(1) } else { Step::Fails }
}

/// Whether `text` fits one of `patterns`.
pub(super) fn any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, text))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_pattern_is_about_the_whole_text() {
        for (pattern, text) in [
            ("*", ""),
            ("/etc/cron*", "/etc/cron.d/x"),
            ("a?c", "abc"),
            ("[0-9]*", "7x"),
            ("*.y*ml", "a.yaml"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("*.md", "a.mdx"), ("[0-9]", "x"), ("a?", "a"), ("[", "]")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        assert!(!fits(&"*a".repeat(50), &"a".repeat(49)), "no blow-up, no match");
    }
}
