//! The sections Server and CPU.

use std::sync::atomic::Ordering::Relaxed;

use super::text::Text;
use crate::session::handle::Session;
use crate::session::server::{REDIS_VERSION, VERSION};
use crate::sys::{clock, memory};

pub fn server(session: &mut Session, text: &mut Text) {
    let server = session.server;
    let facts = server.facts.read().unwrap_or_else(|p| p.into_inner()).clone();
    let io = server.io.read().unwrap_or_else(|p| p.into_inner()).clone();
    let now_us = clock::now_us();
    let uptime_s = (now_us / 1000 - server.started_ms).max(0) / 1000;
    let hz = server.settings.hz.load(Relaxed);
    text.field("redis_version", REDIS_VERSION);
    text.field("redis_git_sha1", "00000000");
    text.field("redis_git_dirty", 0);
    text.field("redis_build_id", build_id());
    text.field("redis_mode", "standalone");
    text.field("os", memory::system());
    text.field("arch_bits", usize::BITS);
    text.field("monotonic_clock", "POSIX clock_gettime");
    text.field("multiplexing_api", &io);
    text.field("process_id", std::process::id());
    text.field("process_supervised", "no");
    text.field("run_id", &server.run_id);
    text.field("tcp_port", facts.port);
    text.field("server_time_usec", now_us);
    text.field("uptime_in_seconds", uptime_s);
    text.field("uptime_in_days", uptime_s / 86_400);
    text.field("hz", hz);
    text.field("configured_hz", hz);
    text.field("lru_clock", (now_us / 1_000_000) & 0x00ff_ffff);
    text.field("executable", &facts.executable);
    text.field("config_file", &facts.config_file);
    text.field("io_threads_active", 0);
    for (index, listener) in facts.listeners.iter().enumerate() {
        text.field(&format!("listener{index}"), listener);
    }
    text.field("server_threads", server.serving);
    let zone = server.settings.text("availability-zone");
    if !zone.is_empty() {
        text.field("availability_zone", zone);
    }
    text.field("zedis_version", VERSION);
    text.field("zedis_io", &io);
    text.field("zedis_cores", server.serving);
    text.field("zedis_background_cores", server.running() - server.serving);
    text.field("zedis_shards", server.store.shards_count());
    text.field("bun_version", &facts.bun_version);
}

/// Which certificates are in force, and for how many seconds more (Valkey 9). There is none to show to other servers.
pub fn tls(session: &mut Session, text: &mut Text) {
    let server = session.server;
    let listens =
        server.facts.read().unwrap_or_else(|p| p.into_inner()).listeners.iter().any(|l| l.starts_with("name=tls"));
    let config = server.tls.read().unwrap_or_else(|p| p.into_inner()).clone().filter(|_| listens);
    let (own, authority) = config.map_or((None, None), |config| (config.own.clone(), config.authority.clone()));
    for (name, term) in [("server", own), ("client", None), ("ca", authority)] {
        let left_s = term.as_ref().map_or(0, |term| (term.until_s - clock::now_ms() / 1000).max(0));
        text.field(&format!("tls_{name}_cert_serial"), term.as_ref().map_or("none", |term| &term.serial));
        text.field(&format!("tls_{name}_cert_expires_in_seconds"), left_s);
    }
}

/// Sixteen hexadecimal digits that differ between versions (FNV-1a of the version's text).
fn build_id() -> String {
    let hash = VERSION
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

pub fn cpu(session: &mut Session, text: &mut Text) {
    let [own, children, thread] = memory::cpu_seconds();
    for (suffix, (system, user)) in [("", own), ("_children", children), ("_main_thread", thread)] {
        text.field(&format!("used_cpu_sys{suffix}"), format_args!("{system:.6}"));
        text.field(&format!("used_cpu_user{suffix}"), format_args!("{user:.6}"));
    }
    let busy_us = session.server.sum(|figures| figures.loop_busy_us.get());
    let busy_s = busy_us as f64 / 1e6 / session.server.serving as f64;
    text.field("used_active_time_main_thread", format_args!("{busy_s:.6}"));
}
