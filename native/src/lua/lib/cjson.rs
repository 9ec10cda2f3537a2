//! `cjson`: JSON, as lua-cjson 2.1.0 of Redis's sources writes and reads it.
//!
//! A table is an array if all its keys are integers from 1; an empty one is `{}`, but for those that `decode_array_with_array_mt` (of Redis 8) had
//! marked as arrays. Null is light userdata of the address 0. Bytes
//! that are not UTF-8 pass as they are. What a script sets (`cjson.encode_max_depth(…)` and so on) belongs to the table that
//! [`open`] or `cjson.new()` made, and stays for the scripts after it, as with Redis.

mod decode;
mod encode;

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::rc::Rc;

use mlua::{Lua, Table, Value};

use super::{Arguments, Failure, function_of_many, function_of_one};
use crate::lua::guards::READONLY;

/// What one `cjson` table was told.
struct Settings {
    /// Whether arrays with few elements for their length become objects. They are an error otherwise.
    sparse_convert: Cell<i32>,
    /// Length over elements from which an array is sparse; 0: never.
    sparse_ratio: Cell<i32>,
    /// Length up to which none is.
    sparse_safe: Cell<i32>,
    encode_max_depth: Cell<i32>,
    decode_max_depth: Cell<i32>,
    /// 0: NaN and infinities are errors, 1: are written as C prints them, 2: are null.
    encode_invalid_numbers: Cell<i32>,
    /// Whether hexadecimal numbers, NaN, infinities and zeros in front are read.
    decode_invalid_numbers: Cell<i32>,
    number_precision: Cell<i32>,
    /// Whether arrays that are read are marked as such.
    mark_arrays: Cell<i32>,
    /// What marks them: the table behind their metatables.
    mark: *const c_void,
    /// Read and set by scripts; the buffer is kept in either case, up to `encode::KEPT_BYTES_MAX`.
    keep_buffer: Cell<i32>,
    buffer: RefCell<Vec<u8>>,
}

const OFF_ON: &[&str] = &["off", "on"];
const OFF_ON_NULL: &[&str] = &["off", "on", "null"];

pub fn open(lua: &Lua) -> mlua::Result<Table> {
    let settings = Rc::new(Settings {
        sparse_convert: Cell::new(0),
        sparse_ratio: Cell::new(2),
        sparse_safe: Cell::new(10),
        encode_max_depth: Cell::new(1000),
        decode_max_depth: Cell::new(1000),
        encode_invalid_numbers: Cell::new(0),
        decode_invalid_numbers: Cell::new(1),
        number_precision: Cell::new(14),
        mark_arrays: Cell::new(0),
        mark: array_mark(lua)?.to_pointer(),
        keep_buffer: Cell::new(1),
        buffer: RefCell::default(),
    });
    let table = lua.create_table()?;
    let with = |body: fn(&Settings, Arguments) -> Result<Value, Failure>| {
        let settings = settings.clone();
        function_of_one(lua, move |arguments| body(&settings, arguments))
    };
    table.set("encode", with(encode::encode)?)?;
    table.set("decode", with(decode::decode)?)?;
    let sparse = settings.clone();
    table.set("encode_sparse_array", function_of_many(lua, move |a| sparse.set_sparse(&a))?)?;
    table.set("encode_max_depth", with(|s, a| integer_of_one(&a, &s.encode_max_depth, 1, i32::MAX))?)?;
    table.set("decode_max_depth", with(|s, a| integer_of_one(&a, &s.decode_max_depth, 1, i32::MAX))?)?;
    table.set("decode_array_with_array_mt", with(|s, a| choice_of_one(&a, &s.mark_arrays, OFF_ON))?)?;
    table.set("encode_number_precision", with(|s, a| integer_of_one(&a, &s.number_precision, 1, 14))?)?;
    table.set("encode_keep_buffer", with(|s, a| choice_of_one(&a, &s.keep_buffer, OFF_ON))?)?;
    table.set("encode_invalid_numbers", with(|s, a| choice_of_one(&a, &s.encode_invalid_numbers, OFF_ON_NULL))?)?;
    table.set("decode_invalid_numbers", with(|s, a| choice_of_one(&a, &s.decode_invalid_numbers, OFF_ON))?)?;
    table.set("new", function_of_one(lua, |a| Ok(open(a.lua)?))?)?;
    table.set("null", Value::NULL)?;
    table.set("_NAME", "cjson")?;
    table.set("_VERSION", "2.1.0")?;
    Ok(table)
}

