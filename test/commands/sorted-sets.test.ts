/** Sorted sets over both encodings: scores, ranks, removing, popping, drawing, scanning. Ranges have a file of their own. */

import { expect, test } from "bun:test";
import {
  anything,
  byProtocol,
  double,
  type Expected,
  err,
  nilArray,
  oneOf,
  simple,
  unordered,
} from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, numberOf, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";

const zsets = suite();
const notFloat = err("ERR value is not a valid float");
const notInteger = err("ERR value is not an integer or out of range");
const syntax = err("ERR syntax error");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);
/** Members and scores: flat in RESP2, in pairs in RESP3. */
const pairs = (...flat: readonly string[]): Expected => {
  const nested: Expected[] = [];
  for (let at = 0; at < flat.length; at += 2) nested.push([flat[at] as string, double(flat[at + 1] as string)]);
  return byProtocol(flat, nested);
};

/** The same behaviour with sorted sets that start as listpacks and with ones that are skiplists from the first member. */
function eachEncoding(name: string, rows: readonly Row[], options: { since?: string } = {}): void {
  zsets.rows(`${name}, as listpack`, rows, options);
  zsets.rows(`${name}, as skiplist`, rows, {
    ...options,
    before: ["CONFIG SET zset-max-listpack-entries 0"],
    after: ["CONFIG SET zset-max-listpack-entries 128"],
  });
}

eachEncoding("ZADD adds members and sets scores", [
  ["ZADD z 1 a", 1],
  ["ZADD z 2 a 3 b", 1],
  ["ZADD z 2 a 3 b", 0],
  ["ZADD z 5 x 7 x", 1],
  ["ZSCORE z x", double("7")],
  ["ZSCORE z a", double("2")],
  ["ZCARD z", 3],
  ["ZRANGE z 0 -1", ["a", "b", "x"]],
  ["ZADD z CH 2 a 4 b 9 y", 2],
  ["ZADD z", arity("zadd")],
  ["ZADD z 1", arity("zadd")],
  ["ZADD z 1 a 2", syntax],
  ["ZADD z NX 1", syntax],
  ["ZADD z CH CH", syntax],
  ["ZADD z abc a", notFloat],
  ["ZADD z 1 a nan b", notFloat],
  ['ZADD z "" a', notFloat],
  ['ZADD z " 1" a', notFloat],
  ["ZADD z 1e400 a", notFloat],
  ["ZADD z 1,5 a", notFloat],
  ["ZSCORE z a", double("2")],
  ["ZADD fresh abc a", notFloat],
  ["EXISTS fresh", 0],
]);

eachEncoding("NX adds only, XX changes only", [
  ["ZADD z NX 1 a 2 b", 2],
  ["ZADD z NX 5 a 3 c", 1],
  ["ZSCORE z a", double("1")],
  ["ZADD z XX 5 a 9 none", 0],
  ["ZADD z XX CH 6 a 9 none", 1],
  ["ZSCORE z none", null],
  ["ZADD missing XX 1 a", 0],
  ["EXISTS missing", 0],
  ["ZADD z NX XX 1 a", err("ERR XX and NX options at the same time are not compatible")],
  ["ZADD z NX GT 1 a", err("ERR GT, LT, and/or NX options at the same time are not compatible")],
  ["ZADD z lt gt 1 a", err("ERR GT, LT, and/or NX options at the same time are not compatible")],
  ["ZADD z NX XX 1 a b", syntax],
]);

eachEncoding("GT and LT let scores go one way", [
  ["ZADD z 5 a", 1],
  ["ZADD z GT CH 4 a", 0],
  ["ZADD z GT CH 6 a", 1],
  ["ZADD z LT CH 7 a", 0],
  ["ZADD z LT CH 2 a", 1],
  ["ZADD z GT 1 new", 1],
  ["ZADD z XX GT CH 9 a 9 none", 1],
  ["ZADD z LT INCR 1 a", null],
  ["ZADD z GT INCR -1 a", null],
  ["ZADD z LT INCR -1 a", double("8")],
  ["ZCARD z", 2],
]);

