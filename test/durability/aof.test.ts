/**
 * The append only file: what is in it after commands, transactions, scripts and procedures; restarts; damaged and shortened files; both ways
 * between here and redis-server; a disk that is full.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeRequest, numberOf, show, textOf } from "../harness/resp.ts";
import { runServer, type Server, startServer } from "../harness/server.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Command, Wire } from "../harness/wire.ts";
import { COMMON, OURS } from "./samples.ts";

let root = "";
let folders = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "zedis-aof-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A folder of its own for each test. */
function folder(): string {
  const path = join(root, String(++folders));
  mkdirSync(path);
  return path;
}

const start = (dir: string, options: Record<string, string> = {}, kind?: "zedis" | "redis"): Promise<Server> =>
  startServer({
    ...(kind === undefined ? {} : { kind }),
    options: { dir, appendonly: "yes", appendfsync: "no", ...options },
  });

async function run(wire: Wire, commands: readonly Command[]): Promise<void> {
  for (const command of commands) {
    const reply = show(await wire.call(command));
    if (reply.startsWith("-")) throw new Error(`${reply} for ${String(command).slice(0, 100)}`);
  }
}

const LOG = "appendonlydir/appendonly.aof.1.incr.aof";

/** The requests of a log. */
function requests(path: string): string[] {
  const bytes = readFileSync(path);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const line = (): string => {
      const end = bytes.indexOf("\r\n", at);
      const text = bytes.toString("latin1", at, end);
      at = end + 2;
      return text;
    };
    const head = line();
    if (head.startsWith("#")) {
      found.push(head);
      continue;
    }
    const words: string[] = [];
    for (let left = Number(head.slice(1)); left > 0; left--) {
      const length = Number(line().slice(1));
      words.push(bytes.toString("latin1", at, at + length));
      at += length + 2;
    }
    found.push(words.join(" "));
  }
  return found;
}

/** The requests of a log once the last of them is there. */
async function logged(dir: string, last: string): Promise<string[]> {
  await until(`${last} in the log`, () => requests(join(dir, LOG)).at(-1) === last);
  return requests(join(dir, LOG));
}

async function digestOf(server: Server): Promise<string> {
  const wire = await server.connect();
  const digest = show(await wire.call("DEBUG DIGEST"));
  wire.close();
  return digest;
}

