/** Memory has run out and nothing may be evicted: what is refused, and what a transaction, script or procedure in progress does. */
import { expect, setDefaultTimeout } from "bun:test";
import { err, errorLike, ok, queued } from "../harness/expected.ts";
import { numberOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { begin, figure, limit, names, send, sets, settles, VALUE } from "./limited.ts";

// Many keys, on machines that may be busy.
setDefaultTimeout(120_000);

const memory = suite({ kind: "zedis" });
const once = { only: 2, after: ["CONFIG SET maxmemory 0 maxmemory-policy noeviction", "FUNCTION FLUSH"] } as const;

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
const NOT_ALLOWED = "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";

const SOURCE = `#!ts name=filling
export function fill(prefix: string, count: number) {
  for (let index = 0; index < count; index++) Zedis.set(prefix + ":" + index, "x".repeat(500));
  let there = 0;
  for (let index = 0; index < count; index++) there += Zedis.exists(prefix + ":" + index);
  return there;
}
/** @no-writes */
export function look(key: string) {
  return Zedis.get(key);
}
`;

const FULL = ["CONFIG SET maxmemory 1", ok] as const;

memory.both(
  "what needs memory is refused, and what does not is not",
  async (wire) => {
    await begin(wire, "noeviction");
    await check(wire, [
      ["SET k v", ok],
      ["RPUSH l 1 2", 2],
      FULL,
      ["SET k w", err(OOM)],
      ["RPUSH l 3", err(OOM)],
      ["GET k", "v"],
      ["LPOP l", "1"],
      ["EXPIRE k 100", 1],
      ["DEL k", 1],
    ]);
  },
  once,
);

memory.both(
  "a transaction is not queued while memory is out, nor executed, and can be given up",
  async (wire) => {
    await begin(wire, "noeviction");
    const other = await memory.server.connect();
    await check(wire, [
      FULL,
      ["MULTI", ok],
      ["SET k v", err(OOM)],
      ["EXEC", err("EXECABORT Transaction discarded because of previous errors.")],
      // As in Redis, queueing itself takes memory.
      ["MULTI", ok],
      ["GET k", err(OOM)],
      ["DISCARD", ok],
      ["CONFIG SET maxmemory 0", ok],
      ["MULTI", ok],
      ["SET k v", queued],
    ]);
    await check(other, [FULL]);
    await check(wire, [
      ["EXEC", err(`EXECABORT Transaction discarded because of: ${OOM}`)],
      ["EXISTS k", 0],
      ["CONFIG SET maxmemory 0", ok],
      ["MULTI", ok],
      ["GET k", queued],
    ]);
    await check(other, [FULL]);
    await check(wire, [["EXEC", [null]]]);
    await other.close();
  },
  once,
);

memory.both(
  "nothing is evicted from beneath a transaction, a script or a procedure, and the next command makes room",
  async (wire) => {
    const count = 2000;
    const script = `for i = 1, ARGV[1] do redis.call('SET', 's:' .. i, '${VALUE}') end
      local there = 0
      for i = 1, ARGV[1] do there = there + redis.call('EXISTS', 's:' .. i) end
      return there`;
    await check(wire, [[["FUNCTION", "LOAD", "REPLACE", SOURCE], "filling"]]);
    const runs: (() => Promise<number>)[] = [
      async () => numberOf(await wire.call(["EVAL", script, "0", String(count)])),
      async () => numberOf(await wire.call(["FCALL", "fill", "0", "p", String(count)])),
      async () => {
        await check(wire, [["MULTI", ok]]);
        // Short to queue, long when it has run.
        const errors = await send(
          wire,
          names("m", count).map((key) => ["SETRANGE", key, "499", "x"]),
        );
        expect(errors).toBe(0);
        await wire.call(["EXISTS", ...names("m", count)]);
        const reply = await wire.call("EXEC");
        return numberOf(reply.kind === "array" ? reply.items.at(-1) : reply);
      },
    ];
    for (const run of runs) {
      await begin(wire, "allkeys-lru");
      const bytes = await limit(wire, 400_000);
      expect(await run()).toBe(count);
      await settles(wire, bytes + 20_000);
      expect(await figure(wire, "evicted_keys")).toBeGreaterThan(count / 4);
    }
  },
  once,
);

memory.both(
  "a script stops at its first write when memory is out, and one that has written goes on",
  async (wire) => {
    await begin(wire, "noeviction");
    const stopped = errorLike(/^OOM command not allowed when used memory > 'maxmemory'\./);
    await check(wire, [
      ["SET k v", ok],
      FULL,
      [["EVAL", "return redis.call('GET', 'k')", "0"], "v"],
      [["EVAL", "return redis.call('SET', 'k', 'w')", "0"], stopped],
      [["EVAL", "redis.call('DEL', 'k') return redis.call('SET', 'k', 'w')", "0"], ok],
      [["EVAL", "#!lua\nreturn 1", "0"], err(OOM)],
      [["EVAL_RO", "#!lua\nreturn 1", "1"], err(OOM)],
      [["EVAL", "#!lua flags=no-writes\nreturn 1", "0"], 1],
      [["EVAL", "#!lua flags=allow-oom\nreturn redis.call('SET', 'k', 'u')", "0"], ok],
    ]);
  },
  once,
);

memory.both(
  "a procedure that needs more than there is is rolled back",
  async (wire) => {
    await begin(wire, "noeviction");
    await check(wire, [
      [["FUNCTION", "LOAD", "REPLACE", SOURCE], "filling"],
      ["FCALL fill 0 p 10", 10],
    ]);
    await limit(wire, 400_000);
    await check(wire, [
      ["FCALL fill 0 q 2000", errorLike(/OOM command not allowed when used memory > 'maxmemory'/)],
      ["DBSIZE", 10],
      ["FCALL fill 0 q 10", 10],
      FULL,
      ["FCALL fill 0 p 1", err(OOM)],
      ["FCALL look 0 p:0", VALUE],
      ["CONFIG SET maxmemory 0", ok],
      ["MULTI", ok],
      ["FCALL fill 0 p 1", queued],
      ["FCALL look 0 p:0", queued],
    ]);
    const other = await memory.server.connect();
    await check(other, [FULL]);
    // What was queued before is judged when it runs.
    await check(wire, [["EXEC", [err(NOT_ALLOWED), VALUE]]]);
    await other.close();
  },
  once,
);

memory.both(
  "memory that has been freed can be used again at once",
  async (wire) => {
    await begin(wire, "noeviction");
    await limit(wire, 300_000);
    const keys = names("k", 2000);
    const refused = await send(wire, sets(keys));
    expect(refused).toBeGreaterThan(1000);
    await check(wire, [["SET another 1", err(OOM)]]);
    await send(
      wire,
      keys.map((key) => ["DEL", key]),
    );
    await check(wire, [["SET another 1", ok]]);
  },
  once,
);
