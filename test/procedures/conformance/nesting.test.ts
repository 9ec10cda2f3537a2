/** Functions that call functions, in every pair of engines that can: one transaction, one set of limits. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { anything, boolean, double, errorLike, like, map, ok } from "../../harness/expected.ts";
import { show } from "../../harness/resp.ts";
import { startServer } from "../../harness/server.ts";
import { type Row, suite } from "../../harness/suite.ts";
import { until } from "../../harness/wait.ts";
import { ENGINES } from "./engines.ts";

setDefaultTimeout(60_000);

const server = suite({
  kind: "zedis",
  options: { "procedure-time-limit": "1500", "procedure-keys-limit": "1000", "procedure-quickjs-memory-limit": "8mb" },
});

const OUTER = `
export function values(key: string) {
  const inner = Zedis.fcall("inner", [key], ["a", 2]) as unknown[];
  return [inner, Zedis.get(key), Zedis.fcall("nothing"), Zedis.fcall("record"), Zedis.call("FCALL", "inner", 1, key, "b", "3")];
}
export function bytes() { return [...(Zedis.bytes.fcall("raw") as Uint8Array)].join(); }
export function keeps(key: string) {
  Zedis.set(key, "outer");
  Zedis.rpush("list", "outer");
  let text = "";
  try { Zedis.fcall("spoils", [key]); } catch (error) { text = (error as Error).message; }
  return [text, Zedis.get(key), Zedis.llen("list"), Zedis.exists("other")];
}
export function loses(key: string) { Zedis.set(key, "outer"); Zedis.fcall("spoils", [key]); }
/** @no-writes */
export function reads(key: string) { return Zedis.fcall("inner", [key], ["a", 1]); }
export function readOnly(key: string) { return Zedis.call("FCALL_RO", "inner", 1, key, "a", 1); }
export function deep(n: number): number { return n === 0 ? 0 : 1 + (Zedis.fcall("deeper", [], [n - 1]) as number); }
export function missing() { return Zedis.fcall("nosuch"); }
export function spin(key: string) { Zedis.set(key, 1); try { Zedis.fcall("forever"); } catch {} return 1; }
export function many(key: string) { Zedis.set(key, 1); for (let i = 0; ; i++) Zedis.fcall("inner", ["k" + i], ["a", 1]); }
export function wrong() { return Zedis.fcall("inner", ["k"], ["a"]); }
export async function later(key: string) { await null; const got = await Zedis.fcall("awaits", [key]); await null; return [got, Zedis.get(key)]; }
export function large() { return (Zedis.fcall("echo", [], ["x".repeat(700000)]) as string).length; }
`;
const INNER = `
export function inner(key: string, text: string, n: number) { Zedis.set(key, text + n); return [key, text, n, n / 4, n > 2]; }
export function nothing() {}
export function record() { return { a: 1, b: ["c"] }; }
export function raw() { return new Uint8Array([0, 200, 255]); }
export function spoils(key: string) { Zedis.set(key, "inner"); Zedis.rpush("list", "inner"); Zedis.set("other", 1); throw new Error("spoilt"); }
export function deeper(n: number): number { return n === 0 ? 1 : 1 + (Zedis.fcall("deep", [], [n - 1]) as number); }
export function forever() { for (;;); }
export async function awaits(key: string) { await null; Zedis.set(key, "awaited"); await null; return "done"; }
export function echo(text: string) { return text; }
`;
const engines = ENGINES.filter(({ language }) => language === "ts");

for (const outer of engines) {
  for (const inner of engines) {
    const load: readonly Row[] = [
      ["FUNCTION FLUSH", ok],
      [["FUNCTION", "LOAD", `${outer.header("outside")}${OUTER}`], "outside"],
      [["FUNCTION", "LOAD", `${inner.header("within")}${INNER}`], "within"],
    ];
    describe(`${outer.name} calls ${inner.name}`, () => {
      server.rows("results come back as values", [
        ...load,
        [
          "FCALL values 1 k",
          [
            ["k", "a", 2, double("0.5"), boolean(false)],
            "a2",
            null,
            map("a", 1, "b", ["c"]),
            ["k", "b", 3, double("0.75"), boolean(true)],
          ],
        ],
        ["FCALL bytes 0", "0,200,255"],
        ["FCALL large 0", 700000],
        ["FCALL later 1 k", ["done", "awaited"]],
      ]);
      server.rows("what a nested call wrote is undone when it fails, and its caller's writes stay", [
        ...load,
        ["FCALL keeps 1 k", [like(/spoilt/), "outer", 1, 0]],
        ["GET k", "outer"],
        ["LRANGE list 0 -1", ["outer"]],
        ["DEL k list", 2],
        ["FCALL loses 1 k", errorLike(/^ERR .*spoilt \(spoils at within\.ts:6:\d+\) \(loses at outside\.ts:14:\d+\)/)],
        ["EXISTS k list other", 0],
      ]);
      server.rows("flags, depth and arguments are checked", [
        ...load,
        ["FCALL reads 1 k", errorLike(/Write commands are not allowed from read-only scripts/)],
        ["FCALL readOnly 1 k", errorLike(/Can not execute a script with write flag/)],
        ["FCALL deep 0 15", 16],
        ["FCALL deep 0 16", errorLike(/calls are nested 16 deep, 'deep' would be one more/)],
        ["FCALL missing 0", errorLike(/^ERR Function not found/)],
        ["FCALL wrong 0", errorLike(/^ERR inner takes 3 arguments .*, got 2/)],
        ["EXISTS k", 0],
      ]);
      server.rows("limits are those of the whole call", [
        ...load,
        ["FCALL spin 1 k", errorLike(/ran longer than procedure-time-limit/)],
        ["FCALL many 1 k", errorLike(/accessed keys more than 1000 times/)],
        ["EXISTS k k1", 0],
        ["FCALL values 1 k", anything],
      ]);
    });
  }
}

const lua = ENGINES.find(({ language }) => language === "lua");
if (lua === undefined) throw new Error("no row for Lua");
const LUA = `${lua.header("scripted")}
local function inner(keys, args)
  redis.setresp(3)
  redis.call('SET', keys[1], args[1])
  return {keys[1], args[1], 3.7, true, false, {map = {a = 1}}}
