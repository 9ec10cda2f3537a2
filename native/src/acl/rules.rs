//! What one rule (`on`, `>secret`, `~app:*`, `-@dangerous`, `(+get ~other:*)`) does to a user.

use super::catalog::Catalog;
use super::pattern::{KeyPattern, READ, WRITE};
use super::user::{CommandRule, Databases, PasswordHash, Selector, User, has_spaces, hash};
use crate::resp::number;
use crate::resp::parse::split_line;

/// Databases that a rule may name: numbers that Redis takes for one.
const DATABASE_MAX: i64 = i32::MAX as i64 - 1;

/// Why a rule was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    UnknownCommand,
    Syntax,
    KeyAfterAll,
    ChannelAfterAll,
    NoSuchPassword,
    BadHash,
    FirstArgumentOfSubcommand,
    DatabaseOutOfRange,
}

impl Wrong {
    pub fn text(self) -> &'static str {
        match self {
            Wrong::UnknownCommand => "Unknown command or category name in ACL",
            Wrong::Syntax => "Syntax error",
            Wrong::KeyAfterAll => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            Wrong::ChannelAfterAll => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any \
                 effect. Try 'resetchannels' to start with an empty list of channels"
            }
            Wrong::NoSuchPassword => "The password you are trying to remove from the user does not exist",
            Wrong::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            }
            Wrong::FirstArgumentOfSubcommand => "Allowing first-arg of a subcommand is not supported",
            Wrong::DatabaseOutOfRange => "The provided database ID is out of range",
        }
    }
}

/// What rules refer to.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub catalog: &'a Catalog,
    /// `acl-pubsub-default`: new selectors have all channels.
    pub all_channels: bool,
}

/// Changes `user` as the rule says; a rule that is wrong changes nothing. Call [`User::settle`] after the last one.
pub fn apply(user: &mut User, rule: &[u8], context: Context) -> Result<(), Wrong> {
    let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
    match rule.first() {
        None => (),
        _ if is("on") => user.enabled = true,
        _ if is("off") => user.enabled = false,
        _ if is("skip-sanitize-payload") => user.skip_sanitize = true,
        _ if is("sanitize-payload") => user.skip_sanitize = false,
        _ if is("nopass") || is("resetpass") => {
            user.nopass = is("nopass");
            user.passwords.clear();
        }
        Some(b'>') => add_password(user, hash(&rule[1..])),
        Some(b'#') => add_password(user, parse_hash(&rule[1..])?),
        Some(b'<') => remove_password(user, hash(&rule[1..]))?,
        Some(b'!') => remove_password(user, parse_hash(&rule[1..])?)?,
        Some(b'(') if rule.last() == Some(&b')') => {
            user.selectors.push(parse_selector(&rule[1..rule.len() - 1], context)?);
        }
        _ if is("clearselectors") => user.selectors.truncate(1),
        _ if is("reset") => *user = User::new(user.id, &user.name, context.catalog, context.all_channels),
        _ => apply_to_selector(&mut user.selectors[0], rule, context)?,
    }
    Ok(())
}

fn add_password(user: &mut User, password: PasswordHash) {
    if !user.passwords.contains(&password) {
        user.passwords.push(password);
    }
    user.nopass = false;
}

fn remove_password(user: &mut User, password: PasswordHash) -> Result<(), Wrong> {
    let at = user.passwords.iter().position(|known| *known == password).ok_or(Wrong::NoSuchPassword)?;
    user.passwords.remove(at);
    Ok(())
}

fn parse_hash(text: &[u8]) -> Result<PasswordHash, Wrong> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(Wrong::BadHash),
    };
    if text.len() != 64 {
        return Err(Wrong::BadHash);
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(hash)
}

fn parse_selector(rules: &[u8], context: Context) -> Result<Selector, Wrong> {
    let mut selector = Selector::new(context.catalog, context.all_channels);
    for rule in split_line(rules).ok_or(Wrong::Syntax)? {
        // Written down, it would end the selector there.
        if rule.last() == Some(&b')') {
            return Err(Wrong::Syntax);
        }
        apply_to_selector(&mut selector, &rule, context)?;
    }
    Ok(selector)
}

