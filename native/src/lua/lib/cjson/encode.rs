//! Lua values as JSON.

use mlua::Value;

use super::super::number::append_general;
use super::super::{Arguments, Failure, check_encoded, truncated_32};
use super::{IS_ARRAY, Settings};
use crate::sys::lua::{Item, Walk, walk};

/// Room that the buffer keeps for the next value.
pub const KEPT_BYTES_MAX: usize = 1 << 20;

pub fn encode(settings: &Settings, arguments: Arguments) -> Result<Value, Failure> {
    if arguments.count() != 1 {
        return Err(Failure::argument(1, "expected 1 argument"));
    }
    let mut out = settings.buffer.take();
    out.clear();
    walk(arguments.lua, &arguments.values[0], |walk| append(walk, settings, &mut out))??;
    let encoded = arguments.lua.create_string(&out)?;
    if out.capacity() <= KEPT_BYTES_MAX {
        settings.buffer.replace(out);
    }
    Ok(Value::String(encoded))
}

/// A table that has been begun.
enum Open {
    Array { next: i32, length: i32 },
    Object { is_first: bool },
}

fn append(walk: &mut Walk, settings: &Settings, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut open: Vec<Open> = Vec::new();
    loop {
        match walk.item() {
            Item::Bytes(bytes) => append_string(out, bytes),
            Item::Number(number) => append_number(out, number, settings)?,
            Item::Boolean(true) => out.extend_from_slice(b"true"),
            Item::Boolean(false) => out.extend_from_slice(b"false"),
            Item::Nil | Item::Null => out.extend_from_slice(b"null"),
            Item::Table => {
                let depth = open.len() + 1;
                if depth > settings.encode_max_depth.get() as usize || !walk.open() {
                    return Err(Failure::text(format!("Cannot serialise, excessive nesting ({depth})")));
                }
                let marked = walk.is_marked(IS_ARRAY.as_bytes(), settings.mark);
                let length = if marked { walk.length() } else { array_length(walk, settings)? };
                open.push(if marked || length > 0 {
                    out.push(b'[');
                    Open::Array { next: 1, length }
                } else {
                    out.push(b'{');
                    Open::Object { is_first: true }
                });
            }
            item @ Item::Other(_) => return Err(cannot(&item, "type not supported")),
        }
        check_encoded(out.len())?;
        // On to the next item, out of the tables that have no more.
        loop {
            match open.last_mut() {
                None => return Ok(()),
                Some(Open::Array { next, length }) if *next > 0 && *next <= *length => {
                    if *next > 1 {
                        out.push(b',');
                    }
                    walk.element(*next);
                    *next = next.wrapping_add(1);
                    break;
                }
                Some(Open::Array { .. }) => out.push(b']'),
                Some(Open::Object { is_first }) => {
                    if walk.advance() {
                        if !std::mem::take(is_first) {
                            out.push(b',');
                        }
                        append_key(walk, settings, out)?;
                        break;
                    }
                    out.push(b'}');
                }
            }
            walk.close();
            open.pop();
        }
    }
}

fn cannot(item: &Item, why: &str) -> Failure {
    Failure::text(format!("Cannot serialise {}: {why}", item.type_name()))
}

/// Elements of the table just opened if it is an array, else 0 or less.
fn array_length(walk: &mut Walk, settings: &Settings) -> Result<i32, Failure> {
    let mut highest = 0i32;
    let mut items = 0i32;
    while walk.advance() {
        match walk.key() {
            Item::Number(key) if key >= 1.0 && key.floor() == key => {
                // An index beyond 32 bits becomes the least number, and the table an object, or shorter: as in C.
                if key > highest.into() {
                    highest = truncated_32(key);
                }
                items = items.wrapping_add(1);
            }
            _ => {
                walk.rewind();
                return Ok(-1);
            }
        }
    }
    let ratio = settings.sparse_ratio.get();
    if ratio > 0 && highest > items.wrapping_mul(ratio) && highest > settings.sparse_safe.get() {
        if settings.sparse_convert.get() == 0 {
            return Err(cannot(&Item::Table, "excessively sparse array"));
        }
        return Ok(-1);
    }
    Ok(highest)
}

fn append_key(walk: &Walk, settings: &Settings, out: &mut Vec<u8>) -> Result<(), Failure> {
    match walk.key() {
        Item::Bytes(bytes) => {
            append_string(out, bytes);
            out.push(b':');
        }
        Item::Number(number) => {
            out.push(b'"');
            append_number(out, number, settings)?;
            out.extend_from_slice(b"\":");
        }
        key => return Err(cannot(&key, "table key must be a number or string")),
    }
    Ok(())
}

fn append_number(out: &mut Vec<u8>, number: f64, settings: &Settings) -> Result<(), Failure> {
    if number.is_finite() {
        append_general(out, number, settings.number_precision.get() as usize);
        return Ok(());
    }
    let text: &[u8] = match settings.encode_invalid_numbers.get() {
        0 => return Err(cannot(&Item::Number(number), "must not be NaN or Inf")),
        1 if number.is_nan() => b"nan",
        1 if number < 0.0 => b"-inf",
        1 => b"inf",
        _ => b"null",
    };
    out.extend_from_slice(text);
    Ok(())
}

