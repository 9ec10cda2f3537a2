/** Bytes of memory per element, at a million elements of each type. */

import { type Load, runLoad } from "./loadgen.ts";
import { Server, type ServerCommand } from "./server.ts";
import type { SingleRow, SingleSettings } from "./single-rows.ts";
import { fill } from "./type-row.ts";

const MILLION = 1_000_000;

const TYPES: readonly [name: string, title: string, template: string, limit: number | "theirs"][] = [
  ["zset", "sorted set, 1 M members of 16 B, random scores", "ZADD z __rnd:0-999999__ mem:__key__", 60],
  ["set", "set, 1 M members of 16 B", "SADD s mem:__key__", 36],
  ["hash", "hash, 1 M fields of 16 B + 16 B", "HSET h fld:__key__ __val__", 56],
  [
    "hashes",
    "1 M hashes of 5 small fields, per hash",
    "HSET hsh:__key__ name alice age 30 city paris lang en score 1234",
    110,
  ],
  ["stream", "stream, 1 M entries of two fields", "XADD x * sensor 12 value __key__", "theirs"],
  ["list", "list, 1 M elements of 16 B", "RPUSH l val:__key__", "theirs"],
];

/** Each type twice: by `used_memory`, the unit of the targets, and what the process grew by. */
export const MEMORY_ROWS: readonly SingleRow[] = TYPES.flatMap(([name, title, template, limit]) => {
  // One run of a side gives both figures; the second row takes the one that the first left.
  const left = new Map<string, Bytes[]>();
  const target = limit === "theirs" ? { atMost: null, atMostTheirs: true } : { atMost: limit };
  return [
    {
      name: `memory-${name}`,
      title: `memory: ${title}`,
      unit: "B",
      ...target,
      measure: async (side, _isA, settings) => {
        const bytes = await bytesPerElement(side, settings, fill(template, MILLION));
        left.set(side.label, [...(left.get(side.label) ?? []), bytes]);
        return bytes.used;
      },
    },
    {
      name: `resident-${name}`,
      title: `the same, resident`,
      unit: "B",
      atMost: null,
      measure: async (side, _isA, settings) => {
        const bytes = left.get(side.label)?.shift();
        return (bytes ?? (await bytesPerElement(side, settings, fill(template, MILLION)))).resident;
      },
    },
  ] satisfies SingleRow[];
});

/** Per element: what the process grew by, and what the server says it uses more. */
type Bytes = { readonly resident: number; readonly used: number };

/** After `load` less before, over a million. */
export async function bytesPerElement(side: ServerCommand, settings: SingleSettings, load: Load): Promise<Bytes> {
  const server = await Server.start(side, settings.serverCpu);
  try {
    // The connections' buffers and lazily made structures are no memory of keys: they are there before the first reading.
    const warm = { template: "GET key:__key__", requests: 20_000, pipeline: 50, connections: 20 };
    await runLoad(server.port, server.pid, settings.clientCpu, warm);
    const before = { resident: await settledBytes(server), used: await usedBytes(server) };
    const { replies } = await runLoad(server.port, server.pid, settings.clientCpu, load);
    if (Object.values(replies).reduce((sum, count) => sum + count, 0) < MILLION)
      throw new Error(`${server.label}: ${JSON.stringify(replies)}`);
    const after = { resident: await settledBytes(server), used: await usedBytes(server) };
    return {
      resident: (after.resident - before.resident) / MILLION,
      used: (after.used - before.used) / MILLION,
    };
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

async function usedBytes(server: Server): Promise<number> {
  const reply = await server.command("INFO", "memory");
  const used = reply.kind === "bulk" ? /^used_memory:(\d+)/m.exec(reply.bytes.toString())?.[1] : undefined;
  if (used === undefined) throw new Error(`${server.label}: INFO memory has no used_memory`);
  return Number(used);
}
