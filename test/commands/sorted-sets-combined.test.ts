/** ZUNION, ZINTER, ZDIFF, their STORE forms and ZINTERCARD, over sorted sets of both encodings and sets. */

import { byProtocol, double, type Expected, err, simple } from "../harness/expected.ts";
import { type BehaviourOptions, type Row, suite } from "../harness/suite.ts";

const combined = suite();
const syntax = err("ERR syntax error");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const pairs = (...flat: readonly string[]): Expected => {
  const nested: Expected[] = [];
  for (let at = 0; at < flat.length; at += 2) nested.push([flat[at] as string, double(flat[at + 1] as string)]);
  return byProtocol(flat, nested);
};

function eachEncoding(name: string, rows: readonly Row[], options: BehaviourOptions = {}): void {
  combined.rows(`${name}, as listpack`, rows, options);
  combined.rows(`${name}, as skiplist`, rows, {
    ...options,
    before: ["CONFIG SET zset-max-listpack-entries 0"],
    after: ["CONFIG SET zset-max-listpack-entries 128"],
  });
}

const inputs: readonly Row[] = [
  ["ZADD x 1 a 2 b 3 c", 3],
  ["ZADD y 10 b 20 c 30 d", 3],
  ["SADD s a c e", 3],
];

eachEncoding("unions add scores, weighted and aggregated as asked", [
  ...inputs,
  ["ZUNION 2 x y", ["a", "b", "c", "d"]],
  ["ZUNION 2 x y WITHSCORES", pairs("a", "1", "b", "12", "c", "23", "d", "30")],
  ["ZUNION 2 x y WEIGHTS 2 -1 WITHSCORES", pairs("d", "-30", "c", "-14", "b", "-6", "a", "2")],
  ["ZUNION 2 x y AGGREGATE MIN WITHSCORES", pairs("a", "1", "b", "2", "c", "3", "d", "30")],
  ["ZUNION 2 x y AGGREGATE max WITHSCORES", pairs("a", "1", "b", "10", "c", "20", "d", "30")],
  ["ZUNION 2 x s WITHSCORES", pairs("e", "1", "a", "2", "b", "2", "c", "4")],
  ["ZUNION 3 x none s WEIGHTS 1 5 10 AGGREGATE SUM WITHSCORES", pairs("b", "2", "e", "10", "a", "11", "c", "13")],
  ["ZUNION 2 x x WITHSCORES", pairs("a", "2", "b", "4", "c", "6")],
  ["ZUNION 1 none", []],
  ["ZUNIONSTORE d 2 x y", 4],
  ["ZRANGE d 0 -1 WITHSCORES", pairs("a", "1", "b", "12", "c", "23", "d", "30")],
  ["ZUNIONSTORE x 2 x s WEIGHTS 1 0.5", 4],
  ["ZRANGE x 0 -1 WITHSCORES", pairs("e", "0.5", "a", "1.5", "b", "2", "c", "3.5")],
  ["ZUNIONSTORE d 1 none", 0],
  ["EXISTS d", 0],
]);

eachEncoding("intersections keep what all have", [
  ...inputs,
  ["ZINTER 2 x y", ["b", "c"]],
  ["ZINTER 2 x y WITHSCORES", pairs("b", "12", "c", "23")],
  ["ZINTER 3 x y s WEIGHTS 1 2 3 WITHSCORES", pairs("c", "46")],
  ["ZINTER 2 x y AGGREGATE MIN WITHSCORES", pairs("b", "2", "c", "3")],
  ["ZINTER 2 x y WEIGHTS 100 1 AGGREGATE MAX WITHSCORES", pairs("b", "200", "c", "300")],
  // Zero times infinity is no number: 0 in the first input, and in another it makes the sum 0, and is no least and no greatest.
  ["ZADD i inf a 2 b -inf c", 3],
  ["ZINTER 3 i i i WEIGHTS 0 2 0 WITHSCORES", pairs("a", "0", "c", "0", "b", "4")],
  ["ZINTER 2 i i WEIGHTS 1 0 AGGREGATE MIN WITHSCORES", pairs("c", "-inf", "b", "0", "a", "inf")],
  ["ZINTER 2 i i WEIGHTS 1 0 AGGREGATE MAX WITHSCORES", pairs("c", "-inf", "b", "2", "a", "inf")],
  ["ZUNION 2 i i WEIGHTS 1 0 AGGREGATE MIN WITHSCORES", pairs("c", "-inf", "a", "0", "b", "0")],
  ["ZINTER 2 x none", []],
  ["ZINTER 2 x x WITHSCORES", pairs("a", "2", "b", "4", "c", "6")],
  ["ZINTERSTORE d 2 x y", 2],
  ["ZRANGE d 0 -1 WITHSCORES", pairs("b", "12", "c", "23")],
  ["ZINTERSTORE d 2 x none", 0],
  ["EXISTS d", 0],
  ["ZINTERCARD 2 x y", 2],
  ["ZINTERCARD 2 x y LIMIT 1", 1],
  ["ZINTERCARD 2 x y LIMIT 0", 2],
  ["ZINTERCARD 2 x none", 0],
  ["ZINTERCARD 2 x s", 2],
  ["ZINTERCARD 1 x LIMIT -1", err("ERR LIMIT can't be negative")],
  ["ZINTERCARD 1 x LIMIT a", err("ERR LIMIT can't be negative")],
  ["ZINTERCARD 1 x WITHSCORES", syntax],
  ["ZINTERCARD 1 x LIMIT", syntax],
]);

