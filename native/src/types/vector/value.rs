//! The value of a vector set: a graph of vectors, and members by name.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub use super::coding::Coded;
use super::member::{Borrowed, Member, Members};
pub use super::project::{PLAIN, Projection, SEED};
pub use super::request::DIMENSIONS_MAX;
use crate::ds::digest::Digest;
use crate::ds::entry::Object;
use crate::ds::hnsw::metric::Coding;
use crate::ds::hnsw::pool::Found;
use crate::ds::hnsw::search::{Progress, Search};
use crate::ds::hnsw::{Graph, LEVEL_MAX, Op};
use crate::sys::random;
use crate::txn::edit::Inverses;

pub struct VectorSet {
    graph: Graph,
    members: Members,
    projection: Option<Box<Projection>>,
    /// Tells this set from any other that may be under the same key later.
    uid: u64,
    /// Members with attributes.
    attributed: usize,
    /// Nodes ever made, as VINFO shows them.
    nodes_made: u64,
}

static SETS_MADE: AtomicU64 = AtomicU64::new(0);

impl VectorSet {
    /// A set for vectors of `dimensions`, after the projection if there is one.
    pub fn new(coding: Coding, dimensions: usize, m: usize, projection: Option<Projection>) -> VectorSet {
        VectorSet {
            graph: Graph::new(coding, dimensions, m),
            members: Members::default(),
            projection: projection.map(Box::new),
            uid: SETS_MADE.fetch_add(1, Relaxed),
            attributed: 0,
            nodes_made: 0,
        }
    }

    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    pub fn members(&self) -> &Members {
        &self.members
    }

    pub fn projection(&self) -> Option<&Projection> {
        self.projection.as_deref()
    }

    pub fn uid(&self) -> u64 {
        self.uid
    }

    pub fn attributed(&self) -> usize {
        self.attributed
    }

    pub fn nodes_made(&self) -> u64 {
        self.nodes_made
    }

    /// The node of a member.
    pub fn node(&self, name: &[u8]) -> Option<u32> {
        self.members.get(name).map(Member::node)
    }

