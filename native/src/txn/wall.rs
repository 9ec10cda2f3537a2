//! The time of day of a transaction.

use super::Txn;
use crate::sys::clock;

impl Txn {
    /// What time it is, for times that are counted from now or written down. While a log is loaded `now_ms` is 0, so that nothing expires
    /// before the log says so.
    #[inline]
    pub fn wall_ms(&self) -> i64 {
        if self.now_ms == 0 { clock::now_ms() } else { self.now_ms }
    }
}