/// Where the interpreter keeps what marks arrays.
const MARK: &str = "cjson array";
/// The field that a script finds in an array's metatable, or gives to one of its own.
const IS_ARRAY: &str = "__is_cjson_array";

/// The table that stands behind the metatable of every array that is marked:
///
/// ```text
///   array ──metatable──▶ {} ──metatable──▶ mark: __index ─▶ {__is_cjson_array = true}, __newindex ─▶ error: readonly table
/// ```
///
/// Nothing in the empty table changes how the array behaves, and nobody can put something there.
fn array_mark(lua: &Lua) -> mlua::Result<Table> {
    if let Some(mark) = lua.named_registry_value(MARK)? {
        return Ok(mark);
    }
    let (mark, fields) = (lua.create_table()?, lua.create_table()?);
    fields.raw_set(IS_ARRAY, true)?;
    mark.raw_set("__index", fields)?;
    mark.raw_set("__newindex", function_of_one(lua, |_| Err::<Value, _>(Failure::text(READONLY)))?)?;
    mark.raw_set("__metatable", false)?;
    lua.set_named_registry_value(MARK, &mark)?;
    Ok(mark)
}

/// Marks a table as an array.
fn mark_array(lua: &Lua, table: &Table) -> mlua::Result<()> {
    let metatable = lua.create_table()?;
    metatable.set_metatable(Some(array_mark(lua)?))?;
    table.set_metatable(Some(metatable))
}

impl Settings {
    fn set_sparse(&self, arguments: &Arguments) -> Result<Vec<Value>, Failure> {
        at_most(arguments, 3)?;
        let convert = choice(arguments, 1, &self.sparse_convert, OFF_ON)?;
        let ratio = integer(arguments, 2, &self.sparse_ratio, 0, i32::MAX)?;
        let safe = integer(arguments, 3, &self.sparse_safe, 0, i32::MAX)?;
        Ok(vec![convert, ratio, safe])
    }
}

fn at_most(arguments: &Arguments, count: usize) -> Result<(), Failure> {
    if arguments.count() <= count { Ok(()) } else { Err(Failure::argument(count + 1, "found too many arguments")) }
}

fn integer_of_one(arguments: &Arguments, setting: &Cell<i32>, least: i32, most: i32) -> Result<Value, Failure> {
    at_most(arguments, 1)?;
    integer(arguments, 1, setting, least, most)
}

fn choice_of_one(arguments: &Arguments, setting: &Cell<i32>, names: &[&str]) -> Result<Value, Failure> {
    at_most(arguments, 1)?;
    choice(arguments, 1, setting, names)
}

/// Sets `setting` if the argument is there, and gives what it is now.
fn integer(arguments: &Arguments, number: usize, setting: &Cell<i32>, least: i32, most: i32) -> Result<Value, Failure> {
    if !arguments.is_nil(number) {
        let value = arguments.integer(number)? as i32;
        if !(least..=most).contains(&value) {
            // Of the first argument, whichever it is.
            return Err(Failure::argument(1, format!("expected integer between {least} and {most}")));
        }
        setting.set(value);
    }
    Ok(Value::Integer(setting.get().into()))
}

/// As [`integer`], for a boolean or one of `names`.
fn choice(arguments: &Arguments, number: usize, setting: &Cell<i32>, names: &[&str]) -> Result<Value, Failure> {
    match arguments.value(number) {
        None | Some(Value::Nil) => (),
        Some(Value::Boolean(is_on)) => setting.set((*is_on).into()),
        Some(_) => {
            let name = arguments.string(number)?;
            let name = name.as_bytes();
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            let Some(value) = names.iter().position(|known| known.as_bytes() == name) else {
                return Err(Failure::argument(number, [b"invalid option '", name, b"'"].concat()));
            };
            setting.set(value as i32);
        }
    }
    Ok(match setting.get() {
        value @ (0 | 1) => Value::Boolean(value == 1),
        value => Value::String(arguments.lua.create_string(names[value as usize])?),
    })
}

