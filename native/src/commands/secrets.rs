//! Which arguments are secrets: passwords and who has them never get into the slow log or to MONITOR.

use super::row::Row;
use super::table::table;
use crate::resp::args::Args;

/// What stands in their place.
pub const REDACTED: &[u8] = b"(redacted)";

/// Directives whose values are secrets.
const SENSITIVE: [&str; 5] =
    ["requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"];

/// The request's arguments that are secrets, by their places, among the first `count`.
pub fn secrets(args: Args, count: usize) -> impl Iterator<Item = usize> {
    let row = table().resolve(args).map(|number| table().row(number));
    (1..count).filter(move |at| row.is_some_and(|row| is_secret(row, args, *at)))
}

fn is_secret(row: &Row, args: Args, at: usize) -> bool {
    let after = |option: &str, from: usize, count: usize| {
        (from..at).any(|place| args.is(place, option) && (place + 1..=place + count).contains(&at))
    };
    match row.name {
        "auth" => at >= 1,
        // HELLO protover AUTH username password
        "hello" => after("auth", 1, 2),
        "acl|setuser" | "acl|deluser" | "acl|getuser" => at >= 2,
        "config|set" => at >= 3 && at % 2 == 1 && SENSITIVE.iter().any(|name| args.is(at - 1, name)),
        "migrate" => after("auth", 6, 1) || after("auth2", 6, 2),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::resp::args::OwnedArgs;

    /// The request with its secrets redacted.
    fn shown(text: &str) -> String {
        let mut words: Vec<&str> = text.split(' ').collect();
        let owned = OwnedArgs::of(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
        super::secrets(owned.borrow(), words.len()).for_each(|at| words[at] = "*");
        words.join(" ")
    }

    #[test]
    fn secrets_are_passwords_and_who_has_them() {
        for (text, expected) in [
            ("AUTH p", "AUTH *"),
            ("auth u p", "auth * *"),
            ("HELLO 3 AUTH u p SETNAME auth", "HELLO 3 AUTH * * SETNAME auth"),
            ("ACL SETUSER u on >p", "ACL SETUSER * * *"),
            ("ACL DELUSER u v", "ACL DELUSER * *"),
            ("ACL GETUSER u", "ACL GETUSER *"),
            ("ACL WHOAMI", "ACL WHOAMI"),
            ("CONFIG SET hz 10 RequirePass p port 1", "CONFIG SET hz 10 RequirePass * port 1"),
            ("CONFIG SET hz masterauth", "CONFIG SET hz masterauth"),
            ("MIGRATE h 1 k 0 9 AUTH p COPY", "MIGRATE h 1 k 0 9 AUTH * COPY"),
            ("MIGRATE h 1 k 0 9 AUTH2 u p REPLACE", "MIGRATE h 1 k 0 9 AUTH2 * * REPLACE"),
            ("SET auth p", "SET auth p"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }
}
