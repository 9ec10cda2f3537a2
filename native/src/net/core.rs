//! The loop of one core: receive, run, send; up-calls in between. One thread enters it and stays.
//!
//! ```text
//!   run ─▶ ┌─ end the up-call that JavaScript comes back from
//!          │  ready connections: receive ▶ pump ▶ send ──up-call──▶ return CALL, come back with its result
//!          │  slices of long work, parked connections whose shard is free
//!          └─ wait (cron within), mail ──────────────────────────▶ return MAIL, NOTE, LEAVE, STOP
//! ```

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::backend::{Backend, Event, Received, Wake};
use super::blocked::Timeouts;
use super::cron::Cron;
use super::defragment::Defragmenter;
use super::gathering::Gathering;
use super::scripts::VmBelow;
use super::settle::Settling;
use crate::dispatch::call::CallEnd;
use crate::dispatch::execute::{Executor, Pump};
use crate::resp::parse::INPUT_BYTES_MAX;
use crate::session::conn::{Conn, Conns, Wait};
use crate::session::server::{Listener, Mail, Server};
use crate::sys::{clock, memory};

/// Bytes received in one go.
pub(super) const RECEIVE_BYTES: usize = 64 * 1024;
/// Replies of fewer bytes are sent at the end of the loop's turn; more are sent at once.
const OUTPUT_DEFERRED_BYTES_MAX: usize = 64 * 1024;
/// A command that runs in slices goes on once its client has taken its output up to here.
pub(super) const WORK_OUTPUT_BYTES_MAX: usize = 256 * 1024;
/// Waits of a tick (100 ms at the usual hz) without any event after which a core counts as idle.
const IDLE_TURNS: u32 = 3;
/// How long a stopping core waits for its clients to take their last replies, ms.
const STOP_GRACE_MS: i64 = 2000;

/// Why the loop returns to JavaScript.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    Stop = 0,
    Call = 1,
    Mail = 2,
    Leave = 3,
    Note = 4,
}

pub struct Core {
    pub server: &'static Server,
    pub id: usize,
    pub executor: Executor,
    pub(super) beside: Option<Box<Executor>>,
    pub conns: Conns,
    pub vm: VmBelow,
    pub(super) net: Box<dyn Backend>,
    pub(super) unix_path: String,
    pub(super) by_id: HashMap<u64, usize, foldhash::fast::RandomState>,
    /// Connections with input to run, in turn.
    pub(super) ready: VecDeque<usize>,
    /// The connection whose up-call runs, or whose transaction waits for an answer.
    pub(super) current: Option<(usize, Box<Conn>)>,
    /// Connections that wait for a shard, a pause, or a time.
    pub(super) parked: Vec<usize>,
    /// Connections whose work goes on slice by slice.
    pub(super) working: VecDeque<usize>,
    pub(super) settling: Settling,
    /// Some work went on in this turn: look again at once.
    pub(super) worked: bool,
    /// Connections whose client waits for a key, and when those with a timeout give up.
    pub(super) blocked: usize,
    pub(super) timeouts: Timeouts,
    pub(super) gatherings: HashMap<(u64, u64), Gathering>,
    /// Connections whose replies wait for the end of this turn.
    pub(super) to_send: Vec<usize>,
    /// Connections were marked for closing at a moment when none can be closed.
    pub(super) sweep_later: bool,
    /// Mail that came while a transaction waited for an answer.
    pub(super) deferred: VecDeque<Mail>,
    /// Mail for the VM.
    pub mail: VecDeque<String>,
    pub(super) spare: Vec<u8>,
    events: Vec<Event>,
    cron: Cron,
    defragmenter: Defragmenter,
    /// When JavaScript entered its time-limited isolate, as far as known; monotonic ns.
    pub(super) entered_ns: u64,
    /// The limit that calls have had since it last did.
    pub(super) entered_limit_ms: u64,
    /// When the wait ended that this turn of the loop began with, microseconds since the epoch.
    turn_began_us: i64,
    /// Commands run when memory was last given back, and waits without events since the last event.
    collected_at: u64,
    idle_turns: u32,
    stopping_since_ms: i64,
    pub(super) listening: bool,
    pub(super) listeners: Vec<Arc<Listener>>,
}

