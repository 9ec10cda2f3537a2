//! Vector sets, as the fields of a value that `module.rs` draws.
//!
//! ```text
//!   integers   dimensions · coding (0 f32, 1 Q8, 2 bits) · M · dimensions before the projection, 0: none · its seed · count
//!   per member:  string name · string attributes · string vector as it is stored · f32 its length · f32 its range
//! ```
//!
//! The links of the graph are not written: a reader makes them anew, as VADD does, so that no bytes can make a graph that
//! does not hold together.

use super::module;
use crate::ds::entry::Object;
use crate::ds::hnsw::metric::Coding;
use crate::ds::hnsw::{M_MAX, M_MIN};
use crate::types::vector::value::{Coded, DIMENSIONS_MAX, Projection, VectorSet};

const CODINGS: [Coding; 3] = [Coding::F32, Coding::Q8, Coding::Bin];

pub fn write(set: &VectorSet, out: &mut Vec<u8>) {
    let graph = set.graph();
    let coding = CODINGS.iter().position(|coding| *coding == graph.coding()).expect("all are there");
    let (input, seed) = set.projection().map_or((0, 0), |projection| (projection.input, projection.seed));
    for number in [graph.dimensions() as u64, coding as u64, graph.m() as u64, input as u64, seed, set.len() as u64] {
        module::write_unsigned(number, out);
    }
    for member in set.members().iter() {
        let stored = graph.stored(member.node());
        module::write_text(member.name(), out);
        module::write_text(member.attributes().unwrap_or_default(), out);
        module::write_text(stored.bytes, out);
        module::write_float(stored.norm, out);
        module::write_float(stored.range, out);
    }
    module::write_end(out);
}

/// None: damaged, or without members. Cost: as VADD of each member.
pub fn read(rest: &mut &[u8]) -> Option<Box<VectorSet>> {
    let mut number = || module::read_unsigned(rest);
    let dimensions = number()? as usize;
    let coding = *CODINGS.get(number()? as usize)?;
    let m = number()? as usize;
    let (input, seed, count) = (number()? as usize, number()?, number()?);
    let sizes = 1..=DIMENSIONS_MAX;
    let projected = input != 0;
    if !sizes.contains(&dimensions) || !(M_MIN..=M_MAX).contains(&m) {
        return None;
    }
    if projected && (!sizes.contains(&input) || input < dimensions) {
        return None;
    }
    // What a member takes at least.
    if count == 0 || count.checked_mul(coding.bytes(dimensions).min(16) as u64)? > rest.len() as u64 {
        return None;
    }
    let projection = projected.then(|| Projection::new(seed, input, dimensions));
    let mut set = Box::new(VectorSet::new(coding, dimensions, m, projection));
    for _ in 0..count {
        let (name, attributes) = (module::read_text(rest)?, module::read_text(rest)?);
        let bytes = module::read_text(rest)?;
        let (norm, range) = (module::read_float(rest)?, module::read_float(rest)?);
        let coded = Coded::restored(coding, dimensions, bytes, norm, range)?;
        if set.node(&name).is_some() || [&name, &attributes].iter().any(|text| u32::try_from(text.len()).is_err()) {
            return None;
        }
        set.load(&name, &coded, &attributes);
    }
    module::read_end(rest)?;
    Some(set)
}
