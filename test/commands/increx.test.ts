/** INCREX: counting within bounds, with the expiry in the same step. */
import { between, double, err, ok } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";

const strings = suite();
const since = { since: "8.8.0" };
const syntax = err("ERR syntax error");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const most = 9223372036854775807n;
const least = -9223372036854775808n;
/** A pair of floats: text in RESP2, doubles in RESP3. */
const floats = (value: string, applied: string) => [double(value), double(applied)];

strings.rows(
  "INCREX counts by 1, by an integer or by a float",
  [
    ["INCREX k", [1, 1]],
    ["INCREX k", [2, 1]],
    ["INCREX k BYINT 100", [102, 100]],
    ["INCREX k byint -10", [92, -10]],
    ["INCREX k BYINT 0", [92, 0]],
    ["OBJECT ENCODING k", "int"],
    ["INCREX k BYFLOAT 0.5", floats("92.5", "0.5")],
    ["GET k", "92.5"],
    ["INCREX k BYFLOAT 0.5", floats("93", "0.5")],
    ["INCREX k", [94, 1]],
    ["OBJECT ENCODING k", "int"],
    ["INCREX f BYFLOAT 0.1", floats("0.1", "0.1")],
    ["INCREX f BYFLOAT 0.2", floats("0.3", "0.2")],
  ],
  since,
);

strings.rows(
  "INCREX leaves a key alone that would pass a bound",
  [
    ["SET k 10", ok],
    ["INCREX k BYINT 10 UBOUND 15", [10, 0]],
    ["INCREX k BYINT -10 LBOUND 5", [10, 0]],
    ["INCREX k BYINT 5 UBOUND 15 LBOUND 0", [15, 5]],
    ["INCREX k BYINT -15 LBOUND 0", [0, -15]],
    ["INCREX none BYINT 5 LBOUND 10", [0, 0]],
    ["INCREX none BYFLOAT 5.5 UBOUND -1", floats("0", "0")],
    ["EXISTS none", 0],
    ["SET k 50", ok],
    ["INCREX k BYINT 5 UBOUND 30 EX 100", [50, 0]],
    ["TTL k", -1],
    ["INCREX k BYINT -25 UBOUND 30", [25, -25]],
    [`SET k ${most}`, ok],
    ["INCREX k", [most, 0]],
    ["SET f 10", ok],
    ["INCREX f BYFLOAT 5.5 UBOUND 12.5", floats("10", "0")],
    ["INCREX f BYFLOAT 1 LBOUND inf UBOUND inf", floats("10", "0")],
    ["GET f", "10"],
  ],
  since,
);

strings.rows(
  "INCREX SATURATE stops at the bound, or at the end of the numbers",
  [
    ["SET k 10", ok],
    ["INCREX k BYINT 10 UBOUND 15 SATURATE EX 100", [15, 5]],
    ["TTL k", between(99, 100)],
    ["INCREX k BYINT -100 LBOUND 5 saturate", [5, -10]],
    ["INCREX k BYINT 5 UBOUND 3 SATURATE", [3, -2]],
    ["INCREX k BYINT -5 LBOUND 20 SATURATE", [20, 17]],
    ["INCREX none UBOUND 0 SATURATE", [0, 0]],
    ["GET none", "0"],
    [`SET k ${most - 7n}`, ok],
    [`INCREX k BYINT ${most} SATURATE`, [most, 7]],
    [`SET k ${least + 7n}`, ok],
    [`INCREX k BYINT ${least} SATURATE`, [least, -7]],
    ["SET k 10", ok],
    [`INCREX k BYINT ${most} UBOUND 100 SATURATE`, [100, 90]],
    [`SET k ${most}`, ok],
    [`INCREX k BYINT -5 UBOUND ${least} SATURATE`, err("ERR applied increment would overflow")],
    ["GET k", String(most)],
    ["SET f 10", ok],
    ["INCREX f BYFLOAT 100 UBOUND 42.5 SATURATE", floats("42.5", "32.5")],
    ["INCREX f BYFLOAT -100 LBOUND -5.5 SATURATE", floats("-5.5", "-48")],
    ["INCREX f BYFLOAT 1 LBOUND inf UBOUND inf SATURATE", err("ERR applied increment would be Infinity")],
  ],
  since,
);