fn apply_to_selector(selector: &mut Selector, rule: &[u8], context: Context) -> Result<(), Wrong> {
    let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
    match rule {
        _ if is("allkeys") || is("~*") || is("resetkeys") => {
            selector.all_keys = !is("resetkeys");
            selector.keys.clear();
        }
        _ if is("allchannels") || is("&*") || is("resetchannels") => {
            selector.all_channels = !is("resetchannels");
            selector.channels.clear();
        }
        _ if is("alldbs") => selector.databases = Databases::All,
        _ if is("resetdbs") => selector.databases = Databases::Only(Vec::new()),
        _ if is("allcommands") || is("+@all") => set_all(selector, true),
        _ if is("nocommands") || is("-@all") => set_all(selector, false),
        [b'd' | b'D', b'b' | b'B', b'=', numbers @ ..] => selector.databases = parse_databases(numbers)?,
        [b'~', pattern @ ..] => add_key(selector, pattern, READ | WRITE)?,
        [b'%', rest @ ..] => {
            let (access, pattern) = parse_access(rest, selector.all_keys)?;
            add_key(selector, pattern, access)?;
        }
        [b'&', pattern @ ..] => add_channel(selector, pattern)?,
        [sign @ (b'+' | b'-'), b'@', name @ ..] => {
            let category = context.catalog.category(name).ok_or(Wrong::UnknownCommand)?;
            set_category(selector, context.catalog, category, *sign == b'+');
            keep_rule(selector, &rule[1..], *sign == b'+');
        }
        [b'+', name @ ..] => allow(selector, name, context.catalog)?,
        [b'-', name @ ..] => {
            let command = context.catalog.find(name).ok_or(Wrong::UnknownCommand)?;
            set_command(selector, context.catalog, command, false);
            keep_rule(selector, name, false);
        }
        _ => return Err(Wrong::Syntax),
    }
    Ok(())
}

// ---- keys, channels, databases ----

/// `R~pattern`, `W~pattern`, `RW~pattern`: the access and the pattern.
fn parse_access(rest: &[u8], all_keys: bool) -> Result<(u8, &[u8]), Wrong> {
    if all_keys {
        return Err(Wrong::KeyAfterAll);
    }
    let mut access = 0;
    for (at, byte) in rest.iter().enumerate() {
        let bit = match byte.to_ascii_uppercase() {
            b'R' => READ,
            b'W' => WRITE,
            b'~' if access != 0 => return Ok((access, &rest[at + 1..])),
            _ => return Err(Wrong::Syntax),
        };
        if access & bit != 0 {
            return Err(Wrong::Syntax);
        }
        access |= bit;
    }
    Err(Wrong::Syntax)
}

fn add_key(selector: &mut Selector, pattern: &[u8], access: u8) -> Result<(), Wrong> {
    if selector.all_keys {
        return Err(Wrong::KeyAfterAll);
    }
    if has_spaces(pattern) {
        return Err(Wrong::Syntax);
    }
    match selector.keys.iter_mut().find(|known| *known.text == *pattern) {
        Some(known) => known.access |= access,
        None => selector.keys.push(KeyPattern::new(pattern, access)),
    }
    Ok(())
}

fn add_channel(selector: &mut Selector, pattern: &[u8]) -> Result<(), Wrong> {
    if selector.all_channels {
        return Err(Wrong::ChannelAfterAll);
    }
    if has_spaces(pattern) {
        return Err(Wrong::Syntax);
    }
    if !selector.channels.iter().any(|known| **known == *pattern) {
        selector.channels.push(pattern.into());
    }
    Ok(())
}

/// `0,1,15`
fn parse_databases(numbers: &[u8]) -> Result<Databases, Wrong> {
    let mut databases = Vec::new();
    for number in numbers.split(|byte| *byte == b',') {
        let database = number::integer(number).ok_or(Wrong::Syntax)?;
        if !(0..=DATABASE_MAX).contains(&database) {
            return Err(Wrong::DatabaseOutOfRange);
        }
        databases.push(database as u32);
    }
    databases.sort_unstable();
    databases.dedup();
    Ok(Databases::Only(databases))
}

// ---- commands ----

