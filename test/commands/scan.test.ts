/** SCAN, HSCAN and SSCAN: options, errors, and the guarantee that what is there throughout is returned. */
import { expect } from "bun:test";
import { err, ok, unordered } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";
import type { Command, Wire } from "../harness/wire.ts";

const scans = suite();
const syntax = err("ERR syntax error");
const invalidCursor = err("ERR invalid cursor");
const notInteger = err("ERR value is not an integer or out of range");

/** Everything one whole iteration returns, with repetitions; `between` runs after each step. */
async function scanAll(
  wire: Wire,
  request: (cursor: string) => Command,
  between: (step: number) => Promise<void> = async () => {},
): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  for (let step = 0; ; step++) {
    const [next, items] = itemsOf(await wire.call(request(cursor)));
    found.push(...itemsOf(items).map(textOf));
    cursor = textOf(next);
    if (cursor === "0") return found;
    if (step > 200_000) throw new Error("the iteration does not end");
    await between(step);
  }
}

const fill = (wire: Wire, count: number, prefix = "key:") =>
  wire.call(["MSET", ...Array.from({ length: count }, (_, index) => [`${prefix}${index}`, "v"]).flat()]);

scans.rows("SCAN of an empty keyspace ends at once", [["SCAN 0", ["0", []]]]);

scans.rows("SCAN returns few keys in one step", [
  ["MSET a 1 b 2", ok],
  ["HSET h f v", 1],
  ["SCAN 0 COUNT 1000", ["0", unordered("a", "b", "h")]],
  ["SCAN 0 COUNT 1000 TYPE string", ["0", unordered("a", "b")]],
  ["SCAN 0 COUNT 1000 TYPE HASH", ["0", ["h"]]],
  ["SCAN 0 COUNT 1000 TYPE list", ["0", []]],
  ["scan 0 count 1000 match a*", ["0", ["a"]]],
  ["SCAN 0 MATCH * COUNT 1000 TYPE hash", ["0", ["h"]]],
  ["SCAN 0 MATCH a COUNT 10 COUNT 1000", ["0", ["a"]]],
]);

scans.rows(
  "SCAN knows the types by name",
  [
    ["HSET h f v", 1],
    ["SCAN 0 TYPE nosuchtype COUNT 1000", ["0", []]],
    ["SCAN 0 TYPE hash COUNT 1000", ["0", ["h"]]],
    ["SCAN 0 TYPE ARRAY COUNT 1000", ["0", []]],
    ["SCAN 0 NOSCORES", err("ERR NOSCORES option can only be used in ZSCAN")],
  ],
  { since: "9.9" },
);

scans.rows("SCAN refuses what it does not know", [
  ["SET k v", ok],
  ["SCAN x", invalidCursor],
  ["SCAN 1x", invalidCursor],
  ["SCAN 99999999999999999999", invalidCursor],
  ["SCAN 0 COUNT 0", syntax],
  ["SCAN 0 COUNT -5", syntax],
  ["SCAN 0 COUNT x", notInteger],
  ["SCAN 0 COUNT", syntax],
  ["SCAN 0 MATCH", syntax],
  ["SCAN 0 TYPE", syntax],
  ["SCAN 0 FOO bar", syntax],
  ["SCAN 0 FOO", syntax],
]);

for (const count of [1, 10, 1000]) {
  scans.both(`SCAN COUNT ${count} returns every key of a still keyspace exactly once`, async (wire) => {
    await fill(wire, 3000);
    const found = await scanAll(wire, (cursor) => ["SCAN", cursor, "COUNT", String(count)]);
    expect(new Set(found).size).toBe(3000);
    expect(found.length).toBe(3000);
  });
}

scans.both("a step returns about COUNT keys", async (wire) => {
  await fill(wire, 20_000);
  const sizes: number[] = [];
  let cursor = "0";
  do {
    const [next, items] = itemsOf(await wire.call(["SCAN", cursor, "COUNT", "100"]));
    sizes.push(itemsOf(items).length);
    cursor = textOf(next);
  } while (cursor !== "0");
  expect(Math.max(...sizes)).toBeLessThan(1000);
  expect(sizes.length).toBeLessThan(1000);
});

