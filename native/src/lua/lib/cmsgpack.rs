//! `cmsgpack`: MessagePack, as lua-cmsgpack 0.4.0 of Redis's sources packs and unpacks it.
//!
//! A number that is an integer is packed as the shortest integer, another as a float if it is one, else as a double. A table whose
//! keys are 1 to n is an array, any other a map; the 17th table inside another is nil, and so is what has no form in
//! MessagePack. Extension types and the binary formats are not read.

use mlua::{Lua, Table, Value};

use super::{Arguments, Failure, SLOTS, check_encoded, function_of_many, function_of_one, truncated, truncated_32};
use crate::sys::lua::{Item, Walk, walk};

/// Tables inside tables.
const DEPTH_MAX: usize = 16;

pub fn open(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("pack", function_of_one(lua, |a| pack(&a))?)?;
    table.set("unpack", function_of_many(lua, |a| unpack(&a, 0, 0, a.count()))?)?;
    table.set("unpack_one", function_of_many(lua, |a| unpack(&a, 1, a.integer_or(2, 0)?, 1))?)?;
    table.set("unpack_limit", function_of_many(lua, |a| unpack(&a, a.integer(2)?, a.integer_or(3, 0)?, 1))?)?;
    table.set("_NAME", "cmsgpack")?;
    table.set("_VERSION", "lua-cmsgpack 0.4.0")?;
    table.set("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")?;
    table.set("_DESCRIPTION", "MessagePack C implementation for Lua")?;
    Ok(table)
}

const TOO_MANY: &str = "too many return values at once; use unpack_one or unpack_limit instead.";

/// All arguments, one behind the other.
fn pack(arguments: &Arguments) -> Result<Value, Failure> {
    match arguments.count() {
        0 => return Err(Failure::argument(0, "MessagePack pack needs input.")),
        count if count > SLOTS / 2 => return Err(Failure::argument(0, "Too many arguments for MessagePack pack.")),
        _ => (),
    }
    let mut out = Vec::new();
    for value in &arguments.values {
        walk(arguments.lua, value, |walk| append(walk, &mut out, 0))??;
    }
    Ok(Value::String(arguments.lua.create_string(&out)?))
}

fn append(walk: &mut Walk, out: &mut Vec<u8>, depth: usize) -> Result<(), Failure> {
    match walk.item() {
        Item::Bytes(bytes) => {
            append_length(out, bytes.len(), (0xa0, 31), Some(0xd9), 0xda);
            out.extend_from_slice(bytes);
        }
        Item::Boolean(is_true) => out.push(if is_true { 0xc3 } else { 0xc2 }),
        Item::Number(number) => append_number(out, number),
        Item::Table if depth < DEPTH_MAX => {
            if !walk.open() {
                return Err(Failure::stack("in function table_is_an_array"));
            }
            let (count, is_array) = count(walk);
            if is_array {
                append_length(out, count, (0x90, 15), None, 0xdc);
                for number in 1..=count as i32 {
                    walk.element(number);
                    append(walk, out, depth + 1)?;
                }
            } else {
                append_length(out, count, (0x80, 15), None, 0xde);
                while walk.advance() {
                    walk.cover_with_key();
                    append(walk, out, depth + 1)?;
                    walk.uncover();
                    append(walk, out, depth + 1)?;
                }
            }
            walk.close();
        }
        _ => out.push(0xc0),
    }
    check_encoded(out.len())
}

/// Pairs of the table just opened, and whether their keys are 1 to that number.
fn count(walk: &mut Walk) -> (usize, bool) {
    let (mut count, mut highest, mut is_array) = (0, 0, true);
    while walk.advance() {
        count += 1;
        match walk.key() {
            Item::Number(key) if is_array && key > 0.0 && f64::from(truncated_32(key)) == key => {
                highest = highest.max(truncated_32(key) as usize);
            }
            _ => is_array = false,
        }
    }
    (count, is_array && highest == count)
}