eachEncoding("differences keep what only the first has, with its scores", [
  ...inputs,
  ["ZDIFF 2 x y WITHSCORES", pairs("a", "1")],
  ["ZDIFF 2 x s", ["b"]],
  ["ZDIFF 2 s x WITHSCORES", pairs("e", "1")],
  ["ZDIFF 3 x y s", []],
  ["ZDIFF 2 x x", []],
  ["ZDIFF 2 x none WITHSCORES", pairs("a", "1", "b", "2", "c", "3")],
  ["ZDIFF 2 none x", []],
  ["ZDIFF 1 x WEIGHTS 1", syntax],
  ["ZDIFF 1 x AGGREGATE SUM", syntax],
  ["ZDIFFSTORE d 2 x y", 1],
  ["ZRANGE d 0 -1 WITHSCORES", pairs("a", "1")],
  ["ZDIFFSTORE d 2 x x", 0],
  ["EXISTS d", 0],
]);

eachEncoding("infinities that cancel count as 0", [
  ["ZADD x inf a inf b 1 c", 3],
  ["ZADD y -inf a inf b 1 c", 3],
  ["ZUNION 2 x y WITHSCORES", pairs("a", "0", "c", "2", "b", "inf")],
  ["ZINTER 2 x y WITHSCORES", pairs("a", "0", "c", "2", "b", "inf")],
  ["ZUNION 1 x WEIGHTS 0 WITHSCORES", pairs("a", "0", "b", "0", "c", "0")],
]);

eachEncoding(
  "AGGREGATE COUNT tells how many inputs have a member, or the sum of their weights",
  [
    ...inputs,
    ["ZUNION 3 x y s AGGREGATE COUNT WITHSCORES", pairs("d", "1", "e", "1", "a", "2", "b", "2", "c", "3")],
    ["ZUNION 2 x y WEIGHTS 5 0.5 AGGREGATE COUNT WITHSCORES", pairs("d", "0.5", "a", "5", "b", "5.5", "c", "5.5")],
    ["ZINTER 2 x y AGGREGATE COUNT WITHSCORES", pairs("b", "2", "c", "2")],
    ["ZINTERSTORE d 3 x y s WEIGHTS 1 2 3 AGGREGATE count", 1],
    ["ZSCORE d c", double("6")],
  ],
  { since: "8.8.0" },
);

combined.rows("counts of keys and options that make no sense are refused", [
  ...inputs,
  ["ZUNION 0 x", err("ERR at least 1 input key is needed for 'zunion' command")],
  ["ZINTERSTORE d -1 x", err("ERR at least 1 input key is needed for 'zinterstore' command")],
  ["ZINTERCARD 0 x", err("ERR at least 1 input key is needed for 'zintercard' command")],
  ["ZUNION a x", err("ERR value is not an integer or out of range")],
  ["ZUNION 2 x", syntax],
  ["ZUNIONSTORE d 9223372036854775807 x", syntax],
  ["ZUNION 1 x y", syntax],
  ["ZUNION 2 x y WEIGHTS 1", syntax],
  ["ZUNION 2 x y WEIGHTS 1 b", err("ERR weight value is not a float")],
  ["ZUNION 2 x y WEIGHTS 1 nan", err("ERR weight value is not a float")],
  ["ZUNION 2 x y AGGREGATE AVG", syntax],
  ["ZUNION 2 x y AGGREGATE", syntax],
  ["ZUNIONSTORE d 2 x y WITHSCORES", syntax],
  ["SET t text", simple("OK")],
  ["ZUNION 2 x t FOO", wrongType],
  ["ZDIFFSTORE d 2 t x", wrongType],
  ["ZINTERCARD 2 none t", wrongType],
  ["HSET h f v", 1],
  ["ZUNIONSTORE d 2 x h", wrongType],
  ["EXISTS d", 0],
]);

combined.rows("thousands of members are combined in order", [
  [["ZADD", "big", ...Array.from({ length: 3000 }, (_, n) => [String(n), `m${n}`]).flat()], 3000],
  [["ZADD", "odd", ...Array.from({ length: 1500 }, (_, n) => ["1", `m${n * 2 + 1}`]).flat()], 1500],
  ["ZUNIONSTORE d 2 big odd", 3000],
  ["ZRANGE d 0 3 WITHSCORES", pairs("m0", "0", "m1", "2", "m2", "2", "m3", "4")],
  ["ZINTERSTORE d 2 big odd", 1500],
  ["ZRANGE d -1 -1 WITHSCORES", pairs("m2999", "3000")],
  ["ZDIFFSTORE d 2 big odd", 1500],
  ["ZRANGE d -1 -1", ["m2998"]],
  ["ZINTERCARD 2 odd big LIMIT 700", 700],
]);
