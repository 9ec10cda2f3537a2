/** SORT and SORT_RO over lists, sets and sorted sets: what is compared, what is returned, what is stored. */

import { expect } from "bun:test";
import { err, ok, simple } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, numberOf, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";

const sorts = suite();
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const syntax = err("ERR syntax error");
const notInteger = err("ERR value is not an integer or out of range");
const notDouble = err("ERR One or more scores can't be converted into double");

/** The same over a list, a set of integers or strings, and a sorted set whose scores say nothing. */
function eachType(name: string, elements: readonly string[], rows: readonly Row[]): void {
  sorts.rows(`${name}, of a list`, [[["RPUSH", "k", ...elements], elements.length], ...rows]);
  sorts.rows(`${name}, of a set`, [[["SADD", "k", ...elements], elements.length], ...rows]);
  const scored = elements.flatMap((element, index) => [String((index * 7) % 5), element]);
  sorts.rows(`${name}, of a sorted set`, [[["ZADD", "k", ...scored], elements.length], ...rows]);
}

eachType(
  "numbers are sorted as numbers",
  ["10", "9", "-1", "0.5", "1e1", "100"],
  [
    ["SORT k", ["-1", "0.5", "9", "10", "1e1", "100"]],
    ["SORT k DESC", ["100", "1e1", "10", "9", "0.5", "-1"]],
    ["sort k asc desc asc", ["-1", "0.5", "9", "10", "1e1", "100"]],
    ["SORT k LIMIT 1 2", ["0.5", "9"]],
    ["SORT k LIMIT 4 10", ["1e1", "100"]],
    ["SORT k LIMIT 6 10", []],
    ["SORT k LIMIT 99 10", []],
    ["SORT k LIMIT -5 2", ["-1", "0.5"]],
    ["SORT k LIMIT 0 0", []],
    ["SORT k LIMIT 3 -1", ["10", "1e1", "100"]],
    ["SORT k DESC LIMIT 0 1", ["100"]],
    ["SORT k ALPHA", ["-1", "0.5", "10", "100", "1e1", "9"]],
    ["SORT_RO k LIMIT 0 2", ["-1", "0.5"]],
  ],
);

eachType(
  "text is sorted by its bytes",
  ["b", "a", "B", "ab", "", "longer than eight bytes", "longer than eight"],
  [
    ["SORT k", notDouble],
    ["SORT k ALPHA", ["", "B", "a", "ab", "b", "longer than eight", "longer than eight bytes"]],
    ["SORT k ALPHA DESC LIMIT 0 2", ["longer than eight bytes", "longer than eight"]],
  ],
);

sorts.rows("SORT takes its words in any order and refuses others", [
  ["RPUSH k 2 1", 2],
  ["SORT k FOO", syntax],
  ["SORT k BY", syntax],
  ["SORT k GET", syntax],
  ["SORT k STORE", syntax],
  ["SORT k LIMIT 1", syntax],
  ["SORT k LIMIT x 1", notInteger],
  ["SORT k LIMIT 1 x", notInteger],
  ["SORT_RO k STORE d", syntax],
  ["SORT", err("ERR wrong number of arguments for 'sort' command")],
  ["SORT none", []],
  ["SORT none FOO", syntax],
  ["SET s v", ok],
  ["HSET h f v", 1],
  ["SORT s", wrongType],
  ["SORT h", wrongType],
  ["SORT s FOO", syntax],
  ["SORT s STORE k", wrongType],
  ["LLEN k", 2],
]);

eachType(
  "BY looks weights up",
  ["1", "2", "3", "4"],
  [
    ["MSET w_1 30 w_2 20 w_3 10", ok],
    ["SORT k BY w_*", ["4", "3", "2", "1"]],
    ["SORT k BY w_* DESC", ["1", "2", "3", "4"]],
    ["SORT k BY w_* LIMIT 1 2", ["3", "2"]],
    ["SORT k BY none_*", ["1", "2", "3", "4"]],
    ["SORT k BY none_* DESC", ["4", "3", "2", "1"]],
    ["HSET h_1 f 3 g x", 2],
    ["HSET h_2 f 2", 1],
    ["HSET h_4 f 1", 1],
    ["SORT k BY h_*->f", ["3", "4", "2", "1"]],
    ["SORT k BY h_*->none", ["1", "2", "3", "4"]],
    ["SORT k BY w_*->f", ["1", "2", "3", "4"]],
    ["SORT k BY h_*", ["1", "2", "3", "4"]],
    ["SORT k BY h_*->g", notDouble],
    ["MSET t_1 b t_2 a t_3 c", ok],
    ["SORT k BY t_*", notDouble],
    ["SORT k BY t_* ALPHA", ["4", "2", "1", "3"]],
    ["SORT k BY t_* ALPHA DESC", ["3", "1", "2", "4"]],
  ],
);

