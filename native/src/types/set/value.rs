//! The value of a set key: members in one of three encodings, each change with its inverse.

use std::any::Any;
use std::sync::atomic::Ordering::Relaxed;

use super::ints::{self, Ints};
use super::member::{self, Member, MemberTable};
use super::packed::{self, Packed};
use super::run::Run;
use crate::ds::entry::Object;
use crate::ds::item::{Coded, Item};
use crate::ds::segments::Spot;
use crate::store::Settings;
use crate::txn::edit::Inverses;

/// 24 bytes; the smallest sets lie inside them. The first two bytes of a run say whether it is an `intset` or a `listpack`.
///
/// A clone is cheap for large sets, whose tables it shares: a snapshot for who reads in slices.
#[derive(Clone)]
pub enum SetValue {
    Run(Run),
    Table(Box<MemberTable>),
}

const _: () = assert!(size_of::<SetValue>() == 24);

/// A set as its encoding has it.
#[derive(Clone, Copy)]
pub enum View<'s> {
    Ints(Ints<'s>),
    Packed(Packed<'s>),
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
                SetValue::Table(Box::new(table))
            }
        }
    }

    pub fn ints() -> SetValue {
        SetValue::Run(ints::empty())
    }

    pub fn packed() -> SetValue {
        SetValue::Run(packed::empty())
    }

    #[inline]
    pub fn view(&self) -> View<'_> {
        match self {
            SetValue::Run(run) => match Ints::of(run.bytes()) {
                Some(ints) => View::Ints(ints),
                None => View::Packed(Packed::of(run.bytes())),
            },
            SetValue::Table(table) => View::Table(table),
        }
    }

    /// O(log n) in an intset, O(n) in a listpack, O(1) in a table.
    #[inline]
    pub fn contains(&self, member: Item) -> bool {
        match self.view() {
            View::Ints(ints) => matches!(member, Item::Int(number) if ints.contains(number)),
            View::Packed(packed) => packed.find(&Coded::canonical(member)).is_some(),
            View::Table(table) => find(table, member).is_some(),
        }
    }

    /// Has nothing changed between these two, one a clone of the other? A table that was changed and changed back is another.
    pub fn is_same(&self, other: &SetValue) -> bool {
        match (self, other) {
            (SetValue::Run(run), SetValue::Run(other)) => run.bytes() == other.bytes(),
            (SetValue::Table(table), SetValue::Table(other)) => table.is_same(other),
            _ => false,
        }
    }

    /// Calls `each` with every member: ascending, as they came, or by hash.
    pub fn for_each<'s>(&'s self, mut each: impl FnMut(Item<'s>)) {
        match self.view() {
            View::Ints(ints) => ints.iter().for_each(|number| each(Item::Int(number))),
            View::Packed(packed) => packed.iter().for_each(each),
            View::Table(table) => table.for_each(|member| each(member.item())),
        }
    }

    /// Becomes a table if so many members in one request are too many for the small encodings, as SADD decides before it
    /// adds any.
    pub fn make_room(&mut self, members: usize, limits: Limits, inverses: &mut Inverses) {
        match self.view() {
            View::Ints(_) if members > limits.ints => self.become_table(members, inverses),
            View::Packed(_) if members > limits.packed => self.become_table(members, inverses),
            _ => (),
        }
    }

    /// Adds `member`; false if it is there.
    #[inline]
    pub fn add(&mut self, member: Item, limits: Limits, inverses: &mut Inverses) -> bool {
        match self {
            SetValue::Table(table) => {
                let hash = member::hash(member);
                if table.find_where(hash, |other| other.is(member)).is_some() {
                    return false;
                }
                table.insert(hash, Member::new(member));
                if inverses.on() {
                    let added = Member::new(member);
                    inverses.push(move |set: &mut SetValue| set.take_out(added.item()));
                }
                true
            }
            SetValue::Run(_) => !self.contains(member) && self.add_new(member, limits, inverses),
        }
    }

    /// Adds a member that is not there; gives true.
    pub fn add_new(&mut self, member: Item, limits: Limits, inverses: &mut Inverses) -> bool {
        if let SetValue::Run(run) = self {
            match (Ints::of(run.bytes()), member) {
                (Some(ints), Item::Int(number)) if ints.len() < limits.ints => {
                    let old_width = ints::insert(run, number).expect("it is not there");
                    if inverses.on() {
                        inverses.push(move |set: &mut SetValue| {
                            let run = set.run_mut();
                            ints::remove(run, number);
                            if Ints::of(run.bytes()).is_some_and(|ints| ints.width() != old_width) {
                                ints::narrow(run, old_width);
                            }
                        });
                    }
                    return true;
                }
                (Some(_), Item::Int(_)) => self.become_table(1, inverses),
                (Some(ints), Item::Text(text)) => {
                    if ints.len() < limits.packed.min(packed::MEMBERS_MAX)
                        && text.len() <= limits.member_bytes
                        && digits_max(ints) <= limits.member_bytes
                    {
                        self.become_packed(inverses);
                        self.append(member, inverses);
                        return true;
                    }
                    self.become_table(1, inverses);
                }
                (None, _) => {
                    let packed = Packed::of(run.bytes());
                    if packed.len() < limits.packed.min(packed::MEMBERS_MAX)
                        && (limits.member_bytes >= 20 && matches!(member, Item::Int(_))
                            || member.text_len() <= limits.member_bytes)
                        && run.bytes().len() < packed::BYTES_MAX
                    {
                        self.append(member, inverses);
                        return true;
                    }
                    self.become_table(1, inverses);
                }
            }
        }
        let SetValue::Table(table) = self else { unreachable!("became one") };
        table.insert(member::hash(member), Member::new(member));
        if inverses.on() {
            let added = Member::new(member);
            inverses.push(move |set: &mut SetValue| set.take_out(added.item()));
        }
        true
    }

    fn append(&mut self, member: Item, inverses: &mut Inverses) {
        let coded = Coded::canonical(member);
        let end = self.run_mut().bytes().len();
        self.splice(end, 0, &[coded.head(), coded.body()], 1, inverses);
    }

    /// Takes `member` out; false if it was not there.
    pub fn remove(&mut self, member: Item, inverses: &mut Inverses) -> bool {
        match self {
            SetValue::Table(table) => match find(table, member) {
                Some(spot) => drop(self.remove_spot(spot, inverses)),
                None => return false,
            },
            SetValue::Run(run) => match (Ints::of(run.bytes()), member) {
                (Some(_), Item::Text(_)) => return false,
                (Some(_), Item::Int(number)) => {
                    if ints::remove(run, number).is_none() {
                        return false;
                    }
                    inverses.push(move |set: &mut SetValue| {
                        let _ = ints::insert(set.run_mut(), number);
                    });
                }
                (None, _) => {
                    let Some(span) = Packed::of(run.bytes()).find(&Coded::canonical(member)) else { return false };
                    self.remove_span(span, inverses);
                }
            },
        }
        true
    }

    pub fn remove_span(&mut self, span: packed::Span, inverses: &mut Inverses) {
        self.splice(span.at, span.end - span.at, &[], -1, inverses);
    }

    /// Takes the member at a spot of the table out. Some: nobody else needs it; with the undo log on it goes there.
    pub fn remove_spot(&mut self, spot: Spot, inverses: &mut Inverses) -> Option<Member> {
        let SetValue::Table(table) = self else { unreachable!("a spot is one of a table") };
        let old = table.remove(spot);
        if !inverses.on() {
            return Some(old);
        }
        inverses.push(move |set: &mut SetValue| {
            let SetValue::Table(table) = set else { unreachable!("the inverse of an edit of a table") };
            table.insert(member::hash(old.item()), old);
        });
        None
    }

    /// An edit of a packed run, with the splice that undoes it: order and bytes come back exactly.
    fn splice(&mut self, at: usize, remove: usize, parts: &[&[u8]], members: isize, inverses: &mut Inverses) {
        let run = self.run_mut();
        if inverses.on() {
            let insert: usize = parts.iter().map(|part| part.len()).sum();
            let old: Box<[u8]> = run.bytes()[at..at + remove].into();
            inverses.push(move |set: &mut SetValue| splice_packed(set.run_mut(), at, insert, &[&old], -members));
        }
        splice_packed(run, at, remove, parts, members);
    }

    fn run_mut(&mut self) -> &mut Run {
        match self {
            SetValue::Run(run) => run,
            SetValue::Table(_) => unreachable!("only asked for a run"),
        }
    }

    fn take_out(&mut self, member: Item) {
        let SetValue::Table(table) = self else { unreachable!("the inverse of an edit of a table") };
        if let Some(spot) = find(table, member) {
            drop(table.remove(spot));
        }
    }

    /// One way, as in Redis. The inverse puts the run back as it was, without a copy.
    pub fn become_table(&mut self, more: usize, inverses: &mut Inverses) {
        if let SetValue::Table(_) = self {
            return;
        }
        let mut table = MemberTable::default();
        table.reserve(self.len() + more);
        self.for_each(|item| table.insert(member::hash(item), Member::new(item)));
        self.replace(SetValue::Table(Box::new(table)), inverses);
    }

    pub fn become_packed(&mut self, inverses: &mut Inverses) {
        if let View::Ints(ints) = self.view() {
            let packed = packed::of_items(ints.iter().map(Item::Int));
            self.replace(SetValue::Run(packed), inverses);
        }
    }

    /// Becomes `made`; the inverse puts the old value back, without a copy.
    pub fn replace(&mut self, made: SetValue, inverses: &mut Inverses) {
        let old = std::mem::replace(self, made);
        inverses.push(move |set: &mut SetValue| *set = old);
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

fn splice_packed(run: &mut Run, at: usize, remove: usize, parts: &[&[u8]], members: isize) {
    let len = Packed::of(run.bytes()).len();
    run.splice(at, remove, parts);
    packed::set_len(run, len.checked_add_signed(members).expect("a member goes that was there"));
    debug_assert_eq!(Packed::of(run.bytes()).len(), Packed::of(run.bytes()).spans().count());
}

impl Object for SetValue {
    fn type_name(&self) -> &'static str {
        "set"
    }

    fn encoding(&self) -> &'static str {
        match self.view() {
            View::Ints(_) => "intset",
            View::Packed(_) => "listpack",
            View::Table(_) => "hashtable",
        }
    }

    #[inline]
    fn memory_bytes(&self) -> usize {
        size_of::<SetValue>()
            + match self {
                SetValue::Run(run) => run.heap_bytes(),
                SetValue::Table(table) => table.memory_bytes(),
            }
    }

    #[inline]
    fn len(&self) -> usize {
        match self.view() {
            View::Ints(ints) => ints.len(),
            View::Packed(packed) => packed.len(),
            View::Table(table) => table.len(),
        }
    }

    fn blocks(&self) -> usize {
        if let SetValue::Table(table) = self { table.len() } else { 1 }
    }

    fn duplicate(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
