/** What FLUSHALL leaves, in the file of snapshots. */
import { afterAll, describe, expect, test } from "bun:test";
import { numberOf, show } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import { folder, info, removeFolders, run } from "./aof-files.ts";

afterAll(removeFolders);

const start = (dir: string, options: Record<string, string> = {}): Promise<Server> =>
  startServer({ options: { dir, ...options } });

describe.skipIf(isOracle)("the file of snapshots", () => {
  test("shows what FLUSHALL leaves before its reply comes, where there are rules, and nothing of one that is rolled back", async () => {
    const flush = "#!ts name=f\nexport function gone(): string { Zedis.flushall(); return 'gone'; }";
    for (const [asked, left] of [
      [["FLUSHALL"], 0],
      [["EVAL", "redis.call('FLUSHALL', 'ASYNC') redis.call('SET', 'left', '1')", "0"], 1],
      [["FCALL", "gone", "0"], 0],
      [["FCALL_DRYRUN", "gone", "0"], 200],
    ] as const) {
      const dir = folder();
      let server = await start(dir, { save: "3600 1000000" });
      let wire = await server.connect();
      await run(wire, [
        ["MSET", ...Array.from({ length: 200 }, (_, index) => [`k${index}`, "v"]).flat()],
        ["FUNCTION", "LOAD", flush],
        ["SAVE"],
      ]);
      expect(show(await wire.call([...asked]))).not.toStartWith("-");
      server.signal("SIGKILL");
      await server.exited;
      server = await start(dir);
      wire = await server.connect();
      expect([asked, numberOf(await wire.call("DBSIZE"))]).toEqual([asked, left]);
      await server.stop();
    }
  }, 60_000);

  test("of what FLUSHALL leaves counts as one: no changes since, and none is made again", async () => {
    const server = await start(folder(), { save: "3600 1000000" });
    const wire = await server.connect();
    await run(wire, [["SET", "k", "v"], ["FLUSHALL"]]);
    expect(await info(wire, "rdb_changes_since_last_save")).toBe("0");
    expect(await info(wire, "rdb_saves")).toBe("1");
    expect(show(await wire.call("BGSAVE"))).toBe("+Background saving started");
    await until("the snapshot", async () => (await info(wire, "rdb_bgsave_in_progress")) === "0");
    expect(await info(wire, "rdb_saves")).toBe("2");
    expect(server.log.match(/Background saving started/g)).toHaveLength(1);
    await server.stop();
  }, 60_000);
});
