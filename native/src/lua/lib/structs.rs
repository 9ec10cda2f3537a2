//! `struct`: values as bytes under a format, as Roberto Ierusalimschy's struct 1.7 packs and unpacks them.
//!
//! ```text
//!   > <   big, little endian (at first: little)          x      a byte of padding
//!   ![n]  align elements to at most n bytes (8)          cn     n bytes of a string (1); c0 the whole string, and for unpack
//!   bBhHlLT   integers of 1, 2, 8 and 8 bytes                   as many as the number before it says
//!   i[n] I[n] integers of n bytes (4), 32 at most        s      a string and a zero behind it
//!   f d   floats of 4 and 8 bytes                        space  nothing
//! ```
//!
//! Integers wider than 8 bytes are zeros beyond them, and read with the sign where the shift of an x86 puts it.

use mlua::{Lua, LuaString, Table, Value};

use super::{Arguments, Failure, SLOTS, function_of_many, function_of_one, truncated};

const INTEGER_BYTES_MAX: i32 = 32;
/// Alignment of a double.
const ALIGNMENT: i32 = 8;

pub fn open(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("pack", function_of_one(lua, |a| a.lua.create_string(pack(&a)?).map_err(Failure::from))?)?;
    table.set("unpack", function_of_many(lua, |a| unpack(&a))?)?;
    table.set("size", function_of_one(lua, |a| size(&a))?)?;
    Ok(table)
}

/// A format being read.
struct Format<'a> {
    rest: &'a [u8],
    is_little: bool,
    align: i32,
}

impl<'a> Format<'a> {
    /// Up to a zero byte, where C ends it.
    fn new(format: &'a [u8]) -> Self {
        let end = format.iter().position(|byte| *byte == 0).unwrap_or(format.len());
        Format { rest: &format[..end], is_little: true, align: 1 }
    }

    /// The next option with the bytes it takes; 0 bytes also if that is not known yet.
    fn next(&mut self) -> Result<Option<(u8, usize)>, Failure> {
        let Some((option, rest)) = self.rest.split_first() else { return Ok(None) };
        self.rest = rest;
        let bytes = match option {
            b'B' | b'b' | b'x' => 1,
            b'H' | b'h' => 2,
            b'f' => 4,
            b'L' | b'l' | b'T' | b'd' => 8,
            b'c' => self.number(1)?,
            b'i' | b'I' => match self.number(4)? {
                bytes if bytes > INTEGER_BYTES_MAX => {
                    let text = format!("integral size {bytes} is larger than limit of {INTEGER_BYTES_MAX}");
                    return Err(Failure::text(text));
                }
                bytes => bytes,
            },
            _ => 0,
        };
        Ok(Some((*option, bytes as usize)))
    }

    /// The digits that follow.
    fn number(&mut self, otherwise: i32) -> Result<i32, Failure> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(otherwise);
        }
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        number
            .iter()
            .try_fold(0i32, |value, digit| value.checked_mul(10)?.checked_add((digit - b'0').into()))
            .ok_or_else(|| Failure::text("integral size overflow"))
    }

    /// Bytes to skip so that an element of `bytes` bytes at `position` is aligned.
    fn padding(&self, position: usize, option: u8, bytes: usize) -> usize {
        if bytes == 0 || option == b'c' {
            return 0;
        }
        let mask = bytes.min(self.align as usize) - 1;
        (mask + 1).wrapping_sub(position & mask) & mask
    }

    /// An option that is no element.
    fn control(&mut self, option: u8) -> Result<(), Failure> {
        match option {
            b' ' => (),
            b'>' => self.is_little = false,
            b'<' => self.is_little = true,
            b'!' => match self.number(ALIGNMENT)? {
                align if align > 0 && align & (align - 1) == 0 => self.align = align,
                align => return Err(Failure::text(format!("alignment {align} is not a power of 2"))),
            },
            _ => {
                let text = [b"invalid format option '".as_slice(), &[option], b"'"].concat();
                return Err(Failure::Argument(1, text));
            }
        }
        Ok(())
    }
}

fn pack(arguments: &Arguments) -> Result<Vec<u8>, Failure> {
    let format = arguments.string(1)?;
    let format = format.as_bytes();
    let mut format = Format::new(&format);
    let mut packed = Vec::new();
    let mut next = 1;
    while let Some((option, bytes)) = format.next()? {
        packed.resize(packed.len() + format.padding(packed.len(), option, bytes), 0);
        if b"bBhHlLTiIfdcs".contains(&option) {
            next += 1;
            // A nil lies behind the arguments of Redis's.
            if arguments.value(next).is_none() {
                let expected = if matches!(option, b'c' | b's') { "string" } else { "number" };
                return Err(Failure::argument(next, format!("{expected} expected, got nil")));
            }
        }
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let mut integer = [0; INTEGER_BYTES_MAX as usize];
                integer[..8].copy_from_slice(&unsigned(arguments.number(next)?).to_le_bytes());
                append(&mut packed, &integer[..bytes], format.is_little);
            }
            b'x' => packed.push(0),
            b'f' => append(&mut packed, &(arguments.number(next)? as f32).to_le_bytes(), format.is_little),
            b'd' => append(&mut packed, &arguments.number(next)?.to_le_bytes(), format.is_little),
            b'c' | b's' => {
                let string = arguments.string(next)?;
                let string = string.as_bytes();
                let bytes = if bytes == 0 { string.len() } else { bytes };
                let Some(part) = string.get(..bytes) else {
                    return Err(Failure::argument(next + 1, "string too short"));
                };
                packed.extend_from_slice(part);
                if option == b's' {
                    packed.push(0);
                }
            }
            _ => format.control(option)?,
        }
    }
    Ok(packed)
}

