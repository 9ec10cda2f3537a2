/** What INFO and MEMORY STATS say of scripts and libraries: how many there are, and what they take, as they come and go. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Reply, show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

const MIB = 1 << 20;

type Figures = Readonly<Record<string, number>>;

/** The section's figures that are numbers. */
async function info(wire: Wire, section: string): Promise<Figures> {
  const lines = textOf(await wire.call(`INFO ${section}`)).split("\r\n");
  const pairs = lines.map((line) => line.split(":")).filter((pair) => pair.length === 2 && /^\d+$/.test(pair[1] ?? ""));
  return Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)]));
}

const memory = (wire: Wire): Promise<Figures> => info(wire, "memory");

/** The figure `name` once `holds` says so: what the interpreters take is told with the cores' next tick. */
async function settled(wire: Wire, name: string, holds: (bytes: number) => boolean): Promise<number> {
  let last: number | undefined;
  try {
    const probe = async () => {
      last = (await memory(wire))[name] ?? Number.NaN;
      return holds(last);
    };
    await until(name, probe, { limit_ms: 60_000 });
  } catch {
    throw new Error(`${name} stays at ${last}`);
  }
  return last ?? Number.NaN;
}

async function load(wire: Wire, source: string): Promise<void> {
  const reply = await wire.call(["FUNCTION", "LOAD", source]);
  if (reply.kind === "error") throw new Error(reply.text);
}

const shared = suite();

shared.both("scripts and libraries are counted, with their sources, until they are flushed", async (wire) => {
  await wire.call("SCRIPT FLUSH");
  await wire.call("FUNCTION FLUSH");
  const before = await memory(wire);
  expect(before).toMatchObject({ number_of_cached_scripts: 0, number_of_functions: 0, number_of_libraries: 0 });
  for (const name of ["one", "two"]) await wire.call(["SCRIPT", "LOAD", `return '${name.padEnd(2000)}'`]);
  await wire.call(["EVAL", "return 3", "0"]);
  const registers = ["f", "g"].map((name) => `redis.register_function('${name}', function() return 1 end)`);
  await load(wire, `#!lua name=counted\n${registers.join("\n")}\n--${"x".repeat(3000)}`);
  const after = await memory(wire);
  expect(after).toMatchObject({ number_of_cached_scripts: 3, number_of_functions: 2, number_of_libraries: 1 });
  expect(after["used_memory_scripts_eval"]).toBeGreaterThan(4000);
  expect(after["used_memory_functions"]).toBeGreaterThan((before["used_memory_functions"] ?? 0) + 3000);
  const sum = (after["used_memory_scripts_eval"] ?? 0) + (after["used_memory_functions"] ?? 0);
  expect(after["used_memory_scripts"]).toBe(sum);
  await wire.call("SCRIPT FLUSH");
  await wire.call("FUNCTION FLUSH");
  const names = ["number_of_cached_scripts", "number_of_functions", "number_of_libraries", "used_memory_functions"];
  const flushed = await memory(wire);
  for (const name of names) expect([name, flushed[name]]).toEqual([name, before[name]]);
});

