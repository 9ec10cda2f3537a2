/** What expiring fields do beside their replies: the sweep, INFO, MULTI and procedures, events; and large hashes. */
import { expect, test } from "bun:test";
import { map, nilArray, ok, queued, unorderedMap } from "../harness/expected.ts";
import { itemsOf, numberOf, textOf } from "../harness/resp.ts";
import { check, type Row, suite } from "../harness/suite.ts";
import { quiet, tells, told } from "../harness/told.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";
import { eachEncodingOf, far_ms, later, lazily } from "./hash-expiry.ts";

const hashes = suite();
const eachEncoding = eachEncodingOf(hashes);

for (const [encoding, limit] of [
  ["listpackex", 512],
  ["hashtable", 0],
] as const) {
  hashes.both(
    `fields of a ${encoding} go by themselves, and the key with the last of them`,
    async (wire) => {
      await check(wire, [
        [`CONFIG SET hash-max-listpack-entries ${limit}`, ok],
        ["HSET h a 1 b 2 c 3", 3],
        ["HSET all a 1 b 2", 2],
        ["HPEXPIRE h 20 FIELDS 2 a b", [1, 1]],
        ["HPEXPIRE all 20 FIELDS 2 a b", [1, 1]],
      ]);
      expect(await subexpiry(wire)).toBe(2);
      await until("two fields of h to expire", async () => numberOf(await wire.call("HLEN h")) === 1);
      await until("the key to go", async () => numberOf(await wire.call("EXISTS all")) === 0);
      await check(wire, [["HGETALL h", map("c", "3")]]);
      expect(await subexpiry(wire)).toBe(0);
    },
    { since: "7.4.0", after: ["CONFIG SET hash-max-listpack-entries 512"] },
  );
}

async function subexpiry(wire: Wire): Promise<number> {
  return Number(/^db0:.*subexpiry=(\d+)/m.exec(textOf(await wire.call("INFO keyspace")))?.[1] ?? "0");
}

