/**
 * The append only file: what is in it after commands, transactions, scripts and procedures; restarts; both ways between here and
 * redis-server.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeRequest, numberOf, show, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";
import { digestOf, folder, LOG, logged, removeFolders, run, start } from "./aof-files.ts";
import { COMMON, OURS } from "./samples.ts";

afterAll(removeFolders);

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

  test("keeps code of who is not trusted in quickjs, whoever loads it at the next start", async () => {
    const dir = folder();
    const options = { "procedure-trusted-users": "default" };
    let server = await start(dir, options);
    const wire = await server.connect();
    const source = "#!ts name=theirs engine=jsc\nexport function h(): string { return 'theirs'; }";
    await run(wire, [["ACL", "SETUSER", "guest", "on", ">secret", "~*", "+@all"]]);
    const guest = await server.connect();
    await run(guest, [
      ["AUTH", "guest", "secret"],
      ["FUNCTION", "LOAD", source],
    ]);
    await run(wire, [["FUNCTION", "LOAD", "#!ts name=ours\nexport function o(): string { return 'ours'; }"]]);
    const engines = async (one: Wire): Promise<string> =>
      [...show(await one.call("FUNCTION LIST")).matchAll(/TS(?: \(quickjs\))?/g)].map(String).sort().join();
    expect(await engines(wire)).toBe("TS,TS (quickjs)");
    await run(wire, [["SAVE"]]);
    await server.stop();
    for (const appendonly of ["yes", "no"]) {
      server = await start(dir, { ...options, appendonly });
      const again = await server.connect();
      expect(await engines(again)).toBe("TS,TS (quickjs)");
      expect(show(await again.call("FCALL h 0"))).toBe('"theirs"');
      await server.stop();
    }
  }, 60_000);

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

  test("is loaded in place of the data set by DEBUG LOADAOF, and logged on", async () => {
    const dir = folder();
    const server = await start(dir);
    const wire = await server.connect();
    await run(wire, [...COMMON, ...OURS]);
    const digest = await digestOf(server);
    await run(wire, [["DEBUG", "LOADAOF"]]);
    expect(await digestOf(server)).toBe(digest);
    await run(wire, [["SET", "after", "1"]]);
    const later = await digestOf(server);
    await server.stop();
    const again = await start(dir);
    expect(await digestOf(again)).toBe(later);
    await again.stop();
  }, 30_000);

  test("is loaded by DEBUG LOADAOF at once after it was switched on", async () => {
    const server = await startServer({ options: { dir: folder(), cores: "2" } });
    const wire = await server.connect();
    const replies = await wire.pipeline([
      ["SET", "before", "1"],
      ["CONFIG", "SET", "appendonly", "yes"],
      ["SET", "after", "2"],
      ["DEBUG", "LOADAOF"],
      ["MGET", "before", "after"],
    ]);
    expect(replies.map(show)).toEqual(["+OK", "+OK", "+OK", "+OK", '["1", "2"]']);
    await server.stop();
  }, 30_000);

  test("keeps when pending entries were delivered, and counts a consumer's idleness from the load", async () => {
    const dir = folder();
    let server = await start(dir);
    let wire = await server.connect();
    await run(wire, [
      ["XADD", "s", "1-1", "a", "b"],
      ["XGROUP", "CREATE", "s", "g", "0"],
      ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"],
      ["XCLAIM", "s", "g", "c", "0", "1-1", "TIME", "1700000000000"],
    ]);
    await server.stop();
    const began = Date.now();
    server = await start(dir);
    wire = await server.connect();
    const idle = Number(/"c", :(\d+)/.exec(show(await wire.call("XPENDING s g - + 10")))?.[1]);
    expect(Date.now() - idle).toBeGreaterThanOrEqual(1700000000000);
    expect(began - idle).toBeLessThanOrEqual(1700000000000);
    const asked = Number(/"idle", :(\d+)/.exec(show(await wire.call("XINFO CONSUMERS s g")))?.[1]);
    expect(asked).toBeLessThanOrEqual(Date.now() - began);
    await server.stop();
  }, 30_000);

  test("is on disk when WAITAOF says so, or not within its time", async () => {
    const server = await start(folder());
    const wire = await server.connect();
    await run(wire, [["SET", "a", "1"]]);
    expect(show(await wire.call("WAITAOF 1 0 0"))).toBe("[:1, :0]");
    const began = Date.now();
    expect(show(await wire.call("WAITAOF 1 1 300"))).toBe("[:1, :0]");
    expect(Date.now() - began).toBeGreaterThanOrEqual(250);
    await run(wire, [
      ["CONFIG", "SET", "appendfsync", "always"],
      ["SET", "a", "2"],
    ]);
    expect(show(await wire.call("WAITAOF 1 0 0"))).toBe("[:1, :0]");
    expect(show(await wire.call("GET a"))).toBe('"2"');
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

describe.skipIf(isOracle || oraclePath() === null)("between here and redis-server", () => {
  test("a log written here loads there, with a library that it has no engine for: the same digest", async () => {
    const dir = folder();
    const here = await start(dir);
    const wire = await here.connect();
    await run(wire, [
      ["FUNCTION", "LOAD", "#!ts name=base\nexport function base(k: string) { return Zedis.incr(k); }"],
    ]);
    await run(wire, [["BGREWRITEAOF"]]);
    await until("the rewrite", async () =>
      /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(textOf(await wire.call("INFO persistence"))),
    );
    await run(wire, [
      ["FUNCTION", "LOAD", "#!ts name=more\nexport function more(k: string) { return Zedis.incr(k); }"],
    ]);
    await run(wire, [...COMMON, ["FCALL", "base", "1", "n"], ["FCALL", "more", "1", "n"]]);
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