eachType(
  "GET returns what elements name, in place of them",
  ["1", "2"],
  [
    ["MSET v_1 one v_2 22 x1y mid", ok],
    ["HSET h_1 f ha", 1],
    ["SORT k GET v_*", ["one", "22"]],
    ["SORT k GET #", ["1", "2"]],
    ["SORT k GET # GET v_* GET x*y", ["1", "one", "mid", "2", "22", null]],
    ["SORT k GET h_*->f", ["ha", null]],
    ["SORT k GET h_*", [null, null]],
    ["SORT k GET fixed", [null, null]],
    ["SORT k GET h_*->", [null, null]],
    ["SORT k DESC LIMIT 0 1 GET v_* GET #", ["22", "2"]],
    ["SORT k BY nosort GET v_* LIMIT 0 0", []],
  ],
);

eachType(
  "STORE keeps the result as a list",
  ["3", "1", "2"],
  [
    ["SET d text EX 100", ok],
    ["SORT k STORE d", 3],
    ["TYPE d", simple("list")],
    ["TTL d", -1],
    ["LRANGE d 0 -1", ["1", "2", "3"]],
    ["SET v_2 two", ok],
    ["SORT k GET v_* GET # STORE d", 6],
    ["LRANGE d 0 -1", ["", "1", "two", "2", "", "3"]],
    ["SORT k STORE e STORE f DESC", 3],
    ["EXISTS e", 0],
    ["LRANGE f 0 -1", ["3", "2", "1"]],
    ["SORT none STORE f", 0],
    ["EXISTS f", 0],
    ["SORT k LIMIT 0 0 STORE d", 0],
    ["EXISTS d", 0],
    ["SORT k STORE k", 3],
    ["LRANGE k 0 -1", ["1", "2", "3"]],
  ],
);

sorts.rows("BY a fixed pattern keeps the order of a list, from either end", [
  ["RPUSH k c a b d", 4],
  ["SORT k BY nosort", ["c", "a", "b", "d"]],
  ["SORT k BY nosort DESC", ["d", "b", "a", "c"]],
  ["SORT k BY nosort LIMIT 1 2", ["a", "b"]],
  ["SORT k BY nosort DESC LIMIT 1 2", ["b", "a"]],
  ["SORT k BY nosort GET #", ["c", "a", "b", "d"]],
  ["SORT k BY # LIMIT 0 1", ["c"]],
  ["SORT k BY nosort STORE d", 4],
  ["LRANGE d 0 -1", ["c", "a", "b", "d"]],
  ["SORT k BY w_* BY nosort LIMIT 0 1", ["c"]],
  ["SORT k BY nosort BY w_* LIMIT 0 1", ["c"]],
]);

sorts.rows("BY a fixed pattern keeps the order of a sorted set, from either end", [
  ["ZADD k 1 c 2 a 3 b 3 d", 4],
  ["SORT k BY nosort", ["c", "a", "b", "d"]],
  ["SORT k BY nosort DESC", ["d", "b", "a", "c"]],
  ["SORT k BY nosort LIMIT 1 2", ["a", "b"]],
  ["SORT k BY nosort DESC LIMIT 1 2", ["b", "a"]],
  ["SORT k BY nosort LIMIT 4 1", []],
  ["SORT k ALPHA LIMIT 0 1", ["a"]],
  ["SORT k BY nosort DESC STORE d", 4],
  ["LRANGE d 0 -1", ["d", "b", "a", "c"]],
]);

sorts.rows("a set that is stored unsorted is stored in the order of its text", [
  ["SADD k c a b d", 4],
  ["SORT k BY nosort STORE d", 4],
  ["LRANGE d 0 -1", ["a", "b", "c", "d"]],
  ["SORT k BY nosort STORE d DESC LIMIT 0 2", 2],
  ["LRANGE d 0 -1", ["d", "c"]],
]);

sorts.rows("weights are numbers as C reads them", [
  ["RPUSH k a b c d e", 5],
  ['MSET w_a " 3" w_b 0x10 w_c -inf w_d "" w_e 1e-3', ok],
  ["SORT k BY w_*", ["c", "d", "e", "a", "b"]],
  ["SET w_a nan", ok],
  ["SORT k BY w_*", notDouble],
  ["SET w_a 1e400", ok],
  ["SORT k BY w_*", notDouble],
  ['SET w_a "3 "', ok],
  ["SORT k BY w_*", notDouble],
  ["SORT k BY w_* STORE d", notDouble],
  ["EXISTS d", 0],
]);

