/** Memory of which nine tenths were freed here and there goes back to the system, and what is left stays as it was. */
import { expect, test } from "bun:test";
import { textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";
import type { Command } from "../harness/wire.ts";
import { figure, send } from "./limited.ts";

const KEYS = 160_000;
const MB = 1_000_000;

test("after 90 % of the keys are deleted at random, resident memory falls below 1.5 times what is left", async () => {
  const server = await startServer({ kind: "zedis", options: { "active-defrag-ignore-bytes": "4mb" } });
  const wire = await server.connect();
  await figure(wire, "used_memory");
  const [base, used] = [await server.residentBytes(), await figure(wire, "used_memory")];
  let seed = 7;
  const below = (bound: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % bound;
  };
  const make = (index: number): Command => {
    const key = `key:${index}`;
    const text = "x".repeat(50 + below(950));
    switch (index % 8) {
      case 0:
        return ["HSET", key, "name", `n${index}`, "text", text.slice(0, 60)];
      case 1:
        return ["RPUSH", key, "a", `${index}`, text.slice(0, 100)];
      case 2:
        return ["SET", key, text, "EX", "100000"];
      case 3:
        return ["ZADD", key, `${index}`, "member", "7", text.slice(0, 80)];
      default:
        return ["SET", key, text];
    }
  };
  for (let at = 0; at < KEYS; at += 4000) {
    const commands = Array.from({ length: 4000 }, (_, index) => make(at + index));
    expect(await send(wire, commands)).toBe(0);
  }
  const full = (await server.residentBytes()) - base;
  const gone = Array.from({ length: KEYS }, (_, index) => `key:${index}`).filter(() => below(10) !== 0);
  for (let at = 0; at < gone.length; at += 1000) await wire.call(["DEL", ...gone.slice(at, at + 1000)]);
  const digest = textOf(await wire.call("DEBUG DIGEST"));
  const live = (await figure(wire, "used_memory")) - used;
  expect(full).toBeGreaterThan(80 * MB);
  expect(live).toBeLessThan(12 * MB);

  await wire.call("CONFIG SET activedefrag yes");
  // Beside the data, which are few here, engines of JavaScript and what the allocator has touched ahead come and go.
  const enough = live * 1.5 + 40 * MB;
  const grown = async () => (await server.residentBytes()) - base;
  await until("resident memory to fall", async () => (await grown()) < enough, { limit_ms: 60_000, pause_ms: 100 });
  expect(textOf(await wire.call("DEBUG DIGEST"))).toBe(digest);
  expect(await figure(wire, "active_defrag_key_hits")).toBeGreaterThan(1000);
  await server.stop();
}, 120_000);

test("nothing is moved unless it is asked for", async () => {
  const server = await startServer({ kind: "zedis", options: { "active-defrag-ignore-bytes": "1" } });
  const wire = await server.connect();
  await send(
    wire,
    Array.from({ length: 20_000 }, (_, index) => ["SET", `key:${index}`, "x".repeat(300)]),
  );
  await send(
    wire,
    Array.from({ length: 19_000 }, (_, index) => ["DEL", `key:${index}`]),
  );
  await Bun.sleep(700);
  expect(await figure(wire, "active_defrag_hits")).toBe(0);
  expect(await figure(wire, "active_defrag_running")).toBe(0);
  await server.stop();
}, 60_000);
