/** Keys that were evicted are gone after a restart too: an eviction is in the append only file as the command that repeats it. */
import { afterAll, describe, expect, test } from "bun:test";
import { digestOf, folder, logged, removeFolders, start } from "../durability/aof-files.ts";
import { isOracle } from "../harness/target.ts";
import { begin, figure, limit, names, send, sets, settles } from "./limited.ts";

afterAll(removeFolders);

describe.skipIf(isOracle)("evictions and the append only file", () => {
  test("a restart finds what was left, and no more", async () => {
    const dir = folder();
    const server = await start(dir);
    const wire = await server.connect();
    await begin(wire, "allkeys-lfu");
    await send(wire, sets(names("early", 1000)));
    const bytes = await limit(wire, 100_000);
    expect(await send(wire, sets(names("late", 2000)))).toBe(0);
    await settles(wire, bytes + 20_000);
    const evicted = await figure(wire, "evicted_keys");
    expect(evicted).toBeGreaterThan(1000);
    // What the log takes in memory costs no keys.
    expect(await figure(wire, "mem_not_counted_for_evict")).toBeGreaterThan(1_000_000);
    await wire.call("CONFIG SET maxmemory 0");
    const before = await digestOf(server);
    await wire.call("SET end 1");
    const lines = await logged(dir, "SET end 1");
    expect(lines.filter((line) => line.startsWith("DEL ")).length).toBe(await figure(wire, "evicted_keys"));
    await wire.call("DEL end");
    await server.stop();

    const again = await start(dir);
    expect(await digestOf(again)).toEqual(before);
    await again.stop();
  }, 60_000);
});
