//! The interpreter's C interface, for who needs it faster than mlua makes it: the stack of a Lua state, value by value.
//!
//! ```text
//!   C function of ours:   Lua ─▶ trampoline (`lua_owner.rs`) ─▶ body(Stack) ─▶ Some(results) | None: raise what is on top
//! ```
//!
//! An error leaves through a long jump, past frames of C and of Rust. So nothing that has to be dropped may live in a body while it
//! calls a method that can raise: out of memory any of those that make something, and whatever calls a metamethod. What a body
//! needs to own belongs to the engine that it finds in its first upvalue. A body raises by returning None, after its locals are gone.

use std::ffi::{CStr, c_int, c_void};

use mlua::ffi;
pub use mlua::ffi::{
    LUA_TBOOLEAN, LUA_TFUNCTION, LUA_TLIGHTUSERDATA, LUA_TNIL, LUA_TNONE, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE,
    LUA_TTHREAD, LUA_TUSERDATA, lua_CFunction as Function, lua_State as State,
};

/// Pseudo-index of the registry, and of the globals of the running thread.
pub const REGISTRY: c_int = ffi::LUA_REGISTRYINDEX;
pub const GLOBALS: c_int = ffi::LUA_GLOBALSINDEX;
pub const MANY: c_int = ffi::LUA_MULTRET;

/// Pseudo-index of upvalue `number`, from 1.
pub const fn upvalue(number: c_int) -> c_int {
    ffi::lua_upvalueindex(number)
}

/// A live state in the thread that owns it. Indices are Lua's: from 1 up, from -1 down.
#[derive(Clone, Copy)]
pub struct Stack(*mut State);

/// Calls the C interface with this state.
macro_rules! lua {
    ($stack:expr, $name:ident $(, $arg:expr)*) => {
        // SAFETY: a Stack is made from a live state only (`Stack::new`); indices that are not there give nil or do nothing in
        // those functions that are given them from outside, and slots are asked for (`room`) where more than Lua's 20 are used.
        unsafe { ffi::$name($stack.0 $(, $arg)*) }
    };
}

/// Where an error arose.
pub struct Place {
    pub is_c: bool,
    pub line: i32,
}

/// Why a protected call failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failed {
    Run,
    Memory,
    Handler,
    Syntax,
}

impl Stack {
    /// # Safety
    /// 1. `state` is live, and stays so as long as this is used, in the thread that runs it.
    pub unsafe fn new(state: *mut State) -> Stack {
        Stack(state)
    }

    #[inline]
    pub fn top(self) -> c_int {
        lua!(self, lua_gettop)
    }

    #[inline]
    pub fn set_top(self, index: c_int) {
        lua!(self, lua_settop, index)
    }

    #[inline]
    pub fn pop(self, count: c_int) {
        self.set_top(-count - 1)
    }

    /// Is there room for `slots` more? Makes it where it can.
    #[inline]
    pub fn room(self, slots: c_int) -> bool {
        lua!(self, lua_checkstack, slots) != 0
    }

    #[inline]
    pub fn kind(self, index: c_int) -> c_int {
        lua!(self, lua_type, index)
    }

    pub fn is_string_or_number(self, index: c_int) -> bool {
        matches!(self.kind(index), LUA_TSTRING | LUA_TNUMBER)
    }

    #[inline]
    pub fn copy(self, index: c_int) {
        lua!(self, lua_pushvalue, index)
    }

    pub fn insert(self, index: c_int) {
        lua!(self, lua_insert, index)
    }

    pub fn remove(self, index: c_int) {
        lua!(self, lua_remove, index)
    }

    pub fn replace(self, index: c_int) {
        lua!(self, lua_replace, index)
    }

    // ---- pushing ----

    #[inline]
    pub fn push_nil(self) {
        lua!(self, lua_pushnil)
    }

    #[inline]
    pub fn push_number(self, number: f64) {
        lua!(self, lua_pushnumber, number)
    }

    #[inline]
    pub fn push_bool(self, value: bool) {
        lua!(self, lua_pushboolean, value as c_int)
    }

    #[inline]
    pub fn push_bytes(self, bytes: &[u8]) {
        lua!(self, lua_pushlstring_, bytes.as_ptr().cast(), bytes.len())
    }

    /// Pushes an address, which nothing is read from.
    #[allow(clippy::not_unsafe_ptr_arg_deref)]
    pub fn push_pointer(self, pointer: *mut c_void) {
        lua!(self, lua_pushlightuserdata, pointer)
    }

    /// A C function with the `upvalues` topmost values, which it takes off.
    pub fn push_function(self, function: Function, upvalues: c_int) {
        lua!(self, lua_pushcclosure, function, upvalues)
    }

