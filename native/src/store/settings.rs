//! Settings that the data types and the expiry read: written by CONFIG SET, read by every core, one atomic each.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};

use super::policy;

/// What DEBUG QUICKLIST-PACKED-THRESHOLD 0 goes back to, bytes.
pub const LIST_PACKED_THRESHOLD: u64 = 1 << 30;

/// `rdbcompression`. Of the process, since values are written without knowing where they are from.
pub static COMPRESS: AtomicBool = AtomicBool::new(false);

/// `rdb-version-check relaxed` (Valkey): payloads of versions that are not known yet are read, as far as their types are known. Of the
/// process too.
pub static ANY_VERSION: AtomicBool = AtomicBool::new(false);

/// Redis's directives of the same names (with `-` for `_`); units as there.
pub struct Settings {
    pub hash_max_listpack_entries: AtomicU64,
    /// Bytes.
    pub hash_max_listpack_value: AtomicU64,
    pub list_max_listpack_size: AtomicI64,
    pub list_compress_depth: AtomicI64,
    /// Bytes from which on an element of a list has a node of its own (DEBUG QUICKLIST-PACKED-THRESHOLD).
    pub list_packed_threshold: AtomicU64,
    pub set_max_intset_entries: AtomicU64,
    pub set_max_listpack_entries: AtomicU64,
    /// Bytes.
    pub set_max_listpack_value: AtomicU64,
    pub zset_max_listpack_entries: AtomicU64,
    /// Bytes.
    pub zset_max_listpack_value: AtomicU64,
    /// Bytes up to which a HyperLogLog may stay sparse, its header with it.
    pub hll_sparse_max_bytes: AtomicU64,
    /// Bytes of a block of entries; 0 means no limit.
    pub stream_node_max_bytes: AtomicU64,
    /// Entries of a block; 0 means no limit.
    pub stream_node_max_entries: AtomicU64,
    /// Seconds that new streams remember the messages of idempotent producers for, and how many of each.
    pub stream_idmp_duration: AtomicU64,
    pub stream_idmp_maxsize: AtomicU64,
    /// Bytes; 0 means no limit.
    pub maxmemory: AtomicU64,
    /// Longest bulk string a request or a value may have, bytes.
    pub proto_max_bulk_len: AtomicU64,
    pub active_expire: AtomicBool,
    pub active_expire_effort: AtomicU64,
    pub lazyfree_lazy_user_del: AtomicBool,
    pub lazyfree_lazy_user_flush: AtomicBool,
    pub lazyfree_lazy_expire: AtomicBool,
    pub lfu_log_factor: AtomicU64,
    /// Minutes.
    pub lfu_decay_time: AtomicU64,
    pub policy: policy::Current,
    /// Keys looked at for each one that is evicted.
    pub maxmemory_samples: AtomicU64,
    /// How long evicting may hold a command up, from 0 (hardly) to 100 (until there is room).
    pub maxmemory_eviction_tenacity: AtomicU64,
    /// Evicted values that take long to free are freed by a thread of their own.
    pub lazyfree_lazy_eviction: AtomicBool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            hash_max_listpack_entries: AtomicU64::new(128),
            hash_max_listpack_value: AtomicU64::new(64),
            list_max_listpack_size: AtomicI64::new(-2),
            list_compress_depth: AtomicI64::new(0),
            list_packed_threshold: AtomicU64::new(LIST_PACKED_THRESHOLD),
            set_max_intset_entries: AtomicU64::new(512),
            set_max_listpack_entries: AtomicU64::new(128),
            set_max_listpack_value: AtomicU64::new(64),
            zset_max_listpack_entries: AtomicU64::new(128),
            zset_max_listpack_value: AtomicU64::new(64),
            hll_sparse_max_bytes: AtomicU64::new(3000),
            stream_node_max_bytes: AtomicU64::new(4096),
            stream_node_max_entries: AtomicU64::new(100),
            stream_idmp_duration: AtomicU64::new(100),
            stream_idmp_maxsize: AtomicU64::new(100),
            maxmemory: AtomicU64::new(0),
            proto_max_bulk_len: AtomicU64::new(512 * 1024 * 1024),
            active_expire: AtomicBool::new(true),
            active_expire_effort: AtomicU64::new(1),
            lazyfree_lazy_user_del: AtomicBool::new(false),
            lazyfree_lazy_user_flush: AtomicBool::new(false),
            lazyfree_lazy_expire: AtomicBool::new(false),
            lfu_log_factor: AtomicU64::new(10),
            lfu_decay_time: AtomicU64::new(1),
            policy: policy::Current::default(),
            maxmemory_samples: AtomicU64::new(5),
            maxmemory_eviction_tenacity: AtomicU64::new(10),
            lazyfree_lazy_eviction: AtomicBool::new(false),
        }
    }
}
