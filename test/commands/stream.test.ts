/** Entries of streams: adding, reading, deleting. Groups are in stream-groups.test.ts. */

import { err, errorLike, nilArray, ok, simple } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";
import { autoId, badId, badInteger, entry, served, syntax, wrongType } from "./stream-replies.ts";

const streams = suite();
const small = err("ERR The ID specified in XADD is equal or smaller than the target stream top item");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);

/** The same behaviour with the usual blocks, and with a block for each entry. */
function eachBlock(name: string, rows: readonly Row[], options: { since?: string } = {}): void {
  streams.rows(`${name}, in large blocks`, rows, options);
  streams.rows(`${name}, in blocks of one entry`, rows, {
    ...options,
    before: ["CONFIG SET stream-node-max-entries 1"],
    after: ["CONFIG SET stream-node-max-entries 100"],
  });
}

streams.rows("XADD makes a stream and gives ids from the clock", [
  ["XADD s * f v", autoId],
  ["XADD s * f v g w", autoId],
  ["XLEN s", 2],
  ["TYPE s", simple("stream")],
  ["OBJECT ENCODING s", "stream"],
  [
    "XRANGE s - +",
    [
      [autoId, ["f", "v"]],
      [autoId, ["f", "v", "g", "w"]],
    ],
  ],
]);

streams.rows(
  "a part of an id that cannot go up is refused",
  [
    ["XADD s 7-18446744073709551615 f v", "7-18446744073709551615"],
    ["XADD s 7-* f v", small],
  ],
  { since: "7.2" },
);

streams.rows("XADD takes ids that go up, and parts of them", [
  ["XADD s 1-1 f v", "1-1"],
  ["XADD s 1-1 f v", small],
  ["XADD s 1-0 f v", small],
  ["XADD s 1-* f v", "1-2"],
  ["XADD s 0-* f v", small],
  ["XADD s 5 f v", "5-0"],
  ["XADD s 5-* f v", "5-1"],
  ["XADD s 7-* f v", "7-0"],
  ["XADD s 7-18446744073709551615 f v", "7-18446744073709551615"],
  ["XADD s 18446744073709551615-18446744073709551615 f v", "18446744073709551615-18446744073709551615"],
  ["XADD s * f v", err("ERR The stream has exhausted the last possible ID, unable to add more items")],
  ["XADD z 0-0 f v", err("ERR The ID specified in XADD must be greater than 0-0")],
  ["EXISTS z", 0],
  ["XADD z 0-* f v", "0-1"],
]);

streams.rows("ids are read as Redis reads them", [
  ["XADD s 007-03 f v", "7-3"],
  ["XADD s +8-1 f v", "8-1"],
  ['XADD s " 9-1" f v', "9-1"],
  ["XADD s 9- f v", badId],
  ["XADD s -9 f v", badId],
  ["XADD s - f v", badId],
  ["XADD s + f v", badId],
  ["XADD s 9-1-1 f v", badId],
  ["XADD s 9-a f v", badId],
  ["XADD s a f v", badId],
  ["XADD s 18446744073709551616 f v", badId],
  [["XADD", "s", `1${"0".repeat(130)}`, "f", "v"], badId],
  ["XLEN s", 3],
]);

streams.rows("XADD refuses what is incomplete or contradicts itself, and leaves nothing behind", [
  ["XADD s", arity("xadd")],
  ["XADD s * f", arity("xadd")],
  ["XADD s * f v g", arity("xadd")],
  ["XADD s NOMKSTREAM * f", arity("xadd")],
  ["XADD s MAXLEN 5 * f v g", arity("xadd")],
  ["XADD s MAXLEN -1 * f v", err("ERR The MAXLEN argument must be >= 0.")],
  ["XADD s MAXLEN x * f v", badInteger],
  ["XADD s MINID x * f v", badId],
  [
    "XADD s MAXLEN 5 MINID 1 * f v",
    err("ERR syntax error, MAXLEN and MINID options at the same time are not compatible"),
  ],
  ["XADD s LIMIT 5 * f v", err("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")],
  ["XADD s MAXLEN 5 LIMIT 5 * f v", err("ERR syntax error, LIMIT cannot be used without the special ~ option")],
  ["XADD s LIMIT 0 * f v", err("ERR syntax error, LIMIT cannot be used without the special ~ option")],
  ["XADD s MAXLEN ~ 5 LIMIT -1 * f v", err("ERR The LIMIT argument must be >= 0.")],
  ["XADD s MAXLEN ~ 5 LIMIT x * f v", badInteger],
  ["EXISTS s", 0],
]);

