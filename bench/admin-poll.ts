/**
 * What a client of the HTTP API costs the data plane: rounds of GETs by redis-benchmark, every other one while a client polls every
 * route in turn, 100 requests a second in all.
 *
 *     bun bench/admin-poll.ts [--rounds 41] [--seconds 1] [--rate 100] [--cores 1] [--busy-share 2]
 *     bun bench/admin-poll.ts --each 200      what a request to each route costs alone: 200 of each, one after the other, and 30 of each in
 *                                             turn, 10 ms apart, as a client that polls sends them: caches are cold then
 *
 * Prints the median of the rounds' ratios, and the processor time of the server's main thread for a request, which holds still where the
 * machine is busy.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Server, startServer } from "../test/harness/server.ts";
import { buildLoadgen, HTTP_POLL } from "./loadgen.ts";
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

const WARM_MS = 5_000;
const COLD_TURNS = 30;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "41" },
    seconds: { type: "string", default: "1" },
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

interface Polled {
  readonly requests: number;
  /** Of the client, milliseconds. */
  readonly cpu_ms: number;
}

/** Polls until it is stopped, in a process of its own, which takes hardly any processor time: what it takes is not the server's doing. */
function poll(http: string, rate: number): () => Promise<Polled> {
  const child = Bun.spawn([HTTP_POLL, new URL(http).port, String(rate)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  for (const [path, body] of ROUTES)
    child.stdin.write(body === undefined ? `GET ${path}\n` : `POST ${path} ${JSON.stringify(body)}\n`);
  child.stdin.write("\n");
  void child.stdin.flush();
  return async () => {
    await child.stdin.end();
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error("the polling client failed");
    return JSON.parse(text);
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
  const spent = async (count: number, work: () => Promise<void>): Promise<number[]> => {
    const before = [mainThreadMs(server.pid), allThreadsMs(server.pid)];
    for (let at = 0; at < count; at++) await work();
    // What is left to do after the response is its cost too.
    await Bun.sleep(1);
    return [mainThreadMs(server.pid), allThreadsMs(server.pid)].map((ms, at) => (ms - (before[at] ?? 0)) / count);
  };
  const costs = ROUTES.map(() => ({ hot: [NaN, NaN], cold: [] as number[] }));
  for (const [at, route] of ROUTES.entries())
    Object.assign(costs[at] ?? {}, { hot: await spent(times, () => ask(server.http, route)) });
  for (let turn = 0; turn < COLD_TURNS; turn++) {
    for (const [at, route] of ROUTES.entries()) {
      await Bun.sleep(9);
      costs[at]?.cold.push(...(await spent(1, () => ask(server.http, route))).slice(0, 1));
    }
  }
  const shown = (ms: number | undefined): string => (ms ?? NaN).toFixed(3);
  for (const [at, [path]] of ROUTES.entries()) {
    const { hot = [], cold = [] } = costs[at] ?? {};
    console.log(
      `${path.padEnd(24)} main thread ${shown(hot[0])} ms, all threads ${shown(hot[1])} ms; polled: main thread ${shown(spreadOf(cold).median)} ms`,
    );
  }
  const mean = (of: (cost: (typeof costs)[number]) => number | undefined): string =>
    shown(costs.reduce((sum, cost) => sum + (of(cost) ?? NaN), 0) / costs.length);
  console.log(
    `mean ${mean(({ hot }) => hot[0])} ms, ${mean(({ hot }) => hot[1])} ms; ${mean(({ cold }) => spreadOf(cold).median)} ms`,
  );
  for (const wire of idle) await wire.close();
}

buildLoadgen();
const server = await startServer({
  admin: true,
  kind: "zedis",
  options: { cores: values.cores, "admin-rate-limit": "0", "admin-busy-share": values["busy-share"] },
});
const [ratios, costs, clientCosts, cpuRatios]: [number[], number[], number[], number[]] = [[], [], [], []];
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
  // A client that polls has done so for a while: what is measured is not the first run of any code.
  const warm = poll(server.http, 2000);
  await Bun.sleep(WARM_MS);
  await warm();
  for (let at = 0; at < Number(values.rounds); at++) {
    const without = await round(server, Number(values.seconds));
    const stop = poll(server.http, Number(values.rate));
    const before = mainThreadMs(server.pid);
    const polled = await round(server, Number(values.seconds));
    const spent = mainThreadMs(server.pid) - before;
    const { requests: count, cpu_ms } = await stop();
    clientCosts.push(cpu_ms / count);
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
const [main, client] = [costs, clientCosts].map((of) => spreadOf(of).median.toFixed(3));
console.log(`main thread ${main} ms a request, the polling client ${client} ms`);
