/** HOTKEYS: which keys cost most. */
import { expect } from "bun:test";
import { err, ok, simple } from "../harness/expected.ts";
import { itemsOf, numberOf, type Reply, textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import type { Wire } from "../harness/wire.ts";

const hot = suite();

/** The collection as a map from names to replies. */
async function collected(wire: Wire): Promise<Map<string, Reply>> {
  const [reply] = itemsOf(await wire.call("HOTKEYS GET"));
  const items = itemsOf(reply as Reply);
  const pairs = Array.from({ length: items.length / 2 }, (_, at) => [
    textOf(items[at * 2] as Reply),
    items[at * 2 + 1],
  ]);
  return new Map(pairs as [string, Reply][]);
}

hot.both(
  "a collection names the keys that cost most bytes, and stays to be read when it has stopped",
  async (wire) => {
    await wire.pipeline(["HOTKEYS STOP", "HOTKEYS RESET"]);
    await check(wire, [
      ["HOTKEYS GET", null],
      ["HOTKEYS START METRICS 2 CPU NET COUNT 2", ok],
      ["HOTKEYS START METRICS 1 CPU", err("ERR hotkey tracking session already in progress")],
      ["HOTKEYS RESET", err("ERR hotkey tracking session in progress, stop tracking first")],
    ]);
    for (let turn = 0; turn < 20; turn++) await check(wire, [[["SET", "heavy", "x".repeat(1000)], ok]]);
    for (let turn = 0; turn < 5; turn++) await check(wire, [[["SET", "middle", "x".repeat(1000)], ok]]);
    await check(wire, [
      ["SET light 1", ok],
      ["PING", simple("PONG")],
    ]);
    const running = await collected(wire);
    expect(numberOf(running.get("tracking-active"))).toBe(1);
    await check(wire, [["HOTKEYS STOP", ok]]);
    const got = await collected(wire);
    expect(numberOf(got.get("tracking-active"))).toBe(0);
    const net = itemsOf(got.get("by-net-bytes") as Reply);
    expect([textOf(net[0] as Reply), textOf(net[2] as Reply)]).toEqual(["heavy", "middle"]);
    expect(numberOf(net[1])).toBeGreaterThan(20_000);
    expect(numberOf(got.get("total-net-bytes"))).toBeGreaterThan(25_000);
    expect(itemsOf(got.get("by-cpu-time-us") as Reply).length).toBeLessThanOrEqual(4);
    await check(wire, [
      ["HOTKEYS STOP", null],
      ["HOTKEYS RESET", ok],
      ["HOTKEYS GET", null],
    ]);
  },
  { since: "8.6" },
);

hot.rows(
  "what START cannot use is refused",
  [
    ["HOTKEYS START", err("ERR METRICS parameter is required")],
    ["HOTKEYS START METRICS 0 CPU", err("ERR METRICS count must be > 0 and <= 2")],
    ["HOTKEYS START METRICS 2 CPU", err("ERR METRICS count does not match number of metric types provided")],
    ["HOTKEYS START METRICS 2 CPU CPU", err("ERR METRICS CPU defined more than once!")],
    ["HOTKEYS START METRICS 1 FOO", err("ERR METRICS no valid metrics passed. Supported: CPU|NET")],
    ["HOTKEYS START METRICS 1 NET COUNT 65", err("ERR COUNT must be between 1 and 64")],
    ["HOTKEYS START METRICS 1 NET SLOTS 1 5", err("ERR SLOTS parameter cannot be used in non-cluster mode")],
    ["HOTKEYS START METRICS 1 NET WHAT", err("ERR syntax error")],
  ],
  { since: "8.6" },
);
