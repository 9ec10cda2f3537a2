/**
 * The published holes of Redis's Lua, each with scripts that made use of it or reach the same place. That no script takes the process
 * down, or leaves something for the next, is looked at after each of them.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { show } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import type { Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

let server: Server;
let wire: Wire;
beforeAll(async () => {
  server = await startServer({ kind: "zedis", options: { cores: "1" } });
  wire = await server.connect();
}, 60_000);
afterAll(() => server.stop());

interface Published {
  readonly cve: string;
  readonly hole: string;
  /** Script, and a part of what it replies. */
  readonly scripts: readonly (readonly [script: string, reply: string])[];
}

const readonly = "Attempt to modify a readonly table";
const missing = (name: string) => `nonexistent global variable '${name}'`;

const published: readonly Published[] = [
  {
    cve: "CVE-2015-4335",
    hole: "bytecode through loadstring reads and writes the process's memory",
    scripts: [
      ["return loadstring(string.dump(function() return 1 end))", "nil"],
      ["return (loadstring('\\27Lua\\81\\0\\1\\4\\8\\4\\8\\0'))", "nil"],
      [
        "local n = 0 return (load(function() n = n + 1 return n == 1 and '\\27Lua\\81\\0\\1\\4\\8\\4\\8\\0' or nil end))",
        "nil",
      ],
    ],
  },
  {
    cve: "CVE-2018-11218",
    hole: "cmsgpack writes over its stack for nested or many values",
    scripts: [
      ["return #cmsgpack.pack(unpack({}, 1, 7000))", "Too many arguments for MessagePack pack"],
      ["local t = {} for i = 1, 100 do t = {t} end return #cmsgpack.pack(t) < 200", ":1"],
      ["return cmsgpack.unpack(('\\145'):rep(100000))", "ERR "],
      ["return cmsgpack.unpack('\\221\\255\\255\\255\\255')", "ERR "],
      ["return cmsgpack.unpack('\\223\\127\\255\\255\\255\\1')", "ERR "],
    ],
  },
  {
    cve: "CVE-2018-11219",
    hole: "struct's sizes overflow an int",
    scripts: [
      ["return struct.pack('>I2147483648', '10')", "ERR "],
      ["return struct.pack('!4294967297', '10')", "ERR "],
      ["return struct.unpack('c2147483647', 'abc')", "ERR "],
      ["return struct.unpack('>I4', 'abcdefgh', 4294967290)", "ERR "],
      ["return struct.unpack('s', 'abc', -5)", "ERR "],
    ],
  },
  {
    cve: "CVE-2020-14147",
    hole: "the fix of that one was undone: a size with more digits than an int has",
    scripts: [
      ["return struct.pack('>I99999999999999999999', 1)", "ERR "],
      ["return struct.unpack('c99999999999999999999', 'a')", "ERR "],
      ["return struct.size('I4c18446744073709551615')", "ERR "],
    ],
  },
  {
    cve: "CVE-2021-32626",
    hole: "values that lie deep in each other grow Lua's stack without a check",
    scripts: [
      ["return cjson.decode(('['):rep(100000) .. (']'):rep(100000))", "ERR "],
      ["return cmsgpack.unpack(('\\145'):rep(50000) .. '\\1')", "ERR "],
      ["local t = {} for i = 1, 100000 do t = {t} end return t", "reached lua stack limit"],
      [
        "redis.setresp(3) local t = {} for i = 1, 100000 do t = {map = {a = t}} end return t",
        "reached lua stack limit",
      ],
    ],
  },
  {
    cve: "CVE-2021-32672",
    hole: "the debugger reads beyond a request's end: there is none here",
    scripts: [
      ["redis.breakpoint() redis.debug('x') return 1", ":1"],
      ["return redis.call('SCRIPT', 'DEBUG', 'YES')", "not allowed from script"],
    ],
  },
  {
    cve: "CVE-2022-0543",
    hole: "package.loadlib brings in any C function (Debian's and Ubuntu's packages)",
    scripts: [
      ["return package", missing("package")],
      ["return package.loadlib('/usr/lib/x86_64-linux-gnu/liblua5.1.so.0', 'luaopen_io')", missing("package")],
      ["return require('io')", missing("require")],
      ["return module", missing("module")],
    ],
  },
  {
    cve: "CVE-2022-24735",
    hole: "a script replaces what the scripts of other users call",
    scripts: [
      ["redis.call = function() return 'mine' end", readonly],
      ["string.format = nil", readonly],
      ["getmetatable('').__index = function() return 'mine' end", readonly],
      ["getfenv(0).redis = {}", readonly],
      ["rawset(cjson, 'encode', 1)", readonly],
      ["setmetatable(redis, {__index = {}})", readonly],
    ],
  },
  {
    cve: "CVE-2022-24736",
    hole: "a damaged script is read through a null pointer (fuzz/lua_scripts.rs goes on where these end)",
    scripts: [
      ["return loadstring('return ' .. ('('):rep(500))", "nil"],
      ["return loadstring('goto goto goto')", "nil"],
      ["local f = loadstring('local a <const> = 1') return f == nil", ":1"],
      ["return loadstring(('local a\\n'):rep(300))", "nil"],
      ["return loadstring('return ' .. ('a.'):rep(300) .. 'a') ~= nil", ":1"],
    ],
  },
  {
    cve: "CVE-2022-24834",
    hole: "lengths of what cjson and cmsgpack write overflow an int",
    scripts: [
      ["return #cmsgpack.pack(('x'):rep(2^20))", `:${2 ** 20 + 5}`],
      ["return #cjson.encode(('\\1'):rep(2^20))", `:${6 * 2 ** 20 + 2}`],
    ],
  },
  {
    cve: "CVE-2024-31449",
    hole: "bit.tohex of the least number writes over the stack",
    scripts: [
      ["return bit.tohex(65535, -2147483648)", '"0000FFFF"'],
      ["return bit.tohex(-1, 2147483647)", '"ffffffff"'],
      ["return bit.tohex(1, -1e300)", '"'],
      ["return bit.lshift(1, -2147483648) + bit.rol(1, 2^31)", ":2"],
    ],
  },
  {
    cve: "CVE-2024-46981",
    hole: "the collector frees what is still in use when the interpreter goes: none goes while a script runs, nor with SCRIPT FLUSH",
    scripts: [
      ["collectgarbage('stop') local t = {} for i = 1, 1e5 do t[i] = {tostring(i)} end return #t", ":100000"],
      ["collectgarbage('setpause', 0) collectgarbage('setstepmul', 1e9) return collectgarbage('step', 1e9)", ":"],
      ["return newproxy", missing("newproxy")],
      ["return pcall(setmetatable, {}, {__gc = function() return redis.call('PING') end})", ":1"],
      ["collectgarbage() return redis.call('SCRIPT', 'FLUSH')", "not allowed from script"],
    ],
  },
  {
    cve: "CVE-2025-49844",
    hole: "the collector runs inside the compiler, through the function that load reads from, and frees the chunk's name",
    scripts: [
      [
        "local n = 0 local f, e = load(function() n = n + 1 if n > 5 then return nil end collectgarbage() collectgarbage() " +
          "for i = 1, 100 do local s = ('other name'):rep(20) .. i end return 'x = = 1 ' end, '@' .. ('chunk'):rep(5) .. ARGV[1]) return e",
        "chunkchunkchunkchunkchunk7:1: unexpected symbol",
      ],
      ["local f, e = load(function() error('from within') end) return e", "from within"],
    ],
  },
  {
    cve: "CVE-2025-46817",
    hole: "the number of values that unpack gives overflows an int",
    scripts: [
      ["return unpack({}, -2147483648, 2147483647)", "too many results to unpack"],
      ["return unpack({}, 0, 2147483647)", "too many results to unpack"],
      ["return unpack({}, 2147483647, -2147483648)", "too many results to unpack"],
      ["return {pcall(unpack, {1, 2, 3}, -2, 2147483647)}", "[nil"],
      ["local t = {[2147483647] = 1} return #t >= 0 and table.getn(t) >= 0", ":1"],
    ],
  },
  {
    cve: "CVE-2025-46818",
    hole: "the metatables of strings, numbers and nil are shared, and a script adds to them what others run",
    scripts: [
      ["getmetatable('').__index.upper = function() return 'mine' end", readonly],
      ["getmetatable('').__add = function() return 'mine' end", readonly],
      ["rawset(getmetatable(''), '__index', {})", readonly],
      [
        "return tostring(getmetatable(1)) .. tostring(getmetatable(nil)) .. tostring(getmetatable(print == nil))",
        "print",
      ],
      ["return pcall(setmetatable, '', {})", "nil"],
      ["return debug", missing("debug")],
    ],
  },
  {
    cve: "CVE-2025-46819",
    hole: "long brackets of many signs are read beyond the text's end",
    scripts: [
      ["return loadstring('return [' .. ('='):rep(2^22) .. '[')", "nil"],
      ["return #loadstring('return [' .. ('='):rep(2^20) .. '[text]' .. ('='):rep(2^20) .. ']')()", ":4"],
      ["return loadstring('--[' .. ('='):rep(2^22))()", "nil"],
      ["return loadstring('return [==[ text ]=]')", "nil"],
    ],
  },
];

