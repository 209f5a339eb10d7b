//! Here-documents: put into the redirects that wait for them.

use super::syntax::{Node, Redirect, Word};

/// Puts documents where they are named by number.
pub(super) fn fill(nodes: &mut [Node], documents: &mut [Word]) {
    let put = |redirects: &mut Vec<Redirect>, documents: &mut [Word]| {
        for redirect in redirects {
            let number = match redirect.word.first() {
                Some(super::syntax::Piece::Text { text, .. }) => {
                    text.strip_prefix('\0').and_then(|n| n.parse::<usize>().ok())
                }
                _ => None,
            };
            if let Some(number) = number {
                redirect.word = documents.get_mut(number).map(std::mem::take).unwrap_or_default();
            }
        }
    };
    for node in nodes {
        match node {
            Node::Simple(simple) => put(&mut simple.redirects, documents),
            Node::Pipe(inner) | Node::Endless(inner) => fill(inner, documents),
            Node::Group { body, redirects, .. } | Node::For { body, redirects, .. } => {
                put(redirects, documents);
                fill(body, documents);
            }
            Node::Function { body, .. } => fill(std::slice::from_mut(body), documents),
            Node::Words(_) => {}
        }
    }
}
