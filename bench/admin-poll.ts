/**
 * What a client of the HTTP API costs the data plane: rounds of GETs by redis-benchmark, every other one while a client polls every
 * route in turn, 100 requests a second in all.
 *
 *     bun bench/admin-poll.ts [--rounds 7] [--seconds 3] [--rate 100] [--cores 1] [--busy-share 2]
 *     bun bench/admin-poll.ts --each 200      what a request to each route costs alone: 200 of each, one after the other
 *
 * Prints the median of the rounds' ratios, and the processor time of the server's main thread for a request, which holds still where the
 * machine is busy.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Server, startServer } from "../test/harness/server.ts";
import { spreadOf } from "./statistics.ts";

const ROUTES: readonly (readonly [path: string, body?: object])[] = [
  ["/health"],
  ["/ready"],
  ["/metrics"],
  ["/openapi.json"],
  ["/v1/keys?count=100"],
  ["/v1/keys/polled"],
  ["/v1/server/info"],
  ["/v1/server/config"],
  ["/v1/server/slowlog"],
  ["/v1/server/latency"],
  ["/v1/clients"],
  ["/v1/users"],
  ["/v1/users/default"],
  ["/v1/pubsub/channels"],
  ["/v1/procedures"],
  ["/v1/procedure-figures"],
  ["/v1/command", { command: ["GET", "polled"] }],
  ["/v1/pipeline", { commands: [["PING"], ["GET", "polled"]] }],
];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "3" },
    rate: { type: "string", default: "100" },
    cores: { type: "string", default: "1" },
    each: { type: "string", default: "0" },
    "busy-share": { type: "string", default: "100" },
  },
});

interface Round {
  /** GETs a second. */
  readonly rate: number;
  /** GETs in a second of the processor time of the core's thread: what others take from it in time is not in it, what they do to caches is. */
  readonly perCpuSecond: number;
}

async function round({ port, pid }: Server, seconds: number): Promise<Round> {
  const child = Bun.spawn(
    [
      "redis-benchmark",
      "-p",
      String(port),
      "-t",
      "get",
      "-P",
      "16",
      "-c",
      "50",
      "-r",
      "100000",
      "-n",
      "1000000000",
      "-q",
    ],
    { stdout: "ignore", stderr: "ignore" },
  );
  await Bun.sleep(300);
  const wire = await import("../test/harness/wire.ts").then(({ Wire }) =>
    Wire.connect({ hostname: "127.0.0.1", port }, 2),
  );
  const processed = async (): Promise<[number, number]> => {
    const reply = await wire.call("INFO stats");
    const text = reply.kind === "bulk" ? Buffer.from(reply.bytes).toString() : "";
    return [Number(/total_commands_processed:(\d+)/.exec(text)?.[1]), performance.now()];
  };
  const [before, from] = await processed();
  const cpuBefore = threadsMs(pid);
  await Bun.sleep(seconds * 1000);
  const [after, to] = await processed();
  const cpuAfter = threadsMs(pid);
  child.kill();
  await child.exited;
  await wire.close();
  const cpuMs = Math.max(...[...cpuAfter].map(([id, ms]) => ms - (cpuBefore.get(id) ?? 0)));
  return { rate: ((after - before) / (to - from)) * 1000, perCpuSecond: ((after - before) / cpuMs) * 1000 };
}

async function ask(http: string, [path, body]: (typeof ROUTES)[number]): Promise<void> {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`${http}${path}`, body === undefined ? {} : init);
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
}

/** Polls until it is stopped; gives how many requests there were. */
function poll(http: string, rate: number): () => Promise<number> {
  let [count, running] = [0, true];
  const done = (async () => {
    const began = performance.now();
    for (let at = 0; running; at++) {
      const due = began + (at * 1000) / rate;
      if (due > performance.now()) await Bun.sleep(due - performance.now());
      await ask(http, ROUTES[at % ROUTES.length] ?? ["/health"]);
      count++;
    }
  })();
  return async () => {
    running = false;
    await done;
    return count;
  };
}

/** Milliseconds of processor time of the server's main thread so far. */
function mainThreadMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

/** The same of each of its threads. */
function threadsMs(pid: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      found.set(id, Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]) / 1e6);
    } catch {
      // It has ended since.
    }
  }
  return found;
}

function allThreadsMs(pid: number): number {
  return [...threadsMs(pid).values()].reduce((sum, ms) => sum + ms, 0);
}

/** Prints what a request to each route costs, beside 50 connections that do nothing. */
async function each(server: Server, times: number): Promise<void> {
  const idle = await Promise.all(Array.from({ length: 49 }, () => server.connect()));
  for (const route of ROUTES) for (let at = 0; at < 30; at++) await ask(server.http, route);
  const sums = [0, 0];
  for (const route of ROUTES) {
    const before = [mainThreadMs(server.pid), allThreadsMs(server.pid)];
    for (let at = 0; at < times; at++) await ask(server.http, route);
    const costs = [mainThreadMs(server.pid), allThreadsMs(server.pid)].map(
      (ms, at) => (ms - (before[at] ?? 0)) / times,
    );
    console.log(
      `${route[0].padEnd(24)} main thread ${costs[0]?.toFixed(3)} ms, all threads ${costs[1]?.toFixed(3)} ms`,
    );
    for (const [at, ms] of costs.entries()) sums[at] = (sums[at] ?? 0) + ms / ROUTES.length;
  }
  console.log(`mean ${sums[0]?.toFixed(3)} ms, ${sums[1]?.toFixed(3)} ms`);
  for (const wire of idle) await wire.close();
}

const server = await startServer({
  admin: true,
  kind: "zedis",
  options: { cores: values.cores, "admin-rate-limit": "0", "admin-busy-share": values["busy-share"] },
});
const [ratios, costs, cpuRatios]: [number[], number[], number[]] = [[], [], []];
try {
  const wire = await server.connect();
  await wire.call("DEBUG POPULATE 100000 key: 16");
  await wire.call("SET polled value");
  if (Number(values.each) > 0) {
    await each(server, Number(values.each));
    await wire.close();
    await server.stop();
    process.exit(0);
  }
  await poll(server.http, 1000)();
  for (let at = 0; at < Number(values.rounds); at++) {
    const without = await round(server, Number(values.seconds));
    const stop = poll(server.http, Number(values.rate));
    const before = mainThreadMs(server.pid);
    const polled = await round(server, Number(values.seconds));
    const spent = mainThreadMs(server.pid) - before;
    const count = await stop();
    ratios.push(polled.rate / without.rate);
    cpuRatios.push(polled.perCpuSecond / without.perCpuSecond);
    costs.push(spent / count);
    const rates = [without, polled].map(({ rate }) => Math.round(rate));
    console.log(`${rates[0]} GET/s alone, ${rates[1]} polled (${ratios.at(-1)?.toFixed(3)}), ${count} requests`);
  }
  await wire.close();
} finally {
  await server.stop();
}
const shown = (of: readonly number[]): string =>
  `${spreadOf(of).median.toFixed(3)} (${[Math.min(...of), Math.max(...of)].map((ratio) => ratio.toFixed(3)).join("–")})`;
console.log(
  `median of the ratios ${shown(ratios)}; of GETs in a second of the core's processor time ${shown(cpuRatios)}`,
);
console.log(`main thread ${spreadOf(costs).median.toFixed(2)} ms a request`);
