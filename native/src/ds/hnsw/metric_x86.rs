//! Kernels for x86-64: AVX-512 with VNNI and VPOPCNTDQ, AVX2 with FMA, POPCNT.
//!
//! Q8 with VNNI: the instruction multiplies unsigned by signed bytes. A stored byte plus 128 is unsigned, and
//! Σ (a + 128) b = Σ ab + 128 Σ b, so 128 times the probe's sum is taken off at the end. Exact: no step saturates.
//!
//! Q8 with AVX2: |a| is unsigned, b gets the sign of a; two products of at most 127² fit 16 bits, since no byte is -128.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::*;

use super::metric::{Coding, Kernel, Probe, Shape, bin_distance, each, from_dot, q8_distance};

/// All kernels of a coding that this processor runs, the fastest first.
pub fn kernels(coding: Coding) -> Vec<Kernel> {
    let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
    let vnni = wide && is_x86_feature_detected!("avx512vnni");
    let counts = wide && is_x86_feature_detected!("avx512vpopcntdq");
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let popcnt = is_x86_feature_detected!("popcnt");
    let all: [(bool, Kernel); 3] = match coding {
        Coding::F32 => [(wide, f32_avx512), (avx2, f32_avx2), (false, f32_avx2)],
        Coding::Q8 => [(vnni, q8_vnni), (wide, q8_avx512), (avx2, q8_avx2)],
        Coding::Bin => [(counts, bin_avx512), (popcnt, bin_popcnt), (false, bin_popcnt)],
    };
    all.into_iter().filter(|(has, _)| *has).map(|(_, kernel)| kernel).collect()
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn f32_avx512(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let (count, a) = (shape.dimensions, probe.bytes.as_ptr().cast::<f32>());
    let whole = count / 16 * 16;
    let rest: __mmask16 = ((1u32 << (count - whole)) - 1) as u16;
    // SAFETY: (1, 2) loads stay inside of `count` floats, the last by its mask.
    let measure = |other: *const u8| unsafe {
        let b = other.cast::<f32>();
        let mut sums = [_mm512_setzero_ps(); 4];
        let mut at = 0;
        while at + 64 <= whole {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let place = at + lane * 16;
                *sum = _mm512_fmadd_ps(_mm512_loadu_ps(a.add(place)), _mm512_loadu_ps(b.add(place)), *sum);
            }
            at += 64;
        }
        while at < whole {
            sums[0] = _mm512_fmadd_ps(_mm512_loadu_ps(a.add(at)), _mm512_loadu_ps(b.add(at)), sums[0]);
            at += 16;
        }
        let (left, right) = (_mm512_maskz_loadu_ps(rest, a.add(whole)), _mm512_maskz_loadu_ps(rest, b.add(whole)));
        sums[1] = _mm512_fmadd_ps(left, right, sums[1]);
        let sum = _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
        from_dot(_mm512_reduce_add_ps(sum))
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn f32_avx2(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let (count, a) = (shape.dimensions, probe.bytes.as_ptr().cast::<f32>());
    let whole = count / 8 * 8;
    // SAFETY: (1, 2) loads stay inside of `count` floats, the last by its mask.
    let measure = |other: *const u8| unsafe {
        let b = other.cast::<f32>();
        let mut sums = [_mm256_setzero_ps(); 4];
        let mut at = 0;
        while at + 32 <= whole {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let place = at + lane * 8;
                *sum = _mm256_fmadd_ps(_mm256_loadu_ps(a.add(place)), _mm256_loadu_ps(b.add(place)), *sum);
            }
            at += 32;
        }
        while at < whole {
            sums[0] = _mm256_fmadd_ps(_mm256_loadu_ps(a.add(at)), _mm256_loadu_ps(b.add(at)), sums[0]);
            at += 8;
        }
        if whole < count {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((count - whole) as i32), lanes);
            let (left, right) = (_mm256_maskload_ps(a.add(whole), mask), _mm256_maskload_ps(b.add(whole), mask));
            sums[1] = _mm256_fmadd_ps(left, right, sums[1]);
        }
        let sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
        let half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
        let pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
        from_dot(_mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps(pair, pair, 1))))
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}

