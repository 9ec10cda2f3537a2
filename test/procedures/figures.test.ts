/** What is counted of each function, and the lines it logged: INFO procedurestats, FUNCTION STATS WITHFUNCTIONS, SLOWLOG, FUNCTION LOG. */
import { expect, setDefaultTimeout } from "bun:test";
import { anything, err, map, ok } from "../harness/expected.ts";
import { itemsOf, mapOf, numberOf, show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

const LIBRARY = (version: number) => `#!ts name=fig
export function add(key: string) { Zedis.incrby(key, ${version}); return Zedis.get_int(key); }
export function fail(key: string) { Zedis.set(key, 1); throw "no"; }
export function refuse() { throw "at once"; }
export function spin() { for (;;); }
export function wait(ms: number) { const end = Date.now() + ms; while (Date.now() < end); return ms; }
export function say(text: string) { Zedis.log(text, 7); }
`;
const load = (version = 1): readonly string[] => ["FUNCTION", "LOAD", "REPLACE", LIBRARY(version)];

const figures = suite({ kind: "zedis", options: { "procedure-time-limit": "200" } });

async function lines(wire: Wire): Promise<Record<string, Record<string, string>>> {
  const text = textOf(await wire.call("INFO procedurestats"));
  const rows = text.split("\r\n").filter((line) => line.startsWith("procedurestat_"));
  return Object.fromEntries(
    rows.map((row) => {
      const [name, values] = row.split(":") as [string, string];
      return [
        name.slice("procedurestat_".length),
        Object.fromEntries(values.split(",").map((pair) => pair.split("="))),
      ];
    }),
  );
}

figures.both(
  "calls, errors, rollbacks, timeouts, keys and times of each function are counted until RESETSTAT",
  async (wire) => {
    await wire.call(load());
    await wire.call("CONFIG RESETSTAT");
    await until("zero", async () => Object.keys(await lines(wire)).length === 0);
    await wire.pipeline(Array.from({ length: 10 }, () => "FCALL add 1 k"));
    await wire.pipeline(["FCALL fail 1 f", "FCALL fail 1 f", "FCALL refuse 0", "FCALL spin 0", "FCALL_DRYRUN add 1 k"]);
    await wire.pipeline(["MULTI", "FCALL add 1 k", "EXEC"]);
    const all = await lines(wire);
    expect(all["fig.add"]).toMatchObject({ calls: "11", errors: "0", rollbacks: "0", keys: "22" });
    expect(all["fig.fail"]).toMatchObject({ calls: "2", errors: "2", rollbacks: "2", timeouts: "0", keys: "2" });
    expect(all["fig.refuse"]).toMatchObject({ calls: "1", errors: "1", rollbacks: "0", keys: "0" });
    expect(all["fig.spin"]).toMatchObject({ calls: "1", errors: "1", timeouts: "1", kills: "0" });
    expect(Number(all["fig.spin"]?.max_usec)).toBeGreaterThan(190_000);
    expect(Number(all["fig.spin"]?.p99_usec)).toBeGreaterThan(190_000);
    const stats = mapOf(mapOf(await wire.call("FUNCTION STATS WITHFUNCTIONS")).get("functions"));
    expect(numberOf(mapOf(stats.get("add")).get("calls"))).toBe(11);
    expect(textOf(mapOf(stats.get("add")).get("library"))).toBe("fig");
    // By name: a REPLACE goes on counting, a DELETE ends it.
    await wire.call(load(2));
    await wire.call("FCALL add 1 k");
    expect((await lines(wire))["fig.add"]).toMatchObject({ calls: "12" });
    await wire.call("FUNCTION DELETE fig");
    expect(await lines(wire)).toEqual({});
    await wire.call(load());
    expect(await lines(wire)).toEqual({});
  },
);

figures.both("every long call of a pipeline is timed, and short ones count as many as they are", async (wire) => {
  await wire.call(load());
  await wire.call("CONFIG RESETSTAT");
  await until("zero", async () => Object.keys(await lines(wire)).length === 0);
  const calls = [...Array.from({ length: 2000 }, () => "FCALL add 1 k"), "FCALL wait 0 30", "FCALL wait 0 30"];
  await wire.pipeline(calls);
  const all = await lines(wire);
  expect(all["fig.add"]).toMatchObject({ calls: "2000" });
  expect(Number(all["fig.add"]?.p50_usec)).toBeLessThan(1000);
  expect(all["fig.wait"]).toMatchObject({ calls: "2" });
  expect(Number(all["fig.wait"]?.max_usec)).toBeGreaterThan(20_000);
  expect(Number(all["fig.wait"]?.usec)).toBeGreaterThan(40_000);
});

figures.both(
  "SLOWLOG shows the function and its arguments, of calls in MULTI and of stopped ones too",
  async (wire) => {
    await wire.call(load());
    await wire.call("CONFIG SET slowlog-log-slower-than 10000");
    await wire.call("SLOWLOG RESET");
    await wire.call("FCALL wait 0 20");
    await wire.pipeline(["MULTI", "FCALL wait 0 21", "EXEC"]);
    await wire.call("FCALL spin 0");
    const entries = itemsOf(await wire.call("SLOWLOG GET 10")).map((entry) => show(itemsOf(entry)[3] ?? entry));
    expect(entries.toReversed().filter((entry) => !entry.includes("EXEC"))).toEqual([
      '["FCALL", "wait", "0", "20"]',
      '["FCALL", "wait", "0", "21"]',
      '["FCALL", "spin", "0"]',
    ]);
  },
);

const line = (text: string) =>
  map("time_ms", anything, "level", "notice", "core", anything, "function", "say", "text", text);

figures.rows("FUNCTION LOG tells the last lines of a library, the oldest first", [
  ["FUNCTION FLUSH", ok],
  ["FUNCTION LOG fig", err("ERR Library not found")],
  [load(), "fig"],
  ["FUNCTION LOG fig", []],
  ["FCALL say 0 one", null],
  ["FCALL say 0 two", null],
  ["FUNCTION LOG fig", [line("one 7"), line("two 7")]],
  ["FUNCTION LOG fig COUNT 1", [line("two 7")]],
  ["FUNCTION LOG fig COUNT 0", []],
  ["FUNCTION LOG fig COUNT -1", err("ERR COUNT must not be negative")],
  ["FUNCTION LOG fig COUNT x", err("ERR value is not an integer or out of range")],
  ["FUNCTION LOG fig NUMBER 1", err("ERR syntax error")],
  [load(2), "fig"],
  ["FUNCTION LOG fig COUNT 1", [line("two 7")]],
  ["FUNCTION DELETE fig", ok],
  [load(), "fig"],
  ["FUNCTION LOG fig", []],
]);
