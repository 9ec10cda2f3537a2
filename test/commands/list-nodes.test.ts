/** What lists are made of: elements of every kind, the limits of nodes, long replies, dumps. */

import { expect, test } from "bun:test";
import { err, like, map, ok } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, numberOf, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { eachEncodingOf, nodeDefaults } from "./list-nodes.ts";

const lists = suite();
const eachEncoding = eachEncodingOf(lists);
const noKey = err("ERR no such key");

eachEncoding("elements are binary safe and of any size", [
  ['RPUSH l "\\x00\\r\\n" "" "\\xff\\x00"', 3],
  ["LRANGE l 0 -1", ["\0\r\n", "", Buffer.from([255, 0])]],
  [["RPUSH", "l", "x".repeat(100_000), "y".repeat(70), "z".repeat(5000)], 6],
  ["LINDEX l 3", "x".repeat(100_000)],
  ["LRANGE l 4 5", ["y".repeat(70), "z".repeat(5000)]],
  [["LPOS", "l", "z".repeat(5000)], 5],
  [["LREM", "l", "0", "x".repeat(100_000)], 1],
  ["RPOP l", "z".repeat(5000)],
]);

eachEncoding("numbers come back as they were written", [
  [
    "RPUSH l 0 127 128 -1 4095 -4096 32768 -8388608 2147483648 9223372036854775807 -9223372036854775808 9223372036854775808 007 -0 +1",
    15,
  ],
  [
    "LRANGE l 0 -1",
    [
      "0",
      "127",
      "128",
      "-1",
      "4095",
      "-4096",
      "32768",
      "-8388608",
      "2147483648",
      "9223372036854775807",
      "-9223372036854775808",
      "9223372036854775808",
      "007",
      "-0",
      "+1",
    ],
  ],
  ["LPOS l -8388608", 7],
  ["LPOS l 0128", null],
]);

lists.rows(
  "a listpack becomes a quicklist above its limit, and again a listpack below half of it",
  [
    ["CONFIG SET list-max-listpack-size 4", ok],
    ["RPUSH l a b c d", 4],
    ["OBJECT ENCODING l", "listpack"],
    ["RPUSH l e", 5],
    ["OBJECT ENCODING l", "quicklist"],
    ["RPOP l 2", ["e", "d"]],
    ["OBJECT ENCODING l", "quicklist"],
    ["RPOP l", "c"],
    ["OBJECT ENCODING l", "listpack"],
    ["CONFIG SET list-max-ziplist-size -1", ok],
    ["CONFIG GET list-max-listpack-size", map("list-max-listpack-size", "-1")],
    [["RPUSH", "m", "x".repeat(4000), "a"], 2],
    ["OBJECT ENCODING m", "listpack"],
    [["LSET", "m", "1", "y".repeat(100)], ok],
    ["OBJECT ENCODING m", "quicklist"],
    ["LSET m 0 x", ok],
    ["OBJECT ENCODING m", "listpack"],
    [["LINSERT", "m", "BEFORE", "none", "x".repeat(5000)], -1],
    ["OBJECT ENCODING m", "quicklist"],
  ],
  { since: "7.2", after: [nodeDefaults] },
);

lists.rows(
  "DEBUG QUICKLIST-PACKED-THRESHOLD gives long elements nodes of their own",
  [
    ["DEBUG QUICKLIST-PACKED-THRESHOLD 10b", ok],
    ["CONFIG SET list-max-listpack-size 2", ok],
    ["RPUSH l a b c longer-than-ten d", 5],
    ["LSET l 1 another-long-one", ok],
    ["LINSERT l BEFORE c one-more-long-one", 6],
    ["LRANGE l 0 -1", ["a", "another-long-one", "one-more-long-one", "c", "longer-than-ten", "d"]],
    ["LPOS l longer-than-ten", 4],
    ["LREM l 0 one-more-long-one", 1],
    ["LSET l 1 b", ok],
    ["LRANGE l 0 -1", ["a", "b", "c", "longer-than-ten", "d"]],
    ["DEBUG QUICKLIST-PACKED-THRESHOLD 0", ok],
    [
      "DEBUG QUICKLIST-PACKED-THRESHOLD 5gb",
      err("ERR argument must be a memory value bigger than 1 and smaller than 4gb"),
    ],
  ],
  { after: [nodeDefaults] },
);

