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
    /// The same for a function that only the VM below the script can run.
    NestsInVm,
}

/// The JavaScript VM of the script's thread, whose own call of native code lies below the script.
#[derive(Clone, Copy)]
pub struct Vm {
    pub enter: fn(usize) -> InVm,
    /// What `enter` is called with.
    pub at: usize,
}

/// What became of a nested call in the VM; it has ended.
pub enum InVm {
    Reply(Vec<u8>),
    /// The text of its error, without `-`.
    Error(Vec<u8>),
    /// The script is to end: the call that all lie in is doomed.
    Doomed,
}

/// Why a script cannot be told whether its caller may run something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoRequest {
    /// There is no such command.
    Unknown,
    /// It takes another number of arguments.
    Arity,
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

    /// The VM that runs the nested call which has begun, and which a kill has to end meanwhile. `args`: as for `tick`. No borrow of the
    /// host may be alive when it is entered: what runs there works on it.
    fn vm(&mut self, _: Args) -> Option<Vm> {
        None
    }

    /// The VM has come back.
    fn left_vm(&mut self) {}

    /// May the script's caller run this?
    fn may(&mut self, request: Args) -> Result<bool, NoRequest>;

    /// The script replies an error that no command has counted when it made it. `text`: without `-`.
    fn count_error(&mut self, _text: &[u8]) {}

    /// A line for the server's log. Levels 0 debug, 1 verbose, 2 notice, 3 warning.
    fn log(&mut self, level: u8, text: &[u8]);

    /// Called after every some hundred thousand instructions. `args`: the script's keys and arguments. Some: it is to end.
    fn tick(&mut self, args: Args) -> Option<Stop>;
}