strings.rows(
  "INCREX sets, keeps or removes the expiry",
  [
    ["INCREX k EX 100", [1, 1]],
    ["TTL k", between(99, 100)],
    ["INCREX k", [2, 1]],
    ["TTL k", between(99, 100)],
    ["INCREX k PX 50000 ENX", [3, 1]],
    ["TTL k", between(99, 100)],
    ["INCREX k EXAT 1 ENX", [4, 1]],
    ["INCREX k PERSIST", [5, 1]],
    ["TTL k", -1],
    ["INCREX k PERSIST", [6, 1]],
    ["INCREX k ENX PXAT 33177117420000", [7, 1]],
    ["PEXPIRETIME k", 33177117420000],
    ["INCREX k EXAT 1", [8, 1]],
    ["EXISTS k", 0],
    ["INCREX k EXAT 1", [1, 1]],
    ["EXISTS k", 0],
  ],
  since,
);

strings.rows(
  "INCREX NX and XX look at the key",
  [
    ["INCREX k XX", [0, 0]],
    ["EXISTS k", 0],
    ["INCREX k XX BYFLOAT 1.5", floats("0", "0")],
    ["INCREX k NX BYINT 5", [5, 5]],
    ["INCREX k NX BYINT 5", [5, 0]],
    ["INCREX k XX", [6, 1]],
    ["INCREX k NX XX", syntax],
  ],
  { since: "9.2.0" },
);

strings.rows(
  "INCREX tells a bad argument from a bad value",
  [
    ["INCREX k BYINT abc", err("ERR Increment is not an integer or out of range")],
    ["INCREX k BYINT 1.5", err("ERR Increment is not an integer or out of range")],
    ["INCREX k BYFLOAT abc", err("ERR Increment is not a valid float")],
    ["INCREX k BYFLOAT +inf", err("ERR BYFLOAT increment cannot be Infinity")],
    ["INCREX k LBOUND 1.5", err("ERR LBOUND is not an integer or out of range")],
    ["INCREX k UBOUND inf", err("ERR UBOUND is not an integer or out of range")],
    ["INCREX k BYFLOAT 1 LBOUND abc", err("ERR LBOUND is not a valid float")],
    ["INCREX k BYFLOAT 1 UBOUND abc", err("ERR UBOUND is not a valid float")],
    ["INCREX k LBOUND 10 UBOUND 5", err("ERR LBOUND can't be greater than UBOUND")],
    ["INCREX k BYFLOAT 1 UBOUND -inf", err("ERR LBOUND can't be greater than UBOUND")],
    ["INCREX k EX 0", err("ERR invalid expire time in 'increx' command")],
    ["INCREX k PX -1", err("ERR invalid expire time in 'increx' command")],
    ["INCREX k EX x", err("ERR value is not an integer or out of range")],
    ["SET k abc", ok],
    ["INCREX k", err("ERR value is not an integer or out of range")],
    ["INCREX k BYFLOAT 1", err("ERR value is not a valid float")],
    ["SET k -inf", ok],
    ["INCREX k BYFLOAT 1", err("ERR value cannot be Infinity")],
    ["HSET h f v", 1],
    ["INCREX h", wrongType],
    ["INCREX h BYFLOAT 1 EXAT 1", wrongType],
    ["INCREX k ENX", err("ERR ENX flag requires an expiration option (EX, PX, EXAT or PXAT)")],
    ...[
      "FOO",
      "BYINT",
      "BYINT 1 BYFLOAT 1",
      "BYINT 1 BYINT 1",
      "LBOUND 0 LBOUND 0",
      "UBOUND 0 UBOUND 0",
      "UBOUND",
      "SATURATE SATURATE",
      "EX 10 PX 10",
      "EX 10 EX 10",
      "EX 10 PERSIST",
      "PERSIST EX 10",
      "PERSIST PERSIST",
      "PERSIST ENX",
      "ENX PERSIST",
      "EX 10 ENX ENX",
      "EX",
    ].map((words): Row => [`INCREX k ${words}`, syntax]),
  ],
  since,
);
