/** However the network cuts a pipeline, the replies are the same. */
import { expect, test } from "bun:test";
import { Random } from "../harness/random.ts";
import { encodeRequest } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { within } from "../harness/wait.ts";
import { ByteSocket, Wire } from "../harness/wire.ts";

const splits = suite();

const pipeline = Buffer.concat([
  encodeRequest(["SET", "k", "value\r\nwith *2\r\n$3 inside"]),
  Buffer.from("ECHO 'in line'\r\n"),
  encodeRequest(["GET", "k"]),
  encodeRequest(["MSET", "a", "1", "b", "", "c", "x".repeat(40)]),
  Buffer.from("*0\r\n\r\n"),
  encodeRequest(["MULTI"]),
  encodeRequest(["INCRBY", "a", "1000000"]),
  encodeRequest(["HSET", "h", "f", "v"]),
  encodeRequest(["EXEC"]),
  encodeRequest(["NOSUCH", "arg"]),
  encodeRequest(["MGET", "a", "b", "c", "none"]),
  encodeRequest(["DEL", "a", "k", "h"]),
]);

/** Sends the pieces, with a round trip of another connection between them so that the server sees each on its own. */
async function inPieces(
  sockets: readonly ByteSocket[],
  pieces: (socket: number) => readonly Uint8Array[],
): Promise<string[]> {
  const pacer = await splits.server.connect();
  const most = Math.max(...sockets.map((_, index) => pieces(index).length));
  for (let piece = 0; piece < most; piece++) {
    for (const [index, socket] of sockets.entries()) {
      const bytes = pieces(index)[piece];
      if (bytes) socket.write(bytes);
    }
    await pacer.call("PING");
    await pacer.call("PING");
  }
  for (const socket of sockets) socket.endWriting();
  await within(20_000, "all replies", Promise.all(sockets.map((socket) => socket.closed)));
  await pacer.close();
  return sockets.map((socket) => socket.received.toString("latin1"));
}

const open = (count: number) =>
  Promise.all(Array.from({ length: count }, () => ByteSocket.open(splits.server.address)));

/** Connections share the keys, so each gets names of its own of the same length. */
const named = (index: number): Buffer => {
  const tag = String.fromCharCode(0xa1 + Math.floor(index / 90)) + String.fromCharCode(33 + (index % 90));
  const text = pipeline.toString("latin1").replace(/\$1\r\n([kabch])\r\n/g, (_, name) => `$3\r\n${name}${tag}\r\n`);
  return Buffer.from(text, "latin1");
};

test("a pipeline cut in two at every byte gets the same replies", async () => {
  const whole = (await inPieces(await open(1), () => [named(0)]))[0];
  expect(whole).toContain("+OK\r\n$7\r\nin line\r\n$25\r\n");
  const cuts = named(0).length - 1;
  for (let first = 0; first < cuts; first += 150) {
    const count = Math.min(150, cuts - first);
    const received = await inPieces(await open(count), (index) => {
      const bytes = named(index);
      return [bytes.subarray(0, first + index + 1), bytes.subarray(first + index + 1)];
    });
    for (const [index, text] of received.entries())
      expect(`cut at ${first + index + 1}: ${text}`).toBe(`cut at ${first + index + 1}: ${whole}`);
  }
});

test("a pipeline sent byte by byte gets the same replies", async () => {
  const whole = (await inPieces(await open(1), () => [named(0)]))[0];
  const single = (await inPieces(await open(1), () => Array.from(named(0), (byte) => Buffer.from([byte]))))[0];
  expect(single).toBe(whole);
});

test("a pipeline in random pieces gets the same replies", async () => {
  const random = new Random(11);
  const whole = (await inPieces(await open(1), () => [named(0)]))[0];
  const pieces = Array.from({ length: 100 }, (_, index) => {
    const bytes = named(index);
    const cuts = [0, ...Array.from({ length: random.from(2, 9) }, () => random.below(bytes.length)), bytes.length].sort(
      (a, b) => a - b,
    );
    return cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end));
  });
  const received = await inPieces(await open(100), (index) => pieces[index] ?? []);
  for (const text of received) expect(text).toBe(whole ?? "");
});

test("a large value arrives whole in any number of pieces", async () => {
  const wire = await Wire.connect(splits.server.address);
  const value = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  const request = encodeRequest(["SET", "large", value]);
  const random = new Random(12);
  for (let at = 0; at < request.length; ) {
    const end = at + random.from(1, 9000);
    wire.bytes.write(request.subarray(at, end));
    at = end;
    if (random.chance(0.3)) await Bun.sleep(0);
  }
  expect((await wire.reply()).kind).toBe("simple");
  const reply = await wire.call("GET large");
  expect(reply.kind === "bulk" && reply.bytes.equals(value)).toBe(true);
  await wire.close();
});
