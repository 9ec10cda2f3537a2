//! Tests of packed.rs: splices against a plain vector, wherever the run lies.

use super::*;
use crate::sys::random::step;

#[test]
fn splices_agree_with_a_vector_in_every_home() {
    (1..60).for_each(splices_agree);
}

pub(crate) fn splices_agree(seed: u64) {
    {
        let mut state = seed;
        let mut below = |bound: usize| {
            state = step(state);
            (state >> 33) as usize % bound
        };
        // Two annexes to move between; a run lies in one of them or in a block.
        let mut rooms = [[0u8; 256], [0; 256]];
        let rooms: [*mut u8; 2] = [rooms[0].as_mut_ptr(), rooms[1].as_mut_ptr()];
        let mut packed: Packed<Vec<u8>> = Packed::default();
        let (mut model, mut elements, mut mark) = (Vec::new(), 0usize, false);
        let longest = [20, 180, 3000][(seed % 3) as usize];
        for turn in 0..400 {
            let at = below(model.len() + 1);
            let remove = below((model.len() - at).min(40) + 1);
            let text = vec![turn as u8; below(if model.len() > longest { 1 } else { 60 })];
            let (left, right) = text.split_at(text.len() / 2);
            let more = if elements > 200 { -100 } else { below(3) as i32 };
            packed.splice(at, remove, &[left, right], more);
            model.splice(at..at + remove, text);
            elements = elements.wrapping_add_signed(more as isize);
            match below(8) {
                0 if (1..=ANNEX_RUN_MAX).contains(&model.len()) => {
                    let wanted = packed.annex_bytes();
                    packed.move_out();
                    // SAFETY: the room is free: the run lies in the other one or in a block.
                    unsafe { packed.move_to(rooms[turn % 2], wanted + below(256 - wanted)) };
                    assert!(packed.is_annexed());
                    // SAFETY: as above.
                    unsafe { packed.move_to(rooms[1 - turn % 2], wanted + below(256 - wanted)) };
                    assert_eq!(packed.memory_bytes(), 0);
                }
                1 => packed.move_out(),
                2 => {
                    mark = !mark;
                    packed.set_mark(mark);
                }
                3 => packed = packed.clone(),
                4 => packed = packed.take(),
                _ => (),
            }
            assert_eq!((packed.bytes(), packed.elements(), packed.marked()), (&model[..], elements, mark), "{seed}");
            let most = if model.len() <= ANNEX_RUN_MAX { 600 } else { model.len() * 5 / 4 + 600 };
            assert!(packed.memory_bytes() <= most, "{} bytes for {}", packed.memory_bytes(), model.len());
        }
    }
}

#[test]
fn the_large_form_has_no_run_and_is_dropped_once() {
    let large = std::sync::Arc::new(());
    let mut packed = Packed::large(Box::new(large.clone()));
    assert_eq!((packed.bytes(), packed.elements(), packed.annex_bytes()), (&[][..], 0, 0));
    let copy = packed.clone();
    let moved = packed.take();
    assert!(matches!(packed.form(), Form::Run([])) && packed.is_annexed());
    assert_eq!(std::sync::Arc::strong_count(&large), 3);
    drop((packed, copy, moved));
    assert_eq!(std::sync::Arc::strong_count(&large), 1);
}