impl Core {
    pub fn new(server: &'static Server, id: usize, net: Box<dyn Backend>, unix_path: String) -> Core {
        if !server.is_loading() {
            server.memory.note_start();
            server.defrag.note_start();
        }
        Core {
            server,
            id,
            executor: Executor::new(server, id),
            beside: None,
            conns: Conns::default(),
            vm: VmBelow::default(),
            net,
            unix_path,
            by_id: HashMap::default(),
            ready: VecDeque::new(),
            current: None,
            parked: Vec::new(),
            working: VecDeque::new(),
            settling: Settling::default(),
            worked: false,
            blocked: 0,
            timeouts: Timeouts::default(),
            gatherings: HashMap::new(),
            to_send: Vec::new(),
            sweep_later: false,
            deferred: VecDeque::new(),
            mail: VecDeque::new(),
            spare: Vec::with_capacity(RECEIVE_BYTES),
            events: Vec::new(),
            cron: Cron::new(id),
            defragmenter: Defragmenter::new(id),
            entered_ns: clock::coarse_ns(),
            entered_limit_ms: 0,
            turn_began_us: clock::now_us(),
            collected_at: 0,
            idle_turns: 0,
            stopping_since_ms: 0,
            listening: true,
            listeners: Vec::new(),
        }
    }

    /// The calling thread takes the core over from one that was ended.
    pub fn adopt_thread(&mut self) -> std::io::Result<()> {
        self.net.adopt()
    }

    /// Runs until JavaScript is needed. `end`: what became of the up-call that was asked for.
    pub fn run(&mut self, end: Option<CallEnd>) -> Code {
        if let Some(end) = end {
            if matches!(end, CallEnd::Terminated) {
                self.entered_ns = clock::coarse_ns();
            }
            if let Some((slot, mut conn)) = self.current.take() {
                self.end_running();
                let pump = self.executor.resume(&mut conn, end);
                if let Some(code) = self.after_pump(slot, conn, pump) {
                    return code;
                }
            }
        } else if self.executor.call().is_some() {
            // JavaScript came back without a result, though a call is pending: it has not begun. Offer it again.
            match self.current.take() {
                Some((slot, conn)) if self.executor.runs_lua() => {
                    if let Some(code) = self.run_scripts(slot, conn) {
                        return code;
                    }
                }
                current => {
                    self.current = current;
                    return Code::Call;
                }
            }
        }
        loop {
            if self.executor.noted {
                self.executor.noted = false;
                return Code::Note;
            }
            if !self.mail.is_empty() {
                return Code::Mail;
            }
            if self.current.is_some() {
                if let Some(code) = self.await_answer() {
                    return code;
                }
                continue;
            }
            if self.executor.is_background() {
                self.take_errand();
            }
            while let Some(slot) = self.next_ready() {
                if let Some(code) = self.turn(slot) {
                    return code;
                }
                if self.has_more_urgent() {
                    break;
                }
            }
            if self.has_more_urgent() {
                continue;
            }
            // Before the replies: who has one and asks elsewhere must find the caches told, and what was done counted.
            self.executor.tell_caches();
            self.executor.collect_figures();
            self.send_replies();
            self.start_gatherings();
            self.work();
            self.settle();
            self.evict_clients();
            if self.server.stopping.load(Ordering::Acquire) && self.stop_step() {
                // Lets the network close what was removed.
                self.net.wait(0, &mut self.events);
                return Code::Stop;
            }
            if self.wait() == Wake::Interrupted {
                self.entered_ns = clock::coarse_ns();
                return Code::Leave;
            }
        }
    }

    /// JavaScript is about to enter its isolate anew, as it does for whatever it is told but a call.
    pub fn note_entry(&mut self) {
        self.entered_limit_ms = self.server.settings.procedure_time_limit.load(Ordering::Relaxed);
    }

    /// Receives and runs the input of one connection.
    pub(super) fn turn(&mut self, slot: usize) -> Option<Code> {
        let mut conn = self.conns.take(slot)?;
        if matches!(conn.wait, Wait::Until(..) | Wait::Block(_)) && !conn.closing && !conn.input_ended {
            // It may wait for ever: notice that the peer has gone.
            self.receive(slot, &mut conn);
            conn.dead |= conn.input_ended;
            return self.finish(slot, conn);
        }
        if !conn.wait.is_no() || conn.closing {
            if conn.closing && !conn.dead {
                self.drain_closing(slot, &mut conn);
            }
            return self.finish(slot, conn);
        }
        if conn.errand.is_some() {
            return self.run_errand(slot, conn);
        }
        conn.held = conn.settles.is_some() || self.too_much_output(&conn);
        let enough = conn.held && conn.input.len() >= self.input_held_max();
        if !conn.input_ended && !enough {
            self.receive(slot, &mut conn);
        }
        if conn.dead || conn.held {
            return self.finish(slot, conn);
        }
        let pump = if conn.input.len() >= conn.need.max(1) {
            conn.need = 0;
            self.executor.pump(&mut conn)
        } else {
            Pump::Idle
        };
        self.after_pump(slot, conn, pump)
    }

