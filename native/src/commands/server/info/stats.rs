//! The sections of figures: Stats, Procedures, Procedurestats, Commandstats, Errorstats, Latencystats.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use super::text::Text;
use crate::acl::check::Reason;
use crate::commands::table::table;
use crate::session::figures::PerCommand;
use crate::session::functions::Sums;
use crate::session::handle::Session;
use crate::store::subscriptions::Kind;
use crate::sys::clock;

pub fn stats(session: &mut Session, text: &mut Text) {
    let server = session.server;
    let rates = server.rates.now();
    let kib = |bytes: u64| format!("{:.2}", bytes as f64 / 1024.0);
    text.field("total_connections_received", server.sum(|f| f.connections.get()));
    text.field("total_commands_processed", server.sum(|f| f.commands.get()));
    text.field("instantaneous_ops_per_sec", rates.commands);
    text.field("total_net_input_bytes", server.sum(|f| f.input_bytes.get()));
    text.field("total_net_output_bytes", server.sum(|f| f.output_bytes.get()));
    text.zeros(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
    text.field("instantaneous_input_kbps", kib(rates.input_bytes));
    text.field("instantaneous_output_kbps", kib(rates.output_bytes));
    text.field("instantaneous_input_repl_kbps", "0.00");
    text.field("instantaneous_output_repl_kbps", "0.00");
    text.field("rejected_connections", server.sum(|f| f.rejected_connections.get()));
    text.zeros(&["sync_full", "sync_partial_ok", "sync_partial_err"]);
    text.field("expired_subkeys", server.sum(|f| f.expired_subkeys.get()));
    // Valkey's name for it.
    text.field("expired_fields", server.sum(|f| f.expired_subkeys.get()));
    text.field("expired_keys", server.sum(|f| f.expired.get()));
    text.field("expired_keys_active", server.sum(|f| f.expired_active.get()));
    text.field("expired_stale_perc", "0.00");
    text.field("expired_time_cap_reached_count", 0);
    text.field("expire_cycle_cpu_milliseconds", server.sum(|f| f.expire_cycle_us.get()) / 1000);
    text.field("evicted_keys", server.sum(|f| f.evicted.get()));
    text.field("evicted_clients", server.sum(|f| f.evicted_clients.get()));
    text.field("evicted_scripts", server.scripts.evicted());
    let (exceeded_ms, exceeded_now_ms) = server.memory.exceeded_ms(clock::mono_ns());
    text.field("total_eviction_exceeded_time", exceeded_ms);
    text.field("current_eviction_exceeded_time", exceeded_now_ms);
    text.field("keyspace_hits", server.sum(|f| f.hits.get()));
    text.field("keyspace_misses", server.sum(|f| f.misses.get()));
    text.field("pubsub_channels", server.store.subscriptions.len(Kind::Channel));
    text.field("pubsub_patterns", server.store.subscriptions.len(Kind::Pattern));
    text.field("pubsubshard_channels", server.store.subscriptions.len(Kind::Shard));
    text.zeros(&["latest_fork_usec", "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys"]);
    let defrag = &server.defrag;
    text.field("active_defrag_hits", defrag.hits.load(Relaxed));
    text.field("active_defrag_misses", defrag.misses.load(Relaxed));
    text.field("active_defrag_key_hits", defrag.key_hits.load(Relaxed));
    text.field("active_defrag_key_misses", defrag.key_misses.load(Relaxed));
    text.field("total_active_defrag_time", defrag.busy_us.load(Relaxed) / 1000);
    text.field("current_active_defrag_time", 0);
    text.field("tracking_total_keys", server.store.tracked_keys.load(Relaxed));
    text.field("tracking_total_items", server.store.tracked_items.load(Relaxed));
    text.field("tracking_total_prefixes", server.store.prefixes.len());
    text.field("unexpected_error_replies", 0);
    text.field("total_error_replies", server.sum(|f| f.error_replies.get()));
    text.field("dump_payload_sanitizations", 0);
    text.field("total_reads_processed", server.sum(|f| f.reads.get()));
    text.field("total_writes_processed", server.sum(|f| f.writes.get()));
    text.zeros(&["io_threaded_reads_processed", "io_threaded_writes_processed"]);
    text.field("client_query_buffer_limit_disconnections", server.sum(|f| f.query_buffer_limit_disconnections.get()));
    text.field("client_output_buffer_limit_disconnections", server.sum(|f| f.output_buffer_limit_disconnections.get()));
    text.zeros(&["reply_buffer_shrinks", "reply_buffer_expands"]);
    text.field("eventloop_cycles", server.sum(|f| f.loop_cycles.get()));
    text.field("eventloop_duration_sum", server.sum(|f| f.loop_busy_us.get()));
    let commands_ns = server.sum(|f| f.per_command.iter().map(|command| command.nanoseconds.get()).sum());
    text.field("eventloop_duration_cmd_sum", commands_ns / 1000);
    text.field("instantaneous_eventloop_cycles_per_sec", rates.loop_cycles);
    let us_per_cycle = rates.loop_busy_us.checked_div(rates.loop_cycles).unwrap_or(0);
    text.field("instantaneous_eventloop_duration_usec", us_per_cycle);
    let denied = |reason| server.acl.log.denied(reason);
    text.field("acl_access_denied_auth", denied(Reason::Auth));
    text.field("acl_access_denied_cmd", denied(Reason::Command));
    text.field("acl_access_denied_key", denied(Reason::Key));
    text.field("acl_access_denied_channel", denied(Reason::Channel));
    text.field("acl_access_denied_db", denied(Reason::Database));
    text.field("acl_access_denied_tls_cert", denied(Reason::Certificate));
    text.field("requests_parked", server.sum(|f| f.parked.get()));
    // KeyDB's name for it.
    text.field("long_lock_waits", server.sum(|f| f.parked.get()));
}

/// What FCALL did; Zedis's own section.
pub fn procedures(session: &mut Session, text: &mut Text) {
    let server = session.server;
    let manifest = server.manifest();
    text.field("procedure_libraries", manifest.libraries());
    text.field("procedure_functions", manifest.len());
    text.field("procedure_calls", server.sum(|f| f.calls.get()));
    text.field("procedure_errors", server.sum(|f| f.call_errors.get()));
    text.field("procedure_retries", server.sum(|f| f.call_retries.get()));
    text.field("procedure_timeouts", server.sum(|f| f.call_timeouts.get()));
}

/// A line for each function that was called.
pub fn procedurestats(session: &mut Session, text: &mut Text) {
    let server = session.server;
    for (name, function) in server.manifest().sorted() {
        let sums = server.function_sums(function.slot);
        if sums.calls == 0 && sums.retries == 0 {
            continue;
        }
        let Sums { calls, errors, rollbacks, retries, timeouts, kills, keys, .. } = sums;
        let us = sums.nanoseconds as f64 / 1000.0;
        let (p50, p99, max) = (sums.us_at(0.5), sums.us_at(0.99), sums.max_ns as f64 / 1000.0);
        text.field(
            &format!("procedurestat_{}.{}", function.library, String::from_utf8_lossy(name)),
            format_args!(
                "calls={calls},errors={errors},rollbacks={rollbacks},retries={retries},timeouts={timeouts},\
                 kills={kills},keys={keys},usec={us:.0},p50_usec={p50:.3},p99_usec={p99:.3},max_usec={max:.3},path={}",
                server.path_of(function)
            ),
        );
    }
}

pub fn commandstats(session: &mut Session, text: &mut Text) {
    for (number, row) in table().rows.iter().enumerate() {
        let sum = |of: fn(&PerCommand) -> u64| session.server.sum(|figures| of(&figures.per_command[number]));
        let (calls, rejected) = (sum(|c| c.calls.get()), sum(|c| c.rejected.get()));
        if calls == 0 && rejected == 0 {
            continue;
        }
        let us = sum(|c| c.nanoseconds.get()) as f64 / 1000.0;
        let us_per_call = if calls == 0 { 0.0 } else { us / calls as f64 };
        let failed = sum(|c| c.failed.get());
        text.field(
            &format!("cmdstat_{}", row.shown_name()),
            format_args!(
                "calls={calls},usec={us:.0},usec_per_call={us_per_call:.2},rejected_calls={rejected},\
                 failed_calls={failed}"
            ),
        );
    }
}

pub fn errorstats(session: &mut Session, text: &mut Text) {
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    for figures in session.server.figures() {
        for (code, count) in figures.errors.lock().unwrap_or_else(|p| p.into_inner()).iter() {
            *all.entry(code.clone()).or_default() += count;
        }
    }
    for (code, count) in all {
        text.field(&format!("errorstat_{code}"), format_args!("count={count}"));
    }
}

pub fn latencystats(session: &mut Session, text: &mut Text) {
    let settings = &session.server.settings;
    if settings.text("latency-tracking") == "no" {
        return;
    }
    let percentiles = settings.text("latency-tracking-info-percentiles");
    for (number, row) in table().rows.iter().enumerate() {
        let histogram = session.server.latency_of(number);
        if histogram.count() == 0 {
            continue;
        }
        let shown = percentiles.split_whitespace().filter_map(|name| {
            let share = name.parse::<f64>().ok()? / 100.0;
            Some(format!("p{name}={:.3}", histogram.at_share(share) as f64 / 1000.0))
        });
        let shown = shown.collect::<Vec<_>>().join(",");
        text.field(&format!("latency_percentiles_usec_{}", row.shown_name()), format_args!("{shown}"));
    }
}
