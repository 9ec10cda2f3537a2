//! Lists of field names that a connection has prepared (HIMPORT), by name.

use std::collections::HashMap;

/// Bytes of the lists of one connection, at most. Redis bounds them by maxmemory-clients alone.
pub const FIELDSETS_BYTES_MAX: usize = 64 << 20;

/// What the map and the boxes around a name cost, about.
const NAME_BYTES: usize = 32;

type List = Box<[Box<[u8]>]>;

/// One word while there are none, as with nearly every connection.
#[derive(Default)]
pub struct Fieldsets(Option<Box<Lists>>);

#[derive(Default)]
struct Lists {
    by_name: HashMap<Box<[u8]>, List>,
    bytes: usize,
}

impl Fieldsets {
    /// Puts a list in, in place of one of the same name. False: the lists would take too much room.
    pub fn put<'f>(&mut self, name: &[u8], fields: impl Iterator<Item = &'f [u8]>) -> bool {
        let list: List = fields.map(Box::from).collect();
        let before = self.get(name).map_or(0, |old| bytes_of(name, old));
        let bytes = self.memory_bytes() - before + bytes_of(name, &list);
        if bytes > FIELDSETS_BYTES_MAX {
            return false;
        }
        let lists = self.0.get_or_insert_default();
        lists.bytes = bytes;
        lists.by_name.insert(name.into(), list);
        true
    }

    pub fn get(&self, name: &[u8]) -> Option<&[Box<[u8]>]> {
        self.0.as_ref()?.by_name.get(name).map(|list| &**list)
    }

    /// Takes a list out; false if there was none of that name.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let Some(lists) = &mut self.0 else { return false };
        let Some(list) = lists.by_name.remove(name) else { return false };
        lists.bytes -= bytes_of(name, &list);
        if lists.by_name.is_empty() {
            self.0 = None;
        }
        true
    }

    /// Takes all out, and gives how many there were.
    pub fn clear(&mut self) -> usize {
        self.0.take().map_or(0, |lists| lists.by_name.len())
    }

    /// Bytes on the heap, about.
    pub fn memory_bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |lists| lists.bytes)
    }
}

fn bytes_of(name: &[u8], list: &[Box<[u8]>]) -> usize {
    NAME_BYTES + name.len() + list.iter().map(|field| NAME_BYTES + field.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list<'f>(fields: &'f [&'f [u8]]) -> impl Iterator<Item = &'f [u8]> {
        fields.iter().copied()
    }

    #[test]
    fn lists_are_replaced_removed_and_counted_and_have_a_limit() {
        let mut sets = Fieldsets::default();
        assert!(sets.put(b"a", list(&[b"x", b"y"])) && sets.put(b"b", list(&[b"z"])));
        let bytes = sets.memory_bytes();
        assert!(sets.put(b"a", list(&[b"w"])) && sets.memory_bytes() < bytes);
        assert_eq!(sets.get(b"a").map(|list| list.len()), Some(1));
        assert!(sets.remove(b"a") && !sets.remove(b"a") && sets.get(b"a").is_none());
        let large = vec![b'f'; FIELDSETS_BYTES_MAX];
        assert!(!sets.put(b"b", list(&[&large])) && sets.get(b"b").is_some(), "the old one stays");
        assert_eq!((sets.clear(), sets.clear(), sets.memory_bytes()), (1, 0, 0));
    }
}
