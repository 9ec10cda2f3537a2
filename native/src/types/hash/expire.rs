//! Fields whose time has come: taken out when a command meets them, and by the sweep.

use super::value::HashValue;
use crate::ds::entry::Object;
use crate::resp::args::OwnedArgs;
use crate::txn::{Class, Txn};

/// Takes out those of `fields` that have expired, as a command does that comes across them.
#[cold]
pub fn expire_named<'k>(txn: &mut Txn, key: &[u8], fields: impl Iterator<Item = &'k [u8]>) {
    if !txn.keep_expired {
        expire_to_replace(txn, key, fields);
    }
}

/// Takes out those of `fields` that have expired, whatever is to stay: the command sets them anew, and the log has to say that what was there is not
/// what it begins with.
#[cold]
pub fn expire_to_replace<'k>(txn: &mut Txn, key: &[u8], fields: impl Iterator<Item = &'k [u8]>) {
    let now_ms = txn.now_ms;
    let edited = txn.edit_object(key, |hash: &mut HashValue, inverses| {
        let mut gone: Vec<Box<[u8]>> = Vec::new();
        for field in fields {
            if hash.remove_expired(field, now_ms, inverses) {
                gone.push(field.into());
            }
        }
        (gone, hash.is_empty())
    });
    if let Ok(Some((gone, emptied))) = edited {
        tell_expired(txn, key, &gone, emptied);
    }
}

/// Takes out fields of the hash under `key` that have expired, about `most` of them. Gives how many went; fewer than `most`:
/// no others have expired.
pub fn expire_due(txn: &mut Txn, key: &[u8], most: usize) -> usize {
    let now_ms = txn.now_ms;
    let edited = txn.edit_object(key, |hash: &mut HashValue, inverses| {
        let gone = hash.remove_all_expired(now_ms, most, inverses);
        (gone, hash.is_empty())
    });
    let Ok(Some((gone, emptied))) = edited else { return 0 };
    tell_expired(txn, key, &gone, emptied);
    gone.len()
}

/// Counts, tells and logs that these fields have gone, and the key with them if it is `emptied`.
pub fn tell_expired(txn: &mut Txn, key: &[u8], gone: &[Box<[u8]>], emptied: bool) {
    if gone.is_empty() {
        return;
    }
    txn.expired_subkeys += gone.len() as u64;
    let names = || gone.iter().map(|field| &**field);
    txn.signal_subkeys(key, Class::Hash, "hexpired", names());
    if emptied {
        txn.signal(key, Class::Generic, "del");
    }
    if txn.record {
        let mut command = OwnedArgs::of(&[b"HDEL", key]);
        names().for_each(|field| command.push(field));
        txn.effects.push((txn.db, command));
    }
}
