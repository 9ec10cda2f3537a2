//! A user: a name, passwords, and selectors, of which one has to allow a request whole.

use sha2::{Digest, Sha256};

use super::catalog::Catalog;
use super::pattern::KeyPattern;

/// The user of connections that have not said who they are.
pub const DEFAULT: &[u8] = b"default";

/// The databases that a selector is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Databases {
    All,
    /// In ascending order.
    Only(Vec<u32>),
}

/// One command rule as it was given, in lower case and without its sign: `get`, `@read`, `config|set`, `select|0`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandRule {
    pub allow: bool,
    pub text: Box<[u8]>,
}

/// A set of permissions that stands for itself.
#[derive(Clone, Debug)]
pub struct Selector {
    /// A bit for each command of the catalog.
    pub(super) commands: Box<[u64]>,
    /// Made from `+@all`: commands to come are allowed too. Decides how the selector is described.
    pub(super) future: bool,
    /// First arguments that are allowed of commands that are not.
    pub(super) first_arguments: Vec<(u16, Vec<Box<[u8]>>)>,
    /// The rules since the last `+@all` or `-@all`, as far as they matter.
    pub(super) command_rules: Vec<CommandRule>,
    pub(super) all_keys: bool,
    pub(super) keys: Vec<KeyPattern>,
    pub(super) all_channels: bool,
    pub(super) channels: Vec<Box<[u8]>>,
    pub(super) databases: Databases,
}

impl Selector {
    /// Allows nothing, but for all channels where that is the default.
    pub(super) fn new(catalog: &Catalog, all_channels: bool) -> Selector {
        Selector {
            commands: vec![0; catalog.len().div_ceil(64)].into(),
            future: false,
            first_arguments: Vec::new(),
            command_rules: Vec::new(),
            all_keys: false,
            keys: Vec::new(),
            all_channels,
            channels: Vec::new(),
            databases: Databases::All,
        }
    }

    #[inline]
    pub(super) fn has(&self, command: u16) -> bool {
        self.commands[command as usize / 64] >> (command % 64) & 1 != 0
    }

    /// May it touch every key, for what `needs` asks?
    pub(super) fn covers_all_keys(&self, needs: u8) -> bool {
        self.all_keys || self.keys.iter().any(|pattern| pattern.is_any() && pattern.access & needs == needs)
    }

    fn is_free(&self, catalog: &Catalog) -> bool {
        self.all_keys
            && self.all_channels
            && self.databases == Databases::All
            && catalog.iter().all(|(number, _)| self.has(number))
    }
}

pub type PasswordHash = [u8; 32];

/// Never edited once it is in the table: a change makes another, with the same `id`.
#[derive(Clone, Debug)]
pub struct User {
    /// Tells a user from one of the same name that came after it was deleted.
    pub id: u64,
    pub name: Box<[u8]>,
    pub enabled: bool,
    pub nopass: bool,
    pub skip_sanitize: bool,
    /// SHA-256, in the order they were added.
    pub passwords: Vec<PasswordHash>,
    /// The first is the root: what stands outside of parentheses.
    pub selectors: Vec<Selector>,
    /// One selector allows everything: nothing has to be checked.
    pub free: bool,
}

impl User {
    /// As new users are: off, without passwords and rights.
    pub(super) fn new(id: u64, name: &[u8], catalog: &Catalog, all_channels: bool) -> User {
        User {
            id,
            name: name.into(),
            enabled: false,
            nopass: false,
            skip_sanitize: false,
            passwords: Vec::new(),
            selectors: vec![Selector::new(catalog, all_channels)],
            free: false,
        }
    }

    /// To be called after the last of several rules.
    pub(super) fn settle(&mut self, catalog: &Catalog) {
        self.free = self.selectors.iter().any(|selector| selector.is_free(catalog));
    }

    /// May whoever knows this password be this user? Takes the same time whichever bytes are wrong.
    pub fn accepts(&self, password: &[u8]) -> bool {
        if !self.enabled {
            return false;
        }
        if self.nopass {
            return true;
        }
        let given = hash(password);
        self.passwords.iter().fold(false, |found, wanted| {
            let differences = wanted.iter().zip(given).fold(0, |all, (left, right)| all | (left ^ right));
            found | (differences == 0)
        })
    }
}

pub fn hash(password: &[u8]) -> PasswordHash {
    Sha256::digest(password).into()
}

/// Names and patterns hold neither spaces nor zero bytes, so that rules can be written one after the other.
pub fn has_spaces(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, 0 | b' ' | 0x09..=0x0d))
}
