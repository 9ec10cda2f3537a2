//! What all cores share: the store, the settings, mailboxes, the procedures' manifest.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use super::background::Background;
use super::control::{Asker, ControlQueue, LogQueue};
use super::defrag::Defrag;
use super::durability::Durability;
use super::events::LatencyEvents;
use super::figures::Figures;
use super::function_log::FunctionLogs;
use super::functions::Slots;
use super::hotkeys::Hotkeys;
use super::latency::Histogram;
use super::loading::Loading;
use super::manifest::Manifest;
use super::memory_limit::MemoryFigures;
use super::rates::{Rate, Rates};
use super::scripts::Scripts;
use super::settings::Settings;
use super::slowlog::Slowlog;
use crate::acl::catalog::Catalog;
use crate::acl::table::Acl;
use crate::store::Store;
use crate::sys::{clock, random};
use crate::tls;

pub use super::mail::{Listener, Mail, Via};
pub use super::running::{Running, SlowScript};

/// What the version commands and INFO say. Compatibility is with this Redis.
pub const REDIS_VERSION: &str = "7.2.5";
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What other threads may reach of a core.
pub struct CoreShared {
    mail: Mutex<VecDeque<Mail>>,
    /// Mail is there: checked by the loop without taking the lock.
    pub has_mail: AtomicBool,
    /// An eventfd that ends the loop's wait.
    wake_fd: i32,
    pub figures: Figures,
    /// What the core's VM runs, for FUNCTION STATS and KILL.
    pub running: Mutex<Running>,
    /// Coarse monotonic ns of that call's start; 0: nothing runs.
    pub running_since_ns: AtomicU64,
    /// The start of the call that FUNCTION KILL has been acknowledged for, as above; 0: none.
    kill_since_ns: AtomicU64,
    /// The start of the call that the log has told to be slow, as above.
    pub(super) slow_since_ns: AtomicU64,
    /// That call, where it is in Lua.
    pub script: SlowScript,
    /// Connections handed to this core that it has not taken yet.
    pub coming: AtomicU64,
    /// The system's number of its thread; 0: none yet.
    pub thread_id: AtomicI32,
    /// Its connections that run MONITOR.
    pub monitors: AtomicU64,
}

/// A core whose function runs longer than this gets no new connections while others can take them.
const BUSY_NS: u64 = 10_000_000;

impl CoreShared {
    /// Its connections, those on their way included.
    pub fn load(&self) -> u64 {
        self.figures.clients.get() + self.coming.load(Ordering::Relaxed)
    }

