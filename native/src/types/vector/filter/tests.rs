//! Expressions against attributes: what holds, what does not, what does not compile.

use super::{Program, Refused};

const ALICE: &str = r#"{"age": 25, "name": "Alice", "active": true, "off": false, "nothing": null, "scores": [85, 90.5, "A"],
    "inner": {"age": 1, "x": [{}]}, "half": -0.5e1, "quote": "a\"b\\c", "lines": "l1\nl2", "big": "1e3", "": 7}"#;

fn holds(expression: &str) -> bool {
    Program::compile(expression.as_bytes()).unwrap_or_else(|_| panic!("{expression}")).holds(ALICE.as_bytes())
}

#[test]
fn expressions_that_hold() {
    for expression in [
        ".age == 25",
        ".age > 20 and .age < 30",
        ".age>20&&.age<30",
        ".age < 20 or .name == 'Alice'",
        ".name == \"Alice\"",
        ".active",
        "!.off",
        "not .off",
        "!!.active",
        "not not .active == 1",
        ".nothing == null",
        "null != .age",
        "null == null",
        "(null)==(null)",
        "(.nothing == null)",
        ".age in [1, 25]",
        ".name in ['Bob', \"Alice\"]",
        "90.5 in .scores",
        "'A' in .scores",
        ".scores",
        "[]",
        "'lic' in .name",
        "'' in .name",
        "2 ** 3 ** 2 == 512",
        "-2 + 5 == 3",
        "7 % 4 == 3",
        ".age - 1 == 24",
        "(.age - 20) * 2 == 10",
        ".half == -5",
        "10 / 4 == 2.5",
        "1 / 0 > 1e300",
        ".quote == 'a\"b\\\\c'",
        "'\"b' in .quote",
        ".lines == 'l1\\nl2'",
        ".big == 1000",
        "' 0x10' == 16",
        "1 or 0 and 0",
        "1 + 2 * 3 == 7",
        ".age >= 25.0",
        "2 > 1 == 1",
    ] {
        assert!(holds(expression), "{expression}");
    }
}

#[test]
fn expressions_that_do_not_hold() {
    for expression in [
        ".missing == 1",
        ".missing or 1",
        "!.missing",
        ".inner",
        ".x == 1",
        ".name == 'alice'",
        "''",
        "null",
        "0",
        ".name > 0",
        ".age in .name",
        "3 in 3",
        "'x' in .scores",
        "0/0 == 0/0",
        ".nothing == 0",
    ] {
        assert!(!holds(expression), "{expression}");
    }
}

#[test]
fn attributes_that_are_no_object_match_nothing() {
    let program = Program::compile(b".a or 1").expect("an expression");
    for attributes in [
        "",
        "1",
        "{",
        "{}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":tru",
        "[1]",
        "{'a':1}",
        "{\"a\":trues}",
        "{\"a\":[1,{}]}",
        "\"",
        "{\"a\":\"x",
    ] {
        assert!(!program.holds(attributes.as_bytes()), "{attributes}");
    }
    for attributes in ["{\"a\":1", " { \"b\" : [[1],{\"]\":2}] , \"a\" : +1 junk", "{\"a\":[1,[2]]"] {
        assert!(program.holds(attributes.as_bytes()), "{attributes}");
    }
}

#[test]
fn what_does_not_compile_is_refused_with_a_place() {
    for (expression, place) in [
        ("", 0),
        ("(.a", 0),
        (".a)", 0),
        (".a @ 3", 3),
        ("1 +", 0),
        ("+", 0),
        ("1 2", 0),
        (".a == foo", 9),
        ("1.2.3", 5),
        ("'open", 5),
        ("[1 2]", 3),
        ("[x]", 1),
        ("1e", 2),
        (".", 0),
        ("\u{e9}", 0),
    ] {
        assert_eq!(Program::compile(expression.as_bytes()).err(), Some(Refused::Syntax(place)), "{expression}");
    }
}

#[test]
fn length_and_nesting_have_limits() {
    let long = format!("{} 1", " ".repeat(super::FILTER_BYTES_MAX));
    assert_eq!(Program::compile(long.as_bytes()).err(), Some(Refused::TooLarge));
    let nested = |depth: usize| format!("{}1{}", "1+(".repeat(depth), ")".repeat(depth));
    assert!(Program::compile(nested(62).as_bytes()).is_ok());
    assert_eq!(Program::compile(nested(64).as_bytes()).err(), Some(Refused::TooLarge));
    assert!(Program::compile(format!("{}1", "!".repeat(60_000)).as_bytes()).is_ok());
}
