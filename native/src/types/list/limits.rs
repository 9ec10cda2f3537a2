//! How large a node may get, and which nodes are kept compressed: what the directives about lists say.

use std::sync::atomic::Ordering::Relaxed;

use crate::store::Settings;

/// Sizes of `list-max-listpack-size` -1 to -5, bytes.
const NODE_BYTES: [usize; 5] = [4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];

/// Largest node of several elements where only their number is limited, bytes.
const NODE_BYTES_BY_COUNT: usize = 8 << 10;

/// What Redis takes an entry to have besides its text when it asks whether a node has room, bytes.
const ENTRY_BYTES_MORE: usize = 8;

/// Text this long never lies in a packed node, whose offsets have 32 bits.
pub const PLAIN_BYTES_MIN: usize = 1 << 30;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// list-max-listpack-size: bytes of a node as Redis counts them, and elements.
    pub bytes_max: usize,
    pub count_max: usize,
    /// list-compress-depth: nodes at either end that stay as they are; 0: all do.
    pub depth: usize,
    /// Elements of so many bytes have a node of their own (DEBUG QUICKLIST-PACKED-THRESHOLD).
    pub plain_min: usize,
}

impl Limits {
    #[inline]
    pub fn of(settings: &Settings) -> Limits {
        let fill = settings.list_max_listpack_size.load(Relaxed);
        let (bytes_max, count_max) = if fill < 0 {
            (NODE_BYTES[(fill.unsigned_abs() as usize).min(NODE_BYTES.len()) - 1], usize::MAX)
        } else {
            (NODE_BYTES_BY_COUNT, fill.max(1) as usize)
        };
        Limits {
            bytes_max,
            count_max,
            depth: settings.list_compress_depth.load(Relaxed).max(0) as usize,
            plain_min: (settings.list_packed_threshold.load(Relaxed) as usize).min(PLAIN_BYTES_MIN),
        }
    }

    /// Would a listpack of so many bytes and elements be too large?
    #[inline]
    pub fn exceeded(&self, bytes: usize, count: usize) -> bool {
        bytes > self.bytes_max || count > self.count_max
    }

    /// May text of `text_len` join a node of so many bytes and elements? A little short of [`Limits::exceeded`], as in Redis.
    #[inline]
    pub fn allow(&self, bytes: usize, count: usize, text_len: usize) -> bool {
        !self.is_plain(text_len) && !self.exceeded(bytes + text_len + ENTRY_BYTES_MORE, count + 1)
    }

    #[inline]
    pub fn is_plain(&self, text_len: usize) -> bool {
        text_len >= self.plain_min
    }

    /// Is this so far below the limit that a quicklist of one node becomes a listpack again?
    #[inline]
    pub fn is_small(&self, bytes: usize, count: usize) -> bool {
        // Where elements are counted, their bytes do not count here.
        if self.count_max == usize::MAX { bytes <= self.bytes_max / 2 } else { count <= self.count_max / 2 }
    }
}
