/** SET: every option, every pair of options that exclude each other, every error. */
import { between, err, ok, simple } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";

const sets = suite();
const syntax = err("ERR syntax error");
const invalidExpire = err("ERR invalid expire time in 'set' command");
const notInteger = err("ERR value is not an integer or out of range");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");

sets.rows("SET replaces whatever was there, and its expiry", [
  ["SET k v", ok],
  ["SET k w EX 100", ok],
  ["SET k x", ok],
  ["TTL k", -1],
  ["HSET h f v", 1],
  ["SET h text", ok],
  ["TYPE h", simple("string")],
]);

sets.rows("SET with NX or XX replies null when the condition fails", [
  ["SET k v XX", null],
  ["EXISTS k", 0],
  ["SET k v NX", ok],
  ["SET k w NX", null],
  ["GET k", "v"],
  ["SET k w XX", ok],
  ["GET k", "w"],
  ["set k x nx", null],
  ["HSET h f v", 1],
  ["SET h x NX", null],
]);

sets.rows("SET with GET returns the old value, whether it sets or not", [
  ["SET k v GET", null],
  ["SET k w GET", "v"],
  ["SET k x NX GET", "w"],
  ["GET k", "w"],
  ["SET k x GET NX", "w"],
  ["SET none x XX GET", null],
  ["EXISTS none", 0],
  ["SET k y XX GET", "w"],
  ["GET k", "y"],
  ["SET k z GET EX 100", "y"],
  ["TTL k", 100],
  ["SET fresh x NX GET", null],
  ["GET fresh", "x"],
  ["HSET h f v", 1],
  ["SET h x GET", wrongType],
  ["SET h x NX GET", wrongType],
  ["HGET h f", "v"],
]);

sets.rows("SET sets an expiry in each unit", [
  ["SET k v EX 100", ok],
  ["TTL k", 100],
  ["PTTL k", between(99_000, 100_000)],
  ["SET k v PX 100000", ok],
  ["TTL k", 100],
  ["SET k v EXAT 33177117420", ok],
  ["EXPIRETIME k", 33177117420],
  ["PEXPIRETIME k", 33177117420000],
  ["SET k v PXAT 33177117420123", ok],
  ["PEXPIRETIME k", 33177117420123],
  ["SET k w KEEPTTL", ok],
  ["PEXPIRETIME k", 33177117420123],
  ["SET k w KEEPTTL GET", "w"],
  ["SET k w keepttl xx", ok],
  ["PEXPIRETIME k", 33177117420123],
  ["SET fresh v KEEPTTL", ok],
  ["TTL fresh", -1],
  ["SET past v EXAT 1", ok],
  ["GET past", null],
  ["SET past v PXAT 1", ok],
  ["EXISTS past", 0],
]);

const exclusive = ["EX 10", "PX 10", "EXAT 33177117420", "PXAT 33177117420000", "KEEPTTL"];
sets.rows("SET refuses two expiries", [
  ["SET k old", ok],
  ...exclusive.flatMap((first): Row[] =>
    exclusive.filter((second) => second !== first).map((second): Row => [`SET k v ${first} ${second}`, syntax]),
  ),
  ["GET k", "old"],
]);

sets.rows("SET refuses NX with XX and words it does not know", [
  ["SET k v NX XX", syntax],
  ["SET k v XX NX", syntax],
  ["SET k v FOO", syntax],
  ["SET k v EX", syntax],
  ["SET k v PX", syntax],
  ["SET k v EXAT", syntax],
  ["SET k v PXAT", syntax],
  ["SET k v EX 10 FOO", syntax],
  ["SET k v PERSIST", syntax],
  ["SET k v IFEQ", syntax],
  ['SET k v ""', syntax],
  ["EXISTS k", 0],
]);

sets.rows("SET refuses an expiry that is no positive number in range", [
  ["SET k old", ok],
  ...["EX", "PX", "EXAT", "PXAT"].flatMap((option): Row[] => [
    [`SET k v ${option} 0`, invalidExpire],
    [`SET k v ${option} -1`, invalidExpire],
    [`SET k v ${option} x`, notInteger],
    [`SET k v ${option} 1.5`, notInteger],
    [`SET k v ${option} ""`, notInteger],
    [`SET k v ${option} 9223372036854775808`, notInteger],
  ]),
  ["SET k v EX 9223372036854775807", invalidExpire],
  ["SET k v EX 9223372036854776", invalidExpire],
  ["SET k v PX 9223372036854775807", invalidExpire],
  ["SET k v EXAT 9223372036854775807", invalidExpire],
  ["GET k", "old"],
  ["TTL k", -1],
]);

sets.rows(
  "SET NX sees an expired key as missing",
  [
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
    ["SET k v PXAT 1", ok],
    ["SET k w XX", null],
    ["SET k v PXAT 1", ok],
    ["SET k w GET", null],
    ["SET k v PXAT 1", ok],
    ["SET k w NX", ok],
    ["SET k v PXAT 1", ok],
    ["SET k w KEEPTTL", ok],
    ["TTL k", -1],
  ],
  { after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

sets.rows("the same option twice is taken", [
  ["SET k v NX NX", ok],
  ["SET k w XX XX GET GET", "v"],
  ["SET k v EX 10 EX 20", ok],
  ["TTL k", 20],
]);
