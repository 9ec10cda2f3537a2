/** DUMP and RESTORE of every type, here and to and from a redis-server: what arrives has the same digest and reads the same. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import type { Command, Wire } from "../harness/wire.ts";
import { COMMON, keysOf, OURS } from "./samples.ts";

const STREAMS = ["stream", "large-stream", "empty-stream"];

/** Sends all and expects no error. */
async function fill(wire: Wire, commands: readonly Command[]): Promise<void> {
  for (const [index, reply] of (await wire.pipeline(commands)).entries()) {
    if (reply.kind === "error") throw new Error(`${String(commands[index])}: ${show(reply)}`);
  }
}

async function dumped(wire: Wire, key: string): Promise<Uint8Array> {
  const reply = await wire.call(["DUMP", key]);
  if (reply.kind !== "bulk") throw new Error(`DUMP ${key} replied ${show(reply)}`);
  return reply.bytes;
}

async function digest(wire: Wire, key: string): Promise<string> {
  return show(await wire.call(["DEBUG", "DIGEST-VALUE", key]));
}

/** All of a stream but the times of its consumers. */
async function streamFacts(wire: Wire, key: string): Promise<string> {
  const full = show(await wire.call(["XINFO", "STREAM", key, "FULL", "COUNT", "0"]));
  const entries = show(await wire.call(["XRANGE", key, "-", "+"]));
  return entries + full.replace(/"(seen-time|active-time|radix-tree-keys|radix-tree-nodes)", :-?\d+/g, "");
}

