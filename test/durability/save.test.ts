/** Snapshots: what is in them, that they are of one instant, what asks for them, what stands in their way. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { numberOf, show } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Command, Wire } from "../harness/wire.ts";
import { digestOf, folder, info, removeFolders, run } from "./aof-files.ts";
import { COMMON, OURS } from "./samples.ts";

afterAll(removeFolders);

const start = (dir: string, options: Record<string, string> = {}, kind?: "zedis" | "redis"): Promise<Server> =>
  startServer({ ...(kind === undefined ? {} : { kind }), options: { dir, ...options } });

/** Saves beside, and waits for the end. */
async function bgsave(wire: Wire): Promise<void> {
  const before = Number(await info(wire, "rdb_saves"));
  expect(show(await wire.call("BGSAVE"))).toBe("+Background saving started");
  await until("the snapshot", async () => Number(await info(wire, "rdb_saves")) > before, { limit_ms: 30_000 });
}

const LIBRARY = "#!lua name=l\nredis.register_function('f', function() return 'lua é' end)";
const TS_LIBRARY = "#!ts name=t\nexport function g(): string { return 'é'; }";

describe.skipIf(isOracle)("a snapshot", () => {
  for (const cores of ["1", "2"]) {
    test(`brings back every type, libraries and expiries (cores: ${cores})`, async () => {
      const dir = folder();
      let server = await start(dir, { cores });
      const wire = await server.connect();
      await run(wire, [...COMMON, ...OURS, ["FUNCTION", "LOAD", LIBRARY], ["FUNCTION", "LOAD", TS_LIBRARY]]);
      await run(wire, [
        ["SELECT", "5"],
        ["SET", "soon", "1", "PX", "60000"],
        ["SELECT", "0"],
      ]);
      const digest = await digestOf(server);
      await bgsave(wire);
      await run(wire, [["SET", "late", "1"]]);
      await server.stop();
      server = await start(dir, { cores });
      expect(await digestOf(server)).toBe(digest);
      const second = await server.connect();
      expect(show(await second.call("FCALL f 0"))).toBe(show(await second.call(["ECHO", "lua é"])));
      expect(show(await second.call("FCALL g 0"))).toBe(show(await second.call(["ECHO", "é"])));
      await run(second, [["SELECT", "5"]]);
      expect(numberOf(await second.call("PTTL soon"))).toBeGreaterThan(0);
      await server.stop();
    }, 60_000);
  }

  // Needs a redis-server or valkey-server on the machine, which .ci/run installs.
  test.skipIf(oraclePath() === null)(
    "is one that redis-server loads, compressed or not, with libraries that it has no engine for left out",
    async () => {
      for (const rdbcompression of ["yes", "no"]) {
        const dir = folder();
        const here = await start(dir, { rdbcompression });
        const wire = await here.connect();
        await run(wire, [...COMMON, ["FUNCTION", "LOAD", LIBRARY], ["FUNCTION", "LOAD", TS_LIBRARY]]);
        const digest = await digestOf(here);
        expect(show(await wire.call("SAVE"))).toBe("+OK");
        const bytes = statSync(join(dir, "dump.rdb")).size;
        expect(bytes > 150_000).toBe(rdbcompression === "no");
        await here.stop();
        const there = await start(dir, {}, "redis");
        expect(await digestOf(there)).toBe(digest);
        expect(show(await (await there.connect()).call("FCALL f 0"))).toContain("lua");
        await there.stop();
      }
    },
    60_000,
  );

  test("is of one instant, whatever transactions, scripts and procedures move meanwhile", async () => {
    const [dir, accounts] = [folder(), 200];
    const server = await start(dir, { cores: "2", "rdb-key-save-delay": "20" });
    const wire = await server.connect();
    const source = `#!ts name=bank
      export function move(from: string, to: string, amount: number): void {
        Zedis.incrby(from, -amount);
        Zedis.incrby(to, amount);
        if (amount === 3) throw new Error("not this one");
      }`;
    await run(wire, [["FUNCTION", "LOAD", source]]);
    await run(wire, [["MSET", ...Array.from({ length: accounts }, (_, index) => [`a${index}`, "100"]).flat()]]);
    let going = true;
    let seed = 7;
    const below = (bound: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >> 8) % bound;
    };
    const script = "redis.call('DECRBY', KEYS[1], ARGV[1]) redis.call('INCRBY', KEYS[2], ARGV[1])";
    const ways: ((from: string, to: string, amount: string) => Command[])[] = [
      (from, to, amount) => [["MULTI"], ["DECRBY", from, amount], ["INCRBY", to, amount], ["EXEC"]],
      (from, to, amount) => [["EVAL", script, "2", from, to, amount]],
      (from, to, amount) => [["FCALL", "move", "2", from, to, amount]],
      // A key that goes and comes back is moved too.
      (from, to) => [["MULTI"], ["RENAME", from, "aside"], ["RENAME", to, from], ["RENAME", "aside", to], ["EXEC"]],
    ];
    let moves = 0;
    const movers = Array.from({ length: 4 }, async () => {
      const own = await server.connect();
      while (going) {
        const [from, to] = [`a${below(accounts)}`, `a${below(accounts)}`];
        if (from === to) continue;
        const way = ways[below(ways.length)] as (typeof ways)[number];
        await Promise.all(way(from, to, String(1 + below(9))).map((command) => own.call(command)));
        moves++;
      }
      own.close();
    });
    for (let round = 0; round < 20; round++) {
      const before = moves;
      await until("some moves", () => moves > before + 20);
      await bgsave(wire);
      const copy = await start(dir);
      const reader = await copy.connect();
      const sum =
        "local s, n = 0, 0 for _, k in ipairs(redis.call('KEYS', 'a*')) do s = s + redis.call('GET', k) n = n + 1 end return {s, n}";
      expect(show(await reader.call(["EVAL", sum, "0"]))).toBe(`[:${accounts * 100}, :${accounts}]`);
      await copy.stop();
    }
    going = false;
    await Promise.all(movers);
    await server.stop();
  }, 120_000);

  test("holds the keys of its instant, not those that come, change and go while it is written", async () => {
    const dir = folder();
    const server = await start(dir, { "rdb-key-save-delay": "100" });
    const wire = await server.connect();
    await run(wire, [["MSET", ...Array.from({ length: 3000 }, (_, index) => [`k${index}`, `v${index}`]).flat()]]);
    await run(wire, [["SADD", "large", ...Array.from({ length: 5000 }, (_, index) => `member ${index}`)]]);
    await run(wire, [
      ["SELECT", "1"],
      ["SET", "swapped", "1"],
      ["SELECT", "2"],
      ["SET", "flushed", "2"],
      ["SELECT", "0"],
    ]);
    const digest = await digestOf(server);
    expect(show(await wire.call("BGSAVE"))).toBe("+Background saving started");
    for (let index = 0; index < 3000; index += 3) {
      await run(wire, [
        ["DEL", `k${index}`],
        ["SET", `k${index + 1}`, "changed"],
        ["SET", `new${index}`, "1"],
      ]);
    }
    await run(wire, [
      ["SREM", "large", "member 0"],
      ["SADD", "large", "another"],
      ["SWAPDB", "1", "3"],
    ]);
    await run(wire, [["SELECT", "2"], ["FLUSHDB"], ["SET", "other", "1"], ["SELECT", "0"], ["FLUSHDB", "ASYNC"]]);
    await until("the snapshot", async () => (await info(wire, "rdb_saves")) === "1", { limit_ms: 30_000 });
    const copy = await start(dir);
    expect(await digestOf(copy)).toBe(digest);
    await copy.stop();
    await server.stop();
  }, 60_000);

  test("that is cut off by SIGKILL leaves the one before it", async () => {
    const dir = folder();
    let server = await start(dir);
    const wire = await server.connect();
    await run(wire, [
      ["SET", "a", "1"],
      ["SAVE"],
      ["SET", "a", "2"],
      ["CONFIG", "SET", "rdb-key-save-delay", "5000000"],
      ["BGSAVE"],
    ]);
    await until("its beginning", async () => (await info(wire, "rdb_bgsave_in_progress")) === "1");
    server.signal("SIGKILL");
    await server.exited;
    server = await start(dir);
    expect(show(await (await server.connect()).call("GET a"))).toBe('"1"');
    await server.stop();
  }, 30_000);

  test("is made and loaded by DEBUG RELOAD", async () => {
    const dir = folder();
    const server = await start(dir);
    const wire = await server.connect();
    await run(wire, [...COMMON, ...OURS]);
    const digest = await digestOf(server);
    await run(wire, [["DEBUG", "RELOAD"]]);
    expect(await digestOf(server)).toBe(digest);
    await until("the log", () => server.log.includes("DB reloaded by DEBUG RELOAD"));
    server.signal("SIGKILL");
    await server.exited;
    const again = await start(dir);
    expect(await digestOf(again)).toBe(digest);
    await again.stop();
  }, 30_000);

  test("is loaded by DEBUG RELOAD in place of the data set, beside it or before it", async () => {
    const server = await start(folder());
    const wire = await server.connect();
    const reload = async (...options: string[]) => show(await wire.call(["DEBUG", "RELOAD", ...options]));
    const refused = "-ERR Error trying to load the RDB dump, check server logs.";
    expect(await reload("NOSAVE")).toBe(refused);
    await run(wire, [
      ["SET", "both", "saved"],
      ["SET", "saved", "1"],
      ["FUNCTION", "LOAD", "#!lua name=kept\nredis.register_function('kept', function() return 7 end)"],
      ["SAVE"],
      ["SET", "both", "now"],
      ["SET", "now", "1"],
    ]);
    expect(await reload("NOSAVE", "NOFLUSH")).toBe(refused);
    await until("the log", () => server.log.includes("RDB has duplicated key"));
    expect(show(await wire.call("MGET both saved now"))).toBe('["now", "1", "1"]');
    expect(await reload("nosave", "noflush", "merge")).toBe("+OK");
    expect(show(await wire.call("MGET both saved now"))).toBe('["saved", "1", "1"]');
    expect(await reload("NOSAVE")).toBe("+OK");
    expect(show(await wire.call("MGET both saved now"))).toBe('["saved", "1", nil($-1)]');
    expect(await reload("NOFLUSH")).toBe(refused);
    expect(await reload("NOFLUSH", "MERGE")).toBe("+OK");
    expect(await reload("FAST")).toBe("-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    expect(show(await wire.call("FCALL kept 0"))).toBe(":7");
    await run(wire, [["SAVE"], ["FUNCTION", "FLUSH"]]);
    expect(await reload("NOSAVE")).toBe("+OK");
    expect(show(await wire.call("FCALL kept 0"))).toBe(":7");
    expect(show(await wire.call("DBSIZE"))).toBe(":2");
    await server.stop();
  }, 30_000);
});