fn append(packed: &mut Vec<u8>, little: &[u8], is_little: bool) {
    let from = packed.len();
    packed.extend_from_slice(little);
    if !is_little {
        packed[from..].reverse();
    }
}

/// As C casts a number to an unsigned integer on x86-64, by way of a signed one where it is negative.
fn unsigned(number: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if number >= HALF { truncated(number - HALF) as u64 ^ 1 << 63 } else { truncated(number) as u64 }
}

fn unpack(arguments: &Arguments) -> Result<Vec<Value>, Failure> {
    let format = arguments.string(1)?;
    let format = format.as_bytes();
    let mut format = Format::new(&format);
    let data = arguments.string(2)?;
    let data = data.as_bytes();
    let short = || Failure::argument(2, "data string too short");
    let start = arguments.integer_or(3, 1)?;
    if start == 0 {
        return Err(Failure::argument(3, "offset must be 1 or greater"));
    }
    // What lies before the beginning lies far behind the end, from where alignment may lead back to it: as in C.
    let mut at = (start as usize).wrapping_sub(1);
    let mut results = Vec::new();
    while let Some((option, mut bytes)) = format.next()? {
        at = at.wrapping_add(format.padding(at, option, bytes));
        let element = |at: usize, bytes: usize| data.get(at..at.checked_add(bytes)?);
        let found = element(at, bytes).ok_or_else(short)?;
        if arguments.count() + results.len() + 2 > SLOTS {
            return Err(Failure::stack("too many results"));
        }
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                results.push(Value::Number(integer(found, format.is_little, option.is_ascii_lowercase())));
            }
            b'x' => (),
            b'f' => results.push(Value::Number(f32::from_le_bytes(little(found, format.is_little)).into())),
            b'd' => results.push(Value::Number(f64::from_le_bytes(little(found, format.is_little)))),
            b'c' if bytes > 0 => results.push(Value::String(arguments.lua.create_string(found)?)),
            b'c' => {
                let count = match results.pop() {
                    Some(value) => arguments.lua.coerce_number(value)?,
                    None => None,
                };
                let count = count.ok_or_else(|| Failure::text("format 'c0' needs a previous size"))?;
                bytes = unsigned(count) as usize;
                let found = element(at, bytes).ok_or_else(short)?;
                results.push(Value::String(arguments.lua.create_string(found)?));
            }
            b's' => {
                let text = data[at..].split(|byte| *byte == 0).next().unwrap_or_default();
                bytes = text.len() + 1;
                if at + text.len() == data.len() {
                    return Err(Failure::text("unfinished string in data"));
                }
                results.push(Value::String(arguments.lua.create_string(text)?));
            }
            _ => format.control(option)?,
        }
        at += bytes;
    }
    results.push(Value::Number((at as i64).wrapping_add(1) as f64));
    Ok(results)
}

fn little<const N: usize>(bytes: &[u8], is_little: bool) -> [u8; N] {
    let mut bytes: [u8; N] = bytes.try_into().expect("of the option's size");
    if !is_little {
        bytes.reverse();
    }
    bytes
}

/// The 8 lowest bytes as a number. The sign is extended from the bit that a shift by `8 * bytes - 1` reaches on x86, which
/// takes the count modulo 64: for integers of 9 bytes and more that is none of the integer's own.
fn integer(bytes: &[u8], is_little: bool, is_signed: bool) -> f64 {
    let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let mut value = if is_little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) };
    if !is_signed {
        return value as f64;
    }
    let mask = u64::MAX.wrapping_shl((bytes.len() as u32 * 8).wrapping_sub(1));
    if value & mask != 0 {
        value |= mask;
    }
    value as i64 as f64
}

fn size(arguments: &Arguments) -> Result<f64, Failure> {
    let format: LuaString = arguments.string(1)?;
    let format = format.as_bytes();
    let mut format = Format::new(&format);
    let mut total = 0usize;
    while let Some((option, bytes)) = format.next()? {
        total = total.wrapping_add(format.padding(total, option, bytes));
        match (option, bytes) {
            (b's', _) => return Err(Failure::argument(1, "option 's' has no fixed size")),
            (b'c', 0) => return Err(Failure::argument(1, "option 'c0' has no fixed size")),
            // Letters and digits that mean nothing take no room and are no error here.
            _ if option.is_ascii_alphanumeric() => (),
            _ => format.control(option)?,
        }
        total = total.wrapping_add(bytes);
    }
    Ok(total as i64 as f64)
}

