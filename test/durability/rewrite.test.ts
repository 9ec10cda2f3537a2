/** Rewriting the append only file: by hand, by growth, switched on and off while the server runs, cut off at any moment. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { show, textOf } from "../harness/resp.ts";
import type { Server } from "../harness/server.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";
import { digestOf, folder, info, removeFolders, requests, run, start } from "./aof-files.ts";
import { COMMON, OURS } from "./samples.ts";

afterAll(removeFolders);

async function rewritten(wire: Wire, count: string): Promise<void> {
  await until("the rewrite", async () => (await info(wire, "aof_rewrites")) === count, { limit_ms: 30_000 });
}

const parts = (dir: string): string[] => readdirSync(join(dir, "appendonlydir")).sort();

/** Writers that count up keys of their own, and what each was told last. */
async function writers(server: Server, count: number): Promise<{ told: number[]; stop: () => Promise<number[]> }> {
  let going = true;
  const told = Array.from({ length: count }, () => 0);
  const running = told.map(async (_, index) => {
    const wire = await server.connect();
    try {
      while (going) {
        const replies = await Promise.all([
          wire.call("MULTI"),
          wire.call(["INCR", `w${index}`]),
          wire.call(["INCR", `twin${index}`]),
          wire.call("EXEC"),
        ]);
        if (show(replies[3]).startsWith("[")) told[index] = (told[index] ?? 0) + 1;
      }
    } catch {
      // The server has gone.
    }
    wire.close();
  });
  return {
    told,
    async stop() {
      going = false;
      await Promise.all(running);
      return told;
    },
  };
}

async function expectCounted(server: Server, told: readonly number[], exact: boolean): Promise<void> {
  const wire = await server.connect();
  for (const [index, least] of told.entries()) {
    const [count, twin] = [
      textOf(await wire.call(["GET", `w${index}`])),
      textOf(await wire.call(["GET", `twin${index}`])),
    ];
    expect(count).toBe(twin);
    expect(Number(count)).toBeGreaterThanOrEqual(least);
    if (exact) expect(Number(count)).toBe(least);
  }
  wire.close();
}

