/** Arrays over the wire: all eighteen commands. Expectations follow Redis 8.8's documentation and tests. */

import { expect } from "bun:test";
import { err, errorLike, map, ok, queued, simple } from "../harness/expected.ts";
import { itemsOf, numberOf, show, textOf } from "../harness/resp.ts";
import { check, type Row, suite } from "../harness/suite.ts";
import { quiet, tells, told } from "../harness/told.ts";

const arrays = suite();
const since = "8.8.0";
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const badIndex = err("ERR invalid array index");
const syntax = err("ERR syntax error");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);
/** The greatest index, and the one that no element has. */
const last = "18446744073709551614";
const beyond = "18446744073709551615";

function rows(name: string, table: readonly Row[]): void {
  arrays.rows(name, table, { since });
}

rows("ARSET puts values from an index on and counts places that were empty", [
  ["ARSET a 0 hello", 1],
  ["ARSET a 0 world", 0],
  ["ARGET a 0", "world"],
  ["ARGET a 1", null],
  ["ARSET a 1 b c d", 3],
  ["ARSET a 3 D e", 1],
  ["ARGETRANGE a 0 5", ["world", "b", "c", "D", "e", null]],
  ["TYPE a", simple("array")],
  ["OBJECT ENCODING a", "sliced-array"],
]);

rows("values come back byte by byte, whatever they look like", [
  ["ARSET a 0 12345 -0 007 3.14159 -12.500000 123456789.123456 2305843009213693951 2305843009213693952", 8],
  [
    "ARGETRANGE a 0 7",
    ["12345", "-0", "007", "3.14159", "-12.500000", "123456789.123456", "2305843009213693951", "2305843009213693952"],
  ],
  ['ARSET a 8 ""', 1],
  ["ARGET a 8", ""],
  [["ARSET", "a", "9", "x".repeat(100_000)], 1],
  ["ARGET a 9", "x".repeat(100_000)],
  [["ARSET", "a", "10", new Uint8Array([0, 255, 13, 10])], 1],
  ["ARGET a 10", new Uint8Array([0, 255, 13, 10])],
]);

rows("indexes reach to 2^64 - 2", [
  [`ARSET a ${last} end`, 1],
  [`ARGET a ${last}`, "end"],
  ["ARLEN a", BigInt(beyond)],
  ["ARCOUNT a", 1],
  ["ARSET a 0 start", 1],
  [
    `ARSCAN a 0 ${last}`,
    [
      [0, "start"],
      [BigInt(last), "end"],
    ],
  ],
  [`ARSET a ${last} x y`, err("ERR array index overflow")],
  [`ARSET a ${beyond} x`, badIndex],
  [`ARGET a ${beyond}`, badIndex],
  ["ARSET a 18446744073709551616 x", badIndex],
  ["ARSET a -1 x", badIndex],
  ["ARSET a x x", badIndex],
  ["ARSET a 1.0 x", badIndex],
  ['ARGET a ""', badIndex],
  [`ARDEL a ${last}`, 1],
  ["ARLEN a", 1],
]);

rows("ARMSET and ARMGET take indexes in any order", [
  ["ARMSET a 5 five 0 zero 1000000 far", 3],
  ["ARMSET a 5 FIVE 1 one", 1],
  ["ARMGET a 1000000 5 0 1 2", ["far", "FIVE", "zero", "one", null]],
  ["ARMSET a 7 x 7 y", 1],
  ["ARGET a 7", "y"],
  ["ARMSET a 1 x 2", arity("armset")],
  ["ARMSET a 1 x y z", badIndex],
  ["ARGET a 1", "one"],
  ["ARMGET a 1 y", badIndex],
  ["ARMGET none 1 y", badIndex],
  ["ARMGET none 1 2", [null, null]],
]);

rows("ARLEN is the greatest index plus one, ARCOUNT the number of elements", [
  ["ARLEN a", 0],
  ["ARCOUNT a", 0],
  ["ARSET a 100 x", 1],
  ["ARSET a 5 x", 1],
  ["ARLEN a", 101],
  ["ARCOUNT a", 2],
  ["ARDEL a 100", 1],
  ["ARLEN a", 6],
]);

rows("ARDEL deletes, and the key with the last element", [
  ["ARSET a 0 a b c d", 4],
  ["ARDEL a 1 1 9 3", 2],
  ["ARGETRANGE a 0 3", ["a", null, "c", null]],
  ["ARDEL a 0 x", badIndex],
  ["ARCOUNT a", 2],
  ["ARDEL a 0 2", 2],
  ["EXISTS a", 0],
  ["ARDEL a 0", 0],
  ["ARDEL a x", badIndex],
]);

