//! Two things that the Lua interpreter can do and mlua's safe interface cannot: raise a plain value, and walk a table without
//! making a reference of each of its values.
//!
//! - An error that mlua raises for a Rust function is a userdata; a script that catches one of Redis's finds a string or a
//!   table. [`raising`] puts a C function in front of a Rust function: the Rust function *returns* what is to be raised, and
//!   the C function raises it, from where Lua looks for a name and a line to put into the text.
//! - mlua's iterators cost a reference, an allocation and a protected call per pair, and nest to 200 levels only. [`walk`]
//!   reads the values where they lie on Lua's stack: 6 times the speed, measured with cjson.encode.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::slice;

use mlua::ffi;
use mlua::{Function, Lua, Result, Value};

/// First value that a function given to [`raising`] returns; a count of results to come is the other possibility.
pub mod outcome {
    /// The next value is raised as it is.
    pub const RAISE: i32 = -1;
    /// The next value, a string, is raised behind the name and line of the caller: `user_script:1: …`.
    pub const RAISE_WITH_PLACE: i32 = -2;
    /// The next value, a string, says what is wrong with the argument whose number follows it.
    pub const RAISE_ABOUT_ARGUMENT: i32 = -3;
}

/// A function that calls `function` and does what the first value it returns says: [`outcome`], or the number of results.
pub fn raising(lua: &Lua, function: Function) -> Result<Function> {
    // SAFETY: the closure finds `function` on the stack and makes it the one upvalue of `call`, which expects that.
    unsafe { lua.exec_raw(function, |state| ffi::lua_pushcclosure(state, call, 1)) }
}

/// Calls upvalue 1 with all arguments. Has no Rust value that would want dropping, since errors jump over it.
unsafe extern "C-unwind" fn call(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: Lua calls this with a valid state, room for 20 values above the arguments, and the upvalue of `raising`.
    // What follows pushes three at most, and reads only slots that are there: lua_settop makes them.
    unsafe {
        let arguments = ffi::lua_gettop(state);
        ffi::lua_pushvalue(state, ffi::lua_upvalueindex(1));
        ffi::lua_insert(state, 1);
        ffi::lua_call(state, arguments, ffi::LUA_MULTRET);
        let results = ffi::lua_tointeger(state, 1) as c_int;
        if results >= 0 {
            let there = ffi::lua_gettop(state) - 1;
            let results = results.min(there);
            ffi::lua_settop(state, 1 + results);
            return results;
        }
        ffi::lua_settop(state, 3);
        if results == outcome::RAISE_ABOUT_ARGUMENT && ffi::lua_type(state, 2) == ffi::LUA_TSTRING {
            let argument = ffi::lua_tointeger(state, 3) as c_int;
            return ffi::luaL_argerror(state, argument, ffi::lua_tolstring(state, 2, std::ptr::null_mut()));
        }
        ffi::lua_settop(state, 2);
        if results == outcome::RAISE_WITH_PLACE && ffi::lua_type(state, 2) == ffi::LUA_TSTRING {
            ffi::luaL_where(state, 1);
            ffi::lua_insert(state, 2);
            ffi::lua_concat(state, 2);
        }
        ffi::lua_error(state)
    }
}

/// A Lua value where it lies.
#[derive(Debug, PartialEq)]
pub enum Item<'a> {
    Nil,
    Boolean(bool),
    Number(f64),
    Bytes(&'a [u8]),
    /// Light userdata of the address 0: what stands for a null of other languages.
    Null,
    Table,
    /// Any other, by the name that `type` has for it.
    Other(&'static str),
}

impl Item<'_> {
    /// As `type` names it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Item::Nil => "nil",
            Item::Boolean(_) => "boolean",
            Item::Number(_) => "number",
            Item::Bytes(_) => "string",
            Item::Null => "userdata",
            Item::Table => "table",
            Item::Other(name) => name,
        }
    }
}

/// What `read` finds walking over `value`. Nothing on the way may run Lua code.
pub fn walk<R>(lua: &Lua, value: &Value, read: impl FnOnce(&mut Walk) -> R) -> Result<R> {
    lua.exec_raw_lua(|raw| {
        let state = raw.state();
        // SAFETY: room is asked for before the value is pushed; `Leave` puts the stack back where it was, also in a panic.
        unsafe {
            let leave = Leave { state, top: ffi::lua_gettop(state) };
            if ffi::lua_checkstack(state, 1 + ROOM) == 0 {
                return Err(mlua::Error::StackError);
            }
            raw.push_value(value)?;
            let mut walk = Walk { state, open: Vec::new(), _lua: PhantomData };
            let result = read(&mut walk);
            drop(leave);
            Ok(result)
        }
    })
}

/// Slots that a step of a walk may need: key, value, and one to spare.
const ROOM: c_int = 3;

struct Leave {
    state: *mut ffi::lua_State,
    top: c_int,
}

impl Drop for Leave {
    fn drop(&mut self) {
        // SAFETY: the state is the one `top` was read from, and has had nothing popped below it.
        unsafe { ffi::lua_settop(self.state, self.top) }
    }
}

/// A position in a value and the tables in it.
///
/// ```text
///   stack:  value                         nothing open: `item` is the value
///           table key item                in the pairs of an open table
///           table item                    in its elements
/// ```
///
/// Invariants, on which every `unsafe` below stands:
/// 1. the stack has room for `ROOM` more values (`open` asked for it),
/// 2. for each entry of `open` the slot it names holds a table, and above the last one lies nothing, or an item, or the key
///    that `lua_next` gave and its item,
/// 3. no Lua code runs meanwhile, so a key of `lua_next` stays one that it accepts.
pub struct Walk<'a> {
    state: *mut ffi::lua_State,
    /// Slots of the tables that are open, outermost first.
    open: Vec<c_int>,
    _lua: PhantomData<&'a Lua>,
}

