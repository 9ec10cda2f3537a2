/** Vector sets over the wire: every command but VSIM, which is in vector-search.test.ts. */

import { expect, test } from "bun:test";
import {
  anything,
  boolean,
  double,
  type Expected,
  err,
  Matcher,
  map,
  matches,
  nilArray,
  ok,
  simple,
  unordered,
} from "../harness/expected.ts";
import { itemsOf, numberOf, show, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";

const vectors = suite();
const since = "8.2.0";
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const specification = err("ERR invalid vector specification");
/** Redis names commands of modules in capitals. */
const arity = (name: string) => err(`ERR wrong number of arguments for '${name.toUpperCase()}' command`);
const yes = boolean(true);
const no = boolean(false);

function rows(name: string, table: readonly Row[], from = since): void {
  vectors.rows(name, table, { since: from });
}

/** A double, or the bulk string of one, near `value`. */
function near(value: number, within = 1e-5): Matcher {
  return new Matcher(`number near ${value}`, (reply, protocol) => {
    const text = reply.kind === "double" ? reply.text : protocol === 2 && reply.kind === "bulk" ? textOf(reply) : "";
    return text !== "" && Math.abs(Number(text) - value) <= within;
  });
}

/** FP32 bytes of a vector. */
function blob(...values: number[]): Uint8Array {
  return new Uint8Array(new Float32Array(values).buffer);
}

rows("VADD adds a member once and gives it another vector after", [
  ["VADD v VALUES 3 1 2 3 a", yes],
  ["VADD v VALUES 3 1 2 3 a", no],
  [["VADD", "v", "FP32", blob(1, 0, 0), "b"], yes],
  ["VCARD v", 2],
  ["VDIM v", 3],
  ["TYPE v", simple("vectorset")],
  ["OBJECT ENCODING v", "raw"],
  ["VADD v VALUES 3 0 0 1 a", no],
  ["VSIM v VALUES 3 0 0 1 COUNT 1", ["a"]],
  ["VCARD none", 0],
  ["VDIM none", err("ERR key does not exist")],
]);

rows("VADD's options come after the member, in any order and case", [
  [`VADD v VALUES 2 1 2 a cas q8 EF 10 m 8 setattr '{"n":1}'`, yes],
  ["VGETATTR v a", '{"n":1}'],
  ["VADD v VALUES 2 1 3 a M 8", no],
  ["VGETATTR v a", '{"n":1}'],
  ['VADD v VALUES 2 1 3 a M 8 SETATTR ""', no],
  ["VGETATTR v a", null],
  ["VADD v VALUES 2 1 1 b NOQUANT Q8 M 8", yes],
]);

rows("VADD refuses what makes no sense", [
  ["VADD v VALUES 2 1 2 a", yes],
  ["VADD v FOO 2 1 2 b", specification],
  ["VADD v VALUES 0 1 b", specification],
  ["VADD v VALUES x 1 b", specification],
  ["VADD v VALUES 2 1 x b", specification],
  ["VADD v VALUES 2 1 nan b", specification],
  ["VADD v VALUES 5 1 b", specification],
  ["VADD v FP32 abc b", specification],
  ['VADD v FP32 "" b', specification],
  ["VADD v REDUCE 0 VALUES 2 1 2 b", specification],
  ["VADD v REDUCE x VALUES 2 1 2 b", specification],
  ["VADD v VALUES 2 1 2", arity("vadd")],
  ["VADD v VALUES 2 1 2 b BAR", err("ERR invalid option after element")],
  ["VADD v VALUES 2 1 2 b EF", err("ERR invalid option after element")],
  ["VADD v VALUES 2 1 2 b EF 0", err("ERR invalid EF")],
  ["VADD v VALUES 2 1 2 b EF x", err("ERR invalid EF")],
  ["VADD v VALUES 2 1 2 b EF 1000001", err("ERR invalid EF")],
  ["VADD v VALUES 2 1 2 b M 3", err("ERR invalid M")],
  ["VADD v VALUES 2 1 2 b M 4097", err("ERR invalid M")],
  ["VADD v VALUES 2 1 2 b NOQUANT", err("ERR asked quantization mismatch with existing vector set")],
  ["VADD v VALUES 2 1 2 b M 20", err("ERR asked M value mismatch with existing vector set")],
  ["VADD v VALUES 3 1 2 3 b", err("ERR Vector dimension mismatch - got 3 but set has 2")],
  ["VADD v REDUCE 1 VALUES 2 1 2 b", err("ERR cannot add projection to existing set without projection")],
  ["VCARD v", 1],
  ["SET s x", ok],
  ["VADD s VALUES 1 1 a", wrongType],
  ["VADD s VALUES 1 1 a BAR", err("ERR invalid option after element")],
]);

// Redis 8.2 ends at the second.
rows(
  "a vector has 65,536 dimensions at most, and is not reduced to more",
  [
    ["VADD v REDUCE 3 VALUES 2 1 2 b", specification],
    ["VADD v VALUES 65537 1 b", specification],
    ["VADD v VALUES 9223372036854775807 0", specification],
    [["VADD", "v", "FP32", new Uint8Array(4 * 65_537), "b"], specification],
    [["VADD", "v", "FP32", new Uint8Array(4 * 65_536).fill(1), "b"], yes],
    ["VDIM v", 65_536],
    ["VSIM v ELE b", ["b"]],
    ["VSIM v ELE b EF 1000001", err("ERR invalid EF")],
    ["VEMB v b", new Matcher("65,536 numbers", (reply) => itemsOf(reply).length === 65_536)],
  ],
  "8.8.0",
);

rows("REDUCE projects vectors that come in", [
  ["VADD v REDUCE 2 VALUES 4 1 2 3 4 a", yes],
  ["VDIM v", 2],
  ["VADD v REDUCE 2 VALUES 4 4 3 2 1 b", yes],
  ["VADD v VALUES 4 1 2 3 4 c", err("ERR Vector dimension mismatch - got 4 but set has 2")],
  ["VADD v REDUCE 1 VALUES 4 1 2 3 4 c", err("ERR Vector dimension mismatch - got 4 but set has 2")],
  [
    "VADD v REDUCE 2 VALUES 3 1 2 3 c",
    err("ERR Input dimension mismatch for projection - got 3 but projection expects 4"),
  ],
  ["VSIM v VALUES 4 1 2 3 4 COUNT 1", ["a"]],
  ["VSIM v VALUES 3 1 2 3", err("ERR Input dimension mismatch for projection - got 3 but projection expects 4")],
  ["VSIM v VALUES 2 1 2 COUNT 5", unordered("a", "b")],
  ["VSIM v ELE b COUNT 1", ["b"]],
  ["VEMB v a", [anything, anything]],
]);

rows("VREM removes a member, and the key with the last one", [
  ["VADD v VALUES 2 1 2 a", yes],
  ["VADD v VALUES 2 2 1 b", yes],
  ["VREM v none", no],
  ["VREM v a", yes],
  ["VREM v a", no],
  ["VREM v b", yes],
  ["EXISTS v", 0],
  ["VREM v b", no],
  ["SET s x", ok],
  ["VREM s a", wrongType],
]);

rows("VEMB gives a vector back, VEMB RAW what is stored", [
  ["VADD q VALUES 3 1 2 -3 a", yes],
  ["VEMB q a", [near(0.992126), near(2.007874), near(-3)]],
  [
    "VEMB q a RAW",
    [simple("int8"), new Uint8Array([42, 85, 0x81]), near(3.741657), near(0.801784)] as readonly Expected[],
  ],
  ["VADD f VALUES 2 3 4 a NOQUANT", yes],
  ["VEMB f a", [near(3), near(4)]],
  ["VEMB f a raw RAW", [simple("f32"), blob(0.6, 0.8), double("5")]],
  ["VADD b VALUES 2 3 -4 a BIN", yes],
  ["VEMB b a", [double("1"), double("-1")]],
  ["VEMB b a RAW", [simple("bin"), new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]), double("5")]],
  ["VEMB b a X", err("ERR invalid option")],
  ["VEMB b none", null],
  ["VEMB none a", null],
  ["SET s x", ok],
  ["VEMB s a", wrongType],
]);

