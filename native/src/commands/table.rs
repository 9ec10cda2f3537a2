//! All rows together, and looking one up by its name as sent.

use std::sync::LazyLock;

use super::rename::names_in_force;
use super::row::{Begin, Find, KeySpec, Row, Run, category};
use crate::acl::catalog::{Catalog, Command};
use crate::resp::args::{Args, OwnedArgs};

const SLOTS: usize = 2048;

pub struct Table {
    pub rows: Vec<Row>,
    /// Per row the name that clients use, in lower case: its own one, or as `rename-command` says (empty: it was taken away).
    names: Vec<Box<str>>,
    /// Longest of them, bytes; longer ones are unknown without a look.
    name_bytes_max: usize,
    /// Some row does not go by its own name.
    pub renamed: bool,
    /// Row numbers of the subcommands, per row.
    subcommands: Vec<Vec<u16>>,
    slots: Box<[NameSlot; SLOTS]>,
    /// Per row, the argument that is its only key; 0 where it is not that simple.
    plain_keys: Vec<u8>,
    /// Per row: its time grows with something.
    may_be_slow: Vec<bool>,
}

/// A name and its row in one place of memory: looking a command up is one cache line.
#[derive(Clone, Copy)]
struct NameSlot {
    /// Its first and last eight bytes, in lower case: all of it, up to 16 bytes.
    ends: (u64, u64),
    len: u16,
    /// `u16::MAX`: nothing is here.
    row: u16,
}

const NO_NAME: NameSlot = NameSlot { ends: (0, 0), len: 0, row: u16::MAX };

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows = super::rows();
    let names = names_in_force(&rows);
    Table::new(rows, names)
});

/// The table of this build.
#[inline]
pub fn table() -> &'static Table {
    &TABLE
}

impl Table {
    fn new(rows: Vec<Row>, names: Vec<Box<str>>) -> Table {
        assert!(rows.len() * 2 < SLOTS && rows.len() < u16::MAX as usize);
        let mut slots = Box::new([NO_NAME; SLOTS]);
        let mut subcommands = vec![Vec::new(); rows.len()];
        for (number, row) in rows.iter().enumerate() {
            assert!(row.name == row.name.to_lowercase());
            match row.name.split_once('|') {
                Some((container, _)) => {
                    let parent = rows.iter().position(|other| other.name == container);
                    subcommands[parent.expect("a subcommand has its container")].push(number as u16);
                }
                None if names[number].is_empty() => (),
                None => {
                    let name = names[number].as_bytes();
                    let ends = ends_of(name);
                    let mut slot = slot_of(ends, name.len());
                    while slots[slot].row != u16::MAX {
                        assert!(names[slots[slot].row as usize] != names[number], "{} has two rows", row.name);
                        slot = (slot + 1) % SLOTS;
                    }
                    slots[slot] = NameSlot { ends, len: name.len() as u16, row: number as u16 };
                }
            }
        }
        let plain_keys = rows.iter().map(plain_key).collect();
        let may_be_slow = rows.iter().map(|row| !matches!(row.run, Run::Call) && !row.complexity.starts_with("O(1)"));
        let may_be_slow = may_be_slow.collect();
        let name_bytes_max = names.iter().map(|name| name.len()).max().unwrap_or(0);
        let renamed = rows.iter().zip(&names).any(|(row, name)| *row.name != **name);
        Table { rows, names, name_bytes_max, renamed, subcommands, slots, plain_keys, may_be_slow }
    }