describe.skipIf(isOracle)("the append only file", () => {
  test("holds what reproduces each change, transactions as a whole, the database where it changes", async () => {
    const dir = folder();
    const server = await start(dir);
    const wire = await server.connect();
    await run(wire, [
      ["SET", "a", "1"],
      ["GET", "a"],
      ["SET", "a", "2", "NX"],
      ["SELECT", "3"],
      ["RPUSH", "l", "x", "y"],
      ["SELECT", "0"],
      ["SET", "t", "v", "EX", "1000"],
      ["PUBLISH", "channel", "message"],
      ["MULTI"],
      ["INCR", "a"],
      ["GET", "a"],
      ["INCR", "a"],
      ["EXEC"],
      ["MULTI"],
      ["INCR", "a"],
      ["EXEC"],
      [
        "EVAL",
        "redis.call('SET', 's', ARGV[1]) redis.call('SELECT', '5') redis.call('SET', 'd', '1') return 1",
        "0",
        "v",
      ],
      ["DEL", "a"],
    ]);
    const found = (await logged(dir, "DEL a")).map((line) => line.replace(/\d{13}/, "<ms>"));
    expect(found).toEqual([
      "SELECT 0",
      "SET a 1",
      "SELECT 3",
      "RPUSH l x y",
      "SELECT 0",
      "SET t v PXAT <ms>",
      "MULTI",
      "INCR a",
      "INCR a",
      "EXEC",
      "INCR a",
      "MULTI",
      "SET s v",
      "SELECT 5",
      "SET d 1",
      "EXEC",
      "SELECT 0",
      "DEL a",
    ]);
    await server.stop();
  }, 30_000);

  test("holds the effects of a procedure in one transaction, and nothing of one that failed", async () => {
    const dir = folder();
    const server = await start(dir);
    const wire = await server.connect();
    const source = `#!ts name=bank
      export function move(from: string, to: string, amount: number): number {
        Zedis.decrby(from, amount);
        if (amount > 100) throw new Error("too much");
        return Zedis.incrby(to, amount);
      }`;
    await run(wire, [
      ["FUNCTION", "LOAD", source],
      ["SET", "a", "50"],
    ]);
    await run(wire, [["FCALL", "move", "2", "a", "b", "7"]]);
    expect(show(await wire.call(["FCALL", "move", "2", "a", "b", "101"]))).toStartWith("-");
    await run(wire, [
      ["DEL", "end"],
      ["SET", "end", "1"],
    ]);
    const found = (await logged(dir, "SET end 1")).filter((line) => !line.startsWith("FUNCTION"));
    expect(found.map((line) => line.toLowerCase())).toEqual([
      "select 0",
      "set a 50",
      "multi",
      "incrby a -7",
      "incrby b 7",
      "exec",
      "set end 1",
    ]);
    await server.stop();
    const again = await start(dir);
    const second = await again.connect();
    expect(show(await second.call("MGET a b"))).toBe('["43", "7"]');
    expect(numberOf(await second.call(["FCALL", "move", "2", "a", "b", "1"]))).toBe(8);
    await again.stop();
  }, 30_000);

  test("brings back every type, over two restarts, the second after SIGKILL", async () => {
    const dir = folder();
    let server = await start(dir, { appendfsync: "always" });
    const wire = await server.connect();
    await run(wire, [...COMMON, ...OURS]);
    const digest = await digestOf(server);
    await server.stop();
    server = await start(dir, { appendfsync: "always" });
    expect(await digestOf(server)).toBe(digest);
    const second = await server.connect();
    await run(second, [["SET", "after", "1"]]);
    const later = await digestOf(server);
    server.signal("SIGKILL");
    await server.exited;
    server = await start(dir);
    expect(await digestOf(server)).toBe(later);
    await server.stop();
  }, 60_000);

  test("keeps libraries of functions, deleted ones not", async () => {
    const dir = folder();
    let server = await start(dir);
    const wire = await server.connect();
    const lua = "#!lua name=l\nredis.register_function('f', function() return 'lua' end)";
    const ts = "#!ts name=t\nexport function g(): string { return 'ts'; }";
    const gone = "#!lua name=gone\nredis.register_function('h', function() return 1 end)";
    await run(wire, [
      ["FUNCTION", "LOAD", lua],
      ["FUNCTION", "LOAD", ts],
      ["FUNCTION", "LOAD", gone],
      ["FUNCTION", "DELETE", "gone"],
      ["FUNCTION", "LOAD", "REPLACE", ts.replace("'ts'", "'ts 2'")],
    ]);
    expect(show(await wire.call(["FUNCTION", "DELETE", "gone"]))).toStartWith("-");
    await server.stop();
    server = await start(dir);
    const second = await server.connect();
    expect(show(await second.call("FCALL f 0"))).toBe('"lua"');
    expect(show(await second.call("FCALL g 0"))).toBe('"ts 2"');
    expect(show(await second.call("FCALL h 0"))).toBe("-ERR Function not found");
    await server.stop();
  }, 30_000);

  test("does not let a key expire before the log says so", async () => {
    const dir = folder();
    mkdirSync(join(dir, "appendonlydir"));
    const past = "1000000000000";
    const commands = [
      ["SELECT", "0"],
      ["SET", "counter", "5", "PXAT", past],
      ["INCR", "counter"],
      ["SET", "kept", "v", "PXAT", past],
      ["PERSIST", "kept"],
      ["HSET", "hash", "f", "v"],
      ["HPEXPIREAT", "hash", past, "FIELDS", "1", "f"],
      ["HSET", "hash", "g", "w"],
    ];
    writeFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n");
    writeFileSync(join(dir, LOG), Buffer.concat(commands.map((command) => encodeRequest(command))));
    const server = await start(dir);
    const wire = await server.connect();
    expect(show(await wire.call("GET counter"))).toBe("nil($-1)");
    expect(show(await wire.call("GET kept"))).toBe('"v"');
    expect(show(await wire.call("HKEYS hash"))).toBe('["g"]');
    await server.stop();
  }, 30_000);

  test("stamps the time where that is wanted, and reads it back", async () => {
    const dir = folder();
    let server = await start(dir, { "aof-timestamp-enabled": "yes" });
    const wire = await server.connect();
    await run(wire, [["SET", "a", "1"]]);
    const found = await logged(dir, "SET a 1");
    expect(found[0]).toMatch(/^#TS:\d{10}$/);
    await server.stop();
    server = await start(dir);
    expect(show(await (await server.connect()).call("GET a"))).toBe('"1"');
    await server.stop();
  }, 30_000);

  test("from before Redis 7, one file, becomes the base", async () => {
    const dir = folder();
    writeFileSync(
      join(dir, "appendonly.aof"),
      Buffer.concat([encodeRequest(["SELECT", "2"]), encodeRequest(["SET", "old", "1"])]),
    );
    const server = await start(dir);
    const wire = await server.connect();
    await run(wire, [["SELECT", "2"]]);
    expect(show(await wire.call("GET old"))).toBe('"1"');
    expect(readdirSync(join(dir, "appendonlydir")).sort()).toEqual([
      "appendonly.aof",
      "appendonly.aof.1.incr.aof",
      "appendonly.aof.manifest",
    ]);
    await server.stop();
  }, 30_000);

  test("tells INFO and CONFIG how it stands", async () => {
    const dir = folder();
    const server = await start(dir);
    const wire = await server.connect();
    await run(wire, [["SET", "a", "x".repeat(1000)]]);
    await logged(dir, `SET a ${"x".repeat(1000)}`);
    const info = textOf(await wire.call("INFO persistence"));
    expect(info).toContain("aof_enabled:1\r\n");
    expect(info).toContain("aof_last_write_status:ok\r\n");
    await until("the size", async () => /aof_current_size:1\d\d\d\r/.test(textOf(await wire.call("INFO persistence"))));
    expect(show(await wire.call("CONFIG SET appendfsync sometimes"))).toStartWith("-");
    expect(show(await wire.call("CONFIG GET appendonly"))).toBe('["appendonly", "yes"]');
    await server.stop();
  }, 30_000);
});

describe.skipIf(isOracle)("a log that", () => {
  const commands: readonly (readonly string[])[] = [
    ["SELECT", "0"],
    ["SET", "n", "1"],
    ["MULTI"],
    ["INCR", "n"],
    ["INCR", "n"],
    ["EXEC"],
    ["INCR", "n"],
  ];
  const whole = Buffer.concat(commands.map((command) => encodeRequest(command)));

  function write(dir: string, content: Uint8Array): void {
    mkdirSync(join(dir, "appendonlydir"));
    writeFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n");
    writeFileSync(join(dir, LOG), content);
  }

  test("was cut short loads up to its last whole transaction, wherever the cut is, and goes on from there", async () => {
    const multi = whole.indexOf("*1\r\n$5\r\nMULTI");
    const exec = whole.indexOf("*1\r\n$4\r\nEXEC") + "*1\r\n$4\r\nEXEC\r\n".length;
    for (const [end, value, kept] of [
      [whole.length - 1, '"3"', exec],
      [exec - 3, '"1"', multi],
      [multi + 20, '"1"', multi],
      [multi - 1, "nil($-1)", encodeRequest(["SELECT", "0"]).length],
      [5, "nil($-1)", 0],
    ] as const) {
      const dir = folder();
      write(dir, whole.subarray(0, end));
      let server = await start(dir);
      expect(server.log).toContain(`its last ${end - kept} bytes are no whole request`);
      expect(server.log).toContain(`Truncating the AOF appendonly.aof.1.incr.aof at offset ${kept}`);
      let wire = await server.connect();
      expect(show(await wire.call("GET n"))).toBe(value);
      await run(wire, [["SET", "after", "yes"]]);
      await server.stop();
      server = await start(dir, { "aof-load-truncated": "no" });
      wire = await server.connect();
      expect(show(await wire.call("MGET n after"))).toBe(`[${value}, "yes"]`);
      await server.stop();
    }
  }, 60_000);

  test("was cut short stops the start where that is not allowed", async () => {
    const dir = folder();
    write(dir, whole.subarray(0, whole.length - 1));
    const { exitCode, output } = await runServer([
      ...["--port", "0", "--dir", dir, "--appendonly", "yes", "--aof-load-truncated", "no"],
    ]);
    expect(exitCode).toBe(1);
    expect(output).toContain("Unexpected end of file reading the append only file appendonly.aof.1.incr.aof");
  }, 30_000);

  test("is damaged in the middle, or names files that are not there, stops the start with where and why", async () => {
    const flipped = Buffer.from(whole);
    const at = whole.indexOf("*2\r\n$4\r\nINCR");
    flipped[at] = 0x58;
    const asks = (content: Uint8Array, manifest?: string) => {
      const dir = folder();
      write(dir, content);
      if (manifest !== undefined) writeFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), manifest);
      return runServer(["--port", "0", "--dir", dir, "--appendonly", "yes"]);
    };
    for (const [content, manifest, text] of [
      [flipped, undefined, `Bad file format reading the append only file at offset ${at}`],
      [encodeRequest(["NOSUCH", "a"]), undefined, "Unknown command 'NOSUCH' reading the append only file (offset 0)"],
      [encodeRequest(["EVAL", "return 1", "0"]), undefined, "EVAL at offset 0 of the append only file"],
      [encodeRequest(["SELECT", "99"]), undefined, "SELECT 99 at offset 0"],
      [whole, "file missing seq 1 type i\n", "The AOF file missing doesn't exist"],
      [whole, "nonsense\n", "Invalid AOF manifest file format, in line 1"],
    ] as const) {
      const { exitCode, output } = await asks(content, manifest);
      expect(output).toContain(text);
      expect(exitCode).toBe(1);
    }
  }, 60_000);
});

