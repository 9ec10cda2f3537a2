//! How vectors are stored and how far apart two of them are.
//!
//! The distance is 1 - cos, from 0 (same direction) to 2 (opposite). Stored vectors have length 1, so the cosine is a dot
//! product; one that has no direction (all zeros, not finite) is stored as zeros and is 1 away from everything.
//!
//! ```text
//!   F32   f32 each                                          1 - Σ ab
//!   Q8    i8 each, 127 stands for the vector's own range    1 - Σ ab · (range a / 127) · (range b / 127)
//!   Bin   a bit each: is the component above 0?             2 · (bits that differ) / dimensions
//! ```
//!
//! A kernel measures one vector against several at a time, and loads the next ones meanwhile: in a search most of the time
//! goes into waiting for vectors. Which kernel runs is decided once, by what the processor has; all give the same results, for
//! F32 but for rounding (sums in another order).

use std::sync::OnceLock;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    F32,
    Q8,
    Bin,
}

/// A vector to measure others against.
#[derive(Clone, Copy)]
pub struct Probe<'a> {
    /// Exactly the stored bytes.
    pub bytes: &'a [u8],
    pub range: f32,
}

/// What a kernel knows of the vectors.
#[derive(Clone, Copy)]
pub struct Shape {
    pub dimensions: usize,
    /// From a stored vector's address to that of its range (f32).
    pub range_offset: usize,
}

/// Fills `out[i]` with the distance of the probe and the vector at `others[i]`.
///
/// # Safety
/// 1. Each of `others` points to a stored vector of this coding and shape, with its range at `range_offset`, and may be read
///    up to the end of the 64-byte line that its last byte lies in.
/// 2. The probe has as many bytes as the shape says.
/// 3. `out` is at least as long as `others`.
/// 4. The processor has what the kernel was compiled for.
pub type Kernel = unsafe fn(Probe, Shape, &[*const u8], &mut [f32]);

/// How many vectors ahead a kernel loads.
pub const AHEAD: usize = 3;
/// Cache lines of a vector that are asked for ahead, at most; the processor follows a longer run by itself.
const LINES_AHEAD_MAX: usize = 16;

impl Coding {
    pub fn bytes(self, dimensions: usize) -> usize {
        match self {
            Coding::F32 => dimensions * 4,
            Coding::Q8 => dimensions,
            Coding::Bin => dimensions.div_ceil(64) * 8,
        }
    }

    /// The fastest kernel that this processor runs.
    pub fn kernel(self) -> Kernel {
        static KERNELS: OnceLock<[Kernel; 3]> = OnceLock::new();
        KERNELS.get_or_init(|| [Coding::F32, Coding::Q8, Coding::Bin].map(Coding::detect))[self as usize]
    }

    fn detect(self) -> Kernel {
        #[cfg(target_arch = "x86_64")]
        return super::metric_x86::kernels(self).into_iter().next().unwrap_or(self.plain());
        #[cfg(target_arch = "aarch64")]
        return super::metric_arm::kernels(self).into_iter().next().unwrap_or(self.plain());
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        self.plain()
    }

    /// The kernel that every processor runs, and the reference for the others.
    pub fn plain(self) -> Kernel {
        match self {
            Coding::F32 => plain_f32,
            Coding::Q8 => plain_q8,
            Coding::Bin => plain_bin,
        }
    }
}

/// Starts loading the vector `AHEAD` places on; called with each index in turn, and first with those before 0.
#[inline(always)]
pub fn load_ahead(others: &[*const u8], index: usize, vector_bytes: usize) {
    if let Some(other) = others.get(index) {
        for line in 0..vector_bytes.div_ceil(64).min(LINES_AHEAD_MAX) {
            crate::sys::cpu::prefetch(other.wrapping_add(line * 64));
        }
    }
}

/// Measures with `dot`, loading ahead.
///
/// # Safety
/// As of [`Kernel`], 1 to 3.
#[inline(always)]
pub unsafe fn each(
    vector_bytes: usize,
    others: &[*const u8],
    out: &mut [f32],
    mut measure: impl FnMut(*const u8) -> f32,
) {
    debug_assert!(out.len() >= others.len());
    for index in 0..AHEAD.min(others.len()) {
        load_ahead(others, index, vector_bytes);
    }
    for (index, other) in others.iter().enumerate() {
        load_ahead(others, index + AHEAD, vector_bytes);
        // SAFETY: (3)
        unsafe { *out.get_unchecked_mut(index) = measure(*other) };
    }
}

/// From a dot product of vectors of length 1, which rounding may put a little outside of -1 to 1.
#[inline(always)]
pub fn from_dot(dot: f32) -> f32 {
    let distance = 1.0 - dot;
    if distance > 0.0 { distance.min(2.0) } else { 0.0 }
}

/// # Safety
/// `other` is a stored vector with its range at `range_offset` (see [`Kernel`]).
#[inline(always)]
pub unsafe fn q8_distance(dot: i32, scale: f32, other: *const u8, range_offset: usize) -> f32 {
    // SAFETY: the caller's.
    let range = unsafe { other.add(range_offset).cast::<f32>().read() };
    // Redis multiplies in this order, which makes the last digits the same.
    from_dot(dot as f32 * (range / 127.0 * scale))
}

#[inline(always)]
pub fn bin_distance(differing: u32, dimensions: usize) -> f32 {
    (differing as f32 * 2.0 / dimensions as f32).min(2.0)
}

unsafe fn plain_f32(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let count = shape.dimensions;
    // SAFETY: (1, 2) both are `count` f32, aligned to 4 at least: probes are slices of f32 or slots.
    let measure = |other: *const u8| unsafe {
        let mut dot = [0f32; 8];
        for index in 0..count {
            let a = probe.bytes.as_ptr().cast::<f32>().add(index).read_unaligned();
            dot[index % 8] += a * other.cast::<f32>().add(index).read();
        }
        from_dot(dot.iter().sum())
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}

unsafe fn plain_q8(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let scale = probe.range / 127.0;
    // SAFETY: (1, 2)
    let measure = |other: *const u8| unsafe {
        let mut dot = 0i32;
        for index in 0..shape.dimensions {
            dot += probe.bytes[index] as i8 as i32 * other.cast::<i8>().add(index).read() as i32;
        }
        q8_distance(dot, scale, other, shape.range_offset)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}

unsafe fn plain_bin(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let measure = |other: *const u8| {
        let mut differing = 0;
        for (index, word) in probe.bytes.as_chunks::<8>().0.iter().enumerate() {
            // SAFETY: (1, 2) stored vectors are whole words, in slots that are aligned to them.
            let theirs = unsafe { other.cast::<u64>().add(index).read() };
            differing += (u64::from_ne_bytes(*word) ^ theirs).count_ones();
        }
        bin_distance(differing, shape.dimensions)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}
