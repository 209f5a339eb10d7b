//! The keymap file: which key means what, where.
//!
//! A file overrides the built-in one action by action. A key is looked for in its context, then among the global ones,
//! first in the user's file, then in the built-in one. Refused with the place: unknown tables, actions and keys; a key
//! bound twice in one table; keys that tmux, screen, flow control or readline take. Fatal: any doubt about approve,
//! confirm, deny and stop (a shared key, a key with Ctrl or Alt, a shadowed or missing key), and a printable key in a
//! text field.

use std::collections::BTreeMap;

use crokey::crossterm::event::{KeyEvent, KeyEventKind};
use serde::Deserialize;
use toml::Spanned;

use crate::cockpit::style::{line, refused};
use crate::domain::{Error, Result};

use super::{Action, Chord, Context};

const BUILT_IN: &str = include_str!("../../../keymaps/default.toml");

/// What reaches every context but a text field.
const GLOBAL: [(Action, &str); 5] = [
    (Action::Stop, "stop investigation"),
    (Action::Help, "keys"),
    (Action::Redraw, "redraw"),
    (Action::Suspend, "to the shell"),
    (Action::Quit, "quit"),
];

/// What must be reachable, and where.
const NEEDED: [(Context, Action); 10] = [
    (Context::Main, Action::Stop),
    (Context::Sheet, Action::Stop),
    (Context::Approving, Action::Stop),
    (Context::Source, Action::Stop),
    (Context::Help, Action::Stop),
    (Context::Sheet, Action::Approve),
    (Context::Sheet, Action::Deny),
    (Context::Approving, Action::Confirm),
    (Context::Approving, Action::Back),
    (Context::Field, Action::Back),
];

type Table = BTreeMap<Action, Vec<Spanned<String>>>;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    global: Table,
    main: Table,
    sheet: Table,
    approving: Table,
    field: Table,
    source: Table,
    help: Table,
}

/// One table, read: key to action, with the actions that it speaks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Layer {
    keys: BTreeMap<Chord, Action>,
    order: Vec<(Action, Chord)>,
    spoken: Vec<Action>,
}

/// What a key is for, in a footer or a help sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The first key: for a footer.
    pub key: String,
    /// Every key.
    pub keys: String,
    /// What it does.
    pub action: Action,
    /// In words.
    pub words: &'static str,
}

/// A whole keymap, resolved for every context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    contexts: BTreeMap<Context, Resolved>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Resolved {
    keys: BTreeMap<Chord, Action>,
    of: BTreeMap<Action, Vec<Chord>>,
}

impl Keymap {
    /// The keymap that is compiled in.
    pub fn builtin() -> Result<Self> {
        Self::of(&[("keymaps/default.toml", BUILT_IN)])
    }

    /// The built-in keymap with the user's file (`place` names it in errors) laid over it.
    pub fn load(place: &str, text: &str) -> Result<Self> {
        Self::of(&[(place, text), ("keymaps/default.toml", BUILT_IN)])
    }

    /// What this key means here; `None` for a key without meaning, for a released one, and in a text field for every
    /// key that is text.
    #[must_use]
    pub fn resolve(&self, context: Context, event: &KeyEvent) -> Option<Action> {
        let chord = Chord::of(event);
        if event.kind == KeyEventKind::Release || context == Context::Field && chord.printable() {
            return None;
        }
        self.contexts.get(&context)?.keys.get(&chord).copied()
    }

    /// What can be done here, the most useful first.
    #[must_use]
    pub fn hints(&self, context: Context) -> Vec<Hint> {
        let Some(resolved) = self.contexts.get(&context) else { return Vec::new() };
        let hint = |(action, words): &(Action, &'static str)| {
            let keys = resolved.of.get(action).filter(|keys| !keys.is_empty())?;
            let labels: Vec<_> = keys.iter().map(|key| key.label()).collect();
            Some(Hint { key: labels[0].clone(), keys: labels.join(" "), action: *action, words })
        };
        let own = context.actions();
        let global = GLOBAL.iter().filter(|(action, _)| own.iter().all(|(known, _)| known != action));
        own.iter().chain(global).filter_map(hint).collect()
    }

    /// Every key for an action here, as text; empty when it has none.
    #[must_use]
    pub fn keys_of(&self, context: Context, action: Action) -> String {
        let keys = self.contexts.get(&context).and_then(|resolved| resolved.of.get(&action));
        let labels: Vec<_> = keys.into_iter().flatten().map(|key| key.label()).collect();
        labels.join(" ")
    }

