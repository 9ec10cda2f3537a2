//! The value of a set key: members in one of three encodings, each change with its inverse.

use std::any::Any;
use std::sync::atomic::Ordering::Relaxed;

use super::ints::{self, Ints};
use super::items::{self, Items};
use super::member::{self, Member, MemberTable};
use crate::ds::digest::Digest;
use crate::ds::entry::Object;
use crate::ds::item::{Coded, Item};
use crate::ds::packed::{Form, Packed, RUN_BYTES_MAX};
use crate::ds::segments::Spot;
use crate::ds::thin::{Thin, ThinType, register};
use crate::store::Settings;
use crate::txn::edit::Inverses;

/// One word: a run of members, which lies in the key's own entry while it is short, or a table. A marked run is one of
/// integers.
///
/// A clone is cheap for large sets, whose tables it shares: a snapshot for who reads in slices.
#[derive(Clone, Default)]
pub struct SetValue(Packed<MemberTable>);

/// A table of so many members is in the cache while it is in use.
const NEAR_MEMBERS_MAX: usize = 4096;

/// A set as its encoding has it.
#[derive(Clone, Copy)]
pub enum View<'s> {
    Ints(Ints<'s>),
    Items(Items<'s>),
    Table(&'s MemberTable),
}

/// How large a set may get in its small encodings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// set-max-intset-entries
    pub ints: usize,
    /// set-max-listpack-entries
    pub packed: usize,
    /// set-max-listpack-value, bytes of a member
    pub member_bytes: usize,
}

impl Limits {
    pub fn of(settings: &Settings) -> Limits {
        Limits {
            ints: (settings.set_max_intset_entries.load(Relaxed) as usize).min(ints::ELEMENTS_MAX),
            packed: settings.set_max_listpack_entries.load(Relaxed) as usize,
            member_bytes: settings.set_max_listpack_value.load(Relaxed) as usize,
        }
    }
}

/// Like all members here: canonical, see [`member::parsed`].
impl SetValue {
    /// An empty set in the encoding that Redis begins with when `first` and about `hint` members in all are added.
    pub fn for_members(first: Item, hint: usize, limits: Limits) -> SetValue {
        match first {
            Item::Int(_) if hint <= limits.ints => SetValue::ints(),
            _ if hint <= limits.packed => SetValue::packed(),
            _ => {
                let mut table = MemberTable::default();
                table.reserve(hint);
                SetValue(Packed::large(Box::new(table)))
            }
        }
    }

    /// A set of these members, each once, in the encoding that Redis loads so many into.
    pub fn of(members: &[Vec<u8>], settings: &Settings) -> SetValue {
        let limits = Limits::of(settings);
        let mut set = SetValue::ints();
        set.make_room(members.len(), limits, &mut Inverses::off());
        for text in members {
            set.add_new(member::parsed(text), limits, &mut Inverses::off());
        }
        set
    }

    pub fn ints() -> SetValue {
        SetValue(ints::empty())
    }

    pub fn packed() -> SetValue {
        SetValue::default()
    }

    /// Of a run that `ints` or `items` made.
    pub fn of_run(run: Packed<MemberTable>) -> SetValue {
        SetValue(run)
    }

    #[inline]
    pub fn view(&self) -> View<'_> {
        match self.0.form() {
            Form::Large(table) => View::Table(table),
            Form::Run(run) if self.0.marked() => View::Ints(Ints::of(run, self.0.elements())),
            Form::Run(run) => View::Items(Items::of(run, self.0.elements())),
        }
    }

    pub fn is_table(&self) -> bool {
        matches!(self.0.form(), Form::Large(_))
    }

    pub fn table_mut(&mut self) -> Option<&mut MemberTable> {
        self.0.large_mut()
    }

    /// O(log n) in an intset, O(n) in a listpack, O(1) in a table.
    #[inline]
    pub fn contains(&self, member: Item) -> bool {
        match self.view() {
            View::Ints(ints) => matches!(member, Item::Int(number) if ints.contains(number)),
            View::Items(items) => items.find(&Coded::canonical(member)).is_some(),
            View::Table(table) => find(table, member).is_some(),
        }
    }

    /// Has nothing changed between these two, one a clone of the other? A table that was changed and changed back is another.
    pub fn is_same(&self, other: &SetValue) -> bool {
        match (self.0.form(), other.0.form()) {
            (Form::Run(run), Form::Run(other)) => run == other,
            (Form::Large(table), Form::Large(other)) => table.is_same(other),
            _ => false,
        }
    }

    /// Calls `each` with every member: ascending, as they came, or by hash.
    pub fn for_each<'s>(&'s self, mut each: impl FnMut(Item<'s>)) {
        match self.view() {
            View::Ints(ints) => ints.iter().for_each(|number| each(Item::Int(number))),
            View::Items(items) => items.iter().for_each(each),
            View::Table(table) => table.for_each(|member| each(member.item())),
        }
    }

    /// Becomes a table if so many members in one request are too many for the small encodings, as SADD decides before it
    /// adds any.
    pub fn make_room(&mut self, members: usize, limits: Limits, inverses: &mut Inverses) {
        match self.view() {
            View::Ints(_) if members > limits.ints => self.become_table(members, inverses),
            View::Items(_) if members > limits.packed => self.become_table(members, inverses),
            _ => (),
        }
    }

    /// Adds `member`; false if it is there.
    #[inline]
    pub fn add(&mut self, member: Item, limits: Limits, inverses: &mut Inverses) -> bool {
        if let Some(table) = self.0.large_mut() {
            let hash = member::hash(member);
            return table.find_where(hash, |other| other.is(member)).is_none() && {
                insert(table, hash, member, inverses);
                true
            };
        }
        !self.contains(member) && self.add_new(member, limits, inverses)
    }

    /// Adds a member that is not there; gives true.
    pub fn add_new(&mut self, member: Item, limits: Limits, inverses: &mut Inverses) -> bool {
        match (self.view(), member) {
            (View::Ints(ints), Item::Int(number)) if ints.len() < limits.ints => {
                let old_width = ints::insert(&mut self.0, number).expect("it is not there");
                if inverses.on() {
                    inverses.push(move |set: &mut SetValue| {
                        ints::remove(&mut set.0, number);
                        if matches!(set.view(), View::Ints(ints) if ints.width() != old_width) {
                            ints::rewiden(&mut set.0, old_width);
                        }
                    });
                }
                return true;
            }
            (View::Ints(ints), Item::Text(text))
                if ints.len() < limits.packed.min(items::MEMBERS_MAX)
                    && text.len() <= limits.member_bytes
                    && digits_max(ints) <= limits.member_bytes =>
            {
                self.become_packed(inverses);
                self.append(member, inverses);
                return true;
            }
            (View::Items(items), _)
                if items.len() < limits.packed.min(items::MEMBERS_MAX)
                    && (limits.member_bytes >= 20 && matches!(member, Item::Int(_))
                        || member.text_len() <= limits.member_bytes)
                    && items.run().len() < RUN_BYTES_MAX / 2 =>
            {
                self.append(member, inverses);
                return true;
            }
            (View::Table(_), _) => (),
            _ => self.become_table(1, inverses),
        }
        let table = self.0.large_mut().expect("became one");
        insert(table, member::hash(member), member, inverses);
        true
    }

    fn append(&mut self, member: Item, inverses: &mut Inverses) {
        let coded = Coded::canonical(member);
        let end = self.0.bytes().len();
        self.splice(end, 0, &[coded.head(), coded.body()], 1, inverses);
    }

    /// Takes `member` out; false if it was not there.
    pub fn remove(&mut self, member: Item, inverses: &mut Inverses) -> bool {
        match (self.view(), member) {
            (View::Table(table), _) => match find(table, member) {
                Some(spot) => drop(self.remove_spot(spot, inverses)),
                None => return false,
            },
            (View::Ints(_), Item::Text(_)) => return false,
            (View::Ints(ints), Item::Int(number)) => {
                let width = ints.width();
                if !ints::remove(&mut self.0, number) {
                    return false;
                }
                inverses.push(move |set: &mut SetValue| {
                    ints::insert(&mut set.0, number);
                    if matches!(set.view(), View::Ints(ints) if ints.width() != width) {
                        ints::rewiden(&mut set.0, width);
                    }
                });
            }
            (View::Items(items), _) => {
                let Some(span) = items.find(&Coded::canonical(member)) else { return false };
                self.remove_span(span, inverses);
            }
        }
        true
    }

    pub fn remove_span(&mut self, span: items::Span, inverses: &mut Inverses) {
        self.splice(span.at, span.end - span.at, &[], -1, inverses);
    }

    /// Takes the member at a spot of the table out. Some: nobody else needs it; with the undo log on it goes there.
    pub fn remove_spot(&mut self, spot: Spot, inverses: &mut Inverses) -> Option<Member> {
        let old = self.0.large_mut().expect("a spot is one of a table").remove(spot);
        if !inverses.on() {
            return Some(old);
        }
        inverses.push(move |set: &mut SetValue| {
            let table = set.0.large_mut().expect("the inverse of an edit of a table");
            table.insert(member::hash(old.item()), old);
        });
        None
    }

    /// An edit of a run of items, with the splice that undoes it: order and bytes come back exactly.
    fn splice(&mut self, at: usize, remove: usize, parts: &[&[u8]], members: i32, inverses: &mut Inverses) {
        if inverses.on() {
            let insert: usize = parts.iter().map(|part| part.len()).sum();
            let old: Box<[u8]> = self.0.bytes()[at..at + remove].into();
            inverses.push(move |set: &mut SetValue| set.0.splice(at, insert, &[&old], -members));
        }
        self.0.splice(at, remove, parts, members);
    }

    fn take_out(&mut self, member: Item) {
        let table = self.0.large_mut().expect("the inverse of an edit of a table");
        if let Some(spot) = find(table, member) {
            drop(table.remove(spot));
        }
    }

    /// One way, as in Redis. The inverse puts the run back as it was.
    pub fn become_table(&mut self, more: usize, inverses: &mut Inverses) {
        if self.is_table() {
            return;
        }
        let mut table = MemberTable::default();
        table.reserve(self.len() + more);
        self.for_each(|item| table.insert(member::hash(item), Member::new(item)));
        self.replace(SetValue(Packed::large(Box::new(table))), inverses);
    }

    pub fn become_packed(&mut self, inverses: &mut Inverses) {
        if let View::Ints(ints) = self.view() {
            let run = items::of_items(ints.iter().map(Item::Int));
            self.replace(SetValue(run), inverses);
        }
    }

    /// Becomes `made`; the inverse puts the old value back.
    pub fn replace(&mut self, made: SetValue, inverses: &mut Inverses) {
        if inverses.on() {
            let old = self.0.take();
            inverses.push(move |set: &mut SetValue| set.0 = old);
        }
        self.0 = made.0;
    }

    /// The value, moved out; an empty listpack stays.
    pub fn take(&mut self) -> SetValue {
        SetValue(self.0.take())
    }
}

