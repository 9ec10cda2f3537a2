//! A node of a long list: elements beside each other, one large element, or either of them compressed.

use std::borrow::Cow;

use smallvec::{SmallVec, smallvec};

use super::Side;
use super::bulks;
use super::element::{self, Element, Item};
use super::limits::Limits;
use super::run::{LISTPACK_BYTES, Run};
use crate::snapshot::lzf;
use crate::sys::alloc::good_size;

/// Nodes below this are not compressed, bytes (as in Redis).
const SQUEEZE_BYTES_MIN: usize = 48;
/// Nor are those that would not get so much smaller, bytes (as in Redis).
const SQUEEZE_GAIN_MIN: usize = 8;
/// Nor those above: compressing more would hold up everybody (Redis does it). No node of several elements is so large.
const SQUEEZE_BYTES_MAX: usize = 64 << 10;

#[derive(Clone)]
pub enum Node {
    Packed(Run),
    /// One large element, as it is.
    Plain(Box<[u8]>),
    Squeezed(Box<Squeezed>),
}

#[derive(Clone)]
pub struct Squeezed {
    lzf: Box<[u8]>,
    /// Bytes of what was compressed: the entries of a run, or the element of a plain node.
    bytes: u32,
    count: u32,
    plain: bool,
}

/// What comes out of an edit in place of one node.
pub type Nodes = SmallVec<[Node; 3]>;

/// What becomes of an element that is put into a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Put {
    /// It comes before the element at the index, or after the last one.
    Insert,
    /// It takes the place of the element at the index.
    Replace,
}

impl Node {
    /// A node of one element.
    pub fn of(text: &[u8], limits: &Limits) -> Node {
        if limits.is_plain(text.len()) {
            return Node::Plain(text.into());
        }
        let element = Element::of(text);
        let mut run = Run::with_room(element.size(), Side::Right);
        run.push(Side::Right, &element);
        Node::Packed(run)
    }

    /// Elements.
    pub fn len(&self) -> usize {
        match self {
            Node::Packed(run) => run.len(),
            Node::Plain(_) => 1,
            Node::Squeezed(squeezed) => squeezed.count as usize,
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Node::Packed(run) => run.heap_bytes(),
            Node::Plain(text) => good_size(text.len()),
            Node::Squeezed(squeezed) => size_of::<Squeezed>() + good_size(squeezed.lzf.len()),
        }
    }

    pub fn is_plain(&self) -> bool {
        match self {
            Node::Packed(_) => false,
            Node::Plain(_) => true,
            Node::Squeezed(squeezed) => squeezed.plain,
        }
    }

    pub fn is_squeezed(&self) -> bool {
        matches!(self, Node::Squeezed(_))
    }

