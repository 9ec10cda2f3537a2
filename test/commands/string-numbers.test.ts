/** Strings as numbers: INCR, DECR, INCRBY, DECRBY and INCRBYFLOAT. */
import { err, like, ok } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";

const strings = suite();
const notInteger = err("ERR value is not an integer or out of range");
const notFloat = err("ERR value is not a valid float");
const overflow = err("ERR increment or decrement would overflow");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");

strings.rows("INCR, DECR, INCRBY and DECRBY count in 64 bits", [
  ["INCR k", 1],
  ["INCRBY k 41", 42],
  ["DECR k", 41],
  ["DECRBY k 50", -9],
  ["DECRBY k -9", 0],
  ["INCRBY k -5", -5],
  ["GET k", "-5"],
  ["EXPIRE k 100", 1],
  ["INCR k", -4],
  ["TTL k", 100],
  ["SET m 9223372036854775807", ok],
  ["INCR m", overflow],
  ["INCRBY m 1", overflow],
  ["DECR m", 9223372036854775806n],
  ["SET m -9223372036854775808", ok],
  ["DECR m", overflow],
  ["INCRBY m -1", overflow],
  ["DECRBY m 9223372036854775807", overflow],
  ["DECRBY k -9223372036854775808", err("ERR decrement would overflow")],
  ["INCR m", -9223372036854775807n],
]);

strings.rows("numbers are integers in Redis's strict form", [
  ...['" 1"', '"1 "', "1.0", '""', "01", "+1", "-0", "0x1", "9223372036854775808", "abc", '"1\\x00"'].flatMap(
    (text): Row[] => [
      [`SET k ${text}`, ok],
      ["INCR k", notInteger],
      [`INCRBY other ${text}`, notInteger],
      [`DECRBY other ${text}`, notInteger],
    ],
  ),
  ["HSET h f v", 1],
  ["INCR h", wrongType],
  ["INCRBY h 1", wrongType],
  ["DECR h", wrongType],
  ["DECRBY h 1", wrongType],
]);

strings.rows("INCRBYFLOAT adds in long double and prints without an exponent", [
  ["INCRBYFLOAT k 10.5", "10.5"],
  ["INCRBYFLOAT k 0.1", "10.6"],
  ["INCRBYFLOAT k -5", "5.6"],
  ["INCRBYFLOAT k 5.0e3", "5005.60000000000000009"],
  ["SET k 5.0e3", ok],
  ["INCRBYFLOAT k 2.0e2", "5200"],
  ["SET k 1", ok],
  ["INCRBYFLOAT k 0", "1"],
  ["SET k 3.0", ok],
  ["INCRBYFLOAT k 1.000000000000000005", "4.00000000000000001"],
  ["SET k 0.1", ok],
  ["INCRBYFLOAT k 0.2", "0.3"],
  ["SET k 17179869184", ok],
  ["INCRBYFLOAT k 1.5", "17179869185.5"],
  ["SET k 1e18", ok],
  ["INCRBYFLOAT k 1", "1000000000000000001"],
  ["SET k 3", ok],
  ["INCRBYFLOAT k -1.1", "1.9"],
  ["INCRBYFLOAT z -0.0", "0"],
  ["EXPIRE k 100", 1],
  ["INCRBYFLOAT k 1", "2.9"],
  ["TTL k", 100],
  ["OBJECT ENCODING k", like(/^(embstr|raw)$/)],
]);

strings.rows("INCRBYFLOAT refuses what is no number or not finite", [
  ["SET k abc", ok],
  ["INCRBYFLOAT k 1", notFloat],
  ["SET k 1", ok],
  ["INCRBYFLOAT k abc", notFloat],
  ['INCRBYFLOAT k " 1"', notFloat],
  ['INCRBYFLOAT k "1 "', notFloat],
  ['INCRBYFLOAT k ""', notFloat],
  ["INCRBYFLOAT k nan", notFloat],
  ["INCRBYFLOAT k +inf", err("ERR increment would produce NaN or Infinity")],
  ["INCRBYFLOAT k -inf", err("ERR increment would produce NaN or Infinity")],
  ["GET k", "1"],
  ["HSET h f v", 1],
  ["INCRBYFLOAT h 1", wrongType],
]);
