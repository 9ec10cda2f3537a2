/** SINTER, SUNION, SDIFF with their STORE and CARD forms over all encodings of sets, and sets so large that replies take slices. */

import { expect } from "bun:test";
import { err, ok, set, unorderedSet } from "../harness/expected.ts";
import { itemsOf, numberOf, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";

const sets = suite();
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const syntax = err("ERR syntax error");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);

/** The same behaviour with sets that start as listpacks and with sets that are hash tables from the first member. */
function eachEncoding(name: string, rows: readonly Row[]): void {
  sets.rows(`${name}, as listpack or intset`, rows);
  if (isOracle) return;
  sets.rows(`${name}, as hashtable`, rows, {
    before: ["CONFIG SET set-max-intset-entries 0", "CONFIG SET set-max-listpack-entries 0"],
    after: ["CONFIG SET set-max-intset-entries 512", "CONFIG SET set-max-listpack-entries 128"],
  });
}

eachEncoding("SINTER, SUNION and SDIFF combine sets", [
  ["SADD a 1 2 3 x y", 5],
  ["SADD b 2 3 4 y z", 5],
  ["SADD c 3 y", 2],
  ["SINTER a b c", unorderedSet("3", "y")],
  ["SINTER a", unorderedSet("1", "2", "3", "x", "y")],
  ["SINTER a none", set()],
  ["SINTER a a b", unorderedSet("2", "3", "y")],
  ["SUNION a b none c", unorderedSet("1", "2", "3", "4", "x", "y", "z")],
  ["SUNION none", set()],
  ["SDIFF a b", unorderedSet("1", "x")],
  ["SDIFF a b a", set()],
  ["SDIFF none a", set()],
  ["SDIFF a none", unorderedSet("1", "2", "3", "x", "y")],
  ["SDIFF a", unorderedSet("1", "2", "3", "x", "y")],
  ["SINTER", arity("sinter")],
]);

eachEncoding("the STORE forms replace what is under the destination", [
  ["SADD a 1 2 3", 3],
  ["SADD b 2 3 4", 3],
  ["SET out v EX 100", ok],
  ["SINTERSTORE out a b", 2],
  ["TTL out", -1],
  ["SMEMBERS out", unorderedSet("2", "3")],
  ["SUNIONSTORE out a b", 4],
  ["SDIFFSTORE a a b", 1],
  ["SMEMBERS a", set("1")],
  ["SINTERSTORE out a b", 0],
  ["EXISTS out", 0],
  ["SDIFFSTORE out none", 0],
  ["SUNIONSTORE b none none", 0],
  ["EXISTS b", 0],
  ["SINTERSTORE out", arity("sinterstore")],
]);

eachEncoding("SINTERCARD counts, up to its limit", [
  ["SADD a 1 2 3 x", 4],
  ["SADD b 2 3 4 x", 4],
  ["SINTERCARD 2 a b", 3],
  ["SINTERCARD 2 a b LIMIT 2", 2],
  ["sintercard 2 a b limit 0", 3],
  ["SINTERCARD 1 a LIMIT 2", 2],
  ["SINTERCARD 2 a none", 0],
  ["SINTERCARD 0 a", err("ERR numkeys should be greater than 0")],
  ["SINTERCARD x a", err("ERR numkeys should be greater than 0")],
  ["SINTERCARD 3 a b", err("ERR Number of keys can't be greater than number of args")],
  ["SINTERCARD 1 a b", syntax],
  ["SINTERCARD 1 a LIMIT", syntax],
  ["SINTERCARD 1 a LIMIT -1", err("ERR LIMIT can't be negative")],
  ["SINTERCARD 1 a LIMIT x", err("ERR LIMIT can't be negative")],
  ["SINTERCARD 1", arity("sintercard")],
  ["COMMAND GETKEYS SINTERCARD 2 a b LIMIT 1", ["a", "b"]],
]);

sets.rows(
  "SUNIONCARD and SDIFFCARD count as well",
  [
    ["SADD a 1 2 3 x", 4],
    ["SADD b 2 3 4 x", 4],
    ["SUNIONCARD 2 a b", 5],
    ["SUNIONCARD 2 a b LIMIT 3", 3],
    ["SUNIONCARD 2 a b LIMIT 0", 5],
    ["SUNIONCARD 3 a b none APPROX", 5],
    ["SUNIONCARD 2 a b LIMIT 2 APPROX", 2],
    ["SUNIONCARD 1 none", 0],
    ["SDIFFCARD 2 a b", 1],
    ["SDIFFCARD 1 a LIMIT 3", 3],
    ["SDIFFCARD 2 none a", 0],
    ["SDIFFCARD 2 a a", 0],
    ["SDIFFCARD 2 a b APPROX", syntax],
    ["SUNIONCARD 0 a", err("ERR numkeys should be greater than 0")],
    ["SDIFFCARD 3 a b", err("ERR Number of keys can't be greater than number of args")],
    ["SUNIONCARD 1 a LIMIT -1", err("ERR LIMIT can't be negative")],
    ["SET s v", ok],
    ["SUNIONCARD 2 a s", wrongType],
    ["SDIFFCARD 2 none s", wrongType],
    ["COMMAND GETKEYS SUNIONCARD 2 a b APPROX", ["a", "b"]],
  ],
  { since: "8.10.0" },
);

/** Far above what is walked at once, so that these go on in slices. */
const LARGE = 60_000;

async function fill(call: (command: string[]) => Promise<unknown>, key: string, from: number, to: number) {
  for (let start = from; start < to; start += 5000) {
    const members = Array.from({ length: Math.min(5000, to - start) }, (_, index) => `member:${start + index}`);
    await call(["SADD", key, ...members]);
  }
}

sets.both("large sets are answered whole, and others are served meanwhile", async (wire, protocol) => {
  await fill((command) => wire.call(command), "a", 0, LARGE);
  await fill((command) => wire.call(command), "b", LARGE / 2, LARGE * 2);
  const other = await sets.server.connect(protocol);
  const [all, both, either, stored, count, pings] = await Promise.all([
    wire.call("SMEMBERS a"),
    wire.call("SINTER a b"),
    wire.call("SUNION a b"),
    wire.call("SDIFFSTORE out b a"),
    wire.call("SINTERCARD 2 a b LIMIT 25000"),
    Promise.all(Array.from({ length: 20 }, () => other.call("PING"))),
  ]);
  const distinct = (reply: typeof all) => new Set(itemsOf(reply).map(textOf)).size;
  expect([itemsOf(all).length, distinct(all)]).toEqual([LARGE, LARGE]);
  expect([itemsOf(both).length, distinct(both)]).toEqual([LARGE / 2, LARGE / 2]);
  expect([itemsOf(either).length, distinct(either)]).toEqual([LARGE * 2, LARGE * 2]);
  expect([numberOf(stored), numberOf(await wire.call("SCARD out"))]).toEqual([LARGE, LARGE]);
  expect([numberOf(count), pings.length]).toEqual([25_000, 20]);
  const popped = itemsOf(await wire.call("SPOP a 20000")).map(textOf);
  expect(new Set(popped).size).toBe(20_000);
  expect(numberOf(await wire.call("SCARD a"))).toBe(LARGE - 20_000);
  expect(itemsOf(await wire.call("SRANDMEMBER b 30000")).length).toBe(30_000);
  expect(itemsOf(await wire.call("SPOP a 100000")).length).toBe(LARGE - 20_000);
  expect(numberOf(await wire.call("EXISTS a"))).toBe(0);
  await other.close();
});
