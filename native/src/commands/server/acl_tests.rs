//! `crate::acl` with the commands of the table: rules, checks, files, the log.

use crate::acl::Wrong;
use crate::acl::check::{Denial, Reason};
use crate::acl::log::{Entry, Log, Place};
use crate::acl::table::{Acl, Changed, Declared};
use crate::commands::asked::asked;
use crate::commands::table::table;
use crate::resp::args::OwnedArgs;

fn acl() -> Acl {
    Acl::new(table().catalog())
}

fn words(text: &str) -> Vec<&[u8]> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::as_bytes).collect()
}

/// Applies rules to a user; the error's text if they were refused.
fn set(acl: &Acl, name: &str, rules: &str) -> Result<Changed, String> {
    acl.set_user(name.as_bytes(), &words(rules)).map_err(|text| String::from_utf8(text).expect("text"))
}

fn rules(acl: &Acl, name: &str) -> String {
    String::from_utf8(acl.find(name.as_bytes()).expect("there").rules()).expect("text")
}

fn may_in(acl: &Acl, name: &str, db: u32, request: &str) -> Result<(), Denial> {
    let args = OwnedArgs::of(&words(request));
    let table = table();
    let mut number = table.find(args.borrow().get(0)).expect("a command");
    if table.is_container(number) && args.borrow().len() > 1 {
        number = table.find_subcommand(number, args.borrow().get(1)).expect("a subcommand");
    }
    acl.find(name.as_bytes()).expect("there").check(&asked(number, args.borrow(), db))
}

fn may(acl: &Acl, name: &str, request: &str) -> bool {
    may_in(acl, name, 0, request).is_ok()
}

#[test]
fn rules_come_out_as_they_went_in() {
    let acl = acl();
    for (given, shown) in [
        ("", "off sanitize-payload resetchannels -@all"),
        ("on nopass ~* &* +@all", "on nopass sanitize-payload ~* &* +@all"),
        ("ON AllKeys allchannels allcommands off", "off sanitize-payload ~* &* +@all"),
        ("~a ~b* ~a %R~c %W~c %RW~d %r~e", "off sanitize-payload ~a ~b* ~c ~d %R~e resetchannels -@all"),
        ("&x &y* &x", "off sanitize-payload resetchannels &x &y* -@all"),
        ("+GET -get +@Hash +hget -@HASH", "off sanitize-payload resetchannels -@all -get +hget -@hash"),
        ("+config +config|set -config|get", "off sanitize-payload resetchannels -@all +config +config|set -config|get"),
        ("+config|set -config|get +config", "off sanitize-payload resetchannels -@all +config"),
        ("+select|0 +SELECT|1 +get", "off sanitize-payload resetchannels -@all +select|0 +select|1 +get"),
        ("+select|0 -select", "off sanitize-payload resetchannels -@all -select"),
        ("+@all -get +@all", "off sanitize-payload resetchannels +@all"),
        ("db=3,1,3", "off sanitize-payload resetchannels db=1,3 -@all"),
        ("db=3 resetdbs", "off sanitize-payload resetchannels resetdbs -@all"),
        ("db=3 alldbs", "off sanitize-payload resetchannels -@all"),
        (
            "(~x +get) (%R~y &z db=2 +set )",
            "off sanitize-payload resetchannels -@all (~x resetchannels -@all +get) \
             (%R~y resetchannels &z db=2 -@all +set)",
        ),
        ("skip-sanitize-payload nopass resetpass", "off skip-sanitize-payload resetchannels -@all"),
    ] {
        assert_eq!(set(&acl, "u", "reset"), Ok(if acl.version() == 1 { Changed::No } else { Changed::Yes }));
        set(&acl, "u", given).unwrap_or_else(|text| panic!("{given}: {text}"));
        assert_eq!(rules(&acl, "u"), shown, "{given}");
        // What is shown makes the same user again.
        set(&acl, "again", &format!("reset {shown}")).expect("rules as shown");
        assert_eq!(rules(&acl, "again"), shown);
    }
}

