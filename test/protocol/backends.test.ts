/**
 * What holds on each way of doing I/O: a core that another thread takes over loses nothing, output that nobody takes holds
 * its requests back, and a kernel that refuses io_uring is no riddle.
 */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { encodeRequest, readReplies, show, textOf } from "../harness/resp.ts";
import { type Server, StartFailure, startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { until, within } from "../harness/wait.ts";
import { ByteSocket, type Wire } from "../harness/wire.ts";

const LIBRARY = "#!js name=spinning\nfunction spin() { for (;;) {} }\nfunction twice(n) { return n + n; }\n";
const MIB = 1 << 20;

/** Where the kernel gives no io_uring, `--io uring` refuses to start, and there is nothing to test. */
const uringWorks =
  !isOracle &&
  (await startServer({ options: { io: "uring", cores: "1" } }).then(
    (server) => server.stop().then(() => true),
    (error: unknown) => {
      if (error instanceof StartFailure && error.output.includes("gives no io_uring")) return false;
      throw error;
    },
  ));

for (const io of uringWorks ? ["uring", "epoll"] : ["epoll"]) {
  describe.skipIf(isOracle)(`--io ${io}`, () => {
    test("FUNCTION KILL of a spinning function loses no byte of other clients in either direction", async () => {
      const server = await startServer({ options: { io, "procedure-time-limit": "600000" } });
      const admin = await server.connect();
      expect(show(await admin.call(["FUNCTION", "LOAD", LIBRARY]))).toBe('"spinning"');
      await admin.call(["SET", "big", "v".repeat(3 * MIB)]);
      for (let round = 0; round < 5; round++) await killOnce(server, round);
      await server.stop();
    }, 120_000);

    test("a peer that takes no output has its requests wait, in bounded memory, and loses none", async () => {
      const server = await startServer({ options: { io, cores: "1" } });
      const wire = await server.connect();
      await wire.call(["SET", "v", "x".repeat(10_000)]);
      const used = async () => Number(/used_memory:(\d+)/.exec(textOf(await wire.call("INFO memory")))?.[1]);
      const before = await used();
      const slow = await server.connect();
      await slow.call("CLIENT SETNAME slow");
      slow.bytes.pause();
      const count = 30_000;
      const requests = Array.from({ length: count }, (_, index) =>
        encodeRequest(index % 2 ? ["GET", "v"] : ["INCR", "n"]),
      );
      slow.bytes.write(Buffer.concat(requests));
      const ran = async () => Number(textOf(await wire.call("GET n")));
      await until("some requests to run", async () => (await ran()) > 10);
      let last = -1;
      await until(
        "them to stop",
        async () => {
          const now = await ran();
          const stopped = now === last;
          last = now;
          return stopped;
        },
        { pause_ms: 100 },
      );
      // 150 MB of replies were asked for. The server holds 1 MiB and a turn's; some more are in the sockets' buffers.
      const held = Number(/name=slow .* omem=(\d+)/.exec(textOf(await wire.call("CLIENT LIST")))?.[1]);
      expect(held).toBeGreaterThan(MIB / 2);
      expect(held).toBeLessThan(2 * MIB);
      expect(last).toBeLessThan(count / 2);
      expect((await used()) - before).toBeLessThan(16 * MIB);
      slow.bytes.resume();
      const replies = await within(
        30_000,
        "all replies",
        Promise.all(Array.from({ length: count }, () => slow.reply())),
      );
      const wrong = replies.findIndex((reply, index) =>
        index % 2 ? textOf(reply).length !== 10_000 : show(reply) !== `:${index / 2 + 1}`,
      );
      expect(wrong).toBe(-1);
      await server.stop();
    }, 60_000);

    test("a half-closed peer that reads late gets every reply, then the end", async () => {
      const server = await startServer({ options: { io, cores: "1" } });
      const wire = await server.connect();
      await wire.call(["SET", "v", "x".repeat(100_000)]);
      const socket = await ByteSocket.open(server.address);
      socket.pause();
      socket.write(Buffer.concat(Array.from({ length: 300 }, () => encodeRequest(["GET", "v"]))));
      socket.endWriting();
      await until("the server to have begun", async () =>
        /cmdstat_get:calls=\d/.test(textOf(await wire.call("INFO commandstats"))),
      );
      socket.resume();
      await within(20_000, "the end of the connection", socket.closed);
      const replies = readReplies(socket.received);
      expect(replies.length).toBe(300);
      expect(replies.every((reply) => textOf(reply).length === 100_000)).toBe(true);
      await server.stop();
    }, 60_000);

    test("clients reset while output waits for them are forgotten, with all they held", async () => {
      const server = await startServer({ options: { io, cores: "1", maxclients: "200" } });
      const wire = await server.connect();
      await wire.call(["SET", "v", "x".repeat(500_000)]);
      const files = async () =>
        [...new Bun.Glob("*").scanSync({ cwd: `/proc/${server.pid}/fd`, onlyFiles: false })].length;
      const before = await files();
      // More connections in all than maxclients: those that are gone must not count.
      for (let round = 0; round < 10; round++) {
        const sockets = await Promise.all(Array.from({ length: 50 }, () => ByteSocket.open(server.address)));
        for (const socket of sockets) {
          socket.pause();
          socket.write(Buffer.concat(Array.from({ length: 20 }, () => encodeRequest(["GET", "v"]))));
        }
        await wire.call("PING");
        for (const socket of sockets) socket.abort();
        await until("them to be gone", async () =>
          /connected_clients:1\b/.test(textOf(await wire.call("INFO clients"))),
        );
      }
      await until("their descriptors to be closed", async () => (await files()) <= before);
      await server.stop();
    }, 60_000);
  });
}

/** One function spins; the clients of its core have pipelines, halves of requests and slow readers under way; then KILL. */
async function killOnce(server: Server, round: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 16 }, () => server.connect()));
  const [spinner, ...others] = clients as [Wire, ...Wire[]];
  const large = encodeRequest(["ECHO", "e".repeat(700_000)]);
  // A reader with much unsent output, and one in the middle of a large request.
  const slow = others.slice(0, 4);
  for (const wire of slow) {
    wire.bytes.pause();
    for (let count = 0; count < 5; count++) wire.bytes.write(encodeRequest(["GET", "big"]));
  }
  const halves = others.slice(4, 8);
  for (const wire of halves) wire.bytes.write(large.subarray(0, 300_000));
  const pipelined = others.slice(8);
  const key = `counter:${round}`;
  const before = pipelined.map((wire) => wire.pipeline(Array.from({ length: 500 }, () => ["INCR", key])));
  const ended = spinner.call("FCALL spin 0").then(show);
  // The other core answers; whoever does not is where the function spins.
  const during = pipelined.map((wire, index) =>
    wire.pipeline(Array.from({ length: 500 }, (_, at) => `ECHO ${index}:${at}`)),
  );
  const newcomers = Promise.all(Array.from({ length: 8 }, () => server.connect()));
  for (const wire of halves) wire.bytes.write(large.subarray(300_000, 500_000));
  const killer = await until("a client of the core that serves", async () => {
    const candidate = await server.connect();
    const answer = await Promise.race([candidate.call("PING").then(() => true), Bun.sleep(100).then(() => false)]);
    if (answer) return candidate;
    candidate.bytes.abort();
    return null;
  });
  const killed = until("the function to be killed", async () => show(await killer.call("FUNCTION KILL")) === "+OK");
  await within(20_000, "the kill", killed);
  expect(await within(20_000, "the killed call's reply", ended)).toMatch(/^-.*killed by user with FUNCTION KILL/i);

  for (const replies of await within(20_000, "replies of before", Promise.all(before)))
    expect(replies.length).toBe(500);
  expect(textOf(await killer.call(["GET", key]))).toBe(String(500 * pipelined.length));
  for (const [index, replies] of (await within(20_000, "replies of during", Promise.all(during))).entries()) {
    expect(replies.findIndex((reply, at) => textOf(reply) !== `${index}:${at}`)).toBe(-1);
  }
  for (const wire of halves) wire.bytes.write(large.subarray(500_000));
  for (const wire of halves) expect(textOf(await within(20_000, "the large reply", wire.reply())).length).toBe(700_000);
  for (const wire of slow) {
    wire.bytes.resume();
    const replies = await within(
      20_000,
      "the slow replies",
      Promise.all(Array.from({ length: 5 }, () => wire.reply())),
    );
    expect(replies.every((reply) => textOf(reply).length === 3 * MIB)).toBe(true);
  }
  for (const wire of await within(20_000, "connections made while it spun", newcomers)) {
    expect(show(await within(20_000, "a newcomer's reply", wire.call("FCALL twice 0 21")))).toBe('"2121"');
    clients.push(wire);
  }
  await Promise.all([...clients, killer].map((wire) => wire.close()));
}

describe.skipIf(isOracle)("where the kernel refuses io_uring", () => {
  const preload = join(import.meta.dir, "refuse-uring.ts");

  test("--io auto serves through epoll", async () => {
    const server = await startServer({ options: { io: "auto" }, env: { BUN_OPTIONS: `--preload ${preload}` } });
    const wire = await server.connect();
    expect(textOf(await wire.call("INFO server"))).toContain("multiplexing_api:epoll");
    expect(server.log).toMatch(/I\/O through epoll/);
    await server.stop();
  });

  test("--io uring is a start error that says why", async () => {
    const start = startServer({ options: { io: "uring" }, env: { BUN_OPTIONS: `--preload ${preload}` } });
    const failure = await start.then(
      () => null,
      (error: unknown) => error as StartFailure,
    );
    expect(failure).toBeInstanceOf(StartFailure);
    expect(failure?.exitCode).toBe(1);
    expect(failure?.output).toMatch(/Cannot start: this kernel gives no io_uring .*Operation not permitted/);
  });
});
