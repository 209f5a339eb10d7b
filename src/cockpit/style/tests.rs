use super::*;

fn styles(name: &str, depth: Depth) -> Styles {
    Styles::load(&Library::default(), name, Capable { depth, ascii: false }).unwrap()
}

/// What each tone is drawn on by the views.
fn grounds_of(tone: Tone) -> &'static [Ground] {
    match tone {
        Tone::Rule => &[Ground::Base, Ground::Bar, Ground::Raised],
        Tone::Text
        | Tone::Strong
        | Tone::Dim
        | Tone::Faint
        | Tone::Label
        | Tone::Waiting
        | Tone::Harm
        | Tone::Good
        | Tone::Contested
        | Tone::Cited
        | Tone::Agent
        | Tone::Hidden => &Ground::ALL,
    }
}

fn least(tone: Tone) -> f64 {
    if matches!(tone, Tone::Faint | Tone::Rule) { 3.0 } else { 4.5 }
}

/// Every pair of a theme that is harder to read than it may be.
fn unreadable(name: &str, depth: Depth) -> Vec<String> {
    let styles = styles(name, depth);
    let mut found = Vec::new();
    for tone in Tone::ALL {
        for ground in grounds_of(tone) {
            let style = styles.on(tone, *ground);
            let (Some(text), Some(behind)) = (style.fg.and_then(shown), style.bg.and_then(shown)) else {
                continue;
            };
            let contrast = contrast(text, behind);
            if contrast < least(tone) {
                found.push(format!("{name} {depth:?}: {tone:?} on {ground:?} has {contrast:.2}"));
            }
        }
        let badge = styles.badge(tone);
        if let (Some(text), Some(behind)) = (badge.fg.and_then(shown), badge.bg.and_then(shown))
            && contrast(text, behind) < least(tone)
        {
            found.push(format!("{name} {depth:?}: badge {tone:?} has {:.2}", contrast(text, behind)));
        }
    }
    found
}

#[test]
fn every_tone_can_be_read_on_every_ground_that_it_is_used_on() {
    let found: Vec<_> = ["dark", "light", "colour-blind"]
        .iter()
        .flat_map(|name| [Depth::Full, Depth::Indexed].map(|depth| unreadable(name, depth)))
        .flatten()
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

/// The sixteen are the user's own; with those of xterm, on black, whatever means something stands out. (Plain blue on
/// black does not: 1.9.)
#[test]
fn with_sixteen_colours_whatever_means_something_stands_out() {
    for name in ["dark", "ansi", "colour-blind"] {
        let styles = styles(name, Depth::Sixteen);
        for tone in Tone::ALL.into_iter().filter(|tone| !matches!(tone, Tone::Hidden)) {
            let colour = styles.of(tone).fg.and_then(shown).unwrap_or([229; 3]);
            assert!(contrast(colour, [0; 3]) >= 3.8, "{name}: {tone:?} has {:.2}", contrast(colour, [0; 3]));
        }
    }
}

/// The control: a theme that breaks the rule is found out.
#[test]
fn an_unreadable_tone_would_be_found() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("pale.toml"), "inherits = \"dark\"\n[palette]\nslate = \"#3a4048\"\n")
        .unwrap();
    let library = Library::new(Some(dir.path().into()));
    let styles = Styles::load(&library, "pale", Capable { depth: Depth::Full, ascii: false }).unwrap();
    let (text, ground) =
        (styles.of(Tone::Dim).fg.and_then(shown), styles.ground(Ground::Base).bg.and_then(shown));
    assert!(contrast(text.unwrap(), ground.unwrap()) < least(Tone::Dim));
}

#[test]
fn without_colour_no_colour_is_set_and_attributes_tell_states_apart() {
    let styles = styles("dark", Depth::Mono);
    for tone in Tone::ALL {
        for ground in Ground::ALL {
            let style = styles.on(tone, ground);
            assert!(style.fg.is_none_or(|c| c == Color::Reset) && style.bg.is_none_or(|c| c == Color::Reset));
        }
        assert_eq!(styles.badge(tone).fg, None);
    }
    assert!(styles.of(Tone::Hidden).add_modifier.contains(Modifier::REVERSED));
    assert!(styles.ground(Ground::Selected).add_modifier.contains(Modifier::REVERSED));
    assert_ne!(styles.of(Tone::Waiting), styles.of(Tone::Text));
    assert_ne!(styles.of(Tone::Harm), styles.of(Tone::Waiting));
}