rows("VSETATTR and VGETATTR keep a text per member", [
  ["VADD v VALUES 2 1 0 a", yes],
  ["VGETATTR v a", null],
  ["VSETATTR v a text", yes],
  ["VGETATTR v a", "text"],
  ['VSETATTR v a ""', yes],
  ["VGETATTR v a", null],
  ['VSETATTR v a ""', yes],
  ["VSETATTR v none x", no],
  ["VSETATTR none a x", no],
  ["VGETATTR v none", null],
  ["VGETATTR none a", null],
  ["SET s x", ok],
  ["VSETATTR s a x", wrongType],
  ["VGETATTR s a", wrongType],
]);

rows("VISMEMBER tells members from others", [
  ['VADD v VALUES 2 1 0 ""', yes],
  ['VISMEMBER v ""', yes],
  ["VISMEMBER v a", no],
  ["VISMEMBER none a", no],
  ["SET s x", ok],
  ["VISMEMBER s a", wrongType],
]);

rows("VLINKS shows the neighbours on each level", [
  ["VADD v VALUES 2 1 0 a NOQUANT", yes],
  ["VADD v VALUES 2 0 1 b NOQUANT", yes],
  ["VLINKS v a", levelsAbove(["b"])],
  ["VLINKS v a WITHSCORES", levelsAbove(map("b", near(0.5)))],
  ["VLINKS v a X", arity("vlinks")],
  ["VLINKS v none", null],
  ["VLINKS none a", null],
  ["SET s x", ok],
  ["VLINKS s a", wrongType],
]);

