//! Vector sets, as the fields of a value that `module.rs` draws: Redis's module `vectorset`.
//!
//! ```text
//!   integers   dimensions · count · coding (0 f32, 1 Q8, 2 bits) + M << 8, 0: 16 · 1 if projected, + 2 if one has attributes
//!   if projected: integer dimensions before · string matrix
//!   per member:  string name · [string attributes] · string vector as it is stored · integer count of numbers · so many integers:
//!                number of the node · its level + version << 24 · per level: links, most links, numbers of nodes ·
//!                the bits of the vector's length, f32, and those of its range << 32
//! ```
//!
//! The links of the graph are for Redis. They are not read: a reader makes them anew, as VADD does, so that no bytes can make a
//! graph that does not hold together. Before 2026-11-27 sets were written as `zedis-vec`, which is read as well:
//!
//! ```text
//!   integers   dimensions · coding · M · dimensions before the projection, 0: none · its seed · count
//!   per member:  string name · string attributes · string vector · f32 its length · f32 its range
//! ```

use super::module;
use crate::ds::entry::Object;
use crate::ds::hnsw::metric::Coding;
use crate::ds::hnsw::{M_MAX, M_MIN};
use crate::types::vector::value::{Coded, DIMENSIONS_MAX, PLAIN, Projection, SEED, VectorSet};

const CODINGS: [Coding; 3] = [Coding::F32, Coding::Q8, Coding::Bin];

/// Of the projected sets, and of those with attributes.
const PROJECTED: u64 = 1;
const ATTRIBUTED: u64 = 2;
/// Levels that Redis has room for, less one.
const LEVEL_OF_REDIS_MAX: usize = 15;

pub fn write(set: &VectorSet, out: &mut Vec<u8>) {
    let graph = set.graph();
    let coding = CODINGS.iter().position(|coding| *coding == graph.coding()).expect("all are there") as u64;
    let attributed = set.members().iter().any(|member| member.attributes().is_some());
    let flags = if set.projection().is_some() { PROJECTED } else { 0 } | if attributed { ATTRIBUTED } else { 0 };
    for number in [graph.dimensions() as u64, set.len() as u64, coding | (graph.m() as u64) << 8, flags] {
        module::write_unsigned(number, out);
    }
    if let Some(projection) = set.projection() {
        module::write_unsigned(projection.input as u64, out);
        module::write_text(&projection.matrix(), out);
    }
    let mut numbers: Vec<u64> = Vec::new();
    for member in set.members().iter() {
        let (node, stored) = (member.node(), graph.stored(member.node()));
        module::write_text(member.name(), out);
        if attributed {
            module::write_text(member.attributes().unwrap_or_default(), out);
        }
        module::write_text(stored.bytes, out);
        // Version 0 leaves it to the reader which link is the worst.
        let level = graph.level(node).min(LEVEL_OF_REDIS_MAX);
        numbers.clear();
        numbers.extend([number_of(node), level as u64]);
        for level in 0..=level {
            let most = if level == 0 { 2 * graph.m() } else { graph.m() };
            let degree = graph.degree(node, level);
            numbers.extend([degree as u64, degree.max(most) as u64]);
            numbers.extend(graph.links(node, level).map(number_of));
        }
        numbers.push(u64::from(stored.norm.to_bits()) | u64::from(stored.range.to_bits()) << 32);
        module::write_unsigned(numbers.len() as u64, out);
        for number in &numbers {
            module::write_unsigned(*number, out);
        }
    }
    module::write_end(out);
}

/// Redis counts nodes from one.
fn number_of(node: u32) -> u64 {
    u64::from(node) + 1
}

/// A set as it was written before. None: damaged, or without members. Cost: as VADD of each member.
pub fn read_old(rest: &mut &[u8]) -> Option<Box<VectorSet>> {
    let mut number = || module::read_unsigned(rest);
    let dimensions = number()? as usize;
    let coding = *CODINGS.get(number()? as usize)?;
    let m = number()? as usize;
    let (input, seed, count) = (number()? as usize, number()?, number()?);
    let head = Head { coding, dimensions, m, input, seed, count };
    let mut set = head.set(rest)?;
    for _ in 0..count {
        let (name, attributes) = (module::read_text(rest)?, module::read_text(rest)?);
        let bytes = module::read_text(rest)?;
        let (norm, range) = (module::read_float(rest)?, module::read_float(rest)?);
        head.load(&mut set, (&name, &attributes), (bytes, norm, range))?;
    }
    module::read_end(rest)?;
    Some(set)
}

