//! The section Cores: a line for each core, serving and background, so that an uneven load can be seen. Zedis's own.

use std::sync::atomic::Ordering::{Acquire, Relaxed};

use super::text::Text;
use crate::session::figures::Counter;
use crate::session::handle::Session;

pub fn cores(session: &mut Session, text: &mut Text) {
    let server = session.server;
    for (index, core) in server.cores.iter().enumerate().take(server.running()) {
        let figures = &core.figures;
        // As in the sums: what is to be reset counts as nothing until the core has done it.
        let is_reset = figures.reset_pending.load(Acquire);
        let count = |counter: &Counter| if is_reset { 0 } else { counter.get() };
        let role = if index < server.serving { "serving" } else { "background" };
        text.field(
            &format!("core{index}"),
            format_args!(
                "role={role},clients={},coming={},commands={},calls={},busy_usec={},cycles={},input_bytes={},\
                 output_bytes={},parked={}",
                figures.clients.get(),
                core.coming.load(Relaxed),
                count(&figures.commands),
                count(&figures.calls),
                count(&figures.loop_busy_us),
                count(&figures.loop_cycles),
                count(&figures.input_bytes),
                count(&figures.output_bytes),
                count(&figures.parked),
            ),
        );
    }
}
