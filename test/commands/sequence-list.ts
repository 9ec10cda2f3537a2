/** Commands about lists, for random sequences. */
import type { Random } from "../harness/random.ts";
import type { Step } from "./sequence.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];
type Word = (random: Random) => string | Uint8Array;

/** Keys that mostly hold lists. */
export const listKeys = ["l1", "l2", "l3"];

const side = (r: Random) => r.pick(["LEFT", "RIGHT", "left", "Right"]);
/** Few elements, so that searches find some; now and then a long one. */
const element: Word = (r) =>
  r.chance(0.1)
    ? "x".repeat(r.pick([60, 64, 5000]))
    : r.pick(["a", "b", "c", "", "1", "-7", "300", "70000", "007", "9223372036854775807", "\0\r\n"]);
const elements = (r: Random) => Array.from({ length: r.pick([1, 1, 2, 5, 12]) }, () => element(r));

/** `any` draws the name of a key of any type, `number` a number or what is none. */
export const listMakers = (any: (random: Random) => string, number: (random: Random) => string): readonly Maker[] => {
  const key = (r: Random) => (r.chance(0.15) ? any(r) : r.pick(listKeys));
  return [
    [8, (r) => [r.pick(["LPUSH", "RPUSH", "LPUSHX", "RPUSHX"]), key(r), ...elements(r)]],
    [4, (r) => [r.pick(["LPOP", "RPOP"]), key(r), ...(r.chance(0.4) ? [number(r)] : [])]],
    [4, (r) => ["LRANGE", key(r), number(r), number(r)]],
    [2, (r) => ["LLEN", key(r)]],
    [3, (r) => ["LINDEX", key(r), number(r)]],
    [3, (r) => ["LSET", key(r), number(r), element(r)]],
    [3, (r) => ["LINSERT", key(r), r.pick(["BEFORE", "after", "AFTER", "UP"]), element(r), element(r)]],
    [2, (r) => ["LREM", key(r), number(r), element(r)]],
    [2, (r) => ["LTRIM", key(r), number(r), number(r)]],
    [
      3,
      (r) => [
        "LPOS",
        key(r),
        element(r),
        // As far as a rank has an opposite: Redis 7.0 and 7.2 differ there.
        ...(r.chance(0.4) ? ["RANK", r.chance(0.9) ? String(r.from(-3, 3)) : "x"] : []),
        ...(r.chance(0.4) ? ["COUNT", number(r)] : []),
        ...(r.chance(0.3) ? ["MAXLEN", number(r)] : []),
      ],
    ],
    [3, (r) => ["LMOVE", key(r), key(r), side(r), side(r)]],
    [2, (r) => ["RPOPLPUSH", key(r), key(r)]],
    [2, (r) => ["LMPOP", ...keysAndSide(r, key), ...(r.chance(0.5) ? ["COUNT", number(r)] : [])]],
    // Whether something is there or not: nothing waits for longer than this.
    [1, (r) => [r.pick(["BLPOP", "BRPOP"]), key(r), key(r), r.pick(["0.001", "-1", "x"])]],
    [1, (r) => ["BLMPOP", r.pick(["0.001", "x"]), ...keysAndSide(r, key)]],
    [1, (r) => ["BLMOVE", key(r), key(r), side(r), side(r), "0.001"]],
    [1, (r) => ["BRPOPLPUSH", key(r), key(r), "0.001"]],
    [1, (r) => ["SWAPDB", r.pick(["0", "1"]), r.pick(["0", "1"])]],
    [1, (r) => ["COPY", key(r), key(r), "REPLACE"]],
  ];
};

const keysAndSide = (r: Random, key: (random: Random) => string) => {
  const keys = Array.from({ length: r.from(1, 3) }, () => key(r));
  return [r.chance(0.9) ? String(keys.length) : r.pick(["0", "x", "9"]), ...keys, r.chance(0.95) ? side(r) : "UP"];
};
