/** Ranges of sorted sets by rank, score and bytes, over both encodings: read, counted, stored, removed. */

import { byProtocol, double, type Expected, err, simple } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";

const ranges = suite();
const syntax = err("ERR syntax error");
const notInteger = err("ERR value is not an integer or out of range");
const notScores = err("ERR min or max is not a float");
const notLex = err("ERR min or max not valid string range item");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const pairs = (...flat: readonly string[]): Expected => {
  const nested: Expected[] = [];
  for (let at = 0; at < flat.length; at += 2) nested.push([flat[at] as string, double(flat[at + 1] as string)]);
  return byProtocol(flat, nested);
};

function eachEncoding(name: string, rows: readonly Row[]): void {
  ranges.rows(`${name}, as listpack`, rows);
  ranges.rows(`${name}, as skiplist`, rows, {
    before: ["CONFIG SET zset-max-listpack-entries 0"],
    after: ["CONFIG SET zset-max-listpack-entries 128"],
  });
}

const scored: Row = ["ZADD z 1 a 2 b 3 c 3 d 4.5 e -inf low inf high", 7];
const lettered: Row = ["ZADD l 0 a 0 aa 0 b 0 bar 0 c 0 d", 6];

eachEncoding("ZRANGE by rank counts from either end", [
  scored,
  ["ZRANGE z 0 -1", ["low", "a", "b", "c", "d", "e", "high"]],
  ["ZRANGE z 1 2", ["a", "b"]],
  ["ZRANGE z -2 -1", ["e", "high"]],
  ["ZRANGE z 5 100", ["e", "high"]],
  ["ZRANGE z -100 0", ["low"]],
  ["ZRANGE z 3 1", []],
  ["ZRANGE z 7 9", []],
  ["ZRANGE z 0 -100", []],
  ["ZRANGE z 0 1 REV", ["high", "e"]],
  ["ZREVRANGE z 0 1", ["high", "e"]],
  ["ZREVRANGE z -1 -1", ["low"]],
  ["ZRANGE z 0 1 WITHSCORES", pairs("low", "-inf", "a", "1")],
  ["ZREVRANGE z 0 1 WITHSCORES", pairs("high", "inf", "e", "4.5")],
  ["ZRANGE z 0 0 rev withscores", pairs("high", "inf")],
  ["ZRANGE none 0 -1", []],
  ["ZRANGE z 0 x", notInteger],
  ["ZRANGE z (1 2", notInteger],
  ["ZRANGE z 0 -1 FOO", syntax],
  ["ZRANGE z 0 -1 BYSCORE BYLEX", syntax],
  ["ZRANGE z 0 -1 LIMIT 0", syntax],
  [
    "ZRANGE z 0 -1 LIMIT 0 1",
    err("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"),
  ],
  ["ZRANGE z 0 -1 LIMIT 0 -1", ["low", "a", "b", "c", "d", "e", "high"]],
  ["ZREVRANGE z 0 -1 REV", syntax],
  ["ZREVRANGE z 0 -1 BYSCORE", syntax],
]);

