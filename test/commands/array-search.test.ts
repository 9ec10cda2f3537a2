/** AROP, ARGREP and ARINFO over the wire; array.test.ts has the other commands of arrays. */

import { expect } from "bun:test";
import { err, errorLike, map } from "../harness/expected.ts";
import { itemsOf, numberOf, show, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";

const arrays = suite();
const since = "8.8.0";
const badIndex = err("ERR invalid array index");
const syntax = err("ERR syntax error");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);

function rows(name: string, table: readonly Row[]): void {
  arrays.rows(name, table, { since });
}

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
