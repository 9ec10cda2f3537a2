/** Runs the load rows: both servers up, one of them stopped while the other is measured, A B A B. */

import { loadFunctions } from "./functions.ts";
import type { LoadRow } from "./load-rows.ts";
import { type LoadResult, runLoad } from "./loadgen.ts";
import { Server, type ServerCommand } from "./server.ts";

export type Settings = {
  readonly a: ServerCommand;
  readonly b: ServerCommand;
  /** A third server, measured in the same rounds. */
  readonly peer: ServerCommand | null;
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
  /** Of the peer; empty without one. */
  readonly peer: readonly LoadResult[];
  /** What went wrong, when something did; the rounds measured until then are kept. */
  readonly failed: string | null;
};

/** Measures every row on the same servers, which stay up: all hold the same keys all the time. */
export async function measureLoads(rows: readonly LoadRow[], settings: Settings): Promise<LoadMeasurement[]> {
  if (rows.length === 0) return [];
  const servers: Server[] = [];
  try {
    for (const side of [settings.a, settings.b, settings.peer]) {
      if (side !== null) servers.push(await Server.start(side, settings.serverCpu));
    }
    const done = new Set<unknown>();
    const measurements: LoadMeasurement[] = [];
    for (const row of rows) {
      settings.note(row.title);
      measurements.push(await measureRow(row, servers, done, settings));
    }
    return measurements;
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function measureRow(
  row: LoadRow,
  servers: readonly Server[],
  done: Set<unknown>,
  settings: Settings,
): Promise<LoadMeasurement> {
  const results: LoadResult[][] = servers.map(() => []);
  let failed: string | null = null;
  try {
    await prepare(row, servers, done, settings);
    for (let round = 0; round < settings.rounds; round++) {
      for (const [nth, server] of servers.entries()) {
        for (const other of servers) if (other !== server) other.pause();
        server.resume();
        // What the last load left unread in the server's sockets is worked off before this one begins.
        await server.command("PING");
        for (const command of row.before ?? []) await server.command(...command);
        if (row.refill !== undefined) await runLoad(server.port, server.pid, settings.clientCpu, row.refill);
        const load = { ...row.load, seconds: settings.seconds };
        results[nth]?.push(await runLoad(server.port, server.pid, settings.clientCpu, load));
      }
    }
  } catch (error) {
    failed = String(error);
  } finally {
    for (const server of servers) server.resume();
  }
  const [a = [], b = [], peer = []] = results;
  return { row, a, b, peer, failed };
}

async function prepare(
  row: LoadRow,
  servers: readonly Server[],
  done: Set<unknown>,
  settings: Settings,
): Promise<void> {
  if (row.usesFunctions && !done.has("functions")) {
    for (const server of servers) await loadFunctions(server);
    done.add("functions");
  }
  if (row.setup !== undefined && !done.has(row.setup)) {
    for (const server of servers) for (const command of row.setup) await server.command(...command);
    done.add(row.setup);
  }
  for (const fill of row.fills ?? []) {
    if (done.has(fill)) continue;
    for (const server of servers) await runLoad(server.port, server.pid, settings.clientCpu, fill);
    done.add(fill);
  }
  const keys = row.load.keys;
  if (row.preload === null || keys === undefined || done.has(`${row.preload} ${keys}`)) return;
  for (const server of servers) await preload(server, row.preload, keys, settings);
  done.add(`${row.preload} ${keys}`);
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
