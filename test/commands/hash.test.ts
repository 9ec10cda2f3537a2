/** Hash commands over both encodings. HSCAN is in scan.test.ts. */

import { expect, test } from "bun:test";
import {
  anything,
  between,
  byProtocol,
  type Expected,
  err,
  like,
  map,
  ok,
  oneOf,
  simple,
  unordered,
  unorderedMap,
} from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, numberOf, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";

const hashes = suite();
const notInteger = err("ERR hash value is not an integer");
const badInteger = err("ERR value is not an integer or out of range");
const notFloat = err("ERR hash value is not a float");
const syntax = err("ERR syntax error");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);

/** The same behaviour with hashes that start as listpacks and with hashes that are hash tables from the first field. */
function eachEncoding(name: string, rows: readonly Row[]): void {
  hashes.rows(`${name}, as listpack`, rows);
  hashes.rows(`${name}, as hashtable`, rows, {
    before: ["CONFIG SET hash-max-listpack-entries 0"],
    after: ["CONFIG SET hash-max-listpack-entries 512"],
  });
}

eachEncoding("a copy keeps what it had when the original gets values of other lengths and kinds", [
  ["HSET h f short g 1", 2],
  ["COPY h d", 1],
  ["HSET h f 12345 g text", 0],
  ["HGETALL d", unorderedMap(["f", "short"], ["g", "1"])],
  ["HGETALL h", unorderedMap(["f", "12345"], ["g", "text"])],
]);

eachEncoding("HSET counts new fields and overwrites old ones", [
  ["HSET h f 1", 1],
  ["HSET h f 2 g 3", 1],
  ["HSET h f 4", 0],
  ["HSET h x 1 x 2", 1],
  ["HGET h x", "2"],
  ["HGET h f", "4"],
  ["HGET h none", null],
  ["HGET none f", null],
  ["HLEN h", 3],
  ["HLEN none", 0],
  ["HSET h f", arity("hset")],
  ["HSET h f 1 g", arity("hset")],
  ["HMSET h f 5 z 6", ok],
  ["HMSET h f", arity("hmset")],
  ["HMSET h f 1 g", arity("hmset")],
  ["HMGET h f z none f", ["5", "6", null, "5"]],
  ["HMGET none f g", [null, null]],
]);

eachEncoding("HSETNX sets only a missing field", [
  ["HSETNX h f 1", 1],
  ["HSETNX h f 2", 0],
  ["HGET h f", "1"],
  ["HSETNX h g 2", 1],
  ["HLEN h", 2],
]);

eachEncoding("HDEL removes fields, and the key with the last one", [
  ["HSET h a 1 b 2 c 3", 3],
  ["HDEL h a none a", 1],
  ["HDEL h b c", 2],
  ["EXISTS h", 0],
  ["HDEL h a", 0],
  ["TYPE h", simple("none")],
]);

eachEncoding("HEXISTS and HSTRLEN look at one field", [
  ["HSET h f hello n -1234", 2],
  ['HSET h "" ""', 1],
  ["HEXISTS h f", 1],
  ["HEXISTS h none", 0],
  ["HEXISTS none f", 0],
  ['HEXISTS h ""', 1],
  ["HSTRLEN h f", 5],
  ["HSTRLEN h n", 5],
  ['HSTRLEN h ""', 0],
  ["HSTRLEN h none", 0],
  ["HSTRLEN none f", 0],
]);

eachEncoding("HGETALL, HKEYS and HVALS return everything", [
  ["HSET h a 1 b 2 c 3", 3],
  ["HGETALL h", unorderedMap(["a", "1"], ["b", "2"], ["c", "3"])],
  ["HKEYS h", unordered("a", "b", "c")],
  ["HVALS h", unordered("1", "2", "3")],
  ["HGETALL none", map()],
  ["HKEYS none", []],
  ["HVALS none", []],
]);