/// Pieces of 64 bytes, and the mask of the bytes that the last one has.
#[inline(always)]
fn lines(bytes: usize) -> (usize, __mmask64) {
    let rest = bytes % 64;
    (bytes / 64, if rest == 0 { 0 } else { (1u64 << rest) - 1 })
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn q8_vnni(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let (whole, rest) = lines(probe.bytes.len());
    let a = probe.bytes.as_ptr().cast::<i8>();
    let (flip, ones) = (_mm512_set1_epi8(i8::MIN), _mm512_set1_epi8(1));
    let scale = probe.range / 127.0;
    // SAFETY: (2) masked bytes are not read.
    let tail = unsafe { _mm512_maskz_loadu_epi8(rest, a.add(whole * 64)) };
    let mut sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), ones, tail);
    for line in 0..whole {
        // SAFETY: (2)
        sum = _mm512_dpbusd_epi32(sum, ones, unsafe { _mm512_loadu_epi8(a.add(line * 64)) });
    }
    let offset = _mm512_reduce_add_epi32(sum) * 128;
    // SAFETY: (1) whole lines of the other may be read; the probe's tail is 0 where the vector has ended.
    let measure = |other: *const u8| unsafe {
        let b = other.cast::<i8>();
        let mut sums = [_mm512_setzero_si512(); 2];
        let mut line = 0;
        while line + 2 <= whole {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let place = (line + lane) * 64;
                let theirs = _mm512_xor_si512(_mm512_loadu_epi8(b.add(place)), flip);
                *sum = _mm512_dpbusd_epi32(*sum, theirs, _mm512_loadu_epi8(a.add(place)));
            }
            line += 2;
        }
        if line < whole {
            let theirs = _mm512_xor_si512(_mm512_loadu_epi8(b.add(line * 64)), flip);
            sums[0] = _mm512_dpbusd_epi32(sums[0], theirs, _mm512_loadu_epi8(a.add(line * 64)));
        }
        if rest != 0 {
            let theirs = _mm512_xor_si512(_mm512_loadu_epi8(b.add(whole * 64)), flip);
            sums[1] = _mm512_dpbusd_epi32(sums[1], theirs, tail);
        }
        let dot = _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1])) - offset;
        q8_distance(dot, scale, other, shape.range_offset)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn q8_avx512(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let bytes = probe.bytes.len();
    let a = probe.bytes.as_ptr().cast::<i8>();
    let scale = probe.range / 127.0;
    // SAFETY: (1, 2) loads stay inside of the vectors, the last by its mask.
    let measure = |other: *const u8| unsafe {
        let b = other.cast::<i8>();
        let mut sum = _mm512_setzero_si512();
        let mut at = 0;
        while at < bytes {
            let mask = if bytes - at >= 32 { u32::MAX } else { (1u32 << (bytes - at)) - 1 };
            let ours = _mm512_cvtepi8_epi16(_mm512_castsi512_si256(_mm512_maskz_loadu_epi8(mask as u64, a.add(at))));
            let theirs = _mm512_cvtepi8_epi16(_mm512_castsi512_si256(_mm512_maskz_loadu_epi8(mask as u64, b.add(at))));
            sum = _mm512_add_epi32(sum, _mm512_madd_epi16(ours, theirs));
            at += 32;
        }
        q8_distance(_mm512_reduce_add_epi32(sum), scale, other, shape.range_offset)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(bytes, others, out, measure) }
}

#[target_feature(enable = "avx2")]
unsafe fn q8_avx2(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let bytes = probe.bytes.len();
    let (whole, rest) = (bytes / 32 * 32, bytes % 32);
    let a = probe.bytes.as_ptr();
    let mut tail = [0u8; 32];
    tail[..rest].copy_from_slice(&probe.bytes[whole..]);
    let scale = probe.range / 127.0;
    let ones = _mm256_set1_epi16(1);
    // SAFETY: (1) whole lines of the other may be read, and so halves of them; `tail` is 0 where the vector has ended.
    let measure = |other: *const u8| unsafe {
        let mut sum = _mm256_setzero_si256();
        let mut at = 0;
        while at < bytes {
            let ours = if at < whole { a.add(at) } else { tail.as_ptr() };
            let (ours, theirs) = (_mm256_loadu_si256(ours.cast()), _mm256_loadu_si256(other.add(at).cast()));
            // The other's bytes behind its end may be -128, whose absolute value is none; they meet zeros.
            let products = _mm256_maddubs_epi16(_mm256_abs_epi8(ours), _mm256_sign_epi8(theirs, ours));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(products, ones));
            at += 32;
        }
        let half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        let pair = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0b1110));
        let dot = _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32(pair, 1)));
        q8_distance(dot, scale, other, shape.range_offset)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(bytes, others, out, measure) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
unsafe fn bin_avx512(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let (whole, rest) = lines(probe.bytes.len());
    let a = probe.bytes.as_ptr().cast::<i8>();
    // SAFETY: (1, 2) loads stay inside of the vectors, the last by its mask.
    let measure = |other: *const u8| unsafe {
        let b = other.cast::<i8>();
        let (left, right) = (a.add(whole * 64), b.add(whole * 64));
        let differ = _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, left), _mm512_maskz_loadu_epi8(rest, right));
        let mut sum = _mm512_popcnt_epi64(differ);
        for line in 0..whole {
            let differ = _mm512_xor_si512(_mm512_loadu_epi8(a.add(line * 64)), _mm512_loadu_epi8(b.add(line * 64)));
            sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(differ));
        }
        bin_distance(_mm512_reduce_add_epi64(sum) as u32, shape.dimensions)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}

#[target_feature(enable = "popcnt")]
unsafe fn bin_popcnt(probe: Probe, shape: Shape, others: &[*const u8], out: &mut [f32]) {
    let words = probe.bytes.as_chunks::<8>().0;
    // SAFETY: (1, 2) stored vectors are whole words, in slots that are aligned to them.
    let measure = |other: *const u8| unsafe {
        let mut differing = 0;
        for (index, word) in words.iter().enumerate() {
            differing += (u64::from_ne_bytes(*word) ^ other.cast::<u64>().add(index).read()).count_ones();
        }
        bin_distance(differing, shape.dimensions)
    };
    // SAFETY: the caller's (1 to 3).
    unsafe { each(probe.bytes.len(), others, out, measure) }
}