/** An array whose last item, level 0, is this; levels above it are drawn. */
function levelsAbove(lowest: Expected): Matcher {
  return new Matcher("levels", (reply, protocol) => {
    const items = reply.kind === "array" ? reply.items : [];
    const last = items.at(-1);
    return last !== undefined && matches(lowest, last, protocol);
  });
}

rows("VINFO describes a set", [
  ["VADD v REDUCE 2 VALUES 3 1 0 0 a M 8 SETATTR x", yes],
  [
    "VINFO v",
    map(
      simple("quant-type"),
      simple("int8"),
      simple("hnsw-m"),
      8,
      simple("vector-dim"),
      2,
      simple("projection-input-dim"),
      3,
      simple("size"),
      1,
      simple("max-level"),
      anything,
      simple("attributes-count"),
      1,
      simple("vset-uid"),
      anything,
      simple("hnsw-max-node-uid"),
      1,
    ),
  ],
  ["VINFO none", nilArray],
  ["SET s x", ok],
  ["VINFO s", wrongType],
  ["VCARD s", wrongType],
  ["VDIM s", wrongType],
]);

rows("VRANDMEMBER gives members at random", [
  ["VRANDMEMBER none", null],
  ["VRANDMEMBER none 3", []],
  ["VADD v VALUES 2 1 0 a", yes],
  ["VRANDMEMBER v", "a"],
  ["VRANDMEMBER v 5", ["a"]],
  ["VRANDMEMBER v -3", ["a", "a", "a"]],
  ["VRANDMEMBER v 0", []],
  ["VADD v VALUES 2 0 1 b", yes],
  ["VRANDMEMBER v 2", unordered("a", "b")],
  ["VRANDMEMBER v x", err("ERR COUNT value is not an integer")],
  ["VRANDMEMBER v 1 2", arity("vrandmember")],
  ["SET s x", ok],
  ["VRANDMEMBER s", wrongType],
]);

