/** Set commands over all three encodings. SINTER and its like are in sets-combined.test.ts, SSCAN in scan.test.ts. */

import { expect, test } from "bun:test";
import { byProtocol, err, nilArray, ok, oneOf, set, simple, unordered, unorderedSet } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, numberOf, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";

const sets = suite();
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const syntax = err("ERR syntax error");
const notPositive = err("ERR value is out of range, must be positive");
const notInteger = err("ERR value is not an integer or out of range");
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

eachEncoding("SADD adds members once and counts the new ones", [
  ["SADD s a b a", 2],
  ["SADD s a", 0],
  ["SADD s b c 1 01", 3],
  ["SCARD s", 5],
  ["SMEMBERS s", unorderedSet("a", "b", "c", "1", "01")],
  ["SISMEMBER s 1", 1],
  ["SISMEMBER s 01", 1],
  ["SISMEMBER s 001", 0],
  ["SADD s", arity("sadd")],
  ["SCARD none", 0],
  ["SMEMBERS none", set()],
  ["TYPE s", simple("set")],
]);

eachEncoding("SREM removes members, and the key with the last one", [
  ["SADD s a b c 1 2", 5],
  ["SREM s a none a 2", 2],
  ["SREM s b c 1 d", 3],
  ["EXISTS s", 0],
  ["SREM s a", 0],
  ["SREM s", arity("srem")],
]);

eachEncoding("SISMEMBER and SMISMEMBER ask for one and for several", [
  ['SADD s a 7 -7 ""', 4],
  ["SISMEMBER s a", 1],
  ["SISMEMBER s -7", 1],
  ["SISMEMBER s +7", 0],
  ['SISMEMBER s ""', 1],
  ["SISMEMBER none a", 0],
  ["SMISMEMBER s 7 b a 7", [1, 0, 1, 1]],
  ["SMISMEMBER none a b", [0, 0]],
  ["SMISMEMBER s", arity("smismember")],
]);

eachEncoding("members are binary safe and of any size", [
  ['SADD s "\\x00\\r\\n" "\\xff"', 2],
  ['SISMEMBER s "\\x00\\r\\n"', 1],
  [["SADD", "s", "x".repeat(100_000)], 1],
  [["SISMEMBER", "s", "x".repeat(100_000)], 1],
  [["SISMEMBER", "s", "x".repeat(99_999)], 0],
  [["SREM", "s", "x".repeat(100_000)], 1],
  ["SMEMBERS s", unorderedSet(Buffer.from("\0\r\n"), Buffer.from([255]))],
]);

sets.rows("integers at the edges of every width are told apart", [
  ["SADD s 32767 32768 -32768 -32769 2147483647 2147483648 -2147483648 -2147483649", 8],
  ["OBJECT ENCODING s", "intset"],
  ["SADD s 9223372036854775807 -9223372036854775808", 2],
  ["OBJECT ENCODING s", "intset"],
  ["SMISMEMBER s 32767 32768 -32768 -32769 32766 -32770", [1, 1, 1, 1, 0, 0]],
  ["SMISMEMBER s 9223372036854775807 -9223372036854775808 9223372036854775808", [1, 1, 0]],
  [
    "SMEMBERS s",
    set(
      ...["-9223372036854775808", "-2147483649", "-2147483648", "-32769", "-32768", "32767", "32768"],
      ...["2147483647", "2147483648", "9223372036854775807"],
    ),
  ],
  ["SREM s 9223372036854775807 32768", 2],
  ["SCARD s", 8],
]);

