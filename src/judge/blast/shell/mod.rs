//! A command line as a shell would read it: every part is judged, also those that a condition would skip.
//!
//! Values that stand in the text are followed (variables, arrays, arguments, functions, what `echo` prints into a
//! pipe), so that a command hidden behind them is seen. What is decided only at run time stays unknown: as an argument
//! it makes the reading partial, as a command it makes it uninspectable. Nothing is executed.

mod builtin;
mod documents;
mod expand;
mod parse;
mod redirect;
mod scope;
mod syntax;
mod walk;
mod word;

use super::call::{Arg, Input};
use super::judge::Judge;
use scope::Scope;
pub(super) use walk::variable;

/// Longest text that is read, in bytes; an action has at most 64 KiB.
const TEXT_MAX_BYTES: usize = 64 * 1024;

/// Judges shell text; `args` are `$0`, `$1` and so on.
pub(super) fn judge(judge: &mut Judge<'_>, text: &str, stdin: &Input, args: &[Arg]) {
    let cwd = judge.cwd.clone();
    let mut scope = Scope::default();
    scope.args = args.to_vec();
    judge.deeper(|judge| script(judge, text, stdin, &mut scope));
    walk::unused_functions(judge, &mut scope);
    judge.cwd = cwd;
}

/// Judges shell text in a scope that outlives it.
fn script(judge: &mut Judge<'_>, text: &str, stdin: &Input, scope: &mut Scope) {
    if text.len() > TEXT_MAX_BYTES {
        judge.opaque("shell.too-long", "more than 64 KiB of shell");
        return;
    }
    match parse::parse(text) {
        Ok(nodes) => {
            walk::nodes(judge, &nodes, stdin, scope);
        }
        Err(parse::NotShell(why)) => {
            judge.opaque("shell.unreadable", format!("this is no shell that can be read: {why}"));
        }
    }
}

#[cfg(test)]
mod tests;
