//! Writing streams, in the form that `stream.rs` draws.

use super::bytes::{write_length, write_number, write_string};
use super::listpack::Listpack;
use super::stream::{ID_BYTES, NAMED_AS_FIRST, NOBODY_SEEN_MS};
use super::value::kind;
use crate::ds::item::Item;
use crate::types::stream::value::{Group, Id, NOBODY, StreamValue};

/// How large the blocks are that are written: Redis's own defaults for its nodes.
const BLOCK_ENTRIES_MAX: usize = 100;
const BLOCK_BYTES_MAX: usize = 4096;

pub fn write(stream: &StreamValue, out: &mut Vec<u8>) {
    out.push(kind::STREAM_2);
    let mut blocks = Blocks::default();
    stream.entries().range(Id::MIN, Id::MAX, |entry| {
        let pairs: Vec<(Item, Item)> = entry.pairs().1.collect();
        blocks.push(entry.id, &pairs);
        true
    });
    blocks.close();
    write_length(blocks.count, out);
    out.append(&mut blocks.out);
    let state = *stream.state();
    write_number(stream.length(), out);
    for id in [state.last_id, state.first_id, state.max_deleted] {
        write_id(id, out);
    }
    write_number(state.entries_added, out);
    write_length(stream.groups().len(), out);
    for (name, group) in stream.groups() {
        write_string(name, out);
        write_id(group.last_id, out);
        write_number(group.entries_read as u64, out);
        write_group(group, out);
    }
}

fn write_group(group: &Group, out: &mut Vec<u8>) {
    let mut given_back = Vec::new();
    write_length(group.pel().len() as usize, out);
    group.pel().from(Id::MIN).for_each(|row| {
        out.extend(raw(row.id));
        let time = if row.owner == NOBODY { 0 } else { row.time };
        out.extend(time.to_le_bytes());
        write_number(row.count, out);
        if row.owner == NOBODY {
            given_back.push(row);
        }
    });
    write_length(group.consumers().len() + !given_back.is_empty() as usize, out);
    for (number, consumer) in group.consumers() {
        write_string(&consumer.name, out);
        out.extend(consumer.seen_ms.to_le_bytes());
        write_length(consumer.pending as usize, out);
        group.pending_of(number, Id::MIN).for_each(|row| out.extend(raw(row.id)));
    }
    if !given_back.is_empty() {
        write_string(b"", out);
        out.extend(NOBODY_SEEN_MS.to_le_bytes());
        write_length(given_back.len(), out);
        // In the order in which they will be delivered again.
        given_back.sort_by_key(|row| row.time);
        given_back.iter().for_each(|row| out.extend(raw(row.id)));
    }
}

fn raw(id: Id) -> [u8; ID_BYTES] {
    ((id.ms as u128) << 64 | id.seq as u128).to_be_bytes()
}

fn write_id(id: Id, out: &mut Vec<u8>) {
    write_number(id.ms, out);
    write_number(id.seq, out);
}

/// Blocks of entries on their way out.
#[derive(Default)]
struct Blocks {
    out: Vec<u8>,
    count: usize,
    base: Id,
    names: Vec<Vec<u8>>,
    /// The block's entries, without its head, which counts them.
    entries: Vec<(Id, bool, Vec<Vec<u8>>)>,
    bytes: usize,
}

impl Blocks {
    fn push(&mut self, id: Id, pairs: &[(Item, Item)]) {
        let bytes: usize = pairs.iter().map(|(name, value)| name.text_len() + value.text_len()).sum();
        if self.entries.len() >= BLOCK_ENTRIES_MAX || self.bytes + bytes > BLOCK_BYTES_MAX {
            self.close();
        }
        let names: Vec<Vec<u8>> = pairs.iter().map(|(name, _)| name.to_vec()).collect();
        if self.entries.is_empty() {
            (self.base, self.names) = (id, names.clone());
        }
        self.bytes += bytes;
        let named = names == self.names;
        let values = pairs.iter().map(|(_, value)| value.to_vec());
        let texts = match named {
            true => values.collect(),
            false => names.into_iter().zip(values).flat_map(|(name, value)| [name, value]).collect(),
        };
        self.entries.push((id, named, texts));
    }

    fn close(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        let mut pack = Listpack::new();
        pack.int(self.entries.len() as i64);
        pack.int(0);
        pack.int(self.names.len() as i64);
        self.names.iter().for_each(|name| pack.text(name));
        pack.int(0);
        for (id, named, texts) in self.entries.drain(..) {
            pack.int(if named { NAMED_AS_FIRST } else { 0 });
            pack.int(id.ms.wrapping_sub(self.base.ms) as i64);
            pack.int(id.seq.wrapping_sub(self.base.seq) as i64);
            if !named {
                pack.int(texts.len() as i64 / 2);
            }
            texts.iter().for_each(|text| pack.text(text));
            pack.int(texts.len() as i64 + if named { 3 } else { 4 });
        }
        write_string(&raw(self.base), &mut self.out);
        write_string(&pack.finish(), &mut self.out);
        self.count += 1;
        self.bytes = 0;
    }
}
