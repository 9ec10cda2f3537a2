//! ACL files: a line `user <name> <rules>` for each user, nothing else but empty lines and comments.

use super::rules::{Context, Wrong, apply, join_selectors};
use super::user::{User, has_spaces};

/// The users of a file; all of them, or what is wrong with it in one line. `path` is for the messages. Ids are 0.
pub fn parse(path: &str, text: &[u8], context: Context) -> Result<Vec<User>, Vec<u8>> {
    let mut users: Vec<User> = Vec::new();
    let mut errors = Vec::new();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let place = format!("{path}:{}", at + 1);
        let line = line.trim_ascii();
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        if words[0] != b"user" || words.len() < 2 {
            errors.extend(format!("{place} should start with user keyword followed by the username. ").into_bytes());
            continue;
        }
        let name = words[1];
        if has_spaces(name) {
            let quoted = [b"'", place.as_bytes(), b": username '", name, b"' contains invalid characters. "];
            errors.extend_from_slice(&quoted.concat());
            continue;
        }
        if users.iter().any(|user| *user.name == *name) {
            let quoted = [b"WARNING: Duplicate user '", name, b"' found on line "].concat();
            errors.extend_from_slice(&quoted);
            errors.extend(format!("{}. ", at + 1).into_bytes());
            continue;
        }
        let mut user = User::new(0, name, context.catalog, context.all_channels);
        errors.extend(apply_line(&mut user, &words[2..], &place, context));
        user.settle(context.catalog);
        users.push(user);
    }
    if errors.is_empty() {
        return Ok(users);
    }
    errors
        .extend_from_slice(b"WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
    Err(errors)
}

/// Gives what is wrong. Unknown commands are all named; of other errors, which make the next ones, only the first, and
/// without the rule: it may be a password.
fn apply_line(user: &mut User, words: &[&[u8]], place: &str, context: Context) -> Vec<u8> {
    let mut errors = Vec::new();
    let Ok(rules) = join_selectors(words) else {
        return format!("{place}: Unmatched parenthesis in selector definition. ").into_bytes();
    };
    let mut told = false;
    for rule in rules {
        let rule = rule.trim_ascii();
        match apply(user, rule, context) {
            Ok(()) => (),
            Err(wrong @ Wrong::UnknownCommand) => {
                errors.extend(format!("{place}: Error in applying operation '").into_bytes());
                errors.extend_from_slice(rule);
                errors.extend(format!("': {}. ", wrong.text()).into_bytes());
            }
            Err(wrong) if !told => {
                told = true;
                errors.extend(format!("{place}: {}. ", wrong.text()).into_bytes());
            }
            Err(_) => (),
        }
    }
    errors
}
