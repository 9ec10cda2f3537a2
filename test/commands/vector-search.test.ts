/** VSIM: order, scores, options, filters, and how much of the truth it finds for each way vectors are stored. */

import { expect, test } from "bun:test";
import { boolean, byProtocol, double, err, Matcher, map, ok } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, mapOf, numberOf, type Reply, show, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";
import type { Wire } from "../harness/wire.ts";

const vectors = suite();
const since = "8.2.0";
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const specification = err("ERR invalid vector specification");
const yes = boolean(true);

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

rows("VSIM gives the nearest first, with scores from 1 to 0", [
  ["VADD v VALUES 2 1 0 right", yes],
  ["VADD v VALUES 2 1 1 diagonal", yes],
  ["VADD v VALUES 2 0 1 up", yes],
  ["VADD v VALUES 2 -1 0 left", yes],
  ["VSIM v VALUES 2 3 0", ["right", "diagonal", "up", "left"]],
  ["VSIM v ELE left", ["left", "up", "diagonal", "right"]],
  [
    "VSIM v VALUES 2 1 0 WITHSCORES",
    byProtocol(
      ["right", "1", "diagonal", near(0.853553), "up", "0.5", "left", "0"],
      map("right", double("1"), "diagonal", near(0.853553), "up", double("0.5"), "left", double("0")),
    ),
  ],
  ["VSIM v VALUES 2 1 0 COUNT 2", ["right", "diagonal"]],
  ["VSIM v VALUES 2 1 0 EPSILON 0.2", ["right", "diagonal"]],
  ["VSIM v VALUES 2 1 0 EPSILON 0.5 COUNT 100 EF 5", ["right", "diagonal", "up"]],
  ["VSIM v VALUES 2 1 0 TRUTH NOTHREAD COUNT 1", ["right"]],
  [["VSIM", "v", "FP32", blob(0, 1), "COUNT", "1"], ["up"]],
  ["VSIM none VALUES 2 1 0", []],
  ["VSIM none ELE x BAR", []],
]);

rows("VSIM WITHATTRIBS gives attributes, null where there are none", [
  [`VADD v VALUES 2 1 0 a SETATTR '{"x":1}'`, yes],
  ["VADD v VALUES 2 0 1 b", yes],
  ["VSIM v VALUES 2 1 0 WITHATTRIBS", map("a", '{"x":1}', "b", null)],
  [
    "VSIM v VALUES 2 1 0 WITHATTRIBS WITHSCORES",
    byProtocol(["a", "1", '{"x":1}', "b", "0.5", null], map("a", [double("1"), '{"x":1}'], "b", [double("0.5"), null])),
  ],
]);

rows("VSIM refuses what makes no sense", [
  ["VADD v VALUES 2 1 0 a", yes],
  ["VSIM v ELE none", err("ERR element not found in set")],
  ["VSIM v FOO x", specification],
  ["VSIM v VALUES 2 1", specification],
  ["VSIM v FP32 abc", specification],
  ["VSIM v REDUCE 1 VALUES 2 1 1", specification],
  ["VSIM v VALUES 3 1 2 3", err("ERR Vector dimension mismatch - got 3 but set has 2")],
  ["VSIM v ELE a BAR", err("ERR syntax error in VSIM command")],
  ["VSIM v ELE a COUNT", err("ERR syntax error in VSIM command")],
  ["VSIM v ELE a COUNT 0", err("ERR invalid COUNT")],
  ["VSIM v ELE a COUNT x", err("ERR invalid COUNT")],
  ["VSIM v ELE a EPSILON 0", err("ERR invalid EPSILON")],
  ["VSIM v ELE a EPSILON nan", err("ERR invalid EPSILON")],
  ["VSIM v ELE a EF 0", err("ERR invalid EF")],
  ["VSIM v ELE a EF 1000000", ["a"]],
  ["VSIM v ELE a FILTER-EF 0", err("ERR invalid FILTER-EF")],
  ["VSIM v ELE a FILTER (.a", err("ERR syntax error in FILTER expression near: (.a")],
  [["VSIM", "v", "ELE", "a", "FILTER", ".a @ 3"], err("ERR syntax error in FILTER expression near: @ 3")],
  [["VSIM", "v", "ELE", "a", "FILTER", ""], err("ERR syntax error in FILTER expression near: ")],
  ["SET s x", ok],
  ["VSIM s BAR x", wrongType],
]);

const attributes = [
  '{"age": 25, "name": "Alice", "active": true, "scores": [85, 90, "A"]}',
  '{"age": 30, "name": "Bob", "active": false, "nothing": null}',
  '{"age": 35, "name": "Charlie \\"C\\"", "deep": {"age": 1}}',
  "no json",
];