eachEncoding("fields and values are binary safe and of any size", [
  ['HSET h "\\x00\\r\\n" "\\xff\\x00"', 1],
  ['HGET h "\\x00\\r\\n"', Buffer.from([255, 0])],
  [["HSET", "h", "big", "x".repeat(100_000)], 1],
  ["HGET h big", "x".repeat(100_000)],
  ["HSTRLEN h big", 100_000],
  [["HSET", "h", "y".repeat(70_000), "v"], 1],
  [["HGET", "h", "y".repeat(70_000)], "v"],
  ["HLEN h", 3],
]);

eachEncoding("HINCRBY counts in 64 bits", [
  ["HINCRBY h f 5", 5],
  ["HINCRBY h f -7", -2],
  ["HGET h f", "-2"],
  ["HSET h m 9223372036854775807", 1],
  ["HINCRBY h m 1", err("ERR increment or decrement would overflow")],
  ["HSET h m -9223372036854775808", 0],
  ["HINCRBY h m -1", err("ERR increment or decrement would overflow")],
  ["HINCRBY h m 1", -9223372036854775807n],
  ['HSET h t "text" s " 1" e "" l "1 "', 4],
  ["HINCRBY h t 1", notInteger],
  ["HINCRBY h s 1", notInteger],
  ["HINCRBY h e 1", notInteger],
  ["HINCRBY h l 1", notInteger],
  ["HINCRBY h f x", badInteger],
  ["HINCRBY h f 1.5", badInteger],
  ["HINCRBY h f 9223372036854775808", badInteger],
  ["HINCRBY none f x", badInteger],
  ["EXISTS none", 0],
]);

eachEncoding("HINCRBYFLOAT adds in long double", [
  ["HINCRBYFLOAT h f 10.50", "10.5"],
  ["HINCRBYFLOAT h f 0.1", "10.6"],
  ["HINCRBYFLOAT h f -5", "5.6"],
  ["HSET h f 5.0e3", 0],
  ["HINCRBYFLOAT h f 2.0e2", "5200"],
  ["HSET h n 0.1", 1],
  ["HINCRBYFLOAT h n 0.2", "0.3"],
  ['HSET h t text s " 1"', 2],
  ["HINCRBYFLOAT h t 1", notFloat],
  ["HINCRBYFLOAT h s 1", notFloat],
  ["HINCRBYFLOAT h f abc", err("ERR value is not a valid float")],
  ["HINCRBYFLOAT h f +inf", err("ERR value is NaN or Infinity")],
  ["HINCRBYFLOAT h f -inf", err("ERR value is NaN or Infinity")],
  ["HINCRBYFLOAT h f nan", err("ERR value is not a valid float")],
  ["HGET h f", "5200"],
  ["HINCRBYFLOAT fresh f 1.25", "1.25"],
]);

const abc = [
  ["a", "1"],
  ["b", "2"],
  ["c", "3"],
] as const;
const anyField = oneOf("a", "b", "c");
const anyPair = oneOf(...abc.map(([field, value]) => [field, value] as Expected));
/** Pairs are nested in RESP3 and flat in RESP2. */
const pairs = (count: number): Expected =>
  byProtocol(
    Array.from({ length: count * 2 }, (_, index) => (index % 2 ? oneOf("1", "2", "3") : anyField)),
    Array.from({ length: count }, () => anyPair),
  );

