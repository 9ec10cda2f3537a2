//! A witness of a table: shown entries before they change, so that it can keep them as they were.

use super::*;

/// Who wants to see entries before they change. It knows which positions it has seen, and need not be shown those again.
pub trait Witness<B: Block>: Send {
    /// Entries at `position` are about to be changed, taken out, or joined by another.
    fn before(&mut self, table: &Table<B>, position: u32);

    /// The table goes away with all that is in it.
    fn before_all(&mut self, table: &Table<B>);

    /// Sees some more of the table by itself. False: it has seen all.
    fn step(&mut self, table: &Table<B>) -> bool;
}

impl<B: Block> Table<B> {
    /// From now on this one sees entries before they change; the one before it is dropped.
    pub fn set_witness(&mut self, witness: Box<dyn Witness<B>>) {
        self.witness = Some(witness);
    }

    #[inline]
    pub fn has_witness(&self) -> bool {
        self.witness.is_some()
    }

    /// Lets the witness see some more; when it has seen all it goes. False: there is none, or none any more.
    pub fn step_witness(&mut self) -> bool {
        let Some(mut witness) = self.witness.take() else { return false };
        let more = witness.step(self);
        if more {
            self.witness = Some(witness);
        }
        more
    }

    #[cold]
    pub(super) fn show_witness(&mut self, position: u32) {
        if let Some(mut witness) = self.witness.take() {
            witness.before(self, position);
            self.witness = Some(witness);
        }
    }

    /// The table is about to lose all that is in it.
    #[inline]
    pub(super) fn dismiss_witness(&mut self) {
        if let Some(mut witness) = self.witness.take() {
            witness.before_all(self);
        }
    }

    pub(super) fn position_at(&self, place: Place) -> u32 {
        // SAFETY: `place` came from `find` on this table, and nothing has moved since.
        let bucket = unsafe { &*place.bucket };
        super::super::bucket::position_of(bucket.slots[place.slot], bucket.tags[place.slot])
    }
}
