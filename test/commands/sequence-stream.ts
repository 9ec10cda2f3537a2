/** Stream commands for the differential tester: small ids that meet, groups and consumers of few names, and no clocks. */
import type { Random } from "../harness/random.ts";
import type { Step } from "./sequence.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];

export const streamKeys = ["x1", "x2"];

const oddIds = [
  "-",
  "+",
  "$",
  ">",
  "0",
  "0-0",
  "5",
  "x",
  "",
  "1-",
  "-1",
  "1-1-1",
  "(1-1",
  "(0",
  "007-1",
  " 3",
  "18446744073709551615-18446744073709551615",
  "18446744073709551616",
];
const names = ["f", "g", "1", "", "long-field-name"];
const values = ["v", "1", "-7", "", "x".repeat(70), "9223372036854775807", "007"];

const some = <T>(r: Random, most: number, make: (r: Random) => T): T[] =>
  Array.from({ length: r.from(1, most) }, () => make(r));
const id = (r: Random) => (r.chance(0.06) ? r.pick(oddIds) : `${r.from(1, 12)}-${r.from(0, 3)}`);
const bound = (r: Random) => (r.chance(0.5) ? r.pick(["-", "+", "0", "5", "(3-1", "9"]) : id(r));
const group = (r: Random) => r.pick(["g", "h", "none"]);
const consumer = (r: Random) => r.pick(["a", "b", "c"]);
const count = (r: Random) => (r.chance(0.9) ? String(r.from(0, 5)) : r.pick(["-1", "x", "1.5"]));
/** Waited for long, or not: never about as long as a test runs. */
const idle = (r: Random) => (r.chance(0.95) ? r.pick(["0", "0", "100000000"]) : r.pick(["-1", "x"]));
const trim = (r: Random): string[] => [
  r.pick(["MAXLEN", "MINID"]),
  ...(r.chance(0.4) ? [r.pick(["=", "=", "~"])] : []),
  r.chance(0.5) ? String(r.from(0, 8)) : id(r),
  ...(r.chance(0.1) ? ["LIMIT", count(r)] : []),
];

/** `any` draws the name of a key of any type; mostly keys of their own are used, so that streams have time to grow. */
export const streamMakers = (any: (random: Random) => string): readonly Maker[] => {
  const key = (r: Random) => (r.chance(0.08) ? any(r) : r.pick(streamKeys));
  return [
    [
      12,
      (r) => [
        "XADD",
        key(r),
        ...(r.chance(0.1) ? ["NOMKSTREAM"] : []),
        ...(r.chance(0.1) ? trim(r) : []),
        r.chance(0.3) ? `${r.from(1, 12)}-*` : id(r),
        ...some(r, 3, (s) => [s.pick(names), s.pick(values)]).flat(),
      ],
    ],
    [2, (r) => ["XTRIM", key(r), ...trim(r)]],
    [3, (r) => ["XDEL", key(r), ...some(r, 3, id)]],
    [1, (r) => ["XLEN", key(r)]],
    [
      4,
      (r) => [
        r.pick(["XRANGE", "XREVRANGE"]),
        key(r),
        bound(r),
        bound(r),
        ...(r.chance(0.4) ? ["COUNT", count(r)] : []),
      ],
    ],
    [
      2,
      (r) => {
        const keys = some(r, 2, key);
        return [
          "XREAD",
          ...(r.chance(0.4) ? ["COUNT", count(r)] : []),
          "STREAMS",
          ...keys,
          ...keys.map(() => id(r).replace("+", "1")),
        ];
      },
    ],
    // Above all ids: Redis 7.0 lets XSETID go below what was deleted.
    [
      1,
      (r) => [
        "XSETID",
        key(r),
        r.chance(0.2) ? "x" : `13-${r.from(0, 3)}`,
        ...(r.chance(0.3) ? ["ENTRIESADDED", count(r)] : []),
        ...(r.chance(0.3) ? ["MAXDELETEDID", id(r)] : []),
      ],
    ],
    [
      5,
      (r) => [
        "XGROUP",
        "CREATE",
        key(r),
        group(r),
        r.chance(0.6) ? "0" : r.pick(["$", id(r)]),
        ...(r.chance(0.7) ? ["MKSTREAM"] : []),
      ],
    ],
    [1, (r) => ["XGROUP", "SETID", key(r), group(r), r.chance(0.5) ? r.pick(["0", "$", "-", "+"]) : id(r)]],
    [1, (r) => ["XGROUP", r.pick(["CREATECONSUMER", "DELCONSUMER"]), key(r), group(r), r.pick(["d", "e"])]],
    [1, (r) => ["XGROUP", r.pick(["DESTROY", "HELPME"]), key(r), group(r)]],
    [
      8,
      (r) => {
        const keys = some(r, 2, key);
        return [
          "XREADGROUP",
          "GROUP",
          group(r),
          consumer(r),
          ...(r.chance(0.6) ? ["COUNT", count(r)] : []),
          ...(r.chance(0.1) ? ["NOACK"] : []),
          "STREAMS",
          ...keys,
          ...keys.map(() => (r.chance(0.7) ? ">" : id(r).replace("+", "1"))),
        ];
      },
    ],
    [3, (r) => ["XACK", key(r), group(r), ...some(r, 3, id)]],
    [
      3,
      (r) => [
        "XCLAIM",
        key(r),
        group(r),
        consumer(r),
        idle(r),
        ...some(r, 3, id),
        ...(r.chance(0.2) ? ["RETRYCOUNT", count(r)] : []),
        ...(r.chance(0.1) ? ["LASTID", id(r)] : []),
        ...["FORCE", "JUSTID"].filter(() => r.chance(0.3)),
      ],
    ],
    [
      2,
      (r) => [
        "XAUTOCLAIM",
        key(r),
        group(r),
        consumer(r),
        idle(r),
        bound(r),
        ...(r.chance(0.5) ? ["COUNT", count(r)] : []),
        ...(r.chance(0.3) ? ["JUSTID"] : []),
      ],
    ],
    [1, (r) => ["XPENDING", key(r), group(r)]],
    [
      3,
      (r) => [
        "XPENDING",
        key(r),
        group(r),
        ...(r.chance(0.2) ? ["IDLE", idle(r)] : []),
        bound(r),
        bound(r),
        count(r),
        ...(r.chance(0.4) ? [consumer(r)] : []),
      ],
    ],
    [1, (r) => ["XINFO", r.pick(["STREAM", "GROUPS"]), key(r)]],
  ];
};

/** What is read of a stream at the end. */
export const streamReads: readonly Step[] = streamKeys.flatMap((name) => [
  ["XRANGE", name, "-", "+"],
  ["XREVRANGE", name, "+", "-"],
  ["XINFO", "STREAM", name],
  ["XINFO", "GROUPS", name],
  ...["g", "h"].flatMap((of) => [
    ["XPENDING", name, of],
    ["XPENDING", name, of, "-", "+", "100"],
    ["XREADGROUP", "GROUP", of, "a", "STREAMS", name, "0"],
  ]),
]);

/** Of XINFO, what Redis 7.0 tells and works out as later ones do: a consumer that gets nothing is made since 7.2. */
export const streamFacts: ReadonlySet<string> = new Set([
  "length",
  "last-generated-id",
  "max-deleted-entry-id",
  "entries-added",
  "recorded-first-entry-id",
  "groups",
  "first-entry",
  "last-entry",
  "name",
  "pending",
  "last-delivered-id",
]);
