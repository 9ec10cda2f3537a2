/** List commands over all kinds of nodes. Moves are in list-moving.test.ts, waits in list-blocking.test.ts. */

import { anything, between, err, nilArray, ok, simple } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";
import { eachEncodingOf } from "./list-nodes.ts";

const lists = suite();
const eachEncoding = eachEncodingOf(lists);
const badInteger = err("ERR value is not an integer or out of range");
const notPositive = err("ERR value is out of range, must be positive");
const syntax = err("ERR syntax error");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const noKey = err("ERR no such key");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);

eachEncoding("LPUSH and RPUSH add one by one and return the length", [
  ["LPUSH l a b c", 3],
  ["RPUSH l 1 2", 5],
  ["LPUSH l -7", 6],
  ["LRANGE l 0 -1", ["-7", "c", "b", "a", "1", "2"]],
  ["LLEN l", 6],
  ["LLEN none", 0],
  ["LPUSH l", arity("lpush")],
  ["RPUSH l", arity("rpush")],
  ["TYPE l", simple("list")],
]);

eachEncoding("LPUSHX and RPUSHX add only to what is there", [
  ["LPUSHX l a", 0],
  ["RPUSHX l a", 0],
  ["EXISTS l", 0],
  ["RPUSH l m", 1],
  ["LPUSHX l a b", 3],
  ["RPUSHX l c", 4],
  ["LRANGE l 0 -1", ["b", "a", "m", "c"]],
  ["LPUSHX l", arity("lpushx")],
]);

eachEncoding("LPOP and RPOP take one, or several, and the key with the last one", [
  ["RPUSH l 1 2 3 4 5 6 7 8", 8],
  ["LPOP l", "1"],
  ["RPOP l", "8"],
  ["LPOP l 2", ["2", "3"]],
  ["RPOP l 2", ["7", "6"]],
  ["LPOP l 0", []],
  ["RPOP l 100", ["5", "4"]],
  ["EXISTS l", 0],
  ["LPOP l", null],
  ["RPOP l", null],
  ["LPOP l 1", nilArray],
  ["LPOP l 0", nilArray],
  ["LPOP l -1", notPositive],
  ["LPOP l x", notPositive],
  ["RPOP l 9223372036854775808", notPositive],
  ["LPOP l 1 1", arity("lpop")],
  ["RPOP l 1 1", arity("rpop")],
  ["RPUSH l a", 1],
  ["LPOP l 9223372036854775807", ["a"]],
]);

eachEncoding("LRANGE and LINDEX count from both ends", [
  ["RPUSH l 0 1 2 3 4 5 6 7 8 9", 10],
  ["LRANGE l 0 0", ["0"]],
  ["LRANGE l 3 5", ["3", "4", "5"]],
  ["LRANGE l -3 -1", ["7", "8", "9"]],
  ["LRANGE l -100 1", ["0", "1"]],
  ["LRANGE l 8 100", ["8", "9"]],
  ["LRANGE l 5 3", []],
  ["LRANGE l 10 20", []],
  ["LRANGE l -1 -2", []],
  ["LRANGE l 0 -11", []],
  ["LRANGE l -9223372036854775808 9223372036854775807", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]],
  ["LRANGE none 0 -1", []],
  ["LRANGE l a 1", badInteger],
  ["LRANGE none 0 x", badInteger],
  ["LINDEX l 0", "0"],
  ["LINDEX l 9", "9"],
  ["LINDEX l -1", "9"],
  ["LINDEX l -10", "0"],
  ["LINDEX l 10", null],
  ["LINDEX l -11", null],
  ["LINDEX l -9223372036854775808", null],
  ["LINDEX l x", badInteger],
  // As Redis: without a list the index is not looked at.
  ["LINDEX none x", null],
]);