hashes.both(
  "INFO counts hashes with expiring fields and fields that have expired",
  async (wire) => {
    const expired = async () => Number(/^expired_subkeys:(\d+)/m.exec(textOf(await wire.call("INFO stats")))?.[1]);
    await check(wire, [...lazily, ["HSET h a 1 b 2 c 3", 3], ["HSET i a 1", 1]]);
    expect(await subexpiry(wire)).toBe(0);
    await check(wire, [["HEXPIRE h 100 FIELDS 2 a b", [1, 1]]]);
    expect(await subexpiry(wire)).toBe(1);
    await check(wire, [
      ["COPY h copied", 1],
      ["RENAME copied renamed", ok],
      ["HEXPIRE i 100 FIELDS 1 a", [1]],
    ]);
    expect(await subexpiry(wire)).toBe(3);
    await check(wire, [
      ["HDEL i a", 1],
      ["HPERSIST renamed FIELDS 2 a b", [1, 1]],
    ]);
    expect(await subexpiry(wire)).toBe(1);
    const before = await expired();
    await check(wire, [["HPEXPIRE h 1 FIELDS 1 a", [1]], later, ["HGET h a", null], ["HEXPIRE h 0 FIELDS 1 b", [2]]]);
    expect((await expired()) - before).toBe(2);
    await check(wire, [["FLUSHALL", ok]]);
    expect(await subexpiry(wire)).toBe(0);
  },
  { since: "7.4.0", after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

eachEncoding("in MULTI they run with the rest, and a watched key notices", [
  ["HSET h a 1 b 2", 2],
  ["MULTI", ok],
  ["HEXPIRE h 100 FIELDS 1 a", queued],
  ["HTTL h FIELDS 2 a b", queued],
  ["HPERSIST h FIELDS 1 a", queued],
  ["HGET h a", queued],
  ["EXEC", [[1], [100, -1], [1], "1"]],
  ["WATCH h", ok],
  ["HEXPIRE h 100 FIELDS 1 a", [1]],
  ["MULTI", ok],
  ["PING", queued],
  ["EXEC", nilArray],
]);

for (const limit of [0, 512]) {
  hashes.both(
    `a procedure sees no expired field, and what fails leaves expiries as they were (limit ${limit})`,
    async (wire) => {
      const library = `#!ts name=ttls
export function broken(key: string) {
  Zedis.hexpire(key, 50, "FIELDS", 1, "a");
  Zedis.hpersist(key, "FIELDS", 1, "b");
  Zedis.hset(key, "c", "changed", "new", "1");
  Zedis.hgetdel(key, "FIELDS", 1, "d");
  throw new Error("no");
}
export function seen(key: string) {
  return JSON.stringify([Zedis.hget(key, "a"), Zedis.hkeys(key), Zedis.httl(key, "FIELDS", 1, "b")]);
}`;
      await check(wire, [
        ...lazily,
        [`CONFIG SET hash-max-listpack-entries ${limit}`, ok],
        [["FUNCTION", "LOAD", "REPLACE", library], "ttls"],
        ["HSET h a 1 b 2 c 3 d 4", 4],
        [`HPEXPIREAT h ${far_ms} FIELDS 3 b c d`, [1, 1, 1]],
      ]);
      const reply = await wire.call("FCALL broken 1 h");
      expect(reply.kind).toBe("error");
      await check(wire, [
        ["HGETALL h", unorderedMap(["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"])],
        ["HPEXPIRETIME h FIELDS 5 a b c d new", [-1, far_ms, far_ms, far_ms, -2]],
        ["HPEXPIRE h 1 FIELDS 1 a", [1]],
        later,
      ]);
      const found = JSON.parse(textOf(await wire.call("FCALL seen 1 h"))) as [unknown, string[], number[]];
      expect([found[0], found[1].sort()]).toEqual([null, ["b", "c", "d"]]);
      expect(found[2][0]).toBeGreaterThan(1000);
      await check(wire, [["HLEN h", 3]]);
    },
    {
      since: "99.0.0",
      after: ["CONFIG SET hash-max-listpack-entries 512", "DEBUG SET-ACTIVE-EXPIRE 1"],
    },
  );
}

/** Runs the rows with these classes on, and gives the events as `channel message`. */
async function firedBy(wire: Wire, classes: string, rows: readonly Row[], count: number): Promise<string[]> {
  const listener = await hashes.server.connect(wire.protocol);
  await check(wire, [[`CONFIG SET notify-keyspace-events ${classes}`, ok]]);
  await tells(listener, "PSUBSCRIBE *");
  await check(wire, rows);
  const got: string[] = [];
  while (got.length < count) got.push((await told(listener)).replace(/^pmessage \* (__keyspace@0__:)?/, ""));
  await tells(listener, "PUNSUBSCRIBE *");
  expect(await quiet(listener)).toEqual([]);
  await listener.close();
  await check(wire, [['CONFIG SET notify-keyspace-events ""', ok]]);
  return got;
}

/** Each command with the events it fires, after one another. */
const firing: readonly (readonly [Row, ...string[]])[] = [
  [["HSET h f1 v f2 v f3 v f4 v f5 v", 5], "hset"],
  [["HEXPIRE h 100 FIELDS 2 f1 f2", [1, 1]], "hexpire"],
  [["HEXPIRE h 100 XX FIELDS 1 f3", [0]]],
  [["HPERSIST h FIELDS 2 f1 f3", [1, -1]], "hpersist"],
  [["HPERSIST h FIELDS 1 f3", [-1]]],
  [["HEXPIRE h 0 FIELDS 1 f1", [2]], "hdel"],
  [["HGETEX h FIELDS 1 f2", ["v"]]],
  [["HGETEX h PX 0 FIELDS 1 f2", ["v"]], "hdel"],
  [["HGETEX h EX 100 FIELDS 1 f3", ["v"]], "hexpire"],
  [["HGETEX h PERSIST FIELDS 1 f3", ["v"]], "hpersist"],
  [["HSETEX h PX 1 FIELDS 1 f3 v", 1], "hset", "hexpire"],
  [later],
  [["HGETEX h EX 100 FIELDS 2 f3 f4", [null, "v"]], "hexpired", "hexpire"],
  [["HSETEX h PX 0 FIELDS 1 f4 v", 1], "hset", "hdel"],
  [["HSETEX h PX 1 FIELDS 2 f4 v f6 v", 1], "hset", "hexpire"],
  [later],
  [["HMGET h f4 f5 f6", [null, "v", null]], "hexpired"],
  [["HGETDEL h FIELDS 1 f5", ["v"]], "hdel", "del"],
  [["HSETEX h PX 1 FIELDS 2 f1 v f2 v", 1], "hset", "hexpire"],
  [later],
  [["HGETEX h FIELDS 2 f1 f2", [null, null]], "hexpired", "del"],
  [["HSETEX h PX 0 FIELDS 1 f1 v", 1], "hset", "hdel", "del"],
  [["HSET h f1 v f2 v", 2], "hset"],
  [["HPEXPIRE h 1 FIELDS 1 f1", [1]], "hexpire"],
  [later],
  [["HSETEX h FXX PX 10 FIELDS 1 f1 v", 0], "hexpired"],
  [["HPEXPIRE h 1 FIELDS 1 f2", [1]], "hexpire"],
  [later],
  [["HSETEX h FNX PX 10000 FIELDS 1 f2 v", 1], "hexpired", "hset", "hexpire"],
  [["HPEXPIRE h 1 FIELDS 1 f2", [1]], "hexpire"],
  [later],
  [["HINCRBY h f2 1", 1], "hexpired", "del", "hincrby"],
  [["HSETEX h PX 1 FIELDS 1 f3 v", 1], "hset", "hexpire"],
  [later],
  [["HGETDEL h FIELDS 2 f2 f3", ["1", null]], "hexpired", "hdel", "del"],
];

for (const limit of [0, 512]) {
  hashes.both(
    `events of fields come in Redis's order (limit ${limit})`,
    async (wire) => {
      await check(wire, [...lazily, [`CONFIG SET hash-max-listpack-entries ${limit}`, ok]]);
      const wanted = firing.flatMap(([, ...events]) => events.map((event) => `h ${event}`));
      const rows = firing.map(([row]) => row);
      expect(await firedBy(wire, "Khg", rows, wanted.length)).toEqual(wanted);
    },
    { since: "8.0.0", after: ["CONFIG SET hash-max-listpack-entries 512", "DEBUG SET-ACTIVE-EXPIRE 1"] },
  );
}

hashes.both(
  "subkey events name the fields",
  async (wire) => {
    const rows: Row[] = [
      ["HSET h a 1 b 2", 2],
      ["HEXPIRE h 100 FIELDS 2 a none", [1, -2]],
      ["HINCRBY h b 1", 3],
      ["HPERSIST h FIELDS 2 a b", [1, -1]],
      ["HDEL h a none", 1],
      ["HEXPIRE h 0 FIELDS 1 b", [2]],
    ];
    expect(await firedBy(wire, "Sh", rows, 6)).toEqual([
      "__subkeyspace@0__:h hset|1:a,1:b",
      "__subkeyspace@0__:h hexpire|1:a",
      "__subkeyspace@0__:h hincrby|1:b",
      "__subkeyspace@0__:h hpersist|1:a",
      "__subkeyspace@0__:h hdel|1:a",
      "__subkeyspace@0__:h hdel|1:b",
    ]);
  },
  { since: "8.8.0" },
);

test("a large hash is replied whole while others change it, without the fields that had expired", async () => {
  const wire = await hashes.server.connect(2);
  const other = await hashes.server.connect(2);
  await check(wire, [
    ["FLUSHALL", ok],
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
  ]);
  const count = 30_000;
  for (let from = 0; from < count; from += 1000) {
    const pairs = Array.from({ length: 1000 }, (_, index) => [`f${from + index}`, `v${from + index}`]).flat();
    await wire.call(["HSET", "h", ...pairs]);
  }
  const gone = Array.from({ length: 100 }, (_, index) => `f${index * 7}`);
  await wire.call(["HPEXPIRE", "h", "1", "FIELDS", "100", ...gone]);
  await wire.call("DEBUG SLEEP 0.01");
  const asked = [wire.call("HGETALL h"), wire.call("HKEYS h"), wire.call("HVALS h")];
  await other.call(["HDEL", "h", ...Array.from({ length: 5000 }, (_, index) => `f${index + 10_000}`)]);
  const [all, keys, values] = await Promise.all(asked.map(async (reply) => itemsOf(await reply).map(textOf)));
  // The first was asked before the deletion began; the others may have come after it.
  expect(all?.length).toBe((count - 100) * 2);
  for (let at = 0; at < (all?.length ?? 0); at += 2) {
    if (all?.[at + 1] !== all?.[at]?.replace("f", "v")) throw new Error(`${all?.[at]} has ${all?.[at + 1]}`);
  }
  expect(new Set(keys).size).toBe(keys?.length ?? -1);
  expect([count - 100, count - 5100]).toContain(keys?.length ?? -1);
  expect([count - 100, count - 5100]).toContain(values?.length ?? -1);
  await check(wire, [["DEBUG SET-ACTIVE-EXPIRE 1", ok]]);
  await wire.close();
  await other.close();
});
