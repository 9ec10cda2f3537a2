//! The text of scripts: sound ones and pieces of them, put together and damaged, are refused or run to an end, and the next script
//! finds everything as it was.

use super::{Draw, run};
use crate::lua::engine::{Ended, Engine};
use crate::lua::host::{Host, NoRequest, Ran, Stop};
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::reply::Protocol;

const PIECES: &[&str] = &[
    "return ",
    "local a = ",
    "a",
    "{",
    "}",
    "(",
    ")",
    "[[",
    "]]",
    "[=[",
    "]=]",
    "\"",
    "'",
    "--",
    "--[[",
    "\n",
    ";",
    ",",
    "=",
    "..",
    "...",
    "1",
    "0x7fffffff",
    "1e308",
    "-1",
    "nil",
    "true",
    "'x'",
    "'\\065\\xff'",
    "\0",
    "\x1bLua",
    "#!lua flags=no-writes\n",
    "function ",
    "end ",
    "if ",
    "then ",
    "else ",
    "for i = 1, 3 do ",
    "while true do ",
    "repeat ",
    "until ",
    "break ",
    "goto ",
    "and ",
    "not ",
    "#",
    "%",
    "^",
    "==",
    "~=",
    "<",
    "redis.call(",
    "redis.pcall(",
    "'GET'",
    "KEYS[1]",
    "ARGV",
    "redis.error_reply(",
    "pcall(",
    "error(",
    "setmetatable(",
    "getmetatable('')",
    "rawset(_G, 'x', ",
    "loadstring(",
    "load(",
    "string.rep('x', 99)",
    "string.dump",
    "string.format('%s%d%q', ",
    "unpack(",
    "select('#', ",
    "table.concat(",
    "table.sort(",
    "coroutine.wrap(",
    "cjson.decode(",
    "cjson.encode(",
    "cmsgpack.unpack(",
    "struct.unpack('>I8', ",
    "bit.tohex(",
    "string.gsub(",
    "('(a*)*b'):match(",
    "tostring(",
    "collectgarbage('step')",
    "setfenv(1, {})",
    "redis.setresp(3) ",
    "math.random(",
    "{err = ",
    "{ok = ",
    "{map = ",
];

/// Replies what comes next, whatever is asked.
struct Replier {
    turn: usize,
    ticks: u32,
}

const REPLIES: &[&str] = &[
    "+OK\r\n",
    ":7\r\n",
    "$-1\r\n",
    "$3\r\na\0b\r\n",
    "*2\r\n:1\r\n*0\r\n",
    "-ERR no\r\n",
    "_\r\n",
    "%1\r\n+a\r\n,1.5\r\n",
];

impl Host for Replier {
    fn command(&mut self, _: Args, _: Protocol, out: &mut Vec<u8>) -> Ran {
        self.turn += 1;
        let reply = REPLIES[self.turn % REPLIES.len()];
        out.extend_from_slice(reply.as_bytes());
        if self.turn.is_multiple_of(50) { Ran::Doomed } else { Ran::Replied }
    }

    fn take_nested_args(&mut self) -> (OwnedArgs, usize) {
        unreachable!("nothing nests here")
    }

    fn end_nested(&mut self, _: bool) {}

    fn may(&mut self, _: Args) -> Result<bool, NoRequest> {
        Err(NoRequest::Unknown)
    }

    fn log(&mut self, _: u8, _: &[u8]) {}

    fn tick(&mut self, _: Args) -> Option<Stop> {
        self.ticks += 1;
        (self.ticks > 2).then_some(Stop::TimeLimit)
    }
}

fn ran(engine: &mut Engine, source: &[u8], host: &mut Replier) -> Option<(Ended, Vec<u8>)> {
    let function = engine.compile(source).ok()?;
    let args = OwnedArgs::of(&[b"k", b"arg", b"7"]);
    let ended = engine.run(host, (function, true), (args, 1), Protocol::Resp2);
    let output = engine.take_output();
    engine.forget(function);
    Some((ended, output))
}

#[test]
fn scripts_are_refused_or_end_and_leave_nothing_behind() {
    let engine = std::cell::RefCell::new(Engine::new());
    run("lua scripts", 2_000, |draw: &mut Draw| {
        let engine = &mut *engine.borrow_mut();
        let mut source = Vec::new();
        for _ in 0..=draw.below(24) {
            source.extend_from_slice(draw.pick(PIECES).as_bytes());
        }
        if draw.chance(40) {
            draw.damage(&mut source, b"()[]{}=\"'\n\\.,#");
        }
        let mut host = Replier { turn: draw.below(8), ticks: 0 };
        if let Some((Ended::Replied { .. }, output)) = ran(engine, &source, &mut host) {
            assert!(matches!(output.first(), Some(b'+' | b'-' | b':' | b'$' | b'*')), "a reply: {output:?}");
            assert!(output.ends_with(b"\r\n"), "a whole reply: {output:?}");
        }
        let sound = b"return {x == nil, ('up'):upper(), #KEYS, type(redis.call), KEYS[1]}";
        let told = ran(engine, sound, &mut Replier { turn: 0, ticks: 0 }).expect("it compiles").1;
        assert!(String::from_utf8_lossy(&told).contains("nonexistent global variable 'x'"), "{told:?}");
        let sound = b"return {('up'):upper(), #KEYS, KEYS[1], ARGV[2]}";
        let told = ran(engine, sound, &mut Replier { turn: 0, ticks: 0 }).expect("it compiles").1;
        assert_eq!(String::from_utf8_lossy(&told), "*4\r\n$2\r\nUP\r\n:1\r\n$1\r\nk\r\n$1\r\n7\r\n");
    });
}
