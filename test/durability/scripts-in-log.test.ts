/**
 * Scripts and functions in a log in place of what they changed, as Redis before its version 7 wrote them: a log made by hand is loaded here and
 * by the redis-server of the machine, and both have the same keys and scripts.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeRequest, show } from "../harness/resp.ts";
import { type Server, StartFailure } from "../harness/server.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import type { Command } from "../harness/wire.ts";
import { digestOf, folder, removeFolders, start } from "./aof-files.ts";

afterAll(removeFolders);

const sha = (source: string) => createHash("sha1").update(source).digest("hex");

const ADD =
  "for i = 2, #KEYS do redis.call('INCRBY', KEYS[i], ARGV[1]) end return redis.call('RPUSH', KEYS[1], unpack(ARGV))";
const HALF = "redis.call('SET', KEYS[1], 'kept') redis.call('RPUSH', KEYS[1], 'x') redis.call('SET', KEYS[1], 'never')";
const CAUGHT =
  "local e = redis.pcall('LPUSH', KEYS[1], 'x') return redis.call('SET', KEYS[2], e.err and 'caught' or 'none')";
const OTHER = "redis.call('SELECT', '3') return redis.call('ZADD', KEYS[1], 1, 'a', 2, 'b')";
const JSON_TEXT =
  "return redis.call('HSET', KEYS[1], 'json', cjson.encode({ARGV[1], redis.call('GET', 'n')}), 'sha', redis.sha1hex('a'))";
const READ_ONLY = "#!lua flags=no-writes\nreturn redis.call('SET', 'refused', '1')";
const LIBRARY =
  "#!lua name=lib\nlocal function add(keys, args) return redis.call('SADD', keys[1], unpack(args)) end\n" +
  "redis.register_function('add', add)\n" +
  "redis.register_function{function_name='look', callback=function(keys) return redis.call('SET', 'looked', '1') end, flags={'no-writes'}}";

/** Everything that may stand in a log about scripts. */
const LOG: readonly Command[] = [
  ["SELECT", "0"],
  ["SET", "n", "5"],
  ["EVAL", ADD, "3", "list", "n", "m", "7"],
  ["EVALSHA", sha(ADD), "2", "list", "n", "2"],
  ["EVALSHA", sha(ADD).toUpperCase(), "2", "list", "n", "2"],
  ["SCRIPT", "LOAD", CAUGHT],
  ["EVALSHA", sha(CAUGHT), "2", "n", "c"],
  ["EVAL", HALF, "1", "half"],
  ["EVALSHA", sha("return 'never seen'"), "0"],
  ["EVAL", "return redis.call('NOSUCH')", "0"],
  ["EVAL", "syntax error here", "0"],
  ["EVAL", ADD, "9", "too few"],
  ["EVAL", OTHER, "1", "z"],
  ["SET", "still in 0", "1"],
  ["EVAL", READ_ONLY, "0"],
  ["EVAL_RO", "return redis.call('SET', 'refused', '1')", "0"],
  ["MULTI"],
  ["INCR", "n"],
  ["EVAL", JSON_TEXT, "1", "h", "x"],
  ["EXEC"],
  ["FUNCTION", "LOAD", LIBRARY],
  ["FCALL", "add", "1", "set", "a", "b"],
  ["FCALL", "look", "0"],
  ["FCALL", "unknown", "0"],
  ["FUNCTION", "LOAD", "REPLACE", LIBRARY.replace("unpack(args)", "'one'")],
  ["FCALL", "add", "1", "set", "c"],
  ["FUNCTION", "DELETE", "lib"],
  ["FCALL", "add", "1", "set", "gone"],
  ["FUNCTION", "LOAD", LIBRARY],
];

/** Those that reply an error, on which redis-server 7.0 crashes while it loads. */
const FAILING = [
  HALF,
  READ_ONLY,
  sha("return 'never seen'"),
  "return redis.call('NOSUCH')",
  "syntax error here",
  "too few",
  "EVAL_RO",
  "look",
  "unknown",
  "gone",
];
const SOUND = LOG.filter((command) => ![...command].some((word) => FAILING.includes(String(word))));

/** A folder with a log of these requests, as one from before Redis 7: a file alone. */
function logOf(commands: readonly Command[]): string {
  const dir = folder();
  writeFileSync(join(dir, "appendonly.aof"), Buffer.concat(commands.map((command) => encodeRequest([...command]))));
  return dir;
}

/** What a client sees of keys, scripts and functions. */
async function seen(server: Server): Promise<string[]> {
  const wire = await server.connect();
  const found: string[] = [];
  for (const command of [
    ["GET", "n"],
    ["GET", "m"],
    ["LRANGE", "list", "0", "-1"],
    ["GET", "c"],
    ["GET", "half"],
    ["GET", "still in 0"],
    ["HGETALL", "h"],
    ["SORT", "set", "ALPHA"],
    ["EXISTS", "refused", "looked", "z"],
    ["SCRIPT", "EXISTS", sha(ADD), sha(CAUGHT), sha("return 'never seen'"), sha("syntax error here")],
    ["FCALL", "add", "1", "after", "x"],
    ["SELECT", "3"],
    ["ZRANGE", "z", "0", "-1", "WITHSCORES"],
  ]) {
    found.push(`${command.join(" ").slice(0, 40)}: ${show(await wire.call(command))}`);
  }
  wire.close();
  return found;
}

