/** Runs the load rows: both servers up, one of them stopped while the other is measured, A B A B. */

import { loadFunctions } from "./functions.ts";
import type { LoadRow } from "./load-rows.ts";
import { type LoadResult, runLoad } from "./loadgen.ts";
import { Server, type ServerCommand } from "./server.ts";

export type Settings = {
  readonly a: ServerCommand;
  readonly b: ServerCommand;
  readonly rounds: number;
  readonly seconds: number;
  readonly serverCpu: number | null;
  readonly clientCpu: number | null;
  readonly note: (text: string) => void;
};

export type LoadMeasurement = {
  readonly row: LoadRow;
  readonly a: readonly LoadResult[];
  readonly b: readonly LoadResult[];
  /** What went wrong, when something did; the rounds measured until then are kept. */
  readonly failed: string | null;
};

/** Measures every row on one pair of servers, which stay up: both hold the same keys all the time. */
export async function measureLoads(rows: readonly LoadRow[], settings: Settings): Promise<LoadMeasurement[]> {
  if (rows.length === 0) return [];
  const a = await Server.start(settings.a, settings.serverCpu);
  try {
    const b = await Server.start(settings.b, settings.serverCpu);
    try {
      const preloaded = new Set<unknown>();
      const measurements: LoadMeasurement[] = [];
      for (const row of rows) {
        settings.note(row.title);
        measurements.push(await measureRow(row, a, b, preloaded, settings));
      }
      return measurements;
    } finally {
      await b.stop();
    }
  } finally {
    await a.stop();
  }
}

async function measureRow(
  row: LoadRow,
  a: Server,
  b: Server,
  preloaded: Set<unknown>,
  settings: Settings,
): Promise<LoadMeasurement> {
  const results = { a: [] as LoadResult[], b: [] as LoadResult[] };
  try {
    await prepare(row, [a, b], preloaded, settings);
    for (let round = 0; round < settings.rounds; round++) {
      for (const [server, other, list] of [
        [a, b, results.a],
        [b, a, results.b],
      ] as const) {
        other.pause();
        server.resume();
        const load = { ...row.load, seconds: settings.seconds };
        list.push(await runLoad(server.port, server.pid, settings.clientCpu, load));
      }
    }
    return { row, ...results, failed: null };
  } catch (error) {
    return { row, ...results, failed: String(error) };
  } finally {
    a.resume();
    b.resume();
  }
}

async function prepare(
  row: LoadRow,
  servers: readonly Server[],
  preloaded: Set<unknown>,
  settings: Settings,
): Promise<void> {
  if (row.usesFunctions && !preloaded.has("functions")) {
    for (const server of servers) await loadFunctions(server);
    preloaded.add("functions");
  }
  if (row.setup !== undefined && !preloaded.has(row.setup)) {
    for (const server of servers) for (const command of row.setup) await server.command(...command);
    preloaded.add(row.setup);
  }
  const keys = row.load.keys;
  if (row.preload === null || keys === undefined || preloaded.has(`${row.preload} ${keys}`)) return;
  for (const server of servers) await preload(server, row.preload, keys, settings);
  preloaded.add(`${row.preload} ${keys}`);
}

/** Sends the template once for each of `keys` keys. */
export async function preload(
  server: Server,
  template: string,
  keys: number,
  settings: Pick<Settings, "clientCpu">,
): Promise<void> {
  const load = { template, keys, sequential: true, requests: keys, pipeline: 50, connections: 20 };
  await runLoad(server.port, server.pid, settings.clientCpu, load);
}
