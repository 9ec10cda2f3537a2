//! `redis.call` and `redis.pcall`, and what makes a request of a script's values.

use std::io::Write;

use super::context::Context;
use super::engine::stop_hook;
use super::failure::{push_error, push_reply_error};
use super::host::Ran;
use super::nested;
use super::replies::truncated;
use super::values::push_reply;
use crate::resp::args::OwnedArgs;
use crate::resp::number;
use crate::sys::lua_owner::{Held, lua_entry};
use crate::sys::lua_stack::{LUA_TNUMBER, LUA_TSTRING, Stack};

lua_entry!(call, Context, |stack, held| run(stack, held, true));
lua_entry!(pcall, Context, |stack, held| run(stack, held, false));

const OK: &[u8] = b"+OK\r\n";

/// Runs the command that the arguments are. Its error is raised, or returned.
fn run(stack: Stack, held: Held<Context>, raises: bool) -> Option<i32> {
    let context = held.get();
    if let Err(text) = take_request(stack, &mut context.request) {
        push_error(stack, text);
        return if raises { None } else { Some(1) };
    }
    let (request, reply, inner) = (&context.request, &mut context.reply, context.inner);
    reply.clear();
    let ran = match context.stop {
        None => context.host.get(|host| host.command(request.borrow(), inner, reply)),
        Some(_) => Some(Ran::Doomed),
    };
    match ran {
        Some(Ran::Replied) if context.reply.first() != Some(&b'-') => {
            if context.reply == OK && context.job.is_script {
                context.lists.push_ok(stack);
            } else {
                push_reply(stack, &context.reply);
            }
            Some(1)
        }
        Some(Ran::Replied) => {
            push_reply(stack, &context.reply);
            if raises { None } else { Some(1) }
        }
        Some(Ran::Failed) => {
            push_reply_error(stack, &context.reply);
            if raises { None } else { Some(1) }
        }
        Some(Ran::Nests(id)) => nested::run(stack, held, id, raises),
        Some(Ran::NestsInVm) => nested::run_in_vm(stack, held, raises),
        Some(Ran::Doomed) => doomed(stack, context),
        None => {
            push_error(stack, b"redis.call can only be called inside a script invocation");
            None
        }
    }
}

/// The script is to end.
pub fn doomed(stack: Stack, context: &mut Context) -> Option<i32> {
    context.stop.get_or_insert(super::host::Stop::Doomed);
    // From now on every instruction raises, so that no `pcall` of the script goes on.
    stack.set_hook(stop_hook, 1);
    push_error(stack, b"-ERR the script was stopped");
    None
}

/// Takes all arguments of the running function off the stack and into `request`. Err: why they make none.
pub fn take_request(stack: Stack, request: &mut OwnedArgs) -> Result<(), &'static [u8]> {
    let count = stack.top();
    if count == 0 {
        return Err(b"Please specify at least one argument for this redis lib call");
    }
    request.clear();
    for index in 1..=count {
        match stack.kind(index) {
            LUA_TSTRING => request.push(stack.bytes(index).unwrap_or_default()),
            LUA_TNUMBER => push_number(request, stack.number(index)),
            _ => {
                stack.set_top(0);
                return Err(b"Lua redis lib command arguments must be strings or integers");
            }
        }
    }
    stack.set_top(0);
    Ok(())
}

/// A number as Redis writes it down: as an integer where it is one, else with as many digits as it takes.
fn push_number(request: &mut OwnedArgs, number: f64) {
    const LIMIT: f64 = 4_611_686_018_427_387_904.0;
    let integer = truncated(number);
    if (-LIMIT..=LIMIT).contains(&number) && integer as f64 == number {
        request.push(itoa::Buffer::new().format(integer).as_bytes());
    } else if number.is_nan() {
        request.push(if number.is_sign_negative() { b"-nan" } else { b"nan" });
    } else {
        let mut text = [0u8; 64];
        let mut rest = &mut text[..];
        let _ = rest.write_all(&number::double_text(number));
        let len = 64 - rest.len();
        request.push(&text[..len]);
    }
}