rows("ARDELRANGE deletes ranges, which may be written either way round", [
  ["ARSET a 0 0 1 2 3 4 5 6 7 8 9", 10],
  ["ARSET a 1000000 far", 1],
  ["ARDELRANGE a 2 4", 3],
  ["ARDELRANGE a 7 6 4 2", 2],
  ["ARDELRANGE a 1 2 3", arity("ardelrange")],
  ["ARDELRANGE a 1 x", badIndex],
  [
    "ARSCAN a 0 2000000",
    [
      [0, "0"],
      [1, "1"],
      [5, "5"],
      [8, "8"],
      [9, "9"],
      [1_000_000, "far"],
    ],
  ],
  [`ARDELRANGE a 1 ${last}`, 5],
  ["ARDELRANGE a 0 0", 1],
  ["EXISTS a", 0],
  ["ARDELRANGE a 0 1", 0],
]);

rows("ARGETRANGE has a place for every index, in the direction asked for", [
  ["ARSET a 1 b", 1],
  ["ARSET a 3 d", 1],
  ["ARGETRANGE a 0 4", [null, "b", null, "d", null]],
  ["ARGETRANGE a 3 1", ["d", null, "b"]],
  ["ARGETRANGE a 3 3", ["d"]],
  [`ARGETRANGE a ${last} ${last}`, [null]],
  ["ARGETRANGE none 1 3", [null, null, null]],
  ["ARGETRANGE a 0 1000000", err("ERR range exceeds maximum of 1000000 items")],
  [`ARGETRANGE none ${last} 0`, err("ERR range exceeds maximum of 1000000 items")],
  ["ARGETRANGE a x 1", badIndex],
  ["ARGETRANGE a 1 x", badIndex],
]);

rows("ARSCAN lists elements with their indexes", [
  ["ARMSET a 0 a 5 b 9 c 70000 d", 4],
  [
    "ARSCAN a 0 10",
    [
      [0, "a"],
      [5, "b"],
      [9, "c"],
    ],
  ],
  [
    "ARSCAN a 9 1",
    [
      [9, "c"],
      [5, "b"],
    ],
  ],
  [
    `ARSCAN a ${last} 0 LIMIT 2`,
    [
      [70_000, "d"],
      [9, "c"],
    ],
  ],
  ["ARSCAN a 1 4", []],
  ["ARSCAN none 0 10", []],
  ["ARSCAN a 0 10 limit 1", [[0, "a"]]],
  ["ARSCAN a 0 10 LIMIT 0", err("ERR LIMIT must be positive")],
  ["ARSCAN a 0 10 LIMIT -1", err("ERR LIMIT must be positive")],
  ["ARSCAN a 0 10 LIMIT x", err("ERR value is not an integer or out of range")],
  ["ARSCAN a 0 10 COUNT 1", syntax],
  ["ARSCAN a 0 10 LIMIT", arity("arscan")],
  ["ARSCAN a 0 10 LIMIT 1 x", arity("arscan")],
  ["ARSCAN a 0 x", badIndex],
]);

rows("ARINSERT goes on behind the last insertion", [
  ["ARNEXT a", 0],
  ["ARINSERT a a b", 1],
  ["ARINSERT a c", 2],
  ["ARNEXT a", 3],
  ["ARSET a 10 far", 1],
  ["ARNEXT a", 3],
  ["ARDEL a 2", 1],
  ["ARNEXT a", 3],
  ["ARSEEK a 10", 1],
  ["ARINSERT a d", 10],
  ["ARGET a 10", "d"],
  ["ARSEEK a 0", 1],
  ["ARNEXT a", 0],
  ["ARINSERT a A", 0],
  ["ARGETRANGE a 0 2", ["A", "b", null]],
  ["ARSEEK none 5", 0],
  ["EXISTS none", 0],
  ["ARSEEK a x", badIndex],
  ["ARSEEK a -1", badIndex],
]);

rows("ARINSERT ends where indexes end", [
  ["ARINSERT a a", 0],
  [`ARSEEK a ${last}`, 1],
  ["ARNEXT a", BigInt(last)],
  ["ARINSERT a x y", err("ERR insert index overflow")],
  ["ARINSERT a x", BigInt(last)],
  ["ARNEXT a", null],
  ["ARINSERT a y", err("ERR insert index overflow")],
  [`ARSEEK a ${beyond}`, 1],
  ["ARNEXT a", null],
  ["ARINSERT a y", err("ERR insert index overflow")],
  ["ARCOUNT a", 2],
]);

