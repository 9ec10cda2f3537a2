/** Random sequences of commands that Redis and Zedis must answer alike: few keys, many types and edges. */
import type { Random } from "../harness/random.ts";
import { bitmapMakers } from "./sequence-bitmap.ts";
import { geoKeys, geoMakers } from "./sequence-geo.ts";
import { hashTtlKeys, hashTtlMakers } from "./sequence-hash-ttl.ts";
import { hyperloglogMakers } from "./sequence-hyperloglog.ts";
import { listKeys, listMakers } from "./sequence-list.ts";
import { scriptMakers } from "./sequence-script.ts";
import { setKeys, setMakers } from "./sequence-set.ts";
import { streamMakers, streamReads } from "./sequence-stream.ts";
import { vectorMakers } from "./sequence-vector.ts";
import { lexKey, zsetKeys, zsetMakers, zsetWords } from "./sequence-zset.ts";

export type Step = readonly (string | Uint8Array)[];

type Make = (random: Random) => Step;

const keys = ["a", "b", "c", "d", "e", ""];
const fields = ["f", "g", "1", "", "longer-field-name", "\0", "x", "y", "z", "w", "v"];
const numbers = [
  "0",
  "1",
  "-1",
  "2",
  "3",
  "7",
  "10",
  "100",
  "-100",
  "007",
  "+5",
  " 1",
  "1 ",
  "1.5",
  "-0",
  "1e3",
  "0x10",
  "abc",
  "",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "4294967296",
  "-9223372036854775807",
  "4611686018427387904",
];
const floats = [
  "0",
  "0.1",
  "-0.1",
  "1.5",
  "3.0e3",
  "1e17",
  "1e-5",
  "-5",
  "100",
  "nan",
  "inf",
  "abc",
  "",
  "1e400",
  "0.30000000000000004",
  "5.6",
  "17179869184.25",
];
/** The year 3021: absolute expiries that no run of a test reaches. */
export const far_s = 33177117420;

const key = (random: Random) => random.pick(keys);
const field = (random: Random) => random.pick(fields);
const number = (random: Random) => (random.chance(0.5) ? String(random.from(-12, 12)) : random.pick(numbers));
const value = (random: Random): string | Uint8Array => {
  const kind = random.below(7);
  if (kind === 0) return random.pick(numbers);
  if (kind === 1) return random.pick(floats);
  if (kind === 2) return "x".repeat(random.pick([0, 1, 43, 44, 45, 63, 64, 65, 300]));
  if (kind === 3) return Buffer.from(Array.from({ length: random.below(12) }, () => random.below(256)));
  return Array.from({ length: random.below(9) }, () => random.pick(["a", "b", "c"])).join("");
};
const cased = (random: Random, word: string) => (random.chance(0.1) ? word.toLowerCase() : word);
const some = <T>(random: Random, most: number, make: (random: Random) => T): T[] =>
  Array.from({ length: random.from(1, most) }, () => make(random));

/** An absolute time: long past, far ahead, or out of range. Never near now: the two servers' clocks read at different moments. */
const instant = (random: Random, unit: number) =>
  random.chance(0.8) ? String((random.chance(0.25) ? 1 : far_s + random.below(5)) * unit) : random.pick(numbers);
/** A relative time, without GT and LT: a millisecond between the two servers would decide those. */
const duration = (random: Random, unit: number) =>
  random.chance(0.8)
    ? String((random.chance(0.15) ? -1 : 100_000 + random.below(5)) * unit)
    : random.pick(["0", "-1", "abc", "", "1.5", "9223372036854775807", "-9223372036854775808"]);
/** For SET no time in the past: such a key stays counted until something looks at it, and that may differ. */
const expiryOption = (random: Random, isSet = false): string[] => {
  const kind = random.below(8);
  if (kind === 0) return [cased(random, "EX"), duration(random, 1)];
  if (kind === 1) return [cased(random, "PX"), duration(random, 1000)];
  if (kind === 2) return ["EXAT", isSet ? String(far_s + random.below(5)) : instant(random, 1)];
  if (kind === 3) return ["PXAT", isSet ? `${far_s + random.below(5)}000` : instant(random, 1000)];
  if (kind === 4) return ["KEEPTTL"];
  if (kind === 5) return ["PERSIST"];
  return [];
};
const flags = (random: Random, choices: readonly string[], probability: number): string[] =>
  choices.filter(() => random.chance(probability)).map((word) => cased(random, word));

