/** String commands: every one, its options, its errors. SET has its own file (set.test.ts), LCS too. */
import { anything, err, like, ok } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";

const strings = suite();
const notInteger = err("ERR value is not an integer or out of range");
const tooLong = err("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");

strings.rows("GET returns the value, null when the key is missing", [
  ["GET k", null],
  ["SET k value", ok],
  ["GET k", "value"],
  ["GET K", null],
  ["get k", "value"],
  ["GeT k", "value"],
]);

strings.rows("values and keys are binary safe", [
  ['SET "k\\x00\\r\\n\\xff" "v\\x00\\r\\n$5\\xfe"', ok],
  ['GET "k\\x00\\r\\n\\xff"', Buffer.from("v\x00\r\n$5\xfe", "latin1")],
  ['STRLEN "k\\x00\\r\\n\\xff"', 7],
  ['SET "" ""', ok],
  ['GET ""', ""],
  ['EXISTS ""', 1],
]);

strings.rows("SETNX sets only a missing key", [
  ["SETNX k 1", 1],
  ["SETNX k 2", 0],
  ["GET k", "1"],
  ["HSET h f v", 1],
  ["SETNX h x", 0],
]);

strings.rows("SETEX and PSETEX set value and expiry", [
  ["SETEX k 100 v", ok],
  ["TTL k", 100],
  ["PSETEX k 100000 w", ok],
  ["GET k", "w"],
  ["TTL k", 100],
  ["HSET h f v", 1],
  ["SETEX h 10 now-a-string", ok],
  ["GET h", "now-a-string"],
  ["SETEX k 0 v", err("ERR invalid expire time in 'setex' command")],
  ["SETEX k -10 v", err("ERR invalid expire time in 'setex' command")],
  ["SETEX k 9223372036854775807 v", err("ERR invalid expire time in 'setex' command")],
  ["SETEX k x v", notInteger],
  ["SETEX k 1.5 v", notInteger],
  ["PSETEX k 0 v", err("ERR invalid expire time in 'psetex' command")],
  ["PSETEX k 9223372036854775807 v", err("ERR invalid expire time in 'psetex' command")],
  ["PSETEX k 99999999999999999999 v", notInteger],
  ["GET k", "w"],
]);

strings.rows("GETSET returns the old value and clears the expiry", [
  ["GETSET k 1", null],
  ["EXPIRE k 100", 1],
  ["GETSET k 2", "1"],
  ["TTL k", -1],
  ["HSET h f v", 1],
  ["GETSET h x", wrongType],
]);

strings.rows("GETDEL returns the value and removes the key", [
  ["SET k v", ok],
  ["GETDEL k", "v"],
  ["GETDEL k", null],
  ["EXISTS k", 0],
  ["HSET h f v", 1],
  ["GETDEL h", wrongType],
  ["EXISTS h", 1],
]);

strings.rows("GETEX returns the value and changes the expiry as told", [
  ["GETEX none EX 10", null],
  ["SET k v", ok],
  ["GETEX k", "v"],
  ["TTL k", -1],
  ["GETEX k EX 100", "v"],
  ["TTL k", 100],
  ["GETEX k", "v"],
  ["TTL k", 100],
  ["GETEX k PX 200000", "v"],
  ["TTL k", 200],
  ["GETEX k EXAT 33177117420", "v"],
  ["EXPIRETIME k", 33177117420],
  ["GETEX k PXAT 33177117420123", "v"],
  ["PEXPIRETIME k", 33177117420123],
  ["getex k persist", "v"],
  ["TTL k", -1],
  ["GETEX k EXAT 1", "v"],
  ["EXISTS k", 0],
]);

strings.rows("GETEX refuses what it does not know", [
  ["SET k v", ok],
  ["GETEX k EX", err("ERR syntax error")],
  ["GETEX k EX 10 PX 10", err("ERR syntax error")],
  ["GETEX k EX 10 PERSIST", err("ERR syntax error")],
  ["GETEX k PERSIST EX 10", err("ERR syntax error")],
  ["GETEX k KEEPTTL", err("ERR syntax error")],
  ["GETEX k NX", err("ERR syntax error")],
  ["GETEX k foo", err("ERR syntax error")],
  ["GETEX k EX 0", err("ERR invalid expire time in 'getex' command")],
  ["GETEX k PX -1", err("ERR invalid expire time in 'getex' command")],
  ["GETEX k EX 9223372036854775", err("ERR invalid expire time in 'getex' command")],
  ["GETEX k EX abc", notInteger],
  ["HSET h f v", 1],
  ["GETEX h", wrongType],
  ["GETEX h EX 10", wrongType],
]);