    /// Takes in what has arrived for a connection.
    fn receive(&mut self, slot: usize, conn: &mut Conn) {
        if conn.tls.is_some() {
            return self.receive_sealed(slot, conn);
        }
        if conn.input.is_empty() && conn.input.capacity() < RECEIVE_BYTES {
            conn.input = std::mem::take(&mut self.spare);
        }
        let wanted = conn.make_room(RECEIVE_BYTES);
        match self.net.receive(slot, conn.client.fd, &mut conn.input, wanted) {
            Received::Bytes { count, more } => {
                if more {
                    self.ready.push_back(slot);
                }
                self.note_received(conn, count);
            }
            Received::Empty => (),
            Received::Ended => conn.input_ended = true,
            Received::Failed => {
                conn.dead = true;
                conn.closing = true;
            }
        }
    }

    /// Counts input that came in; a client that sends more than it may is to be closed.
    #[inline]
    pub(super) fn note_received(&mut self, conn: &mut Conn, count: usize) {
        let figures = self.executor.figures();
        figures.reads.add(1);
        figures.input_bytes.add(count as u64);
        conn.client.input_bytes += count as u64;
        conn.client.last_active_ms = self.executor.txn.now_ms;
        let limit = self.server.settings.client_query_buffer_limit.load(Ordering::Relaxed);
        if conn.input.len() as u64 > limit.min(INPUT_BYTES_MAX as u64) {
            figures.query_buffer_limit_disconnections.add(1);
            conn.dead = true;
            conn.closing = true;
        }
    }

    pub(super) fn after_pump(&mut self, slot: usize, mut conn: Box<Conn>, pump: Pump) -> Option<Code> {
        // Nothing had arrived: the buffer is free for the next connection.
        if conn.input.is_empty() && conn.input.capacity() > 0 {
            let unused = std::mem::take(&mut conn.input);
            if self.spare.capacity() == 0 && unused.capacity() <= 4 * RECEIVE_BYTES {
                self.spare = unused;
            }
        }
        // The input's buffer comes back with the next `begin`; the batch holds the last one until then.
        if self.spare.capacity() == 0 && !matches!(pump, Pump::Upcall | Pump::Asks) {
            self.spare = self.executor.batch.begin(Vec::new());
            if self.spare.capacity() > 4 * RECEIVE_BYTES || self.spare.capacity() < RECEIVE_BYTES {
                self.spare = Vec::with_capacity(RECEIVE_BYTES);
            }
        }
        match pump {
            Pump::Upcall if self.executor.runs_lua() => {
                if self.executor.may_call_vm() && self.enters_anew(clock::coarse_ns()) {
                    self.current = Some((slot, conn));
                    return Some(Code::Leave);
                }
                self.run_scripts(slot, conn)
            }
            Pump::Upcall => {
                self.current = Some((slot, conn));
                Some(self.begin_upcall())
            }
            Pump::Asks => {
                self.current = Some((slot, conn));
                None
            }
            Pump::Parked => {
                match conn.wait {
                    Wait::Work { .. } => self.working.push_back(slot),
                    Wait::Shard(shard) => {
                        if self.executor.txn.latches.wait_for(shard, self.id) {
                            self.parked.push(slot);
                        } else {
                            conn.wait = Wait::No;
                            self.ready.push_back(slot);
                        }
                    }
                    Wait::Pause | Wait::Until(..) => self.parked.push(slot),
                    Wait::Gather(id) => self.take_gather(id, slot, conn.client.id),
                    Wait::Block(_) => self.begin_block(&conn),
                    Wait::Control { .. } | Wait::Background(_) | Wait::Begin(_) | Wait::No => (),
                }
                self.finish(slot, conn)
            }
            Pump::Yield => {
                self.ready.push_back(slot);
                self.finish(slot, conn)
            }
            Pump::Idle => {
                if conn.input_ended {
                    conn.closing = true;
                }
                if !conn.closing && !conn.dead && (1..OUTPUT_DEFERRED_BYTES_MAX).contains(&conn.output.len()) {
                    self.to_send.push(slot);
                    self.conns.put_back(slot, conn);
                    return None;
                }
                self.finish(slot, conn)
            }
        }
    }

