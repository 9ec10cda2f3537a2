/** Commands about sorted sets for the differential tester: few members and scores, so that ties, both encodings and every flag meet. */
import type { Random } from "../harness/random.ts";
import type { Step } from "./sequence.ts";
import { setKeys } from "./sequence-set.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];

/** Keys that mostly hold sorted sets. */
export const zsetKeys = ["z1", "z2", "z3"];
/** The members of this one all have the score 0: in any other, a range by names depends on how the set is kept. */
export const lexKey = "zlex";

const members = ["a", "b", "c", "d", "e", "f", "g", "h", "", "\0", "longer-member-name", "x".repeat(40), "7", "-0"];
/**
 * Fractions have no more digits than 17: Redis before 7.2 prints so many. A minus before zero is lost in a small set, and since 7.2 ZADD looks at all its
 * arguments before it makes one: so it comes alone.
 */
const scores = ["0", "1", "1", "2", "3.5", "-3.5", "0.015625", "17179869184.25", "inf", "-inf", "+inf", "1e20"];
/** What is put where it does not belong. */
export const zsetWords = ["", "x", "1", "-1", "(2", "NX", "INCR", "WITHSCORES", "LIMIT", "REV", "BYLEX", "zlex"];
const badScores = ["nan", "abc", "", "1e400", "0x10", " 1"];
const ends = ["-inf", "+inf", "inf", "0", "1", "(1", "2", "(2", "3.5", "(3.5", "-3.5", "(-inf", "(inf"];
const lexEnds = ["-", "+", "[a", "(a", "[c", "(c", "[f", "(f", "[", "(", "[\0", "[longer", "[zz"];

const member = (r: Random) => r.pick(members);
const score = (r: Random) =>
  r.chance(0.05) ? r.pick(badScores) : r.chance(0.4) ? String(r.from(-5, 5)) : r.pick(scores);
const some = <T>(r: Random, most: number, make: (r: Random) => T): T[] =>
  Array.from({ length: r.from(1, most) }, () => make(r));
const end = (r: Random) => (r.chance(0.05) ? r.pick(["x", "", "(", "(x", "nan"]) : r.pick(ends));
const lexEnd = (r: Random) => (r.chance(0.05) ? r.pick(["a", "", "*"]) : r.pick(lexEnds));
const rank = (r: Random) => (r.chance(0.05) ? r.pick(["x", "1.5", ""]) : String(r.from(-8, 12)));
const limit = (r: Random) => (r.chance(0.3) ? ["LIMIT", String(r.from(-1, 4)), String(r.from(-1, 6))] : []);
const word = (r: Random, choice: string, probability: number) => (r.chance(probability) ? [choice] : []);

