//! `maxmemory-clients`: while connections take more memory than they may together, the largest are closed.
//!
//! A core counts its connections as they come back into their slots, and only while there is a limit. Whoever sees at the end of a turn that
//! all cores together are above it closes those of its own that are larger than the largest of any other core; the others look for
//! themselves at their next turn, at their next tick at the latest. Redis has buckets by powers of two for the same purpose.

use super::core::Core;
use crate::commands::connection::client_list::{Buffers, describe};
use crate::session::conn::Conn;

const NOTICE: u8 = 2;

impl Core {
    /// The next connection that has something to do. Where clients are counted, those that are too large go before it, as in Redis: no key is
    /// evicted for memory that a client would give back.
    #[inline]
    pub(super) fn next_ready(&mut self) -> Option<usize> {
        if self.conns.is_counting() {
            self.evict_clients();
        }
        self.ready.pop_front()
    }

    /// Cost without a limit: one load.
    pub(super) fn evict_clients(&mut self) {
        let limit = self.server.clients_memory_limit();
        if limit == 0 {
            self.conns.stop_counting();
            return;
        }
        self.conns.start_counting();
        self.show_clients_memory();
        let used = self.server.clients_memory();
        // Nothing can be done about it as long as it stays so.
        if used <= limit || self.conns.evicted_in_vain == (used, limit) {
            return;
        }
        let evictable = |conn: &Conn| !conn.client.no_evict && !conn.client.monitors && conn.errand.is_none();
        let mut largest: Vec<(usize, usize)> = self
            .conns
            .iter()
            .filter(|(_, conn)| evictable(conn))
            .map(|(slot, conn)| (conn.memory_bytes(), slot))
            .collect();
        largest.sort_unstable();
        loop {
            let next = largest.pop();
            self.conns.largest = next.map_or(0, |(bytes, _)| bytes);
            self.show_clients_memory();
            let used = self.server.clients_memory();
            if used <= limit {
                return;
            }
            let others = self.server.largest_client_but(self.id);
            match next.filter(|(bytes, _)| *bytes as u64 >= others) {
                Some((_, slot)) => self.evict_client(slot),
                None => {
                    self.conns.evicted_in_vain = (used, limit);
                    return;
                }
            }
        }
    }

    fn evict_client(&mut self, slot: usize) {
        let Some(conn) = self.conns.take(slot) else { return };
        let now_ms = self.executor.txn.now_ms;
        let line = describe(&conn.client, Buffers::of(&conn), now_ms);
        self.server.log.push(NOTICE, format!("Evicting client: {line}"));
        self.executor.noted = true;
        self.executor.figures().evicted_clients.add(1);
        self.close(slot, conn);
    }

    fn show_clients_memory(&self) {
        let figures = self.executor.figures();
        figures.clients_bytes.set(self.conns.bytes as u64);
        figures.largest_client.set(self.conns.largest as u64);
    }
}