streams.rows("NOMKSTREAM adds to a stream that is there", [
  ["XADD s NOMKSTREAM * f v", null],
  ["EXISTS s", 0],
  ["XADD s 1-1 f v", "1-1"],
  ["XADD s NOMKSTREAM 1-2 f v", "1-2"],
]);

eachBlock("entries of all shapes come back as they were", [
  [["XADD", "s", "1-1", "f", "x".repeat(300), "g", ""], "1-1"],
  ['XADD s 1-2 "" "\\x00\\xff\\r\\n" 7 -12', "1-2"],
  ["XADD s 1-3 f 9223372036854775807 g 007 h -9223372036854775808", "1-3"],
  ["XADD s 9999999999-0 f a f b f c", "9999999999-0"],
  [["XADD", "s", "9999999999-77777777", "y".repeat(70_000), "z".repeat(70_000)], "9999999999-77777777"],
  [
    "XRANGE s - +",
    [
      entry("1-1", "f", "x".repeat(300), "g", ""),
      ["1-2", ["", Buffer.from([0, 255, 13, 10]), "7", "-12"]],
      entry("1-3", "f", "9223372036854775807", "g", "007", "h", "-9223372036854775808"),
      entry("9999999999-0", "f", "a", "f", "b", "f", "c"),
      entry("9999999999-77777777", "y".repeat(70_000), "z".repeat(70_000)),
    ],
  ],
]);

eachBlock("XRANGE and XREVRANGE give what lies between two ids", [
  ...["1-0", "1-1", "2-0", "3-5", "4-0"].map((id): Row => [`XADD s ${id} f ${id}`, id]),
  [
    "XRANGE s 1 3",
    [entry("1-0", "f", "1-0"), entry("1-1", "f", "1-1"), entry("2-0", "f", "2-0"), entry("3-5", "f", "3-5")],
  ],
  ["XRANGE s (1-0 (3-5", [entry("1-1", "f", "1-1"), entry("2-0", "f", "2-0")]],
  ["XRANGE s (1 2", [entry("1-1", "f", "1-1"), entry("2-0", "f", "2-0")]],
  ["XRANGE s - + COUNT 2", [entry("1-0", "f", "1-0"), entry("1-1", "f", "1-1")]],
  ["XRANGE s - + COUNT 0", nilArray],
  ["XRANGE s - + COUNT -5", nilArray],
  ["XRANGE s - + COUNT 1 COUNT 3 COUNT 1", [entry("1-0", "f", "1-0")]],
  ["XRANGE s 3 1", []],
  ["XRANGE s 5 +", []],
  [
    "XREVRANGE s 3 1",
    [entry("3-5", "f", "3-5"), entry("2-0", "f", "2-0"), entry("1-1", "f", "1-1"), entry("1-0", "f", "1-0")],
  ],
  ["XREVRANGE s + - COUNT 2", [entry("4-0", "f", "4-0"), entry("3-5", "f", "3-5")]],
  ["XREVRANGE s (4-0 (1-1", [entry("3-5", "f", "3-5"), entry("2-0", "f", "2-0")]],
  ["XREVRANGE s 1 3", []],
  ["XRANGE none - +", []],
  ["XRANGE none - + COUNT 0", []],
  ["XRANGE s (- +", badId],
  ["XRANGE s - (+", badId],
  ["XRANGE s - (0-0", err("ERR invalid end ID for the interval")],
  ["XRANGE s (18446744073709551615-18446744073709551615 +", err("ERR invalid start ID for the interval")],
  ["XRANGE s x +", badId],
  ["XRANGE s - + COUNT", syntax],
  ["XRANGE s - + COUNT x", badInteger],
  ["XRANGE s - + 5", syntax],
  ["XRANGE s -", arity("xrange")],
]);

