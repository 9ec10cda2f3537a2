//! Client-side caching: what CLIENT TRACKING has set for a connection.

use std::collections::BTreeSet;

use super::client::Client;
use super::server::Server;

/// A connection that is told when keys change that its client may have cached.
#[derive(Default)]
pub struct Tracking {
    /// The connection that is told in its stead; 0: itself.
    pub redirect: u64,
    /// That connection was gone when it should have been told something.
    pub broken: bool,
    /// Told of all keys with certain prefixes, whether read or not.
    pub broadcast: bool,
    /// Keys are remembered only where CLIENT CACHING YES says so; or everywhere but after CLIENT CACHING NO.
    pub opt_in: bool,
    pub opt_out: bool,
    /// CLIENT CACHING was the last command.
    pub caching: bool,
    /// Not told of what it changes itself.
    pub no_loop: bool,
    /// Of the broadcast, each once; the empty one stands for all keys.
    pub prefixes: BTreeSet<Box<[u8]>>,
}

impl Tracking {
    /// Are the keys of the next read to be remembered?
    pub fn remembers(&self) -> bool {
        !self.broadcast && if self.opt_in { self.caching } else { !(self.opt_out && self.caching) }
    }
}

/// Where a client lives, and its id, in one word: what shards remember of who read a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reader(pub u64);

impl Reader {
    const CORE_BITS: u32 = 8;

    pub fn new(core: usize, client: u64) -> Reader {
        debug_assert!(core < 1 << Self::CORE_BITS && client < 1 << (64 - Self::CORE_BITS));
        Reader(client << Self::CORE_BITS | core as u64)
    }

    pub fn core(self) -> usize {
        (self.0 & ((1 << Self::CORE_BITS) - 1)) as usize
    }

    pub fn client(self) -> u64 {
        self.0 >> Self::CORE_BITS
    }
}

impl Client {
    /// Ends tracking; nothing happens where there is none. What shards remember of this client is passed over later.
    pub fn stop_tracking(&mut self, server: &Server, core: usize, local: &mut super::local::Local) {
        let Some(tracking) = self.tracking.take() else { return };
        server.tracking_clients.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        for prefix in &tracking.prefixes {
            local.forget_prefix(prefix, self.id);
            server.store.prefixes.remove(prefix, core);
        }
        server.store.refresh_notify();
        self.refresh();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_decide_what_is_remembered() {
        let plain = Tracking::default();
        assert!(plain.remembers());
        let mut in_only = Tracking { opt_in: true, ..Tracking::default() };
        assert!(!in_only.remembers());
        in_only.caching = true;
        assert!(in_only.remembers());
        let mut all_but = Tracking { opt_out: true, ..Tracking::default() };
        assert!(all_but.remembers());
        all_but.caching = true;
        assert!(!all_but.remembers());
        assert!(!Tracking { broadcast: true, ..Tracking::default() }.remembers());
    }

    #[test]
    fn a_reader_is_its_core_and_its_client() {
        let reader = Reader::new(63, 1 << 40);
        assert_eq!((reader.core(), reader.client()), (63, 1 << 40));
    }
}
