//! Numbers: what is read agrees with the standard library where both read the same, and what is printed reads back.

use super::{Draw, run};
use crate::resp::extended::Extended;
use crate::resp::number;

fn text(draw: &mut Draw) -> Vec<u8> {
    let mut text = match draw.below(6) {
        0 => (draw.next() as i64 >> draw.below(64)).to_string().into_bytes(),
        1 => f64::from_bits(draw.next()).to_string().into_bytes(),
        2 => format!("{}e{}", draw.next() as i32, draw.below(12_000) as i32 - 6000).into_bytes(),
        3 => format!("-0x{:x}.{:x}p{}", draw.next(), draw.next(), draw.below(40_000) as i32 - 20_000).into_bytes(),
        4 => draw.bytes(b"0123456789", 5400),
        _ => draw.bytes(b"0123456789+-.eExXpPinfa \0", 24),
    };
    if draw.chance(40) {
        draw.damage(&mut text, b"0123456789+-.eExXpPinfa \0");
    }
    text
}

#[test]
fn integers_are_those_that_print_the_same() {
    run("integers", 50_000, |draw| {
        let text = text(draw);
        let plain = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<i64>().ok());
        let canonical = plain.filter(|number| number.to_string().as_bytes() == text);
        assert_eq!(number::integer(&text), canonical, "{:?}", text.escape_ascii().to_string());
    });
}

#[test]
fn doubles_are_never_nan_and_read_back_as_printed() {
    run("doubles", 50_000, |draw| {
        let text = text(draw);
        let shown = text.escape_ascii().to_string();
        let Some(value) = number::double(&text) else { return };
        assert!(!value.is_nan(), "{shown}");
        let printed = number::double_text(value);
        assert_eq!(number::c_double(&text).map(f64::to_bits), Some(value.to_bits()), "{shown}");
        assert_eq!(number::double(&printed).map(f64::to_bits), Some(value.to_bits()), "{shown}");
        let _ = number::print_human(value);
        if let Some(plain) = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<f64>().ok()) {
            assert_eq!(value.to_bits(), plain.to_bits(), "{shown}");
        }
    });
}

#[test]
fn long_doubles_of_any_text_add_and_print() {
    run("long doubles", 3_000, |draw| {
        let texts = (text(draw), text(draw));
        let (Some(left), Some(right)) = (Extended::parse(&texts.0), Extended::parse(&texts.1)) else { return };
        let sum = left.plus(right);
        assert_eq!(sum.print(), right.plus(left).print(), "{texts:?}");
        if sum.is_finite() {
            let printed = sum.print();
            assert!(printed.len() < 5_000 && !printed.contains('e'), "{texts:?}");
            // 17 decimals are printed and no more, so only a second printing must be the same.
            let again = Extended::parse(printed.as_bytes()).map(Extended::print);
            assert!(again.is_none_or(|again| again == printed), "{texts:?} {printed}");
        }
    });
}