    /// FUNCTION KILL of what runs now: that call is to fail, even if the VM had been offered it and not begun.
    pub fn mark_kill(&self) {
        self.kill_since_ns.store(self.running_since_ns.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Is what runs now the call that `mark_kill` was about?
    pub fn is_marked_for_kill(&self) -> bool {
        let since_ns = self.running_since_ns.load(Ordering::Relaxed);
        since_ns != 0 && self.kill_since_ns.load(Ordering::Relaxed) == since_ns
    }

    /// The VM is gone, and nothing runs. Was what ran, or was about to, the call that `mark_kill` was about?
    pub fn take_kill(&self) -> bool {
        let since_ns = self.running_since_ns.swap(0, Ordering::Relaxed);
        self.kill_since_ns.swap(0, Ordering::Relaxed) == since_ns && since_ns != 0
    }

    /// A function keeps it from its connections. `now_ns`: coarse monotonic.
    pub fn is_held_up(&self, now_ns: u64) -> bool {
        let since_ns = self.running_since_ns.load(Ordering::Relaxed);
        since_ns != 0 && now_ns.saturating_sub(since_ns) > BUSY_NS
    }
}

/// CLIENT PAUSE.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    No,
    Writes,
    All,
}

pub struct Server {
    pub store: Store,
    pub acl: Acl,
    /// Cores that have not judged their connections since users changed.
    pub(super) judging: Mutex<u64>,
    pub settings: Settings,
    /// Those that serve connections, then those of the background.
    pub cores: Box<[CoreShared]>,
    /// How many serve connections.
    pub serving: usize,
    pub background: Background,
    pub control: ControlQueue,
    pub log: LogQueue,
    pub loading: Loading,
    pub durability: Durability,
    pub function_logs: FunctionLogs,
    manifest: RwLock<Arc<Manifest>>,
    slots: Slots,
    /// Rises with each published manifest, so that cores see a change without a lock.
    pub manifest_version: AtomicU64,
    pub scripts: Scripts,
    pub next_client_id: AtomicU64,
    pub connected: AtomicU64,
    /// Which core each client lives on.
    clients: Mutex<HashMap<u64, usize>>,
    pub tracking_clients: AtomicU64,
    pub started_ms: i64,
    pub run_id: String,
    /// Names the data for replicas; another one than the process's.
    pub replication_id: String,
    pub rates: Rates,
    pub slowlog: Slowlog,
    /// Requests of many bytes, and with replies of many bytes.
    pub large_requests: Slowlog,
    pub large_replies: Slowlog,
    pub events: LatencyEvents,
    pub hotkeys: Hotkeys,
    pub io: RwLock<String>,
    /// What connections by the TLS port are made with; None: there is no such port.
    pub tls: RwLock<Option<Arc<tls::config::Config>>>,
    /// The server is going down: cores stop accepting, finish and leave.
    pub stopping: AtomicBool,
    /// Nonzero while anything but plain service holds (pause, out of memory): looked at once per request.
    pub gate: AtomicU32,
    pub(super) pause: Mutex<(Pause, i64)>,
    pub memory: MemoryFigures,
    pub defrag: Defrag,
    /// Connections parked on control: main is told through one core's note.
    pub facts: RwLock<Facts>,
}

/// Facts of the process that INFO shows and only the TypeScript side knows.
#[derive(Default, Clone, serde::Deserialize)]
#[serde(default)]
pub struct Facts {
    pub config_file: String,
    pub executable: String,
    pub port: u16,
    pub bun_version: String,
    pub multiplexing: String,
    /// `name=tcp,bind=127.0.0.1,port=6379` for each kind of listening socket.
    pub listeners: Vec<String>,
}

pub const GATE_PAUSE: u32 = 1;
pub const GATE_MEMORY: u32 = 2;
/// Users have changed, and not every core knows.
pub const GATE_USERS: u32 = 4;
pub const GATE_MONITOR: u32 = 8;
pub const GATE_HOTKEYS: u32 = 16;
/// What has expired stays, and some may see it: see [`Server::set_spared`].
pub const GATE_SPARED: u32 = 128;

impl Server {
    /// `catalog`: the rows of the command table, which figures count and users' rules name.
    /// `cores` serve connections, and there may be `background` more.
    pub fn new(cores: usize, background: usize, shards: usize, databases: usize, catalog: Catalog) -> Server {
        let commands = catalog.len();
        Server {
            store: Store::new(shards, databases),
            acl: Acl::new(catalog),
            judging: Mutex::default(),
            settings: Settings::default(),
            serving: cores,
            background: Background::default(),
            cores: (0..cores + background)
                .map(|_| CoreShared {
                    mail: Mutex::default(),
                    has_mail: AtomicBool::new(false),
                    wake_fd: crate::sys::wake::create(),
                    figures: Figures::new(commands),
                    running: Mutex::default(),
                    running_since_ns: AtomicU64::new(0),
                    kill_since_ns: AtomicU64::new(0),
                    slow_since_ns: AtomicU64::new(0),
                    script: SlowScript::default(),
                    coming: AtomicU64::new(0),
                    thread_id: AtomicI32::new(0),
                    monitors: AtomicU64::new(0),
                })
                .collect(),
            control: ControlQueue::default(),
            log: LogQueue::default(),
            loading: Loading::default(),
            durability: Durability::default(),
            function_logs: FunctionLogs::default(),
            manifest: RwLock::default(),
            slots: Slots::default(),
            manifest_version: AtomicU64::new(0),
            scripts: Scripts::default(),
            next_client_id: AtomicU64::new(1),
            connected: AtomicU64::new(0),
            clients: Mutex::default(),
            tracking_clients: AtomicU64::new(0),
            started_ms: clock::now_ms(),
            run_id: random::hex(20),
            replication_id: random::hex(20),
            rates: Rates::default(),
            slowlog: Slowlog::default(),
            large_requests: Slowlog::default(),
            large_replies: Slowlog::default(),
            events: LatencyEvents::default(),
            hotkeys: Hotkeys::default(),
            io: RwLock::default(),
            tls: RwLock::default(),
            stopping: AtomicBool::new(false),
            gate: AtomicU32::new(0),
            pause: Mutex::new((Pause::No, 0)),
            memory: MemoryFigures::default(),
            defrag: Defrag::default(),
            facts: RwLock::default(),
        }
    }

    /// Puts mail into a core's box and wakes its loop.
    pub fn send(&self, core: usize, mail: Mail) {
        let shared = &self.cores[core];
        shared.mail.lock().unwrap_or_else(|p| p.into_inner()).push_back(mail);
        shared.has_mail.store(true, Ordering::Release);
        crate::sys::wake::signal(shared.wake_fd);
    }