describe.skipIf(isOracle)("scripts in a log", () => {
  test("run where they stand, and are known afterwards", async () => {
    const server = await start(logOf(LOG));
    expect(await seen(server)).toEqual([
      'GET n: "17"',
      'GET m: "7"',
      'LRANGE list 0 -1: ["7", "2", "2"]',
      'GET c: "caught"',
      'GET half: "kept"',
      'GET still in 0: "1"',
      'HGETALL h: ["json", "[\\"x\\",\\"17\\"]", "sha", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"]',
      'SORT set ALPHA: ["a", "b", "one"]',
      "EXISTS refused looked z: :0",
      expect.stringMatching(/: \[:1, :1, :0, :0\]$/),
      "FCALL add 1 after x: :1",
      "SELECT 3: +OK",
      'ZRANGE z 0 -1 WITHSCORES: ["a", "1", "b", "2"]',
    ]);
    expect(server.log).toContain("of the append only file: 'evalsha' failed: NOSCRIPT");
    await server.stop();
  }, 30_000);

  // Needs a redis-server or valkey-server on the machine, which .ci/run installs.
  test.skipIf(oraclePath() === null)(
    "leave what redis-server makes of the same log",
    async () => {
      const ours = await start(logOf(SOUND));
      const theirs = await start(logOf(SOUND), {}, "redis");
      expect(await digestOf(ours)).toBe(await digestOf(theirs));
      expect(await seen(ours)).toEqual(await seen(theirs));
      await ours.stop();
      await theirs.stop();
    },
    30_000,
  );

  test("are forgotten where the log says SCRIPT FLUSH", async () => {
    const server = await start(
      logOf([
        ["EVAL", ADD, "1", "list", "1"],
        ["SCRIPT", "FLUSH"],
        ["EVALSHA", sha(ADD), "1", "list", "2"],
      ]),
    );
    const wire = await server.connect();
    expect(show(await wire.call("LRANGE list 0 -1"))).toBe('["1"]');
    expect(show(await wire.call(["SCRIPT", "EXISTS", sha(ADD)]))).toBe("[:0]");
    await server.stop();
  }, 30_000);

  test("count times from the moment of loading", async () => {
    const server = await start(
      logOf([
        [
          "EVAL",
          "redis.call('SETEX', KEYS[1], 100, 'x') redis.call('SET', KEYS[2], 'x') redis.call('EXPIRE', KEYS[2], 100)",
          "2",
          "a",
          "b",
        ],
        [
          "EVAL",
          "redis.call('HSET', KEYS[1], 'f', 'x') redis.call('HEXPIRE', KEYS[1], 100, 'FIELDS', 1, 'f')",
          "1",
          "h",
        ],
      ]),
    );
    const wire = await server.connect();
    for (const command of ["TTL a", "TTL b", "HTTL h FIELDS 1 f"]) {
      const left = Number(/\d+/.exec(show(await wire.call(command)))?.[0]);
      expect(left).toBeWithin(1, 101);
    }
    await server.stop();
  }, 30_000);

  test("are known however many stand between", async () => {
    const others = Array.from({ length: 600 }, (_, number) => ["EVAL", `return ${number}`, "0"]);
    const server = await start(
      logOf([["EVAL", ADD, "1", "list", "1"], ...others, ["EVALSHA", sha(ADD), "1", "list", "2"]]),
    );
    const wire = await server.connect();
    expect(show(await wire.call("LRANGE list 0 -1"))).toBe('["1", "2"]');
    await server.stop();
  }, 30_000);

  test("end with the server that is stopped while it loads", async () => {
    const dir = logOf([["EVAL", "while true do end", "0"]]);
    const server = await start(dir, {}, undefined, "I/O through");
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    await server.stop();
  }, 30_000);

  test("are loaded again by DEBUG LOADAOF", async () => {
    const server = await start(logOf(LOG.slice(0, -1)));
    const digest = await digestOf(server);
    const wire = await server.connect();
    expect(show(await wire.call("DEBUG LOADAOF"))).toBe("+OK");
    expect(await digestOf(server)).toBe(digest);
    await server.stop();
  }, 30_000);

  test("in a language other than Lua are told of, and change nothing", async () => {
    const source = '#!ts name=t\nexport function f(): void { Zedis.set("a", "1"); }';
    const server = await start(
      logOf([
        ["FUNCTION", "LOAD", source],
        ["FCALL", "f", "0"],
        ["SET", "b", "1"],
      ]),
    );
    const wire = await server.connect();
    expect(show(await wire.call("MGET a b"))).toBe('[nil($-1), "1"]');
    expect(server.log).toContain("'fcall' failed: only functions in Lua run while a log is loaded");
    expect(show(await wire.call("FCALL f 0"))).not.toStartWith("-");
    await server.stop();
  }, 30_000);

  test("of one that is no log at all stop the start", async () => {
    const failed = start(
      logOf([
        ["EVAL", ADD, "1", "list", "1"],
        ["CONFIG", "SET", "maxmemory", "1"],
      ]),
    ).catch((error: unknown) => (error instanceof StartFailure ? error.output : error));
    expect(await failed).toContain("The command 'config|set' cannot be in an append only file");
  }, 30_000);
});
