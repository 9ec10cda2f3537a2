/** Arrays over the wire: elements set, read, deleted and inserted. Expectations follow Redis 8.8's documentation and tests. */

import { err, simple } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";

const arrays = suite();
const since = "8.8.0";
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
