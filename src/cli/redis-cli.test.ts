/**
 * zedis-cli beside redis-cli on one live redis-server: the same commands in the same order, one in database 1 and the
 * other in database 2; standard output, standard error and exit code are compared byte for byte.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Server, startServer } from "../../test/harness/server.ts";
import { hiddenTerminal } from "./terminal.ts";
import { runCli } from "./zedis-cli.ts";

const FOUND = Bun.which("redis-server") !== null && Bun.which("redis-cli") !== null;
if (!FOUND) console.warn("redis-cli.test.ts: no redis-server and redis-cli on this machine, nothing to compare with");

interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

let server: Server | undefined;
/** Where both programs connect to. */
let place: readonly string[] = [];

beforeAll(async () => {
  if (!FOUND) return;
  server = await startServer({ kind: "redis" });
  place = ["-p", String(server.port)];
});

afterAll(() => server?.stop());

/** redis-cli run with these arguments and this input. */
function theirs(argv: readonly string[], input: string): Outcome {
  const run = Bun.spawnSync(["redis-cli", ...place, ...argv], {
    stdin: Buffer.from(input, "latin1"),
    env: { PATH: process.env.PATH ?? "", TERM: "dumb" },
  });
  return { out: run.stdout.toString("latin1"), err: run.stderr.toString("latin1"), code: run.exitCode };
}

/** zedis-cli run in this process. */
async function ours(argv: readonly string[], input: string): Promise<Outcome> {
  const { terminal, printed } = hiddenTerminal(input === "" ? [] : [Buffer.from(input, "latin1")]);
  const code = await runCli([...place, ...argv], terminal);
  return { ...printed, code };
}

async function compare(argv: readonly string[], input = ""): Promise<void> {
  const expected = theirs(["-n", "1", ...argv], input);
  const got = await ours(["-n", "2", ...argv], input);
  expect({ argv, ...got }).toEqual({ argv, ...expected });
}