    #[inline]
    pub fn push_table(self, elements: usize, fields: usize) {
        let clip = |count: usize| count.min(1 << 20) as c_int;
        lua!(self, lua_createtable, clip(elements), clip(fields))
    }

    // ---- reading ----

    #[inline]
    pub fn number(self, index: c_int) -> f64 {
        lua!(self, lua_tonumber, index)
    }

    pub fn bool(self, index: c_int) -> bool {
        lua!(self, lua_toboolean, index) != 0
    }

    /// The bytes of a string; of a number, which becomes a string in its slot. None: it is neither. They live as long as the value is
    /// reachable from the stack.
    #[inline]
    pub fn bytes<'a>(self, index: c_int) -> Option<&'a [u8]> {
        let mut len = 0;
        let start = lua!(self, lua_tolstring, index, &mut len);
        if start.is_null() {
            return None;
        }
        // SAFETY: Lua gives the string's address and length; the caller keeps the value on the stack while it uses them.
        Some(unsafe { std::slice::from_raw_parts(start.cast(), len) })
    }

    pub fn pointer(self, index: c_int) -> *mut c_void {
        lua!(self, lua_touserdata, index)
    }

    /// The address of a table, function, thread or userdata: its identity.
    #[inline]
    pub fn identity(self, index: c_int) -> *const c_void {
        lua!(self, lua_topointer, index)
    }

    // ---- tables ----

    /// In place of the key on top, the value under it in the table at `index`; no metamethod runs.
    #[inline]
    pub fn raw_get(self, index: c_int) {
        lua!(self, lua_rawget_, index)
    }

    /// Sets `table[second from top] = top`, both taken off; no metamethod runs.
    #[inline]
    pub fn raw_set(self, index: c_int) {
        lua!(self, lua_rawset, index)
    }

    #[inline]
    pub fn raw_get_at(self, index: c_int, position: c_int) {
        lua!(self, lua_rawgeti_, index, position)
    }

    #[inline]
    pub fn raw_set_at(self, index: c_int, position: c_int) {
        lua!(self, lua_rawseti_, index, position)
    }

    /// Pushes field `name` of the table at `index`, past metamethods. `index` may be negative.
    pub fn raw_field(self, index: c_int, name: &[u8]) {
        let index = self.absolute(index);
        self.push_bytes(name);
        self.raw_get(index);
    }

    /// Sets field `name` to the value on top, which it takes off, past metamethods.
    pub fn set_raw_field(self, index: c_int, name: &[u8]) {
        let index = self.absolute(index);
        self.push_bytes(name);
        self.insert(-2);
        self.raw_set(index);
    }

    /// Pushes field `name`, metamethods included.
    pub fn field(self, index: c_int, name: &CStr) {
        lua!(self, lua_getfield_, index, name.as_ptr())
    }

    /// As `table[key] = value` in Lua.
    pub fn set_field(self, index: c_int, name: &CStr) {
        lua!(self, lua_setfield, index, name.as_ptr())
    }

    /// Takes the key on top off; pushes the next one and its value. False: there is none. Raises where the key is not in the table.
    pub fn next(self, index: c_int) -> bool {
        lua!(self, lua_next, index) != 0
    }

    /// Pushes the metatable of a value. False: it has none, and nothing is pushed.
    #[inline]
    pub fn metatable(self, index: c_int) -> bool {
        lua!(self, lua_getmetatable, index) != 0
    }

    pub fn set_metatable(self, index: c_int) {
        lua!(self, lua_setmetatable, index);
    }

    /// Makes the table on top, taken off, the environment of a Lua function.
    pub fn set_environment(self, index: c_int) {
        lua!(self, lua_setfenv, index);
    }

    /// Keeps the value on top, taken off, in the registry; gives its number there.
    pub fn keep(self) -> c_int {
        lua!(self, luaL_ref, REGISTRY)
    }

    pub fn let_go(self, kept: c_int) {
        lua!(self, luaL_unref, REGISTRY, kept)
    }

    fn absolute(self, index: c_int) -> c_int {
        if index < 0 && index > REGISTRY { self.top() + index + 1 } else { index }
    }

    // ---- running ----

    /// Compiles source text under a name, `@user_script`. Err: the text on top says why not.
    pub fn compile(self, source: &[u8], name: &CStr) -> Result<(), Failed> {
        outcome(lua!(self, luaL_loadbuffer, source.as_ptr().cast(), source.len(), name.as_ptr()))
    }

    /// As `pcall`: `handler` is the index of the error's handler, or 0. Err: the error is on top.
    #[inline]
    pub fn call(self, arguments: c_int, results: c_int, handler: c_int) -> Result<(), Failed> {
        outcome(lua!(self, lua_pcall, arguments, results, handler))
    }

