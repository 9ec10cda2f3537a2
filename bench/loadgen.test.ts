/** The load generator must not believe a server: these servers lie, stall or hang up. */

import { beforeAll, expect, test } from "bun:test";
import { buildLoadgen, type Load, runLoad } from "./loadgen.ts";

beforeAll(buildLoadgen, 180_000);

/** Answers the n-th request of all with `reply(n)`; requests are counted by their first byte, `*`. */
async function against(reply: (nth: number) => string | null, load: Load) {
  let nth = 0;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        for (const byte of chunk) {
          if (byte !== 0x2a) continue;
          const text = reply(nth++);
          if (text === null) socket.end();
          else socket.write(text);
        }
      },
    },
  });
  try {
    return await runLoad(server.port, process.pid, null, { connections: 2, pipeline: 4, ...load });
  } finally {
    server.stop(true);
  }
}

test("every reply is counted by its kind", async () => {
  const kinds = ["+OK\r\n", ":1\r\n", "$2\r\nab\r\n", "$-1\r\n", "*1\r\n*2\r\n:1\r\n:2\r\n"];
  const result = await against((nth) => kinds[nth % 5] ?? "", { template: "GET key:__key__", requests: 1000 });
  expect(result.requests).toBe(1000);
  expect(result.replies).toEqual({ simple: 200, integer: 200, bulk: 200, null: 200, array: 200 });
});

test("one error reply among thousands fails the run and is quoted", async () => {
  const reply = (nth: number) => (nth === 700 ? '-OOM no "room"\r\n' : "+OK\r\n");
  const run = against(reply, { template: "SET key:__key__ __val__", requests: 1000 });
  await expect(run).rejects.toThrow('1 error replies, the first: OOM no "room"');
});

test("a reply of another kind than expected fails the run", async () => {
  const reply = (nth: number) => (nth === 5 ? "$-1\r\n" : "$1\r\nx\r\n");
  const run = against(reply, { template: "GET key:__key__", requests: 100, expect: "bulk" });
  await expect(run).rejects.toThrow("1 replies of the unexpected kind null");
});

test("a closed connection, bytes that are no RESP, and a reply too many fail the run", async () => {
  const load = { template: "PING", requests: 100 };
  await expect(against((nth) => (nth === 50 ? null : "+PONG\r\n"), load)).rejects.toThrow("closed a connection");
  await expect(against(() => "HTTP/1.1 400\r\n", load)).rejects.toThrow("0x48");
  await expect(against(() => "+PONG\r\n+PONG\r\n", load)).rejects.toThrow(/replies where \d+ were due/);
});

test("requests that wait behind a stall count from when they were due", async () => {
  let stalled = false;
  const reply = (nth: number) => {
    if (nth === 50 && !stalled) {
      stalled = true;
      Bun.sleepSync(200);
    }
    return "+PONG\r\n";
  };
  const load = { template: "PING", connections: 1, pipeline: 1, rate: 500, seconds: 1 };
  const { latency_us } = await against(reply, { ...load, requests: 400 });
  // A stall of 200 ms at 500 a second makes about a hundred of the four hundred late, not one.
  expect(latency_us.p90).toBeGreaterThan(50_000);
});

test("a server that never answers has latencies as long as the run, in an open loop", async () => {
  const load = { template: "PING", connections: 2, pipeline: 1, rate: 100, seconds: 0.4 };
  const { requests, latency_us, replies } = await against(() => "", load);
  expect([requests, replies]).toEqual([0, {}]);
  // Due all through 0.9 s of warm-up and window, the first at its start.
  expect(latency_us.max).toBeGreaterThan(800_000);
  expect(latency_us.p50).toBeGreaterThan(300_000);
});
