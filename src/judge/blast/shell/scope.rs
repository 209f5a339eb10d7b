//! What a script has set so far.

use std::collections::HashMap;
use std::rc::Rc;

use super::syntax::Node;
use crate::judge::blast::call::Arg;

/// How many names of one sort are kept.
const NAMES_MAX: usize = 512;

/// Variables, arguments, functions, aliases.
#[derive(Clone, Default)]
pub(super) struct Scope {
    vars: HashMap<String, Vec<Arg>>,
    /// `$0`, `$1` and so on; empty where they are not known.
    pub(super) args: Vec<Arg>,
    functions: HashMap<String, Rc<Node>>,
    called: HashMap<String, bool>,
    aliases: HashMap<String, String>,
    /// Functions and aliases that are being looked into.
    pub(super) active: Vec<String>,
}

impl Scope {
    /// A variable, as far as the script says.
    pub(super) fn var(&self, name: &str) -> Option<&Vec<Arg>> {
        self.vars.get(name)
    }

    pub(super) fn set(&mut self, name: &str, value: Vec<Arg>) {
        if self.vars.len() < NAMES_MAX || self.vars.contains_key(name) {
            self.vars.insert(name.to_owned(), value);
        }
    }

    /// The variable is set to something that is not in the text.
    pub(super) fn blur(&mut self, name: &str) {
        self.set(name, vec![Arg::unsure(format!("${name}"))]);
    }

    pub(super) fn define(&mut self, name: &str, body: Node) {
        if self.functions.len() < NAMES_MAX {
            self.functions.insert(name.to_owned(), Rc::new(body));
            self.called.entry(name.to_owned()).or_insert(false);
        }
    }

    /// The function called so; it counts as called.
    pub(super) fn function(&mut self, name: &str) -> Option<Rc<Node>> {
        let body = self.functions.get(name).cloned();
        if body.is_some() {
            self.called.insert(name.to_owned(), true);
        }
        body
    }

    /// A function that nobody called, once each.
    pub(super) fn uncalled(&mut self) -> Option<(String, Rc<Node>)> {
        let name = self.called.iter().filter(|(_, called)| !**called).map(|(name, _)| name.clone()).min()?;
        let body = self.function(&name)?;
        Some((name, body))
    }

    pub(super) fn alias(&mut self, name: &str, text: &str) {
        if self.aliases.len() < NAMES_MAX {
            self.aliases.insert(name.to_owned(), text.to_owned());
        }
    }

    pub(super) fn aliased(&self, name: &str) -> Option<String> {
        self.aliases.get(name).filter(|_| !self.active.iter().any(|active| active == name)).cloned()
    }
}