rows("ARRING wraps around at its size", [
  ["ARRING a 3 a", 0],
  ["ARRING a 3 b c d", 0],
  ["ARGETRANGE a 0 3", ["d", "b", "c", null]],
  ["ARNEXT a", 1],
  ["ARLASTITEMS a 3", ["b", "c", "d"]],
  ["ARLASTITEMS a 2 REV", ["d", "c"]],
  ["ARRING a 0 x", err("ERR size must be positive")],
  ["ARRING a -1 x", err("ERR size must be positive")],
  ["ARRING a x x", err("ERR invalid size")],
]);

rows("a ring that grows keeps all in order, one that shrinks keeps the latest", [
  ["ARRING a 3 a b c d", 0],
  ["ARRING a 5 e", 3],
  ["ARGETRANGE a 0 4", ["b", "c", "d", "e", null]],
  ["ARRING a 5 f g", 0],
  ["ARGETRANGE a 0 4", ["g", "c", "d", "e", "f"]],
  ["ARRING a 2 h", 0],
  ["ARGETRANGE a 0 4", ["h", "g", null, null, null]],
  ["ARLEN a", 2],
]);

rows("a ring keeps only the latest without a hole when its size changes", [
  ["ARRING a 6 a b c d e", 4],
  ["ARDEL a 2", 1],
  ["ARRING a 4 f", 2],
  ["ARGETRANGE a 0 4", ["d", "e", "f", null, null]],
]);

rows("after ARSEEK 0 a ring that grows begins at the front", [
  ["ARRING a 3 a b c d", 0],
  ["ARSEEK a 0", 1],
  ["ARRING a 5 e", 0],
  ["ARGETRANGE a 0 3", ["e", "b", "c", null]],
]);

rows("ARLASTITEMS counts places back from the last insertion", [
  ["ARINSERT a 0 10 20 30 40", 4],
  ["ARLASTITEMS a 3", ["20", "30", "40"]],
  ["ARLASTITEMS a 3 rev", ["40", "30", "20"]],
  ["ARLASTITEMS a 100", ["0", "10", "20", "30", "40"]],
  ["ARDEL a 1", 1],
  ["ARLASTITEMS a 10", ["0", null, "20", "30", "40"]],
  ["ARDEL a 4", 1],
  ["ARLASTITEMS a 10 REV", ["30", "20", null, "0"]],
  ["ARSEEK a 0", 1],
  ["ARLASTITEMS a 1", ["30"]],
  ["ARLASTITEMS a 0", []],
  ["ARLASTITEMS a -5", []],
  ["ARLASTITEMS a x", err("ERR invalid COUNT")],
  ["ARLASTITEMS a 1 FWD", syntax],
  ["ARLASTITEMS a 1 REV x", arity("arlastitems")],
  ["ARLASTITEMS none 5", []],
  ["ARSET a 2000000 far", 1],
  ["ARLASTITEMS a 1000001", err("ERR count exceeds maximum of 1000000 items")],
  ["ARLASTITEMS a 2", [null, "far"]],
]);

rows("AROP adds, compares and counts", [
  ["ARMSET a 0 10 1 20.5 2 x 3 -3 9 1e2", 5],
  ["AROP a 0 3 SUM", "27.5"],
  ["AROP a 9 0 sum", "127.5"],
  ["AROP a 0 9 MIN", "-3"],
  ["AROP a 0 9 MAX", "100"],
  ["AROP a 0 9 USED", 5],
  ["AROP a 4 8 USED", 0],
  ["AROP a 2 2 SUM", null],
  ["AROP a 4 8 MAX", null],
  ["AROP a 0 9 MATCH x", 1],
  ["AROP a 0 9 MATCH y", 0],
  ["AROP none 0 9 USED", 0],
  ["AROP none 0 9 MATCH x", 0],
  ["AROP none 0 9 SUM", null],
  ["AROP none 0 9 XOR", null],
  ["AROP a 0 9 AVG", err("ERR unknown operation")],
  ["AROP a 0 9 MATCH", err("ERR MATCH requires a value argument")],
  ["AROP a 0 9 MATCH x y", err("ERR MATCH requires a value argument")],
  ["AROP a 0 9 SUM x", arity("arop")],
  ["AROP a 0 x SUM", badIndex],
]);

