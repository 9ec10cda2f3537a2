/** Commands about bits, for random sequences, on keys that hold strings of all kinds, and other types. */
import type { Random } from "../harness/random.ts";
import type { Step } from "./sequence.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];

const offset = (random: Random) =>
  random.chance(0.95)
    ? String(random.below(random.pick([8, 100, 2000])))
    : random.pick(["-1", "x", "", "33554432", "#1", "007"]);
const index = (random: Random) => String(random.pick([0, 1, -1, 7, 8, -9, 100, -100, random.from(-300, 300)]));
const range = (random: Random): string[] => {
  const unit = random.pick([[], ["BIT"], ["byte"]]);
  return [index(random), index(random), ...unit];
};
const type = (random: Random) =>
  random.chance(0.95)
    ? `${random.pick(["i", "u"])}${random.pick([1, 5, 8, 16, 32, 63])}`
    : random.pick(["i64", "u64", "i0", "x8"]);
const amount = (random: Random) =>
  random.pick([
    "0",
    "1",
    "-1",
    "255",
    "-129",
    "9223372036854775807",
    "-9223372036854775808",
    String(random.from(-999, 999)),
  ]);
const field = (random: Random): string[] => {
  const at = random.chance(0.3) ? `#${random.below(9)}` : offset(random);
  const kind = random.below(4);
  if (kind === 0) return ["OVERFLOW", random.pick(["WRAP", "SAT", "FAIL"])];
  if (kind === 1) return ["GET", type(random), at];
  return [random.pick(["SET", "INCRBY"]), type(random), at, amount(random)];
};
const some = <T>(random: Random, most: number, make: (random: Random) => T): T[] =>
  Array.from({ length: random.from(1, most) }, () => make(random));

/** `key` draws the name of a key. */
export const bitmapMakers = (key: (random: Random) => string): readonly Maker[] => [
  [4, (r) => ["SETBIT", key(r), offset(r), r.pick(["0", "1", "1", r.chance(0.1) ? "2" : "1"])]],
  [2, (r) => ["GETBIT", key(r), offset(r)]],
  [2, (r) => ["BITCOUNT", key(r), ...(r.chance(0.6) ? range(r) : [])]],
  [2, (r) => ["BITPOS", key(r), r.pick(["0", "1"]), ...(r.chance(0.6) ? range(r) : r.chance(0.5) ? [index(r)] : [])]],
  [4, (r) => ["BITOP", r.pick(["AND", "OR", "XOR", "NOT", "or"]), key(r), ...some(r, 4, key)]],
  [4, (r) => ["BITFIELD", key(r), ...some(r, 4, field).flat()]],
  [1, (r) => ["BITFIELD_RO", key(r), ...some(r, 3, (random) => ["GET", type(random), offset(random)]).flat()]],
];
