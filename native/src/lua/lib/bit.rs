//! `bit`: operations on 32 bits, as Lua BitOp 1.0.2 has them.
//!
//! A number becomes bits by adding 2^52 + 2^51 and taking the low half of what that makes: it rounds to even, wraps, and
//! turns what is far out of range, not a number or infinite into some number or other. Scripts see which, so ours is that.

use mlua::{Lua, Table};

use super::{Arguments, Failure, function_of_one};

/// 2^52 + 2^51: a double of that size has its units in its lowest bit.
const ALIGNED: f64 = 6_755_399_441_055_744.0;

type Unary = fn(u32) -> u32;
type Binary = fn(u32, u32) -> u32;

pub fn open(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    let unary: [(&str, Unary); 3] = [("tobit", |b| b), ("bnot", |b| !b), ("bswap", u32::swap_bytes)];
    for (name, operation) in unary {
        table.set(name, function_of_one(lua, move |a| Ok(signed(operation(bits(&a, 1)?))))?)?;
    }
    let folds: [(&str, Binary); 3] = [("band", |a, b| a & b), ("bor", |a, b| a | b), ("bxor", |a, b| a ^ b)];
    for (name, operation) in folds {
        table.set(name, function_of_one(lua, move |a| fold(&a, operation))?)?;
    }
    let shifts: [(&str, Binary); 5] = [
        ("lshift", |b, n| b << n),
        ("rshift", |b, n| b >> n),
        ("arshift", |b, n| (b as i32 >> n) as u32),
        ("rol", u32::rotate_left),
        ("ror", u32::rotate_right),
    ];
    for (name, operation) in shifts {
        table.set(name, function_of_one(lua, move |a| Ok(signed(operation(bits(&a, 1)?, bits(&a, 2)? & 31))))?)?;
    }
    table.set("tohex", function_of_one(lua, |a| to_hex(&a))?)?;
    Ok(table)
}

fn bits(arguments: &Arguments, number: usize) -> Result<u32, Failure> {
    Ok((arguments.number(number)? + ALIGNED).to_bits() as u32)
}

fn signed(bits: u32) -> i32 {
    bits as i32
}

/// The first argument, then the others from the last to the second: the order in which a wrong one is found.
fn fold(arguments: &Arguments, operation: Binary) -> Result<i32, Failure> {
    let mut result = bits(arguments, 1)?;
    for number in (2..=arguments.count()).rev() {
        result = operation(result, bits(arguments, number)?);
    }
    Ok(signed(result))
}

/// The lowest digits, 8 or as many as the second argument says, in upper case if it is negative.
fn to_hex(arguments: &Arguments) -> Result<String, Failure> {
    let value = bits(arguments, 1)?;
    let digits = if arguments.count() < 2 { 8 } else { signed(bits(arguments, 2)?) };
    let count = digits.unsigned_abs().min(8) as usize;
    let text = if digits < 0 { format!("{value:08X}") } else { format!("{value:08x}") };
    Ok(text[8 - count..].to_string())
}

#[cfg(test)]
mod tests {
    use crate::lua::lib::tests::table;

    #[test]
    fn numbers_become_32_bits_as_in_bitop() {
        table(&[
            ("return bit.tobit(0xffffffff), bit.tobit(0xffffffff + 1), bit.tobit(2^40 + 1234)", "-1 0 1234"),
            ("return bit.tobit(1.5), bit.tobit(2.5), bit.tobit(-1.5), bit.tobit('0x10')", "2 2 -2 16"),
            ("return bit.tobit(2^53), bit.tobit(1e300), bit.tobit(1/0), bit.tobit(-1/0)", "0 -2013235812 0 0"),
            ("return bit.tobit(nil)", "error: user_script:1: bad argument #1 to 'tobit' (number expected, got nil)"),
        ]);
    }

    #[test]
    fn operations_give_signed_numbers() {
        table(&[
            ("return bit.bnot(0), bit.bnot(0x12345678), bit.bswap(0x12345678)", "-1 -305419897 2018915346"),
            ("return bit.band(7, 6, 12), bit.bor(1, 2, 4), bit.bxor(0xa5a5f0f0, 0xaa55ff00)", "4 7 267390960"),
            (
                "return bit.band(1, {}, 'x')",
                "error: user_script:1: bad argument #3 to 'band' (number expected, got string)",
            ),
            (
                "return bit.lshift(1, 31), bit.lshift(1, 32), bit.rshift(-256, 8), bit.arshift(-256, 8)",
                "-2147483648 1 16777215 -1",
            ),
            ("return bit.rol(0x12345678, 12), bit.ror(0x12345678, 12), bit.rol(1, 0)", "1164411171 1736516421 1"),
            (
                "return bit.lshift(1)",
                "error: user_script:1: bad argument #2 to 'lshift' (number expected, got no value)",
            ),
        ]);
    }

    #[test]
    fn hexadecimal_digits_are_counted_from_the_lowest() {
        table(&[
            (
                "return bit.tohex(1), bit.tohex(-1), bit.tohex(-1, 4), bit.tohex(0xABCD, -4)",
                "00000001 ffffffff ffff ABCD",
            ),
            (
                "return bit.tohex(255, 100), '[' .. bit.tohex(255, 0) .. ']', bit.tohex(0x87654321, -2147483648)",
                "000000ff [] 87654321",
            ),
            ("return bit.tohex(1, nil)", "error: user_script:1: bad argument #2 to 'tohex' (number expected, got nil)"),
        ]);
    }
}