#[cfg(test)]
mod tests {
    use crate::lua::lib::tests::table;

    #[test]
    fn arrays_that_are_marked_stay_arrays() {
        table(&[
            ("return cjson.decode_array_with_array_mt()", "false"),
            ("return cjson.encode(cjson.decode('[]')), cjson.encode(cjson.decode('{\"a\":[]}'))", "{} {\"a\":{}}"),
            (
                "cjson.decode_array_with_array_mt(true) return cjson.encode(cjson.decode('[]')), cjson.encode(cjson.decode('{\"a\":[[],{}]}'))",
                "[] {\"a\":[[],{}]}",
            ),
            (
                "cjson.decode_array_with_array_mt(true) local t = cjson.decode('[1,2]') t[2] = nil t[1] = nil return cjson.encode(t), #t, tostring(t.none), tostring(t[1])",
                "[] 0 nil nil",
            ),
            // What is no element of an array is passed over, as in C.
            (
                "cjson.decode_array_with_array_mt(true) local t = cjson.decode('[1]') t.more = 2 return cjson.encode(t)",
                "[1]",
            ),
            (
                "cjson.decode_array_with_array_mt(true) local m = getmetatable(cjson.decode('[]')) return m.__is_cjson_array, tostring(m.none), getmetatable(m)",
                "true nil false",
            ),
            (
                "cjson.decode_array_with_array_mt(true) getmetatable(cjson.decode('[]')).__is_cjson_array = nil",
                "error: user_script:1: Attempt to modify a readonly table",
            ),
            (
                "cjson.decode_array_with_array_mt(true) local t = setmetatable(cjson.decode('[]'), nil) return cjson.encode(t)",
                "{}",
            ),
            ("return cjson.encode(setmetatable({}, {other = 1, __is_cjson_array = true}))", "[]"),
            ("return cjson.encode(setmetatable({}, {__is_cjson_array = false}))", "{}"),
            // Each table of settings has its own; the mark is known to all.
            (
                "local other = cjson.new() other.decode_array_with_array_mt(true) return cjson.encode(cjson.decode('[]')), cjson.encode(other.decode('[]'))",
                "{} []",
            ),
        ]);
    }

    #[test]
    fn settings_are_read_set_and_checked() {
        table(&[
            (
                "return cjson._NAME, cjson._VERSION, tostring(cjson.null), type(cjson.null)",
                "cjson 2.1.0 userdata: (nil) userdata",
            ),
            ("return cjson.encode_sparse_array()", "false 2 10"),
            ("return cjson.encode_sparse_array(true, 3, 4)", "true 3 4"),
            ("return cjson.encode_max_depth(), cjson.decode_max_depth(7), cjson.decode_max_depth()", "1000 7 7"),
            (
                "return cjson.encode_number_precision(3), cjson.encode_keep_buffer('off'), cjson.encode_keep_buffer()",
                "3 false false",
            ),
            ("return cjson.encode_invalid_numbers('null'), cjson.decode_invalid_numbers()", "null true"),
            (
                "return cjson.encode_max_depth(0)",
                "error: user_script:1: bad argument #1 to 'encode_max_depth' (expected integer between 1 and 2147483647)",
            ),
            (
                "return cjson.encode_number_precision(15)",
                "error: user_script:1: bad argument #1 to 'encode_number_precision' (expected integer between 1 and 14)",
            ),
            (
                "return cjson.encode_sparse_array(true, -1)",
                "error: user_script:1: bad argument #1 to 'encode_sparse_array' (expected integer between 0 and 2147483647)",
            ),
            (
                "return cjson.encode_keep_buffer('x')",
                "error: user_script:1: bad argument #1 to 'encode_keep_buffer' (invalid option 'x')",
            ),
            (
                "return cjson.encode_max_depth(1, 2)",
                "error: user_script:1: bad argument #2 to 'encode_max_depth' (found too many arguments)",
            ),
            (
                "local other = cjson.new() other.encode_max_depth(5) return cjson.encode_max_depth(), other.encode_max_depth()",
                "1000 5",
            ),
        ]);
    }
}