#[test]
fn a_wrong_rule_changes_nothing_and_says_why() {
    let acl = acl();
    set(&acl, "u", "on >p ~a* +get").expect("good");
    let before = rules(&acl, "u");
    for (wrong, text) in [
        ("+nosuch", Wrong::UnknownCommand),
        ("-nosuch", Wrong::UnknownCommand),
        ("+@nosuch", Wrong::UnknownCommand),
        ("+config|nosuch", Wrong::UnknownCommand),
        ("-select|0", Wrong::UnknownCommand),
        ("+get|a|b", Wrong::UnknownCommand),
        ("+config|get|x", Wrong::FirstArgumentOfSubcommand),
        ("+select|", Wrong::Syntax),
        ("+select|\"", Wrong::Syntax),
        ("~a ~* ~b", Wrong::KeyAfterAll),
        ("&* &b", Wrong::ChannelAfterAll),
        ("%~a", Wrong::Syntax),
        ("%RR~a", Wrong::Syntax),
        ("%X~a", Wrong::Syntax),
        ("%RW", Wrong::Syntax),
        ("#12", Wrong::BadHash),
        ("<nosuch", Wrong::NoSuchPassword),
        ("db=", Wrong::Syntax),
        ("db=1,,2", Wrong::Syntax),
        ("db=-1", Wrong::DatabaseOutOfRange),
        ("db=2147483647", Wrong::DatabaseOutOfRange),
        ("(~a nonsense)", Wrong::Syntax),
        ("(+nosuch)", Wrong::UnknownCommand),
        ("nonsense", Wrong::Syntax),
        (")", Wrong::Syntax),
    ] {
        let error = set(&acl, "u", &format!("+set {wrong}")).expect_err(wrong);
        assert!(error.starts_with("Error in ACL SETUSER modifier '") && error.ends_with(text.text()), "{error}");
        assert_eq!(rules(&acl, "u"), before);
    }
    assert_eq!(
        set(&acl, "u", "+set (+get (~a"),
        Err("Unmatched parenthesis in acl selector starting at '(+get'.".into())
    );
    assert_eq!(set(&acl, "a\tb", ""), Err("Usernames can't contain spaces or null characters".into()));
    assert!(acl.find(b"a\tb").is_none());
}

#[test]
fn passwords_are_kept_as_hashes_and_any_of_them_will_do() {
    let acl = acl();
    let of_secret = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    set(&acl, "u", &format!("on >one #{of_secret} >one")).expect("good");
    let user = acl.find(b"u").expect("there");
    assert!(user.accepts(b"one") && user.accepts(b"secret") && !user.accepts(b"two") && !user.accepts(b""));
    set(&acl, "u", "<secret").expect("known");
    assert!(!acl.find(b"u").expect("there").accepts(b"secret"));
    set(&acl, "u", "nopass").expect("good");
    assert!(acl.find(b"u").expect("there").accepts(b"anything"));
    set(&acl, "u", "off").expect("good");
    assert!(!acl.find(b"u").expect("there").accepts(b"anything"));
    assert_eq!(rules(&acl, "u"), "off nopass sanitize-payload resetchannels -@all");
}

#[test]
fn keys_are_allowed_by_what_a_command_does_to_them() {
    let acl = acl();
    set(&acl, "u", "on +@all %R~r:* %W~w:* ~rw:*").expect("good");
    for (request, allowed) in [
        ("get r:1", true),
        ("get w:1", false),
        ("get rw:1", true),
        ("set w:1 v", true),
        ("set r:1 v", false),
        ("set w:1 v get", false),
        ("set rw:1 v get", true),
        ("exists r:1 w:1 rw:1", true),
        ("exists other", false),
        ("copy r:1 w:1", true),
        ("copy w:1 r:1", false),
        ("copy r:1 r:2", false),
        ("bitfield r:1 get u8 0", true),
        ("bitfield r:1 get u8 0 set u8 0 1", false),
        ("mget r:1 rw:2", true),
        ("mget r:1 w:2", false),
        ("getdel rw:1", true),
        ("getdel r:1", false),
        ("ping", true),
        ("get r", false),
    ] {
        assert_eq!(may(&acl, "u", request), allowed, "{request}");
    }
}