impl Walk<'_> {
    /// The value at this position.
    pub fn item(&self) -> Item<'_> {
        self.at(-1)
    }

    /// The key of the item, after [`Walk::next`] has found one.
    pub fn key(&self) -> Item<'_> {
        assert!(self.items() == 2, "in pairs");
        self.at(-2)
    }

    /// Goes into the item, which is a table; false if Lua's stack has no room for it.
    #[must_use]
    pub fn open(&mut self) -> bool {
        // SAFETY: invariant 1 is made here; reading the top is always possible.
        unsafe {
            assert!(ffi::lua_type(self.state, -1) == ffi::LUA_TTABLE, "only tables are opened");
            if ffi::lua_checkstack(self.state, ROOM) == 0 {
                return false;
            }
            self.open.push(ffi::lua_gettop(self.state));
        }
        true
    }

    /// Goes to the next pair of the table opened last, the first one at first; false, and before the first again, at the end.
    pub fn advance(&mut self) -> bool {
        let table = *self.open.last().expect("a table is open");
        // SAFETY: invariants 1 to 3; lua_next raises an error only for a key that is not one of the table.
        unsafe {
            match self.items() {
                0 => ffi::lua_pushnil(self.state),
                items => assert!(items == 2, "pairs and elements are not mixed"),
            }
            ffi::lua_settop(self.state, table + 1);
            ffi::lua_next(self.state, table) != 0
        }
    }

    /// Goes to the element of that number, nil where there is none, of the table opened last.
    pub fn element(&mut self, number: i32) {
        let table = *self.open.last().expect("a table is open");
        // SAFETY: invariants 1 and 2.
        unsafe {
            ffi::lua_settop(self.state, table);
            ffi::lua_rawgeti(self.state, table, number.into());
        }
    }

    /// Has the table opened last a metatable which has `field`, or which the table at `behind` is the metatable of? Nothing may lie above the table.
    pub fn is_marked(&mut self, field: &[u8], behind: *const c_void) -> bool {
        assert!(self.items() == 0, "before the first pair");
        // SAFETY: invariants 1 and 2: three slots at most are pushed, of which `rewind` takes what is left. lua_next is given the nil
        // that begins, and then keys it gave.
        let marked = unsafe {
            if ffi::lua_getmetatable(self.state, -1) == 0 {
                return false;
            }
            let metatable = ffi::lua_gettop(self.state);
            let mut found = false;
            if ffi::lua_getmetatable(self.state, metatable) != 0 {
                found = ffi::lua_topointer(self.state, -1) == behind;
                ffi::lua_settop(self.state, metatable);
            }
            ffi::lua_pushnil(self.state);
            while !found && ffi::lua_next(self.state, metatable) != 0 {
                found = self.at(-2) == Item::Bytes(field) && ffi::lua_toboolean(self.state, -1) != 0;
                ffi::lua_settop(self.state, metatable + 1);
            }
            found
        };
        self.rewind();
        marked
    }

    /// Elements of the table opened last, up to a border, as `#` has them. Nothing may lie above the table.
    pub fn length(&self) -> i32 {
        assert!(self.items() == 0, "before the first pair");
        // SAFETY: invariant 2; no metamethod is asked.
        unsafe { ffi::lua_objlen(self.state, -1) as i32 }
    }

    /// Before the first pair again.
    pub fn rewind(&mut self) {
        let table = *self.open.last().expect("a table is open");
        // SAFETY: invariant 2.
        unsafe { ffi::lua_settop(self.state, table) }
    }

    /// Goes back to the table opened last as an item.
    pub fn close(&mut self) {
        self.rewind();
        self.open.pop();
    }

    /// Puts the key in the place of the item, so that it can be walked over; [`Walk::uncover`] takes it away.
    pub fn cover_with_key(&mut self) {
        assert!(self.items() == 2, "in pairs");
        // SAFETY: invariants 1 and 2; one of the slots of `ROOM`.
        unsafe { ffi::lua_pushvalue(self.state, -2) }
    }

    /// The item of the pair again.
    pub fn uncover(&mut self) {
        assert!(self.items() == 3, "covered");
        // SAFETY: just counted.
        unsafe { ffi::lua_settop(self.state, -2) }
    }

    /// Values above the table opened last.
    fn items(&self) -> c_int {
        let table = *self.open.last().expect("a table is open");
        // SAFETY: reads a number.
        unsafe { ffi::lua_gettop(self.state) - table }
    }

    fn at(&self, slot: c_int) -> Item<'_> {
        // SAFETY: slots -1, and -2 where `key` has counted, are there. Each reader is asked for a value of its own type, so none
        // converts; the bytes of a string stay while it is on the stack, which the borrow of `self` sees to.
        unsafe {
            match ffi::lua_type(self.state, slot) {
                ffi::LUA_TNIL => Item::Nil,
                ffi::LUA_TBOOLEAN => Item::Boolean(ffi::lua_toboolean(self.state, slot) != 0),
                ffi::LUA_TNUMBER => Item::Number(ffi::lua_tonumber(self.state, slot)),
                ffi::LUA_TSTRING => {
                    let mut length = 0;
                    let bytes = ffi::lua_tolstring(self.state, slot, &mut length);
                    Item::Bytes(slice::from_raw_parts(bytes.cast(), length))
                }
                ffi::LUA_TLIGHTUSERDATA if ffi::lua_touserdata(self.state, slot).is_null() => Item::Null,
                ffi::LUA_TTABLE => Item::Table,
                ffi::LUA_TFUNCTION => Item::Other("function"),
                ffi::LUA_TTHREAD => Item::Other("thread"),
                _ => Item::Other("userdata"),
            }
        }
    }
}
