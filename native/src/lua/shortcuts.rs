//! Functions of Lua's own where the answer can be had sooner:
//! - `tonumber` of a short decimal integer, which arguments and replies mostly are: Lua's goes through strtod, and twice.
//! - `string.rep` beyond the memory that there is: Lua's takes all of it first, for seconds.

use super::context::Context;
use super::guards::original;
use crate::sys::lua_owner::lua_function;
use crate::sys::lua_stack::{LUA_TNUMBER, LUA_TSTRING};

/// Digits of an integer that a double holds exactly, whatever they are.
const DIGITS_MAX: usize = 15;

lua_function!(tonumber, Context, |stack, _| {
    if stack.top() != 1 {
        return original(stack);
    }
    match stack.kind(1) {
        LUA_TNUMBER => Some(1),
        LUA_TSTRING => match short_integer(stack.bytes(1).unwrap_or_default()) {
            Some(number) => {
                stack.push_number(number);
                Some(1)
            }
            None => original(stack),
        },
        _ => original(stack),
    }
});

lua_function!(rep, Context, |stack, context| {
    if stack.kind(1) == LUA_TSTRING && stack.is_string_or_number(2) {
        let bytes = stack.bytes(1).unwrap_or_default().len() as f64 * stack.number(2);
        if bytes > context.memory_bytes_max as f64 {
            stack.push_bytes(b"not enough memory");
            return None;
        }
    }
    original(stack)
});

/// None: it is something else, or more of them.
fn short_integer(text: &[u8]) -> Option<f64> {
    let (digits, negative) = match text.split_first() {
        Some((b'-', digits)) => (digits, true),
        _ => (text, false),
    };
    if digits.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    let mut sum = 0u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        sum = sum * 10 + u64::from(digit - b'0');
    }
    let number = sum as f64;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::short_integer;

    #[test]
    fn integers_are_read_as_lua_reads_them_and_the_rest_is_left_to_it() {
        for text in ["0", "-0", "7", "-7", "007", "999999999999999", "-999999999999999"] {
            let lua: f64 = text.parse().expect("a number");
            assert_eq!(short_integer(text.as_bytes()).map(f64::to_bits), Some(lua.to_bits()), "{text}");
        }
        for text in ["", "-", "+7", " 7", "7 ", "1e3", "0x10", "1.0", "--7", "1000000000000000", "7\0"] {
            assert_eq!(short_integer(text.as_bytes()), None, "{text}");
        }
    }
}
