//! The deck: 1 MiB per core that native code and that core's JavaScript both see.
//!
//! ```text
//!   0        256       1 KiB        16 KiB              512 KiB             1 MiB
//!   | i32    | f64     | SPANS      | IN  native → JS   | OUT  JS → native   |
//! ```

use crate::sys::usage;

/// Rises with every change of layout or meaning; both sides assert that they have the same.
pub const ABI: u32 = 1;

pub const DECK_BYTES: usize = 1 << 20;
pub const F64_AT: usize = 256;
pub const SPANS_AT: usize = 1 << 10;
pub const SPANS_MAX: usize = (IN_AT - SPANS_AT) / 8;
pub const IN_AT: usize = 16 << 10;
pub const IN_BYTES: usize = OUT_AT - IN_AT;
pub const OUT_AT: usize = 512 << 10;
pub const OUT_BYTES: usize = DECK_BYTES - OUT_AT;

/// Set in a span's length if all its bytes are ASCII.
pub const ASCII: u32 = 1 << 31;

/// Indices into the i32 header.
pub mod i32_at {
    pub const FN: usize = 0;
    pub const ARGC: usize = 1;
    pub const NUMKEYS: usize = 2;
    pub const PROTO: usize = 3;
    pub const FLAGS: usize = 4;
    pub const CALL_STATE: usize = 5;
    pub const IN_LEN: usize = 6;
    pub const IN_BIG: usize = 7;
    pub const STATUS: usize = 8;
    /// Not 0: native code has called into the VM, which has not come back.
    pub const UPCALL: usize = 9;
    /// 1 + the code that `zedis_run` has come back with; 0 while it runs, and once JavaScript has taken the code.
    pub const RETURNED: usize = 10;
    /// What came of the call that the VM has run.
    pub const OUTCOME: usize = 33;
}

/// Indices into the f64 header.
pub mod f64_at {
    pub const BIG_PTR: usize = 0;
    pub const BIG_LEN: usize = 1;
    /// Bytes of the VM's heap and of what its engines have beside it; JavaScript writes it.
    pub const VM_BYTES: usize = 2;
}

/// What both sides must agree on, in the order `layout` in ffi.ts has it.
pub const LAYOUT: &[u32] = &[
    ABI,
    DECK_BYTES as u32,
    F64_AT as u32,
    SPANS_AT as u32,
    SPANS_MAX as u32,
    IN_AT as u32,
    OUT_AT as u32,
    OUT_BYTES as u32,
    i32_at::FN as u32,
    i32_at::ARGC as u32,
    i32_at::NUMKEYS as u32,
    i32_at::PROTO as u32,
    i32_at::FLAGS as u32,
    i32_at::CALL_STATE as u32,
    i32_at::IN_LEN as u32,
    i32_at::IN_BIG as u32,
    i32_at::STATUS as u32,
    i32_at::UPCALL as u32,
    i32_at::RETURNED as u32,
    i32_at::OUTCOME as u32,
    f64_at::BIG_PTR as u32,
    f64_at::BIG_LEN as u32,
    f64_at::VM_BYTES as u32,
];

const _: () = assert!(SPANS_MAX == 1920 && IN_BYTES == 496 << 10);

/// The memory of one deck. Native code writes it while JavaScript is inside a call of ours, and the other way round:
/// both run on the same thread, so never at the same time.
pub struct Deck {
    base: *mut u8,
    /// Payloads that do not fit into IN: kept until the next one.
    big_in: Vec<u8>,
    /// What `zedis_grow` gave to JavaScript.
    big_out: Vec<u8>,
}

impl Deck {
    pub fn new() -> Deck {
        // Memory of the VM, as it were: like that of Lua it does not count against `maxmemory`.
        let memory: Box<[u64]> = usage::apart_for_vm(DECK_BYTES, || vec![0u64; DECK_BYTES / 8].into_boxed_slice());
        Deck { base: Box::leak(memory).as_mut_ptr().cast(), big_in: Vec::new(), big_out: Vec::new() }
    }

    pub fn address(&self) -> *mut u8 {
        self.base
    }

    pub fn set_i32(&mut self, index: usize, value: i32) {
        debug_assert!(index * 4 < F64_AT);
        // SAFETY: the index lies in the i32 header, 4-aligned, of memory that lives for ever.
        unsafe { self.base.cast::<i32>().add(index).write(value) }
    }