describe.skipIf(isOracle)("what asks for a snapshot", () => {
  test("waits its turn or is told why not", async () => {
    const dir = folder();
    const server = await start(dir, { appendonly: "yes" });
    const [wire, other] = [await server.connect(), await server.connect()];
    await run(wire, [
      ["SET", "a", "1"],
      ["SET", "b", "1"],
      ["CONFIG", "SET", "rdb-key-save-delay", "200000"],
    ]);
    expect(show(await wire.call("BGSAVE"))).toBe("+Background saving started");
    expect(show(await wire.call("BGSAVE"))).toBe("-ERR Background save already in progress");
    expect(show(await wire.call("SAVE"))).toBe("-ERR Background save already in progress");
    expect(show(await wire.call("BGSAVE NOW"))).toBe("-ERR syntax error");
    expect(show(await wire.call("BGREWRITEAOF"))).toBe("+Background append only file rewriting scheduled");
    expect(await info(wire, "aof_rewrite_scheduled")).toBe("1");
    await until("the rewrite", async () => (await info(wire, "aof_rewrite_in_progress")) === "1", { limit_ms: 20_000 });
    expect(show(await wire.call("BGREWRITEAOF"))).toBe(
      "-ERR Background append only file rewriting already in progress",
    );
    expect(show(await wire.call("BGSAVE"))).toContain(
      "Another child process is active (AOF?): can't BGSAVE right now.",
    );
    expect(show(await wire.call("BGSAVE SCHEDULE"))).toBe("+Background saving scheduled");
    expect(show(await other.call("GET a"))).toBe('"1"');
    await run(wire, [["CONFIG", "SET", "rdb-key-save-delay", "0"]]);
    await until("the second snapshot", async () => (await info(wire, "rdb_saves")) === "2", { limit_ms: 20_000 });
    await server.stop();
  }, 60_000);

  test("may be a rule: so many changes in so many seconds", async () => {
    const dir = folder();
    const server = await start(dir, { save: "1 3" });
    const wire = await server.connect();
    await run(wire, [
      ["SET", "a", "1"],
      ["SET", "b", "1"],
      ["SET", "c", "1"],
    ]);
    await until("the snapshot", async () => (await info(wire, "rdb_saves")) === "1", { limit_ms: 20_000 });
    expect(server.log).toContain("3 changes in 1 seconds. Saving...");
    expect(await info(wire, "rdb_changes_since_last_save")).toBe("0");
    const saved = numberOf(await wire.call("LASTSAVE"));
    expect(Math.abs(saved - Date.now() / 1000)).toBeLessThan(30);
    await server.stop();
  }, 60_000);

  test("is of the moment before the reply: what is sent after it is not in it", async () => {
    const dir = folder();
    let server = await start(dir);
    let wire = await server.connect();
    for (let round = 0; round < 20; round++) {
      await run(wire, [["SET", "n", String(round)], ["BGSAVE"], ["SET", "n", "later"]]);
      await until("the snapshot", async () => (await info(wire, "rdb_saves")) === String(round + 1));
      await run(wire, [["DEBUG", "RELOAD", "NOSAVE"]]);
      expect(show(await wire.call("GET n"))).toBe(`"${round}"`);
    }
    await run(wire, [["SET", "n", "last"], ["BGSAVE"], ["FLUSHDB"]]);
    await until("the last snapshot", async () => (await info(wire, "rdb_saves")) === "21");
    server.signal("SIGKILL");
    await server.exited;
    server = await start(dir);
    wire = await server.connect();
    expect(show(await wire.call("GET n"))).toBe('"last"');
    await server.stop();
  }, 60_000);

  test("is given up by FLUSHALL, and made anew where there are rules: what is gone does not come back", async () => {
    for (const save of ["", "3600 1000000"]) {
      const dir = folder();
      const server = await start(dir, { save });
      const wire = await server.connect();
      await run(wire, [["MSET", ...Array.from({ length: 200 }, (_, index) => [`k${index}`, "v"]).flat()], ["SAVE"]]);
      await run(wire, [["CONFIG", "SET", "rdb-key-save-delay", "100000"], ["BGSAVE"], ["FLUSHALL"]]);
      await run(wire, [["CONFIG", "SET", "rdb-key-save-delay", "0"]]);
      await until("its end", async () => (await info(wire, "rdb_bgsave_in_progress")) === "0");
      await until("the line", () => server.log.includes("Background saving was given up"));
      expect(await info(wire, "rdb_last_bgsave_status")).toBe("ok");
      if (save !== "") await until("the empty one", async () => (await info(wire, "rdb_saves")) === "2");
      await until("it", () => readFileSync(join(dir, "dump.rdb")).length < 500 === (save !== ""));
      await server.stop();
    }
  }, 60_000);

  test("may be the end: SHUTDOWN and SIGTERM save where there are rules, or as they are told", async () => {
    for (const [save, way, saves] of [
      ["3600 1", "SHUTDOWN", true],
      ["3600 1", "SHUTDOWN NOSAVE", false],
      ["3600 1", "SIGTERM", true],
      ["", "SHUTDOWN", false],
      ["", "SHUTDOWN SAVE", true],
      ["", "SIGTERM", false],
      ["", "SIGTERM save", true],
      ["3600 1", "SIGTERM nosave", false],
    ] as const) {
      const dir = folder();
      const told = way.slice("SIGTERM ".length);
      const server = await start(dir, {
        save,
        ...(told === "" || !way.startsWith("SIG") ? {} : { "shutdown-on-sigterm": told }),
      });
      const wire = await server.connect();
      await run(wire, [["SET", "a", "1"]]);
      if (way.startsWith("SIGTERM")) server.signal("SIGTERM");
      else wire.call(way).catch(() => undefined);
      expect(await server.exited).toBe(0);
      expect(existsSync(join(dir, "dump.rdb"))).toBe(saves);
      await server.stop();
    }
  }, 60_000);
});

