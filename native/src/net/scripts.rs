//! Scripts in Lua, which run on the core's own thread with its loop below them.

use std::sync::atomic::Ordering;

use super::backend::Event;
use super::core::{Code, Core};
use crate::dispatch::execute::{Executor, Pump};
use crate::dispatch::host;
use crate::lua::host::{Host, NoRequest, Ran, Stop, Vm};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Protocol;
use crate::session::conn::Conn;
use crate::session::running::slow_text;
use crate::session::server::{Mail, SlowScript};
use crate::sys::clock;

/// Age of a VM's entry at which it is to enter anew though no limit holds.
const UNLIMITED_ENTRY_NS: u64 = 1_000_000_000;

/// The JavaScript VM that has called this core's loop.
#[derive(Default)]
pub struct VmBelow {
    /// How native code calls into it.
    pub entry: Option<Vm>,
    /// It was ended inside such a call: it goes no further until this thread's loop has returned to it.
    pub ended: bool,
}

impl Core {
    /// Runs the script that the connection's request is, and those that follow it in its pipeline.
    pub(super) fn run_scripts(&mut self, slot: usize, conn: Box<Conn>) -> Option<Code> {
        let mut conn = conn;
        loop {
            self.current = Some((slot, conn));
            let (output, end) = Executor::run_lua(self);
            if self.server.cores[self.id].script.is_killed() {
                self.executor.kill_doomed();
            }
            self.end_busy();
            let (_, back) = self.current.take().expect("the script's connection waits for it");
            conn = back;
            let end = end.with(&self.executor, &output);
            let pump = self.executor.resume(&mut conn, end);
            self.executor.give_back_output(output);
            if std::mem::take(&mut self.vm.ended) {
                // Whatever else the VM is wanted for is offered again.
                if pump == Pump::Upcall {
                    self.current = Some((slot, conn));
                } else {
                    self.after_pump(slot, conn, pump);
                }
                self.entered_ns = clock::coarse_ns();
                return Some(Code::Leave);
            }
            if pump != Pump::Upcall || !self.executor.runs_lua() {
                return self.after_pump(slot, conn, pump);
            }
        }
    }

    /// What the network has brought.
    pub(super) fn take_events(&mut self, events: &[Event]) {
        self.release_early();
        for event in events {
            match *event {
                Event::Accepted { fd, via } => self.accepted(fd, via),
                Event::Readable { slot } => self.ready.push_back(slot),
                Event::Writable { slot } => self.writable(slot),
                Event::Woken => (),
            }
        }
    }

    /// The network's turn in the middle of a script that goes on for long, with an executor of its own: the script's one holds latches
    /// and the rest of its connection's input.
    fn serve_while_busy(&mut self) {
        let mut beside = self.beside.take().unwrap_or_else(|| Box::new(Executor::beside(self.server, self.id)));
        let script = self.current.take();
        std::mem::swap(&mut self.executor, &mut *beside);
        std::mem::swap(&mut self.executor.local, &mut beside.local);
        std::mem::swap(&mut self.executor.held, &mut beside.held);
        self.executor.txn.set_clock(clock::now_ms());
        let mut events = Vec::new();
        self.net.wait(0, &mut events);
        self.take_events(&events);
        if self.has_mail() {
            self.read_mail();
        }
        let own = script.as_ref().map(|(slot, _)| *slot);
        let mut own_is_ready = false;
        for _ in 0..self.ready.len() {
            let Some(slot) = self.ready.pop_front() else { break };
            if Some(slot) == own {
                // What its client has sent meanwhile comes after the script.
                own_is_ready = true;
                continue;
            }
            let code = self.turn(slot);
            debug_assert!(code.is_none(), "nothing that is let through needs the VM");
        }
        self.ready.extend(own.filter(|_| own_is_ready));
        self.send_replies();
        self.settle();
        std::mem::swap(&mut self.executor.local, &mut beside.local);
        std::mem::swap(&mut self.executor.held, &mut beside.held);
        std::mem::swap(&mut self.executor, &mut *beside);
        self.executor.noted |= std::mem::take(&mut beside.noted);
        self.executor.own_mail.append(&mut beside.own_mail);
        self.current = script;
        self.beside = Some(beside);
    }

    /// A call in the VM has ended. One that was to be killed is not tried again.
    pub(super) fn end_running(&mut self) {
        let shared = &self.server.cores[self.id];
        if shared.is_marked_for_kill() {
            self.executor.kill_doomed();
        }
        shared.running_since_ns.store(0, Ordering::Relaxed);
    }

    /// A script has ended: nothing to kill any more.
    fn end_busy(&mut self) {
        let shared = &self.server.cores[self.id];
        if shared.running_since_ns.load(Ordering::Relaxed) != 0 {
            shared.running_since_ns.store(0, Ordering::Relaxed);
            shared.script.end();
        }
    }