    /// The member of a node.
    pub fn member(&self, node: u32) -> Borrowed<'_> {
        member_of(&self.graph, node)
    }

    /// A level for a new node: each is reached by one of M nodes of the one below (the paper's 1 / ln M).
    pub fn draw_level(&self) -> usize {
        (0..LEVEL_MAX).take_while(|_| random::below(self.graph.m() as u64) == 0).count()
    }

    /// Adds a member, or gives the one of this name another vector; true if it is new. `level` is for a new one; `finds` are
    /// of a search for the vector. Attributes: None leaves them, an empty text takes them away.
    pub fn add(
        &mut self,
        name: &[u8],
        coded: &Coded,
        attributes: Option<&[u8]>,
        level: usize,
        finds: &[Vec<Found>],
        inverses: &mut Inverses,
    ) -> bool {
        let mut ops: Vec<Op> = Vec::new();
        let made = self.nodes_made;
        self.nodes_made += 1;
        let old = self.node(name);
        let mut journal = inverses.on().then_some(&mut ops);
        match old {
            Some(node) => self.graph.replace(node, coded.stored(), finds, &mut journal),
            None => {
                let tag = self.members.insert(Member::new(name));
                self.graph.add(coded.stored(), tag, level, finds, &mut journal);
            }
        }
        if inverses.on() {
            let name: Box<[u8]> = name.into();
            inverses.push(move |set: &mut VectorSet| {
                set.graph.undo(ops);
                set.nodes_made = made;
                if old.is_none() {
                    drop(set.members.take(&name));
                }
            });
        }
        if let Some(text) = attributes {
            self.set_attributes(name, text, inverses);
        }
        old.is_none()
    }

    /// Adds a member of this name, which is not there yet, to a set that nobody sees yet.
    pub fn load(&mut self, name: &[u8], coded: &Coded, attributes: &[u8]) {
        let level = self.draw_level();
        let mut search = Search::new(coded.stored(), super::write::EF_DEFAULT, level);
        if !self.graph.is_empty() {
            while search.run(&self.graph, usize::MAX, &mut |_, _| true) == Progress::More {}
        }
        let finds = search.into_finds();
        self.add(name, coded, Some(attributes).filter(|text| !text.is_empty()), level, &finds, &mut Inverses::off());
    }

    /// Takes a member out; false if it was not there.
    pub fn remove(&mut self, name: &[u8], inverses: &mut Inverses) -> bool {
        let Some(member) = self.members.take(name) else { return false };
        let had_attributes = member.attributes().is_some();
        self.attributed -= had_attributes as usize;
        let mut ops: Vec<Op> = Vec::new();
        self.graph.remove(member.node(), &mut inverses.on().then_some(&mut ops));
        if inverses.on() {
            inverses.push(move |set: &mut VectorSet| {
                // First the member, whose number the graph will write.
                set.members.insert(member);
                set.graph.undo(ops);
                set.attributed += had_attributes as usize;
            });
        }
        true
    }

    /// Sets the attributes of a member, or takes them away if the text is empty; false if it is not there.
    pub fn set_attributes(&mut self, name: &[u8], text: &[u8], inverses: &mut Inverses) -> bool {
        if self.members.get(name).is_none() {
            return false;
        }
        let old = self.members.set_attributes(name, text);
        self.attributed = self.attributed + !text.is_empty() as usize - !old.is_empty() as usize;
        if inverses.on() {
            let name: Box<[u8]> = name.into();
            let had = text.is_empty();
            inverses.push(move |set: &mut VectorSet| {
                set.members.set_attributes(&name, &old);
                set.attributed = set.attributed + !old.is_empty() as usize - !had as usize;
            });
        }
        true
    }
}

/// The member of a node, where only the graph is at hand: it must be of a set.
pub fn member_of(graph: &Graph, node: u32) -> Borrowed<'_> {
    let tag = graph.tag(node);
    // SAFETY: (1) the tags of a set's graph are of its members, which live as long as their nodes and as this borrow of the
    // graph, since nothing takes them out meanwhile.
    unsafe { Member::of_tag(tag) }
}

impl Clone for VectorSet {
    fn clone(&self) -> VectorSet {
        let mut copy = VectorSet {
            graph: self.graph.clone(),
            members: self.members.clone(),
            projection: self.projection.clone(),
            uid: SETS_MADE.fetch_add(1, Relaxed),
            ..*self
        };
        for (member, twin) in self.members.iter().zip(copy.members.iter()) {
            copy.graph.set_tag(member.node(), twin.tag());
        }
        copy
    }
}

impl Object for VectorSet {
    fn type_name(&self) -> &'static str {
        "vectorset"
    }

    fn encoding(&self) -> &'static str {
        "raw"
    }

    fn memory_bytes(&self) -> usize {
        let projection = self.projection.as_ref().map_or(0, |projection| projection.memory_bytes());
        size_of::<VectorSet>() + self.graph.memory_bytes() + self.members.memory_bytes() + projection
    }

    fn len(&self) -> usize {
        self.graph.len()
    }

    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    /// As Redis's module of vector sets gives it: its size, then each member, added to each other, and the sum to the key.
    fn digest(&self, digest: &mut Digest) {
        let (mut sum, mut size) = (Digest::default(), Digest::default());
        size.mix(self.len().to_string().as_bytes());
        size.mix(self.graph.dimensions().to_string().as_bytes());
        sum.add_digest(&size);
        for member in self.members.iter() {
            let mut element = Digest::default();
            element.mix(self.graph.stored(member.node()).bytes);
            element.mix(member.name());
            if let Some(attributes) = member.attributes() {
                element.mix(attributes);
            }
            sum.add_digest(&element);
        }
        digest.add_digest(&sum);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
