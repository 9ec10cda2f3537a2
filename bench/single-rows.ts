/** Figures that are no load: memory, starting, loading, what a host call costs, and GETs while KEYS walks. */

import { libraryOf100Lines, loadFunctions } from "./functions.ts";
import { runLoad } from "./loadgen.ts";
import { preload, type Settings } from "./measure-load.ts";
import { bytesPerElement, MEMORY_ROWS } from "./rows-memory.ts";
import { VECTOR_ROWS } from "./rows-vector.ts";
import { Server, type ServerCommand, zedisCommand } from "./server.ts";
import { fill } from "./type-row.ts";

export type SingleRow = {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** An upper limit for side A; none: shown for information. */
  readonly atMost: number | null;
  /** The limit is what the other sides need in the same run. */
  readonly atMostTheirs?: boolean;
  /** One round on one side; null when that side does not have what is measured. */
  readonly measure: (side: ServerCommand, isA: boolean, settings: SingleSettings) => Promise<number | null>;
};

export type SingleSettings = Settings & {
  readonly quick: boolean;
  /** Side A is the Zedis of this checkout, so it may be started with other options. */
  readonly aIsZedis: boolean;
  /** A Python that has usearch; none: VSIM stands alone. */
  readonly usearch: string | null;
};

const MILLION = 1_000_000;

/** Those of the data types: `--types`. */
export const TYPE_FIGURES: readonly SingleRow[] = [
  ...MEMORY_ROWS,
  ...VECTOR_ROWS,
  {
    name: "two-cores",
    title: `GET, pipeline 16: rate of two cores over that of one, on ${navigator.hardwareConcurrency} CPUs that the client shares`,
    unit: "×",
    atMost: null,
    measure: twoCores,
  },
];

export const SINGLE_ROWS: readonly SingleRow[] = [
  {
    name: "dry-run",
    title: "FCALL_DRYRUN over FCALL, get, compare, set, pipeline 16: server CPU",
    unit: "×",
    atMost: 2,
    measure: dryRun,
  },
  {
    name: "memory",
    title: "memory per key, 1 M keys of 16 B + 16 B",
    unit: "B",
    atMost: 60,
    measure: (side, _isA, settings) => residentPerKey(side, settings, "SET key:__key__ __val__"),
  },
  {
    name: "memory-expiry",
    title: "the same with expiry",
    unit: "B",
    atMost: 72,
    measure: (side, _isA, settings) => residentPerKey(side, settings, "SET key:__key__ __val__ EX 100000"),
  },
  { name: "start", title: "start to first PONG", unit: "ms", atMost: 300, measure: startToPong },
  {
    name: "function-load",
    title: "FUNCTION LOAD of 100 lines, all cores live",
    unit: "ms",
    atMost: 20,
    measure: functionLoad,
  },
  {
    name: "get-int",
    title: "Zedis.get_int in a procedure, per call",
    unit: "ns",
    atMost: 60,
    measure: (side, _isA, settings) => hostCall(side, settings, "repeatGetInt", "cnt:000000000001"),
  },
  {
    name: "get-16",
    title: "Zedis.get of 16 B in a procedure, per call",
    unit: "ns",
    atMost: 120,
    measure: (side, _isA, settings) => hostCall(side, settings, "repeatGet", "key:000000000001"),
  },
  {
    name: "get-computed",
    title: "the same, key built in the procedure",
    unit: "ns",
    atMost: null,
    measure: (side, _isA, settings) => hostCall(side, settings, "repeatGetComputed", "key:000000000"),
  },
  {
    name: "keys-walk",
    title: "p99 of GETs while KEYS * walks 5 M keys",
    unit: "ms",
    atMost: 5,
    measure: getsDuringKeys,
  },
  ...TYPE_FIGURES,
];