rows("AROP joins bits of whole parts", [
  ["ARMSET a 0 255 1 15 2 240 5 text 6 1e30", 5],
  ["AROP a 0 6 AND", 0],
  ["AROP a 0 6 OR", 255],
  ["AROP a 0 6 XOR", 0],
  ["AROP a 5 6 OR", null],
  ["ARMSET b 0 7.9 1 3.2 2 1.8", 3],
  ["AROP b 0 2 AND", 1],
  ["AROP b 0 2 OR", 7],
  ["AROP b 0 2 XOR", 5],
]);

rows("sums have 17 digits, as of C's long double", [
  ["ARSET a 0 9223372036854775807 1", 2],
  ["AROP a 0 1 SUM", "9.2233720368547758e+18"],
  ["ARSET b 0 0.1 0.2", 2],
  ["AROP b 0 1 SUM", "0.3"],
  ["ARSET c 0 1e4000 inf", 2],
  ["AROP c 0 0 MAX", "1e+4000"],
  ["AROP c 0 1 SUM", "inf"],
]);

rows("ARGREP finds elements by what they are, contain or match", [
  ["ARMSET a 0 alpha 1 beta 2 alphabet 5 gamma 6 Alpha", 5],
  ["ARGREP a - + MATCH alpha", [0, 2]],
  ["ARGREP a - + EXACT alpha", [0]],
  ["ARGREP a - + EXACT ALPHA NOCASE", [0, 6]],
  ["ARGREP a - + MATCH ALPHA NOCASE", [0, 2, 6]],
  ["ARGREP a - + GLOB *a?e*", [2]],
  [
    "ARGREP a + - GLOB a* WITHVALUES",
    [
      [2, "alphabet"],
      [0, "alpha"],
    ],
  ],
  ["ARGREP a 1 5 match a LIMIT 2", [1, 2]],
  ["ARGREP a - + MATCH bet EXACT gamma", [1, 2, 5]],
  ["ARGREP a - + MATCH alpha MATCH bet AND", [2]],
  ["ARGREP a - + OR MATCH alpha LIMIT 3 GLOB *bet AND LIMIT 1 NOCASE", [2]],
  ['ARGREP a - + MATCH ""', [0, 1, 2, 5, 6]],
  ["ARGREP a - + RE ^a.*(a|et)$", [0, 2]],
  ["ARGREP a - + RE ^a NOCASE", [0, 2, 6]],
  ["ARGREP a - + RE [[:upper:]]", [6]],
  ["ARGREP none - + MATCH a", []],
  ["ARGREP a 100 200 MATCH a", []],
]);

rows("ARGREP refuses what makes no sense", [
  ["ARSET a 0 foo", 1],
  ["ARGREP a - + LIMIT 1", syntax],
  ["ARGREP a - + EXACT foo GLOB", syntax],
  ["ARGREP a - + EXACT foo BAR", syntax],
  ["ARGREP a - + EXACT foo LIMIT", syntax],
  ["ARGREP a - + EXACT foo LIMIT 0", err("ERR LIMIT must be positive")],
  ["ARGREP a - + EXACT foo LIMIT x", err("ERR value is not an integer or out of range")],
  ["ARGREP a x + EXACT foo", badIndex],
  ["ARGREP a - * EXACT foo", badIndex],
  ['ARGREP a - + RE ""', err("ERR regular expression is empty")],
  ["ARGREP a - + RE (", errorLike(/^ERR invalid regular expression: /)],
  ["ARGREP a - + RE [z-a]", errorLike(/^ERR invalid regular expression: Invalid character range/)],
  [["ARGREP", "a", "-", "+", "RE", "(a)\\1"], err("ERR regular expression backreferences are not supported")],
  [["ARGREP", "a", "-", "+", "RE", "\\x{1"], errorLike(/^ERR invalid regular expression: /)],
  [["ARGREP", "a", "-", "+", "RE", "a".repeat(2048)], []],
  [["ARGREP", "a", "-", "+", "RE", "a".repeat(2049)], err("ERR regular expression is too long, maximum is 2048 bytes")],
  [["ARGREP", "a", "-", "+", ...Array(250).fill(["MATCH", "foo"]).flat()], [0]],
  [
    ["ARGREP", "a", "-", "+", ...Array(251).fill(["MATCH", "foo"]).flat()],
    err("ERR too many predicates, maximum is 250"),
  ],
]);