eachEncoding("ranges by score have open and closed ends", [
  scored,
  ["ZRANGEBYSCORE z 1 3", ["a", "b", "c", "d"]],
  ["ZRANGEBYSCORE z (1 (3", ["b"]],
  ["ZRANGEBYSCORE z -inf +inf", ["low", "a", "b", "c", "d", "e", "high"]],
  ["ZRANGEBYSCORE z (-inf (inf", ["a", "b", "c", "d", "e"]],
  ["ZRANGEBYSCORE z 3 3", ["c", "d"]],
  ["ZRANGEBYSCORE z (3 3", []],
  ["ZRANGEBYSCORE z 5 1", []],
  ["ZRANGEBYSCORE z 3.5 4.25", []],
  ["ZRANGEBYSCORE z 1 2 WITHSCORES", pairs("a", "1", "b", "2")],
  ["ZREVRANGEBYSCORE z 3 (1", ["d", "c", "b"]],
  ["ZREVRANGEBYSCORE z 1 3", []],
  ["ZREVRANGEBYSCORE z inf 4.5 WITHSCORES", pairs("high", "inf", "e", "4.5")],
  ["ZRANGE z 1 3 BYSCORE", ["a", "b", "c", "d"]],
  ["ZRANGE z 3 1 BYSCORE REV", ["d", "c", "b", "a"]],
  ["ZRANGE z 1 3 BYSCORE REV", []],
  ["ZRANGEBYSCORE none 0 1", []],
  ["ZRANGEBYSCORE z x 1", notScores],
  ["ZRANGEBYSCORE z 1 nan", notScores],
  ["ZRANGEBYSCORE z 1 [2", notScores],
  ['ZRANGEBYSCORE z "" 1', ["a"]],
  ["ZRANGEBYSCORE z ( 1", ["a"]],
  ["ZRANGEBYSCORE z 0 1e400", ["a", "b", "c", "d", "e", "high"]],
  ["ZRANGEBYSCORE z 0 1 BYSCORE", syntax],
  ["ZCOUNT z 1 3", 4],
  ["ZCOUNT z (1 (3", 1],
  ["ZCOUNT z -inf inf", 7],
  ["ZCOUNT z 5 1", 0],
  ["ZCOUNT none 0 1", 0],
  ["ZCOUNT z a 1", notScores],
]);

eachEncoding("LIMIT passes over some and takes some", [
  scored,
  ["ZRANGEBYSCORE z -inf inf LIMIT 1 2", ["a", "b"]],
  ["ZRANGEBYSCORE z 1 inf LIMIT 2 -1", ["c", "d", "e", "high"]],
  ["ZRANGEBYSCORE z 1 3 LIMIT 1 100", ["b", "c", "d"]],
  ["ZRANGEBYSCORE z 1 3 LIMIT 4 1", []],
  ["ZRANGEBYSCORE z 1 3 LIMIT 100 1", []],
  ["ZRANGEBYSCORE z 1 3 LIMIT -1 2", []],
  ["ZRANGEBYSCORE z 1 3 LIMIT 0 0", []],
  ["ZREVRANGEBYSCORE z inf -inf LIMIT 1 2", ["e", "d"]],
  ["ZREVRANGEBYSCORE z 3 1 WITHSCORES LIMIT 2 5", pairs("b", "2", "a", "1")],
  ["ZRANGE z inf 1 BYSCORE REV LIMIT 1 2", ["e", "d"]],
  ["ZRANGEBYSCORE z 1 3 LIMIT 1", syntax],
  ["ZRANGEBYSCORE z 1 3 LIMIT a 1", notInteger],
  ["ZRANGEBYSCORE z 1 3 LIMIT 1 b", notInteger],
  ["ZRANGEBYSCORE z 1 3 LIMIT 1 1 LIMIT 0 1", ["a"]],
]);

eachEncoding("ranges by bytes", [
  lettered,
  ["ZRANGEBYLEX l - +", ["a", "aa", "b", "bar", "c", "d"]],
  ["ZRANGEBYLEX l [aa [bar", ["aa", "b", "bar"]],
  ["ZRANGEBYLEX l (aa (bar", ["b"]],
  ["ZRANGEBYLEX l - (b", ["a", "aa"]],
  ["ZRANGEBYLEX l [c +", ["c", "d"]],
  ["ZRANGEBYLEX l [b [b", ["b"]],
  ["ZRANGEBYLEX l [b (b", []],
  ["ZRANGEBYLEX l + -", []],
  ["ZRANGEBYLEX l [z [zz", []],
  ["ZRANGEBYLEX l [ [b", ["a", "aa", "b"]],
  ["ZRANGEBYLEX l - + LIMIT 2 2", ["b", "bar"]],
  ["ZREVRANGEBYLEX l + - LIMIT 1 2", ["c", "bar"]],
  ["ZREVRANGEBYLEX l [bar [aa", ["bar", "b", "aa"]],
  ["ZREVRANGEBYLEX l - +", []],
  ["ZRANGE l [aa (c BYLEX", ["aa", "b", "bar"]],
  ["ZRANGE l (c [aa BYLEX REV LIMIT 0 2", ["bar", "b"]],
  ["ZRANGE l - + BYLEX WITHSCORES", err("ERR syntax error, WITHSCORES not supported in combination with BYLEX")],
  ["ZRANGEBYLEX l a b", notLex],
  ["ZRANGEBYLEX l -a +", notLex],
  ['ZRANGEBYLEX l "" +', notLex],
  ["ZRANGEBYLEX none - +", []],
  ["ZLEXCOUNT l - +", 6],
  ["ZLEXCOUNT l [aa (bar", 2],
  ["ZLEXCOUNT l + -", 0],
  ["ZLEXCOUNT none - +", 0],
  ["ZLEXCOUNT l a +", notLex],
]);

