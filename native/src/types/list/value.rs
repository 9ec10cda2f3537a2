//! The value of a list key: elements in order, in one of two encodings, each change with its inverse.

use std::any::Any;

use super::Side;
use super::element::{self, Element, Item};
use super::lazy::Lazy;
use super::limits::{Limits, PLAIN_BYTES_MIN};
use super::node::{Node, Put, View, Wanted};
use super::quick::{Figures, Quick};
use super::run::Run;
use crate::ds::digest::Digest;
use crate::ds::entry::Object;
use crate::store::Store;
use crate::sys::cpu::prefetch;
use crate::txn::edit::Inverses;

/// Bytes of entries that are kept in the inverse of a cut.
const FEW_BYTES_MAX: usize = 32;

/// 24 bytes; a short list has one block besides.
#[derive(Clone)]
pub enum ListValue {
    Packed(Run),
    Quick(Box<Quick>),
}

const _: () = assert!(size_of::<ListValue>() == 24);

impl Default for ListValue {
    fn default() -> ListValue {
        ListValue::Packed(Run::default())
    }
}

impl ListValue {
    /// A list of these elements, in the encoding that Redis loads so many into.
    pub fn of<'a>(texts: impl Iterator<Item = &'a [u8]>, limits: &Limits) -> ListValue {
        let mut list = ListValue::default();
        texts.for_each(|text| list.add(text, limits));
        list
    }

    /// Puts an element behind the others of a list that nobody else sees yet.
    pub fn add(&mut self, text: &[u8], limits: &Limits) {
        if let ListValue::Packed(run) = self
            && (limits.exceeded(run.listpack_bytes() + text.len(), run.len() + 1) || text.len() >= PLAIN_BYTES_MIN)
        {
            self.make_quick();
        }
        self.push_raw(Side::Right, text, limits);
    }

    /// Elements.
    #[inline]
    pub fn count(&self) -> u64 {
        match self {
            ListValue::Packed(run) => run.len() as u64,
            ListValue::Quick(quick) => quick.len(),
        }
    }

    /// Becomes a quicklist if `texts` would make the listpack too large: as Redis decides before it adds them.
    #[inline]
    pub fn make_room<'a>(
        &mut self,
        texts: impl ExactSizeIterator<Item = &'a [u8]>,
        limits: &Limits,
        inverses: &mut Inverses,
    ) {
        if let ListValue::Packed(run) = self {
            let count = run.len() + texts.len();
            let mut bytes = run.listpack_bytes();
            let mut plain = false;
            for text in texts {
                bytes += text.len();
                plain |= text.len() >= PLAIN_BYTES_MIN;
            }
            if limits.exceeded(bytes, count) || plain {
                self.become_quick(inverses);
            }
        }
    }

    /// Adds an element at one end; [`ListValue::make_room`] was asked before.
    #[inline]
    pub fn push(&mut self, side: Side, text: &[u8], limits: &Limits, inverses: &mut Inverses) {
        self.push_raw(side, text, limits);
        if inverses.on() {
            inverses.push(move |list: &mut ListValue| list.pop_raw(side));
        }
    }

    #[inline]
    fn push_raw(&mut self, side: Side, text: &[u8], limits: &Limits) {
        match self {
            ListValue::Packed(run) => run.push(side, &Element::of(text)),
            ListValue::Quick(quick) => quick.push(side, text, limits),
        }
    }

    fn pop_raw(&mut self, side: Side) {
        match self {
            ListValue::Packed(run) => {
                run.pop(side);
                run.shrink();
            }
            ListValue::Quick(quick) => drop(quick.pop(side, |_| ())),
        }
    }

    /// Takes the first element at `side` away after `read` has seen it; there is one.
    #[inline]
    pub fn pop<R>(&mut self, side: Side, limits: &Limits, inverses: &mut Inverses, read: impl FnOnce(Item) -> R) -> R {
        let mut kept = None;
        let on = inverses.on();
        let keep_and_read = |item: Item| {
            kept = on.then(|| item.to_vec());
            read(item)
        };
        let result = match self {
            ListValue::Packed(run) => {
                let result = keep_and_read(run.first(side).expect("lists are not empty"));
                run.pop(side);
                run.shrink();
                result
            }
            ListValue::Quick(quick) => quick.pop(side, keep_and_read).expect("lists are not empty"),
        };
        if let Some(text) = kept {
            let limits = *limits;
            inverses.push(move |list: &mut ListValue| list.push_raw(side, &text, &limits));
        }
        self.settle(limits, inverses);
        result
    }

    /// Calls `read` with the element at `index`. None: there is none.
    pub fn get<R>(&self, index: u64, read: impl FnOnce(Item) -> R) -> Option<R> {
        match self {
            ListValue::Packed(run) => (index < run.len() as u64).then(|| read(run.get(index as usize))),
            ListValue::Quick(quick) => quick.get(index, read),
        }
    }

    /// Puts an element in the place of the one at `index`, which exists.
    pub fn set(&mut self, index: u64, text: &[u8], limits: &Limits, inverses: &mut Inverses) {
        if inverses.on() {
            let (old, limits) = (self.get(index, |item| item.to_vec()).unwrap_or_default(), *limits);
            inverses.push(move |list: &mut ListValue| list.put(index, Put::Replace, &old, &limits));
        }
        // What a quicklist makes of its nodes is no business of the inverse, but for the encoding.
        self.put(index, Put::Replace, text, limits);
        self.settle(limits, inverses);
    }

    /// Puts an element before the one at `index`, or at the end.
    pub fn insert(&mut self, index: u64, text: &[u8], limits: &Limits, inverses: &mut Inverses) {
        self.put(index, Put::Insert, text, limits);
        let limits = *limits;
        inverses.push(move |list: &mut ListValue| list.take_out(&[index], &limits));
    }

    fn put(&mut self, index: u64, put: Put, text: &[u8], limits: &Limits) {
        match (self, put) {
            (ListValue::Packed(run), _) => {
                let (element, at) = (Element::of(text), run.seek(index as usize));
                let (old, change) = match put {
                    Put::Insert => (0, 1),
                    Put::Replace => (element::size(&run.bytes()[at..]), 0),
                };
                element.write(run.splice(at, old, element.size(), change));
            }
            (ListValue::Quick(quick), Put::Insert) => quick.insert(index, text, limits),
            (ListValue::Quick(quick), Put::Replace) => quick.replace(index, text, limits),
        }
    }

    /// Takes the elements at `indexes` (ascending) away, which all are `text`.
    pub fn remove(&mut self, indexes: Vec<u64>, text: &[u8], limits: &Limits, inverses: &mut Inverses) {
        self.take_out(&indexes, limits);
        if inverses.on() {
            let (text, limits): (Box<[u8]>, _) = (text.into(), *limits);
            inverses.push(move |list: &mut ListValue| {
                indexes.iter().for_each(|index| list.put(*index, Put::Insert, &text, &limits));
            });
        }
        self.settle(limits, inverses);
    }

    fn take_out(&mut self, indexes: &[u64], limits: &Limits) {
        match self {
            ListValue::Packed(run) => {
                let within: Vec<usize> = indexes.iter().map(|index| *index as usize).collect();
                let left = Node::Packed(std::mem::take(run)).without(&within).pop();
                if let Some(Node::Packed(left)) = left {
                    *run = left;
                }
            }
            ListValue::Quick(quick) => quick.remove(indexes, limits),
        }
    }

    /// Takes the first `count` elements at `side` away, as many as there are.
    pub fn cut(&mut self, side: Side, count: u64, limits: &Limits, store: &'static Store, inverses: &mut Inverses) {
        if inverses.on() && self.cut_few(side, count, limits, inverses) {
            return;
        }
        if inverses.on() {
            let (part, limits) = (Lazy::new(self.detach(side, count), &store.garbage), *limits);
            inverses.push(move |list: &mut ListValue| list.attach(side, part.take(), &limits));
        } else if let Some(run) = self.run_at(side, count) {
            let at = edge(run, side, count as usize);
            run.cut(side, at, count as usize);
            if let ListValue::Packed(run) = self {
                run.shrink();
            }
        } else {
            drop(Lazy::new(self.detach(side, count), &store.garbage));
        }
        self.settle(limits, inverses);
    }

    /// Takes so many elements away whose entries fit into their inverse itself, as those of LTRIM behind LPUSH do: one block less to
    /// allocate than for a part of its own. False: nothing was done.
    fn cut_few(&mut self, side: Side, count: u64, limits: &Limits, inverses: &mut Inverses) -> bool {
        let ListValue::Packed(run) = self else { return false };
        let count = count as usize;
        if count >= run.len().min(FEW_BYTES_MAX) {
            return false;
        }
        let bytes = edge(run, side, count);
        if bytes > FEW_BYTES_MAX {
            return false;
        }
        let at = if side == Side::Left { 0 } else { run.bytes().len() - bytes };
        let mut kept = [0; FEW_BYTES_MAX];
        kept[..bytes].copy_from_slice(&run.bytes()[at..at + bytes]);
        run.cut(side, bytes, count);
        run.shrink();
        let limits = *limits;
        inverses.push(move |list: &mut ListValue| {
            list.attach(side, ListValue::Packed(Run::of_entries(&kept[..bytes], count as u32)), &limits);
        });
        true
    }

    /// The same, and gives them, in their order.
    pub fn take(
        &mut self,
        side: Side,
        count: u64,
        limits: &Limits,
        store: &'static Store,
        inverses: &mut Inverses,
    ) -> ListValue {
        let part = self.detach(side, count);
        if inverses.on() {
            let (kept, limits) = (Lazy::new(part.clone(), &store.garbage), *limits);
            inverses.push(move |list: &mut ListValue| list.attach(side, kept.take(), &limits));
        }
        self.settle(limits, inverses);
        part
    }

    /// Adds the elements of another list at one end, in their order.
    pub fn append(
        &mut self,
        side: Side,
        mut part: ListValue,
        limits: &Limits,
        store: &'static Store,
        inverses: &mut Inverses,
    ) {
        let count = part.count();
        if let ListValue::Packed(run) = self {
            // As if all were pushed: a few out of a quicklist fit into a listpack.
            if part.memory_bytes() <= 4 * limits.bytes_max {
                part.make_packed();
            }
            let fits = part.packed().is_some_and(|more| {
                let texts: usize = element::items(more.bytes()).map(|item| item.text_len()).sum();
                !limits.exceeded(run.listpack_bytes() + texts, run.len() + more.len())
            });
            if !fits {
                self.become_quick(inverses);
            }
        }
        self.attach(side, part, limits);
        if inverses.on() {
            let garbage = &store.garbage;
            inverses.push(move |list: &mut ListValue| drop(Lazy::new(list.detach(side, count), garbage)));
        }
    }

    /// The run with the first `count` elements at `side`, if one has them all and more is left in it or the list is packed.
    fn run_at(&mut self, side: Side, count: u64) -> Option<&mut Run> {
        let run = match self {
            ListValue::Packed(run) => run,
            ListValue::Quick(quick) => quick.end_mut(side),
        };
        (run.len() as u64 > count).then_some(run)
    }

    fn detach(&mut self, side: Side, count: u64) -> ListValue {
        if let Some(run) = self.run_at(side, count) {
            let at = edge(run, side, count as usize);
            let bytes = run.bytes();
            let part = if side == Side::Left { &bytes[..at] } else { &bytes[bytes.len() - at..] };
            let part = Run::of_entries(part, count as u32);
            run.cut(side, at, count as usize);
            return ListValue::Packed(part);
        }
        match self {
            ListValue::Packed(run) => ListValue::Packed(std::mem::take(run)),
            ListValue::Quick(quick) => {
                let at = if side == Side::Left { count } else { quick.len().saturating_sub(count) };
                let (left, right) = std::mem::take(&mut **quick).split(at);
                let (part, rest) = if side == Side::Left { (left, right) } else { (right, left) };
                **quick = rest;
                ListValue::Quick(Box::new(part))
            }
        }
    }

    fn attach(&mut self, side: Side, part: ListValue, limits: &Limits) {
        match (self, part) {
            (ListValue::Packed(run), ListValue::Packed(part)) => {
                let at = if side == Side::Left { 0 } else { run.bytes().len() };
                run.splice(at, 0, part.bytes().len(), part.len() as i32).copy_from_slice(part.bytes());
            }
            (list, part) => {
                let mine = std::mem::take(list).into_quick();
                let theirs = part.into_quick();
                let (left, right) = if side == Side::Left { (theirs, mine) } else { (mine, theirs) };
                *list = ListValue::Quick(Box::new(left.join(right, limits)));
            }
        }
    }

    fn into_quick(self) -> Quick {
        match self {
            ListValue::Packed(run) => Quick::of_run(run),
            ListValue::Quick(quick) => *quick,
        }
    }

    #[cold]
    fn become_quick(&mut self, inverses: &mut Inverses) {
        self.make_quick();
        inverses.push(ListValue::make_packed);
    }

    fn make_quick(&mut self) {
        if let ListValue::Packed(run) = self {
            *self = ListValue::Quick(Box::new(Quick::of_run(std::mem::take(run))));
        }
    }

    fn make_packed(&mut self) {
        if let ListValue::Quick(quick) = self {
            let run = match quick.only_run() {
                Some(run) => std::mem::take(run),
                None => quick.gathered(),
            };
            *self = ListValue::Packed(run);
        }
    }

    /// A quicklist whose only node is below half of the limit becomes a listpack again, as in Redis.
    #[inline]
    fn settle(&mut self, limits: &Limits, inverses: &mut Inverses) {
        let ListValue::Quick(quick) = self else { return };
        if quick.nodes() == 1
            && let Some(run) = quick.only_run()
            && limits.is_small(run.listpack_bytes(), run.len())
        {
            let mut run = std::mem::take(run);
            run.shrink();
            *self = ListValue::Packed(run);
            inverses.push(ListValue::make_quick);
        }
    }

    /// Appends `count` elements from `from` on as bulk strings; from the right, the last one first, if `side` says so.
    pub fn write_bulks(&self, from: u64, count: u64, side: Side, out: &mut Vec<u8>) {
        self.visit(from, count, side, &mut |view, skip, take| {
            view.write_bulks(skip, take, side, out);
            true
        });
    }

    /// The same elements, the last one first. O(n).
    pub fn reversed(&self, limits: &Limits) -> ListValue {
        let mut list = ListValue::default();
        self.for_each(|item| {
            let text = item.to_vec();
            list.make_room([&text[..]].into_iter(), limits, &mut Inverses::off());
            list.push_raw(Side::Left, &text, limits);
        });
        list
    }

    /// Calls `each` with the elements from left to right.
    pub fn for_each(&self, mut each: impl FnMut(Item)) {
        self.visit(0, self.count(), Side::Left, &mut |view, skip, take| {
            view.items(skip, take).for_each(&mut each);
            true
        });
    }

    /// As [`Quick::visit`].
    pub fn visit(&self, from: u64, count: u64, side: Side, each: &mut dyn FnMut(&View, usize, usize) -> bool) -> bool {
        match self {
            ListValue::Packed(run) => {
                let skip = (from as usize).min(run.len());
                let take = (run.len() - skip).min(usize::try_from(count).unwrap_or(usize::MAX));
                each(&View::of_run(run), skip, take)
            }
            ListValue::Quick(quick) => quick.visit(from, count, side, each),
        }
    }

    /// Calls `each` with the indexes of the elements from `from` on, `count` of them, that are `text`; from the right, the
    /// last one first, if `side` says so. Ends when `each` has had enough (false).
    pub fn find(&self, text: &[u8], from: u64, count: u64, side: Side, mut each: impl FnMut(u64) -> bool) {
        let wanted = Wanted::of(text);
        match self {
            ListValue::Packed(run) => {
                self.visit(from, count, side, &mut |_, skip, take| {
                    View::of_run(run).find(&wanted, skip, take, side, |index| each(index as u64))
                });
            }
            ListValue::Quick(quick) => {
                quick.find(&wanted, from, count, side, &mut each);
            }
        }
    }

    /// Is it, for all that can be told at little cost, still what `other`, a copy of it, was?
    pub fn is_same(&self, other: &ListValue) -> bool {
        match (self, other) {
            (ListValue::Packed(mine), ListValue::Packed(theirs)) => mine.bytes() == theirs.bytes(),
            (ListValue::Quick(mine), ListValue::Quick(theirs)) => mine.is_same(theirs),
            _ => false,
        }
    }

    /// What DEBUG OBJECT tells of a quicklist.
    pub fn figures(&self) -> Option<Figures> {
        match self {
            ListValue::Packed(_) => None,
            ListValue::Quick(quick) => Some(quick.figures()),
        }
    }

    /// The entries of a listpack.
    pub fn packed(&self) -> Option<&Run> {
        match self {
            ListValue::Packed(run) => Some(run),
            ListValue::Quick(_) => None,
        }
    }
}