describe.skipIf(isOracle)("with appendfsync always", () => {
  test("what was acknowledged survives SIGKILL, of many clients at once", async () => {
    const dir = folder();
    let server = await start(dir, { appendfsync: "always" });
    const clients = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
    const acknowledged = clients.map(() => 0);
    let going = true;
    const writing = clients.map(async (wire, index) => {
      try {
        for (let number = 1; going; number++) {
          await wire.call(["SET", `client ${index}`, String(number)]);
          acknowledged[index] = number;
        }
      } catch {
        // The server has gone.
      }
    });
    await until("some writes", () => Math.min(...acknowledged) > 20);
    server.signal("SIGKILL");
    going = false;
    await Promise.all([server.exited, ...writing]);
    server = await start(dir);
    const wire = await server.connect();
    for (const [index, least] of acknowledged.entries()) {
      expect(Number(textOf(await wire.call(["GET", `client ${index}`])))).toBeGreaterThanOrEqual(least);
    }
    await server.stop();
  }, 60_000);

  test("pipelines, subscribers, blocked clients and transactions get all their replies in order", async () => {
    const server = await start(folder(), { appendfsync: "always" });
    const [wire, other] = [await server.connect(), await server.connect()];
    const blocked = other.call("BLPOP queue 10");
    const replies = await Promise.all(
      Array.from({ length: 300 }, (_, index) => wire.call(index % 3 === 0 ? ["GET", "n"] : ["INCR", "n"])),
    );
    expect(show(replies.at(-1) as never)).toBe(":200");
    await run(wire, [["RPUSH", "queue", "x"]]);
    expect(show(await blocked)).toBe('["queue", "x"]');
    await run(wire, [
      ["CONFIG", "SET", "appendfsync", "everysec"],
      ["SET", "a", "1"],
      ["CONFIG", "SET", "appendfsync", "always"],
    ]);
    await run(wire, [["MULTI"], ["INCR", "a"], ["EXEC"], ["EVAL", "return redis.call('INCR', 'a')", "0"]]);
    expect(show(await wire.call("GET a"))).toBe('"3"');
    await server.stop();
  }, 60_000);
});

