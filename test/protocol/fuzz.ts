/** Mutated requests against a live server: it must answer valid RESP or close, serve on, and keep its memory. */
import { Random } from "../harness/random.ts";
import { MalformedReply, ReplyReader, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { until, within } from "../harness/wait.ts";
import { ByteSocket } from "../harness/wire.ts";
import { fuzzLibrary, mutatedBatch } from "./mutate.ts";

export interface FuzzReport {
  readonly requests: number;
  readonly connections: number;
  /** As the server counts them: a run that the server cuts short everywhere would show here. */
  readonly executed: number;
  readonly errors: number;
  /** Bytes that the allocator has given out: resident memory moves by as much as a leak would for reasons of its own. */
  readonly usedBefore: number;
  readonly usedAfter: number;
}

const requestsPerConnection = 100;
const lanes = 8;

/**
 * Sends at least `requests` mutated requests over connections of a hundred each, eight at a time. Throws with the seed of the
 * connection when the server dies, hangs, or sends bytes that are not RESP.
 */
export async function fuzzRequests(
  seed: number,
  requests: number,
  report: (line: string) => void = () => {},
): Promise<FuzzReport> {
  // Small limits keep a lucky SETRANGE from filling the machine's memory; they are not what is tested here.
  const server = await startServer({ options: { "proto-max-bulk-len": "1mb" } });
  try {
    const wire = await server.connect();
    const [loaded] = await wire.pipeline([["FUNCTION", "LOAD", fuzzLibrary]]);
    if (loaded?.kind !== "bulk") throw new Error(`the library does not load: ${JSON.stringify(loaded)}`);
    await wire.close();
    // Warm first: buffers and tables that any client would make are no leak.
    for (let index = 0; index < lanes * 4; index++) await oneConnection(server, seed ^ (0x5eed0000 + index));
    await calm(server);
    const usedBefore = await used(server);
    const connections = Math.ceil(requests / requestsPerConnection);
    let next = 0;
    const lane = async () => {
      while (next < connections) {
        const index = next++;
        await oneConnection(server, seed + index);
        if (index % 1000 === 999)
          report(
            `${(index + 1) * requestsPerConnection} requests, ${Math.round((await server.residentBytes()) / 2 ** 20)} MiB`,
          );
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    await calm(server);
    const { executed, errors } = await counted(server);
    return {
      executed,
      errors,
      requests: connections * requestsPerConnection,
      connections,
      usedBefore,
      usedAfter: await used(server),
    };
  } finally {
    await server.stop();
  }
}

async function oneConnection(server: Server, seed: number): Promise<void> {
  const random = new Random(seed);
  const batch = mutatedBatch(random, requestsPerConnection);
  const blame = (what: string) =>
    new Error(
      `${what}; repeat with FUZZ_SEED=${seed} FUZZ_REQUESTS=${requestsPerConnection}\n${server.log.slice(-2000)}`,
    );
  const socket = await ByteSocket.open(server.address).catch(() => {
    throw blame("the server takes no connection any more");
  });
  if (random.chance(0.3)) {
    const cut = random.below(batch.length);
    socket.write(batch.subarray(0, cut));
    await Bun.sleep(0);
    socket.write(batch.subarray(cut));
  } else socket.write(batch);
  if (random.chance(0.05)) {
    socket.abort();
    return;
  }
  socket.endWriting();
  await within(20_000, "the end of a connection", socket.closed).catch(() => {
    throw blame("the server neither answers nor closes");
  });
  try {
    const reader = new ReplyReader();
    // The last reply may be cut where the server closed on a protocol error with bytes unread (a reset loses what was under way).
    for (let at = 0; at < socket.received.length; at = reader.at)
      if (reader.read(socket.received, at, socket.received.length) === null) break;
  } catch (error) {
    if (error instanceof MalformedReply) throw blame(`not RESP: ${error.message}`);
    throw error;
  }
}

async function counted(server: Server): Promise<{ executed: number; errors: number }> {
  const wire = await server.connect();
  const text = textOf(await wire.call("INFO stats"));
  await wire.close();
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);
  return { executed: figure("total_commands_processed"), errors: figure("total_error_replies") };
}

async function used(server: Server): Promise<number> {
  const wire = await server.connect();
  const text = textOf(await wire.call("INFO memory"));
  await wire.close();
  return Number(/^used_memory:(\d+)/m.exec(text)?.[1] ?? Number.NaN);
}

/** The server answers, on a new connection, and has forgotten all others and all keys. */
async function calm(server: Server): Promise<void> {
  await until("a quiet server", async () => {
    const wire = await server.connect();
    const [flushed, info] = await within(
      10_000,
      "an answer after the fuzz",
      wire.pipeline(["FLUSHALL", "INFO clients"]),
    );
    await wire.close();
    return (
      flushed?.kind === "simple" && info?.kind === "bulk" && info.bytes.toString().includes("connected_clients:1\r")
    );
  });
}
