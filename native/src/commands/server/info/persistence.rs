//! The sections Persistence, Replication and Cluster: what a server without a log, replicas or a cluster has to say.

use std::sync::atomic::Ordering::Relaxed;

use super::text::Text;
use crate::session::durability::Durability;
use crate::session::handle::Session;

pub fn persistence(session: &mut Session, text: &mut Text) {
    let (loading, store_dirty) = (&session.server.loading, &session.server.store.dirty);
    let is_loading = session.server.is_loading();
    text.field("loading", is_loading as u8);
    let durability = &session.server.durability;
    let since_s = durability.save_since_s.load(Relaxed);
    let (keys, done) = (durability.save_keys.load(Relaxed), durability.save_keys_done.load(Relaxed));
    let percent = (done * 10_000).checked_div(keys).unwrap_or(0).min(10_000);
    text.zeros(&["async_loading"]);
    text.field("current_cow_peak", durability.cow_bytes.load(Relaxed));
    text.field("current_cow_size", durability.cow_bytes.load(Relaxed));
    text.zeros(&["current_cow_size_age"]);
    text.field("current_fork_perc", format!("{}.{:02}", percent / 100, percent % 100));
    text.field("current_save_keys_processed", if keys == 0 { 0 } else { done });
    text.field("current_save_keys_total", keys);
    text.field("rdb_changes_since_last_save", store_dirty.load(Relaxed));
    text.field("rdb_bgsave_in_progress", (since_s != 0) as u8);
    let saved_s = durability.saved_s.load(Relaxed);
    text.field("rdb_last_save_time", if saved_s == 0 { session.server.started_ms / 1000 } else { saved_s });
    text.field("rdb_last_bgsave_status", if durability.save_failed.load(Relaxed) { "err" } else { "ok" });
    let tried = durability.saves.load(Relaxed) > 0 || durability.save_failed.load(Relaxed);
    text.field("rdb_last_bgsave_time_sec", if tried { durability.save_last_s.load(Relaxed) } else { -1 });
    let current_s = if since_s == 0 { -1 } else { crate::sys::clock::now_ms() / 1000 - since_s };
    text.field("rdb_current_bgsave_time_sec", current_s);
    text.field("rdb_saves", durability.saves.load(Relaxed));
    text.field("rdb_last_cow_size", durability.save_last_cow.load(Relaxed));
    text.field("rdb_last_load_keys_expired", loading.keys_expired.load(Relaxed));
    text.field("rdb_last_load_keys_loaded", loading.keys_loaded.load(Relaxed));
    append_only_file(&session.server.durability, text);
    text.zeros(&["module_fork_in_progress", "module_fork_last_cow_size"]);
    if is_loading {
        let progress = session.server.load_progress();
        text.field("loading_start_time", loading.started_ms.load(Relaxed) / 1000);
        text.field("loading_total_bytes", progress.bytes);
        text.field("loading_rdb_used_mem", loading.rdb_used_bytes.load(Relaxed));
        text.field("loading_loaded_bytes", progress.bytes_loaded);
        text.field("loading_loaded_perc", format!("{:.2}", progress.percent));
        text.field("loading_eta_seconds", progress.eta_s);
        text.field("loading_keys", progress.keys);
        text.field("loading_keys_per_sec", progress.keys_per_s);
    }
}

fn append_only_file(durability: &Durability, text: &mut Text) {
    let since_s = durability.rewrite_since_s.load(Relaxed);
    let (rewrites, failures) = (durability.rewrites.load(Relaxed), durability.rewrite_failures.load(Relaxed));
    let enabled = durability.has_log();
    text.field("aof_enabled", enabled as u8);
    text.field("aof_rewrite_in_progress", (since_s != 0) as u8);
    text.field("aof_rewrite_scheduled", durability.rewrite_scheduled.load(Relaxed) as u8);
    let last_s = if rewrites + failures == 0 { -1 } else { durability.rewrite_last_s.load(Relaxed) };
    text.field("aof_last_rewrite_time_sec", last_s);
    let current_s = if since_s == 0 { -1 } else { crate::sys::clock::now_ms() / 1000 - since_s };
    text.field("aof_current_rewrite_time_sec", current_s);
    text.field("aof_last_bgrewrite_status", if durability.rewrite_failed.load(Relaxed) { "err" } else { "ok" });
    text.field("aof_rewrites", rewrites);
    text.field("aof_rewrites_consecutive_failures", failures);
    text.field("aof_last_write_status", if durability.log_error().is_some() { "err" } else { "ok" });
    text.field("aof_last_cow_size", durability.rewrite_last_cow.load(Relaxed));
    if enabled {
        text.field("aof_current_size", durability.aof_bytes.load(Relaxed));
        text.field("aof_base_size", durability.aof_base_bytes.load(Relaxed));
        text.zeros(&["aof_pending_rewrite"]);
        text.field("aof_buffer_length", durability.aof_backlog.load(Relaxed));
        text.field("aof_pending_bio_fsync", durability.fsync_pending.load(Relaxed));
        text.field("aof_delayed_fsync", durability.fsync_delayed.load(Relaxed));
    } else {
        text.zeros(&["aof_current_size", "aof_base_size", "aof_pending_rewrite", "aof_buffer_length"]);
        text.zeros(&["aof_pending_bio_fsync", "aof_delayed_fsync"]);
    }
    text.zeros(&["aof_rewrite_buffer_length"]);
}

pub fn replication(session: &mut Session, text: &mut Text) {
    text.field("role", "master");
    text.field("connected_slaves", 0);
    text.field("master_failover_state", "no-failover");
    text.field("master_replid", &session.server.replication_id);
    text.field("master_replid2", "0".repeat(40));
    text.field("master_repl_offset", 0);
    text.field("second_repl_offset", -1);
    text.field("repl_backlog_active", 0);
    let size = session.server.settings.text("repl-backlog-size");
    text.field("repl_backlog_size", if size.is_empty() { "1048576" } else { &size });
    let priority = session.server.settings.text("replica-priority");
    text.field("slave_priority", if priority.is_empty() { "100" } else { &priority });
    text.zeros(&["repl_backlog_first_byte_offset", "repl_backlog_histlen"]);
}

pub fn cluster(_: &mut Session, text: &mut Text) {
    text.zeros(&["cluster_enabled", "cluster_stats_messages_sent", "cluster_stats_messages_received"]);
}