eachEncoding("ranges are removed, and the key with the last member", [
  scored,
  ["ZREMRANGEBYRANK z 1 2", 2],
  ["ZRANGE z 0 -1", ["low", "c", "d", "e", "high"]],
  ["ZREMRANGEBYRANK z -1 -1", 1],
  ["ZREMRANGEBYRANK z 5 9", 0],
  ["ZREMRANGEBYRANK z x 9", notInteger],
  ["ZREMRANGEBYSCORE z (3 inf", 1],
  ["ZREMRANGEBYSCORE z x 3", notScores],
  ["ZREMRANGEBYSCORE z 5 1", 0],
  ["ZRANGE z 0 -1", ["low", "c", "d"]],
  ["ZREMRANGEBYSCORE z -inf 3", 3],
  ["EXISTS z", 0],
  ["ZREMRANGEBYSCORE z -inf 3", 0],
  lettered,
  ["ZREMRANGEBYLEX l [aa (bar", 2],
  ["ZREMRANGEBYLEX l x y", notLex],
  ["ZRANGE l 0 -1", ["a", "bar", "c", "d"]],
  ["ZREMRANGEBYLEX l - +", 4],
  ["EXISTS l", 0],
]);

eachEncoding("ZRANGESTORE stores what ZRANGE returns", [
  scored,
  ["SET d text", simple("OK")],
  ["ZRANGESTORE d z 1 2", 2],
  ["ZRANGE d 0 -1 WITHSCORES", pairs("a", "1", "b", "2")],
  ["ZRANGESTORE d z 0 1 REV", 2],
  ["ZRANGE d 0 -1", ["e", "high"]],
  ["ZRANGESTORE d z (1 inf BYSCORE LIMIT 1 2", 2],
  ["ZRANGE d 0 -1", ["c", "d"]],
  ["ZRANGESTORE d z inf 1 BYSCORE REV LIMIT 0 2", 2],
  ["ZRANGE d 0 -1", ["e", "high"]],
  ["ZRANGESTORE z z 0 0", 1],
  ["ZRANGE z 0 -1", ["low"]],
  ["ZRANGESTORE d z 5 9", 0],
  ["EXISTS d", 0],
  ["ZRANGESTORE d none 0 -1", 0],
  lettered,
  ["ZRANGESTORE d l [b (c BYLEX", 2],
  ["ZRANGE d 0 -1", ["b", "bar"]],
  ["ZRANGESTORE d z 0 -1 WITHSCORES", syntax],
  ["ZRANGESTORE d z 0 -1 REV REV", syntax],
  ["ZRANGE z 0 -1 REV REV", syntax],
  [
    "ZRANGESTORE d z 0 -1 LIMIT 0 1",
    err("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"),
  ],
  ["ZRANGESTORE d z a b BYSCORE", notScores],
  ["SET s text", simple("OK")],
  ["ZRANGESTORE d s 0 -1", wrongType],
  ["ZRANGE d 0 -1", ["b", "bar"]],
]);