    /// Its content, to be read. Expanded into a buffer of its own where it is compressed.
    pub fn view(&self) -> View<'_> {
        match self {
            Node::Packed(run) => View { bytes: Cow::Borrowed(run.bytes()), count: run.len(), plain: false },
            Node::Plain(text) => View { bytes: Cow::Borrowed(text), count: 1, plain: true },
            Node::Squeezed(squeezed) => {
                View { bytes: Cow::Owned(squeezed.expand()), count: squeezed.count as usize, plain: squeezed.plain }
            }
        }
    }

    /// The same node, not compressed.
    pub fn expanded(self) -> Node {
        match self {
            Node::Squeezed(squeezed) if squeezed.plain => Node::Plain(squeezed.expand().into()),
            Node::Squeezed(squeezed) => Node::Packed(Run::of_entries(&squeezed.expand(), squeezed.count)),
            other => other,
        }
    }

    /// The same node, compressed if that is worth it.
    pub fn squeezed(self) -> Node {
        let (bytes, plain) = match &self {
            Node::Packed(run) => (run.bytes(), false),
            Node::Plain(text) => (&text[..], true),
            Node::Squeezed(_) => return self,
        };
        if !(SQUEEZE_BYTES_MIN..=SQUEEZE_BYTES_MAX).contains(&bytes.len()) {
            return self;
        }
        let Some(lzf) = lzf::compress(bytes, bytes.len() - SQUEEZE_GAIN_MIN) else { return self };
        let (bytes, count) = (bytes.len() as u32, self.len() as u32);
        Node::Squeezed(Box::new(Squeezed { lzf: lzf.into(), bytes, count, plain }))
    }

    /// Puts an element at `index`. What does not fit into this node makes two or three of it. Moves this node at most.
    pub fn put(self, index: usize, put: Put, text: &[u8], limits: &Limits) -> Nodes {
        let squeeze = self.is_squeezed();
        let nodes = match self.expanded() {
            Node::Plain(old) => {
                let new = Node::of(text, limits);
                match (put, index) {
                    (Put::Replace, _) => smallvec![new],
                    (Put::Insert, 0) => smallvec![new, Node::Plain(old)],
                    (Put::Insert, _) => smallvec![Node::Plain(old), new],
                }
            }
            Node::Packed(run) => put_into_run(run, index, put, text, limits),
            Node::Squeezed(_) => unreachable!("expanded"),
        };
        if squeeze { nodes.into_iter().map(Node::squeezed).collect() } else { nodes }
    }

    /// Takes the elements at `indexes` (ascending) away. What is left, if anything.
    pub fn without(self, indexes: &[usize]) -> Nodes {
        let squeeze = self.is_squeezed();
        let left = match self.expanded() {
            Node::Packed(run) if indexes.len() < run.len() => Node::Packed(without(run, indexes)),
            node if indexes.is_empty() => node,
            _ => return Nodes::new(),
        };
        smallvec![if squeeze { left.squeezed() } else { left }]
    }

    /// Splits it before element `index`, which is inside: not the first.
    pub fn split(self, index: usize) -> (Node, Node) {
        let Node::Packed(mut run) = self.expanded() else { unreachable!("a plain node has one element") };
        let tail = run.split_off(run.seek(index), index);
        run.fit();
        (Node::Packed(run), Node::Packed(tail))
    }
}

fn put_into_run(mut run: Run, index: usize, put: Put, text: &[u8], limits: &Limits) -> Nodes {
    let element = Element::of(text);
    let at = run.seek(index);
    let old = if put == Put::Replace { element::size(&run.bytes()[at..]) } else { 0 };
    let change = i32::from(put == Put::Insert);
    let count = run.len() - (put == Put::Replace) as usize;
    let alone = count == 0 && !limits.is_plain(text.len());
    // What stays as large as it was may stay.
    let fits = limits.allow(run.listpack_bytes() - old, count, text.len())
        || (element.size() <= old && !limits.is_plain(text.len()));
    if fits || alone {
        element.write(run.splice(at, old, element.size(), change));
        run.shrink();
        return smallvec![Node::Packed(run)];
    }
    let mut tail = run.split_off(at, index);
    if put == Put::Replace {
        tail.cut(Side::Left, old, 1);
    }
    let mut nodes = Nodes::new();
    let mut new = None;
    if !run.is_empty() && limits.allow(run.listpack_bytes(), run.len(), text.len()) {
        run.push(Side::Right, &element);
    } else if !tail.is_empty() && limits.allow(tail.listpack_bytes(), tail.len(), text.len()) {
        tail.push(Side::Left, &element);
    } else {
        new = Some(Node::of(text, limits));
    }
    if !run.is_empty() {
        run.fit();
        nodes.push(Node::Packed(run));
    }
    nodes.extend(new);
    if !tail.is_empty() {
        nodes.push(Node::Packed(tail));
    }
    nodes
}

/// The run without the elements at `indexes` (ascending, not all), in one pass.
fn without(mut run: Run, indexes: &[usize]) -> Run {
    if let [index] = indexes {
        let at = run.seek(*index);
        run.splice(at, element::size(&run.bytes()[at..]), 0, -1);
        run.shrink();
        return run;
    }
    let bytes = run.bytes();
    let mut kept = Vec::with_capacity(bytes.len());
    let (mut at, mut gone) = (0, indexes.iter().peekable());
    for index in 0..run.len() {
        let end = at + element::size(&bytes[at..]);
        if gone.next_if(|next| **next == index).is_none() {
            kept.extend_from_slice(&bytes[at..end]);
        }
        at = end;
    }
    Run::of_entries(&kept, (run.len() - indexes.len()) as u32)
}