#[test]
fn one_selector_has_to_allow_the_whole_request() {
    let acl = acl();
    set(&acl, "u", "on +mget ~a (+mget ~a ~b) (+get ~c)").expect("good");
    assert!(may(&acl, "u", "mget a b") && may(&acl, "u", "get c"));
    assert!(!may(&acl, "u", "get a") && !may(&acl, "u", "mget c"));
    // Told is what came furthest: the last key that no selector has.
    let denial = |request| may_in(&acl, "u", 0, request).expect_err("refused");
    assert_eq!(denial("mget b x"), Denial { reason: Reason::Key, at: 2, database: None });
    assert_eq!(denial("set a 1"), Denial { reason: Reason::Command, at: 0, database: None });
}

#[test]
fn commands_are_allowed_one_by_one_by_category_and_by_first_argument() {
    let acl = acl();
    set(&acl, "u", "on ~* -@all +@read -keys +config|get +select|0").expect("good");
    for (request, allowed) in [
        ("get a", true),
        ("keys *", false),
        ("set a 1", false),
        ("config get x", true),
        ("config set x y", false),
        ("select 0", true),
        ("select 1", false),
        ("auth x", true),
        ("hello", true),
    ] {
        assert_eq!(may(&acl, "u", request), allowed, "{request}");
    }
    set(&acl, "u", "+@all -config|set -select +select|0").expect("good");
    assert!(may(&acl, "u", "config get x") && !may(&acl, "u", "config set x y"));
    assert!(may(&acl, "u", "SELECT 0") && !may(&acl, "u", "select 1"));
}

#[test]
fn databases_bound_what_touches_keys() {
    let acl = acl();
    set(&acl, "u", "on ~* +@all db=1,2").expect("good");
    for (db, request, allowed) in [
        (0, "get a", false),
        (1, "get a", true),
        (0, "select 1", true),
        (1, "select 0", false),
        (0, "ping", true),
        (0, "info", true),
        (0, "dbsize", false),
        (1, "flushdb", true),
        (1, "flushall", false),
        (1, "swapdb 1 2", true),
        (1, "swapdb 1 3", false),
        (1, "move a 2", true),
        (1, "move a 3", false),
        (0, "move a 1", false),
        (1, "copy a b db 2", true),
        (1, "copy a b db 0", false),
        (0, "fcall f 0", true),
        (0, "fcall f 1 k", false),
        (0, "multi", true),
    ] {
        assert_eq!(may_in(&acl, "u", db, request).is_ok(), allowed, "{request} in {db}");
    }
    let denial = may_in(&acl, "u", 0, "get a").expect_err("refused");
    assert_eq!((denial.reason, denial.database), (Reason::Database, Some(0)));
}

#[test]
fn who_may_do_everything_is_known_beforehand() {
    let acl = acl();
    assert!(acl.default_now().0.free);
    for (rules, free) in [
        ("~* &* +@all", true),
        ("-get", false),
        ("+get", true),
        ("db=0", false),
        ("alldbs resetchannels", false),
        ("(allkeys allchannels allcommands)", true),
    ] {
        set(&acl, "u", rules).expect("good");
        assert_eq!(acl.find(b"u").expect("there").free, free, "{rules}");
    }
}

#[test]
fn channels_match_and_patterns_are_compared() {
    let acl = acl();
    set(&acl, "u", "&news:* &chat").expect("good");
    let user = acl.find(b"u").expect("there");
    assert!(user.hears(b"news:1", false) && user.hears(b"chat", false) && !user.hears(b"other", false));
    assert!(user.hears(b"news:*", true) && !user.hears(b"news:1*", true) && !user.hears(b"*", true));
}

#[test]
fn a_deleted_user_is_not_the_one_that_comes_after_it() {
    let acl = acl();
    set(&acl, "u", "on").expect("good");
    let old = acl.find(b"u").expect("there");
    set(&acl, "u", "+get").expect("good");
    assert!(acl.current(&old).is_some_and(|now| now.rules() != old.rules()));
    assert_eq!(acl.delete([&b"u"[..], b"nobody"].into_iter()), 1);
    assert!(acl.current(&old).is_none());
    set(&acl, "u", "on").expect("good");
    assert!(acl.current(&old).is_none());
}

#[test]
fn the_default_user_follows_requirepass() {
    let acl = acl();
    assert!(acl.is_open());
    acl.set_default_password(b"secret");
    assert!(!acl.is_open() && acl.default_now().0.accepts(b"secret"));
    acl.set_default_password(b"");
    assert!(acl.is_open());
    set(&acl, "default", "off").expect("good");
    assert!(!acl.is_open());
}

