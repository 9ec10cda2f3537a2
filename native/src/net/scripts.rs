//! Scripts in Lua, which run on the core's own thread with its loop below them.

use std::sync::atomic::Ordering;

use super::core::{Code, Core};
use crate::dispatch::execute::{Executor, Pump};
use crate::dispatch::host;
use crate::lua::host::{Host, Ran, Stop};
use crate::resp::args::Args;
use crate::resp::reply::Protocol;
use crate::session::conn::Conn;
use crate::sys::clock;

impl Core {
    /// Runs the script that the connection's request is, and those that follow it in its pipeline.
    pub(super) fn run_scripts(&mut self, slot: usize, conn: Box<Conn>) -> Option<Code> {
        let mut conn = conn;
        loop {
            self.current = Some((slot, conn));
            let (output, end) = Executor::run_lua(self);
            self.end_busy();
            let (_, back) = self.current.take().expect("the script's connection waits for it");
            conn = back;
            let end = end.with(&self.executor, &output);
            let pump = self.executor.resume(&mut conn, end);
            self.executor.give_back_output(output);
            if pump != Pump::Upcall || !self.executor.runs_lua() {
                return self.after_pump(slot, conn, pump);
            }
        }
    }

    /// A script has ended: nothing to kill any more.
    fn end_busy(&mut self) {
        let shared = &self.server.cores[self.id];
        if shared.running_since_ns.load(Ordering::Relaxed) != 0 {
            shared.running_since_ns.store(0, Ordering::Relaxed);
            shared.script.end();
        }
    }

    /// The script turns out to take its time: FUNCTION STATS shows it from now on, and it can be killed.
    fn publish_script(&mut self, args: Args) {
        let shared = &self.server.cores[self.id];
        let Some(call) = self.executor.call() else { return };
        if shared.running_since_ns.load(Ordering::Relaxed) == 0 {
            self.executor.show_running(args);
            shared.running_since_ns.store(call.since_ns.max(1), Ordering::Relaxed);
        }
    }
}

impl AsMut<Executor> for Core {
    fn as_mut(&mut self) -> &mut Executor {
        &mut self.executor
    }
}

impl Host for Core {
    #[inline]
    fn command(&mut self, request: Args, proto: Protocol, out: &mut Vec<u8>) -> Ran {
        let Some((_, conn)) = &mut self.current else { return Ran::Doomed };
        match self.executor.script_command(conn, request, proto, out) {
            host::Host::Replied => Ran::Replied,
            host::Host::Error => Ran::Failed,
            host::Host::Doomed => Ran::Doomed,
        }
    }

    fn may(&mut self, request: Args) -> Option<bool> {
        let (_, conn) = self.current.as_ref()?;
        self.executor.script_asks(conn, request)
    }

    fn log(&mut self, level: u8, text: &[u8]) {
        let text = String::from_utf8_lossy(text).replace(['\r', '\n'], " ");
        self.server.log.push(level.min(3), text);
        self.executor.noted = true;
    }

    fn tick(&mut self, args: Args) -> Option<Stop> {
        self.publish_script(args);
        let shared = &self.server.cores[self.id];
        if shared.script.is_killed() || self.server.stopping.load(Ordering::Acquire) {
            return Some(Stop::Killed);
        }
        let limit_ms = self.server.settings.script_time_limit_hard.load(Ordering::Relaxed);
        let since_ns = self.executor.call().map_or(u64::MAX, |call| call.since_ns);
        (limit_ms != 0 && clock::coarse_ns().saturating_sub(since_ns) > limit_ms * 1_000_000).then_some(Stop::TimeLimit)
    }
}
