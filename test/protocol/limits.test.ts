/** What a client may not exceed: sizes of requests and replies, number of connections, idle time. */
import { expect, test } from "bun:test";
import { err, errorLike, ok } from "../harness/expected.ts";
import { encodeRequest, readReplies, show, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { until, within } from "../harness/wait.ts";
import { ByteSocket } from "../harness/wire.ts";
import { afterFin, untilClosed } from "./exchange.ts";

const limits = suite();

test("proto-max-bulk-len bounds an argument and what a string may grow to", async () => {
  const wire = await limits.server.connect();
  await check(wire, [["CONFIG SET proto-max-bulk-len 1mb", ok]]);
  try {
    await check(wire, [
      [["SET", "k", "x".repeat(1_048_576)], ok],
      ["STRLEN k", 1_048_576],
    ]);
    const request = encodeRequest(["SET", "k", "x".repeat(1_048_577)]);
    expect(await untilClosed(limits.server.address, request.subarray(0, 60))).toEqual([
      "-ERR Protocol error: invalid bulk length",
    ]);
    const tooLong = err("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    await check(wire, [
      ["APPEND k y", tooLong],
      ["SETRANGE k 1048576 y", tooLong],
      ["SETRANGE fresh 1048576 y", tooLong],
      ["SETRANGE k 1048575 y", 1_048_576],
      ["EXISTS fresh", 0],
    ]);
  } finally {
    await wire.call("CONFIG SET proto-max-bulk-len 512mb");
    await wire.close();
  }
});