describe.skipIf(isOracle || Bun.which("prlimit") === null)("a disk that takes no more", () => {
  for (const appendfsync of ["always", "everysec"]) {
    test(`refuses writes with MISCONF, serves reads, and goes on by itself (${appendfsync})`, async () => {
      const dir = folder();
      let server = await start(dir, { appendfsync });
      const [wire, other] = [await server.connect(), await server.connect()];
      await run(wire, [["SET", "before", "1"]]);
      const limit = (bytes: string) => Bun.spawnSync(["prlimit", `--pid=${server.pid}`, `--fsize=${bytes}:unlimited`]);
      expect(limit("4096").exitCode).toBe(0);
      // With always this reply comes only when it is on disk.
      const late = wire.call(["SET", "large", "x".repeat(10_000)]);
      const error = "MISCONF Errors writing to the AOF file: File too large";
      await until("the refusal", async () => show(await other.call("PING")) === `-${error}`);
      expect(show(await other.call("SET refused 1"))).toBe(`-${error}`);
      expect(show(await other.call("GET before"))).toBe('"1"');
      expect(show(await other.call(["EVAL", "return redis.call('SET', 'a', 1)", "0"]))).toBe(`-${error}`);
      expect(textOf(await other.call("INFO persistence"))).toContain("aof_last_write_status:err\r\n");
      expect(limit("unlimited").exitCode).toBe(0);
      expect(show(await late)).toBe("+OK");
      await until("the recovery", async () => show(await other.call("SET after 1")) === "+OK");
      expect(textOf(await other.call("INFO persistence"))).toContain("aof_last_write_status:ok\r\n");
      expect(show(await other.call("PING"))).toBe("+PONG");
      await server.stop();
      server = await start(dir);
      const second = await server.connect();
      expect(show(await second.call("EXISTS before large after refused"))).toBe(":3");
      await server.stop();
    }, 60_000);
  }
});

