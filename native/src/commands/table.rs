//! All rows together, and looking one up by its name as sent.

use std::sync::LazyLock;

use super::row::{Begin, Find, KeySpec, Row, Run, category};
use crate::acl::catalog::{Catalog, Command};

/// Longest name of a command, bytes; longer ones are unknown without a look.
const NAME_BYTES_MAX: usize = 24;
const SLOTS: usize = 2048;

pub struct Table {
    pub rows: Vec<Row>,
    /// Row numbers of the subcommands, per row.
    subcommands: Vec<Vec<u16>>,
    slots: Box<[u16; SLOTS]>,
    /// Per row, the argument that is its only key; 0 where it is not that simple.
    plain_keys: Vec<u8>,
    /// Per row: its time grows with something.
    may_be_slow: Vec<bool>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(super::rows()));

/// The table of this build.
#[inline]
pub fn table() -> &'static Table {
    &TABLE
}

impl Table {
    fn new(rows: Vec<Row>) -> Table {
        assert!(rows.len() * 2 < SLOTS && rows.len() < u16::MAX as usize);
        let mut slots = Box::new([u16::MAX; SLOTS]);
        let mut subcommands = vec![Vec::new(); rows.len()];
        for (number, row) in rows.iter().enumerate() {
            assert!(row.name.len() <= NAME_BYTES_MAX * 2 && row.name == row.name.to_lowercase());
            match row.name.split_once('|') {
                Some((container, _)) => {
                    let parent = rows.iter().position(|other| other.name == container);
                    subcommands[parent.expect("a subcommand has its container")].push(number as u16);
                }
                None => {
                    assert!(row.name.len() <= NAME_BYTES_MAX);
                    let mut slot = slot_of(row.name.as_bytes());
                    while slots[slot] != u16::MAX {
                        assert!(rows[slots[slot] as usize].name != row.name, "{} has two rows", row.name);
                        slot = (slot + 1) % SLOTS;
                    }
                    slots[slot] = number as u16;
                }
            }
        }
        let plain_keys = rows.iter().map(plain_key).collect();
        let may_be_slow = rows.iter().map(|row| !matches!(row.run, Run::Call) && !row.complexity.starts_with("O(1)"));
        let may_be_slow = may_be_slow.collect();
        Table { rows, subcommands, slots, plain_keys, may_be_slow }
    }

    /// Row number of a command's name (not of a subcommand), in any case.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<u16> {
        if name.len() > NAME_BYTES_MAX {
            return None;
        }
        let mut slot = slot_of(name);
        loop {
            let number = self.slots[slot];
            if number == u16::MAX {
                return None;
            }
            if self.rows[number as usize].name.as_bytes().eq_ignore_ascii_case(name) {
                return Some(number);
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

    /// The argument that is the only key of a data command; 0 where it has none, several, or movable ones.
    #[inline]
    pub fn plain_key(&self, number: u16) -> usize {
        self.plain_keys[number as usize] as usize
    }

    /// FCALL or FCALL_RO.
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

    /// Commands without their subcommands, as COMMAND COUNT counts.
    pub fn commands(&self) -> impl Iterator<Item = (u16, &Row)> {
        self.rows.iter().enumerate().filter(|(_, row)| !row.name.contains('|')).map(|(n, row)| (n as u16, row))
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

#[inline]
fn slot_of(name: &[u8]) -> usize {
    // Letters of both cases fold to the same bits; the final compare is exact.
    let mut folded = name.len() as u64;
    for byte in name {
        folded = folded.wrapping_mul(31).wrapping_add((byte | 0x20) as u64);
    }
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 53) as usize
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
        assert_eq!(table.find(&[b'a'; 300]), None);
    }

    #[test]
    fn every_row_says_what_it_is() {
        for row in &table().rows {
            assert!(!row.summary.is_empty() && row.arity != 0, "{}", row.name);
            assert!(!row.args.contains("  "), "{}", row.name);
        }
    }
}
