//! Directives that the data plane obeys, pushed here as text by the TypeScript side, which owns their rows.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};

use super::client::Client;
use super::mail::Mail;
use super::server::Server;
use crate::resp::parse::BULK_BYTES_MAX;
use crate::sys::crash;
use crate::txn::notify::event;

/// Settings of connections and dispatch; those of the data types are in `store::Settings`.
pub struct Settings {
    pub maxclients: AtomicU64,
    /// Seconds a client may be idle; 0: for ever.
    pub timeout: AtomicU64,
    /// Seconds between keep-alive probes; 0: none.
    pub tcp_keepalive: AtomicU64,
    /// Bytes one client's unparsed input may take.
    pub client_query_buffer_limit: AtomicU64,
    /// Bytes that connections may take together; below 0: so many per cent of `maxmemory`; 0: no limit.
    pub maxmemory_clients: AtomicI64,
    /// Of normal clients, and of those that subscribe.
    pub output_normal: OutputLimit,
    pub output_pubsub: OutputLimit,
    pub hz: AtomicU64,
    pub protected_mode: AtomicBool,
    /// Who may run DEBUG, and who may load modules.
    pub debug_command: Allowed,
    pub module_command: Allowed,
    /// Ms a procedure may run.
    pub procedure_time_limit: AtomicU64,
    /// An error that a script in Lua does not catch undoes what it wrote (`script-atomicity`).
    pub script_rollback: AtomicBool,
    /// Ms after which a script in Lua is slow, and others are told BUSY; 0: never.
    pub busy_reply_threshold: AtomicU64,
    /// Ms after which a script in Lua is ended; 0: never.
    pub script_time_limit_hard: AtomicU64,
    /// Bytes that one interpreter of Lua may take.
    pub script_memory_limit: AtomicU64,
    /// Ms of mean time above which a function's calls go to the background; 0: only those of functions marked so.
    pub procedure_background_threshold: AtomicU64,
    /// Bytes of a procedure's result.
    pub procedure_result_limit: AtomicU64,
    /// Accesses to keys that one call of a procedure may make.
    pub procedure_keys_limit: AtomicU64,
    /// Entries that ACL LOG keeps.
    pub acllog_max_len: AtomicU64,
    /// Microseconds from which a command is slow; negative: never.
    pub slowlog_slower_than: AtomicI64,
    /// Bytes from which a request, or its reply, is large; u64::MAX: none is.
    pub large_request_bytes: AtomicU64,
    pub large_reply_bytes: AtomicU64,
    /// Ms from which something that took so long is a latency event; 0: nothing is.
    pub latency_threshold_ms: AtomicU64,
    /// Nothing expires and nothing is evicted, while somebody copies a data set over (Valkey).
    pub import_mode: AtomicBool,
    /// What has expired is there for everybody (DEBUG SET-ALLOW-ACCESS-EXPIRED).
    pub shows_expired: AtomicBool,
    /// All directives pushed so far, for INFO.
    pub texts: RwLock<std::collections::BTreeMap<String, String>>,
}

/// How much output may wait for a client that does not take it; 0: no limit.
#[derive(Default)]
pub struct OutputLimit {
    /// Bytes at which the client is closed.
    pub hard_bytes: AtomicU64,
    /// Bytes that may be exceeded for `soft_seconds` only.
    pub soft_bytes: AtomicU64,
    pub soft_seconds: AtomicU64,
}

/// Who may do what the server protects: everyone (`yes`), clients of this machine (`local`), nobody (`no`).
#[derive(Default)]
pub struct Allowed(AtomicU8);

impl Allowed {
    fn set(&self, value: &str) {
        let code = match value {
            "yes" => 2,
            "local" => 1,
            _ => 0,
        };
        self.0.store(code, Relaxed);
    }

    pub fn to(&self, client: &Client) -> bool {
        match self.0.load(Relaxed) {
            0 => false,
            1 => client.local,
            _ => true,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            maxclients: AtomicU64::new(10_000),
            timeout: AtomicU64::new(0),
            tcp_keepalive: AtomicU64::new(300),
            client_query_buffer_limit: AtomicU64::new(1 << 30),
            maxmemory_clients: AtomicI64::new(0),
            output_normal: OutputLimit::default(),
            output_pubsub: OutputLimit::default(),
            hz: AtomicU64::new(10),
            protected_mode: AtomicBool::new(true),
            debug_command: Allowed::default(),
            module_command: Allowed::default(),
            procedure_time_limit: AtomicU64::new(1000),
            script_rollback: AtomicBool::new(true),
            busy_reply_threshold: AtomicU64::new(5000),
            script_time_limit_hard: AtomicU64::new(0),
            script_memory_limit: AtomicU64::new(1 << 30),
            procedure_background_threshold: AtomicU64::new(5),
            procedure_result_limit: AtomicU64::new(64 << 20),
            procedure_keys_limit: AtomicU64::new(10_000_000),
            acllog_max_len: AtomicU64::new(128),
            slowlog_slower_than: AtomicI64::new(10_000),
            import_mode: AtomicBool::new(false),
            shows_expired: AtomicBool::new(false),
            large_request_bytes: AtomicU64::new(1 << 20),
            large_reply_bytes: AtomicU64::new(1 << 20),
            latency_threshold_ms: AtomicU64::new(0),
            texts: RwLock::default(),
        }
    }
}