#[test]
fn declared_users_start_from_nothing() {
    let acl = acl();
    assert_eq!(acl.declare(b"default", &words("on nopass ~a +get")), Ok(()));
    assert_eq!(rules(&acl, "default"), "on nopass sanitize-payload ~a resetchannels -@all +get");
    assert_eq!(acl.declare(b"a b", &[]), Err(Declared::Name));
    assert_eq!(
        acl.declare(b"x", &words("on +nosuch")),
        Err(Declared::Rule(b"+nosuch".to_vec(), Wrong::UnknownCommand))
    );
    acl.set_all_channels(true);
    assert_eq!(acl.declare(b"y", &[]), Ok(()));
    assert_eq!(rules(&acl, "y"), "off sanitize-payload &* -@all");
}

#[test]
fn a_file_is_taken_whole_or_not_at_all() {
    let acl = acl();
    set(&acl, "old", "on").expect("good");
    set(&acl, "kept", "on").expect("good");
    let kept = acl.find(b"kept").expect("there");
    let bad =
        "user a on\nuser a off\n# a comment\n\nhello\nuser b +nosuch -none\nuser c ~* ~x &*\nuser d (+get\nuser\n";
    let error = String::from_utf8(acl.load("f.acl", bad.as_bytes()).expect_err("bad")).expect("text");
    for part in [
        "WARNING: Duplicate user 'a' found on line 2. ",
        "f.acl:5 should start with user keyword followed by the username. ",
        "f.acl:6: Error in applying operation '+nosuch': Unknown command or category name in ACL. ",
        "f.acl:6: Error in applying operation '-none': ",
        "f.acl:7: Adding a pattern after the * pattern",
        "f.acl:8: Unmatched parenthesis in selector definition. ",
        "f.acl:9 should start with",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(
        error.ends_with("WARNING: ACL errors detected, no change to the previously active ACL rules was performed")
    );
    assert!(acl.find(b"old").is_some() && acl.find(b"a").is_none());
    let good = "user kept  on ~x (+get ~y)\r\n\n  user fresh off\n";
    acl.load("f.acl", good.as_bytes()).expect("good");
    assert!(acl.find(b"old").is_none());
    assert_eq!(acl.current(&kept).expect("the same user").selectors[0].keys_text(), b"~x");
    let names: Vec<String> = acl.all().iter().map(|user| String::from_utf8_lossy(&user.name).into_owned()).collect();
    assert_eq!(names, ["default", "fresh", "kept"]);
    assert!(acl.default_now().0.free, "a default user that no file names is as at the start");
}

#[test]
fn like_refusals_are_one_entry_of_the_log() {
    let log = Log::default();
    let entry = |object: &str, at_ms: i64| Entry {
        id: 0,
        count: 0,
        reason: Reason::Key,
        place: Place::Toplevel,
        object: object.into(),
        user: b"u".to_vec(),
        client: format!("at {at_ms}"),
        created_ms: at_ms,
        updated_ms: at_ms,
    };
    let seen = |log: &Log| -> Vec<(u64, u64, Vec<u8>, i64, i64)> {
        let of = |e: &Entry| (e.id, e.count, e.object.clone(), e.created_ms, e.updated_ms);
        log.latest(100).iter().map(of).collect()
    };
    log.add(entry("a", 0), 3);
    log.add(entry("b", 1), 3);
    log.add(entry("a", 60_000), 3);
    assert_eq!(seen(&log), [(0, 2, b"a".to_vec(), 0, 60_000), (1, 1, b"b".to_vec(), 1, 1)]);
    assert_eq!(log.latest(1)[0].client, "at 60000");
    log.add(entry("a", 120_001), 3);
    assert_eq!(seen(&log).len(), 3, "too long ago to be the same");
    log.add(entry("c", 120_001), 3);
    assert_eq!(seen(&log).iter().map(|e| e.0).collect::<Vec<_>>(), [3, 2, 0]);
    log.reset();
    assert!(log.latest(10).is_empty());
    assert_eq!((log.denied(Reason::Key), log.denied(Reason::Auth)), (5, 0));
    log.add(entry("d", 1), 0);
    assert!(log.latest(10).is_empty());
}