impl Squeezed {
    fn expand(&self) -> Vec<u8> {
        lzf::expand(&self.lzf, self.bytes as usize).expect("compressed by this process")
    }
}

/// The content of a node.
pub struct View<'a> {
    bytes: Cow<'a, [u8]>,
    count: usize,
    plain: bool,
}

impl<'a> View<'a> {
    pub fn of_run(run: &'a Run) -> View<'a> {
        View { bytes: Cow::Borrowed(run.bytes()), count: run.len(), plain: false }
    }

    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Bytes as Redis counts a node's.
    pub fn listpack_bytes(&self) -> usize {
        self.bytes.len() + if self.plain { 0 } else { LISTPACK_BYTES }
    }

    pub fn get(&self, index: usize) -> Item<'_> {
        if self.plain {
            Item::Text(&self.bytes)
        } else {
            element::item(&self.bytes[element::seek(&self.bytes, self.count, index)..])
        }
    }

    /// The elements from `skip` on, `take` of them.
    pub fn items(&self, skip: usize, take: usize) -> impl Iterator<Item = Item<'_>> {
        let plain = (self.plain && take > 0).then_some(Item::Text(&self.bytes));
        let packed = if self.plain { &[][..] } else { &self.bytes[element::seek(&self.bytes, self.count, skip)..] };
        plain.into_iter().chain(element::items(packed).take(if self.plain { 0 } else { take }))
    }

    /// Appends the elements from `skip` on, `take` of them, as bulk strings; the last one first if `side` is the right one.
    pub fn write_bulks(&self, skip: usize, take: usize, side: Side, out: &mut Vec<u8>) {
        debug_assert!(skip + take <= self.count);
        if self.plain {
            return bulks::write_plain(&self.bytes, out);
        }
        let start = element::seek(&self.bytes, self.count, skip);
        match side {
            Side::Left => bulks::write(&self.bytes[start..], take, out),
            Side::Right => {
                let end = if skip + take == self.count {
                    self.bytes.len()
                } else {
                    element::seek(&self.bytes, self.count, skip + take)
                };
                bulks::write_back(&self.bytes[start..end], take, out);
            }
        }
    }

    /// Calls `each` with the index of every element from `skip` on, `take` of them, that is the one wanted; the last one
    /// first if `side` is the right one. False: `each` has had enough.
    pub fn find(
        &self,
        wanted: &Wanted,
        skip: usize,
        take: usize,
        side: Side,
        mut each: impl FnMut(usize) -> bool,
    ) -> bool {
        if take == 0 {
            return true;
        }
        if self.plain {
            return self.bytes[..] != *wanted.text || each(skip);
        }
        let bytes = &self.bytes[..];
        match side {
            Side::Left => {
                let mut at = element::seek(bytes, self.count, skip);
                for index in skip..skip + take {
                    let rest = &bytes[at..];
                    if wanted.element.begins(rest) && !each(index) {
                        return false;
                    }
                    at += element::size(rest);
                }
            }
            Side::Right => {
                let mut end = element::seek(bytes, self.count, skip + take);
                for index in (skip..skip + take).rev() {
                    let at = end - element::size_back(&bytes[..end]);
                    if wanted.element.begins(&bytes[at..]) && !each(index) {
                        return false;
                    }
                    end = at;
                }
            }
        }
        true
    }
}

/// An element that is searched for.
pub struct Wanted<'a> {
    text: &'a [u8],
    element: Element<'a>,
}

impl<'a> Wanted<'a> {
    pub fn of(text: &'a [u8]) -> Wanted<'a> {
        Wanted { text, element: Element::of(text) }
    }
}
