//! A program with its arguments, as far as they are known.

use super::rules::{Program, Style};

/// One argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arg {
    /// The text; what could not be known stands in it as it was written.
    pub(super) text: String,
    /// Whether all of the text is known.
    pub(super) sure: bool,
}

impl Arg {
    pub(super) fn sure(text: impl Into<String>) -> Self {
        Self { text: text.into(), sure: true }
    }

    pub(super) fn unsure(text: impl Into<String>) -> Self {
        Self { text: text.into(), sure: false }
    }
}

/// What a process reads on standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Input {
    /// Nothing that matters: the terminal or nothing at all.
    #[default]
    None,
    /// This text.
    Known(String),
    /// Something that is not in the action.
    Unknown,
}

/// A program with its arguments.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub(super) argv: Vec<Arg>,
    pub(super) stdin: Input,
}

impl Call {
    pub(super) fn new(argv: Vec<Arg>, stdin: Input) -> Self {
        Self { argv, stdin }
    }
}

/// An option as given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// With its dashes.
    pub(super) name: String,
    /// Its value; `true` for a flag.
    pub(super) value: Arg,
}

/// A call taken apart by the grammar of its program.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) operands: Vec<Arg>,
    pub(super) options: Vec<Given>,
    /// What stands behind `--`.
    pub(super) after: Vec<Arg>,
    /// Whether `--` was there.
    pub(super) dashes: bool,
    pub(super) facts: Vec<(String, String)>,
    /// How options are written; abbreviations count where this is GNU's.
    pub(super) style: Style,
}

impl Parts {
    /// Takes arguments (without the program's name) apart.
    pub(super) fn of(program: &Program, args: &[Arg]) -> Self {
        let mut parts = Self { style: program.style, ..Self::default() };
        let mut at = 0;
        while at < args.len() {
            let arg = &args[at];
            at += 1;
            if parts.stopped(program) {
                parts.operands.extend(args[at - 1..].iter().cloned());
                break;
            }
            if arg.text == "--" {
                parts.dashes = true;
                parts.after.extend(args[at..].iter().cloned());
                break;
            }
            let dashed = arg.text.len() > 1 && arg.text.starts_with('-') && program.style != Style::None;
            if !dashed {
                parts.operands.push(arg.clone());
            } else if arg.text.starts_with("--") || program.style == Style::Single {
                at += parts.long(program, arg, args.get(at));
            } else {
                at += parts.short(program, arg, args.get(at));
            }
        }
        parts
    }

    fn stopped(&self, program: &Program) -> bool {
        program.stop.iter().any(|(verb, count)| {
            let words: Vec<&str> = if verb == "*" { Vec::new() } else { verb.split(' ').collect() };
            !self.operands.is_empty()
                && self.operands.len() >= words.len() + count
                && words.iter().zip(&self.operands).all(|(word, operand)| *word == operand.text)
        })
    }

    fn takes_value(&self, program: &Program, name: &str) -> bool {
        let verb = self.operands.first().map(|arg| arg.text.as_str()).unwrap_or_default();
        let has = |map: &std::collections::BTreeMap<String, Vec<String>>| {
            map.get(verb).is_some_and(|names| names.iter().any(|flag| flag == name))
        };
        if has(&program.flags_for) {
            return false;
        }
        has(&program.valued_for) || program.valued.iter().any(|valued| valued == name)
    }

    /// Returns how many further arguments were used up.
    fn long(&mut self, program: &Program, arg: &Arg, next: Option<&Arg>) -> usize {
        if let Some((name, value)) = arg.text.split_once('=') {
            self.options.push(Given { name: name.into(), value: Arg { text: value.into(), sure: arg.sure } });
            return 0;
        }
        match next {
            Some(next) if self.takes_value(program, &arg.text) => {
                self.options.push(Given { name: arg.text.clone(), value: next.clone() });
                1
            }
            _ => {
                self.options.push(Given {
                    name: arg.text.clone(),
                    value: Arg { text: "true".into(), sure: arg.sure },
                });
                0
            }
        }
    }

    fn short(&mut self, program: &Program, arg: &Arg, next: Option<&Arg>) -> usize {
        for (index, c) in arg.text.char_indices().skip(1) {
            let name = format!("-{c}");
            if !self.takes_value(program, &name) {
                self.options.push(Given { name, value: Arg { text: "true".into(), sure: arg.sure } });
                continue;
            }
            let rest = &arg.text[index + c.len_utf8()..];
            if rest.is_empty() {
                let value = next.cloned().unwrap_or_default();
                self.options.push(Given { name, value });
                return usize::from(next.is_some());
            }
            let rest = rest.strip_prefix('=').unwrap_or(rest);
            self.options.push(Given { name, value: Arg { text: rest.into(), sure: arg.sure } });
            return 0;
        }
        0
    }

    /// The values of an option, in order; `names` are separated by commas.
    pub(super) fn values<'a>(&'a self, names: &'a str) -> impl Iterator<Item = &'a Arg> {
        let named = |given: &&Given| names.split(',').any(|name| self.is_called(given, name));
        self.options.iter().filter(named).map(|given| &given.value)
    }

    /// Whether this option is the one called so, abbreviated or not.
    pub(super) fn is_called(&self, given: &Given, name: &str) -> bool {
        let abbreviated = || {
            self.style == Style::Gnu
                && given.name.len() > 3
                && given.name.starts_with("--")
                && name.starts_with(given.name.as_str())
        };
        given.name == name || abbreviated()
    }

    /// The last value of an option.
    pub(super) fn value(&self, names: &str) -> Option<&Arg> {
        let named = |given: &&Given| names.split(',').any(|name| self.is_called(given, name));
        self.options.iter().rev().find(named).map(|given| &given.value)
    }

    /// Whether an option was given.
    pub(super) fn has(&self, names: &str) -> bool {
        self.values(names).next().is_some()
    }

    /// The values of a fact.
    pub(super) fn fact<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.facts.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Adds a fact.
    pub(super) fn say(&mut self, name: &str, value: impl Into<String>) {
        self.facts.push((name.into(), value.into()));
    }
}
