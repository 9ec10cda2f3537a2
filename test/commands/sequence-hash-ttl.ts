/**
 * Expiring fields for the differential tester, where the redis-server of the machine knows them: absolute times alone, long
 * past or far ahead, in the order of arguments that every version takes.
 */
import type { Random } from "../harness/random.ts";
import { oracleHas } from "../harness/target.ts";
import type { Step } from "./sequence.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];

export const hashTtlKeys = ["h1", "h2"];

/** The year 3021. */
const far_s = 33177117420;
const fields = ["f", "g", "1", "", "longer-field-name", "\0", "x", "y", "z", "w", "v", "-7"];

const field = (r: Random) => r.pick(fields);
const some = (r: Random, most: number): string[] => Array.from({ length: r.from(1, most) }, () => field(r));
/** FIELDS with its count, which is wrong now and then. */
const clause = (r: Random, names: readonly string[], count = names.length): string[] => [
  r.chance(0.97) ? "FIELDS" : r.pick(["fields", "FIELD"]),
  r.chance(0.97) ? String(count) : r.pick(["0", "-1", "x"]),
  ...names,
];
/** What is wrong with it, 8.4 says in words of its own. */
const rightClause = (names: readonly string[]): string[] => ["FIELDS", String(names.length), ...names];
const instant_s = (r: Random) =>
  r.chance(0.85) ? String(far_s + r.below(9)) : r.pick(["0", "1", "-1", "x", "99999999999999"]);
const instant_ms = (r: Random) =>
  r.chance(0.85) ? `${far_s + r.below(3)}00${r.below(9)}` : r.pick(["0", "1", "-1", "x", "70368744177664"]);
const value = (r: Random) => r.pick(["1", "22", "", "text", "x".repeat(64), "y".repeat(65), "-5"]);
const condition = (r: Random) => (r.chance(0.5) ? [r.pick(["NX", "XX", "GT", "LT", "gt"])] : []);

export const hashTtlMakers = (any: (random: Random) => string): readonly Maker[] => {
  if (!oracleHas("7.4.0")) return [];
  const key = (r: Random) => (r.chance(0.1) ? any(r) : r.pick(hashTtlKeys));
  const fused: readonly Maker[] = [
    [3, (r) => ["HGETDEL", key(r), ...clause(r, some(r, 3))]],
    [
      4,
      (r) => [
        "HGETEX",
        key(r),
        ...r.pick([[], ["PERSIST"], ["EXAT", instant_s(r)], ["PXAT", instant_ms(r)]]),
        ...clause(r, some(r, 3)),
      ],
    ],
    [
      4,
      (r) => {
        const names = some(r, 3);
        return [
          "HSETEX",
          key(r),
          ...r.pick([[], [], ["FNX"], ["FXX"]]),
          ...r.pick([[], ["KEEPTTL"], ["EXAT", instant_s(r)], ["PXAT", instant_ms(r)]]),
          ...clause(
            r,
            names.flatMap((name) => [name, value(r)]),
            names.length,
          ),
        ];
      },
    ],
  ];
  return [
    [6, (r) => ["HSET", key(r), ...some(r, 4).flatMap((name) => [name, value(r)])]],
    [5, (r) => ["HPEXPIREAT", key(r), instant_ms(r), ...condition(r), ...rightClause(some(r, 4))]],
    [5, (r) => ["HEXPIREAT", key(r), instant_s(r), ...condition(r), ...rightClause(some(r, 4))]],
    [4, (r) => [r.pick(["HPEXPIRETIME", "HEXPIRETIME"]), key(r), ...clause(r, some(r, 4))]],
    [3, (r) => ["HPERSIST", key(r), ...clause(r, some(r, 3))]],
    [2, (r) => ["HINCRBY", key(r), field(r), "3"]],
    [2, (r) => ["HDEL", key(r), ...some(r, 3)]],
    [1, (r) => [r.pick(["COPY", "RENAME"]), key(r), key(r)]],
    [1, (r) => ["HPEXPIRETIME", key(r), "FIELDS", String(fields.length), ...fields]],
    [1, (r) => ["OBJECT", "ENCODING", key(r)]],
    ...(oracleHas("8.0.0") ? fused : []),
  ];
};
