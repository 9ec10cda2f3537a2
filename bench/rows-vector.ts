/**
 * VSIM beside USearch (`--usearch PYTHON`, a Python that has usearch and numpy), on the same vectors and with the same M and
 * effort in building: CPU of one search, with the least effort in searching that finds 95 of 100 of the true nearest ten.
 *
 * USearch is measured inside its process, without protocol or network; VSIM with both.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Wire } from "../test/harness/wire.ts";
import { Server, type ServerCommand } from "./server.ts";
import type { SingleRow, SingleSettings } from "./single-rows.ts";

const DIMENSIONS = 128;
/** Vectors lie near a subspace of so many dimensions, as embeddings do; evenly random ones have no neighbours to speak of. */
const INNER_DIMENSIONS = 16;
const QUERIES = 2_000;
const JUDGED = 200;
const NEAREST = 10;
const RECALL = 0.95;
const EFFORTS = [20, 32, 48, 64, 96, 128, 192, 256, 384, 512];
const LINKS = 16;
const BUILD_EFFORT = 200;

const KINDS = [
  { name: "vsim", title: "32-bit floats", option: "NOQUANT", dtype: "f32" },
  { name: "vsim-q8", title: "8 bits", option: "Q8", dtype: "i8" },
] as const;

export const VECTOR_ROWS: readonly SingleRow[] = KINDS.map((kind) => ({
  name: kind.name,
  title: `VSIM COUNT 10, recall ≥ 0.95, 50,000 × ${DIMENSIONS}, ${kind.title}: CPU of one search (beside: USearch)`,
  unit: "µs",
  atMost: null,
  atMostTheirs: true,
  measure: async (side: ServerCommand, isA: boolean, settings: SingleSettings) => {
    const count = settings.quick ? 20_000 : 50_000;
    if (isA) return vsim(side, settings, kind.option, count);
    // The second column alone is USearch's: a peer has no second one.
    return side === settings.b && settings.usearch !== null ? usearch(settings, kind.dtype, count) : null;
  },
}));

type Space = { readonly all: Float32Array; readonly queries: Float32Array; readonly nearest: readonly Set<number>[] };

const spaces = new Map<number, Space>();

/** `count` vectors of length 1 and the queries, always the same ones, with the true nearest of the first queries. */
function space(count: number): Space {
  const known = spaces.get(count);
  if (known !== undefined) return known;
  const random = gaussian(12_345);
  const basis = Float32Array.from({ length: INNER_DIMENSIONS * DIMENSIONS }, random);
  const make = (many: number): Float32Array => {
    const made = new Float32Array(many * DIMENSIONS);
    for (let at = 0; at < made.length; at += DIMENSIONS) {
      const one = made.subarray(at, at + DIMENSIONS);
      for (let inner = 0; inner < INNER_DIMENSIONS; inner++) {
        const share = random();
        for (let d = 0; d < DIMENSIONS; d++) one[d] = (one[d] ?? 0) + share * (basis[inner * DIMENSIONS + d] as number);
      }
      for (let d = 0; d < DIMENSIONS; d++) one[d] = (one[d] as number) + 0.5 * random();
      const length = Math.hypot(...one);
      for (let d = 0; d < DIMENSIONS; d++) one[d] = (one[d] as number) / length;
    }
    return made;
  };
  const [all, queries] = [make(count), make(QUERIES)];
  const nearest = Array.from({ length: JUDGED }, (_, query) => nearestTo(all, vector(queries, query)));
  const made = { all, queries, nearest };
  spaces.set(count, made);
  return made;
}

function nearestTo(all: Float32Array, query: Float32Array): Set<number> {
  const near: { index: number; dot: number }[] = [];
  for (let index = 0; index < all.length / DIMENSIONS; index++) {
    let dot = 0;
    const at = index * DIMENSIONS;
    for (let d = 0; d < DIMENSIONS; d++) dot += (all[at + d] as number) * (query[d] as number);
    if (near.length === NEAREST && dot <= (near.at(-1)?.dot ?? 0)) continue;
    near.push({ index, dot });
    near.sort((left, right) => right.dot - left.dot);
    if (near.length > NEAREST) near.pop();
  }
  return new Set(near.map(({ index }) => index));
}