/// Bytes of the first `count` entries at `side`.
fn edge(run: &Run, side: Side, count: usize) -> usize {
    match side {
        Side::Left => run.seek(count),
        Side::Right => run.bytes().len() - run.seek(run.len() - count),
    }
}

impl Object for ListValue {
    fn type_name(&self) -> &'static str {
        "list"
    }

    fn encoding(&self) -> &'static str {
        match self {
            ListValue::Packed(_) => "listpack",
            ListValue::Quick(_) => "quicklist",
        }
    }

    #[inline]
    fn memory_bytes(&self) -> usize {
        size_of::<ListValue>()
            + match self {
                ListValue::Packed(run) => run.heap_bytes(),
                ListValue::Quick(quick) => size_of::<Quick>() + quick.heap_bytes(),
            }
    }

    #[inline]
    fn len(&self) -> usize {
        self.count() as usize
    }

    fn prefetch_ends(&self, again: bool) -> bool {
        match self {
            ListValue::Packed(run) => run.prefetch(),
            ListValue::Quick(quick) if again => quick.prefetch(),
            ListValue::Quick(quick) => prefetch((&raw const **quick).cast()),
        }
        matches!(self, ListValue::Quick(_))
    }

    fn blocks(&self) -> usize {
        match self {
            ListValue::Packed(_) => 1,
            ListValue::Quick(quick) => quick.nodes() as usize * 3,
        }
    }

    /// O(log n): nodes are shared until one of the two writes them.
    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    fn digest(&self, digest: &mut Digest) {
        self.for_each(|element| digest.mix(&element.to_vec()));
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
