/** Rewriting the append only file: by hand, by growth, switched on and off while the server runs, cut off at any moment. */
import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { show, textOf } from "../harness/resp.ts";
import type { Server } from "../harness/server.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";
import { digestOf, folder, removeFolders, run, start } from "./aof-files.ts";
import { COMMON, OURS } from "./samples.ts";

afterAll(removeFolders);

const info = async (wire: Wire, field: string): Promise<string> =>
  new RegExp(`${field}:(.*)\r`).exec(textOf(await wire.call("INFO persistence")))?.[1] ?? "";

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

  test.skipIf(oraclePath() === null)(
    "makes files that redis-server loads, RDB base or not",
    async () => {
      for (const preamble of ["yes", "no"]) {
        const dir = folder();
        const here = await start(dir, { "aof-use-rdb-preamble": preamble });
        const wire = await here.connect();
        await run(wire, COMMON);
        await run(wire, [["BGREWRITEAOF"]]);
        await rewritten(wire, "1");
        await run(wire, [["SET", "after", "1"]]);
        const digest = await digestOf(here);
        await here.stop();
        const there = await start(dir, {}, "redis");
        expect(await digestOf(there)).toBe(digest);
        await there.stop();
      }
    },
    60_000,
  );
});
