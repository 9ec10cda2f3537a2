/** Expiry: setting it in every unit and condition, reading it, and that an expired key is gone for everyone. */
import { expect } from "bun:test";
import { anything, between, err, ok, simple } from "../harness/expected.ts";
import { numberOf, show, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";
import { until } from "../harness/wait.ts";

const expiry = suite();
const notInteger = err("ERR value is not an integer or out of range");
const far_s = 33177117420;

expiry.rows("EXPIRE and its relatives set an expiry that TTL and its relatives read", [
  ["TTL none", -2],
  ["PTTL none", -2],
  ["EXPIRETIME none", -2],
  ["PEXPIRETIME none", -2],
  ["EXPIRE none 10", 0],
  ["SET k v", ok],
  ["TTL k", -1],
  ["PTTL k", -1],
  ["EXPIRETIME k", -1],
  ["PEXPIRETIME k", -1],
  ["EXPIRE k 100", 1],
  ["TTL k", 100],
  ["PTTL k", between(99_000, 100_000)],
  ["PEXPIRE k 50500", 1],
  ["TTL k", between(50, 51)],
  [`EXPIREAT k ${far_s}`, 1],
  ["EXPIRETIME k", far_s],
  ["PEXPIRETIME k", far_s * 1000],
  [`PEXPIREAT k ${far_s}123`, 1],
  ["PEXPIRETIME k", far_s * 1000 + 123],
  ["EXPIRETIME k", far_s],
  ["PERSIST k", 1],
  ["PERSIST k", 0],
  ["PERSIST none", 0],
  ["TTL k", -1],
]);

expiry.rows("TTL rounds to the nearest second, EXPIRETIME up from half a second", [
  ["SET k v", ok],
  ["PEXPIREAT k 33177117420600", 1],
  ["EXPIRETIME k", 33177117421],
  ["PEXPIREAT k 33177117420400", 1],
  ["EXPIRETIME k", 33177117420],
]);

for (const name of ["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"] as const) {
  const isAbsolute = name.endsWith("AT");
  const unit = name.startsWith("P") ? 1000 : 1;
  const at = (seconds: number) => String((isAbsolute ? far_s + seconds : 1000 + seconds) * unit);
  const wanted = (seconds: number) =>
    isAbsolute
      ? ([["EXPIRETIME k", far_s + seconds]] as Row[])
      : ([["TTL k", between(999 + seconds, 1000 + seconds)]] as Row[]);

  expiry.rows(`${name} NX, XX, GT and LT set the expiry only on their condition`, [
    ["SET k v", ok],
    [`${name} k ${at(0)} XX`, 0],
    [`${name} k ${at(0)} GT`, 0],
    ["TTL k", -1],
    [`${name} k ${at(0)} NX`, 1],
    [`${name} k ${at(100)} NX`, 0],
    ...wanted(0),
    [`${name} k ${at(100)} XX`, 1],
    ...wanted(100),
    [`${name} k ${at(50)} GT`, 0],
    [`${name} k ${at(200)} GT`, 1],
    ...wanted(200),
    [`${name} k ${at(300)} LT`, 0],
    [`${name} k ${at(150)} LT`, 1],
    ...wanted(150),
    [`${name} k ${at(400)} xx gt`, 1],
    [`${name} k ${at(300)} XX LT`, 1],
    ...wanted(300),
    ["PERSIST k", 1],
    [`${name} k ${at(0)} LT`, 1],
    ["PERSIST k", 1],
    [`${name} k ${at(0)} XX LT`, 0],
    [`${name} none ${at(0)} NX`, 0],
  ]);

  expiry.rows(`${name} refuses conditions that exclude each other and values out of range`, [
    ["SET k v", ok],
    [`${name} k 100 NX XX`, err("ERR NX and XX, GT or LT options at the same time are not compatible")],
    [`${name} k 100 NX GT`, err("ERR NX and XX, GT or LT options at the same time are not compatible")],
    [`${name} k 100 LT NX`, err("ERR NX and XX, GT or LT options at the same time are not compatible")],
    [`${name} k 100 GT LT`, err("ERR GT and LT options at the same time are not compatible")],
    [`${name} k 100 FOO`, err("ERR Unsupported option FOO")],
    [`${name} k 100 NX foo`, err("ERR Unsupported option foo")],
    [`${name} none 100 FOO`, err("ERR Unsupported option FOO")],
    [`${name} k x`, notInteger],
    [`${name} k 1.5`, notInteger],
    [`${name} k ""`, notInteger],
    [`${name} k 9223372036854775808`, notInteger],
    ...(unit === 1
      ? ([
          [`${name} k 9223372036854775807`, err(`ERR invalid expire time in '${name.toLowerCase()}' command`)],
          [`${name} k -9223372036854775807`, err(`ERR invalid expire time in '${name.toLowerCase()}' command`)],
          [`${name} k 9223372036854776`, err(`ERR invalid expire time in '${name.toLowerCase()}' command`)],
        ] as Row[])
      : []),
    ...(name === "PEXPIRE"
      ? ([[`${name} k 9223372036854775807`, err("ERR invalid expire time in 'pexpire' command")]] as Row[])
      : []),
    ["TTL k", -1],
  ]);

  expiry.rows(`${name} with a time in the past removes the key at once`, [
    ["SET k v", ok],
    [`${name} k -1`, 1],
    ["EXISTS k", 0],
    ["DBSIZE", 0],
    ["SET k v", ok],
    [`${name} k 0`, 1],
    ["GET k", null],
    ["SET k v", ok],
    [`${name} k ${isAbsolute ? "1000" : "-1000"} LT`, 1],
    ["EXISTS k", 0],
    ["SET k v EX 100", ok],
    [`${name} k ${isAbsolute ? "1" : "-5"} GT`, 0],
    ["EXISTS k", 1],
    [`${name} k ${isAbsolute ? "1" : "-5"} NX`, 0],
    ["GET k", "v"],
  ]);
}

expiry.rows(
  "an expired key is missing in every generic command",
  [
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
    ...(
      [
        ["EXISTS k k", 0],
        ["TYPE k", simple("none")],
        ["TTL k", -2],
        ["PTTL k", -2],
        ["EXPIRETIME k", -2],
        ["PEXPIRETIME k", -2],
        ["EXPIRE k 10", 0],
        ["PERSIST k", 0],
        ["DEL k", 0],
        ["UNLINK k", 0],
        ["TOUCH k", 0],
        ["RENAME k x", err("ERR no such key")],
        ["RENAMENX k x", err("ERR no such key")],
        ["COPY k x", 0],
        ["MOVE k 1", 0],
        ["OBJECT ENCODING k", null],
        ["DUMP k", null],
        ["KEYS *", []],
        ["SCAN 0 COUNT 1000", ["0", []]],
        ["RANDOMKEY", null],
      ] as readonly Row[]
    ).flatMap((row): Row[] => [["SET k v PXAT 1", ok], row]),
    ["DEBUG SET-ACTIVE-EXPIRE 1", ok],
  ],
  { after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

expiry.rows(
  "an expired destination does not stand in the way",
  [
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
    ["SET old v PXAT 1", ok],
    ["SET k new", ok],
    ["RENAMENX k old", 1],
    ["GET old", "new"],
    ["TTL old", -1],
    ["SET dead v PXAT 1", ok],
    ["COPY old dead", 1],
    ["GET dead", "new"],
  ],
  { after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

expiry.rows("RENAME and COPY carry the expiry, MOVE too", [
  ["SET k v EX 100", ok],
  ["RENAME k l", ok],
  ["TTL l", 100],
  ["COPY l m", 1],
  ["TTL m", 100],
  ["SET plain v", ok],
  ["RENAME plain m", ok],
  ["TTL m", -1],
  ["MOVE l 1", 1],
  ["SELECT 1", ok],
  ["TTL l", between(99, 100)],
]);

expiry.both(
  "keys vanish on their own, without being read, and are counted when they are gone",
  async (wire) => {
    await wire.pipeline(Array.from({ length: 2000 }, (_, index) => `SET k${index} v PX ${1 + (index % 50)}`));
    await wire.call("SET stays v");
    await until("active expiry", async () => numberOf(await wire.call("DBSIZE")) === 1, {
      limit_ms: 15_000,
      pause_ms: 20,
    });
    // A core removes them bucket by bucket; who looks on another core may find the last ones not counted yet.
    expect(textOf(await wire.call("INFO stats"))).toMatch(/expired_keys:(2000|19\d\d)\r/);
    expect(show(await wire.call("KEYS *"))).toBe('["stays"]');
  },
  // The cores sleep long after they have removed some.
  { before: ["CONFIG SET hz 1", "CONFIG RESETSTAT"], after: ["CONFIG SET hz 10"] },
);

expiry.both("a key lives as long as it was told, and not longer", async (wire) => {
  const start = performance.now();
  await wire.call("SET k v PX 150");
  const seen = await until("the key's end", async () => {
    const before = performance.now();
    const reply = await wire.call("GET k");
    return reply.kind === "bulk" ? false : before;
  });
  // From the request's start to the last read that still could see it; the clock of the server counts whole milliseconds.
  expect(performance.now() - start).toBeGreaterThan(148);
  expect(seen - start).toBeLessThan(1000);
});

expiry.rows("DEBUG SET-ACTIVE-EXPIRE takes 0 and 1", [
  ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
  ["DEBUG SET-ACTIVE-EXPIRE 1", ok],
  ["SET k v", ok],
  ["DEL k", anything],
]);
