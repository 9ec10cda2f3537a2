//! Which procedures there are: made by the TypeScript registry, published whole, read by every core.

use std::collections::HashMap;

use serde::Deserialize;

use super::functions::Slot;

/// Bits of [`Function::flags`], from the JSDoc tags or Lua flags of the same names.
pub mod flag {
    pub const NO_WRITES: u32 = 1;
    pub const ALLOW_OOM: u32 = 1 << 1;
    pub const ALLOW_STALE: u32 = 1 << 2;
    pub const NO_CLUSTER: u32 = 1 << 3;
    pub const ALLOW_CROSS_SLOT_KEYS: u32 = 1 << 4;
    /// Runs on a thread that serves no connection.
    pub const BACKGROUND: u32 = 1 << 5;
}

#[derive(Clone, Debug)]
pub struct Function {
    pub id: u32,
    pub library: String,
    pub flags: u32,
    /// Where its calls are counted; given when the manifest is published.
    pub slot: Slot,
    /// Runs in the Lua of the core's own thread.
    pub in_lua: bool,
}

#[derive(Default)]
pub struct Manifest {
    pub version: u64,
    /// Code of the libraries that run in the cores' Lua, by their names.
    lua: HashMap<String, Vec<u8>>,
    functions: HashMap<Box<[u8]>, Function, foldhash::fast::RandomState>,
    /// Not all are in Lua.
    in_vm: bool,
    /// Characters of the libraries' sources, which the main thread keeps.
    source_bytes: u64,
}

#[derive(Deserialize)]
struct Wire {
    version: u64,
    functions: Vec<WireFunction>,
    #[serde(default)]
    lua: Vec<WireLibrary>,
    #[serde(default)]
    source_bytes: u64,
}

/// A library in Lua; each byte of its code is a character.
#[derive(Deserialize)]
struct WireLibrary {
    library: String,
    code: String,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
    library: String,
    id: u32,
    #[serde(default)]
    flags: Vec<String>,
}

impl Manifest {
    /// From `{"version":1,"functions":[{"name":"f","library":"l","id":1,"flags":["no-writes"]}]}`. Err says what is wrong.
    pub fn parse(json: &[u8]) -> Result<Manifest, String> {
        let wire: Wire = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let bytes = |code: &str| code.chars().map(|byte| byte as u32 as u8).collect();
        let lua: HashMap<String, Vec<u8>> =
            wire.lua.into_iter().map(|library| (library.library, bytes(&library.code))).collect();
        let mut functions = HashMap::default();
        for function in wire.functions {
            let mut flags = 0;
            for name in &function.flags {
                flags |= match name.as_str() {
                    "no-writes" => flag::NO_WRITES,
                    "allow-oom" => flag::ALLOW_OOM,
                    "allow-stale" => flag::ALLOW_STALE,
                    "no-cluster" => flag::NO_CLUSTER,
                    "allow-cross-slot-keys" => flag::ALLOW_CROSS_SLOT_KEYS,
                    "background" => flag::BACKGROUND,
                    other => return Err(format!("function '{}' has the unknown flag '{other}'", function.name)),
                };
            }
            let in_lua = lua.contains_key(&function.library);
            let made = Function { id: function.id, library: function.library, flags, slot: Slot::default(), in_lua };
            if functions.insert(function.name.as_bytes().into(), made).is_some() {
                return Err(format!("function '{}' is there twice", function.name));
            }
        }
        let in_vm = functions.values().any(|function: &Function| !function.in_lua);
        Ok(Manifest { version: wire.version, functions, lua, in_vm, source_bytes: wire.source_bytes })
    }

    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<&Function> {
        self.functions.get(name).or_else(|| self.find_in_any_case(name))
    }

    /// As in Redis, a function may be called in any case; one of this very name is preferred.
    #[cold]
    fn find_in_any_case(&self, name: &[u8]) -> Option<&Function> {
        self.functions.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, function)| function)
    }

    /// All functions with their names, by name.
    pub fn sorted(&self) -> Vec<(&[u8], &Function)> {
        let mut all: Vec<_> = self.functions.iter().map(|(name, function)| (&**name, function)).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&[u8], &mut Function)> {
        self.functions.iter_mut().map(|(name, function)| (&**name, function))
    }

    /// The function of that number.
    pub fn find_number(&self, id: u32) -> Option<&Function> {
        self.functions.values().find(|function| function.id == id)
    }

    /// Numbers of the functions that run in the cores' Lua.
    pub fn ids_in_lua(&self) -> impl Iterator<Item = u32> {
        self.functions.values().filter(|function| function.in_lua).map(|function| function.id)
    }

    /// Bytes that libraries take beside what they take in the cores: sources, code in Lua, and this table.
    pub fn memory_bytes(&self) -> u64 {
        let code: usize = self.lua.values().map(Vec::len).sum();
        let names: usize = self.functions.keys().map(|name| name.len()).sum();
        self.source_bytes + (code + names + self.functions.len() * size_of::<(Box<[u8]>, Function)>()) as u64
    }

    /// The code of a library that runs in Lua.
    pub fn lua_code(&self, library: &str) -> Option<&[u8]> {
        self.lua.get(library).map(Vec::as_slice)
    }

    /// Is there a function that the cores' VMs run?
    pub fn has_others_than_lua(&self) -> bool {
        self.in_vm
    }

    pub fn len(&self) -> usize {
        self.functions.len()
    }

    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    pub fn has_library(&self, name: &str) -> bool {
        self.functions.values().any(|function| function.library == name)
    }

    pub fn libraries(&self) -> usize {
        let mut names: Vec<&str> = self.functions.values().map(|f| f.library.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_taken_whole_or_refused_with_a_reason() {
        let good = br#"{"version":3,"functions":[{"name":"f","library":"l","id":7,"flags":["no-writes"]}]}"#;
        let manifest = Manifest::parse(good).expect("good");
        assert_eq!(manifest.find(b"f").map(|f| (f.id, f.flags)), Some((7, flag::NO_WRITES)));
        for bad in [&b"{"[..], b"{}", br#"{"version":1,"functions":[{"name":"f","library":"l","id":1,"flags":["x"]}]}"#]
        {
            assert!(Manifest::parse(bad).is_err());
        }
    }
}
