//! What a running script asks of the server.

use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Protocol;

/// How a command of a script ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ran {
    /// Its reply is in the buffer given.
    Replied,
    /// The text of its error is, without `-`.
    Failed,
    /// The script is to end: it will be rolled back, whatever it says.
    Doomed,
    /// It is a call of the function in Lua with this number, which has begun: who asked runs it, and says `end_nested` then.
    Nests(u32),
}

/// Why a running script is to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It is rolled back and tried again, or replaced by an error that the host knows.
    Doomed,
    /// SCRIPT KILL, FUNCTION KILL.
    Killed,
    /// `script-time-limit-hard`.
    TimeLimit,
}

/// The server, as a script that runs on one of its cores sees it.
pub trait Host {
    /// Runs a command; its reply goes to `out` in `proto`.
    fn command(&mut self, request: Args, proto: Protocol, out: &mut Vec<u8>) -> Ran;

    /// Keys and arguments of the nested call that has begun, and how many are keys.
    fn take_nested_args(&mut self) -> (OwnedArgs, usize);

    /// The nested call has ended.
    fn end_nested(&mut self, failed: bool);

    /// May the script's caller run this? None: there is no such command.
    fn may(&mut self, request: Args) -> Option<bool>;

    /// A line for the server's log. Levels 0 debug, 1 verbose, 2 notice, 3 warning.
    fn log(&mut self, level: u8, text: &[u8]);

    /// Called after every some hundred thousand instructions. `args`: the script's keys and arguments. Some: it is to end.
    fn tick(&mut self, args: Args) -> Option<Stop>;
}
