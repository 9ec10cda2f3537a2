//! Client-side caches: remembering who read which key, and telling them when it changes.
//!
//! ```text
//!   default   read ─▶ shard.tracked: key ─▶ readers        change ─▶ each reader, once, by mail to its core
//!   BCAST                                                   change ─▶ keys of this turn ─▶ cores with such a prefix
//! ```

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::execute::Executor;
use crate::commands::row::{Row, access, flag};
use crate::resp::args::Args;
use crate::resp::reply::{Protocol, Reply};
use crate::session::client::Client;
use crate::session::conn::Conn;
use crate::session::server::Mail;
use crate::session::tracking::{Reader, Tracking};
use crate::txn::{Change, Txn};

/// tracking-table-max-keys where nobody has set it.
const KEYS_MAX_DEFAULT: u64 = 1_000_000;
/// Keys forgotten in one go, from one shard, when there are too many.
const FORGOTTEN_PER_SHARD: usize = 64;

/// Remembers that `reader` read the keys of this request, if it reads at all. Their shards are latched.
pub(super) fn remember_read(txn: &mut Txn, reader: Reader, row: &Row, args: Args) {
    if row.flags & flag::READONLY == 0 {
        return;
    }
    txn.unprime();
    let _ = row.each_key(args, |index, kind| {
        let key = args.get(index);
        let shard = txn.store.shard_of(txn.store.hash(key));
        if kind & access::NOT_KEY == 0 && txn.holds(shard) {
            txn.remember_reader(key, reader.0);
        }
    });
}

/// The reader that a client is; None: it has no cache, or what it reads next is not to be remembered.
pub(super) fn reader(core: usize, client: &Client) -> Option<Reader> {
    client.tracking.as_ref().filter(|tracking| tracking.remembers()).map(|_| Reader::new(core, client.id))
}

/// CLIENT CACHING is for one command, or one transaction: `row` is through.
pub(super) fn end_caching(client: &mut Client, row: &Row) {
    if client.multi.is_none()
        && row.name != "client|caching"
        && let Some(tracking) = &mut client.tracking
    {
        tracking.caching = false;
    }
}

impl Executor {
    /// Tells the caches of a change. The key's shard is latched.
    pub(super) fn invalidate(&mut self, change: &Change) {
        let by = self.acting;
        for reader in self.txn.take_readers(&change.key) {
            let reader = Reader(reader);
            self.mail(reader.core(), Mail::Invalid { client: reader.client(), key: change.key.clone(), by });
        }
        let prefixes = &self.server.store.prefixes;
        if !prefixes.is_empty() && prefixes.cores_with(|prefix| change.key.starts_with(prefix)) != 0 {
            self.changed_keys.insert(change.key.clone(), by);
        }
    }

    /// Keys were evicted before the request in progress: its client, if it had any of them, is told before the reply.
    #[cold]
    pub(super) fn tell_evicted(&mut self, conn: &mut Conn) {
        let told = |tracking: &Tracking| tracking.redirect == 0 && !tracking.broadcast;
        if conn.client.proto != Protocol::Resp3 || !conn.client.tracking.as_deref().is_some_and(told) {
            return;
        }
        let mut reply = Reply::new(&mut conn.output, Protocol::Resp3);
        self.own_mail.retain(|mail| match mail {
            Mail::Invalid { client, key, by: 0 } if *client == conn.client.id => {
                reply.push(2);
                reply.bulk(b"invalidate");
                reply.array(1);
                reply.bulk(key);
                false
            }
            _ => true,
        });
    }

    /// All keys of some database may have gone.
    pub(super) fn invalidate_all(&mut self) {
        let store = &self.server.store;
        if store.tracked_keys.load(Relaxed) > 0 {
            for shard in 0..store.shards_count() {
                if self.txn.holds(shard) {
                    self.txn.forget_readers(shard);
                }
            }
        }
        if self.server.tracking_clients.load(Relaxed) > 0 {
            (0..self.server.serving).for_each(|core| self.mail(core, Mail::Flushed));
        }
    }

    /// Tells who broadcasts which keys changed in this turn of the loop.
    pub fn tell_caches(&mut self) {
        if self.changed_keys.is_empty() {
            return;
        }
        let keys = std::mem::take(&mut self.changed_keys);
        let wanted = |prefix: &[u8]| keys.keys().any(|key| key.starts_with(prefix));
        let cores = self.server.store.prefixes.cores_with(wanted);
        let keys = Arc::new(keys);
        for core in (0..self.server.serving).filter(|core| cores >> core & 1 != 0) {
            self.mail(core, Mail::Changed(keys.clone()));
        }
    }

    /// Keeps the keys that are remembered within tracking-table-max-keys: some are forgotten, and their readers told.
    pub fn forget_some_readers(&mut self) {
        let text = self.server.settings.text("tracking-table-max-keys");
        let max = text.parse().unwrap_or(KEYS_MAX_DEFAULT);
        let store = &self.server.store;
        if max == 0 || store.tracked_keys.load(Relaxed) <= max {
            return;
        }
        for _ in 0..store.shards_count() {
            let shard = self.forgetting_shard % store.shards_count();
            self.forgetting_shard = shard + 1;
            if self.txn.latch(shard) {
                let excess = store.tracked_keys.load(Relaxed).saturating_sub(max) as usize;
                let forgotten = self.txn.take_any_readers(shard, excess.min(FORGOTTEN_PER_SHARD));
                for (key, readers) in forgotten {
                    for reader in readers.into_iter().map(Reader) {
                        self.mail(reader.core(), Mail::Invalid { client: reader.client(), key: key.clone(), by: 0 });
                    }
                }
            }
            self.commit_and_release();
            if store.tracked_keys.load(Relaxed) <= max {
                return;
            }
        }
    }
}
