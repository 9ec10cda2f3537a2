/** `used_memory` is what the allocator has given out: it follows the data whatever their shape, and comes back when they go. */
import { expect, setDefaultTimeout } from "bun:test";
import { numberOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import type { Command, Wire } from "../harness/wire.ts";
import { begin, figure, send } from "./limited.ts";

// Many keys, on machines that may be busy.
setDefaultTimeout(120_000);

const memory = suite({ kind: "zedis", options: { cores: "1" } });
const once = { only: 2 } as const;

const many = (count: number, of: (index: number) => string[]): string[] =>
  Array.from({ length: count }, (_, index) => of(index)).flat();
/** Lengths that differ from key to key and fall into every size class of an allocator. */
const text = (index: number, from: number, to: number): string => "x".repeat(from + ((index * 7919) % (to - from)));

/** How often each shape is stored where resident memory is looked at: what it does not share with the data is to count little. */
const TURNS = 2;

/** Data of one shape: how many keys, and the commands that make one of them. */
type Shape = readonly [count: number, make: (key: string, index: number) => Command[]];

const SHAPES: Readonly<Record<string, Shape>> = {
  "short strings": [40_000, (key, index) => [["SET", key, text(index, 1, 190)]]],
  "strings that expire": [30_000, (key, index) => [["SET", key, text(index, 1, 100), "EX", "100000"]]],
  "long strings": [3_000, (key, index) => [["SET", key, text(index, 200, 4000)]]],
  "strings of some megabytes": [3, (key, index) => [["SET", key, text(index, 1_000_000, 4_000_000)]]],
  "strings that grew": [
    3_000,
    (key, index) => many(4, (turn) => [text(index + turn, 10, 400)]).map((tail) => ["APPEND", key, tail]),
  ],
  "small hashes": [20_000, (key, index) => [["HSET", key, ...many(5, (field) => [`f${field}`, `${index}`])]]],
  "large hashes": [40, (key) => [["HSET", key, ...many(2000, (field) => [`field:${field}`, `value ${field}`])]]],
  "large sets": [40, (key, index) => [["SADD", key, ...many(2000, (member) => [`member:${index}:${member}`])]]],
  "large sorted sets": [40, (key) => [["ZADD", key, ...many(1500, (at) => [`${at * 17}`, `member:${at}`])]]],
  lists: [40, (key, index) => [["RPUSH", key, ...many(2000, (at) => [`element ${at * index}`])]]],
  streams: [
    40,
    (key) => Array.from({ length: 200 }, (_, at): Command => ["XADD", key, "*", "field", `${at}`, "other", "value"]),
  ],
};

async function fill(wire: Wire, [count, make]: Shape): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, index) => `key:${index}`);
  const commands = keys.flatMap((key, index) => make(key, index));
  expect(await send(wire, commands)).toBe(0);
  return keys;
}

// On a fresh server: nothing is free in its memory yet.
memory.both(
  "resident memory grows by what used_memory grows by, and little more",
  async (wire) => {
    await begin(wire, "noeviction");
    const [used, resident] = [await figure(wire, "used_memory"), await memory.server.residentBytes()];
    for (const [at, shape] of Object.values(SHAPES).entries()) {
      const [count, make] = shape;
      for (let turn = 0; turn < TURNS; turn++) {
        const keys = Array.from({ length: count }, (_, index) => make(`shape${at}:${turn}:${index}`, index));
        await send(wire, keys.flat());
      }
    }
    const grown = (await figure(wire, "used_memory")) - used;
    const more = (await memory.server.residentBytes()) - resident;
    expect(grown).toBeGreaterThan(60_000_000);
    // Beyond the data, the allocator's pages are touched ahead of their use, and the engine's heap grows once: some 80 MB.
    expect(more).toBeGreaterThan(grown * 0.9);
    expect(more).toBeLessThan(grown * 1.5 + 100_000_000);
  },
  once,
);

for (const [name, shape] of Object.entries(SHAPES)) {
  memory.both(
    `${name} are counted as what they take, and as nothing once they are gone`,
    async (wire) => {
      // Once before, so that buffers and figures of this kind of work are there.
      await begin(wire, "noeviction");
      await fill(wire, shape);
      await wire.call("FLUSHALL SYNC");
      const before = await figure(wire, "used_memory");
      const keys = await fill(wire, shape);
      const taken = (await figure(wire, "used_memory")) - before;
      const replies = await wire.pipeline(keys.map((key) => ["MEMORY", "USAGE", key]));
      const told = replies.reduce((sum, reply) => sum + numberOf(reply), 0);
      // MEMORY USAGE is the sum over the parts of a value, as each type counts them.
      expect(told / taken).toBeGreaterThan(0.75);
      expect(told / taken).toBeLessThan(1.1);
      await wire.call("FLUSHALL SYNC");
      const left = (await figure(wire, "used_memory")) - before;
      expect(Math.abs(left)).toBeLessThan(Math.max(taken * 0.02, 150_000));
    },
    once,
  );
}
