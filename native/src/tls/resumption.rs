//! Sessions that clients may take up again without a whole handshake: the newest so many, for so long.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use rustls::server::StoresServerSessions;

use crate::sys::clock;

#[derive(Debug)]
pub struct Resumption {
    size: usize,
    timeout_ms: i64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<Vec<u8>, (i64, Vec<u8>)>,
    /// Ids as they came; of those that were taken meanwhile nothing is left in `sessions`.
    order: VecDeque<Vec<u8>>,
}

/// Sessions where the directive says 0: without a limit, which OpenSSL means by it, memory would be the client's.
const SIZE_MAX: usize = 1 << 20;

impl Resumption {
    pub fn new(size: usize, timeout_s: u64) -> Resumption {
        let size = if size == 0 { SIZE_MAX } else { size.min(SIZE_MAX) };
        let timeout_ms = i64::try_from(timeout_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        Resumption { size, timeout_ms, inner: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn is_fresh(&self, since_ms: i64) -> bool {
        clock::now_ms().saturating_sub(since_ms) < self.timeout_ms
    }
}

impl StoresServerSessions for Resumption {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        let mut inner = self.lock();
        inner.sessions.insert(key.clone(), (clock::now_ms(), value));
        inner.order.push_back(key);
        while inner.order.len() > self.size {
            if let Some(oldest) = inner.order.pop_front() {
                inner.sessions.remove(&oldest);
            }
        }
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.lock().sessions.get(key).filter(|(since_ms, _)| self.is_fresh(*since_ms)).map(|(_, value)| value.clone())
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.lock().sessions.remove(key).filter(|(since_ms, _)| self.is_fresh(*since_ms)).map(|(_, value)| value)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_sessions_are_kept_for_their_time() {
        let few = Resumption::new(2, 300);
        for name in [b"a", b"b", b"c"] {
            assert!(few.put(name.to_vec(), b"value".to_vec()));
        }
        assert_eq!((few.get(b"a"), few.get(b"b").is_some(), few.take(b"c").is_some()), (None, true, true));
        assert_eq!(few.take(b"c"), None);
        let old = Resumption::new(2, 0);
        old.put(b"a".to_vec(), b"value".to_vec());
        assert_eq!(old.get(b"a"), None);
    }
}
