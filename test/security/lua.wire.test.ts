/**
 * Attempts of scripts in Lua to get out of their sandbox, to leave something for the next script, or to take the process down: the ways of
 * the published holes (bytecode, `load`, metatables, unpack, patterns, coroutines), each followed by a look whether all is as before.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { show } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import type { Wire } from "../harness/wire.ts";

let server: Server;
let wire: Wire;
beforeAll(async () => {
  server = await startServer({ kind: "zedis", options: { cores: "1" } });
  wire = await server.connect();
}, 60_000);
afterAll(() => server.stop());

const missing = (name: string) => `nonexistent global variable '${name}'`;
const readonly = "Attempt to modify a readonly table";

/** Script, and a part of what it replies. */
const attempts: readonly (readonly [script: string, reply: string])[] = [
  ...["io", "package", "debug", "require", "dofile", "loadfile", "module", "print", "newproxy"].map(
    (name) => [`return ${name}`, missing(name)] as const,
  ),
  ["return os.execute or os.getenv or os.exit or 'nothing'", "nothing"],
  ["return loadstring(string.dump(function() return 1 end))", "nil"],
  ["local done return load(function() if not done then done = true return string.dump(function() end) end end)", "nil"],
  ["local n = 0 return load(function() n = n + 1 collectgarbage() return n < 9 and 'x = 1 ' or nil end) ~= nil", ":1"],
  ["_G.leak = 1", readonly],
  ["rawset(_G, 'leak', 1)", readonly],
  ["setmetatable(_G, {})", readonly],
  ["getmetatable(_G).__index = function() return 1 end", readonly],
  ["getmetatable('').__index = {}", readonly],
  ["getmetatable('').__index.upper = nil", readonly],
  ["string.upper = nil", readonly],
  ["rawset(string, 'upper', 1)", readonly],
  ["table.insert(redis, 1)", readonly],
  ["table.sort(cjson)", readonly],
  ["for key in pairs(redis) do redis[key] = 1 end", readonly],
  ["KEYS = {}", readonly],
  ["getfenv(0).leak = 1", readonly],
  ["getfenv(redis.call).leak = 1", readonly],
  ["setfenv(redis.call, {})", "cannot change environment"],
  ["setfenv(0, {redis = {call = function() return 'mine' end}}) return 1", ":1"],
  ["setfenv(1, {}) return 1", ":1"],
  ["collectgarbage('stop') return collectgarbage('count') > 0", ":1"],
  ["return unpack({}, 2147483646, 2147483647)", "too many results to unpack"],
  ["return unpack({}, -2147483648, 2147483647)", "too many results to unpack"],
  ["return string.find(('a'):rep(300000), ('a?'):rep(300000))", "pattern too complex"],
  ["return ('x'):rep(2000000000)", "not enough memory"],
  ["local function f() return 1 + f() end return f()", "stack overflow"],
  ["local function f() return (string.gsub('a', 'a', f)) end return f()", "stack overflow"],
  ["local function f() coroutine.wrap(f)() end f()", "stack overflow"],
  ["return loadstring(('('):rep(100000) .. '1' .. (')'):rep(100000))", "nil"],
  ["local t = {} t[1] = t return t", "reached lua stack limit"],
  ["local t = {} t.map = {[t] = t} return t", "reached lua stack limit"],
  ["error(setmetatable({}, {__index = function() error('in') end}))", "ERR "],
  ["return {err = 5}", "[]"],
  ["return {verbatim_string = {format = 'x\\r\\n', string = 's'}}", "s"],
  ["return {ok = 'a\\r\\n+b'}", "+a  +b"],
  ["return redis.call('EVAL', 'return 1', '0')", "not allowed from script"],
  ["return redis.call('MULTI')", "not allowed from script"],
];

for (const [script, expected] of attempts) {
  test(`${script.slice(0, 90)} is of no use`, async () => {
    expect(show(await wire.call(["EVAL", script, "0"]))).toContain(expected);
    const after = "return {leak == nil, 1}";
    expect(show(await wire.call(["EVAL", after, "0"]))).toContain(missing("leak"));
    const sound = "return {redis.call('ECHO', 'there'), ('up'):upper(), type(string.format), #KEYS}";
    expect(show(await wire.call(["EVAL", sound, "0"]))).toBe('["there", "UP", "function", :0]');
  });
}
