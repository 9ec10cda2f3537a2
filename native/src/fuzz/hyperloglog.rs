//! HyperLogLog values: any bytes behind a good header are refused or counted, and a damaged value stays of a bounded size.

use super::{Draw, run};
use crate::types::hyperloglog::{EMPTY, Encoding, count_of, encoding, sparse};

fn value(draw: &mut Draw) -> Vec<u8> {
    let mut text = EMPTY.to_vec();
    for _ in 0..draw.below(60) {
        let (index, rank) = (draw.below(16_384), 1 + draw.below(34) as u8);
        let _ = sparse::raise(&mut text, index, rank, 3_000);
    }
    if draw.chance(20) {
        text = sparse::to_dense(&text).expect("not damaged yet");
    }
    text
}

#[test]
fn values_are_refused_or_counted_and_can_be_added_to() {
    run("hyperloglogs", 20_000, |draw| {
        let mut text = value(draw);
        let mut runs = text.split_off(16.min(text.len()));
        draw.damage(&mut runs, b"\x00\x3f\x40\x7f\x80\x83\xfc\xff");
        if draw.chance(10) {
            draw.damage(&mut text, b"HYL\x00\x01\x02\xff");
        }
        text.append(&mut runs);
        let Some(encoding) = encoding(&text) else { return };
        let counted = count_of(&text, encoding);
        if encoding == Encoding::Dense {
            assert!(counted.is_ok());
            return;
        }
        // The four ways to read the runs agree on whether they are whole.
        let dense = sparse::to_dense(&text);
        assert_eq!(counted.is_ok(), dense.is_ok(), "{text:?}");
        assert_eq!(counted.is_ok(), sparse::for_each(&text, |_, _| ()).is_ok());
        if let Ok(dense) = dense {
            assert_eq!(counted, count_of(&dense, Encoding::Dense), "{text:?}");
        }
        let _ = sparse::decoded(&text);
        let (before, whole) = (text.len(), counted.is_ok());
        for _ in 0..20 {
            let _ = sparse::raise(&mut text, draw.below(16_384), 1 + draw.below(34) as u8, 3_000);
        }
        assert!(text.len() <= before + 60, "three bytes at a time");
        assert_eq!(sparse::for_each(&text, |_, _| ()).is_ok(), whole, "raising keeps what the runs cover");
    });
}
