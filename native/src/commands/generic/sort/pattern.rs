//! What BY and GET name: the element itself, a key made of it, or a field of a hash under such a key.
//!
//! ```text
//!   #              the element                        weight_*    key: the first `*` becomes the element
//!   no `*` in it   nothing at all                     obj_*->f    field `f` of the hash under obj_…
//! ```

use crate::ds::item::Item;
use crate::txn::Txn;
use crate::txn::access::Text;
use crate::types::hash::expire::expire_named;
use crate::types::hash::value::HashValue;

/// Keys looked up together, so that their cache misses overlap.
pub const BATCH_KEYS: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Itself,
    Nothing,
    Key(Named),
}

/// A key around an element, and a field of the hash there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    before: Box<[u8]>,
    after: Box<[u8]>,
    field: Option<Box<[u8]>>,
}

impl Pattern {
    pub fn of(text: &[u8]) -> Pattern {
        if text == b"#" {
            return Pattern::Itself;
        }
        let Some(star) = memchr::memchr(b'*', text) else { return Pattern::Nothing };
        let (before, after) = (&text[..star], &text[star + 1..]);
        // An arrow with nothing behind it is part of the key.
        let arrow = memchr::memmem::find(after, b"->").filter(|arrow| arrow + 2 < after.len());
        let (after, field) = match arrow {
            Some(arrow) => (&after[..arrow], Some(after[arrow + 2..].into())),
            None => (after, None),
        };
        Pattern::Key(Named { before: before.into(), after: after.into(), field })
    }
}

/// Keys of some elements, one behind the other.
#[derive(Default)]
pub struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u64>,
}

/// A time at which nothing has expired.
const EVER_MS: i64 = i64::MIN;

impl Keys {
    fn key(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// Takes the keys that `named` means for `elements`, and latches their shards: Err names one that is held for long.
    pub fn take<'e>(
        &mut self,
        txn: &mut Txn,
        named: &Named,
        elements: impl Iterator<Item = &'e [u8]>,
    ) -> Result<(), u32> {
        self.bytes.clear();
        self.ends.clear();
        self.hashes.clear();
        for element in elements {
            let start = self.bytes.len();
            [&named.before, element, &named.after].iter().for_each(|part| self.bytes.extend_from_slice(part));
            self.ends.push(self.bytes.len());
            let hash = txn.store.hash(&self.bytes[start..]);
            self.hashes.push(hash);
            let shard = txn.store.shard_of(hash);
            if !txn.latch(shard) {
                return Err(shard);
            }
            txn.prefetch(hash, false);
        }
        self.hashes.iter().for_each(|hash| txn.prefetch(*hash, true));
        if named.field.is_some() {
            for hash in &self.hashes {
                txn.prefetch_object(*hash);
            }
        }
        Ok(())
    }

    /// Calls `see` with what is under each of the keys taken, in their order; None: nothing that counts.
    pub fn read(&self, txn: &mut Txn, named: &Named, mut see: impl FnMut(Option<Item>)) {
        let now_ms = txn.now_ms;
        for (index, hash) in self.hashes.iter().enumerate() {
            let key = self.key(index);
            txn.prime(key, *hash);
            match &named.field {
                Some(field) => {
                    let met_expired = match txn.get_object::<HashValue>(key) {
                        Ok(Some(hash)) => {
                            let value = hash.get(field, now_ms);
                            see(value);
                            value.is_none() && hash.get(field, EVER_MS).is_some()
                        }
                        _ => {
                            see(None);
                            false
                        }
                    };
                    if met_expired {
                        expire_named(txn, key, std::iter::once(&**field));
                    }
                }
                None => match txn.get_text(key) {
                    Ok(Some(Text::Bytes(text))) => see(Some(Item::Text(text))),
                    Ok(Some(Text::Digits(_, number))) => see(Some(Item::Int(number))),
                    _ => see(None),
                },
            }
        }
        txn.unprime();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_redis_reads_them() {
        let key = |before: &str, after: &str, field: Option<&str>| {
            let field = field.map(|field| field.as_bytes().into());
            Pattern::Key(Named { before: before.as_bytes().into(), after: after.as_bytes().into(), field })
        };
        for (text, pattern) in [
            ("#", Pattern::Itself),
            ("", Pattern::Nothing),
            ("##", Pattern::Nothing),
            ("fixed->field", Pattern::Nothing),
            ("*", key("", "", None)),
            ("w_*", key("w_", "", None)),
            ("a*b*c", key("a", "b*c", None)),
            ("o_*->f", key("o_", "", Some("f"))),
            ("a->b*c->d->e", key("a->b", "c", Some("d->e"))),
            ("o_*->", key("o_", "->", None)),
            ("*->*", key("", "", Some("*"))),
        ] {
            assert_eq!(Pattern::of(text.as_bytes()), pattern, "{text}");
        }
    }
}