eachEncoding("LSET replaces one element", [
  ["RPUSH l a b c d e", 5],
  ["LSET l 0 A", ok],
  ["LSET l -1 12345678", ok],
  ["LSET l 2 a-longer-element-than-before", ok],
  ["LSET l 3 d", ok],
  ["LRANGE l 0 -1", ["A", "b", "a-longer-element-than-before", "d", "12345678"]],
  ["LSET l 5 x", err("ERR index out of range")],
  ["LSET l -6 x", err("ERR index out of range")],
  ["LSET none 0 x", noKey],
  ["LSET none x x", noKey],
  ["LSET l x x", badInteger],
]);

eachEncoding("LINSERT adds beside the first element that equals the pivot", [
  ["RPUSH l a b c b", 4],
  ["LINSERT l BEFORE b x", 5],
  ["LINSERT l after b y", 6],
  ["LINSERT l AFTER none y", -1],
  ["LINSERT none BEFORE a b", 0],
  ["LINSERT l BEFORE a first", 7],
  ["LRANGE l 0 -1", ["first", "a", "x", "b", "y", "c", "b"]],
  ["RPUSH n 1 2 3", 3],
  ["LINSERT n AFTER 3 4", 4],
  ["LINSERT n AFTER 2 2.5", 5],
  ["LINSERT n AFTER 02 x", -1],
  ["LRANGE n 0 -1", ["1", "2", "2.5", "3", "4"]],
  ["LINSERT l aft3r a b", syntax],
  ["LINSERT none aft3r a b", syntax],
]);

eachEncoding("LREM takes equal elements away: all, some from the left, some from the right", [
  ["RPUSH l a b a c a d a", 7],
  ["LREM l 1 a", 1],
  ["LREM l -1 a", 1],
  ["LRANGE l 0 -1", ["b", "a", "c", "a", "d"]],
  ["LREM l 0 a", 2],
  ["LREM l 0 a", 0],
  ["LREM l 5 d", 1],
  ["LRANGE l 0 -1", ["b", "c"]],
  ["LREM l -9223372036854775807 c", 1],
  ["LREM l 0 b", 1],
  ["EXISTS l", 0],
  ["LREM l 0 b", 0],
  ["LREM l x b", badInteger],
  ["LREM none x b", badInteger],
  ["RPUSH n 10 10 010 10", 4],
  ["LREM n 2 10", 2],
  ["LRANGE n 0 -1", ["010", "10"]],
]);

eachEncoding("LTRIM keeps a range", [
  ["RPUSH l 0 1 2 3 4 5 6 7 8 9", 10],
  ["LTRIM l 0 -1", ok],
  ["LLEN l", 10],
  ["LTRIM l 2 -2", ok],
  ["LRANGE l 0 -1", ["2", "3", "4", "5", "6", "7", "8"]],
  ["LTRIM l -5 100", ok],
  ["LTRIM l -100 3", ok],
  ["LRANGE l 0 -1", ["4", "5", "6", "7"]],
  ["LTRIM l 3 1", ok],
  ["EXISTS l", 0],
  ["LTRIM l 0 1", ok],
  ["LTRIM l a 1", badInteger],
  ["RPUSH l a b", 2],
  ["LTRIM l 0 -9223372036854775808", ok],
  ["EXISTS l", 0],
]);

eachEncoding("LPOS finds by rank, count and a bound on what it looks at", [
  ["RPUSH l a b c 1 2 3 c c", 8],
  ["LPOS l a", 0],
  ["LPOS l c", 2],
  ["LPOS l 3", 5],
  ["LPOS l none", null],
  ["LPOS l c RANK 2", 6],
  ["LPOS l c RANK -1", 7],
  ["LPOS l c RANK 4", null],
  ["LPOS l c COUNT 0", [2, 6, 7]],
  ["LPOS l c COUNT 2", [2, 6]],
  ["LPOS l c count 2 rank -1", [7, 6]],
  ["LPOS l c COUNT 0 RANK 2", [6, 7]],
  ["LPOS l c MAXLEN 2", null],
  ["LPOS l c MAXLEN 3", 2],
  ["LPOS l c COUNT 0 MAXLEN 3 RANK -1", [7, 6]],
  ["LPOS l c COUNT 0 MAXLEN 0", [2, 6, 7]],
  ["LPOS l none COUNT 3", []],
  ["LPOS none c", null],
  ["LPOS none c COUNT 1", []],
  [
    "LPOS l c RANK 0",
    err(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
    ),
  ],
  ["LPOS l c RANK x", badInteger],
  ["LPOS l c COUNT -1", err("ERR COUNT can't be negative")],
  ["LPOS l c COUNT x", err("ERR COUNT can't be negative")],
  ["LPOS l c MAXLEN -1", err("ERR MAXLEN can't be negative")],
  ["LPOS l c RANK", syntax],
  ["LPOS l c FOO 1", syntax],
]);