/// None: damaged, without members, or with a projection that neither Redis makes nor VADD here. Cost: as VADD of each member.
pub fn read(rest: &mut &[u8]) -> Option<Box<VectorSet>> {
    const M_OF_OLD_FILES: usize = 16;
    let mut number = || module::read_unsigned(rest);
    let (dimensions, count, config, flags) = (number()? as usize, number()?, number()?, number()?);
    let coding = *CODINGS.get((config & 0xff) as usize)?;
    let m = Some((config >> 8 & 0xffff) as usize).filter(|m| *m != 0).unwrap_or(M_OF_OLD_FILES);
    let input = if flags & PROJECTED != 0 { number()? as usize } else { 0 };
    let matrix = if flags & PROJECTED != 0 { module::read_text(rest)? } else { Vec::new() };
    let made = |seed: &u64| {
        (1..=DIMENSIONS_MAX).contains(&input)
            && (1..=input).contains(&dimensions)
            && Projection::new(*seed, input, dimensions).is_written_as(&matrix)
    };
    let seed = if flags & PROJECTED != 0 { *[PLAIN, SEED].iter().find(|seed| made(seed))? } else { PLAIN };
    let head = Head { coding, dimensions, m, input, seed, count };
    let mut set = head.set(rest)?;
    for _ in 0..count {
        let name = module::read_text(rest)?;
        let attributes = if flags & ATTRIBUTED != 0 { module::read_text(rest)? } else { Vec::new() };
        let bytes = module::read_text(rest)?;
        let mut last = None;
        for _ in 0..module::read_unsigned(rest)? {
            last = Some(module::read_unsigned(rest)?);
        }
        let last = last?;
        let (norm, range) = (f32::from_bits(last as u32), f32::from_bits((last >> 32) as u32));
        head.load(&mut set, (&name, &attributes), (bytes, norm, range))?;
    }
    module::read_end(rest)?;
    Some(set)
}

/// What stands before the members.
struct Head {
    coding: Coding,
    dimensions: usize,
    m: usize,
    /// Dimensions before the projection; 0: there is none.
    input: usize,
    seed: u64,
    count: u64,
}

impl Head {
    /// A set without members; None where `rest` cannot hold those, or a size is beyond what VADD takes.
    fn set(&self, rest: &[u8]) -> Option<Box<VectorSet>> {
        let Head { coding, dimensions, m, input, seed, count } = *self;
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
        Some(Box::new(VectorSet::new(coding, dimensions, m, projection)))
    }