/** Replies that do not depend on the moment, the database or the order of a hash table. */
const COMMANDS: readonly string[][] = [
  ["PING"],
  ["PING", "hello world"],
  ["ECHO", 'quo"te\\ and \x01 bell \x07 tab \t'],
  ["ECHO", "ümläut ☂"],
  ["ECHO", ""],
  ["SET", "s", "value"],
  ["GET", "s"],
  ["GET", "missing"],
  ["SET", "s", "x", "NX"],
  ["SETEX", "s2", "100", "1"],
  ["TTL", "s2"],
  ["APPEND", "s", "line\nbreak"],
  ["GET", "s"],
  ["STRLEN", "s"],
  ["INCR", "n"],
  ["INCRBYFLOAT", "f", "1.5"],
  ["MSET", "a", "1", "b", "2"],
  ["MGET", "a", "b", "missing", "s"],
  ["LCS", "a", "b"],
  ["LCS", "s", "s2", "IDX"],
  ["SETBIT", "bits", "7", "1"],
  ["BITCOUNT", "bits"],
  ["RPUSH", "list", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"],
  ["LRANGE", "list", "0", "-1"],
  ["LRANGE", "list", "5", "3"],
  ["LPOS", "list", "c"],
  ["LPOP", "list", "2"],
  ["HSET", "h", "f1", "v1", "f2", "v 2"],
  ["HGETALL", "h"],
  ["HGETALL", "missing"],
  ["HMGET", "h", "f1", "none"],
  ["HRANDFIELD", "h", "2", "WITHVALUES"],
  ["HSCAN", "h", "0"],
  ["SADD", "set", "one"],
  ["SMEMBERS", "set"],
  ["SMEMBERS", "missing"],
  ["SMISMEMBER", "set", "one", "two"],
  ["ZADD", "z", "1", "a", "2.5", "b", "inf", "c"],
  ["ZRANGE", "z", "0", "-1", "WITHSCORES"],
  ["ZSCORE", "z", "b"],
  ["ZMSCORE", "z", "a", "none", "c"],
  ["ZRANK", "z", "none"],
  ["XADD", "x", "1-1", "field", "value", "other", "v"],
  ["XADD", "x", "1-2", "field", "value"],
  ["XRANGE", "x", "-", "+"],
  ["XREAD", "STREAMS", "x", "0"],
  ["XREAD", "STREAMS", "x", "9"],
  ["XINFO", "STREAM", "x"],
  ["GEOADD", "geo", "13.361389", "38.115556", "Palermo"],
  ["GEOPOS", "geo", "Palermo", "none"],
  ["TYPE", "h"],
  ["OBJECT", "ENCODING", "h"],
  ["EXISTS", "a", "b", "missing"],
  ["SORT", "list", "ALPHA", "DESC", "LIMIT", "0", "3"],
  ["COMMAND", "INFO", "get", "nosuch"],
  ["COMMAND", "DOCS", "get"],
  ["COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2"],
  ["CONFIG", "GET", "hz"],
  ["CONFIG", "HELP"],
  ["ACL", "WHOAMI"],
  ["ACL", "GETUSER", "default"],
  ["EVAL", "return {1,'a',{2,{3}},false}", "0"],
  ["EVAL", "return redis.error_reply('MY oops')", "0"],
  ["EVAL", "redis.setresp(3) return {map={a={1,2}}}", "0"],
  ["EVAL", "redis.setresp(3) return {set={x=true}}", "0"],
  ["EVAL", "redis.setresp(3) return {double=3.25}", "0"],
  ["DEBUG", "PROTOCOL", "verbatim"],
  ["MEMORY", "DOCTOR"],
  ["CLUSTER", "INFO"],
  ["NOSUCH", "arg"],
  ["GET"],
  ["LPUSH", "s", "wrong"],
  ["FUNCTION", "STATS"],
  ["DEL", "s", "s2"],
  ["SELECT", "99"],
  ["QUIT"],
];

describe.skipIf(!FOUND)("zedis-cli prints what redis-cli prints", () => {
  const modes: readonly string[][] = [
    [],
    ["--no-raw"],
    ["--csv"],
    ["-3", "--no-raw"],
    ["-3", "--raw"],
    ["-3", "--csv"],
    ["-3", "--json"],
    ["-e"],
    ["-d", "|", "-D", "<>"],
  ];
  for (const mode of modes) {
    test(`for ${COMMANDS.length} commands ${mode.length === 0 ? "into a pipe" : `with ${mode.join(" ")}`}`, async () => {
      theirs(["FLUSHALL"], "");
      for (const command of COMMANDS) await compare([...mode, ...command]);
    });
  }

  test("for commands on standard input", async () => {
    const lines = [
      'SET "a key" "1\\n2"',
      "GET 'a key'",
      "",
      '"open',
      "3 INCR counter",
      "0 INCR counter",
      "MULTI",
      "GET counter",
      "EXEC",
      "SELECT 5",
      "NOSUCH",
      "GET missing",
    ];
    for (const mode of [[], ["--no-raw"], ["--csv"]]) {
      const input = `${lines.filter((line) => !line.startsWith("0 ")).join("\n")}\nquit\nGET counter\n`;
      theirs(["FLUSHALL"], "");
      await compare(mode, input);
    }
  });

  test("for repeats, values from standard input and quoted arguments", async () => {
    theirs(["FLUSHALL"], "");
    await compare(["-r", "3", "INCR", "n"]);
    await compare(["-r", "2", "-i", "0.01", "INCR", "n"]);
    await compare(["-x", "SET", "bin"], "a\0\xff\r\nb");
    await compare(["GET", "bin"]);
    await compare(["-X", "tag", "SET", "tag", "v", "EX", "100"], "key from stdin");
    await compare(["-X", "tag", "SET", "k", "v"], "unused");
    await compare(["--quoted-input", "SET", '"\\x00\\xff"', "'it\\'s'"]);
    await compare(["--no-raw", "--quoted-input", "GET", '"\\x00\\xff"']);
    await compare(["--quoted-input", "GET", '"open']);
  });

  test("for --scan and --pipe", async () => {
    theirs(["FLUSHALL"], "");
    for (const database of ["1", "2"]) theirs(["-n", database, "MSET", "one:1", "x", "two", "y"], "");
    await compare(["--scan", "--pattern", "one*"]);
    await compare(["--no-raw", "--scan", "--pattern", "one*"]);
    await compare(["--pipe"], "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*1\r\n$4\r\nPING\r\n");
    await compare(["--pipe"], "*1\r\n$4\r\nNOPE\r\n*1\r\n$4\r\nPING\r\n");
    await compare(["GET", "k"]);
  });

  test("for errors of the command line and of the connection", async () => {
    await compare(["-a", "wrong", "PING"]);
    await compare(["--no-auth-warning", "-a", "wrong", "PING"]);
    await compare(["-p"]);
    await compare(["--nope", "PING"]);
    await compare(["-x", "-X", "t", "PING"]);
    await compare(["-s", "/nosuch/socket", "PING"]);
    await compare(["-s", "/nosuch/socket"], "PING\nPING\n");
    await compare(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"]);
    await compare([], "CLIENT KILL TYPE normal SKIPME yes\nPING\n");
  });
});

describe.skipIf(!FOUND)("the installed programs", () => {
  const script = join(import.meta.dir, "zedis-cli.ts");

  test("give output, streams and exit codes as processes too", () => {
    const run = Bun.spawnSync([process.execPath, script, ...place, "-e", "NOSUCH"]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr.toString()).toStartWith("ERR unknown command");
    const long = Bun.spawnSync([process.execPath, script, ...place, "EVAL", "return string.rep('x', 3000000)", "0"]);
    expect(long.stdout.length).toBe(3_000_001);
  });

  test("send a procedure file with its header", () => {
    const path = join(server?.folder ?? "", "shop.lua");
    writeFileSync(path, "redis.register_function('f', function() return 1 end)\n");
    const run = Bun.spawnSync([process.execPath, script, ...place, "FUNCTION", "LOAD", "REPLACE", path]);
    expect(run.stdout.toString() + run.stderr.toString()).toBe("shop\n");
    const missing = Bun.spawnSync([process.execPath, script, ...place, "FUNCTION", "LOAD", "./nosuch.ts"]);
    expect([missing.exitCode, missing.stderr.toString()]).toEqual([
      1,
      "Could not read ./nosuch.ts: No such file or directory\n",
    ]);
  });
});