strings.rows("MGET and MSET work on many keys", [
  ["MSET a 1 b 2 a 3", ok],
  ["HSET h f v", 1],
  ["MGET a none h b a", ["3", null, null, "2", "3"]],
  ["MSET h now-a-string", ok],
  ["GET h", "now-a-string"],
  ["EXPIRE a 100", 1],
  ["MSET a 4", ok],
  ["TTL a", -1],
  ["MSET a 1 b", err("ERR wrong number of arguments for 'mset' command")],
]);

strings.rows("MSETNX sets all keys or none", [
  ["MSETNX a 1 b 2", 1],
  ["MSETNX b 3 c 4", 0],
  ["EXISTS c", 0],
  ["MSETNX d 1 d 2", 1],
  ["GET d", "2"],
  ["MSETNX x 1 y", err("ERR wrong number of arguments for 'msetnx' command")],
]);

strings.rows("APPEND creates or extends", [
  ["APPEND k abc", 3],
  ["APPEND k def", 6],
  ["GET k", "abcdef"],
  ['APPEND k ""', 6],
  ["SET n 12", ok],
  ["APPEND n 3", 3],
  ["INCR n", 124],
  ["EXPIRE n 100", 1],
  ["APPEND n 0", 4],
  ["TTL n", 100],
  ["HSET h f v", 1],
  ["APPEND h x", wrongType],
]);

strings.rows("STRLEN counts bytes", [
  ["STRLEN none", 0],
  ["SET k héllo", ok],
  ["STRLEN k", 6],
  ["SET n -12345", ok],
  ["STRLEN n", 6],
  ["HSET h f v", 1],
  ["STRLEN h", wrongType],
]);

strings.rows("GETRANGE and SUBSTR cut by byte offsets from either end", [
  ["SET k 0123456789", ok],
  ["GETRANGE k 0 3", "0123"],
  ["GETRANGE k 0 -1", "0123456789"],
  ["GETRANGE k -3 -1", "789"],
  ["GETRANGE k 4 4", "4"],
  ["GETRANGE k 5 3", ""],
  ["GETRANGE k 10 12", ""],
  ["GETRANGE k 8 5000", "89"],
  ["GETRANGE k -5000 1", "01"],
  ["GETRANGE k -1 -5", ""],
  ["GETRANGE k -5000 -4000", "0"],
  ["GETRANGE k 0 -5000", "0"],
  ["SUBSTR k 2 4", "234"],
  ["GETRANGE none 0 -1", ""],
  ["SET n 1234", ok],
  ["GETRANGE n 1 2", "23"],
  ["GETRANGE k x 1", notInteger],
  ["GETRANGE k 1 x", notInteger],
  ["GETRANGE k 0 4294967297", "0123456789"],
  ["HSET h f v", 1],
  ["GETRANGE h 0 1", wrongType],
  ["SUBSTR h 0 1", wrongType],
]);

strings.rows("SETRANGE overwrites and pads with zero bytes", [
  ["SET k Hello", ok],
  ["SETRANGE k 1 u", 5],
  ["GET k", "Hullo"],
  ["SETRANGE k 7 x", 8],
  ["GET k", "Hullo\0\0x"],
  ['SETRANGE none 10 ""', 0],
  ["EXISTS none", 0],
  ['SETRANGE k 100 ""', 8],
  ["SETRANGE new 2 x", 3],
  ["GET new", "\0\0x"],
  ["SET n 1234", ok],
  ["SETRANGE n 1 9", 4],
  ["GET n", "1934"],
  ["EXPIRE n 100", 1],
  ["SETRANGE n 0 5", 4],
  ["TTL n", 100],
  ["SETRANGE k -1 x", err("ERR offset is out of range")],
  ["SETRANGE none -1 x", err("ERR offset is out of range")],
  ["SETRANGE k abc x", notInteger],
  ["SETRANGE k 536870912 x", tooLong],
  ["SETRANGE none 4611686018427387904 x", tooLong],
  ["HSET h f v", 1],
  ["SETRANGE h 0 x", wrongType],
]);

