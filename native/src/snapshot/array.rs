//! Arrays, as the fields of a value that `module.rs` draws.
//!
//! ```text
//!   integer   1 + the index written last by insertion, 0: none      integer  count
//!   per element, in order:  integer  index    string  text
//! ```

use super::module;
use crate::ds::entry::Object;
use crate::ds::sliced::{INDEX_MAX, NUMBER_BYTES_MAX};
use crate::txn::edit::Inverses;
use crate::types::array::value::ArrayValue;

pub fn write(array: &ArrayValue, out: &mut Vec<u8>) {
    module::write_unsigned(array.inserted().map_or(0, |index| index + 1), out);
    module::write_unsigned(array.len() as u64, out);
    array.elements().walk(0, INDEX_MAX, |index, word| {
        module::write_unsigned(index, out);
        module::write_text(word.text(&mut [0; NUMBER_BYTES_MAX]), out);
        true
    });
    module::write_end(out);
}

/// None: damaged, or without elements.
pub fn read(rest: &mut &[u8]) -> Option<ArrayValue> {
    let inserted = module::read_unsigned(rest)?.checked_sub(1);
    let count = module::read_unsigned(rest)?;
    // Both fields of an element are two bytes at least.
    if count == 0 || count.checked_mul(4)? > rest.len() as u64 {
        return None;
    }
    let mut array = ArrayValue::default();
    let mut next = 0;
    for _ in 0..count {
        let (index, text) = (module::read_unsigned(rest)?, module::read_text(rest)?);
        if index < next || index > INDEX_MAX || u32::try_from(text.len()).is_err() {
            return None;
        }
        next = index + 1;
        array.set(std::iter::once((index, &text[..])), &mut Inverses::off());
    }
    array.set_inserted(inserted, &mut Inverses::off());
    module::read_end(rest)?;
    Some(array)
}
