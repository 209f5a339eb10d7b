//! Scripts and whether they can be read.

use super::parse::parse;

#[test]
fn what_bash_reads_is_read() {
    for text in [
        "echo a; echo b & wait",
        "if a; then b; elif c; then d; else e; fi > /tmp/x",
        "for i in 1 2; do echo $i; done | cat",
        "for ((i=0; i<3; i++)); do echo; done",
        "case $x in a|b) c;; (*) d; esac",
        "cat <<E | sh\n$(date)\nE\necho after",
        "a <(b) >(c) 2>&1 {fd}>/tmp/x",
        "f() { g; }; function h { i; }",
        "[[ -n $x && ( $y == z* ) ]] && echo \"${x:-$(a \"b\")}\"",
        "x=(a b) y+=c echo $'\\n' $((1+(2*3)))",
        "((i++)) || ( (true) )",
        "echo 99999999999999999999>x",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}

#[test]
fn what_is_not_closed_is_an_error() {
    for text in ["echo 'a", "(a", "$(a", "if a; then b", "{ a;", "a | ", "for i in x; do y", "a )", "done"] {
        assert!(parse(text).is_err(), "{text}");
    }
}