const makers: readonly (readonly [weight: number, make: Make])[] = [
  [
    8,
    (r) => [
      "SET",
      key(r),
      value(r),
      ...r.shuffled([flags(r, ["NX", "XX", "GET"], 0.15), expiryOption(r, true)]).flat(),
    ],
  ],
  [6, (r) => ["GET", key(r)]],
  [2, (r) => ["GETEX", key(r), ...expiryOption(r)]],
  [
    2,
    (r) => [
      r.pick(
        [
          "GETDEL",
          "STRLEN",
          "TYPE",
          "EXISTS",
          "PERSIST",
          "TTL",
          "PTTL",
          "EXPIRETIME",
          "PEXPIRETIME",
          "INCR",
          "DECR",
          "DUMP",
        ].slice(0, 11),
      ),
      key(r),
    ],
  ],
  [2, (r) => ["OBJECT", r.pick(["ENCODING", "ENCODING", "ENCODING", "FREQ", "FOO"]), key(r)]],
  [1, (r) => ["SETNX", key(r), value(r)]],
  [1, (r) => ["SETEX", key(r), duration(r, 1), value(r)]],
  [1, (r) => ["PSETEX", key(r), duration(r, 1000), value(r)]],
  [1, (r) => ["GETSET", key(r), value(r)]],
  [2, (r) => ["MGET", ...some(r, 4, key)]],
  [2, (r) => [r.pick(["MSET", "MSETNX"]), ...some(r, 3, (s) => [key(s), value(s)]).flat()]],
  [3, (r) => ["APPEND", key(r), value(r)]],
  [3, (r) => [r.pick(["GETRANGE", "SUBSTR"]), key(r), number(r), number(r)]],
  [3, (r) => ["SETRANGE", key(r), r.chance(0.8) ? String(r.from(-2, 70)) : r.pick(numbers), value(r)]],
  [4, (r) => [r.pick(["INCRBY", "DECRBY"]), key(r), number(r)]],
  [2, (r) => ["INCRBYFLOAT", key(r), r.pick(floats)]],
  [
    2,
    (r) => [
      "LCS",
      key(r),
      key(r),
      ...flags(r, ["LEN", "IDX", "WITHMATCHLEN"], 0.3),
      ...(r.chance(0.3) ? ["MINMATCHLEN", number(r)] : []),
    ],
  ],
  [8, (r) => [r.pick(["HSET", "HSET", "HMSET"]), key(r), ...some(r, 4, (s) => [field(s), value(s)]).flat()]],
  [2, (r) => ["HSETNX", key(r), field(r), value(r)]],
  [3, (r) => [r.pick(["HGET", "HEXISTS", "HSTRLEN"]), key(r), field(r)]],
  [2, (r) => [r.pick(["HMGET", "HDEL"]), key(r), ...some(r, 4, field)]],
  [3, (r) => [r.pick(["HGETALL", "HKEYS", "HVALS", "HLEN"]), key(r)]],
  [3, (r) => ["HINCRBY", key(r), field(r), number(r)]],
  [2, (r) => ["HINCRBYFLOAT", key(r), field(r), r.pick(floats)]],
  [1, (r) => ["HRANDFIELD", key(r), "0", ...flags(r, ["WITHVALUES"], 0.5)]],
  [
    1,
    (r) => [
      "HSCAN",
      key(r),
      "0",
      "COUNT",
      "1000",
      ...(r.chance(0.5) ? ["MATCH", r.pick(["*", "f*", "[a-g]", "?"])] : []),
    ],
  ],
  [2, (r) => [r.pick(["DEL", "UNLINK", "EXISTS", "TOUCH"]), ...some(r, 3, key)]],
  [2, (r) => ["KEYS", r.pick(["*", "a", "[a-c]", "?", "", "[^a]", "\\a"])]],
  [
    1,
    (r) => [
      "SCAN",
      "0",
      "COUNT",
      "1000",
      ...(r.chance(0.5) ? ["TYPE", r.pick(["string", "hash", "list", "STRING"])] : []),
    ],
  ],
  [3, (r) => [r.pick(["RENAME", "RENAMENX"]), key(r), key(r)]],
  [
    2,
    (r) => [
      "COPY",
      key(r),
      key(r),
      ...(r.chance(0.3) ? ["DB", r.pick(["0", "1", "15", "16", "-1", "x"])] : []),
      ...flags(r, ["REPLACE"], 0.4),
    ],
  ],
  [1, (r) => ["MOVE", key(r), r.pick(["0", "1", "15", "16", "-1", "x"])]],
  [1, (r) => ["SELECT", r.pick(["0", "0", "1", "15", "16", "-1", "x"])]],
  [1, (r) => ["SWAPDB", r.pick(["0", "1", "16", "x"]), r.pick(["0", "1", "-1"])]],
  [1, (r) => [r.pick(["FLUSHDB", "FLUSHALL"]), ...flags(r, ["SYNC", "ASYNC"], 0.3)]],
  [2, () => ["DBSIZE"]],
  [2, (r) => [r.pick(["EXPIRE", "PEXPIRE"]), key(r), duration(r, 1), ...flags(r, ["NX", "XX"], 0.2)]],
  [
    2,
    (r) => {
      const name = r.pick(["EXPIREAT", "PEXPIREAT"]);
      return [name, key(r), instant(r, name === "EXPIREAT" ? 1 : 1000), ...flags(r, ["NX", "XX", "GT", "LT"], 0.15)];
    },
  ],
  [2, () => ["MULTI"]],
  [3, () => ["EXEC"]],
  [1, () => ["DISCARD"]],
  [1, (r) => ["WATCH", ...some(r, 2, key)]],
  [1, () => ["UNWATCH"]],
  [1, (r) => ["PING", ...(r.chance(0.5) ? [value(r)] : [])]],
  [1, (r) => ["ECHO", value(r)]],
  [1, (r) => ["COMMAND", "GETKEYS", "SET", key(r), value(r)]],
  [1, (r) => ["NOSUCH", ...some(r, 3, value)]],
  ...bitmapMakers(key),
  ...geoMakers(key),
  ...hashTtlMakers(key),
  ...hyperloglogMakers(key),
  ...listMakers(key, number),
  ...scriptMakers(key),
  ...setMakers(key),
  ...streamMakers(key),
  ...vectorMakers(key),
  ...zsetMakers(key),
];
const totalWeight = makers.reduce((sum, [weight]) => sum + weight, 0);