sorts.rows("SORT names its keys", [
  ["COMMAND GETKEYS SORT k", ["k"]],
  ["COMMAND GETKEYS SORT k STORE d", ["k", "d"]],
  ["COMMAND GETKEYS SORT k BY store GET store LIMIT 0 store STORE d STORE e", ["k", "e"]],
  ["COMMAND GETKEYS SORT_RO k BY w_* GET x", ["k"]],
]);

sorts.rows("SORT takes part in transactions", [
  ["RPUSH k 2 1", 2],
  ["MSET w_1 9 w_2 1", ok],
  ["MULTI", ok],
  ["SET w_1 0", simple("QUEUED")],
  ["SORT k BY w_* GET w_* STORE d", simple("QUEUED")],
  ["SORT_RO k", simple("QUEUED")],
  ["EXEC", [ok, 2, ["1", "2"]]],
  ["LRANGE d 0 -1", ["0", "1"]],
]);

sorts.rows("an expired key is not there, neither as source nor as weight", [
  ["RPUSH k 1 2", 2],
  ["MSET w_1 5 w_2 4", ok],
  ["PEXPIREAT w_1 1", 1],
  ["SORT k BY w_* GET w_*", [null, "4"]],
  ["PEXPIREAT k 1", 1],
  ["SORT k STORE k", 0],
]);

sorts.both("a user without all keys may not use patterns", async (wire) => {
  await wire.call("ACL SETUSER sorter on nopass ~k ~w_* ~d +sort +sort_ro +rpush");
  await wire.call("RPUSH k 1 2");
  await wire.call("AUTH sorter x");
  const text = async (command: string) => {
    const reply = await wire.call(command);
    return reply.kind === "error" ? reply.text : reply.kind;
  };
  const by = "ERR BY option of SORT denied due to insufficient ACL permissions.";
  const get = "ERR GET option of SORT denied due to insufficient ACL permissions.";
  expect(await text("SORT k")).toBe("array");
  expect(await text("SORT k BY nosort")).toBe("array");
  expect(await text("SORT k BY w_*")).toBe(by);
  expect(await text("SORT_RO k GET #")).toBe(get);
  expect(await text("SORT k BY w_* FOO")).toBe(by);
  expect(await text("SORT k FOO BY w_*")).toBe("ERR syntax error");
  expect(await text("SORT k STORE d")).toBe("integer");
  expect(await text("SORT k STORE e")).toStartWith("NOPERM");
});

/** Far above what is sorted at once, so that these go on in slices. */
const LARGE = 40_000;

sorts.both("large sorts are right, and others are served meanwhile", async (wire, protocol) => {
  const random = new Random(11);
  const numbers = random.shuffled(Array.from({ length: LARGE }, (_, index) => index));
  for (let start = 0; start < LARGE; start += 5000) {
    const part = numbers.slice(start, start + 5000);
    await wire.call(["RPUSH", "list", ...part.map(String)]);
    await wire.call(["SADD", "set", ...part.map((number) => `m${number}`)]);
    await wire.call(["MSET", ...part.flatMap((number) => [`w_${number}`, String(LARGE - number)])]);
  }
  const other = await sorts.server.connect(protocol);
  const [sorted, byWeight, alpha, limited, stored, pings] = await Promise.all([
    wire.call("SORT list"),
    wire.call("SORT list BY w_* GET # GET w_* LIMIT 100 500"),
    wire.call("SORT set ALPHA DESC"),
    wire.call("SORT list DESC LIMIT 20000 5"),
    wire.call("SORT set BY nosort STORE out"),
    Promise.all(Array.from({ length: 20 }, () => other.call("PING"))),
  ]);
  const texts = (reply: typeof sorted) => itemsOf(reply).map(textOf);
  const ascending = Array.from({ length: LARGE }, (_, index) => index);
  expect(texts(sorted)).toEqual(ascending.map(String));
  expect(texts(byWeight)).toEqual(
    ascending.slice(100, 600).flatMap((place) => [String(LARGE - 1 - place), String(place + 1)]),
  );
  const names = ascending.map((number) => `m${number}`).sort();
  expect(texts(alpha)).toEqual([...names].reverse());
  expect(texts(limited)).toEqual([0, 1, 2, 3, 4].map((index) => String(LARGE - 20_001 - index)));
  expect(numberOf(stored)).toBe(LARGE);
  expect(texts(await wire.call("LRANGE out 0 -1"))).toEqual(names);
  expect(pings.length).toBe(20);
  await other.close();
});