    /// Calls without protection: an error goes on to the caller.
    pub fn call_through(self, arguments: c_int, results: c_int) {
        lua!(self, lua_call, arguments, results)
    }

    pub fn concat(self, count: c_int) {
        lua!(self, lua_concat, count)
    }

    /// Pushes `user_script:3: `, where the function at this level is; nothing where that is unknown.
    pub fn push_place(self, level: c_int) {
        lua!(self, luaL_where, level)
    }

    /// Where the function at this level is (0: the one that runs), with its source pushed. None: there is none.
    pub fn place(self, level: c_int) -> Option<Place> {
        // SAFETY: a plain C struct of numbers and pointers, which Lua fills.
        let mut record: ffi::lua_Debug = unsafe { std::mem::zeroed() };
        if lua!(self, lua_getstack, level, &mut record) == 0 {
            return None;
        }
        lua!(self, lua_getinfo, c"nSl".as_ptr(), &mut record);
        // SAFETY: `getinfo` with S has set both to strings that end with a zero.
        let (what, source) = unsafe { (CStr::from_ptr(record.what), CStr::from_ptr(record.source)) };
        self.push_bytes(source.to_bytes());
        Some(Place { is_c: what == c"C", line: record.currentline })
    }

    /// Bytes that the state has taken.
    pub fn memory_bytes(self) -> u64 {
        let (kib, rest) = (lua!(self, lua_gc, ffi::LUA_GCCOUNT, 0), lua!(self, lua_gc, ffi::LUA_GCCOUNTB, 0));
        kib as u64 * 1024 + rest as u64
    }

    /// When the collector begins anew: at so many per cent of what it has left.
    pub fn set_collector_pause(self, percent: c_int) {
        lua!(self, lua_gc, ffi::LUA_GCSETPAUSE, percent);
    }

    /// Calls `hook` after every `count` instructions of this coroutine and those that it makes from now on.
    pub fn set_hook(self, hook: Hook, count: c_int) {
        lua!(self, lua_sethook, Some(hook), ffi::LUA_MASKCOUNT, count);
    }

    /// The standard libraries that need nothing of the system.
    pub fn open_libraries(self) {
        for (open, name) in [
            (ffi::luaopen_table as Function, c"table"),
            (ffi::luaopen_string as Function, c"string"),
            (ffi::luaopen_math as Function, c"math"),
            (ffi::luaopen_os as Function, c"os"),
        ] {
            self.push_function(open, 0);
            lua!(self, lua_pushstring_, name.as_ptr());
            self.call_through(1, 0);
        }
    }

    /// Raises the value on top.
    pub fn raise(self) -> ! {
        lua!(self, lua_error)
    }

    /// Calls a C function of Lua's own as the one that runs now: same arguments, its results.
    pub fn instead(self, function: Function) -> Option<c_int> {
        // SAFETY: the function is one that Lua was given, called on a live state with the arguments of the running one.
        Some(unsafe { function(self.0) })
    }

    /// The C function at `index`.
    pub fn function(self, index: c_int) -> Option<Function> {
        lua!(self, lua_tocfunction, index)
    }

    /// How far down the C stack is now: an address.
    #[inline(never)]
    pub fn depth() -> usize {
        let here = 0u8;
        (&raw const here) as usize
    }

    /// What [`Kept::register`] has put down.
    ///
    /// # Safety
    /// 1. It was a `T`.
    /// 2. No other reference to it is used while this one is.
    pub unsafe fn registered<'a, T>(self) -> &'a mut T {
        self.push_pointer(super::lua_owner::owner_key());
        self.raw_get(REGISTRY);
        // SAFETY: (1), (2)
        let owner = unsafe { self.owner(-1) };
        self.pop(1);
        owner
    }

    /// The value behind the light userdata at `index`.
    ///
    /// # Safety
    /// 1. The userdata is the address of a live `T`.
    /// 2. No other reference to it is used while this one is.
    pub unsafe fn owner<'a, T>(self, index: c_int) -> &'a mut T {
        // SAFETY: (1), (2)
        unsafe { &mut *self.pointer(index).cast::<T>() }
    }
}

fn outcome(status: c_int) -> Result<(), Failed> {
    match status {
        ffi::LUA_OK => Ok(()),
        ffi::LUA_ERRMEM => Err(Failed::Memory),
        ffi::LUA_ERRERR => Err(Failed::Handler),
        ffi::LUA_ERRSYNTAX => Err(Failed::Syntax),
        _ => Err(Failed::Run),
    }
}

pub type Hook = unsafe extern "C-unwind" fn(state: *mut State, record: *mut ffi::lua_Debug);
pub type Record = ffi::lua_Debug;