/** `any` draws the name of a key of any type; mostly keys of their own are used, so that sorted sets have time to grow. */
export const zsetMakers = (any: (random: Random) => string): readonly Maker[] => {
  const key = (r: Random) => (r.chance(0.12) ? any(r) : r.pick(zsetKeys));
  const source = (r: Random) => (r.chance(0.15) ? r.pick(setKeys) : key(r));
  const counted = (r: Random, most: number) => {
    const keys = some(r, most, source);
    return [r.chance(0.95) ? String(keys.length) : r.pick(["0", "-1", "x", "9"]), ...keys];
  };
  const weights = (r: Random, count: number) =>
    r.chance(0.35)
      ? [
          "WEIGHTS",
          ...Array.from({ length: r.chance(0.95) ? count : 1 }, () => r.pick(["1", "2", "-1", "0", "0.5", "inf", "x"])),
        ]
      : [];
  const combined = (r: Random, name: string, most = 3): string[] => {
    const sources = counted(r, most);
    const aggregate = r.chance(0.35) ? ["AGGREGATE", r.pick(["SUM", "MIN", "max", "AVG"])] : [];
    const scored = name.endsWith("STORE") ? [] : word(r, "WITHSCORES", 0.5);
    return [...sources, ...weights(r, sources.length - 1), ...aggregate, ...scored];
  };
  const flags = (r: Random) =>
    ["NX", "XX", "GT", "LT", "CH", "INCR"]
      .filter(() => r.chance(0.1))
      .map((flag) => (r.chance(0.1) ? flag.toLowerCase() : flag));
  /** With the key to look into. */
  const range = (r: Random): string[] => {
    const by = r.pick(["", "", "BYSCORE", "BYLEX"]);
    const [from, to] =
      by === "BYSCORE" ? [end(r), end(r)] : by === "BYLEX" ? [lexEnd(r), lexEnd(r)] : [rank(r), rank(r)];
    return [
      by === "BYLEX" ? lexKey : key(r),
      from,
      to,
      ...(by === "" ? [] : [by]),
      ...word(r, "REV", 0.35),
      ...(by === "" && r.chance(0.95) ? [] : limit(r)),
    ];
  };
  return [
    [14, (r) => ["ZADD", key(r), ...flags(r), ...some(r, r.chance(0.2) ? 8 : 4, (s) => [score(s), member(s)]).flat()]],
    [1, (r) => ["ZADD", key(r), ...flags(r), "-0", member(r)]],
    [3, (r) => ["ZADD", lexKey, ...some(r, 6, (s) => [s.pick(["0", "-0"]), member(s)]).flat()]],
    [1, (r) => [r.pick(["ZPOPMIN", "ZPOPMAX", "ZCARD"]), lexKey]],
    [3, (r) => ["ZREM", r.chance(0.2) ? lexKey : key(r), ...some(r, 4, member)]],
    [4, (r) => ["ZINCRBY", key(r), score(r), member(r)]],
    [4, (r) => [r.pick(["ZSCORE", "ZRANK", "ZREVRANK"]), key(r), member(r)]],
    [2, (r) => ["ZMSCORE", key(r), ...some(r, 4, member)]],
    [2, (r) => ["ZCARD", key(r)]],
    [3, (r) => ["ZCOUNT", key(r), end(r), end(r)]],
    [2, (r) => ["ZLEXCOUNT", lexKey, lexEnd(r), lexEnd(r)]],
    [8, (r) => ["ZRANGE", ...range(r), ...word(r, "WITHSCORES", 0.5)]],
    [3, (r) => ["ZREVRANGE", key(r), rank(r), rank(r), ...word(r, "WITHSCORES", 0.5)]],
    [
      4,
      (r) => [
        r.pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]),
        key(r),
        end(r),
        end(r),
        ...word(r, "withscores", 0.5),
        ...limit(r),
      ],
    ],
    [3, (r) => [r.pick(["ZRANGEBYLEX", "ZREVRANGEBYLEX"]), lexKey, lexEnd(r), lexEnd(r), ...limit(r)]],
    [4, (r) => ["ZRANGESTORE", key(r), ...range(r)]],
    [2, (r) => ["ZREMRANGEBYRANK", key(r), rank(r), rank(r)]],
    [2, (r) => ["ZREMRANGEBYSCORE", key(r), end(r), end(r)]],
    [2, (r) => ["ZREMRANGEBYLEX", lexKey, lexEnd(r), lexEnd(r)]],
    [
      4,
      (r) => [
        r.pick(["ZPOPMIN", "ZPOPMAX"]),
        key(r),
        ...(r.chance(0.5) ? [r.pick(["0", "1", "2", "20", "-1", "x"])] : []),
      ],
    ],
    [
      2,
      (r) => [
        "ZMPOP",
        ...counted(r, 3),
        r.pick(["MIN", "MAX", "min", "MID"]),
        ...(r.chance(0.4) ? ["COUNT", r.pick(["1", "2", "9", "0", "x"])] : []),
      ],
    ],
    // Whether something is there or not: nothing waits for longer than this.
    [2, (r) => [r.pick(["BZPOPMIN", "BZPOPMAX"]), key(r), key(r), r.pick(["0.001", "0.001", "-1", "x"])]],
    [1, (r) => ["BZMPOP", "0.001", ...counted(r, 2), r.pick(["MIN", "MAX"])]],
    // Any other count than none or all draws at random.
    [2, (r) => ["ZRANDMEMBER", key(r), r.pick(["0", "100", "x"]), ...word(r, "WITHSCORES", 0.5)]],
    [
      5,
      (r) => {
        const name = r.pick(["ZUNION", "ZINTER"]);
        return [name, ...combined(r, name)];
      },
    ],
    [
      5,
      (r) => {
        const name = r.pick(["ZUNIONSTORE", "ZINTERSTORE"]);
        return [name, key(r), ...combined(r, name)];
      },
    ],
    [2, (r) => ["ZDIFF", ...counted(r, 3), ...word(r, "WITHSCORES", 0.5)]],
    [2, (r) => ["ZDIFFSTORE", key(r), ...counted(r, 3)]],
    [
      2,
      (r) => ["ZINTERCARD", ...counted(r, 3), ...(r.chance(0.4) ? ["LIMIT", r.pick(["0", "1", "3", "-1", "x"])] : [])],
    ],
    [
      1,
      (r) => [
        "ZSCAN",
        key(r),
        "0",
        "COUNT",
        "1000",
        ...(r.chance(0.5) ? ["MATCH", r.pick(["*", "[a-c]", "?", "x*"])] : []),
      ],
    ],
    [2, (r) => [r.pick(["COPY", "RENAME"]), r.pick(zsetKeys), r.pick(zsetKeys)]],
    [1, (r) => ["DEL", r.pick(zsetKeys)]],
  ];
};