describe.skipIf(isOracle || oraclePath() === null)("between here and redis-server", () => {
  test("a log written here loads there: the same digest", async () => {
    const dir = folder();
    const here = await start(dir);
    await run(await here.connect(), COMMON);
    const digest = await digestOf(here);
    await here.stop();
    const there = await start(dir, {}, "redis");
    expect(await digestOf(there)).toBe(digest);
    await there.stop();
  }, 60_000);

  for (const preamble of ["yes", "no"]) {
    test(`a log written and rewritten there loads here, with what came after (RDB base: ${preamble})`, async () => {
      const dir = folder();
      const there = await start(dir, { "aof-use-rdb-preamble": preamble }, "redis");
      const wire = await there.connect();
      await run(wire, COMMON);
      await run(wire, [
        ["FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 'lua' end)"],
      ]);
      await run(wire, [["BGREWRITEAOF"]]);
      await until("the rewrite", async () =>
        /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(textOf(await wire.call("INFO persistence"))),
      );
      await run(wire, [["SET", "after", "1"], ["MULTI"], ["INCR", "after"], ["EXEC"]]);
      const digest = await digestOf(there);
      await there.stop();
      const here = await start(dir);
      expect(await digestOf(here)).toBe(digest);
      expect(show(await (await here.connect()).call("FCALL f 0"))).toBe('"lua"');
      await here.stop();
    }, 60_000);
  }
});
