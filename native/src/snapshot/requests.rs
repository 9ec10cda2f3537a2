//! A key as the requests that make it, as Redis writes the base of an append-only file that is no RDB file.
//!
//! ```text
//!   text     SET key text                       array    ARMSET key index text …    ARSEEK key next
//!   list     RPUSH key element …                stream   XADD key id field text …   XSETID key last ENTRIESADDED n MAXDELETEDID id
//!   set      SADD key member …                           XGROUP CREATE key group last ENTRIESREAD n
//!   zset     ZADD key score member …                     XGROUP CREATECONSUMER key group consumer
//!   hash     HMSET key field text …                      XCLAIM key group consumer 0 id TIME ms RETRYCOUNT n JUSTID FORCE
//!            HPEXPIREAT key ms FIELDS 1 field   all      PEXPIREAT key ms
//! ```
//!
//! With RESTORE stands what no request makes as it is: vector sets, whose vectors are stored with a loss, and streams where an entry is pending that is
//! deleted or belongs to nobody (Redis forgets those here).

use super::payload;
use crate::ds::entry::{EntryRef, Object, Value};
use crate::ds::sliced::{INDEX_MAX, NUMBER_BYTES_MAX};
use crate::resp::args::OwnedArgs;
use crate::resp::number::percent_17g;
use crate::txn::record::push_request;
use crate::types::array::value::ArrayValue;
use crate::types::hash::value::HashValue;
use crate::types::list::value::ListValue;
use crate::types::set::value::SetValue;
use crate::types::stream::value::{Group, Id, NOBODY, StreamValue};
use crate::types::zset::value::ZsetValue;

/// Elements of one request, as in Redis.
const ITEMS_MAX: usize = 64;

/// Appends the requests that make a key.
pub fn write(entry: EntryRef<'_>, out: &mut Vec<u8>) {
    let key = entry.key();
    let whole = match entry.value() {
        Value::Int(number) => push(out, &[b"SET", key, itoa::Buffer::new().format(number).as_bytes()]),
        Value::Bytes(text) => push(out, &[b"SET", key, text]),
        Value::Object(object) => write_object(key, object, out),
    };
    if whole.is_none() {
        let expiry = entry.expiry().unwrap_or(0).to_string();
        push(out, &[b"RESTORE", key, expiry.as_bytes(), &payload::write(entry), b"ABSTTL"]);
    } else if let Some(at_ms) = entry.expiry() {
        push(out, &[b"PEXPIREAT", key, at_ms.to_string().as_bytes()]);
    }
}

/// Some, so that whoever has written a value says so.
fn push(out: &mut Vec<u8>, words: &[&[u8]]) -> Option<()> {
    push_request(out, OwnedArgs::of(words).borrow());
    Some(())
}

/// None: it takes RESTORE; nothing was appended.
fn write_object(key: &[u8], object: &dyn Object, out: &mut Vec<u8>) -> Option<()> {
    let any = object.as_any();
    if let Some(stream) = any.downcast_ref::<StreamValue>() {
        return write_stream(key, stream, out);
    }
    if let Some(hash) = any.downcast_ref::<HashValue>() {
        write_hash(key, hash, out);
    } else if let Some(list) = any.downcast_ref::<ListValue>() {
        let mut chunks = Chunks::new(out, b"RPUSH", key);
        list.for_each(|element| chunks.push(&[&element.to_vec()]));
        chunks.close();
    } else if let Some(set) = any.downcast_ref::<SetValue>() {
        let mut chunks = Chunks::new(out, b"SADD", key);
        set.for_each(|member| chunks.push(&[&member.to_vec()]));
        chunks.close();
    } else if let Some(zset) = any.downcast_ref::<ZsetValue>() {
        let mut chunks = Chunks::new(out, b"ZADD", key);
        zset.iter().for_each(|(member, score)| chunks.push(&[percent_17g(score).as_bytes(), &member.to_vec()]));
        chunks.close();
    } else if let Some(array) = any.downcast_ref::<ArrayValue>() {
        write_array(key, array, out);
    } else {
        return None;
    }
    Some(())
}

