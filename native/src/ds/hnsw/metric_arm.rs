//! Kernels for 64-bit ARM: NEON, which all of them have.

use std::arch::aarch64::*;

use super::metric::{Coding, Kernel, Probe, Shape, bin_distance, each, from_dot, q8_distance};

/// All kernels of a coding, the fastest first.
pub fn kernels(coding: Coding) -> Vec<Kernel> {
    match coding {
        Coding::F32 => vec![f32_neon],
        Coding::Q8 => vec![q8_neon],
        Coding::Bin => vec![bin_neon],
    }
}

#[target_feature(enable = "neon")]
unsafe fn f32_neon(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let (count, a) = (shape.dimensions, probe.bytes.as_ptr().cast::<f32>());
    // SAFETY: (1, 2) loads stay inside of `count` floats.
    let measure = |other: *const u8| unsafe {
        let b = other.cast::<f32>();
        let mut sums = [vdupq_n_f32(0.0); 4];
        let mut at = 0;
        while at + 16 <= count {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let place = at + lane * 4;
                *sum = vfmaq_f32(*sum, vld1q_f32(a.add(place)), vld1q_f32(b.add(place)));
            }
            at += 16;
        }
        while at + 4 <= count {
            sums[0] = vfmaq_f32(sums[0], vld1q_f32(a.add(at)), vld1q_f32(b.add(at)));
            at += 4;
        }
        let mut dot = vaddvq_f32(vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3])));
        while at < count {
            dot += a.add(at).read_unaligned() * b.add(at).read();
            at += 1;
        }
        from_dot(dot)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}

#[target_feature(enable = "neon")]
unsafe fn q8_neon(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let (count, a) = (shape.dimensions, probe.bytes.as_ptr().cast::<i8>());
    let scale = probe.range / 127.0;
    // SAFETY: (1, 2) loads stay inside of `count` bytes.
    let measure = |other: *const u8| unsafe {
        let b = other.cast::<i8>();
        let mut sum = vdupq_n_s32(0);
        let mut at = 0;
        while at + 16 <= count {
            let (ours, theirs) = (vld1q_s8(a.add(at)), vld1q_s8(b.add(at)));
            // A product is at most 127², and two of them fit 16 bits.
            let low = vmull_s8(vget_low_s8(ours), vget_low_s8(theirs));
            sum = vpadalq_s16(sum, vmlal_s8(low, vget_high_s8(ours), vget_high_s8(theirs)));
            at += 16;
        }
        let mut dot = vaddvq_s32(sum);
        while at < count {
            dot += a.add(at).read() as i32 * b.add(at).read() as i32;
            at += 1;
        }
        q8_distance(dot, scale, other, shape.range_offset)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}

#[target_feature(enable = "neon")]
unsafe fn bin_neon(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let a = probe.bytes.as_ptr();
    let bytes = probe.bytes.len();
    // SAFETY: (1, 2) loads stay inside of `bytes`, which are whole words of 8.
    let measure = |other: *const u8| unsafe {
        let (mut differing, mut at) = (0u32, 0);
        while at + 16 <= bytes {
            let differ = veorq_u8(vld1q_u8(a.add(at)), vld1q_u8(other.add(at)));
            differing += vaddlvq_u8(vcntq_u8(differ)) as u32;
            at += 16;
        }
        if at < bytes {
            let differ = veor_u8(vld1_u8(a.add(at)), vld1_u8(other.add(at)));
            differing += vaddlv_u8(vcnt_u8(differ)) as u32;
        }
        bin_distance(differing, shape.dimensions)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(bytes, others, out, measure) }
}