impl Settings {
    /// How much output may wait for this client.
    pub fn output_limit(&self, client: &Client) -> &OutputLimit {
        if client.subscribed.is_some() { &self.output_pubsub } else { &self.output_normal }
    }

    /// The text of a directive as last pushed; empty if never.
    pub fn text(&self, name: &str) -> String {
        self.texts.read().unwrap_or_else(|p| p.into_inner()).get(name).cloned().unwrap_or_default()
    }
}

/// Takes one directive: its name and its canonical text (numbers in decimal, memory in bytes, yes|no, names of enums).
/// Err: the text to show the user. A directive that native code does not use is taken and remembered.
pub fn push(server: &'static Server, name: &str, value: &str) -> Result<(), String> {
    let settings = &server.settings;
    let store = &server.store.settings;
    let number = || value.parse::<u64>().map_err(|_| format!("{name}: '{value}' is not a number"));
    let signed = || value.parse::<i64>().map_err(|_| format!("{name}: '{value}' is not a number"));
    let flag = || match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("{name}: '{value}' is not yes or no")),
    };
    match name {
        "maxclients" => settings.maxclients.store(number()?, Relaxed),
        "timeout" => settings.timeout.store(number()?, Relaxed),
        "tcp-keepalive" => settings.tcp_keepalive.store(number()?, Relaxed),
        "client-query-buffer-limit" => settings.client_query_buffer_limit.store(number()?, Relaxed),
        "client-output-buffer-limit" => output_limits(settings, value)?,
        "hz" => settings.hz.store(number()?.clamp(1, 500), Relaxed),
        "requirepass" => {
            server.acl.set_default_password(value.as_bytes());
            server.judge_all();
        }
        "acl-pubsub-default" => server.acl.set_all_channels(value == "allchannels"),
        "key-load-delay" => server.loading.key_delay_us.store(signed()?, Relaxed),
        "appendfsync" => server.set_fsync(value),
        "aof-timestamp-enabled" => server.durability.aof_stamps.store(flag()?, Relaxed),
        "import-mode" => server.set_spared(&settings.import_mode, flag()?),
        "rdb-version-check" => crate::store::settings::ANY_VERSION.store(value == "relaxed", Relaxed),
        "rdbcompression" => crate::store::settings::COMPRESS.store(flag()?, Relaxed),
        "rdb-key-save-delay" => server.durability.key_save_delay_us.store(signed()?, Relaxed),
        "acllog-max-len" => settings.acllog_max_len.store(number()?, Relaxed),
        "protected-mode" => settings.protected_mode.store(flag()?, Relaxed),
        "enable-debug-command" => settings.debug_command.set(value),
        "enable-module-command" => settings.module_command.set(value),
        "procedure-time-limit" => settings.procedure_time_limit.store(number()?, Relaxed),
        "script-atomicity" => settings.script_rollback.store(value == "rollback", Relaxed),
        "busy-reply-threshold" => settings.busy_reply_threshold.store(number()?, Relaxed),
        "script-memory-limit" => settings.script_memory_limit.store(number()?, Relaxed),
        "script-time-limit-hard" => settings.script_time_limit_hard.store(number()?, Relaxed),
        "procedure-background-threshold" => settings.procedure_background_threshold.store(number()?, Relaxed),
        "procedure-result-limit" => settings.procedure_result_limit.store(number()?, Relaxed),
        "procedure-keys-limit" => settings.procedure_keys_limit.store(number()?, Relaxed),
        "commandlog-request-larger-than" => {
            settings.large_request_bytes.store(u64::try_from(signed()?).unwrap_or(u64::MAX), Relaxed);
        }
        "commandlog-reply-larger-than" => {
            settings.large_reply_bytes.store(u64::try_from(signed()?).unwrap_or(u64::MAX), Relaxed);
        }
        "latency-monitor-threshold" => settings.latency_threshold_ms.store(number()?, Relaxed),
        "latency-tracking" => super::latency::track(flag()?),
        "slowlog-log-slower-than" => settings.slowlog_slower_than.store(signed()?, Relaxed),
        "notify-keyspace-events" => {
            let bits =
                event::parse(value).ok_or_else(|| format!("{name}: '{value}' has a letter that means nothing"))?;
            // Without a form of message nothing is ever told, whatever the classes.
            let told = bits & (event::KEYSPACE | event::KEYEVENT | event::SUBKEYS) != 0;
            server.store.events.store(if told { bits } else { 0 }, Relaxed);
            server.store.refresh_notify();
        }
        "logfile" => crash::set_place(value),
        "crash-log-enabled" => crash::enable(flag()?),
        "proto-max-bulk-len" => store.proto_max_bulk_len.store(number()?.min(BULK_BYTES_MAX), Relaxed),
        "maxmemory-clients" => {
            let share = value.strip_suffix('%').map(|share| share.parse::<i64>().map(|share| -share));
            let bytes = share.unwrap_or_else(|| value.parse::<i64>());
            let bytes = bytes.map_err(|_| format!("{name}: '{value}' is no number of bytes, and no percentage"))?;
            settings.maxmemory_clients.store(bytes, Relaxed);
        }
        "maxmemory" => {
            store.maxmemory.store(number()?, Relaxed);
            server.judge_memory();
        }
        "maxmemory-policy" => store.policy.set(value).ok_or_else(|| format!("{name}: there is no policy '{value}'"))?,
        "activedefrag" => {
            server.defrag.enabled.store(flag()?, Relaxed);
            server.judge_defrag();
        }
        "active-defrag-ignore-bytes" => server.defrag.ignore_bytes.store(number()?, Relaxed),
        "active-defrag-threshold-lower" => server.defrag.threshold_lower.store(number()?, Relaxed),
        "active-defrag-threshold-upper" => server.defrag.threshold_upper.store(number()?, Relaxed),
        "active-defrag-cycle-min" => server.defrag.cycle_min.store(number()?, Relaxed),
        "active-defrag-cycle-max" => server.defrag.cycle_max.store(number()?, Relaxed),
        "maxmemory-samples" => store.maxmemory_samples.store(number()?, Relaxed),
        "maxmemory-eviction-tenacity" => store.maxmemory_eviction_tenacity.store(number()?, Relaxed),
        "lazyfree-lazy-eviction" => store.lazyfree_lazy_eviction.store(flag()?, Relaxed),
        "hash-max-listpack-entries" => store.hash_max_listpack_entries.store(number()?, Relaxed),
        "hash-max-listpack-value" => store.hash_max_listpack_value.store(number()?, Relaxed),
        "list-max-listpack-size" => store.list_max_listpack_size.store(signed()?, Relaxed),
        "list-compress-depth" => store.list_compress_depth.store(signed()?, Relaxed),
        "set-max-intset-entries" => store.set_max_intset_entries.store(number()?, Relaxed),
        "set-max-listpack-entries" => store.set_max_listpack_entries.store(number()?, Relaxed),
        "set-max-listpack-value" => store.set_max_listpack_value.store(number()?, Relaxed),
        "zset-max-listpack-entries" => store.zset_max_listpack_entries.store(number()?, Relaxed),
        "zset-max-listpack-value" => store.zset_max_listpack_value.store(number()?, Relaxed),
        "hll-sparse-max-bytes" => store.hll_sparse_max_bytes.store(number()?, Relaxed),
        "stream-node-max-bytes" => store.stream_node_max_bytes.store(number()?, Relaxed),
        "stream-node-max-entries" => store.stream_node_max_entries.store(number()?, Relaxed),
        "stream-idmp-duration" => store.stream_idmp_duration.store(number()?, Relaxed),
        "stream-idmp-maxsize" => store.stream_idmp_maxsize.store(number()?, Relaxed),
        "active-expire-effort" => store.active_expire_effort.store(number()?.clamp(1, 10), Relaxed),
        "lazyfree-lazy-user-del" => store.lazyfree_lazy_user_del.store(flag()?, Relaxed),
        "lazyfree-lazy-user-flush" => store.lazyfree_lazy_user_flush.store(flag()?, Relaxed),
        "lazyfree-lazy-expire" => store.lazyfree_lazy_expire.store(flag()?, Relaxed),
        "lfu-log-factor" => store.lfu_log_factor.store(number()?, Relaxed),
        "lfu-decay-time" => store.lfu_decay_time.store(number()?, Relaxed),
        _ => (),
    }
    settings.texts.write().unwrap_or_else(|p| p.into_inner()).insert(name.to_string(), value.to_string());
    if name == "tracking-table-max-keys" {
        server.send(0, Mail::ForgetReaders);
    }
    Ok(())
}

/// `normal 0 0 0 replica 268435456 67108864 60 pubsub 33554432 8388608 60`: classes with hard bytes, soft bytes, seconds.
fn output_limits(settings: &Settings, value: &str) -> Result<(), String> {
    let words: Vec<&str> = value.split_whitespace().collect();
    for group in words.chunks(4) {
        let [class, hard, soft, seconds] = group else {
            return Err(format!("client-output-buffer-limit: '{value}' is not groups of four"));
        };
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("client-output-buffer-limit: '{text}'"));
        let (hard, soft, seconds) = (number(hard)?, number(soft)?, number(seconds)?);
        let limit = match *class {
            "normal" => &settings.output_normal,
            "pubsub" => &settings.output_pubsub,
            _ => continue,
        };
        limit.hard_bytes.store(hard, Relaxed);
        limit.soft_bytes.store(soft, Relaxed);
        limit.soft_seconds.store(seconds, Relaxed);
    }
    Ok(())
}
