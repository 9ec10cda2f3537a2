//! A core's share of active defragmentation: short slices between requests, as much of its time as is to be given.

use std::sync::atomic::Ordering::Relaxed;

use crate::session::server::Server;
use crate::sys::clock;
use crate::txn::Txn;
use crate::txn::defragment::{Moves, Spot};

/// A slice, ns: what a request that comes meanwhile waits for.
const SLICE_NS: u64 = 200_000;
/// A pass that moves fewer than one key in so many was in vain: what is lost lies elsewhere.
const WORTHWHILE: u64 = 100;
/// How long a core rests then, ns.
const REST_NS: u64 = 10_000_000_000;

#[derive(Default)]
pub struct Defragmenter {
    spot: Spot,
    next_ns: u64,
    /// What the pass in progress has done.
    pass: Moves,
}

impl Defragmenter {
    pub fn new(core: usize) -> Defragmenter {
        Defragmenter { spot: Spot { shard: core as u32, ..Spot::default() }, ..Defragmenter::default() }
    }

    /// Works for a slice if one is due. Gives the ms until the next one, a large number if there is nothing to do.
    pub fn run(&mut self, server: &Server, core: usize, txn: &mut Txn) -> u32 {
        let effort = server.defrag.effort.load(Relaxed);
        if effort == 0 || core >= server.serving || server.is_loading() {
            return u32::MAX;
        }
        let began_ns = clock::mono_ns();
        if began_ns < self.next_ns {
            return ((self.next_ns - began_ns) / 1_000_000 + 1).min(1000) as u32;
        }
        let mut moves = Moves::default();
        let mut ended = false;
        while clock::mono_ns() - began_ns < SLICE_NS {
            // Each core has shards of its own to walk, as in the expiry cycle.
            if self.spot.shard >= txn.store.shards_count() {
                self.spot = Spot { shard: core as u32, ..Spot::default() };
                ended = true;
                break;
            }
            if !txn.defragment(&mut self.spot, &mut moves) {
                self.spot.shard += server.serving as u32;
            }
        }
        let spent_ns = clock::mono_ns() - began_ns;
        server.defrag.note(moves, spent_ns / 1000);
        self.pass.keys_moved += moves.keys_moved;
        self.pass.keys_stayed += moves.keys_stayed;
        self.next_ns = began_ns + spent_ns * 100 / effort.min(100);
        if ended {
            if self.pass.keys_moved * WORTHWHILE <= self.pass.keys_moved + self.pass.keys_stayed {
                self.next_ns = began_ns + REST_NS;
            }
            self.pass = Moves::default();
        }
        ((self.next_ns - began_ns) / 1_000_000 + 1).min(1000) as u32
    }
}