#[test]
fn the_sixteen_colour_theme_never_leaves_the_sixteen() {
    for depth in [Depth::Sixteen, Depth::Indexed, Depth::Full] {
        let styles = styles("ansi", depth);
        for tone in Tone::ALL {
            let style = styles.on(tone, Ground::Selected);
            for colour in [style.fg, style.bg].into_iter().flatten() {
                assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(_)), "{tone:?} {colour:?}");
            }
        }
    }
}

/// With any colour blindness of the usual three, the states that must not be confused stay apart in the theme made for
/// it: by hue as it is then seen, or by lightness. (The matrices of Machado, Oliveira and Fernandes, 2009.)
#[test]
fn the_colour_blind_theme_keeps_its_states_apart() {
    const KINDS: [[[f64; 3]; 3]; 3] = [
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    ];
    let seen = |rgb: Rgb, kind: [[f64; 3]; 3]| {
        let linear = rgb.map(|c| (f64::from(c) / 255.0).powf(2.2));
        kind.map(|row| {
            row.iter().zip(linear).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0).powf(1.0 / 2.2)
        })
    };
    let apart = |name: &str, a: Tone, b: Tone| {
        let styles = styles(name, Depth::Full);
        let rgb = |tone| styles.of(tone).fg.and_then(shown).unwrap();
        let distance = |kind| {
            let (a, b) = (seen(rgb(a), kind), seen(rgb(b), kind));
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        };
        KINDS.map(distance).into_iter().fold(f64::MAX, f64::min)
    };
    for (a, b) in [(Tone::Harm, Tone::Good), (Tone::Waiting, Tone::Harm), (Tone::Waiting, Tone::Good)] {
        let distance = apart("colour-blind", a, b);
        assert!(distance > 0.3, "{a:?} and {b:?}: {distance:.2}");
    }
    // The control: the everyday theme would not pass.
    assert!(apart("dark", Tone::Harm, Tone::Good) < 0.3);
}

#[test]
fn a_theme_inherits_and_a_user_may_change_a_built_in_one() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("dark.toml"), "inherits = \"dark\"\n[palette]\namber = \"#ffffff\"\n")
        .unwrap();
    let library = Library::new(Some(dir.path().into()));
    let full = Capable { depth: Depth::Full, ascii: false };
    let styles = Styles::load(&library, "dark", full).unwrap();
    assert_eq!(styles.of(Tone::Waiting).fg, Some(Color::Rgb(255, 255, 255)));
    assert_eq!(styles.of(Tone::Harm), self::styles("dark", Depth::Full).of(Tone::Harm));
}

#[test]
fn mistakes_in_a_theme_are_refused_with_their_line_and_the_last_good_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let library = Library::new(Some(dir.path().into()));
    let mut styles = styles("dark", Depth::Full);
    let good = styles.clone();
    for (text, expected) in [
        ("inherits = \"dark\"\n[tones]\nwaitin = \"amber\"\n", "line 3: unknown variant"),
        ("inherits = \"dark\"\n[pallette]\n", "line 2: unknown field"),
        ("inherits = \"dark\"\n[palette]\namber = \"#12\"\n", "line 3: \"#12\" is not a colour"),
        ("inherits = \"dark\"\n[tones]\nharm = \"crimson\"\n", "line 3: \"crimson\" is not a colour"),
        (
            "inherits = \"dark\"\n[tones]\nharm = \"red blinking\"\n",
            "line 3: \"blinking\" is not an attribute",
        ),
        ("inherits = \"mine\"\n", "in a circle"),
        ("inherits = \"../../etc/passwd\"\n", "is not a theme's name"),
        ("inherits = \"darker\"\n", "line 1: there is no theme \"darker\""),
        ("[palette]\n", "has no tone Text"),
        ("[palette\n", "line 1"),
    ] {
        std::fs::write(dir.path().join("mine.toml"), text).unwrap();
        let error = styles.reload(&library, "mine").expect_err(text).to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
        assert_eq!(styles, good, "the last good theme stays");
    }
    std::fs::write(dir.path().join("mine.toml"), "inherits = \"light\"\n").unwrap();
    styles.reload(&library, "mine").unwrap();
    assert_ne!(styles, good);
}

#[test]
fn ascii_terminals_get_ascii() {
    let library = Library::default();
    let styles = Styles::load(&library, "dark", Capable { depth: Depth::Sixteen, ascii: true }).unwrap();
    for glyph in Glyph::STATES {
        assert!(styles.glyph(glyph).is_ascii());
    }
    assert!((0..=8).all(|level| styles.spark(level).is_ascii()) && styles.bar(37).is_ascii());
    assert_eq!(self::styles("dark", Depth::Full).bar(19), "██▍");
}