describe.skipIf(isOracle)("a snapshot that cannot be written", () => {
  test("refuses changes where rules ask for snapshots, until one is; and keeps SHUTDOWN from ending", async () => {
    const dir = folder();
    const server = await start(dir, { save: "3600 100000" });
    // A file cannot take the place of a folder.
    mkdirSync(join(dir, "dump.rdb"));
    const wire = await server.connect();
    await run(wire, [["SET", "a", "1"], ["BGSAVE"]]);
    await until("the failure", async () => (await info(wire, "rdb_last_bgsave_status")) === "err");
    expect(show(await wire.call("SET a 2"))).toStartWith("-MISCONF Redis is configured to save RDB snapshots, but");
    expect(show(await wire.call("GET a"))).toBe('"1"');
    expect(show(await wire.call("SHUTDOWN"))).toBe("-ERR Errors trying to SHUTDOWN. Check logs.");
    await run(wire, [["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]]);
    await until("the end of the refusal", async () => show(await wire.call("SET a 3")) === "+OK");
    await run(wire, [["CONFIG", "SET", "stop-writes-on-bgsave-error", "yes"]]);
    await until("the refusal", async () => show(await wire.call("SET a 2")).startsWith("-MISCONF"));
    expect(show(await wire.call("SAVE"))).toBe("-ERR");
    rmdirSync(join(dir, "dump.rdb"));
    expect(show(await wire.call("SAVE"))).toBe("+OK");
    expect(show(await wire.call("SET a 4"))).toBe("+OK");
    expect(await info(wire, "rdb_last_bgsave_status")).toBe("ok");
    expect(await server.stop()).toBe(0);
  }, 60_000);
});
