//! Users' rules and files of them: whatever is taken is described so that the description makes the same user again;
//! whatever is refused changes nothing.

use super::{Draw, run};
use crate::acl::table::Acl;
use crate::commands::table::table;

const WORDS: &[&str] = &[
    "on",
    "OFF",
    "nopass",
    "resetpass",
    "reset",
    "~*",
    "~app:*",
    "~a?b[^c]",
    "%R~r",
    "%W~w*",
    "%RW~x",
    "allkeys",
    "resetkeys",
    "&*",
    "&news:*",
    "resetchannels",
    "+@all",
    "-@all",
    "+@read",
    "-@dangerous",
    "+get",
    "-get",
    "+config",
    "-config|set",
    "+config|get",
    "+select|0",
    ">secret",
    "<secret",
    "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
    "!12",
    "(~x +get)",
    "(",
    ")",
    "(+get",
    "~y)",
    "clearselectors",
    "db=0,1",
    "db=99999999999",
    "resetdbs",
    "alldbs",
    "skip-sanitize-payload",
    "",
    "+",
    "-",
    "~",
    "%",
    "&",
    "%R",
    "+@",
    "-@",
    "+|",
    "db=",
];

fn rules(draw: &mut Draw) -> Vec<Vec<u8>> {
    (0..draw.below(10))
        .map(|_| {
            let mut word = draw.pick(WORDS).as_bytes().to_vec();
            if draw.chance(30) {
                draw.damage(&mut word, b"+-@~%&|()RW*?[]\\ \t\"'=,0\xff\0");
            }
            word
        })
        .collect()
}

#[test]
fn rules_are_taken_whole_or_not_at_all() {
    let acl = Acl::new(table().catalog());
    run("rules", 30_000, |draw| {
        let words = rules(draw);
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let before = acl.find(b"u").map(|user| user.rules());
        if acl.set_user(b"u", &words).is_err() {
            assert_eq!(acl.find(b"u").map(|user| user.rules()), before, "{words:?}");
            return;
        }
        let user = acl.find(b"u").expect("it was set");
        let shown = user.rules();
        let again: Vec<&[u8]> = [&b"reset"[..]].into_iter().chain(shown.split(|byte| *byte == b' ')).collect();
        let text = || String::from_utf8_lossy(&shown).into_owned();
        acl.set_user(b"v", &again).unwrap_or_else(|error| panic!("{}: {:?}", text(), String::from_utf8_lossy(&error)));
        let other = acl.find(b"v").expect("it was set");
        assert_eq!((other.rules(), other.free), (shown.clone(), user.free), "{}", text());
        if draw.chance(10) {
            acl.delete([&b"u"[..]].into_iter());
        }
    });
}

#[test]
fn files_are_taken_whole_or_not_at_all() {
    let acl = Acl::new(table().catalog());
    run("acl files", 10_000, |draw| {
        let mut text = Vec::new();
        for _ in 0..draw.below(5) {
            text.extend_from_slice(
                draw.pick(&["user a ", "user b ", "user default ", "# ", "user", "\n", "user  "]).as_bytes(),
            );
            text.extend_from_slice(&rules(draw).join(&b' '));
            text.push(b'\n');
        }
        draw.damage(&mut text, b"\n\r \tuser#()");
        let lines = |acl: &Acl| acl.all().iter().map(|user| user.line()).collect::<Vec<_>>();
        let before = lines(&acl);
        match acl.load("f", &text) {
            Err(error) => {
                assert!(!error.is_empty());
                assert_eq!(lines(&acl), before);
            }
            Ok(()) => {
                // What SAVE writes is loaded again as the same users.
                let after = lines(&acl);
                acl.load("f", &after.join(&b'\n')).unwrap_or_else(|error| {
                    panic!("{:?}: {}", String::from_utf8_lossy(&after.join(&b'\n')), String::from_utf8_lossy(&error))
                });
                assert_eq!(lines(&acl), after);
            }
        }
    });
}