lists.rows(
  "a rank that has no opposite is out of range",
  [
    ["RPUSH l c", 1],
    [
      "LPOS l c RANK -9223372036854775808",
      err("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"),
    ],
  ],
  { since: "7.2" },
);

const onList = [
  "LPUSH k a",
  "RPUSH k a",
  "LPUSHX k a",
  "RPUSHX k a",
  "LPOP k",
  "RPOP k 2",
  "LMPOP 1 k LEFT",
  "LLEN k",
  "LINDEX k 0",
  "LRANGE k 0 -1",
  "LSET k 0 a",
  "LINSERT k BEFORE a b",
  "LREM k 0 a",
  "LTRIM k 0 1",
  "LPOS k a",
  "LMOVE k l LEFT LEFT",
  "LMOVE l k LEFT LEFT",
  "RPOPLPUSH k l",
  "RPOPLPUSH l k",
];
lists.rows("every list command refuses a string", [
  ["SET k v", ok],
  ["RPUSH l a", 1],
  ...onList.map((command): Row => [command, wrongType]),
  ["LRANGE l 0 -1", ["a"]],
  ["GET k", "v"],
]);

lists.rows(
  "an expired list is a missing key to every list command",
  [
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
    ...(
      [
        ["LPUSH k a", 1],
        ["RPUSH k a", 1],
        ["LPUSHX k a", 0],
        ["LPOP k", null],
        ["RPOP k 2", nilArray],
        ["LMPOP 1 k LEFT", nilArray],
        ["LLEN k", 0],
        ["LINDEX k 0", null],
        ["LRANGE k 0 -1", []],
        ["LSET k 0 a", noKey],
        ["LINSERT k BEFORE old b", 0],
        ["LREM k 0 old", 0],
        ["LTRIM k 0 1", ok],
        ["LPOS k old", null],
        ["LMOVE k l LEFT LEFT", null],
        ["RPOPLPUSH k l", null],
      ] as readonly Row[]
    ).flatMap((row): Row[] => [
      ["DEL k", anything],
      ["RPUSH k old", 1],
      ["PEXPIRE k 1", 1],
      ["DEBUG SLEEP 0.002", ok],
      row,
      ["TTL k", between(-2, -1)],
    ]),
  ],
  { after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

lists.rows("changing elements keeps the key's expiry", [
  ["RPUSH l a b c", 3],
  ["EXPIRE l 100", 1],
  ["LPUSH l x", 4],
  ["LSET l 0 y", ok],
  ["LTRIM l 0 2", ok],
  ["LREM l 0 a", 1],
  ["LPOP l", "y"],
  ["TTL l", between(99, 100)],
]);

lists.rows("lists are copied, renamed, moved, scanned and dumped as other keys are", [
  ["RPUSH l a b c", 3],
  ["COPY l m", 1],
  ["LPUSH m x", 4],
  ["LRANGE l 0 -1", ["a", "b", "c"]],
  ["RENAME m n", ok],
  ["LRANGE n 0 -1", ["x", "a", "b", "c"]],
  ["SCAN 0 COUNT 1000 TYPE list", ["0", anything]],
  ["MOVE n 1", 1],
  ["EXISTS n", 0],
  ["MEMORY USAGE l SAMPLES 0", between(20, 500)],
  ["DUMP l", anything],
]);
