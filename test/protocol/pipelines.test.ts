/** Pipelines of any length: every reply, in order, without holding up others. */
import { expect, test } from "bun:test";
import { encodeRequest, numberOf, show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { within } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

const pipelines = suite();

pipelines.both("100,000 commands in one write get 100,000 replies in order", async (wire) => {
  const replies = await wire.pipeline(Array.from({ length: 100_000 }, () => ["INCR", "n"]));
  for (const [index, reply] of replies.entries())
    if (numberOf(reply) !== index + 1) throw new Error(`reply ${index} is ${show(reply)}`);
  expect(textOf(await wire.call("GET n"))).toBe("100000");
});

pipelines.both("writes, reads, errors and misses of one batch see each other in order", async (wire) => {
  const replies = await wire.pipeline(
    Array.from({ length: 20_000 }, (_, index) => {
      const key = `k${index % 500}`;
      return [
        ["SET", key, String(index)],
        ["GET", key],
        ["INCR", key],
        ["HGET", key, "f"],
        ["GET", `none${index}`],
        ["DEL", key],
      ][index % 6] as string[];
    }),
  );
  const model = new Map<string, number>();
  for (const [index, reply] of replies.entries()) {
    const key = `k${index % 500}`;
    const value = model.get(key);
    let wanted = "";
    if (index % 6 === 0) {
      model.set(key, index);
      wanted = "+OK";
    } else if (index % 6 === 1) wanted = value === undefined ? "nil" : `"${value}"`;
    else if (index % 6 === 2) {
      model.set(key, (value ?? 0) + 1);
      wanted = `:${(value ?? 0) + 1}`;
    } else if (index % 6 === 3)
      wanted = value === undefined ? "nil" : "-WRONGTYPE Operation against a key holding the wrong kind of value";
    else if (index % 6 === 4) wanted = "nil";
    else {
      wanted = value === undefined ? ":0" : ":1";
      model.delete(key);
    }
    const shown = show(reply).replace(/^(nil\(\$-1\)|null\(_\))$/, "nil");
    if (shown !== wanted) throw new Error(`reply ${index}: expected ${wanted}, received ${shown}`);
  }
});

test("megabytes go both ways through one pipeline", async () => {
  const wire = await pipelines.server.connect();
  const value = "z".repeat(1_000_000);
  const replies = await wire.pipeline(
    Array.from({ length: 40 }, (_, index) => (index % 2 ? ["GET", "big"] : ["SET", "big", value])),
  );
  for (const [index, reply] of replies.entries()) {
    if (index % 2) expect(textOf(reply).length).toBe(1_000_000);
    else expect(show(reply)).toBe("+OK");
  }
  await wire.close();
});

test("a client that sends everything before it reads anything gets everything", async () => {
  const wire = await pipelines.server.connect();
  await wire.call(["SET", "v", "x".repeat(1000)]);
  wire.bytes.pause();
  const count = 20_000;
  const one = encodeRequest(["GET", "v"]);
  wire.bytes.write(Buffer.concat(Array.from({ length: count }, () => one)));
  const other = await pipelines.server.connect();
  expect(textOf(await within(5000, "another client's reply", other.call("PING")))).toBe("PONG");
  wire.bytes.resume();
  const replies = await within(20_000, "all replies", Promise.all(Array.from({ length: count }, () => wire.reply())));
  expect(replies.every((reply) => reply.kind === "bulk" && reply.bytes.length === 1000)).toBe(true);
  await Promise.all([wire.close(), other.close()]);
});

test("32 clients pipeline at once, and each gets its own replies", async () => {
  const clients = await Promise.all(Array.from({ length: 32 }, () => pipelines.server.connect()));
  const work = async (wire: Wire, tag: number) => {
    for (let round = 0; round < 10; round++) {
      const replies = await wire.pipeline(
        Array.from({ length: 200 }, (_, index) => ["ECHO", `${tag}:${round}:${index}`]),
      );
      for (const [index, reply] of replies.entries()) expect(textOf(reply)).toBe(`${tag}:${round}:${index}`);
    }
    await wire.close();
  };
  await within(30_000, "all clients", Promise.all(clients.map(work)));
});