    /// Row number of a command's name (not of a subcommand), in any case.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<u16> {
        if name.len() > self.name_bytes_max {
            return None;
        }
        let ends = ends_of(name);
        let mut slot = slot_of(ends, name.len());
        loop {
            let NameSlot { ends: found, len, row } = self.slots[slot];
            if row == u16::MAX {
                return None;
            }
            let same = found == ends && len as usize == name.len();
            if same && (len <= 16 || self.names[row as usize].as_bytes().eq_ignore_ascii_case(name)) {
                return Some(row);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// Row number of `container`'s subcommand of this name, in any case.
    pub fn find_subcommand(&self, container: u16, name: &[u8]) -> Option<u16> {
        self.subcommands[container as usize].iter().copied().find(|number| {
            let full = self.rows[*number as usize].name;
            full.split_once('|').is_some_and(|(_, own)| own.as_bytes().eq_ignore_ascii_case(name))
        })
    }

    pub fn subcommands(&self, container: u16) -> &[u16] {
        &self.subcommands[container as usize]
    }

    /// Row number of a full name: `get`, `config|get`.
    pub fn find_full(&self, name: &[u8]) -> Option<u16> {
        match name.iter().position(|byte| *byte == b'|') {
            None => self.find(name),
            Some(at) => self.find_subcommand(self.find(&name[..at])?, &name[at + 1..]),
        }
    }

    /// Row number of the command, or subcommand, that a request names.
    pub fn resolve(&self, args: Args) -> Option<u16> {
        let number = self.find(args.get(0))?;
        if args.len() < 2 { Some(number) } else { self.find_subcommand(number, args.get(1)).or(Some(number)) }
    }

    /// The argument that is the only key of a data command; 0 where it has none, several, or movable ones.
    #[inline]
    pub fn plain_key(&self, number: u16) -> usize {
        self.plain_keys[number as usize] as usize
    }

    /// FCALL and its like.
    #[inline]
    pub fn is_call(&self, number: u16) -> bool {
        matches!(self.rows[number as usize].run, Run::Call)
    }

    /// Does the time of this command grow with its arguments or its value? Calls of procedures are timed on their own.
    #[inline]
    pub fn may_be_slow(&self, number: u16) -> bool {
        self.may_be_slow[number as usize]
    }

    /// The commands as users' rules see them.
    pub fn catalog(&self) -> Catalog {
        let command = |(row, subcommands): (&Row, &Vec<u16>)| Command {
            name: row.name,
            categories: row.all_categories(),
            subcommands: subcommands.clone(),
            is_subcommand: row.name.contains('|'),
        };
        Catalog::new(self.rows.iter().zip(&self.subcommands).map(command).collect(), category::NAMES)
    }

    #[inline]
    pub fn row(&self, number: u16) -> &Row {
        &self.rows[number as usize]
    }

    /// The name that clients use for a row; empty: it was taken away.
    pub fn name(&self, number: u16) -> &str {
        &self.names[number as usize]
    }

    /// All rows that were not taken away.
    pub fn served(&self) -> impl Iterator<Item = (u16, &Row)> {
        let all = self.rows.iter().zip(0..);
        all.filter(|(_, number)| !self.name(*number).is_empty()).map(|(row, number)| (number, row))
    }

    /// Commands without their subcommands, as COMMAND COUNT counts.
    pub fn commands(&self) -> impl Iterator<Item = (u16, &Row)> {
        self.served().filter(|(_, row)| !row.name.contains('|'))
    }

    /// Do commands have other names than their own?
    pub fn is_renamed(&self) -> bool {
        self.renamed
    }

    /// A request with its command's own name, for the log and for the TypeScript side.
    pub fn in_own_words(&self, row: &Row, args: Args) -> OwnedArgs {
        if !self.renamed {
            return args.to_owned();
        }
        let name = row.name.split('|').next().unwrap_or(row.name);
        let words: Vec<&[u8]> = std::iter::once(name.as_bytes()).chain(args.from(1).iter()).collect();
        OwnedArgs::of(&words)
    }

    pub fn is_container(&self, number: u16) -> bool {
        matches!(self.row(number).run, Run::Container) || !self.subcommands[number as usize].is_empty()
    }
}

fn plain_key(row: &Row) -> u8 {
    match (row.run, row.keys) {
        (Run::Data(_), [KeySpec { begin: Begin::Index(at), find: Find::Range { last: 0, .. }, .. }]) => *at as u8,
        _ => 0,
    }
}

/// The first and the last eight bytes of a name, which overlap where it is short, in lower case.
#[inline]
fn ends_of(name: &[u8]) -> (u64, u64) {
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let half = |bytes: &[u8]| u64::from(u32::from_le_bytes(bytes.try_into().expect("four bytes")));
    let len = name.len();
    let (first, last) = match len {
        8.. => (word(&name[..8]), word(&name[len - 8..])),
        4..=7 => (half(&name[..4]), half(&name[len - 4..])),
        0 => (0, 0),
        // The first byte, the middle one and the last: all of up to three.
        _ => (u64::from(name[0]) | u64::from(name[len / 2]) << 8, u64::from(name[len - 1])),
    };
    (lower_case(first), lower_case(last))
}

/// Eight bytes with their ASCII capitals made small: bit 7 of each sum below says whether a byte is `A` or more, and more than `Z`.
#[inline]
fn lower_case(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7F * ONES);
    let from_a = low + (0x80 - u64::from(b'A')) * ONES;
    let past_z = low + (0x7F - u64::from(b'Z')) * ONES;
    let capitals = (from_a ^ past_z) & !word & (0x80 * ONES);
    word | capitals >> 2
}

#[inline]
fn slot_of(ends: (u64, u64), len: usize) -> usize {
    let mixed = ends.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ ends.1.wrapping_mul(0xC2B2_AE3D_27D4_EB4F).rotate_left(23);
    (mixed.wrapping_add(len as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 53) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_others_are_not() {
        let table = table();
        for (number, row) in table.commands() {
            assert_eq!(table.find(row.name.to_uppercase().as_bytes()), Some(number));
        }
        assert_eq!(table.find(b"nosuchcommand"), None);
        // Bytes that differ from a letter, or from `-` and `_`, in the bit that tells the cases apart.
        for other in [b"\x47e\x54".as_slice(), b"g\x45t"] {
            assert_eq!(table.find(other), table.find(b"get"));
        }
        for other in
            [b"ge\x94".as_slice(), b"\xC7et", b"g%t", b"ge", b"", b"eval\x7Fro", b"eval\x1Fro", b"georadius_r\x4F\0"]
        {
            assert_eq!(table.find(other), None, "{other:?}");
        }
        assert_eq!(table.find(&[b'a'; 300]), None);
    }

    #[test]
    fn a_renamed_command_is_found_under_its_new_name_alone() {
        let rows = super::super::rows();
        let long = "a".repeat(300);
        let renamed = |row: &Row| match row.name {
            "get" => long.as_str().into(),
            "set" => "".into(),
            name => name.into(),
        };
        let names = rows.iter().map(renamed).collect();
        let table = Table::new(rows, names);
        assert_eq!(table.find(long.to_uppercase().as_bytes()).map(|number| table.row(number).name), Some("get"));
        assert_eq!((table.find(b"get"), table.find(b"set"), table.find(b"")), (None, None, None));
        assert!(
            table.commands().all(|(_, row)| row.name != "set") && table.commands().any(|(_, row)| row.name == "get")
        );
        let sent = OwnedArgs::of(&[long.as_bytes(), b"key"]);
        let number = table.find(long.as_bytes()).expect("its new name");
        assert_eq!(table.in_own_words(table.row(number), sent.borrow()), OwnedArgs::of(&[b"get", b"key"]));
    }

    #[test]
    fn every_row_says_what_it_is() {
        for row in &table().rows {
            assert!(!row.summary.is_empty() && row.arity != 0, "{}", row.name);
            assert!(!row.args.contains("  "), "{}", row.name);
        }
    }
}
