//! The section Memory.

use std::sync::atomic::Ordering::Relaxed;

use super::text::{Text, human, percent};
use crate::session::conn::Conn;
use crate::session::handle::Session;
use crate::sys::{memory as system, usage};

pub fn memory(session: &mut Session, text: &mut Text) {
    let server = session.server;
    let used = text.used_memory;
    let peak = server.memory.peak();
    let resident = system::resident_bytes() as u64;
    let total = system::total_bytes() as u64;
    let startup = server.memory.startup();
    let counted = if server.clients_memory_limit() > 0 { server.clients_memory() } else { 0 };
    let clients = counted.max(server.connected.load(Relaxed) * size_of::<Conn>() as u64);
    let overhead = startup + clients + server.tables_memory() + server.scripts.memory_bytes();
    let dataset = used.saturating_sub(overhead);
    let manifest = server.manifest();
    text.bytes("used_memory", used);
    text.bytes("used_memory_rss", resident);
    text.bytes("used_memory_peak", peak);
    text.field("used_memory_peak_perc", percent(used, peak));
    text.field("used_memory_overhead", overhead);
    text.field("used_memory_startup", startup);
    text.field("used_memory_dataset", dataset);
    text.field("used_memory_dataset_perc", percent(dataset, used.saturating_sub(startup)));
    text.field("allocator_allocated", usage::bytes() + usage::apart_bytes());
    text.field("allocator_active", resident.max(used));
    text.field("allocator_resident", resident.max(used));
    text.field("allocator_muzzy", 0);
    text.bytes("total_system_memory", total);
    // One interpreter per core runs scripts and functions in Lua alike; other functions run in the core's JavaScript.
    let (interpreters, vms) = (server.lua_bytes(), server.vm_bytes());
    let (scripts, functions) = (server.scripts.memory_bytes(), manifest.memory_bytes());
    text.field("used_memory_lua", interpreters);
    text.field("used_memory_vm_eval", interpreters);
    text.field("used_memory_lua_human", human(interpreters));
    text.field("used_memory_scripts_eval", scripts);
    text.field("number_of_cached_scripts", server.scripts.len());
    text.field("number_of_functions", manifest.len());
    text.field("number_of_libraries", manifest.libraries());
    text.field("used_memory_vm_functions", vms);
    text.field("used_memory_vm_total", interpreters + vms);
    text.field("used_memory_vm_total_human", human(interpreters + vms));
    text.field("used_memory_functions", functions);
    text.field("used_memory_scripts", scripts + functions);
    text.field("used_memory_scripts_human", human(scripts + functions));
    text.bytes("maxmemory", server.store.settings.maxmemory.load(Relaxed));
    text.field("maxmemory_policy", server.store.settings.policy.name());
    text.field("allocator_frag_ratio", "1.00");
    text.field("allocator_frag_bytes", 0);
    text.field("allocator_rss_ratio", "1.00");
    text.field("allocator_rss_bytes", 0);
    text.field("rss_overhead_ratio", "1.00");
    text.field("rss_overhead_bytes", 0);
    text.field("mem_fragmentation_ratio", format_args!("{:.2}", resident as f64 / used.max(1) as f64));
    text.field("mem_fragmentation_bytes", resident as i64 - used as i64);
    text.field("mem_not_counted_for_evict", usage::log_bytes());
    text.zeros(&[
        "mem_overhead_db_hashtable_rehashing",
        "mem_replication_backlog",
        "mem_total_replication_buffers",
        "mem_clients_slaves",
    ]);
    text.field("mem_clients_normal", clients);
    text.field("mem_cluster_links", 0);
    text.field("mem_aof_buffer", usage::log_bytes());
    text.field("mem_allocator", "mimalloc");
    text.field("active_defrag_running", server.defrag.effort.load(Relaxed));
    text.field("lazyfree_pending_objects", server.store.garbage.pending());
    text.field("lazyfreed_objects", server.store.garbage.freed());
}