    /// A client has come to a core, or gone (None).
    pub fn note_client(&self, client: u64, core: Option<usize>) {
        let mut clients = self.clients.lock().unwrap_or_else(|p| p.into_inner());
        match core {
            Some(core) => clients.insert(client, core),
            None => clients.remove(&client),
        };
    }

    /// The core a client lives on; None: there is no such client.
    pub fn core_of(&self, client: u64) -> Option<usize> {
        self.clients.lock().unwrap_or_else(|p| p.into_inner()).get(&client).copied()
    }

    pub fn is_connected(&self, client: u64) -> bool {
        self.core_of(client).is_some()
    }

    /// All mail of a core, oldest first.
    pub fn collect(&self, core: usize) -> VecDeque<Mail> {
        let shared = &self.cores[core];
        shared.has_mail.store(false, Ordering::Release);
        std::mem::take(&mut *shared.mail.lock().unwrap_or_else(|p| p.into_inner()))
    }

    pub fn wake_fd(&self, core: usize) -> i32 {
        self.cores[core].wake_fd
    }

    /// Wakes the loops whose bit is set, to look at their parked connections.
    #[cold]
    pub fn wake(&self, cores: u64) {
        for core in 0..self.running() {
            if cores >> core & 1 != 0 {
                self.send(core, Mail::Look);
            }
        }
    }

    pub fn manifest(&self) -> Arc<Manifest> {
        self.manifest.read().unwrap_or_else(|p| p.into_inner()).clone()
    }

    /// Makes a manifest the one that FCALL looks functions up in, on every core from its next call on.
    pub fn publish(&self, mut manifest: Manifest) {
        self.slots.assign(&mut manifest);
        self.function_logs.keep(&manifest);
        *self.manifest.write().unwrap_or_else(|p| p.into_inner()) = Arc::new(manifest);
        self.manifest_version.fetch_add(1, Ordering::Release);
    }

    /// The main thread's answer to a control request.
    pub fn answer_control(&self, id: u64, reply: Vec<u8>) {
        if let Some(Asker { core, client }) = self.control.finish(id) {
            self.send(core, Mail::Control { client, id, reply });
        }
    }

    /// Opens or shuts the gate by whether anybody runs MONITOR.
    pub fn judge_monitors(&self) {
        if self.cores.iter().any(|core| core.monitors.load(Ordering::SeqCst) > 0) {
            self.gate.fetch_or(GATE_MONITOR, Ordering::SeqCst);
        } else {
            self.gate.fetch_and(!GATE_MONITOR, Ordering::SeqCst);
        }
    }

    /// Notes that something took so long as to be a latency event.
    #[inline]
    pub fn note_event(&self, event: &'static str, at_s: i64, ms: u64) {
        let threshold_ms = self.settings.latency_threshold_ms.load(Ordering::Relaxed);
        if threshold_ms != 0 && ms >= threshold_ms {
            self.events.record(event, at_s, ms);
        }
    }

    /// How long the calls of a command took, on all cores together.
    pub fn latency_of(&self, command: usize) -> Histogram {
        let mut all = Histogram::default();
        for figures in self.figures() {
            all.add(&figures.per_command[command].latency);
        }
        all
    }

    /// Takes a sample of the rates that INFO tells; for core 0's cron.
    pub fn sample_rates(&self, now_ms: i64) {
        self.rates.sample(now_ms, || Rate {
            commands: self.sum(|figures| figures.commands.get()),
            input_bytes: self.sum(|figures| figures.input_bytes.get()),
            output_bytes: self.sum(|figures| figures.output_bytes.get()),
            loop_cycles: self.sum(|figures| figures.loop_cycles.get()),
            loop_busy_us: self.sum(|figures| figures.loop_busy_us.get()),
        });
    }

    /// Sum of a count over all cores.
    pub fn sum(&self, of: impl Fn(&Figures) -> u64) -> u64 {
        self.figures().map(of).sum()
    }

    /// The figures of all cores but those that are about to start anew.
    pub fn figures(&self) -> impl Iterator<Item = &Figures> {
        let figures = self.cores.iter().map(|core| &core.figures);
        figures.filter(|figures| !figures.reset_pending.load(Ordering::Acquire))
    }

    /// CONFIG RESETSTAT. Each core resets its own figures, since it alone may write them.
    pub fn reset_figures(&self) {
        for (index, core) in self.cores.iter().enumerate().take(self.running()) {
            core.figures.reset_pending.store(true, Ordering::Release);
            self.send(index, Mail::ResetFigures);
        }
        self.store.garbage.reset_freed();
        self.memory.reset();
        self.defrag.reset();
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