describe.skipIf(isOracle)("a rewrite", () => {
  for (const preamble of ["yes", "no"]) {
    test(`leaves a base and what came after its instant, while writing goes on (RDB base: ${preamble})`, async () => {
      const dir = folder();
      let server = await start(dir, { "aof-use-rdb-preamble": preamble, "rdb-key-save-delay": "2000" });
      const wire = await server.connect();
      await run(wire, [
        ...COMMON,
        ...OURS,
        ["FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)"],
      ]);
      const load = await writers(server, 3);
      for (const count of ["1", "2"]) {
        await run(wire, [["BGREWRITEAOF"]]);
        await rewritten(wire, count);
      }
      const told = await load.stop();
      const kind = preamble === "yes" ? "rdb" : "aof";
      expect(parts(dir)).toEqual([
        `appendonly.aof.3.base.${kind}`,
        "appendonly.aof.3.incr.aof",
        "appendonly.aof.manifest",
      ]);
      const digest = await digestOf(server);
      await server.stop();
      server = await start(dir);
      expect(await digestOf(server)).toBe(digest);
      await expectCounted(server, told, true);
      expect(show(await (await server.connect()).call("FCALL f 0"))).toBe(":1");
      await server.stop();
    }, 60_000);
  }

  test("that is cut off by SIGKILL leaves files that hold everything acknowledged", async () => {
    for (const moment of ["write", "early"]) {
      const dir = folder();
      let server = await start(dir, { appendfsync: "always", "rdb-key-save-delay": "50000" });
      const wire = await server.connect();
      await run(wire, COMMON);
      const load = await writers(server, 3);
      await until("some writes", () => Math.min(...load.told) > 3);
      await run(wire, [["BGREWRITEAOF"]]);
      if (moment === "write")
        await until("its body", async () => (await info(wire, "current_save_keys_processed")) !== "0");
      server.signal("SIGKILL");
      await server.exited;
      const told = await load.stop();
      server = await start(dir);
      await expectCounted(server, told, false);
      expect(show(await (await server.connect()).call("GET text"))).toBe('"value"');
      await server.stop();
    }
  }, 60_000);

  test("begins by itself when the file has grown", async () => {
    const dir = folder();
    const server = await start(dir, { "auto-aof-rewrite-min-size": "20000", "auto-aof-rewrite-percentage": "100" });
    const wire = await server.connect();
    for (let index = 0; index < 40; index++) await run(wire, [["SET", "a", "x".repeat(1000)]]);
    await rewritten(wire, "1");
    expect(server.log).toMatch(/Starting automatic rewriting of AOF on \d+% growth/);
    await until("the small file", async () => Number(await info(wire, "aof_current_size")) < 5000);
    await server.stop();
  }, 60_000);

  test("is how a log begins while the server runs; it ends without a loss, and begins again", async () => {
    const dir = folder();
    let server = await start(dir, { appendonly: "no", cores: "2" });
    const wire = await server.connect();
    await run(wire, [...COMMON, ...OURS]);
    const load = await writers(server, 3);
    await run(wire, [["CONFIG", "SET", "appendonly", "yes"]]);
    await rewritten(wire, "1");
    await run(wire, [["CONFIG", "SET", "appendonly", "no"]]);
    await until("the end of the log", async () => (await info(wire, "aof_enabled")) === "0", { limit_ms: 20_000 });
    const manifest = readFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), "utf8");
    await run(wire, [["SET", "between", "1"]]);
    await run(wire, [["CONFIG", "SET", "appendonly", "yes"]]);
    await rewritten(wire, "2");
    expect(readFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), "utf8")).not.toBe(manifest);
    const told = await load.stop();
    await run(wire, [["SET", "after", "1"]]);
    const digest = await digestOf(server);
    await server.stop();
    server = await start(dir);
    expect(await digestOf(server)).toBe(digest);
    await expectCounted(server, told, true);
    await server.stop();
  }, 60_000);

  test("that begins a log and fails is tried again: until it has gone well there is nothing to load", async () => {
    const dir = folder();
    let server = await start(dir, { appendonly: "no" });
    const wire = await server.connect();
    await run(wire, COMMON);
    // A file cannot take the place of a folder.
    mkdirSync(join(dir, "appendonlydir/appendonly.aof.1.base.rdb"), { recursive: true });
    await run(wire, [["CONFIG", "SET", "appendonly", "yes"]]);
    await until("the failure", async () => (await info(wire, "aof_last_bgrewrite_status")) === "err");
    await run(wire, [["SET", "during", "1"]]);
    expect(show(await wire.call("SHUTDOWN"))).toBe("-ERR Errors trying to SHUTDOWN. Check logs.");
    expect(server.log).toContain("Writing initial AOF, can't exit");
    rmdirSync(join(dir, "appendonlydir/appendonly.aof.1.base.rdb"));
    await rewritten(wire, "1");
    await run(wire, [["SET", "after", "1"]]);
    const digest = await digestOf(server);
    await until("the log on disk", async () => (await info(wire, "aof_buffer_length")) === "0");
    await server.stop();
    server = await start(dir);
    expect(await digestOf(server)).toBe(digest);
    await server.stop();
  }, 60_000);

  test("is what WAITAOF waits for right after CONFIG SET appendonly yes: then the log can be loaded", async () => {
    const dir = folder();
    // The base takes two seconds.
    const server = await start(dir, { appendonly: "no", "rdb-key-save-delay": "700000" });
    const wire = await server.connect();
    await run(wire, [["MSET", "a", "1", "b", "2", "c", "3"]]);
    // In a pipeline: behind the first WAITAOF nothing runs until its time is over.
    const replies = await Promise.all(
      ["CONFIG SET appendonly yes", "WAITAOF 1 0 50", "SET a 4", "WAITAOF 1 0 0"].map((line) => wire.call(line)),
    );
    expect(replies.map(show)).toEqual(["+OK", "[:0, :0]", "+OK", "[:1, :0]"]);
    const copy = folder();
    cpSync(join(dir, "appendonlydir"), join(copy, "appendonlydir"), { recursive: true });
    await server.stop();
    const again = await start(copy);
    expect(show(await (await again.connect()).call("MGET a b c"))).toBe('["4", "2", "3"]');
    await again.stop();
  }, 30_000);

  test("that is given up by CONFIG SET appendonly no is an error to WAITAOF, not a promise", async () => {
    const server = await start(folder(), { appendonly: "no", "rdb-key-save-delay": "10000000" });
    const [wire, other] = [await server.connect(), await server.connect()];
    await run(wire, [
      ["MSET", "a", "1", "b", "2"],
      ["CONFIG", "SET", "appendonly", "yes"],
    ]);
    const waiting = wire.call("WAITAOF 1 0 0");
    await until("the rewrite", async () => (await info(other, "aof_rewrite_in_progress")) === "1");
    await run(other, [["CONFIG", "SET", "appendonly", "no"]]);
    expect(show(await waiting)).toStartWith("-ERR WAITAOF cannot be used when numlocal is set");
    await server.stop();
  }, 30_000);

  test("without a log that goes on does not keep CONFIG SET appendonly yes from beginning one", async () => {
    const server = await start(folder(), { appendonly: "no", "rdb-key-save-delay": "200000" });
    const wire = await server.connect();
    await run(wire, [["MSET", "a", "1", "b", "2"], ["BGREWRITEAOF"], ["CONFIG", "SET", "appendonly", "yes"]]);
    expect(show(await wire.call("WAITAOF 1 0 0"))).toBe("[:1, :0]");
    await rewritten(wire, "2");
    await server.stop();
  }, 30_000);

  test("that goes on holds up neither CONFIG SET appendonly no nor the end of the server, and loses nothing", async () => {
    const dir = folder();
    let server = await start(dir);
    const wire = await server.connect();
    await run(wire, COMMON);
    const digest = await digestOf(server);
    await run(wire, [["CONFIG", "SET", "rdb-key-save-delay", "10000000"], ["BGREWRITEAOF"]]);
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    server = await start(dir, { "rdb-key-save-delay": "10000000" });
    expect(await digestOf(server)).toBe(digest);
    const second = await server.connect();
    await run(second, [["BGREWRITEAOF"], ["CONFIG", "SET", "appendonly", "no"]]);
    await until("the end of the log", async () => (await info(second, "aof_enabled")) === "0", { limit_ms: 20_000 });
    expect(await info(second, "aof_rewrite_in_progress")).toBe("0");
    expect(await info(second, "aof_last_bgrewrite_status")).toBe("ok");
    await server.stop();
  }, 60_000);

  test("without an RDB base writes the commands that Redis writes, of 64 elements each", async () => {
    const dir = folder();
    const server = await start(dir, { "aof-use-rdb-preamble": "no" });
    const wire = await server.connect();
    const many = (count: number, each: (index: number) => string[]) =>
      Array.from({ length: count }, (_, at) => each(at));
    const library = "#!lua name=l\nredis.register_function('f', function() return 1 end)";
    const cases: [string[][], (string | RegExp)[]][] = [
      [[["SET", "text", "v"]], ["SET text v"]],
      [[["SET", "number", "17"]], ["SET number 17"]],
      [[["SET", "late", "v", "PXAT", "33177117420000"]], ["SET late v", "PEXPIREAT late 33177117420000"]],
      [
        [["RPUSH", "list", ...many(130, (at) => [`e${at}`]).flat()]],
        [/^RPUSH list (e\d+ ?){64}$/, /^RPUSH list (e\d+ ?){64}$/, "RPUSH list e128 e129"],
      ],
      [[["SADD", "set", "a"]], ["SADD set a"]],
      [[["SADD", "ints", ...many(65, (at) => [`${at}`]).flat()]], [/^SADD ints (\d+ ?){64}$/, /^SADD ints \d+$/]],
      [[["ZADD", "zset", "1.5", "a", "inf", "b"]], ["ZADD zset 1.5 a inf b"]],
      [
        [["HSET", "hash", ...many(65, (at) => [`f${at}`, "v"]).flat()]],
        [/^HMSET hash (f\d+ v ?){64}$/, /^HMSET hash f\d+ v$/],
      ],
      [
        [
          ["HSET", "due", "f", "v", "g", "w"],
          ["HPEXPIREAT", "due", "33177117420000", "FIELDS", "1", "g"],
        ],
        ["HMSET due f v g w", "HPEXPIREAT due 33177117420000 FIELDS 1 g"],
      ],
      [
        [
          ["XADD", "stream", "1-1", "a", "b", "c", "d"],
          ["XADD", "stream", "2-0", "a", "b"],
          ["XADD", "stream", "3-0", "a", "b"],
          ["XDEL", "stream", "3-0"],
          ["XGROUP", "CREATE", "stream", "g", "0"],
          ["XREADGROUP", "GROUP", "g", "one", "COUNT", "1", "STREAMS", "stream", ">"],
          ["XCLAIM", "stream", "g", "one", "0", "1-1", "TIME", "1700000000000", "RETRYCOUNT", "4"],
          ["XGROUP", "CREATECONSUMER", "stream", "g", "two"],
        ],
        [
          "XADD stream 1-1 a b c d",
          "XADD stream 2-0 a b",
          "XSETID stream 3-0 ENTRIESADDED 3 MAXDELETEDID 3-0",
          "XGROUP CREATE stream g 1-1 ENTRIESREAD -1",
          "XCLAIM stream g one 0 1-1 TIME 1700000000000 RETRYCOUNT 4 JUSTID FORCE",
          "XGROUP CREATECONSUMER stream g two",
        ],
      ],
      [
        [["XGROUP", "CREATE", "none", "g", "$", "MKSTREAM"]],
        [
          "XADD none MAXLEN 0 0-1 x y",
          "XSETID none 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0",
          "XGROUP CREATE none g 0-0 ENTRIESREAD -1",
        ],
      ],
      [
        [
          ["ARSET", "array", "3", "three", "17"],
          ["ARINSERT", "array", "first"],
        ],
        ["ARMSET array 0 first 3 three 4 17", "ARSEEK array 1"],
      ],
      [[["VADD", "vectors", "VALUES", "2", "1", "0.5", "a"]], [/^RESTORE vectors 0 .* ABSTTL$/s]],
      // Redis forgets that the entry is pending: no command gives it to a consumer again.
      [
        [
          ["XADD", "gone", "1-1", "a", "b"],
          ["XGROUP", "CREATE", "gone", "g", "0"],
          ["XREADGROUP", "GROUP", "g", "one", "STREAMS", "gone", ">"],
          ["XDEL", "gone", "1-1"],
        ],
        [/^RESTORE gone 0 .* ABSTTL$/s],
      ],
    ];
    await run(wire, [["FUNCTION", "LOAD", library], ...cases.flatMap(([commands]) => commands)]);
    await run(wire, [["BGREWRITEAOF"]]);
    await rewritten(wire, "1");
    const found = requests(join(dir, "appendonlydir/appendonly.aof.2.base.aof"));
    expect(found[0]).toBe(`FUNCTION LOAD ${library}`);
    for (const [[first], expected] of cases) {
      const key = String(first?.[first[0] === "XGROUP" ? 2 : 1]);
      const own = found.filter((line) => line.split(" ").slice(1, 3).includes(key));
      expect(own).toEqual(expected.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))));
    }
    const seen = async (from: Wire) =>
      Promise.all(
        [
          "XINFO STREAM stream",
          "XINFO STREAM none",
          "XPENDING gone g",
          "ARNEXT array",
          "HPEXPIRETIME due FIELDS 2 f g",
        ].map(async (line) => show(await from.call(line))),
      );
    const before = await seen(wire);
    const digest = await digestOf(server);
    await server.stop();
    const again = await start(dir);
    expect(await digestOf(again)).toBe(digest);
    expect(await seen(await again.connect())).toEqual(before);
    await again.stop();
  }, 60_000);

  // Needs a redis-server or valkey-server on the machine, which .ci/run installs.
  test.skipIf(oraclePath() === null)(
    "makes files that redis-server loads, RDB base or not",
    async () => {
      for (const preamble of ["yes", "no"]) {
        const dir = folder();
        const here = await start(dir, { "aof-use-rdb-preamble": preamble });
        const wire = await here.connect();
        await run(wire, COMMON);
        await run(wire, [["FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)"]]);
        await run(wire, [["BGREWRITEAOF"]]);
        await rewritten(wire, "1");
        await run(wire, [["SET", "after", "1"]]);
        const groups = ["XPENDING stream group", "XPENDING large-stream readers", "FCALL f 0"];
        const seen = async (from: Wire) => Promise.all(groups.map(async (line) => show(await from.call(line))));
        const before = await seen(wire);
        const digest = await digestOf(here);
        await here.stop();
        const there = await start(dir, {}, "redis");
        expect(await digestOf(there)).toBe(digest);
        expect(await seen(await there.connect())).toEqual(before);
        await there.stop();
      }
    },
    60_000,
  );
});
