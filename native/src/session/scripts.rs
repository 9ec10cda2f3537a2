//! The scripts that all cores share: source by digest. Each core compiles what it runs.
//!
//! As Redis 7.4: scripts that came by EVAL are forgotten when there are too many of them, the one first that was not used for
//! longest; those of SCRIPT LOAD stay until SCRIPT FLUSH.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};

/// Scripts of EVAL that are kept.
pub const EVALUATED_MAX: usize = 500;

pub struct Script {
    /// SHA-1 of the source in lower-case hexadecimal.
    pub digest: [u8; 40],
    pub source: Box<[u8]>,
    /// Bits of `manifest::flag`, where the script declares any.
    pub flags: u32,
    /// It has a header; one without may do everything.
    pub declared: bool,
    /// Bytes of the header line, without its end.
    pub header_len: usize,
    /// Came by SCRIPT LOAD.
    loaded: AtomicBool,
    /// Nobody has taken it away.
    alive: AtomicBool,
    /// When it was used last: a number that rises with each new script.
    used: AtomicU64,
}

impl Script {
    pub fn new(digest: [u8; 40], source: &[u8], (flags, declared, header_len): (u32, bool, usize)) -> Script {
        Script {
            digest,
            source: source.into(),
            flags,
            declared,
            header_len,
            loaded: AtomicBool::new(false),
            alive: AtomicBool::new(true),
            used: AtomicU64::new(0),
        }
    }

    /// Takes a script away that does not even compile.
    pub fn end(&self) {
        self.alive.store(false, Relaxed);
    }

    #[inline]
    pub fn is_alive(&self) -> bool {
        self.alive.load(Relaxed)
    }
}

#[derive(Default)]
pub struct Scripts {
    known: Mutex<HashMap<[u8; 40], Arc<Script>, foldhash::fast::RandomState>>,
    /// Rises with each new script: the age of scripts.
    turn: AtomicU64,
    bytes: AtomicU64,
    evicted: AtomicU64,
    /// Rises with each SCRIPT FLUSH, so that cores let go what they have compiled.
    flushes: AtomicU64,
    /// DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may call what is not for them.
    allow_all: AtomicBool,
}

/// Bytes that the table takes for a script besides its source: digest, counts and a place in the table.
const OVERHEAD_BYTES: u64 = 160;

impl Scripts {
    /// The script of a digest in hexadecimal, of either case.
    pub fn find(&self, digest: &[u8; 40]) -> Option<Arc<Script>> {
        self.known().get(&digest.to_ascii_lowercase()[..]).cloned()
    }

    /// Keeps a script that compiles; gives the one that is kept, which may be an older one with the same source.
    pub fn keep(&self, script: Arc<Script>, loaded: bool) -> Arc<Script> {
        let turn = self.turn.fetch_add(1, Relaxed) + 1;
        let mut known = self.known();
        if let Some(old) = known.get(&script.digest[..]) {
            old.loaded.fetch_or(loaded, Relaxed);
            return old.clone();
        }
        script.loaded.store(loaded, Relaxed);
        script.used.store(turn, Relaxed);
        self.bytes.fetch_add(script.source.len() as u64 + OVERHEAD_BYTES, Relaxed);
        known.insert(script.digest, script.clone());
        if !loaded {
            self.evict(&mut known, &script.digest);
        }
        script
    }

    /// Notes that a script is used.
    #[inline]
    pub fn touch(&self, script: &Script) {
        let turn = self.turn.load(Relaxed);
        if script.used.load(Relaxed) != turn {
            script.used.store(turn, Relaxed);
        }
    }

    /// Is one that came by EVAL, and not by SCRIPT LOAD since.
    pub fn mark_loaded(&self, script: &Script) {
        script.loaded.store(true, Relaxed);
    }

    pub fn set_allow_all(&self, allow: bool) {
        self.allow_all.store(allow, Relaxed);
    }

    pub fn allow_all(&self) -> bool {
        self.allow_all.load(Relaxed)
    }

    pub fn flush(&self) {
        let mut known = self.known();
        for script in known.values() {
            script.alive.store(false, Relaxed);
        }
        known.clear();
        self.bytes.store(0, Relaxed);
        self.flushes.fetch_add(1, Relaxed);
    }

    /// How often all scripts were taken away.
    pub fn flushes(&self) -> u64 {
        self.flushes.load(Relaxed)
    }

    pub fn len(&self) -> usize {
        self.known().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of sources and table.
    pub fn memory_bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Scripts that were forgotten because there were too many.
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Relaxed)
    }

    fn evict(
        &self,
        known: &mut MutexGuard<HashMap<[u8; 40], Arc<Script>, foldhash::fast::RandomState>>,
        spare: &[u8; 40],
    ) {
        let evaluated = || known.values().filter(|script| !script.loaded.load(Relaxed));
        if known.len() <= EVALUATED_MAX || evaluated().count() <= EVALUATED_MAX {
            return;
        }
        let oldest =
            evaluated().filter(|script| script.digest != *spare).min_by_key(|script| script.used.load(Relaxed));
        let Some(oldest) = oldest.cloned() else { return };
        oldest.alive.store(false, Relaxed);
        known.remove(&oldest.digest[..]);
        self.bytes.fetch_sub(oldest.source.len() as u64 + OVERHEAD_BYTES, Relaxed);
        self.evicted.fetch_add(1, Relaxed);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 40], Arc<Script>, foldhash::fast::RandomState>> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(number: usize) -> Arc<Script> {
        let mut digest = [b'0'; 40];
        digest[..8].copy_from_slice(format!("{number:08x}").as_bytes());
        Arc::new(Script::new(digest, b"return 1", (0, false, 0)))
    }

    #[test]
    fn the_script_not_used_for_longest_goes_when_there_are_too_many_and_loaded_ones_stay() {
        let scripts = Scripts::default();
        let loaded = scripts.keep(script(0), true);
        let first = scripts.keep(script(1), false);
        let second = scripts.keep(script(2), false);
        for number in 3..=EVALUATED_MAX {
            scripts.keep(script(number), false);
        }
        scripts.touch(&first);
        scripts.keep(script(EVALUATED_MAX + 1), false);
        assert!(loaded.is_alive() && first.is_alive() && !second.is_alive());
        assert_eq!((scripts.len(), scripts.evicted()), (EVALUATED_MAX + 1, 1));
        scripts.flush();
        assert!(!loaded.is_alive() && scripts.is_empty() && scripts.memory_bytes() == 0);
    }
}
