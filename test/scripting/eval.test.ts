/** EVAL, EVALSHA, SCRIPT: values both ways, errors, the cache. Expectations hold for redis-server too. */
import { describe, expect, test } from "bun:test";
import {
  byProtocol,
  double,
  err,
  errorLike,
  map,
  ok,
  set,
  simple,
  unorderedSet,
  verbatim,
} from "../harness/expected.ts";
import { show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";

const scripts = suite();
const evaluate = (script: string, ...args: string[]) => ["EVAL", script, ...args];

describe("values", () => {
  scripts.rows("a script's value becomes a reply", [
    [evaluate("return 1", "0"), 1],
    [evaluate("return -3.99", "0"), -3],
    [evaluate("return 'text'", "0"), "text"],
    [evaluate("return nil", "0"), null],
    [evaluate("return false", "0"), null],
    [evaluate("return true", "0"), 1],
    [evaluate("return {1, 2, {3, 'x'}, false, 'y', nil, 5}", "0"), [1, 2, [3, "x"], null, "y"]],
    [evaluate("return {ok = 'FINE'}", "0"), simple("FINE")],
    [evaluate("return {err = 'MY problem'}", "0"), err("MY problem")],
    [evaluate("return redis.status_reply('TO DO')", "0"), simple("TO DO")],
    [evaluate("return redis.error_reply('MY way')", "0"), err("MY way")],
    [evaluate("return {double = 2.5}", "0"), double("2.5")],
    [
      evaluate("return {big_number = '12345'}", "0"),
      byProtocol("12345", { kind: "bignumber", text: "12345" } as never),
    ],
    [evaluate("return {verbatim_string = {format = 'txt', string = 'hi'}}", "0"), verbatim("txt", "hi")],
    [
      evaluate("return {verbatim_string = {format = '\\r\\n', string = 'hi'}}", "0"),
      byProtocol("hi", { kind: "verbatim", format: "\r\n ", bytes: Buffer.from("hi") } as never),
    ],
    [
      evaluate("return {big_number = '1\\0\\r\\n'}", "0"),
      byProtocol("1\0  ", { kind: "bignumber", text: "1\0  " } as never),
    ],
    [evaluate("return {err = 'MINE\\0 and more'}", "0"), err("MINE")],
    [evaluate("return redis.error_reply('MINE of\\0 mine')", "0"), err("MINE of")],
    [evaluate("return #redis.error_reply('MINE of\\0 mine').err", "0"), 7],
    [evaluate("return redis.call('ECHO', 0/0)", "0"), "-nan"],
    [evaluate("return redis.call('ECHO', -(0/0))", "0"), "nan"],
    [evaluate("return {map = {a = 1}}", "0"), map("a", 1)],
    [evaluate("return {set = {a = true, b = true}}", "0"), unorderedSet("a", "b")],
    [evaluate("redis.setresp(3) return true", "0"), byProtocol(1, { kind: "boolean", value: true } as never)],
    [evaluate("return {KEYS[1], KEYS[2], ARGV[1], #KEYS, #ARGV}", "2", "a", "b", "c"), ["a", "b", "c", 2, 1]],
  ]);

  scripts.rows("a command's reply becomes a value, by the protocol that the script has chosen", [
    [evaluate("return type(redis.call('GET', 'none'))", "0"), "boolean"],
    [evaluate("redis.setresp(3) return type(redis.call('GET', 'none'))", "0"), "nil"],
    [evaluate("return redis.call('SET', KEYS[1], 7).ok", "1", "k"), "OK"],
    [evaluate("return type(redis.call('INCR', KEYS[1]))", "1", "k"), "number"],
    [evaluate("redis.call('HSET', 'h', 'f', 'v') return redis.call('HGETALL', 'h')[2]", "0"), "v"],
    [evaluate("redis.setresp(3) return redis.call('HGETALL', 'h').map.f", "0"), "v"],
    [evaluate("redis.setresp(3) return redis.call('HGETALL', 'h')", "0"), map("f", "v")],
    [evaluate("redis.call('SADD', 's', 'm') redis.setresp(3) return redis.call('SMEMBERS', 's')", "0"), set("m")],
    [
      evaluate(
        "redis.call('ZADD', 'z', 1.5, 'm') redis.setresp(3) return redis.call('ZSCORE', 'z', 'm').double * 2",
        "0",
      ),
      3,
    ],
    [
      evaluate("return redis.pcall('LPUSH', 'k', 1).err", "0"),
      "WRONGTYPE Operation against a key holding the wrong kind of value",
    ],
    [evaluate("redis.call('SET', 'n', 1e9) return redis.call('GET', 'n')", "0"), "1000000000"],
  ]);

  const dump =
    "local n, all = 0, {} for k, v in pairs(KEYS) do n = n + 1 all[#all + 1] = tostring(k) .. '=' .. v end " +
    "for k, v in pairs(ARGV) do n = n + 1 all[#all + 1] = tostring(k) .. '=' .. v end " +
    "local reply = redis.call('SET', 'k', 1) for k, v in pairs(reply) do all[#all + 1] = tostring(k) .. '=' .. tostring(v) end " +
    "return {n, #KEYS, #ARGV, tostring(getmetatable(KEYS)), tostring(getmetatable(reply)), table.concat(all, ' ')}";
  const clean = [evaluate(dump, "1", "k", "b"), [2, 1, 1, "nil", "nil", "1=k 1=b ok=OK"]] as const;
  scripts.rows("KEYS, ARGV and replies are new in each script, whatever one before did to its own", [
    [...clean],
    [evaluate("KEYS.more = 1 ARGV[2] = 'x' KEYS[9] = 1 return #ARGV", "1", "k", "b"), 2],
    [...clean],
    [evaluate("setmetatable(KEYS, {__index = function() return 'found' end}) return KEYS[7]", "1", "k", "b"), "found"],
    [...clean],
    [evaluate("local r = redis.call('SET', 'k', 1) r.ok = 'CHANGED' return r", "1", "k", "b"), simple("CHANGED")],
    [...clean],
    [evaluate("local r = redis.call('SET', 'k', 1) r.more = 1 r[1] = 2 return r.ok", "0"), "OK"],
    [evaluate("local r = redis.call('SET', 'k', 1) setmetatable(r, {}) r.ok = nil return #r", "0"), 0],
    [...clean],
    [evaluate("KEYS[1] = nil ARGV[1] = nil error('over')", "1", "k", "b"), errorLike(/over/)],
    [...clean],
    [
      evaluate(
        "local all = {} for i = 1, 20 do all[i] = redis.call('SET', 'k', i) end all[3].ok = 'x' return {all[1].ok, all[3].ok, all[20].ok, all[1] == all[2]}",
        "0",
      ),
      ["OK", "x", "OK", null],
    ],
    [...clean],
    [evaluate("return {#KEYS, #ARGV, KEYS[1], ARGV[3]}", "0", "1", "2", "3"), [0, 3]],
    [evaluate("return {KEYS, ARGV}", "2", "1", "2", "3"), [["1", "2"], ["3"]]],
    [evaluate("return {#KEYS, #ARGV}", "0"), [0, 0]],
    [evaluate("return #ARGV", "0", ...Array.from({ length: 100 }, (_, index) => `${index}`)), 100],
    [...clean],
    // The room of Lua's tables shows in `#` of a list with holes.
    [evaluate("ARGV[2] = nil return #ARGV", "0", "a", "b", "c"), 1],
    [evaluate("local r = redis.call('MGET', 'k', 'k', 'k') r[2] = nil return #r", "0"), 1],
  ]);

  scripts.rows("tonumber takes what Lua's takes", [
    [
      evaluate("return {tonumber('12'), tonumber('-12'), tonumber('007'), tonumber(' 5 '), tonumber('+5')}", "0"),
      [12, -12, 7, 5, 5],
    ],
    [
      evaluate("return {tostring(tonumber('1e3')), tostring(tonumber('0x10')), tostring(tonumber('1.5'))}", "0"),
      ["1000", "16", "1.5"],
    ],
    [
      evaluate("return {tostring(tonumber('')), tostring(tonumber('-')), tostring(tonumber('1x'))}", "0"),
      ["nil", "nil", "nil"],
    ],
    [
      evaluate("return {tostring(tonumber({})), tostring(tonumber(nil)), tostring(tonumber(true)), tonumber(7)}", "0"),
      ["nil", "nil", "nil", 7],
    ],
    [evaluate("return {tonumber('ff', 16), tonumber('11', 2), tostring(tonumber('9', 8))}", "0"), [255, 3, "nil"]],
    [evaluate("return tostring(1 / tonumber('-0'))", "0"), "-inf"],
    [evaluate("return tostring(tonumber('9007199254740993'))", "0"), "9.007199254741e+15"],
    [evaluate("return tonumber()", "0"), errorLike(/bad argument #1 to 'tonumber' \(value expected\)/)],
  ]);

  scripts.both("SELECT in a script is the script's alone", async (wire) => {
    await wire.call(evaluate("redis.call('SELECT', 5) redis.call('SET', 'there', 1)", "0"));
    expect(await wire.call("GET there")).toEqual(await wire.call("GET not:there"));
    await wire.call("SELECT 5");
    expect(textOf(await wire.call("GET there"))).toBe("1");
  });
});

describe("errors", () => {
  const place = (script: string) =>
    ` script: ${new Bun.CryptoHasher("sha1").update(script).digest("hex")}, on @user_script:`;
  const fails = (script: string, text: string, line = 1) =>
    [evaluate(script, "0"), err(`${text}${place(script)}${line}.`)] as const;

  scripts.rows("an uncaught error names script and line", [
    fails("error('oh')", "ERR user_script:1: oh"),
    fails("\n\nerror({err = 'MINE here'})", "MINE here", 3),
    fails("return x", "ERR user_script:1: Script attempted to access nonexistent global variable 'x'"),
    fails("x = 1", "ERR user_script:1: Attempt to modify a readonly table"),
    fails("return redis.call('nosuch')", "ERR Unknown Redis command called from script"),
    fails("return redis.call('GET')", "ERR Wrong number of args calling Redis command from script"),
    fails("return redis.call('SUBSCRIBE', 'c')", "ERR This Redis command is not allowed from script"),
    fails("return redis.call()", "ERR Please specify at least one argument for this redis lib call"),
    fails("return redis.call({})", "ERR Lua redis lib command arguments must be strings or integers"),
    fails("redis.setresp(4)", "ERR RESP version must be 2 or 3."),
    [
      evaluate("return +", "0"),
      err("ERR Error compiling script (new function): user_script:1: unexpected symbol near '+'"),
    ],
    [evaluate("return 1", "1"), err("ERR Number of keys can't be greater than number of args")],
    [evaluate("return 1", "-1"), err("ERR Number of keys can't be negative")],
    [evaluate("return 1", "x"), err("ERR value is not an integer or out of range")],
  ]);

  scripts.rows("pcall gives the text, redis.pcall the object", [
    [
      evaluate("local ok, text = pcall(redis.call, 'nosuch') return text", "0"),
      "ERR Unknown Redis command called from script",
    ],
    [evaluate("return redis.pcall('nosuch')", "0"), err("ERR Unknown Redis command called from script")],
  ]);

  scripts.both("each error of a reply is counted once, by its own code", async (wire) => {
    for (const [script, ...counted] of [
      ["return {1, redis.error_reply('IN x'), {redis.error_reply('DEEP x'), map = 1}}", "DEEP=1", "IN=1"],
      ["return {redis.pcall('nosuch'), {err = 'OWN x'}}", "ERR=1", "OWN=1"],
      ["return {redis.pcall('nosuch')}", "ERR=1"],
      ["return redis.pcall('nosuch')", "ERR=1"],
      ["redis.call('nosuch')", "ERR=1"],
      ["redis.pcall('nosuch') return 1", "ERR=1"],
      ["return {err = 'NOSPACE'}", "ERR=1"],
      ["return {err = 'A:B#C x'}", "A_B_C=1"],
      ["error({err = 'MINE x'})", "MINE=1"],
      ["return 1"],
    ]) {
      await wire.call("CONFIG RESETSTAT");
      await wire.call(evaluate(script as string, "0"));
      const told = textOf(await wire.call("INFO errorstats")).matchAll(/^errorstat_(.*):count=(\d+)/gm);
      expect([script, ...[...told].map(([, code, count]) => `${code}=${count}`).sort()]).toEqual([script, ...counted]);
    }
  });

  scripts.rows("a read-only script does not write", [
    [
      ["EVAL_RO", "return redis.call('SET', 'a', 1)", "0"],
      errorLike(/^ERR Write commands are not allowed from read-only scripts\./),
    ],
    [
      evaluate("#!lua flags=no-writes\nreturn redis.call('SET', 'a', 1)", "0"),
      errorLike(/^ERR Write commands are not allowed/),
    ],
    [["EVAL_RO", "#!lua\nreturn 1", "0"], err("ERR Can not execute a script with write flag using *_ro command.")],
    [["EVAL_RO", "return redis.call('GET', 'a')", "0"], null],
    [evaluate("#!lua flags=bad\nreturn 1", "0"), err("ERR Unexpected flag in script shebang: bad")],
    [evaluate("#!lua name=x\nreturn 1", "0"), err("ERR Unknown lua shebang option: name=x")],
  ]);
});

describe("the cache", () => {
  const digest = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
  scripts.rows("a script is called by its digest once it is known", [
    ["SCRIPT FLUSH", ok],
    [["EVALSHA", digest, "0"], err("NOSCRIPT No matching script. Please use EVAL.")],
    [["EVALSHA", "short", "0"], err("NOSCRIPT No matching script. Please use EVAL.")],
    [["SCRIPT", "LOAD", "return 1"], digest],
    [["EVALSHA", digest, "0"], 1],
    [["EVALSHA", digest.toUpperCase(), "0"], 1],
    [
      ["SCRIPT", "EXISTS", digest, "0".repeat(40)],
      [1, 0],
    ],
    [evaluate("return 2", "0"), 2],
    [["EVALSHA", new Bun.CryptoHasher("sha1").update("return 2").digest("hex"), "0"], 2],
    ["SCRIPT FLUSH ASYNC", ok],
    [["EVALSHA", digest, "0"], err("NOSCRIPT No matching script. Please use EVAL.")],
    ["SCRIPT FLUSH NOW", err("ERR SCRIPT FLUSH only support SYNC|ASYNC option")],
    [["SCRIPT", "LOAD", "return +"], errorLike(/^ERR Error compiling script \(new function\): user_script:1: /)],
    ["SCRIPT KILL", err("NOTBUSY No scripts in execution right now.")],
  ]);
});

test("every script of a pipeline runs, with other commands between them", async () => {
  const wire = await scripts.server.connect();
  const replies = await wire.pipeline(
    Array.from({ length: 300 }, (_, index) =>
      index % 3 === 0
        ? ["SET", "p", `${index}`]
        : evaluate("return redis.call('GET', KEYS[1]) + ARGV[1]", "1", "p", "1"),
    ),
  );
  expect(replies.slice(-3).map(show)).toEqual(["+OK", ":298", ":298"]);
  await wire.close();
});