    fn of(files: &[(&str, &str)]) -> Result<Self> {
        let mut layers: BTreeMap<Context, Vec<Layer>> = BTreeMap::new();
        for (place, text) in files {
            let file: File = toml::from_str(text).map_err(|e| refused(place, text, &e))?;
            let read =
                |name, table: &Table, known: &[(Action, &str)]| Layer::read(place, text, name, table, known);
            let global = read("global", &file.global, &GLOBAL)?;
            for context in Context::ALL {
                let own = read(context.name(), file.table(context), context.actions())?;
                let stack = layers.entry(context).or_default();
                stack.push(own);
                if context != Context::Field {
                    stack.push(global.clone());
                }
            }
        }
        let mut contexts = BTreeMap::new();
        for (context, stack) in layers {
            contexts.insert(context, Resolved::of(context, &stack)?);
        }
        let keymap = Self { contexts };
        keymap.check()?;
        Ok(keymap)
    }

    fn check(&self) -> Result<()> {
        for (context, action) in NEEDED {
            if self.keys_of(context, action).is_empty() {
                let what = format!("no key is left for {} in [{}]", action.name(), context.name());
                return Err(Error::invalid(what).hint("bind one, or free its own key"));
            }
        }
        let keys = |context, action| self.contexts.get(&context).and_then(|r: &Resolved| r.of.get(&action));
        let approve = keys(Context::Sheet, Action::Approve);
        let confirm = keys(Context::Approving, Action::Confirm);
        let both = approve.into_iter().flatten().find(|key| confirm.is_some_and(|c| c.contains(key)));
        if let Some(key) = both {
            let what = format!("{} would begin an approval and confirm it", key.label());
            return Err(Error::invalid(what).hint("approve and confirm need different keys"));
        }
        Ok(())
    }
}

impl File {
    fn table(&self, context: Context) -> &Table {
        match context {
            Context::Main => &self.main,
            Context::Sheet => &self.sheet,
            Context::Approving => &self.approving,
            Context::Field => &self.field,
            Context::Source => &self.source,
            Context::Help => &self.help,
        }
    }
}

impl Layer {
    fn read(place: &str, text: &str, name: &str, table: &Table, known: &[(Action, &str)]) -> Result<Self> {
        let mut layer = Self::default();
        for (action, keys) in table {
            if known.iter().all(|(possible, _)| possible != action) {
                let what = format!("{place}: {} has no meaning in [{name}]", action.name());
                return Err(Error::invalid(what));
            }
            layer.spoken.push(*action);
            for key in keys {
                let at =
                    format!("{place}, line {}, [{name}] {}", line(text, key.span().start), action.name());
                let chord = Chord::parse(key.as_ref()).map_err(|e| e.within(&at))?;
                acceptable(chord, *action, name).map_err(|e| e.within(&at))?;
                if let Some(other) = layer.keys.insert(chord, *action) {
                    let what = format!("{at}: {} is bound to {} too", chord.label(), other.name());
                    return Err(Error::invalid(what).hint("one key, one meaning"));
                }
                layer.order.push((*action, chord));
            }
        }
        Ok(layer)
    }
}

fn acceptable(chord: Chord, action: Action, table: &str) -> Result<()> {
    if let Some(why) = chord.taken() {
        return Err(Error::invalid(format!("{} cannot be bound: {why}", chord.label())));
    }
    if action.grave() && chord.chorded() {
        let what =
            format!("{} cannot decide: no Ctrl or Alt for approve, confirm, deny and stop", chord.label());
        return Err(Error::invalid(what).hint("a plain key or an upper-case letter"));
    }
    if table == "field" && chord.printable() {
        return Err(Error::invalid(format!("{} is text in a text field", chord.label())));
    }
    Ok(())
}

impl Resolved {
    /// The first layer that knows a key wins; a layer that speaks about an action silences the layers below about it.
    fn of(context: Context, stack: &[Layer]) -> Result<Self> {
        let mut resolved = Self::default();
        let mut spoken: Vec<Action> = Vec::new();
        for layer in stack {
            for (action, chord) in &layer.order {
                if spoken.contains(action) {
                    continue;
                }
                if let Some(winner) = resolved.keys.get(chord) {
                    if winner != action && (winner.grave() || action.grave()) {
                        let (key, name) = (chord.label(), context.name());
                        let what =
                            format!("in [{name}] {key} would be {} and {}", winner.name(), action.name());
                        return Err(Error::invalid(what).hint("give one of them another key"));
                    }
                    continue;
                }
                resolved.keys.insert(*chord, *action);
                resolved.of.entry(*action).or_default().push(*chord);
            }
            spoken.extend(&layer.spoken);
        }
        Ok(resolved)
    }
}

#[cfg(test)]
mod tests;