sets.rows(
  "OBJECT ENCODING follows the members",
  [
    ["SADD i 1 2 3", 3],
    ["OBJECT ENCODING i", "intset"],
    ["SADD i a", 1],
    ["OBJECT ENCODING i", "listpack"],
    [["SADD", "i", "x".repeat(65)], 1],
    ["OBJECT ENCODING i", "hashtable"],
    [["SADD", "j", ...Array.from({ length: 512 }, (_, index) => String(index))], 512],
    ["OBJECT ENCODING j", "intset"],
    ["SADD j 512", 1],
    ["OBJECT ENCODING j", "hashtable"],
    [["SADD", "k", ...Array.from({ length: 128 }, (_, index) => `m${index}`)], 128],
    ["OBJECT ENCODING k", "listpack"],
    ["SADD k m0", 0],
    ["OBJECT ENCODING k", "listpack"],
    ["SADD k m128", 1],
    ["OBJECT ENCODING k", "hashtable"],
    [["SADD", "l", ...Array.from({ length: 200 }, (_, index) => String(index))], 200],
    ["SADD l a", 1],
    ["OBJECT ENCODING l", "hashtable"],
    ["COPY k m", 1],
    ["OBJECT ENCODING m", "hashtable"],
    ["SINTERSTORE out j l", 200],
    ["OBJECT ENCODING out", "intset"],
    ["SUNIONSTORE out j l", 514],
    ["OBJECT ENCODING out", "hashtable"],
    ["SDIFFSTORE out l j", 1],
    ["OBJECT ENCODING out", "listpack"],
  ],
  { since: "7.2.0" },
);

eachEncoding("SMOVE moves a member", [
  ["SADD a 1 x", 2],
  ["SADD b 2", 1],
  ["SMOVE a b x", 1],
  ["SMOVE a b x", 0],
  ["SMEMBERS b", unorderedSet("2", "x")],
  ["SMOVE a c 1", 1],
  ["EXISTS a", 0],
  ["SMEMBERS c", set("1")],
  ["SADD d 1", 1],
  ["SMOVE d c 1", 1],
  ["EXISTS d", 0],
  ["SCARD c", 1],
  ["SMOVE c c 1", 1],
  ["SMOVE c c 2", 0],
  ["SMOVE none c 1", 0],
  ["SET str v", ok],
  ["SMOVE c str 1", wrongType],
  ["SMOVE str c 1", wrongType],
  ["SMOVE none str 1", 0],
  ["SMOVE c b", arity("smove")],
]);

eachEncoding("SPOP takes members out", [
  ["SADD s a b c", 3],
  ["SPOP s", oneOf("a", "b", "c")],
  ["SCARD s", 2],
  ["SPOP s 0", set()],
  ["SPOP s 5", anyOrder(2)],
  ["EXISTS s", 0],
  ["SPOP s", null],
  ["SPOP s 3", set()],
  ["SADD s a", 1],
  ["SPOP s", "a"],
  ["EXISTS s", 0],
  ["SPOP s -1", notPositive],
  ["SPOP s x", notPositive],
  ["SPOP s 1 2", syntax],
]);

eachEncoding("SRANDMEMBER draws members and leaves them", [
  ["SADD s a b c", 3],
  ["SRANDMEMBER s", oneOf("a", "b", "c")],
  ["SRANDMEMBER s 0", []],
  ["SRANDMEMBER s 5", unordered("a", "b", "c")],
  ["SCARD s", 3],
  ["SRANDMEMBER none", null],
  ["SRANDMEMBER none 2", []],
  ["SRANDMEMBER none -2", []],
  ["SRANDMEMBER s x", notInteger],
  ["SRANDMEMBER s 1 2", syntax],
  [
    "SRANDMEMBER s -9223372036854775808",
    err("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"),
  ],
]);

/** A set (RESP2: array) of so many. */
function anyOrder(count: number) {
  const members = ["a", "b", "c"];
  const pairs = members.flatMap((left, at) => members.slice(at + 1).map((right) => unorderedSet(left, right)));
  return count === 2 ? oneOf(...pairs) : unorderedSet(...members);
}

sets.rows("another type is refused, and stays", [
  ["SET str v", ok],
  ["SADD s a", 1],
  ...["SADD str a", "SREM str a", "SISMEMBER str a", "SMISMEMBER str a", "SCARD str", "SMEMBERS str"].map(
    (command): Row => [command, wrongType],
  ),
  ...["SPOP str", "SPOP str 1", "SRANDMEMBER str", "SRANDMEMBER str 1", "SSCAN str 0", "SINTER s str"].map(
    (command): Row => [command, wrongType],
  ),
  ...["SINTER none str", "SUNION str", "SDIFF none str", "SINTERSTORE s s str", "SINTERCARD 2 s str"].map(
    (command): Row => [command, wrongType],
  ),
  ["GET s", wrongType],
  ["HGET s f", wrongType],
  ["GET str", "v"],
  ["SUNIONSTORE str s", 1],
  ["TYPE str", simple("set")],
]);