strings.rows("a value has the encoding that its text allows", [
  ["SET k 12345", ok],
  ["OBJECT ENCODING k", "int"],
  ["SET k -9223372036854775808", ok],
  ["OBJECT ENCODING k", "int"],
  ["SET k 9223372036854775808", ok],
  ["OBJECT ENCODING k", "embstr"],
  ["SET k 007", ok],
  ["OBJECT ENCODING k", "embstr"],
  [["SET", "k", "x".repeat(44)], ok],
  ["OBJECT ENCODING k", "embstr"],
  [["SET", "k", "x".repeat(45)], ok],
  ["OBJECT ENCODING k", "raw"],
  ["SET k abc", ok],
  ["APPEND k d", 4],
  ["OBJECT ENCODING k", "raw"],
  ["SET k 10", ok],
  ["APPEND k 5", 3],
  ["OBJECT ENCODING k", "raw"],
  ["GET k", "105"],
  ["INCR k", 106],
  ["OBJECT ENCODING k", "int"],
  ["SETRANGE k 0 2", 3],
  ["OBJECT ENCODING k", "raw"],
  ["MSET k 77", ok],
  ["OBJECT ENCODING k", "int"],
  ["GETSET k 78", "77"],
  ["OBJECT ENCODING k", "int"],
  ["SETRANGE fresh 0 abc", 3],
  ["OBJECT ENCODING fresh", "raw"],
  ["APPEND fresh2 abc", 3],
  ["OBJECT ENCODING fresh2", like(/^(embstr|raw)$/)],
]);

for (const [label, value] of [
  ["int", "1234567"],
  ["embstr", "seven-b"],
  ["raw", "x".repeat(2000)],
  ["large", "y".repeat(300_000)],
] as const) {
  strings.rows(`reads and changes agree on a value stored as ${label}`, [
    [["SET", "k", value], ok],
    ["GET k", value],
    ["STRLEN k", value.length],
    ["GETRANGE k 2 4", value.slice(2, 5)],
    ["MGET k k", [value, value]],
    ["COPY k copy", 1],
    ["APPEND k !", value.length + 1],
    ["GET k", `${value}!`],
    ["GET copy", value],
    ["SETRANGE copy 1 ?", value.length],
    ["GET copy", `${value[0]}?${value.slice(2)}`],
    ["GETSET copy z", `${value[0]}?${value.slice(2)}`],
    ["GETDEL k", `${value}!`],
    ["DBSIZE", 1],
  ]);
}

strings.rows(
  "an expired key is a missing key to every string command",
  [
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
    ...["GET", "STRLEN", "GETDEL", "GETEX"].flatMap((name): Row[] => [
      ["SET k v PXAT 1", ok],
      [`${name} k`, name === "STRLEN" ? 0 : null],
    ]),
    ["SET k 5 PXAT 1", ok],
    ["INCR k", 1],
    ["TTL k", -1],
    ["SET k 5 PXAT 1", ok],
    ["APPEND k x", 1],
    ["SET k 5 PXAT 1", ok],
    ["SETNX k n", 1],
    ["SET k 5 PXAT 1", ok],
    ["MSETNX k n", 1],
    ["SET k 5 PXAT 1", ok],
    ["SETRANGE k 1 x", 2],
    ["SET k 5 PXAT 1", ok],
    ["INCRBYFLOAT k 1.5", "1.5"],
    ["SET k 5 PXAT 1", ok],
    ["GETSET k n", null],
    ["SET k 5 PXAT 1", ok],
    ["MGET k", [null]],
    ["DEBUG SET-ACTIVE-EXPIRE 1", ok],
  ],
  { after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

strings.rows("every string command that reads refuses a hash, and the hash is untouched", [
  ["HSET h f v", 1],
  ...[
    "GET h",
    "GETDEL h",
    "GETEX h",
    "GETRANGE h 0 1",
    "SUBSTR h 0 1",
    "STRLEN h",
    "GETSET h x",
    "APPEND h x",
    "INCR h",
    "DECR h",
    "INCRBY h 1",
    "DECRBY h 1",
    "INCRBYFLOAT h 1",
    "SETRANGE h 0 x",
    "LCS h h",
    "SET h x GET",
  ].map(
    (command): Row => [
      command,
      command.startsWith("LCS") ? err("ERR The specified keys must contain string values") : wrongType,
    ],
  ),
  ["HGETALL h", anything],
  ["HGET h f", "v"],
]);