/// A length in the tag itself up to the number beside it, else behind a tag: in one byte where there is one for that, in two or,
/// under the next tag, in four.
fn append_length(out: &mut Vec<u8>, length: usize, (small, small_max): (u8, usize), one: Option<u8>, two: u8) {
    match (one, length) {
        (_, length) if length <= small_max => out.push(small | length as u8),
        (Some(one), ..=0xff) => out.extend_from_slice(&[one, length as u8]),
        (_, ..=0xffff) => {
            out.push(two);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(two + 1);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
    }
}

fn append_number(out: &mut Vec<u8>, number: f64) {
    let integer = truncated(number);
    if integer as f64 == number {
        return append_integer(out, integer);
    }
    let float = number as f32;
    if f64::from(float) == number {
        out.push(0xca);
        out.extend_from_slice(&float.to_be_bytes());
    } else {
        out.push(0xcb);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

fn append_integer(out: &mut Vec<u8>, integer: i64) {
    let (tag, bytes) = match integer {
        -32..=127 => (None, 1),
        128..=0xff => (Some(0xcc), 1),
        0x100..=0xffff => (Some(0xcd), 2),
        0x1_0000..=0xffff_ffff => (Some(0xce), 4),
        0x1_0000_0000.. => (Some(0xcf), 8),
        -0x80..=-33 => (Some(0xd0), 1),
        -0x8000..=-0x81 => (Some(0xd1), 2),
        -0x8000_0000..=-0x8001 => (Some(0xd2), 4),
        _ => (Some(0xd3), 8),
    };
    out.extend(tag);
    out.extend_from_slice(&integer.to_be_bytes()[8 - bytes..]);
}

/// Values from `offset` on, `limit` of them at most and behind the offset to go on from (-1 at the end); or all, without
/// an offset, if both are 0. `slots` are those that C has the arguments in.
fn unpack(arguments: &Arguments, limit: i64, offset: i64, slots: usize) -> Result<Vec<Value>, Failure> {
    let input = arguments.string(1)?;
    let input = input.as_bytes();
    if offset < 0 || limit < 0 {
        let (offset, length) = (offset as i32, input.len() as i32);
        return Err(Failure::text(format!("Invalid request to unpack with offset of {offset} and limit of {length}.")));
    }
    let Some(rest) = usize::try_from(offset).ok().and_then(|offset| input.get(offset..)) else {
        let text = format!("Start offset {} greater than input length {}.", offset as i32, input.len() as i32);
        return Err(Failure::text(text));
    };
    let is_all = limit == 0 && offset == 0;
    let limit = if is_all { usize::MAX } else { limit as usize };
    let mut reader = Reader { lua: arguments.lua, rest, slots };
    let mut values = Vec::new();
    while !reader.rest.is_empty() && values.len() < limit {
        values.push(reader.value()?);
        reader.slots += 1;
    }
    if !is_all {
        if reader.slots + 1 > SLOTS {
            return Err(Failure::stack("in function mp_unpack_full"));
        }
        let next = if reader.rest.is_empty() { -1 } else { (input.len() - reader.rest.len()) as i64 };
        values.insert(0, Value::Integer(next));
    }
    Ok(values)
}

/// A table that has been begun.
struct Open {
    table: Table,
    /// Elements, or pairs, to come.
    left: u32,
    kind: Kind,
}

enum Kind {
    Array { count: i64 },
    Map { key: Option<Value> },
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
    /// Slots that C's values take so far.
    slots: usize,
}

/// What a tag begins.
enum Tagged {
    Value(Value),
    Array(u32),
    Map(u32),
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Value, Failure> {
        let mut open: Vec<Open> = Vec::new();
        let from = self.slots;
        loop {
            let value = match self.tagged()? {
                Tagged::Value(value) => Some(value),
                Tagged::Array(left) => {
                    self.slots += 1;
                    if self.slots + 1 > SLOTS {
                        return Err(Failure::stack("in function mp_decode_to_lua_array"));
                    }
                    // The index, while an element is read.
                    self.slots += 1;
                    open.push(Open { table: self.table()?, left, kind: Kind::Array { count: 0 } });
                    None
                }
                Tagged::Map(left) => {
                    self.slots += 1;
                    open.push(Open { table: self.table()?, left, kind: Kind::Map { key: None } });
                    None
                }
            };
            if let Some(value) = self.settle(&mut open, value)? {
                self.slots = from;
                return Ok(value);
            }
        }
    }

    /// Puts a value into the table opened last, and each table that is whole then into the one before. The value if no table is
    /// open.
    fn settle(&mut self, open: &mut Vec<Open>, mut value: Option<Value>) -> Result<Option<Value>, Failure> {
        loop {
            let Some(last) = open.last_mut() else { return Ok(value) };
            match (value.take(), &mut last.kind) {
                (None, _) => (),
                (Some(element), Kind::Array { count }) => {
                    *count += 1;
                    last.left -= 1;
                    last.table.raw_set(*count, element)?;
                }
                (Some(key), Kind::Map { key: slot @ None }) => {
                    *slot = Some(key);
                    self.slots += 1;
                    return Ok(None);
                }
                (Some(element), Kind::Map { key }) => {
                    self.slots -= 1;
                    last.left -= 1;
                    match key.take().expect("matched") {
                        Value::Nil => return Err(Failure::Plain("table index is nil")),
                        Value::Number(number) if number.is_nan() => {
                            return Err(Failure::Plain("table index is NaN"));
                        }
                        key => last.table.raw_set(key, element)?,
                    }
                }
            }
            if last.left > 0 {
                return Ok(None);
            }
            let whole = open.pop().expect("just seen");
            self.slots -= if matches!(whole.kind, Kind::Array { .. }) { 2 } else { 1 };
            value = Some(Value::Table(whole.table));
        }
    }

    fn table(&self) -> Result<Table, Failure> {
        self.lua.create_table().map_err(|error| Failure::from_depth(error, || Failure::stack(TOO_MANY)))
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Failure> {
        let (taken, rest) =
            self.rest.split_at_checked(bytes).ok_or_else(|| Failure::text("Missing bytes in input."))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        Ok(self.take(N)?.try_into().expect("as many as asked for"))
    }

    fn string(&mut self, bytes: usize) -> Result<Tagged, Failure> {
        Ok(Tagged::Value(Value::String(self.lua.create_string(self.take(bytes)?)?)))
    }

    fn tagged(&mut self) -> Result<Tagged, Failure> {
        let [tag] = self.number()?;
        if self.slots + 1 > SLOTS {
            return Err(Failure::stack(TOO_MANY));
        }
        let integer = |value: i64| Tagged::Value(Value::Integer(value));
        let float = |value: f64| Tagged::Value(Value::Number(value));
        Ok(match tag {
            0x00..=0x7f => integer(tag.into()),
            0x80..=0x8f => Tagged::Map((tag & 0x0f).into()),
            0x90..=0x9f => Tagged::Array((tag & 0x0f).into()),
            0xa0..=0xbf => self.string((tag & 0x1f).into())?,
            0xc0 => Tagged::Value(Value::Nil),
            0xc2 | 0xc3 => Tagged::Value(Value::Boolean(tag == 0xc3)),
            0xca => float(f32::from_be_bytes(self.number()?).into()),
            0xcb => float(f64::from_be_bytes(self.number()?)),
            0xcc => integer(u8::from_be_bytes(self.number()?).into()),
            0xcd => integer(u16::from_be_bytes(self.number()?).into()),
            0xce => integer(u32::from_be_bytes(self.number()?).into()),
            // Unsigned numbers of 64 bits come out signed, too.
            0xcf | 0xd3 => integer(i64::from_be_bytes(self.number()?)),
            0xd0 => integer(i8::from_be_bytes(self.number()?).into()),
            0xd1 => integer(i16::from_be_bytes(self.number()?).into()),
            0xd2 => integer(i32::from_be_bytes(self.number()?).into()),
            0xd9 => {
                let bytes = u8::from_be_bytes(self.number()?);
                self.string(bytes.into())?
            }
            0xda => {
                let bytes = u16::from_be_bytes(self.number()?);
                self.string(bytes.into())?
            }
            0xdb => {
                let bytes = u32::from_be_bytes(self.number()?);
                self.string(bytes as usize)?
            }
            0xdc => Tagged::Array(u16::from_be_bytes(self.number()?).into()),
            0xdd => Tagged::Array(u32::from_be_bytes(self.number()?)),
            0xde => Tagged::Map(u16::from_be_bytes(self.number()?).into()),
            0xdf => Tagged::Map(u32::from_be_bytes(self.number()?)),
            0xe0..=0xff => integer((tag as i8).into()),
            _ => return Err(Failure::text("Bad data format in input.")),
        })
    }
}

#[cfg(test)]
mod tests;