    /// The script has become slow: the log says so, and who waits for its shards is told.
    fn tell_slow(&mut self, ms: u64) {
        let is_function = self.server.cores[self.id].script.kind() == SlowScript::FUNCTION;
        let command = if is_function { "FUNCTION KILL" } else { "SCRIPT KILL" };
        let name = self.executor.call().map_or(&[][..], |call| &call.name);
        self.server.log.push(3, slow_text(name, ms, command));
        self.executor.noted = true;
        for core in (0..self.server.running()).filter(|core| *core != self.id) {
            self.server.send(core, Mail::Look);
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

impl Core {
    pub(super) fn begin_upcall(&mut self) -> Code {
        let now = self.executor.call().map_or_else(clock::coarse_ns, |call| call.since_ns);
        if let Some(call) = self.executor.call() {
            let mut running =
                self.server.cores[self.id].running.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            self.server.cores[self.id].running_since_ns.store(now, Ordering::Relaxed);
            running.show((&call.verb, &call.name), call.args.borrow(), call.keys);
        }
        if self.enters_anew(now) { Code::Leave } else { Code::Call }
    }

    /// Must JavaScript enter its isolate anew before it runs a call that begins now?
    pub(super) fn enters_anew(&mut self, now: u64) -> bool {
        let limit = self.server.settings.procedure_time_limit.load(Ordering::Relaxed);
        // One that was entered under another limit would stop the call by that.
        let stale = self.entered_limit_ms != limit;
        // Without a limit now and then too: it tells what it takes in memory when it comes back.
        let slack_ns = if limit > 0 { limit * 1_000_000 / 4 } else { UNLIMITED_ENTRY_NS };
        let anew = stale || now.saturating_sub(self.entered_ns) > slack_ns;
        if anew {
            self.entered_ns = now;
        }
        anew
    }

    /// The same for a function that the VM has called: the VM's limits hold, and what waits goes on waiting as for the VM.
    fn tick_in_vm(&self) -> Option<Stop> {
        let shared = &self.server.cores[self.id];
        if shared.is_marked_for_kill() || self.server.stopping.load(Ordering::Acquire) {
            return Some(Stop::Killed);
        }
        let since_ns = self.executor.call().map_or(u64::MAX, |call| call.since_ns);
        let ms = clock::coarse_ns().saturating_sub(since_ns) / 1_000_000;
        let limit_ms = self.server.settings.procedure_time_limit.load(Ordering::Relaxed);
        (limit_ms != 0 && ms > limit_ms).then_some(Stop::TimeLimit)
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
        if let Some(ran) = self.executor.script_nests(request, proto, out) {
            return ran;
        }
        match self.executor.script_command(conn, request, proto, out) {
            host::Host::Replied => Ran::Replied,
            host::Host::Error => Ran::Failed,
            host::Host::Doomed => Ran::Doomed,
        }
    }

    fn take_nested_args(&mut self) -> (OwnedArgs, usize) {
        self.executor.take_nested_args()
    }

    fn end_nested(&mut self, failed: bool) {
        self.executor.end_nested(failed);
    }

    fn vm(&mut self, args: Args) -> Option<Vm> {
        if !self.executor.is_nested_in_vm() {
            self.publish_script(args);
            self.executor.show_in_vm(true);
        }
        self.vm.entry
    }

    fn left_vm(&mut self) {
        if !self.executor.is_nested_in_vm() {
            self.executor.show_in_vm(false);
        }
    }

    fn may(&mut self, request: Args) -> Result<bool, NoRequest> {
        let (_, conn) = self.current.as_ref().ok_or(NoRequest::Unknown)?;
        self.executor.script_asks(conn, request)
    }

    fn count_error(&mut self, text: &[u8]) {
        self.executor.figures().count_error(text);
    }

    fn log(&mut self, level: u8, text: &[u8]) {
        let text = String::from_utf8_lossy(text).replace(['\r', '\n'], " ");
        self.executor.log_of_call(level.min(3), text);
    }

    fn tick(&mut self, args: Args) -> Option<Stop> {
        if self.executor.is_nested_in_vm() {
            return self.tick_in_vm();
        }
        self.publish_script(args);
        let shared = &self.server.cores[self.id];
        if shared.script.is_killed() || self.server.stopping.load(Ordering::Acquire) {
            return Some(Stop::Killed);
        }
        let settings = &self.server.settings;
        let since_ns = self.executor.call().map_or(u64::MAX, |call| call.since_ns);
        let ms = clock::coarse_ns().saturating_sub(since_ns) / 1_000_000;
        let limit_ms = settings.script_time_limit_hard.load(Ordering::Relaxed);
        if limit_ms != 0 && ms > limit_ms {
            return Some(Stop::TimeLimit);
        }
        let busy_ms = settings.busy_reply_threshold.load(Ordering::Relaxed);
        if busy_ms == 0 || ms < busy_ms {
            return None;
        }
        if !shared.script.busy.swap(true, Ordering::Relaxed) {
            self.tell_slow(ms);
        }
        self.serve_while_busy();
        let shared = &self.server.cores[self.id];
        (shared.script.is_killed() || self.server.stopping.load(Ordering::Acquire)).then_some(Stop::Killed)
    }
}
