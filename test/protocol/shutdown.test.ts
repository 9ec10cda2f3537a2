/** SIGTERM and SIGINT: stop accepting, deliver what is owed, exit 0. */
import { expect, test } from "bun:test";
import { encodeRequest, readReplies, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { until, within } from "../harness/wait.ts";
import { ByteSocket } from "../harness/wire.ts";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends an idle server with exit code 0 and closes its connections`, async () => {
    const server = await startServer();
    const wire = await server.connect();
    await wire.call("SET k v");
    server.signal(signal);
    expect(await within(10_000, "the exit", server.exited)).toBe(0);
    await within(5000, "the connection's end", wire.bytes.closed);
    await expect(ByteSocket.open(server.address)).rejects.toThrow();
    await server.stop();
  });

  // redis-server drops what it has not sent yet, so this is asked of Zedis alone.
  test.skipIf(isOracle)(
    `${signal} under load cuts no reply in half, and every executed command is answered`,
    async () => {
      const server = await startServer();
      const sockets = await Promise.all(Array.from({ length: 4 }, () => ByteSocket.open(server.address)));
      const request = Buffer.concat(Array.from({ length: 1000 }, () => encodeRequest(["INCRBY", "n", "1"])));
      let isStopping = false;
      const load = sockets.map(async (socket) => {
        while (!isStopping && !socket.isClosed) {
          if (socket.unsentBytes < 1_000_000) socket.write(request);
          await Bun.sleep(1);
        }
      });
      await until("the load", () => sockets.every((socket) => socket.received.length > 50_000));
      server.signal(signal);
      const exitCode = await within(15_000, "the exit", server.exited);
      isStopping = true;
      await Promise.all(load);
      await within(5000, "the connections' end", Promise.all(sockets.map((socket) => socket.closed)));
      expect(exitCode).toBe(0);
      // Each executed INCRBY has its own number: were one executed and not answered, the highest would exceed the count.
      const numbers = sockets.flatMap((socket) =>
        readReplies(socket.received).map((reply) => (reply.kind === "integer" ? Number(reply.value) : 0)),
      );
      expect(numbers.reduce((most, number) => Math.max(most, number), 0)).toBe(numbers.length);
      await server.stop();
    },
  );
}

test("a slow reader does not keep the server from ending", async () => {
  const server = await startServer();
  const wire = await server.connect();
  await wire.call(["SET", "big", "x".repeat(1_000_000)]);
  const slow = await ByteSocket.open(server.address);
  slow.pause();
  slow.write(Buffer.concat(Array.from({ length: 50 }, () => encodeRequest(["GET", "big"]))));
  expect(textOf(await wire.call("PING"))).toBe("PONG");
  server.signal("SIGTERM");
  expect(await within(15_000, "the exit", server.exited)).toBe(0);
  slow.abort();
  await server.stop();
});

test("a second signal while stopping does no harm", async () => {
  const server = await startServer();
  server.signal("SIGTERM");
  server.signal("SIGTERM");
  expect(await within(10_000, "the exit", server.exited)).toBe(0);
  await server.stop();
});

test("a port that is taken is one clear message and exit code 1", async () => {
  const server = await startServer();
  const failure = await startServer({ options: { port: String(server.port) } }).then(
    (second) => second.stop().then(() => null),
    (error: Error & { exitCode: number; output: string }) => error,
  );
  expect(failure?.exitCode).toBe(1);
  expect(failure?.output).toMatch(/address already in use|Address already in use|EADDRINUSE/);
  await server.stop();
});
