//! Whole numbers of any size, as far as `extended` needs them to read and print exactly.

use super::extended::{Extended, round};

/// A natural number of any size: 32 bits a limb, least first, no zero limbs on top.
#[derive(Default, Clone)]
pub(super) struct Natural {
    limbs: Vec<u32>,
}

impl From<u128> for Natural {
    fn from(value: u128) -> Natural {
        let mut natural = Natural { limbs: (0..4).map(|limb| (value >> (limb * 32)) as u32).collect() };
        natural.trim();
        natural
    }
}

impl Natural {
    pub(super) fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    pub(super) fn bits(&self) -> u32 {
        self.limbs.last().map_or(0, |top| self.limbs.len() as u32 * 32 - top.leading_zeros())
    }

    pub(super) fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = addend as u64;
        for limb in &mut self.limbs {
            carry += *limb as u64 * factor as u64;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            self.limbs.push(carry as u32);
        }
    }

    pub(super) fn times(&self, other: &Natural) -> Natural {
        let mut limbs = vec![0u32; self.limbs.len() + other.limbs.len()];
        for (at, left) in self.limbs.iter().enumerate() {
            let mut carry = 0u64;
            for (offset, right) in other.limbs.iter().enumerate() {
                carry += limbs[at + offset] as u64 + *left as u64 * *right as u64;
                limbs[at + offset] = carry as u32;
                carry >>= 32;
            }
            limbs[at + other.limbs.len()] = carry as u32;
        }
        let mut product = Natural { limbs };
        product.trim();
        product
    }

    /// This times 2^`by`.
    pub(super) fn shifted(&self, by: u32) -> Natural {
        let mut limbs = vec![0u32; by as usize / 32];
        let by = by % 32;
        let mut carry = 0u64;
        for limb in &self.limbs {
            carry |= (*limb as u64) << by;
            limbs.push(carry as u32);
            carry >>= 32;
        }
        limbs.push(carry as u32);
        let mut natural = Natural { limbs };
        natural.trim();
        natural
    }

    pub(super) fn double(&mut self) {
        let mut carry = 0;
        for limb in &mut self.limbs {
            let next = *limb >> 31;
            *limb = *limb << 1 | carry;
            carry = next;
        }
        if carry != 0 {
            self.limbs.push(carry);
        }
    }

    pub(super) fn at_least(&self, other: &Natural) -> bool {
        let (ours, theirs) = (self.limbs.len(), other.limbs.len());
        ours.cmp(&theirs).then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev())).is_ge()
    }

    /// Takes away a number that is not larger.
    pub(super) fn subtract(&mut self, other: &Natural) {
        let mut borrow = 0i64;
        for (at, limb) in self.limbs.iter_mut().enumerate() {
            let value = *limb as i64 - *other.limbs.get(at).unwrap_or(&0) as i64 + borrow;
            *limb = value as u32;
            borrow = value >> 32;
        }
        self.trim();
    }

    pub(super) fn round(&self, negative: bool) -> Extended {
        let drop = self.bits().saturating_sub(128);
        let mut wide = 0u128;
        for bit in (drop..self.bits()).rev() {
            wide = wide << 1 | (self.limbs[bit as usize / 32] >> (bit % 32) & 1) as u128;
        }
        let more = (0..drop).any(|bit| self.limbs[bit as usize / 32] >> (bit % 32) & 1 == 1);
        round(negative, wide, drop as i32, more)
    }

    pub(super) fn to_decimal(&self) -> String {
        const CHUNK: u64 = 1_000_000_000;
        let mut rest = self.clone();
        let mut chunks = Vec::new();
        while !rest.is_zero() {
            let mut remainder = 0u64;
            for limb in rest.limbs.iter_mut().rev() {
                remainder = remainder << 32 | *limb as u64;
                *limb = (remainder / CHUNK) as u32;
                remainder %= CHUNK;
            }
            rest.trim();
            chunks.push(remainder);
        }
        let mut text = chunks.pop().map_or("0".to_string(), |top| top.to_string());
        for chunk in chunks.iter().rev() {
            text.push_str(&format!("{chunk:09}"));
        }
        text
    }
}
