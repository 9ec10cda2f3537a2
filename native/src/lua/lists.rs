//! Tables that are kept from script to script, as making and collecting them took a tenth of a short script's time: KEYS, ARGV, and
//! the replies `{ok = 'OK'}` of commands. Nothing of a script outlives it, so they are nobody's when it has ended; functions of
//! libraries get new ones, since a library may keep them.
//!
//! ```text
//!   begin: the kept table of this size, or a new one ─▶ filled ─▶ behind the globals, unless it is there already
//!   end:   emptied, and kept if it really is empty then: a script may have put into it what it likes
//! ```
//!
//! A table has the room that it has in Redis, where it grows by doubling: Lua's `#` of a list with holes depends on it.

use super::context::Context;
use super::values::room;
use crate::resp::args::Args;
use crate::sys::lua_stack::{LUA_TSTRING, REGISTRY, Stack, upvalue};

/// Tables of 0, 1, 2, 4 and 8 elements are kept; of more, a table is not what takes the time.
const SIZES: usize = 5;

#[derive(Default)]
pub struct Lists {
    /// Numbers in the registry, by size; 0: none is kept.
    kept: [[i32; SIZES]; 2],
    /// Those that are behind the globals; 0: another one is.
    shown: [i32; 2],
    /// Tables `{ok = 'OK'}` by their numbers in the registry, and how many of them the script has got.
    ok: Vec<i32>,
    ok_given: usize,
    /// A script has begun with them and not ended.
    in_use: bool,
}

/// Replies that are kept; a script that makes more gets new ones.
const OK_MAX: usize = 8;

impl Lists {
    /// Pushes `{ok = 'OK'}`, for a script.
    pub fn push_ok(&mut self, stack: Stack) {
        if let Some(number) = self.ok.get(self.ok_given) {
            stack.raw_get_at(REGISTRY, *number);
            self.ok_given += 1;
            return;
        }
        stack.push_table(0, 1);
        stack.push_bytes(b"OK");
        stack.set_raw_field(-2, b"ok");
        if self.ok.len() < OK_MAX {
            stack.copy(-1);
            self.ok.push(stack.keep());
            self.ok_given += 1;
        }
    }

    /// Lets all go.
    fn forget(&mut self, stack: Stack) {
        let Lists { kept, ok, .. } = std::mem::take(self);
        for number in kept.into_iter().flatten().chain(ok).filter(|number| *number != 0) {
            stack.let_go(number);
        }
    }
}

/// None: no table of this size is kept.
fn size_class(len: usize) -> Option<usize> {
    match len {
        0 => Some(0),
        1..=8 => Some(1 + len.next_power_of_two().trailing_zeros() as usize),
        _ => None,
    }
}

/// Puts keys and arguments in the tables KEYS and ARGV, whose names are upvalues 6 and 7 of the running function; what is behind the
/// globals is upvalue 3.
pub fn begin(stack: Stack, lists: &mut Lists, both: [Args; 2]) {
    if lists.in_use {
        // The one before ended in the middle, for want of memory: nobody knows what is in them.
        lists.forget(stack);
    }
    lists.in_use = true;
    for (which, list) in both.into_iter().enumerate() {
        let number = match size_class(list.len()) {
            Some(class) if lists.kept[which][class] != 0 => {
                stack.raw_get_at(REGISTRY, lists.kept[which][class]);
                fill(stack, list);
                lists.kept[which][class]
            }
            Some(class) => {
                push(stack, list);
                stack.copy(-1);
                lists.kept[which][class] = stack.keep();
                lists.kept[which][class]
            }
            None => {
                push(stack, list);
                0
            }
        };
        if number != 0 && lists.shown[which] == number {
            stack.pop(1);
            continue;
        }
        lists.shown[which] = number;
        stack.copy(upvalue(6 + which as i32));
        stack.insert(-2);
        stack.raw_set(upvalue(3));
    }
}

/// Pushes a new table of them.
pub fn push(stack: Stack, list: Args) {
    stack.push_table(room(list.len()), 0);
    fill(stack, list);
}

fn fill(stack: Stack, list: Args) {
    for (index, argument) in list.iter().enumerate() {
        stack.push_bytes(argument);
        stack.raw_set_at(-2, index as i32 + 1);
    }
}

/// Empties the tables that are kept; one that holds something else, or has got a metatable, is let go.
pub fn end(stack: Stack, context: &mut Context) {
    let (keys, all) = (context.job.keys, context.job.args.borrow().len());
    let lists = &mut context.lists;
    for (which, len) in [keys, all - keys].into_iter().enumerate() {
        let Some(class) = size_class(len) else {
            continue;
        };
        let kept = lists.kept[which][class];
        stack.raw_get_at(REGISTRY, kept);
        let table = stack.top();
        let mut clean = !stack.metatable(table);
        if clean {
            for index in 1..=len as i32 {
                stack.push_nil();
                stack.raw_set_at(table, index);
            }
            stack.push_nil();
            clean = !stack.next(table);
        }
        if !clean {
            stack.let_go(kept);
            lists.kept[which][class] = 0;
            lists.shown[which] = 0;
        }
        stack.set_top(table - 1);
    }
    for place in (0..lists.ok_given).rev() {
        stack.raw_get_at(REGISTRY, lists.ok[place]);
        let table = stack.top();
        if !is_ok(stack, table) {
            stack.let_go(lists.ok.swap_remove(place));
        }
        stack.set_top(table - 1);
    }
    lists.ok_given = 0;
    lists.in_use = false;
}

/// Is the table still `{ok = 'OK'}` and no more?
fn is_ok(stack: Stack, table: i32) -> bool {
    if stack.metatable(table) {
        return false;
    }
    stack.push_nil();
    stack.next(table)
        && stack.kind(-2) == LUA_TSTRING
        && stack.kind(-1) == LUA_TSTRING
        && stack.bytes(-2) == Some(b"ok")
        && stack.bytes(-1) == Some(b"OK")
        && {
            stack.pop(1);
            !stack.next(table)
        }
}
