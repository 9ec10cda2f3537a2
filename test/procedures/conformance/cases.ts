/**
 * What every engine has to do, as libraries and what calls of them reply. `ts` is for engines of TypeScript, `lua` the same
 * in Lua; a case without `lua` is about something that Lua has not. LIBRARY in a source is the library's name.
 */
import { boolean, byProtocol, double, type Expected, errorLike, map, ok, set } from "../../harness/expected.ts";
import type { Row } from "../../harness/suite.ts";

export interface Case {
  readonly name: string;
  readonly ts: string;
  readonly lua?: string;
  /** More words of the header line, for engines of TypeScript. */
  readonly header?: string;
  readonly rows: readonly Row[];
  /** Rows of the Lua source where they differ. */
  readonly luaRows?: readonly Row[];
}

const integer = (value: number): Expected => value;

export const CASES: readonly Case[] = [
  {
    name: "numbers, texts, booleans and nothing are replied as such",
    ts: `export function whole() { return 42; }
export function negative() { return -7; }
export function half() { return 2.5; }
export function text() { return "Grüße"; }
export function yes() { return true; }
export function nothing() { return null; }
export function missing() {}`,
    rows: [
      ["FCALL whole 0", 42],
      ["FCALL negative 0", -7],
      ["FCALL half 0", double("2.5")],
      ["FCALL text 0", "Grüße"],
      ["FCALL yes 0", boolean(true)],
      ["FCALL nothing 0", null],
      ["FCALL missing 0", null],
    ],
    lua: `redis.register_function('whole', function() return 42 end)
redis.register_function('negative', function() return -7 end)
redis.register_function('text', function() return 'Grüße' end)
redis.register_function('nothing', function() return nil end)`,
    luaRows: [
      ["FCALL whole 0", 42],
      ["FCALL negative 0", -7],
      ["FCALL text 0", "Grüße"],
      ["FCALL nothing 0", null],
    ],
  },
  {
    name: "lists are replied in order, nested ones too",
    ts: `export function list() { return ["a", 1, [2, "b"], []]; }`,
    lua: `redis.register_function('list', function() return {'a', 1, {2, 'b'}, {}} end)`,
    rows: [["FCALL list 0", ["a", 1, [2, "b"], []]]],
  },
  {
    name: "objects, maps, sets and bytes are replied as such",
    ts: `export function object() { return { a: 1, b: { c: "d" } }; }
export function maps() { return new Map<string, number>([["x", 1]]); }
export function sets() { return new Set([1, "two"]); }
export function bytes() { return new Uint8Array([0, 255, 13, 10]); }
export function big() { return 2n ** 62n; }`,
    rows: [
      ["FCALL object 0", map("a", integer(1), "b", map("c", "d"))],
      ["FCALL maps 0", map("x", integer(1))],
      ["FCALL sets 0", set(1, "two")],
      ["FCALL bytes 0", Buffer.from([0, 255, 13, 10])],
      ["FCALL big 0", 4611686018427387904n],
    ],
  },
  {
    name: "arguments are converted by the schema, or refused with a text",
    ts: `export function typed(key: string, n: number, yes: boolean, choice: "a" | "b", data: { x: number }, more?: bigint) {
  return [key, n * 2, yes, choice, data.x, more === undefined ? "none" : String(more)];
}
export function rest(key: string, ...more: number[]) { return more.reduce((a, b) => a + b, 0); }`,
    rows: [
      [
        ["FCALL", "typed", "1", "k", "1.5", "true", "b", '{"x":7}'],
        ["k", 3, boolean(true), "b", 7, "none"],
      ],
      [
        ["FCALL", "typed", "1", "k", "1", "0", "a", '{"x":7}', "123456789012345678901"],
        ["k", 2, boolean(false), "a", 7, "123456789012345678901"],
      ],
      [
        ["FCALL", "typed", "1", "k", "ten", "1", "a", "{}"],
        errorLike(/^ERR typed: parameter 'n' must be number, got "ten"$/),
      ],
      [["FCALL", "typed", "1", "k"], errorLike(/^ERR typed takes 5 to 6 arguments .*, got 1$/)],
      ["FCALL rest 1 k 1 2 3", 6],
      ["FCALL rest 1 k", 0],
    ],
  },
  {
    name: "commands give texts, numbers, lists and maps",
    ts: `export function data(key: string) {
  Zedis.set(key, "v"); Zedis.hset("h", "f", "1"); Zedis.rpush("l", "a", "b"); Zedis.zadd("z", 1.5, "m");
  return [Zedis.get(key), Zedis.get("no"), Zedis.get_int("no"), Zedis.get_int("no", 9), Zedis.incr("n"), Zedis.hget("h", "f"),
    Zedis.lrange("l", 0, -1).length, Zedis.exists(key), Zedis.del(key), Zedis.exists(key), JSON.stringify(Zedis.hgetall("h")),
    Zedis.call("STRLEN", "n"), Zedis.zscore("z", "m"), Zedis.bytes.hget("h", "f") instanceof Uint8Array];
}
export function json(key: string) { Zedis.set_json(key, { a: [1, null] }); return Zedis.get_json(key); }
export function zero(key: string) { Zedis.set(key, "a\\0b"); return [Zedis.get(key), Zedis.strlen(key)]; }`,
    rows: [
      ["FCALL data 1 k", ["v", null, 0, 9, 1, "1", 2, 1, 1, 0, '{"f":"1"}', 1, double("1.5"), boolean(true)]],
      ["FCALL json 1 j", map("a", [1, null])],
      ["FCALL zero 1 z0", ["a\0b", 3]],
    ],
    lua: `redis.register_function('data', function(keys)
  redis.call('SET', keys[1], 'v'); redis.call('HSET', 'h', 'f', '1'); redis.call('RPUSH', 'l', 'a', 'b')
  return {redis.call('GET', keys[1]), redis.call('INCR', 'n'), redis.call('HGET', 'h', 'f'), #redis.call('LRANGE', 'l', 0, -1)}
end)`,
    luaRows: [["FCALL data 1 k", ["v", 1, "1", 2]]],
  },
  {
    name: "bytes that are no text keep their value",
    ts: `export function copy(from: string, to: string) { Zedis.set(to, Zedis.get_bytes(from)!); return Zedis.get_bytes(to); }`,
    lua: `redis.register_function('copy', function(keys) redis.call('SET', keys[2], redis.call('GET', keys[1])) return redis.call('GET', keys[2]) end)`,
    rows: [
      [["SET", "raw", Buffer.from([0, 200, 255, 128])], ok],
      ["FCALL copy 2 raw other", Buffer.from([0, 200, 255, 128])],
    ],
  },
  {
    name: "an error thrown is the reply, with file and line, and undoes what the call wrote",
    ts: `export function fails(key: string) {
  Zedis.set(key, "changed");
  Zedis.rpush("list", "x");
  throw new Error("out of luck");
}`,
    lua: `redis.register_function('fails', function(keys)
  redis.call('SET', keys[1], 'changed')
  redis.call('RPUSH', 'list', 'x')
  error('out of luck')
end)`,
    rows: [
      ["SET k before", ok],
      ["FCALL fails 1 k", errorLike(/^ERR out of luck \(fails at LIBRARY\.ts:5:\d+\)$/)],
      ["GET k", "before"],
      ["EXISTS list", 0],
    ],
    luaRows: [
      ["SET k before", ok],
      ["FCALL fails 1 k", errorLike(/out of luck/)],
      ["GET k", "before"],
      ["EXISTS list", 0],
    ],
  },
  {
    name: "errors of commands are objects that can be caught, and keep their code",
    ts: `export function caught(key: string) {
  Zedis.set(key, "text");
  try { Zedis.incr(key); } catch (error) { const e = error as Error & { code: string }; return [e.name, e.code, e.message]; }
}
export function uncaught(key: string) { Zedis.hset(key, "f", 1); return Zedis.get(key); }`,
    rows: [
      ["FCALL caught 1 k", ["ReplyError", "ERR", "ERR value is not an integer or out of range"]],
      ["GET k", "text"],
      ["DEL k", 1],
      ["FCALL uncaught 1 k", errorLike(/^WRONGTYPE Operation against a key .* \(uncaught at LIBRARY\.ts:6:\d+\)$/)],
      ["EXISTS k", 0],
    ],
    lua: `redis.register_function('caught', function(keys)
  redis.call('SET', keys[1], 'text')
  local reply = redis.pcall('INCR', keys[1])
  return reply.err
end)`,
    luaRows: [
      ["FCALL caught 1 k", "ERR value is not an integer or out of range"],
      ["GET k", "text"],
    ],
  },
  {
    name: "commands that scripts must not call are refused",
    ts: `export function multi() { return Zedis.call("MULTI"); }
export function unknown() { return Zedis.call("NOSUCH"); }`,
    lua: `redis.register_function('multi', function() return redis.call('MULTI') end)
redis.register_function('unknown', function() return redis.call('NOSUCH') end)`,
    rows: [
      ["FCALL multi 0", errorLike(/^ERR This Redis command is not allowed from script/)],
      ["FCALL unknown 0", errorLike(/^ERR Unknown Redis command called from script/)],
    ],
  },
  {
    name: "streams are read without waiting, also with BLOCK",
    ts: `export function fill(key: string) {
  Zedis.xadd(key, "1-0", "f", "v");
  Zedis.xgroup_create(key, "g", "0");
}
export function after(key: string, id: string) {
  const read = Zedis.xread("COUNT", 5, "STREAMS", key, id);
  return read === null ? null : (read[key] ?? []).map(([at]) => at);
}
export function deliver(key: string) {
  const read = Zedis.xreadgroup("GROUP", "g", "c", "STREAMS", key, ">");
  return read === null ? null : (read[key] ?? []).map(([at, pairs]) => [at, pairs]);
}
export function wait(key: string) { return Zedis.xread("BLOCK", 0, "STREAMS", key, "$"); }
export function waitgroup(key: string) { return Zedis.xreadgroup("GROUP", "g", "c", "BLOCK", 0, "STREAMS", key, ">"); }
export function waitold(key: string) {
  const read = Zedis.xread("BLOCK", 0, "STREAMS", key, "0");
  return read === null ? null : (read[key] ?? []).map(([at]) => at);
}`,
    lua: `redis.register_function('fill', function(keys)
  redis.call('XADD', keys[1], '1-0', 'f', 'v')
  redis.call('XGROUP', 'CREATE', keys[1], 'g', '0')
end)
redis.register_function('after', function(keys, args)
  local read = redis.call('XREAD', 'COUNT', 5, 'STREAMS', keys[1], args[1])
  return read and {read[1][2][1][1]} or nil
end)
redis.register_function('deliver', function(keys)
  local read = redis.call('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', keys[1], '>')
  return read and {{read[1][2][1][1], read[1][2][1][2]}} or nil
end)
redis.register_function('wait', function(keys) return redis.call('xread', 'BLOCK', 0, 'STREAMS', keys[1], '$') end)
redis.register_function('waitgroup', function(keys)
  return redis.call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', keys[1], '>')
end)
redis.register_function('waitold', function(keys)
  return {redis.call('xread', 'BLOCK', 0, 'STREAMS', keys[1], '0')[1][2][1][1]}
end)`,
    rows: [
      ["FCALL fill 1 s", null],
      ["FCALL after 1 s 0", ["1-0"]],
      ["FCALL after 1 s 1-0", null],
      ["FCALL deliver 1 s", [["1-0", ["f", "v"]]]],
      ["FCALL deliver 1 s", null],
      ["XPENDING s g", [1, "1-0", "1-0", [["c", "1"]]]],
      ["FCALL wait 1 s", null],
      ["FCALL waitgroup 1 s", null],
      ["FCALL waitold 1 s", ["1-0"]],
    ],
  },
  {
    name: "an endless loop is stopped at the time limit and rolled back",
    ts: `export function spin(key: string) { Zedis.set(key, 1); for (;;); }`,
    rows: [
      [
        "FCALL spin 1 k",
        errorLike(/^ERR function 'spin' ran longer than procedure-time-limit \(\d+ ms\) and was rolled back$/),
      ],
      ["EXISTS k", 0],
    ],
  },
  {
    name: "regular expressions, allocation, recursion and promises are stopped too",
    // An engine may give up on one match by itself and say that there is none.
    ts: `export function regex() { for (;;) if (/^(a+)+$/.test("a".repeat(400) + "b")) return 1; }
export function recursion(): number { return 1 + recursion(); }
export async function promises() { for (;;) await 0; }
export function finals() { for (;;) { try { for (;;); } finally { continue; } } }
export function fine() { return 1; }`,
    rows: [
      ["FCALL regex 0", errorLike(/ran longer than procedure-time-limit/)],
      ["FCALL recursion 0", errorLike(/^ERR RangeError: Maximum call stack size exceeded/)],
      ["FCALL promises 0", errorLike(/ran longer than procedure-time-limit/)],
      ["FCALL finals 0", errorLike(/ran longer than procedure-time-limit/)],
      ["FCALL fine 0", 1],
    ],
  },
  {
    name: "one operation that never ends is stopped",
    ts: `export function join() { return Array(1e9).join("").length; }
export function scan() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }
export function fine() { return 1; }`,
    rows: [
      ["FCALL join 0", errorLike(/ran longer than procedure-time-limit/)],
      ["FCALL scan 0", errorLike(/ran longer than procedure-time-limit/)],
      ["FCALL fine 0", 1],
    ],
  },
  {
    name: "a library over its memory limit is stopped and rolled back",
    ts: `export function hog(key: string) { Zedis.set(key, 1); const all: unknown[] = []; for (;;) all.push(new Uint8Array(1 << 20)); }
export function fine() { return 1; }`,
    rows: [
      ["FCALL hog 1 k", errorLike(/^ERR function 'hog' needed more than procedure-quickjs-memory-limit \(\d+ bytes\)/)],
      ["EXISTS k", 0],
      ["FCALL fine 0", 1],
    ],
  },
  {
    name: "a result that is too large or too deep is an error",
    ts: `export function large() { return "x".repeat(100_000); }
export function deep() { let a: unknown = 1; for (let i = 0; i < 100; i++) a = [a]; return a; }
export function code() { return () => 1; }
export function never() { return new Promise(() => {}); }`,
    rows: [
      ["FCALL large 0", errorLike(/procedure-result-limit \(50000\)/)],
      ["FCALL deep 0", errorLike(/^ERR the result\[0\].* is nested deeper than 64 levels/)],
      ["FCALL code 0", errorLike(/^ERR the result is a function, which cannot be sent/)],
      ["FCALL never 0", errorLike(/^ERR the promise never settles/)],
    ],
  },
  {
    name: "a call that accesses too many keys is stopped and rolled back",
    ts: `export function touch() { for (let i = 0; ; i++) Zedis.set("k" + i, i); }`,
    rows: [
      ["FCALL touch 0", errorLike(/^ERR function 'touch' accessed keys more than 1000 times \(procedure-keys-limit\)/)],
      ["DBSIZE", 0],
    ],
  },
  {
    name: "flags are obeyed: a function without writes cannot write",
    ts: `/** @no-writes */
export function reads(key: string) { return Zedis.get(key); }
/** @no-writes */
export function cheats(key: string) { Zedis.set(key, 1); return 1; }
export function writes(key: string) { Zedis.set(key, 1); return 1; }`,
    lua: `redis.register_function{function_name='reads', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}
redis.register_function{function_name='cheats', callback=function(keys) return redis.call('SET', keys[1], 1) end, flags={'no-writes'}}
redis.register_function('writes', function(keys) redis.call('SET', keys[1], 1) return 1 end)`,
    rows: [
      ["FCALL_RO reads 1 k", null],
      ["FCALL cheats 1 k", errorLike(/Write commands are not allowed from read-only scripts/)],
      ["FCALL_RO writes 1 k", errorLike(/Can not execute a script with write flag using \*_ro command/)],
      ["EXISTS k", 0],
    ],
  },
  {
    name: "async functions await what their own call brings about",
    ts: `export async function later(key: string) { await null; Zedis.set(key, 5); await Promise.resolve(); return Zedis.get_int(key); }
export async function rejects(key: string) { Zedis.set(key, 5); await null; throw new TypeError("late"); }`,
    rows: [
      ["FCALL later 1 k", 5],
      ["FCALL rejects 1 other", errorLike(/^ERR TypeError: late \(rejects at LIBRARY\.ts:3:\d+\)$/)],
      ["EXISTS other", 0],
    ],
  },
  {
    name: "variables of a library live from call to call",
    ts: `let count = 0;
export function next() { return ++count; }`,
    rows: [
      ["FCALL next 0", byProtocol(1, 1)],
      ["FCALL next 0", 2],
    ],
  },
  {
    name: "a call that failed leaves nothing in the library's variables",
    ts: `let count = 0;
export function next() { return ++count; }
export function fail() { count = 100; Array.prototype.push = () => 0; throw new Error("no"); }
export function push() { const a: number[] = []; a.push(1); return a.length; }`,
    rows: [
      ["FCALL next 0", 1],
      ["FCALL fail 0", errorLike(/^ERR no/)],
      ["FCALL next 0", 1],
      ["FCALL push 0", 1],
    ],
  },
  {
    name: "isolation=call forgets after every call",
    header: "isolation=call",
    ts: `let count = 0;
export function next() { (globalThis as { left?: number }).left = 1; return ++count; }
export function left() { return "left" in globalThis; }`,
    rows: [
      ["FCALL next 0", 1],
      ["FCALL next 0", 1],
      ["FCALL left 0", boolean(false)],
    ],
  },
  {
    name: "the store is closed outside calls",
    ts: `let early = "";
try { Zedis.get("k"); } catch (error) { early = (error as Error).message; }
export function seen() { return early; }
export function getter() { return { get x() { return Zedis.get("k"); } }; }`,
    rows: [
      ["FCALL seen 0", "Zedis works only while a call of this library runs"],
      ["FCALL getter 0", errorLike(/^ERR Zedis works only while a call of this library runs/)],
    ],
  },
  {
    name: "text does not become code",
    ts: `export function evals() { return (0, eval)("1+1"); }
export function makes() { return new Function("return 1")(); }
export function reaches() { return (async () => 0).constructor("return 1")(); }`,
    rows: [
      ["FCALL evals 0", errorLike(/^ERR .*(?:strings disallowed|unsafe-eval|disabled)/i)],
      ["FCALL makes 0", errorLike(/^ERR .*(?:strings disallowed|unsafe-eval|disabled)/i)],
      ["FCALL reaches 0", errorLike(/^ERR .*(?:strings disallowed|unsafe-eval|disabled)/i)],
    ],
  },
];