eachEncoding("INCR and ZINCRBY add to a score and reply it", [
  ["ZINCRBY z 2.5 a", double("2.5")],
  ["ZINCRBY z -5 a", double("-2.5")],
  ["ZADD z INCR 10 a", double("7.5")],
  ["ZADD z NX INCR 10 a", null],
  ["ZADD z XX INCR 10 none", null],
  ["ZADD z XX INCR 1 a", double("8.5")],
  ["ZADD z INCR 1 a 2 b", err("ERR INCR option supports a single increment-element pair")],
  ["ZADD z +inf i", 1],
  ["ZINCRBY z -inf i", err("ERR resulting score is not a number (NaN)")],
  ["ZADD z INCR -inf i", err("ERR resulting score is not a number (NaN)")],
  ["ZSCORE z i", double("inf")],
  ["ZINCRBY z abc a", notFloat],
  ["ZINCRBY z nan a", notFloat],
  ["ZINCRBY z xx a", syntax],
  ["ZINCRBY z 1", arity("zincrby")],
  ["ZINCRBY z 0 zero", double("0")],
  ["ZCARD z", 3],
]);

eachEncoding("scores print as they are", [
  ["ZADD z 1 one -1 minus 0 zero -0 negative 3.5 half 1e3 e 0x10 hex +7 plus .5 point 5. end", 10],
  [
    "ZMSCORE z one minus zero half e hex plus point end",
    ["1", "-1", "0", "3.5", "1000", "16", "7", "0.5", "5"].map(double),
  ],
  // In a listpack it is an integer.
  ["ZSCORE z negative", oneOf(double("-0"), double("0"))],
  ["ZADD z inf a -inf b +Infinity c", 3],
  ["ZMSCORE z a b c", ["inf", "-inf", "inf"].map(double)],
  ["ZADD z 9007199254740992 big -9007199254740993 odd 1e17 e17", 3],
  ["ZMSCORE z big odd", ["9007199254740992", "-9007199254740992"].map(double)],
  ["ZADD z 1.5e-9 tiny", 1],
  ["ZSCORE z tiny", oneOf(double("1.5e-9"), double("1.5e-09"))],
  ["ZADD z 1e20 large", 1],
  ["ZSCORE z large", double("1e+20")],
]);

eachEncoding(
  "scores print the shortest digits that read back the same",
  [
    ["ZADD z 0.1 a 1e17 b 1e-7 c 123456789012345680000 d", 4],
    ["ZMSCORE z a b c d", ["0.1", "100000000000000000", "1e-7", "123456789012345680000"].map(double)],
  ],
  { since: "7.2.0" },
);

eachEncoding("members are in the order of scores, then of their bytes", [
  ["ZADD z 1 b 1 a 1 B 0 zz -inf last 1 aa 2 36 2 4 2 100", 9],
  ["ZRANGE z 0 -1", ["last", "zz", "B", "a", "aa", "b", "100", "36", "4"]],
  ['ZADD s 0 "" 0 "\\x00" 0 "\\xff" 0 "\\x7f" 0 a', 5],
  ["ZRANGE s 0 -1", ["", Buffer.from([0]), "a", Buffer.from([0x7f]), Buffer.from([0xff])]],
  ["ZADD z 3 a", 0],
  ["ZREVRANGE z 0 1", ["a", "4"]],
]);

eachEncoding("members are binary safe and of any size", [
  ['ZADD z 1 "\\x00\\r\\n"', 1],
  ['ZSCORE z "\\x00\\r\\n"', double("1")],
  [["ZADD", "z", "2", "x".repeat(100_000)], 1],
  [["ZADD", "z", "2", `${"x".repeat(100_000)}y`], 1],
  [["ZRANK", "z", `${"x".repeat(100_000)}y`], 2],
  ["ZRANGE z 1 1", ["x".repeat(100_000)]],
]);

eachEncoding("ZRANK and ZREVRANK count those before and after", [
  ["ZADD z 1 a 2 b 3 c", 3],
  ["ZRANK z a", 0],
  ["ZRANK z c", 2],
  ["ZREVRANK z a", 2],
  ["ZREVRANK z c", 0],
  ["ZRANK z none", null],
  ["ZREVRANK none a", null],
  ["ZRANK z", arity("zrank")],
]);

