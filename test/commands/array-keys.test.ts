/** Arrays as keys: types, arity, expiry, copies, MULTI, events, procedures, large ones. */

import { expect } from "bun:test";
import { err, ok, queued } from "../harness/expected.ts";
import { itemsOf, numberOf, show, textOf } from "../harness/resp.ts";
import { check, type Row, suite } from "../harness/suite.ts";
import { quiet, tells, told } from "../harness/told.ts";

const arrays = suite();
const since = "8.8.0";
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);

function rows(name: string, table: readonly Row[]): void {
  arrays.rows(name, table, { since });
}

rows("a key of another type is refused by every command", [
  ["SET s x", ok],
  ...(
    [
      "ARGET s 0",
      "ARMGET s 0",
      "ARSET s 0 x",
      "ARMSET s 0 x",
      "ARDEL s 0",
      "ARDELRANGE s 0 1",
      "ARLEN s",
      "ARCOUNT s",
      "ARGETRANGE s 0 1",
      "ARSCAN s 0 1",
      "ARGREP s - + EXACT x",
      "AROP s 0 1 SUM",
      "ARINSERT s x",
      "ARRING s 1 x",
      "ARNEXT s",
      "ARSEEK s 1",
      "ARLASTITEMS s 1",
      "ARINFO s",
    ] as const
  ).map((command): Row => [command, wrongType]),
  ["ARSET a 0 x", 1],
  ["GET a", wrongType],
  ["LPUSH a x", wrongType],
]);

rows("too few arguments are refused by every command", [
  ...Object.entries({
    arget: "a",
    armget: "a",
    arset: "a 0",
    armset: "a 0",
    ardel: "a",
    ardelrange: "a 0",
    arlen: "",
    arcount: "",
    argetrange: "a 0",
    arscan: "a 0",
    argrep: "a - + EXACT",
    arop: "a 0 1",
    arinsert: "a",
    arring: "a 1",
    arnext: "",
    arseek: "a",
    arlastitems: "a",
    arinfo: "",
  }).map(([name, args]): Row => [`${name} ${args}`.trim(), arity(name)]),
]);

rows("an expired array is as if it were not there", [
  ["ARSET a 0 x y", 2],
  ["PEXPIREAT a 1", 1],
  ["ARLEN a", 0],
  ["ARSET a 5 z", 1],
  ["ARSCAN a 0 9", [[5, "z"]]],
  ["TTL a", -1],
  ["EXPIRE a 100", 1],
  ["ARSET a 6 z", 1],
  ["ARINSERT a x", 0],
  ["TTL a", 100],
]);

rows("arrays are copied, renamed, found by type and measured", [
  ["ARINSERT a a b c", 2],
  ["COPY a b", 1],
  ["ARSET a 0 changed", 0],
  ["ARGETRANGE b 0 2", ["a", "b", "c"]],
  ["ARNEXT b", 3],
  ["RENAME b c", ok],
  ["ARINSERT c d", 3],
  ["ARGETRANGE a 0 3", ["changed", "b", "c", null]],
  ["SET s x", ok],
  ["SCAN 0 COUNT 1000 TYPE array MATCH a", ["0", ["a"]]],
  ["SCAN 0 COUNT 1000 TYPE array MATCH s", ["0", []]],
  ["UNLINK a", 1],
  ["DEL c", 1],
]);

rows("MULTI runs array commands together", [
  ["MULTI", ok],
  ["ARINSERT a x y", queued],
  ["ARRING a 1 z", queued],
  ["ARGREP a - + MATCH z", queued],
  ["AROP a 0 9 USED", queued],
  ["EXEC", [1, 0, [0], 1]],
]);

arrays.both(
  "changes are notified in the class of arrays, and what changes nothing is not",
  async (wire) => {
    const listener = await arrays.server.connect(wire.protocol);
    await wire.call("CONFIG SET notify-keyspace-events Ea");
    await tells(listener, "PSUBSCRIBE *");
    await check(wire, [
      ["ARSET a 0 x", 1],
      ["ARMSET a 1 x 2 y", 2],
      ["ARINSERT a x", 0],
      ["ARSEEK a 5", 1],
      ["ARRING a 9 z", 5],
      ["ARDEL a 77", 0],
      ["ARDEL a 0", 1],
      ["ARDELRANGE a 50 60", 0],
      ["ARDELRANGE a 0 60", 3],
      ["ARSEEK a 1", 0],
    ]);
    const events: string[] = [];
    while (events.length < 7) events.push((await told(listener)).replace("pmessage * __keyevent@0__:", ""));
    expect(events).toEqual(["arset a", "armset a", "arinsert a", "arseek a", "arring a", "ardel a", "ardelrange a"]);
    expect(await quiet(listener)).toEqual([]);
    await listener.close();
  },
  { since, after: ['CONFIG SET notify-keyspace-events ""'] },
);

arrays.both(
  "INFO counts arrays by their elements",
  async (wire) => {
    await wire.pipeline(["ARSET a 0 x y", "ARSET b 1000000 x y z"]);
    expect(show(await wire.call("INFO keysizes"))).toContain("db0_distrib_arrays_items:2=2");
  },
  { since: "99.0.0" },
);

const LIBRARY = `#!ts name=arrays
export function spoil(key: string) {
  Zedis.arset(key, 0, "spoilt", "spoilt");
  Zedis.arinsert(key, "more", "and more");
  Zedis.arring(key, 2, "ring");
  Zedis.ardelrange(key, 0, 1000000);
  Zedis.arset(key, 7, "again");
  throw new Error("no");
}
export function sum(key: string) {
  return Zedis.arop(key, 0, 100, "SUM");
}
`;

arrays.both(
  "a procedure that throws leaves an array as it was",
  async (wire) => {
    expect(textOf(await wire.call(["FUNCTION", "LOAD", "REPLACE", LIBRARY]))).toBe("arrays");
    await wire.call("ARINSERT a 1 2 3");
    await wire.call("ARSET a 50000 text");
    const before = show(await wire.call("ARSCAN a 0 100000"));
    expect((await wire.call("FCALL spoil 1 a")).kind).toBe("error");
    expect(show(await wire.call("ARSCAN a 0 100000"))).toBe(before);
    expect(numberOf(await wire.call("ARNEXT a"))).toBe(3);
    expect((await wire.call("FCALL spoil 1 none")).kind).toBe("error");
    expect(numberOf(await wire.call("EXISTS none"))).toBe(0);
    expect(textOf(await wire.call("FCALL sum 1 a"))).toBe("6");
  },
  { since: "99.0.0" },
);

arrays.both(
  "a large array is read, cut and freed while others are served",
  async (wire) => {
    const values = Array.from({ length: 10_000 }, (_, index) => String(index));
    for (let start = 0; start < 300_000; start += 10_000) await wire.call(["ARSET", "big", String(start), ...values]);
    expect(itemsOf(await wire.call("ARGETRANGE big 0 299999")).length).toBe(300_000);
    expect(itemsOf(await wire.call("ARSCAN big 299999 0 LIMIT 200000")).length).toBe(200_000);
    expect(textOf(await wire.call("AROP big 0 299999 SUM"))).toBe(String(30 * ((9999 * 10_000) / 2)));
    expect(itemsOf(await wire.call("ARGREP big - + RE ^7+$")).length).toBe(4 * 30);
    expect(numberOf(await wire.call("ARDELRANGE big 1 299998"))).toBe(299_998);
    expect(numberOf(await wire.call("ARLEN big"))).toBe(300_000);
    expect(numberOf(await wire.call("MEMORY USAGE big"))).toBeLessThan(1000);
  },
  { since },
);