function vector(from: Float32Array, index: number): Float32Array {
  return from.subarray(index * DIMENSIONS, (index + 1) * DIMENSIONS);
}

/** Marsaglia's polar method over a 32-bit xorshift. */
function gaussian(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
  return () => {
    for (;;) {
      const [x, y] = [uniform(), uniform()];
      const square = x * x + y * y;
      if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
    }
  };
}

const bytesOf = (one: Float32Array) => new Uint8Array(one.buffer, one.byteOffset, one.byteLength);

/** µs of the server's CPU for one VSIM at pipeline 16. */
async function vsim(side: ServerCommand, settings: SingleSettings, option: string, count: number): Promise<number> {
  const { all, queries, nearest } = space(count);
  const server = await Server.start(side, settings.serverCpu);
  const wire = await Wire.connect({ hostname: "127.0.0.1", port: server.port });
  try {
    const build = ["M", String(LINKS), "EF", String(BUILD_EFFORT)];
    for (let at = 0; at < count; at += 16) {
      const batch = Array.from({ length: Math.min(16, count - at) }, (_, nth) =>
        wire.call(["VADD", "v", "FP32", bytesOf(vector(all, at + nth)), String(at + nth), option, ...build]),
      );
      for (const reply of await Promise.all(batch)) if (reply.kind === "error") throw new Error(reply.text);
    }
    const search = (query: number, effort: number) =>
      wire.call(["VSIM", "v", "FP32", bytesOf(vector(queries, query)), "COUNT", String(NEAREST), "EF", String(effort)]);
    for (const effort of EFFORTS) {
      let found = 0;
      for (const [query, wanted] of nearest.entries()) {
        const reply = await search(query, effort);
        if (reply.kind !== "array") throw new Error(`VSIM replied ${reply.kind}`);
        for (const item of reply.items) if (item.kind === "bulk" && wanted.has(Number(item.bytes))) found++;
      }
      const recall = found / (JUDGED * NEAREST);
      if (recall < RECALL) continue;
      settings.note(`VSIM ${option}: recall ${recall.toFixed(3)} at EF ${effort}`);
      const before = cpuNs(server.pid);
      for (let at = 0; at < QUERIES; at += 16)
        await Promise.all(Array.from({ length: 16 }, (_, nth) => search((at + nth) % QUERIES, effort)));
      return (cpuNs(server.pid) - before) / 1_000 / QUERIES;
    }
    throw new Error(`recall stays below ${RECALL}`);
  } finally {
    wire.close();
    await server.stop();
  }
}

/** The same inside USearch, on one thread. */
async function usearch(settings: SingleSettings, dtype: string, count: number): Promise<number> {
  const { all, queries, nearest } = space(count);
  const directory = mkdtempSync(join(tmpdir(), "zedis-bench-"));
  try {
    await Bun.write(join(directory, "all.f32"), bytesOf(all));
    await Bun.write(join(directory, "queries.f32"), bytesOf(queries));
    await Bun.write(join(directory, "nearest.json"), JSON.stringify(nearest.map((set) => [...set])));
    const options = { directory, dtype, dimensions: DIMENSIONS, links: LINKS, build: BUILD_EFFORT, recall: RECALL };
    const script = join(import.meta.dir, "beside_usearch.py");
    const command = [settings.usearch ?? "python3", script, JSON.stringify({ ...options, efforts: EFFORTS })];
    const pin = settings.serverCpu === null ? [] : ["taskset", "-c", String(settings.serverCpu)];
    const run = Bun.spawnSync([...pin, ...command], { stderr: "inherit" });
    if (run.exitCode !== 0) throw new Error(`${command[0]} ${script} ended with ${run.exitCode}`);
    const { us, recall, effort } = JSON.parse(run.stdout.toString()) as { us: number; recall: number; effort: number };
    settings.note(`USearch ${dtype}: recall ${recall.toFixed(3)} at expansion ${effort}`);
    return us;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** CPU time of all the server's threads. */
function cpuNs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]),
    0,
  );
}