scans.both(
  "MATCH and TYPE filter the whole iteration, and expired keys are left out",
  async (wire) => {
    await fill(wire, 1000);
    await fill(wire, 1000, "other:");
    await wire.pipeline(Array.from({ length: 100 }, (_, index) => `HSET hash:${index} f v`));
    await wire.call("DEBUG SET-ACTIVE-EXPIRE 0");
    await wire.pipeline(Array.from({ length: 500 }, (_, index) => `SET other:${index} v PXAT 1`));
    const matched = await scanAll(wire, (cursor) => ["SCAN", cursor, "MATCH", "other:*"]);
    expect(new Set(matched)).toEqual(new Set(Array.from({ length: 500 }, (_, index) => `other:${index + 500}`)));
    const hashes = await scanAll(wire, (cursor) => ["SCAN", cursor, "TYPE", "hash", "COUNT", "50"]);
    expect(hashes.length).toBe(100);
  },
  { after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

scans.both("keys that stay are returned while the keyspace grows a hundredfold", async (wire) => {
  await fill(wire, 500, "stays:");
  const found = await scanAll(
    wire,
    (cursor) => ["SCAN", cursor, "COUNT", "20"],
    async (step) => {
      if (step < 25) await fill(wire, 2000, `new:${step}:`);
    },
  );
  const seen = new Set(found);
  for (let index = 0; index < 500; index++) expect(seen).toContain(`stays:${index}`);
});

scans.both("keys that stay are returned while the keyspace shrinks", async (wire) => {
  await fill(wire, 20_000, "goes:");
  await fill(wire, 500, "stays:");
  const found = await scanAll(
    wire,
    (cursor) => ["SCAN", cursor, "COUNT", "100"],
    async (step) => {
      if (step >= 20) return;
      const gone = Array.from({ length: 1000 }, (_, index) => `goes:${step * 1000 + index}`);
      await wire.call(["DEL", ...gone]);
    },
  );
  const seen = new Set(found);
  for (let index = 0; index < 500; index++) expect(seen).toContain(`stays:${index}`);
});

scans.both("keys that stay are returned while random others come and go", async (wire) => {
  const random = new Random(77);
  await fill(wire, 1000, "stays:");
  await fill(wire, 3000, "moves:");
  const found = await scanAll(
    wire,
    (cursor) => ["SCAN", cursor, "COUNT", "10"],
    async (step) => {
      if (step > 400) return;
      const name = () => `moves:${random.below(20_000)}`;
      await wire.pipeline(Array.from({ length: 50 }, () => (random.chance(0.5) ? `SET ${name()} v` : `DEL ${name()}`)));
    },
  );
  const seen = new Set(found);
  for (let index = 0; index < 1000; index++) expect(seen).toContain(`stays:${index}`);
});

scans.both("a cursor that nobody gave out is no danger", async (wire) => {
  await fill(wire, 100);
  const random = new Random(5);
  for (let round = 0; round < 200; round++) {
    const cursor = (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
    const [next, items] = itemsOf(await wire.call(["SCAN", String(cursor), "COUNT", "10"]));
    expect(textOf(next)).toMatch(/^\d+$/);
    expect(itemsOf(items).length).toBeLessThanOrEqual(100);
  }
});

const smallHash: readonly Row[] = [
  ["HSCAN none 0", ["0", []]],
  ["HSET h a 1 b 2 c 3", 3],
  ["HSCAN h 0", ["0", ["a", "1", "b", "2", "c", "3"]]],
  ["HSCAN h 0 MATCH b", ["0", ["b", "2"]]],
  ["HSCAN h 0 COUNT 1", ["0", ["a", "1", "b", "2", "c", "3"]]],
  ["HSCAN h x", invalidCursor],
  ["HSCAN h 0 COUNT 0", syntax],
  ["HSCAN h 0 TYPE string", syntax],
  ["HSCAN h 0 FOO", syntax],
  ["HSCAN none x", invalidCursor],
];
scans.rows("HSCAN of a listpack returns it whole", smallHash);
scans.rows(
  "HSCAN NOVALUES leaves the values out",
  [
    ["HSET h a 1 b 2", 2],
    ["HSCAN h 0 NOVALUES", ["0", ["a", "b"]]],
    ["HSCAN h 0 novalues MATCH b", ["0", ["b"]]],
  ],
  { since: "7.4" },
);

scans.both("HSCAN of a hash table returns each field with its value", async (wire) => {
  const pairs = Array.from({ length: 2000 }, (_, index) => [`f${index}`, `v${index}`] as const);
  await wire.call(["HSET", "h", ...pairs.flat()]);
  for (const count of ["1", "10", "500"]) {
    const flat = await scanAll(wire, (cursor) => ["HSCAN", "h", cursor, "COUNT", count]);
    const found = new Map(
      Array.from({ length: flat.length / 2 }, (_, index) => [flat[index * 2], flat[index * 2 + 1]] as const),
    );
    expect(found).toEqual(new Map(pairs));
  }
  const matched = await scanAll(wire, (cursor) => ["HSCAN", "h", cursor, "MATCH", "f19?9", "COUNT", "100"]);
  expect(matched.filter((_, index) => index % 2 === 0).sort()).toEqual(
    Array.from({ length: 10 }, (_, index) => `f19${index}9`),
  );
});

scans.both("fields that stay are returned while the hash grows and shrinks", async (wire) => {
  const stays = Array.from({ length: 300 }, (_, index) => [`stays${index}`, "v"]).flat();
  for (const grows of [true, false]) {
    await wire.call("DEL h");
    await wire.call(["HSET", "h", ...stays]);
    const moving = Array.from({ length: 10_000 }, (_, index) => `moves${index}`);
    if (!grows) await wire.call(["HSET", "h", ...moving.flatMap((name) => [name, "v"])]);
    const flat = await scanAll(
      wire,
      (cursor) => ["HSCAN", "h", cursor, "COUNT", grows ? "10" : "200"],
      async (step) => {
        const part = moving.slice(step * 500, step * 500 + 500);
        if (part.length > 0)
          await wire.call(grows ? ["HSET", "h", ...part.flatMap((name) => [name, "v"])] : ["HDEL", "h", ...part]);
      },
    );
    const seen = new Set(flat);
    for (let index = 0; index < 300; index++) expect(seen).toContain(`stays${index}`);
  }
});

scans.rows("SSCAN of a small set returns it whole", [
  ["SSCAN none 0", ["0", []]],
  ["SSCAN none 0 FOO", ["0", []]],
  ["SSCAN none x", invalidCursor],
  ["SADD s 1 2 3", 3],
  ["SSCAN s 0", ["0", ["1", "2", "3"]]],
  ["SSCAN s 0 COUNT 1", ["0", ["1", "2", "3"]]],
  ["SADD t a b ba", 3],
  ["SSCAN t 0 MATCH b*", ["0", unordered("b", "ba")]],
  ["SSCAN s 5 MATCH [12]", ["0", ["1", "2"]]],
  ["SSCAN s x", invalidCursor],
  ["SSCAN s 0 COUNT 0", syntax],
  ["SSCAN s 0 COUNT x", notInteger],
  ["SSCAN s 0 COUNT", syntax],
  ["SSCAN s 0 TYPE string", syntax],
  ["SSCAN s 0 FOO", syntax],
]);

scans.both("members that stay are returned while the set grows and shrinks", async (wire) => {
  const stays = Array.from({ length: 300 }, (_, index) => `stays${index}`);
  for (const grows of [true, false]) {
    await wire.call("DEL s");
    await wire.call(["SADD", "s", ...stays]);
    const moving = Array.from({ length: 20_000 }, (_, index) => `moves${index}`);
    if (!grows) await wire.call(["SADD", "s", ...moving]);
    const found = await scanAll(
      wire,
      (cursor) => ["SSCAN", "s", cursor, "COUNT", grows ? "10" : "200"],
      async (step) => {
        const part = moving.slice(step * 500, step * 500 + 500);
        if (part.length > 0) await wire.call([grows ? "SADD" : "SREM", "s", ...part]);
      },
    );
    const seen = new Set(found);
    for (const name of stays) expect(seen).toContain(name);
  }
});

scans.both("SSCAN with a COUNT of everything returns everything at once", async (wire) => {
  const members = Array.from({ length: 40_000 }, (_, index) => `member:${index}`);
  for (let start = 0; start < members.length; start += 5000)
    await wire.call(["SADD", "s", ...members.slice(start, start + 5000)]);
  const [next, items] = itemsOf(await wire.call("SSCAN s 0 COUNT 1000000"));
  expect([textOf(next), new Set(itemsOf(items).map(textOf)).size]).toEqual(["0", 40_000]);
  const [, matched] = itemsOf(await wire.call("SSCAN s 0 MATCH *99 COUNT 1000000"));
  expect(itemsOf(matched).length).toBe(400);
});
