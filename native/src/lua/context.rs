//! What the C functions of one interpreter share: the script that runs, and buffers that are kept from call to call.

use std::collections::HashMap;

use super::host::{Host, Stop};
use super::library::Loading;
use super::lists::Lists;
use super::replies::Written;
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::sys::lua_owner::Lent;

/// Buffers of more bytes are given back after the call that needed them.
const BYTES_KEPT_MAX: usize = 1 << 20;

#[derive(Default)]
pub struct Context {
    pub host: Lent<dyn Host>,
    /// What `redis.call` replies in; `redis.setresp` changes it.
    pub inner: Protocol,
    /// The request of the command that the script makes.
    pub request: OwnedArgs,
    /// Its reply.
    pub reply: Vec<u8>,
    /// What the script's caller gets: a reply, or an error's text.
    pub output: Vec<u8>,
    pub written: Written,
    /// The caller's protocol.
    pub outer: Protocol,
    pub job: Job,
    /// What runs below the job: it has called the job's function.
    pub aside: Vec<(Job, Protocol)>,
    /// Functions of libraries by their numbers in the manifest.
    pub functions: HashMap<u32, i32, foldhash::fast::RandomState>,
    /// The errors' handler and `enter_nested`, in the registry.
    pub handler: i32,
    pub enter_nested: i32,
    pub lists: Lists,
    /// The collector is set for a large heap.
    pub heap_is_large: bool,
    /// What the interpreter may take; and a run came to its end by that.
    pub memory_bytes_max: usize,
    pub out_of_memory: bool,
    /// Why the script is to end: every further instruction raises an error.
    pub stop: Option<Stop>,
    /// Library that is being loaded.
    pub loading: Option<Loading>,
    /// Generator of `math.random`: 48 bits.
    pub random: u64,
    /// Where the C stack was when the script began.
    pub stack_base: usize,
}

/// What to run.
#[derive(Default)]
pub struct Job {
    /// The compiled function, by its number in the registry.
    pub function: i32,
    /// A script: keys and arguments are globals. A function of a library takes them as parameters.
    pub is_script: bool,
    /// For the place of an error.
    pub name: Vec<u8>,
    /// Keys, then arguments.
    pub args: OwnedArgs,
    pub keys: usize,
}

impl Context {
    pub fn begin(&mut self, args: OwnedArgs, keys: usize, outer: Protocol) {
        self.inner = Protocol::Resp2;
        self.outer = outer;
        self.output.clear();
        self.written = Written::default();
        self.stop = None;
        // One that ended in the middle has left them.
        self.aside.clear();
        self.job.args = args;
        self.job.keys = keys;
    }

    pub fn end(&mut self) {
        if self.request.memory_bytes() + self.reply.capacity() > BYTES_KEPT_MAX {
            self.request = OwnedArgs::default();
            self.reply = Vec::new();
        }
        if self.output.capacity() > BYTES_KEPT_MAX {
            self.output = Vec::new();
        }
    }

    /// `lrand48`, so that a seed gives the sequence that it gives in Redis, on every machine.
    pub fn next_random(&mut self) -> u64 {
        self.random = (self.random.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB)) & 0xFFFF_FFFF_FFFF;
        self.random >> 17
    }

    pub fn seed_random(&mut self, seed: i32) {
        self.random = u64::from(seed as u32) << 16 | 0x330E;
    }
}