eachBlock("XDEL deletes entries, and the stream stays", [
  ...["1-0", "1-1", "2-0", "3-0"].map((id): Row => [`XADD s ${id} f v`, id]),
  ["XDEL s 1-1 9-9 1-1", 1],
  ["XDEL s 1-0 3-0", 2],
  ["XLEN s", 1],
  ["XRANGE s - +", [entry("2-0", "f", "v")]],
  ["XDEL s x 2-0", badId],
  ["XDEL s 2-0", 1],
  ["XDEL s 2-0", 0],
  ["XLEN s", 0],
  ["EXISTS s", 1],
  ["XRANGE s - +", []],
  ["XADD s 3-0 f v", small],
  ["XADD s 3-1 f v", "3-1"],
  ["XDEL none x", 0],
  ["XDEL s", arity("xdel")],
]);

eachBlock("XTRIM takes the oldest entries", [
  ...[1, 2, 3, 4, 5, 6].map((ms): Row => [`XADD s ${ms}-0 f v`, `${ms}-0`]),
  ["XTRIM s MAXLEN 9", 0],
  ["XTRIM s MAXLEN = 5", 1],
  ["XTRIM s MINID 3", 1],
  ["XTRIM s MINID = 4-1", 2],
  ["XRANGE s - +", [entry("5-0", "f", "v"), entry("6-0", "f", "v")]],
  ["XADD s MAXLEN 2 7-0 f v", "7-0"],
  ["XRANGE s - +", [entry("6-0", "f", "v"), entry("7-0", "f", "v")]],
  ["XADD s MAXLEN 0 8-0 f v", "8-0"],
  ["XLEN s", 0],
  ["XTRIM none MAXLEN 0", 0],
  ["XTRIM s MAXLEN", arity("xtrim")],
  ["XTRIM s FOO 5", syntax],
  ["XTRIM s LIMIT 5", err("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")],
  ["XTRIM s LIMIT 0", err("ERR syntax error, XTRIM must be called with a trimming strategy")],
]);

eachBlock("XREAD gives what comes after ids, of several streams", [
  ["XADD s 1-0 f 1", "1-0"],
  ["XADD s 2-0 f 2", "2-0"],
  ["XADD t 1-5 g 1", "1-5"],
  ["XREAD STREAMS s 0", served(["s", [entry("1-0", "f", "1"), entry("2-0", "f", "2")]])],
  ["XREAD COUNT 1 STREAMS s t 0 0", served(["s", [entry("1-0", "f", "1")]], ["t", [entry("1-5", "g", "1")]])],
  ["XREAD STREAMS s none t 1-0 0 1-5", served(["s", [entry("2-0", "f", "2")]])],
  ["XREAD COUNT 0 STREAMS s 1-0", served(["s", [entry("2-0", "f", "2")]])],
  ["XREAD COUNT -1 STREAMS s 1-0", served(["s", [entry("2-0", "f", "2")]])],
  ["XREAD STREAMS s t 2-0 $", nilArray],
  ["XREAD STREAMS s 18446744073709551615-18446744073709551615", nilArray],
  ["XREAD BLOCK 5 STREAMS s t $ $", nilArray],
  ["XREAD STREAMS s", arity("xread")],
  [
    "XREAD STREAMS s t 0",
    errorLike(/^ERR Unbalanced .* list of streams: for each stream key an ID or '\$' must be specified\.$/),
  ],
  ["XREAD STREAMS s x", badId],
  ["XREAD COUNT x STREAMS s 0", badInteger],
  ["XREAD BLOCK x STREAMS s 0", err("ERR timeout is not an integer or out of range")],
  ["XREAD BLOCK -1 STREAMS s 0", err("ERR timeout is negative")],
  ["XREAD COUNT 1 BLOCK 1 s 0", syntax],
  ["XREAD FOO STREAMS s 0", syntax],
  [
    "XREAD STREAMS s >",
    err("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."),
  ],
  [
    "XREAD GROUP g c STREAMS s 0",
    err("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."),
  ],
  ["XREAD NOACK STREAMS s 0", err("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")],
]);

