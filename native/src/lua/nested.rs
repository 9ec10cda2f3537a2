//! Functions of libraries that scripts and functions in Lua call by FCALL: they run on the caller's Lua stack.
//!
//! ```text
//!   redis.call ─▶ Host::command ─▶ Ran::Nests ─▶ run: the job steps aside ─▶ pcall(enter_nested) ─▶ the job again, Host::end_nested
//!                                                                            its value as a reply, and that as a value
//!                             Ran::NestsInVm ─▶ run_in_vm: an up-call into the VM that this thread's Lua was called from
//! ```

use super::calls::doomed;
use super::context::{Context, Job};
use super::failure::{push_error, push_reply_error};
use super::host::InVm;
use super::lists;
use super::replies::write_value;
use super::values::push_reply;
use crate::resp::reply::{Protocol, Reply};
use crate::sys::lua_owner::{Held, lua_entry};
use crate::sys::lua_stack::{LUA_TTABLE, REGISTRY, Stack};

/// Runs function `id`, whose call has begun. Gives what `redis.call` gives: its reply or error is on top. `raises`: an error is raised.
pub fn run(stack: Stack, held: Held<Context>, id: u32, raises: bool) -> Option<i32> {
    let context = held.get();
    let Some(function) = context.functions.get(&id).copied() else {
        let _ = context.host.get(|host| host.end_nested(true));
        push_error(stack, b"ERR Function not found");
        return if raises { None } else { Some(1) };
    };
    let (args, keys) = context.host.get(|host| host.take_nested_args()).unwrap_or_default();
    let job = Job { function, is_script: false, name: context.job.name.clone(), args, keys };
    context.aside.push((std::mem::replace(&mut context.job, job), context.inner));
    context.inner = Protocol::Resp2;
    stack.raw_get_at(REGISTRY, context.handler);
    stack.raw_get_at(REGISTRY, context.enter_nested);
    // What raises in there is caught, so the job always comes back.
    let called = stack.call(0, 1, 1);
    let context = held.get();
    let own = context.inner;
    if let Some((job, inner)) = context.aside.pop() {
        context.job = job;
        context.inner = inner;
    }
    let _ = context.host.get(|host| host.end_nested(called.is_err()));
    if context.stop.is_some() {
        push_error(stack, b"-ERR the script was stopped");
        return None;
    }
    if called.is_err() {
        if stack.kind(-1) != LUA_TTABLE {
            push_error(stack, b"not enough memory");
        }
        return if raises { None } else { Some(1) };
    }
    context.reply.clear();
    let mut reply = Reply::new(&mut context.reply, context.inner);
    // What is pushed again is taken for counted.
    let count = |text: &[u8]| context.host.get(|host| host.count_error(text)).unwrap_or_default();
    write_value(stack, &mut reply, own, &count);
    push_reply(stack, &context.reply);
    if context.reply.first() == Some(&b'-') && raises { None } else { Some(1) }
}

/// Calls the function in JavaScript whose call has begun; as [`run`].
pub fn run_in_vm(stack: Stack, held: Held<Context>, raises: bool) -> Option<i32> {
    let context = held.get();
    let outermost = context.aside.first().map_or(&context.job, |(job, _)| job);
    let args = outermost.args.borrow();
    let vm = context.host.get(|host| host.vm(args)).flatten();
    let came = match vm {
        Some(vm) => (vm.enter)(vm.at),
        None => {
            let _ = context.host.get(|host| host.end_nested(true));
            InVm::Error(b"ERR Function not found".to_vec())
        }
    };
    let context = held.get();
    let _ = context.host.get(|host| host.left_vm());
    match came {
        InVm::Doomed => doomed(stack, context),
        InVm::Reply(reply) => {
            push_reply(stack, &reply);
            if raises && reply.first() == Some(&b'-') { None } else { Some(1) }
        }
        InVm::Error(text) => {
            push_reply_error(stack, &text);
            if raises { None } else { Some(1) }
        }
    }
}

// Calls the job's function with its keys and arguments. Upvalue: the context.
lua_entry!(enter_nested, Context, |stack, held| {
    let Job { function, keys, args, .. } = &held.get().job;
    stack.raw_get_at(REGISTRY, *function);
    let args = args.borrow();
    lists::push(stack, args.first(*keys));
    lists::push(stack, args.from(*keys));
    stack.call_through(2, 1);
    Some(1)
});