rows(
  "VRANGE lists members between two names",
  [
    ...["apple", "apricot", "banana", "cherry", "date"].map((name): Row => [`VADD v VALUES 2 1 1 ${name}`, yes]),
    ["VRANGE v - +", ["apple", "apricot", "banana", "cherry", "date"]],
    ["VRANGE v [apple [banana 2", ["apple", "apricot"]],
    ["VRANGE v (apple (cherry", ["apricot", "banana"]],
    ["VRANGE v [app [apr", ["apple"]],
    ["VRANGE v [cherry [cherry", ["cherry"]],
    ["VRANGE v (cherry (cherry", []],
    ["VRANGE v (cherry [cherry", []],
    ["VRANGE v [grape [apple", []],
    ["VRANGE v - + 0", []],
    ["VRANGE v - + -5", ["apple", "apricot", "banana", "cherry", "date"]],
    ["VRANGE v - + x", err("ERR invalid COUNT value")],
    ["VRANGE v apple +", err("ERR invalid start range format")],
    ["VRANGE v [ +", err("ERR invalid start range format")],
    ["VRANGE v - apple", err("ERR invalid end range format")],
    ["VRANGE v + -", err("ERR '-' can only be used as first argument, '+' only as second")],
    ["VRANGE none - +", []],
    ["VRANGE v - + 1 2", arity("vrange")],
    ["SET s x", ok],
    ["VRANGE s - +", wrongType],
  ],
  "8.4.0",
);

rows("an expired set is gone, and sets move and rename as a whole", [
  ["VADD v VALUES 2 1 0 a", yes],
  ["RENAME v w", ok],
  ["VCARD w", 1],
  ["VSIM w ELE a", ["a"]],
  ["MEMORY USAGE w", new Matcher("some bytes", (reply) => numberOf(reply) > 50)],
  ["PEXPIRE w 1", 1],
  ["DEBUG SLEEP 0.02", ok],
  ["VCARD w", 0],
  ["VADD w VALUES 3 1 0 0 a", yes],
  ["VDIM w", 3],
]);

// redis-server 7 has no vector sets.
test.skipIf(isOracle)("COPY makes a set of its own", async () => {
  const wire = await vectors.server.connect();
  await wire.call("FLUSHALL");
  await wire.call("VADD v VALUES 2 1 0 a SETATTR x");
  expect(show(await wire.call("COPY v w"))).toBe(":1");
  await wire.call("VREM v a");
  expect(show(await wire.call("VGETATTR w a"))).toContain("x");
  expect(show(await wire.call("VREM w a"))).toBe(":1");
  await wire.close();
});

test.skipIf(isOracle)(
  "the commands go by names in capitals wherever they are shown, as those of Redis's module",
  async () => {
    const wire = await vectors.server.connect(3);
    await wire.pipeline(["FLUSHALL", "CONFIG RESETSTAT", "vcard v", "ACL SETUSER reader on nopass +get"]);
    expect(show(await wire.call("COMMAND INFO vcard"))).toStartWith('[["VCARD", :2, ');
    expect(show(await wire.call("COMMAND DOCS vcard"))).toStartWith('{"VCARD": ');
    const named = itemsOf(await wire.call("COMMAND LIST FILTERBY PATTERN v*")).map(textOf);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => name !== name.toUpperCase())).toEqual([]);
    const ofModule = itemsOf(await wire.call("COMMAND LIST FILTERBY MODULE vectorset")).map(textOf);
    expect(ofModule.toSorted()).toEqual(named.toSorted());
    expect(textOf(await wire.call("INFO commandstats"))).toContain("cmdstat_VCARD:calls=1,");
    expect(textOf(await wire.call("INFO latencystats"))).toContain("latency_percentiles_usec_VCARD:");
    expect(show(await wire.call("LATENCY HISTOGRAM vcard"))).toStartWith('{"VCARD": ');
    expect(show(await wire.call("ACL DRYRUN reader vcard v"))).toContain("run the 'VCARD' command");
    await wire.call("ACL DELUSER reader");
    await wire.close();
  },
);