eachEncoding(
  "WITHSCORE adds the score to a rank",
  [
    ["ZADD z 1 a 2.5 b", 2],
    ["ZRANK z b WITHSCORE", [1, double("2.5")]],
    ["ZREVRANK z b withscore", [0, double("2.5")]],
    ["ZRANK z none WITHSCORE", nilArray],
    ["ZRANK none a WITHSCORE", nilArray],
    ["ZRANK z a WITHSCORES", syntax],
    ["ZRANK z a WITHSCORE x", arity("zrank")],
    ["ZREVRANK z a WITHSCORE x", arity("zrevrank")],
  ],
  { since: "7.2.0" },
);

eachEncoding("ZSCORE, ZMSCORE and ZCARD look", [
  ["ZADD z 1 a 2 b", 2],
  ["ZSCORE z none", null],
  ["ZSCORE none a", null],
  ["ZMSCORE z a none b a", [double("1"), null, double("2"), double("1")]],
  ["ZMSCORE none a b", [null, null]],
  ["ZMSCORE z", arity("zmscore")],
  ["ZCARD none", 0],
]);

eachEncoding("ZREM removes members, and the key with the last one", [
  ["ZADD z 1 a 2 b 3 c", 3],
  ["ZREM z a none a", 1],
  ["ZRANGE z 0 -1", ["b", "c"]],
  ["ZREM z b c d", 2],
  ["EXISTS z", 0],
  ["TYPE z", simple("none")],
  ["ZREM z a", 0],
  ["ZREM z", arity("zrem")],
]);

eachEncoding("ZRANDMEMBER draws", [
  ["ZADD z 1 a 2 b 3 c", 3],
  ["ZRANDMEMBER z", oneOf("a", "b", "c")],
  ["ZRANDMEMBER none", null],
  ["ZRANDMEMBER none 3", []],
  ["ZRANDMEMBER z 0", []],
  ["ZRANDMEMBER z 5", unordered("a", "b", "c")],
  ["ZRANDMEMBER z 1 WITHSCORES", byProtocol(anything, [anything])],
  ["ZRANDMEMBER z 1 SCORES", syntax],
  ["ZRANDMEMBER z 1 WITHSCORES x", syntax],
  ["ZRANDMEMBER z x", notInteger],
  [
    "ZRANDMEMBER z -9223372036854775808",
    err("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"),
  ],
  ["ZRANDMEMBER z -9223372036854775807 WITHSCORES", err("ERR value is out of range")],
]);

eachEncoding(
  "ZSCAN returns members alone with NOSCORES",
  [
    ["ZADD z 1 a 2.5 b", 2],
    ["ZSCAN z 0 COUNT 1000 NOSCORES", ["0", unordered("a", "b")]],
    ["ZSCAN z 0 noscores MATCH b*", ["0", ["b"]]],
  ],
  { since: "8.0.0" },
);

eachEncoding("ZSCAN returns members with scores", [
  ["ZADD z 1 a 2.5 b", 2],
  ["ZSCAN z 0 COUNT 1000", ["0", unordered("a", "1", "b", "2.5")]],
  ["ZSCAN z 0 MATCH b* COUNT 1000", ["0", ["b", "2.5"]]],
  ["ZSCAN none 0", ["0", []]],
  ["ZSCAN z x", err("ERR invalid cursor")],
  ["ZSCAN z 0 COUNT 0", syntax],
  ["ZSCAN z 0 COUNT x", notInteger],
  ["ZSCAN z 0 FOO", syntax],
]);

zsets.both("ZSCAN over a large sorted set sees every member that stays", async (wire) => {
  const members = Array.from({ length: 5000 }, (_, number) => `member:${number}`);
  for (let at = 0; at < members.length; at += 500)
    await wire.call([
      "ZADD",
      "z",
      ...members.slice(at, at + 500).flatMap((member, number) => [String(number), member]),
    ]);
  const seen = new Set<string>();
  let cursor = "0";
  do {
    const [next, items] = itemsOf(await wire.call(["ZSCAN", "z", cursor, "COUNT", "50"]));
    const flat = itemsOf(items).map(textOf);
    for (let at = 0; at < flat.length; at += 2) seen.add(flat[at] as string);
    await wire.call(["ZADD", "z", "1", `new:${cursor}`]);
    cursor = textOf(next);
  } while (cursor !== "0");
  expect(members.filter((member) => !seen.has(member))).toEqual([]);
});

