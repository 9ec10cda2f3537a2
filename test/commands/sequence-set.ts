/** Set commands and SORT for the differential tester: few keys, so that sets of every encoding meet each other and other types. */
import type { Random } from "../harness/random.ts";
import type { Step } from "./sequence.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];

export const setKeys = ["s1", "s2", "s3"];

// No NUL: SORT ALPHA of Redis compares up to it.
const members = ["a", "b", "c", "", "\x01", "longer-member-name", "x".repeat(64), "y".repeat(65), "007", "-0", "1.5"];
const integers = [
  "0",
  "1",
  "2",
  "3",
  "-1",
  "7",
  "32768",
  "-32769",
  "2147483648",
  "9223372036854775807",
  "-9223372036854775808",
];

const member = (r: Random) =>
  r.chance(0.4) ? r.pick(integers) : r.chance(0.3) ? String(r.from(-9, 9)) : r.pick(members);
const some = <T>(r: Random, most: number, make: (r: Random) => T): T[] =>
  Array.from({ length: r.from(1, most) }, () => make(r));

/**
 * `any` draws the name of a key of any type; mostly keys of their own are used, so that sets have time to grow. Random draws are
 * left out, but for those that must return everything or nothing.
 */
export const setMakers = (any: (random: Random) => string): readonly Maker[] => {
  const key = (r: Random) => (r.chance(0.15) ? any(r) : r.pick(setKeys));
  return [
    [10, (r) => ["SADD", key(r), ...some(r, r.chance(0.2) ? 8 : 4, member)]],
    [4, (r) => ["SREM", key(r), ...some(r, 4, member)]],
    [3, (r) => ["SISMEMBER", key(r), member(r)]],
    [2, (r) => ["SMISMEMBER", key(r), ...some(r, 4, member)]],
    [2, (r) => ["SCARD", key(r)]],
    [4, (r) => ["SMEMBERS", key(r)]],
    [3, (r) => ["SMOVE", key(r), key(r), member(r)]],
    [1, (r) => ["SPOP", key(r), r.pick(["0", "1000", "-1", "x"])]],
    [1, (r) => ["SRANDMEMBER", key(r), r.pick(["0", "1000", "x", "-9223372036854775808"])]],
    [4, (r) => [r.pick(["SINTER", "SUNION", "SDIFF"]), ...some(r, 3, key)]],
    [4, (r) => [r.pick(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), key(r), ...some(r, 3, key)]],
    [
      2,
      (r) => {
        const keys = some(r, 3, key);
        const count = r.chance(0.9) ? String(keys.length) : r.pick(["0", "-1", "x", "9"]);
        const limit = r.chance(0.4) ? ["LIMIT", r.pick(["0", "1", "2", "5", "-1", "x"])] : [];
        return ["SINTERCARD", count, ...keys, ...limit];
      },
    ],
    [
      3,
      (r) => {
        // The order of a set by weights that are alike is anybody's, so such a reply is compared without its order and never cut.
        const by = r.chance(0.3) ? ["BY", r.pick(["*", "s*", "nosort", "*->f", "#"])] : [];
        return [
          r.chance(0.8) ? "SORT" : "SORT_RO",
          key(r),
          ...by,
          ...(by.length === 0 && r.chance(0.4) ? ["LIMIT", String(r.from(-1, 4)), String(r.from(-1, 6))] : []),
          ...(r.chance(0.3) ? ["GET", r.pick(["#", "*", "*->f", "x"])] : []),
          ...(r.chance(0.1) ? ["GET", "#"] : []),
          ...(r.chance(0.7) ? ["ALPHA"] : []),
          ...(r.chance(0.3) ? [r.pick(["ASC", "DESC"])] : []),
          ...(by.length === 0 && r.chance(0.25) ? ["STORE", key(r)] : []),
        ];
      },
    ],
    [
      1,
      (r) => [
        "SSCAN",
        key(r),
        "0",
        "COUNT",
        "1000",
        ...(r.chance(0.5) ? ["MATCH", r.pick(["*", "a*", "[0-9]", "?"])] : []),
      ],
    ],
  ];
};