async function withServer<T>(
  side: ServerCommand,
  cpu: number | null,
  work: (server: Server) => Promise<T>,
): Promise<T> {
  const server = await Server.start(side, cpu);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

async function residentPerKey(side: ServerCommand, settings: SingleSettings, template: string): Promise<number> {
  return (await bytesPerElement(side, settings, fill(template, MILLION))).resident;
}

/** Nothing is pinned: with two CPUs the client takes its time from the second core. */
async function twoCores(_side: ServerCommand, isA: boolean, settings: SingleSettings): Promise<number | null> {
  if (!isA || !settings.aIsZedis) return null;
  const rate = (cores: number) =>
    withServer(zedisCommand(cores), null, async (server) => {
      await preload(server, "SET key:__key__ __val__", MILLION, { clientCpu: null });
      const load = { template: "GET key:__key__", pipeline: 16, connections: 100, expect: "bulk" };
      return (await runLoad(server.port, server.pid, null, { ...load, seconds: settings.seconds })).rps;
    });
  const one = await rate(1);
  return (await rate(2)) / one;
}

/** Not pinned, with the default number of cores: what a user waits for. */
async function startToPong(side: ServerCommand, isA: boolean, settings: SingleSettings): Promise<number> {
  const command = isA && settings.aIsZedis ? zedisCommand(null) : side;
  return withServer(command, null, async (server) => server.startMs);
}

async function functionLoad(side: ServerCommand, isA: boolean, settings: SingleSettings): Promise<number | null> {
  if (!isA || !settings.aIsZedis) return null;
  return withServer(side.command.includes("--cores 1") ? zedisCommand(null) : side, null, async (server) => {
    const samples: number[] = [];
    for (let version = 0; version < 11; version++) {
      const text = libraryOf100Lines(version);
      const started = performance.now();
      await server.command("FUNCTION", "LOAD", "REPLACE", text);
      samples.push(performance.now() - started);
    }
    // The first load of a process also loads the compiler itself; it counts like any other.
    return samples.reduce((sum, ms) => sum + ms, 0) / samples.length;
  });
}

/** ns per host call: a long loop less a short one, so that the FCALL around it cancels out. */
async function hostCall(side: ServerCommand, settings: SingleSettings, fn: string, key: string): Promise<number> {
  return withServer(side, settings.serverCpu, async (server) => {
    await loadFunctions(server);
    await server.command("SET", "cnt:000000000001", "12345");
    await preload(server, "SET key:__key__ __val__", 1000, settings);
    const timed = async (times: number): Promise<number> => {
      const started = performance.now();
      await server.command("FCALL", fn, "1", key, String(times));
      return performance.now() - started;
    };
    const [few, many] = [1_000, settings.quick ? 101_000 : 301_000];
    for (let warm = 0; warm < 20; warm++) await timed(20_000);
    const samples: number[] = [];
    for (let sample = 0; sample < 5; sample++) {
      const short = await timed(few);
      samples.push(((await timed(many)) - short) * (1e6 / (many - few)));
    }
    return Math.min(...samples);
  });
}

/** Server CPU of a dry run over that of the call; null where there is none. */
async function dryRun(side: ServerCommand, isA: boolean, settings: SingleSettings): Promise<number | null> {
  if (!isA || !settings.aIsZedis) return null;
  return withServer(side, settings.serverCpu, async (server) => {
    await loadFunctions(server);
    await preload(server, "SET inv:__key__ 1000000000", 1000, settings);
    const cpu = async (command: string, expect: string): Promise<number> => {
      const load = { template: `${command} take 1 inv:__key__ 1`, keys: 1000, pipeline: 16, expect };
      const result = await runLoad(server.port, server.pid, settings.clientCpu, { ...load, seconds: settings.seconds });
      return result.server_cpu_us ?? Number.NaN;
    };
    const call = await cpu("FCALL", "integer");
    return (await cpu("FCALL_DRYRUN", "array")) / call;
  });
}

/** ms; an open loop, so that a request that was due while the server slept counts from then. */
async function getsDuringKeys(side: ServerCommand, _isA: boolean, settings: SingleSettings): Promise<number> {
  const keys = settings.quick ? MILLION : 5 * MILLION;
  return withServer(side, settings.serverCpu, async (server) => {
    await preload(server, "SET key:__key__ __val__", keys, settings);
    const result = await runLoad(server.port, server.pid, settings.clientCpu, {
      template: "GET key:__key__",
      keys,
      // 10 ms between two requests of a connection: one that takes 5 ms does not delay the next one.
      connections: 50,
      rate: 5_000,
      seconds: settings.quick ? 3 : 10,
      background: "KEYS *",
      expect: "bulk",
    });
    const walks = result.background_ms?.length ?? 0;
    if (walks === 0) throw new Error("no KEYS * ended within the measured window");
    return result.latency_us.p99 / 1000;
  });
}