#[cfg(test)]
mod tests {
    use crate::lua::lib::tests::table;

    const HEX: &str =
        "local function hex(s) return (s:gsub('.', function(c) return ('%02x'):format(c:byte()) end)) end ";

    #[test]
    fn values_are_packed_and_read_back() {
        let pack = |arguments: &str| format!("{HEX} return hex(struct.pack({arguments}))");
        for (arguments, expected) in [
            ("'>bBhH', -1, 255, -2, 65534", "fffffffefffe"),
            ("'<i3I5lT', -2, 1, 2, 3", "feffff010000000002000000000000000300000000000000"),
            ("'>fd', 1.5, -2", "3fc00000c000000000000000"),
            ("'!4 b i b i', 1, 2, 3, 4", "01000000020000000300000004000000"),
            ("'!b d x', 1, 0", "0100000000000000000000000000000000"),
            ("'c0c2s', 'ab', 'cde', 'f'", "616263646600"),
            ("'>i16', 1", "00000000000000000000000000000001"),
            ("'I', 2^32 + 5", "05000000"),
            ("'L', 2^63", "0000000000000080"),
            ("'LL', 2^64, -1", "0000000000000000ffffffffffffffff"),
            ("'bB', 300.7, 0/0", "2c00"),
        ] {
            assert_eq!(crate::lua::lib::tests::run(&pack(arguments)), expected, "{arguments}");
        }
        table(&[
            ("return struct.unpack('>bBhH', '\\255\\255\\255\\254\\255\\254')", "-1 255 -2 65534 7"),
            ("return struct.unpack('<i3I5', '\\254\\255\\255\\1\\0\\0\\0\\0')", "-2 1 9"),
            ("return struct.unpack('fd', struct.pack('fd', 1.5, -2.25))", "1.5 -2.25 13"),
            ("return struct.unpack('bc0', '\\3abcd')", "abc 5"),
            ("return struct.unpack('ssx', 'a\\0bc\\0x')", "a bc 7"),
            ("return struct.unpack('b', 'abc', 2)", "98 3"),
            ("return struct.unpack('', '')", "1"),
            ("return struct.unpack('sc0', '3\\0abc')", "abc 6"),
            ("return struct.unpack('>i9', '\\0\\0\\0\\0\\0\\0\\0\\0\\200')", "-56 10"),
        ]);
    }

    #[test]
    fn sizes_are_counted_with_alignment() {
        table(&[
            ("return struct.size('!8bd'), struct.size('bd'), struct.size('!2 b i'), struct.size('c10 x')", "16 9 6 11"),
            ("return struct.size('zq9'), struct.size('i3'), struct.size('!i3i5')", "0 3 10"),
            (
                "return struct.size('s')",
                "error: user_script:1: bad argument #1 to 'size' (option 's' has no fixed size)",
            ),
            (
                "return struct.size('c0')",
                "error: user_script:1: bad argument #1 to 'size' (option 'c0' has no fixed size)",
            ),
        ]);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        table(&[
            ("return struct.pack('i33', 1)", "error: user_script:1: integral size 33 is larger than limit of 32"),
            ("return struct.pack('i99999999999', 1)", "error: user_script:1: integral size overflow"),
            ("return struct.pack('!3')", "error: user_script:1: alignment 3 is not a power of 2"),
            ("return struct.pack('z')", "error: user_script:1: bad argument #1 to 'pack' (invalid format option 'z')"),
            ("return struct.pack('c10', 'abc')", "error: user_script:1: bad argument #3 to 'pack' (string too short)"),
            ("return struct.pack('i')", "error: user_script:1: bad argument #2 to 'pack' (number expected, got nil)"),
            (
                "return struct.pack('i', 'x')",
                "error: user_script:1: bad argument #2 to 'pack' (number expected, got string)",
            ),
            (
                "return struct.unpack('i', 'abc')",
                "error: user_script:1: bad argument #2 to 'unpack' (data string too short)",
            ),
            ("return struct.unpack('s', 'abc')", "error: user_script:1: unfinished string in data"),
            ("return struct.unpack('c0', 'abc')", "error: user_script:1: format 'c0' needs a previous size"),
            (
                "return struct.unpack('bc0', '\\255abc')",
                "error: user_script:1: bad argument #2 to 'unpack' (data string too short)",
            ),
            (
                "return struct.unpack('b', 'abc', 0)",
                "error: user_script:1: bad argument #3 to 'unpack' (offset must be 1 or greater)",
            ),
            (
                "return struct.unpack('b', 'abc', -1)",
                "error: user_script:1: bad argument #2 to 'unpack' (data string too short)",
            ),
            (
                "return struct.unpack('c2147483647', 'abc', 2147483647)",
                "error: user_script:1: bad argument #2 to 'unpack' (data string too short)",
            ),
            (
                "return struct.unpack(('b'):rep(8000), ('x'):rep(8000))",
                "error: user_script:1: stack overflow (too many results)",
            ),
        ]);
    }
}
