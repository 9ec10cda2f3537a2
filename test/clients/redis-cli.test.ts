/** redis-cli and redis-benchmark as they come with the machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Server, startServer } from "../harness/server.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
}, 60_000);
afterAll(async () => {
  await server.stop();
});

const has = (program: string) => Bun.which(program) !== null;

/** Output and exit code of a program that talks to the server; `input` goes to its standard input. */
async function run(
  program: string,
  args: readonly string[],
  input = "",
): Promise<{ output: string; exitCode: number }> {
  const child = Bun.spawn({
    cmd: [program, "-p", String(server.port), ...args],
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { output: out + err, exitCode };
}
const cli = async (...args: string[]) => (await run("redis-cli", args)).output;

describe.skipIf(!has("redis-cli"))("redis-cli", () => {
  test("prints replies of every kind", async () => {
    expect(await cli("SET", "k", "v")).toBe("OK\n");
    expect(await cli("GET", "k")).toBe("v\n");
    expect(await cli("--no-raw", "GET", "none")).toBe("(nil)\n");
    expect(await cli("--no-raw", "INCR", "n")).toBe("(integer) 1\n");
    expect(await cli("HSET", "h", "a", "1", "b", "2")).toBe("2\n");
    expect(await cli("--no-raw", "HGETALL", "h")).toBe('1) "a"\n2) "1"\n3) "b"\n4) "2"\n');
    expect(await cli("-3", "--no-raw", "HGETALL", "h")).toBe('1# "a" => "1"\n2# "b" => "2"\n');
    expect(await cli("--no-raw", "HGET", "k", "f")).toBe(
      "(error) WRONGTYPE Operation against a key holding the wrong kind of value\n",
    );
  });

  test("takes commands from its standard input, also within a transaction", async () => {
    const { output } = await run("redis-cli", ["--no-raw"], "MULTI\nSET a 1\nINCR a\nEXEC\nHELLO 3\nGET none\n");
    expect(output).toStartWith("OK\nQUEUED\nQUEUED\n1) OK\n2) (integer) 2\n");
    expect(output).toEndWith("(nil)\n");
  });

  test("pipes a million bytes of raw protocol with --pipe", async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `SET pipe:${index} value-${index}\r\n`).join("");
    const { output, exitCode } = await run("redis-cli", ["--pipe"], lines);
    expect(output).toContain("errors: 0, replies: 20000");
    expect(exitCode).toBe(0);
    expect(await cli("GET", "pipe:19999")).toBe("value-19999\n");
  });

  test("scans with --scan and measures with --bigkeys and --memkeys", async () => {
    const keys = (await cli("--scan", "--pattern", "pipe:1999*")).trim().split("\n");
    expect(keys.sort()).toEqual(["pipe:1999", ...Array.from({ length: 10 }, (_, index) => `pipe:1999${index}`)]);
    expect(await cli("--bigkeys")).toContain("Sampled 2000");
    expect(await cli("--memkeys")).toContain("Sampled 2000");
  });

  test("reads help from the server and shows statistics", async () => {
    expect(await cli("COMMAND", "COUNT")).toMatch(/^\d+\n$/);
    expect(await cli("INFO", "server")).toContain("redis_version:");
    expect(await cli("CONFIG", "GET", "maxmemory")).toBe("maxmemory\n0\n");
    expect(await cli("-x", "SET", "from-stdin")).toBe("OK\n");
  });

  test("switches databases and repeats", async () => {
    expect(await cli("-n", "5", "SET", "k", "five")).toBe("OK\n");
    expect(await cli("-n", "5", "GET", "k")).toBe("five\n");
    expect(await cli("GET", "k")).toBe("v\n");
    expect(await cli("-r", "5", "INCR", "repeated")).toBe("1\n2\n3\n4\n5\n");
  });

  /** What is printed in RESP2, and in RESP3 where that differs. */
  const printed: readonly (readonly [line: string, resp2: string, resp3?: string])[] = [
    ["RPUSH jobs a b c", "(integer) 3"],
    ["LRANGE jobs 0 1", '1) "a"\n2) "b"'],
    ["BLPOP none jobs 1", '1) "jobs"\n2) "a"'],
    ["LMPOP 1 jobs RIGHT", '1) "jobs"\n2) 1) "c"'],
    ["BLPOP none 0.01", "(nil)"],
    ["SADD tags red", "(integer) 1"],
    ["SMEMBERS tags", '1) "red"', '1~ "red"'],
    ["ZADD board 1.5 ann 2 bob", "(integer) 2"],
    ["ZSCORE board ann", '"1.5"', "(double) 1.5"],
    ["ZRANGE board 0 0 WITHSCORES", '1) "ann"\n2) "1.5"', '1) 1) "ann"\n   2) (double) 1.5'],
    ["XADD events 1-1 f v", '"1-1"'],
    [
      "XREAD STREAMS events 0",
      '1) 1) "events"\n   2) 1) 1) "1-1"\n         2) 1) "f"\n            2) "v"',
      '1# "events" => \n   1) 1) "1-1"\n      2) 1) "f"\n         2) "v"',
    ],
    ["XGROUP CREATE events workers 0", "OK"],
    [
      "XREADGROUP GROUP workers w STREAMS none >",
      "(error) NOGROUP No such key 'none' or consumer group 'workers' in XREADGROUP with GROUP option",
    ],
    ["GEOADD cities 13.361389 38.115556 Palermo", "(integer) 1"],
    ["GEOHASH cities Palermo none", '1) "sqc8b49rny0"\n2) (nil)'],
    ["SETBIT days 9 1", "(integer) 0"],
    ["BITCOUNT days", "(integer) 1"],
    ["PFADD visitors a b c", "(integer) 1"],
    ["PFCOUNT visitors", "(integer) 3"],
    ["PUBLISH news hello", "(integer) 0"],
    ["HSET h f v", "(integer) 1"],
    ["HSCAN h 0", '1) "0"\n2) 1) "f"\n   2) "v"'],
    ["FCALL none 0", "(error) ERR Function not found"],
  ];
  test.each([2, 3])("prints replies of every type in RESP%d", async (protocol) => {
    await cli("FLUSHALL");
    for (const [line, resp2, resp3 = resp2] of printed) {
      const output = await cli(`-${protocol}`, "--no-raw", ...line.split(" "));
      expect(`${line}\n${output}`).toBe(`${line}\n${protocol === 2 ? resp2 : resp3}\n`);
    }
  });
});

describe.skipIf(!has("redis-benchmark"))("redis-benchmark", () => {
  test("runs its tests over plain and pipelined connections", async () => {
    const { output, exitCode } = await run("redis-benchmark", [
      "-t",
      "ping,set,get,incr,hset,mset",
      "-n",
      "5000",
      "-c",
      "20",
      "-P",
      "8",
      "-r",
      "1000",
      "-q",
    ]);
    expect(exitCode).toBe(0);
    for (const name of ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "HSET", "MSET"])
      expect(output).toMatch(new RegExp(`${name}.*requests per second`));
    expect(output).not.toContain("Error");
  });

  test("runs one command from several threads", async () => {
    const { output, exitCode } = await run("redis-benchmark", [
      "-n",
      "5000",
      "-c",
      "10",
      "--threads",
      "2",
      "-q",
      "SET",
      "key:__rand_int__",
      "v",
    ]);
    expect(exitCode).toBe(0);
    expect(output).toContain("requests per second");
  });
});