// redis-server dies of it: out of memory.
test.skipIf(isOracle)(
  "an offset beyond what can be allocated is refused, whatever proto-max-bulk-len says",
  async () => {
    const wire = await limits.server.connect();
    await check(wire, [["CONFIG SET proto-max-bulk-len 9223372036854775807", ok]]);
    try {
      const tooLong = err("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
      await check(wire, [
        ["SETRANGE none 9223372036854775000 y", tooLong],
        ["SETBIT none 9223372036854775807 1", errorLike(/^ERR bit offset/)],
        ["BITFIELD none SET u8 #999999999999999999 1", errorLike(/^ERR bit offset/)],
        ["EXISTS none", 0],
      ]);
      for (const length of ["9223372036854775807", "4294967296", "2147483648"]) {
        expect(await untilClosed(limits.server.address, Buffer.from(`*2\r\n$4\r\nECHO\r\n$${length}\r\nabc`))).toEqual([
          "-ERR Protocol error: invalid bulk length",
        ]);
      }
    } finally {
      await wire.call("CONFIG SET proto-max-bulk-len 512mb");
      await wire.close();
    }
  },
);

test("client-query-buffer-limit ends a connection that sends more than that as one request", async () => {
  const wire = await limits.server.connect();
  await check(wire, [["CONFIG SET client-query-buffer-limit 1mb", ok]]);
  try {
    const socket = await ByteSocket.open(limits.server.address);
    const request = encodeRequest(["SET", "k", "x".repeat(8_000_000)]);
    socket.write(request.subarray(0, 7_000_000));
    await within(10_000, "the connection's end", socket.closed);
    expect(readReplies(socket.received).map(show)).toEqual([]);
    expect(await afterFin(limits.server.address, encodeRequest(["SET", "k", "x".repeat(500_000)]))).toEqual(["+OK"]);
    // The limit is on what waits to be executed, not on what a pipeline sends in all.
    const many = Buffer.concat(Array.from({ length: 100 }, () => encodeRequest(["SET", "k", "x".repeat(100_000)])));
    expect((await afterFin(limits.server.address, many)).length).toBe(100);
  } finally {
    await wire.call("CONFIG SET client-query-buffer-limit 1gb");
    await wire.close();
  }
});

for (const [name, limit] of [
  ["hard", "normal 1mb 0 0"],
  ["soft", "normal 0 100kb 1"],
] as const) {
  test(`a slow reader over the ${name} output buffer limit is cut off, others are served`, async () => {
    const wire = await limits.server.connect();
    await check(wire, [
      [["CONFIG", "SET", "client-output-buffer-limit", limit], ok],
      [["SET", "big", "x".repeat(100_000)], ok],
    ]);
    const slow = await limits.server.connect();
    const id = show(await slow.call("CLIENT ID")).slice(1);
    slow.bytes.pause();
    slow.bytes.write(Buffer.concat(Array.from({ length: 300 }, () => encodeRequest(["GET", "big"]))));
    try {
      await until("the slow reader to be cut off", async () => textOf(await wire.call(`CLIENT LIST ID ${id}`)) === "", {
        limit_ms: 8_000,
        pause_ms: 20,
      });
      await check(wire, [["PING hello", "hello"]]);
      slow.bytes.resume();
      await within(10_000, "the end of the slow reader", slow.bytes.closed);
    } finally {
      await wire.call(["CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0"]);
      slow.bytes.abort();
      await wire.close();
    }
  });
}

test("memory stays bounded while a slow reader asks for more than its limit", async () => {
  const wire = await limits.server.connect();
  await check(wire, [
    ['CONFIG SET client-output-buffer-limit "normal 8mb 0 0"', ok],
    [["SET", "big", "x".repeat(1_000_000)], ok],
  ]);
  const before = await limits.server.residentBytes();
  const slow = await Promise.all(Array.from({ length: 8 }, () => ByteSocket.open(limits.server.address)));
  const request = Buffer.concat(Array.from({ length: 200 }, () => encodeRequest(["GET", "big"])));
  for (const socket of slow) {
    socket.pause();
    socket.write(request);
  }
  let most = before;
  await until(
    "all slow readers to be cut off",
    async () => {
      most = Math.max(most, await limits.server.residentBytes());
      return (
        textOf(await wire.call("CLIENT LIST"))
          .trim()
          .split("\n").length === 1
      );
    },
    { pause_ms: 10 },
  );
  // 8 readers × (8 MiB + the reply that crosses the limit and what is being copied), not 8 × 200 MB.
  expect(most - before).toBeLessThan(400_000_000);
  for (const socket of slow) socket.abort();
  await wire.call('CONFIG SET client-output-buffer-limit "normal 0 0 0"');
  await wire.close();
});

test("maxclients refuses the next connection with a reply and takes it when one has gone", async () => {
  const server = await startServer({ options: { maxclients: "20" } });
  const held = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
  for (const wire of held) expect(textOf(await wire.call("PING"))).toBe("PONG");
  const refused = await ByteSocket.open(server.address);
  await within(5000, "the refusal", refused.closed);
  expect(readReplies(refused.received).map(show)).toEqual(["-ERR max number of clients reached"]);
  const [first, second] = held;
  expect(textOf(await second?.call("INFO stats"))).toMatch(/rejected_connections:1\r/);
  await first?.close();
  await until("a place to be free", async () => {
    const wire = await server.connect();
    const reply = await wire.call("PING").then(show, () => "");
    await wire.close();
    return reply === "+PONG";
  });
  await check(second as NonNullable<typeof second>, [["CONFIG SET maxclients 19", ok]]);
  await Promise.all(held.slice(1).map((wire) => wire.close()));
  await server.stop();
});

test("timeout closes an idle connection and leaves a busy one", async () => {
  const server = await startServer({ options: { timeout: "1" } });
  const idle = await server.connect();
  const busy = await server.connect();
  await idle.call("PING");
  const start = performance.now();
  let over = false;
  const closed = idle.bytes.closed.then(() => {
    over = true;
  });
  while (!over && performance.now() - start < 8000) {
    await check(busy, [["ECHO still-here", "still-here"]]);
    await Bun.sleep(50);
  }
  await within(1000, "the idle connection's end", closed);
  expect(performance.now() - start).toBeGreaterThan(900);
  await check(busy, [["ECHO still-here", "still-here"]]);
  await busy.close();
  await server.stop();
});
