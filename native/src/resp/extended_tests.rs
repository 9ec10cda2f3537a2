//! Tests of extended.rs.

use super::*;
use crate::sys::random::step;

fn sum(left: &str, right: &str) -> String {
    let read = |text: &str| Extended::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a number"));
    read(left).plus(read(right)).print()
}

/// Taken from INCRBYFLOAT of redis-server 7.0.15 on x86-64.
#[test]
fn sums_print_as_those_of_long_doubles() {
    for (left, right, printed) in [
        ("0", "10.5", "10.5"),
        ("10.5", "0.1", "10.6"),
        ("5.6", "5.0e3", "5005.60000000000000009"),
        ("3.0", "1.000000000000000005", "4.00000000000000001"),
        ("0.1", "0.2", "0.3"),
        ("1e18", "1", "1000000000000000001"),
        ("3", "-1.1", "1.9"),
        ("0", "-0.0", "0"),
        ("1", "-1", "0"),
        ("-1", "1", "0"),
        ("1e-17", "0", "0.00000000000000001"),
        ("1e-18", "0", "0"),
        ("-1e-18", "0", "0"),
        ("0x1.8p3", "0x10", "28"),
        ("18446744073709551616", "1", "18446744073709551616"),
        ("1e40", "1", "9999999999999999999783686092270256259072"),
    ] {
        assert_eq!(sum(left, right), printed, "{left} + {right}");
    }
}

#[test]
fn numbers_are_ordered_by_their_value() {
    let sorted = ["-inf", "-1e4932", "-2.5", "-2", "-1e-4940", "0", "1e-4940", "0.5", "1", "1.5", "2", "1e40", "inf"];
    let read = |text: &str| Extended::parse(text.as_bytes()).expect("a number");
    for (left, first) in sorted.iter().enumerate() {
        for (right, second) in sorted.iter().enumerate() {
            assert_eq!(read(first).compare(read(second)), left.cmp(&right), "{first} {second}");
        }
    }
    assert_eq!(read("-0").compare(read("0")), Ordering::Equal);
    assert_eq!(Extended::HIGHEST.plus(Extended::LOWEST), Extended::ZERO);
    assert!(!Extended::HIGHEST.plus(Extended::HIGHEST).is_finite());
    assert_eq!(read("1e4932").compare(Extended::HIGHEST), Ordering::Less);
}

#[test]
fn only_whole_finite_numbers_are_read() {
    for text in [
        "", " 1", "1 ", "abc", "nan", "1,5", "--1", "0x", "0x.", "1e", "1e+", "e5", ".", "0x1p", "1e5000", "1e-5000",
        "1\0",
    ] {
        assert_eq!(Extended::parse(text.as_bytes()), None, "{text}");
    }
    for text in ["1.", ".5", "+3", "0e99999999999", "1e4000", "1e-4940", "0X1P-3"] {
        assert!(Extended::parse(text.as_bytes()).is_some_and(Extended::is_finite), "{text}");
    }
    for text in ["inf", "-Infinity", "+INF"] {
        assert!(Extended::parse(text.as_bytes()).is_some_and(|value| !value.is_finite()), "{text}");
    }
}

#[test]
fn long_and_short_ways_of_reading_agree() {
    let mut seed = 7u64;
    for _ in 0..2_000 {
        seed = step(seed);
        let (digits, places) = (seed >> 8, (seed % 19) as usize);
        let short = format!("{digits}e-{places}");
        let direct = Extended::parse(short.as_bytes()).expect("a number");
        let digit_list: Vec<u8> = digits.to_string().bytes().map(|digit| digit - b'0').collect();
        let mut number = Natural::default();
        for digit in &digit_list {
            number.multiply_add(10, *digit as u32);
        }
        let mut power = Natural::from(1);
        (0..places).for_each(|_| power.multiply_add(10, 0));
        assert_eq!(quotient(false, number, power), direct, "{short}");
    }
}

#[test]
fn sums_agree_with_doubles_where_those_are_exact() {
    let mut seed = 11u64;
    for _ in 0..5_000 {
        seed = step(seed);
        let (left, right) = ((seed >> 34) as i64 - (1 << 29), (seed & 0x3fff_ffff) as i64 - (1 << 29));
        let (left, right) = (left as f64 / 1024.0, right as f64 / 64.0);
        let exact = format!("{:.17}", left + right);
        let exact = exact.trim_end_matches('0').trim_end_matches('.');
        assert_eq!(sum(&left.to_string(), &right.to_string()), exact);
    }
}