arrays.rows(
  "a regular expression that would become too large is refused",
  [
    ["ARSET a 0 foo", 1],
    [
      "ARGREP a - + RE (((a{255}){255}){255}){255}",
      err("ERR regular expression is too complex, maximum is a program of 262144 bytes"),
    ],
  ],
  { since: "99.0.0" },
);

rows("ARINFO shows figures, with FULL those of slices", [
  ["ARINSERT a a b", 1],
  ["ARSET a 100 c", 1],
  [
    "ARINFO a",
    map(
      "count",
      3,
      "len",
      101,
      "next-insert-index",
      2,
      "slices",
      1,
      "directory-size",
      1,
      "super-dir-entries",
      0,
      "slice-size",
      4096,
    ),
  ],
  ["ARINFO a SOME", syntax],
  ["ARINFO a FULL x", syntax],
  ["ARINFO none", err("ERR no such key")],
  ["ARINFO none SOME", syntax],
]);

arrays.both(
  "ARINFO FULL counts dense and sparse slices",
  async (wire) => {
    await wire.call(["ARSET", "a", "0", ...Array.from({ length: 4096 }, (_, index) => String(index))]);
    await wire.call("ARMSET a 10000 x 12000 y");
    const info = itemsOf(await wire.call("ARINFO a FULL"));
    const at = (name: string) => info[info.findIndex((item) => item.kind === "bulk" && textOf(item) === name) + 1];
    expect(numberOf(at("slices"))).toBe(2);
    expect(numberOf(at("dense-slices"))).toBe(1);
    expect(numberOf(at("sparse-slices"))).toBe(1);
    expect(show(at("avg-dense-size") ?? { kind: "null" })).toContain("4096");
    expect(show(at("avg-dense-fill") ?? { kind: "null" })).toContain("1");
  },
  { since },
);

rows("a key of another type is refused by every command", [
  ["SET s x", ok],
  ...(
    [
      "ARGET s 0",
      "ARMGET s 0",
      "ARSET s 0 x",
      "ARMSET s 0 x",
      "ARDEL s 0",
      "ARDELRANGE s 0 1",
      "ARLEN s",
      "ARCOUNT s",
      "ARGETRANGE s 0 1",
      "ARSCAN s 0 1",
      "ARGREP s - + EXACT x",
      "AROP s 0 1 SUM",
      "ARINSERT s x",
      "ARRING s 1 x",
      "ARNEXT s",
      "ARSEEK s 1",
      "ARLASTITEMS s 1",
      "ARINFO s",
    ] as const
  ).map((command): Row => [command, wrongType]),
  ["ARSET a 0 x", 1],
  ["GET a", wrongType],
  ["LPUSH a x", wrongType],
]);

rows("too few arguments are refused by every command", [
  ...Object.entries({
    arget: "a",
    armget: "a",
    arset: "a 0",
    armset: "a 0",
    ardel: "a",
    ardelrange: "a 0",
    arlen: "",
    arcount: "",
    argetrange: "a 0",
    arscan: "a 0",
    argrep: "a - + EXACT",
    arop: "a 0 1",
    arinsert: "a",
    arring: "a 1",
    arnext: "",
    arseek: "a",
    arlastitems: "a",
    arinfo: "",
  }).map(([name, args]): Row => [`${name} ${args}`.trim(), arity(name)]),
]);

rows("an expired array is as if it were not there", [
  ["ARSET a 0 x y", 2],
  ["PEXPIREAT a 1", 1],
  ["ARLEN a", 0],
  ["ARSET a 5 z", 1],
  ["ARSCAN a 0 9", [[5, "z"]]],
  ["TTL a", -1],
  ["EXPIRE a 100", 1],
  ["ARSET a 6 z", 1],
  ["ARINSERT a x", 0],
  ["TTL a", 100],
]);

rows("arrays are copied, renamed, found by type and measured", [
  ["ARINSERT a a b c", 2],
  ["COPY a b", 1],
  ["ARSET a 0 changed", 0],
  ["ARGETRANGE b 0 2", ["a", "b", "c"]],
  ["ARNEXT b", 3],
  ["RENAME b c", ok],
  ["ARINSERT c d", 3],
  ["ARGETRANGE a 0 3", ["changed", "b", "c", null]],
  ["SET s x", ok],
  ["SCAN 0 COUNT 1000 TYPE array MATCH a", ["0", ["a"]]],
  ["SCAN 0 COUNT 1000 TYPE array MATCH s", ["0", []]],
  ["UNLINK a", 1],
  ["DEL c", 1],
]);