const filters: readonly [expression: string, matching: string][] = [
  [".age == 25", "0"],
  [".age > 25", "12"],
  [".age>=25&&.age<35", "01"],
  [".name == 'Bob' or .age == 35", "12"],
  ['.name != "Alice"', "12"],
  [".active", "0"],
  ["!.active", "1"],
  ["not (.age == 25)", "12"],
  [".age in [25, 35]", "02"],
  ['.name in ["Bob", "x"]', "1"],
  ["90 in .scores", "0"],
  ["'A' in .scores", "0"],
  ["'lic' in .name", "0"],
  ["'' in .name", "012"],
  [".age * 2 + 10 == 70", "1"],
  [".age % 10 == 5", "02"],
  ["(.age - 30) ** 2 == 25", "02"],
  [".age - 5 < 25", "0"],
  [".nothing == null", "1"],
  [".missing", ""],
  ["!.missing", ""],
  [".deep", ""],
  [".scores", "0"],
  ["1", "0123"],
];

vectors.both(
  "VSIM FILTER keeps what an expression over the attributes holds for",
  async (wire) => {
    for (const [index, text] of attributes.entries()) {
      await wire.call(["VADD", "v", "VALUES", "2", "1", `${index}`, `${index}`, "SETATTR", text]);
    }
    await wire.call("VADD v VALUES 2 1 9 bare");
    const wrong: string[] = [];
    for (const [expression, matching] of filters) {
      const reply = await wire.call(["VSIM", "v", "VALUES", "2", "1", "0", "FILTER", expression]);
      const found = itemsOf(reply).map(textOf).sort().join("");
      if (found !== matching) wrong.push(`${expression} gave ${found}, not ${matching}`);
    }
    expect(wrong).toEqual([]);
  },
  { since },
);

// Redis has these since 8.4 or later.
rows(
  "FILTER takes escapes in texts and one `not` after another",
  [
    [["VADD", "v", "VALUES", "2", "1", "0", "a", "SETATTR", '{"q": "a\\"b", "n": 5}'], yes],
    [["VSIM", "v", "ELE", "a", "FILTER", '.q == "a\\"b"'], ["a"]],
    [["VSIM", "v", "ELE", "a", "FILTER", "!!.n == 1"], ["a"]],
    [["VSIM", "v", "ELE", "a", "FILTER", "not not not .n"], []],
  ],
  "8.8.0",
);

rows("vectors without direction are 1 away from all", [
  ["VADD v VALUES 2 1 0 a", yes],
  ["VADD v VALUES 2 0 0 zero", yes],
  ["VADD v VALUES 2 inf 1 endless", yes],
  [["VADD", "v", "FP32", blob(Number.NaN, 1), "nan"], yes],
  [
    "VSIM v ELE zero WITHSCORES COUNT 9",
    new Matcher("four at 0.5", (reply) => show(reply).match(/0\.5/g)?.length === 4),
  ],
  ["VSIM v VALUES 2 1 0 COUNT 1", ["a"]],
  ["VEMB v endless", new Matcher("no number first", (reply) => /nan/i.test(show(reply)))],
]);

async function fill(wire: Wire, count: number, dimensions: number, options: readonly string[]): Promise<number[][]> {
  const random = new Random(5);
  const all = Array.from({ length: count }, () =>
    Array.from({ length: dimensions }, () => random.below(2001) / 1000 - 1),
  );
  for (let at = 0; at < count; at += 500) {
    const some = all.slice(at, at + 500);
    await Promise.all(
      some.map((vector, index) => wire.call(["VADD", "v", "FP32", blob(...vector), `m${at + index}`, ...options])),
    );
  }
  return all;
}

for (const [name, options, least] of [
  ["Q8", [], 0.95],
  ["NOQUANT", ["NOQUANT"], 0.95],
  ["BIN", ["BIN"], 0.7],
] as const) {
  test(`VSIM finds nearly what TRUTH finds (${name})`, async () => {
    const wire = await vectors.server.connect();
    await wire.call("FLUSHALL");
    const all = await fill(wire, 3000, 24, options);
    let hits = 0;
    for (const vector of all.slice(0, 40)) {
      const query = ["VSIM", "v", "FP32", blob(...vector)];
      const names = async (...more: string[]) => itemsOf(await wire.call([...query, ...more])).map(textOf);
      const truth = await names("TRUTH");
      const found = await names("EF", "150");
      hits += found.filter((member) => truth.includes(member)).length;
    }
    expect(hits / 400).toBeGreaterThanOrEqual(least);
    const reply = mapOf(await wire.call("VINFO v"));
    expect(numberOf(reply.get("size"))).toBe(3000);
    await wire.close();
  }, 60_000);
}

test("what is queued and what a long search gives agree with what is asked at once", async () => {
  const wire = await vectors.server.connect();
  await wire.call("FLUSHALL");
  await fill(wire, 3000, 8, ["M", "4", "EF", "20"]);
  const query = ["VSIM", "v", "ELE", "m7", "TRUTH", "COUNT", "2500", "WITHSCORES"];
  const plain = show(await wire.call(query));
  await wire.call("MULTI");
  await wire.call(query);
  await wire.call("VADD v VALUES 8 1 1 1 1 1 1 1 1 queued M 4 EF 100000");
  const [sims, added] = itemsOf(await wire.call("EXEC"));
  expect(show(sims as Reply)).toBe(plain);
  expect(show(added as Reply)).toBe(":1");
  await wire.close();
}, 60_000);
