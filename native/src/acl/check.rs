//! May this request run?

use smallvec::SmallVec;

use super::pattern;
use super::user::{Databases, Selector, User};
use crate::resp::args::Args;
use crate::resp::glob;

pub use pattern::{READ, WRITE};

/// What a request asks for.
pub struct Asked<'a> {
    /// Number in the catalog.
    pub command: u16,
    /// Everybody may run it, logged in or not (AUTH, HELLO, …).
    pub open: bool,
    pub args: Args<'a>,
    /// Arguments that are keys, with what is done to them: [`READ`], [`WRITE`], both, or neither (only whether they exist).
    pub keys: SmallVec<[(usize, u8); 8]>,
    /// Arguments that are channels; true: a pattern.
    pub channels: SmallVec<[(usize, bool); 4]>,
    pub databases: Wanted,
}

/// The databases that a request works on.
pub enum Wanted {
    None,
    /// Numbers, each with the argument that names it; argument 0: the one the client is in.
    These(SmallVec<[(u32, usize); 2]>),
    All,
}

/// Why a request is refused. Of several selectors the one that came furthest is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    Database,
    Command,
    Key,
    Channel,
    /// Not by rules: the name or the password was wrong.
    Auth,
    /// A client's certificate names nobody who may log in.
    Certificate,
}

impl Reason {
    pub const COUNT: usize = 6;

    /// As ACL LOG shows it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Database => "database",
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Channel => "channel",
            Reason::Auth => "auth",
            Reason::Certificate => "tls-cert",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Denial {
    pub reason: Reason,
    /// The argument that is to blame; 0: the command itself, or the client's database.
    pub at: usize,
    /// The database that is out of reach.
    pub database: Option<u32>,
}

impl Denial {
    fn of(reason: Reason, at: usize) -> Denial {
        Denial { reason, at, database: None }
    }
}

impl User {
    /// Ok if one of the selectors allows all that is asked for.
    pub fn check(&self, asked: &Asked) -> Result<(), Denial> {
        let mut worst: Option<Denial> = None;
        for selector in &self.selectors {
            match selector.check(asked) {
                Ok(()) => return Ok(()),
                Err(denial) => worst = Some(worst.map_or(denial, |before| before.max(denial))),
            }
        }
        Err(worst.expect("a user has a root selector"))
    }

    /// The same for a command with one key and nothing else to look at. False where [`User::check`] has to find out.
    #[inline]
    pub fn allows(&self, command: u16, key: &[u8], needs: u8, database: u32) -> bool {
        self.selectors
            .iter()
            .any(|selector| selector.has(command) && selector.covers(key, needs) && selector.reaches(database))
    }

    /// May it run a command that touches no key and no channel?
    pub fn may(&self, command: u16) -> bool {
        self.selectors.iter().any(|selector| selector.has(command))
    }

    /// Does a selector that allows the request let it read every key besides (SORT BY and GET)?
    pub fn reads_all_keys(&self, asked: &Asked) -> bool {
        self.selectors.iter().any(|selector| selector.check(asked).is_ok() && selector.covers_all_keys(READ))
    }

    /// May it subscribe to this channel, or to this pattern, or publish to this channel?
    pub fn hears(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.selectors.iter().any(|selector| selector.hears(channel, is_pattern))
    }
}

impl Selector {
    fn check(&self, asked: &Asked) -> Result<(), Denial> {
        self.check_databases(&asked.databases)?;
        if !asked.open && !self.has(asked.command) && !self.has_first_argument(asked) {
            return Err(Denial::of(Reason::Command, 0));
        }
        if !self.all_keys
            && let Some((at, _)) = asked.keys.iter().find(|(at, needs)| !self.covers(asked.args.get(*at), *needs))
        {
            return Err(Denial::of(Reason::Key, *at));
        }
        match asked.channels.iter().find(|(at, is_pattern)| !self.hears(asked.args.get(*at), *is_pattern)) {
            Some((at, _)) => Err(Denial::of(Reason::Channel, *at)),
            None => Ok(()),
        }
    }

    fn check_databases(&self, wanted: &Wanted) -> Result<(), Denial> {
        let Databases::Only(_) = &self.databases else { return Ok(()) };
        match wanted {
            Wanted::None => Ok(()),
            Wanted::All => Err(Denial::of(Reason::Database, 0)),
            Wanted::These(wanted) => match wanted.iter().find(|(database, _)| !self.reaches(*database)) {
                None => Ok(()),
                Some((database, at)) => Err(Denial { reason: Reason::Database, at: *at, database: Some(*database) }),
            },
        }
    }

    fn has_first_argument(&self, asked: &Asked) -> bool {
        self.first_arguments
            .iter()
            .find(|(command, _)| *command == asked.command && asked.args.len() > 1)
            .is_some_and(|(_, allowed)| allowed.iter().any(|first| first.eq_ignore_ascii_case(asked.args.get(1))))
    }

    #[inline]
    fn covers(&self, key: &[u8], needs: u8) -> bool {
        self.all_keys || self.keys.iter().any(|pattern| pattern.covers(key, needs))
    }

    #[inline]
    fn reaches(&self, database: u32) -> bool {
        match &self.databases {
            Databases::All => true,
            Databases::Only(some) => some.binary_search(&database).is_ok(),
        }
    }

    /// A channel fits one of the patterns; a pattern has to be one of them, letter by letter.
    fn hears(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.all_channels
            || self
                .channels
                .iter()
                .any(|allowed| if is_pattern { **allowed == *channel } else { glob::matches(allowed, channel) })
    }
}