    fn load(
        &self,
        set: &mut VectorSet,
        (name, attributes): (&[u8], &[u8]),
        (bytes, norm, range): (Vec<u8>, f32, f32),
    ) -> Option<()> {
        let coded = Coded::restored(self.coding, self.dimensions, bytes, norm, range)?;
        if set.node(name).is_some() || [name, attributes].iter().any(|text| u32::try_from(text.len()).is_err()) {
            return None;
        }
        set.load(name, &coded, attributes);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::Seeded;

    /// What was written before: coding, dimensions, members, bytes.
    const OLD: (Coding, usize, usize, &str) = (
        Coding::F32,
        2,
        2,
        "02020200021002000200020205016105027b7d05082ef9e43e2ef9643f03bd1b0f400300000000050162050005082ef9e4be2ef9643f03bd1b0f40030000000000",
    );

    /// What redis-server 8.6.3 wrote: coding, dimensions, members, bytes. The last one is projected from five dimensions.
    const OF_REDIS: [(Coding, usize, usize, &str); 4] = [
        (
            Coding::Q8,
            3,
            3,
            "020302030250010202050163050005032a557f02080203028001000000020202200201020202813eed3f3e0000000102813f4d41b23ebf92a805016205000503007f0002080202028001000000020202200201020302813f1126f60000000002813f8000003f80000005016105077b2278223a317d05037f3f20020b0201028001000001020202200202020302813f1126f60000000002000210020002813f5f74823f92a47600",
        ),
        (
            Coding::F32,
            2,
            2,
            "02020202024800020005016205082ef9e4be2ef9643f0207020202800100000002010210020102813eccccce000000000280400f1bbd05016105082ef9e43e2ef9643f0207020102800100000002010210020202813eccccce000000000280400f1bbd00",
        ),
        (
            Coding::Bin,
            9,
            1,
            "0209020102500202000501610508550100000000000002090201028001000001020002200200020002100200028041870e3800",
        ),
        (
            Coding::F32,
            3,
            2,
            "020302020250000201020505c3183c042ef9e43e2ee00d0300bea017c007c027400f200301e43e050162050cb2526e3f4d53b73e06a992bd0207020202800100000002010220020102813f46928400000000028040c7d707050161050cc69fcd3ed9ef0fbfce0f39bf020d020102800100000202010220020202813f46928400000000020002100200020002100200028040b22b2000",
        ),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
    }

    #[test]
    fn sets_are_read_and_damage_is_noticed_or_harmless() {
        type Reader = fn(&mut &[u8]) -> Option<Box<VectorSet>>;
        let cases = OF_REDIS.map(|case| (case, read as Reader)).into_iter().chain([(OLD, read_old as Reader)]);
        for ((coding, dimensions, members, hex), reader) in cases {
            let whole = bytes(hex);
            let mut rest = &whole[..];
            let set = reader(&mut rest).expect("whole");
            assert!(rest.is_empty());
            assert_eq!((set.graph().coding(), set.graph().dimensions(), set.len()), (coding, dimensions, members));
            // What is written is read as the same, but for the links that are made anew.
            let mut written = Vec::new();
            write(&set, &mut written);
            let again = read(&mut &written[..]).expect("as it was written");
            assert_eq!(again.projection(), set.projection());
            for member in set.members().iter() {
                let other = again.members().get(member.name()).expect("it is there");
                assert_eq!(other.attributes(), member.attributes());
                let (one, two) = (set.graph().stored(member.node()), again.graph().stored(other.node()));
                assert_eq!((one.bytes, one.norm, one.range), (two.bytes, two.norm, two.range));
            }
            for end in 0..whole.len() {
                assert!(reader(&mut &whole[..end]).is_none(), "{hex} cut at {end}");
            }
            let mut draws = Seeded(whole.len() as u64);
            for _ in 0..5000 {
                let mut damaged = whole.clone();
                for _ in 0..=draws.below(3) {
                    let at = draws.below(damaged.len() as u64) as usize;
                    damaged[at] = draws.below(256) as u8;
                }
                if let Some(set) = reader(&mut &damaged[..]) {
                    assert_eq!(set.members().len(), set.graph().len());
                }
            }
        }
    }

    /// What Redis asks of the links before it takes a set: each leads to a member, and one leads back on the same level.
    #[test]
    fn links_are_written_such_as_redis_takes_them() {
        let (mut set, mut draws) = (VectorSet::new(Coding::F32, 3, 4, None), Seeded(7));
        for member in 0..500 {
            let vector: Vec<f32> = (0..3).map(|_| draws.below(2001) as f32 / 1733.0 - 0.577).collect();
            let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
            let coded = Coded::restored(Coding::F32, 3, bytes, 1.0, 0.0).expect("of length 1 at most");
            set.load(format!("m{member}").as_bytes(), &coded, b"");
        }
        let mut written = Vec::new();
        write(&set, &mut written);
        let rest = &mut &written[..];
        let mut number = || module::read_unsigned(rest).expect("a number");
        let (_, count, _, flags) = (number(), number(), number(), number());
        assert_eq!((count, flags), (500, 0));
        let (mut numbers, mut links) = (std::collections::HashSet::new(), std::collections::HashSet::new());
        for _ in 0..count {
            module::read_text(rest).and_then(|_| module::read_text(rest)).expect("name and vector");
            let all: Vec<u64> = (0..module::read_unsigned(rest).expect("a count"))
                .map(|_| module::read_unsigned(rest).expect("a number"))
                .collect();
            assert!(numbers.insert(all[0]));
            let mut at = 2;
            for level in 0..=all[1] {
                let (degree, most) = (all[at] as usize, all[at + 1] as usize);
                assert!(degree <= most);
                for to in &all[at + 2..at + 2 + degree] {
                    assert!(*to != all[0] && links.insert((level, all[0], *to)));
                }
                at += 2 + degree;
            }
            assert_eq!(at + 1, all.len());
        }
        assert!(links.len() > 1000);
        for (level, from, to) in &links {
            assert!(numbers.contains(to) && links.contains(&(*level, *to, *from)), "{from} to {to} on {level}");
        }
    }
}
