//! The commands as rules see them: a number, a name, categories. Made once from the command table, under the names that
//! commands have there, so that renamed ones keep their rules.

use std::collections::HashMap;

pub struct Command {
    /// The full name: `get`, `config|set`.
    pub name: &'static str,
    pub categories: u32,
    /// Numbers of its subcommands.
    pub subcommands: Vec<u16>,
    pub is_subcommand: bool,
}

pub struct Catalog {
    commands: Vec<Command>,
    categories: &'static [(u32, &'static str)],
    by_name: HashMap<&'static str, u16>,
}

impl Catalog {
    /// `commands` in the order of their numbers; `categories`: a bit and a name each.
    pub fn new(commands: Vec<Command>, categories: &'static [(u32, &'static str)]) -> Catalog {
        let by_name = commands.iter().enumerate().map(|(number, command)| (command.name, number as u16)).collect();
        Catalog { commands, categories, by_name }
    }

    pub fn len(&self) -> usize {
        self.commands.len()
    }

    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    pub fn get(&self, number: u16) -> &Command {
        &self.commands[number as usize]
    }

    /// The command of this full name, in any case.
    pub fn find(&self, name: &[u8]) -> Option<u16> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        self.by_name.get(name.as_str()).copied()
    }

    /// The bit of the category of this name, in any case.
    pub fn category(&self, name: &[u8]) -> Option<u32> {
        self.categories.iter().find(|(_, own)| own.as_bytes().eq_ignore_ascii_case(name)).map(|(bit, _)| *bit)
    }

    /// Commands and subcommands with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Command)> {
        self.commands.iter().enumerate().map(|(number, command)| (number as u16, command))
    }
}