fn write_hash(key: &[u8], hash: &HashValue, out: &mut Vec<u8>) {
    let mut chunks = Chunks::new(out, b"HMSET", key);
    hash.for_each_expiring(|field, value, _| chunks.push(&[&field.to_vec(), &value.to_vec()]));
    chunks.close();
    // All of them last: where the first ones are due at the load, the key must not go and come back.
    hash.for_each_expiring(|field, _, expiry| {
        if let Some(at_ms) = expiry {
            push(out, &[b"HPEXPIREAT", key, at_ms.to_string().as_bytes(), b"FIELDS", b"1", &field.to_vec()]);
        }
    });
}

fn write_array(key: &[u8], array: &ArrayValue, out: &mut Vec<u8>) {
    let mut chunks = Chunks::new(out, b"ARMSET", key);
    array.elements().walk(0, INDEX_MAX, |index, word| {
        chunks.push(&[index.to_string().as_bytes(), word.text(&mut [0; NUMBER_BYTES_MAX])]);
        true
    });
    chunks.close();
    if let Some(index) = array.inserted() {
        push(out, &[b"ARSEEK", key, (index + 1).to_string().as_bytes()]);
    }
}

fn write_stream(key: &[u8], stream: &StreamValue, out: &mut Vec<u8>) -> Option<()> {
    let is_there = |id: Id| {
        let mut found = false;
        stream.entries().range(id, id, |_| {
            found = true;
            false
        });
        found
    };
    let plain = |group: &Group| group.pel().from(Id::MIN).all(|row| row.owner != NOBODY && is_there(row.id));
    if !stream.groups().all(|(_, group)| plain(group)) {
        return None;
    }
    let text = |id: Id| format!("{}-{}", id.ms, id.seq).into_bytes();
    stream.entries().range(Id::MIN, Id::MAX, |entry| {
        let mut words = OwnedArgs::of(&[b"XADD", key, &text(entry.id)]);
        for (name, value) in entry.pairs().1 {
            words.push(&name.to_vec());
            words.push(&value.to_vec());
        }
        push_request(out, words.borrow());
        true
    });
    if stream.length() == 0 {
        push(out, &[b"XADD", key, b"MAXLEN", b"0", b"0-1", b"x", b"y"]);
    }
    let state = *stream.state();
    let (last, deleted, added) = (text(state.last_id), text(state.max_deleted), state.entries_added.to_string());
    push(out, &[b"XSETID", key, &last, b"ENTRIESADDED", added.as_bytes(), b"MAXDELETEDID", &deleted]);
    for (name, group) in stream.groups() {
        let (last, read) = (text(group.last_id), group.entries_read.to_string());
        push(out, &[b"XGROUP", b"CREATE", key, name, &last, b"ENTRIESREAD", read.as_bytes()]);
        for (number, consumer) in group.consumers() {
            if consumer.pending == 0 {
                push(out, &[b"XGROUP", b"CREATECONSUMER", key, name, &consumer.name]);
            }
            for row in group.pending_of(number, Id::MIN) {
                let (id, time, count) = (text(row.id), row.time.to_string(), row.count.to_string());
                let head: [&[u8]; 6] = [b"XCLAIM", key, name, &consumer.name, b"0", &id];
                let tail: [&[u8]; 6] = [b"TIME", time.as_bytes(), b"RETRYCOUNT", count.as_bytes(), b"JUSTID", b"FORCE"];
                push(out, &[head, tail].concat());
            }
        }
    }
    Some(())
}

/// Requests of one name on one key, each of some elements.
struct Chunks<'o> {
    out: &'o mut Vec<u8>,
    name: &'static [u8],
    key: &'o [u8],
    words: OwnedArgs,
    items: usize,
}

impl<'o> Chunks<'o> {
    fn new(out: &'o mut Vec<u8>, name: &'static [u8], key: &'o [u8]) -> Chunks<'o> {
        Chunks { out, name, key, words: OwnedArgs::default(), items: 0 }
    }

    fn push(&mut self, words: &[&[u8]]) {
        if self.items == 0 {
            self.words.clear();
            self.words.push(self.name);
            self.words.push(self.key);
        }
        words.iter().for_each(|word| self.words.push(word));
        self.items += 1;
        if self.items == ITEMS_MAX {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.items > 0 {
            push_request(self.out, self.words.borrow());
        }
        self.items = 0;
    }
}
