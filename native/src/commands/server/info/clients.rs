//! The section Clients.

use std::sync::atomic::Ordering::Relaxed;

use super::text::Text;
use crate::session::handle::Session;
use crate::session::server::Pause;

pub fn clients(session: &mut Session, text: &mut Text) {
    let server = session.server;
    let most = |of: fn(&crate::session::figures::Figures) -> u64| {
        server.cores.iter().map(|core| of(&core.figures)).max().unwrap_or(0)
    };
    text.field("connected_clients", server.connected.load(Relaxed));
    text.field("cluster_connections", 0);
    // Names of before Redis 5, which exporters still ask for.
    let (input, output) =
        (most(|figures| figures.input_buffer_max.get()), most(|figures| figures.output_buffer_max.get()));
    text.field("client_biggest_input_buf", input);
    text.field("client_longest_output_list", output);
    text.field("maxclients", server.settings.maxclients.load(Relaxed));
    text.field("client_recent_max_input_buffer", most(|figures| figures.input_buffer_max.get()));
    text.field("client_recent_max_output_buffer", most(|figures| figures.output_buffer_max.get()));
    // Gauges, not counts: no reset concerns them.
    let sum = |of: fn(&crate::session::figures::Figures) -> u64| -> u64 {
        server.cores.iter().map(|core| of(&core.figures)).sum()
    };
    text.field("blocked_clients", sum(|figures| figures.blocked.get()));
    text.field("tracking_clients", server.tracking_clients.load(Relaxed));
    text.field("clients_in_timeout_table", sum(|figures| figures.timeouts.get()));
    text.field("total_blocking_keys", server.store.waited_keys.load(Relaxed));
    text.field("total_blocking_keys_on_nokey", server.store.waited_keys_gone.load(Relaxed));
    text.field("pubsub_clients", server.store.subscriptions.clients.load(Relaxed));
    text.field("watching_clients", server.store.watching_clients.load(Relaxed));
    text.field("total_watched_keys", server.store.watched_keys.load(Relaxed));
    // Valkey's, about CLIENT PAUSE.
    let now_ms = session.txn.wall_ms();
    let (pause, left_ms) = server.pause_left(now_ms);
    text.field("paused_reason", if pause == Pause::No { "none" } else { "client_pause" });
    text.field(
        "paused_actions",
        match pause {
            Pause::No => "none",
            Pause::Writes => "write",
            Pause::All => "all",
        },
    );
    text.field("paused_timeout_milliseconds", left_ms);
}
