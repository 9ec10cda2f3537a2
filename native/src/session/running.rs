//! What a core's VM or Lua runs, as other threads see it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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

/// A script in Lua that takes its time, as other threads see it.
#[derive(Default)]
pub struct SlowScript {
    /// 0: none; else [`SlowScript::SCRIPT`] or [`SlowScript::FUNCTION`].
    kind: AtomicU32,
    killed: AtomicBool,
    /// It is beyond `busy-reply-threshold`.
    pub busy: AtomicBool,
}

impl SlowScript {
    /// Of EVAL, of FCALL.
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