describe.skipIf(isOracle)("what interpreters take", () => {
  let server: Server;
  let wire: Wire;
  beforeAll(async () => {
    server = await startServer({ options: { cores: "1" } });
    wire = await server.connect();
  }, 60_000);
  afterAll(async () => {
    await wire.close();
    await server.stop();
  });

  test("scripts that Lua has compiled are in used_memory_vm_eval until SCRIPT FLUSH, and data is apart from them", async () => {
    await wire.call(["EVAL", "return 1", "0"]);
    const empty = await settled(wire, "used_memory_vm_eval", (bytes) => bytes > 0);
    const used = (await memory(wire))["used_memory"] ?? 0;
    for (let script = 0; script < 100; script++) {
      await wire.call(["EVAL", `local t = {'${"x".repeat(40_000)}${script}'} return #t`, "0"]);
    }
    await settled(wire, "used_memory_vm_eval", (bytes) => bytes > empty + 3 * MIB);
    // The sources are, once.
    expect((await memory(wire))["used_memory"]).toBeLessThan(used + 6 * MIB);
    await wire.call("SCRIPT FLUSH");
    await settled(wire, "used_memory_vm_eval", (bytes) => bytes < empty + MIB / 2);
    await settled(wire, "used_memory", (bytes) => bytes < used + MIB);
  }, 90_000);

  test("what a library in Lua keeps is in used_memory_vm_eval until it is deleted", async () => {
    await wire.call(["EVAL", "return 1", "0"]);
    const empty = await settled(wire, "used_memory_vm_eval", (bytes) => bytes > 0);
    const keeps = "local t = {} for i = 1, 200000 do t[i] = i end";
    await load(wire, `#!lua name=keeps\n${keeps}\nredis.register_function('size', function() return #t end)`);
    expect(show(await wire.call("FCALL size 0"))).toBe(":200000");
    await settled(wire, "used_memory_vm_eval", (bytes) => bytes > empty + 2 * MIB);
    await wire.call("FUNCTION DELETE keeps");
    await settled(wire, "used_memory_vm_eval", (bytes) => bytes < empty + MIB);
  }, 90_000);

  test("what libraries in JavaScript keep is in used_memory_vm_functions until they are flushed", async () => {
    const empty = await settled(wire, "used_memory_vm_functions", (bytes) => bytes > 0);
    const size = (name: string) => `export function ${name}(): number { return all.length; }`;
    const quick = "const all = Array.from({ length: 200000 }, (_, i) => i / 2);";
    await load(wire, `#!ts name=quick engine=quickjs\n${quick}\n${size("g")}`);
    const one = (await memory(wire))["used_memory_vm_functions"] ?? Number.NaN;
    expect(one).toBeGreaterThan(empty + 1.5 * MIB);
    await load(wire, `#!ts name=jsc\nconst all = Array.from({ length: 300000 }, (_, i) => ({ i }));\n${size("f")}`);
    await settled(wire, "used_memory_vm_functions", (bytes) => bytes > one + 6 * MIB);
    await wire.call("FUNCTION FLUSH");
    // Cores keep the last few that were flushed, for calls that have begun.
    let round = 0;
    await until(
      "the memory",
      async () => {
        await load(wire, `#!ts name=next\nexport function next${round++}(): void {}`);
        await wire.call("FUNCTION FLUSH");
        return ((await memory(wire))["used_memory_vm_functions"] ?? Number.NaN) < one + 4 * MIB;
      },
      { limit_ms: 60_000, pause_ms: 100 },
    );
  }, 90_000);

  test("used_memory_vm_total is both, and MEMORY STATS says the same by its own names", async () => {
    await wire.call(["SCRIPT", "LOAD", "return 'stats'"]);
    await load(wire, "#!lua name=stats\nredis.register_function('s', function() return 1 end)");
    const pairs = new Map<string, number>();
    const stats = await wire.call("MEMORY STATS");
    const items: readonly Reply[] = stats.kind === "array" ? stats.items : [];
    for (let at = 0; at + 1 < items.length; at += 2) {
      const [name, value] = [items[at], items[at + 1]];
      if (name !== undefined && value?.kind === "integer") pairs.set(textOf(name), Number(value.value));
    }
    const figures = await memory(wire);
    expect(pairs.get("lua.caches")).toBe(figures["used_memory_scripts_eval"]);
    expect(pairs.get("functions.caches")).toBe(figures["used_memory_functions"]);
    expect(figures["used_memory_vm_total"]).toBe(
      (figures["used_memory_vm_eval"] ?? 0) + (figures["used_memory_vm_functions"] ?? 0),
    );
    expect(pairs.get("script.VMs")).toBeGreaterThan(0.8 * (figures["used_memory_vm_total"] ?? 0));
  });

  test("evicted_scripts counts those of EVAL that were too many", async () => {
    await wire.call("SCRIPT FLUSH");
    const before = (await info(wire, "stats"))["evicted_scripts"] ?? Number.NaN;
    for (let script = 0; script < 510; script++) await wire.call(["EVAL", `return ${script}`, "0"]);
    expect((await memory(wire))["number_of_cached_scripts"]).toBe(500);
    expect((await info(wire, "stats"))["evicted_scripts"]).toBe(before + 10);
  });
});
