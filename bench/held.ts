/**
 * `bun bench/held.ts [--threads 10] [--cores 2]`: GETs at a steady rate while ten procedures of two seconds hold ten shards, and how long
 * a command on one of those shards waits. Prints one line of each.
 */
import { parseArgs } from "node:util";
import { startServer } from "../test/harness/server.ts";

const { values } = parseArgs({
  options: { threads: { type: "string", default: "10" }, cores: { type: "string", default: "2" } },
});
const HELD = 10;
const HOLD_MS = 2000;
const LIBRARY = `#!ts name=held
/** @background */
export function hold(key: string, ms: number) { Zedis.incrby(key, 1); const end = Date.now() + ms; while (Date.now() < end); return 1; }
`;

const server = await startServer({
  options: {
    cores: values.cores,
    // So many that a key read here hardly ever shares one with a key held.
    shards: "16384",
    "procedure-background-threads": values.threads,
    "procedure-time-limit": "60000",
  },
});
try {
  const wire = await server.connect();
  await wire.call(["FUNCTION", "LOAD", LIBRARY]);
  await wire.call("FCALL hold 1 warm 0");
  const holders = await Promise.all(Array.from({ length: HELD }, () => server.connect()));
  const began = performance.now();
  const calls = holders.map((holder, index) => holder.call(`FCALL hold 1 held:${index} ${HOLD_MS}`));
  await Bun.sleep(200);
  const waiter = await server.connect();
  const waits = waiter.call("GET held:3").then(() => performance.now() - began);
  const times: number[] = [];
  let isOver = false;
  const all = Promise.all(calls).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const sent = performance.now();
    await wire.call(`GET free:${times.length % 10}`);
    times.push(performance.now() - sent);
    await Bun.sleep(1);
  }
  await all;
  const held_ms = performance.now() - began;
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(2);
  console.log(`${HELD} calls of ${HOLD_MS} ms on ${values.threads} threads: all over after ${held_ms.toFixed(0)} ms`);
  console.log(`GET of other shards, ${times.length} of them: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`);
  console.log(`GET of a held shard came back ${(await waits).toFixed(0)} ms after the calls began`);
} finally {
  await server.stop();
}