/** Ten to a hundred commands; now and then one with an argument too many, too few or doubled. */
export function randomSequence(random: Random): Step[] {
  const sequence = Array.from({ length: random.from(10, 100) }, () => {
    let at = random.below(totalWeight);
    const make = makers.find(([weight]) => {
      at -= weight;
      return at < 0;
    })?.[1];
    const step = [...(make as Make)(random)];
    // Another count than 0 draws at random, and a huge one keeps redis-server busy for ever.
    if (/^(HRANDFIELD|SPOP|SRANDMEMBER|ZRANDMEMBER)$/.test(String(step[0]))) return step;
    // Nothing may wait for longer than it was meant to.
    if (/^B[LRZ]/.test(String(step[0]))) return step;
    // Since 8.4 these take their arguments in any order.
    if (/^HP?EXPIREAT$/.test(String(step[0]))) return step;
    // Since 7.2 these look at their arguments before the key.
    if (/^(BITCOUNT|BITPOS)$/.test(String(step[0]))) return step;
    // Since 7.2 these may take one argument more.
    if (/^Z(REV)?RANK$/.test(String(step[0]))) return step;
    // Since 8.0 a cursor without digits, or below nought, is none.
    if (/^[HSZ]?SCAN$/.test(String(step[0]))) return step;
    if (random.chance(0.03))
      step.splice(
        random.from(1, step.length),
        random.below(2),
        /^Z/.test(String(step[0])) ? random.pick(zsetWords) : value(random),
      );
    if (random.chance(0.01) && step.length > 1) step.pop();
    if (random.chance(0.05)) step[0] = String(step[0]).toLowerCase();
    return step;
  });
  // At the end everything is read back: a wrong state must show even where no reply was wrong.
  const readBack = [...keys, ...setKeys, ...hashTtlKeys].flatMap((name) =>
    ["TYPE", "OBJECT ENCODING", "GET", "HGETALL", "SMEMBERS", "PEXPIRETIME"].map((read) => [...read.split(" "), name]),
  );
  const lists = [
    ...listKeys.map((name) => ["LRANGE", name, "0", "-1"]),
    ...[...zsetKeys, lexKey, ...geoKeys].map((name) => ["ZRANGE", name, "0", "-1", "WITHSCORES"]),
    ...[...zsetKeys, lexKey].map((name) => ["OBJECT", "ENCODING", name]),
  ];
  // Values of any length, and whatever nothing above reads.
  const digests = [
    ["DEBUG", "DIGEST-VALUE", ...keys, ...setKeys, ...listKeys, ...zsetKeys, ...geoKeys],
    ["DEBUG", "DIGEST"],
  ];
  return [["DISCARD"], ...sequence, ["DISCARD"], ["DBSIZE"], ...readBack, ...lists, ...streamReads, ...digests];
}