for (const { cve, hole, scripts } of published) {
  describe(`${cve}: ${hole}`, () => {
    for (const [script, expected] of scripts) {
      test(`${script.slice(0, 100)} is of no use`, async () => {
        expect(show(await wire.call(["EVAL", script, "0", "7"]))).toContain(expected);
        const sound =
          "return {redis.call('ECHO', 'there'), ('up'):upper(), string.format('%d', 7), #KEYS, cjson.encode({1})}";
        expect(show(await wire.call(["EVAL", sound, "0"]))).toBe('["there", "UP", "7", :0, "[1]"]');
      });
    }
  });
}

test("SCRIPT FLUSH after scripts that stopped the collector takes nothing from those that follow", async () => {
  for (let round = 0; round < 20; round++) {
    await wire.call([
      "EVAL",
      "collectgarbage('stop') local t = {} for i = 1, 1e4 do t[i] = cjson.new() end return 1",
      "0",
    ]);
    expect(show(await wire.call(round % 2 === 0 ? "SCRIPT FLUSH SYNC" : "SCRIPT FLUSH ASYNC"))).toBe("+OK");
    expect(show(await wire.call(["EVAL", "collectgarbage() return cjson.encode({ARGV[1]})", "0", "x"]))).toBe(
      '"[\\"x\\"]"',
    );
  }
});

test("each of them is in the list of the sandbox's README", () => {
  const readme = readFileSync(join(import.meta.dir, "README.md"), "utf8");
  expect(published.map(({ cve }) => cve).filter((cve) => !readme.includes(cve))).toEqual([]);
});