end
local function spoils(keys)
  redis.call('SET', keys[1], 'inner') redis.call('RPUSH', 'list', 'inner') redis.call('SET', 'other', 1)
  error('spoilt')
end
local function returns(keys) redis.call('SET', keys[1], 'kept') return redis.error_reply('MINE of my own') end
local function mixed() return {1, redis.error_reply('MINE inside')} end
local function nothing() end
local function forever(keys) redis.call('SET', keys[1], 'spoiled') while true do pcall(function() local x = 1 end) end end
local function deep(keys, args)
  local n = tonumber(args[1])
  if n == 0 then return 0 end
  return 1 + redis.call('FCALL', 'lua_deep', 0, n - 1)
end
local function calls(keys)
  redis.call('SET', keys[1], 'outer')
  local told = redis.call('FCALL', 'lua_inner', 1, 'other', 'a')
  return {redis.call('GET', keys[1]), told[1], told[2], told[3], redis.call('GET', 'other'), #keys}
end
local function catches(keys)
  redis.call('SET', keys[1], 'outer')
  local told = redis.pcall('FCALL', 'lua_spoils', 1, keys[1])
  local ok, raised = pcall(redis.call, 'FCALL', 'lua_spoils', 1, keys[1])
  return {told.err, ok, raised, redis.call('GET', keys[1]), redis.call('EXISTS', 'list', 'other')}
end
local function loses(keys) redis.call('SET', keys[1], 'outer') return redis.call('FCALL', 'lua_spoils', 1, keys[1]) end
local function reads(keys) return redis.call('FCALL', 'lua_inner', 1, keys[1], 'a') end
local function asks(keys) return redis.call('FCALL_RO', 'lua_inner', 1, keys[1], 'a') end
local function spins(keys) pcall(redis.call, 'FCALL', 'lua_forever', 1, keys[1]) return 1 end
redis.register_function('lua_inner', inner)
redis.register_function('lua_spoils', spoils)
redis.register_function('lua_returns', returns)
redis.register_function('lua_mixed', mixed)
redis.register_function('lua_nothing', nothing)
redis.register_function('lua_forever', forever)
redis.register_function('lua_deep', deep)
redis.register_function('lua_calls', calls)
redis.register_function('lua_catches', catches)
redis.register_function('lua_loses', loses)
redis.register_function{function_name = 'lua_reads', callback = reads, flags = {'no-writes'}}
redis.register_function('lua_asks', asks)
redis.register_function('lua_spins', spins)
`;
const TO_LUA = `
export function values(key: string) {
  return [Zedis.fcall("lua_inner", [key], ["a"]), Zedis.get(key), Zedis.fcall("lua_nothing"), Zedis.fcall("lua_calls", [key])];
}
export function keeps(key: string) {
  Zedis.set(key, "outer");
  let text = "";
  try { Zedis.fcall("lua_spoils", [key]); } catch (error) { text = (error as Error).message; }
  return [text, Zedis.get(key), Zedis.exists("list", "other")];
}
export function loses(key: string) { Zedis.set(key, "outer"); Zedis.fcall("lua_spoils", [key]); }
export function told(key: string) {
  let text = "";
  try { Zedis.fcall("lua_returns", [key]); } catch (error) { text = (error as Error).message; }
  return [text, Zedis.get(key)];
}
/** @no-writes */
export function reads(key: string) { return Zedis.fcall("lua_inner", [key], ["a"]); }
export function deep(n: string) { return Zedis.fcall("lua_deep", [], [n]); }
export function spin(key: string) { Zedis.set(key, 1); try { Zedis.fcall("lua_forever", [key]); } catch {} return 1; }
`;

for (const outer of engines) {
  const load: readonly Row[] = [
    ["FUNCTION FLUSH", ok],
    [["FUNCTION", "LOAD", LUA], "scripted"],
    [["FUNCTION", "LOAD", `${outer.header("outside")}${TO_LUA}`], "outside"],
  ];
  describe(`${outer.name} calls lua`, () => {
    server.rows("results come back as values", [
      ...load,
      [
        "FCALL values 1 k",
        [["k", "a", 3, boolean(true), boolean(false), map("a", 1)], "a", null, ["outer", "other", "a", 3, "a", 1]],
      ],
    ]);
    server.rows("what a nested call wrote is undone when it fails, and its caller's writes stay", [
      ...load,
      ["FCALL keeps 1 k", [like(/spoilt/), "outer", 0]],
      ["GET k", "outer"],
      ["FCALL told 1 k", [like(/^MINE of my own/), "kept"]],
      ["DEL k", 1],
      ["FCALL loses 1 k", errorLike(/spoilt/)],
      ["EXISTS k list other", 0],
    ]);
    server.rows("flags and depth are checked", [
      ...load,
      ["FCALL reads 1 k", errorLike(/Write commands are not allowed from read-only scripts/)],
      ["FCALL deep 1 14", 14],
      ["FCALL deep 1 15", errorLike(/calls are nested 16 deep, 'lua_deep' would be one more/)],
      ["EXISTS k", 0],
    ]);
    server.rows("limits are those of the whole call", [
      ...load,
      ["FCALL spin 1 k", errorLike(/ran longer than procedure-time-limit/)],
      ["EXISTS k", 0],
      ["FCALL values 1 k", anything],
    ]);
  });
}

describe("lua calls lua", () => {
  const load: readonly Row[] = [
    ["FUNCTION FLUSH", ok],
    [["FUNCTION", "LOAD", LUA], "scripted"],
  ];
  server.rows("results come back as values, and protocols are each function's own", [
    ...load,
    ["FCALL lua_calls 1 k", ["outer", "other", "a", 3, "a", 1]],
    [
      ["EVAL", "return redis.call('FCALL', 'lua_calls', 1, KEYS[1])", "1", "k"],
      ["outer", "other", "a", 3, "a", 1],
    ],
    [
      ["EVAL", "local t = redis.call('FCALL', 'lua_mixed', 0) return {t[1], t[2].err, KEYS[1]}", "1", "k"],
      [1, "MINE inside", "k"],
    ],
  ]);
  server.rows("what a nested call wrote is undone when it fails, and its caller's writes stay", [
    ...load,
    ["FCALL lua_catches 1 k", [like(/spoilt/), null, like(/spoilt/), "outer", 0]],
    ["GET k", "outer"],
    ["DEL k", 1],
    ["FCALL lua_loses 1 k", errorLike(/spoilt/)],
    ["EXISTS k list other", 0],
    [["EVAL", "return redis.pcall('FCALL', 'lua_returns', 1, KEYS[1])", "1", "k"], errorLike(/^MINE of my own/)],
    ["GET k", "kept"],
  ]);
  server.rows("flags, depth and arguments are checked", [
    ...load,
    ["FCALL lua_reads 1 k", errorLike(/Write commands are not allowed from read-only scripts/)],
    ["FCALL lua_asks 1 k", errorLike(/Can not execute a script with write flag/)],
    ["FCALL lua_deep 0 15", 15],
    ["FCALL lua_deep 0 16", errorLike(/calls are nested 16 deep, 'lua_deep' would be one more/)],
    [["EVAL", "return redis.call('FCALL', 'nosuch', 0)", "0"], errorLike(/^ERR Function not found/)],
    [["EVAL", "return redis.call('FCALL', 'lua_inner')", "0"], errorLike(/Wrong number of args calling/)],
    [["EVAL", "return redis.call('FCALL', 'lua_inner', 5, 'k')", "0"], errorLike(/greater than number of args/)],
    ["EXISTS k", 0],
  ]);
  server.rows("a dry run shows what nested calls would do", [
    ...load,
    [
      "FCALL_DRYRUN lua_calls 1 k",
      map(
        "result",
        ["outer", "other", "a", 3, "a", 1],
        "effects",
        [
          ["SET", "k", "outer"],
          ["SET", "other", "a"],
        ],
        "keys_read",
        ["k", "other"],
        "keys_written",
        ["k", "other"],
        "log",
        [],
        "time_us",
        anything,
      ),
    ],
    ["EXISTS k other", 0],
  ]);
});

test("FUNCTION KILL ends an endless function in Lua, whoever called it, and all is undone", async () => {
  // In the background: so its client's core is free for others.
  const server = await startServer({ options: { cores: "1", "procedure-time-limit": "600000" } });
  const [caller, other] = [await server.connect(), await server.connect()];
  await other.call(["FUNCTION", "LOAD", LUA]);
  const background = `
/** @background */
export function back(key: string) { Zedis.set(key, "outer"); try { Zedis.fcall("lua_forever", [key]); } catch {} return 1; }`;
  for (const { header } of engines) {
    expect(show(await other.call(["FUNCTION", "LOAD", "REPLACE", `${header("outside")}${background}`]))).toBe(
      '"outside"',
    );
    const call = caller.call("FCALL back 1 k");
    await until("it is killed", async () => show(await other.call("FUNCTION KILL")) === "+OK");
    expect(show(await call)).toMatch(/Script killed by user with FUNCTION KILL/);
    expect(show(await other.call("EXISTS k"))).toBe(":0");
  }
  await other.call("CONFIG SET busy-reply-threshold 20");
  caller.send([
    "EVAL",
    "redis.call('SET', KEYS[1], 1) pcall(redis.call, 'FCALL', 'lua_forever', 1, KEYS[1])",
    "1",
    "k",
  ]);
  await until("it is killed", async () => show(await other.call("SCRIPT KILL")) === "+OK");
  expect(show(await caller.reply())).toMatch(/Script killed by user with SCRIPT KILL/);
  expect(show(await other.call("EXISTS k"))).toBe(":0");
  await server.stop();
});