streams.rows(
  "XREAD of + gives the last entry",
  [
    ["XADD s 1-0 f 1", "1-0"],
    ["XADD s 2-0 f 2", "2-0"],
    ["XREAD STREAMS s +", served(["s", [entry("2-0", "f", "2")]])],
    ["XDEL s 2-0", 1],
    ["XREAD STREAMS s none + +", served(["s", [entry("1-0", "f", "1")]])],
    ["XDEL s 1-0", 1],
    ["XREAD STREAMS s +", nilArray],
  ],
  { since: "8.0" },
);

streams.rows(
  "MAXCOUNT and MAXSIZE bound the whole of a reply",
  [
    ...["s", "t", "u"].flatMap((key) => [1, 2, 3].map((ms): Row => [`XADD ${key} ${ms}-0 f v`, `${ms}-0`])),
    [
      "XREAD COUNT 2 MAXCOUNT 3 STREAMS s t u 0 0 0",
      served(["s", [entry("1-0", "f", "v"), entry("2-0", "f", "v")]], ["t", [entry("1-0", "f", "v")]]),
    ],
    ["XREAD MAXSIZE 1 STREAMS s t 0 0", served(["s", [entry("1-0", "f", "v")]])],
    ["XREAD MAXSIZE 1 STREAMS s t 3 3", nilArray],
    ["XREAD MAXSIZE 100 STREAMS s t 1 0", served(["s", [entry("2-0", "f", "v"), entry("3-0", "f", "v")]])],
    ["XREAD MAXCOUNT 0 STREAMS s 0", err("ERR MAXCOUNT must be a positive integer")],
    ["XREAD MAXSIZE x STREAMS s 0", err("ERR MAXSIZE must be a positive integer")],
    ["XREAD COUNT 5 MAXCOUNT 4 STREAMS s 0", err("ERR MAXCOUNT must be greater than or equal to COUNT")],
  ],
  { since: "8.10" },
);

streams.rows("XSETID moves the last id up", [
  ["XADD s 5-0 f v", "5-0"],
  ["XSETID s 4-0", err("ERR The ID specified in XSETID is smaller than the target stream top item")],
  ["XSETID s 9-9", ok],
  ["XADD s 9-9 f v", small],
  ["XSETID s 10-0 ENTRIESADDED 100 MAXDELETEDID 3-0", ok],
  [
    "XSETID s 10-0 ENTRIESADDED 0",
    err("ERR The entries_added specified in XSETID is smaller than the target stream length"),
  ],
  ["XSETID s 10-0 ENTRIESADDED -1", err("ERR entries_added must be positive")],
  [
    "XSETID s 10-0 MAXDELETEDID 11-0",
    err("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"),
  ],
  ["XSETID s x", badId],
  ["XSETID s 10-0 FOO", syntax],
  ["XSETID none 1-0", err("ERR no such key")],
]);

streams.rows(
  "XSETID does not go below what was deleted",
  [
    ["XADD s 5-0 f v", "5-0"],
    ["XDEL s 5-0", 1],
    ["XSETID s 4-0", err("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")],
    ["XSETID s 5-0", ok],
  ],
  { since: "7.2" },
);

streams.rows("a key of another type is refused and stays", [
  ["SET k text", ok],
  ...[
    "XADD k * f v",
    "XADD k NOMKSTREAM * f v",
    "XLEN k",
    "XRANGE k - +",
    "XREVRANGE k + -",
    "XDEL k 1-1",
    "XTRIM k MAXLEN 1",
    "XREAD STREAMS k 0",
    "XSETID k 1-1",
    "XINFO STREAM k",
    "XINFO GROUPS k",
  ].map((command): Row => [command, wrongType]),
  ["GET k", "text"],
  ["XADD s 1-1 f v", "1-1"],
  ["GET s", wrongType],
  ["HSET s f v", wrongType],
]);

streams.rows("an expired stream is none", [
  ["XADD s 5-5 f v", "5-5"],
  ["PEXPIREAT s 1", 1],
  ["XLEN s", 0],
  ["XRANGE s - +", []],
  ["XADD s 1-1 f v", "1-1"],
  ["TTL s", -1],
]);
