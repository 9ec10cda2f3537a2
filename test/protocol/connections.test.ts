/** Connections that die, hang or only sit there: the server serves on, and its memory stays bounded. */
import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { Random } from "../harness/random.ts";
import { encodeRequest, numberOf, show, textOf } from "../harness/resp.ts";
import { freePort, startServer } from "../harness/server.ts";
import { suite } from "../harness/suite.ts";
import { until, within } from "../harness/wait.ts";
import { ByteSocket, Wire } from "../harness/wire.ts";
import { afterFin } from "./exchange.ts";

const connections = suite({ options: { maxclients: "12000" } });

/** A failed test must not leave connections that the next one counts. */
const open: Wire[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((wire) => wire.close()));
});
const connect = async (): Promise<Wire> => {
  const wire = await connections.server.connect();
  open.push(wire);
  return wire;
};

/** What the allocator has given out; resident memory moves by as much as this test is after for reasons of its own. */
const usedBytes = async (wire: Wire) => Number(/used_memory:(\d+)/.exec(textOf(await wire.call("INFO memory")))?.[1]);

const connected = async (wire: Wire) =>
  Number(/connected_clients:(\d+)/.exec(textOf(await wire.call("INFO clients")))?.[1]);

test("a client that sends FIN still gets every reply, then the server closes", async () => {
  const requests = Buffer.concat(Array.from({ length: 5000 }, (_, index) => encodeRequest(["ECHO", String(index)])));
  const replies = await afterFin(connections.server.address, requests);
  expect(replies.findIndex((reply, index) => reply !== `"${index}"`)).toBe(-1);
  expect(replies.length).toBe(5000);
});

test("clients killed in the middle of a pipeline leave nothing behind", async () => {
  const wire = await connect();
  await wire.call("FLUSHALL");
  const random = new Random(21);
  const pipeline = Buffer.concat(
    Array.from({ length: 200 }, (_, index) => encodeRequest(index % 2 ? ["GET", "v"] : ["SET", "v", "x".repeat(5000)])),
  );
  const batch = async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => ByteSocket.open(connections.server.address)));
    for (const socket of sockets) {
      socket.write(pipeline.subarray(0, random.below(pipeline.length)));
      if (random.chance(0.5)) socket.pause();
    }
    await wire.call("PING");
    for (const socket of sockets) socket.abort();
  };
  // Warm first: what the allocator keeps of the first rounds is no leak.
  for (let round = 0; round < 60; round++) await batch();
  await until("the dead to be forgotten", async () => (await connected(wire)) === 1);
  const before = await usedBytes(wire);
  for (let round = 0; round < 60; round++) await batch();
  await until("the dead to be forgotten", async () => (await connected(wire)) === 1);
  // 1,200 of them: what each might leave is a buffer of some hundred kilobytes.
  await until("their memory to be given back", async () => (await usedBytes(wire)) - before < 4_000_000);
  expect(textOf(await wire.call("ECHO alive"))).toBe("alive");
}, 60_000);

test("a transaction whose client dies before EXEC is gone", async () => {
  const wire = await connect();
  const dying = await connect();
  await dying.pipeline(["MULTI", "SET unborn 1"]);
  dying.bytes.abort();
  await until("the client to be forgotten", async () => (await connected(wire)) === 1);
  expect(numberOf(await wire.call("EXISTS unborn"))).toBe(0);
});

test("10,000 idle connections cost little and hold nobody up", async () => {
  const wire = await connect();
  await wire.call("FLUSHALL");
  await wire.call("PING");
  const before = await connections.server.residentBytes();
  const idle: ByteSocket[] = [];
  while (idle.length < 10_000) {
    idle.push(...(await Promise.all(Array.from({ length: 200 }, () => ByteSocket.open(connections.server.address)))));
  }
  await until("all to be accepted", async () => (await connected(wire)) === 10_001, { limit_ms: 20_000 });
  expect((await connections.server.residentBytes()) - before).toBeLessThan(10_000 * 20_000);
  const start = performance.now();
  for (let index = 0; index < 200; index++) expect(textOf(await wire.call(`ECHO ${index}`))).toBe(String(index));
  expect((performance.now() - start) / 200).toBeLessThan(200);
  const awake = idle.slice(0, 500);
  for (const socket of awake) socket.write("PING\r\n");
  await until("some of them to be served", () => awake.every((socket) => socket.received.toString() === "+PONG\r\n"));
  for (const socket of idle) socket.close();
  await until("all to be gone", async () => (await connected(wire)) === 1, { limit_ms: 20_000 });
}, 60_000);

test("thousands of connections come and go one after another", async () => {
  const wire = await connect();
  for (let round = 0; round < 40; round++) {
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        expect(await afterFin(connections.server.address, "PING\r\n")).toEqual(["+PONG"]);
      }),
    );
  }
  await until("all to be gone", async () => (await connected(wire)) === 1);
}, 60_000);

test("a unix socket serves like TCP, with the permissions it was given", async () => {
  const path = join("/tmp", `zedis-test-${process.pid}-${Date.now()}.sock`);
  const server = await startServer({ options: { port: String(freePort()), unixsocket: path, unixsocketperm: "700" } });
  const wire = await Wire.connect({ unix: path }, 3);
  expect(show(await wire.call("SET k v"))).toBe("+OK");
  const tcp = await server.connect();
  expect(textOf(await tcp.call("GET k"))).toBe("v");
  expect(textOf(await wire.call("CLIENT INFO"))).toMatch(new RegExp(`addr=${path}:0 laddr=${path}:0 .*flags=U `));
  const { mode } = await Bun.file(path).stat();
  expect(mode & 0o777).toBe(0o700);
  const replies = await within(10_000, "a pipeline", wire.pipeline(Array.from({ length: 10_000 }, () => "INCR n")));
  expect(numberOf(replies.at(-1))).toBe(10_000);
  await Promise.all([wire.close(), tcp.close()]);
  await server.stop();
  expect(await Bun.file(path).exists()).toBe(false);
});