lists.rows(
  "DEBUG OBJECT tells of the nodes of a quicklist",
  [
    ["CONFIG SET list-max-listpack-size 2", ok],
    ["RPUSH l a b c d e", 5],
    ["DEBUG OBJECT l", like(/encoding:quicklist .* ql_nodes:3 ql_avg_node:1\.67 ql_listpack_max:2 ql_compressed:0 /)],
    ["DEBUG LISTPACK l", err("ERR Not a listpack encoded object.")],
    ["DEBUG LISTPACK none", noKey],
  ],
  { since: "7.2", after: [nodeDefaults] },
);

lists.both("a list comes back from what DUMP wrote, whatever its nodes", async (wire) => {
  for (const size of ["-2", "2", "1"]) {
    await wire.call(`CONFIG SET list-max-listpack-size ${size}`);
    await wire.call("DEL l m");
    const elements = ["a", "7", "-70000", "x".repeat(300), "y".repeat(9000), "", "9223372036854775807"];
    await wire.call(["RPUSH", "l", ...elements]);
    const dumped = await wire.call("DUMP l");
    if (dumped.kind !== "bulk") throw new Error("DUMP replied no bytes");
    expect(textOf(await wire.call(["RESTORE", "m", "0", dumped.bytes]))).toBe("OK");
    expect(itemsOf(await wire.call("LRANGE m 0 -1")).map(textOf)).toEqual(elements);
  }
  await wire.call(nodeDefaults);
});

lists.both("a reply of a hundred thousand elements is whole, and others are served meanwhile", async (wire) => {
  const elements = Array.from({ length: 100_000 }, (_, index) => `element:${index}`);
  for (let at = 0; at < elements.length; at += 10_000)
    await wire.call(["RPUSH", "l", ...elements.slice(at, at + 10_000)]);
  const [all, popped, left] = await wire.pipeline(["LRANGE l 0 -1", "LPOP l 60000", "LLEN l"]);
  expect(itemsOf(all).map(textOf)).toEqual(elements);
  expect(itemsOf(popped).map(textOf)).toEqual(elements.slice(0, 60_000));
  expect(numberOf(left)).toBe(40_000);
  const [found, last] = await wire.pipeline(["LPOS l element:99999", "RPOP l 30000"]);
  expect(numberOf(found)).toBe(39_999);
  expect(itemsOf(last).map(textOf)).toEqual(elements.slice(70_000).reverse());
});

test("a thousand random changes leave a list equal to an array", async () => {
  const random = new Random(20_261_125);
  const model: string[] = [];
  const wire = await lists.server.connect(3);
  await wire.call("FLUSHALL");
  await wire.call("CONFIG SET list-max-listpack-size 8 list-compress-depth 1");
  for (let step = 0; step < 1000; step++) {
    const value = random.chance(0.5) ? String(random.below(100)) : "x".repeat(random.below(200));
    const kind = random.below(10);
    if (kind < 3) {
      expect(numberOf(await wire.call(["LPUSH", "l", value]))).toBe(model.unshift(value));
    } else if (kind < 6) {
      expect(numberOf(await wire.call(["RPUSH", "l", value]))).toBe(model.push(value));
    } else if (kind < 8 && model.length > 0) {
      const at = random.below(model.length);
      expect(numberOf(await wire.call(["LINSERT", "l", "BEFORE", model[at] as string, value]))).toBe(model.length + 1);
      model.splice(model.indexOf(model[at] as string), 0, value);
    } else if (model.length > 0) {
      const at = random.below(model.length);
      await wire.call(["LSET", "l", String(at - model.length), value]);
      model[at] = value;
    }
    if (step % 100 === 99) {
      expect(itemsOf(await wire.call("LRANGE l 0 -1")).map(textOf)).toEqual(model);
      const gone = random.below(model.length);
      await wire.call(`LTRIM l ${gone} -1`);
      model.splice(0, gone);
    }
  }
  await wire.call(nodeDefaults);
  await wire.close();
});
