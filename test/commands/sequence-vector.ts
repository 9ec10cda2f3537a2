/**
 * Commands of vector sets for the differential tester, where the redis-server of the machine knows them. A member's name says
 * which vector it has, so that no two are equally near and both servers give the same order; scores are left out, since
 * their last digits depend on the order of sums.
 */
import type { Random } from "../harness/random.ts";
import { oracleHas } from "../harness/target.ts";
import type { Step } from "./sequence.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];

/** Components of the vectors of members `0` to `9`. */
const vectors = [
  [1, 0, 0],
  [0.9, 0.3, 0.1],
  [0.5, 0.8, 0.2],
  [0.1, 1, 0.25],
  [-0.3, 0.7, 0.6],
  [-0.7, 0.2, 0.9],
  [-1, -0.1, 0.4],
  [-0.6, -0.8, 0.15],
  [0.2, -0.9, -0.5],
  [0.7, -0.35, -0.85],
];
const attributes = [
  '{"n":1,"w":"one"}',
  '{"n":2,"l":[1,"x"]}',
  '{"n":"3","t":true,"z":null}',
  "",
  "{",
  "[1]",
  '{"n":{}}',
];
const expressions = [
  ".n == 1",
  ".n > 1",
  ".n < 3 and .w == 'one'",
  "!(.n == 1)",
  ".t",
  ".n in [1, 2]",
  "1 in .l",
  "'n' in .w",
  ".z == null",
  "(.n + 1) * 2 > 4",
  "1",
  ".n ==",
  ".n @ 1",
  "",
];

const name = (r: Random) => (r.chance(0.1) ? "none" : String(r.below(10)));
const values = (member: string): string[] => {
  const vector = vectors[Number(member)] ?? [0.33, 0.44, -0.55];
  return ["VALUES", "3", ...vector.map(String)];
};

export const vectorMakers = (any: (random: Random) => string): readonly Maker[] => {
  if (!oracleHas("8.2.0")) return [];
  const key = (r: Random) => (r.chance(0.1) ? any(r) : r.pick(["v1", "v2"]));
  const options = (r: Random): string[] => {
    const all: string[] = [];
    if (r.chance(0.15)) all.push(r.pick(["NOQUANT", "BIN", "Q8", "CAS", "FOO"]));
    if (r.chance(0.3)) all.push("SETATTR", r.pick(attributes));
    if (r.chance(0.1)) all.push(r.pick(["EF", "M"]), r.pick(["0", "8", "16", "x"]));
    return all;
  };
  return [
    [
      8,
      (r) => {
        const member = name(r);
        return ["VADD", key(r), ...values(member), member, ...options(r)];
      },
    ],
    [1, (r) => ["VADD", key(r), "REDUCE", r.pick(["0", "2", "3"]), ...values("1"), "1"]],
    [1, (r) => ["VADD", key(r), "VALUES", r.pick(["2", "4", "x"]), "1", "2", "3", "m"]],
    [3, (r) => ["VREM", key(r), name(r)]],
    [2, (r) => ["VSETATTR", key(r), name(r), r.pick(attributes)]],
    [2, (r) => ["VGETATTR", key(r), name(r)]],
    [2, (r) => ["VEMB", key(r), name(r)]],
    [1, (r) => ["VISMEMBER", key(r), name(r)]],
    [1, (r) => [r.pick(["VCARD", "VDIM"]), key(r)]],
    [
      5,
      (r) => [
        "VSIM",
        key(r),
        ...(r.chance(0.5) ? ["ELE", name(r)] : values(name(r))),
        ...(r.chance(0.4) ? ["COUNT", r.pick(["0", "1", "3", "20"])] : []),
        ...(r.chance(0.4) ? ["FILTER", r.pick(expressions)] : []),
        ...(r.chance(0.2) ? ["WITHATTRIBS"] : []),
        ...(r.chance(0.2) ? [r.pick(["TRUTH", "NOTHREAD", "FOO", "EF"])] : []),
      ],
    ],
    [1, (r) => ["VRANDMEMBER", key(r), r.pick(["0", "x"])]],
  ];
};