    pub fn get_i32(&self, index: usize) -> i32 {
        debug_assert!(index * 4 < F64_AT);
        // SAFETY: as in `set_i32`.
        unsafe { self.base.cast::<i32>().add(index).read() }
    }

    fn set_f64(&mut self, index: usize, value: f64) {
        debug_assert!(F64_AT + index * 8 < SPANS_AT);
        // SAFETY: the index lies in the f64 header, 8-aligned.
        unsafe { self.base.add(F64_AT).cast::<f64>().add(index).write(value) }
    }

    pub fn get_f64(&self, index: usize) -> f64 {
        debug_assert!(F64_AT + index * 8 < SPANS_AT);
        // SAFETY: as in `set_f64`.
        unsafe { self.base.add(F64_AT).cast::<f64>().add(index).read() }
    }

    /// The first `len` bytes JavaScript wrote to OUT.
    pub fn out(&self, len: usize) -> &[u8] {
        // SAFETY: clamped to OUT, which is initialised (zeroed at the start) and not written while we run.
        unsafe { std::slice::from_raw_parts(self.base.add(OUT_AT), len.min(OUT_BYTES)) }
    }

    /// The first `len` bytes JavaScript wrote to the grown buffer.
    pub fn grown(&self, len: usize) -> &[u8] {
        &self.big_out[..len.min(self.big_out.len())]
    }

    /// A buffer of `len` bytes for JavaScript to write a large payload to; valid until the next call of this.
    pub fn grow(&mut self, len: usize) -> *mut u8 {
        self.big_out.clear();
        self.big_out.resize(len, 0);
        self.big_out.as_mut_ptr()
    }

    /// Gives large buffers back between calls.
    pub fn shrink(&mut self) {
        if self.big_in.capacity() > 0 {
            self.big_in = Vec::new();
        }
        if self.big_out.capacity() > 0 {
            self.big_out = Vec::new();
        }
    }

    /// Hands `bytes` to JavaScript: in IN, or where they do not fit, in a buffer of their own.
    #[inline]
    pub fn put_in(&mut self, bytes: &[u8]) {
        if bytes.len() <= IN_BYTES {
            // SAFETY: `bytes` fits into IN and comes from native memory, so the two do not overlap.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base.add(IN_AT), bytes.len()) };
            self.set_i32(i32_at::IN_BIG, 0);
        } else {
            self.big_in = bytes.to_vec();
            self.put_big();
        }
        self.set_i32(i32_at::IN_LEN, bytes.len().min(i32::MAX as usize) as i32);
    }

    fn put_big(&mut self) {
        self.set_i32(i32_at::IN_BIG, 1);
        self.set_f64(f64_at::BIG_PTR, self.big_in.as_ptr() as usize as f64);
        self.set_f64(f64_at::BIG_LEN, self.big_in.len() as f64);
    }

    /// Hands a call's arguments to JavaScript.
    pub fn put_args<'a>(&mut self, args: impl ExactSizeIterator<Item = &'a [u8]> + Clone) {
        let count = args.len();
        let total: usize = args.clone().map(<[u8]>::len).sum();
        let ascii = |bytes: &[u8]| if bytes.is_ascii() { ASCII } else { 0 };
        if count <= SPANS_MAX && total <= IN_BYTES {
            let mut at = 0;
            for (index, bytes) in args.enumerate() {
                // SAFETY: `index` < SPANS_MAX and `at + len` <= IN_BYTES, so both writes stay in their regions.
                unsafe {
                    let span = self.base.add(SPANS_AT + index * 8).cast::<u32>();
                    span.write(at as u32);
                    span.add(1).write(bytes.len() as u32 | ascii(bytes));
                    std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base.add(IN_AT + at), bytes.len());
                }
                at += bytes.len();
            }
            self.set_i32(i32_at::IN_BIG, 0);
        } else {
            let mut big = Vec::with_capacity(count * 8 + total);
            let mut at = 0u32;
            for bytes in args.clone() {
                big.extend_from_slice(&at.to_le_bytes());
                big.extend_from_slice(&(bytes.len() as u32 | ascii(bytes)).to_le_bytes());
                at += bytes.len() as u32;
            }
            for bytes in args {
                big.extend_from_slice(bytes);
            }
            self.big_in = big;
            self.put_big();
        }
        self.set_i32(i32_at::ARGC, count as i32);
        self.set_i32(i32_at::IN_LEN, total.min(i32::MAX as usize) as i32);
    }
}

impl Default for Deck {
    fn default() -> Self {
        Deck::new()
    }
}