rows("MULTI runs array commands together", [
  ["MULTI", ok],
  ["ARINSERT a x y", queued],
  ["ARRING a 1 z", queued],
  ["ARGREP a - + MATCH z", queued],
  ["AROP a 0 9 USED", queued],
  ["EXEC", [1, 0, [0], 1]],
]);

arrays.both(
  "changes are notified in the class of arrays, and what changes nothing is not",
  async (wire) => {
    const listener = await arrays.server.connect(wire.protocol);
    await wire.call("CONFIG SET notify-keyspace-events Ea");
    await tells(listener, "PSUBSCRIBE *");
    await check(wire, [
      ["ARSET a 0 x", 1],
      ["ARMSET a 1 x 2 y", 2],
      ["ARINSERT a x", 0],
      ["ARSEEK a 5", 1],
      ["ARRING a 9 z", 5],
      ["ARDEL a 77", 0],
      ["ARDEL a 0", 1],
      ["ARDELRANGE a 50 60", 0],
      ["ARDELRANGE a 0 60", 3],
      ["ARSEEK a 1", 0],
    ]);
    const events: string[] = [];
    while (events.length < 7) events.push((await told(listener)).replace("pmessage * __keyevent@0__:", ""));
    expect(events).toEqual(["arset a", "armset a", "arinsert a", "arseek a", "arring a", "ardel a", "ardelrange a"]);
    expect(await quiet(listener)).toEqual([]);
    await listener.close();
  },
  { since, after: ['CONFIG SET notify-keyspace-events ""'] },
);

arrays.both(
  "INFO counts arrays by their elements",
  async (wire) => {
    await wire.pipeline(["ARSET a 0 x y", "ARSET b 1000000 x y z"]);
    expect(show(await wire.call("INFO keysizes"))).toContain("db0_distrib_arrays_items:2=2");
  },
  { since: "99.0.0" },
);

const LIBRARY = `#!ts name=arrays
export function spoil(key: string) {
  Zedis.arset(key, 0, "spoilt", "spoilt");
  Zedis.arinsert(key, "more", "and more");
  Zedis.arring(key, 2, "ring");
  Zedis.ardelrange(key, 0, 1000000);
  Zedis.arset(key, 7, "again");
  throw new Error("no");
}
export function sum(key: string) {
  return Zedis.arop(key, 0, 100, "SUM");
}
`;

arrays.both(
  "a procedure that throws leaves an array as it was",
  async (wire) => {
    expect(textOf(await wire.call(["FUNCTION", "LOAD", "REPLACE", LIBRARY]))).toBe("arrays");
    await wire.call("ARINSERT a 1 2 3");
    await wire.call("ARSET a 50000 text");
    const before = show(await wire.call("ARSCAN a 0 100000"));
    expect((await wire.call("FCALL spoil 1 a")).kind).toBe("error");
    expect(show(await wire.call("ARSCAN a 0 100000"))).toBe(before);
    expect(numberOf(await wire.call("ARNEXT a"))).toBe(3);
    expect((await wire.call("FCALL spoil 1 none")).kind).toBe("error");
    expect(numberOf(await wire.call("EXISTS none"))).toBe(0);
    expect(textOf(await wire.call("FCALL sum 1 a"))).toBe("6");
  },
  { since: "99.0.0" },
);

arrays.both(
  "a large array is read, cut and freed while others are served",
  async (wire) => {
    const values = Array.from({ length: 10_000 }, (_, index) => String(index));
    for (let start = 0; start < 300_000; start += 10_000) await wire.call(["ARSET", "big", String(start), ...values]);
    expect(itemsOf(await wire.call("ARGETRANGE big 0 299999")).length).toBe(300_000);
    expect(itemsOf(await wire.call("ARSCAN big 299999 0 LIMIT 200000")).length).toBe(200_000);
    expect(textOf(await wire.call("AROP big 0 299999 SUM"))).toBe(String(30 * ((9999 * 10_000) / 2)));
    expect(itemsOf(await wire.call("ARGREP big - + RE ^7+$")).length).toBe(4 * 30);
    expect(numberOf(await wire.call("ARDELRANGE big 1 299998"))).toBe(299_998);
    expect(numberOf(await wire.call("ARLEN big"))).toBe(300_000);
    expect(numberOf(await wire.call("MEMORY USAGE big"))).toBeLessThan(1000);
  },
  { since },
);