/// How a byte is written: 0 as it is, 1 as `\u00XX`, another behind a backslash.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escapes[byte] = 1;
        byte += 1;
    }
    escapes[0x7f] = 1;
    escapes[0x08] = b'b';
    escapes[b'\t' as usize] = b't';
    escapes[b'\n' as usize] = b'n';
    escapes[0x0c] = b'f';
    escapes[b'\r' as usize] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'/' as usize] = b'/';
    escapes[b'\\' as usize] = b'\\';
    escapes
};

fn append_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut rest = bytes;
    while let Some(plain) = rest.iter().position(|byte| ESCAPES[*byte as usize] != 0) {
        out.extend_from_slice(&rest[..plain]);
        let byte = rest[plain];
        match ESCAPES[byte as usize] {
            1 => {
                let digit = |value: u8| b"0123456789abcdef"[value as usize];
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
        rest = &rest[plain + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use crate::lua::lib::tests::{run, table};

    #[test]
    fn values_are_written_as_lua_cjson_writes_them() {
        table(&[
            ("return cjson.encode({})", "{}"),
            ("return cjson.encode({{}, {1, 2}, {a = {}}})", r#"[{},[1,2],{"a":{}}]"#),
            ("return cjson.encode({1, nil, 3})", "[1,null,3]"),
            ("return cjson.encode({[1] = 1, [2.5] = 2})", r#"{"1":1,"2.5":2}"#),
            ("return cjson.encode({true, false, cjson.null})", "[true,false,null]"),
            ("return cjson.encode(nil), cjson.encode('x'), cjson.encode(1)", "null \"x\" 1"),
            (
                "return cjson.encode({1/3, 100000, 1e14, -0.5, 12345678901234})",
                "[0.33333333333333,100000,1e+14,-0.5,12345678901234]",
            ),
            (
                "return cjson.encode('a/b\\\\\"\\0\\8\\9\\10\\11\\12\\13\\31\\127')",
                r#""a\/b\\\"\u0000\b\t\n\u000b\f\r\u001f\u007f""#,
            ),
            ("return cjson.encode('\\128\\255') == '\"\\128\\255\"'", "true"),
            ("cjson.encode_number_precision(3) return cjson.encode({1/3, 1234})", "[0.333,1.23e+03]"),
            ("cjson.encode_invalid_numbers(true) return cjson.encode({0/0, 1/0, -1/0})", "[nan,inf,-inf]"),
            ("cjson.encode_invalid_numbers('null') return cjson.encode({0/0, 1/0})", "[null,null]"),
        ]);
    }

    #[test]
    fn sparse_arrays_are_arrays_objects_or_errors() {
        table(&[
            ("return cjson.encode({[10] = 1})", "[null,null,null,null,null,null,null,null,null,1]"),
            (
                "return cjson.encode({[11] = 1})",
                "error: user_script:1: Cannot serialise table: excessively sparse array",
            ),
            ("cjson.encode_sparse_array(true) return cjson.encode({[11] = 1})", r#"{"11":1}"#),
            (
                "cjson.encode_sparse_array(false, 0) return cjson.encode({[12] = 1})",
                "[null,null,null,null,null,null,null,null,null,null,null,1]",
            ),
            ("return cjson.encode({[1e10] = 1})", r#"{"10000000000":1}"#),
            ("return cjson.encode({[0] = 1, 2})", r#"{"1":2,"0":1}"#),
        ]);
    }

    #[test]
    fn what_json_has_not_is_an_error() {
        table(&[
            ("return cjson.encode(1/0)", "error: user_script:1: Cannot serialise number: must not be NaN or Inf"),
            (
                "return cjson.encode({a = tostring})",
                "error: user_script:1: Cannot serialise function: type not supported",
            ),
            (
                "return cjson.encode({[true] = 1})",
                "error: user_script:1: Cannot serialise boolean: table key must be a number or string",
            ),
            (
                "return cjson.encode({[{}] = 1})",
                "error: user_script:1: Cannot serialise table: table key must be a number or string",
            ),
            ("return cjson.encode()", "error: user_script:1: bad argument #1 to 'encode' (expected 1 argument)"),
            ("return cjson.encode(1, 2)", "error: user_script:1: bad argument #1 to 'encode' (expected 1 argument)"),
            (
                "cjson.encode_max_depth(2) return cjson.encode({{{}}})",
                "error: user_script:1: Cannot serialise, excessive nesting (3)",
            ),
            (
                "local t = {} t[1] = t return cjson.encode(t)",
                "error: user_script:1: Cannot serialise, excessive nesting (1001)",
            ),
        ]);
    }

    #[test]
    fn deep_and_endless_values_end() {
        let deep =
            "cjson.encode_max_depth(2147483647) local t = {} for i = 1, 100000 do t = {t} end return cjson.encode(t)";
        assert!(run(deep).starts_with("error: user_script:1: Cannot serialise, excessive nesting ("));
        let wide = "local t = {} for i = 1, 60 do t = {t, t} end return cjson.encode(t)";
        assert!(run(wide).starts_with("error: user_script:1: encoded value is longer than 1048576 bytes"));
    }
}