    /// Closes a connection that is out of its slot.
    pub fn close(&mut self, slot: usize, mut conn: Box<Conn>) {
        self.executor.finish_held(&mut conn);
        self.abandon_block(&conn);
        self.conns.uncount(&mut conn);
        if conn.errand.is_some() {
            conn.dead = true;
            self.finish_errand(slot, conn);
            return;
        }
        self.executor.forget_client(&mut conn.client);
        self.executor.unwatch_gone(&mut conn.client);
        self.say_goodbye(slot, &mut conn);
        self.net.remove(slot, conn.client.fd);
        self.by_id.remove(&conn.client.id);
        self.server.note_client(conn.client.id, None);
        self.forget_slot(slot);
        self.gatherings.retain(|(client, _), _| *client != conn.client.id);
        self.conns.forget(slot);
        self.executor.figures().clients.set(self.conns.len() as u64);
        self.server.connected.fetch_sub(1, Ordering::Relaxed);
    }

    // ---- waiting, mail, parked connections ----

    fn wait(&mut self) -> Wake {
        let now_us = clock::now_us();
        let now_ms = now_us / 1000;
        self.executor.txn.set_clock(now_ms);
        let figures = self.executor.figures();
        figures.loop_cycles.add(1);
        figures.loop_busy_us.add((now_us - self.turn_began_us).max(0) as u64);
        self.cron.run(self.server, &mut self.executor, &mut self.conns, now_ms);
        for slot in self.cron.take_idle() {
            if let Some(conn) = self.conns.take(slot) {
                self.close(slot, conn);
            }
        }
        self.look_at_parked(now_ms);
        self.end_overdue(now_ms);
        let more_to_serve = self.executor.serve_deferred() | self.executor.go_on_evicting();
        let slice_ms = self.defragmenter.run(self.server, self.id, &mut self.executor.txn);
        let has_mail = self.has_mail();
        let timeout = if !self.ready.is_empty() || self.worked || has_mail || self.may_take_errand() {
            0
        } else if !self.parked.is_empty() || !self.working.is_empty() || more_to_serve {
            1
        } else {
            let first = self.timeouts.first_ms();
            self.cron.timeout_ms(now_ms).min(slice_ms).min(first.saturating_sub(now_ms).clamp(0, 1000) as u32)
        };
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        let wake = self.net.wait(timeout, &mut events);
        self.give_back_when_idle(timeout > 1 && events.is_empty());
        self.turn_began_us = clock::now_us();
        self.executor.txn.set_clock(self.turn_began_us / 1000);
        self.take_events(&events);
        self.events = events;
        if has_mail || self.has_mail() {
            self.read_mail();
        }
        // Whoever is told of evicted keys gets it before the next request finds that much more memory in use.
        if std::mem::take(&mut self.executor.evictor.evicted) || self.conns.is_counting() {
            self.send_replies();
            self.evict_clients();
        }
        wake
    }

    /// After requests, and after other threads freed or moved blocks of this one, freed memory goes back in the first quiet moment.
    fn give_back_when_idle(&mut self, idle: bool) {
        let freed = self.server.store.garbage.freed() + self.server.defrag.hits.load(Ordering::Relaxed);
        let commands = self.executor.figures().commands.get() + freed;
        if !idle || commands == self.collected_at {
            self.idle_turns = 0;
            return;
        }
        self.idle_turns += 1;
        if self.idle_turns >= IDLE_TURNS {
            self.collected_at = commands;
            memory::give_back();
        }
    }

    /// The connection goes on with its next request; the reply of the last one stands in the output from `mark` on.
    pub(super) fn unpark(&mut self, slot: usize, conn: &mut Conn, mark: usize) {
        conn.wait = Wait::No;
        crate::dispatch::books::after_wait(conn, mark);
        conn.output.append(&mut conn.told_later);
        self.ready.push_back(slot);
    }

    // ---- going down ----

    /// One step of stopping; true when nothing is left to send.
    fn stop_step(&mut self) -> bool {
        let now_ms = clock::now_ms();
        if self.listening {
            self.listening = false;
            self.net.stop_listening();
            self.stopping_since_ms = now_ms;
        }
        let overdue = now_ms - self.stopping_since_ms > STOP_GRACE_MS;
        let slots: Vec<usize> = self.conns.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            if let Some(conn) = self.conns.take(slot) {
                if overdue || (conn.output_bytes() == 0 && !self.ready.contains(&slot)) {
                    self.close(slot, conn);
                } else {
                    self.finish(slot, conn);
                }
            }
        }
        self.conns.is_empty()
    }
}