eachEncoding("HRANDFIELD draws distinct fields, or repeated ones for a negative count", [
  ["HRANDFIELD none", null],
  ["HRANDFIELD none 3", []],
  ["HRANDFIELD none -3 WITHVALUES", []],
  ["HSET h a 1 b 2 c 3", 3],
  ["HRANDFIELD h", anyField],
  ["HRANDFIELD h 0", []],
  ["HRANDFIELD h 1", [anyField]],
  ["HRANDFIELD h 3", unordered("a", "b", "c")],
  ["HRANDFIELD h 10", unordered("a", "b", "c")],
  ["HRANDFIELD h -5", Array.from({ length: 5 }, () => anyField)],
  ["HRANDFIELD h 2 WITHVALUES", pairs(2)],
  ["HRANDFIELD h 9 withvalues", pairs(3)],
  ["HRANDFIELD h -6 WITHVALUES", pairs(6)],
  ["HRANDFIELD h 0 WITHVALUES", []],
  ["HRANDFIELD h x", badInteger],
  ["HRANDFIELD h 1 foo", syntax],
  ["HRANDFIELD h 1 WITHVALUES foo", syntax],
  [
    "HRANDFIELD h -9223372036854775808",
    err("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"),
  ],
  ["HRANDFIELD h -4611686018427387905 WITHVALUES", err("ERR value is out of range")],
]);

hashes.rows("a small hash is a listpack and becomes a hashtable by its 513th field", [
  [["HSET", "h", ...Array.from({ length: 512 }, (_, index) => [`f${index}`, "v"]).flat()], 512],
  ["OBJECT ENCODING h", "listpack"],
  ["HSET h one-more v", 1],
  ["OBJECT ENCODING h", "hashtable"],
  ["HDEL h one-more", 1],
  ["OBJECT ENCODING h", "hashtable"],
  ["HLEN h", 512],
]);

hashes.rows("a field or value over 64 bytes makes a hashtable", [
  [["HSET", "h", "f", "x".repeat(64)], 1],
  [["HSET", "h", "y".repeat(64), "v"], 1],
  ["OBJECT ENCODING h", "listpack"],
  [["HSET", "h", "f", "x".repeat(65)], 0],
  ["OBJECT ENCODING h", "hashtable"],
  [["HSET", "h2", "y".repeat(65), "v"], 1],
  ["OBJECT ENCODING h2", "hashtable"],
  ["HSET h3 f 1", 1],
  [["HSETNX", "h3", "g", "x".repeat(65)], 1],
  ["OBJECT ENCODING h3", "hashtable"],
]);

hashes.rows(
  "the limits of the listpack are options, also by their old names",
  [
    ["CONFIG SET hash-max-listpack-entries 2 hash-max-listpack-value 4", ok],
    ["HSET h a 1 b 2", 2],
    ["OBJECT ENCODING h", "listpack"],
    ["HSET h c 3", 1],
    ["OBJECT ENCODING h", "hashtable"],
    ["HSET g a 12345", 1],
    ["OBJECT ENCODING g", "hashtable"],
    ["CONFIG SET hash-max-ziplist-entries 3", ok],
    ["CONFIG GET hash-max-listpack-entries", map("hash-max-listpack-entries", "3")],
    ["HSET i a 1 b 2 c 3", 3],
    ["OBJECT ENCODING i", "listpack"],
  ],
  { after: ["CONFIG SET hash-max-listpack-entries 512 hash-max-listpack-value 64"] },
);

const onHash = [
  "HSET k f v",
  "HSETNX k f v",
  "HGET k f",
  "HMSET k f v",
  "HMGET k f g",
  "HDEL k f",
  "HLEN k",
  "HSTRLEN k f",
  "HEXISTS k f",
  "HGETALL k",
  "HKEYS k",
  "HVALS k",
  "HINCRBY k f 1",
  "HINCRBYFLOAT k f 1",
  "HRANDFIELD k",
  "HRANDFIELD k 1",
  "HSCAN k 0",
];
hashes.rows("every hash command refuses a string", [
  ["SET k v", ok],
  ...onHash.map((command): Row => [command, wrongType]),
  ["GET k", "v"],
]);

