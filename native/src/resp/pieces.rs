//! The elements of a long reply, gathered before it is known how many they are.
//!
//! The whole may be hundreds of megabytes: in one buffer each doubling would copy it, and its sender would wait for all of it.

use std::collections::VecDeque;

use super::reply::{Protocol, Reply};

/// Bytes of a piece.
pub const PIECE_BYTES: usize = 64 * 1024;
/// Bytes of an element besides its own: `$`, the length, two line ends.
const FRAME_BYTES: usize = 24;

#[derive(Default)]
pub struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    elements: usize,
}

impl Pieces {
    /// Adds a bulk string, which reads the same in both protocols.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        Reply::new(self.room(bytes.len()), Protocol::Resp2).bulk(bytes);
    }

    pub fn bulk_int(&mut self, number: i64) {
        Reply::new(self.room(20), Protocol::Resp2).bulk_int(number);
    }

    /// The last piece, or a new one if so many bytes do not fit.
    #[inline]
    fn room(&mut self, bytes: usize) -> &mut Vec<u8> {
        self.elements += 1;
        let bytes = bytes + FRAME_BYTES;
        if self.pieces.back().is_none_or(|piece| piece.len() + bytes > PIECE_BYTES) {
            // The first piece grows as it must, since most replies are small.
            let capacity = if self.pieces.is_empty() { bytes } else { PIECE_BYTES.max(bytes) };
            self.pieces.push_back(Vec::with_capacity(capacity));
        }
        self.pieces.back_mut().expect("pushed above")
    }

    /// How many elements were added.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Moves the next piece into the reply; false once none is left.
    pub fn send(&mut self, reply: &mut Reply) -> bool {
        if let Some(piece) = self.pieces.pop_front() {
            reply.raw(&piece);
        }
        !self.pieces.is_empty()
    }
}
