/**
 * `bun bench/hit-rate.ts [--seconds N] [--rate R] [--keys N] [--seed S]`: how well keys to evict are chosen. A Zipf trace of reads goes
 * through each server as through a cache: what is missed is written. Beside Zedis and a redis-server, under the same policy, stands
 * exact LRU on the same trace, computed here.
 *
 *   trace    keys by rank, Zipf with exponent 1, over ten times as many keys as fit
 *   room     maxmemory is set so that each server holds the same number of keys (bytes a key differ): a warm-up at that trace, then
 *            corrections once a second until the number of keys is within 0.1 %
 *   pace     requests per second are held back: clocks count in seconds, so a cache that turns over within one second sees no difference
 *            between its keys, whoever chooses
 *
 * All servers run side by side on the same batches, so the machine's load is the same for all; it does not matter for hits.
 */
import { parseArgs } from "node:util";
import { numberOf, textOf } from "../test/harness/resp.ts";
import { Wire } from "../test/harness/wire.ts";
import { findReference, Server, type ServerCommand, zedisCommand } from "./server.ts";

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    rate: { type: "string", default: "4000" },
    keys: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
  },
});
const SECONDS = Number(given.seconds);
const RATE = Number(given.rate);
const HELD = Number(given.keys);
const UNIVERSE = HELD * 10;
const BATCH = 50;
const VALUE = "x".repeat(100);

/** Draws of a key's rank, Zipf with exponent 1, from a seed. */
function zipf(count: number, seed: number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1);
    sums[rank] = sum;
  }
  let state = seed >>> 0;
  // Mulberry32: small, and good enough for a trace that has to be the same again.
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Something that a batch of reads goes through. */
interface Cache {
  readonly label: string;
  hits: number;
  read(ranks: readonly number[]): Promise<void> | void;
}

class ExactLru implements Cache {
  readonly label = "exact LRU";
  hits = 0;
  readonly #order = new Map<number, true>();

  constructor(private readonly room: number) {}

  read(ranks: readonly number[]): void {
    const missed: number[] = [];
    for (const rank of ranks) {
      if (this.#order.delete(rank)) {
        this.#order.set(rank, true);
        this.hits++;
      } else missed.push(rank);
    }
    for (const rank of missed) {
      this.#order.delete(rank);
      this.#order.set(rank, true);
      if (this.#order.size > this.room) this.#order.delete(this.#order.keys().next().value as number);
    }
  }
}

class CachedServer implements Cache {
  hits = 0;
  /** DBSIZE, summed over the looks at it. */
  private sizes = 0;
  private looks = 0;

  private constructor(
    readonly label: string,
    readonly policy: string,
    private readonly server: Server,
    private readonly wire: Wire,
  ) {}

  static async start(command: ServerCommand, policy: string): Promise<CachedServer> {
    const server = await Server.start(command, null);
    const wire = await Wire.connect({ hostname: "127.0.0.1", port: server.port });
    const self = new CachedServer(`${command.label}, ${policy}`, policy, server, wire);
    await wire.call(`CONFIG SET maxmemory-policy ${policy}`);
    return self;
  }

  async read(ranks: readonly number[]): Promise<void> {
    const replies = await this.wire.pipeline(ranks.map((rank) => `GET key:${rank}`));
    const missed = ranks.filter((_, at) => replies[at]?.kind !== "bulk");
    this.hits += ranks.length - missed.length;
    const errors = (await this.wire.pipeline(missed.map((rank) => ["SET", `key:${rank}`, VALUE]))).filter(
      (reply) => reply.kind === "error",
    );
    if (errors.length > 0) throw new Error(`${this.label} refused ${errors.length} writes`);
  }

  async look(): Promise<number> {
    const size = numberOf(await this.wire.call("DBSIZE"));
    this.sizes += size;
    this.looks++;
    return size;
  }

  forgetLooks(): void {
    this.sizes = 0;
    this.looks = 0;
    this.hits = 0;
  }

  get meanSize(): number {
    return this.sizes / this.looks;
  }

  /** Room for about HELD keys: what that many take. */
  async fill(): Promise<void> {
    for (let at = 0; at < HELD; at += 500) {
      await this.wire.pipeline(Array.from({ length: 500 }, (_, index) => ["SET", `key:${at + index}`, VALUE]));
    }
    await this.limit(Number(/used_memory:(\d+)/.exec(textOf(await this.wire.call("INFO memory")))?.[1]));
  }

  async limit(bytes: number): Promise<void> {
    await this.wire.call(`CONFIG SET maxmemory ${bytes}`);
  }

  /** Corrects the limit by the keys that are missing, or too many. */
  async correct(): Promise<void> {
    const missing = HELD - (await this.look());
    const now = Number(textOf((await this.config())[1]));
    if (Math.abs(missing) > HELD / 1000) await this.limit(now + missing * 150);
  }

  private async config() {
    const reply = await this.wire.call("CONFIG GET maxmemory");
    return reply.kind === "array" ? reply.items : [];
  }

  async stop(): Promise<void> {
    await this.wire.close();
    await this.server.stop();
  }
}

/** Sends the trace through all caches, batch by batch, at the given rate. */
async function run(caches: readonly Cache[], draw: () => number, seconds: number, each: () => Promise<void>) {
  const batches = Math.round((seconds * RATE) / BATCH);
  const began = performance.now();
  for (let batch = 0; batch < batches; batch++) {
    const ranks = Array.from({ length: BATCH }, draw);
    await Promise.all(caches.map((cache) => cache.read(ranks)));
    if (batch % Math.ceil(RATE / BATCH) === 0) await each();
    const ahead = began + ((batch + 1) * BATCH * 1000) / RATE - performance.now();
    if (ahead > 1) await Bun.sleep(ahead);
  }
  return batches * BATCH;
}

const reference = findReference();
const commands = [zedisCommand(1), ...(reference === null ? [] : [reference])];
const servers: CachedServer[] = [];
try {
  for (const policy of ["allkeys-lru", "allkeys-lfu"]) {
    for (const command of commands) servers.push(await CachedServer.start(command, policy));
  }
  const lru = new ExactLru(HELD);
  const draw = zipf(UNIVERSE, Number(given.seed));
  for (const server of servers) await server.fill();
  await run([lru, ...servers], draw, SECONDS, async () => {
    for (const server of servers) await server.correct();
  });
  lru.hits = 0;
  for (const server of servers) server.forgetLooks();
  const requests = await run([lru, ...servers], draw, SECONDS, async () => {
    for (const server of servers) await server.look();
  });
  console.log(
    `${requests} reads, Zipf over ${UNIVERSE} keys, room for ${HELD}, ${RATE} a second, seed ${given.seed}\n`,
  );
  console.log("| cache | keys held, mean | hits, % |\n|---|--:|--:|");
  const percent = (hits: number) => ((hits * 100) / requests).toFixed(2);
  for (const server of servers) {
    console.log(`| ${server.label} | ${Math.round(server.meanSize)} | ${percent(server.hits)} |`);
  }
  console.log(`| ${lru.label} | ${HELD} | ${percent(lru.hits)} |`);
} finally {
  for (const server of servers) await server.stop();
}
