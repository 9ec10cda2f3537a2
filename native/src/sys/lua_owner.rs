//! Making an interpreter, and C functions in it that work on something of ours: how they get at it.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::rc::Rc;

use super::lua_stack::{REGISTRY, Stack};

/// An interpreter with the language's basic functions alone, and its main stack.
pub fn new_state(memory_bytes_max: usize) -> (mlua::Lua, Stack) {
    let options = mlua::LuaOptions::new();
    // SAFETY: what could be loaded unsafely, C modules and bytecode, is not there: `package` is not opened, and who opens the state
    // to others takes `load` away.
    let lua = unsafe { mlua::Lua::unsafe_new_with(mlua::StdLib::NONE, options) };
    let _ = lua.set_memory_limit(memory_bytes_max);
    let mut state = std::ptr::null_mut();
    // SAFETY: only takes the address, which is that of the main state and lives as long as `lua`.
    let looked = unsafe { lua.exec_raw::<()>((), |main| state = main) };
    looked.expect("a fresh state has room");
    // SAFETY: live as long as `lua`, which the caller keeps beside it.
    let stack = unsafe { Stack::new(state) };
    (lua, stack)
}

/// A C function of Lua from a body: `lua_function!(name, Owner, body)`, where `body(stack, owner)` gives the number of results, or
/// None to raise what is on top. It is to be pushed with the owner's address ([`Kept::push`]) as its first upvalue, and the body calls
/// no Lua code while it uses the owner.
macro_rules! lua_function {
    ($name:ident, $owner:ty, $body:expr) => {
        pub(super) unsafe extern "C-unwind" fn $name(state: *mut $crate::sys::lua_stack::State) -> std::ffi::c_int {
            use $crate::sys::lua_stack::{Stack, upvalue};
            let body: fn(Stack, &mut $owner) -> Option<std::ffi::c_int> = $body;
            // SAFETY: Lua calls its functions with their live state.
            let stack = unsafe { Stack::new(state) };
            // SAFETY: the first upvalue is the address of the owner, which outlives the state (see the macro's conditions).
            match body(stack, unsafe { stack.owner(upvalue(1)) }) {
                Some(results) => results,
                None => stack.raise(),
            }
        }
    };
}
pub(crate) use lua_function;

/// The same for a body that calls Lua code, and gets at the owner before and after it: `body(stack, held)`.
macro_rules! lua_entry {
    ($name:ident, $owner:ty, $body:expr) => {
        pub(super) unsafe extern "C-unwind" fn $name(state: *mut $crate::sys::lua_stack::State) -> std::ffi::c_int {
            use $crate::sys::{
                lua_owner::Held,
                lua_stack::{Stack, upvalue},
            };
            let body: fn(Stack, Held<$owner>) -> Option<std::ffi::c_int> = $body;
            // SAFETY: Lua calls its functions with their live state.
            let stack = unsafe { Stack::new(state) };
            // SAFETY: the first upvalue is the address of the owner, which outlives the state (see `lua_function`).
            match body(stack, unsafe { Held::new(stack.pointer(upvalue(1)).cast()) }) {
                Some(results) => results,
                None => stack.raise(),
            }
        }
    };
}
pub(crate) use lua_entry;

/// The owner of a state's functions, for a body that calls Lua code in between.
pub struct Held<T>(*mut T);

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Held<T> {}

impl<T> Held<T> {
    /// # Safety
    /// 1. A live `T`, that lives as long as this.
    pub unsafe fn new(owner: *mut T) -> Held<T> {
        Held(owner)
    }

    /// The owner; what was got before Lua code ran is not used any more.
    pub fn get<'a>(self) -> &'a mut T {
        // SAFETY: live (`new`); the condition above keeps references apart.
        unsafe { &mut *self.0 }
    }
}

/// The same of a hook: `body(stack, owner)` says whether to raise what is on top. The owner is what [`Kept::register`] put down.
macro_rules! lua_hook {
    ($name:ident, $owner:ty, $body:expr) => {
        pub(super) unsafe extern "C-unwind" fn $name(
            state: *mut $crate::sys::lua_stack::State,
            _: *mut $crate::sys::lua_stack::Record,
        ) {
            use $crate::sys::lua_stack::Stack;
            let body: fn(Stack, &mut $owner) -> bool = $body;
            // SAFETY: Lua calls its hooks with their live state, and with room for 20 values.
            let stack = unsafe { Stack::new(state) };
            // SAFETY: as registered (see the macro's conditions).
            if body(stack, unsafe { stack.registered() }) {
                stack.raise();
            }
        }
    };
}
pub(crate) use lua_hook;

/// What the C functions of one state work on: lives in one place until dropped, which has to be after the state is closed.
pub struct Kept<T>(*mut T);

impl<T> Kept<T> {
    pub fn new(value: T) -> Kept<T> {
        Kept(Box::into_raw(Box::new(value)))
    }

    pub fn get(&mut self) -> &mut T {
        // SAFETY: the box is ours; who calls a C function of the state holds no reference got here.
        unsafe { &mut *self.0 }
    }

    /// Pushes the address, as an upvalue for a [`lua_function`].
    pub fn push(&self, stack: Stack) {
        stack.push_pointer(self.0.cast());
    }

    /// Puts the address down for the state's [`lua_hook`].
    pub fn register(&self, stack: Stack) {
        stack.push_pointer(owner_key());
        stack.push_pointer(self.0.cast());
        stack.raw_set(REGISTRY);
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and dropped once.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// A key of the registry that nothing else has: the address of a static.
pub(super) fn owner_key() -> *mut c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast_mut().cast()
}

/// A reference that is there for the time of one call, for C functions that cannot be given it.
pub struct Lent<T: ?Sized>(Rc<Cell<Option<NonNull<T>>>>);

impl<T: ?Sized> Lent<T> {
    /// Runs `run` with `value` to be had from [`Lent::get`].
    pub fn with<R>(&self, value: &mut T, run: impl FnOnce() -> R) -> R {
        struct Back<'a, T: ?Sized>(&'a Cell<Option<NonNull<T>>>, Option<NonNull<T>>);
        impl<T: ?Sized> Drop for Back<'_, T> {
            fn drop(&mut self) {
                self.0.set(self.1);
            }
        }
        let _back = Back(&self.0, self.0.replace(Some(NonNull::from(value))));
        run()
    }

    /// Uses what is lent; None: nothing is, or it is in use.
    #[inline]
    pub fn get<R>(&self, run: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut value = self.0.take()?;
        // SAFETY: `with` holds the only reference until it takes the pointer away, and meanwhile the cell is empty.
        let result = run(unsafe { value.as_mut() });
        self.0.set(Some(value));
        Some(result)
    }

    pub fn is_there(&self) -> bool {
        let value = self.0.take();
        self.0.set(value);
        value.is_some()
    }
}

impl<T: ?Sized> Default for Lent<T> {
    fn default() -> Self {
        Lent(Rc::default())
    }
}

impl<T: ?Sized> Clone for Lent<T> {
    fn clone(&self) -> Self {
        Lent(self.0.clone())
    }
}
