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
  ["math.random = nil", readonly],
  ["os.clock = nil", readonly],
  ["for key in pairs(_G) do _G[key] = nil end", readonly],
  ["for key, value in pairs(_G) do if type(value) == 'table' then rawset(value, 'leak', 1) end end", readonly],
  [
    "local shown = getmetatable(_G) or {} for key, value in pairs(shown) do shown[key] = value end return 'tried'",
    readonly,
  ],
  ["return rawget(getmetatable('').__index, 'upper') == string.upper", ":1"],
  ["table.foreach(_G, function(key) _G[key] = 1 end) return 'nothing to see'", "nothing to see"],
  ["return {unpack(redis)}", "[]"],
  ["return #table.concat(cjson)", ":0"],
  ["return getmetatable(coroutine.create(print)) == nil", missing("print")],
  ["return getmetatable(cjson.null) == nil", ":1"],
  ["return getmetatable(redis.call) == nil", ":1"],
  ["getfenv(2).leak = 1 return 'own'", "ERR "],
  ["getfenv(coroutine.create).leak = 1", readonly],
  [
    "return coroutine.wrap(function() return coroutine.wrap(redis.call)('ECHO', 'deep') end)()",
    "Lua function expected",
  ],
  [
    "local co = coroutine.create(function() redis.call(setmetatable({}, {__tostring = coroutine.yield})) end) return {coroutine.resume(co)}",
    "arguments must be strings",
  ],
  [
    "local t = setmetatable({}, {__index = coroutine.yield}) return coroutine.wrap(function() return t.x end)()",
    "yield across",
  ],
  ["return (string.gsub('abc', '.', coroutine.yield))", "yield"],
  ["table.sort({3, 2, 1, 5, 4}, function() return true end) return 'sorted'", ""],
  [
    "local t = {} for i = 1, 300 do t[i] = i end table.sort(t, function() t = {} collectgarbage() return true end) return 'sorted'",
    "",
  ],
  ["return string.format('%99999d', 1)", "invalid format"],
  ["return string.format(('%s'):rep(300000))", "bad argument"],
  ["return #string.format('%s%s%s', ('x'):rep(1e6), ('y'):rep(1e6), '')", ":2000000"],
  ["local s = ('a'):rep(1e6) for i = 1, 40 do s = s .. s end", "script-memory-limit"],
  ["local s = ('a'):rep(1e6) return #s:gsub('.', ('%0'):rep(5000))", ""],
  ["return tostring(setmetatable({}, {__tostring = function() return {} end}))", "[]"],
  ["error(setmetatable({}, {__tostring = function() error('again') end}))", "ERR "],
  ["return select(2, xpcall(function() error('x') end, function() error('y') end)) ~= nil", ":1"],
  ["local function handler() return xpcall(error, handler) end return select(2, xpcall(error, handler)) ~= nil", ""],
  ["return cmsgpack.unpack(('\\145'):rep(100000))", "ERR "],
  ["return cjson.decode(('['):rep(100000))", "too many nested"],
  ["return struct.size(('i32'):rep(100000))", ":3200000"],
  ["return struct.unpack('c4294967295', 'x')", "ERR "],
  ["return bit.tohex(1, -2147483648)", "00000001"],
  ["return load(function() error('in reader') end) == nil", ":1"],
  ["return loadstring('return 1', ('='):rep(1e6)) ~= nil", ":1"],
  [
    "local t = {} for i = 1, 250 do t[i] = 'a' .. i end return loadstring('local ' .. table.concat(t, ',') .. ' = 1')",
    "nil",
  ],
  ["collectgarbage('step', -1) collectgarbage('step', 2^40) return collectgarbage('count') > 0", ":1"],
  ["redis.setresp(3) redis.call = nil", readonly],
  ["return redis.call(('x'):rep(1e7))", "Unknown Redis command"],
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
