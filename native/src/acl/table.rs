//! All users, by name.
//!
//! A change puts another `User` in place of the old one and raises the version. How it reaches the connections, which hold
//! the old one: `session::judge`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use super::catalog::Catalog;
use super::log::Log;
use super::rules::{Context, apply, join_selectors};
use super::user::{DEFAULT, User, has_spaces};
use super::{Wrong, file};
use crate::sys::clock;

pub struct Acl {
    pub catalog: Catalog,
    pub log: Log,
    users: RwLock<BTreeMap<Box<[u8]>, Arc<User>>>,
    /// Rises with every change.
    version: AtomicU64,
    last_id: AtomicU64,
    /// `acl-pubsub-default` is `allchannels`.
    all_channels: AtomicBool,
    /// The default user is on and has no password: nobody needs to log in.
    open: AtomicBool,
}

/// Did a change concern users that connections may have?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Changed {
    No,
    Yes,
}

impl Acl {
    /// With the default user, who may do everything without a password.
    pub fn new(catalog: Catalog) -> Acl {
        let acl = Acl {
            catalog,
            log: Log::default(),
            users: RwLock::default(),
            version: AtomicU64::new(0),
            last_id: AtomicU64::new(0),
            all_channels: AtomicBool::new(false),
            open: AtomicBool::new(true),
        };
        let default = acl.make_default(acl.take_id());
        acl.write().insert(DEFAULT.into(), Arc::new(default));
        acl
    }

    #[inline]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Nobody needs to log in.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub fn find(&self, name: &[u8]) -> Option<Arc<User>> {
        self.read().get(name).cloned()
    }

    /// The default user, and the version at which it was this one.
    pub fn default_now(&self) -> (Arc<User>, u64) {
        let version = self.version();
        (self.find(DEFAULT).expect("the default user is never deleted"), version)
    }

    /// What has become of a user; None: deleted.
    pub fn current(&self, user: &User) -> Option<Arc<User>> {
        self.find(&user.name).filter(|now| now.id == user.id)
    }

    /// All users, by name.
    pub fn all(&self) -> Vec<Arc<User>> {
        self.read().values().cloned().collect()
    }

    pub fn set_all_channels(&self, all: bool) {
        self.all_channels.store(all, Ordering::Relaxed);
    }

    /// ACL SETUSER: all the rules, or none of them and the error's text (without a code).
    pub fn set_user(&self, name: &[u8], words: &[&[u8]]) -> Result<Changed, Vec<u8>> {
        if has_spaces(name) {
            return Err(b"Usernames can't contain spaces or null characters".to_vec());
        }
        let rules = join_selectors(words)
            .map_err(|word| [b"Unmatched parenthesis in acl selector starting at '", word, b"'."].concat())?;
        let mut users = self.write();
        let known = users.get(name);
        let changed = if known.is_some() { Changed::Yes } else { Changed::No };
        let mut user = match known {
            Some(user) => User::clone(user),
            None => self.make(name),
        };
        for rule in rules {
            apply(&mut user, &rule, self.context()).map_err(|wrong| {
                [b"Error in ACL SETUSER modifier '", &*rule, b"': ", wrong.text().as_bytes()].concat()
            })?;
        }
        user.settle(&self.catalog);
        self.put(&mut users, user);
        Ok(changed)
    }

    /// A `user` line of the configuration. The default user loses what it was made with.
    pub fn declare(&self, name: &[u8], words: &[&[u8]]) -> Result<(), Declared> {
        if has_spaces(name) {
            return Err(Declared::Name);
        }
        let rules = join_selectors(words).map_err(|word| Declared::Rule(word.to_vec(), Wrong::Syntax))?;
        let mut users = self.write();
        let mut user = match users.get(name) {
            Some(user) if *user.name == *DEFAULT => {
                User::new(user.id, name, &self.catalog, self.all_channels.load(Ordering::Relaxed))
            }
            _ => self.make(name),
        };
        for rule in rules {
            apply(&mut user, &rule, self.context()).map_err(|wrong| Declared::Rule(rule.to_vec(), wrong))?;
        }
        user.settle(&self.catalog);
        self.put(&mut users, user);
        Ok(())
    }

    /// Gives how many of these there were. The default user is not to be among them.
    pub fn delete<'a>(&self, names: impl Iterator<Item = &'a [u8]>) -> usize {
        let mut users = self.write();
        let deleted = names.filter(|name| users.remove(*name).is_some()).count();
        if deleted > 0 {
            self.version.fetch_add(1, Ordering::Release);
        }
        deleted
    }

    /// ACL LOAD: the users of the file in place of all there are, or what is wrong with it. A user that stays is the same one.
    pub fn load(&self, path: &str, text: &[u8]) -> Result<(), Vec<u8>> {
        let loaded = file::parse(path, text, self.context())?;
        let mut users = self.write();
        let mut fresh = BTreeMap::new();
        for mut user in loaded {
            user.id = users.get(&user.name).map_or_else(|| self.take_id(), |known| known.id);
            fresh.insert(user.name.clone(), Arc::new(user));
        }
        if !fresh.contains_key(DEFAULT) {
            fresh.insert(DEFAULT.into(), Arc::new(self.make_default(users[DEFAULT].id)));
        }
        *users = fresh;
        self.note(&users);
        Ok(())
    }

    /// `requirepass`: the only password of the default user, or none at all.
    pub fn set_default_password(&self, password: &[u8]) {
        let mut users = self.write();
        let mut user = User::clone(&users[DEFAULT]);
        let context = self.context();
        let rule = if password.is_empty() { b"nopass".to_vec() } else { [b">", password].concat() };
        for rule in [&b"resetpass"[..], &rule] {
            apply(&mut user, rule, context).expect("these rules are never wrong");
        }
        self.put(&mut users, user);
    }

    fn put(&self, users: &mut BTreeMap<Box<[u8]>, Arc<User>>, user: User) {
        users.insert(user.name.clone(), Arc::new(user));
        self.note(users);
    }

    fn note(&self, users: &BTreeMap<Box<[u8]>, Arc<User>>) {
        let default = &users[DEFAULT];
        self.open.store(default.enabled && default.nopass, Ordering::Release);
        self.version.fetch_add(1, Ordering::Release);
    }

    fn make(&self, name: &[u8]) -> User {
        User::new(self.take_id(), name, &self.catalog, self.all_channels.load(Ordering::Relaxed))
    }

    fn make_default(&self, id: u64) -> User {
        let mut user = User::new(id, DEFAULT, &self.catalog, true);
        for rule in ["+@all", "~*", "&*", "on", "nopass"] {
            apply(&mut user, rule.as_bytes(), self.context()).expect("these rules are never wrong");
        }
        user.settle(&self.catalog);
        user
    }

    /// The microsecond of the wall clock, or the next number where that was taken: also tells users made before the process began to serve.
    fn take_id(&self) -> u64 {
        let now_us = clock::now_us().max(0) as u64;
        let last = self.last_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now_us.max(last + 1)));
        now_us.max(last.expect("the update always has a value") + 1)
    }

    fn context(&self) -> Context<'_> {
        Context { catalog: &self.catalog, all_channels: self.all_channels.load(Ordering::Relaxed) }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<Box<[u8]>, Arc<User>>> {
        self.users.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<Box<[u8]>, Arc<User>>> {
        self.users.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What is wrong with a `user` line.
#[derive(PartialEq, Eq, Debug)]
pub enum Declared {
    Name,
    Rule(Vec<u8>, Wrong),
}