describe.skipIf(isOracle)("DUMP and RESTORE", () => {
  let servers: Server[] = [];
  let wires: Wire[] = [];
  beforeAll(async () => {
    const kinds = oraclePath() === null ? (["zedis", "zedis"] as const) : (["zedis", "redis"] as const);
    servers = await Promise.all(kinds.map((kind) => startServer({ kind })));
    wires = await Promise.all(servers.map((server) => server.connect()));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function carry(from: Wire, to: Wire, keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      expect([key, show(await to.call(["RESTORE", key, "0", await dumped(from, key), "REPLACE"]))]).toEqual([
        key,
        "+OK",
      ]);
      expect([key, await digest(to, key)]).toEqual([key, await digest(from, key)]);
    }
  }

  /** Makes keys of every type at one server, and carries them to the other and back. */
  async function thereAndBack(maker: Wire, other: Wire): Promise<void> {
    for (const wire of [maker, other]) await wire.call("FLUSHALL");
    await fill(maker, COMMON);
    await maker.call("PERSIST expires");
    const facts = () => Promise.all(STREAMS.map((key) => streamFacts(maker, key)));
    const before = await facts();
    await carry(maker, other, keysOf(COMMON));
    await maker.call("FLUSHALL");
    await carry(other, maker, keysOf(COMMON));
    expect(await facts()).toEqual(before);
  }

  test("carry every type to redis-server and back", () => thereAndBack(wires[0] as Wire, wires[1] as Wire));
  test("carry what redis-server made here and back", () => thereAndBack(wires[1] as Wire, wires[0] as Wire));

  test("carry what only this server has, and redis-server refuses that", async () => {
    const [here, there] = wires as [Wire, Wire];
    await fill(here, OURS);
    for (const key of keysOf(OURS)) {
      const payload = await dumped(here, key);
      expect([key, show(await here.call(["RESTORE", `${key}-2`, "0", payload]))]).toEqual([key, "+OK"]);
      expect([key, await digest(here, `${key}-2`)]).toEqual([key, await digest(here, key)]);
      if (oraclePath() !== null) {
        const refused = show(await there.call(["RESTORE", key, "0", payload]));
        const newer = "-ERR DUMP payload version or checksum are wrong";
        expect(refused).toBe(key === "expiring" ? newer : "-ERR Bad data format");
      }
    }
    const fields = ["HPEXPIRETIME", "FIELDS", "3", "f", "g", "h"] as const;
    const times = async (key: string) => show(await here.call([fields[0], key, ...fields.slice(1)]));
    expect(await times("expiring-2")).toBe(await times("expiring"));
    expect(textOf(await here.call("ARGET array-2 123456789"))).toBe("far");
    expect(show(await here.call("VSIM vectors-2 ELE a COUNT 1 WITHATTRIBS"))).toBe(
      show(await here.call("VSIM vectors ELE a COUNT 1 WITHATTRIBS")),
    );
  });

  test("work inside MULTI and in Lua", async () => {
    const [here] = wires as [Wire, Wire];
    await here.call("FLUSHALL");
    await fill(here, [
      ["ZADD", "z", "1", "a"],
      ["XADD", "s", "1-1", "f", "v"],
    ]);
    const script = "for _, k in ipairs({'z', 's'}) do redis.call('RESTORE', k .. '2', 0, redis.call('DUMP', k)) end";
    expect(show(await here.call(["EVAL", script, "0"]))).toBe("nil($-1)");
    expect(await digest(here, "z2")).toBe(await digest(here, "z"));
    const payload = await dumped(here, "s");
    await here.call("MULTI");
    await here.call(["RESTORE", "s3", "0", payload]);
    await here.call("DUMP s3");
    expect(show(await here.call("EXEC"))).toContain("+OK");
    expect(await digest(here, "s3")).toBe(await digest(here, "s2"));
    await here.call(["EVAL", `#!lua\nredis.call('RESTORE', 'gone', 0, redis.call('DUMP', 'z')) error('back')`, "0"]);
    expect(show(await here.call("EXISTS gone"))).toBe(":0");
  });
});

/** DUMP of vector sets by redis-server 8.6.3, with its DEBUG DIGEST-VALUE: 8-bit with attributes, floats, bits, projected. */
const VECTOR_SETS_OF_REDIS: readonly (readonly [payload: string, digest: string, size: number])[] = [
  [
    "B4G95y2iux60AAIDAgMCUAECAgUBYwUABQMqVX8CCAIDAoABAAAAAgICIAIBAgICgT7tPz4AAAABAoE/TUGyPr+SqAUBYgUABQMAfwACCAICAoABAAAAAgICIAIBAgMCgT8RJvYAAAAAAoE/gAAAP4AAAAUBYQUHeyJ4IjoxfQUDfz8gAgsCAQKAAQAAAQICAiACAgIDAoE/ESb2AAAAAAIAAhACAAKBP190gj+SpHYADQAU7MdUIHPRXA==",
    "421c64c781b23aa7f79d69c56751526fd87f1328",
    3,
  ],
  [
    "B4G95y2iux60AAICAgICSAACAAUBYgUILvnkvi75ZD8CBwICAoABAAAAAgECEAIBAoE+zMzOAAAAAAKAQA8bvQUBYQUILvnkPi75ZD8CBwIBAoABAAAAAgECEAICAoE+zMzOAAAAAAKAQA8bvQANAFbQy2AljZyX",
    "37cedb8391e2a4c266290d5fc66d143a35bb97c5",
    2,
  ],
  [
    "B4G95y2iux60AAIJAgECUAICAAUBYQUIVQEAAAAAAAACCQIBAoABAAABAgACIAIAAgACEAIAAoBBhw44AA0AwEhv0wCs5XM=",
    "2ee880a3fcd09d841b0fb9049a9b6e29f9de47a1",
    1,
  ],
  [
    "B4G95y2iux60AAIDAgICUAACAQIFBcMYPAQu+eQ+LuANAwC+oBfAB8AnQA8gAwHkPgUBYgUMslJuP01Ttz4GqZK9AgcCAgKAAQAAAAIBAiACAQKBP0aShAAAAAACgEDH1wcFAWEFDMafzT7Z7w+/zg85vwINAgECgAEAAAICAQIgAgICgT9GkoQAAAAAAgACEAIAAgACEAIAAoBAsisgAA0A/O/ozVK/Tlk=",
    "76f6287450357002d1cdf5530136f2820420bf73",
    2,
  ],
];

// The redis-server that the suite is held against may be too old for vector sets.
test.skipIf(isOracle)(
  "vector sets of Redis 8 are restored as they were, and survive a snapshot of ours",
  async () => {
    const server = await startServer({ kind: "zedis" });
    const wire = await server.connect();
    for (const [index, [payload, value, size]] of VECTOR_SETS_OF_REDIS.entries()) {
      const restored = await wire.call(["RESTORE", `v${index}`, "0", Buffer.from(payload, "base64")]);
      expect(show(restored)).toBe("+OK");
      expect(show(await wire.call(["VCARD", `v${index}`]))).toBe(`:${size}`);
      expect(await digest(wire, `v${index}`)).toContain(value);
    }
    const shown = "VSIM v3 VALUES 5 1 1 1 1 1 WITHSCORES";
    const before = show(await wire.call(shown));
    expect(before).toMatch(/^\["b", "0\.975466\d*", "a", "0\.56956\d*"\]$/);
    expect(show(await wire.call("VGETATTR v0 a"))).toContain("x");
    expect(show(await wire.call("DEBUG RELOAD"))).toBe("+OK");
    for (const [index, [, value]] of VECTOR_SETS_OF_REDIS.entries())
      expect(await digest(wire, `v${index}`)).toContain(value);
    expect(show(await wire.call(shown))).toBe(before);
    await server.stop();
  },
  60_000,
);