fn insert(table: &mut MemberTable, hash: u64, member: Item, inverses: &mut Inverses) {
    table.insert(hash, Member::new(member));
    if inverses.on() {
        let added = Member::new(member);
        inverses.push(move |set: &mut SetValue| set.take_out(added.item()));
    }
}

#[inline]
pub fn find(table: &MemberTable, member: Item) -> Option<Spot> {
    table.find_where(member::hash(member), |other| other.is(member))
}

/// Characters of the longest of these as text: the least or the greatest of them.
fn digits_max(ints: Ints) -> usize {
    match ints.len() {
        0 => 0,
        len => Item::Int(ints.get(0)).text_len().max(Item::Int(ints.get(len - 1)).text_len()),
    }
}

impl Object for SetValue {
    fn type_name(&self) -> &'static str {
        "set"
    }

    fn encoding(&self) -> &'static str {
        match self.view() {
            View::Ints(_) => "intset",
            View::Items(_) => "listpack",
            View::Table(_) => "hashtable",
        }
    }

    #[inline]
    fn memory_bytes(&self) -> usize {
        match self.0.form() {
            Form::Run(_) => self.0.memory_bytes(),
            Form::Large(table) => table.memory_bytes(),
        }
    }

    #[inline]
    fn len(&self) -> usize {
        match self.0.form() {
            Form::Run(_) => self.0.elements(),
            Form::Large(table) => table.len(),
        }
    }

    fn blocks(&self) -> usize {
        match self.0.form() {
            Form::Run(_) => 1,
            Form::Large(table) => table.len(),
        }
    }

    fn prefetch(&self, element: &[u8], again: bool) -> bool {
        let Form::Large(table) = self.0.form() else { return false };
        table.len() > NEAR_MEMBERS_MAX && {
            table.prefetch(member::hash(member::parsed(element)), again);
            true
        }
    }

    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    fn digest(&self, digest: &mut Digest) {
        self.for_each(|member| digest.add(&member.to_vec()));
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    #[inline]
    fn thin(&self) -> Option<&'static ThinType> {
        Some(register::<SetValue>())
    }

    #[inline]
    fn annex_bytes(&self) -> usize {
        self.0.annex_bytes()
    }

    #[inline]
    fn is_annexed(&self) -> bool {
        self.0.is_annexed()
    }
}

impl Thin for SetValue {
    const NUMBER: u8 = 1;

    unsafe fn move_to(&mut self, room: *mut u8, bytes: usize) {
        // SAFETY: (1) is the caller's.
        unsafe { self.0.move_to(room, bytes) }
    }

    fn move_out(&mut self) {
        self.0.move_out()
    }

    #[inline]
    fn home(&self) -> *const u8 {
        self.0.home()
    }
}