hashes.rows(
  "an expired hash is a missing key to every hash command",
  [
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
    ...(
      [
        ["HSET k f v", 1],
        ["HSETNX k f v", 1],
        ["HGET k old", null],
        ["HMSET k f v", ok],
        ["HMGET k old", [null]],
        ["HDEL k old", 0],
        ["HLEN k", 0],
        ["HSTRLEN k old", 0],
        ["HEXISTS k old", 0],
        ["HGETALL k", map()],
        ["HKEYS k", []],
        ["HVALS k", []],
        ["HINCRBY k old 1", 1],
        ["HINCRBYFLOAT k old 1", "1"],
        ["HRANDFIELD k", null],
        ["HSCAN k 0", ["0", []]],
      ] as readonly Row[]
    ).flatMap((row): Row[] => [
      ["DEL k", anything],
      ["HSET k old 5", 1],
      ["PEXPIRE k 1", 1],
      ["DEBUG SLEEP 0.002", ok],
      row,
      ["TTL k", between(-2, -1)],
    ]),
  ],
  { after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

hashes.rows("changing a field keeps the key's expiry", [
  ["HSET h f 1", 1],
  ["EXPIRE h 100", 1],
  ["HSET h g 2", 1],
  ["HINCRBY h f 1", 2],
  ["HDEL h g", 1],
  ["TTL h", 100],
]);

hashes.rows("numbers written as text stay text", [
  ["HSET h a 007 b 12 c -0 d 1.0 e 9223372036854775808 f +5", 6],
  ["HMGET h a b c d e f", ["007", "12", "-0", "1.0", "9223372036854775808", "+5"]],
  ["HVALS h", ["007", "12", "-0", "1.0", "9223372036854775808", "+5"]],
  ["HKEYS h", ["a", "b", "c", "d", "e", "f"]],
  ["OBJECT ENCODING h", like(/^listpack$/)],
]);

hashes.both("HRANDFIELD draws every field about equally often", async (wire) => {
  for (const fields of [10, 500]) {
    await wire.call("DEL h");
    await wire.call(["HSET", "h", ...Array.from({ length: fields }, (_, index) => [`f${index}`, "v"]).flat()]);
    const draws = fields * 100;
    const counts = new Map<string, number>();
    for (const item of itemsOf(await wire.call(`HRANDFIELD h -${draws}`))) {
      counts.set(textOf(item), (counts.get(textOf(item)) ?? 0) + 1);
    }
    // The sampling of a hash table is not exactly even (Redis picks a bucket first), so the bounds are wide.
    expect(counts.size).toBeGreaterThan(fields * 0.97);
    expect(Math.max(...counts.values())).toBeLessThan(1000);
  }
});

for (const [encoding, limit] of [
  ["listpack", "512"],
  ["hashtable", "0"],
] as const) {
  test(`a thousand random changes leave a ${encoding} hash equal to a plain map`, async () => {
    const random = new Random(20_260_801);
    const model = new Map<string, string>();
    const wire = await hashes.server.connect(3);
    await wire.call("FLUSHALL");
    await wire.call(`CONFIG SET hash-max-listpack-entries ${limit}`);
    for (let step = 0; step < 1000; step++) {
      const field = `f${random.below(60)}`;
      const value = random.chance(0.5) ? String(random.below(1000)) : "x".repeat(random.below(60));
      if (random.chance(0.6)) {
        expect(numberOf(await wire.call(["HSET", "h", field, value]))).toBe(model.has(field) ? 0 : 1);
        model.set(field, value);
      } else {
        expect(numberOf(await wire.call(["HDEL", "h", field]))).toBe(model.delete(field) ? 1 : 0);
      }
      if (step % 100 === 99) {
        const flat = itemsOf(await wire.call("HGETALL h")).map(textOf);
        const found = new Map(
          Array.from({ length: flat.length / 2 }, (_, index) => [flat[index * 2], flat[index * 2 + 1]] as const),
        );
        expect([...found].sort()).toEqual([...model].sort());
      }
    }
    if (model.size > 0) expect(textOf(await wire.call("OBJECT ENCODING h"))).toBe(encoding);
    await wire.call("CONFIG SET hash-max-listpack-entries 512");
    await wire.close();
  });
}
