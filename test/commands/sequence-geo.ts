/** Commands about places for the differential tester. Every member has places of its own, so that no two distances are alike. */
import type { Random } from "../harness/random.ts";
import type { Step } from "./sequence.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];

/** Keys that mostly hold places. */
export const geoKeys = ["p1", "p2"];

const members = ["Palermo", "Catania", "Berlin", "Quito", "Suva", "Nome", "", "McMurdo", "x".repeat(40)];
/** Two places of each: around Sicily, and anywhere, the date line and the ends of the projection among them. */
const places = members.map((_, at): readonly (readonly [string, string])[] => [
  [(13.1 + at * 0.2713).toFixed(6), (37.2 + at * 0.0917).toFixed(6)],
  [(-179.9 + at * 44.917).toFixed(6), (-84.9 + at * 21.193).toFixed(6)],
]);
const outside = ["181", "-180.5", "86", "x", "", "1e400"];

const some = <T>(r: Random, most: number, make: (r: Random) => T): T[] =>
  Array.from({ length: r.from(1, most) }, () => make(r));
const member = (r: Random) => r.pick(members);
const unit = (r: Random) => (r.chance(0.04) ? r.pick(["miles", ""]) : r.pick(["m", "km", "ft", "mi", "KM"]));
const length = (r: Random) =>
  r.chance(0.05) ? r.pick(["-1", "x", ""]) : r.pick(["0", "1", "50", "100", "200.5", "5000", "30000"]);
const placed = (r: Random): string[] => {
  const at = r.below(members.length);
  const [longitude, latitude] = r.pick(places[at] ?? []);
  return r.chance(0.04) ? [r.pick(outside), latitude, members[at] ?? ""] : [longitude, latitude, members[at] ?? ""];
};
const center = (r: Random): string[] => [String(r.from(-1800, 1800) / 10), String(r.from(-850, 850) / 10)];
const near = (r: Random): string[] => (r.chance(0.5) ? ["13.9", "37.7"] : center(r));

/** `any` draws the name of a key of any type. */
export const geoMakers = (any: (random: Random) => string): readonly Maker[] => {
  const key = (r: Random) => (r.chance(0.1) ? any(r) : r.pick(geoKeys));
  const shape = (r: Random) =>
    r.chance(0.6) ? ["BYRADIUS", length(r), unit(r)] : ["BYBOX", length(r), length(r), unit(r)];
  const counted = (r: Random) => (r.chance(0.3) ? ["COUNT", r.pick(["1", "2", "5", "0", "x"])] : []);
  const order = (r: Random) => (r.chance(0.4) ? [r.pick(["ASC", "DESC"])] : []);
  const shown = (r: Random) => ["WITHDIST", "WITHCOORD", "WITHHASH"].filter(() => r.chance(0.3));
  const from = (r: Random) => (r.chance(0.5) ? ["FROMMEMBER", member(r)] : ["FROMLONLAT", ...near(r)]);
  const search = (r: Random) => r.shuffled([from(r), shape(r), counted(r), order(r)]).flat();
  return [
    [8, (r) => ["GEOADD", key(r), ...["NX", "XX", "CH"].filter(() => r.chance(0.1)), ...some(r, 5, placed).flat()]],
    [2, (r) => ["GEODIST", key(r), member(r), member(r), ...(r.chance(0.6) ? [unit(r)] : [])]],
    [2, (r) => [r.pick(["GEOHASH", "GEOPOS"]), key(r), ...some(r, 4, member)]],
    [6, (r) => ["GEOSEARCH", key(r), ...search(r), ...shown(r)]],
    [3, (r) => ["GEOSEARCHSTORE", key(r), key(r), ...search(r), ...(r.chance(0.3) ? ["STOREDIST"] : [])]],
    [
      2,
      (r) => [
        r.pick(["GEORADIUS", "GEORADIUS_RO"]),
        key(r),
        ...near(r),
        length(r),
        unit(r),
        ...shown(r),
        ...counted(r),
        ...order(r),
      ],
    ],
    [
      2,
      (r) => [
        r.pick(["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"]),
        key(r),
        member(r),
        length(r),
        unit(r),
        ...shown(r),
        ...order(r),
      ],
    ],
    [1, (r) => ["GEORADIUS", key(r), ...near(r), length(r), unit(r), r.pick(["STORE", "STOREDIST"]), key(r)]],
    [1, (r) => ["ZRANGE", key(r), "0", "-1", "WITHSCORES"]],
    [1, (r) => ["DEL", r.pick(geoKeys)]],
  ];
};