fn set_all(selector: &mut Selector, allow: bool) {
    selector.commands.fill(if allow { u64::MAX } else { 0 });
    selector.future = allow;
    selector.first_arguments.clear();
    selector.command_rules.clear();
}

fn set_bit(selector: &mut Selector, command: u16, allow: bool) {
    let word = &mut selector.commands[command as usize / 64];
    let bit = 1 << (command % 64);
    *word = if allow { *word | bit } else { *word & !bit };
}

/// A command with its subcommands. First arguments that were allowed of it are forgotten.
fn set_command(selector: &mut Selector, catalog: &Catalog, command: u16, allow: bool) {
    set_bit(selector, command, allow);
    selector.first_arguments.retain(|(known, _)| *known != command);
    for subcommand in &catalog.get(command).subcommands {
        set_bit(selector, *subcommand, allow);
    }
}

fn set_category(selector: &mut Selector, catalog: &Catalog, category: u32, allow: bool) {
    for (number, command) in catalog.iter() {
        if command.categories & category != 0 {
            set_command(selector, catalog, number, allow);
        }
    }
}

/// `get`, `config`, `config|set`, or `select|0`: a first argument of a command without subcommands.
fn allow(selector: &mut Selector, name: &[u8], catalog: &Catalog) -> Result<(), Wrong> {
    let Some(bar) = name.iter().rposition(|byte| *byte == b'|') else {
        let command = catalog.find(name).ok_or(Wrong::UnknownCommand)?;
        set_command(selector, catalog, command, true);
        keep_rule(selector, name, true);
        return Ok(());
    };
    let (before, first) = (&name[..bar], &name[bar + 1..]);
    let command = catalog.find(before).ok_or(Wrong::UnknownCommand)?;
    if catalog.get(command).is_subcommand {
        return Err(Wrong::FirstArgumentOfSubcommand);
    }
    // Rules are told apart by spaces when they are read again, so what would be split is not taken.
    if first.is_empty() || first.iter().any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\'' | b')')) {
        return Err(Wrong::Syntax);
    }
    if catalog.get(command).subcommands.is_empty() {
        let place = selector.first_arguments.iter().position(|(known, _)| *known == command).unwrap_or_else(|| {
            selector.first_arguments.push((command, Vec::new()));
            selector.first_arguments.len() - 1
        });
        let allowed = &mut selector.first_arguments[place].1;
        if !allowed.iter().any(|known| known.eq_ignore_ascii_case(first)) {
            allowed.push(first.into());
        }
    } else {
        let subcommand = catalog.find(name).ok_or(Wrong::UnknownCommand)?;
        set_command(selector, catalog, subcommand, true);
    }
    keep_rule(selector, name, true);
    Ok(())
}

/// Puts a rule behind those kept so far. Earlier ones about the same command or category, or about subcommands and first
/// arguments of the command, have no effect any more and go.
fn keep_rule(selector: &mut Selector, text: &[u8], allow: bool) {
    let text = text.to_ascii_lowercase();
    selector.command_rules.retain(|known| match known.text.strip_prefix(text.as_slice()) {
        Some(rest) => !rest.is_empty() && rest[0] != b'|',
        None => true,
    });
    selector.command_rules.push(CommandRule { allow, text: text.into() });
}

/// Words as they were sent, with selectors that were cut at their spaces put together again: `(+get`, `~a)` are one rule.
/// Err: the word that opens a selector which is never closed.
pub fn join_selectors<'a>(words: &[&'a [u8]]) -> Result<Vec<std::borrow::Cow<'a, [u8]>>, &'a [u8]> {
    let mut rules: Vec<std::borrow::Cow<[u8]>> = Vec::new();
    let mut open: Option<(Vec<u8>, &[u8])> = None;
    for word in words {
        match &mut open {
            None if word.first() == Some(&b'(') && word.last() != Some(&b')') => open = Some((word.to_vec(), word)),
            None => rules.push((*word).into()),
            Some((selector, _)) => {
                selector.push(b' ');
                selector.extend_from_slice(word);
                if word.last() == Some(&b')') {
                    rules.push(std::mem::take(selector).into());
                    open = None;
                }
            }
        }
    }
    match open {
        None => Ok(rules),
        Some((_, first)) => Err(first),
    }
}