zsets.rows("the keyspace knows sorted sets", [
  ["ZADD z 1 a 2 b", 2],
  ["TYPE z", simple("zset")],
  ["OBJECT ENCODING z", "listpack"],
  ["SCAN 0 TYPE zset COUNT 1000", ["0", ["z"]]],
  ["COPY z copy", 1],
  ["ZADD copy 9 a", 0],
  ["ZSCORE z a", double("1")],
  ["RENAME copy moved", simple("OK")],
  ["ZRANGE moved 0 -1 WITHSCORES", pairs("b", "2", "a", "9")],
  ["MOVE moved 1", 1],
  ["EXPIRE z 100", 1],
  ["ZADD z 3 c", 1],
  ["TTL z", oneOf(100, 99)],
  ["DEL z", 1],
]);

zsets.rows(
  "a listpack becomes a skiplist at the configured limits, by their old names too",
  [
    ["CONFIG SET zset-max-ziplist-entries 3", simple("OK")],
    ["CONFIG GET zset-max-listpack-entries", anything],
    ["ZADD z 1 a 2 b 3 c", 3],
    ["OBJECT ENCODING z", "listpack"],
    ["ZADD z 4 d", 1],
    ["OBJECT ENCODING z", "skiplist"],
    ["ZADD many 1 a 2 b 3 c 4 d", 4],
    ["OBJECT ENCODING many", "skiplist"],
    ["CONFIG SET zset-max-ziplist-value 4", simple("OK")],
    ["ZADD v 1 four", 1],
    ["OBJECT ENCODING v", "listpack"],
    ["ZADD v 1 fiver", 1],
    ["OBJECT ENCODING v", "skiplist"],
    ["ZUNIONSTORE d 1 v", 2],
    ["OBJECT ENCODING d", "skiplist"],
    ["ZREM v fiver", 1],
    ["ZUNIONSTORE d 1 v", 1],
    ["OBJECT ENCODING d", "listpack"],
    ["ZRANGESTORE d z 0 2", 3],
    ["OBJECT ENCODING d", "listpack"],
    ["ZRANGESTORE d z 0 3", 4],
    ["OBJECT ENCODING d", "skiplist"],
  ],
  { after: ["CONFIG SET zset-max-listpack-entries 128", "CONFIG SET zset-max-listpack-value 64"] },
);

zsets.rows("another type is refused, and an expired key is none", [
  ["SET s text", simple("OK")],
  ["ZADD s 1 a", wrongType],
  ["ZADD s XX 1 a", wrongType],
  ["ZADD s abc a", notFloat],
  ["ZINCRBY s 1 a", wrongType],
  ["ZRANK s a", wrongType],
  ["ZPOPMIN s 0", wrongType],
  ["ZSCAN s 0", wrongType],
  ["ZADD z 1 a", 1],
  ["GET z", wrongType],
  ["HSET z f v", wrongType],
  ["PEXPIRE z 1", 1],
  ["DEBUG SLEEP 0.01", simple("OK")],
  ["ZSCORE z a", null],
  ["ZADD z XX 5 a", 0],
  ["ZADD z 2 b", 1],
  ["ZRANGE z 0 -1", ["b"]],
  ["PTTL z", -1],
]);

test("random changes of a large sorted set agree with a model", async () => {
  const wire = await zsets.server.connect(3);
  const random = new Random(20_261_125);
  const model = new Map<string, number>();
  await wire.call("DEL model");
  for (let turn = 0; turn < 60; turn++) {
    const requests: string[][] = [];
    for (let step = 0; step < 100; step++) {
      const member = `m${random.below(3000)}`;
      const score = random.chance(0.3) ? random.below(10) : random.below(1_000_000) / 8;
      if (random.chance(0.75)) {
        requests.push(["ZADD", "model", String(score), member]);
        model.set(member, score);
      } else {
        requests.push(["ZREM", "model", member]);
        model.delete(member);
      }
    }
    await wire.pipeline(requests);
    const sorted = [...model].sort((left, right) => left[1] - right[1] || (left[0] < right[0] ? -1 : 1));
    const from = random.below(sorted.length);
    const found = itemsOf(await wire.call(["ZRANGE", "model", String(from), String(from + 50)])).map(textOf);
    expect(found).toEqual(sorted.slice(from, from + 51).map(([member]) => member));
    const [member] = sorted[from] as [string, number];
    expect(numberOf(await wire.call(["ZRANK", "model", member]))).toBe(from);
  }
  await wire.close();
}, 60_000);