sets.rows("an expired set is none", [
  ["SADD s a b", 2],
  ["PEXPIRE s 0", 1],
  ["SCARD s", 0],
  ["SADD t a", 1],
  ["PEXPIREAT t 1", 1],
  ["SUNION s t", set()],
  ["SADD t b", 1],
  ["SMEMBERS t", set("b")],
  ["TTL t", -1],
]);

sets.rows("keys of sets are renamed, copied, walked and measured", [
  ["SADD s 1 2 3", 3],
  ["RENAME s t", ok],
  ["COPY t u", 1],
  ["SADD u 4", 1],
  ["SMEMBERS t", set("1", "2", "3")],
  ["SCAN 0 COUNT 1000 TYPE set", ["0", unordered("t", "u")]],
  ["SCAN 0 COUNT 1000 TYPE hash", ["0", []]],
  ["MOVE t 1", 1],
  ["EXISTS t", 0],
  ["UNLINK u", 1],
]);

sets.both("MEMORY USAGE and DEBUG OBJECT know sets", async (wire) => {
  await wire.call(["SADD", "s", ...Array.from({ length: 1000 }, (_, index) => `member:${index}`)]);
  const bytes = numberOf(await wire.call("MEMORY USAGE s SAMPLES 0"));
  expect(bytes).toBeGreaterThan(16_000);
  expect(bytes).toBeLessThan(90_000);
  expect(textOf(await wire.call("DEBUG OBJECT s"))).toContain("encoding:hashtable");
});

sets.rows("sets take part in transactions and watches", [
  ["WATCH s", ok],
  ["SADD s a", 1],
  ["MULTI", ok],
  ["SADD s b", simple("QUEUED")],
  ["EXEC", nilArray],
  ["MULTI", ok],
  ["SADD s b c", simple("QUEUED")],
  ["SINTER s s", simple("QUEUED")],
  ["SUNIONSTORE t s", simple("QUEUED")],
  ["SPOP s 9", simple("QUEUED")],
  ["EXEC", [2, unorderedSet("a", "b", "c"), 3, unorderedSet("a", "b", "c")]],
  ["EXISTS s t", 1],
]);

sets.rows("replies of whole sets are sets in RESP3", [
  ["SADD s a", 1],
  ["SMEMBERS s", set("a")],
  ["SINTER s", set("a")],
  ["SRANDMEMBER s 1", ["a"]],
  ["SPOP s 1", set("a")],
  ["SPOP s", byProtocol(null, null)],
]);

test("a set under random changes is what a plain set is, in every encoding", async () => {
  const random = new Random(Number(process.env.SETS_SEED ?? Date.now() % 2 ** 31));
  console.log(`SETS_SEED=${random.seed}`);
  const wire = await sets.server.connect();
  for (const shape of ["integers", "short", "long"]) {
    const model = new Set<string>();
    await wire.call("DEL s");
    for (let turn = 0; turn < 600; turn++) {
      const number = random.below(turn < 300 ? 900 : 60);
      const member =
        shape === "integers" ? String(number - 300) : shape === "short" ? `m${number}` : "y".repeat(number);
      if (random.chance(0.6)) {
        expect(numberOf(await wire.call(["SADD", "s", member]))).toBe(model.has(member) ? 0 : 1);
        model.add(member);
      } else if (random.chance(0.8)) {
        expect(numberOf(await wire.call(["SREM", "s", member]))).toBe(model.delete(member) ? 1 : 0);
      } else {
        const popped = itemsOf(await wire.call(["SPOP", "s", String(random.below(4))])).map(textOf);
        for (const each of popped) expect(model.delete(each)).toBe(true);
      }
    }
    expect(new Set(itemsOf(await wire.call("SMEMBERS s")).map(textOf))).toEqual(model);
  }
  await wire.close();
});
