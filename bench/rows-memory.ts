/** Bytes of resident memory per element, at a million elements of each type. */

import { type Load, runLoad } from "./loadgen.ts";
import { Server, type ServerCommand } from "./server.ts";
import type { SingleRow, SingleSettings } from "./single-rows.ts";
import { fill } from "./type-row.ts";

const MILLION = 1_000_000;

export const MEMORY_ROWS: readonly SingleRow[] = [
  row("memory-zset", "sorted set, 1 M members of 16 B, random scores", "ZADD z __rnd:0-999999__ mem:__key__", 60),
  row("memory-set", "set, 1 M members of 16 B", "SADD s mem:__key__", 36),
  row("memory-hash", "hash, 1 M fields of 16 B + 16 B", "HSET h fld:__key__ __val__", 56),
  row(
    "memory-hashes",
    "1 M hashes of 5 small fields, per hash",
    "HSET hsh:__key__ name alice age 30 city paris lang en score 1234",
    110,
  ),
  row("memory-stream", "stream, 1 M entries of two fields", "XADD x * sensor 12 value __key__", "theirs"),
  row("memory-list", "list, 1 M elements of 16 B", "RPUSH l val:__key__", "theirs"),
];

function row(name: string, title: string, template: string, limit: number | "theirs"): SingleRow {
  return {
    name,
    title: `memory: ${title}`,
    unit: "B",
    atMost: limit === "theirs" ? null : limit,
    ...(limit === "theirs" ? { atMostTheirs: true } : {}),
    measure: (side, _isA, settings) => bytesPerElement(side, settings, fill(template, MILLION)),
  };
}

/** Resident memory after and before `load`, over a million. */
export async function bytesPerElement(side: ServerCommand, settings: SingleSettings, load: Load): Promise<number> {
  const server = await Server.start(side, settings.serverCpu);
  try {
    // The connections' buffers and lazily made structures are no memory of keys: they are there before the first reading.
    const warm = { template: "GET key:__key__", requests: 20_000, pipeline: 50, connections: 20 };
    await runLoad(server.port, server.pid, settings.clientCpu, warm);
    const before = await settledBytes(server);
    const { replies } = await runLoad(server.port, server.pid, settings.clientCpu, load);
    if (Object.values(replies).reduce((sum, count) => sum + count, 0) < MILLION)
      throw new Error(`${server.label}: ${JSON.stringify(replies)}`);
    return ((await settledBytes(server)) - before) / MILLION;
  } finally {
    await server.stop();
  }
}

/** Resident memory once it holds still: allocators give pages back, and JavaScript collects, a moment after the load. */
async function settledBytes(server: Server): Promise<number> {
  let last = Number.NaN;
  for (let second = 0; second < 8; second++) {
    await Bun.sleep(1_000);
    const bytes = server.residentBytes();
    if (Math.abs(bytes - last) < MILLION / 4) return bytes;
    last = bytes;
  }
  return last;
}
