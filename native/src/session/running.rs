//! What a core's VM or Lua runs, as other threads see it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::server::CoreShared;
use crate::resp::args::{Args, OwnedArgs};

/// A function in progress. The buffers are kept from call to call.
#[derive(Default, Clone)]
pub struct Running {
    pub name: Vec<u8>,
    /// The command as it was sent: `FCALL`.
    pub verb: Vec<u8>,
    /// Keys, then arguments.
    pub args: OwnedArgs,
    pub keys: usize,
}

impl Running {
    pub fn show(&mut self, (verb, name): (&[u8], &[u8]), args: Args, keys: usize) {
        self.verb.clear();
        self.verb.extend_from_slice(verb);
        self.name.clear();
        self.name.extend_from_slice(name);
        self.args.copy_args(args);
        self.keys = keys;
    }
}

/// What the log says of a script that runs for so long; `command` can end it.
pub fn slow_text(name: &[u8], ms: u64, command: &str) -> String {
    let name = String::from_utf8_lossy(name);
    format!(
        "Slow script detected: still in execution after {ms} milliseconds. You can try killing the script using the {command} command. Script name is: {name:.64}."
    )
}

/// A script in Lua that takes its time, as other threads see it.
#[derive(Default)]
pub struct SlowScript {
    /// [`SlowScript::NONE`], [`SlowScript::SCRIPT`] or [`SlowScript::FUNCTION`].
    kind: AtomicU32,
    killed: AtomicBool,
    /// It is beyond `busy-reply-threshold`.
    pub busy: AtomicBool,
}

impl SlowScript {
    /// None in Lua, of EVAL, of FCALL.
    pub const NONE: u32 = 0;
    pub const SCRIPT: u32 = 1;
    pub const FUNCTION: u32 = 2;

    pub fn begin(&self, kind: u32) {
        self.kind.store(kind, Ordering::Release);
    }

    pub fn end(&self) {
        self.kind.store(0, Ordering::Release);
        self.killed.store(false, Ordering::Release);
        self.busy.store(false, Ordering::Release);
    }

    pub fn kind(&self) -> u32 {
        self.kind.load(Ordering::Acquire)
    }

    pub fn kill(&self) {
        self.killed.store(true, Ordering::Release);
    }

    pub fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }
}

impl CoreShared {
    /// Has what runs in its VM, for so many ms, become slow since this was asked last? One in Lua tells by itself. `now_ns`: coarse
    /// monotonic.
    pub fn has_become_slow(&self, threshold_ms: u64, now_ns: u64) -> Option<u64> {
        let since_ns = self.running_since_ns.load(Ordering::Relaxed);
        let ms = now_ns.saturating_sub(since_ns) / 1_000_000;
        if since_ns == 0
            || ms < threshold_ms
            || self.script.kind() != SlowScript::NONE
            || self.script.busy.load(Ordering::Relaxed)
        {
            return None;
        }
        (self.slow_since_ns.swap(since_ns, Ordering::Relaxed) != since_ns).then_some(ms)
    }
}
